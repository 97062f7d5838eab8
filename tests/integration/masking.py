"""Keeps secrets out of the tests' own output: a CI log is read by more people than the tests' machine is."""

from __future__ import annotations

import re
from typing import TextIO

_JWT = re.compile(r"eyJ[\w-]{8,}(\.[\w-]{4,})+")
_PEM = re.compile(r"(-----BEGIN [^-]*PRIVATE KEY-----).*?(-----END|\Z)", re.DOTALL)
_known: dict[str, str] = {}


def add(name: str, secret: str) -> None:
    """From now on this secret is shown by its name alone."""
    if len(secret) >= 4:
        _known[secret] = f"<{name}>"


def mask(text: str) -> str:
    for secret, name in _known.items():
        text = text.replace(secret, name)
    return _PEM.sub(r"\1…\2", _JWT.sub("<JWT>", text))


class MaskingStream:
    """A text stream for unittest's runner."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        self._stream.write(mask(text))

    def writeln(self, text: str = "") -> None:
        self.write(text + "\n")

    def flush(self) -> None:
        self._stream.flush()
