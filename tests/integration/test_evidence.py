"""key verify --json: the record that the key itself has signed."""

from __future__ import annotations

import base64
import hashlib
import json

import keyfiles
import places
from evidence_support import EvidenceCase


class Evidence(EvidenceCase):
    def make_another(self) -> None:
        """A key of an account that this test alone has."""
        self.expect(self.run_program("account", "create", "service", "evidence", "--force"), 0)
        self.own = self.profile()
        self.api.forget_requests()

    # ---- what is in it ----

    def test_token_module_and_key(self) -> None:
        record = json.loads(self.evidence())
        info, module = record["tokenInfo"], record["module"]
        self.assertEqual((info["manufacturer"], info["model"]), ("SoftHSM project", "SoftHSM v2"))
        self.assertIn(f"serial={info['serial']}", self.own["PRIVATE_KEY"])
        self.assertRegex(info["firmware"], r"\A\d+\.\d+\Z")
        self.assertEqual(module["sha256"], hashlib.sha256(places.softhsm().read_bytes()).hexdigest())
        self.assertTrue(places.softhsm().samefile(module["path"]))
        self.assertEqual(module["version"], info["firmware"])
        numbers = keyfiles.public_on_token(self.store, self.own["KEY_ID"]).public_numbers()
        found = {
            name: int.from_bytes(base64.urlsafe_b64decode(record["publicKey"][name] + "=="), "big") for name in "ne"
        }
        self.assertEqual(found, {"n": numbers.n, "e": numbers.e})
        self.assertIsNone(record["challenge"])
        self.assertIsNone(record["api"])
        self.assertEqual(self.api.asked(), [])

    def test_a_size_that_is_no_whole_number_of_bytes(self) -> None:
        pem = self.dir / "odd.pem"
        pem.write_text(keyfiles.pem(2052))
        self.expect(self.run_program("key", "import", pem, "--key-id", "odd", "--account", "A1", "--profile", "odd"), 0)
        text = self.evidence("--profile", "odd")
        self.assertEqual(json.loads(text)["bits"], 2052)
        self.assertEqual(self.verifier(text).returncode, 0)

    def test_what_attributes_do_not_show(self) -> None:
        record = json.loads(self.evidence())
        values = {a["name"]: a["value"] for a in record["otherAttributes"]}
        for name in ("CKA_LOCAL", "CKA_ALWAYS_SENSITIVE", "CKA_NEVER_EXTRACTABLE"):
            self.assertIs(values[name], False, name)
        self.assertIn("was imported", record["limits"][0])

    def test_how_it_came_in(self) -> None:
        self.make_another()
        origin = json.loads(self.evidence())["origin"]
        events = json.loads(self.run_program("history", "--json").out)
        (event,) = (e for e in events if e["keyId"] == self.own["KEY_ID"])
        self.assertEqual(origin["operation"], "account create")
        for name in ("id", "sequence", "startedAt", "endedAt"):
            self.assertEqual(origin[name], event[name], name)
        (file,) = self.dir.rglob(f"history/{origin['id']}")
        self.assertEqual(origin["sha256"], hashlib.sha256(file.read_bytes()).hexdigest())

    def test_of_a_rotation_whose_old_key_serves_on(self) -> None:
        self.make_another()
        self.expect(self.run_program("key", "rotate"), 0)
        origin = json.loads(self.evidence())["origin"]
        self.assertEqual((origin["operation"], origin["endedAt"], origin["sha256"]), ("key rotate", None, None))
        self.expect(self.run_program("key", "rotate", "--finish"), 0)
        self.assertRegex(json.loads(self.evidence())["origin"]["sha256"], r"\A[0-9a-f]{64}\Z")

    def test_of_a_key_that_the_trail_does_not_know(self) -> None:
        # The class's key came in under another state folder.
        self.assertIsNone(json.loads(self.evidence())["origin"])

    def test_the_apis_view_costs_two_requests(self) -> None:
        api = json.loads(self.evidence("--api"))["api"]
        account = self.own["SERVICE_ACCOUNT_ID"]
        self.assertEqual(self.api.asked(), ["POST /token", f"GET /service-accounts/{account}/keys"])
        self.assertEqual((api["listed"], api["status"]), (True, "ENABLED"))
        self.assertEqual((api["baseUrl"], api["clientId"]), (self.api.base_url, self.api.client_id))
        self.assertRegex(api["serverTime"], r"\A\d{4}-\d\d-\d\dT[\d:]{8}Z\Z")

    def test_a_key_that_the_api_does_not_know_any_more(self) -> None:
        self.make_another()
        self.expect(self.run_program("key", "delete", self.own["KEY_ID"], "--yes"), 0)
        result = self.expect(self.run_program("key", "verify", "--json", "--api"), 0, "does not know")
        api = json.loads(result.out)["api"]
        self.assertEqual((api["listed"], api["status"], api["createdAt"]), (False, None, None))

    def test_without_the_api_no_pin_is_tried(self) -> None:
        self.api.fault("status", path="*/keys", status=403, times=0, body={"detail": "not today"})
        with self.shim() as log:
            self.expect(self.run_program("key", "verify", "--json", "--api"), 10, out="")
            self.assertEqual(log.count("C_Login"), 0)

    def test_one_login_and_two_signatures(self) -> None:
        with self.shim() as log:
            self.evidence("--challenge", "x")
        self.assertEqual((log.count("C_Login"), log.count("C_Sign"), log.count("C_Logout")), (1, 2, 1))

    def test_a_signature_over_it_that_is_wrong(self) -> None:
        with self.shim("C_Sign 2 corrupt"):
            result = self.expect(self.run_program("key", "verify", "--json"), 7, "does not verify")
        record = json.loads(result.out)
        self.assertEqual((record["signatureVerified"], record["evidence"]), (True, None))
        self.refused(result.out)

    def test_none_for_a_key_that_does_not_sign(self) -> None:
        with self.shim("C_Sign 1 corrupt"):
            result = self.expect(self.run_program("key", "verify", "--json"), 7)
        self.assertIsNone(json.loads(result.out)["evidence"])

    def test_none_for_a_key_that_may_come_out(self) -> None:
        kid = self.own["KEY_ID"].encode().hex()
        for kind in ("privkey", "pubkey"):
            self.store.tool("--delete-object", "--type", kind, "--id", kid)
        pem = self.dir / "another.pem"
        pem.write_text(keyfiles.pem())
        label = f"{self.own['SSA_EMAIL'].split('@')[0]} {self.own['KEY_ID']}"
        done = self.store.tool("--write-object", str(pem), "--type", "privkey", "--id", kid, "--label", label,
                               "--usage-sign", "--extractable")  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        result = self.expect(self.run_program("key", "verify", "--json"), 7, "CKA_EXTRACTABLE=true")
        record = json.loads(result.out)
        self.assertEqual((record["signatureVerified"], record["evidence"]), (False, None))
        self.assertIn({"name": "CKA_EXTRACTABLE", "value": True, "wanted": False, "decidedByToken": False},
                      record["attributes"])  # fmt: skip

    def test_a_key_that_wants_a_login_for_each_signature(self) -> None:
        with self.shim("always-authenticate") as log:
            text = self.evidence()
        self.assertEqual((log.count("C_Login"), log.count("C_Sign")), (3, 2))
        self.assertIn({"name": "CKA_ALWAYS_AUTHENTICATE", "value": True}, json.loads(text)["otherAttributes"])
        self.assertEqual(self.verifier(text).returncode, 0)

    # ---- the challenge ----

    def test_the_challenge_is_signed_with_the_rest(self) -> None:
        nonce = 'Prüfung 7: "x"\\\n{"iss":1}'
        text = self.evidence("--challenge", nonce)
        done = self.verifier(text, "--challenge", nonce)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["challenge"], nonce)
        self.refused(text, "--challenge", "another", why="another challenge")
        self.refused(self.evidence(), "--challenge", nonce, why="another challenge")

    def test_what_can_be_no_challenge(self) -> None:
        for bad in ("", "x" * 513):
            self.expect(self.run_program("key", "verify", "--json", f"--challenge={bad}"), 2, "challenge", out="")
        for option in (["--challenge", "x"], ["--api"]):
            self.expect(self.run_program("key", "verify", *option), 2, "--json", out="")
