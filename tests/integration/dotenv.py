"""Reads dotenv text as python-dotenv 1.0 does (without its expansion of ${NAME}): an eye that is not the program's."""

from __future__ import annotations

import re

_ASSIGNMENT = re.compile(
    r"""
    [^\S\r\n]* (?:export[^\S\r\n]+)? (?P<name>[A-Za-z_][\w.]*) [^\S\r\n]* = [^\S\r\n]*
    (?: '(?P<single>(?:\\'|[^'])*)' | "(?P<double>(?:\\"|[^"])*)" | (?P<bare>[^\r\n]*) )
    [^\S\r\n]* (?:\#[^\r\n]*)? (?:\r\n|\n|\r|\Z)
    """,
    re.VERBOSE,
)
_IGNORED = re.compile(r"[^\S\r\n]*(?:#[^\r\n]*)?(?:\r\n|\n|\r|\Z)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def _double(value: str) -> str:
    return re.sub(r"\\([\\'\"abfnrtv])", lambda m: _ESCAPES.get(m[1], m[1]), value)


def parse(text: str) -> dict[str, str]:
    """Names and values in their order; a line that is none is an error."""
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        match = _ASSIGNMENT.match(text, at)
        if match:
            if match["single"] is not None:
                value = re.sub(r"\\([\\'])", r"\1", match["single"])
            elif match["double"] is not None:
                value = _double(match["double"])
            else:
                value = re.sub(r"\s+#.*", "", match["bare"]).rstrip()
            found[match["name"]] = value
        else:
            match = _IGNORED.match(text, at)
            if not match:
                raise ValueError(f"line {text.count(chr(10), 0, at) + 1} is no assignment")
        at = match.end()
    return found
