"""What a user, or a host, that has nothing but somebody else's agent is told by `doctor` and `agent status`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agent_process import AgentCase
from fake_agent import Asked, Certificates, FakeAgent, failure, http
from harness import Case

REFUSED = failure(403, "forbidden", 10)


def guest(health: str, status: int = 200) -> Any:
    """An agent of another user: it tells its health, and nothing else."""

    def answer(asked: Asked) -> bytes:
        return http(status, {"status": health}) if asked.path == "/v1/health" else REFUSED

    return answer


def read(case: Case, *options: object, env: Mapping[str, str | None], code: int = 0) -> dict[str, list[tuple[str, str]]]:
    """State and text of each finding, by its check."""
    result = case.run_program("doctor", "--json", *options, env=env)
    case.assertEqual(result.code, code, str(result))
    found: dict[str, list[tuple[str, str]]] = {}
    for check in json.loads(result.out)["checks"]:
        text = f"{check['subject']}: {check['found']} ({check['cause']}) {check['mend']}"
        found.setdefault(check["check"], []).append((check["state"], text))
    return found


class NothingElse(Case):
    """No profile, no PKCS#11 token, no API."""

    needs_api = False

    def setUp(self) -> None:
        super().setUp()
        for name in ("SSA_HSM_MODULE", "SSA_HSM_TOKEN", "SSA_HSM_PIN_SOURCE", "SOFTHSM2_CONF", "APS_CLIENT_ID", "APS_SECRET_ID",
                     "SSA_HSM_BASE_URL", "SSA_HSM_CACERT"):  # fmt: skip
            self.env.pop(name, None)

    def brokers(self) -> tuple[Certificates, dict[str, str | None]]:
        made = Certificates(self.dir / "tls")
        return made, {"SSA_HSM_AGENT_CERT": str(made.client), "SSA_HSM_AGENT_CACERT": str(made.ca)}


class Doctor(NothingElse):
    def doctor(self, *options: object, agents: str, code: int = 0, **more: str | None) -> dict[str, list[tuple[str, str]]]:
        return read(self, *options, env={"SSA_HSM_AGENT": agents, **more}, code=code)

    def test_a_user_of_the_allow_list(self) -> None:
        with FakeAgent(self.dir / "run" / "agent.sock", guest("ok")) as agent:
            for more in ({}, {"HOME": "/nonexistent"}):
                found = self.doctor(agents=agent.place, **more)
                self.assertEqual({name: state for name, [(state, _)] in found.items()},
                                 {"settings": "ok", "identity": "skipped", "agent": "ok"})  # fmt: skip
        # Nothing is asked for that counts at the API.
        self.assertEqual({asked.path for asked in agent.asked}, {"/v1/status", "/v1/health"})
        text = self.expect(self.run_program("doctor", env={"SSA_HSM_AGENT": str(self.dir / "gone")}), 4, 'begin with "agent"')
        self.assertRegex(text.out, r"FAILED +agent +.*gone: no agent answers there")

    def test_an_agent_that_has_nothing_to_give(self) -> None:
        for health, code, said in (("locked", 5, "is locked"), ("lost", 4, "PKCS#11 token is not there"), ("failing", 8, "the last access")):
            with self.subTest(health), FakeAgent(self.dir / health / "agent.sock", guest(health, 503)) as agent:
                [(state, text)] = self.doctor(agents=agent.place, code=code)["agent"]
                self.assertEqual(state, "failure")
                self.assertIn(said, text)
                self.assertIn("Whoever runs the agent", text)
                self.assertNotIn("agent unlock", text, "this user may not")

    def test_an_agent_that_refuses_this_user(self) -> None:
        with FakeAgent(self.dir / "run" / "agent.sock", REFUSED) as agent:
            [(state, text)] = self.doctor(agents=agent.place, code=10)["agent"]
        self.assertEqual(state, "failure")
        self.assertIn("--allow USER=SCOPES", text)
        self.assertNotIn("--no-agent", text, "doctor has no such option")

    def test_brokers(self) -> None:
        certificates, env = self.brokers()
        with FakeAgent(None, guest("ok"), certificates.context()) as good:
            self.assertEqual(self.doctor(agents=good.place, **env)["agent"][0][0], "ok")
            with FakeAgent(None, guest("locked", 503), certificates.context()) as locked:
                found = self.doctor(agents=f"{locked.place} {good.place}", **env)["agent"]
            self.assertEqual([state for state, _ in found], ["warning", "ok"], "the second one is there")
            found = self.doctor(agents=f"{locked.place} {good.place}", **env)["agent"]
            self.assertEqual([state for state, _ in found], ["warning", "ok"])
            with FakeAgent(None, REFUSED, certificates.context()) as refusing:
                [(_, text)] = self.doctor(agents=refusing.place, code=10, **env)["agent"]
            self.assertIn("`ssa-hsm agent caller add --help`", text)
            self.assertNotIn("--allow", text)
            [(_, text)] = self.doctor(agents=good.place, code=8, **{**env, "SSA_HSM_AGENT_CACERT": ""})["agent"]
            self.assertIn("SSA_HSM_AGENT_CACERT", text)
            [(_, text)] = self.doctor(agents=good.place, code=3, **{**env, "SSA_HSM_AGENT_CERT": "/nowhere.pem"})["agent"]
            self.assertIn("SSA_HSM_AGENT_CERT", text)
            [(_, text)] = self.doctor(agents=good.place, code=8, **{**env, "SSA_HSM_AGENT_CERT": None})["agent"]
            self.assertIn("SSA_HSM_AGENT_CERT", text)
        self.assertEqual({asked.path for asked in good.asked}, {"/v1/health"})

    def test_a_place_that_is_none(self) -> None:
        for place in ("http://localhost:8443", "localhost:8443", "run/agent.sock"):
            with self.subTest(place):
                [(state, text)] = self.doctor(agents=place, code=3)["agent"]
                self.assertEqual(state, "failure")
                self.assertIn(place, text)
                self.assertIn("https://", text)
                self.expect(self.run_program("token", env={"SSA_HSM_AGENT": place}), 3, place, "https://")

    def test_a_profile_that_only_the_agent_has(self) -> None:
        with FakeAgent(self.dir / "run" / "agent.sock", guest("ok")) as agent:
            found = self.doctor("--profile", "work", agents=agent.place)
        self.assertEqual(found["agent"][0][0], "ok")
        self.assertIn("work.env", found["profile"][0][1])

    def test_what_an_option_asks_for_is_examined_all_the_same(self) -> None:
        with FakeAgent(self.dir / "run" / "agent.sock", guest("ok")) as agent:
            found = self.doctor("--login", agents=agent.place, code=3)
        self.assertEqual((found["identity"][0][0], found["agent"][0][0]), ("failure", "ok"))
        self.assertIn("dns", found)
        found = self.doctor(agents="none", code=3)
        self.assertEqual((found["identity"][0][0], found["agent"][0][0]), ("failure", "skipped"))


class Status(NothingElse):
    def test_a_broker_tells_how_it_is(self) -> None:
        certificates, env = self.brokers()
        with FakeAgent(None, guest("locked", 503), certificates.context()) as broker:
            done = self.expect(self.run_program("agent", "status", env={**env, "SSA_HSM_AGENT": broker.place}), 0)
            self.assertRegex(done.out, rf"AGENT +STATUS +FAILURE\n{broker.place} +locked +-\n")
            two = {**env, "SSA_HSM_AGENT": f"https://localhost:1, {broker.place}"}
            told = json.loads(self.expect(self.run_program("agent", "status", "--json", env=two), 0).out)
        self.assertEqual([(one["agent"], one["status"], one["error"] is None) for one in told],
                         [("https://localhost:1", None, False), (broker.place, "locked", True)])  # fmt: skip
        for words in ([], ["--json"]):
            gone = self.run_program("agent", "status", *words, env={**env, "SSA_HSM_AGENT": "https://localhost:1"})
            self.expect(gone, 4, "no agent answers there", "with --listen", out="")
            self.assertNotIn("`ssa-hsm agent` starts one", gone.err)
        self.assertEqual({asked.path for asked in broker.asked}, {"/v1/health"})

    def test_another_user_s_agent_tells_how_it_is(self) -> None:
        with FakeAgent(self.dir / "run" / "agent.sock", guest("ok")) as agent:
            done = self.expect(self.run_program("agent", "status", "--socket", agent.place), 0)
        self.assertRegex(done.out, rf"\n{agent.place} +ok +-\n")
        with FakeAgent(self.dir / "run" / "agent.sock", REFUSED) as agent:
            self.expect(self.run_program("agent", "status", "--socket", agent.place), 10, "--allow USER=SCOPES", out="")

    def test_who_is_elsewhere_does_not_obey(self) -> None:
        with FakeAgent(self.dir / "run" / "ssa-hsm" / "agent.sock", guest("ok")) as agent:
            env = {"SSA_HSM_AGENT": "https://broker.example.com:8443", "XDG_RUNTIME_DIR": str(self.dir / "run")}
            for verb in ("lock", "unlock", "stop"):
                with self.subTest(verb):
                    done = self.run_program("agent", verb, env=env)
                    self.expect(done, 2, "https://broker.example.com:8443", "of another host", "--socket FILE", out="")
            # One that is named is meant.
            self.expect(self.run_program("agent", "lock", "--socket", agent.place, env=env), 10)
        self.assertEqual([asked.path for asked in agent.asked], ["/v1/lock"])


class Own(AgentCase):
    """An agent of this user."""

    def test_at_the_usual_place(self) -> None:
        self.write_profile(self.provisioned(), "work")
        self.profile_path("default").unlink()
        self.assertEqual(read(self, env={}, code=3)["identity"][0][0], "failure")
        self.begin("--profile", "work")
        found = read(self, env={})
        self.assertEqual((found["identity"][0][0], found["agent"][0][0]), ("skipped", "ok"))
        self.expect(self.run_program("token"), 0)
        self.expect(self.run_program("agent", "lock"), 0)
        [(state, text)] = read(self, env={}, code=5)["agent"]
        self.assertEqual(state, "failure")
        self.assertIn("`ssa-hsm agent unlock`", text)

    def test_beside_an_account(self) -> None:
        self.provisioned()
        with FakeAgent(self.dir / "other" / "agent.sock", guest("ok")) as agent:
            found = read(self, env={"SSA_HSM_AGENT": f"{agent.place} https://localhost:1"})
        self.assertEqual([state for state, _ in found["agent"]], ["ok", "warning"])
        self.assertEqual((found["identity"][0][0], found["token"][0][0]), ("ok", "ok"))
