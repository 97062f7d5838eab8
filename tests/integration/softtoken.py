"""SoftHSM tokens: one is initialised once in a process and then copied, which is quicker than softhsm2-util."""

from __future__ import annotations

import atexit
import functools
import hashlib
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import masking
import places

LABEL = "work"
PIN = "4711-Pin"
SO_PIN = "8899-SoPin"
masking.add("PIN", PIN)
_OBJECT = re.compile(r"^(?P<kind>\w+) (?:Key )?Object;[^\n]*\n(?P<rest>(?:  [^\n]*\n)*)", re.MULTILINE)
_ID = re.compile(r"^  ID: +([0-9a-f]+)$", re.MULTILINE)

_seen: dict[bytes, list[tuple[str, str]]] = {}


class Store:
    """A folder of SoftHSM tokens with its configuration."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.conf = folder / "softhsm2.conf"
        self.tokens = folder / "tokens"
        folder.mkdir(mode=0o700, exist_ok=True)
        self.tokens.mkdir(mode=0o700, exist_ok=True)
        self.conf.write_text(f"directories.tokendir = {self.tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")

    @property
    def env(self) -> dict[str, str]:
        return {"SOFTHSM2_CONF": str(self.conf), "PATH": places.PATH, "LC_ALL": "C.UTF-8", "HOME": str(self.folder)}

    def initialise(self, label: str, pin: str = PIN) -> None:
        """One more token."""
        command = [places.tool("softhsm2-util"), "--init-token", "--free", "--label", label]
        command += ["--so-pin", SO_PIN, "--pin", pin]
        subprocess.run(command, env=self.env, capture_output=True, check=True, timeout=60)

    def copy_from(self, other: Store) -> None:
        """Exactly the tokens of another store, as they are now."""
        shutil.rmtree(self.tokens)
        shutil.copytree(other.tokens, self.tokens)

    def tool(self, *arguments: str, pin: str | None = PIN) -> subprocess.CompletedProcess[str]:
        """pkcs11-tool on this store, as an eye that is not the program's; with a login unless pin is None."""
        command = [places.tool("pkcs11-tool"), "--module", str(places.softhsm())]
        command += ["--login", "--pin", pin] if pin else []
        return subprocess.run(
            [*command, *arguments], env=self.env, capture_output=True, text=True, errors="replace", timeout=60
        )

    def _contents(self) -> bytes:
        """A checksum of all objects. (A login changes token.object.)"""
        files = sorted(path for path in self.tokens.rglob("*.object") if path.name != "token.object")
        parts = [part for path in files for part in (str(path.relative_to(self.tokens)).encode(), path.read_bytes())]
        return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).digest()

    def objects(self) -> list[tuple[str, str]]:
        """The token's objects as (kind, hexadecimal id), seen with pkcs11-tool, once for the same objects."""
        contents = self._contents()
        if contents not in _seen:
            _seen[contents] = self._listed()
        return list(_seen[contents])

    def _listed(self) -> list[tuple[str, str]]:
        listing = self.tool("--list-objects")
        if listing.returncode:
            raise AssertionError(f"pkcs11-tool --list-objects: {listing.stderr}")
        found = []
        for match in _OBJECT.finditer(listing.stdout):
            id_ = _ID.search(match["rest"])
            found.append((match["kind"], id_[1] if id_ else ""))
        return sorted(found)


@functools.cache
def template() -> Store:
    """The store with one empty token that every test begins with."""
    folder = Path(tempfile.mkdtemp(prefix="ssa-hsm-token-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    store = Store(folder)
    store.initialise(LABEL)
    return store
