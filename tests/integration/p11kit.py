"""p11-kit's configuration as the program sees it in a test: SoftHSM alone, whatever this machine has installed.

Another module may have a card in a reader, which a search would find and a test must not touch.
"""

from __future__ import annotations

from pathlib import Path

import places


def write_module(config: Path, name: str, *lines: str) -> None:
    """A module in the user's own configuration, or what changes there in the system's of that name."""
    folder = config / "pkcs11" / "modules"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.module").write_text("".join(f"{line}\n" for line in lines))


def _write_if_absent(config: Path, name: str, *lines: str) -> None:
    if not (config / "pkcs11" / "modules" / f"{name}.module").exists():
        write_module(config, name, *lines)


def only_softhsm(config: Path) -> None:
    """Leaves alone what a test has written itself."""
    _write_if_absent(config, "softhsm2", f"module: {places.softhsm()}", "disable-in:")
    for system in (Path("/usr/share/p11-kit/modules"), Path("/etc/pkcs11/modules")):
        for module in system.glob("*.module"):
            _write_if_absent(config, module.stem, "disable-in: ssa-hsm")
