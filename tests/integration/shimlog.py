"""What the shim wrote down: PKCS#11 calls, in order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_LINE = re.compile(
    r"(?P<time>[\d.]+) pid=(?P<pid>\d+) tid=(?P<tid>\d+) (?P<name>\w+)(?P<args>.*?) -> (?P<rv>\S+)(?: (?P<us>\d+)us)?$"
)


@dataclass(frozen=True)
class Call:
    name: str
    rv: str
    args: str
    pid: int
    tid: int
    time: float  # CLOCK_MONOTONIC, seconds
    took: float  # seconds

    @property
    def session(self) -> tuple[int, str]:
        """The session of this process that it is a call of."""
        return self.pid, self.args.split()[0]


class CallLog:
    """The calls of everything that ran with the shim; read anew whenever it is looked at."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def text(self) -> str:
        return self.path.read_text() if self.path.exists() else ""

    @property
    def calls(self) -> list[Call]:
        found = []
        for line in self.text.splitlines():
            m = _LINE.match(line)
            if not m:
                raise AssertionError(f"not a line of the shim's log: {line}")
            took = int(m["us"] or 0) / 1e6
            found.append(Call(m["name"], m["rv"], m["args"].strip(), int(m["pid"]), int(m["tid"]), float(m["time"]), took))
        return found

    @property
    def names(self) -> list[str]:
        return [call.name for call in self.calls]

    def of(self, name: str, rv: str | None = None) -> list[Call]:
        return [call for call in self.calls if call.name == name and rv in (None, call.rv)]

    def count(self, name: str) -> int:
        """Calls, and not lines: one at which the program is killed has a second line if it comes to its own end."""
        return len({(call.pid, call.tid, call.time) for call in self.of(name)})

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)
