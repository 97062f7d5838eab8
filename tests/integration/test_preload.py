"""Libraries that LD_PRELOAD puts in front of the C library: other allocators, whole ones and parts of one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import keyfiles
import places
from harness import PIN, Case

# Replaces a part of the family, and ends the process when it is given a block that it did not hand out.
PART = """
#include <stddef.h>
#include <unistd.h>
static char room[64 << 20] __attribute__((aligned(16)));
static size_t used;
static void *take(size_t size)
{
    size = (size + 31) / 16 * 16;
    const size_t at = __atomic_fetch_add(&used, size, __ATOMIC_SEQ_CST);
    return at + size <= sizeof room ? room + at : NULL;
}
static void give(void *block)
{
    if (block != NULL && ((char *)block < room || (char *)block >= room + sizeof room))
        _exit(99);
}
#ifdef MALLOC_AND_FREE
void *malloc(size_t size) { return take(size); }
void free(void *block) { give(block); }
#endif
#ifdef SIZE
size_t malloc_usable_size(void *block) { return block == NULL ? 0 : 1 << 20; }
#endif
#ifdef INNER
void *__libc_malloc(size_t size) { return take(size); }
void __libc_free(void *block) { give(block); }
#endif
"""


def library(name: str) -> Path:
    for found in Path("/usr/lib").glob(f"**/{name}"):
        return found
    raise places.Missing(f"{name} is not installed (scripts/install-packages test)")


class Preload(Case):
    def preloaded(self, path: Path, *arguments: object, code: int = 0, env: dict[str, str] | None = None) -> str:
        # The program alone: what a test starts beside it is none of this.
        result = self.run_program(*arguments, env={"LD_PRELOAD": str(path), **(env or {})})
        self.assertEqual(result.code, code, f"{path.name}: {arguments}: {result}")
        self.assertNotIn("ld.so", result.err)
        return result.out

    def imported(self, path: Path, account: str) -> None:
        """A key from a file: the largest blocks of memory that a command has."""
        old = self.dir / "old.pem"
        old.touch(mode=0o600)
        old.write_text(keyfiles.pem())
        names = ("--key-id", f"kid-{path.name}", "--account", account, "--profile", f"of-{path.name}")
        self.preloaded(path, "key", "import", old, *names)

    def every_command(self, path: Path) -> None:
        """One of each group of commands, with threads, a child that looks at a module, and a program that follows."""
        self.preloaded(path, "--version")
        self.preloaded(path, "hsm", "list", "--login")
        self.preloaded(path, "account", "create", "service", "preloaded", "--force")
        account = self.profile()["SERVICE_ACCOUNT_ID"]
        self.preloaded(path, "account", "list")
        self.preloaded(path, "key", "create", "--import", "wrap", "--output", self.dir / "second.env")
        self.imported(path, account)
        self.preloaded(path, "key", "rotate", "--now")
        self.preloaded(path, "key", "list")
        self.preloaded(path, "key", "show", self.profile()["KEY_ID"])
        self.preloaded(path, "secret", "import")
        self.assertIn("access_token", self.preloaded(path, "token"))
        self.assertEqual(self.preloaded(path, "jwt").count("."), 2)
        self.assertEqual(self.preloaded(path, "exec", "--", "echo", "done"), "done\n")
        self.preloaded(path, "history")
        self.preloaded(path, "key", "recover")
        self.preloaded(path, "key", "create", "--token", "pkcs11:token=absent", "--force", code=4)

    def test_jemalloc(self) -> None:
        self.every_command(library("libjemalloc.so.2"))

    def test_tcmalloc(self) -> None:
        self.every_command(library("libtcmalloc_minimal.so.4"))

    def test_mimalloc(self) -> None:
        self.every_command(library("libmimalloc.so.2"))

    def test_the_c_library_s_own_debugging_allocator(self) -> None:
        self.every_command(library("libc_malloc_debug.so.0"))

    def test_a_part_of_an_allocator_does_no_harm(self) -> None:
        source = self.dir / "part.c"
        source.write_text(PART)
        for part in ("MALLOC_AND_FREE", "SIZE", "INNER"):
            with self.subTest(part):
                made = self.dir / f"{part.lower()}.so"
                subprocess.run(
                    [places.tool("cc"), f"-D{part}", "-O1", "-w", "-fno-builtin", "-shared", "-fPIC", "-o", made, source],
                    check=True,
                )  # fmt: skip
                account = self.provisioned()["SERVICE_ACCOUNT_ID"]
                self.preloaded(made, "token")
                self.imported(made, account)

    def test_libraries_that_replace_other_functions(self) -> None:
        account = self.provisioned()["SERVICE_ACCOUNT_ID"]
        for name in ("libeatmydata.so.1", "libtcmalloc_minimal_debug.so.4"):
            with self.subTest(name):
                self.preloaded(library(name), "token")
                self.imported(library(name), account)

    def test_two_at_once(self) -> None:
        self.provisioned()
        both = f"{library('libjemalloc.so.2')}:{library('libmimalloc.so.2')}"
        result = self.run_program("token", env={"LD_PRELOAD": both})
        self.expect(result, 0)
        self.assertNotIn(PIN, result.err)
