"""Ports on the loopback interface for servers of their own."""

from __future__ import annotations

import random
import socket
from pathlib import Path

_LEAST = 20000
# A test that runs beside this one must not choose the same ports.
_random = random.SystemRandom()


def free_port() -> int:
    """One below those that the system gives to connections: none of these takes it before a server listens at it."""
    end = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", _random.randrange(_LEAST, end) if end > _LEAST else 0))
            except OSError:
                continue
            return int(one.getsockname()[1])
