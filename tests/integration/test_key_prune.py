"""What tokens still hold of keys that the API does not know: destroyed only where it was made from here."""

from __future__ import annotations

import hashlib
import json
import shutil
from typing import Any

import journal
from fault_support import CREATE, FaultCase
from harness import Result


class Prune(FaultCase):
    def setUp(self) -> None:
        super().setUp()
        self.api.control("POST", "keys", pem=None)
        self.expect(self.run_program(*CREATE), 0)
        self.account = self.profile()["SERVICE_ACCOUNT_ID"]
        self.expect(self.run_program("key", "create", "--profile", "second"), 0)
        self.first = self.profile()["KEY_ID"]
        self.second = self.profile(self.profile_path("second"))["KEY_ID"]

    def delete_at_api(self, kid: str) -> None:
        self.api.call("DELETE", f"/service-accounts/{self.account}/keys/{kid}", self.api.admin())
        self.assertNotIn(kid, self.keys_of(self.account))

    def prune(self, *more: object, **options: Any) -> Result:
        return self.run_program("key", "prune", *more, **options)

    def on_token(self) -> list[str]:
        return sorted(bytes.fromhex(id_).decode() for kind, id_ in self.objects() if kind == "Private")

    def history(self) -> list[dict[str, Any]]:
        return list(json.loads(self.expect(self.run_program("history", "--json"), 0).out))

    def test_what_the_api_knows_stays(self) -> None:
        self.expect(self.prune("--yes"), 0, "no PKCS#11 token here")
        self.assertEqual(self.on_token(), sorted([self.first, self.second]))

    def test_one_that_it_does_not_know_goes_after_a_yes(self) -> None:
        self.delete_at_api(self.second)
        # As long as a profile names it, it is in use, and a list without it is not believed.
        self.expect(self.prune("--yes"), 3, "second.env", "not believed")
        self.assertEqual(self.on_token(), sorted([self.first, self.second]))
        self.profile_path("second").unlink()
        self.expect(self.prune(), 15, "you did not confirm", "--yes")
        self.assertEqual(self.on_token(), sorted([self.first, self.second]))
        self.expect(self.prune("--yes"), 0, self.second)
        self.assertEqual(self.on_token(), [self.first])
        self.assertEqual(len(self.objects()), 2, "the public half of the other is left")
        last = self.history()[-1]
        self.assertEqual((last["operation"], last["outcome"], last["keyId"]), ("key prune", "done", self.second))
        self.expect(self.prune("--yes"), 0, "no PKCS#11 token here")
        self.expect(self.run_program("token"), 0)

    def test_of_an_account_that_is_gone_all_go(self) -> None:
        self.api.call("DELETE", f"/service-accounts/{self.account}", self.api.admin())
        self.expect(self.prune("--yes"), 3, "not believed")
        self.profile_path("second").unlink()
        self.profile_path().unlink()
        self.expect(self.prune("--yes"), 0)
        self.assertEqual(self.objects(), [])

    def test_one_that_another_clients_profile_names_stays(self) -> None:
        self.delete_at_api(self.second)
        path = self.profile_path("second")
        path.write_text(path.read_text().replace(self.api.client_id, "another"))
        self.expect(self.prune("--yes"), 0, "is left", "second.env")
        self.assertEqual(self.on_token(), sorted([self.first, self.second]))

    def test_an_empty_list_is_not_believed(self) -> None:
        for fault in (
            {"action": "replace", "body": {"keys": []}},
            {"action": "status", "status": 404},
            {"action": "status", "status": 404, "body": {"title": "not_found", "detail": "x"}},
        ):
            with self.subTest(fault):
                self.api.fault(method="GET", path="*/keys", times=1, **fault)
                self.assertNotEqual(self.prune("--yes").code, 0)
                self.assertEqual(self.on_token(), sorted([self.first, self.second]))

    def test_to_another_client_id_or_server_everything_is_unknown_and_so_stays(self) -> None:
        self.delete_at_api(self.second)
        other = {"APS_CLIENT_ID": "another"}
        self.expect(self.prune("--yes", env=other), 0, "no PKCS#11 token here")
        self.expect(self.prune("--yes", "--base-url", "https://127.0.0.1:9"), 0, "no PKCS#11 token here")
        self.assertEqual(self.on_token(), sorted([self.first, self.second]))

    def test_what_no_history_tells_of_stays(self) -> None:
        self.delete_at_api(self.second)
        shutil.rmtree(self.state / "ssa-hsm" / "history")
        self.expect(self.prune("--yes"), 0, "no PKCS#11 token here")
        self.assertEqual(self.on_token(), sorted([self.first, self.second]))

    def test_a_refused_list_is_no_empty_one(self) -> None:
        self.api.fault("status", method="GET", path="*/keys", status=403, times=0)
        self.expect(self.prune("--yes"), 10)
        self.assertEqual(self.on_token(), sorted([self.first, self.second]))

    def test_a_token_that_is_away_is_passed_over(self) -> None:
        self.delete_at_api(self.second)
        self.profile_path("second").unlink()
        self.store.tokens.rename(self.dir / "away")
        self.store.tokens.mkdir()
        self.expect(self.prune("--yes"), 0, "not looked at")
        self.store.tokens.rmdir()
        (self.dir / "away").rename(self.store.tokens)
        self.assertEqual(self.on_token(), sorted([self.first, self.second]))


class History(FaultCase):
    def test_each_thing_that_was_done_is_told_once(self) -> None:
        self.expect(self.run_program("history"), 0, "nothing was done")
        self.expect(self.run_program(*CREATE), 0)
        account, kid = (self.profile()[name] for name in ("SERVICE_ACCOUNT_ID", "KEY_ID"))
        for command in (
            ("key", "disable", kid), ("key", "enable", kid), ("account", "disable"), ("account", "enable"),
            ("key", "delete", kid, "--yes"), ("account", "delete", account, "--yes"),
        ):  # fmt: skip
            self.expect(self.run_program(*command), 0)
        self.expect(self.run_program("account", "delete", account, "--yes"), 10)
        result = self.expect(self.run_program("history", "--json"), 0)
        told = [(e["operation"], e["outcome"]) for e in json.loads(result.out)]
        self.assertEqual(sorted(told), sorted([
            ("account create", "done"), ("key disable", "done"), ("key enable", "done"), ("account disable", "done"),
            ("account enable", "done"), ("key delete", "done"), ("account delete", "done"),
            ("account delete", "failed"),
        ]))  # fmt: skip
        first = json.loads(result.out)[0]
        self.assertEqual((first["serviceAccountId"], first["keyId"]), (account, kid))
        self.assertEqual(first["clientId"], self.api.client_id)
        self.assertIn("pkcs11:", first["token"])
        self.assertIsInstance(first["uid"], int)
        table = self.expect(self.run_program("history"), 0).out
        self.assertIn("account create", table)
        self.assertIn(kid, table)

    def test_the_chain_shows_a_gap_and_a_change(self) -> None:
        self.expect(self.run_program("history", "--verify"), 0, "0 entries")
        self.expect(self.run_program(*CREATE), 0)
        kid = self.profile()["KEY_ID"]
        for command in (("key", "disable", kid), ("key", "enable", kid), ("key", "disable", kid)):
            self.expect(self.run_program(*command), 0)
        folder = self.state / "ssa-hsm" / "history"
        files = sorted(folder.iterdir())
        last = hashlib.sha256(files[-1].read_bytes()).hexdigest()
        self.expect(self.run_program("history", "--verify"), 0, "4 entries", last)
        verified = json.loads(self.expect(self.run_program("history", "--verify", "--json"), 0).out)
        self.assertEqual(verified, {"entries": 4, "lastSha256": last})
        told = json.loads(self.expect(self.run_program("history", "--json"), 0).out)
        self.assertEqual([e["sequence"] for e in told], [1, 2, 3, 4])
        self.assertEqual(told[2]["previous"], hashlib.sha256(files[1].read_bytes()).hexdigest())
        text = files[1].read_bytes()
        for name, damage in {
            "a byte": lambda: files[1].write_bytes(text.replace(b'"uid":', b'"uiD":')),
            "a line": lambda: files[1].write_bytes(text[text.index(b"\n") + 1 :]),
            "another entry": lambda: files[1].write_bytes(journal.changed(text, note="another")),
            "gone": files[1].unlink,
            "another's name": lambda: files[1].rename(folder / files[1].name.replace("00000002", "00000007")),
        }.items():
            with self.subTest(name):
                damage()
                named = "missing" if not files[1].exists() else files[2 if name == "another entry" else 1].name
                self.expect(self.run_program("history", "--verify"), 3, named)
                for path in folder.glob("00000007*"):
                    path.unlink()
                files[1].write_bytes(text)
                self.expect(self.run_program("history", "--verify"), 0)

    def test_one_that_was_killed_before_it_was_put_away_keeps_its_place(self) -> None:
        self.expect(self.run_program(*CREATE), 0)
        folder = self.state / "ssa-hsm" / "history"
        (path,) = folder.iterdir()
        # As after a kill between the closing line and the rename.
        path.rename(self.state / "ssa-hsm" / "journal" / path.name.split("-", 1)[1])
        self.expect(self.run_program("key", "disable", self.profile()["KEY_ID"]), 0)
        told = json.loads(self.expect(self.run_program("history", "--json"), 0).out)
        self.assertEqual([(e["sequence"], e["operation"]) for e in told], [(1, "account create"), (2, "key disable")])
        self.expect(self.run_program("history", "--verify"), 0, "2 entries")

    def test_no_secret_is_in_it(self) -> None:
        self.expect(self.run_program(*CREATE), 0)
        for path in (self.state / "ssa-hsm").rglob("*"):
            if path.is_file():
                text = path.read_text()
                self.assertNotIn(self.api.secret, text)
                self.assertNotIn("PRIVATE KEY", text)
                self.assertEqual(path.stat().st_mode & 0o077, 0)
