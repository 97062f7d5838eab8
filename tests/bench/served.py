"""What the agent serves from its cache, beside libmicrohttpd alone, both asked by h2load; and a thousand at once."""

from __future__ import annotations

import contextlib
import json
import random
import re
import select
import socket
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import places
from report import columns
from world import Failed, World, compiled

AGENT, AUDITED, ALONE = "agent", "with the audit", "libmicrohttpd"
TARGET = "/v1/token"
ROUNDS, SECONDS, WARM_UP, CONNECTIONS = 10, 2, 1, 32
RATE, RATE_CONNECTIONS = 2000, 20
CALLERS, COLD = 1000, ("data:read", "data:write", "account:read")
SAMPLE_ROUNDS, SAMPLE_SECONDS, SAMPLE_CALLERS = 1, 1, 50
PATIENCE = 60.0


@dataclass(frozen=True)
class Must:
    """What has to be reached: at least so much, or at most."""

    what: str
    server: str
    must: float
    at_least: bool = False


FLAT_OUT, OF_ALONE, SLOWEST = "requests a second", "of libmicrohttpd's", "99th percentile at 2,000 a second"
SIGNATURES, REQUESTS, FAILED = "signatures for 1,000 at once", "requests to the API", "of 1,000 not served"
MUSTS = (
    Must(FLAT_OUT, AGENT, 50_000, at_least=True),
    Must(FLAT_OUT, AUDITED, 50_000, at_least=True),
    Must(SLOWEST, AGENT, 1.0),
    Must(SLOWEST, AUDITED, 1.0),
    Must(SIGNATURES, AGENT, 1),
    Must(REQUESTS, AGENT, 1),
    Must(FAILED, AGENT, 0),
)


@dataclass
class Served:
    flat_out: dict[str, list[float]] = field(default_factory=dict)  # requests a second
    slowest: dict[str, list[float]] = field(default_factory=dict)  # milliseconds
    at_once: list[dict[str, float]] = field(default_factory=list)

    def values(self, what: str, server: str) -> list[float]:
        if what == OF_ALONE:
            return [a / b for a, b in zip(self.flat_out[server], self.flat_out[ALONE], strict=True)]
        if what in (FLAT_OUT, SLOWEST):
            return (self.flat_out if what == FLAT_OUT else self.slowest)[server]
        return [one[what] for one in self.at_once]


# ---- h2load ----


def _h2load(path: Path, *options: str) -> str:
    argv = [places.tool("h2load"), "--h1", "-t", "1", "-B", f"unix:{path}", *options, f"http://agent{TARGET}"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE, check=False)
    counts = re.search(r"(\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", done.stdout)
    if done.returncode or not counts or int(counts[1]) == 0 or set(counts.groups()[1:]) != {"0"}:
        raise Failed(f"h2load: {done.stdout[-800:]}{done.stderr[-400:]}")
    if not re.search(r" 0 failed, 0 errored, 0 timeout", done.stdout):
        raise Failed(f"h2load: {done.stdout[-800:]}")
    return done.stdout


def _flat_out(path: Path, seconds: int) -> float:
    out = _h2load(path, "-c", str(CONNECTIONS), "-D", str(seconds), f"--warm-up-time={WARM_UP}")
    found = re.search(r"finished in [^,]+, ([\d.]+) req/s", out)
    assert found, out
    return float(found[1])


def _slowest(path: Path, seconds: int, log: Path) -> float:
    """The 99th percentile in milliseconds."""
    log.unlink(missing_ok=True)
    each = RATE // RATE_CONNECTIONS
    _h2load(path, "-c", str(RATE_CONNECTIONS), f"--rps={each}", "-D", str(seconds), f"--log-file={log}")
    times = sorted(int(line.split("\t")[2]) for line in log.read_text().splitlines())
    if len(times) < RATE * seconds * 0.9:
        raise Failed(f"h2load sent {len(times)} requests in {seconds} s")
    return times[int((len(times) - 1) * 0.99)] / 1000


# ---- a thousand at once ----


def ask(path: Path, target: str) -> bytes:
    """One request; the body of its answer."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE)
        connection.connect(str(path))
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: agent\r\nConnection: close\r\n\r\n".encode())
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    head, _, body = b"".join(parts).partition(b"\r\n\r\n")
    if head.split()[1] != b"200":
        raise Failed(f"{target} is answered by {head.split()[1].decode()}")
    return body


def _metrics(path: Path) -> dict[str, float]:
    found: dict[str, float] = {}
    for line in ask(path, "/v1/metrics").decode().splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            found[name.partition("{")[0]] = found.get(name.partition("{")[0], 0) + float(value)
    return found


def _counts(world: World, path: Path) -> tuple[float, float, int]:
    """Signatures and requests as the agent counts them, and requests as the API does."""
    metrics = _metrics(path)
    asked = sum(r["path"].endswith("/token") for r in world.api.requests())
    return metrics["ssa_hsm_agent_signatures_total"], metrics["ssa_hsm_agent_upstream_requests_total"], asked


def _all_at_once(world: World, path: Path, scope: str, callers: int) -> dict[str, float]:
    """All are connected before the first of them asks."""
    before = _counts(world, path)
    request = f"GET {TARGET}?scope={scope} HTTP/1.1\r\nHost: agent\r\nConnection: close\r\n\r\n".encode()
    got: dict[int, bytes] = {}
    with contextlib.ExitStack() as stack:
        sockets = {}
        poll = select.poll()
        for _ in range(callers):
            connection = stack.enter_context(socket.socket(socket.AF_UNIX))
            connection.connect(str(path))
            sockets[connection.fileno()] = connection
            poll.register(connection, select.POLLIN)
        began = time.perf_counter()
        for connection in sockets.values():
            connection.sendall(request)
        open_ones = set(sockets)
        while open_ones and time.perf_counter() - began < PATIENCE:
            for fd, _ in poll.poll(1000):
                part = sockets[fd].recv(65536)
                got[fd] = got.get(fd, b"") + part
                if not part:
                    poll.unregister(fd)
                    open_ones.discard(fd)
        took = (time.perf_counter() - began) * 1000
    tokens = [json.loads(a.partition(b"\r\n\r\n")[2])["access_token"] for a in got.values() if b" 200 " in a[:16]]
    after = _counts(world, path)
    if len(set(tokens)) > 1:
        raise Failed("not all of those who came at once got the same access token")
    return {
        SIGNATURES: after[0] - before[0],
        REQUESTS: max(after[1] - before[1], after[2] - before[2]),
        FAILED: callers - len(tokens),
        "ms": took,
    }


# ---- all of it ----


@contextlib.contextmanager
def _alone(folder: Path, length: int) -> Iterator[Path]:
    """libmicrohttpd, whose answers are as long as the agent's."""
    program = compiled("bare_http", ["libmicrohttpd"], folder)
    path = folder / "alone.sock"
    with subprocess.Popen([str(program), str(path), str(length)], stdin=subprocess.PIPE) as process:
        deadline = time.monotonic() + PATIENCE
        while not path.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise Failed("bare_http does not start")
            time.sleep(0.01)
        yield path


def measure(world: World, folder: Path, seed: int, sample: bool, tell: Callable[[str], None]) -> Served:
    rounds, seconds = (SAMPLE_ROUNDS, SAMPLE_SECONDS) if sample else (ROUNDS, SECONDS)
    served = Served()
    order = random.Random(seed)  # noqa: S311 - an order and no secret
    audit = folder / "audit"
    with contextlib.ExitStack() as stack:
        paths = {AGENT: world.agent(), AUDITED: stack.enter_context(world.agent_with("--audit", f"file:{audit}"))}
        for scope in COLD[: 1 if sample else None]:
            callers = SAMPLE_CALLERS if sample else CALLERS
            served.at_once.append(_all_at_once(world, paths[AGENT], scope, callers))
        length = [len(ask(path, TARGET)) for path in paths.values()]
        paths[ALONE] = stack.enter_context(_alone(folder, max(length)))
        for number in range(rounds):
            tell(f"agent: round {number + 1} of {rounds}")
            for name in order.sample(list(paths), len(paths)):
                served.flat_out.setdefault(name, []).append(_flat_out(paths[name], seconds))
                served.slowest.setdefault(name, []).append(_slowest(paths[name], seconds, folder / "h2load.log"))
                # It would fill the memory in which it is.
                audit.write_bytes(b"")
    return served


@dataclass(frozen=True)
class Row:
    what: str
    server: str
    value: float
    low: float
    high: float
    must: Must | None

    @property
    def kept(self) -> bool:
        if self.must is None:
            return True
        return self.value >= self.must.must if self.must.at_least else self.value <= self.must.must


def rows(served: Served) -> list[Row]:
    asked = [(FLAT_OUT, name) for name in (AGENT, AUDITED, ALONE)] + [(OF_ALONE, name) for name in (AGENT, AUDITED)]
    asked += [(SLOWEST, name) for name in (AGENT, AUDITED, ALONE)]
    asked += [(what, AGENT) for what in (SIGNATURES, REQUESTS, FAILED)]
    found = []
    for what, server in asked:
        values = served.values(what, server)
        low, middle, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
        if what in (SIGNATURES, REQUESTS, FAILED):
            middle = max(values)
        must = next((m for m in MUSTS if (m.what, m.server) == (what, server)), None)
        found.append(Row(what, server, middle, low, high, must))
    return found


def kept(served: Served) -> bool:
    return all(row.kept for row in rows(served))


def table(served: Served) -> str:
    lines = [["served", "by", "median", "quartiles", "must", ""]]
    for row in rows(served):
        digits = 0 if row.value >= 100 or row.what in (SIGNATURES, REQUESTS, FAILED) else 2
        unit = " ms" if row.what == SLOWEST else ""
        must = "" if row.must is None else f"{'at least' if row.must.at_least else 'at most'} {row.must.must:,g}"
        says = "" if row.must is None else "kept" if row.kept else "MISSED"
        span = f"{row.low:,.{digits}f} to {row.high:,.{digits}f}"
        lines.append([row.what, row.server, f"{row.value:,.{digits}f}{unit}", span, must, says])
    return columns(lines)


def document(served: Served) -> dict[str, Any]:
    return {**asdict(served), "figures": [{**asdict(row), "kept": row.kept} for row in rows(served)]}

