"""Answers as no honest server gives them: the same seed makes the same mutation."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from answers import Answer

STATUSES = (200, 201, 202, 204, 206, 299, 301, 302, 304, 307, 400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 417, 418,
            421, 422, 425, 429, 451, 499, 500, 501, 502, 503, 504, 599)  # fmt: skip
TYPES = ("text/html", "text/plain", "application/json; charset=utf-16", "application/octet-stream", "", "x" * 3000)
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 10**400, 2**63, [], {}, [[]], "", " ", "0", "null", "x" * 5000, "\0", "a\0b", "\x1b[2J\x07",
    "\u202e\u2066x", "\u0085\u009b2J", "../../x", ".", "..", "a/b?c#d", "a\r\nX: y", "a\nb", "%00", "a b", 'a"b', "$(id)`id`",
    "ümlaut", "\U0001f600", "ENABLED", "Bearer", "1970-01-01T00:00:00Z", "9999-99-99T99:99:99Z",
)  # fmt: skip
Members = list[tuple[str, Any]]


class Object(Members):
    """A JSON object that may have a name twice."""


def mutate(answer: Answer, seed: int) -> Answer:
    rng = random.Random(seed)  # noqa: S311 -- the same each time is what is wanted
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        answer = rng.choice(KINDS)(answer, rng)
    return answer


def _of_value(answer: Answer, rng: random.Random) -> Answer:
    try:
        value = json.loads(answer.body, object_pairs_hook=Object)
    except ValueError:
        return _of_bytes(answer, rng)
    objects = list(_objects(value))
    if not objects:
        return replace(answer, body=_dump(rng.choice(VALUES)))
    members = rng.choice(objects)
    at = rng.randrange(len(members)) if members else 0
    name, old = members[at] if members else ("x", None)
    match rng.randrange(9):
        case 0:
            del members[at : at + 1]
        case 1:
            members.append((name, old))
        case 2:
            members.insert(at, (name, rng.choice(VALUES)))
        case 3 | 4 | 5:
            members[at : at + 1] = [(name, rng.choice(VALUES))]
        case 6:
            members.insert(at, (rng.choice(("error", "title", "developerMessage", "unknown")), rng.choice(VALUES)))
        case 7:
            members[at : at + 1] = [(name, [old] * rng.choice((1, 2, 100)))]
        case 8:
            members[at : at + 1] = [(name.upper(), old)]
    return replace(answer, body=_dump(value))


def _of_whole(answer: Answer, rng: random.Random) -> Answer:
    deep = b"[" * 5000 + b"]" * 5000
    bodies = (b"[" + answer.body + b"]", answer.body * 2, b"", b"{}", b"null", b'"x"', deep, answer.body.decode().encode("utf-16"),
              b"\xef\xbb\xbf" + answer.body, b" " * 9000 + answer.body, answer.body + b"\0", b"<html>" + answer.body)  # fmt: skip
    return replace(answer, body=rng.choice(bodies))


def _of_bytes(answer: Answer, rng: random.Random) -> Answer:
    body = bytearray(answer.body or b"x")
    at = rng.randrange(len(body))
    match rng.randrange(4):
        case 0:
            del body[at:]
        case 1:
            body[at] ^= 1 << rng.randrange(8)
        case 2:
            body[at:at] = bytes(rng.randrange(256) for _ in range(rng.choice((1, 10, 1000))))
        case 3:
            del body[at]
    return replace(answer, body=bytes(body))


def _of_status(answer: Answer, rng: random.Random) -> Answer:
    return replace(answer, status=rng.choice(STATUSES))


def _of_headers(answer: Answer, rng: random.Random) -> Answer:
    more: dict[str, str | None] = rng.choice((
        {"Content-Type": rng.choice(TYPES)}, {"Content-Encoding": "gzip"}, {"Date": "x" * 200}, {"Date": None},
        {"Location": "https://user:pass@\x7f/"}, {"Retry-After": "1e9"}, {"Transfer-Encoding": "chunked"},
        {"Content-Length": str(len(answer.body) + 5), "Connection": "close"}, {"Content-Length": "-1"}, {"Content-Length": "9" * 30},
    ))  # fmt: skip
    return replace(answer, headers={**answer.headers, **more})


KINDS: tuple[Callable[[Answer, random.Random], Answer], ...] = (_of_value, _of_value, _of_value, _of_whole, _of_bytes, _of_status, _of_headers)  # fmt: skip


def _objects(value: Any) -> Any:
    if isinstance(value, Object):
        yield value
        value = [member for _, member in value]
    if isinstance(value, list):
        for element in value:
            yield from _objects(element)


def _text(value: Any) -> str:
    if isinstance(value, Object):
        return "{" + ", ".join(f"{json.dumps(name)}: {_text(member)}" for name, member in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_text, value)) + "]"
    return json.dumps(value)


def _dump(value: Any) -> bytes:
    return _text(value).encode()
