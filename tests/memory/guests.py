"""Who asks an agent at its facade and at its broker: callers with a secret, and callers with a certificate."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import re
import ssl
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from world import CannotRun, World

sys.path.append(str(Path(__file__).resolve().parents[1] / "integration"))
from ports import free_port  # noqa: E402

_TOKEN = "/authentication/v2/token"
_PATIENCE = 60.0
_EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_GRANT = "grant_type=client_credentials"
_LATE = 4  # seconds; a search is to begin within them
_LOOK = 0.05


class Guests:
    """Their files, which the user can read, and their connections, which stay open."""

    def __init__(self, world: World, program: Path) -> None:
        self._world = world
        self._program = program
        self._folder = world.own(world.home / "tls")
        self._facade, self._broker = free_port(), free_port()
        self._connections: list[http.client.HTTPConnection] = []
        self._certificates()
        self._id, self._secret = self._add("postman", "--scope", "data:read data:write")
        self._add("build", "--scope", "data:read", "--san", "build.example.com", "--no-secret")

    @property
    def options(self) -> tuple[str, ...]:
        """The agent's."""
        files = (self._folder / "broker.pem", self._folder / "broker.key", self._folder / "ca.pem")
        names = ("--tls-cert", "--tls-key", "--client-ca")
        pairs = [part for name, file in zip(names, files, strict=True) for part in (name, str(file))]
        return ("--facade", str(self._facade), "--listen", f"127.0.0.1:{self._broker}", *pairs)

    @property
    def environment(self) -> dict[str, str | None]:
        """Of a program that asks the broker."""
        return {
            "SSA_HSM_AGENT": f"https://localhost:{self._broker}",
            "SSA_HSM_AGENT_CACERT": str(self._folder / "ca.pem"),
            "SSA_HSM_AGENT_CERT": str(self._folder / "build.pem"),
            "SSA_HSM_AGENT_KEY": str(self._folder / "build.key"),
        }

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self._folder, check=True, capture_output=True)

    def _certificates(self) -> None:
        self._openssl("req", "-x509", *_EC, "-days", "2", "-subj", "/CN=ca", "-keyout", "ca.key", "-out", "ca.pem")
        for name, san, usage in (("broker", "localhost", "serverAuth"), ("build", "build.example.com", "clientAuth")):
            more = ("-addext", f"subjectAltName=DNS:{san}", "-addext", f"extendedKeyUsage={usage}")
            self._openssl("req", *_EC, "-subj", f"/CN={name}", *more, "-keyout", f"{name}.key", "-out", f"{name}.csr")
            self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                          "-days", "1", "-copy_extensions", "copy", "-out", f"{name}.pem")  # fmt: skip
        about = self._folder.stat()
        for file in self._folder.iterdir():
            os.chown(file, about.st_uid, about.st_gid)
            file.chmod(0o600)
        self._world.tls_keys.append(str(self._folder / "broker.key"))

    def _add(self, name: str, *options: str) -> tuple[str, str]:
        environment = self._world.environment(literal_secret=False)
        said = self._world.run_untraced([str(self._program), "agent", "caller", "add", name, *options], environment)
        file = self._world.write(f"{name}.env", said.encode())
        self._world.printed.append(str(file))
        found = re.findall(r'="([^"]+)"', said)
        return (found[0], found[1]) if found else ("", "")

    def _send(self, connection: http.client.HTTPConnection, method: str, target: str, body: str, **more: str) -> None:
        self._connections.append(connection)
        connection.request(method, target, body or None, (_FORM if body else {}) | more)

    def _take(self, connection: http.client.HTTPConnection) -> None:
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != http.client.OK or "access_token" not in json.loads(said):
            raise CannotRun(f"a caller was answered {answer.status} {said.decode(errors='replace')}")

    def _form(self, **more: str) -> str:
        own = {"client_id": self._id, "client_secret": self._secret}
        return urllib.parse.urlencode({"grant_type": "client_credentials", **own, **more})

    def _plain(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("localhost", self._facade, timeout=_PATIENCE)

    def _sure(self, **more: Any) -> http.client.HTTPConnection:
        context = ssl.create_default_context(cafile=str(self._folder / "ca.pem"))
        context.load_cert_chain(str(self._folder / "build.pem"), str(self._folder / "build.key"))
        for name, value in more.items():
            setattr(context, name, value)
        if "maximum_version" in more:
            context.set_ciphers("ECDHE-ECDSA-CHACHA20-POLY1305")
        return http.client.HTTPSConnection("localhost", self._broker, timeout=_PATIENCE, context=context)

    def _basic(self) -> str:
        return "Basic " + base64.b64encode(f"{self._id}:{self._secret}".encode()).decode()

    def ask(self) -> None:
        """Each way to ask, on a connection of its own, which then waits for its next request."""
        asked = (
            (self._plain(), "POST", _TOKEN, _GRANT, {"Authorization": self._basic()}),
            (self._plain(), "POST", _TOKEN, self._form(), {}),
            (self._sure(), "POST", _TOKEN, self._form(), {}),
            (self._sure(), "GET", "/v1/token", "", {}),
            (self._sure(maximum_version=ssl.TLSVersion.TLSv1_2), "GET", "/v1/token", "", {}),
        )
        for connection, method, target, body, headers in asked:
            self._send(connection, method, target, body, **headers)
            self._take(connection)

    @contextlib.contextmanager
    def asking(self) -> Iterator[None]:
        """The API is late. Those who ask meanwhile have sent their secrets, one of them not all that belongs to it."""
        self._world.control("fault", {"action": "late", "path": "/token", "seconds": _LATE})
        waiting = []
        for connection, body, headers in (
            (self._plain(), f"{_GRANT}&scope=data:write", {"Authorization": self._basic()}),
            (self._plain(), self._form(scope="data:write"), {}),
            (self._sure(), self._form(scope="data:read"), {}),
        ):
            self._send(connection, "POST", _TOKEN, body, **headers)
            waiting.append(connection)
        half = self._plain()
        self._connections.append(half)
        form = self._form()
        half.putrequest("POST", _TOKEN)
        headers = {**_FORM, "Authorization": self._basic(), "Content-Length": str(len(form) + 1)}
        for name, value in headers.items():
            half.putheader(name, value)
        half.endheaders(form.encode())
        deadline = time.monotonic() + _PATIENCE
        while self._world.control("state")["faults"]:
            if time.monotonic() > deadline:
                raise CannotRun("the API was not asked")
            time.sleep(_LOOK)
        yield
        for connection in waiting:
            self._take(connection)

    def leave(self) -> None:
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.close()
        self._connections.clear()
