"""token, exec and jwt with an agent: who is asked for what, and what an agent that fails or lies can do."""

from __future__ import annotations

import json
import re
import socket
import time

from fake_agent import ASSERTION, TOKEN, Certificates, FakeAgent, failure, grant, http
from harness import SLOW, Case, Result


class AgentCase(Case):
    def setUp(self) -> None:
        super().setUp()
        self.socket = self.dir / "run" / "agent.sock"
        self.env["SSA_HSM_AGENT"] = str(self.socket)

    def agent(self, *answer: object) -> FakeAgent:
        return FakeAgent(self.socket, *answer)  # type: ignore[arg-type]

    def by_agent(self, result: Result) -> None:
        self.assertIn(TOKEN, self.expect(result, 0).out)


class Without(AgentCase):
    """A host that has nothing but the agent."""

    needs_api = False

    def setUp(self) -> None:
        super().setUp()
        for name in ("SSA_HSM_MODULE", "SSA_HSM_TOKEN", "SSA_HSM_PIN_SOURCE", "SOFTHSM2_CONF"):
            self.env.pop(name, None)

    def test_every_format(self) -> None:
        expected = {
            "token": f"{TOKEN}\n",
            "header": f"Authorization: Bearer {TOKEN}\n",
            "env": f"APS_ACCESS_TOKEN={TOKEN}\n",
            "docker-env": f"APS_ACCESS_TOKEN={TOKEN}\n",
            "curl": f'header = "Authorization: Bearer {TOKEN}"\n',
        }
        with self.agent() as agent:
            for form, text in expected.items():
                self.expect(self.run_program("token", "--format", form), 0, out=text)
            out = self.expect(self.run_program("token"), 0).out
        self.assertEqual(
            json.loads(out),
            {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3412, "scope": "data:read data:write"},
        )
        self.assertEqual(out, json.dumps(json.loads(out), indent=2) + "\n")
        for asked in agent.asked:
            self.assertEqual((asked.method, asked.path, asked.version), ("GET", "/v1/token", "HTTP/1.1"))
            self.assertEqual({n: v for n, v in asked.query.items() if n != "wait"}, {})

    def test_exec_and_jwt(self) -> None:
        with self.agent(lambda a: http(200, {"assertion": ASSERTION} if a.path == "/v1/assertion" else grant())) as agent:
            self.expect(self.run_program("exec", "--", "printenv", "APS_ACCESS_TOKEN"), 0, out=f"{TOKEN}\n")
            self.expect(self.run_program("jwt", "--expires-in", 60, "--nbf"), 0, out=f"{ASSERTION}\n")
        self.assertEqual({**agent.asked[1].query, "wait": ""}, {"lifetime": "60", "nbf": "1", "wait": ""})

    def test_a_mistyped_cache_is_told_where_no_cache_is_looked_at(self) -> None:
        env = {"SSA_HSM_CACHE": "keyrng"}
        with self.agent() as agent:
            self.expect(self.run_program("token", env=env), 3, "SSA_HSM_CACHE", '"keyring"', out="")
            self.expect(self.run_program("token", "-p", "elsewhere", env=env), 3, "SSA_HSM_CACHE", out="")
        self.assertEqual(agent.asked, [])

    def test_what_is_asked_for(self) -> None:
        env = {"APS_CLIENT_ID": "id of the client", "SSA_HSM_BASE_URL": "https://localhost:1/x", "SSA_HSM_PROFILE": "prod:spare",
               "SERVICE_ACCOUNT_ID": "ACCOUNT1", "KEY_ID": "K", "SSA_EMAIL": "", "PRIVATE_KEY": "pkcs11:object=x"}  # fmt: skip
        with self.agent() as agent:
            self.by_agent(self.run_program("token", "-s", "data:read,data:write", "-s", "b&c=d %", "--timeout", 20, env=env))
        self.assertEqual(agent.asked[0].query, {
            "profile": "prod", "scope": "data:read,data:write b&c=d %", "client_id": "id of the client",
            "account": "ACCOUNT1", "base_url": "https://localhost:1/x", "wait": "20",
        })  # fmt: skip

    def test_a_profile_that_only_the_agent_has(self) -> None:
        env = {"APS_CLIENT_ID": "of-another-one"}
        with self.agent() as agent:
            self.by_agent(self.run_program("token", "--profile", "prod", env=env))
            self.by_agent(self.run_program("token", "--profile", "./x/prod.env"))
        # The environment would be passed over if the profile were here.
        self.assertEqual({**agent.asked[0].query, "wait": ""}, {"profile": "prod", "wait": ""})
        self.assertEqual(agent.asked[1].query["profile"], f"{self.dir}/./x/prod.env")
        self.expect(self.run_program("jwt", "--profile", "prod", "--claims"), 3, "prod")

    def test_none_answers(self) -> None:
        self.expect(self.run_program("token"), 4, str(self.socket), "no agent answers there", "No such file")
        self.expect(self.run_program("token", "--profile", "prod"), 4, str(self.socket))
        with socket.socket(socket.AF_UNIX) as one:
            self.socket.parent.mkdir()
            one.bind(str(self.socket))
            self.expect(self.run_program("token"), 4, "Connection refused")

    def test_switched_off(self) -> None:
        with self.agent() as agent:
            for options, env in ((["--no-agent"], {}), ([], {"SSA_HSM_AGENT": ""}), ([], {"SSA_HSM_AGENT": "none"})):
                self.expect(self.run_program("token", *options, env=env), 3, "no account is set up")
                self.expect(self.run_program("token", "-p", "prod", *options, env=env), 3, "prod.env", "No such file")
        self.assertEqual(agent.asked, [])

    def test_the_usual_place(self) -> None:
        run = self.dir / "runtime"
        env = {"SSA_HSM_AGENT": None, "XDG_RUNTIME_DIR": str(run)}
        # Nobody hears of an agent that nobody has named.
        result = self.expect(self.run_program("token", env=env), 3, "no account is set up")
        self.assertNotIn("agent", result.err)
        self.socket = run / "ssa-hsm" / "agent.sock"
        with self.agent():
            self.by_agent(self.run_program("token", env=env))
            self.assertIn(f"agent: {self.socket}", self.expect(self.run_program("token", "-v", env=env), 0).err)

    def test_failures_keep_their_code_and_their_advice(self) -> None:
        cases = (
            (failure(423, "locked", 5, detail="/run/x.pin"), 5, ("agent unlock", "--no-agent")),
            (failure(503, "lost", 4, subject="token work"), 4, ("token work", "Plug the PKCS#11 token in")),
            (failure(403, "forbidden", 10), 10, ("--allow",)),
            (failure(404, "unknown_profile", 3), 3, ("agent status",)),
            (failure(409, "differs", 3), 3, ("--no-agent",)),
            (failure(429, "rate_limited", 11, retry_after=7), 11, ("try again later",)),
            (failure(502, "credentials", 9, cause="HTTP 401"), 9, ("HTTP 401",)),
            (failure(502, "refused", 10), 10, ()),
            (failure(504, "timed_out", 8), 8, ()),
            (failure(500, "unexpected", 1), 1, ()),
            # A class and a reason that this version does not know.
            (failure(502, "upstream", 99, reason=99999), 8, ()),
        )
        for answer, code, words in cases:
            kind = json.loads(answer.split(b"\r\n\r\n")[1])["error"]
            with self.subTest(kind), self.agent(answer):
                self.expect(self.run_program("token"), code, f"what the agent says of {kind}", *words, out="")

    def test_texts_of_an_agent_cannot_harm_a_terminal(self) -> None:
        said = {"error": "lost", "error_description": "x\x1b[2Jy\u202e\n", "exit_code": 4, "subject": "\x1b]0;t\x07", "cause": "\r"}
        with self.agent(http(503, said)):
            result = self.run_program("token")
        self.assertEqual(result.code, 4)
        self.assertIsNone(re.search(r"[\x00-\x09\x0b-\x1f\u202e]", result.err))

    def test_what_is_no_access_token_is_refused(self) -> None:
        for answer in (grant("a\r\nCookie: b"), grant("a b"), grant('a"b'), grant(""), grant("$(x)"), grant(lifetime=0),
                       {**grant(), "token_type": "mac"}, {**grant(), "token_type": "Bearer\r\nx"}, {}, {"access_token": TOKEN},
                       {**grant(), "access_token": ["x"]}):  # fmt: skip
            for form in ("json", "header", "curl", "env"):
                with self.subTest(answer=answer, form=form), self.agent(http(200, answer)):
                    self.expect(self.run_program("token", "--format", form), 8, str(self.socket), out="")
        for assertion in ("a.b", "a.b.c\n", "", "a.b.c.d", "a b.c.d", 7):
            with self.subTest(assertion=assertion), self.agent(http(200, {"assertion": assertion})):
                self.expect(self.run_program("jwt"), 8, str(self.socket), out="")

    def test_answers_that_are_none(self) -> None:
        whole = http(200, grant())
        body = json.dumps(grant()).encode()
        long = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
        cases = {
            "closed": b"",
            "garbage": b"\x00\xff garbage\n",
            "another protocol": b"220 mail.example ESMTP\r\n",
            "cut in the head": whole[:40],
            "cut in the body": whole[:-3],
            "longer than it says": whole + b"x",
            "no length": b"HTTP/1.1 200 OK\r\n\r\n" + body,
            "two lengths": long + b"Content-Length: 2\r\n\r\n{}",
            "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            "a huge length": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
            "a negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "endless headers": long + b"X: " + 100000 * b"y",
            "a folded header": long + b"X: y\r\n z\r\n\r\n{}",
            "bare line breaks": b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
            "an interim answer": b"HTTP/1.1 100 Continue\r\n\r\n" + whole,
            "no JSON": http(200, b"<html>"),
            "a failure without JSON": http(500, b"<html>"),
            "a failure of another program": http(404, {"error": "no such page"}),
        }
        for what, answer in cases.items():
            with self.subTest(what), self.agent(answer):
                began = time.monotonic()
                result = self.run_program("token")
                self.assertLess(time.monotonic() - began, 5 * SLOW)
                self.expect(result, 8, str(self.socket), out="")

    def test_an_agent_that_hangs(self) -> None:
        for answer in (lambda _: None, lambda _: (time.sleep(9), b"")[1]):
            with self.agent(answer):
                began = time.monotonic()
                self.expect(self.run_program("token", "--timeout", 1), 8, "did not answer within", out="")
                self.assertLess(time.monotonic() - began, 6 * SLOW)

    def test_an_answer_that_comes_in_pieces(self) -> None:
        whole = http(200, grant())

        class Slow(FakeAgent):
            def _answer(self, client: socket.socket) -> None:
                client.recv(65536)
                for at in range(0, len(whole), 7):
                    client.sendall(whole[at : at + 7])
                    time.sleep(0.001)

        with Slow(self.socket):
            self.by_agent(self.run_program("token"))

    def test_neither_libcurl_nor_a_module_is_loaded(self) -> None:
        with self.agent():
            result = self.run_program("token", env={"LD_DEBUG": "files"})
        loaded = set(re.findall(r"calling init: \S*/(\S+?)\.so", result.err))
        self.assertEqual(result.code, 0)
        self.assertEqual({name for name in loaded if re.match("libcurl|libssl|libsofthsm|libgnutls|libmicro", name)}, set())


class Several(AgentCase):
    """A list of agents."""

    needs_api = False

    def places(self, *more: object) -> dict[str, str | None]:
        return {"SSA_HSM_AGENT": ", ".join(str(p) for p in more), "SSA_HSM_TOKEN": None, "SSA_HSM_PIN_SOURCE": None}

    def test_the_next_one_is_asked(self) -> None:
        second = self.dir / "b" / "agent.sock"
        env = self.places(self.socket, second)
        with FakeAgent(second):
            result = self.run_program("token", env=env)
            self.by_agent(result)
            self.assertIn("the next agent is asked", result.err)
            for answer in (failure(423, "locked", 5), failure(503, "lost", 4), failure(502, "upstream", 8),
                           failure(404, "unknown_profile", 3), failure(409, "differs", 3), b"garbage"):  # fmt: skip
                with self.subTest(answer), self.agent(answer):
                    self.by_agent(self.run_program("token", env=env))
            with self.agent(lambda _: None):
                self.by_agent(self.run_program("token", "--timeout", 2, env=env))

    def test_one_that_refuses_is_the_last(self) -> None:
        second = self.dir / "b" / "agent.sock"
        with FakeAgent(second) as other, self.agent(failure(403, "forbidden", 10)):
            self.expect(self.run_program("token", env=self.places(self.socket, second)), 10, "--allow")
        self.assertEqual(other.asked, [])

    def test_if_all_fail_the_first_failure_is_told(self) -> None:
        second = self.dir / "b" / "agent.sock"
        with FakeAgent(second, failure(503, "lost", 4)), self.agent(failure(423, "locked", 5)):
            self.expect(self.run_program("token", env=self.places("/nowhere", self.socket, second)), 5, "agent unlock")


class Beside(AgentCase):
    """A host with a profile of its own, too."""

    def setUp(self) -> None:
        super().setUp()
        self.made = self.provisioned()

    def by_itself(self, result: Result, *words: str) -> Result:
        self.expect(result, 0, *words)
        self.assertNotIn(TOKEN, result.out)
        self.assertEqual(self.api.asked(), ["POST /token"])
        self.api.forget_requests()
        return result

    def test_what_the_profile_says_is_told_to_the_agent(self) -> None:
        # The environment beats the profile, which names the same.
        with self.agent() as agent:
            self.by_agent(self.run_program("token"))
            self.by_agent(self.run_program("token", "--profile", "default"))
        expected = {"client_id": self.made["APS_CLIENT_ID"], "account": self.made["SERVICE_ACCOUNT_ID"],
                    "base_url": self.api.base_url, "wait": "90"}  # fmt: skip
        self.assertEqual(agent.asked[0].query, expected)
        self.assertEqual(agent.asked[1].query, {**expected, "profile": "default"})
        self.assertEqual(self.api.asked(), [])

    def test_one_with_other_profiles_is_not_used(self) -> None:
        for answer in (failure(404, "unknown_profile", 3), failure(409, "differs", 3)):
            with self.subTest(answer), self.agent(answer):
                self.by_itself(self.run_program("token"), "no agent is used", "what the agent says")
                self.by_itself(self.run_program("exec", "--", "true"), "no agent is used")
        env = {"SSA_HSM_AGENT": None, "XDG_RUNTIME_DIR": str(self.dir)}
        self.socket = self.dir / "ssa-hsm" / "agent.sock"
        with self.agent(failure(404, "unknown_profile", 3)):
            self.assertEqual(self.by_itself(self.run_program("token", env=env)).err, "")
            self.by_itself(self.run_program("token", "-v", env=env), "no agent is used")

    def test_one_that_does_not_answer_is_warned_of(self) -> None:
        self.by_itself(self.run_program("token"), "warning: no agent is used", str(self.socket), "No such file")
        with self.agent(b"garbage"):
            self.by_itself(self.run_program("token"), "warning: no agent is used", "is not HTTP/1.1")
        with self.agent(http(200, grant("a b"))):
            self.by_itself(self.run_program("token"), "warning: no agent is used")

    def test_a_locked_one_is_an_error_and_costs_no_login(self) -> None:
        with self.agent(failure(423, "locked", 5)), self.shim() as log:
            self.expect(self.run_program("token"), 5, "agent unlock", "--no-agent", out="")
            self.assertEqual(log.count("C_Login"), 0)
        self.assertEqual(self.api.asked(), [])
        with self.agent(failure(423, "locked", 5)):
            self.by_itself(self.run_program("token", "--no-agent"))

    def test_a_spare_profile_is_used_where_the_agents_token_is_gone(self) -> None:
        self.write_profile({**self.made, "PRIVATE_KEY": self.made["PRIVATE_KEY"]}, "spare")
        with self.agent(failure(503, "lost", 4)):
            self.expect(self.run_program("token", "-p", "default"), 4, "Plug the PKCS#11 token in")
            self.by_itself(self.run_program("token", "-p", "default", "-p", "spare"), "warning: no agent is used")

    def test_options_that_say_how_are_for_the_program_itself(self) -> None:
        pin = self.env["SSA_HSM_PIN_SOURCE"]
        with self.agent() as agent:
            for options in (["--pin-source", pin], ["--module", self.env["SSA_HSM_MODULE"]], ["--pin-retry"],
                            ["--cacert", self.api.cacert], ["--nbf"], ["--expires-in", 100]):  # fmt: skip
                with self.subTest(options):
                    self.by_itself(self.run_program("token", *options))
            # Those of the environment are for whoever needs them.
            self.by_agent(self.run_program("token"))
            shown = self.by_itself(self.run_program("token", "-v", "--nbf"))
            self.assertIn("no agent is asked, because of --nbf", shown.err)
            audience = {"SSA_HSM_AUDIENCE": "https://elsewhere.example"}
            self.assertNotIn(ASSERTION, self.expect(self.run_program("jwt", env=audience), 0).out)
        self.assertEqual(len(agent.asked), 1)

    def test_a_profile_may_name_its_agent(self) -> None:
        self.write_profile({**self.made, "SSA_HSM_AGENT": str(self.socket)})
        with self.agent():
            self.by_agent(self.run_program("token", env={"SSA_HSM_AGENT": None}))
            # An empty value of the environment goes before it.
            self.by_itself(self.run_program("token", env={"SSA_HSM_AGENT": ""}))

    def test_a_signal_ends_the_wait(self) -> None:
        with self.agent(lambda _: None) as agent, self.start(self.argv("token")) as process:
            while not agent.asked:
                time.sleep(0.01)
            process.terminate()
            self.assertEqual(process.wait(10 * SLOW), -15)
        self.assertEqual(self.api.asked(), [])


class Broker(AgentCase):
    """An agent of another host: TLS, with a certificate of the client."""

    needs_api = False

    def setUp(self) -> None:
        super().setUp()
        self.made = Certificates(self.dir / "tls")
        for name in ("SSA_HSM_TOKEN", "SSA_HSM_PIN_SOURCE"):
            self.env.pop(name, None)
        self.env.update(SSA_HSM_AGENT_CERT=str(self.made.client), SSA_HSM_AGENT_CACERT=str(self.made.ca))

    def test_it_is_asked(self) -> None:
        with FakeAgent(None, tls=self.made.context()) as broker:
            env = {"SSA_HSM_AGENT": f"{self.socket} {broker.place}"}
            self.by_agent(self.run_program("token", "--scope", "data:read", env=env))
            key = {**env, "SSA_HSM_AGENT_CERT": str(self.made.client_alone), "SSA_HSM_AGENT_KEY": str(self.made.client)}
            self.by_agent(self.run_program("token", env=key))
            self.expect(self.run_program("jwt", env=env), 3, "no assertions")
        self.assertEqual(broker.asked[0].query, {"scope": "data:read", "wait": "25"})
        self.assertEqual(broker.asked[0].peer["subject"], ((("commonName", "a client"),),))

    def test_nobody_is_believed_without_the_right_certificate(self) -> None:
        other = Certificates(self.dir / "other")
        with FakeAgent(None, tls=self.made.context()) as broker:
            env = {"SSA_HSM_AGENT": broker.place}
            for changes in ({"SSA_HSM_AGENT_CACERT": str(other.ca)}, {"SSA_HSM_AGENT_CACERT": None},
                            {"SSA_HSM_AGENT_CERT": None}, {"SSA_HSM_AGENT_CERT": str(other.client)}):  # fmt: skip
                with self.subTest(changes):
                    self.expect(self.run_program("token", env={**env, **changes}), 8, "localhost", out="")
            name = broker.place.replace("localhost", "127.0.0.2")
            self.expect(self.run_program("token", env={"SSA_HSM_AGENT": name}), 4, "no agent answers")
        self.assertEqual(broker.asked, [])

    def test_addresses_and_files_that_cannot_be_used(self) -> None:
        for place in ("https://", "https://u:p@host", "https://host/?x", "https:///x"):
            with self.subTest(place):
                self.expect(self.run_program("token", env={"SSA_HSM_AGENT": place}), 3, "https://HOST[:PORT]")
        self.expect(self.run_program("token", env={"SSA_HSM_AGENT": "https://localhost:1"}), 4, "no agent answers")
        missing = {"SSA_HSM_AGENT": "https://localhost:1", "SSA_HSM_AGENT_CACERT": "/nowhere/ca.pem"}
        self.expect(self.run_program("token", env=missing), 3, "/nowhere/ca.pem")

    def test_broken_answers(self) -> None:
        for answer in (b"", b"garbage\r\n", http(200, b"<html>"), http(500, b""), http(200, grant("a b")), http(200, 300000 * b" ")):
            with self.subTest(answer[:40]), FakeAgent(None, answer, tls=self.made.context()) as broker:
                self.expect(self.run_program("token", env={"SSA_HSM_AGENT": broker.place}), 8, "localhost", out="")
