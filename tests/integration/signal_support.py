"""For tests of interruptions: sending a signal at a point that the API or the token has reached."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable

from fault_support import CREATE, FaultCase, background, ended, eventually
from harness import SLOW, Result

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class SignalCase(FaultCase):
    def begin(self, *more: object) -> subprocess.Popen[bytes]:
        return background(self, *CREATE, "--timeout", 20 * SLOW, *more)

    def interrupted_at(self, point: Callable[[], object], number: signal.Signals, *more: object) -> Result:
        """Runs account create and sends the signal once the point is reached; it must end by that signal."""
        process = self.begin(*more)
        eventually(point, "the point is reached")
        process.send_signal(number)
        result = ended(process)
        self.assertEqual(result.code, -number, str(result))
        return result

    def by_shim(self, rule: str, number: signal.Signals, *more: object) -> Result:
        """The same at a call to the token: the shim sends the signal by itself."""
        with self.shim(rule.replace("SIGNAL", number.name.removeprefix("SIG"))):
            result = self.create(*more)
        self.assertEqual(result.code, -number, str(result))
        return result

    def account_is_made(self) -> bool:
        return bool(self.api.accounts())

    def key_is_made(self) -> bool:
        return any(a["keys"] for a in self.api.accounts())

    def within(self, seconds: float) -> float:
        return time.monotonic() + seconds * SLOW
