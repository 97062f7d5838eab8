#!/usr/bin/python3 -SEsB
"""A host that lies: it stands between the program and the real host, and spoils one answer.

The program starts it in place of its own (SSA_HSM_HOST). What it does is in HOSTILE_HOST: the number of a call (0:
before any), which of these calls it is, and the lie. The real host is HOSTILE_HOST_REAL. A packet's layout is in
hsm/host/protocol.h: an answer is its kind, the CK_RV and what the call gave, in numbers of eight bytes.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import sys
import time

FD, ROOM = 3, 1 << 17
FINALIZE = 3  # the number of the last call
# hsm/remote/remote.h: what the program tells itself where there is no answer.
OWN_VALUES = {"gone": 0xD3534101, "late": 0xD3534102, "interrupted": 0xD3534103, "nonsense": 0xD3534104}
OK = struct.pack("<QQ", 0, 0)
# The program kills it. A test that fails leaves it behind no longer than this.
LIFE = 30


def linger() -> None:
    time.sleep(LIFE)
    os._exit(0)


def flood(until: float) -> None:
    while time.monotonic() < until:
        os.write(1, b"\x1b[2J\x00 noise \xff" * 400)


def number(answer: bytes, at: int, value: int) -> bytes:
    """The answer with another number behind kind and CK_RV."""
    at = 16 + 8 * at
    return answer[:at] + struct.pack("<Q", value % (1 << 64)) + answer[at + 8 :]


def spoilt(lie: str, answer: bytes) -> list[bytes]:
    """The packets that go in place of the answer."""
    word, _, value = lie.partition(":")
    if word == "kind":
        return [struct.pack("<Q", int(value)) + answer[8:]]
    if word == "own":
        return [answer[:8] + struct.pack("<Q", OWN_VALUES[value]) + answer[16:]]
    if word == "result":
        return [answer[:8] + struct.pack("<Q", int(value, 0)) + answer[16:]]
    if word == "number":
        at, _, what = value.partition("=")
        return [number(answer, int(at), int(what, 0))]
    if word == "path":
        path = value.encode()
        return [answer[:24] + struct.pack("<Q", len(path)) + path + bytes(-len(path) % 8)]
    if word == "signature":
        # As long as is told, but for the length that the module tells.
        given = (answer[32:] * 64)[: int(value)]
        return [answer[:16] + struct.pack("<QQ", len(given), len(given)) + given + bytes(-len(given) % 8)]
    return {
        "empty": lambda: [b""],
        "half": lambda: [answer[:12]],
        "cut": lambda: [answer[:-8]],
        "head": lambda: [answer[:16]],
        "extra": lambda: [answer + bytes(8)],
        "oversized": lambda: [answer + bytes(65536)],
        "enormous": lambda: [answer + bytes(ROOM)],
        "noise": lambda: [bytes(range(1, 256)) * 16],
        "twice": lambda: [answer, answer],
        "value-gone": lambda: [answer[:24] + bytes(8)],
    }[word]()


def act(lie: str) -> None:
    """What ends it, or keeps it from answering."""
    if lie.startswith("exit:"):
        os._exit(int(lie[5:]))
    if lie.startswith("die:"):
        os.kill(os.getpid(), int(lie[4:]))
    if lie == "close":
        os.close(FD)
        linger()
    if lie == "never":
        linger()
    if lie == "flood":
        flood(time.monotonic() + LIFE)
        os._exit(0)


def main() -> None:
    call, which, lie = os.environ["HOSTILE_HOST"].split(" ", 2)
    signal.alarm(2 * LIFE)
    program = socket.socket(fileno=FD)
    if call == "0":
        act(lie)
        for _ in range(400):
            program.send(OK, socket.MSG_DONTWAIT)
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    actions = [(os.POSIX_SPAWN_DUP2, its.fileno(), FD)]
    real = os.environ["HOSTILE_HOST_REAL"]
    child = os.posix_spawn(real, [sys.argv[0]], dict(os.environ), file_actions=actions)
    its.close()
    seen = 0
    asked = 0
    while asked != FINALIZE and (request := program.recv(ROOM)):
        asked = struct.unpack_from("<Q", request)[0]
        seen += asked == int(call)
        ours.send(request)
        spoil = asked == int(call) and (seen == int(which) or which == "*")
        if spoil:
            act(lie)
        answer = ours.recv(ROOM)
        if not answer:
            break
        if spoil and lie == "prints":
            flood(time.monotonic() + 0.1)
        packets = spoilt(lie, answer) if spoil and lie != "prints" else [answer]
        for packet in packets:
            program.send(packet)
        if packets == [b""]:
            linger()
    program.close()
    ours.close()
    os.waitpid(child, 0)
    os._exit(0)


try:
    main()
except (BrokenPipeError, ConnectionResetError, BlockingIOError):
    # The program has ended the connection.
    os._exit(0)
