"""For tests of PINs: files with PINs in them, records of failed tries, and who has spent which try."""

from __future__ import annotations

import os
from pathlib import Path

from fault_support import FaultCase
from harness import PIN, CallLog, Result

WRONG = "0000-wrong"
AGAIN = (r"Type it again\? \(yes/no\) ", "no")


class PinCase(FaultCase):
    """A token with a key in it, a file with the PIN, and jwt, which needs a login and no server."""

    def setUp(self) -> None:
        super().setUp()
        self.values = self.provisioned()
        self.pin_file = self.dir / "pin"

    def write_pin(self, pin: str, path: Path | None = None) -> None:
        """Replaces the file, as an administrator or a secret manager does: a new file under the old name."""
        target = path or self.pin_file
        draft = target.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(pin + "\n")
        os.replace(draft, target)

    def jwt(self, *arguments: object, code: int, words: tuple[str, ...] = (), **options: object) -> Result:
        result = self.run_program("jwt", *arguments, **options)  # type: ignore[arg-type]
        self.assertNotIn(WRONG, result.out + result.err, "the PIN was shown")
        return self.expect(result, code, *words) if code == 0 else self.expect_failure(result, code, *words)

    def records(self) -> list[Path]:
        folder = self.state / "ssa-hsm"
        return sorted(p for p in folder.iterdir() if p.is_file()) if folder.exists() else []

    def logins(self, log: CallLog) -> int:
        """How many there were since the last question."""
        count = log.count("C_Login")
        log.forget()
        return count

    def fail_once(self) -> None:
        """Spends one unattended try on a wrong PIN."""
        self.write_pin(WRONG)
        self.jwt(code=5, words=("CKR_PIN_INCORRECT",))

    def at_terminal(self, pin: str, *arguments: object) -> Result:
        answers = [(r"PIN of token[^\n]*: ", pin)]
        # A wrong one may be typed again; nobody does.
        answers += [AGAIN] if pin == WRONG else []
        return self.typed(*(arguments or ("jwt",)), answers=answers, env={"SSA_HSM_PIN_SOURCE": None})


__all__ = ["AGAIN", "PIN", "WRONG", "PinCase"]
