"""key import: the spellings of public samples, base64 of a PEM, a key in a file of its own; and what --shred spares."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import keyfiles
import softtoken
from harness import Result
from test_key_import import NAMES, PROOF, Import


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


class Spellings(Import):
    def setUp(self) -> None:
        super().setUp()
        self.values = self.old_account()
        self.pem = self.values["PRIVATE_KEY"]

    def block_of(self, spelling: dict[str, str], **more: str) -> str:
        return self.block({**{to: self.values[name] for name, to in spelling.items()}, **more})

    def again(self) -> None:
        """As at the beginning, for another form of the same key."""
        self.store.copy_from(softtoken.template())
        self.api.forget_requests()

    def test_the_names_of_samples(self) -> None:
        client = {"APS_CLIENT_ID": "APS_CLIENT_ID", "APS_SECRET_ID": "APS_CLIENT_SECRET"}
        samples = {
            "one": ({**client, "SERVICE_ACCOUNT_ID": "APS_SA_ID", "SSA_EMAIL": "APS_SA_EMAIL", "KEY_ID": "APS_SA_KEY_ID"},
                    {"APS_SA_PRIVATE_KEY": b64(self.pem)}),
            "another": ({**client, "SERVICE_ACCOUNT_ID": "SSA_ID", "SSA_EMAIL": "SSA_EMAIL", "KEY_ID": "SSA_KEY_ID"},
                        {"SSA_KEY_BASE64": b64(self.pem)}),
            "mixed": ({**client, "SERVICE_ACCOUNT_ID": "SSA_ID", "SSA_EMAIL": "APS_SA_EMAIL", "KEY_ID": "KEY_ID"},
                      {"APS_SA_PRIVATE_KEY": self.pem}),
        }  # fmt: skip
        for name, (spelling, key) in samples.items():
            with self.subTest(name):
                self.again()
                file = self.file(self.block_of(spelling, **key))
                self.check(self.run_program("key", "import", file, "--force", "--shred"), self.values, PROOF)
                self.assertFalse(file.exists())

    def test_the_forms_of_a_key(self) -> None:
        lines = b64(self.pem)
        forms = {
            "base64": lines,
            "base64 in lines": "\n".join(lines[i : i + 76] for i in range(0, len(lines), 76)),
            "base64 in lines of CRLF": "\r\n".join(lines[i : i + 64] for i in range(0, len(lines), 64)),
            "base64 without padding": b64(self.pem + "\n" * (len(self.pem) % 3)).rstrip("="),
            "base64url": base64.urlsafe_b64encode(self.pem.encode()).decode(),
            "base64url without padding": base64.urlsafe_b64encode(self.pem.encode()).decode().rstrip("="),
            "base64 of a PEM with its breaks as backslash n": b64(self.pem.replace("\n", "\\n")),
            "base64 of CRLF": b64(self.pem.replace("\n", "\r\n")),
            "blanks for breaks": self.pem.strip().replace("\n", " "),
            "no breaks": self.pem.replace("\n", ""),
            "backslash r, backslash n": self.pem.replace("\n", "\\r\\n"),
        }
        for name, form in forms.items():
            with self.subTest(name):
                self.again()
                file = self.file(self.block({**self.values, "PRIVATE_KEY": form}))
                self.check(self.run_program("key", "import", file, "--force"), self.values)

    def test_a_byte_order_mark_is_no_part_of_a_key(self) -> None:
        mark = "\ufeff"
        named = ("--key-id", self.values["KEY_ID"], "--account", self.values["SERVICE_ACCOUNT_ID"])
        self.env.update(APS_CLIENT_ID=self.api.client_id, APS_SECRET_ID=self.api.secret)
        key = self.file(mark + self.pem.replace("\n", "\r\n"), "key.pem")
        texts = {
            "a PEM": (mark + self.pem, named),
            "base64": (mark + b64(self.pem), named),
            "base64 of one with a mark": (self.block({**self.values, "PRIVATE_KEY": b64(mark + self.pem)}), ()),
            "a block": (mark + self.block(self.values), ()),
            "a file that a block names": (self.block({**self.values, "PRIVATE_KEY": "", "SSA_KEY_PATH": str(key)}), ()),
        }
        for name, (text, more) in texts.items():
            with self.subTest(name):
                self.again()
                file = self.file(text, "marked")
                self.expect(self.run_program("key", "import", file, *more, "--force", "--shred", "--yes"), 0)
                self.assertFalse(file.exists())
                self.expect(self.run_program("token"), 0)

    def test_more_names_of_the_same_kind(self) -> None:
        rest = {"CLIENT_ID": "APS_CLIENT_ID", "EMAIL": "SSA_EMAIL", "KEY_ID": "KEY_ID"}
        for prefix in ("SSA_", "APS_SA_", "APS_SSA_"):
            for secret, account, key in (("CLIENT_SECRET", "ACCOUNT_ID", "PRIVATE_KEY"),
                                         ("SECRET_ID", "SERVICE_ACCOUNT_ID", "PRIVATE_KEY_BASE64"),
                                         ("CLIENT_SECRET", "ID", "KEY")):  # fmt: skip
                with self.subTest(prefix, account=account):
                    self.again()
                    named = {**rest, secret: "APS_SECRET_ID", account: "SERVICE_ACCOUNT_ID", key: "PRIVATE_KEY"}
                    file = self.file(self.block({prefix + to: self.values[name] for to, name in named.items()}))
                    self.check(self.run_program("key", "import", file, "--force", "--shred"), self.values, PROOF)
                    self.assertEqual(self.profile()["APS_SECRET_ID"], self.api.secret)
                    self.assertFalse(file.exists())

    def test_a_whole_file_of_base64(self) -> None:
        self.env.update(APS_CLIENT_ID=self.api.client_id, APS_SECRET_ID=self.api.secret)
        wrapped = base64.encodebytes(self.pem.encode()).decode()
        named = ("--key-id", self.values["KEY_ID"], "--account", self.values["SERVICE_ACCOUNT_ID"])
        for name, text in (("one line", b64(self.pem)), ("lines", wrapped), ("CRLF", wrapped.replace("\n", "\r\n"))):
            with self.subTest(name):
                self.again()
                file = self.file(text, "key.b64")
                self.expect(self.run_program("key", "import", file, *named, "--force", "--shred"), 0)
                self.assertFalse(file.exists())
                self.assertEqual(self.profile()["KEY_ID"], self.values["KEY_ID"])
                self.expect(self.run_program("token"), 0)

    def test_base64_that_is_damaged(self) -> None:
        text = b64(self.pem)
        for form in (text[:-7], text[:900] + "=" + text[901:], b64("x" * 2000)):
            file = self.file(self.block({**self.values, "PRIVATE_KEY": form}))
            result = self.expect(self.run_program("key", "import", file, "--shred"), 3, out="")
            self.assertTrue(file.exists())
            self.assertNotIn(text[:40], result.err)

    def test_spellings_that_contradict_each_other(self) -> None:
        others = {
            "APS_SA_ID": "SERVICE_ACCOUNT_ID", "SSA_ID": "SERVICE_ACCOUNT_ID", "APS_SA_KEY_ID": "KEY_ID",
            "SSA_KEY_ID": "KEY_ID", "APS_SA_EMAIL": "SSA_EMAIL", "APS_CLIENT_SECRET": "APS_SECRET_ID",
        }  # fmt: skip
        for other, name in others.items():
            with self.subTest(other):
                file = self.file(self.block({**self.values, other: "SOMETHING-ELSE"}))
                result = self.expect(self.run_program("key", "import", file, "--shred"), 3, other, name, out="")
                self.assertNotIn("SOMETHING-ELSE", result.err)
                self.assertTrue(file.exists())
        other_key = keyfiles.pem()
        for other in ("APS_SA_PRIVATE_KEY", "SSA_KEY_BASE64"):
            file = self.file(self.block({**self.values, other: b64(other_key)}))
            self.expect(self.run_program("key", "import", file), 3, "PRIVATE_KEY", other)
        twice = self.block(self.values) + 'KEY_ID="ANOTHER"\n'
        self.expect(self.run_program("key", "import", self.file(twice)), 3, "KEY_ID twice")
        # The same under two names is no contradiction; nor is an empty one.
        same = self.block({**self.values, "SSA_KEY_ID": self.values["KEY_ID"], "SSA_KEY_BASE64": b64(self.pem), "SSA_ID": ""})
        file = self.file(same)
        self.check(self.run_program("key", "import", file, "--shred"), self.values, PROOF)
        self.assertFalse(file.exists())


class OwnFile(Import):
    """SSA_KEY_PATH: the block names the file that the key is in."""

    def setUp(self) -> None:
        super().setUp()
        self.values = self.old_account()
        (self.dir / "project").mkdir()
        self.key = self.file(self.values["PRIVATE_KEY"], "project/key.pem")

    def block_with(self, path: str, **more: str) -> Path:
        values = {n: v for n, v in self.values.items() if n != "PRIVATE_KEY"}
        return self.file(self.block({**values, "SSA_KEY_PATH": path, **more}), "project/.env")

    def test_beside_the_block_or_where_we_are_or_anywhere(self) -> None:
        for path, cwd in (("key.pem", self.dir), ("./key.pem", self.dir), (str(self.key), self.dir),
                          ("project/key.pem", self.dir), ("key.pem", self.dir / "project")):  # fmt: skip
            with self.subTest(path, cwd=cwd.name):
                self.store.copy_from(softtoken.template())
                self.api.forget_requests()
                result = self.run_program("key", "import", self.block_with(path), "--force", cwd=cwd)
                self.check(result, self.values)
                self.assertIn("shred -u", result.err)
                self.assertIn("key.pem", result.err)
                self.assertTrue(self.key.exists())

    def test_its_other_names(self) -> None:
        for name in ("SSA_KEY_PATH", "SSA_PRIVATE_KEY_PATH", "APS_SA_KEY_PATH", "APS_SA_PRIVATE_KEY_PATH", "PRIVATE_KEY_PATH"):
            with self.subTest(name):
                self.store.copy_from(softtoken.template())
                self.api.forget_requests()
                file = self.block_with("", **{name: "key.pem"})
                self.check(self.run_program("key", "import", file, "--force"), self.values)

    def test_two_files_of_that_name_are_told(self) -> None:
        self.file(keyfiles.pem(), "key.pem")
        result = self.run_program("key", "import", self.block_with("key.pem"), cwd=self.dir)
        self.expect(result, 3, "SSA_KEY_PATH", str(self.key))

    def test_shred_destroys_both(self) -> None:
        file = self.block_with("key.pem")
        result = self.run_program("key", "import", file, "--shred", "--yes")
        self.check(result, self.values, PROOF)
        self.assertFalse(file.exists())
        self.assertFalse(self.key.exists())

    def test_the_key_s_own_file_goes_after_a_question_that_names_it(self) -> None:
        file = self.block_with("key.pem")
        with self.shim() as log:
            self.expect(self.run_program("key", "import", file, "--shred"), 15, "did not confirm", "--yes", str(self.key), out="")
            self.assertEqual(log.count("C_Login"), 0)
        for answer, code in (("no", 15), ("yes", 0)):
            question = rf"Destroy {re.escape(str(file))}, and also the key's own file, which it names: {re.escape(str(self.key))}"
            result = self.typed("key", "import", file, "--shred", answers=[(question, answer)])
            self.expect(result, code)
            self.assertEqual((file.exists(), self.key.exists()), (answer == "no",) * 2)

    def test_shred_is_refused_where_the_key_s_file_cannot_be_destroyed(self) -> None:
        link = self.dir / "project" / "link.pem"
        link.symlink_to(self.key)
        file = self.block_with("link.pem")
        with self.shim() as log:
            self.expect(self.run_program("key", "import", file, "--shred"), 3, "link.pem", "--shred", out="")
            self.assertEqual(log.count("C_Login"), 0)
        self.assertTrue(file.exists() and self.key.exists())
        self.key.write_text(self.values["PRIVATE_KEY"] + "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
        result = self.run_program("key", "import", self.block_with("key.pem"), "--shred")
        self.expect(result, 3, "key.pem", "CERTIFICATE", out="")
        self.assertTrue(file.exists() and self.key.exists())

    def test_a_file_that_is_not_there(self) -> None:
        self.expect(self.run_program("key", "import", self.block_with("gone.pem")), 3, "gone.pem", "No such file or directory")

    def test_another_key_than_the_block_s(self) -> None:
        file = self.block_with("key.pem", PRIVATE_KEY=keyfiles.pem())
        self.expect(self.run_program("key", "import", file), 3, "PRIVATE_KEY", "SSA_KEY_PATH")

    def test_the_block_s_place_is_taken(self) -> None:
        file = self.block_with("key.pem", FOO="bar")
        result = self.run_program("key", "import", file, "--output", file, "--force", "--shred", "--yes")
        self.expect(result, 0)
        text = file.read_text()
        self.assertNotIn("SSA_KEY_PATH", text)
        self.assertIn("FOO", text)
        self.assertFalse(self.key.exists())


class Shred(Import):
    """Whatever is of use in the file has a home before it goes, or it stays."""

    def setUp(self) -> None:
        super().setUp()
        self.values = self.old_account()

    def spared(self, text: str, *words: str, name: str = "old.env", more: tuple[object, ...] = ()) -> None:
        file = self.file(text, name)
        before = file.read_bytes()
        with self.shim() as log:
            result: Result = self.run_program("key", "import", file, "--shred", *more)
            self.assertEqual(log.count("C_Login"), 0, "a PIN was tried in vain")
        self.expect(result, 3, *words, out="")
        self.assertEqual(file.read_bytes(), before)
        self.assertFalse(self.profile_path().exists())
        self.assertEqual(self.store.objects(), [])

    def test_a_secret_by_its_other_name_goes_into_the_profile(self) -> None:
        values = {("APS_CLIENT_SECRET" if n == "APS_SECRET_ID" else n): v for n, v in self.values.items()}
        file = self.file(self.block(values))
        self.check(self.run_program("key", "import", file, "--shred"), self.values, PROOF)
        self.assertFalse(file.exists())
        self.assertEqual(self.profile()["APS_SECRET_ID"], self.api.secret)

    def test_settings_that_the_profile_would_not_have(self) -> None:
        for name, value in (("SSA_HSM_BASE_URL", "https://elsewhere.example"), ("SSA_HSM_PIN_SOURCE", "file:/pin"),
                            ("SSA_HSM_SCOPE", "data:read"), ("SSA_HSM_CACERT", "/a/ca.pem"), ("SSA_HSM_AUDIT", "none"),
                            ("SSA_HSM_MODULE", "/a/module.so"), ("SSA_HSM_PROFILE", "x")):  # fmt: skip
            with self.subTest(name):
                self.spared(self.block({**self.values, name: value}), name, "--shred")

    def test_settings_that_it_has(self) -> None:
        file = self.file(self.block({**self.values, "SSA_HSM_BASE_URL": self.env["SSA_HSM_BASE_URL"]}))
        self.check(self.run_program("key", "import", file, "--shred"), self.values, PROOF)
        self.assertFalse(file.exists())
        self.assertEqual(self.profile()["SSA_HSM_BASE_URL"], self.env["SSA_HSM_BASE_URL"])

    def test_what_is_commented_out(self) -> None:
        self.spared("# APS_CLIENT_SECRET=the-one-of-production\n" + self.block(self.values), "APS_CLIENT_SECRET")
        self.spared(self.block(self.values) + "#DATABASE_URL='x'\n", "DATABASE_URL", "comment")
        for comment in ("# APS_CLIENT_SECRET = hunter2", "# export APS_CLIENT_SECRET=hunter2", "#; APS_CLIENT_SECRET=hunter2",
                        "# password: hunter2", '# {"APS_CLIENT_SECRET": "hunter2"}', "# MY-NAME=hunter2", "# set A=hunter2",
                        "\t#\tA = hunter2\r", "# the secret is hunter2hunter2hunter2"):  # fmt: skip
            with self.subTest(comment):
                self.spared(self.block(self.values) + comment + "\n", "comment")
        quoted = self.block(self.values).replace('"\n', '" # APS_CLIENT_SECRET=hunter2\n', 1)
        self.spared(quoted, "APS_CLIENT_SECRET", "comment")
        bare = self.block({**self.values, "KEY_ID": ""}) + f"KEY_ID={self.values['KEY_ID']} # was: hunter2\n"
        self.spared(bare, "comment")
        # Prose goes with the file.
        file = self.file("# my account\n#\n# ---- keys ----\n# == see https://aps.example/ssa ==\n# made at 12:30\n# TODO:\n" + self.block(self.values))
        self.check(self.run_program("key", "import", file, "--shred"), self.values, PROOF)
        self.assertFalse(file.exists())

    def test_what_stands_beside_a_pem(self) -> None:
        self.env.update(APS_CLIENT_ID=self.api.client_id, APS_SECRET_ID=self.api.secret)
        more = ("--key-id", self.values["KEY_ID"], "--account", self.values["SERVICE_ACCOUNT_ID"])
        pem = self.values["PRIVATE_KEY"]
        certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
        self.spared(pem + certificate, "CERTIFICATE", name="k.pem", more=more)
        self.spared(certificate + pem, "CERTIFICATE", name="k.pem", more=more)
        self.spared("client secret: hunter2\n" + pem, "beside the PEM", name="k.pem", more=more)
        self.spared(pem + "\nnotes\n", "beside the PEM", name="k.pem", more=more)
        self.spared(pem + keyfiles.pem(pkcs8=True), "2 private keys", name="k.pem", more=more)
        self.spared(self.block({**self.values, "PRIVATE_KEY": pem + certificate}), "CERTIFICATE")

    def test_two_keys_are_no_guess_without_shred_either(self) -> None:
        file = self.file(self.block({**self.values, "PRIVATE_KEY": self.values["PRIVATE_KEY"] + keyfiles.pem()}))
        self.expect(self.run_program("key", "import", file), 3, "2 private keys")

    def test_a_profile_in_the_file_s_place_drops_the_other_spellings_alone(self) -> None:
        spelled = {"APS_CLIENT_ID": self.values["APS_CLIENT_ID"], "APS_CLIENT_SECRET": self.api.secret,
                   "APS_SA_ID": self.values["SERVICE_ACCOUNT_ID"], "APS_SA_EMAIL": self.values["SSA_EMAIL"],
                   "APS_SA_KEY_ID": self.values["KEY_ID"], "APS_SA_PRIVATE_KEY": b64(self.values["PRIVATE_KEY"])}  # fmt: skip
        file = self.file("# mine\nFOO=bar\n" + self.block(spelled) + "# OLD=1\nSSA_HSM_SCOPE=data:read\n")
        self.expect(self.run_program("key", "import", file, "--output", file, "--force"), 0)
        text = file.read_text()
        for kept in ("# mine\n", "FOO=bar\n", "# OLD=1\n", "SSA_HSM_SCOPE=data:read\n"):
            self.assertIn(kept, text)
        for name in ("APS_SA_", "APS_CLIENT_SECRET", b64(self.values["PRIVATE_KEY"])[:60]):
            self.assertNotIn(name, text)
        self.assertEqual({n: self.profile(file)[n] for n in NAMES[:5]}, {n: self.values[n] for n in NAMES[:5]})
        self.expect(self.run_program("token", "--profile", file), 0)

    def test_a_profile_in_the_file_s_place_loses_no_value_in_a_comment(self) -> None:
        text = self.block(self.values).replace('"\n', '" # OLD_SECRET=hunter2\n', 1)
        file = self.file(text)
        result = self.run_program("key", "import", file, "--output", file, "--force")
        self.expect(result, 3, "OLD_SECRET", "line of its own", out="")
        self.assertEqual(file.read_text(), text)
        file = self.file("# OLD_SECRET=hunter2\n" + self.block(self.values).replace('"\n', '" # mine\n', 1))
        self.expect(self.run_program("key", "import", file, "--output", file, "--force"), 0)
        self.assertIn("# OLD_SECRET=hunter2\n", file.read_text())

    def test_a_profile_in_the_file_s_place_keeps_its_settings(self) -> None:
        file = self.file(self.block({**self.values, "SSA_HSM_AUDIENCE": "https://elsewhere.example"}))
        before = file.read_bytes()
        result = self.run_program("key", "import", file, "--output", file, "--force")
        self.expect(result, 3, "SSA_HSM_AUDIENCE", out="")
        self.assertEqual(file.read_bytes(), before)
