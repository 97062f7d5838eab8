"""`ssa-hsm agent` as a process: how it starts, where it listens, who may end it, and how it ends."""

from __future__ import annotations

import fcntl
import os
import re
import select
import signal
import socket
import stat
import subprocess
from pathlib import Path

import places
from agent_process import PATIENCE, AgentCase, request
from harness import PIN

def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class Start(AgentCase):
    def test_a_shell_learns_where_it_is(self) -> None:
        self.provisioned()
        script = 'eval "$(ssa-hsm agent)" && ssa-hsm agent status && echo "$SSA_HSM_AGENT" && env | grep AGENT_PID'
        done = self.expect(self.shell(script), 0)
        pid = self.note_agent(done.out)
        self.assertIn(f"Agent pid {pid}\n", done.out)
        self.assertIn(f"\n{self.socket}\n", done.out)
        self.assertEqual(self.socket.is_socket(), True)
        self.expect(self.run_program("agent", "stop"), 0, "has ended")
        self.assertFalse(self.is_there(pid))
        self.assertFalse(self.socket.exists())

    def test_a_csh_has_its_own_words(self) -> None:
        self.provisioned()
        for arguments, env in ((["--csh"], {}), ([], {"SHELL": "/bin/tcsh"})):
            with self.subTest(arguments):
                done = self.expect(self.run_program("agent", *arguments, env=env), 0)
                self.assertIn(f"setenv SSA_HSM_AGENT {self.socket};\n", done.out)
                self.note_agent(done.out)
                self.expect(self.run_program("agent", "stop"), 0)

    def test_a_shell_forgets_it(self) -> None:
        self.provisioned()
        script = 'eval "$(ssa-hsm agent --locked)"; eval "$(ssa-hsm agent stop)"; echo "${SSA_HSM_AGENT-none} ${SSA_HSM_AGENT_PID-none}"'
        done = self.expect(self.shell(script), 0, "has ended")
        pid = re.search(r"Agent pid (\d+)\n", done.out)
        assert pid
        self.assertEqual(done.out, f"Agent pid {pid[1]}\nAgent pid {pid[1]} has ended\nnone none\n")
        for arguments, env in ((["--csh"], {}), ([], {"SHELL": "/bin/tcsh"})):
            with self.subTest(arguments):
                number = self.begin("--locked")
                done = self.run_program("agent", "stop", *arguments, env={**env, "SSA_HSM_AGENT": str(self.socket)})
                expected = f"unsetenv SSA_HSM_AGENT;\nunsetenv SSA_HSM_AGENT_PID;\necho Agent pid {number} has ended;\n"
                self.expect(done, 0, out=expected)

    def test_few_open_files(self) -> None:
        self.provisioned()
        # Each process of the agent raises its own limit as far as that goes.
        for limit in (48, 300):
            with self.subTest(limit):
                self.expect(self.shell(f"ulimit -S -n {limit}; ssa-hsm agent -- ssa-hsm agent status"), 0)
        for limit in (48, 200):
            with self.subTest(limit):
                with self.shim() as log:
                    done = self.shell(f"ulimit -n {limit}; ssa-hsm agent -- true")
                self.assertEqual((done.code, done.out, log.count("C_Login")), (1, "", 0), str(done))
                self.assertRegex(done.err, rf"\Assa-hsm: only {limit} files can be open at the same time\n +An agent needs at least \d+: raise")

    def test_a_shell_forgets_one_that_has_died(self) -> None:
        env = {"SSA_HSM_AGENT": str(self.socket)}
        self.expect(self.run_program("agent", "stop", env=env), 4, "no agent answers", out="unset SSA_HSM_AGENT;\nunset SSA_HSM_AGENT_PID;\n")
        self.expect(self.run_program("agent", "stop"), 4, "no agent answers", out="")

    def test_a_shell_keeps_another_one(self) -> None:
        self.provisioned()
        for named in (None, "none", f"{self.socket} https://localhost:1"):
            with self.subTest(named):
                self.begin("--locked")
                self.expect(self.run_program("agent", "stop", env={"SSA_HSM_AGENT": named}), 0, out="")
        self.begin("--locked", "--socket", "run/other.sock")
        env = {"SSA_HSM_AGENT": str(self.socket)}
        self.expect(self.run_program("agent", "stop", "--socket", "run/other.sock", env=env), 0, out="")

    def test_a_path_with_blanks_is_one_word(self) -> None:
        self.provisioned()
        path = self.runtime / "it's here" / "agent.sock"
        done = self.shell(f'eval "$(ssa-hsm agent --socket "{path}")"; printf "%s|" "$SSA_HSM_AGENT"; echo; env')
        self.expect(done, 0)
        self.note_agent(done.out)
        self.assertIn(f"{path}|\n", done.out)

    def test_a_relative_path_is_made_whole(self) -> None:
        self.provisioned()
        self.begin("--socket", "run/here.sock")
        self.assertTrue((self.dir / "run" / "here.sock").is_socket())

    def test_it_leaves_the_terminal_and_all_descriptors(self) -> None:
        self.provisioned()
        pid = self.begin()
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        self.assertEqual(fields[3], str(pid), "is no session of its own")
        self.assertEqual(fields[4], "0", "has a terminal")

    def inheriting(self, script: str, *inherited: int, env: dict[str, str] | None = None) -> None:
        """A shell with these descriptors starts an agent, and ends."""
        found = {**self.env, "PATH": f"{places.program().parent}:{places.PATH}", **(env or {})}
        shell = subprocess.run([places.tool("sh"), "-c", script], env=found, cwd=self.dir, pass_fds=inherited,
                               capture_output=True, text=True, check=False)  # fmt: skip
        self.note_agent(shell.stdout)
        self.assertEqual(shell.returncode, 0, shell.stderr)

    def test_it_keeps_nothing_open_that_it_was_started_with(self) -> None:
        self.provisioned()
        reading, writing = os.pipe()
        lock = os.open(self.dir / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        stdin, stdin_writing = os.pipe()
        try:
            self.inheriting(f'eval "$(ssa-hsm agent <&{stdin})"; env; ssa-hsm agent status >&2', writing, lock, stdin)
            os.close(writing)
            os.close(lock)
            os.close(stdin)
            self.assertEqual(select.select([reading], [], [], PATIENCE)[0], [reading], "the pipe is open")
            self.assertEqual(os.read(reading, 1), b"")
            with (self.dir / "lock").open() as again:
                fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with self.assertRaises(BrokenPipeError):
                os.write(stdin_writing, b"x")
        finally:
            os.close(reading)
            os.close(stdin_writing)

    def test_a_secret_may_come_from_what_it_was_started_with(self) -> None:
        made = self.provisioned()
        self.write_profile({**made, "SSA_HSM_PIN_SOURCE": "fd:9"}, "by-profile")
        for name, words, env in (
            ("environment", "", {"SSA_HSM_PIN_SOURCE": "fd:9"}),
            ("path", "", {"SSA_HSM_PIN_SOURCE": "file:/dev/fd/9"}),
            ("profile", "--profile default --profile by-profile", {}),
            ("standard input", "<&9", {"SSA_HSM_PIN_SOURCE": "fd:0"}),
            ("client secret", "--profile secret", {}),
        ):
            self.write_profile({**made, "APS_SECRET_ID": "file:/dev/fd/9"}, "secret")
            with self.subTest(name), (self.dir / "given").open("w+") as given:
                given.write(self.api.secret if name == "client secret" else PIN)
                given.flush()
                os.lseek(given.fileno(), 0, os.SEEK_SET)
                script = f'eval "$(ssa-hsm agent 9<&{given.fileno()} {words})"; env'
                self.inheriting(script, given.fileno(), env=env)
                _, told = request(self.socket, "GET", "/v1/status")
                self.assertEqual({profile["signer"] for profile in told["profiles"]}, {"open"})
                self.assertEqual(request(self.socket, "GET", "/v1/token")[0], 200)
                self.expect(self.run_program("agent", "stop"), 0)

    def test_why_it_cannot_start_is_told_once(self) -> None:
        done = self.run_program("agent", "--profile", "missing")
        self.expect(done, 3, "missing")
        self.assertEqual(done.err.count("missing.env"), 1, done.err)
        self.assertEqual(done.out, "")
        self.assertFalse(self.socket.exists())

    def test_with_a_small_stack(self) -> None:
        self.expect(self.shell("ulimit -s 256 && ssa-hsm agent --profile missing"), 3, "missing.env")
        self.provisioned()
        done = self.expect(self.shell("ulimit -s 256 && ssa-hsm agent && ssa-hsm agent status"), 0)
        self.note_agent(done.out)
        self.assertIn("open", done.out)

    def test_a_second_one_is_refused(self) -> None:
        self.provisioned()
        pid = self.begin()
        self.expect(self.run_program("agent"), 14, "an agent listens there already", "ssa-hsm agent stop")
        self.assertTrue(self.is_there(pid))
        self.assertEqual(request(self.socket, "GET", "/v1/status")[0], 200)

    def test_of_several_at_once_one_starts(self) -> None:
        self.provisioned()
        started = [self.start(self.argv("agent", "--locked")) for _ in range(6)]
        codes = []
        for process in started:
            out, _ = process.communicate(timeout=PATIENCE)
            codes.append(process.returncode)
            if process.returncode == 0:
                self.note_agent(out.decode())
        self.assertEqual(sorted(codes), [0, 14, 14, 14, 14, 14])
        self.assertEqual(request(self.socket, "GET", "/v1/status")[0], 200)

    def test_the_socket_of_a_dead_one_is_replaced(self) -> None:
        self.provisioned()
        pid = self.begin()
        os.kill(pid, signal.SIGKILL)
        self.wait_gone(pid)
        self.assertTrue(self.socket.is_socket())
        self.expect(self.run_program("agent", "status"), 4, "no agent answers there")
        self.begin()
        self.assertEqual(request(self.socket, "GET", "/v1/status")[0], 200)

    def test_the_usual_profile_comes_after_the_environment(self) -> None:
        profile = self.provisioned()
        self.write_profile({**profile, "SSA_HSM_PIN_SOURCE": "file:/nowhere"}, "one")
        self.begin(env={"SSA_HSM_PROFILE": "one"})
        _, told = request(self.socket, "GET", "/v1/status")
        self.assertEqual([(profile["name"], profile["signer"]) for profile in told["profiles"]], [("one", "open")])

    def test_profiles_of_the_settings(self) -> None:
        self.provisioned()
        for name in ("one", "two"):
            self.write_profile(self.profile(), name)
        self.begin("--locked", env={"SSA_HSM_PROFILE": "one:two"})
        _, told = request(self.socket, "GET", "/v1/status")
        self.assertEqual([profile["name"] for profile in told["profiles"]], ["one", "two"])


class Place(AgentCase):
    """Where the socket is, and what is refused as its place."""

    needs_api = False

    def test_nobody_else_can_connect(self) -> None:
        self.provisioned()
        done = self.shell("umask 0 && ssa-hsm agent --locked")
        self.expect(done, 0)
        self.note_agent(done.out)
        self.assertEqual((mode(self.socket), mode(self.socket.parent)), (0o600, 0o700))

    def test_others_can_where_some_are_allowed(self) -> None:
        self.provisioned()
        self.begin("--locked", "--allow", "12345=data:read")
        self.assertEqual((mode(self.socket), mode(self.socket.parent)), (0o666, 0o711))

    def test_a_folder_that_others_cannot_enter_is_told(self) -> None:
        self.provisioned()
        self.socket.parent.mkdir(mode=0o700)
        done = self.run_program("agent", "--locked", "--allow", "12345=data:read")
        self.expect(done, 0, f"{self.socket.parent}: other users cannot enter this folder")
        self.note_agent(done.out)
        self.assertEqual(mode(self.socket.parent), 0o700)

    def test_a_folder_above_that_others_cannot_enter_is_told(self) -> None:
        self.provisioned()
        done = self.run_program("agent", "--locked", "--allow", "12345=data:read")
        self.expect(done, 0, f"{self.runtime}: other users cannot enter this folder")
        self.note_agent(done.out)

    def test_what_is_no_socket_stays(self) -> None:
        self.provisioned()
        self.socket.parent.mkdir(mode=0o700)
        self.socket.write_text("mine")
        self.expect(self.run_program("agent"), 3, "is not a socket")
        self.assertEqual(self.socket.read_text(), "mine")

    def test_a_link_is_no_folder(self) -> None:
        self.provisioned()
        other = self.dir / "other"
        other.mkdir(mode=0o700)
        self.socket.parent.symlink_to(other)
        self.expect(self.run_program("agent"), 3, "symbolic link")
        self.assertEqual(list(other.iterdir()), [])

    def test_a_folder_that_others_can_write_to(self) -> None:
        self.provisioned()
        self.socket.parent.mkdir()
        self.socket.parent.chmod(0o777)
        self.expect(self.run_program("agent"), 3, "written to by others")

    def test_a_folder_of_everybody_stays_as_it_is(self) -> None:
        self.provisioned()
        self.socket.parent.mkdir()
        self.socket.parent.chmod(0o1777)
        done = self.expect(self.run_program("agent"), 3, "everybody can make files", "a folder that belongs to you")
        self.assertNotIn("chmod", done.err)

    def test_a_folder_that_cannot_be_made(self) -> None:
        self.provisioned()
        no_runtime = {"XDG_RUNTIME_DIR": str(self.dir / "missing")}
        self.expect(self.run_program("agent", env=no_runtime), 3, "cannot be made", "--socket names")

    def test_a_relative_path_of_the_environment(self) -> None:
        self.provisioned()
        for words in ([], ["status"], ["stop"]):
            done = self.run_program("agent", *words, env={"SSA_HSM_AGENT": "agent.sock"})
            self.expect(done, 3, "not the absolute path", "agent.sock")

    def test_a_path_that_is_too_long(self) -> None:
        long = self.runtime / ("x" * 100)
        for arguments, env in ((["--socket", long], {}), ([], {"SSA_HSM_AGENT": str(long)}),
                               ([], {"XDG_RUNTIME_DIR": str(long)})):  # fmt: skip
            with self.subTest(arguments, env=env):
                self.expect(self.run_program("agent", *arguments, env=env), 3, "107 bytes")

    def test_a_socket_of_another_program_is_left_alone(self) -> None:
        self.provisioned()
        self.socket.parent.mkdir(mode=0o700)
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(self.socket))
            other.listen()
            self.expect(self.run_program("agent"), 14, "listens there already")
            # Nor is it an agent that could be ended.
            self.expect(self.run_program("agent", "stop"), 10, "service manager")


class End(AgentCase):
    def test_there_is_none(self) -> None:
        for verb in ("stop", "status", "lock", "unlock"):
            with self.subTest(verb):
                self.expect(self.run_program("agent", verb), 4, "no agent answers there")

    def test_signals(self) -> None:
        self.provisioned()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            with self.subTest(number):
                agent = self.foreground("--locked")
                agent.wait_for("the agent answers")
                self.assertEqual(agent.end(number), 0, agent.err)
                self.assertFalse(self.socket.exists())

    def test_the_socket_of_its_successor_stays(self) -> None:
        self.provisioned()
        agent = self.foreground("--locked")
        agent.wait_for("the agent answers")
        self.socket.unlink()
        self.begin("--locked")
        self.assertEqual(agent.end(), 0, agent.err)
        self.assertEqual(request(self.socket, "GET", "/v1/status")[0], 200)

    def test_a_hangup_opens_the_audit_anew(self) -> None:
        self.provisioned()
        audit = self.dir / "audit.jsonl"
        agent = self.foreground("--locked", "--audit", f"file:{audit}")
        agent.wait_for("the agent answers")
        audit.rename(self.dir / "audit.1")
        agent.process.send_signal(signal.SIGHUP)
        agent.wait_for("the audit's file is opened again")
        request(self.socket, "POST", "/v1/lock")
        self.assertEqual(agent.end(), 0)
        self.assertIn('"lock"', audit.read_text())

    def test_a_hangup_of_its_terminal_ends_it(self) -> None:
        self.provisioned()
        with self.terminal("agent", "--foreground", "--locked") as terminal:
            terminal.wait_for("the agent answers")
            terminal.signal(signal.SIGHUP)
            self.assertEqual(terminal.finish(), 0)


class Program(AgentCase):
    """`ssa-hsm agent -- CMD`"""

    def test_it_has_the_agent_and_ends_it(self) -> None:
        self.provisioned()
        done = self.shell("ssa-hsm agent -- sh -c 'env; ssa-hsm agent status --json >/dev/null && exit 7'")
        self.expect(done, 7)
        pid = self.note_agent(done.out)
        self.wait_gone(pid)
        self.assertEqual(list(self.socket.parent.iterdir()), [])

    def test_it_does_not_see_secrets(self) -> None:
        self.provisioned()
        env = {"APS_SECRET_ID": "env:OWN_SECRET", "OWN_SECRET": self.api.secret, "SSA_HSM_PIN_SOURCE": "env:OWN_PIN", "OWN_PIN": PIN}
        done = self.shell("ssa-hsm agent --locked -- env", env=env)
        self.expect(done, 0)
        self.wait_gone(self.note_agent(done.out))
        self.assertNotIn(self.api.secret, done.out)
        self.assertNotIn("OWN_", done.out.replace("env:OWN_PIN", ""))

    def test_beside_another_agent(self) -> None:
        self.provisioned()
        self.begin("--locked")
        done = self.shell("ssa-hsm agent --locked -- sh -c 'echo $SSA_HSM_AGENT; env'")
        self.expect(done, 0)
        self.wait_gone(self.note_agent(done.out))
        self.assertNotEqual(done.out.splitlines()[0], str(self.socket))
        self.assertEqual(request(self.socket, "GET", "/v1/status")[0], 200)

    def test_it_ends_with_a_program_that_is_killed(self) -> None:
        self.provisioned()
        done = self.shell("ssa-hsm agent --locked -- sh -c 'env; kill -9 $$'")
        self.assertEqual(done.code, 137)
        self.wait_gone(self.note_agent(done.out))
        self.assertEqual(list(self.socket.parent.iterdir()), [])

    def test_one_that_is_not_there(self) -> None:
        self.expect(self.run_program("agent", "--", "no-such-program"), 127, "cannot be run")
        # It is a program's name, and no command of ours.
        self.expect(self.run_program("agent", "--", "stop"), 127, "cannot be run")
        self.assertFalse(self.socket.parent.exists())

    def test_one_that_cannot_be_run(self) -> None:
        self.provisioned()
        script = self.dir / "script"
        script.write_text("text")
        self.expect(self.run_program("agent", "--locked", "--", script), 126, "cannot be run")
        self.assertFalse(self.socket.parent.exists())
        # This is seen only when it is run.
        other = self.dir / "other"
        other.write_text(f"#!{script}\n")
        other.chmod(0o755)
        self.expect(self.run_program("agent", "--locked", "--", other), 126, "cannot be run")
        self.assertEqual(list(self.socket.parent.iterdir()), [])


class Mistyped(AgentCase):
    needs_api = False

    def test_each_option(self) -> None:
        for words, said in (
            (["--socket"], "needs a value"),
            (["--socket", "a", "--socket", "b"], "given twice"),
            (["--forground"], "--foreground"),
            (["--foreground=yes"], "takes no value"),
            (["--foreground", "--", "true"], "cannot be used with a program"),
            (["--lock-after", "0"], "not a valid time"),
            (["--lock-after", "soon"], "--lock-after"),
            (["--lock-after", "10x"], "--lock-after"),
            (["--audit", "jornal"], "journal, syslog or file:PATH"),
            (["--audit", "file:"], "journal, syslog or file:PATH"),
            (["--allow", "build"], "--allow build=data:read"),
            (["--allow", "=data:read"], "--allow build=data:read"),
            (["--allow", "build="], "--allow build=data:read"),
            (["--listen", "127.0.0.1:1"], "--tls-cert, --tls-key and --client-ca"),
            (["--tls-cert", "x"], "are for --listen"),
            (["--pin", "1234"], "is never an argument"),
            (["--pin-source", "file:x"], "does not use --pin-source"),
            (["lok"], "ssa-hsm agent lock"),
            (["--"], "needs"),
            (["status", "x"], "takes no arguments"),
            (["stop", "--json"], "no option --json"),
            (["lock", "--profile", "a", "--profile", "b"], "only one --profile"),
            ([f"--profile=p{i}" for i in range(9)], "more than 8 times"),
        ):  # fmt: skip
            with self.subTest(words):
                self.expect(self.run_program("agent", *words), 2, said)
        self.assertFalse(self.socket.parent.exists())

    def test_values_that_cannot_be(self) -> None:
        self.provisioned()
        for words, code, said in (
            (["--allow", "no-such-user=data:read"], 3, "no user of this name"),
            (["--allow", "12345=data:read", "--allow", "12345=data:write"], 3, "allowed twice"),
            (["--allow", "12345=data:\x01"], 2, "scope"),
            (["--facade", "0.0.0.0:8080"], 3, "loopback"),
            (["--facade", "nowhere"], 3, "is not an address with a port"),
            (["--facade", "127.0.0.1:99999"], 3, "is not an address with a port"),
            (["--audit", "file:/no/such/folder/audit"], 3, "/no/such/folder/audit"),
            (["--profile", "default", "--profile", "default"], 2, "named twice"),
            (["--profile", "default", "--profile", "none"], 3, "account create FIRST LAST --profile none"),
        ):
            with self.subTest(words):
                self.expect(self.run_program("agent", *words), code, said)
                self.assertFalse(self.socket.exists())

    def test_a_port_that_is_taken(self) -> None:
        self.provisioned()
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            self.expect(self.run_program("agent", "--facade", port), 14, "cannot be listened at")
