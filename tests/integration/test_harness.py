"""The tests' own tools: what they must not show, and what they read."""

from __future__ import annotations

import io
import unittest

import dotenv
import keyfiles
import masking
from softtoken import PIN


class Masking(unittest.TestCase):
    def shown(self, text: str) -> str:
        target = io.StringIO()
        masking.MaskingStream(target).write(text)
        return target.getvalue()

    def test_a_pin_is_not_shown(self) -> None:
        self.assertEqual(self.shown(f"it was {PIN}!"), "it was <PIN>!")

    def test_a_client_secret_is_not_shown_once_it_is_known(self) -> None:
        masking.add("client secret", "abcd-efgh")
        self.assertNotIn("abcd-efgh", self.shown("xabcd-efghx"))

    def test_a_token_is_not_shown(self) -> None:
        self.assertEqual(self.shown("a eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln b"), "a <JWT> b")

    def test_a_pem_is_not_shown_whole_or_cut(self) -> None:
        pem = keyfiles.pem()
        middle = pem.splitlines()[3]
        for text in (pem, pem[:600], pem.replace("\n", "\\n")):
            self.assertNotIn(middle, self.shown(text))


class Dotenv(unittest.TestCase):
    def test_reads_as_python_dotenv_does(self) -> None:
        text = '# c\nexport A=1 # x\nB="two\nlines"\nC=\'$x\'\r\nD=\nE="q\\"q"\n'
        self.assertEqual(dotenv.parse(text), {"A": "1", "B": "two\nlines", "C": "$x", "D": "", "E": 'q"q'})

    def test_a_line_that_is_no_assignment_is_an_error(self) -> None:
        with self.assertRaisesRegex(ValueError, "line 2"):
            dotenv.parse("A=1\nwhat is this\n")
