"""From what was measured to medians, ratios, the table and the verdict."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass
from typing import Any

from cases import AGAINST, BARE, CASES, FAILURES, LIMITS, OURS, PKCS11_TOOL, Job, Limit
from rounds import Key, Results


@dataclass(frozen=True)
class Summary:
    median: float
    low: float  # quartiles
    high: float
    least: float
    runs: int


def summary(values: list[float]) -> Summary:
    if len(values) == 1:
        return Summary(values[0], values[0], values[0], values[0], 1)
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Summary(median, low, high, min(values), len(values))


@dataclass(frozen=True)
class Figure:
    """A ratio of medians with the quartiles of the ratios in each round; or a count of failures."""

    limit: Limit
    value: float
    low: float
    high: float

    @property
    def kept(self) -> bool:
        return self.value <= self.limit.must

    @property
    def name(self) -> str:
        base = FAILURES if self.limit.base == FAILURES else f"against {_called(self.limit.base)}"
        return f"{self.limit.case} {base}"


def _called(program: str) -> str:
    return "the other build" if program == AGAINST else program


def _ratio(results: Results, case: str, program: str, base: str) -> tuple[float, float, float] | None:
    ours, theirs = results.values.get((case, program)), results.values.get((case, base))
    if not ours or not theirs:
        return None
    each = summary([a / b for a, b in zip(ours, theirs, strict=False)])
    return summary(ours).median / summary(theirs).median, each.low, each.high


def figures(results: Results) -> list[Figure]:
    found = []
    for limit in LIMITS:
        if limit.base == FAILURES:
            key = (limit.case, OURS)
            if key in results.runs:
                count = len(results.failures[key]) * 1000 / results.runs[key]
                found.append(Figure(limit, count, count, count))
        elif ratio := _ratio(results, limit.case, OURS, limit.base):
            found.append(Figure(limit, *ratio))
    return found


def _base(results: Results, case: str) -> str | None:
    """What the others in this case are compared with: the first of these that ran."""
    return next((name for name in (BARE, PKCS11_TOOL, AGAINST) if results.values.get((case, name))), None)


def _number(value: float, unit: str) -> str:
    return f"{value / 1024:.2f} MiB" if unit == "kB" else f"{value:.1f} ms"


def columns(rows: list[list[str]]) -> str:
    """The first two columns to the left, numbers to the right, and what follows them to the left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [c.ljust(w) if i < 2 or i == len(row) - 1 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def table(results: Results, jobs: list[Job]) -> str:
    rows = [["case", "program", "median", "quartiles", "ratio", ""]]
    for job in jobs:
        key = (job.case.name, job.program)
        values = results.values.get(key)
        if not values:
            continue
        s, base = summary(values), _base(results, job.case.name)
        ratio = _ratio(results, job.case.name, job.program, base) if base and base != job.program else None
        more = f"{len(results.failures[key])} of {results.runs[key]:,} failed" if key in results.runs else ""
        span = f"{_number(s.low, job.unit).split()[0]} to {_number(s.high, job.unit).split()[0]}"
        against = f"{ratio[0]:.2f} x {_called(base or '')}" if ratio else ""
        rows.append([job.case.name, job.program, _number(s.median, job.unit), span, against, more])
    return columns(_unnamed(rows))


def _unnamed(rows: list[list[str]]) -> list[list[str]]:
    """A case's name stands in its first row only."""
    seen: set[str] = set()
    out = []
    for row in rows:
        out.append(["" if row[0] in seen else row[0], *row[1:]])
        seen.add(row[0])
    return out


def verdict(found: list[Figure], results: Results) -> str:
    rows = [["figure", "", "measured", "quartiles", "must", "goal", ""]]
    for f in found:
        digits = 1 if f.limit.base == FAILURES else 3
        span = "" if f.limit.base == FAILURES else f"{f.low:.{digits}f} to {f.high:.{digits}f}"
        says = "MISSED" if not f.kept else "goal" if f.value <= f.limit.goal else "kept"
        rows.append([f.name, "", f"{f.value:.{digits}f}", span, f"{f.limit.must:g}", f"{f.limit.goal:g}", says])
    lines = [columns(rows)] if found else []
    judged = {f.limit for f in found}
    ran = {case for case, _ in results.values}
    missing = [limit for limit in LIMITS if limit not in judged and limit.case in ran]
    if any(limit.base == AGAINST for limit in missing):
        names = ", ".join(limit.case for limit in missing if limit.base == AGAINST)
        lines.append(f"not judged without --against: {names}")
    return "\n".join(lines)


def document(results: Results, jobs: list[Job], found: list[Figure], about: dict[str, Any]) -> dict[str, Any]:
    """All of it, for other programs."""
    measured: dict[str, Any] = {}
    for job in jobs:
        key: Key = (job.case.name, job.program)
        if not results.values.get(key):
            continue
        values = results.values[key]
        entry: dict[str, Any] = {"unit": job.unit, **asdict(summary(values)), "values": values}
        if key in results.runs:
            entry |= {"processes": results.runs[key], "failures": results.failures[key]}
        measured.setdefault(job.case.name, {})[job.program] = entry
    judged = [{**asdict(f.limit), "value": f.value, "low": f.low, "high": f.high, "kept": f.kept} for f in found]
    says = {case.name: case.says for case in CASES}
    return {**about, "cases": says, "measured": measured, "figures": judged}
