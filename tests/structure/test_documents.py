#!/usr/bin/python3
"""The documents: what they refer to is there, and the README is short. What they say to type is run elsewhere
(tests/integration/test_documents.py)."""

from __future__ import annotations

import re
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "integration"))

import documents  # noqa: E402

README_LINES = 150
_OURS = re.compile(r"(?:scripts|tests|docs|src|hsm|include)/[\w./-]+|test_[a-z0-9_]+")


class Readme(unittest.TestCase):
    def test_it_is_short(self) -> None:
        self.assertLessEqual(len((ROOT / "README.md").read_text().splitlines()), README_LINES)

    def test_quick_start_and_tests_are_near_the_top(self) -> None:
        top = "\n".join((ROOT / "README.md").read_text().splitlines()[:20])
        for command in ("scripts/quickstart", "scripts/test"):
            self.assertIn(command, top)

    def test_every_page_is_linked(self) -> None:
        linked = {link.split("#")[0] for link in documents.read(ROOT, "README.md").links()}
        for page in documents.pages(ROOT):
            if page != "README.md":
                self.assertIn(page, linked)


class References(unittest.TestCase):
    def test_links(self) -> None:
        for page in [*documents.pages(ROOT)]:
            document = documents.read(ROOT, page)
            for link in document.links():
                path, _, anchor = link.partition("#")
                if path.startswith("https://"):
                    continue
                with self.subTest(page, link=link):
                    target = ((ROOT / page).parent / path).resolve() if path else ROOT / page
                    self.assertTrue(target.exists(), "is not there")
                    if anchor:
                        name = str(target.relative_to(ROOT))
                        self.assertIn(anchor, documents.read(ROOT, name).anchors())

    def test_files_and_tests(self) -> None:
        seen = 0
        for page in documents.pages(ROOT):
            document = documents.read(ROOT, page)
            words = [span.split()[0] for span in document.spans()]
            words += [word for block in document.blocks if block.kind == "sh" for word in block.code.split()]
            words += [word for span in document.spans() for word in span.split()[1:]]
            for word in words:
                if _OURS.fullmatch(word):
                    seen += 1
                    with self.subTest(page, word=word):
                        path = f"tests/integration/{word}.py" if word.startswith("test_") else word
                        self.assertTrue((ROOT / path).exists(), "is not there")
        self.assertGreater(seen, 40)


if __name__ == "__main__":
    unittest.main()
