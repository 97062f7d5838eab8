"""Where the things under test are, and which tools the tests need. What is missing is an error that names it."""

from __future__ import annotations

import atexit
import contextlib
import functools
import importlib.util
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
EMULATOR = HERE.parent / "emulator"
PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"

_SCRATCH_ROOM = 2 << 30
T = TypeVar("T")


class Missing(Exception):
    """Something that the tests cannot do without; the text names it."""


def _file(variable: str, default: Path, what: str) -> Path:
    path = Path(os.environ.get(variable) or default)
    if not path.exists():
        raise Missing(f"{what} is not at {path}; build it, or set {variable}")
    return path.resolve()


def program() -> Path:
    return _file("SSA_HSM_PROGRAM", ROOT / "build" / "ssa-hsm", "the program")


def host() -> Path:
    return _file("SSA_HSM_HOST", program().parent / "ssa-hsm-host", "the program that loads modules")


def signer() -> Path:
    return _file("SSA_HSM_SIGNER", program().parent / "ssa-hsm-signer", "the agent's signer")


def link_player() -> Path:
    default = program().parent / "tests" / "agent" / "ssa-hsm-link-player"
    return _file("SSA_LINK_PLAYER", default, "the program link_player of tests/agent")


@functools.cache
def sanitized() -> bool:
    """With sanitizers the program is five times slower, and what goes for all input is tried with some of it."""
    return b"__asan_init" in program().read_bytes()


def some_of(things: Sequence[T], step: int, turn: int = 0) -> Sequence[T]:
    """All of them; with sanitizers every step-th, from another one at each turn."""
    return things[turn % step :: step] if sanitized() else things


def manual() -> Path:
    return _file("SSA_HSM_MANUAL", program().parent / "man", "the folder of manual pages")


def completions() -> Path:
    return ROOT / "docs" / "completion"


def shim_library() -> Path:
    return _file("SSA_SHIM_LIBRARY", ROOT / "build" / "tests" / "shim" / "ssa-hsm-shim.so", "the shim")


def hasty_clock() -> Path:
    default = ROOT / "build" / "tests" / "clock" / "ssa-hsm-hasty-clock.so"
    return _file("SSA_HASTY_CLOCK_LIBRARY", default, "the clock that runs faster")


def bad_module() -> Path:
    default = ROOT / "build" / "tests" / "badmodule" / "ssa-hsm-bad-module.so"
    return _file("SSA_BAD_MODULE", default, "the module that misbehaves")


def accepts() -> Path:
    default = program().parent / "tests" / "accepts" / "ssa-hsm-accepts"
    return _file("SSA_ACCEPTS", default, "the command line's parser")


def small_stack() -> Path:
    default = program().parent / "tests" / "library" / "ssa-hsm-small-stack"
    return _file("SSA_SMALL_STACK", default, "the program with a small stack")


def threads() -> Path:
    default = program().parent / "tests" / "library" / "ssa-hsm-threads"
    return _file("SSA_THREADS", default, "the program with threads")


def http_player() -> Path:
    default = program().parent / "tests" / "agent" / "ssa-hsm-http-player"
    return _file("SSA_HTTP_PLAYER", default, "the agent's HTTP server without an agent")


# Of tests/library: programs that use the library as a stranger's would.
LIBRARY_PROGRAMS = (
    "signer-player", "signer-threads", "signer-figures", "signer-evp", "signer-family", "signer-own-allocator",
)  # fmt: skip


def library_variable(name: str) -> str:
    return f"SSA_{name.replace('-', '_').upper()}"


def library_program(name: str) -> Path:
    default = program().parent / "tests" / "library" / f"ssa-hsm-{name}"
    return _file(library_variable(name), default, f"the program {name} of tests/library")


def library_folder() -> Path:
    """The folder of libssa-hsm.so.0."""
    return _file("SSA_HSM_LIBRARY_FOLDER", program().parent, "the library's folder")


@functools.cache
def installed() -> Path:
    """What `cmake --install` puts into a prefix: the program, the library and all that belongs to it."""
    if os.environ.get("SSA_HSM_INSTALLED"):
        return _file("SSA_HSM_INSTALLED", ROOT, "the folder with what was installed")
    prefix = Path(tempfile.mkdtemp(prefix="ssa-hsm-installed-", dir=scratch()))
    atexit.register(shutil.rmtree, prefix, ignore_errors=True)
    with kept_manifest():
        command = [tool("cmake"), "--install", str(program().parent), "--prefix", str(prefix)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Missing(f"cmake --install failed; build all of it: {done.stdout}{done.stderr}")
    return prefix


@contextlib.contextmanager
def kept_manifest() -> Iterator[None]:
    """For a `cmake --install` of a test: what the build folder knows of the user's own stays as it is, for uninstall."""
    files = [program().parent / name for name in ("install_manifest.txt", "install_folders.txt")]
    before = {file: file.read_bytes() for file in files if file.exists()}
    try:
        for file in files:
            file.unlink(missing_ok=True)
        yield
    finally:
        for file in files:
            if file in before:
                file.write_bytes(before[file])
            else:
                file.unlink(missing_ok=True)


def examples() -> Path:
    return _file("SSA_HSM_EXAMPLES", ROOT / "examples", "the folder with the examples")


def nss_fips_library() -> Path:
    return _file(
        "SSA_NSS_FIPS_LIBRARY", ROOT / "build" / "tests" / "tokens" / "ssa-hsm-nss-fips.so", "NSS's FIPS token as a module"
    )


def libp11_client() -> Path:
    default = ROOT / "build" / "tests" / "tokens" / "ssa-hsm-libp11-client"
    return _file("SSA_LIBP11_CLIENT", default, "the second client of PKCS#11 tokens")


def evidence_verifier() -> Path:
    return _file("SSA_HSM_EVIDENCE_VERIFIER", ROOT / "scripts" / "verify-evidence", "the verifier of evidence")


def documents() -> Path:
    """The folder that has README.md and docs."""
    return _file("SSA_HSM_DOCUMENTS", ROOT, "the folder with the documents")


def node_modules() -> Path:
    return _file(
        "SSA_HSM_NODE_MODULES", HERE / "node" / "node_modules", "node_modules (npm ci in tests/integration/node)"
    )


def scratch() -> str:
    """Where temporary folders go: into memory where it has room and can run programs. There fsync costs nothing."""
    with contextlib.suppress(OSError):
        memory = os.statvfs("/dev/shm")
        if not memory.f_flag & os.ST_NOEXEC and memory.f_bavail * memory.f_frsize > _SCRATCH_ROOM:
            return "/dev/shm"
    return "/tmp"


def key_pool() -> Path:
    """The keys that emulators hand out, for all builds and runs; whoever needs them first makes them."""
    return Path(os.environ.get("SSA_HSM_TEST_KEYS") or ROOT / "build" / "test-keys.jsonl")


def wrapper() -> list[str]:
    """What stands before the program: valgrind, for instance."""
    words = shlex.split(os.environ.get("SSA_HSM_WRAPPER", ""))
    return [tool(words[0]), *words[1:]] if words else []


def softhsm() -> Path:
    candidates = [Path("/usr/lib/softhsm/libsofthsm2.so"), *Path("/usr/lib").glob("*/softhsm/libsofthsm2.so")]
    candidates += [Path("/usr/lib64/pkcs11/libsofthsm2.so"), Path("/usr/local/lib/softhsm/libsofthsm2.so")]
    for path in candidates:
        if path.exists():
            return path
    raise Missing("libsofthsm2.so (Debian's softhsm2) is not installed")


def tool(name: str) -> str:
    """The path of a tool that a test uses."""
    found = shutil.which(name, path=PATH)
    if not found:
        raise Missing(f"{name} is not installed")
    return found


TOOLS = (
    "softhsm2-util", "pkcs11-tool", "openssl", "curl", "bash", "zsh", "fish", "man", "mandoc", "sh", "p11-kit", "strace",
)  # fmt: skip


def check() -> list[str]:
    """What is missing, by name; empty when all is there."""
    missing = []
    finders: list[Callable[[], object]] = [program, host, shim_library, small_stack, threads, hasty_clock]
    finders += [bad_module, accepts, http_player, evidence_verifier, softhsm]
    finders += [functools.partial(tool, name) for name in TOOLS]
    for find in finders:
        try:
            find()
        except Missing as lack:
            missing.append(str(lack))
    for module, package in (("jwt", "python3-jwt"), ("cryptography", "python3-cryptography")):
        # Found, not loaded: that would take longer than some files of tests.
        if importlib.util.find_spec(module) is None:
            missing.append(f"Python's {module} ({package}) is not installed")
    return missing
