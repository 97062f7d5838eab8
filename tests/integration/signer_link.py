"""The agent's end of a signer, and somebody who unlocks it: tests/agent/link_player.c does what a test tells it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import jwt
import masking
import places
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from harness import PIN, Case

USAGE, UNEXPECTED, CONFIG, ABSENT, PIN_CLASS = 2, 1, 3, 4, 5
PATIENCE = 60.0


@dataclass(frozen=True)
class Answer:
    """What a call came to. All but the text is known after a failure, too."""

    done: bool
    code: int
    what: str
    cause: str
    state: str
    by_person: bool
    label: str
    serial: str
    client_id: str
    account: str
    key_id: str
    logins: int
    signatures: int
    starts: int
    text: str

    @classmethod
    def read(cls, fields: list[str]) -> Answer:
        values = dict(field.split("=", 1) for field in fields)
        return cls(
            done=values["done"] == "1", code=int(values["code"]), what=values["what"], cause=values["cause"],
            state=values["state"], by_person=values["by_person"] == "1", label=values["label"], serial=values["serial"],
            client_id=values["client_id"], account=values["account"], key_id=values["key_id"],
            logins=int(values["logins"]), signatures=int(values["signatures"]), starts=int(values["starts"]),
            text=values["text"],
        )  # fmt: skip


class Player:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self._number = 0
        self._answers: dict[int, Answer] = {}
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            number, *fields = line.decode().rstrip("\n").split("\t")
            with self._changed:
                self._answers[int(number)] = Answer.read(fields)
                self._changed.notify_all()

    def begin(self, call: str, argument: str = "", seconds: float = PATIENCE) -> int:
        """Begins a call, which others do not wait for."""
        assert self.process.stdin is not None
        self._number += 1
        self.process.stdin.write(f"{self._number} {int(seconds * 1000)} {call} {argument}\n".encode())
        self.process.stdin.flush()
        return self._number

    def end(self, number: int) -> Answer:
        with self._changed:
            assert self._changed.wait_for(lambda: number in self._answers, PATIENCE), "the link does not answer"
            return self._answers.pop(number)

    def has_ended(self, number: int) -> bool:
        with self._changed:
            return number in self._answers

    def ask(self, call: str, argument: str = "", seconds: float = PATIENCE) -> Answer:
        return self.end(self.begin(call, argument, seconds))

    def ok(self, call: str, argument: str = "", seconds: float = PATIENCE) -> Answer:
        answer = self.ask(call, argument, seconds)
        assert answer.done, masking.mask(f"{call}: {answer}")
        return answer

    def fails(self, call: str, *words: str, seconds: float = PATIENCE) -> Answer:
        answer = self.ask(call, seconds=seconds)
        assert not answer.done, f"{call} did not fail"
        for word in words:
            assert word in f"{answer.what} ({answer.cause})", answer
        return answer

    def signer(self) -> int:
        (pid,) = children(self.process.pid)
        return pid

    def host(self) -> int:
        (pid,) = children(self.signer())
        return pid


def children(parent: int) -> list[int]:
    files = Path(f"/proc/{parent}/task").glob("*/children")
    return [int(pid) for file in files for pid in file.read_text().split()]


def until(condition: object, what: str, seconds: float = PATIENCE) -> None:
    """Waits for what another process does in its own time."""
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)


class SignerLinkCase(Case):
    def setUp(self) -> None:
        super().setUp()
        self.provisioned()
        self.env |= {"SSA_HSM_HOST": str(places.host()), "SSA_HSM_SIGNER": str(places.signer())}
        self.pin_socket = self.dir / "agent.pin"

    @contextlib.contextmanager
    def player(self, *arguments: str, env: Mapping[str, str | None] | None = None,
               pass_fds: tuple[int, ...] = (), status: int = 0) -> Iterator[Player]:  # fmt: skip
        argv = [*places.wrapper(), str(places.link_player()), str(self.pin_socket), *(arguments or ("",))]
        with self.start(argv, env=env, stdin=True, pass_fds=pass_fds) as process:
            player = Player(process)
            try:
                yield player
                assert process.stdin is not None
                process.stdin.close()
                process.wait(timeout=PATIENCE)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                player._reader.join()
                assert process.stderr is not None
                self.told = process.stderr.read().decode(errors="replace")
                process.wait()
        self.assertEqual(process.returncode, status, masking.mask(self.told))
        self.assertNotIn(PIN, self.told)
        self.assertFalse(self.pin_socket.exists(), "the PIN socket is left")

    def public_key(self, key_id: str) -> RSAPublicKey:
        der = self.dir / "public.der"
        done = self.store.tool("--read-object", "--type", "pubkey", "--id", key_id.encode().hex(), "-o", str(der), pin=None)
        self.assertEqual(done.returncode, 0, done.stderr)
        key = serialization.load_der_public_key(der.read_bytes())
        assert isinstance(key, RSAPublicKey)
        return key

    def claims(self, answer: Answer) -> dict[str, object]:
        """Of an assertion that an independent verifier has accepted."""
        key = self.public_key(jwt.get_unverified_header(answer.text)["kid"])
        claims: dict[str, object] = jwt.decode(answer.text, key, algorithms=["RS256"], options={"verify_aud": False})
        return claims

    def without_pin_source(self) -> None:
        """From now on a person gives the PIN."""
        self.env.pop("SSA_HSM_PIN_SOURCE", None)
        values = self.profile()
        uri = values["PRIVATE_KEY"]
        head, _, query = uri.partition("?")
        kept = "&".join(part for part in query.split("&") if not part.startswith("pin-source="))
        values["PRIVATE_KEY"] = f"{head}?{kept}"
        values.pop("SSA_HSM_PIN_SOURCE", None)
        self.write_profile(values)

    @contextlib.contextmanager
    def unlocker(self) -> Iterator[subprocess.Popen[bytes]]:
        """Somebody at the PIN socket, whose questions and answers go by lines."""
        argv = [str(places.link_player()), "--unlock", str(self.pin_socket)]
        with self.start(argv, stdin=True) as process:
            try:
                yield process
            finally:
                process.kill()

    @contextlib.contextmanager
    def unlocker_of(self, player: Player) -> Iterator[subprocess.Popen[bytes]]:
        """The same, once the PIN is asked for."""
        player.ok("look")
        with self.unlocker() as process:
            assert process.stdout is not None
            line = process.stdout.readline().decode()
            assert line.startswith("secret: "), line
            yield process

    def unlock(self, *answers: str) -> tuple[int, str]:
        """Unlocks it; the exit code and all that was said."""
        with self.unlocker() as process:
            out, _ = process.communicate("".join(f"{answer}\n" for answer in answers).encode(), PATIENCE)
        return process.returncode, out.decode()
