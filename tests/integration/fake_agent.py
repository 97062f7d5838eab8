"""An agent that says whatever a test wants: honest, broken or hostile. The program's client cannot tell before it asks."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from listening import Listening, read_head

TOKEN = "eyJhbGciOiJSUzI1NiJ9.of-the-agent.signature"
ASSERTION = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhZ2VudCJ9.c2lnbmF0dXJl"


def http(status: int, body: bytes | dict[str, Any], *headers: str) -> bytes:
    """A whole answer."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(content)}", "Content-Type: application/json", *headers]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + content


def grant(token: str = TOKEN, lifetime: int = 3412, **more: Any) -> dict[str, Any]:
    return {"access_token": token, "token_type": "Bearer", "expires_in": lifetime, "expires_at": 1790000000,
            "scope": "data:read data:write", **more}  # fmt: skip


def failure(status: int, error: str, exit_code: int, **more: Any) -> bytes:
    body = {"error": error, "error_description": f"what the agent says of {error}", "exit_code": exit_code, **more}
    return http(status, body)


class Asked:
    """One request."""

    def __init__(self, text: bytes) -> None:
        lines = text.decode().split("\r\n")
        self.method, target, self.version = lines[0].split(" ")
        self.path = urlsplit(target).path
        self.query = dict(parse_qsl(urlsplit(target).query, keep_blank_values=True))
        self.headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:] if line)}
        self.peer: dict[str, Any] = {}


class FakeAgent(Listening):
    """Listens for as long as the with statement lasts.

    answer is bytes for each request, or a function of the request. None as an answer: it hangs.
    """

    def __init__(self, path: Path | None, answer: bytes | Callable[[Asked], bytes | None] | None = None,
                 tls: ssl.SSLContext | None = None) -> None:  # fmt: skip
        super().__init__(self._handle, _listen(path) if path else None)
        self.answer = answer if answer is not None else http(200, grant())
        self.asked: list[Asked] = []
        self.place = str(path) if path else f"https://localhost:{self.port}"
        self._tls = tls
        self._path = path
        self._over = threading.Event()

    def stop(self) -> None:
        """Nobody listens any more."""
        self._over.set()
        super().stop()
        if self._path:
            self._path.unlink(missing_ok=True)

    def _handle(self, client: socket.socket) -> None:
        if self._tls:
            with self._tls.wrap_socket(client, server_side=True) as secured:
                self._answer(secured)
        else:
            self._answer(client)

    def _answer(self, client: socket.socket) -> None:
        head = read_head(client)
        if not head:
            return
        asked = Asked(head)
        if isinstance(client, ssl.SSLSocket):
            asked.peer = client.getpeercert() or {}
        self.asked.append(asked)
        answer = self.answer if isinstance(self.answer, bytes) else self.answer(asked)
        if answer is None:
            self._over.wait(60)
        else:
            client.sendall(answer)


def _listen(path: Path) -> socket.socket:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(0o600)
    listener.listen(16)
    return listener


class Certificates:
    """An authority, a certificate for this host, and one for a client; the keys are in the same files."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.ca, self.server, self.client = folder / "ca.pem", folder / "server.pem", folder / "client.pem"
        self.client_alone = folder / "client-cert.pem"
        ca_key = ec.generate_private_key(ec.SECP256R1())
        ca = _certificate("an authority", ca_key, None, ca_key)
        self.ca.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
        for path, name in ((self.server, "localhost"), (self.client, "a client")):
            key = ec.generate_private_key(ec.SECP256R1())
            made = _certificate(name, key, ca, ca_key).public_bytes(serialization.Encoding.PEM)
            path.touch(mode=0o600)
            path.write_bytes(made + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                      serialization.NoEncryption()))  # fmt: skip
            self.client_alone.write_bytes(made)

    def context(self) -> ssl.SSLContext:
        """A server's, which wants a certificate of the client."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server)
        context.load_verify_locations(self.ca)
        context.verify_mode = ssl.CERT_REQUIRED
        return context


def _certificate(name: str, key: ec.EllipticCurvePrivateKey, issuer: x509.Certificate | None,
                 issuer_key: ec.EllipticCurvePrivateKey) -> x509.Certificate:  # fmt: skip
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name.replace(" ", "-"))]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    return builder.sign(issuer_key, hashes.SHA256())
