"""What stands between: proxies that cannot be used, want a login, or refuse, are said as what they are, without the
password, and asked as often as there is sense in it."""

from __future__ import annotations

from fault_support import BRIEF, FaultCase
from harness import Result
from http_support import Proxy, endless_server

PASSWORD = "hunter2X"  # noqa: S105
VARIABLES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")


def answer(line: str, *headers: str, body: str = "") -> bytes:
    lines = [f"HTTP/1.1 {line}", *headers, f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


class ProxyCase(FaultCase):
    def setUp(self) -> None:
        super().setUp()
        self.provisioned()

    def token(self, url: str, code: int, *words: str, name: str = "https_proxy", **more: str | None) -> Result:
        result = self.run_program("token", "--timeout", BRIEF, env={name: url, **more})
        self.expect_failure(result, code, *words)
        self.assertNotIn(PASSWORD[:6], result.err)
        return result


class Unusable(ProxyCase):
    def once(self, url: str, name: str = "https_proxy", code: int = 3) -> None:
        with self.subTest(url=url, name=name):
            result = self.token(url, code, name if code == 3 else "", name=name)
            self.assertNotIn("trying again", result.err)
            self.assertEqual(result.err.count("ssa-hsm: "), 1, result.err)

    def test_one_that_is_no_url_is_told_once_without_its_password(self) -> None:
        for url in (
            f"http://user:{PASSWORD}@host:99999",
            f"http://user:{PASSWORD}@host:port",
            f"http://user:{PASSWORD}@ho st:1",
            f"http://user:{PASSWORD} x@host:1",
            f"http://user:{PASSWORD}@[::1",
            f"http://user:{PASSWORD}@",
            f"user:{PASSWORD}@host:99999",
            f"//user:{PASSWORD}@host:1/",
            f"http:/user:{PASSWORD}@host:99999",
            f"ftp://user:{PASSWORD}@host:1",
            f"nonsense://user:{PASSWORD}@host:1",
            f"http://user:{PASSWORD}\x1b[31m@host:1",
            "http://",
            "://",
        ):  # fmt: skip
            self.once(url)
        for name in VARIABLES:
            self.once(f"http://user:{PASSWORD}@host:99999", name)
        self.assertEqual(self.api.asked(), [])

    def test_one_whose_password_is_read_as_host_or_port(self) -> None:
        for url in (f"http://127.0.0.1:9/{PASSWORD}@host:1", f"http://127.0.0.1:9#{PASSWORD}@host:1",
                    f"http://127.0.0.1:9?{PASSWORD}@host", f"http://{PASSWORD}.invalid/x@host"):  # fmt: skip
            self.once(url)

    def test_no_proxy_passes_it(self) -> None:
        for url in (f"http://user:{PASSWORD}@host:99999", f"http://127.0.0.1:9/{PASSWORD}@host"):
            variables = {"https_proxy": url, "no_proxy": "127.0.0.1"}
            self.expect(self.run_program("token", env=variables), 0)

    def test_and_another_failure_is_not_its(self) -> None:
        variables = {"https_proxy": f"http://user:{PASSWORD}@host:99999", "no_proxy": "127.0.0.1"}
        result = self.run_program("token", "--timeout", 1, "--base-url", "https://127.0.0.1:9", env=variables)
        self.expect_failure(result, 8, "CURLE_COULDNT_CONNECT", "127.0.0.1:9")

    def test_plain_http_does_not_look_at_it(self) -> None:
        api = self.other_api("--plain-http")
        variables = {name: f"http://user:{PASSWORD}@host:99999" for name in VARIABLES}
        result = self.run_program("account", "list", "--insecure-http", env=variables)
        self.expect(result, 0)
        self.assertEqual(len(api.asked()), 2)

    def test_a_creation_leaves_nothing_behind(self) -> None:
        self.fresh()
        result = self.create(env={"https_proxy": f"http://user:{PASSWORD}@host:99999"})
        self.expect_failure(result, 3, "https_proxy")
        self.assertNotIn(PASSWORD, result.err)
        self.assert_nothing_left()

    def test_it_is_no_reason_to_use_the_next_profile(self) -> None:
        self.write_profile(self.profile(), "spare")
        result = self.run_program("token", "-p", "default", "-p", "spare", "--timeout", BRIEF,
                                  env={"https_proxy": f"http://user:{PASSWORD}@host:99999"})  # fmt: skip
        self.expect_failure(result, 3, "https_proxy")
        self.assertNotIn("spare", result.err)


class Refusing(ProxyCase):
    def refused(self, reply: bytes, *words: str, login: str = "", tries: int | None = 1) -> str:
        with Proxy(reply) as proxy:
            host = proxy.url.removeprefix("http://")
            result = self.token(f"http://{login}{host}", 8, host, *words)
            if tries:
                self.assertEqual(len(proxy.seen), tries)
                self.assertEqual(result.err.count("ssa-hsm: "), 1, result.err)
            else:
                self.assertGreater(len(proxy.seen), 1)
        self.assertEqual(self.api.asked(), [])
        return result.err

    def test_a_login_of_a_kind_that_is_not_supported(self) -> None:
        for headers, kinds in (
            (["Proxy-Authenticate: NTLM"], "by NTLM (answer 407)"),
            (["Proxy-Authenticate: Negotiate", "Proxy-Authenticate: NTLM"], "by Negotiate, NTLM"),
            (["Proxy-Authenticate: Negotiate, NTLM"], "by Negotiate, NTLM"),
            (['Proxy-Authenticate: Digest realm="Basic, NTLM", qop="auth", nonce="x"'], "by Digest (answer"),
            (["proxy-authenticate: ntlm"], "by NTLM"),
        ):
            for login in ("", f"user:{PASSWORD}@"):
                with self.subTest(headers=headers, login=login):
                    reply = answer("407 Proxy Authentication Required", *headers, body="<html>log in</html>")
                    self.refused(reply, kinds, "not supported", "https_proxy", login=login)

    def test_a_login_that_was_not_given(self) -> None:
        for headers in (['Proxy-Authenticate: Basic realm="x"'], [], ["Proxy-Authenticate: NTLM, Basic realm=x"]):
            with self.subTest(headers):
                self.refused(answer("407 No", *headers), "asks for a login", "none was given",
                             "http://USER:PASSWORD@HOST:PORT")  # fmt: skip

    def test_a_login_that_is_wrong(self) -> None:
        self.refused(answer("407 No", 'Proxy-Authenticate: Basic realm="x"'), "does not accept the user and password",
                     login=f"user:{PASSWORD}@")  # fmt: skip

    def test_a_host_that_is_blocked(self) -> None:
        for line in ("403 Forbidden", "404 Not Found", "405 No", "302 Found", "400 Bad"):
            with self.subTest(line):
                reply = answer(line, "Location: http://login.example/?u=user", body="<html>blocked by policy</html>")
                self.refused(reply, "the proxy refuses to connect to 127.0.0.1", line[:3], login=f"user:{PASSWORD}@")

    def test_a_proxy_that_is_down_is_asked_again(self) -> None:
        for line in ("502 Bad Gateway", "503 Service Unavailable", "504 Gateway Timeout"):
            with self.subTest(line):
                self.refused(answer(line, body="<html>x</html>"), "the proxy cannot connect to 127.0.0.1", line,
                             tries=None)  # fmt: skip

    def test_its_refusal_is_not_the_apis(self) -> None:
        # A 404 of the API's is "it is gone", one of a proxy's is nothing.
        reply = answer("404 Not Found", "Content-Type: application/json", body='{"title":"not_found","detail":"x"}')
        with Proxy(reply) as proxy:
            result = self.run_program("account", "delete", "SOMEACCOUNT1", "--yes", "--timeout", BRIEF,
                                      env={"https_proxy": proxy.url})  # fmt: skip
            self.expect_failure(result, 8, "the proxy refuses")

    def test_one_that_speaks_garbage(self) -> None:
        with endless_server(b"SSH-2.0-x\r\n", b"") as address:
            self.token(f"http://user:{PASSWORD}@{address}", 8)

    def test_a_socks_proxy_that_is_none(self) -> None:
        with endless_server(b"HTTP/1.1 400 Bad\r\n\r\n", b"") as address:
            result = self.token(f"socks5h://user:{PASSWORD}@{address}", 8, "CURLE_PROXY", name="all_proxy")
            self.assertNotIn("trying again", result.err)
