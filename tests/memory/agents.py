"""The agent, its signer and the module's host, searched while they serve, while they are locked, and when they end; and
the programs that ask them."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import files
from guests import Guests
from judge import PROGRAM, SIGNER, Held
from needles import ACCESS_TOKEN, ASSERTION, CALLER_SECRET, CLIENT_SECRET, TLS_KEY
from scenes import Case, Stage, case_of, prints, says
from world import CannotRun, World

_PATIENCE = 60.0
_LOOK = 0.05
_COMMANDS = 6  # that are run while an agent is searched
_SCOPES = ("data:read", "data:read data:write")
_GRANTED = prints(b'"access_token"')
# Where PIN and client secret come from: files, a person and the profile, a file and the PKCS#11 token. The last agent
# has what the first one has, and serves callers at its facade and its broker, writes an audit, and is killed.
VISITS = ("by-file", "by-person", "secret-on-token", "guests")


def _keep_open(path: Path) -> socket.socket:
    """A connection that has got an access token and stays."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(_PATIENCE)
    connection.connect(str(path))
    connection.sendall(b"GET /v1/token HTTP/1.1\r\nHost: agent\r\n\r\n")
    answer = b""
    while not answer.endswith(b"}\n"):
        answer += connection.recv(65536)
    return connection


def ask(path: Path, method: str, target: str) -> bytes:
    """The body of an answer that is a good one."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_PATIENCE)
        connection.connect(str(path))
        connection.sendall(f"{method} {target} HTTP/1.1\r\nHost: agent\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while part := connection.recv(65536):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n")[0] + b" ":
        raise CannotRun(f"the agent, asked for {target}: {body.decode(errors='replace')}")
    return body


@contextlib.contextmanager
def _typing(text: str) -> Iterator[int]:
    """A terminal where somebody types that once a PIN is asked for."""
    ours, theirs = pty.openpty()
    ends, over = os.pipe()

    def answer() -> None:
        said, typed = b"", False
        while select.select([ours, ends], [], [])[0] == [ours]:
            said += os.read(ours, 4096)
            if not typed and b"PIN" in said:
                os.write(ours, text.encode() + b"\n")
                typed = True

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield theirs
    finally:
        os.close(over)
        thread.join()
        for fd in (ours, theirs, ends):
            os.close(fd)


@dataclass
class Visit:
    """What is done to one agent, in a thread beside its search."""

    stage: Stage
    name: str
    by_person: bool
    environment: dict[str, str | None]
    guests: Guests | None
    failed: list[BaseException] = field(default_factory=list)
    unlocked: list[None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._world: World = self.stage.world
        self._socket = self._world.agents / "ssa-hsm/agent.sock"
        self.held = [self._pair(where) for where in ("unlocked", "locked", "again")]
        # Where secrets belong: the user's own files, those of the token and of the API.
        own = ("pin", "secret", "overheard", "wrapped", "tokens", "emulator", "tls", "postman.env")
        self._own_files = frozenset(self._world.home / name for name in own)

    def _pair(self, where: str) -> tuple[Path, Path]:
        here = self._world.home / f"{self.name.replace(' ', '-')}-{where}.here"
        return here, here.with_suffix(".go")

    def _wait(self, what: Callable[[], bool], why: str) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not what():
            if time.monotonic() > deadline or self._ended.is_set():
                raise CannotRun(f"{self.name}: {why}")
            time.sleep(_LOOK)

    def _hold(self, at: int) -> None:
        here, go = self.held[at]
        here.touch()
        self._wait(go.exists, f"it was not searched: {here.stem}")
        self.search_files(here.stem)

    def search_files(self, where: str) -> None:
        by_person = frozenset({self._world.home / "config/ssa-hsm/default.env"} if self.by_person else ())
        found = files.search(self._world.home, self._own_files | by_person, self.stage.secrets())
        self.stage.totals.hits += len(found)
        for line in found:
            print(f"  HIT ({where}) {line}")

    def _status(self) -> dict[str, Any]:
        status: dict[str, Any] = json.loads(ask(self._socket, "GET", "/v1/status"))
        return status

    def _signer(self) -> int:
        agent = self._status()["pid"]
        for child in (int(pid) for path in Path(f"/proc/{agent}/task").glob("*/children") for pid in path.read_text().split()):
            if Path(f"/proc/{child}/comm").read_text().strip() == SIGNER:
                return child
        return 0

    def _sign(self) -> None:
        with open(self._world.jwts[ASSERTION], "a", encoding="ascii") as file:
            file.write(json.loads(ask(self._socket, "GET", "/v1/assertion"))["assertion"] + "\n")

    def _signs(self) -> bool:
        try:
            self._sign()
        except (CannotRun, OSError):
            return False
        return True

    def _kill_signer(self) -> None:
        """It comes back by itself, or when a person types the PIN again."""
        killed = self._signer()
        os.kill(killed, signal.SIGKILL)
        self._wait(lambda: self._signer() not in (0, killed), "there is no new signer")
        if self.by_person:
            self._unlock()
        self._wait(self._signs, "the new signer does not sign")
        ask(self._socket, "GET", "/v1/token")

    def _unlock(self) -> None:
        if not self.by_person:
            ask(self._socket, "POST", "/v1/unlock")
            return
        self.unlocked.append(None)
        with _typing(self._world.pin) as terminal:
            words = ("agent", "unlock")
            self._client(f"unlock {len(self.unlocked)}", words, says(b"unlocked"), (), terminal)

    def _client(
        self, name: str, words: tuple[str, ...], done: Callable[[Path], bool], holds: tuple[Held, ...],
        terminal: int | None = None, broker: bool = False
    ) -> None:  # fmt: skip
        environment = self.environment | (self.guests.environment if self.guests and broker else {})
        case = Case(
            f"{self.name} {name}", words, done, holds=holds, hosted=False, environment=environment, terminal=terminal,
        )  # fmt: skip
        self.stage.run(case)

    def _take(self) -> None:
        for scope in _SCOPES:
            ask(self._socket, "GET", f"/v1/token?scope={quote(scope)}")
        self._sign()

    def _be_clients(self) -> None:
        given = frozenset({ACCESS_TOKEN})
        self._client("token", ("token", "--cache"), _GRANTED, ())
        kept = self._world.home / f"{self.name.replace(' ', '-')}.refreshed"
        holds = (Held("true", "exit", given),)
        self._client("refresh", ("exec", "--refresh", str(kept), "--", "/bin/true"), lambda _: not kept.exists(), holds)
        if self.guests:
            self._client("token of the broker", ("token",), _GRANTED, (), broker=True)
            words = ("agent", "caller", "add", "n8n", "--scope", "data:read")
            self._world.printed.append(str(self._world.tracer / f"{self.name.replace(' ', '-')}-caller.out"))
            self._client("caller", words, prints(b"APS_CLIENT_SECRET"), ())

    def _all(self) -> None:
        # The first one is unlocked where it was started.
        self._wait(self._signs, "it does not sign")
        self._take()
        with _keep_open(self._socket):
            if self.guests:
                self.guests.ask()
            self._hold(0)
            ask(self._socket, "POST", "/v1/lock")
            self._hold(1)
        self._unlock()
        ask(self._socket, "GET", "/v1/token")
        self._be_clients()
        self._kill_signer()
        with self.guests.asking() if self.guests else contextlib.nullcontext():
            self._hold(2)

    def _run(self) -> None:
        try:
            self._all()
        except BaseException as error:  # noqa: BLE001 - told by the main thread
            self.failed.append(error)
        finally:
            # Whatever was held up goes on.
            for here, _ in self.held:
                here.touch()
            with contextlib.suppress(OSError, CannotRun, ValueError):
                os.kill(self._status()["pid"], signal.SIGABRT if self.guests else signal.SIGTERM)

    @contextlib.contextmanager
    def beside(self) -> Iterator[None]:
        self._ended = threading.Event()
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()
            if self.guests:
                self.guests.leave()
        if self.failed:
            raise CannotRun(str(self.failed[0]))


def _visit(stage: Stage, way: str) -> None:
    world, name = stage.world, f"agent {way}"
    by_person = on_profile = way == "by-person"
    on_token = way == "secret-on-token"
    environment: dict[str, str | None] = {"XDG_RUNTIME_DIR": str(world.agents)}
    if by_person:
        environment["SSA_HSM_PIN_SOURCE"] = None
    if on_profile:
        environment["APS_SECRET_ID"] = None
    elif on_token:
        environment["APS_SECRET_ID"] = world.secret_uri
    kept = frozenset({CLIENT_SECRET})
    serving = Held(PROGRAM, "held", kept | {ACCESS_TOKEN}, locked=True)
    # One that is on the PKCS#11 token can be read again.
    locked = frozenset() if on_token else kept
    guests = Guests(world, stage.program) if way == "guests" else None
    visit = Visit(stage, name, by_person, environment, guests)
    holds = tuple(
        Held(PROGRAM, f"held {here.stem}", locked if "-locked." in here.name else serving.must, locked=True)
        for here, _ in visit.held
    )
    more: tuple[str, ...] = ()
    if guests:
        # libgnutls has the broker's key where it likes, and libcurl what it has sent until that is answered. What a
        # caller sends is searched for while one has sent a part of it.
        ending, asking = "killed by SIGABRT", visit.held[-1][0].stem
        holds += (
            Held(PROGRAM, ending, serving.must, locked=True),
            Held(PROGRAM, ("held", ending), frozenset({TLS_KEY})),
            Held(PROGRAM, f"held {asking}", frozenset({CLIENT_SECRET, ASSERTION})),
            Held(PROGRAM, (f"held {asking}", ending), frozenset({CALLER_SECRET}), locked=True),
        )
        more = (*guests.options, "--audit", f"file:{world.home / 'audit.jsonl'}")
    # With a person, it goes into the background.
    with _typing(world.pin) if by_person else contextlib.nullcontext() as terminal:
        case = Case(
            name, ("agent", *(() if by_person else ("--foreground",)), *more), lambda _: True, holds=holds,
            holds_at=tuple(visit.held), environment=environment, ways=(-signal.SIGABRT,) if guests else (0,),
            terminal=terminal, commands=_COMMANDS,
        )  # fmt: skip
        with visit.beside():
            stage.run(case)
    visit.search_files("at the end")


def agent(stage: Stage, only: list[str]) -> None:
    """PIN and client secret from each of the places that they come from."""
    world = stage.world
    stage.prepare(case_of(stage, "account-create"))
    profile = world.home / "config/ssa-hsm/default.env"
    lines = [line for line in profile.read_text().splitlines(True) if "APS_SECRET_ID" not in line]
    for way in only:
        own = [f'APS_SECRET_ID="{world.client_secret}"\n'] if way == "by-person" else []
        profile.write_text("".join([*lines, *own]))
        if way == "secret-on-token":
            stage.prepare(case_of(stage, "secret-import"))
        _visit(stage, way)
