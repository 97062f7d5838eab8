"""Small servers that the emulator is not: a CONNECT proxy, one that never answers, and those that never end."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections.abc import Iterator

from listening import Listening, read_head


class Proxy(Listening):
    """Speaks CONNECT (RFC 9110 section 9.3.6) for as long as the with statement lasts, and notes what it was asked."""

    def __init__(self, answer: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n", delay: float = 0) -> None:
        super().__init__(self._tunnel)
        self.answer = answer
        self.delay = delay  # seconds before it answers
        self.seen: list[str] = []
        self.url = f"http://{self.address}"

    def _tunnel(self, client: socket.socket) -> None:
        head = read_head(client)
        if not head:
            return
        self.seen.append(head.decode())
        time.sleep(self.delay)
        client.sendall(self.answer)
        if b" 200 " not in self.answer.split(b"\r\n")[0] + b" ":
            return
        host, port = head.split()[1].decode().rsplit(":", 1)
        with socket.create_connection((host, int(port)), 5) as server:
            _pump(client, server)


def _pump(one: socket.socket, other: socket.socket) -> None:
    while True:
        for ready in select.select([one, other], [], [])[0]:
            data = ready.recv(65536)
            if not data:
                return
            (other if ready is one else one).sendall(data)


@contextlib.contextmanager
def silent_server(backlog: int = 8) -> Iterator[str]:
    """Takes connections (the kernel does) and never says a word; gives its https URL."""
    with socket.create_server(("127.0.0.1", 0), backlog=backlog) as listener:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"


@contextlib.contextmanager
def unreachable_server() -> Iterator[str]:
    """A port whose queue is full, so that a connection is neither taken nor refused; gives its https URL."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, contextlib.ExitStack() as kept:
        address = listener.getsockname()
        for _ in range(4):
            filler = kept.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(address)
        yield f"https://127.0.0.1:{address[1]}"


@contextlib.contextmanager
def garbage_server(answer: bytes) -> Iterator[str]:
    """Answers whatever comes with these bytes; gives its address as HOST:PORT."""
    with endless_server(answer, b"") as address:
        yield address


@contextlib.contextmanager
def endless_server(head: bytes, more: bytes) -> Iterator[str]:
    """Answers each request with head and then with more, again and again, until the client goes; gives HOST:PORT."""
    chunk = more * max(1, 65536 // max(1, len(more)))

    def handle(client: socket.socket) -> None:
        client.recv(65536)
        client.sendall(head)
        while more:
            client.sendall(chunk)

    with Listening(handle) as server:
        yield server.address
