"""References to secrets (file:, env:, fd:, credential:), for the PIN and for the client secret alike."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from harness import PIN, Case, Result


class _References(Case):
    """Each case once for the PIN and once for the client secret."""

    def setUp(self) -> None:
        super().setUp()
        self.made = self.provisioned()

    def secret_file(self, text: str, name: str = "secret", mode: int = 0o600) -> Path:
        path = self.dir / name
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(text)
        path.chmod(mode)
        return path

    @contextlib.contextmanager
    def pipe(self, text: str) -> Iterator[int]:
        """The reading end of a pipe that holds the text."""
        reader, writer = os.pipe()
        os.write(writer, text.encode())
        os.close(writer)
        try:
            yield reader
        finally:
            os.close(reader)

    def both(self) -> Iterator[tuple[str, str]]:
        """The setting, and its secret."""
        for name, secret in (("SSA_HSM_PIN_SOURCE", PIN), ("APS_SECRET_ID", self.api.secret)):
            with self.subTest(setting=name):
                yield name, secret

    def token(self, name: str, reference: str, code: int = 0, *words: str, fds: tuple[int, ...] = (),
              **env: str | None) -> Result:  # fmt: skip
        result = self.run_program("token", env={**env, name: reference}, pass_fds=fds)
        self.expect(result, code, *words)
        self.assertNotIn(self.api.secret, result.out + result.err)
        return result


class References(_References):
    def test_file(self) -> None:
        for name, secret in self.both():
            path = self.secret_file(secret)
            for reference in (f"file:{path}", f"file://{path}", "file:secret"):
                self.token(name, reference)

    def test_one_trailing_line_break_is_dropped_and_no_more(self) -> None:
        for name, secret in self.both():
            for end in ("\n", "\r\n"):
                self.token(name, f"file:{self.secret_file(secret + end)}")
        with self.shim():
            path = self.secret_file(self.api.secret + "\n\n")
            self.assertNotEqual(self.run_program("token", env={"APS_SECRET_ID": f"file:{path}"}).code, 0)

    def test_env(self) -> None:
        for name, secret in self.both():
            self.token(name, "env:MY_OWN", MY_OWN=secret)

    def test_fd(self) -> None:
        for name, secret in self.both():
            with self.pipe(secret + "\n") as fd:
                self.token(name, f"fd:{fd}", fds=(fd,))

    def test_fd_0_is_standard_input(self) -> None:
        for name, secret in self.both():
            self.expect(self.run_program("token", env={name: "fd:0"}, input=secret + "\n"), 0)

    def test_credential(self) -> None:
        for name, secret in self.both():
            folder = self.dir / "credentials"
            folder.mkdir(exist_ok=True)
            self.secret_file(secret + "\n", "credentials/aps", 0o400)
            self.token(name, "credential:aps", CREDENTIALS_DIRECTORY=str(folder))
            (folder / "aps").unlink()

    def test_what_is_not_there_is_named(self) -> None:
        for name, _ in self.both():
            for reference, words in (
                ("file:/nowhere/secret", ("/nowhere/secret", "No such file or directory")), ("env:NOT_SET_AT_ALL", ("NOT_SET_AT_ALL",)),
                ("fd:99", ("fd:99", "Bad file descriptor")), ("fd:x", ("fd:x",)), ("fd:-1", ("fd:-1",)),
                ("credential:aps", ("CREDENTIALS_DIRECTORY",)), ("file:", ("file:",)), ("env:", ("env:",)),
                (f"file:{self.dir}", ("Is a directory",)),
            ):  # fmt: skip
                self.token(name, reference, 3, *words)
        self.assertEqual(self.api.asked(), [])

    def test_a_credential_is_a_name_and_no_path(self) -> None:
        self.secret_file(PIN, "pin-outside")
        folder = self.dir / "credentials"
        folder.mkdir()
        for name, _ in self.both():
            for bad in ("../pin-outside", "/etc/passwd", "", ".."):
                self.token(name, f"credential:{bad}", 3, CREDENTIALS_DIRECTORY=str(folder))

    def test_an_empty_one_is_an_error(self) -> None:
        for name, _ in self.both():
            for text in ("", "\n"):
                self.token(name, f"file:{self.secret_file(text)}", 3, "empty")
            self.token(name, "env:MY_OWN", 3, "MY_OWN", MY_OWN="")

    def test_a_file_that_others_can_read_is_warned_about_and_used(self) -> None:
        for name, secret in self.both():
            for mode in (0o644, 0o640, 0o604):
                path = self.secret_file(secret, mode=mode)
                self.token(name, f"file:{path}", 0, "warning", str(path))
            self.assertEqual(self.token(name, f"file:{self.secret_file(secret)}").err, "")

    def test_a_file_that_we_cannot_read_is_an_error(self) -> None:
        for name, secret in self.both():
            self.token(name, f"file:{self.secret_file(secret, mode=0)}", 3, "Permission denied")

    def test_an_endless_or_huge_one_is_refused(self) -> None:
        for name, _ in self.both():
            self.token(name, "file:/dev/zero", 3, "/dev/zero")
            self.token(name, f"file:{self.secret_file('x' * 100_000)}", 3)

    def test_failures_come_before_a_pin_is_tried(self) -> None:
        with self.shim() as log:
            self.token("APS_SECRET_ID", "file:/nowhere/secret", 3)
            self.assertEqual(log.count("C_Login"), 0)

    def test_one_descriptor_for_both_is_an_error_and_not_a_guess(self) -> None:
        with self.pipe(PIN + "\n") as fd, self.shim() as log:
            env = {"SSA_HSM_PIN_SOURCE": f"fd:{fd}", "APS_SECRET_ID": f"fd:{fd}"}
            result = self.run_program("token", env=env, pass_fds=(fd,))
            self.assertNotEqual(result.code, 0)
            self.assertEqual(log.count("C_Login"), 0)


class PinSource(_References):
    def test_the_pin_itself_is_refused_and_not_repeated(self) -> None:
        # PIN does not appear in what is printed: expect() looks.
        for text in (PIN, f"pin:{PIN}", f"|echo {PIN}", f"FILE:{PIN}"):
            self.token("SSA_HSM_PIN_SOURCE", text, 3, "SSA_HSM_PIN_SOURCE")
        self.expect(self.run_program("token", "--pin-source", PIN), 3)

    def test_the_pin_in_a_variable_does_not_reach_a_child(self) -> None:
        # /proc/PID/environ shows the memory that the variables came in; CMD would inherit it.
        env = {"SSA_HSM_PIN_SOURCE": "env:MY_PIN", "MY_PIN": PIN}
        seen = self.expect(self.run_program("exec", "--", "cat", "/proc/self/environ", env=env), 0)
        self.assertNotIn(PIN, seen.out)

    def test_a_relative_file_in_a_uri(self) -> None:
        self.env.pop("SSA_HSM_PIN_SOURCE")
        for source in ("file:pin", "file:./pin", f"file:{self.dir}/pin"):
            self.write_profile({**self.made, "PRIVATE_KEY": f"{self.made['PRIVATE_KEY']}&pin-source={source}"})
            self.expect(self.run_program("token"), 0)

    def test_an_option_beats_the_environment(self) -> None:
        other = self.secret_file(PIN, "other-pin")
        env = {"SSA_HSM_PIN_SOURCE": "file:/nowhere"}
        self.expect(self.run_program("token", "--pin-source", f"file:{other}", env=env), 0)
