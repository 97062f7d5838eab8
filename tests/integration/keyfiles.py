"""RSA keys of our own making, in all shapes that the API or an old block may have them, and the token's public half."""

from __future__ import annotations

import functools

import emulation
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from softtoken import Store

SHAPES = [
    {"format": form, "newline": newline, "final_newline": final}
    for form in ("pkcs1", "pkcs8")
    for newline in ("lf", "crlf")
    for final in (True, False)
]


_IN_POOL = {2048: emulation.OWN_KEY, 3072: emulation.OWN_3072, 4096: emulation.OWN_4096}


@functools.cache
def _made(bits: int) -> rsa.RSAPrivateKey:
    if bits in _IN_POOL:
        return private_key_of(emulation.pool_key(_IN_POOL[bits]))
    return rsa.generate_private_key(65537, bits)


def private_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """The same key for the whole process: making one takes up to a second."""
    return _made(bits)


def pem(bits: int = 2048, pkcs8: bool = False) -> str:
    form = serialization.PrivateFormat.PKCS8 if pkcs8 else serialization.PrivateFormat.TraditionalOpenSSL
    plain = serialization.NoEncryption()
    return private_key(bits).private_bytes(serialization.Encoding.PEM, form, plain).decode()


def der(text: str) -> bytes:
    """A PEM's key as pkcs11-tool takes it."""
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return private_key_of(text).private_bytes(serialization.Encoding.DER, form, serialization.NoEncryption())


def public_pem(key: rsa.RSAPublicKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, form).decode()


def public_on_token(store: Store, key_id: str) -> rsa.RSAPublicKey:
    """The public key object as pkcs11-tool reads it; asking for it needs no login."""
    target = store.folder / "public.der"
    done = store.tool(
        "--read-object", "--type", "pubkey", "--id", key_id.encode().hex(), "--output-file", str(target), pin=None
    )
    assert done.returncode == 0, done.stderr
    key = serialization.load_der_public_key(target.read_bytes())
    assert isinstance(key, rsa.RSAPublicKey)
    return key


def private_key_of(text: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(text.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key
