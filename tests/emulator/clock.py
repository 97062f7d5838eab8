"""The server's clock: the machine's, plus an offset that a test may set."""

from __future__ import annotations

import re
import time
from datetime import datetime, timezone
from email.utils import formatdate

NS = 1_000_000_000


class Clock:
    def __init__(self, dates: str = "iso") -> None:
        self.offset = 0.0
        self.dates = dates

    def now_ns(self) -> int:
        return time.time_ns() + int(self.offset * NS)

    def now(self) -> float:
        return self.now_ns() / NS

    def http_date(self) -> str:
        return formatdate(self.now(), usegmt=True)

    def text(self, ns: int) -> str:
        """A time in one of the two formats that the provider's sources show."""
        seconds, rest = divmod(ns, NS)
        moment = datetime.fromtimestamp(seconds, timezone.utc)
        if self.dates == "iso":
            return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest // 1_000_000:03d}Z"
        # Go's time.String(), which drops trailing zeros and, with them, the point.
        fraction = f".{rest:09d}".rstrip("0").rstrip(".")
        return f"{moment:%Y-%m-%d %H:%M:%S}{fraction} +0000 UTC"


def parse(text: str) -> int:
    """Nanoseconds of a time in either format."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z| \+0000 UTC)", text)
    if not match:
        raise ValueError(f"not a time: {text!r}")
    moment = datetime.fromisoformat(f"{match[1]}T{match[2]}+00:00")
    return int(moment.timestamp()) * NS + int((match[3] or "").ljust(9, "0"))
