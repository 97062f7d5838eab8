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
ANSWERED, TRIES_PIN, TRIES_RECORDED, TRIED_PIN = range(4)
# As many packets before an answer as the agent takes, and more than it has to read.
TOLD_MOST, TOLD_MANY = 64, 100_000
FIRST: list[int] = []


def number(value: int) -> bytes:
    return struct.pack("<Q", value % (1 << 64))


def text(value: bytes) -> bytes:
    return number(len(value)) + value + bytes(-len(value) % 8)


def status(state: int = 1) -> bytes:
    return number(state) + number(0) + text(b"work") * 2 + text(b"id") * 3 + number(1) * 2


def packets(lie: str, asked: int) -> list[bytes]:
    """What it says to a request that has this number."""
    own = number(asked)
    done = own + number(ANSWERED) + number(1)
    refused = own + number(ANSWERED) + number(0)
    whole = done + status() + text(b"an assertion")
    return {
        "truth": [whole],
        "garbage": [os.urandom(200)],
        "cut": [whole[:-24]],
        "more": [whole + number(0)],
        "long": [whole + bytes(ROOM)],
        "empty": [done + status() + text(b"")],
        "state": [done + status(9) + text(b"x")],
        "stage": [own + number(7)],
        "escape": [done + number(1) + number(0) + text(b"\x1b[2J") + status()[32:] + text(b"x")],
        "success-and-secret": [refused + number(5) + number(0) * 3 + text(b"no") * 5 + status() + text(b"x")],
        "no-class": [refused + number(0) + number(0) * 3 + text(b"no") * 5 + status() + text(b"")],
        "twice": [whole, whole],
        "trying": [own + number(TRIES_PIN)],
        "trying-recorded": [own + number(TRIES_RECORDED)],
        "another-number": [number(asked + 1) + whole[8:]],
        # To the second request, it repeats first what it said to the one before.
        "again": ([] if FIRST[0] == asked else [number(asked - 1) + whole[8:]]) + [whole],
        "again-trying": [own + number(TRIED_PIN), number(asked - 1) + number(TRIED_PIN), whole],
        "telling": [own + number(TRIED_PIN)] * TOLD_MANY,
        "telling-much": [own + number(TRIED_PIN)] * TOLD_MOST + [whole],
    }[lie]  # fmt: skip


def main() -> None:
    lie = os.environ["HOSTILE_SIGNER"]
    fd = int(sys.argv[1])
    with socket.socket(fileno=fd) as agent:
        if lie == "tell":
            told = {"arguments": sys.argv, "environment": dict(os.environ), "descriptors": os.listdir("/proc/self/fd")}
            Path(os.environ["TOLD"]).write_text(json.dumps(told))
            lie = "truth"
        while request := agent.recv(ROOM):
            (asked,) = struct.unpack("<Q", request[:8])
            FIRST.append(asked)
            if lie == "silence":
                time.sleep(LIFE)
            for packet in packets(lie, asked):
                agent.send(packet)
            if lie.startswith("trying"):
                return


main()
