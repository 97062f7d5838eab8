#!/usr/bin/python3 -B
"""Runs the agent for a simulated day, under load, while everything goes wrong that can.

    scripts/soak-agent                       # 24 simulated hours, 100 times faster: a quarter of an hour
    scripts/soak-agent --hours 240           # ten days
    scripts/soak-agent --short               # 20 seconds, and no judgement about memory (ctest)
    scripts/soak-agent --kill-for 60m        # kills by the real clock, for an hour

The real agent with two profiles, SoftHSM and the emulated API, which all live in a time that runs faster. Access
tokens are good for 5 to 60 seconds there. Callers ask all the time at the socket, the facade and the broker, a few hundred
times a second, and so do strangers with wrong secrets, certificates and hosts, who must get nothing. One after the other:
the agent, a signer, a module's process is killed by SIGKILL; the API answers 5xx, 429 with Retry-After, cuts its
answers, closes connections, is late, is down for ten minutes; a PKCS#11 token is pulled out and put back; a PIN is
wrong. After each, both profiles must have new access tokens again.

What must never happen: an access token that had ended (by the API's clock) before it was asked for, or that is for
other scopes or another account, or whose end is told wrongly; more requests in any minute than the API allows; a wrong
PIN that is tried twice; memory or descriptors that grow; an agent that ends by itself; callers of the one profile who
suffer from what befalls the other.

Then, by the real clock, an agent has 10,000 idle connections, callers who never read, and garbage on its socket, while a
caller that behaves well is served.

With --kill-for, only the agent, the signers and the modules' processes are killed by SIGKILL, at random moments, many of
them within a login, by the real clock and with the API's real limit. All must be served again soon after each; no profile
may stay locked; a wrong PIN is tried once, however often its signer is killed meanwhile; nothing is left in the end.

Exit: 0 nothing of it has happened, 1 something has, 2 it could not be run.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import hostile  # noqa: E402
import kills  # noqa: E402
import place as places_of  # noqa: E402
from callers import Callers, Seen  # noqa: E402
from guests import Guests, Lodge  # noqa: E402
from place import STEADY, Agent, Failed, HastyTime, Place  # noqa: E402
from troubles import Told, Troubles  # noqa: E402
from watch import Budget, Watch, judge_budget  # noqa: E402

TIMES, HOURS, CALLERS = 100, 24.0, 4
SHORT_HOURS, SHORT_TIMES = 0.35, 100
# Troubles of the first profile alone: the other one's callers meet nothing but the API's limit, which is for both. And
# where the machine is busy for some hundredths of a second, an access token ends while it is handed out.
ONE_SIDED = ("token-out", "wrong-pin")
ENDED = ("the access token expires too soon to be handed out", "there is no access token that lasts")
# The agent gives a handshake, a connection to the API and a look at a signer so many seconds, and a caller six times that.
STALLED = 10.0
LIMITED = ("429 rate_limited", "429 rate_limit_exceeded")
SUFFERED = (*LIMITED, *(f"503 {error}: {why}" for error in ("unavailable", "temporarily_unavailable") for why in ENDED))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="soak-agent", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hours", type=float, default=HOURS, help=f"simulated (default: {HOURS:g})")
    parser.add_argument("--times", type=int, default=TIMES, help=f"how much faster time runs (default: {TIMES})")
    parser.add_argument("--short", action="store_true", help="some 20 seconds")
    parser.add_argument("--seed", type=int, default=time.time_ns() & 0xFFFF, help="of what happens, and in which order")
    parser.add_argument("--only", choices=("day", "hostile"), help="one of the two parts")
    parser.add_argument(
        "--kill-for", type=seconds_of, metavar="TIME", help="only kill processes for so long, by the real clock: 90s, 60m, 1h"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    options = parser.parse_args()
    if options.short:
        options.hours, options.times = SHORT_HOURS, SHORT_TIMES
    return options


def seconds_of(text: str) -> float:
    units = {"s": 1.0, "m": 60.0, "h": 3600.0}
    return float(text[:-1]) * units[text[-1]] if text[-1:] in units else float(text)


def day(options: argparse.Namespace) -> tuple[dict[str, object], list[str]]:
    clock = HastyTime(options.times)
    with Place(clock) as place:
        lodge, seen = Lodge(place), Seen(place)
        before = place.files()
        with Agent(place, lodge.options()) as agent, Watch(agent, clock) as watch:
            began = time.monotonic()
            callers = Callers(seen, place, agent.socket, CALLERS, options.seed)
            with callers, Guests(seen, place, lodge, options.seed) as guests:
                troubles = Troubles(place, agent, seen, options.seed, clock.now() + options.hours * 3600)
                troubles.run()
            seconds = time.monotonic() - began
        budget = judge_budget(place.exchanges())
        logins = Counter(call.rv for call in place.calls.of("C_Login"))
        wrong = list(seen.wrong) + list(troubles.told.wrong) + budget.wrong
        wrong += [f"the agent ended by itself with {code}" for code in agent.died]
        wrong += place.left(before)
        wrong += [] if options.short else watch.wrong()
        suffering = _suffering(seen)
        # By the clock that runs faster, the waits of the agent are as short as these stalls.
        (troubles.told.slow if watch.stall * clock.times > STALLED else wrong).extend(suffering)
        if wrong:
            print(agent.log.read_text(errors="replace")[-4000:], file=sys.stderr)
        return _figures(options, seconds, seen, troubles.told, budget, logins, watch) | guests.figures(), wrong


def _suffering(seen: Seen) -> list[str]:
    found = []
    for (trouble, profile, kind), count in seen.failures.items():
        told = kind.removeprefix("facade: ").removeprefix("broker: ")
        if trouble in ONE_SIDED and profile == STEADY and told not in SUFFERED:
            found.append(f"{count} callers of the other profile were told \"{kind}\" during {trouble}")
    return found


def _figures(
    options: argparse.Namespace, seconds: float, seen: Seen, told: Told, budget: Budget, logins: Counter[str], watch: Watch
) -> dict[str, object]:
    kinds: dict[str, Counter[str]] = {}
    for (trouble, _, kind), count in seen.failures.items():
        kinds.setdefault(kind, Counter())[trouble] += count
    waits = sorted(seen.waits)
    return {
        "seed": options.seed,
        "hours": options.hours,
        "seconds": round(seconds),
        "requests": sum(seen.requests.values()),
        "access tokens": len(seen.tokens),
        "99th percentile, ms": round(waits[int(len(waits) * 0.99)], 1) if waits else None,
        "troubles": dict(told.count),
        "too slow a machine": told.slow,
        "longest stall of the machine, ms": round(watch.stall * 1000),
        "back after, s": {name: _span(values) for name, values in told.back.items()},
        "unlocked by hand": dict(told.unlocked),
        "failures": {kind: dict(by.most_common()) for kind, by in kinds.items()},
        "requests to the API": budget.requests,
        "most in a minute": budget.most,
        "refused by the API's limit": budget.refused,
        "C_Login": dict(logins),
        "memory, kB": watch.figures(),
    }


def _span(values: list[float]) -> str:
    return f"{statistics.median(values):.0f}, at most {max(values):.0f}"


def main() -> int:
    options = arguments()
    figures: dict[str, object] = {}
    wrong: list[str] = []
    parts = {"day": day, "hostile": hostile.run} if options.kill_for is None else {"kills": kills.run}
    for name, part in parts.items():
        if options.kill_for is not None or options.only in (None, name):
            found, bad = part(options)
            figures[name] = found
            wrong += bad
    text = json.dumps(figures, indent=1)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")
    for line, count in Counter(wrong).items():
        print(f"soak-agent: {line}" + (f" ({count} times)" if count > 1 else ""), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Failed, places_of.places.Missing) as reason:
        print(f"soak-agent: {reason}", file=sys.stderr)
        sys.exit(2)
