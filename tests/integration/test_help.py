"""The help: what it shows, that its examples can be typed, and that the manual pages say the same."""

from __future__ import annotations

import re

import helppages
import places
from harness import Case

GROUPS = ["Start here", "Accounts", "Keys", "Access tokens", "PKCS#11 tokens", "Looking after"]


class Help(Case):
    needs_api = False

    def help(self, *words: str) -> str:
        result = self.expect(self.run_program(*words), 0)
        self.assertEqual(result.err, "")
        return result.out

    def test_all_ways_to_ask_for_it_show_one_page(self) -> None:
        page = self.help("--help")
        for words in ((), ("-h",), ("help",), ("help", "--"), ("-v", "--help")):
            with self.subTest(words=words):
                self.assertEqual(self.help(*words), page)
        self.assertLessEqual(len(page.splitlines()), 56, "a screen")
        self.assertEqual([g for g in helppages.groups() if g in GROUPS], GROUPS)

    def test_the_help_of_every_command(self) -> None:
        for command in helppages.commands():
            words = command.split()
            page = self.help(*words, "--help")
            with self.subTest(command=command):
                self.assertTrue(page.startswith(f"Usage: ssa-hsm {command} [options]"), page)
                for way in (["--help", *words], [*words, "-h"], ["help", *words], ["help", "--", *words]):
                    self.assertEqual(self.help(*way), page)
                for heading in ("Common options:", "Examples:"):
                    self.assertIn(f"\n{heading}\n", page)

    def test_a_noun_lists_its_commands(self) -> None:
        page = self.help("help", "account")
        for command in helppages.commands():
            self.assertEqual(f"\n  {command} " in page, command.startswith("account "), command)
        for words in (("account", "--help"), ("-h", "account"), ("help", "account", "--")):
            self.assertEqual(self.help(*words), page)

    def test_two_words_list_the_commands_that_begin_with_them(self) -> None:
        page = self.help("help", "agent", "caller")
        for command in helppages.commands():
            self.assertEqual(f"\n  {command}  " in page, command.startswith("agent caller "), command)
        self.assertEqual(self.help("agent", "caller", "--help"), page)
        self.expect(self.run_program("agent", "caller"), 2, "agent caller add, agent caller list", out="")
        self.expect(self.run_program("agent", "caller", "ad", "x"), 2, "`ssa-hsm agent caller add`", out="")

    def test_what_there_is_no_help_about(self) -> None:
        self.expect(self.run_program("help", "tokne"), 2, 'no command "tokne"', "ssa-hsm token", out="")
        self.expect(self.run_program("tokne", "--help"), 2, 'no command "tokne"', out="")
        self.expect(self.run_program("help", "account", "craete"), 2, "account create", out="")
        self.expect(self.run_program("help", "token", "x"), 0)

    def test_it_fits_80_columns_but_for_lines_to_copy(self) -> None:
        for words in [[], *([c] for c in helppages.commands()), ["account"]]:
            for line in self.help("help", *" ".join(words).split()).splitlines():
                if not line.startswith("  ssa-hsm "):
                    self.assertLessEqual(len(line), 80, line)

    def test_a_command_s_own_options_and_those_it_uses_alone(self) -> None:
        self.assertIn("shred", helppages.page("key import").options())
        self.assertNotIn("claims", helppages.page("key import").options())
        self.assertNotIn("token", helppages.page("token").options())
        self.assertNotIn("profile", helppages.page("history").options())

    def test_each_option_that_is_shown_is_accepted_and_no_other(self) -> None:
        pages = {command: helppages.page(command).options() for command in helppages.commands()}
        every = {option for options in pages.values() for option in options} - {"help"}
        for command in ("token", "key rotate", "hsm list", "history"):
            for option in every:
                # No option takes an empty value: nothing is done.
                result = self.run_program(*command.split(), f"--{option}=")
                unknown = "has no option" in result.err or "does not use" in result.err
                with self.subTest(command=command, option=option):
                    self.assertEqual((result.code, unknown), (2, option not in pages[command]), str(result))

    def test_defaults_exit_codes_and_environment(self) -> None:
        page = helppages.page("token").text
        self.assertRegex(page, r"json, token, header,\s+env, docker-env or curl \(default: json\)")
        self.assertRegex(page, r"\(default: 90\)")
        self.assertRegex(page, r"\n  5   the PIN is wrong")
        self.assertNotRegex(page, r"\n  13 ")
        self.assertRegex(helppages.page("key create").text, r"\n  13  ")
        self.assertIn("APS_SECRET_ID", page)
        self.assertIn("SSA_HSM_MODULE (--module)", re.sub(r"\s+", " ", page))
        self.assertNotIn("APS_SECRET_ID", helppages.page("hsm list").text)

    def test_what_ends_a_command_about_an_agent(self) -> None:
        for command in ("agent status", "agent lock", "agent unlock", "agent stop"):
            page = self.help("help", *command.split())
            self.assertIn("\n  4   no agent answers there", page)
            self.assertIn("\n  10  the agent refuses that to this user", page)
            # Only status asks an agent of another host.
            self.assertEqual("SSA_HSM_AGENT_CERT" in page, command == "agent status", command)

    def test_what_ends_other_commands_about_an_agent(self) -> None:
        pages = {command: helppages.page(command) for command in helppages.commands() if command.startswith("agent")}
        codes = {command: {found[1] for line in page.section("Exit codes") if (found := re.match(r"  (\d+|any) ", line))}
                 for command, page in pages.items()}  # fmt: skip
        usual = {"0", "1", "2", "3"}
        self.assertEqual(codes, {
            "agent": usual | {"4", "5", "6", "7", "14", "126", "127", "any"},
            "agent status": usual | {"4", "8", "10"},
            "agent unlock": usual | {"4", "5", "6", "7", "8", "10"},
            "agent lock": usual | {"4", "8", "10"},
            "agent stop": usual | {"4", "10"},
            "agent caller add": usual | {"14"},
            "agent caller list": usual,
            "agent caller remove": usual,
        })  # fmt: skip
        page = (places.manual() / "man1" / "ssa-hsm-agent-caller-add.1").read_text()
        self.assertIn("\n.B 14\n", page)

    def test_it_needs_no_settings(self) -> None:
        bad = {"SSA_HSM_PROFILE": "/nowhere/at.env", "HOME": None, "XDG_CONFIG_HOME": None}
        for words in (("token", "--help"), ("help", "token"), ("version",), ("help",)):
            self.expect(self.run_program(*words, env=bad), 0)

    def test_the_version(self) -> None:
        version = self.help("--version")
        self.assertRegex(version, r"\Assa-hsm \d+\.\d+\.\d+\S*\n\Z")
        for words in (("-V",), ("version",), ("token", "-V")):
            self.assertEqual(self.help(*words), version)


class Manual(Case):
    needs_api = False

    def test_each_command_has_a_page_and_no_other_is_there(self) -> None:
        pages = sorted(str(p.relative_to(places.manual())) for p in places.manual().rglob("*.*"))
        names = [f"man1/ssa-hsm-{command.replace(' ', '-')}.1" for command in helppages.commands()]
        self.assertEqual(pages, sorted([*names, "man1/ssa-hsm.1", "man5/ssa-hsm-profile.5"]))

    def test_no_page_has_a_mistake(self) -> None:
        pages = sorted(str(page) for page in places.manual().rglob("*.*"))
        shown = self.run_command([places.tool("man"), "--warnings", "-E", "UTF-8", "-l", *pages])
        self.assertEqual((shown.code, shown.err), (0, ""))
        self.assertEqual(shown.out.count("\nSYNOPSIS\n"), len(pages) - 1)
        lint = self.run_command([places.tool("mandoc"), "-Tlint", "-W", "warning", *pages])
        self.assertEqual((lint.code, lint.out, lint.err), (0, "", ""))

    def sections(self, name: str, number: int = 1) -> dict[str, str]:
        page = places.manual() / f"man{number}" / f"{name}.{number}"
        text = self.run_command([places.tool("mandoc"), "-T", "ascii", "-O", "width=1000", str(page)]).out
        text = re.sub(".\b", "", text)
        parts = re.split(r"^([A-Z][A-Z ]+)$", text, flags=re.MULTILINE)
        return dict(zip(parts[1::2], parts[2::2]))

    def test_a_page_has_what_the_help_has(self) -> None:
        for command in helppages.commands():
            page, shown = helppages.page(command), self.sections("ssa-hsm-" + command.replace(" ", "-"))
            with self.subTest(command=command):
                for heading in ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES", "SEE ALSO"):
                    self.assertIn(heading, shown)
                for option in page.options():
                    self.assertIn(f"--{option}", shown["OPTIONS"])
                for example in page.examples():
                    self.assertIn(example, shown["EXAMPLES"])
        self.assertIn("ENVIRONMENT", self.sections("ssa-hsm-token"))
        self.assertIn("FILES", self.sections("ssa-hsm-token"))

    def test_the_pages_about_all(self) -> None:
        program, profile = self.sections("ssa-hsm"), self.sections("ssa-hsm-profile", 5)
        for command in helppages.commands():
            self.assertIn(f"ssa-hsm-{command.replace(' ', '-')}(1)", program["COMMANDS"])
        for code in range(14):
            self.assertRegex(program["EXIT STATUS"], rf"\n +{code} +\w")
        for name in ("PRIVATE_KEY", "SSA_HSM_PIN_SOURCE", "SSA_HSM_AUDIT"):
            self.assertIn(name, profile["SETTINGS"])
        self.assertNotIn("SSA_HSM_PROFILE", profile["SETTINGS"])
        for reference in ("file:", "env:", "fd:", "credential:", "pinentry", "type=data"):
            self.assertIn(reference, profile["REFERENCES TO SECRETS"])
