"""What is loaded into which process: libcurl where the network is used, PKCS#11 modules in their own process alone."""

from __future__ import annotations

import re

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

    def test_no_module_is_in_the_program(self) -> None:
        for arguments in (("token",), ("jwt",), ("hsm", "list"), ("key", "list"), ("key", "create", "--output", "x.env"),
                          ("key", "verify"), ("secret", "import")):  # fmt: skip
            with self.subTest(arguments):
                loaded = self.loaded(*arguments)
                self.assertIn("libcrypto", loaded)
                self.assertEqual({name for name in loaded if "softhsm" in name or name == "libstdc++"}, set())
        # That this can fail: the module's own process says it, where its output is shown.
        shown = self.run_program("jwt", "-v", env={"LD_DEBUG": "files"})
        self.assertRegex(shown.err, r"module prints:.*calling init: \S*softhsm")
