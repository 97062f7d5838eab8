#!/usr/bin/python3
"""The kernel's keyring of this user, as a test looks into it: the entries that ssa-hsm keeps there.

    kernel_keyring.py COMMAND ARGUMENT ...     # runs it with a new session keyring, which does not link to the user's
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

PREFIX = "ssa-hsm:access-token:"
_PROCESS, _USER = -2, -4
_JOIN_SESSION, _DESCRIBE, _LINK, _UNLINK, _READ = 1, 6, 8, 9, 11
_ADD_KEY, _KEYCTL = {"x86_64": (248, 250), "aarch64": (217, 219)}[os.uname().machine]
_libc = ctypes.CDLL(None, use_errno=True)


def _call(number: int, *arguments: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    result: int = _libc.syscall(number, *(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def _keyctl(command: int, *arguments: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    return _call(_KEYCTL, command, *arguments)


def _bytes(command: int, key: int) -> bytes:
    room = ctypes.create_string_buffer(65536)
    length = _keyctl(command, key, room, len(room))
    return room.raw[:length]


def works() -> bool:
    """Whether the kernel lets this process use keyrings."""
    try:
        _keyctl(_LINK, _USER, _PROCESS)
    except OSError:
        return False
    return True


def entries() -> dict[int, str]:
    """The numbers and names of what ssa-hsm has there."""
    _keyctl(_LINK, _USER, _PROCESS)
    found = {}
    for (key,) in struct.iter_unpack("=i", _bytes(_READ, _USER)):
        # Another process may take it away meanwhile.
        with contextlib.suppress(OSError):
            name = _bytes(_DESCRIBE, key).rstrip(b"\0").split(b";", 4)[4].decode()
            if name.startswith(PREFIX):
                found[key] = name
    return found


def permissions(key: int) -> int:
    return int(_bytes(_DESCRIBE, key).split(b";")[3], 16)


def timeout(key: int) -> str:
    """How long the kernel keeps it, as /proc/keys says it: "59m"."""
    with open("/proc/keys") as keys:
        (line,) = re.findall(rf"(?m)^{key:08x} +\S+ +\d+ +(\S+) ", keys.read())
    return str(line)


def read(key: int) -> bytes:
    """Nothing, where it is over."""
    with contextlib.suppress(OSError):
        return _bytes(_READ, key)
    return b""


def remove(key: int) -> None:
    with contextlib.suppress(OSError):
        _keyctl(_UNLINK, key, _USER)


def of_api(url: str) -> dict[int, str]:
    """The entries for this API: those of other tests have another one."""
    return {key: name for key, name in entries().items() if url.encode() in read(key)} if works() else {}


def forget(url: str) -> None:
    """Removes them, since the kernel lets most users have few keys."""
    for key in of_api(url):
        remove(key)


def put(name: str, content: bytes) -> int:
    """Puts other bytes there."""
    for key, known in entries().items():
        if known == name:
            remove(key)
    return _call(_ADD_KEY, b"user", name.encode(), content, len(content), _USER)


@dataclass(frozen=True)
class Entry:
    """What the program writes: numbers of eight bytes, and texts behind their length, up to a multiple of eight."""

    mark: bytes
    date: int
    running: int
    identity: bytes
    answer: bytes

    def bytes(self) -> bytes:
        def text(content: bytes) -> bytes:
            return struct.pack("=Q", len(content)) + content + bytes(-len(content) % 8)

        times = struct.pack("=QQ", self.date, self.running)
        return text(self.mark) + times + text(self.identity) + text(self.answer)

    def later(self, seconds: int) -> Entry:
        """It as it is after so many seconds."""
        return replace(self, date=self.date - seconds, running=max(0, self.running - seconds))


def parse(content: bytes) -> Entry:
    at = 0

    def number() -> int:
        nonlocal at
        at += 8
        return int(struct.unpack_from("=Q", content, at - 8)[0])

    def text() -> bytes:
        nonlocal at
        length = number()
        at += length + -length % 8
        return content[at - length - -length % 8 :][:length]

    return Entry(text(), number(), number(), text(), text())


def argv(command: Sequence[str]) -> list[str]:
    """The command, with a session keyring of its own."""
    return [sys.executable, "-B", os.path.abspath(__file__), *command]


if __name__ == "__main__":
    _keyctl(_JOIN_SESSION, None)
    os.execvp(sys.argv[1], sys.argv[1:])
