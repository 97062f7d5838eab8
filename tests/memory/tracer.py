#!/usr/bin/python3
"""Runs a program, stops each of its processes as it ends or replaces itself, and searches what it then holds.

It is stopped at the entry of exit_group, where the address space is whole and every thread still has its registers;
at the entry of execve, before the old address space is gone; and, killed by a signal, at the kernel's exit event.
On demand it is also searched while it waits for another's message, or at a point that a test holds it at.
A program that is not dumpable, or runs as another user, is no hindrance to root.
"""

from __future__ import annotations

import argparse
import json
import os
import pwd
import signal
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import ptrace
from needles import Source
from search import Findings, Searcher

_STOP_PATIENCE = 5.0
_MOST_RESTS = 60  # many calls after that are like those before
_HOLD_LOOK = 0.002


@dataclass
class Stop:
    """One search: in which process, and on what occasion."""

    pid: int
    program: str
    occasion: str
    findings: Findings


@dataclass
class Report:
    """All searches, and how the command ended: its exit status, or minus the signal."""

    status: int = 0
    stops: list[Stop] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)


class Tracer:
    """Follows one program and all its threads and children until the last is gone."""

    def __init__(self, searcher: Searcher, at_rest: str | None = None, holds: list[list[Path]] | None = None) -> None:
        self._searcher = searcher
        self._at_rest = at_rest
        self._rests = 0
        self._holds = list(holds or [])
        self._threads: set[int] = set()
        self._waiting: dict[int, int] = {}  # thread: the status it stopped with, not yet dealt with
        self._unborn: dict[int, int] = {}  # the same, until its parent has told what it is
        self._ending: set[int] = set()  # processes already searched at their exit
        self._replacing: dict[int, int] = {}  # process: its thread that called execve
        self._borrowers: set[int] = set()  # vfork's children: they run in their parent's memory until they exec
        self._leaving: set[int] = set()  # past their last instruction
        self._processes: set[int] = set()
        self._main = 0
        self._started = False
        self.report = Report()

    def run(self, command: list[str], environment: dict[str, str], user: str | None) -> Report:
        """Returns when every process of the command has ended."""
        try:
            self._main = self._start(command, environment, user)
            while self._threads:
                tid, status = self._next()
                self._handle(tid, status)
        finally:
            for tid in [*self._threads, *self._unborn]:  # as a rule, none is left
                try:
                    os.kill(tid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        if not self._started:
            raise RuntimeError(f"{command[0]} could not be started")
        for tid in self._unborn:
            self.report.trouble.append(f"process {tid}, whose parent did not tell of it, was not searched")
        for here, _ in self._holds:
            self.report.trouble.append(f"nothing held the program: {here.stem}")
        return self.report

    def _start(self, command: list[str], environment: dict[str, str], user: str | None) -> int:
        account = pwd.getpwnam(user) if user else None
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.close(writer)
                os.read(reader, 1)  # until we are traced
                os.close(reader)
                # Needs root, so before the user is changed.
                ptrace.trace_last_calls(*ptrace.RECEIVING if self._at_rest else [])
                if account:
                    os.initgroups(account.pw_name, account.pw_gid)
                    os.setgid(account.pw_gid)
                    os.setuid(account.pw_uid)
                os.execvpe(command[0], command, environment)
            except BaseException as error:  # noqa: BLE001 - whatever it is, a copy of the tracer must not live on
                print(f"prove-memory: {command[0]}: {error}", file=sys.stderr)
            finally:
                os._exit(127)
        os.close(reader)
        self._threads.add(pid)
        self._processes.add(pid)
        ptrace.ptrace(ptrace.SEIZE, pid, 0, ptrace.OPTIONS)
        os.write(writer, b"x")
        os.close(writer)
        return pid

    def _next(self) -> tuple[int, int]:
        while self._holds and not self._waiting:
            here, go = self._holds[0]
            if here.exists():
                self._search_held(here.stem)
                go.touch()
                del self._holds[0]
                break
            found, status = os.waitpid(-1, ptrace.WALL | os.WNOHANG)
            if found:
                return found, status
            time.sleep(_HOLD_LOOK)
        if self._waiting:
            return self._waiting.popitem()
        return os.waitpid(-1, ptrace.WALL)

    def _search_held(self, where: str) -> None:
        """All processes, each as a whole, while one of them waits for us, or who asks them does."""
        for pid in sorted(self._processes):
            try:
                tid = min(_living_threads(pid), default=0)
            except FileNotFoundError:
                continue  # it has ended
            if tid and self._stop(tid):
                self._search_process(tid, pid, f"held {where}")

    def _handle(self, tid: int, status: int) -> None:
        if not os.WIFSTOPPED(status):
            self._gone(tid, status)
            return
        if tid not in self._threads:
            self._unborn[tid] = status
            return
        try:
            self._stopped(tid, status >> 16, os.WSTOPSIG(status))
        except ProcessLookupError:
            pass  # killed while it was stopped; its end is reported by itself

    def _gone(self, tid: int, status: int) -> None:
        self._threads.discard(tid)
        self._unborn.pop(tid, None)
        self._leaving.discard(tid)
        self._borrowers.discard(tid)
        self._replacing.pop(tid, None)
        if tid in self._processes and tid not in self._ending and self._started:
            self.report.trouble.append(f"process {tid} ended without having been searched")
        if tid == self._main:
            self.report.status = os.waitstatus_to_exitcode(status)

    def _stopped(self, tid: int, event: int, number: int) -> None:
        resume, sent = ptrace.CONT, 0
        if event == ptrace.EVENT_SECCOMP:
            self._last_call(tid)
        elif event == ptrace.EVENT_EXIT:
            self._exit_event(tid)
        elif event == ptrace.EVENT_EXEC:
            self._executed(tid)
        elif event in (ptrace.EVENT_FORK, ptrace.EVENT_VFORK, ptrace.EVENT_CLONE):
            child = ptrace.event_message(tid)
            self._threads.add(child)
            if child in self._unborn:
                self._waiting[child] = self._unborn.pop(child)
            if _process_of(child) == child:
                self._processes.add(child)
            if event == ptrace.EVENT_VFORK:
                self._borrowers.add(child)
        elif event == ptrace.EVENT_STOP:
            # A job-control stop stays one; any other is the first stop of a new thread, or was asked for by us.
            if number != signal.SIGTRAP:
                resume = ptrace.LISTEN
        else:
            sent = number
        ptrace.ptrace(resume, tid, 0, sent)

    def _executed(self, tid: int) -> None:
        """The calling thread has become the process's first and only one."""
        self._started = True
        former = ptrace.event_message(tid)
        if former != tid:
            self._threads.discard(former)
            self._waiting.pop(former, None)
        self._borrowers.discard(tid)
        self._replacing.pop(tid, None)

    def _last_call(self, tid: int) -> None:
        if not self._started:
            return  # our own copy on the way to the program
        call = ptrace.syscall_number(tid)
        pid = _process_of(tid)
        if call == ptrace.SYS_EXIT and len(_living_threads(pid)) > 1:
            self._search(tid, pid, "thread exit", [tid], memory=False)
        elif call in (ptrace.SYS_EXECVE, ptrace.SYS_EXECVEAT):
            self._replacing[pid] = tid
            self._search_process(tid, pid, "exec")
        elif call in ptrace.RECEIVING:
            if self._at_rest and self._rests < _MOST_RESTS and _name_of(pid).startswith(self._at_rest):
                self._rests += 1
                self._search_process(tid, pid, "at rest")
        elif pid not in self._ending:
            self._ending.add(pid)
            self._search_process(tid, pid, "exit")

    def _exit_event(self, tid: int) -> None:
        """A thread ends, its process's memory still in place: the way of those that made no last call."""
        pid = _process_of(tid)
        self._leaving.add(tid)
        if not self._started or pid in self._ending:
            return
        if self._replacing.get(pid, tid) != tid:
            return  # execve, whose caller has been searched with all its threads, ends the others
        killer = ptrace.event_message(tid) & 0x7F
        # One that has come this far is on its way out, though it may still be listed as running.
        if killer or not set(_living_threads(pid)) - self._leaving:
            self._ending.add(pid)
            self._search_process(tid, pid, f"killed by {signal.Signals(killer).name}" if killer else "last thread")

    def _search_process(self, tid: int, pid: int, occasion: str) -> None:
        threads, gaps = self._stop_all(tid, pid)
        whole = tid not in self._borrowers
        stop = self._search(tid, pid, occasion if whole else f"{occasion} (in its parent's memory)", threads, whole)
        stop.findings.gaps += gaps

    def _search(self, tid: int, pid: int, occasion: str, threads: list[int], memory: bool) -> Stop:
        program = _name_of(pid)
        try:
            findings = self._searcher.search(tid, threads, memory)
        except (ProcessLookupError, FileNotFoundError) as error:
            findings = Findings(gaps=[f"it went away while it was searched: {error}"])
        stop = Stop(pid, program, occasion, findings)
        self.report.stops.append(stop)
        return stop

    def _stop_all(self, caller: int, pid: int) -> tuple[list[int], list[str]]:
        """Stops every thread of the process; those that stop for a reason of their own wait with it in line."""
        stopped = {caller}
        gaps: dict[int, str] = {}
        while True:
            rest = [tid for tid in _living_threads(pid) if tid not in stopped and tid not in gaps]
            if not rest:
                return sorted(stopped), list(gaps.values())
            for tid in rest:
                if tid in self._waiting or tid in self._unborn or self._stop(tid):
                    stopped.add(tid)
                elif tid in _living_threads(pid):
                    gaps[tid] = f"thread {tid} did not stop"

    def _stop(self, tid: int) -> bool:
        try:
            ptrace.ptrace(ptrace.INTERRUPT, tid)
        except OSError:
            pass  # ending already: then its exit event is what stops it
        deadline = time.monotonic() + _STOP_PATIENCE
        while time.monotonic() < deadline:
            try:
                found, status = os.waitpid(tid, ptrace.WALL | os.WNOHANG)
            except ChildProcessError:
                return False
            if found and os.WIFSTOPPED(status):
                self._waiting[tid] = status
                return True
            if found:
                self._gone(tid, status)
                return False
            time.sleep(0.0005)
        return False


def _name_of(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()


def _process_of(tid: int) -> int:
    for line in Path(f"/proc/{tid}/status").read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("Tgid:"):
            return int(line.split()[1])
    raise ProcessLookupError(tid)


def _living_threads(pid: int) -> list[int]:
    """Threads that can still run: a first thread that has ended stays listed, as a zombie."""
    living = []
    for entry in os.listdir(f"/proc/{pid}/task"):
        try:
            stat = Path(f"/proc/{pid}/task/{entry}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if stat[stat.rindex(")") + 2] not in "ZX":
            living.append(int(entry))
    return living


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scanner", type=Path, required=True, help="scan.c as a shared library")
    parser.add_argument("--needles", type=Path, required=True, help="JSON, see needles.Source")
    parser.add_argument("--environment", type=Path, required=True, help="JSON, the command's")
    parser.add_argument("--report", type=Path, required=True, help="JSON, see Report")
    parser.add_argument("--user", help="run the program as this user")
    parser.add_argument("--timeout", type=int, default=60, help="seconds")
    parser.add_argument("--at-rest", metavar="NAME", help="search this program whenever it waits for a message, too")
    parser.add_argument(
        "--hold", type=Path, nargs=2, metavar=("HERE", "GO"), action="append",
        help="search all processes when HERE is there, too, and make GO then; may be repeated, in the order of time",
    )  # fmt: skip
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()

    def give_up(*_: object) -> None:
        raise TimeoutError(f"{options.command[0]} did not end within {options.timeout} s")

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(options.timeout)
    try:
        searcher = Searcher(options.scanner, Source.load(options.needles))
        tracer = Tracer(searcher, options.at_rest, options.hold)
        environment = json.loads(options.environment.read_text(encoding="utf-8"))
        report = tracer.run(options.command, environment, options.user)
    except (OSError, RuntimeError, ValueError) as error:
        print(f"prove-memory: {error}", file=sys.stderr)
        return 2
    options.report.write_text(json.dumps(asdict(report)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
