"""A second token: profiles as a list, of which the next is used when a token is absent, locked or broken."""

from __future__ import annotations

import json
import re
import shutil
import socket
import time
from collections.abc import Mapping
from pathlib import Path

import dotenv
import jwt
import masking
import places
from harness import PIN, SLOW, CallLog, Case, Result

SPARE_PIN = "0815-Spare"
WRONG = "0000-wrong"
BOTH = ("--profile", "main", "--profile", "spare")
LOCKED = "token flags +CKF_USER_PIN_LOCKED"
BROKEN = "C_Sign * return CKR_DEVICE_ERROR"
masking.add("spare PIN", SPARE_PIN)


class _Two(Case):
    """An account with a key on each of two tokens, and everything that is needed in the profiles main and spare."""

    def setUp(self) -> None:
        super().setUp()
        self.api.clean()
        self.store.initialise("spare", SPARE_PIN)
        self.pins = {"main": self.write_pin("main", PIN), "spare": self.write_pin("spare", SPARE_PIN)}
        self.expect(self.run_program("account", "create", "service", "two-tokens", "--profile", "main"), 0)
        account = self.profile("main")["SERVICE_ACCOUNT_ID"]
        token = ("--token", "pkcs11:token=spare", "--pin-source", f"file:{self.pins['spare']}")
        self.expect(self.run_program("key", "create", "--profile", "spare", "--account", account, *token), 0)
        for name, pin in self.pins.items():
            self.change(name, SSA_HSM_PIN_SOURCE=f"file:{pin}")
        self.kids = {name: self.profile(name)["KEY_ID"] for name in self.pins}
        for name in ("SSA_HSM_MODULE", "SSA_HSM_TOKEN", "SSA_HSM_PIN_SOURCE"):
            self.env.pop(name)
        self.api.forget_requests()

    def write_pin(self, name: str, pin: str) -> Path:
        path = self.dir / f"pin-{name}"
        path.touch(mode=0o600)
        path.write_text(pin + "\n")
        return path

    def change(self, profile: str, **values: str) -> None:
        self.write_profile({**self.profile(profile), **values}, profile)

    def use_module(self, profile: str, path: Path) -> None:
        uri = self.profile(profile)["PRIVATE_KEY"]
        changed = re.sub(r"module-path=[^&]*", f"module-path={path}", uri)
        self.assertIn(str(path), changed)
        self.change(profile, PRIVATE_KEY=changed)

    def with_shim(self, profile: str, *script: str) -> CallLog:
        """Puts the shim before one profile's token alone; the log is of that one."""
        self.use_module(profile, places.shim_library())
        rules, log = self.dir / f"{profile}.script", CallLog(self.dir / f"{profile}.log")
        rules.write_text("".join(f"{line}\n" for line in script))
        self.env.update(
            SSA_SHIM_MODULE=str(places.softhsm()), SSA_SHIM_SCRIPT=str(rules), SSA_SHIM_LOG=str(log.path)
        )
        return log

    def token(self, *more: object, profiles: tuple[str, ...] = BOTH, env: Mapping[str, str | None] | None = None,
              **options: object) -> Result:  # fmt: skip
        result = self.run_program("token", *profiles, *more, env=env, **options)  # type: ignore[arg-type]
        self.assertNotIn(SPARE_PIN, result.out + result.err)
        return result

    def fell_back(self, result: Result, *words: str) -> Result:
        self.expect(result, 0)
        (line,) = result.err.splitlines()
        for word in ("warning", "profile spare is used", "profile main failed", *words):
            self.assertIn(word, line)
        self.assertIn("access_token", json.loads(result.out))
        self.assertEqual(self.api.asked(), ["POST /token"])
        return result


class FallBack(_Two):
    def test_where_the_first_serves_the_second_is_not_touched(self) -> None:
        log = self.with_shim("spare")
        result = self.expect(self.token(), 0)
        self.assertEqual((result.err, log.text), ("", ""))
        self.assertEqual(self.api.asked(), ["POST /token"])

    def test_it_stays_one_login_one_signature_and_one_request(self) -> None:
        log = self.with_shim("main")
        self.expect(self.token(), 0)
        self.assertEqual((log.count("C_Login"), log.count("C_Sign")), (1, 1))
        self.assertEqual(self.api.asked(), ["POST /token"])

    def test_the_assertion_is_the_spares(self) -> None:
        self.with_shim("main", BROKEN)
        made = self.expect(self.run_program("jwt", *BOTH), 0, "profile spare is used", "CKR_DEVICE_ERROR")
        self.assertEqual(self.header(made.out)["kid"], self.kids["spare"])
        claims = self.expect(self.run_program("jwt", "--claims", *BOTH), 0)
        self.assertEqual(json.loads(claims.out)["header"]["kid"], self.kids["main"])

    def header(self, assertion: str) -> dict[str, str]:
        return dict(jwt.get_unverified_header(assertion.strip()))

    def test_an_absent_module(self) -> None:
        self.use_module("main", self.dir / "gone.so")
        self.fell_back(self.token(), "gone.so")

    def test_an_absent_token(self) -> None:
        log = self.with_shim("main", "token absent-while /")
        self.fell_back(self.token(), "token=work")
        self.assertEqual(log.count("C_Login"), 0)

    def test_a_locked_pin(self) -> None:
        log = self.with_shim("main", LOCKED)
        self.fell_back(self.token(), "CKF_USER_PIN_LOCKED")
        self.assertEqual(log.count("C_Login"), 0)

    def test_a_pin_that_turns_out_to_be_locked(self) -> None:
        log = self.with_shim("main", "C_Login * return CKR_PIN_LOCKED")
        self.fell_back(self.token(), "CKR_PIN_LOCKED")
        self.assertEqual(log.count("C_Login"), 1)

    def test_a_signature_that_fails(self) -> None:
        log = self.with_shim("main", BROKEN)
        self.fell_back(self.token(), "CKR_DEVICE_ERROR", "token=work")
        # The first is left as always.
        self.assertEqual((log.names[-1], log.count("C_Logout")), ("C_Finalize", 1))

    def test_a_token_that_is_pulled_out(self) -> None:
        self.with_shim("main", "C_Sign 1 remove")
        self.fell_back(self.token(), "CKR_DEVICE_REMOVED")

    def test_a_key_that_is_not_there(self) -> None:
        uri = self.profile("main")["PRIVATE_KEY"]
        self.change("main", PRIVATE_KEY=re.sub(r";id=[^;?]*", ";id=%99", uri))
        self.fell_back(self.token())

    def test_the_connection_that_was_begun_is_given_up_quietly(self) -> None:
        # The first token takes its time, so that there is a connection by then.
        self.with_shim("main", "C_Sign 1 sleep 400 return CKR_DEVICE_ERROR")
        self.fell_back(self.token(), "CKR_DEVICE_ERROR")
        self.api.forget_requests()
        # A server that takes connections and says nothing holds nobody up.
        with socket.create_server(("127.0.0.1", 0)) as silent:
            self.change("main", SSA_HSM_BASE_URL=f"https://127.0.0.1:{silent.getsockname()[1]}")
            began = time.monotonic()
            self.fell_back(self.token(), "CKR_DEVICE_ERROR")
            self.assertLess(time.monotonic() - began, 3 * SLOW)
            silent.settimeout(5)
            silent.accept()[0].close()

    def test_a_login_that_breaks_off_falls_back_every_time(self) -> None:
        # The token shows no wrong PIN, so that each run tries it once.
        log = self.with_shim("main", "C_Login * return CKR_DEVICE_ERROR")
        for run in (1, 2, 3):
            self.fell_back(self.token(), "CKR_DEVICE_ERROR")
            self.api.forget_requests()
            self.assertEqual(log.count("C_Login"), run)
        self.expect(self.token(profiles=("-p", "main")), 7, "is not known")

    def test_a_login_that_may_have_been_a_wrong_pin_falls_back_every_time(self) -> None:
        # Others' wrong PINs have set the flag before, so that it tells nothing: there is one more try, and no third.
        log = self.with_shim("main", "C_Login * return CKR_DEVICE_ERROR", "token flags +CKF_USER_PIN_COUNT_LOW")
        for run in (1, 2, 3, 4):
            self.fell_back(self.token(), "CKR_DEVICE_ERROR" if run <= 2 else "not answered")
            self.api.forget_requests()
            self.assertEqual(log.count("C_Login"), min(run, 2))
        self.expect(self.token(profiles=("-p", "main")), 5, "--pin-retry")

    def test_a_chain_of_three(self) -> None:
        shutil.copy2(self.profile_path("main"), self.profile_path("third"))
        self.use_module("third", self.dir / "gone.so")
        self.with_shim("main", BROKEN)
        result = self.token(profiles=("-p", "third", *BOTH))
        self.expect(result, 0)
        first, second = result.err.splitlines()
        self.assertIn("profile main is used now, since the token of profile third failed", first)
        self.assertIn("profile spare is used now, since the token of profile main failed", second)

    def test_exec_likewise(self) -> None:
        self.with_shim("main", BROKEN)
        result = self.run_program("exec", *BOTH, "--", "env")
        self.expect(result, 0, "profile spare is used", "CKR_DEVICE_ERROR")
        self.assertRegex(result.out, r"(?m)^APS_ACCESS_TOKEN=ey")
        self.assertEqual(self.api.asked(), ["POST /token"])

    def test_exec_withholds_what_any_of_them_reads(self) -> None:
        self.change("main", SSA_HSM_PIN_SOURCE="env:MAIN_PIN")
        self.change("spare", SSA_HSM_PIN_SOURCE="env:OTHER_PIN")
        env = {"MAIN_PIN": PIN, "OTHER_PIN": SPARE_PIN, "KEPT": "1"}
        for script in ((), (BROKEN,)):
            with self.subTest(script):
                self.with_shim("main", *script)
                seen = self.expect(self.run_program("exec", *BOTH, "--", "env", env=env), 0).out
                self.assertIn("KEPT=1", seen)
                self.assertNotIn("_PIN=", seen)

    def test_a_person_is_asked_for_the_other_pin(self) -> None:
        for name in ("main", "spare"):
            values = {n: v for n, v in self.profile(name).items() if n != "SSA_HSM_PIN_SOURCE"}
            self.write_profile(values, name)
        self.with_shim("main", BROKEN)
        answers = [('PIN of token "work"', PIN), ('PIN of token "spare"', SPARE_PIN)]
        self.expect(self.typed("token", *BOTH, answers=answers), 0, "profile spare is used")

    def test_the_client_secret_is_read_once(self) -> None:
        for name in ("main", "spare"):
            self.change(name, APS_SECRET_ID="env:MY_SECRET")
        self.with_shim("main", BROKEN)
        self.fell_back(self.token(env={"APS_SECRET_ID": None, "MY_SECRET": self.api.secret}))
        self.api.forget_requests()
        for name in ("main", "spare"):
            self.change(name, APS_SECRET_ID="fd:0")
        self.fell_back(self.token(env={"APS_SECRET_ID": None}, input=self.api.secret))


class NoFallBack(_Two):
    def refused(self, result: Result, code: int, *words: str) -> None:
        """One failure, without a word of the other profile, and the spare's token was left alone."""
        self.expect(result, code, *words, out="")
        self.assertNotIn("spare", result.err)
        self.assertNotIn("all 2", result.err)

    def test_a_wrong_pin_spends_no_try_on_the_spare(self) -> None:
        log = self.with_shim("spare")
        self.pins["main"].write_text(WRONG + "\n")
        self.refused(self.token(), 5, "CKR_PIN_INCORRECT")
        # The record is the first token's, and no reason either.
        self.refused(self.token(), 5, "--pin-retry")
        self.assertEqual(log.text, "")
        self.assertEqual(self.api.asked(), [])
        self.expect(self.token(profiles=("-p", "spare")), 0)

    def test_a_pin_that_cannot_be_had(self) -> None:
        log = self.with_shim("spare")
        self.pins["main"].unlink()
        self.refused(self.token(), 3, "pin-main")
        values = {n: v for n, v in self.profile("main").items() if n != "SSA_HSM_PIN_SOURCE"}
        self.write_profile(values, "main")
        self.refused(self.token(), 5, "PIN")
        self.assertEqual(log.text, "")

    def test_network_credentials_and_the_api(self) -> None:
        log = self.with_shim("spare")
        self.refused(self.token("--base-url", "https://127.0.0.1:9"), 8)
        self.api.fault("status", method="POST", path="/token", status=403)
        self.refused(self.token(), 10)
        self.api.control("POST", "clear")
        self.change("main", APS_SECRET_ID="wrong")
        self.refused(self.token(), 9)
        self.assertEqual(log.text, "")

    def test_a_profile_of_the_list_that_is_not_there_is_found_first(self) -> None:
        log = self.with_shim("main")
        self.expect(self.token(profiles=("-p", "main", "-p", "spair")), 3, "spair.env", "No such file or directory")
        self.expect(self.token(profiles=("-p", "mian", "-p", "spare")), 3, "mian.env", "No such file or directory")
        self.expect(self.token(profiles=(), env={"SSA_HSM_PROFILE": "main:spair"}), 3, "spair.env", "No such file or directory")
        self.write_profile("nonsense\n", "spair")
        self.expect(self.token(profiles=("-p", "main", "-p", "spair")), 3, "spair.env", "line 1")
        self.assertEqual((log.text, self.api.asked()), ("", []))

    def test_one_without_a_key_likewise(self) -> None:
        log = self.with_shim("main")
        self.write_profile({n: v for n, v in self.profile("spare").items() if n != "KEY_ID"}, "spare")
        self.expect(self.token(), 3, "spare.env", "KEY_ID")
        self.assertEqual((log.text, self.api.asked()), ("", []))

    def test_the_environments_key_has_no_spare(self) -> None:
        self.with_shim("main", BROKEN)
        block = {n: self.profile("main")[n] for n in ("SERVICE_ACCOUNT_ID", "KEY_ID", "SSA_EMAIL", "PRIVATE_KEY")}
        env = {**block, "SSA_HSM_PROFILE": "main:spare"}
        result = self.expect(self.token(profiles=(), env=env), 7, "CKR_DEVICE_ERROR", "key of the environment is used")
        self.assertNotIn("all 2", result.err)
        # Which profiles named by an option go before.
        self.fell_back(self.token(env=env))

    def test_an_interruption_is_none(self) -> None:
        log = self.with_shim("spare")
        self.use_module("main", places.shim_library())
        (self.dir / "spare.script").write_text("C_Sign 1 signal TERM return CKR_DEVICE_ERROR\n")
        result = self.token()
        self.assertEqual(result.code, -15, str(result))
        self.assertEqual(log.count("C_Login"), 1)
        self.assertNotIn("is used now", result.err)

    def test_one_try_a_token_whatever_the_profiles(self) -> None:
        # The second profile has the same token and another PIN file, which would be reason for another try.
        log = self.with_shim("main", "C_Login * return CKR_DEVICE_ERROR")
        shutil.copy2(self.profile_path("main"), self.profile_path("twin"))
        self.change("twin", SSA_HSM_PIN_SOURCE=f"file:{self.write_pin('twin', PIN)}")
        for more in ((), ("--pin-retry",)):
            with self.subTest(more):
                log.forget()
                result = self.token(*more, profiles=("-p", "main", "-p", "twin"))
                self.expect(result, 7, "not tried again" if more else "", "all 2 profiles failed")
                self.assertLessEqual(log.count("C_Login"), 1)
        self.expect(self.token("--pin-retry", profiles=("-p", "main", "-p", "twin", "-p", "spare")), 0)


class BothFail(_Two):
    def test_the_last_failure_is_the_commands(self) -> None:
        self.with_shim("main", BROKEN)
        self.use_module("spare", self.dir / "gone.so")
        result = self.expect(self.token(), 4, "all 2 profiles failed", "spare is the last", "gone.so", out="")
        self.assertIn("CKR_DEVICE_ERROR", result.err.splitlines()[0])
        self.assertEqual(self.api.asked(), [])
        self.expect(self.run_program("exec", *BOTH, "--", "true"), 125, "all 2 profiles failed")
        self.expect(self.run_program("jwt", *BOTH), 4, "all 2 profiles failed")
        swapped = self.token(profiles=("-p", "spare", "-p", "main"))
        self.expect(swapped, 7, "CKR_DEVICE_ERROR", "all 2 profiles failed")

    def test_a_wrong_pin_of_the_spare(self) -> None:
        self.with_shim("main", BROKEN)
        self.pins["spare"].write_text(WRONG + "\n")
        self.expect(self.token(), 5, "CKR_PIN_INCORRECT", "all 2 profiles failed", "tried once")

    def test_a_refusal_by_the_api_after_a_fallback(self) -> None:
        self.with_shim("main", BROKEN)
        self.api.fault("status", method="POST", path="/token", status=403)
        result = self.expect(self.token(), 10, "profile spare is used")
        self.assertNotIn("all 2", result.err)


class Lists(_Two):
    def test_the_environments_list(self) -> None:
        self.with_shim("main", BROKEN)
        self.fell_back(self.token(profiles=(), env={"SSA_HSM_PROFILE": "main:spare"}))
        self.api.forget_requests()
        path = self.profile_path("spare")
        self.expect(self.token(profiles=(), env={"SSA_HSM_PROFILE": f"main:{path}"}), 0, f"{path} is used")
        # An option goes before it.
        self.expect(self.token(profiles=("-p", "main"), env={"SSA_HSM_PROFILE": "main:spare"}), 7)

    def test_a_path_may_have_a_colon(self) -> None:
        folder = self.dir / "a:b"
        folder.mkdir()
        odd = folder / "main:spare"
        shutil.copy2(self.profile_path("spare"), odd)
        self.expect(self.token(profiles=(), env={"SSA_HSM_PROFILE": str(odd)}), 0)
        self.expect(self.token(profiles=("-p", str(odd))), 0)
        self.with_shim("main", BROKEN)
        self.expect(self.token(profiles=("-p", "main", "-p", str(odd))), 0, f"{odd} is used")

    def test_an_empty_name_in_the_list_is_a_slip(self) -> None:
        for text in ("main:", ":spare", "main::spare", ":"):
            with self.subTest(text):
                self.expect(self.token(profiles=(), env={"SSA_HSM_PROFILE": text}), 3, "SSA_HSM_PROFILE", "empty name")

    def test_an_options_name_is_not_split(self) -> None:
        self.expect(self.token(profiles=("-p", "main:spare")), 2, "main:spare", "--profile")

    def test_too_many(self) -> None:
        self.expect(self.token(profiles=("-p", "main") * 9), 2, "8")
        self.expect(self.token(profiles=(), env={"SSA_HSM_PROFILE": ":".join(["main"] * 9)}), 3, "8")

    def test_other_commands_take_one(self) -> None:
        log = self.with_shim("main")
        commands = (
            ("account", "create", "service", "my-filesync"), ("account", "delete", "x", "--yes"),
            ("key", "create", "--force"), ("key", "import", "x.env"), ("key", "delete", "x", "--yes"), ("hsm", "list"),
        )  # fmt: skip
        before = {name: self.profile(name) for name in ("main", "spare")}
        for command in commands:
            with self.subTest(command):
                self.expect(self.run_program(*command, *BOTH), 2, "takes only one", "`token`")
                listed = self.run_program(*command, env={"SSA_HSM_PROFILE": "main:spare"})
                self.expect(listed, 2, "SSA_HSM_PROFILE", "list", "--profile")
        self.assertEqual((log.text, self.api.asked()), ("", []))
        self.assertEqual(before, {name: self.profile(name) for name in ("main", "spare")})

    def test_help_says_so(self) -> None:
        self.assertRegex(self.expect(self.run_program("token", "--help"), 0).out, r"the\s+next\s+profile\s+is\s+tried")


class SecretsOnTheTokens(_Two):
    """Each profile's client secret is on the token of its key."""

    def setUp(self) -> None:
        super().setUp()
        self.env.pop("APS_SECRET_ID", None)
        for name in self.pins:
            line = self.expect(self.run_program("secret", "import", "--profile", name), 0).out
            self.change(name, **dotenv.parse(line))
        self.api.forget_requests()

    def test_each_token_serves_alone(self) -> None:
        for name in self.pins:
            self.expect(self.token(profiles=("--profile", name)), 0)

    def test_an_absent_module(self) -> None:
        self.use_module("main", self.dir / "gone.so")
        self.fell_back(self.token(), "gone.so")

    def test_a_token_that_does_not_sign(self) -> None:
        self.with_shim("main", BROKEN)
        self.fell_back(self.token(), "CKR_DEVICE_ERROR")

    def test_a_secret_that_is_gone(self) -> None:
        self.expect(self.run_program("secret", "remove", "--yes", "--profile", "main"), 0)
        self.fell_back(self.token(), "data object")

    def test_a_wrong_pin_is_no_reason(self) -> None:
        self.write_pin("main", WRONG)
        self.expect(self.token(), 5, "CKR_PIN_INCORRECT")
        self.assertEqual(self.api.asked(), [])

    def test_one_secret_for_both_is_read_once(self) -> None:
        self.change("spare", APS_SECRET_ID=self.profile("main")["APS_SECRET_ID"])
        log = self.with_shim("main", BROKEN)
        self.fell_back(self.token(), "CKR_DEVICE_ERROR")
        self.assertEqual([c.rv for c in log.of("C_Login")], ["CKR_OK"])
