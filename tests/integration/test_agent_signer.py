"""The agent's signer: it signs assertions with one login, and what becomes of the login."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import places
from harness import LABEL, PIN
from signer_link import ABSENT, CONFIG, PIN_CLASS, SignerLinkCase, children, until


class Signing(SignerLinkCase):
    def test_it_signs_with_one_login(self) -> None:
        with self.shim() as log, self.player() as player:
            for _ in range(3):
                answer = player.ok("assertion", "data:read")
                claims = self.claims(answer)
            self.assertEqual(claims["sub"], self.profile()["SERVICE_ACCOUNT_ID"])
            self.assertEqual(claims["scope"], ["data:read"])
            self.assertEqual((answer.state, answer.by_person, answer.logins, answer.signatures), ("open", False, 1, 3))
            self.assertEqual((answer.label, answer.key_id), (LABEL, self.profile()["KEY_ID"]))
            self.assertEqual(answer.starts, 1)
        self.assertEqual((log.count("C_Login"), log.count("C_Logout")), (1, 1))

    def test_calls_of_several_threads_take_turns(self) -> None:
        with self.shim() as log, self.player() as player:
            begun = [player.begin("assertion", "data:read") for _ in range(12)]
            for number in begun:
                self.claims(player.end(number))
        self.assertEqual((log.count("C_Login"), log.count("C_Sign")), (1, 12))

    def test_a_scope_that_is_none_is_refused(self) -> None:
        with self.player() as player:
            answer = player.ask("assertion", "data:read\x01")
            self.assertFalse(answer.done)
            self.assertFalse(player.ask("assertion", 'data"read').done)
            player.ok("assertion", "data:read")

    def test_it_has_neither_the_network_nor_a_way_to_it(self) -> None:
        needed = subprocess.run([places.tool("ldd"), str(places.signer())], capture_output=True, text=True, check=True)
        self.assertNotIn("curl", needed.stdout)
        self.assertNotIn("ssl", needed.stdout)
        self.assertNotIn(b"libcurl", places.signer().read_bytes())
        trace, script = self.dir / "trace", self.dir / "signer"
        strace = f"{places.tool('strace')} -f -e trace=socket,openat -o {trace}"
        script.write_text(f'#!/bin/sh\nexec {strace} {places.signer()} "$@"\n')
        script.chmod(0o755)
        with self.player(env={"SSA_HSM_SIGNER": str(script)}) as player:
            player.ok("assertion")
        done = trace.read_text()
        self.assertIn("AF_UNIX", done)
        self.assertNotIn("AF_INET", done)
        self.assertNotIn("curl", done)

    def test_a_profile_that_cannot_be_used_is_named(self) -> None:
        self.write_profile("no assignment\n", "broken")
        with self.player("broken") as player:
            for _ in range(7):
                answer = player.fails("assertion", "line 1", seconds=5)
                self.assertEqual((answer.code, answer.state), (CONFIG, "lost"))

    def test_it_ends_with_the_agent(self) -> None:
        with self.shim() as log, self.player() as player:
            player.ok("assertion")
            signer, host = player.signer(), player.host()
            # As a kill would, with nothing said; the player's own end comes later.
            player.process.kill()
            until(lambda: not Path(f"/proc/{signer}").exists(), "the signer is left")
            until(lambda: not Path(f"/proc/{host}").exists(), "the module's process is left")
            self.assertEqual(log.count("C_Logout"), 1)
            player.process.returncode = 0


class PinSources(SignerLinkCase):
    def test_a_wrong_pin_file_is_tried_once(self) -> None:
        pin = self.dir / "pin"
        pin.write_text("0000-wrong\n")
        with self.shim() as log, self.player() as player:
            self.assertEqual(player.fails("assertion", "CKR_PIN_INCORRECT").state, "refused")
            for call in ("look", "assertion", "secret", "look", "assertion"):
                answer = player.ask(call)
                self.assertEqual((answer.done, answer.state), (False, "refused"), call)
            # Somebody wants another try, but the PIN is the same.
            self.assertEqual(player.fails("unlock").state, "refused")
            self.assertEqual(log.count("C_Login"), 1)
            pin.write_text(PIN + "\n")
            self.assertEqual(player.fails("look").state, "refused")
            self.assertEqual(player.ok("unlock").state, "open")
            player.ok("assertion")
        self.assertEqual(log.count("C_Login"), 2)

    def test_a_stored_pin_is_tried_once_more_where_somebody_says_so(self) -> None:
        # As a credential is: nothing tells it from another one.
        env = {"SSA_HSM_PIN_SOURCE": "env:A_PIN", "A_PIN": "0000-wrong"}
        with self.shim() as log, self.player(env=env) as player:
            self.assertEqual(player.fails("look").state, "refused")
            self.assertEqual(player.fails("unlock").state, "refused")
            self.assertEqual(log.count("C_Login"), 1)
            self.assertEqual(player.fails("retry", "CKR_PIN_INCORRECT").state, "refused")
            self.assertEqual(player.fails("unlock").state, "refused")
        self.assertEqual(log.count("C_Login"), 2)
        env["A_PIN"] = PIN
        with self.shim() as log, self.player(env=env) as player:
            self.assertEqual(player.fails("look").state, "refused")
            self.assertEqual(log.count("C_Login"), 0)
            self.assertEqual(player.ok("retry").state, "open")
            player.ok("assertion")
        self.assertEqual(log.count("C_Login"), 1)

    def test_a_permission_that_was_of_no_use_is_over(self) -> None:
        env = {"SSA_HSM_PIN_SOURCE": "env:A_PIN", "A_PIN": "0000-wrong"}
        away = self.dir / "away"
        with self.shim(f"token absent-while {away}") as log, self.player(env=env) as player:
            player.fails("look")
            away.touch()
            self.assertEqual(player.fails("retry").state, "lost")
            away.unlink()
            self.assertEqual(player.fails("look").state, "refused")
        self.assertEqual(log.count("C_Login"), 1)

    def test_a_wrong_pin_is_not_tried_by_the_next_signer(self) -> None:
        (self.dir / "pin").write_text("0000-wrong\n")
        with self.shim() as log, self.player() as player:
            player.fails("assertion")
            os.kill(player.signer(), 9)
            for _ in range(3):
                self.assertEqual(player.fails("assertion").state, "refused")
        self.assertEqual(log.count("C_Login"), 1)

    def test_a_keys_own_login_that_may_be_refused_each_time_is_given_up(self) -> None:
        rule = "C_Login user=CKU_CONTEXT_SPECIFIC * return CKR_USER_NOT_LOGGED_IN"
        with self.shim("always-authenticate", rule) as log, self.player() as player:
            self.assertEqual(player.fails("assertion", "own login").state, "open")
            for call in ("assertion", "assertion", "look", "assertion"):
                self.assertEqual(player.fails(call, "own login").state, "refused", call)
        self.assertEqual(sum("CKU_CONTEXT_SPECIFIC" in call.args for call in log.of("C_Login")), 2)

    def test_a_new_key_that_wants_the_pin_for_each_signature_gets_it(self) -> None:
        made = self.store.tool(
            "--keypairgen", "--key-type", "rsa:2048", "--id", "51", "--label", "each", "--always-auth"
        )
        self.assertEqual(made.returncode, 0, made.stderr)
        profile = self.profile()
        place, _, query = profile["PRIVATE_KEY"].partition("?")
        with self.shim() as log, self.player() as player:
            player.ok("assertion")
            each = re.sub("id=[^;]*;object=[^;?]*", "id=%51;object=each", place)
            self.write_profile({**profile, "PRIVATE_KEY": f"{each}?{query}"})
            for _ in range(2):
                self.assertEqual(player.ok("assertion").state, "open")
        self.assertEqual({call.rv for call in log.of("C_Login")}, {"CKR_OK"})
        self.assertEqual(sum("CKU_CONTEXT_SPECIFIC" in call.args for call in log.of("C_Login")), 2)

    def test_the_pin_comes_from_an_inherited_descriptor(self) -> None:
        here, there = os.pipe()
        os.write(there, PIN.encode() + b"\n")
        os.close(there)
        other = os.open("/dev/null", os.O_RDONLY)
        away = self.dir / "away"
        with (
            self.shim(f"token absent-while {away}"),
            self.player(env={"SSA_HSM_PIN_SOURCE": f"fd:{here}"}, pass_fds=(here, other)) as player,
        ):
            os.close(here)
            os.close(other)
            player.ok("assertion")
            # It cannot be read a second time, so it is kept.
            away.touch()
            self.assertEqual(player.fails("look").state, "lost")
            away.unlink()
            self.assertEqual(player.ok("look").state, "open")
            self.claims(player.ok("assertion"))

    def test_the_pin_comes_from_a_variable(self) -> None:
        with self.player(env={"SSA_HSM_PIN_SOURCE": "env:A_PIN", "A_PIN": PIN}) as player:
            player.ok("assertion")
            player.ok("lock")
            self.assertEqual(player.ok("unlock").state, "open")

    def test_the_pin_is_typed_at_the_reader(self) -> None:
        with self.shim(f"protected-path {PIN}") as log, self.player() as player:
            # Nobody stands there.
            self.assertEqual(player.fails("assertion", "a person must").state, "locked")
            self.assertEqual(log.count("C_Login"), 0)
            code, said = self.unlock()
            self.assertEqual(code, 0, said)
            self.assertIn("at its reader", said)
            self.claims(player.ok("assertion"))


class Lost(SignerLinkCase):
    def test_it_comes_back_by_itself(self) -> None:
        away = self.dir / "away"
        with self.shim(f"token absent-while {away}") as log, self.player() as player:
            player.ok("assertion")
            away.touch()
            answer = player.fails("look")
            self.assertEqual((answer.state, answer.code, answer.label), ("lost", ABSENT, LABEL))
            self.assertEqual(player.fails("assertion").state, "lost")
            away.unlink()
            self.claims(player.ok("assertion"))
            self.assertEqual(player.ok("look").state, "open")
        self.assertEqual(log.count("C_Login"), 2)

    def test_a_look_tries_no_pin(self) -> None:
        with self.shim() as log, self.player() as player:
            for _ in range(5):
                self.assertEqual(player.ok("look").state, "open")
        self.assertEqual((log.count("C_Login"), log.count("C_Sign")), (1, 0))

    def test_a_token_that_comes_later_is_found(self) -> None:
        away = self.dir / "away"
        away.touch()
        with self.shim(f"token absent-while {away}") as log, self.player() as player:
            self.assertEqual(player.fails("look").state, "lost")
            self.assertEqual(log.count("C_Login"), 0)
            away.unlink()
            self.assertEqual(player.ok("look").state, "open")

    def test_a_person_must_unlock_it_again(self) -> None:
        self.without_pin_source()
        away = self.dir / "away"
        with self.shim(f"token absent-while {away}") as log, self.player() as player:
            self.assertEqual(player.ok("look").state, "locked")
            self.assertEqual(self.unlock(PIN)[0], 0)
            self.assertEqual(player.ok("look").state, "open")
            away.touch()
            self.assertEqual(player.ok("look").state, "locked")
            away.unlink()
            self.assertEqual(player.ok("look").state, "locked")
            self.assertEqual(player.fails("assertion", "a person must").code, PIN_CLASS)
            self.assertEqual(log.count("C_Login"), 1)
            self.assertEqual(self.unlock(PIN)[0], 0)
            self.claims(player.ok("assertion"))
        self.assertIn("was lost, so the profile is locked", self.told)

    def test_the_module_s_process_was_killed(self) -> None:
        with self.shim() as log, self.player() as player:
            player.ok("assertion")
            os.kill(player.host(), 9)
            self.claims(player.ok("assertion"))
            os.kill(player.host(), 9)
            self.assertEqual(player.ok("look").state, "open")
        self.assertEqual(log.count("C_Login"), 3)


class Locked(SignerLinkCase):
    def test_it_logs_out_and_stays_so(self) -> None:
        with self.shim() as log, self.player() as player:
            player.ok("assertion")
            signer = player.signer()
            self.assertEqual(player.ok("lock").state, "locked")
            self.assertEqual(log.count("C_Logout"), 1)
            self.assertEqual(children(signer), [], "the module's process is left")
            for call in ("look", "status"):
                self.assertEqual(player.ok(call).state, "locked", call)
            self.assertEqual(player.fails("assertion", "locked").code, PIN_CLASS)
            # Another one stays locked, too.
            os.kill(signer, 9)
            self.assertEqual(player.fails("assertion", "locked").starts, 2)
            self.assertEqual(log.count("C_Login"), 1)
            self.assertEqual(player.ok("unlock").state, "open")
            self.claims(player.ok("assertion"))
        self.assertEqual((log.count("C_Login"), log.count("C_Logout")), (2, 2))

    def test_it_is_locked_before_it_was_ever_started(self) -> None:
        with self.shim() as log, self.player() as player:
            self.assertEqual(player.ok("lock").starts, 0)
            player.fails("assertion", "locked")
        self.assertEqual(log.count("C_Login"), 0)

    def test_one_that_hangs_is_killed(self) -> None:
        with self.shim("C_Sign 1 sleep 60000"), self.player() as player:
            waits = player.begin("assertion")
            until(lambda: self.pin_socket.exists(), "no signer was started")
            self.assertEqual(player.ok("lock", seconds=1).state, "locked")
            self.assertFalse(player.end(waits).done)
            self.assertEqual(children(player.process.pid), [])


class Unlocking(SignerLinkCase):
    def setUp(self) -> None:
        super().setUp()
        self.without_pin_source()

    def test_a_person_unlocks_it_at_its_socket(self) -> None:
        with self.shim() as log, self.player() as player:
            self.assertEqual(player.fails("assertion", "a person must give the PIN").state, "locked")
            self.assertTrue(player.ok("look").by_person)
            self.assertEqual(player.fails("unlock").state, "locked")
            self.assertEqual(self.pin_socket.stat().st_mode & 0o777, 0o600)
            code, said = self.unlock(PIN)
            self.assertEqual((code, said.splitlines()[-1]), (0, "open"), said)
            self.assertIn(f'secret: PIN of token "{LABEL}"', said)
            self.claims(player.ok("assertion"))
            self.assertEqual(player.ok("look").state, "open")
            # There is nothing to ask any more.
            self.assertEqual(self.unlock(), (0, "open\n"))
        self.assertEqual((log.count("C_Login"), log.count("C_Logout")), (1, 1))

    def test_a_wrong_pin_may_be_typed_again(self) -> None:
        with self.shim() as log, self.player() as player:
            player.ok("look")
            code, said = self.unlock("0000-wrong", "no")
            self.assertEqual(code, PIN_CLASS, said)
            self.assertIn("refused the PIN", said)
            self.assertEqual(player.ok("look").state, "locked")
            code, said = self.unlock("0000-wrong", "yes", PIN)
            self.assertEqual(code, 0, said)
        self.assertEqual(log.count("C_Login"), 3)

    def test_the_last_try_wants_a_yes(self) -> None:
        with self.shim("token flags +CKF_USER_PIN_FINAL_TRY") as log, self.player() as player:
            player.ok("look")
            code, said = self.unlock("no")
            self.assertNotEqual(code, 0)
            self.assertIn("confirm: ", said)
            self.assertEqual(log.count("C_Login"), 0)

    def test_a_pinentry_asks_while_somebody_unlocks_it(self) -> None:
        there, go, fake = self.dir / "there", self.dir / "go", self.dir / "pinentry"
        fake.write_text(
            f"#!/bin/sh\necho OK\nwhile read -r line; do case $line in GETPIN) touch {there};"
            f" while [ ! -e {go} ]; do sleep 0.05; done; echo 'D {PIN}';; esac; echo OK; done\n"
        )
        fake.chmod(0o755)
        self.env["SSA_HSM_PIN_SOURCE"] = f"pinentry:{fake}"
        with self.shim() as log, self.player() as player:
            self.assertEqual(player.ok("look").state, "locked")
            self.assertFalse(there.exists(), "nobody unlocks it, and the pinentry asks")
            with self.unlocker() as process:
                until(there.exists, "the pinentry does not ask")
                player.fails("assertion", "about to unlock", seconds=5)
                go.touch()
                out, _ = process.communicate(timeout=30)
            self.assertEqual(out.decode(), "open\n")
            self.claims(player.ok("assertion"))
        self.assertEqual(log.count("C_Login"), 1)

    def test_the_agent_is_answered_meanwhile(self) -> None:
        with self.player() as player, self.unlocker_of(player) as process:
            answer = player.fails("assertion", "about to unlock", seconds=5)
            self.assertEqual((answer.code, answer.state), (PIN_CLASS, "locked"))
            self.assertEqual(player.ok("status", seconds=5).state, "locked")
            self.assertEqual(player.ok("look", seconds=5).state, "locked")
            player.fails("unlock", seconds=5)
            code, said = self.unlock(PIN)
            self.assertEqual(code, PIN_CLASS)
            self.assertIn("somebody else", said)
            out, _ = process.communicate(PIN.encode() + b"\n", 30)
            self.assertEqual(out.decode().splitlines()[-1], "open")
            self.claims(player.ok("assertion"))

    def test_who_goes_away_has_tried_nothing(self) -> None:
        with self.shim() as log, self.player() as player:
            with self.unlocker_of(player) as process:
                process.kill()
                until(lambda: self.unlock(PIN)[0] == 0, "the signer waits for somebody who has gone")
            self.claims(player.ok("assertion"))
        self.assertEqual(log.count("C_Login"), 1)

    def test_who_does_not_answer_is_not_waited_for_long(self) -> None:
        with self.shim() as log, self.player(env=self.hasty(60)) as player, self.unlocker_of(player) as process:
            until(lambda: self.unlock("")[1].startswith("secret: "), "the signer waits for ever")
            out, _ = process.communicate(PIN.encode() + b"\n", 30)
            self.assertIn("the time for it is over", out.decode())
            self.assertEqual(player.ok("look").state, "locked")
        self.assertEqual(log.count("C_Login"), 0)

    def test_the_agent_ends_while_somebody_types(self) -> None:
        with self.shim() as log, self.player() as player, self.unlocker_of(player) as process:
            player.process.kill()
            out, _ = process.communicate(PIN.encode() + b"\n", 30)
            self.assertIn("the agent has ended", out.decode())
            player.process.wait()
        self.assertEqual(log.count("C_Login"), 0)

    def test_it_is_locked_while_somebody_types(self) -> None:
        with self.shim() as log, self.player() as player, self.unlocker_of(player) as process:
            self.assertEqual(player.ok("lock", seconds=5).state, "locked")
            out, _ = process.communicate(PIN.encode() + b"\n", 30)
            self.assertIn("locked meanwhile", out.decode())
            self.assertEqual(player.ok("look").state, "locked")
        self.assertEqual(log.count("C_Login"), 0)
        self.assertEqual(player.process.returncode, 0)

    def test_the_agent_ends_while_somebody_types(self) -> None:
        with self.shim() as log, self.player() as player, self.unlocker_of(player) as process:
            assert player.process.stdin is not None
            player.process.stdin.close()
            player.process.wait(30)
            out, _ = process.communicate(PIN.encode() + b"\n", 30)
            self.assertIn("failed", out.decode())
        self.assertEqual(log.count("C_Login"), 0)
