"""What tests of faults ask in the end: what is left, at the API, on the token and on the disk, and how it was said."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import emulation
import masking
import softtoken
import suggesting
from harness import SLOW, TIMEOUT, Case, Result

FIRST, LAST = "service", "my-filesync"
NAME = f"{FIRST}-{LAST}"
# Faults are of the calls of a plain import, which every token has; test_wrapped_import.py is for those of the other.
PLAIN = ("--import", "plain")
CREATE = ("account", "create", FIRST, LAST, *PLAIN)
# The calls of a creation on a token that takes a key plainly, behind those of the rehearsal: a private key that is
# read back, signs and goes with its public half.
PUT_PRIVATE, PUT_PUBLIC = "C_CreateObject 2 class=CKO_PRIVATE_KEY", "C_CreateObject 2 class=CKO_PUBLIC_KEY"
READ_BACK, SIGN_INIT, SIGN, DESTROY = "C_GetAttributeValue 4", "C_SignInit 2", "C_Sign 2", "C_DestroyObject 3"
# Seconds for all answers: one retry fits, and a server that hangs does not hold a test up for long.
BRIEF = 2 * SLOW
# A fault as tests/emulator/README.md describes it.
Fault = dict[str, Any]
KEYS = "/service-accounts/*/keys"
ACCOUNTS = "/service-accounts"


def eventually(condition: Callable[[], object], what: str, timeout: float = 15 * SLOW) -> None:
    """Waits until it holds; points that the other process reaches can only be looked for."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain until {what}")
        time.sleep(0.01)


@functools.cache
def one_key() -> str:
    """The key that the emulator hands out again and again here."""
    return emulation.pool_key(emulation.ONE_KEY)


class FaultCase(Case):
    """A test that looks at all places where something may be left."""

    def setUp(self) -> None:
        super().setUp()
        self.api.control("POST", "keys", pem=one_key())

    def create(self, *more: object, **options: Any) -> Result:
        command = CREATE[: -len(PLAIN)] if "--import" in more else CREATE
        return self.run_program(*command, "--timeout", BRIEF, *more, **options)

    def limited(self, limits: str, *arguments: object, **options: Any) -> Result:
        """Runs the program behind a few words of shell, which set limits, traps or standard files."""
        return self.run_command(["/bin/sh", "-c", f'{limits}; exec "$@"', "sh", *self.argv(*arguments)], **options)

    def fresh(self) -> None:
        """As at the test's beginning, for the next subtest: no accounts, an empty token, no files."""
        self.api.clean()
        self.api.control("POST", "keys", pem=one_key())
        self.store.copy_from(softtoken.template())
        for folder in (self.config / "ssa-hsm", self.state):
            shutil.rmtree(folder, ignore_errors=True)

    # ---- what there is ----

    def objects(self) -> list[tuple[str, str]]:
        """The token's objects as (kind, hexadecimal id), seen with pkcs11-tool."""
        return self.store.objects()

    def keys_of(self, account: str) -> list[str]:
        """The kids that the API has for an account."""
        for found in self.api.control("GET", "state")["accounts"]:
            if found["serviceAccountId"] == account:
                return [key["kid"] for key in found["keys"]]
        return []

    def files(self) -> list[str]:
        """Every file of ours but the journal's: profiles, drafts of them, records. (Beside them the harness keeps
        p11-kit's.)"""
        folders = [self.config / "ssa-hsm", self.state, self.home]
        found = [p for f in folders for p in f.rglob("*") if not p.is_dir()]
        return sorted(str(p.relative_to(self.dir)) for p in found if p.parent.name not in ("history", "journal"))

    def open_operations(self) -> list[str]:
        """What the journal has that is not over."""
        folder = self.state / "ssa-hsm" / "journal"
        return sorted(p.name for p in folder.glob("*") if not p.name.startswith(".")) if folder.exists() else []

    # ---- what must be ----

    def assert_nothing_left(self) -> None:
        """No account, no object, no file: as if the command had not run."""
        self.assertEqual(self.api.accounts(), [], "left at the API")
        self.assertEqual(self.objects(), [], "left on the PKCS#11 token")
        self.assertEqual(self.files(), [], "left on the disk")
        self.assertEqual(self.open_operations(), [], "left in the journal")

    def assert_still_open(self) -> None:
        """One operation is not over: `key recover` has something to do."""
        self.assertEqual(len(self.open_operations()), 1)

    def assert_settled(self) -> None:
        """After a command that a message named there is nothing left but the journal's entry, which sees that."""
        self.assert_still_open()
        self.expect(self.run_program("key", "recover"), 0)
        self.assert_nothing_left()

    def assert_whole(self, profile: Path | None = None) -> dict[str, str]:
        """One account with one key at the API, the same on the token, and a profile that names both."""
        path = profile or self.profile_path()
        values = self.profile(path)
        accounts = self.api.accounts()
        self.assertEqual([a["serviceAccountId"] for a in accounts], [values["SERVICE_ACCOUNT_ID"]])
        self.assertEqual(self.keys_of(values["SERVICE_ACCOUNT_ID"]), [values["KEY_ID"]])
        id_ = values["KEY_ID"].encode().hex()
        self.assertEqual(self.objects(), [("Private", id_), ("Public", id_)])
        self.assertEqual([p.name for p in path.parent.iterdir() if p.name.startswith(path.name)], [path.name])
        return values

    def assert_both_sides_agree(self) -> bool:
        """Either all of it is there or none of it; says which."""
        if self.profile_path().exists():
            self.assert_whole()
            return True
        self.assert_nothing_left()
        return False

    def assert_said_briefly(self, result: Result) -> None:
        """The failure is told last, in one line or two, and neither can steer a terminal."""
        lines = result.err.splitlines()
        starts = [i for i, line in enumerate(lines) if line.startswith("ssa-hsm: ")]
        self.assertTrue(starts, masking.mask(str(result)))
        self.assertLessEqual(len(lines) - starts[-1], 2, masking.mask(str(result)))
        self.assertEqual(re.findall(r"[^\n -~\u00a0-\uffff]", result.err), [], "control characters")

    def expect_failure(self, result: Result, code: int, *words: str) -> Result:
        """An exit code, words of the message, nothing on standard output, told briefly."""
        self.expect(result, code, *words, out="")
        self.assert_said_briefly(result)
        return result

    # ---- doing what a message says ----

    def follow(self, result: Result, start: str) -> None:
        """Runs the command that a message names, exactly as it stands there, as a person in a shell would."""
        match = re.search(rf"{re.escape(start)}[^\n`]*", result.err)
        self.assertIsNotNone(match, masking.mask(str(result)))
        assert match
        command = match[0].strip().rstrip(".")
        self.assertNotRegex(command, r"\b(KEY_ID|ID|ACCOUNT)\b|…", "a placeholder cannot be typed")
        if command.startswith("ssa-hsm "):
            self._pasted.add(suggesting.kind(command))
        self.type_into_shell(command)


class KeyCase(FaultCase):
    """An older account with a key that another host made, and a profile that names the account alone."""

    def setUp(self) -> None:
        super().setUp()
        made = self.api.control("POST", "accounts", name="older-account", keys=1)
        self.account: str = made["serviceAccountId"]
        self.foreign: str = made["keys"][0]
        names = {"SERVICE_ACCOUNT_ID": self.account, "SSA_EMAIL": made["email"]}
        self.write_profile(names)
        self.target = self.dir / "new.env"
        self.api.forget_requests()

    def create_key(self, *more: object, **options: Any) -> Result:
        command = ("key", "create", "--output", self.target, "--timeout", BRIEF, *PLAIN)
        return self.run_program(*command, *more, **options)

    def assert_untouched(self) -> None:
        """The account has the foreign key alone, the token nothing, and no file was made."""
        self.assertEqual(self.keys_of(self.account), [self.foreign])
        self.assertEqual(self.objects(), [])
        self.assertEqual(self.files(), ["config/ssa-hsm/default.env"])
        self.assertEqual([p.name for p in self.dir.iterdir() if p.name.startswith("new.env")], [])


def background(case: Case, *arguments: object, env: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Starts the program; the caller waits for it with ended()."""
    process = case.start(case.argv(*arguments), env=env)
    case.addCleanup(_end, process)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
        process.communicate()


def ended(process: subprocess.Popen[bytes], timeout: float = TIMEOUT) -> Result:
    out, err = process.communicate(timeout=timeout)
    return Result(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"), out)
