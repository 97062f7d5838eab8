"""One signer of the library and many threads, with a token that is pulled out and put back, and what it costs."""

from __future__ import annotations

import os
import re
import subprocess
import time

import places
from harness import PIN, SLOW, note
from test_library_signer import SignerCase

# How many calls each of eight threads makes, unless the variable says otherwise (1000 takes half a minute).
CALLS = int(os.environ.get("SSA_HSM_SIGNER_CALLS") or (200 if SLOW == 1 and not places.sanitized() else 100))
# What a ratio of two times may be off while other tests run beside this one.
BUSY = 1.35


class Threads(SignerCase):
    def work(self, calls: int, *wrapper: str) -> subprocess.Popen[bytes]:
        argv = [*(wrapper or places.wrapper()), str(places.library_program("signer-threads")), "8", str(calls)]
        return self.start(argv)

    def counts(self, process: subprocess.Popen[bytes]) -> dict[str, int]:
        out, err = process.communicate(timeout=300 * SLOW)
        self.assertEqual(process.returncode, 0, err.decode(errors="replace")[-4000:])
        return {word: int(number) for number, word in re.findall(r"(\d+) (succeeded|absent|wrong)", out.decode())}

    def pull_and_put_back(self, process: subprocess.Popen[bytes]) -> int:
        """By the shim, and SoftHSM's folder itself in between; gives how often."""
        times = 0
        away = self.store.tokens.with_name("away")
        assert process.stdout is not None
        self.assertEqual(process.stdout.readline(), b"open\n")
        while process.poll() is None:
            times += 1
            if times % 2:
                self.gone.touch()
            else:
                self.store.tokens.rename(away)
            time.sleep(0.05)
            if times % 2:
                self.gone.unlink()
            else:
                away.rename(self.store.tokens)
            time.sleep(0.4)
        return times

    def test_eight_threads_while_the_token_is_pulled_out_and_put_back(self) -> None:
        self.gone = self.dir / "gone"
        with self.shim(f"token absent-while {self.gone}") as log, self.work(CALLS) as process:
            times = self.pull_and_put_back(process)
            counts = self.counts(process)
        self.assertEqual(counts["succeeded"] + counts["absent"], 8 * CALLS)
        self.assertGreater(counts["succeeded"], 4 * CALLS)
        # Never more than one login for each time that it was put back.
        self.assertLessEqual(log.count("C_Login"), 2 * times + 1)
        # The token's files are whole.
        self.expect(self.run_program("jwt"), 0)
        self.expect(self.run_program("key", "verify"), 0)

    def test_eight_threads_while_the_module_crashes(self) -> None:
        with self.shim("C_Sign 200 crash", "C_Sign 300 kill-module") as log, self.work(100) as process:
            counts = self.counts(process)
        self.assertEqual(counts, {"succeeded": 800, "absent": 0, "wrong": 0})
        self.assertEqual(log.count("C_Login"), 3)

    def test_valgrind_sees_nothing(self) -> None:
        if places.sanitized():
            return
        self.gone = self.dir / "gone"
        wrapper = (places.tool("valgrind"), "-q", "--error-exitcode=99", "--leak-check=full", "--errors-for-leak-kinds=definite")
        with self.shim(f"token absent-while {self.gone}"), self.work(25, *wrapper) as process:
            self.pull_and_put_back(process)
            counts = self.counts(process)
        self.assertEqual(counts["succeeded"] + counts["absent"], 200)

    def figures(self) -> dict[tuple[str, int], int]:
        """Nanoseconds for each kind of signature and number of threads."""
        module = places.softhsm()
        argv = [str(places.library_program("signer-figures")), "400", str(module)]
        result = self.run_command(argv, env={"FIGURES_PIN": PIN, "SSA_HSM_MODULE": str(module)})
        self.assertEqual(result.code, 0, result.err)
        return {(name, int(threads)): int(ns) for name, threads, ns in (line.split() for line in result.out.splitlines())}

    def test_a_signature_costs_little_more_than_the_modules_own(self) -> None:
        if places.wrapper() or places.sanitized():
            return
        # What other tests do at the same moment is in one of the figures only: another measurement does without it.
        for last in (False, False, True):
            took = self.figures()
            ratios = {threads: took["raw", threads] / took["signer", threads] for threads in (1, 2, 4)}
            assertion = took["assertion", 1] / took["raw", 1]
            if last or (min(ratios.values()) * BUSY > 0.95 and assertion < 1.1 * BUSY):
                break
        for threads, ratio in ratios.items():
            host, signer = took["host", threads], took["signer", threads]
            note(f"signatures by {threads} threads: {host / signer:.3f} of C_Sign through the module's process, "
                 f"{ratio:.3f} of C_Sign in this process ({signer / 1000:.0f} us)")  # fmt: skip
            self.assertGreater(ratio * BUSY, 0.95)
        note(f"an assertion takes {assertion:.3f} of a signature in this process, "
             f"{took['assertion', 1] / took['host', 1]:.3f} of one through the module's process")  # fmt: skip
        self.assertLess(assertion, 1.1 * BUSY)
