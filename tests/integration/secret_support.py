"""What tests of the client secret on a token have in common."""

from __future__ import annotations

import json
import re
from typing import Any

import softtoken
from harness import PIN, Case, Result

LINE = re.compile(r'\AAPS_SECRET_ID="(pkcs11:[^"]+)"\n\Z')


class SecretCase(Case):
    """An account with its key on the token; the secret comes from the environment until it is imported."""

    def setUp(self) -> None:
        super().setUp()
        self.made = self.provisioned()

    @property
    def label(self) -> str:
        return f"APS client secret {self.api.client_id}"

    def run_quietly(self, *arguments: object, **options: Any) -> Result:
        """Runs it, and looks that the secret is shown nowhere."""
        result = self.run_program(*arguments, **options)
        self.assertNotIn(self.api.secret, result.out + result.err)
        return result

    def imported(self, *more: object, **options: Any) -> str:
        """Imports it; gives the reference."""
        result = self.expect(self.run_quietly("secret", "import", *more, **options), 0)
        match = LINE.match(result.out)
        assert match, result.out
        return match[1]

    def use(self, uri: str) -> None:
        """As a person would: the line goes into the profile, and the secret out of the environment."""
        self.env.pop("APS_SECRET_ID", None)
        self.write_profile({**self.made, "APS_SECRET_ID": uri})

    def data(self, pin: str | None = PIN, *arguments: str, store: softtoken.Store | None = None) -> str:
        """The token's data objects as another tool sees them."""
        found = (store or self.store).tool("--list-objects", "--type", "data", *arguments, pin=pin)
        self.assertEqual(found.returncode, 0, found.stderr)
        return found.stdout

    def history(self) -> list[dict[str, Any]]:
        return json.loads(self.expect(self.run_quietly("history", "--json"), 0).out)

    def lines(self) -> str:
        return self.profile_path().read_text()
