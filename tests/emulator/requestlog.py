"""What was asked of the API, without the secrets that it came with."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import assertion
from api import FORM_TYPE, Request


class RequestLog:
    def __init__(self, path: Path) -> None:
        self._file = open(path, "a", encoding="utf-8")
        self._entries: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def add(self, entry: dict[str, Any]) -> None:
        with self._lock:
            self._entries.append(entry)
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()

    def entries(self) -> list[dict[str, Any]]:
        with self._lock:
            return list(self._entries)

    def reset(self) -> None:
        """Forgets the entries; the file keeps them."""
        with self._lock:
            self._entries.clear()


def describe(request: Request) -> dict[str, Any]:
    """What a test may want to know of a request, well-formed or not."""
    content_type = request.headers.get("Content-Type")
    authorization = request.headers.get("Authorization")
    entry: dict[str, Any] = {
        "content_type": content_type,
        "accept": request.headers.get("Accept"),
        "user_agent": request.headers.get("User-Agent"),
        "authorization": authorization.partition(" ")[0] if authorization else None,
        "header_names": list(request.headers.keys()),
        "body_bytes": len(request.body),
    }
    if (content_type or "").startswith(FORM_TYPE):
        fields = parse_qsl(request.body.decode("latin-1"), keep_blank_values=True)
        form = dict(fields)
        entry |= {
            "form_fields": [name for name, _ in fields],
            "grant_type": form.get("grant_type"),
            "scope": form.get("scope"),
        }
        if "assertion" in form:
            entry["assertion"] = _decoded(form["assertion"])
    return entry


def _decoded(text: str) -> dict[str, Any]:
    """Header and claims; never the signature, with which an assertion is as good as a password."""
    try:
        header, claims, _ = assertion.parse(text)
    except assertion.Invalid as why:
        return {"malformed": str(why)}
    return {"header": header, "claims": claims}
