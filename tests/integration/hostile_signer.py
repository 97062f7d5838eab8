#!/usr/bin/python3 -SEsB
"""A signer that lies: the agent starts it in place of its own (SSA_HSM_SIGNER). HOSTILE_SIGNER says what it answers.

Its arguments are in src/agent/link/process.h, and a packet's layout is in src/core/codec.h.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import time
from pathlib import Path

ROOM = 1 << 17
# The agent kills it. A test that fails leaves it behind no longer than this.
LIFE = 30
ANSWERED, TRIES_PIN, TRIES_RECORDED = range(3)


def number(value: int) -> bytes:
    return struct.pack("<Q", value % (1 << 64))


def text(value: bytes) -> bytes:
    return number(len(value)) + value + bytes(-len(value) % 8)


def status(state: int = 1) -> bytes:
    return number(state) + number(0) + text(b"work") * 2 + text(b"id") * 3 + number(1) * 2


def packets(lie: str) -> list[bytes]:
    whole = number(ANSWERED) + number(1) + status() + text(b"an assertion")
    return {
        "truth": [whole],
        "garbage": [os.urandom(200)],
        "cut": [whole[:-24]],
        "more": [whole + number(0)],
        "long": [whole + bytes(ROOM)],
        "empty": [number(ANSWERED) + number(1) + status() + text(b"")],
        "state": [number(ANSWERED) + number(1) + status(9) + text(b"x")],
        "stage": [number(7)],
        "escape": [number(ANSWERED) + number(1) + number(1) + number(0) + text(b"\x1b[2J") + status()[32:] + text(b"x")],
        "success-and-secret": [number(ANSWERED) + number(0) + number(5) + number(0) * 3 + text(b"no") * 5 + status() + text(b"x")],
        "no-class": [number(ANSWERED) + number(0) + number(0) + number(0) * 3 + text(b"no") * 5 + status() + text(b"")],
        "twice": [whole, whole],
        "trying": [number(TRIES_PIN)],
        "trying-recorded": [number(TRIES_RECORDED)],
    }[lie]  # fmt: skip


def main() -> None:
    lie = os.environ["HOSTILE_SIGNER"]
    fd = int(sys.argv[1])
    with socket.socket(fileno=fd) as agent:
        if lie == "tell":
            told = {"arguments": sys.argv, "environment": dict(os.environ), "descriptors": os.listdir("/proc/self/fd")}
            Path(os.environ["TOLD"]).write_text(json.dumps(told))
            lie = "truth"
        while agent.recv(ROOM):
            if lie == "silence":
                time.sleep(LIFE)
            for packet in packets(lie):
                agent.send(packet)
            if lie.startswith("trying"):
                return


main()
