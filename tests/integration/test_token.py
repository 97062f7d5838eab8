"""token: one login, one signature, one request, and the answer in the form that was asked for."""

from __future__ import annotations

import json
import re
import signal
import time

import places
from harness import PIN, Case


class Token(Case):
    def setUp(self) -> None:
        super().setUp()
        self.made = self.provisioned()

    def test_prints_the_answer_as_indented_json(self) -> None:
        result = self.expect(self.run_program("token"), 0)
        answer = json.loads(result.out)
        self.assertEqual(result.out, json.dumps(answer, indent=2) + "\n")
        self.assertEqual(answer["token_type"], "Bearer")
        self.assertIsInstance(answer["expires_in"], int)
        self.assertEqual(result.err, "")

    def test_is_one_request_as_the_walkthrough_makes_it(self) -> None:
        self.expect(self.run_program("token"), 0)
        (request,) = self.api.requests()
        self.assertEqual((request["method"], request["path"]), ("POST", "/authentication/v2/token"))
        self.assertEqual(request["authorization"], "Basic")
        self.assertEqual(request["accept"], "application/json")
        self.assertEqual(request["content_type"], "application/x-www-form-urlencoded")
        self.assertEqual(request["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer")
        self.assertEqual(sorted(request["form_fields"]), ["assertion", "grant_type", "scope"])
        self.assertEqual(request["scope"], "data:read data:write")

    def test_http_1_1_is_all_that_is_offered(self) -> None:
        self.expect(self.run_program("token"), 0)
        request = self.api.requests()[0]
        self.assertEqual(request["http"], "HTTP/1.1")
        self.assertIn(request["alpn"], (None, "http/1.1"))
        self.assertRegex(request["tls"], r"TLSv1\.[23]")

    def test_logs_in_once_signs_once_and_never_enumerates(self) -> None:
        with self.shim() as log:
            self.expect(self.run_program("token"), 0)
        self.assertEqual([c.rv for c in log.of("C_Login")], ["CKR_OK"])
        self.assertEqual([c.rv for c in log.of("C_Sign")], ["CKR_OK"])
        searches = log.of("C_FindObjectsInit")
        self.assertTrue(searches)
        for search in searches:
            self.assertIn("CKA_ID", search.args)

    def test_logs_out_and_finalises_at_the_end(self) -> None:
        with self.shim() as log:
            self.expect(self.run_program("token"), 0)
        self.assertEqual(log.names[-1], "C_Finalize")
        self.assertEqual(log.count("C_Logout"), 1)
        self.assertEqual(log.count("C_OpenSession"), log.count("C_CloseSession"))

    def test_it_needs_no_session_that_writes(self) -> None:
        with self.shim() as log:
            self.expect(self.run_program("token"), 0)
        self.assertEqual(log.count("C_CreateObject"), 0)
        self.assertNotIn("CKF_RW_SESSION", log.text)

    def test_the_handshake_is_made_while_the_token_works(self) -> None:
        with self.shim("C_Sign 1 sleep 400") as log:
            self.expect(self.run_program("token"), 0)
            signed = log.of("C_Sign")[0]
        request = self.api.requests()[0]
        self.assertLess(request["handshake_at"], signed.time + signed.took)
        self.assertGreaterEqual(request["arrived_at"], signed.time + 0.4)

    def test_what_is_sent_does_not_depend_on_the_format(self) -> None:
        for form in ("json", "token", "header", "env", "curl"):
            self.expect(self.run_program("token", "--format", form), 0)
        seen = {json.dumps([r["header_names"], r["form_fields"], r["path"]]) for r in self.api.requests()}
        self.assertEqual(len(seen), 1)


class Formats(Case):
    def setUp(self) -> None:
        super().setUp()
        self.provisioned()

    def form(self, name: str) -> str:
        return self.expect(self.run_program("token", "--format", name), 0).out

    def test_token_alone(self) -> None:
        self.assertRegex(self.form("token"), r"\Aey[\w.-]+\n\Z")

    def test_header(self) -> None:
        self.assertRegex(self.form("header"), r"\AAuthorization: Bearer ey[\w.-]+\n\Z")

    def test_curl_reads_its_config_and_the_api_takes_the_token(self) -> None:
        config = self.dir / "curl.conf"
        config.write_text(self.form("curl"))
        self.api.forget_requests()
        url = f"{self.api.base_url}/authentication/v2/service-accounts"
        command = [
            places.tool("curl"),
            "-sS",
            "--cacert",
            self.api.cacert,
            "-K",
            str(config),
            "-w",
            "%{http_code}",
            url,
        ]
        result = self.run_command(command)
        # The token is a service account's: known (not 401), but it may not administer.
        self.assertTrue(result.out.endswith("403"), str(result))
        self.assertEqual(self.api.requests()[0]["authorization"], "Bearer")

    def test_curl_reads_it_from_a_pipe(self) -> None:
        url = f"{self.api.base_url}/authentication/v2/service-accounts"
        script = f'"$0" token --format curl | curl -sS --cacert "$SSA_HSM_CACERT" -K - -w "%{{http_code}}" {url}'
        result = self.run_command([places.tool("sh"), "-c", script, str(places.program())])
        self.assertTrue(result.out.endswith("403"), str(result))

    def test_a_shell_can_source_env(self) -> None:
        script = 'set -a; eval "$("$0" token --format env)"; env'
        result = self.expect(self.run_command([places.tool("sh"), "-c", script, str(places.program())]), 0)
        self.assertRegex(result.out, r"(?m)^APS_ACCESS_TOKEN=ey[\w.-]+$")

    def test_a_token_from_a_hostile_server_runs_nothing_in_the_shell(self) -> None:
        mark = self.dir / "mark"
        for token in (
            f"$(touch {mark})",
            f"x;touch {mark}",
            f"x\ntouch {mark}\n",
            f"`touch {mark}`",
            "a'b",
            'a"b',
            "a b",
        ):
            with self.subTest(token=token):
                self.api.fault(
                    "replace", path="/token", body={"access_token": token, "token_type": "Bearer", "expires_in": 9}
                )
                result = self.run_program("token", "--format", "env")
                if result.code == 0:
                    self.run_command([places.tool("sh"), "-c", 'eval "$0"', result.out])
                    self.assertEqual(result.out.count("\n"), 1)
                self.assertFalse(mark.exists(), result.out)
                self.api.control("POST", "clear")

    def test_a_token_from_a_hostile_server_adds_nothing_to_a_curl_config_or_header(self) -> None:
        for token in ('x"\nurl = "https://example.com', "x\\", 'x"', "x\r\nCookie: a=b"):
            for form in ("curl", "header", "token"):
                with self.subTest(token=token, form=form):
                    self.api.fault("replace", path="/token", body={"access_token": token, "token_type": "Bearer"})
                    result = self.run_program("token", "--format", form)
                    self.api.control("POST", "clear")
                    if result.code == 0:
                        self.assertEqual(result.out.count("\n"), 1)
                        self.assertEqual(result.out.count('"'), 2 if form == "curl" else result.out.count('"'))
                    else:
                        self.assertEqual(result.code, 8, str(result))

    def test_an_unknown_format_is_refused_before_anything(self) -> None:
        with self.shim() as log:
            self.expect(self.run_program("token", "--format", "yaml"), 2, "yaml", "json")
            self.assertEqual(log.text, "")
        self.assertEqual(self.api.asked(), [])

    def test_a_closed_pipe_is_an_error(self) -> None:
        script = '{ "$0" token; echo "exit $?" >&2; } | true'
        result = self.run_command([places.tool("sh"), "-c", script, str(places.program())])
        self.assertIn("exit 1", result.err)

    def test_a_full_disk_under_standard_output_is_an_error(self) -> None:
        script = '"$0" token > /dev/full'
        result = self.run_command([places.tool("sh"), "-c", script, str(places.program())])
        self.expect(result, 1, "No space left on device")


class AtATerminal(Case):
    def setUp(self) -> None:
        super().setUp()
        self.provisioned()
        del self.env["SSA_HSM_PIN_SOURCE"]

    def test_the_pin_is_asked_for_without_echo(self) -> None:
        with self.terminal("token") as terminal:
            terminal.wait_for(r'PIN of token "work"')
            terminal.wait_echo(False)
            terminal.send(PIN + "\r")
            self.assertEqual(terminal.finish(), 0, terminal.screen)
            self.assertTrue(terminal.echo())
            self.assertNotIn(PIN, terminal.screen)
            self.assertIn("access_token", json.loads(terminal.out))

    def test_the_prompt_is_no_part_of_the_output(self) -> None:
        with self.terminal("token", "--format", "token", to_terminal=True) as terminal:
            terminal.wait_for("PIN")
            terminal.send(PIN + "\r")
            terminal.wait_for(r"\ney[\w.-]+\n")
            self.assertEqual(terminal.finish(), 0)

    def test_a_wrong_pin_is_tried_once_and_ends_with_5(self) -> None:
        with self.shim() as log:
            result = self.typed("token", answers=[("PIN", "000000"), (r"again\? \(yes/no\) ", "no")])
            self.expect(result, 5, "CKR_PIN_INCORRECT")
            self.assertEqual(log.count("C_Login"), 1)
        self.assertEqual(self.api.asked(), [])

    def test_control_c_at_the_prompt_restores_the_terminal_and_dies_of_it(self) -> None:
        for key, number in (("\x03", signal.SIGINT), ("", signal.SIGTERM), ("", signal.SIGHUP)):
            with self.subTest(signal=number.name), self.shim() as log, self.terminal("token") as terminal:
                terminal.wait_for("PIN")
                terminal.wait_echo(False)
                if key:
                    terminal.send(key)
                else:
                    terminal.signal(number)
                self.assertEqual(terminal.finish(), -number, terminal.screen)
                self.assertTrue(terminal.echo())
                self.assertEqual(log.count("C_Login"), 0)

    def test_control_z_gives_the_terminal_back_and_fg_asks_again(self) -> None:
        # A shell that has job control: an orphaned process group cannot be stopped.
        with self.terminal("token") as terminal:
            terminal.wait_for("PIN")
            terminal.wait_echo(False)
            terminal.signal(signal.SIGTSTP)
            if terminal.stopped(3):
                self.assertTrue(terminal.echo())
                terminal.signal(signal.SIGCONT)
                terminal.wait_for("PIN")
            terminal.wait_echo(False)
            terminal.send(PIN + "\r")
            self.assertEqual(terminal.finish(), 0, terminal.screen)

    def test_end_of_file_at_the_prompt_is_no_pin(self) -> None:
        with self.shim() as log, self.terminal("token") as terminal:
            terminal.wait_for("PIN")
            terminal.wait_echo(False)
            terminal.send("\x04")
            self.assertEqual(terminal.finish(), 5, terminal.screen)
            self.assertEqual(log.count("C_Login"), 0)

    def test_an_empty_pin_is_not_tried(self) -> None:
        with self.shim() as log:
            self.expect(self.typed("token", answers=[("PIN", "")]), 5)
            self.assertEqual(log.count("C_Login"), 0)

    def test_without_a_terminal_it_says_how_to_give_the_pin(self) -> None:
        self.expect(self.run_program("token", input=PIN + "\n"), 5, "SSA_HSM_PIN_SOURCE")

    def test_a_person_who_takes_a_minute_does_not_lose_the_connection(self) -> None:
        # The connection is begun once the PIN is there, so none waits for a person.
        with self.terminal("token") as terminal:
            terminal.wait_for("PIN")
            time.sleep(0.5)
            typed_at = time.monotonic()
            terminal.send(PIN + "\r")
            self.assertEqual(terminal.finish(), 0)
        self.assertGreater(self.api.requests()[0]["handshake_at"], typed_at)

    def test_the_prompt_names_the_token(self) -> None:
        with self.terminal("token") as terminal:
            found = terminal.wait_for(r"PIN[^\n]*: ")
            self.assertTrue(re.search("work", found.group()))
            terminal.send("\x03")
            terminal.finish()
