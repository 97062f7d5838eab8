"""What the program is made to do while it is searched: three scenes, each with commands of its own."""

from __future__ import annotations

import fcntl
import termios
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import control
from judge import HOST, PROGRAM, Held, Totals, judge, last_lines
from needles import (
    ACCESS_TOKEN, ASSERTION, CLIENT_SECRET, KEY_NUMBERS, PIN, WRAPPED_KEY, WRAPPING_KEY, Secret, Source,
)  # fmt: skip
from search import build_scanner
from world import CannotRun, World

COMMANDS = (
    "account-create", "token", "token-kept", "token-cached", "exec", "exec-refresh", "secret-import", "secret-token",
    "key-create", "key-import", "key-rotate", "secret-edit",
)  # fmt: skip
_WRAPPING_KEY_BYTES = 32
_CREATE = ("account", "create", "First-Name1", "proof-account")


# What a module itself holds between two calls, and no longer than that. SoftHSM and NSS have the key from C_SignInit to
# the end of C_Sign (`key rotate` signs by two keys); NSS has a key that was unwrapped, and unwraps another, too.
_KEPT = {
    "p11-kit": (),
    "softhsm": (Held(HOST, "at rest", frozenset(), frozenset({KEY_NUMBERS}), most=2),),
    "nss": (Held(HOST, "at rest", frozenset(), frozenset({KEY_NUMBERS, WRAPPING_KEY})),),
}


@dataclass(frozen=True)
class Case:
    """One command and what is said about it."""

    name: str
    words: tuple[str, ...]
    done: Callable[[Path], bool]  # whether its work is done: a program that does nothing leaks nothing
    # The secret itself in the environment, where the kernel puts it on the stack; else a reference.
    literal_secret: bool = False
    keys: int = 1  # so many keys were issued when it ends
    finds: bool = False  # it has to look for the module
    cache: bool = False  # access tokens are kept
    hosted: bool = True  # it has a module loaded
    secret: str | None = None  # where the client secret is, if elsewhere
    ways: tuple[int, ...] = (0,)  # it may end in
    holds: tuple[Held, ...] = ()
    holds_at: tuple[tuple[Path, Path], ...] = ()  # see tracer.py
    environment: dict[str, str | None] = field(default_factory=dict)  # what differs; None: is not there
    terminal: int | None = None  # that it runs at
    program: Path | None = None  # if it is another one
    commands: int = 1  # so many times a command's time it may take, as it waits for others


@dataclass
class Stage:
    """What all scenes need."""

    world: World
    program: Path
    timeout: int
    way: str | None = None
    module: str = "p11-kit"
    plant: str | None = None  # which leaks a build with leaks has
    totals: Totals = field(default_factory=Totals)

    def __post_init__(self) -> None:
        self._scanner = build_scanner(self.world.tracer)

    def control(self) -> None:
        """Raises when the search does not find what is there."""
        leaky = control.build_leaky(self.world.home)
        secrets, source = control.hide(self.world.tracer)
        hidden = self.world.write("control", secrets.read_bytes())
        report = control.trace(
            [str(leaky), str(hidden)], self._scanner, source, self.world.tracer, self._options(),
            env=self.world.environment(literal_secret=False), cwd=self.world.home,
        )  # fmt: skip
        if missed := control.missed(report):
            raise CannotRun(f"the control failed: a secret in {', '.join(missed)} was not found")
        print(f"control: found in {', '.join(control.PLACES)}")

    def _options(self, commands: int = 1) -> list[str]:
        return ["--timeout", str(self.timeout * commands), *(["--user", self.world.user] if self.world.user else [])]

    def _source(self) -> Source:
        files = {PIN: str(self.world.pin_file), CLIENT_SECRET: str(self.world.secret_file)}
        raw = {WRAPPING_KEY: str(self.world.overheard), WRAPPED_KEY: str(self.world.wrapped)}
        world = self.world
        return Source([], [str(world.issued)], files, raw, world.jwts, world.printed, world.tls_keys)

    def _command(self, case: Case) -> tuple[list[str], dict[str, str]]:
        environment = self.world.environment(case.literal_secret, case.finds)
        if case.cache:
            environment["SSA_HSM_CACHE"] = "keyring"
        if case.secret:
            environment["APS_SECRET_ID"] = case.secret
        if self.plant:
            environment["SSA_HSM_PLANT"] = self.plant
        environment |= {name: value for name, value in case.environment.items() if value is not None}
        environment = {name: value for name, value in environment.items() if case.environment.get(name, "") is not None}
        if case.program:
            return [str(case.program), *case.words], environment
        makes = case.words[0] in ("account", "key")
        return [str(self.program), *case.words, *(["--import", self.way] if self.way and makes else [])], environment

    def secrets(self) -> list[Secret]:
        """All that is searched for, as of now."""
        return self._source().read()[0]

    def prepare(self, case: Case) -> None:
        """A command that others need, and that is not searched."""
        self.world.run_untraced(*self._command(case))

    def run(self, case: Case) -> None:
        """A command whose processes are searched."""
        command, environment = self._command(case)
        # The host is searched between any two calls, too.
        options = [*self._options(case.commands), "--at-rest", HOST]
        for pair in case.holds_at:
            options += ["--hold", *(str(path) for path in pair)]
        overheard = self.world.overheard.stat().st_size
        output = self.world.tracer / f"{case.name.replace(' ', '-')}.out"
        said = output.with_suffix(".err")
        # Of a folder of its own, since others may be searched at the same time.
        folder = self.world.tracer / f"{case.name.replace(' ', '-')}.trace"
        folder.mkdir(mode=0o700, exist_ok=True)
        with open(output, "wb") as stdout, open(said, "wb") as stderr:
            streams: dict[str, Any] = {"stdout": stdout, "stderr": stderr}
            if case.terminal is not None:
                streams |= {"stdin": case.terminal, "start_new_session": True, "preexec_fn": _take_terminal}
            try:
                report = control.trace(
                    command, self._scanner, self._source(), folder, options,
                    env=environment, cwd=self.world.home, **streams,
                )  # fmt: skip
            except RuntimeError as error:
                raise CannotRun(f"{error}: {last_lines(said)}") from None
        expected = (*case.holds, *(_KEPT[self.module] if case.hosted else ()))
        judge(case.name, report, expected, self.totals, case.hosted, case.hosted)
        self._check(case, report, output)
        # One for the rehearsal, one for the key itself.
        if self.way == "wrap" and case.keys and case.words[0] in ("account", "key"):
            if self.world.overheard.stat().st_size - overheard < 2 * _WRAPPING_KEY_BYTES:
                self.totals.failed.append(f"{case.name}: the key that wraps was not overheard")
            if self.world.wrapped.stat().st_size == 0:
                self.totals.failed.append(f"{case.name}: the wrapped key was not overheard")

    def _check(self, case: Case, report: dict[str, Any], output: Path) -> None:
        if report["status"] not in case.ways:
            said = last_lines(output.with_suffix(".err"))
            self.totals.failed.append(f"{case.name} ended with {report['status']}: {said}")
        elif not case.done(output):
            self.totals.failed.append(f"{case.name} ended with {report['status']} and has not done its work")
        if max((stop["findings"]["keys"] for stop in report["stops"]), default=0) < case.keys:
            self.totals.failed.append(f"{case.name}: no key had been issued when it ended, so none was searched for")


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def prints(text: bytes) -> Callable[[Path], bool]:
    return lambda output: text in output.read_bytes()


def says(text: bytes) -> Callable[[Path], bool]:
    return lambda output: text in output.with_suffix(".err").read_bytes()


def _makes(path: Path) -> Callable[[Path], bool]:
    return lambda _: path.exists()


def _profile(world: World, name: str) -> Callable[[Path], bool]:
    return _makes(world.home / f"config/ssa-hsm/{name}.env")


def _refers(profile: Path) -> Callable[[Path], bool]:
    return lambda _: 'APS_SECRET_ID="pkcs11:' in profile.read_text()


def _old_block(world: World) -> Path:
    """A file as it was before the program was there: with the key and the client secret."""
    account, kid, pem = world.issue_key()
    values = {"APS_CLIENT_ID": world.client_id, "APS_SECRET_ID": world.client_secret, "SERVICE_ACCOUNT_ID": account,
              "KEY_ID": kid, "PRIVATE_KEY": pem.read_text()}  # fmt: skip
    return world.write("old.env", "".join(f'{name}="{value}"\n' for name, value in values.items()).encode())


def _always(_: Path) -> bool:
    return True


def case_of(stage: Stage, name: str) -> Case:
    """Made when it is its turn: some need what others have made."""
    world = stage.world
    second = world.home / "second.env"
    title = name.replace("-", " ")
    match name:
        case "account-create":
            return Case(title, _CREATE, _profile(world, "default"), literal_secret=True)
        case "token" | "secret-token":
            secret = world.secret_uri if name == "secret-token" else None
            return Case(title, ("token",), prints(b'"access_token"'), secret=secret)
        case "token-kept" | "token-cached":
            # One puts the access token into the kernel's keyring, and the other one takes it from there.
            kept = name == "token-kept"
            done = prints(b'"access_token"') if kept else says(b"is from the kernel's keyring")
            return Case(title, ("token", "-v"), done, cache=True, hosted=kept)
        case "exec":
            # Its environment has the access token.
            given = frozenset({ACCESS_TOKEN})
            holds = (Held(PROGRAM, "exec", given), Held("true", "exit", given))
            return Case(title, ("exec", "--", "/bin/true"), _always, holds=holds)
        case "exec-refresh":
            # It waits for the program's end, with the login and the access token.
            kept, here, go = (world.home / f"refreshed.{end}" for end in ("txt", "here", "go"))
            given = frozenset({ACCESS_TOKEN})
            script = f": >{here}; until test -e {go}; do :; done"
            words = ("exec", "--refresh", str(kept), "--", "/bin/sh", "-c", script)
            holds = (
                Held(PROGRAM, "held", given, frozenset({CLIENT_SECRET}), locked=True),
                Held("sh", ("held", "exit"), given),
            )
            return Case(title, words, lambda _: not kept.exists(), holds=holds, holds_at=((here, go),))
        case "secret-import":
            return Case(title, ("secret", "import"), prints(b"type=data"))
        case "key-create":
            words = ("key", "create", "--output", str(second))
            return Case(title, words, _makes(second), literal_secret=True, keys=2)
        case "key-import":
            # The file is overwritten by then, so that the text is nowhere but in the needles.
            words = ("key", "import", str(_old_block(world)), "--shred", "--profile", "imported")
            return Case(title, words, _profile(world, "imported"), keys=3, finds=True)
        case "secret-edit":
            # The profile has the secret itself, and its new text is made of the old one.
            words = ("secret", "import", "--profile", "default")
            return Case(title, words, _refers(world.home / "config/ssa-hsm/default.env"), keys=4)
        case _:
            kid = second.read_text().split('KEY_ID="', 1)[1].split('"', 1)[0]
            words = ("key", "rotate", "--now", "--replace", kid, "--yes")
            return Case(title, words, prints(b'KEY_ID="'), literal_secret=True, keys=4)


def ends(stage: Stage, only: list[str]) -> None:
    """Every process of these commands, as it ends. Those not wanted are not searched."""
    last = max(COMMANDS.index(name) for name in only)
    needed = {"account-create", "key-create", "key-import", *(["secret-import"] if "secret-token" in only else [])}
    for name in COMMANDS[: last + 1]:
        if stage.totals.failed:
            return  # each needs what the one before it made
        if name in only:
            stage.run(case_of(stage, name))
        elif name in needed:
            stage.prepare(case_of(stage, name))


def signing(stage: Stage) -> None:
    """While SoftHSM signs in the host, the key is there, and not in the process that talks to the network."""
    world = stage.world
    stage.run(case_of(stage, "account-create"))
    here, go = world.home / "here", world.home / "go"
    world.rules(f"C_Sign 1 touch {here} wait {go}\n")
    holds = (
        Held(HOST, "held", frozenset({KEY_NUMBERS})),
        # The PIN, since a key may want it once more for each signature.
        Held(PROGRAM, "held", frozenset({CLIENT_SECRET}), frozenset({PIN})),
    )
    stage.run(Case("token", ("token",), prints(b'"access_token"'), holds=holds, holds_at=((here, go),)))


def killed(stage: Stage) -> None:
    """The host dies with the PIN or a key in its hands: the module crashes, something kills it, or the program does."""
    private = "class=CKO_PRIVATE_KEY"
    # The first such call is the rehearsal's.
    deaths = [
        ("login", "C_Login 1 kill-module KILL after", PIN, ()),
        ("create", f"C_CreateObject 2 {private} crash after", KEY_NUMBERS, ()),
        ("late", f"C_CreateObject 2 {private} after-sleep 30000", KEY_NUMBERS, ("--timeout", "2")),
    ]
    if stage.way == "wrap":
        deaths[1:] = [("unwrap", f"C_UnwrapKey 2 {private} crash after", WRAPPED_KEY, ())]
    for name, rule, given, more in deaths:
        stage.world.rules(rule + "\n")
        # One that is late may see that its program has closed the connection before it is killed.
        ending = ("killed by", "exit") if name == "late" else "killed by"
        holds = (Held(HOST, ending, frozenset({given})),)
        keys = 0 if given == PIN else 1
        case = Case(f"killed at {name}", (*_CREATE, *more), _always, True, keys, ways=(4, 5, 7, 12, 13), holds=holds)
        stage.run(case)


def library(stage: Stage) -> None:
    """A program that uses the library, while its signer is open and afterwards. It has no allocator of ours."""
    world = stage.world
    stage.prepare(case_of(stage, "account-create"))
    program = stage.program.parent / "tests/library/ssa-hsm-signer-memory"
    # The PIN stays only where the key wants it for each signature.
    for name, rule, pin in (("library", "", frozenset()), ("library each time", "always-authenticate\n", frozenset({PIN}))):
        called = name.replace(" ", "-")
        ends = [world.home / f"{called}-{end}" for end in ("open.here", "open.go", "closed.here", "closed.go")]
        world.rules(rule)
        # An assertion is good for minutes, and nobody but the program itself can wipe its registers and its stack.
        holds = (
            Held(PROGRAM, f"held {ends[0].stem}", frozenset({CLIENT_SECRET, ACCESS_TOKEN}) | pin, locked=True),
            Held(PROGRAM, ("held", "exit", "thread exit"), frozenset(), frozenset({ASSERTION})),
        )
        words, pairs = tuple(str(end) for end in ends), ((ends[0], ends[1]), (ends[2], ends[3]))
        stage.run(Case(name, words, prints(b"closed"), holds=holds, holds_at=pairs, program=program))
