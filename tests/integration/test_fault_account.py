"""account create, with each of its requests failing in each way: nothing is left, or what is left is named."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from fault_support import (
    ACCOUNTS, BRIEF, CREATE, FIRST, KEYS, LAST, NAME, Fault, FaultCase, background, ended, eventually,
)  # fmt: skip
from harness import Result

TOKEN = "POST /token"
MAKE = f"POST {ACCOUNTS}"


def _iso(**ago: float) -> str:
    return (datetime.now(timezone.utc) - timedelta(**ago)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


class TokenRequest(FaultCase):
    """The first request: nothing has been made, so nothing is undone."""

    def failing(self, code: int, *words: str, action: str, **members: object) -> Result:
        self.api.fault(action, path="/token", times=0, **members)
        result = self.expect_failure(self.create(), code, *words)
        self.assertEqual(set(self.api.asked()), {TOKEN})
        self.assert_nothing_left()
        return result

    def test_no_answer(self) -> None:
        self.failing(8, "CURLE_GOT_NOTHING", action="refuse")

    def test_reset(self) -> None:
        self.failing(8, "CURLE_RECV_ERROR", action="reset")

    def test_hang(self) -> None:
        self.failing(8, "CURLE_OPERATION_TIMEDOUT", "--timeout", action="hang")

    def test_cut(self) -> None:
        self.failing(8, "CURLE_PARTIAL_FILE", action="cut")

    def test_500(self) -> None:
        self.failing(8, "HTTP 500", "try again later", action="status", status=500)

    def test_401(self) -> None:
        self.failing(9, "HTTP 401", "APS_SECRET_ID", action="status", status=401)
        self.assertEqual(self.api.asked(), [TOKEN])

    def test_403(self) -> None:
        self.failing(10, "HTTP 403", action="status", status=403)
        self.assertEqual(self.api.asked(), [TOKEN])

    def test_429_past_the_deadline(self) -> None:
        self.failing(11, "HTTP 429", "100 s", action="status", status=429, headers={"Retry-After": "100"})
        self.assertEqual(self.api.asked(), [TOKEN])

    def test_no_json(self) -> None:
        self.failing(8, "unusable", action="replace", body="<html>hello</html>", content_type="text/html")
        self.assertEqual(self.api.asked(), [TOKEN])

    def test_no_access_token(self) -> None:
        self.failing(8, "access_token", action="replace", body={"token_type": "Bearer"})

    def test_a_passing_failure_is_retried_and_told(self) -> None:
        faults: tuple[Fault, ...] = ({"action": "refuse"}, {"action": "status", "status": 503})
        for fault in faults:
            with self.subTest(**fault):
                self.api.fault(path="/token", **fault)
                self.expect(self.create(), 0, "trying again")
                self.assertEqual(self.api.asked()[:3], [TOKEN, TOKEN, MAKE])
                self.fresh()

    def test_429_is_waited_for(self) -> None:
        self.api.fault("status", path="/token", status=429, headers={"Retry-After": "1"})
        self.expect(self.run_program("account", "create", FIRST, LAST), 0, "rate limit: waiting 1 s")
        self.assert_whole()


class AccountRequest(FaultCase):
    """The second: an account may have been made without our hearing of it."""

    def failing(self, code: int, *words: str, action: str, **members: object) -> Result:
        self.api.fault(action, method="POST", path=ACCOUNTS, **members)
        result = self.expect_failure(self.create(), code, *words)
        # It could make a second account, so it is not repeated.
        self.assertEqual(self.api.asked().count(MAKE), 1)
        return result

    def test_nothing_was_made(self) -> None:
        faults: tuple[Fault, ...] = ({"action": "refuse"}, {"action": "reset"}, {"action": "status", "status": 502})
        for fault in faults:
            with self.subTest(**fault):
                self.failing(12, "No account was made", **fault)
                self.assert_nothing_left()
                self.fresh()

    def test_hang(self) -> None:
        self.failing(12, "No account was made", action="hang")
        self.assert_nothing_left()

    def test_it_was_made_and_the_answer_is_lost(self) -> None:
        lost: tuple[Fault, ...] = (
            {"action": "drop"},
            {"action": "status", "status": 500, "act": True},
            {"action": "replace", "body": "<html>"},
            {"action": "replace", "body": {"email": "a@b"}},
            {"action": "replace", "body": ""},
            {"action": "cut", "bytes": 5},
            {"action": "replace", "body": "x" * 200_000},
        )
        for fault in lost:
            with self.subTest(action=fault["action"]):
                self.failing(12, "is deleted again at the API", **fault)
                self.assert_nothing_left()
                self.fresh()

    def test_hang_after(self) -> None:
        self.failing(12, "is deleted again at the API", action="hang-after")
        self.assert_nothing_left()

    def test_lost_with_an_underscore_in_the_first_name(self) -> None:
        # The account's name has a dash there, and is looked for under that.
        self.api.fault("drop", method="POST", path=ACCOUNTS)
        result = self.run_program("account", "create", "my_service", "filesync", "--timeout", BRIEF)
        self.expect_failure(result, 12, "is deleted again at the API")
        self.assert_nothing_left()

    def test_403_and_409(self) -> None:
        for status in (403, 409):
            with self.subTest(status=status):
                self.failing(14 if status == 409 else 10, f"HTTP {status}", action="status", status=status)
                # Whether a 403 is the limit's shows in how many there are.
                more = [f"GET {ACCOUNTS}"] if status == 403 else []
                self.assertEqual(self.api.asked(), [TOKEN, MAKE, *more])
                self.assert_nothing_left()
                self.fresh()

    def test_429_past_the_deadline(self) -> None:
        self.failing(11, "HTTP 429", action="status", status=429, headers={"Retry-After": "100"})
        self.assert_nothing_left()

    def test_429_is_waited_for_and_then_repeated(self) -> None:
        self.api.fault("status", method="POST", path=ACCOUNTS, status=429, headers={"Retry-After": "1"})
        self.expect(self.run_program("account", "create", FIRST, LAST), 0, "rate limit")
        self.assert_whole()

    def test_an_older_account_of_that_name_is_left_and_named(self) -> None:
        old = self.api.control("POST", "accounts", name=NAME, createdAt=_iso(days=2))["serviceAccountId"]
        result = self.failing(13, old, "not made while this command waited", action="drop")
        self.assertEqual([a["serviceAccountId"] for a in self.api.accounts()], [old])
        self.follow(result, "ssa-hsm account delete")
        self.assert_settled()

    def test_an_account_made_just_before_is_left(self) -> None:
        old = self.api.control("POST", "accounts", name=NAME, createdAt=_iso(seconds=3))["serviceAccountId"]
        self.failing(13, old, action="drop")
        self.assertEqual([a["serviceAccountId"] for a in self.api.accounts()], [old])

    def test_a_younger_account_with_keys_is_somebodys(self) -> None:
        key = {"kid": "0a1b2c3d-0000-4000-8000-000000000000", "status": "ENABLED", "createdAt": _iso(seconds=0)}
        self.api.fault("replace", method="GET", path=KEYS, body={"keys": [key]})
        result = self.failing(13, "has keys", action="drop")
        (account,) = self.api.accounts()
        self.assertIn(account["serviceAccountId"], result.err)

    def test_the_age_goes_by_the_servers_clock(self) -> None:
        for offset in (-7200, 7200):
            with self.subTest(offset=offset):
                self.api.control("POST", "clock", offset=offset)
                self.failing(12, "is deleted again", action="drop")
                self.assertEqual(self.api.accounts(), [])
                self.fresh()

    def test_names_that_only_begin_alike_are_not_ours(self) -> None:
        names = (f"{NAME}-2", f"other-{NAME}")
        made = [self.api.control("POST", "accounts", name=n, createdAt=_iso(seconds=-5)) for n in names]
        self.failing(12, "No account was made", action="refuse")
        kept = {a["serviceAccountId"] for a in self.api.accounts()}
        self.assertEqual(kept, {m["serviceAccountId"] for m in made})

    def test_the_accounts_cannot_be_listed(self) -> None:
        self.api.fault("status", method="GET", times=0, status=403)
        self.failing(13, "could not be listed", NAME, action="drop")
        self.assertEqual(len(self.api.accounts()), 1)

    def test_the_deletion_fails_and_is_named(self) -> None:
        self.api.fault("status", method="DELETE", times=0, status=403)
        result = self.failing(13, "could not be deleted", action="drop")
        self.assertIn(self.api.accounts()[0]["serviceAccountId"], result.err)
        self.api.control("POST", "clear")
        self.follow(result, "ssa-hsm account delete")
        self.assert_settled()


class KeyRequest(FaultCase):
    """The third: the account goes again, and its keys with it."""

    def failing(self, code: int, *words: str, action: str, **members: object) -> Result:
        self.api.fault(action, method="POST", path=KEYS, **members)
        result = self.expect_failure(self.create(), code, *words)
        keys = [r for r in self.api.asked() if r.endswith("/keys")]
        self.assertEqual(len(keys), 1, "a key is not asked for twice")
        return result

    def test_every_failure_deletes_the_account(self) -> None:
        faults: tuple[Fault, ...] = (
            {"action": "refuse"},
            {"action": "reset"},
            {"action": "drop"},
            {"action": "cut"},
            {"action": "status", "status": 500},
            {"action": "status", "status": 500, "act": True},
            {"action": "status", "status": 403},
            {"action": "status", "status": 429, "headers": {"Retry-After": "100"}},
            {"action": "replace", "body": "<html>busy</html>"},
        )
        for fault in faults:
            with self.subTest(**fault):
                self.failing(12, "is deleted again at the API", **fault)
                self.assertEqual(self.api.asked()[-1].split()[0], "DELETE")
                # token, account, key, how old the account is, deletion; nothing is listed for an account that is
                # ours alone. Which state a 403 comes from is asked for.
                self.assertEqual(len(self.api.asked()), 6 if fault.get("status") == 403 else 5)
                self.assert_nothing_left()
                self.fresh()

    def test_hang(self) -> None:
        for action in ("hang", "hang-after"):
            with self.subTest(action=action):
                self.failing(12, "is deleted again at the API", action=action)
                self.assert_nothing_left()
                self.fresh()

    def test_429_is_waited_for(self) -> None:
        self.api.fault("status", method="POST", path=KEYS, status=429, headers={"Retry-After": "1"})
        self.expect(self.run_program("account", "create", FIRST, LAST), 0, "rate limit")
        self.assert_whole()

    def test_the_deletion_is_retried(self) -> None:
        self.api.fault("status", method="DELETE", status=503)
        self.failing(12, "is deleted again", action="drop")
        self.assert_nothing_left()

    def test_the_deletion_is_put_off(self) -> None:
        self.api.fault("status", method="DELETE", status=429, headers={"Retry-After": "1"})
        self.api.fault("drop", method="POST", path=KEYS)
        self.expect_failure(self.run_program(*CREATE), 12, "rate limit: waiting 1 s", "is deleted again")
        self.assert_nothing_left()

    def test_a_deletion_whose_answer_is_lost_counts(self) -> None:
        self.api.fault("drop", method="DELETE")
        self.failing(12, "is deleted again", action="drop")
        self.assert_nothing_left()

    def test_the_deletion_fails_and_is_named(self) -> None:
        faults: tuple[Fault, ...] = (
            {"action": "status", "status": 403},
            {"action": "status", "status": 500},
            {"action": "hang"},
        )
        for fault in faults:
            with self.subTest(**fault):
                self.api.fault(method="DELETE", times=0, **fault)
                result = self.failing(13, "could not be deleted", action="drop")
                self.assertIn(self.api.accounts()[0]["serviceAccountId"], result.err)
                self.assertEqual(self.objects(), [])
                self.assertEqual(self.files(), [])
                self.api.control("POST", "clear")
                self.follow(result, "ssa-hsm account delete")
                self.assert_settled()
                self.fresh()


class ServerDies(FaultCase):
    def test_with_the_key_made_and_the_answer_on_its_way(self) -> None:
        api = self.other_api()
        api.fault("hang-after", method="POST", path=KEYS)
        process = background(self, *CREATE, "--timeout", BRIEF)
        eventually(lambda: any(a["keys"] for a in api.accounts()), "the key is there")
        account = api.accounts()[0]["serviceAccountId"]
        api.process.kill()
        # Nobody can delete it now: it is named, with the command for later.
        result = self.expect_failure(ended(process), 13, f"ssa-hsm account delete {account}", "could not be deleted")
        self.assertIn("CURLE_", result.err)
        self.assertEqual(self.objects(), [])
        self.assertEqual(self.files(), [])
        self.assert_still_open()


class WithoutKey(FaultCase):
    def test_an_answer_that_is_cut_undoes_the_account(self) -> None:
        self.api.fault("cut", method="POST", path=ACCOUNTS)
        self.expect_failure(self.create("--no-key"), 12, "is deleted again at the API")
        self.assert_nothing_left()
