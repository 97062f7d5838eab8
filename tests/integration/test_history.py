"""history: the chain of what was done, attacked; and what it is when many are at work, or one is killed."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import journal
from harness import Case


class History(Case):
    def setUp(self) -> None:
        super().setUp()
        made = dict(self.api.control("POST", "accounts", name="other-account", keys=2))
        self.account, self.kids = made["serviceAccountId"], made["keys"]
        self.folder = self.state / "ssa-hsm" / "history"
        self.verbs = itertools.cycle(("disable", "enable"))

    def change(self, *words: str, count: int = 1) -> None:
        for _ in range(count):
            done = self.run_program("key", next(self.verbs), self.kids[0], "--account", self.account)
            self.expect(done, 0, *words)

    def files(self) -> list[Path]:
        return sorted(self.folder.iterdir())

    def whole(self, count: int) -> None:
        self.expect(self.run_program("history", "--verify"), 0, f"{count} entr")
        self.assertEqual([int(path.name[:8]) for path in self.files()], list(range(1, count + 1)))

    def broken(self, *words: str) -> None:
        result = self.expect(self.run_program("history", "--verify"), 3, *words, out="")
        self.assertRegex(result.err, r"\Assa-hsm: .*\n\Z")
        self.expect(self.run_program("history", "--verify", "--json"), 3, *words, out="")

    # ---- somebody changes it ----

    def test_a_byte_of_any_entry(self) -> None:
        self.change(count=4)
        last = self.files()[-1]
        for path, then in zip(self.files(), self.files()[1:]):
            text = path.read_bytes()
            for at in range(0, len(text), 97):
                path.write_bytes(text[:at] + bytes([text[at] ^ 1]) + text[at + 1 :])
                result = self.run_program("history", "--verify")
                self.assertEqual(result.code, 3, f"{path.name} at {at}")
                self.assertTrue(path.name in result.err or then.name in result.err, result.err)
            path.write_bytes(text)
        self.whole(4)
        # Of the last one nothing tells but its hash.
        told = hashlib.sha256(last.read_bytes()).hexdigest()
        self.expect(self.run_program("history", "--verify"), 0, told)

    def test_a_folder_with_a_number_stops_nothing(self) -> None:
        self.change()
        (self.folder / "99999999-x").mkdir()
        self.change(count=2)
        self.broken("99999999-x")
        (self.folder / "99999999-x").rmdir()
        self.whole(3)

    def test_files_that_are_moved_put_in_or_taken_out(self) -> None:
        self.change(count=4)
        kept = self.dir / "kept"
        shutil.copytree(self.folder, kept)
        first, second, third, fourth = self.files()

        def swap() -> None:
            second.rename(self.dir / "x")
            third.rename(second)
            (self.dir / "x").rename(third)

        def instead(make: Callable[[], object]) -> Callable[[], None]:
            def act() -> None:
                third.unlink()
                make()

            return act

        other = self.folder / "00000002-20200101T000000.000000Z-00000000"
        next_one = self.folder / f"00000005{fourth.name[8:]}"
        damages: dict[str, tuple[Callable[[], object], str]] = {
            "the first gone": (first.unlink, "entry 1 of the history is missing"),
            "one gone": (third.unlink, "entry 3 of the history is missing"),
            "two swapped": (swap, second.name),
            "another id": (lambda: second.rename(other), other.name),
            "another spelling of its number": (lambda: second.rename(self.folder / f"0{second.name}"), second.name),
            "a sign": (lambda: second.rename(self.folder / f"+{second.name[1:]}"), second.name[1:]),
            "the last's id": (lambda: fourth.rename(self.folder / f"00000004{other.name[8:]}"), "00000004-2020"),
            "a copy under the next number": (lambda: shutil.copy(fourth, next_one), next_one.name),
            "a copy of the same number": (lambda: shutil.copy(second, f"{second}~"), "number of another"),
            "one far away": (lambda: shutil.copy(fourth, self.folder / f"900000000{fourth.name[8:]}"), "entry 5"),
            "another's file": (lambda: (self.folder / "notes.txt").write_text("x"), "notes.txt"),
            "empty": (lambda: third.write_bytes(b""), third.name),
            "a link": (instead(lambda: third.symlink_to(kept / third.name)), third.name),
            "a folder": (instead(third.mkdir), third.name),
            "a pipe": (instead(lambda: os.mkfifo(third)), third.name),
            "long": (lambda: third.write_bytes(b" " * 300000 + third.read_bytes()), third.name),
            "more at the end": (lambda: third.write_bytes(third.read_bytes() + b"\0x"), third.name),
            "unreadable": (lambda: third.chmod(0), third.name),
        }  # fmt: skip
        for name, (damage, words) in damages.items():
            with self.subTest(name):
                damage()
                self.broken(words)
                shutil.rmtree(self.folder)
                shutil.copytree(kept, self.folder)
        fourth.unlink()
        self.whole(3)  # which docs/interrupted.md tells: the hash that was kept elsewhere is another

    # ---- it goes on ----

    def test_another_file_in_the_folder_does_not_break_the_chain(self) -> None:
        self.change(count=2)
        for name in ("notes.txt", "20250101T000000.000000Z-00000000", "00000001", ".hidden"):
            (self.folder / name).write_text("x")
        (self.folder / "zzz").mkdir()
        self.change(count=2)
        for name in ("notes.txt", "20250101T000000.000000Z-00000000", "00000001", ".hidden"):
            (self.folder / name).unlink()
        (self.folder / "zzz").rmdir()
        self.whole(4)

    def test_entries_of_before_there_were_numbers(self) -> None:
        self.change(count=2)
        for path in self.files():
            line = json.loads(path.read_text().splitlines()[-1])
            for name in ("id", "sequence", "previous"):
                line.pop(name, None)
            path.write_text(journal.earlier(line))
            path.rename(self.folder / path.name[9:])
        self.change(count=2)
        told = [e["sequence"] for e in json.loads(self.run_program("history", "--json").out)]
        self.assertEqual(told, [0, 0, 1, 2])
        self.broken("is not an entry of the history")
        for path in self.folder.glob("2*"):
            path.unlink()
        self.whole(2)

    def test_one_that_cannot_be_put_away_takes_the_place_that_is_free_later(self) -> None:
        self.change()
        self.folder.chmod(0o500)
        self.change("cannot be closed", count=2)
        self.whole(1)
        self.folder.chmod(0o700)
        self.change()
        self.whole(4)

    # ---- many at once ----

    def work(self, rounds: int, mortal: bool) -> list[int]:
        """Eight at a time. The exit codes."""
        codes: list[int] = []

        def one(number: int) -> None:
            for i in range(rounds):
                argv = self.argv("key", ("disable", "enable")[i % 2], self.kids[number % 2], "--account", self.account)
                with self.start(argv) as process:
                    if mortal and i % 2:
                        time.sleep(0.005 * (number + 1))
                        process.send_signal(signal.SIGKILL)
                    process.communicate()
                codes.append(process.returncode)

        threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return codes

    def test_eight_at_once(self) -> None:
        # One may meet the status that another has set between its question and the next.
        codes = self.work(6, mortal=False)
        self.assertEqual(len(codes), 48)
        self.assertLessEqual(set(codes), {0, 10})
        self.whole(48)

    def test_eight_at_once_and_half_of_them_killed(self) -> None:
        codes = self.work(6, mortal=True)
        self.assertIn(-signal.SIGKILL, codes)
        self.expect(self.run_program("history", "--verify"), 0)
        self.expect(self.run_program("key", "recover"), 0)
        self.assertEqual([p for p in (self.state / "ssa-hsm" / "journal").iterdir() if p.name[0] != "."], [])
        self.whole(len(self.files()))
        self.assertGreaterEqual(len(self.files()), sum(code in (0, 10) for code in codes))

    # ---- a long one ----

    def grow(self, count: int) -> None:
        """Makes the history so long, with entries of many bytes."""
        (first,) = self.files()
        before = hashlib.sha256(first.read_bytes()).hexdigest()
        line = journal.members(first.read_text().splitlines()[-1])
        line.update(note="x" * 500, keyUri="y" * 4000, token="z" * 4000, line=1)
        for number in range(2, count + 1):
            name = f"20260101T{number:06d}.000000Z-{number:08x}"
            line.update(sequence=number, previous=before, id=name)
            text = journal.line(line)
            (self.folder / f"{number:08d}-{name}").write_text(text)
            before = hashlib.sha256(text.encode()).hexdigest()

    def test_thousands_of_entries(self) -> None:
        self.change()
        self.grow(1000)
        self.whole(1000)
        result = self.expect(self.run_program("history", "--json"), 0)
        self.assertGreater(len(result.raw), 8 << 20)
        self.assertEqual([e["sequence"] for e in json.loads(result.out)], list(range(1, 1001)))
        self.assertEqual(len(self.expect(self.run_program("history"), 0).out.splitlines()), 1001)
        self.change()
        self.whole(1001)
        with open("/dev/full", "wb") as full:
            done = subprocess.run(self.argv("history", "--json"), env=self.environment(), stdout=full,
                                  stderr=subprocess.PIPE, check=False, timeout=60)  # fmt: skip
        self.assertEqual((done.returncode, done.stderr.count(b"\n")), (1, 1), done.stderr)
