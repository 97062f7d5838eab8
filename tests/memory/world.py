"""What the program needs around it to be proven: a token in another process, the API's emulator, secrets, folders.

All of it runs as the user that the program runs as; only the tracer is root.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import pwd
import secrets
import shutil
import ssl
import string
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from control import build_overhear
from needles import ACCESS_TOKEN, ASSERTION

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "proof"
_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
# One of the mechanisms without parameters that p11-kit passes on, and that SoftHSM lacks.
_PASSES = "CKM_SKIPJACK_WRAP"
_SCOPES = (
    "application:service_account:write application:service_account:read "
    "application:service_account_key:write application:service_account_key:read"
)


class CannotRun(Exception):
    """The proof cannot be carried out; the text says why."""


@dataclass(frozen=True)
class Setup:
    """What a proof wants to differ from the usual: the token in a process of its own, behind p11-kit's remoting."""

    host: Path | None = None  # the program that loads the module, which ours finds by itself
    signer: Path | None = None  # the agent's, which ours finds by itself
    shim: Path | None = None  # between that program and the module
    wrapped: bool = False  # the module can decrypt keys, which needs the shim
    module: str = "p11-kit"  # its client, which has SoftHSM in another process; or "softhsm" or "nss" themselves


class World:
    """Made by entering it, and gone without a trace when left."""

    def __init__(self, user: str | None, keep: Path | None, setup: Setup) -> None:
        self._keep = keep
        self._setup = setup
        self._stack = contextlib.ExitStack()
        self.user = user
        self._account = pwd.getpwnam(user or "root")
        alphabet = string.ascii_letters + string.digits
        # Long and random, so that what is found is no accident.
        self.pin = "".join(secrets.choice(alphabet) for _ in range(24))
        self.client_secret = "".join(secrets.choice(alphabet) for _ in range(48))
        self.client_id = "".join(secrets.choice(alphabet) for _ in range(32))
        self.printed: list[str] = []  # see needles.Source
        self.tls_keys: list[str] = []

    def __enter__(self) -> World:
        with contextlib.ExitStack() as stack:
            self._stack = stack
            self._folders()
            self._token()
            self._emulator()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _folders(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ssa-hsm-proof-"))
        self._stack.callback(self._leave_folder)
        self.folder.chmod(0o711)
        self.tracer = self.folder / "tracer"
        self.tracer.mkdir(mode=0o700)
        self.home = self.own(self.folder / "home")
        self.agents = self.own(self.home / "agents")  # where their sockets are
        self.pin_file = self.write("pin", self.pin.encode())
        self.secret_file = self.write("secret", self.client_secret.encode())
        # The keys that wrapped others, and the others when they were wrapped.
        self.overheard = self.write("overheard", b"")
        self.wrapped = self.write("wrapped", b"")
        self._overhear = build_overhear(self.folder)
        self._host = self._copy(self._setup.host) if self._setup.host else None
        self._signer = self._copy(self._setup.signer) if self._setup.signer else None

    def _leave_folder(self) -> None:
        if self._keep:
            shutil.copytree(self.folder, self._keep, dirs_exist_ok=True, ignore=shutil.ignore_patterns("run"))
        shutil.rmtree(self.folder)

    def own(self, path: Path) -> Path:
        path.mkdir(mode=0o700)
        os.chown(path, self._account.pw_uid, self._account.pw_gid)
        return path

    def write(self, name: str, content: bytes) -> Path:
        """A file that only the user can read."""
        path = self.home / name
        path.touch(mode=0o600)
        os.chown(path, self._account.pw_uid, self._account.pw_gid)
        path.write_bytes(content)
        return path

    def _as_user(self) -> dict[str, Any]:
        if not self.user:
            return {}
        groups = os.getgrouplist(self._account.pw_name, self._account.pw_gid)
        return {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": groups}

    def _serve(self, command: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
        server = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=self.home,
            **self._as_user(),
        )  # fmt: skip
        self._stack.callback(_end, server)
        return server

    def _copy(self, file: Path) -> Path:
        """The user may not be able to look into where it was built."""
        copy = Path(shutil.copy(file, self.folder))
        copy.chmod(0o755)
        return copy

    def _shim(self, side: str, module: Path, rename: tuple[str, str]) -> dict[str, str]:
        """The shim's environment on one side of p11-kit's remoting, which keeps back the mechanism of a wrapped
        import: it goes through under the name of one that nobody wants."""
        line = f"mechanism rename {' '.join(rename)}\n" if self._setup.wrapped else ""
        script = self.write(f"{side}.script", line.encode())
        return {"SSA_SHIM_MODULE": str(module), "SSA_SHIM_SCRIPT": str(script)}

    def rules(self, text: str) -> None:
        """Further rules for the shim that the program's host loads, in the place of those that were given before."""
        script = Path(self._hosting["SSA_SHIM_SCRIPT"])
        first = "".join(line for line in script.read_text().splitlines(True) if line.startswith("mechanism rename"))
        script.write_text(first + text)

    def _token(self) -> None:
        if self._setup.module == "nss":
            self._nss_token()
            return
        direct = self._setup.module == "softhsm"
        module = _find("softhsm/libsofthsm2.so", "pkcs11/libsofthsm2.so")
        store, run = self.own(self.home / "tokens"), self.own(self.home / "run")
        conf = self.write("softhsm2.conf", f"directories.tokendir = {store}\nlog.level = ERROR\n".encode())
        environment = {"PATH": _PATH, "SOFTHSM2_CONF": str(conf), "XDG_RUNTIME_DIR": str(run), "HOME": str(self.home)}
        init = ["softhsm2-util", "--module", str(module), "--init-token", "--free", "--label", TOKEN]
        init += ["--so-pin", secrets.token_hex(8), "--pin", self.pin]
        done = subprocess.run(
            init, env=environment, capture_output=True, text=True, check=False, cwd=self.home, **self._as_user()
        )
        if done.returncode:
            raise CannotRun(f"softhsm2-util: {done.stderr.strip() or done.stdout.strip()}")
        shim = self._copy(self._setup.shim) if self._setup.shim else None
        self._module = module if direct else _find("pkcs11/p11-kit-client.so")
        self._hosting = {"SOFTHSM2_CONF": str(conf)} if direct else {}
        if shim:
            self._hosting |= self._shim("host", self._module, (_PASSES, "CKM_AES_KEY_WRAP_PAD"))
            self._module = shim
        if direct:
            return
        if shim and self._setup.wrapped:
            environment |= self._shim("server", module, ("CKM_AES_KEY_WRAP_PAD", _PASSES))
            module = shim
        self._hosting["P11_KIT_SERVER_ADDRESS"] = self._serve_token(module, run, environment)

    def _nss_token(self) -> None:
        """It starts only with the parameters that p11-kit's configuration has for it: it is known by a name there."""
        library = _find("libsoftokn3.so", "nss/libsoftokn3.so")
        db, folder = self.own(self.home / "db"), self._modules()
        make = ["certutil", "-N", "-d", f"sql:{db}", "-f", str(self.pin_file)]
        made = subprocess.run(make, capture_output=True, text=True, check=False, **self._as_user())
        if made.returncode:
            raise CannotRun(f"certutil: {made.stderr.strip()}")
        parameters = f"configdir='sql:{db}' certPrefix='' keyPrefix='' secmod='' dbTokenDescription='{TOKEN}'"
        (folder / "nss.module").write_text(f"module: {library}\nx-init-reserved: {parameters}\n", encoding="ascii")
        self._module = Path("nss")
        self._hosting: dict[str, str] = {}

    def _modules(self) -> Path:
        """p11-kit's configuration of the user."""
        folder = self.home / "config/pkcs11/modules"
        if not folder.exists():
            for path in (folder.parent.parent, folder.parent, folder):
                if not path.exists():
                    self.own(path)
        return folder

    def _serve_token(self, module: Path, run: Path, environment: dict[str, str]) -> str:
        command = ["p11-kit", "server", "--foreground", "--sh", "--provider", str(module), "--name", str(run / "token")]
        server = self._serve([*command, f"pkcs11:token={TOKEN}"], environment)
        for line in server.stdout or ():
            if "P11_KIT_SERVER_ADDRESS=" in line:
                return line.split("=", 1)[1].split(";")[0].strip().strip("'\"")
        raise CannotRun("p11-kit server did not say its address")

    def _emulator(self) -> None:
        program = ROOT / "tests/emulator/emulator.py"
        if not program.exists():
            raise CannotRun(f"the emulator, {program}, is not there")
        folder = self.own(self.home / "emulator")
        command = [sys.executable, "-B", str(program), "--dir", str(folder), "--until-eof"]
        command += ["--client-id", self.client_id, "--client-secret", self.client_secret]
        server = self._serve(command, {"PATH": _PATH, "HOME": str(self.home)})
        try:
            ready = json.loads(server.stdout.readline() if server.stdout else "")
        except ValueError:
            raise CannotRun("the emulator did not start") from None
        self.url, self._cacert = ready["url"], ready["cacert"]
        self.issued = folder / "issued"
        self.jwts = {ACCESS_TOKEN: str(folder / "access-tokens"), ASSERTION: str(folder / "assertions")}

    def environment(self, literal_secret: bool, search: bool = False) -> dict[str, str]:
        """All that the program is told; nothing of our own environment. With search it has to look for the module: in
        child processes, of which each is searched too."""
        if search:
            module = self._modules() / "proof.module"
            if not module.exists() and self._module.is_absolute():
                module.write_text(f"module: {self._module}\n", encoding="ascii")
        told = {
            "PATH": _PATH,
            "LANG": "C.UTF-8",
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "XDG_STATE_HOME": str(self.home / "state"),
            "APS_CLIENT_ID": self.client_id,
            "APS_SECRET_ID": self.client_secret if literal_secret else f"file:{self.secret_file}",
            "SSA_HSM_MODULE": str(self._module),
            **self._hosting,
            **({"SSA_HSM_HOST": str(self._host)} if self._host else {}),
            **({"SSA_HSM_SIGNER": str(self._signer)} if self._signer else {}),
            "LD_PRELOAD": str(self._overhear),
            "OVERHEARD": str(self.overheard),
            "OVERHEARD_WRAPPED": str(self.wrapped),
            "SSA_HSM_TOKEN": f"pkcs11:token={TOKEN}",
            "SSA_HSM_PIN_SOURCE": f"file:{self.pin_file}",
            "SSA_HSM_SCOPE": "data:read",
            "SSA_HSM_BASE_URL": self.url,
            "SSA_HSM_CACERT": self._cacert,
        }
        return {name: value for name, value in told.items() if not (search and name == "SSA_HSM_MODULE")}

    @property
    def secret_uri(self) -> str:
        """Where `secret import` puts the client secret."""
        return f"pkcs11:token={TOKEN};object=APS%20client%20secret%20{self.client_id};type=data"

    def run_untraced(self, command: list[str], environment: dict[str, str]) -> str:
        """A command that only prepares the ground, and what it has printed."""
        done = subprocess.run(
            command, env=environment, cwd=self.home, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False, timeout=60, **self._as_user(),
        )  # fmt: skip
        if done.returncode:
            raise CannotRun(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def _call(self, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> Any:
        request = urllib.request.Request(f"{self.url}/authentication/v2{path}", body, headers, method=method)
        context = ssl.create_default_context(cafile=self._cacert)
        try:
            with urllib.request.urlopen(request, timeout=10, context=context) as answer:
                return json.load(answer)
        except OSError as error:
            raise CannotRun(f"the emulator: {method} {path}: {error}") from None

    def control(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """The emulator's control path: with a body a command, else a question."""
        data, method = (json.dumps(body).encode(), "POST") if body is not None else (None, "GET")
        request = urllib.request.Request(f"{self.url}/_control/{path}", data, method=method)
        context = ssl.create_default_context(cafile=self._cacert)
        try:
            with urllib.request.urlopen(request, timeout=10, context=context) as answer:
                return json.loads(answer.read() or "null")
        except OSError as error:
            raise CannotRun(f"the emulator: {error}") from None

    def issue_key(self) -> tuple[str, str, Path]:
        """A key as somebody got it before the program was there: its account, its id, the PEM file.

        From the emulator, not made here: an import may ask the API whether it knows the key.
        """
        basic = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        form = urllib.parse.urlencode({"grant_type": "client_credentials", "scope": _SCOPES}).encode()
        token = self._call("POST", "/token", {"Authorization": f"Basic {basic}"}, form)["access_token"]
        bearer = {"Authorization": f"Bearer {token}"}
        accounts = self._call("GET", "/service-accounts", bearer)["serviceAccounts"]
        if not accounts:
            raise CannotRun("account create left no account to import a key for")
        account = accounts[0]["serviceAccountId"]
        key = self._call("POST", f"/service-accounts/{account}/keys", bearer, b"")
        return account, key["kid"], self.write("old-key.pem", key["privateKey"].encode())


def _find(*names: str) -> Path:
    """A library's module, whatever the machine's folder for libraries is called."""
    said = subprocess.run(
        ["pkg-config", "--variable=p11_module_path", "p11-kit-1"], capture_output=True, text=True, check=False
    ) if shutil.which("pkg-config") else None  # fmt: skip
    libraries = [Path(said.stdout.strip()).parent] if said and said.stdout.strip() else []
    libraries += [*sorted(Path("/usr/lib").glob("*-linux-gnu*")), Path("/usr/lib64"), Path("/usr/lib")]
    for library in libraries:
        for name in names:
            if (library / name).exists():
                return library / name
    raise CannotRun(f"{names[0]} is not installed")


def _end(server: subprocess.Popen[str]) -> None:
    server.terminate()
    try:
        server.wait(timeout=5)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    for stream in (server.stdin, server.stdout):
        if stream:
            stream.close()
