"""Callers of the agent's facade and broker: their ids and secrets, and certificates that openssl makes."""

from __future__ import annotations

import http.client
import json
import os
import ssl
import subprocess
import urllib.parse
from pathlib import Path
from typing import Any

import places
from agent_player import PATIENCE, Answer

FACADE = "/authentication/v2/token"


class Callers:
    """What `ssa-hsm agent caller` keeps."""

    def __init__(self, home: Path) -> None:
        self.env = {"HOME": str(home), "PATH": places.PATH, "XDG_CONFIG_HOME": str(home / "config")}
        self.path = home / "config" / "ssa-hsm" / "callers.json"

    def run(self, *arguments: str) -> str:
        argv = [*places.wrapper(), str(places.program()), "agent", "caller", *arguments]
        return subprocess.run(argv, env=self.env, check=True, capture_output=True, text=True).stdout

    def add(self, name: str, scope: str = "data:read", *more: str) -> tuple[str, str]:
        made = json.loads(self.run("add", name, "--scope", scope, "--json", *more))
        return made["clientId"], made["clientSecret"]

    def remove(self, name: str) -> None:
        self.run("remove", name)


def form(**fields: str) -> str:
    return urllib.parse.urlencode({"grant_type": "client_credentials", **fields})


def ask(
    connection: http.client.HTTPConnection, body: str | None, path: str = FACADE, method: str = "POST", **headers: str
) -> Answer:
    """One request. An empty value leaves a header out that is sent otherwise."""
    sent = {"Content-Type": "application/x-www-form-urlencoded", **{n.replace("_", "-"): v for n, v in headers.items()}}
    connection.putrequest(method, path, skip_host="Host" in sent)
    if body is not None:
        sent.setdefault("Content-Length", str(len(body.encode())))
    for name, value in sent.items():
        if value:
            connection.putheader(name, value)
    connection.endheaders(body.encode() if body is not None else None)
    return Answer(connection.getresponse())


class Authority:
    """Issues certificates."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self.folder = folder
        self.ca = folder / f"{name}.pem"
        self.key = folder / f"{name}.key"
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                     "-subj", f"/CN={name}", "-keyout", str(self.key), "-out", str(self.ca))  # fmt: skip

    def openssl(self, *arguments: str) -> None:
        env = {"PATH": places.PATH, "HOME": str(self.folder)}
        subprocess.run([places.tool("openssl"), *arguments], env=env, cwd=self.folder, check=True, capture_output=True)

    def issue(self, name: str, san: str | None, usage: str = "clientAuth", days: int = 1) -> Path:
        """A certificate with its key in one file."""
        request, cert, both = (self.folder / f"{name}.{end}" for end in ("csr", "crt", "pem"))
        key, extensions = self.folder / f"{name}.key", self.folder / f"{name}.ext"
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                     "-keyout", str(key), "-out", str(request))  # fmt: skip
        extensions.write_text(f"extendedKeyUsage={usage}\n" + (f"subjectAltName={san}\n" if san else ""))
        self.openssl("x509", "-req", "-in", str(request), "-CA", str(self.ca), "-CAkey", str(self.key), "-CAcreateserial",
                     "-days", str(days), "-extfile", str(extensions), "-out", str(cert))  # fmt: skip
        both.touch(mode=0o600)
        both.write_text(cert.read_text() + key.read_text())
        return both

    def server(self, name: str = "server") -> tuple[Path, Path]:
        self.issue(name, "DNS:localhost,IP:127.0.0.1", usage="serverAuth")
        key = self.folder / f"{name}.key"
        os.chmod(key, 0o600)
        return self.folder / f"{name}.crt", key


def tls(ca: Path, cert: Path | None, **settings: Any) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(ca))
    if cert is not None:
        context.load_cert_chain(str(cert))
    for name, value in settings.items():
        setattr(context, name, value)
    return context


def connect(port: int, context: ssl.SSLContext) -> http.client.HTTPSConnection:
    return http.client.HTTPSConnection("localhost", port, context=context, timeout=PATIENCE)
