"""The assertion: header and claims exactly those specified, and a signature that others accept."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import time
from typing import Any

import jwt

import keyfiles
import places
from emulation import AUDIENCE
from harness import Case, note

# jsonwebtoken is what the provider's own walkthrough signs with.
VERIFY = """
const jwt = require('jsonwebtoken');
let text = '';
process.stdin.on('data', part => text += part).on('end', () => {
  const { token, key, audience, issuer, subject } = JSON.parse(text);
  const found = jwt.verify(token, key, { algorithms: ['RS256'], audience, issuer, subject, complete: true });
  process.stdout.write(JSON.stringify(found));
});
"""


def part(assertion: str, index: int) -> str:
    text = assertion.split(".")[index]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()


class Assertion(Case):
    def setUp(self) -> None:
        super().setUp()
        self.made = self.provisioned()

    def jwt(self, *more: object, **env: str | None) -> str:
        result = self.expect(self.run_program("jwt", *more, env=env), 0)
        self.assertRegex(result.out, r"\A[\w-]+\.[\w-]+\.[\w-]+\n\Z")
        return result.out.strip()

    def claims(self, *more: object, **env: str | None) -> dict[str, Any]:
        return dict(json.loads(part(self.jwt(*more, **env), 1)))

    def public(self) -> str:
        return keyfiles.public_pem(keyfiles.public_on_token(self.store, self.made["KEY_ID"]))

    def test_pyjwt_accepts_it_with_the_tokens_public_key(self) -> None:
        found = jwt.decode(
            self.jwt(), self.public(), algorithms=["RS256"], audience=AUDIENCE, issuer=self.api.client_id,
            options={"require": ["exp", "iss", "sub", "aud"]},
        )  # fmt: skip
        self.assertEqual(found["sub"], self.made["SERVICE_ACCOUNT_ID"])

    def test_jsonwebtoken_accepts_it(self) -> None:
        if os.environ.get("SSA_HSM_WITHOUT_NODE") == "1":
            note("not verified by npm's jsonwebtoken: SSA_HSM_WITHOUT_NODE=1")
            return
        request = {
            "token": self.jwt(), "key": self.public(), "audience": AUDIENCE, "issuer": self.api.client_id,
            "subject": self.made["SERVICE_ACCOUNT_ID"],
        }  # fmt: skip
        env = {"PATH": places.PATH, "NODE_PATH": str(places.node_modules())}
        done = subprocess.run(
            [places.tool("node"), "-e", VERIFY], input=json.dumps(request), env=env, capture_output=True, text=True,
            timeout=60,
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["header"]["kid"], self.made["KEY_ID"])

    def test_the_header_is_alg_kid_typ(self) -> None:
        header = json.dumps({"alg": "RS256", "kid": self.made["KEY_ID"], "typ": "JWT"}, separators=(",", ":"))
        self.assertEqual(part(self.jwt(), 0), header)

    def test_the_claims_are_iss_sub_aud_exp_scope(self) -> None:
        text = part(self.jwt(), 1)
        expires = json.loads(text)["exp"]
        claims = {
            "iss": self.api.client_id,
            "sub": self.made["SERVICE_ACCOUNT_ID"],
            "aud": AUDIENCE,
            "exp": expires,
            "scope": ["data:read", "data:write"],
        }
        self.assertEqual(text, json.dumps(claims, separators=(",", ":")))

    def test_base64url_without_padding(self) -> None:
        self.assertNotRegex(self.jwt(), "[=+/]")

    def test_it_lives_300_seconds(self) -> None:
        before = int(time.time())
        expires = self.claims()["exp"]
        self.assertTrue(before + 300 <= expires <= time.time() + 300)

    def test_expires_in(self) -> None:
        for seconds in (1, 60, 300):
            with self.subTest(seconds=seconds):
                before = int(time.time())
                expires = self.claims("--expires-in", seconds)["exp"]
                self.assertTrue(before + seconds <= expires <= time.time() + seconds)

    def test_expires_in_takes_1_to_300(self) -> None:
        for command in ("jwt", "token"):
            for bad in ("0", "301", "-1", "1.5", "five", "1s", "4294967297", "0x10", " 5", "+5"):
                with self.subTest(command=command, value=bad):
                    self.expect(self.run_program(command, f"--expires-in={bad}"), 2, "--expires-in", bad.strip())
        self.assertEqual(self.api.asked(), [])

    def test_nbf_is_the_present(self) -> None:
        before = int(time.time())
        claims = self.claims("--nbf")
        self.assertTrue(before <= claims["nbf"] <= time.time())
        self.assertEqual(set(claims), {"iss", "sub", "aud", "exp", "nbf", "scope"})

    def test_the_api_takes_one_with_nbf(self) -> None:
        self.expect(self.run_program("token", "--nbf"), 0)
        self.assertIn("nbf", self.api.requests()[0]["assertion"]["claims"])

    def test_claims_are_readable_and_need_no_token_and_no_pin(self) -> None:
        with self.shim() as log:
            result = self.run_program("jwt", "--claims", env={"SSA_HSM_PIN_SOURCE": None, "APS_SECRET_ID": None})
            self.expect(result, 0)
            self.assertEqual(log.text, "")
        found = json.loads(result.out)
        self.assertEqual(found["header"], {"alg": "RS256", "kid": self.made["KEY_ID"], "typ": "JWT"})
        self.assertEqual(list(found["claims"]), ["iss", "sub", "aud", "exp", "scope"])
        self.assertGreater(result.out.count("\n"), 5)
        self.assertEqual(self.api.asked(), [])

    def test_claims_are_those_that_are_signed(self) -> None:
        more = ("--scope", "user:read", "--audience", "https://example.com/x", "--expires-in", "100", "--nbf")
        shown = json.loads(self.run_program("jwt", "--claims", *more).out)["claims"]
        signed = self.claims(*more)
        for name in ("exp", "nbf"):
            self.assertAlmostEqual(shown.pop(name), signed.pop(name), delta=5)
        self.assertEqual(shown, signed)

    def test_jwt_needs_no_client_secret_and_asks_the_api_nothing(self) -> None:
        text = self.made
        self.write_profile({name: value for name, value in text.items() if name != "APS_SECRET_ID"})
        self.jwt(APS_SECRET_ID=None)
        self.assertEqual(self.api.asked(), [])

    def test_the_audience_stays_public_when_another_host_is_dialled(self) -> None:
        self.expect(self.run_program("token"), 0)
        self.assertEqual(self.api.requests()[0]["assertion"]["claims"]["aud"], AUDIENCE)

    def test_the_audience_is_a_setting_of_its_own(self) -> None:
        self.assertEqual(
            self.claims(SSA_HSM_AUDIENCE="https://eu.example.com/token")["aud"], "https://eu.example.com/token"
        )
        found = self.claims("--audience", "https://us.example.com/t", SSA_HSM_AUDIENCE="https://eu.example.com/token")
        self.assertEqual(found["aud"], "https://us.example.com/t")

    def test_one_signature_one_login_and_a_logout(self) -> None:
        with self.shim() as log:
            self.jwt()
        for name in ("C_Login", "C_Sign", "C_Logout", "C_Finalize"):
            self.assertEqual(log.count(name), 1, name)

    def test_a_pin_by_terminal_leaves_the_assertion_alone_on_standard_output(self) -> None:
        result = self.typed("jwt", answers=[("PIN", "4711-Pin")], env={"SSA_HSM_PIN_SOURCE": None})
        self.expect(result, 0)
        self.assertRegex(result.out, r"\A[\w.-]+\n\Z")


class Scopes(Case):
    def setUp(self) -> None:
        super().setUp()
        self.provisioned()

    def scope(self, *more: object, **env: str | None) -> list[str]:
        result = self.expect(self.run_program("jwt", "--claims", *more, env=env), 0)
        return list(json.loads(result.out)["claims"]["scope"])

    def test_comma_space_and_repetition(self) -> None:
        wanted = ["data:read", "user:read", "code:all"]
        for words in (
            ("--scope", "data:read,user:read,code:all"), ("--scope", "data:read user:read code:all"),
            ("--scope", "data:read", "--scope=user:read", "-s", "code:all"), ("-sdata:read, user:read ,code:all",),
            ("--scope", "data:read,user:read", "--scope", "data:read code:all"),
        ):  # fmt: skip
            with self.subTest(words=words):
                self.assertEqual(self.scope(*words), wanted)

    def test_option_then_environment_then_default(self) -> None:
        self.assertEqual(self.scope(), ["data:read", "data:write"])
        self.assertEqual(self.scope(SSA_HSM_SCOPE="user:read,code:all"), ["user:read", "code:all"])
        self.assertEqual(self.scope("--scope", "data:search", SSA_HSM_SCOPE="user:read"), ["data:search"])

    def test_the_profile_may_have_them(self) -> None:
        with self.profile_path().open("a") as profile:
            profile.write('SSA_HSM_SCOPE="bucket:read"\n')
        self.assertEqual(self.scope(), ["bucket:read"])
        self.assertEqual(self.scope(SSA_HSM_SCOPE="user:read"), ["user:read"])

    def test_form_and_assertion_ask_for_the_same(self) -> None:
        self.expect(self.run_program("token", "--scope", "data:read,viewables:read"), 0)
        request = self.api.requests()[0]
        self.assertEqual(request["scope"], "data:read viewables:read")
        self.assertEqual(request["assertion"]["claims"]["scope"], ["data:read", "viewables:read"])

    def test_an_unknown_scope_is_warned_about_with_the_nearest_and_not_refused(self) -> None:
        result = self.expect(self.run_program("jwt", "--claims", "--scope", "data:raed"), 0, "data:raed", "data:read")
        self.assertEqual(json.loads(result.out)["claims"]["scope"], ["data:raed"])

    def test_a_scope_with_a_urn_is_known(self) -> None:
        result = self.expect(self.run_program("jwt", "--claims", "--scope", "data:read:urn%3Aadsk.x"), 0)
        self.assertEqual(result.err, "")

    def test_what_no_scope_can_hold_is_refused(self) -> None:
        for bad in ('data:"read', "data\\read", "data:réad", "data:\x01read", ",", " "):
            with self.subTest(scope=bad):
                self.expect(self.run_program("token", "--scope", bad), 2, "scope")
        self.assertEqual(self.api.asked(), [])
