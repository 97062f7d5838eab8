#!/usr/bin/python3
"""The units of systemd that are installed: what systemd says of them, where it is there, and what they must have."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "integration"))

import places  # noqa: E402

UNITS = ROOT / "packaging" / "systemd"
EXPOSURE = 1.7  # of 10, as systemd-analyze counts it


def settings(unit: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in unit.read_text().splitlines():
        if match := re.match(r"(\w+)=(.*)", line):
            found.setdefault(match[1], []).append(match[2])
    return found


class Units(unittest.TestCase):
    def setUp(self) -> None:
        self.dir = Path(tempfile.mkdtemp(prefix="ssa-hsm-units-"))
        self.addCleanup(shutil.rmtree, self.dir)
        for unit in UNITS.glob("*/*"):
            target = self.dir / unit.parent.name / unit.name.removesuffix(".in").replace("@.", "@work.")
            target.parent.mkdir(exist_ok=True)
            # systemd looks whether the program is there.
            target.write_text(unit.read_text().replace("@bindir@/ssa-hsm", str(places.program())))

    def analyze(self, *arguments: str, kind: str) -> str:
        tool = shutil.which("systemd-analyze", path=places.PATH)
        if tool is None:
            self.skipTest("systemd-analyze is not installed")
        env = {"PATH": places.PATH, "SYSTEMD_UNIT_PATH": f"{self.dir / kind}:", "XDG_RUNTIME_DIR": str(self.dir)}
        done = subprocess.run([tool, *arguments], env=env, capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout + done.stderr

    def test_systemd_accepts_them(self) -> None:
        for kind, option in (("system", "--system"), ("user", "--user")):
            with self.subTest(kind):
                units = sorted(str(unit) for unit in (self.dir / kind).iterdir())
                self.assertEqual(len(units), 2)
                said = self.analyze(option, "verify", "--man=no", *units, kind=kind)
                self.assertNotIn("ssa-hsm", said)

    def test_the_service_of_the_host_is_shut_in(self) -> None:
        service = self.dir / "system" / "ssa-hsm-agent@work.service"
        said = self.analyze("security", "--offline=true", str(service), kind="system")
        exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
        assert exposure is not None, said
        self.assertLessEqual(float(exposure[1]), EXPOSURE, said)

    def test_what_both_services_must_have(self) -> None:
        for unit in (UNITS / "system" / "ssa-hsm-agent@.service.in", UNITS / "user" / "ssa-hsm-agent.service.in"):
            with self.subTest(unit.name):
                has = settings(unit)
                self.assertEqual(has["Type"], ["notify"])
                self.assertEqual(has["LimitCORE"], ["0"])
                self.assertEqual(has["NoNewPrivileges"], ["yes"])
                self.assertEqual(has["Restart"], ["on-failure"])
                self.assertIn("WatchdogSec", has)
                self.assertIn("RestartSec", has)
                # A PIN that was wrong is no reason to begin again.
                self.assertIn("5", has["RestartPreventExitStatus"][0].split())

    def test_the_command_of_each_service_is_understood(self) -> None:
        seen = 0
        for unit in UNITS.glob("*/*.service.in"):
            for line in re.findall(r"^(?:# *)?ExecStart=@bindir@/ssa-hsm (.+)$", unit.read_text(), re.MULTILINE):
                seen += 1
                with self.subTest(line):
                    argv = [places.program(), *line.replace("%i", "work").split(), "--help"]
                    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
                    self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(seen, 4)


if __name__ == "__main__":
    unittest.main()
