"""What a cell runs in: hosts (a home, a configuration, a state folder and a token each) that share one emulated API.

A worker has one world. Its emulator and its templates are made once; before each cell everything is as it was.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
import dotenv  # noqa: E402
import client_secret  # noqa: E402
import killer  # noqa: E402
import masking  # noqa: E402
import places  # noqa: E402
import softtoken  # noqa: E402
from emulation import Api, transport_pair  # noqa: E402
from fault_support import one_key  # noqa: E402

# The account that is there before every cell, with a working key of the first host, named by the profile "before".
OLDER = ("older", "account")
# Seconds that the program gives all of its requests, and that a run may take.
BRIEF = 2
TIMEOUT = 60


@dataclass
class Run:
    """One run of the program: how it ended and what it said."""

    argv: tuple[str, ...]
    code: int  # negative: the signal
    out: str
    err: str
    reached: bool = True  # the point at which it was to be killed

    @property
    def killed(self) -> bool:
        return self.code < 0

    def __str__(self) -> str:
        text = f"$ ssa-hsm {' '.join(self.argv)}\n{self.out}{self.err}[exit {self.code}]"
        return str(masking.mask(text))


class Host:
    """One machine."""

    def __init__(self, folder: Path, api: Api, disk: Path | None = None) -> None:
        self.folder = folder
        self.home, self.config, self.state = (folder / name for name in ("home", "config", "state"))
        self.pin = folder / "pin"
        self.script = folder / "script"
        self.log = folder / "shim.log"
        self._api = api
        # Small file systems that stand for the two folders in some cells.
        self._disk = disk
        self.own_store = softtoken.Store(self._make(folder / "softhsm"))
        self.shares: Host | None = None  # the host whose token this one uses, too

    @property
    def store(self) -> softtoken.Store:
        return self.shares.store if self.shares else self.own_store

    @staticmethod
    def _make(folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def begin(self, template: Host | None) -> None:
        """As the template is; without one: an empty token and no files."""
        for folder in (self.home, self.config, self.state):
            _empty(folder)
        self.config, self.state = self.folder / "config", self.folder / "state"
        for folder in (self.home, self.config, self.state):
            _empty(folder)
        self.shares = None
        self.script.unlink(missing_ok=True)
        self.log.unlink(missing_ok=True)
        self.pin.write_text(softtoken.PIN + "\n")
        self.pin.chmod(0o600)
        self.store.copy_from(template.store if template else softtoken.template())
        if template:
            for mine, other in ((self.config, template.config), (self.state, template.state)):
                shutil.copytree(other, mine, dirs_exist_ok=True)

    def move_to_disk(self, *names: str) -> list[Path]:
        """The folders of these names (config, state) lie on small file systems from here on."""
        moved = []
        for name in names:
            assert self._disk
            target, old = self._disk / name, getattr(self, name)
            _empty(target)
            shutil.copytree(old, target, dirs_exist_ok=True)
            setattr(self, name, target)
            moved.append(target)
        return moved

    def env(self, profile: str | None) -> dict[str, str]:
        named = {"SSA_HSM_PROFILE": profile} if profile else {}
        return {
            "PATH": places.PATH,
            "LC_ALL": "C.UTF-8",
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.config),
            "XDG_STATE_HOME": str(self.state),
            "TMPDIR": str(self.folder),
            "SOFTHSM2_CONF": str(self.store.conf),
            # Always the shim, which is then what profiles name.
            "SSA_HSM_MODULE": str(places.shim_library()),
            "SSA_SHIM_MODULE": str(places.softhsm()),
            "SSA_HSM_TOKEN": f"pkcs11:token={softtoken.LABEL}",
            "SSA_HSM_PIN_SOURCE": f"file:{self.pin}",
            **self._api.settings(),
            **named,
        }

    def start(self, *arguments: str, profile: str | None = None, script: tuple[str, ...] = (), limits: str = "",
              log: bool = False, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:  # fmt: skip
        """Begins a run; finish() ends it."""
        argv = [str(places.program()), *arguments]
        if limits:
            argv = ["/bin/sh", "-c", f'{limits}; exec "$@"', "sh", *argv]
        return subprocess.Popen(
            argv, env={**self._shimmed(profile, script, log), **(env or {})}, cwd=self.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip

    def _shimmed(self, profile: str | None, script: tuple[str, ...], log: bool) -> dict[str, str]:
        rules = (*script, f"generate from {transport_pair()}")
        self.script.write_text("".join(f"{line}\n" for line in rules))
        env = {**self.env(profile), "SSA_SHIM_SCRIPT": str(self.script)}
        if log:
            env["SSA_SHIM_LOG"] = str(self.log)
        return env

    def run(self, *arguments: str, **options: Any) -> Run:
        return finish(self.start(*arguments, **options), arguments)

    def run_traced(self, *arguments: str, profile: str | None, script: tuple[str, ...] = (),
                   kill: killer.Point | None = None,
                   env: Mapping[str, str] | None = None) -> tuple[Run, killer.Trace]:  # fmt: skip
        """Counts the calls that change something, and kills the program at one of them."""
        out, err = self.folder / "out", self.folder / "err"
        argv = [str(places.program()), *arguments]
        whole = {**self._shimmed(profile, script, False), **(env or {})}
        trace = killer.run(argv, whole, self.folder, out, err, kill, TIMEOUT)
        reached = kill is None or trace.reached
        run = Run(arguments, trace.code, out.read_text(errors="replace"), err.read_text(errors="replace"), reached)
        return run, trace

    # ---- what there is ----

    def objects(self) -> list[tuple[str, str]]:
        """The token's objects: kind, and id as text."""
        return [(kind, bytes.fromhex(id_).decode(errors="replace")) for kind, id_ in self.store.objects()]

    def token_is_whole(self) -> bool:
        """SoftHSM writes the file about a token over at each login: killed there, it has destroyed its own token."""
        files = list(self.store.tokens.glob("*/token.object"))
        return len(files) == 1 and files[0].stat().st_size == _size_of_token()

    def profiles(self) -> dict[str, dict[str, str]]:
        return {path.stem: dotenv.parse(path.read_text()) for path in (self.config / "ssa-hsm").glob("*.env")}

    def drafts(self) -> list[str]:
        folder = self.config / "ssa-hsm"
        return sorted(p.name for p in folder.iterdir() if p.suffix != ".env") if folder.is_dir() else []

    def open_journal(self) -> list[str]:
        """Entries that are not settled. A rotation whose old key has its grace is, until somebody retires that."""
        folder = self.state / "ssa-hsm" / "journal"
        entries = [path for path in folder.glob("[!.]*") if not _waits(path.read_text(errors="replace"))]
        return sorted(path.name for path in entries)


def _waits(text: str) -> bool:
    """By the last whole line: room is allocated ahead, and a line may have been cut off."""
    for line in reversed(text.rstrip("\0").splitlines()):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        return bool(entry["step"] == "switched" and not entry["retiresAtOnce"])
    return False


@functools.cache
def _size_of_token() -> int:
    return int(next(softtoken.template().tokens.glob("*/token.object")).stat().st_size)


def finish(process: subprocess.Popen[bytes], arguments: tuple[str, ...], timeout: float = TIMEOUT) -> Run:
    with process:
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # the session that start() made
            process.communicate()
            raise TimeoutError(f"{' '.join(arguments)} was still running after {timeout} s") from None
    return Run(arguments, process.returncode, out.decode(errors="replace"), err.decode(errors="replace"))


def _empty(folder: Path) -> None:
    """Nothing in it; where it is a mount point it stays one. Cells take permissions away: here they come back."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    for base, folders, _ in os.walk(folder):
        for name in folders:
            os.chmod(Path(base, name), 0o700)
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


@dataclass
class State:
    """What the API has: accounts by id, each with its keys' states by kid."""

    keys: dict[str, dict[str, str]] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    rivals: list[str] = field(default_factory=list)
    pending: int = 0  # faults that have not struck

    def kids(self) -> set[str]:
        return {kid for keys in self.keys.values() for kid in keys}


class World:
    def __init__(self, disk: Path | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ssa-hsm-matrix-"))
        self.disk = disk
        self.api = Api("--no-spare-key")
        self.api.control("POST", "keys", pem=one_key())
        template = self._host("template")
        template.begin(None)
        made = template.run("account", "create", *OLDER, profile="before")
        assert made.code == 0, str(made)
        self.account = template.profiles()["before"]["SERVICE_ACCOUNT_ID"]
        self.email = template.profiles()["before"]["SSA_EMAIL"]
        self.own = template.profiles()["before"]["KEY_ID"]
        self._template = template
        self._planted: softtoken.Store | None = None
        self.secret_label = f"APS client secret {self.api.client_id}"
        quoted = self.secret_label.replace(" ", "%20")
        self.line = f"pkcs11:token={softtoken.LABEL};object={quoted};type=data?module-path={places.shim_library()}"
        self.api.control("POST", "keep")
        self._admin = self.api.admin()
        self.a, self.b = self._host("a"), self._host("b")
        self.old_block = self.a.folder / "old.env"
        self._old: dict[str, str] = {}

    def _host(self, name: str) -> Host:
        folder = self.folder / name
        folder.mkdir(mode=0o700)
        return Host(folder, self.api, self.disk if name == "a" else None)

    def close(self) -> None:
        self.a.begin(None)
        self.api.stop()
        shutil.rmtree(self.folder)

    def begin(self) -> None:
        """As it was before the first cell."""
        self.api.control("POST", "clear")
        self.api.control("POST", "restore")
        self.api.forget_requests()
        self.a.begin(self._template)

    def plant_data(self) -> None:
        """The first host's token has data objects of others beside the key."""
        if self._planted is None:
            folder = self.folder / "planted"
            folder.mkdir(mode=0o700)
            self._planted = softtoken.Store(folder)
            self._planted.copy_from(self._template.store)
            client_secret.plant(self._planted)
        self.a.store.copy_from(self._planted)

    def write_old_block(self) -> str:
        """A key of the older account that is in a file alone; its id."""
        made = self.api.call("POST", f"/service-accounts/{self.account}/keys", self._admin, b"").json
        self.api.forget_requests()
        self._old = {"APS_CLIENT_ID": self.api.client_id, "APS_SECRET_ID": self.api.secret, "KEY_ID": made["kid"],
                     "SERVICE_ACCOUNT_ID": self.account, "SSA_EMAIL": self.email, "PRIVATE_KEY": made["privateKey"]}  # fmt: skip
        self.old_block.unlink(missing_ok=True)
        self.old_block.touch(0o600)
        self.old_block.write_text("".join(f'{name}="{value}"\n' for name, value in self._old.items()))
        return str(made["kid"])

    def old_is_there(self) -> bool:
        """The old block, with all that was in it."""
        text = self.old_block.read_text(errors="replace") if self.old_block.exists() else ""
        return all(f'{name}="{value}"' in text for name, value in self._old.items())

    def old_kid(self) -> str:
        return self._old["KEY_ID"]

    def begin_sharing_host(self) -> None:
        """A second host with the same token, and folders of its own."""
        self.b.begin(self._template)
        self.b.shares = self.a

    def begin_other_host(self) -> None:
        """A second host with a key of its own for the same account."""
        self.b.begin(None)
        made = self.b.run("key", "create", "--account", self.account, profile="before")
        assert made.code == 0, str(made)
        self.api.forget_requests()

    def make_foreign_key(self) -> str:
        """A key of a host that nobody here knows."""
        path = f"/service-accounts/{self.account}/keys"
        return str(self.api.call("POST", path, self._admin, b"").json["kid"])

    def delete_key(self, account: str, kid: str) -> None:
        """At the API alone; what a sabotage does."""
        self.api.call("DELETE", f"/service-accounts/{account}/keys/{kid}", self._admin)

    def plant(self, faults: tuple[Mapping[str, Any], ...]) -> None:
        for fault in faults:
            self.api.control("POST", "fault", **fault)

    def look(self) -> State:
        found = self.api.control("GET", "state")
        return State(
            {a["serviceAccountId"]: {k["kid"]: k["status"] for k in a["keys"]} for a in found["accounts"]},
            {a["serviceAccountId"]: a["status"] for a in found["accounts"]},
            [made["kid"] for made in found["rivals"]],
            len(found["faults"]),
        )
