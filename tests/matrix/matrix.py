#!/usr/bin/python3
"""Breaks every step of the commands that make keys, and looks at what is left.

A cell is one command and one thing that goes wrong in it; README.md beside this file tells which there are. Started
as root it goes on as nobody, with small file systems for the cells that need a full disk.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]
import known  # noqa: E402
import masking  # noqa: E402
import places  # noqa: E402
import unprivileged  # noqa: E402
from cells import Cell, enumerate_cells  # noqa: E402
from play import SABOTAGES, Outcome, play  # noqa: E402
from scenarios import available  # noqa: E402
from world import World  # noqa: E402

# How many cells a sample would have if there were fewer kinds: one of each scenario and kind is always there.
SAMPLE = 60
# What each sabotage must be reported as, and in which cells it is done: one that is undone, one that is killed.
_NOTICED = {
    "recovery": ("at the API, and in no profile", "*/p11/C_CreateObject.4/kill-after*"),
    "foreign": ("foreign key", "*-create/p11/C_Sign.2/*+older"),
    "draft": ("draft", "*-create/p11/C_Sign.2/CKR_*"),
    "remote": ("on no token", "*-create/p11/C_Sign.2/CKR_*"),
    "token": ("names a key that is not on the token", "*-create/p11/C_Sign.2/CKR_*"),
    "account": ("account without a profile", "*-create/p11/C_Sign.2/CKR_*"),
    "secret": ("something else among the data objects", "secret-import/p11/C_CreateObject.1/CKR_*"),
}
_DISKS = "SSA_MATRIX_DISKS"
_world: World | None = None
_options: argparse.Namespace | None = None
_have: set[str] = set()


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fault-matrix", description=__doc__)
    parser.add_argument("--sample", action="store_true", help="at least one cell of each scenario and kind, always the same ones")
    parser.add_argument("--commands", default="", help="scenarios that begin so, by comma: account-create,rotate")
    parser.add_argument("--only", action="append", default=[], metavar="PATTERN", help="cells that fit")
    parser.add_argument("--list", action="store_true", help="print the cells' names and run none")
    parser.add_argument("--sabotage", choices=SABOTAGES, help="break what is checked, to see that it is noticed")
    parser.add_argument("--self-test", action="store_true", help="see that each kind of damage is noticed")
    parser.add_argument("--workers", type=int, default=int(os.environ.get("SSA_HSM_TEST_WORKERS", "2")))
    parser.add_argument("--times", action="store_true", help="say which cells took long")
    parser.add_argument("--verbose", action="store_true", help="show what the program said in the cells that failed")
    return parser.parse_args(words)


def choose(cells: list[Cell], options: argparse.Namespace) -> list[Cell]:
    commands = tuple(word for word in options.commands.split(",") if word)
    chosen = [cell for cell in cells if not commands or cell.name.startswith(commands)]
    if options.only:
        chosen = [cell for cell in chosen if any(_fits(cell.name, pattern) for pattern in options.only)]
    if options.sample:
        chosen = sample(chosen)
    return chosen


def _fits(name: str, pattern: str) -> bool:
    return name == pattern or fnmatchcase(name, pattern)


def sample(cells: list[Cell]) -> list[Cell]:
    """Every n-th of each scenario and kind, so that each is there; the slow ones are left to the whole matrix."""
    quick = [cell for cell in cells if not cell.slow]
    step = max(1, len(quick) // SAMPLE)
    groups: dict[tuple[str, str], list[Cell]] = {}
    for cell in quick:
        groups.setdefault((cell.scenario.name, cell.kind), []).append(cell)
    return [cell for group in groups.values() for cell in group[min(len(group), step) // 2 :: step]]


def _begin_worker(options: argparse.Namespace, have: set[str], disks: list[str], turn: object) -> None:
    global _world, _options, _have  # noqa: PLW0603 - a worker is a process
    unprivileged.die_with_parent()
    with turn.get_lock():  # type: ignore[attr-defined]
        number = turn.value  # type: ignore[attr-defined]
        turn.value += 1  # type: ignore[attr-defined]
    _world = World(Path(disks[number]) if number < len(disks) else None)
    multiprocessing.util.Finalize(_world, _world.close, exitpriority=10)
    _options, _have = options, have


def _play(cell: Cell) -> Outcome:
    assert _world and _options
    return play(_world, cell, _have, _options.sabotage)


def run(options: argparse.Namespace) -> int:
    world = World()
    try:
        have = available(world)
        cells = enumerate_cells(world, have, options.only)
    finally:
        world.close()
    if options.self_test:
        return self_test(cells, have)
    chosen = choose(cells, options)
    disks = os.environ.get(_DISKS, "").split()
    without = [] if disks else [cell for cell in chosen if cell.disk]
    chosen = [cell for cell in chosen if cell not in without]
    if platform.machine() != "x86_64":
        print("note: the cells of system calls need x86-64: left out")
    if options.list:
        print("\n".join(cell.name for cell in chosen))
        return 0
    for name in sorted({"rotate", "recover"} - have):
        print(f"note: this program has no `key {name}`: its cells are left out, or checked for less")
    if without:
        print(f"note: {len(without)} cells need a small file system, which root alone can make: left out")
    return _report(options, chosen, _outcomes(options, chosen, have, disks))


def self_test(cells: list[Cell], have: set[str]) -> int:
    """A matrix that cannot fail proves nothing: each damage must be noticed, and none where none was done."""
    world = World()
    silent = 0
    try:
        for sabotage, (words, pattern) in _NOTICED.items():
            chosen = [cell for cell in cells if fnmatchcase(cell.name, pattern)][:4]
            told = [any(words in p for p in play(world, cell, have, sabotage).problems) for cell in chosen]
            innocent = [play(world, cell, have).problems for cell in chosen]
            good = bool(chosen) and all(told) and not any(innocent)
            print(f"{sabotage}: {sum(told)} of {len(told)} noticed, {sum(map(bool, innocent))} told without cause")
            silent += not good
    finally:
        world.close()
    return 1 if silent else 0


def _outcomes(options: argparse.Namespace, chosen: list[Cell], have: set[str], disks: list[str]) -> list[Outcome]:
    began = time.monotonic()
    # The longest first, so that the last to end are short.
    order = sorted(chosen, key=lambda cell: not cell.slow)
    outcomes = []
    turn = multiprocessing.Value("i", 0)
    with multiprocessing.Pool(options.workers, _begin_worker, (options, have, disks, turn)) as pool:
        for outcome in pool.imap_unordered(_play, order, 2):
            outcomes.append(outcome)
            if len(outcomes) % 1000 == 0:
                print(f"{len(outcomes)} of {len(order)} cells, {time.monotonic() - began:.0f} s", flush=True)
            failed = bool(outcome.problems) and not known.reason(outcome.name, outcome.problems)
            if failed:
                print(masking.mask(outcome.text()), flush=True)
            if (failed and options.verbose) or (options.only and len(chosen) == 1):
                print("\n".join(str(run) for run in outcome.runs), flush=True)
        pool.close()
        pool.join()
    print(f"{time.monotonic() - began:.0f} s with {options.workers} workers")
    return outcomes


def _report(options: argparse.Namespace, chosen: list[Cell], outcomes: list[Outcome]) -> int:
    reasons = Counter(known.reason(o.name, o.problems) for o in outcomes if o.problems)
    failed = [o for o in outcomes if o.problems and not known.reason(o.name, o.problems)]
    for why, number in reasons.items():
        if why:
            print(f"known: {number} cells: {why}")
    codes = Counter(outcome.code for outcome in outcomes)
    print("exits of the commands: " + ", ".join(f"{code}: {number}" for code, number in sorted(codes.items())))
    missed = [outcome.name for outcome in outcomes if not outcome.reached]
    if missed:
        print(f"note: {len(missed)} cells did not reach their point: {' '.join(missed[:5])}")
    weak = sum(not outcome.recovered for outcome in outcomes)
    if weak:
        print(f"note: {weak} cells ended with something left that this program cannot recover")
    destroyed = [outcome.name for outcome in outcomes if outcome.destroyed]
    if destroyed:
        print(f"note: in {len(destroyed)} cells SoftHSM, killed or full at its own file, has destroyed its token")
    if options.times:
        _times(outcomes)
    print(f"{len(outcomes)} cells, {len(failed)} failed")
    if failed:
        print(f"again: scripts/fault-matrix --only '{failed[0].name}'")
    if len(missed) + len(destroyed) > max(5, len(outcomes) // 20):
        print("too many cells did not reach their point: the matrix no longer fits the program", file=sys.stderr)
        return 1
    if not outcomes:
        print("no cell has such a name", file=sys.stderr)
    return 1 if failed or not outcomes else 0


def _times(outcomes: list[Outcome]) -> None:
    kinds: dict[str, list[float]] = {}
    for outcome in outcomes:
        kinds.setdefault(" ".join(outcome.name.split("/")[:2]), []).append(outcome.seconds)
    for kind, seconds in kinds.items():
        print(f"{kind}: {len(seconds)} cells, {sum(seconds):.0f} s")
    for outcome in sorted(outcomes, key=lambda outcome: -outcome.seconds)[:40]:
        print(f"{outcome.seconds:6.1f} s {outcome.name} exit {outcome.code}")


# ---- leaving root ----


def as_nobody(words: list[str], workers: int) -> int:
    """Small file systems for the workers, and then the same as an ordinary user."""
    with tempfile.TemporaryDirectory(prefix="ssa-hsm-disks-") as folder:
        os.chmod(folder, 0o755)
        disks: list[Path] = []
        parts = ("emulator", "integration", "matrix", "memory", "shim")
        try:
            for number in range(workers):
                disk = Path(folder, str(number))
                disk.mkdir()
                os.chown(disk, unprivileged.NOBODY, unprivileged.NOBODY)
                disks.append(disk)
                for name in ("state", "config"):
                    _mount(disk / name)
            os.environ[_DISKS] = " ".join(map(str, disks))
            return int(unprivileged.run_as_nobody(words, Path("matrix") / "matrix.py", parts, (_DISKS,)))
        except _NoMount as why:
            print(f"note: {why}")
            return int(unprivileged.run_as_nobody(words, Path("matrix") / "matrix.py", parts, ()))
        finally:
            for disk in disks:
                for name in ("state", "config"):
                    # Lazily: after a run that was ended from outside, a worker's last program may still be there.
                    subprocess.run(["umount", "-l", str(disk / name)], check=False, stderr=subprocess.DEVNULL)


class _NoMount(Exception):
    pass


def _mount(folder: Path) -> None:
    folder.mkdir()
    options = f"size=160k,mode=0700,uid={unprivileged.NOBODY},gid={unprivileged.NOBODY}"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "ssa-hsm-matrix", str(folder)], check=False,
                          capture_output=True, text=True)  # fmt: skip
    if done.returncode:
        raise _NoMount(f"no small file system can be mounted: {done.stderr.strip()}")


def main(words: list[str]) -> int:
    options = arguments(words)
    missing = places.check()
    if missing:
        print("\n".join(f"cannot run: {what}" for what in missing), file=sys.stderr)
        return 1
    if os.geteuid() == 0:
        return as_nobody(words, options.workers)
    unprivileged.die_with_root()
    return run(options)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
