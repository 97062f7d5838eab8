"""docs/json.md: what is printed has the members that it describes, all of them and no others, of these types."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator

import documents
import places
from reader import Reader

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
    def sections(self) -> Iterator[tuple[str, dict[str, str]]]:
        text = documents.read(places.documents(), "docs/json.md").prose
        for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
            rows = re.findall(r"^\| `([\w.\[\]]+)` \| ([a-z ]+) \|", section, re.MULTILINE)
            yield section.split("`")[1], dict(rows)

    def test_each_section(self) -> None:
        seen = 0
        for command, members in self.sections():
            seen += 1
            with self.subTest(command):
                special = {"import": "an old .env", "provision": "an account, a member of a project", "caller list": "a caller"}
                self.begin(next((have for word, have in special.items() if word in command), "an account"))
                self.shell_env.update(SSA_HSM_PIN_SOURCE=f"file:{self.dir / 'pin'}", SSA_HSM_TOKEN="work")
                arguments = self.put_in(command).split()[1:]
                if {"create", "import"} & set(arguments):
                    arguments += ["--profile", "another"]
                    self.shell_env.update(self.api.settings())
                if "verify" in arguments:
                    arguments.append("--api")
                if "status" in arguments:
                    self.run_agent()
                done = subprocess.run(
                    [str(places.program()), *arguments], env=self.shell_env, cwd=self.home, capture_output=True,
                    text=True, check=False, stdin=subprocess.DEVNULL,
                )  # fmt: skip
                self.assertEqual(done.returncode, 0, done.stderr)
                self.compare(command, members, json.loads(done.stdout))
        self.assertGreater(seen, 10)

    def run_agent(self) -> None:
        """One that has fetched an access token."""
        self.shell_env.pop("SSA_HSM_AGENT", None)
        for arguments in (["agent"], ["token"]):
            argv = [str(places.program()), *arguments]
            done = subprocess.run(argv, env=self.shell_env, cwd=self.home, capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
        stop = [str(places.program()), "agent", "stop"]
        self.addCleanup(subprocess.run, stop, env=dict(self.shell_env), capture_output=True, check=False)

    def compare(self, command: str, members: dict[str, str], document: object) -> None:
        printed = list(_flat(document))
        self.assertTrue(printed)
        for name, value in printed:
            self.assertIn(name, members, "is printed and not described")
            self.assertTrue(_fits(value, members[name]), f"{name} is {value!r} and not {members[name]}")
        if command == "ssa-hsm hsm list --json":
            return  # path, uri and error are members of some of its elements
        names = {name for name, _ in printed}
        empty = {name for name in names if not any(value for printed_name, value in printed if printed_name == name)}
        missing = {name for name in members if name not in names and re.sub(r"(\[\])?\.\w+$", "", name) not in empty}
        self.assertEqual(missing, set(), "is described and not printed")
