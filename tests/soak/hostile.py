"""Callers who do harm, and one who does not: how long that one waits."""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import resource
import socket
import threading
import time
from pathlib import Path

from callers import Connection, Gone
from place import STEADY, Agent, HastyTime, Place
from watch import sample

IDLE, SHORT_IDLE = 10_000, 2_500
GREEDY = 20
SECONDS, SHORT_SECONDS = 10.0, 2.0
RATE = 200
# An agent that has thousands of connections answers within this time, on a machine that does nothing else.
MUST_MS = 50.0
REQUEST = b"GET /v1/token?profile=steady HTTP/1.1\r\nHost: agent\r\n\r\n"
GROWS_FILES, GROWS_KB = 2_300, 100 * 1024


class Harm:
    """Threads that go on until they are told to stop."""

    def __init__(self, path: Path, idle: int) -> None:
        self._path, self._over = path, threading.Event()
        self.counts = {"idle": 0, "greedy": 0, "garbage": 0}
        jobs = (lambda: self._idle(idle), self._greedy, self._garbage)
        self._threads = [threading.Thread(target=job, daemon=True) for job in jobs]

    def __enter__(self) -> Harm:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(30)

    def _connect(self, stack: contextlib.ExitStack) -> socket.socket | None:
        connection = stack.enter_context(socket.socket(socket.AF_UNIX))
        connection.settimeout(1)
        try:
            connection.connect(str(self._path))
        except OSError:  # the line of those who wait is full
            connection.close()
            return None
        return connection

    def _idle(self, count: int) -> None:
        with contextlib.ExitStack() as stack:
            while self.counts["idle"] < count and not self._over.is_set():
                if self._connect(stack):
                    self.counts["idle"] += 1
                else:
                    time.sleep(0.01)
            self._over.wait()

    def _greedy(self) -> None:
        """They send as long as the agent takes it, and never read."""
        with contextlib.ExitStack() as stack:
            while not self._over.wait(0.05):
                connection = self._connect(stack) if self.counts["greedy"] < GREEDY else None
                if connection:
                    self.counts["greedy"] += 1
                    connection.setblocking(False)
                    with contextlib.suppress(OSError):
                        while True:
                            connection.send(REQUEST * 100)

    def _garbage(self) -> None:
        choose = random.Random(1)  # noqa: S311 - no secret
        while not self._over.wait(0.002):
            with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
                if connection := self._connect(stack):
                    head = choose.choice((b"", b"GET /v1/token?", b"GET /v1/token HTTP/1.1\r\nA:", b"\x16\x03\x01", b"POST /v1/lock"))
                    connection.sendall(head + choose.randbytes(choose.randrange(1, 4000)))
                    self.counts["garbage"] += 1


def _behave(path: Path, seconds: float) -> tuple[list[float], dict[str, int]]:
    """A good caller: so many requests a second, with a new connection for every fourth."""
    waits: list[float] = []
    failures: dict[str, int] = {}
    connection = Connection(path, patience=10)
    began = time.perf_counter()
    for number in range(int(seconds * RATE)):
        time.sleep(max(0.0, began + number / RATE - time.perf_counter()))
        if number % 4 == 0:
            connection.close()
        at = time.perf_counter()
        try:
            status, _ = connection.ask("GET", f"/v1/token?profile={STEADY}")
        except (Gone, TimeoutError) as error:
            status = repr(error)
        waits.append((time.perf_counter() - at) * 1000)
        if status != 200:
            failures[str(status)] = failures.get(str(status), 0) + 1
    connection.close()
    return sorted(waits), failures


def _percentile(values: list[float], share: float) -> float:
    return round(values[int((len(values) - 1) * share)], 2)


def _metric(path: Path, name: str) -> int:
    """One of the agent's own counts."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        connection.sendall(b"GET /v1/metrics HTTP/1.1\r\nHost: agent\r\nConnection: close\r\n\r\n")
        text = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    return int(text.partition(f"\nssa_hsm_agent_{name} ")[2].split()[0])


def run(options: argparse.Namespace) -> tuple[dict[str, object], list[str]]:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    idle = min(SHORT_IDLE if options.short else IDLE, most - 500)
    seconds = SHORT_SECONDS if options.short else SECONDS
    wrong: list[str] = []
    with Place(HastyTime(1)) as place, Agent(place) as agent:
        calm, failed = _behave(agent.socket, seconds / 2)
        before = sample(agent.pid)
        with Harm(agent.socket, idle) as harm:
            waits, failures = _behave(agent.socket, seconds)
            during = sample(agent.pid)
        after_waits, after_failures = _behave(agent.socket, seconds / 2)
        after = sample(agent.pid)
        for when, found in (("before", failed), ("meanwhile", failures), ("after", after_failures)):
            wrong += [f"a caller who behaves well got {text} {when}, {count} times" for text, count in found.items()]
        if agent.died:
            wrong.append(f"the agent ended by itself with {agent.died}")
        if not options.short and _percentile(waits, 0.99) > MUST_MS:
            wrong.append(f"a caller who behaves well waited {_percentile(waits, 0.99)} ms (99th percentile)")
        if during.files - before.files > GROWS_FILES or during.kilobytes - before.kilobytes > GROWS_KB:
            wrong.append(f"the agent has grown from {before} to {during}")
        return {
            "done": harm.counts,
            "connections": {name: _metric(agent.socket, f"connections_{name}_total") for name in ("refused", "shed")},
            "99th percentile before, meanwhile, after, ms": [_percentile(w, 0.99) for w in (calm, waits, after_waits)],
            "longest, ms": [_percentile(w, 1) for w in (calm, waits, after_waits)],
            "memory, kB": [s.kilobytes for s in (before, during, after)],
            "files": [s.files for s in (before, during, after)],
            "cpus": os.cpu_count(),
        }, wrong
