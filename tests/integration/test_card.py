"""A card whose module takes an error of reading for an empty slot: no key that is there is ever written over."""

from __future__ import annotations

import functools
import json
import re
import subprocess
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path

import places
from fault_support import FaultCase
from harness import PIN, CallLog, Result

# From this firmware on the module shows the maker's own certificate.
ATTESTED = "token firmware 5 43"
ATTESTATION_ID = "19"
THEIRS = "theirs"
OURS = ("account", "create", "service", "our-own", "--profile", "ours")


@functools.cache
def script() -> str:
    return (places.HERE.parent / "shim" / "ykcs11.script").read_text().replace("@PIN@", PIN)


@functools.cache
def openssl(*arguments: str) -> bytes:
    """What it writes to OUT, always the same."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")
        command = [places.tool("openssl"), *(str(out) if a == "OUT" else a for a in arguments)]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        return out.read_bytes()


class CardCase(FaultCase):
    def begin(self, attested: bool) -> None:
        """Somebody else's key is in 9a, where a new one would go by itself."""
        self.fresh()
        self.attested = attested
        key = re.search(r"^so-pin (\w+)", script(), re.MULTILINE)
        assert key is not None
        self.env.update(SSA_HSM_SO_PIN_SOURCE="env:MANAGEMENT_KEY", MANAGEMENT_KEY=key[1])
        with self.shim(*script().splitlines()):
            self.expect(self.create("--profile", THEIRS), 0, "9a")
        # Another than theirs, so that one over the other is seen.
        pem = openssl("genrsa", "-traditional", "-out", "OUT", "2048").decode()
        self.api.control("POST", "keys", pem=pem)
        if attested:
            self.write_attestation()
        self.api.forget_requests()

    def write_attestation(self) -> None:
        path = self.dir / "attestation.der"
        subject = ("-subj", "/CN=Attestation", "-outform", "DER", "-out", "OUT")
        path.write_bytes(openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "/dev/null", *subject))
        done = self.store.tool("--write-object", str(path), "--type", "cert", "--id", ATTESTATION_ID)
        self.assertEqual(done.returncode, 0, done.stderr)

    def card(self, *rules: str) -> AbstractContextManager[CallLog]:
        return self.shim(*script().splitlines(), *((ATTESTED,) if self.attested else ()), *rules)

    def ours(self, *options: str, rule: str = "") -> tuple[Result, CallLog]:
        with self.card(*((rule,) if rule else ())) as log:
            return self.run_program(*OURS, *options), log

    def assert_theirs_signs(self) -> None:
        with self.card():
            self.expect(self.run_program("token", "--profile", THEIRS), 0)


class Reading(CardCase):
    def test_a_slot_that_any_look_saw_used_is_left_alone(self) -> None:
        for attested in (False, True):
            self.begin(attested)
            result, log = self.ours()
            self.expect(result, 0, "slot 82")
            looks = log.count("C_FindObjects")
            middle = looks // 2
            for blind in ("1", "1-20", f"{middle}-{middle + 20}", *([f"1-{middle + 20}"] if attested else [])):
                with self.subTest(blind, attested=attested):
                    self.begin(attested)
                    result, _ = self.ours(rule=f"C_FindObjects {blind} blind")
                    self.assertNotIn("slot 9a", result.err)
                    self.assert_theirs_signs()

    def test_a_card_that_shows_nothing_at_all_is_not_empty(self) -> None:
        for options in ((), ("--slot", "9a"), ("--slot", "84")):
            with self.subTest(options):
                self.begin(attested=True)
                result, _ = self.ours(*options, rule="C_FindObjects * blind")
                self.expect(result, 7, "cannot be read", "--replace")
                self.assertEqual(self.api.asked(), [])
                self.assert_theirs_signs()

    def test_one_that_shows_nothing_any_more_when_the_key_has_come_is_not_written(self) -> None:
        self.begin(attested=True)
        self.expect(self.ours()[0], 0)
        self.begin(attested=True)
        before = self.objects()
        _, log = self.ours(rule="C_FindObjects * touch /dev/null")
        # Three classes of the slot and the certificate: the last look, in a session of its own.
        sessions = [i for i, name in enumerate(log.names) if name == "C_OpenSession"]
        first = log.names[: sessions[-1]].count("C_FindObjects") + 1
        self.begin(attested=True)
        result, _ = self.ours(rule=f"C_FindObjects {first}+ blind")
        self.expect(result, 12, "cannot be read")
        self.assertEqual(self.objects(), before)
        self.assertFalse(self.profile_path("ours").exists())
        self.assertEqual(len(self.api.accounts()), 1)
        self.assert_theirs_signs()

    def test_a_card_without_that_certificate_takes_a_key_where_it_is_told(self) -> None:
        self.begin(attested=False)
        self.attested = True
        self.expect(self.ours()[0], 7, "cannot be read", "--slot NAME --replace")
        self.expect(self.ours("--slot", "82", "--replace", "--yes")[0], 0)
        self.assert_theirs_signs()


class Looking(CardCase):
    """What is said of a card's keys, whose ids and labels are those of their slots."""

    def setUp(self) -> None:
        super().setUp()
        self.begin(attested=True)
        self.theirs = self.profile(THEIRS)

    def test_key_list_knows_the_key_by_its_certificate_without_a_login(self) -> None:
        with self.card() as log:
            result = self.run_program("key", "list", "--json", "--profile", THEIRS)
            self.assertEqual(log.count("C_Login"), 0)
        (key,) = json.loads(self.expect(result, 0).out)
        (place,) = key["tokens"]
        self.assertEqual((key["keyId"], key["own"], key["atApi"]), (self.theirs["KEY_ID"], True, True))
        self.assertEqual((place["slot"], place["privateKey"]), ("9a", None))
        # Ready to paste as PRIVATE_KEY.
        self.write_profile({**self.theirs, "PRIVATE_KEY": place["uri"]}, "pasted")
        with self.card():
            self.expect(self.run_program("token", "--profile", "pasted"), 0)
            self.assertIn("slot 9a", self.run_program("key", "list", "--profile", THEIRS).out)

    def test_with_login_the_private_half_is_there(self) -> None:
        with self.card():
            result = self.run_program("key", "list", "--json", "--login", "--profile", THEIRS)
        (key,) = json.loads(self.expect(result, 0).out)
        self.assertEqual([(p["slot"], p["privateKey"]) for p in key["tokens"]], [("9a", True)])

    def test_a_key_that_the_api_does_not_know_any_more_is_known_by_its_certificates_email(self) -> None:
        account = self.theirs["SERVICE_ACCOUNT_ID"]
        path = f"/service-accounts/{account}/keys/{self.theirs['KEY_ID']}"
        self.api.call("DELETE", path, self.api.admin())
        with self.card():
            result = self.run_program("key", "list", "--json", "--profile", THEIRS)
        (key,) = json.loads(self.expect(result, 0).out)
        self.assertEqual((key["keyId"], key["atApi"]), (self.theirs["KEY_ID"], False))
        self.assertEqual(key["tokens"][0]["slot"], "9a")

    def test_key_verify_says_what_the_card_decides_itself(self) -> None:
        with self.card():
            result = self.run_program("key", "verify", "--profile", THEIRS)
            verified = json.loads(self.run_program("key", "verify", "--json", "--profile", THEIRS).out)
        self.expect(result, 0)
        self.assertRegex(result.out, r"CKA_UNWRAP +true: the token decides that itself")
        decided = [a["name"] for a in verified["attributes"] if a["decidedByToken"]]
        self.assertIn("CKA_UNWRAP", decided)
        self.assertTrue(verified["signatureVerified"])
