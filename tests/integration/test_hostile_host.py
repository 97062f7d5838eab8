"""Another program in place of the host (SSA_HSM_HOST), whose answers are lies: the program neither crashes nor hangs,
no lie is a success, and what it says is brief. hostile_host.py is that program."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import jwt as pyjwt
import keyfiles
import masking
import places
import softtoken
from bad_module import members
from fault_support import KeyCase, eventually
from harness import LABEL, SLOW, TIMEOUT, Case, Result
from secret_support import SecretCase

HOST = Path(__file__).with_name("hostile_host.py")
# Numbers of calls, as in hsm/host/protocol.h.
CALLS = {
    "C_GetFunctionList": 1, "C_Initialize": 2, "C_Finalize": 3, "C_GetInfo": 4, "C_GetSlotList": 5, "C_GetSlotInfo": 6,
    "C_GetTokenInfo": 7, "C_GetMechanismInfo": 8, "C_OpenSession": 9, "C_CloseSession": 10, "C_Login": 12, "C_Logout": 13, "C_CreateObject": 14,
    "C_DestroyObject": 15, "C_GetAttributeValue": 16, "C_FindObjectsInit": 18, "C_FindObjects": 19,
    "C_FindObjectsFinal": 20, "C_SignInit": 21, "C_Sign": 22, "C_GetAttributeValue of many": 27,
}  # fmt: skip
# In the order of a signature.
SIGNING = (
    "C_GetFunctionList", "C_Initialize", "C_GetInfo", "C_GetSlotList", "C_GetSlotInfo", "C_GetTokenInfo",
    "C_OpenSession", "C_Login", "C_FindObjectsInit", "C_FindObjects", "C_FindObjectsFinal", "C_GetAttributeValue",
    "C_SignInit", "C_Sign",
)  # fmt: skip
CLOSING = ("C_Logout", "C_CloseSession", "C_Finalize")
NONSENSE, CLOSED = "answer to {} makes no sense", "closed its connection in {}"
# What cannot be an answer, whatever was asked.
BROKEN = {
    "kind:3": NONSENSE,
    "kind:2": NONSENSE,
    "kind:18446744073709551615": NONSENSE,
    "kind:1": NONSENSE,
    "own:gone": NONSENSE,
    "own:late": NONSENSE,
    "own:interrupted": NONSENSE,
    "own:nonsense": NONSENSE,
    "half": NONSENSE,
    "extra": NONSENSE,
    "oversized": NONSENSE,
    "enormous": NONSENSE,
    "noise": NONSENSE,
    "empty": CLOSED,
    "close": CLOSED,
    "exit:0": "ended its process in {} (exit status 0)",
    "exit:3": "ended its process in {} (exit status 3)",
    "die:11": "crashed in {} (SEGV)",
    "die:6": "crashed in {} (ABRT)",
    "die:35": "crashed in {} (signal 35)",
}
# Answers that are whole and of another size than they say.
SIZES = {
    "C_GetFunctionList": ("cut", "number:0=3", "number:1=4097", "number:1=18446744073709551615"),
    "C_GetInfo": ("cut", "head", "number:0=65536", "number:1=31"),
    "C_GetSlotList": ("cut", "number:1=9", "number:1=2049", "number:1=18446744073709551608"),
    "C_GetTokenInfo": ("head", "cut", "number:0=207", "number:0=209"),
    "C_OpenSession": ("head",),
    "C_FindObjects": ("head", "cut", "number:1=8193", "number:1=7"),
    "C_GetAttributeValue": ("head", "cut", "number:1=16385", "number:1=18446744073709551615", "number:0=0"),
    "C_Sign": ("head", "cut", "number:0=255", "number:1=255", "number:1=0", "number:1=257", "value-gone"),
}
# Numbers that may be anything: handles, counts, lengths, flags, results.
EXTREMES = ("0", "1", "0x7fffffffffffffff", "0xffffffffffffffff")
RESULTS = ("0x1", "0x5", "0x13", "0x32", "0xb3", "0x101", "0x150", "0x190", "0xa0", "0xffffffffffffffff")
DOCUMENTED = {1, 4, 5, 6, 7, 8}
ABSENT, TOKEN_FAILED = 4, 7
SOON = 4 * SLOW


class Hostile(Case):
    """The program with a host that lies."""

    def hostile(self, call: str | None, lie: str, which: object = 1) -> dict[str, str]:
        number = 0 if call is None else CALLS[call]
        told = f"{number} {which} {lie}"
        return {"SSA_HSM_HOST": str(HOST), "HOSTILE_HOST_REAL": str(places.host()), "HOSTILE_HOST": told}

    def told(self, env: dict[str, str], *arguments: object) -> Result:
        """To its end, within the time, with documented exit codes, and with nothing left over."""
        began = time.monotonic()
        with self.start(self.argv(*arguments), env=env) as process:
            try:
                out, err = process.communicate(timeout=TIMEOUT)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                self.fail(f"{arguments} was still running: {env['HOSTILE_HOST']}")
        result = Result(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"), out)
        self.assertLess(time.monotonic() - began, SOON, masking.mask(str(result)))
        # The real one behind it ends when it hears that the other is gone.
        eventually(lambda: not members(process.pid), "nothing is left", SOON)
        self.assertIn(result.code, {0, *DOCUMENTED, 12, 13}, masking.mask(str(result)))
        self.assertEqual(re.findall(r"[^\n -~\u00a0-\uffff]", result.err), [], masking.mask(str(result)))
        self.assertNotIn("Sanitizer", result.err)
        return result

    def refused(self, result: Result, words: str, code: int = ABSENT) -> None:
        self.expect(result, code, words, out="")
        self.assertIn(str(places.softhsm()), result.err)
        last = result.err[result.err.rindex("ssa-hsm: ") :]
        self.assertLessEqual(len(last.splitlines()), 2, masking.mask(str(result)))


class Signing(Hostile):
    """jwt and token, with the class's own account and key."""

    def setUp(self) -> None:
        super().setUp()
        self.own = self.provisioned()
        self.public = keyfiles.public_on_token(self.store, self.own["KEY_ID"])

    def assert_signed(self, result: Result) -> None:
        """It is an assertion whose signature verifies, and nothing else."""
        self.expect(result, 0)
        self.assertEqual(result.out.count("\n"), 1)
        signed, options = result.out.strip(), {"verify_aud": False}
        pyjwt.decode(signed, self.public, algorithms=["RS256"], options=options)  # type: ignore[arg-type]

    def test_what_cannot_be_an_answer(self) -> None:
        for i, (lie, words) in enumerate(BROKEN.items()):
            # Each lie at some calls, each call with some lies.
            for call in (*SIGNING[i % 5 :: 5], *CLOSING[i % 3 :: 3]):
                with self.subTest(call, lie=lie):
                    result = self.told(self.hostile(call, lie), "jwt")
                    if call in CLOSING:
                        self.assert_signed(result)
                    else:
                        self.refused(result, words.format(call))

    def test_before_it_is_asked(self) -> None:
        for lie in ("exit:0", "exit:3", "die:11", "close"):
            with self.subTest(lie):
                result = self.told(self.hostile(None, lie), "token")
                self.refused(result, BROKEN[lie].format("C_GetFunctionList"))
        # The answer is seen, or that its process has ended since.
        result = self.told(self.hostile(None, "early"), "token")
        self.refused(result, "C_GetFunctionList")
        self.assertRegex(result.err, "makes no sense|ended its process")

    def test_an_answer_that_comes_twice(self) -> None:
        for call in SIGNING:
            with self.subTest(call):
                result = self.told(self.hostile(call, "twice"), "jwt")
                # After the last answer nobody listens.
                if call == "C_Sign":
                    self.assert_signed(result)
                else:
                    self.refused(result, "makes no sense")

    def test_sizes_that_are_not_so(self) -> None:
        for call, lies in SIZES.items():
            for lie in lies:
                with self.subTest(call, lie=lie):
                    self.refused(self.told(self.hostile(call, lie), "jwt"), NONSENSE.format(call))

    def test_numbers_that_may_be_anything_are_an_error_or_do_no_harm(self) -> None:
        for i, call in enumerate((*SIGNING[1:], *CLOSING)):
            for at, number in enumerate(EXTREMES[i % 2 :: 2]):
                # Behind the two numbers is the signature itself, which whoever asks for it has to verify.
                lie = f"number:{(i + at) % (2 if call == 'C_Sign' else 3)}={number}"
                with self.subTest(call, lie=lie):
                    result = self.told(self.hostile(call, lie), "jwt")
                    if result.code == 0:
                        self.assert_signed(result)

    def test_results_that_are_not_so(self) -> None:
        for i, call in enumerate((*SIGNING[1:], *CLOSING)):
            for value in RESULTS[i % 5 :: 5]:
                with self.subTest(call, value=value):
                    result = self.told(self.hostile(call, f"result:{value}", "*"), "jwt")
                    if result.code == 0:
                        self.assert_signed(result)

    def test_a_signature_of_another_length(self) -> None:
        for length in (0, 1, 128, 255, 512):
            with self.subTest(length):
                result = self.told(self.hostile("C_Sign", f"signature:{length}"), "jwt")
                self.expect(result, TOKEN_FAILED, "the signature has", str(length), out="")
        self.refused(self.told(self.hostile("C_Sign", "signature:8192"), "jwt"), NONSENSE.format("C_Sign"))

    def test_one_that_never_answers_is_given_up_in_time(self) -> None:
        for call in ("C_GetFunctionList", "C_GetTokenInfo", "C_Login", "C_Sign"):
            for lie in ("never", "flood") if call == "C_Login" else ("never",):
                with self.subTest(call, lie=lie):
                    result = self.told(self.hostile(call, lie), "token", "--timeout", 1)
                    self.refused(result, f"does not answer ({call})")
        result = self.told(self.hostile("C_Finalize", "never"), "token", "--timeout", 1)
        self.assertIn("access_token", json.loads(self.expect(result, 0).out))

    def test_what_could_not_be_asked_is_not_absent(self) -> None:
        for call in ("C_FindObjects", "C_GetAttributeValue of many"):
            with self.subTest(call):
                result = self.told(self.hostile(call, "die:11"), "doctor")
                self.assertEqual(result.code, ABSENT, masking.mask(str(result)))
                self.assertIn(f"crashed in {call.partition(' ')[0]}", result.out)
                words = f"crashed in {call.partition(' ')[0]}"
                self.expect(self.told(self.hostile(call, "die:11"), "key", "list"), 0, words)

    def test_one_that_is_given_up_before_the_pin_is_sent_is_not_called_a_token_that_is_gone(self) -> None:
        result = self.told(self.hostile("C_GetSlotList", "never", 2), "token", "--timeout", 1)
        self.refused(result, "does not answer (C_GetSlotList)")
        self.assertIn("No PIN was sent", result.err)

    def test_what_it_prints_is_neither_a_result_nor_in_the_way(self) -> None:
        for call in ("C_Initialize", "C_Sign", "C_Finalize"):
            with self.subTest(call):
                result = self.told(self.hostile(call, "prints"), "token")
                self.assertIn("access_token", json.loads(self.expect(result, 0).out))
                self.assertEqual(result.err, "")

    def test_a_file_of_the_module_that_is_none(self) -> None:
        pipe = self.dir / "pipe"
        os.mkfifo(pipe)
        for path in (pipe, self.dir, "/dev/zero", "/nowhere", "\x1b[2J", "x" * 4096):
            with self.subTest(path):
                result = self.told(self.hostile("C_GetFunctionList", f"path:{path}"), "key", "verify", "--json")
                self.assertTrue(json.loads(self.expect(result, 0).out)["signatureVerified"])

    def test_token_prints_nothing_of_a_lie(self) -> None:
        for i, call in enumerate(SIGNING):
            lie = [*BROKEN][i]
            with self.subTest(call, lie=lie):
                self.refused(self.told(self.hostile(call, lie), "token"), BROKEN[lie].format(call))
        self.assertEqual(self.api.asked(), [])


class Listing(Hostile):
    needs_api = False

    def test_hsm_list(self) -> None:
        used = ("C_GetFunctionList", "C_Initialize", "C_GetInfo", "C_GetSlotList", "C_GetSlotInfo", "C_GetTokenInfo")
        for i, call in enumerate(used):
            for lie in [*BROKEN][i :: len(used)]:
                with self.subTest(call, lie=lie):
                    self.refused(self.told(self.hostile(call, lie), "hsm", "list"), BROKEN[lie].format(call))
            for number in EXTREMES[i % 2 :: 2]:
                self.told(self.hostile(call, f"number:{i % 3}={number}"), "hsm", "list", "--json")

    def test_hsm_list_of_keys(self) -> None:
        for i, call in enumerate(SIGNING[6:11]):
            lie = [*BROKEN][3 * i]
            with self.subTest(call, lie=lie):
                result = self.told(self.hostile(call, lie), "hsm", "list", "--login")
                self.assertNotEqual(result.code, 0)
                self.assertIn(BROKEN[lie].format(call), result.err)


class Secrets(SecretCase, Hostile):
    def test_a_token_that_nobody_can_ask_is_not_said_to_be_another_than_the_keys(self) -> None:
        self.use(self.imported())
        # The third time, it is asked whether the secret's token is the key's.
        result = self.told(self.hostile("C_GetInfo", "exit:3", 3), "token")
        self.refused(result, BROKEN["exit:3"].format("C_GetInfo"))


class Keys(KeyCase, Hostile):
    """Making a key: what was begun is undone by a fresh host, or said to be left and recovered by an honest one."""

    @contextlib.contextmanager
    def honest_end(self) -> Iterator[None]:
        yield
        if self.open_operations():
            self.expect(self.run_program("key", "recover"), 0)
        self.assertEqual(self.keys_of(self.account), [self.foreign])
        self.assertEqual(self.objects(), [])
        self.assertFalse(self.target.exists())
        self.assertEqual(self.open_operations(), [])

    def test_key_create(self) -> None:
        command = ("key", "create", "--output", self.target, "--import", "plain")
        lies = ("exit:3", "kind:3", "extra", "empty", "half", "own:gone")
        calls = ("C_CreateObject", "C_GetAttributeValue", "C_SignInit", "C_Sign", "C_DestroyObject", "C_Login")
        for i, call in enumerate(calls):
            for which in (1, 2, 3):
                lie = lies[(i + which) % len(lies)]
                with self.subTest(call, which=which, lie=lie), self.honest_end():
                    result = self.told(self.hostile(call, lie, which), *command)
                    if result.code == 0:
                        # There were not so many, or the last of them only ended something.
                        self.expect(self.run_program("key", "verify", "--profile", self.target), 0)
                        kid = self.profile(self.target)["KEY_ID"]
                        self.expect(self.run_program("key", "delete", kid, "--profile", self.target, "--yes"), 0)
                        self.target.unlink()
                        self.store.copy_from(softtoken.template())
                    else:
                        self.assertEqual(result.out, "")

    def test_a_rehearsal_that_a_crash_ends_leaves_nothing_to_remove(self) -> None:
        # A session object ends with the process that the module was in.
        command = ("key", "create", "--output", self.target, "--import", "plain")
        for call in ("C_GetAttributeValue", "C_SignInit", "C_Sign", "C_DestroyObject"):
            with self.subTest(call), self.honest_end():
                result = self.told(self.hostile(call, "die:11"), *command)
                self.refused(result, f"crashed in {call} (SEGV)")
                self.assertNotIn("Remove it", result.err)
                self.assertEqual(self.open_operations(), [])

    def test_a_token_that_nobody_can_ask_is_not_said_to_be_unable(self) -> None:
        for lie in ("exit:3", "close", "kind:3", "half"):
            with self.subTest(lie), self.honest_end():
                result = self.told(self.hostile("C_GetMechanismInfo", lie), "key", "create", "--output", self.target)
                self.refused(result, BROKEN[lie].format("C_GetMechanismInfo"))

    def test_a_proof_of_another_length_is_none(self) -> None:
        for which in (1, 2):
            with self.subTest(which), self.honest_end():
                env = self.hostile("C_Sign", "value-gone", which)
                result = self.told(env, "key", "create", "--output", self.target, "--import", "plain")
                self.assertNotEqual(result.code, 0)

    def test_key_list(self) -> None:
        for i, call in enumerate(("C_GetFunctionList", "C_GetSlotList", "C_GetTokenInfo", "C_FindObjects")):
            lie = [*BROKEN][5 * i]
            with self.subTest(call, lie=lie):
                result = self.told(self.hostile(call, lie), "key", "list", "--login")
                self.assertIn(BROKEN[lie].format(call), result.err)
        # What is told of keys in one answer.
        for lie in ("head", "cut", "number:1=16385", "number:0=0", "empty", "die:11", "kind:2", "noise"):
            with self.subTest(lie):
                result = self.told(self.hostile("C_GetAttributeValue of many", lie), "key", "list")
                self.assertNotIn(LABEL, result.out)
