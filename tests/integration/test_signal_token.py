"""token and jwt, interrupted: they end soon, by that signal, logged out, and nothing is printed in part."""

from __future__ import annotations

import signal
import time

from fault_support import FaultCase, background, ended, eventually
from harness import SLOW
from signal_support import ENDING


class Token(FaultCase):
    def setUp(self) -> None:
        super().setUp()
        self.provisioned()

    def test_while_the_server_hangs(self) -> None:
        for number in ENDING:
            with self.subTest(number.name):
                self.api.fault("hang", path="/token")
                process = background(self, "token")
                eventually(lambda: not self.api.control("GET", "state")["faults"], "the request has arrived")
                began = time.monotonic()
                process.send_signal(number)
                result = ended(process)
                self.assertEqual((result.code, result.out), (-number, ""), str(result))
                self.assertLess(time.monotonic() - began, 3 * SLOW)

    def test_while_the_token_signs(self) -> None:
        here = self.dir / "here"
        for number in ENDING:
            with self.subTest(number.name), self.shim(f"C_Sign 1 touch {here} sleep 300") as log:
                process = background(self, "token")
                eventually(here.exists, "the token signs")
                process.send_signal(number)
                result = ended(process)
                self.assertEqual((result.code, result.out), (-number, ""), str(result))
                self.assertEqual(log.count("C_Logout"), 1)
                self.assertEqual(log.names[-1], "C_Finalize")
            here.unlink()

    def test_while_it_logs_in(self) -> None:
        for number in ENDING:
            with self.subTest(number.name), self.shim(f"C_Login 1 signal {number.name[3:]} after") as log:
                result = self.run_program("token")
                self.assertEqual((result.code, result.out), (-number, ""), str(result))
                self.assertEqual(log.count("C_Logout"), 1)
        self.assertEqual(self.api.asked(), [])

    def test_while_a_limit_is_waited_for(self) -> None:
        self.api.fault("status", path="/token", status=429, headers={"Retry-After": "15"})
        process = background(self, "token")
        eventually(self.api.requests, "429 was answered")
        time.sleep(0.2)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        self.assertEqual(ended(process).code, -signal.SIGINT)
        self.assertLess(time.monotonic() - began, 3 * SLOW)

    def test_a_reader_that_goes_away_is_an_error(self) -> None:
        result = self.run_command(["/bin/sh", "-c", '{ "$@"; echo "code $?" >&2; } | :', "sh", *self.argv("token")])
        self.assertIn("code 1", result.err)
        self.assertIn("Broken pipe", result.err)

    def test_the_module_does_not_get_a_signal_in_the_middle_of_a_call(self) -> None:
        # SA_RESTART or not: a module's own sleeps and reads must not fail because of us.
        with self.shim("C_Sign 1 signal USR1"):
            self.assertIn(self.run_program("token").code, (0, -signal.SIGUSR1))
