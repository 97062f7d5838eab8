"""A program that forks, and that has other children than the library's (tests/library/signer_family.c)."""

from __future__ import annotations

import places
from harness import Result
from test_library_signer import SignerCase


class Family(SignerCase):
    def play(self, what: str, *before: str, program: str = "signer-family") -> Result:
        return self.run_command([*before, str(places.library_program(program)), what])

    def test_a_child_that_is_forked_while_another_thread_loads_libcurl(self) -> None:
        self.expect(self.play("fork-while-loading"), 0, out="ok\n")

    def test_a_child_that_uses_its_parents_settings_is_told_so(self) -> None:
        result = self.play("parents-settings")
        self.assertIn("child: 2 these settings were read by another process", result.out)
        self.assertEqual((result.code, len(result.out.splitlines())), (0, 1), result.out)

    def test_a_child_that_has_the_number_of_the_modules_process_is_left_alone(self) -> None:
        # In a namespace of its own, a process may say which number its child gets.
        self.expect(self.play("number-again", "unshare", "-Urpf", "--mount-proc"), 0, out="ok\n")

    def test_why_the_modules_process_cannot_be_started_again(self) -> None:
        result = self.play("no-descriptor-left")
        self.expect(result, 0)
        self.assertIn("no connection to a PKCS#11 module can be made [Too many open files]", result.out)
        self.assertEqual(len(result.out.splitlines()), 1, result.out)

    def test_a_program_that_has_cleared_its_environment(self) -> None:
        self.expect(self.play("no-environment"), 0, out="ok\n")

    def test_a_daemon_whose_standard_files_are_closed(self) -> None:
        self.expect(self.play("no-standard-files"), 0, out="ok\n")

    def test_a_program_whose_allocator_tells_no_sizes(self) -> None:
        if not places.sanitized():
            self.expect(self.play("token", program="signer-own-allocator"), 0, out="ok\n")
