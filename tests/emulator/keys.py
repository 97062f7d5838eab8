"""RSA keys as the service issues them, in whatever PEM dress a test asks for."""

from __future__ import annotations

import functools
import itertools
import json
import math
import os
import threading
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
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
USUAL_BITS, EXPONENT = 2048, 65537


@dataclass(frozen=True)
class Shape:
    format: str = "pkcs1"
    newline: str = "lf"
    final_newline: bool = True
    bits: int = USUAL_BITS
    pem: str | None = None  # handed out as it is, broken or not

    def __post_init__(self) -> None:
        if self.format not in FORMATS or self.newline not in NEWLINES or self.bits not in (USUAL_BITS, 3072, 4096):
            raise ValueError("format is pkcs1 or pkcs8, newline lf or crlf, bits 2048, 3072 or 4096")
        if not isinstance(self.final_newline, bool) or not isinstance(self.pem, (str, type(None))):
            raise ValueError("final_newline is true or false, pem a string or null")

    def changed(self, members: dict[str, Any]) -> Shape:
        known = {f.name for f in fields(self)}
        if unknown := members.keys() - known:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        return Shape(**{**{name: getattr(self, name) for name in known}, **members})

    def dress(self, key: Key) -> str:
        pem = key.pkcs1 if self.format == "pkcs1" else key.pkcs8
        if not self.final_newline:
            pem = pem.rstrip("\n")
        return pem.replace("\n", NEWLINES[self.newline])


@dataclass(frozen=True)
class Key:
    """As texts: to read a private key takes as long as to check its primes."""

    bits: int
    pkcs1: str
    pkcs8: str
    public: str

    def public_key(self) -> rsa.RSAPublicKey:
        key = serialization.load_pem_public_key(self.public.encode())
        assert isinstance(key, rsa.RSAPublicKey)
        return key


class KeyMaker:
    """Makes keys; once the first was asked for, one is always made ahead, so that requests do not wait for primes.

    The keys of a pool go before: the one that was handed out longest ago, if it was, and if no account has it.
    """

    def __init__(self, issued: Path, spare: bool = True, pool: list[Key] | None = None) -> None:
        self.shape = Shape()
        self._pool = list(pool or [])
        self._lent: dict[str, str] = {}  # of the pool's keys: the public half, and the kid of the last who got it
        self._issued = issued
        self._issued.mkdir(mode=0o700, exist_ok=True)
        self._keep_spare = spare
        self._spare: Key | None = None
        self._making = False
        self._lock = threading.Lock()

    def make(self, kid: str, others: Collection[str] = ()) -> tuple[str, rsa.RSAPublicKey | None]:
        """The PEM to hand out and the public half to keep, which a PEM that is no RSA key does not have.

        None of the others, the kids that there are, has the same key, unless the shape says so.
        """
        if self.shape.pem is not None:
            pem, public = self.shape.pem, _public_half(self.shape.pem)
        else:
            key = self._from_pool(kid, others) or self._take(self.shape.bits)
            pem, public = self.shape.dress(key), key.public_key()
        # For the tests alone: their memory scanner has to know what it must not find.
        path = self._issued / f"{kid}.pem"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", newline="") as file:
            file.write(pem)
        return pem, public

    def _from_pool(self, kid: str, others: Collection[str]) -> Key | None:
        with self._lock:
            for key in self._pool:
                if key.bits == self.shape.bits and self._lent.get(key.public) not in others:
                    self._pool.remove(key)
                    self._pool.append(key)
                    self._lent[key.public] = kid
                    return key
        return None

    def _take(self, bits: int) -> Key:
        with self._lock:
            key, self._spare = self._spare, None
        if key is None or key.bits != bits:
            key = generate(bits)
        if self._keep_spare:
            with self._lock:
                start, self._making = not self._making, True
            if start:
                threading.Thread(target=self._make_spare, args=(bits,), daemon=True).start()
        return key

    def _make_spare(self, bits: int) -> None:
        key = generate(bits)
        with self._lock:
            self._spare, self._making = key, False


def generate(bits: int) -> Key:
    return _texts(rsa.generate_private_key(public_exponent=EXPONENT, key_size=bits))


def _texts(key: rsa.RSAPrivateKey) -> Key:
    form, plain = serialization.PublicFormat.SubjectPublicKeyInfo, serialization.NoEncryption()
    pkcs1, pkcs8 = (
        key.private_bytes(serialization.Encoding.PEM, FORMATS[name], plain).decode() for name in ("pkcs1", "pkcs8")
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()
    return Key(key.key_size, pkcs1, pkcs8, public)


def _of_primes(pair: tuple[int, int]) -> Key:
    p, q = pair
    d = pow(EXPONENT, -1, math.lcm(p - 1, q - 1))
    rest = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    return _texts(rsa.RSAPrivateNumbers(p, q, d, *rest, rsa.RSAPublicNumbers(EXPONENT, p * q)).private_key())


def make_pool(path: Path, usual: int, others: list[int]) -> None:
    """Writes a file with so many keys of the usual size and others, one a line, for whoever runs many emulators.

    To look for primes takes nearly all of the time, so each of them is in several keys. No two keys are the same.
    """
    enough = next(n for n in itertools.count(1) if math.comb(2 * n, 2) >= usual)
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        made = workers.map(lambda _: rsa.generate_private_key(EXPONENT, USUAL_BITS).private_numbers(), range(enough))
        primes = [prime for numbers in made for prime in (numbers.p, numbers.q)]
        pairs = itertools.islice(itertools.combinations(primes, 2), usual)
        lines = [json.dumps(asdict(key)) + "\n" for key in (*workers.map(_of_primes, pairs), *workers.map(generate, others))]
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(lines)
    beside.replace(path)


def read_pool(path: Path, first: int, end: int) -> list[Key]:
    with open(path) as file:
        return [Key(**json.loads(line)) for line in file.readlines()[first:end]]


@functools.cache
def _public_half(pem: str) -> rsa.RSAPublicKey | None:
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key.public_key() if isinstance(key, rsa.RSAPrivateKey) else None
