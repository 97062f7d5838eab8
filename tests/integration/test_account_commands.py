"""account list, show, enable, disable: what a person sees, what a program reads, what the API is asked."""

from __future__ import annotations

import json
import re
from typing import Any

from harness import Case, Result

TOKEN = "POST /token"
ACCOUNTS = "GET /service-accounts"
CREATED = "2024-01-25T03:08:04.156Z"


class AccountCase(Case):
    def other(self, **members: Any) -> dict[str, Any]:
        """An account that another host made."""
        return dict(self.api.control("POST", "accounts", **{"name": "other-account", **members}))

    def status(self, account: str) -> str:
        accounts = self.api.control("GET", "state")["accounts"]
        return next(str(a["status"]) for a in accounts if a["serviceAccountId"] == account)

    def json(self, *arguments: object, **env: str | None) -> Any:
        return json.loads(self.expect(self.run_program(*arguments, "--json", env=env), 0).out)


class Listing(AccountCase):
    def test_all_accounts_with_their_times_and_the_settings_own_marked(self) -> None:
        own = self.provisioned()
        made = self.other(createdAt=CREATED)
        result = self.expect(self.run_program("account", "list"), 0)
        lines = result.out.splitlines()
        self.assertRegex(lines[0], r"^ +ID +STATUS +CREATED +LAST USED +EXPIRES +EMAIL$")
        (mine,) = [line for line in lines if line.startswith("*")]
        self.assertIn(own["SERVICE_ACCOUNT_ID"], mine)
        (theirs,) = [line for line in lines if made["serviceAccountId"] in line]
        self.assertRegex(theirs, rf"ENABLED +2024-01-25 \d\d:\d\d \(\d+ (months|years) ago\).*{made['email']}$")
        self.assertEqual(self.api.asked(), [TOKEN, ACCOUNTS])

    def test_the_columns_stand_below_their_heads(self) -> None:
        self.provisioned()
        self.other()
        lines = self.run_program("account", "list").out.splitlines()
        for head in ("ID", "STATUS", "EMAIL"):
            at = lines[0].index(head)
            for line in lines[1:]:
                self.assertEqual(line[at - 1], " ")
                self.assertNotEqual(line[at], " ")

    def test_a_terminal_shows_the_same_table_as_a_pipe(self) -> None:
        self.provisioned()
        piped = self.run_program("account", "list").out
        with self.terminal("account", "list", to_terminal=True) as terminal:
            self.assertEqual(terminal.finish(), 0)
            self.assertIn(piped, terminal.screen)


class ListingOthers(AccountCase):
    """None of these is the settings' own."""

    def test_times_are_of_the_local_zone_for_people_and_of_utc_for_programs(self) -> None:
        self.other(createdAt=CREATED)
        env = {"TZ": "Asia/Tokyo"}
        self.assertIn("2024-01-25 12:08 (", self.run_program("account", "list", env=env).out)
        (one,) = self.json("account", "list", TZ="Asia/Tokyo")
        self.assertEqual(one["createdAt"], "2024-01-25T03:08:04Z")

    def test_both_of_the_apis_forms_of_time(self) -> None:
        self.other_api("--dates", "utc").control("POST", "accounts", name="other-account", createdAt=CREATED)
        (one,) = self.json("account", "list")
        self.assertEqual(one["createdAt"], "2024-01-25T03:08:04Z")
        for name in ("accessedAt", "expiresAt"):
            self.assertRegex(one[name], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")

    def test_json_has_all_that_is_known(self) -> None:
        made = self.other()
        (one,) = self.json("account", "list")
        self.assertEqual(
            list(one),
            ["serviceAccountId", "email", "createdBy", "status", "createdAt", "accessedAt", "expiresAt", "own"],
        )
        self.assertEqual(one["serviceAccountId"], made["serviceAccountId"])
        self.assertEqual((one["createdBy"], one["own"]), (self.api.client_id, False))

    def test_what_the_api_does_not_say_is_null_and_a_dash(self) -> None:
        body = {"serviceAccounts": [{"serviceAccountId": "ABC", "status": "ENABLED", "createdAt": "some day"}]}
        self.api.fault("replace", path="/service-accounts", times=2, body=body)
        (one,) = self.json("account", "list")
        self.assertEqual([one[n] for n in ("email", "createdAt", "accessedAt", "createdBy")], [None] * 4)
        self.assertRegex(self.run_program("account", "list").out, r"ABC +ENABLED +- +- +-\n")

    def test_no_accounts_at_all(self) -> None:
        self.expect(self.run_program("account", "list"), 0, "no service accounts", out="")
        self.assertEqual(self.json("account", "list"), [])

    def test_no_token_is_touched_and_no_pin_asked_for(self) -> None:
        self.other()
        with self.shim() as log:
            self.expect(self.run_program("account", "list"), 0)
            self.assertEqual(log.names, [])


class Showing(AccountCase):
    def test_the_settings_own_without_an_id(self) -> None:
        own = self.provisioned()
        result = self.expect(self.run_program("account", "show"), 0)
        for word in (own["SERVICE_ACCOUNT_ID"], own["SSA_EMAIL"], "ENABLED", "just now"):
            self.assertIn(word, result.out)
        self.assertEqual(self.api.asked(), [TOKEN, f"{ACCOUNTS}/{own['SERVICE_ACCOUNT_ID']}"])
        self.assertTrue(self.json("account", "show")["own"])

    def test_another_by_id_or_email(self) -> None:
        made = self.other()
        by_id = self.json("account", "show", made["serviceAccountId"])
        by_email = self.json("account", "show", made["email"].upper())
        self.assertEqual(by_id, by_email)
        self.assertEqual(self.api.asked()[-1], ACCOUNTS)

    def test_without_an_account_in_the_settings_it_says_so(self) -> None:
        self.expect(self.run_program("account", "show"), 3, "no account is set up", out="")
        self.assertEqual(self.api.asked(), [])

    def test_one_that_is_not_there(self) -> None:
        self.expect(self.run_program("account", "show", "NOSUCH"), 10, "404", "check the id", out="")
        self.expect(self.run_program("account", "show", "no@such.example"), 10, "no such account", out="")

    def test_what_can_be_no_id_is_not_asked_for(self) -> None:
        self.expect(self.run_program("account", "show", "../token"), 2, out="")
        self.assertEqual(self.api.asked(), [])


class Status(AccountCase):
    def test_disable_and_enable(self) -> None:
        made = self.other()
        account = made["serviceAccountId"]
        result = self.run_program("account", "disable", account)
        self.expect(result, 0, "is disabled", "gets no access tokens", f"account enable {account}", out="")
        self.assertEqual(self.status(account), "DISABLED")
        self.assertEqual(self.api.asked(), [TOKEN, f"PATCH /service-accounts/{account}"])
        self.expect(self.run_program("account", "enable", made["email"]), 0, "is enabled")
        self.assertEqual(self.status(account), "ENABLED")

    def test_without_an_id_the_settings_own(self) -> None:
        self.expect(self.run_program("account", "create", "service", "own-status", "--no-key"), 0)
        account = self.profile()["SERVICE_ACCOUNT_ID"]
        self.expect(self.run_program("account", "disable"), 0)
        self.assertEqual(self.status(account), "DISABLED")
        self.expect(self.run_program("account", "enable"), 0)
        self.assertEqual(self.status(account), "ENABLED")

    def test_the_status_it_has_already_is_a_success_with_a_note(self) -> None:
        account = self.other()["serviceAccountId"]
        self.expect(self.run_program("account", "enable", account), 0, "was already enabled")
        self.assertEqual(self.api.asked(), [TOKEN, f"PATCH /service-accounts/{account}", f"{ACCOUNTS}/{account}"])
        self.expect(self.run_program("account", "disable", account), 0)
        self.expect(self.run_program("account", "disable", account), 0, "was already disabled")

    def test_an_email_has_been_looked_up_with_its_status(self) -> None:
        made = self.other()
        self.expect(self.run_program("account", "enable", made["email"]), 0, "was already enabled")
        self.assertEqual(self.api.asked(), [TOKEN, ACCOUNTS])

    def test_enable_wakes_one_that_was_idle_for_too_long(self) -> None:
        account = self.other(accessedAt="2020-01-01T00:00:00Z", createdAt="2020-01-01T00:00:00Z")["serviceAccountId"]
        self.assertEqual(self.json("account", "show", account)["status"], "DEACTIVATED")
        shown = self.run_program("account", "show", account)
        self.expect(shown, 0, "idle for 12 months", f"account enable {account}")
        self.expect(self.run_program("account", "enable", account), 0, "is enabled")
        self.assertEqual(self.status(account), "ENABLED")

    def test_json_says_what_it_is_now_and_whether_that_is_new(self) -> None:
        account = self.other()["serviceAccountId"]
        first = self.json("account", "disable", account)
        second = self.json("account", "disable", account)
        self.assertEqual((first["status"], first["changed"]), ("DISABLED", True))
        self.assertEqual((second["status"], second["changed"]), ("DISABLED", False))
        self.assertEqual({**first, "changed": None}, {**second, "changed": None})

    def test_a_400_for_another_reason_stays_an_error(self) -> None:
        account = self.other()["serviceAccountId"]
        self.api.fault("status", method="PATCH", status=400, body={"detail": "not today"})
        self.expect(self.run_program("account", "disable", account), 10, "not today", "is still ENABLED")
        self.assertEqual(self.status(account), "ENABLED")

    def test_a_lost_answer_is_asked_again_and_comes_out_right(self) -> None:
        account = self.other()["serviceAccountId"]
        self.api.fault("drop", method="PATCH", times=2)
        self.assertTrue(self.json("account", "disable", account)["changed"])
        self.assertEqual(self.status(account), "DISABLED")
        self.assertEqual(self.api.asked()[-1], f"{ACCOUNTS}/{account}")

    def test_nothing_is_asked_of_a_person(self) -> None:
        account = self.other()["serviceAccountId"]
        result = self.run_program("account", "disable", account, tty=True)
        self.expect(result, 0)
        self.assertIsNone(re.search(r"\?", result.err))


class Limits(AccountCase):
    """Which limit or state it is that the API refused for."""

    def refused_key(self, account: str) -> str:
        self.api.forget_requests()
        made = self.run_program("key", "create", "--account", account, "--profile", "new")
        self.expect(made, 10, "making a key was refused")
        self.assertFalse(self.profile_path("new").exists())
        return made.err

    def full(self) -> Result:
        for n in range(10):
            self.other(name=f"account-{n}")
        result = self.run_program("account", "create", "service", "one-too-many")
        return self.expect(result, 10, "ssa-hsm account list", "ssa-hsm account delete")

    def test_ten_accounts(self) -> None:
        self.assertIn("as many accounts as it may have", self.full().err)
        self.assertEqual(self.api.asked(), [TOKEN, "POST /service-accounts"])

    def test_ten_accounts_where_the_server_does_not_say_so(self) -> None:
        self.api.control("POST", "titles", documented=False)
        self.assertIn("10 accounts, the most it may have", self.full().err)

    def test_an_app_of_the_wrong_kind(self) -> None:
        for title in ("title", "title:"):
            self.api.forget_requests()
            body = {title: "invalid_client", "detail": "Not for this app."}
            self.api.fault("status", method="POST", path="/service-accounts", status=403, body=body)
            result = self.run_program("account", "create", "service", "wrong-kind")
            self.expect(result, 10, "Not for this app.", "Server-to-Server")
            self.assertEqual(self.api.asked(), [TOKEN, "POST /service-accounts"])

    def test_what_the_title_tells_is_not_asked_for(self) -> None:
        account = self.other(keys=1)["serviceAccountId"]
        for title, status, code, word in (("not_found", 404, 10, "no such account"), ("unauthorized", 401, 9, "APS_SECRET_ID"),
                                          ("limit_exceeded", 403, 10, "as many keys as it may have"),
                                          ("invalid_client", 403, 10, "Server-to-Server")):  # fmt: skip
            with self.subTest(title):
                self.api.control("POST", "clear")
                self.api.forget_requests()
                self.api.fault("status", method="POST", path="*/keys", status=status,
                               body={"title": title, "detail": "Because."})  # fmt: skip
                result = self.run_program("key", "create", "--account", account, "--profile", "new")
                self.expect(result, code, "because.", word)
                # After the refusal nothing is asked, but where a key may have been made all the same.
                if status != 401:
                    self.assertEqual(self.api.asked()[-1], f"POST /service-accounts/{account}/keys")

    def test_no_permission_is_not_taken_for_the_limit(self) -> None:
        self.other()
        self.api.fault("status", method="POST", path="/service-accounts", status=403)
        result = self.run_program("account", "create", "service", "not-allowed")
        self.expect(result, 10, "is not the reason", "must be allowed to manage")

    def test_three_keys(self) -> None:
        account = self.other(keys=3)["serviceAccountId"]
        err = self.refused_key(account)
        for word in ("as many keys as it may have", f"key list --account {account}", "key delete KEY_ID"):
            self.assertIn(word, " ".join(err.split()))
        self.assertEqual(self.api.asked()[-1], f"POST /service-accounts/{account}/keys")
        self.api.control("POST", "titles", documented=False)
        self.assertIn("has 3 keys, the most", self.refused_key(account))

    def test_a_disabled_account(self) -> None:
        account = self.other(status="DISABLED")["serviceAccountId"]
        for documented in (True, False):
            self.api.control("POST", "titles", documented=documented)
            err = self.refused_key(account)
            self.assertIn("is DISABLED", err)
            self.assertIn(f"ssa-hsm account enable {account}", " ".join(err.split()))
            if documented:
                self.assertEqual(self.api.asked()[-1], f"POST /service-accounts/{account}/keys")

    def test_a_disabled_account_by_400(self) -> None:
        account = self.other(status="DISABLED")["serviceAccountId"]
        self.api.fault("status", method="POST", path="*/keys", status=400)
        self.assertIn("is DISABLED", self.refused_key(account))

    def test_an_account_that_was_idle_for_too_long(self) -> None:
        account = self.other(status="DEACTIVATED")["serviceAccountId"]
        self.assertIn("is DEACTIVATED", self.refused_key(account))
        self.api.control("POST", "titles", documented=False)
        err = self.refused_key(account)
        self.assertIn("DEACTIVATED: it was idle for 12 months", err)

    def test_deleting_a_key_of_a_disabled_account(self) -> None:
        made = self.other(status="DISABLED", keys=1)
        result = self.run_program("key", "delete", made["keys"][0], "--account", made["serviceAccountId"], "--yes")
        self.expect(result, 10, "deleting the key was refused", "is DISABLED", "ssa-hsm account enable")

    def test_token_spends_no_request_on_it_and_names_the_commands(self) -> None:
        self.expect(self.run_program("account", "create", "service", "to-disable"), 0)
        self.expect(self.run_program("account", "disable"), 0)
        self.api.forget_requests()
        result = self.run_program("token")
        self.expect(result, 10, "ssa-hsm account show", "ssa-hsm account enable")
        self.assertEqual(self.api.asked(), [TOKEN])
