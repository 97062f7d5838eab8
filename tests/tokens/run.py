#!/usr/bin/python3
"""Runs the same cases on each token: run.py [NAME ...] [-k PATTERN], as an ordinary user (nobody, when root starts it).

NAME is one of the set-up scripts beside this file; without one, all of them. SSA_HSM_PROGRAM, SSA_SHIM_LIBRARY and
SSA_NSS_FIPS_LIBRARY say what is tested, as for the integration tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]
import masking  # noqa: E402
import places  # noqa: E402
import rig  # noqa: E402

NOBODY = 65534
_PASSED_ON = ("SSA_HSM_WRAPPER", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")


def _as_nobody(arguments: list[str]) -> int:
    """With a copy of all that is needed: a checkout may lie under a folder of root's own."""
    os.umask(0o022)
    # Short: a socket's path has room for 107 bytes. Not in /dev/shm: opencryptoki has one of its own.
    folder = Path(tempfile.mkdtemp(prefix="ssa-tok-", dir="/tmp"))
    try:
        folder.chmod(0o755)
        for part in ("emulator", "integration", "shim", "tokens"):
            ignore = shutil.ignore_patterns("__pycache__", "node_modules")
            shutil.copytree(HERE.parent / part, folder / "tests" / part, ignore=ignore)
        # Which commands its messages suggest stands there.
        shutil.copytree(places.ROOT / "src" / "cli", folder / "src" / "cli")
        env = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        env |= {"PATH": places.PATH, "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
        copied = {"SSA_HSM_PROGRAM": places.program(), "SSA_HSM_HOST": places.host(),
                  "SSA_SHIM_LIBRARY": places.shim_library(), "SSA_ACCEPTS": places.accepts(),
                  "SSA_NSS_FIPS_LIBRARY": places.nss_fips_library(),
                  "SSA_LIBP11_CLIENT": places.libp11_client()}  # fmt: skip
        if places.key_pool().exists():
            copied["SSA_HSM_TEST_KEYS"] = places.key_pool()
        for variable, path in copied.items():
            env[variable] = str(shutil.copy2(path, folder / path.name))
        for base, folders, files in os.walk(folder):
            for name in folders + files:
                path = Path(base, name)
                path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
        own = folder / "t"
        own.mkdir(mode=0o700)
        os.chown(own, NOBODY, NOBODY)
        env |= {"TMPDIR": str(own), "HOME": str(own)}
        return subprocess.run(
            [sys.executable, "-B", str(folder / "tests" / "tokens" / "run.py"), *arguments],
            env=env, cwd=own, user=NOBODY, group=NOBODY, extra_groups=[], check=False,
        ).returncode  # fmt: skip
    finally:
        shutil.rmtree(folder)


def main(arguments: list[str]) -> int:
    if os.geteuid() == 0:
        return _as_nobody(arguments)
    import test_tokens

    patterns = None
    if "-k" in arguments:
        at = arguments.index("-k")
        patterns = [f"*{arguments[at + 1]}*"]
        arguments = arguments[:at]
    unknown = [name for name in arguments if name not in rig.NAMES]
    if unknown:
        print(f"no such token: {', '.join(unknown)}; there are {', '.join(rig.NAMES)}", file=sys.stderr)
        return 2
    ran = 0
    failed: dict[str, list[str]] = {}
    for name in arguments or rig.NAMES:
        loader = unittest.TestLoader()
        loader.testNamePatterns = patterns
        suite = loader.loadTestsFromTestCase(test_tokens.case(name))
        stream = masking.MaskingStream(sys.stderr)
        result = unittest.TextTestRunner(stream=stream, verbosity=2).run(suite)  # type: ignore[arg-type]
        ran += result.testsRun
        broken = [test.id().split(".")[-1] for test, _ in [*result.failures, *result.errors, *result.skipped]]
        failed[name] = broken
    for name, broken in failed.items():
        print(f"{'FAILED' if broken else 'ok    '} {name}{': ' if broken else ''}{', '.join(broken)}", flush=True)
    if ran == 0:
        print("no test has such a name", file=sys.stderr)
    return 1 if ran == 0 or any(failed.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
