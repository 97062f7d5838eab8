"""A reader of the documents: has an empty home, puts in what the text has in capitals, and types what is asked for."""

from __future__ import annotations

import re
import select
import shutil
import subprocess
import time

import p11kit
import places
import softtoken
from harness import SLOW, Case
from ports import free_port
from terminal import Terminal

# What a person types at a prompt: a pattern, and which of the answers.
PROMPTS = [
    (r"SO PIN: ?$", "so_pin"),
    (r"PIN[^\n]*: ?$", "pin"),
    (r"[Cc]lient secret[^\n]*: ?$", "secret"),
    (r"\(yes/no\) ?$", "yes"),
]
ADMINISTRATOR = "ADMIN4711"
PATIENCE = 60 * SLOW


class Documents(Case):
    """What all tests of the documents need."""

    needs_api = False

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
        self.ports: dict[str, str] = {}
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
            "SSA_HSM_CACERT": self.api.cacert, "XDG_RUNTIME_DIR": str(self.dir / "run"),
        }  # fmt: skip
        (self.dir / "run").mkdir(mode=0o700, exist_ok=True)
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
            "an account of another machine": self.account_elsewhere,
            "a PEM": self.pem,
            "a caller": self.caller,
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

    def account_elsewhere(self) -> None:
        self.elsewhere = self.made_elsewhere()

    def pem(self) -> None:
        self.token()
        made = self.made_elsewhere()
        self.write("key.pem", made.pop("PRIVATE_KEY"))
        self.shell_env.update({name: made[name] for name in ("APS_CLIENT_ID", "APS_SECRET_ID")})
        self.elsewhere = made

    def caller(self) -> None:
        self.account()
        self.prepare("agent", "caller", "add", "postman", "--scope", "data:read")

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

        # The ports of the text may be in use here.
        code = re.sub(r"(?<=[ :])(8091|8443)\b", lambda match: self.free_port(match[1]), code)

        def value(match: re.Match[str]) -> str:
            found = values[match[0]]
            self.assertIsNotNone(found, f"nothing is there for {match[0]}")
            return str(found)

        return re.sub(rf"(?<![\w${{])({'|'.join(values)})(?![\w=])", value, code)

    def free_port(self, named: str) -> str:
        """The same one for each block of a page."""
        if named not in self.ports:
            self.ports[named] = str(free_port())
        return self.ports[named]

    def other_key(self, own: dict[str, str]) -> str | None:
        for account in self.api.control("GET", "state")["accounts"]:
            if account["serviceAccountId"] == own.get("SERVICE_ACCOUNT_ID"):
                for key in account["keys"]:
                    if key["kid"] != own.get("KEY_ID"):
                        return str(key["kid"])
        return None
