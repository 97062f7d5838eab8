"""What a person sees at last: carries out what was sent to a terminal, as far as the program uses its abilities."""

from __future__ import annotations

import re
import unicodedata

_PART = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])|([^\x1b])", re.DOTALL)


def width(text: str) -> int:
    """The columns that a text takes, by Unicode's own table."""
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def shown(sent: str, columns: int = 0) -> list[str]:
    """The lines on the screen, without colours and without blanks at their ends. The terminal wraps at its width.

    Anything but colours (SGR), erasing to the end of the line (EL), CR and LF is an error.
    """
    lines: list[list[str]] = [[]]
    at = 0
    for part in _PART.finditer(sent):
        code, letter, character = part.groups()
        line = lines[-1]
        if letter == "K" and code in ("", "0"):
            del line[at:]
        elif letter == "m" or (character and _width(character) == 0 and character not in "\r\n"):
            continue
        elif letter:
            raise AssertionError(f"the terminal was sent {part[0]!r}")
        elif character == "\r":
            at = 0
        elif character == "\n":
            lines.append([])
            at = 0
        else:
            if columns and at + _width(character) > columns:
                lines.append([])
                line, at = lines[-1], 0
            line.extend(" " * (at - len(line)))
            line[at : at + _width(character)] = [character] + [""] * (_width(character) - 1)
            at += _width(character)
    return ["".join(line).rstrip() for line in lines]
