"""The agent's access tokens: who gets which one, what goes to the API for it, and what becomes of failures."""

from __future__ import annotations

import json
import os
import signal
import struct
import threading
from urllib.parse import quote

import dotenv
from agent_process import AgentCase, request
from fault_support import eventually
from signer_link import children, until

WINDOW = 8  # seconds in which the emulated API counts
# Where the first record has how often the API has refused (src/agent/cache/budget_record.h).
REFUSALS_AT = 244


class CacheCase(AgentCase):
    def setUp(self) -> None:
        super().setUp()
        self.provisioned()

    def ask(self, **wanted: object) -> tuple[int, dict[str, object]]:
        query = "&".join(f"{name}={quote(str(value))}" for name, value in wanted.items())
        return request(self.socket, "GET", f"/v1/token?{query}" if query else "/v1/token")

    def get(self, **wanted: object) -> str:
        status, answer = self.ask(**wanted)
        self.assertEqual(status, 200, {**answer, "access_token": ""})
        return str(answer["access_token"])

    def refused(self, status: int, error: str, **wanted: object) -> dict[str, object]:
        got, answer = self.ask(**wanted)
        self.assertEqual((got, answer.get("error")), (status, error), {**answer, "access_token": ""})
        return answer

    def post(self, what: str) -> int:
        return request(self.socket, "POST", f"/v1/{what}")[0]

    def exchanges(self) -> int:
        return sum(r["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer" for r in self.api.requests())

    def status(self) -> dict[str, object]:
        return request(self.socket, "GET", "/v1/status")[1]["profiles"][0]  # type: ignore[index,no-any-return]


class Sharing(CacheCase):
    def test_many_callers_cost_one_signature_and_one_request(self) -> None:
        with self.shim() as log:
            self.begin()
            got: list[str] = []
            threads = [threading.Thread(target=lambda: got.append(self.get())) for _ in range(40)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual((len(got), len(set(got))), (40, 1))
            self.assertEqual((self.exchanges(), log.count("C_Sign")), (1, 1))

    def test_each_set_of_scopes_has_its_own(self) -> None:
        self.begin()
        wide = self.get(scope="data:read data:write")
        self.assertEqual(self.get(scope="data:write,data:read,data:write"), wide)
        status, narrow = self.ask(scope="data:read")
        self.assertEqual((status, narrow["scope"]), (200, "data:read"))
        self.assertNotEqual(narrow["access_token"], wide)
        self.assertEqual(self.exchanges(), 2)

    def test_a_new_one(self) -> None:
        self.begin()
        first = self.get()
        self.assertEqual(self.get(min_ttl=3000), first)
        second = self.get(force=1)
        self.assertNotEqual(second, first)
        self.assertEqual(self.get(), second)

    def test_one_that_ends_is_renewed_before(self) -> None:
        body = '{"access_token":"ends-soon","token_type":"Bearer","expires_in":4}'
        self.api.fault("status", path="/token", times=1, status=200, body=body)
        self.begin()
        self.assertEqual(self.get(), "ends-soon")
        self.assertEqual(self.get(), "ends-soon")
        until(lambda: self.exchanges() == 2, "it is not renewed")
        until(lambda: self.get() != "ends-soon", "the new one is not given")
        self.assertEqual(self.exchanges(), 2)


    def test_one_that_lives_for_an_unknown_time_is_fetched_by_the_agent_alone(self) -> None:
        for says in ("", ',"expires_in":0', ',"expires_in":"soon"'):
            with self.subTest(says), self.shim() as log:
                body = '{"access_token":"who-knows","token_type":"Bearer"%s}' % says
                self.api.fault("status", path="/token", times=0, status=200, body=body)
                self.api.forget_requests()
                self.begin()
                told = json.loads(self.expect(self.run_program("token"), 0, out=None).out)
                self.assertEqual((told["access_token"], told.get("expires_in")), ("who-knows", None))
                self.assertEqual((self.exchanges(), log.count("C_Login")), (1, 1))
                self.expect(self.run_program("agent", "stop"), 0)
                self.api.control("POST", "clear")


class Failures(CacheCase):
    def test_an_api_that_is_down(self) -> None:
        self.begin()
        first = self.get()
        self.api.fault("refuse", path="/token", times=0)
        self.assertIn("retry_after", self.refused(502, "upstream", force=1))
        self.assertEqual(self.get(), first)
        # Each try is one request, since the budget was asked for one.
        self.assertEqual(self.exchanges(), 1 + 3)
        # Who comes meanwhile costs no request.
        before = self.exchanges()
        self.refused(502, "upstream", scope="data:write")
        self.assertEqual(self.exchanges(), before)
        self.api.control("POST", "clear")
        self.assertEqual(self.post("unlock"), 200)
        self.assertNotEqual(self.get(force=1), first)

    def test_one_failure_is_not_told(self) -> None:
        self.api.fault("status", path="/token", times=1, status=503)
        with self.shim() as log:
            self.begin()
            self.get()
            # The assertion was not used up.
            self.assertEqual((self.exchanges(), log.count("C_Sign")), (2, 1))

    def test_the_rate_limit_is_waited_for(self) -> None:
        self.api.fault("status", path="/token", times=1, status=429, headers={"Retry-After": "1"})
        self.begin()
        self.get()
        self.api.fault("status", path="/token", times=1, status=429, headers={"Retry-After": "30"})
        self.assertEqual(self.refused(429, "rate_limited", force=1, wait=2)["retry_after"], 30)
        before = self.exchanges()
        self.refused(429, "rate_limited", force=1, wait=2)
        self.assertEqual(self.exchanges(), before)

    def test_ten_a_minute(self) -> None:
        self.begin()
        for number in range(10):
            self.get(scope=f"scope:{number}")
        self.refused(429, "rate_limited", scope="scope:10", wait=1)
        self.assertEqual(self.exchanges(), 10)

    def test_a_refusal_is_not_repeated(self) -> None:
        self.api.fault("status", path="/token", times=0, status=400, body='{"error":"invalid_grant"}')
        self.begin()
        self.refused(502, "refused")
        self.refused(502, "refused")
        self.assertEqual(self.exchanges(), 1)


class Changes(CacheCase):
    def test_a_client_secret_in_a_file(self) -> None:
        file = self.dir / "client-secret"
        file.write_text(f"{self.api.secret}\n")
        file.chmod(0o600)
        self.begin(env={"APS_SECRET_ID": f"file:{file}"})
        self.get()
        file.write_text("an-old-one\n")
        self.refused(502, "credentials", force=1)
        file.write_text(f"{self.api.secret}\n")
        # The first one is refused for what is known so far.
        until(lambda: self.ask(force=1)[0] == 200, "the new one is not read", 2)

    def test_a_rotated_key(self) -> None:
        self.expect(self.run_program("account", "create", "to-rotate", "its-account", "--profile", "own", "--import", "plain"), 0)
        # The block of the environment would go before the profile's.
        self.begin("--profile", "own")
        self.get()
        was = dotenv.parse(self.profile_path("own").read_text())["KEY_ID"]
        self.expect(self.run_program("key", "rotate", "--profile", "own", "--import", "plain"), 0)
        self.get(force=1)
        assertion = [r["assertion"] for r in self.api.requests() if r.get("assertion")][-1]
        self.assertNotEqual(assertion["header"]["kid"], was)


class Locking(CacheCase):
    def test_a_locked_one_hands_out_nothing(self) -> None:
        with self.shim() as log:
            self.begin()
            first = self.get()
            self.assertEqual(self.post("lock"), 200)
            self.refused(423, "locked")
            self.assertEqual(log.count("C_Logout"), 1)
            self.assertEqual(self.post("unlock"), 200)
            self.assertNotEqual(self.get(), first)
            self.assertEqual((log.count("C_Login"), log.count("C_Sign")), (2, 2))

    def test_nobody_asks_for_long(self) -> None:
        self.begin("--lock-after", "1s")
        self.get()
        until(lambda: bool(self.status()["locked"]), "it is not locked")
        self.refused(423, "locked")


class Deaths(CacheCase):
    def test_of_the_signer(self) -> None:
        agent = self.begin()
        first = self.get()
        (signer,) = children(agent)
        os.kill(signer, signal.SIGKILL)
        self.assertEqual(self.get(), first)
        until(lambda: self.ask(force=1)[0] == 200, "it does not come back")
        self.assertNotEqual(self.get(), first)

    def test_of_the_module(self) -> None:
        agent = self.begin()
        first = self.get()
        (signer,) = children(agent)
        (host,) = children(signer)
        os.kill(host, signal.SIGKILL)
        self.wait_gone(host)
        self.assertEqual(self.get(), first)
        until(lambda: self.ask(force=1)[0] == 200, "it does not come back")


class Successors(CacheCase):
    """What an agent has sent counts for the next one, however it ended."""

    def setUp(self) -> None:
        super().setUp()
        self.kept = self.socket.parent / "requests"

    def use_up(self) -> int:
        agent = self.begin()
        for number in range(10):
            self.get(scope=f"scope:{number}")
        return agent

    def refusals(self) -> int:
        return sum(r["status"] == 429 for r in self.api.requests())

    def kill(self, agent: int) -> None:
        os.kill(agent, signal.SIGKILL)
        self.wait_gone(agent)

    def test_of_one_that_is_killed(self) -> None:
        self.kill(self.use_up())
        self.begin()
        # Nothing that was in flight is missing, and nothing counts twice.
        self.assertEqual(self.status()["budget_left"], 0)
        told = self.refused(429, "rate_limited", scope="scope:10", wait=1)
        self.assertLessEqual(int(str(told["retry_after"])), 60)
        self.assertEqual((self.exchanges(), self.refusals()), (10, 0))
        self.assertEqual(self.kept.stat().st_mode & 0o777, 0o600)
        self.assertNotIn(self.env["APS_CLIENT_ID"].encode(), self.kept.read_bytes())

    def test_those_who_wait_are_served_after_it(self) -> None:
        # The API takes more in a minute, so ten in some seconds: the next agent has to know that, too.
        body = '{"access_token":"one","token_type":"Bearer","expires_in":3600}'
        headers = {"ratelimit-value": str(int(10 * 60 / WINDOW))}
        self.api.fault("status", path="/token", times=0, status=200, body=body, headers=headers)
        self.kill(self.use_up())
        self.begin()
        for number in range(10, 13):
            self.get(scope=f"scope:{number}", wait=WINDOW + 20)
        arrived = [float(r["arrived_at"]) for r in self.api.requests()]
        self.assertEqual(len(arrived), 13)
        for first, eleventh in zip(arrived, arrived[10:]):
            self.assertGreaterEqual(eleventh - first, WINDOW)

    def test_of_one_that_is_stopped(self) -> None:
        self.use_up()
        self.expect(self.run_program("agent", "stop"), 0)
        self.assertEqual([path.name for path in self.socket.parent.iterdir()], ["requests"])
        self.begin()
        self.refused(429, "rate_limited", scope="scope:10", wait=1)
        self.assertEqual(self.exchanges(), 10)

    def test_a_pause_that_the_api_asked_for(self) -> None:
        self.api.fault("status", path="/token", times=1, status=429, headers={"Retry-After": "300"})
        agent = self.begin()
        self.refused(429, "rate_limited", wait=2)
        # Who waited is answered a moment before that is written down.
        eventually(lambda: struct.unpack_from("=I", self.kept.read_bytes(), REFUSALS_AT)[0] == 1, "the refusal is kept")
        self.kill(agent)
        self.begin()
        self.assertGreater(int(str(self.refused(429, "rate_limited", wait=2)["retry_after"])), 200)
        self.assertEqual(self.exchanges(), 1)

    def test_a_file_of_something_else_is_no_failure(self) -> None:
        self.socket.parent.mkdir(mode=0o700)
        other = self.dir / "other"
        other.write_text("mine")
        self.kept.symlink_to(other)
        self.use_up()
        self.assertEqual(other.read_text(), "mine")

    def test_one_for_a_program_leaves_nothing(self) -> None:
        self.expect(self.shell("ssa-hsm agent -- ssa-hsm token >/dev/null"), 0)
        until(lambda: not any(self.socket.parent.iterdir()), "something is left")
