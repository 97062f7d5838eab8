"""exec --refresh: a file that holds a fresh access token for as long as CMD runs, and an end as CMD's."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import resource
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import places
from fake_agent import Asked, FakeAgent, failure, grant, http
from harness import SLOW, Case, Result
from signal_support import eventually
from terminal import Terminal

# Ends once FILE has another access token than the first one.
UNTIL_RENEWED = 'while [ "$(cat "$APS_ACCESS_TOKEN_FILE")" = "$APS_ACCESS_TOKEN" ]; do sleep 0.02; done; '
# Says that it is ready, and which signals come.
LISTENER = r"""
import os, signal, sys, time
def heard(number, frame):
    # print cannot be interrupted by another print.
    os.write(1, f"heard {signal.Signals(number).name}\n".encode())
    if signal.Signals(number).name in sys.argv[1:]:
        sys.exit(42)
for name in "INT TERM HUP QUIT USR1 USR2 WINCH".split():
    signal.signal(getattr(signal, "SIG" + name), heard)
os.write(1, f"ready {os.getpid()}\n".encode())
while True:
    time.sleep(0.02)
"""


class RefreshCase(Case):
    def setUp(self) -> None:
        super().setUp()
        self.file = self.dir / "token.txt"
        self.socket = self.dir / "run" / "agent.sock"
        self.env["SSA_HSM_AGENT"] = str(self.socket)

    def words(self, *words: object) -> list[str]:
        return self.argv("exec", "--refresh", self.file, *words)

    def sh(self, script: str, *options: object, **more: Any) -> Result:
        return self.run_program("exec", "--refresh", self.file, *options, "--", "sh", "-c", script, **more)


class Refreshed(RefreshCase):
    """Through an agent, which needs no PIN and no API."""

    needs_api = False

    def setUp(self) -> None:
        super().setUp()
        for name in ("SSA_HSM_TOKEN", "SSA_HSM_PIN_SOURCE"):
            self.env.pop(name)

    @contextlib.contextmanager
    def agent(self, lifetime: int = 3600, then: Callable[[int], bytes | None] | None = None) -> Iterator[FakeAgent]:
        """One that gives t1, t2 and so on; then says what it does instead, by the number of the request."""
        numbers = itertools.count(1)

        def answer(_: Asked) -> bytes | None:
            number = next(numbers)
            other = then(number) if then else None
            return other or http(200, grant(f"t{number}", lifetime))

        with FakeAgent(self.socket, answer) as agent:
            yield agent

    @contextlib.contextmanager
    def listening(self, *options: object, ends_by: str = "SIGTERM", lifetime: int = 3600) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
        """A CMD that hears signals, and its number."""
        words = self.words(*options, "--", places.tool("python3"), "-c", LISTENER, ends_by)
        with self.agent(lifetime), self.start(words) as process:
            assert process.stdout
            yield process, int(process.stdout.readline().split()[1])
            process.stdout.close()
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)

    def test_the_file_is_there_before_cmd_and_gone_after_it(self) -> None:
        script = 'cat "$APS_ACCESS_TOKEN_FILE"; stat -c %a "$APS_ACCESS_TOKEN_FILE"; echo "$APS_ACCESS_TOKEN" "$APS_ACCESS_TOKEN_FILE"; exit 7'
        with self.agent():
            self.expect(self.sh(script), 7, out=f"t1\n600\nt1 {self.file}\n")
            self.assertFalse(self.file.exists())
            # Relative to where ssa-hsm was started, and whatever the umask is.
            words = ["sh", "-c", 'umask 0777; exec "$0" "$@"', *self.argv("exec", "--refresh", "a.txt", "--", "sh", "-c", script)]
            result = self.run_command([places.tool("sh"), *words[1:]])
            self.expect(result, 7, out=f"t2\n600\nt2 {self.dir}/a.txt\n")
        self.assertEqual({p.name for p in self.dir.glob("*.txt*")}, set())

    def test_it_is_renewed_and_never_seen_in_part(self) -> None:
        script = (
            'while read -r t < "$APS_ACCESS_TOKEN_FILE"; do case $t in t[1-9]) ;; *) echo "bad: $t";; esac; '
            '[ "$t" = t4 ] && break; sleep 0.001; done; echo "$t"'
        )
        with self.agent(1) as agent:
            self.expect(self.sh(script), 0, out="t4\n")
        # It wants one that is valid for longer than the one that it has.
        self.assertEqual(["min_ttl" in asked.query for asked in agent.asked], [False, True, True, True])
        self.assertEqual({asked.query["min_ttl"] for asked in agent.asked[1:]}, {"1"})

    def test_forms(self) -> None:
        with self.agent():
            for form, text in (("token", "t1\n"), ("header", "Authorization: Bearer t2\n"), ("env", "APS_ACCESS_TOKEN=t3\n"),
                               ("curl", 'header = "Authorization: Bearer t4"\n')):  # fmt: skip
                self.expect(self.sh('cat "$APS_ACCESS_TOKEN_FILE"', "--refresh-format", form), 0, out=text)
            read = json.loads(self.sh('cat "$APS_ACCESS_TOKEN_FILE"', "--refresh-format", "json").out)
        self.assertEqual({**read, "expires_at": 0}, {"access_token": "t5", "token_type": "Bearer", "expires_in": 3600, "expires_at": 0})
        self.assertAlmostEqual(read["expires_at"], time.time() + 3600, delta=60)

    def test_a_signal_after_each_renewal(self) -> None:
        script = f'trap \'cat "$APS_ACCESS_TOKEN_FILE"; [ "$n" ] && exit 3; n=1\' USR1; while :; do sleep 0.02; done'
        with self.agent(1):
            self.expect(self.sh(script, "--renew-signal", "USR1"), 3, out="t2\nt3\n")

    def test_a_signal_is_named_as_kill_takes_it(self) -> None:
        with self.agent(1):
            self.expect(self.sh("trap 'exit 3' USR1; while :; do sleep 0.02; done", "--renew-signal", "SigUsr1"), 3)
        for name, code in (("SIGHUP", 127), ("sighup", 127), ("hup", 127), ("1", 127), ("15", 127), ("SIGKILL", 125), ("9", 125),
                           ("0", 125), ("SIG", 125), ("-1", 125), ("SIGSIGHUP", 125), ("99999999999999999999", 125), ("1 ", 125)):  # fmt: skip
            with self.subTest(name):
                words = ("exec", "--refresh", self.file, f"--renew-signal={name}", "--", "no-such-program")
                self.expect(self.run_program(*words), code, "--renew-signal" if code == 125 else "no-such-program")

    def test_restarted_with_each_access_token(self) -> None:
        script = 'echo "$APS_ACCESS_TOKEN $(cat "$APS_ACCESS_TOKEN_FILE")"; [ "$APS_ACCESS_TOKEN" = t3 ] && exit 5; exec sleep 60'
        with self.agent(1):
            self.expect(self.sh(script, "--restart"), 5, out="t1 t1\nt2 t2\nt3 t3\n")

    def test_killed_where_it_does_not_end(self) -> None:
        script = 'trap "echo no" TERM; [ "$APS_ACCESS_TOKEN" = t2 ] && exit 6; while :; do sleep 0.02; done'
        with self.agent(1):
            result = self.expect(self.sh(script, "--restart", "--kill-after", 0), 6)
            self.assertLessEqual(result.out.count("no"), 1)

    def test_an_end_during_a_restart_is_the_end(self) -> None:
        script = 'trap "echo ending >&2; sleep 1; exit 9" TERM; echo "$APS_ACCESS_TOKEN"; while :; do sleep 0.02; done'
        with self.agent(1), self.start(self.words("--restart", "--", "sh", "-c", script)) as process:
            assert process.stderr
            self.assertEqual(process.stderr.readline(), b"ending\n")
            process.terminate()
            out, _ = process.communicate(timeout=20 * SLOW)
        self.assertEqual((process.returncode, out), (9, b"t1\n"))

    def test_signals_are_passed_on_once(self) -> None:
        with self.listening() as (process, _):
            assert process.stdout
            for name in ("USR1", "USR2", "WINCH", "HUP", "INT", "QUIT", "TERM"):
                process.send_signal(getattr(signal, f"SIG{name}"))
                self.assertEqual(process.stdout.readline(), f"heard SIG{name}\n".encode())
            self.assertEqual(process.wait(10 * SLOW), 42)
            self.assertEqual(process.stdout.read(), b"")
        self.assertFalse(self.file.exists())

    def test_signals_are_passed_on_while_the_agent_is_waited_for(self) -> None:
        words = self.words("--", places.tool("python3"), "-c", LISTENER, "SIGTERM")
        asked: list[int] = []

        def hangs(number: int) -> bytes | None:
            if number == 1:
                return None
            asked.append(number)
            time.sleep(20)
            return b""

        with self.agent(1, hangs), self.start(words) as process:
            eventually(lambda: asked, "the renewal begins")
            process.send_signal(signal.SIGUSR1)
            assert process.stdout
            self.assertEqual([process.stdout.readline()[:5] for _ in range(2)], [b"ready", b"heard"])
            process.terminate()
            self.assertEqual(process.wait(5 * SLOW), 42)
        self.assertFalse(self.file.exists())

    def test_what_expires_while_the_agent_is_waited_for_is_removed(self) -> None:
        over = threading.Event()

        def hangs(number: int) -> bytes | None:
            return None if number == 1 else (over.wait(60), b"")[1]

        with self.agent(2, hangs), self.start(self.words("--", places.tool("sleep"), "60")) as process:
            eventually(self.file.exists, "the file is there")
            eventually(lambda: not self.file.exists(), "the file is removed")
            process.terminate()
            _, err = process.communicate(timeout=10 * SLOW)
            over.set()
        self.assertIn(b"the access token has expired, and the file is removed", err)

    def test_what_a_terminal_sends_comes_once(self) -> None:
        script = 'trap "echo heard" INT; trap "exit 4" USR1; echo ready $PPID; while :; do sleep 0.02; done'
        with self.agent(), self.terminal("exec", "--refresh", self.file, "--", "sh", "-c", script, to_terminal=True) as terminal:
            parent = int(terminal.wait_for(r"ready (\d+)").group(1))
            terminal.send("\x03")
            terminal.wait_for("heard")
            time.sleep(0.2)
            os.kill(parent, signal.SIGUSR1)
            self.assertEqual(terminal.finish(), 4)
        self.assertEqual(terminal.screen.count("heard"), 1)

    def test_a_shell_stops_both_and_lets_both_go_on(self) -> None:
        script = 'trap "exit 9" INT; n=0; while :; do n=$((n+1)); echo "tick $n."; sleep 0.02; done'
        command = shlex.join([*self.words("--", "sh", "-c", script)])
        shell = [places.tool("bash"), "--norc", "--noediting", "-i"]
        with self.agent(), Terminal(shell, self.environment({"PS1": "> "}), self.dir) as terminal:
            terminal.send(command + "\r")
            terminal.wait_for(r"tick 3\.")
            terminal.send("\x1a")
            terminal.wait_for("Stopped")
            before = max(map(int, re.findall(r"tick (\d+)\.", terminal.screen)))
            terminal.send("fg\r")
            terminal.wait_for(rf"tick {before + 1}\.")
            terminal.send("\x03")
            terminal.send("echo code $?; exit\r")
            terminal.wait_for("code 9")

    def test_it_goes_on_with_cmd(self) -> None:
        def state(pid: int) -> str:
            return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]

        with self.listening() as (process, cmd):
            os.kill(cmd, signal.SIGSTOP)
            eventually(lambda: state(cmd) == "T", "CMD is stopped")
            process.send_signal(signal.SIGCONT)
            eventually(lambda: state(cmd) != "T", "CMD goes on")
            process.terminate()
            self.assertEqual(process.wait(10 * SLOW), 42)

    def test_it_ends_as_cmd_does(self) -> None:
        with self.agent():
            for code in (0, 1, 77, 125, 255):
                self.assertEqual(self.sh(f"exit {code}").code, code)
            for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV, signal.SIGINT, signal.SIGPIPE, signal.SIGALRM):
                self.assertEqual(self.sh(f"kill -{number.value} $$").code, -number)
        self.assertFalse(self.file.exists())

    def test_a_renewal_that_fails_is_tried_again(self) -> None:
        # The second try fails: the file is gone when its access token is over, and comes back.
        def fails(number: int) -> bytes | None:
            return failure(502, "upstream", 8) if number == 2 else None

        script = 'while [ -e "$APS_ACCESS_TOKEN_FILE" ]; do sleep 0.02; done; until [ -e "$APS_ACCESS_TOKEN_FILE" ]; do sleep 0.02; done; cat "$APS_ACCESS_TOKEN_FILE"'
        with self.agent(1, fails):
            result = self.expect(self.sh(script), 0, "the access token was not renewed", "what the agent says of upstream",
                                 "is removed until there is another", "the access token is renewed", out="t3\n")  # fmt: skip
        self.assertEqual(result.err.count("was not renewed"), 1)

    def test_if_it_is_killed_cmd_and_file_are_left(self) -> None:
        with self.listening() as (process, cmd):
            process.kill()
            process.wait()
            self.assertEqual(self.file.read_text(), "t1\n")
            os.kill(cmd, signal.SIGTERM)
        # The next run takes the place of what is left.
        Path(f"{self.file}.ssa-hsm").touch()
        with self.agent():
            self.expect(self.sh("exit 3"), 3)
        self.assertFalse(self.file.exists() or Path(f"{self.file}.ssa-hsm").exists())

    def test_a_file_of_somebody_else_is_left_alone(self) -> None:
        with self.agent() as agent:
            self.expect(self.sh('rm "$APS_ACCESS_TOKEN_FILE"; echo mine > "$APS_ACCESS_TOKEN_FILE"'), 0)
            self.assertEqual(self.file.read_text(), "mine\n")
            self.file.unlink()
            asked = len(agent.asked)
            self.file.symlink_to(self.dir / "elsewhere")
            self.expect(self.sh("true"), 125, str(self.file), "is not a regular file")
            self.file.unlink()
            os.mkfifo(self.file)
            self.expect(self.sh("true"), 125, "is not a regular file")
            self.file.unlink()
            for path in (self.dir, "/nowhere/x", "/dev/null", self.dir / "pin" / "x", self.dir / ("x" * 300), ""):
                with self.subTest(path):
                    self.expect(self.run_program("exec", "--refresh", path, "--", "true"), 125)
            self.assertEqual(len(agent.asked), asked)

    def test_a_cmd_that_cannot_be_run(self) -> None:
        plain = self.dir / "plain"
        plain.write_text("#!/bin/sh\n")
        with self.agent() as agent:
            self.expect(self.run_program("exec", "--refresh", self.file, "--", "/nowhere/at-all"), 127, "/nowhere/at-all")
            self.assertEqual(agent.asked, [])
            self.expect(self.run_program("exec", "--refresh", self.file, "--", plain), 126, str(plain))
            self.assertEqual(agent.asked, [])
            # This is seen only when it is run.
            script = self.dir / "script"
            script.write_text(f"#!{plain}\n")
            script.chmod(0o755)
            self.expect(self.run_program("exec", "--refresh", self.file, "--", script), 126, str(script))
            self.assertFalse(self.file.exists())
            # It was there at first.
            cmd = self.dir / "cmd"
            cmd.write_text('#!/bin/sh\nrm "$0"; exec sleep 60\n')
            cmd.chmod(0o755)
        with self.agent(1):
            self.expect(self.run_program("exec", "--refresh", self.file, "--restart", "--", cmd), 127, str(cmd))
            self.assertFalse(self.file.exists())

    def test_options_that_do_not_go_together(self) -> None:
        for words in (["--restart"], ["--renew-signal", "HUP"], ["--refresh-format", "env"], ["--kill-after", 1],
                      ["--refresh", "x", "--restart", "--renew-signal", "HUP"], ["--refresh", "x", "--kill-after", 3],
                      ["--refresh", "x", "--nbf"], ["--refresh", "x", "--expires-in", 9], ["--refresh", "x", "--renew-signal", "KILL"],
                      ["--refresh", "x", "--refresh-format", "xml"]):  # fmt: skip
            with self.subTest(words):
                refused = [str(w) for w in words if str(w).startswith("--") and w != "--refresh"][0]
                self.expect(self.run_program("exec", *words, "--", "true"), 125, refused, out="")

    def test_cmds_surroundings_are_as_they_were(self) -> None:
        env = {"SSLKEYLOGFILE": "/nowhere/keys", "KEPT": "yes", "APS_ACCESS_TOKEN": "old", "APS_ACCESS_TOKEN_FILE": "old",
               "APS_SECRET_ID": "the-client-secret"}  # fmt: skip
        with self.agent():
            result = self.run_program("exec", "--refresh", self.file, "--", "env", "-0", env=env)
            seen = dict(entry.split("=", 1) for entry in self.expect(result, 0).out.split("\0") if entry)
            self.assertEqual({n: seen.get(n) for n in env}, {
                **env, "APS_ACCESS_TOKEN": "t1", "APS_ACCESS_TOKEN_FILE": str(self.file), "APS_SECRET_ID": None,
            })  # fmt: skip
            self.assertEqual([n for n in seen if n.startswith("SSA_HSM_")], [])
            self.assertEqual(result.out.count("APS_ACCESS_TOKEN="), 1)
            status = "grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status; ulimit -S -c; umask; ls /proc/self/fd; stat -c %u /proc/self/environ"
            # The C library's own signals, 32 and 33, are ignored in what it starts by posix_spawn.
            seen_status = self.sh(status).out.replace("SigIgn:\t0000000180000000", "SigIgn:\t0000000000000000")
            self.assertEqual(seen_status, self.run_command([places.tool("sh"), "-c", status]).out)
            self.expect(self.run_program("exec", "--refresh", self.file, "--", "cat", input="hello\n"), 0, out="hello\n")
            soft = resource.getrlimit(resource.RLIMIT_CORE)[0]
            self.assertEqual(self.sh("ulimit -S -c").out.strip(), "unlimited" if soft == -1 else str(soft // 512))


class Alone(RefreshCase):
    """Without an agent: one login, however often the access token is renewed."""

    def setUp(self) -> None:
        super().setUp()
        self.made = self.provisioned()
        self.env["SSA_HSM_AGENT"] = "none"

    def short(self, *tokens: str, lifetime: int = 1) -> None:
        """The API's next answers."""
        for token in tokens:
            body = {"access_token": token, "token_type": "Bearer", "expires_in": lifetime}
            self.api.fault("replace", path="/token", body=body)

    def test_one_login_for_all_of_them(self) -> None:
        self.short("a1", "a2")
        # Once a round: it may change between two readings.
        script = 'while t=$(cat "$APS_ACCESS_TOKEN_FILE"); do case $t in ey*) break ;; esac; echo "$t"; sleep 0.1; done'
        with self.shim() as log:
            result = self.expect(self.sh(script), 0)
            self.assertEqual((log.count("C_Login"), log.count("C_Sign"), log.count("C_Logout")), (1, 3, 1))
        self.assertEqual(set(result.out.split()), {"a1", "a2"})
        self.assertEqual(self.api.asked(), 3 * ["POST /token"])

    def test_a_person_types_the_pin_once(self) -> None:
        self.short("a1", "a2")
        script = 'until grep -q ey "$APS_ACCESS_TOKEN_FILE"; do sleep 0.1; done; exit 8'
        result = self.typed("exec", "--refresh", self.file, "--", "sh", "-c", script, answers=[("PIN.*:", self.pin())],
                            env={"SSA_HSM_PIN_SOURCE": None})  # fmt: skip
        self.assertEqual(result.code, 8, str(result))
        self.assertEqual(result.err.count("PIN of token"), 1)

    def pin(self) -> str:
        return (self.dir / "pin").read_text().strip()

    def test_nobody_is_asked_while_cmd_runs(self) -> None:
        # The PKCS#11 token is pulled out at the second signature: there, another login would be needed.
        self.short("a1")
        script = "sleep 2; exit 8"
        with self.shim("C_Sign 2 remove", "C_Finalize 1 insert"):
            result = self.typed("exec", "--refresh", self.file, "--", "sh", "-c", script, answers=[("PIN.*:", self.pin())],
                                env={"SSA_HSM_PIN_SOURCE": None})  # fmt: skip
        self.assertEqual(result.code, 8, str(result))
        self.assertEqual(result.err.count("PIN of token"), 1, str(result))
        self.assertRegex(result.err, "was not renewed; .*nobody is asked while the program runs")

    def test_the_api_that_is_down(self) -> None:
        self.short("a1", lifetime=2)
        self.api.fault("status", status=500, path="/token", times=0)
        script = "sleep 2.2; test ! -e \"$APS_ACCESS_TOKEN_FILE\" && exit 8"
        result = self.sh(script, "--timeout", 1)
        self.expect(result, 8, "the access token was not renewed", "is removed until there is another")

    def test_a_first_failure_is_the_commands(self) -> None:
        self.api.fault("status", status=401, path="/token", times=0)
        mark = self.dir / "mark"
        self.expect(self.run_program("exec", "--refresh", self.file, "--", "touch", mark), 125)
        self.assertFalse(mark.exists() or self.file.exists())

    def test_without_an_agent_that_was_there(self) -> None:
        self.env["SSA_HSM_AGENT"] = str(self.socket)
        with FakeAgent(self.socket, http(200, grant("t1", 1))) as agent:
            with self.start(self.words("--", "sh", "-c", UNTIL_RENEWED + 'cut -c 1-2 "$APS_ACCESS_TOKEN_FILE"')) as process:
                eventually(lambda: agent.asked, "the agent is asked")
                agent.stop()
                out, err = process.communicate(timeout=30 * SLOW)
        self.assertEqual((process.returncode, out), (0, b"ey\n"), err)
        self.assertIn(b"no agent is used", err)
