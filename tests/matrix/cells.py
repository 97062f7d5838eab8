"""The cells: each is a scenario and one thing that goes wrong in it. What can go wrong where is found by running it."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

import killer
from scenarios import SCENARIOS, Scenario
from shimlog import CallLog
from world import Host, World

# At one request: the server gone, silent, broken, cut off, busy, refusing; and whether it has acted.
_HTTP: dict[str, dict[str, Any]] = {
    "refuse": {"action": "refuse"},
    "reset": {"action": "reset"},
    "hang": {"action": "hang"},
    "hang-after": {"action": "hang-after"},
    "drop": {"action": "drop"},
    "cut": {"action": "cut"},
    "cut-at-once": {"action": "cut", "bytes": 0},
    "500": {"action": "status", "status": 500},
    "500-acted": {"action": "status", "status": 500, "act": True},
    "503-acted": {"action": "status", "status": 503, "act": True},
    "garbage": {"action": "replace", "body": "<html>"},
    "no-key": {"action": "replace", "body": {"kid": "../keys", "privateKey": "x"}},
    "401": {"action": "status", "status": 401},
    "403": {"action": "status", "status": 403},
    "404": {"action": "status", "status": 404},
    "429": {"action": "status", "status": 429, "headers": {"Retry-After": "100"}},
}
# Of these it matters everywhere whether they pass.
_LASTING = ("refuse", "hang-after", "500-acted", "403", "429")
_RETURNS = ("CKR_GENERAL_ERROR", "CKR_DEVICE_ERROR", "CKR_FUNCTION_NOT_SUPPORTED")
_MORE_RETURNS = {
    "C_Initialize": ("CKR_CANT_LOCK", "CKR_ARGUMENTS_BAD"),
    "C_OpenSession": ("CKR_SESSION_COUNT", "CKR_TOKEN_NOT_PRESENT", "CKR_TOKEN_WRITE_PROTECTED"),
    "C_Login": ("CKR_PIN_INCORRECT", "CKR_PIN_LOCKED"),
    "C_CreateObject": (
        "CKR_DEVICE_MEMORY", "CKR_TEMPLATE_INCONSISTENT", "CKR_ATTRIBUTE_TYPE_INVALID", "CKR_TOKEN_WRITE_PROTECTED",
        "CKR_USER_NOT_LOGGED_IN", "CKR_DEVICE_REMOVED",
    ),
    "C_GetAttributeValue": ("CKR_ATTRIBUTE_SENSITIVE", "CKR_ATTRIBUTE_TYPE_INVALID", "CKR_OBJECT_HANDLE_INVALID"),
    "C_SignInit": ("CKR_KEY_FUNCTION_NOT_PERMITTED", "CKR_MECHANISM_INVALID", "CKR_KEY_HANDLE_INVALID"),
    "C_Sign": ("CKR_USER_NOT_LOGGED_IN", "CKR_FUNCTION_CANCELED", "CKR_DEVICE_REMOVED"),
    "C_DestroyObject": ("CKR_OBJECT_HANDLE_INVALID", "CKR_TOKEN_WRITE_PROTECTED", "CKR_USER_NOT_LOGGED_IN"),
    "C_FindObjectsInit": ("CKR_SESSION_HANDLE_INVALID",),
}  # fmt: skip
_OTHERWISE = {
    "C_Sign": {"corrupt": "corrupt"},
    "C_FindObjects": {"blind": "blind"},
    "C_Login": {"CKR_USER_ALREADY_LOGGED_IN": "after-return CKR_USER_ALREADY_LOGGED_IN"},
}
# Blocks of 512 bytes (dash's ulimit -f).
_FILE_SIZES = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 31, 32, 33, 40)
# Pages that are left on a small file system.
_PAGES = (0, 1, 2, 3, 4, 5, 6, 8)
# What a recovery meets once: the token fails, a signature is wrong, the API refuses, no answer comes.
_LISTING = {"method": "GET", "path": "/service-accounts/*/keys", "times": 0}
_SPOILT: dict[str, tuple[tuple[str, ...], tuple[Mapping[str, Any], ...]]] = {
    "token-fails": (("C_Sign 1 return CKR_DEVICE_ERROR",), ()),
    "wrong-signature": (("C_Sign 1 corrupt",), ()),
    "refused": ((), ({**_LISTING, "action": "status", "status": 403},)),
    "no-answer": ((), ({**_LISTING, "action": "refuse"},)),
}
# The second access token of a recovery is the one that its proof fetches.
_SPOILT_PROOF: tuple[Mapping[str, Any], ...] = (
    {"action": "status", "method": "POST", "path": "/token", "status": 400, "skip": 1},
)
_STEPS = ("fsync", "fdatasync", "rename", "renameat2", "sendto")
RIVALS = ("none", "older", "before", "after")
# Calls whose order another process can meet: the first host stops at these while the second runs.
_MEETING = ("C_Login", "C_FindObjectsInit", "C_CreateObject", "C_SignInit", "C_DestroyObject", "C_Logout", "C_Finalize")


@dataclass(frozen=True)
class Cell:
    name: str
    scenario: Scenario
    kind: str
    faults: tuple[Mapping[str, Any], ...] = ()
    script: tuple[str, ...] = ()
    kill: killer.Point | None = None
    limits: str = ""
    disk: tuple[str, int] | None = None  # which folders are on a small file system, and pages left there
    locked: str = ""  # a folder without permission to write
    rival: str = "none"
    spoilt: str = ""  # the fault that the first recovery meets
    spoilt_script: tuple[str, ...] = ()
    spoilt_faults: tuple[Mapping[str, Any], ...] = ()

    @property
    def slow(self) -> bool:
        """Those that wait for the program's patience to end."""
        return "hang" in self.name or "/on/" in self.name


def enumerate_cells(world: World, have: set[str], patterns: Sequence[str] = ()) -> list[Cell]:
    """All cells of this program, in an order that is always the same; with patterns, those of their scenarios alone."""
    undisturbed = _Undisturbed(world)
    cells: list[Cell] = []
    for scenario in SCENARIOS:
        if scenario.needs in have | {""} and _is_wanted(scenario, patterns):
            cells += _of(scenario, undisturbed)
    return cells


def _is_wanted(scenario: Scenario, patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatchcase(scenario.name, pattern.partition("/")[0]) for pattern in patterns)


def prepare(scenario: Scenario, world: World) -> None:
    """What comes before the command."""
    if scenario.secret:
        world.plant_data()
    for step in scenario.before:
        world.plant(step.faults)
        world.a.run(*step.argv(world), profile=step.profile, script=step.script, env=step.env(world))
        world.api.control("POST", "clear")
    world.api.forget_requests()


class _Undisturbed:
    """The scenarios' runs without a fault but their own, each made once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._dry: dict[str, tuple[list[Any], list[Any]]] = {}
        self._traces: dict[str, list[killer.Point]] = {}

    def dry(self, scenario: Scenario) -> tuple[list[Any], list[Any]]:
        """Its requests and PKCS#11 calls."""
        if scenario.name not in self._dry:
            host, step = self._begin(scenario), scenario.command
            argv, env = step.argv(self._world), step.env(self._world)
            host.run(*argv, profile=step.profile, script=step.script, env=env, log=True)
            self._dry[scenario.name] = self._world.api.requests(), CallLog(host.log).calls
        return self._dry[scenario.name]

    def trace(self, scenario: Scenario) -> list[killer.Point]:
        """Its system calls."""
        if scenario.name not in self._traces:
            host, step = self._begin(scenario), scenario.command
            argv, env = step.argv(self._world), step.env(self._world)
            run = host.run_traced(*argv, profile=step.profile, script=step.script, env=env)
            self._traces[scenario.name] = run[1].points
        return self._traces[scenario.name]

    def _begin(self, scenario: Scenario) -> Host:
        self._world.begin()
        if scenario.imports:
            self._world.write_old_block()
        prepare(scenario, self._world)
        self._world.plant(scenario.command.faults)
        return self._world.a


def _of(scenario: Scenario, runs: _Undisturbed) -> Iterator[Cell]:
    yield from _http(scenario, runs)
    yield from _calls(scenario, runs)
    yield from _kills(scenario, runs)
    if scenario.whole and not scenario.name.startswith("recover") and scenario.secret != "read":
        yield from _disks(scenario)
    if scenario.name in ("account-create", "key-create", "wrapped", "rotate-now", "rotate-grace"):
        yield from _spoilt(scenario, runs)
    if scenario.name in ("key-create", "rotate-now", "secret-import", "secret-replace", "secret-remove"):
        yield from _meetings(scenario, runs)


def _http(scenario: Scenario, runs: _Undisturbed) -> Iterator[Cell]:
    requests, _ = runs.dry(scenario)
    first = 0 if scenario.whole else next((i + 1 for i, r in enumerate(requests) if r["fault"]), len(requests))
    if scenario.command.script:
        # The broken token shows in the requests that an undisturbed run does not make.
        first = next((i for i, r in enumerate(requests) if r["method"] == "DELETE"), len(requests))
    serial = 0
    for index in range(first, len(requests)):
        creates = requests[index]["method"] == "POST" and requests[index]["path"].endswith("/keys")
        for fault, members in _HTTP.items():
            # What the API denies having while it has it cannot be told from what is gone.
            denied = fault == "404" and requests[index]["method"] != "POST"
            if (fault == "no-key" and not creates) or denied:
                continue
            for duration, times in (("once", 1), ("on", 0)) if creates or fault in _LASTING else (("once", 1),):
                # Other hosts matter most where it is not known which key was made.
                rivals = RIVALS if creates and times else (_rivals(scenario)[serial % len(_rivals(scenario))],)
                serial += 1
                # The scenario's own fault is at the head of the queue and counts for itself.
                skip = index - sum(1 for r in requests[:index] if r["fault"])
                for rival in rivals:
                    name = f"{scenario.name}/http/{index + 1}/{duration}/{fault}" + _suffix(rival)
                    yield Cell(name, scenario, "http", ({**members, "times": times, "skip": skip},), rival=rival)


def _rivals(scenario: Scenario) -> tuple[str, ...]:
    """Other hosts' keys have nothing to do with a secret on the token."""
    return RIVALS[:1] if scenario.secret or scenario.imports else RIVALS


def _suffix(rival: str) -> str:
    return "" if rival == "none" else f"+{rival}"


def _calls(scenario: Scenario, runs: _Undisturbed) -> Iterator[Cell]:
    _, calls = runs.dry(scenario)
    first = 0
    if not scenario.whole:
        # With a script the first fault is a call; without, it is a request, and the calls after it are the undoing.
        first = next((i + 1 for i, call in enumerate(calls) if call.rv == "CKR_DEVICE_ERROR"), len(calls))
        if not scenario.command.script:
            first = next((i for i, call in enumerate(calls) if call.name == "C_Logout"), len(calls))
    seen: Counter[str] = Counter()
    for position, call in enumerate(calls):
        seen[call.name] += 1
        if position < first or call.name == "C_GetFunctionList":
            continue
        number = seen[call.name]
        actions = {code: f"return {code}" for code in (*_RETURNS, *_MORE_RETURNS.get(call.name, ()))}
        actions |= _OTHERWISE.get(call.name, {})
        if scenario.brief:
            actions = {"CKR_DEVICE_ERROR": "return CKR_DEVICE_ERROR"}
        actions |= {
            "after-return": "after-return CKR_DEVICE_ERROR",
            "remove": "remove",
            "remove-after": "remove after",
            "kill": "kill",
            "kill-after": "kill after",
            "host-kill": "kill-module",
            "host-kill-after": "kill-module after",
            "term": "signal TERM",
        }
        for serial, (word, action) in enumerate(actions.items()):
            rival = _rivals(scenario)[(position + serial) % len(_rivals(scenario))]
            name = f"{scenario.name}/p11/{call.name}.{number}/{word}" + _suffix(rival)
            yield Cell(name, scenario, "p11", script=(f"{call.name} {number} {action}",), rival=rival)
        # C_Finalize and the like count, too: the log's order is that of all calls.
        name = f"{scenario.name}/p11/{call.name}.{number}/dead-from-here"
        yield Cell(name, scenario, "p11", script=(f"* {position + 1}+ return CKR_DEVICE_ERROR",))


def _kills(scenario: Scenario, runs: _Undisturbed) -> Iterator[Cell]:
    if platform.machine() != "x86_64":
        return
    points = runs.trace(scenario)
    # Up to where the two part, they are the same run.
    same = 0
    if scenario.like:
        other = runs.trace(next(s for s in SCENARIOS if s.name == scenario.like))
        same = next((i for i, pair in enumerate(zip(points, other, strict=False)) if pair[0] != pair[1]), len(points))
    serial = 0
    for point in points[same:]:
        if not _of_interest(point):
            continue
        variants = [point]
        if point.name in killer.SENDING:
            variants.append(replace(point, after=True))
        if point.thread >= killer.PROCESS:
            variants += [replace(each, alone=True) for each in variants]
        if point.ours:
            variants += [replace(point, error=error) for error in killer.ERRORS.get(point.name, ())]
        for each in variants:
            rival = _rivals(scenario)[serial % len(_rivals(scenario))]
            serial += 1
            yield Cell(f"{scenario.name}/sys/{each}{_suffix(rival)}", scenario, "sys", kill=each, rival=rival)


def _spoilt(scenario: Scenario, runs: _Undisturbed) -> Iterator[Cell]:
    """Killed at each step, and then a recovery that meets one fault."""
    if platform.machine() != "x86_64":
        return
    spoilt = dict(_SPOILT)
    if scenario.rotates:
        spoilt["proof-refused"] = ((), _SPOILT_PROOF)
    for point in runs.trace(scenario):
        if not point.ours or point.name not in _STEPS:
            continue
        kill = replace(point, after=point.name in killer.SENDING)
        for word, (script, faults) in spoilt.items():
            name = f"{scenario.name}/recovery/{kill}/{word}"
            yield Cell(name, scenario, "recovery", kill=kill, spoilt=word, spoilt_script=script, spoilt_faults=faults)


def _of_interest(point: killer.Point) -> bool:
    """SoftHSM locks, opens and rewrites its files hundreds of times, which is neither ours nor different each time."""
    return point.ours or point.index % 24 < (8 if point.name in ("write", "ftruncate") else 2)


def _disks(scenario: Scenario) -> Iterator[Cell]:
    for size in _FILE_SIZES:
        for word, trap in (("ignored", "trap '' XFSZ; "), ("killed", "")):
            name = f"{scenario.name}/disk/file-size-{size}-{word}"
            yield Cell(name, scenario, "disk", limits=f"{trap}ulimit -f {size}")
    # What crashed before has written down where its draft is: that folder cannot be moved.
    for folder in ("state",) if scenario.crashed or scenario.secret else ("state", "config", "state+config"):
        for pages in _PAGES:
            yield Cell(f"{scenario.name}/disk/{folder}-full-{pages}", scenario, "disk", disk=(folder, pages))
    for locked in ("state", "state/ssa-hsm", "state/ssa-hsm/journal", "config/ssa-hsm", "softhsm/tokens"):
        yield Cell(f"{scenario.name}/disk/read-only-{locked.replace('/', '.')}", scenario, "disk", locked=locked)


def _meetings(scenario: Scenario, runs: _Undisturbed) -> Iterator[Cell]:
    _, calls = runs.dry(scenario)
    seen: Counter[str] = Counter()
    for call in calls:
        seen[call.name] += 1
        if call.name not in _MEETING:
            continue
        for kind in ("same-host", "two-hosts"):
            for end in ("", "-killed"):
                name = f"{scenario.name}/{kind}/{call.name}.{seen[call.name]}{end}"
                yield Cell(name, scenario, kind, script=(f"{call.name} {seen[call.name]}",), locked=end)
