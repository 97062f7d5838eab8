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
from pathlib import Path
from typing import Any
from urllib.parse import quote

from place import PROFILES, Place

SCOPES = ("data:read", "data:read data:write", "account:read")
# Of a thousand requests so many demand a new access token, and so many want one that lasts.
FORCED, LASTING, LASTS = 2, 20, 15
PAUSE, GIVES_UP = 0.004, 20.0  # seconds of the real clock
LONGEST_WAIT = 60  # of the hasty clock
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


class Seen:
    """What all callers together have met."""

    def __init__(self, place: Place) -> None:
        self.requests: Counter[str] = Counter()  # by profile
        self.failures: Counter[tuple[str, str, str]] = Counter()  # trouble, profile, kind
        self.wrong: list[str] = []  # what must never happen
        self.tokens: set[str] = set()  # their numbers
        # By profile: the last answer with an access token, and the last one with one that was not seen before.
        self.served: dict[str, float] = {}
        self.fresh: dict[str, float] = {}
        self.waits: list[float] = []  # some, in real milliseconds
        self.lock = threading.Lock()
        self.trouble = "none"  # what goes wrong now
        self._clock, self._accounts = place.clock, place.accounts

    def note(self, trouble: str, profile: str, kind: str, wrong: str | None, began: float) -> None:
        with self.lock:
            self.requests[profile] += 1
            if kind:
                self.failures[trouble, profile, kind] += 1
            else:
                self.served[profile] = self._clock.now()
            if self.requests[profile] % 16 == 0:
                self.waits.append((time.perf_counter() - began) * 1000)
            if wrong:
                self.wrong.append(f"at {self._clock.elapsed():.0f} s, {profile}, during {trouble}: {wrong}")

    def look(self, answer: dict[str, Any], profile: str, scope: str, sent: float) -> str | None:
        """What is wrong with it. It may end on its way to us, but not before we asked."""
        claims = claims_of(answer["access_token"])
        ends = float(claims["exp"])
        with self.lock:
            if claims["jti"] not in self.tokens:
                self.tokens.add(claims["jti"])
                self.fresh[profile] = self._clock.now()
        if ends < sent:
            return f"it had ended {sent - ends:.1f} s before it was asked for"
        if sorted(claims["scope"]) != sorted(scope.split()) or answer.get("scope", scope) != scope:
            return f"it is for {claims['scope']} and not for {scope}"
        if claims.get("userid") != self._accounts[profile]:
            return "it is another account's"
        if answer.get("expires_at", ends) > ends + TOLERANCE:
            return f"its end is told as {answer['expires_at'] - ends:.1f} s later than it is"
        if sent + answer["expires_in"] > ends + TOLERANCE:
            return f"it is told to be good for {sent + answer['expires_in'] - ends:.1f} s longer than it is"
        return None


class Callers:
    """A few threads, each with a connection that it keeps for a while."""

    def __init__(self, seen: Seen, place: Place, path: Path, count: int, seed: int, forced: float = FORCED) -> None:
        self._seen, self._path, self._clock, self._over = seen, path, place.clock, threading.Event()
        self._forced = forced
        self._wait = min(LONGEST_WAIT, int(GIVES_UP / 2 * place.clock.times))
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
        profile, scope, dice = choose.choice(PROFILES), choose.choice(SCOPES), choose.uniform(0, 1000)
        query = f"profile={profile}&scope={quote(scope)}&wait={self._wait}"
        if dice < self._forced:
            query += "&force=1"
        elif dice < self._forced + LASTING:
            query += f"&min_ttl={LASTS}"
        trouble, sent, began = self._seen.trouble, self._clock.date(), time.perf_counter()
        try:
            status, answer = connection.ask("GET", f"/v1/token?{query}")
        except (Gone, TimeoutError) as error:
            kind = "no answer" if isinstance(error, TimeoutError) else "no connection"
            return self._seen.note(trouble, profile, kind, None, began)
        kind = "" if status == 200 else f"{status} {answer.get('error')}"
        if kind == UNAVAILABLE:
            kind += f": {answer.get('error_description')}"
        wrong = None if kind else self._seen.look(answer, profile, scope, sent)
        return self._seen.note(trouble, profile, kind, wrong, began)
