"""Puts many keys on a token, as ssa-hsm's imports leave them: fill.py MODULE PIN COUNT, with SOFTHSM2_CONF set.

Their numbers are random, and none of them will ever sign: SoftHSM takes them as they are, and to look among a thousand
keys takes as long as it does among real ones.
"""

from __future__ import annotations

import random
import sys
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "shim"))
import driver  # noqa: E402

RSA, RSA_PKCS, BITS = 0, 1, 2048  # CKK_RSA, CKM_RSA_PKCS

# The only number that the driver's pattern does not find in the header.
driver.CK["CKA_ALLOWED_MECHANISMS"] = 0x40000600


def _number(source: random.Random, bits: int) -> bytes:
    return (source.getrandbits(bits) | 1 << (bits - 1) | 1).to_bytes(bits // 8, "big")


def _allowed() -> bytes:
    return b"".join(number.to_bytes(8, sys.byteorder) for number in (RSA_PKCS, driver.SIGN_MECHANISM))


def fill(module: driver.Module, session: int, count: int) -> None:
    source = random.Random(count)  # noqa: S311 - the same keys in each run
    for _ in range(count):
        kid = str(uuid.UUID(int=source.getrandbits(128), version=4))
        common = [("CKA_TOKEN", True), ("CKA_KEY_TYPE", RSA), ("CKA_ID", kid.encode()),
                  ("CKA_LABEL", f"bench-other {kid}".encode()), ("CKA_MODULUS", _number(source, BITS)),
                  ("CKA_PUBLIC_EXPONENT", b"\x01\x00\x01")]  # fmt: skip
        private = [("CKA_CLASS", driver.CK["CKO_PRIVATE_KEY"]), *common, ("CKA_PRIVATE", True), ("CKA_SENSITIVE", True),
                   ("CKA_EXTRACTABLE", False), ("CKA_SIGN", True), ("CKA_DECRYPT", False), ("CKA_UNWRAP", False),
                   ("CKA_ALLOWED_MECHANISMS", _allowed()), ("CKA_PRIVATE_EXPONENT", _number(source, BITS))]  # fmt: skip
        private += [(name, _number(source, BITS // 2)) for name in
                    ("CKA_PRIME_1", "CKA_PRIME_2", "CKA_EXPONENT_1", "CKA_EXPONENT_2", "CKA_COEFFICIENT")]  # fmt: skip
        public = [("CKA_CLASS", driver.CK["CKO_PUBLIC_KEY"]), *common, ("CKA_PRIVATE", False), ("CKA_VERIFY", True),
                  ("CKA_ENCRYPT", False), ("CKA_WRAP", False)]  # fmt: skip
        for pairs in (private, public):
            made = module.create(session, pairs)
            if isinstance(made, str):
                sys.exit(f"fill: C_CreateObject: {made}")


def main(path: str, pin: str, count: int) -> None:
    driver.LIBRARY = path
    module = driver.Module()
    fill(module, module.start(pin), count)
    module.call("C_Finalize", None)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
