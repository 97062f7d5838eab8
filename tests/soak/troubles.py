"""What goes wrong, one thing after the other, and whether everything comes back by itself."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from callers import Connection, Gone, Seen
from place import PROFILES, TROUBLED, Agent, Place

# Seconds of the hasty clock.
CALM = (20.0, 150.0)
LIFETIMES = (60, 60, 45, 30, 15, 5)
# The longest of the agent's own pauses, a minute in which the budget is used up, and a life of an access token.
BACK_WITHIN = 300.0 + 60.0 + 60.0
# On a busy machine, a second of the real clock is many of these; what is looked for is seen by the real clock then.
BACK_WITHIN_REAL = 8.0
# So many access tokens that lived for so few real seconds, and reached nobody.
GIVEN_IN_VAIN, TOO_SHORT = 3, 0.2


@dataclass
class Told:
    """What was done, and how long it took until both profiles had new access tokens again."""

    count: Counter[str] = field(default_factory=Counter)
    back: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    unlocked: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)  # where the machine is to blame


class Troubles:
    def __init__(self, place: Place, agent: Agent, seen: Seen, seed: int, ends: float) -> None:
        self.told = Told()
        self._place, self._agent, self._seen, self._ends = place, agent, seen, ends
        self._clock = place.clock
        self._choose = random.Random(seed)  # noqa: S311 - an order and no secret
        self._connection = Connection(agent.socket)
        self._lifetime = 0
        # Each, and how often it is chosen. Only the first profile's token is pulled out, and only its PIN is wrong.
        self._all: dict[str, tuple[int, Callable[[], None]]] = {
            "signer-killed": (6, lambda: self._kill("signer")),
            "module-killed": (6, lambda: self._kill("host")),
            "agent-killed": (3, agent.kill),
            "api-5xx": (6, lambda: self._faults("status", times=self._some(5), status=self._choose.choice((500, 502, 503)))),
            "api-429": (4, self._limit),
            "api-cut": (4, lambda: self._faults("cut", times=self._some(4))),
            "api-refuses": (3, lambda: self._faults("refuse", times=self._some(6))),
            "api-late": (3, lambda: self._faults("late", times=2, seconds=self._some(10) / self._clock.times)),
            "api-down": (2, self._down),
            "token-out": (4, self._pull_out),
            "wrong-pin": (1, self._wrong_pin),
        }

    def run(self) -> None:
        first = list(self._all)  # each at least once
        self._choose.shuffle(first)
        while (left := self._ends - self._clock.now()) > 0:
            self._calm(min(left, self._choose.uniform(*CALM)))
            name = first.pop() if first else self._choose.choices(list(self._all), [w for w, _ in self._all.values()])[0]
            # In the last quarter the agent lives on, so that it can be seen whether it grows.
            if name == "agent-killed" and self._clock.now() > self._ends - 0.25 * (self._ends - self._place.clock.began / 1e9):
                continue
            self._meet(name)
        self._connection.close()

    # ---- one of them ----

    def _meet(self, name: str) -> None:
        self.told.count[name] += 1
        before = self._seen.trouble
        self._seen.trouble = name
        with contextlib.suppress(ProcessLookupError):
            self._all[name][1]()
        self._wait_until_back(name)
        self._seen.trouble = before

    def _calm(self, seconds: float) -> None:
        self._lifetime = self._choose.choice(LIFETIMES)
        self._place.api.control("POST", "access-token", lifetime=self._lifetime)
        self._clock.sleep(seconds)

    def _some(self, most: int) -> int:
        return self._choose.randint(1, most)

    def _kill(self, kind: str) -> None:
        if helpers := self._agent.helpers(kind):
            os.kill(self._choose.choice(helpers), signal.SIGKILL)

    def _kill_signer_of(self, profile: str) -> None:
        for pid in self._agent.signer_of(profile):
            os.kill(pid, signal.SIGKILL)

    @contextlib.contextmanager
    def _planted(self, action: str, **members: object) -> Iterator[None]:
        self._place.api.fault(action, path="/token", **members)
        try:
            yield
        finally:
            self._place.api.control("POST", "clear")

    def _faults(self, action: str, **members: object) -> None:
        with self._planted(action, **members):
            self._clock.sleep(self._choose.uniform(30, 120))

    def _limit(self) -> None:
        wait = self._some(60)
        with self._planted("status", times=self._some(2), status=429, headers={"Retry-After": str(wait)}):
            self._clock.sleep(self._choose.uniform(60, 120))

    def _down(self) -> None:
        with self._planted("refuse", times=0):
            self._clock.sleep(600)

    def _pull_out(self) -> None:
        self._place.out.touch()
        try:
            self._clock.sleep(self._choose.uniform(5, 600))
        finally:
            self._place.out.unlink()

    def _wrong_pin(self) -> None:
        """It is tried once, and not again before somebody says so."""
        before = self.wrong_pins()
        self._place.write_pin(TROUBLED, "0000-wrong")
        self._kill_signer_of(TROUBLED)
        self._clock.sleep(600)
        tries = self.wrong_pins() - before
        if tries != 1:
            self.told.wrong.append(f"a wrong PIN was tried {tries} times within 10 minutes, not once")
        self._place.write_pin(TROUBLED)
        self._unlock(TROUBLED, "wrong-pin")

    # ---- and back ----

    def wrong_pins(self) -> int:
        return len(self._place.calls.of("C_Login", "CKR_PIN_INCORRECT"))

    def _unlock(self, name: str, why: str) -> None:
        self.told.unlocked[why] += 1
        with contextlib.suppress(Gone, TimeoutError):
            self._connection.ask("POST", f"/v1/unlock?profile={name}")

    def _unlock_those_who_wait(self, trouble: str) -> None:
        """Nobody should have to: the PIN is stored, and right."""
        with contextlib.suppress(Gone, TimeoutError):
            _, status = self._connection.ask("GET", "/v1/status")
            for profile in status.get("profiles", []):
                if not profile["locked"] and profile["signer"] != "refused":
                    continue
                if trouble != "wrong-pin":
                    self.told.wrong.append(f"{profile['name']} stayed locked after {trouble}: {profile['last_failure']}")
                    print(self._agent.evidence(), file=sys.stderr)
                self._unlock(profile["name"], trouble)

    def _wait_until_back(self, trouble: str) -> None:
        ended, began = self._clock.now(), time.monotonic()
        asked = ended
        seen = self._seen
        while True:
            with seen.lock:
                missing = [name for name in PROFILES if seen.fresh.get(name, 0) < ended]
            now = self._clock.now()
            if not missing:
                self.told.back[trouble].append(now - ended)
                return
            if now - ended > BACK_WITHIN and time.monotonic() - began > BACK_WITHIN_REAL:
                self._tell_late(f"{now - ended:.0f} s after {trouble}, {missing} have no new access tokens", missing, ended)
                return
            if now - asked > 60:
                asked = now
                self._unlock_those_who_wait(trouble)
            time.sleep(0.02)

    def _tell_late(self, what: str, missing: list[str], since: float) -> None:
        """Where the API gave access tokens to all, and each ended on its way, the machine is too slow for these."""
        life, times = self._lifetime, self._clock.times
        done = [e for e in self._place.exchanges() if e["status"] == 200 and e["arrived_at"] > since]
        given = Counter(e["assertion"]["claims"]["sub"] for e in done)
        counts = {name: given[self._place.accounts[name]] for name in missing}
        what += f": the API gave {counts}, each good for {life} s, which is {1000 * life / times:.0f} ms"
        is_slow = min(counts.values()) >= GIVEN_IN_VAIN and life / times < TOO_SHORT
        (self.told.slow if is_slow else self.told.wrong).append(what if is_slow else f"{what}; {self._status()}")

    def _status(self) -> object:
        try:
            return self._connection.ask("GET", "/v1/status")[1]
        except (Gone, TimeoutError) as error:
            return repr(error)
