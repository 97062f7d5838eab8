"""What must work on every token, written once. What one cannot do is a refusal that is expected by code and words.

Run it by run.py, which makes one class of these for each token.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dotenv
import jwt
import keyfiles
from emulation import AUDIENCE
from harness import Result
from rig import WRONG
from second_client import SecondClient
from shimlog import CallLog

YES, NO = "01", "00"
STRICT = {"TOKEN": YES, "PRIVATE": YES, "SENSITIVE": YES, "EXTRACTABLE": NO, "SIGN": YES}
# Unknown (null) to some modules, which then cannot allow them.
UNUSED = ("DECRYPT", "UNWRAP", "SIGN_RECOVER", "DERIVE")
SECRET = ("PRIVATE_EXPONENT", "PRIME_1")
# What tpm2_ptool makes of a key; the program has no say in it.
BY_OWN_TOOL = {"TOKEN": YES, "PRIVATE": YES, "SENSITIVE": YES, "SIGN": YES}
# Labels and ids that the card gives, whatever it is told.
PIV = "ykcs11-standin"
# Those that take no private data objects.
NO_DATA = (PIV, "nss", "nss-fips")
# Those that keep the list of mechanisms that a key comes in with; the others sign by raw RSA, where they have it.
LIMITS = ("softhsm", "p11-kit-remote")
CREATE = ("account", "create", "service", "my-filesync")
# How a key comes in where nobody says; plainly on all others.
WRAPPED = {
    "softhsm": "CKM_RSA_PKCS_OAEP, SHA-1, and CKM_AES_KEY_WRAP_PAD",
    "nss": "CKM_RSA_PKCS_OAEP, SHA-256, and CKM_AES_KEY_WRAP_KWP",
    "nss-fips": "CKM_RSA_PKCS_OAEP, SHA-256, and CKM_AES_KEY_WRAP_KWP",
}


class Cases(SecondClient):
    # ---- what they are made of ----

    def old_account(self, name: str = "old-account") -> dict[str, str]:
        """An account and its key, made without the program: the six values of a block, the key as PEM."""
        token = self.api.admin()
        body = {"name": name, "firstName": "old-first", "lastName": "account"}
        account = self.api.call("POST", "/service-accounts", token, body).json
        key = self.api.call("POST", f"/service-accounts/{account['serviceAccountId']}/keys", token).json
        self.api.forget_requests()
        return {
            "APS_CLIENT_ID": self.api.client_id, "APS_SECRET_ID": self.api.secret,
            "SERVICE_ACCOUNT_ID": account["serviceAccountId"], "KEY_ID": key["kid"], "SSA_EMAIL": account["email"],
            "PRIVATE_KEY": key["privateKey"],
        }  # fmt: skip

    def pem(self, values: dict[str, str]) -> Path:
        path = self.dir / "key.pem"
        path.touch(mode=0o600)
        path.write_text(values["PRIVATE_KEY"])
        return path

    def provide(self) -> dict[str, str]:
        """An account whose key is on the token; gives the profile. Put there without the program where that goes.

        Plainly where that goes: for a wrapped import, some tokens look for primes first, which takes half a second.
        """
        if self.rig.can_put:
            values = self.old_account()
            which = self.rig.script("put", values["KEY_ID"], str(self.pem(values))).strip()
            self.write_profile({**values, "PRIVATE_KEY": f"{self.env['SSA_HSM_TOKEN']};{which}"})
        else:
            plain = ("--import", "plain") if self.rig.takes_plain else ()
            self.expect(self.run_program(*CREATE, *plain), 0)
        self.api.forget_requests()
        return self.profile()

    def provide_by_import(self) -> dict[str, str]:
        if not self.rig.can_import:
            return self.provide()
        values = self.old_account()
        names = ("--key-id", values["KEY_ID"], "--account", values["SERVICE_ACCOUNT_ID"])
        self.expect(self.run_program("key", "import", self.pem(values), *names), 0)
        self.api.forget_requests()
        return self.profile()

    def verified(self, signed: str, key_id: str) -> dict[str, Any]:
        """The claims of an assertion, by PyJWT and the public half of the key that the API issued."""
        public = keyfiles.public_pem(keyfiles.private_key_of(self.api.issued(key_id)).public_key())
        return jwt.decode(
            signed.strip(), public, algorithms=["RS256"], audience=AUDIENCE, issuer=self.api.client_id,
            options={"require": ["exp", "iss", "sub", "aud"]},
        )  # fmt: skip

    def check_usable(self, profile: dict[str, str]) -> None:
        """A token comes, for one request, and PyJWT accepts what the token signs."""
        fetched = self.expect(self.run_program("token"), 0)
        self.assertIn("access_token", json.loads(fetched.out))
        self.assertEqual(self.api.asked(), ["POST /token"])
        signed = self.expect(self.run_program("jwt"), 0)
        self.assertEqual(self.verified(signed.out, profile["KEY_ID"])["sub"], profile["SERVICE_ACCOUNT_ID"])

    def check_on_token(self, profile: dict[str, str]) -> None:
        """One private key is there, it is that key, and nothing else can be done with it than signing."""
        (key,) = self.rig.eye("keys")
        number = keyfiles.private_key_of(self.api.issued(profile["KEY_ID"])).public_key().public_numbers().n
        self.assertEqual(int(key["MODULUS"], 16), number)
        wanted = STRICT if self.rig.can_import else BY_OWN_TOOL
        self.assertEqual({name: key[name] for name in wanted}, wanted)
        if self.rig.can_import:
            # A card says of each of its keys that it can decrypt.
            unused = [name for name in UNUSED if name != "DECRYPT" or self.rig.name != PIV]
            self.assertEqual({name: key[name] for name in unused if key[name] == YES}, {})
        self.assertEqual({name: key[name] for name in SECRET if key[name]}, {}, "private numbers can be read")
        if self.rig.name == PIV:
            self.assertEqual(len(key["ID"]), 2)
        else:
            self.assertEqual(bytes.fromhex(key["ID"]).decode(), profile["KEY_ID"])

    def refused(self, result: Result) -> None:
        """Before the API is asked for anything, by name, with the way out."""
        self.expect(result, 7, self.rig.label, "import", "tpm2_ptool")
        self.assertEqual(self.api.asked(), [])
        self.assertEqual(self.api.accounts(), [])
        self.assertFalse(self.profile_path().exists())
        self.assertEqual(self.rig.eye("keys"), [])

    @contextmanager
    def spied(self) -> Iterator[CallLog]:
        with self.rig.spied(self.env, self.dir / "calls.log") as log:
            yield log

    def logins(self, log: CallLog) -> list[str]:
        """What came of the logins since the last question."""
        found = [call.rv for call in log.of("C_Login")]
        log.forget()
        return found

    def jwt(self) -> Result:
        result = self.run_program("jwt")
        self.assertNotIn(WRONG, result.out + result.err)
        return result

    def wait_for_key(self) -> None:
        """Until the API has made a key, and is late with its answer."""
        deadline = time.monotonic() + 20
        while not any(account["keys"] for account in self.api.accounts()):
            self.assertLess(time.monotonic(), deadline, "no key was ever asked for")
            time.sleep(0.02)

    # ---- the cases ----

    def listed(self, *more: str) -> list[dict[str, Any]]:
        result = self.expect(self.run_program("hsm", "list", "--json", *more), 0)
        found: list[dict[str, Any]] = json.loads(result.out)
        return found

    def test_hsm_list_shows_it_without_a_login(self) -> None:
        with self.spied() as log:
            tokens = [one for one in self.listed() if one["kind"] == "token"]
            self.assertEqual(self.logins(log), [])
        self.assertIn(self.rig.label, [one["label"] for one in tokens])

    def test_its_uri_can_be_pasted(self) -> None:
        (uri,) = [one["uri"] for one in self.listed() if one["label"] == self.rig.label]
        self.env.update(SSA_HSM_TOKEN=uri)
        self.env.pop("SSA_HSM_MODULE")
        self.assertEqual([one["label"] for one in self.listed("--login") if one["kind"] == "token"], [self.rig.label])

    def test_the_one_token_that_can_hold_a_key_need_not_be_named(self) -> None:
        # Beside it there may be slots without a token, and tokens that only calculate. A person is asked for the PIN: a
        # stored one is not tried on a guess.
        env = {"SSA_HSM_TOKEN": None, "SSA_HSM_PIN_SOURCE": None}
        if not self.rig.can_import:
            result = self.run_program(*CREATE, env=env, tty=True)
            self.assertEqual(result.code, 7, result)
            self.assertEqual(self.api.asked(), [])
            return
        result = self.typed(*CREATE, answers=[(r"PIN of token[^\n]*: ", self.rig.pin)], env=env)
        self.assertEqual(result.code, 0, result)
        self.assertIn(f"token={self.rig.env['SSA_HSM_TOKEN'].split('=', 1)[1]}", self.profile()["PRIVATE_KEY"])
        self.expect(self.run_program("token"), 0)

    def test_hsm_list_with_login_shows_the_key(self) -> None:
        profile = self.provide()
        keys = [one["uri"] for one in self.listed("--login") if one["kind"] == "key"]
        self.assertEqual(len(keys), 1, keys)
        self.write_profile({**profile, "PRIVATE_KEY": keys[0]}, "pasted")
        self.expect(self.run_program("jwt", "--profile", "pasted"), 0)

    def test_key_list_finds_the_key_without_a_login_and_its_private_half_with_one(self) -> None:
        profile = self.provide()
        with self.spied() as log:
            keys = [json.loads(self.expect(self.run_program("key", "list", "--json"), 0).out)]
            self.assertEqual(self.logins(log), [])
        keys.append(json.loads(self.expect(self.run_program("key", "list", "--json", "--login"), 0).out))
        for found, private in zip(keys, (None, True), strict=True):
            (key,) = found
            self.assertEqual((key["keyId"], key["own"]), (profile["KEY_ID"], True))
            self.assertEqual([(p["label"], p["privateKey"]) for p in key["tokens"]], [(self.rig.label, private)])
        self.write_profile({**profile, "PRIVATE_KEY": keys[1][0]["tokens"][0]["uri"]}, "pasted")
        self.expect(self.run_program("jwt", "--profile", "pasted"), 0)

    def test_key_verify(self) -> None:
        self.provide()
        result = self.run_program("key", "verify", "--json")
        # One that another tool put there may come out, which is what this is for.
        self.assertEqual(result.code, 0 if self.rig.can_import else 7, result)
        verified = json.loads(result.out)
        self.assertEqual(verified["signatureVerified"], self.rig.can_import)
        self.assertEqual(len(verified["attributes"]), 9)
        if self.rig.name in LIMITS:
            self.assertEqual(set(verified["allowedMechanisms"]), {"CKM_RSA_PKCS", "CKM_SHA256_RSA_PKCS"})
            self.assertIs(verified["rawRsa"], False)
        else:
            # A TPM's module has a list of its own for each key, raw RSA in it.
            self.assertEqual("CKM_RSA_X_509" in (verified["allowedMechanisms"] or []), self.rig.name == "tpm2")
            self.assertIs(verified["rawRsa"], self.rig.name != PIV)
        self.assertRegex(verified["module"]["sha256"], r"\A[0-9a-f]{64}\Z")
        self.assertEqual(verified["tokenInfo"]["label"], self.rig.label)
        self.assertEqual(verified["evidence"] is not None, self.rig.can_import)

    def test_account_create_token_delete(self) -> None:
        if not self.rig.can_import:
            self.refused(self.run_program(*CREATE))
            return
        result = self.expect(self.run_program(*CREATE), 0)
        self.assertNotIn("BEGIN", result.out + result.err)
        profile = self.profile()
        self.api.forget_requests()
        self.check_usable(profile)
        self.check_on_token(profile)
        self.expect(self.run_program("account", "delete", profile["SERVICE_ACCOUNT_ID"], "--yes"), 0)
        self.assertEqual(self.api.accounts(), [])

    def test_a_key_that_comes_in_wrapped_is_the_same_as_one_that_comes_in_plainly(self) -> None:
        if not self.rig.can_import:
            return
        way = f"wrapped, {WRAPPED[self.rig.name]}" if self.rig.name in WRAPPED else "plain"
        first = self.expect(self.run_program(*CREATE, "-v"), 0, f"import: {way}")
        if self.rig.name not in WRAPPED:
            self.expect(self.run_program(*CREATE, "-p", "other", "--import", "wrap"), 7, "cannot unwrap")
            return
        account = self.profile()["SERVICE_ACCOUNT_ID"]
        self.assertNotIn("token itself decides", first.err)
        if not self.rig.takes_plain:
            plain = ("key", "create", "--account", account, "-p", "plain", "--import", "plain")
            self.api.forget_requests()
            self.expect(self.run_program(*plain), 7, "rehearsal", "--import plain")
            self.assertEqual(self.api.asked(), [])
            self.assertEqual(len(self.rig.eye("keys")), 1)
            return
        self.expect(self.run_program("key", "create", "--account", account, "-p", "plain", "--import", "plain"), 0)
        wrapped, plain = self.rig.eye("keys")
        own = ("ID", "LABEL", "MODULUS")
        self.assertEqual(*({n: v for n, v in key.items() if n not in own} for key in (wrapped, plain)))
        self.expect(self.run_program("key", "verify"), 0)

    def test_a_second_key_beside_the_first(self) -> None:
        if not self.rig.can_import:
            return self.refused(self.run_program(*CREATE))
        first = self.provide()
        self.expect(self.run_program("key", "create", "--account", first["SERVICE_ACCOUNT_ID"], "-p", "second"), 0)
        for name in ("default", "second"):
            signed = self.expect(self.run_program("jwt", "--profile", name), 0).out
            self.verified(signed, self.profile(name)["KEY_ID"])
        self.assertEqual(len(self.rig.eye("keys")), 2)

    def test_key_import_of_a_pem(self) -> None:
        values = self.old_account()
        account = values["SERVICE_ACCOUNT_ID"]
        arguments = ("key", "import", self.pem(values), "--key-id", values["KEY_ID"], "--account", account)
        result = self.run_program(*arguments)
        if not self.rig.can_import:
            self.expect(result, 7, self.rig.label, "import", "tpm2_ptool")
            self.assertEqual(self.rig.eye("keys"), [])
            return
        self.expect(result, 0)
        self.assertEqual(self.api.asked(), [])
        self.check_usable(self.profile())
        self.check_on_token(self.profile())

    def test_replace_wants_the_slot_whose_key_is_destroyed(self) -> None:
        if self.rig.name != PIV:
            return
        profile = self.provide()
        before = self.rig.eye("keys")
        for command in (CREATE, ("key", "create", "--account", profile["SERVICE_ACCOUNT_ID"])):
            with self.subTest(command=command):
                result = self.run_program(*command, "--profile", "other", "--replace", "--yes")
                self.expect(result, 2, "--replace", "--slot")
                self.assertEqual(self.api.asked(), [])
                self.assertFalse(self.profile_path("other").exists())
        self.assertEqual(self.rig.eye("keys"), before)

    def test_key_import_replaces_a_slots_key_unattended_after_a_yes_alone(self) -> None:
        if self.rig.name != PIV:
            return
        self.provide()
        before = self.rig.eye("keys")
        self.profile_path().unlink()
        values = self.old_account("another-account")
        arguments = ("key", "import", self.pem(values), "--key-id", values["KEY_ID"], "--account",
                     values["SERVICE_ACCOUNT_ID"], "--slot", "9a")  # fmt: skip
        self.expect(self.run_program(*arguments), 14, "9a", "--replace")
        self.expect(self.run_program(*arguments, "--replace"), 15, "9a", "did not confirm", "--yes")
        self.assertEqual(self.rig.eye("keys"), before)
        self.assertFalse(self.profile_path().exists())
        self.expect(self.run_program(*arguments, "--replace", "--yes"), 0)
        self.assertEqual(self.api.asked(), [])
        self.check_usable(self.profile())
        self.check_on_token(self.profile())

    def test_the_client_secret_lies_there_too(self) -> None:
        profile = self.provide()
        with self.spied() as log:
            result = self.run_program("secret", "import")
            logins = self.logins(log)
        if self.rig.name in NO_DATA:
            self.expect(result, 7, "private data object", "file:PATH", out="")
            self.assertEqual(logins, [])
            return
        self.expect(result, 0)
        (uri,) = dotenv.parse(result.out).values()
        self.assertTrue(uri.endswith("type=data") or "type=data?" in uri, uri)
        self.env.pop("APS_SECRET_ID")
        self.write_profile({**profile, "APS_SECRET_ID": uri})
        with self.spied() as log:
            self.expect(self.run_program("token"), 0)
            self.assertEqual(self.logins(log), ["CKR_OK"])
        self.assertEqual(self.api.asked(), ["POST /token"])
        self.expect(self.run_program("secret", "import", "--force"), 0)
        self.expect(self.run_program("token"), 0)
        self.check_interrupted_secrets()
        self.expect(self.run_program("secret", "remove", "--yes"), 0)
        self.expect(self.run_program("token"), 6, "data object")

    def check_interrupted_secrets(self) -> None:
        """The token keeps what recovery knows them by."""
        script = self.dir / "killing"
        for rule, words in (("C_CreateObject 1 kill after", "destroyed again"), ("C_DestroyObject 1 kill", "the only one with its label")):
            script.write_text(rule + "\n")
            with self.spied():
                self.env["SSA_SHIM_SCRIPT"] = str(script)
                self.assertNotEqual(self.run_program("secret", "import", "--force").code, 0)
            self.expect(self.run_program("token"), 0, "2 client secrets")
            self.expect(self.run_program("key", "recover"), 0, words)
            self.assertNotIn("client secrets", self.expect(self.run_program("token"), 0).err)

    def kids(self, profile: dict[str, str]) -> list[str]:
        (account,) = [a for a in self.api.accounts() if a["serviceAccountId"] == profile["SERVICE_ACCOUNT_ID"]]
        return [key["kid"] for key in account["keys"]]

    def check_alone(self, profile: dict[str, str]) -> None:
        """Its key is the account's only one, and the token's."""
        self.assertEqual(self.kids(profile), [profile["KEY_ID"]])
        # A card's old slot has a throwaway key in it.
        if self.rig.name != PIV:
            self.check_on_token(profile)
        self.api.forget_requests()
        self.check_usable(profile)

    def test_rotation(self) -> None:
        if not self.rig.can_import:
            profile = self.provide()
            self.expect(self.run_program("key", "rotate", "--now"), 7, self.rig.label, "import", "tpm2_ptool")
            self.assertEqual(self.api.asked(), [])
            self.assertEqual(self.profile(), profile)
            self.check_usable(profile)
            return
        self.expect(self.run_program(*CREATE), 0)
        old = self.profile()
        self.expect(self.run_program("key", "rotate", "--now"), 0, "was deleted at the API and destroyed on its PKCS#11 token")
        self.assertNotEqual(self.profile()["KEY_ID"], old["KEY_ID"])
        self.check_alone(self.profile())

    def test_what_a_killed_process_has_made_is_undone(self) -> None:
        if not self.rig.can_import:
            return
        self.expect(self.run_program(*CREATE), 0)
        profile = self.profile()
        self.api.fault("late", method="POST", path="*/keys", seconds=5)
        process = self.start(self.argv("key", "create", "--profile", "second"))
        deadline = time.monotonic() + 20
        while len(self.kids(profile)) < 2:
            self.assertLess(time.monotonic(), deadline, "no key was ever asked for")
            time.sleep(0.02)
        process.kill()
        process.communicate()
        self.expect(self.run_program("key", "recover", "--yes"), 0, "is deleted again at the API")
        self.check_alone(profile)

    def test_a_key_that_lies_there_is_used(self) -> None:
        profile = self.provide()
        self.check_usable(profile)
        self.check_on_token(profile)

    def test_a_wrong_pin_is_tried_once_and_the_right_one_works_after_it(self) -> None:
        self.provide()
        self.write_pin(WRONG)
        with self.spied() as log:
            self.expect(self.jwt(), 5, "CKR_PIN_INCORRECT")
            self.assertEqual(self.logins(log), ["CKR_PIN_INCORRECT"])
            self.write_pin(self.rig.pin)
            self.expect(self.jwt(), 0)
            self.assertEqual(self.logins(log), ["CKR_OK"])
        self.assertEqual(self.rig.eye("flags"), [])

    def test_a_service_that_restarts_with_a_wrong_pin_spends_one_try(self) -> None:
        self.provide()
        self.write_pin(WRONG)
        with self.spied() as log:
            for _ in range(5):
                self.expect(self.jwt(), 5)
            self.assertEqual(self.logins(log), ["CKR_PIN_INCORRECT"])
        # No try but that one was spent, so the token is not locked.
        self.write_pin(self.rig.pin)
        self.expect(self.jwt(), 0)

    def test_the_right_pin_of_one_token_does_not_forget_the_wrong_one_of_another(self) -> None:
        if not self.rig.can_double:
            return
        self.provide()
        self.rig.script("double")
        wrong = self.dir / "wrong-pin"
        wrong.touch(mode=0o600)
        wrong.write_text(WRONG + "\n")
        other = {"SSA_HSM_TOKEN": "pkcs11:token=other", "SSA_HSM_PIN_SOURCE": f"file:{wrong}"}
        with self.spied() as log:
            for _ in range(4):
                self.expect(self.run_program("hsm", "list", "--login", env={**self.env, **other}), 5)
                self.expect(self.jwt(), 0)
            self.assertEqual(self.logins(log).count("CKR_PIN_INCORRECT"), 1)

    def test_a_person_is_asked_once_and_told_what_was_wrong(self) -> None:
        self.provide()
        env = {"SSA_HSM_PIN_SOURCE": None}
        with self.spied() as log:
            answers = [(r"PIN of token[^\n]*: ", WRONG), (r"again\? \(yes/no\) ", "no")]
            wrong = self.typed("jwt", answers=answers, env=env)
            self.assertEqual(wrong.code, 5, wrong)
            self.assertIn("CKR_PIN_INCORRECT", wrong.err)
            self.assertEqual(self.logins(log), ["CKR_PIN_INCORRECT"])
            right = self.typed("jwt", answers=[(r"PIN of token[^\n]*: ", self.rig.pin)], env=env)
            self.assertEqual(right.code, 0, right)

    def test_a_locked_pin_is_called_that(self) -> None:
        if not self.rig.locks_after:
            # It never locks: wrong tries by others are no reason to refuse.
            self.provide()
            self.rig.eye("wrong", "4")
            self.expect(self.jwt(), 0)
            return
        self.provide()
        self.rig.eye("wrong", str(self.rig.locks_after))
        self.expect(self.jwt(), 5, "locked")

    def test_the_last_try_is_a_persons(self) -> None:
        if not self.rig.locks_after:
            return
        self.provide()
        self.rig.eye("wrong", str(self.rig.locks_after - 1))
        if "USER_PIN_FINAL_TRY" not in self.rig.eye("flags"):
            # Others spent these tries, and the token does not tell: nobody can know.
            self.expect(self.jwt(), 0)
            return
        with self.spied() as log:
            self.expect(self.jwt(), 5, "CKF_USER_PIN_FINAL_TRY")
            self.assertEqual(self.logins(log), [])
        answers = [(r"locks it[^\n]*\? ?[^\n]*", "yes"), (r"PIN of token[^\n]*: ", self.rig.pin)]
        self.assertEqual(self.typed("jwt", answers=answers, env={"SSA_HSM_PIN_SOURCE": None}).code, 0)
        self.assertEqual(self.rig.eye("flags"), [])

    def test_our_own_wrong_tries_are_counted_where_the_token_does_not_tell(self) -> None:
        if not self.rig.locks_after:
            return
        self.provide()
        env = {"SSA_HSM_PIN_SOURCE": None}
        for _ in range(self.rig.locks_after - 1):
            # A refused PIN, or, where one try is left, one that was not tried.
            answers = [(r"PIN of token[^\n]*: ", WRONG), (r"\(yes/no\) ", "no")]
            self.assertIn(self.typed("jwt", answers=answers, env=env).code, (5, 15))
        with self.spied() as log:
            result = self.typed("jwt", answers=[(r"locks it[^\n]*\? ?[^\n]*", "no")], env=env, timeout=10)
            self.assertEqual(result.code, 15, result)
            self.assertEqual(self.logins(log), [])

    def test_it_goes_while_the_pin_is_typed(self) -> None:
        profile = self.provide()
        with self.terminal("jwt", env={"SSA_HSM_PIN_SOURCE": None}) as terminal:
            terminal.wait_for(r"PIN of token[^\n]*: ")
            self.rig.script("gone")
            terminal.send(self.rig.pin + "\r")
            code = terminal.finish()
            if code == 0:
                # It was in the process already, all that was needed.
                self.verified(terminal.out, profile["KEY_ID"])
                return
            self.assertIn(code, (4, 7), terminal.screen)
            self.assertRegex(terminal.screen, r"ssa-hsm: .*CKR_\w+")

    def test_it_goes_while_the_api_makes_a_key(self) -> None:
        if not self.rig.can_import:
            self.refused(self.run_program(*CREATE))
            return
        self.api.fault("late", method="POST", path="/service-accounts/*/keys", seconds=1.5)
        with self.start(self.argv(*CREATE)) as process:
            self.wait_for_key()
            self.rig.script("gone")
            out, err = process.communicate(timeout=60)
        if process.returncode == 0:
            self.expect(self.run_program("account", "delete", self.profile()["SERVICE_ACCOUNT_ID"], "--yes"), 0)
            return
        # Whether a card's slot was written before the card went cannot be seen any more: then that is said.
        self.assertIn(process.returncode, (12, 13), err.decode(errors="replace"))
        self.assertEqual(self.api.accounts(), [], "what was made is deleted again")
        self.assertFalse(self.profile_path().exists())
        self.assertEqual(out, b"")

    def test_a_token_that_is_gone(self) -> None:
        self.provide()
        self.rig.script("gone")
        for command in (("token",), ("hsm", "list"), (*CREATE, "--profile", "other")):
            with self.subTest(command=command):
                result = self.run_program(*command, "--timeout", 5)
                if command[0] == "hsm":
                    self.assertNotIn(self.rig.label, result.out)
                    continue
                self.assertIn(result.code, (4, 7), result)
                self.expect(result, result.code)
                self.assertEqual(self.api.asked(), [], "the API was asked before the token was found")


def case(name: str) -> type[Cases]:
    """The cases for one token."""
    return type("".join(part.capitalize() for part in name.split("-")), (Cases,), {"token": name})
