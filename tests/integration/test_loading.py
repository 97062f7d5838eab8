"""What is loaded into which process: libcurl and libcrypto where they are used, PKCS#11 modules in their own process alone."""

from __future__ import annotations

import re
from pathlib import Path

import places
from harness import Case


class Loading(Case):
    def setUp(self) -> None:
        super().setUp()
        self.provisioned()

    def loaded(self, *arguments: object, code: int = 0) -> set[str]:
        """The libraries in the program's process. What the other process loads goes to another standard error."""
        result = self.run_program(*arguments, env={"LD_DEBUG": "files"})
        self.assertEqual(result.code, code, str(result))
        return set(re.findall(r"calling init: \S*/(\S+?)\.so", result.err))

    def test_libcurl_only_where_the_network_is_used(self) -> None:
        for arguments in (("--version",), ("--help",), ("jwt",), ("hsm", "list"), ("hsm", "list", "--login"), ("history",)):
            with self.subTest(arguments):
                self.assertNotIn("libcurl", self.loaded(*arguments))
        self.assertIn("libcurl", self.loaded("token"))

    def test_libp11_kit_only_where_a_uri_is_read(self) -> None:
        for arguments in (("--version",), ("--help",), ("help", "token")):
            with self.subTest(arguments):
                self.assertNotIn("libp11-kit", self.loaded(*arguments))
        self.assertIn("libp11-kit", self.loaded("jwt"))

    def test_libgnutls_which_libcurl_brings_does_not_start(self) -> None:
        result = self.run_program("token", env={"LD_DEBUG": "bindings"})
        self.expect(result, 0)
        if "libgnutls" not in result.err:
            self.skipTest("this libcurl brings no libgnutls")
        asked = re.findall(r"binding file \S*/(libgnutls)\S* \[0\] to (\S+) \[0\]: normal symbol `_gnutls_global_init_skip'", result.err)
        self.assertEqual([(who, Path(to).name) for who, to in asked], [("libgnutls", places.program().name)])

    def test_libcrypto_only_where_something_is_hashed_or_sent(self) -> None:
        for arguments in (("--version",), ("--help",), ("config", "show"), ("profile", "list"), ("history",), ("hsm", "list"), ("jwt",)):
            with self.subTest(arguments):
                self.assertNotIn("libcrypto", self.loaded(*arguments))
        self.assertIn("libcrypto", self.loaded("key", "verify"))

    def test_libraries_do_not_get_the_programs_functions_for_those_of_libcrypto(self) -> None:
        result = self.run_program("token", env={"LD_DEBUG": "bindings"})
        self.expect(result, 0)
        bound = re.findall(r"binding file \S*/(\S+) \[0\] to (\S+) \[0\]: normal symbol `EVP_\w+'", result.err)
        self.assertIn("libssl.so.3", {who for who, _ in bound})
        self.assertEqual({Path(to).name for _, to in bound}, {"libcrypto.so.3"})

    def broken(self, library: str) -> Path:
        """A folder that has this library, which is none."""
        folder = self.dir / library
        folder.mkdir()
        (folder / library).write_text("no library\n")
        return folder

    def test_libp11_kit_that_cannot_be_loaded(self) -> None:
        broken = {"LD_LIBRARY_PATH": str(self.broken("libp11-kit.so.0"))}
        self.expect(self.run_program("--version", env=broken), 0)
        result = self.run_program("jwt", env=broken)
        self.assertEqual((result.code, result.out), (1, ""), str(result))
        self.assertRegex(result.err, r"(?m)^ssa-hsm: libp11-kit cannot be loaded \(.*libp11-kit\.so\.0: file too short\)$")

    def test_libcrypto_that_cannot_be_loaded(self) -> None:
        broken = self.broken("libcrypto.so.3")
        result = self.run_program("config", "show", env={"LD_LIBRARY_PATH": str(broken)})
        self.expect(result, 0)
        examined = self.run_program("doctor", env={"LD_LIBRARY_PATH": str(broken), "SSA_HSM_MODULE": None})
        self.assertEqual(examined.code, 1, str(examined))
        self.assertRegex(examined.err, r"(?m)^ssa-hsm: OpenSSL cannot be loaded \(.*libcrypto\.so\.3: file too short\)$")

    def test_no_module_is_in_the_program(self) -> None:
        for arguments in (("token",), ("jwt",), ("hsm", "list"), ("key", "list"), ("key", "create", "--output", "x.env"),
                          ("key", "verify"), ("secret", "import")):  # fmt: skip
            with self.subTest(arguments):
                loaded = self.loaded(*arguments)
                self.assertIn("libyajl", loaded)
                self.assertEqual({name for name in loaded if "softhsm" in name or name == "libstdc++"}, set())
        # That this can fail: the module's own process says it, where its output is shown.
        shown = self.run_program("jwt", "-v", env={"LD_DEBUG": "files"})
        self.assertRegex(shown.err, r"module prints:.*calling init: \S*softhsm")
