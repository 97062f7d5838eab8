"""A server, or a proxy, that never stops sending, and one whose numbers and dates are out of all bounds."""

from __future__ import annotations

import re
import subprocess
import time

import places
from fault_support import BRIEF, FaultCase, background, ended
from harness import SLOW, Result
from http_support import endless_server

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
# Megabytes; a run needs some 20, and the address sanitizer keeps what was freed.
MOST = 600 if places.sanitized() else 64


def peak(process: subprocess.Popen[bytes]) -> int:
    """The most memory that it has had, in megabytes, looked at until it ends."""
    most = 0
    while process.poll() is None:
        with open(f"/proc/{process.pid}/status") as status:
            if found := re.search(r"VmHWM:\s*(\d+)", status.read()):
                most = int(found[1]) // 1024
        time.sleep(0.01)
    return most


class Endless(FaultCase):
    def setUp(self) -> None:
        super().setUp()
        self.provisioned()

    def bounded(self, *arguments: object) -> Result:
        began = time.monotonic()
        process = background(self, *arguments)
        most = peak(process)
        result = ended(process)
        self.assertLess(most, MOST, "megabytes")
        self.assertLess(time.monotonic() - began, 5 * SLOW)
        return self.expect_failure(result, 8)

    def test_everything_that_a_server_sends_has_an_end(self) -> None:
        for name, head, more, words in (
            ("trailers", CHUNKED, b"X: y\r\n", "headers"),
            ("long trailers", CHUNKED, b"X: " + b"y" * 4000 + b"\r\n", "headers"),
            ("headers", OK, b"X: y\r\n", "headers"),
            ("a header that does not end", OK + b"X: ", b"y", "a header line of the answer was too long"),
            ("a folded header", OK + b"X: y", b"\r\n y", ""),
            ("cookies", OK, b"Set-Cookie: a=b\r\n", "headers"),
            ("1xx", b"", b"HTTP/1.1 100 Continue\r\n\r\n", "headers"),
            ("1xx with headers", b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", "headers"),
            ("a status line that does not end", b"HTTP/1.1 200 ", b"O", ""),
            ("no HTTP", b"", b"z", "answer was not HTTP"),
            ("a body", OK + b"\r\n", b"{", "longer than"),
            ("a body in chunks", OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n{\r\n", "longer than"),
            ("an extension of a chunk", OK + b"Transfer-Encoding: chunked\r\n\r\n2;x=", b"y", ""),
            ("a compressed body", OK + b"Content-Encoding: gzip\r\n\r\n", b"\x1f\x8b\x08\0", "longer than"),
            ("a refusal", b"HTTP/1.1 400 Bad\r\n\r\n", b"no ", "longer than"),
        ):  # fmt: skip
            with self.subTest(name), endless_server(head, more) as address:
                result = self.bounded("token", "--insecure-http", "--timeout", 2, "--base-url", f"http://{address}")
                self.assertIn(words, result.err)

    def test_and_what_a_proxy_sends_too(self) -> None:
        for name, head, more in (
            ("headers", b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
            ("trailers", b"HTTP/1.1 407 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", b"X: y\r\n"),
            ("a body", b"HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
            ("1xx", b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        ):  # fmt: skip
            with self.subTest(name), endless_server(head, more) as address:
                self.env["https_proxy"] = f"http://{address}"
                self.bounded("token", "--timeout", 2)
        self.assertEqual(self.api.asked(), [])

    def test_a_compressed_answer_is_not_asked_for_and_not_read(self) -> None:
        bomb = subprocess.run(["gzip", "-9c"], input=b"x" * 50_000_000, stdout=subprocess.PIPE, check=True).stdout
        for header in (b"Content-Encoding: gzip", b"Transfer-Encoding: gzip, chunked"):
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(bomb), bomb) if b"chunked" in header else bomb
            with self.subTest(header), endless_server(OK + header + b"\r\nConnection: close\r\n\r\n" + body, b"") as address:
                self.bounded("token", "--insecure-http", "--timeout", 2, "--base-url", f"http://{address}")

    def test_a_creation_whose_answer_has_no_end_is_looked_for(self) -> None:
        # The key's answer is whole but for its trailers, which the emulator cannot send: many headers can be.
        headers = {f"X-{n}": "y" * 1000 for n in range(90)}
        self.api.fault("replace", method="POST", path="*/keys", body={"kid": "nobody-knows"}, headers=headers)
        result = self.run_program("account", "create", "service", "my-filesync", "--output", self.dir / "x.env",
                                  "--import", "plain", "--timeout", BRIEF)  # fmt: skip
        self.assertIn(result.code, (12, 13))
        self.assertEqual(self.api.accounts(), [])


DATES = (
    "Thu, 01 Jan 0000 00:00:00 GMT",
    "Mon, 01 Jan 1601 00:00:00 GMT",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Sat, 01 Jan 10000 00:00:00 GMT",
    "Sun, 04 Dec 292277026597 15:30:07 GMT",
    "Sun, 04 Dec 2147483647 15:30:07 GMT",
    "Sunday, 06-Nov-94 08:49:37 GMT",
    "Sunday, 06-Nov-68 08:49:37 GMT",
    "Sun Nov  6 08:49:37 1994",
    "Sun Nov  6 08:49:37 9999",
    "Sun, 06 Nov -1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37 +99999999999",
    "0",
    "-1",
    "99999999999999999999999999",
    "20260101",
    "1e99",
    "",
    " ",
)
NUMBERS = ("0", "-1", "+5", "1.5", "1e9", "0x7fffffff", "2147483648", "9223372036854775807", "9223372036854775808",
           "18446744073709551616", "9" * 300, "000000000000000000002", "nan", "inf", "1,2", "5 6")  # fmt: skip


class Numbers(FaultCase):
    """Of these the sanitizers tell whether they overflow anything."""

    def setUp(self) -> None:
        super().setUp()
        self.provisioned()

    def test_retry_after(self) -> None:
        for status, values in ((429, (*DATES, *NUMBERS)), (503, (DATES[2], DATES[4], NUMBERS[7]))):
            for value in values:
                with self.subTest(status=status, value=value):
                    self.api.control("POST", "clear")
                    self.api.fault("status", path="/token", status=status, headers={"Retry-After": value})
                    # A short wait is waited for, a long one ends in a message.
                    result = self.run_program("token", "--timeout", 20 * SLOW, env=self.hasty(5))
                    self.assertIn(result.code, (0, 8, 11))
                    self.assertNotRegex(result.err, r"-\d+ s\b|runtime error")
                    if result.code == 11 and "--timeout" in result.err:
                        self.assertRegex(result.err, r"--timeout \d{1,5}\.")

    def test_date(self) -> None:
        for value in DATES:
            for status in (200, 400, 429):
                with self.subTest(status=status, value=value):
                    self.api.control("POST", "clear")
                    later = "Fri, 31 Dec 9999 23:59:59 GMT" if status == 429 else None
                    fault = "replace" if status == 200 else "status"
                    grant = {"access_token": "abc", "token_type": "Bearer", "expires_in": 1}
                    self.api.fault(fault, path="/token", status=status, times=0, body=grant if status == 200 else "",
                                   headers={"Date": value, "Retry-After": later})  # fmt: skip
                    result = self.run_program("token", "--timeout", 1)
                    self.assertEqual(result.code, {200: 0, 400: 10, 429: 11}[status], result.err)
                    self.assertNotRegex(result.err, r"-\d+ s\b|runtime error")

    def test_times_of_accounts_and_keys(self) -> None:
        times = ("0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "10000-01-01T00:00:00Z", "1601-01-01T00:00:00-23:59",
                 "292277026597-12-04T15:30:07Z", "9" * 500, "-1", 99999999999999999999999999, -1, 1.5, None, [], {})  # fmt: skip
        for at in times:
            with self.subTest(at):
                account = {"serviceAccountId": "A", "email": "a@b", "status": "ENABLED", "createdAt": at,
                           "accessedAt": at, "expiresAt": at}  # fmt: skip
                self.api.fault("replace", path="/service-accounts", body={"serviceAccounts": [account]})
                self.expect(self.run_program("account", "list"), 0)
                key = {"kid": "k", "status": "ENABLED", "createdAt": at, "accessedAt": at}
                self.api.fault("replace", path="*/keys", body={"keys": [key]})
                self.expect(self.run_program("key", "list"), 0)
