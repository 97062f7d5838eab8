"""Signers that die, hang or lie, and agents that do: another signer is started, and no PIN try is wasted."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path

import places
from agent_process import is_there
from harness import PIN
from secret_support import SecretCase
from signer_link import PIN_CLASS, UNEXPECTED, Answer, Player, SignerLinkCase, children, until

HOSTILE = Path(__file__).with_name("hostile_signer.py")


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    """Ends one, and waits until it has."""
    os.kill(pid, number)
    until(lambda: not is_there(pid), "it lives on")


class Deaths(SignerLinkCase):
    def test_one_that_was_killed_is_replaced(self) -> None:
        with self.shim() as log, self.player() as player:
            player.ok("assertion")
            kill(player.signer())
            answer = player.ok("assertion")
            self.claims(answer)
            self.assertEqual((answer.starts, answer.logins), (2, 1))
        self.assertEqual(log.count("C_Login"), 2)
        self.assertIn("the signer has died (signal 9)", self.told)

    def test_one_that_is_killed_again_and_again_is_waited_for_longer(self) -> None:
        with self.player() as player:
            player.ok("status")
            for _ in range(4):
                player.ok("assertion")
                kill(player.signer())
            # 100, 200, 400, 800 ms were waited for; the next one is too long for a caller.
            player.ok("assertion")
            kill(player.signer())
            answer = player.fails("assertion", "is started again in", seconds=5)
            self.assertEqual((answer.code, answer.state, answer.starts), (UNEXPECTED, "lost", 5))
            # Somebody who unlocks it does not wait.
            self.assertEqual(player.ok("unlock").starts, 6)

    def test_it_is_killed_while_it_signs(self) -> None:
        there = self.dir / "there"
        with self.shim("count across-processes", f"C_Sign 1 touch {there} sleep 60000"), self.player() as player:
            waits = player.begin("assertion")
            until(there.exists, "it does not sign")
            kill(player.signer())
            answer = player.end(waits)
            self.assertTrue(answer.done, answer)
            self.assertEqual(answer.starts, 2)
            self.claims(answer)

    def killed_within_its_login(self, player: Player, there: Path) -> Answer:
        """Kills the signer within the login of a request, and gives the request's answer."""
        there.unlink(missing_ok=True)
        waits = player.begin("assertion")
        until(there.exists, "it does not log in")
        kill(player.signer())
        return player.end(waits)

    def test_it_is_killed_while_it_logs_in(self) -> None:
        # This kind of token shows the first wrong PIN by a flag, and shows none: so the PIN that was sent was not wrong.
        there = self.dir / "there"
        with self.shim("count across-processes", f"C_Login 1-3 touch {there} sleep 60000") as log, self.player() as player:
            waits = player.begin("assertion")
            for starts in range(1, 4):
                until(there.exists, "it does not log in")
                there.unlink()
                kill(player.signer())
                if starts == 2:
                    # The first request has seen two deaths.
                    self.assertEqual(player.end(waits).code, UNEXPECTED)
                    waits = player.begin("assertion")
            answer = player.end(waits)
            self.claims(answer)
            self.assertEqual((answer.state, answer.starts), ("open", 4))
        # Those that did not return are not in the log.
        self.assertEqual(log.count("C_Login"), 1)

    def test_it_is_killed_while_it_tries_a_wrong_pin(self) -> None:
        Path(self.env["SSA_HSM_PIN_SOURCE"].removeprefix("file:")).write_text("0000-wrong\n")
        there = self.dir / "there"
        script = ("count across-processes", "pin tries 3", f"C_Login 1 touch {there} after after-sleep 60000")
        with self.shim(*script) as log, self.player() as player:
            answer = self.killed_within_its_login(player, there)
            self.assertEqual((answer.done, answer.code, answer.state), (False, PIN_CLASS, "refused"))
            self.assertIn("the token has counted a wrong PIN since", answer.what)
            for call in ("assertion", "look", "assertion"):
                self.assertEqual(player.fails(call).state, "refused")
            kill(player.signer())
            self.assertEqual(player.fails("assertion").state, "refused")
        self.assertEqual(log.count("C_Login"), 0)

    def test_it_is_killed_while_it_tries_a_pin_of_a_token_that_shows_no_flag(self) -> None:
        there = self.dir / "there"
        silent = ('token manufacturer "Silent"', "token flags -CKF_USER_PIN_COUNT_LOW")
        with self.shim("count across-processes", f"C_Login 1-2 touch {there} sleep 60000", *silent) as log, self.player() as player:
            waits = player.begin("assertion")
            for _ in range(2):
                until(there.exists, "it does not log in")
                there.unlink()
                kill(player.signer())
            player.end(waits)
            answer = player.fails("assertion", "nor was the one before it")
            self.assertEqual((answer.code, answer.state, answer.starts), (PIN_CLASS, "refused", 3))
        self.assertEqual(log.count("C_Login"), 0)

    def test_it_is_killed_while_it_tries_a_pin_that_a_person_typed(self) -> None:
        self.without_pin_source()
        there = self.dir / "there"
        with self.shim("count across-processes", f"C_Login 1 touch {there} sleep 60000") as log, self.player() as player:
            with self.unlocker_of(player) as process:
                assert process.stdin is not None
                process.stdin.write(PIN.encode() + b"\n")
                process.stdin.flush()
                until(there.exists, "it does not log in")
                kill(player.signer())
                process.communicate(timeout=30)
            self.assertEqual(player.fails("assertion").state, "locked")
            self.assertEqual(log.count("C_Login"), 0)
            self.assertEqual(self.unlock(PIN)[0], 0)
            self.claims(player.ok("assertion"))

    def test_another_process_logs_in_for_too_long(self) -> None:
        # Half a minute passes in half a second.
        with self.shim() as log, self.player(env=self.hasty(60)) as player:
            answer = player.ok("assertion")
            player.ok("lock")
            name = "".join(c if c.isalnum() else "_" for c in f"{answer.serial}_{answer.label}")
            with (Path(self.env["XDG_STATE_HOME"]) / "ssa-hsm" / f"pin-{name}").open("w") as record:
                fcntl.flock(record, fcntl.LOCK_EX)
                answer = player.fails("unlock", "another process is logging in")
                self.assertEqual((answer.code, answer.state), (PIN_CLASS, "lost"))
            # Nobody need unlock it once more.
            self.claims(player.ok("assertion", seconds=600))
        self.assertEqual(log.count("C_Login"), 2)

    def test_another_process_is_writing_the_token(self) -> None:
        with self.shim("token flags -CKF_USER_PIN_INITIALIZED") as log, self.player() as player:
            answer = player.fails("assertion", "has no user PIN yet")
            self.assertEqual((answer.code, answer.state), (PIN_CLASS, "lost"))
            Path(self.env["SSA_SHIM_SCRIPT"]).write_text("")
            self.claims(player.ok("assertion"))
        self.assertEqual(log.count("C_Login"), 1)

    def test_the_module_s_process_is_killed_while_it_logs_in(self) -> None:
        # The token shows that the PIN was not wrong.
        with self.shim("count across-processes", "C_Login 1-2 kill-module") as log, self.player() as player:
            for _ in range(2):
                self.assertEqual(player.fails("assertion", "crashed in C_Login").state, "lost")
            self.claims(player.ok("assertion"))
        self.assertEqual(len(log.of("C_Login", "CKR_OK")), 1)

    def test_the_agent_is_killed_while_the_signer_logs_in(self) -> None:
        there = self.dir / "there"
        with self.shim("count across-processes", f"C_Login 1 touch {there} sleep 1500") as log:
            with self.player(status=-signal.SIGKILL) as player:
                player.begin("assertion")
                until(there.exists, "it does not log in")
                kill(player.process.pid)
            # The next one waits for its turn, and need not be unlocked.
            with self.player() as player:
                self.claims(player.ok("assertion"))
        self.assertEqual((log.count("C_Login"), log.count("C_Logout")), (2, 2))

    def test_it_is_killed_while_a_person_types(self) -> None:
        self.without_pin_source()
        with self.shim() as log, self.player() as player, self.unlocker_of(player) as process:
            kill(player.signer())
            out, _ = process.communicate(PIN.encode() + b"\n", 30)
            self.assertIn("closed the connection", out.decode())
            self.assertEqual(player.ok("look").state, "locked")
            self.assertEqual(self.unlock(PIN)[0], 0)
            self.claims(player.ok("assertion"))
        self.assertEqual(log.count("C_Login"), 1)

    def test_one_that_is_late_leaves_the_pin_socket_of_the_next_agent_s(self) -> None:
        self.without_pin_source()
        with self.player(status=-signal.SIGKILL) as player:
            player.ok("look")
            late = player.signer()
            os.kill(late, signal.SIGSTOP)
            kill(player.process.pid)
            with self.player() as following:
                following.ok("look")
                os.kill(late, signal.SIGCONT)
                until(lambda: not is_there(late), "it lives on")
                self.assertEqual(self.unlock(PIN)[0], 0)

    def test_one_that_is_killed_late_leaves_it_too(self) -> None:
        self.without_pin_source()
        with self.player() as player, self.player() as following:
            player.ok("look")
            os.kill(player.signer(), signal.SIGSTOP)
            following.ok("look")
            player.ask("lock", seconds=0.5)
            self.assertEqual(children(player.process.pid), [])
            self.assertEqual(self.unlock(PIN)[0], 0)

    def test_a_signal_ends_it_in_order(self) -> None:
        with self.shim() as log, self.player() as player:
            player.ok("assertion")
            signer = player.signer()
            for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
                os.kill(signer, number)
            self.claims(player.ok("assertion"))
            self.assertEqual(player.signer(), signer)
            kill(signer, signal.SIGTERM)
            self.assertEqual(log.count("C_Logout"), 1)
            self.claims(player.ok("assertion"))

    def test_a_module_that_hangs_is_given_up(self) -> None:
        # Half a minute passes in half a second.
        with self.shim("C_Sign 1 sleep 60000") as log, self.player(env=self.hasty(60)) as player:
            answer = player.fails("assertion", "did not answer in time", seconds=3)
            self.assertEqual(answer.code, UNEXPECTED)
            self.claims(player.ok("assertion", seconds=600))
            self.assertEqual(player.ok("status").starts, 1)
        self.assertEqual(log.count("C_Login"), 2)

    def test_the_late_answer_is_no_other_call_s(self) -> None:
        with self.shim("C_Sign 1 sleep 700"), self.player() as player:
            player.ok("look")
            player.fails("assertion", "did not answer in time", seconds=0.2)
            answer = player.ok("assertion", "data:write")
            self.assertEqual(self.claims(answer)["scope"], ["data:write"])

    def test_one_that_cannot_be_started(self) -> None:
        with self.player(env={"SSA_HSM_SIGNER": "/no/such/signer"}) as player:
            answer = player.fails("assertion", "cannot be started", "No such file")
            self.assertEqual((answer.code, answer.starts), (UNEXPECTED, 0))


class Lies(SignerLinkCase):
    needs_api = True

    def hostile(self, lie: str) -> dict[str, str]:
        return {"SSA_HSM_SIGNER": str(HOSTILE), "HOSTILE_SIGNER": lie}

    def test_an_answer_that_makes_no_sense_ends_it(self) -> None:
        for lie in ("garbage", "cut", "more", "long", "empty", "state", "stage", "escape", "success-and-secret", "no-class",
                    "another-number", "again-trying"):  # fmt: skip
            with self.subTest(lie=lie), self.player(env=self.hostile(lie)) as player:
                answer = player.fails("assertion")
                self.assertEqual((answer.code, answer.text), (UNEXPECTED, ""))
                if lie != "empty":
                    self.assertEqual(children(player.process.pid), [])

    def test_nothing_is_taken_that_was_not_asked_for(self) -> None:
        with self.player(env=self.hostile("twice")) as player:
            self.assertEqual(player.ok("assertion").text, "an assertion")
            # The second one is nobody's answer, once it is there.
            time.sleep(0.3)
            self.assertEqual(player.ok("assertion").starts, 2)

    def test_an_earlier_answer_is_no_other_request_s(self) -> None:
        with self.player(env=self.hostile("again")) as player:
            self.assertEqual(player.ok("assertion").starts, 1)
            # It comes when the next request was sent already. Another signer answers that.
            self.assertEqual(player.ok("assertion").starts, 2)
        self.assertIn("the signer has died", self.told)

    def test_one_that_tells_without_end_is_not_listened_to(self) -> None:
        with self.player(env=self.hostile("telling")) as player:
            player.fails("assertion", "tells without end", seconds=5)
            self.assertEqual(children(player.process.pid), [])
        with self.player(env=self.hostile("telling-much")) as player:
            self.assertEqual(player.ok("assertion").starts, 1)

    def test_one_that_dies_while_it_tries_a_pin(self) -> None:
        with self.player(env=self.hostile("trying")) as player:
            self.assertEqual(player.fails("assertion", "before somebody unlocks it").state, "refused")
            self.assertEqual(player.fails("assertion").starts, 1)

    def test_one_that_dies_while_it_tries_a_pin_of_which_there_is_a_record(self) -> None:
        with self.player(env=self.hostile("trying-recorded")) as player:
            self.assertEqual(player.fails("assertion", "the signer has died").starts, 2)

    def test_one_that_says_nothing(self) -> None:
        with self.player(env=self.hostile("silence")) as player:
            begun = time.monotonic()
            player.fails("look", "did not answer in time", seconds=0.5)
            self.assertEqual(player.ok("status", seconds=0.5).state, "locked")
            self.assertEqual(player.ok("lock", seconds=0.5).state, "locked")
            self.assertLess(time.monotonic() - begun, 20)
            self.assertEqual(children(player.process.pid), [])

    def test_what_it_is_given(self) -> None:
        told = self.dir / "told"
        env = {**self.hostile("tell"), "TOLD": str(told), "APS_SECRET_ID": "a literal secret", "APS_CLIENT_SECRET": "one more"}
        with self.player(env=env) as player:
            player.ok("assertion")
        given = json.loads(told.read_text())
        self.assertNotIn("APS_SECRET_ID", given["environment"])
        self.assertNotIn("APS_CLIENT_SECRET", given["environment"])
        self.assertEqual(given["environment"]["SSA_HSM_PIN_SOURCE"], self.env["SSA_HSM_PIN_SOURCE"])
        self.assertEqual(given["arguments"][2:], [str(self.pin_socket), "", ""])
        # Its end of the connection, and what listing them opens.
        self.assertEqual(len(given["descriptors"]), 5)


class Agents(SignerLinkCase):
    """A signer whose agent is this test."""

    def setUp(self) -> None:
        super().setUp()
        self.agent, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.addCleanup(self.agent.close)
        argv = [str(places.signer()), str(its.fileno()), str(self.pin_socket), "", ""]
        with self.shim() as self.log:
            self.process = self.start(argv, pass_fds=(its.fileno(),))
        its.close()
        self.addCleanup(self.end)

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()

    def call(self, call: int, scope: bytes = b"", lifetime: int = 0) -> bytes:
        """The answer without the request's number, which it repeats."""
        number = os.urandom(8)
        padded = scope + bytes(-len(scope) % 8)
        self.agent.send(number + struct.pack("<QQ", call, len(scope)) + padded + struct.pack("<QQ", lifetime, 0))
        while True:
            answer = self.agent.recv(1 << 17)
            self.assertEqual(answer[:8], number)
            if answer[8:16] == bytes(8):
                return answer[8:]

    def test_what_makes_no_sense_ends_it_in_order(self) -> None:
        self.assertEqual(self.call(1)[8:16], struct.pack("<Q", 1))
        self.agent.send(os.urandom(100))
        self.assertEqual(self.agent.recv(100), b"")
        self.process.wait(30)
        self.assertEqual((self.log.count("C_Login"), self.log.count("C_Logout")), (1, 1))

    def test_what_is_cut_or_too_long_ends_it(self) -> None:
        self.agent.send(struct.pack("<QQQ", 1, 1, 0))
        self.assertEqual(self.agent.recv(100), b"")
        self.assertEqual(self.process.wait(30), 0)

    def test_what_is_too_long_ends_it(self) -> None:
        self.agent.send(bytes(100_000))
        self.assertEqual(self.agent.recv(100), b"")
        self.assertEqual(self.process.wait(30), 0)

    def test_an_assertion_does_not_live_long(self) -> None:
        self.assertEqual(self.call(2, b"data:read", 301)[8:16], bytes(8))
        self.assertEqual(self.call(2, b"data:read", 300)[8:16], struct.pack("<Q", 1))

    def test_strangers_at_the_pin_socket(self) -> None:
        self.assertEqual(self.call(1)[8:16], struct.pack("<Q", 1))
        for packet in (b"", b"\xff" * 300, bytes(4000)):
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as stranger:
                stranger.connect(str(self.pin_socket))
                # It is open already, so nothing is asked, and the signer may be done with it before the packet comes.
                with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                    stranger.send(packet)
                    self.assertEqual(kind_of(stranger.recv(1 << 14)), 3)
        self.assertEqual(self.call(2, b"data:read")[8:16], struct.pack("<Q", 1))
        self.assertEqual(self.log.count("C_Login"), 1)


def kind_of(question: bytes) -> int:
    (kind,) = struct.unpack("<Q", question[8:16])
    return int(kind)


def reply(number: int, text: bytes) -> bytes:
    return struct.pack("<QQQ", number, 1, len(text)) + text + bytes(-len(text) % 8)


class StrangePersons(SignerLinkCase):
    """Who unlocks it says what makes no sense."""

    def test_no_pin_is_tried(self) -> None:
        self.without_pin_source()
        with self.shim() as log, self.player() as player:
            player.ok("look")
            long = struct.pack("<QQ", 1, 1024) + b"7" * 1024
            for packet in (b"\xff" * 40, struct.pack("<QQ", 1, 5) + b"12345", struct.pack("<QQ", 0, 0), long, bytes(9000)):
                with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as stranger:
                    stranger.connect(str(self.pin_socket))
                    question = stranger.recv(1 << 14)
                    self.assertEqual(kind_of(question), 0)
                    stranger.send(question[:8] + packet)
                    self.assertEqual(kind_of(stranger.recv(1 << 14)), 4)
            # A good reply to an earlier question is none to this one.
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as stranger:
                stranger.connect(str(self.pin_socket))
                (number,) = struct.unpack("<Q", stranger.recv(1 << 14)[:8])
                stranger.send(reply(number - 1, b"12345678"))
                failed = stranger.recv(1 << 14)
                self.assertEqual(kind_of(failed), 4)
                self.assertIn(b"one to another question", failed)
            # One that answers before it is asked has not read the question.
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as stranger:
                stranger.connect(str(self.pin_socket))
                stranger.send(reply(0, b"12345678"))
                with contextlib.suppress(ConnectionResetError):
                    while kind_of(stranger.recv(1 << 14)) != 4:
                        continue
            self.assertEqual(log.count("C_Login"), 0)
            self.assertEqual(self.unlock(PIN)[0], 0)

    def test_the_pin_is_no_yes(self) -> None:
        """A reply that comes twice: the second one is none to the question that comes next."""
        self.without_pin_source()
        with self.shim() as log, self.player() as player:
            player.ok("look")
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as stranger:
                stranger.connect(str(self.pin_socket))
                (number,) = struct.unpack("<Q", stranger.recv(1 << 14)[:8])
                stranger.send(reply(number, b"12345678"))
                while kind_of(stranger.recv(1 << 14)) != 1:
                    continue
                stranger.send(reply(number, b""))
                while kind_of(stranger.recv(1 << 14)) != 4:
                    continue
            self.assertEqual(log.count("C_Login"), 1)
            self.assertEqual(self.unlock(PIN)[0], 0)


class Secrets(SecretCase, SignerLinkCase):
    def test_a_client_secret_on_the_token_is_read(self) -> None:
        uri = self.imported()
        self.use(uri)
        with self.shim() as log, self.player() as player:
            self.assertEqual(player.ok("secret").text, self.api.secret)
            self.claims(player.ok("assertion"))
        self.assertEqual(log.count("C_Login"), 1)

    def test_another_client_secret_is_not_the_signer_s(self) -> None:
        with self.player() as player:
            player.fails("secret", "is not on a PKCS#11 token")
            player.ok("assertion")


class Rotations(SignerLinkCase):
    # An account has three keys at most, and the tests of a class share theirs.

    def another_key(self, *arguments: str) -> str:
        made = self.run_program("key", "create", "--profile", "new", "--import", "plain", *arguments)
        self.expect(made, 0)
        return self.profile("new")["KEY_ID"]

    def switch(self) -> None:
        os.replace(self.profile_path("new"), self.profile_path())

    def test_a_new_key_on_the_same_token_needs_no_login(self) -> None:
        key = self.another_key()
        old, new = self.profile(), self.profile("new")
        with self.shim() as log, self.player() as player:
            before = player.ok("assertion")
            self.switch()
            answer = player.ok("assertion")
            self.assertNotEqual(answer.key_id, before.key_id)
            self.assertEqual((answer.key_id, answer.logins), (key, 1))
            self.claims(answer)
            self.profile_path().unlink()
            # The file is away for a moment, or for good.
            self.claims(player.ok("assertion"))
        self.assertEqual(log.count("C_Login"), 1)
        self.write_profile(new)
        self.without_pin_source()
        new = self.profile()
        self.write_profile(old)
        self.without_pin_source()
        # A person is not asked for it, either.
        with self.shim(), self.player() as player:
            player.ok("look")
            self.assertEqual(self.unlock(PIN)[0], 0)
            self.assertEqual(player.ok("assertion").key_id, old["KEY_ID"])
            self.write_profile(new, "new")
            self.switch()
            self.assertEqual(player.ok("look").state, "open")
            self.assertEqual(player.ok("assertion").key_id, key)

    def test_a_key_on_another_token_needs_one(self) -> None:
        self.store.initialise("other")
        key = self.another_key("--token", "pkcs11:token=other")
        del self.env["SSA_HSM_TOKEN"]
        with self.shim() as log, self.player() as player:
            player.ok("assertion")
            self.switch()
            answer = player.ok("assertion")
            self.assertEqual((answer.key_id, answer.label), (key, "other"))
        self.assertEqual((log.count("C_Login"), log.count("C_Logout")), (2, 2))


class OwnLogins(SignerLinkCase):
    def test_a_new_key_that_wants_a_login_for_each_signature_gets_the_pin_and_not_none(self) -> None:
        self.expect(self.run_program("key", "create", "--profile", "new", "--import", "plain"), 0)
        # The first key does not tell it, neither among others nor alone: so the PIN is not kept.
        rules = ("always-authenticate", "C_GetAttributeValue 1-2 attr=CKA_ALWAYS_AUTHENTICATE return CKR_GENERAL_ERROR")
        with self.shim(*rules) as log, self.player() as player:
            player.ok("look")
            os.replace(self.profile_path("new"), self.profile_path())
            for _ in range(2):
                player.ok("assertion")
        self.assertEqual([call.rv for call in log.of("C_Login")], ["CKR_OK"] * 4)
