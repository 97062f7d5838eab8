"""Profiles: what is read as it is meant, by the shell and the dotenv libraries and us alike; what is refused."""

from __future__ import annotations

import os
import stat
from urllib.parse import unquote

import dotenv
import keyfiles
import places
from harness import LABEL, Case


class _Profile(Case):
    def setUp(self) -> None:
        super().setUp()
        self.made = self.provisioned()
        self.bare = {n: None for n in self.env if n.startswith("APS_")}

    def secret_of(self, text: str) -> str:
        """What the program takes APS_SECRET_ID for, by what it writes into the next profile."""
        self.write_profile(text)
        made = self.run_program(
            "key", "import", self.block_file(), "-o", self.dir / "out.env", "--force", env=self.bare
        )
        self.expect(made, 0)
        self.store.copy_from(type(self)._provisioned.store)  # type: ignore[union-attr]
        return dotenv.parse((self.dir / "out.env").read_text())["APS_SECRET_ID"]

    def block_file(self) -> str:
        path = self.dir / "key.env"
        path.touch(mode=0o600)
        path.write_text(f'SERVICE_ACCOUNT_ID=A1\nKEY_ID=K1\nSSA_EMAIL=a@b\nPRIVATE_KEY="{keyfiles.pem()}"\n')
        return str(path)

    def in_bash(self, path: object, name: str) -> str:
        script = f'set -eu; . "$1"; printf %s "${name}"'
        return self.expect(self.run_command([places.tool("bash"), "-c", script, "bash", str(path)]), 0).out


class Reading(_Profile):
    def test_every_way_to_quote(self) -> None:
        client = "APS_CLIENT_ID=c\n"
        for line, value in (
            ("APS_SECRET_ID=plain", "plain"), ('APS_SECRET_ID="double"', "double"),
            ("APS_SECRET_ID='single'", "single"), ("export APS_SECRET_ID=exported", "exported"),
            ("APS_SECRET_ID=bare # comment", "bare"),
            ('APS_SECRET_ID="has # inside"', "has # inside"), ("APS_SECRET_ID=has#inside", "has#inside"),
            ('APS_SECRET_ID="quoted" # comment', "quoted"), ("  APS_SECRET_ID=indented", "indented"),
            ("APS_SECRET_ID='a$HOME`b\"c'", 'a$HOME`b"c'), ("APS_SECRET_ID=crlf\r", "crlf"),
            ('APS_SECRET_ID="crlf"\r', "crlf"), ("APS_SECRET_ID=first\nAPS_SECRET_ID=last", "last"),
            ('APS_SECRET_ID="it\'s"', "it's"), ("APS_SECRET_ID='back\\slash'", "back\\slash"),
            ("APS_SECRET_ID=with=equals==", "with=equals=="), ("\ufeffAPS_SECRET_ID=bom", "bom"),
        ):  # fmt: skip
            with self.subTest(line=line):
                # The byte order mark, where there is one, is the file's first.
                self.assertEqual(self.secret_of(f"{line}\n{client}"), value)
                if not line.endswith("\r") and not line.startswith("\ufeff"):
                    self.assertEqual(dotenv.parse(f"{line}\n")["APS_SECRET_ID"], value)
                    self.assertEqual(self.in_bash(self.profile_path(), "APS_SECRET_ID"), value)

    def test_the_last_line_needs_no_line_end(self) -> None:
        self.assertEqual(self.secret_of("APS_CLIENT_ID=c\nAPS_SECRET_ID=last"), "last")
        self.assertEqual(self.secret_of('APS_CLIENT_ID=c\nAPS_SECRET_ID="last"'), "last")

    def test_other_peoples_names_are_passed_over(self) -> None:
        other = (
            'PATH=/evil\nDATABASE_URL="a\\"b"\nFOO.BAR-x=\'1\'\nMULTI="one\ntwo = three\nfour"\nAPS_CALLBACK_URL=x\n'
        )
        self.write_profile(other + self.profile_path().read_text())
        self.expect(self.run_program("token"), 0)

    def test_nothing_is_expanded_or_run(self) -> None:
        mark = self.dir / "mark"
        self.write_profile(self.profile_path().read_text() + f"OTHER=$(touch {mark})\nSSA_HSM_SCOPE=`touch {mark}`\n")
        self.run_program("token")
        self.assertFalse(mark.exists())

    def test_a_malformed_line_is_an_error_with_its_number(self) -> None:
        for bad, line in (
            ("no assignment here", 2), ("=value", 2), ("1NAME=value", 2), ("NAME", 2), ('X="never closed\nY=1\n', 2),
            ("X='never closed", 2), ('X="a"b', 2), ("A='one\ntwo'\nbad line", 4), ("NA ME=x", 2),
        ):  # fmt: skip
            with self.subTest(bad=bad):
                self.write_profile(f"# comment\n{bad}\n")
                self.expect(self.run_program("token"), 3, str(self.profile_path()), f"line {line}")

    def test_a_backslash_in_double_quotes_means_different_things_so_it_is_refused(self) -> None:
        for value in ("a\\b", 'a\\"b', "a\\\\b", "a\\nb"):
            with self.subTest(value=value):
                self.write_profile(f'APS_CLIENT_ID=c\nAPS_SECRET_ID="{value}"\n')
                result = self.expect(self.run_program("token"), 3, "line 2", "APS_SECRET_ID", "single quotes")
                self.assertNotIn(value, result.err)

    def test_a_dollar_or_backquote_in_double_quotes_is_not_expanded(self) -> None:
        for value in ("a$HOME", "a`id`b", "${HOME}x"):
            with self.subTest(value=value):
                self.assertEqual(self.secret_of(f'APS_CLIENT_ID=c\nAPS_SECRET_ID="{value}"\n'), value)

    def test_a_pem_is_refused_with_a_pointer_to_key_import(self) -> None:
        pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----\n"
        for quoted in (f'"{pem}"', f"'{pem}'", '"' + pem.replace("\n", "\\n") + '"'):
            with self.subTest(quoted=quoted[:1]):
                lines = [f'{n}="{v}"\n' for n, v in self.made.items() if n != "PRIVATE_KEY"]
                self.write_profile("".join(lines) + f"PRIVATE_KEY={quoted}\n")
                result = self.expect(self.run_program("token"), 3, "key import", str(self.profile_path()))
                self.assertNotIn("MIIE", result.err)

    def test_a_binary_or_huge_or_unreadable_file_is_an_error(self) -> None:
        self.profile_path().write_bytes(b"A=\0\n")
        self.expect(self.run_program("token"), 3, str(self.profile_path()))
        self.profile_path().write_bytes(b"# x\n" * 100_000)
        self.expect(self.run_program("token"), 3, str(self.profile_path()))
        self.profile_path().chmod(0)
        self.expect(self.run_program("token"), 3, str(self.profile_path()), "Permission denied")

    def test_one_that_others_can_read_is_warned_about_and_used(self) -> None:
        self.profile_path().chmod(0o644)
        self.expect(self.run_program("token"), 0, "warning", str(self.profile_path()))
        self.profile_path().chmod(0o600)
        self.assertEqual(self.expect(self.run_program("token"), 0).err, "")


class Writing(_Profile):
    def create(self, *more: object, env: dict[str, str | None] | None = None, code: int = 0, name: str = "new") -> str:
        # A name of its own, since the API refuses a second account of the same name.
        self.made_accounts = getattr(self, "made_accounts", 0) + 1
        where = () if "--output" in more or "-o" in more or (env or {}).get("SSA_HSM_PROFILE") else ("--profile", name)
        last = f"my-writing-{self.made_accounts}"
        made = self.run_program("account", "create", "service", last, *where, *more, env=env)
        return self.expect(made, code).out

    def secret_written(self, secret: str) -> str:
        made = self.run_program(
            "key", "import", self.block_file(), "-o", self.dir / "out.env", "--force", "--show-secret",
            env={"APS_SECRET_ID": secret},
        )  # fmt: skip
        self.expect(made, 0)
        self.store.copy_from(type(self)._provisioned.store)  # type: ignore[union-attr]
        return made.out

    def test_quoting_means_the_same_to_bash_dotenv_and_us(self) -> None:
        for secret in (
            "plain", "with space", "a$HOME", "a`id`b", "back\\slash", 'dou"ble', "sin'gle", "#hash", "a # b", "$(id)",
            "!history", "ünïcode", "a=b", "~", "*", "a;b|c&d", " lead", "trail ", "${HOME}x",
        ):  # fmt: skip
            with self.subTest(secret=secret):
                shown = self.secret_written(secret)
                written = self.dir / "out.env"
                quote = "'" if set(secret) & set('$`\\"') else '"'
                line = f"APS_SECRET_ID={quote}{secret}{quote}\n"
                self.assertIn(line, written.read_text())
                self.assertIn(line, shown)
                self.assertEqual(dotenv.parse(written.read_text())["APS_SECRET_ID"], secret)
                self.assertEqual(self.in_bash(written, "APS_SECRET_ID"), secret)
                self.assertEqual(self.secret_of(written.read_text()), secret)

    def test_a_value_that_needs_both_quotes_is_refused_with_the_way_out(self) -> None:
        for secret in ("a'b$c", "a'b\"c", "a'`", "'\\", "line\nbreak"):
            with self.subTest(secret=secret), self.shim() as log:
                result = self.run_program(
                    "account", "create", "service", "filesync", "--profile", "new", env={"APS_SECRET_ID": secret}
                )
                self.expect(result, 3, "APS_SECRET_ID")
                self.assertNotIn(secret, result.err)
                if "\n" not in secret:
                    self.assertIn("file:", result.err)
                self.assertEqual(log.count("C_Login"), 0)
        self.assertEqual(self.api.asked(), [])

    def test_profile_then_output_then_SSA_HSM_PROFILE_then_default(self) -> None:
        env: dict[str, str | None] = {"SSA_HSM_PROFILE": "by-env"}
        self.create(env=env)
        self.assertTrue(self.profile_path("by-env").exists())
        self.create("--output", self.dir / "o.env", env=env)
        self.assertTrue((self.dir / "o.env").exists())
        self.expect(self.run_program("account", "create", "third", "my-writing", "--profile", "by-opt", env=env), 0)
        self.assertTrue(self.profile_path("by-opt").exists())

    def test_a_profile_by_path(self) -> None:
        path = self.dir / "deep" / "p.env"
        path.parent.mkdir()
        self.create(name=str(path))
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.expect(self.run_program("token", env={"SSA_HSM_PROFILE": str(path)}), 0)
        self.expect(self.run_program("token", "-p", "deep/p.env"), 0)

    def test_output_is_mode_0600_whatever_the_umask(self) -> None:
        script = 'umask 0; exec "$0" account create service my-writing --output o.env'
        self.expect(self.run_command([places.tool("sh"), "-c", script, str(places.program())]), 0)
        self.assertEqual(stat.S_IMODE((self.dir / "o.env").stat().st_mode), 0o600)

    def test_what_exists_is_replaced_only_with_force(self) -> None:
        path = self.dir / "o.env"
        path.write_text("KEEP=1\n")
        self.create("--output", path, code=14)
        self.assertEqual(path.read_text(), "KEEP=1\n")
        self.assertEqual(self.api.asked(), [])
        self.create("--output", path, "--force")
        self.assertIn("SERVICE_ACCOUNT_ID", self.profile(path))
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assertEqual([p.name for p in self.dir.glob("*o.env*")], ["o.env"])

    def test_a_folder_that_cannot_be_written_is_known_before_the_api_is_asked(self) -> None:
        folder = self.dir / "locked"
        folder.mkdir(mode=0o500)
        self.create("--output", folder / "o.env", code=3)
        self.create("--output", self.dir / "missing" / "o.env", code=3)
        self.create("--output", self.dir, code=3)
        self.assertEqual(self.api.asked(), [])

    def test_the_module_is_written_as_it_was_given(self) -> None:
        link = self.dir / "module.so"
        link.symlink_to(places.softhsm())
        for number, (given, written) in enumerate(
            ((str(link), str(link)), ("softhsm2", None), ("./module.so", str(link)))
        ):
            with self.subTest(given=given):
                self.create(env={"SSA_HSM_MODULE": given}, name=f"m{number}")
                uri = self.profile(f"m{number}")["PRIVATE_KEY"]
                query = unquote(uri.split("?")[1]).replace("/./", "/")
                self.assertEqual(query, f"module-path={written}" if written else "module-name=softhsm2")

    def test_files_are_written_with_their_whole_path_but_links_stay_links(self) -> None:
        data = self.dir / "..data"
        data.mkdir()
        secret, ca = data / "secret", data / "ca.pem"
        secret.touch(mode=0o600)
        secret.write_text(self.api.secret)
        ca.write_bytes(open(self.api.cacert, "rb").read())
        for name in ("secret", "ca.pem"):
            (self.dir / name).symlink_to(data / name)
        self.create(env={"APS_SECRET_ID": "file:secret", "SSA_HSM_CACERT": "./ca.pem"})
        written = self.profile("new")
        self.assertEqual(written["APS_SECRET_ID"], f"file:{self.dir / 'secret'}")
        self.assertEqual(os.path.normpath(written["SSA_HSM_CACERT"]), str(self.dir / "ca.pem"))
        self.expect(self.run_program("token", "-p", "new", cwd=self.home), 0)

    def test_a_pin_file_of_the_tokens_uri_is_written_with_its_whole_path(self) -> None:
        for source in ("file:pin", "file:./pin"):
            with self.subTest(source):
                uri = f"pkcs11:token={LABEL}?pin-source={source}"
                env = {"SSA_HSM_TOKEN": uri, "SSA_HSM_PIN_SOURCE": None}
                self.create("--output", self.dir / "o.env", "--force", env=env)
                written = unquote(self.profile(self.dir / "o.env")["PRIVATE_KEY"])
                self.assertRegex(written, rf"[?&]pin-source=file:{self.dir}/(\./)?pin(&|$)")
                # From another folder.
                result = self.run_program(
                    "token", "--profile", self.dir / "o.env", env={"SSA_HSM_PIN_SOURCE": None}, cwd=self.home
                )
                self.expect(result, 0)

    def test_audience_and_base_url_are_written_with_it(self) -> None:
        self.create("--audience", "https://eu.example.com/t")
        self.assertEqual(self.profile("new")["SSA_HSM_AUDIENCE"], "https://eu.example.com/t")
        self.assertEqual(self.profile("new")["SSA_HSM_BASE_URL"], self.api.base_url)

    def test_a_profile_name_cannot_leave_its_folder(self) -> None:
        for name in ("..", ".", "-", "a\nb"):
            with self.subTest(name=name):
                made = self.run_program("account", "create", "service", "my-writing", f"--profile={name}")
                self.expect(made, 2)
        self.assertEqual(list(self.dir.rglob("*.env")), [self.profile_path()])
        self.assertEqual(self.api.asked(), [])
