"""An access token for curl, by a pipe: the forms that a shell offers, at a terminal where a PIN must be typed."""

from __future__ import annotations

import shutil

import places
from harness import LABEL, PIN, Case, Result, Terminal


class CurlConfig(Case):
    def setUp(self) -> None:
        super().setUp()
        self.provisioned()
        self.env.pop("SSA_HSM_PIN_SOURCE")
        # What curl is given, without a request: a stand-in that prints its configuration.
        folder = self.dir / "bin"
        folder.mkdir()
        curl = folder / "curl"
        curl.write_text('#!/bin/sh\n[ "$1" = -K ] || exit 2\nif [ "$2" = - ]; then cat; else cat "$2"; fi\n')
        curl.chmod(0o700)
        (folder / "ssa-hsm").symlink_to(places.program())
        self.env["PATH"] = f"{folder}:{self.env['PATH']}"

    def typed_into_bash(self, line: str, asks: bool) -> str:
        bash = shutil.which("bash")
        assert bash
        with Terminal([bash, "--norc", "--noprofile", "-i"], {**self.env, "PS1": "ready> "}, self.dir) as terminal:
            terminal.wait_for("ready> ")
            terminal.send(line + "\r")
            if asks:
                terminal.wait_for(rf'PIN of token "{LABEL}"')
                terminal.wait_echo(False)
                terminal.send(PIN + "\r")
            terminal.wait_for("ready> ")
            terminal.send("exit\r")
            terminal.finish()
            return terminal.screen

    def test_a_pipe(self) -> None:
        screen = self.typed_into_bash("ssa-hsm token -f curl | curl -K -", asks=True)
        self.assertIn('header = "Authorization: Bearer ', screen)
        self.assertNotIn(PIN, screen)

    def test_process_substitution_names_the_pipe(self) -> None:
        # The shell runs it in the background, where no program may read from the terminal.
        screen = self.typed_into_bash("curl -K <(ssa-hsm token --format curl); sleep 1", asks=False)
        self.assertIn("a program in the background of the terminal cannot ask for: PIN of token", screen)
        self.assertIn("`ssa-hsm token -f curl` | curl -K -", screen)
        self.assertNotIn("header", screen)
        self.assertIn("header", self.paste(Result(5, "", screen), "ssa-hsm token -f curl").out)

    def test_process_substitution_with_a_pin_file(self) -> None:
        pin = self.dir / "pin"
        line = f"curl -K <(ssa-hsm token --format curl --pin-source file:{pin})"
        self.assertIn('header = "Authorization: Bearer ', self.typed_into_bash(line, asks=False))
