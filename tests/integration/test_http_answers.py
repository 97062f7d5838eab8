"""What a server may say instead of what was hoped for: each shape is told in a line or two, and harms no terminal."""

from __future__ import annotations

import base64
import contextlib
import json
import random
import re
import socket
from collections.abc import Iterator
from types import SimpleNamespace
from urllib.parse import parse_qs

import places
from fault_support import BRIEF, FaultCase
from harness import Result
from listening import Listening


def a_key_of_nobody() -> str:
    """Looks like a key, and is the same in each run: in one piece of some hundred, chance writes what looks like a word."""
    numbers = b"\x30\x82\x04\xbd\x02\x01\x00" + random.Random(1).randbytes(1210)
    body = base64.b64encode(numbers).decode()
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    return "\n".join(["-----BEGIN PRIVATE KEY-----", *lines, "-----END PRIVATE KEY-----", ""])


@contextlib.contextmanager
def mirror(case: FaultCase) -> Iterator[tuple[str, SimpleNamespace]]:
    """Refuses each assertion with a slice of itself; gives HOST:PORT, and what it saw."""
    seen = SimpleNamespace(slice=slice(None), assertion="")

    def answer(client: socket.socket) -> None:
        data = b""
        while not (end := re.search(rb"Content-Length: (\d+).*?\r\n\r\n(.*)", data, re.DOTALL)) or len(end[2]) < int(end[1]):
            data += client.recv(65536)
        seen.assertion = parse_qs(end[2].decode())["assertion"][0]
        body = json.dumps({"error": "x", "error_description": f"you sent {seen.assertion[seen.slice]} to me"})
        client.sendall(f"HTTP/1.1 400 No\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())

    with Listening(answer) as server:
        yield server.address, seen


class Answers(FaultCase):
    def setUp(self) -> None:
        super().setUp()
        self.provisioned()

    def token(self, code: int, *words: str, action: str = "status", times: int = 0, **members: object) -> Result:
        self.api.fault(action, path="/token", times=times, **members)
        result = self.expect_failure(self.run_program("token", "--timeout", BRIEF), code, *words)
        self.api.control("POST", "clear")
        return result

    def test_error_bodies_of_every_shape_give_their_text(self) -> None:
        for body, kind, words in (
            ({"developerMessage": "The moon is full.", "errorCode": "AUTH-001", "more info": "x"}, "application/json",
             ("The moon is full.", "AUTH-001")),
            ({"error": "invalid_grant", "error_description": "Tides."}, "application/json",
             ("invalid_grant", "Tides.")),
            ({"detail": "Too far.", "title": "Bad Request"}, "application/json", ("Too far.",)),
            ("plain words", "text/plain", ("plain words",)),
            ("<html><head><title>403 Gateway</title></head><body>x</body></html>", "text/html", ("403 Gateway",)),
            ("", "text/plain", ("Bad Request",)),
            ('{"developerMessage": "cut of', "application/json", ()),
            ([], "application/json", ()),
        ):  # fmt: skip
            with self.subTest(body=body):
                self.token(10, "HTTP 400", *words, status=400, body=body, content_type=kind)
        self.assertEqual(len(self.api.asked()), 8, "a refusal is not repeated")

    def test_escapes_in_them_are_harmless(self) -> None:
        nasty = "a\x1b[31mred\x1b]0;title\x07b\u202egnp\u2066c\x9b2Jde\r\nssa-hsm: all is well"
        for body in ({"developerMessage": nasty}, json.dumps({"developerMessage": nasty}, ensure_ascii=False), nasty,
                     f"<title>{nasty}</title>"):  # fmt: skip
            with self.subTest(body=str(body)[:30]):
                result = self.token(10, "HTTP 400", "red", status=400, body=body)
                self.assertNotRegex(result.err, "[\x1b\x07\x9b\u202e\u2066\r]")
                self.assertNotIn("\nssa-hsm: all is well", result.err)

    def test_bytes_that_are_no_utf_8(self) -> None:
        raw = base64.b64encode(b"\xff\xfe broken \xc3\x28 \xed\xa0\x80").decode()
        result = self.token(10, "broken", status=400, body_base64=raw)
        self.assertNotIn("\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd", result.err)

    def test_secrets_that_come_back_are_not_shown(self) -> None:
        echo = f"secret {self.api.secret} assertion eyJ{'A' * 300}.{'B' * 300}.{'C' * 300}"
        result = self.token(10, status=400, body=echo)
        self.assertNotIn(self.api.secret, result.err)
        self.assertNotIn("AAAAAAAA", result.err)

    def test_pieces_of_secrets_are_not_shown_either(self) -> None:
        secret = self.api.secret
        basic = base64.b64encode(f"{self.api.client_id}:{secret}".encode()).decode()
        key = a_key_of_nobody()
        body_of_key = "".join(key.splitlines()[1:-1])
        percent = "".join(f"%{ord(c):02x}" for c in secret)
        pieces = {
            "all but the end": secret[:-1],
            "the beginning": secret[:9],
            "the middle": secret[8:20],
            "the end": secret[-9:],
            "cut by dots": f"{secret[:6]}...",
            "percent": percent,
            "percent, twice": percent.replace("%", "%25"),
            "some percent": secret[:5] + f"%{ord(secret[5]):02X}" + secret[6:],
            "json": "".join(f"\\u{ord(c):04x}" for c in secret),
            "basic": basic,
            "a piece of basic": basic[10:30],
            "basic with its name": f"Basic {basic}",
            "the key": key,
            "the key in json": json.dumps(key),
            "the key in percent": key.replace("\n", "%0A").replace(" ", "%20").replace("+", "%2B"),
            "a line of the key": key.splitlines()[3],
            "half a line": key.splitlines()[3][:31],
            "some of a line": key.splitlines()[5][7:27],
            "its beginning": key[:50],
            "its first bytes": body_of_key[:12],
            "its end": key[-70:],
        }
        for n, (name, piece) in enumerate(pieces.items()):
            texts = (f"before {piece} after", f'"{piece}"', f"value={piece}; x", f"{piece}: client_secret",
                     "x" * 30 + " " * 150 + piece)  # fmt: skip
            for k in places.some_of(range(2), 2, n):
                text = texts[(n + k) % len(texts)]
                shapes = ({"error": "invalid_request", "error_description": text}, text, f"<p>{text}</p>",
                          {"title": text, "detail": "x"}, {"unknown": text})  # fmt: skip
                with self.subTest(piece=name, text=k):
                    self.api.fault("status", path="/token", status=400, body=shapes[(n // 5 + 2 * k) % len(shapes)])
                    err = self.expect_failure(self.run_program("token"), 10, "HTTP 400").err
                    for known in (secret, basic, body_of_key):
                        for at in range(len(known) - 7):
                            self.assertNotIn(known[at : at + 8], err)

    def test_an_assertion_that_comes_back_is_not_shown(self) -> None:
        # Its signature is another each time, so that it has to be caught on its way.
        with mirror(self) as (address, seen):
            for begin, end in ((0, None), (0, 40), (30, 60), (100, 115), (-30, None), (200, 330)):
                with self.subTest(begin=begin, end=end):
                    seen.slice = slice(begin, end)
                    result = self.run_program("token", "--insecure-http", "--base-url", f"http://{address}")
                    self.expect_failure(result, 10, "HTTP 400", "you sent")
                    self.assertTrue(seen.assertion)
                    for at in range(len(seen.assertion) - 7):
                        self.assertNotIn(seen.assertion[at : at + 8], result.err)

    def test_an_error_with_200_is_the_servers_word(self) -> None:
        for body, code, *words in (
            ({"error": "invalid_grant", "error_description": "The account sleeps."}, 10, "account sleeps", "invalid_grant"),
            ({"error": "invalid_client", "error_description": "Who?"}, 9, "Who?", "APS_CLIENT_ID"),
            ({"error": "invalid_credentials", "error_description": "Who?"}, 9, "Who?", "APS_SECRET_ID"),
            ({"developerMessage": "The moon is full.", "errorCode": "AUTH-001"}, 10, "moon is full", "AUTH-001"),
            ({"title": "invalid_request", "detail": "No such thing."}, 10, "No such thing"),
            ({"title:": "not_found", "detail": "No such thing."}, 10, "No such thing"),
            ({"error": "temporarily_unavailable"}, 8, "temporarily_unavailable", "try again later"),
        ):  # fmt: skip
            with self.subTest(body=body):
                self.api.forget_requests()
                self.token(code, "HTTP 200", "was refused", *words, action="replace", body=body)
                self.assertEqual(len(self.api.asked()), 1)
                self.api.fault("replace", path="/token", body=body, times=0)
                self.expect_failure(self.run_program("account", "list", "--timeout", BRIEF), code, *words)
                self.api.control("POST", "clear")

    def test_an_error_with_200_from_calls_that_read_no_answer(self) -> None:
        made = self.api.control("POST", "accounts", name="another-one", keys=1)
        account, kid = made["serviceAccountId"], made["keys"][0]
        body = {"title": "not_allowed", "detail": "Not on a Sunday."}
        for command in (("key", "delete", kid, "--account", account, "--yes"), ("account", "delete", account, "--yes"),
                        ("key", "disable", kid, "--account", account)):  # fmt: skip
            for method in ("DELETE", "PATCH"):
                self.api.fault("status", method=method, status=200, body=body)
            with self.subTest(command):
                self.expect_failure(self.run_program(*command), 10, "Not on a Sunday")
            self.api.control("POST", "clear")
        self.assertEqual(self.keys_of(account), [kid])

    def test_a_very_long_one_is_cut(self) -> None:
        result = self.token(10, status=400, body="long " * 4000)
        self.assertLess(len(result.err), 2000)

    def test_redirects_are_named_and_not_followed(self) -> None:
        other = f"{self.api.base_url}/elsewhere?token=abc"
        for status in (301, 302, 303, 307, 308):
            with self.subTest(status):
                self.api.forget_requests()
                result = self.token(8, f"HTTP {status}", "/elsewhere", "not followed", status=status,
                                    headers={"Location": other})  # fmt: skip
                self.assertNotIn("token=abc", result.err)
                self.assertEqual(self.api.asked(), ["POST /token"])

    def test_a_redirect_with_secrets(self) -> None:
        for path in (f"https://user:{self.api.secret}@x.example/", f"https://x.example/{self.api.secret}/y",
                     f"https://x.example/eyJhbGciOi.{'ab3X' * 9}/y", "https://x.example/a%2Faccess_token%3Dabcde"):  # fmt: skip
            with self.subTest(path):
                result = self.token(8, "redirects to https://", status=302, headers={"Location": path})
                for secret in (self.api.secret[:8], "ab3X", "abcde"):
                    self.assertNotIn(secret, result.err)

    def test_a_redirect_with_escapes(self) -> None:
        result = self.token(8, "redirects", status=302, headers={"Location": "http://x/\x1b[2Jy"})
        self.assertNotIn("\x1b", result.err)

    def test_too_large_an_answer(self) -> None:
        self.token(8, "longer than", action="replace", body="x" * 700_000)
        huge = json.dumps({"access_token": "a" * 200_000, "token_type": "Bearer", "expires_in": 1})
        self.token(8, "longer than", action="replace", body=huge)

    def test_a_large_token_that_fits(self) -> None:
        self.api.control("POST", "access-token", size=20_000)
        self.assertGreater(len(self.expect(self.run_program("token", "--format", "token"), 0).out), 19_000)

    def test_answers_that_are_none(self) -> None:
        for body in ("", "<html>login</html>", "null", "[]", "{}", '{"access_token": 7}', '{"access_token": ""}',
                     '{"access_token": "a", ', '{"access_token": null}', "[" * 3000,
                     '{"access_token":"a"}x'):  # fmt: skip
            with self.subTest(body=body[:30]):
                self.token(8, "unusable", action="replace", body=body)

    def test_an_access_token_that_could_break_out_of_a_header(self) -> None:
        for token in ("a\r\nX: y", 'a"b', "a b", "a\x00b"):
            with self.subTest(token):
                grant = {"access_token": token, "token_type": "Bearer", "expires_in": 9}
                self.api.fault("replace", path="/token", body=grant)
                result = self.run_program("token", "--format", "curl", "--timeout", BRIEF)
                self.expect_failure(result, 8)

    def test_statuses_of_a_broken_server_are_retried(self) -> None:
        for status in (500, 502, 503, 504):
            with self.subTest(status):
                self.api.forget_requests()
                self.token(8, f"HTTP {status}", "try again later", status=status, body="<html>upstream</html>")
                self.assertGreater(len(self.api.asked()), 1)

    def test_a_passing_failure_passes(self) -> None:
        self.api.fault("status", path="/token", status=503, headers={"Retry-After": "1"})
        self.expect(self.run_program("token"), 0, "trying again in 1")

    def test_401(self) -> None:
        self.token(9, "HTTP 401", "APS_CLIENT_ID", "APS_SECRET_ID", status=401)
        self.assertEqual(len(self.api.asked()), 1)

    def test_429(self) -> None:
        self.token(11, "HTTP 429", "Quota", status=429, headers={"Retry-After": "77"},
                   body={"developerMessage": "Quota limit exceeded."})  # fmt: skip
        for retry_after in ("1", "Thu, 01 Jan 1970 00:00:00 GMT", "nonsense", "-5"):
            with self.subTest(retry_after):
                self.api.fault("status", path="/token", status=429, headers={"Retry-After": retry_after})
                self.expect(self.run_program("token"), 0, "rate limit: waiting")

    def test_a_clock_that_is_off_is_named(self) -> None:
        for offset, words in ((-150, "ahead of"), (400, "behind")):
            with self.subTest(offset):
                self.api.control("POST", "clock", offset=offset)
                result = self.expect_failure(self.run_program("token"), 10, "clock", words, "NTP")
                self.assertRegex(result.err, rf"clock is {abs(offset) // 10}\d s")

    def test_a_clock_that_is_right_is_not(self) -> None:
        self.assertNotIn("clock", self.token(10, "HTTP 400", status=400).err)
        self.api.control("POST", "clock", offset=-40)
        self.assertNotIn("clock", self.run_program("token", "--expires-in", "300").err)

    def test_other_statuses(self) -> None:
        for status, code in ((404, 10), (418, 10), (304, 8), (204, 8)):
            with self.subTest(status):
                self.token(code, f"HTTP {status}", status=status)
