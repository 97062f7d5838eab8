"""Those who ask the facade and the broker, and strangers, who must get nothing while the others are served."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import random
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import places
from agent_guests import FACADE, Authority, form, tls
from callers import Seen
from place import PROFILES, STEADY, Place
from ports import free_port

SCOPE = "data:read data:write"
# A caller may ask 600 times within a minute, at facade and broker together. A minute is shorter where time runs faster.
PAUSE, PAUSE_OF_MINUTE, STRANGE_PAUSE = 0.05, 0.26, 0.25
# The agent lets a caller wait for a minute.
GIVES_UP, WAITS = 20.0, 75.0
KEEPS = 0.9  # how often a connection is used once more
REFUSED_BY_TLS = "TLS"


@dataclass(frozen=True)
class Guest:
    """A caller that the agent knows."""

    profile: str
    name: str  # of it, and in its certificate
    client_id: str
    client_secret: str


class Lodge:
    """What facade and broker need: ports, certificates, callers. Its folder is the place's."""

    def __init__(self, place: Place) -> None:
        # The next agent has them, too.
        self.facade, self.broker = free_port(), free_port()
        folder = place.folder / "tls"
        folder.mkdir(mode=0o700)
        self.authority, self._other = Authority(folder), Authority(folder, "other")
        self.cert, self.key = self.authority.server()
        # By the hasty clock, they must last for the whole run.
        days = 2 if place.clock.times == 1 else 4000
        issue = self.authority.issue
        self.guests = [self._add(place, profile) for profile in PROFILES]
        self.certs = {guest.name: issue(guest.name, f"DNS:{guest.name}", days=days) for guest in self.guests}
        self.stranger = issue("stranger", "DNS:stranger.example.com", days=days)
        self.forged = self._other.issue("forged", f"DNS:{self.guests[0].name}", days=days)
        self.expired = issue("expired", f"DNS:{self.guests[0].name}", days=-1)

    def _add(self, place: Place, profile: str) -> Guest:
        name = f"{profile}.example.com"
        argv = [str(places.program()), "agent", "caller", "add", name, "--scope", SCOPE, "--profile", profile]
        done = subprocess.run([*argv, "--san", name, "--json"], env=place.env, check=True, capture_output=True, text=True)
        made = json.loads(done.stdout)
        return Guest(profile, name, made["clientId"], made["clientSecret"])

    def options(self) -> list[str]:
        """Of the agent."""
        broker = ["--listen", f"127.0.0.1:{self.broker}", "--tls-cert", str(self.cert), "--tls-key", str(self.key)]
        return ["--facade", str(self.facade), *broker, "--client-ca", str(self.authority.ca)]

    def at_facade(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("localhost", self.facade, timeout=WAITS)

    def at_broker(self, cert: Any) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection("localhost", self.broker, context=tls(self.authority.ca, cert), timeout=WAITS)


def _ask(
    connection: http.client.HTTPConnection, target: str, body: str | None, headers: dict[str, str]
) -> tuple[int, dict[str, Any]]:
    if body is not None:
        headers = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    connection.request("GET" if body is None else "POST", target, body, headers)
    response = connection.getresponse()
    answer = response.read()
    return response.status, json.loads(answer) if answer.startswith(b"{") else {}


def _ask_again(
    connection: http.client.HTTPConnection, target: str, body: str | None, headers: dict[str, str]
) -> tuple[int, dict[str, Any]]:
    """Connects anew where the agent has ended the last connection, which it may do with an idle one."""
    if connection.sock is not None:
        try:
            return _ask(connection, target, body, headers)
        except (ConnectionError, http.client.HTTPException):
            connection.close()
    return _ask(connection, target, body, headers)


def _basic(user: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()}


class Guests:
    """A thread for each known caller at facade and broker, and one for strangers. Use it in a with statement."""

    def __init__(self, seen: Seen, place: Place, lodge: Lodge, seed: int) -> None:
        self.refused: Counter[str] = Counter()  # strangers, by what they did
        self.served: Counter[str] = Counter()  # the others, by where they asked
        self._seen, self._clock, self._lodge, self._over = seen, place.clock, lodge, threading.Event()
        jobs: list[Callable[[], None]] = []
        for number, guest in enumerate(lodge.guests):
            jobs.append(lambda g=guest, n=number: self._run("facade", g, seed + n))  # type: ignore[misc]
            jobs.append(lambda g=guest, n=number: self._run("broker", g, seed - n))  # type: ignore[misc]
        jobs.append(lambda: self._strangers(seed))
        self._threads = [threading.Thread(target=job, daemon=True) for job in jobs]

    def __enter__(self) -> Guests:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(WAITS)

    def figures(self) -> dict[str, object]:
        return {"served to guests": dict(self.served), "refused to strangers": dict(self.refused)}

    # ---- those who may ----

    def _run(self, where: str, guest: Guest, seed: int) -> None:
        choose = random.Random(seed)  # noqa: S311 - an order and no secret
        connection = self._connect(where, guest)
        while not self._over.is_set():
            if choose.random() > KEEPS:
                connection.close()
            self._once(where, guest, connection, choose)
            time.sleep(max(PAUSE, PAUSE_OF_MINUTE / self._clock.times) * (0.8 + 0.4 * choose.random()))
        connection.close()

    def _connect(self, where: str, guest: Guest) -> http.client.HTTPConnection:
        return self._lodge.at_facade() if where == "facade" else self._lodge.at_broker(self._lodge.certs[guest.name])

    def _question(self, where: str, guest: Guest, choose: random.Random) -> tuple[str, str | None, dict[str, str]]:
        if where == "broker":
            return choose.choice((("/v1/token", None, {}), (FACADE, form(), {})))
        if choose.random() < 0.5:
            return FACADE, form(), _basic(guest.client_id, guest.client_secret)
        return FACADE, form(client_id=guest.client_id, client_secret=guest.client_secret, scope=SCOPE), {}

    def _once(self, where: str, guest: Guest, connection: http.client.HTTPConnection, choose: random.Random) -> None:
        target, body, headers = self._question(where, guest, choose)
        trouble, sent, began = self._seen.trouble, self._clock.date(), time.perf_counter()
        try:
            status, answer = _ask_again(connection, target, body, headers)
        except TimeoutError:
            connection.close()
            return self._seen.note(trouble, guest.profile, f"{where}: no answer", None, began)
        except (OSError, http.client.HTTPException):
            connection.close()
            return self._seen.note(trouble, guest.profile, f"{where}: no connection", None, began)
        kind = "" if status == 200 else f"{where}: {status} {answer.get('error')}"
        if status == 503:
            kind += f": {answer.get('error_description')}"
        self.served[where] += status == 200
        wrong = self._seen.look(answer, guest.profile, SCOPE, sent) if status == 200 else None
        if status in (401, 403):
            wrong = f"{guest.name} was refused with {status} at the {where}"
        return self._seen.note(trouble, guest.profile, kind, wrong, began)

    # ---- those who may not ----

    def _strangers(self, seed: int) -> None:
        choose = random.Random(~seed)  # noqa: S311 - an order and no secret
        lodge, guest = self._lodge, self._lodge.guests[0]
        right = form(client_id=guest.client_id, client_secret=guest.client_secret)
        facade, broker = lodge.at_facade, lodge.at_broker
        # What they do, and the answers that they may get. Who is known may have asked too often.
        all_of_them: dict[str, tuple[Callable[[], Any], str, str | None, dict[str, str], tuple[object, ...]]] = {
            "wrong secret": (facade, FACADE, form(client_id=guest.client_id, client_secret="x" * 43), {}, (401, 429)),
            "unknown id": (facade, FACADE, form(), _basic("nobody", "nothing"), (401, 429)),
            "no secret": (facade, FACADE, form(), {}, (401, 429)),
            "wrong Host": (facade, FACADE, right, {"Host": "rebound.example.com"}, (403,)),
            "Origin": (facade, FACADE, right, {"Origin": "https://example.com"}, (403,)),
            "forwarded": (facade, FACADE, right, {"X-Forwarded-For": "192.0.2.1"}, (403,)),
            "other scope": (facade, FACADE, right + "&scope=account:write", {}, (403, 429)),
            "other path": (facade, f"/v1/token?profile={STEADY}", None, {}, (403, 404)),
            "no certificate": (lambda: broker(None), "/v1/token", None, {}, (REFUSED_BY_TLS,)),
            "forged certificate": (lambda: broker(lodge.forged), "/v1/token", None, {}, (REFUSED_BY_TLS,)),
            "expired certificate": (lambda: broker(lodge.expired), "/v1/token", None, {}, (REFUSED_BY_TLS,)),
            "unknown certificate": (lambda: broker(lodge.stranger), "/v1/token", None, {}, (403,)),
            "other profile": (
                lambda: broker(lodge.certs[guest.name]), f"/v1/token?profile={STEADY}", None, {}, (403, 404, 429)
            ),
            "status": (lambda: broker(lodge.certs[guest.name]), "/v1/status", None, {}, (403, 404, 429)),
            "unlock": (lambda: broker(lodge.certs[guest.name]), "/v1/unlock", "", {}, (403, 404, 405, 429)),
        }  # fmt: skip
        while not self._over.wait(STRANGE_PAUSE):
            name = choose.choice(list(all_of_them))
            connect, target, body, headers, allowed = all_of_them[name]
            with contextlib.closing(connect()) as connection:
                self._stranger(name, connection, target, body, headers, allowed)

    def _stranger(
        self, name: str, connection: http.client.HTTPConnection, target: str, body: str | None, headers: dict[str, str],
        allowed: tuple[object, ...],
    ) -> None:  # fmt: skip
        got: object
        try:
            got, _ = _ask(connection, target, body, headers)
        except ConnectionRefusedError:
            return  # the agent was just killed
        except (OSError, http.client.HTTPException):
            # The reason is often lost: the agent has closed the connection when the request is sent.
            if REFUSED_BY_TLS not in allowed:
                return
            got = REFUSED_BY_TLS
        with self._seen.lock:
            if got in allowed:
                self.refused[name] += 1
            else:
                self._seen.wrong.append(f"a stranger got {got}: {name}")
