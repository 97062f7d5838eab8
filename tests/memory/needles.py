"""What is searched for: pieces of a key's numbers, of its PEM text, and of secrets in the forms they travel in.

A needle has a name that says which piece it is; the name is all that is ever printed. The name begins with the secret's
kind.
"""

from __future__ import annotations

import base64
import functools
import json
import re
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

KEY_NUMBERS, PEM, PIN = "key numbers", "PEM", "PIN"
CLIENT_SECRET, ACCESS_TOKEN, ASSERTION = "client secret", "access token", "assertion"
WRAPPING_KEY, WRAPPED_KEY = "wrapping key", "wrapped key"
CALLER_SECRET, TLS_KEY = "caller's secret", "TLS key"  # a caller's at the facade, the broker's own
KINDS = (
    KEY_NUMBERS, PEM, PIN, CLIENT_SECRET, ACCESS_TOKEN, ASSERTION, WRAPPING_KEY, WRAPPED_KEY, CALLER_SECRET, TLS_KEY,
)  # fmt: skip

NUMBER_PIECE = 8
TEXT_PIECE = 16
WINDOW = 8


@dataclass(frozen=True)
class Secret:
    """One form of one secret. `public` are parts of it that anybody may hold, and that are no needles."""

    name: str
    data: bytes
    piece: int
    public: tuple[bytes, ...] = ()

    def _telling(self, piece: bytes) -> bool:
        # Zeros, repetitions and a format's constant parts stand in any process.
        plain = piece.replace(b"\\n", b"").replace(b"\n", b"")
        return len(set(piece)) >= 4 and not any(plain in part for part in self.public)

    def pieces(self) -> dict[bytes, str]:
        """For memory: pieces at multiples of their size, from the start and from the end."""
        starts = list(range(0, len(self.data) - self.piece + 1, self.piece))
        starts += [len(self.data) % self.piece + start for start in starts]
        found: dict[bytes, str] = {}
        for start in sorted(set(starts)):
            piece = self.data[start : start + self.piece]
            if self._telling(piece):
                found.setdefault(piece, f"{self.name}, bytes {start} to {start + self.piece - 1}")
        return found

    def windows(self) -> dict[bytes, str]:
        """For registers, which may hold no more than eight bytes: eight bytes from every offset."""
        found: dict[bytes, str] = {}
        for start in range(len(self.data) - WINDOW + 1):
            piece = self.data[start : start + WINDOW]
            if self._telling(piece):
                found.setdefault(piece, f"{self.name}, bytes {start} to {start + WINDOW - 1}")
        return found


@functools.cache
def of_key(pem: bytes, label: str) -> list[Secret]:
    """The private numbers in both byte orders, and the PEM's text with and without its line breaks."""
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError(f"{label}: not an RSA key")
    numbers = key.private_numbers()
    named = {
        "d": numbers.d,
        "p": numbers.p,
        "q": numbers.q,
        "dp": numbers.dmp1,
        "dq": numbers.dmq1,
        "qinv": numbers.iqmp,
    }
    secrets = []
    for name, number in named.items():
        data = number.to_bytes((number.bit_length() + 7) // 8, "big")
        secrets.append(Secret(f"{KEY_NUMBERS}: {name} of {label}, big-endian", data, NUMBER_PIECE))
        secrets.append(Secret(f"{KEY_NUMBERS}: {name} of {label}, little-endian", data[::-1], NUMBER_PIECE))

    lines = [line.strip() for line in pem.splitlines() if line.strip() and not line.startswith(b"-----")]
    text = b"".join(lines)
    public = _constant_text(text, numbers)
    for form, separator in (("text", b""), ("text with line breaks", b"\n"), ("text as in JSON", b"\\n")):
        secrets.append(Secret(f"{PEM} of {label}, {form}", separator.join(lines), TEXT_PIECE, public))
    return secrets


def _constant_text(text: bytes, numbers: rsa.RSAPrivateNumbers) -> tuple[bytes, ...]:
    """The base64 of what stands before n, and between n and d: alike in every key of this size."""
    der = base64.b64decode(text)
    n = numbers.public_numbers.n
    d = numbers.d
    n_bytes = n.to_bytes((n.bit_length() + 7) // 8, "big")
    d_bytes = d.to_bytes((d.bit_length() + 7) // 8, "big")
    n_start, d_start = der.find(n_bytes), der.find(d_bytes)
    if n_start < 0 or d_start < 0:
        raise ValueError("the key's numbers are not where they are expected in its DER form")
    n_end = n_start + len(n_bytes)
    return text[: n_start * 4 // 3], text[-(-n_end * 4 // 3) : d_start * 4 // 3]


def of_secret(value: bytes, label: str) -> list[Secret]:
    """A PIN or a client secret: as it is, as base64 at each of the three alignments, URL-encoded.

    The alignments stand for `client_id:client_secret` too, whatever the length of the client id is.
    """
    if len(value) < NUMBER_PIECE:
        raise ValueError(f"{label}: shorter than {NUMBER_PIECE} bytes, it would be found anywhere")
    secrets = [Secret(label, value, NUMBER_PIECE)]
    for shift in range(3):
        text = base64.b64encode(bytes(shift) + value).rstrip(b"=")
        # Characters that also hold bits of a neighbour are left away.
        first = -(-shift * 4 // 3)
        last = (shift + len(value)) * 4 // 3
        certain = text[first:last]
        secrets.append(Secret(f"{label} as base64 (shift {shift})", certain, min(TEXT_PIECE, len(certain))))
    encoded = urllib.parse.quote_from_bytes(value, safe="").encode()
    if encoded != value:
        secrets.append(Secret(f"{label} URL-encoded", encoded, NUMBER_PIECE))
    return secrets


def of_jwt(token: bytes, label: str) -> Secret:
    """Its signature: other parts of a JWT stand in any other, and none is a copy without the signature."""
    return Secret(label, token.rpartition(b".")[2], TEXT_PIECE)


def of_tls_key(pem: bytes, label: str) -> list[Secret]:
    """The private number of a key on an elliptic curve, in both byte orders and as the PEM has it."""
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{label}: not a key on an elliptic curve")
    number = key.private_numbers().private_value.to_bytes((key.key_size + 7) // 8, "big")
    return [*of_secret(number, label), Secret(f"{label}, little-endian", number[::-1], NUMBER_PIECE)]


def kind_of(name: str) -> str:
    """The kind of the secret that a needle of this name is a piece of."""
    return next((kind for kind in KINDS if name.startswith(kind)), name)


@dataclass(frozen=True)
class Source:
    """Where the needles come from. Keys in `key_dirs` are read when a process has stopped: not before, for
    `account create` has its key issued while it runs. So are the files of `raw`, `jwts` and `printed`, which grow until then."""

    keys: list[str]
    key_dirs: list[str]
    secrets: dict[str, str]  # label: file that holds the value
    raw: dict[str, str]  # label: file, bytes whose only form they are
    jwts: dict[str, str] = field(default_factory=dict)  # kind: file with one a line
    printed: list[str] = field(default_factory=list)  # what `agent caller add` has printed
    tls_keys: list[str] = field(default_factory=list)

    @staticmethod
    def load(path: Path) -> Source:
        return Source(**json.loads(path.read_text(encoding="utf-8")))

    def store(self, path: Path) -> None:
        path.write_text(json.dumps(self.__dict__), encoding="utf-8")

    def read(self) -> tuple[list[Secret], int]:
        """All forms of all secrets, and how many keys are among them."""
        paths = [Path(name) for name in self.keys]
        for folder in self.key_dirs:
            paths += sorted(Path(folder).glob("*.pem"))
        found: list[Secret] = []
        for path in paths:
            found += of_key(path.read_bytes(), path.stem)
        for label, name in self.secrets.items():
            found += of_secret(Path(name).read_bytes(), label)
        for label, name in self.raw.items():
            found.append(Secret(label, Path(name).read_bytes(), NUMBER_PIECE))
        for kind, name in self.jwts.items():
            lines = Path(name).read_bytes().split() if Path(name).exists() else []
            found += [of_jwt(line, f"{kind} {number}") for number, line in enumerate(lines, 1)]
        for name in self.printed:
            said = Path(name).read_bytes() if Path(name).exists() else b""
            for value in re.findall(rb'APS_CLIENT_SECRET="([^"]+)"\n', said):
                found += of_secret(value, f"{CALLER_SECRET} in {Path(name).stem}")
        for name in self.tls_keys:
            found += of_tls_key(Path(name).read_bytes(), f"{TLS_KEY} {Path(name).stem}")
        return found, len(paths)
