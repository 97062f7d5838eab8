"""Every example of the help, run as it stands there: a new user copies it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import helppages
import kernel_keyring
import masking
import places
import softtoken
from harness import LABEL, PIN, TIMEOUT, Case
from terminal import Terminal

# What the help writes for something of the reader's own.
KEY, ACCOUNTS, TOKENS = "1234abcd", ("service-mycompany-filesync@example.com", "robot@example.com"), ("Spare", "Build")
# The examples of these are one story.
_STORIES = {"key rotate", "key recover", "history"}


class Examples(Case):
    def setUp(self) -> None:
        super().setUp()
        self.pristine = softtoken.template()
        folder = self.dir / "bin"
        folder.mkdir()
        (folder / "ssa-hsm").symlink_to(places.program())
        # curl is to trust the emulator.
        self.env.update(PATH=f"{folder}:{places.PATH}", CURL_CA_BUNDLE=self.env["SSA_HSM_CACERT"])
        self.addCleanup(kernel_keyring.forget, self.api.base_url)

    def begin(self) -> None:
        """An account with a key in the profile "default", which "spare" is a copy of."""
        self.api.clean()
        self.env.update(self.api.settings())
        self.store.copy_from(self.pristine)
        for path in self.profile_path().parent.glob("*.env"):
            path.unlink()
        self.expect(self.run_program("account", "create", "service", "of-examples", "--import", "plain"), 0)
        self.own = self.profile()
        (self.profile_path("spare")).write_bytes(self.profile_path().read_bytes())
        self.profile_path("spare").chmod(0o600)

    def own_words(self, example: str) -> str:
        for account in ACCOUNTS:
            example = example.replace(account, self.own["SSA_EMAIL"])
        for token in TOKENS:
            example = example.replace(f"pkcs11:token={token}", f"pkcs11:token={LABEL}")
        example = example.replace("My Token", LABEL).replace("/usr/lib/softhsm/libsofthsm2.so", str(places.softhsm()))
        example = example.replace("https://developer.api.autodesk.com", self.api.base_url)
        example = re.sub(rf"\b{KEY}\b", self.own["KEY_ID"], example)
        example = re.sub(r"(?<=--project )\S+", lambda _: self.project, example)
        example = example.replace("/tmp/me/", f"{self.dir}/run/")
        if "--foreground" in example:
            # Somebody ends it.
            example = f"(until ssa-hsm agent status >/dev/null 2>&1 && ssa-hsm agent stop 2>/dev/null; do sleep 0.1; done) & {example}"
        # The way in is another test's.
        how = " --import plain"
        return re.sub(r"(?<=ssa-hsm )(account create|key create|key import|key rotate)(?!.*--(no-key|finish|dry-run))", rf"\1{how}", example)

    def type(self, command: str) -> int:
        """Runs it in a shell, at a terminal where somebody says yes."""
        # These tests may run in a container, where the option alone warns.
        env = {"SSA_HSM_CACHE": "keyring"} if "--cache" in command else {}
        with Terminal(["/bin/sh", "-c", command], self.environment(env), self.dir) as terminal:
            deadline, answered = time.monotonic() + TIMEOUT, 0
            while not terminal.ended():
                self.assertLess(time.monotonic(), deadline, masking.mask(terminal.screen))
                if len(re.findall(r"\(yes/no\) ", terminal.screen)) > answered:
                    terminal.send("yes\r")
                    answered += 1
                terminal._read(0.02)
            code = terminal.finish(TIMEOUT)
            self.screen = masking.mask(terminal.screen)
            self.assertNotIn(PIN, terminal.screen)
            return code

    def check(self, command: str, before: Callable[[str], None] = lambda example: None) -> None:
        examples = helppages.page(command).examples()
        self.assertGreaterEqual(len(examples), 1)
        for i, example in enumerate(examples):
            # Its questions are another test's (test_setup).
            if command == "setup" and "--dry-run" not in example:
                continue
            with self.subTest(example):
                if i == 0 or command not in _STORIES:
                    self.begin()
                before(example)
                code = self.type(self.own_words(example))
                self.assertEqual(code, 0, self.screen)
                self.assertNotIn("warning: ", self.screen)

    def without_profiles(self, example: str) -> None:
        """They are to be written; but `key create` is for the account that "default" names."""
        self.profile_path("spare").unlink()
        if "account create" in example:
            self.profile_path().unlink()

    def files_to_import(self, example: str) -> None:
        """An old block and a PEM, of an account that has one key more than the profile says."""
        made = self.api.control("POST", "accounts", name=f"older-{time.monotonic_ns()}", keys=1)
        pem = self.api.issued(made["keys"][0])
        block = {"APS_CLIENT_ID": self.api.client_id, "APS_SECRET_ID": self.api.secret, "SSA_EMAIL": made["email"],
                 "SERVICE_ACCOUNT_ID": made["serviceAccountId"], "KEY_ID": made["keys"][0], "PRIVATE_KEY": pem}  # fmt: skip
        for name, text in (("old.env", "".join(f'{n}="{v}"\n' for n, v in block.items())), ("key.pem", pem)):
            path = self.dir / name
            path.touch(mode=0o600)
            path.write_text(text)
        self.profile_path().unlink()
        self.own["KEY_ID"] = made["keys"][0]

    def secret_on_the_token(self, example: str) -> None:
        line = self.expect(self.run_program("secret", "import", "--force", env=self.api.settings()), 0).out
        self.env["APS_SECRET_ID"] = line.split('"')[1]

    def one_profile(self, example: str) -> None:
        """A key that another profile names is not retired."""
        self.profile_path("spare").unlink(missing_ok=True)

    def an_old_profile(self, example: str) -> None:
        """As "old", and as a file here."""
        for path in (self.profile_path("old"), self.dir / "old.env"):
            path.touch(mode=0o600)
            path.write_bytes(self.profile_path().read_bytes())

    def a_project(self, example: str) -> None:
        """In which the account is, unless it is to be added."""
        found = re.search(r"--project (\S+) --admin-user (\S+)", example)
        members = [] if found else [self.own["SSA_EMAIL"]]
        admins = [found[2]] if found else []
        project = {"name": "Tower", "members": members, "products": ["docs"]}
        made = self.api.control("POST", "hubs", name="Company", integrated=True, admins=admins, projects=[project])
        self.project = str(made["projects"][0])

    def a_script(self, example: str) -> None:
        script = self.dir / "sync.sh"
        script.write_text('#!/bin/sh\ntest -n "$APS_ACCESS_TOKEN"\n')
        script.chmod(0o755)

    def no_agent(self, example: str) -> None:
        """Nor one of the example before; and a script that uses one."""
        (self.dir / "run").mkdir(mode=0o700, exist_ok=True)
        self.env.update(XDG_RUNTIME_DIR=str(self.dir / "run"))
        self.env.pop("SSA_HSM_AGENT", None)
        self.profile_path("work").write_bytes(self.profile_path().read_bytes())
        self.profile_path("work").chmod(0o600)
        script = self.dir / "nightly.sh"
        script.write_text("#!/bin/sh\nssa-hsm token >/dev/null\n")
        script.chmod(0o755)
        self.end_agent()
        self.addCleanup(self.end_agent)

    def end_agent(self) -> None:
        for arguments in ([], ["--socket", self.dir / "run" / "agent.sock"]):
            self.run_program("agent", "stop", *arguments)

    def an_agent(self, example: str) -> None:
        self.no_agent(example)
        place = ["--socket", self.dir / "run" / "agent.sock"] if "--socket" in example else []
        self.expect(self.run_program("agent", "--profile", "default", "--profile", "work", *place), 0)

    def a_caller(self, example: str) -> None:
        self.expect(self.run_program("agent", "caller", "add", "postman", "--scope", "data:read"), 0)


_BEFORE = {
    "account create": Examples.without_profiles,
    "key create": Examples.without_profiles,
    "key import": Examples.files_to_import,
    "key rotate": Examples.one_profile,
    "secret remove": Examples.secret_on_the_token,
    "account provision": Examples.a_project,
    "exec": Examples.a_script,
    "agent": Examples.no_agent,
    "agent status": Examples.an_agent,
    "agent unlock": Examples.an_agent,
    "agent lock": Examples.an_agent,
    "agent stop": Examples.an_agent,
    "agent caller remove": Examples.a_caller,
    "profile show": Examples.an_old_profile,
    "profile remove": Examples.an_old_profile,
}


def _test(command: str) -> Callable[[Examples], None]:
    def test(self: Examples) -> None:
        before = _BEFORE.get(command)
        self.check(command, (lambda example: before(self, example)) if before else lambda example: None)

    return test


for _command in helppages.commands():
    setattr(Examples, "test_" + _command.replace(" ", "_"), _test(_command))
