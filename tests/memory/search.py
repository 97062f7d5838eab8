"""Searches what a stopped process holds, its memory and its registers, for needles."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import ptrace
from needles import Secret, Source

LOCKED = "locked"
_CHUNK = 4 << 20
_ROOM = 4096
_PAGE = os.sysconf("SC_PAGE_SIZE")
# More than this is no program of ours but a sanitizer's shadow memory, which would be read for hours.
_MOST_BYTES = 16 << 30

# The kernel maps these into every process and writes them itself; nothing of the process can be there. [vvar] is
# the clock's data, which ptrace may not read; [vsyscall] is no mapping at all, but an address the kernel traps.
_KERNELS_OWN = {"[vvar]", "[vvar_vclock]", "[vsyscall]"}


class _Hit(ctypes.Structure):
    _fields_ = [("offset", ctypes.c_uint64), ("needle", ctypes.c_uint32), ("reserved", ctypes.c_uint32)]


def build_scanner(folder: Path) -> Path:
    """Compiles scan.c, because a loop over every byte is no work for Python."""
    library = folder / "scan.so"
    source = Path(__file__).with_name("scan.c")
    subprocess.run(["cc", "-std=c17", "-O2", "-shared", "-fPIC", "-o", library, source], check=True)
    return library


class _Needles:
    """A set of needles, ready to be looked for."""

    def __init__(self, library: ctypes.CDLL, named: dict[bytes, str]) -> None:
        self._library = library
        self.names = list(named.values())
        self.longest = max((len(piece) for piece in named), default=1)
        # Both must live as long as the set: it points into them.
        self._bytes = ctypes.create_string_buffer(b"".join(named))
        self._lengths = (ctypes.c_uint32 * (len(named) + 1))(*(len(piece) for piece in named))
        self._hits = (_Hit * _ROOM)()
        self._set = library.needles_new(self._bytes, self._lengths, len(named))
        if not self._set:
            raise ValueError("the needles could not be prepared: one is shorter than 8 bytes, or memory is short")

    def __del__(self) -> None:
        self._library.needles_free(self._set)

    def find(self, buffer: bytearray, size: int) -> list[tuple[int, int]]:
        """Offset and index of each needle found in the first `size` bytes."""
        address = ctypes.addressof(ctypes.c_char.from_buffer(buffer))
        count = self._library.needles_find(self._set, address, size, self._hits, _ROOM)
        return [(hit.offset, hit.needle) for hit in self._hits[: min(count, _ROOM)]]


@dataclass
class Findings:
    """What one search has seen. `gaps`: what it should have seen and could not."""

    needles: int = 0
    keys: int = 0
    mappings: int = 0
    size: int = 0
    threads: int = 0
    hits: list[dict[str, str]] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)


class Searcher:
    """Holds the scanner, and the needles as they were last read."""

    def __init__(self, library: Path, source: Source) -> None:
        self._library = ctypes.CDLL(str(library))
        self._library.needles_new.restype = ctypes.c_void_p
        self._library.needles_new.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32)
        self._library.needles_free.argtypes = (ctypes.c_void_p,)
        self._library.needles_find.restype = ctypes.c_size_t
        self._library.needles_find.argtypes = (
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.c_size_t,
            ctypes.c_void_p,
            ctypes.c_size_t,
        )
        self._library.xsave_component.restype = ctypes.c_bool
        self._source = source
        self._buffer = bytearray(_CHUNK)
        self._secrets: list[Secret] = []
        self._memory: _Needles | None = None
        self._windows: _Needles | None = None
        self.layout = self._layout()

    def _layout(self) -> dict[int, tuple[int, int]]:
        layout = {}
        for component in ptrace.XSAVE_COMPONENTS:
            offset, size = ctypes.c_uint32(), ctypes.c_uint32()
            if self._library.xsave_component(component, ctypes.byref(offset), ctypes.byref(size)):
                layout[component] = (offset.value, size.value)
        return layout

    def _read_needles(self) -> tuple[_Needles, _Needles, int]:
        secrets, keys = self._source.read()
        if self._memory is None or self._windows is None or secrets != self._secrets:
            pieces: dict[bytes, str] = {}
            windows: dict[bytes, str] = {}
            for secret in secrets:
                for piece, name in secret.pieces().items():
                    pieces.setdefault(piece, name)
                for window, name in secret.windows().items():
                    windows.setdefault(window, name)
            self._secrets = secrets
            self._memory = _Needles(self._library, pieces)
            self._windows = _Needles(self._library, windows)
        return self._memory, self._windows, keys

    def search(self, tid: int, threads: list[int], memory: bool) -> Findings:
        """The registers of `threads`, and the memory that thread `tid` sees. All of them are stopped."""
        pieces, windows, keys = self._read_needles()
        findings = Findings(needles=len(pieces.names), keys=keys, threads=len(threads))
        for thread in threads:
            self._registers(thread, windows, findings)
        if memory:
            self._mappings(tid, pieces, findings)
        return findings

    def _registers(self, tid: int, windows: _Needles, findings: Findings) -> None:
        try:
            values = ptrace.registers(tid, self.layout)
        except OSError as error:
            findings.gaps.append(f"registers of thread {tid}: {error.strerror or error}")
            return
        for name, value in values.items():
            found = windows.find(bytearray(value), len(value))
            for _, needle in found[:1]:  # the neighbouring windows say the same again
                findings.hits.append({"needle": windows.names[needle], "where": f"register {name} of thread {tid}"})

    def _mappings(self, tid: int, pieces: _Needles, findings: Findings) -> None:
        # By the thread, not by the process: the first thread may have ended, and its /proc entry is then empty.
        lines = Path(f"/proc/{tid}/maps").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        if not lines:
            findings.gaps.append("the process shows no mapping at all")
        memory = os.open(f"/proc/{tid}/mem", os.O_RDONLY)
        try:
            for line in lines:
                bounds, mode, offset, _, _, *rest = line.split(maxsplit=5)
                start, end = (int(part, 16) for part in bounds.split("-"))
                name = rest[0] if rest else "anonymous"
                if name in _KERNELS_OWN:
                    continue
                if findings.size + end - start > _MOST_BYTES:
                    findings.gaps.append(f"{name} {bounds} {mode}: {end - start} bytes are too many to read")
                    continue
                findings.mappings += 1
                before = len(findings.hits)
                read = self._mapping(memory, start, end, f"{name} {bounds} {mode}", pieces, findings)
                if len(findings.hits) > before and _is_locked(tid, bounds):
                    for hit in findings.hits[before:]:
                        hit["where"] = hit["where"].replace(" at +", f" {LOCKED} at +")
                findings.size += read
                if read < end - start and not _past_end_of_file(tid, bounds, int(offset, 16) + read):
                    findings.gaps.append(f"{name} {bounds} {mode}: read {read} of {end - start} bytes")
        finally:
            os.close(memory)

    def _mapping(self, memory: int, start: int, end: int, name: str, pieces: _Needles, findings: Findings) -> int:
        """Searches one mapping; returns how many of its bytes could be read."""
        view = memoryview(self._buffer)
        seen: set[tuple[int, int]] = set()
        kept = 0  # bytes of the chunk before, for a needle that lies across two
        at = start
        while at < end:
            room = min(_CHUNK - kept, end - at)
            try:
                got = os.preadv(memory, [view[kept : kept + room]], at)
            except OSError:
                got = 0
            if got == 0:
                break
            for offset, needle in pieces.find(self._buffer, kept + got):
                place = (at - kept + offset, needle)
                if place not in seen:
                    seen.add(place)
                    where = f"{name} at +{place[0] - start:#x}"
                    findings.hits.append({"needle": pieces.names[needle], "where": where})
            filled = kept + got
            at += got
            kept = min(pieces.longest - 1, filled)
            view[:kept] = bytes(view[filled - kept : filled])
        return at - start


def _is_locked(tid: int, bounds: str) -> bool:
    """Whether a mapping is never written to swap or into a core dump."""
    inside = False
    for line in Path(f"/proc/{tid}/smaps").read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            inside = line.startswith(f"{bounds} ")
        elif inside and line.startswith("VmFlags:"):
            return {"lo", "dd"} <= set(line.split())
    return False


def _past_end_of_file(tid: int, bounds: str, offset: int) -> bool:
    """Pages of a mapping beyond the end of its file exist for nobody: to touch one is SIGBUS."""
    first, last = (part.lstrip("0") or "0" for part in bounds.split("-"))
    try:
        size = os.stat(f"/proc/{tid}/map_files/{first}-{last}").st_size
    except OSError:
        return False
    return offset >= -(-size // _PAGE) * _PAGE
