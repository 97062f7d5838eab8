#!/usr/bin/python3
"""Who may include whom: test_includes.py BUILD_FOLDER COMPILER.

The table below is written from the plan, and not read from CMake: it would agree with any mistake there.
"""

from __future__ import annotations

import functools
import re
import subprocess
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD, COMPILER = Path("build"), "cc"

# The parts of hsm, and the parts that each may include beside its own. All of them see core.
_HSM_MAY = {
    "cryptoki": "",
    "host": "",
    "remote": "cryptoki host",
    "uri": "cryptoki",
    "module": "cryptoki host remote",
    "token": "cryptoki remote module uri",
    "object": "cryptoki remote module uri token",
    "login": "cryptoki remote module uri token object",
    "key": "cryptoki host remote module uri token object login",
    "search": "cryptoki remote module uri token object login key",
    "import": "cryptoki remote module uri token object login key",
    "data": "cryptoki remote module uri token object",
}


def _hsm(parts: str) -> str:
    return " ".join(f"hsm-{part}" for part in parts.split())


# A folder, and the folders whose headers it may include beside its own. Nothing runs up, and nothing sideways.
MAY = {
    "core": "",
    **{f"hsm-{part}": f"core {_hsm(may)}" for part, may in _HSM_MAY.items()},
    "keyring": "core",
    "oauth": "core",
    "aps": "core oauth",
    "config": f"core {_hsm('uri')}",
    "pin": f"core {_hsm('remote uri module token login')} config",
    "journal": f"core {_hsm('uri')} config",
    "signer": f"core {_hsm('remote uri module token login key data search')} keyring oauth config pin",
    "pkey": f"core {_hsm('remote uri module token login key search')} oauth config pin signer",
    "agent-link": "core",
    "agent-cache": "core oauth",
    "agent-client": "core oauth",
    "agent-callers": "core oauth",
    "agent-service": f"core {_hsm('remote uri module token login key data search')} oauth config pin signer agent-link agent-cache",
    "agent-http": "core agent-callers agent-link agent-cache agent-service",
    "agent-daemon": "core oauth agent-link agent-cache agent-client agent-service agent-http",
    "agent-signer": f"core {_hsm('remote uri module token login key data search')} oauth config pin signer agent-link",
    "doctor": f"core {_hsm('remote uri module token login key data search')} oauth aps config pin journal signer agent-client",
    "secret": f"core {_hsm('remote uri module token object login key data search')} oauth config pin journal signer",
    "ownership": f"core {_hsm('uri key')} oauth aps config journal",
    "recovery": f"core {_hsm('remote uri module token object key import search')} oauth aps config pin journal signer secret ownership",
    "manage": f"core {_hsm('remote uri module token object login key import data search')} oauth aps config pin journal signer secret "
    "ownership recovery",
    "cli": f"core {_hsm('uri')} config journal agent-callers agent-link agent-client agent-daemon",
    # An allocator is a library of its own, since nothing but a program may replace it.
    "allocator": "",
    # So are the libraries that are loaded late.
    "libraries": "core",
}
FOLDERS = list(MAY)
# Libraries that one folder alone may use, by the beginnings of their headers' names; yajl in one file of it.
OWNED = {"curl/": {"oauth"}, "yajl/": {"core"}, "keyutils": {"keyring"}, "p11-kit/": {*(f"hsm-{part}" for part in _HSM_MAY), "pkey", "libraries"}, "libp11": {"pkey"}}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
# No folder is more than a quarter of the code.
MOST = 0.25


def place(folder: str) -> Path:
    """Where a folder's files are."""
    if folder.startswith("hsm-"):
        return ROOT / folder.replace("-", "/")
    if folder.startswith("agent-"):
        return ROOT / "src" / folder.replace("-", "/")
    return ROOT / "src" / folder


def seen_as(folder: str) -> str:
    """How its headers are included: src is left out."""
    return str(place(folder).relative_to(ROOT)).removeprefix("src/")


def headers(folder: str) -> list[str]:
    """Its headers, as others include them."""
    found = sorted(place(folder).rglob("*.h"))
    return [f"{seen_as(folder)}/{path.relative_to(place(folder))}" for path in found]


def sources(folder: str) -> list[Path]:
    return sorted(path for path in place(folder).rglob("*.[ch]"))


def view(folder: str) -> Path:
    return BUILD / "views" / folder


@functools.cache
def foreign() -> tuple[str, ...]:
    """Where other libraries' headers are: who may use those is another test."""
    command = ["pkg-config", "--cflags", "libcrypto", "libcurl", "yajl", "p11-kit-1", "libp11"]
    return tuple(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def compiles(folder: str, text: str, how: str = "-fsyntax-only") -> subprocess.CompletedProcess[str]:
    """A text, compiled as the folder's files are: with its view, and the public header's folder."""
    command = [COMPILER, "-x", "c", "-std=c17", "-D_GNU_SOURCE", how, f"-I{ROOT / 'include'}"]
    command += [f"-I{view(folder)}", *foreign(), "-"]
    return subprocess.run(command, input=text, cwd="/", capture_output=True, text=True, check=False)


class Includes(unittest.TestCase):
    def test_every_folder_is_in_the_table(self) -> None:
        self.assertEqual([folder for folder in MAY if not view(folder).is_dir()], [])
        above = (ROOT / "src", ROOT / "src/agent", ROOT / "hsm")
        folders = {p for place in above for p in place.iterdir() if p.is_dir()} - {*above}
        self.assertEqual(folders, {place(folder) for folder in FOLDERS})
        self.assertEqual(list((ROOT / "hsm").glob("*.[ch]")), [], "they are in no part of hsm")

    def test_what_is_forbidden_does_not_compile(self) -> None:
        with ThreadPoolExecutor(2) as pool:
            found = dict(zip(MAY, pool.map(self.found, MAY)))
        for folder in MAY:
            others = {f for f in FOLDERS if place(f) != place(folder) or f == folder}
            allowed = others & {folder, *MAY[folder].split()}
            right = {name for other in allowed for name in headers(other)}
            with self.subTest(folder):
                self.assertEqual(found[folder] - right, set(), "can be included")
                self.assertEqual(right - found[folder], set(), "cannot be included")

    def found(self, folder: str) -> set[str]:
        """All headers that the compiler finds for a file of this folder, asked in one go."""
        others = [f for f in FOLDERS if place(f) != place(folder) or f == folder]
        names = [name for other in others for name in headers(other)]
        asked = "".join(f'#if __has_include("{name}")\n"{name}"\n#endif\n' for name in names)
        done = compiles(folder, asked, "-E")
        self.assertEqual(done.returncode, 0, done.stderr)
        return set(re.findall(r'^"(.+)"$', done.stdout, re.MULTILINE))

    def test_what_is_not_found_is_an_error(self) -> None:
        (first, *_), (own, *_) = headers("cli"), headers("core")
        done = compiles("core", f'#include "{first}"\n')
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(f"{first}: No such file", done.stderr)
        self.assertEqual(compiles("core", f'#include "{own}"\n').returncode, 0)

    def test_no_include_names_a_path_outside_its_view(self) -> None:
        for folder in FOLDERS:
            for path in sources(folder):
                for ours, system in INCLUDE.findall(path.read_text()):
                    with self.subTest(path=path.relative_to(ROOT), includes=ours or system):
                        if not ours:
                            self.assertFalse((view(folder) / system).exists(), "a header of ours is named by quotes")
                            continue
                        self.assertNotIn("..", Path(ours).parts)
                        public = ROOT / "include" / ours
                        self.assertTrue(public.exists() or self.seen(folder, ours), "it is in no folder that it may know")

    def seen(self, folder: str, name: str) -> bool:
        known = (seen_as(f) for f in (folder, *MAY[folder].split()))
        return any(name.startswith(f"{one}/") for one in known) and (view(folder) / name).exists()

    def test_a_foreign_library_is_used_where_it_belongs(self) -> None:
        for folder in FOLDERS:
            for path in sources(folder):
                for _, system in INCLUDE.findall(path.read_text()):
                    for beginning, owners in OWNED.items():
                        if system.startswith(beginning):
                            self.assertIn(folder, owners, f"{path} includes {system}")
        yajl = [p for p in sources("core") if "<yajl/" in p.read_text()]
        self.assertLessEqual({p.name for p in yajl}, {"json.c"})


class Size(unittest.TestCase):
    def test_no_folder_holds_over_a_quarter_of_the_code(self) -> None:
        lines = {f: sum(len(p.read_text().splitlines()) for p in sources(f)) for f in FOLDERS}
        public = sum(len(p.read_text().splitlines()) for p in (ROOT / "include").rglob("*.h"))
        whole = sum(lines.values()) + public
        for folder, count in lines.items():
            with self.subTest(folder):
                self.assertLessEqual(count / whole, MOST, f"{count} of {whole} lines")


if __name__ == "__main__":
    BUILD, COMPILER = Path(sys.argv[1]).resolve(), sys.argv[2]
    unittest.main(argv=sys.argv[:1])
