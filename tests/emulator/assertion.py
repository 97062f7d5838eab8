"""Strict verification of a JWT assertion: nothing is let pass that the provider might refuse."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import RSAAlgorithm

LIFETIME = 300
REQUIRED = {"iss", "sub", "aud", "exp", "scope"}
OPTIONAL = {"iat", "nbf", "jti"}
SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")  # RFC 6749, 3.3

_RS256 = RSAAlgorithm(RSAAlgorithm.SHA256)


class Invalid(Exception):
    """Why an assertion is refused."""


@dataclass(frozen=True)
class Expected:
    client_id: str
    audience: str
    now: float


def verify(
    text: str, expected: Expected, find_key: Callable[[str, str], RSAPublicKey]
) -> tuple[str, dict[str, Any]]:
    """The kid and claims of a good assertion. find_key(sub, kid) raises Invalid where there is no usable key."""
    header, claims, signature = parse(text)
    _check_header(header)
    _check_claim_names(claims)
    key = find_key(claims["sub"], header["kid"])
    if not _RS256.verify(text.rpartition(".")[0].encode(), key, signature):
        raise Invalid("the signature does not verify with the key's public half")
    _check_claims(claims, expected)
    return header["kid"], claims


def parse(text: str) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    parts = text.split(".")
    if len(parts) != 3:
        raise Invalid(f"an assertion has three parts, this one {len(parts)}")
    header, claims, signature = (_decode(part) for part in parts)
    return _object(header, "header"), _object(claims, "claims"), signature


def _decode(part: str) -> bytes:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", part):
        raise Invalid("not base64url without padding")
    try:
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        raise Invalid("base64url of an impossible length") from None
    # RFC 4648, 3.5: unused bits of the last character must be zero; decoders disagree about the others.
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != part:
        raise Invalid("base64url is not canonical")
    return raw


def _object(raw: bytes, what: str) -> dict[str, Any]:
    def pairs(members: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(members)) != len(members):
            raise Invalid(f"a member stands twice in the {what}")  # RFC 7515, 4 and RFC 7519, 4
        return dict(members)

    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=pairs)
    except (ValueError, RecursionError):
        raise Invalid(f"the {what} is not JSON in UTF-8") from None
    if not isinstance(value, dict):
        raise Invalid(f"the {what} is not a JSON object")
    return value


def _check_header(header: dict[str, Any]) -> None:
    if unknown := header.keys() - {"alg", "kid", "typ"}:
        raise Invalid(f"unknown header member {_list(unknown)}")
    if header.get("alg") != "RS256":
        raise Invalid("alg is not RS256")
    if not isinstance(header.get("kid"), str):
        raise Invalid("kid is missing or not a string")
    if header.get("typ", "JWT") != "JWT":
        raise Invalid("typ is not JWT")


def _check_claim_names(claims: dict[str, Any]) -> None:
    if missing := REQUIRED - claims.keys():
        raise Invalid(f"missing claim {_list(missing)}")
    if unknown := claims.keys() - REQUIRED - OPTIONAL:
        raise Invalid(f"unknown claim {_list(unknown)}")
    for name in ("iss", "sub", "aud", "jti"):
        if not isinstance(claims.get(name, ""), str):
            raise Invalid(f"{name} is not a string")
    for name in ("exp", "iat", "nbf"):
        # JSON's true is an int to Python; a fraction is legal (RFC 7519, 2), yet not what the provider documents.
        if type(claims.get(name, 0)) is not int:
            raise Invalid(f"{name} is not an integer")
        if abs(claims.get(name, 0)) > 2**53:
            raise Invalid(f"{name} is no time")


def _check_claims(claims: dict[str, Any], expected: Expected) -> None:
    if claims["iss"] != expected.client_id:
        raise Invalid("iss is not the client id")
    if claims["aud"] != expected.audience:
        raise Invalid("aud is not the public token URL")
    ahead = claims["exp"] - expected.now
    if ahead < 0:
        raise Invalid(f"exp is {-ahead:.0f} s past")
    if ahead > LIFETIME:
        raise Invalid(f"exp is {ahead:.1f} s ahead, more than {LIFETIME}")
    if claims.get("nbf", 0) > expected.now:
        raise Invalid("nbf is in the future")
    scope = claims["scope"]
    if not isinstance(scope, list) or not scope:
        raise Invalid("scope is not an array of strings")
    if not all(isinstance(item, str) and SCOPE_TOKEN.fullmatch(item) for item in scope):
        raise Invalid("scope holds something that is no scope")


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names))
