"""account create on a token that fails: before the API is asked nothing happens, afterwards everything is undone."""

from __future__ import annotations

from fault_support import DESTROY, PUT_PRIVATE, PUT_PUBLIC, READ_BACK, SIGN, SIGN_INIT, FaultCase
from harness import PIN, CallLog

PRIVATE = "class=CKO_PRIVATE_KEY"


class BeforeTheApi(FaultCase):
    """What can be known before is known before: not one request, and no file."""

    def failing(self, code: int, *words: str, script: tuple[str, ...], logins: int | None = None) -> CallLog:
        with self.shim(*script) as log:
            self.expect_failure(self.create(), code, *words)
        self.assertEqual(self.api.asked(), [])
        # A login that broke leaves a record: whether it was a try is not known.
        self.assertEqual([f for f in self.files() if not f.startswith("state/")], [])
        self.assertEqual(self.objects(), [])
        if logins is not None:
            self.assertEqual(log.count("C_Login"), logins)
        return log

    def test_calls_that_fail(self) -> None:
        for rule, code, word in (
            ("C_Initialize * return CKR_GENERAL_ERROR", 4, "CKR_GENERAL_ERROR"),
            ("C_GetSlotList * return CKR_DEVICE_ERROR", 4, "CKR_DEVICE_ERROR"),
            ("C_GetTokenInfo * return CKR_DEVICE_REMOVED", 4, "token=work"),
            ("C_GetSlotInfo * return CKR_DEVICE_ERROR", 4, "token=work"),
            ("C_OpenSession 1 return CKR_SESSION_COUNT", 7, "CKR_SESSION_COUNT"),
            ("C_OpenSession 1 return CKR_TOKEN_WRITE_PROTECTED", 7, "CKR_TOKEN_WRITE_PROTECTED"),
            ("C_Login 1 return CKR_DEVICE_ERROR", 7, "CKR_DEVICE_ERROR"),
            ("C_Login 1 return CKR_USER_ANOTHER_ALREADY_LOGGED_IN", 7, "CKR_USER_ANOTHER_ALREADY_LOGGED_IN"),
            ("C_GetSessionInfo 1 return CKR_DEVICE_ERROR", 7, "CKR_DEVICE_ERROR"),
            ("C_Login 1 remove", 7, "CKR_DEVICE_REMOVED"),
            ("C_OpenSession 1 remove", 7, "CKR_TOKEN_NOT_PRESENT"),
            ("C_GetSlotList 1 remove", 4, "token=work"),
            ("C_GetMechanismInfo * return CKR_DEVICE_ERROR", 7, "cannot sign with RSA"),
        ):
            with self.subTest(rule):
                self.fresh()
                self.failing(code, word, script=(rule,))

    def test_what_a_rehearsal_shows(self) -> None:
        """A token that is known is rehearsed all the same: it may be set up to take no keys."""
        for rule, word in (
            (f"C_CreateObject * {PRIVATE} return CKR_FUNCTION_NOT_SUPPORTED", "CKR_FUNCTION_NOT_SUPPORTED"),
            ("C_GetAttributeValue 1 return CKR_DEVICE_ERROR", "CKR_DEVICE_ERROR"),
            ("C_SignInit 1 return CKR_KEY_FUNCTION_NOT_PERMITTED", "CKR_KEY_FUNCTION_NOT_PERMITTED"),
            ("C_Sign 1 return CKR_FUNCTION_FAILED", "CKR_FUNCTION_FAILED"),
            ("C_Sign * corrupt", "does not verify"),
            ("C_DestroyObject 1 return CKR_FUNCTION_FAILED", "rehearsal"),
            (f"template refuse CKA_EXTRACTABLE {PRIVATE}", "CKR_ATTRIBUTE_TYPE_INVALID"),
            # What a token of its kind takes, and `key verify` asks of its keys.
            (f"template refuse CKA_DERIVE {PRIVATE}", "CKR_ATTRIBUTE_TYPE_INVALID"),
            ("C_CreateObject * class=CKO_PUBLIC_KEY return CKR_TEMPLATE_INCONSISTENT", "CKR_TEMPLATE_INCONSISTENT"),
            (f"template set CKA_EXTRACTABLE true {PRIVATE}", "CKA_EXTRACTABLE"),
            (f"attribute CKA_SENSITIVE false {PRIVATE}", "CKA_SENSITIVE"),
            (f"C_CreateObject 1 {PRIVATE} remove", "CKR_DEVICE_REMOVED"),
        ):
            with self.subTest(rule):
                self.fresh()
                self.failing(7, word, script=(rule,))

    def test_pins_that_are_refused(self) -> None:
        for name in ("CKR_PIN_INCORRECT", "CKR_PIN_LOCKED", "CKR_PIN_EXPIRED", "CKR_PIN_INVALID", "CKR_PIN_LEN_RANGE"):
            with self.subTest(name):
                with self.shim(f"C_Login 1 return {name}") as log:
                    self.expect_failure(self.create("--pin-retry"), 5, name)
                self.assertEqual(log.count("C_Login"), 1)
                self.assertEqual(self.api.asked(), [])
                # The record of the failed try stays, and nothing else.
                self.assertEqual([f.split("/")[0] for f in self.files()], ["state"])

    def test_no_rsa_signing(self) -> None:
        for rule in ("mechanism hide CKM_SHA256_RSA_PKCS CKM_RSA_PKCS", "mechanism only CKM_ECDSA"):
            with self.subTest(rule):
                self.failing(7, "cannot sign with RSA", script=(rule,), logins=0)

    def test_write_protected(self) -> None:
        self.failing(7, "write-protected", script=("token flags +CKF_WRITE_PROTECTED",), logins=0)

    def test_locked(self) -> None:
        self.failing(5, "locked", script=("token flags +CKF_USER_PIN_LOCKED",), logins=0)

    def test_no_pin_set(self) -> None:
        self.failing(5, "no user PIN", script=("token flags -CKF_USER_PIN_INITIALIZED",), logins=0)

    def test_no_token(self) -> None:
        here = self.dir / "gone"
        here.touch()
        self.failing(4, "token=work", script=(f"token absent-while {here}",), logins=0)

    def test_no_module(self) -> None:
        self.env["SSA_HSM_MODULE"] = str(self.dir / "missing.so")
        self.expect_failure(self.create(), 4, "missing.so")
        self.assertEqual(self.api.asked(), [])
        self.assert_nothing_left()

    def test_a_module_that_is_none(self) -> None:
        text = self.dir / "text.so"
        text.write_text("no library")
        self.env["SSA_HSM_MODULE"] = str(text)
        self.expect_failure(self.create(), 4, "text.so")
        self.assertEqual(self.api.asked(), [])
        self.assert_nothing_left()

    def test_one_mechanism_is_enough(self) -> None:
        for hidden in ("CKM_SHA256_RSA_PKCS", "CKM_RSA_PKCS"):
            with self.subTest(hidden), self.shim(f"mechanism hide {hidden}"):
                self.expect(self.create(), 0)
                self.expect(self.run_program("token"), 0)
                self.fresh()


class AfterTheApi(FaultCase):
    """The key has been made: whatever the token does now, neither side keeps anything."""

    def failing(self, *words: str, script: tuple[str, ...], code: int = 12) -> CallLog:
        with self.shim(*script) as log:
            self.expect_failure(self.create(), code, *words)
        self.assertEqual(len(self.api.asked()), 5, "token, account, key, the account's age, its deletion")
        self.assertEqual(self.api.accounts(), [])
        self.assertEqual(self.files(), [])
        return log

    def test_calls_that_fail(self) -> None:
        for rule, word in (
            ("C_FindObjectsInit 1 return CKR_DEVICE_ERROR", "CKR_DEVICE_ERROR"),
            ("C_FindObjects 1 return CKR_DEVICE_MEMORY", "CKR_DEVICE_MEMORY"),
            (f"{PUT_PRIVATE} return CKR_ATTRIBUTE_VALUE_INVALID", "CKR_ATTRIBUTE_VALUE_INVALID"),
            (f"{PUT_PRIVATE} return CKR_DEVICE_MEMORY", "CKR_DEVICE_MEMORY"),
            (f"{PUT_PRIVATE} return CKR_FUNCTION_NOT_SUPPORTED", "CKR_FUNCTION_NOT_SUPPORTED"),
            (f"{PUT_PRIVATE} return CKR_USER_TYPE_INVALID", "CKR_USER_TYPE_INVALID"),
            (f"{PUT_PUBLIC} return CKR_TEMPLATE_INCONSISTENT", "CKR_TEMPLATE_INCONSISTENT"),
            (f"{READ_BACK} return CKR_DEVICE_ERROR", "CKR_DEVICE_ERROR"),
            (f"{SIGN_INIT} return CKR_KEY_FUNCTION_NOT_PERMITTED", "CKR_KEY_FUNCTION_NOT_PERMITTED"),
            (f"{SIGN} return CKR_FUNCTION_FAILED", "CKR_FUNCTION_FAILED"),
            (f"{SIGN} corrupt", "does not verify"),
            (f"template refuse CKA_EXTRACTABLE {PRIVATE} on-token", "CKR_ATTRIBUTE_TYPE_INVALID"),
        ):
            with self.subTest(rule):
                self.failing(word, "is deleted again at the API", script=(rule,))
                self.assertEqual(self.objects(), [])
                self.fresh()

    def test_attributes_that_read_back_wrong(self) -> None:
        for name, value in (
            ("CKA_EXTRACTABLE", "true"),
            ("CKA_SENSITIVE", "false"),
            ("CKA_PRIVATE", "false"),
            ("CKA_SIGN", "false"),
            ("CKA_DECRYPT", "true"),
            ("CKA_UNWRAP", "true"),
            ("CKA_DERIVE", "true"),
            ("CKA_SIGN_RECOVER", "true"),
            ("CKA_SENSITIVE", "absent"),
            ("CKA_EXTRACTABLE", "absent"),
        ):
            with self.subTest(name=name, value=value):
                self.failing(name, script=(f"attribute {name} {value} {PRIVATE} on-token",))
                self.assertEqual(self.objects(), [])
                self.fresh()

    def test_attributes_that_are_really_wrong(self) -> None:
        for name, value in (("CKA_EXTRACTABLE", "true"), ("CKA_SENSITIVE", "false"), ("CKA_DECRYPT", "true")):
            with self.subTest(name):
                self.failing(name, script=(f"template set {name} {value} {PRIVATE} on-token",))
                self.assertEqual(self.objects(), [])
                self.fresh()

    def test_a_session_object_is_not_taken_for_a_token_object(self) -> None:
        self.failing("CKA_TOKEN", script=(f"template set CKA_TOKEN false {PRIVATE}",))
        self.assertEqual(self.objects(), [])

    def test_a_use_that_the_token_does_not_know_is_none(self) -> None:
        with self.shim("attribute CKA_DERIVE absent", "attribute CKA_SIGN_RECOVER absent"):
            self.expect(self.create(), 0)
        self.assert_whole()

    def test_an_error_after_the_object_was_made(self) -> None:
        # The token says that it failed, and keeps the key: it is looked for by its id.
        for call in (PUT_PRIVATE, PUT_PUBLIC):
            with self.subTest(call):
                self.fresh()
                self.failing("CKR_DEVICE_ERROR", script=(f"{call} after-return CKR_DEVICE_ERROR",))
                self.assertEqual(self.objects(), [])

    def test_removed_before_the_import(self) -> None:
        # Whether the token took it cannot be seen any more, so it is named.
        self.failing("CKR_DEVICE_REMOVED", "on the PKCS#11 token", script=(f"{PUT_PRIVATE} remove",), code=13)
        self.assertEqual(self.objects(), [])

    def test_removed_before_the_search(self) -> None:
        self.failing("CKR_DEVICE_REMOVED", script=("C_FindObjectsInit 1 remove",))
        self.assertEqual(self.objects(), [])

    def test_removed_with_the_key_in_it(self) -> None:
        # The object on the token cannot be destroyed any more: that is said, and how to do it.
        for rule in (f"{PUT_PUBLIC} remove", f"{SIGN_INIT} remove", f"{SIGN} remove CKR_DEVICE_ERROR"):
            with self.subTest(rule):
                self.fresh()
                self.failing("left on the PKCS#11 token", script=(rule,), code=13)
                self.assertTrue(self.objects())

    def test_an_object_that_cannot_be_destroyed_is_named(self) -> None:
        with self.shim(f"{SIGN} corrupt", f"{DESTROY}+ return CKR_FUNCTION_FAILED"):
            result = self.expect_failure(self.create(), 13, "left on the PKCS#11 token", "does not verify")
        self.assertEqual(self.api.accounts(), [])
        # The command that it names must work as it stands.
        with self.shim():
            self.follow(result, "pkcs11-tool")
        self.assertEqual(self.objects(), [])

    def test_a_half_that_cannot_be_destroyed(self) -> None:
        with self.shim(f"{SIGN} corrupt", f"{DESTROY} return CKR_FUNCTION_FAILED"):
            self.expect_failure(self.create(), 13, "left on the PKCS#11 token")
        self.assertEqual([kind for kind, _ in self.objects()], ["Private"])

    def test_both_undoings_fail(self) -> None:
        self.api.fault("status", method="DELETE", times=0, status=403)
        with self.shim(f"{SIGN} corrupt", f"{DESTROY}+ return CKR_FUNCTION_FAILED"):
            result = self.expect_failure(self.create(), 13, "Left at the API", "left on the PKCS#11 token")
        self.api.control("POST", "clear")
        self.follow(result, "ssa-hsm account delete")
        self.assertEqual(self.api.accounts(), [])

    def test_the_end_of_the_session_does_not_matter(self) -> None:
        for rule in ("C_Logout 1 return CKR_DEVICE_ERROR", "C_CloseSession 1 return CKR_DEVICE_REMOVED",
                     "C_Finalize 1 after-return CKR_GENERAL_ERROR", "C_Logout 1 remove"):  # fmt: skip
            with self.subTest(rule), self.shim(rule):
                self.expect(self.create(), 0)
                self.fresh()


class SpecialTokens(FaultCase):
    def test_a_reader_with_a_pad_gets_no_pin_from_us(self) -> None:
        with self.shim(f"protected-path {PIN}") as log:
            self.expect(self.create(env={"SSA_HSM_PIN_SOURCE": None}), 0, "at its reader")
        self.assertEqual([c.rv for c in log.of("C_Login")], ["CKR_OK"])
        self.assert_whole()

    def test_each_login_at_a_pad_is_announced(self) -> None:
        env = {"SSA_HSM_PIN_SOURCE": None}
        with self.shim("always-authenticate", f"protected-path {PIN}") as log:
            for command in (self.create, lambda env: self.run_program("token", env=env)):
                log.forget()
                said = self.expect(command(env=env), 0).err
                self.assertEqual(said.count("at its reader"), log.count("C_Login"))
                self.assertEqual(said.count("once more"), log.count("C_Login") - 1)

    def test_keys_that_want_a_login_for_each_signature(self) -> None:
        with self.shim("always-authenticate") as log:
            self.expect(self.create(), 0)
            # One for the rehearsal's signature, too.
            self.assertEqual(log.count("C_Login"), 3)
            log.forget()
            self.expect(self.run_program("token"), 0)
            self.assertEqual(log.count("C_Login"), 2)
        self.assert_whole()
