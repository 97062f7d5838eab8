"""What the agent and its commands tell: unlocking, status, doctor, and what messages suggest."""

from __future__ import annotations

import json
import os
import select
import signal
from pathlib import Path

from agent_process import PATIENCE, AgentCase, request
from harness import PIN
from signer_link import children


class Unlocking(AgentCase):
    """By a person at a terminal, and without one."""

    def setUp(self) -> None:
        super().setUp()
        self.provisioned()
        self.env["SSA_HSM_PIN_SOURCE"] = ""

    def is_locked(self) -> bool:
        _, told = request(self.socket, "GET", "/v1/status")
        return bool(told["profiles"][0]["locked"])

    def test_a_start_at_a_terminal_asks(self) -> None:
        done = self.typed("agent", answers=[(r"PIN[^\n]*: ?$", PIN)])
        self.expect(done, 0)
        self.note_agent(done.out)
        self.assertFalse(self.is_locked())

    def test_no_process_keeps_the_terminal(self) -> None:
        with self.terminal("agent") as terminal:
            terminal.wait_for(r"PIN[^\n]*: ?$")
            terminal.send(PIN + "\r")
            self.assertEqual(terminal.finish(), 0)
            agent = self.note_agent(terminal.out)
            self.assertTrue(select.select([terminal.master], [], [], PATIENCE)[0], "something has it open")
            with self.assertRaises(OSError):
                os.read(terminal.master, 1)
        signers = children(agent)
        helpers = signers + [host for signer in signers for host in children(signer)]
        self.assertEqual(len(helpers), 2, "a signer, and the process of its module")
        for pid in helpers:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            self.assertEqual(fields[4], "0", "has a terminal")
            self.assertNotEqual(fields[3], str(terminal.pid), "is in the terminal's session")

    def test_a_wrong_pin_ends_the_agent(self) -> None:
        with self.terminal("agent") as terminal:
            terminal.wait_for(r"PIN[^\n]*: ?$")
            terminal.send("0000\r")
            terminal.wait_for(r"Type it again\? \(yes/no\) ?$")
            terminal.send("no\r")
            self.assertEqual(terminal.finish(), 5)
        self.assertFalse(self.socket.exists())

    def test_locked_it_starts_without_a_question(self) -> None:
        with self.terminal("agent", "--locked") as terminal:
            self.assertEqual(terminal.finish(), 0)
            self.note_agent(terminal.out)
        self.assertTrue(self.is_locked())

    def test_without_a_terminal_it_stays_locked_and_says_so(self) -> None:
        done = self.run_program("agent")
        self.expect(done, 0, "locked", "ssa-hsm agent unlock")
        self.note_agent(done.out)
        self.expect(self.run_program("agent", "unlock"), 5)
        self.assertTrue(self.is_locked())

    def test_lock_and_unlock(self) -> None:
        self.begin("--locked")
        self.expect(self.typed("agent", "unlock", answers=[(r"PIN[^\n]*: ?$", PIN)]), 0, "unlocked")
        self.assertFalse(self.is_locked())
        self.expect(self.run_program("agent", "unlock"), 0, "unlocked")
        self.expect(self.run_program("agent", "lock"), 0, "locked")
        self.assertTrue(self.is_locked())
        self.expect(self.typed("agent", "unlock", answers=[(r"PIN[^\n]*: ?$", PIN)]), 0, "unlocked")
        self.assertFalse(self.is_locked())

    def test_in_the_foreground_another_process_asks(self) -> None:
        with self.terminal("agent", "--foreground") as terminal:
            terminal.wait_for(r"PIN[^\n]*: ?$")
            terminal.send(PIN + "\r")
            terminal.wait_for("unlocked")
            self.assertFalse(self.is_locked())
            terminal.send("\x03")
            self.assertEqual(terminal.finish(), 0)

    def test_in_the_foreground_the_question_ends_with_it(self) -> None:
        with self.terminal("agent", "--foreground") as terminal:
            terminal.wait_for(r"PIN[^\n]*: ?$")
            terminal.signal(signal.SIGTERM)
            self.assertEqual(terminal.finish(), 0)
            terminal.wait_echo(True)

    def test_a_stored_pin_is_used_at_once(self) -> None:
        self.env["SSA_HSM_PIN_SOURCE"] = f"file:{self.dir}/pin"
        self.begin()
        self.assertFalse(self.is_locked())

    def test_a_stored_pin_that_is_wrong_ends_the_start(self) -> None:
        wrong = self.dir / "wrong"
        wrong.touch(mode=0o600)
        wrong.write_text("00000000")
        self.env["SSA_HSM_PIN_SOURCE"] = f"file:{wrong}"
        self.expect(self.run_program("agent"), 5)
        self.assertFalse(self.socket.exists())

    def test_only_this_profile(self) -> None:
        self.begin("--locked")
        self.expect(self.run_program("agent", "unlock", "--profile", "other"), 3, "other", "ssa-hsm agent status")




class Suggested(AgentCase):
    def test_each_command_that_a_message_suggests(self) -> None:
        self.provisioned()
        none = self.expect(self.run_program("agent", "status"), 4)
        self.note_agent(self.paste(none, "ssa-hsm agent").out)
        twice = self.expect(self.run_program("agent"), 14)
        self.assertIn("open", self.paste(twice, "ssa-hsm agent status").out)
        self.expect(self.run_program("agent", "lock"), 0)
        self.env["SSA_HSM_PIN_SOURCE"] = ""
        locked = self.expect(self.run_program("token"), 5, "locked")
        self.paste(locked, "ssa-hsm agent unlock")
        self.paste(twice, "ssa-hsm agent stop")
        self.assertFalse(self.socket.exists())

    def test_no_option_that_the_command_does_not_take(self) -> None:
        self.write_profile({**self.provisioned(), "SSA_HSM_PIN_SOURCE": f"file:{self.dir}/pin"})
        env = {"SSA_HSM_MODULE": str(self.dir / "gone.so"), "SSA_HSM_PIN_SOURCE": None}
        self.begin("--locked", env=env)
        for words in (["agent", "unlock"], ["agent", "--socket", "run/other.sock"]):
            with self.subTest(words):
                done = self.expect(self.run_program(*words, env=env), 4, "gone.so", "path with SSA_HSM_MODULE;")
                self.assertNotIn("--module", done.err)
        self.expect(self.run_program("token", "--no-agent", env=env), 4, "--module or SSA_HSM_MODULE")

    def test_callers(self) -> None:
        self.provisioned()
        unknown = self.expect(self.run_program("agent", "caller", "remove", "postman"), 2)
        none = self.paste(unknown, "ssa-hsm agent caller list")
        self.assertIn("APS_CLIENT_SECRET=", self.paste(none, "ssa-hsm agent caller add", NAME="postman").out)
        self.assertIn("postman", self.run_program("agent", "caller", "list").out)
        twice = self.expect(self.run_program("agent", "caller", "add", "postman", "--scope", "data:read"), 14, out="")
        self.assertIn("postman", self.paste(twice, "ssa-hsm agent caller list").out)
        self.paste(twice, "ssa-hsm agent caller remove", CALLER="postman")
        self.expect(self.run_program("agent", "caller", "list"), 0, out="")


class Told(AgentCase):
    """What `agent status` and `doctor` say of it."""

    def test_status(self) -> None:
        self.provisioned()
        self.begin()
        _, token = request(self.socket, "GET", "/v1/token?scope=data%3Aread")
        done = self.expect(self.run_program("agent", "status"), 0)
        self.assertRegex(done.out, r"default +open +work")
        self.assertRegex(done.out, r"default +data:read +\d{4}-")
        self.assertNotIn(str(token["access_token"]), done.out)
        told = json.loads(self.expect(self.run_program("agent", "status", "--json"), 0).out)
        self.assertEqual([profile["name"] for profile in told["profiles"]], ["default"])
        self.assertEqual(told["pid"], self.agents[0])
        self.run_program("agent", "lock")
        done = self.expect(self.run_program("agent", "status"), 0)
        self.assertRegex(done.out, r"default +locked +work")
        self.assertNotIn("data:read", done.out)

    def agent_finding(self) -> tuple[str, str]:
        done = self.run_program("doctor", "--json")
        found = [check for check in json.loads(done.out)["checks"] if check["check"] == "agent"]
        self.assertEqual(len(found), 1, done.out)
        return found[0]["state"], str(found[0])

    def test_doctor(self) -> None:
        self.provisioned()
        self.assertEqual(self.agent_finding()[0], "skipped")
        pid = self.begin("--locked")
        status, said = self.agent_finding()
        self.assertEqual(status, "warning", said)
        self.assertIn("ssa-hsm agent unlock", said)
        self.run_program("agent", "unlock")
        self.assertEqual(self.agent_finding()[0], "ok")
        os.kill(pid, signal.SIGKILL)
        self.wait_gone(pid)
        status, said = self.agent_finding()
        self.assertEqual(status, "warning", said)
        self.assertIn("no agent answers there", said)
