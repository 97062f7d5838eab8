"""README.md, SECURITY.md and docs/: every block of commands is run in a shell, every command that they name is there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import documents
import kernel_keyring
import places
import softtoken
from documents import Block
from harness import Case, note
from reader import Documents, Person, Reader


class Words(Documents):
    """Without running what they say: what is named is there."""

    def test_every_ssa_hsm_in_a_block_is_understood(self) -> None:
        seen = 0
        for document in documents.all_documents():
            for block in document.blocks:
                for line in [] if block.kind == "text" else documents.joined(block.code):
                    for arguments in documents.commands(line):
                        seen += 1
                        with self.subTest(block.place):
                            self.assertEqual(self.refusal(arguments), "", line)
        self.assertGreater(seen, 80)

    def test_every_ssa_hsm_in_the_text_is_understood(self) -> None:
        seen = 0
        for document in documents.all_documents():
            for span in document.spans():
                for arguments in documents.commands(span):
                    seen += 1
                    with self.subTest(document.page):
                        self.assertEqual(self.refusal(arguments), "", span)
        self.assertGreater(seen, 30)

    def test_a_wrong_one_would_be_seen(self) -> None:
        for line in ("ssa-hsm key rotat", "x | ssa-hsm token --fromat env", "ExecStart=/usr/bin/ssa-hsm tokens"):
            with self.subTest(line):
                (arguments,) = documents.commands(line)
                self.assertNotEqual(self.refusal(arguments), "")

    def test_every_option_in_the_text_is_one(self) -> None:
        known: set[str] = set()
        names = re.findall(r"^  ([a-z]+(?: [a-z]+){0,2})", self.run_program("--help").out, re.MULTILINE)
        for name in {*names, "exec"}:
            known.update(re.findall(r"--[a-z][a-z0-9-]*", self.run_program(*name.split(), "--help").out))
        self.assertIn("--format", known)
        for document in documents.all_documents():
            for span in document.spans():
                if span.startswith("--"):
                    with self.subTest(document.page):
                        self.assertIn(re.split(r"[ =/|]", span)[0], known, span)

    def test_every_command_has_its_row(self) -> None:
        rows = re.findall(r"^\| (`.*?) \|", documents.read(places.documents(), "docs/commands.md").prose, re.MULTILINE)
        described = " ".join(rows)
        names = re.findall(r"^  ([a-z]+(?: [a-z]+){0,2})  ?", self.run_program("--help").out, re.MULTILINE)
        self.assertGreater(len(names), 20)
        for name in names:
            with self.subTest(name):
                self.assertRegex(described, rf"`{name}\b")
        for name in re.findall(r"`([a-z]+(?: [a-z]+){0,2})(?=[` ])", described):
            if " " in name:
                with self.subTest(name):
                    self.assertIn(name, names)


class Units(Case):
    """The units and timers: what systemd says of them."""

    needs_api = False

    def test_systemd_accepts_them(self) -> None:
        if not shutil.which("systemd-analyze", path=places.PATH):
            return note("systemd-analyze is not installed: units in the documents are not checked")
        seen = 0
        for document in documents.all_documents():
            folder = self.dir / document.page.replace("/", "-")
            folder.mkdir()
            names = []
            for block in document.blocks:
                if block.kind != "ini":
                    continue
                # A part of a unit, as `systemctl edit` writes it, is looked at by itself.
                head = re.match(r"# (?:/etc/systemd/system|~/\.config/systemd/user)/([\w@.-]+?)(?:\.d/override\.conf)?\n", block.code)
                assert head, f"{block.place}: the first line of a unit says where it goes"
                # systemd looks whether the program is there.
                code = re.sub(r"(?<==)/usr/local/bin/ssa-hsm\b", str(places.program()), block.code)
                (folder / head[1]).write_text(code)
                names.append(head[1])
            seen += len(names)
            if names:
                with self.subTest(document.page):
                    argv = ["systemd-analyze", "verify", "--man=no", *(str(folder / name) for name in names)]
                    env = {"SYSTEMD_UNIT_PATH": f"{folder}:"}
                    done = self.run_command([places.tool(argv[0]), *argv[1:]], env=env)
                    ours = [line for line in done.err.splitlines() if any(name in line for name in names)]
                    self.assertEqual(ours, [], done.err)
        self.assertGreater(seen, 5)


class Pages(Reader):
    """Each page from top to bottom, as a reader does it who copies block after block."""

    def run_block(self, block: Block, lines: list[str]) -> None:
        left = self.dir / "environment"
        script = self.dir / "block.sh"
        # What a block exports stays for the next, as in the reader's shell.
        script.write_text(f"trap 'env -0 >{left}' EXIT\n" + self.put_in("\n".join(lines)) + "\n")
        argv = [places.tool("bash"), "-e", "-o", "pipefail", str(script)]
        answers = {"pin": softtoken.PIN, "so_pin": softtoken.SO_PIN, "secret": self.api.secret, "yes": "yes"}
        with Person(argv, self.shell_env, self.home) as person:
            code = person.answer_all(answers)
        self.assertEqual(code, 0, f"{block.place}:\n{block.code}\nthe terminal shows:\n{person.screen}")
        for secret in (softtoken.PIN, self.api.secret):
            self.assertNotIn(secret, person.screen, f"{block.place}: a secret was shown")
        self.shell_env = dict(
            entry.split("=", 1) for entry in left.read_bytes().decode().split("\0") if "=" in entry
        )
        for name in ("_", "SHLVL", "PWD", "OLDPWD"):
            self.shell_env.pop(name, None)

    def run_page(self, page: str) -> None:
        self.addCleanup(kernel_keyring.forget, self.api.base_url)
        beginning: str | None = "an account"
        for block in documents.read(places.documents(), page).blocks:
            beginning = block.begins_with or beginning
            if block.kind == "sh" and block.not_run is None:
                lines = documents.joined(block.code)
                if lines and beginning:
                    self.begin(beginning)
                    beginning = None
                if lines:
                    self.run_block(block, lines)


def _add_pages() -> None:
    for page in documents.pages(places.documents()):

        def test(self: Pages, page: str = page) -> None:
            self.run_page(page)

        setattr(Pages, f"test_{Path(page).stem.lower().replace('-', '_')}", test)


_add_pages()
