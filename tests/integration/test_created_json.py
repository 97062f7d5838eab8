"""--json of the commands that print a block: the same as one object, and no secret in it."""

from __future__ import annotations

import json
from typing import Any

from harness import LABEL, Case, Result

PLAIN = ("--import", "plain")
MEMBERS = ["clientId", "serviceAccountId", "email", "keyId", "privateKey", "profile", "file"]


class CreatedJson(Case):
    def json(self, *arguments: object, code: int = 0) -> dict[str, Any]:
        result = self.expect(self.run_program(*arguments, "--json"), code)
        self.assertNotIn(self.api.secret, result.out + result.err)
        return dict(json.loads(result.out))

    def assert_is(self, made: dict[str, Any], profile: str = "default", file: str | None = None) -> None:
        saved = self.profile(profile)
        self.assertEqual(list(made)[: len(MEMBERS)], MEMBERS)
        wanted = (saved["APS_CLIENT_ID"], saved["SERVICE_ACCOUNT_ID"], saved["SSA_EMAIL"], saved["KEY_ID"],
                  saved["PRIVATE_KEY"], str(self.profile_path(profile)), file)  # fmt: skip
        self.assertEqual(tuple(made[name] for name in MEMBERS), wanted)

    def test_account_create(self) -> None:
        self.assert_is(self.json("account", "create", "service", "as-json", *PLAIN))
        made = self.json("account", "create", "service", "no-key", "--no-key", "-p", "other")
        self.assertEqual((made["keyId"], made["privateKey"]), (None, None))
        self.assertEqual(made["email"], self.profile("other")["SSA_EMAIL"])

    def test_key_create_and_rotate(self) -> None:
        own = self.provisioned()
        made = self.json("key", "create", "-p", "spare", *PLAIN)
        self.assert_is(made, "spare")
        self.assertIn(LABEL, made["privateKey"])
        rotated = self.json("key", "rotate", "-p", "spare", "--now", *PLAIN)
        self.assert_is(rotated, "spare")
        self.assertEqual((rotated["oldKeyId"], rotated["resumed"]), (made["keyId"], False))
        self.assertEqual(own["SERVICE_ACCOUNT_ID"], rotated["serviceAccountId"])
        self.expect(self.run_program("key", "delete", rotated["keyId"], "--yes"), 0)

    def block(self) -> tuple[Any, str]:
        made = self.api.control("POST", "accounts", name="old-account", keys=1)
        kid = made["keys"][0]
        pem = (self.api.dir / "issued" / f"{kid}.pem").read_text().replace("\n", "\\n")
        old = self.dir / "old.env"
        old.touch(mode=0o600)
        old.write_text(f'APS_CLIENT_ID={self.api.client_id}\nAPS_SECRET_ID={self.api.secret}\n'
                       f'SERVICE_ACCOUNT_ID={made["serviceAccountId"]}\nKEY_ID={kid}\nSSA_EMAIL={made["email"]}\n'
                       f'PRIVATE_KEY="{pem}"\n')  # fmt: skip
        return old, pem

    def test_key_import(self) -> None:
        old, pem = self.block()
        made = self.json("key", "import", old, "-p", "imported", *PLAIN)
        self.assert_is(made, "imported", "left")
        self.assertNotIn(pem[40:80], json.dumps(made))

    def refused(self, *arguments: object) -> Result:
        return self.expect(self.run_program(*arguments, "--json"), 2, "--json")

    def test_what_does_not_go_together(self) -> None:
        self.refused("account", "create", "service", "as-json", "--show-secret")
        self.refused("key", "rotate", "--finish")
        self.refused("key", "rotate", "--dry-run")
        self.assertEqual(self.api.asked(), [])
