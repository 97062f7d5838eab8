"""What the program's files hold: its folders for settings, state and sockets, an audit, whatever else it has written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from needles import Secret


def _files(folder: Path, without: frozenset[Path]) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path in without or path.is_symlink():
            continue
        if path.is_dir():
            yield from _files(path, without)
        else:
            yield path


def search(folder: Path, without: frozenset[Path], secrets: Iterable[Secret]) -> list[str]:
    """A line for each secret in each file of the folder, or in a file's name, but for those files and folders."""
    pieces = {piece: name for secret in secrets for piece, name in secret.pieces().items()}

    def told(text: bytes) -> list[str]:
        return sorted({name.rsplit(", ", 1)[0] for piece, name in pieces.items() if piece in text})

    found = []
    for path in _files(folder, without):
        name = path.relative_to(folder)
        in_name = told(bytes(name))
        found += [f"{secret} in the name of a file" for secret in in_name]
        shown = "a file" if in_name else f"the file {name}"
        if path.is_file():
            found += [f"{secret} in {shown}" for secret in told(path.read_bytes())]
    return found
