"""ssa-hsm setup at a terminal: the old .env, and what is left of it."""

from __future__ import annotations

import base64
from pathlib import Path

import dotenv
import softtoken
from guide import CHANGE, CLIENT_ID, DESTROY, IMPORT, LAST, PROMPT, STORE, SetupCase


class OldFile(SetupCase):
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
