"""The tests' own entrance, under /_control/: it looks into the emulator and changes how it behaves."""

from __future__ import annotations

import json
from typing import Any

import clock as clocks
import service as services
from answers import Answer, Refused, as_json
from clock import Clock
from faults import Fault, Faults
from hubs import Hubs
from keys import KeyMaker, Shape
from requestlog import RequestLog
from rivals import Rival, Rivals
from service import Service
from tokens import LIFETIME, AccessTokens

PREFIX = "/_control/"


class Control:
    def __init__(
        self,
        clock: Clock,
        service: Service,
        tokens: AccessTokens,
        maker: KeyMaker,
        faults: Faults,
        log: RequestLog,
        rivals: Rivals,
        hubs: Hubs,
    ) -> None:
        self._clock = clock
        self._service = service
        self._tokens = tokens
        self._maker = maker
        self._faults = faults
        self._log = log
        self._rivals = rivals
        self._hubs = hubs

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        try:
            members = json.loads(body) if body else {}
            if not isinstance(members, dict):
                raise ValueError("the body is not a JSON object")
            result = self._call(f"{method} {path.removeprefix(PREFIX)}", members)
        except Refused as refused:
            return refused.answer
        except (ValueError, TypeError) as why:
            return as_json(400, {"error": str(why)})
        return as_json(404, {"error": "no such control"}) if result is None else as_json(200, result)

    def _call(self, name: str, members: dict[str, Any]) -> Any:
        match name:
            case "GET state":
                return self._state()
            case "GET requests":
                return self._log.entries()
            case "POST reset-requests":
                self._log.reset()
            case "POST fault":
                self._faults.add(Fault.parse(members))
            case "POST clear":
                self._faults.clear()
                self._rivals.clear()
            case "POST clean":
                self._clean(list(_only(members, "accounts")))
            case "POST rival":
                self._rivals.add(Rival.parse(members))
            case "POST keep":
                self._service.keep()
            case "POST restore":
                self._service.restore()
            case "POST titles":
                self._service.refusals = services.DOCUMENTED if _only(members, "documented") else services.MUTE
            case "POST clock":
                self._clock.offset = float(_only(members, "offset"))
            case "POST access-token":
                self._set_tokens(**members)
            case "POST keys":
                self._maker.shape = self._maker.shape.changed(members)
            case "POST accounts":
                return self._seed(**members)
            case "POST hubs":
                return self._hubs.add(**members)
            case "POST integration":
                self._hubs.change(**members)
            case _:
                return None
        return {}

    def _clean(self, accounts: list[str]) -> None:
        self._faults.clear()
        self._rivals.clear()
        self._service.clean(accounts)
        self._hubs.clean()
        self._clock.offset = 0.0
        self._set_tokens(size=0, lifetime=LIFETIME)
        self._maker.shape = Shape()
        self._log.reset()

    def _set_tokens(self, size: int | None = None, lifetime: int | None = None) -> None:
        self._tokens.size = self._tokens.size if size is None else int(size)
        self._tokens.lifetime = self._tokens.lifetime if lifetime is None else int(lifetime)

    def _state(self) -> dict[str, Any]:
        return {
            "accounts": self._service.state(),
            "tokens": self._tokens.counts(),
            "clock_offset": self._clock.offset,
            "faults": self._faults.pending(),
            "rivals": self._rivals.made(),
            "hubs": self._hubs.state(),
        }

    def _seed(
        self,
        name: str,
        keys: int = 0,
        createdAt: str | None = None,  # noqa: N803 -- the members of the JSON body
        accessedAt: str | None = None,  # noqa: N803
        status: str = services.ENABLED,
    ) -> dict[str, Any]:
        if status not in (services.ENABLED, services.DISABLED, services.DEACTIVATED):
            raise ValueError("status is ENABLED, DISABLED or DEACTIVATED")
        created = clocks.parse(createdAt) if createdAt else None
        accessed = clocks.parse(accessedAt) if accessedAt else None
        return self._service.seed(name, keys, created, accessed, status)


def _only(members: dict[str, Any], name: str) -> Any:
    if members.keys() != {name}:
        raise ValueError(f"the body must hold {name} and nothing else")
    return members[name]
