"""doctor: the PKCS#11 token, its PIN and its key. Each finding is had by breaking that very thing."""

from __future__ import annotations

import time

import masking
from doctor_support import DoctorCase
from harness import PIN, SLOW
from http_support import silent_server
from pin_support import WRONG, PinCase
from test_card import THEIRS, CardCase
from test_other_tokens import PRIVATE


class Tokens(DoctorCase):
    def test_the_token_is_not_there(self) -> None:
        for path in self.store.tokens.iterdir():
            path.rename(self.dir / path.name)
        checks = self.examine(code=4)
        self.alone(checks, "token", "failure", "ssa-hsm hsm list")
        self.skipped(checks, "token", "pin", "key")

    def test_several_tokens_and_none_is_named(self) -> None:
        self.store.initialise("second")
        self.profile_path().unlink()
        checks = self.examine(env={"SSA_HSM_TOKEN": None}, code=3)
        finding = self.one(checks, "token", "failure", "--token", "work", "second")
        self.assertEqual(finding["exitCode"], 3)
        self.skipped(checks, "token", "pin", "key")
        self.one(self.examine("--token", "second", code=3), "token", "ok", "second")

    def test_the_key_was_deleted(self) -> None:
        key = self.own["KEY_ID"].encode().hex()
        for kind in ("privkey", "pubkey"):
            self.assertEqual(self.store.tool("--delete-object", "--type", kind, "--id", key).returncode, 0)
        for arguments in ((), ("--login",)):
            finding = self.alone(self.examine(*arguments, code=6), "key", "failure")
        commands = [c for c in finding["commands"] if c.startswith("ssa-hsm key create")]
        self.mend({"commands": commands})
        self.assert_well("--login")

    def test_the_private_half_alone_was_deleted(self) -> None:
        key = self.own["KEY_ID"].encode().hex()
        self.assertEqual(self.store.tool("--delete-object", "--type", "privkey", "--id", key).returncode, 0)
        self.one(self.examine(), "key", "ok", "public half", "login")
        self.alone(self.examine("--login", code=6), "key", "failure", "does not hold the key")

    def test_a_key_that_is_not_as_it_must_be(self) -> None:
        for rule, word in (("CKA_EXTRACTABLE true", "CKA_EXTRACTABLE"), ("CKA_SENSITIVE false", "CKA_SENSITIVE"),
                           ("CKA_SIGN false", "CKA_SIGN")):  # fmt: skip
            with self.subTest(rule), self.shim(f"attribute {rule} {PRIVATE}"):
                self.alone(self.examine("--login", code=7), "key", "failure", word)
        with self.shim("C_Sign 1 corrupt"):
            self.assertEqual(self.wrong(self.examine("--login")), {})
            self.alone(self.examine("--sign", code=7), "key", "failure", "signature")

    def test_a_uri_that_names_another_key(self) -> None:
        values = self.own | {"KEY_ID": "a-key-of-another-name"}
        self.write_profile(values)
        self.alone(self.examine(code=6), "key", "failure", self.own["KEY_ID"], "a-key-of-another-name")

    def test_it_does_not_hang_while_the_server_is_silent(self) -> None:
        with silent_server() as url:
            began = time.monotonic()
            self.examine(env={"SSA_HSM_BASE_URL": url, **self.hasty(5)}, code=8)
            self.assertLess(time.monotonic() - began, 8 * SLOW)


class Card(CardCase, DoctorCase):
    """Behind a module like ykcs11: only the certificate tells whose key a slot has."""

    def setUp(self) -> None:
        super().setUp()
        self.begin(attested=True)

    def test_a_key_in_a_slot(self) -> None:
        with self.card() as log:
            checks = self.examine("-p", THEIRS)
            self.assertEqual(self.wrong(checks), {})
            self.one(checks, "key", "ok", "public half", "2048")
            self.assertEqual(log.count("C_Login"), 0)
            self.one(self.examine("-p", THEIRS, "--login"), "key", "ok", "cannot come out", "signed nothing")
            self.assertEqual((log.count("C_Login"), log.count("C_Sign")), (1, 0))

    def test_another_key_in_the_slot(self) -> None:
        kid = self.profile(THEIRS)["KEY_ID"]
        self.write_profile(self.profile(THEIRS) | {"KEY_ID": "another-key"}, THEIRS)
        with self.card():
            self.alone(self.examine("-p", THEIRS, code=6), "key", "failure", kid, "in slot 9a")

    def test_an_empty_slot(self) -> None:
        self.assertEqual(self.store.tool("--delete-object", "--type", "cert", "--id", "01").returncode, 0)
        with self.card():
            found = self.one(self.examine("-p", THEIRS), "key", "skipped", "only after a login", "doctor --login")
            self.mend(found, code=6)

    def test_wrong_pins_that_no_flag_tells_of(self) -> None:
        with self.card() as log:
            pin = self.dir / "pin"
            pin.write_text("123456\n")
            self.expect(self.run_program("jwt", "-p", THEIRS), 5)
            self.expect(self.run_program("jwt", "-p", THEIRS, "--pin-retry"), 5)
            tries = log.count("C_Login")
            pin.write_text(PIN + "\n")
            self.alone(self.examine("-p", THEIRS, code=5), "pin", "failure", "locks this token", "at a terminal")
            self.assertEqual((tries, log.count("C_Login")), (2, 2))


class Pins(PinCase, DoctorCase):
    def test_flags(self) -> None:
        flags = (("COUNT_LOW", 0, "warning", "a wrong PIN has been tried"),
                 ("FINAL_TRY", 5, "failure", "at a terminal"),
                 ("LOCKED", 5, "failure", "locked"))  # fmt: skip
        for flag, code, state, word in flags:
            with self.subTest(flag), self.shim(f"token flags +CKF_USER_PIN_{flag}") as log:
                self.alone(self.examine(code=code), "pin", state, f"CKF_USER_PIN_{flag}", word)
                self.assertEqual(log.count("C_Login"), 0)
        with self.shim("token flags +CKF_USER_PIN_FINAL_TRY"):
            # A person may try it.
            self.alone(self.examine(env={"SSA_HSM_PIN_SOURCE": None}), "pin", "warning", "locks this token")

    def test_a_recorded_try(self) -> None:
        self.fail_once()
        record = self.records()[0].read_bytes()
        with self.shim() as log:
            finding = self.alone(self.examine(code=5), "pin", "failure", "was refused", "--pin-retry")
            self.examine("--login", code=5)
            self.assertEqual(log.count("C_Login"), 0)
        self.assertIn(str(self.records()[0]), finding["mend"])
        self.assertEqual(self.records()[0].read_bytes(), record)
        self.write_pin(PIN)
        self.one(self.examine(), "pin", "warning", "a wrong PIN has been tried")
        self.assert_well("--login")
        self.assertEqual(self.records(), [])

    def test_a_wrong_pin_is_tried_once(self) -> None:
        self.write_pin(WRONG)
        with self.shim() as log:
            self.alone(self.examine("--login", code=5), "pin", "failure", "CKR_PIN_INCORRECT")
            self.examine("--login", code=5)
            self.assertEqual(log.count("C_Login"), 1)

    def test_a_person_types_it(self) -> None:
        result = self.at_terminal(PIN, "doctor", "--login", "--json")
        self.assertEqual(result.code, 0, masking.mask(result.err))
        self.assertIn('"the token accepts it"', result.out)

    def test_the_right_pin_resets_the_count(self) -> None:
        with self.shim("pin tries 3") as log:
            self.write_pin(WRONG)
            self.jwt(code=5)
            self.write_pin(PIN)
            finding = self.alone(self.examine(), "pin", "warning", "CKF_USER_PIN_COUNT_LOW")
            self.mend(finding)
            self.assert_well()
            self.assertEqual(log.count("C_Login"), 2)

