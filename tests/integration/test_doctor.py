"""doctor: this machine, its settings and its modules. Each finding is had by breaking that very thing."""

from __future__ import annotations

import contextlib
import re
import socket
import stat
import subprocess
import threading
import time

import denied
import places
from doctor_support import NOT_ASKED, DoctorCase
from harness import SLOW, note
from terminal import Terminal


class Well(DoctorCase):
    def test_all_is_well(self) -> None:
        with self.shim() as log:
            began = time.monotonic()
            checks = self.examine()
            self.assertLess(time.monotonic() - began, 2 * SLOW)
            self.assertEqual(log.count("C_Login"), 0)
            self.assertEqual(log.count("C_SignInit"), 0)
        states = {name: {c["state"] for c in found} for name, found in checks.items()}
        self.assertEqual({n for n, s in states.items() if s == {"skipped"}}, NOT_ASKED)
        self.assertEqual({n for n, s in states.items() if s not in ({"skipped"}, {"ok"})}, set())
        # Only the address that is no call of the API was asked for, without credentials.
        asked = [(r["method"], r["path"], r["authorization"]) for r in self.api.requests()]
        self.assertEqual(asked, [("GET", "/", None)])

    def test_it_changes_nothing(self) -> None:
        def files() -> list[tuple[str, bytes]]:
            found = (p for p in self.dir.rglob("*") if p.is_file())
            return sorted((str(p), p.read_bytes()) for p in found)

        self.environment()
        before = files()
        self.examine()
        self.assertEqual(files(), before)

    def test_a_login_is_one_try_and_signs_nothing(self) -> None:
        with self.shim() as log:
            checks = self.examine("--login")
            self.one(checks, "pin", "ok", "accepts")
            self.one(checks, "key", "ok", "cannot come out", "signed nothing")
            self.assertEqual((log.count("C_Login"), log.count("C_Sign")), (1, 0))
        with self.shim() as log:
            self.one(self.examine("--sign"), "key", "ok", "verified")
            self.assertEqual((log.count("C_Login"), log.count("C_Sign")), (1, 1))

    def test_settings_tell_where_they_come_from(self) -> None:
        document = self.read(self.run_program("doctor", "--json", "--audience", "https://a.example/token"))
        settings = {s["name"]: (s["value"], s["source"]) for s in document["settings"]}
        self.assertEqual(settings["APS_SECRET_ID"], ("set", "environment"))
        self.assertEqual(settings["KEY_ID"], (self.own["KEY_ID"], "profile default"))
        self.assertEqual(settings["SSA_HSM_AUDIENCE"], ("https://a.example/token", "option"))
        self.assertEqual(settings["SSA_HSM_SCOPE"], ("data:read data:write", "default"))
        self.assertEqual(settings["SSA_HSM_MODULE"], (str(places.softhsm()), "environment"))

    def test_what_may_be_a_secret_is_not_shown(self) -> None:
        env = {"SSA_HSM_PIN_SOURCE": "4711-typed-here", "PRIVATE_KEY": "-----BEGIN RSA PRIVATE KEY-----\\nMIIhidden"}
        for arguments in ((), ("--json",)):
            result = self.run_program("doctor", *arguments, env=env)
            self.assertEqual(result.code, 3)
            for secret in ("4711-typed", "MIIhidden", self.api.secret):
                self.assertNotIn(secret, result.out + result.err)

    def test_the_text_is_for_people(self) -> None:
        result = self.expect(self.run_program("doctor"), 0, "all is well")
        self.assertRegex(result.out, r"(?m)^ok      token          pkcs11:")
        self.assertRegex(result.out, r"(?m)^libcurl  \d")
        result = self.run_program("doctor", env={"SSA_HSM_MODULE": "/no/such/module.so"})
        self.expect(result, 4, "1 check failed", 'begin with "module"')
        self.assertRegex(result.out, r"(?m)^FAILED  module  .*\n +Why: .*\n +To do: ")
        self.assertRegex(result.out, r'(?m)^skipped token          not examined: "module" must be right')

    def test_nothing_can_be_printed(self) -> None:
        for arguments in ((), ("--json",)):
            result = self.run_command(["/bin/sh", "-c", 'exec "$@" >/dev/full', "sh", *self.argv("doctor", *arguments)])
            self.expect(result, 1, "standard output cannot be written")

    def test_lines_fit_the_terminal(self) -> None:
        env = self.environment({"SSA_HSM_MODULE": "/no/such/module.so"})
        for columns in (40, 80, 200):
            with self.subTest(columns):
                script = f'stty cols {columns}; exec "$@"'
                argv = ["/bin/sh", "-c", script, "sh", *self.argv("doctor")]
                with Terminal(argv, env, self.dir) as terminal:
                    self.assertEqual(terminal.finish(), 4, terminal.screen)
                shown = terminal.screen.partition("\n\nssa-hsm")[0].splitlines()
                # A word that is too long has a line of its own.
                text = [re.sub(r"^(ok|warning|FAILED|skipped) +[a-z0-9-]+ +(?=\S)", "", line) for line in shown]
                could_break = [bool(re.search(r"\S \S", line)) and "`" not in line for line in text]
                long = [line for line, b in zip(shown, could_break, strict=True) if len(line) > columns and b]
                self.assertEqual(long, [], terminal.screen)


class Settings(DoctorCase):
    def test_others_could_have_written_the_profile(self) -> None:
        self.profile_path().chmod(0o620)
        checks = self.examine(code=3)
        finding = self.alone(checks, "settings", "failure", "can be written to by others")
        self.skipped(checks, "settings", "profile", "identity", "module", "base-url", "clock")
        self.mend(finding)
        self.assert_well()

    def test_others_can_read_the_client_secret(self) -> None:
        path = self.profile_path()
        path.chmod(0o644)
        finding = self.alone(self.examine(), "profile", "warning", "0644")
        self.mend(finding)
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assert_well()
        # References are no secrets.
        self.write_profile(self.own | {"APS_SECRET_ID": "env:SECRET"}).chmod(0o644)
        self.assertEqual(self.wrong(self.examine(env={"SECRET": self.api.secret})), {})

    def test_a_path_that_a_shell_would_take_apart(self) -> None:
        path = self.dir / "it's $HOME.env"
        path.write_bytes(self.profile_path().read_bytes())
        path.chmod(0o644)
        self.mend(self.alone(self.examine("-p", str(path)), "profile", "warning", "0644"))
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)

    def test_a_profile_that_is_not_there_or_cannot_be_read(self) -> None:
        self.alone(self.examine("-p", "none", code=3), "settings", "failure", "No such file", "account create")
        self.write_profile('APS_CLIENT_ID="unfinished\n', "half")
        self.alone(self.examine("-p", "half", code=3), "settings", "failure", "half.env")

    def test_nothing_is_set_up_yet(self) -> None:
        self.profile_path().unlink()
        checks = self.examine(code=3)
        self.alone(checks, "identity", "failure", "no account is set up", "ssa-hsm setup", "ssa-hsm account create")
        self.one(checks, "settings", "ok")
        self.one(checks, "token", "ok", "token=work")
        self.one(checks, "tls", "ok")

    def test_another_setting_that_is_wrong(self) -> None:
        self.alone(self.examine(env={"SSA_HSM_AUDIT": "nonsense"}, code=3), "settings", "failure", "SSA_HSM_AUDIT")
        self.expect(self.run_program("doctor", "--timeout", "0"), 2, "--timeout", out="")
        self.expect(self.run_program("doctor", "--token", ""), 2, "--token", out="")

    def test_an_account_without_a_key(self) -> None:
        self.write_profile({"SERVICE_ACCOUNT_ID": self.own["SERVICE_ACCOUNT_ID"]})
        checks = self.examine(code=3)
        self.one(checks, "identity", "failure", "no key yet", "ssa-hsm key create --force")
        self.skipped(checks, "identity", "key")

    def test_an_old_block_in_the_environment(self) -> None:
        block = {n: self.own[n] for n in ("SERVICE_ACCOUNT_ID", "SSA_EMAIL", "PRIVATE_KEY")}
        checks = self.examine(env=block | {"KEY_ID": "another-key"}, code=6)
        self.one(checks, "identity", "warning", "key of the environment", "unset")

    def test_a_spare_profile_is_read_too(self) -> None:
        self.write_profile({"APS_CLIENT_ID": "x"}, "spare")
        checks = self.examine("-p", "default", "-p", "spare", code=3)
        self.assertEqual([c["state"] for c in checks["identity"]], ["ok", "failure"])
        self.write_profile(self.own, "spare")
        checks = self.examine("-p", "default", "-p", "spare")
        self.assertEqual([c["state"] for c in checks["identity"]], ["ok", "skipped"])
        self.mend(checks["identity"][1])

    def test_the_pin_s_place(self) -> None:
        pin = self.dir / "pin"
        pin.chmod(0o640)
        self.mend(self.alone(self.examine(), "pin-source", "warning", "0640"))
        self.assert_well()
        pin.rename(self.dir / "away")
        with self.shim() as log:
            self.alone(self.examine("--login", code=3), "pin-source", "failure", "No such file")
            self.assertEqual(log.count("C_Login"), 0)
        pin.write_text("")
        self.alone(self.examine(code=3), "pin-source", "failure", "empty")
        pin.chmod(0o600)
        for text, state, words in (
            (b"\xef\xbb\xbf1234\n", "failure", "byte order mark"), (b"1234\n\n", "failure", "more than one line"),
            (b'"1234"\n', "warning", "quote"), (b" 1234", "warning", "blank"), (b"1234 \n", "warning", "blank"),
        ):  # fmt: skip
            with self.subTest(text):
                pin.write_bytes(text)
                self.alone(self.examine(code=3 if state == "failure" else 0), "pin-source", state, words)
        tilde = {"SSA_HSM_PIN_SOURCE": "file:~/pin"}
        self.alone(self.examine(env=tilde, code=3), "pin-source", "failure", "~", "whole path")
        self.expect(self.run_program("token", env=tilde), 3, "~/pin", "whole path")
        cases = ("env:NOWHERE", "not set"), ("fd:77", "not open"), ("credential:pin", "CREDENTIALS_DIRECTORY")
        for source, word in cases:
            with self.subTest(source):
                checks = self.examine(env={"SSA_HSM_PIN_SOURCE": source}, code=3)
                self.alone(checks, "pin-source", "failure", word)

    def test_the_client_secret_s_place(self) -> None:
        env = {"APS_SECRET_ID": f"file:{self.dir}/no-secret"}
        self.alone(self.examine(env=env, code=3), "client-secret", "failure", "no-secret")
        self.write_profile({n: v for n, v in self.own.items() if n != "APS_SECRET_ID"})
        self.alone(self.examine(env={"APS_SECRET_ID": None}), "client-secret", "warning", "a person is asked")

    def test_no_client_id(self) -> None:
        self.write_profile({n: v for n, v in self.own.items() if n != "APS_CLIENT_ID"})
        self.alone(self.examine(env={"APS_CLIENT_ID": None}, code=3), "client-id", "failure", "APS_CLIENT_ID")

    def test_folders(self) -> None:
        state = self.state / "ssa-hsm"
        state.mkdir(parents=True, mode=0o500)
        self.mend(self.alone(self.examine(), "folders", "warning", "cannot be written", str(state)))
        self.assert_well()
        state.chmod(0o722)
        self.mend(self.alone(self.examine(code=3), "folders", "failure", "can be written to by others"))
        self.assert_well()
        state.rmdir()
        self.state.chmod(0o500)
        self.alone(self.examine(), "folders", "warning", "cannot be made")

    def test_folders_that_cannot_be_read(self) -> None:
        state = self.state / "ssa-hsm"
        journal = state / "journal"
        journal.mkdir(parents=True)
        journal.chmod(0)
        self.mend(self.alone(self.examine(code=3), "journal", "failure", "cannot be opened", str(journal)))
        self.assert_well()
        state.chmod(0)
        self.mend(self.one(self.examine(code=3), "folders", "failure", "cannot be opened", str(state)))
        self.assert_well()

    def test_a_full_disk(self) -> None:
        self.state.mkdir(exist_ok=True)
        mount = f"mount -t tmpfs -o size=8k none {self.state}"
        isolated = ["unshare", "-rm", "/bin/sh", "-c"]
        if subprocess.run([*isolated, mount], capture_output=True, check=False).returncode != 0:
            note("no user namespace here, so doctor was shown no full disk")
            return
        script = f'{mount} && cat /dev/zero >{self.state}/fill; exec "$@"'
        result = self.expect(self.run_command([*isolated, script, "sh", *self.argv("doctor")]), 0, "1 warning")
        self.assertRegex(result.out, r"(?m)^warning folders +.*state/ssa-hsm: its disk is full.*No space left")

    def test_memory_that_cannot_be_locked(self) -> None:
        result = self.limited("ulimit -l 64", "doctor")
        self.expect(result, 0, "1 warning")
        self.assertRegex(result.out, r"(?m)^warning memory  .*65536 bytes.*\n.*\n.*ulimit -l 8192")
        result = self.run_command(denied.argv(("mlock=EPERM",), self.argv("doctor")))
        self.assertRegex(self.expect(result, 0).out, r"(?m)^warning memory ")


class Modules(DoctorCase):
    def test_a_module_that_is_missing(self) -> None:
        checks = self.examine(env={"SSA_HSM_MODULE": "/no/such/module.so"}, code=4)
        finding = self.alone(checks, "module", "failure", "/no/such/module.so")
        self.skipped(checks, "module", "token")
        self.skipped(checks, "token", "pin", "key")
        self.assertIn("ssa-hsm hsm list", finding["commands"][0])

    def test_a_module_that_misbehaves(self) -> None:
        bad = {"SSA_HSM_MODULE": str(places.bad_module()), "BAD_MODULE_REAL": str(places.softhsm()),
               "ASAN_OPTIONS": f"{self.env['ASAN_OPTIONS']}:handle_segv=0:handle_abort=0"}  # fmt: skip
        for deed, word in (("C_Initialize crash", "crashed"), ("C_GetSlotList exit-well", "ended its process")):
            with self.subTest(deed):
                checks = self.examine(env=bad | {"BAD_MODULE": deed}, code=4)
                self.alone(checks, "module", "failure", word)
        began = time.monotonic()
        checks = self.examine(env=bad | {"BAD_MODULE": "C_GetSlotList hang"} | self.hasty(5), code=4)
        self.alone(checks, "module", "failure", "answer")
        self.assertLess(time.monotonic() - began, 8 * SLOW)
        # One that nobody has named is of less concern.
        self.user_module("bad", f"module: {places.bad_module()}")
        self.write_profile(self.own | {"PRIVATE_KEY": self.own["PRIVATE_KEY"].partition("?")[0]})
        checks = self.examine(env=bad | {"SSA_HSM_MODULE": None, "BAD_MODULE": "C_Initialize crash"})
        self.alone(checks, "module", "warning", "crashed")

    def test_p11_kit_s_configuration(self) -> None:
        self.user_module("odd", f"module: {places.softhsm()}", "this is no setting")
        self.alone(self.examine(), "p11-kit", "warning", "odd.module: line 2", "p11-kit list-modules")
        self.user_module("odd", "module: /no/such/module.so")
        self.alone(self.examine(), "p11-kit", "warning", "/no/such/module.so", "not there")
        self.user_module("odd", "priority: 1")
        self.alone(self.examine(), "p11-kit", "warning", "odd: the module is configured, but no line names its file")
        self.user_module("odd", f"module: {places.softhsm()}")
        (self.config / "pkcs11" / "modules" / "odd.module").chmod(0)
        self.alone(self.examine(), "p11-kit", "warning", "odd.module", "Permission denied")

    def test_the_program_that_loads_modules_is_missing(self) -> None:
        checks = self.examine(env={"SSA_HSM_HOST": "/no/such/host"}, code=1)
        self.alone(checks, "module-host", "failure", "/no/such/host", "install both")
        self.skipped(checks, "module-host", "module")

    def card_module(self) -> dict[str, str | None]:
        """SoftHSM under the name of a module that reads cards."""
        path = self.dir / "opensc-pkcs11.so"
        path.symlink_to(places.softhsm())
        return {"SSA_HSM_MODULE": str(path), "PCSCLITE_CSOCK_NAME": str(self.dir / "pcscd.comm")}

    def test_pcscd(self) -> None:
        env = self.card_module()
        finding = self.alone(self.examine(env=env, code=4), "pcscd", "failure", "pcscd.comm", "No such file")
        self.assertIn("systemctl start pcscd.socket", finding["commands"])
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(env["PCSCLITE_CSOCK_NAME"]))
            listener.listen()
            self.alone(self.examine(env=env, code=4), "pcscd", "failure", "does not answer")
            asked: list[bytes] = []
            thread = threading.Thread(target=self.serve_one, args=(listener, asked))
            thread.start()
            self.assertEqual(self.wrong(self.examine(env=env)), {})
            thread.join()
        self.assertIn((12).to_bytes(4, "little") + (0x11).to_bytes(4, "little"), {a[:8] for a in asked})

    @staticmethod
    def serve_one(listener: socket.socket, asked: list[bytes]) -> None:
        for _ in range(2):
            with listener.accept()[0] as client:
                data = client.recv(64)
                asked.append(data)
                # The first is gone: it got no answer.
                with contextlib.suppress(BrokenPipeError):
                    client.send(data[8:])

    def test_pcscd_where_a_search_would_need_it(self) -> None:
        self.card_module()
        self.user_module("card", f"module: {self.dir}/opensc-pkcs11.so")
        self.write_profile(self.own | {"PRIVATE_KEY": self.own["PRIVATE_KEY"].partition("?")[0]})
        env = {"SSA_HSM_MODULE": None, "PCSCLITE_CSOCK_NAME": str(self.dir / "none")}
        self.alone(self.examine(env=env), "pcscd", "warning", "none")
