"""Many processes at one token: each gets what it came for, and none waits for ever."""

from __future__ import annotations

import signal
import time

import places
from fault_support import background, ended, eventually
from harness import SLOW, CallLog
from pin_support import PIN, PinCase
from test_card import script

MANY = 6 if places.wrapper() else 50
# The time in which a token is looked for again, and what a loaded machine adds to it.
PATIENCE, ALLOWANCE = 1.0, 4.0 * SLOW


class Many(PinCase):
    def test_fifty_at_once(self) -> None:
        # The records of tries keep logins of one PIN apart; people's, and other tokens' of the same kind, are not kept.
        for command in ("jwt", "token"):
            with self.subTest(command):
                results = [ended(p) for p in [background(self, command) for _ in range(MANY)]]
                self.assertEqual([str(r) for r in results if r.code != 0], [])
        self.assertEqual(self.records(), [])

    def secret_on_another_token(self) -> None:
        self.store.initialise("other")
        literal = {"APS_SECRET_ID": self.api.secret}
        done = self.run_program("secret", "import", "--token", "pkcs11:token=other", env=literal)
        self.expect(done, 0)
        uri = done.out.split('"')[1]
        env = {"APS_SECRET_ID": f"{uri}{'&' if '?' in uri else '?'}pin-source=file:{self.pin_file}"}
        self.env.update(env)

    def test_the_client_secret_is_on_another_token(self) -> None:
        self.secret_on_another_token()
        results = [ended(p) for p in [background(self, "token") for _ in range(MANY // 3)]]
        self.assertEqual([str(r) for r in results if r.code != 0], [])

    def test_another_token_that_was_read_by_half_is_read_afresh(self) -> None:
        # More logins than there is patience for: while the key's token is open, too, the module is not started anew.
        self.secret_on_another_token()
        with self.shim("C_Login 1-25 return CKR_USER_PIN_NOT_INITIALIZED") as log:
            self.expect(self.run_program("token"), 0)
        self.assertGreater(log.count("C_Initialize"), 1)
        self.assertEqual(self.records(), [])


class Hidden(PinCase):
    """What another process's login does to a token of SoftHSM's: for a moment it is not there, or half."""

    def test_a_named_token_is_looked_for_again(self) -> None:
        gone = self.dir / "gone"
        gone.touch()
        with self.shim(f"token absent-while {gone}") as log:
            process = background(self, "jwt")
            eventually(lambda: log.count("C_Initialize") >= 3, "it was looked for more than once")
            gone.unlink()
            self.expect(ended(process), 0)
        # A fresh start each time: what a module has read it does not read again.
        self.assertEqual(log.count("C_Initialize"), log.count("C_Finalize"))

    def test_it_is_looked_for_where_modules_are_searched(self) -> None:
        gone = self.dir / "gone"
        self.user_module("softhsm2", "enable-in: nothing")
        self.user_module("shim", f"module: {places.shim_library()}")
        block = {k: v.split("?")[0] for k, v in self.values.items()}
        self.write_profile({k: v for k, v in block.items() if k != "SSA_HSM_MODULE"})
        with self.shim(f"token absent-while {gone}") as log:
            gone.touch()
            self.env.pop("SSA_HSM_MODULE")
            process = background(self, "jwt")
            eventually(lambda: log.count("C_Initialize") >= 2, "it was looked for more than once")
            gone.unlink()
            self.expect(ended(process), 0)

    def looked_for(self, *arguments: str, code: int, words: str) -> tuple[float, CallLog]:
        with self.shim() as log:
            began = time.monotonic()
            self.expect(self.run_program(*arguments), code, words)
            return time.monotonic() - began, log

    def test_a_wrong_label_is_said_after_a_second(self) -> None:
        self.write_profile({**self.values, "PRIVATE_KEY": "pkcs11:token=wrong;object=x;type=private"})
        took, log = self.looked_for("jwt", code=4, words="no such PKCS#11 token is there")
        self.assertLess(took, PATIENCE + ALLOWANCE)
        self.assertGreater(log.count("C_Initialize"), 2)

    def test_one_that_is_not_named_is_not_looked_for_again(self) -> None:
        self.profile_path().unlink()
        with self.shim("token absent-while /") as log:
            self.expect(self.run_program("hsm", "list", "--login", env={"SSA_HSM_TOKEN": None}), 4)
            self.assertEqual(log.count("C_Initialize"), 1)

    def test_half_a_token_is_looked_at_again(self) -> None:
        for rule in ("C_GetTokenInfo 1-2 return CKR_TOKEN_NOT_RECOGNIZED",
                     "C_Login 1-2 return CKR_GENERAL_ERROR",
                     "C_Login 1 return CKR_USER_PIN_NOT_INITIALIZED"):  # fmt: skip
            with self.subTest(rule), self.shim(rule):
                self.jwt(code=0)
        self.assertEqual(self.records(), [])

    def test_waiting_for_a_turn_uses_up_no_patience(self) -> None:
        here = self.dir / "here"
        self.store.initialise("other")
        with self.shim(f"C_Login 1 touch {here} sleep {int(1500 * PATIENCE)}"):
            slow = background(self, "hsm", "list", "--login", "--token", "other")
            eventually(here.exists, "another process logs in, to another token")
        with self.shim("C_Login 1 return CKR_USER_PIN_NOT_INITIALIZED") as log:
            self.jwt(code=0)
            self.assertEqual(self.logins(log), 2)
        self.expect(ended(slow), 0)
        self.assertEqual(self.records(), [])

    def test_many_slow_logins_stay_in_turn(self) -> None:
        # More than one that hangs is waited for: a turn that changes hands does not hang.
        labels = [f"token-{i}" for i in range(9)]
        for label in labels:
            self.store.initialise(label)
        with self.shim("C_Login 1 sleep 800") as log:
            looking = [background(self, "hsm", "list", "--login", "--token", label) for label in labels]
            results = [ended(p) for p in looking]
        self.assertEqual([str(r) for r in results if r.code != 0], [])
        logins = sorted((c.time, c.time + c.took) for c in log.of("C_Login"))
        for (_, ended_at), (began, _) in zip(logins, logins[1:], strict=False):
            self.assertLessEqual(ended_at, began)

    def test_a_token_without_a_pin_is_said_to_have_none(self) -> None:
        with self.shim("token flags -CKF_USER_PIN_INITIALIZED") as log:
            self.jwt(code=5, words=("no user PIN yet",))
            self.assertEqual(self.logins(log), 0)


class Turns(PinCase):
    """A card whose module resets it when a process ends: processes come one after the other."""

    def card(self, *rules: str) -> tuple[str, ...]:
        return (*script().splitlines(), *rules)

    def setUp(self) -> None:
        super().setUp()
        key = next(line.split()[1] for line in self.card() if line.startswith("so-pin "))
        self.env.update(SSA_HSM_SO_PIN_SOURCE="env:MANAGEMENT_KEY", MANAGEMENT_KEY=key)
        with self.shim(*self.card()):
            self.expect(self.run_program("account", "create", "service", "my-card", "--force"), 0)

    def spans(self, log: CallLog) -> list[tuple[float, float]]:
        """From the first look at the card to the end; a process that does not find it leaves its turn and looks again."""
        found: list[tuple[float, float]] = []
        began: dict[int, float] = {}
        for call in log.calls:
            if call.name == "C_GetSlotList":
                began.setdefault(call.pid, call.time)
            elif call.name == "C_Finalize" and call.pid in began:
                found.append((began.pop(call.pid), call.time + call.took))
        return sorted(found + [(at, at) for at in began.values()])

    def assert_in_turn(self, log: CallLog, count: int) -> None:
        spans = self.spans(log)
        self.assertGreaterEqual(len(spans), count)
        for (_, ended_at), (began, _) in zip(spans, spans[1:], strict=False):
            self.assertLessEqual(ended_at, began)

    def test_one_after_the_other(self) -> None:
        with self.shim(*self.card("C_SignInit 1 sleep 100")) as log:
            results = [ended(p) for p in [background(self, "jwt") for _ in range(5)]]
        self.assertEqual([str(r) for r in results if r.code != 0], [])
        self.assert_in_turn(log, 5)
        self.assertEqual(self.records(), [])

    def test_looks_come_in_turn_too(self) -> None:
        here, go = self.dir / "here", self.dir / "go"
        with self.shim(*self.card(f"C_SignInit 1 touch {here} wait {go}")) as log:
            process = background(self, "jwt")
            eventually(here.exists, "the token is in use")
            looking = [background(self, *words, env=self.hasty(10)) for words in (("hsm", "list"), ("key", "list"))]
            eventually(lambda: log.count("C_Initialize") == 3, "the others have begun")
            # Longer than a module that does not answer is waited for, by their clock.
            time.sleep(1.1)
            self.assertEqual(len(self.spans(log)), 1)
            go.touch()
            for one in (process, *looking):
                self.expect(ended(one), 0)

    def test_a_killed_one_leaves_its_turn(self) -> None:
        with self.shim(*self.card("C_Login 1 kill after")):
            self.assertEqual(self.run_program("jwt").code, -signal.SIGKILL)
        with self.shim(*self.card()) as log:
            # The card shows no flag: one more try is made, and it is right.
            self.jwt(code=0)
            self.assertEqual(self.logins(log), 1)
        self.assertEqual(self.records(), [])

    def test_kills_without_end_do_not_lock_it(self) -> None:
        for pin in (PIN, "123450"):
            self.write_pin(pin)
            with self.subTest(pin == PIN), self.shim(*self.card("C_Login * kill after")) as log:
                codes = [self.run_program("jwt").code for _ in range(5)]
                self.assertEqual(codes, [-signal.SIGKILL, -signal.SIGKILL, 5, 5, 5])
                self.assertEqual(log.count("C_Login"), 2)
            # Two wrong ones of three may have been among them, so that the last is a person's to try.
            answers = [("one more wrong PIN locks it.*yes/no", "yes"), (r"PIN of token[^\n]*: ", PIN)]
            with self.shim(*self.card()):
                self.expect(self.typed("jwt", answers=answers, env={"SSA_HSM_PIN_SOURCE": None}), 0)
            self.assertEqual(self.records(), [])

    def test_a_reset_at_the_login_is_no_try(self) -> None:
        for code in ("CKR_DEVICE_REMOVED", "CKR_DEVICE_ERROR", "CKR_TOKEN_NOT_PRESENT",
                     "CKR_FUNCTION_FAILED", "CKR_FUNCTION_NOT_SUPPORTED"):  # fmt: skip
            with self.subTest(code), self.shim(*self.card(f"C_Login 1 return {code}")) as log:
                self.jwt(code=0)
                self.assertEqual(self.logins(log), 2)
        self.assertEqual(self.records(), [])

    def test_a_reset_while_the_card_is_read_hides_no_key(self) -> None:
        with self.shim(*self.card("C_FindObjects 1 blind")) as log:
            self.jwt(code=0)
            self.assertEqual([c.rv for c in log.of("C_Login")], ["CKR_OK"] * 2)
        self.assertEqual(self.records(), [])

    def test_a_reset_at_the_signature_is_made_good(self) -> None:
        for rule in ("C_Sign 1 return CKR_DEVICE_ERROR", "C_Sign 1 return CKR_DEVICE_REMOVED",
                     "C_Sign 1 return CKR_USER_NOT_LOGGED_IN", "C_Sign 1 return CKR_SESSION_HANDLE_INVALID",
                     # The card was reset between two parts of the signature, and answers as without its application.
                     "C_Sign 1 return CKR_FUNCTION_NOT_SUPPORTED", "C_Sign 1 return CKR_FUNCTION_FAILED",
                     "C_Sign 1 return CKR_ARGUMENTS_BAD", "C_Sign 1 return CKR_KEY_HANDLE_INVALID",
                     "C_SignInit 1 return CKR_DEVICE_ERROR"):  # fmt: skip
            with self.subTest(rule), self.shim(*self.card(rule)) as log:
                self.jwt(code=0)
                self.assertEqual([c.rv for c in log.of("C_Login")], ["CKR_OK"] * 2)
                self.assertEqual(log.of("C_Sign")[-1].rv, "CKR_OK")
        self.assertEqual(self.records(), [])

    def test_a_card_that_never_signs_is_asked_twice(self) -> None:
        with self.shim(*self.card("C_Sign * return CKR_DEVICE_ERROR")) as log:
            self.jwt(code=7, words=("does not sign", "CKR_DEVICE_ERROR"))
            self.assertEqual((log.count("C_Sign"), log.count("C_Login")), (2, 2))
        self.assertEqual(self.records(), [])

    def test_a_card_that_is_pulled_at_the_signature_gets_no_pin(self) -> None:
        with self.shim(*self.card("C_Sign 1 remove")) as log:
            self.jwt(code=7, words=("not there any more",))
            self.assertEqual(log.count("C_Login"), 1)
        self.assertEqual(self.records(), [])

    def test_another_failure_to_sign_is_final(self) -> None:
        for code in ("CKR_DATA_LEN_RANGE", "CKR_KEY_FUNCTION_NOT_PERMITTED"):
            with self.subTest(code), self.shim(*self.card(f"C_Sign * return {code}")) as log:
                self.jwt(code=7, words=(code,))
                self.assertEqual(log.count("C_Sign"), 1)
        for code in ("CKR_DEVICE_ERROR", "CKR_FUNCTION_FAILED"):
            with self.subTest(code, card=False), self.shim(f"C_Sign * return {code}") as log:
                self.jwt(code=7, words=(code,))
                self.assertEqual(log.count("C_Sign"), 1)

    def test_resets_without_end_are_two_tries_for_ever(self) -> None:
        with self.shim(*self.card("C_Login * return CKR_DEVICE_ERROR")) as log:
            self.jwt(code=7, words=("CKR_DEVICE_ERROR",))
            for _ in range(3):
                self.jwt(code=5, words=("not answered", "one more wrong PIN locks"))
            self.assertEqual(self.logins(log), 2)

    def test_waiting_ends_with_the_timeout_and_with_a_signal(self) -> None:
        here, go = self.dir / "here", self.dir / "go"
        with self.shim(*self.card(f"C_SignInit 1 touch {here} wait {go}")) as log:
            process = background(self, "jwt")
            eventually(here.exists, "the token is in use")
            began = time.monotonic()
            self.expect_failure(self.run_program("jwt", "--timeout", "1"), 7, "another process", "--timeout")
            self.assertLess(time.monotonic() - began, 1 + ALLOWANCE)
            waiting = background(self, "jwt")
            eventually(lambda: log.count("C_Initialize") == 3, "it waits")
            waiting.terminate()
            self.assertEqual(ended(waiting).code, -signal.SIGTERM)
            go.touch()
            self.expect(ended(process), 0)
        self.assertEqual(self.records(), [])

    def test_a_person_who_thinks_holds_nobody_up(self) -> None:
        with self.shim(*self.card()):
            with self.terminal("jwt", env={"SSA_HSM_PIN_SOURCE": None}) as terminal:
                terminal.wait_for(r"PIN of token[^\n]*: ")
                self.jwt(code=0)
                terminal.send(PIN + "\r")
                self.assertEqual(terminal.finish(), 0)

    def test_without_a_folder_for_turns_it_goes_on(self) -> None:
        with self.shim(*self.card()):
            self.state.chmod(0o500)
            self.jwt(code=0)
            self.state.chmod(0o700)
