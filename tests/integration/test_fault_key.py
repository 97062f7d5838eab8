"""key create for an older account, with each of its requests failing: only a key that is surely ours is deleted."""

from __future__ import annotations

import time

from fault_support import BRIEF, KEYS, Fault, KeyCase, background, ended, eventually
from harness import Result


class KeyCreateFaults(KeyCase):
    def failing(self, code: int, *words: str, action: str, **members: object) -> Result:
        self.api.fault(action, method="POST", path=KEYS, **members)
        result = self.expect_failure(self.create_key(), code, *words)
        self.assertEqual(self.api.asked().count(f"POST /service-accounts/{self.account}/keys"), 1)
        return result

    def again(self) -> None:
        """The situation of the test's beginning, for the next subtest."""
        token = self.api.admin()
        for kid in self.keys_of(self.account):
            if kid != self.foreign:
                self.api.call("DELETE", f"/service-accounts/{self.account}/keys/{kid}", token)
        self.api.control("POST", "clear")
        self.api.forget_requests()

    def test_costs_three_requests(self) -> None:
        self.expect(self.create_key(), 0)
        keys = f"/service-accounts/{self.account}/keys"
        self.assertEqual(self.api.asked(), ["POST /token", f"GET {keys}", f"POST {keys}"])
        made = self.profile(self.target)["KEY_ID"]
        self.assertEqual(sorted(self.keys_of(self.account)), sorted([self.foreign, made]))
        self.assertEqual(self.objects(), [(k, made.encode().hex()) for k in ("Private", "Public")])

    def test_the_list_before_fails(self) -> None:
        faults: tuple[tuple[int, Fault], ...] = (
            (8, {"action": "refuse"}),
            (8, {"action": "hang"}),
            (8, {"action": "status", "status": 500}),
            (8, {"action": "replace", "body": "<html>"}),
            (8, {"action": "replace", "body": {"keys": 7}}),
            (10, {"action": "status", "status": 403}),
            (11, {"action": "status", "status": 429, "headers": {"Retry-After": "100"}}),
        )
        for code, fault in faults:
            with self.subTest(**fault):
                self.api.fault(method="GET", path=KEYS, times=0, **fault)
                self.expect_failure(self.create_key(), code)
                self.assertNotIn(f"POST /service-accounts/{self.account}/keys", self.api.asked())
                self.assert_untouched()
                self.again()

    def test_nothing_was_made(self) -> None:
        faults: tuple[Fault, ...] = ({"action": "refuse"}, {"action": "reset"}, {"action": "status", "status": 502})
        for fault in faults:
            with self.subTest(**fault):
                self.failing(12, "No key was made", **fault)
                self.assert_untouched()
                self.again()

    def test_refusals_undo_nothing(self) -> None:
        faults: tuple[tuple[int, Fault], ...] = (
            (10, {"status": 403}),
            (11, {"status": 429, "headers": {"Retry-After": "100"}}),
        )
        for code, fault in faults:
            with self.subTest(**fault):
                self.failing(code, action="status", **fault)
                # And for a 403: a token that may ask, the account, its keys.
                self.assertEqual(len(self.api.asked()), 6 if fault["status"] == 403 else 3)
                self.assert_untouched()
                self.again()

    def test_it_was_made_and_the_answer_is_lost(self) -> None:
        faults: tuple[Fault, ...] = (
            {"action": "drop"},
            {"action": "cut"},
            {"action": "status", "status": 500, "act": True},
            {"action": "replace", "body": "<html>"},
            {"action": "replace", "body": {"privateKey": "x"}},
            {"action": "replace", "body": {"kid": "../../accounts", "privateKey": "x"}},
            {"action": "replace", "body": {"kid": 7, "privateKey": "x"}},
            {"action": "replace", "body": "x" * 200_000},
        )
        for fault in faults:
            with self.subTest(fault=str(fault)[:80]):
                self.failing(12, "is deleted again at the API", **fault)
                self.assert_untouched()
                self.again()

    def test_hang(self) -> None:
        for action, words in (("hang", "No key was made"), ("hang-after", "is deleted again at the API")):
            with self.subTest(action=action):
                self.failing(12, words, action=action)
                self.assert_untouched()
                self.again()

    def test_an_answer_that_names_another_key_does_not_get_that_one_deleted(self) -> None:
        self.failing(12, "is deleted again", action="replace", body={"kid": self.foreign, "privateKey": "x"})
        self.assert_untouched()

    def test_an_answer_that_names_a_key_nobody_has(self) -> None:
        result = self.failing(12, action="replace", body={"kid": "nobodys-key-1", "privateKey": "x"})
        self.assertNotIn("ssa-hsm key delete nobodys-key-1", result.err)
        self.assert_untouched()

    def test_a_key_that_another_host_made_meanwhile_is_untouched(self) -> None:
        self.api.fault("hang-after", method="POST", path=KEYS, seconds=1.5)
        process = background(self, "key", "create", "--output", self.target, "--timeout", 2 * BRIEF)
        eventually(lambda: len(self.keys_of(self.account)) == 2, "the program's key is there")
        ours = [k for k in self.keys_of(self.account) if k != self.foreign]
        other = self.api.call("POST", f"/service-accounts/{self.account}/keys", self.api.admin()).json["kid"]
        result = self.expect_failure(ended(process), 13, "none was deleted", ours[0], other)
        self.assertEqual(sorted(self.keys_of(self.account)), sorted([self.foreign, ours[0], other]))
        # Which of the two it is cannot be told from here; the command is named, into which the person puts one.
        self.assertIn(f"ssa-hsm key delete KEY_ID --account {self.account}", result.err)
        self.expect(self.run_program("key", "delete", ours[0], "--account", self.account, "--yes"), 0)
        self.assertEqual(sorted(self.keys_of(self.account)), sorted([self.foreign, other]))

    def test_an_account_named_by_its_email(self) -> None:
        email = self.profile()["SSA_EMAIL"]
        self.profile_path().unlink()
        self.api.fault("drop", method="POST", path=KEYS)
        self.expect_failure(self.create_key("--account", email.upper()), 12, "is deleted again")
        self.assertEqual(self.keys_of(self.account), [self.foreign])
        self.assertEqual(self.objects(), [])

    def test_an_account_that_nobody_has(self) -> None:
        result = self.create_key("--account", "NO-SUCH-ACCOUNT")
        self.expect_failure(result, 10, "NO-SUCH-ACCOUNT")
        self.assert_untouched()

    def test_the_accounts_cannot_be_listed(self) -> None:
        faults: tuple[tuple[int, Fault], ...] = (
            (8, {"action": "refuse"}),
            (8, {"action": "replace", "body": "[]"}),
            (10, {"action": "status", "status": 403}),
        )
        for code, fault in faults:
            with self.subTest(**fault):
                self.api.fault(method="GET", path="/service-accounts", times=0, **fault)
                self.expect_failure(self.create_key("--account", "another@example.com"), code)
                self.assert_untouched()
                self.again()

    def test_a_known_kid_is_deleted_alone(self) -> None:
        # The import fails (a PEM that is none) while another host makes a key.
        self.api.control("POST", "keys", pem="no PEM at all")
        self.api.fault("late", method="POST", path=KEYS, seconds=1)
        process = background(self, "key", "create", "--output", self.target, "--timeout", 2 * BRIEF)
        eventually(lambda: len(self.keys_of(self.account)) == 2, "the program's key is there")
        other = self.api.call("POST", f"/service-accounts/{self.account}/keys", self.api.admin()).json["kid"]
        self.expect_failure(ended(process), 12, "is deleted again")
        self.assertEqual(sorted(self.keys_of(self.account)), sorted([self.foreign, other]))

    def test_the_keys_cannot_be_listed_afterwards(self) -> None:
        self.api.fault("status", method="GET", path=KEYS, times=0, skip=1, status=403)
        self.failing(13, "could not be listed", self.account, "ssa-hsm key delete", action="drop")
        self.assertEqual(len(self.keys_of(self.account)), 2)

    def test_the_deletion_fails_and_is_named(self) -> None:
        self.api.fault("status", method="DELETE", times=0, status=403)
        result = self.failing(13, "could not be deleted", action="drop")
        ours = [k for k in self.keys_of(self.account) if k != self.foreign]
        self.assertIn(ours[0], result.err)
        self.api.control("POST", "clear")
        self.follow(result, "ssa-hsm key delete")
        self.assert_untouched()

    def test_429_is_waited_for(self) -> None:
        self.api.fault("status", method="POST", path=KEYS, status=429, headers={"Retry-After": "1"})
        began = time.monotonic()
        self.expect(self.run_program("key", "create", "--output", self.target), 0, "rate limit")
        self.assertGreater(time.monotonic() - began, 1)
        self.assertEqual(len(self.keys_of(self.account)), 2)

    def test_the_fourth_key_is_refused_with_what_to_do(self) -> None:
        token = self.api.admin()
        for _ in range(2):
            self.api.call("POST", f"/service-accounts/{self.account}/keys", token)
        self.expect_failure(self.create_key(), 10, "HTTP 403", "as many keys as it may have")
        self.assertEqual(len(self.keys_of(self.account)), 3)
        self.assertEqual(self.objects(), [])
