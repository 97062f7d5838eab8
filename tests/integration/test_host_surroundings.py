"""What the program that loads a module inherits: its own descriptors, no secret, no signal that is ignored."""

from __future__ import annotations

import os
import re
from pathlib import Path

import places
from harness import PIN, Case

# It stands in the host's place, writes down what it has been given, and becomes the host.
RECORDER = """#!/bin/sh
for what in environ status; do cat "/proc/$$/$what" >"$RECORDED.$what"; done
(ls -l "/proc/$$/fd" >"$RECORDED.fd")
exec "$RECORDED_HOST"
"""


def whole_calls(trace: str) -> list[tuple[str, str]]:
    """Who called what. strace writes a call in two pieces where another thread called something meanwhile."""
    lines: list[tuple[str, str]] = []
    for line in trace.splitlines():
        pid, call = re.sub(r"\s+<unfinished \.\.\.>$", "", line).split(None, 1)
        if rest := re.match(r"<\.\.\. \w+ resumed>(.*)", call):
            at = max(i for i, (caller, _) in enumerate(lines) if caller == pid)
            lines[at] = (pid, lines[at][1] + rest[1])
        else:
            lines.append((pid, call))
    return lines


class Inherited(Case):
    def setUp(self) -> None:
        super().setUp()
        self.provisioned()
        self.recorded = self.dir / "recorded"
        recorder = self.dir / "recorder"
        recorder.write_text(RECORDER)
        recorder.chmod(0o700)
        self.env.update(
            SSA_HSM_HOST=str(recorder), RECORDED=str(self.recorded), RECORDED_HOST=str(places.host()), A_PIN=PIN,
            SSA_HSM_PIN_SOURCE="env:A_PIN", VENDOR_SETTING="kept",
        )  # fmt: skip

    def record(self, suffix: str) -> str:
        return Path(f"{self.recorded}.{suffix}").read_text()

    def commands(self) -> list[tuple[str, ...]]:
        return [("token",), ("hsm", "list", "--login"), ("key", "verify")]

    def test_no_secret_and_no_setting_of_ours_is_in_its_environment(self) -> None:
        secret = self.env["APS_SECRET_ID"]
        for command in self.commands():
            with self.subTest(command):
                self.expect(self.run_program(*command), 0)
                found = self.record("environ")
                names = {entry.partition("=")[0] for entry in found.split("\0") if entry}
                # The shell that records adds one of its own.
                kept = {n for n in self.env if not n.startswith("SSA_HSM_")} - {"APS_SECRET_ID", "A_PIN"}
                self.assertEqual(names - {"PWD", "OLDPWD", "_"}, kept)
                self.assertIn("VENDOR_SETTING=kept", found)
                for hidden in (secret, PIN):
                    self.assertNotIn(hidden, found)

    def test_it_has_no_descriptor_but_its_own(self) -> None:
        # What the program was given is open there, too: a file, a pipe, and high numbers.
        given = self.dir / "given"
        given.write_text("x")
        opened = [os.open(given, os.O_RDONLY) for _ in range(3)]
        opened.append(os.dup2(opened[0], 150))
        for fd in opened:
            self.addCleanup(os.close, fd)
        for command in self.commands():
            with self.subTest(command):
                self.expect(self.run_program(*command, pass_fds=tuple(opened)), 0)
                found = dict(re.findall(r" (\d+) -> (.+)$", self.record("fd"), re.MULTILINE))
                # The shell reads its own text from one.
                found = {int(fd): what for fd, what in found.items() if not what.endswith("/recorder")}
                self.assertEqual(set(found), {0, 1, 2, 3}, found)
                self.assertEqual(found[0], "/dev/null")
                self.assertRegex(found[1], r"\Apipe:")
                self.assertEqual(found[2], found[1])
                self.assertRegex(found[3], r"\Asocket:")

    def test_it_ignores_no_signal_whatever_we_ignore(self) -> None:
        # A shell cannot make others be ignored for itself than for what it starts.
        argv = ["/bin/sh", "-c", 'trap "" HUP USR1 PIPE ALRM; exec "$@"', "sh", *self.argv("token")]
        self.expect(self.run_command(argv), 0)
        ignored = int(re.findall(r"SigIgn:\s+(\w+)", self.record("status"))[0], 16)
        # Two are the C library's own (posix_spawn).
        self.assertEqual(ignored & ~(3 << 31), 0)

    def test_strace_sees_one_program_started_with_four_descriptors(self) -> None:
        trace = self.dir / "trace"
        del self.env["SSA_HSM_HOST"]
        calls = "execve,dup2,close_range,close,openat,socketpair,pipe2,clone,clone3,fork,vfork"
        strace = [places.tool("strace"), "-f", "-o", str(trace), "-e", f"trace={calls}"]
        self.expect(self.run_command([*strace, *self.argv("token")]), 0)
        lines = whole_calls(trace.read_text())
        program = lines[0][0]
        # Those that ran another program; a thread has a number of its own, too.
        (host,) = {pid for pid, call in lines if call.startswith("execve(") and pid != program}
        own = [call for pid, call in lines if pid == host]
        before = own[: next(i for i, call in enumerate(own) if call.startswith("execve("))]
        # The last that was opened is /dev/null, whose name strace must not read.
        names = ["close", "openat", "dup2", "dup2", "dup2", "close_range"]
        self.assertEqual([call.split("(")[0] for call in before], names, before)
        self.assertEqual(re.findall(r"dup2\(\d+, (\d)\)", "\n".join(before)), ["1", "2", "3"], before)
        self.assertRegex(before[5], r"\Aclose_range\(4, 4294967295, 0\) += 0\Z")
