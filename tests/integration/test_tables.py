"""Tables at a terminal: a row is a line, however narrow that is; a status has a colour; elsewhere nothing is left out."""

from __future__ import annotations

import re
from typing import Any

import screen
from harness import LABEL, Case

WIDTHS = (200, 80, 40)
LISTS = (
    ("account", "list"),
    ("key", "list"),
    ("key", "list", "--all"),
    ("history",),
    ("config", "show"),
    ("profile", "list"),
    ("profile", "show", "default"),
)
# It may change between two runs.
AGE = re.compile(r"\((?:just now|\d+ \w+ ago|in [^)]*)\) *")
GREEN, YELLOW, RED, OFF = "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[0m"


class TableCase(Case):
    def setUp(self) -> None:
        super().setUp()
        self.made = self.provisioned()
        # Something for the history, which is the class's own otherwise.
        made = self.run_program("account", "create", "service", "my-filesync", "--no-key", "--profile", "second")
        self.expect(made, 0)
        self.env["TERM"] = "xterm-256color"

    def at(self, columns: int, *arguments: object, env: dict[str, str | None] | None = None) -> str:
        """What is sent to a terminal of that width."""
        with self.terminal(*arguments, to_terminal=True, columns=columns, env=env) as terminal:
            self.assertEqual(terminal.finish(), 0, terminal.screen)
        return terminal.screen

    def rows(self, columns: int, *arguments: object, env: dict[str, str | None] | None = None) -> list[str]:
        """The table's lines, without notes. None is wrapped: the lines are the same on a terminal without an edge."""
        sent = self.at(columns, *arguments, env=env)
        notes = re.sub(r"^ssa-hsm: .*\n(?: {9}\S.*\n)*", "", sent, flags=re.MULTILINE)
        self.assertEqual(screen.shown(notes, columns), screen.shown(notes))
        return screen.shown(notes)[:-1]

    def other(self, name: str, **more: Any) -> dict[str, Any]:
        return self.api.control("POST", "accounts", name=name, **more)


class Width(TableCase):
    def test_no_row_is_longer_than_a_line(self) -> None:
        self.other("another-account", keys=2)
        for words in LISTS:
            plain = self.expect(self.run_program(*words), 0).out.splitlines()
            for columns in (*WIDTHS, 20, 5, 1):
                with self.subTest(words, columns=columns):
                    rows = self.rows(columns, *words)
                    self.assertEqual(len(rows), len(plain))
                    self.assertLessEqual(max(screen.width(row) for row in rows), columns)

    def test_what_goes_first_and_what_stays(self) -> None:
        id_, email = self.made["SERVICE_ACCOUNT_ID"], self.made["SSA_EMAIL"]
        wide, usual, narrow = ("\n".join(self.rows(columns, "account", "list")) for columns in WIDTHS)
        for word in (id_, email, "ENABLED", "CREATED", "LAST USED", "EXPIRES"):
            self.assertIn(word, wide)
        for word in (id_, email[:8], "ENABLED", "…"):
            self.assertIn(word, usual)
        self.assertNotIn("EXPIRES", usual)
        self.assertIn("ENABLED", narrow)
        self.assertIn(id_[:12], narrow)
        self.assertNotIn("CREATED", narrow)

    def test_a_keys_token_is_seen_on_a_usual_terminal(self) -> None:
        wide, usual, narrow = ("\n".join(self.rows(columns, "key", "list")) for columns in WIDTHS)
        for word in ("CREATED", "LAST USED", LABEL, self.made["KEY_ID"]):
            self.assertIn(word, wide)
        for word in (self.made["KEY_ID"], "ENABLED", LABEL):
            self.assertIn(word, usual)
        for word in (self.made["KEY_ID"][:12], "ENABLED"):
            self.assertIn(word, narrow)

    def test_elsewhere_nothing_is_left_out(self) -> None:
        for words in LISTS:
            with self.subTest(words):
                plain = self.expect(self.run_program(*words, env={"COLUMNS": "20"}), 0).out
                self.assertEqual(plain, self.expect(self.run_program(*words, tty=True, env={"COLUMNS": "20"}), 0).out)
                self.assertNotIn("…", plain)
                self.assertNotIn("\x1b", plain)
                # A terminal that is wide enough shows the same.
                wide = "".join(row + "\n" for row in self.rows(2000, *words))
                self.assertEqual(AGE.sub("", wide), AGE.sub("", plain))

    def test_columns_says_how_wide_it_is(self) -> None:
        rows = self.rows(0, "account", "list", env={"COLUMNS": "40"})
        self.assertLessEqual(max(screen.width(row) for row in rows), 40)
        self.assertEqual(rows, self.rows(200, "account", "list", env={"COLUMNS": "40"}))
        self.assertEqual(self.rows(80, "account", "list", env={"COLUMNS": "0"}), self.rows(80, "account", "list"))

    def test_a_terminal_of_unknown_width_counts_as_80(self) -> None:
        self.assertEqual(self.rows(0, "key", "list"), self.rows(80, "key", "list"))

    def test_one_that_cannot_move_its_cursor_gets_the_plain_table(self) -> None:
        for kind in ("dumb", None):
            shown = self.at(40, "account", "list", env={"TERM": kind})
            self.assertEqual(shown, self.expect(self.run_program("account", "list"), 0).out)

    def test_what_is_to_be_copied_is_whole(self) -> None:
        id_, email, key = (self.made[name] for name in ("SERVICE_ACCOUNT_ID", "SSA_EMAIL", "KEY_ID"))
        for words, texts in ((("account", "show"), (id_, email)),
                             (("key", "show", key), (id_, email, key, self.made["PRIVATE_KEY"])),
                             (("key", "verify"), (key,)),
                             (("hsm", "list", "--login"), (self.made["PRIVATE_KEY"],))):  # fmt: skip
            with self.subTest(words):
                shown = self.at(40, *words).splitlines()
                for text in texts:
                    self.assertTrue([line for line in shown if text in line], shown)
                rest = [line for line in shown if not any(text in line for text in (*texts, "pkcs11:", str(self.dir)))]
                hex_ = [line for line in rest if re.search("[0-9a-f]{64}", line) or line.startswith("ssa-hsm: ")]
                short = [re.sub(r"\x1b\[\d+m", "", line) for line in rest if line not in hex_]
                self.assertLessEqual(max(screen.width(line) for line in short if line[:4] != "    "), 40)

    def test_an_ellipsis_that_the_terminal_can_show(self) -> None:
        for locale, dots in (("C.UTF-8", "…"), ("de_DE.utf8", "…"), ("C", "...")):
            with self.subTest(locale):
                shown = self.at(60, "account", "list", env={"LC_ALL": locale})
                self.assertIn(dots, shown)
                self.assertEqual("…" in shown, dots == "…")


class Characters(TableCase):
    def test_wide_ones_align_and_are_not_cut_in_half(self) -> None:
        # The label has 32 bytes; ten CJK characters take 20 columns.
        label = "鍵" * 10
        with self.shim(f"token label 0x{label.encode().hex()}"):
            for columns in (56, 62, 63, 64, 65, 79, 80):
                rows = self.rows(columns, "key", "list")
                self.assertLessEqual(max(screen.width(row) for row in rows), columns)
            self.assertIn(label, "\n".join(self.rows(200, "key", "list")))

    def test_control_characters_stay_harmless(self) -> None:
        with self.shim('token label "a\x1b[2Jb\x07c"'):
            sent = self.at(80, "key", "list")
        self.assertIn("a?[2Jb?c", sent)
        self.assertEqual(set(re.findall(r"\x1b\[\d*[A-Za-z]", sent)), {GREEN, OFF})
        self.assertNotIn("\x07", sent)


class Colour(TableCase):
    def setUp(self) -> None:
        super().setUp()
        for status in ("DISABLED", "DEACTIVATED"):
            self.other(f"{status.lower()}-account", status=status)

    def test_a_status_has_one(self) -> None:
        shown = self.at(200, "account", "list")
        for tone, status in ((GREEN, "ENABLED"), (YELLOW, "DISABLED"), (RED, "DEACTIVATED")):
            self.assertIn(f"{tone}{status}{OFF}", shown)
        self.assertEqual(shown.count("\x1b"), 2 * len(re.findall("ENABLED|DISABLED|DEACTIVATED", shown)))

    def test_a_key_that_the_api_does_not_know(self) -> None:
        again = self.run_program("key", "create", "--account", self.made["SERVICE_ACCOUNT_ID"], "--profile", "third")
        self.expect(again, 0)
        kid = self.profile("third")["KEY_ID"]
        self.expect(self.run_program("key", "delete", kid, "--yes"), 0)
        self.assertIn(f"{RED}not at the API{OFF}", self.at(200, "key", "list"))

    def test_the_columns_stand_as_without_it(self) -> None:
        shown = self.at(200, "account", "list")
        plain = self.at(200, "account", "list", env={"NO_COLOR": "1"})
        self.assertEqual(re.sub(r"\x1b\[\d+m", "", shown), plain)
        self.assertNotIn("\x1b", plain)

    def test_there_is_none_where_it_is_not_wanted(self) -> None:
        for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": None}):
            with self.subTest(env):
                self.assertNotIn("\x1b", self.at(80, "account", "list", env=env))
        self.assertIn(GREEN, self.at(80, "account", "list", env={"NO_COLOR": ""}))
        for words in (("account", "list"), ("account", "show"), ("key", "list"), ("history",)):
            self.assertNotIn("\x1b", self.expect(self.run_program(*words, tty=True), 0).out)

    def test_the_doctors_findings(self) -> None:
        words = ("doctor", "--module", "/nowhere/module.so")
        with self.terminal(*words, to_terminal=True, columns=100) as terminal:
            terminal.finish()
        for tone, state in ((GREEN, "ok"), (RED, "FAILED")):
            self.assertIn(f"\n{tone}{state}{OFF} ", terminal.screen)
        self.assertNotIn("\x1b", self.run_program(*words).out)

    def test_of_one_account_and_of_what_was_done(self) -> None:
        self.assertIn(f"{GREEN}ENABLED{OFF}", self.at(80, "account", "show"))
        self.assertIn(f"{GREEN}done{OFF}", self.at(80, "history"))


class Notes(TableCase):
    def note(self, columns: int, *arguments: object, env: dict[str, str | None] | None = None) -> str:
        with self.terminal(*arguments, columns=columns, env=env) as terminal:
            terminal.finish()
            return terminal.screen

    def test_lines_end_between_words_and_commands_stay_whole(self) -> None:
        words = ("token", "--profile", "absent")
        plain = self.run_program(*words).err
        self.assertEqual(len(plain.splitlines()), 2)
        for columns in WIDTHS:
            with self.subTest(columns=columns):
                shown = self.note(columns, *words)
                self.assertEqual(re.sub(r"\s+", " ", shown), re.sub(r"\s+", " ", plain))
                self.assertEqual(re.findall("`[^`]*`", shown), re.findall("`[^`]*`", plain))
                for line in shown.splitlines():
                    self.assertTrue(line.startswith(("ssa-hsm: ", " " * 9)), line)
                    if len(line) > columns:
                        self.assertRegex(line, r"^.{9}(?:`[^`]*`[,.]?|\S*)$")

    def test_a_terminal_that_tells_no_width_or_is_tiny_gets_whole_lines(self) -> None:
        words = ("token", "--profile", "absent")
        plain = self.run_program(*words).err
        for columns in (0, 5, 20):
            self.assertEqual(self.note(columns, *words), plain)
        self.assertNotEqual(self.note(0, *words, env={"COLUMNS": "60"}), plain)

    def test_what_a_name_has_is_shown_as_it_is(self) -> None:
        path = "./a folder with two  blanks/a profile.env"
        self.assertIn(f"{path}: the profile cannot be read", self.note(60, "token", "-p", path))
