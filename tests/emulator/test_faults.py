"""Planted faults as a client meets them, the connection, and the record of requests."""

from __future__ import annotations

import http.client
import json
import time
import unittest
from email.utils import parsedate_to_datetime
from typing import Any

from harness import API, Emulator, Reply, sign

KEYS = "/service-accounts/*/keys"


class FaultCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.emulator = Emulator()
        cls.addClassCleanup(cls.emulator.stop)
        cls.admin = cls.emulator.admin()

    def setUp(self) -> None:
        name = "account-" + self.id().rpartition(".")[2].replace("_", "-")
        self.emulator.control("POST", "keys", pem="-----BEGIN NOTHING-----")
        account = self.emulator.control("POST", "accounts", name=name)["serviceAccountId"]
        self.account = f"/service-accounts/{account}"
        self.keys = f"{self.account}/keys"
        self.addCleanup(self.emulator.call, "DELETE", self.account, self.admin)
        self.addCleanup(self.emulator.control, "POST", "clear")
        self.emulator.control("POST", "reset-requests")

    def plant(self, action: str, **members: Any) -> None:
        self.emulator.control("POST", "fault", action=action, **{"method": "POST", "path": KEYS, **members})

    def post(self, **more: Any) -> Reply:
        return self.emulator.call("POST", self.keys, self.admin, b"", **more)

    def count(self) -> int:
        return len(self.emulator.call("GET", self.keys, self.admin).json["keys"])


class ActionTest(FaultCase):
    def test_refuse_and_reset_and_drop(self) -> None:
        for action, error, made in (
            ("refuse", http.client.RemoteDisconnected, 0),
            ("reset", ConnectionResetError, 0),
            ("drop", http.client.RemoteDisconnected, 1),
        ):
            with self.subTest(action):
                self.plant(action)
                with self.assertRaises(error):
                    self.post()
                self.assertEqual(self.count(), made)
        self.plant("reset", act=True)
        with self.assertRaises(ConnectionResetError):
            self.post()
        self.assertEqual(self.count(), 2)

    def test_hang(self) -> None:
        for action, made in (("hang", 0), ("hang-after", 1)):
            with self.subTest(action):
                self.plant(action)
                with self.assertRaises(TimeoutError):
                    self.post(timeout=0.3)
                self.assertEqual(self.count(), made)
        self.plant("hang", seconds=0.2)
        begin = time.monotonic()
        with self.assertRaises(http.client.RemoteDisconnected):
            self.post()
        self.assertAlmostEqual(time.monotonic() - begin, 0.2, delta=0.15)

    def test_cut(self) -> None:
        self.plant("cut")
        self.plant("cut", bytes=7)
        with self.assertRaises(http.client.IncompleteRead) as half:
            self.post()
        whole = len(half.exception.partial) + (half.exception.expected or 0)
        self.assertEqual(len(half.exception.partial), whole // 2)
        with self.assertRaises(http.client.IncompleteRead) as seven:
            self.post()
        self.assertEqual(seven.exception.partial, b'{"kid":')
        self.assertEqual(self.count(), 2)

    def test_status(self) -> None:
        page, headers = "<html>busy</html>", {"Retry-After": "1", "Date": None}
        self.plant("status", status=503, body=page, content_type="text/html", headers=headers)
        reply = self.post()
        self.assertEqual((reply.status, reply.body), (503, page.encode()))
        self.assertEqual((reply.headers["Content-Type"], reply.headers["Retry-After"]), ("text/html", "1"))
        self.assertIsNone(reply.headers["Date"])
        self.assertEqual(self.count(), 0)
        self.plant("status", status=500, body={"detail": "x"}, act=True)
        self.assertEqual(self.post().json, {"detail": "x"})
        self.assertEqual(self.count(), 1)

    def test_replace(self) -> None:
        self.plant("replace", body_base64="//4A")
        reply = self.post()
        self.assertEqual((reply.status, reply.body), (201, b"\xff\xfe\0"))
        self.assertEqual(self.count(), 1)

    def test_slow_and_late(self) -> None:
        for action, members in (("slow", {"delay": 0.001}), ("late", {"seconds": 0.2})):
            with self.subTest(action):
                self.plant(action, **members)
                begin = time.monotonic()
                self.assertEqual(self.post().json["privateKey"], "-----BEGIN NOTHING-----")
                self.assertGreater(time.monotonic() - begin, 0.19)

    def test_which_requests_are_hit(self) -> None:
        self.plant("status", status=500, skip=1, times=2)
        self.assertEqual([self.post().status for _ in range(4)], [201, 500, 500, 201])
        self.plant("status", status=500, times=0)
        self.assertEqual([self.post().status for _ in range(4)], [500] * 4)
        self.assertEqual(self.count(), 2)
        self.assertEqual(len(self.emulator.control("GET", "state")["faults"]), 1)
        self.emulator.control("POST", "clear")
        self.assertEqual(self.post().status, 201)

    def test_nonsense_is_refused(self) -> None:
        for body in (b'{"action":"explode"}', b"{}", b"[]", b"{", b'{"action":"hang","more":1}'):
            self.assertEqual(self.emulator.send("POST", "/_control/fault", body).status, 400)
        self.assertEqual(self.emulator.send("GET", "/_control/nothing").status, 404)


class ConnectionTest(FaultCase):
    def test_keep_alive_is_seen_in_the_record(self) -> None:
        connection = self.emulator.connect()
        for _ in range(2):
            self.post(connection=connection)
        connection.close()
        self.post()
        numbers = [entry["connection"] for entry in self.emulator.control("GET", "requests")]
        self.assertEqual(numbers[0], numbers[1])
        self.assertNotEqual(numbers[1], numbers[2])

    def test_date_follows_the_clock(self) -> None:
        self.addCleanup(self.emulator.control, "POST", "clock", offset=0)
        self.emulator.control("POST", "clock", offset=1000)
        date = parsedate_to_datetime(self.emulator.send("GET", "/").headers["Date"])
        self.assertAlmostEqual(date.timestamp(), time.time() + 1000, delta=3)

    def test_a_post_needs_a_length(self) -> None:
        connection = self.emulator.connect()
        connection.putrequest("POST", API + self.keys)
        connection.endheaders()
        self.assertEqual(connection.getresponse().status, 411)
        connection.close()


class RecordTest(FaultCase):
    def test_what_is_recorded_and_what_never(self) -> None:
        self.emulator.control("POST", "keys", pem=None)
        key = self.post().json
        account = self.account.rpartition("/")[2]
        assertion = sign(key["privateKey"], key["kid"], self.emulator.claims(account, scope=["data:read"]))
        token = self.emulator.exchange(assertion, scope="data:read").json["access_token"]
        first, second = self.emulator.control("GET", "requests")
        self.assertEqual((first["method"], first["path"], first["status"]), ("POST", API + self.keys, 201))
        self.assertEqual((second["tls"], second["http"]), ("TLSv1.3", "HTTP/1.1"))
        self.assertEqual(second["form_fields"], ["grant_type", "assertion", "scope"])
        self.assertEqual(second["scope"], "data:read")
        self.assertEqual(second["assertion"]["header"], {"alg": "RS256", "kid": key["kid"], "typ": "JWT"})
        self.assertEqual(second["assertion"]["claims"]["sub"], account)
        self.assertIn("Authorization", second["header_names"])
        self.assertLess(second["handshake_at"], second["arrived_at"])
        self.assertLess(second["arrived_at"], time.monotonic())

        lines = (self.emulator.dir / "requests.jsonl").read_text()
        self.assertEqual([json.loads(line) for line in lines.splitlines()][-2:], [first, second])
        state = json.dumps(self.emulator.control("GET", "state"))
        self.assertIn(key["kid"], state)
        secrets = (self.emulator.secret, self.admin, token, assertion.rpartition(".")[2], key["privateKey"][40:80])
        for secret in secrets:
            self.assertNotIn(secret, lines + state)

    def test_a_request_without_an_answer_is_recorded(self) -> None:
        self.plant("hang")
        with self.assertRaises(TimeoutError):
            self.post(timeout=0.2)
        (entry,) = self.emulator.control("GET", "requests")
        self.assertEqual((entry["fault"], entry["status"]), ("hang", None))


class OtherHostTest(FaultCase):
    def kids(self) -> list[str]:
        return [key["kid"] for key in self.emulator.call("GET", self.keys, self.admin).json["keys"]]

    def test_a_rival_makes_its_key_beside_a_request(self) -> None:
        account = self.account.rpartition("/")[2]
        for when, position in (("before", 0), ("after", 1)):
            with self.subTest(when):
                before = self.kids()
                self.emulator.control("POST", "rival", account=account, method="POST", path=KEYS, when=when)
                own = self.post().json["kid"]
                (made,) = self.emulator.control("GET", "state")["rivals"]
                fresh = [kid for kid in self.kids() if kid not in before]
                self.assertEqual(fresh[position], made["kid"])
                self.assertEqual(sorted(fresh), sorted([own, made["kid"]]))
                self.emulator.control("POST", "clear")
        self.assertEqual(self.emulator.control("GET", "state")["rivals"], [])

    def test_what_was_kept_comes_back(self) -> None:
        first = self.post().json["kid"]
        self.emulator.control("POST", "keep")
        second = self.post().json["kid"]
        self.emulator.call("PATCH", f"{self.keys}/{first}", self.admin, {"status": "DISABLED"})
        self.emulator.call("DELETE", f"{self.keys}/{second}", self.admin)
        for _ in range(2):
            self.emulator.control("POST", "restore")
            keys = self.emulator.call("GET", self.keys, self.admin).json["keys"]
            self.assertEqual([(key["kid"], key["status"]) for key in keys], [(first, "ENABLED")])
            self.emulator.call("DELETE", f"{self.keys}/{first}", self.admin)
        self.emulator.control("POST", "restore")


if __name__ == "__main__":
    unittest.main()
