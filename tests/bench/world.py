"""What the programs run in: an emulated API, near and distant, tokens of SoftHSM, and settings for all alike."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
import dotenv  # noqa: E402
import places  # noqa: E402
import softtoken  # noqa: E402
from emulation import Api  # noqa: E402

HERE = Path(__file__).resolve().parent
# Milliseconds: a card's login and its signature, the way to a distant server, what a slow module takes to start.
LOGIN, SIGN, WAY, START = 100, 100, 50, 100
SLOW_TOKEN = (f"C_Login * sleep {LOGIN}", f"C_Sign * sleep {SIGN}", f"C_SignFinal * sleep {SIGN}")
SLOW_START = (f"C_Initialize * sleep {START}",)
MODULES = 5
PATIENCE = 30.0  # seconds, for an agent's start
_PYTHON = "/usr/bin/python3"


class Failed(Exception):
    """The benchmark cannot be run; the text says why."""


@dataclass(frozen=True)
class Place:
    """Where a case happens. What is not said is as quick as can be."""

    keys: str = "one"  # or "many"
    token: str = "quick"  # or "slow"
    server: str = "near"  # or "distant"
    trust: str = "own"  # or "system": the CA is among the system's certificates


def _run(argv: list[str], env: dict[str, str]) -> str:
    closed = subprocess.DEVNULL
    done = subprocess.run(argv, env=env, capture_output=True, text=True, stdin=closed, timeout=300, check=False)
    if done.returncode:
        raise Failed(f"{' '.join(argv[:3])} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


class World:
    """Use it in a with statement. Everything is in one folder, which goes in the end."""

    def __init__(self, program: Path, names: set[str], many: int) -> None:
        self._end = contextlib.ExitStack()
        self._program, self._agents = program, 0
        self._agent: Path | None = None
        scratch = tempfile.TemporaryDirectory(prefix="ssa-hsm-bench-", dir=places.scratch())
        self.folder = Path(self._end.enter_context(scratch))
        try:
            self._fill(program, names, many)
        except BaseException:
            self._end.close()
            raise

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        self._end.close()

    def _fill(self, program: Path, names: set[str], many: int) -> None:
        self.api = Api("--no-spare-key")
        self._end.callback(self.api.stop)
        self.distant = self._start_distant_server()
        self.stores = {name: softtoken.Store(self.folder / f"{name}-keys") for name in ("one", "many")}
        self.pin = self.folder / "pin"
        self.pin.touch(mode=0o600)
        self.pin.write_text(softtoken.PIN + "\n")
        self._common = {"PATH": places.PATH, "LC_ALL": "C.UTF-8", "HOME": str(self.folder)}
        self.stores["one"].initialise(softtoken.LABEL)
        self.block = self._create_account(program)
        self.stores["many"].copy_from(self.stores["one"])
        fill = [_PYTHON, "-B", str(HERE / "fill.py"), str(places.softhsm()), softtoken.PIN, str(many - 1)]
        _run(fill, {**self._common, "SOFTHSM2_CONF": str(self.stores["many"].conf)})
        self._write_scripts()
        self._write_authorities()
        self._write_modules(names)

    def _start_distant_server(self) -> str:
        argv = [_PYTHON, "-B", str(HERE / "distant.py"), str(self.api.url.port), str(WAY)]
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdin and process.stdout
        self._end.callback(process.wait, 10)
        self._end.callback(process.stdin.close)
        return f"https://127.0.0.1:{int(process.stdout.readline())}"

    # ---- what is made once ----

    def _create_account(self, program: Path) -> dict[str, str]:
        """By the program itself. Its profile loses the server's address and CA, which are not the same in all cases."""
        env = self.ours(Place()) | self.api.settings() | {"SSA_HSM_MODULE": str(places.softhsm())}
        env["SSA_HSM_TOKEN"] = f"pkcs11:token={softtoken.LABEL}"
        _run([str(program), "account", "create", "bench", "account", "--import", "plain"], env)
        profile = self.folder / "config" / "ssa-hsm" / "default.env"
        block = dotenv.parse(profile.read_text())
        for name in ("SSA_HSM_BASE_URL", "SSA_HSM_CACERT"):
            block.pop(name, None)
        profile.write_text("".join(f'{name}="{value}"\n' for name, value in block.items()))
        self.key = self.folder / "key.pem"
        self.key.touch(mode=0o600)
        self.key.write_text(self.api.issued(block["KEY_ID"]))
        return block

    def _write_scripts(self) -> None:
        self.scripts = {"token": self.folder / "slow-token.script", "start": self.folder / "slow-start.script"}
        for path, rules in zip(self.scripts.values(), (SLOW_TOKEN, SLOW_START), strict=True):
            path.write_text("".join(f"{rule}\n" for rule in rules))

    def _write_authorities(self) -> None:
        """The system's certificates with one more, as a folder with hashed names, and as a bundle."""
        self.authorities, self.bundle = self.folder / "authorities", self.folder / "authorities.pem"
        system = Path("/etc/ssl/certs")
        bundle = system / "ca-certificates.crt"
        if not bundle.exists():
            raise Failed(f"{bundle} (Debian's ca-certificates) is not there")
        self.authorities.mkdir()
        for path in [*system.glob("*.0"), *system.glob("*.1")]:
            shutil.copy(path, self.authorities / path.name)
        ca = Path(self.api.cacert)
        hashed = _run([places.tool("openssl"), "x509", "-noout", "-hash", "-in", str(ca)], self._common).strip()
        shutil.copy(ca, self.authorities / f"{hashed}.0")
        self.bundle.write_bytes(bundle.read_bytes() + ca.read_bytes())

    def _write_modules(self, names: set[str]) -> None:
        """Two configurations of p11-kit with five modules each: copies of SoftHSM, and copies of the shim.

        The system's own modules are put away, for all programs of these names.
        """
        self._modules: dict[str, Path] = {}
        for kind, library in (("quick", places.softhsm()), ("slow", places.shim_library())):
            folder = self.folder / f"{kind}-modules"
            modules = folder / "pkcs11" / "modules"
            modules.mkdir(parents=True)
            for system in (Path("/usr/share/p11-kit/modules"), Path("/etc/pkcs11/modules")):
                for module in system.glob("*.module"):
                    (modules / module.name).write_text(f"disable-in: {' '.join(sorted(names))}\n")
            for number in range(MODULES):
                copy = folder / f"module-{number}.so"
                shutil.copy(library, copy)
                (modules / f"bench-{number}.module").write_text(f"module: {copy}\n")
            self._modules[kind] = folder

    # ---- settings ----

    def _settings(self, place: Place) -> dict[str, str]:
        env = {**self._common, "SOFTHSM2_CONF": str(self.stores[place.keys].conf)}
        if place.token == "slow":
            env |= {"SSA_SHIM_MODULE": str(places.softhsm()), "SSA_SHIM_SCRIPT": str(self.scripts["token"])}
        if place.trust == "system":
            # Each reads what it reads by itself: a folder, a bundle, or (Node) its own certificates.
            env |= {"SSL_CERT_DIR": str(self.authorities), "REQUESTS_CA_BUNDLE": str(self.bundle)}
        return env

    def _url(self, place: Place) -> str:
        return self.api.base_url if place.server == "near" else self.distant

    def ours(self, place: Place) -> dict[str, str]:
        """For ssa-hsm: its profile has the rest."""
        env = self._settings(place)
        env |= {"XDG_CONFIG_HOME": str(self.folder / "config"), "XDG_STATE_HOME": str(self.folder / "state")}
        env |= {"SSA_HSM_PIN_SOURCE": f"file:{self.pin}", "SSA_HSM_BASE_URL": self._url(place)}
        if place.token == "slow":
            env["SSA_HSM_MODULE"] = str(places.shim_library())
        if place.trust == "own":
            env["SSA_HSM_CACERT"] = self.api.cacert
        return env

    def others(self, place: Place) -> dict[str, str]:
        """For all others: the same values, as variables."""
        env = self._settings(place)
        env |= {name: self.block[name] for name in ("APS_CLIENT_ID", "APS_SECRET_ID", "SERVICE_ACCOUNT_ID", "KEY_ID")}
        env |= {
            "BENCH_MODULE": str(places.softhsm() if place.token == "quick" else places.shim_library()),
            "BENCH_TOKEN": softtoken.LABEL,
            "BENCH_PIN_FILE": str(self.pin),
            "BENCH_KEY_ID_HEX": self.block["KEY_ID"].encode().hex(),
            "BENCH_KEY_FILE": str(self.key),
            "BENCH_URL": self._url(place),
            "NODE_EXTRA_CA_CERTS": self.api.cacert,
        }
        if place.trust == "own":
            env |= {name: self.api.cacert for name in ("BENCH_CA", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")}
        return env

    def modules(self, kind: str) -> list[Path]:
        """The five of a kind."""
        return sorted(self._modules[kind].glob("module-*.so"))

    def listing(self, kind: str) -> dict[str, str]:
        """For what lists modules: those five, and nothing else."""
        env = self._settings(Place()) | {"XDG_CONFIG_HOME": str(self._modules[kind])}
        env["XDG_STATE_HOME"] = str(self.folder / "state")
        if kind == "slow":
            env |= {"SSA_SHIM_MODULE": str(places.softhsm()), "SSA_SHIM_SCRIPT": str(self.scripts["start"])}
        return env

    # ---- the agent ----

    def agent(self) -> Path:
        """The socket of an agent, which has an access token for the profile's scopes; it is begun when first asked for."""
        if self._agent is None:
            self._agent = self._end.enter_context(self.agent_with())
        return self._agent

    @contextlib.contextmanager
    def agent_with(self, *options: str) -> Iterator[Path]:
        self._agents += 1
        path = self.folder / "agents" / f"{self._agents}.sock"
        argv = [str(self._program), "agent", "--foreground", "--socket", str(path), *options]
        err = self.folder / f"agent-{self._agents}.log"
        with err.open("w") as log, subprocess.Popen(
            argv, env=self.ours(Place()), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        ) as process:
            try:
                deadline = time.monotonic() + PATIENCE
                while "the agent answers" not in err.read_text():
                    if process.poll() is not None or time.monotonic() > deadline:
                        raise Failed(f"the agent does not start: {err.read_text()}")
                    time.sleep(0.01)
                env = self.ours(Place()) | {"SSA_HSM_AGENT": str(path)}
                _run([str(self._program), "token"], env)
                yield path
            finally:
                process.terminate()

    # ---- what came of it ----

    def refused_tokens(self, tokens: list[str]) -> list[str]:
        """Those that the API did not give out: its own are known to it, though they may not administer (403)."""
        connection = self.api.connect()

        def known(token: str) -> bool:
            path = f"{self.api.url.path}/authentication/v2/service-accounts"
            headers = {"Authorization": f"Bearer {token}"}
            return bool(self.api.send("GET", path, headers=headers, connection=connection).status == 403)

        try:
            return [token for token in tokens if not known(token)]
        finally:
            connection.close()

    def versions(self) -> dict[str, str]:
        """What the others were."""
        probe = "import importlib.util as u, platform; print(platform.python_version(), bool(u.find_spec('requests')))"
        python, requests = _run([_PYTHON, "-B", "-c", probe], self._common).split()
        curl = _run([places.tool("curl"), "--version"], self._common).split()[1]
        found = {"python": f"{python}, {'requests' if requests == 'True' else 'urllib'}", "curl": curl}
        if node := shutil.which("node", path=places.PATH):
            found["node"] = _run([node, "--version"], self._common).strip()
        return found


def compiled(name: str, packages: list[str], folder: Path) -> Path:
    """A program of this folder, built as the project itself is: optimised, with shared libraries."""
    out = folder / name
    env = {"PATH": places.PATH, "LC_ALL": "C.UTF-8"}
    flags = [_run([places.tool("pkg-config"), f"--{what}", *packages], env).split() for what in ("cflags", "libs")]
    warnings = ["-Wall", "-Wextra", "-Werror", "-Wno-pedantic"]
    command = [places.tool("cc"), "-std=c17", "-D_GNU_SOURCE", "-O2", *warnings, *flags[0], str(HERE / f"{name}.c")]
    _run([*command, "-Wl,--as-needed", *flags[1], "-o", str(out)], env)
    return out


def build_bare(folder: Path) -> tuple[Path, Path]:
    """The two bare programs: that for an access token, and that which lists keys."""
    return compiled("bare", ["p11-kit-1", "libcurl", "yajl"], folder), compiled("bare_list", ["p11-kit-1"], folder)


def node_modules() -> Path | None:
    """Where jsonwebtoken is, as scripts/test installs it; None where it or Node is not there."""
    path = Path(os.environ.get("SSA_HSM_NODE_MODULES") or places.ROOT / "build" / "node" / "node_modules")
    return path if (path / "jsonwebtoken").is_dir() and shutil.which("node", path=places.PATH) else None


def machine() -> dict[str, object]:
    about = Path("/proc/cpuinfo").read_text().splitlines()
    model = [line.partition(":")[2].strip() for line in about if line.startswith("model name")]
    return {"cpus": os.cpu_count(), "model": model[0] if model else os.uname().machine, "kernel": os.uname().release}


def write_json(path: Path, data: object) -> None:
    path.write_text(json.dumps(data, indent=1) + "\n")
