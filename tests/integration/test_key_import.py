"""key import: an old block, or a bare PEM, into the token, without a request but the one of --shred."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import keyfiles
from harness import Case, Result

KID = "7b2d6f1e-1111-4222-8333-944445555666"
# What --shred spends: one access token, which is not kept.
PROOF = ("POST /token",)
NAMES = ["APS_CLIENT_ID", "APS_SECRET_ID", "SERVICE_ACCOUNT_ID", "KEY_ID", "SSA_EMAIL", "PRIVATE_KEY"]


class Import(Case):
    def old_account(self, **shape: object) -> dict[str, str]:
        """An account and key made without the program, as the walkthrough does it; its block's six values."""
        if shape:
            self.api.control("POST", "keys", **shape)
        token = self.api.admin()
        body = {"name": "old-account", "firstName": "old-first", "lastName": "account"}
        account = self.api.call("POST", "/service-accounts", token, body).json
        key = self.api.call("POST", f"/service-accounts/{account['serviceAccountId']}/keys", token).json
        self.api.forget_requests()
        # What the file says, the environment need not say.
        for name in ("APS_CLIENT_ID", "APS_SECRET_ID"):
            self.env.pop(name)
        values = [self.api.client_id, self.api.secret, account["serviceAccountId"], key["kid"], account["email"]]
        return dict(zip(NAMES, [*values, key["privateKey"]]))

    def file(self, text: str, name: str = "old.env") -> Path:
        path = self.dir / name
        path.touch(mode=0o600)
        path.write_bytes(text.encode())
        return path

    def block(self, values: dict[str, str], quote: str = '"', prefix: str = "", newline: str = "\n") -> str:
        lines = [f"{prefix}{name}={quote}{value}{quote}" for name, value in values.items()]
        return newline.join([*lines, ""])

    def check(self, result: Result, values: dict[str, str], asked: Sequence[str] = ()) -> None:
        """It is in the token and the profile, no request was spent but these, and a token can be fetched."""
        self.expect(result, 0)
        self.assertEqual(self.api.asked(), list(asked))
        profile = self.profile()
        self.assertEqual(list(profile)[:6], NAMES)
        self.assertEqual({n: profile[n] for n in NAMES[:5]}, {n: values[n] for n in NAMES[:5]})
        self.assertTrue(profile["PRIVATE_KEY"].startswith("pkcs11:"))
        self.assertNotIn("BEGIN", result.out + result.err + self.profile_path().read_text())
        self.expect(self.run_program("token"), 0)
        self.assertEqual(self.api.asked(), [*asked, "POST /token"])


class ImportBlock(Import):
    def test_a_block_in_double_quotes_over_several_lines(self) -> None:
        values = self.old_account()
        self.check(self.run_program("key", "import", self.file(self.block(values))), values)

    def test_a_block_in_single_quotes(self) -> None:
        values = self.old_account()
        self.check(self.run_program("key", "import", self.file(self.block(values, "'"))), values)

    def test_a_block_with_export(self) -> None:
        values = self.old_account()
        self.check(self.run_program("key", "import", self.file(self.block(values, prefix="export "))), values)

    def test_a_pem_with_its_breaks_written_as_backslash_n(self) -> None:
        for quote in ('"', "'", ""):
            with self.subTest(quote=quote):
                self.api.clean()
                self.env.update(self.api.settings())
                values = self.old_account()
                text = self.block({**values, "PRIVATE_KEY": values["PRIVATE_KEY"].replace("\n", "\\n")}, quote)
                self.check(self.run_program("key", "import", self.file(text), "--force"), values)

    def test_a_block_with_crlf(self) -> None:
        values = self.old_account(newline="crlf")
        self.check(self.run_program("key", "import", self.file(self.block(values, newline="\r\n"))), values)

    def test_pkcs8_in_a_block(self) -> None:
        values = self.old_account(format="pkcs8", final_newline=False)
        self.check(self.run_program("key", "import", self.file(self.block(values))), values)

    def test_a_block_on_standard_input(self) -> None:
        values = self.old_account()
        self.check(self.run_program("key", "import", "-", input=self.block(values)), values)

    def test_comments_other_names_and_another_order(self) -> None:
        values = self.old_account()
        turned = dict(reversed(values.items()))
        text = "# from last year\n\nOTHER=1\n" + self.block(turned) + "DATABASE_URL='x'\n"
        self.check(self.run_program("key", "import", self.file(text)), values)

    def test_says_how_to_destroy_the_file_which_stays(self) -> None:
        file = self.file(self.block(self.old_account()))
        self.expect(self.run_program("key", "import", file), 0, "shred", str(file))
        self.assertTrue(file.exists())

    def test_shred_removes_the_file(self) -> None:
        values = self.old_account()
        file = self.file(self.block(values))
        other = self.dir / "hard-link"
        os.link(file, other)
        self.check(self.run_program("key", "import", file, "--shred"), values, PROOF)
        self.assertFalse(file.exists())
        # What the other name shows is what was on the disk.
        self.assertNotIn(b"KEY", other.read_bytes())

    def test_shred_leaves_the_file_when_the_import_fails(self) -> None:
        file = self.file(self.block(self.old_account()))
        before = file.read_bytes()
        result = self.run_program("key", "import", file, "--shred", env={"SSA_HSM_TOKEN": "pkcs11:token=absent"})
        self.expect(result, 4)
        self.assertEqual(file.read_bytes(), before)

    def test_shred_spares_a_file_that_holds_something_else(self) -> None:
        values = self.old_account()
        file = self.file("FOO=bar\n" + self.block(values))
        before = file.read_bytes()
        with self.shim() as log:
            result = self.run_program("key", "import", file, "--shred")
            self.assertEqual(log.count("C_Login"), 0, "a PIN was tried in vain")
        self.expect(result, 3, "FOO", "--output", "--force", out="")
        self.assertEqual([p.name for p in self.profile_path().parent.glob("*.env*")], [])
        self.assertEqual(file.read_bytes(), before)
        self.assertFalse(self.profile_path().exists())
        self.assertNotIn("Key Object", self.store.tool("-O").stdout)

    def test_shred_of_a_file_that_the_profile_replaces_keeps_what_else_is_in_it(self) -> None:
        values = self.old_account()
        file = self.file("FOO=bar\n" + self.block(values))
        self.expect(self.run_program("key", "import", file, "--shred", "--output", file, "--force"), 0)
        self.assertEqual(self.profile(file)["FOO"], "bar")
        self.assertTrue(self.profile(file)["PRIVATE_KEY"].startswith("pkcs11:"))
        self.assertNotIn("BEGIN", file.read_text())
        self.expect(self.run_program("token", "--profile", file), 0)

    def test_a_secret_that_only_the_target_has_stays_there(self) -> None:
        values = self.old_account()
        file = self.file(self.block({n: v for n, v in values.items() if n != "APS_SECRET_ID"}))
        target = self.file(self.block({"APS_SECRET_ID": self.api.secret, "FOO": "bar"}), "new.env")
        self.expect(self.run_program("key", "import", file, "--output", target, "--force"), 0)
        self.assertEqual(target.read_text().count("APS_SECRET_ID="), 1)
        self.assertEqual(self.profile(target)["APS_SECRET_ID"], self.api.secret)
        self.expect(self.run_program("token", "--profile", target), 0)

    def test_a_secret_that_the_block_has_replaces_the_targets(self) -> None:
        file = self.file(self.block(self.old_account()))
        target = self.file("APS_SECRET_ID=outdated\nAPS_CLIENT_SECRET=outdated\n", "new.env")
        self.expect(self.run_program("key", "import", file, "--output", target, "--force"), 0)
        self.assertNotIn("outdated", target.read_text())
        self.assertEqual(self.profile(target)["APS_SECRET_ID"], self.api.secret)

    def test_shred_of_a_link_says_that_the_file_is_still_there(self) -> None:
        file = self.file(self.block(self.old_account()))
        link = self.dir / "link"
        link.symlink_to(file)
        result = self.run_program("key", "import", link, "--shred")
        if file.read_bytes():
            self.assertNotEqual(result.code, 0)
            self.assertIn("destroy", result.err.lower())

    def test_the_printed_block_does_not_show_the_secret(self) -> None:
        result = self.run_program("key", "import", self.file(self.block(self.old_account())))
        self.expect(result, 0)
        self.assertNotIn(self.api.secret, result.out)
        self.assertIn(f"# APS_SECRET_ID is in {self.profile_path()}\n", result.out)

    def test_a_file_that_others_can_read_is_warned_about(self) -> None:
        file = self.file(self.block(self.old_account()))
        file.chmod(0o644)
        self.expect(self.run_program("key", "import", file), 0, "warning", str(file))

    def test_a_block_whose_key_is_in_a_token_already_is_refused(self) -> None:
        values = {**self.old_account(), "PRIVATE_KEY": "pkcs11:token=work;id=%31"}
        self.expect(self.run_program("key", "import", self.file(self.block(values))), 3, "token already")

    def test_the_same_key_for_another_profile_is_not_imported_again(self) -> None:
        values = self.old_account()
        file = self.file(self.block(values))
        self.check(self.run_program("key", "import", file), values)
        before = self.store.tool("-O").stdout
        result = self.run_program("key", "import", file, "--profile", "again")
        self.expect(result, 0, values["KEY_ID"], "already")
        self.assertEqual(self.store.tool("-O").stdout, before)
        for profile in ("default", "again"):
            self.expect(self.run_program("token", "--profile", profile), 0)

    def test_another_key_of_the_same_id_is_refused_and_the_first_still_works(self) -> None:
        values = self.old_account()
        self.check(self.run_program("key", "import", self.file(self.block(values))), values)
        before = self.store.tool("-O").stdout
        file = self.file(self.block({**values, "PRIVATE_KEY": keyfiles.pem()}), "other.env")
        for more in (("--profile", "again"), ("--force",)):
            result = self.run_program("key", "import", file, *more)
            self.expect(result, 14, values["KEY_ID"], out="")
            self.assertEqual(self.store.tool("-O").stdout, before)
        self.expect(self.run_program("token"), 0)

    def test_what_a_block_lacks_is_named(self) -> None:
        values = self.old_account()
        for missing, option in (("KEY_ID", "--key-id"), ("SERVICE_ACCOUNT_ID", "--account"), ("PRIVATE_KEY", "PEM")):
            with self.subTest(missing=missing):
                text = self.block({n: v for n, v in values.items() if n != missing})
                self.expect(self.run_program("key", "import", self.file(text)), 3, missing, option)

    def test_logs_in_once_and_never_enumerates(self) -> None:
        file = self.file(self.block(self.old_account()))
        with self.shim() as log:
            self.expect(self.run_program("key", "import", file), 0)
        self.assertEqual(log.count("C_Login"), 1)
        for search in log.of("C_FindObjectsInit"):
            self.assertIn("CKA_ID", search.args)


class ImportPem(Import):
    def pem(self, values: dict[str, str], *more: object, text: str | None = None) -> Result:
        self.env.update(APS_CLIENT_ID=self.api.client_id, APS_SECRET_ID=self.api.secret)
        file = self.file(text or values["PRIVATE_KEY"], "key.pem")
        named = ("--key-id", values["KEY_ID"], "--account", values["SERVICE_ACCOUNT_ID"])
        return self.run_program("key", "import", file, *named, *more)

    def test_a_bare_pem_with_key_id_and_account(self) -> None:
        values = self.old_account()
        self.expect(self.pem(values), 0)
        self.assertEqual(self.api.asked(), [])
        self.assertEqual(self.profile()["KEY_ID"], values["KEY_ID"])
        self.assertEqual(list(self.profile())[:6], NAMES)
        self.expect(self.run_program("token"), 0)

    def test_a_bare_pem_with_its_email(self) -> None:
        values = self.old_account()
        self.check(self.pem(values, "--email", values["SSA_EMAIL"]), values)

    def test_every_shape(self) -> None:
        values = self.old_account()
        for i, shape in enumerate(keyfiles.SHAPES):
            with self.subTest(**shape):
                text = keyfiles.pem(pkcs8=shape["format"] == "pkcs8")
                text = text if shape["final_newline"] else text.rstrip("\n")
                text = text.replace("\n", "\r\n") if shape["newline"] == "crlf" else text
                shaped = {**values, "KEY_ID": f"{KID[:-1]}{i}"}
                self.expect(self.pem(shaped, "--profile", f"p{i}", text=text), 0)
                found = keyfiles.public_on_token(self.store, shaped["KEY_ID"])
                self.assertEqual(found.public_numbers(), keyfiles.private_key().public_key().public_numbers())

    def test_text_before_the_pem_is_passed_over(self) -> None:
        # As openssl's -text and key bags write it.
        values = self.old_account()
        text = "Bag Attributes\n    friendlyName: old\n" + values["PRIVATE_KEY"]
        self.expect(self.pem(values, text=text), 0)

    def test_without_key_id_or_account_it_says_which(self) -> None:
        values = self.old_account()
        file = self.file(values["PRIVATE_KEY"], "key.pem")
        self.env.update(APS_CLIENT_ID=self.api.client_id, APS_SECRET_ID=self.api.secret)
        self.expect(self.run_program("key", "import", file, "--account", "A1"), 3, "KEY_ID", "--key-id")
        self.expect(self.run_program("key", "import", file, "--key-id", "K1"), 3, "SERVICE_ACCOUNT_ID", "--account")

    def test_what_is_no_usable_key_is_refused_before_the_token_is_touched(self) -> None:
        values = self.old_account()
        good = keyfiles.pem()
        lines = good.splitlines()
        damaged = {
            "cut": "\n".join(lines[:-3]),
            "no end": "\n".join(lines[:-1]),
            "no base64": good.replace(lines[4], "*" * 64),
            "a line lost": good.replace(lines[5] + "\n", ""),
            "a public key": keyfiles.public_pem(keyfiles.private_key().public_key()),
            "encrypted": good.replace("RSA PRIVATE", "ENCRYPTED PRIVATE"),
            "an EC key": "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIA==\n-----END EC PRIVATE KEY-----\n",
            "1024 bits": keyfiles.pem(1024),
            "empty": " \n",
        }
        for name, text in damaged.items():
            with self.subTest(name), self.shim() as log:
                result = self.pem(values, text=text)
                self.assertEqual(result.code, 3, str(result))
                self.assertEqual(log.count("C_Login"), 0)
        self.assertFalse(self.profile_path().exists())
        self.assertNotIn("Private Key Object", self.store.tool("-O").stdout)

    def test_files_that_are_none(self) -> None:
        self.expect(self.run_program("key", "import", "/nowhere/key.pem"), 3, "/nowhere/key.pem", "No such file or directory")
        self.expect(self.run_program("key", "import", self.dir), 3, "Is a directory")
        self.expect(self.run_program("key", "import", "-", input=""), 3, "standard input", "empty")
        shredded = self.run_program("key", "import", "-", "--shred", input="x")
        self.assertIn(shredded.code, (2, 3), str(shredded))
        self.assertIn("--shred", shredded.err)

    def test_an_endless_file_is_refused(self) -> None:
        self.expect(self.run_program("key", "import", "/dev/zero"), 3, "/dev/zero")
