"""key list and key show: the API's keys and the tokens' side by side."""

from __future__ import annotations

import json
import subprocess
import uuid
from pathlib import Path
from typing import Any

import places
from harness import LABEL, PIN, SLOW, Case

TOKEN = "POST /token"
ACCOUNTS = "GET /service-accounts"


class KeyCase(Case):
    def keys(self, *arguments: object, **env: str | None) -> list[dict[str, Any]]:
        result = self.expect(self.run_program("key", "list", "--json", *arguments, env=env), 0)
        found: list[dict[str, Any]] = json.loads(result.out)
        return found

    def other(self, **members: Any) -> dict[str, Any]:
        return dict(self.api.control("POST", "accounts", **{"name": "other-account", **members}))

    def write_public_key(self, key_id: str, label: str, token: str = LABEL) -> None:
        """A public key object, as an import leaves one beside the private."""
        pem, der = self.dir / "some.pem", self.dir / "some.der"
        for command in (["genrsa", "-out", str(pem), "2048"],
                        ["rsa", "-in", str(pem), "-pubout", "-outform", "DER", "-out", str(der)]):  # fmt: skip
            subprocess.run([places.tool("openssl"), *command], check=True, capture_output=True, timeout=60)
        self.write_object(der, key_id, label, token)

    def write_object(self, der: Path, key_id: str, label: str, token: str = LABEL) -> None:
        done = self.store.tool("--token-label", token, "--write-object", str(der), "--type", "pubkey", "--id",
                               key_id.encode().hex(), "--label", label)  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)


class BothSides(KeyCase):
    def setUp(self) -> None:
        super().setUp()
        self.own = self.provisioned()
        self.account = self.own["SERVICE_ACCOUNT_ID"]
        self.name = self.own["SSA_EMAIL"].split("@")[0]

    def test_the_settings_own_key_is_on_both_and_marked(self) -> None:
        (key,) = self.keys()
        self.assertEqual(key["keyId"], self.own["KEY_ID"])
        self.assertTrue(key["own"] and key["atApi"])
        self.assertEqual(key["status"], "ENABLED")
        (place,) = key["tokens"]
        self.assertEqual((place["label"], place["slot"], place["privateKey"]), (LABEL, None, None))
        self.assertEqual(place["uri"], self.own["PRIVATE_KEY"])
        self.assertEqual(self.api.asked(), [TOKEN, f"{ACCOUNTS}/{self.account}/keys"])
        result = self.expect(self.run_program("key", "list"), 0, "* is the key that the settings use")
        self.assertRegex(result.out, rf"(?m)^\* +{key['keyId']} +ENABLED .*\bago\)|just now\) +{LABEL}$")

    def test_json_has_a_stable_shape(self) -> None:
        (key,) = self.keys()
        self.assertEqual(list(key), ["keyId", "serviceAccountId", "email", "own", "atApi", "status", "createdAt",
                                     "accessedAt", "conflict", "tokens"])  # fmt: skip
        self.assertEqual(list(key["tokens"][0]), ["label", "serial", "slot", "uri", "modulusSha256", "privateKey"])

    def test_no_pin_is_asked_for_or_tried_without_login(self) -> None:
        with self.shim() as log:
            (key,) = self.keys(SSA_HSM_PIN_SOURCE=None)
            self.assertEqual(log.count("C_Login"), 0)
        self.assertEqual(len(key["tokens"]), 1)

    def test_with_login_the_private_half_is_looked_for(self) -> None:
        (key,) = self.keys("--login")
        self.assertIs(key["tokens"][0]["privateKey"], True)
        done = self.store.tool("--delete-object", "--type", "privkey", "--id", self.own["KEY_ID"].encode().hex())
        self.assertEqual(done.returncode, 0, done.stderr)
        (key,) = self.keys("--login")
        self.assertIs(key["tokens"][0]["privateKey"], False)
        self.assertIn("public half only", self.run_program("key", "list", "--login").out)

    def test_with_login_a_private_key_without_a_public_half_is_seen(self) -> None:
        done = self.store.tool("--delete-object", "--type", "pubkey", "--id", self.own["KEY_ID"].encode().hex())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.keys()[0]["tokens"], [])
        (place,) = self.keys("--login")[0]["tokens"]
        self.assertEqual((place["privateKey"], place["uri"]), (True, self.own["PRIVATE_KEY"]))

    def test_with_login_a_wrong_pin_shows_nothing(self) -> None:
        env = {"SSA_HSM_PIN_SOURCE": "env:WRONG", "WRONG": "0000-wrong"}
        self.expect(self.run_program("key", "list", "--login", env=env), 5, "PIN", out="")
        self.assertEqual(self.api.asked(), [])

    def test_only_a_token_has_it(self) -> None:
        kid = str(uuid.uuid4())
        self.write_public_key(kid, f"{self.name} {kid}")
        _, gone = self.keys()
        self.assertEqual((gone["keyId"], gone["atApi"], gone["status"]), (kid, False, None))
        self.assertEqual(gone["createdAt"], None)
        result = self.expect(self.run_program("key", "list"), 0, "no longer knows the key")
        self.assertRegex(result.out, rf"{kid} +not at the API +- +- +{LABEL}")

    def test_keys_that_name_others_are_left_out(self) -> None:
        for label in (f"somebody-else {uuid.uuid4()}", "a key", ""):
            self.write_public_key(label.split(" ")[-1] or "x", label)
        self.assertEqual([k["keyId"] for k in self.keys()], [self.own["KEY_ID"]])

    def test_a_token_key_is_known_by_the_accounts_email_even_where_the_settings_have_none(self) -> None:
        kid = str(uuid.uuid4())
        self.write_public_key(kid, f"{self.name} {kid}")
        self.write_profile({**self.own, "SSA_EMAIL": ""})
        self.assertEqual([k["keyId"] for k in self.keys()], [self.own["KEY_ID"], kid])
        self.assertEqual(self.api.asked()[-1], f"{ACCOUNTS}/{self.account}")

    def test_the_same_key_on_two_tokens_is_one_key(self) -> None:
        self.store.initialise("spare")
        der = self.dir / "public.der"
        done = self.store.tool("--token-label", LABEL, "--read-object", "--type", "pubkey", "--id",
                               self.own["KEY_ID"].encode().hex(), "-o", str(der), pin=None)  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        # Another id: it is the numbers that tell.
        self.write_object(der, "spare-copy", "a copy", "spare")
        (key,) = self.keys()
        self.assertEqual(sorted(p["label"] for p in key["tokens"]), ["spare", LABEL])
        self.assertEqual(len({p["modulusSha256"] for p in key["tokens"]}), 1)
        self.assertFalse(key["conflict"])
        self.assertRegex(self.run_program("key", "list").out, rf"{LABEL}, spare\n|spare, {LABEL}\n")

    def test_another_key_under_the_same_id_is_told(self) -> None:
        self.store.initialise("spare")
        kid = self.own["KEY_ID"]
        self.write_public_key(kid, f"{self.name} {kid}", "spare")
        (key,) = self.keys()
        self.assertTrue(key["conflict"])
        result = self.expect(self.run_program("key", "list"), 0, "different keys under the id")
        self.assertIn("signature", self.paste(result, "ssa-hsm key verify").out)

    def test_no_token_at_all_is_no_error(self) -> None:
        empty = self.dir / "empty"
        (empty / "tokens").mkdir(parents=True)
        conf = empty / "softhsm2.conf"
        conf.write_text(f"directories.tokendir = {empty / 'tokens'}\n")
        (key,) = self.keys(SOFTHSM2_CONF=str(conf))
        self.assertEqual((key["atApi"], key["tokens"]), (True, []))

    def test_a_token_seen_through_two_modules_is_one_token(self) -> None:
        with self.shim():
            self.user_module("second", f"module: {places.shim_library()}")
            (key,) = self.keys(SSA_HSM_MODULE=None)
        self.assertEqual(len(key["tokens"]), 1)

    def test_a_module_that_crashes_or_is_missing_is_noted_where_it_may_have_the_key(self) -> None:
        self.user_module("crashing", f"module: {places.shim_library()}")
        self.user_module("missing", "module: /nowhere/module.so")
        told = ("module crashing cannot be used", "crashed in C_FindObjectsInit", "module missing cannot be used")
        for command in (("key", "list"), ("key", "show", self.own["KEY_ID"])):
            with self.shim("C_FindObjectsInit 1 crash"):
                result = self.run_program(*command, env={"SSA_HSM_MODULE": None})
                self.assertNotIn("cannot be used", self.expect(result, 0).err)
                self.assertIn(LABEL, result.out)
            with self.shim("C_FindObjectsInit 1 crash"):
                self.expect(self.run_program(*command, "-v", env={"SSA_HSM_MODULE": None}), 0, *told)
        other = self.api.control("POST", "accounts", name="other-account", keys=1)
        with self.shim("C_FindObjectsInit 1 crash"):
            elsewhere = ("key", "list", "--account", other["serviceAccountId"])
            self.expect(self.run_program(*elsewhere, env={"SSA_HSM_MODULE": None}), 0, *told)

    def test_a_named_module_that_is_missing_is_noted_too(self) -> None:
        result = self.run_program("key", "list", env={"SSA_HSM_MODULE": "/nowhere/module.so"})
        self.expect(result, 0, "/nowhere/module.so cannot be used", "may be on a token of another")
        self.assertIn("not here", result.out)

    def test_a_token_whose_objects_cannot_be_searched_for_is_noted(self) -> None:
        with self.shim("C_OpenSession 1 return CKR_DEVICE_ERROR"):
            self.expect(self.run_program("key", "list"), 0, f'token "{LABEL}" cannot be searched')

    def test_labels_cannot_harm_a_terminal(self) -> None:
        with self.shim('token label "a\x1b[2Jb"'):
            result = self.run_program("key", "list")
        self.assertNotIn("\x1b", result.out + result.err)
        self.assertIn("a?[2Jb", result.out)

    def test_interrupted_while_a_module_hangs(self) -> None:
        with self.shim("C_FindObjectsInit 1 touch here sleep 60000".replace("here", str(self.dir / "here"))):
            with self.terminal("key", "list") as terminal:
                while not (self.dir / "here").exists():
                    terminal.ended()
                terminal.send("\x03")
                self.assertEqual(terminal.finish(10), -2)
        self.assertEqual(self.api.asked(), [])


class Elsewhere(KeyCase):
    def test_a_key_that_is_not_here_may_live_on_another_host(self) -> None:
        made = self.other(keys=2)
        result = self.expect(self.run_program("key", "list", "--account", made["email"]), 0, "may be on a token of another")
        self.assertEqual(result.out.count("not here"), 2)
        self.assertEqual(self.api.asked(), [TOKEN, ACCOUNTS, f"{ACCOUNTS}/{made['serviceAccountId']}/keys"])

    def test_three_keys_on_one_token_on_the_spare_and_on_none_here(self) -> None:
        self.store.initialise("spare")
        account = "service", "three-keys"
        self.expect(self.run_program("account", "create", *account, "--profile", "three"), 0)
        first = self.profile("three")
        id_ = first["SERVICE_ACCOUNT_ID"]
        spare = {"SSA_HSM_TOKEN": "pkcs11:token=spare"}
        created = self.run_program("key", "create", "--account", id_, "--profile", "spare", env=spare)
        self.expect(created, 0)
        elsewhere = self.api.call("POST", f"/service-accounts/{id_}/keys", self.api.admin()).json["kid"]
        found = {key["keyId"]: key for key in self.keys("--profile", "three")}
        second = self.profile("spare")["KEY_ID"]
        self.assertEqual(set(found), {first["KEY_ID"], second, elsewhere})
        places = {kid: [place["label"] for place in key["tokens"]] for kid, key in found.items()}
        self.assertEqual(places, {first["KEY_ID"]: [LABEL], second: ["spare"], elsewhere: []})
        self.assertEqual([kid for kid, key in found.items() if key["own"]], [first["KEY_ID"]])
        self.expect(self.run_program("key", "list", "--profile", "three"), 0, "may be on a token of another")

    def test_times_are_in_utc(self) -> None:
        made = self.other(keys=1)
        (key,) = self.keys("--account", made["serviceAccountId"])
        for name in ("createdAt", "accessedAt"):
            self.assertRegex(key[name], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")

    def test_an_account_without_keys(self) -> None:
        made = self.other()
        result = self.run_program("key", "list", "--account", made["serviceAccountId"])
        self.expect(result, 0, "no keys", out="")
        self.assertEqual(self.keys("--account", made["serviceAccountId"]), [])

    def test_an_account_that_is_not_there(self) -> None:
        self.expect(self.run_program("key", "list", "--account", "NOSUCH"), 10, "no such account", out="")

    def test_all_and_one_account_do_not_go_together(self) -> None:
        self.expect(self.run_program("key", "list", "--all", "--account", "ABC"), 2, "not both")

    def test_all_accounts(self) -> None:
        own = self.provisioned()
        made = self.other(keys=2)
        keys = self.keys("--all")
        self.assertEqual({k["keyId"] for k in keys}, {own["KEY_ID"], *made["keys"]})
        self.assertEqual({k["email"] for k in keys}, {own["SSA_EMAIL"], made["email"]})
        result = self.run_program("key", "list", "--all")
        self.assertRegex(result.out, r"^ +ACCOUNT +KEY_ID")
        self.assertNotIn("account 1 of", result.err)

    def test_all_but_an_account_whose_keys_cannot_be_listed_while_it_is_disabled(self) -> None:
        made = self.other(keys=1)
        closed = self.other(name="closed-account", keys=1, status="DISABLED")
        account = closed["serviceAccountId"]
        kid = closed["keys"][0]
        self.write_public_key(kid, f"closed-account {kid}")
        self.api.fault("status", path=f"/service-accounts/{account}/keys", status=400, times=0)
        result = self.run_program("key", "list", "--all", "--json")
        self.expect(result, 0, f"keys of account {account}, which is DISABLED, are left out")
        found = {key["keyId"] for key in json.loads(result.out)}
        self.assertIn(made["keys"][0], found)
        self.assertNotIn(kid, found)
        alone = self.run_program("key", "list", "--account", account)
        self.expect(alone, 10, "is DISABLED", f"account enable {account}")

    def test_a_refusal_that_is_not_the_accounts_fault_is_no_list(self) -> None:
        self.other(keys=1)
        self.api.fault("status", path="*/keys", status=403, times=0)
        self.expect(self.run_program("key", "list", "--all"), 10, "listing the keys was refused", out="")

    def test_progress_is_for_a_terminal(self) -> None:
        self.other(keys=1)
        self.other(name="third-account")
        self.assertIn("account 2 of ", self.run_program("key", "list", "--all", tty=True).err)

    def test_a_wait_for_the_rate_limit_is_told_to_a_person_and_can_be_interrupted(self) -> None:
        for n in range(11):
            self.other(name=f"account-{n:02}")
        with self.terminal("key", "list", "--all") as terminal:
            terminal.wait_for(r"10 such requests a minute: waiting \d+ s")
            terminal.send("\x03")
            self.assertEqual(terminal.finish(10), -2)

    def test_the_rate_limit_is_kept_to_and_its_waiting_is_not_charged(self) -> None:
        api = self.other_api("--rate-limit", "10", "--rate-window", "6", "--no-spare-key")
        for n in range(11):
            api.control("POST", "accounts", name=f"account-{n:02}")
        result = self.run_program("key", "list", "--all", "--json", "--timeout", str(4 * SLOW))
        self.expect(result, 0)
        self.assertEqual({r["status"] for r in api.requests()}, {200})
        self.assertEqual(len(api.requests()), 13)


class Showing(KeyCase):
    def test_one_key(self) -> None:
        own = self.provisioned()
        result = self.expect(self.run_program("key", "show", own["KEY_ID"]), 0)
        for word in (own["KEY_ID"], own["SSA_EMAIL"], own["PRIVATE_KEY"], "ENABLED", LABEL, "settings use it"):
            self.assertIn(word, result.out)
        shown = json.loads(self.run_program("key", "show", own["KEY_ID"], "--json").out)
        self.assertEqual([shown], self.keys())

    def test_of_another_account(self) -> None:
        made = self.other(keys=2)
        wanted = made["keys"][1]
        result = self.run_program("key", "show", wanted, "--account", made["serviceAccountId"], "--json")
        shown = json.loads(self.expect(result, 0).out)
        self.assertEqual((shown["keyId"], shown["tokens"]), (wanted, []))

    def test_one_that_nobody_knows(self) -> None:
        self.provisioned()
        self.expect(self.run_program("key", "show", "no-such-key"), 10, "neither the account nor a token", out="")

    def test_the_pin_is_asked_for_with_login(self) -> None:
        own = self.provisioned()
        result = self.typed("key", "show", own["KEY_ID"], "--login", answers=[("PIN", PIN)],
                            env={"SSA_HSM_PIN_SOURCE": None})  # fmt: skip
        self.expect(result, 0)
        self.assertIn("work (private key)", result.out)
