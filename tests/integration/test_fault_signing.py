"""token and jwt on a token that fails: no request, the failure under its own name, and always a log-out."""

from __future__ import annotations

import signal
from typing import Any

import jwt as pyjwt
from cryptography.hazmat.primitives import serialization
from fault_support import FaultCase, eventually
from harness import PIN, CallLog


class Signing(FaultCase):
    def setUp(self) -> None:
        super().setUp()
        self.values = self.provisioned()

    def failing(self, rule: str, code: int, *words: str) -> CallLog:
        for command in ("token", "jwt"):
            with self.shim(rule) as log:
                # Past the record that a login that broke has left.
                self.expect_failure(self.run_program(command, "--pin-retry"), code, *words)
        self.assertEqual(self.api.asked(), [])
        return log

    def test_calls_that_fail(self) -> None:
        for rule, code, word in (
            ("C_Initialize * return CKR_GENERAL_ERROR", 4, "CKR_GENERAL_ERROR"),
            ("C_GetSlotList * return CKR_FUNCTION_FAILED", 4, "CKR_FUNCTION_FAILED"),
            ("C_GetTokenInfo * return CKR_TOKEN_NOT_RECOGNIZED", 4, "no such PKCS#11 token"),
            ("C_OpenSession 1 return CKR_DEVICE_REMOVED", 7, "CKR_DEVICE_REMOVED"),
            ("C_OpenSession 1 return CKR_SESSION_COUNT", 7, "CKR_SESSION_COUNT"),
            ("C_Login 1 return CKR_FUNCTION_FAILED", 7, "CKR_FUNCTION_FAILED"),
            ("C_FindObjectsInit 1 return CKR_OPERATION_ACTIVE", 7, "CKR_OPERATION_ACTIVE"),
            ("C_FindObjects 1 return CKR_DEVICE_ERROR", 7, "CKR_DEVICE_ERROR"),
            ("C_GetAttributeValue 1 return CKR_DEVICE_ERROR", 7, "CKR_DEVICE_ERROR"),
            ("C_SignInit 1 return CKR_KEY_HANDLE_INVALID", 7, "CKR_KEY_HANDLE_INVALID"),
            ("C_SignInit 1 return CKR_USER_NOT_LOGGED_IN", 7, "CKR_USER_NOT_LOGGED_IN"),
            ("C_Sign 1 return CKR_DEVICE_MEMORY", 7, "CKR_DEVICE_MEMORY"),
            ("C_Sign 1 return 0x80000042", 7, "0x80000042"),
            ("mechanism hide CKM_SHA256_RSA_PKCS CKM_RSA_PKCS", 7, "CKR_MECHANISM_INVALID"),
            ("attribute CKA_MODULUS absent", 7, "modulus"),
        ):
            with self.subTest(rule):
                self.failing(rule, code, word)

    def test_the_token_is_taken_away(self) -> None:
        calls = ("C_OpenSession", "C_Login", "C_FindObjectsInit", "C_GetAttributeValue", "C_SignInit", "C_Sign")
        for call in calls:
            with self.subTest(call):
                self.failing(f"{call} 1 remove", 7, "CKR_")

    def test_whatever_fails_it_logs_out(self) -> None:
        for rule in ("C_FindObjects 1 return CKR_DEVICE_ERROR", "C_SignInit 1 return CKR_DEVICE_ERROR",
                     "C_Sign 1 return CKR_DEVICE_ERROR"):  # fmt: skip
            with self.subTest(rule):
                log = self.failing(rule, 7)
                self.assertEqual([c.rv for c in log.of("C_Logout")], ["CKR_OK"])
                self.assertEqual(log.names[-1], "C_Finalize")

    def test_a_login_comes_to_its_end_although_the_program_is_killed(self) -> None:
        # SoftHSM empties the token's file in it, and then writes it anew.
        with self.shim("C_Login 1 kill before") as log:
            result = self.run_program("jwt")
            self.assertEqual((result.code, result.out), (-signal.SIGKILL, ""))
            eventually(lambda: log.of("C_Login", "CKR_OK"), "the login ends")
            # Nothing begins after it.
            self.assertEqual(log.names[-1], "C_Login")
        self.expect(self.run_program("jwt", "--pin-retry"), 0)

    def test_failures_at_the_end_do_not_matter(self) -> None:
        for rule in ("C_Logout 1 return CKR_DEVICE_ERROR", "C_CloseSession 1 return CKR_DEVICE_ERROR",
                     "C_Finalize 1 after-return CKR_GENERAL_ERROR"):  # fmt: skip
            with self.subTest(rule), self.shim(rule):
                self.expect(self.run_program("token"), 0)

    def test_a_spoilt_signature_is_refused_by_the_server(self) -> None:
        with self.shim("C_Sign 1 corrupt"):
            self.expect_failure(self.run_program("token"), 10, "HTTP 400")
        self.assertEqual(self.api.asked(), ["POST /token"])

    def test_the_token_is_locked(self) -> None:
        log = self.failing("token flags +CKF_USER_PIN_LOCKED", 5, "CKF_USER_PIN_LOCKED")
        self.assertEqual(log.count("C_Login"), 0)

    def test_the_key_is_gone(self) -> None:
        id_ = self.values["KEY_ID"].encode().hex()
        self.assertEqual(self.store.tool("--delete-object", "--type", "privkey", "--id", id_).returncode, 0)
        for command in ("token", "jwt"):
            self.expect_failure(self.run_program(command), 6, "does not hold the key")
        self.assertEqual(self.api.asked(), [])

    def test_another_token_is_in_the_reader(self) -> None:
        with self.shim('token serial "0000000000000001"'):
            self.expect_failure(self.run_program("token"), 4, "no such PKCS#11 token")
        self.assertEqual(self.api.asked(), [])

    def test_a_token_that_does_not_hash_gets_the_digest_info(self) -> None:
        with self.shim("mechanism hide CKM_SHA256_RSA_PKCS") as log:
            self.expect(self.run_program("token"), 0)
            result = self.expect(self.run_program("jwt"), 0)
        self.assertEqual(len(log.of("C_Sign", "CKR_OK")), 2)
        self.assertIn("in=51", log.of("C_Sign")[0].args)
        pem = self.api.issued(self.values["KEY_ID"]).encode()
        public: Any = serialization.load_pem_private_key(pem, None).public_key()
        claims = pyjwt.decode(result.out.strip(), public, algorithms=["RS256"], options={"verify_aud": False})
        self.assertEqual(claims["sub"], self.values["SERVICE_ACCOUNT_ID"])

    def test_keys_that_want_a_login_for_each_signature(self) -> None:
        with self.shim("always-authenticate") as log:
            self.expect(self.run_program("token"), 0)
        logins = [c.args for c in log.of("C_Login", "CKR_OK")]
        self.assertEqual(len(logins), 2)
        self.assertIn("CKU_CONTEXT_SPECIFIC", logins[1])
        self.assertLess(log.names.index("C_SignInit"), len(log.names) - 1 - log.names[::-1].index("C_Login"))

    def test_the_second_login_is_refused(self) -> None:
        with self.shim("always-authenticate", "C_Login user=CKU_CONTEXT_SPECIFIC 1 return CKR_PIN_INCORRECT") as log:
            self.expect_failure(self.run_program("token"), 5, "CKR_PIN_INCORRECT")
        self.assertEqual(log.count("C_Login"), 2)
        self.assertEqual(self.api.asked(), [])
        # A refused PIN is a refused PIN: no second run tries it again by itself.
        with self.shim("always-authenticate") as log:
            self.expect_failure(self.run_program("token"), 5, "--pin-retry")
        self.assertEqual(log.count("C_Login"), 0)

    def test_a_second_login_that_may_have_been_refused_is_made_in_two_runs_and_no_more(self) -> None:
        # Of SoftHSM, its flags would show that the PIN was not wrong.
        unknown = ("info manufacturer Acme", "token manufacturer Acme")
        for answer in ("CKR_USER_NOT_LOGGED_IN", "CKR_FUNCTION_FAILED"):
            own = f"C_Login user=CKU_CONTEXT_SPECIFIC * return {answer}"
            with self.subTest(answer), self.shim("always-authenticate", *unknown, own) as log:
                for _ in range(2):
                    self.expect_failure(self.run_program("jwt"), 7, "own login", answer)
                for _ in range(3):
                    self.expect_failure(self.run_program("jwt"), 5, "was not answered", "--pin-retry")
            self.assertEqual(sum("CKU_CONTEXT_SPECIFIC" in call.args for call in log.of("C_Login")), 2)
            with self.shim("always-authenticate", *unknown):
                self.expect(self.run_program("jwt", "--pin-retry"), 0)
                self.expect(self.run_program("jwt"), 0)

    def test_a_reader_with_a_pad(self) -> None:
        with self.shim(f"protected-path {PIN}") as log:
            self.expect(self.run_program("token", env={"SSA_HSM_PIN_SOURCE": None}), 0, "at its reader")
        self.assertEqual(log.count("C_Login"), 1)

    def test_a_wrong_pin_at_the_pad(self) -> None:
        with self.shim(f"protected-path {PIN}", "C_Login 1 return CKR_PIN_INCORRECT") as log:
            self.expect_failure(self.run_program("token", env={"SSA_HSM_PIN_SOURCE": None}), 5, "CKR_PIN_INCORRECT")
            self.assertEqual(log.count("C_Login"), 1)
            # A person stood there: the next one may try again.
            self.expect(self.run_program("token", env={"SSA_HSM_PIN_SOURCE": None}), 5)
        self.assertEqual(log.count("C_Login"), 2)

    def test_a_cancelled_pad(self) -> None:
        with self.shim(f"protected-path {PIN}", "C_Login 1 return CKR_FUNCTION_CANCELED"):
            result = self.run_program("token", env={"SSA_HSM_PIN_SOURCE": None})
        self.expect_failure(result, 5, "cancelled", "CKR_FUNCTION_CANCELED")
