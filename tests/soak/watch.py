"""What is looked at from outside: memory and descriptors while it runs, and the API's list of requests in the end."""

from __future__ import annotations

import contextlib
import os
import statistics
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from place import BUDGET, MINUTE, Agent, HastyTime

EVERY = 120.0  # seconds of the hasty clock
ENOUGH = 24  # samples of a process, before anything is said about it
GROWS_KB, GROWS_SHARE, GROWS_FILES = 1024, 0.10, 8


@dataclass(frozen=True)
class Sample:
    kilobytes: int
    files: int


def sample(pid: int) -> Sample:
    """What is no file: other processes change how much of those counts. Where only root may see that, all of it."""
    files = len(os.listdir(f"/proc/{pid}/fd"))
    try:
        lines, name = Path(f"/proc/{pid}/smaps_rollup").read_text(), "Pss_Anon:"
    except PermissionError:
        lines, name = Path(f"/proc/{pid}/status").read_text(), "VmRSS:"
    found = next(line for line in lines.splitlines() if line.startswith(name))
    return Sample(int(found.split()[1]), files)


class Watch:
    """Use it in a with statement."""

    def __init__(self, agent: Agent, clock: HastyTime, every: float = EVERY) -> None:
        self.stall = 0.0  # how much later than it should this process was woken at most, in real seconds
        self.samples: dict[tuple[str, int], list[Sample]] = defaultdict(list)
        self._agent, self._pause, self._over = agent, every / clock.times, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._wait():
            processes = [("agent", self._agent.pid)]
            processes += [(kind, pid) for kind in ("signer", "host") for pid in self._agent.helpers(kind)]
            for key in processes:
                # It may have been killed.
                with contextlib.suppress(OSError, StopIteration):
                    self.samples[key].append(sample(key[1]))

    def _wait(self) -> bool:
        until = time.monotonic() + self._pause
        over = self._over.wait(self._pause)
        self.stall = max(self.stall, 0.0 if over else time.monotonic() - until)
        return over

    def longest(self, kind: str) -> list[Sample]:
        return max((found for (name, _), found in self.samples.items() if name == kind), key=len, default=[])

    def figures(self) -> dict[str, str]:
        """Of the process of each kind that was seen most often."""
        return {kind: _figures(self.longest(kind)) for kind in ("agent", "signer", "host")}

    def wrong(self) -> list[str]:
        """The processes that grow: what their second quarter was, and what their last one is."""
        found = []
        for (kind, pid), samples in self.samples.items():
            if len(samples) < ENOUGH:
                continue
            before, after = _middle(samples, 1), _middle(samples, 3)
            if after.kilobytes - before.kilobytes > max(GROWS_KB, GROWS_SHARE * before.kilobytes):
                found.append(f"{kind} {pid} has grown from {before.kilobytes} kB to {after.kilobytes} kB")
            if after.files - before.files > GROWS_FILES:
                found.append(f"{kind} {pid} has {after.files} files open, after {before.files}")
        return found


def _figures(samples: list[Sample]) -> str:
    if not samples:
        return "not seen"
    return (
        f"{samples[0].kilobytes} at first, {samples[-1].kilobytes} in the end, {max(s.kilobytes for s in samples)} at most; "
        f"files {samples[0].files}, {samples[-1].files}, {max(s.files for s in samples)}"
    )


def _middle(samples: list[Sample], quarter: int) -> Sample:
    part = samples[quarter * len(samples) // 4 : (quarter + 1) * len(samples) // 4]
    return Sample(int(statistics.median(s.kilobytes for s in part)), int(statistics.median(s.files for s in part)))


@dataclass(frozen=True)
class Budget:
    requests: int
    most: int  # in any minute, of all agents
    refused: int  # beyond the API's own limit
    wrong: list[str]


def judge_budget(exchanges: list[dict[str, Any]]) -> Budget:
    """Whether more was sent in any minute than the API allows. Also an agent that was killed passes on what it sent."""
    most, refused, wrong = 0, 0, []
    window: list[float] = []
    for entry in sorted(exchanges, key=lambda entry: float(entry["arrived_at"])):
        at = float(entry["arrived_at"])
        window = [t for t in window if t > at - MINUTE] + [at]
        most = max(most, len(window))
        if len(window) > BUDGET:
            told = ", ".join(f"{t - at:.1f}" for t in window)
            wrong.append(f"{len(window)} requests within a minute: {told} s (fault {entry['fault']}, status {entry['status']})")
        if entry["status"] == 429 and entry["fault"] is None:
            refused += 1
            wrong.append("the API had to refuse a request by its limit")
    return Budget(len(exchanges), most, refused, wrong)
