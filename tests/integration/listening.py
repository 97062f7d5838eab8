"""A server of a test, which has a thread for each connection and ends with the with statement."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any, Self


class Listening:
    """Gives each connection to a function, and closes it then. A client that goes away meanwhile is no failure."""

    def __init__(self, attend: Callable[[socket.socket], Any], listener: socket.socket | None = None) -> None:
        self._attend = attend
        self._listener = listener or socket.create_server(("127.0.0.1", 0))
        self.port = 0 if listener else self._listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Nobody listens any more."""
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
            threading.Thread(target=self._take, args=(client,), daemon=True).start()

    def _take(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError, ssl.SSLError):
            self._attend(client)


def read_head(client: socket.socket) -> bytes:
    """A request up to its empty line, and what came with it; nothing where the client goes before."""
    head = b""
    while b"\r\n\r\n" not in head:
        data = client.recv(65536)
        if not data:
            return b""
        head += data
    return head
