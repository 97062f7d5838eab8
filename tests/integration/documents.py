"""The documents for users, taken apart: their blocks of code, the marks before these, and the commands that they name.

A block stands between ``` and ```, and says what it is. Those of kind `sh` are run, and the others are looked at. A
comment right before a block is a mark:

    <!-- not run: needs a YubiKey -->
    <!-- begins with: an account, a spare PKCS#11 token -->

The first says why a block cannot run here. From the second on, the reader has an empty home, and what it says.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import places

KINDS = ("sh", "text", "ini", "yaml", "cron")
_TYPED = re.compile(r"(\$ |# )?(ssa-hsm|sudo|scripts/\S+|export) ")  # what is to be typed is no text to look at
_MARK = re.compile(r"<!-- (not run|begins with): ?(.*?) ?-->")
_FENCE = re.compile(r"^```(.*)$")
_SPAN = re.compile(r"(`+)(.+?)\1", re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^]]+\]\(([^)\s]+)\)")
_END = {"|", "||", "&&", ";", ";;", "&", ">", ">>", "<", ")", "(", "<(", "{", "}", "2>", "fi", "done", "then", "do"}


class Wrong(Exception):
    """A document that breaks these rules; the text says where."""


@dataclass
class Block:
    page: str
    line: int  # of its first line of code
    kind: str
    code: str
    not_run: str | None = None  # the reason
    begins_with: str | None = None

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass
class Document:
    page: str  # its path from the root of the sources
    text: str
    blocks: list[Block] = field(default_factory=list)
    prose: str = ""  # without the blocks

    def spans(self) -> Iterator[str]:
        """What stands between backquotes."""
        for match in _SPAN.finditer(self.prose):
            yield " ".join(match[2].split())

    def links(self) -> Iterator[str]:
        for match in _LINK.finditer(_SPAN.sub("", self.prose)):
            yield match[1]

    def anchors(self) -> set[str]:
        heads = re.findall(r"^#+ (.+)$", self.prose, re.MULTILINE)
        return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def pages(root: Path) -> list[str]:
    """README.md, SECURITY.md and the pages for users."""
    found = ["README.md", "SECURITY.md", *(f"docs/{path.name}" for path in sorted((root / "docs").glob("*.md")))]
    return [page for page in found if page != "docs/bench.md"]  # which is for developers


def read(root: Path, page: str) -> Document:
    document = Document(page, (root / page).read_text())
    lines = document.text.splitlines()
    prose, marks, block = [], {}, None
    for number, line in enumerate(lines, 1):
        fence = _FENCE.match(line.strip())
        if block is not None and fence:
            document.blocks.append(block)
            block = None
        elif block is not None:
            if block.kind == "text" and _TYPED.match(line):
                raise Wrong(f"{page}:{number}: a command stands in a block of kind sh")
            block.code += line + "\n"
        elif fence:
            if fence[1] not in KINDS:
                raise Wrong(f"{page}:{number}: a block says which of {KINDS} it is, not {fence[1]!r}")
            block = Block(page, number + 1, fence[1], "", marks.get("not run"), marks.get("begins with"))
            marks = {}
        elif mark := _MARK.fullmatch(line.strip()):
            if len(mark[2]) < 5:
                raise Wrong(f"{page}:{number}: the mark has no reason")
            marks[mark[1]] = mark[2]
        else:
            if marks and line.strip():
                raise Wrong(f"{page}:{number}: a mark stands right before a block")
            if line.startswith("    ") and (number == 1 or not lines[number - 2].strip()):
                raise Wrong(f"{page}:{number}: a block stands between ``` and ```, and not by blanks")
            if "<!--" in line:
                raise Wrong(f"{page}:{number}: this comment is no mark that the test knows")
            prose.append(line)
    if block or marks:
        raise Wrong(f"{page}: a block does not end, or a mark is left over")
    document.prose = "\n".join(prose)
    return document


def all_documents() -> list[Document]:
    root = places.documents()
    return [read(root, page) for page in pages(root)]


def _words(line: str) -> list[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars="();<>|&")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    return list(lexer)


def joined(code: str) -> list[str]:
    """The lines of a block; one that ends with a backslash goes on in the next."""
    return [line for line in re.sub(r"\\\n\s*", "", code).splitlines() if line.strip()]


def commands(line: str) -> list[list[str]]:
    """The arguments of each ssa-hsm in a line of a shell, of a unit, of a pipeline's file."""
    if not re.search(r"(^|[\s/`(\"'=])ssa-hsm( |$)", line):
        return []
    found: list[list[str]] = []
    current: list[str] | None = None
    try:
        words = _words(line.replace("$(", " ( "))
    except ValueError:  # a quote that ends on another line
        words = line.replace('"', " ").replace("'", " ").split()
    for word in words:
        if current is None or word in _END or set(word) <= set("();<>|&"):
            current = None
            if re.fullmatch(r"(ExecStart=|run:)?([\w./$]*/)?ssa-hsm", word):
                current = []
                found.append(current)
            elif " ssa-hsm " in f" {word} ":
                found += commands(word)  # a shell's line in quotes
        else:
            current.append(word)
    return found
