"""A PIN is tried once: what an unattended run may try, after which failures, and what lets it try again."""

from __future__ import annotations

import json
import os
import stat

import places
from fault_support import background, ended, eventually
from harness import LABEL
from pin_support import PIN, WRONG, PinCase


class WrongPin(PinCase):
    def test_is_tried_once_and_recorded(self) -> None:
        self.write_pin(WRONG)
        with self.shim() as log:
            self.jwt(code=5, words=("CKR_PIN_INCORRECT", "tried once", "token=work"))
            self.assertEqual(self.logins(log), 1)
        self.assertEqual(len(self.records()), 1)
        self.assertEqual(stat.S_IMODE(self.records()[0].stat().st_mode), 0o600)
        self.assertNotIn(WRONG, self.records()[0].read_text())

    def test_a_card_that_says_that_nobody_is_logged_in_has_refused_it(self) -> None:
        # OpenSC's answer of an OpenPGP card, which has not told the wrong PIN apart.
        self.write_pin(WRONG)
        with self.shim("C_Login user=CKU_USER * return CKR_USER_NOT_LOGGED_IN") as log:
            self.jwt(code=5, words=("refuses the PIN", "CKR_USER_NOT_LOGGED_IN", "tried once"))
            self.jwt(code=5, words=("was refused",))
            self.assertEqual(self.logins(log), 1)

    def test_a_second_run_spends_nothing(self) -> None:
        self.fail_once()
        with self.shim() as log:
            for command in ("jwt", "token"):
                result = self.run_program(command)
                self.expect_failure(result, 5, "--pin-retry", "at a terminal", str(self.records()[0]))
            self.assertEqual(self.logins(log), 0)
        self.assertEqual(self.api.asked(), [])

    def test_nor_do_the_other_commands(self) -> None:
        self.fail_once()
        with self.shim() as log:
            self.expect_failure(self.create("--output", self.dir / "x.env"), 5, "--pin-retry")
            self.expect_failure(self.run_program("exec", "--", "true"), 125, "--pin-retry")
            self.assertEqual(self.logins(log), 0)

    def test_a_changed_file_may_be_tried(self) -> None:
        self.fail_once()
        self.write_pin(PIN)
        self.jwt(code=0)
        self.assertEqual(self.records(), [])

    def test_a_changed_file_that_is_wrong_again_is_tried_once(self) -> None:
        self.fail_once()
        self.write_pin("0000-other")
        with self.shim() as log:
            self.jwt(code=5, words=("CKR_PIN_INCORRECT",))
            self.jwt(code=5, words=("--pin-retry",))
            self.assertEqual(self.logins(log), 1)

    def test_a_file_edited_in_place_is_a_changed_one(self) -> None:
        self.fail_once()
        self.pin_file.write_text(PIN + "\n")
        self.jwt(code=0)

    def test_pin_retry_allows_one_more(self) -> None:
        self.fail_once()
        with self.shim() as log:
            self.jwt("--pin-retry", code=5, words=("CKR_PIN_INCORRECT",))
            self.jwt(code=5, words=("--pin-retry",))
            self.assertEqual(self.logins(log), 1)

    def test_a_success_at_a_terminal_clears_it(self) -> None:
        self.fail_once()
        self.assertEqual(self.at_terminal(PIN).code, 0)
        self.assertEqual(self.records(), [])

    def test_a_failure_at_a_terminal_is_not_recorded(self) -> None:
        self.assertEqual(self.at_terminal(WRONG).code, 5)
        self.assertEqual(self.records(), [])
        self.jwt(code=0)

    def test_anothers_mistype_stops_nobody(self) -> None:
        self.store.tool("--list-objects", pin=WRONG)
        with self.shim() as log:
            self.jwt(code=0)
            self.assertEqual(self.logins(log), 1)

    def test_a_service_that_restarts_spends_one_try(self) -> None:
        self.write_pin(WRONG)
        with self.shim("pin tries 3 silent") as log:
            for _ in range(5):
                self.jwt(code=5)
            self.assertEqual(self.logins(log), 1)
            self.write_pin(PIN)
            self.jwt(code=0)

    def test_another_token_has_a_record_of_its_own(self) -> None:
        self.store.initialise("other")
        self.fail_once()
        self.env["SSA_HSM_TOKEN"] = "pkcs11:token=other"
        other = self.dir / "other-pin"
        self.write_pin(PIN, other)
        result = self.create("--output", self.dir / "x.env", env={"SSA_HSM_PIN_SOURCE": f"file:{other}"})
        self.expect(result, 0)
        self.assertEqual(len(self.records()), 1)

    def test_two_files_that_are_wrong_are_tried_once_each(self) -> None:
        other = self.dir / "other pin"
        self.write_pin(WRONG)
        self.write_pin(WRONG, other)
        with self.shim() as log:
            for code_words in (("CKR_PIN_INCORRECT",), ("--pin-retry",), ("--pin-retry",)):
                self.jwt(code=5, words=code_words)
                self.jwt(code=5, words=code_words, env={"SSA_HSM_PIN_SOURCE": f"file:{other}"})
            self.assertEqual(self.logins(log), 2)
            # One that is changed may be tried, and the other one stays as it is.
            self.write_pin(PIN, other)
            for _ in range(2):
                self.jwt(code=0, env={"SSA_HSM_PIN_SOURCE": f"file:{other}"})
                self.jwt(code=5, words=("--pin-retry",))
            self.assertEqual(self.logins(log), 2)
            self.write_pin(PIN)
            self.jwt(code=0)
        self.assertEqual(self.records(), [])

    def test_a_right_pin_on_another_token_of_the_same_name_forgets_no_wrong_one(self) -> None:
        self.store.initialise("other", "another-pin")
        other = self.dir / "other-pin"
        self.write_pin("another-pin", other)
        with self.shim("token label twin", "token serial 1") as log:
            self.env["SSA_HSM_TOKEN"] = ""
            listed = json.loads(self.expect(self.run_program("hsm", "list", "--json"), 0).out)
            uris = [one["uri"] for one in listed if one["kind"] == "token"]
            self.assertEqual(len(uris), 2)
            self.write_pin(WRONG)
            right = {"SSA_HSM_PIN_SOURCE": f"file:{other}"}
            used = next(uri for uri in uris if self.listed(uri, right, "--pin-retry") == 0)
            (wrong,) = {*uris} - {used}
            self.expect(self.run_program("hsm", "list", "--login", "--pin-retry", env={"SSA_HSM_TOKEN": wrong}), 5)
            log.forget()
            for _ in range(3):
                self.assertEqual(self.listed(used, right), 0)
                self.assertEqual(self.listed(wrong), 5)
            self.assertEqual(self.logins(log), 3)

    def listed(self, token: str, env: dict[str, str] | None = None, *more: str) -> int:
        return self.run_program("hsm", "list", "--login", *more, env={**(env or {}), "SSA_HSM_TOKEN": token}).code

    def test_a_login_that_never_reached_the_pin_is_no_try(self) -> None:
        with self.shim("C_Login 1 return CKR_TOKEN_NOT_PRESENT"):
            self.jwt(code=7)
        self.assertEqual(self.records(), [])
        self.jwt(code=0)

    def test_a_login_that_broke_may_have_been_a_try(self) -> None:
        # On a token that sets COUNT_LOW after the first wrong PIN, a flag that is not set says that it was none.
        with self.shim("C_Login 1 return CKR_DEVICE_ERROR") as log:
            for _ in range(3):
                self.jwt(code=7, words=("is not known",))
            self.assertEqual(self.logins(log), 3)
        self.assertEqual(len(self.records()), 1)
        self.jwt(code=0)
        self.assertEqual(self.records(), [])

    def test_a_broken_login_after_which_the_token_counts_a_wrong_pin_is_a_try(self) -> None:
        self.write_pin(WRONG)
        with self.shim("C_Login 1 after-return CKR_DEVICE_ERROR") as log:
            self.jwt(code=7, words=("is not known",))
            self.jwt(code=5, words=("counted a wrong PIN", "--pin-retry"))
            self.assertEqual(self.logins(log), 1)

    def test_anothers_mistype_before_it_does_not_count(self) -> None:
        self.store.tool("--list-objects", pin=WRONG)
        with self.shim("C_Login 1 return CKR_DEVICE_ERROR"):
            self.jwt(code=7)
        self.jwt(code=0)

    def test_a_device_that_is_lost_at_the_login_is_opened_anew(self) -> None:
        for code in ("CKR_DEVICE_REMOVED", "CKR_SESSION_HANDLE_INVALID", "CKR_SESSION_CLOSED"):
            with self.subTest(code), self.shim(f"C_Login 1 return {code}") as log:
                self.jwt(code=0)
                self.assertEqual((log.count("C_Initialize"), self.logins(log)), (2, 2))
        self.assertEqual(self.records(), [])

    def test_nor_without_end(self) -> None:
        with self.shim("C_Login * return CKR_DEVICE_REMOVED") as log:
            self.jwt(code=7, words=("CKR_DEVICE_REMOVED",))
            self.assertEqual(self.logins(log), 2)

    def test_a_wrong_pin_after_a_lost_device_is_answered_once(self) -> None:
        self.write_pin(WRONG)
        with self.shim("C_Login 1 return CKR_DEVICE_REMOVED") as log:
            self.jwt(code=5, words=("CKR_PIN_INCORRECT",))
            self.jwt(code=5, words=("was refused",))
            self.assertEqual(self.logins(log), 2)

    def test_a_token_that_is_gone_before_the_login_gets_no_pin(self) -> None:
        for rule in ("C_OpenSession 1 remove after", "C_GetSlotInfo 1 remove after"):
            with self.subTest(rule), self.shim(rule) as log:
                result = self.run_program("jwt")
                self.assertIn(result.code, (4, 7), str(result))
                self.assertEqual(self.logins(log), 0)
        self.assertEqual(self.records(), [])

    def test_one_that_comes_back_is_opened_anew(self) -> None:
        gone = self.dir / "gone"
        with self.shim(f"token absent-while {gone}", f"C_OpenSession 1 touch {gone} after"):
            process = background(self, "jwt")
            eventually(gone.exists, "the token is gone")
            gone.unlink()
            self.expect(ended(process), 0)

    def test_a_missing_key_is_no_wrong_pin(self) -> None:
        with self.shim("C_FindObjectsInit 1 return CKR_DEVICE_ERROR"):
            self.jwt(code=7)
        self.jwt(code=0)


class Sources(PinCase):
    def test_env_is_never_tried_again(self) -> None:
        with self.shim() as log:
            self.jwt(code=5, env={"SSA_HSM_PIN_SOURCE": "env:P", "P": WRONG})
            # The right one, but that cannot be told from here.
            self.jwt(code=5, words=("--pin-retry",), env={"SSA_HSM_PIN_SOURCE": "env:P", "P": PIN})
            self.assertEqual(self.logins(log), 1)
            self.jwt("--pin-retry", code=0, env={"SSA_HSM_PIN_SOURCE": "env:P", "P": PIN})
            self.jwt(code=0, env={"SSA_HSM_PIN_SOURCE": "env:P", "P": PIN})

    def by_descriptor(self, pin: str, *arguments: str, code: int) -> None:
        read, write = os.pipe()
        os.write(write, pin.encode() + b"\n")
        os.close(write)
        try:
            self.jwt(*arguments, code=code, env={"SSA_HSM_PIN_SOURCE": f"fd:{read}"}, pass_fds=(read,))
        finally:
            os.close(read)

    def test_a_descriptor_is_never_tried_again(self) -> None:
        self.by_descriptor(PIN, code=0)
        with self.shim() as log:
            self.by_descriptor(WRONG, code=5)
            self.by_descriptor(PIN, code=5)
            self.assertEqual(self.logins(log), 1)
            self.by_descriptor(PIN, "--pin-retry", code=0)

    def test_standard_input(self) -> None:
        self.jwt(code=0, env={"SSA_HSM_PIN_SOURCE": "fd:0"}, input=PIN + "\n")

    def test_a_shells_process_substitution(self) -> None:
        script = f'SSA_HSM_PIN_SOURCE="file:"<(echo {PIN}) exec "$@"'
        self.expect(self.run_command([places.tool("bash"), "-c", script, "bash", *self.argv("jwt")]), 0)

    def test_a_credential_is_never_tried_again(self) -> None:
        folder = self.dir / "credentials"
        folder.mkdir()
        env = {"SSA_HSM_PIN_SOURCE": "credential:pin", "CREDENTIALS_DIRECTORY": str(folder)}
        self.write_pin(PIN, folder / "pin")
        self.jwt(code=0, env=env)
        with self.shim() as log:
            self.write_pin(WRONG, folder / "pin")
            self.jwt(code=5, env=env)
            # Made anew, as at each start of a unit.
            self.write_pin(WRONG, folder / "pin")
            self.jwt(code=5, words=("--pin-retry",), env=env)
            self.assertEqual(self.logins(log), 1)

    def test_the_uris_pin_source(self) -> None:
        uri = f"{self.values['PRIVATE_KEY']}&pin-source=file:{self.pin_file}"
        names = ("SERVICE_ACCOUNT_ID", "KEY_ID", "SSA_EMAIL")
        env = {"SSA_HSM_PIN_SOURCE": None, "PRIVATE_KEY": uri, **{n: self.values[n] for n in names}}
        self.jwt(code=0, env=env)
        self.write_pin(WRONG)
        with self.shim() as log:
            self.jwt(code=5, words=("CKR_PIN_INCORRECT",), env=env)
            self.jwt(code=5, words=("--pin-retry",), env=env)
            self.assertEqual(self.logins(log), 1)

    def test_pins_and_commands_in_a_uri_are_refused(self) -> None:
        for bad in (f"pin-value={PIN}", "pin-source=|cat%20pin", "pin-source=%7Ccat%20pin"):
            with self.subTest(bad), self.shim() as log:
                uri = f"pkcs11:token={LABEL}?{bad}"
                target = self.dir / "x.env"
                result = self.create("--output", target, "--token", uri, env={"SSA_HSM_PIN_SOURCE": None})
                self.expect_failure(result, 3)
                self.assertEqual(self.logins(log), 0)

    def test_a_pin_in_the_place_of_a_source_is_not_repeated(self) -> None:
        result = self.run_program("jwt", env={"SSA_HSM_PIN_SOURCE": PIN})
        self.expect_failure(result, 3, "SSA_HSM_PIN_SOURCE", "file:PATH")

    def test_sources_that_give_nothing(self) -> None:
        missing, empty = self.dir / "missing", self.dir / "empty"
        empty.touch(mode=0o600)
        unreadable = self.dir / "unreadable"
        unreadable.touch(mode=0)
        with self.shim() as log:
            for source in (f"file:{missing}", f"file:{empty}", f"file:{unreadable}", "file:", f"file:{self.dir}",
                           "env:NOT_SET", "env:", "fd:77", "fd:x", "fd:-1", "credential:pin",
                           "credential:../pin"):  # fmt: skip
                with self.subTest(source):
                    self.jwt(code=3, env={"SSA_HSM_PIN_SOURCE": source})
            self.assertEqual(self.logins(log), 0)
        self.assertEqual(self.records(), [])

    def test_another_encoding_is_refused_before_a_login(self) -> None:
        texts = (PIN.encode("utf-8-sig"), PIN.encode("utf-16"), PIN.encode("utf-16-le"), PIN.encode("utf-16-be"),
                 PIN.encode("utf-32"), PIN.encode() + b"\0\n")  # fmt: skip
        with self.shim() as log:
            for text in texts:
                with self.subTest(text=text):
                    self.pin_file.write_bytes(text)
                    self.jwt(code=3, words=(str(self.pin_file), "utf8NoBOM"))
            marked = "\ufeff" + PIN
            env = {"SSA_HSM_PIN_SOURCE": "env:P", "P": marked}
            self.jwt(code=3, words=("env:P", "byte order mark of UTF-8"), env=env)
            self.assertEqual(self.logins(log), 0)
        self.assertEqual(self.records(), [])
        secret = self.dir / "secret"
        secret.write_bytes(self.api.secret.encode("utf-16"))
        self.write_pin(PIN)
        result = self.run_program("token", env={"APS_SECRET_ID": f"file:{secret}"})
        self.expect_failure(result, 3, str(secret), "UTF-16")
        self.assertEqual(self.api.asked(), [])

    def test_a_file_that_others_can_read_is_warned_about(self) -> None:
        self.pin_file.chmod(0o644)
        self.jwt(code=0, words=("warning", str(self.pin_file), "chmod 600"))

    def test_one_trailing_newline_is_no_part_of_it(self) -> None:
        for text in (PIN, f"{PIN}\n", f"{PIN}\r\n"):
            with self.subTest(text=text.encode()):
                self.pin_file.write_bytes(text.encode())
                self.jwt("--pin-retry", code=0)
                self.jwt("--pin-retry", code=0, env={"SSA_HSM_PIN_SOURCE": "env:P", "P": text})
        self.pin_file.write_text(f"{PIN}\n\n")
        with self.shim() as log:
            self.jwt(code=3, words=("more than one line",))
            self.assertEqual(self.logins(log), 0)

    def test_a_blank_that_was_copied_with_it_is_told(self) -> None:
        for text in (f"{PIN} ", f" {PIN}\n", f"{PIN}\t\r\n"):
            with self.subTest(text.replace(PIN, "PIN")):
                (self.dir / "pin").write_text(text)
                self.expect(self.run_program("jwt"), 5, "begins or ends with a blank", "CKR_PIN_INCORRECT", out="")
        (self.dir / "pin").write_text("wrong pin")
        self.assertNotIn("blank", self.expect(self.run_program("jwt"), 5, "CKR_PIN_INCORRECT").err)


class Lengths(PinCase):
    def test_a_pin_outside_the_tokens_lengths_is_not_tried(self) -> None:
        for limits in ("10 20", "4 6"):
            with self.subTest(limits), self.shim(f"token pinlen {limits}") as log:
                self.jwt(code=5, words=("CKR_PIN_LEN_RANGE", "no try was spent"))
                self.assertEqual(self.logins(log), 0)
                self.assertEqual(self.records(), [])

    def test_a_pin_longer_than_any(self) -> None:
        self.write_pin("7" * 5000)
        with self.shim() as log:
            self.assertIn(self.run_program("jwt").code, (3, 5))
            self.assertEqual(self.logins(log), 0)

    def test_nonsense_lengths_are_not_gone_by(self) -> None:
        with self.shim("token pinlen 0 0"):
            self.jwt(code=0)
