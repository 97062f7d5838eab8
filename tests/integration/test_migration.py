"""From an old file to a PKCS#11 token: the file goes only once the key is proved, and a run that ended early is repeated."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import keyfiles
import places
import softtoken
import test_card
from fault_support import BRIEF, eventually
from harness import Result
from test_key_import import PROOF, Import

# At the end: it has a world.py of its own.
sys.path.append(str(Path(__file__).resolve().parents[1] / "matrix"))
import killer  # noqa: E402

IMPORT = ("key", "import", "--import", "plain")


class Migration(Import):
    def setUp(self) -> None:
        super().setUp()
        self.values = self.old_account()
        self.pem = self.values["PRIVATE_KEY"]
        self.text = self.block(self.values)
        self.old = self.file(self.text)

    def shred(self, *more: object, file: Path | None = None, **options: object) -> Result:
        return self.run_program("key", "import", file or self.old, "--shred", "--timeout", BRIEF, *more, **options)

    def assert_kept(self, result: Result, code: int, *words: str) -> None:
        """Key and profile are there, the file is, too, and all of that is said."""
        self.expect(result, code, self.values["KEY_ID"], str(self.profile_path()), f"{self.old} was not destroyed", *words)
        self.assertEqual(result.out, "")
        self.assertEqual(self.old.read_text(), self.text)
        self.assertEqual(self.profile()["KEY_ID"], self.values["KEY_ID"])
        self.assertEqual(len(self.store.objects()), 2)

    def assert_done(self, file: Path | None = None) -> None:
        self.assertFalse((file or self.old).exists())
        self.assertEqual({n: self.profile()[n] for n in self.values if n != "PRIVATE_KEY"},
                         {n: v for n, v in self.values.items() if n != "PRIVATE_KEY"})  # fmt: skip
        self.assertEqual(len(self.store.objects()), 2)
        self.expect(self.run_program("token"), 0)

    def key_path(self) -> str:
        return f"/service-accounts/{self.values['SERVICE_ACCOUNT_ID']}/keys/{self.values['KEY_ID']}"


class Proof(Migration):
    def test_it_is_one_request_and_is_said(self) -> None:
        self.check(self.expect(self.shred(), 0, "proved", "one request"), self.values, PROOF)

    def test_offline_asks_nothing_and_is_said(self) -> None:
        self.check(self.expect(self.shred("--offline"), 0, "--offline", "was not asked"), self.values)
        self.assertFalse(self.old.exists())

    def test_a_client_secret_that_nobody_knows_is_missed_before_the_pin(self) -> None:
        file = self.file(self.block({n: v for n, v in self.values.items() if n != "APS_SECRET_ID"}))
        with self.shim() as log:
            self.expect(self.shred(file=file), 3, "APS_SECRET_ID")
            self.assertEqual(log.count("C_Login"), 0)
        self.assertTrue(file.exists())

    def test_a_client_secret_that_is_typed_is_in_the_profile_which_is_said(self) -> None:
        file = self.file(self.block({n: v for n, v in self.values.items() if n != "APS_SECRET_ID"}))
        result = self.typed("key", "import", file, "--shred", answers=[("Client secret of", self.api.secret)])
        self.expect(result, 0, str(self.profile_path()), "mode 0600", "secret import", "credential:")
        self.assertNotIn(self.api.secret, result.err + result.out)
        self.assert_done()

    def test_the_network_is_down(self) -> None:
        down = {"SSA_HSM_BASE_URL": "https://127.0.0.1:9"}
        self.assert_kept(self.shred(env=down), 8, "same command again")
        # The profile has that address now. With the right one it is another profile, which --force replaces.
        self.expect(self.shred(), 14, "exists already")
        self.expect(self.shred("--force"), 0, "already")
        self.assert_done()

    def test_no_answer_and_then_one(self) -> None:
        self.api.fault("refuse", method="POST", path="/token", times=0)
        self.assert_kept(self.shred(), 8, "same command again")
        self.api.control("POST", "clear")
        self.api.forget_requests()
        with self.shim() as log:
            self.check(self.expect(self.shred(), 0, "already"), self.values, PROOF)
            self.assertEqual(log.count("C_CreateObject"), 0)
        self.assert_done()

    def test_a_key_that_is_disabled(self) -> None:
        admin = self.api.admin()
        self.api.call("PATCH", self.key_path(), admin, {"status": "DISABLED"})
        self.assert_kept(self.shred(), 10, "key enable")
        self.api.call("PATCH", self.key_path(), admin, {"status": "ENABLED"})
        self.expect(self.shred(), 0)
        self.assert_done()

    def test_an_account_without_the_key(self) -> None:
        self.api.call("DELETE", self.key_path(), self.api.admin())
        self.assert_kept(self.shred(), 10)
        self.assert_kept(self.shred(), 10)

    def test_a_key_that_belongs_to_another_id(self) -> None:
        text = self.block({**self.values, "PRIVATE_KEY": keyfiles.pem()})
        self.old = self.file(text)
        self.text = text
        self.assert_kept(self.shred(), 10)

    def test_a_wrong_client_secret(self) -> None:
        wrong = {**self.values, "APS_SECRET_ID": "not-the-secret"}
        self.text = self.block(wrong)
        self.old = self.file(self.text)
        self.assert_kept(self.shred(), 9)
        # The file is corrected, and differs from the profile: nobody guesses which one is right.
        self.old = self.file(self.block(self.values))
        self.expect(self.shred(), 3, "another APS_SECRET_ID", "--force", out="")
        self.expect(self.shred("--force"), 0)
        self.assert_done()

    def test_interrupted_while_the_api_is_silent(self) -> None:
        self.api.fault("hang", method="POST", path="/token", times=0)
        with self.terminal("key", "import", self.old, "--shred") as terminal:
            eventually(self.profile_path().exists, "the profile is there")
            terminal.send("\x03")
            self.assertEqual(terminal.finish(), -signal.SIGINT)
            self.assertIn("was not destroyed", terminal.screen)
        self.assertEqual(self.old.read_text(), self.text)
        self.api.control("POST", "clear")
        self.expect(self.shred(), 0)
        self.assert_done()


class InPlace(Migration):
    """The profile takes the file's place: the proof comes first."""

    def place(self, *more: object) -> Result:
        return self.shred("--output", self.old, "--force", *more)

    def test_a_proof_that_fails_undoes_the_import(self) -> None:
        self.api.call("DELETE", self.key_path(), self.api.admin())
        self.expect(self.place(), 12, "the file still has the key", out="")
        self.assertEqual(self.old.read_text(), self.text)
        self.assertEqual(self.store.objects(), [])

    def test_without_shred_it_is_proved_all_the_same(self) -> None:
        self.expect(self.run_program("key", "import", self.old, "--output", self.old, "--force"), 0, "proved")
        self.assertEqual(self.api.asked(), list(PROOF))
        self.assertNotIn("BEGIN", self.old.read_text())
        self.expect(self.run_program("token", "--profile", self.old), 0)

    def test_of_a_link_the_file_is_replaced_and_the_link_stays(self) -> None:
        link, blocks = self.dir / "link.env", self.dir / "blocks"
        link.symlink_to(self.old)
        blocks.hardlink_to(self.old)
        self.expect(self.run_program("key", "import", link, "--shred"), 3, "is a link")
        self.assertEqual(self.old.read_text(), self.text)
        self.expect(self.run_program("key", "import", link, "--output", link, "--force"), 0, "proved")
        self.assertEqual(link.readlink(), self.old)
        self.assertNotIn("BEGIN", self.old.read_text())
        self.assertEqual(set(blocks.read_bytes()), {0})
        self.expect(self.run_program("token", "--profile", link), 0)

    def test_a_recovery_does_not_replace_a_file_whose_key_was_not_proved(self) -> None:
        self.api.fault("hang", method="POST", path="/token", times=0)
        with self.shim("C_Sign 3 kill after"):
            self.assertEqual(self.place().code, -signal.SIGKILL)
        self.api.control("POST", "clear")
        self.assertEqual(self.old.read_text(), self.text)
        client = {name: self.values[name] for name in ("APS_CLIENT_ID", "APS_SECRET_ID")}
        with self.shim():
            self.expect(self.run_program("key", "recover", env=client), 0, "still holds the key")
        self.assertEqual(self.old.read_text(), self.text)
        beside = self.old.with_name(f"old.env.{self.values['KEY_ID']}")
        with self.shim():
            self.expect(self.run_program("token", "--profile", beside), 0)
            # The same again finds the key, and ends what was begun.
            self.expect(self.place(), 0, "already", "proved")
            self.expect(self.run_program("token", "--profile", self.old), 0)
        self.assertNotIn("BEGIN", self.old.read_text())


class Again(Migration):
    def test_without_the_client_secret_in_the_profile_it_is_added(self) -> None:
        self.expect(self.run_program("key", "import", self.old), 0)
        lines = self.profile_path().read_text().splitlines(keepends=True)
        kept = [line for line in lines if not line.startswith("APS_SECRET_ID")]
        self.profile_path().write_text("".join([*kept, "# mine\n", "FOO=bar\n"]))
        self.expect(self.shred(), 0)
        self.assertEqual(self.profile()["FOO"], "bar")
        self.assertIn("# mine\n", self.profile_path().read_text())
        self.assert_done()

    def test_a_client_secret_that_was_moved_meanwhile_stays_where_it_is(self) -> None:
        self.expect(self.run_program("key", "import", self.old), 0)
        self.expect(self.run_program("secret", "import"), 0)
        moved = self.profile_path().read_text()
        self.assertNotIn(self.api.secret, moved)
        # Without the API nobody knows that it is the same secret.
        self.expect(self.shred("--offline"), 3, "another APS_SECRET_ID", out="")
        self.expect(self.shred(), 0, "already")
        self.assertEqual(self.profile_path().read_text(), moved)
        self.assertFalse(self.old.exists())
        self.expect(self.run_program("token"), 0)

    def test_a_profile_of_another_key_is_not_replaced(self) -> None:
        path = self.write_profile({**{n: v for n, v in self.values.items() if n != "PRIVATE_KEY"}, "KEY_ID": "other",
                                   "PRIVATE_KEY": "pkcs11:token=work;id=other"})  # fmt: skip
        before = path.read_text()
        self.expect(self.shred(), 14, "exists already", "--force")
        self.assertEqual((path.read_text(), self.old.read_text()), (before, self.text))

    def test_a_profile_whose_key_is_on_no_token_here(self) -> None:
        path = self.write_profile({**self.values, "PRIVATE_KEY": "pkcs11:token=work;id=nothing"})
        self.expect(self.shred(), 14, "exists already", "--force")
        self.assertEqual(self.store.objects(), [])
        self.assertEqual(self.old.read_text(), self.text)
        self.assertIn("id=nothing", path.read_text())

    def test_a_key_that_another_tool_left_extractable_does_not_count(self) -> None:
        der = keyfiles.der(self.pem)
        (self.dir / "key.der").write_bytes(der)
        kid = self.values["KEY_ID"].encode().hex()
        self.store.tool("--write-object", str(self.dir / "key.der"), "--type", "privkey", "--id", kid, "--extractable")
        result = self.shred()
        self.assertNotEqual(result.code, 0, str(result))
        self.assertEqual(self.old.read_text(), self.text)
        self.assertFalse(self.profile_path().exists())


class Card(Migration):
    """Its keys are called after their slots: the one that is there is known by its certificate and its modulus."""

    def setUp(self) -> None:
        super().setUp()
        self.script = test_card.script().splitlines()
        key = next(line.split()[1] for line in self.script if line.startswith("so-pin "))
        self.env.update(SSA_HSM_SO_PIN_SOURCE="env:MANAGEMENT_KEY", MANAGEMENT_KEY=key)

    def test_the_same_again_takes_no_second_slot(self) -> None:
        self.api.fault("refuse", method="POST", path="/token", times=0)
        with self.shim(*self.script):
            self.expect(self.shred(), 8, "slot 9a", "was not destroyed")
        uri = self.profile()["PRIVATE_KEY"]
        self.api.control("POST", "clear")
        before = self.store.objects()
        # With its profile, and with none: then each slot is looked at.
        for more in (("--profile", "other"), ()):
            with self.subTest(more), self.shim(*self.script) as log:
                self.old = self.file(self.text)
                self.expect(self.shred(*more), 0, "already", "proved")
                self.assertEqual((log.count("C_CreateObject"), log.count("C_DestroyObject")), (0, 0))
                self.assertFalse(self.old.exists())
                self.assertEqual(self.store.objects(), before)
        self.assertEqual(self.profile()["PRIVATE_KEY"], uri)
        with self.shim(*self.script):
            self.expect(self.run_program("token", "--profile", "other"), 0)

    def test_the_secret_cannot_move_there_and_that_is_said(self) -> None:
        with self.shim(*self.script):
            result = self.expect(self.shred(), 0, "mode 0600", "cannot hold it", "credential:")
        self.assertNotIn("secret import", result.err)


class Killed(Migration):
    """Killed at each call that changes something: the key is always somewhere, and the same command ends it."""

    def begin(self, own_key: bool) -> list[Path]:
        self.store.copy_from(softtoken.template())
        for path in (self.profile_path().parent.glob("*"), (self.state / "ssa-hsm").glob("*/*")):
            for file in path:
                file.unlink()
        self.old = self.file(self.text)
        if not own_key:
            return [self.old]
        key = self.file(self.pem, "key.pem")
        self.old.write_text(self.block({**{n: v for n, v in self.values.items() if n != "PRIVATE_KEY"}, "SSA_KEY_PATH": "key.pem"}))
        return [self.old, key]

    def trace(self, kill: killer.Point | None) -> killer.Trace:
        argv = [str(places.program()), *IMPORT, str(self.old), "--shred", "--yes"]
        return killer.run(argv, self.environment(), self.dir, self.dir / "out", self.dir / "err", kill)

    def points(self, own_key: bool) -> Iterator[killer.Point]:
        self.begin(own_key)
        trace = self.trace(None)
        self.assertEqual(trace.code, 0, (self.dir / "err").read_text())
        interesting = ("pwrite64", "fsync", "ftruncate", "renameat", "renameat2", "unlink", "unlinkat", "sendto", "write")
        mine = [p for p in trace.points if p.thread < killer.PROCESS and p.ours and p.name in interesting and not p.error]
        for i, point in enumerate(mine):
            # Every one of the second half, where the profile, the proof and the end of the file are.
            if i >= len(mine) // 2 or i % 4 == 0:
                yield point

    def sweep(self, own_key: bool) -> None:
        secrets = (self.pem.splitlines()[3], self.api.secret)
        for point in self.points(own_key):
            with self.subTest(str(point)):
                files = self.begin(own_key)
                self.api.forget_requests()
                self.trace(point)
                text = "".join(f.read_text() for f in files if f.exists())
                if not all(secret in text for secret in secrets):
                    # Something was destroyed: by then an access token was fetched with the key.
                    self.assertEqual(self.api.asked(), list(PROOF))
                if self.old.exists():
                    self.expect(self.run_program("key", "import", self.old, "--shred", "--yes"), 0)
                self.assertEqual([f for f in files if f.exists()], [])
                self.assert_done()
                self.assertEqual(sorted(p.name for p in self.profile_path().parent.iterdir()), ["default.env"])

    def test_a_block(self) -> None:
        self.sweep(own_key=False)

    def test_a_block_and_its_key_s_own_file(self) -> None:
        self.sweep(own_key=True)

    def test_what_an_interrupted_destruction_leaves_is_removed_with_its_profile_alone(self) -> None:
        zeros = b"\0" * len(self.text)
        self.old.write_bytes(zeros)
        for more in ((), ("--shred",)):
            self.expect(self.run_program("key", "import", self.old, *more), 3, "overwritten with zeros", "--shred", out="")
        self.old.write_text(self.text)
        self.expect(self.run_program("key", "import", self.old), 0)
        self.old.write_bytes(zeros)
        self.expect(self.shred("--offline"), 2, "only the API", out="")
        self.assertTrue(self.old.exists())
        self.api.forget_requests()
        self.expect(self.shred(), 0, "proved")
        self.assertEqual(self.api.asked(), list(PROOF))
        self.assert_done()


class Forms(Migration):
    def json_file(self, **more: object) -> Path:
        answer = {"kid": self.values["KEY_ID"], "privateKey": self.pem, **more}
        return self.file(json.dumps(answer), "answer.json")

    def client(self) -> None:
        self.env.update(APS_CLIENT_ID=self.api.client_id, APS_SECRET_ID=self.api.secret)

    def test_the_api_s_answer(self) -> None:
        self.client()
        file = self.json_file()
        self.expect(self.shred(file=file), 3, "--account", out="")
        self.expect(self.shred("--account", self.values["SERVICE_ACCOUNT_ID"], "--email", self.values["SSA_EMAIL"], file=file), 0)
        self.assert_done(file)

    def test_the_api_s_answer_with_all_the_rest(self) -> None:
        rest = {"serviceAccountId": self.values["SERVICE_ACCOUNT_ID"], "email": self.values["SSA_EMAIL"],
                "clientId": self.api.client_id, "clientSecret": self.api.secret, "publicKey": "-----BEGIN…",
                "status": "ENABLED", "createdAt": "2025-01-01T00:00:00Z", "nothing": None}  # fmt: skip
        for form in (self.json_file(**rest), self.file("\ufeff" + json.dumps({"privateKey": self.pem, **rest, "kid": self.values["KEY_ID"]}, indent=2), "i.json")):
            with self.subTest(form.name):
                self.store.copy_from(softtoken.template())
                self.expect(self.shred("--force", file=form), 0)
                self.assert_done(form)

    def test_json_with_something_else_is_spared(self) -> None:
        self.client()
        for more in ({"DATABASE": "x"}, {"nested": {"password": "x"}}, {"list": ["x"]}):
            with self.subTest(more):
                file = self.json_file(**more)
                result = self.shred("--account", self.values["SERVICE_ACCOUNT_ID"], file=file)
                self.expect(result, 3, next(iter(more)), out="")
                self.assertTrue(file.exists())
        self.assertEqual(self.store.objects(), [])

    def test_json_that_is_none(self) -> None:
        self.client()
        texts = {"cut": json.dumps({"kid": "K", "privateKey": self.pem})[:-5], "no key": '{"kid": "K"}', "empty": "{}",
                 "two": json.dumps({"kid": "K", "keyId": "L", "privateKey": self.pem}), "a zero": '{"kid": "K\\u0000"}'}  # fmt: skip
        for name, text in texts.items():
            with self.subTest(name):
                file = self.file(text, "answer.json")
                result = self.expect(self.shred("--account", "A", file=file), 3, "answer.json", out="")
                self.assertNotIn(self.pem.splitlines()[3], result.err)
                self.assertTrue(file.exists())


class Emails(Migration):
    def pem_of(self, *more: object, **options: object) -> Result:
        self.env.update(APS_CLIENT_ID=self.api.client_id, APS_SECRET_ID=self.api.secret)
        file = self.file(self.pem, "key.pem")
        return self.run_program("key", "import", file, "--key-id", self.values["KEY_ID"], *more, **options)

    def test_an_email_is_an_account(self) -> None:
        self.expect(self.pem_of("--account", self.values["SSA_EMAIL"].upper()), 0)
        self.assertEqual(self.api.asked(), ["POST /token", "GET /service-accounts"])
        self.assert_done(self.dir / "nothing")

    def test_with_shred_one_request_more(self) -> None:
        self.expect(self.pem_of("--account", self.values["SSA_EMAIL"], "--shred"), 0)
        self.assertEqual(self.api.asked(), ["POST /token", "GET /service-accounts", *PROOF])
        self.assert_done(self.dir / "key.pem")

    def test_offline_it_cannot_be_resolved(self) -> None:
        with self.shim() as log:
            result = self.pem_of("--account", self.values["SSA_EMAIL"], "--offline")
            self.assertEqual(log.count("C_Login"), 0)
        self.expect(result, 2, self.values["SSA_EMAIL"], "only the API", "--offline", "SERVICE_ACCOUNT_ID", out="")
        self.assertEqual(self.api.asked(), [])

    def test_one_that_the_file_or_the_profile_knows_needs_no_request(self) -> None:
        self.expect(self.run_program("key", "import", self.old, "--account", self.values["SSA_EMAIL"], "--offline"), 0)
        self.expect(self.pem_of("--account", self.values["SSA_EMAIL"], "--offline"), 0, "already")
        self.assertEqual(self.api.asked(), [])

    def test_one_that_nobody_has(self) -> None:
        with self.shim() as log:
            self.expect(self.pem_of("--account", "nobody@example.com"), 10, "nobody@example.com", out="")
            self.assertEqual(log.count("C_Login"), 0)

    def test_it_is_one_wherever_help_says_so(self) -> None:
        self.env.update(APS_CLIENT_ID=self.api.client_id, APS_SECRET_ID=self.api.secret)
        email, kid = self.values["SSA_EMAIL"], self.values["KEY_ID"]
        for words in (("key", "list"), ("key", "show", kid), ("key", "disable", kid), ("key", "enable", kid),
                      ("key", "create", "--profile", "second"), ("key", "delete", kid, "--yes")):  # fmt: skip
            with self.subTest(words):
                self.assertIn("id or email", self.run_program(*words[:2], "--help").out)
                self.expect(self.run_program(*words, "--account", email), 0)
        for words in (("show",), ("disable",), ("enable",), ("delete", "--yes")):
            with self.subTest(words):
                self.expect(self.run_program("account", words[0], email, *words[1:]), 0)

    def test_another_client_id_than_the_file_s_is_refused(self) -> None:
        self.expect(self.run_program("key", "import", self.old, "--client-id", "another"), 3, "APS_CLIENT_ID", out="")
