"""Draws the medians as bars, a group for each case, with a line from quartile to quartile."""

from __future__ import annotations

from xml.sax.saxutils import escape

from cases import CASES, Job
from report import summary
from rounds import Results

WIDTH, LEFT, RIGHT, BAR, GAP, HEAD = 860, 120, 110, 16, 22, 26
COLOURS = {"ssa-hsm": "#1f6feb", "against": "#8db8f5", "bare": "#3d3d3d"}
OTHERS = "#b9b9b9"
STYLE = "text{font:12px sans-serif;fill:#222}.case{font-weight:bold}.spread{stroke:#d1242f;stroke-width:1.5}"


def _text(x: float, y: float, words: str, **attributes: str) -> str:
    more = "".join(f' {name.rstrip("_").replace("_", "-")}="{value}"' for name, value in attributes.items())
    return f'<text x="{x:.1f}" y="{y:.1f}"{more}>{escape(words)}</text>'


def _bar(job: Job, values: list[float], longest: float, y: float) -> list[str]:
    s = summary(values)
    scale = (WIDTH - LEFT - RIGHT) / longest
    middle = y + BAR / 2
    shown = f"{s.median / 1024:.1f} MiB" if job.unit == "kB" else f"{s.median:.1f} ms"
    colour = COLOURS.get(job.program, OTHERS)
    return [
        _text(LEFT - 8, y + BAR - 4, job.program, text_anchor="end"),
        f'<rect x="{LEFT}" y="{y:.1f}" width="{s.median * scale:.1f}" height="{BAR - 2}" fill="{colour}"/>',
        f'<line class="spread" x1="{LEFT + s.low * scale:.1f}" y1="{middle:.1f}" x2="{LEFT + s.high * scale:.1f}" '
        f'y2="{middle:.1f}"/>',
        _text(LEFT + max(s.high, s.median) * scale + 6, y + BAR - 4, shown),
    ]


def draw(results: Results, jobs: list[Job]) -> str:
    parts: list[str] = []
    y = 10.0
    for case in CASES:
        rows = [(job, results.values.get((case.name, job.program))) for job in jobs if job.case is case]
        shown = [(job, values) for job, values in rows if values]
        if not shown:
            continue
        parts.append(_text(LEFT, y + 14, f"{case.name}: {case.says}", class_="case"))
        y += HEAD
        longest = max(summary(values).high for _, values in shown)
        for job, values in shown:
            parts += _bar(job, values, longest, y)
            y += BAR
        y += GAP
    size = f'width="{WIDTH}" height="{y:.0f}" viewBox="0 0 {WIDTH} {y:.0f}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{STYLE}</style>'
    return "\n".join([head, '<rect width="100%" height="100%" fill="#fff"/>', *parts, "</svg>"]) + "\n"
