"""The wrapped way in: the key is encrypted for a key pair that the token makes, and unwrapped inside."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from typing import Any

import keyfiles
import places
from fault_support import KEYS, FaultCase
from harness import PIN, CallLog, Result
from test_key_object import FLAGS, NUMBERS, READER, SENSITIVE_VALUE
from test_other_tokens import PRIVATE, UNKNOWN

# What a token that takes no key in the clear may say.
REFUSALS = ("CKR_FUNCTION_NOT_SUPPORTED", "CKR_TEMPLATE_INCONSISTENT")
OAEP, PAD = "CKM_RSA_PKCS_OAEP", "CKM_AES_KEY_WRAP_PAD"
NO_PAD = f"mechanism hide {PAD}"
WHOLE, KWP = "CKM_RSA_AES_KEY_WRAP", "CKM_AES_KEY_WRAP_KWP"
# What SoftHSM calls PAD is what the standard calls KWP, and with OAEP before it the whole.
AS_WHOLE = ("mechanism rsa-aes-wrap", NO_PAD)
MAKERS = "CKM_MAKERS_AES_KWP"
SCHEMES = (
    (WHOLE, AS_WHOLE),
    (KWP, (f"mechanism rename {PAD} {KWP}",)),
    (PAD, ()),
    (MAKERS, (f"mechanism rename {PAD} {MAKERS}", NO_PAD)),
)
# NSS turns these on in whatever it unwraps.
TURNED_ON = tuple(f"template set {name} true {PRIVATE}" for name in ("CKA_DECRYPT", "CKA_UNWRAP", "CKA_SIGN_RECOVER"))


class Wrapped(FaultCase):
    def history(self) -> list[dict[str, Any]]:
        return list(json.loads(self.expect(self.run_program("history", "--json"), 0).out))

    def attributes(self, key_id: str, *names: str) -> dict[str, list[str]]:
        command = [sys.executable, "-c", READER, str(places.softhsm()), PIN, key_id.encode().hex(), *names]
        done = subprocess.run(command, env=self.store.env, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()}

    def made(self, way: str, *script: str, primes: bool = False) -> tuple[CallLog, Result]:
        with self.shim(*script, primes=primes) as log:
            result = self.expect(self.create("--import", way, "-v"), 0)
        self.assert_whole()
        self.expect(self.run_program("token"), 0)
        return log, result

    def refused(self, way: str, *words: str, script: tuple[str, ...] = ()) -> CallLog:
        with self.shim(*script) as log:
            self.expect_failure(self.create("--import", way), 7, "nothing was asked of the API", *words)
        self.assertEqual(self.api.asked(), [])
        self.assertEqual(self.objects(), [])
        self.assertEqual(self.files(), [])
        return log


class Way(Wrapped):
    def test_the_object_is_the_same_as_one_that_came_in_plainly(self) -> None:
        seen = []
        for way, private, script in (("plain", 2, ()), *(("wrap", 0, script) for _, script in SCHEMES)):
            self.fresh()
            log, _ = self.made(way, *script)
            self.assertEqual(len([c for c in log.of("C_CreateObject") if "CKO_PRIVATE_KEY" in c.args]), private)
            key_id = self.profile()["KEY_ID"]
            everything = [f"0x{n:x}" for n in (*range(0x100, 0x10D), 0x110, *range(0x120, 0x122), 0x162, 0x163, 0x164,
                                               0x165, 0x166, 0x170, 0x202, 0x210)]  # fmt: skip
            read = self.attributes(key_id, "0x0", "0x1", "0x2", *everything)
            read.pop("0x102")  # the id
            seen.append(read)
            flags = self.attributes(key_id, *FLAGS)
            self.assertEqual({n: v for n, v in flags.items()}, {n: ["0x0", v] for n, v in FLAGS.items()})
            numbers = self.attributes(key_id, *NUMBERS.values())
            self.assertEqual(numbers, {n: [SENSITIVE_VALUE, "-"] for n in NUMBERS.values()})
        for read in seen[1:]:
            self.assertEqual(read, seen[0])

    def test_each_scheme(self) -> None:
        for name, script in SCHEMES:
            for way in ("auto", "wrap"):
                with self.subTest(name, way=way):
                    self.fresh()
                    log, result = self.made(way, *script)
                    told = "0x80000171" if name == MAKERS else name
                    self.assertRegex(result.err, rf"import: wrapped, .*{told}\b")
                    used = re.findall(r"C_UnwrapKey .*mech=(\w+).* -> CKR_OK", log.text)
                    self.assertEqual(set(used) - {OAEP}, {name})
                    self.assertEqual(self.history()[-1]["import"], "wrapped")

    def test_auto_prefers_it_and_says_so(self) -> None:
        log, result = self.made("auto")
        self.assertIn("import: wrapped", result.err)
        self.assertIn(PAD, result.err)
        self.assertEqual([c for c in log.of("C_CreateObject") if "CKO_PRIVATE_KEY" in c.args], [])
        self.assertEqual(self.history()[-1]["import"], "wrapped")

    def test_plain_is_plain(self) -> None:
        log, result = self.made("plain")
        self.assertIn("import: plain", result.err)
        for name in ("C_GenerateKeyPair", "C_UnwrapKey"):
            self.assertEqual(log.count(name), 0)
        self.assertEqual(self.history()[-1]["import"], "plain")

    def test_what_the_token_made_for_it_are_session_objects_that_are_gone(self) -> None:
        log, _ = self.made("wrap", primes=True)
        self.assertEqual(log.count("C_GenerateKeyPair"), 1)
        # The throwaway key that signs, the key: an AES key and a private key each. SoftHSM has no OAEP with SHA-256.
        good = log.of("C_UnwrapKey", "CKR_OK")
        self.assertEqual(len(good), 4)
        self.assertLess(log.names.index("C_UnwrapKey"), log.names.index("C_SignInit"))
        # Two AES keys, both halves of the throwaway key, the pair.
        self.assertEqual(len(log.of("C_DestroyObject", "CKR_OK")), 6)

    def test_every_shape_of_key(self) -> None:
        # Keys of ours: making one anew takes seconds for 4096 bits.
        shapes = (keyfiles.pem(pkcs8=True), keyfiles.pem(3072), keyfiles.pem(4096, pkcs8=True).replace("\n", "\r\n"))
        for pem in shapes:
            with self.subTest(len(pem)):
                self.fresh()
                self.api.control("POST", "keys", pem=pem)
                self.expect(self.run_program("account", "create", "service", "my-shape", "--import", "wrap"), 0)
                self.expect(self.run_program("token"), 0)
                key_id = self.profile()["KEY_ID"]
                wanted = keyfiles.private_key_of(self.api.issued(key_id)).public_key()
                found = keyfiles.public_on_token(self.store, key_id)
                self.assertEqual(found.public_numbers(), wanted.public_numbers())

    def test_an_old_pem_comes_in_wrapped_too(self) -> None:
        pem = self.dir / "old.pem"
        pem.write_text(keyfiles.pem(2048))
        pem.chmod(0o600)
        account = self.api.control("POST", "accounts", name="older-account", keys=0)["serviceAccountId"]
        self.expect(self.run_program("key", "import", pem, "--key-id", "old-key", "--account", account, "--import", "wrap"), 0)
        self.assertEqual(len(self.objects()), 2)
        self.assertEqual(self.history()[-1]["import"], "wrapped")

    def test_a_rotation_too(self) -> None:
        self.expect(self.create("--import", "plain"), 0)
        with self.shim() as log:
            self.expect(self.run_program("key", "rotate", "--now", "--yes", "--import", "wrap"), 0)
        self.assertGreater(log.count("C_UnwrapKey"), 0)
        self.assertEqual([e["import"] for e in self.history()], ["plain", "wrapped"])

    def test_an_unknown_way(self) -> None:
        self.expect_failure(self.create("--import", "post"), 2, "post", "auto, plain or wrap")
        self.assertEqual(self.api.asked(), [])


class Tokens(Wrapped):
    """The shim as a token that takes no key in the clear, or cannot unwrap, or neither."""

    def test_one_that_takes_no_key_in_the_clear_gets_it_wrapped(self) -> None:
        for refusal in REFUSALS:
            for known in ((), UNKNOWN):
                with self.subTest(refusal, known=bool(known)):
                    self.fresh()
                    log, _ = self.made("auto", *known, f"C_CreateObject * {PRIVATE} return {refusal}")
                    self.assertEqual(log.of("C_CreateObject", refusal), [], "it was tried all the same")

    def test_one_that_cannot_unwrap_either_is_refused_before_the_api_is_asked(self) -> None:
        for refusal in REFUSALS:
            refuses = f"C_CreateObject * {PRIVATE} return {refusal}"
            for script in (
                (refuses, NO_PAD),
                (*UNKNOWN, refuses, NO_PAD),
                (*UNKNOWN, refuses, "C_UnwrapKey * return CKR_KEY_HANDLE_INVALID"),
                (refuses, "C_UnwrapKey * return CKR_WRAPPED_KEY_INVALID"),
                (refuses, "C_GenerateKeyPair * return CKR_FUNCTION_NOT_SUPPORTED"),
            ):
                with self.subTest(script):
                    self.fresh()
                    self.refused("auto", "rehearsal", refusal, script=script)

    def test_asked_to_take_it_in_the_clear_it_says_what_would_do(self) -> None:
        refuses = f"C_CreateObject * {PRIVATE} return CKR_FUNCTION_NOT_SUPPORTED"
        for known in ((), UNKNOWN):
            self.refused("plain", "rehearsal", "--import plain", script=(*known, refuses))

    def test_wrap_on_one_that_cannot(self) -> None:
        for script, word in (
            ((NO_PAD,), "cannot unwrap"),
            (("mechanism hide CKM_RSA_PKCS_OAEP",), "cannot unwrap"),
            (("C_GenerateKeyPair * return CKR_DEVICE_MEMORY",), "CKR_DEVICE_MEMORY"),
            (("C_UnwrapKey * return CKR_WRAPPED_KEY_LEN_RANGE",), "CKR_WRAPPED_KEY_LEN_RANGE"),
            (("C_UnwrapKey 2+ return CKR_WRAPPED_KEY_INVALID",), "CKR_WRAPPED_KEY_INVALID"),
            ((f"attribute CKA_EXTRACTABLE true {PRIVATE}",), "CKA_EXTRACTABLE"),
            (("C_Sign * corrupt",), "does not verify"),
            # One that takes a session object for a key that stays: a crash would leave it.
            ((f"attribute CKA_TOKEN true {PRIVATE}",), "would stay"),
        ):
            with self.subTest(script):
                self.fresh()
                self.refused("wrap", "cannot unwrap", word, script=script)

    def test_auto_goes_the_plain_way_where_unwrapping_fails(self) -> None:
        for script in (
            "C_GenerateKeyPair * return CKR_DEVICE_MEMORY",
            "C_UnwrapKey * return CKR_WRAPPED_KEY_LEN_RANGE",
            # The AES key comes in, the RSA key does not.
            "C_UnwrapKey 3+ return CKR_MECHANISM_INVALID",
        ):
            with self.subTest(script):
                self.fresh()
                _, result = self.made("auto", script)
                self.assertIn("import: plain", result.err)
                self.assertEqual(self.history()[-1]["import"], "plain")

    def test_a_token_without_the_mechanisms_is_not_bothered(self) -> None:
        log, _ = self.made("auto", NO_PAD)
        for name in ("C_GenerateKeyPair", "C_UnwrapKey"):
            self.assertEqual(log.count(name), 0)

    def test_a_use_that_it_does_not_know_is_left_out_of_that_template_too(self) -> None:
        refuses = f"C_UnwrapKey * {PRIVATE} attr=CKA_SIGN_RECOVER return CKR_ATTRIBUTE_TYPE_INVALID"
        _, result = self.made("wrap", *UNKNOWN, refuses)
        self.assertIn("token itself decides", result.err)
        self.assertNotIn("CKA_DECRYPT", result.err, "what it does know is asked for all the same")
        for name in ("CKA_SENSITIVE", "CKA_EXTRACTABLE"):
            self.fresh()
            rule = f"C_UnwrapKey * {PRIVATE} attr={name} return CKR_ATTRIBUTE_TYPE_INVALID"
            self.refused("wrap", "CKR_ATTRIBUTE_TYPE_INVALID", script=(*UNKNOWN, rule))

    def test_a_token_that_is_known_gets_the_whole_template_or_the_key_plainly(self) -> None:
        refuses = f"C_UnwrapKey * {PRIVATE} attr=CKA_SIGN_RECOVER return CKR_ATTRIBUTE_TYPE_INVALID"
        self.refused("wrap", "CKR_ATTRIBUTE_TYPE_INVALID", script=(refuses,))
        self.fresh()
        _, result = self.made("auto", refuses)
        self.assertIn("import: plain", result.err)
        self.assertNotIn("token itself decides", result.err)
        self.expect(self.run_program("key", "verify"), 0)

    def test_a_transport_key_that_tells_no_length(self) -> None:
        absent = "attribute CKA_MODULUS absent class=CKO_PUBLIC_KEY"
        self.refused("wrap", "CKR_KEY_SIZE_RANGE", script=(absent, "C_GetAttributeValue 2 after-return CKR_OK"))

    def test_a_public_half_that_is_refused_is_known_before_the_api_is_asked(self) -> None:
        refuses = "C_CreateObject * class=CKO_PUBLIC_KEY return CKR_TEMPLATE_INCONSISTENT"
        for way in ("auto", "wrap"):
            self.fresh()
            self.refused(way, "public half", "CKR_TEMPLATE_INCONSISTENT", script=(refuses,))

    def test_a_wrapped_key_that_the_token_then_does_not_take_is_undone_at_the_api(self) -> None:
        for rule in ("return CKR_GENERAL_ERROR", "after-return CKR_GENERAL_ERROR", "return CKR_WRAPPED_KEY_INVALID"):
            with self.subTest(rule):
                self.fresh()
                log = self.first()
                with self.shim(f"C_UnwrapKey {log} {rule}"):
                    self.expect_failure(self.create("--import", "wrap"), 12, "is deleted again at the API")
                self.assert_nothing_left()

    def test_uses_that_the_token_turns_on_are_turned_off(self) -> None:
        for _, script in SCHEMES:
            self.fresh()
            log, _ = self.made("wrap", *TURNED_ON, *script)
            # Of the rehearsal's key and the real one.
            self.assertEqual(len(log.of("C_SetAttributeValue", "CKR_OK")), 2)
            flags = self.attributes(self.profile()["KEY_ID"], *FLAGS)
            self.assertEqual(flags, {n: ["0x0", v] for n, v in FLAGS.items()})

    def test_uses_that_cannot_be_turned_off_are_told_whatever_other_schemes_say(self) -> None:
        stays = (*TURNED_ON, "C_SetAttributeValue * return CKR_ATTRIBUTE_READ_ONLY", "mechanism rsa-aes-wrap",
                 f"C_UnwrapKey * mech={PAD} return CKR_WRAPPED_KEY_INVALID")  # fmt: skip
        self.refused("wrap", "cannot unwrap", "CKA_DECRYPT=true", script=stays)
        self.fresh()
        _, result = self.made("auto", "C_UnwrapKey * return CKR_WRAPPED_KEY_INVALID")
        self.assertRegex(result.err, r"import: plain, since .*CKR_WRAPPED_KEY_INVALID")

    def test_one_that_wants_the_length_of_the_aes_key(self) -> None:
        secret = "class=CKO_SECRET_KEY"
        for refusal in ("CKR_ATTRIBUTE_TYPE_INVALID", "CKR_TEMPLATE_INCOMPLETE"):
            self.fresh()
            wants = f"C_UnwrapKey * {secret} lacks=CKA_VALUE_LEN return {refusal}"
            self.made("wrap", wants, f"template drop CKA_VALUE_LEN {secret}")

    def test_one_that_has_all_public_keys_private(self) -> None:
        with self.shim(*UNKNOWN, "template refuse CKA_PRIVATE class=CKO_PUBLIC_KEY"):
            self.expect(self.create("--import", "wrap"), 0)
        self.expect(self.run_program("token"), 0)

    def first(self) -> int:
        """Which C_UnwrapKey of a whole run is the last, that of the real key."""
        with self.shim() as log:
            self.expect(self.create("--import", "wrap"), 0)
        count = log.count("C_UnwrapKey")
        self.fresh()
        return count


class Killed(Wrapped):
    def killed_at(self, steps: tuple[str, ...], *script: str) -> None:
        with self.shim(*script) as log:
            self.expect(self.create("--import", "wrap"), 0)
        for name in steps:
            for which in range(1, log.count(name) + 1):
                for when in ("before", "after"):
                    with self.subTest(name, which=which, when=when):
                        self.fresh()
                        with self.shim(f"{name} {which} kill {when}", *script):
                            self.assertEqual(self.create("--import", "wrap").code, -signal.SIGKILL)
                        # No transport key, no throwaway key: at most what `key recover` knows of.
                        ids = {id_ for _, id_ in self.objects()}
                        self.assertLessEqual(len(ids), 1)
                        self.assertNotIn(b"ssa-hsm rehearsal".hex(), ids)
                        self.expect(self.run_program("key", "recover"), 0)
                        self.assert_both_sides_agree()

    def test_at_each_step_and_recovered(self) -> None:
        self.killed_at(("C_GenerateKeyPair", "C_UnwrapKey", "C_CreateObject", "C_DestroyObject", "C_SignInit"))

    def test_while_one_mechanism_does_it_all(self) -> None:
        self.killed_at(("C_GenerateKeyPair", "C_UnwrapKey"), *AS_WHOLE)

    def test_while_uses_are_turned_off(self) -> None:
        self.killed_at(("C_SetAttributeValue",), *TURNED_ON)

    def test_while_the_api_is_asked(self) -> None:
        self.api.fault("status", method="POST", path=KEYS, status=403)
        self.expect_failure(self.create("--import", "wrap"), 12)
        self.assert_nothing_left()
