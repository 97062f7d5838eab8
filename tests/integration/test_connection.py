"""The way to the server: which certificates count, what is dialled, proxies, redirects, and what is never sent."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import places
from harness import Api, Case
from relay import Proxy, Relay


# What will not come about is tried again until the time is up.
SOON = ("--timeout", "1")


class Certificates(Case):
    def setUp(self) -> None:
        super().setUp()
        made = self.provisioned()
        # The profile would name the CA; here each test says it.
        self.write_profile({n: v for n, v in made.items() if n != "SSA_HSM_CACERT"})
        self.env.pop("SSA_HSM_CACERT")

    def hashed(self) -> Path:
        folder = self.dir / "hashed"
        folder.mkdir()
        (folder / "ca.pem").write_bytes(Path(self.api.cacert).read_bytes())
        subprocess.run([places.tool("openssl"), "rehash", str(folder)], check=True, capture_output=True, timeout=30)
        return folder

    def other_ca(self) -> Path:
        with Api() as other:
            path = self.dir / "other-ca.pem"
            path.write_bytes(Path(other.cacert).read_bytes())
            return path

    def test_an_unknown_certificate_is_refused_with_the_way_out(self) -> None:
        self.expect(self.run_program("token"), 8, "certificate", "--cacert")
        self.assertEqual(self.api.asked(), [])

    def test_another_ca_is_refused(self) -> None:
        self.expect(self.run_program("token", "--cacert", self.other_ca()), 8, "certificate")
        self.assertEqual(self.api.asked(), [])

    def test_cacert_by_option_and_environment(self) -> None:
        self.expect(self.run_program("token", "--cacert", self.api.cacert), 0)
        self.expect(self.run_program("token", env={"SSA_HSM_CACERT": self.api.cacert}), 0)

    def test_capath_by_option_and_environment(self) -> None:
        folder = self.hashed()
        self.expect(self.run_program("token", "--capath", folder), 0)
        self.expect(self.run_program("token", env={"SSA_HSM_CAPATH": str(folder)}), 0)

    def test_SSL_CERT_FILE_and_SSL_CERT_DIR_count_where_nothing_of_ours_is_set(self) -> None:
        self.expect(self.run_program("token", env={"SSL_CERT_FILE": self.api.cacert}), 0)
        self.expect(self.run_program("token", env={"SSL_CERT_DIR": str(self.hashed())}), 0)
        other = str(self.other_ca())
        self.expect(self.run_program("token", "--cacert", self.api.cacert, env={"SSL_CERT_FILE": other}), 0)

    def test_a_file_or_folder_that_is_not_there_is_named(self) -> None:
        self.expect(self.run_program("token", "--cacert", "/nowhere/ca.pem"), 3, "/nowhere/ca.pem")
        self.expect(self.run_program("token", "--capath", "/nowhere/certs"), 3, "/nowhere/certs")

    def test_a_file_without_certificates_is_an_error_that_names_it(self) -> None:
        empty = self.dir / "empty.pem"
        empty.write_text("nothing\n")
        result = self.run_program("token", "--cacert", empty)
        self.assertIn(result.code, (3, 8), str(result))
        self.assertIn(str(empty), result.err)

    def test_the_name_in_the_certificate_must_be_that_of_the_host(self) -> None:
        with Relay("127.0.0.2", self.api.url.port) as relay:
            words = ("--cacert", self.api.cacert, "--base-url", f"https://127.0.0.2:{relay.port}")
            self.expect(self.run_program("token", *words), 8, "127.0.0.2", "CURLE_PEER_FAILED_VERIFICATION")
        self.assertEqual(self.api.asked(), [])


class Dialling(Case):
    def setUp(self) -> None:
        super().setUp()
        self.provisioned()

    def test_plain_http_is_refused_before_a_secret_is_sent(self) -> None:
        api = self.other_api("--plain-http")
        self.expect(self.run_program("token", "--base-url", api.base_url), 3, "http", "--insecure-http")
        self.assertEqual(api.asked(), [])

    def test_plain_http_to_loopback_with_the_option(self) -> None:
        api = self.other_api("--plain-http")
        words = ("--insecure-http", "--base-url", api.base_url)
        made = self.run_program("account", "create", "service", "insecure", "-p", "insecure", *words)
        self.expect(made, 0)
        self.expect(self.run_program("token", "-p", "insecure", "--insecure-http"), 0)
        self.expect(self.run_program("token", "-p", "insecure"), 3, "--insecure-http")

    def test_plain_http_goes_to_loopback_only(self) -> None:
        for host in ("192.0.2.1", "example.invalid", "127.0.0.1.example.invalid", "localhost@192.0.2.1", "0.0.0.0"):
            with self.subTest(host=host):
                began = time.monotonic()
                result = self.run_program(
                    "token", "--insecure-http", "--base-url", f"http://{host}:1", "--timeout", "9"
                )
                self.assertEqual(result.code, 3, str(result))
                self.assertLess(time.monotonic() - began, 3)

    def test_a_base_url_that_is_none(self) -> None:
        for bad in ("127.0.0.1", "ftp://127.0.0.1", "https://", "https://u:p@127.0.0.1", "https://h/?q=1",
                    "https://h/#f", "file:///etc/passwd", "https://a b/", "https:///x", "https://h:99999"):  # fmt: skip
            with self.subTest(url=bad):
                result = self.run_program("token", "--base-url", bad)
                self.assertEqual(result.code, 3, str(result))
                self.assertNotIn("u:p", result.err)

    def test_a_redirect_is_not_followed(self) -> None:
        for status in (301, 302, 303, 307, 308):
            with self.subTest(status=status):
                target = f"{self.api.base_url}/authentication/v2/service-accounts"
                self.api.fault("status", path="/token", status=status, headers={"Location": target}, times=0)
                result = self.run_program("token")
                self.assertIn(result.code, (8, 10), str(result))
                self.assertIn(str(status), result.err)
                self.assertEqual(set(self.api.asked()), {"POST /token"})
                self.api.clean()

    def test_nobody_listens(self) -> None:
        result = self.run_program("token", *SOON, "--base-url", "https://127.0.0.1:1")
        self.expect(result, 8, "CURLE_COULDNT_CONNECT", "127.0.0.1")

    def test_a_name_that_is_not_known(self) -> None:
        result = self.run_program("token", *SOON, "--base-url", "https://no-such-host.invalid")
        self.expect(result, 8, "no-such-host.invalid")

    def test_the_timeout_is_for_all(self) -> None:
        self.api.fault("hang", path="/token", times=0)
        began = time.monotonic()
        self.expect(self.run_program("token", "--timeout", "1"), 8)
        self.assertLess(time.monotonic() - began, 4)

    def test_wrong_credentials_are_9(self) -> None:
        result = self.run_program("token", env={"APS_SECRET_ID": "wrong-secret"})
        self.expect(result, 9, "APS_SECRET_ID")
        self.assertNotIn("wrong-secret", result.err)

    def test_a_clock_that_is_wrong_is_named(self) -> None:
        for offset in (-3600, 3600):
            with self.subTest(offset=offset):
                self.api.control("POST", "clock", offset=offset)
                self.expect(self.run_program("token"), 10, "clock")
                self.api.clean()

    def test_a_clock_that_is_right_is_not_blamed(self) -> None:
        self.api.fault("status", path="/token", status=400, body={"error": "invalid_grant", "error_description": "No."})
        result = self.expect(self.run_program("token"), 10, "No.")
        self.assertNotIn("clock", result.err)


class Proxies(Case):
    def setUp(self) -> None:
        super().setUp()
        self.provisioned()

    def test_the_usual_variables_are_heeded(self) -> None:
        for name in ("https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            with self.subTest(name=name), Proxy() as proxy:
                self.expect(self.run_program("token", env={name: proxy.url}), 0)
                self.assertEqual(proxy.connects, [self.api.base_url.removeprefix("https://")])

    def test_no_proxy_is_heeded(self) -> None:
        with Proxy() as proxy:
            self.expect(self.run_program("token", env={"https_proxy": proxy.url, "no_proxy": "127.0.0.1"}), 0)
            self.assertEqual(proxy.connects, [])

    def test_the_proxy_sees_no_credentials_of_ours(self) -> None:
        with Proxy() as proxy:
            self.expect(self.run_program("token", env={"https_proxy": proxy.url}), 0)
            self.assertNotIn("authorization: basic", proxy.headers[0].lower())

    def test_a_proxy_that_is_not_there_is_named(self) -> None:
        result = self.run_program("token", *SOON, env={"https_proxy": "http://127.0.0.1:1"})
        self.expect(result, 8, "proxy")

    def test_a_proxys_password_is_not_shown(self) -> None:
        result = self.run_program("token", "--verbose", *SOON, env={"https_proxy": "http://me:hidden-word@127.0.0.1:1"})
        self.assertEqual(result.code, 8)
        self.assertNotIn("hidden-word", result.err)

    def test_plain_http_to_loopback_does_not_go_through_a_proxy(self) -> None:
        # It would leave the machine.
        api = self.other_api("--plain-http")
        with Proxy() as proxy:
            words = ("account", "create", "service", "insecure", "-p", "insecure", "--insecure-http")
            env: dict[str, str | None] = {"http_proxy": proxy.url, "all_proxy": proxy.url, "SSA_HSM_CACERT": None}
            self.expect(self.run_program(*words, "--base-url", api.base_url, env=env), 0)
            self.assertEqual(proxy.connects, [])
