"""exec: CMD runs with an access token, without our secrets, and otherwise as if it had been started by itself."""

from __future__ import annotations

import os
import resource
import signal
import stat

import places
from harness import LABEL, PIN, Case, Result


class Exec(Case):
    def setUp(self) -> None:
        super().setUp()
        self.made = self.provisioned()

    def sh(self, script: str, *more: object, **options: object) -> Result:
        return self.run_program("exec", *more, "--", "sh", "-c", script, **options)  # type: ignore[arg-type]

    def seen(self, *more: object, **options: object) -> dict[str, str]:
        """The environment that CMD gets."""
        result = self.run_program("exec", *more, "--", "env", "-0", **options)  # type: ignore[arg-type]
        self.expect(result, 0)
        return dict(entry.split("=", 1) for entry in result.out.split("\0") if entry)

    def test_the_access_token_is_in_the_environment(self) -> None:
        self.assertRegex(self.seen()["APS_ACCESS_TOKEN"], r"^ey[\w.-]+$")
        self.assertEqual(self.api.asked(), ["POST /token"])

    def test_it_takes_the_place_of_an_old_one(self) -> None:
        result = self.expect(self.run_program("exec", "--", "env", env={"APS_ACCESS_TOKEN": "old"}), 0)
        self.assertEqual(result.out.count("APS_ACCESS_TOKEN="), 1)
        self.assertNotIn("APS_ACCESS_TOKEN=old", result.out)

    def test_our_secrets_are_not(self) -> None:
        block = {name: self.made[name] for name in ("SERVICE_ACCOUNT_ID", "KEY_ID", "SSA_EMAIL", "PRIVATE_KEY")}
        seen = self.seen(
            env={**block, "APS_CLIENT_SECRET": self.api.secret, "SSA_HSM_SCOPE": "data:read", "KEPT": "yes"}
        )
        ours = {"APS_SECRET_ID", "APS_CLIENT_SECRET", "PRIVATE_KEY"}
        self.assertFalse(ours & set(seen))
        self.assertFalse([name for name in seen if name.startswith("SSA_HSM_")])
        self.assertEqual((seen["KEPT"], seen["HOME"]), ("yes", str(self.home)))
        self.assertNotIn(self.api.secret, "".join(seen.values()))

    def test_the_variable_that_held_the_pin_is_gone(self) -> None:
        for how in ("environment", "option", "uri"):
            with self.subTest(how=how):
                env: dict[str, str | None] = {"SSA_HSM_PIN_SOURCE": None, "MY_PIN": PIN}
                more = ["--pin-source", "env:MY_PIN"] if how == "option" else []
                if how == "environment":
                    env["SSA_HSM_PIN_SOURCE"] = "env:MY_PIN"
                if how == "uri":
                    uri = self.made["PRIVATE_KEY"] + "&pin-source=env:MY_PIN"
                    self.write_profile({**self.made, "PRIVATE_KEY": uri})
                seen = self.seen(*more, env=env)
                self.assertNotIn("MY_PIN", seen)
                self.assertNotIn(PIN, "".join(seen.values()))

    def test_a_variable_that_any_source_names_is_gone(self) -> None:
        # The PIN file of the environment goes before all of them; the variables hold secrets all the same.
        self.write_profile({
            **self.made, "SSA_HSM_PIN_SOURCE": "env:OF_PROFILE", "SSA_HSM_SO_PIN_SOURCE": "env:SO_OF_PROFILE",
            "SSA_HSM_TOKEN": f"pkcs11:token={LABEL}?pin-source=env:OF_PROFILES_TOKEN",
            "PRIVATE_KEY": self.made["PRIVATE_KEY"] + "&pin-source=env:OF_KEY",
        })  # fmt: skip
        named = {"OF_PROFILE", "SO_OF_PROFILE", "OF_PROFILES_TOKEN", "OF_KEY", "OF_TOKEN", "OF_SO"}
        env = {name: PIN for name in named}
        env["SSA_HSM_TOKEN"] = f"pkcs11:token={LABEL}?pin-source=env:OF_TOKEN"
        env["SSA_HSM_SO_PIN_SOURCE"] = "env:OF_SO"
        seen = self.seen(env={**env, "KEPT": "yes"})
        self.assertEqual(named & set(seen), set())
        self.assertNotIn(PIN, "".join(seen.values()))
        self.assertEqual(seen["KEPT"], "yes")

    def test_a_variable_that_the_profile_alone_names_is_read_and_gone(self) -> None:
        self.write_profile({**self.made, "SSA_HSM_PIN_SOURCE": "env:MY_PIN"})
        seen = self.seen(env={"SSA_HSM_PIN_SOURCE": None, "MY_PIN": PIN})
        self.assertNotIn("MY_PIN", seen)

    def test_an_option_before_it_does_not_give_the_environments_away(self) -> None:
        env = {"SSA_HSM_PIN_SOURCE": "env:MY_PIN", "MY_PIN": PIN}
        self.assertNotIn("MY_PIN", self.seen("--pin-source", f"file:{self.dir / 'pin'}", env=env))

    def test_the_variable_that_held_the_secret_is_gone(self) -> None:
        seen = self.seen(env={"APS_SECRET_ID": "env:MY_SECRET", "MY_SECRET": self.api.secret})
        self.assertNotIn("MY_SECRET", seen)
        self.assertNotIn(self.api.secret, "".join(seen.values()))

    def test_the_exit_status_is_cmds_own(self) -> None:
        for code in (0, 1, 3, 5, 124, 255):
            self.assertEqual(self.sh(f"exit {code}").code, code)

    def test_death_by_a_signal_is_cmds_own(self) -> None:
        self.assertEqual(self.sh("kill -TERM $$").code, -signal.SIGTERM)

    def test_126_127_and_125_as_env_does(self) -> None:
        plain = self.dir / "plain"
        plain.write_text("#!/bin/sh\n")
        plain.chmod(0o644)
        self.expect(self.run_program("exec", "--", "/nowhere/at-all"), 127, "/nowhere/at-all")
        self.expect(self.run_program("exec", "--", "no-such-command-xyz"), 127, "no-such-command-xyz")
        self.expect(self.run_program("exec", "--", str(plain)), 126, str(plain))
        self.expect(self.run_program("exec", "--", str(self.dir)), 126)
        # This is seen only when it is run.
        script = self.dir / "script"
        script.write_text(f"#!{plain}\n")
        script.chmod(0o755)
        self.expect(self.run_program("exec", "--", str(script)), 126, str(script))
        self.expect(self.run_program("exec", "--", "true", env={"SSA_HSM_PIN_SOURCE": "file:/nowhere"}), 125)
        self.expect(self.run_program("exec", "--no-such-option", "--", "true"), 125, "--no-such-option")
        self.expect(self.run_program("exec"), 125)

    def test_a_program_that_is_not_there_costs_no_pin_and_no_request(self) -> None:
        with self.shim() as log:
            self.expect(self.run_program("exec", "--", "no-such-command-xyz"), 127, "nothing was asked", out="")
            self.expect(self.run_program("exec", "printf x"), 127, "words of their own", out="")
            self.expect(self.run_program("exec", "--", "./nowhere"), 127, "nothing was asked", out="")
            self.assertEqual(log.count("C_Login"), 0)
        self.assertEqual(self.api.asked(), [])
        for path in ("", ":", f"/nowhere::{places.PATH}"):
            with self.subTest(path):
                (self.dir / "here").write_text("#!/bin/sh\n")
                (self.dir / "here").chmod(0o755)
                self.expect(self.run_program("exec", "--", "here", env={"PATH": path}), 0)

    def test_neither_does_one_that_must_not_be_run(self) -> None:
        folders = [self.dir / name for name in ("first", "second")]
        for folder in folders:
            folder.mkdir()
            (folder / "script").write_text("#!/bin/sh\nexit 3\n")
            (folder / "script").chmod(0o644)
        path = f"{folders[0]}:{folders[0]}/script:{folders[1]}"
        with self.shim() as log:
            for program in (folders[0] / "script", self.dir, "script"):
                with self.subTest(program):
                    result = self.run_program("exec", "--", program, env={"PATH": path})
                    self.expect(result, 126, str(program), "Permission denied", "nothing was asked", out="")
            self.expect(self.run_program("exec", "--", ""), 127, "nothing was asked", out="")
            self.assertEqual(log.count("C_Login"), 0)
        self.assertEqual(self.api.asked(), [])
        (folders[1] / "script").chmod(0o755)
        self.expect(self.run_program("exec", "--", "script", env={"PATH": path}), 3)

    def test_cmd_is_not_run_without_a_token(self) -> None:
        self.api.fault("status", status=401, path="/token", times=0)
        mark = self.dir / "mark"
        self.expect(self.run_program("exec", "--", "touch", mark), 125)
        self.assertFalse(mark.exists())

    def test_arguments_reach_cmd_as_they_are(self) -> None:
        words = ["a b", "", "--help", "-p", "$HOME", "--", "ü"]
        result = self.expect(self.run_program("exec", "--", "printf", "%s|", *words), 0)
        self.assertEqual(result.out, "".join(f"{word}|" for word in words))

    def test_a_command_without_dashes_keeps_its_options(self) -> None:
        result = self.expect(self.run_program("exec", "printf", "%s|", "--help", "-v"), 0)
        self.assertEqual(result.out, "--help|-v|")

    def test_standard_input_is_cmds(self) -> None:
        result = self.run_program("exec", "--", "cat", input="hello\n")
        self.expect(result, 0, out="hello\n")

    def test_signals_reach_cmd(self) -> None:
        script = 'trap "echo got it; exit 42" TERM; echo ready; while :; do sleep 0.05; done'
        with self.start(self.argv("exec", "--", "sh", "-c", script)) as process:
            assert process.stdout
            self.assertEqual(process.stdout.readline(), b"ready\n")
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=20)
        self.assertEqual((process.returncode, out), (42, b"got it\n"))

    def test_cmd_has_our_process_id(self) -> None:
        with self.start(self.argv("exec", "--", "sh", "-c", "echo $$")) as process:
            out, _ = process.communicate(timeout=20)
        self.assertEqual(int(out), process.pid)

    def test_no_signal_is_blocked_or_ignored_that_was_not(self) -> None:
        status = "grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status"
        result = self.expect(self.run_program("exec", "--", "sh", "-c", status), 0)
        plain = self.run_command([places.tool("sh"), "-c", status])
        self.assertEqual(result.out, plain.out)

    def test_sigpipe_ends_cmd_as_usual(self) -> None:
        script = '"$0" exec -- sh -c "yes; echo \\$? >&2" | head -1'
        result = self.run_command([places.tool("sh"), "-c", script, str(places.program())])
        self.assertEqual(result.err.strip(), "141")

    def test_an_ignored_hangup_stays_ignored(self) -> None:
        script = 'trap "" HUP; exec "$0" exec -- grep SigIgn /proc/self/status'
        result = self.expect(self.run_command([places.tool("sh"), "-c", script, str(places.program())]), 0)
        self.assertTrue(int(result.out.split()[1], 16) & 1, result.out)

    def test_the_core_limit_is_as_it_was(self) -> None:
        for limit in ("0", "1000"):
            script = f'ulimit -S -c {limit}; exec "$0" exec -- sh -c "ulimit -S -c; ulimit -H -c"'
            result = self.run_command([places.tool("sh"), "-c", script, str(places.program())])
            self.expect(result, 0)
            hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
            self.assertEqual(result.out.split(), [limit, "unlimited" if hard == -1 else str(hard // 512)])

    def test_cmd_can_be_traced_and_dumped_again(self) -> None:
        # PR_SET_DUMPABLE 0 is ours alone; /proc/self/environ belongs to root while it is set.
        result = self.expect(self.run_program("exec", "--", "stat", "-c", "%u", "/proc/self/environ"), 0)
        self.assertEqual(result.out.strip(), str(os.getuid()))

    def test_no_descriptor_of_ours_is_left_open(self) -> None:
        result = self.expect(self.run_program("exec", "--", "ls", "-l", "/proc/self/fd"), 0)
        plain = self.run_command(["/bin/ls", "-l", "/proc/self/fd"])
        self.assertEqual(len(result.out.splitlines()), len(plain.out.splitlines()), result.out)

    def test_files_that_cmd_makes_have_the_usual_mode(self) -> None:
        script = "umask"
        self.assertEqual(self.sh(script).out, self.run_command([places.tool("sh"), "-c", script]).out)
        file = self.dir / "made"
        self.expect(self.run_program("exec", "--", "touch", file), 0)
        mask = os.umask(0o022)
        os.umask(mask)
        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o666 & ~mask)

    def test_scope_and_other_options_work(self) -> None:
        self.expect(self.run_program("exec", "--scope", "user:read", "--", "true"), 0)
        self.assertEqual(self.api.requests()[0]["scope"], "user:read")

    def test_the_command_is_found_along_path(self) -> None:
        folder = self.dir / "bin"
        folder.mkdir()
        tool = folder / "my-own-tool"
        tool.write_text("#!/bin/sh\necho mine\n")
        tool.chmod(0o755)
        result = self.run_program("exec", "my-own-tool", env={"PATH": f"{folder}:{places.PATH}"})
        self.expect(result, 0, out="mine\n")
