"""Starts the emulator as a process of its own and talks to it over TLS; for any test that needs one."""

from __future__ import annotations

import base64
import http.client
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

HERE = Path(__file__).resolve().parent
API = "/authentication/v2"
AUDIENCE = "https://developer.api.autodesk.com/authentication/v2/token"
# A key may have to be made first, on a machine that is busy with other tests.
PATIENCE = 60.0
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ADMIN = "application:service_account"
ADMIN_SCOPES = " ".join(f"{ADMIN}{part}" for part in (":read", ":write", "_key:read", "_key:write"))


@dataclass
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def _pool(options: tuple[str, ...]) -> list[str]:
    """The keys that are there for tests, where nobody chose others: the emulator makes none then."""
    path = os.environ.get("SSA_HSM_TEST_KEYS")
    return ["--key-pool", f"{path}:0:41"] if path and "--key-pool" not in options else []


class Emulator:
    """Use it in a with statement: its end ends the process and removes the folder."""

    def __init__(self, *options: str) -> None:
        self.dir = Path(tempfile.mkdtemp(prefix="emulator-"))
        # Its standard input closes with this process, however that ends, and --until-eof ends the emulator then.
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "emulator.py"), "--dir", str(self.dir), "--until-eof", *_pool(options), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout
        self.ready: dict[str, Any] = json.loads(self.process.stdout.readline())
        client = json.loads((self.dir / "client.json").read_text())
        self.client_id: str = client["client_id"]
        self.secret: str = client["client_secret"]
        self.url = urlsplit(self.ready["url"])
        self._control: http.client.HTTPConnection | None = None
        self._control_lock = threading.Lock()
        self.context = ssl.create_default_context(cafile=self.ready["cacert"]) if self.ready["cacert"] else None

    def __enter__(self) -> Emulator:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> int:
        assert self.process.stdin and self.process.stdout
        if self._control:
            self._control.close()
        self.process.stdin.close()
        code = self.process.wait(10)
        self.process.stdout.close()
        shutil.rmtree(self.dir)
        return code

    def connect(self, timeout: float = PATIENCE) -> http.client.HTTPConnection:
        if self.context is None:
            return http.client.HTTPConnection(self.url.hostname or "", self.url.port, timeout=timeout)
        return http.client.HTTPSConnection(
            self.url.hostname or "", self.url.port, timeout=timeout, context=self.context
        )

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        connection: http.client.HTTPConnection | None = None,
        timeout: float = PATIENCE,
    ) -> Reply:
        own = connection or self.connect(timeout)
        try:
            own.request(method, path, body, headers or {})
            answer = own.getresponse()
            return Reply(answer.status, answer.headers, answer.read())
        finally:
            if connection is None:
                own.close()

    def control(self, method: str, name: str, /, **members: Any) -> Any:
        body = json.dumps(members).encode()
        with self._control_lock:
            # One connection for all of them: tests ask often, and a handshake takes longer than an answer.
            for last in (False, True):
                if self._control is None:
                    self._control = self.connect()
                try:
                    reply = self.send(method, f"/_control/{name}", body, connection=self._control)
                    break
                except (OSError, http.client.HTTPException):
                    # The emulator has closed it, since nothing was asked for long.
                    self._control.close()
                    self._control = None
                    if last:
                        raise
        assert reply.status == 200, reply.body
        return reply.json

    def call(self, method: str, path: str, token: str, body: Any = None, **more: Any) -> Reply:
        """An admin call; the path is what follows /authentication/v2."""
        headers = {"Authorization": f"Bearer {token}"}
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        return self.send(method, self.url.path + API + path, data, headers, **more)

    def token(self, basic: tuple[str, str] | None | str = "own", **form: str) -> Reply:
        """POST /token with the emulator's own credentials, others, or (None) no Authorization header."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if basic is not None:
            pair = (self.client_id, self.secret) if isinstance(basic, str) else basic
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(pair).encode()).decode()
        return self.send("POST", f"{self.url.path}{API}/token", urlencode(form).encode(), headers)

    def admin(self, scope: str = ADMIN_SCOPES) -> str:
        return self.token(grant_type="client_credentials", scope=scope).json["access_token"]

    def issued(self, kid: str) -> str:
        return (self.dir / "issued" / f"{kid}.pem").read_bytes().decode()

    def claims(self, account: str, **changed: Any) -> dict[str, Any]:
        """Claims as they should be, with changes; a change to None removes the claim."""
        good = {
            "iss": self.client_id,
            "sub": account,
            "aud": AUDIENCE,
            "exp": int(time.time()) + 290,
            "scope": ["data:read", "data:write"],
        }
        return {name: value for name, value in {**good, **changed}.items() if value is not None}

    def exchange(self, assertion: str, **form: str) -> Reply:
        return self.token(grant_type=JWT_BEARER, assertion=assertion, **form)


def sign(pem: str, kid: str | None, claims: dict[str, Any], **header: Any) -> str:
    """By PyJWT, so that the emulator is not checked with its own means."""
    # Only here: it takes a tenth of a second to load, and most tests sign nothing.
    import jwt

    headers = {**({"kid": kid} if kid else {}), **header}
    return jwt.encode(claims, pem, algorithm=header.get("alg", "RS256"), headers=headers)
