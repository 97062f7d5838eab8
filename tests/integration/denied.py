#!/usr/bin/python3
"""Runs a command in which a system call fails, as on a file system or a kernel that does not have it.

    denied.py RULE ... -- COMMAND ARGUMENT ...

A RULE is CALL=ERRNO, "flock=ENOLCK"; or CALL@INDEX:VALUE=ERRNO for the calls whose argument INDEX (from 0) is VALUE,
"madvise@2:16=EINVAL". CALL is a name below or a number, ERRNO a name or a number. The rules hold for the command and
all that it starts. A test takes `argv(rules, command)`.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Sequence

_CALLS = {
    "x86_64": {
        "write": 1, "pwrite64": 18, "madvise": 28, "fcntl": 72, "flock": 73, "fsync": 74, "fdatasync": 75,
        "ftruncate": 77, "rename": 82, "mlock": 149, "add_key": 248, "keyctl": 250, "openat": 257,
        "mkdirat": 258, "unlinkat": 263,
        "renameat": 264, "linkat": 265, "fallocate": 285, "renameat2": 316, "getrandom": 318, "mlock2": 325,
    },
    "aarch64": {
        "write": 64, "pwrite64": 68, "madvise": 233, "fcntl": 25, "flock": 32, "fsync": 82, "fdatasync": 83,
        "ftruncate": 46, "add_key": 217, "keyctl": 219, "mlock": 228, "openat": 56, "mkdirat": 34,
        "unlinkat": 35, "renameat": 38, "linkat": 37, "fallocate": 47, "renameat2": 276, "getrandom": 278, "mlock2": 284,
    },
}  # fmt: skip

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000
# Offsets in struct seccomp_data: the call's number, and its arguments, of which the lower half counts.
_NUMBER, _ARGUMENTS = 0, 16


def spoken(name: str) -> str:
    """What is said of an error: "ENOSPC" is "No space left on device"."""
    return os.strerror(getattr(errno, name))


def _call_number(name: str) -> int:
    return int(name) if name.isdigit() else _CALLS[platform.machine()][name]


def _errno_number(name: str) -> int:
    return int(name) if name.isdigit() else int(getattr(errno, name))


def _instruction(code: int, value: int, when_true: int = 0, when_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, when_true, when_false, value & 0xFFFFFFFF)


def _rule(text: str) -> bytes:
    """The filter's part for one rule; falls through where the rule says nothing."""
    call, _, number = text.rpartition("=")
    name, _, argument = call.partition("@")
    program = _instruction(_RETURN, _FAIL | _errno_number(number))
    if argument:
        index, _, value = argument.partition(":")
        program = (
            _instruction(_LOAD, _ARGUMENTS + 8 * int(index)) + _instruction(_JUMP_IF_EQUAL, int(value), 0, 1) + program
        )
    length = len(program) // 8
    return _instruction(_LOAD, _NUMBER) + _instruction(_JUMP_IF_EQUAL, _call_number(name), 0, length) + program


def _with_newer(rules: Sequence[str]) -> list[str]:
    """What locks no memory by mlock does not do it by mlock2 either."""
    return [*rules, *(rule.replace("mlock", "mlock2", 1) for rule in rules if rule.startswith("mlock="))]


def deny(rules: Sequence[str]) -> None:
    """From here on, for this process and its children."""
    program = b"".join(_rule(rule) for rule in _with_newer(rules)) + _instruction(_RETURN, _ALLOW)
    code = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    for option, first, second in (
        (_PR_SET_NO_NEW_PRIVS, 1, None),
        (_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(header)),
    ):
        if libc.prctl(option, first, second, 0, 0) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))


def argv(rules: Sequence[str], command: Sequence[str]) -> list[str]:
    """The command with the rules before it."""
    return [sys.executable, "-B", os.path.abspath(__file__), *rules, "--", *command]


def main() -> None:
    end = sys.argv.index("--")
    command = sys.argv[end + 1 :]
    deny(sys.argv[1:end])
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
