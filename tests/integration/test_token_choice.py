"""A URI that is printed or saved finds its token again, and no PIN goes to another one."""

from __future__ import annotations

import json
import re
import shutil
from typing import Any
from urllib.parse import quote

import places
import softtoken
from fault_support import background, ended, eventually
from harness import LABEL, PIN, Case, Result
from secret_support import SecretCase

OTHER_PIN = "another-pin"
OPENPGP = (
    "info manufacturer OpenSC Project",
    "info description OpenSC smartcard framework",
    "token serial afaf00000001",
    "token manufacturer OpenPGP project",
    "token model Model of a card",
    f'token called {LABEL} label "User PIN (card)"',
    'token called other label "User PIN (sig) (card)"',
)
# Two that are alike in every word: slots alone tell them apart.
TWINS = ("token label twin", "token serial 12ab34cd")


class Choice(Case):
    """Two tokens: LABEL, whose PIN is the stored one, and "other"."""

    def setUp(self) -> None:
        super().setUp()
        self.store.initialise("other", OTHER_PIN)

    def listed(self, *more: object, **env: str | None) -> list[dict[str, Any]]:
        result = self.expect(self.run_program("hsm", "list", "--json", *more, env=env), 0)
        found: list[dict[str, Any]] = json.loads(result.out)
        return found

    def tokens(self, **env: str | None) -> list[dict[str, Any]]:
        return [one for one in self.listed(**env) if one["kind"] == "token"]

    def create(self, *more: object, **env: str | None) -> Result:
        return self.run_program("account", "create", "service", "token-choice", "--force", *more, env=env)

    def takes(self, uri: str) -> bool:
        """Whether it leads to LABEL: the stored PIN is right there, and only there."""
        state = self.state / "ssa-hsm"
        for record in state.glob("pin-*") if state.exists() else ():
            record.unlink()
        result = self.run_program("hsm", "list", "--login", env={"SSA_HSM_TOKEN": uri})
        self.assertIn(result.code, (0, 5), result)
        return result.code == 0


class Apart(Choice):
    def each_is_found_again(self) -> None:
        uris = [one["uri"] for one in self.tokens()]
        self.assertEqual(len(set(uris)), 2, uris)
        self.assertEqual(sorted(self.takes(uri) for uri in uris), [False, True], uris)
        # The one that the stored PIN opens, through a profile and back.
        right = next(uri for uri in uris if self.takes(uri))
        self.expect(self.create(SSA_HSM_TOKEN=right), 0)
        self.env.pop("SSA_HSM_TOKEN")
        self.expect(self.run_program("token"), 0)
        self.expect(self.run_program("key", "verify"), 0)
        keys = json.loads(self.expect(self.run_program("key", "list", "--json", "--login"), 0).out)
        (place,) = keys[0]["tokens"] if isinstance(keys, list) else keys["keys"][0]["tokens"]
        self.write_profile({**self.profile(), "PRIVATE_KEY": place["uri"]})
        self.expect(self.run_program("token"), 0)
        self.api.clean()

    def test_an_openpgp_card_is_two_tokens_of_one_serial_number(self) -> None:
        with self.shim(*OPENPGP):
            self.each_is_found_again()
            self.assertIn("token=User%20PIN%20%28card%29", self.profile()["PRIVATE_KEY"])

    def test_also_where_a_cards_label_is_not_relied_on(self) -> None:
        script = [line.replace("Model of a card", "PKCS#15 emulated") for line in OPENPGP]
        with self.shim(*script):
            uris = [one["uri"] for one in self.tokens()]
            self.assertEqual(sorted(self.takes(uri) for uri in uris), [False, True], uris)

    def test_twins_are_told_apart_by_their_slot(self) -> None:
        with self.shim(*TWINS):
            self.each_is_found_again()
            self.assertIn("slot-id=", self.profile()["PRIVATE_KEY"])

    def test_two_models_of_one_number(self) -> None:
        with self.shim(*TWINS, f"token called {LABEL} model one", "token called other model two"):
            self.each_is_found_again()
            self.assertNotIn("slot-id=", self.profile()["PRIVATE_KEY"])

    def test_a_twin_that_is_left_alone_gets_no_pin(self) -> None:
        gone = self.dir / "gone"
        models = (f"token called {LABEL} model one", "token called other model two")
        before = self.dir / "before"
        shutil.copytree(self.store.tokens, before)
        for rules in (TWINS, (*TWINS, *models)):
            with self.shim(*rules):
                right = next(one["uri"] for one in self.tokens() if self.takes(one["uri"]))
            pulled = (f"token absent-while {gone}", f"C_OpenSession 1 touch {gone} after")
            with self.subTest(rules), self.shim(*rules, *pulled) as log:
                process = background(self, "account", "create", "service", "twin", env={"SSA_HSM_TOKEN": right})
                eventually(gone.exists, "it is pulled out")
                for folder in self.store.tokens.iterdir():
                    if LABEL.encode() in (folder / "token.object").read_bytes():
                        shutil.rmtree(folder)
                gone.unlink()
                self.expect(ended(process), 7, "no PIN was sent to it", out="")
                self.assertEqual(log.count("C_Login"), 0)
            shutil.rmtree(self.store.tokens)
            shutil.copytree(before, self.store.tokens)

    def test_names_of_any_bytes(self) -> None:
        zeroes = "0x" + b"zero".hex() + 28 * "00"
        garbage = "0x" + b"zero  \0\xff garbage behind \xfe".hex()
        for one, other in (
            (zeroes, "zero2"), (zeroes, garbage), ("0x80ff3b25", "0x80ff3b26"), ("a;b=c?d&e%2f#", "a"),
            ("0x" + b"12345678901234567890123456789012".hex(), "1234567890"), ("0x" + 32 * "00", "x"),
        ):  # fmt: skip
            with self.subTest(one=one, other=other), self.shim(
                f'token called {LABEL} label "{one}"', f'token called other label "{other}"', "token serial 12ab34cd"
            ):
                uris = [token["uri"] for token in self.tokens()]
                self.assertEqual(sorted(self.takes(uri) for uri in uris), [False, True], uris)

    def test_several_that_match_are_shown_with_what_tells_them_apart(self) -> None:
        with self.shim(*TWINS) as log:
            result = self.create(SSA_HSM_TOKEN="pkcs11:token=twin")
            self.expect(result, 3, "several tokens match", "slot-id")
            self.assertEqual(len(set(re.findall(r"slot-id=\d+", result.err))), 2, result)
            self.assertEqual(log.count("C_Login"), 0)

    def test_the_journal_and_a_recovery_keep_to_the_twin(self) -> None:
        with self.shim(*TWINS):
            right = next(one["uri"] for one in self.tokens() if self.takes(one["uri"]))
        self.env["SSA_HSM_TOKEN"] = right
        with self.shim(*TWINS, "C_CreateObject 2 class=CKO_PRIVATE_KEY kill after"):
            self.assertEqual(self.create("--import", "plain").code, -9)
        self.env.pop("SSA_HSM_TOKEN")
        with self.shim(*TWINS):
            self.expect(self.run_program("key", "recover"), 0)
            entries = json.loads(self.expect(self.run_program("history", "--json"), 0).out)
            self.assertIn("slot-id=", entries[-1]["keyUri"] if "keyUri" in entries[-1] else json.dumps(entries[-1]))


class Secret(SecretCase):
    def test_a_twins_secret_is_read_from_it(self) -> None:
        self.store.initialise("other", OTHER_PIN)
        with self.shim(*TWINS):
            tokens = json.loads(self.run_program("hsm", "list", "--json").out)
            uris = [one["uri"] for one in tokens if one["kind"] == "token"]
            imported = [self.run_quietly("secret", "import", "--pin-retry", env={"SSA_HSM_TOKEN": uri}) for uri in uris]
            self.assertEqual(sorted(one.code for one in imported), [0, 5])
            (line,) = [one.out for one in imported if one.code == 0]
            self.assertIn("slot-id=", line)
            self.use(line.split('"')[1])
            again = {"SSA_HSM_TOKEN": line.split('"')[1]}
            self.expect(self.run_quietly("secret", "import", "--pin-retry", env=again), 0)
            self.expect(self.run_quietly("secret", "remove", "--yes", "--pin-retry"), 0)


class Label(Choice):
    def only_one(self) -> None:
        self.store.copy_from(softtoken.template())

    def test_a_label_is_a_name(self) -> None:
        for name in (LABEL, f"pkcs11:token={LABEL}", f"PKCS11:token={LABEL}", f" pkcs11: token={LABEL} "):
            with self.subTest(name=name):
                self.assertTrue(self.takes(name))
        self.assertFalse(self.takes("other"))
        self.expect(self.create("--token", LABEL, SSA_HSM_TOKEN=None), 0)
        self.assertIn(f"token={LABEL};", self.profile()["PRIVATE_KEY"])

    def test_every_command_takes_it(self) -> None:
        self.expect(self.create(SSA_HSM_TOKEN=LABEL), 0)
        profile = self.profile()
        self.env.update(SSA_HSM_TOKEN=LABEL, APS_SECRET_ID=self.api.secret)
        self.expect(self.run_program("key", "create", "--force"), 0)
        self.expect(self.run_program("key", "list", "--login"), 0)
        self.expect(self.run_program("key", "rotate", "--now"), 0)
        self.expect(self.run_program("secret", "import"), 0)
        self.assertEqual(profile["SERVICE_ACCOUNT_ID"], self.profile()["SERVICE_ACCOUNT_ID"])

    def test_what_it_says_is_never_passed_over(self) -> None:
        """The PIN of the only token there is was spent on it, whatever --token said."""
        for name, code, words in (
            ("no such label", 4, (f'"{LABEL}"', '"other"', "no%20such%20label")),
            ("pkcs11", 4, ("pkcs11",)),
            ("token=work", 4, ("token%3Dwork",)),
            ("/usr/lib/libsofthsm2.so", 3, ("SSA_HSM_TOKEN", "path")),
            ("./token", 3, ("path",)),
            ("http://x", 3, ("address",)),
            ("x" * 33, 3, ("1 to 32 bytes",)),
            ("", 2, ("empty",)),
            ("pkcs11:token=no such label", 4, ("no%20such%20label",)),
            ("pkcs11:nonsense=x", 3, ("RFC 7512",)),
        ):  # fmt: skip
            with self.subTest(name=name), self.shim() as log:
                result = self.run_program("hsm", "list", "--login", "--token", name)
                self.expect(result, code, *words, out="")
                self.assertEqual(log.count("C_Login"), 0)

    def test_one_token_alone_is_not_taken_for_another_label(self) -> None:
        self.only_one()
        with self.shim() as log:
            self.expect(self.run_program("hsm", "list", "--login", "--token", "absent"), 4)
            self.assertEqual(log.count("C_Login"), 0)

    def test_a_serial_number_is_no_label_and_is_shown(self) -> None:
        serial = re.search(r"serial=([0-9a-f]+)", self.tokens()[0]["uri"])
        assert serial
        self.expect(self.run_program("hsm", "list", "--login", "--token", serial[1]), 4, f"serial {serial[1]}")

    def test_labels_that_look_like_something_else(self) -> None:
        for label in ("a:b=c", "env:PIN", "100% mine;", "x/y", "äöü"):
            with self.subTest(label=label), self.shim(f'token called {LABEL} label "{label}"'):
                self.assertTrue(self.takes(label))
                self.assertTrue(self.takes(f"pkcs11:token={quote(label)}"))

    def test_a_blank_in_a_uri_is_a_blank(self) -> None:
        with self.shim(f'token called {LABEL} label "My Token"', "token called other label MyToken"):
            self.assertTrue(self.takes("pkcs11:token=My Token"))
            self.assertTrue(self.takes("My Token"))
            self.assertFalse(self.takes("pkcs11:token=MyToken"))
            self.expect(self.create(SSA_HSM_TOKEN="My Token"), 0)
            self.expect(self.run_program("token", env={"SSA_HSM_TOKEN": None}), 0)

    def test_a_profile_may_have_it(self) -> None:
        self.write_profile({"SSA_HSM_TOKEN": LABEL, "APS_CLIENT_ID": self.api.client_id})
        self.expect(self.run_program("hsm", "list", "--login", env={"SSA_HSM_TOKEN": None}), 0)
        self.write_profile({"SSA_HSM_TOKEN": "absent", "APS_CLIENT_ID": self.api.client_id})
        self.expect(self.run_program("hsm", "list", "--login", env={"SSA_HSM_TOKEN": None}), 4)

    def test_a_uri_that_fits_any_token_is_a_guess(self) -> None:
        self.only_one()
        with self.shim() as log:
            self.expect(self.run_program("hsm", "list", "--login", "--token", "pkcs11:"), 3, "must be named")
            self.assertEqual(log.count("C_Login"), 0)


class Renamed(Choice):
    """A driver's new version calls a token otherwise."""

    def setUp(self) -> None:
        super().setUp()
        self.expect(self.create(SSA_HSM_TOKEN=LABEL), 0)
        self.env.pop("SSA_HSM_TOKEN")
        self.api.forget_requests()

    def test_the_serial_number_and_the_key_decide(self) -> None:
        new = (f'token called {LABEL} label "Quite another"', "token model Another")
        with self.shim(*new) as log:
            self.expect(self.run_program("token"), 0, "Quite another", "serial number")
            self.assertEqual(log.count("C_Login"), 1)
            self.expect(self.run_program("key", "verify"), 0)
            listed = self.expect(self.run_program("key", "list"), 0)
            self.assertRegex(listed.out, r"(?m)^\* ")
            self.expect(self.run_program("key", "rotate", "--now"), 0)
            self.assertIn("token=Quite%20another", self.profile()["PRIVATE_KEY"])

    def test_the_secret_on_it_is_read_in_the_same_login(self) -> None:
        line = self.expect(self.run_program("secret", "import", env={"APS_SECRET_ID": self.api.secret}), 0).out
        self.write_profile({**self.profile(), "APS_SECRET_ID": line.split('"')[1]})
        self.env.pop("APS_SECRET_ID", None)
        with self.shim(f"token called {LABEL} label new") as log:
            self.expect(self.run_program("token"), 0)
            self.assertEqual(log.count("C_Login"), 1)

    def test_without_a_key_s_id_the_label_counts(self) -> None:
        uri = self.profile()["PRIVATE_KEY"].replace(f"token={LABEL}", "token=old").split(";id=")[0]
        with self.shim() as log:
            result = self.run_program("hsm", "list", "--login", env={"SSA_HSM_TOKEN": uri})
            self.expect(result, 4, "no such PKCS#11 token", f'"{LABEL}", serial')
            self.assertEqual(log.count("C_Login"), 0)

    def refused(self, code: int, *words: str, script: tuple[str, ...]) -> None:
        with self.shim(*script) as log:
            self.expect(self.run_program("token"), code, *words)
            self.assertEqual(log.count("C_Login"), 0)
        self.assertEqual(self.api.asked(), [])

    def test_two_of_one_serial_number_and_neither_label_is_ambiguous(self) -> None:
        self.write_profile({**self.profile(), "PRIVATE_KEY": "pkcs11:token=old;serial=12ab34cd;id=%01"})
        self.refused(3, "several", "serial number", script=("token serial 12ab34cd",))

    def test_a_number_that_nobody_gave_decides_nothing(self) -> None:
        for number in ("00000000", "1234", "0"):
            self.write_profile({**self.profile(), "PRIVATE_KEY": f"pkcs11:token=old;serial={number};id=%01"})
            self.refused(4, "no such PKCS#11 token", script=(f"token called {LABEL} serial {number}",))

    def test_another_maker_s_card_of_the_same_number_is_another(self) -> None:
        uri = "pkcs11:token=old;serial=12ab34cd;manufacturer=Somebody;id=%01"
        self.write_profile({**self.profile(), "PRIVATE_KEY": uri})
        self.refused(4, "no such PKCS#11 token", script=(f"token called {LABEL} serial 12ab34cd",))

    def test_a_card_that_shows_other_keys_alone_gets_no_pin(self) -> None:
        uri = "pkcs11:token=old;serial=12ab34cd;id=%01"
        self.write_profile({**self.profile(), "PRIVATE_KEY": uri})
        self.refused(4, "shows no key with this id", script=(f"token called {LABEL} serial 12ab34cd",))


class Modules(Choice):
    """One library, or one file, that is configured twice."""

    def setUp(self) -> None:
        super().setUp()
        self.expect(self.create(SSA_HSM_TOKEN=LABEL), 0)
        made = self.profile()
        self.write_profile({**made, "PRIVATE_KEY": made["PRIVATE_KEY"].split("?")[0]})
        self.env.pop("SSA_HSM_TOKEN")

    def test_a_link_to_a_module_is_the_module(self) -> None:
        link = self.dir / "another-name.so"
        link.symlink_to(places.softhsm())
        self.user_module("zzz", f"module: {link}")
        result = self.expect(self.run_program("token", env={"SSA_HSM_MODULE": None}), 0)
        self.assertNotIn("zzz", result.err)
        listed = self.listed(SSA_HSM_MODULE=None)
        self.assertEqual(len([one for one in listed if one["kind"] == "token"]), 2, listed)
        (twin,) = [one for one in listed if one["label"] == "zzz"]
        self.assertEqual(twin["detail"], "the same file as softhsm2")
        self.expect(self.run_program("token", env={"SSA_HSM_MODULE": "zzz"}), 0)
        keys = self.expect(self.run_program("key", "list", "-v", env={"SSA_HSM_MODULE": None}), 0)
        self.assertEqual(keys.err.count("looking at the tokens of"), 1, keys)

    def test_two_builds_of_one_library_show_a_token_once(self) -> None:
        """The shim says of itself what the library behind it does."""
        with self.shim():
            self.user_module("another-build", f"module: {places.shim_library()}", "priority: 3")
            result = self.expect(self.run_program("token", env={"SSA_HSM_MODULE": None}), 0, "softhsm2")
            self.assertIn("another-build is used", result.err.replace("\n         ", " "))

    def test_a_broken_module_of_no_concern_is_a_detail(self) -> None:
        env = {"SSA_HSM_MODULE": None}
        self.user_module("missing", "module: /nowhere/module.so")
        for deed in ("C_Initialize 1 crash", "C_GetSlotList 1 return CKR_DEVICE_ERROR"):
            with self.shim(deed):
                self.user_module("broken", f"module: {places.shim_library()}")
                self.assertEqual(self.expect(self.run_program("token", env=env), 0).err, "")
            with self.shim(deed):
                told = ("module broken cannot be used", "module missing cannot be used")
                self.expect(self.run_program("token", "-v", env=env), 0, *told)

    def test_another_driver_is_another_module(self) -> None:
        with self.shim("info description Quite another driver") as log:
            self.user_module("driver", f"module: {places.shim_library()}")
            self.expect(self.run_program("token", env={"SSA_HSM_MODULE": None}), 3, "driver", "softhsm2")
            self.assertEqual(log.count("C_Login"), 0)

    def test_a_relative_module_is_saved_for_every_folder(self) -> None:
        (self.dir / "sub").mkdir()
        (self.dir / "m.so").symlink_to(places.softhsm())
        (token, _) = [one["uri"] for one in self.listed("--module", "./m.so") if one["kind"] == "token"]
        result = self.run_program(
            "hsm", "list", "--login", "--pin-retry", cwd=self.dir / "sub",
            env={"SSA_HSM_TOKEN": token, "SSA_HSM_MODULE": None},
        )  # fmt: skip
        self.assertIn(result.code, (0, 5), result)


class LeftOut(Case):
    """A module's list that lacks a function: an error with its name where it is needed, no crash."""

    def setUp(self) -> None:
        super().setUp()
        self.made = self.provisioned()

    def test_to_sign(self) -> None:
        for name, code in (
            ("C_Initialize", 4), ("C_GetSlotList", 4), ("C_GetTokenInfo", 4), ("C_OpenSession", 7), ("C_Login", 7),
            ("C_FindObjectsInit", 7), ("C_FindObjects", 7), ("C_GetAttributeValue", 7), ("C_SignInit", 7), ("C_Sign", 7),
        ):  # fmt: skip
            with self.subTest(name=name), self.shim(f"list lacks {name}"):
                result = self.run_program("token", "--pin-retry")
                self.expect(result, code, f"has no {name}", str(places.shim_library()))
        for name in ("C_Finalize", "C_GetInfo", "C_GetSlotInfo", "C_CloseSession", "C_Logout", "C_GetSessionInfo",
                     "C_FindObjectsFinal", "C_GetMechanismInfo", "C_WaitForSlotEvent"):  # fmt: skip
            with self.subTest(name=name), self.shim(f"list lacks {name}"):
                self.assertIn(self.run_program("token", "--pin-retry").code, (0, 7), name)

    def test_to_import(self) -> None:
        for name in ("C_CreateObject", "C_GetMechanismInfo", "C_SignInit", "C_GetAttributeValue"):
            with self.subTest(name=name), self.shim(f"list lacks {name}"):
                result = self.run_program("account", "create", "service", "left-out", "--force", "--import", "plain")
                self.assertIn(result.code, (7, 12), result)
                self.assertIn(name, result.err)
                self.api.clean()
        for name in ("C_UnwrapKey", "C_GenerateKeyPair"):
            with self.subTest(name=name), self.shim(f"list lacks {name}"):
                self.expect(self.run_program("account", "create", "service", "left-out", "--force"), 0)
                self.api.clean()

    def test_what_is_not_needed_may_be_left_out(self) -> None:
        with self.shim("list lacks C_DigestInit C_SeedRandom C_CopyObject C_GenerateRandom"):
            self.expect(self.run_program("token"), 0)
            self.assertNotIn(PIN, self.run_program("hsm", "list").out)
