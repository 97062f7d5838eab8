"""Files that are none: a FIFO that nobody writes to, a shell's <(…), a device, a folder, a socket; and descriptors."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path

import keyfiles
import places
from fault_support import background, ended
from harness import PIN, Case, Result


class Pipes(Case):
    def setUp(self) -> None:
        super().setUp()
        self.made = self.provisioned()
        self.fifo = self.dir / "fifo"
        os.mkfifo(self.fifo, 0o600)

    def bash(self, script: str, *arguments: object, env: dict[str, str | None] | None = None) -> Result:
        """A bash script in which "$0" is the program."""
        words = [str(a) for a in arguments]
        return self.run_command([places.tool("bash"), "-c", script, str(places.program()), *words], env=env)

    def pem(self) -> Path:
        path = self.dir / "key.pem"
        path.touch(mode=0o600)
        path.write_text(keyfiles.pem())
        return path

    # ---- nobody writes ----

    def ways(self) -> dict[str, tuple[str, ...]]:
        named = ("--key-id", "a-kid", "--account", self.made["SERVICE_ACCOUNT_ID"])
        return {
            "profile": ("token", "--profile", str(self.fifo)),
            "pin": ("token", "--pin-source", f"file:{self.fifo}"),
            "key": ("key", "import", str(self.fifo), *named, "--profile", "other"),
        }

    def test_a_fifo_without_a_writer_ends_by_the_deadline(self) -> None:
        for what, arguments in self.ways().items():
            with self.subTest(what):
                began = time.monotonic()
                result = self.run_program(*arguments, "--timeout", "2", env=self.hasty(4))
                self.expect(result, 3, str(self.fifo), "nothing came within 2 seconds", "pipe", out="")
                self.assertLess(time.monotonic() - began, 12)
        self.assertEqual(self.api.asked(), [])

    def test_the_client_secret_s_too(self) -> None:
        env = {"APS_SECRET_ID": f"file:{self.fifo}"}
        self.expect(self.run_program("token", "--timeout", "2", env=env), 3, str(self.fifo), "nothing came")
        self.assertEqual(self.api.asked(), [])

    def test_a_writer_that_does_not_end(self) -> None:
        for what, arguments in self.ways().items():
            with self.subTest(what):
                # Open for reading too, so that opening does not wait.
                writer = os.open(self.fifo, os.O_RDWR)
                os.write(writer, b"# nothing yet\n")
                result = self.run_program(*arguments, "--timeout", "2", env=self.hasty(4))
                os.close(writer)
                self.expect(result, 3, str(self.fifo), "was not closed", out="")

    def test_a_descriptor_whose_writer_does_not_end(self) -> None:
        read, write = os.pipe()
        result = self.run_program("token", "--pin-source", f"fd:{read}", "--timeout", "2", pass_fds=(read,))
        os.close(write)
        os.close(read)
        self.expect(result, 3, f"fd:{read}", "nothing came")

    def test_without_timeout_it_is_half_a_minute(self) -> None:
        began = time.monotonic()
        result = self.run_program("token", "--profile", self.fifo, env=self.hasty(10))
        self.expect(result, 3, "nothing came within 30 seconds")
        took = time.monotonic() - began
        self.assertGreater(took, 2.5)
        self.assertLess(took, 12)

    def test_a_signal_ends_the_waiting(self) -> None:
        for what, arguments in self.ways().items():
            with self.subTest(what):
                process = background(self, *arguments)
                time.sleep(0.5)
                process.send_signal(signal.SIGINT)
                began = time.monotonic()
                result = ended(process, 10)
                self.assertLess(time.monotonic() - began, 5)
                self.expect(result, -signal.SIGINT, "interrupted")

    def test_certification_authorities(self) -> None:
        for env in ({"SSA_HSM_CACERT": str(self.fifo)}, {"SSA_HSM_CACERT": None, "SSL_CERT_FILE": str(self.fifo)}):
            profile = self.write_profile({n: v for n, v in self.made.items() if n != "SSA_HSM_CACERT"}, "without-ca")
            self.expect(self.run_program("token", "--profile", profile, env=env), 3, str(self.fifo), "Illegal seek")

    # ---- somebody does ----

    def test_what_a_shell_substitutes_is_read(self) -> None:
        profile = self.profile_path()
        pin = self.env["SSA_HSM_PIN_SOURCE"].removeprefix("file:")
        self.expect(self.bash('"$0" token --profile <(cat "$1")', profile), 0)
        self.expect(self.bash('"$0" token --profile <(sleep 1; cat "$1")', profile), 0)
        self.expect(self.bash('"$0" token --profile <(head -c 100 "$1"; sleep 1; tail -c +101 "$1")', profile), 0)
        self.expect(self.bash('exec 9<"$1"; "$0" token --profile /dev/fd/9', profile), 0)
        self.expect(self.bash('"$0" token --pin-source file:<(cat "$1")', pin), 0)
        self.expect(self.bash('"$0" token --profile /dev/stdin <"$1"', profile), 0)
        self.expect(self.bash('cat "$1" | "$0" token --profile /dev/stdin', profile), 0)

    def test_a_writer_that_is_gone_before_it_is_read(self) -> None:
        # Its text is in the pipe, and nothing tells its end but read(2).
        script = 'exec 9< <(cat "$1"); sleep 1; "$0" token --profile /dev/fd/9'
        began = time.monotonic()
        self.expect(self.bash(script, self.profile_path()), 0)
        self.assertLess(time.monotonic() - began, 20)

    def test_a_fifo_with_a_writer_is_read(self) -> None:
        script = '(sleep 1; cat "$1" >"$2") & "$0" token --profile "$2"; code=$?; wait; exit $code'
        self.expect(self.bash(script, self.profile_path(), self.fifo), 0)

    def test_one_with_nothing_in_it_is_empty(self) -> None:
        began = time.monotonic()
        self.expect(self.bash('"$0" token --pin-source file:<(:)'), 3, "empty")
        script = '(sleep 1; : >"$1") & "$0" token --pin-source "file:$1"; code=$?; wait; exit $code'
        self.expect(self.bash(script, self.fifo), 3, "empty")
        self.assertLess(time.monotonic() - began, 20)

    def test_a_key_that_a_shell_substitutes_is_imported(self) -> None:
        named = ("--key-id", "a-kid", "--account", self.made["SERVICE_ACCOUNT_ID"], "--profile", "other")
        began = time.monotonic()
        self.expect(self.bash('k=$1; shift; "$0" key import <(cat "$k") "$@"', self.pem(), *named), 0)
        self.assertLess(time.monotonic() - began, 25)
        script = 'k=$1; shift; "$0" key import <(cat "$k") "$@" --force --shred'
        self.expect(self.bash(script, self.pem(), *named), 3, "not a regular file", "--shred")

    # ---- what is no file at all ----

    def test_folders_sockets_and_devices(self) -> None:
        listening = socket.socket(socket.AF_UNIX)
        self.addCleanup(listening.close)
        listening.bind(str(self.dir / "s"))
        for path, cause in ((self.dir, "Is a directory"), (self.dir / "s", "No such device or address"),
                            (Path("/dev/zero"), "longer than")):  # fmt: skip
            with self.subTest(path):
                self.expect(self.run_program("token", "--profile", path), 3, str(path), cause)
                self.expect(self.run_program("token", "--pin-source", f"file:{path}"), 3, str(path), cause)
                names = ("--key-id", "a-kid", "--account", "AN-ACCOUNT")
                self.expect(self.run_program("key", "import", path, *names), 3, str(path), cause)
        self.assertEqual(self.api.asked(), [])


class Descriptors(Case):
    def setUp(self) -> None:
        super().setUp()
        self.made = self.provisioned()

    def sh(self, script: str) -> Result:
        return self.run_command([places.tool("bash"), "-c", script, str(places.program())])

    def test_a_pin_on_standard_input_leaves_it_open(self) -> None:
        show = "readlink /proc/self/fd/0; cat"
        result = self.run_program("exec", "--pin-source", "fd:0", "--", "sh", "-c", show, input=PIN + "\n")
        self.expect(result, 0, out="/dev/null\n")

    def test_no_connection_of_ours_is_standard_input(self) -> None:
        # The second secret is read when the connection is being made.
        env = {"SSA_HSM_PIN_SOURCE": "fd:0", "APS_SECRET_ID": "fd:0"}
        result = self.run_program("token", env=env, input=PIN + "\n", timeout=20)
        self.expect(result, 3, "fd:0")

    def test_one_stream_is_not_read_for_two_secrets(self) -> None:
        """Else the client secret is tried as a PIN, or the PIN is sent to the server."""
        fifo = self.dir / "fifo"
        os.mkfifo(fifo)
        streams = (("fd:0", "fd:0"), ("fd:0", "file:/dev/stdin"), ("file:/dev/stdin", "file:/dev/fd/0"),
                   (f"file:{fifo}", f"file:{fifo}"))  # fmt: skip
        for pin, secret in streams:
            for command in (("key", "list", "--all", "--login"), ("token",), ("key", "create", "-p", "another")):
                with self.subTest(pin, secret=secret, command=command), self.shim() as log:
                    env = {"SSA_HSM_PIN_SOURCE": pin, "APS_SECRET_ID": secret}
                    result = self.run_program(*command, env=env, input=self.api.secret + "\n", timeout=20)
                    self.expect(result, 3, "APS_SECRET_ID", "SSA_HSM_PIN_SOURCE", out="")
                    self.assertEqual(log.count("C_Login"), 0)
        self.assertEqual(self.api.asked(), [])
        # One descriptor each is what was meant.
        script = 'exec 3<<<"$SECRET"; exec "$0" key list --all --login --pin-source fd:0 <<<"$GIVEN"'
        env = {"APS_SECRET_ID": "fd:3", "SECRET": self.api.secret, "GIVEN": PIN}
        self.expect(self.run_command([places.tool("bash"), "-c", script, str(places.program())], env=env), 0)

    def test_standard_output_and_error_are_not_read(self) -> None:
        for fd, name in ((1, "standard output"), (2, "standard error")):
            with self.subTest(fd):
                script = f'printf 1234 >pin; exec "$0" token --pin-source fd:{fd}'
                self.expect(self.sh(script), 3, f"fd:{fd}", name, out="")
                # Open for both, and something in it: it still is where the token goes.
                script = f'printf 1234 >pin; "$0" token --pin-source fd:{fd} {fd}<>pin; code=$?; cat pin; exit $code'
                result = self.sh(script)
                self.assertEqual(result.code, 3)
        self.assertEqual(self.api.asked(), [])

    def test_closed_standard_descriptors(self) -> None:
        self.expect(self.sh('exec "$0" token <&- 2>&-'), 0)
        self.assertNotEqual(self.sh('exec "$0" token >&-').code, 0)
        self.expect(self.sh('exec "$0" token >&-'), 1, "standard output")
        self.assertEqual(self.sh('exec "$0" token <&- >&- 2>&-').code, 1)
        self.expect(self.sh('exec "$0" exec -- sh -c \'test -n "$APS_ACCESS_TOKEN" && echo "$@"\' x y <&-'), 0, out="y\n")

    def test_a_result_that_cannot_be_written_is_an_error(self) -> None:
        for command in ("token", "jwt", "--version", "--help", "key list", "hsm list"):
            with self.subTest(command):
                result = self.sh(f'exec "$0" {command} >/dev/full')
                self.expect(result, 1, "standard output", "No space left on device")
