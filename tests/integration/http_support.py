"""Small servers that the emulator is not: a CONNECT proxy, one that never answers, and those that never end."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Iterator


class Proxy:
    """Speaks CONNECT (RFC 9110 section 9.3.6) for as long as the with statement lasts, and notes what it was asked."""

    def __init__(self, answer: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n", delay: float = 0) -> None:
        self.answer = answer
        self.delay = delay  # seconds before it answers
        self.seen: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Proxy:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # A listener that is only closed goes on accepting in the thread that waits in it.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._handle, args=(client,), daemon=True).start()

    def _handle(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                data = client.recv(4096)
                if not data:
                    return
                head += data
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
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client, contextlib.suppress(OSError):
                    client.recv(65536)
                    client.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)


@contextlib.contextmanager
def endless_server(head: bytes, more: bytes) -> Iterator[str]:
    """Answers each request with head and then with more, again and again, until the client goes; gives HOST:PORT."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        chunk = more * max(1, 65536 // max(1, len(more)))

        def handle(client: socket.socket) -> None:
            with client, contextlib.suppress(OSError):
                client.recv(65536)
                client.sendall(head)
                while more:
                    client.sendall(chunk)

        def serve() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=handle, args=(client,), daemon=True).start()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
