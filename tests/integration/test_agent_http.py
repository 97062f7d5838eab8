"""What the agent answers, by docs/agent-http.md."""

from __future__ import annotations

import json
import subprocess
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import places
from agent_player import Connection, PlayerTest, eventually, within

# By the failure's class and reason (include/ssa-hsm), as the table of the document has them.
LOCKED, LOST, GONE, PROFILE, DIFFERS, REFUSES, BUDGET = 173, 174, 175, 177, 178, 179, 180
FAILURES = (
    (2, 0, 400, "bad_request"), (3, PROFILE, 404, "unknown_profile"),
    (3, DIFFERS, 409, "differs"), (5, LOCKED, 423, "locked"), (5, 0, 423, "locked"), (11, BUDGET, 429, "rate_limited"),
    (11, 0, 429, "rate_limited"), (10, 0, 502, "refused"), (9, 0, 502, "credentials"), (8, 0, 502, "upstream"),
    (4, LOST, 503, "lost"), (4, 0, 503, "lost"), (7, 0, 503, "lost"), (1, GONE, 503, "unavailable"),
    (1, 0, 500, "unexpected"), (3, 0, 500, "unexpected"),
)  # fmt: skip


class Answers(PlayerTest):
    def test_an_access_token_is_told_with_what_is_left_of_it(self) -> None:
        answer = self.player.ask("/v1/token")
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "application/json"))
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        told = answer.json
        self.assertEqual(list(told), ["access_token", "token_type", "expires_in", "expires_at", "scope"])
        self.assertEqual((len(told["access_token"]), told["token_type"]), (900, "Bearer"))
        self.assertIn(told["expires_in"], range(3590, 3601))
        self.assertEqual(told["scope"], "data:read data:write")

    def test_what_is_left_is_counted_down_on_one_connection(self) -> None:
        connection = Connection(self.player.path)
        seen = set()

        def fell() -> bool:
            connection.request("GET", "/v1/token")
            seen.add(json.load(connection.getresponse())["expires_in"])
            return len(seen) > 2

        eventually(fell, "it is counted down")
        self.assertEqual(max(seen) - min(seen), 2)
        connection.close()

    def test_the_last_second_says_1_and_what_has_ended_is_not_given(self) -> None:
        self.assertEqual(self.player.ask("/v1/token?profile=short-900").json["expires_in"], 1)
        told = self.refused(self.player.ask("/v1/token?profile=short-0"), 503, "unavailable")
        self.assertEqual(told["retry_after"], 1)

    def test_curl_is_a_whole_client(self) -> None:
        command = [places.tool("curl"), "-fsS", "--unix-socket", str(self.player.path), "http://agent/v1/token"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        self.assertEqual(json.loads(done.stdout)["token_type"], "Bearer")
        # The shell's prompt comes on a line of its own.
        for target in ("/v1/token", "/v1/token", "/v1/status", "/v1/health", "/v1/metrics", "/v1/assertion", "/v1/nothing"):
            with self.subTest(target):
                self.assertRegex(self.player.ask(target).text, r"[^\n]\n\Z")

    def test_each_failure_has_its_status_and_name(self) -> None:
        for code, reason, status, name in FAILURES:
            with self.subTest(code=code, reason=reason):
                answer = self.player.ask(f"/v1/token?profile=fails-{code}-{reason}-7")
                told = self.refused(answer, status, name)
                self.assertEqual((told["exit_code"], told.get("reason", 0), told["retry_after"]), (code, reason, 7))
                self.assertEqual(answer.headers["Retry-After"], "7")
                self.assertEqual(told["error_description"], 'it "fails" \\ as told')
                self.assertEqual((told["subject"], told["cause"], told["detail"]), ("subject", "CAUSE", "detail"))

    def test_what_the_service_refuses_is_refused_as_the_server_does(self) -> None:
        self.refused(self.player.ask(f"/v1/token?profile=fails-10-{REFUSES}-7"), 403, "forbidden")

    def test_what_there_is_nothing_to_tell_of_is_left_out(self) -> None:
        answer = self.player.ask("/v1/nothing")
        self.assertEqual(set(self.refused(answer, 404, "not_found")), {"error", "error_description", "exit_code"})
        self.assertNotIn("Retry-After", answer.headers)

    def test_foreign_text_is_escaped(self) -> None:
        name = 'a"b\\c</x>ü'
        told = self.refused(self.player.ask("/v1/token?" + urllib.parse.urlencode({"profile": name})), 404, "unknown_profile")
        self.assertEqual(told["detail"], name)

    def test_a_query_that_is_not_understood_is_refused(self) -> None:
        for query in (
            "profil=x", "profile=a&profile=b", "profile", "&", "profile=a&", "profile=%", "profile=%0", "profile=%zz",
            "profile=%00", "profile=a%0Ab", "profile=a%7f", "profile=%ff", "force=yes", "force=", "min_ttl=-1", "min_ttl=3601",
            "min_ttl=1e3", "min_ttl=+1", "min_ttl=99999999999999999999", "wait=0", "wait=301", "lifetime=60",
            "scope=" + "a" * 9000,
        ):  # fmt: skip
            with self.subTest(query[:40]):
                self.refused(self.player.ask(f"/v1/token?{query}"), 400, "bad_request")
        for target in ("/v1/status?profile=main", "/v1/assertion?force=1", "/v1/assertion?lifetime=301"):
            with self.subTest(target):
                self.refused(self.player.ask(target), 400, "bad_request")

    def test_a_query_is_decoded(self) -> None:
        for query in ("scope=data%3aread%20data%3Acreate", "scope=data:read+data:create", "sco%70e=data:read data:create"):
            with self.subTest(query):
                target = "/v1/token?" + query.replace(" ", "%20")
                self.assertEqual(self.player.ask(target).json["scope"], "data:read data:create")
        self.assertEqual(self.player.ask("/v1/token?").status, 200)
        self.assertEqual(self.player.ask("/v1/token?profile=&min_ttl=3600&force=true&wait=300&client_id=x").status, 200)

    def test_on_one_connection_each_request_is_its_own(self) -> None:
        connection = Connection(self.player.path)
        for target, status in (("/v1/token", 200), ("/v1/token?profile=x", 404), ("/v1/token", 200), ("/v1/tokeN", 404),
                               ("/v1/token?x=1", 400), ("/v1/token?x=1", 400), ("/v1/health", 200)):  # fmt: skip
            connection.request("GET", target)
            response = connection.getresponse()
            response.read()
            self.assertEqual(response.status, status, target)
        connection.close()

    def test_the_method_must_be_the_right_one(self) -> None:
        for method, target, right in (("POST", "/v1/token", "GET"), ("GET", "/v1/lock", "POST"), ("PUT", "/v1/unlock", "POST"),
                                      ("DELETE", "/v1/status", "GET")):  # fmt: skip
            with self.subTest(method):
                answer = self.player.ask(target, method)
                self.refused(answer, 405, "method_not_allowed")
                self.assertEqual(answer.headers["Allow"], right)

    def test_a_body_is_refused(self) -> None:
        for head in (b"POST /v1/lock", b"GET /v1/token"):
            with self.player.plain() as sock:
                sock.sendall(head + b" HTTP/1.1\r\nHost: agent\r\nContent-Length: 12\r\n\r\nprofile=main")
                self.assertIn(b'"a request has no body here"', sock.recv(65536))
                self.assertEqual(sock.recv(65536), b"")
        self.assertEqual(self.player.ask("/v1/health").status, 200)
        self.assertEqual(self.player.ask("/v1/unlock", "POST", "").status, 200)

    def test_an_assertion(self) -> None:
        answer = self.player.ask("/v1/assertion?lifetime=60&nbf=1&profile=slow-50&scope=data%3Aread")
        self.assertEqual((answer.status, answer.json), (200, {"assertion": "head.60-nbf.signature"}))
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.refused(self.player.ask("/v1/assertion?profile=fails-7-0-0"), 503, "lost")

    def test_lock_and_unlock(self) -> None:
        self.assertEqual(self.player.ask("/v1/health").json, {"status": "ok"})
        self.assertEqual(self.player.ask("/v1/lock?profile=main", "POST").json, {"status": "locked"})
        answer = self.player.ask("/v1/health")
        self.assertEqual((answer.status, answer.json), (503, {"status": "locked"}))
        self.assertEqual(self.player.ask("/v1/unlock", "POST").json, {"status": "unlocked"})
        self.assertEqual(self.player.ask("/v1/health").status, 200)
        told = self.refused(self.player.ask("/v1/unlock?profile=person", "POST"), 423, "locked")
        self.assertEqual((told["pin_socket"], told["reason"]), ("/run/user/0/ssa-hsm/person.pin", LOCKED))
        self.refused(self.player.ask("/v1/lock?profile=other", "POST"), 404, "unknown_profile")
        # The service that is made up has another answer for that.
        self.assertEqual(self.player.ask("/v1/unlock?pin_retry=1&profile=person", "POST").json, {"status": "unlocked"})
        self.refused(self.player.ask("/v1/unlock?pin_retry=0&profile=person", "POST"), 423, "locked")
        self.refused(self.player.ask("/v1/lock?pin_retry=1", "POST"), 400, "bad_request")

    def test_status_tells_profiles_and_entries_and_no_access_token(self) -> None:
        token = self.player.ask("/v1/token").json["access_token"]
        answer = self.player.ask("/v1/status")
        self.assertNotIn(token[:20], answer.text)
        told = answer.json
        self.assertEqual([p["name"] for p in told["profiles"]], ["main"])
        self.assertEqual((told["profiles"][0]["signer"], told["profiles"][0]["token_label"]), ("open", 'a "token"'))
        self.assertEqual([e["scope"] for e in told["entries"]], ["data:read data:write"])
        self.assertEqual(told["counts"]["served"], 1)

    def test_metrics_are_prometheus_text(self) -> None:
        self.player.ask("/v1/token")
        answer = self.player.ask("/v1/metrics")
        self.assertTrue(answer.headers["Content-Type"].startswith("text/plain; version=0.0.4"))
        values = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
        self.assertEqual(values["ssa_hsm_agent_access_tokens_served_total"], "1")
        self.assertEqual(values['ssa_hsm_agent_unlocked{profile="main"}'], "1")
        self.assertEqual(values['ssa_hsm_agent_requests_total{outcome="ok"}'], "1")
        for line in answer.text.splitlines():
            self.assertRegex(line, r'^(# (HELP|TYPE) ssa_hsm_agent_\w+ .+|ssa_hsm_agent_\w+(\{\w+="[^"\\]*"\})? \d+)$')


class Waiting(PlayerTest):
    def test_many_wait_and_others_are_served_meanwhile(self) -> None:
        waiting = [Connection(self.player.path) for _ in range(300)]
        for connection in waiting:
            connection.request("GET", "/v1/token?profile=slow-700")
        eventually(lambda: self.player.ask("/v1/status").json["profiles"][0]["waiting"] > 250, "they wait")
        with within(0.5):
            self.assertEqual(self.player.ask("/v1/token").status, 200)
        for connection in waiting:
            self.assertEqual(connection.getresponse().status, 200)
            connection.close()

    def test_answers_at_once_from_another_thread_lose_nobody(self) -> None:
        def ask(_: int) -> int:
            connection = Connection(self.player.path)
            for _ in range(40):
                connection.request("GET", "/v1/token?profile=slow-0")
                response = connection.getresponse()
                response.read()
                self.assertEqual(response.status, 200)
            connection.close()
            return 40

        with ThreadPoolExecutor(8) as threads:
            self.assertEqual(sum(threads.map(ask, range(8))), 320)

    def test_a_caller_that_hangs_up_is_forgotten_before_its_answer_is_there(self) -> None:
        for target in ("/v1/token?profile=slow-2000", "/v1/assertion?profile=slow-2000"):
            with self.subTest(target):
                eventually(lambda: self.player.open_connections() == 1, "nobody else is there")
                leaving = [Connection(self.player.path) for _ in range(5)]
                for connection in leaving:
                    connection.request("GET", target)
                eventually(lambda: self.player.open_connections() == 6, "they are there")
                with within(1):
                    for connection in leaving:
                        connection.close()
                    eventually(lambda: self.player.open_connections() == 1, "they are gone")
                    eventually(lambda: self.player.waiting() == 0, "they are in no line")

    def test_a_stop_answers_all_who_wait(self) -> None:
        waiting = [Connection(self.player.path) for _ in range(50)]
        for connection in waiting:
            connection.request("GET", "/v1/token?profile=slow-60000")
        eventually(lambda: self.player.ask("/v1/status").json["profiles"][0]["waiting"] == 50, "they wait")
        with within(3):
            self.player.end_input()
            for connection in waiting:
                response = connection.getresponse()
                self.assertEqual((response.status, json.load(response)["error"]), (503, "unavailable"))
                connection.close()
            self.assertEqual(self.player.process.wait(10), 0)

    def test_who_signs_does_not_hold_up_who_locks(self) -> None:
        before = self.player.threads()
        signing = [Connection(self.player.path) for _ in range(8)]
        for connection in signing:
            connection.request("GET", "/v1/assertion?profile=slow-1000")
        eventually(lambda: self.player.threads() >= before + 8, "all who may sign do")
        told = self.refused(self.player.ask("/v1/assertion"), 503, "unavailable")
        self.assertEqual(told["retry_after"], 1)
        with within(0.5):
            self.assertEqual(self.player.ask("/v1/lock", "POST").status, 200)
        for connection in signing:
            self.assertEqual(connection.getresponse().status, 200)
            connection.close()
