"""key verify --json: the record that the key itself has signed, and what becomes of it in other hands."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import types
from typing import Any

import keyfiles
import places
from harness import Case

NAME = "ssa-hsm-evidence"

# What somebody writes who has the README, and neither this program nor its script.
STRANGER = """
import base64, json, sys
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
b64 = lambda text: base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
header, payload, signature = json.load(sys.stdin)["evidence"].split(".")
record = json.loads(b64(payload))["ssa-hsm-evidence"]
n, e = (int.from_bytes(b64(record["publicKey"][name]), "big") for name in "ne")
rsa.RSAPublicNumbers(e, n).public_key().verify(
    b64(signature), f"{header}.{payload}".encode(), padding.PKCS1v15(), hashes.SHA256())
print(record["keyId"])
"""


def _script() -> Any:
    # Its name has no ending.
    module = types.ModuleType("verify_evidence")
    path = places.evidence_verifier()
    exec(compile(path.read_text(), str(path), "exec"), module.__dict__)
    return module


SCRIPT = _script()


def decoded(part: str) -> dict[str, Any]:
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


class Evidence(Case):
    def setUp(self) -> None:
        super().setUp()
        self.own = self.provisioned()

    def evidence(self, *more: object) -> str:
        return self.expect(self.run_program("key", "verify", "--json", *more), 0).out

    def verifier(self, text: str, *more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-B", str(places.evidence_verifier()), *more], input=text, capture_output=True, text=True, timeout=60,
            env={"PATH": places.PATH, "LC_ALL": "C.UTF-8"},
        )  # fmt: skip

    def refused_here(self, text: str) -> None:
        """In this process: hundreds of them would take their time."""
        path = self.dir / "changed.json"
        path.write_text(text)
        with self.assertRaises(SystemExit) as ended:
            SCRIPT.main([str(path)])
        self.assertRegex(str(ended.exception.code), r"\Arefused: ")

    def refused(self, text: str, *more: str, why: str = "") -> None:
        done = self.verifier(text, *more)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        self.assertRegex(done.stderr, rf"\Arefused: .*{why}.*\n\Z")

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

    # ---- in other hands ----

    def test_the_script_verifies_it(self) -> None:
        text = self.evidence("--api", "--challenge", "nonce")
        digest = json.loads(text)["modulusSha256"]
        done = self.verifier(text, "--challenge", "nonce", "--modulus-sha256", digest)
        self.assertEqual(done.returncode, 0, done.stderr)
        shown = json.loads(text)
        del shown["evidence"]
        self.assertEqual(json.loads(done.stdout), shown)
        self.refused(text, "--modulus-sha256", "0" * 64, why="another key")

    def test_a_strangers_ten_lines_verify_it(self) -> None:
        self.assertLessEqual(len(STRANGER.strip().splitlines()), 10)
        text = self.evidence()
        for whole, code in ((text, 0), (self.flipped(text, json.loads(text)["evidence"].index(".") + 100), 1)):
            done = subprocess.run([sys.executable, "-c", STRANGER], input=whole, capture_output=True, text=True,
                                  timeout=60)  # fmt: skip
            self.assertEqual((done.returncode, done.stdout), (code, "" if code else self.own["KEY_ID"] + "\n"))

    def flipped(self, text: str, at: int) -> str:
        """The document with another character at this place of the JWS."""
        evidence = json.loads(text)["evidence"]
        other = "B" if evidence[at] == "A" else "A"
        return text.replace(evidence, evidence[:at] + other + evidence[at + 1 :])

    def test_any_byte_of_the_signed_text_counts(self) -> None:
        text = self.evidence()
        evidence = json.loads(text)["evidence"]
        dots = [i for i, c in enumerate(evidence) if c == "."]
        chosen = {0, 1, *dots, *(d - 1 for d in dots), *(d + 1 for d in dots), len(evidence) - 2, len(evidence) - 1}
        chosen |= {len(evidence) * i // 100 for i in range(100)}
        self.assertGreaterEqual(len(chosen), 100)
        for at in sorted(chosen):
            with self.subTest(at=at, of=len(evidence)):
                self.refused_here(self.flipped(text, at))
        # The last character has four bits that no signature needs.
        near = chr(ord(evidence[-1]) + 1) if evidence[-1] != "z" else "0"
        self.refused_here(text.replace(evidence, evidence[:-1] + near))
        self.refused_here(text.replace(evidence, evidence + "="))
        self.refused_here(text.replace(evidence, evidence[:200] + "!" + evidence[200:]))

    def test_any_byte_of_the_readable_text_counts(self) -> None:
        text = self.evidence("--challenge", "nonce")
        readable = text[: text.index('"evidence"')]
        at = [i for i, c in enumerate(readable) if not c.isspace()]
        for place in at[:: len(at) // 200]:
            for other in {"0", "}", "x"} - {readable[place]}:
                with self.subTest(place=place, character=readable[place]):
                    self.refused_here(text[:place] + other + text[place + 1 :])
        self.refused_here(text.replace('"signatureVerified": true', '"signatureVerified": 1'))
        self.refused_here(text.replace("{", '{"keyId": "another",', 1))
        self.refused_here(text.replace('"challenge"', '"more": 1, "challenge"'))

    def test_it_is_no_assertion(self) -> None:
        evidence = json.loads(self.evidence("--api"))["evidence"]
        header, payload = (decoded(part) for part in evidence.split(".")[:2])
        self.assertEqual(header, {"alg": "RS256", "crit": [NAME], NAME: 1, "typ": f"{NAME}+jws"})
        self.assertEqual(list(payload), [NAME])
        reply = self.api.exchange(evidence)
        self.assertEqual(reply.status, 400)
        self.assertEqual(reply.json["error"], "invalid_grant")

    def test_an_assertion_is_no_evidence(self) -> None:
        text = self.evidence()
        assertion = self.run_program("jwt").out.strip()
        self.refused(text.replace(json.loads(text)["evidence"], assertion), why="header")
