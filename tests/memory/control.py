"""The positive control: before "nothing was found" says anything, what was hidden on purpose must be found."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from needles import Source

# Where leaky.c puts each of its secrets, in the order of its file, and what the place must be called.
PLACES = {
    "heap": r"\[heap\] [^l]* at ",
    "thread's stack": r"anonymous .* rw-p ",
    "closed page": r"anonymous .* ---p locked at ",
    "register": r"register zmm7 ",
    "thread's register": r"register zmm9 ",
    "child": r"\[heap\] ",
}
_SIZE = 32


def build_leaky(folder: Path) -> Path:
    """Compiles leaky.c."""
    program = folder / "leaky"
    source = Path(__file__).with_name("leaky.c")
    subprocess.run(["cc", "-std=c17", "-O1", "-mavx", "-pthread", "-o", program, source], check=True)
    return program


def build_overhear(folder: Path) -> Path:
    """Compiles overhear.c, as a library that is preloaded."""
    library = folder / "overhear.so"
    source = Path(__file__).with_name("overhear.c")
    subprocess.run(["cc", "-std=c17", "-O2", "-fPIC", "-shared", "-o", library, source], check=True)
    library.chmod(0o755)
    return library


def hide(folder: Path) -> tuple[Path, Source]:
    """Fresh secrets: the file for leaky.c, and the needles that tell them apart."""
    values = {name: os.urandom(_SIZE) for name in PLACES}
    secrets = folder / "control.bin"
    secrets.write_bytes(b"".join(values.values()))
    secrets.chmod(0o600)
    raw = {}
    for number, (name, value) in enumerate(values.items()):
        path = folder / f"control-{number}.bin"
        path.write_bytes(value)
        raw[f"control: {name}"] = str(path)
    return secrets, Source([], [], {}, raw)


def trace(
    command: list[str], scanner: Path, source: Source, folder: Path, options: list[str],
    env: dict[str, str] | None = None, **more: Any
) -> dict[str, Any]:  # fmt: skip
    """Runs a command under tracer.py, which must be alone: it waits for every child of its process. The environment is
    the command's: what is preloaded there is not for the tracer."""
    needles, report, environment = folder / "needles.json", folder / "report.json", folder / "environment.json"
    environment.touch(mode=0o600)
    environment.write_text(json.dumps(dict(os.environ) if env is None else env), encoding="utf-8")
    source.store(needles)
    report.unlink(missing_ok=True)
    tracer = [sys.executable, "-B", str(Path(__file__).with_name("tracer.py")), "--scanner", str(scanner)]
    tracer += ["--needles", str(needles), "--report", str(report), "--environment", str(environment)]
    tracer += [*options, "--", *command]
    done = subprocess.run(tracer, check=False, **({"stdin": subprocess.DEVNULL} | more))
    if done.returncode != 0 or not report.exists():
        raise RuntimeError(f"the tracer of {command[0]} ended with {done.returncode}")
    result: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return result


def missed(report: dict[str, Any]) -> list[str]:
    """The control secrets that were not found where they are."""
    hits = [hit for stop in report["stops"] for hit in stop["findings"]["hits"]]
    return [
        name
        for name, place in PLACES.items()
        if not any(hit["needle"].startswith(f"control: {name},") and re.match(place, hit["where"]) for hit in hits)
    ]
