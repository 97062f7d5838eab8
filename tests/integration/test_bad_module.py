"""A module that crashes, exits, hangs, prints, forks or closes what is open: nothing that was fetched is lost, nothing
else is on standard output, no process is left, and the message says what it did, and in which function."""

from __future__ import annotations

import concurrent.futures
import itertools
import json
import os
import re
import signal
import sys
import time

import jwt as pyjwt
import places
from bad_module import CLOSING, DEADLY, FUNCTIONS, HANGING, HARMLESS, BadModuleCase, members
from fault_support import eventually
from harness import LABEL, PIN, SLOW, TIMEOUT, Result

# What CMD prints is not what a module prints.
RUNS = ("exec", "--", "sh", "-c", 'printf "<%s>" "$APS_ACCESS_TOKEN"')
COMMANDS = {
    "token": ("token",),
    "exec": RUNS,
    "jwt": ("jwt",),
    "list": ("hsm", "list", "--login", "--json"),
}
# A list needs no signature.
UNUSED = {"list": {"C_SignInit", "C_Sign"}}
ABSENT, EXEC_FAILED = 4, 125
# All functions, deeds and commands by each other, where each function and deed has one command else.
ALL = bool(os.environ.get("SSA_HSM_ALL_BAD_MODULES"))
SOON = 2 * SLOW


def cells(deeds: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """(function, deed, command)."""
    rounds = itertools.cycle(COMMANDS)
    found = []
    for deed in deeds:
        # So that a function meets another command with the next deed.
        next(rounds)
        for function in FUNCTIONS:
            found += [(function, deed, c) for c in (COMMANDS if ALL else [next(rounds)])]
    return found


class Deeds(BadModuleCase):
    def whole(self, command: str, result: Result) -> None:
        """What the command is for is there, once, and nothing else."""
        self.expect(result, 0)
        if command == "token":
            self.assertIn("access_token", json.loads(result.out))
        elif command == "exec":
            self.assertRegex(result.out, r"\A<[\w.-]{20,}>\Z")
        elif command == "jwt":
            self.assertRegex(result.out, r"\A[\w-]+\.[\w-]+\.[\w-]{342}\n\Z")
            self.assertEqual(pyjwt.get_unverified_header(result.out.strip())["kid"], self.own["KEY_ID"])
        else:
            self.assertEqual([x["kind"] for x in json.loads(result.out)], ["token", "key"])

    def failed(self, command: str, result: Result, *words: str) -> None:
        self.expect(result, EXEC_FAILED if command == "exec" else ABSENT, out="" if command != "list" else None)
        self.assert_named(result, *words)

    def test_it_serves_on(self) -> None:
        for function, deed, command in cells(HARMLESS):
            with self.subTest(function, deed=deed, command=command):
                result = self.run_bad(self.bad(function, deed), *COMMANDS[command])
                self.assertEqual(self.reached.exists(), function not in UNUSED.get(command, ()))
                daemons = 1 if deed == "daemon" and self.reached.exists() else 0
                self.assertEqual(self.end_daemons(daemons), daemons)
                self.whole(command, result)
                self.assertEqual(result.err, "")

    def test_it_ends(self) -> None:
        for function, deed, command in cells((*DEADLY,)):
            with self.subTest(function, deed=deed, command=command):
                result = self.run_bad(self.bad(function, deed), *COMMANDS[command])
                if function in CLOSING or function in UNUSED.get(command, ()):
                    self.whole(command, result)
                    self.assertEqual(result.err, "")
                else:
                    self.assertTrue(self.reached.exists())
                    self.failed(command, result, DEADLY[deed].format(function))

    def test_it_lacks_a_function(self) -> None:
        for function, deed, command in cells(("null",)):
            with self.subTest(function, command=command):
                result = self.run_bad(self.bad(function, deed), *COMMANDS[command])
                if function in CLOSING or function in UNUSED.get(command, ()):
                    self.whole(command, result)
                else:
                    self.assertNotEqual(result.code, 0)
                    self.assertIn("no function list" if function == FUNCTIONS[0] else function, result.err)


class Hangs(BadModuleCase):
    def hangs(self, function: str, deed: str, command: tuple[str, ...], number: signal.Signals | None) -> str:
        """What is wrong; empty where all is well. It runs beside others."""
        case = type(self)("runTest")
        case.__dict__.update({k: v for k, v in self.__dict__.items() if not k.startswith("_")})
        case.serial = FUNCTIONS.index(function) * 100 + HANGING.index(deed) * 10 + len(command)
        began = time.monotonic()
        result = case.run_bad(case.bad(function, deed), *command, stop=number)
        took = case.ended - (case.stopped if number else began)
        fetched = function in CLOSING
        if took > (SOON if number else 1 + SOON):
            return f"{function} {deed} {command}: it took {took} s"
        # A module is closed while the API is asked: a signal may come before the answer.
        least = 1 if fetched and not number else 0
        if not least <= result.out.count("access_token") <= fetched:
            return f"{function} {deed} {command}: {result}"
        if number:
            return "" if result.code == -number else f"{function} {deed}: {result}"
        if fetched:
            return "" if result.code == 0 and not result.err else f"{function} {deed}: {result}"
        case.assert_named(result, f"does not answer ({function})")
        return "" if result.code == ABSENT else f"{function} {deed}: {result}"

    def beside(self, command: tuple[str, ...], number: signal.Signals | None) -> None:
        with concurrent.futures.ThreadPoolExecutor(5) as pool:
            jobs = [pool.submit(self.hangs, f, HANGING[i % 2], command, number) for i, f in enumerate(FUNCTIONS)]
        for job in jobs:
            self.assertEqual(job.result(), "")

    def runTest(self) -> None:  # noqa: N802
        """For the instances that run beside each other."""

    def test_the_timeout_ends_it(self) -> None:
        self.beside(("token", "--timeout", "1"), None)

    def test_a_signal_ends_it_at_once(self) -> None:
        self.beside(("token",), signal.SIGINT)
        for number, function in ((signal.SIGTERM, "C_Sign"), (signal.SIGHUP, "C_Initialize")):
            self.assertEqual(self.hangs(function, "hang", ("token",), number), "")
        for command, function in ((RUNS, "C_Sign"), (("jwt",), "C_Login"), (("hsm", "list"), "C_GetSlotList")):
            self.assertEqual(self.hangs(function, "hang", command, signal.SIGINT), "")

    def test_a_list_goes_on_with_other_modules(self) -> None:
        self.user_module("a-bad-one", f"module: {places.bad_module()}")
        for deed, words in (("hang", "does not answer (C_Initialize)"), ("crash", "crashed in C_Initialize")):
            with self.subTest(deed):
                env = self.bad("C_Initialize", deed)
                del self.env["SSA_HSM_MODULE"], env["SSA_HSM_MODULE"]
                began = time.monotonic()
                result = self.run_bad(env, "hsm", "list", "--json", "--timeout", "1")
                self.assertLess(time.monotonic() - began, 1 + SOON)
                self.env["SSA_HSM_MODULE"] = str(places.softhsm())
                self.expect(result, 0)
                found = json.loads(result.out)
                self.assertEqual([x["label"] for x in found if x["kind"] == "token"], [LABEL])
                self.assertIn(words, result.out + result.err)

    def test_a_person_who_wants_to_stop_does_not_wait_for_a_list(self) -> None:
        self.user_module("a-bad-one", f"module: {places.bad_module()}")
        env = self.bad("C_Initialize", "hang")
        del self.env["SSA_HSM_MODULE"], env["SSA_HSM_MODULE"]
        result = self.run_bad(env, "hsm", "list", stop=signal.SIGINT)
        self.assertEqual(result.code, -signal.SIGINT)
        self.assertLess(self.ended - self.stopped, SOON)

    def test_a_signal_ends_the_closing_of_a_module_and_takes_nothing_back(self) -> None:
        target = self.dir / "printed"
        for function in CLOSING:
            with self.subTest(function):
                target.write_text("")
                argv = ["/bin/sh", "-c", f'exec "$@" >"{target}"', "sh", *self.argv("token")]
                with self.start(argv, env=self.bad(function, "hang")) as process:
                    eventually(lambda: "}" in target.read_text(), "the answer is printed")
                    process.send_signal(signal.SIGINT)
                    began = time.monotonic()
                    self.assertEqual(process.wait(TIMEOUT), -signal.SIGINT)
                    self.assertLess(time.monotonic() - began, SOON)
                    eventually(lambda: not members(process.pid), "nothing is left", SOON)
                self.assertIn("access_token", json.loads(target.read_text()))

    def test_exec_runs_its_command_before_a_module_that_hangs_is_ended(self) -> None:
        for function in CLOSING:
            began = time.monotonic()
            result = self.run_bad(self.bad(function, "hang"), *RUNS)
            self.expect(result, 0)
            self.assertRegex(result.out, r"\A<[\w.-]{20,}>\Z")
            self.assertLess(time.monotonic() - began, SOON)

    def test_a_kill_of_the_program_ends_the_host(self) -> None:
        # What hangs where it stands hears nothing, whatever it has made of its signals. A login is waited for in vain.
        for function, deed in (("C_Sign", "hang"), ("C_Sign", "hang-deaf"), ("C_Login", "hang")):
            with self.subTest(function, deed=deed):
                result = self.run_bad(self.bad(function, deed), "token", stop=signal.SIGKILL)
                self.assertEqual((result.code, result.out), (-signal.SIGKILL, ""))


class Prints(BadModuleCase):
    def test_what_it_prints_is_shown_line_by_line_and_harmless(self) -> None:
        shown = {
            "print": ['module prints: {"access_token": "printed by the module"}', "module prints: the module talks"],
            "print-without-end": ["prints: no end of a line"],
            "print-binary": ["prints: ??[2J???31m"],
        }
        for deed, lines in shown.items():
            for function in ("C_Initialize", "C_Finalize"):
                with self.subTest(deed, function=function):
                    result = self.run_bad(self.bad(function, deed), "token", "--verbose")
                    self.expect(result, 0, *lines)
                    self.assertIn("access_token", json.loads(result.out))
                    self.assertEqual(re.findall(r"[^\n -~\u00a0-\uffff]", result.err), [])

    def test_a_daemon_that_lives_on_does_not_keep_a_shell_waiting(self) -> None:
        for function in ("C_Initialize", "C_Login", "C_Finalize"):
            with self.subTest(function):
                env = self.bad(function, "daemon")
                began = time.monotonic()
                script = f'got=$("{places.program()}" token) && printf "<%s>" "$got"'
                result = self.run_command(["/bin/sh", "-c", script], env=env)
                took = time.monotonic() - began
                self.assertEqual(self.end_daemons(expected=1), 1)
                self.expect(result, 0)
                self.assertIn("access_token", json.loads(result.out[1:-1]))
                self.assertLess(took, SOON)

    def test_how_it_ended_is_told_whatever_becomes_of_children(self) -> None:
        # Whoever starts us may ignore CHLD, and then the system forgets how a child has ended.
        ignore = "signal.signal(signal.SIGCHLD, signal.SIG_IGN)"
        script = f"import os, signal, sys; {ignore}; os.execv(sys.argv[1], sys.argv[1:])"
        ignoring = [sys.executable, "-c", script]
        result = self.run_command([*ignoring, *self.argv("jwt")], env=self.bad("C_Sign", "crash"))
        self.assert_named(result, DEADLY["crash"].format("C_Sign"))
        shown = self.run_command([*ignoring, *self.argv("exec", "--", "cat", "/proc/self/status")])
        ignored = int(re.findall(r"SigIgn:\s+(\w+)", self.expect(shown, 0).out)[0], 16)
        self.assertTrue(ignored & 1 << (signal.SIGCHLD - 1), "CMD has what we have been given")

    def test_the_pin_is_not_in_what_is_shown(self) -> None:
        result = self.run_bad(self.bad("C_Login", "crash"), "token", "--verbose")
        self.assertNotIn(PIN, result.err)
