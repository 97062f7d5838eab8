"""What every integration test asks of the commands that messages suggest, and how one is pasted into a shell."""

from __future__ import annotations

import os
import re
import time
import unittest
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import masking
import places
import suggesting
from softtoken import PIN
from terminal import Terminal

# How many times more time than on an idle machine everything may take: a program under valgrind is up to 30 times
# slower. Who tests on a machine that is busy otherwise sets the variable.
SLOW = int(os.environ.get("SSA_HSM_TEST_SLOWNESS") or (12 if places.wrapper() else 1))
TIMEOUT = 40 * SLOW


@dataclass(frozen=True)
class Result:
    code: int  # negative: the signal that ended it
    out: str
    err: str
    raw: bytes = b""  # out as it came

    def __str__(self) -> str:
        return f"exit {self.code}\n--- standard output\n{self.out}--- standard error\n{self.err}---"


class Pasting(unittest.TestCase):
    """Looks at the suggestions of every run; Case has the rest."""

    dir: Path

    def environment(self, changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
        raise NotImplementedError

    def look_at_suggestions(self, result: Result) -> Result:
        """Every command that a message suggests is one that the program accepts."""
        for command in suggesting.in_message(result.err):
            self.assertEqual(suggesting.refusal(command, self.dir), "", f"{command}\n{masking.mask(str(result))}")
        return result

    def begin_pasting(self) -> None:
        self._pasted: set[str] = set()
        self.addCleanup(self._check_pasted)

    def _check_pasted(self) -> None:
        """The kinds that this test is to paste (see suggesting.PASTED)."""
        missing = {kind for kind, test in suggesting.PASTED.items() if test == self.id()} - self._pasted
        self.assertEqual(missing, set(), "kinds of suggestions that this test did not paste")

    def suggested(self, result: Result, start: str) -> str:
        """The command that a message suggests and that begins so."""
        match = re.search(rf"`({re.escape(start)}[^`]*)`", result.err)
        self.assertIsNotNone(match, masking.mask(str(result)))
        assert match
        return match[1]

    def paste(
        self,
        result: Result,
        start: str,
        code: int = 0,
        env: Mapping[str, str | None] | None = None,
        timeout: float = TIMEOUT,
        cwd: Path | None = None,
        **places_of: object,
    ) -> Result:
        """Pastes a command that a message suggests into a shell at a terminal, as it stands there.

        What a person must fill in (KEY_ID=…, FILE=…) is given; questions are answered with yes and the PIN.
        """
        command = self.suggested(result, start)
        if command.startswith("ssa-hsm "):
            self._pasted.add(suggesting.kind(command))
        for word, value in places_of.items():
            self.assertRegex(command, rf"\b{word}\b")
            command = re.sub(rf"\b{word}\b", str(value), command)
        return self.type_into_shell(command, code, env, timeout, cwd)

    def type_into_shell(
        self, command: str, code: int = 0, env: Mapping[str, str | None] | None = None, timeout: float = TIMEOUT,
        cwd: Path | None = None,
    ) -> Result:  # fmt: skip
        """Runs a line in a shell at a terminal, where `ssa-hsm` is the program."""
        folder = self.dir / "bin"
        folder.mkdir(exist_ok=True)
        if not (folder / "ssa-hsm").exists():
            (folder / "ssa-hsm").symlink_to(places.program())
        changed = {**self.environment(env), "PATH": f"{folder}:{places.PATH}"}
        # Other programs ask for a PIN only where their output is a terminal, too.
        out = self.dir / f"pasted-{time.monotonic_ns()}" if "ssa-hsm " in command else None
        with Terminal(["/bin/sh", "-c", command], changed, cwd or self.dir, out) as terminal:
            deadline = time.monotonic() + timeout
            answered = 0
            while not terminal.ended():
                self.assertLess(time.monotonic(), deadline, masking.mask(terminal.screen))
                prompts = re.findall(r"\(yes/no\) |PIN[^\n]*: ", terminal.screen)
                if len(prompts) > answered:
                    if "PIN" in prompts[answered]:
                        # What is typed before the echo is off is thrown away with it.
                        terminal.wait_echo(False)
                    terminal.send("yes\r" if "yes" in prompts[answered] else f"{PIN}\r")
                    answered += 1
                terminal._read(0.02)
            self.assertEqual(terminal.finish(), code, f"{command}\n{masking.mask(terminal.screen)}")
            return self.look_at_suggestions(Result(code, terminal.out, terminal.screen))
