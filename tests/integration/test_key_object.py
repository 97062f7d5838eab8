"""What lies on the token after a key was made, looked at by pkcs11-tool, and every shape of key the API may send."""

from __future__ import annotations

import re
import subprocess
import sys

import keyfiles
import places
from harness import PIN, Case

# Reads one attribute of a private key in a process of its own: SoftHSM reads its configuration once a process.
READER = """
import ctypes, sys
from ctypes import byref, c_ulong, c_void_p, c_ubyte, POINTER, CFUNCTYPE
module, pin, key_id, *attributes = sys.argv[1:]
lib = ctypes.CDLL(module)
class Attribute(ctypes.Structure):
    _fields_ = [("type", c_ulong), ("value", c_void_p), ("length", c_ulong)]
def ok(rv):
    assert rv == 0, hex(rv)
ok(lib.C_Initialize(None))
slots, count = (c_ulong * 8)(), c_ulong(8)
ok(lib.C_GetSlotList(c_ubyte(1), slots, byref(count)))
session = c_ulong()
ok(lib.C_OpenSession(c_ulong(slots[0]), c_ulong(4), None, None, byref(session)))
ok(lib.C_Login(session, c_ulong(1), pin.encode(), c_ulong(len(pin))))
wanted = bytes.fromhex(key_id)
cls = c_ulong(3)
template = (Attribute * 2)(Attribute(0, ctypes.cast(byref(cls), c_void_p), 8),
                           Attribute(0x102, ctypes.cast(ctypes.c_char_p(wanted), c_void_p), len(wanted)))
ok(lib.C_FindObjectsInit(session, template, c_ulong(2)))
objects, found = (c_ulong * 2)(), c_ulong()
ok(lib.C_FindObjects(session, objects, c_ulong(2), byref(found)))
assert found.value == 1, found.value
for name in attributes:
    buffer = ctypes.create_string_buffer(1024)
    one = Attribute(int(name, 16), ctypes.cast(buffer, c_void_p), 1024)
    rv = lib.C_GetAttributeValue(session, c_ulong(objects[0]), byref(one), c_ulong(1))
    print(name, hex(rv), buffer.raw[:one.length].hex() if rv == 0 else "-")
"""
YES, NO = "01", "00"
SENSITIVE_VALUE = "0x11"  # CKR_ATTRIBUTE_SENSITIVE
NUMBERS = {"d": "0x123", "p": "0x124", "q": "0x125", "dp": "0x126", "dq": "0x127", "qinv": "0x128"}
FLAGS = {
    "0x1": YES, "0x2": YES, "0x103": YES, "0x162": NO, "0x108": YES,  # token, private, sensitive, extractable, sign
    "0x105": NO, "0x107": NO, "0x109": NO, "0x10c": NO,  # decrypt, unwrap, sign with recovery, derive
}  # fmt: skip


class KeyObject(Case):
    def attributes(self, key_id: str, *names: str) -> dict[str, tuple[str, str]]:
        command = [sys.executable, "-c", READER, str(places.softhsm()), PIN, key_id.encode().hex(), *names]
        done = subprocess.run(command, env=self.store.env, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return {line.split()[0]: (line.split()[1], line.split()[2]) for line in done.stdout.splitlines()}

    def objects(self) -> list[str]:
        return [o for o in re.split(r"\n(?=\S)", self.store.tool("-O").stdout.strip()) if o]

    def test_the_private_key_may_sign_and_nothing_else(self) -> None:
        self.provisioned()
        private = next(o for o in self.objects() if o.startswith("Private Key Object"))
        self.assertRegex(private, r"Usage: +sign\n")
        self.assertIn("sensitive", private)

    def test_its_attributes_are_strict(self) -> None:
        key_id = self.provisioned()["KEY_ID"]
        self.assertEqual(self.attributes(key_id, *FLAGS), {n: ("0x0", v) for n, v in FLAGS.items()})

    def test_no_private_number_can_be_read_even_with_the_pin(self) -> None:
        key_id = self.provisioned()["KEY_ID"]
        found = self.attributes(key_id, *NUMBERS.values())
        self.assertEqual(found, {n: (SENSITIVE_VALUE, "-") for n in NUMBERS.values()})

    def test_id_and_label_say_whose_it_is(self) -> None:
        profile = self.provisioned()
        name = profile["SSA_EMAIL"].split("@")[0]
        for one in self.objects():
            self.assertRegex(one, rf"ID: +{profile['KEY_ID'].encode().hex()}\n")
            self.assertRegex(one, rf"label: +{name} {profile['KEY_ID']}\n")

    def test_the_public_half_is_there_and_there_is_nothing_else(self) -> None:
        profile = self.provisioned()
        kinds = sorted(o.split(";")[0] for o in self.objects())
        self.assertEqual(kinds, ["Private Key Object", "Public Key Object"])
        self.assertEqual(keyfiles.public_on_token(self.store, profile["KEY_ID"]).key_size, 2048)


class KeyShapes(Case):
    """PKCS#1 or PKCS#8, LF or CRLF, with and without the last line's end, 2048 to 4096 bits."""

    def create_and_use(self, name: str) -> None:
        self.expect(self.run_program("account", "create", "service", name, "--profile", name), 0)
        self.expect(self.run_program("token", "--profile", name), 0)
        key_id = self.profile(name)["KEY_ID"]
        wanted = keyfiles.private_key_of(self.api.issued(key_id)).public_key()
        self.assertEqual(keyfiles.public_on_token(self.store, key_id).public_numbers(), wanted.public_numbers())

    def test_every_way_to_write_a_pem_is_imported(self) -> None:
        for i, shape in enumerate(keyfiles.SHAPES):
            with self.subTest(**shape):
                self.api.control("POST", "keys", **shape)
                self.create_and_use(f"shape-{i:05}")

    def test_every_size_of_key_is_imported(self) -> None:
        for bits in (3072, 4096):
            with self.subTest(bits=bits):
                # A key of ours: making one anew takes seconds for 4096 bits.
                self.api.control("POST", "keys", pem=keyfiles.pem(bits, pkcs8=bits == 4096))
                self.create_and_use(f"bits-{bits}")

    def test_a_longer_signature_costs_no_second_request(self) -> None:
        # The size of the request is told to the server before the token signs.
        self.api.control("POST", "keys", pem=keyfiles.pem(3072))
        self.expect(self.run_program("account", "create", "service", "longer-key"), 0)
        self.api.forget_requests()
        self.expect(self.run_program("token"), 0)
        self.assertEqual(self.api.asked(), ["POST /token"])
