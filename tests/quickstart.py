#!/usr/bin/python3
"""scripts/quickstart --keep: what it prints at its end works in another shell, and its last line ends all of it."""

from __future__ import annotations

import re
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "scripts" / "quickstart"


def shell(lines: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "KEY_ID": "of-the-user"}
    return subprocess.run(["sh", "-euc", lines], env=environment, capture_output=True, text=True, timeout=60)


class Keep(unittest.TestCase):
    def test_what_is_left_works_until_it_is_ended(self) -> None:
        run = subprocess.run([SCRIPT, "--keep"], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertRegex(run.stdout, r"(?m)^\$ setsid /usr/bin/python3 .*emulator\.py --dir \S+ .* &$")
        ends = re.findall(r'(?m)^"(/\S+/end)"$', run.stdout)
        self.assertEqual(len(ends), 1, run.stdout)
        folder = Path(ends[0]).parent
        pid = re.findall(r"the API \(process (\d+)\)", run.stdout)[0]
        try:
            self.play(run.stdout[run.stdout.index("\n# All of it is left") :], folder)
        finally:
            ended = subprocess.run([ends[0]], capture_output=True, text=True, timeout=60)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        self.assertFalse(folder.exists())
        self.assertFalse(Path(f"/proc/{pid}/exe").exists() and "emulator" in Path(f"/proc/{pid}/cmdline").read_text())

    def play(self, printed: str, folder: Path) -> None:
        commands = [line for line in re.sub(r"\\\n", " ", printed).splitlines() if line and not line.startswith("#")]
        self.assertEqual(commands[0], f'. "{folder}/environment"')
        self.assertEqual(commands.pop(), f'"{folder}/end"')
        project = "ID"
        for command in commands[1:]:
            done = shell(f"{commands[0]}\n{command.replace(' ID ', f' {project} ')}")
            self.assertEqual(done.returncode, 0, f"{command}: {done.stderr}")
            if made := re.search(r'"projects": \["([^"]+)"', done.stdout):
                project = made[1]
        self.assertNotEqual(project, "ID")
        self.assertIn("Tower", done.stdout)

    def test_another_option_is_refused(self) -> None:
        run = subprocess.run([SCRIPT, "--kep"], capture_output=True, text=True, timeout=60)
        self.assertEqual((run.returncode, run.stdout), (2, ""))
        self.assertIn("--keep", run.stderr)


if __name__ == "__main__":
    unittest.main()
