"""ssa-hsm setup at a terminal: the new account, run again after a stop; and what --dry-run prints."""

from __future__ import annotations

import re
import shutil
import signal

import places
import softtoken
from guide import (
    CLIENT_ID, DECLINED, FIRST, KEEP, LAST, NUMBER, PROMPT, RECALL, RECOVER, SECRET, STORE, SetupCase,
)  # fmt: skip
from harness import PIN, Result, Terminal

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
        self.env["SSA_HSM_MODULE"] = str(places.softhsm())
        shutil.rmtree(self.store.tokens)
        self.store.tokens.mkdir(mode=0o700)
        result = self.expect(self.run_program("setup", "--dry-run", env={"APS_CLIENT_ID": self.api.client_id}), 0)
        self.assertIn("softhsm2-util --init-token --free --label ssa-hsm\n", result.out)
        self.assertIn("--token ssa-hsm\n", result.out)
        self.assertNotIn("mkdir", result.out)
        # Where SoftHSM has no folder for this user, the plan makes one. All of it works in a fresh home.
        self.without_configuration()
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
        file = self.old()
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
        file = self.old()
        result = self.expect(self.run_program("setup", "--dry-run", cwd=self.work), 0)
        self.assertIn("shred -u .env\n", result.out)
        self.assertTrue(file.exists())
        done = self.run_plan(result.out, self.fresh("fresh"))
        self.assertEqual(done.code, 0, done)
        self.assertIn("access_token", done.out)
        self.assertFalse(file.exists())
