"""Running the program with a module that does one bad deed in one function (tests/badmodule), and what is left then."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import masking
import places
from fault_support import eventually
from harness import SLOW, TIMEOUT, Case, Result

FUNCTIONS = (
    "C_GetFunctionList", "C_Initialize", "C_GetSlotList", "C_OpenSession", "C_Login", "C_SignInit", "C_Sign",
    "C_Logout", "C_CloseSession", "C_Finalize",
)  # fmt: skip
# With these a module is closed: what was fetched is there already.
CLOSING = {"C_Logout", "C_CloseSession", "C_Finalize"}
# After these it serves on.
HARMLESS = (
    "print", "print-without-end", "print-binary", "print-megabyte", "close", "daemon", "chdir", "signals", "terminate",
    "unload", "fork",
)  # fmt: skip
# What is said of the others.
DEADLY = {
    "crash": "crashed in {} (SEGV)",
    "abort": "crashed in {} (ABRT)",
    "exit-well": "ended its process in {} (exit status 0)",
    "exit-at-once": "ended its process in {} (exit status 0)",
    "exit-badly": "ended its process in {} (exit status 3)",
    "become": "closed its connection in {}",
}
HANGING = ("hang", "end-thread")


def members(session: int) -> list[str]:
    """The processes of a session that live, with their names: /proc/PID/stat is everybody's to read."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name is in parentheses, and may have some itself.
            name, _, rest = path.read_text().partition(" (")[2].rpartition(") ")
        except (FileNotFoundError, ProcessLookupError):
            continue
        state, _, _, sid = rest.split()[:4]
        if int(sid) == session and state != "Z":
            found.append(f"{path.parent.name} {name}")
    return found


class BadModuleCase(Case):
    """A test of what a module may do to the process that it is in, with the class's own account and key."""

    def setUp(self) -> None:
        super().setUp()
        self.own = self.provisioned()
        self.serial = 0

    def bad(self, function: str, deed: str) -> dict[str, str]:
        """The environment in which the module does that."""
        self.serial += 1
        self.reached = self.dir / f"reached-{self.serial}"
        self.daemons = self.dir / f"daemons-{self.serial}"
        return {
            "SSA_HSM_MODULE": str(places.bad_module()), "BAD_MODULE_REAL": str(places.softhsm()),
            "BAD_MODULE": f"{function} {deed}", "BAD_MODULE_REACHED": str(self.reached),
            "BAD_MODULE_DAEMONS": str(self.daemons),
            # A sanitizer would turn a crash into an exit.
            "ASAN_OPTIONS": f"{self.env['ASAN_OPTIONS']}:handle_segv=0:handle_abort=0",
        }  # fmt: skip

    def end_daemons(self, expected: int = 0) -> int:
        """Ends those that the module has started; how many there were. A daemon tells its number in its own time."""
        if expected:
            eventually(lambda: self.daemons.exists() and self.daemons.read_text().endswith("\n"), "the daemon runs")
        pids = [int(line) for line in self.daemons.read_text().split()] if self.daemons.exists() else []
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        return len(pids)

    def run_bad(self, env: Mapping[str, str], *arguments: object, stop: signal.Signals | None = None) -> Result:
        """To the end, and stopped by a signal once the deed is done; nothing of it is left then."""
        with self.start(self.argv(*arguments), env=env) as process:
            if stop:
                eventually(self.reached.exists, "the module did it")
                process.send_signal(stop)
                self.stopped = time.monotonic()
            try:
                out, err = process.communicate(timeout=TIMEOUT)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                self.fail(f"{arguments} was still running: {env['BAD_MODULE']}")
        self.ended = time.monotonic()
        # One whose program is gone is told so by its end of the connection.
        eventually(lambda: not members(process.pid), f"nothing is left: {members(process.pid)}", 2 * SLOW)
        return Result(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"), out)

    def assert_named(self, result: Result, *words: str) -> None:
        """The message has the module, what it did and where; it is brief and cannot steer a terminal."""
        text = masking.mask(str(result))
        last = result.err[result.err.rindex("ssa-hsm: ") :] if "ssa-hsm: " in result.err else ""
        for word in (str(places.bad_module()), *words):
            self.assertIn(word, last, text)
        self.assertLessEqual(len(last.splitlines()), 2, text)
        self.assertEqual(re.findall(r"[^\n -~\u00a0-\uffff]", result.err), [], text)
