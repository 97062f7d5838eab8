"""One exit code for a name that is in use, and one for a question that was not answered with yes."""

from __future__ import annotations

import json

from harness import Case

IN_USE, DECLINED = 14, 15


class NameInUse(Case):
    def test_an_account(self) -> None:
        create = ("account", "create", "service", "same-name", "--no-key")
        self.expect(self.run_program(*create), 0)
        for documented in (True, False):
            self.api.control("POST", "titles", documented=documented)
            result = self.run_program(*create, "-p", "other")
            self.expect(result, IN_USE, "exists", "ssa-hsm account list", "key create --account ID")
        self.assertEqual(json.loads(self.run_program("history", "--json").out)[-1]["outcome"], "failed")

    def test_a_profile(self) -> None:
        self.provisioned()
        self.expect(self.run_program("key", "create", "--import", "plain"), IN_USE, "the profile exists", "--force")

    def test_a_client_secret_s_label(self) -> None:
        self.expect(self.run_program("secret", "import"), 0)
        other = self.run_program("secret", "import", env={"APS_SECRET_ID": "another-secret"})
        self.expect(other, IN_USE, "already holds", "--label")

    def test_help_tells_both(self) -> None:
        out = " ".join(self.run_program("help", "account", "create").out.split())
        self.assertIn("14 the name of a new profile", out)
        self.assertIn("15 you did not confirm", out)


class Declined(Case):
    def no(self, *arguments: object, question: str) -> str:
        result = self.typed(*arguments, answers=[(question, "no")])
        self.expect(result, DECLINED, "you did not confirm", "--yes")
        return result.err

    def test_account_delete_shows_what_will_be_deleted(self) -> None:
        own = self.provisioned()
        account = own["SERVICE_ACCOUNT_ID"]
        for named in (account, own["SSA_EMAIL"]):
            shown = " ".join(self.no("account", "delete", named, question="Delete account").split())
            self.assertIn(f"{account} ({own['SSA_EMAIL']}) and its 1 key at the API? The settings use it.", shown)
        self.assertNotIn(f"DELETE /service-accounts/{account}", self.api.asked())

    def test_account_delete_asks_nobody_about_what_is_not_there(self) -> None:
        with self.terminal("account", "delete", "NOSUCH") as terminal:
            self.assertEqual(terminal.finish(), 10)
            self.assertNotIn("yes/no", terminal.screen)

    def test_account_delete_spends_no_request_where_nobody_is(self) -> None:
        account = self.api.control("POST", "accounts", name="other-account")["serviceAccountId"]
        self.expect(self.run_program("account", "delete", account), DECLINED, "you did not confirm", "--yes")
        self.assertEqual(self.api.asked(), [])
        self.expect(self.run_program("account", "delete", account, "--yes"), 0)
        self.assertEqual(self.api.asked(), ["POST /token", f"DELETE /service-accounts/{account}"])

    def test_account_delete_of_one_that_is_disabled_and_has_no_keys(self) -> None:
        account = self.api.control("POST", "accounts", name="other-account", status="DISABLED")["serviceAccountId"]
        self.assertIn("which has no keys,", " ".join(self.no("account", "delete", account, question="yes/no").split()))
        self.expect(self.typed("account", "delete", account, answers=[("yes/no", "yes")]), 0, "deleted")

    def test_key_delete(self) -> None:
        own = self.provisioned()
        self.no("key", "delete", own["KEY_ID"], question="Delete key")
        self.expect(self.run_program("key", "delete", own["KEY_ID"]), DECLINED, "--yes")

    def test_secret_remove(self) -> None:
        line = self.expect(self.run_program("secret", "import"), 0).out
        self.env["APS_SECRET_ID"] = line.split("=", 1)[1].strip().strip('"')
        self.no("secret", "remove", question="Destroy the client secret")

    def test_room_for_a_rotation(self) -> None:
        own = self.provisioned()
        account = own["SERVICE_ACCOUNT_ID"]
        others = []
        for _ in range(2):
            self.api.control("POST", "rival", account=account, method="POST", path="/token", when="before")
            self.expect(self.run_program("token"), 0)
        others = [k for k in self.api.control("GET", "state")["rivals"] if k["account"] == account]
        self.no("key", "rotate", "--import", "plain", "--replace", others[0]["kid"], question="Delete key")
        for other in others:
            self.expect(self.run_program("key", "delete", other["kid"], "--yes"), 0)
