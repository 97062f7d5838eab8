"""Leaves root: as root, files without permission can be read and locked memory has no limit, which hides faults."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import places

NOBODY = 65534
_COPY = "SSA_HSM_TEST_COPY"
_PR_SET_PDEATHSIG = 1
_PASSED_ON = (
    "SSA_HSM_WRAPPER", "SSA_HSM_WITHOUT_NODE", "SSA_HSM_TEST_WORKERS", "SSA_HSM_TEST_SLOWNESS", "SSA_HSM_ALL_BAD_MODULES",
    "SSA_HSM_SIGNER_CALLS",
    "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS",
)  # fmt: skip


def die_with_parent() -> None:
    """A run that is killed leaves nothing behind that goes on testing."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def die_with_root() -> None:
    """The same, for the run as nobody that root's started."""
    if os.environ.get(_COPY):
        die_with_parent()


def _remove(folder: Path) -> None:
    """What still ran when the run was ended from outside may be writing its last."""
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)
    shutil.rmtree(folder)


def _ignore(_: str, names: list[str]) -> set[str]:
    return {name for name in names if name in ("__pycache__", "node_modules")}


def _chosen_name(arguments: list[str], word: str) -> bool:
    """Whether a file of tests that is chosen has the word; tests that are chosen by their own names may be anywhere."""
    files = [places.HERE / f"{Path(one).stem}.py" for one in arguments]
    return not files or not all(file.exists() and word not in file.read_text() for file in files)


def _copy_documents(folder: Path) -> Path:
    source = places.documents()
    (folder / "docs").mkdir(parents=True)
    for path in (*source.glob("*.md"), *source.glob("docs/*.md")):
        shutil.copy2(path, folder / path.relative_to(source))
    shutil.copytree(source / "examples" / "agent", folder / "examples" / "agent")
    return folder


def run_as_nobody(
    arguments: list[str],
    script: Path = Path("integration") / "run.py",
    parts: tuple[str, ...] = ("emulator", "integration", "library", "matrix", "memory", "shim"),
    passed_on: tuple[str, ...] = (),
) -> int:
    """Runs run.py (or another script of the tests) again as nobody, with a copy of all it needs.

    A checkout may lie under a folder of root's own.
    """
    folder = Path(tempfile.mkdtemp(prefix="ssa-hsm-it-", dir=places.scratch()))
    os.umask(0o022)
    try:
        folder.chmod(0o755)
        tests = folder / "tests"
        for part in parts:
            shutil.copytree(places.HERE.parent / part, tests / part, ignore=_ignore)
        # Which commands its messages suggest stands there.
        shutil.copytree(places.ROOT / "src" / "cli", folder / "src" / "cli")
        env = {name: os.environ[name] for name in _PASSED_ON + passed_on if name in os.environ}
        env |= {"PATH": places.PATH, "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
        copied = {
            "SSA_HSM_PROGRAM": places.program(), "SSA_HSM_HOST": places.host(), "SSA_HSM_SIGNER": places.signer(),
            "SSA_LINK_PLAYER": places.link_player(), "SSA_SHIM_LIBRARY": places.shim_library(),
            "SSA_HASTY_CLOCK_LIBRARY": places.hasty_clock(), "SSA_BAD_MODULE": places.bad_module(),
            "SSA_SMALL_STACK": places.small_stack(),
            "SSA_ACCEPTS": places.accepts(),
            "SSA_THREADS": places.threads(),
            "SSA_HTTP_PLAYER": places.http_player(),
            "SSA_HSM_EVIDENCE_VERIFIER": places.evidence_verifier(),
        }  # fmt: skip
        for name in places.LIBRARY_PROGRAMS:
            copied[places.library_variable(name)] = places.library_program(name)
        if places.key_pool().exists():
            copied["SSA_HSM_TEST_KEYS"] = places.key_pool()
        for variable, path in copied.items():
            env[variable] = str(shutil.copy2(path, folder / path.name))
        shutil.copy2(places.library_folder() / "libssa-hsm.so.0", folder)
        env["SSA_HSM_LIBRARY_FOLDER"] = str(folder)
        # A test by its name may be one that needs it.
        if not arguments or any("installed" in one or not one.startswith("test_") for one in arguments):
            for variable, source in (("SSA_HSM_INSTALLED", places.installed()), ("SSA_HSM_EXAMPLES", places.examples())):
                env[variable] = str(shutil.copytree(source, folder / variable.lower(), symlinks=True))
        env["SSA_HSM_DOCUMENTS"] = str(_copy_documents(folder / "documents"))
        shutil.copytree(places.completions(), folder / "docs" / "completion")
        # A build for sanitizers has none.
        with contextlib.suppress(places.Missing):
            shutil.copytree(places.manual(), folder / "man")
        if os.environ.get("SSA_HSM_NODE_MODULES") and _chosen_name(arguments, "node_modules"):
            modules = folder / "node_modules"
            shutil.copytree(places.node_modules(), modules, symlinks=True)
            env["SSA_HSM_NODE_MODULES"] = str(modules)
        # Whatever mode a checkout has: nobody reads all of the copy.
        for base, folders, files in os.walk(folder):
            for name in folders + files:
                path = Path(base, name)
                if not path.is_symlink():
                    path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
        own = folder / "tmp"
        own.mkdir(mode=0o700)
        os.chown(own, NOBODY, NOBODY)
        env |= {"TMPDIR": str(own), "HOME": str(own), _COPY: "1"}
        # A test runner that has lost patience sends TERM: the copy goes, and what runs in it ends with us.
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
        return subprocess.run(
            [sys.executable, "-B", "-u", str(tests / script), *arguments],
            env=env, cwd=own, user=NOBODY, group=NOBODY, extra_groups=[], check=False,
        ).returncode  # fmt: skip
    finally:
        _remove(folder)
