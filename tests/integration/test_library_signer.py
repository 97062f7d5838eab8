"""A signer of the library that stays open: tests/library/signer_player.c does what these tests tell it line by line."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import jwt
import masking
import places
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from fault_support import eventually
from harness import PIN, CallLog, Case
from test_other_tokens import UNKNOWN

ABSENT, PIN_WRONG = 4, 5


class Player:
    """The program, and what it answers."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def ask(self, line: str) -> tuple[str, str]:
        """"ok" or "failed", and the rest of the answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().decode().rstrip("\n")
        first, _, rest = answer.partition(" ")
        return first, rest

    def ok(self, line: str) -> str:
        first, rest = self.ask(line)
        assert first == "ok", masking.mask(f"{line}: {first} {rest}")
        return rest

    def fails(self, line: str, *words: str) -> int:
        """The class of the error."""
        first, rest = self.ask(line)
        assert first == "failed", f"{line} did not fail"
        for word in words:
            assert word in rest, rest
        return int(rest.split()[0])

    def hosts(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(pid) for file in children for pid in file.read_text().split()]


class SignerCase(Case):
    def setUp(self) -> None:
        super().setUp()
        self.provisioned()
        self.env["SSA_HSM_HOST"] = str(places.host())
        self.env["LD_LIBRARY_PATH"] = str(places.library_folder())

    @contextlib.contextmanager
    def player(self, env: Mapping[str, str | None] | None = None) -> Iterator[Player]:
        argv = [*places.wrapper(), str(places.library_program("signer-player"))]
        with self.start(argv, env=env, stdin=True) as process:
            try:
                yield Player(process)
                _, err = process.communicate(timeout=30)
            finally:
                process.kill()
        self.told = err.decode(errors="replace")
        self.assertEqual(process.returncode, 0, masking.mask(self.told))
        self.assertNotIn(PIN, self.told)

    def public_key(self) -> RSAPublicKey:
        key_id = self.profile()["KEY_ID"].encode().hex()
        der = self.dir / "public.der"
        done = self.store.tool("--read-object", "--type", "pubkey", "--id", key_id, "-o", str(der), pin=None)
        self.assertEqual(done.returncode, 0, done.stderr)
        key = serialization.load_der_public_key(der.read_bytes())
        assert isinstance(key, RSAPublicKey)
        return key

    def verify(self, signature: str, message: bytes) -> None:
        try:
            self.public_key().verify(bytes.fromhex(signature), message, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            self.fail("the signature is not valid")


class Signer(SignerCase):
    def test_it_signs_and_fetches_with_one_login(self) -> None:
        with self.shim() as log, self.player() as player:
            player.ok("open")
            self.verify(player.ok("sign hello"), b"hello")
            self.verify(player.ok("digest hello"), b"hello")
            self.verify(player.ok("big"), b"x" * ((1 << 20) - 1))
            claims = jwt.decode(player.ok("assertion"), self.public_key(), algorithms=["RS256"], options={"verify_aud": False})
            self.assertEqual(claims["sub"], self.profile()["SERVICE_ACCOUNT_ID"])
            self.assertEqual(player.ok("token 60 data:read").split()[1], "Bearer")
            player.ok("close")
        self.assertEqual(log.count("C_Login"), 1)
        self.assertEqual(log.count("C_Logout"), 1)
        self.assertEqual(self.told, "")

    def test_only_a_digest_of_32_bytes_is_signed(self) -> None:
        with self.player() as player:
            player.ok("open")
            self.assertEqual(player.fails("short-digest", "32 bytes"), 2)
            self.assertEqual(player.fails("without-signer x", "there is no signer"), 2)

    def test_an_access_token_is_kept_while_it_is_valid(self) -> None:
        with self.player() as player:
            player.ok("open")
            self.api.forget_requests()
            first = player.ok("token 60 data:read")
            self.assertEqual(player.ok("token 60 data:read"), first)
            self.assertEqual(player.ok("in-thread token 60 data:read"), first)
            token, kind, expires, *scope = first.split()
            self.assertEqual((kind, scope), ("Bearer", ["data:read"]))
            self.assertLess(abs(int(expires) - time.time() - 3599), 60)
            self.assertEqual(self.api.asked(), ["POST /token"])
            # Another scope, or more time than it is valid for, needs another one.
            other = player.ok("token 60 data:read data:write")
            self.assertNotEqual(other.split()[0], token)
            self.assertNotEqual(player.ok("token 7200 data:read data:write").split()[0], other.split()[0])
            self.assertEqual(self.api.asked(), ["POST /token"] * 3)

    def test_it_belongs_to_no_thread(self) -> None:
        with self.player() as player:
            player.ok("in-thread open")
            self.verify(player.ok("sign from the first thread"), b"from the first thread")
            self.verify(player.ok("in-thread sign x"), b"x")
            player.ok("in-thread token 60")
            (host,) = player.hosts()
            player.ok("in-thread close")
            self.assertEqual(player.hosts(), [])
            self.assertFalse(Path(f"/proc/{host}").exists())

    def test_a_forked_child_is_refused_and_disturbs_nothing(self) -> None:
        with self.shim() as log, self.player() as player:
            player.ok("open")
            player.ok("key")
            for command in ("sign x", "token 60", "assertion", "key"):
                self.assertEqual(player.fails(f"in-child {command}", "another process"), 2)
            player.fails("in-child key-sign x", "EVP_DigestSign")
            player.ok("in-child free-key")
            player.ok("in-child close")
            self.verify(player.ok("sign still here"), b"still here")
            self.verify(player.ok("key-sign still here"), b"still here")
        self.assertEqual(log.count("C_Login"), 1)

    def test_the_modules_process_ends_with_a_killed_program_although_its_child_lives(self) -> None:
        argv = [str(places.library_program("signer-player"))]
        with self.start(["/bin/sh", "-c", f"exec {argv[0]}"], stdin=True) as process:
            player = Player(process)
            player.ok("open")
            (host,) = player.hosts()
            child = int(player.ok("linger"))
            self.addCleanup(os.kill, child, signal.SIGKILL)
            process.kill()
            process.communicate()
        deadline = time.time() + 10
        while Path(f"/proc/{host}").exists() and time.time() < deadline:
            time.sleep(0.02)
        self.assertFalse(Path(f"/proc/{host}").exists(), "the module's process is still there")

    def test_a_token_that_was_pulled_out_and_put_back_is_used_again(self) -> None:
        gone = self.dir / "gone"
        with self.shim(f"token absent-while {gone}") as log, self.player() as player:
            player.ok("open")
            for _ in range(2):
                gone.touch()
                self.assertEqual(player.fails("sign x"), ABSENT)
                self.assertEqual(player.fails("assertion"), ABSENT)
                gone.unlink()
                self.verify(player.ok("sign back"), b"back")
            player.ok("token 60")
        self.assertEqual(log.count("C_Login"), 3, "a PIN was sent to a token that was not there")

    def test_what_softhsm_itself_loses_is_found_again(self) -> None:
        away = self.store.tokens.with_name("away")
        with self.player() as player:
            player.ok("open")
            self.store.tokens.rename(away)
            self.store.tokens.mkdir()
            first, _ = player.ask("sign x")  # SoftHSM may have all that it needs in memory
            self.assertIn(first, ("ok", "failed"))
            self.store.tokens.rmdir()
            away.rename(self.store.tokens)
            self.verify(player.ok("sign back"), b"back")

    def test_a_session_and_a_login_that_are_lost_come_back(self) -> None:
        for lost in ("CKR_SESSION_HANDLE_INVALID", "CKR_SESSION_CLOSED", "CKR_USER_NOT_LOGGED_IN", "CKR_KEY_HANDLE_INVALID",
                     "CKR_DEVICE_ERROR", "CKR_GENERAL_ERROR", "CKR_CRYPTOKI_NOT_INITIALIZED"):  # fmt: skip
            for call in ("C_SignInit", "C_Sign"):
                with self.subTest(lost=lost, call=call):
                    with self.shim(f"{call} 2 return {lost}") as log, self.player() as player:
                        player.ok("open")
                        player.ok("sign x")
                        self.verify(player.ok("sign y"), b"y")
                        player.ok("sign z")
                    self.assertEqual(log.count("C_Login"), 2)

    def test_a_failure_that_no_login_mends_is_an_error_at_once(self) -> None:
        with self.shim("C_SignInit 1 return CKR_FUNCTION_REJECTED") as log, self.player() as player:
            player.ok("open")
            self.assertEqual(player.fails("sign x", "CKR_FUNCTION_REJECTED"), 7)
            player.ok("sign x")
        self.assertEqual(log.count("C_Login"), 1)

    def test_a_module_that_crashes_is_started_again(self) -> None:
        with self.shim("C_Sign 2 crash") as log, self.player() as player:
            player.ok("open")
            player.ok("sign x")
            self.verify(player.ok("sign y"), b"y")
            (host,) = player.hosts()
            os.kill(host, signal.SIGKILL)
            self.verify(player.ok("sign z"), b"z")
            player.ok("token 60")
        self.assertEqual(log.count("C_Login"), 3)

    # After the first signatures in a row, both sides look for the next message for a while before they sleep.
    def test_a_module_that_crashes_among_signatures_in_a_row_is_started_again(self) -> None:
        with self.shim("C_Sign 8 crash", "C_Sign 18 kill-module", "C_Sign 28 crash after") as log, self.player() as player:
            player.ok("open")
            for _ in range(4):
                player.ok("crowd 1")
            self.verify(player.ok("sign x"), b"x")
        self.assertEqual(log.count("C_Login"), 4)

    def test_a_module_that_hangs_among_signatures_in_a_row_is_ended(self) -> None:
        with self.shim("C_Sign 8 sleep 60000"), self.player({"PLAYER_PATIENCE": "1"}) as player:
            player.ok("open")
            self.assertEqual(player.fails("crowd 1", "1 times", "does not answer (C_SignInit"), ABSENT)
            player.ok("crowd 1")

    def test_after_signatures_in_a_row_nobody_is_busy(self) -> None:
        def used() -> list[str]:
            pids = [player.process.pid, *player.hosts()]
            return [file.read_text() for pid in pids for file in sorted(Path(f"/proc/{pid}/task").glob("*/schedstat"))]

        def sleep() -> bool:
            before = used()
            time.sleep(0.05)
            return used() == before

        with self.player() as player:
            player.ok("open")
            player.ok("crowd 1")
            eventually(sleep, "both processes sleep")

    def test_a_pin_that_was_changed_is_tried_once(self) -> None:
        with self.shim("C_Sign 1 return CKR_USER_NOT_LOGGED_IN", "C_Login 2+ return CKR_PIN_INCORRECT") as log:
            with self.player() as player:
                player.ok("open")
                for _ in range(3):
                    self.assertEqual(player.fails("sign x", "refuses the PIN"), PIN_WRONG)
                player.fails("sign x", "No PIN is tried any more")
        self.assertEqual(log.count("C_Login"), 2)

    def test_a_person_is_asked_again_and_a_wrong_pin_is_tried_once(self) -> None:
        env = {"SSA_HSM_PIN_SOURCE": None, "PLAYER_PIN": PIN}
        gone = self.dir / "gone"
        rules = (f"token absent-while {gone}", "C_Login 3+ return CKR_PIN_INCORRECT")
        with self.shim(*rules) as log, self.player(env) as player:
            player.ok("open")
            for _ in range(2):
                player.ok("sign x")
            self.assertEqual(player.ok("questions"), "1")
            gone.touch()
            player.fails("sign x")
            gone.unlink()
            player.ok("sign x")
            self.assertEqual(player.ok("questions"), "2")
            gone.touch()
            player.fails("sign x")
            gone.unlink()
            for _ in range(3):
                self.assertEqual(player.fails("sign x"), PIN_WRONG)
        self.assertEqual(log.count("C_Login"), 3)

    def test_a_pin_from_a_descriptor_is_kept_for_later(self) -> None:
        pipe = self.dir / "pipe"
        os.mkfifo(pipe)
        env = {"SSA_HSM_PIN_SOURCE": f"file:{pipe}"}
        with self.shim("C_Sign 2 return CKR_USER_NOT_LOGGED_IN") as log, self.player(env) as player:
            assert player.process.stdin is not None
            player.process.stdin.write(b"open\n")
            player.process.stdin.flush()
            pipe.write_text(PIN + "\n")
            assert player.process.stdout is not None
            self.assertEqual(player.process.stdout.readline(), b"ok\n")
            player.ok("sign x")
            player.ok("sign x")
        self.assertEqual(log.count("C_Login"), 2)

    def test_a_key_that_wants_a_login_for_each_signature_gets_one(self) -> None:
        with self.shim("always-authenticate", "C_Sign 3 return CKR_SESSION_HANDLE_INVALID") as log, self.player() as player:
            player.ok("open")
            for _ in range(4):
                self.verify(player.ok("sign x"), b"x")
            player.ok("key")
            self.verify(player.ok("key-sign y"), b"y")
        own = [call for call in log.of("C_Login") if "CKU_CONTEXT_SPECIFIC" in call.args]
        self.assertEqual(len(own), 6)
        self.assertEqual(log.count("C_Login") - len(own), 2)

    def own_logins(self, log: CallLog) -> int:
        return sum("CKU_CONTEXT_SPECIFIC" in call.args for call in log.of("C_Login"))

    def test_a_keys_own_login_that_may_have_been_refused_is_made_once_more_and_not_for_ever(self) -> None:
        for answer in ("CKR_USER_NOT_LOGGED_IN", "CKR_FUNCTION_FAILED", "0x80000123"):
            rule = f"C_Login user=CKU_CONTEXT_SPECIFIC 2+ return {answer}"
            with self.subTest(answer), self.shim("always-authenticate", rule) as log, self.player() as player:
                player.ok("open")
                player.ok("sign x")
                for _ in range(5):
                    player.fails("sign x", "own login")
                player.fails("sign x", "No PIN is tried any more")
                self.assertEqual(self.own_logins(log), 3)

    def test_between_two_of_them_one_that_is_accepted_counts(self) -> None:
        rules = [f"C_Login user=CKU_CONTEXT_SPECIFIC {n} return CKR_DEVICE_ERROR" for n in (2, 4, 6)]
        with self.shim("always-authenticate", *rules) as log, self.player() as player:
            player.ok("open")
            for _ in range(3):
                player.ok("sign x")
                player.fails("sign x", "own login")
            player.ok("sign x")
            self.assertEqual(self.own_logins(log), 7)

    def test_a_keys_own_login_that_is_refused_after_the_token_was_lost_is_the_last(self) -> None:
        rules = ("C_Sign 2 return CKR_SESSION_HANDLE_INVALID", "C_Login user=CKU_CONTEXT_SPECIFIC 3+ return CKR_PIN_INCORRECT")
        with self.shim("always-authenticate", *rules) as log, self.player() as player:
            player.ok("open")
            player.ok("sign x")
            for _ in range(3):
                self.assertEqual(player.fails("sign x", "own login"), PIN_WRONG)
            self.assertEqual(self.own_logins(log), 3)

    def test_another_key_in_the_old_ones_place_is_not_used(self) -> None:
        gone = self.dir / "gone"
        with self.shim(f"token absent-while {gone}"), self.player() as player:
            player.ok("open")
            gone.touch()
            player.fails("sign x")
            id_ = self.profile()["KEY_ID"].encode().hex()
            for kind in ("privkey", "pubkey"):
                self.assertEqual(self.store.tool("--delete-object", "--type", kind, "--id", id_).returncode, 0)
            gone.unlink()
            self.assertEqual(player.fails("sign x"), 6)
            self.assertEqual(player.fails("sign x"), 6)

    def test_a_typed_pin_that_is_kept_is_not_sent_for_ever_without_an_answer(self) -> None:
        lost = ("C_SignInit 2+ return CKR_SESSION_HANDLE_INVALID", "C_Login user=CKU_USER 2+ return CKR_DEVICE_ERROR")
        typed = {"SSA_HSM_PIN_SOURCE": None, "PLAYER_PIN": PIN}
        with self.shim("always-authenticate", *UNKNOWN, *lost) as log, self.player(typed) as player:
            player.ok("open")
            player.ok("sign x")
            for _ in range(5):
                player.fails("sign x")
            player.fails("sign x", "not answered")
        self.assertEqual(sum("CKU_USER" in call.args for call in log.of("C_Login")), 3)

    def test_failover_is_when_it_is_opened(self) -> None:
        profile = self.profile()
        absent = re.sub(r"serial=[^;?]+", "serial=0000", profile["PRIVATE_KEY"]).replace("token=work", "token=absent")
        self.write_profile({**profile, "PRIVATE_KEY": absent}, "first")
        self.write_profile(profile, "second")
        env = {"SSA_HSM_PROFILE": "first:second", "SSA_HSM_TOKEN": None}
        with self.player(env) as player:
            player.ok("open")
            self.verify(player.ok("sign x"), b"x")
        self.assertIn("profile second is used now", self.told)

    def test_a_refused_client_secret_is_read_again(self) -> None:
        secret = self.dir / "secret"
        secret.write_text("wrong")
        secret.chmod(0o600)
        profile = {**self.profile(), "APS_SECRET_ID": f"file:{secret}"}
        self.write_profile(profile)
        with self.player({"APS_SECRET_ID": None}) as player:
            player.ok("open")
            self.assertEqual(player.fails("token 60"), 9)
            secret.write_text(self.api.secret)
            player.ok("token 60")

    def test_a_client_secret_on_the_signers_token(self) -> None:
        self.expect(self.run_program("secret", "import"), 0)
        line = self.expect(self.run_program("secret", "import", "--print"), 0).out
        self.write_profile({**self.profile(), "APS_SECRET_ID": line.partition("=")[2].strip().strip('"')})
        gone = self.dir / "gone"
        with self.shim(f"token absent-while {gone}") as log, self.player({"APS_SECRET_ID": None}) as player:
            player.ok("open")
            gone.touch()
            player.fails("sign x")
            gone.unlink()
            player.ok("token 60")
        self.assertEqual(log.count("C_Login"), 2)

    def test_a_card_that_others_reset_is_left_to_them_between_calls(self) -> None:
        script = ("info description \"PKCS#11 PIV Library (SP-800-73)\"", "info manufacturer \"Yubico (www.yubico.com)\"")
        with self.shim(*script), self.player() as player:
            player.ok("open")
            player.ok("sign x")
            opened = [os.readlink(fd) for fd in Path(f"/proc/{player.process.pid}/fd").iterdir()]
            self.assertEqual([path for path in opened if path.endswith("/turn-open")], [str(self.state / "ssa-hsm/turn-open")])
            # The program takes its turn, and gives it back.
            self.expect(self.run_program("jwt"), 0)
            self.verify(player.ok("sign y"), b"y")
            player.ok("in-thread close")
            self.expect(self.run_program("jwt"), 0)


class Key(SignerCase):
    def test_it_signs_and_lives_longer_than_its_signer(self) -> None:
        with self.player() as player:
            player.ok("open")
            player.ok("key")
            self.verify(player.ok("key-sign x"), b"x")
            self.verify(player.ok("in-thread key-sign y"), b"y")
            player.ok("close")
            player.fails("key-sign z")
            player.ok("free-key")
        self.assertIn("a signature failed: this signer is closed", self.told)

    def test_it_signs_again_when_the_token_is_back(self) -> None:
        gone = self.dir / "gone"
        with self.shim(f"token absent-while {gone}"), self.player() as player:
            player.ok("open")
            player.ok("key")
            gone.touch()
            player.fails("key-sign x")
            gone.unlink()
            self.verify(player.ok("key-sign y"), b"y")
        self.assertIn("a signature failed", self.told)

