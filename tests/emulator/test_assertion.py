"""POST /token: credentials, and every reason for which an assertion is refused."""

from __future__ import annotations

import base64
import json
import time
import unittest
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from harness import API, Emulator, Reply, sign

HOUR = 3600


def encode(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class TokenCase(unittest.TestCase):
    """Two accounts, the first with two keys; shared by a class's tests, which put back what they change."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.emulator = Emulator()
        cls.addClassCleanup(cls.emulator.stop)
        first = cls.emulator.control("POST", "accounts", name="first-account", keys=2)
        other = cls.emulator.control("POST", "accounts", name="other-account", keys=1)
        cls.account, cls.other = first["serviceAccountId"], other["serviceAccountId"]
        cls.kid, cls.second_kid = first["keys"]
        cls.other_kid = other["keys"][0]
        cls.pem = cls.emulator.issued(cls.kid)
        cls.admin = cls.emulator.admin()

    def signed(self, **claims: Any) -> str:
        return sign(self.pem, self.kid, self.emulator.claims(self.account, **claims))

    def accepted(self, assertion: str, **form: str) -> dict[str, Any]:
        reply = self.emulator.exchange(assertion, **form)
        self.assertEqual(reply.status, 200, reply.body)
        return reply.json

    def refused(self, assertion: str, why: str, **form: str) -> None:
        """Refused for this reason and no other: else a refusal would prove nothing."""
        reply = self.emulator.exchange(assertion, **form)
        self.assertEqual(reply.status, 400, reply.body)
        self.assertIn(why, reply.json["error_description"])


class AcceptedTest(TokenCase):
    def test_a_good_assertion(self) -> None:
        answer = self.accepted(self.signed(), scope="data:read")
        self.assertEqual(list(answer), ["access_token", "token_type", "expires_in"])
        self.assertEqual((answer["token_type"], answer["expires_in"]), ("Bearer", 3599))
        claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
        self.assertEqual(claims["scope"], ["data:read"])
        self.assertAlmostEqual(claims["exp"], time.time() + 3599, delta=5)
        whole = jwt.decode(self.accepted(self.signed())["access_token"], options={"verify_signature": False})
        self.assertEqual(whole["scope"], ["data:read", "data:write"])

    def test_what_is_optional(self) -> None:
        now = int(time.time())
        self.accepted(self.signed(iat=now, nbf=now, jti="once"))
        self.accepted(sign(self.pem, self.kid, self.emulator.claims(self.account), typ=None))
        self.accepted(self.signed(exp=now + 300))
        self.accepted(self.signed(exp=now + 5))
        second = self.emulator.issued(self.second_kid)
        self.accepted(sign(second, self.second_kid, self.emulator.claims(self.account)))

    def test_it_touches_account_and_key(self) -> None:
        path = f"/service-accounts/{self.account}"
        before = self.emulator.call("GET", path, self.admin).json["accessedAt"]
        time.sleep(0.01)
        self.accepted(self.signed())
        self.assertGreater(self.emulator.call("GET", path, self.admin).json["accessedAt"], before)

    def test_its_token_administers_nothing(self) -> None:
        scope = ["application:service_account:read"]
        token = self.accepted(self.signed(scope=scope))["access_token"]
        self.assertEqual(self.emulator.call("GET", "/service-accounts", token).status, 403)

    def test_the_clock_is_the_emulated_one(self) -> None:
        self.addCleanup(self.emulator.control, "POST", "clock", offset=0)
        self.emulator.control("POST", "clock", offset=-HOUR)
        self.refused(self.signed(), "ahead")
        self.accepted(self.signed(exp=int(time.time()) - HOUR + 100))
        self.assertLess(self.emulator.control("GET", "state")["clock_offset"], 0)

    def test_large_access_tokens(self) -> None:
        self.addCleanup(self.emulator.control, "POST", "access-token", size=0)
        for size in (1000, 5001, 300_002):
            self.emulator.control("POST", "access-token", size=size)
            token = self.accepted(self.signed())["access_token"]
            self.assertAlmostEqual(len(token), size, delta=4)
            self.assertEqual(token.count("."), 2)


class RefusedTest(TokenCase):
    def test_claims(self) -> None:
        now = int(time.time())
        for why, claims in {
            "iss is not the client id": {"iss": "other"},
            "sub is no service account": {"sub": "unknown"},
            "kid is unknown or belongs to another account": {"sub": self.other},
            "aud is not the public token URL": {"aud": self.emulator.ready["url"] + API + "/token"},
            "aud is not a string": {"aud": ["https://developer.api.autodesk.com/authentication/v2/token"]},
            "s past": {"exp": now - 9},
            "more than 300": {"exp": now + 305},
            "exp is not an integer": {"exp": now + 100.5},
            "exp is no time": {"exp": 10**400},
            "nbf is in the future": {"nbf": now + 30},
            "nbf is not an integer": {"nbf": True},
            "iat is not an integer": {"iat": str(now)},
            "jti is not a string": {"jti": 5},
            "scope is not an array": {"scope": "data:read data:write"},
            "scope holds something": {"scope": ["data:read data:write"]},
            "unknown claim more": {"more": 1},
        }.items():
            with self.subTest(why):
                self.refused(self.signed(**claims), why)
        self.refused(self.signed(scope=[]), "scope is not an array")
        self.refused(self.signed(scope=[1]), "scope holds something")
        for name in ("iss", "sub", "aud", "exp", "scope"):
            with self.subTest(missing=name):
                self.refused(self.signed(**{name: None}), f"missing claim {name}")

    def test_header(self) -> None:
        claims = self.emulator.claims(self.account)
        self.refused(sign(self.pem, self.kid, claims, alg="RS384"), "alg is not RS256")
        self.refused(sign(self.pem, self.kid, claims, alg="PS256"), "alg is not RS256")
        self.refused(sign("secret", self.kid, claims, alg="HS256"), "alg is not RS256")
        self.refused(f"{encode({'alg': 'none', 'kid': self.kid})}.{encode(claims)}.AAAA", "alg is not RS256")
        self.refused(sign(self.pem, None, claims), "kid is missing")
        self.refused(sign(self.pem, "unknown", claims), "kid is unknown")
        self.refused(sign(self.pem, self.other_kid, claims), "kid is unknown or belongs to another account")
        self.refused(sign(self.pem, self.kid, claims, typ="at+jwt"), "typ is not JWT")
        self.refused(sign(self.pem, self.kid, claims, x5t="AAAA"), "unknown header member x5t")

    def test_signature(self) -> None:
        claims = self.emulator.claims(self.account)
        self.refused(sign(self.emulator.issued(self.second_kid), self.kid, claims), "does not verify")
        stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.refused(jwt.encode(claims, stranger, "RS256", {"kid": self.kid}), "does not verify")
        header, _, signature = self.signed().split(".")
        self.refused(f"{header}.{encode(claims | {'scope': ['code:all']})}.{signature}", "does not verify")
        self.refused(f"{header}.{encode(claims)}.{signature[:-2]}", "does not verify")

    def test_encoding(self) -> None:
        header, claims, signature = self.signed().split(".")
        padded = base64.urlsafe_b64encode(json.dumps({"alg": "RS256", "kid": "four"}).encode()).decode()
        self.assertTrue(padded.endswith("="))
        self.refused(f"{padded}.{claims}.{signature}", "without padding")
        self.refused(f"{header}.{claims}.{signature}==", "without padding")
        self.refused(f"{header}.{claims}.{signature[:-2]}+/", "without padding")
        self.refused(f"{header}.{claims}.", "without padding")
        self.refused(f"{header}.{claims}.{signature}\n", "without padding")
        self.refused(f"{header}.{claims}", "three parts")
        self.refused(f"{header}.{claims}.{signature}.{signature}", "three parts")
        # 256 bytes leave four unused bits in the last character; Q, g and w have them clear, the next letter not.
        self.refused(f"{header}.{claims}.{signature[:-1]}{chr(ord(signature[-1]) + 1)}", "not canonical")
        self.refused(f"{header}.{claims}.AAAAA", "impossible length")
        self.refused(f"{encode(b'[]')}.{claims}.{signature}", "header is not a JSON object")
        self.refused(f"{header}.{encode(b'{')}.{signature}", "claims is not JSON")
        twice = b'{"alg":"RS256","alg":"RS256"}'
        self.refused(f"{encode(twice)}.{claims}.{signature}", "stands twice in the header")

    def test_scope_beyond_the_assertions(self) -> None:
        for scope in ("code:all", "data:read code:all"):
            self.refused(self.signed(), "no subset", scope=scope)
        for scope in ("", "data:read  data:write", " data:read"):
            self.refused(self.signed(), "empty or malformed", scope=scope)

    def test_disabled_key_and_account(self) -> None:
        account = f"/service-accounts/{self.account}"
        for path, why in ((f"{account}/keys/{self.kid}", "the key is DISABLED"), (account, "account is DISABLED")):
            self.assertLess(self.emulator.call("PATCH", path, self.admin, {"status": "DISABLED"}).status, 300)
            self.refused(self.signed(), why)
            self.assertLess(self.emulator.call("PATCH", path, self.admin, {"status": "ENABLED"}).status, 300)
            self.accepted(self.signed())

    def test_a_deleted_accounts_key(self) -> None:
        gone = self.emulator.control("POST", "accounts", name="soon-gone", keys=1)
        account, kid = gone["serviceAccountId"], gone["keys"][0]
        assertion = sign(self.emulator.issued(kid), kid, self.emulator.claims(account))
        self.accepted(assertion)
        self.emulator.call("DELETE", f"/service-accounts/{account}", self.admin)
        self.refused(assertion, "sub is no service account")


class CredentialsTest(TokenCase):
    def ask(self, status: int, basic: tuple[str, str] | None | str = "own", **form: str) -> Reply:
        good = {"grant_type": "client_credentials", "scope": "data:read"}
        reply = self.emulator.token(basic, **{k: v for k, v in {**good, **form}.items() if v != "ABSENT"})
        self.assertEqual(reply.status, status, reply.body)
        return reply

    def test_header_or_body_never_both(self) -> None:
        own = {"client_id": self.emulator.client_id, "client_secret": self.emulator.secret}
        self.ask(200)
        self.ask(200, basic=None, **own)
        self.ask(400, **own)
        self.ask(400, client_id=self.emulator.client_id)

    def test_wrong_ones(self) -> None:
        own, secret = self.emulator.client_id, self.emulator.secret
        self.ask(401, basic=(own, "wrong"))
        self.ask(401, basic=("wrong", secret))
        self.ask(401, basic=("", ""))
        self.ask(401, basic=None)
        self.ask(401, basic=None, client_id=own)
        self.ask(401, basic=None, client_id=own, client_secret="wrong")
        self.assertEqual(self.emulator.token((own, "wrong"), grant_type="x").json["errorCode"], "AUTH-003")

    def test_grants_and_forms(self) -> None:
        self.ask(400, grant_type="ABSENT")
        self.ask(400, grant_type="password")
        self.ask(400, grant_type="urn:ietf:params:oauth:grant-type:jwt-bearer")
        self.ask(400, assertion=self.signed())
        self.ask(400, scope="ABSENT")
        self.ask(400, more="x")
        for body, kind in (
            (b"grant_type=client_credentials&scope=a&scope=b", "application/x-www-form-urlencoded"),
            (b"grant_type", "application/x-www-form-urlencoded"),
            (b'{"grant_type":"client_credentials"}', "application/json"),
        ):
            reply = self.emulator.send("POST", f"{API}/token", body, {"Content-Type": kind})
            self.assertEqual(reply.status, 400, reply.body)


if __name__ == "__main__":
    unittest.main()
