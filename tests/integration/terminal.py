"""A person at a terminal: runs the program under a pseudo-terminal of its own, waits for what it shows, and types."""

from __future__ import annotations

import errno
import os
import re
import select
import signal
import termios
import time
from pathlib import Path

import masking


class Terminal:
    """Use it in a with statement; its end ends the program, if that is still there.

    The program is the leader of a session whose controlling terminal this is. Its standard output goes to a file
    where stdout names one (as with `>`), else to the terminal too; standard input and standard error are the terminal.
    It is as wide as columns says; 0: it does not know how wide it is.
    """

    def __init__(
        self, argv: list[str], env: dict[str, str], cwd: Path, stdout: Path | None = None, columns: int = 0
    ) -> None:
        self.screen = ""  # all that was shown, line ends as LF
        self.code: int | None = None  # exit status, negative for a signal
        self._seen = 0
        self._stdout = stdout
        target = os.open(stdout, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600) if stdout else None
        self.pid, self.master = os.forkpty()
        if self.pid == 0:
            try:
                if target is not None:
                    os.dup2(target, 1)
                    os.close(target)
                os.chdir(cwd)
                termios.tcsetwinsize(0, (24 if columns else 0, columns))
                # As a shell leaves it; Python ignores PIPE.
                signal.signal(signal.SIGPIPE, signal.SIG_DFL)
                os.execve(argv[0], argv, env)
            finally:
                os._exit(97)
        if target is not None:
            os.close(target)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.master)

    def _read(self, seconds: float) -> bool:
        """Takes what there is; False at the end or when nothing came in time."""
        if not select.select([self.master], [], [], max(seconds, 0))[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError as error:
            if error.errno != errno.EIO:  # EIO: the other end is closed
                raise
            return False
        self.screen += data.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)

    def wait_for(self, pattern: str, timeout: float = 20) -> re.Match[str]:
        """Waits until the pattern is shown, behind what an earlier call waited for."""
        deadline = time.monotonic() + timeout
        while True:
            found = re.compile(pattern).search(self.screen, self._seen)
            if found:
                self._seen = found.end()
                return found
            if not self._read(deadline - time.monotonic()) and (self.ended() or time.monotonic() >= deadline):
                ended = "" if self.code is None else f" (it ended with {self.code})"
                raise AssertionError(f"waited for {pattern!r}{ended}, the terminal shows:\n{masking.mask(self.screen)}")

    def send(self, text: str) -> None:
        """Types; "\\r" is the return key, "\\x03" control-C."""
        os.write(self.master, text.encode())

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def echo(self) -> bool:
        return bool(termios.tcgetattr(self.master)[3] & termios.ECHO)

    def wait_echo(self, wanted: bool, timeout: float = 10) -> None:
        """Waits until echo is on or off."""
        deadline = time.monotonic() + timeout
        while self.echo() != wanted:
            if time.monotonic() > deadline:
                raise AssertionError(f"echo is still {'off' if wanted else 'on'}")
            self._read(0.01)

    def stopped(self, timeout: float = 10) -> bool:
        """Waits until the program is stopped, as by control-Z."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
            if pid:
                if os.WIFSTOPPED(status):
                    return True
                self.code = os.waitstatus_to_exitcode(status)
                return False
            self._read(0.02)
        return False

    def ended(self) -> bool:
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code is not None

    def finish(self, timeout: float = 60) -> int:
        """Waits for the program's end and gives its exit status; the rest of what it showed is read."""
        deadline = time.monotonic() + timeout
        while not self.ended():
            if time.monotonic() > deadline:
                raise AssertionError(f"still running, the terminal shows:\n{masking.mask(self.screen)}")
            self._read(0.05)
        while self._read(0):
            pass
        assert self.code is not None
        return self.code

    @property
    def out(self) -> str:
        """What went to the file that stdout named."""
        return self._stdout.read_text() if self._stdout else ""
