"""The emulator's process and its API, from outside."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

from harness import ADMIN, API, HERE, Emulator, Reply, sign
from keys import make_pool, read_pool

NAMES = {"name": "first-last-1", "firstName": "first_1", "lastName": "last-1"}


class Case(unittest.TestCase):
    options: tuple[str, ...] = ("--no-spare-key",)
    emulator: Emulator

    @classmethod
    def setUpClass(cls) -> None:
        cls.emulator = Emulator(*cls.options)
        cls.addClassCleanup(cls.emulator.stop)

    def setUp(self) -> None:
        self.emulator.control("POST", "clean", accounts=[])
        self.admin = self.emulator.admin()

    def call(self, method: str, path: str, body: object = None) -> Reply:
        return self.emulator.call(method, path, self.admin, body)

    def create(self, name: str = "first-last-1") -> str:
        reply = self.call("POST", "/service-accounts", NAMES | {"name": name})
        self.assertEqual(reply.status, 201, reply.body)
        return f"/service-accounts/{reply.json['serviceAccountId']}"

    def expect(self, status: int, reply: Reply) -> Reply:
        self.assertEqual(reply.status, status, reply.body)
        return reply


class ProcessTest(unittest.TestCase):
    def test_says_where_it_is_and_ends_on_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            with tempfile.TemporaryDirectory() as folder:
                process = subprocess.Popen(
                    [sys.executable, str(HERE / "emulator.py"), "--dir", folder],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                )
                assert process.stdout
                line = process.stdout.readline()
                self.assertEqual(json.loads(line)["pid"], process.pid)
                self.assertEqual(Path(folder, "ready.json").read_bytes(), line)
                process.send_signal(number)
                self.assertEqual(process.stdout.read(), b"")
                self.assertEqual(process.wait(5), 0)
                process.stdout.close()

    def test_ends_when_its_standard_input_closes(self) -> None:
        self.assertEqual(Emulator().stop(), 0)

    def test_is_not_trusted_without_its_ca(self) -> None:
        with Emulator() as emulator:
            emulator.context = ssl.create_default_context()
            with self.assertRaises(ssl.SSLCertVerificationError):
                emulator.admin()

    def test_a_silent_connection_holds_nobody_up(self) -> None:
        with Emulator() as emulator:
            # TCP alone: no handshake follows.
            with socket.create_connection(("127.0.0.1", emulator.url.port or 0)):
                self.assertTrue(emulator.admin())

    def test_options(self) -> None:
        with Emulator("--plain-http", "--prefix", "/a/b/", "--client-id", "me", "--client-secret", "s:1") as emulator:
            self.assertEqual(emulator.ready["url"], f"http://127.0.0.1:{emulator.url.port}/a/b")
            self.assertEqual((emulator.client_id, emulator.secret), ("me", "s:1"))
            self.assertTrue(emulator.admin())
            self.assertEqual(emulator.send("GET", API + "/service-accounts").status, 404)
        with Emulator("--walkthrough-status", "--dates", "utc", "--audience", "urn:other") as emulator:
            admin = emulator.admin()
            account = emulator.call("POST", "/service-accounts", admin, NAMES)
            self.assertEqual(account.status, 200)
            path = f"/service-accounts/{account.json['serviceAccountId']}"
            key = emulator.call("POST", f"{path}/keys", admin)
            self.assertEqual(key.status, 200)
            created = emulator.call("GET", path, admin).json["createdAt"]
            self.assertRegex(created, r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,9})? \+0000 UTC$")
            claims = emulator.claims(account.json["serviceAccountId"], aud="urn:other")
            token = sign(key.json["privateKey"], key.json["kid"], claims)
            self.assertEqual(emulator.exchange(token).status, 200)


class AccountTest(Case):
    def test_life_of_an_account(self) -> None:
        created = self.call("POST", "/service-accounts", NAMES).json
        email = f"first-last-1@{self.emulator.client_id}.adskserviceaccount.autodesk.com"
        self.assertEqual(created, {"serviceAccountId": created["serviceAccountId"], "email": email})
        path = f"/service-accounts/{created['serviceAccountId']}"
        detail = self.expect(200, self.call("GET", path)).json
        self.assertEqual(
            list(detail), ["serviceAccountId", "email", "createdBy", "status", "createdAt", "accessedAt", "expiresAt"]
        )
        self.assertRegex(detail["createdAt"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual(self.call("GET", "/service-accounts").json, {"serviceAccounts": [detail]})
        self.expect(400, self.call("PATCH", path, {"status": "ENABLED"}))
        self.expect(400, self.call("PATCH", path, {"status": "DEACTIVATED"}))
        self.assertEqual(self.call("PATCH", path, {"status": "DISABLED"}).json["status"], "DISABLED")
        self.expect(400, self.call("POST", f"{path}/keys"))
        self.assertEqual(self.call("PATCH", path, {"status": "ENABLED"}).json["status"], "ENABLED")
        gone = self.expect(204, self.call("DELETE", path))
        self.assertEqual((gone.body, gone.headers["Content-Length"]), (b"", None))
        for method, body in (("GET", None), ("PATCH", {"status": "DISABLED"}), ("DELETE", None)):
            self.expect(404, self.call(method, path, body))

    def test_rules_for_names(self) -> None:
        bad = {
            "name": ["abcd", "a" * 101, "-----", "sp ace", "unseemly-x", 5, None, "ümlaut"],
            "firstName": ["abcd", "with.dot", "_____"],
            "lastName": ["abcd"],
        }
        for member, values in bad.items():
            for value in values:
                with self.subTest(member=member, value=value):
                    self.expect(400, self.call("POST", "/service-accounts", NAMES | {member: value}))
        self.expect(400, self.call("POST", "/service-accounts", NAMES | {"more": "x"}))
        self.expect(400, self.call("POST", "/service-accounts", {"name": "only-name"}))
        self.expect(400, self.call("POST", "/service-accounts", b"{"))
        self.expect(400, self.call("POST", "/service-accounts", b"[]"))
        self.assertEqual(self.call("GET", "/service-accounts").json, {"serviceAccounts": []})
        self.create()
        self.create("integration-mycompany-daily_datasync")
        again = self.expect(400, self.call("POST", "/service-accounts", NAMES))
        self.assertEqual(again.json["title"], "invalid_request")

    def test_refusals_that_say_no_more_than_their_status(self) -> None:
        self.create()
        self.emulator.control("POST", "titles", documented=False)
        self.assertEqual(self.expect(409, self.call("POST", "/service-accounts", NAMES)).json["title"], "Conflict")
        self.emulator.control("POST", "titles", documented=True)
        self.expect(400, self.call("POST", "/service-accounts", NAMES))

    def test_ten_accounts_and_three_keys(self) -> None:
        paths = [self.create(f"account-{n}") for n in range(10)]
        self.expect(403, self.call("POST", "/service-accounts", NAMES))
        self.expect(204, self.call("DELETE", paths[9]))
        self.create()
        self.emulator.control("POST", "keys", pem="no key")
        for _ in range(3):
            self.expect(201, self.call("POST", f"{paths[0]}/keys"))
        self.expect(403, self.call("POST", f"{paths[0]}/keys"))

    def test_an_idle_account_is_deactivated_and_can_be_woken(self) -> None:
        seeded = self.emulator.control("POST", "accounts", name="other-host", accessedAt="2020-01-25T03:08:04Z")
        path = f"/service-accounts/{seeded['serviceAccountId']}"
        self.assertEqual(self.call("GET", path).json["status"], "DEACTIVATED")
        self.assertEqual(self.call("PATCH", path, {"status": "ENABLED"}).json["status"], "ENABLED")
        self.assertEqual(self.call("GET", path).json["status"], "ENABLED")


class KeyTest(Case):
    def test_life_of_a_key(self) -> None:
        keys = f"{self.create()}/keys"
        made = self.expect(201, self.call("POST", keys)).json
        self.assertEqual(list(made), ["kid", "privateKey"])
        self.assertTrue(made["privateKey"].startswith("-----BEGIN RSA PRIVATE KEY-----\n"))
        self.assertTrue(made["privateKey"].endswith("-----\n"))
        issued = self.emulator.dir / "issued" / f"{made['kid']}.pem"
        self.assertEqual(issued.read_text(), made["privateKey"])
        self.assertEqual(stat.S_IMODE(os.stat(issued).st_mode), 0o600)
        listed = self.call("GET", keys).json["keys"]
        self.assertEqual([list(key) for key in listed], [["kid", "status", "createdAt", "accessedAt"]])
        key = f"{keys}/{made['kid']}"
        self.expect(400, self.call("PATCH", key, {"status": "ENABLED"}))
        self.expect(204, self.call("PATCH", key, {"status": "DISABLED"}))
        self.assertEqual(self.call("GET", keys).json["keys"][0]["status"], "DISABLED")
        self.expect(400, self.call("PATCH", key, {"status": "DISABLED"}))
        self.expect(400, self.call("POST", keys, {"a": "body"}))
        self.expect(404, self.call("DELETE", f"{keys}/unknown"))
        self.expect(204, self.call("DELETE", key))
        self.assertEqual(self.call("GET", keys).json, {"keys": []})

    def test_a_disabled_accounts_keys_cannot_be_managed(self) -> None:
        account = self.create()
        kid = self.call("POST", f"{account}/keys").json["kid"]
        self.call("PATCH", account, {"status": "DISABLED"})
        self.expect(400, self.call("POST", f"{account}/keys"))
        self.expect(400, self.call("PATCH", f"{account}/keys/{kid}", {"status": "DISABLED"}))
        self.expect(400, self.call("DELETE", f"{account}/keys/{kid}"))
        self.expect(200, self.call("GET", f"{account}/keys"))

    def test_shapes_of_the_private_key(self) -> None:
        account = self.create()
        self.emulator.control("POST", "keys", format="pkcs8", newline="crlf", final_newline=False, bits=3072)
        pem = self.call("POST", f"{account}/keys").json["privateKey"]
        self.assertTrue(pem.startswith("-----BEGIN PRIVATE KEY-----\r\n"))
        self.assertTrue(pem.endswith("-----END PRIVATE KEY-----"))
        self.assertIsNone(re.search("[^\r]\n", pem))
        self.assertGreater(len(pem), 2400)
        self.emulator.control("POST", "keys", pem="as it is")
        self.assertEqual(self.call("POST", f"{account}/keys").json["privateKey"], "as it is")
        self.assertEqual(self.emulator.send("POST", "/_control/keys", b'{"bits":512}').status, 400)


class AuthorizationTest(Case):
    def test_each_call_wants_its_scope(self) -> None:
        account = self.create()
        kid = self.call("POST", f"{account}/keys").json["kid"]
        calls = [
            ("POST", "/service-accounts", f"{ADMIN}:write", NAMES | {"name": "another"}),
            ("GET", "/service-accounts", f"{ADMIN}:read", None),
            ("GET", account, f"{ADMIN}:read", None),
            ("GET", f"{account}/keys", f"{ADMIN}_key:read", None),
            ("POST", f"{account}/keys", f"{ADMIN}_key:write", None),
            ("PATCH", f"{account}/keys/{kid}", f"{ADMIN}_key:write", {"status": "DISABLED"}),
            ("DELETE", f"{account}/keys/{kid}", f"{ADMIN}_key:write", None),
            ("PATCH", account, f"{ADMIN}:write", {"status": "DISABLED"}),
            ("DELETE", account, f"{ADMIN}:write", None),
        ]
        scopes = {scope for _, _, scope, _ in calls} | {f"{ADMIN}_key:read"}
        for method, path, scope, body in calls:
            with self.subTest(method=method, path=path):
                others = self.emulator.admin(" ".join(scopes - {scope}))
                self.expect(403, self.emulator.call(method, path, others, body))
                self.expect(401, self.emulator.call(method, path, "unknown", body))
                self.assertLess(self.emulator.call(method, path, self.emulator.admin(scope), body).status, 300)

    def test_tokens_expire_by_the_emulated_clock(self) -> None:
        self.expect(200, self.call("GET", "/service-accounts"))
        self.emulator.control("POST", "clock", offset=3700)
        self.expect(401, self.call("GET", "/service-accounts"))

    def test_unknown_paths_and_methods(self) -> None:
        self.expect(404, self.call("GET", "/nothing"))
        self.expect(404, self.call("GET", "/service-accounts/"))
        self.assertEqual(self.expect(405, self.call("GET", "/token")).headers["Allow"], "POST")


class CleanTest(Case):
    def test_all_is_as_it_was_but_for_the_accounts_that_are_named(self) -> None:
        kept = self.create("kept-account").rpartition("/")[2]
        self.create("other-account")
        control = self.emulator.control
        control("POST", "access-token", lifetime=5)
        self.assertEqual(self.emulator.token(grant_type="client_credentials", scope="data:read").json["expires_in"], 5)
        control("POST", "fault", action="status", status=500, times=0)
        control("POST", "rival", account=kept)
        control("POST", "clock", offset=5000)
        control("POST", "titles", documented=False)
        control("POST", "keys", pem="no key")
        control("POST", "access-token", size=5000)
        control("POST", "clean", accounts=[kept])
        state = control("GET", "state")
        self.assertEqual([account["serviceAccountId"] for account in state["accounts"]], [kept])
        self.assertEqual((state["faults"], state["clock_offset"], control("GET", "requests")), ([], 0, []))
        self.assertIn("RSA PRIVATE KEY", self.call("POST", f"/service-accounts/{kept}/keys").json["privateKey"])
        self.assertEqual(control("GET", "state")["rivals"], [])
        self.assertLess(len(self.emulator.admin()), 2000)
        self.assertGreater(self.emulator.token(grant_type="client_credentials", scope="data:read").json["expires_in"], 3000)
        self.assertEqual(self.expect(404, self.call("GET", "/service-accounts/none")).json["title"], "not_found")


class PoolTest(unittest.TestCase):
    def test_keys_come_in_turn_and_no_two_accounts_have_the_same(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            pool = Path(folder, "pool")
            make_pool(pool, 3, [])
            with Emulator("--key-pool", f"{pool}:0:2", "--no-spare-key") as emulator:
                seeded = [emulator.control("POST", "accounts", name=f"account-{n}", keys=1) for n in range(3)]
                first, second, third = (emulator.issued(account["keys"][0]) for account in seeded)
                self.assertEqual([first, second], [key.pkcs1 for key in read_pool(pool, 0, 2)])
                self.assertNotIn(third, (first, second), "it was made")
                emulator.control("POST", "clean", accounts=[seeded[1]["serviceAccountId"]])
                (kid,) = emulator.control("POST", "accounts", name="account-4", keys=1)["keys"]
                self.assertEqual(emulator.issued(kid), first, "its account is gone")


class RateLimitTest(Case):
    options = ("--rate-limit", "3", "--rate-window", "3")

    def test_each_endpoint_has_its_quota(self) -> None:
        for left in ("2", "1", "0"):
            told = self.expect(200, self.call("GET", "/service-accounts"))
            self.assertEqual(told.headers["ratelimit-remaining"], left)
        over = self.expect(429, self.call("GET", "/service-accounts"))
        self.assertEqual(over.headers["ratelimit-value"], "60")
        self.assertEqual(over.json, {"developerMessage": "Quota limit exceeded."})
        self.assertIn(over.headers["Retry-After"], ("1", "2", "3"))
        for n in range(3):
            self.expect(404, self.call("GET", f"/service-accounts/other-{n}"))
        self.expect(429, self.call("GET", "/service-accounts/other-4"))
        time.sleep(int(over.headers["Retry-After"]))
        self.expect(200, self.call("GET", "/service-accounts"))


class ConcurrencyTest(Case):
    def test_limits_hold_when_many_ask_at_once(self) -> None:
        statuses: list[int] = []
        threads = [
            threading.Thread(
                target=lambda n=n: statuses.append(
                    self.call("POST", "/service-accounts", NAMES | {"name": f"number-{n}"}).status
                )
            )
            for n in range(16)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(statuses), [201] * 10 + [403] * 6)


class StrictNames(Case):
    options = ("--strict-names",)

    def test_underscores_in_first_names_alone(self) -> None:
        self.create()
        for member in ("name", "lastName"):
            self.expect(400, self.call("POST", "/service-accounts", NAMES | {member: "with_underscore"}))


if __name__ == "__main__":
    unittest.main()
