"""The proof behind scripts/prove-memory: every process of six commands, searched as it ends."""

from __future__ import annotations

import argparse
import os
import pwd
import signal
import subprocess
import sys
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import control
from needles import Source
from search import build_scanner
from world import ROOT, CannotRun, World

COMMANDS = (
    "account-create", "token", "exec", "secret-import", "secret-token", "key-create", "key-import", "key-rotate",
)  # fmt: skip
WRAPPING_KEY = 32  # bytes


@dataclass
class Totals:
    """What all commands together have shown."""

    processes: int = 0
    size: int = 0
    hits: int = 0
    gaps: int = 0
    failed: list[str] = field(default_factory=list)


class Proof:
    """One run: the control first, then the commands in the order in which they need each other."""

    def __init__(self, world: World, program: Path, timeout: int, way: str | None = None) -> None:
        self._way = way
        self._world = world
        self._program = str(program)
        self._timeout = timeout
        self._scanner = build_scanner(world.tracer)
        self.totals = Totals()

    def control(self) -> None:
        """Raises when the search does not find what is there."""
        leaky = control.build_leaky(self._world.home)
        secrets, source = control.hide(self._world.tracer)
        hidden = self._world.write("control", secrets.read_bytes())
        report = control.trace(
            [str(leaky), str(hidden)], self._scanner, source, self._world.tracer, self._options(),
            env=self._world.environment(literal_secret=False), cwd=self._world.home,
        )  # fmt: skip
        if missed := control.missed(report):
            raise CannotRun(f"the control failed: a secret in {', '.join(missed)} was not found")
        print(f"control: found in {', '.join(control.PLACES)}")

    def commands(self, only: list[str]) -> None:
        """Runs all up to the last one wanted; those not wanted are not traced."""
        last = max(COMMANDS.index(name) for name in only)
        for name in COMMANDS[: last + 1]:
            if self.totals.failed:
                return  # each needs what the one before it made
            if name == "account-create":
                # The secret itself in the environment here, where the kernel puts it on the stack; a reference below.
                self._command(name, ["account", "create", "First-Name1", "proof-account"], True, 1, name in only)
            elif name == "token" and name in only:
                self._command(name, ["token"], False, 1, True)
            elif name == "exec" and name in only:
                self._command(name, ["exec", "--", "/bin/true"], False, 1, True)
            elif name == "secret-import":
                self._command(name, ["secret", "import"], False, 1, name in only)
            elif name == "secret-token" and name in only:
                self._command(name, ["token"], False, 1, True)
            elif name == "key-create":
                self._command(name, ["key", "create", "--output", str(self._world.home / "second.env")], True, 2, name in only)
            elif name == "key-import":
                account, kid, pem = self._world.issue_key()
                command = ["key", "import", str(pem), "--key-id", kid, "--account", account, "--profile", "imported"]
                self._command(name, command, False, 3, True)
            elif name == "key-rotate" and name in only:
                second = (self._world.home / "second.env").read_text()
                kid = second.split('KEY_ID="', 1)[1].split('"', 1)[0]
                self._command(name, ["key", "rotate", "--now", "--replace", kid, "--yes"], True, 4, True)

    def _options(self) -> list[str]:
        return ["--timeout", str(self._timeout), *(["--user", self._world.user] if self._world.user else [])]

    def _command(self, name: str, words: list[str], literal_secret: bool, keys: int, traced: bool) -> None:
        environment = self._world.environment(literal_secret, search=name == "key-import")
        if name == "secret-token":
            environment["APS_SECRET_ID"] = self._world.secret_uri
        makes = words[:1] in (["account"], ["key"])
        command = [self._program, *words, *(["--import", self._way] if self._way and makes else [])]
        if not traced:
            self._world.run_untraced(command, environment)
            return
        secrets = {"PIN": str(self._world.pin_file), "client secret": str(self._world.secret_file)}
        source = Source([], [str(self._world.issued)], secrets, {"wrapping key": str(self._world.overheard)})
        overheard = self._world.overheard.stat().st_size
        output = self._world.tracer / f"{name}.out"
        with open(output, "wb") as stdout, open(output.with_suffix(".err"), "wb") as stderr:
            try:
                report = control.trace(
                    command, self._scanner, source, self._world.tracer, self._options(),
                    env=environment, cwd=self._world.home, stdout=stdout, stderr=stderr,
                )  # fmt: skip
            except RuntimeError as error:
                raise CannotRun(f"{error}: {_last_lines(output.with_suffix('.err'))}") from None
        self._judge(name.replace("-", " "), report, keys)
        if report["status"] != 0:
            said = _last_lines(output.with_suffix(".err"))
            self.totals.failed.append(f"{name.replace('-', ' ')} ended with {report['status']}: {said}")
        elif not self._done(name, output):
            self.totals.failed.append(f"{name.replace('-', ' ')} ended with 0 and has not done its work")
        # One for the rehearsal, one for the key itself.
        if makes and self._way == "wrap" and self._world.overheard.stat().st_size - overheard < 2 * WRAPPING_KEY:
            self.totals.failed.append(f"{name.replace('-', ' ')}: the key that wraps was not overheard")

    def _done(self, name: str, output: Path) -> bool:
        """A program that does nothing leaks nothing: that is no proof."""
        if name == "secret-import":
            return b"type=data" in output.read_bytes()
        if name in ("token", "secret-token"):
            return b'"access_token"' in output.read_bytes()
        if name == "exec":
            return True  # it ended as its command did
        if name == "key-create":
            return (self._world.home / "second.env").exists()
        if name == "key-rotate":
            return b'KEY_ID="' in output.read_bytes()
        profile = "default" if name == "account-create" else "imported"
        return (self._world.home / "config/ssa-hsm" / f"{profile}.env").exists()

    def _judge(self, name: str, report: dict[str, Any], keys: int) -> None:
        for stop in report["stops"]:
            found = stop["findings"]
            hits, gaps = found["hits"], found["gaps"]
            self.totals.processes += 1
            self.totals.size += found["size"]
            self.totals.hits += len(hits)
            self.totals.gaps += len(gaps)
            print(
                f"{name}: {stop['program']}[{stop['pid']}] {stop['occasion']}: {found['threads']} threads, "
                f"{found['mappings']} mappings, {found['size'] / 1e6:.1f} MB, {found['needles']} needles, "
                f"{len(hits)} hits"
            )
            for line in _lines(hits):
                print(f"  HIT {line}")
            for gap in gaps:
                print(f"  NOT READ {gap}")
        for trouble in report["trouble"]:
            self.totals.gaps += 1
            print(f"  NOT SEARCHED {trouble}")
        if max((stop["findings"]["keys"] for stop in report["stops"]), default=0) < keys:
            self.totals.failed.append(f"{name}: no key had been issued when it ended, so none was searched for")


def _lines(hits: list[dict[str, str]]) -> list[str]:
    """One line for all pieces of one secret in one place: a whole key is some hundred pieces."""
    groups: dict[tuple[str, str], list[str]] = {}
    for hit in hits:
        secret, piece = hit["needle"].rsplit(", ", 1)
        place, _, offset = hit["where"].partition(" at ")
        groups.setdefault((secret, place), []).append(f"{piece}{' at ' if offset else ''}{offset}")
    return [
        f"{secret} in {place}: {len(pieces)} pieces, the first {pieces[0]}"
        for (secret, place), pieces in groups.items()
    ]


def _last_lines(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return " / ".join(lines[-3:]) or "it said nothing"


def _user(wanted: str | None) -> str | None:
    """Who the program runs as: under sudo the one who called it, whose limits are the real ones."""
    if not wanted and int(os.environ.get("SUDO_UID", "0")) != 0:
        wanted = pwd.getpwuid(int(os.environ["SUDO_UID"])).pw_name
    if wanted:
        try:
            return wanted if pwd.getpwnam(wanted).pw_uid != 0 else None
        except KeyError:
            raise CannotRun(f"there is no user {wanted}") from None
    return None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="prove-memory",
        description="Proves that no process of the program holds a key, a PIN or a client secret when it ends.",
        epilog="Exit: 0 proven, 1 something was found or could not be read, 2 the proof could not be run.",
    )
    parser.add_argument("--program", type=Path, default=ROOT / "build/ssa-hsm", help="default: build/ssa-hsm")
    parser.add_argument("--expect-leak", action="store_true", help="succeed only when something is found")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="copy reports and outputs there (test secrets too)")
    parser.add_argument("--only", default=",".join(COMMANDS), help="some of " + ",".join(COMMANDS))
    parser.add_argument("--bits", type=int, choices=(2048, 3072, 4096), help="size of the API's keys")
    parser.add_argument("--pkcs8", action="store_true", help="the API's keys come as PKCS#8, with CRLF")
    parser.add_argument("--import", dest="way", choices=("plain", "wrap"), help="how keys get into the token (auto)")
    parser.add_argument("--shim", type=Path, default=None, help="the PKCS#11 shim, for wrap: default beside the program")
    parser.add_argument("--user", help="run the program as this user (default: who called sudo, else root)")
    parser.add_argument("--timeout", type=int, default=60, help="seconds for each command")
    options = parser.parse_args()
    options.only = options.only.split(",")
    if unknown := [name for name in options.only if name not in COMMANDS]:
        parser.error(f"--only: {', '.join(unknown)}: not one of {', '.join(COMMANDS)}")
    return options


def _verdict(totals: Totals, expect_leak: bool) -> int:
    print(f"prove-memory: {totals.processes} processes, {totals.size / 1e6:.0f} MB, {totals.hits} hits")
    if totals.gaps:
        print(f"prove-memory: {totals.gaps} times something could not be searched whole")
    for failure in totals.failed:
        print(f"prove-memory: {failure}", file=sys.stderr)
    if expect_leak:
        print(f"prove-memory: the planted leak was {'found' if totals.hits else 'NOT found'}")
        return 0 if totals.hits else 1
    if totals.hits or totals.gaps:
        return 1
    return 2 if totals.failed else 0


def main() -> int:
    options = _arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(2))  # by way of World's clean-up
    try:
        program = options.program.resolve()
        if not os.access(program, os.X_OK):
            raise CannotRun(f"{options.program} is not there, build it first")
        shim = options.shim or program.parent / "tests/shim/ssa-hsm-shim.so"
        if options.way == "wrap" and not shim.exists():
            raise CannotRun(f"{shim} is not there, build it first")
        with World(_user(options.user), options.keep, shim if options.way == "wrap" else None) as world:
            proof = Proof(world, program, options.timeout, options.way)
            proof.control()
            shape = {"bits": options.bits or 2048}
            world.shape_keys(shape | ({"format": "pkcs8", "newline": "crlf"} if options.pkcs8 else {}))
            proof.commands(options.only)
    except (CannotRun, OSError, RuntimeError, subprocess.SubprocessError) as error:
        print(f"prove-memory: did not run: {error}", file=sys.stderr)
        return 2
    except Exception:  # noqa: BLE001 - Python's own exit code for it, 1, would say that something was found
        traceback.print_exc()
        return 2
    return _verdict(proof.totals, options.expect_leak)


if __name__ == "__main__":
    sys.exit(main())
