"""What docs/ say about systemd, done word by word: each command, each unit."""

from __future__ import annotations

import re
import shutil
import unittest
from pathlib import Path

import machine
from machine import PIN, PLACE, SECRET, Unit, run, wait_until

# Whoever asks for secrets, and whoever becomes root, is not asked here.
ASKS = f"""#!/bin/sh
case "$*" in
*PIN*) printf %s {PIN} ;;
*) printf %s {SECRET} ;;
esac
"""
STAND_INS = {"sudo": '#!/bin/sh\nexec "$@"\n', "systemd-ask-password": ASKS}


def section(page: str, heading: str) -> list[tuple[str, str]]:
    """The blocks of a page below a heading, each with its kind."""
    text = (machine.ROOT / "docs" / page).read_text()
    part = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert part is not None, heading
    found = re.findall(r"^( *)```(\w+)\n(.*?)^ *```$", part[1], re.MULTILINE | re.DOTALL)
    return [(kind, re.sub(rf"(?m)^{indent}", "", block)) for indent, kind, block in found]


def setUpModule() -> None:
    unittest.addModuleCleanup(machine.end)
    machine.begin()


class Documents(unittest.TestCase):
    def setUp(self) -> None:
        self.bin = PLACE / "bin"
        self.bin.mkdir()
        self.addCleanup(shutil.rmtree, self.bin)
        for name, text in STAND_INS.items():
            (self.bin / name).write_text(text)
            (self.bin / name).chmod(0o755)
        # In the documents, it is where `cmake --install` puts it.
        usual = Path("/usr/local/bin/ssa-hsm")
        if not usual.exists():
            usual.symlink_to(machine.program())
            self.addCleanup(usual.unlink)
        self.home = Path("/root")
        self.made: list[Path] = []
        self.addCleanup(self.remove_made)

    def remove_made(self) -> None:
        for path in self.made:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        run("systemctl", "daemon-reload")

    def shell(self, block: str, **env: str) -> str:
        return run("bash", "-euo", "pipefail", "-c", block, PATH=f"{self.bin}:{machine.PATH}", HOME=str(self.home), **env)

    def unit_file(self, block: str) -> None:
        path = Path(block.splitlines()[0].removeprefix("# "))
        self.assertTrue(path.is_absolute(), block)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block)
        self.made.append(path.parent if path.parent.suffix == ".d" else path)

    def test_an_agent_of_the_host(self) -> None:
        state = Path("/var/lib/ssa-hsm-agent/work")
        self.made += [Path("/etc/ssa-hsm/work.env"), *map(Path, (
            "/etc/credstore.encrypted/ssa-hsm-work-pin", "/etc/credstore.encrypted/ssa-hsm-work-client-secret",
            "/run/systemd/system/ssa-hsm-agent@work.service.d", str(state), "/var/lib/private/ssa-hsm-agent"))]  # fmt: skip
        self.addCleanup(run, "systemctl", "disable", "--now", "ssa-hsm-agent@work.socket", "ssa-hsm-agent@work.service")
        token = machine.make_token(state)
        profile = self.home / ".config" / "ssa-hsm" / "default.env"
        profile.parent.mkdir(parents=True)
        self.made.append(profile.parent)
        profile.write_text(machine.make_account(token, state) + f'APS_SECRET_ID="{SECRET}"\n')
        drop_in = Path("/run/systemd/system/ssa-hsm-agent@work.service.d/module.conf")
        drop_in.parent.mkdir(parents=True)
        drop_in.write_text("[Service]\nEnvironment=" + " ".join(f"{n}={v}" for n, v in token.items()) + "\n")
        printed = ""
        for kind, block in section("agent.md", "Under systemd, for a host"):
            if kind == "ini":
                self.unit_file(block)
                run("systemctl", "daemon-reload")
            else:
                printed = self.shell(block) if "unlock" in block else printed + self.shell(block)
        self.assertIn("unlocked", printed)
        journal = Unit("ssa-hsm-agent@work.service").journal()
        self.assertIn('"event":"token"', journal)
        self.assertEqual(set(machine.logins(state)), {"CKR_OK"})
        self.assertNotIn(SECRET, Path("/etc/ssa-hsm/work.env").read_text())

    def test_a_service_of_ones_own(self) -> None:
        folder = Path("/var/lib/filesync")
        self.made += [Path("/etc/credstore.encrypted/pin"), Path("/etc/credstore.encrypted/client-secret")]
        self.addCleanup(machine.remove_user, "filesync")
        drop_in = Path("/run/systemd/system/filesync.service.d/module.conf")
        self.made.append(drop_in.parent)
        timer = Unit("filesync.timer")
        self.addCleanup(run, "systemctl", "disable", "--now", timer.name)
        token: dict[str, str] = {}
        for kind, block in section("unattended.md", "systemd"):
            if kind == "ini":
                self.unit_file(block)
                continue
            if "account create" in block:
                # What the reader has: a PKCS#11 token "work", and the real API.
                token = machine.make_token(folder / "softhsm")
                machine.give(folder, "filesync")
                variables = {**token, **machine.api(), "SSA_HSM_MODULE": str(machine.SHIM)}
                more = " ".join(f"--setenv={name}={value}" for name, value in variables.items())
                block = block.replace("YOUR_CLIENT_ID", "my-client-id").replace("--pipe", f"--pipe {more}")
                drop_in.parent.mkdir(parents=True)
                drop_in.write_text("[Service]\nEnvironment=" + " ".join(f"{n}={v}" for n, v in token.items()) + "\n")
            # The status of a service that is done is no success.
            self.shell(block.replace("&& systemctl status filesync.service", ""))
        service = Unit("filesync.service")
        wait_until("it is done", lambda: not service.is_active())
        self.assertEqual((service.show("Result"), service.show("ExecMainStatus")), ("success", "0"), service.journal())
        self.assertTrue(timer.is_active())
        profile = (folder / ".config" / "ssa-hsm" / "default.env").read_text()
        self.assertIn("credential:client-secret", profile)
        self.assertNotIn(SECRET, profile)
        self.assertNotIn("warning", service.journal())


if __name__ == "__main__":
    unittest.main()
