"""Runs all programs in all cases, in rounds, each in an order of its own, so that no program has the best place."""

from __future__ import annotations

import random
import sys
import time
from dataclasses import dataclass, field

import measure
from cases import AT_ONCE, Job
from world import Failed, World

Key = tuple[str, str]  # case, program
# The share of the processors' time that others may use while this machine counts as idle, and for how long.
IDLE, IDLE_SECONDS = 0.05, 3.0


@dataclass
class Results:
    """What was measured: milliseconds, or kilobytes of memory."""

    values: dict[Key, list[float]] = field(default_factory=dict)
    runs: dict[Key, int] = field(default_factory=dict)  # where many run at once: processes
    failures: dict[Key, list[str]] = field(default_factory=dict)
    left_out: dict[Key, str] = field(default_factory=dict)


def _busy_and_all() -> tuple[int, int]:
    with open("/proc/stat") as file:
        numbers = [int(word) for word in file.readline().split()[1:9]]
    idle = numbers[3] + numbers[4]
    return sum(numbers) - idle, sum(numbers)


def wait_until_idle() -> None:
    said = False
    while True:
        before = _busy_and_all()
        time.sleep(IDLE_SECONDS)
        after = _busy_and_all()
        share = (after[0] - before[0]) / max(1, after[1] - before[1])
        if share <= IDLE:
            return
        if not said:
            said = True
            note(f"waiting until the machine is idle: now it is busy for {share:.0%} of its time (--now does not wait)")


def note(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


class Rounds:
    def __init__(self, world: World, jobs: list[Job], seed: int, at_once: int = AT_ONCE) -> None:
        self.results = Results()
        self._world, self._jobs, self._at_once = world, jobs, at_once
        self._random = random.Random(seed)  # noqa: S311 - an order and no secret
        self._given: dict[str, Job] = {}  # access tokens of this round, and who got them

    def run(self, rounds: int, warm_up: bool) -> None:
        if warm_up:
            self._round(0, Results())
        for number in range(rounds):
            self._round(number, self.results)
            if sys.stderr.isatty():
                print(f"\rbench: round {number + 1} of {rounds}", end="", file=sys.stderr, flush=True)
        if sys.stderr.isatty():
            print(file=sys.stderr)

    def _round(self, number: int, results: Results) -> None:
        jobs = [job for job in self._jobs if number < job.case.rounds]
        self._random.shuffle(jobs)
        self._given.clear()
        for job in jobs:
            key = (job.case.name, job.program)
            if key not in self.results.left_out:
                self._measure(job, key, results)
        refused = self._world.refused_tokens(list(self._given))
        if refused:
            job = self._given[refused[0]]
            raise Failed(f"{job.case.name}, {job.program}: what it printed is no access token of the API's")
        # The emulator's list of requests must not grow, and slow it down.
        self._world.api.forget_requests()

    def _measure(self, job: Job, key: Key, results: Results) -> None:
        values = results.values.setdefault(key, [])
        if job.case.measure == "at-once":
            began = time.perf_counter()
            ran = measure.run_at_once(job.argv, job.env, self._at_once)
            values.append((time.perf_counter() - began) * 1000)
            results.runs[key] = results.runs.get(key, 0) + len(ran)
            wrong = [text for one in ran if (text := self._wrong(job, one))]
            results.failures.setdefault(key, []).extend(wrong)
            return
        if job.case.measure == "memory":
            try:
                one = measure.run_watched(job.argv, job.env)
            except measure.Unmeasurable as error:
                self.results.left_out[key] = str(error)
                return
            values.append(one.kilobytes)
        elif job.case.measure == "one-cpu":
            with measure.one_cpu(self._world.api.process.pid):
                one = measure.run(job.argv, job.env)
            values.append(one.seconds * 1000)
        else:
            one = measure.run(job.argv, job.env)
            values.append(one.seconds * 1000)
        if text := self._wrong(job, one):
            raise Failed(f"{job.case.name}, {job.program}: {text}")

    def _wrong(self, job: Job, ran: measure.Ran) -> str | None:
        """What is wrong with a run, or None."""
        text = f"it ended with {ran.code}" if ran.code else job.wrong(ran.out)
        if text:
            return f"{text}: {ran.err.strip()[:400]}"
        if job.case.kind in ("token", "cached", "agent"):
            token = ran.out.strip()
            if token in self._given:
                return "it printed an access token that was given out before"
            self._given[token] = job
        return None
