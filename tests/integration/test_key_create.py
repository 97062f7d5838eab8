"""key create: a new key for an account that is there."""

from __future__ import annotations

from harness import Case

TOKEN = "POST /token"
ACCOUNTS = "GET /service-accounts"


class KeyCreate(Case):
    def setUp(self) -> None:
        super().setUp()
        self.expect(self.run_program("account", "create", "service", "my-filesync"), 0)
        self.before = self.profile()
        self.account = self.before["SERVICE_ACCOUNT_ID"]
        self.keys = f"/service-accounts/{self.account}/keys"
        self.api.forget_requests()

    def kids(self) -> list[str]:
        token = self.api.admin()
        return [k["kid"] for k in self.api.call("GET", self.keys, token).json["keys"]]

    def test_makes_a_second_key_for_the_profiles_account(self) -> None:
        self.expect(self.run_program("key", "create", "--profile", "default", "--force"), 0)
        after = self.profile()
        self.assertEqual(after["SERVICE_ACCOUNT_ID"], self.account)
        self.assertEqual(after["SSA_EMAIL"], self.before["SSA_EMAIL"])
        self.assertNotEqual(after["KEY_ID"], self.before["KEY_ID"])
        self.assertEqual(set(self.kids()), {after["KEY_ID"], self.before["KEY_ID"]})
        self.expect(self.run_program("token"), 0)

    def test_a_new_profile_is_for_the_account_of_the_usual_one(self) -> None:
        # What names account and client is in that profile alone.
        for name in ("APS_CLIENT_ID", "APS_SECRET_ID"):
            self.env.pop(name)
        self.store.initialise("spare")
        spare = {"SSA_HSM_TOKEN": "pkcs11:token=spare"}
        self.expect(self.run_program("key", "create", "--profile", "spare", env=spare), 0)
        made = self.profile("spare")
        self.assertEqual(made["SERVICE_ACCOUNT_ID"], self.account)
        self.assertIn("token=spare", made["PRIVATE_KEY"])
        self.assertEqual(self.profile(), self.before)
        self.expect(self.run_program("token", "--profile", "default", "--profile", "spare"), 0)
        self.expect(self.run_program("token", "--profile", "spare"), 0)

    def test_lists_the_keys_before_so_that_the_new_one_would_be_known(self) -> None:
        self.expect(self.run_program("key", "create", "--force"), 0)
        asked = self.api.asked()
        self.assertEqual(asked, [TOKEN, f"GET {self.keys}", f"POST {self.keys}"])

    def test_for_an_account_by_its_id(self) -> None:
        result = self.run_program("key", "create", "--account", self.account, "--profile", "second")
        self.expect(result, 0)
        second = self.profile("second")
        self.assertEqual(second["SERVICE_ACCOUNT_ID"], self.account)
        self.assertEqual(second["SSA_EMAIL"], self.before["SSA_EMAIL"])
        self.expect(self.run_program("token", "--profile", "second"), 0)

    def test_the_profiles_own_email_is_not_looked_up(self) -> None:
        self.expect(self.run_program("key", "create", "--account", self.before["SSA_EMAIL"], "--force"), 0)
        self.assertEqual(self.profile()["SERVICE_ACCOUNT_ID"], self.account)
        self.assertNotIn(ACCOUNTS, self.api.asked())

    def test_for_another_account_by_its_email(self) -> None:
        other = self.api.control("POST", "accounts", name="other-account")
        result = self.run_program("key", "create", "--account", other["email"], "--profile", "second")
        self.expect(result, 0)
        self.assertEqual(self.profile("second")["SERVICE_ACCOUNT_ID"], other["serviceAccountId"])
        self.assertEqual(self.profile("second")["SSA_EMAIL"], other["email"])
        keys = f"/service-accounts/{other['serviceAccountId']}/keys"
        self.assertEqual(self.api.asked(), [TOKEN, ACCOUNTS, f"GET {keys}", f"POST {keys}"])

    def test_for_another_account_by_its_id(self) -> None:
        other = self.api.control("POST", "accounts", name="other-account", keys=1)
        account = other["serviceAccountId"]
        self.expect(self.run_program("key", "create", "--account", account, "--profile", "second"), 0)
        second = self.profile("second")
        self.assertEqual((second["SERVICE_ACCOUNT_ID"], second["SSA_EMAIL"]), (account, other["email"]))
        self.assertNotIn(second["KEY_ID"], other["keys"])
        self.expect(self.run_program("token", "--profile", "second"), 0)

    def test_for_an_account_that_is_not_there(self) -> None:
        for account in ("nobody@example.com", "NOSUCHACCOUNT"):
            with self.subTest(account=account):
                result = self.run_program("key", "create", "--account", account, "--profile", "second")
                self.assertIn(result.code, (6, 10), str(result))
                self.assertIn(account, result.err)
                self.assertFalse(self.profile_path("second").exists())

    def test_a_fourth_key_is_refused_by_the_api_and_nothing_is_left(self) -> None:
        for _ in range(2):
            self.expect(self.run_program("key", "create", "--force"), 0)
        before, objects = self.profile_path().read_bytes(), self.store.tool("-O").stdout
        result = self.run_program("key", "create", "--force")
        self.assertEqual(result.code, 10, str(result))
        self.assertEqual(self.profile_path().read_bytes(), before)
        self.assertEqual(self.store.tool("-O").stdout, objects)
        self.expect(self.run_program("token"), 0)

    def test_the_old_key_keeps_working(self) -> None:
        kept = self.profile_path().read_text()
        self.expect(self.run_program("key", "create", "--force"), 0)
        self.write_profile(kept, "old")
        self.expect(self.run_program("token", "--profile", "old"), 0)

    def test_without_force_the_profile_stays_and_nothing_is_asked(self) -> None:
        self.expect(self.run_program("key", "create"), 14, "--force")
        self.assertEqual(self.profile(), self.before)
        self.assertEqual(self.api.asked(), [])

    def test_two_places_for_the_profile_are_refused(self) -> None:
        path = self.dir / "new.env"
        for more in ((), ("--force",)):
            result = self.run_program("key", "create", "--profile", "default", "--output", path, *more)
            self.expect(result, 2, "--profile and --output cannot be used together", out="")
        self.assertEqual((self.profile(), path.exists()), (self.before, False))
        self.assertEqual(self.api.asked(), [])
        self.expect(self.run_program("key", "create", "--output", path, env={"SSA_HSM_PROFILE": "default"}), 0)
        self.assertEqual((self.profile(), path.exists()), (self.before, True))

    def test_force_replaces_the_secret_and_keeps_what_others_wrote(self) -> None:
        other = {**self.before, "APS_SECRET_ID": "outdated", "APS_CLIENT_SECRET": "outdated", "FOO": "bar"}
        path = self.write_profile(other, "other")
        self.expect(self.run_program("key", "create", "--output", path, "--force"), 0)
        after = self.profile("other")
        self.assertNotIn("outdated", path.read_text())
        self.assertEqual(path.read_text().count("APS_SECRET_ID="), 1)
        self.assertEqual((after["APS_SECRET_ID"], after["FOO"]), (self.api.secret, "bar"))

    def test_logs_in_once_and_never_enumerates(self) -> None:
        with self.shim() as log:
            self.expect(self.run_program("key", "create", "--force"), 0)
        self.assertEqual(log.count("C_Login"), 1)
        for search in log.of("C_FindObjectsInit"):
            self.assertIn("CKA_ID", search.args)


class Deletion(Case):
    def setUp(self) -> None:
        super().setUp()
        self.expect(self.run_program("account", "create", "service", "my-filesync"), 0)
        self.made = self.profile()
        self.api.forget_requests()

    def test_key_delete_removes_it_at_the_api(self) -> None:
        self.expect(self.run_program("key", "delete", self.made["KEY_ID"], "--yes"), 0)
        self.assertEqual(self.api.accounts()[0]["keys"], [])
        self.assertEqual(len(self.api.asked()), 2)
        self.expect(self.run_program("token"), 10)

    def test_account_delete_removes_it_with_its_keys(self) -> None:
        self.expect(self.run_program("account", "delete", self.made["SERVICE_ACCOUNT_ID"], "--yes"), 0)
        self.assertEqual(self.api.accounts(), [])

    def test_account_delete_takes_an_email(self) -> None:
        self.expect(self.run_program("account", "delete", self.made["SSA_EMAIL"], "--yes"), 0)
        self.assertEqual(self.api.accounts(), [])

    def test_nothing_is_deleted_without_a_yes(self) -> None:
        account = self.made["SERVICE_ACCOUNT_ID"]
        self.expect(self.run_program("account", "delete", account), 15, "--yes")
        self.assertEqual(self.api.asked(), [])
        self.expect(self.typed("account", "delete", account, answers=[("Delete account", "no")]), 15)
        self.assertNotIn(f"DELETE /service-accounts/{account}", self.api.asked())
        self.expect(self.typed("account", "delete", account, answers=[("Delete account", "yes")]), 0)
        self.assertEqual(self.api.accounts(), [])
