"""Questions at a real terminal: nothing typed is shown, and whatever ends the question gives the echo back."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from fault_support import CREATE, eventually
from harness import SLOW, Terminal
from pin_support import AGAIN, PIN, WRONG, PinCase

PROMPT = r"PIN of token[^\n]*: "
WAIT = 10 * SLOW  # one that hangs is to be seen soon
JOB = Path(__file__).resolve().parent / "pin_job.py"


class PromptCase(PinCase):
    def setUp(self) -> None:
        super().setUp()
        self.env.pop("SSA_HSM_PIN_SOURCE")

    @contextlib.contextmanager
    def asked(self, *arguments: str) -> Iterator[Terminal]:
        """At the prompt, with the echo off."""
        with self.terminal(*(arguments or ("jwt",))) as terminal:
            terminal.wait_for(PROMPT)
            terminal.wait_echo(False)
            yield terminal

    def assert_hidden(self, terminal: Terminal) -> None:
        for secret in (PIN, WRONG):
            self.assertNotIn(secret, terminal.screen + terminal.out)


class Prompt(PromptCase):
    def test_nothing_is_shown_and_the_echo_comes_back(self) -> None:
        with self.asked() as terminal:
            terminal.send(PIN + "\r")
            self.assertEqual(terminal.finish(WAIT), 0, terminal.screen)
            self.assertTrue(terminal.echo())
            self.assert_hidden(terminal)
            self.assertEqual(terminal.out.count("."), 2)

    def test_it_names_the_token_and_its_serial(self) -> None:
        serial = self.values["PRIVATE_KEY"].split("serial=")[1].split(";")[0]
        with self.asked() as terminal:
            prompt = terminal.screen.splitlines()[-1]
            self.assertIn('"work"', prompt)
            self.assertIn(serial, prompt)

    def test_a_wrong_pin_is_not_typed_again_without_a_yes(self) -> None:
        with self.shim() as log, self.asked() as terminal:
            terminal.send(WRONG + "\r")
            terminal.wait_for(AGAIN[0])
            terminal.send(AGAIN[1] + "\r")
            self.assertEqual(terminal.finish(WAIT), 5)
            self.assertIn("CKR_PIN_INCORRECT", terminal.screen)
            self.assertTrue(terminal.echo())
            self.assert_hidden(terminal)
        self.assertEqual(log.count("C_Login"), 1)

    def test_standard_input_is_not_used(self) -> None:
        for redirection in ("</dev/null", "<&-"):
            with self.subTest(redirection):
                argv = ["/bin/sh", "-c", f'exec "$@" {redirection}', "sh", *self.argv("jwt")]
                with Terminal(argv, self.environment(), self.dir, self.dir / "out") as terminal:
                    terminal.wait_for(PROMPT)
                    terminal.wait_echo(False)
                    terminal.send(PIN + "\r")
                    self.assertEqual(terminal.finish(WAIT), 0, terminal.screen)

    def test_the_prompt_is_no_part_of_redirected_output(self) -> None:
        argv = ["/bin/sh", "-c", 'exec "$@" >out 2>err', "sh", *self.argv("jwt")]
        with Terminal(argv, self.environment(), self.dir) as terminal:
            terminal.wait_for(PROMPT)
            terminal.wait_echo(False)
            terminal.send(PIN + "\r")
            self.assertEqual(terminal.finish(WAIT), 0)
        self.assertEqual((self.dir / "err").read_text(), "")
        self.assertEqual((self.dir / "out").read_text().count("."), 2)

    def test_what_is_typed_ahead_is_no_pin(self) -> None:
        here = self.dir / "here"
        with self.shim(f"C_OpenSession 1 touch {here} sleep 400") as log, self.terminal("jwt") as terminal:
            eventually(here.exists, "the token is being opened")
            terminal.send("typed-ahead\r")
            terminal.wait_for(PROMPT)
            terminal.wait_echo(False)
            terminal.send(PIN + "\r")
            self.assertEqual(terminal.finish(WAIT), 0, terminal.screen)
        self.assertEqual([c.rv for c in log.of("C_Login")], ["CKR_OK"])

    def test_a_mistake_can_be_rubbed_out(self) -> None:
        with self.asked() as terminal:
            terminal.send("oops\x15" + PIN + "X\x7f\r")
            self.assertEqual(terminal.finish(WAIT), 0, terminal.screen)

    def test_nothing_typed(self) -> None:
        for keys in ("\r", "\x04"):
            with self.subTest(keys), self.shim() as log:
                with self.asked() as terminal:
                    terminal.send(keys)
                    self.assertEqual(terminal.finish(WAIT), 5, terminal.screen)
                    self.assertIn("nothing was typed", terminal.screen)
                    self.assertTrue(terminal.echo())
                self.assertEqual(log.count("C_Login"), 0)

    def test_too_long_an_answer(self) -> None:
        with self.shim() as log, self.asked() as terminal:
            terminal.send("7" * 1000 + "\r")
            self.assertEqual(terminal.finish(WAIT), 5, terminal.screen)
            self.assertIn("longer than", terminal.screen)
            self.assertTrue(terminal.echo())
            self.assertNotIn("777", terminal.screen)
        self.assertEqual(log.count("C_Login"), 0)

    def test_the_terminal_goes_away(self) -> None:
        with self.terminal("jwt") as terminal:
            terminal.wait_for(PROMPT)
            terminal.signal(signal.SIGHUP)
            self.assertEqual(terminal.finish(WAIT), -signal.SIGHUP)

    def test_no_terminal(self) -> None:
        self.jwt(code=5, words=("no terminal", "SSA_HSM_PIN_SOURCE", "file:PATH"))
        self.expect_failure(self.run_program("token", env={"APS_SECRET_ID": None, "SSA_HSM_PROFILE": None}), 5)

    def test_a_label_cannot_steer_the_terminal(self) -> None:
        serial = self.values["PRIVATE_KEY"].split("serial=")[1].split(";")[0]
        self.env["PRIVATE_KEY"] = f"pkcs11:serial={serial};id=" + "".join(
            f"%{b:02x}" for b in self.values["KEY_ID"].encode()
        )
        self.env |= {n: self.values[n] for n in ("SERVICE_ACCOUNT_ID", "KEY_ID", "SSA_EMAIL")}
        with self.shim('token label "a\x1b[2Jb\u202ec"'), self.asked() as terminal:
            terminal.send(PIN + "\r")
            self.assertEqual(terminal.finish(WAIT), 0, terminal.screen)
            self.assertNotIn("\x1b", terminal.screen)
            self.assertNotIn("\u202e", terminal.screen)


class ClientSecret(PromptCase):
    def bare(self) -> dict[str, str]:
        """A profile without the secret, as after `account create` with a reference."""
        values = {n: v for n, v in self.values.items() if n != "APS_SECRET_ID"}
        self.write_profile(values)
        self.env.pop("APS_SECRET_ID")
        return values

    def test_it_is_asked_for_before_the_pin(self) -> None:
        self.bare()
        with self.terminal("token") as terminal:
            terminal.wait_for(f"Client secret of {self.api.client_id}: ")
            terminal.wait_echo(False)
            terminal.send(self.api.secret + "\r")
            terminal.wait_for(PROMPT)
            terminal.wait_echo(False)
            terminal.send(PIN + "\r")
            self.assertEqual(terminal.finish(WAIT), 0, terminal.screen)
            self.assertNotIn(self.api.secret, terminal.screen)
            self.assert_hidden(terminal)
            self.assertTrue(terminal.echo())

    def test_a_wrong_one_is_refused_by_the_server(self) -> None:
        self.bare()
        self.env["SSA_HSM_PIN_SOURCE"] = f"file:{self.pin_file}"
        result = self.typed("token", answers=[("Client secret of", "not-the-secret")])
        self.expect(result, 9, "HTTP 401")
        self.assertNotIn("not-the-secret", result.err)

    def test_no_terminal(self) -> None:
        self.bare()
        self.env["SSA_HSM_PIN_SOURCE"] = f"file:{self.pin_file}"
        with self.shim() as log:
            self.expect_failure(self.run_program("token"), 3, "no terminal", "APS_SECRET_ID")
        self.assertEqual(log.count("C_Login"), 0)

    def test_interrupted(self) -> None:
        self.bare()
        with self.terminal("token") as terminal:
            terminal.wait_for("Client secret of")
            terminal.wait_echo(False)
            terminal.send("\x03")
            self.assertEqual(terminal.finish(WAIT), -signal.SIGINT)
            self.assertTrue(terminal.echo())
        self.assertEqual(self.api.asked(), [])


class Signals(PromptCase):
    def test_what_ends_the_program_gives_the_echo_back(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            with self.subTest(number.name), self.shim() as log:
                with self.asked() as terminal:
                    terminal.signal(number)
                    self.assertEqual(terminal.finish(WAIT), -number, terminal.screen)
                    self.assertTrue(terminal.echo())
                self.assertEqual(log.count("C_Login"), 0)

    def test_control_c(self) -> None:
        with self.shim() as log, self.asked() as terminal:
            terminal.send("47\x03")
            self.assertEqual(terminal.finish(WAIT), -signal.SIGINT)
            self.assertTrue(terminal.echo())
            self.assertNotIn("47\n", terminal.screen)
        self.assertEqual(log.count("C_Login"), 0)
        self.assertEqual(log.names[-1], "C_Finalize")

    def test_a_creation_that_is_ended_at_the_prompt_leaves_nothing(self) -> None:
        self.profile_path().unlink()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            with self.subTest(number.name), self.asked(*CREATE) as terminal:
                terminal.signal(number)
                self.assertEqual(terminal.finish(WAIT), -number, terminal.screen)
                self.assertEqual(self.files(), [])
        self.assertEqual(self.api.asked(), [])

    def test_control_c_while_a_yes_is_asked_for(self) -> None:
        with self.shim("token flags +CKF_USER_PIN_FINAL_TRY") as log, self.terminal("jwt") as terminal:
            terminal.wait_for("yes/no")
            terminal.send("\x03")
            self.assertEqual(terminal.finish(WAIT), -signal.SIGINT)
        self.assertEqual(log.count("C_Login"), 0)

    def job(self, *arguments: str) -> Terminal:
        argv = [sys.executable, str(JOB), *self.argv(*arguments)]
        return Terminal(argv, self.environment(), self.dir)

    def test_control_z_and_fg(self) -> None:
        with self.shim() as log, self.job("jwt") as terminal:
            for _ in range(2):
                terminal.wait_for(PROMPT)
                terminal.wait_echo(False)
                terminal.send("half\x1a")
                terminal.wait_for(r"\[stopped\]")
                self.assertTrue(terminal.echo(), "the shell was left without echo")
                terminal.send("fg\r")
            terminal.wait_for(PROMPT)
            terminal.wait_echo(False)
            terminal.send(PIN + "\r")
            terminal.wait_for(r"\[ended 0\]")
            self.assertTrue(terminal.echo())
            self.assertNotIn("half", terminal.screen)
            self.assert_hidden(terminal)
        self.assertEqual([c.rv for c in log.of("C_Login")], ["CKR_OK"])

    def test_control_z_and_fg_while_a_yes_is_asked_for(self) -> None:
        with self.shim("token flags +CKF_USER_PIN_FINAL_TRY"), self.job("jwt") as terminal:
            for _ in range(2):
                terminal.wait_for("yes/no")
                terminal.send("ye\x1a")
                terminal.wait_for(r"\[stopped\]")
                terminal.send("fg\r")
            terminal.wait_for("yes/no")
            terminal.send("yes\r")
            terminal.wait_for(PROMPT)
            terminal.wait_echo(False)
            terminal.send(PIN + "\r")
            terminal.wait_for(r"\[ended 0\]")

    def test_terminated_while_it_is_stopped(self) -> None:
        with self.job("jwt") as terminal:
            terminal.wait_for(PROMPT)
            terminal.wait_echo(False)
            terminal.send("\x1a")
            terminal.wait_for(r"\[stopped\]")
            terminal.send("fg\r")
            terminal.wait_for(PROMPT)
            terminal.wait_echo(False)
            terminal.send("\x03")
            terminal.wait_for(r"\[ended -2\]")
            self.assertTrue(terminal.echo())
