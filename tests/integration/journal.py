"""The journal's files: lines of JSON, each with a checksum as its last member."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def members(line: str | bytes) -> dict[str, Any]:
    return dict(json.loads(line))


def line(values: dict[str, Any]) -> str:
    """A line of these members, with the checksum that it must have."""
    text = json.dumps({name: value for name, value in values.items() if name != "sha256"}, separators=(",", ":"))[:-1]
    return f'{text},"sha256":"{hashlib.sha256(text.encode()).hexdigest()}"}}\n'


def earlier(values: dict[str, Any]) -> str:
    """A line as it was before there were checksums."""
    new = ("format", "line", "sha256")
    return json.dumps({name: value for name, value in values.items() if name not in new}, separators=(",", ":")) + "\n"


def changed(file: bytes, **values: Any) -> bytes:
    """The file with members of its last line changed: by somebody who makes checksums."""
    lines = file.decode().rstrip("\0").splitlines(keepends=True)
    return "".join([*lines[:-1], line({**members(lines[-1]), **values})]).encode()
