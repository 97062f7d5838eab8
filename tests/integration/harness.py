"""What every integration test stands on: the real program, a real SoftHSM token, the emulated API over TLS.

    class TokenTest(Case):
        def test_prints_the_answer(self) -> None:
            self.provisioned()                      # an account, its key in the token, the profile "default"
            result = self.run_program("token")
            self.expect(result, 0)
            self.assertEqual(self.api.asked(), ["POST /token"])

Each test has a folder of its own (self.dir) with HOME and the XDG folders in it, a token store of its own
(self.store) with one token, and an environment made from nothing (self.env). The emulator (self.api) serves all tests
of a file and is cleaned between them; self.other_api(...) starts one with options.
Nothing that a test runs can see a terminal, unless it uses self.terminal(...).
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import dotenv
import masking
import p11kit
import places
import softtoken
from emulation import Api, transport_pair
from pasting import SLOW, TIMEOUT, Pasting, Result
from shimlog import CallLog
from softtoken import LABEL, PIN
from terminal import Terminal

__all__ = ["LABEL", "PIN", "Api", "CallLog", "Case", "Result", "Terminal", "note"]

# Sanitizers take their options from here; all else of the developer's environment stays outside.
_PASSED_ON = ("UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS")
# Files that are not about how a key gets in: there it comes in plainly, since SoftHSM takes half a second to make the
# key pair that a wrapped import begins with, unless the shim has one ready.
_PLAIN = {
    "test_account_commands", "test_account_create", "test_evidence", "test_evidence_hands", "test_fallback",
    "test_docker_env", "test_fault_account", "test_fault_answers", "test_fault_import", "test_fault_key", "test_fault_profile",
    "test_http_bounds", "test_journal_files", "test_key_create", "test_key_import", "test_key_import_names",
    "test_key_list", "test_key_object", "test_key_prune", "test_key_recover", "test_key_rotate",
    "test_lying_module", "test_memory_limits", "test_migration", "test_pin_rules", "test_pin_state", "test_preload", "test_profile",
    "test_recovery_evidence", "test_secret", "test_secret_left", "test_secret_profile", "test_settings", "test_signal_create",
    "test_signal_token", "test_token_choice",
}  # fmt: skip
# Files whose keys come in wrapped, while the key pair that this begins with is not what they are about: the shim has it.
_READY_PAIR = {
    "test_library", "test_memory_limits", "test_pasting", "test_setup", "test_setup_old_file", "test_suggestions",
}  # fmt: skip
_IMPORTING = {("account", "create"), ("key", "create"), ("key", "import"), ("key", "rotate")}
_SAYS_HOW = {"--import", "--no-key", "--finish", "--dry-run"}


def note(text: str) -> None:
    """Something that the reader of a passed run must know, too."""
    print(f"note: {text}", flush=True)


@functools.cache
def _shared_api() -> Api:
    """Begun by the first test that asks for it: starting one takes as long as many tests."""
    api = Api()
    atexit.register(api.stop)
    return api


@dataclass
class _Provisioned:
    """What self.provisioned() copies: made once for a class."""

    folder: Path
    store: softtoken.Store
    account: str


class Case(Pasting):
    """A test with everything around it; see the module's words."""

    needs_api = True  # a class that never gets as far as the API says False
    maxDiff = 4000
    _provisioned: _Provisioned | None = None

    @classmethod
    def setUpClass(cls) -> None:
        cls._provisioned = None

    @classmethod
    def tearDownClass(cls) -> None:
        if cls._provisioned:
            shutil.rmtree(cls._provisioned.folder)
        if _shared_api.cache_info().currsize:
            _shared_api().forget_kept()

    def setUp(self) -> None:
        self.dir = Path(tempfile.mkdtemp(prefix="ssa-hsm-test-"))
        self.addCleanup(self._remove)
        self.begin_pasting()
        self.home = self.dir / "home"
        self.config = self.dir / "config"
        self.state = self.dir / "state"
        self.home.mkdir()
        self.store = softtoken.Store(self.dir / "softhsm")
        self.store.copy_from(softtoken.template())
        self.env = self._environment(self.dir, self.store)
        if type(self).__module__ in _READY_PAIR:
            self._have_pair_ready()
        if _shared_api.cache_info().currsize:
            _shared_api().clean()
        if self.needs_api:
            self.env.update(self.api.settings())

    def _remove(self) -> None:
        # Tests take permissions away; here they come back so that the folder can go.
        for folder, _, _ in os.walk(self.dir):
            os.chmod(folder, 0o700)
        # A module's process ends a moment after the program that was killed, and may be writing its last.
        for _ in range(20):
            with contextlib.suppress(OSError):
                return shutil.rmtree(self.dir)
            time.sleep(0.1)
        shutil.rmtree(self.dir)

    def user_module(self, name: str, *lines: str) -> None:
        """A module in the user's own p11-kit configuration, beside SoftHSM, which is there as "softhsm2"."""
        p11kit.write_module(self.config, name, *lines)

    def _have_pair_ready(self) -> None:
        rules = self.dir / "ready-pair.script"
        rules.write_text(f"generate from {transport_pair()}\n")
        self.env.update(
            SSA_HSM_MODULE=str(places.shim_library()),
            SSA_SHIM_MODULE=str(places.softhsm()),
            SSA_SHIM_SCRIPT=str(rules),
        )

    def _environment(self, folder: Path, store: softtoken.Store) -> dict[str, str]:
        pin = folder / "pin"
        pin.write_text(PIN + "\n")
        pin.chmod(0o600)
        return {
            "PATH": places.PATH,
            "LC_ALL": "C.UTF-8",
            "HOME": str(folder / "home"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_STATE_HOME": str(folder / "state"),
            "TMPDIR": str(folder),
            "SOFTHSM2_CONF": str(store.conf),
            "SSA_HSM_MODULE": str(places.softhsm()),
            "SSA_HSM_TOKEN": f"pkcs11:token={LABEL}",
            "SSA_HSM_PIN_SOURCE": f"file:{pin}",
            # A developer may have an agent.
            "SSA_HSM_AGENT": "none",
            **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            # The address sanitizer would change the core limit, which tests look at.
            "ASAN_OPTIONS": "disable_coredump=0:" + os.environ.get("ASAN_OPTIONS", ""),
        }

    # ---- the API ----

    @property
    def api(self) -> Api:
        """The emulator; self.env leads the program to it."""
        return _shared_api()

    def other_api(self, *options: str) -> Api:
        """An emulator for this test alone, with options of its own; self.env leads to it from now on."""
        api = Api(*options, other=True)
        self.addCleanup(api.stop)
        self.env.pop("SSA_HSM_CACERT", None)
        self.env.update(api.settings())
        return api

    # ---- running the program ----

    def argv(self, *arguments: object) -> list[str]:
        words = [str(a) for a in arguments]
        if type(self).__module__ in _PLAIN and tuple(words[:2]) in _IMPORTING and not _SAYS_HOW & set(words):
            words[2:2] = ["--import", "plain"]
        return [*places.wrapper(), str(places.program()), *words]

    def environment(self, changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
        """self.env with changes; None takes a name out."""
        changed: dict[str, str | None] = {**self.env, **(changes or {})}
        if "/" not in (changed.get("SSA_HSM_MODULE") or ""):
            # p11-kit's configuration will be asked. Not made before: tests look at what the program leaves behind.
            p11kit.only_softhsm(self.config)
        return {name: value for name, value in changed.items() if value is not None}

    def run_program(
        self,
        *arguments: object,
        env: Mapping[str, str | None] | None = None,
        input: str | bytes | None = None,  # noqa: A002
        cwd: Path | None = None,
        timeout: float = TIMEOUT,
        tty: bool = False,
        pass_fds: tuple[int, ...] = (),
    ) -> Result:
        """Runs `ssa-hsm ARGUMENTS` with self.env and the changes of env, to its end.

        Without tty nobody is there: no terminal, and standard input is empty unless input is given. With tty it runs
        at a terminal where nobody types; Result.err is what that shows.
        """
        if tty:
            with self.terminal(*arguments, env=env, cwd=cwd) as terminal:
                code = terminal.finish(timeout)
                return self.look_at_suggestions(Result(code, terminal.out, terminal.screen))
        return self.run_command(
            self.argv(*arguments), env=env, input=input, cwd=cwd, timeout=timeout, pass_fds=pass_fds
        )

    def run_command(
        self,
        argv: list[str],
        env: Mapping[str, str | None] | None = None,
        input: str | bytes | None = None,  # noqa: A002
        cwd: Path | None = None,
        timeout: float = TIMEOUT,
        pass_fds: tuple[int, ...] = (),
    ) -> Result:
        """The same for any command line."""
        with self.start(argv, env=env, cwd=cwd, stdin=input is not None, pass_fds=pass_fds) as process:
            data = input.encode() if isinstance(input, str) else input
            try:
                out, err = process.communicate(data, timeout)
            except subprocess.TimeoutExpired:
                # The whole session that start() made, and nothing else.
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                self.fail(f"{argv[1:4]} was still running after {timeout} s")
        return self.look_at_suggestions(
            Result(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"), out)
        )

    def hasty(self, times: int) -> dict[str, str]:
        """The environment in which the program's clock runs so many times faster, and so its waits are shorter."""
        asan = f"verify_asan_link_order=0:{self.env['ASAN_OPTIONS']}"
        return {"LD_PRELOAD": str(places.hasty_clock()), "SSA_HASTY_CLOCK": str(times), "ASAN_OPTIONS": asan}

    def start(
        self,
        argv: list[str],
        env: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
        stdin: bool = False,
        pass_fds: tuple[int, ...] = (),
    ) -> subprocess.Popen[bytes]:
        """Begins it and returns; the caller waits for it (a with statement does)."""
        return subprocess.Popen(
            argv,
            env=self.environment(env),
            cwd=cwd or self.dir,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # A session of its own has no terminal: /dev/tty cannot be opened, also when a developer runs this by hand.
            start_new_session=True,
            pass_fds=pass_fds,
        )

    @contextlib.contextmanager
    def terminal(
        self,
        *arguments: object,
        env: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
        to_terminal: bool = False,
        columns: int = 0,
    ) -> Iterator[Terminal]:
        """Runs the program at a terminal. Its standard output goes to a file (Terminal.out), unless to_terminal."""
        file = None if to_terminal else self.dir / f"stdout-{time.monotonic_ns()}"
        with Terminal(self.argv(*arguments), self.environment(env), cwd or self.dir, file, columns) as terminal:
            yield terminal
            self.look_at_suggestions(Result(0, "", terminal.screen))

    def typed(self, *arguments: object, answers: list[tuple[str, str]], env: Mapping[str, str | None] | None = None,
              timeout: float = TIMEOUT) -> Result:  # fmt: skip
        """Runs it at a terminal; each prompt (a pattern) gets its answer and the return key."""
        with self.terminal(*arguments, env=env) as terminal:
            for prompt, answer in answers:
                terminal.wait_for(prompt, timeout)
                terminal.send(answer + "\r")
            code = terminal.finish(timeout)
            return self.look_at_suggestions(Result(code, terminal.out, terminal.screen))

    # ---- what came of it ----

    def expect(self, result: Result, code: int, *words: str, out: str | None = None) -> Result:
        """The exit code, and words that standard error has (whatever their case); out: all of standard output."""
        self.assertEqual(result.code, code, masking.mask(str(result)))
        for word in words:
            self.assertIn(word.lower(), result.err.lower(), masking.mask(str(result)))
        if out is not None:
            self.assertEqual(result.out, out)
        self.assertNotIn(PIN, result.out + result.err, "the PIN was shown")
        return result

    def profile_path(self, name: str = "default") -> Path:
        return self.config / "ssa-hsm" / f"{name}.env"

    def profile(self, name: str | Path = "default") -> dict[str, str]:
        """The names and values of a profile (a name, or a path), in their order."""
        path = name if isinstance(name, Path) else self.profile_path(name)
        return dotenv.parse(path.read_text())

    def write_profile(self, values: Mapping[str, str] | str, name: str = "default") -> Path:
        """Writes one by hand: text as it is, or names and values in double quotes."""
        path = self.profile_path(name)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        text = values if isinstance(values, str) else "".join(f'{n}="{v}"\n' for n, v in values.items())
        path.touch(mode=0o600)
        path.write_text(text)
        return path

    # ---- ready-made situations ----

    def provisioned(self) -> dict[str, str]:
        """An account with its key in the token and the profile "default", made once for the class by the program.

        The account belongs to the whole class: a test that changes or deletes it makes one of its own. Gives the
        profile. self.env keeps the API's address and CA, which the profile has as well.
        """
        cls = type(self)
        api = self.api
        if cls._provisioned is None:
            cls._provisioned = self._provision(api)
            api.forget_requests()
        made = cls._provisioned
        self.store.copy_from(made.store)
        target = self.profile_path().parent
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copy2(made.folder / "config" / "ssa-hsm" / "default.env", target)
        return self.profile()

    def _provision(self, api: Api) -> _Provisioned:
        folder = Path(tempfile.mkdtemp(prefix="ssa-hsm-class-"))
        (folder / "home").mkdir()
        store = softtoken.Store(folder / "softhsm")
        store.copy_from(softtoken.template())
        env = {**self._environment(folder, store), **api.settings()}
        with subprocess.Popen(
            [str(places.program()), "account", "create", "whole", "class-account", "--import", "plain"],
            env=env, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process:  # fmt: skip
            _, err = process.communicate(timeout=TIMEOUT)
        self.assertEqual(process.returncode, 0, masking.mask(err.decode(errors="replace")))
        account = dotenv.parse((folder / "config/ssa-hsm/default.env").read_text())["SERVICE_ACCOUNT_ID"]
        api.keep(account)
        return _Provisioned(folder, store, account)

    @contextlib.contextmanager
    def shim(self, *script: str, primes: bool = False) -> Iterator[CallLog]:
        """Puts the shim between the program and SoftHSM, for what runs inside; the script is that of the shim.

        Gives the log of calls. A profile's module is passed over: SSA_HSM_MODULE goes before it. A key pair that is
        asked for is one that the shim has ready, unless SoftHSM is to look for primes.
        """
        before = dict(self.env)
        serial = time.monotonic_ns()
        rules = self.dir / f"shim-{serial}.script"
        pair = () if primes else (f"generate from {transport_pair()}",)
        rules.write_text("".join(f"{line}\n" for line in (*script, *pair)))
        log = CallLog(self.dir / f"shim-{serial}.log")
        self.env.update(
            SSA_HSM_MODULE=str(places.shim_library()),
            SSA_SHIM_MODULE=str(places.softhsm()),
            SSA_SHIM_SCRIPT=str(rules),
            SSA_SHIM_LOG=str(log.path),
            SSA_SHIM_STATE=str(self.dir / "shim.state"),
        )
        try:
            yield log
        finally:
            self.env.clear()
            self.env.update(before)
