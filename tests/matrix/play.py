"""One cell, from its beginning to the judgement."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass, field

import check
import client_secret
import old_block
from cells import Cell, prepare
from check import Expectation
from scenarios import KEYS
from world import BRIEF, Host, Run, World, finish

LEFT = 13  # import failed and something is left
SABOTAGES = ("recovery", "foreign", "draft", "remote", "token", "account", "secret")
# A server that was sent a request by a process that is dead may still be at it.
_SETTLING = 0.03
# A second process that waits for the first: then the first must go on.
_PATIENCE = 2.5
_PAGE = 4096
_NOTHING = "nothing is left to recover"


@dataclass
class Outcome:
    name: str
    code: int = 0
    reached: bool = True
    destroyed: bool = False  # the token, by SoftHSM's own doing
    recovered: bool = True  # false: the program cannot, and less was checked
    problems: list[str] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    seconds: float = 0

    def text(self) -> str:
        return "\n".join([f"FAILED {self.name}", *(f"    {problem}" for problem in self.problems)])


def play(world: World, cell: Cell, have: set[str], sabotage: str | None = None) -> Outcome:
    outcome = Outcome(cell.name)
    began = time.monotonic()
    try:
        _Play(world, cell, have, sabotage, outcome).play()
    except (AssertionError, TimeoutError, OSError, ValueError, subprocess.SubprocessError) as error:
        outcome.problems.append(f"{type(error).__name__}: {error}")
    outcome.seconds = time.monotonic() - began
    return outcome


class _Play:
    def __init__(self, world: World, cell: Cell, have: set[str], sabotage: str | None, outcome: Outcome) -> None:
        self.world, self.cell, self.have, self.sabotage, self.outcome = world, cell, have, sabotage, outcome
        self.hosts = [world.a]
        self.profile = cell.scenario.command.profile
        self.env = cell.scenario.command.env(world)
        self.code: int | None = None  # how the command ended, where that says what is there

    def play(self) -> None:
        world, cell = self.world, self.cell
        world.begin()
        foreign = {world.make_foreign_key()} if cell.rival == "older" else set()
        if cell.kind == "two-hosts":
            self.hosts.append(world.b)
            self._begin_other_host()
        self.expected = Expectation(world.look(), foreign)
        if cell.scenario.imports:
            # Nobody here has made its key, and nobody may delete it.
            self.expected.foreign.add(world.write_old_block())
        if cell.scenario.rotates:
            self.expected.may_go = {world.own} | ({k for k in self._keys_of(world.b)} if len(self.hosts) > 1 else set())
        prepare(cell.scenario, world)
        if cell.rival in ("before", "after"):
            world.api.control("POST", "rival", account=world.account, method="POST", path=KEYS, when=cell.rival)
        world.plant((*cell.scenario.command.faults, *cell.faults))
        runs = self._meet() if cell.kind in ("same-host", "two-hosts") else [self._run()]
        self.outcome.runs += runs
        self.outcome.code, self.outcome.reached = runs[0].code, runs[0].reached
        if any(run.killed for run in runs):
            time.sleep(_SETTLING)
        state = world.look()
        self.expected.foreign |= set(state.rivals)
        if cell.kind == "http" and cell.faults[0]["times"] == 1 and state.pending:
            self.outcome.reached = False
        world.api.control("POST", "clear")
        if not (cell.kill and cell.kill.error and cell.kill.name == "write"):
            # Where standard error itself fails, nothing can be said.
            for run in runs:
                self.outcome.problems += check.said_well(run)
        if (cell.kill or cell.limits) and not world.a.token_is_whole():
            # There is no token any more, whatever the program does.
            self.outcome.destroyed = True
            self.outcome.problems += check.others_are_untouched(world, self.expected)
            return
        if cell.scenario.imports:
            self.outcome.problems += old_block.is_safe(world, runs)
        if cell.spoilt:
            self.outcome.problems += self._spoil()
        self._judge(runs)

    def _spoil(self) -> list[str]:
        """A recovery that meets one fault destroys nothing, and leaves the operation open."""
        world, host, cell = self.world, self.world.a, self.cell
        world.plant(cell.spoilt_faults)
        kids, objects, profiles = world.look().kids(), host.objects(), host.profiles()
        host.log.unlink(missing_ok=True)
        argv = ("key", "recover", "--yes", "--pin-retry", "--timeout", "1")
        run = host.run(*argv, profile=self.profile, script=cell.spoilt_script, log=True)
        struck = bool(cell.spoilt_script) and host.log.exists() and " rule=" in host.log.read_text()
        if cell.spoilt_faults:
            path = "/keys" if cell.spoilt != "proof-refused" else "/token"
            struck = any(r["fault"] and r["path"].endswith(path) for r in world.api.requests())
        world.api.control("POST", "clear")
        self.outcome.runs.append(run)
        if not struck:
            return []
        problems = [f"spoilt, and {kid} is gone at the API" for kid in sorted(kids - world.look().kids())]
        problems += [f"spoilt, and {found} is gone on the token" for found in objects if found not in host.objects()]
        problems += [f"spoilt, and the profile {n} is another" for n in profiles if host.profiles().get(n) != profiles[n]]
        if run.code != LEFT or not host.open_journal():
            problems.append(f"spoilt, and settled all the same: exit {run.code}: {run.err.strip()[:300]}")
        return problems

    def _keys_of(self, host: Host) -> list[str]:
        return [profile["KEY_ID"] for profile in host.profiles().values() if "KEY_ID" in profile]

    def _begin_other_host(self) -> None:
        if self.cell.scenario.secret:
            self.world.begin_sharing_host()
        elif self.cell.scenario.rotates:
            self.world.begin_other_host()
        else:
            self.world.b.begin(None)
            # It has no key yet; its profile names the account alone.
            folder = self.world.b.config / "ssa-hsm"
            folder.mkdir(mode=0o700)
            text = f'SERVICE_ACCOUNT_ID="{self.world.account}"\nSSA_EMAIL="{self.world.email}"\n'
            (folder / "before.env").write_text(text)

    # ---- the command ----

    def _run(self) -> Run:
        cell, host, step = self.cell, self.world.a, self.cell.scenario.command
        script = (*step.script, *cell.script)
        argv = step.argv(self.world)
        if cell.slow:
            # Where waiting is all there is to it, for no longer than must be.
            argv = tuple("1" if word == str(BRIEF) else word for word in argv)
        if cell.kill:
            return host.run_traced(*argv, profile=step.profile, script=script, env=self.env, kill=cell.kill)[0]
        if cell.disk:
            return self._on_small_disk(argv, script)
        if cell.locked:
            return self._without_permission(argv, script)
        return host.run(*argv, profile=step.profile, script=script, env=self.env, limits=cell.limits)

    def _on_small_disk(self, argv: tuple[str, ...], script: tuple[str, ...]) -> Run:
        host = self.world.a
        assert self.cell.disk
        names, pages = self.cell.disk
        ballasts = []
        for folder in host.move_to_disk(*names.split("+")):
            ballast = folder / "ballast"
            with open(ballast, "wb", buffering=0) as file, suppress(OSError):
                while True:
                    file.write(bytes(_PAGE))
            os.truncate(ballast, max(0, ballast.stat().st_size // _PAGE - pages) * _PAGE)
            ballasts.append(ballast)
        run = host.run(*argv, profile=self.profile, script=script, env=self.env)
        if "recover" in self.have:
            # With the disk still full: whatever it says, it makes nothing worse.
            self.outcome.runs.append(self._recover(host))
        for ballast in ballasts:
            ballast.unlink()
        return run

    def _without_permission(self, argv: tuple[str, ...], script: tuple[str, ...]) -> Run:
        host = self.world.a
        folders = {"state": host.state, "config": host.config, "softhsm": host.store.folder}
        first, *rest = self.cell.locked.split("/")
        path = folders[first].joinpath(*rest)
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.chmod(0o500)
        try:
            return host.run(*argv, profile=self.profile, script=script, env=self.env)
        finally:
            path.chmod(0o700)

    def _meet(self) -> list[Run]:
        """The first stops at a call while the second runs; then it goes on, or is killed there."""
        world, cell, step = self.world, self.cell, self.cell.scenario.command
        first, second = self.hosts[0], self.hosts[-1]
        here, go = first.folder / "here", first.folder / "go"
        here.unlink(missing_ok=True)
        go.unlink(missing_ok=True)
        argv = step.argv(world)
        script = (f"{cell.script[0]} touch {here} wait {go}",)
        process = first.start(*argv, profile=step.profile, script=script, env=self.env)
        deadline = time.monotonic() + 10
        while not here.exists() and process.poll() is None:
            assert time.monotonic() < deadline, "the first never came there"
            time.sleep(0.005)
        other = second.start(*argv, profile=step.profile or "second", env=self.env)
        try:
            other.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            pass  # it waits for the first
        if cell.locked:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            go.touch()
        runs = [finish(process, argv), finish(other, argv)]
        if not cell.locked:
            self.outcome.problems += self._who_won(runs)
        return runs

    def _who_won(self, runs: list[Run]) -> list[str]:
        won = [run.code for run in runs].count(0)
        if self.cell.scenario.secret:
            return []  # both may have found the other's at the same moment, and undone their own
        if won == 2 and self.cell.script[0].startswith(("C_Logout", "C_Finalize")):
            return []  # the first was done
        if self.cell.scenario.rotates and self.cell.kind == "same-host" and won != 1:
            return [f"{won} of two rotations won: {[run.code for run in runs]}"]
        if not self.cell.scenario.rotates and self.cell.kind == "two-hosts" and won != 2:
            return [f"two hosts made keys at once, and ended {[run.code for run in runs]}"]
        return [] if won else [f"nobody won: {[run.code for run in runs]}"]

    # ---- afterwards ----

    def _recover(self, host: Host, *more: str) -> Run:
        return host.run("key", "recover", "--yes", "--pin-retry", *more, profile=self.profile)

    def _judge(self, runs: list[Run]) -> None:
        outcome, world = self.outcome, self.world
        open_end = any(run.killed or run.code == LEFT for run in runs)
        open_end |= self.cell.scenario.crashed and runs[0].code != 0
        self.code = None if open_end else client_secret.tells(runs)
        if open_end and self.cell.scenario.secret:
            outcome.problems += client_secret.meanwhile(world, self.cell.scenario.secret)
        if not open_end:
            # It has ended by itself, and did not say that anything is left: then nothing may be.
            self._sabotage(self.sabotage if self.sabotage != "recovery" else None)
            outcome.problems += check.others_are_untouched(world, self.expected)
            outcome.problems += [f"exit {runs[0].code}, and before recovery: {problem}" for problem in self._agree()]
            if runs[0].code == 0:
                outcome.problems += self._done()
        if "recover" in self.have and self.sabotage != "recovery":
            for host in self.hosts:
                self._settle(host, open_end)
        elif self.sabotage != "recovery" and open_end:
            outcome.recovered = False
        if open_end:
            self._sabotage(self.sabotage)
            outcome.problems += check.others_are_untouched(world, self.expected)
            if outcome.recovered:
                outcome.problems += self._agree()
        elif any(_NOTHING not in run.err for run in outcome.runs[len(runs) :]):
            outcome.problems += self._agree()
        if self.cell.scenario.imports:
            run, problems = old_block.again(world, self.cell.scenario.command.argv(world))
            outcome.runs += [run] if run else []
            outcome.problems += problems
        outcome.problems += check.tokens_work(self.hosts)
        if self.cell.scenario.secret:
            outcome.problems += client_secret.said(world, outcome.runs)

    def _done(self) -> list[str]:
        """What a run that says that it succeeded must have done."""
        words, profiles = self.cell.scenario.command.words, self.world.a.profiles()
        if "create" in words:
            return [] if profiles.get("default", {}).get("KEY_ID") else ["success, and no profile default with a key"]
        if "rotate" not in words:
            return []
        problems = [] if profiles["before"]["KEY_ID"] != self.world.own else ["success, and the old key in the profile"]
        there = self.world.own in self.world.look().kids()
        if there != (self.cell.scenario.name == "rotate-grace"):
            problems.append(f"success, and the old key is {'there' if there else 'gone'}")
        return problems

    def _agree(self) -> list[str]:
        kill = self.cell.kill
        # A disk that refuses to let go of a file keeps it.
        self.expected.drafts = not (kill and kill.error and kill.name.startswith("unlink"))
        # A SoftHSM that is killed as it writes an object leaves one without an id, which nobody can find again.
        self.expected.nameless = bool(kill)
        problems = check.both_sides_agree(self.world, self.hosts, self.expected)
        kind = self.cell.scenario.secret
        return problems + (client_secret.agrees(self.world, kind, self.code) if kind else [])

    def _settle(self, host: Host, open_end: bool) -> None:
        """Recovers; where the program asks which key is its own, the person knows."""
        if open_end and self.cell.scenario.secret and zlib.crc32(self.cell.name.encode()) % 2:
            self._again(host)
        run = self._recover(host)
        self.outcome.runs.append(run)
        if run.code == LEFT and open_end:
            fresh = self.world.look().kids() - self.expected.before.kids() - self.expected.foreign
            # A person who knows that none of those that are there is ours gives up.
            for words in [["--key", kid] for kid in sorted(fresh)] or [["--forget"]]:
                run = self._recover(host, *words)
                self.outcome.runs.append(run)
        if run.code != 0:
            self.outcome.problems.append(f"recover: exit {run.code}: {run.err.strip()[:300]}")
        if not open_end and _NOTHING in run.err:
            return
        again = self._recover(host)
        self.outcome.runs.append(again)
        if again.code != 0:
            self.outcome.problems.append(f"recover, once more: exit {again.code}: {again.err.strip()[:300]}")
        elif _NOTHING not in again.err:
            self.outcome.problems.append(f"recover, once more, had something to do: {again.err.strip()[:300]}")
        self.outcome.problems += [f"still open in the journal: {name}" for name in host.open_journal()]

    def _again(self, host: Host) -> None:
        """In every other cell the same command heals it, and not recovery."""
        step, kind = self.cell.scenario.command, self.cell.scenario.secret
        run, problems = client_secret.again(self.world, host, kind, step.argv(self.world), self.env)
        self.outcome.runs.append(run)
        self.outcome.problems += problems
        self.code = 0

    def _sabotage(self, kind: str | None) -> None:
        """Breaks one thing, to see that it is noticed."""
        world, host = self.world, self.world.a
        if kind == "foreign":
            for kid in self.expected.foreign or {world.own}:
                world.delete_key(world.account, kid)
        elif kind == "draft":
            (host.config / "ssa-hsm" / "before.env.abcdef").touch()
        elif kind == "remote":
            world.make_foreign_key()
        elif kind == "token":
            host.store.tool("--delete-object", "--type", "privkey", "--id", world.own.encode().hex())
        elif kind == "account":
            world.api.control("POST", "accounts", name="left-behind")
        elif kind == "secret":
            client_secret.write(host.store, world.secret_label, "ssa-hsm sabotage", "left-behind")
