"""What the tests of evidence stand on: the script in this process, and a key's record as it is printed."""

from __future__ import annotations

import base64
import functools
import json
import subprocess
import sys
import types
from typing import Any

import places
from harness import Case

NAME = "ssa-hsm-evidence"


def _script() -> Any:
    # Its name has no ending.
    module = types.ModuleType("verify_evidence")
    path = places.evidence_verifier()
    exec(compile(path.read_text(), str(path), "exec"), module.__dict__)
    # Of one text it always gives the same, and thousands of changes leave the signed text as it is.
    module.indented = functools.lru_cache(8)(module.indented)  # type: ignore[attr-defined]
    return module


SCRIPT = _script()


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def accepted(raw: bytes) -> bool:
    """By the script, in this process: thousands of them would take their time."""
    try:
        SCRIPT.verify(raw.decode())
    except (SCRIPT.Refused, SCRIPT.InvalidSignature, AttributeError, LookupError, TypeError, ValueError):
        return False
    return True


def decoded(part: str) -> dict[str, Any]:
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


class EvidenceCase(Case):
    def setUp(self) -> None:
        super().setUp()
        self.own = self.provisioned()

    def evidence(self, *more: object) -> str:
        return self.expect(self.run_program("key", "verify", "--json", *more), 0).out

    def verifier(self, text: str, *more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-B", str(places.evidence_verifier()), *more], input=text, capture_output=True, text=True,
            timeout=60, env={"PATH": places.PATH, "LC_ALL": "C.UTF-8"},
        )  # fmt: skip

    def refused_here(self, text: str) -> None:
        """In this process: hundreds of them would take their time."""
        path = self.dir / "changed.json"
        path.write_text(text)
        with self.assertRaises(SystemExit) as ended:
            SCRIPT.main([str(path)])
        self.assertRegex(str(ended.exception.code), r"\Arefused: ")

    def refused(self, text: str, *more: str, why: str = "") -> None:
        done = self.verifier(text, *more)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        self.assertRegex(done.stderr, rf"\Arefused: .*{why}.*\n\Z")
