"""What `cmake --install` puts into a prefix: the library's ABI, the examples, programs of other people.

tests/library/abi.txt is what a program relies on that was compiled once. A line may be added. Another change needs
another SOVERSION, unless the library was never released: reasons, for instance, are added at the end.
"""

from __future__ import annotations

import re
import shlex
import socket
import time
from pathlib import Path

import jwt
import masking
import places
from cryptography import x509
from harness import PIN
from test_library_signer import SignerCase

_LIBRARY = places.HERE.parent / "library"
# What the headers promise to programs in C and C++.
_STRICT = ("-Wall", "-Wextra", "-Wconversion", "-Wstrict-prototypes", "-Werror", "-pedantic")


class Installed(SignerCase):
    def setUp(self) -> None:
        super().setUp()
        self.prefix = places.installed()
        (pc,) = self.prefix.glob("**/ssa-hsm.pc")
        self.libraries = pc.parent.parent
        self.env["PKG_CONFIG_PATH"] = str(pc.parent)
        # The library finds its host by itself.
        del self.env["SSA_HSM_HOST"]
        self.env["LD_LIBRARY_PATH"] = str(self.libraries)

    def pkg_config(self, *arguments: str) -> list[str]:
        result = self.run_command([places.tool("pkg-config"), *arguments])
        self.assertEqual(result.code, 0, result.err)
        return shlex.split(result.out)

    def compile(self, source: Path, name: str, *options: str, flags: list[str] | None = None, compiler: str = "cc") -> Path:
        target = self.dir / name
        flags = self.pkg_config("--cflags", "--libs", "ssa-hsm", "libcrypto") if flags is None else flags
        result = self.run_command([places.tool(compiler), *options, "-o", str(target), str(source), *flags])
        self.assertEqual(result.code, 0, result.err)
        return target

    def example(self, name: str) -> str:
        """Built as its first line says."""
        source = places.examples() / f"{name}.c"
        self.assertLess(len(source.read_text().splitlines()), 60)
        command = re.search(rf"cc {name}\.c (.*?-o {name})", source.read_text())
        assert command is not None, "the first lines do not say how it is built"
        built = f"cc {' '.join(_STRICT[:2])} {name}.c {command[1].replace(name, str(self.dir / name))}"
        result = self.run_command([places.tool("sh"), "-c", built], cwd=places.examples())
        self.assertEqual(result.code, 0, f"{built}\n{result.err}")
        return str(self.dir / name)

    def test_the_abi(self) -> None:
        found = ["# What a program relies on that was compiled with the library. test_library_installed.py compares it."]
        names = self.run_command([places.tool("nm"), "-D", "--defined-only", str(self.libraries / "libssa-hsm.so.0")]).out
        found += sorted(line.split()[2] for line in names.splitlines())
        program = self.compile(_LIBRARY / "abi.c", "abi", *_STRICT)
        found += self.run_command([str(program)]).out.splitlines()
        found += self.reasons()
        self.assertEqual((_LIBRARY / "abi.txt").read_text().splitlines(), found)

    def reasons(self) -> list[str]:
        header = (self.prefix / "include" / "ssa-hsm" / "reason.h").read_text()
        names = re.findall(r"^    (SSA_REASON_\w+)", header, re.MULTILINE)[:-1]
        source = self.dir / "reasons.c"
        lines = "".join(f'printf("{name} %d\\n", (int){name});\n' for name in names)
        source.write_text(f"#include <ssa-hsm/reason.h>\n#include <stdio.h>\nint main(void) {{ {lines} return 0; }}\n")
        return self.run_command([str(self.compile(source, "reasons"))]).out.splitlines()

    def test_the_archive_has_the_public_names_alone(self) -> None:
        shared, archive = ({line.split()[-1].split("@")[0] for line in self.run_command(
            [places.tool("nm"), *options, str(self.libraries / name)]).out.splitlines() if len(line.split()) == 3}
            for options, name in ((("-D", "--defined-only"), "libssa-hsm.so.0"), (("-g", "--defined-only"), "libssa-hsm.a")))
        self.assertEqual(archive, shared - {"SSA_HSM_0"})
        self.assertEqual({name for name in archive if not name.startswith("ssa_")}, {"C_GetFunctionList"})

    def test_only_the_librarys_own_needs_are_linked(self) -> None:
        needed = {name: set(re.findall(r"NEEDED\s+(\S+)", self.run_command(
            [places.tool("objdump"), "-p", str(self.prefix / path)]).out))
            for name, path in (("library", (self.libraries / "libssa-hsm.so.0")), ("program", "bin/ssa-hsm"))}
        self.assertIn("libp11.so.3", needed["library"])
        self.assertNotIn("libp11.so.3", needed["program"])
        self.assertNotIn("libcurl.so.4", needed["library"])

    def test_a_program_with_functions_of_the_same_names_links_either_library(self) -> None:
        source = _LIBRARY / "signer_player.c"
        static = self.pkg_config("--cflags", "--libs", "--static", "ssa-hsm")
        kinds = {"shared": None, "static": [f if f != "-lssa-hsm" else "-l:libssa-hsm.a" for f in static]}
        for kind, flags in kinds.items():
            with self.subTest(kind):
                program = self.compile(source, kind, "-D_GNU_SOURCE", "-pthread", flags=flags)
                loaded = self.run_command([places.tool("objdump"), "-p", str(program)]).out
                self.assertEqual("libssa-hsm.so.0" in loaded, kind == "shared")
                self.env["SSA_HSM_HOST"] = str(next(self.prefix.glob("**/ssa-hsm-host")))
                lines = "open\nkey\nkey-sign x\nin-thread sign x\ntoken 60\nclose\nfree-key\n"
                result = self.run_command([str(program)], input=lines)
                self.assertEqual([line[:2] for line in result.out.splitlines()], ["ok"] * 7, masking.mask(str(result)))

    def test_every_header_compiles_alone_also_as_cxx(self) -> None:
        flags = self.pkg_config("--cflags", "ssa-hsm")
        for header in sorted((self.prefix / "include" / "ssa-hsm").glob("*.h")):
            for language in ("c", "c++"):
                with self.subTest(header.name, language=language):
                    argv = [places.tool("cc"), "-x", language, "-fsyntax-only", "-Wall", "-Wextra", "-Werror", *flags, "-"]
                    self.assertEqual(self.run_command(argv, input=f"#include <ssa-hsm/{header.name}>\n").err, "")

    def test_the_headers_own_example(self) -> None:
        text = (self.prefix / "include" / "ssa-hsm" / "signer.h").read_text()
        code = "".join(f"{line[7:]}\n" for line in text.splitlines() if line.startswith("//     ") or line == "//")
        source = self.dir / "example.c"
        source.write_text(code)
        result = self.run_command([str(self.compile(source, "example", *_STRICT[:2]))])
        self.expect(result, 0)
        self.assertRegex(result.out, r"\A\S+\n\Z")

    def test_cmake_finds_it(self) -> None:
        (self.dir / "main.c").write_text((places.examples() / "token.c").read_text())
        (self.dir / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(stranger C)\nfind_package(ssa-hsm 0.1 REQUIRED)\n"
            "add_executable(stranger main.c)\ntarget_link_libraries(stranger PRIVATE ssa-hsm::ssa-hsm)\n"
        )
        for command in (["-S", ".", "-B", "b", f"-DCMAKE_PREFIX_PATH={self.prefix}"], ["--build", "b"]):
            result = self.run_command([places.tool("cmake"), *command])
            self.assertEqual(result.code, 0, result.out + result.err)
        self.expect(self.run_command(["b/stranger"]), 0)

    def test_the_installed_program_finds_its_host(self) -> None:
        self.expect(self.run_command([str(self.prefix / "bin" / "ssa-hsm"), "jwt"]), 0)

    # ---- the examples ----

    def test_example_token(self) -> None:
        result = self.run_command([self.example("token")])
        self.expect(result, 0)
        self.assertEqual(self.api.asked()[-1], "POST /token")
        self.expect(self.run_command([self.example("token")], env={"SSA_HSM_PIN_SOURCE": "file:/none"}), 1, "none")

    def test_example_claims(self) -> None:
        result = self.run_command([self.example("claims"), '{"sub":"me","exp":9000000000}'])
        self.expect(result, 0)
        self.assertEqual(jwt.decode(result.out.strip(), self.public_key(), algorithms=["RS256"])["sub"], "me")

    def test_example_csr(self) -> None:
        result = self.run_command([self.example("csr"), "build server"])
        self.expect(result, 0)
        request = x509.load_pem_x509_csr(result.out.encode())
        self.assertTrue(request.is_signature_valid)
        self.assertEqual(request.public_key().public_numbers(), self.public_key().public_numbers())
        checked = self.run_command([places.tool("openssl"), "req", "-verify", "-noout", "-subject"], input=result.out)
        self.assertIn("build server", checked.out)

    def test_example_server(self) -> None:
        path = self.dir / "socket"
        program = self.example("server")
        self.api.forget_requests()
        with self.start([program, str(path)]) as process:
            try:
                deadline = time.time() + 20
                while not path.exists() and time.time() < deadline and process.poll() is None:
                    time.sleep(0.02)
                answers = {self.ask(path) for _ in range(40)}
            finally:
                process.kill()
            _, err = process.communicate()
        self.assertEqual(len(answers), 1, err)
        self.assertNotIn(PIN, err.decode())
        self.assertEqual(self.api.asked(), ["POST /token"])

    def ask(self, path: Path) -> bytes:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            with client.makefile("rb") as answer:
                return answer.read()




def declarations(text: str) -> dict[str, str]:
    """Of functions: the name, and the whole without white space."""
    found = re.findall(r"^((?:const )?\w+ (?:ssa_\w+ )?\*?(ssa_\w+)\([^;]*\);)", text, re.MULTILINE)
    return {name: re.sub(r"\s+", "", whole) for whole, name in found}


class Documents(SignerCase):
    needs_api = False

    def setUp(self) -> None:
        self.prefix = places.installed()

    def header(self) -> str:
        return "".join(path.read_text() for path in (self.prefix / "include" / "ssa-hsm").glob("*.h"))

    def test_the_manual_declares_what_the_headers_declare(self) -> None:
        pages = [path.read_text() for path in (self.prefix / "share/man/man3").glob("*.3")]
        synopses = [page.split(".SH SYNOPSIS")[1].split(".SH")[0] for page in pages if ".SH SYNOPSIS" in page]
        lines = [line for synopsis in synopses for line in synopsis.splitlines()]
        # A line of .BI is words in turns, of which those with blanks are in quotes.
        text = "\n".join("".join(shlex.split(line[4:])) if line.startswith(".BI ") else line[3:] if line.startswith(".B ")
                         else line for line in lines)  # fmt: skip
        declared = declarations(self.header())
        self.assertEqual(len(declared), 17)
        del declared["ssa_error_text"]  # libssa-hsm(3) tells of it
        self.assertEqual(declarations(text), declared)

    def test_each_function_has_a_page(self) -> None:
        names = set(declarations(self.header()))
        pages = {path.stem for path in (self.prefix / "share/man/man3").glob("ssa_*.3")}
        self.assertEqual(pages, names)

    def test_the_pages_are_well_formed(self) -> None:
        for page in sorted((self.prefix / "share/man/man3").glob("*.3")):
            first = page.read_text().splitlines()[0]
            with self.subTest(page.name):
                if first.startswith(".so "):
                    self.assertTrue((self.prefix / "share/man" / first[4:]).exists())
                else:
                    self.assertRegex(first, rf'\A\.TH {page.stem.upper()} 3 ')
