"""RSA keys as the service issues them, in whatever PEM dress a test asks for."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

FORMATS = {
    "pkcs1": serialization.PrivateFormat.TraditionalOpenSSL,
    "pkcs8": serialization.PrivateFormat.PKCS8,
}
NEWLINES = {"lf": "\n", "crlf": "\r\n"}


@dataclass(frozen=True)
class Shape:
    format: str = "pkcs1"
    newline: str = "lf"
    final_newline: bool = True
    bits: int = 2048
    pem: str | None = None  # handed out as it is, broken or not

    def __post_init__(self) -> None:
        if self.format not in FORMATS or self.newline not in NEWLINES or self.bits not in (2048, 3072, 4096):
            raise ValueError("format is pkcs1 or pkcs8, newline lf or crlf, bits 2048, 3072 or 4096")
        if not isinstance(self.final_newline, bool) or not isinstance(self.pem, (str, type(None))):
            raise ValueError("final_newline is true or false, pem a string or null")

    def changed(self, members: dict[str, Any]) -> Shape:
        known = {f.name for f in fields(self)}
        if unknown := members.keys() - known:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        return Shape(**{**{name: getattr(self, name) for name in known}, **members})

    def dress(self, key: rsa.RSAPrivateKey) -> str:
        pem = key.private_bytes(
            serialization.Encoding.PEM, FORMATS[self.format], serialization.NoEncryption()
        ).decode()
        if not self.final_newline:
            pem = pem.rstrip("\n")
        return pem.replace("\n", NEWLINES[self.newline])


class KeyMaker:
    """Makes keys; once the first was asked for, one is always made ahead, so that requests do not wait for primes."""

    def __init__(self, issued: Path, spare: bool = True) -> None:
        self.shape = Shape()
        self._issued = issued
        self._issued.mkdir(mode=0o700, exist_ok=True)
        self._keep_spare = spare
        self._spare: rsa.RSAPrivateKey | None = None
        self._making = False
        self._lock = threading.Lock()

    def make(self, kid: str) -> tuple[str, rsa.RSAPublicKey | None]:
        """The PEM to hand out and the public half to keep, which a PEM that is no RSA key does not have."""
        if self.shape.pem is not None:
            pem, public = self.shape.pem, _public_half(self.shape.pem)
        else:
            key = self._take(self.shape.bits)
            pem, public = self.shape.dress(key), key.public_key()
        # For the tests alone: their memory scanner has to know what it must not find.
        path = self._issued / f"{kid}.pem"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", newline="") as file:
            file.write(pem)
        return pem, public

    def _take(self, bits: int) -> rsa.RSAPrivateKey:
        with self._lock:
            key, self._spare = self._spare, None
        if key is None or key.key_size != bits:
            key = _generate(bits)
        if self._keep_spare:
            with self._lock:
                start, self._making = not self._making, True
            if start:
                threading.Thread(target=self._make_spare, args=(bits,), daemon=True).start()
        return key

    def _make_spare(self, bits: int) -> None:
        key = _generate(bits)
        with self._lock:
            self._spare, self._making = key, False


def _generate(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def _public_half(pem: str) -> rsa.RSAPublicKey | None:
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key.public_key() if isinstance(key, rsa.RSAPrivateKey) else None
