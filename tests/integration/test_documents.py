"""README.md, SECURITY.md and docs/: every block of commands is run in a shell, every command that they name is there."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import documents
import p11kit
import places
import softtoken
from documents import Block
from harness import SLOW, Case, note
from terminal import Terminal

# Commands that are described before they are there: what a line says, the command, a word of its help.
# A line that says so is left out as long as the program does not know it.
NOT_YET: list[tuple[str, str, str]] = [
    ("ssa-hsm setup", "setup", "setup"),
    ("ssa-hsm doctor", "doctor", "doctor"),
    ("ssa-hsm config show", "config show", "config"),
    ("ssa-hsm profile list", "profile list", "profile"),
    ("ssa-hsm profile show", "profile show", "profile"),
    ("ssa-hsm profile remove", "profile remove", "profile"),
    ("ssa-hsm account provision", "account provision", "provision"),
    ("ssa-hsm help", "help token", "usage"),
    ("ssa-hsm version", "version", "ssa-hsm"),
    ("--offline", "key import", "--offline"),
    ("docker-env", "token", "docker-env"),
    ("account create.* --json", "account create", "--json"),
    ("key create.* --json", "key create", "--json"),
    ("key import.* --json", "key import", "--json"),
    ("--quiet", "token", "--quiet"),
    (r"^--(project|product|admin-user|region|check)\b", "account provision", "--region"),
    ("ssa-hsm key prune  ", "profile remove", "profile"),
    ("ssa-hsm secret remove", "profile remove", "profile"),
]
# Members of JSON that are described before they are there.
MEMBERS_NOT_YET = {"ssa-hsm history --json": {"projectId"}}
# What a person types at a prompt: a pattern, and which of the answers.
PROMPTS = [
    (r"SO PIN: ?$", "so_pin"),
    (r"PIN[^\n]*: ?$", "pin"),
    (r"[Cc]lient secret[^\n]*: ?$", "secret"),
    (r"\(yes/no\) ?$", "yes"),
]
ADMINISTRATOR = "ADMIN4711"
PATIENCE = 60 * SLOW


def _known_now(command: str, word: str) -> bool:
    argv = [str(places.program()), *command.split(), "--help"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return done.returncode == 0 and word in done.stdout


class Documents(Case):
    """What all tests of the documents need."""

    needs_api = False

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.later = [pattern for pattern, command, word in NOT_YET if not _known_now(command, word)]

    def is_later(self, line: str) -> bool:
        return any(re.search(pattern, line) for pattern in self.later)

    def refusal(self, arguments: list[str]) -> str:
        """Why the program does not understand it; empty where it does. Nothing is done: --help goes before all."""
        if "--" in arguments:
            arguments = arguments[: arguments.index("--")]
        # "key import FILE --shred …" and "COMMAND" are how a text speaks of any of them.
        arguments = [word for word in arguments if word not in ("…", "COMMAND", "...")]
        if "[" in "".join(arguments):
            arguments = [word for word in arguments if "[" not in word and "]" not in word]
        done = self.run_program(*arguments, "--help")
        return "" if done.code == 0 else done.err


class Words(Documents):
    """Without running what they say: what is named is there."""

    def test_every_ssa_hsm_in_a_block_is_understood(self) -> None:
        seen = 0
        for document in documents.all_documents():
            for block in document.blocks:
                for line in [] if block.kind == "text" else documents.joined(block.code):
                    for arguments in [] if self.is_later(line) else documents.commands(line):
                        seen += 1
                        with self.subTest(block.place):
                            self.assertEqual(self.refusal(arguments), "", line)
        self.assertGreater(seen, 80)

    def test_every_ssa_hsm_in_the_text_is_understood(self) -> None:
        seen = 0
        for document in documents.all_documents():
            for span in document.spans():
                for arguments in [] if self.is_later(span) else documents.commands(span):
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
        names = re.findall(r"^  ([a-z]+(?: [a-z]+)?)", self.run_program("--help").out, re.MULTILINE)
        for name in {*names, "exec"}:
            known.update(re.findall(r"--[a-z][a-z0-9-]*", self.run_program(*name.split(), "--help").out))
        self.assertIn("--format", known)
        for document in documents.all_documents():
            for span in document.spans():
                if span.startswith("--") and not self.is_later(span):
                    with self.subTest(document.page):
                        self.assertIn(re.split(r"[ =/|]", span)[0], known, span)


    def test_every_command_has_its_row(self) -> None:
        rows = re.findall(r"^\| (`.*?) \|", documents.read(places.documents(), "docs/commands.md").prose, re.MULTILINE)
        described = " ".join(rows)
        names = re.findall(r"^  ([a-z]+(?: [a-z]+)?)  ?", self.run_program("--help").out, re.MULTILINE)
        self.assertGreater(len(names), 20)
        for name in names:
            with self.subTest(name):
                self.assertRegex(described, rf"`{name}\b")
        for name in re.findall(r"`([a-z]+(?: [a-z]+)?)(?=[` ])", described):
            if not self.is_later(f"ssa-hsm {name}") and " " in name:
                with self.subTest(name):
                    self.assertIn(name, names)


class Units(Case):
    """The units and timers: what systemd says of them."""

    needs_api = False

    def test_systemd_accepts_them(self) -> None:
        if not shutil.which("systemd-analyze", path=places.PATH):
            return note("systemd-analyze is not installed: units in the documents are not checked")
        for document in documents.all_documents():
            folder = self.dir / document.page.replace("/", "-")
            folder.mkdir()
            names = []
            for block in document.blocks:
                head = re.match(r"# /etc/systemd/system/(\S+)\n", block.code)
                if block.kind == "ini" and head and ".d/" not in head[1]:
                    # systemd looks whether the program is there.
                    code = re.sub(r"(?<==)/usr/local/bin/ssa-hsm\b", str(places.program()), block.code)
                    (folder / head[1]).write_text(code)
                    names.append(head[1])
            if names:
                with self.subTest(document.page):
                    argv = ["systemd-analyze", "verify", "--man=no", *(str(folder / name) for name in names)]
                    env = {"SYSTEMD_UNIT_PATH": f"{folder}:"}
                    done = self.run_command([places.tool(argv[0]), *argv[1:]], env=env)
                    ours = [line for line in done.err.splitlines() if any(name in line for name in names)]
                    self.assertEqual(ours, [], done.err)


class Person(Terminal):
    """Types what is asked for, until the program ends."""

    def answer_all(self, answers: dict[str, str]) -> int:
        deadline = time.monotonic() + PATIENCE
        while not self.ended() or select.select([self.master], [], [], 0)[0]:
            if time.monotonic() > deadline:
                raise AssertionError(f"still running, the terminal shows:\n{self.screen}")
            if not self._read(0.05):
                if self.ended():
                    break
                continue
            shown = self.screen[self._seen :]
            for pattern, name in PROMPTS:
                if re.search(pattern, shown):
                    self._seen = len(self.screen)
                    # softhsm2-util drops what was typed before it had turned the echo off.
                    time.sleep(0.1)
                    self.send(answers[name] + "\r")
                    break
        assert self.code is not None
        return self.code


class Reader(Documents):
    """A home of a reader's own, and what a reader puts in where the text has words in capitals."""

    needs_api = True

    def begin(self, words: str) -> None:
        """What a reader has here: an empty home, and what the words say."""
        shutil.rmtree(self.home)
        self.home.mkdir()
        self.config = self.home / ".config"
        p11kit.only_softhsm(self.config)
        self.api.clean()
        shutil.rmtree(self.store.tokens)
        self.store.tokens.mkdir(mode=0o700)
        (self.home / "scripts").mkdir()
        (self.home / "scripts/verify-evidence").symlink_to(places.evidence_verifier())
        programs = self.home / "bin"
        programs.mkdir()
        (programs / "ssa-hsm").symlink_to(places.program())
        self.shell_env = {
            "HOME": str(self.home), "PATH": f"{programs}:{places.PATH}", "LC_ALL": "C.UTF-8", "TMPDIR": str(self.dir),
            "TERM": "dumb", "SOFTHSM2_CONF": str(self.store.conf), "SSA_HSM_BASE_URL": self.api.base_url,
            "SSA_HSM_CACERT": self.api.cacert,
        }  # fmt: skip
        have = {
            "nothing": lambda: None,
            "a PKCS#11 token": self.token,
            "an account": self.account,
            "a spare PKCS#11 token": lambda: self.store.initialise("spare"),
            "a rotated key": lambda: self.prepare("key", "rotate", "--import", "plain"),
            "a profile spare": self.spare,
            "a project": lambda: self.hub([]),
            "a member of a project": lambda: self.hub([self.profile()["SSA_EMAIL"]]),
            "an old .env": self.old_env,
            "a PEM": self.pem,
        }
        for word in words.split(", "):
            self.assertIn(word, have, "what a page begins with")
            have[word]()

    def token(self) -> None:
        self.store.copy_from(softtoken.template())

    def prepare(self, *arguments: str) -> None:
        pin = self.dir / "pin"
        env = {**self.shell_env, **self.api.settings(), "SSA_HSM_TOKEN": "work", "SSA_HSM_PIN_SOURCE": f"file:{pin}"}
        argv = [str(places.program()), *arguments]
        done = subprocess.run(argv, env=env, cwd=self.home, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def account(self) -> None:
        self.token()
        self.prepare("account", "create", "service", "mycompany-filesync", "--import", "plain")

    def spare(self) -> None:
        self.store.initialise("spare")
        self.prepare("key", "create", "-p", "spare", "--token", "spare", "--import", "plain")

    def hub(self, members: list[str]) -> None:
        projects = [{"name": "Tower", "members": members}]
        made = self.api.control(
            "POST", "hubs", name="Company", integrated=True, admins=[ADMINISTRATOR], projects=projects
        )
        self.project = made["projects"][0]

    def made_elsewhere(self) -> dict[str, str]:
        """An account and key made without the program, as the walkthrough does it."""
        admin = self.api.admin()
        body = {"name": "old-account", "firstName": "old-first", "lastName": "account"}
        account = self.api.call("POST", "/service-accounts", admin, body).json
        key = self.api.call("POST", f"/service-accounts/{account['serviceAccountId']}/keys", admin).json
        return {
            "APS_CLIENT_ID": self.api.client_id, "APS_SECRET_ID": self.api.secret,
            "SERVICE_ACCOUNT_ID": account["serviceAccountId"], "KEY_ID": key["kid"], "SSA_EMAIL": account["email"],
            "PRIVATE_KEY": key["privateKey"],
        }  # fmt: skip

    def write(self, name: str, text: str) -> None:
        path = self.home / name
        path.touch(mode=0o600)
        path.write_text(text)

    def old_env(self) -> None:
        self.token()
        self.write("old.env", "".join(f'{name}="{value}"\n' for name, value in self.made_elsewhere().items()))

    def pem(self) -> None:
        self.token()
        made = self.made_elsewhere()
        self.write("key.pem", made.pop("PRIVATE_KEY"))
        self.shell_env.update({name: made[name] for name in ("APS_CLIENT_ID", "APS_SECRET_ID")})
        self.elsewhere = made

    # ---- what a reader puts in ----

    def put_in(self, code: str) -> str:
        path = self.profile_path()
        own = self.profile() if path.exists() else getattr(self, "elsewhere", {})
        values = {
            "YOUR_CLIENT_ID": self.api.client_id,
            "YOUR_CLIENT_SECRET": self.api.secret,
            "KEY_ID": own.get("KEY_ID"),
            "ACCOUNT_ID": own.get("SERVICE_ACCOUNT_ID"),
            "ACCOUNT_EMAIL": own.get("SSA_EMAIL"),
            "KEY_URI": own.get("PRIVATE_KEY"),
            "OTHER_KEY_ID": self.other_key(own),
            "FIRST": "service",
            "LAST": "another-account",
            "FILE": "old.env",
            "PROJECT_ID": getattr(self, "project", None),
            "ADMIN_USER_ID": ADMINISTRATOR,
        }

        def value(match: re.Match[str]) -> str:
            found = values[match[0]]
            self.assertIsNotNone(found, f"nothing is there for {match[0]}")
            return str(found)

        return re.sub(rf"(?<![\w${{])({'|'.join(values)})(?![\w=])", value, code)

    def other_key(self, own: dict[str, str]) -> str | None:
        for account in self.api.control("GET", "state")["accounts"]:
            if account["serviceAccountId"] == own.get("SERVICE_ACCOUNT_ID"):
                for key in account["keys"]:
                    if key["kid"] != own.get("KEY_ID"):
                        return str(key["kid"])
        return None

class Pages(Reader):
    """Each page from top to bottom, as a reader does it who copies block after block."""

    def run_block(self, block: Block, lines: list[str]) -> None:
        left = self.dir / "environment"
        script = self.dir / "block.sh"
        # What a block exports, and its folder, stay for the next, as in the reader's shell.
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
        beginning: str | None = "an account"
        for block in documents.read(places.documents(), page).blocks:
            beginning = block.begins_with or beginning
            if block.kind == "sh" and block.not_run is None:
                lines = [line for line in documents.joined(block.code) if not self.is_later(line)]
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


_TYPES = {"text": str, "number": int, "true": bool, "array": list, "object": dict, "time": str}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def _fits(value: object, kind: str) -> bool:
    words = kind.split(" or ")
    if value is None:
        return "null" in words
    if words[0] == "time":
        return isinstance(value, str) and _TIME.fullmatch(value) is not None
    return type(value) is _TYPES[words[0]]


def _flat(value: object, name: str = "") -> Iterator[tuple[str, object]]:
    """Each member with its name as the tables write it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            path = f"{name}.{key}" if name else key
            yield path, inner
            yield from _flat(inner, path)
    elif isinstance(value, list):
        for inner in value:
            yield from _flat(inner, f"{name}[]" if name else "")


class Json(Reader):
    """What is printed has the members that docs/json.md describes, all of them and no others, of these types."""

    def sections(self) -> Iterator[tuple[str, dict[str, str]]]:
        text = documents.read(places.documents(), "docs/json.md").prose
        for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
            rows = re.findall(r"^\| `([\w.\[\]]+)` \| ([a-z ]+) \|", section, re.MULTILINE)
            yield section.split("`")[1], dict(rows)

    def test_each_section(self) -> None:
        seen = 0
        for command, members in self.sections():
            if self.is_later(command):
                continue
            seen += 1
            with self.subTest(command):
                special = {"import": "an old .env", "provision": "an account, a member of a project"}
                self.begin(next((have for word, have in special.items() if word in command), "an account"))
                self.shell_env.update(SSA_HSM_PIN_SOURCE=f"file:{self.dir / 'pin'}", SSA_HSM_TOKEN="work")
                arguments = self.put_in(command).split()[1:]
                if {"create", "import"} & set(arguments):
                    arguments += ["--profile", "another"]
                    self.shell_env.update(self.api.settings())
                if "verify" in arguments:
                    arguments.append("--api")
                done = subprocess.run(
                    [str(places.program()), *arguments], env=self.shell_env, cwd=self.home, capture_output=True,
                    text=True, check=False, stdin=subprocess.DEVNULL,
                )  # fmt: skip
                self.assertEqual(done.returncode, 0, done.stderr)
                self.compare(command, members, json.loads(done.stdout))
        self.assertGreater(seen, 10)

    def compare(self, command: str, members: dict[str, str], document: object) -> None:
        printed = list(_flat(document))
        self.assertTrue(printed)
        for name, value in printed:
            self.assertIn(name, members, "is printed and not described")
            self.assertTrue(_fits(value, members[name]), f"{name} is {value!r} and not {members[name]}")
        if command == "ssa-hsm hsm list --json":
            return  # path, uri and error are members of some of its elements
        names = {name for name, _ in printed} | MEMBERS_NOT_YET.get(command, set())
        empty = {name for name in names if not any(value for printed_name, value in printed if printed_name == name)}
        missing = {name for name in members if name not in names and re.sub(r"(\[\])?\.\w+$", "", name) not in empty}
        self.assertEqual(missing, set(), "is described and not printed")


_add_pages()
