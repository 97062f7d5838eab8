"""Tokens that nobody has met before: rehearsed with a throwaway key, before the API is asked for a real one."""

from __future__ import annotations

from fault_support import FaultCase
from harness import CallLog

UNKNOWN = ("info manufacturer Acme", "info description Acme Cryptoki", "token manufacturer Acme")
PRIVATE = "class=CKO_PRIVATE_KEY"


class Unknown(FaultCase):
    def made(self, *script: str) -> tuple[CallLog, str]:
        with self.shim(*UNKNOWN, *script) as log:
            result = self.expect(self.create(), 0)
            self.expect(self.run_program("token"), 0)
        return log, result.err

    def refused(self, *words: str, script: tuple[str, ...]) -> CallLog:
        with self.shim(*UNKNOWN, *script) as log:
            self.expect_failure(self.create(), 7, *words)
        self.assertEqual(self.api.asked(), [])
        self.assertEqual(self.files(), [])
        self.assertEqual(self.objects(), [], "something of the rehearsal is left")
        return log

    def test_a_token_that_does_as_the_standard_says_takes_the_strict_template(self) -> None:
        log, said = self.made()
        # Rehearsed: the template, a key that signs, its public half; then the real key and its public half.
        self.assertEqual(log.count("C_CreateObject"), 5)
        self.assertNotIn("decides", said)
        self.assertEqual(len(self.objects()), 2)

    def test_the_rehearsal_is_over_before_the_api_is_asked_and_leaves_nothing(self) -> None:
        self.api.fault("status", method="POST", path="/token", status=403)
        with self.shim(*UNKNOWN) as log:
            self.expect_failure(self.create(), 10)
        self.assertEqual(log.count("C_CreateObject"), 3)
        self.assertEqual(self.objects(), [])

    def test_a_use_that_it_does_not_know_is_left_out_and_what_becomes_of_it_is_told(self) -> None:
        refuse = [f"template refuse {name} {PRIVATE}" for name in ("CKA_SIGN_RECOVER", "CKA_UNWRAP")]
        _, said = self.made(*refuse)
        self.assertIn("the token itself decides", said)
        self.assertIn("CKA_SIGN_RECOVER=true", said)
        self.assertIn("CKA_UNWRAP=true", said)
        self.assertNotIn("CKA_DECRYPT", said, "what it does know is asked for all the same")

    def test_never_weaker_than_sensitive_and_not_extractable(self) -> None:
        for rule in (f"template refuse CKA_EXTRACTABLE {PRIVATE}", f"template refuse CKA_SENSITIVE {PRIVATE}"):
            with self.subTest(rule):
                self.fresh()
                self.refused("rehearsal", "CKR_ATTRIBUTE_TYPE_INVALID", script=(rule,))
        for rule in ("attribute CKA_EXTRACTABLE true", "attribute CKA_SENSITIVE false"):
            with self.subTest(rule):
                self.fresh()
                self.refused(rule.split()[1], script=(rule,))

    def test_one_that_takes_no_key(self) -> None:
        for name in ("CKR_FUNCTION_NOT_SUPPORTED", "CKR_USER_TYPE_INVALID", "CKR_DEVICE_MEMORY"):
            with self.subTest(name):
                self.fresh()
                self.refused("rehearsal", name, "--rehearse", script=(f"C_CreateObject * return {name}",))

    def test_one_that_takes_a_key_and_signs_wrongly(self) -> None:
        self.refused("does not verify", script=("C_Sign * corrupt",))


class Known(FaultCase):
    def test_a_rehearsal_on_the_token_itself_leaves_nothing(self) -> None:
        with self.shim() as log:
            self.expect(self.create("--rehearse"), 0)
        self.assertEqual(log.count("C_CreateObject"), 5)
        self.assertEqual(len(self.objects()), 2)

    def test_a_module_that_cannot_import_says_which_one_can(self) -> None:
        with self.shim("info manufacturer OpenSC Project", "token model PKCS#15 emulated") as log:
            self.expect_failure(self.create(), 7, "ykcs11")
        self.assertEqual(self.api.asked(), [])
        self.assertEqual(log.count("C_Login"), 0, "a PIN was tried in vain")

    def test_a_slot_is_for_cards(self) -> None:
        self.expect_failure(self.create("--slot", "9a"), 2, "slots")
        self.assertEqual(self.api.asked(), [])


class Search(FaultCase):
    def test_a_module_that_crashes_or_hangs_takes_nothing_with_it(self) -> None:
        with self.shim("C_GetSlotList * crash"):
            result = self.run_program("hsm", "list")
        self.expect(result, 4, "--module")
        # A sanitizer makes an exit of the crash.
        self.assertRegex(result.err, r"crashes \(SEGV\)|does not answer")
