"""The command line: what is mistyped is told with the nearest right one, and help is there for everything."""

from __future__ import annotations

import re

from harness import Case


class Usage(Case):
    needs_api = False

    def test_an_unknown_option_is_told_with_the_nearest(self) -> None:
        self.expect(self.run_program("token", "--scpoe", "x"), 2, "--scpoe", "--scope")
        self.expect(self.run_program("token", "--scpoe=x"), 2, "--scpoe", "--scope")
        self.expect(self.run_program("token", "--zzzzzzzz"), 2, "--zzzzzzzz", "--help")
        self.expect(self.run_program("token", "-z"), 2, "-z", "--help")

    def test_an_unknown_command_is_told_with_the_nearest(self) -> None:
        self.expect(self.run_program("tokne"), 2, "tokne", "token")
        self.expect(self.run_program("acount", "create"), 2, "account create")
        self.expect(self.run_program("account", "craete"), 2, "account create")
        self.expect(self.run_program("xyzzy"), 2, "xyzzy", "--help")

    def test_half_a_command_lists_its_other_halves(self) -> None:
        self.expect(self.run_program("account"), 2, "account create", "account delete")
        self.expect(self.run_program("key"), 2, "key create", "key import", "key delete")
        self.expect(self.run_program("hsm"), 2, "hsm list")

    def test_options_alone_say_where_help_is(self) -> None:
        self.expect(self.run_program("-v"), 2, "no command", "--help", out="")

    def test_the_first_message_of_all_leads_to_the_first_access_token(self) -> None:
        env = {"SSA_HSM_TOKEN": None}
        for words in ("token",), ("jwt",), ("key", "list"), ("key", "rotate"), ("account", "show"), ("key", "verify"):
            with self.subTest(words):
                self.expect(self.run_program(*words, env=env), 3, "ssa-hsm setup", out="")
        self.expect(self.run_program("token", env=env), 3, "no account is set up", "there is no profile")
        # A profile that has something else is there all the same.
        self.write_profile("SSA_HSM_SCOPE=data:read\n")
        self.expect(self.run_program("token", env=env), 3, str(self.profile_path()), "names none", "ssa-hsm setup")
        env |= {"HOME": None, "XDG_CONFIG_HOME": None}
        self.expect(self.run_program("token", env=env), 3, "neither HOME nor XDG_CONFIG_HOME")

    def test_a_client_id_that_was_copied_with_more_than_it(self) -> None:
        for text, word in (("ID ", "a blank"), ("ID\n", "line break"), ("'ID", "a quote")):
            with self.subTest(text):
                env = {"APS_CLIENT_ID": text}
                self.expect(self.run_program("account", "list", env=env), 3, "APS_CLIENT_ID", word, out="")

    def test_a_missing_value(self) -> None:
        for option in ("--profile", "--scope", "--format", "--timeout", "-p", "-s", "-f"):
            with self.subTest(option=option):
                self.expect(self.run_program("token", option), 2, option)
        self.expect(self.run_program("token", "--scope="), 2, "--scope")

    def test_a_value_too_many(self) -> None:
        self.expect(self.run_program("token", "--nbf=1"), 2, "--nbf")
        self.expect(self.run_program("token", "--format", "json", "--format", "env"), 2, "--format", "twice")

    def test_an_option_of_another_command(self) -> None:
        self.expect(self.run_program("token", "--shred"), 2, "--shred", "token")
        self.expect(self.run_program("hsm", "list", "--scope", "x"), 2, "--scope")

    def test_an_option_that_would_do_nothing_is_refused(self) -> None:
        for words in (("token", "--token", "nonsense"), ("--token=nonsense", "exec", "--", "true"), ("history", "-p", "x"),
                      ("account", "list", "--so-pin-source", "env:X"), ("jwt", "--cacert", "x"),
                      ("hsm", "list", "--base-url", "https://x")):  # fmt: skip
            with self.subTest(words=words):
                code = 125 if "exec" in words else 2
                self.expect(self.run_program(*words), code, "does not use --", "--help` lists", out="")

    def test_settings_that_a_command_does_not_use_are_no_mistake(self) -> None:
        env = {"SSA_HSM_SO_PIN_SOURCE": "env:NOT_THERE", "SSA_HSM_CACERT": "/nowhere", "SSA_HSM_TOKEN": "pkcs11:token=none"}
        self.expect(self.run_program("history", env=env), 0)

    def test_too_few_and_too_many_arguments(self) -> None:
        for words in (
            ("account", "create"), ("account", "create", "service"), ("account", "create", "service", "filesync", "x"),
            ("account", "delete"), ("key", "import"), ("key", "import", "a", "b"), ("key", "delete"), ("token", "x"),
            ("jwt", "x"), ("hsm", "list", "x"), ("key", "create", "x"), ("token", "--", "x"), tuple("abcdefghijkl"),
        ):  # fmt: skip
            with self.subTest(words=words):
                self.expect(self.run_program(*words), 2, out="")

    def test_seconds_are_whole_and_in_range(self) -> None:
        for bad in ("0", "-5", "x", "1.5", "", "99999999999999999999", "3601"):
            with self.subTest(timeout=bad):
                self.expect(self.run_program("token", f"--timeout={bad}"), 2, "--timeout")

    def test_errors_are_on_standard_error_and_begin_with_our_name(self) -> None:
        result = self.expect(self.run_program("tokne"), 2, out="")
        self.assertTrue(result.err.startswith("ssa-hsm: "))
        self.assertLessEqual(len(result.err.splitlines()), 2)

    def test_what_was_typed_cannot_harm_a_terminal(self) -> None:
        for words in (("\x1b[2J",), ("--\x1b[2J",), ("token", "--format", "\x1b]0;x\x07"), ("token", "-\x1b")):
            with self.subTest(words=words):
                result = self.expect(self.run_program(*words), 2)
                self.assertNotIn("\x1b", result.err)


class Placement(Case):
    def setUp(self) -> None:
        super().setUp()
        self.provisioned()

    def test_options_may_stand_before_between_and_behind(self) -> None:
        for words in (
            ("--profile", "default", "hsm", "list"), ("hsm", "--profile", "default", "list"),
            ("hsm", "list", "--profile", "default"), ("-pdefault", "hsm", "list"), ("hsm", "list", "--profile=default"),
        ):  # fmt: skip
            with self.subTest(words=words):
                self.expect(self.run_program(*words), 0)

    def test_a_commands_own_options_before_it_too(self) -> None:
        result = self.expect(self.run_program("--format", "token", "--scope", "user:read", "token"), 0)
        self.assertRegex(result.out, r"\A[\w.-]+\n\Z")
        self.assertEqual(self.api.requests()[0]["scope"], "user:read")

    def test_letters_together(self) -> None:
        self.expect(self.run_program("token", "-vfheader"), 0, "token: pkcs11:")

    def test_verbose_says_more_and_no_secrets(self) -> None:
        result = self.expect(self.run_program("token", "--verbose"), 0)
        self.assertNotEqual(result.err, "")
        self.assertNotIn(self.api.secret, result.err)
        self.assertNotRegex(result.err, r"ey\w+\.ey")
