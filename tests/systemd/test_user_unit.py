"""ssa-hsm-agent.service and its socket of a user, under a systemd that runs."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import shutil
import signal
import subprocess
import unittest
from pathlib import Path

import machine
from machine import PIN, SECRET, Unit, logins, results, run, wait_until

USER = "ssa-hsm-person"
FOLDER = machine.PLACE / "person"
THREE = ["ssa-hsm", "ssa-hsm-host", "ssa-hsm-signer"]

home = Path()
uid = 0


def setUpModule() -> None:
    unittest.addModuleCleanup(machine.end)
    machine.begin()
    unittest.addModuleCleanup(clean_up)
    provision()


def provision() -> None:
    global home, uid
    entry = machine.add_user(USER)
    home, uid = Path(entry.pw_dir), entry.pw_uid
    token = machine.make_token(FOLDER)
    profile = machine.make_account(token, FOLDER)
    config = home / ".config"
    (config / "ssa-hsm").mkdir(parents=True)
    (config / "ssa-hsm" / "attended.env").write_text(f'{profile}APS_SECRET_ID="{SECRET}"\n')
    (home / "pin").write_text(PIN)
    drop_ins = config / "systemd" / "user" / "ssa-hsm-agent.service.d"
    drop_ins.mkdir(parents=True)
    variables = " ".join(f"{name}={value}" for name, value in token.items())
    (drop_ins / "module.conf").write_text(f"[Service]\nEnvironment={variables}\nRestartSec=1s\nWatchdogSec=3s\nTimeoutAbortSec=2s\n")
    machine.give(FOLDER, USER)
    machine.give(home, USER)
    for path in home.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    # Its manager runs without a login.
    run("loginctl", "enable-linger", USER)
    wait_until("the user's manager runs", Path(f"/run/user/{uid}/systemd/private").exists)


def clean_up() -> None:
    run("loginctl", "disable-linger", USER)
    run("systemctl", "stop", f"user@{uid}.service")
    machine.remove_user(USER)
    shutil.rmtree(FOLDER, ignore_errors=True)


def write_profile(more: str) -> None:
    text = (home / ".config" / "ssa-hsm" / "attended.env").read_text()
    run("sh", "-c", "umask 077; cat >~/.config/ssa-hsm/default.env", user=USER, given=text + more)


def write_unattended() -> None:
    write_profile(f'SSA_HSM_PIN_SOURCE="file:{home / "pin"}"\n')


class UserUnit(unittest.TestCase):
    def setUp(self) -> None:
        self.service = Unit("ssa-hsm-agent.service", USER)
        self.socket = Unit("ssa-hsm-agent.socket", USER)
        self.addCleanup(self.reset)
        write_unattended()

    def reset(self) -> None:
        run("systemctl", "--user", "stop", self.socket.name, self.service.name, user=USER)
        run("systemctl", "--user", "reset-failed", user=USER)
        (FOLDER / "calls").unlink(missing_ok=True)

    def token(self) -> str:
        said = run(machine.program(), "token", "--format", "token", user=USER)
        self.assertNotIn("warning", said)
        return said

    def test_the_first_request_starts_it(self) -> None:
        self.socket.ctl("enable", "--now")
        self.assertFalse(self.service.is_active())
        token = self.token()
        self.assertTrue(self.service.is_active())
        self.assertEqual(self.token(), token)
        self.assertEqual(logins(FOLDER), ["CKR_OK"])
        self.assertEqual(sorted(self.service.processes().values()), THREE)
        status = run(machine.program(), "agent", "status", user=USER)
        self.assertIn("default", status)
        # systemd would start it again.
        said = run(machine.program(), "agent", "stop", user=USER, ok=False)
        self.assertIn("systemctl --user stop ssa-hsm-agent.socket", said)
        self.socket.ctl("disable")

    def test_stop_ends_all_three(self) -> None:
        self.socket.ctl("start")
        self.token()
        processes = self.service.processes()
        self.assertEqual(sorted(processes.values()), THREE)
        run("systemctl", "--user", "stop", self.socket.name, self.service.name, user=USER)
        self.assertEqual([pid for pid in processes if Path(f"/proc/{pid}").exists()], [])
        self.assertEqual(self.service.show("Result"), "success")
        self.assertEqual(results(FOLDER, "C_Logout"), ["CKR_OK"])

    def test_a_person_unlocks_it(self) -> None:
        write_profile("")
        self.socket.ctl("start")
        said = run(machine.program(), "token", user=USER, ok=False)
        self.assertIn("ssa-hsm agent unlock", said)
        self.assertTrue(self.service.is_active())
        self.assertEqual(logins(FOLDER), [])
        self.unlock_at_terminal()
        self.token()
        self.assertEqual(logins(FOLDER), ["CKR_OK"])
        # The PIN is not kept.
        self.service.ctl("restart")
        run(machine.program(), "token", user=USER, ok=False)
        self.assertEqual(logins(FOLDER), ["CKR_OK"])

    def unlock_at_terminal(self) -> None:
        terminal, its = pty.openpty()
        self.addCleanup(os.close, terminal)
        env = {"PATH": machine.PATH, "HOME": str(home), "XDG_RUNTIME_DIR": f"/run/user/{uid}"}
        command = ["setsid", "--ctty", "--wait", "runuser", "-u", USER, "--", machine.program(), "agent", "unlock"]
        child = subprocess.Popen(command, env=env, stdin=its, stdout=its, stderr=its, cwd="/")
        os.close(its)
        said = b""
        while b"PIN of token" not in said:
            said += os.read(terminal, 4096)
        os.write(terminal, f"{PIN}\n".encode())
        with contextlib.suppress(OSError):  # the end of a terminal
            while part := os.read(terminal, 4096):
                said += part
        self.assertEqual(child.wait(machine.PATIENCE), 0, said.decode())

    def test_the_watchdog_ends_an_agent_that_hangs(self) -> None:
        self.socket.ctl("start")
        self.token()
        before = self.service.show("MainPID")
        os.kill(int(before), signal.SIGSTOP)
        wait_until("it is started again",
                   lambda: self.service.is_active() and self.service.show("MainPID") not in ("0", before))  # fmt: skip
        self.token()

    def test_memory_is_locked(self) -> None:
        self.socket.ctl("start")
        self.token()
        for pid, name in self.service.processes().items():
            locked = re.search(r"(?m)^VmLck:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text())
            assert locked is not None
            with self.subTest(name):
                self.assertGreater(int(locked[1]), 0)
        self.assertNotIn("cannot be locked", self.service.journal())


if __name__ == "__main__":
    unittest.main()
