"""What tests of the agent as a process stand on: agents that are started, asked over their socket, and ended again."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import masking
import places
from harness import Case, Result
from pasting import SLOW

PATIENCE = 20 * SLOW


def request(path: Path, method: str, target: str) -> tuple[int, dict[str, object]]:
    """One request over a Unix socket: the status, and what the JSON says."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE)
        connection.connect(str(path))
        connection.sendall(f"{method} {target} HTTP/1.1\r\nHost: agent\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while part := connection.recv(65536):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body) if body.startswith(b"{") else {}


class Foreground:
    """An agent that stays a child of the test. Its messages are read as they come."""

    def __init__(self, process: subprocess.Popen[bytes], path: Path) -> None:
        self.process = process
        self.path = path
        self.err = ""

    def wait_for(self, pattern: str) -> re.Match[str]:
        deadline = time.monotonic() + PATIENCE
        assert self.process.stderr is not None
        while not (found := re.search(pattern, self.err)):
            ready = select.select([self.process.stderr], [], [], max(0, deadline - time.monotonic()))[0]
            data = os.read(self.process.stderr.fileno(), 65536) if ready else b""
            if not data:
                raise AssertionError(f"waited for {pattern!r}, the agent says:\n{masking.mask(self.err)}")
            self.err += data.decode(errors="replace")
        return found

    def end(self, number: int = signal.SIGTERM) -> int:
        """Sends the signal, and gives the exit status."""
        self.process.send_signal(number)
        _, err = self.process.communicate(timeout=PATIENCE)
        self.err += err.decode(errors="replace")
        return self.process.returncode


def is_there(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        # The first thread may be over, and the others still hold what is open.
        threads = len(os.listdir(f"/proc/{pid}/task"))
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX" or threads > 1


class AgentCase(Case):
    """A test with agents; what is still there at its end is ended."""

    def setUp(self) -> None:
        super().setUp()
        self.runtime = self.dir / "run"
        self.runtime.mkdir(mode=0o700)
        self.env["XDG_RUNTIME_DIR"] = str(self.runtime)
        del self.env["SSA_HSM_AGENT"]
        self.socket = self.runtime / "ssa-hsm" / "agent.sock"
        self.agents: list[int] = []
        self.addCleanup(self.end_agents)

    def end_agents(self) -> None:
        for pid in self.agents:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            self.wait_gone(pid)

    is_there = staticmethod(is_there)

    def wait_gone(self, pid: int) -> None:
        deadline = time.monotonic() + PATIENCE
        while self.is_there(pid):
            self.assertLess(time.monotonic(), deadline, f"process {pid} does not end")
            time.sleep(0.02)

    def note_agent(self, out: str) -> int:
        """Finds the agent's process in what its start has printed."""
        found = re.search(r"SSA_HSM_AGENT_PID[= ](\d+)", out)
        assert found is not None, masking.mask(out)
        self.agents.append(int(found[1]))
        return int(found[1])

    def begin(self, *arguments: object, env: Mapping[str, str | None] | None = None) -> int:
        """Starts an agent in the background, and gives its process."""
        done = self.run_program("agent", *arguments, env=env)
        self.expect(done, 0)
        return self.note_agent(done.out)

    def shell(self, script: str, env: Mapping[str, str | None] | None = None, shell: str = "sh") -> Result:
        """Runs a shell in which `ssa-hsm` is the program."""
        found = {"PATH": f"{places.program().parent}:{places.PATH}", **(env or {})}
        return self.run_command([places.tool(shell), "-c", script], env=found)

    def foreground(self, *arguments: object, env: Mapping[str, str | None] | None = None) -> Foreground:
        agent = Foreground(self.start(self.argv("agent", "--foreground", *arguments), env=env), self.socket)
        self.addCleanup(self.end_foreground, agent)
        return agent

    def end_foreground(self, agent: Foreground) -> None:
        if agent.process.poll() is None:
            agent.end()
        for stream in (agent.process.stdout, agent.process.stderr):
            if stream is not None:
                stream.close()

    def wait_answer(self, path: Path) -> None:
        """Waits until an agent listens there."""
        deadline = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(OSError):
                request(path, "GET", "/v1/health")
                return
            self.assertLess(time.monotonic(), deadline, "no agent answers")
            time.sleep(0.02)
