"""account create, interrupted at each of its steps: it finishes or undoes, then ends by that very signal."""

from __future__ import annotations

import itertools
import signal
import time

from fault_support import (
    ACCOUNTS,
    CREATE,
    KEYS,
    PLAIN,
    PUT_PRIVATE,
    PUT_PUBLIC,
    SIGN,
    SIGN_INIT,
    KeyCase,
    background,
    ended,
    eventually,
)
from harness import PIN, SLOW, Terminal
from signal_support import ENDING, SignalCase



class BeforeTheRequest(SignalCase):
    def test_at_the_token(self) -> None:
        for rule in ("C_Initialize 1 signal SIGNAL", "C_OpenSession 1 signal SIGNAL", "C_Login 1 signal SIGNAL",
                     "C_GetSessionInfo 1 signal SIGNAL after"):  # fmt: skip
            for number in ENDING:
                with self.subTest(rule, number=number.name):
                    self.by_shim(rule, number)
                    self.assertEqual(self.api.asked(), [])
                    self.assert_nothing_left()

    def test_while_the_token_is_slow(self) -> None:
        here = self.dir / "here"
        with self.shim(f"C_Login 1 touch {here} sleep 500"):
            self.interrupted_at(here.exists, signal.SIGTERM)
        self.assertEqual(self.api.asked(), [])
        self.assert_nothing_left()


class DuringRequests(SignalCase):
    def test_at_the_admin_token(self) -> None:
        for number in ENDING:
            with self.subTest(number.name):
                self.api.fault("hang", path="/token")
                began = time.monotonic()
                process = self.begin()
                eventually(lambda: not self.api.control("GET", "state")["faults"], "the request has arrived")
                process.send_signal(number)
                result = ended(process)
                self.assertEqual(result.code, -number, str(result))
                self.assertLess(time.monotonic() - began, 5 * SLOW, "a request that makes nothing is not waited for")
                self.assert_nothing_left()
                self.fresh()

    def test_at_the_account(self) -> None:
        for number in ENDING:
            with self.subTest(number.name):
                self.api.fault("late", method="POST", path=ACCOUNTS, seconds=0.6)
                result = self.interrupted_at(self.account_is_made, number)
                self.assertIn("interrupted: waiting up to", result.err)
                self.assertFalse(self.assert_both_sides_agree())
                self.fresh()

    def test_at_an_account_whose_answer_is_lost(self) -> None:
        self.api.fault("hang-after", method="POST", path=ACCOUNTS, seconds=0.6)
        self.interrupted_at(self.account_is_made, signal.SIGINT)
        self.assert_nothing_left()

    def test_at_the_key(self) -> None:
        for number in ENDING:
            with self.subTest(number.name):
                self.api.fault("late", method="POST", path=KEYS, seconds=0.6)
                result = self.interrupted_at(self.key_is_made, number)
                self.assertIn("interrupted", result.err)
                self.assert_both_sides_agree()
                self.fresh()

    def test_at_a_key_whose_answer_is_lost(self) -> None:
        for action in ("hang", "hang-after"):
            with self.subTest(action):
                self.api.fault(action, method="POST", path=KEYS, seconds=0.8)
                # That the account is there shows that its request was answered, not that the next has begun.
                point = self.key_is_made if action == "hang-after" else self.account_is_made
                self.interrupted_at(point, signal.SIGINT)
                self.assert_nothing_left()
                self.fresh()

    def test_while_a_limit_is_waited_for(self) -> None:
        self.api.fault("status", method="POST", path=KEYS, status=429, headers={"Retry-After": "15"})
        began = time.monotonic()
        process = self.begin()
        eventually(lambda: any(r["status"] == 429 for r in self.api.requests()), "429 was answered")
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        result = ended(process)
        self.assertEqual(result.code, -signal.SIGINT, str(result))
        self.assertLess(time.monotonic() - began, 6 * SLOW)
        self.assert_nothing_left()


class DuringTheImport(SignalCase):
    def test_at_each_call(self) -> None:
        numbers = itertools.cycle(ENDING)
        for rule in (
            "C_FindObjectsInit 1 signal SIGNAL",
            f"{PUT_PRIVATE} signal SIGNAL before",
            f"{PUT_PRIVATE} signal SIGNAL after",
            f"{PUT_PUBLIC} signal SIGNAL after",
            f"{SIGN_INIT} signal SIGNAL",
            f"{SIGN} signal SIGNAL after",
        ):
            number = next(numbers)
            with self.subTest(rule, number=number.name):
                self.by_shim(rule, number)
                self.assert_both_sides_agree()
                self.fresh()

    def test_while_the_token_is_slow(self) -> None:
        here = self.dir / "here"
        with self.shim(f"{PUT_PRIVATE} touch {here} sleep 400"):
            self.interrupted_at(here.exists, signal.SIGINT)
        self.assert_both_sides_agree()

    def test_and_the_import_fails(self) -> None:
        for number in ENDING:
            with self.subTest(number.name):
                with self.shim(f"{SIGN} signal {number.name[3:]} corrupt"):
                    result = self.create()
                self.assertEqual(result.code, -number, str(result))
                self.assertIn("is deleted again at the API", result.err)
                self.assert_nothing_left()
                self.fresh()

    def test_after_the_profile_is_written(self) -> None:
        for number in ENDING:
            with self.subTest(number.name):
                self.by_shim("C_Logout 1 signal SIGNAL", number)
                self.assertTrue(self.assert_both_sides_agree(), "the profile was there already")
                self.fresh()


class DuringTheUndoing(SignalCase):
    def test_a_second_signal_does_not_break_it(self) -> None:
        self.api.fault("hang-after", method="POST", path=KEYS, seconds=0.6)
        self.api.fault("late", method="DELETE", seconds=0.7)
        process = self.begin()
        eventually(self.key_is_made, "the key is there")
        process.send_signal(signal.SIGINT)
        eventually(lambda: not self.account_is_made(), "the deletion is carried out")
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        result = ended(process)
        self.assertIn(result.code, (-signal.SIGINT, -signal.SIGTERM), str(result))
        self.assertIn("is deleted again", result.err)
        self.assert_nothing_left()

    def test_a_first_signal_during_it(self) -> None:
        self.api.fault("drop", method="POST", path=KEYS)
        self.api.fault("hang", method="DELETE", seconds=0.7)
        process = self.begin()
        eventually(self.key_is_made, "the key is there")
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        result = ended(process)
        self.assertEqual(result.code, -signal.SIGTERM, str(result))
        self.assert_nothing_left()

    def test_many_signals(self) -> None:
        self.api.fault("late", method="POST", path=KEYS, seconds=0.5)
        process = self.begin()
        eventually(self.account_is_made, "the account is there")
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
            time.sleep(0.02)
        self.assertEqual(ended(process).code, -signal.SIGINT)
        self.assert_both_sides_agree()


class KeyCreate(KeyCase):
    def test_a_lost_answer_is_undone_and_the_foreign_key_stays(self) -> None:
        for number in ENDING:
            with self.subTest(number.name):
                self.api.fault("hang-after", method="POST", path=KEYS, seconds=0.8)
                process = background(self, "key", "create", "--output", self.target, *PLAIN)
                eventually(lambda: len(self.keys_of(self.account)) == 2, "the key is there")
                process.send_signal(number)
                result = ended(process)
                self.assertEqual(result.code, -number, str(result))
                self.assert_untouched()


class Ignored(SignalCase):
    def test_a_signal_that_the_caller_ignores_stays_ignored(self) -> None:
        # As nohup does with HUP, and a shell without job control with INT for what runs in its background.
        for name in ("HUP", "INT"):
            with self.subTest(name), self.shim(f"C_CreateObject 1 signal {name} after", f"C_Login 1 signal {name}"):
                result = self.limited(f"trap '' {name}", "account", "create", "service", "my-filesync")
                self.expect(result, 0)
            self.assert_whole()
            self.fresh()

    def test_and_at_a_prompt(self) -> None:
        self.env.pop("SSA_HSM_PIN_SOURCE")
        argv = ["/bin/sh", "-c", "trap '' HUP; exec \"$@\"", "sh", *self.argv(*CREATE)]
        with Terminal(argv, self.environment(), self.dir, self.dir / "out") as terminal:
            terminal.wait_for("PIN of token")
            terminal.wait_echo(False)
            terminal.signal(signal.SIGHUP)
            time.sleep(0.1)
            terminal.send(PIN + "\r")
            self.assertEqual(terminal.finish(20 * SLOW), 0, terminal.screen)
