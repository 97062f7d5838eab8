"""The emulator of the API, as these tests use it: one process for a file of tests, cleaned between them."""

from __future__ import annotations

import atexit
import functools
import importlib.util
import itertools
import json
import os
import shutil
import sys
import tempfile
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


@functools.cache
def _keys() -> Any:
    """Only where keys are made: its library takes a tenth of a second to load."""
    return _load("keys")


emulator_harness = _load("harness")
AUDIENCE: str = emulator_harness.AUDIENCE
API: str = emulator_harness.API


# Which keys of the pool an emulator hands out. What lives at the same time as another has keys of its own: two tokens
# must not hold one key by accident.
_MAIN = (0, 24)
_OTHERS = itertools.cycle([(24, 28), (28, 32), (32, 36)])
# And those that tests have for themselves; a PKCS#11 token has others wrapped with the transport key.
TRANSPORT_KEY, ONE_KEY, OWN_KEY, OWN_3072, OWN_4096 = range(36, 41)
_USUAL, _LARGER = 39, (3072, 4096)


def fill_pool(path: Path) -> None:
    """Makes the keys that emulators hand out, unless all of them are there."""
    if path.exists() and len(path.read_text().splitlines()) == _USUAL + len(_LARGER):
        return
    _keys().make_pool(path, _USUAL, list(_LARGER))


def pool_key(number: int) -> str:
    """One of them, as a PEM of PKCS#1. Making one takes longer than everything else in a test."""
    if path := os.environ.get("SSA_HSM_TEST_KEYS"):
        return str(json.loads(Path(path).read_text().splitlines()[number])["pkcs1"])
    return str(_keys().generate((*[_keys().USUAL_BITS] * _USUAL, *_LARGER)[number]).pkcs1)


@functools.cache
def transport_pair() -> Path:
    """What the shim gives out instead of having SoftHSM look for primes (its rule "generate from")."""
    folder = Path(tempfile.mkdtemp(prefix="ssa-hsm-pair-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "pair.pem"
    path.touch(mode=0o600)
    path.write_text(pool_key(TRANSPORT_KEY))
    return path


def _pool(keys: tuple[int, int]) -> list[str]:
    path = os.environ.get("SSA_HSM_TEST_KEYS")
    return ["--key-pool", f"{path}:{keys[0]}:{keys[1]}"] if path else []


class Api(emulator_harness.Emulator):  # type: ignore[misc, name-defined]
    """The emulator with the questions that tests ask of it."""

    def __init__(self, *options: str, other: bool = False) -> None:
        """other: beside the one that serves the file."""
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
        """This account stays until forget_kept."""
        self._kept.add(account)

    def forget_kept(self) -> None:
        """The class is over: its accounts go, too."""
        self._kept.clear()

    def clean(self) -> None:
        """As it was before the test: no faults, no accounts but the kept, no requests, the right time."""
        self.control("POST", "clean", accounts=sorted(self._kept))
