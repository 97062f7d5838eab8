"""The agent's HTTP server before a service that is made up (tests/agent/http_player.c), and clients of it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import places
from pasting import SLOW
from unprivileged import die_with_parent

PATIENCE = 20.0 * SLOW


class Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("agent", timeout=PATIENCE)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        # Before it has a timeout: it would not wait for a place in the line.
        self.sock.connect(str(self.path))
        self.sock.settimeout(PATIENCE)


class Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode()

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Player:
    def __init__(self, folder: Path, *options: str, env: dict[str, str] | None = None) -> None:
        self.path = folder / "agent.sock"
        self.path.unlink(missing_ok=True)
        self.errors = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 # it lives as long as the player
        self.process = subprocess.Popen(
            [*places.wrapper(), str(places.http_player()), str(self.path), *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True,
            env=os.environ | (env or {}), preexec_fn=die_with_parent,
        )  # fmt: skip
        assert self.process.stdout is not None
        words = self.process.stdout.readline().split()
        self.ports = {name: int(port) for name, _, port in (word.partition("=") for word in words[1:])}
        if words[:1] != ["ready"]:
            raise AssertionError(f"the player does not start: {self.stop()}")

    def say(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def end_input(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def stop(self) -> str:
        """Ends it, and returns what it said on standard error; it must end well."""
        self.end_input()
        code = self.process.wait(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.errors.seek(0)
        said = self.errors.read().decode()
        self.errors.close()
        if code != 0:
            raise AssertionError(f"the player ended with {code}: {said}")
        return said

    def plain(self) -> socket.socket:
        """A connection without HTTP."""
        made = socket.socket(socket.AF_UNIX)
        # Before it has a timeout: it would not wait for a place in the line.
        made.connect(str(self.path))
        made.settimeout(PATIENCE)
        return made

    def ask(self, target: str, method: str = "GET", body: str | None = None) -> Answer:
        connection = Connection(self.path)
        try:
            connection.request(method, target, body=body)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def open_connections(self) -> int:
        for line in self.ask("/v1/metrics").text.splitlines():
            if line.startswith("ssa_hsm_agent_connections "):
                return int(line.split()[1])
        raise AssertionError("not told")

    def waiting(self) -> int:
        return int(self.ask("/v1/status").json["profiles"][0]["waiting"])

    def threads(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/task"))


class PlayerTest(unittest.TestCase):
    options: tuple[str, ...] = ()

    def setUp(self) -> None:
        self.dir = Path(tempfile.mkdtemp(prefix="ssa-hsm-http-", dir=os.environ.get("TMPDIR", places.scratch())))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.player = self.play(*self.options)

    def play(self, *options: str, env: dict[str, str] | None = None) -> Player:
        folder = Path(tempfile.mkdtemp(dir=self.dir))
        player = Player(folder, *options, env=env)
        self.addCleanup(self.ended, player)
        return player

    def ended(self, player: Player) -> None:
        if player.process.stdout is not None and not player.process.stdout.closed:
            self.assertEqual(player.stop(), "")

    def refused(self, answer: Answer, status: int, error: str) -> Any:
        self.assertEqual((answer.status, answer.json["error"]), (status, error), answer.text)
        self.assertEqual(answer.headers["Content-Type"], "application/json")
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        return answer.json


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    if took > seconds * SLOW:
        raise AssertionError(f"took {took:.1f} s")


def hasty(times: int) -> dict[str, str]:
    return {"LD_PRELOAD": str(places.hasty_clock()), "SSA_HASTY_CLOCK": str(times), "ASAN_OPTIONS": "verify_asan_link_order=0"}


def eventually(check: Any, what: str) -> None:
    until = time.monotonic() + PATIENCE
    while not check():
        if time.monotonic() > until:
            raise AssertionError(f"does not happen: {what}")
        time.sleep(0.02)
