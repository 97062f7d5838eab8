"""The emulator of the API, as these tests use it: one process for a class of tests, cleaned between them."""

from __future__ import annotations

import importlib.util
import itertools
import os
import sys
from pathlib import Path
from typing import Any

import masking
import places


def _load(name: str) -> Any:
    # By path and under a name of its own: its harness is called as ours is.
    spec = importlib.util.spec_from_file_location(f"emulator_{name}", places.EMULATOR / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


emulator_harness = _load("harness")
emulator_keys = _load("keys")
AUDIENCE: str = emulator_harness.AUDIENCE
API: str = emulator_harness.API


# Which keys of the pool an emulator hands out. What lives at the same time as another has keys of its own: two tokens
# must not hold one key by accident.
_MAIN = (0, 40)
_OTHERS = itertools.cycle([(40, 50), (50, 60), (60, 70)])
# And those that tests have for themselves.
ONE_KEY, OWN_KEY = (70, 71), (71, 72)
_POOL_SIZE = 72


def fill_pool(path: Path) -> None:
    """Makes the keys that emulators hand out, unless all of them are there."""
    if not path.exists() or len(path.read_text().splitlines()) < _POOL_SIZE:
        emulator_keys.make_pool(path, _POOL_SIZE)


def _pool(keys: tuple[int, int]) -> list[str]:
    path = os.environ.get("SSA_HSM_TEST_KEYS")
    return ["--key-pool", f"{path}:{keys[0]}:{keys[1]}"] if path else []


class Api(emulator_harness.Emulator):  # type: ignore[misc, name-defined]
    """The emulator with the questions that tests ask of it."""

    def __init__(self, *options: str, other: bool = False) -> None:
        """other: beside the one that serves the class."""
        super().__init__(*_pool(next(_OTHERS) if other else _MAIN), *options)
        masking.add("client secret", self.secret)
        self._kept: set[str] = set()

    @property
    def base_url(self) -> str:
        return str(self.ready["url"])

    @property
    def cacert(self) -> str:
        return str(self.ready["cacert"] or "")

    def settings(self) -> dict[str, str]:
        """The environment that lets the program use it."""
        found = {"APS_CLIENT_ID": self.client_id, "APS_SECRET_ID": self.secret, "SSA_HSM_BASE_URL": self.base_url}
        return {**found, "SSA_HSM_CACERT": self.cacert} if self.cacert else found

    def fault(self, action: str, **members: Any) -> None:
        """Plants a fault (tests/emulator/README.md)."""
        self.control("POST", "fault", action=action, **members)

    def requests(self) -> list[dict[str, Any]]:
        """What was asked since the test began, in order."""
        return list(self.control("GET", "requests"))

    def asked(self) -> list[str]:
        """The same as "METHOD path", the path being what follows /authentication/v2."""
        return [f"{r['method']} {r['path'].split(API, 1)[-1]}" for r in self.requests()]

    def forget_requests(self) -> None:
        self.control("POST", "reset-requests")

    def accounts(self) -> list[dict[str, Any]]:
        """The accounts there are now, but for those that the class keeps for all its tests."""
        found = self.control("GET", "state")["accounts"]
        return [a for a in found if a["serviceAccountId"] not in self._kept]

    def keep(self, account: str) -> None:
        """This account outlives the tests of the class."""
        self._kept.add(account)

    def clean(self) -> None:
        """As it was before the test: no faults, no accounts but the kept, no requests, the right time."""
        self.control("POST", "clear")
        self.control("POST", "clock", offset=0)
        self.control("POST", "titles", documented=True)
        self.control("POST", "keys", format="pkcs1", newline="lf", final_newline=True, bits=2048, pem=None)
        self.control("POST", "access-token", size=0)
        accounts = self.accounts()
        if accounts:
            token = self.admin()
            for account in accounts:
                self.call("DELETE", f"/service-accounts/{account['serviceAccountId']}", token)
        self.forget_requests()
