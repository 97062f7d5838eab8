"""A host under systemd that belongs to the tests: an emulated API, SoftHSM tokens, users, and what systemd tells."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import time
import unittest
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACE = Path("/var/lib/ssa-hsm-live")
EMULATOR = "ssa-hsm-live-api.service"
SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"
SHIM = PLACE / "ssa-hsm-shim.so"
PIN, WRONG_PIN, SECRET = "12345678", "87654321", "my-client-secret"
PATIENCE = 60.0
PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"


def program() -> str:
    found = shutil.which("ssa-hsm", path=PATH)
    assert found is not None, "ssa-hsm is not installed"
    return found


def run(*command: str, user: str | None = None, ok: bool = True, given: str = "", **env: str) -> str:
    """Output and messages. A user's home and runtime folder are what a login would make them."""
    entry = pwd.getpwnam(user) if user else pwd.getpwuid(0)
    variables = {"PATH": PATH, "HOME": entry.pw_dir, "LC_ALL": "C", "XDG_RUNTIME_DIR": f"/run/user/{entry.pw_uid}", **env}
    argv = ["runuser", "-u", user, "--", *command] if user else list(command)
    done = subprocess.run(argv, env=variables, input=given, capture_output=True, text=True, timeout=120, check=False, cwd="/")
    said = done.stdout + done.stderr
    if ok and done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{said}")
    if not ok and done.returncode == 0:
        raise AssertionError(f"{command} did not fail:\n{said}")
    return said


def attempt(*command: str) -> None:
    """What may fail, since it is perhaps done already."""
    subprocess.run(command, check=False, capture_output=True, timeout=120)


def wait_until(what: str, holds: Callable[[], object], patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain: {what}")
        time.sleep(0.1)


def request(path: Path, target: str, method: str = "GET") -> tuple[int, dict[str, object]]:
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


class Unit:
    """A unit of the system's manager, or of a user's."""

    def __init__(self, name: str, user: str | None = None) -> None:
        self.name = name
        self.user = user

    def ctl(self, verb: str, *arguments: str, ok: bool = True) -> str:
        scope = ["--user"] if self.user else []
        return run("systemctl", *scope, verb, *arguments, self.name, user=self.user, ok=ok)

    def show(self, name: str) -> str:
        return self.ctl("show", f"--property={name}", "--value").strip()

    def is_active(self) -> bool:
        return self.show("ActiveState") == "active"

    def processes(self) -> dict[int, str]:
        """Of the unit, by their names. What asks for the unlocking at the start is gone after a moment, and left out."""
        group = self.show("ControlGroup")
        listed = Path(f"/sys/fs/cgroup{group}/cgroup.procs")
        pids = [int(pid) for pid in listed.read_text().split()] if group and listed.exists() else []
        found = {}
        for pid in pids:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                found[pid] = Path(f"/proc/{pid}/comm").read_text().strip()
        return {pid: name for pid, name in found.items() if name != "exe"}

    def journal(self) -> str:
        """Since the unit was started for the last time."""
        kind = "_SYSTEMD_USER_UNIT" if self.user else "_SYSTEMD_UNIT"
        by = "USER_UNIT" if self.user else "UNIT"
        run("journalctl", "--sync")
        return run("journalctl", "--output=cat", "--no-pager", f"{kind}={self.name}", "+", f"{by}={self.name}")


def make_token(folder: Path) -> dict[str, str]:
    """A SoftHSM token in a folder, and the environment in which it is used, each call of its module written down."""
    tokens = folder / "tokens"
    tokens.mkdir(parents=True)
    conf = folder / "softhsm2.conf"
    conf.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
    env = {
        "SOFTHSM2_CONF": str(conf),
        "SSA_SHIM_MODULE": SOFTHSM,
        "SSA_SHIM_LOG": str(folder / "calls"),
        "SSA_SHIM_STATE": str(folder / "counters"),
    }
    run("softhsm2-util", "--init-token", "--free", "--label", "work", "--so-pin", PIN, "--pin", PIN, **env)
    return env


def api() -> dict[str, str]:
    ready = json.loads((PLACE / "api" / "ready.json").read_text())
    return {"SSA_HSM_BASE_URL": ready["url"], "SSA_HSM_CACERT": ready["cacert"], "APS_CLIENT_ID": ready["client_id"]}


def make_account(token: dict[str, str], folder: Path) -> str:
    """The profile of a new account, whose key is on the PKCS#11 token; without a client secret and a PIN."""
    pin = folder / "setup-pin"
    pin.write_text(PIN)
    pin.chmod(0o600)
    made = folder / "made.env"
    run(
        program(), "account", "create", "service", f"mycompany-{folder.name}", "--output", str(made),
        APS_SECRET_ID=SECRET, SSA_HSM_PIN_SOURCE=f"file:{pin}", SSA_HSM_TOKEN="pkcs11:token=work",
        SSA_HSM_MODULE=str(SHIM), XDG_STATE_HOME=str(folder / "setup"), **api(), **token,
    )  # fmt: skip
    profile = re.sub(r"(?m)^APS_SECRET_ID=.*\n", "", made.read_text())
    for used in (pin, made):
        used.unlink()
    shutil.rmtree(folder / "setup")
    (folder / "calls").unlink()
    return profile


def results(folder: Path, call: str) -> list[str]:
    """How each of these calls of the module ended, as its log tells."""
    calls = folder / "calls"
    text = calls.read_text() if calls.exists() else ""
    return re.findall(rf"\b{call}\b.* -> (CKR_\w+)", text)


def logins(folder: Path) -> list[str]:
    return results(folder, "C_Login")


def give(folder: Path, user: str) -> None:
    run("chown", "-R", f"{user}:", str(folder))


def _build_shim() -> None:
    if built := os.environ.get("SSA_SHIM_LIBRARY"):
        shutil.copy(built, SHIM)
        return
    flags = run("pkg-config", "--cflags", "p11-kit-1").split()
    sources = sorted(str(source) for source in (ROOT / "tests" / "shim").glob("*.c"))
    run("gcc", "-std=c17", "-D_GNU_SOURCE", "-O1", "-fPIC", "-shared", "-fvisibility=hidden", "-Wl,-z,nodelete", *flags,
        *sources, "-o", str(SHIM), "-lcrypto", "-lpthread", "-ldl")  # fmt: skip


def begin() -> None:
    if os.geteuid() != 0 or not Path("/run/systemd/system").is_dir():
        raise unittest.SkipTest("needs root, and systemd as the first process")
    PLACE.mkdir(mode=0o755)
    _build_shim()
    # As a service: it outlives no test, and nothing of it is in the journal of what is tested.
    (PLACE / "api").mkdir()
    run("systemd-run", "--quiet", "--collect", f"--unit={EMULATOR}", "/usr/bin/python3", "-B",
        str(ROOT / "tests" / "emulator" / "emulator.py"), "--dir", str(PLACE / "api"), "--client-id", "my-client-id",
        "--client-secret", SECRET)  # fmt: skip
    wait_until("the emulator answers", (PLACE / "api" / "ready.json").exists)
    for folder in (PLACE, PLACE / "api"):
        folder.chmod(0o755)
    (PLACE / "api" / "ca.pem").chmod(0o644)


def end() -> None:
    attempt("systemctl", "stop", EMULATOR)
    shutil.rmtree(PLACE, ignore_errors=True)


def add_user(name: str) -> pwd.struct_passwd:
    run("useradd", "--create-home", name)
    return pwd.getpwnam(name)


def remove_user(name: str) -> None:
    attempt("userdel", "--remove", name)
