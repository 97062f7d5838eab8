"""The client secret on the token: what is there of it, and what must be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import softtoken

if TYPE_CHECKING:
    from world import Host, Run, World

# What was there before a replacement; the API takes the other one.
OLD = "the-secret-before"
# Others' data objects: label, application, value.
FOREIGN = (("something else", "other-app", "theirs"), ("APS client secret", "", "written by hand"))
_OBJECT = re.compile(r"^Data object[^\n]*\n(?P<rest>(?:  [^\n]*\n)*)", re.MULTILINE)


@dataclass(frozen=True)
class Data:
    label: str
    application: str
    private: bool
    value: str


def look(store: softtoken.Store) -> list[Data]:
    """The token's data objects, seen with pkcs11-tool."""
    listing = store.tool("--list-objects", "--type", "data")
    if listing.returncode:
        raise AssertionError(f"pkcs11-tool --list-objects: {listing.stderr}")
    found = []
    for match in _OBJECT.finditer(listing.stdout):
        label, application, flags = (_field(match["rest"], name) for name in ("label", "application", "flags"))
        found.append(Data(label, application, "private" in flags, _value(store, label, application)))
    return found


def _field(text: str, name: str) -> str:
    match = re.search(rf"^  {name}: +(.*)$", text, re.MULTILINE)
    value = match[1].strip() if match else ""
    return "" if value == "<empty>" else value.strip("'")


def _value(store: softtoken.Store, label: str, application: str) -> str:
    out = store.folder / "value"
    out.unlink(missing_ok=True)
    # By the application alone, where it has one: several may have the label.
    by = ("--application-label", application) if application else ("--label", label)
    store.tool("--read-object", "--type", "data", *by, "--output-file", str(out))
    return out.read_text() if out.exists() else ""


def plant(store: softtoken.Store) -> None:
    """Others' objects, and none of ours."""
    for label, application, value in FOREIGN:
        write(store, label, application, value)


def write(store: softtoken.Store, label: str, application: str, value: str) -> None:
    path = store.folder / "planted"
    path.write_text(value)
    more = ("--application-label", application) if application else ()
    store.tool("--write-object", str(path), "--type", "data", "--label", label, "--private", *more)


def tells(runs: list[Run]) -> int:
    """How the command ended, as far as that tells what is there."""
    codes = {run.code for run in runs}
    if 0 in codes:
        return 0
    # The line could not be printed, or the profile not be edited, but the secret is stored: that is said.
    return 0 if any("secret is stored" in run.err for run in runs) else codes.pop()


def agrees(world: World, kind: str, code: int | None) -> list[str]:
    """What must hold once all is settled; code: how the command ended, None where it was killed or said 13."""
    there = look(world.a.store)
    mine = [data for data in there if data.label == world.secret_label]
    problems = _others(there, mine, False)
    before, after = _states(world, kind)
    values = [data.value for data in mine]
    wanted = [before, after] if code is None else [after] if code == 0 else [before]
    problems += [f"a client secret that is not private: {data.application}" for data in mine if not data.private]
    if values not in wanted:
        return [*problems, f"exit {code}, and {_counted(world, values)} among the data objects"]
    return problems + _line(world, [0 if values == [world.api.secret] else 9 if values else 6]) + _profile(world, kind)


def meanwhile(world: World, kind: str) -> list[str]:
    """What holds even while something is left: a secret that was there is found."""
    there = look(world.a.store)
    mine = [data for data in there if data.label == world.secret_label]
    problems = _others(there, mine, True) + (_profile(world, kind) if kind in ("import", "replace") else [])
    if kind in ("replace", "read"):
        return problems + _line(world, [0, 9])
    return problems


def _states(world: World, kind: str) -> tuple[list[str], list[str]]:
    """The values under the label, before the command and after it."""
    new = world.api.secret
    return {
        "import": ([], [new]),
        "replace": ([OLD], [new]),
        "remove": ([new], []),
        "read": ([new], [new]),
    }[kind]


def _others(there: list[Data], mine: list[Data], half: bool) -> list[str]:
    others = {(data.label, data.application, data.value) for data in there if data not in mine}
    problems = [f"the data object {label!r} of another is gone" for label, *_ in set(FOREIGN) - others]
    strange = others - set(FOREIGN)
    if half:
        # A SoftHSM that is killed as it writes an object leaves one with nothing in it.
        strange -= {("", "", "")}
    return problems + [f"a strange data object: {label!r} {application!r}" for label, application, _ in strange]


def _counted(world: World, values: list[str]) -> str:
    names = {world.api.secret: "the new secret", OLD: "the old secret", "": "an empty one"}
    return " and ".join(names.get(value, "something else") for value in values) or "no client secret"


def _line(world: World, codes: list[int]) -> list[str]:
    """The line resolves to one secret, or to none, and never to several."""
    run = world.a.run("token", "--pin-retry", profile="before", env={"APS_SECRET_ID": world.line})
    return [] if run.code in codes else [f"token with the line: exit {run.code}: {run.err.strip()[:300]}"]


def _profile(world: World, kind: str) -> list[str]:
    """The profile that has the secret, or refers to it by now, works alone."""
    if kind == "remove":
        return []  # it refers to what was removed
    run = world.a.run("token", "--pin-retry", profile="before", env={"APS_SECRET_ID": ""})
    return [] if run.code == 0 else [f"token with the profile alone: exit {run.code}: {run.err.strip()[:300]}"]


def said(world: World, runs: Iterable[Run]) -> list[str]:
    return [f"a client secret was shown: {run.argv}" for run in runs if _shows(world, run)]


def _shows(world: World, run: Run) -> bool:
    return any(value in run.out + run.err for value in (OLD, world.api.secret))


def again(world: World, host: Host, kind: str, argv: tuple[str, ...], env: dict[str, str]) -> tuple[Run, list[str]]:
    """The same command once more heals what the first one left."""
    run = host.run(*argv, "--pin-retry", profile="before", env=env)
    # What was removed is there no more: that is said, too.
    good = (0, 6) if kind == "remove" else (0,)
    return run, [] if run.code in good else [f"the same again: exit {run.code}: {run.err.strip()[:300]}"]
