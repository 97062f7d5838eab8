#!/usr/bin/python3
"""Runs the integration tests as an ordinary user, three files at a time.

    run.py [PATTERN ...]
    run.py --keys

A PATTERN that names a file (test_token, test_token.py) chooses it; others choose tests by name, in all files, as
unittest's -k does. --keys only makes the RSA keys that the emulators hand out, once for all runs. Started as root it
goes on as nobody. SSA_HSM_PROGRAM and SSA_SHIM_LIBRARY say what is tested,
SSA_HSM_WRAPPER what stands before the program (valgrind), SSA_HSM_TEST_WORKERS how many files run at once.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import masking
import places
import unprivileged

HERE = Path(__file__).resolve().parent


def _run_file(name: str, patterns: list[str], to: TextIO) -> int:
    # Only here: who starts this as root has no need of what it loads.
    import one_file

    return one_file.run(name, patterns, to)


_Done = tuple[str, int, str, str, float]


def _start(name: str, patterns: list[str]) -> _Done:
    """In a process of its own."""
    began = time.monotonic()
    command = [sys.executable, "-B", __file__, "--file", name, *patterns]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, errors="replace", check=False)
    return name, done.returncode, done.stdout, done.stderr, time.monotonic() - began


def _run_here(name: str, patterns: list[str]) -> _Done:
    """In this one, which saves the start of another."""
    began = time.monotonic()
    os.chdir(HERE)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out):
        code = _run_file(name, patterns, err)
    return name, code, out.getvalue(), err.getvalue(), time.monotonic() - began


def _run_all(names: list[str], patterns: list[str]) -> Iterator[_Done]:
    if len(names) == 1:
        yield _run_here(names[0], patterns)
        return
    # Only here: most runs have one file.
    from concurrent.futures import ThreadPoolExecutor, as_completed

    with ThreadPoolExecutor(int(os.environ.get("SSA_HSM_TEST_WORKERS", "3"))) as pool:
        for done in as_completed([pool.submit(_start, name, patterns) for name in names]):
            yield done.result()


def _report(name: str, code: int, out: str, err: str, seconds: float) -> tuple[int, int]:
    """Prints what one file gave; its counts of tests run and failed."""
    ran, failed, used = 0, 0, "0"
    for line in out.splitlines():
        if line.startswith("counts: "):
            ran, failed = (int(n) for n in line.split()[1:3])
            used = line.split()[3]
        else:
            print(f"{name}: {line}")
    if code and not failed:
        failed = 1  # it did not even get to its tests
    if ran or code:
        print(f"{'FAILED' if code else 'ok    '} {name}: {ran} tests, {seconds:.1f} s ({used} s of processor)", flush=True)
    if code:
        shown = [line for line in err.splitlines() if not line.endswith("... ok")]
        print(masking.mask("\n".join(shown)), flush=True)
    return ran, failed


def make_keys() -> int:
    if not places.key_pool().exists():
        # Only here: it takes a third of a second to load.
        import emulation

        emulation.fill_pool(places.key_pool())
    return 0


def _hear_signals() -> None:
    """A shell that starts this behind its back (`&`, nohup) has signals ignored, and the program would inherit that."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def main(patterns: list[str]) -> int:
    _hear_signals()
    missing = places.check()
    if missing:
        print("\n".join(f"cannot run: {what}" for what in missing), file=sys.stderr)
        return 1
    make_keys()
    if os.geteuid() == 0:
        return unprivileged.run_as_nobody(patterns)
    os.environ["SSA_HSM_TEST_KEYS"] = str(places.key_pool())
    unprivileged.die_with_root()
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    files = {path.stem: path for path in sorted(HERE.glob("test_*.py"))}
    chosen = [Path(p).stem for p in patterns if Path(p).stem in files]
    names = [p for p in patterns if Path(p).stem not in files]
    began = time.monotonic()
    ran = failed = 0
    # The largest first, so that the last to end are small.
    order = sorted(chosen or files, key=lambda name: -files[name].stat().st_size)
    for done in _run_all(order, names):
        counts = _report(*done)
        ran, failed = ran + counts[0], failed + counts[1]
    print(f"{ran} tests, {failed} failed, {time.monotonic() - began:.0f} s")
    if ran == 0:
        print("no test has such a name", file=sys.stderr)
    return 1 if failed or ran == 0 else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--file"]:
        unprivileged.die_with_parent()
        sys.exit(_run_file(sys.argv[2], sys.argv[3:], sys.stderr))
    sys.exit(make_keys() if sys.argv[1:] == ["--keys"] else main(sys.argv[1:]))
