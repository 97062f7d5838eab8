"""What must hold after every cell, whatever went wrong in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import softtoken
from fault_support import one_key
from world import Host, Run, State, World


@dataclass
class Expectation:
    """What a cell knows beforehand."""

    before: State
    foreign: set[str] = field(default_factory=set)  # keys of hosts that are none of ours
    may_go: set[str] = field(default_factory=set)  # keys that the command is to replace
    drafts: bool = True  # none may be left
    nameless: bool = False  # objects without an id are let pass


def others_are_untouched(world: World, expected: Expectation) -> list[str]:
    """What holds even while something is left: other hosts' keys, and the older profile."""
    after = world.look()
    problems = [f"the foreign key {kid} is gone" for kid in expected.foreign - after.kids()]
    for account, keys in expected.before.keys.items():
        now = after.keys.get(account)
        if now is None:
            problems.append(f"the older account {account} is gone")
            continue
        for kid, status in keys.items():
            if kid not in expected.may_go and now.get(kid) != status:
                problems.append(f"the older key {kid} was {status}, and is {now.get(kid, 'gone')}")
        if after.statuses[account] != expected.before.statuses[account]:
            problems.append(f"the older account {account} is {after.statuses[account]}")
    return problems


def both_sides_agree(world: World, hosts: Iterable[Host], expected: Expectation) -> list[str]:
    """Keys at the API, objects on the tokens and profiles belong together, and nothing else is there."""
    after = world.look()
    problems: list[str] = []
    halves: dict[str, set[str]] = {}
    named: dict[str, str] = {}
    accounts: set[str] = set()
    for host in hosts:
        on_this_one: dict[str, set[str]] = {}
        for kind, kid in host.objects():
            on_this_one.setdefault(kid, set()).add(kind)
        for name, profile in host.profiles().items():
            problems += _profile(name, profile, after, on_this_one)
            accounts.add(profile.get("SERVICE_ACCOUNT_ID", ""))
            if "KEY_ID" in profile:
                named[profile["KEY_ID"]] = name
        if "before" not in host.profiles():
            problems.append("the profile before is gone")
        problems += [f"a draft is left: {name}" for name in host.drafts() if expected.drafts]
        problems += _secrets(world, host)
        for kid, kinds in on_this_one.items():
            halves.setdefault(kid, set()).update(kinds)
    for kid, kinds in halves.items():
        if kid not in after.kids():
            if kid or not expected.nameless:
                problems.append(f"on the token, and not at the API: {'+'.join(sorted(kinds))} {kid!r}")
        elif kinds != {"Private", "Public"}:
            problems.append(f"half of a key is on the token: {'+'.join(sorted(kinds))} {kid!r}")
    for kid in sorted(after.kids() - expected.before.kids() - expected.foreign):
        if kid not in halves:
            problems.append(f"at the API, and on no token: {kid}")
        if kid not in named:
            problems.append(f"at the API, and in no profile: {kid}")
    for account in after.keys.keys() - expected.before.keys.keys() - accounts:
        problems.append(f"an account without a profile: {account}")
    return problems


def _profile(name: str, profile: dict[str, str], after: State, tokens: dict[str, set[str]]) -> list[str]:
    account, kid = profile.get("SERVICE_ACCOUNT_ID", ""), profile.get("KEY_ID")
    if account not in after.keys:
        return [f"the profile {name} names an account that is gone"]
    if kid is None:
        return []
    problems = []
    if after.keys[account].get(kid) != "ENABLED":
        problems.append(f"the profile {name} names a key that is {after.keys[account].get(kid, 'gone')}: {kid}")
    if "Private" not in tokens.get(kid, set()):
        problems.append(f"the profile {name} names a key that is not on the token: {kid}")
    if "".join(f"%{byte:02X}" for byte in kid.encode()).lower() not in profile.get("PRIVATE_KEY", "").lower():
        problems.append(f"the profile {name} has the URI of another key than {kid}")
    return problems


def _secrets(world: World, host: Host) -> list[str]:
    """Nothing in the state folder holds the PIN, the client secret or a line of the PEM."""
    needles = {"the PIN": softtoken.PIN, "the client secret": world.api.secret, "the key": one_key().splitlines()[3]}
    problems = []
    for path in host.state.rglob("*"):
        if path.is_file():
            text = path.read_text(errors="replace")
            problems += [f"{what} is in {path.name}" for what, needle in needles.items() if needle in text]
    return problems


def said_well(run: Run) -> list[str]:
    """What the run itself may not do: keep silent about a failure, or show a secret."""
    problems = []
    if run.code > 0 and "ssa-hsm: " not in run.err:
        problems.append(f"exit {run.code} without a word")
    for needle in (softtoken.PIN, one_key().splitlines()[3]):
        if needle in run.out + run.err:
            problems.append("a secret was shown")
    if run.code < 0 and run.code not in (-9, -15, -25):
        problems.append(f"ended by signal {-run.code}")
    return problems


def tokens_work(hosts: Iterable[Host]) -> list[str]:
    """Every profile with a key fetches an access token."""
    problems = []
    for host in hosts:
        for name, profile in host.profiles().items():
            if "KEY_ID" in profile:
                run = host.run("token", "--pin-retry", profile=name)
                if run.code != 0:
                    problems.append(f"token with the profile {name}: exit {run.code}: {run.err.strip()[:300]}")
    return problems
