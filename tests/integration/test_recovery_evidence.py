"""What recovery takes for evidence: a passing failure is none, and a key in use goes on neither side."""

from __future__ import annotations

import json
import re
import signal
from base64 import b64encode
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import keyfiles
from fault_support import (
    ACCOUNTS,
    CREATE,
    KEYS,
    PLAIN,
    PUT_PRIVATE,
    PUT_PUBLIC,
    SIGN,
    KeyCase,
)
from test_key_recover import Recovery
from test_key_rotate import Rotation


class Evidence(Recovery):
    def journal(self) -> Path:
        return self.state / "ssa-hsm" / "journal"

    def reopen(self) -> None:
        """The journal as it is when the last operation's process is killed before it closes its entry."""
        last = sorted(self.state.glob("ssa-hsm/history/*"))[-1]
        lines = last.read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if b'"step":"closed"' not in line]
        self.assertTrue(kept and kept != lines)
        entry = self.journal() / last.name.split("-", 1)[1]
        entry.write_bytes(b"".join(kept))
        entry.chmod(0o600)
        last.unlink()

    def all_there(self) -> Any:
        """What may not go: accounts and their keys, objects, profiles (but for drafts, which do)."""
        accounts = [(a["serviceAccountId"], a["status"], self.keys_of(a["serviceAccountId"])) for a in self.api.accounts()]
        kept = [name for name in self.files() if not re.search(r"\.2\d{7}T|^state/", name)]
        return (accounts, self.objects(), kept)

    def spoilt(self, faults: Iterable[tuple[str, str | dict[str, Any]]], prepare: Callable[[], None]) -> None:
        """One passing fault each in a recovery: nothing goes, the entry stays open, and the next one settles it."""
        for name, fault in faults:
            with self.subTest(name):
                self.fresh()
                prepare()
                before = self.all_there()
                if isinstance(fault, str):
                    with self.shim(fault) as log:
                        self.recover("--timeout", 2, code=13, words=("not settled",))
                    self.assertNotIn("C_DestroyObject", log.names)
                else:
                    self.api.fault(**fault)
                    self.recover("--timeout", 2, code=13, words=("not settled",))
                    self.api.control("POST", "clear")
                self.assertEqual(self.all_there(), before)
                self.assert_still_open()
                self.recover()
                self.settled()
                self.assertEqual(self.open_operations(), [])

    def settled(self) -> None:
        self.assert_whole()
        self.expect(self.run_program("token"), 0)


TOKEN_FAULTS = [
    (rule, rule)
    for rule in (
        "C_Sign 1 return CKR_DEVICE_ERROR",
        "C_SignInit 1 return CKR_FUNCTION_FAILED",
        "C_Sign 1 corrupt",
        "C_FindObjectsInit 1 return CKR_DEVICE_ERROR",
        "C_FindObjects 1 blind",
        "C_GetAttributeValue 1 return CKR_DEVICE_ERROR",
        "C_GetAttributeValue 3 return CKR_GENERAL_ERROR",
        "C_GetAttributeValue * lacks=CKA_LABEL attr=CKA_SENSITIVE return CKR_DEVICE_ERROR",
        "C_Login 1 return CKR_DEVICE_ERROR",
        "C_OpenSession 1 return CKR_DEVICE_REMOVED",
        "C_Sign 1 remove",
    )
]
API_FAULTS: list[tuple[str, dict[str, Any]]] = [
    *((f"listing {status}", {"action": "status", "method": "GET", "path": KEYS, "status": status, "times": 0})
      for status in (400, 403, 404, 500)),
    ("listing empty", {"action": "replace", "method": "GET", "path": KEYS, "body": {"keys": []}}),
    ("listing refused", {"action": "refuse", "method": "GET", "path": KEYS, "times": 0}),
    ("listing cut", {"action": "cut", "method": "GET", "path": KEYS, "times": 0}),
    ("listing garbage", {"action": "replace", "method": "GET", "path": KEYS, "body": "<html>"}),
    ("admin refused", {"action": "status", "method": "POST", "path": "/token", "status": 403}),
]  # fmt: skip


class AccountCreate(Evidence):
    def test_killed_behind_the_import(self) -> None:
        self.spoilt([*TOKEN_FAULTS, *API_FAULTS], lambda: self.killed(*CREATE, rule=f"{SIGN} kill after"))

    def test_killed_between_the_halves(self) -> None:
        self.spoilt(TOKEN_FAULTS[:3], lambda: self.killed(*CREATE, rule=f"{PUT_PUBLIC} kill before"))

    def test_killed_behind_the_profile(self) -> None:
        def prepare() -> None:
            self.expect(self.run_program(*CREATE), 0)
            self.reopen()

        self.spoilt([*TOKEN_FAULTS[:4], *API_FAULTS[:4]], prepare)

    def test_without_a_key_and_killed_behind_the_profile(self) -> None:
        self.expect(self.run_program("account", "create", "service", "my-filesync", "--no-key"), 0)
        self.reopen()
        before = self.all_there()
        self.recover(words=("has its profile",))
        self.assertEqual(self.all_there(), before)
        self.assertEqual(self.open_operations(), [])

    def test_an_account_that_was_there_before_is_not_deleted(self) -> None:
        """The API answers with the id of an older account."""
        for broken in ("at once", "killed"):
            with self.subTest(broken):
                self.fresh()
                older = self.api.control("POST", "accounts", name="older-account", createdAt="2024-01-25T03:08:04Z")
                body = {"serviceAccountId": older["serviceAccountId"], "email": older["email"]}
                self.api.fault("status", method="POST", path=ACCOUNTS, status=201, body=body)
                if broken == "at once":
                    with self.shim(f"{PUT_PRIVATE} return CKR_DEVICE_MEMORY"):
                        self.expect(self.create(), 13, "older")
                else:
                    self.killed(*CREATE, rule=f"{PUT_PRIVATE} kill before")
                self.recover(words=("older",))
                self.assertEqual([a["serviceAccountId"] for a in self.api.accounts()], [older["serviceAccountId"]])
                self.assertEqual(self.keys_of(older["serviceAccountId"]), [])
                self.assertEqual(self.objects(), [])

    def test_an_account_that_a_profile_names_is_not_taken_for_a_new_one(self) -> None:
        self.expect(self.run_program(*CREATE), 0)
        used = self.profile()
        body = {"serviceAccountId": used["SERVICE_ACCOUNT_ID"], "email": used["SSA_EMAIL"]}
        self.api.fault("status", method="POST", path=ACCOUNTS, status=201, body=body)
        self.expect(self.run_program("account", "create", "other", "account", "--profile", "other"), 13, "default.env")
        self.assert_whole()


class KeyCreate(Evidence, KeyCase):
    def settled(self) -> None:
        for path in (self.target, self.profile_path("other")):
            if path.exists():
                # It names the shim, where that was there.
                with self.shim("mechanism rsa-aes-wrap"):
                    self.expect(self.run_program("token", "--profile", path), 0)
                return
        self.fail("no profile")

    def again(self) -> None:
        """The case's account once more, after fresh()."""
        made = self.api.control("POST", "accounts", name="older-account", keys=1)
        self.account, self.foreign = made["serviceAccountId"], made["keys"][0]
        self.write_profile({"SERVICE_ACCOUNT_ID": self.account, "SSA_EMAIL": made["email"]})
        for path in self.dir.glob("new.env*"):
            path.rmdir() if path.is_dir() else path.unlink()

    def test_killed_behind_the_profile_elsewhere(self) -> None:
        def prepare() -> None:
            self.again()
            self.expect(self.run_program("key", "create", "--output", self.target, *PLAIN), 0)
            self.reopen()

        self.spoilt([*TOKEN_FAULTS[:5], *API_FAULTS[:2]], prepare)

    def test_wrapped(self) -> None:
        def prepare() -> None:
            self.again()
            way = ("--import", "wrap", "--output", self.target)
            with self.shim("mechanism rsa-aes-wrap", "C_Sign 2 kill after"):
                self.assertEqual(self.run_program("key", "create", *way).code, -signal.SIGKILL)

        self.spoilt(TOKEN_FAULTS[:4], prepare)

    def lost(self) -> str:
        """A key whose token side is gone for good: what is at the API would be undone. Gives its id."""
        self.expect(self.run_program("key", "create", "--output", self.target, *PLAIN), 0)
        kid = self.profile(self.target)["KEY_ID"]
        self.reopen()
        for kind in ("privkey", "pubkey"):
            self.store.tool("--delete-object", "--type", kind, "--id", kid.encode().hex())
        return kid

    def test_a_key_that_anything_names_goes_at_neither_side(self) -> None:
        encoded = "".join(f"%{byte:02x}" for byte in b"KID")
        places: list[tuple[str, str]] = [
            ("config/ssa-hsm/other.env", 'KEY_ID="KID"\n'),
            ("config/ssa-hsm/other", "export KEY_ID=KID\n"),
            ("config/ssa-hsm/uri.env", 'PRIVATE_KEY="pkcs11:token=x;id=KID"\n'),
            ("config/ssa-hsm/broken.env", 'KEY_ID="KID\n'),
            (encoded, ""),
        ]
        for name, text in places[:-1]:
            with self.subTest(name):
                self.fresh()
                self.again()
                kid = self.lost()
                self.target.unlink()
                path = self.dir / name
                path.write_text(text.replace("KID", kid))
                self.recover(code=13, words=(path.name, kid))
                self.assertIn(kid, self.keys_of(self.account))
                self.assert_still_open()
                path.unlink()
                self.recover(words=("undone",))
                self.assertEqual(self.keys_of(self.account), [self.foreign])
        for form in ("{:02x}", "{:02X}"):
            self.fresh()
            self.again()
            kid = self.lost()
            self.target.unlink()
            uri = "".join("%" + form.format(byte) for byte in kid.encode())
            path = self.write_profile(f'PRIVATE_KEY="pkcs11:id={uri}"\n', "encoded")
            self.recover(code=13, words=("encoded.env", kid))
            path.unlink()
            # A comment names nothing.
            self.write_profile(f"# KEY_ID={kid}\n", "comment")
            self.recover(words=("undone",))

    def test_the_environment_names_it(self) -> None:
        kid = self.lost()
        self.target.unlink()
        self.recover(code=13, words=("the environment", kid), env={"KEY_ID": kid})
        self.assertIn(kid, self.keys_of(self.account))
        self.recover(words=("undone",))

    def test_a_profile_that_cannot_be_read_is_no_proof(self) -> None:
        kid = self.lost()
        self.target.unlink()
        path = self.write_profile("X=1\n", "other")
        path.chmod(0)
        self.recover(code=13, words=("other.env", "cannot be read"))
        self.assertIn(kid, self.keys_of(self.account))
        path.unlink()
        # What is no file is no profile.
        path.symlink_to("nowhere")
        self.profile_path("folder").mkdir()
        self.recover(words=("undone",))
        self.assertEqual(self.keys_of(self.account), [self.foreign])

    def test_a_list_that_lacks_what_is_in_use_is_not_believed(self) -> None:
        self.killed("key", "create", "--output", self.target, *PLAIN, rule=f"{SIGN} kill after")
        self.write_profile({"SERVICE_ACCOUNT_ID": self.account, "KEY_ID": self.foreign, "SSA_EMAIL": "x"})
        before = self.all_there()
        self.api.fault("replace", method="GET", path=KEYS, body={"keys": []})
        self.recover(code=13, words=("not believed",))
        self.assertEqual(self.all_there(), before)
        self.recover(words=("complete at the API and on the token",))

    def test_a_gateways_404_says_nothing(self) -> None:
        for body in ("", "<html>", {"developerMessage": "The requested resource does not exist."}):
            with self.subTest(body):
                self.fresh()
                self.again()
                self.killed("key", "create", "--output", self.target, *PLAIN, rule=f"{SIGN} kill after")
                before = self.all_there()
                self.api.fault("status", method="GET", path=KEYS, status=404, body=body)
                self.recover(code=13, words=("404",))
                self.assertEqual(self.all_there(), before)
                self.recover(words=("complete at the API and on the token",))

    def test_a_newer_profile_is_not_overwritten(self) -> None:
        for what in ("another key", "another client", "folder", "unreadable", "no profile"):
            with self.subTest(what):
                self.fresh()
                self.again()
                self.target.write_text('FOO="bar"\nKEY_ID="before"\nSERVICE_ACCOUNT_ID="x"\n')
                command = ("key", "create", "--output", self.target, "--force", *PLAIN)
                self.killed(*command, rule=f"{SIGN} kill after")
                if what == "folder":
                    self.target.unlink()
                    self.target.mkdir()
                else:
                    changed = {"another key": 'KEY_ID="newer"\n', "another client": 'APS_CLIENT_ID="z"\nKEY_ID="before"\n'}
                    self.target.write_text(changed.get(what, "'"))
                    self.target.chmod(0 if what == "unreadable" else 0o600)
                was = self.target.stat().st_mtime_ns, self.target.stat().st_ino
                result = self.recover(words=("complete at the API and on the token", "new.env."))
                self.assertEqual((self.target.stat().st_mtime_ns, self.target.stat().st_ino), was)
                kid = next(k for k in self.keys_of(self.account) if k != self.foreign)
                beside = self.target.with_name(f"new.env.{kid}")
                self.assertIn(str(beside), result.err)
                self.assertEqual(beside.stat().st_mode & 0o777, 0o600)
                with self.shim():
                    self.expect(self.run_program("token", "--profile", beside), 0)

    def test_a_profile_as_it_was_is_replaced_and_one_that_is_gone_is_written(self) -> None:
        for gone in (False, True):
            with self.subTest(gone=gone):
                self.fresh()
                self.again()
                self.target.write_text('FOO="bar"\nKEY_ID="before"\nSERVICE_ACCOUNT_ID="x"\n')
                command = ("key", "create", "--output", self.target, "--force", *PLAIN)
                self.killed(*command, rule=f"{SIGN} kill after")
                if gone:
                    self.target.unlink()
                self.recover(words=("complete at the API and on the token",))
                self.assertEqual("FOO" in self.target.read_text(), not gone)
                with self.shim():
                    self.expect(self.run_program("token", "--profile", self.target), 0)

    def test_a_key_that_was_there_before_is_none_that_was_made(self) -> None:
        body = {"kid": self.foreign, "privateKey": keyfiles.pem()}
        self.api.fault("status", method="POST", path=KEYS, status=201, body=body)
        self.expect(self.create_key(), 12, "had before")
        self.assert_untouched()

    def test_no_from_in_between_is_no_answer(self) -> None:
        """The server has acted; what stands in between says no."""
        for status in (301, 302, 303, 307, 308, 401, 402, 405, 406, 407, 408, 410, 413, 417, 421, 425, 451):
            for acted in (True, False):
                with self.subTest(status, acted=acted):
                    self.api.fault("status", method="POST", path=KEYS, status=status, act=acted)
                    result = self.create_key()
                    self.assertIn(result.code, (12,) if acted else (8, 9, 10, 12), result.err)
                    self.assert_untouched()
                    self.assertEqual(self.open_operations(), [])


class Rotate(Evidence, Rotation):
    def again(self) -> None:
        self.expect(self.run_program(*CREATE), 0)
        self.was = self.profile()
        self.account, self.old = self.was["SERVICE_ACCOUNT_ID"], self.was["KEY_ID"]

    def settled(self) -> None:
        self.expect(self.run_program("token"), 0)
        if self.open_operations():
            self.expect(self.rotate("--finish"), 0)
        self.assert_rotated(old_there=False)

    def test_the_proofs_assertion(self) -> None:
        def prepare() -> None:
            self.again()
            self.killed("key", "rotate", "--now", *PLAIN, rule="C_Sign 2 kill after")

        faults: list[tuple[str, str | dict[str, Any]]] = [
            (f"assertion {status}", {"action": "status", "method": "POST", "path": "/token", "status": status, "skip": 1,
                                     "times": 0})
            for status in (400, 401, 403, 500)
        ]  # fmt: skip
        faults.append(("lost", {"action": "drop", "method": "POST", "path": "/token", "skip": 1, "times": 0}))
        self.spoilt([*faults, *TOKEN_FAULTS[:3], ("the proof's", "C_Sign 2 corrupt")], prepare)

    def test_behind_the_profile(self) -> None:
        def prepare() -> None:
            self.again()
            self.expect(self.rotate(), 0)
            entry = next(self.journal().glob("2*"))
            lines = entry.read_bytes().splitlines(keepends=True)
            entry.write_bytes(b"".join(line for line in lines if b'"step":"switched"' not in line))

        faults: list[tuple[str, str | dict[str, Any]]] = [
            ("assertion", {"action": "status", "method": "POST", "path": "/token", "status": 400, "skip": 1})
        ]
        self.spoilt([*faults, *TOKEN_FAULTS[:2]], prepare)

    def test_another_rotation_in_the_meantime(self) -> None:
        """The profile names a third key: it stays, and so does the old one."""
        self.killed("key", "rotate", "--now", *PLAIN, rule="C_Sign 2 kill after")
        text = self.profile_path().read_text().replace(self.old, "third-key")
        self.profile_path().write_text(text)
        self.recover(words=("default.env.",))
        self.assertEqual(self.profile_path().read_text(), text)
        self.assertIn(self.old, self.keys_of(self.account))
        self.assertIn(self.old, self.on_token())


class Import(Evidence):
    KID = "7b2d6f1e-1111-4222-8333-944445555666"

    def setUp(self) -> None:
        super().setUp()
        self.old_file = self.dir / "old.pem"
        self.old_file.write_text(keyfiles.pem())
        self.old_file.chmod(0o600)
        self.command = ("key", "import", self.old_file, "--key-id", self.KID, "--account", "ACCOUNT1", *PLAIN)

    def plant(self, label: str = "foreign") -> list[tuple[str, str]]:
        """Both halves of another's key under that id."""
        made = self.store.tool("--keypairgen", "--key-type", "rsa:2048", "--id", self.KID.encode().hex(), "--label", label)
        self.assertEqual(made.returncode, 0, made.stderr)
        return self.objects()

    def test_what_was_there_before_stays(self) -> None:
        foreign = self.plant()
        self.expect(self.run_program(*self.command), 14, "already holds")
        self.assertEqual(self.open_operations(), [])
        for number in range(1, 12):
            with self.shim(f"C_FindObjectsInit {number} kill after"):
                self.run_program(*self.command)
            self.recover()
            self.assertEqual(self.objects(), foreign)

    def test_what_was_there_before_stays_where_a_search_finds_nothing_once(self) -> None:
        """The same key under the same id: but for the search nothing tells the two apart."""
        self.expect(self.run_program(*self.command), 0)
        before = self.objects()
        for search in range(1, 9):
            for rule in (f"{PUT_PRIVATE} return CKR_DEVICE_MEMORY", f"{SIGN} kill after"):
                with self.shim(f"C_FindObjects {search} blind", rule):
                    self.run_program(*self.command, "--force")
                self.recover()
                self.assertEqual(self.objects(), before, (search, rule))

    def test_what_came_in_between_stays(self) -> None:
        """The operation had made nothing when it was killed; then somebody makes a key of that id."""
        self.killed(*self.command, rule=f"{PUT_PRIVATE} kill before")
        foreign = self.plant()
        self.recover(code=13, words=("another key",))
        self.assertEqual(self.objects(), foreign)
        self.recover("--forget", words=("forgotten",))
        self.assertEqual(self.objects(), foreign)

    def test_with_one_half_of_its_own_and_a_failure(self) -> None:
        self.spoilt(TOKEN_FAULTS[:4], lambda: self.killed(*self.command, rule=f"{SIGN} kill after"))

    def settled(self) -> None:
        self.assertEqual(self.profile()["KEY_ID"], self.KID)

    def test_the_file_that_it_came_from_names_it(self) -> None:
        """A block with a PEM in it needs nothing that is on the token."""
        block = self.write_profile(
            {"APS_CLIENT_ID": self.api.client_id, "SERVICE_ACCOUNT_ID": "ACCOUNT1", "KEY_ID": self.KID,
             "SSA_EMAIL": "", "PRIVATE_KEY": keyfiles.pem()}, "old"
        )  # fmt: skip
        with self.shim(f"{SIGN} return CKR_DEVICE_ERROR"):
            self.expect(self.run_program("key", "import", block, *PLAIN), 7)
        self.assertEqual(self.objects(), [])


    def test_killed_where_the_profile_replaces_the_block(self) -> None:
        """Of the block go the key and what was called by old names, as when it is not killed; the rest stays."""
        pem = keyfiles.pem()
        spellings = (
            f"SERVICE_ACCOUNT_ID=ACCOUNT1\nKEY_ID={self.KID}\nSSA_EMAIL=a@b\nPRIVATE_KEY='{pem}'\n",
            f"APS_SA_ID=ACCOUNT1\nAPS_SA_KEY_ID={self.KID}\nAPS_SA_EMAIL=a@b\nAPS_SA_PRIVATE_KEY='{pem}'\n",
            f"SSA_ID=ACCOUNT1\nKEY_ID={self.KID}\nSSA_KEY_BASE64={b64encode(pem.encode()).decode()}\n",
        )
        block = self.profile_path("old")
        # The account is made up, so the API cannot prove the key.
        command = ("key", "import", block, "--output", block, "--force", "--offline", *PLAIN)
        for serial, text in enumerate(spellings):
            with self.subTest(serial):
                written = f"# mine\nAPS_CLIENT_ID={self.api.client_id}\n{text}OTHER=stays\n"
                self.put(block, written)
                with self.shim():
                    self.expect(self.run_program(*command), 0)
                wanted = block.read_text()
                self.assertIn("OTHER=stays", wanted)
                self.assertEqual([n for n in ("APS_SA", "SSA_ID", "BASE64", "BEGIN") if n in wanted], [])
                self.fresh()
                self.put(block, written)
                self.killed(*command, rule=f"{SIGN} kill after")
                self.assertEqual(block.read_text(), written)
                self.recover(words=("complete on the token", "old.env", "not overwritten"))
                self.assertEqual(block.read_text(), wanted)
                self.assertEqual(self.open_operations(), [])
                self.fresh()

    def put(self, block: Path, text: str) -> None:
        block.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        block.write_text(text)
        block.chmod(0o600)

class Rehearsal(Evidence):
    """A token that makes objects which stay of session objects, as MyEID through OpenSC does."""

    STAYS = ("info manufacturer X", "token manufacturer X", "token model X", "template set CKA_TOKEN true")

    def test_killed_in_it(self) -> None:
        for rule in ("C_CreateObject 1 kill after", "C_CreateObject 2 kill after", "C_Sign 1 kill after",
                     "C_DestroyObject 1 kill before", "C_DestroyObject 2 kill before"):  # fmt: skip
            with self.subTest(rule):
                self.fresh()
                self.plant()
                with self.shim(*self.STAYS, rule):
                    self.assertEqual(self.create().code, -signal.SIGKILL)
                self.assertGreater(len(self.objects()), 2)
                self.assertEqual(self.api.asked(), [])
                self.expect(self.run_program("key", "recover"), 0, "rehearsal", "destroyed")
                self.assertEqual(len(self.objects()), 2, "another's, or something of ours")
                self.assertEqual(self.open_operations(), [])
                with self.shim(*self.STAYS):
                    self.expect(self.create(), 0)
                self.assertEqual(len(self.objects()), 4)

    def test_killed_with_the_transport_keys_there(self) -> None:
        wrapping = (*self.STAYS, "mechanism rsa-aes-wrap")
        for rule in ("C_GenerateKeyPair 1 kill after", "C_DestroyObject 1 kill before"):
            with self.subTest(rule):
                self.fresh()
                with self.shim(*wrapping, rule):
                    self.assertEqual(self.create("--import", "auto").code, -signal.SIGKILL)
                self.assertGreater(len(self.objects()), 0)
                self.recover(words=("rehearsal",))
                self.assertEqual(self.objects(), [])

    def test_one_of_another_run_stays(self) -> None:
        with self.shim(*self.STAYS, "C_Sign 1 kill after"):
            self.create()
        first = self.objects()
        with self.shim(*self.STAYS):
            self.expect(self.create(), 0)
        self.assertEqual(len(self.objects()), len(first) + 2)
        self.recover()
        self.assertEqual(len(self.objects()), 2)

    def plant(self) -> None:
        """Another's, of the name that is nobody's own."""
        id_ = b"ssa-hsm rehearsal".hex()
        self.store.tool("--keypairgen", "--key-type", "rsa:2048", "--id", id_, "--label", "ssa-hsm rehearsal")
