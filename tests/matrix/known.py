"""What the program is known, and documented, not to do: failures that are counted by themselves."""

from __future__ import annotations

from fnmatch import fnmatchcase

_TAKEN = "an answer is lost, no key was made, and another host's of those seconds is taken for it (docs/limits.md)"
_BLIND = "a module that finds nothing and says that all is well cannot be told from a token that has nothing"
_UNSEEN = "SoftHSM does not see what others make just before it makes something itself: two secrets, which is warned of"
_HELD = "the foreign key "
# The cells, what every problem of such a cell has in it, and why.
KNOWN = (
    ("*/http/*+before", _HELD, _TAKEN),
    ("*/http/*+after", _HELD, _TAKEN),
    ("secret-*/two-hosts/C_CreateObject.1", "the new secret", _UNSEEN),
    ("*/p11/C_FindObjects.*/blind*", "on the token, and not at the API", _BLIND),
)


def reason(name: str, problems: list[str]) -> str | None:
    """Why a failed cell is no news; None where it is."""
    for pattern, words, why in KNOWN:
        if fnmatchcase(name, pattern) and all(words in problem for problem in problems):
            return why
    return None
