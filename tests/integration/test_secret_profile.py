"""secret import changes the profile that the client secret came from: one line of it, and nothing else."""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path

import places
from harness import Result
from secret_support import LINE, SecretCase

# At the end: it has a world.py of its own.
sys.path.append(str(Path(__file__).resolve().parents[1] / "matrix"))
import killer  # noqa: E402


class ProfileCase(SecretCase):
    def setUp(self) -> None:
        super().setUp()
        self.env.pop("APS_SECRET_ID")
        self.path = self.profile_path()
        self.before = self.path.read_text()

    def secret_import(self, *more: object, **options: object) -> Result:
        return self.run_quietly("secret", "import", *more, **options)

    def edited(self, text: str, line: str) -> str:
        """What a text becomes whose one line of the secret is replaced."""
        found, count = re.subn(r'(?m)^APS_SECRET_ID=.*\n', lambda _: line, text)
        self.assertEqual(count, 1)
        return found


class Edited(ProfileCase):
    def test_the_line_takes_the_secret_s_place_and_all_else_stays(self) -> None:
        more = "# mine: APS_SECRET_ID\n\nexport FOO='a b'\nBAR=1 # last"
        self.path.write_text("# first\n" + self.before + more)
        old = self.dir / "the-old-file"
        os.link(self.path, old)
        result = self.expect(self.secret_import(), 0, f"{self.path} has this line now", "overwritten", "every other place")
        self.assertRegex(result.out, LINE)
        self.assertEqual(self.path.read_text(), "# first\n" + self.edited(self.before, result.out) + more + "\n")
        self.assertEqual(set(old.read_bytes()), {0})
        self.assertEqual([p.name for p in self.path.parent.iterdir()], ["default.env"])
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)
        self.expect(self.run_quietly("token"), 0)

    def test_a_line_that_could_not_be_printed_is_printed_later(self) -> None:
        argv = ["/bin/sh", "-c", '"$@" >/dev/full', "sh", *self.argv("secret", "import")]
        result = self.expect(self.run_command(argv), 1, "Nothing is lost")
        self.assertRegex(self.paste(result, "ssa-hsm secret import --print").out, LINE)

    def test_its_other_name_and_a_second_line_go(self) -> None:
        self.path.write_text(self.before.replace("APS_SECRET_ID", "APS_CLIENT_SECRET") + f"APS_SECRET_ID='{self.api.secret}'\n")
        result = self.expect(self.secret_import(), 0)
        text = self.path.read_text()
        self.assertEqual(text.count(result.out), 1)
        self.assertNotIn("APS_CLIENT_SECRET", text)
        self.assertNotIn(self.api.secret, text)
        self.expect(self.run_quietly("token"), 0)

    def test_a_mode_for_a_group_is_kept(self) -> None:
        self.path.chmod(0o640)
        self.expect(self.secret_import(), 0)
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o640)

    def test_a_link_stays_a_link(self) -> None:
        target = self.dir / "elsewhere.env"
        self.path.rename(target)
        self.path.symlink_to(target)
        self.expect(self.secret_import(), 0)
        self.assertTrue(self.path.is_symlink())
        self.assertNotIn(self.api.secret, target.read_text())

    def test_one_that_is_typed_goes_into_a_profile_without_one(self) -> None:
        self.path.write_text(re.sub(r"APS_SECRET_ID=.*\n", "", self.before))
        result = self.typed("secret", "import", answers=[("Client secret of", self.api.secret)])
        self.expect(result, 0, f"{self.path} has this line now")
        self.assertTrue(self.path.read_text().endswith(result.out))
        self.expect(self.run_quietly("token"), 0)

    def test_a_reference_is_replaced_and_its_file_is_named_nowhere_else(self) -> None:
        file = self.dir / "secret"
        file.touch(0o600)
        file.write_text(self.api.secret)
        self.path.write_text(self.edited(self.before, f'APS_SECRET_ID="file:{file}"\n'))
        self.expect(self.secret_import(), 0, "every other place")
        self.assertNotIn("file:", self.path.read_text())
        self.assertEqual(file.read_text(), self.api.secret)

    def test_the_same_again_changes_nothing(self) -> None:
        line = self.expect(self.secret_import(), 0).out
        before = self.path.stat().st_ino
        result = self.expect(self.secret_import(), 0, "already")
        self.assertEqual((result.out, self.path.stat().st_ino), (line, before))
        self.assertIn(f"{self.path} has this line already", result.err)
        self.assertNotIn("put this line into", result.err)

    def test_the_same_again_with_the_secret_in_the_environment(self) -> None:
        self.expect(self.secret_import(), 0)
        result = self.expect(self.secret_import(env={"APS_SECRET_ID": self.api.secret}), 0, "unset APS_SECRET_ID")
        self.assertIn("has this line already", result.err)

    def test_after_a_run_that_only_printed(self) -> None:
        line = self.expect(self.secret_import("--print"), 0, "put this line into", str(self.path)).out
        self.assertEqual(self.path.read_text(), self.before)
        self.assertEqual(self.expect(self.secret_import(), 0, "already").out, line)
        self.assertEqual(self.path.read_text(), self.edited(self.before, line))

    def test_the_same_secret_in_the_environment_is_named(self) -> None:
        result = self.expect(self.secret_import(env={"APS_SECRET_ID": self.api.secret}), 0, "unset APS_SECRET_ID")
        self.assertEqual(self.path.read_text(), self.edited(self.before, result.out))

    def test_the_profile_that_an_option_names(self) -> None:
        other = self.write_profile(self.before, "other")
        self.expect(self.secret_import("-p", "other"), 0, str(other))
        self.assertEqual(self.path.read_text(), self.before)
        self.assertNotIn(self.api.secret, other.read_text())

    def test_with_force_the_profile_follows(self) -> None:
        self.expect(self.secret_import("--print", env={"APS_SECRET_ID": "another"}), 0)
        result = self.expect(self.secret_import("--force"), 0)
        self.assertEqual(self.path.read_text(), self.edited(self.before, result.out))
        self.expect(self.run_quietly("token"), 0)


class Gone(ProfileCase):
    """The profile refers to an object that is not there any more: the commands that messages suggest mend that."""

    def typed_secret(self, *words: str) -> Result:
        result = self.typed("secret", "import", *words, answers=[("Client secret of", self.api.secret)])
        self.assertNotIn(self.api.secret, result.out + result.err)
        return result

    def test_the_secret_is_asked_for(self) -> None:
        line = self.expect(self.secret_import(), 0).out
        after = self.path.read_text()
        self.expect(self.run_quietly("secret", "remove", "--yes"), 0)
        self.expect(self.run_quietly("token"), 6, "`ssa-hsm secret import` asks")
        self.assertEqual(self.expect(self.typed_secret(), 0, "does not hold", "has this line already").out, line)
        self.assertEqual(self.path.read_text(), after)
        self.expect(self.run_quietly("token"), 0)

    def test_without_a_terminal_it_is_said_where_to_put_it(self) -> None:
        self.expect(self.secret_import(), 0)
        self.expect(self.run_quietly("secret", "remove", "--yes"), 0)
        self.expect(self.secret_import(), 3, "does not hold", "no terminal to ask for: client secret", "file:PATH", out="")

    def test_under_another_label(self) -> None:
        self.expect(self.secret_import("--label", "mine"), 0)
        self.expect(self.run_quietly("secret", "remove", "--yes"), 0)
        result = self.expect(self.typed_secret(), 0, f"{self.path} has this line now")
        self.assertIn(result.out, self.path.read_text())
        self.expect(self.run_quietly("token"), 0)

    def test_an_empty_one_is_replaced(self) -> None:
        self.expect(self.secret_import(), 0)
        self.expect(self.run_quietly("secret", "remove", "--yes"), 0)
        empty = self.dir / "empty"
        empty.touch()
        self.store.tool("--write-object", str(empty), "--type", "data", "--label", self.label, "--private")
        self.expect(self.secret_import(), 3, "nothing is in the data object", "--force")
        self.expect(self.typed_secret("--force"), 0)
        self.expect(self.run_quietly("token"), 0)


class Left(ProfileCase):
    def test_another_secret_in_the_environment(self) -> None:
        result = self.expect(self.secret_import(env={"APS_SECRET_ID": "another"}), 0, "put this line into")
        self.assertRegex(result.out, LINE)
        self.assertEqual(self.path.read_text(), self.before)

    def test_a_profile_that_is_not_ours_to_write(self) -> None:
        for path, mode in ((self.path, 0o400), (self.path.parent, 0o500)):
            with self.subTest(path.name):
                path.chmod(mode)
                result = self.expect(self.secret_import(), 0, "is not changed", "Permission denied", "put this line into")
                self.assertRegex(result.out, LINE)
                self.assertEqual(self.path.read_text(), self.before)
                path.chmod(0o700 if path.is_dir() else 0o600)

    def test_a_token_that_refuses_leaves_profile_and_folder_alone(self) -> None:
        with self.shim("C_CreateObject class=CKO_DATA * return CKR_DEVICE_ERROR"):
            self.expect(self.secret_import(), 7)
        self.assertEqual(self.path.read_text(), self.before)
        self.assertEqual([p.name for p in self.path.parent.iterdir()], ["default.env"])

    def test_a_secret_that_was_changed_meanwhile(self) -> None:
        with self.terminal("secret", "import", env={"SSA_HSM_PIN_SOURCE": None}) as terminal:
            terminal.wait_for("PIN of token")
            terminal.wait_echo(False)
            changed = self.before.replace(self.api.secret, "a-newer-secret")
            self.path.write_text(changed)
            terminal.send(f"{self.pin()}\r")
            self.assertEqual(terminal.finish(), 3)
            self.assertIn("changed meanwhile", terminal.screen)
            self.assertIn("is stored", terminal.screen)
            self.assertRegex(terminal.out, LINE)
        self.assertEqual(self.path.read_text(), changed)
        self.assertEqual([p.name for p in self.path.parent.iterdir()], ["default.env"])

    def pin(self) -> str:
        return (self.dir / "pin").read_text().strip()


class Killed(ProfileCase):
    """Killed at each call that changes something: the profile works all the time, and the same command ends it."""

    def trace(self, kill: killer.Point | None) -> killer.Trace:
        argv = [str(places.program()), "secret", "import"]
        return killer.run(argv, self.environment(), self.dir, self.dir / "out", self.dir / "err", kill)

    def begin(self) -> None:
        self.store.copy_from(self._provisioned.store)  # type: ignore[union-attr]
        for file in (*self.path.parent.glob("*"), *(self.state / "ssa-hsm").glob("*/*")):
            file.unlink()
        self.write_profile(self.before)

    def test_at_each_call(self) -> None:
        self.begin()
        self.assertEqual(self.trace(None).code, 0, (self.dir / "err").read_text())
        line = (self.dir / "out").read_text()
        after = self.edited(self.before, line)
        self.begin()
        names = ("pwrite64", "write", "fsync", "ftruncate", "renameat", "renameat2", "unlink", "unlinkat", "fchmod", "fallocate")
        mine = [p for p in self.trace(None).points if p.thread < killer.PROCESS and p.ours and p.name in names and not p.error]
        self.assertIn("renameat", [point.name for point in mine])
        for point in mine:
            with self.subTest(str(point)):
                self.begin()
                self.trace(point)
                self.assertIn(self.path.read_text(), (self.before, after))
                self.expect(self.run_quietly("token"), 0)
                self.assertEqual(self.expect(self.secret_import(), 0).out, line)
                self.assertEqual(self.path.read_text(), after)
                self.expect(self.run_quietly("token"), 0)
                self.assertEqual([p.name for p in self.path.parent.iterdir()], ["default.env"])
                self.assertEqual(self.data().count(self.label), 1)
