"""A new key in the place of the profile's: never a moment without one that fetches tokens."""

from __future__ import annotations

import json
from typing import Any

from fault_support import CREATE, KEYS, PLAIN, PUT_PRIVATE, FaultCase, background, ended, eventually
from harness import Result


class Rotation(FaultCase):
    """There is an account with its key in the token, and a profile for it."""

    def setUp(self) -> None:
        super().setUp()
        # Keys of their own each time: one over another is seen.
        self.api.control("POST", "keys", pem=None)
        self.expect(self.run_program(*CREATE), 0)
        self.was = self.profile()
        self.account = self.was["SERVICE_ACCOUNT_ID"]
        self.old = self.was["KEY_ID"]
        self.api.forget_requests()

    def rotate(self, *more: object, **options: Any) -> Result:
        way = () if "--finish" in more else PLAIN
        return self.run_program("key", "rotate", *way, *more, **options)

    def on_token(self) -> list[str]:
        """The ids of the private keys."""
        return [bytes.fromhex(id_).decode() for kind, id_ in self.objects() if kind == "Private"]

    def history(self) -> list[dict[str, Any]]:
        return list(json.loads(self.expect(self.run_program("history", "--json"), 0).out))

    def assert_rotated(self, *, old_there: bool) -> str:
        """Gives the new key's id."""
        now = self.profile()
        new = now["KEY_ID"]
        self.assertNotEqual(new, self.old)
        self.assertEqual(sorted(self.keys_of(self.account)), sorted([new, self.old] if old_there else [new]))
        self.assertEqual(sorted(self.on_token()), sorted([new, self.old] if old_there else [new]))
        self.assertEqual({**now, "KEY_ID": "", "PRIVATE_KEY": ""}, {**self.was, "KEY_ID": "", "PRIVATE_KEY": ""})
        self.expect(self.run_program("token"), 0)
        return new

    def assert_as_it_was(self) -> None:
        self.assertEqual(self.profile(), self.was)
        self.assertEqual(self.keys_of(self.account), [self.old])
        self.assertEqual(self.on_token(), [self.old])
        self.assertEqual(self.open_operations(), [])
        self.assertEqual(self.files(), ["config/ssa-hsm/default.env"])
        self.expect(self.run_program("token"), 0)


class Whole(Rotation):
    def test_the_old_key_serves_until_it_is_finished(self) -> None:
        old_block = self.profile_path().read_bytes()
        result = self.expect(self.rotate(), 0, "--finish")
        self.assertIn(f'KEY_ID="{self.profile()["KEY_ID"]}"', result.out)
        self.assert_rotated(old_there=True)
        shell = self.dir / "old.env"
        shell.write_bytes(old_block)
        self.expect(self.run_program("token", "--profile", shell), 0)
        self.expect(self.rotate("--finish"), 0)
        self.assert_rotated(old_there=False)
        self.assertEqual(self.open_operations(), [])
        last = self.history()[-1]
        self.assertEqual((last["operation"], last["outcome"]), ("key rotate", "done"))
        self.assertEqual((last["keyId"], last["oldKeyId"]), (self.profile()["KEY_ID"], self.old))

    def test_an_old_key_that_is_off_is_not_said_to_work(self) -> None:
        self.expect(self.run_program("key", "disable", self.old), 0)
        result = self.expect(self.rotate(), 0, f"the old key {self.old} is disabled", "--finish")
        self.assertNotIn("still works", result.err)
        self.expect(self.rotate("--finish"), 0)
        self.assert_rotated(old_there=False)

    def test_nor_one_that_is_deleted(self) -> None:
        self.expect(self.run_program("key", "delete", self.old, "--yes"), 0)
        result = self.expect(self.rotate(), 0, f"does not know the old key {self.old} any more", "--finish")
        self.assertNotIn("still works", result.err)
        self.expect(self.rotate("--finish"), 0)
        self.assert_rotated(old_there=False)

    def test_at_once(self) -> None:
        self.expect(self.rotate("--now"), 0)
        self.assert_rotated(old_there=False)
        self.assertEqual(self.open_operations(), [])

    def test_the_requests_it_takes(self) -> None:
        self.expect(self.rotate("--now"), 0)
        keys = f"/service-accounts/{self.account}/keys"
        new = self.profile()["KEY_ID"]
        self.assertEqual(
            self.api.asked(),
            ["POST /token", f"GET {keys}", f"POST {keys}", "POST /token", f"PATCH {keys}/{self.old}",
             f"DELETE {keys}/{self.old}"],
        )  # fmt: skip
        self.assertNotIn(new, str(self.api.asked()))

    def test_a_grace_is_kept(self) -> None:
        self.expect(self.rotate("--grace", "1h"), 0)
        self.expect(self.rotate("--finish"), 3, "until", "--now")
        self.assert_rotated(old_there=True)
        self.expect(self.rotate("--finish", "--now"), 0)
        self.assert_rotated(old_there=False)

    def test_a_second_one_waits_for_the_first_to_be_finished(self) -> None:
        self.expect(self.rotate(), 0)
        new = self.assert_rotated(old_there=True)
        self.api.forget_requests()
        with self.shim() as log:
            self.expect(self.rotate(), 3, self.old, "--finish")
        self.assertEqual((self.api.asked(), log.count("C_Login")), ([], 0))
        self.assertEqual(self.profile()["KEY_ID"], new)

    def test_nothing_to_finish(self) -> None:
        self.expect(self.rotate("--finish"), 3, "no rotation")
        self.assertEqual(self.api.asked(), [])

    def test_a_dry_run_changes_nothing_and_asks_for_no_pin(self) -> None:
        with self.shim() as log:
            result = self.expect(self.rotate("--dry-run", "--now"), 0)
        self.assertEqual(log.count("C_Login"), 0)
        for word in (self.old, str(self.profile_path()), "fetch an access token", "disable and delete"):
            self.assertIn(word, result.out)
        self.assertEqual([a.split()[0] for a in self.api.asked()], ["POST", "GET"])
        self.assert_as_it_was()

    def test_a_dry_run_says_how_the_rotation_is_finished(self) -> None:
        result = self.expect(self.rotate("--dry-run"), 0, "key rotate --finish")
        self.assertIn(f"leave {self.old} as it is until the rotation is finished", result.out)
        self.assert_as_it_was()

    def test_other_peoples_lines_in_the_profile_stay(self) -> None:
        with self.profile_path().open("a") as file:
            file.write("# mine\nMY_OWN=1\n")
        self.was = self.profile()
        self.expect(self.rotate("--now"), 0)
        self.assertIn("# mine\nMY_OWN=1\n", self.profile_path().read_text())
        self.assert_rotated(old_there=False)

    def test_a_key_that_is_in_the_environment_gets_a_block_and_no_profile(self) -> None:
        names = ("APS_CLIENT_ID", "APS_SECRET_ID", "SERVICE_ACCOUNT_ID", "KEY_ID", "SSA_EMAIL", "PRIVATE_KEY")
        env = {name: self.was[name] for name in names if name in self.was}
        self.profile_path().unlink()
        result = self.expect(self.rotate(env=env), 0, "in no profile")
        self.assertFalse(self.profile_path().exists())
        block = self.dir / "block.env"
        block.write_text(result.out)
        self.expect(self.run_program("token", "--profile", block), 0)
        self.expect(self.rotate("--finish", env=env), 0)
        self.assertEqual(len(self.keys_of(self.account)), 1)
        self.expect(self.run_program("token", "--profile", block), 0)

    def test_a_profile_that_still_names_the_old_key_keeps_it(self) -> None:
        other = self.profile_path("other")
        other.write_bytes(self.profile_path().read_bytes())
        self.expect(self.rotate("--now"), 3, str(other), self.old)
        self.assert_rotated(old_there=True)
        other.unlink()
        self.expect(self.rotate("--finish"), 0)
        self.assert_rotated(old_there=False)


class Room(Rotation):
    """The API allows three keys for an account."""

    def setUp(self) -> None:
        super().setUp()
        for name in ("second", "third"):
            created = self.run_program("key", "create", "--output", self.dir / f"{name}.env")
            self.expect(created, 0)
        self.others = [kid for kid in self.keys_of(self.account) if kid != self.old]
        self.assertEqual(len(self.others), 2)
        self.api.forget_requests()

    def test_without_room_the_keys_are_named(self) -> None:
        self.expect(self.rotate(), 10, "--replace", *self.others)
        self.assertEqual(len(self.keys_of(self.account)), 3)
        self.assertEqual(self.profile(), self.was)

    def test_one_is_deleted_after_a_yes(self) -> None:
        gone, stays = self.others
        self.expect(self.rotate("--replace", gone), 15, "--yes")
        self.assertIn(gone, self.keys_of(self.account))
        self.expect(self.rotate("--replace", gone, "--yes", "--now"), 0)
        self.assertEqual(sorted(self.keys_of(self.account)), sorted([stays, self.profile()["KEY_ID"]]))
        self.expect(self.run_program("token"), 0)

    def test_only_another_key_of_this_account(self) -> None:
        for wrong, code in ((self.old, 2), ("someone-elses", 2)):
            with self.subTest(wrong):
                self.expect(self.rotate("--replace", wrong, "--yes"), code, wrong)
                self.assertEqual(len(self.keys_of(self.account)), 3)


class Faults(Rotation):
    def test_an_old_key_that_the_module_once_does_not_show_is_not_left_on_the_token(self) -> None:
        self.expect(self.rotate(), 0)
        # The searches for its two halves.
        with self.shim("C_FindObjects 1-2 blind") as log:
            self.expect(self.rotate("--finish"), 0, "destroyed on its PKCS#11 token")
        self.assertEqual(len(log.of("C_DestroyObject", "CKR_OK")), 2)
        self.assert_rotated(old_there=False)

    def test_a_new_key_that_fetches_no_token_is_undone(self) -> None:
        self.api.fault("status", method="POST", path="/token", skip=1, status=400, body={"error": "invalid_grant"})
        self.expect(self.rotate("--now"), 12, "invalid_grant")
        self.assert_as_it_was()

    def test_an_import_that_fails_is_undone(self) -> None:
        with self.shim(f"{PUT_PRIVATE} return CKR_DEVICE_MEMORY"):
            self.expect(self.rotate("--now"), 12, "CKR_DEVICE_MEMORY")
        self.assert_as_it_was()

    def test_a_profile_that_cannot_be_written_is_known_before(self) -> None:
        self.profile_path().parent.chmod(0o500)
        self.expect(self.rotate("--now"), 3, "cannot be written")
        self.profile_path().parent.chmod(0o700)
        self.assertEqual(self.api.asked(), [])
        self.assert_as_it_was()

    def test_the_old_key_cannot_be_deleted(self) -> None:
        self.api.fault("status", method="DELETE", path=f"{KEYS}/*", status=500, times=0)
        result = self.rotate("--now", "--timeout", 3)
        self.assertIn('KEY_ID="', result.out)
        self.expect(result, 13, "key recover", out=None)
        self.expect(self.run_program("token"), 0)
        self.api.control("POST", "clear")
        self.expect(self.run_program("key", "recover"), 0)
        self.assert_rotated(old_there=False)

    def test_the_old_keys_token_is_gone_for_a_while(self) -> None:
        self.expect(self.rotate(), 0)
        with self.shim("C_FindObjectsInit * return CKR_DEVICE_ERROR"):
            self.expect(self.rotate("--finish"), 13, "key recover")
        self.assertNotIn(self.old, self.keys_of(self.account))
        self.expect(self.run_program("key", "recover"), 0)
        self.assert_rotated(old_there=False)

    def test_the_old_keys_token_is_another_and_gets_no_pin_of_the_new_ones(self) -> None:
        self.store.initialise("other", "another-pin")
        pin = self.dir / "other-pin"
        pin.touch(mode=0o600)
        pin.write_text("another-pin\n")
        there = {"SSA_HSM_TOKEN": "pkcs11:token=other", "SSA_HSM_PIN_SOURCE": f"file:{pin}"}
        here = ("--token", "pkcs11:token=work", "--pin-source", str(self.env["SSA_HSM_PIN_SOURCE"]))
        with self.shim() as log:
            self.expect(self.rotate("--now", env=there), 13, "guess", "key recover", "--pin-source", out=None)
            # The profile names the new key's token now.
            self.expect(self.run_program("key", "recover", env={**there, "SSA_HSM_TOKEN": None}), 13, "guess")
            self.assertEqual({call.rv for call in log.of("C_Login")}, {"CKR_OK"})
            self.expect(self.run_program("key", "recover", *here, env=there), 0, "destroyed on its PKCS#11 token")
            self.assertEqual({call.rv for call in log.of("C_Login")}, {"CKR_OK"})
        self.assertEqual(self.open_operations(), [])

    def test_options_are_for_the_new_keys_token_alone(self) -> None:
        self.store.initialise("other", "another-pin")
        pin = self.dir / "other-pin"
        pin.touch(mode=0o600)
        pin.write_text("another-pin\n")
        with self.shim() as log:
            result = self.rotate("--now", "--token", "pkcs11:token=other", "--pin-source", f"file:{pin}")
            self.expect(result, 13, "guess", "key recover", out=None)
            self.expect(self.run_program("key", "recover"), 0, "destroyed on its PKCS#11 token")
            self.assertEqual({call.rv for call in log.of("C_Login")}, {"CKR_OK"})
        self.assertEqual(self.open_operations(), [])

    def test_two_at_once(self) -> None:
        self.api.fault("late", method="POST", path=KEYS, seconds=2)
        first = background(self, "key", "rotate", "--now")
        eventually(lambda: len(self.keys_of(self.account)) == 2, "the first has its key")
        self.expect(self.rotate("--now"), 3, "at work")
        self.expect(ended(first), 0, out=None)
        self.assert_rotated(old_there=False)
