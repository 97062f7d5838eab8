"""Runs programs and measures them: time from start to end, and memory of all processes at its peak."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import select
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

TIMEOUT, SHORTEST_PAUSE = 120.0, 0.0002
_KCMP = {"x86_64": 312, "aarch64": 272}.get(platform.machine())
_KCMP_VM = 1
_libc = ctypes.CDLL(None, use_errno=True)


class Unmeasurable(Exception):
    """The memory of a process may not be looked at."""


@dataclass
class Ran:
    """How a run ended."""

    code: int = 0  # negative: the signal
    seconds: float = 0.0
    out: str = ""
    err: str = ""
    kilobytes: int = 0  # peak of PSS, where it was asked for


@dataclass
class _Process:
    pid: int
    began: float
    out: int  # our end of its standard output, like a shell's $(…)
    err: int  # a file in memory
    watch: int  # a pidfd
    said: list[bytes] = field(default_factory=list)
    open: bool = True
    code: int | None = None


def _start(argv: Sequence[str], env: Mapping[str, str]) -> _Process:
    read, write = os.pipe()
    err = os.memfd_create("stderr")
    actions = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0), (os.POSIX_SPAWN_DUP2, write, 1),
               (os.POSIX_SPAWN_DUP2, err, 2)]  # fmt: skip
    # Not subprocess, whose own work between fork and exec would count.
    began = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, env, file_actions=actions, setpgroup=0)
    os.close(write)
    return _Process(pid, began, read, err, os.pidfd_open(pid))


def _end(process: _Process) -> Ran:
    ran = Ran(os.waitstatus_to_exitcode(process.code or 0), time.perf_counter() - process.began)
    ran.out = b"".join(process.said).decode(errors="replace")
    ran.err = os.pread(process.err, 1 << 16, 0).decode(errors="replace")
    for fd in (process.out, process.err, process.watch):
        os.close(fd)
    return ran


def _gather(processes: list[_Process]) -> list[Ran]:
    """A run ends when the process has ended and nobody holds its standard output any more, as it does for a shell."""
    poll = select.poll()
    by_fd = {fd: p for p in processes for fd in (p.out, p.watch)}
    for fd in by_fd:
        poll.register(fd, select.POLLIN)
    ended: dict[int, Ran] = {}
    deadline = time.monotonic() + TIMEOUT
    while len(ended) < len(processes):
        if time.monotonic() > deadline:
            for process in processes:
                if process.pid not in ended:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
            deadline += TIMEOUT
        for fd, _ in poll.poll(1000):
            process = by_fd[fd]
            if fd == process.watch:
                process.code = os.waitpid(process.pid, 0)[1]
                poll.unregister(fd)
            elif data := os.read(fd, 1 << 16):
                process.said.append(data)
            else:
                process.open = False
                poll.unregister(fd)
            if process.code is not None and not process.open:
                ended[process.pid] = _end(process)
    return [ended[p.pid] for p in processes]


def run(argv: Sequence[str], env: Mapping[str, str]) -> Ran:
    return _gather([_start(argv, env)])[0]


def run_at_once(argv: Sequence[str], env: Mapping[str, str], count: int) -> list[Ran]:
    return _gather([_start(argv, env) for _ in range(count)])


# ---- one processor ----


def _threads(pid: int) -> list[int]:
    return [int(name) for name in os.listdir(f"/proc/{pid}/task")]


@contextlib.contextmanager
def one_cpu(server: int) -> Iterator[None]:
    """What is started inside has one processor, as by taskset; the server has the others, since it is elsewhere."""
    all_cpus = os.sched_getaffinity(0)
    ours = {max(all_cpus)}
    theirs = all_cpus - ours or all_cpus
    try:
        os.sched_setaffinity(0, ours)
        for thread in _threads(server):
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(thread, theirs)
        yield
    finally:
        os.sched_setaffinity(0, all_cpus)
        for thread in _threads(server):
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(thread, all_cpus)


# ---- memory ----


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for thread in _threads(pid):
        found += [int(word) for word in Path(f"/proc/{pid}/task/{thread}/children").read_text().split()]
    return found


def _is_borrowed(pid: int, parent: int) -> bool:
    """Between vfork and exec, a child runs in its parent's memory, which must not count twice."""
    return _KCMP is not None and _libc.syscall(_KCMP, pid, parent, _KCMP_VM, 0, 0) == 0


def _pss(pid: int) -> int:
    with open(f"/proc/{pid}/smaps_rollup") as file:
        for line in file:
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def _pss_of_tree(pid: int, parent: int) -> int:
    """In kilobytes. What ends in the meantime counts as nothing, and so never raises a peak."""
    total = 0
    try:
        if not _is_borrowed(pid, parent):
            total = _pss(pid)
        for child in _children(pid):
            total += _pss_of_tree(child, pid)
    except PermissionError as error:
        raise Unmeasurable("only root may look at the memory of a process that protects itself") from error
    except OSError:
        pass
    return total


@contextlib.contextmanager
def _first_in_line() -> Iterator[None]:
    """On a machine that is busy after all, what looks on must not come too late."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -10)
    try:
        yield
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, before)


def run_watched(argv: Sequence[str], env: Mapping[str, str]) -> Ran:
    """Looks at the whole tree of processes again and again. The time that it takes is nobody's."""
    process = _start(argv, env)
    peak = 0
    poll = select.poll()
    poll.register(process.watch, select.POLLIN)
    try:
        with _first_in_line():
            while not poll.poll(0):
                peak = max(peak, _pss_of_tree(process.pid, os.getpid()))
                # What runs for long is looked at less often: looking takes a processor's whole time.
                pause = (time.perf_counter() - process.began) / 400
                if pause > SHORTEST_PAUSE:
                    time.sleep(pause)
    finally:
        ran = _gather([process])[0]
    ran.kilobytes = peak
    return ran
