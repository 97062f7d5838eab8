"""Mistakes at the command line: one clear message each, and nothing is done."""

from __future__ import annotations

import re

import helppages
from harness import Case, Result

# The words, and what the message must have.
MISTAKES: list[tuple[str, str]] = [
    ("tokn", r'no command "tokn".*ssa-hsm token'),
    ("create account", r'no command "create account".*ssa-hsm account create'),
    ("list keys", r"Did you mean `ssa-hsm key list`"),
    ("accounts list", r"Did you mean `ssa-hsm account list`"),
    ("account", r"account create, account list"),
    ("help tokne", r'no command "tokne"'),
    ("--profile work", r"no command given"),
    ("token --profil work", r"Did you mean --profile"),
    ("token -profile work", r"Did you mean --profile"),
    ("token --format xml", r"--format cannot be \"xml\".*json, token, header, env, docker-env or curl"),
    ("token --format haeder", r"Did you mean --format header"),
    ("token --format=", r"--format has an empty value"),
    ("token --scope", r"--scope needs a value: --scope SCOPES"),
    ("token --format env -f json", r"--format is given twice"),
    ("token work", r"token takes no arguments \(got: work\)"),
    ("token --token nonsense", r"token does not use --token"),
    ("token --shred", r"token has no option --shred"),
    ("token --timeout soon", r"--timeout takes a whole number of seconds"),
    ("token -v -q", r"--quiet and --verbose"),
    ("token --nbf=yes", r"--nbf takes no value"),
    ("account create Robot", r"account create needs FIRST LAST"),
    ("account create A Robot of mine", r"takes only FIRST LAST \(got also: of mine\)"),
    ("account delete --yes", r"account delete needs ACCOUNT"),
    ("key delete", r"key delete needs KEY_ID"),
    ("key import", r"key import needs FILE"),
    ("key create --import warp", r"Did you mean --import wrap"),
    ("key rotate --now --grace 7d", r"--grace cannot be used with --now"),
    ("key rotate --grace soon", r"--grace soon is not a valid time"),
    ("key list --all --account A1", r"not both"),
    ("key verify --api", r"only be used with --json"),
    ("key list -p a -p b", r"takes only one --profile"),
    ("history --client-id x", r"history does not use --client-id"),
    ("hsm list --cacert x", r"hsm list does not use --cacert"),
    ("exec", r"exec needs -- CMD"),
    ("login", r"Did you mean `ssa-hsm setup`"),
    ("auth login", r"Did you mean `ssa-hsm setup`"),
    ("auth token", r"Did you mean `ssa-hsm token`"),
    ("init", r"Did you mean `ssa-hsm setup`"),
    ("status", r"Did you mean `ssa-hsm doctor`"),
    ("whoami", r"Did you mean `ssa-hsm config show`"),
    ("keys", r"Did you mean `ssa-hsm key list`"),
    ("agent start", r"Did you mean `ssa-hsm agent`\?"),
    ("agent kill", r"Did you mean `ssa-hsm agent stop`"),
    ("agent list", r"Did you mean `ssa-hsm agent status`"),
    ("agent ./script", r"agent stop.*\. A program stands behind --"),
    ("agent --", r"agent needs a program behind --"),
    ("get token", r"Did you mean `ssa-hsm token`"),
    ("token --output json", r"Did you mean --format\?"),
    ("token -o json", r"Did you mean --format\?"),
    ("token --json", r"Did you mean --format\?"),
    ("history -o json", r"--help` lists the options"),
    ("token --pin 1234", r"A PIN is never an argument.*--pin-source"),
    ("account list --client-secret x", r"never an argument.*APS_SECRET_ID"),
    ("secret import hunter2", r"^(?!.*hunter2).*takes no arguments.*never an argument"),
]


class Mistakes(Case):
    def setUp(self) -> None:
        super().setUp()
        self.provisioned()

    def one_message(self, result: Result, code: int) -> str:
        self.expect(result, code, out="")
        lines = result.err.splitlines()
        # What is wrong, and what to do.
        self.assertLessEqual(len(lines), 2, str(result))
        self.assertTrue(lines[0].startswith("ssa-hsm: "), str(result))
        self.assertEqual(self.api.asked(), [])
        return re.sub(r"\s+", " ", result.err)

    def test_each_has_one_clear_message(self) -> None:
        for line, message in MISTAKES:
            with self.subTest(line):
                result = self.run_program(*line.split(" "))
                self.assertRegex(self.one_message(result, 125 if line.startswith("exec") else 2), message)

    def test_the_same_ones_with_every_command(self) -> None:
        for command in helppages.commands():
            words = command.split()
            code = 125 if command == "exec" else 2
            for more, message in (
                (["--zzzzzzzz"], "has no option --zzzzzzzz"),
                (["-Z"], "has no option -Z"),
                (["--verbos"], "Did you mean --verbose"),
                (["--timeout"], "--timeout needs a value"),
                (["--timeout=1", "--timeout", "2"], "--timeout is given twice"),
                (["--help=yes"], "--help takes no value"),
                (["-quiet"], "Did you mean --quiet"),
            ):
                with self.subTest(command=command, more=more):
                    self.assertIn(message, self.one_message(self.run_program(*words, *more), code))

    def test_quiet_shows_results_and_errors_alone(self) -> None:
        loud, quiet = (self.run_program("key", "list", *more) for more in ((), ("--quiet",)))
        self.assertIn("* is the key", loud.err)
        self.expect(quiet, 0)
        self.assertEqual((quiet.out, quiet.err), (loud.out, ""))
        self.expect(self.run_program("-q", "account", "delete", "A1"), 15, "did not confirm", "--yes")
        self.expect(self.run_program("token", "-q", "-p", "absent"), 3, "absent.env", "ssa-hsm account create")
        result = self.expect(self.run_program("exec", "-q", "--", "printenv", "APS_ACCESS_TOKEN"), 0)
        self.assertEqual(result.err, "")

    def test_an_argument_that_looks_like_an_option(self) -> None:
        result = self.run_program("key", "import", "--", "--help")
        self.expect(result, 3, "--help: the file cannot be read")
