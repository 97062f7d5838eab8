#!/usr/bin/python3
"""What is installed, packed and removed, by CMake and by debian/. scripts/test-packages builds the packages."""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "integration"))

import places  # noqa: E402

DEBIAN = ROOT / "debian"


def run(*command: str | Path, env: dict[str, str] | None = None, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, env=env, cwd=cwd)


def version() -> str:
    found = re.search(r"^project\(ssa-hsm VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)
    assert found is not None
    return found[1]


def tree(folder: Path) -> set[str]:
    """Files, links and folders; a folder's name ends with a slash."""
    found = set()
    for path, folders, files in os.walk(folder):
        here = Path(path).relative_to(folder)
        found |= {f"{here / name}/" for name in folders if not (Path(path) / name).is_symlink()}
        found |= {str(here / name) for name in files}
        found |= {str(here / name) for name in folders if (Path(path) / name).is_symlink()}
    return found


class Case(unittest.TestCase):
    def setUp(self) -> None:
        self.dir = Path(tempfile.mkdtemp(prefix="ssa-hsm-packaging-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.build = places.program().parent

    def cmake(self, *arguments: str | Path, ok: bool = True) -> str:
        done = run(places.tool("cmake"), *arguments)
        self.assertEqual(done.returncode == 0, ok, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def install(self, prefix: Path) -> None:
        self.cmake("--install", self.build, "--prefix", prefix)

    def uninstall(self, ok: bool = True) -> str:
        return self.cmake("--build", self.build, "--target", "uninstall", ok=ok)


class Version(Case):
    def test_it_is_the_same_everywhere(self) -> None:
        self.assertEqual(run(places.program(), "--version").stdout, f"ssa-hsm {version()}\n")
        for path, pattern in (("CHANGELOG.md", r"^## (\S+),"), ("debian/changelog", r"^ssa-hsm \((\S+)\)")):
            first = re.search(pattern, (ROOT / path).read_text(), re.MULTILINE)
            assert first is not None, path
            self.assertEqual(first[1], version(), path)
        symbols = re.findall(r"^ \S+@\S+ (\S+)$", (DEBIAN / "libssa-hsm0.symbols").read_text(), re.MULTILINE)
        self.assertTrue(all(tuple(map(int, s.split("."))) <= tuple(map(int, version().split("."))) for s in symbols))


class Prefix(Case):
    def test_installed_moved_and_removed(self) -> None:
        with places.kept_manifest():
            self.install(self.dir / "a" / "prefix")
            installed = tree(self.dir / "a" / "prefix")
            shutil.move(self.dir / "a" / "prefix", self.dir / "moved")
            self.works(self.dir / "moved")
            self.links(self.dir / "moved" / "share" / "doc" / "ssa-hsm")
            shutil.move(self.dir / "moved", self.dir / "a" / "prefix")
            for needed in ("lib/libssa-hsm.so.0", "share/man/man1/ssa-hsm.1",
                           "share/man/man3/libssa-hsm.3", "share/man/man5/ssa-hsm-profile.5",
                           "share/bash-completion/completions/ssa-hsm"):  # fmt: skip
                self.assertIn(needed, installed)
            self.units(self.dir / "a" / "prefix")
            empty = {f for f in installed if f.endswith("/") and not any(g != f and g.startswith(f) for g in installed)}
            self.assertEqual(empty, set())
            self.uninstall()
            self.assertEqual(tree(self.dir), set())
            self.assertIn("nothing was installed", self.uninstall(ok=False))

    def units(self, prefix: Path) -> None:
        """They start what was installed with them."""
        services = sorted((prefix / "lib" / "systemd").glob("*/*.service"))
        self.assertEqual(len(services), 2)
        for service in services:
            started = re.findall(r"^(?:# *)?ExecStart=(\S+)", service.read_text(), re.MULTILINE)
            self.assertEqual(set(started), {str(prefix / "bin" / "ssa-hsm")}, service.name)

    def works(self, prefix: Path) -> None:
        # A PKCS#11 module may write where it is started, or to its user's home.
        home = Path(tempfile.mkdtemp(prefix="ssa-hsm-packaging-"))
        self.addCleanup(shutil.rmtree, home, ignore_errors=True)
        bare = {"HOME": str(home), "PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig"), "PATH": "/usr/bin:/bin"}
        examined = run(prefix / "bin" / "ssa-hsm", "doctor", env=bare, cwd=home).stdout
        host = re.search(r"(/\S+/ssa-hsm-host): can be started", examined)
        assert host is not None, examined
        self.assertEqual(Path(host[1]).resolve(), prefix / "libexec" / "ssa-hsm" / "ssa-hsm-host")
        flags = run(places.tool("pkg-config"), "--cflags", "--libs", "ssa-hsm", env=bare).stdout.split()
        folders = [Path(flag[2:]).resolve() for flag in flags if flag[:2] in ("-I", "-L")]
        self.assertEqual(folders, [prefix / "include", prefix / "lib"])

    def links(self, folder: Path) -> None:
        seen = 0
        for page in sorted(folder.rglob("*.md")):
            for path in re.findall(r"\]\(([^)\s#]+)", page.read_text()):
                if not path.startswith("https://"):
                    seen += 1
                    with self.subTest(page=page.name, path=path):
                        self.assertTrue((page.parent / path).exists(), "is not installed")
        self.assertGreater(seen, 40)

    def test_what_was_there_before_stays(self) -> None:
        kept = {"bin/", "share/", "share/man/", "share/man/man1/", "share/man/man1/other.1", "lib/"}
        for name in sorted(kept):
            path = self.dir / name
            if name.endswith("/"):
                path.mkdir(exist_ok=True)
            else:
                path.write_text("another's\n")
        with places.kept_manifest():
            self.install(self.dir)
            # Of two times, the first made the folders.
            self.install(self.dir)
            later = self.dir / "share" / "doc" / "ssa-hsm" / "docs" / "notes"
            later.write_text("put there later\n")
            self.uninstall()
        kept |= {"share/doc/", "share/doc/ssa-hsm/", "share/doc/ssa-hsm/docs/", "share/doc/ssa-hsm/docs/notes"}
        self.assertEqual(tree(self.dir), kept)

    def test_what_cannot_be_removed_is_named(self) -> None:
        program = self.dir / "prefix" / "bin" / "ssa-hsm"
        with places.kept_manifest():
            self.install(self.dir / "prefix")
            program.unlink()
            program.mkdir()
            self.assertIn(str(program), self.uninstall(ok=False))
            program.rmdir()
            # It can be repeated.
            self.uninstall()
        self.assertEqual(tree(self.dir), set())


class Debian(Case):
    def test_each_installed_file_is_in_a_package(self) -> None:
        with places.kept_manifest():
            self.install(self.dir)
        wanted = {}
        for package in re.findall(r"^Package: (\S+)$", (DEBIAN / "control").read_text(), re.MULTILINE):
            for line in (DEBIAN / f"{package}.install").read_text().splitlines():
                wanted.setdefault(line.split()[0], []).append(package)
        for line in (DEBIAN / "not-installed").read_text().splitlines():
            wanted.setdefault(line, []).append("")
        unused = set(wanted)
        for file in sorted(f for f in tree(self.dir) if not f.endswith("/")):
            name = re.sub(r"^usr/lib/(?!systemd/)", "usr/lib/TRIPLET/", f"usr/{file}").replace("/doc/ssa-hsm/", "/doc/ssa-hsm-doc/")
            found = [p for p in wanted if fnmatch.fnmatchcase(name, p) or name.startswith(f"{p}/")]
            found += [p for p in wanted if "*" in p and fnmatch.fnmatchcase(name, f"{p}/*")]
            # Not for the pattern of the documents: a star of debhelper's ends at a slash.
            found = sorted({p for p in found if not p.endswith("/*.md") or name.count("/") == p.count("/")})
            with self.subTest(name):
                self.assertEqual(len(found), 1, f"is installed, and debian/*.install has: {found}")
            unused -= set(found)
        self.assertEqual(unused, set(), "debian/*.install names what is not installed")

    def test_symbols(self) -> None:
        names = re.findall(r"^  (\w+);$", (ROOT / "library" / "libssa-hsm.map").read_text(), re.MULTILINE)
        listed = re.findall(r"^ (\w+)@(\w+) ", (DEBIAN / "libssa-hsm0.symbols").read_text(), re.MULTILINE)
        self.assertGreater(len(names), 10)
        self.assertEqual(sorted(listed), sorted((name, "SSA_HSM_0") for name in ["SSA_HSM_0", *names]))

    def test_what_is_built_with_is_named_twice_alike(self) -> None:
        script = (ROOT / "scripts" / "install-packages").read_text()
        build = re.search(r"^build='([^']+)'", script, re.MULTILINE)
        assert build is not None
        needs = set(build[1].split()) - {"gcc", "libc6-dev", "make"}  # build-essential
        control = re.search(r"^Build-Depends: (.*?)^\S", (DEBIAN / "control").read_text(), re.MULTILINE | re.DOTALL)
        assert control is not None
        named = {part.split()[0] for part in control[1].split(",")}
        self.assertEqual(named - {"debhelper-compat", "libcmocka-dev", "python3"}, needs)


class Archive(Case):
    def test_it_has_what_is_committed_and_configures_without_git(self) -> None:
        if not (ROOT / ".git").exists():
            self.skipTest("this is no clone")
        self.cmake("--build", self.build, "--target", "dist")
        name = f"ssa-hsm-{version()}"
        archive = self.build / f"{name}.tar.gz"
        self.addCleanup(archive.unlink)
        with tarfile.open(archive) as packed:
            packed.extractall(self.dir)
        committed = run("git", "ls-tree", "-r", "--name-only", "HEAD").stdout.splitlines()
        self.assertEqual({f for f in tree(self.dir / name) if not f.endswith("/")}, set(committed))
        # A git that fails is as good as none.
        broken = self.dir / "bin" / "git"
        broken.parent.mkdir()
        broken.write_text("#!/bin/sh\nexit 1\n")
        broken.chmod(0o755)
        env = {"PATH": f"{broken.parent}:/usr/bin:/bin"}
        done = run(places.tool("cmake"), "-S", self.dir / name, "-B", self.dir / "b", env=env)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
