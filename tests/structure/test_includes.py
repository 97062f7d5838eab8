#!/usr/bin/python3
"""Who may include whom: test_includes.py BUILD_FOLDER COMPILER.

The table below is written from the plan, and not read from CMake: it would agree with any mistake there.
"""

from __future__ import annotations

import re
import subprocess
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD, COMPILER = Path("build"), "cc"

# A folder, and the folders whose headers it may include beside its own. Nothing runs up, and nothing sideways.
MAY = {
    "core": "",
    "hsm": "core",
    "oauth": "core",
    "aps": "core oauth",
    "config": "core hsm",
    "pin": "core hsm config",
    "journal": "core hsm config",
    "signer": "core hsm oauth config pin",
    "manage": "core hsm oauth aps config pin journal signer",
    "cli": "core hsm oauth aps config pin journal signer manage",
    # The program's allocator is a library of its own, since nothing but the program itself may have it.
    "cli-allocator": "core",
}
FOLDERS = [f for f in MAY if f != "cli-allocator"]
# Libraries that one folder alone may use, by the beginnings of their headers' names; yajl in one file of it.
OWNED = {"curl/": {"oauth"}, "yajl/": {"core"}, "p11-kit/": {"hsm"}}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
# No folder is more than a quarter of the code.
MOST = 0.25


def place(folder: str) -> Path:
    """Where a folder's files are."""
    name = folder.removesuffix("-allocator")
    return ROOT / (name if name == "hsm" else f"src/{name}")


def header(folder: str) -> str:
    """Some header of a folder, as others include it. A shared one, if there is such: it needs nothing else."""
    found = sorted(place(folder).glob("*.h"))
    return f"{place(folder).name}/{found[0].name}"


def sources(folder: str) -> list[Path]:
    return sorted(path for path in place(folder).rglob("*.[ch]"))


def view(folder: str) -> Path:
    return BUILD / "views" / folder


def compiles(folder: str, included: str) -> subprocess.CompletedProcess[str]:
    """One line, compiled as the folder's files are: with its view, and the public header's folder."""
    command = [COMPILER, "-x", "c", "-std=c17", "-D_GNU_SOURCE", "-fsyntax-only", f"-I{ROOT / 'include'}"]
    command += [f"-I{view(folder)}", "-"]
    line = f'#include "{included}"\n'
    return subprocess.run(command, input=line, cwd="/", capture_output=True, text=True, check=False)


class Includes(unittest.TestCase):
    def test_every_folder_is_in_the_table(self) -> None:
        self.assertEqual({path.name for path in (BUILD / "views").iterdir()}, set(MAY))
        folders = {path.name for path in (ROOT / "src").iterdir() if path.is_dir()}
        self.assertEqual(folders - {"agent"}, {*FOLDERS} - {"hsm"})

    def test_what_is_forbidden_does_not_compile_and_the_rest_does(self) -> None:
        pairs = [(f, other) for f in MAY for other in FOLDERS if place(f) != place(other) or f == other]
        with ThreadPoolExecutor(2) as pool:
            results = list(pool.map(lambda pair: compiles(pair[0], header(pair[1])), pairs))
        for (folder, other), result in zip(pairs, results):
            with self.subTest(folder=folder, includes=other):
                if other in (folder, *MAY[folder].split()):
                    self.assertEqual(result.returncode, 0, result.stderr)
                else:
                    self.assertNotEqual(result.returncode, 0)
                    self.assertIn("No such file", result.stderr)

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
        first = name.split("/")[0]
        return first in (place(folder).name, *MAY[folder].split()) and (view(folder) / name).exists()

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
