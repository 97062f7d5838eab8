"""For tests of setup: a person who answers its questions, whatever their order, and may stop at any of them."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import masking
import softtoken
from harness import PIN, SLOW, Case, Result, Terminal

# Each is asked at the end of a line.
CLIENT_ID = r"Client id(?: \[[^\]]*\])?: "
SECRET = r"Client secret of [^\n]*: "
PROMPT = r"PIN of token[^\n]*: "
STORE = r"Put the client secret on the PKCS#11 token\? \(yes/no\) "
KEEP = r"Keep it there\? \(yes/no\) "
FIRST = r"First part of the name \[[^\]]*\]: "
LAST = r"Last part of the name \[[^\]]*\]: "
NUMBER = r"Its number \(1 to \d+; nothing to stop\): "
IMPORT = r"Put this key on a PKCS#11 token\? \(yes/no\) "
DESTROY = r"Destroy [^\n]*\? \(yes/no\) "
CHANGE = r"Change [^\n]* so\? \(yes/no\) "
RECOVER = r"Finish or undo it now\? \(yes/no\) "
RECALL = r"Use it\? \(yes/no\) "
ANY = r"(?:\(yes/no\) |: )\Z"
LIMIT = 60 * SLOW
DECLINED = 15  # the exit code of a person who says no


class SetupCase(Case):
    def setUp(self) -> None:
        super().setUp()
        self.api.forget_requests()
        for name in ("SSA_HSM_TOKEN", "SSA_HSM_PIN_SOURCE", "APS_CLIENT_ID", "APS_SECRET_ID"):
            self.env.pop(name)
        self.work = self.dir / "work"
        self.work.mkdir()
        self.asked: list[str] = []  # the questions of the last run, in their order

    def without_configuration(self) -> None:
        """SoftHSM looks for one in the home, and then takes the system's, which must be closed to this user."""
        self.assertFalse(os.access("/var/lib/softhsm/tokens", os.W_OK), "a test would write SoftHSM's own folder")
        self.env.pop("SOFTHSM2_CONF")

    def old(self, *, name: str = ".env", before: str = "", after: str = "", **changes: str | None) -> Path:
        """An old .env with a key, as text, of an account of its own."""
        token = self.api.admin()
        body = {"name": "old-account", "firstName": "old-first", "lastName": "account"}
        account = self.api.call("POST", "/service-accounts", token, body).json
        key = self.api.call("POST", f"/service-accounts/{account['serviceAccountId']}/keys", token).json
        self.api.forget_requests()
        self.old_key = key["privateKey"]
        values: dict[str, str | None] = {
            "APS_CLIENT_ID": self.api.client_id, "APS_SECRET_ID": self.api.secret,
            "SERVICE_ACCOUNT_ID": account["serviceAccountId"], "KEY_ID": key["kid"], "SSA_EMAIL": account["email"],
            "PRIVATE_KEY": key["privateKey"],
        }  # fmt: skip
        values |= changes
        path = self.work / name
        path.touch(mode=0o600)
        path.write_text(before + "".join(f'{n}="{v}"\n' for n, v in values.items() if v is not None) + after)
        self.values = values
        return path

    def answers(self, changes: dict[str, str] | None = None) -> dict[str, str]:
        """What somebody says who wants all of it."""
        usual = {
            CLIENT_ID: self.api.client_id, SECRET: self.api.secret, PROMPT: PIN, STORE: "yes", KEEP: "yes",
            FIRST: "", LAST: "guided-setup", NUMBER: "1", IMPORT: "yes", DESTROY: "yes", CHANGE: "yes",
            RECOVER: "yes", RECALL: "yes",
        }  # fmt: skip
        return {**(changes or {}), **{p: a for p, a in usual.items() if p not in (changes or {})}}

    def converse(
        self,
        terminal: Terminal,
        answers: dict[str, str],
        stop_at: int | None = None,
        kill_when: Callable[[], bool] | None = None,
    ) -> int:
        """Answers each question; at the one with this number, counted from 0, it is interrupted instead."""
        deadline = time.monotonic() + LIMIT
        seen = 0
        self.asked = []
        while not terminal.ended():
            self.assertLess(time.monotonic(), deadline, masking.mask(terminal.screen))
            terminal._read(0.02)
            if kill_when and kill_when():
                terminal.signal(signal.SIGKILL)
                return terminal.finish()
            question = terminal.screen[seen:].rpartition("\n")[2]
            if not re.search(ANY, question):
                continue
            found = next((p for p in answers if re.search(p + r"\Z", question)), None)
            self.assertIsNotNone(found, masking.mask(terminal.screen))
            assert found
            if found in (SECRET, PROMPT):
                terminal.wait_echo(False)
            seen = len(terminal.screen)
            number = len(self.asked)
            self.asked.append(found)
            terminal.send("\x03" if number == stop_at else answers[found] + "\r")
        return terminal.finish()

    def guided(self, *arguments: str, answers: dict[str, str] | None = None, stop_at: int | None = None) -> Result:
        with self.terminal("setup", *arguments, cwd=self.work) as terminal:
            code = self.converse(terminal, self.answers(answers), stop_at)
            for secret in (self.api.secret, PIN, softtoken.SO_PIN):
                self.assertNotIn(secret, terminal.screen + terminal.out)
            return Result(code, terminal.out, terminal.screen)

    def plain(self, result: Result) -> list[str]:
        """The commands that it said do the same."""
        return re.findall(r"^ +\$ (.*)$", result.err, re.MULTILINE)

    def token_works(self) -> None:
        env = {"SSA_HSM_PIN_SOURCE": f"file:{self.dir / 'pin'}"}
        self.expect(self.run_program("token", env=env), 0)

    def data_objects(self) -> str:
        return self.store.tool("--list-objects", "--type", "data").stdout

    def keys(self) -> int:
        return len([kind for kind, _ in self.store.objects() if kind == "Private"])

    def once(self, questions: Iterable[str]) -> None:
        for question in questions:
            self.assertEqual(self.asked.count(question), 1, self.asked)
