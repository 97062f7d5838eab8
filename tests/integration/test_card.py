"""A card behind a module like ykcs11, which takes an error of reading for an empty slot, and writes over what is there:
no key that is there is ever lost unasked, and whatever breaks, what is said of the card is true."""

from __future__ import annotations

import functools
import json
import re
import signal
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
    attested = False

    def setUp(self) -> None:
        super().setUp()
        key = re.search(r"^so-pin (\w+)", script(), re.MULTILINE)
        assert key is not None
        self.env.update(SSA_HSM_SO_PIN_SOURCE="env:MANAGEMENT_KEY", MANAGEMENT_KEY=key[1])

    def card(self, *rules: str) -> AbstractContextManager[CallLog]:
        return self.shim(*script().splitlines(), *((ATTESTED,) if self.attested else ()), *rules)

    def begin(self, attested: bool) -> None:
        """Somebody else's key is in 9a, where a new one would go by itself."""
        self.fresh()
        self.attested = attested
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

    def test_no_pin_is_sent_to_a_card_that_was_just_reset(self) -> None:
        self.begin(attested=True)
        with self.card("C_FindObjects 1-2 blind") as log:
            self.expect(self.run_program("token", "--profile", THEIRS), 0)
        self.assertEqual((log.count("C_Initialize"), log.count("C_Login")), (3, 1))

    def test_a_pin_is_sent_to_one_whose_makers_certificate_was_removed(self) -> None:
        self.begin(attested=False)
        with self.card(ATTESTED) as log:
            self.expect(self.run_program("token", "--profile", THEIRS), 0)
        self.assertEqual(log.count("C_Login"), 1)

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

    def test_another_card_in_the_reader_when_the_key_has_come_gets_neither_pin_nor_key(self) -> None:
        self.begin(attested=True)
        _, log = self.ours()
        # The session of the last look at the slot, after the API has made the key.
        last = log.names[: log.names.index("C_CreateObject")].count("C_OpenSession")
        self.begin(attested=True)
        before = self.objects()
        swapped = self.dir / "swapped"
        with self.card(f"token another-while {swapped}", f"C_OpenSession {last} touch {swapped}") as log:
            result = self.run_program(*OURS)
        self.expect(result, 12, "no PIN was sent to it")
        names = [name for name in log.names if name in {"C_OpenSession", "C_Login", "C_CreateObject"}]
        self.assertEqual(names[-1], "C_OpenSession")
        self.assertEqual(self.objects(), before)
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


class Ours(CardCase):
    """A key is in 9a, of an account of ours."""

    def setUp(self) -> None:
        super().setUp()
        self.api.control("POST", "keys", pem=None)
        with self.card():
            self.expect(self.create("--profile", "first"), 0, "9a")
        self.account = self.profile(self.profile_path("first"))["SERVICE_ACCOUNT_ID"]


class Broken(Ours):
    def more(self, *options: str, rule: str) -> Result:
        with self.card(rule):
            return self.run_program("key", "create", "--account", self.account, "--profile", "second", *options)

    def assert_first_signs(self) -> None:
        with self.card():
            self.expect(self.run_program("token", "--profile", "first"), 0)

    def test_a_refused_import_over_a_used_slot_claims_nothing(self) -> None:
        rule = "C_CreateObject 1 class=CKO_PRIVATE_KEY return CKR_DEVICE_ERROR"
        result = self.more("--slot", "9a", "--replace", "--yes", rule=rule)
        self.expect(result, 13, "holds either the former key or the new one")
        self.assertNotIn("left on the PKCS#11 token", result.err)
        self.assertNotIn("yubico-piv-tool", result.err)
        self.assert_first_signs()

    def test_a_certificate_that_alone_is_left_is_called_that(self) -> None:
        # The signature fails, so the key is overwritten and its certificate deleted, which fails too.
        rules = "C_Sign 1 return CKR_DEVICE_ERROR\nC_DestroyObject * class=CKO_CERTIFICATE return CKR_DEVICE_ERROR"
        result = self.expect(self.more(rule=rules), 13, "throwaway key", "-s 82 -a delete-certificate")
        self.assertNotIn("-a generate", result.err)
        self.assert_first_signs()

    def test_a_pull_at_a_keys_own_login_is_no_wrong_pin(self) -> None:
        rules = ("always-authenticate", "C_Login user=CKU_CONTEXT_SPECIFIC 1 return CKR_DEVICE_REMOVED")
        with self.card(*rules):
            result = self.run_program("token", "--profile", "first")
        self.expect(result, 7, "CKR_DEVICE_REMOVED")
        self.assertNotIn("PIN of its own", result.err)

    def test_a_management_key_that_waits_for_a_finger_says_so(self) -> None:
        result = self.more(rule="C_Login 1 user=CKU_SO sleep 1600 return CKR_PIN_INCORRECT")
        self.expect(result, 5, "touch", "Was it touched in time?")
        self.assert_first_signs()

    def test_a_certificate_says_that_the_key_signs_alone(self) -> None:
        path = self.dir / "certificate.der"
        done = self.store.tool("--read-object", "--type", "cert", "--id", "01", "--output-file", str(path))
        self.assertEqual(done.returncode, 0, done.stderr)
        command = [places.tool("openssl"), "x509", "-inform", "DER", "-in", str(path), "-noout", "-ext", "keyUsage"]
        shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
        self.assertIn("critical", shown)
        self.assertEqual(shown.splitlines()[-1].strip(), "Digital Signature")


class Life(Ours):
    """Rotation and recovery where a slot holds one key, and deletion means overwriting."""

    def setUp(self) -> None:
        super().setUp()
        self.profile_path("first").rename(self.profile_path())
        self.was = self.profile()

    def assert_one_key(self, slot: str) -> None:
        now = self.profile()
        self.assertEqual(self.keys_of(self.account), [now["KEY_ID"]])
        self.assertIn(f"id=%{slot}", now["PRIVATE_KEY"])
        with self.card():
            self.expect(self.run_program("token"), 0)
            listed = self.expect(self.run_program("key", "list"), 0).out
        self.assertIn(now["KEY_ID"], listed)
        self.assertEqual(self.open_operations(), [])

    def test_rotation(self) -> None:
        with self.card():
            self.expect(self.run_program("key", "rotate", "--now"), 0, "slot 82", "was deleted at the API")
        self.assert_one_key("05")
        # Certificates: that of the new key alone.
        self.assertEqual([id_ for kind, id_ in self.objects() if kind == "Certificate"], ["05"])

    def test_the_old_slot_that_holds_another_key_meanwhile_is_left(self) -> None:
        with self.card():
            self.expect(self.run_program("key", "rotate"), 0)
            other = ("account", "create", "service", "another", "--profile", "other", "--slot", "9a", "--replace", "--yes")
            self.expect(self.run_program(*other), 0)
            self.expect(self.run_program("key", "rotate", "--finish"), 0, "does not hold the old key any more")
            self.expect(self.run_program("token", "--profile", "other"), 0)
        self.assert_one_key("05")

    def test_killed_at_each_step_of_a_rotation(self) -> None:
        steps = ["C_CreateObject 1 class=CKO_PRIVATE_KEY kill", "C_CreateObject 1 class=CKO_CERTIFICATE kill",
                 "C_Sign 1 kill", "C_CreateObject 2 class=CKO_CERTIFICATE kill",
                 "C_CreateObject 2 class=CKO_PRIVATE_KEY kill"]  # fmt: skip
        for step in steps:
            for side in ("before", "after"):
                with self.subTest(step, side=side):
                    with self.card(f"{step} {side}"):
                        code = self.run_program("key", "rotate", "--now").code
                    self.assertEqual(code, -signal.SIGKILL)
                    with self.card():
                        self.expect(self.run_program("token"), 0)
                        self.expect(self.run_program("key", "recover", "--yes"), 0)
                    now = self.profile()
                    self.assertEqual(self.keys_of(self.account), [now["KEY_ID"]])
                    self.assertEqual(self.open_operations(), [])
                    with self.card():
                        self.expect(self.run_program("token"), 0)
