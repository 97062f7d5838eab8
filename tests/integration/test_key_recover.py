"""What a process that was killed has left: found, named, finished or undone."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import journal
from fault_support import (
    ACCOUNTS,
    CREATE,
    KEYS,
    PLAIN,
    PUT_PRIVATE,
    PUT_PUBLIC,
    SIGN,
    FaultCase,
    KeyCase,
    background,
    ended,
    eventually,
)
from harness import PIN, Result
from test_other_tokens import PRIVATE, UNKNOWN


class Recovery(FaultCase):
    def recover(self, *more: object, code: int = 0, words: tuple[str, ...] = (), **options: Any) -> Result:
        return self.expect(self.run_program("key", "recover", *more, **options), code, *words)

    def killed(self, *command: object, rule: str, script: tuple[str, ...] = ()) -> None:
        with self.shim(*script, rule):
            self.assertEqual(self.run_program(*command).code, -signal.SIGKILL)

    def killed_while(self, *command: object, until: Any) -> None:
        process = background(self, *command)
        eventually(until, "it is far enough")
        process.kill()
        ended(process)

    def history(self) -> list[dict[str, Any]]:
        return list(json.loads(self.expect(self.run_program("history", "--json"), 0).out))


class AccountCreate(Recovery):
    def assert_undone(self) -> None:
        self.assert_nothing_left()
        self.recover(words=("nothing is left",))
        self.assertEqual(self.history()[-1]["outcome"], "undone")

    def test_before_the_api_was_asked_there_is_nothing_to_recover(self) -> None:
        self.killed(*CREATE, rule="C_OpenSession 1 kill before")
        self.assertEqual(self.api.asked(), [])
        self.recover(words=("nothing is left",))
        self.assert_nothing_left()

    def test_with_the_account_on_its_way(self) -> None:
        self.api.fault("late", method="POST", path=ACCOUNTS, seconds=5)
        self.killed_while(*CREATE, until=self.api.accounts)
        self.recover(words=("deleted again",))
        self.assert_undone()

    def test_with_the_account_made_and_the_key_on_its_way(self) -> None:
        self.api.fault("late", method="POST", path=KEYS, seconds=5)
        self.killed_while(*CREATE, until=lambda: any(a["keys"] for a in self.api.accounts()))
        self.recover()
        self.assert_undone()

    def test_before_the_import(self) -> None:
        self.killed(*CREATE, rule=f"{PUT_PRIVATE} kill before")
        self.recover()
        self.assert_undone()

    def test_with_half_of_the_key_in_the_token(self) -> None:
        self.killed(*CREATE, rule=f"{PUT_PUBLIC} kill before")
        # The private half is there, and so is the key; its public half follows.
        self.recover(words=("complete at the API and on the token",))
        self.assert_whole()
        self.expect(self.run_program("token"), 0)

    def test_with_the_key_whole_on_both_sides_it_gets_its_profile(self) -> None:
        self.killed(*CREATE, rule=f"{SIGN} kill after")
        self.recover(words=("complete at the API and on the token",))
        self.assert_whole()
        self.expect(self.run_program("token"), 0)
        self.assertEqual(self.history()[-1]["outcome"], "done")

    def test_the_next_command_says_so_and_the_same_again_is_refused(self) -> None:
        self.killed(*CREATE, rule=f"{PUT_PRIVATE} kill before")
        self.api.forget_requests()
        self.expect(self.run_program(*CREATE), 3, "was interrupted", "key recover")
        self.assertNotIn("POST /service-accounts", self.api.asked())
        self.expect(self.run_program("account", "list"), 0, "was interrupted")
        self.recover()
        self.expect(self.run_program(*CREATE), 0)

    def test_an_account_that_somebody_has_put_a_key_into_stays(self) -> None:
        self.api.fault("late", method="POST", path=KEYS, seconds=5)
        self.killed_while(*CREATE, until=lambda: any(a["keys"] for a in self.api.accounts()))
        account = self.api.accounts()[0]["serviceAccountId"]
        ours = self.keys_of(account)
        self.api.control("POST", "clock", offset=60)
        self.api.call("POST", f"/service-accounts/{account}/keys", self.api.admin())
        self.recover(words=("somebody uses it",))
        left = self.keys_of(account)
        self.assertEqual(len(left), 1)
        self.assertNotIn(ours[0], left)

    def test_a_token_that_is_away_is_waited_for(self) -> None:
        self.killed(*CREATE, rule=f"{SIGN} kill after")
        moved = self.store.tokens.rename(self.dir / "away")
        self.store.tokens.mkdir()
        self.recover(code=13, words=("not settled",))
        self.assertEqual(len(self.api.accounts()), 1)
        self.store.tokens.rmdir()
        moved.rename(self.store.tokens)
        self.recover(words=("complete at the API and on the token",))
        self.assert_whole()

    def test_a_wrong_pin_is_tried_once_whatever_number_of_operations_is_open(self) -> None:
        for name in ("one", "two", "three"):
            command = ("account", "create", "service", f"recover-{name}", "--force", "--output", self.dir / f"{name}.env", *PLAIN)
            self.killed(*command, rule=f"{PUT_PRIVATE} kill before")
        wrong = self.dir / "wrong-pin"
        wrong.touch(mode=0o600)
        wrong.write_text("0000-wrong\n")
        with self.shim() as log:
            for options, logins in (((), 1), (("--pin-retry",), 2)):
                self.recover("--pin-source", f"file:{wrong}", *options, code=13, words=("3 of 3",))
                self.assertEqual(log.count("C_Login"), logins, options)
        wrong.write_text(f"{PIN}\n")
        self.recover("--pin-source", f"file:{wrong}")
        self.assert_nothing_left()

    def test_a_keys_own_login_that_is_refused_is_made_for_none_of_the_others(self) -> None:
        each = "always-authenticate"
        for name in ("one", "two", "three"):
            command = ("account", "create", "service", f"recover-{name}", "--force", "--output", self.dir / f"{name}.env", *PLAIN)
            self.killed(*command, rule=f"{SIGN} kill before", script=(each,))
        rule = "C_Login user=CKU_CONTEXT_SPECIFIC return CKR_PIN_INCORRECT"
        # The token is opened for each, or stays open since it has the client secret, too.
        line = self.expect(self.run_program("secret", "import", "--print"), 0).out
        for secret in ({}, {"APS_SECRET_ID": line.partition("=")[2].strip().strip('"')}):
            with self.subTest(secret), self.shim(each, rule) as log:
                self.recover("--pin-retry", code=13, words=("3 of 3",), env=secret)
                self.assertEqual(sum("CKU_CONTEXT_SPECIFIC" in call.args for call in log.of("C_Login")), 1)
        self.recover("--pin-retry", words=("complete at the API and on the token",))

    def test_another_client_id_does_not_touch_it(self) -> None:
        self.killed(*CREATE, rule=f"{PUT_PRIVATE} kill before")
        result = self.recover("--client-id", "another", words=("another client id",))
        self.assertEqual(len(self.open_operations()), 1)
        self.assertEqual(len(self.api.accounts()), 1)
        self.paste(result, f"ssa-hsm key recover --client-id {self.api.client_id}")
        self.assert_nothing_left()
        # Another server's is only named.
        self.killed(*CREATE, rule=f"{PUT_PRIVATE} kill before")
        self.recover("--base-url", "https://other.example", words=("or server", self.api.client_id))
        self.assertEqual(len(self.open_operations()), 1)

    def test_forgetting_leaves_it_all(self) -> None:
        self.killed(*CREATE, rule=f"{PUT_PRIVATE} kill before")
        self.api.fault("status", method="*", path="/service-accounts*", status=500, times=0)
        self.recover("--timeout", 2, code=13)
        self.recover("--timeout", 2, "--forget", words=("forgotten",))
        self.assertEqual(self.open_operations(), [])
        self.assertEqual(self.history()[-1]["outcome"], "left")

    def test_nothing_of_a_journal_that_is_no_journal_is_touched(self) -> None:
        self.killed(*CREATE, rule=f"{PUT_PRIVATE} kill before")
        folder = self.state / "ssa-hsm" / "journal"
        entry = folder / self.open_operations()[0]
        written = entry.read_bytes()
        # As a version without checksums wrote it.
        earlier = "".join(journal.earlier(journal.members(line)) for line in written.rstrip(b"\0").splitlines())
        for text, words in (
            ('{"operation":"key create","step":"key-made","kid":"../../x"}\n', "earlier version"),
            (earlier, "earlier version"),
            ("nonsense\n", "damaged"),
            ("{}\n[]\n", "damaged"),
        ):
            with self.subTest(text):
                entry.write_text(text)
                self.recover(code=13, words=("left as it is", words, "1 of 1 operations", "--forget"))
                self.assertEqual(entry.read_text(), text)
                self.assertEqual(len(self.api.accounts()), 1)
                self.recover("--forget", words=("moved, unchanged",))
                self.assertEqual(self.open_operations(), [])
                self.assertEqual(len(self.api.accounts()), 1)
                forgotten = self.state / "ssa-hsm" / "forgotten" / entry.name
                self.assertEqual(forgotten.read_text(), text)
                forgotten.unlink()
        entry.write_bytes(written)
        self.recover()
        self.assert_undone()


class UnknownToken(Recovery):
    """What it does not take, a process found out that is gone."""

    def whole(self, *script: str, kinds: list[str]) -> None:
        for way in ("plain", "wrap"):
            with self.subTest(script, way=way):
                self.fresh()
                with self.shim(*UNKNOWN, *script, f"{SIGN} kill after"):
                    self.assertEqual(self.create("--import", way).code, -signal.SIGKILL)
                    self.recover(words=("complete at the API and on the token",))
                    self.expect(self.run_program("token"), 0)
                self.assertEqual([kind for kind, _ in self.objects()], kinds)

    def test_the_public_half(self) -> None:
        self.whole("C_CreateObject * class=CKO_PUBLIC_KEY return CKR_TEMPLATE_INCONSISTENT", kinds=["Private"])

    def test_a_use(self) -> None:
        self.whole(f"template refuse CKA_SIGN_RECOVER {PRIVATE}", kinds=["Private", "Public"])

    def test_a_key_that_may_come_out_is_undone(self) -> None:
        with self.shim(*UNKNOWN, f"{SIGN} kill after"):
            self.assertEqual(self.create().code, -signal.SIGKILL)
        with self.shim(*UNKNOWN, f"attribute CKA_EXTRACTABLE true {PRIVATE}"):
            self.recover()
        self.assert_nothing_left()


class KeyCreate(Recovery, KeyCase):
    def key_create(self) -> tuple[object, ...]:
        return ("key", "create", "--output", self.target, *PLAIN)

    def test_with_the_key_on_its_way(self) -> None:
        self.api.fault("late", method="POST", path=KEYS, seconds=5)
        self.killed_while(*self.key_create(), until=lambda: len(self.keys_of(self.account)) == 2)
        self.recover(words=("is deleted again at the API",))
        self.assert_untouched()

    def test_with_a_key_of_another_made_in_the_same_seconds_a_person_chooses(self) -> None:
        self.api.fault("late", method="POST", path=KEYS, seconds=5)
        self.killed_while(*self.key_create(), until=lambda: len(self.keys_of(self.account)) == 2)
        ours = next(kid for kid in self.keys_of(self.account) if kid != self.foreign)
        self.api.call("POST", f"/service-accounts/{self.account}/keys", self.api.admin())
        theirs = next(kid for kid in self.keys_of(self.account) if kid not in (self.foreign, ours))
        result = self.recover("--yes", code=13, words=(ours, theirs, "--key"))
        self.assertEqual(len(self.keys_of(self.account)), 3)
        self.assertIn(ours, self.paste(result, "ssa-hsm key recover --key", KEY_ID=ours).err)
        self.assertEqual(sorted(self.keys_of(self.account)), sorted([self.foreign, theirs]))
        self.assertEqual(self.open_operations(), [])

    def test_a_key_that_was_made_later_is_somebody_elses(self) -> None:
        # Planted for one request: it is gone when that has come, and not only been sent.
        self.api.fault("hang", method="POST", path=KEYS)
        self.killed_while(*self.key_create(), until=lambda: not self.api.control("GET", "state")["faults"])
        self.api.control("POST", "clock", offset=60)
        self.api.call("POST", f"/service-accounts/{self.account}/keys", self.api.admin())
        self.recover()
        self.assertEqual(len(self.keys_of(self.account)), 2)

    def test_whole_on_both_sides(self) -> None:
        self.killed(*self.key_create(), rule=f"{SIGN} kill after")
        self.recover(words=("complete at the API and on the token", str(self.target)))
        with self.shim():
            self.expect(self.run_program("token", "--profile", self.target), 0)
        self.assertIn(self.foreign, self.keys_of(self.account))

    def test_a_key_that_is_gone_at_the_api_goes_on_the_token(self) -> None:
        self.killed(*self.key_create(), rule=f"{SIGN} kill after")
        ours = next(kid for kid in self.keys_of(self.account) if kid != self.foreign)
        self.api.call("DELETE", f"/service-accounts/{self.account}/keys/{ours}", self.api.admin())
        self.recover()
        self.assert_untouched()
        self.assertEqual(self.open_operations(), [])

    def test_a_profile_that_somebody_wrote_meanwhile_is_not_replaced(self) -> None:
        self.killed(*self.key_create(), rule=f"{SIGN} kill after")
        self.target.write_text("MINE=1\n")
        self.recover(words=("complete at the API and on the token", "there is another file"))
        self.assertEqual(self.target.read_text(), "MINE=1\n")
        (beside,) = self.dir.glob("new.env.*")
        with self.shim():
            self.expect(self.run_program("token", "--profile", beside), 0)


class ReadOnly(Recovery):
    def test_without_a_journal_nothing_is_begun(self) -> None:
        self.state.mkdir(exist_ok=True)
        self.state.chmod(0o500)
        self.expect(self.run_program(*CREATE), 3, "journal", "XDG_STATE_HOME")
        self.state.chmod(0o700)
        self.assertEqual(self.api.asked(), [])
        self.assert_nothing_left()

    def test_reading_does_without(self) -> None:
        made = self.provisioned()
        self.state.mkdir(exist_ok=True)
        self.state.chmod(0o500)
        self.expect(self.run_program("token"), 0)
        self.expect(self.run_program("key", "list", "--account", made["SERVICE_ACCOUNT_ID"]), 0)
        self.expect(self.run_program("history"), 0, "nothing was done")
        self.state.chmod(0o700)
        self.assertEqual(os.listdir(self.state), [])
