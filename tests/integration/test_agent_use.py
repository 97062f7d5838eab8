"""token, exec and jwt with the agent itself: one login and one request for all of them."""

from __future__ import annotations

import json
import time

from agent_process import AgentCase
from harness import PIN


class Use(AgentCase):
    def setUp(self) -> None:
        super().setUp()
        self.made = self.provisioned()
        self.env.pop("SSA_HSM_AGENT", None)

    def test_one_login_and_one_request_for_all(self) -> None:
        self.begin()
        tokens = set()
        for form in ("token", "json"):
            for _ in range(3):
                out = self.expect(self.run_program("token", "--format", form), 0).out
                tokens.add(out.strip() if form == "token" else json.loads(out)["access_token"])
        tokens.add(self.expect(self.run_program("exec", "--", "printenv", "APS_ACCESS_TOKEN"), 0).out.strip())
        self.assertEqual(len(tokens), 1)
        self.assertEqual(self.api.asked(), ["POST /token"])
        shown = self.expect(self.run_program("token", "-v"), 0)
        self.assertIn(f"agent: {self.socket}", shown.err)

    def test_what_the_json_says(self) -> None:
        alone = json.loads(self.expect(self.run_program("token"), 0).out)
        self.begin()
        by_agent = json.loads(self.expect(self.run_program("token", "--scope", "data:read"), 0).out)
        self.assertEqual(list(by_agent), [*alone, "scope"])
        self.assertEqual((by_agent["token_type"], by_agent["scope"]), ("Bearer", "data:read"))
        self.assertLessEqual(by_agent["expires_in"], 3599)
        time.sleep(1.1)
        later = json.loads(self.expect(self.run_program("token", "-s", "data:read"), 0).out)
        self.assertLess(later["expires_in"], by_agent["expires_in"])

    def test_a_mistyped_scope_is_told(self) -> None:
        self.begin()
        mistyped = self.expect(self.run_program("token", "--scope", "dat:read"), 0, 'did you mean "data:read"?')
        self.assertEqual(mistyped.err.count("unknown scope"), 1)
        self.assertEqual(self.expect(self.run_program("token", "--scope", "data:read"), 0).err, "")

    def test_an_assertion(self) -> None:
        self.begin()
        self.assertRegex(self.expect(self.run_program("jwt", "--expires-in", 60, "--nbf"), 0).out, r"\A[\w-]+\.[\w-]+\.[\w-]+\n\Z")
        self.assertEqual(self.api.asked(), [])

    def test_other_accounts_profiles_and_servers_are_not_the_agents(self) -> None:
        self.write_profile(self.made, "other")
        self.begin()
        for options, env in ((["-p", "other"], {}), (["--client-id", "another"], {}), (["--base-url", "https://localhost:1"], {}),
                             ([], {"SSA_HSM_BASE_URL": "https://localhost:1"}), ([], {"APS_CLIENT_ID": "another"})):  # fmt: skip
            with self.subTest(options=options, env=env):
                result = self.run_program("token", "-v", "--timeout", 2, *options, env=env)
                self.assertIn("no agent is used", result.err)

    def test_a_locked_one(self) -> None:
        self.begin("--locked")
        with self.shim() as log:
            self.expect(self.run_program("token"), 5, "agent unlock", "--no-agent", out="")
            self.assertEqual(log.count("C_Login"), 0)
        self.expect(self.run_program("token", "--no-agent"), 0)
        self.expect(self.run_program("agent", "unlock"), 0)
        self.expect(self.run_program("token"), 0)
        self.expect(self.run_program("agent", "lock"), 0)
        self.expect(self.run_program("token"), 5, "agent unlock")

    def test_a_file_is_kept_fresh(self) -> None:
        for token in ("a1", "a2"):
            self.api.fault("replace", path="/token", body={"access_token": token, "token_type": "Bearer", "expires_in": 5})
        self.begin()
        # One reading a round: the file may change between two.
        script = 'while token=$(cat "$APS_ACCESS_TOKEN_FILE"); case $token in ey*) false ;; esac; do echo "$token"; sleep 0.1; done'
        with self.shim() as log:
            result = self.run_program("exec", "--refresh", self.dir / "t", "--", "sh", "-c", script)
            self.expect(result, 0)
            self.assertEqual(log.count("C_Login"), 0)
        self.assertEqual(set(result.out.split()), {"a1", "a2"})
        self.assertNotIn("warning", result.err)
        self.assertNotIn(PIN, result.err)
