"""account create: an account, its key straight into the token, the profile, and what is printed."""

from __future__ import annotations

import re
import stat
from typing import Any

from harness import LABEL, Case, Result

NAMES = ["APS_CLIENT_ID", "APS_SECRET_ID", "SERVICE_ACCOUNT_ID", "KEY_ID", "SSA_EMAIL", "PRIVATE_KEY"]
TWO = ["POST /token", "POST /service-accounts"]


class AccountCreate(Case):
    def create(self, *more: object, code: int = 0, **options: Any) -> Result:
        return self.expect(self.run_program("account", "create", "service", "my-filesync", *more, **options), code)

    def test_costs_three_requests(self) -> None:
        self.create()
        account = self.api.accounts()[0]["serviceAccountId"]
        self.assertEqual(self.api.asked(), [*TWO, f"POST /service-accounts/{account}/keys"])

    def test_asks_for_the_scopes_it_needs_and_no_reading_of_keys(self) -> None:
        self.create()
        scope = set(self.api.requests()[0]["scope"].split())
        self.assertIn("application:service_account:write", scope)
        self.assertIn("application:service_account_key:write", scope)
        self.assertFalse([s for s in scope if not s.startswith("application:service_account")])

    def test_prints_the_block_of_six_names_with_the_secret_as_a_comment(self) -> None:
        lines = self.create().out.splitlines()
        self.assertEqual(len(lines), 6)
        self.assertEqual(lines[1], f"# APS_SECRET_ID is in {self.profile_path()}")
        self.assertEqual([re.split("=", line)[0] for i, line in enumerate(lines) if i != 1], NAMES[:1] + NAMES[2:])
        for line in lines[:1] + lines[2:]:
            self.assertRegex(line, r'^[A-Z_]+="[^"]+"$')

    def test_show_secret_prints_all_six(self) -> None:
        result = self.create("--show-secret")
        self.assertEqual([line.split("=")[0] for line in result.out.splitlines()], NAMES)
        self.assertIn(f'APS_SECRET_ID="{self.api.secret}"\n', result.out)

    def test_the_secret_is_not_shown_without_being_asked_for(self) -> None:
        result = self.create("--verbose")
        self.assertNotIn(self.api.secret, result.out + result.err)

    def test_the_profile_has_the_six_names_in_order_and_mode_0600(self) -> None:
        self.create()
        self.assertEqual(list(self.profile())[:6], NAMES)
        self.assertEqual(self.profile()["APS_SECRET_ID"], self.api.secret)
        self.assertEqual(stat.S_IMODE(self.profile_path().stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.profile_path().parent.stat().st_mode), 0o700)
        self.assertEqual([p.name for p in self.profile_path().parent.iterdir()], ["default.env"])

    def test_what_is_not_the_default_goes_into_the_profile(self) -> None:
        self.create()
        profile = self.profile()
        self.assertEqual(profile["SSA_HSM_BASE_URL"], self.api.base_url)
        self.assertEqual(profile["SSA_HSM_CACERT"], self.api.cacert)
        self.assertNotIn("SSA_HSM_PIN_SOURCE", profile)

    def test_the_next_shell_needs_nothing_but_the_pin(self) -> None:
        self.create()
        bare = {n: None for n in self.env if n.startswith(("APS_", "SSA_HSM_")) and n != "SSA_HSM_PIN_SOURCE"}
        self.expect(self.run_program("token", env=bare), 0)

    def test_the_account_is_named_first_and_last(self) -> None:
        self.create()
        account = self.api.accounts()[0]
        self.assertEqual(account["name"], "service-my-filesync")
        self.assertEqual(self.profile()["SSA_EMAIL"], account["email"])
        self.assertEqual(self.profile()["SERVICE_ACCOUNT_ID"], account["serviceAccountId"])

    def test_says_which_email_to_give_access_to(self) -> None:
        result = self.create()
        self.assertIn(self.profile()["SSA_EMAIL"], result.err)

    def test_the_private_key_is_a_uri_of_the_token(self) -> None:
        self.create()
        uri = self.profile()["PRIVATE_KEY"]
        self.assertRegex(uri, r"^pkcs11:")
        for part in (f"token={LABEL}", "serial=", "object=service-my-filesync", "id=%", "type=private", "module-path="):
            self.assertIn(part, uri)

    def test_the_module_is_logged_into_once_and_never_enumerated(self) -> None:
        with self.shim() as log:
            self.create()
        self.assertEqual([c.rv for c in log.of("C_Login")], ["CKR_OK"])
        for search in log.of("C_FindObjectsInit"):
            self.assertIn("CKA_ID", search.args)
        self.assertEqual(log.count("C_Logout"), 1)
        self.assertEqual(log.names[-1], "C_Finalize")

    def test_a_second_account_does_not_replace_the_profile(self) -> None:
        self.create()
        before = self.profile_path().read_bytes()
        self.api.forget_requests()
        result = self.run_program("account", "create", "second", "account")
        self.expect(result, 14, "default.env", "--force")
        self.assertEqual(self.profile_path().read_bytes(), before)
        self.assertEqual(self.api.asked(), [])

    def test_force_replaces_it(self) -> None:
        self.create()
        self.expect(self.run_program("account", "create", "second", "account", "--force"), 0)
        self.assertIn("second-account", self.profile()["SSA_EMAIL"])

    def test_no_key_makes_the_account_alone(self) -> None:
        result = self.create("--no-key")
        self.assertEqual(self.api.asked(), TWO)
        self.assertNotIn("KEY_ID", self.profile())
        self.assertNotIn("PRIVATE_KEY", self.profile())
        self.assertEqual(len(result.out.splitlines()), 4)

    def test_no_key_needs_no_token_and_no_pin(self) -> None:
        with self.shim() as log:
            self.create("--no-key", env={"SSA_HSM_PIN_SOURCE": None})
        self.assertEqual(log.count("C_Login"), 0)

    def test_no_key_and_then_key_create_complete_the_profile(self) -> None:
        self.create("--no-key")
        result = self.run_program("key", "create", "--force")
        self.expect(result, 0)
        self.assertEqual(list(self.profile())[:6], NAMES)
        self.expect(self.run_program("token"), 0)

    def test_a_name_that_the_api_may_refuse_is_sent_with_a_warning(self) -> None:
        for first, last in (("srv", "filesync"), ("service", "abc"), ("ser vice", "filesync"), ("_____", "filesync"),
                            ("servïce", "filesync"), ("s" * 101, "filesync"), ("service", "file.sync")):  # fmt: skip
            with self.subTest(first=first, last=last):
                self.api.forget_requests()
                result = self.run_program("account", "create", first, last)
                self.expect(result, 10, "the API may refuse the name", "HTTP 400")
                self.assertEqual(self.api.asked()[-1], "POST /service-accounts")
                self.assertFalse(self.profile_path().exists())

    def test_underscores_are_the_apis_to_judge(self) -> None:
        result = self.run_program("account", "create", "integration-mycompany", "daily_datasync")
        self.expect(result, 0, "the API may refuse the last name")
        self.assertEqual(self.api.accounts()[0]["name"], "integration-mycompany-daily-datasync")
        self.other_api("--strict-names")
        result = self.run_program("account", "create", "another", "daily_datasync", "--force")
        self.expect(result, 10, "HTTP 400", "lastName breaks the rules")

    def test_a_name_that_cannot_be_sent_is_not(self) -> None:
        for first, last in (("", "filesync"), ("service", ""), ("ser\nvice", "filesync"), ("service", "\x1b[31m"),
                            ("s" * 300, "filesync"), ("service\u202e", "filesync"), ("service", b"\xff\xfe")):  # fmt: skip
            with self.subTest(first=first, last=last):
                name = last.decode(errors="surrogateescape") if isinstance(last, bytes) else last
                self.expect(self.run_program("account", "create", first, name), 2)
        self.assertEqual(self.api.asked(), [])

    def test_the_client_secret_is_asked_for_on_a_terminal(self) -> None:
        with self.terminal("account", "create", "service", "my-filesync", env={"APS_SECRET_ID": None}) as terminal:
            terminal.wait_for("(?i)secret")
            terminal.wait_echo(False)
            terminal.send(self.api.secret + "\r")
            self.assertEqual(terminal.finish(), 0, terminal.screen)
            self.assertTrue(terminal.echo())
            self.assertNotIn(self.api.secret, terminal.screen + terminal.out)
        self.assertEqual(self.profile()["APS_SECRET_ID"], self.api.secret)

    def test_a_secret_by_reference_stays_a_reference(self) -> None:
        file = self.dir / "secret"
        file.write_text(self.api.secret + "\n")
        file.chmod(0o600)
        result = self.create(env={"APS_SECRET_ID": f"file:{file}"})
        self.assertEqual(self.profile()["APS_SECRET_ID"], f"file:{file}")
        self.assertIn(f'APS_SECRET_ID="file:{file}"', result.out)
        self.assertNotIn(self.api.secret, self.profile_path().read_text())
        self.expect(self.run_program("token", env={"APS_SECRET_ID": None}), 0)
