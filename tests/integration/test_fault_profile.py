"""A profile that cannot be written is known before the API is asked; one that can be is replaced whole or not."""

from __future__ import annotations

import shutil
import stat
import subprocess
from pathlib import Path

from fault_support import CREATE, KEYS, FaultCase, background, ended, eventually
from harness import CallLog, Result, note


class KnownBefore(FaultCase):
    def refused(
        self, *words: str, arguments: tuple[object, ...] = (), env: dict[str, str | None] | None = None, code: int = 3
    ) -> None:
        with self.shim() as log:
            self.expect_failure(self.create(*arguments, env=env), code, *words)
        self.assert_nothing_was_done(log)

    def assert_nothing_was_done(self, log: CallLog | None = None) -> None:
        self.assertEqual(self.api.asked(), [])
        self.assertEqual(self.objects(), [])
        if log:
            self.assertEqual(log.count("C_Login"), 0, "a PIN try for nothing")

    def folder(self) -> Path:
        folder = self.profile_path().parent
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        return folder

    def test_an_unwritable_folder(self) -> None:
        self.folder().chmod(0o500)
        self.refused("Permission denied", str(self.profile_path().parent))
        self.assertEqual(self.files(), [])

    def test_a_folder_that_cannot_be_made(self) -> None:
        self.refused("Permission denied", env={"XDG_CONFIG_HOME": str(self.locked())})

    def locked(self) -> Path:
        folder = self.dir / "locked"
        folder.mkdir(mode=0o500)
        return folder / "config"

    def test_a_file_where_the_folder_should_be(self) -> None:
        shutil.rmtree(self.config, ignore_errors=True)
        self.config.write_text("a file")
        self.refused(str(self.config))

    def test_an_existing_profile(self) -> None:
        path = self.write_profile("# mine\n")
        self.refused("--force", str(path), code=14)
        self.assertEqual(path.read_text(), "# mine\n")
        self.assertEqual(self.files(), ["config/ssa-hsm/default.env"])

    def test_output_to_a_missing_folder(self) -> None:
        self.refused("No such file or directory", str(self.dir / "missing"), arguments=("--output", self.dir / "missing" / "x.env"))

    def test_what_is_no_file(self) -> None:
        self.folder()
        for target in (Path("/dev/full"), Path("/dev/null"), self.dir):
            with self.subTest(target):
                self.profile_path().unlink(missing_ok=True)
                self.profile_path().symlink_to(target)
                self.refused(arguments=("--force",))
                self.assertTrue(self.profile_path().is_symlink())

    def test_no_home(self) -> None:
        self.refused("HOME", env={"HOME": None, "XDG_CONFIG_HOME": None})

    def test_a_secret_that_no_profile_can_carry(self) -> None:
        self.refused("file:", env={"APS_SECRET_ID": "both'kinds\"of$quotes"})
        self.assertEqual(self.files(), [])

    def test_a_limit_of_file_sizes(self) -> None:
        for trap in ("trap '' XFSZ; ", ""):
            with self.subTest(trap):
                # Without the trap the limit comes as a signal, which would end the program with a draft left.
                result = self.limited(f"{trap}ulimit -f 1", *CREATE)
                self.expect_failure(result, 3, "File too large", "journal", "nothing is begun")
                self.assert_nothing_was_done()
                self.assertEqual(self.files(), [])

    def test_a_full_disk(self) -> None:
        where = self.dir / "small"
        where.mkdir()
        mount = f"mount -t tmpfs -o size=8k none {where} && mkdir {where}/ssa-hsm"
        isolated = ["unshare", "-rm", "/bin/sh", "-c"]
        if subprocess.run([*isolated, mount], capture_output=True, check=False).returncode != 0:
            note("no user namespace here, so a full disk was tried as a limit of file sizes alone")
            return
        script = f'{mount} && "$@"; code=$?; find {where} -type f; exit $code'
        env = {"XDG_CONFIG_HOME": str(where)}
        result = self.run_command([*isolated, script, "sh", *self.argv(*CREATE)], env=env)
        self.expect_failure(result, 3, "No space left on device", str(where))
        self.assert_nothing_was_done()


class Replaced(FaultCase):
    def test_force_replaces_it_whole(self) -> None:
        path = self.write_profile('KEY_ID="old-key"\nPRIVATE_KEY="pkcs11:token=old"\n')
        path.chmod(0o644)
        before = path.stat().st_ino
        self.expect(self.create("--force"), 0)
        self.assertNotIn("old", path.read_text())
        self.assertNotEqual(path.stat().st_ino, before)
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assert_whole()

    def test_what_others_keep_in_it_is_kept_or_refused_before(self) -> None:
        # A profile is a dotenv file: names that are not ours are somebody's.
        path = self.write_profile("OTHER=1\n" * 3000)
        result = self.create("--force")
        if result.code != 0:
            self.expect_failure(result, 3, str(path))
            self.assertEqual(self.api.asked(), [])
            self.assertEqual(self.objects(), [])
        self.assertEqual(path.read_text().count("OTHER=1\n"), 3000)

    def test_a_failure_leaves_the_old_one(self) -> None:
        path = self.write_profile("OLD=1\n")
        before = path.stat()
        self.api.fault("drop", method="POST", path=KEYS)
        self.expect_failure(self.create("--force"), 12)
        self.assertEqual(path.read_text(), "OLD=1\n")
        self.assertEqual(path.stat().st_ino, before.st_ino)
        self.assertEqual(self.files(), ["config/ssa-hsm/default.env"])

    def test_a_link_stays_a_link(self) -> None:
        real = self.dir / "real.env"
        real.write_text('KEY_ID="old-key"\n')
        self.profile_path().parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        self.profile_path().symlink_to(real)
        self.expect(self.create("--force"), 0)
        self.assertTrue(self.profile_path().is_symlink())
        self.assertNotIn("old-key", real.read_text())
        self.assertEqual(self.files(), ["config/ssa-hsm/default.env"])
        self.assertEqual([p.name for p in self.dir.glob("real.env*")], ["real.env"])
        self.expect(self.run_program("token"), 0)

    def test_a_link_to_nothing_is_filled_or_refused_before(self) -> None:
        self.profile_path().parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        self.profile_path().symlink_to(self.dir / "later.env")
        result = self.create()
        if result.code == 0:
            self.assert_whole()
        else:
            self.expect_failure(result, 3, str(self.profile_path()))
            self.assertEqual(self.api.asked(), [])
            self.assertEqual(self.objects(), [])
        self.assertTrue(self.profile_path().is_symlink())


class Meanwhile(FaultCase):
    """What happens to the folder between the first look and the end."""

    def interfered(self, action: str, code: int, *words: str) -> Result:
        self.api.fault("late", method="POST", path=KEYS, seconds=0.5)
        process = background(self, *CREATE)
        eventually(lambda: any(a["keys"] for a in self.api.accounts()), "the key is there")
        getattr(self, action)()
        result = self.expect_failure(ended(process), code, *words)
        self.assertEqual(self.api.accounts(), [])
        self.assertEqual(self.objects(), [])
        return result

    def somebody_writes_it(self) -> None:
        self.profile_path().write_text("MINE=1\n")

    def test_a_profile_that_somebody_made_is_not_replaced(self) -> None:
        self.interfered("somebody_writes_it", 12, "File exists", str(self.profile_path()))
        self.assertEqual(self.profile_path().read_text(), "MINE=1\n")
        self.assertEqual(self.files(), ["config/ssa-hsm/default.env"])

    def test_two_at_once_for_one_profile(self) -> None:
        self.api.fault("late", method="POST", path=KEYS, seconds=0.5, times=2)
        names = (("first", "account"), ("second", "account"))
        results = [ended(p) for p in [background(self, "account", "create", *n) for n in names]]
        self.assertEqual(sum(r.code == 0 for r in results), 1, [str(r) for r in results])
        # What the winner has made is whole, and nothing of the other is left anywhere.
        self.assert_whole()

    def folder_goes(self) -> None:
        shutil.rmtree(self.profile_path().parent)

    def test_the_folder_is_removed(self) -> None:
        self.interfered("folder_goes", 12, "No such file or directory")
        self.assertEqual(self.files(), [])

    def folder_is_closed(self) -> None:
        self.profile_path().parent.chmod(0o500)

    def test_the_folder_is_closed(self) -> None:
        self.interfered("folder_is_closed", 12, "Permission denied")


class StandardOutput(FaultCase):
    """The block cannot be printed: it is all done nevertheless, and where it stands is said."""

    def test_it_is_saved_and_that_is_said(self) -> None:
        for redirection, cause in ((">/dev/full", "No space left on device"), (">&-", "Bad file descriptor"),
                                   ("</dev/null >&0", "Bad file descriptor")):  # fmt: skip
            with self.subTest(redirection):
                result = self.run_command(["/bin/sh", "-c", f'"$@" {redirection}', "sh", *self.argv(*CREATE)])
                self.expect(result, 1, cause, "Nothing is lost", str(self.profile_path()))
                self.assert_said_briefly(result)
                self.assert_whole()
                self.fresh()

    def test_everything_is_closed(self) -> None:
        result = self.run_command(["/bin/sh", "-c", '"$@" <&- >&- 2>&-', "sh", *self.argv(*CREATE)])
        self.assertEqual(result.code, 1)
        self.assert_whole()

    def test_a_reader_that_went_away(self) -> None:
        result = self.run_command(["/bin/sh", "-c", '{ "$@"; echo "code $?" >&2; } | :', "sh", *self.argv(*CREATE)])
        self.assertIn("code 1", result.err)
        self.assertIn("Broken pipe", result.err)
        self.assert_whole()
