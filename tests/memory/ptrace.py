"""ptrace(2), seccomp(2) and the registers of x86-64, by ctypes: only what tracer.py and tests/matrix need of them."""

from __future__ import annotations

import ctypes
import os
import struct

# <linux/ptrace.h>
CONT, SYSCALL, SEIZE, INTERRUPT, LISTEN = 7, 24, 0x4206, 0x4207, 0x4208
GETEVENTMSG, GETREGSET, SETREGSET = 0x4201, 0x4204, 0x4205
EVENT_FORK, EVENT_VFORK, EVENT_CLONE, EVENT_EXEC, EVENT_EXIT, EVENT_SECCOMP = 1, 2, 3, 4, 6, 7
EVENT_STOP = 128
OPTIONS = (
    sum(1 << event for event in (EVENT_FORK, EVENT_VFORK, EVENT_CLONE, EVENT_EXEC, EVENT_EXIT, EVENT_SECCOMP))
    | 1 << 20  # PTRACE_O_EXITKILL: nothing we started outlives us
)
WALL = 0x40000000  # __WALL: threads too

SYS_RECVFROM, SYS_RECVMSG, SYS_EXECVE, SYS_EXIT, SYS_EXIT_GROUP, SYS_EXECVEAT = 45, 47, 59, 60, 231, 322
RECEIVING = (SYS_RECVFROM, SYS_RECVMSG)  # how a process waits for a message

_NT_PRSTATUS, _NT_X86_XSTATE = 1, 0x202
_GENERAL = (
    "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss "
    "fs_base gs_base ds es fs gs"
).split()
# Components of the XSAVE area (Intel SDM volume 1, 13.4); the first 512 bytes are FXSAVE's.
_AVX, _OPMASK, _ZMM_HI256, _HI16_ZMM, _TILES = 2, 5, 6, 7, 18

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_libc.ptrace.restype = ctypes.c_long


class _Iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def ptrace(request: int, tid: int, address: int = 0, data: int = 0) -> None:
    """One request; an errno becomes OSError (ProcessLookupError for a thread that is gone)."""
    if _libc.ptrace(request, tid, address, data) == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"ptrace {request:#x} of {tid}: {os.strerror(code)}")


def event_message(tid: int) -> int:
    """What the event is about: the new process, the exit status."""
    value = ctypes.c_ulong()
    ptrace(GETEVENTMSG, tid, 0, ctypes.addressof(value))
    return value.value


def _register_set(tid: int, kind: int, room: int) -> bytes:
    buffer = ctypes.create_string_buffer(room)
    vector = _Iovec(ctypes.addressof(buffer), room)
    ptrace(GETREGSET, tid, kind, ctypes.addressof(vector))
    if vector.length >= room:
        raise OSError(f"the registers of {tid} did not fit in {room} bytes")
    return buffer.raw[: vector.length]


def syscall_number(tid: int) -> int:
    """The call at whose entry the thread stands."""
    at = _GENERAL.index("orig_rax") * 8
    return int.from_bytes(_register_set(tid, _NT_PRSTATUS, 512)[at : at + 8], "little", signed=True)


def argument(tid: int, register: str) -> int:
    """One general register: of a call's arguments rdi is the first, then rsi, rdx."""
    at = _GENERAL.index(register) * 8
    return int.from_bytes(_register_set(tid, _NT_PRSTATUS, 512)[at : at + 8], "little")


def fail_call(tid: int, number: int) -> None:
    """At a call's entry (seccomp's stop): it is not made, and gives this errno."""
    values = bytearray(_register_set(tid, _NT_PRSTATUS, 512))
    for register, value in (("orig_rax", -1), ("rax", -number)):
        at = _GENERAL.index(register) * 8
        values[at : at + 8] = value.to_bytes(8, "little", signed=True)
    buffer = ctypes.create_string_buffer(bytes(values), len(values))
    vector = _Iovec(ctypes.addressof(buffer), len(values))
    ptrace(SETREGSET, tid, _NT_PRSTATUS, ctypes.addressof(vector))


def registers(tid: int, layout: dict[int, tuple[int, int]]) -> dict[str, bytes]:
    """Every register of a stopped thread by its name. `layout`: offset and size of each XSAVE component.

    A wide register is spread over three components (lowest 16 bytes, next 16, upper 32). Here it is put together
    again, so that a piece which lies across them is found.
    """
    general = _register_set(tid, _NT_PRSTATUS, 512)
    found = {name: general[i * 8 : i * 8 + 8] for i, name in enumerate(_GENERAL)}
    state = _register_set(tid, _NT_X86_XSTATE, 1 << 16)

    def part(component: int, index: int, size: int) -> bytes:
        if component not in layout:
            return b""
        offset = layout[component][0] + index * size
        piece = state[offset : offset + size]
        if len(piece) != size:
            raise OSError(f"the state of thread {tid} lacks component {component}")
        return piece

    for i in range(8):
        found[f"st{i}"] = state[32 + 16 * i : 48 + 16 * i]
        found[f"k{i}"] = part(_OPMASK, i, 8)
    for i in range(16):
        low = state[160 + 16 * i : 176 + 16 * i]
        found[f"zmm{i}"] = low + part(_AVX, i, 16) + part(_ZMM_HI256, i, 32)
        found[f"zmm{i + 16}"] = part(_HI16_ZMM, i, 64)
    if _TILES in layout:
        offset, size = layout[_TILES]
        # Given only to a process that asked for it (arch_prctl), so its absence from the state is no gap.
        found["tiles"] = state[offset : offset + size]
    return {name: value for name, value in found.items() if value}


# Instructions of a filter: struct sock_filter is (instruction, jump if true, jump if false, number).
LOAD, EQUAL, AT_LEAST, ANY_BIT, GIVE = 0x20, 0x15, 0x35, 0x45, 0x06
RET_KILL, RET_TRACE, RET_ALLOW = 0x80000000, 0x7FF00000, 0x7FFF0000

XSAVE_COMPONENTS = (_AVX, _OPMASK, _ZMM_HI256, _HI16_ZMM, _TILES)


def trace_last_calls(*more: int) -> None:
    """In the child, before exec: the tracer is told of the calls that end or replace an address space, and of more.

    A seccomp filter, so that every other call runs at full speed. A call by another ABI (32 bit, x32) would pass
    unseen: it kills the process, and the proof with it.
    """
    load, equal, at_least, give = LOAD, EQUAL, AT_LEAST, GIVE
    arch_x86_64, x32_bit = 0xC000003E, 0x40000000
    ret_kill, ret_trace, ret_allow = RET_KILL, RET_TRACE, RET_ALLOW
    calls = (SYS_EXECVE, SYS_EXIT, SYS_EXIT_GROUP, SYS_EXECVEAT, *more)
    program = [(load, 0, 0, 4), (equal, 1, 0, arch_x86_64), (give, 0, 0, ret_kill), (load, 0, 0, 0)]
    program += [(at_least, 0, 1, x32_bit), (give, 0, 0, ret_kill)]
    program += [(equal, len(calls) - i, 0, number) for i, number in enumerate(calls)]
    program += [(give, 0, 0, ret_allow), (give, 0, 0, ret_trace)]
    load_filter(program)


def load_filter(program: list[tuple[int, int, int, int]]) -> None:
    """Sets a seccomp filter for this process and what it becomes. Needs root, or no_new_privileges() before."""
    code = b"".join(struct.pack("=HBBI", *line) for line in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("@HxxxxxxQ", len(program), ctypes.addressof(buffer))
    set_seccomp, mode_filter = 22, 2
    if _libc.prctl(set_seccomp, mode_filter, header, 0, 0) != 0:
        code_ = ctypes.get_errno()
        raise OSError(code_, f"seccomp filter: {os.strerror(code_)}")


def no_new_privileges() -> None:
    """What lets an ordinary user set a filter: nothing that is run from here on gains rights."""
    set_no_new_privileges = 38
    if _libc.prctl(set_no_new_privileges, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_NO_NEW_PRIVS")
