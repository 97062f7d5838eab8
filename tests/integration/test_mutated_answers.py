"""Each call's answer, mutated at random, and always in the same way: SSA_HSM_MUTATIONS says how many of each (3)."""

from __future__ import annotations

import os
import re

import softtoken
from fault_support import FaultCase, one_key
from harness import PIN, SLOW, Result

COUNT = int(os.environ.get("SSA_HSM_MUTATIONS", "3"))
TIMEOUT = ("--timeout", str(2 * SLOW))
CREATE = ("account", "create", "service", "my-filesync", "--import", "plain")
# What docs/commands.md documents.
CODES = range(14)
CLEAN, LEFT = 12, 13
# The API itself says these, so that they are believed where a creation is answered with them.
BELIEVED = (400, 403, 404, 409, 429)


class Mutated(FaultCase):
    def setUp(self) -> None:
        super().setUp()
        self.own = self.provisioned()
        lines = "".join(one_key().splitlines()[1:-1])
        self.secrets = [self.api.secret, *(lines[i : i + 20] for i in range(0, len(lines) - 20, 20))]

    def run_mutated(self, seed: int, call: str, *arguments: object) -> Result:
        method, path = call.split()
        self.api.fault("mutate", method=method, path=path, seed=seed)
        result = self.run_program(*arguments, *TIMEOUT)
        self.api.control("POST", "clear")
        self.assertIn(result.code, CODES)
        self.assertNotRegex(result.err, "Sanitizer|runtime error")
        # A token command prints a token, and nothing else does.
        shown = result.err if arguments[0] == "token" else result.out + result.err
        for secret in (*self.secrets, PIN):
            self.assertNotIn(secret, shown)
        self.assertNotIn("eyJ", shown)
        self.assertEqual(re.findall(r"[^\n -~\u00a0-\uffff]|[\u202a-\u202e\u2066-\u2069]", result.out + result.err), [])
        if result.code != 0:
            self.assertIn("ssa-hsm: ", result.err)
        return result

    def each(self, *calls: str) -> list[tuple[int, str]]:
        return [(1000 * i + k, call) for i, call in enumerate(calls) for k in range(COUNT)]

    def test_commands_that_change_nothing(self) -> None:
        account = self.own["SERVICE_ACCOUNT_ID"]
        for command, calls in (
            (("token",), ["POST /token"]),
            (("account", "list"), ["POST /token", "GET /service-accounts"]),
            (("account", "show", account), ["GET /service-accounts/*"]),
            (("key", "list"), ["GET /service-accounts/*/keys", "GET /service-accounts/*"]),
            (("key", "verify"), ["GET */keys"]),
        ):
            for seed, call in self.each(*calls):
                with self.subTest(command=command, call=call, seed=seed):
                    self.run_mutated(seed, call, *command)
        self.assertEqual(self.keys_of(account), [self.own["KEY_ID"]])

    def test_commands_that_change_a_state(self) -> None:
        made = self.api.control("POST", "accounts", name="another-one", keys=2)
        account, kid = made["serviceAccountId"], made["keys"][0]
        for command, call in (
            (("account", "disable", account), "PATCH /service-accounts/*"),
            (("account", "enable", account), "PATCH /service-accounts/*"),
            (("key", "disable", kid, "--account", account), "PATCH */keys/*"),
            (("key", "enable", kid, "--account", account), "PATCH */keys/*"),
        ):
            for seed, path in self.each(call):
                with self.subTest(command=command, seed=seed):
                    result = self.run_mutated(seed, path, *command)
                    if result.code == 0:
                        found = next(a for a in self.api.control("GET", "state")["accounts"] if a["serviceAccountId"] == account)
                        key = next(k for k in found["keys"] if k["kid"] == kid)
                        state = key["status"] if command[0] == "key" else found["status"]
                        self.assertEqual(state, "ENABLED" if command[1] == "enable" else "DISABLED")
            self.api.control("POST", "clear")
            self.run_program("account", "enable", account)

    def test_commands_that_delete(self) -> None:
        for what in ("account", "key"):
            for seed, call in self.each("DELETE *"):
                made = self.api.control("POST", "accounts", name=f"one-of-{what}-{seed}", keys=1)
                account, kid = made["serviceAccountId"], made["keys"][0]
                command = ("account", "delete", account) if what == "account" else ("key", "delete", kid, "--account", account)
                with self.subTest(what=what, seed=seed):
                    if self.run_mutated(seed, call, *command, "--yes").code == 0:
                        self.assertEqual(self.keys_of(account), [])
                        ids = [a["serviceAccountId"] for a in self.api.accounts()]
                        self.assertEqual(account in ids, what == "key")

    def believed(self) -> bool:
        """Whether the server said no after all, which none of the API's does when it has acted."""
        return any(request["fault"] and request["status"] in BELIEVED for request in self.api.requests())

    def settled(self, result: Result) -> None:
        """What was made is whole, or gone, or named, or known to the journal."""
        if self.believed():
            return
        accounts, objects = self.api.accounts(), self.objects()
        if result.code == 0:
            self.assertTrue(self.profile_path().exists() and accounts and objects)
        elif result.code == CLEAN or not self.open_operations():
            left = accounts or objects or self.profile_path().exists()
            self.assertFalse(left and result.code != LEFT, f"{accounts} {objects}")
            if result.code == LEFT:
                self.assertRegex(result.err, "ssa-hsm (account|key) delete|left")
        else:
            # Only the answer was wrong; the server knows what it did.
            self.assertIn(self.run_program("key", "recover", *TIMEOUT).code, CODES)

    def test_commands_that_create(self) -> None:
        for seed, call in self.each("POST /token", "POST /service-accounts", "POST */keys"):
            self.fresh()
            with self.subTest(call=call, seed=seed):
                self.settled(self.run_mutated(seed, call, *CREATE))

    def test_a_key_for_an_account_that_there_is(self) -> None:
        for seed, call in self.each("GET */keys", "POST */keys"):
            self.fresh()
            made = self.api.control("POST", "accounts", name="older-account", keys=1)
            self.api.forget_requests()
            account, foreign = made["serviceAccountId"], made["keys"][0]
            self.store.copy_from(softtoken.template())
            with self.subTest(call=call, seed=seed):
                result = self.run_mutated(seed, call, "key", "create", "--account", account, "--import", "plain")
                keys = self.keys_of(account)
                self.assertIn(foreign, keys)
                if result.code not in (0, LEFT) and not self.open_operations() and not self.believed():
                    self.assertEqual((keys, self.objects()), ([foreign], []))
