"""The record of failed tries: the token's flags, a state that cannot be written, several runs at once, sudden death."""

from __future__ import annotations

import signal
import time

import denied
from fault_support import background, ended, eventually
from harness import SLOW, Result
from pin_support import AGAIN, PIN, WRONG, PinCase

WAIT = 10 * SLOW


class Flags(PinCase):
    def test_the_final_try_is_not_made_unattended(self) -> None:
        with self.shim("token flags +CKF_USER_PIN_FINAL_TRY") as log:
            self.jwt(code=5, words=("CKF_USER_PIN_FINAL_TRY", "at a terminal"))
            self.jwt("--pin-retry", code=5, words=("CKF_USER_PIN_FINAL_TRY",))
            self.assertEqual(self.logins(log), 0)
        self.assertEqual(self.records(), [])

    def test_the_final_try_needs_a_typed_yes(self) -> None:
        env = {"SSA_HSM_PIN_SOURCE": None}
        with self.shim("token flags +CKF_USER_PIN_FINAL_TRY") as log:
            for answer in ("no", "y", "", "yes please", "\x04"):
                with self.subTest(answer):
                    result = self.typed("jwt", answers=[("one more wrong PIN locks it.*yes/no", answer)], env=env)
                    self.expect(result, 15, "CKF_USER_PIN_FINAL_TRY")
                    self.assertEqual(self.logins(log), 0)
            answers = [("one more wrong PIN locks it.*yes/no", "yes"), (r"PIN of token[^\n]*: ", PIN)]
            self.expect(self.typed("jwt", answers=answers, env=env), 0)
            self.assertEqual(self.logins(log), 1)

    def test_a_locked_pin_is_not_even_asked_for(self) -> None:
        with self.shim("token flags +CKF_USER_PIN_LOCKED") as log:
            self.jwt(code=5, words=("locked",))
            result = self.run_program("jwt", tty=True, env={"SSA_HSM_PIN_SOURCE": None})
            self.expect(result, 5, "CKF_USER_PIN_LOCKED")
            self.assertNotIn("PIN of token", result.err)
            self.assertEqual(self.logins(log), 0)

    def test_a_person_is_told_of_an_earlier_wrong_pin(self) -> None:
        with self.shim("token flags +CKF_USER_PIN_COUNT_LOW"):
            with self.terminal("jwt", env={"SSA_HSM_PIN_SOURCE": None}) as terminal:
                terminal.wait_for("a wrong PIN has been tried")
                terminal.wait_for(r"PIN of token[^\n]*: ")
                terminal.send(PIN + "\r")
                self.assertEqual(terminal.finish(), 0)

    def test_three_tries_and_the_token_is_locked(self) -> None:
        env = {"SSA_HSM_PIN_SOURCE": None}
        prompt = r"PIN of token[^\n]*: "
        with self.shim("pin tries 3") as log:
            self.expect(self.typed("jwt", answers=[(prompt, WRONG), AGAIN], env=env), 5, "CKR_PIN_INCORRECT")
            # After the second one, one more locks the token: that is another question.
            last = [(prompt, WRONG), ("one more wrong PIN locks it.*yes/no", "no")]
            self.expect(self.typed("jwt", answers=last, env=env), 15, "a wrong PIN has been tried")
            self.jwt(code=5, words=("CKF_USER_PIN_FINAL_TRY",))
            last = [("yes/no", "yes"), (prompt, WRONG)]
            self.expect(self.typed("jwt", answers=last, env=env), 5, "CKR_PIN_INCORRECT")
            self.jwt(code=5, words=("CKF_USER_PIN_LOCKED",))
            self.assertEqual(self.logins(log), 3)


class NoState(PinCase):
    """The folder of the records cannot be written."""

    def setUp(self) -> None:
        super().setUp()
        self.state.mkdir(mode=0o500)

    def test_the_right_pin_works(self) -> None:
        self.jwt(code=0)

    def test_a_wrong_pin_is_remembered_elsewhere(self) -> None:
        self.write_pin(WRONG)
        with self.shim() as log:
            self.jwt(code=5, words=("CKR_PIN_INCORRECT",))
            self.jwt(code=5, words=("CKF_USER_PIN_COUNT_LOW", "XDG_STATE_HOME", "--pin-retry"))
            self.assertEqual(self.logins(log), 1)

    def test_nor_is_a_token_locked_that_shows_no_flag(self) -> None:
        self.write_pin(WRONG)
        with self.shim("pin tries 3 silent") as log:
            for _ in range(4):
                self.jwt(code=5)
            self.assertEqual(self.logins(log), 1)

    def test_anothers_mistype_stops_nobody(self) -> None:
        for folder in (None, "run"):
            if folder:
                (self.dir / folder).mkdir(mode=0o700)
                self.env["XDG_RUNTIME_DIR"] = str(self.dir / folder)
            with self.subTest(folder):
                self.store.tool("--list-objects", pin=WRONG)
                with self.shim("token flags +CKF_USER_PIN_COUNT_LOW"):
                    for _ in range(2):
                        self.jwt(code=0)

    def test_a_record_that_stands_in_a_folder_that_can_only_be_read_counts(self) -> None:
        self.state.chmod(0o700)
        self.fail_once()
        for path in (self.state / "ssa-hsm", self.state):
            path.chmod(0o500)
        self.records()[0].chmod(0o400)
        with self.shim() as log:
            self.jwt(code=5, words=("was refused", str(self.records()[0])))
            self.assertEqual(self.logins(log), 0)
            self.write_pin(PIN)
            self.jwt(code=0)

    def test_a_person_may_still_try(self) -> None:
        with self.shim("token flags +CKF_USER_PIN_COUNT_LOW"):
            self.assertEqual(self.at_terminal(PIN).code, 0)

    def test_no_folder_is_known(self) -> None:
        bare = {"HOME": None, "XDG_STATE_HOME": None, "SSA_HSM_PROFILE": str(self.profile_path())}
        self.jwt(code=0, env=bare)
        self.write_pin(WRONG)
        with self.shim() as log:
            self.jwt(code=5, env=bare)
            self.jwt(code=5, words=("CKF_USER_PIN_COUNT_LOW", "--pin-retry"), env=bare)
            self.assertEqual(self.logins(log), 1)


class NoLocks(PinCase):
    """A file system without locks, as NFS without its daemon is."""

    def denied(self, *rules: str) -> Result:
        return self.run_command(denied.argv(rules, self.argv("jwt", "-v")))

    def test_is_no_other_process(self) -> None:
        for rules in (("flock=ENOLCK",), ("flock=ENOSYS",), ("flock=EPERM",), ("flock=EOPNOTSUPP",),
                      ("flock=ENOLCK", "fcntl@1:37=ENOLCK"), ("flock=EINVAL", "fcntl@1:37=EINVAL")):  # fmt: skip
            with self.subTest(rules):
                began = time.monotonic()
                self.expect(self.denied(*rules), 0, "do not take turns")
                self.assertLess(time.monotonic() - began, WAIT)
                self.assertEqual(self.records(), [])

    def test_the_record_counts_all_the_same(self) -> None:
        self.write_pin(WRONG)
        with self.shim() as log:
            self.expect_failure(self.denied("flock=ENOLCK", "fcntl@1:37=ENOLCK"), 5, "CKR_PIN_INCORRECT")
            self.expect_failure(self.denied("flock=ENOLCK", "fcntl@1:37=ENOLCK"), 5, "was refused")
            self.assertEqual(self.logins(log), 1)

    def test_locks_of_the_other_kind_serve(self) -> None:
        self.write_pin(WRONG)
        with self.shim("C_Login 1 sleep 300") as log:
            command = denied.argv(("flock=ENOLCK",), self.argv("jwt"))
            several = [self.start(command) for _ in range(4)]
            codes = [ended(process).code for process in several]
        self.assertEqual(log.count("C_Login"), 1)
        self.assertEqual(codes, [5] * 4)


class OddRecords(PinCase):
    def test_a_full_disk_is_no_record(self) -> None:
        # The record's file can be made and not be filled; it must not count as a failed try afterwards.
        result = self.limited("trap '' XFSZ; ulimit -f 0", "jwt")
        self.expect(result, 0)
        self.assertEqual(self.records(), [])

    def test_a_record_that_is_no_file(self) -> None:
        with self.shim():
            self.fail_once()
        record = self.records()[0]
        record.unlink()
        record.mkdir()
        with self.shim() as log:
            self.jwt(code=5, words=("CKF_USER_PIN_COUNT_LOW",))
            self.assertEqual(self.logins(log), 0)

    def test_a_link_in_its_place_is_not_followed(self) -> None:
        self.fail_once()
        record, victim = self.records()[0], self.dir / "victim"
        record.unlink()
        victim.write_text("precious")
        record.symlink_to(victim)
        self.write_pin("0000-other")
        self.run_program("jwt")
        self.assertEqual(victim.read_text(), "precious")


class Several(PinCase):
    def test_four_at_once_with_the_right_pin(self) -> None:
        with self.shim() as log:
            results = [ended(p) for p in [background(self, "jwt") for _ in range(4)]]
        self.assertEqual([r.code for r in results], [0] * 4, [str(r) for r in results])
        self.assertEqual(self.records(), [])

    def test_four_at_once_with_a_wrong_pin_spend_one_try(self) -> None:
        self.write_pin(WRONG)
        with self.shim("C_Login 1 sleep 300") as log:
            results = [ended(p) for p in [background(self, "jwt") for _ in range(4)]]
        self.assertEqual(log.count("C_Login"), 1)
        self.assertEqual({r.code for r in results} - {4, 7}, {5}, [str(r) for r in results])

    def test_a_slow_login_holds_nobody_up_for_ever(self) -> None:
        with self.shim("C_Login 1 sleep 500"):
            began = time.monotonic()
            results = [ended(p) for p in [background(self, "jwt") for _ in range(2)]]
        self.assertTrue(any(r.code == 0 for r in results))
        self.assertLess(time.monotonic() - began, WAIT)


    def test_the_right_pin_of_one_does_not_forget_the_try_of_another_that_is_under_way(self) -> None:
        here, go = self.dir / "here", self.dir / "go"
        self.write_pin(WRONG)
        with self.shim(f"C_Login 1 touch {here} wait {go}"):
            slow = background(self, "jwt")
            eventually(here.exists, "the login is under way")
        self.assertEqual(self.at_terminal(PIN).code, 0)
        go.touch()
        self.expect_failure(ended(slow), 5, "CKR_PIN_INCORRECT")
        self.assertEqual(len(self.records()), 1)
        with self.shim() as log:
            self.jwt(code=5, words=("--pin-retry",))
            self.assertEqual(self.logins(log), 0)


class Killed(PinCase):
    def test_killed_during_the_login_with_the_right_pin(self) -> None:
        for side in ("before", "after"):
            with self.subTest(side), self.shim(f"C_Login 1 kill {side}"):
                for _ in range(3):
                    self.assertEqual(self.run_program("jwt").code, -signal.SIGKILL)
            self.assertEqual(len(self.records()), 1)
            # The token shows that no wrong PIN was among them: nobody has to come.
            self.jwt(code=0)
            self.assertEqual(self.records(), [])

    def test_killed_at_each_login_with_a_wrong_pin(self) -> None:
        self.write_pin(WRONG)
        with self.shim("C_Login * kill after") as log:
            self.assertEqual(self.run_program("jwt").code, -signal.SIGKILL)
            for _ in range(3):
                self.jwt(code=5, words=("counted a wrong PIN", "--pin-retry"))
            self.assertEqual(self.logins(log), 1)

    def test_terminated_during_the_login(self) -> None:
        here = self.dir / "here"
        with self.shim(f"C_Login 1 touch {here} sleep 400") as log:
            process = background(self, "jwt")
            eventually(here.exists, "the login is under way")
            process.terminate()
            result = ended(process)
            self.assertEqual(result.code, -signal.SIGTERM, str(result))
            self.assertEqual(log.count("C_Logout"), 1)
        # The PIN was right: nothing is recorded.
        self.assertEqual(self.records(), [])
        self.jwt(code=0)

    def test_interrupted_before_the_login_spends_nothing(self) -> None:
        with self.shim("C_OpenSession 1 signal TERM") as log:
            self.assertEqual(self.run_program("jwt").code, -signal.SIGTERM)
            self.assertEqual(self.logins(log), 0)
        self.assertEqual(self.records(), [])
