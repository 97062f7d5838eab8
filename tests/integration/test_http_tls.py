"""Who is talked to, and how: certificates, versions, plain http, proxies, deadlines, and the early connection."""

from __future__ import annotations

import shutil
import subprocess
import time

import places
from fault_support import BRIEF, CREATE, FaultCase, background, ended
from harness import SLOW, Api
from http_support import Proxy, garbage_server, silent_server, unreachable_server


class Trust(FaultCase):
    def setUp(self) -> None:
        super().setUp()
        self.provisioned()
        # The profile names the CA; these tests name it themselves, or not.
        values = {n: v for n, v in self.profile().items() if n != "SSA_HSM_CACERT"}
        self.write_profile(values)
        self.cacert = self.env.pop("SSA_HSM_CACERT")

    def hashed(self) -> str:
        folder = self.dir / "certificates"
        folder.mkdir(exist_ok=True)
        shutil.copy(self.cacert, folder / "ca.pem")
        subprocess.run([places.tool("openssl"), "rehash", str(folder)], check=True, capture_output=True)
        return str(folder)

    def test_the_version_is_1_1_over_tls_1_3(self) -> None:
        self.expect(self.run_program("token", "--cacert", self.cacert), 0)
        request = self.api.requests()[0]
        self.assertEqual((request["http"], request["tls"], request["alpn"]), ("HTTP/1.1", "TLSv1.3", "http/1.1"))

    def test_an_unknown_authority(self) -> None:
        self.expect_failure(self.run_program("token"), 8, "CURLE_PEER_FAILED_VERIFICATION", "--cacert")
        self.expect_failure(self.create("--output", self.dir / "x.env"), 8, "CURLE_PEER_FAILED_VERIFICATION")
        self.assertEqual(self.api.asked(), [])

    def test_another_hosts_certificate(self) -> None:
        with Api() as other:
            url = other.base_url.replace("127.0.0.1", "127.0.0.2")
            result = self.run_program("token", "--base-url", url, "--cacert", other.cacert, "--timeout", BRIEF)
            self.assertEqual(result.code, 8)
            self.assertEqual(other.asked(), [])
            result = self.run_program("token", "--base-url", other.base_url, "--cacert", self.cacert)
            self.expect_failure(result, 8, "CURLE_PEER_FAILED_VERIFICATION")

    def test_ssl_cert_file(self) -> None:
        self.expect(self.run_program("token", env={"SSL_CERT_FILE": self.cacert}), 0)

    def test_ssl_cert_dir(self) -> None:
        self.expect(self.run_program("token", env={"SSL_CERT_DIR": self.hashed()}), 0)

    def test_a_hashed_folder(self) -> None:
        folder = self.hashed()
        self.expect(self.run_program("token", "--capath", folder), 0)
        self.expect(self.run_program("token", env={"SSA_HSM_CAPATH": folder}), 0)

    def test_ours_goes_before_the_systems(self) -> None:
        other = self.dir / "other.pem"
        with Api() as api:
            shutil.copy(api.cacert, other)
        self.expect(self.run_program("token", "--cacert", self.cacert, env={"SSL_CERT_FILE": str(other)}), 0)
        self.expect_failure(self.run_program("token", "--cacert", other, env={"SSL_CERT_FILE": self.cacert}), 8)

    def test_files_that_are_missing_or_hold_none(self) -> None:
        empty = self.dir / "empty.pem"
        empty.touch()
        for arguments in (("--cacert", self.dir / "no.pem"), ("--capath", self.dir / "no"), ("--cacert", empty)):
            with self.subTest(arguments):
                self.expect_failure(self.run_program("token", *arguments), 3, str(arguments[1]))
        result = self.run_program("token", env={"SSL_CERT_FILE": str(self.dir / "no.pem")})
        self.expect_failure(result, 3, "SSL_CERT_FILE")
        self.assertEqual(self.api.asked(), [])

    def test_a_variable_that_names_nothing_beside_a_good_one(self) -> None:
        absent = str(self.dir / "no")
        empty = self.dir / "empty.pem"
        empty.touch()
        for file, folder in ((self.cacert, absent), (absent, self.hashed()), (str(empty), self.hashed()),
                             (self.cacert, f"{absent}:{absent}"), (absent, f"{absent}::{self.hashed()}")):  # fmt: skip
            with self.subTest(file=file, folder=folder):
                self.expect(self.run_program("token", env={"SSL_CERT_FILE": file, "SSL_CERT_DIR": folder}), 0)
        result = self.run_program("token", env={"SSL_CERT_FILE": absent, "SSL_CERT_DIR": f"{absent}2"})
        self.expect_failure(result, 3, absent, f"{absent}2", "SSL_CERT_FILE and SSL_CERT_DIR")
        # What was asked for by name is another matter.
        result = self.run_program("token", "--cacert", self.cacert, "--capath", absent)
        self.expect_failure(result, 3, absent)

    def test_no_variable_turns_verification_off(self) -> None:
        for name in ("CURL_INSECURE", "SSL_VERIFY", "CURL_CA_BUNDLE", "SSLKEYLOGFILE"):
            path = self.dir / "keys.log"
            result = self.run_program("token", env={name: str(path)})
            self.expect_failure(result, 8, "CURLE_PEER_FAILED_VERIFICATION")
            self.assertFalse(path.exists(), "session keys were written")

    def test_session_keys_are_not_logged(self) -> None:
        log = self.dir / "keys.log"
        self.expect(self.run_program("token", "--cacert", self.cacert, env={"SSLKEYLOGFILE": str(log)}), 0)
        self.assertFalse(log.exists())


class PlainHttp(FaultCase):
    def test_is_refused_unless_asked_for(self) -> None:
        api = self.other_api("--plain-http")
        self.expect_failure(self.create(), 3, "--insecure-http")
        self.assertEqual(api.asked(), [])

    def test_works_to_this_machine(self) -> None:
        api = self.other_api("--plain-http")
        self.expect(self.create("--insecure-http"), 0)
        self.expect(self.run_program("token", "--insecure-http"), 0)
        self.assertEqual(len(api.asked()), 4)

    def test_and_passes_no_proxy(self) -> None:
        api = self.other_api("--plain-http")
        with Proxy() as proxy:
            variables = {"http_proxy": proxy.url, "all_proxy": proxy.url, "ALL_PROXY": proxy.url}
            self.expect(self.create("--insecure-http", env=variables), 0)
            self.assertEqual(proxy.seen, [])
        self.assertEqual(len(api.asked()), 3)

    def test_is_refused_to_another(self) -> None:
        for host in ("192.0.2.1", "example.com", "127.0.0.1.example.com", "[::ffff:192.0.2.1]", "0.0.0.0",
                     "localhost.x"):  # fmt: skip
            with self.subTest(host):
                result = self.create("--insecure-http", "--base-url", f"http://{host}")
                self.expect_failure(result, 3, "http")
        self.assertEqual(self.objects(), [])


class Proxies(FaultCase):
    def setUp(self) -> None:
        super().setUp()
        self.provisioned()

    def test_https_proxy_is_honoured(self) -> None:
        for name in ("https_proxy", "HTTPS_PROXY", "all_proxy"):
            with self.subTest(name), Proxy() as proxy:
                self.expect(self.run_program("token", env={name: proxy.url}), 0)
                self.assertEqual(len(proxy.seen), 1)
                self.assertTrue(proxy.seen[0].startswith(f"CONNECT {self.api.url.netloc} HTTP/1.1"))
                # What is for the server is not told to the proxy.
                self.assertNotIn("authorization", proxy.seen[0].lower())

    def test_no_proxy(self) -> None:
        with Proxy() as proxy:
            self.expect(self.run_program("token", env={"https_proxy": proxy.url, "no_proxy": "127.0.0.1"}), 0)
            self.assertEqual(proxy.seen, [])

    def test_a_proxy_with_a_password(self) -> None:
        with Proxy() as proxy:
            url = proxy.url.replace("http://", "http://user:pass@")
            self.expect(self.run_program("token", env={"https_proxy": url}), 0)
            self.assertIn("proxy-authorization: basic", proxy.seen[0].lower())

    def test_a_proxy_that_refuses(self) -> None:
        for line in ("407 Proxy Authentication Required", "403 Forbidden"):
            with self.subTest(line), Proxy(f"HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n".encode()) as proxy:
                variables = {"https_proxy": proxy.url.replace("http://", "http://user:hidden@")}
                result = self.run_program("token", "--timeout", BRIEF, env=variables)
                self.expect_failure(result, 8, line[:3], "https_proxy")
                self.assertNotIn("hidden", result.err)
        self.assertEqual(self.api.asked(), [])

    def test_a_proxy_that_is_not_there(self) -> None:
        result = self.run_program("token", "--timeout", BRIEF, env={"https_proxy": "http://127.0.0.1:9"})
        self.expect_failure(result, 8, "CURLE_COULDNT_CONNECT", "proxy")


class Deadlines(FaultCase):
    def setUp(self) -> None:
        super().setUp()
        self.provisioned()

    def ends_in_time(self, *words: str, url: str | None = None) -> None:
        began = time.monotonic()
        more = ("--base-url", url) if url else ()
        self.expect_failure(self.run_program("token", "--timeout", 1, *more), 8, *words)
        took = time.monotonic() - began
        self.assertGreater(took, 0.8)
        self.assertLess(took, 1.8 * SLOW + 0.7)

    def test_no_answer(self) -> None:
        self.api.fault("hang", path="/token", times=0)
        self.ends_in_time("CURLE_OPERATION_TIMEDOUT", "--timeout")

    def test_half_an_answer(self) -> None:
        self.api.fault("slow", path="/token", delay=0.2, times=0)
        self.ends_in_time("CURLE_OPERATION_TIMEDOUT")

    def test_no_handshake(self) -> None:
        with silent_server() as url:
            self.ends_in_time("CURLE_OPERATION_TIMEDOUT", url=url)

    def test_no_connection(self) -> None:
        with unreachable_server() as url:
            self.ends_in_time("CURLE_OPERATION_TIMEDOUT", url=url)

    def test_a_closed_port(self) -> None:
        result = self.run_program("token", "--timeout", 1, "--base-url", "https://127.0.0.1:9")
        self.expect_failure(result, 8, "CURLE_COULDNT_CONNECT", "SSA_HSM_BASE_URL")

    def test_a_name_that_nobody_has(self) -> None:
        result = self.run_program("token", "--timeout", 1, "--base-url", "https://no-such-host.invalid")
        self.assertEqual(result.code, 8, str(result))
        self.assertIn("no-such-host.invalid", result.err)

    def test_what_is_no_tls(self) -> None:
        with garbage_server(b"HTTP/1.1 400 Bad Request\r\n\r\n\x1b[31m") as address:
            result = self.run_program("token", "--timeout", 1, "--base-url", f"https://{address}")
            self.expect_failure(result, 8, "CURLE_SSL_CONNECT_ERROR")

    def test_what_is_no_http(self) -> None:
        for answer in (b"\x00\xff garbage\r\n\r\n", b"HTTP/9.9 200 OK\r\n\r\n{}", b"SSH-2.0-OpenSSH\r\n",
                       b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 30000):  # fmt: skip
            with self.subTest(answer[:20]), garbage_server(answer) as address:
                result = self.run_program("token", "--insecure-http", "--timeout", 1, "--base-url", f"http://{address}")
                self.expect_failure(result, 8)

    def test_the_server_dies_in_the_middle(self) -> None:
        api = self.other_api()
        api.fault("hang", path="/token", times=0)
        self.write_profile({**self.profile(), "SSA_HSM_BASE_URL": api.base_url, "SSA_HSM_CACERT": api.cacert})
        for command in (("token",), (*CREATE, "--output", self.dir / "x.env")):
            process = background(self, *command, "--timeout", BRIEF)
            time.sleep(0.4)
            if command[0] != "token":
                api.process.kill()
            self.expect_failure(ended(process), 8, "CURLE_")
        self.assertFalse((self.dir / "x.env").exists())
        self.expect_failure(self.run_program("token", "--timeout", 1), 8, "CURLE_COULDNT_CONNECT")


class EarlyConnection(FaultCase):
    """The connection is made while the token works, and yet it is one request."""

    def setUp(self) -> None:
        super().setUp()
        self.provisioned()

    def test_the_handshake_is_over_before_the_signature(self) -> None:
        with self.shim("C_Sign 1 sleep 400") as log:
            self.expect(self.run_program("token"), 0)
        request = self.api.requests()
        self.assertEqual(len(request), 1)
        signed = log.of("C_Sign")[0]
        self.assertLess(request[0]["handshake_at"], signed.time + signed.took)
        self.assertGreater(request[0]["arrived_at"], signed.time + signed.took)

    def test_connecting_and_signing_do_not_add_up(self) -> None:
        with Proxy(delay=0.8) as proxy, self.shim("C_Sign 1 sleep 800"):
            began = time.monotonic()
            self.expect(self.run_program("token", env={"https_proxy": proxy.url}), 0)
            took = time.monotonic() - began
        self.assertEqual(len(proxy.seen), 1)
        # One after the other they would take 1.6 s; the rest of a run takes a tenth of one.
        self.assertGreater(took, 0.8)
        self.assertLess(took, 1.5 * SLOW)

    def test_a_wrong_pin_costs_no_request(self) -> None:
        self.env["SSA_HSM_PIN_SOURCE"] = "env:P"
        self.expect_failure(self.run_program("token", env={"P": "0000-wrong"}), 5)
        self.assertEqual(self.api.asked(), [])

    def test_a_server_that_is_down_and_a_token_that_fails(self) -> None:
        # What is told is the token's failure, which comes first.
        with self.shim("C_Sign 1 return CKR_DEVICE_ERROR"):
            result = self.run_program("token", "--base-url", "https://127.0.0.1:9", "--timeout", BRIEF)
            self.expect_failure(result, 7, "CKR_DEVICE_ERROR")

    def test_a_slow_token_does_not_use_up_the_time(self) -> None:
        # Each call of the module may take as long as the answer of the API.
        with self.shim("C_OpenSession 1 sleep 600", "C_Login 1 sleep 600", "C_Sign 1 sleep 600"):
            self.expect(self.run_program("token", "--timeout", 1 * SLOW), 0)
        self.assertEqual(len(self.api.asked()), 1)
