"""Two clients that are not ours find, read and sign with what `key import` put onto a token: libp11, and OpenSSL by its
engine, with the key's URI as the program prints it."""

from __future__ import annotations

import re
from pathlib import Path

import keyfiles
import places
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from rig import TokenCase

_MESSAGE = b"second client"
_ENGINE = """openssl_conf = init
[init]
engines = engines
[engines]
pkcs11 = pkcs11
[pkcs11]
engine_id = pkcs11
MODULE_PATH = {module}
"""


class SecondClient(TokenCase):
    def provide_by_import(self) -> dict[str, str]:
        """The profile of a key that `key import` put there, or another tool where it cannot."""
        raise NotImplementedError

    def public_key(self, key_id: str) -> RSAPublicKey:
        return keyfiles.private_key_of(self.api.issued(key_id)).public_key()

    def check_signature(self, key_id: str, signature: bytes) -> None:
        self.public_key(key_id).verify(signature, _MESSAGE, padding.PKCS1v15(), hashes.SHA256())

    def test_libp11_finds_reads_and_signs_with_the_key(self) -> None:
        profile = self.provide_by_import()
        (key,) = self.rig.eye("keys")
        argv = [*self.rig.wrapper, str(places.libp11_client()), self.rig.library, self.rig.reserved, self.rig.label]
        result = self.run_command([*argv, key["ID"]], env={"TEST_PIN": self.rig.pin})
        self.assertEqual(result.code, 0, result)
        _, modulus, signature = result.out.splitlines()
        self.assertEqual(int(modulus, 16), self.public_key(profile["KEY_ID"]).public_numbers().n)
        self.check_signature(profile["KEY_ID"], bytes.fromhex(signature))

    def test_openssls_engine_takes_the_uri_without_its_module(self) -> None:
        if self.rig.name == "tpm2":
            return  # its module uses OpenSSL itself, and there meets the engine
        profile = self.provide_by_import()
        conf, message, signature = (self.dir / name for name in ("engine.cnf", "message", "signature"))
        reserved = f"INIT_ARGS = {self.rig.reserved}\n" if self.rig.reserved else ""
        conf.write_text(_ENGINE.format(module=self.rig.library) + reserved)
        message.write_bytes(_MESSAGE)
        # The engine takes a line break for a part of the PIN.
        pin = self.dir / "engine-pin"
        pin.write_text(self.rig.pin)
        # As docs/library.md says: what comes after the "?" is for ssa-hsm.
        uri = profile["PRIVATE_KEY"].partition("?")[0] + f"?pin-source=file:{pin}"
        argv = [*self.rig.wrapper, places.tool("openssl"), "dgst", "-engine", "pkcs11", "-keyform", "engine"]
        argv += ["-sha256", "-sign", uri, "-out", str(signature), str(message)]
        result = self.run_command(argv, env={"OPENSSL_CONF": str(conf)})
        self.assertEqual(result.code, 0, result)
        self.assertNotIn(self.rig.pin, re.sub(r"[0-9a-f]{9,}", "", result.out + result.err))
        self.check_signature(profile["KEY_ID"], Path(signature).read_bytes())
