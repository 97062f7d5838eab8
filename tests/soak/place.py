"""Where the soak happens: a clock that all its processes share, the emulated API, two PKCS#11 tokens, an agent."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
import dotenv  # noqa: E402
import places  # noqa: E402
import softtoken  # noqa: E402
from emulation import Api, fill_pool  # noqa: E402
from shimlog import CallLog  # noqa: E402

# Each profile has a PKCS#11 token and a signer of its own; both have one client id, and so one budget. The first one's
# token is behind the shim, which can pull it out and counts its logins.
TROUBLED, STEADY = "troubled", "steady"
PROFILES = (TROUBLED, STEADY)
BUDGET, MINUTE = 10, 60.0
START_PATIENCE, ENDS_WITHIN = 30.0, 10.0
# The agent's folder, what an agent has sent, and locks by which processes take turns.
KEPT = {"agent", "agent/requests", ".local", ".local/state", ".local/state/ssa-hsm", *(f".local/state/ssa-hsm/turn-{t}" for t in ("open", "login"))}


class Failed(Exception):
    """The soak cannot be run; the text says why."""


class HastyTime:
    """The time in which the soak's processes live: seconds as CLOCK_MONOTONIC and as the date tell them there."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.began = time.monotonic_ns()
        self._date = time.time_ns() - time.monotonic_ns()

    def now(self) -> float:
        return (self.began + (time.monotonic_ns() - self.began) * self.times) / 1e9

    def date(self) -> float:
        return self.now() + self._date / 1e9

    def elapsed(self) -> float:
        return self.now() - self.began / 1e9

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / self.times)

    def environment(self) -> dict[str, str]:
        """For a process that shall live in it."""
        clock = {"SSA_HASTY_CLOCK": str(self.times), "SSA_HASTY_SINCE": str(self.began)}
        return {"LD_PRELOAD": str(places.hasty_clock()), "ASAN_OPTIONS": "verify_asan_link_order=0", **clock}


@contextlib.contextmanager
def environment(more: dict[str, str]) -> Any:
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class Place:
    """Use it in a with statement. Everything is in one folder, which goes in the end."""

    def __init__(self, clock: HastyTime, script: str = "") -> None:
        """script: what the shim does. Where there is one, both profiles' tokens are behind it."""
        self.clock, self._script = clock, script
        self._end = contextlib.ExitStack()
        scratch = tempfile.TemporaryDirectory(prefix="ssa-hsm-soak-", dir=places.scratch())
        self.folder = Path(self._end.enter_context(scratch))
        try:
            self._fill()
        except BaseException:
            self._end.close()
            raise

    def __enter__(self) -> Place:
        return self

    def __exit__(self, *_: object) -> None:
        self._end.close()

    def _fill(self) -> None:
        pool = places.key_pool()
        fill_pool(pool)
        with environment({"SSA_HSM_TEST_KEYS": str(pool), **self.clock.environment()}):
            self.api = Api("--no-spare-key", "--rate-limit", str(BUDGET), "--rate-window", str(MINUTE))
        self._end.callback(self.api.stop)
        self.store = softtoken.Store(self.folder / "tokens")
        self.pins = {name: self.folder / f"{name}.pin" for name in PROFILES}
        self.out = self.folder / "pulled-out"  # while it is there, the troubled profile's token is not
        script = self.folder / "shim.script"
        script.write_text(f"token absent-while {self.out}\n{self._script}")
        self.shim_state = self.folder / "shim.state"
        self.calls = CallLog(self.folder / "shim.log")
        self.env = {
            "PATH": places.PATH,
            "LC_ALL": "C.UTF-8",
            "HOME": str(self.folder),
            "SOFTHSM2_CONF": str(self.store.conf),
            "SSA_SHIM_MODULE": str(places.softhsm()),
            "SSA_SHIM_SCRIPT": str(script),
            "SSA_SHIM_LOG": str(self.calls.path),
            "SSA_SHIM_STATE": str(self.shim_state),
            **self.clock.environment(),
        }
        self.config = self.folder / ".config" / "ssa-hsm"
        self.accounts: dict[str, str] = {}  # by profile
        for name in PROFILES:
            self.pins[name].touch(mode=0o600)
            self.write_pin(name)
            self._create_profile(name)

    def write_pin(self, name: str, pin: str = softtoken.PIN) -> None:
        self.pins[name].write_text(pin + "\n")

    def _create_profile(self, name: str) -> None:
        self.store.initialise(name)
        argv = [str(places.program()), "account", "create", name, f"{name}-account", "--profile", name]
        env = {**self.env, **self.api.settings(), "SSA_HSM_PIN_SOURCE": f"file:{self.pins[name]}"}
        env["SSA_HSM_MODULE"] = str(places.shim_library() if self._script or name == TROUBLED else places.softhsm())
        env["SSA_HSM_TOKEN"] = f"pkcs11:token={name}"
        # The time limit is of the clock that runs faster.
        limit = ["--import", "plain", "--timeout", "3600"]
        done = subprocess.run([*argv, *limit], env=env, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise Failed(f"no account for the profile {name}: {done.stderr}")
        path = self.config / f"{name}.env"
        self.accounts[name] = dotenv.parse(path.read_text())["SERVICE_ACCOUNT_ID"]
        with path.open("a") as profile:
            profile.write(f"SSA_HSM_PIN_SOURCE=file:{self.pins[name]}\n")

    def exchanges(self) -> list[dict[str, Any]]:
        """All requests for access tokens by assertions, as they came."""
        entries = [json.loads(line) for line in (self.api.dir / "requests.jsonl").read_text().splitlines()]
        return [entry for entry in entries if entry.get("grant_type", "").endswith("jwt-bearer")]

    def records(self) -> list[Path]:
        """Of PINs that are tried just now, or were refused, or not answered."""
        return list((self.folder / ".local" / "state" / "ssa-hsm").glob("pin-*"))

    def tries_pin(self) -> bool:
        return bool(self.records())

    def processes(self) -> Counter[str]:
        """The program's own that live here, by what follows its name."""
        found: Counter[str] = Counter()
        for entry in os.scandir("/proc"):
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and (name := comm(int(entry.name))).startswith("ssa-hsm"):
                    found[name[len("ssa-hsm") :]] += bytes(self.folder) in Path(entry.path, "environ").read_bytes()
        return +found

    def files(self) -> set[str]:
        """Names of what is here, without the PKCS#11 tokens, and without what the soak itself writes."""
        found = {str(path.relative_to(self.folder)) for path in self.folder.rglob("*")}
        return {name for name in found if not name.startswith(("tokens", "audit", "agent.log", "shim."))}

    def left(self, before: set[str]) -> list[str]:
        """What is here in the end and should not be: processes, and files beside those that were here before."""
        until = time.monotonic() + ENDS_WITHIN
        while (alive := self.processes()) and time.monotonic() < until:
            time.sleep(0.05)
        found = [f"there are still processes: {dict(alive)}"] if alive else []
        return found + [f"there is still {name}" for name in sorted(self.files() - before - KEPT)]


class Agent:
    """The agent, and who starts it again, as a service manager does."""

    def __init__(self, place: Place, options: Sequence[str] = ()) -> None:
        self._place, self._options = place, options
        self.socket = place.folder / "agent" / "agent.sock"
        self.log = place.folder / "agent.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._ending = False
        self._guard = threading.Thread(target=self._keep_running, daemon=True)
        self.died: list[int] = []  # exit codes that nobody asked for
        self._killed: set[int] = set()

    def __enter__(self) -> Agent:
        self._start()
        self._guard.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending = True
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self.died.append(-signal.SIGTERM)
        self._guard.join(30)

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def _start(self) -> None:
        argv = [str(places.program()), "agent", "--foreground", "--socket", str(self.socket)]
        for name in PROFILES:
            argv += ["--profile", name]
        argv += ["--audit", f"file:{self._place.folder / 'audit'}", *self._options]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                argv, env=self._place.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._place.folder
            )
        deadline = time.monotonic() + START_PATIENCE
        while time.monotonic() < deadline:
            with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
                probe.connect(str(self.socket))
                return
            if self._process.poll() is not None:
                if self._process.pid in self._killed:
                    return
                break
            time.sleep(0.005)
        raise Failed(f"the agent does not start: {self.log.read_text()[-2000:]}")

    def _keep_running(self) -> None:
        while not self._ending:
            assert self._process
            code = self._process.wait()
            if self._ending:
                return
            if self._process.pid not in self._killed:
                self.died.append(code)
            self._start()

    def kill(self) -> None:
        process = self._process
        assert process
        self._killed.add(process.pid)
        process.kill()

    def evidence(self) -> str:
        """What may tell why something does not come back: the log, the records of PINs, the last calls."""
        told = []
        for path in self._place.records():
            with contextlib.suppress(OSError):
                told.append(f"{path.name}: {path.read_text(errors='replace')!r}")
        told += self.log.read_text(errors="replace").splitlines()[-30:]
        return "\n".join(told + self._place.calls.text.splitlines()[-30:])

    def helpers(self, name: str) -> list[int]:
        """Its processes of a kind: "signer" or "host"."""
        return [pid for pid in descendants(self.pid) if comm(pid) == f"ssa-hsm-{name}"[:15]]

    def signer_of(self, profile: str) -> list[int]:
        """It is told the profile's name."""
        return [pid for pid in self.helpers("signer") if f"\0{profile}\0" in cmdline(pid)]


def descendants(pid: int) -> list[int]:
    """By the parents of all processes: a process's list of children misses some while others end."""
    children: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        with contextlib.suppress(OSError):
            if entry.name.isdigit():
                parent = Path(entry.path, "stat").read_text().rpartition(")")[2].split()[1]
                children.setdefault(int(parent), []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found[1:]


def cmdline(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


def comm(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""
