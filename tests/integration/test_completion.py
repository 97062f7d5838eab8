"""Completion: what the program offers, and that bash, zsh and fish put it into the line."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator

import helppages
import places
from bad_module import BadModuleCase
from harness import LABEL, SLOW, TIMEOUT, Case
from terminal import Terminal


class Offers(Case):
    """`ssa-hsm complete -- WORD...`, which the shells ask."""

    needs_api = False

    def offered(self, *words: str, **env: str | None) -> list[str]:
        result = self.expect(self.run_program("complete", "--", *words, env=env), 0)
        self.assertEqual(result.err, "")
        return [line.split("\t")[0] for line in result.out.splitlines()]

    def profile_of(self, name: str, **values: str) -> None:
        self.write_profile(values, name)

    def test_commands(self) -> None:
        first = {command.split()[0] for command in helppages.commands()}
        self.assertEqual(sorted(self.offered("")), sorted(first))
        self.assertEqual(self.offered("tok"), ["token"])
        of_key = [command.split()[1] for command in helppages.commands() if command.startswith("key ")]
        self.assertEqual(sorted(self.offered("key", "")), sorted(of_key))
        self.assertEqual(sorted(self.offered("-p", "x", "--timeout=3", "key", "")), sorted(of_key))
        self.assertEqual(sorted(self.offered("help", "key", "")), sorted(of_key))
        self.assertEqual(self.offered("agent", "ca"), ["caller"])
        for words in (("agent", "caller"), ("help", "agent", "caller")):
            self.assertEqual(sorted(self.offered(*words, "")), ["add", "list", "remove"])
        self.assertEqual(self.offered("nonsense", ""), [])
        self.assertEqual(self.offered("key", "list", ""), [])

    def test_the_options_of_the_command_and_no_others(self) -> None:
        for command in helppages.commands():
            shown = {f"--{option}" for option in helppages.page(command).options()}
            offered = set(self.offered(*command.split(), "-"))
            with self.subTest(command=command):
                self.assertLessEqual(shown, offered)
                self.assertLessEqual(offered - shown, {"--version", "--timeout", "--verbose", "--quiet"})
        self.assertEqual(self.offered("token", "--form"), ["--format"])
        self.assertEqual(self.offered("token", "--shr"), [])
        # Behind the end of the options there are none.
        self.assertEqual(self.offered("key", "import", "--", "--f"), [":files"])

    def test_values(self) -> None:
        formats = ["json", "token", "header", "env", "docker-env", "curl"]
        self.assertEqual(self.offered("token", "--format", ""), formats)
        self.assertEqual(self.offered("--format", ""), formats)
        self.assertEqual(self.offered("token", "-f", "j"), ["json"])
        self.assertEqual(self.offered("token", "-vf", "j"), ["json"])
        self.assertEqual(self.offered("token", "--format=h"), ["--format=header"])
        self.assertEqual(self.offered("key", "create", "--import", ""), ["auto", "plain", "wrap"])
        self.assertEqual(self.offered("token", "--pin-source", "f"), ["file:", "fd:"])
        # A switch here, and a value there.
        self.profile_of("default", KEY_ID="K1")
        self.assertEqual(self.offered("key", "rotate", "--replace", ""), ["K1"])
        self.assertEqual(self.offered("key", "create", "--replace", ""), [])

    def test_files_are_the_shell_s(self) -> None:
        self.assertEqual(self.offered("key", "import", ""), [":files"])
        self.assertEqual(self.offered("token", "--cacert", "x"), [":files"])
        self.assertEqual(self.offered("token", "--cacert=x"), [":files --cacert="])
        self.assertEqual(self.offered("token", "--capath", ""), [":folders"])
        self.assertEqual(self.offered("exec", "--", ""), [":programs"])
        self.assertEqual(self.offered("exec", "-v", "cur"), [":programs"])
        self.assertEqual(self.offered("exec", "curl", "-"), [":files"])
        self.assertEqual(self.offered("token", "-p", "./"), [":files"])

    def test_profiles_and_what_is_in_them(self) -> None:
        self.profile_of("work", KEY_ID="K1", SERVICE_ACCOUNT_ID="A1", SSA_EMAIL="one@example.com")
        self.profile_of("spare", KEY_ID="K2", APS_SECRET_ID="not-to-be-seen")
        (self.profile_path().parent / "broken.env").write_text('KEY_ID="')
        (self.profile_path().parent / "notes.txt").write_text("KEY_ID=no\n")
        os.mkfifo(self.profile_path("fifo"), 0o600)
        self.assertEqual(sorted(self.offered("-p", "")), ["broken", "fifo", "spare", "work"])
        self.assertEqual(self.offered("token", "--profile=w"), ["--profile=work"])
        self.assertEqual(sorted(self.offered("key", "show", "")), ["K1", "K2"])
        self.assertEqual(sorted(self.offered("account", "delete", "")), ["A1", "one@example.com"])
        self.assertEqual(self.offered("key", "list", "-a", "o"), ["one@example.com"])

    def test_a_word_that_could_harm_a_terminal_is_not_offered(self) -> None:
        self.profile_of("a\x1b[2Jb", KEY_ID="K\x1b[2J")
        self.assertEqual(self.offered("-p", ""), [])
        self.assertEqual(self.offered("key", "show", ""), [])

    def test_pkcs11_tokens_without_a_login(self) -> None:
        with self.shim() as log:
            (uri,) = self.offered("hsm", "list", "--token", "")
            self.assertEqual(log.count("C_Login"), 0)
        self.assertIn(f"token={LABEL}", uri)
        module = str(places.softhsm())
        (uri,) = self.offered("hsm", "list", "--module", module, "--token", "pkcs11:", SSA_HSM_MODULE=None)
        self.assertIn(f"token={LABEL}", uri)
        self.assertEqual(self.offered("hsm", "list", "--token", "x"), [])

    def test_nothing_is_said_where_nothing_is_known(self) -> None:
        self.assertEqual(self.offered("hsm", "list", "--token", "", SSA_HSM_MODULE="/nowhere.so"), [])
        self.assertEqual(self.offered("-p", "", HOME=None, XDG_CONFIG_HOME=None), [])

    def test_it_is_not_shown_itself(self) -> None:
        self.assertNotIn("complete", helppages.commands())
        self.assertNotIn("complete", self.offered("c"))
        self.expect(self.run_program("complet"), 2)
        self.assertNotIn("complete", self.run_program("complet").err.replace("complet\"", ""))
        self.expect(self.run_program("complete"), 125, "complete needs")


class Hanging(BadModuleCase):
    def test_a_module_that_hangs_is_not_waited_for(self) -> None:
        for function in ("C_Initialize", "C_GetSlotList", "C_Finalize"):
            with self.subTest(function=function):
                env = self.bad(function, "hang")
                began = time.monotonic()
                self.run_program("complete", "--", "hsm", "list", "--token", "", env=env)
                self.assertLess(time.monotonic() - began, 4 * SLOW)


# The keys Control-X w write the line as it is into the file "line", and empty it.
_BASH = """
PS1='READY> '
source "$COMPLETIONS/ssa-hsm.bash"
bind 'set enable-bracketed-paste off'
taken() { printf '%s' "$READLINE_LINE" >line.new; mv line.new line; READLINE_LINE=''; READLINE_POINT=0; }
bind -x '"\C-xw": taken'
"""
_ZSH = """
PS1='READY> '
unsetopt PROMPT_SP
fpath=("$COMPLETIONS" $fpath)
autoload -Uz compinit
compinit -u -d "$PWD/dump"
taken() { print -rn -- "$BUFFER" >line.new; mv line.new line; BUFFER='' }
zle -N taken
bindkey '^Xw' taken
"""
_FISH = """
function fish_prompt; printf 'READY> '; end
function fish_greeting; end
source $COMPLETIONS/ssa-hsm.fish
function taken; commandline | string collect | tr -d '\\n' >line.new; mv line.new line; commandline ''; end
bind \\cxw taken
"""


class Shells(Case):
    """A person at each shell, who types the tab key."""

    needs_api = False

    def setUp(self) -> None:
        super().setUp()
        folder = self.dir / "bin"
        folder.mkdir()
        (folder / "ssa-hsm").symlink_to(places.program())
        self.env.update(
            PATH=f"{folder}:{places.PATH}", COMPLETIONS=str(places.completions()), TERM="xterm", ZDOTDIR=str(self.dir)
        )
        self.write_profile({"KEY_ID": "K1"}, "work")
        (self.dir / "old file.env").write_text("")

    @contextlib.contextmanager
    def shell(self, name: str) -> Iterator[Callable[[str], str]]:
        """Gives what makes a typed line a completed one."""
        rc = self.dir / ".zshrc"
        rc.write_text({"bash": _BASH, "zsh": _ZSH, "fish": _FISH}[name])
        options = {"bash": ["--rcfile", str(rc), "-i"], "zsh": ["-d", "-i"], "fish": ["--no-config", "-C", f"source {rc}"]}
        with Terminal([places.tool(name), *options[name]], self.environment(), self.dir) as terminal:
            terminal.wait_for("READY> ", TIMEOUT)

            def completed(typed: str) -> str:
                line = self.dir / "line"
                terminal.send(typed + "\t")
                # What the shell shows is its business. It takes one key after the other.
                terminal.send("\x18w")
                deadline = time.monotonic() + TIMEOUT
                while not line.exists():
                    self.assertLess(time.monotonic(), deadline, terminal.screen)
                    terminal._read(0.02)
                text = line.read_text()
                line.unlink()
                return text

            yield completed

    def complete_words(self, completed: Callable[[str], str]) -> None:
        for typed, expected in (
            ("ssa-hsm tok", "ssa-hsm token "),
            ("ssa-hsm key rot", "ssa-hsm key rotate "),
            ("ssa-hsm -v key rot", "ssa-hsm -v key rotate "),
            ("ssa-hsm token --form", "ssa-hsm token --format "),
            ("ssa-hsm token --shr", "ssa-hsm token --shr"),
            ("ssa-hsm token --format=cu", "ssa-hsm token --format=curl "),
            ("ssa-hsm token --format he", "ssa-hsm token --format header "),
            ("ssa-hsm token -p w", "ssa-hsm token -p work "),
            ("ssa-hsm key show K", "ssa-hsm key show K1 "),
            ("ssa-hsm token --pin-source cre", "ssa-hsm token --pin-source credential:"),
            ("ssa-hsm key import ol", "ssa-hsm key import old\\ file.env "),
            ("ssa-hsm exec -- printen", "ssa-hsm exec -- printenv "),
        ):
            with self.subTest(typed=typed):
                self.assertEqual(completed(typed), expected)

    def complete_uri(self, completed: Callable[[str], str]) -> None:
        # It has semicolons, which the shell would take for the end of the command.
        line = completed("ssa-hsm hsm list --token pkcs")
        shown = self.run_command(["/bin/sh", "-c", line.replace("ssa-hsm hsm list --token", "printf %s")])
        self.assertRegex(shown.out, f"^pkcs11:.*;.*token={LABEL}", line)
        result = self.run_command(["/bin/sh", "-c", line.replace("hsm list", "hsm list --login")])
        self.expect(result, 0)

    def test_bash(self) -> None:
        with self.shell("bash") as completed:
            self.complete_words(completed)
            self.complete_uri(completed)
            line = completed("ssa-hsm hsm list --token pkcs")
            self.assertEqual(completed("ssa-hsm hsm list --token pkcs11:"), line)
            self.assertEqual(completed("ssa-hsm hsm list --token=pkcs"), line.replace("--token ", "--token="))
            self.assertEqual(completed("ssa-hsm token --cacert=ol"), "ssa-hsm token --cacert=old\\ file.env ")
            quoted = completed("ssa-hsm hsm list --token 'pkcs")
            self.assertEqual(quoted.replace("'", ""), line.replace("\\", ""))
            self.assertEqual(quoted.count("'"), 2)

    def test_zsh(self) -> None:
        with self.shell("zsh") as completed:
            self.complete_words(completed)
            self.complete_uri(completed)
            self.assertEqual(completed("ssa-hsm token --cacert=ol"), "ssa-hsm token --cacert=old\\ file.env ")

    def test_fish(self) -> None:
        with self.shell("fish") as completed:
            self.complete_words(completed)
            self.complete_uri(completed)

    def test_fish_shows_what_each_is(self) -> None:
        script = f"source {places.completions()}/ssa-hsm.fish; complete -C 'ssa-hsm key rot'"
        result = self.run_command([places.tool("fish"), "--no-config", "-c", script])
        self.assertEqual(result.out, "rotate\treplace the profile's key by a new one\n")
