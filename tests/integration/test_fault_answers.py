"""A key request answered with something that is no usable key: told, and undone."""

from __future__ import annotations

import subprocess
from typing import Any

import keyfiles
import places
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from emulation import OWN_KEY, TRANSPORT_KEY, pool_key
from fault_support import KEYS, FaultCase


def _pem(key: Any, encryption: Any = None, pkcs8: bool = False) -> str:
    form = serialization.PrivateFormat.PKCS8 if pkcs8 else serialization.PrivateFormat.TraditionalOpenSSL
    hidden = encryption or serialization.NoEncryption()
    return str(key.private_bytes(serialization.Encoding.PEM, form, hidden).decode())


def _key(number: int = OWN_KEY) -> rsa.RSAPrivateKey:
    return keyfiles.private_key_of(pool_key(number))


class BadKeys(FaultCase):
    good: str

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.good = _pem(_key())

    def refused(self, pem: str, *words: str) -> None:
        self.api.control("POST", "keys", pem=pem)
        result = self.expect_failure(self.create(), 12, "is deleted again at the API", *words)
        self.assert_nothing_left()
        for line in pem.splitlines()[1:-1]:
            if len(line) > 20:
                self.assertNotIn(line, result.err, "a part of the key was shown")

    def test_cut(self) -> None:
        self.refused(self.good[: len(self.good) // 2])

    def test_without_its_end_line(self) -> None:
        self.refused(self.good.split("-----END")[0])

    def test_a_line_is_missing(self) -> None:
        lines = self.good.splitlines(keepends=True)
        self.refused("".join(lines[:5] + lines[6:]))

    def test_garbage(self) -> None:
        for text in ("no key", "", " ", "-----BEGIN RSA PRIVATE KEY-----\n-----END RSA PRIVATE KEY-----\n", "\x00\x01"):
            with self.subTest(text=text):
                self.refused(text)
                self.api.clean()

    def test_bad_base64(self) -> None:
        lines = self.good.splitlines(keepends=True)
        self.refused("".join([lines[0], "*" + lines[1][1:], *lines[2:]]))

    def test_encrypted(self) -> None:
        hidden = serialization.BestAvailableEncryption(b"secret")
        for pkcs8 in (False, True):
            with self.subTest(pkcs8=pkcs8):
                self.refused(_pem(_key(), hidden, pkcs8), "encrypted")
                self.api.clean()

    def test_an_elliptic_curve_key(self) -> None:
        for pkcs8 in (False, True):
            with self.subTest(pkcs8=pkcs8):
                self.refused(_pem(ec.generate_private_key(ec.SECP256R1()), None, pkcs8), "RSA")
                self.api.clean()
        self.refused(_pem(ed25519.Ed25519PrivateKey.generate(), None, True), "RSA")

    def test_1024_bits(self) -> None:
        self.refused(_pem(rsa.generate_private_key(65537, 1024)), "2048")

    def test_a_public_key(self) -> None:
        public = _key().public_key()
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        self.refused(public.public_bytes(serialization.Encoding.PEM, form).decode())

    def test_numbers_that_do_not_belong_together(self) -> None:
        # Another key's private exponent: the token takes it, or not; no signature of it verifies.
        one, other = _key().private_numbers(), _key(TRANSPORT_KEY).private_numbers()
        values = [0, one.public_numbers.n, 65537, other.d, other.p, other.q, other.dmp1, other.dmq1, other.iqmp]
        lines = ["asn1=SEQUENCE:key", "[key]", *(f"n{i}=INTEGER:{v:#x}" for i, v in enumerate(values))]
        (self.dir / "key.cnf").write_text("\n".join(lines) + "\n")
        command = [places.tool("openssl"), "asn1parse", "-genconf", "key.cnf", "-noout", "-out", "key.der"]
        subprocess.run(command, cwd=self.dir, check=True, capture_output=True)
        convert = [places.tool("openssl"), "rsa", "-inform", "DER", "-in", "key.der", "-traditional"]
        done = subprocess.run(convert, cwd=self.dir, capture_output=True, text=True, check=True)
        self.refused(done.stdout)


class BadAnswers(FaultCase):
    def refused(self, body: object, *words: str, content_type: str = "application/json") -> None:
        self.api.fault("replace", method="POST", path=KEYS, body=body, content_type=content_type)
        self.expect_failure(self.create(), 12, "unusable", "is deleted again at the API", *words)
        self.assert_nothing_left()
        self.api.clean()

    def test_members_are_missing_or_of_another_kind(self) -> None:
        for body in (
            {"kid": "a-good-kid"},
            {"privateKey": "x"},
            {},
            {"kid": "", "privateKey": "x"},
            {"kid": None, "privateKey": "x"},
            {"kid": "a-good-kid", "privateKey": None},
            {"kid": "a-good-kid", "privateKey": ["x"]},
            {"key": {"kid": "a-good-kid", "privateKey": "x"}},
        ):
            with self.subTest(body=body):
                self.refused(body)

    def test_what_is_no_json(self) -> None:
        for text in ("", "<html>busy</html>", "[]", "7", "{", '{"kid": "x"', "null", '"kid"', "\x00", "[" * 5000):
            with self.subTest(text=text[:20]):
                self.refused(text)

    def test_characters_that_no_kid_has(self) -> None:
        # A kid becomes part of a path, a label, a URI, a profile and a message.
        kids = ("../x", "a/b", "a b", 'a"b', "a'b", "a\nb", "a\x1b[31mb", "a?b", "a#b", "a%2fb", "ä", "..", "k" * 400)
        for kid in places.some_of(kids, 3):
            with self.subTest(kid=kid):
                self.refused({"kid": kid, "privateKey": "x"})

    def test_an_answer_that_is_too_long(self) -> None:
        self.api.fault("replace", method="POST", path=KEYS, body="x" * 1_000_000)
        self.expect_failure(self.create(), 12, "longer than", "is deleted again")
        self.assert_nothing_left()
