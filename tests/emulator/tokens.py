"""Access tokens: opaque to clients, yet they look like the provider's JWTs."""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from clock import Clock

LIFETIME = 3599


@dataclass(frozen=True)
class Grant:
    client_id: str
    subject: str | None  # the service account of a three-legged token
    scopes: frozenset[str]
    expires: float


class AccessTokens:
    def __init__(self, clock: Clock, folder: Path) -> None:
        self.size = 0  # least length of a token; a test of large answers raises it
        self.lifetime = LIFETIME
        self._clock = clock
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._grants: dict[bytes, Grant] = {}

    def issue(self, client_id: str, subject: str | None, scopes: list[str]) -> dict[str, Any]:
        """The body of a token response."""
        lifetime = self.lifetime
        expires = int(self._clock.now()) + lifetime
        claims = {"client_id": client_id, "scope": scopes, "exp": expires, "jti": secrets.token_urlsafe(16)}
        if subject:
            claims["userid"] = subject
        token = self._signed(claims)
        if len(token) < self.size:
            # ',"pad":""' takes 9 bytes; base64url makes 4 characters of 3 bytes.
            token = self._signed(claims | {"pad": "x" * max(0, -(-(self.size - len(token)) * 3 // 4) - 9)})
        self._note(self._folder / "access-tokens", token)
        self._grants[_digest(token)] = Grant(client_id, subject, frozenset(scopes), expires)
        return {"access_token": token, "token_type": "Bearer", "expires_in": lifetime}

    def note_assertion(self, text: str) -> None:
        """One that an access token is issued for."""
        self._note(self._folder / "assertions", text)

    def _note(self, path: Path, text: str) -> None:
        # For the tests alone: their memory scanner has to know what it must not find.
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w") as file:
            file.write(f"{text}\n")

    def find(self, token: str) -> Grant | None:
        grant = self._grants.get(_digest(token))
        return grant if grant and grant.expires > self._clock.now() else None

    def counts(self) -> dict[str, int]:
        three = sum(1 for grant in self._grants.values() if grant.subject)
        return {"two_legged": len(self._grants) - three, "three_legged": three}

    def _signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self._key, algorithm="ES256")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
