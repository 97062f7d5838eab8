#!/usr/bin/python3
"""Looks at a token through its own module, in a process of its own: an eye that is not the program's.

    eye.py keys           the private keys on it, as JSON: attributes by name, in hex, or null
    eye.py wrong N        tries a wrong PIN N times: results and PIN flags, as JSON
    eye.py flags          the PIN flags as they are

SSA_SHIM_LIBRARY is the module (tests/shim/driver.py, the PKCS#11 caller used here, calls it so), EYE_RESERVED the
parameter string that it starts with, TEST_PIN and EYE_LABEL say which token and its PIN.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "shim"))
import driver as _driver  # noqa: E402

driver: Any = _driver  # it has no types

WRONG = "0000-bad"
ATTRIBUTES = (
    "ID", "LABEL", "TOKEN", "PRIVATE", "SENSITIVE", "EXTRACTABLE", "SIGN", "DECRYPT", "UNWRAP", "SIGN_RECOVER", "DERIVE",
    "ALWAYS_SENSITIVE", "NEVER_EXTRACTABLE", "LOCAL", "ALWAYS_AUTHENTICATE", "MODULUS", "PRIVATE_EXPONENT", "PRIME_1",
)  # fmt: skip
FLAGS = ("USER_PIN_COUNT_LOW", "USER_PIN_FINAL_TRY", "USER_PIN_LOCKED")


class _Arguments(ctypes.Structure):
    """CK_C_INITIALIZE_ARGS."""

    _fields_ = [
        ("create", ctypes.c_void_p), ("destroy", ctypes.c_void_p), ("lock", ctypes.c_void_p),
        ("unlock", ctypes.c_void_p), ("flags", ctypes.c_ulong), ("reserved", ctypes.c_void_p),
    ]  # fmt: skip


class Eye:
    """The module, initialised, and the slot of the token."""

    def __init__(self) -> None:
        self.module: Any = driver.Module()
        assert self.module.list_rv == "CKR_OK", self.module.list_rv
        # As the program does it: with the system's locks.
        reserved = os.environ.get("EYE_RESERVED")
        self._text = ctypes.create_string_buffer(reserved.encode()) if reserved else None
        arguments = _Arguments(flags=2, reserved=ctypes.addressof(self._text) if self._text else None)
        rv = self.module.call("C_Initialize", ctypes.byref(arguments))
        assert rv == "CKR_OK", rv
        label = os.environ["EYE_LABEL"]
        self.slot: int = next(s for s in self.module.slots() if self.module.token_info(s)[1] == label)

    def flags(self) -> list[str]:
        found = self.module.token_info(self.slot)[4]
        return [name for name in FLAGS if found & driver.CK[f"CKF_{name}"]]

    def session(self) -> int:
        return int(self.module.open(self.slot))

    def login(self, session: int, pin: str) -> str:
        return str(self.module.login(session, pin))

    def attribute(self, session: int, handle: int, name: str) -> str | None:
        # One at a time: a module may leave the rest out of an answer that has one refused.
        rv, value = self.module.read(session, handle, f"CKA_{name}")
        return value if rv == "CKR_OK" else None

    def keys(self) -> list[dict[str, str | None]]:
        session = self.session()
        rv = self.login(session, os.environ["TEST_PIN"])
        assert rv == "CKR_OK", rv
        found = self.module.find(session, [("CKA_CLASS", driver.PRIVATE)])
        return [{name: self.attribute(session, handle, name) for name in ATTRIBUTES} for handle in found]

    def wrong(self, times: int) -> list[list[Any]]:
        """Each time in a session of its own, as a new process would."""
        results: list[list[Any]] = []
        for _ in range(times):
            session = self.session()
            rv = self.login(session, WRONG)
            self.module.call("C_CloseSession", session)
            results.append([rv, self.flags()])
        return results

    def close(self) -> None:
        self.module.call("C_CloseAllSessions", self.slot)
        self.module.call("C_Finalize", None)


def main(arguments: list[str]) -> int:
    eye = Eye()
    try:
        answer = eye.keys() if arguments[0] == "keys" else eye.flags() if arguments[0] == "flags" else None
        print(json.dumps(eye.wrong(int(arguments[1])) if answer is None else answer))
    finally:
        eye.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
