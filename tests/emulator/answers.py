"""What the service answers, and the shapes in which it refuses."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

JSON_TYPE = "application/json"
Headers = dict[str, str | None]  # None removes one that is sent otherwise


@dataclass
class Answer:
    status: int
    body: bytes = b""
    headers: Headers = field(default_factory=dict)


class Refused(Exception):
    """A request that the service turns down; raised anywhere, answered in one place."""

    def __init__(self, status: int, body: dict[str, Any], headers: Headers | None = None):
        super().__init__(status, body)
        self.answer = as_json(status, body, headers)


def as_json(status: int, value: Any, headers: Headers | None = None) -> Answer:
    body = json.dumps(value, ensure_ascii=False).encode()
    return Answer(status, body, {"Content-Type": JSON_TYPE, **(headers or {})})


# The provider's gateway, its token endpoint and its account service each have an error shape of their own; the program
# must read all of them, so each refusal here uses the one of the place it comes from.


def gateway(status: int, message: str, code: str | None = None, headers: Headers | None = None) -> Refused:
    body = {"developerMessage": message}
    if code:
        body |= {"errorCode": code, "more info": f"https://aps.autodesk.com/en/docs/oauth/v2/errors/{code}"}
    return Refused(status, body, headers)


def oauth(status: int, error: str, description: str) -> Refused:
    return Refused(status, {"error": error, "error_description": description})


def problem(status: int, title: str, detail: str) -> Refused:
    return Refused(status, {"title": title, "detail": detail})
