"""Faults that a test plants: which requests they befall, and what then happens on the wire."""

from __future__ import annotations

import base64
import json
import threading
import time
from dataclasses import asdict, dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Any, NoReturn, Protocol

from answers import JSON_TYPE, Answer
from mutations import mutate

# Whether the server does what was asked before the fault shows; "act" in the fault overrides it.
ACTS = {
    "refuse": False,
    "reset": False,
    "hang": False,
    "status": False,
    "late": True,
    "cut": True,
    "drop": True,
    "hang-after": True,
    "slow": True,
    "replace": True,
    "mutate": True,
}


class Wire(Protocol):
    """What a fault may do with the connection that the request came on."""

    def frame(self, answer: Answer) -> tuple[bytes, bytes]: ...

    def send(self, data: bytes) -> None: ...

    def close(self) -> NoReturn: ...

    def reset(self) -> NoReturn: ...

    def wait_until_gone(self, seconds: float | None) -> None: ...


@dataclass
class Fault:
    action: str
    method: str = "*"
    path: str = "*"
    times: int = 1  # 0: for ever
    skip: int = 0
    act: bool | None = None
    seconds: float | None = None  # hang, hang-after, late
    delay: float = 0.05  # slow: between two bytes
    bytes: int | None = None  # cut: how much of the body is sent; None: half
    status: int = 500
    seed: int = 0  # mutate: which mutation
    body: Any = ""  # a string as it is, anything else as JSON
    body_base64: str | None = None  # for what JSON's strings cannot hold
    content_type: str = JSON_TYPE
    headers: dict[str, str | None] = field(default_factory=dict)  # null removes one

    def __post_init__(self) -> None:
        if self.action not in ACTS:
            raise ValueError(f"action is one of {', '.join(ACTS)}")
        if self.action == "late" and self.seconds is None:
            raise ValueError("late needs seconds")
        if self.body_base64 is not None:
            base64.b64decode(self.body_base64, validate=True)

    @classmethod
    def parse(cls, members: dict[str, Any]) -> Fault:
        if unknown := members.keys() - {f.name for f in fields(cls)}:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        if "action" not in members:
            raise ValueError("action is missing")
        return cls(**members)

    @property
    def acts(self) -> bool:
        return ACTS[self.action] if self.act is None else self.act

    def outcome(self, real: Answer | None) -> Answer | None:
        """The answer that will be sent, wholly or in part; None where the client gets none."""
        if self.action in ("refuse", "reset", "hang", "drop", "hang-after"):
            return None
        if self.action in ("status", "replace"):
            status = real.status if self.action == "replace" and real else self.status
            return Answer(status, self._body(), {"Content-Type": self.content_type, **self.headers})
        if self.action == "mutate" and real:
            return mutate(real, self.seed)
        return real or Answer(self.status, self._body(), {"Content-Type": self.content_type})

    def strike(self, answer: Answer | None, wire: Wire) -> None:
        match self.action:
            case "refuse" | "drop":
                wire.close()
            case "reset":
                wire.reset()
            case "hang" | "hang-after":
                wire.wait_until_gone(self.seconds)
                wire.close()
            case _:
                head, body = wire.frame(answer or Answer(500))
                self._send(head, body, wire)

    def _send(self, head: bytes, body: bytes, wire: Wire) -> None:
        if self.action == "cut":
            wire.send(head + body[: len(body) // 2 if self.bytes is None else self.bytes])
            wire.close()
        elif self.action == "slow":
            for byte in head + body:
                wire.send(bytes([byte]))
                time.sleep(self.delay)
        else:
            if self.action == "late":
                wire.wait_until_gone(self.seconds)
            wire.send(head + body)

    def _body(self) -> bytes:
        if self.body_base64 is not None:
            return base64.b64decode(self.body_base64)
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


class Faults:
    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def pending(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def take(self, method: str, path: str) -> Fault | None:
        """The first fault that this request falls under and that has no request left to let pass."""
        with self._lock:
            for fault in self._faults:
                if not (fnmatchcase(method, fault.method) and fnmatchcase(path, fault.path)):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                if fault.times > 0:
                    fault.times -= 1
                    if fault.times == 0:
                        self._faults.remove(fault)
                return fault
        return None
