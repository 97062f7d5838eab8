"""Which programs run in which case, and what must come of it. scripts/bench says in words what each case is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import places
import softtoken
from world import HERE, MODULES, Place, World, node_modules

OURS, AGAINST, BARE, PIPELINE, PYTHON, NODE = "ssa-hsm", "against", "bare", "pipeline", "python", "node"
PKCS11_TOOL = "pkcs11-tool"
_SIGNING = (OURS, AGAINST, BARE, PIPELINE)  # those that use the PKCS#11 token
_ALL = (*_SIGNING, PYTHON, NODE)
AT_ONCE, ONCE_ROUNDS = 50, 20
_ONE_BY_ONE = 'for module; do pkcs11-tool --module "$module" -L || exit; done'


@dataclass(frozen=True)
class Case:
    name: str
    says: str
    programs: tuple[str, ...]
    place: Place = Place()
    kind: str = "token"  # what the programs do; else "cached", "agent", "list", "keys" or "version"
    measure: str = "time"  # or "memory", "at-once" or "one-cpu"
    rounds: int = 1000  # at most


CASES = (
    Case("plain", "one key, server on loopback", _ALL),
    Case("keys", "1,000 keys on the PKCS#11 token", _SIGNING, Place(keys="many")),
    Case("slow-token", "a login takes 100 ms, and a signature 100 ms", _SIGNING, Place(token="slow")),
    Case("distant", "the server is 50 ms away", _ALL, Place(server="distant")),
    Case("slow-distant", "both", _SIGNING, Place(token="slow", server="distant")),
    Case("trust", "the system's certificates", _ALL, Place(trust="system")),
    Case("cached", "an access token that is kept", (OURS, BARE), kind="cached"),
    Case("agent", "an agent has an access token", (OURS, BARE), kind="agent"),
    Case("one-cpu", "one processor", _ALL, measure="one-cpu"),
    Case("at-once", "50 at once", _SIGNING, measure="at-once", rounds=ONCE_ROUNDS),
    Case("list", "`hsm list` with five modules", (OURS, AGAINST, PKCS11_TOOL), kind="list"),
    Case("list-slow", "each takes 100 ms to start", (OURS, AGAINST, PKCS11_TOOL), Place(token="slow"), "list"),
    Case("key-list", "`key list` with 1,000 keys", (OURS, AGAINST, BARE, PKCS11_TOOL), Place(keys="many"), "keys"),
    Case("version", "`--version`", (OURS, AGAINST), kind="version"),
    Case("memory", "PSS of all processes at their peak", _ALL, measure="memory", rounds=ONCE_ROUNDS),
)
# What a limit can also be about.
FAILURES = "failures of 1,000"


@dataclass(frozen=True)
class Limit:
    case: str
    base: str  # the program that ours is compared with, or FAILURES
    must: float
    goal: float


# What must be reached. A figure that is above its "must" makes the exit code 1.
LIMITS = (
    Limit("plain", BARE, 1.00, 0.90),
    Limit("plain", PIPELINE, 0.38, 0.30),
    Limit("plain", PYTHON, 0.085, 0.075),
    Limit("slow-distant", BARE, 0.62, 0.60),
    Limit("keys", BARE, 1.05, 1.00),
    Limit("key-list", PKCS11_TOOL, 0.40, 0.30),
    Limit("list", AGAINST, 0.85, 0.74),
    Limit("list-slow", AGAINST, 0.30, 0.23),
    Limit("cached", BARE, 0.20, 0.12),
    Limit("agent", BARE, 0.20, 0.12),
    Limit("version", AGAINST, 0.40, 0.27),
    Limit("at-once", FAILURES, 1, 0),
    Limit("memory", AGAINST, 1.20, 1.10),
    Limit("one-cpu", BARE, 1.20, 1.10),
)


@dataclass(frozen=True)
class Job:
    """One program in one case."""

    case: Case
    program: str
    argv: list[str]
    env: dict[str, str]
    wrong: Callable[[str], str | None]  # what is wrong with its output; the API is asked about access tokens later

    @property
    def unit(self) -> str:
        return "kB" if self.case.measure == "memory" else "ms"


@dataclass(frozen=True)
class Programs:
    """Paths of what is not part of the system."""

    ours: Path
    against: Path | None
    bare: Path
    bare_list: Path

    def module_names(self) -> set[str]:
        """By which p11-kit knows those that list modules."""
        own = {path.name for path in (self.ours, self.against) if path}
        return own | {f"{name}-host" for name in own} | {"ssa-hsm", "ssa-hsm-host"}


def _one_word(out: str) -> str | None:
    return None if len(out.split()) == 1 else "it is no access token"


def _five_tokens(out: str) -> str | None:
    count = len(re.findall(rf"(?:token=|token label +: ){softtoken.LABEL}\b", out))
    return None if count == MODULES else f"it shows {count} tokens and not {MODULES}"


def _keys(many: int, own: str) -> Callable[[str], str | None]:
    def wrong(out: str) -> str | None:
        # ssa-hsm shows the account's keys alone, and where they are. pkcs11-tool shows the public halves of all.
        if re.search(rf"^\* +{own} +ENABLED .* {softtoken.LABEL}$", out, re.MULTILINE):
            return None
        labels = re.findall(rf"^  label: +(?:bench-other|bench-account {own})", out, re.MULTILINE)
        return None if len(labels) == many else f"it shows {len(labels)} keys and not {many}"

    return wrong


def _version(out: str) -> str | None:
    return None if out.startswith("ssa-hsm ") else "it is no version"


def _arguments(case: Case, program: str, programs: Programs, world: World) -> list[str]:
    if program in (OURS, AGAINST):
        path = str(programs.ours if program == OURS else programs.against)
        words = {"list": "hsm list", "keys": "key list", "version": "--version"}
        return [path, *words.get(case.kind, "token --format token").split()]
    if program == PKCS11_TOOL and case.kind == "keys":
        return [places.tool("pkcs11-tool"), "--module", str(places.softhsm()), "-O"]
    return {
        BARE: lambda: [str(programs.bare_list if case.kind == "keys" else programs.bare)],
        PIPELINE: lambda: ["/bin/sh", str(HERE / "pipeline.sh")],
        PYTHON: lambda: ["/usr/bin/python3", str(HERE / "walkthrough.py")],
        NODE: lambda: [places.tool("node"), str(HERE / "walkthrough.js")],
        PKCS11_TOOL: lambda: ["/bin/sh", "-c", _ONE_BY_ONE, "sh", *map(str, world.modules(case.place.token))],
    }[program]()


def _environment(case: Case, program: str, world: World) -> dict[str, str]:
    if case.kind == "list":
        return world.listing(case.place.token)
    if program in (OURS, AGAINST):
        # What lists keys looks at one module, as pkcs11-tool does.
        more = {"keys": {"SSA_HSM_MODULE": str(places.softhsm())}, "cached": {"SSA_HSM_CACHE": "keyring"}}
        if case.kind == "agent":
            more["agent"] = {"SSA_HSM_AGENT": str(world.agent())}
        return world.ours(case.place) | more.get(case.kind, {})
    env = world.others(case.place)
    if program == NODE:
        env["NODE_PATH"] = str(node_modules())
    return env


def jobs(world: World, programs: Programs, cases: list[Case], many: int) -> list[Job]:
    keys = _keys(many, world.block["KEY_ID"])
    wrong = {**dict.fromkeys(("token", "cached", "agent"), _one_word), "list": _five_tokens, "version": _version, "keys": keys}
    left_out = set() if programs.against else {AGAINST}
    if node_modules() is None:
        left_out.add(NODE)
    return [
        Job(case, name, _arguments(case, name, programs, world), _environment(case, name, world), wrong[case.kind])
        for case in cases
        for name in case.programs
        if name not in left_out
    ]
