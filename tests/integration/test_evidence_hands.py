"""What becomes of evidence in other hands: verified by a stranger, changed, forged, sent as an assertion."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

import keyfiles
import places
from emulation import AUDIENCE
from evidence_support import NAME, SCRIPT, EvidenceCase, accepted, decoded, encoded
from harness import note
from test_assertion import VERIFY

# What somebody writes who has docs/evidence.md, and neither this program nor its script.
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


class EvidenceInOtherHands(EvidenceCase):
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

    def test_each_byte_counts(self) -> None:
        """Each one changed, left out and doubled, and what JSON has two spellings for."""
        text = self.evidence("--api", "--challenge", 'ü/"\n\x01').encode()
        for at in range(len(text)):
            byte = text[at : at + 1]
            other = byte.swapcase() if byte.isalpha() else bytes([byte[0] ^ 1])
            for put in (other, b"", byte * 2, b"\\" + byte):
                changed = text[:at] + put + text[at + 1 :]
                # The last line break is the one thing that may be missing.
                if accepted(changed) and changed != text[:-1]:
                    self.fail(f"at {at}: {byte!r} as {put!r} in {text[max(0, at - 20) : at + 20]!r}")

    def test_another_spelling_of_the_same(self) -> None:
        text = self.evidence("--challenge", "ü/\x1f")
        self.assertTrue(accepted(text.encode()))
        evidence = json.loads(text)["evidence"]
        # The last character has four bits that no signature needs.
        neighbour = chr(ord(evidence[-1]) + 1) if evidence[-1] != "z" else "0"
        changed = {
            "a blank": text.replace(": ", ":  ", 1),
            "one line": " ".join(text.split()),
            "tabs": text.replace("  ", "\t"),
            "an escape": text.replace("ü", "\\u00fc"),
            "an escape of a name": text.replace('"bits"', '"\\u0062its"'),
            "an escape in the evidence": text.replace(evidence, "\\u0065" + evidence[1:]),
            "an escape's digits": text.replace("001F", "001f"),
            "a fraction": text.replace("2048", "2048.0"),
            "true as 1": text.replace('"signatureVerified": true', '"signatureVerified": 1'),
            "sorted": json.dumps(json.loads(text), sort_keys=True, ensure_ascii=False),
            "a member twice": text.replace("{", '{"keyId": "another",', 1),
            "one more": text.replace('"challenge"', '"more": 1, "challenge"'),
            "one more behind": text.rstrip("}\n") + ', "more": 1}',
            "space in a number": text.replace("2048", "20 48"),
            "another kind of space": text.replace(": 2048", ":\u00a02048"),
            "padding": text.replace(evidence, evidence + "="),
            "what is no base64": text.replace(evidence, evidence[:200] + "!" + evidence[200:]),
            "unused bits": text.replace(evidence, evidence[:-1] + neighbour),
            "not a number": text.replace("2048", "NaN"),
            "nested": "[" * 100000,
            "a long number": text.replace("2048", "1" * 100000),
            "a byte order mark": "\ufeff" + text,
            "empty": "",
        }  # fmt: skip
        for name, other in changed.items():
            with self.subTest(name):
                self.assertNotEqual(other, text)
                self.refused_here(other)

    def test_files_that_are_none(self) -> None:
        path = self.dir / "none.json"
        nearly = (b"null", b"{}", b'{"evidence": null}', b'{"evidence": "a.b"}')
        for raw in (b"\xff\xfe", b" " * (1 << 20) + b"{}", *nearly):
            path.write_bytes(raw)
            with self.assertRaisesRegex(SystemExit, "refused: "):
                SCRIPT.main([str(path)])
        with self.assertRaisesRegex(SystemExit, "No such file"):
            SCRIPT.main([str(self.dir / "absent")])

    # ---- a record of somebody's own making ----

    def forged(self, n: int, e: int, sign: Callable[[bytes], bytes], **changes: object) -> str:
        """This program's record, but with this key."""
        record = json.loads(self.text)
        del record["evidence"]
        number = {"n": n.to_bytes((n.bit_length() + 7) // 8, "big"), "e": e.to_bytes((e.bit_length() + 7) // 8, "big")}
        record["publicKey"].update({name: encoded(raw) for name, raw in number.items()})
        record.update({"modulusSha256": hashlib.sha256(number["n"]).hexdigest(), "bits": n.bit_length()} | changes)
        payload = json.dumps({NAME: record}, separators=(",", ":"), ensure_ascii=False)
        signed = f"{json.loads(self.text)['evidence'].split('.')[0]}.{encoded(payload.encode())}"
        record["evidence"] = f"{signed}.{encoded(sign(signed.encode()))}"
        return json.dumps(record, indent=2, ensure_ascii=False) + "\n"

    def forged_by(self, key: rsa.RSAPrivateKey, **changes: object) -> str:
        numbers = key.public_key().public_numbers()
        return self.forged(numbers.n, numbers.e, lambda m: key.sign(m, padding.PKCS1v15(), hashes.SHA256()), **changes)

    def test_a_forger_with_a_key_of_his_own_shows_in_its_hash_alone(self) -> None:
        self.text = self.evidence()
        forged = self.forged_by(keyfiles.private_key())
        done = self.verifier(forged)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("may be the record of any key", done.stderr)
        self.assertIn("may be an old record", done.stderr)
        self.refused(forged, "--modulus-sha256", json.loads(self.text)["modulusSha256"], why="another key")

    def test_a_key_that_anybody_can_sign_with(self) -> None:
        self.text = self.evidence()
        n = keyfiles.private_key().public_key().public_numbers().n

        def as_it_is(message: bytes) -> bytes:
            """The signature of a key whose exponent is 1: the padded hash itself (RFC 8017 section 9.2)."""
            tail = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(message).digest()
            return b"\0\1" + b"\xff" * (256 - 3 - len(tail)) + b"\0" + tail

        self.refused(self.forged(n, 1, as_it_is), why="weak")
        self.refused(self.forged_by(rsa.generate_private_key(65537, 1024)), why="weak")
        self.refused(self.forged_by(rsa.generate_private_key(3, 2048)), why="weak")
        for odd in (0, 1, n - 1, n << 2048, n << 80000):
            self.refused_here(self.forged(odd, 65537, as_it_is))
        self.refused_here(self.forged(n, n + 2, as_it_is))

    def test_a_record_that_contradicts_itself(self) -> None:
        self.text = self.evidence()
        for changes in ({"bits": 4096}, {"modulusSha256": "0" * 64}, {"signatureVerified": 1}):
            self.refused(self.forged_by(keyfiles.private_key(), **changes), why="contradicts")

    def test_nothing_in_it_steers_the_terminal(self) -> None:
        self.text = self.evidence()
        bad = "\x9b2J \x7f \u202e \u2066 ü"
        done = self.verifier(self.forged_by(keyfiles.private_key(), program=bad))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["program"], bad)
        self.assertTrue(all(c.isprintable() or c == "\n" for c in done.stdout))
        self.assertIn("ü", done.stdout)

    # ---- sent as an assertion ----

    def test_it_is_no_assertion(self) -> None:
        """Not even where somebody else chose the challenge."""
        claims = {
            "iss": self.api.client_id, "sub": self.own["SERVICE_ACCOUNT_ID"], "aud": AUDIENCE,
            "exp": int(time.time()) + 200, "scope": ["data:read"],
        }  # fmt: skip
        for challenge in ("nonce", json.dumps(claims), '"},' + json.dumps(claims)[1:-1] + ',"x":{"x":"'):
            text = self.evidence("--challenge", challenge)
            evidence = json.loads(text)["evidence"]
            header, payload = (decoded(part) for part in evidence.split(".")[:2])
            self.assertEqual(header, {"alg": "RS256", "crit": [NAME], NAME: 1, "typ": f"{NAME}+jws"})
            self.assertEqual(list(payload), [NAME])
            self.assertEqual(payload[NAME]["challenge"], challenge)
            for sent in (evidence, text, evidence.rpartition(".")[0], evidence + "."):
                reply = self.api.exchange(sent)
                self.assertEqual((reply.status, reply.json["error"]), (400, "invalid_grant"))
            self.refused_by_pyjwt(evidence)
            self.refused_by_jsonwebtoken(evidence)

    def refused_by_pyjwt(self, evidence: str) -> None:
        key = keyfiles.public_pem(keyfiles.public_on_token(self.store, self.own["KEY_ID"]))
        as_told: dict[str, Any] = {"algorithms": ["RS256"], "audience": AUDIENCE, "issuer": self.api.client_id}
        jwt.decode(self.run_program("jwt").out.strip(), key, **as_told)
        # Debian's looks at crit first; one that does not misses the claims.
        with self.assertRaises(jwt.InvalidTokenError):
            jwt.decode(evidence, key, **as_told)

    def refused_by_jsonwebtoken(self, evidence: str) -> None:
        if os.environ.get("SSA_HSM_WITHOUT_NODE") == "1":
            note("not refused by npm's jsonwebtoken: SSA_HSM_WITHOUT_NODE=1")
            return
        key = keyfiles.public_pem(keyfiles.public_on_token(self.store, self.own["KEY_ID"]))
        env = {"PATH": places.PATH, "NODE_PATH": str(places.node_modules())}
        for sent, code in ((self.run_program("jwt").out.strip(), 0), (evidence, 1)):
            request = {"token": sent, "key": key, "audience": AUDIENCE, "issuer": self.api.client_id}
            done = subprocess.run([places.tool("node"), "-e", VERIFY], input=json.dumps(request), env=env,
                                  capture_output=True, text=True, timeout=60)  # fmt: skip
            self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn("jwt audience invalid", done.stderr)

    def test_an_assertion_is_no_evidence(self) -> None:
        text = self.evidence()
        assertion = self.run_program("jwt").out.strip()
        self.refused(text.replace(json.loads(text)["evidence"], assertion), why="header")
