"""Commands that messages suggest: pasted into a shell, each does what it says, about the same profile and server."""

from __future__ import annotations

import re
from pathlib import Path

import places
from fault_support import FIRST, KEYS, LAST, PLAIN, FaultCase
from harness import Result


class Suggestions(FaultCase):
    """A profile "an" knows the client; the environment does not, and "default" is somebody else's."""

    def setUp(self) -> None:
        super().setUp()
        self.client = {name: self.env.pop(name) for name in ("APS_CLIENT_ID", "APS_SECRET_ID")}
        self.write_profile(self.client, "an")
        self.other = self.write_profile({"APS_CLIENT_ID": "SOMEBODY-ELSE", "FOO": "bar"}).read_text()

    def tearDown(self) -> None:
        self.assertEqual(self.profile_path().read_text(), self.other, "default.env was written")
        super().tearDown()

    def account(self, *more: object) -> Result:
        command = ("account", "create", FIRST, LAST, "-p", "an", "--force", *more)
        return self.expect(self.run_program(*command), 0)

    # ---- the profile ----

    def test_a_key_for_the_account_that_was_made(self) -> None:
        result = self.account("--no-key")
        self.assertEqual(self.suggested(result, "ssa-hsm key create"), "ssa-hsm key create --force --profile an")
        self.follow(result, "ssa-hsm key create")
        self.assert_whole(self.profile_path("an"))
        self.expect(self.run_program("token", "-p", "an"), 0)

    def test_a_key_for_the_account_in_a_file(self) -> None:
        for name in ("new.env", "it's a file.env"):
            with self.subTest(name):
                file = self.dir / name
                result = self.run_program(
                    "account", "create", FIRST, f"in-a-file-{len(name)}", "-o", name, "--no-key", env=self.client
                )
                self.expect(result, 0)
                self.follow(result, "ssa-hsm key create")
                self.assertIn("KEY_ID", self.profile(file))
                self.expect(self.run_program("token", "-p", file), 0)

    def test_a_profile_without_a_key(self) -> None:
        self.account("--no-key")
        result = self.expect(self.run_program("token", "--profile", "an"), 3)
        self.follow(result, "ssa-hsm key create")
        self.assert_whole(self.profile_path("an"))

    def test_a_path_that_a_shell_would_take_apart(self) -> None:
        path = self.dir / "a b;c$(d).env"
        path.touch(mode=0o600)
        path.write_text(self.profile_path("an").read_text())
        result = self.run_program("account", "create", FIRST, LAST, "-p", path, "--force", "--no-key")
        self.follow(self.expect(result, 0), "ssa-hsm key create")
        self.assertIn("KEY_ID", self.profile(path))

    def test_the_way_back_of_disable(self) -> None:
        self.account(*PLAIN)
        made = self.profile("an")
        result = self.run_program("account", "disable", made["SERVICE_ACCOUNT_ID"], "-p", "an")
        self.follow(self.expect(result, 0), "ssa-hsm account enable")
        result = self.run_program("key", "disable", made["KEY_ID"], "-p", "an")
        self.follow(self.expect(result, 0), "ssa-hsm key enable")
        self.expect(self.run_program("token", "-p", "an"), 0)

    def test_a_rotation_s_second_half(self) -> None:
        self.account(*PLAIN)
        old = self.profile("an")
        result = self.expect(self.run_program("key", "rotate", "-p", "an", *PLAIN), 0)
        self.assertEqual(len(self.keys_of(old["SERVICE_ACCOUNT_ID"])), 2)
        self.follow(result, "ssa-hsm key rotate --finish")
        self.assertEqual(self.keys_of(old["SERVICE_ACCOUNT_ID"]), [self.profile("an")["KEY_ID"]])

    def test_an_access_token_later(self) -> None:
        result = self.account(*PLAIN)
        self.follow(result, "ssa-hsm token")

    def test_what_is_left_at_the_api(self) -> None:
        self.api.fault("status", path=KEYS, status=500, times=0)
        self.api.fault("status", method="DELETE", path="/service-accounts/*", status=500, times=0)
        result = self.run_program("account", "create", FIRST, LAST, "-p", "an", "--force", "--timeout", "3", *PLAIN)
        self.assertNotEqual(result.code, 0)
        self.assertIn("--profile an", self.suggested(result, "ssa-hsm key recover"))

    def test_a_profile_that_was_not_made_is_not_named(self) -> None:
        # The account would be deleted by what the environment says, as it was made.
        result = self.run_program("account", "list", "-p", "an")
        self.assertEqual(
            self.suggested(self.expect(result, 0), "ssa-hsm account create"),
            "ssa-hsm account create FIRST LAST --profile an",
        )
        result = self.run_program("token", "-p", "absent")
        self.assertEqual(
            self.suggested(self.expect(result, 3), "ssa-hsm account create"), "ssa-hsm account create FIRST LAST --profile absent"
        )

    def test_its_own_profile_stays(self) -> None:
        result = self.run_program("token", "-p", "an", "-p", "an")
        for command in re.findall(r"`ssa-hsm [^`]*`", result.err):
            self.assertLessEqual(command.count("--profile"), 2)

    # ---- client id, server, token ----

    def test_client_id_and_server(self) -> None:
        env: dict[str, str | None] = {"SSA_HSM_BASE_URL": None, "SSA_HSM_CACERT": None, "APS_SECRET_ID": self.api.secret}
        self.env.pop("SSA_HSM_AUDIENCE", None)
        self.env.update({"APS_SECRET_ID": self.api.secret})
        url, ca = self.env.pop("SSA_HSM_BASE_URL"), self.env.pop("SSA_HSM_CACERT")
        self.addCleanup(self.env.pop, "APS_SECRET_ID")
        where = ("--client-id", self.client["APS_CLIENT_ID"], "--base-url", url, "--cacert", ca)
        made = self.api.control("POST", "accounts", name="older-account", keys=1)
        result = self.run_program("account", "disable", made["serviceAccountId"], *where, env=env | {"HOME": str(self.home)})
        self.expect(result, 0)
        command = self.suggested(result, "ssa-hsm account enable")
        for word in where:
            self.assertIn(word, command)
        self.follow(result, "ssa-hsm account enable")
        self.assertEqual(self.api.accounts()[0]["status"], "ENABLED")

    def test_a_token_that_is_not_there(self) -> None:
        result = self.run_program("key", "create", "-p", "an", "--token", "pkcs11:token=absent", "--account", "A1", "--force")
        self.expect(result, 4)
        # It is to show others.
        self.assertEqual(self.suggested(result, "ssa-hsm hsm list"), "ssa-hsm hsm list")
        self.follow(result, "ssa-hsm hsm list")

    def test_a_token_s_keys(self) -> None:
        self.account(*PLAIN)
        uri = self.profile("an")["PRIVATE_KEY"]
        path = self.profile_path("an")
        path.write_text(path.read_text().replace(uri, uri.replace("object=", "object=x")))
        module = str(places.softhsm())
        result = self.run_program("token", "-p", "an", "--module", module)
        self.expect(result, 6)
        command = self.suggested(result, "ssa-hsm hsm list --login")
        self.assertIn(f"--profile an --module {module}", command)
        self.follow(result, "ssa-hsm hsm list --login")
        self.follow(result, "ssa-hsm key create")
        self.expect(self.run_program("token", "-p", "an"), 0)

    def test_a_pin_that_is_gone_is_not_named(self) -> None:
        pin = Path(self.env["SSA_HSM_PIN_SOURCE"].removeprefix("file:")).read_text()
        self.account(*PLAIN)
        options = ("-p", "an", "--pin-source", "fd:0", *PLAIN)
        result = self.expect(self.run_program("key", "rotate", *options, input=pin), 0)
        command = self.suggested(result, "ssa-hsm key rotate --finish")
        self.assertNotIn("fd:0", command)
        self.assertIn("--profile an", command)
        self.follow(result, "ssa-hsm key rotate --finish")

    def test_help_is_left_alone(self) -> None:
        result = self.run_program("token", "-p", "an", "too", "much")
        self.assertEqual(self.suggested(self.expect(result, 2), "ssa-hsm token"), "ssa-hsm token --help")
