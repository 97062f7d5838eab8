#!/usr/bin/python3
"""Is a secret found wherever the program may have written it, and told without its value?"""

from __future__ import annotations

import os
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import files  # noqa: E402
from needles import of_secret  # noqa: E402

_SECRETS = of_secret(b"Sesame-Open-Sesame", "PIN")


class Searching(unittest.TestCase):
    def setUp(self) -> None:
        home = tempfile.TemporaryDirectory()
        self.addCleanup(home.cleanup)
        self.home = Path(home.name)

    def write(self, name: str, content: bytes) -> Path:
        path = self.home / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return path

    def search(self, *without: Path) -> list[str]:
        return files.search(self.home, frozenset(without), _SECRETS)

    def test_a_file_in_any_folder(self) -> None:
        self.write("state/journal", b"nothing")
        self.assertEqual(self.search(), [])
        self.write("state/audit", b'{"pin":"Sesame-Open-Sesame"}')
        self.assertEqual(self.search(), ["PIN in the file state/audit"])

    def test_the_name_of_a_file(self) -> None:
        self.write("Sesame-Open-Sesame.sock", b"")
        self.assertEqual(self.search(), ["PIN in the name of a file"])

    def test_what_is_left_out_is_the_user_s_own(self) -> None:
        own = self.write("pin", b"Sesame-Open-Sesame")
        self.write("tokens/object", b"Sesame-Open-Sesame")
        self.assertEqual(len(self.search()), 2)
        self.assertEqual(self.search(own, self.home / "tokens"), [])

    def test_a_pipe_is_not_waited_for(self) -> None:
        os.mkfifo(self.home / "pipe")
        self.assertEqual(self.search(), [])


if __name__ == "__main__":
    unittest.main()
