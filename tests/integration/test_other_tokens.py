"""Tokens that nobody has met before: rehearsed with a throwaway key, before the API is asked for a real one."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import places
from fault_support import FaultCase, background, ended, eventually
from harness import PIN, SLOW, CallLog

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
        # Rehearsed: a key that signs, its public half; then the real key and its public half.
        self.assertEqual(log.count("C_CreateObject"), 4)
        self.assertNotIn("decides", said)
        self.assertEqual(len(self.objects()), 2)

    def test_one_without_sessions_that_only_read(self) -> None:
        with self.shim(*UNKNOWN, "session no-read-only"):
            self.expect(self.create(), 0)
            for command in (["token"], ["key", "verify"], ["key", "list", "--login"], ["hsm", "list", "--login"]):
                result = self.expect(self.run_program(*command), 0)
                self.assertNotIn("CKR_FUNCTION_FAILED", result.err + result.out)

    def test_the_rehearsal_is_over_before_the_api_is_asked_and_leaves_nothing(self) -> None:
        self.api.fault("status", method="POST", path="/token", status=403)
        with self.shim(*UNKNOWN) as log:
            self.expect_failure(self.create(), 10)
        self.assertEqual(log.count("C_CreateObject"), 2)
        self.assertEqual(self.objects(), [])

    def test_a_use_that_it_does_not_know_is_left_out_and_what_becomes_of_it_is_told(self) -> None:
        refuse = [f"template refuse {name} {PRIVATE}" for name in ("CKA_SIGN_RECOVER", "CKA_UNWRAP")]
        _, said = self.made(*refuse)
        with self.shim(*UNKNOWN, *refuse):
            verified = self.expect(self.run_program("key", "verify"), 0)
        self.assertRegex(verified.out, r"CKA_UNWRAP +true: the token decides that itself")
        self.assertIn("token itself decides", said)
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
                self.refused("rehearsal", name, "--rehearse", script=(f"C_CreateObject * return {name}", "mechanism hide CKM_AES_KEY_WRAP_PAD"))

    def test_one_that_takes_a_key_and_signs_wrongly(self) -> None:
        self.refused("does not verify", script=("C_Sign * corrupt",))

    def test_one_that_takes_no_public_half_goes_without(self) -> None:
        log, _ = self.made("C_CreateObject * class=CKO_PUBLIC_KEY return CKR_TEMPLATE_INCONSISTENT")
        self.assertEqual([kind for kind, _ in self.objects()], ["Private"])
        # It was asked for one in the rehearsal alone.
        self.assertEqual(len(log.of("C_CreateObject", "CKR_TEMPLATE_INCONSISTENT")), 1)

    def test_a_throwaway_key_that_cannot_be_destroyed_is_told(self) -> None:
        refuse = f"template refuse CKA_UNWRAP {PRIVATE}"
        # The one that signed; of a template that is refused, the first of a smaller one, and one that a use is tried with.
        for which, script in (("*", ()), ("*", (refuse,)), ("2+", (refuse,))):
            for more in ((), ("--rehearse",)):
                self.fresh()
                rule = f"C_DestroyObject {which} return CKR_GENERAL_ERROR"
                with self.subTest(rule, script=script, more=more), self.shim(*UNKNOWN, *script, rule):
                    words = ("cannot be destroyed", "CKR_GENERAL_ERROR", "--delete-object --type privkey")
                    result = self.expect_failure(self.create(*more), 7, *words)
                    self.assertIn(b"ssa-hsm rehearsal".hex(), result.err)
                    self.assertEqual(self.api.asked(), [])
                    self.assertEqual(self.files(), [])

    def test_what_a_rehearsal_left_on_the_token_goes_by_the_command_that_is_said(self) -> None:
        with self.shim(*UNKNOWN, "C_DestroyObject * return CKR_GENERAL_ERROR"):
            result = self.create("--rehearse")
        self.assertEqual(len(self.objects()), 2)
        with self.shim():
            self.follow(result, "pkcs11-tool")
        self.assertEqual(self.objects(), [])


class SignaturePin(FaultCase):
    """A token with a PIN of its own for signatures, which refuses the user's there."""

    def test_one_try_is_spent_whatever_else_the_token_offers(self) -> None:
        own = "C_Login user=CKU_CONTEXT_SPECIFIC *"
        for code, name in ((5, "CKR_PIN_INCORRECT"), (7, "CKR_GENERAL_ERROR"), (7, "CKR_FUNCTION_CANCELED")):
            for way in ("auto", "wrap", "plain"):
                for known in ((), UNKNOWN):
                    with self.subTest(name, way=way, known=not known):
                        self.fresh()
                        script = ("always-authenticate", "mechanism rsa-aes-wrap", f"{own} return {name}", *known)
                        with self.shim(*script) as log:
                            self.expect_failure(self.create("--import", way), code, name, "for this signature")
                        self.assertEqual([c.rv for c in log.of("C_Login")], ["CKR_OK", name])
                        self.assertEqual(self.api.asked(), [])
                        self.assertEqual(self.objects(), [])


class ChangedMeanwhile(FaultCase):
    """The PIN is changed by somebody else between two logins of one command."""

    def test_one_that_was_refused_is_not_sent_again(self) -> None:
        for code in ("CKR_PIN_INCORRECT", "CKR_USER_NOT_LOGGED_IN"):
            for known in ((), UNKNOWN):
                with self.subTest(code, known=not known):
                    self.fresh()
                    script = ("attribute CKA_EXTRACTABLE true on-token while-new", f"C_Login 2+ return {code}", *known)
                    with self.shim(*script) as log:
                        self.assertNotEqual(self.create("--rehearse").code, 0)
                    self.assertEqual([c.rv for c in log.of("C_Login")], ["CKR_OK", code])


class Known(FaultCase):
    def test_a_rehearsal_on_the_token_itself_leaves_nothing(self) -> None:
        with self.shim() as log:
            self.expect(self.create("--rehearse"), 0)
        self.assertEqual(log.count("C_CreateObject"), 4)
        self.assertEqual(len(self.objects()), 2)

    def test_a_module_that_cannot_import_says_which_one_can(self) -> None:
        emulated = "token model PKCS#15 emulated"
        for words, *script in (
            ("ykcs11", "token manufacturer piv_II ", emulated),
            ("admin PIN", "token manufacturer OpenPGP project", emulated),
            ("admin PIN", "token manufacturer ZeitControl", "token label OpenPGP card (User PIN)", emulated),
            ("admin PIN", "token manufacturer Yubico", "token label OpenPGP card (User PIN (sig))", emulated),
            ("--write-object KEY.der", "token manufacturer www.mysmartlogon.com", emulated),
            ("DKEK", "token manufacturer www.CardContact.de", emulated),
            ("pkcs15-init --store-private-key", "token manufacturer Aventra Ltd.", "token model PKCS#15"),
            ("pkcs15-init --store-private-key", "token manufacturer unknown", "token model PKCS#15"),
        ):
            with self.subTest(script), self.shim("info manufacturer OpenSC Project", *script) as log:
                env = {"SSA_HSM_TOKEN": None, "SSA_HSM_PIN_SOURCE": None} if "label" in script[1] else {}
                result = self.expect_failure(self.create(env=env), 7, words)
                self.assertEqual("ykcs11" in result.err, words == "ykcs11")
                self.assertEqual(log.count("C_Login"), 0, "a PIN was tried in vain")
        self.assertEqual(self.api.asked(), [])

    def test_a_card_of_opensc_that_nobody_has_measured_is_rehearsed(self) -> None:
        for script in (("token manufacturer EnterSafe", "token model PKCS#15"),
                       ("token manufacturer A-Trust", "token model PKCS#15 emulated")):  # fmt: skip
            self.fresh()
            opensc = ("info manufacturer OpenSC Project", *script)
            with self.shim(*opensc):
                self.expect(self.create(), 0)
                self.expect(self.run_program("secret", "import"), 0)
            self.fresh()
            self.api.forget_requests()
            refuses = (f"C_CreateObject * {PRIVATE} return CKR_ARGUMENTS_BAD", "mechanism hide CKM_AES_KEY_WRAP_PAD")
            with self.shim(*opensc, *refuses):
                words = ("rehearsal", "CKR_ARGUMENTS_BAD", "--rehearse", "pkcs15-init --store-private-key")
                result = self.expect_failure(self.create(), 7, *words)
                self.assertNotIn("ykcs11", result.err)
            self.assertEqual(self.api.asked(), [])

    def test_a_smartcard_hsm_takes_a_client_secret(self) -> None:
        self.provisioned()
        script = ("info manufacturer OpenSC Project", "token manufacturer www.CardContact.de",
                  "token model PKCS#15 emulated")  # fmt: skip
        with self.shim(*script):
            self.expect(self.run_program("secret", "import"), 0)

    def test_a_slot_is_for_cards(self) -> None:
        self.expect_failure(self.create("--slot", "9a"), 2, "slots")
        self.expect_failure(self.create("--replace"), 2, "slots")
        self.assertEqual(self.api.asked(), [])


class Search(FaultCase):
    def provision_without_module(self) -> None:
        """So that its token is searched for in all modules."""
        made = self.provisioned()
        self.write_profile({**made, "PRIVATE_KEY": made["PRIVATE_KEY"].split("?")[0]})

    def test_a_module_that_crashes_or_hangs_takes_nothing_with_it(self) -> None:
        with self.shim("C_GetSlotList * crash"):
            result = self.run_program("hsm", "list")
        self.expect(result, 4, "--module")
        # A sanitizer makes an exit of the crash.
        self.assertRegex(result.err, r"crashed in C_GetSlotList \(SEGV\)|ended its process in C_GetSlotList")

    def test_one_that_hangs_can_be_interrupted_and_its_process_is_gone(self) -> None:
        self.provision_without_module()
        here = self.dir / "here"
        with self.shim(f"C_GetSlotList * touch {here} sleep 60000"):
            self.user_module("hangs", f"module: {places.shim_library()}")
            # By name, and by a search; the program alone, and the whole foreground, as control-C does.
            named = self.env["SSA_HSM_MODULE"]
            for command, module, send in (
                (("hsm", "list"), named, os.kill),
                (("hsm", "list"), None, os.killpg),
                (("token",), None, os.kill),
            ):
                with self.subTest(command, module=module):
                    here.unlink(missing_ok=True)
                    self.env.pop("SSA_HSM_MODULE", None)
                    self.env.update({"SSA_HSM_MODULE": module} if module else {})
                    process = background(self, *command)
                    eventually(here.exists, "a module hangs")
                    tasks = Path(f"/proc/{process.pid}/task").glob("*/children")
                    children = [child for task in tasks for child in task.read_text().split()]
                    self.assertTrue(children)
                    began = time.monotonic()
                    send(process.pid, signal.SIGINT)
                    result = ended(process)
                    self.assertLess(time.monotonic() - began, 2 * SLOW)
                    self.assertEqual(result.code, -signal.SIGINT, str(result))
                    self.assertEqual([child for child in children if Path("/proc", child).exists()], [])

    def test_one_that_is_asked_does_not_see_the_pin(self) -> None:
        # p11-kit's proxy runs a command for a remote module: that shows what any module could read.
        self.provision_without_module()
        seen, script = self.dir / "seen", self.dir / "asked"
        script.write_text(f"#!/bin/sh\n(echo asked; env) >>{seen}\n")
        script.chmod(0o700)
        proxy = next(Path("/usr/lib").glob("*/p11-kit-proxy.so"))
        made = self.profile()
        uri = made["PRIVATE_KEY"]
        # Where the variable is named: in the environment, in the profile, in the key's URI, in the token's.
        ways: tuple[tuple[dict[str, str | None], dict[str, str]], ...] = (
            ({"SSA_HSM_PIN_SOURCE": "env:MY_PIN"}, {}),
            ({}, {"SSA_HSM_PIN_SOURCE": "env:MY_PIN"}),
            ({}, {"PRIVATE_KEY": f"{uri}?pin-source=env:MY_PIN"}),
            ({"SSA_HSM_TOKEN": f"{uri}?pin-source=env:MY_PIN", "SSA_HSM_PIN_SOURCE": "env:OTHER"}, {}),
            ({"SSA_HSM_PIN_SOURCE": "env:OTHER"}, {"APS_SECRET_ID": "env:MY_PIN"}),
        )
        for env, values in ways:
            with self.subTest(env=env, values=values):
                shutil.rmtree(self.config / "pkcs11", ignore_errors=True)
                self.write_profile({**made, **values})
                given: dict[str, str | None] = {"SSA_HSM_MODULE": None, "SSA_HSM_PIN_SOURCE": None, **env}
                given |= {"MY_PIN": PIN, "OTHER": PIN}
                if "APS_SECRET_ID" in values:
                    given |= {"APS_SECRET_ID": None, "MY_PIN": self.api.secret}
                self.expect(self.run_program("token", env=given), 0)
                self.user_module("proxy", f"module: {proxy}")
                self.user_module("asked", f"remote: |{script}")
                # The proxy has SoftHSM's token as well, so that there is a choice.
                self.expect(self.run_program("token", env=given), 3, "proxy", "softhsm2")
                self.expect(self.run_program("hsm", "list", env=given), 0)
                text = seen.read_text()
                seen.unlink()
                self.assertEqual(text.count("asked\n"), 2, "the module did not look")
                self.assertNotIn("MY_PIN=", text)
                self.assertNotIn(PIN, text if "OTHER" in str(env) else text.replace(f"OTHER={PIN}", ""))
                self.assertNotIn(self.api.secret, text)
