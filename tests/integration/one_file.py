"""The tests of one file, in this process."""

from __future__ import annotations

import resource
import time
import unittest
from typing import TextIO

import masking


class _Timed(unittest.TextTestResult):
    """Tells which tests are slow."""

    def startTest(self, test: unittest.TestCase) -> None:
        self._began = time.monotonic()
        super().startTest(test)

    def addSuccess(self, test: unittest.TestCase) -> None:
        super().addSuccess(test)
        took = time.monotonic() - self._began
        if took > 3:
            print(f"slow: {test.id()}: {took:.1f} s", flush=True)


def _processor_seconds() -> float:
    """What this process used, and all that it started."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def run(name: str, patterns: list[str], to: TextIO) -> int:
    """Writes to the stream how each test went, and on standard output the counts; gives an exit code."""
    loader = unittest.TestLoader()
    if patterns:
        loader.testNamePatterns = [p if "*" in p else f"*{p}*" for p in patterns]
    suite = loader.loadTestsFromName(name)
    stream = masking.MaskingStream(to)
    runner = unittest.TextTestRunner(stream=stream, verbosity=2, resultclass=_Timed)  # type: ignore[arg-type]
    result = runner.run(suite)
    for test, reason in result.skipped:
        stream.writeln(f"skipped, which counts as failed: {test}: {reason}")
    failed = len(result.failures) + len(result.errors) + len(result.skipped) + len(result.unexpectedSuccesses)
    print(f"counts: {result.testsRun} {failed} {_processor_seconds():.1f}", flush=True)
    return 1 if failed else 0
