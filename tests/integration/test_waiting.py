"""At a terminal a line says what is waited for. It is gone in the end, and nothing of it is anywhere else."""

from __future__ import annotations

import os
import re
import signal
import threading
import time

import screen
from fault_support import ACCOUNTS, background, ended, eventually
from harness import SLOW, Terminal
from pin_support import PIN, PinCase
from test_card import script

# The program's clock runs so many times faster than the emulator's.
FASTER = 4
# Longer than a second, after which the line is there, by the program's clock.
LONG = 2.0
UNHURRIED = {"LD_PRELOAD": None}
LINE = "\r\x1b[K"
HOST = r"127\.0\.0\.1:\d+"


class WaitingCase(PinCase):
    def setUp(self) -> None:
        super().setUp()
        self.env.update(self.hasty(FASTER), TERM="xterm")

    def assert_gone(self, terminal: Terminal, *left: str, code: int = 0) -> None:
        """It ended, and the screen has these lines alone."""
        self.assertEqual(terminal.finish(), code, terminal.screen)
        lines = screen.shown(terminal.screen)
        self.assertEqual(lines[-1], "", "the cursor is not at the start of a line")
        self.assertEqual(lines[:-1], list(left))

    def see(self, pattern: str, *arguments: object, **options: object) -> None:
        """Runs it at a terminal, where the line comes and goes."""
        with self.terminal(*(arguments or ("token",)), **options) as terminal:  # type: ignore[arg-type]
            terminal.wait_for(re.escape(LINE) + "ssa-hsm: " + pattern)
            self.assert_gone(terminal)

    def late(self, path: str, seconds: float = LONG) -> None:
        self.api.fault("late", path=path, seconds=seconds / FASTER)

    def slow_server(self) -> None:
        self.late("/token")


class What(WaitingCase):
    """Each thing that is waited for has its words."""

    def test_the_server(self) -> None:
        self.slow_server()
        self.see(f"waiting for the server {HOST}")

    def test_the_server_of_other_commands(self) -> None:
        self.late(f"{ACCOUNTS}*")
        self.see(f"waiting for the server {HOST}", "account", "list", "--json")

    def test_how_long_it_has_been_waited(self) -> None:
        self.late("/token", 3.6)
        self.see(rf"waiting for the server {HOST} \(3 s\)")

    def test_the_token(self) -> None:
        with self.shim(f"C_Sign 1 sleep {int(1000 * LONG)}"):
            self.see('waiting for the PKCS#11 token "work"')

    def test_many_short_calls_are_one_wait(self) -> None:
        with self.shim("C_GetAttributeValue * sleep 300", "C_FindObjects * sleep 300", "C_Login * sleep 400"):
            self.see('waiting for the PKCS#11 token "work"', "key", "verify", "--json")

    def test_a_module_that_starts_slowly(self) -> None:
        with self.shim(f"C_Initialize 1 sleep {int(1000 * LONG)}"):
            self.see("waiting for the PKCS#11 module /", "jwt")

    def test_a_search_names_the_module_that_has_not_answered(self) -> None:
        with self.shim(f"C_Initialize 1 sleep {int(1000 * LONG)}") as log:
            self.user_module("lazy", f"module: {self.env['SSA_HSM_MODULE']}")
            self.see("looking for PKCS#11 tokens: lazy", "hsm", "list", "--json", env={"SSA_HSM_MODULE": None})
        self.assertGreater(log.count("C_Initialize"), 0)

    def test_the_rate_limit_with_the_seconds_left(self) -> None:
        self.api.fault("status", path="/token", status=429, headers={"Retry-After": "3"})
        self.see(r"waiting for the API's rate limit \([12] s left\)")

    def test_without_a_terminal_the_rate_limit_is_a_message_as_before(self) -> None:
        self.api.fault("status", path="/token", status=429, headers={"Retry-After": "1"})
        result = self.expect(self.run_program("token"), 0)
        self.assertRegex(result.err, r"\Assa-hsm: rate limit: waiting 1 s [^\n]*\n\Z")

    def test_how_far_a_long_work_is(self) -> None:
        for n in range(11):
            self.api.control("POST", "accounts", name=f"account-{n:02}")
        with self.terminal("key", "list", "--all", "--json") as terminal:
            terminal.wait_for(r"account \d+ of 12: waiting for the API's rate limit \(\d+ s left\)")
            terminal.send("\x03")
            self.assertEqual(terminal.finish(), -signal.SIGINT)
        lines = screen.shown(terminal.screen)
        self.assertFalse([line for line in lines if "account " in line], lines)

    def test_a_module_that_closes_slowly(self) -> None:
        with self.shim(f"C_Finalize 1 sleep {int(1000 * LONG)}"):
            self.see("waiting for the PKCS#11 module to close", "jwt")

    def test_a_new_key_pair(self) -> None:
        new = ("key", "create", "--account", self.values["SERVICE_ACCOUNT_ID"], "--profile", "more", "--import", "wrap")
        with self.shim(f"C_GenerateKeyPair 1 sleep {int(1000 * LONG)}"), self.terminal(*new) as terminal:
            terminal.wait_for('the PKCS#11 token "work" is making a key pair')
            terminal.finish()
        self.assertNotIn("is making", "\n".join(screen.shown(terminal.screen)))

    def test_a_pin_pad(self) -> None:
        notice = 'ssa-hsm: type the PIN of token "work" at its reader'
        with self.shim(f"protected-path {PIN}", f"C_Login 1 sleep {int(1000 * LONG)}"), self.terminal("jwt") as terminal:
            terminal.wait_for(re.escape(notice))
            terminal.wait_for('type the PIN at the reader of the PKCS#11 token "work"')
            self.assert_gone(terminal, notice)


class Card(WaitingCase):
    """A card that may want a touch, and that one process uses at a time."""

    def setUp(self) -> None:
        super().setUp()
        key = next(line.split()[1] for line in script().splitlines() if line.startswith("so-pin "))
        self.env.update(SSA_HSM_SO_PIN_SOURCE="env:MANAGEMENT_KEY", MANAGEMENT_KEY=key)
        with self.shim(*script().splitlines()):
            self.expect(self.run_program("account", "create", "service", "my-card", "--force"), 0)

    def test_a_touch_is_said_before_a_second_is_over(self) -> None:
        with self.shim(*script().splitlines(), "C_Sign 1 sleep 900") as log:
            self.see('touch the PKCS#11 token "[^"]*" if it blinks', "jwt")
        self.assertLess(log.of("C_Sign")[0].took, 0.99 * SLOW)

    def test_without_a_terminal_it_is_a_message_as_before(self) -> None:
        with self.shim(*script().splitlines(), f"C_Sign 1 sleep {int(1000 * LONG)}"):
            result = self.expect(self.run_program("jwt"), 0, "blinks, touch it")
        self.assertNotIn("\r", result.err)

    def test_a_signature_without_a_touch_asks_for_none(self) -> None:
        with self.shim(*script().splitlines()), self.terminal("jwt", env=UNHURRIED) as terminal:
            self.assertEqual(terminal.finish(), 0)
        self.assertEqual(terminal.screen, "")

    def test_another_process_has_the_card(self) -> None:
        here, go = self.dir / "here", self.dir / "go"
        with self.shim(*script().splitlines(), f"C_SignInit 1 touch {here} wait {go}"):
            process = background(self, "jwt")
            eventually(here.exists, "the card is in use")
            with self.terminal("jwt") as terminal:
                terminal.wait_for(re.escape(LINE) + "ssa-hsm: waiting for another process that uses this PKCS#11 token")
                go.touch()
                self.assert_gone(terminal)
            self.expect(ended(process), 0)


class Clean(WaitingCase):
    """The line never mixes with anything else."""

    def test_without_a_terminal_there_is_not_a_byte(self) -> None:
        self.slow_server()
        self.assertEqual(self.expect(self.run_program("token"), 0).err, "")

    def test_standard_error_in_a_file_gets_none_either(self) -> None:
        self.slow_server()
        argv = ["/bin/sh", "-c", 'exec "$@" 2>err', "sh", *self.argv("token")]
        with Terminal(argv, self.environment(), self.dir, self.dir / "out") as terminal:
            self.assertEqual(terminal.finish(), 0)
        self.assertEqual((terminal.screen, (self.dir / "err").read_text()), ("", ""))

    def test_quiet_shows_none(self) -> None:
        self.slow_server()
        with self.terminal("token", "--quiet") as terminal:
            self.assertEqual(terminal.finish(), 0)
        self.assertEqual(terminal.screen, "")

    def test_a_terminal_that_cannot_erase_shows_nothing(self) -> None:
        for kind in ("dumb", "", None):
            self.slow_server()
            with self.subTest(kind), self.terminal("token", env={"TERM": kind}) as terminal:
                self.assertEqual(terminal.finish(), 0)
                self.assertEqual(terminal.screen, "")

    def test_what_takes_no_second_shows_nothing(self) -> None:
        self.late("/token", 0.4)
        with self.terminal("token", env=UNHURRIED) as terminal:
            self.assertEqual(terminal.finish(), 0)
        if SLOW == 1:
            self.assertEqual(terminal.screen, "")

    def test_a_result_at_the_terminal_stands_alone(self) -> None:
        self.slow_server()
        with self.terminal("token", to_terminal=True, columns=2000) as terminal:
            terminal.wait_for("waiting for the server")
            self.assertEqual(terminal.finish(), 0)
        lines = screen.shown(terminal.screen)
        self.assertEqual((lines[0], lines[-2:]), ("{", ["}", ""]))

    def test_an_error_looks_as_without_a_terminal(self) -> None:
        fault = {"path": "/token", "status": 401, "body": {"errorCode": "AUTH-001"}}
        self.api.fault("status", **fault)
        plain = self.run_program("token")
        with self.shim(f"C_Sign 1 sleep {int(1000 * LONG)}"), self.terminal("token") as terminal:
            self.api.fault("status", **fault)
            terminal.wait_for("waiting for the PKCS#11 token")
            self.assert_gone(terminal, *plain.err.splitlines(), code=plain.code)

    def test_messages_on_the_way_stay(self) -> None:
        self.api.fault("status", path="/token", status=503, headers={"Retry-After": "2"})
        with self.terminal("token") as terminal:
            terminal.wait_for(rf"waiting to ask the server {HOST} again \(1 s left\)")
            self.assertEqual(terminal.finish(), 0)
        lines = screen.shown(terminal.screen)
        self.assertRegex(lines[0], r"^ssa-hsm: .*trying again in 2\.0 s$")
        self.assertEqual(lines[1:], [""])

    def test_details_are_whole_lines(self) -> None:
        with self.shim(f"C_Sign 1 sleep {int(1000 * LONG)}"), self.terminal("token", "--verbose") as terminal:
            terminal.wait_for("waiting for the PKCS#11 token")
            self.assertEqual(terminal.finish(), 0)
        self.assertEqual([line for line in screen.shown(terminal.screen) if "waiting" in line], [])
        self.assertTrue(all(re.match(r"ssa-hsm: |         |$", line) for line in screen.shown(terminal.screen)))

    def test_a_question_begins_its_own_line(self) -> None:
        with self.shim(f"C_OpenSession 1 sleep {int(1000 * LONG)}"):
            with self.terminal("jwt", env={"SSA_HSM_PIN_SOURCE": None}) as terminal:
                terminal.wait_for("waiting for the PKCS#11 token")
                terminal.wait_for("PIN of token[^\n]*: ")
                self.assertRegex(screen.shown(terminal.screen)[-1], "^PIN of token")
                # Nobody is waited for but the person.
                time.sleep(1.3 / FASTER)
                terminal.send(PIN + "\r")
                self.assertEqual(terminal.finish(), 0)
        self.assertNotIn("waiting", "\n".join(screen.shown(terminal.screen)))

    def test_a_program_that_writes_a_pin_has_the_terminal(self) -> None:
        pipe = self.dir / "pipe"
        os.mkfifo(pipe, 0o600)
        later = threading.Timer(LONG / FASTER, pipe.write_text, [PIN + "\n"])
        later.start()
        with self.terminal("jwt", env={"SSA_HSM_PIN_SOURCE": f"file:{pipe}"}) as terminal:
            self.assertEqual(terminal.finish(), 0)
        later.join()
        self.assertEqual(terminal.screen, "")

    def test_a_program_that_is_run_finds_the_line_gone(self) -> None:
        self.slow_server()
        with self.terminal("exec", "--", "/bin/echo", "theirs", to_terminal=True) as terminal:
            terminal.wait_for("waiting for the server")
            self.assert_gone(terminal, "theirs")

    def test_it_fits_into_a_narrow_terminal(self) -> None:
        for columns in (30, 10, 2):
            self.slow_server()
            with self.subTest(columns), self.terminal("token", columns=columns) as terminal:
                terminal.wait_for(re.escape(LINE))
                self.assertEqual(terminal.finish(), 0)
                self.assertLess(max(screen.width(line) for line in terminal.screen.split(LINE)), columns)
                self.assertEqual(screen.shown(terminal.screen, columns), [""])

    def test_where_there_is_no_room_at_all_nothing_is_shown(self) -> None:
        self.slow_server()
        with self.terminal("token", columns=1) as terminal:
            self.assertEqual(terminal.finish(), 0)
        self.assertEqual(terminal.screen, "")

    def test_the_time_is_kept_where_the_rest_is_shortened(self) -> None:
        self.api.fault("status", path="/token", status=429, headers={"Retry-After": "3"})
        with self.terminal("token", columns=40) as terminal:
            terminal.wait_for(re.escape(LINE) + r"ssa-hsm: waiting for the AP… \(2 s left\)\r")
            self.assert_gone(terminal)

    def test_interrupted(self) -> None:
        for number, key in ((signal.SIGINT, "\x03"), (signal.SIGTERM, None)):
            self.api.fault("hang", path="/token")
            with self.subTest(number.name), self.terminal("token") as terminal:
                terminal.wait_for("waiting for the server")
                terminal.send(key) if key else terminal.signal(number)
                self.assertEqual(terminal.finish(), -number)
                lines = screen.shown(terminal.screen)
                self.assertRegex(lines[0], "^ssa-hsm: .*interrupted")
                self.assertNotIn("waiting", "\n".join(lines))
                self.assertEqual(lines[-1], "")

    def test_in_the_background_the_terminal_is_anothers(self) -> None:
        self.api.fault("late", path="/token", seconds=1.6)
        done = self.dir / "done"
        command = " ".join(self.argv("token"))
        env = {**self.environment(UNHURRIED), "PS1": "P$ "}
        with Terminal(["/bin/bash", "--norc", "-i"], env, self.dir, columns=200) as terminal:
            terminal.wait_for(r"P\$ ")
            terminal.send(f"(exec {command} >out) && echo $? >{done} & \r")
            eventually(done.exists, "it is done")
            terminal.send("exit\r")
            terminal.finish()
        self.assertNotIn("waiting", terminal.screen)
        self.assertEqual(done.read_text(), "0\n")

    def test_a_terminal_that_takes_nothing_stops_nothing(self) -> None:
        self.slow_server()
        with self.terminal("token") as terminal:
            terminal.send("\x13")
            self.assertEqual(terminal.finish(), 0)
        self.assertEqual(terminal.screen, "")

    def test_stopped_and_continued(self) -> None:
        self.late("/token", 3 * LONG)
        with self.terminal("token") as terminal:
            terminal.wait_for("waiting for the server")
            terminal.signal(signal.SIGSTOP)
            self.assertTrue(terminal.stopped())
            terminal.signal(signal.SIGCONT)
            self.assert_gone(terminal)

    def test_standard_output_is_the_same(self) -> None:
        outs = []
        for tty in (False, True):
            self.late(f"{ACCOUNTS}*")
            outs.append(self.expect(self.run_program("account", "list", "--json", tty=tty), 0).out)
        self.assertEqual(outs[0], outs[1])
