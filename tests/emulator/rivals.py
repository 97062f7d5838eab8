"""Another host, which makes a key at a moment that a test chooses: before or after a request is carried out."""

from __future__ import annotations

import threading
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import Any

from service import Service


@dataclass(frozen=True)
class Rival:
    account: str
    method: str = "*"
    path: str = "*"
    when: str = "before"
    skip: int = 0

    def __post_init__(self) -> None:
        if self.when not in ("before", "after"):
            raise ValueError("when is before or after")

    @classmethod
    def parse(cls, members: dict[str, Any]) -> Rival:
        if unknown := members.keys() - {f.name for f in fields(cls)}:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        if "account" not in members:
            raise ValueError("account is missing")
        return cls(**members)


class Rivals:
    """Those that wait for their request, and the keys that others made."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._waiting: list[tuple[Rival, int]] = []
        self._made: list[dict[str, str]] = []
        self._lock = threading.Lock()

    def add(self, rival: Rival) -> None:
        with self._lock:
            self._waiting.append((rival, rival.skip))

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()
            self._made.clear()

    def made(self) -> list[dict[str, str]]:
        with self._lock:
            return list(self._made)

    def meet(self, when: str, method: str, path: str) -> None:
        """A request is about to be carried out, or has been: whoever waits for that makes a key."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
            for rival, skip in waiting:
                fits = rival.when == when and fnmatchcase(method, rival.method) and fnmatchcase(path, rival.path)
                if fits and skip == 0:
                    self._made.append({"account": rival.account, "kid": self._service.seed_key(rival.account)})
                else:
                    self._waiting.append((rival, skip - fits))
