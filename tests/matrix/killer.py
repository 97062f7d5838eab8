"""Runs a program as its parent and tracer, counts the system calls that change something, and kills it at one of them.

A seccomp filter stops it at those calls alone; all others run at full speed. Only registers are looked at, so that it
does not matter that the program forbids others to read its memory (PR_SET_DUMPABLE), and an ordinary user can do it:
the tracer was there before the program was.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

# At the end: it has a world.py of its own.
sys.path.append(str(Path(__file__).resolve().parents[1] / "memory"))
import ptrace  # noqa: E402

# Calls of x86-64 that change what others can see: files, the network, the end.
CALLS = {
    1: "write", 18: "pwrite64", 20: "writev", 296: "pwritev",
    42: "connect", 44: "sendto", 46: "sendmsg", 48: "shutdown",
    74: "fsync", 75: "fdatasync", 76: "truncate", 77: "ftruncate", 285: "fallocate",
    82: "rename", 264: "renameat", 316: "renameat2", 83: "mkdir", 258: "mkdirat", 84: "rmdir",
    85: "creat", 86: "link", 265: "linkat", 87: "unlink", 263: "unlinkat", 88: "symlink", 266: "symlinkat",
    90: "chmod", 91: "fchmod", 268: "fchmodat", 73: "flock", 231: "exit_group",
}  # fmt: skip
OPEN, OPENAT, FCNTL = 2, 257, 72
_O_CREAT_OR_TRUNC = 0o100 | 0o1000
# F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW
_LOCKS = (6, 7, 37, 38)
# What has been sent is with the server while the program has not yet heard of it: killed after these, too.
SENDING = ("sendto", "sendmsg")
# What these calls may fail with, and the program then has to cope with.
ERRORS = {
    "write": (errno.ENOSPC,), "pwrite64": (errno.ENOSPC, errno.EIO), "fallocate": (errno.ENOSPC, errno.EOPNOTSUPP),
    "fsync": (errno.EIO,), "fdatasync": (errno.EIO,), "ftruncate": (errno.EIO,), "flock": (errno.ENOLCK,),
    "rename": (errno.EIO,), "renameat": (errno.EIO,), "renameat2": (errno.EIO, errno.EINVAL), "link": (errno.EPERM,),
    "linkat": (errno.EPERM,), "unlink": (errno.EIO,), "unlinkat": (errno.EIO,), "mkdir": (errno.EACCES, errno.ENOSPC),
    "openat": (errno.EMFILE, errno.ENOSPC), "connect": (errno.ENETUNREACH,), "sendto": (errno.ECONNRESET,),
}  # fmt: skip
# The numbers of child processes, which have PKCS#11 modules loaded: 100, 200, ...
PROCESS = 100
# The connection between the program and such a process: descriptors of the program from here on, and one of the process.
_CONNECTIONS, _CONNECTION = 64, 3
_O_CLOEXEC, _STANDARD_ERROR = 0o2000000, 2
_ARGUMENT = 16  # offset of the first in struct seccomp_data; 8 bytes each, the lower half first


@dataclass(frozen=True)
class Point:
    """The index-th traced call of a thread. The program's threads are numbered as they come, child processes apart."""

    thread: int
    index: int
    name: str
    after: bool = False
    error: int = 0  # instead of being killed there, the call fails so
    alone: bool = False  # the process that makes the call is killed, and the program goes on
    ours: bool = field(default=True, compare=False)  # false: a call that SoftHSM makes

    def __str__(self) -> str:
        what = "-after" if self.after else f"-{errno.errorcode[self.error]}" if self.error else ""
        return f"{self.thread}.{self.index:03}-{self.name}{what}{'-alone' if self.alone else ''}"


@dataclass
class Trace:
    code: int = 0  # negative: the signal that ended it
    points: list[Point] = field(default_factory=list)
    reached: bool = False


def _filter() -> list[tuple[int, int, int, int]]:
    load, equal, at_least = ptrace.LOAD, ptrace.EQUAL, ptrace.AT_LEAST
    any_bit, give = ptrace.ANY_BIT, ptrace.GIVE
    arch_x86_64, x32_bit = 0xC000003E, 0x40000000
    program = [(load, 0, 0, 4), (equal, 1, 0, arch_x86_64), (give, 0, 0, ptrace.RET_KILL), (load, 0, 0, 0)]
    program += [(at_least, 0, 1, x32_bit), (give, 0, 0, ptrace.RET_KILL)]
    # Each of these tails ends in an answer of its own.
    trace_or_allow = [(give, 0, 0, ptrace.RET_TRACE), (give, 0, 0, ptrace.RET_ALLOW)]
    for number, flags in ((OPEN, 1), (OPENAT, 2)):
        program += [(equal, 0, 4, number), (load, 0, 0, _ARGUMENT + 8 * flags)]
        program += [(any_bit, 0, 1, _O_CREAT_OR_TRUNC), *trace_or_allow]
    program += [(equal, 0, 3 + len(_LOCKS), FCNTL), (load, 0, 0, _ARGUMENT + 8)]
    program += [(equal, len(_LOCKS) - 1 - i, 1 if i == len(_LOCKS) - 1 else 0, lock) for i, lock in enumerate(_LOCKS)]
    program += trace_or_allow
    program += [(equal, len(CALLS) - i, 0, number) for i, number in enumerate(CALLS)]
    return [*program, (give, 0, 0, ptrace.RET_ALLOW), (give, 0, 0, ptrace.RET_TRACE)]


_NAMES = {**CALLS, OPEN: "open", OPENAT: "openat", FCNTL: "fcntl"}
_FILTER = _filter()


def run(argv: list[str], env: Mapping[str, str], cwd: Path, out: Path, err: Path, kill: Point | None,
        seconds: float = 60) -> Trace:  # fmt: skip
    """Runs it to its end, or until it reaches the point where it is killed. out and err take what it prints."""
    killer = _Killer(kill)
    former = signal.signal(signal.SIGALRM, killer.too_slow)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return killer.run(argv, env, cwd, out, err)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)


class _Killer:
    def __init__(self, kill: Point | None) -> None:
        self._kill = kill
        self._numbers: dict[int, int] = {}  # thread: its number
        self._processes: dict[int, int] = {}  # thread: its process
        self._counts: dict[int, int] = {}
        self._living: set[int] = set()
        self._leaving: set[int] = set()  # they run to the end of the call after which all are killed
        self._main = 0
        self._started = False
        self._late = False
        self._trace = Trace()

    def too_slow(self, *_: object) -> None:
        self._late = True
        self._end()

    def run(self, argv: list[str], env: Mapping[str, str], cwd: Path, out: Path, err: Path) -> Trace:
        self._main = _start(argv, env, cwd, out, err)
        self._living.add(self._main)
        self._numbers[self._main] = 0
        self._processes[self._main] = self._main
        while self._living:
            try:
                # The group is the command's own: the tracer's other children are not reaped.
                tid, status = os.waitpid(-self._main, ptrace.WALL)
            except ChildProcessError:
                break
            if os.WIFSTOPPED(status):
                self._living.add(tid)
                try:
                    self._stopped(tid, status >> 16, os.WSTOPSIG(status))
                except ProcessLookupError:
                    pass  # killed meanwhile
            else:
                self._living.discard(tid)
                if tid == self._main:
                    self._trace.code = os.waitstatus_to_exitcode(status)
        if self._late:
            raise TimeoutError(f"{argv[1:3]} was still running")
        return self._trace

    def _end(self) -> None:
        for tid in list(self._living):
            try:
                os.kill(tid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def _stopped(self, tid: int, event: int, number: int) -> None:
        resume, sent = ptrace.CONT, 0
        if tid in self._leaving:
            self._reached(tid)
        elif event == ptrace.EVENT_SECCOMP and self._started:
            if self._at_call(tid):
                resume = ptrace.SYSCALL
        elif event == ptrace.EVENT_EXEC:
            self._started = True
        elif event in (ptrace.EVENT_FORK, ptrace.EVENT_VFORK, ptrace.EVENT_CLONE):
            self._came(ptrace.event_message(tid), tid, event)
        elif event == ptrace.EVENT_STOP and number != signal.SIGTRAP:
            resume = ptrace.LISTEN
        elif event == 0:
            sent = number
        ptrace.ptrace(resume, tid, 0, sent)

    def _at_call(self, tid: int) -> bool:
        """Whether the call is to be run to its end and no further."""
        thread = self._numbers[tid]
        number = ptrace.syscall_number(tid)
        name = _NAMES.get(number, str(number))
        if name in SENDING and self._is_connection(tid, thread):
            return False
        index = self._counts.get(tid, 0)
        self._counts[tid] = index + 1
        points = self._trace.points
        # SoftHSM never uses pwrite64, and we cut off what we have written so.
        ours = points[-1].name == "pwrite64" if points and name == "ftruncate" else _is_ours(tid, name)
        points.append(Point(thread, index, name, ours=ours))
        kill = self._kill
        if kill is None or (kill.thread, kill.index) != (thread, index):
            return False
        if kill.error:
            self._trace.reached = True
            ptrace.fail_call(tid, kill.error)
            return False
        if kill.after:
            self._leaving.add(tid)
            return True
        self._reached(tid)
        return False

    def _is_connection(self, tid: int, thread: int) -> bool:
        """What the two say to each other are calls of the module, which are other cells."""
        fd = ptrace.argument(tid, "rdi")
        return bool(fd == _CONNECTION if thread >= PROCESS else fd >= _CONNECTIONS)

    def _came(self, child: int, parent: int, event: int) -> None:
        self._living.add(child)
        if child in self._numbers:
            return
        if event == ptrace.EVENT_CLONE:
            process = self._processes.get(parent, self._main)
            same = sum(1 for one in self._processes.values() if one == process)
            self._numbers[child] = self._numbers[process] + same
        else:
            process = child
            self._numbers[child] = PROCESS * len(set(self._processes.values()))
        self._processes[child] = process

    def _reached(self, tid: int) -> None:
        self._trace.reached = True
        if self._kill and self._kill.alone:
            os.kill(self._processes.get(tid, self._main), signal.SIGKILL)
        else:
            self._end()


def _is_ours(tid: int, name: str) -> bool:
    """SoftHSM opens its files without O_CLOEXEC and writes them through stdio; the program does neither."""
    if name == "openat":
        return bool(ptrace.argument(tid, "rdx") & _O_CLOEXEC)
    if name == "write":
        return bool(ptrace.argument(tid, "rdi") <= _STANDARD_ERROR)
    return name not in ("ftruncate", "fcntl")


def _start(argv: list[str], env: Mapping[str, str], cwd: Path, out: Path, err: Path) -> int:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            os.close(writer)
            os.chdir(cwd)
            for fd, path, flags in ((0, Path("/dev/null"), os.O_RDONLY), (1, out, os.O_WRONLY), (2, err, os.O_WRONLY)):
                os.dup2(os.open(path, flags | (os.O_CREAT | os.O_TRUNC if fd else 0), 0o600), fd)
            os.read(reader, 1)  # until we are traced
            ptrace.no_new_privileges()
            ptrace.load_filter(_FILTER)
            os.execve(argv[0], argv, dict(env))
        except BaseException as error:  # noqa: BLE001 - a copy of the tracer must not live on
            os.write(2, f"fault-matrix: {argv[0]}: {error}\n".encode())
        finally:
            os._exit(127)
    os.close(reader)
    ptrace.ptrace(ptrace.SEIZE, pid, 0, ptrace.OPTIONS)
    os.write(writer, b"x")
    os.close(writer)
    # Its group exists only once it has called setsid; until it is traced and let go it does nothing but that.
    while os.getpgid(pid) != pid:
        os.sched_yield()
    return pid
