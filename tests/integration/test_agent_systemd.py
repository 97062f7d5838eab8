"""The agent under systemd: sockets that it is given, and what it tells the manager."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from agent_process import PATIENCE, AgentCase, request
from harness import PIN

_LAUNCHER = """
import os, socket, sys
path, program = sys.argv[1], sys.argv[2:]
listens = socket.socket(socket.AF_UNIX)
listens.bind(path)
listens.listen()
os.dup2(listens.fileno(), 3)
os.set_inheritable(3, True)
os.environ["LISTEN_FDS"] = "1"
os.environ["LISTEN_PID"] = os.environ.get("TEST_PID", str(os.getpid()))
os.environ["LISTEN_FDNAMES"] = "agent"
os.execv(program[0], program)
"""


class Systemd(AgentCase):
    def activated(self, path: Path, **env: str) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-c", _LAUNCHER, str(path), *self.argv("agent", "--foreground", "--locked")]
        process = self.start(argv, env=env)
        self.addCleanup(self.end_activated, process)
        return process

    def end_activated(self, process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=PATIENCE)

    def test_its_socket_is_used_and_left(self) -> None:
        self.provisioned()
        path = self.runtime / "handed-over.sock"
        process = self.activated(path)
        self.wait_answer(path)
        self.assertFalse(self.socket.exists())
        process.terminate()
        _, err = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 0, err.decode())
        self.assertTrue(path.is_socket(), "is systemd's, and stays")

    def test_the_socket_of_pins_is_in_the_service_s_own_folder(self) -> None:
        self.provisioned()
        folder = self.dir / "service"
        folder.mkdir(mode=0o700)
        path = self.runtime / "handed-over.sock"
        self.activated(path, RUNTIME_DIRECTORY=str(folder))
        self.wait_answer(path)
        _, told = request(path, "GET", "/v1/status")
        self.assertEqual(told["profiles"][0]["pin_socket"], str(folder / "default.pin"))
        # Others could exchange what is in this one.
        folder.chmod(0o777)
        process = self.activated(self.runtime / "another.sock", RUNTIME_DIRECTORY=str(folder))
        _, err = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 3)
        self.assertIn("written to by others", err.decode())

    def test_what_it_has_sent_is_kept_where_a_restart_finds_it(self) -> None:
        self.provisioned()
        folders = {name: self.dir / name.lower() for name in ("RUNTIME_DIRECTORY", "STATE_DIRECTORY")}
        for folder in folders.values():
            folder.mkdir(mode=0o700)
        path = self.runtime / "handed-over.sock"
        self.activated(path, **{name: str(folder) for name, folder in folders.items()})
        self.wait_answer(path)
        self.assertEqual(request(path, "POST", "/v1/unlock")[0], 200)
        self.assertEqual(request(path, "GET", "/v1/token")[0], 200)
        self.assertTrue((folders["STATE_DIRECTORY"] / "requests").is_file())
        self.assertFalse((folders["RUNTIME_DIRECTORY"] / "requests").exists())

    def test_a_socket_for_another_process_is_not_taken(self) -> None:
        self.provisioned()
        path = self.runtime / "not-ours.sock"
        self.activated(path, TEST_PID="1")
        self.wait_answer(self.socket)

    def test_what_is_no_socket_is_refused(self) -> None:
        self.provisioned()
        script = 'export LISTEN_FDS=1 LISTEN_PID=$$; exec ssa-hsm agent --foreground 3</dev/null'
        self.expect(self.shell(script), 3, "descriptor 3", "but is not one")

    def notified(self, address: str, **env: str) -> tuple[socket.socket, subprocess.Popen[bytes]]:
        listens = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(listens.close)
        listens.settimeout(PATIENCE)
        listens.bind(address.replace("@", "\0"))
        process = self.start(self.argv("agent", "--foreground", "--locked"), env={"NOTIFY_SOCKET": address, **env})
        self.addCleanup(self.end_activated, process)
        return listens, process

    def hear(self, listens: socket.socket, wanted: str) -> str:
        while wanted not in (message := listens.recv(4096).decode()):
            pass
        return message

    def test_it_tells_how_it_is(self) -> None:
        self.provisioned()
        for address in (str(self.runtime / "notify"), f"@ssa-hsm-test-{os.getpid()}"):
            with self.subTest(address):
                listens, process = self.notified(address)
                self.assertIn(f"MAINPID={process.pid}", self.hear(listens, "READY=1"))
                self.assertEqual(request(self.socket, "GET", "/v1/status")[0], 200)
                self.assertIn("1 profile", self.hear(listens, "STATUS="))
                process.terminate()
                self.hear(listens, "STOPPING=1")
                process.wait(PATIENCE)

    def test_a_corrected_credential_is_tried_when_a_person_says_so(self) -> None:
        self.provisioned()
        credential = self.dir / "credentials" / "pin"
        credential.parent.mkdir()
        credential.write_text("0000-wrong")
        env = {"CREDENTIALS_DIRECTORY": str(credential.parent), "SSA_HSM_PIN_SOURCE": "credential:pin"}
        with self.shim() as log:
            agent = self.foreground(env=env)
            self.wait_answer(self.socket)
            self.expect(self.run_program("agent", "unlock"), 5, "not tried again", "--pin-retry")
            credential.write_text(PIN)
            self.expect(self.run_program("agent", "unlock"), 5, "not tried again")
            self.assertEqual(agent.end(), 0)
            # Nothing tells it from the wrong one, so that the next agent does not try it, either.
            self.foreground(env=env)
            self.wait_answer(self.socket)
            self.expect(self.run_program("agent", "unlock"), 5, "not tried again")
            self.assertEqual(log.count("C_Login"), 1)
            self.expect(self.run_program("agent", "unlock", "--pin-retry"), 0)
            self.expect(self.run_program("token"), 0)
        self.assertEqual(log.count("C_Login"), 2)

    def test_a_reload(self) -> None:
        self.provisioned()
        address = str(self.runtime / "notify")
        listens = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(listens.close)
        listens.settimeout(PATIENCE)
        listens.bind(address)
        agent = self.foreground("--locked", "--audit", f"file:{self.dir}/audit", env={"NOTIFY_SOCKET": address})
        self.hear(listens, "READY=1")
        agent.process.send_signal(signal.SIGHUP)
        self.hear(listens, "RELOADING=1")
        self.hear(listens, "READY=1")

    def test_the_watchdog_hears_of_it_while_it_answers(self) -> None:
        self.provisioned()
        listens, _ = self.notified(str(self.runtime / "notify"), WATCHDOG_USEC="600000")
        for _ in range(3):
            self.hear(listens, "WATCHDOG=1")
        # Nobody can reach it any more.
        self.socket.unlink()
        heard = [listens.recv(4096) for _ in range(6)]
        self.assertNotIn(b"WATCHDOG=1", heard[2:])
        self.assertIn("STATUS=", heard[-1].decode())

    def test_another_process_has_the_watchdog(self) -> None:
        self.provisioned()
        listens, process = self.notified(str(self.runtime / "notify"), WATCHDOG_USEC="300000", WATCHDOG_PID="1")
        self.hear(listens, "STATUS=")
        process.terminate()
        self.assertNotIn("WATCHDOG", self.hear(listens, "STOPPING=1"))
