"""doctor: the server, the API and the journal. Each finding is had by breaking that very thing."""

from __future__ import annotations

import json
import signal
import time

from doctor_support import DoctorCase
from fault_support import CREATE, KEYS, KeyCase, background, ended, eventually
from harness import SLOW
from http_support import Proxy, garbage_server, silent_server, unreachable_server

NETWORK = ("base-url", "ca", "proxy", "dns", "connection", "tls", "clock")


class Server(DoctorCase):
    def test_a_wrong_clock(self) -> None:
        for offset, code, state, word in ((-3600, 3, "failure", "ahead of"), (3600, 3, "failure", "behind"),
                                          (-20, 0, "warning", "ahead of"), (20, 0, "warning", "behind")):  # fmt: skip
            with self.subTest(offset):
                self.api.control("POST", "clock", offset=offset)
                self.alone(self.examine(code=code), "clock", state, word, "set-ntp")

    def test_a_base_url_that_is_none(self) -> None:
        for url in ("ftp://example.org", "https://a b/", "http://example.org"):
            with self.subTest(url):
                checks = self.examine(env={"SSA_HSM_BASE_URL": url}, code=3)
                self.alone(checks, "base-url", "failure")
                self.skipped(checks, "base-url", *NETWORK[1:])

    def test_a_name_that_has_no_address(self) -> None:
        checks = self.examine(env={"SSA_HSM_BASE_URL": "https://no-such-host.invalid"}, code=8)
        self.alone(checks, "dns", "failure", "no-such-host.invalid")
        self.skipped(checks, "dns", "connection", "tls", "clock")

    def test_nothing_listens(self) -> None:
        checks = self.examine(env={"SSA_HSM_BASE_URL": "https://127.0.0.1:1"}, code=8)
        self.alone(checks, "connection", "failure", "127.0.0.1:1")
        self.one(checks, "dns", "ok")
        self.skipped(checks, "connection", "tls", "clock")

    def test_a_server_that_is_not_trusted(self) -> None:
        # The profile has the file, too.
        self.write_profile({n: v for n, v in self.own.items() if n != "SSA_HSM_CACERT"})
        checks = self.examine(env={"SSA_HSM_CACERT": None}, code=8)
        self.alone(checks, "tls", "failure", "--cacert")
        self.skipped(checks, "tls", "clock")

    def test_certification_authorities_that_cannot_be_read(self) -> None:
        self.alone(self.examine("--cacert", "/no/such/ca.pem", code=3), "ca", "failure", "/no/such/ca.pem")
        empty = self.dir / "empty.pem"
        empty.write_text("nothing\n")
        self.alone(self.examine("--cacert", empty, code=3), "ca", "failure", str(empty))

    def test_proxies(self) -> None:
        user = "http://somebody:their-pass@"
        dead = {"https_proxy": f"{user}127.0.0.1:1"}
        checks = self.examine(env=dead, code=8)
        self.alone(checks, "proxy", "failure")
        self.assertNotIn("their-pass", json.dumps(checks))
        self.skipped(checks, "proxy", "dns", "connection", "tls", "clock")
        unknown = {"all_proxy": "http://no-such-proxy.invalid:1"}
        self.alone(self.examine(env=unknown, code=8), "proxy", "failure", "no-such-proxy")
        self.alone(self.examine(env={"https_proxy": "nonsense://x"}, code=3), "proxy", "failure", "https_proxy")
        for exception in ("127.0.0.1", "example.org, 127.0.0.1", "*", "127.0.0.0/8"):
            with self.subTest(exception):
                checks = self.examine(env={**dead, "no_proxy": exception})
                self.one(checks, "proxy", "ok", "no_proxy")
        with Proxy() as proxy:
            checks = self.examine(env={"https_proxy": proxy.url.replace("http://", user)})
            self.one(checks, "proxy", "ok", proxy.url.removeprefix("http://"), "not shown")
            self.assertNotIn("their-pass", json.dumps(checks))
            self.assertEqual(len(proxy.seen), 1)
        with Proxy(b"HTTP/1.1 403 Forbidden\r\n\r\n") as proxy:
            self.alone(self.examine(env={"https_proxy": proxy.url}, code=8), "proxy", "failure", "refuses", "no_proxy")

    def test_nothing_hangs(self) -> None:
        with silent_server() as silent, unreachable_server() as unreachable, garbage_server(b"no TLS") as garbage:
            for url, name in ((silent, "tls"), (unreachable, "connection"), (f"https://{garbage}", "tls")):
                with self.subTest(url):
                    began = time.monotonic()
                    checks = self.examine(env={"SSA_HSM_BASE_URL": url, **self.hasty(5)}, code=8)
                    self.alone(checks, name, "failure")
                    self.assertLess(time.monotonic() - began, 6 * SLOW)

    def test_an_interruption_ends_it(self) -> None:
        with silent_server() as url:
            process = background(self, "doctor", env={"SSA_HSM_BASE_URL": url})
            time.sleep(0.5)
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            self.assertEqual(ended(process).code, -signal.SIGINT)
            self.assertLess(time.monotonic() - began, 4 * SLOW)

    def test_any_answer_will_do(self) -> None:
        for status in (200, 302, 403, 404, 500, 503):
            with self.subTest(status):
                self.api.fault("status", method="GET", path="*", status=status)
                self.assert_well()
        # A cache may have kept the answer for a while.
        hour_ago = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() - 3600))
        self.api.fault("status", method="GET", path="*", status=200, headers={"Date": hour_ago, "Age": "3600"})
        self.assert_well()
        self.api.fault("status", method="GET", path="*", status=200, headers={"Date": None})
        self.assertEqual(self.examine()["clock"][0]["found"], "the server's answer has no date")


class TheApi(DoctorCase):
    def made(self) -> dict[str, str]:
        """An account of this test alone."""
        self.expect(self.run_program(*CREATE, "--force"), 0)
        self.api.forget_requests()
        return self.profile()

    def test_the_api_is_asked_by_the_command_that_is_named(self) -> None:
        self.mend(self.examine()["credentials"][0])
        self.assertIn("POST /token", self.api.asked())

    def test_three_requests(self) -> None:
        result = self.run_program("doctor", "--api", "--json")
        self.expect(result, 0, "3 requests")
        self.assertEqual(self.read(result)["apiRequests"], 3)
        account = f"/service-accounts/{self.own['SERVICE_ACCOUNT_ID']}"
        asked = [a for a in self.api.asked() if a != "GET /"]
        self.assertEqual(asked, ["POST /token", f"GET {account}", f"GET {account}/keys"])

    def test_second_tries_are_counted(self) -> None:
        self.api.fault("status", method="POST", path="/token", status=503)
        result = self.expect(self.run_program("doctor", "--api", "--json"), 0, "4 requests")
        self.assertEqual(self.read(result)["apiRequests"], 4)

    def test_bad_credentials(self) -> None:
        self.write_profile(self.own | {"APS_SECRET_ID": "wrong-secret-of-nobody"})
        checks = self.examine("--api", env={"APS_SECRET_ID": None}, code=9)
        self.alone(checks, "credentials", "failure", "APS_SECRET_ID")
        self.skipped(checks, "credentials", "api-account", "api-key")
        self.assertNotIn("wrong-secret", json.dumps(checks))

    def test_the_account_is_disabled(self) -> None:
        values = self.made()
        self.expect(self.run_program("account", "disable", values["SERVICE_ACCOUNT_ID"]), 0)
        self.api.forget_requests()
        checks = self.examine("--api", code=10)
        finding = self.alone(checks, "api-account", "failure", "DISABLED")
        self.skipped(checks, "api-account", "api-key")
        self.assertEqual(len(self.api.asked()), 3)
        self.mend(finding)
        self.assert_well("--api")

    def test_the_account_is_gone(self) -> None:
        self.write_profile(self.own | {"SERVICE_ACCOUNT_ID": "NOBODY"})
        self.alone(self.examine("--api", code=10), "api-account", "failure")

    def test_the_key_is_disabled(self) -> None:
        values = self.made()
        self.expect(self.run_program("key", "disable", values["KEY_ID"]), 0)
        self.mend(self.alone(self.examine("--api", code=10), "api-key", "failure", "DISABLED"))
        self.assert_well("--api")

    def test_the_key_is_gone(self) -> None:
        values = self.made()
        self.expect(self.run_program("key", "delete", values["KEY_ID"], "--yes"), 0)
        self.mend(self.alone(self.examine("--api", code=10), "api-key", "failure", "no such key"))
        self.assert_well("--api")

    def test_nothing_is_asked_of_a_server_that_is_not_trusted(self) -> None:
        self.write_profile({n: v for n, v in self.own.items() if n != "SSA_HSM_CACERT"})
        checks = self.examine("--api", env={"SSA_HSM_CACERT": None}, code=8)
        self.skipped(checks, "tls", "credentials", "api-account", "api-key")

    def test_a_client_secret_on_the_token(self) -> None:
        line = self.expect(self.run_program("secret", "import"), 0).out.strip()
        self.write_profile(self.own | {"APS_SECRET_ID": line.partition("=")[2].strip('"')})
        env = {"APS_SECRET_ID": None}
        self.env.pop("APS_SECRET_ID")
        with self.shim() as log:
            checks = self.examine("--api", env=env)
            self.assertIn("--login", checks["credentials"][0]["mend"])
            self.assertEqual(log.count("C_Login"), 0)
            self.mend(checks["credentials"][0])
            self.assertEqual(log.count("C_Login"), 1)
        with self.shim() as log:
            self.one(self.examine("--api", "--login", env=env), "api-key", "ok")
            self.assertEqual(log.count("C_Login"), 1)

    def test_nobody_is_asked_for_a_secret(self) -> None:
        self.write_profile({n: v for n, v in self.own.items() if n != "APS_SECRET_ID"})
        with self.terminal("doctor", "--api", env={"APS_SECRET_ID": None}) as terminal:
            self.assertEqual(terminal.finish(), 3, terminal.screen)


class TheJournal(KeyCase, DoctorCase):
    def test_an_operation_was_killed(self) -> None:
        self.api.fault("hang", method="POST", path=KEYS)
        process = background(self, "key", "create", "--output", self.target, "--import", "plain")
        eventually(lambda: f"POST /service-accounts/{self.account}/keys" in self.api.asked(), "it was asked")
        self.one(self.examine(code=3), "journal", "ok", "at work")
        process.kill()
        ended(process)
        finding = self.one(self.examine(code=3), "journal", "failure", "key create", "interrupted")
        self.api.control("POST", "clear")
        self.mend(finding)
        self.one(self.examine(code=3), "journal", "ok", "no operation is open")

    def test_an_entry_of_another_client_id(self) -> None:
        self.api.fault("hang", method="POST", path=KEYS)
        process = background(self, "key", "create", "--output", self.target, "--import", "plain")
        eventually(lambda: f"POST /service-accounts/{self.account}/keys" in self.api.asked(), "it was asked")
        process.kill()
        ended(process)
        self.one(self.examine("--client-id", "another", code=3), "journal", "warning", self.api.client_id)

    def test_an_entry_that_cannot_be_understood(self) -> None:
        folder = self.state / "ssa-hsm" / "journal"
        folder.mkdir(parents=True, mode=0o700)
        (folder / "20240101T000000.000000Z-00000000").write_text("nonsense\n")
        finding = self.one(self.examine(code=3), "journal", "failure", "left as it is")
        self.mend(finding)
        self.one(self.examine(code=3), "journal", "ok")
