"""ssa-hsm-agent@PROFILE.service and its socket, under a systemd that runs."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import unittest
from pathlib import Path

import machine
from machine import PIN, SECRET, WRONG_PIN, Unit, logins, request, results, run, wait_until

NAME = "live"
CONFIG = Path("/etc/ssa-hsm")
STATE = Path(f"/var/lib/ssa-hsm-agent/{NAME}")
SOCKET = Path(f"/run/ssa-hsm/{NAME}.sock")
CREDENTIALS = Path("/etc/credstore.encrypted")
DROP_INS = Path(f"/run/systemd/system/ssa-hsm-agent@{NAME}.service.d")
GUEST, STRANGER = "ssa-hsm-guest", "ssa-hsm-stranger"
THREE = ["ssa-hsm", "ssa-hsm-host", "ssa-hsm-signer"]
EXPOSURE = 1.6  # of 10

made_config = False


def setUpModule() -> None:
    unittest.addModuleCleanup(machine.end)
    machine.begin()
    unittest.addModuleCleanup(clean_up)
    provision()


def provision() -> None:
    global made_config
    made_config = not CONFIG.exists()
    CONFIG.mkdir(exist_ok=True)
    CREDENTIALS.mkdir(mode=0o700, exist_ok=True)
    for user in (GUEST, STRANGER):
        machine.add_user(user)
    token = machine.make_token(STATE)
    (CONFIG / f"{NAME}.env").write_text(machine.make_account(token, STATE))
    DROP_INS.mkdir(parents=True)
    variables = " ".join(f"{name}={value}" for name, value in token.items())
    (DROP_INS / "10-module.conf").write_text(f"[Service]\nEnvironment={variables}\nRestartSec=1s\n")


def clean_up() -> None:
    machine.attempt("systemctl", "stop", f"ssa-hsm-agent@{NAME}.socket", f"ssa-hsm-agent@{NAME}.service")
    for path in (DROP_INS, STATE, STATE.parent, Path("/var/lib/private/ssa-hsm-agent")):
        if path.is_symlink():
            path.unlink()
        else:
            shutil.rmtree(path, ignore_errors=True)
    for path in (CONFIG / f"{NAME}.env", CREDENTIALS / f"ssa-hsm-{NAME}-pin", CREDENTIALS / f"ssa-hsm-{NAME}-client-secret"):
        path.unlink(missing_ok=True)
    if made_config:
        CONFIG.rmdir()
    for user in (GUEST, STRANGER):
        machine.remove_user(user)
    run("systemctl", "daemon-reload")


def credential(name: str, value: str) -> None:
    target = CREDENTIALS / f"ssa-hsm-{NAME}-{name}"
    run("systemd-creds", "encrypt", f"--name={name}", "-", str(target), given=value)


class HostUnit(unittest.TestCase):
    def setUp(self) -> None:
        self.service = Unit(f"ssa-hsm-agent@{NAME}.service")
        self.socket = Unit(f"ssa-hsm-agent@{NAME}.socket")
        self.reset()
        self.addCleanup(self.reset)

    def reset(self) -> None:
        """As on a host on which it has not run yet, with the right credentials."""
        run("systemctl", "stop", self.socket.name, self.service.name)
        (DROP_INS / "20-test.conf").unlink(missing_ok=True)
        # The shim's log is what the user of the service, who changes, has made.
        for path in (STATE / "calls", STATE / "ssa-hsm"):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        credential("pin", PIN)
        credential("client-secret", SECRET)
        run("systemctl", "daemon-reload")
        # Of those that were started too often, too.
        run("systemctl", "reset-failed")
        run("journalctl", "--rotate")
        run("journalctl", "--vacuum-time=1s")

    def with_settings(self, *lines: str) -> None:
        (DROP_INS / "20-test.conf").write_text("\n".join(("[Service]", *lines, "")))
        run("systemctl", "daemon-reload")

    def with_options(self, options: str) -> None:
        start = f"{machine.program()} agent --foreground --profile %i --audit journal"
        self.with_settings("ExecStart=", f"ExecStart={start} {options}")

    def start(self) -> None:
        """Until it has logged in: systemd calls it started when it answers."""
        self.service.ctl("start")
        wait_until("it logs in", lambda: self.profile()["signer"] == "open")

    def token(self) -> str:
        status, answer = request(SOCKET, "/v1/token")
        self.assertEqual(status, 200, f"{answer}\n{self.service.journal()}")
        return str(answer["access_token"])

    def profile(self) -> dict[str, object]:
        status, told = request(SOCKET, "/v1/status")
        self.assertEqual(status, 200, told)
        profiles = told["profiles"]
        assert isinstance(profiles, list)
        return dict(profiles[0])

    def wait_restarted(self, before: int) -> None:
        """The signals of systemd's own come at once; a new process needs a moment."""
        wait_until("it is started again", lambda: self.service.is_active() and self.service.show("MainPID") not in ("0", str(before)))

    def test_the_first_request_starts_it(self) -> None:
        self.socket.ctl("start")
        self.assertFalse(self.service.is_active())
        token = self.token()
        self.assertEqual(token.count("."), 2)
        self.assertTrue(self.service.is_active())
        self.assertEqual(self.token(), token, "is kept")
        self.assertEqual(logins(STATE), ["CKR_OK"])

    def test_it_is_started_when_it_answers(self) -> None:
        self.start()
        self.assertEqual(sorted(self.service.processes().values()), THREE)
        wait_until("it tells how it is", lambda: "1 profile, 0 locked, 0 without" in self.service.show("StatusText"))

    def test_stop_ends_all_three(self) -> None:
        self.start()
        processes = self.service.processes()
        self.assertEqual(sorted(processes.values()), THREE)
        self.token()
        run("systemctl", "stop", self.socket.name, self.service.name)
        self.assertEqual([pid for pid in processes if Path(f"/proc/{pid}").exists()], [])
        self.assertEqual(self.service.show("Result"), "success")
        self.assertEqual(self.service.show("ExecMainStatus"), "0")
        self.assertNotRegex(self.service.journal(), "SIGKILL|left-over|left over|timed out")
        self.assertFalse(Path(f"/run/ssa-hsm-agent/{NAME}").exists())
        # A card would stay unlocked otherwise.
        self.assertEqual(results(STATE, "C_Logout"), ["CKR_OK"])
        self.assertEqual(results(STATE, "C_Finalize")[-1:], ["CKR_OK"])

    def test_a_restart_costs_one_login(self) -> None:
        self.start()
        self.service.ctl("restart")
        self.token()
        self.assertEqual(logins(STATE), ["CKR_OK", "CKR_OK"])

    def test_a_killed_agent_is_started_again(self) -> None:
        self.start()
        before = int(self.service.show("MainPID"))
        os.kill(before, signal.SIGKILL)
        self.wait_restarted(before)
        self.token()
        self.assertEqual(logins(STATE), ["CKR_OK", "CKR_OK"])
        self.assertEqual(sorted(self.service.processes().values()), THREE)

    def test_the_watchdog_ends_an_agent_that_hangs(self) -> None:
        self.with_settings("WatchdogSec=3s", "TimeoutAbortSec=2s")
        self.start()
        before = int(self.service.show("MainPID"))
        # It lives on as long as it answers.
        with self.assertRaises(AssertionError):
            wait_until("nothing", lambda: self.service.show("MainPID") != str(before), patience=5)
        os.kill(before, signal.SIGSTOP)
        self.wait_restarted(before)
        self.assertIn("Watchdog timeout", self.service.journal())
        self.token()
        self.assertEqual(logins(STATE), ["CKR_OK", "CKR_OK"])

    def test_a_signer_that_died_is_started_again(self) -> None:
        self.start()
        for name in ("ssa-hsm-signer", "ssa-hsm-host"):
            with self.subTest(name):
                pid = next(pid for pid, other in self.service.processes().items() if other == name)
                os.kill(pid, signal.SIGKILL)
                self.assertEqual(request(SOCKET, "/v1/token?force=1&wait=60")[0], 200)
                self.assertEqual(sorted(self.service.processes().values()), THREE)

    def test_a_wrong_pin_is_tried_once(self) -> None:
        credential("pin", WRONG_PIN)
        self.service.ctl("start")
        wait_until("the PIN is refused", lambda: self.profile()["signer"] == "refused")
        self.assertEqual(request(SOCKET, "/v1/token")[0], 423)
        for _ in range(3):
            self.service.ctl("restart")
            wait_until("the PIN is not tried", lambda: self.profile()["signer"] == "refused")
        before = int(self.service.show("MainPID"))
        os.kill(before, signal.SIGKILL)
        self.wait_restarted(before)
        wait_until("the PIN is not tried", lambda: self.profile()["signer"] == "refused")
        self.assertEqual(logins(STATE), ["CKR_PIN_INCORRECT"])

        credential("pin", PIN)
        self.service.ctl("restart")
        unlock = [machine.program(), "agent", "unlock", "--socket", str(SOCKET)]
        self.assertIn("--pin-retry", run(*unlock, ok=False))
        run(*unlock, "--pin-retry")
        self.token()
        self.assertEqual(logins(STATE), ["CKR_PIN_INCORRECT", "CKR_OK"])
        self.service.ctl("restart")
        self.token()

    def fails_once(self, status: str) -> None:
        self.service.ctl("start", ok=False)
        self.assertEqual(self.service.show("ExecMainStatus"), status, self.service.journal())
        self.assertEqual(self.service.show("ActiveState"), "failed")
        self.assertEqual(self.service.show("NRestarts"), "0")

    def test_what_only_a_person_can_mend_is_not_tried_again(self) -> None:
        with self.subTest("the command line"):
            self.with_options("--no-such-option")
            self.fails_once("2")
        with self.subTest("a setting"):
            self.with_settings("Environment=RUNTIME_DIRECTORY=/tmp")
            self.fails_once("3")

    def test_a_socket_does_not_start_it_for_ever(self) -> None:
        self.with_options("--no-such-option")
        self.socket.ctl("start")
        with self.assertRaises(OSError):
            request(SOCKET, "/v1/token")
        wait_until("systemd lets it be", lambda: self.socket.show("Result") == "service-start-limit-hit")
        self.assertEqual(self.service.journal().count("status=2/INVALIDARGUMENT"), 10)

    def test_without_its_profile_it_does_not_start(self) -> None:
        profile = CONFIG / f"{NAME}.env"
        text = profile.read_text()
        profile.unlink()
        self.addCleanup(profile.write_text, text)
        self.service.ctl("start", ok=False)
        self.assertEqual(self.service.show("AssertResult"), "no")

    def test_without_its_pkcs11_token_it_waits_for_it(self) -> None:
        self.start()
        run("systemctl", "stop", self.service.name)
        tokens = STATE / "tokens"
        away = STATE / "away"
        tokens.rename(away)
        tokens.mkdir()
        run("chown", f"--reference={away}", str(tokens))
        self.service.ctl("start")
        wait_until("it is told", lambda: self.profile()["signer"] == "lost")
        self.assertIn(request(SOCKET, "/v1/token?wait=5")[0], (503, 504))
        tokens.rmdir()
        away.rename(tokens)
        wait_until("the PKCS#11 token is found", lambda: request(SOCKET, "/v1/token")[0] == 200)

    def test_without_its_credentials_it_says_which(self) -> None:
        (CREDENTIALS / f"ssa-hsm-{NAME}-pin").unlink()
        self.service.ctl("start")
        self.assertNotEqual(request(SOCKET, "/v1/token?wait=5")[0], 200)
        self.assertIn(f"profile {NAME}: /run/credentials/{self.service.name}/pin: cannot be read", self.service.journal())

    def test_who_may_ask(self) -> None:
        self.with_options(f"--allow {GUEST}=data:read")
        self.socket.ctl("start")
        ask = [machine.program(), "token", "--format", "header"]
        env = {"SSA_HSM_AGENT": str(SOCKET)}
        run(*ask, "--scope", "data:read", user=GUEST, **env)
        run(*ask, "--scope", "data:write", user=GUEST, ok=False, **env)
        run(*ask, "--scope", "data:read", user=STRANGER, ok=False, **env)
        # A guest sees how it is, and nothing of its profiles.
        status = [machine.program(), "agent", "status", "--socket", str(SOCKET)]
        self.assertEqual(run(*status, user=GUEST).split(), ["AGENT", "STATUS", "FAILURE", str(SOCKET), "ok", "-"])
        self.assertIn("PKCS#11 TOKEN", run(*status))

    def test_the_audit_is_in_the_journal(self) -> None:
        self.start()
        token = self.token()
        journal = self.service.journal()
        events = [json.loads(line) for line in journal.splitlines() if line.startswith("{")]
        self.assertEqual([e["event"] for e in events], ["unlock", "signature", "token"])
        self.assertEqual((events[2]["uid"], events[2]["pid"], events[2]["outcome"]), (0, os.getpid(), "ok"))
        for secret in (token, PIN, SECRET):
            self.assertNotIn(secret, journal)

    def test_a_reload(self) -> None:
        self.with_settings("ExecStart=", f"ExecStart={machine.program()} agent --foreground --profile %i --audit file:{STATE}/audit")
        self.start()
        before = self.service.show("MainPID")
        audit = STATE / "audit"
        audit.rename(STATE / "audit.1")
        self.service.ctl("reload")
        wait_until("the file is opened anew", audit.exists)
        self.token()
        wait_until("it is written to", lambda: '"event":"token"' in audit.read_text())
        self.assertEqual(self.service.show("MainPID"), before)
        for file in (audit, STATE / "audit.1"):
            file.unlink()

    def test_memory_is_locked(self) -> None:
        self.start()
        self.token()
        for pid, name in self.service.processes().items():
            status = Path(f"/proc/{pid}/status").read_text()
            locked = re.search(r"^VmLck:\s*(\d+) kB", status, re.MULTILINE)
            assert locked is not None
            with self.subTest(name):
                self.assertGreater(int(locked[1]), 0)
        self.assertNotIn("cannot be locked", self.service.journal())

    def test_it_is_shut_in(self) -> None:
        self.start()
        self.token()
        for pid, name in self.service.processes().items():
            status = Path(f"/proc/{pid}/status").read_text()
            with self.subTest(name):
                self.assertRegex(status, r"(?m)^CapBnd:\s*0+$")
                self.assertRegex(status, r"(?m)^NoNewPrivs:\s*1$")
                self.assertRegex(status, r"(?m)^Seccomp:\s*2$")
                self.assertNotRegex(status, r"(?m)^Uid:\s*0\b")
        said = run("systemd-analyze", "security", "--no-pager", self.service.name)
        exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
        assert exposure is not None, said
        self.assertLessEqual(float(exposure[1]), EXPOSURE, said)

    def test_a_user_of_its_own(self) -> None:
        """As docs/agent.md says for a module with files of its own."""
        self.start()
        run("systemctl", "stop", self.service.name)
        self.with_settings("DynamicUser=no", f"User={GUEST}")
        self.start()
        self.token()
        for pid in self.service.processes():
            self.assertEqual(Path(f"/proc/{pid}").stat().st_uid, os.stat(f"/home/{GUEST}").st_uid)


if __name__ == "__main__":
    unittest.main()
