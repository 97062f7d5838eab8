"""`docker run --env-file`: it takes a line as it is, quotes and all. Access tokens for it, and profiles that it spoilt."""

from __future__ import annotations

import dotenv
from harness import Case


def docker(text: str) -> dict[str, str]:
    """Reads a file as docker's opts.ParseEnvFile does: no quotes, no `export`, `#` at the start of a line alone."""
    found = {}
    for line in text.split("\n"):
        line = line.lstrip(" \t").removesuffix("\r")
        if not line or line.startswith("#"):
            continue
        name, given, value = line.partition("=")
        if not name or any(c in name for c in " \t"):
            raise ValueError(f"variable '{name}' contains whitespaces")
        if given:
            found[name] = value
    return found


class DockerEnv(Case):
    def setUp(self) -> None:
        super().setUp()
        self.made = self.provisioned()
        self.bare = {n: None for n in self.env if n.startswith("APS_")}

    def test_an_access_token_for_docker(self) -> None:
        result = self.expect(self.run_program("token", "--format", "docker-env"), 0)
        values = docker(result.out)
        self.assertEqual(list(values), ["APS_ACCESS_TOKEN"])
        self.assertRegex(values["APS_ACCESS_TOKEN"], r"^[\w.-]+$")
        self.assertEqual(dotenv.parse(result.out), values)

    def in_container(self, text: str) -> dict[str, str | None]:
        """The environment of a container with this file, and no profile beside it."""
        self.profile_path().unlink(missing_ok=True)
        return {**self.bare, **docker(text)}

    def test_a_profile_with_its_quotes_is_named_and_without_them_it_works(self) -> None:
        text = self.profile_path().read_text()
        env = self.in_container(text)
        self.assertEqual(env["APS_CLIENT_ID"], f'"{self.api.client_id}"')
        result = self.expect(self.run_program("token", env=env), 3, "APS_CLIENT_ID", "double quote", "docker run --env-file", out="")
        self.assertNotIn(self.api.secret, result.err)
        unquoted = "".join(f"{name}={value}\n" for name, value in dotenv.parse(text).items())
        self.expect(self.run_program("token", env=self.in_container(unquoted)), 0)

    def test_every_setting_and_both_quotes(self) -> None:
        for name in ("APS_CLIENT_ID", "APS_SECRET_ID", "APS_CLIENT_SECRET", "PRIVATE_KEY", "SSA_EMAIL", "SSA_HSM_TOKEN",
                     "SSA_HSM_PIN_SOURCE", "SSA_HSM_BASE_URL"):  # fmt: skip
            for quote, word in (('"', "double"), ("'", "single")):
                for value in ("hunter2", ""):
                    with self.subTest(name, quote=quote, value=value):
                        result = self.run_program("token", env={name: quote + value + quote})
                        self.expect(result, 3, name, f"{word} quote", out="")
                        self.assertNotIn("hunter2", result.err)

    def test_quotes_that_are_no_pair_are_left_alone(self) -> None:
        for value in ('"', "'a", 'a"', '"a\''):
            with self.subTest(value):
                result = self.run_program("token", env={"SSA_HSM_PROFILE": None, "APS_CLIENT_SECRET": value})
                self.assertNotIn("docker", result.err)
                self.assertEqual(result.code, 0, str(result))  # APS_SECRET_ID is used
