"""For tests of `doctor`: its findings by name, and the command that mends one, pasted into a shell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import masking
import places
import suggesting
from fault_support import FaultCase
from harness import PIN, TIMEOUT, Result
from terminal import Terminal

# What is left out on a machine where all is well: there is no card, and the API is not asked.
NOT_ASKED = {"pcscd", "credentials", "api-account", "api-key", "agent"}
Checks = dict[str, list[dict[str, Any]]]


class DoctorCase(FaultCase):
    """An account with its key, and all that it needs."""

    def setUp(self) -> None:
        super().setUp()
        self.own = self.provisioned()

    def read(self, result: Result) -> dict[str, Any]:
        """The document; no secret is in it or beside it."""
        for secret in (self.api.secret, PIN):
            self.assertNotIn(secret, result.out + result.err)
        found: dict[str, Any] = json.loads(result.out)
        self.assertEqual(found["exitCode"], result.code)
        return found

    def examine(self, *arguments: object, env: Mapping[str, str | None] | None = None, code: int = 0) -> Checks:
        """The findings by their check's name, after the exit code was looked at."""
        result = self.run_program("doctor", "--json", *arguments, env=env)
        self.assertEqual(result.code, code, masking.mask(str(result)))
        checks: Checks = {}
        for check in self.read(result)["checks"]:
            checks.setdefault(check["check"], []).append(check)
        return checks

    def wrong(self, checks: Checks) -> dict[str, str]:
        """Names and states of those that are a warning or a failure."""
        found = [c for list_ in checks.values() for c in list_]
        return {c["check"]: c["state"] for c in found if c["state"] in ("warning", "failure")}

    def one(self, checks: Checks, name: str, state: str, *words: str) -> dict[str, Any]:
        """The one finding of a check in this state, with words in what was found, and a reason why it matters."""
        found = [c for c in checks[name] if c["state"] == state]
        self.assertEqual(len(found), 1, checks[name])
        text = f"{found[0]['subject']}: {found[0]['found']} ({found[0]['cause']}) {found[0]['mend']}"
        for word in words:
            self.assertIn(word, text)
        self.assertTrue(found[0]["why"])
        return found[0]

    def alone(self, checks: Checks, name: str, state: str, *words: str) -> dict[str, Any]:
        """The same, and nothing else is wrong."""
        self.assertEqual(self.wrong(checks), {name: state})
        return self.one(checks, name, state, *words)

    def skipped(self, checks: Checks, after: str, *names: str) -> None:
        for name in names:
            self.assertEqual([(c["state"], c["after"]) for c in checks[name]], [("skipped", after)], name)

    def mend(self, finding: dict[str, Any], number: int = 0, answers: Mapping[str, str] | None = None,
             code: int = 0) -> None:  # fmt: skip
        """Pastes one of its commands into a shell, at a terminal."""
        command = finding["commands"][number]
        if command.startswith("ssa-hsm "):
            self._pasted.add(suggesting.kind(command))
        folder = self.dir / "bin"
        folder.mkdir(exist_ok=True)
        if not (folder / "ssa-hsm").exists():
            (folder / "ssa-hsm").symlink_to(places.program())
        env = self.environment({"PATH": f"{folder}:{places.PATH}"})
        with Terminal(["/bin/sh", "-c", command], env, self.dir) as terminal:
            for prompt, answer in (answers or {}).items():
                terminal.wait_for(prompt)
                terminal.send(answer + "\r")
            self.assertEqual(terminal.finish(TIMEOUT), code, f"{command}\n{masking.mask(terminal.screen)}")

    def assert_well(self, *arguments: object) -> None:
        self.assertEqual(self.wrong(self.examine(*arguments)), {})
