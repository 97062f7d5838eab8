"""Whether a process holds what it may not hold where it was searched, and what it has to hold there."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from needles import kind_of
from search import LOCKED

PROGRAM, HOST, SIGNER = "ssa-hsm", "ssa-hsm-host", "ssa-hsm-signer"


@dataclass(frozen=True)
class Held:
    """What a process may hold on an occasion. Everywhere else it may hold nothing."""

    process: str  # PROGRAM, HOST or another's name
    occasion: str | tuple[str, ...]  # how that begins
    must: frozenset[str]  # the search is blind when it does not find a piece of each of these
    may: frozenset[str] = frozenset()
    most: int | None = None  # in so many searches of one process at most
    locked: bool = False  # only in memory that is locked

    @property
    def shown(self) -> str:
        return self.occasion if isinstance(self.occasion, str) else " or ".join(self.occasion)

    def allows(self, hit: dict[str, str]) -> bool:
        kind, place = kind_of(hit["needle"]), hit["where"].partition(" at ")[0]
        return kind in self.must | self.may and (place.endswith(f" {LOCKED}") or not self.locked)

    def is_about(self, stop: dict[str, Any]) -> bool:
        return _process_of(stop) == self.process and bool(stop["occasion"].startswith(self.occasion))


def _process_of(stop: dict[str, Any]) -> str:
    """A build with a leak is called otherwise."""
    called = str(stop["program"])
    known = (name for name in (HOST, PROGRAM) if called.startswith(name))
    return called if called == SIGNER else next(known, called)


@dataclass
class Totals:
    """What all commands together have shown."""

    processes: int = 0
    searches: int = 0
    size: int = 0
    hits: int = 0
    gaps: int = 0
    holders: set[str] = field(default_factory=set)  # where something was found that may not be there
    kinds: set[str] = field(default_factory=set)  # and of which kind that was
    failed: list[str] = field(default_factory=list)


@dataclass
class _Group:
    """All searches of one process on occasions of one name."""

    stop: dict[str, Any]
    count: int = 0
    bytes: int = 0
    needles: int = 0
    holding: int = 0  # searches that found what may be there
    hits: list[dict[str, str]] = field(default_factory=list)
    held: list[dict[str, str]] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)


def judge(
    name: str, report: dict[str, Any], expected: tuple[Held, ...], totals: Totals, hosted: bool = True,
    rests: bool = False
) -> None:  # fmt: skip
    """Prints what was found, and adds it to the totals."""
    groups: dict[tuple[int, str, str], _Group] = {}
    for stop in report["stops"]:
        group = groups.setdefault((stop["pid"], stop["program"], stop["occasion"]), _Group(stop))
        _sort(stop, expected, group)
    for group in groups.values():
        _print(name, group)
        totals.searches += group.count
        totals.size += group.bytes
        totals.hits += len(group.hits)
        totals.gaps += len(group.gaps)
        if group.hits:
            totals.holders.add(_process_of(group.stop))
            totals.kinds |= {kind_of(hit["needle"]) for hit in group.hits}
    for trouble in report["trouble"]:
        totals.gaps += 1
        print(f"  NOT SEARCHED {trouble}")
    totals.processes += len({stop["pid"] for stop in report["stops"]})
    totals.failed += [f"{name}: {what}" for what in _blind(expected, groups)]
    ends = any(_process_of(stop) == HOST and _is_end(stop) for stop in report["stops"])
    if hosted and not ends:
        totals.failed.append(f"{name}: no process of the PKCS#11 module was searched at its end")
    if rests and not any(_process_of(stop) == HOST and stop["occasion"] == "at rest" for stop in report["stops"]):
        totals.failed.append(f"{name}: no process of the PKCS#11 module was searched between two calls")
    if ends and not hosted:
        totals.failed.append(f"{name}: there was a process of the PKCS#11 module")


def _is_end(stop: dict[str, Any]) -> bool:
    return stop["occasion"] == "exit" or bool(stop["occasion"].startswith("killed"))


def _sort(stop: dict[str, Any], expected: tuple[Held, ...], group: _Group) -> None:
    found = stop["findings"]
    about = [held for held in expected if held.is_about(stop)]
    group.count += 1
    group.needles = max(group.needles, found["needles"])
    group.bytes += found["size"]
    group.gaps += found["gaps"]
    allowed = [any(held.allows(hit) for held in about) for hit in found["hits"]]
    group.holding += any(allowed)
    for hit, may_be in zip(found["hits"], allowed, strict=True):
        (group.held if may_be else group.hits).append(hit)


def _blind(expected: tuple[Held, ...], groups: dict[tuple[int, str, str], _Group]) -> list[str]:
    """What was not found, or did not come to pass, although it had to."""
    missed = []
    for held in expected:
        about = [group for group in groups.values() if held.is_about(group.stop)]
        if not about:
            missed.append(f"{held.process} was not searched: {held.shown}")
        held_in = max((group.holding for group in about), default=0)
        if held.most is not None and held_in > held.most:
            missed.append(f"{held.process} ({held.shown}) holds something in {held_in} searches")
        for kind in sorted(held.must):
            if not any(kind_of(hit["needle"]) == kind for group in about for hit in group.held):
                missed.append(f"the search did not find the {kind} in {held.process} ({held.shown}), where it is")
    return missed


def _print(name: str, group: _Group) -> None:
    stop, found = group.stop, group.stop["findings"]
    times = f", {group.count} times" if group.count > 1 else ""
    print(
        f"{name}: {stop['program']}[{stop['pid']}] {stop['occasion']}{times}: {found['threads']} threads, "
        f"{found['mappings']} mappings, {group.bytes / 1e6:.1f} MB, {group.needles} needles, {len(group.hits)} hits"
    )
    often = f" (in {group.holding} of {group.count} searches)" if group.count > 1 else ""
    for line in _lines(group.held):
        print(f"  held, as it may be{often}: {line}")
    for line in _lines(group.hits):
        print(f"  HIT {line}")
    for gap in group.gaps:
        print(f"  NOT READ {gap}")


def _lines(hits: list[dict[str, str]]) -> list[str]:
    """One line for all pieces of one secret in one place: a whole key is some hundred pieces."""
    groups: dict[tuple[str, str], list[str]] = {}
    for hit in hits:
        secret, piece = hit["needle"].rsplit(", ", 1)
        place, _, offset = hit["where"].partition(" at ")
        groups.setdefault((secret, place), []).append(f"{piece}{' at ' if offset else ''}{offset}")
    return [
        f"{secret} in {place}: {len(pieces)} pieces, the first {pieces[0]}"
        for (secret, place), pieces in groups.items()
    ]


def last_lines(path: Path) -> str:
    """The end of what a program has said."""
    lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return " / ".join(lines[-3:]) or "it said nothing"
