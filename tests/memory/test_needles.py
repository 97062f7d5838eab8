#!/usr/bin/python3
"""Are the needles those pieces of a secret that would tell it, in every form it may take?"""

from __future__ import annotations

import base64
import ctypes
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from cryptography.hazmat.primitives import serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: E402

import needles  # noqa: E402
import search  # noqa: E402


class Needles(unittest.TestCase):
    library: ctypes.CDLL
    key: rsa.RSAPrivateKey
    pkcs1: bytes

    @classmethod
    def setUpClass(cls) -> None:
        cls.key = rsa.generate_private_key(65537, 2048)
        cls.pkcs1 = cls.pem(serialization.PrivateFormat.TraditionalOpenSSL)
        with tempfile.TemporaryDirectory() as folder:
            scanner = search.build_scanner(Path(folder))
            searcher = search.Searcher(scanner, needles.Source([], [], {}, {}))
        cls.library = searcher._library

    @classmethod
    def pem(cls, form: serialization.PrivateFormat) -> bytes:
        return cls.key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())

    def found(self, secrets: list[needles.Secret], memory: bytes) -> set[str]:
        named: dict[bytes, str] = {}
        for secret in secrets:
            for piece in secret.pieces():
                named.setdefault(piece, secret.name)
        prepared = search._Needles(self.library, named)
        return {prepared.names[index] for _, index in prepared.find(bytearray(memory), len(memory))}

    def test_every_number_in_both_orders_at_any_offset(self) -> None:
        numbers = self.key.private_numbers()
        secrets = needles.of_key(self.pkcs1, "k")
        for name in ("d", "p", "q", "dmp1", "dmq1", "iqmp"):
            number = getattr(numbers, name)
            label = {"dmp1": "dp", "dmq1": "dq", "iqmp": "qinv"}.get(name, name)
            for order in ("big", "little"):
                data = number.to_bytes((number.bit_length() + 7) // 8, order)
                for offset in range(9):
                    # 15 bytes hold a whole piece wherever they are cut out.
                    memory = bytes(offset) + data[64 + offset : 79 + offset] + bytes(3)
                    self.assertEqual(self.found(secrets, memory), {f"key numbers: {label} of k, {order}-endian"})

    def test_what_is_public_is_no_needle(self) -> None:
        public = self.key.public_key()
        secrets = needles.of_key(self.pkcs1, "k")
        for form in (serialization.PublicFormat.PKCS1, serialization.PublicFormat.SubjectPublicKeyInfo):
            self.assertEqual(self.found(secrets, public.public_bytes(serialization.Encoding.DER, form)), set())

    def test_another_key_is_not_taken_for_it(self) -> None:
        for form in (serialization.PrivateFormat.TraditionalOpenSSL, serialization.PrivateFormat.PKCS8):
            other = rsa.generate_private_key(65537, 2048)
            text = other.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
            self.assertEqual(self.found(needles.of_key(self.pem(form), "k"), text * 2), set())

    def test_text_of_both_pem_forms_with_any_line_ends(self) -> None:
        for form in (serialization.PrivateFormat.TraditionalOpenSSL, serialization.PrivateFormat.PKCS8):
            text = self.pem(form)
            secrets = needles.of_key(text, "k")
            for end in (b"", b"\n", b"\r\n", b"\\n"):
                lines = end.join(text.splitlines()[5:9])
                self.assertTrue(self.found(secrets, b"x" + lines))
            # 31 characters of a line hold a whole piece of 16.
            self.assertTrue(self.found(secrets, text.splitlines()[7][3:34]))

    def test_a_client_secret_in_a_basic_header_of_any_alignment(self) -> None:
        secrets = needles.of_secret(b"a-Secret/with+odd=signs", "s")
        for length in range(5, 11):
            header = base64.b64encode(b"i" * length + b":" + b"a-Secret/with+odd=signs")
            self.assertTrue(self.found(secrets, b"Authorization: Basic " + header + b"\r\n"))
        self.assertEqual(self.found(secrets, b"secret=a-Secret%2Fwith%2Bodd%3Dsigns"), {"s", "s URL-encoded"})

    def test_a_key_of_tls_in_the_forms_that_libraries_have(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        for form in (serialization.PrivateFormat.TraditionalOpenSSL, serialization.PrivateFormat.PKCS8):
            pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
            secrets = needles.of_tls_key(pem, "TLS key")
            number = key.private_numbers().private_value.to_bytes(32, "big")
            for text in (number[:9], number[::-1][20:], b"".join(pem.splitlines()[1:-1])):
                self.assertTrue(self.found(secrets, b"x" + text), text)
            public = key.public_key().public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            self.assertEqual(self.found(secrets, public), set())

    def test_what_was_printed_for_a_caller_is_read_once_it_is_there(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            printed = Path(folder) / "postman.env"
            source = needles.Source([], [], {}, {}, printed=[str(printed)])
            self.assertEqual(source.read(), ([], 0))
            printed.write_text('APS_CLIENT_ID="x"\nAPS_CLIENT_SECRET="Sesame-Open"\n')
            self.assertIn("caller's secret in postman", self.found(source.read()[0], b"xSesame-Openx"))

    def test_a_short_secret_is_refused_for_it_would_be_found_anywhere(self) -> None:
        with self.assertRaises(ValueError):
            needles.of_secret(b"1234567", "PIN")

    def test_no_name_tells_a_value(self) -> None:
        for secret in needles.of_secret(b"Sesame-Open", "PIN") + needles.of_key(self.pkcs1, "k"):
            for piece, name in {**secret.pieces(), **secret.windows()}.items():
                self.assertNotIn(piece, name.encode())


if __name__ == "__main__":
    unittest.main()
