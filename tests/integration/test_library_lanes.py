"""Threads that sign with one signer at the same time: each in a session of its own, where the module lets them."""

from __future__ import annotations

import functools
import os
import re
import signal
import time
from itertools import combinations

import places
from fault_support import eventually
from harness import SLOW
from shimlog import Call, CallLog
from test_library_signer import ABSENT, PIN_WRONG, SignerCase

LANES = 4
UNEXPECTED, USAGE = 1, 2
# Signatures take longer than what is around them, so that threads meet.
SLOW_SIGN = "C_Sign * sleep 5"
CARD = ('info description "PKCS#11 PIV Library (SP-800-73)"', 'info manufacturer "Yubico (www.yubico.com)"')


def overlap(one: Call, other: Call) -> bool:
    return one.pid == other.pid and one.time < other.time + other.took and other.time < one.time + one.took


def hosts(log: CallLog) -> list[int]:
    return [call.pid for call in log.of("C_Sign", "CKR_OK")]


class Lanes(SignerCase):
    def signed_by_one(self, log: CallLog) -> None:
        """In one session, and never two calls at once."""
        calls = log.of("C_SignInit") + log.of("C_Sign")
        self.assertEqual(len({call.session for call in calls}), 1)
        self.assertEqual(len({call.tid for call in calls}), 1)
        self.assertEqual([pair for pair in combinations(calls, 2) if overlap(*pair)], [])

    def has_signed(self, log: CallLog, times: int) -> bool:
        """Whether so many processes of the module have signed, the last one in all sessions."""
        last = hosts(log)[-1:]
        sessions = {call.session for call in log.of("C_Sign", "CKR_OK") if [call.pid] == last}
        return len(set(hosts(log))) == times and len(sessions) == LANES

    def test_threads_sign_at_the_same_time_with_one_login(self) -> None:
        with self.shim(SLOW_SIGN) as log, self.player() as player:
            player.ok("open")
            player.ok("crowd 8")
            signs = log.of("C_Sign", "CKR_OK")
            self.assertEqual(len(signs), 80)
            self.assertTrue(any(overlap(*pair) for pair in combinations(signs, 2)))
            sessions = {call.session for call in signs}
            self.assertGreater(len(sessions), 1)
            self.assertLessEqual(len(sessions), LANES)
            self.assertEqual(len({call.tid for call in signs}), len(sessions))
            # Those that are open stay open.
            opened = log.count("C_OpenSession")
            player.ok("crowd 3")
            self.assertLessEqual(log.count("C_OpenSession") - opened, LANES - len(sessions))
            player.ok("close")
            self.assertEqual(player.hosts(), [])
        for once in ("C_Initialize", "C_Login", "C_Logout", "C_Finalize"):
            self.assertEqual(log.count(once), 1, once)
        self.assertEqual(log.count("C_CloseSession"), log.count("C_OpenSession"))

    def test_one_thread_after_the_other_needs_one_session(self) -> None:
        with self.shim() as log, self.player() as player:
            player.ok("open")
            opened = log.count("C_OpenSession")
            for _ in range(3):
                player.ok("in-thread sign x")
            self.assertEqual(log.count("C_OpenSession"), opened)
        self.signed_by_one(log)

    def test_a_module_that_cannot_lock_is_called_by_one_thread(self) -> None:
        for answer in ("CKR_CANT_LOCK", "CKR_ARGUMENTS_BAD"):
            with self.subTest(answer):
                with self.shim(SLOW_SIGN, f"C_Initialize 1 return {answer}") as log, self.player() as player:
                    player.ok("open")
                    player.ok("crowd 4")
                self.assertEqual(log.count("C_Initialize"), 2)
                self.signed_by_one(log)

    def test_cards_and_keys_with_a_login_of_their_own_sign_for_one_after_the_other(self) -> None:
        for rules in (CARD, ("always-authenticate",)):
            with self.subTest(rules):
                with self.shim(SLOW_SIGN, *rules) as log, self.player() as player:
                    player.ok("open")
                    player.ok("crowd 4")
                self.signed_by_one(log)

    def test_a_module_of_cards_is_known_by_its_file(self) -> None:
        module = self.dir / "opensc-pkcs11.so"
        module.symlink_to(places.shim_library())
        with self.shim(SLOW_SIGN) as log, self.player({"SSA_HSM_MODULE": str(module)}) as player:
            player.ok("open")
            player.ok("crowd 4")
        self.signed_by_one(log)

    def test_a_session_that_is_over_is_replaced(self) -> None:
        for lost in ("CKR_SESSION_HANDLE_INVALID", "CKR_USER_NOT_LOGGED_IN", "CKR_KEY_HANDLE_INVALID"):
            rules = [f"C_Sign {number} return {lost}" for number in (12, 25, 38, 51, 64)]
            with self.subTest(lost):
                with self.shim(SLOW_SIGN, *rules) as log, self.player() as player:
                    player.ok("open")
                    player.ok("crowd 4")
                    player.ok("crowd 4")
                # Only the first session's end means that the login is lost.
                first = [call.session for call in log.of("C_Login")]
                failed = [call.session for call in log.of("C_Sign", lost)]
                self.assertEqual(len(failed), 5)
                self.assertEqual(len(first), 1 + sum(session in first for session in failed))
                self.assertEqual(log.count("C_Initialize"), len(first))

    def test_sessions_that_never_sign_are_given_up(self) -> None:
        # The first session is that of the login.
        with self.shim(SLOW_SIGN, "C_OpenSession 2+ return CKR_SESSION_COUNT") as log, self.player() as player:
            player.ok("open")
            player.ok("crowd 4")
            player.ok("crowd 4")
        self.assertLess(log.count("C_OpenSession"), 10)
        self.assertEqual(log.count("C_Login"), 1)

    def test_a_pin_that_is_wrong_by_now_is_tried_once_for_all(self) -> None:
        # Fewer calls than each of the threads makes: none of them is done before that.
        rules = ("C_Sign 8+ return CKR_USER_NOT_LOGGED_IN", "C_Login 2+ return CKR_PIN_INCORRECT")
        with self.shim(SLOW_SIGN, *rules) as log, self.player() as player:
            player.ok("open")
            self.assertEqual(player.fails("crowd 8", "8 times", "refuses the PIN"), PIN_WRONG)
            self.assertEqual(player.fails("crowd 8", "8 times"), PIN_WRONG)
        self.assertEqual(log.count("C_Login"), 2)

    def test_a_token_that_is_gone_is_looked_for_once_by_all(self) -> None:
        gone = self.dir / "gone"
        with self.shim(SLOW_SIGN, f"token absent-while {gone}") as log, self.player() as player:
            player.ok("open")
            player.ok("crowd 4")
            gone.touch()
            self.assertEqual(player.fails("crowd 4", "4 times"), ABSENT)
            gone.unlink()
            player.ok("crowd 4")
        self.assertEqual(log.count("C_Login"), 2)

    # Fewer calls than each of the threads makes: so none of them is done before the module hangs.
    def test_what_hangs_in_one_session_ends_all(self) -> None:
        with self.shim(SLOW_SIGN, "C_Sign 8+ sleep 60000"), self.player({"PLAYER_PATIENCE": "1"}) as player:
            player.ok("open")
            began = time.monotonic()
            self.assertEqual(player.fails("crowd 4", "4 times", "does not answer"), ABSENT)
            self.assertLess(time.monotonic() - began, 5 * SLOW)

    def test_a_person_who_wants_to_stop_waits_for_none(self) -> None:
        stop, here = self.dir / "stop", self.dir / "here"
        rules = (f"C_Sign 8+ touch {here} sleep 60000",)
        with self.shim(SLOW_SIGN, *rules), self.player({"PLAYER_STOP": str(stop)}) as player:
            player.ok("open")
            assert player.process.stdin is not None
            assert player.process.stdout is not None
            player.process.stdin.write(b"crowd 4\n")
            player.process.stdin.flush()
            eventually(here.exists, "a signature hangs", 10 * SLOW)
            stop.touch()
            began = time.monotonic()
            answer = player.process.stdout.readline().decode()
            self.assertLess(time.monotonic() - began, 5 * SLOW)
            self.assertRegex(answer, f"^failed {UNEXPECTED} 4 times: interrupted")

    def test_a_forked_child_disturbs_no_lane(self) -> None:
        with self.shim(SLOW_SIGN) as log, self.player() as player:
            player.ok("open")
            player.ok("crowd 4")
            self.assertEqual(player.fails("in-child sign x", "another process"), USAGE)
            player.ok("in-child close")
            child = int(player.ok("linger"))
            self.addCleanup(os.kill, child, signal.SIGKILL)
            player.ok("crowd 4")
            player.ok("close")
            # What the child keeps open keeps nobody from ending.
            self.assertEqual([pid for pid in player.hosts() if pid != child], [])
        self.assertEqual(log.count("C_Login"), 1)
        self.assertEqual(log.count("C_CloseSession"), log.count("C_OpenSession"))

    def test_the_modules_process_is_killed_while_all_sign(self) -> None:
        kills = 3
        argv = [*places.wrapper(), str(places.library_program("signer-threads")), "4", "200"]
        with self.shim(SLOW_SIGN) as log, self.start(argv) as process:
            for number in range(kills):
                eventually(functools.partial(self.has_signed, log, number + 1), "all sessions sign", 20 * SLOW)
                os.kill(hosts(log)[-1], signal.SIGKILL)
            out, err = process.communicate(timeout=120 * SLOW)
        self.assertEqual(process.returncode, 0, err.decode(errors="replace")[-4000:])
        self.assertEqual(re.findall(r"\d+", out.decode()), ["800", "0", "0"])
        self.assertEqual(log.count("C_Login"), kills + 1)
