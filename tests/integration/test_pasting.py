"""One suggestion of each kind, pasted into a shell: it does what its message says (see suggesting.PASTED)."""

from __future__ import annotations

import importlib
import re
import signal
from pathlib import Path

import suggesting
from fault_support import FIRST, KEYS, LAST, PLAIN, FaultCase
from harness import Case, Result
from secret_support import SecretCase


class Kinds(Case):
    """That there is a test for each kind."""

    needs_api = False

    def test_each_kind_of_the_source_is_pasted_by_a_test(self) -> None:
        found = set(suggesting.in_source())
        self.assertGreater(len(found), 30)
        told = set(suggesting.PASTED) | set(suggesting.EXCEPTIONS)
        self.assertEqual(found - told, set(), "no test pastes these kinds: add one, and a line to suggesting.PASTED")
        self.assertEqual(told - found, set(), "no message suggests these kinds any more")
        self.assertEqual(set(suggesting.PASTED) & set(suggesting.EXCEPTIONS), set())

    def test_those_tests_are_there(self) -> None:
        for kind, test in suggesting.PASTED.items():
            module, class_name, name = test.split(".")
            with self.subTest(kind):
                self.assertTrue(callable(getattr(getattr(importlib.import_module(module), class_name), name)))

    def test_what_the_parser_refuses_is_seen(self) -> None:
        for command, word in (
            ("ssa-hsm key list --acount A1", "no message"),
            ("ssa-hsm hsm list --label L", "no message"),
            ("ssa-hsm token 'of", "quot"),
            ("ssa-hsm token --profile an --capath", "capath"),
            ("ssa-hsm account create FIRST", "no message"),
        ):
            with self.subTest(command):
                self.assertIn(word, suggesting.refusal(command, self.dir))
        self.assertEqual(suggesting.refusal("ssa-hsm token --capath /x | false", self.dir), "")
        self.assertEqual(suggesting.refusal("ssa-hsm key list --account A1 --profile 'a b'", self.dir), "")


class Usage(Case):
    needs_api = False

    def test_help(self) -> None:
        for command in (["token", "x"], ["tokken"], ["key"], ["token", "--nonsense"]):
            with self.subTest(command):
                result = self.expect(self.run_program(*command), 2)
                if "--help" in result.err:
                    self.assertIn("Usage: ssa-hsm", self.paste(result, "ssa-hsm").out)

    def test_the_nearest_command(self) -> None:
        self.assertIn("`ssa-hsm profile list`", self.run_program("profile", "lst").err)


class Accounts(FaultCase):
    def test_there_are_none(self) -> None:
        result = self.expect(self.run_program("account", "list"), 0)
        self.paste(result, "ssa-hsm account create", FIRST="robot", LAST="number-one")
        self.assert_whole()

    def test_one_of_that_name_is_there(self) -> None:
        self.expect(self.run_program("account", "create", FIRST, LAST, "-p", "an", *PLAIN), 0)
        result = self.expect(self.run_program("account", "create", FIRST, LAST, *PLAIN), 14)
        self.paste(result, "ssa-hsm key create", ID=self.profile("an")["SERVICE_ACCOUNT_ID"])
        self.expect(self.run_program("token"), 0)

    def test_there_are_too_many(self) -> None:
        made = [self.api.control("POST", "accounts", name=f"account-{n}") for n in range(10)]
        result = self.run_program("account", "create", FIRST, LAST, *PLAIN)
        self.assertNotEqual(result.code, 0)
        self.paste(result, "ssa-hsm account list")
        self.paste(result, "ssa-hsm account delete", ID=made[3]["serviceAccountId"])
        self.assertEqual(len(self.api.accounts()), 9)
        self.expect(self.run_program("account", "create", FIRST, LAST, *PLAIN), 0)

    def test_one_that_is_off(self) -> None:
        made = self.api.control("POST", "accounts", name="older-account", status="DISABLED")
        result = self.expect(self.run_program("account", "show", made["serviceAccountId"]), 0)
        self.paste(result, "ssa-hsm account enable")
        self.assertEqual(self.api.accounts()[0]["status"], "ENABLED")

    def test_one_that_is_not_there(self) -> None:
        made = self.api.control("POST", "accounts", name="older-account")
        result = self.expect(self.run_program("account", "show", "nobody@example.com"), 10)
        self.assertIn(made["serviceAccountId"], self.paste(result, "ssa-hsm account list").out)

    def test_a_key_that_is_off(self) -> None:
        made = self.api.control("POST", "accounts", name="older-account", keys=1)
        account, kid = made["serviceAccountId"], made["keys"][0]
        result = self.expect(self.run_program("key", "disable", kid, "--account", account), 0)
        self.assertIn("is enabled", self.paste(result, "ssa-hsm key enable").err)


class Refused(FaultCase):
    def test_an_account_that_may_be_off(self) -> None:
        made = self.provisioned()
        self.expect(self.run_program("account", "disable"), 0)
        result = self.run_program("token")
        self.assertNotEqual(result.code, 0)
        self.assertIn("DISABLED", self.paste(result, "ssa-hsm account show").out)
        self.assertIn("aud", self.paste(result, "ssa-hsm jwt --claims").out)
        self.paste(result, "ssa-hsm account enable")
        self.assertIn(made["KEY_ID"], self.paste(result, "ssa-hsm key list").out)
        self.expect(self.run_program("key", "disable", made["KEY_ID"]), 0)
        self.paste(result, "ssa-hsm key enable", KEY_ID=made["KEY_ID"])
        self.expect(self.run_program("token"), 0)

    def test_a_key_that_the_api_does_not_make(self) -> None:
        made = self.api.control("POST", "accounts", name="older-account", keys=2)
        account = made["serviceAccountId"]
        self.api.fault("status", method="POST", path=KEYS, status=403)
        result = self.run_program("key", "create", "--account", account, *PLAIN)
        self.assertNotEqual(result.code, 0)
        self.assertIn("ENABLED", self.paste(result, "ssa-hsm account show").out)
        listed = self.paste(result, "ssa-hsm key list --account").out
        for kid in made["keys"]:
            self.assertIn(kid, listed)
        self.paste(result, "ssa-hsm key delete KEY_ID", KEY_ID=made["keys"][1])
        self.assertEqual(self.keys_of(account), made["keys"][:1])


class Profiles(FaultCase):
    def old_block(self, name: str) -> Path:
        """A file with a key that was made without the program."""
        made = self.api.control("POST", "accounts", name="older-account")
        account = made["serviceAccountId"]
        key = self.api.call("POST", f"/service-accounts/{account}/keys", self.api.admin()).json
        path = self.dir / name
        path.touch(mode=0o600)
        lines = {"APS_CLIENT_ID": self.api.client_id, "APS_SECRET_ID": self.api.secret, "SERVICE_ACCOUNT_ID": account,
                 "KEY_ID": key["kid"], "SSA_EMAIL": made["email"], "PRIVATE_KEY": key["privateKey"]}  # fmt: skip
        path.write_text("".join(f'{name}="{value}"\n' for name, value in lines.items()))
        return path

    def test_one_that_is_not_there(self) -> None:
        self.expect(self.run_program("account", "create", FIRST, LAST, *PLAIN), 0)
        result = self.expect(self.run_program("token", "-p", "absent"), 3)
        self.assertIn("default", self.paste(result, "ssa-hsm profile list").out)
        self.paste(result, "ssa-hsm key create")
        self.expect(self.run_program("token", "-p", "absent"), 0)
        result = self.expect(self.run_program("token", "-p", "imported"), 3)
        self.paste(result, "ssa-hsm key import", FILE=self.old_block("old.env"))
        self.expect(self.run_program("token", "-p", "imported"), 0)

    def test_one_that_is_removed(self) -> None:
        self.expect(self.run_program("account", "create", FIRST, LAST, "-p", "an", *PLAIN), 0)
        made = self.profile("an")
        result = self.expect(self.run_program("profile", "remove", "an"), 15)
        self.paste(result, "ssa-hsm key delete")
        self.assertEqual(self.keys_of(made["SERVICE_ACCOUNT_ID"]), [])
        result = self.expect(self.run_program("profile", "remove", "an", "--yes"), 0)
        self.paste(result, "ssa-hsm key prune")
        self.assertEqual(self.objects(), [])

    def test_others_can_read_it(self) -> None:
        path = self.dir / "it's a $HOME.env"
        path.touch(mode=0o644)
        path.write_text('APS_CLIENT_ID="C"\nAPS_SECRET_ID="something"\n')
        result = self.run_program("profile", "show", path)
        self.paste(self.expect(result, 0), "chmod 600")
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.run_program("profile", "show", path).err, "")

    def test_others_can_write_it(self) -> None:
        config = self.dir / "it's a $HOME"
        folder = config / "ssa-hsm"
        folder.mkdir(parents=True, mode=0o700)
        (folder / "default.env").touch(mode=0o600)
        folder.chmod(0o777)
        env = {"XDG_CONFIG_HOME": str(config)}
        result = self.expect(self.run_program("token", env=env), 3, "by others")
        self.paste(result, "chmod go-w")
        self.assertEqual(folder.stat().st_mode & 0o777, 0o755)
        self.expect(self.run_program("token", env=env), 3, "no account is set up")

    def test_a_token_that_must_be_named(self) -> None:
        result = self.run_program("account", "create", FIRST, LAST, *PLAIN, env={"SSA_HSM_TOKEN": None})
        command = self.suggested(self.expect(result, 3, "must be named"), "export ")
        create = f"ssa-hsm account create {FIRST} {LAST} --import plain"
        self.type_into_shell(f"{command} && {create}", env={"SSA_HSM_TOKEN": None})
        self.assert_whole()

    def test_an_old_block_in_the_environment(self) -> None:
        made = self.provisioned()
        old = {name: made[name] for name in ("SERVICE_ACCOUNT_ID", "SSA_EMAIL", "PRIVATE_KEY")} | {"KEY_ID": "old"}
        result = self.run_program("token", env=old)
        self.assertNotEqual(result.code, 0)
        command = self.suggested(result, "unset ")
        self.type_into_shell(f"{command} && ssa-hsm token", env=old)

    def test_a_key_file_that_is_left(self) -> None:
        path = self.old_block("an old one's $KEY.env")
        result = self.expect(self.run_program("key", "import", path), 0)
        self.paste(result, "shred -u")
        self.assertFalse(path.exists())


class Interrupted(FaultCase):
    def test_an_import(self) -> None:
        with self.shim("C_CreateObject 2 class=CKO_PRIVATE_KEY kill before"):
            self.assertEqual(self.run_program("account", "create", FIRST, LAST, *PLAIN).code, -signal.SIGKILL)
        result = self.expect(self.run_program("account", "list"), 0)
        self.paste(result, "ssa-hsm key recover")
        self.assert_nothing_left()

    def test_a_damaged_entry(self) -> None:
        self.expect(self.run_program("key", "recover"), 0)
        entry = self.state / "ssa-hsm" / "journal" / "20250101T000000.000000Z-00000000"
        entry.touch(mode=0o600)
        entry.write_text("nonsense\n")
        result = self.expect(self.run_program("key", "recover"), 13)
        self.paste(result, "ssa-hsm key recover --forget")
        self.assertEqual(self.open_operations(), [])


class Rotating(FaultCase):
    def setUp(self) -> None:
        super().setUp()
        self.expect(self.run_program("account", "create", FIRST, LAST, *PLAIN), 0)
        self.was = self.profile()

    def test_a_key_that_is_in_use(self) -> None:
        with self.terminal("key", "delete", self.was["KEY_ID"]) as terminal:
            terminal.wait_for(r"\(yes/no\)")
            terminal.send("no\r")
            self.assertEqual(terminal.finish(), 15)
            shown = terminal.screen
        self.paste(Result(15, "", shown), "ssa-hsm key rotate")
        self.assertNotEqual(self.profile()["KEY_ID"], self.was["KEY_ID"])

    def test_before_its_time(self) -> None:
        self.expect(self.run_program("key", "rotate", "--grace", "1h", *PLAIN), 0)
        result = self.expect(self.run_program("key", "rotate", "--finish"), 3)
        self.paste(result, "ssa-hsm key rotate --finish --now")
        self.assertEqual(self.keys_of(self.was["SERVICE_ACCOUNT_ID"]), [self.profile()["KEY_ID"]])


class Secrets(SecretCase):
    def write(self, *more: str) -> None:
        """As another tool does."""
        path = self.dir / "value"
        path.write_text(self.api.secret)
        self.store.tool("--write-object", str(path), "--type", "data", "--label", self.label, *more)

    def test_one_that_is_not_there(self) -> None:
        self.use(self.imported())
        self.store.tool("--delete-object", "--type", "data", "--label", self.label)
        result = self.expect(self.run_quietly("token"), 6)
        done = self.paste(result, "ssa-hsm secret import", env={"APS_SECRET_ID": self.api.secret})
        self.assertIn("APS_SECRET_ID=", done.out)
        self.expect(self.run_quietly("token"), 0)

    def test_one_that_everybody_can_read(self) -> None:
        self.use(self.imported())
        self.expect(self.run_quietly("secret", "remove", "--yes"), 0)
        self.write()
        result = self.expect(self.run_quietly("token"), 0, "without its PIN")
        self.paste(result, "ssa-hsm secret import --force", env={"APS_SECRET_ID": self.api.secret})
        self.assertNotIn("without its PIN", self.expect(self.run_quietly("token"), 0).err)

    def test_one_beside_that_of_another(self) -> None:
        self.use(self.imported())
        self.write("--private", "--application-label", "other-app")
        result = self.expect(self.run_quietly("token"), 3)
        done = self.paste(result, "ssa-hsm secret import --label", env={"APS_SECRET_ID": self.api.secret}, NAME="mine")
        match = re.search('APS_SECRET_ID="(pkcs11:[^"]*object=mine[^"]*)"', done.out)
        assert match
        self.use(match[1])
        self.expect(self.run_quietly("token"), 0)

    def test_a_removal_that_was_not_done(self) -> None:
        self.use(self.imported())
        with self.shim("C_DestroyObject 1 kill"):
            self.assertEqual(self.run_quietly("secret", "remove", "--yes").code, -signal.SIGKILL)
        result = self.expect(self.run_quietly("key", "recover"), 0)
        self.paste(result, "ssa-hsm secret remove")
        self.assertNotIn(self.label, self.data())
