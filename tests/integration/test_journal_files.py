"""The journal's files and the folders that they and the profiles are in: damaged, lost, another's, not to be locked."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import denied
import journal
import places
from fault_support import CREATE, PUT_PRIVATE, SIGN, FaultCase
from harness import SLOW, Result

# Every byte takes hours; otherwise some of them are changed, in all members in turn.
LONG = os.environ.get("SSA_HSM_LONG_TESTS") == "1"
# How many times further apart they are under sanitizers, where the unit tests of the lines change many, too.
APART = 8 if places.sanitized() else 1


def changed_at(text: bytes, at: int) -> Iterator[bytes]:
    bits = range(8) if LONG else (at % 8,)
    for bit in bits:
        yield text[:at] + bytes([text[at] ^ 1 << bit]) + text[at + 1 :]


def stray_things(folder: Path, names: list[str]) -> None:
    """What may lie in a folder and is no file: a link, one that leads nowhere, a folder, a pipe, a socket."""
    link, dangling, directory, pipe, sock = (folder / name for name in names)
    link.symlink_to("/etc/passwd")
    dangling.symlink_to(folder / "nowhere")
    directory.mkdir()
    os.mkfifo(pipe)
    with socket.socket(socket.AF_UNIX) as listening:
        # By the folder's descriptor: a socket's path is short.
        descriptor = os.open(folder, os.O_RDONLY)
        listening.bind(f"/proc/self/fd/{descriptor}/{sock.name}")
        os.close(descriptor)


class JournalCase(FaultCase):
    def setUp(self) -> None:
        super().setUp()
        self.state_folder = self.state / "ssa-hsm"
        self.journal_folder = self.state_folder / "journal"
        self.history_folder = self.state_folder / "history"

    def killed(self, rule: str = f"{PUT_PRIVATE} kill before") -> Path:
        """An account and a key at the API, nothing on the token, and an open entry."""
        with self.shim(rule):
            self.assertEqual(self.run_program(*CREATE).code, -signal.SIGKILL)
        return self.journal_folder / self.open_operations()[0]

    def recover(self, *more: object, code: int = 0, words: tuple[str, ...] = ()) -> Result:
        return self.expect(self.run_program("key", "recover", *more), code, *words)


class Damaged(JournalCase):
    def assert_left(self, entry: Path, text: bytes, before: object) -> None:
        """Nothing came of an entry that was damaged, but that it was named."""
        entry.write_bytes(text)
        self.recover(code=13, words=(entry.name, "left as it is"))
        self.assertEqual(entry.read_bytes(), text)
        self.assertEqual(self.api.control("GET", "state")["accounts"], before)

    def test_a_flipped_bit(self) -> None:
        for rule in (f"{PUT_PRIVATE} kill before", f"{SIGN} kill after"):
            self.fresh()
            entry = self.killed(rule)
            written = entry.read_bytes()
            before, objects = self.api.control("GET", "state")["accounts"], self.objects()
            end = len(written.rstrip(b"\0"))
            last = written.rstrip(b"\0").rindex(b"\n", 0, end - 1) + 1
            self.api.forget_requests()
            for at in range(0, end) if LONG else [*range(last, end, 61 * APART), end - 1, last - 1, 3]:
                for text in changed_at(written, at):
                    with self.subTest(rule, at=at):
                        self.assert_left(entry, text, before)
            self.assertEqual(self.api.asked(), [])
            self.assertEqual(self.objects(), objects)
            entry.write_bytes(written)
            self.recover()

    def test_the_name_of_a_member(self) -> None:
        # As a key's creation without its name this was read as that of an account, whose keys then went with it.
        entry = self.killed()
        written = entry.read_bytes()
        before = self.api.control("GET", "state")["accounts"]
        for name in places.some_of([*journal.members(written.rstrip(b"\0").splitlines()[-1])], 3):
            with self.subTest(name):
                at = written.rindex(f'"{name}":'.encode()) + 1
                self.assert_left(entry, next(iter(changed_at(written, at))), before)

    def test_lines_that_are_lost_or_there_twice(self) -> None:
        entry = self.killed()
        written = entry.read_bytes()
        before = self.api.control("GET", "state")["accounts"]
        lines = written.rstrip(b"\0").splitlines(keepends=True)
        self.assertGreater(len(lines), 3)
        for name, text in {
            "the first lost": b"".join(lines[1:]),
            "one lost": b"".join(lines[:2] + lines[3:]),
            "the last twice": b"".join([*lines, lines[-1]]),
            "an old one again": b"".join([*lines, lines[1]]),
            "a checksum lost": b"".join(lines[:-1]) + lines[-1][: lines[-1].rindex(b',"sha256"')] + b"}\n",
            "the line break": written.rstrip(b"\0")[:-1] + b"x",
        }.items():
            with self.subTest(name):
                self.assert_left(entry, text, before)

    def test_a_line_that_broke_off_leaves_the_one_before(self) -> None:
        entry = self.killed()
        written = entry.read_bytes().rstrip(b"\0")
        lines = written.splitlines(keepends=True)
        self.assertEqual(journal.members(lines[-1])["step"], "key-made")
        # The step before it: the key was asked for, and is at the API.
        entry.write_bytes(b"".join(lines[:-1]) + lines[-1][:-40] + b"\0" * 4096)
        self.recover(words=("deleted again",))
        self.assert_nothing_left()

    def test_a_whole_line_without_its_line_break_counts(self) -> None:
        entry = self.killed(f"{SIGN} kill after")
        entry.write_bytes(entry.read_bytes().rstrip(b"\0")[:-1])
        self.recover(words=("complete at the API and on the token",))
        self.assert_whole()
        self.expect(self.run_program("history", "--verify"), 0)

    def test_others_are_settled_all_the_same(self) -> None:
        self.killed()
        entry = self.journal_folder / self.open_operations()[0]
        bad = entry.with_name("20250101T000000.000000Z-00000000")
        bad.write_bytes(entry.read_bytes())
        result = self.recover(code=13, words=("says that it is another", "1 of 2 operations", "deleted again"))
        self.assertIn(bad.name, result.err)
        self.assertEqual(self.open_operations(), [bad.name])
        self.assertEqual(self.api.accounts(), [])

    def test_what_it_names_is_not_acted_on(self) -> None:
        # Even with a right checksum.
        entry = self.killed()
        written = entry.read_bytes()
        mine = self.home / "precious"
        mine.write_text("x")
        before = self.api.control("GET", "state")["accounts"]
        for name, values in {
            "another's draft": {"draft": str(mine)},
            "a draft elsewhere": {"draft": f"{self.home}/x.env.{entry.name}"},
            "a profile that is relative": {"profile": "x.env", "draft": ""},
            "a profile that goes up": {"profile": f"{self.home}/../x.env", "draft": ""},
            "an id that is a path": {"serviceAccountId": "../keys"},
            "no account": {"serviceAccountId": ""},
            "no key": {"kid": ""},
            "no URI": {"keyUri": ""},
            "another operation": {"operation": "key delete"},
            "a member that nobody knows": {"more": 1},
            "another format": {"format": 3},
        }.items():
            with self.subTest(name):
                self.assert_left(entry, journal.changed(written, **values), before)
        self.assertTrue(mine.exists())

    def test_a_draft_that_is_a_link_is_left(self) -> None:
        entry = self.killed()
        draft = Path(journal.members(entry.read_bytes().rstrip(b"\0").splitlines()[-1])["draft"])
        mine = self.home / "precious"
        mine.write_text("x")
        for make in (lambda: draft.symlink_to(mine), lambda: os.link(mine, draft), draft.mkdir):
            draft.unlink(missing_ok=True)
            make()
            shutil.copytree(self.state, self.dir / "kept", dirs_exist_ok=True)
            self.run_program("key", "recover")
            self.assertTrue(os.path.lexists(draft))
            self.assertEqual(mine.read_text(), "x")
            shutil.copytree(self.dir / "kept", self.state, dirs_exist_ok=True)


class History(JournalCase):
    def test_a_flipped_bit_of_any_file_shows_and_that_of_the_last(self) -> None:
        self.expect(self.run_program(*CREATE), 0)
        kid = self.profile()["KEY_ID"]
        for verb in ("disable", "enable"):
            self.expect(self.run_program("key", verb, kid), 0)
        for path in sorted(self.history_folder.iterdir()):
            written = path.read_bytes()
            for at in range(0, len(written), 1 if LONG else 131 * APART):
                for text in changed_at(written, at):
                    path.write_bytes(text)
                    with self.subTest(path.name, at=at):
                        self.expect(self.run_program("history", "--verify"), 3, path.name)
            path.write_bytes(written)
        self.expect(self.run_program("history", "--verify"), 0, "3 entries")

    def test_lost_writes_show_in_the_last_one(self) -> None:
        self.expect(self.run_program(*CREATE), 0)
        (path,) = self.history_folder.iterdir()
        written = path.read_bytes()
        lines = written.splitlines(keepends=True)
        for count in range(len(lines)):
            texts = (b"".join(lines[:count]), b"".join(lines[:count] + lines[count + 1 :]),
                     b"".join(lines[: count + 1] + lines[count:]), written[: -1 - 97 * count])  # fmt: skip
            for text in places.some_of(texts, 3, count):
                path.write_bytes(text)
                with self.subTest(count=count, length=len(text)):
                    self.expect(self.run_program("history", "--verify"), 3, path.name)
        path.write_bytes(written)
        self.expect(self.run_program("history", "--verify"), 0)

    def test_a_history_of_an_earlier_version_goes_on(self) -> None:
        self.expect(self.run_program(*CREATE), 0)
        kid = self.profile()["KEY_ID"]
        (path,) = self.history_folder.iterdir()
        path.write_text("".join(journal.earlier(journal.members(line)) for line in path.read_text().splitlines()))
        self.expect(self.run_program("history", "--verify"), 0, "1 entr")
        self.expect(self.run_program("key", "disable", kid), 0)
        self.expect(self.run_program("history", "--verify"), 0, "2 entries")
        self.assertIn(kid, self.expect(self.run_program("history", "--json"), 0).out)
        written = path.read_bytes()
        for at in range(0, len(written), 1 if LONG else 397 * APART):
            for text in changed_at(written, at):
                path.write_bytes(text)
                self.expect(self.run_program("history", "--verify"), 3)
        # Another key's name with this one's place: the API does not know it, and the token holds this one.
        path.write_bytes(written.replace(f'"kid":"{kid}"'.encode(), f'"kid":"{kid[:-1]}~"'.encode()))
        objects = self.objects()
        self.assertEqual(self.expect(self.run_program("key", "prune", "--yes"), 0, "nothing shows that it was not changed").out, "")
        self.assertEqual(self.objects(), objects)
        path.write_bytes(written)
        self.api.call("DELETE", f"/service-accounts/{self.profile()['SERVICE_ACCOUNT_ID']}/keys/{kid}", self.api.admin())
        self.profile_path().rename(self.dir / "unused")
        self.expect(self.run_program("key", "prune", "--yes"), 0, "destroyed")

    def test_stray_things_are_named_and_passed_over(self) -> None:
        self.expect(self.run_program(*CREATE), 0)
        kid = self.profile()["KEY_ID"]
        names = [f"9999999{i}-20250101T000000.000000Z-00000000" for i in range(5)]
        stray_things(self.history_folder, names)
        self.expect(self.run_program("history"), 0, *names)
        self.expect(self.run_program("key", "disable", kid), 0)
        self.expect(self.run_program("history", "--verify"), 3, names[0])
        self.expect(self.run_program("key", "prune", "--yes"), 0)
        for name in names:
            path = self.history_folder / name
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        self.expect(self.run_program("history", "--verify"), 0, "2 entries")


class Strays(JournalCase):
    def test_in_the_journal(self) -> None:
        self.expect(self.run_program("key", "recover"), 0)
        names = [f"2025010{i}T000000.000000Z-00000000" for i in range(1, 6)]
        stray_things(self.journal_folder, names)
        (self.journal_folder / "notes.txt").write_text("mine")
        began = time.monotonic()
        self.recover(words=(*names, "notes.txt", "nothing is left to recover"))
        self.expect(self.run_program(*CREATE), 0)
        self.expect(self.run_program("token"), 0, *names)
        self.recover("--forget", words=(*names,))
        self.assertLess(time.monotonic() - began, 30 * SLOW)
        self.assertEqual(self.open_operations(), [*names, "notes.txt"])
        self.assertEqual((self.journal_folder / "notes.txt").read_text(), "mine")

    def test_in_the_configuration(self) -> None:
        self.expect(self.run_program(*CREATE), 0)
        stray_things(self.config / "ssa-hsm", [f"stray{i}.env" for i in range(5)])
        self.expect(self.run_program("token"), 0)
        for name in ("stray0", "stray2", "stray3", "stray4"):
            with self.subTest(name):
                self.expect(self.run_program("token", "--profile", name), 3, name)
        # The first is a link to a file that can be read: that is looked at as any other.
        for command in (("key", "rotate", "--now"), ("key", "prune", "--yes")):
            said = self.expect(self.run_program(*command), 0).err
            self.assertEqual([said.count(f"stray{i}.env cannot be a profile") for i in range(5)], [0, 1, 1, 1, 1], said)
        self.expect(self.run_program("token"), 0)


class Owner(JournalCase):
    def refused(self, path: Path, *commands: tuple[object, ...]) -> None:
        before = self.api.control("GET", "state")["accounts"]
        self.api.forget_requests()
        for command in commands:
            with self.subTest(path.name, command=command):
                self.expect(self.run_program(*command), 3, str(path), "by others", f"`chmod go-w {path}`")
        self.assertEqual(self.api.asked(), [])
        self.assertEqual(self.api.control("GET", "state")["accounts"], before)

    def test_a_folder_that_others_write_to(self) -> None:
        entry = self.killed()
        doing = (("key", "recover"), CREATE)
        for folder, commands in (
            (self.state_folder, (*doing, ("history",), ("history", "--verify"))),
            (self.journal_folder, doing),
            (self.history_folder, (*doing, ("history",), ("history", "--verify"), ("key", "prune", "--yes"))),
            (self.config / "ssa-hsm", (CREATE,)),
        ):
            for mode in (0o770, 0o702, 0o1777):
                folder.chmod(mode)
                self.refused(folder, *commands)
            folder.chmod(0o755)
        self.assertTrue(entry.exists())
        self.recover()
        self.assert_nothing_left()

    def test_what_others_write_to_in_it(self) -> None:
        entry = self.killed()
        written = entry.read_bytes()
        entry.chmod(0o660)
        self.recover(code=13, words=(str(entry), "by others", "left as it is"))
        entry.chmod(0o600)
        os.link(entry, self.dir / "second")
        self.recover(code=13, words=(str(entry), "second name", "left as it is"))
        (self.dir / "second").unlink()
        (self.journal_folder / ".lock").chmod(0o666)
        self.refused(self.journal_folder / ".lock", ("key", "recover"), CREATE)
        (self.journal_folder / ".lock").chmod(0o600)
        self.assertEqual(entry.read_bytes(), written)
        self.recover()
        self.assert_nothing_left()

    def test_a_profile(self) -> None:
        self.provisioned()
        path = self.profile_path()
        for folder, mode in ((path, 0o620), (path, 0o602), (path.parent, 0o770), (path.parent, 0o707)):
            was = folder.stat().st_mode & 0o777
            folder.chmod(mode)
            self.refused(folder, ("token",), ("token", "--profile", "default"), ("token", "--profile", path))
            folder.chmod(was)
        # Elsewhere it is where its user put it.
        other = self.dir / "shared"
        other.mkdir()
        other.chmod(0o777)
        shutil.copy(path, other / "x.env")
        (other / "x.env").chmod(0o666)
        self.expect(self.run_program("token", "--profile", other / "x.env"), 0)
        # A folder that is a link to one of the user's own, and a profile that is.
        real = self.dir / "real"
        path.parent.rename(real)
        path.parent.symlink_to(real)
        self.expect(self.run_program("token"), 0)
        (real / "kept.env").write_bytes(path.read_bytes())
        path.unlink()
        path.symlink_to(real / "kept.env")
        self.expect(self.run_program("token"), 0)
        real.chmod(0o777)
        self.refused(path.parent, ("token",))

    def test_parents_that_others_write_to(self) -> None:
        # /tmp is one. What is in it is ours all the same.
        for folder in (self.config, self.state):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o1777)
        self.expect(self.run_program(*CREATE), 0)
        self.expect(self.run_program("token"), 0)


class Locks(JournalCase):
    def denied(self, rules: list[str], *arguments: object) -> Result:
        return self.run_command(denied.argv(rules, self.argv(*arguments)))

    def test_a_file_system_without_locks(self) -> None:
        for name in ("ENOLCK", "ENOSYS", "EPERM", "EOPNOTSUPP", "EINVAL"):
            with self.subTest(name):
                began = time.monotonic()
                result = self.denied([f"flock={name}"], *CREATE)
                self.expect(result, 3, "cannot be locked, so nothing is begun", denied.spoken(name), "XDG_STATE_HOME")
                self.assertNotIn("another process", result.err)
                self.expect(self.denied([f"flock={name}"], "key", "recover"), 3, denied.spoken(name))
                self.assertLess(time.monotonic() - began, 15 * SLOW)
                self.assertEqual(self.api.asked(), [])
        self.assert_nothing_left()
        self.expect(self.denied(["flock=ENOLCK"], "history"), 0)

    def test_a_disk_that_is_full_or_broken_when_the_entry_is_made(self) -> None:
        for rule in ("fallocate=ENOSPC", "fallocate=EDQUOT", "pwrite64=ENOSPC", "pwrite64=EDQUOT", "pwrite64=EIO",
                     "fdatasync=EIO", "fdatasync=ENOSPC"):  # fmt: skip
            with self.subTest(rule):
                self.fresh()
                result = self.denied([rule], *CREATE)
                self.expect(result, 3, denied.spoken(rule.partition("=")[2]), "nothing is begun")
                self.assertEqual(self.api.asked(), [])
                self.assert_nothing_left()
                self.recover(words=("nothing is left",))


class Rotated(JournalCase):
    def test_a_rotation_that_waits_is_finished_by_its_entry_alone(self) -> None:
        self.expect(self.run_program(*CREATE), 0)
        self.expect(self.run_program("key", "rotate"), 0)
        (name,) = self.open_operations()
        entry = self.journal_folder / name
        written = entry.read_bytes()
        objects = self.objects()
        at = written.rindex(b'"oldKid":"') + 12
        entry.write_bytes(written[:at] + bytes([written[at] ^ 1]) + written[at + 1 :])
        self.expect(self.run_program("key", "rotate", "--finish", "--now"), 3, "left as it is")
        self.assertEqual(self.objects(), objects)
        entry.write_bytes(written)
        self.expect(self.run_program("key", "rotate", "--finish", "--now"), 0)


