"""What the help of the program says: its commands, and the examples of each."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass

import places


def _page(*words: str) -> str:
    argv = [*places.wrapper(), str(places.program()), "help", *words]
    return subprocess.run(argv, capture_output=True, text=True, check=True, env={}).stdout


def groups() -> dict[str, list[str]]:
    """The groups of the general help, in their order, with the names of their commands."""
    found: dict[str, list[str]] = {}
    group = ""
    for line in _page().splitlines():
        heading = re.fullmatch(r"([A-Z][\w# ]+\w):", line)
        row = re.match(r"  ([a-z]+(?: [a-z]+){0,2})  +[a-z]", line)
        if heading:
            group = heading[1]
        elif row:
            found.setdefault(group, []).append(row[1])
    return found


def commands() -> list[str]:
    return [command for listed in groups().values() for command in listed]


@dataclass(frozen=True)
class Page:
    text: str

    def section(self, heading: str) -> list[str]:
        """The lines below a heading, up to the next one."""
        lines = self.text.splitlines()
        if f"{heading}:" not in lines:
            return []
        below = lines[lines.index(f"{heading}:") + 1 :]
        return below[: below.index("")] if "" in below else below

    def examples(self) -> list[str]:
        return [line.strip() for line in self.section("Examples") if re.match(r"  \S", line)]

    def options(self) -> list[str]:
        """The long names of its options, its own first."""
        lines = self.section("Options") + self.section("Common options")
        return [found[1] for line in lines if (found := re.match(r"\s+(?:-\w, )?--([\w-]+)", line))]


def page(command: str) -> Page:
    return Page(_page(*command.split()))
