"""Modules that tell of more than there is, of less, or of the same for ever; and tokens with more keys than anybody has."""

from __future__ import annotations

import json
import shutil
import subprocess
import uuid
from pathlib import Path
from typing import Any

import jwt as pyjwt
import keyfiles
import places
from fault_support import FaultCase
from harness import LABEL

PRIVATE, PUBLIC = "class=CKO_PRIVATE_KEY", "class=CKO_PUBLIC_KEY"
MANY = 300 if places.sanitized() else 1100


class Lying(FaultCase):
    def setUp(self) -> None:
        super().setUp()
        self.own = self.provisioned()

    def key_uris(self) -> list[str]:
        found = json.loads(self.expect(self.run_program("hsm", "list", "--login", "--json"), 0).out)
        return [one["uri"] for one in found if one["kind"] == "key"]

    def listed(self, *more: str) -> list[dict[str, Any]]:
        return list(json.loads(self.expect(self.run_program("key", "list", "--json", *more), 0).out))

    def signs(self) -> None:
        signed = self.expect(self.run_program("jwt"), 0).out.strip()
        self.assertEqual(pyjwt.get_unverified_header(signed)["kid"], self.own["KEY_ID"])
        self.assertEqual(len(signed.split(".")[2]), 342)


class Counts(Lying):
    def test_more_objects_than_there_was_room_for(self) -> None:
        for count in (3, 513, 100000, 2**62):
            with self.subTest(count), self.shim(f"C_FindObjects * claim {count}"):
                self.signs()
                self.assertEqual(len(self.key_uris()), 1)
                (key,) = self.listed("--login")
                self.assertEqual([p["privateKey"] for p in key["tokens"]], [True])
                self.expect(self.run_program("key", "verify"), 0)

    def test_more_slots_than_there_was_room_for(self) -> None:
        for count in (257, 100000, 2**62):
            with self.subTest(count), self.shim(f"C_GetSlotList * claim {count}"):
                self.signs()
                tokens = json.loads(self.expect(self.run_program("hsm", "list", "--json"), 0).out)
                self.assertEqual([t["label"] for t in tokens if t["kind"] == "token"], [LABEL])

    def test_a_longer_signature_than_there_was_room_for(self) -> None:
        for absent in ((), (f"attribute CKA_MODULUS absent {PRIVATE}",)):
            for count in (100000, 2**62, 1, 0):
                with self.subTest(count, absent=absent), self.shim(f"C_Sign * claim {count}", *absent):
                    self.expect_failure(self.run_program("jwt"), 7, "signature", str(count))
        self.assertEqual(self.api.asked(), [])

    def test_a_search_that_begins_again_at_its_end(self) -> None:
        with self.shim("find repeats"):
            self.signs()
            self.assertEqual(len(self.key_uris()), 1)
            (key,) = self.listed("--login")
            self.assertEqual(len(key["tokens"]), 1)

    def test_a_search_without_an_end_is_an_error_that_says_so(self) -> None:
        with self.shim("find endless"):
            self.expect_failure(self.run_program("hsm", "list", "--login"), 7, "more than", "objects")
            if not places.sanitized():
                # The same search; it takes a second.
                self.expect_failure(self.run_program("key", "list", "--login", "--json"), 7, "more than", "objects")
            self.expect(self.run_program("key", "list"), 0, "cannot be searched for keys, or holds more")


class Attributes(Lying):
    def test_lengths_beyond_the_room(self) -> None:
        lengths = ("4097", "0x7fffffffffffffff", "0xfffffffffffffffe")
        names = ("CKA_ID", "CKA_LABEL", "CKA_MODULUS", "CKA_PUBLIC_EXPONENT", "CKA_ALWAYS_AUTHENTICATE")
        for turn, name in enumerate(names):
            for length in places.some_of(lengths, 3, turn):
                with self.subTest(name, length=length), self.shim(f"attribute {name} length:{length} {PRIVATE}"):
                    self.signs()
                    self.assertEqual(len(self.key_uris()), 1)
                    self.listed("--login")
                    self.expect(self.run_program("key", "verify"), 0)

    def test_lengths_beyond_the_room_of_what_must_be_read_back(self) -> None:
        for name in ("CKA_SENSITIVE", "CKA_EXTRACTABLE"):
            with self.subTest(name), self.shim(f"attribute {name} length:100000 {PRIVATE}"):
                self.expect(self.run_program("key", "verify"), 7, name)

    def test_one_that_it_does_not_know_is_an_error_of_all(self) -> None:
        names = ("CKA_ALWAYS_AUTHENTICATE", "CKA_SIGN_RECOVER", "CKA_DERIVE", "CKA_ALLOWED_MECHANISMS")
        for turn, code in enumerate(("CKR_GENERAL_ERROR", "CKR_FUNCTION_FAILED", "CKR_ARGUMENTS_BAD", "0x80000001")):
            for name in places.some_of(names, 4, turn):
                with self.subTest(code, name=name), self.shim(f"C_GetAttributeValue attr={name} return {code}"):
                    self.signs()
                    told = json.loads(self.expect(self.run_program("key", "verify", "--json"), 0).out)
                    values = {a["name"]: a["value"] for a in told["attributes"]}
                    self.assertIs(values["CKA_SENSITIVE"], True)
                    self.assertIsNone(values.get(name))
                    self.assertEqual(len(self.key_uris()), 1)

    def test_so_it_is_while_a_key_is_made(self) -> None:
        for name in ("CKA_ALWAYS_AUTHENTICATE", "CKA_SIGN_RECOVER", "CKA_DERIVE"):
            self.fresh()
            with self.subTest(name), self.shim(f"C_GetAttributeValue attr={name} return CKR_GENERAL_ERROR"):
                self.expect(self.create(), 0)
                self.expect(self.run_program("token"), 0)

    def test_what_must_be_told_and_is_not(self) -> None:
        for name in ("CKA_SENSITIVE", "CKA_EXTRACTABLE", "CKA_PRIVATE"):
            with self.subTest(name), self.shim(f"C_GetAttributeValue attr={name} return CKR_GENERAL_ERROR"):
                self.expect(self.run_program("key", "verify"), 7, name)

    def test_the_token_that_goes_is_not_asked_for_each(self) -> None:
        with self.shim("C_GetAttributeValue 1+ return CKR_DEVICE_REMOVED") as log:
            self.expect_failure(self.run_program("jwt"), 7, "CKR_DEVICE_REMOVED")
        self.assertEqual(log.count("C_GetAttributeValue"), 1)


    def test_nor_are_the_keys_called_absent_of_one_that_goes_while_they_are_read(self) -> None:
        with self.shim("C_GetAttributeValue 1+ return CKR_DEVICE_REMOVED"):
            self.expect(self.run_program("key", "list"), 0, "cannot be searched for keys")
            told = self.run_program("doctor")
        self.assertEqual(told.code, 7, str(told))
        self.assertIn("CKR_DEVICE_REMOVED", told.out)


class PublicHalf(Lying):
    """A private key whose object does not tell its modulus, as pkcs11-tool writes one on a card of OpenSC's."""

    UNTOLD = (f"attribute CKA_MODULUS absent {PRIVATE}", f"attribute CKA_PUBLIC_EXPONENT absent {PRIVATE}")

    def delete_public(self) -> None:
        done = self.store.tool("--delete-object", "--type", "pubkey", "--id", self.own["KEY_ID"].encode().hex())
        self.assertEqual(done.returncode, 0, done.stderr)

    def write_certificate(self) -> None:
        """Of the key in question, signed by another: it is the public half that counts."""
        kid = self.own["KEY_ID"].encode().hex()
        der, pem, made = (self.dir / name for name in ("half.der", "half.pem", "made.der"))
        done = self.store.tool("--read-object", "--type", "pubkey", "--id", kid, "-o", str(der), pin=None)
        self.assertEqual(done.returncode, 0, done.stderr)
        openssl = places.tool("openssl")
        for command in (
            ["rsa", "-pubin", "-inform", "DER", "-in", str(der), "-pubout", "-out", str(pem)],
            ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-keyout", str(self.dir / "ca.key"),
             "-out", str(self.dir / "ca.pem")],
            ["x509", "-new", "-force_pubkey", str(pem), "-subj", "/CN=y", "-CA", str(self.dir / "ca.pem"), "-CAkey",
             str(self.dir / "ca.key"), "-outform", "DER", "-out", str(made)],
        ):  # fmt: skip
            subprocess.run([openssl, *command], check=True, capture_output=True, timeout=60)
        done = self.store.tool("--write-object", str(made), "--type", "cert", "--id", kid)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_public_object_tells_it(self) -> None:
        with self.shim(*self.UNTOLD):
            self.signs()
            self.expect(self.run_program("token"), 0)
            self.expect(self.run_program("key", "verify"), 0, out=None)
            (key,) = self.listed("--login")
            self.assertEqual([p["privateKey"] for p in key["tokens"]], [True])

    def test_a_certificate_tells_it(self) -> None:
        self.write_certificate()
        self.delete_public()
        with self.shim(*self.UNTOLD):
            self.signs()
            told = json.loads(self.expect(self.run_program("key", "verify", "--json"), 0).out)
            self.assertEqual((told["bits"], told["signatureVerified"]), (2048, True))
            (key,) = self.listed("--login")
            self.assertEqual([p["privateKey"] for p in key["tokens"]], [True])
            self.assertRegex(key["tokens"][0]["modulusSha256"], r"\A[0-9a-f]{64}\Z")

    def test_nothing_tells_it_and_the_key_signs_all_the_same(self) -> None:
        self.delete_public()
        with self.shim(*self.UNTOLD):
            self.signs()
            self.expect(self.run_program("token"), 0)
            self.assertEqual([u.split("?")[0] for u in self.key_uris()], [self.own["PRIVATE_KEY"].split("?")[0]])
            (key,) = self.listed("--login")
            self.assertEqual([(p["privateKey"], p["modulusSha256"]) for p in key["tokens"]], [(True, None)])
            self.assertFalse(key["conflict"])
            # What nobody can verify is not verified.
            refused = self.expect(self.run_program("key", "verify"), 7, "public half nowhere")
            self.assertEqual(self.paste(refused, "ssa-hsm jwt").out.count("."), 2)
            self.paste(refused, "ssa-hsm token")
            self.assertIsNone(json.loads(self.run_program("key", "verify", "--json").out)["evidence"])

    def test_a_key_that_is_made_there_is_proved_with_the_numbers_that_came(self) -> None:
        self.fresh()
        with self.shim(*self.UNTOLD, *("info manufacturer Acme", "token manufacturer Acme"),
                       f"C_CreateObject * {PUBLIC} return CKR_FUNCTION_NOT_SUPPORTED"):  # fmt: skip
            self.expect(self.create(), 0)
            self.expect(self.run_program("token"), 0)
        self.fresh()
        with self.shim(*self.UNTOLD, "C_Sign 2 corrupt"):
            self.expect_failure(self.create(), 12, "does not verify")
        self.assert_nothing_left()


class Fresh(FaultCase):
    """What a handle tells right after the creation is not what a fresh session sees: OpenSC's cards are such."""

    def test_it_is_looked_at_again_in_a_fresh_session(self) -> None:
        rules = (f"CKA_SENSITIVE false {PRIVATE}", f"CKA_EXTRACTABLE true {PRIVATE}", f"CKA_PRIVATE absent {PRIVATE}")
        for turn, rule in enumerate(rules):
            for more in places.some_of(((), ("--rehearse",)), 2, turn):
                self.fresh()
                with self.subTest(rule, more=more), self.shim(f"attribute {rule} on-token while-new") as log:
                    self.expect(self.create(*more), 0)
                    self.assertEqual({c.rv for c in log.of("C_Login")}, {"CKR_OK"})
                self.expect(self.run_program("key", "verify"), 0)
                self.assertEqual(len(self.objects()), 2)

    def test_what_it_says_there_too_is_refused_and_undone(self) -> None:
        for more in ((), ("--rehearse",)):
            self.fresh()
            with self.subTest(more=more), self.shim(f"attribute CKA_SENSITIVE false {PRIVATE} on-token"):
                self.expect_failure(self.create(*more), 7 if more else 12, "CKA_SENSITIVE=false")
            self.assert_nothing_left()

    def test_a_rehearsal_on_the_token_that_was_looked_at_again_leaves_nothing_for_the_next_way(self) -> None:
        with self.shim(f"attribute CKA_SENSITIVE false {PRIVATE} on-token", "mechanism rsa-aes-wrap"):
            self.expect_failure(self.create("--import", "auto", "--rehearse"), 7, "CKA_SENSITIVE=false")
        self.assert_nothing_left()


class Many(Lying):
    """Objects of SoftHSM are files: one is copied, with another name and, where it is not encrypted, id."""

    def token_folder(self) -> Path:
        (folder,) = self.store.tokens.iterdir()
        return folder

    def copies(self, file: Path, ids: list[str] | None = None) -> None:
        modulus = keyfiles.public_on_token(self.store, self.own["KEY_ID"]).public_numbers().n.to_bytes(256, "big")
        for index in range(MANY):
            target = file.with_name(f"{uuid.uuid4()}.object")
            data = file.read_bytes()
            if ids:
                # Another key, as far as the public half shows.
                number = modulus[:100] + index.to_bytes(4, "big") + modulus[104:]
                data = data.replace(self.own["KEY_ID"].encode(), ids[index].encode()).replace(modulus, number)
            target.write_bytes(data)
            shutil.copy2(file.with_suffix(".lock"), target.with_suffix(".lock"))

    def fill(self) -> list[str]:
        ids = [str(uuid.uuid4()) for _ in range(MANY)]
        for file in list(self.token_folder().glob("*.object")):
            if file.name == "token.object":
                continue
            public = self.own["KEY_ID"].encode() in file.read_bytes()
            self.copies(file, ids if public else None)
        return ids

    def same(self, ids: set[str], found: list[dict[str, Any]]) -> None:
        """In few words, where they are not."""
        listed = [key["keyId"] for key in found]
        self.assertEqual((len(listed), sorted(ids - {*listed})[:3], sorted({*listed} - ids)[:3]), (len(ids), [], []))

    def test_hsm_list_shows_each(self) -> None:
        self.fill()
        self.assertEqual(len(self.key_uris()), MANY + 1)
        text = self.expect(self.run_program("hsm", "list", "--login"), 0).out
        self.assertEqual(text.count("\n  key "), MANY + 1)

    def test_key_list_shows_each(self) -> None:
        ids = self.fill()
        for login in ((), ("--login",)):
            found = self.listed(*login)
            self.same({self.own["KEY_ID"], *ids}, found)

    def test_prune_takes_the_one_that_is_gone_and_no_other(self) -> None:
        self.fresh()
        self.expect(self.create("--profile", "first"), 0)
        first = self.own = self.profile("first")
        ids = self.fill()
        account = first["SERVICE_ACCOUNT_ID"]
        self.expect(self.run_program("key", "create", "--account", account, "--profile", "second"), 0)
        second = self.profile("second")
        self.profile_path("second").unlink()
        self.expect(self.run_program("key", "delete", second["KEY_ID"], "--account", account, "--yes"), 0)
        self.expect(self.run_program("key", "prune", "--yes", "--profile", "first"), 0)
        found = self.listed("--profile", "first")
        self.same({first["KEY_ID"], *ids}, found)
