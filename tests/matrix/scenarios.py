"""What a cell breaks: a command, what came before it, and perhaps a first fault, which the command then undoes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from client_secret import OLD
from world import BRIEF, World

KEYS = "/service-accounts/*/keys"
_TIMEOUT = ("--timeout", str(BRIEF))


@dataclass(frozen=True)
class Step:
    """One run of the program. ACCOUNT as a word stands for the older account's id, OLD for an old block's file; LINE as
    a value of the environment for the reference to the client secret on the token."""

    words: tuple[str, ...]
    profile: str | None = None
    script: tuple[str, ...] = ()
    faults: tuple[Mapping[str, Any], ...] = ()
    changes: Mapping[str, str] = field(default_factory=dict)  # of the environment

    def argv(self, world: World) -> tuple[str, ...]:
        stand_for = {"ACCOUNT": world.account, "OLD": str(world.old_block)}
        return tuple(stand_for.get(word, word) for word in self.words)

    def env(self, world: World) -> dict[str, str]:
        return {name: world.line if value == "LINE" else value for name, value in self.changes.items()}


@dataclass(frozen=True)
class Scenario:
    name: str
    command: Step
    needs: str = ""  # a command without which there is no such scenario
    before: tuple[Step, ...] = ()  # runs that leave something; how they end is of no interest
    rotates: bool = False  # the older account's own key may go, when a profile names another
    crashed: bool = False  # what came before has left something: the command settles it, or says that it did not
    whole: bool = True  # every call of its run is a cell; else those alone that come after its first fault
    brief: bool = False  # its PKCS#11 calls are another scenario's, too: not every CKR_ once more
    secret: str = ""  # what it does with a client secret on the token: import, replace, remove, read
    imports: bool = False  # it is about an old block
    like: str = ""  # the scenario that runs the same until something differs


# The way that every token has. The other one's calls are a scenario of their own.
_PLAIN = ("--import", "plain")
ACCOUNT = Step(("account", "create", "service", "my-filesync", *_PLAIN, *_TIMEOUT))
KEY = Step(("key", "create", "--account", "ACCOUNT", *_PLAIN, *_TIMEOUT))
WRAPPED = Step(("key", "create", "--account", "ACCOUNT", "--import", "wrap", *_TIMEOUT))
NOW = Step(("key", "rotate", "--now", "--yes", *_PLAIN, *_TIMEOUT), "before")
GRACE = Step(("key", "rotate", "--yes", *_PLAIN, *_TIMEOUT), "before")
FINISH = Step(("key", "rotate", "--finish", "--yes", *_TIMEOUT), "before")
SHRED = Step(("key", "import", "OLD", "--shred", "--profile", "imported", *_PLAIN, *_TIMEOUT), "before")
IN_PLACE = Step(("key", "import", "OLD", "--output", "OLD", "--force", *_PLAIN, *_TIMEOUT), "before")
RECOVER = Step(("key", "recover", "--yes", *_TIMEOUT))

IMPORT = Step(("secret", "import"), "before")
REPLACE = Step(("secret", "import", "--force"), "before")
REMOVE = Step(("secret", "remove", "--yes"), "before", changes={"APS_SECRET_ID": "LINE"})
TOKEN = Step(("token", *_TIMEOUT), "before", changes={"APS_SECRET_ID": "LINE"})
# One that the API does not know: so the two can be told apart.
IMPORT_OLD = Step(("secret", "import"), "before", changes={"APS_SECRET_ID": OLD})

# The token breaks as the new key is proved (the rehearsal has signed before): all of it is undone.
_UNPROVED = ("C_SignInit 2 return CKR_DEVICE_ERROR",)
_LOST_ACCOUNT = ({"action": "drop", "method": "POST", "path": "/service-accounts"},)
_LOST_KEY = ({"action": "drop", "method": "POST", "path": KEYS},)
# The accounts and the keys are listed before a key is made.
_NO_WAY_BACK = ({"action": "refuse", "method": "[GD]*", "times": 0, "skip": 2},)
_STORED = ("C_CreateObject 1 kill after",)
_PROVED = ("C_DestroyObject 1 kill",)
_IMPORTED = ("C_CreateObject 4 kill after",)


def _with(step: Step, script: tuple[str, ...] = (), faults: tuple[Mapping[str, Any], ...] = ()) -> Step:
    return Step(step.words, step.profile, script, faults, step.changes)


def _broken(name: str, step: Step, script: tuple[str, ...] = (), faults: tuple[Mapping[str, Any], ...] = (),
            **more: Any) -> Scenario:  # fmt: skip
    return Scenario(name, _with(step, script, faults), whole=False, like=name.partition("~")[0], **more)


_ROTATE: dict[str, Any] = {"needs": "rotate", "rotates": True}
_CRASHED: dict[str, Any] = {"needs": "recover", "crashed": True}

SCENARIOS = (
    Scenario("account-create", ACCOUNT),
    Scenario("key-create", KEY),
    Scenario("wrapped", WRAPPED, like="key-create", brief=True),
    Scenario("rotate-now", NOW, **_ROTATE),
    Scenario("rotate-grace", GRACE, like="rotate-now", brief=True, **_ROTATE),
    Scenario("rotate-finish", FINISH, before=(GRACE,), brief=True, **_ROTATE),
    Scenario("key-import", SHRED, imports=True, like="key-create", needs="recover"),
    Scenario("key-import-in-place", IN_PLACE, imports=True, brief=True, needs="recover"),
    Scenario("secret-import", IMPORT, secret="import", needs="recover"),
    Scenario("secret-replace", REPLACE, before=(IMPORT_OLD,), secret="replace", needs="recover"),
    Scenario("secret-remove", REMOVE, before=(IMPORT,), secret="remove", needs="recover"),
    Scenario("secret-read", TOKEN, before=(IMPORT,), secret="read", needs="recover", brief=True),
    # What an earlier one left is settled first, and that broken.
    Scenario("secret-import-again", IMPORT, before=(_with(IMPORT, _STORED),), secret="import", brief=True, **_CRASHED),
    Scenario("secret-replace-again", REPLACE, before=(IMPORT_OLD, _with(REPLACE, _PROVED)), secret="replace",
             brief=True, **_CRASHED),
    # The way back, with a second fault on it.
    _broken("account-create~unproved", ACCOUNT, _UNPROVED),
    _broken("account-create~lost-account", ACCOUNT, faults=_LOST_ACCOUNT),
    _broken("account-create~lost-key", ACCOUNT, faults=_LOST_KEY),
    _broken("key-create~unproved", KEY, _UNPROVED),
    _broken("key-create~lost-key", KEY, faults=_LOST_KEY),
    _broken("rotate-now~unproved", NOW, _UNPROVED, **_ROTATE),
    _broken("rotate-now~lost-key", NOW, faults=_LOST_KEY, **_ROTATE),
    # Recovery itself, and the rotation that begins with one.
    Scenario("recover~account", RECOVER, before=(_with(ACCOUNT, _IMPORTED),), brief=True, **_CRASHED),
    Scenario("recover~key", RECOVER, before=(_with(KEY, _IMPORTED),), **_CRASHED),
    Scenario("recover~lost-key", RECOVER, before=(_with(KEY, faults=_LOST_KEY + _NO_WAY_BACK),), **_CRASHED),
    Scenario("rotate-again", NOW, before=(_with(NOW, _IMPORTED),), crashed=True, brief=True, **_ROTATE),
)


def available(world: World) -> set[str]:
    """Which of the commands that not every version has are there."""
    return {name for name in ("rotate", "recover") if world.a.run("key", name, "--help").code == 0}
