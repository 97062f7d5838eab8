"""What a key may be used with: raw RSA over a ciphertext would decrypt it, whatever CKA_DECRYPT says."""

from __future__ import annotations

import json
import subprocess
import sys

import keyfiles
import places
from evidence_support import EvidenceCase
from fault_support import FaultCase
from harness import PIN
from test_key_object import READER
from test_other_tokens import PRIVATE, UNKNOWN

# Encrypts for the key and has the token sign the ciphertext by CKM_RSA_X_509: what comes out is what went in.
DECRYPTER = READER[: READER.index("for name in attributes:")] + """
ok(lib.C_FindObjectsFinal(session))
n, e = int(attributes[0], 16), 65537
ciphertext = pow(int.from_bytes(b"a secret", "big"), e, n).to_bytes(256, "big")
raw = (c_ulong * 3)(3, 0, 0)
rv = lib.C_SignInit(session, byref(raw), c_ulong(objects[0]))
if rv == 0:
    out, size = ctypes.create_string_buffer(256), c_ulong(256)
    rv = lib.C_Sign(session, ciphertext, c_ulong(256), out, byref(size))
    print(out.raw.strip(bytes(1)).decode(errors="replace"))
print(hex(rv))
"""
MECHANISM_INVALID = "0x70"
# In SoftHSM's order.
ALLOWED = ["CKM_RSA_PKCS", "CKM_SHA256_RSA_PKCS"]
LIST = "CKA_ALLOWED_MECHANISMS"


class RawRsa(FaultCase):
    def raw_rsa(self) -> list[str]:
        """What is decrypted, if anything, and the last return value."""
        key_id = self.profile()["KEY_ID"]
        number = keyfiles.public_on_token(self.store, key_id).public_numbers().n
        command = [sys.executable, "-c", DECRYPTER, str(places.softhsm()), PIN, key_id.encode().hex(), f"{number:x}"]
        done = subprocess.run(command, env=self.store.env, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.splitlines()

    def mechanisms(self) -> tuple[list[str] | None, bool | None]:
        told = json.loads(self.expect(self.run_program("key", "verify", "--json"), 0).out)
        return told["allowedMechanisms"], told["rawRsa"]

    def made(self, way: str, *script: str) -> str:
        """An account whose key signs; what was said of the way."""
        with self.shim(*script):
            said = self.expect(self.create("--import", way, "-v"), 0).err
            self.expect(self.run_program("token"), 0)
        self.assertIn("import: wrapped" if way == "wrap" else "import: plain", said)
        return said

    def test_it_does_not_decrypt(self) -> None:
        for way in ("plain", "wrap"):
            for known in ((), UNKNOWN):
                self.fresh()
                with self.subTest(way, known=not known):
                    self.assertNotIn(LIST, self.made(way, *known))
                    self.assertEqual(self.raw_rsa(), [MECHANISM_INVALID])
                    self.assertEqual(self.mechanisms(), (ALLOWED, False))
                    shown = self.expect(self.run_program("key", "verify"), 0)
                    self.assertRegex(shown.out, rf"{LIST} +{', '.join(ALLOWED)}\n")
                    self.assertRegex(shown.out, r"raw RSA +refused\n")
                    self.assertNotIn("raw RSA", shown.err)

    def test_so_it_is_after_a_rotation_and_after_recovery(self) -> None:
        self.made("plain")
        self.expect(self.run_program("key", "rotate", "--now", "--yes"), 0)
        self.assertEqual(self.raw_rsa(), [MECHANISM_INVALID])
        for way in ("plain", "wrap"):
            self.fresh()
            with self.shim("C_CreateObject class=CKO_PUBLIC_KEY 2 kill"):
                self.create("--import", way)
            self.expect(self.run_program("key", "recover", "--yes"), 0)
            self.assert_both_sides_agree()
            if self.profile_path().exists():
                self.assertEqual(self.raw_rsa(), [MECHANISM_INVALID])
                self.assertEqual(self.mechanisms(), (ALLOWED, False))

    def test_a_token_that_signs_the_digest_alone_signs_with_such_a_key(self) -> None:
        for way in ("plain", "wrap"):
            self.fresh()
            self.made(way, "mechanism hide CKM_SHA256_RSA_PKCS")
            self.assertEqual(self.raw_rsa(), [MECHANISM_INVALID])

    def test_a_key_without_the_list_is_noted_and_is_no_failure(self) -> None:
        for way in ("plain", "wrap"):
            for rule in ("template drop", "template refuse"):
                self.fresh()
                with self.subTest(way, rule=rule):
                    said = self.made(way, f"{rule} {LIST} {PRIVATE}")
                    self.assertEqual(LIST in said, rule == "template refuse")
                    self.assertEqual(self.raw_rsa(), ["a secret", "0x0"])
                    self.assertEqual(self.mechanisms(), ([], True))
                    shown = self.expect(self.run_program("key", "verify"), 0, "raw RSA", "CKM_RSA_X_509")
                    self.assertRegex(shown.out, r"raw RSA +possible")

    def test_a_token_that_stumbles_over_the_list_gets_the_key_without(self) -> None:
        for script in (
            (f"template refuse {LIST} {PRIVATE}",),
            # It takes it for a session object, and not for one that stays.
            (f"template refuse {LIST} {PRIVATE} on-token",),
            (f"C_CreateObject 2 {PRIVATE} attr={LIST} return CKR_GENERAL_ERROR",),
        ):
            for more in ((), ("--rehearse",)):
                self.fresh()
                with self.subTest(script, more=more), self.shim(*UNKNOWN, *script):
                    self.expect(self.create(*more), 0)
                    self.expect(self.run_program("token"), 0)
                self.assertEqual(len(self.objects()), 2)

    def test_one_that_takes_a_list_and_then_signs_with_none_of_it(self) -> None:
        # The shim gives this list whatever it is asked for: nothing helps, and nothing is left.
        for known in ((), UNKNOWN):
            with self.shim(f"template set {LIST} 0x0300000000000000 {PRIVATE}", *known):
                self.expect_failure(self.create(), 7, "CKR_MECHANISM_INVALID")
            self.assert_nothing_left()

    def test_one_that_does_not_sign_with_a_key_that_has_a_list_gets_one_without(self) -> None:
        refuses = "C_SignInit 1 return CKR_KEY_TYPE_INCONSISTENT"
        for way in ("plain", "wrap"):
            self.fresh()
            with self.subTest(way), self.shim(refuses, *UNKNOWN):
                self.assertIn(LIST, self.expect(self.create("--import", way, "-v"), 0).err)
            self.expect(self.run_program("token"), 0)
        self.fresh()
        with self.shim(refuses):
            self.expect_failure(self.create(), 7, "CKR_KEY_TYPE_INCONSISTENT")

    def test_the_session_is_fit_to_sign_after_raw_rsa_was_begun(self) -> None:
        self.made("plain", f"template drop {LIST} {PRIVATE}")
        with self.shim() as log:
            self.assertEqual(self.mechanisms(), ([], True))
            self.assertEqual((log.count("C_OpenSession"), log.count("C_CloseSession")), (2, 2))
            self.assertEqual((log.count("C_Sign"), log.count("C_Login")), (2, 1))
        for rule in ("C_OpenSession 2 return CKR_SESSION_COUNT", "C_SignInit mech=CKM_RSA_X_509 return CKR_DEVICE_ERROR"):
            with self.subTest(rule), self.shim(rule):
                self.assertEqual(self.mechanisms(), ([], None))
        with self.shim("mechanism hide CKM_RSA_X_509") as log:
            self.assertEqual(self.mechanisms(), ([], False))
            self.assertEqual(log.count("C_OpenSession"), 1)

    def test_lists_of_any_kind(self) -> None:
        self.made("plain")
        many = "0x" + "0100000000000000" * 40
        for value, told in (("absent", None), ("length:100000", None), ("0x0f00", []), (many, None),
                            ("0x0d000000000000000100008000000000", ["CKM_RSA_PKCS_PSS", "0x80000001"])):  # fmt: skip
            with self.subTest(value), self.shim(f"attribute {LIST} {value} {PRIVATE}"):
                self.assertEqual(self.mechanisms()[0], told)
                self.expect(self.run_program("key", "verify"), 0)


class Record(EvidenceCase):
    def test_it_is_part_of_what_the_key_signs(self) -> None:
        text = self.evidence("--challenge", "x")
        record = json.loads(text)
        self.assertEqual((record["allowedMechanisms"], record["rawRsa"]), (ALLOWED, False))
        self.assertEqual(self.verifier(text).returncode, 0)
        self.refused(text.replace('"rawRsa": false', '"rawRsa": true'))
