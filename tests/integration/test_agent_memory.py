"""What an agent's processes show of themselves, what a crash of one leaves, and what they do where memory cannot be
locked."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from agent_process import Foreground
from bad_module import BadModuleCase
from harness import PIN, Case, note
from signer_link import children, until
from terminal import Terminal
from test_agent_cache import CacheCase
from test_memory_limits import locking_is_real

_DUMPING = 'ulimit -c unlimited; cd "$0" && exec "$@"'


def child(parent: int, name: str, but: int = 0) -> int:
    """The child of that name; 0 where there is none."""
    names = {pid: Path(f"/proc/{pid}/comm").read_text().strip() for pid in children(parent) if pid != but}
    return next((pid for pid, its in names.items() if its == name), 0)


class MemoryCase(Case):
    def family(self, agent: int) -> dict[str, int]:
        """The agent, its signer and the module's process."""
        signer = child(agent, "ssa-hsm-signer")
        return {"agent": agent, "signer": signer, "host": child(signer, "ssa-hsm-host")}

    def assert_closed(self, name: str, pid: int, secrets: tuple[str, ...] = ()) -> None:
        """To the user whose process it is."""
        with self.subTest(name):
            for file in ("environ", "mem", "maps", "auxv"):
                path = Path(f"/proc/{pid}/{file}")
                self.assertEqual(path.stat().st_uid, 0, "it belongs to root: the process is not dumpable")
                with self.assertRaises(PermissionError):
                    path.read_bytes()
            self.assertRegex(Path(f"/proc/{pid}/limits").read_text(), r"Max core file size +0 ")
            line = Path(f"/proc/{pid}/cmdline").read_bytes().decode()
            for secret in secrets:
                self.assertNotIn(secret, line)


class Shown(CacheCase, MemoryCase):
    """Seen from beside it, as the same user."""

    def test_each_process_is_closed(self) -> None:
        env = {"SSA_HSM_PIN_SOURCE": "env:HIDDEN", "HIDDEN": PIN, "APS_SECRET_ID": self.api.secret}
        agent = self.begin(env=env)
        secrets = (PIN, self.api.secret, self.get())
        for name, pid in self.family(agent).items():
            self.assert_closed(name, pid, secrets)

    def test_so_is_the_one_that_a_pin_is_typed_into(self) -> None:
        self.env["SSA_HSM_PIN_SOURCE"] = ""
        agent = self.begin("--locked")
        with Terminal(self.argv("agent", "unlock"), self.env, self.dir) as terminal:
            terminal.wait_for(r"PIN[^\n]*: ?$")
            self.assert_closed("unlock", terminal.pid, (PIN,))
            terminal.send(PIN + "\r")
            self.assertEqual(terminal.finish(), 0)
        for name, pid in self.family(agent).items():
            self.assert_closed(name, pid, (PIN,))


class Crashes(CacheCase, MemoryCase):
    def dumping(self, *command: str) -> list[str]:
        """That command where the kernel may write a core dump, which it then does in the test's folder."""
        return ["/bin/sh", "-c", _DUMPING, str(self.dir), *command]

    def cores(self) -> list[str]:
        return sorted(path.name for path in self.dir.glob("core*"))

    def can_be_seen(self) -> bool:
        """Whether a process that is not protected leaves a core dump here."""
        subprocess.run(self.dumping("/bin/sh", "-c", "kill -ABRT $$"), check=False)
        for name in (seen := self.cores()):
            (self.dir / name).unlink()
        if not seen:
            note(f"no process leaves a core dump here ({Path('/proc/sys/kernel/core_pattern').read_text().strip()})")
        return bool(seen)

    def test_none_of_the_three_leaves_a_core_dump(self) -> None:
        visible = self.can_be_seen()
        process = self.start(self.dumping(*self.argv("agent", "--foreground")))
        agent = Foreground(process, self.socket)
        self.addCleanup(self.end_foreground, agent)
        agent.wait_for("logged in to PKCS#11 token")
        self.get()
        first = self.family(process.pid)
        os.kill(first["host"], signal.SIGSEGV)
        until(lambda: not self.is_there(first["host"]), "the module's process does not crash")
        self.get(scope="data:write")
        os.kill(first["signer"], signal.SIGABRT)
        until(lambda: child(process.pid, "ssa-hsm-signer", first["signer"]), "there is no new signer")
        self.get(scope="data:read data:write")
        last = self.family(process.pid)
        process.send_signal(signal.SIGSEGV)
        ended = os.waitid(os.P_PID, process.pid, os.WEXITED)
        assert ended is not None
        self.assertEqual((ended.si_code, ended.si_status), (os.CLD_KILLED, signal.SIGSEGV), "and not CLD_DUMPING")
        until(lambda: not any(self.is_there(last[name]) for name in ("signer", "host")), "something lives on")
        if visible:
            self.assertEqual(self.cores(), [])


class NoLockedMemory(CacheCase):
    """RLIMIT_MEMLOCK is too low: that is told once, and all works."""

    def test_it_serves_and_tells(self) -> None:
        if not locking_is_real():
            return
        for limit in (0, 64):
            with self.subTest(limit):
                limited = ["/bin/sh", "-c", f'ulimit -l {limit}; exec "$@"', "sh"]
                agent = Foreground(self.start([*limited, *self.argv("agent", "--foreground")]), self.socket)
                self.addCleanup(self.end_foreground, agent)
                agent.wait_for("logged in to PKCS#11 token")
                for scope in ("data:read", "data:write", "data:read data:write"):
                    self.get(scope=scope)
                self.assertEqual((self.post("lock"), self.post("unlock")), (200, 200))
                self.assertEqual(agent.end(), 0)
                warned = [line for line in agent.err.splitlines() if "could be written to swap" in line]
                self.assertEqual((len(warned), "ulimit -l" in warned[0]), (1, True), agent.err)


class Forked(BadModuleCase, MemoryCase):
    def test_a_daemon_of_the_module_is_as_closed_as_its_process(self) -> None:
        self.expect(self.run_bad(self.bad("C_Login", "daemon"), "token"), 0)
        until(lambda: self.daemons.exists() and self.daemons.read_text().endswith("\n"), "there is no daemon")
        try:
            self.assert_closed("daemon", int(self.daemons.read_text()), (PIN,))
        finally:
            self.end_daemons(1)
