"""Those who ask the agent, and look at each access token that they get: whether it is for them, and still good."""

from __future__ import annotations

import base64
import contextlib
import json
import random
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from place import PROFILES, Place

SCOPES = ("data:read", "data:read data:write", "account:read")
# Of a thousand requests so many demand a new access token, and so many want one that lasts.
FORCED, LASTING, LASTS = 2, 20, 15
PAUSE, GIVES_UP = 0.004, 20.0  # seconds of the real clock
UNAVAILABLE = "503 unavailable"  # which has several reasons
TOLERANCE = 1.0  # times are told in whole seconds


class Gone(Exception):
    """The agent has ended the connection, or there is none."""


class Connection:
    """HTTP/1.1 on a Unix socket: no more than is needed here, since it is done very often."""

    def __init__(self, path: Path, patience: float = GIVES_UP) -> None:
        self._path, self._patience = path, patience
        self._socket: socket.socket | None = None

    def close(self) -> None:
        if self._socket:
            self._socket.close()
        self._socket = None

    def ask(self, method: str, target: str) -> tuple[int, dict[str, Any]]:
        """Connects anew where the agent has ended the last connection, which it may do with an idle one."""
        if self._socket:
            with contextlib.suppress(Gone):
                return self._once(method, target)
        return self._once(method, target)

    def _once(self, method: str, target: str) -> tuple[int, dict[str, Any]]:
        try:
            if self._socket is None:
                self._socket = socket.socket(socket.AF_UNIX)
                # Who does not want to wait for a place in the line gets none while it is full.
                self._socket.connect(str(self._path))
                self._socket.settimeout(self._patience)
            self._socket.sendall(f"{method} {target} HTTP/1.1\r\nHost: agent\r\n\r\n".encode())
            return self._read()
        except TimeoutError:
            self.close()
            raise
        except OSError as error:
            self.close()
            raise Gone from error

    def _read(self) -> tuple[int, dict[str, Any]]:
        assert self._socket
        got = b""
        while b"\r\n\r\n" not in got:
            got += self._more()
        head, _, body = got.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        while len(body) < length:
            body += self._more()
        return int(head.split()[1]), json.loads(body) if body.startswith(b"{") else {}

    def _more(self) -> bytes:
        assert self._socket
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionResetError
        return data


def claims_of(token: str) -> dict[str, Any]:
    """What the emulated API has written into an access token: it alone knows how long that is good."""
    body = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))))


@dataclass
class Seen:
    """What all callers together have met."""

    requests: Counter[str] = field(default_factory=Counter)  # by profile
    failures: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # trouble, profile, kind
    wrong: list[str] = field(default_factory=list)  # what must never happen
    tokens: set[str] = field(default_factory=set)  # their numbers
    fresh: dict[str, float] = field(default_factory=dict)  # by profile: when one was first seen that was not there before
    served: dict[str, float] = field(default_factory=dict)  # by profile: the last answer with an access token
    waits: list[float] = field(default_factory=list)  # some, in real milliseconds
    lock: threading.Lock = field(default_factory=threading.Lock)


class Callers:
    """A few threads, each with a connection that it keeps for a while."""

    def __init__(self, place: Place, path: Path, count: int, seed: int) -> None:
        self.seen = Seen()
        self.trouble = "none"  # what goes wrong now
        self._path, self._clock, self._over = path, place.clock, threading.Event()
        self._accounts = place.accounts
        self._threads = [threading.Thread(target=self._run, args=(seed + i,), daemon=True) for i in range(count)]

    def __enter__(self) -> Callers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(2 * GIVES_UP)

    def _run(self, seed: int) -> None:
        choose = random.Random(seed)  # noqa: S311 - an order and no secret
        connection = Connection(self._path)
        while not self._over.is_set():
            if choose.random() < 0.05:
                connection.close()
            self._ask(connection, choose)
            time.sleep(PAUSE * choose.random() * 2)
        connection.close()

    def _ask(self, connection: Connection, choose: random.Random) -> None:
        profile, scope, dice = choose.choice(PROFILES), choose.choice(SCOPES), choose.randrange(1000)
        query = f"profile={profile}&scope={quote(scope)}"
        if dice < FORCED:
            query += "&force=1"
        elif dice < FORCED + LASTING:
            query += f"&min_ttl={LASTS}"
        trouble, sent, began = self.trouble, self._clock.date(), time.perf_counter()
        try:
            status, answer = connection.ask("GET", f"/v1/token?{query}")
        except (Gone, TimeoutError) as error:
            kind = "no answer" if isinstance(error, TimeoutError) else "no connection"
            return self._note(trouble, profile, kind, None, began)
        kind = "" if status == 200 else f"{status} {answer.get('error')}"
        if kind == UNAVAILABLE:
            kind += f": {answer.get('error_description')}"
        wrong = None if kind else self._look(answer, profile, scope, sent)
        return self._note(trouble, profile, kind, wrong, began)

    def _note(self, trouble: str, profile: str, kind: str, wrong: str | None, began: float) -> None:
        with self.seen.lock:
            self.seen.requests[profile] += 1
            if kind:
                self.seen.failures[trouble, profile, kind] += 1
            else:
                self.seen.served[profile] = self._clock.now()
            if self.seen.requests[profile] % 16 == 0:
                self.seen.waits.append((time.perf_counter() - began) * 1000)
            if wrong:
                self.seen.wrong.append(f"at {self._clock.elapsed():.0f} s, {profile}, during {trouble}: {wrong}")

    def _look(self, answer: dict[str, Any], profile: str, scope: str, sent: float) -> str | None:
        """What is wrong with it. It may end on its way to us, but not before we asked."""
        claims = claims_of(answer["access_token"])
        ends = float(claims["exp"])
        with self.seen.lock:
            if claims["jti"] not in self.seen.tokens:
                self.seen.tokens.add(claims["jti"])
                self.seen.fresh[profile] = self._clock.now()
        if ends < sent:
            return f"it had ended {sent - ends:.1f} s before it was asked for"
        if sorted(claims["scope"]) != sorted(scope.split()) or answer["scope"] != scope:
            return f"it is for {claims['scope']} and not for {scope}"
        if claims.get("userid") != self._accounts[profile]:
            return "it is another account's"
        if answer["expires_at"] > ends + TOLERANCE:
            return f"its end is told as {answer['expires_at'] - ends:.1f} s later than it is"
        if sent + answer["expires_in"] > ends + TOLERANCE:
            return f"it is told to be good for {sent + answer['expires_in'] - ends:.1f} s longer than it is"
        return None
