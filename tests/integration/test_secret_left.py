"""The client secret on the token, when something comes in between: nothing is lost, left in silence, or another's."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from typing import Any

from fault_support import eventually
from harness import TIMEOUT, Result
from secret_support import SecretCase


class Interrupted(SecretCase):
    """Killed, failed or unanswered in between: what is there, what is said, and who finishes or undoes it."""

    OTHER = "the-secret-before"

    def marks(self) -> list[str]:
        return re.findall(r"application: +'([^']*)'", self.data())

    def value(self) -> str:
        """Of the only one under the label, to another tool."""
        out = self.dir / "value"
        self.assertEqual(self.data().count(self.label), 1)
        self.store.tool("--read-object", "--type", "data", "--label", self.label, "--output-file", str(out))
        return out.read_text()

    def killed(self, rule: str, *arguments: object, **options: Any) -> None:
        with self.shim(rule):
            self.assertEqual(self.run_quietly("secret", *arguments, **options).code, -signal.SIGKILL)

    def with_an_old_one(self) -> None:
        self.uri = self.imported(env={"APS_SECRET_ID": self.OTHER})

    def write(self, label: str, value: str, application: str = "") -> None:
        """As another application does."""
        path = self.dir / "foreign"
        path.write_text(value)
        more = ("--application-label", application) if application else ()
        self.store.tool("--write-object", str(path), "--type", "data", "--label", label, "--private", *more)

    def write_half(self) -> None:
        """As SoftHSM leaves it when it is stopped as it writes: without any of what it was to have."""
        self.store.tool("--write-object", "/dev/null", "--type", "data", "--label", "", "--private")

    def finish(self, process: subprocess.Popen[bytes]) -> Result:
        with process:
            out, err = process.communicate(timeout=TIMEOUT)
        return Result(process.returncode, out.decode(), err.decode(), out)

    def outcomes(self) -> list[str]:
        return [e["outcome"] for e in self.history()]

    def test_an_import_before_its_proof_is_undone(self) -> None:
        self.killed("C_CreateObject class=CKO_DATA 1 kill after", "import")
        self.expect(self.run_quietly("account", "list"), 0, "secret import", self.label, "key recover")
        self.expect(self.run_quietly("key", "recover"), 0, "secret import", self.label, "destroyed again")
        self.assertEqual(self.data(), "")
        self.assertEqual(self.outcomes(), ["undone"])
        self.imported()

    def test_an_import_that_had_stored_nothing(self) -> None:
        self.killed("C_CreateObject class=CKO_DATA 1 kill", "import")
        self.expect(self.run_quietly("key", "recover"), 0, "had stored nothing")
        self.assertEqual(self.outcomes(), ["undone"])

    def test_what_a_module_left_half_written_goes(self) -> None:
        self.write("something else", "theirs")
        self.write_half()  # somebody's, of long ago
        for left in (0, 1):
            with self.subTest(left):
                self.killed("C_CreateObject class=CKO_DATA 1 kill", "import")
                for _ in range(left):
                    self.write_half()
                said = "destroyed again" if left else "another operation"
                self.expect(self.run_quietly("key", "recover"), 0, said)
                self.assertEqual(sorted(re.findall("label: +'(.*)'", self.data())), ["", "something else"])

    def test_of_two_that_were_half_written_one_may_be_left_and_is_told(self) -> None:
        for label in ("one", "two"):
            self.killed("C_CreateObject class=CKO_DATA 1 kill", "import", "--label", label)
            self.write_half()
        said = self.expect(self.run_quietly("key", "recover"), 0, "destroyed again", "pkcs11-tool", "may be left").err
        self.assertNotIn("stored nothing", said)

    def test_what_a_failed_creation_left_half_written_goes(self) -> None:
        # As SoftHSM leaves it where the disk is full.
        nothing = [f"template drop {a} class=CKO_DATA" for a in ("CKA_LABEL", "CKA_APPLICATION", "CKA_VALUE")]
        self.write_half()  # somebody's, of long ago
        for _ in range(2):
            with self.shim(*nothing, "C_CreateObject class=CKO_DATA 1 after-return CKR_GENERAL_ERROR"):
                self.expect(self.run_quietly("secret", "import"), 7, "CKR_GENERAL_ERROR", out="")
            self.assertEqual(self.data().count("Data object"), 1)
        self.assertEqual(self.outcomes(), ["failed", "failed"])

    def test_what_a_failed_creation_may_have_left_is_told(self) -> None:
        nothing = [f"template drop {a} class=CKO_DATA" for a in ("CKA_LABEL", "CKA_APPLICATION", "CKA_VALUE")]
        rules = ("C_CreateObject * after-return CKR_GENERAL_ERROR", "C_DestroyObject * return CKR_GENERAL_ERROR")
        with self.shim(*nothing, *rules):
            self.expect(self.run_quietly("secret", "import"), 13, "may still be there", "key recover", out="")
        self.expect(self.run_quietly("key", "recover"), 0, "destroyed again")
        self.assertEqual(self.data(), "")

    def blinded(self, rule: str, *command: str, outcome: str, value: str) -> None:
        """A search that finds nothing once, wherever it is: the entry stays open, or the right thing was done."""
        still_open = 0
        for search in range(1, 7):
            self.killed(rule, *command)
            with self.shim(f"C_FindObjects {search} blind"):
                code = self.run_quietly("key", "recover").code
            self.assertIn(code, (0, 13))
            still_open += code == 13
            self.expect(self.run_quietly("key", "recover"), 0)
            self.assertEqual((self.outcomes()[-1], self.value()), (outcome, value), search)
            self.imported("--force", env={"APS_SECRET_ID": self.OTHER})
        self.assertGreater(still_open, 1)

    def test_an_import_is_not_undone_by_a_search_that_finds_nothing_once(self) -> None:
        self.with_an_old_one()
        rule = "C_CreateObject class=CKO_DATA 1 kill after"
        self.blinded(rule, "import", "--force", outcome="undone", value=self.OTHER)

    def test_an_import_is_not_finished_by_a_search_that_finds_nothing_once(self) -> None:
        self.with_an_old_one()
        rule = "C_DestroyObject class=CKO_DATA 1 kill"
        self.blinded(rule, "import", "--force", outcome="done", value=self.api.secret)

    def test_a_removal_is_not_believed_after_a_search_that_finds_nothing_once(self) -> None:
        self.with_an_old_one()
        self.use(self.uri)
        rule = "C_DestroyObject class=CKO_DATA 1 kill"
        self.blinded(rule, "remove", "--yes", outcome="failed", value=self.OTHER)

    def test_the_same_command_heals_it(self) -> None:
        self.killed("C_CreateObject class=CKO_DATA 1 kill after", "import")
        self.use(self.imported())
        self.assertEqual(self.outcomes(), ["undone", "done"])
        self.expect(self.run_quietly("token"), 0)

    def test_a_replacement_before_its_proof_is_undone(self) -> None:
        self.with_an_old_one()
        self.killed("C_CreateObject class=CKO_DATA 1 kill after", "import", "--force")
        self.assertEqual(self.data().count(self.label), 2)
        self.expect(self.run_quietly("key", "recover"), 0, "destroyed again")
        self.assertEqual(self.value(), self.OTHER)

    def test_a_replacement_after_its_proof_is_finished(self) -> None:
        self.with_an_old_one()
        self.killed("C_DestroyObject class=CKO_DATA 1 kill", "import", "--force")
        self.assertEqual(self.data().count(self.label), 2)
        self.expect(self.run_quietly("key", "recover"), 0, 'APS_SECRET_ID="pkcs11:', self.uri.partition("?")[0])
        self.assertEqual(self.value(), self.api.secret)
        self.assertEqual(self.outcomes(), ["done", "done"])

    def test_a_replacement_whose_old_one_is_gone_is_not_undone(self) -> None:
        self.with_an_old_one()
        self.killed("C_DestroyObject class=CKO_DATA 1 kill after", "import", "--force")
        self.expect(self.run_quietly("key", "recover"), 0)
        self.assertEqual(self.value(), self.api.secret)

    def test_the_same_replacement_again(self) -> None:
        for rule in ("C_CreateObject class=CKO_DATA 1 kill after", "C_DestroyObject class=CKO_DATA 1 kill"):
            with self.subTest(rule):
                self.imported("--force", env={"APS_SECRET_ID": self.OTHER})
                self.killed(rule, "import", "--force")
                self.imported("--force")
                self.assertEqual(self.value(), self.api.secret)

    def test_from_the_token_to_itself_it_is_the_new_one_that_stays(self) -> None:
        self.with_an_old_one()
        self.killed("C_DestroyObject class=CKO_DATA 1 kill", "import", "--force")
        self.use(self.uri)
        self.imported("--force")
        self.assertEqual(self.value(), self.api.secret)

    def test_meanwhile_the_old_one_serves(self) -> None:
        self.use(self.imported())
        self.killed(
            "C_CreateObject class=CKO_DATA 1 kill after", "import", "--force", env={"APS_SECRET_ID": "something-new"}
        )
        self.expect(self.run_quietly("token"), 0, "2 client secrets", "oldest", "key recover")
        self.expect(self.run_quietly("key", "recover"), 0)
        self.assertNotIn("oldest", self.expect(self.run_quietly("token"), 0).err)

    def test_recovery_reads_the_secret_that_it_settles(self) -> None:
        self.use(self.imported())
        self.killed("C_CreateObject class=CKO_DATA 1 kill after", "import", "--force")
        with self.shim("C_Sign 1 kill"):
            self.assertEqual(self.run_quietly("key", "create", "--force").code, -signal.SIGKILL)
        self.expect(self.run_quietly("key", "recover"), 0)
        self.assertEqual(self.data().count(self.label), 1)

    def test_an_old_one_that_cannot_be_destroyed_is_told(self) -> None:
        self.with_an_old_one()
        with self.shim("C_DestroyObject class=CKO_DATA * return CKR_DEVICE_ERROR"):
            result = self.run_quietly("secret", "import", "--force")
        self.expect(result, 13, "proved", "old one is still there", "key recover", out="")
        self.expect(self.run_quietly("key", "recover"), 0, "APS_SECRET_ID=")
        self.assertEqual(self.value(), self.api.secret)

    def test_what_cannot_be_taken_away_is_told(self) -> None:
        with self.shim("attribute CKA_VALUE text:another class=CKO_DATA", "C_DestroyObject * return CKR_DEVICE_ERROR"):
            self.expect(self.run_quietly("secret", "import"), 13, "reads back", "is still there", "key recover", out="")
        self.expect(self.run_quietly("key", "recover"), 0, "destroyed again")
        self.assertEqual(self.data(), "")

    def test_may_be_there_is_said_only_when_it_may(self) -> None:
        for rule, code, may in (
            ("C_FindObjectsInit 1 remove", 7, False),
            ("C_CreateObject class=CKO_DATA 1 remove", 13, True),
            ("C_CreateObject class=CKO_DATA 1 remove after", 13, True),
        ):
            with self.subTest(rule):
                with self.shim(rule):
                    result = self.expect(self.run_quietly("secret", "import"), code, "CKR_DEVICE_REMOVED", out="")
                self.assertEqual("may still be there" in result.err, may, result.err)
                self.expect(self.run_quietly("key", "recover"), 0)
                self.assertEqual(self.data(), "")

    def test_a_token_that_is_away_is_waited_for(self) -> None:
        self.killed("C_CreateObject class=CKO_DATA 1 kill after", "import")
        away = self.dir / "away"
        away.touch()
        with self.shim(f"token absent-while {away}"):
            self.expect(self.run_quietly("key", "recover"), 13, "not settled")
            away.unlink()
            self.expect(self.run_quietly("key", "recover"), 0, "destroyed again")

    def test_on_another_token_no_stored_pin_is_guessed(self) -> None:
        self.store.initialise("vault", "0815-Other")
        pin = self.dir / "vault-pin"
        pin.touch(0o600)
        pin.write_text("0815-Other")
        there = ("--token", "pkcs11:token=vault", "--pin-source", f"file:{pin}")
        # A descriptor that nobody else has: a file would be named in the entry.
        by_hand = (*there[:2], "--pin-source", "fd:0")
        self.killed("C_CreateObject class=CKO_DATA 1 kill after", "import", *by_hand, input="0815-Other\n")
        with self.shim() as log:
            self.expect(self.run_quietly("key", "recover"), 13, "vault", "--token", "--pin-source")
            self.assertEqual(log.count("C_Login"), 0)
        self.expect(self.run_quietly("key", "recover", *there), 0, "destroyed again")
        self.killed("C_CreateObject class=CKO_DATA 1 kill after", "import", *there)
        self.expect(self.run_quietly("key", "recover"), 0, "destroyed again")

    def test_a_token_that_cannot_be_opened_has_its_own_remedy(self) -> None:
        self.killed("C_CreateObject class=CKO_DATA 1 kill after", "import")
        result = self.run_quietly("key", "recover", env={"SSA_HSM_PIN_SOURCE": "0815"})
        self.expect(result, 13, "SSA_HSM_PIN_SOURCE", "It says where the PIN is")
        self.assertNotIn("--token", result.err)
        self.expect(self.run_quietly("key", "recover"), 0, "destroyed again")

    def test_a_success_whose_entry_cannot_be_closed_is_not_undone(self) -> None:
        # The line is printed and the secret taken away elsewhere: recovery must not destroy it.
        self.imported()
        for path in (self.dir / "state" / "ssa-hsm" / "history").glob("*"):
            lines = path.read_text().rstrip("\0").splitlines()
            kept = [line for line in lines if json.loads(line)["step"] != "closed"]
            path.write_text("\n".join(kept) + "\n")
            path.rename(path.parents[1] / "journal" / path.name.partition("-")[2])
        self.expect(self.run_quietly("key", "recover"), 0)
        self.assertEqual(self.value(), self.api.secret)

    def test_a_removal_that_was_carried_out(self) -> None:
        self.use(self.imported())
        self.killed("C_DestroyObject 1 kill after", "remove", "--yes")
        self.expect(self.run_quietly("key", "recover", env={"APS_SECRET_ID": self.api.secret}), 0, "is gone")
        self.assertEqual(self.outcomes(), ["done", "done"])

    def test_a_removal_that_was_not(self) -> None:
        self.use(self.imported())
        self.killed("C_DestroyObject 1 kill", "remove", "--yes")
        self.expect(self.run_quietly("key", "recover"), 0, "still there", "secret remove")
        self.assertEqual(self.outcomes(), ["done", "failed"])
        self.expect(self.run_quietly("secret", "remove", "--yes"), 0)

    def test_the_same_removal_again(self) -> None:
        for rule in ("C_DestroyObject 1 kill", "C_DestroyObject 1 kill after"):
            with self.subTest(rule):
                self.use(self.imported(env={"APS_SECRET_ID": self.api.secret}))
                self.killed(rule, "remove", "--yes")
                self.expect(self.run_quietly("secret", "remove", "--yes"), 0, "is gone")
                self.assertEqual(self.data(), "")

    def test_the_same_removal_again_where_another_came(self) -> None:
        self.use(self.imported())
        self.killed("C_DestroyObject 1 kill after", "remove", "--yes")
        self.write(self.label, "from another host", "ssa-hsm of another host")
        self.expect(self.run_quietly("secret", "remove", "--yes"), 0, "is gone")
        self.assertEqual(self.data(), "")

    def test_a_removal_that_the_token_did_not_answer(self) -> None:
        self.use(self.imported())
        with self.shim("C_DestroyObject 1 after-return CKR_DEVICE_ERROR"):
            self.expect(self.run_quietly("secret", "remove", "--yes"), 13, "may still be there", "key recover")
        self.expect(self.run_quietly("key", "recover"), 0, "is gone")

    def test_what_a_module_overlooks_is_not_said_to_be_gone(self) -> None:
        for rule in ("C_FindObjects 3 blind", "C_GetAttributeValue 2 return CKR_ATTRIBUTE_TYPE_INVALID"):
            with self.subTest(rule):
                self.use(self.imported("--force", env={"APS_SECRET_ID": self.api.secret}))
                with self.shim(rule):
                    self.assertNotEqual(self.run_quietly("secret", "remove", "--yes").code, 0)
                self.expect(self.run_quietly("token"), 0)
                self.run_quietly("key", "recover")

    def test_one_of_another_application_is_not_touched(self) -> None:
        self.write(self.label, "theirs", "other-app")
        for more in ((), ("--force",)):
            self.expect(self.run_quietly("secret", "import", *more), 14, "other-app" if more else self.label, out="")
        self.expect(self.run_quietly("secret", "import", "--force"), 14, "other-app", "--label")
        self.imported("--label", "beside it")
        line = f"pkcs11:token=work;object={self.label.replace(' ', '%20')};type=data"
        self.use(line)
        self.expect(self.run_quietly("secret", "remove", "--yes"), 3, "other-app")
        self.assertIn("other-app", self.marks())

    def test_a_mark_that_looks_like_ours_is_anothers(self) -> None:
        self.write(self.label, "theirs", "ssa-hsm\nof another kind")
        self.expect(self.run_quietly("secret", "import", "--force"), 14, "another application", "--label", out="")
        self.assertIn(self.label, self.data())

    def test_another_that_comes_at_the_same_moment(self) -> None:
        here, go = self.dir / "here", self.dir / "go"
        # Not before it is stored: SoftHSM does not see what others make just before it makes something itself.
        with self.shim(f"C_GetAttributeValue class=CKO_DATA 1 touch {here} wait {go}"):
            process = self.start(self.argv("secret", "import"))
            eventually(here.exists, "it is stored")
            self.write(self.label, "theirs", "other-app")
            go.touch()
            result = self.finish(process)
        self.expect(result, 7, "same moment", "again", out="")
        self.assertEqual(self.marks(), ["other-app"])

    def test_two_at_once_on_this_host(self) -> None:
        here, go = self.dir / "here", self.dir / "go"
        with self.shim(f"C_CreateObject class=CKO_DATA 1 touch {here} wait {go}"):
            process = self.start(self.argv("secret", "import"))
            eventually(here.exists, "it is about to store")
        self.expect(self.run_quietly("secret", "import"), 3, "at work on this secret", out="")
        go.touch()
        self.expect(self.finish(process), 0)
        self.assertEqual(len(self.marks()), 1)

    def test_one_without_a_mark_that_came_since_is_left(self) -> None:
        for mark in ("", "ssa-hsm"):
            with self.subTest(mark):
                self.write(self.label, self.OTHER, mark)
                self.killed("C_DestroyObject class=CKO_DATA 1 kill", "import", "--force")
                self.write(self.label, "written since", mark)
                self.expect(self.run_quietly("key", "recover"), 0, "APS_SECRET_ID=", "others", "secret import --force")
                self.assertEqual(self.data().count(self.label), 3)
                self.imported("--force")
                self.assertEqual(self.value(), self.api.secret)
                self.use(self.imported())
                self.expect(self.run_quietly("secret", "remove", "--yes"), 0)
                self.env["APS_SECRET_ID"] = self.api.secret

    def test_one_without_a_mark_that_is_as_before_goes(self) -> None:
        for rule in ("kill", "kill after"):
            with self.subTest(rule):
                self.write(self.label, self.OTHER)
                self.killed(f"C_DestroyObject class=CKO_DATA 1 {rule}", "import", "--force")
                self.expect(self.run_quietly("key", "recover"), 0, "the only one with its label")
                self.assertEqual(self.value(), self.api.secret)

    def test_one_that_comes_as_the_old_one_goes_is_left(self) -> None:
        here, go = self.dir / "here", self.dir / "go"
        self.write(self.label, self.OTHER)
        # The first is of the count of those with nothing in them, the second of the proof.
        with self.shim(f"C_GetAttributeValue class=CKO_DATA attr=CKA_VALUE 2 touch {here} wait {go}"):
            process = self.start(self.argv("secret", "import", "--force"))
            eventually(here.exists, "it is stored")
            self.write(self.label, "theirs")
            go.touch()
            result = self.finish(process)
        self.expect(result, 13, "stored and proved", "key recover", out="")
        self.expect(self.run_quietly("key", "recover"), 0, "others", "secret import --force")
        self.assertEqual(self.data().count(self.label), 3)

    def test_one_of_a_version_before_marks(self) -> None:
        self.write(self.label, self.OTHER, "ssa-hsm")
        self.imported("--force")
        self.assertEqual(self.value(), self.api.secret)
