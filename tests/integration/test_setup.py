"""ssa-hsm setup at a terminal: the new account, the old .env, several tokens and none; and run again after a stop."""

from __future__ import annotations

import base64
import os
import re
import shutil
import signal
from pathlib import Path

import dotenv
import places
import softtoken
from guide import (
    CHANGE, CLIENT_ID, DECLINED, DESTROY, FIRST, IMPORT, KEEP, LAST, NUMBER, PROMPT, RECALL, RECOVER, SECRET,
    STORE, SetupCase,
)  # fmt: skip
from harness import LABEL, PIN, Result, Terminal

WRONG = "0000-wrong"
TYPE_AGAIN = r"Type it again\? \(yes/no\) "
SECRET_AGAIN = r"Type the client secret again\? \(yes/no\) "
OTHER_NAME = r"Try another name\? \(yes/no\) "


class NewAccount(SetupCase):
    def assert_done(self) -> None:
        profile = self.profile()
        self.assertRegex(profile["APS_SECRET_ID"], r"^pkcs11:.*type=data")
        self.assertTrue(profile["PRIVATE_KEY"].startswith("pkcs11:"))
        self.assertNotIn(self.api.secret, self.profile_path().read_text())
        self.assertEqual(self.profile_path().stat().st_mode & 0o777, 0o600)
        self.assertEqual(len(self.api.accounts()), 1)
        self.assertEqual(len(self.api.accounts()[0]["keys"]), 1)
        self.assertEqual(self.keys(), 1)
        self.token_works()

    def test_from_nothing_to_an_access_token(self) -> None:
        result = self.expect(self.guided(), 0, "it works", "give access to")
        self.assertEqual(self.asked, [CLIENT_ID, SECRET, STORE, PROMPT, FIRST, LAST])
        # Two access tokens for the administration, one for the account; no list but the one.
        self.assertEqual(self.api.asked().count("GET /service-accounts"), 1)
        self.assertEqual(self.api.asked().count("POST /service-accounts"), 1)
        self.assertEqual(len(self.api.asked()), 6, self.api.asked())
        self.assertEqual(result.out, "")
        self.assert_done()
        self.paste(result, "ssa-hsm exec -- CMD", CMD="true")

    def test_run_again_when_all_is_done(self) -> None:
        self.expect(self.guided(), 0)
        before = self.profile_path().read_bytes()
        self.api.forget_requests()
        result = self.expect(self.guided(), 0, "has account", "it works", "account provision --check")
        self.assertNotIn("access to nothing", result.err)
        self.assertEqual(self.asked, [PROMPT])
        self.assertEqual(self.api.asked(), ["POST /token"])
        self.assertEqual(self.profile_path().read_bytes(), before)
        self.assertNotIn("account create", "\n".join(self.plain(result)))

    def test_a_profile_of_its_own(self) -> None:
        self.write_profile({"FOO": "bar"})
        result = self.expect(self.guided("-p", "work"), 0)
        self.assertEqual(self.profile(), {"FOO": "bar"})
        self.assertIn("SERVICE_ACCOUNT_ID", self.profile("work"))
        self.assertIn("ssa-hsm token --profile work", self.plain(result))

    def test_other_lines_of_the_profile_stay(self) -> None:
        self.write_profile({"FOO": "bar", "SSA_HSM_SCOPE": "data:read"})
        self.expect(self.guided(), 0)
        self.assertEqual(self.profile()["FOO"], "bar")
        self.assertEqual(self.profile()["SSA_HSM_SCOPE"], "data:read")

    def test_control_c_at_every_question_and_then_to_the_end(self) -> None:
        stops = 0
        while True:
            result = self.guided(stop_at=stops)
            if result.code == 0:
                break
            self.assertEqual(result.code, -2, result)
            self.assertIn("goes on from here", result.err)
            stops += 1
            self.assertLess(stops, 12, result)
        self.assertGreaterEqual(stops, 4)
        self.assert_done()

    def test_no_at_every_question(self) -> None:
        for question, code in ((STORE, DECLINED), (KEEP, DECLINED)):
            with self.subTest(question):
                refused = {STORE: "no", question: "no"}
                result = self.expect(self.guided(answers=refused), 0 if question == STORE else code)
                if question == KEEP:
                    self.assertIn("credential:", result.err)
                    self.assertEqual(self.api.accounts(), [])
                self.api.clean()
                self.profile_path().unlink(missing_ok=True)
        self.store.copy_from(softtoken.template())

    def test_the_secret_in_the_profile_is_said_and_agreed_to(self) -> None:
        result = self.expect(self.guided(answers={STORE: "no"}), 0, "mode 0600")
        self.assertEqual(self.asked, [CLIENT_ID, SECRET, STORE, KEEP, FIRST, LAST, PROMPT])
        self.assertEqual(self.profile()["APS_SECRET_ID"], self.api.secret)
        self.assertEqual(self.profile_path().stat().st_mode & 0o777, 0o600)
        self.assertNotIn("secret import", self.plain(result)[-1])
        # Later it may go there all the same.
        self.expect(self.guided(), 0)
        self.assertEqual(self.asked, [STORE, PROMPT])
        self.assert_done()

    def test_a_token_that_takes_no_secret(self) -> None:
        with self.shim("C_CreateObject * class=CKO_DATA return CKR_ATTRIBUTE_VALUE_INVALID"):
            self.expect(self.guided(), 0, "mode 0600")
            self.once([SECRET, KEEP])
        self.assertEqual(self.profile()["APS_SECRET_ID"], self.api.secret)

    def test_a_token_that_takes_no_secret_and_nobody_who_wants_it_in_a_file(self) -> None:
        with self.shim("C_CreateObject * class=CKO_DATA return CKR_ATTRIBUTE_VALUE_INVALID"):
            self.expect(self.guided(answers={KEEP: "no"}), DECLINED, "file:PATH", "credential:NAME")
        self.assertFalse(self.profile_path().exists())
        self.assertEqual(self.api.accounts(), [])

    def test_a_reference_is_left_as_it_is(self) -> None:
        secret = self.dir / "secret"
        secret.touch(mode=0o600)
        secret.write_text(self.api.secret)
        self.env["APS_SECRET_ID"] = f"file:{secret}"
        self.expect(self.guided(), 0)
        self.assertNotIn(STORE, self.asked)
        self.assertEqual(self.profile()["APS_SECRET_ID"], f"file:{secret}")

    def test_a_wrong_pin_is_typed_again_and_nothing_else(self) -> None:
        answers = iter([WRONG, PIN])

        class Twice(dict[str, str]):
            def __getitem__(self, key: str) -> str:
                return next(answers) if key == PROMPT else super().__getitem__(key)

        with self.shim() as log, self.terminal("setup", cwd=self.work) as terminal:
            usual = Twice(self.answers({TYPE_AGAIN: "yes"}))
            self.assertEqual(self.converse(terminal, usual), 0, terminal.screen)
            self.assertEqual(log.count("C_Login"), 4)
        self.assertEqual(self.asked.count(PROMPT), 2)
        self.once([SECRET, CLIENT_ID, TYPE_AGAIN])
        self.assert_done()

    def test_a_wrong_pin_and_a_no(self) -> None:
        self.expect(self.guided(answers={PROMPT: WRONG, TYPE_AGAIN: "no"}), 5, "refuses the PIN")
        self.assertEqual(self.api.accounts(), [])
        self.expect(self.guided(), 0)
        self.assert_done()

    def test_a_wrong_client_secret_is_typed_again(self) -> None:
        result = self.expect(self.guided(answers={SECRET: "not-the-secret", SECRET_AGAIN: "no"}), 9)
        self.assertEqual(self.data_objects(), "")
        self.assertNotIn("not-the-secret", result.err)
        secrets = iter(["not-the-secret", self.api.secret])

        class Twice(dict[str, str]):
            def __getitem__(self, key: str) -> str:
                return next(secrets) if key == SECRET else super().__getitem__(key)

        with self.terminal("setup", cwd=self.work) as terminal:
            usual = Twice(self.answers({SECRET_AGAIN: "yes"}))
            self.assertEqual(self.converse(terminal, usual), 0, terminal.screen)
        self.assert_done()

    def test_a_name_that_is_in_use(self) -> None:
        token = self.api.admin()
        body = {"name": "service-guided-setup", "firstName": "service", "lastName": "guided-setup"}
        self.api.call("POST", "/service-accounts", token, body)
        names = iter(["guided-setup", "another-one"])

        class Twice(dict[str, str]):
            def __getitem__(self, key: str) -> str:
                return next(names) if key == LAST else super().__getitem__(key)

        with self.terminal("setup", cwd=self.work) as terminal:
            usual = Twice(self.answers({OTHER_NAME: "yes"}))
            self.assertEqual(self.converse(terminal, usual), 0, terminal.screen)
        self.assertIn("another-one", self.profile()["SSA_EMAIL"])

    def test_an_account_that_is_there(self) -> None:
        made = self.api.control("POST", "accounts", name="older-account", keys=1)
        result = self.expect(self.guided(answers={NUMBER: "2"}), 0, "has the access that was given to it")
        self.assertEqual(self.profile()["SERVICE_ACCOUNT_ID"], made["serviceAccountId"])
        self.assertTrue(any("key create" in line for line in self.plain(result)))

    def test_a_profile_with_an_account_and_no_key(self) -> None:
        env = {"APS_CLIENT_ID": self.api.client_id, "APS_SECRET_ID": self.api.secret}
        self.expect(self.run_program("account", "create", "service", "without-key", "--no-key", env=env), 0)
        self.expect(self.guided(), 0)
        self.assertEqual(self.asked, [STORE, PROMPT])
        self.assert_done()

    def test_a_kill_in_the_middle_is_recovered(self) -> None:
        self.api.fault("hang-after", path="/service-accounts/*/keys")
        with self.terminal("setup", cwd=self.work) as terminal:
            made = lambda: any(account["keys"] for account in self.api.accounts())  # noqa: E731
            self.assertEqual(self.converse(terminal, self.answers(), kill_when=made), -9)
        result = self.expect(self.guided(), 0)
        self.assertIn(RECOVER, self.asked)
        # The client id is known from the journal.
        self.assertIn(f"Client id [{self.api.client_id}]: ", result.err)
        self.assert_done()

    def test_a_kill_while_the_secret_is_stored(self) -> None:
        with self.shim("C_CreateObject 1 class=CKO_DATA kill after"):
            self.assertEqual(self.guided().code, -9)
        result = self.expect(self.guided(answers={RECOVER: "no"}), DECLINED, "nothing was recovered")
        self.assertIn("ssa-hsm key recover", "\n".join(self.plain(result)))
        self.expect(self.guided(), 0)
        self.assertIn(RECOVER, self.asked)
        self.assertEqual(self.data_objects().count("APS client secret"), 1)
        self.assert_done()

    def test_a_secret_that_is_stored_already_need_not_be_used(self) -> None:
        self.assertEqual(self.guided(stop_at=4).code, -2)
        self.assertEqual(self.asked[-1], FIRST)
        self.expect(self.guided(answers={RECALL: "no"}), 0)
        self.once([RECALL, SECRET])
        self.assert_done()

    def test_no_to_another_name(self) -> None:
        token = self.api.admin()
        body = {"name": "service-guided-setup", "firstName": "service", "lastName": "guided-setup"}
        self.api.call("POST", "/service-accounts", token, body)
        self.expect(self.guided(answers={OTHER_NAME: "no", NUMBER: "1"}), 14)
        self.assertFalse(self.profile_path().exists())

    def test_the_terminal_goes_away(self) -> None:
        with self.terminal("setup", cwd=self.work) as terminal:
            terminal.wait_for(CLIENT_ID)
            terminal.send(self.api.client_id + "\r")
            terminal.wait_for(SECRET)
            terminal.signal(signal.SIGHUP)
            self.assertEqual(terminal.finish(), -signal.SIGHUP)
        self.assertEqual(self.api.asked(), [])
        self.expect(self.guided(), 0)
        self.assert_done()

    def test_no_terminal(self) -> None:
        result = self.expect(self.run_program("setup"), 2, "terminal", "ssa-hsm account create", "--dry-run")
        self.assertEqual(result.out, "")
        self.assertIn("ssa-hsm account create", self.paste(result, "ssa-hsm setup --dry-run").out)
        self.assertEqual(self.api.asked(), [])

    def test_the_api_refuses_an_access_token(self) -> None:
        self.api.fault("status", path="/token", skip=2, status=403, times=0)
        self.assertNotEqual(self.guided().code, 0)
        self.api.control("POST", "clear")
        self.expect(self.guided(), 0)
        self.assertEqual(self.asked, [PROMPT])
        self.assert_done()


class Tokens(SetupCase):
    def test_three_tokens(self) -> None:
        self.store.initialise("other", "another-pin")
        self.store.initialise("a third", "another-pin")
        with self.terminal("setup", cwd=self.work) as terminal:
            terminal.wait_for("Which PKCS#11 token")
            terminal.wait_for(NUMBER)
            match = re.search(rf'^ *(\d+)\) "{LABEL}" ', terminal.screen, re.MULTILINE)
            assert match, terminal.screen
            self.assertEqual(len(re.findall(r"^ +\d\) ", terminal.screen, re.MULTILINE)), 3)
            terminal.send(match[1] + "\r")
            self.assertEqual(self.converse(terminal, self.answers()), 0, terminal.screen)
        self.assertIn(f"token={LABEL};", self.profile()["PRIVATE_KEY"])
        self.assertNotIn(NUMBER, self.asked)

    def test_none_is_chosen(self) -> None:
        self.store.initialise("other", "another-pin")
        self.expect(self.guided(answers={NUMBER: ""}), DECLINED, "no PKCS#11 token was chosen: no number was typed")
        self.assertEqual(self.asked, [NUMBER])
        self.assertEqual(self.api.asked(), [])

    def test_one_that_was_named_is_not_asked_for(self) -> None:
        self.store.initialise("other", "another-pin")
        self.expect(self.guided("--token", LABEL), 0)
        self.assertNotIn(NUMBER, self.asked)

    def test_one_that_takes_no_key_is_no_choice(self) -> None:
        with self.shim("token flags +CKF_WRITE_PROTECTED"):
            result = self.guided(answers={r"Make a SoftHSM token\? \(yes/no\) ": "no"})
            self.expect(result, DECLINED, "is no choice: it is write-protected")


class Card(SetupCase):
    def test_a_card_takes_the_key_and_not_the_secret(self) -> None:
        script = (places.HERE.parent / "shim" / "ykcs11.script").read_text().replace("@PIN@", PIN)
        management = re.search(r"^so-pin (\w+)", script, re.MULTILINE)
        assert management
        key = r"takes a key only with its [^\n]*: "
        with self.shim(*script.splitlines()) as log, self.terminal("setup", cwd=self.work) as terminal:
            answers = {key: management[1], **self.answers()}
            self.assertEqual(self.converse(terminal, answers), 0, terminal.screen)
            self.once([SECRET, KEEP, PROMPT, key])
            # A log in for the key, as the officer and back, and one for the access token.
            self.assertEqual({c.rv for c in log.of("C_Login")}, {"CKR_OK"})
            self.assertIn("slot 9a", terminal.screen)
        self.assertEqual(self.profile()["APS_SECRET_ID"], self.api.secret)


class NoToken(SetupCase):
    MAKE = r"Make a SoftHSM token\? \(yes/no\) "
    WRITE = r"Write [^\n]*\? \(yes/no\) "
    LABEL = r"Label of the new token \[ssa-hsm\]: "
    PINS = r"(?:Please enter|Please reenter) (?:SO|user) PIN: "

    def setUp(self) -> None:
        super().setUp()
        shutil.rmtree(self.store.tokens)
        self.store.tokens.mkdir(mode=0o700)

    def without_configuration(self) -> None:
        """SoftHSM looks for one in the home, and then takes the system's, which must be closed to this user."""
        self.assertFalse(os.access("/var/lib/softhsm/tokens", os.W_OK), "a test would write SoftHSM's own folder")
        self.env.pop("SOFTHSM2_CONF")

    def makes(self) -> dict[str, str]:
        return {self.MAKE: "yes", self.WRITE: "yes", self.LABEL: "", self.PINS: PIN}

    def test_softhsm_makes_one(self) -> None:
        result = self.expect(self.guided(answers=self.makes()), 0, "it works")
        self.assertEqual(self.asked[:2], [self.MAKE, self.LABEL])
        self.assertEqual(self.asked.count(self.PINS), 4)
        self.assertEqual(self.asked.count(PROMPT), 1)
        self.assertIn("softhsm2-util --init-token --free --label ssa-hsm", self.plain(result))
        self.assertIn("token=ssa-hsm", self.profile()["PRIVATE_KEY"])

    def test_nobody_wants_one(self) -> None:
        self.expect(self.guided(answers={**self.makes(), self.MAKE: "no"}), DECLINED, "no PKCS#11 token was made")
        self.assertEqual(list(self.store.tokens.iterdir()), [])

    def test_its_folder_may_be_another_users(self) -> None:
        self.without_configuration()
        result = self.expect(self.guided(answers=self.makes()), 0, "it works")
        self.assertIn(self.WRITE, self.asked)
        self.assertTrue((self.home / ".config/softhsm2/softhsm2.conf").exists())
        self.assertTrue(any((self.home / ".local/share/softhsm2/tokens").iterdir()))
        self.assertTrue(any(line.startswith("mkdir ") for line in self.plain(result)))

    def test_nobody_wants_a_configuration(self) -> None:
        self.without_configuration()
        self.expect(self.guided(answers={**self.makes(), self.WRITE: "no"}), DECLINED, "no PKCS#11 token was made")
        self.assertFalse((self.home / ".config/softhsm2").exists())

    def test_softhsm_fails(self) -> None:
        shutil.rmtree(self.store.tokens)
        answers = {**self.makes(), self.PINS: "1"}
        with self.terminal("setup", cwd=self.work) as terminal:
            self.assertEqual(self.converse(terminal, self.answers(answers)), 4, terminal.screen)
            self.assertIn("made no PKCS#11 token", terminal.screen)


class OldFile(SetupCase):
    def old(self, *, name: str = ".env", before: str = "", after: str = "", **changes: str | None) -> Path:
        token = self.api.admin()
        body = {"name": "old-account", "firstName": "old-first", "lastName": "account"}
        account = self.api.call("POST", "/service-accounts", token, body).json
        key = self.api.call("POST", f"/service-accounts/{account['serviceAccountId']}/keys", token).json
        self.api.forget_requests()
        self.old_key = key["privateKey"]
        values: dict[str, str | None] = {
            "APS_CLIENT_ID": self.api.client_id, "APS_SECRET_ID": self.api.secret,
            "SERVICE_ACCOUNT_ID": account["serviceAccountId"], "KEY_ID": key["kid"], "SSA_EMAIL": account["email"],
            "PRIVATE_KEY": key["privateKey"],
        }  # fmt: skip
        values |= changes
        path = self.work / name
        path.touch(mode=0o600)
        path.write_text(before + "".join(f'{n}="{v}"\n' for n, v in values.items() if v is not None) + after)
        self.values = values
        return path

    def assert_done(self) -> None:
        self.assertEqual(self.profile()["SERVICE_ACCOUNT_ID"], self.values["SERVICE_ACCOUNT_ID"])
        self.assertRegex(self.profile()["APS_SECRET_ID"], r"^pkcs11:.*type=data")
        self.assertNotIn(self.api.secret, self.profile_path().read_text())
        self.assertEqual(self.keys(), 1)
        self.token_works()

    def test_a_block_alone_is_destroyed_after_the_proof(self) -> None:
        file = self.old()
        other = self.dir / "hard-link"
        other.hardlink_to(file)
        result = self.expect(self.guided(), 0, "it works", "overwritten and removed", "has the access that was given to it")
        # The account is as old as the file.
        self.assertNotIn("access to nothing", result.err)
        self.assertEqual(self.asked, [IMPORT, PROMPT, STORE, DESTROY])
        self.assertEqual(self.api.asked(), ["POST /token"])
        self.assertFalse(file.exists())
        self.assertNotIn(b"KEY", other.read_bytes())
        self.assert_done()

    def test_other_lines_stay_and_the_mode_too(self) -> None:
        file = self.old(before="# ours\nDATABASE_URL='x y'\n", after="OTHER=1 # why\n")
        file.chmod(0o640)
        other = self.dir / "hard-link"
        other.hardlink_to(file)
        self.expect(self.guided(), 0, "it works")
        self.assertIn(CHANGE, self.asked)
        text = file.read_text()
        self.assertTrue(text.startswith("# ours\nDATABASE_URL='x y'\nOTHER=1 # why\n"), text)
        self.assertEqual(dotenv.parse(text)["SSA_HSM_PROFILE"], str(self.profile_path()))
        self.assertNotIn("KEY", text.replace("SSA_HSM", ""))
        self.assertEqual(file.stat().st_mode & 0o777, 0o640)
        self.assertNotIn(b"KEY", other.read_bytes())
        self.assertEqual(sorted(p.name for p in self.work.iterdir()), [".env"])
        self.assert_done()
        # What is left leads a program to the profile.
        env = {name: dotenv.parse(text)[name] for name in ("SSA_HSM_PROFILE",)}
        env["SSA_HSM_PIN_SOURCE"] = f"file:{self.dir / 'pin'}"
        self.expect(self.run_program("token", env=env), 0)
        # Run again, there is nothing to do.
        self.expect(self.guided(), 0)
        self.assertEqual(self.asked, [PROMPT])

    def apart(self) -> tuple[Path, Path]:
        """The key in a file of its own, and other spellings."""
        key = self.work / "key.pem"
        names = {n: None for n in ("APS_SECRET_ID", "SERVICE_ACCOUNT_ID", "KEY_ID", "PRIVATE_KEY")}
        file = self.old(**names)
        account = self.api.accounts()[0]
        key.touch(mode=0o600)
        key.write_text(self.old_key)
        with file.open("a") as out:
            out.write(f"APS_CLIENT_SECRET={self.api.secret}\nSSA_ID={account['serviceAccountId']}\n")
            out.write(f"SSA_KEY_ID={account['keys'][0]['kid']}\nSSA_KEY_PATH=key.pem\n")
        self.values["SERVICE_ACCOUNT_ID"] = account["serviceAccountId"]
        return file, key

    def test_the_key_in_a_file_of_its_own_under_other_names(self) -> None:
        file, key = self.apart()
        self.expect(self.guided(), 0, "it works")
        self.assertEqual(self.asked.count(DESTROY), 2)
        self.assertFalse(key.exists() or file.exists())
        self.assert_done()

    def test_stopped_when_the_key_is_gone_and_its_block_is_not(self) -> None:
        file, key = self.apart()
        self.assertEqual(self.guided(stop_at=4).code, -2)
        self.assertEqual(self.asked.count(DESTROY), 2)
        self.assertFalse(key.exists())
        self.assertTrue(file.exists())
        self.expect(self.guided(), 0)
        self.assertEqual(self.asked, [PROMPT, DESTROY])
        self.assertFalse(file.exists())
        self.assert_done()

    def test_a_key_that_is_gone_without_an_import_is_said(self) -> None:
        file, key = self.apart()
        key.unlink()
        self.expect(self.guided(stop_at=0), -2, "which is not there")
        self.assertEqual(self.asked, [CLIENT_ID])
        self.assertTrue(file.exists())

    def test_the_only_copy_of_the_secret_is_not_destroyed(self) -> None:
        file = self.old()
        self.expect(self.guided(answers={DESTROY: "no"}), 0)
        self.write_profile({n: v for n, v in self.profile().items() if n != "APS_SECRET_ID"})
        self.expect(self.guided(), 0, "the profile has none")
        self.assertTrue(file.exists())

    def test_the_file_may_be_named(self) -> None:
        file = self.old(name="old settings.env")
        self.expect(self.guided(file.name), 0)
        self.assertFalse(file.exists())
        self.expect(self.guided("absent.env"), 3, "absent.env")

    def test_no_at_every_question(self) -> None:
        file = self.old()
        text = file.read_bytes()
        self.expect(self.guided(answers={DESTROY: "no"}), 0, "still holds the private key")
        self.assertEqual(file.read_bytes(), text)
        # Run again, only the file is left to do, and it is compared with the key.
        self.expect(self.guided(), 0)
        self.assertEqual(self.asked, [PROMPT, DESTROY])
        self.assertFalse(file.exists())
        self.assert_done()

    def test_no_to_the_import_is_a_new_account(self) -> None:
        file = self.old()
        text = file.read_bytes()
        self.expect(self.guided(answers={IMPORT: "no"}), 0)
        self.assertIn(LAST, self.asked)
        self.assertEqual(file.read_bytes(), text)

    def test_no_to_the_change(self) -> None:
        file = self.old(after="OTHER=1\n")
        text = file.read_bytes()
        self.expect(self.guided(answers={CHANGE: "no"}), 0, "still holds the private key")
        self.assertEqual(file.read_bytes(), text)

    def test_the_file_stays_where_the_api_refuses_the_key(self) -> None:
        file = self.old()
        text = file.read_bytes()
        self.api.fault("status", path="/token", status=400, times=0)
        self.assertNotEqual(self.guided().code, 0)
        self.assertEqual(file.read_bytes(), text)
        self.api.control("POST", "clear")
        self.expect(self.guided(), 0)
        self.assertFalse(file.exists())
        self.assert_done()

    def test_killed_at_each_step_on_the_token(self) -> None:
        for rule in ("C_UnwrapKey * kill after", "C_CreateObject 1 class=CKO_DATA kill after", "C_Sign 1 kill before"):
            with self.subTest(rule):
                file = self.old()
                with self.shim(rule):
                    self.assertEqual(self.guided().code, -9)
                self.assertTrue(file.exists())
                # The profile may name the shim by now.
                with self.shim():
                    self.expect(self.guided(), 0)
                    self.assertFalse(file.exists())
                    self.assert_done()
                self.profile_path().unlink()
                self.store.copy_from(softtoken.template())
                self.api.clean()

    def test_control_c_at_every_question_and_then_to_the_end(self) -> None:
        file = self.old()
        stops = 0
        while (result := self.guided(stop_at=stops)).code != 0:
            self.assertEqual(result.code, -2, result)
            stops += 1
            self.assertLess(stops, 12, result)
            self.assertTrue(file.exists())
        self.assertFalse(file.exists())
        self.assert_done()

    def test_a_file_with_another_key_is_left_alone(self) -> None:
        self.old()
        self.expect(self.guided(), 0)
        self.values["PRIVATE_KEY"] = self.old_key
        kid = self.profile()["KEY_ID"]
        file = self.work / ".env"
        for other, words in (("another-key", "another private key"), (kid, "not the one on the PKCS#11 token")):
            with self.subTest(words):
                made = self.api.control("POST", "accounts", name=f"more-{len(other)}", keys=0)
                token = self.api.admin()
                key = self.api.call("POST", f"/service-accounts/{made['serviceAccountId']}/keys", token).json
                values = {**self.values, "KEY_ID": other, "PRIVATE_KEY": key["privateKey"]}
                file.write_text("".join(f'{n}="{v}"\n' for n, v in values.items()))
                self.expect(self.guided(), 0, words)
                self.assertTrue(file.exists())

    def test_a_profile_that_is_an_old_block_is_not_touched(self) -> None:
        for changes in ({}, {"PRIVATE_KEY": None}):
            with self.subTest(changes):
                file = self.old(**changes)
                if changes:
                    with file.open("a") as out:
                        out.write(f'SSA_KEY_BASE64="{base64.b64encode(self.old_key.encode()).decode()}"\n')
                text = file.read_bytes()
                result = self.expect(self.guided("-p", "./.env"), 3, "key import", "--force")
                self.assertEqual(file.read_bytes(), text)
                self.paste(result, "ssa-hsm key import", cwd=self.work)
                self.assertTrue(self.profile(file)["PRIVATE_KEY"].startswith("pkcs11:"))
                self.api.clean()

    def test_names_that_this_shell_still_has(self) -> None:
        self.old()
        names = ("APS_SECRET_ID", "SERVICE_ACCOUNT_ID", "KEY_ID", "SSA_EMAIL", "PRIVATE_KEY")
        self.env.update({name: self.values[name] or "" for name in names})
        result = self.expect(self.guided(), 0)
        self.assertEqual(self.plain(result)[-1], "unset " + " ".join(names))
        for name in names:
            self.env.pop(name)
        self.assert_done()

    def test_a_file_cannot_steer_the_terminal(self) -> None:
        self.old(SSA_EMAIL="a\x1b[2Jb@example.com")
        result = self.expect(self.guided(), 3, "control character")
        self.assertNotIn("\x1b", result.err)
        file = self.work / ".env"
        for name in ("SERVICE_ACCOUNT_ID", "KEY_ID", "APS_CLIENT_ID"):
            with self.subTest(name):
                values = {**self.values, "PRIVATE_KEY": self.old_key, name: "a\x1b[2Jb"}
                file.write_text("".join(f'{n}="{v}"\n' for n, v in values.items()))
                result = self.guided(stop_at=0)
                self.assertIn(f"its {name} is not a valid id", result.err)
                self.assertNotIn("\x1b", result.err)

    def test_a_link_is_not_destroyed(self) -> None:
        file = self.old(name="real.env")
        (self.work / ".env").symlink_to(file)
        self.expect(self.guided(), 3, "is a link")
        self.assertTrue(file.exists())

    def test_what_cannot_be_understood_is_said(self) -> None:
        (self.work / ".env").write_text('A="\n')
        result = self.expect(self.guided(), 0, "is left alone")
        self.assertIn(LAST, self.asked)
        self.assertIn(".env", result.err)

    def test_a_key_alone(self) -> None:
        self.old()
        (self.work / ".env").write_text(self.old_key)
        result = self.guided(".env")
        self.assertIn("a key alone", result.err)
        where = {"FILE": self.work / ".env", "KEY_ID": self.values["KEY_ID"], "ID": self.values["SERVICE_ACCOUNT_ID"]}
        env = {"APS_CLIENT_ID": self.api.client_id, "APS_SECRET_ID": self.api.secret, "SSA_HSM_PROFILE": "alone"}
        self.paste(result, "ssa-hsm key import", env=env, **where)


class Plan(SetupCase):
    def run_plan(self, script: str, env: dict[str, str | None], answers: dict[str, str] | None = None) -> Result:
        """Pastes it into a shell where nothing is set but the API's address."""
        folder = self.dir / "bin"
        folder.mkdir(exist_ok=True)
        if not (folder / "ssa-hsm").exists():
            (folder / "ssa-hsm").symlink_to(places.program())
        fresh = self.environment({"PATH": f"{folder}:{places.PATH}", **env})
        # SoftHSM's tool asks on standard output.
        out = None if answers else self.dir / "plan.out"
        with Terminal(["/bin/sh", "-e", "-c", script], fresh, self.work, out) as terminal:
            code = self.converse(terminal, self.answers(answers))
            return Result(code, terminal.out, terminal.screen)

    def fresh(self, name: str) -> dict[str, str | None]:
        return {"XDG_CONFIG_HOME": str(self.dir / name / "config"), "XDG_STATE_HOME": str(self.dir / name / "state")}

    def fresh_profile(self, name: str) -> dict[str, str]:
        return self.profile(self.dir / name / "config/ssa-hsm/default.env")

    def test_a_plan_asks_nothing_and_its_commands_work(self) -> None:
        result = self.expect(self.run_program("setup", "--dry-run", env={"APS_CLIENT_ID": self.api.client_id}), 0)
        self.assertEqual(self.api.asked(), [])
        self.assertEqual(self.keys(), 0)
        self.assertFalse(self.profile_path().exists())
        done = self.run_plan(result.out, {**self.fresh("fresh"), "APS_CLIENT_ID": self.api.client_id})
        self.assertEqual(done.code, 0, done)
        self.assertIn("access_token", done.out)
        self.assertRegex(self.fresh_profile("fresh")["APS_SECRET_ID"], "^pkcs11:")

    def test_no_pin_is_tried_by_a_plan(self) -> None:
        with self.shim() as log:
            self.expect(self.run_program("setup", "--dry-run"), 0)
            self.assertEqual(log.count("C_Login"), 0)
        self.assertFalse((self.state / "ssa-hsm").exists())

    def test_a_plan_without_a_token(self) -> None:
        shutil.rmtree(self.store.tokens)
        self.store.tokens.mkdir(mode=0o700)
        result = self.expect(self.run_program("setup", "--dry-run", env={"APS_CLIENT_ID": self.api.client_id}), 0)
        self.assertIn("softhsm2-util --init-token --free --label ssa-hsm\n", result.out)
        self.assertIn("--token ssa-hsm\n", result.out)
        self.assertNotIn("mkdir", result.out)
        # Where SoftHSM has no folder for this user, the plan makes one. All of it works in a fresh home.
        NoToken.without_configuration(self)  # type: ignore[arg-type]
        env: dict[str, str | None] = {"APS_CLIENT_ID": self.api.client_id}
        result = self.expect(self.run_program("setup", "--dry-run", env=env), 0)
        self.assertIn("mkdir", result.out)
        pins = {r"(?:Please enter|Please reenter) (?:SO|user) PIN: ": PIN}
        done = self.run_plan(result.out, {**self.fresh("fresh"), **env}, pins)
        self.assertEqual(done.code, 0, done)
        self.assertIn("access_token", done.err)

    def test_what_a_guided_run_said_works_elsewhere(self) -> None:
        result = self.expect(self.guided(), 0)
        commands = self.plain(result)
        self.assertEqual(len(commands), 5, commands)
        self.api.clean()
        self.store.copy_from(softtoken.template())
        serial = re.search(r"serial=([0-9a-f]+)", commands[2])
        assert serial
        done = self.run_plan("\n".join(commands), self.fresh("elsewhere"))
        self.assertEqual(done.code, 0, done)
        self.assertIn("access_token", done.out)
        self.assertEqual(self.fresh_profile("elsewhere")["SSA_EMAIL"], self.profile()["SSA_EMAIL"])

    def test_what_a_guided_run_said_of_an_old_file_works_elsewhere(self) -> None:
        file = OldFile.old(self)  # type: ignore[arg-type]
        text = file.read_bytes()
        commands = self.plain(self.expect(self.guided(), 0))
        self.assertEqual(len(commands), 5, commands)
        self.store.copy_from(softtoken.template())
        file.touch(mode=0o600)
        file.write_bytes(text)
        done = self.run_plan("\n".join(commands), self.fresh("elsewhere"))
        self.assertEqual(done.code, 0, done)
        self.assertIn("access_token", done.out)
        self.assertFalse(file.exists())

    def test_a_plan_for_an_old_file(self) -> None:
        file = OldFile.old(self)  # type: ignore[arg-type]
        result = self.expect(self.run_program("setup", "--dry-run", cwd=self.work), 0)
        self.assertIn("shred -u .env\n", result.out)
        self.assertTrue(file.exists())
        done = self.run_plan(result.out, self.fresh("fresh"))
        self.assertEqual(done.code, 0, done)
        self.assertIn("access_token", done.out)
        self.assertFalse(file.exists())

