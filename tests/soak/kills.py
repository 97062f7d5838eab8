"""Kills by the real clock: the agent, its signers, the modules' processes, at random moments, while callers ask."""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import softtoken
from callers import Callers, Connection, Gone, Seen
from guests import Guests, Lodge
from place import PROFILES, TROUBLED, Agent, Failed, HastyTime, Place
from watch import Watch, judge_budget

CALLERS, FORCED = 4, 0.05
# The API's 10 requests a minute must do for what a new agent fetches, too.
LIFETIMES = (600, 300, 240, 120)
CALM = (0.2, 3.0)
BURST = 4  # so many kills at most, one soon after the other: within a start, and within a login
SHORTEST, LONGEST = 0.002, 3.0
VICTIMS = {"signer": 5, "host": 5, "agent": 1}
QUIET_SHARE = 0.3  # of the time, in the end: the agent lives, so that it can be seen whether it grows
# A new agent may find that its predecessor has used up the API's minute. A signer's start waits for half a minute at
# most. Behind these two, there is a moment for the machine.
SERVED_WITHIN, SIGNS_WITHIN = 75.0, 45.0
SETTLED_WITHIN = 10.0
WRONG_PIN_EVERY, WRONG_PIN_FOR = 600.0, 15.0
EVERY = 5.0  # seconds between two looks at memory
# A login takes so long that many a kill hits it, before and after the token has looked at the PIN. As on a card, three
# wrong PINs lock it.
SCRIPT = "C_Login * sleep 100 after-sleep 100\npin tries 3\n"


class Kills:
    def __init__(self, place: Place, agent: Agent, seen: Seen, seed: int, seconds: float) -> None:
        self.count: Counter[str] = Counter()
        self.served: dict[str, list[float]] = defaultdict(list)  # by what was killed last: until both were served again
        self.signs: dict[str, list[float]] = defaultdict(list)  # until both have signed again
        self.within_logins = 0  # how many of them, by and large
        self.wrong: list[str] = []
        self._looked = 0.0
        self._place, self._agent, self._seen = place, agent, seen
        self._choose = random.Random(seed)  # noqa: S311 - an order and no secret
        self._connection = Connection(agent.socket)
        self._began, self._seconds = time.monotonic(), seconds
        self._next_wrong_pin = self._began + min(WRONG_PIN_EVERY, seconds / 3)

    def run(self) -> None:
        while (at := time.monotonic()) < self._began + self._seconds:
            self._place.api.control("POST", "access-token", lifetime=self._choose.choice(LIFETIMES))
            time.sleep(self._choose.uniform(*CALM))
            if at > self._next_wrong_pin:
                self._next_wrong_pin = at + WRONG_PIN_EVERY
                self._wrong_pin()
            else:
                self._meet("kills", self._burst)
        self._connection.close()

    def _meet(self, name: str, do: Callable[[], str]) -> None:
        self._seen.trouble = name
        self._wait_until_back(do())
        self._seen.trouble = "none"

    def _kill_one(self) -> str:
        kinds = dict(VICTIMS)
        if time.monotonic() > self._began + (1 - QUIET_SHARE) * self._seconds:
            del kinds["agent"]
        kind = self._choose.choices(list(kinds), list(kinds.values()))[0]
        with contextlib.suppress(ProcessLookupError):
            if kind == "agent":
                self._agent.kill()
            elif found := self._agent.helpers(kind):
                os.kill(self._choose.choice(found), signal.SIGKILL)
            else:
                return kind
            self.count[kind] += 1
            self.within_logins += self._place.tries_pin()
        return kind

    def _burst(self) -> str:
        kind = self._kill_one()
        for _ in range(self._choose.randrange(BURST)):
            # Short pauses are as likely as long ones.
            time.sleep(SHORTEST * (LONGEST / SHORTEST) ** self._choose.random())
            kind = self._kill_one()
        return kind

    # ---- a PIN that is wrong ----

    def wrong_pins(self) -> int:
        """How many wrong PINs the tokens have counted since the last right one. One that is locked stays at three."""
        state = self._place.shim_state
        words = [line.split() for line in state.read_text().splitlines()] if state.exists() else []
        return max((int(count) for name, count in words if name.startswith("pin-tries:")), default=0)

    def _wrong_pin(self) -> None:
        """However often its signer is killed meanwhile, it is tried once."""
        self.count["wrong PIN"] += 1
        self._seen.trouble = "wrong-pin"
        self._place.write_pin(TROUBLED, "0000-wrong")
        until = time.monotonic() + WRONG_PIN_FOR
        for pid in self._agent.signer_of(TROUBLED):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        while time.monotonic() < until:
            time.sleep(self._choose.uniform(SHORTEST, LONGEST))
            self._kill_one()
            if self.wrong_pins() > 1:
                self.wrong.append(f"a wrong PIN was tried {self.wrong_pins()} times")
                break
        self._place.write_pin(TROUBLED, softtoken.PIN)
        time.sleep(0.5)
        self._unlock(TROUBLED)
        self._meet("after-wrong-pin", lambda: "wrong PIN")

    def _unlock(self, name: str) -> None:
        with contextlib.suppress(Gone, TimeoutError):
            self._connection.ask("POST", f"/v1/unlock?profile={name}")

    # ---- and back ----

    def _status(self) -> dict[str, Any]:
        with contextlib.suppress(Gone, TimeoutError):
            return self._connection.ask("GET", "/v1/status")[1]
        return {}

    def _is_served(self, name: str, since: float) -> bool:
        with self._seen.lock:
            return self._seen.served.get(name, 0) > since

    def _signs(self, name: str, _: float) -> bool:
        """It needs no request to the API."""
        with contextlib.suppress(Gone, TimeoutError):
            return self._connection.ask("GET", f"/v1/assertion?profile={name}")[0] == 200
        return False

    def _wait_for(self, done: Callable[[str, float], bool], since: float, within: float, what: str) -> float | None:
        missing = list(PROFILES)
        while missing := [name for name in missing if not done(name, since)]:
            if (took := self._place.clock.now() - since) > within:
                self.wrong.append(f"{took:.0f} s after the kills, {missing} {what}: {self._status()}")
                print(self._agent.evidence(), file=sys.stderr)
                return None
            self._look_for_locked()
            time.sleep(0.02)
        return self._place.clock.now() - since

    def _look_for_locked(self) -> None:
        """Nobody need unlock a profile whose PIN is stored, unless that is wrong."""
        if time.monotonic() - self._looked < 5:
            return
        self._looked = time.monotonic()
        for profile in self._status().get("profiles", []):
            if profile["locked"] or profile["signer"] == "refused":
                self.wrong.append(f"the profile {profile['name']} stayed locked: {profile['last_failure']}")
                print(self._agent.evidence(), file=sys.stderr)
                self._unlock(profile["name"])

    def _wait_until_back(self, kind: str) -> None:
        since, self._looked = self._place.clock.now(), time.monotonic()
        for told, done, within, what in (
            (self.signs, self._signs, SIGNS_WITHIN, "have not signed"),
            (self.served, self._is_served, SERVED_WITHIN, "had no access token"),
        ):
            took = self._wait_for(done, since, within, what)
            if took is not None:
                told[kind].append(took)
        self._look_at_processes()

    def _look_at_processes(self) -> None:
        """A signer and a module's process for each profile, and no other one."""
        until = time.monotonic() + SETTLED_WITHIN
        found: dict[str, int] = {}
        while time.monotonic() < until:
            found = self._place.processes()
            if all(found.get(kind, 0) <= most for kind, most in (("", 1), ("-signer", 2), ("-host", 2))):
                return
            time.sleep(0.05)
        self.wrong.append(f"there are processes that should have ended: {found}")


def _span(values: list[float]) -> str:
    values = sorted(values)
    return f"{values[len(values) // 2]:.1f}, at most {values[-1]:.1f}"


def run(options: argparse.Namespace) -> tuple[dict[str, object], list[str]]:
    clock = HastyTime(1)
    with Place(clock, SCRIPT) as place:
        lodge, seen = Lodge(place), Seen(place)
        before = place.files()
        with Agent(place, lodge.options()) as agent, Watch(agent, clock, EVERY) as watch:
            callers = Callers(seen, place, agent.socket, CALLERS, options.seed, FORCED)
            with callers, Guests(seen, place, lodge, options.seed) as guests:
                kills = Kills(place, agent, seen, options.seed, options.kill_for)
                kills.run()
        budget = judge_budget(place.exchanges())
        wrong = seen.wrong + kills.wrong + budget.wrong + watch.wrong() + place.left(before)
        wrong += [f"the agent ended by itself with {code}" for code in agent.died]
        kinds: Counter[str] = Counter()
        for (_, _, kind), count in seen.failures.items():
            kinds[kind] += count
        wrong += [f"{count} callers: {kind}" for kind, count in kinds.items() if "no answer" in kind]
        if not kills.count["signer"]:
            raise Failed("nothing was killed")
        return {
            "seed": options.seed,
            "seconds": options.kill_for,
            "requests": sum(seen.requests.values()),
            "access tokens": len(seen.tokens),
            "killed": dict(kills.count),
            "killed while a PIN was tried": kills.within_logins,
            "served again after, s": {kind: _span(values) for kind, values in kills.served.items()},
            "signs again after, s": {kind: _span(values) for kind, values in kills.signs.items()},
            "failures": dict(kinds.most_common()),
            "requests to the API": budget.requests,
            "most in a minute": budget.most,
            "refused by the API's limit": budget.refused,
            "C_Login": dict(Counter(call.rv for call in place.calls.of("C_Login"))),
            "memory, kB": watch.figures(),
            **guests.figures(),
        }, wrong
