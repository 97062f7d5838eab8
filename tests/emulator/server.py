"""HTTP/1.1 over TLS: one thread for each connection, which also does its handshake."""

from __future__ import annotations

import http
import select
import socket
import ssl
import struct
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from itertools import count
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, NoReturn

import control
from answers import Answer, gateway
from api import OTHER_APIS, Api, Request
from clock import Clock
from control import Control
from faults import Faults
from requestlog import RequestLog, describe
from rivals import Rivals

API_PATH = "/authentication/v2"
HANDSHAKE_TIMEOUT = 30.0
IDLE_TIMEOUT = 300.0
MAX_BODY = 1 << 20


@dataclass(frozen=True)
class Parts:
    """What a request is handed to."""

    api: Api
    control: Control
    faults: Faults
    log: RequestLog
    clock: Clock
    rivals: Rivals
    prefix: str = ""


class Server(ThreadingMixIn, TCPServer):
    daemon_threads = True  # some hang on purpose, and the end must not wait for them
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, port: int, context: ssl.SSLContext | None, parts: Parts) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.parts = parts
        self.numbers = count(1)
        self._context = context

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self._context:
            # The handshake waits for the peer, so it must not happen in the accepting thread.
            connection = self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def finish_request(self, request: Any, client_address: Any) -> None:
        if isinstance(request, ssl.SSLSocket):
            request.settimeout(HANDSHAKE_TIMEOUT)
            request.do_handshake()
        super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A peer that goes away or dislikes the certificate is a test's business; anything else is a fault of ours.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    timeout = IDLE_TIMEOUT
    disable_nagle_algorithm = True

    def setup(self) -> None:
        self.secured_at = time.monotonic()
        self.number = next(self.server.numbers)
        super().setup()

    def parse_request(self) -> bool:
        self.arrived_at = time.monotonic()  # of the request line, which has just been read
        return super().parse_request()

    def handle_request(self) -> None:
        path, _, query = self.path.partition("?")
        body, refusal = self._read_body()
        if path.startswith(control.PREFIX):
            self.send_answer(refusal or self.server.parts.control.answer(self.command, path, body))
        else:
            self._handle_api(path, query, body, refusal)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = handle_request  # noqa: N815 -- http.server's names

    def _handle_api(self, path: str, query: str, body: bytes, refusal: Answer | None) -> None:
        parts = self.server.parts
        request = Request(self.command, inner_path(path, parts.prefix), self.headers, body, query)

        fault = parts.faults.take(request.method, request.path)
        answer = refusal
        parts.rivals.meet("before", request.method, request.path)
        if answer is None and (fault is None or fault.acts):
            answer = parts.api.answer(request)
        parts.rivals.meet("after", request.method, request.path)
        if fault:
            answer = fault.outcome(answer)
        # Before the answer goes out: a test that has it must find the entry.
        parts.log.add(self._entry(path, query, request, answer, fault.action if fault else None))
        if fault:
            fault.strike(answer, self)
        elif answer:
            self.send_answer(answer)

    def _read_body(self) -> tuple[bytes, Answer | None]:
        length = self.headers.get("Content-Length")
        if "Transfer-Encoding" in self.headers or (length is None and self.command in ("POST", "PATCH", "PUT")):
            # Some gateways want a length, also of a body that is empty, so the program has to send one.
            self.close_connection = True
            return b"", gateway(411, "Content-Length is missing.").answer
        if length is not None and not (length.isascii() and length.isdigit()):
            self.close_connection = True
            return b"", gateway(400, "Content-Length is no number.").answer
        if int(length or 0) > MAX_BODY:
            self.close_connection = True
            return b"", gateway(413, "The body is too long.").answer
        body = self.rfile.read(int(length or 0))
        if len(body) < int(length or 0):
            raise ConnectionError("the client went away within its body")
        return body, None

    def _entry(
        self, path: str, query: str, request: Request, answer: Answer | None, fault: str | None
    ) -> dict[str, Any]:
        tls = self.connection if isinstance(self.connection, ssl.SSLSocket) else None
        return {
            "method": request.method,
            "path": path,
            "query_names": [item.partition("=")[0] for item in query.split("&")] if query else [],
            "status": answer.status if answer else None,
            "fault": fault,
            "connection": self.number,
            "http": self.request_version,
            "tls": tls.version() if tls else None,
            "alpn": tls.selected_alpn_protocol() if tls else None,
            "handshake_at": self.secured_at,
            "arrived_at": self.arrived_at,
            **describe(request),
        }

    def send_answer(self, answer: Answer) -> None:
        head, body = self.frame(answer)
        self.send(head + body)

    # The wire, as a fault sees it.

    def frame(self, answer: Answer) -> tuple[bytes, bytes]:
        headers: dict[str, str | None] = {"Date": self.server.parts.clock.http_date()}
        if answer.status != 204:  # RFC 9110, 8.6: 204 must not have it
            headers["Content-Length"] = str(len(answer.body))
        if self.close_connection:
            headers["Connection"] = "close"
        for name, value in answer.headers.items():
            same = next((known for known in headers if known.lower() == name.lower()), name)
            headers[same] = value
        lines = [f"HTTP/1.1 {answer.status} {_phrase(answer.status)}"]
        lines += [f"{name}: {value}" for name, value in headers.items() if value is not None]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"), b"" if answer.status == 204 else answer.body

    def send(self, data: bytes) -> None:
        self.wfile.write(data)

    def close(self) -> NoReturn:
        # Through the socket below TLS: without close_notify, as a connection breaks.
        with suppress(OSError):  # the client may have gone first
            socket.socket.shutdown(self.connection, socket.SHUT_RDWR)
        self._end()

    def reset(self) -> NoReturn:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._end()

    def wait_until_gone(self, seconds: float | None) -> None:
        poll = select.poll()
        # A client that gives up sends a TLS alert first, so readable does not yet mean gone.
        poll.register(self.connection, select.POLLRDHUP)
        poll.poll(None if seconds is None else seconds * 1000)

    def _end(self) -> NoReturn:
        # The socket closes when the last file made of it has.
        self.wfile.close()
        self.rfile.close()
        self.connection.close()
        # http.server would go on to flush what is closed; the server takes this as a peer that went away.
        raise ConnectionAbortedError("closed on purpose")

    def finish(self) -> None:
        if isinstance(self.connection, ssl.SSLSocket) and not self.wfile.closed:
            self._say_goodbye(self.connection)
        super().finish()

    @staticmethod
    def _say_goodbye(connection: ssl.SSLSocket) -> None:
        with suppress(OSError, ValueError):
            connection.settimeout(0)  # close_notify is sent, the peer's is not waited for
            connection.unwrap()

    def date_time_string(self, timestamp: float | None = None) -> str:
        return self.server.parts.clock.http_date()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- http.server's name
        pass


def inner_path(path: str, prefix: str) -> str:
    """The path as routes have it. Outside the APIs nothing matches a route, which answers 404 as it should."""
    base = prefix + API_PATH
    if path.startswith(base + "/") and not path[len(base) :].startswith(OTHER_APIS):
        return path[len(base) :]
    if path.startswith(tuple(prefix + api for api in OTHER_APIS)):
        return path[len(prefix) :]
    return "//" + path


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
