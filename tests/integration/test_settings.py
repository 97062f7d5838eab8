"""Settings: which source wins, and the four names that belong together."""

from __future__ import annotations

import json
from typing import Any

from harness import PIN, Case

UNIT = ["SERVICE_ACCOUNT_ID", "KEY_ID", "SSA_EMAIL", "PRIVATE_KEY"]


class _Settings(Case):
    def setUp(self) -> None:
        super().setUp()
        self.made = self.provisioned()
        # Only the profile knows the client, unless a test says otherwise.
        for name in ("APS_CLIENT_ID", "APS_SECRET_ID", "SSA_HSM_BASE_URL", "SSA_HSM_CACERT"):
            self.env.pop(name)

    def claims(self, *more: object, **env: str | None) -> dict[str, Any]:
        result = self.expect(self.run_program("jwt", "--claims", *more, env=env), 0)
        found = json.loads(result.out)
        return {**found["claims"], "kid": found["header"]["kid"]}

    def changed(self, **values: str) -> dict[str, str]:
        return {**self.made, **values}

    def block(self, mark: str) -> dict[str, str]:
        """Another four names, that can be told apart by their claims."""
        uri = f"pkcs11:token=work;id={mark};type=private"
        return {"SERVICE_ACCOUNT_ID": f"A{mark}", "KEY_ID": f"K{mark}", "SSA_EMAIL": f"{mark}@x", "PRIVATE_KEY": uri}


class Precedence(_Settings):
    def test_option_then_environment_then_profile_then_default(self) -> None:
        default = self.claims()["aud"]
        self.assertTrue(default.startswith("https://developer.api.autodesk.com/"))
        self.write_profile(self.changed(SSA_HSM_AUDIENCE="https://profile.example/t"))
        self.assertEqual(self.claims()["aud"], "https://profile.example/t")
        env = {"SSA_HSM_AUDIENCE": "https://env.example/t"}
        self.assertEqual(self.claims(**env)["aud"], "https://env.example/t")
        self.assertEqual(
            self.claims("--audience", "https://option.example/t", **env)["aud"], "https://option.example/t"
        )

    def test_the_client_id_likewise(self) -> None:
        self.assertEqual(self.claims()["iss"], self.made["APS_CLIENT_ID"])
        self.assertEqual(self.claims(APS_CLIENT_ID="from-env")["iss"], "from-env")
        self.assertEqual(self.claims("--client-id", "from-option", APS_CLIENT_ID="from-env")["iss"], "from-option")

    def test_an_empty_variable_counts_as_unset(self) -> None:
        found = self.claims(
            APS_CLIENT_ID="", SSA_HSM_AUDIENCE="", SERVICE_ACCOUNT_ID="", KEY_ID="", PRIVATE_KEY="", SSA_EMAIL=""
        )
        self.assertEqual(found["iss"], self.made["APS_CLIENT_ID"])
        self.assertEqual(found["kid"], self.made["KEY_ID"])

    def test_a_profile_named_by_an_option_beats_the_environment(self) -> None:
        env: dict[str, str | None] = {
            **self.block("11"),
            "APS_CLIENT_ID": "env",
            "SSA_HSM_AUDIENCE": "https://env.example/t",
        }
        self.write_profile({**self.changed(SSA_HSM_AUDIENCE="https://p.example/t"), **self.block("22")}, "other")
        self.assertEqual(self.claims(**env)["kid"], "K11")
        found = self.claims("--profile", "other", **env)
        self.assertEqual((found["kid"], found["sub"]), ("K22", "A22"))
        self.assertEqual((found["iss"], found["aud"]), (self.made["APS_CLIENT_ID"], "https://p.example/t"))

    def test_but_an_option_beats_that_profile(self) -> None:
        self.assertEqual(self.claims("--profile", "default", "--client-id", "option")["iss"], "option")

    def test_a_profile_named_by_the_environment_does_not(self) -> None:
        self.write_profile({**self.made, **self.block("22")}, "other")
        self.assertEqual(self.claims(SSA_HSM_PROFILE="other")["kid"], "K22")
        self.assertEqual(self.claims(SSA_HSM_PROFILE="other", **self.block("11"))["kid"], "K11")
        self.assertEqual(self.claims("-p", "default", SSA_HSM_PROFILE="other")["kid"], self.made["KEY_ID"])

    def test_APS_CLIENT_SECRET_is_read_where_APS_SECRET_ID_is_not_set(self) -> None:
        profile = {name: value for name, value in self.made.items() if name != "APS_SECRET_ID"}
        self.write_profile(profile)
        secret = self.made["APS_SECRET_ID"]
        self.expect(self.run_program("token", env={"APS_CLIENT_SECRET": secret}), 0)
        self.expect(self.run_program("token", env={"APS_CLIENT_SECRET": "wrong", "APS_SECRET_ID": secret}), 0)
        self.write_profile({**profile, "APS_CLIENT_SECRET": secret})
        self.expect(self.run_program("token"), 0)

    def test_the_pin_source_may_be_in_the_profile(self) -> None:
        self.write_profile(self.changed(SSA_HSM_PIN_SOURCE=self.env.pop("SSA_HSM_PIN_SOURCE")))
        self.expect(self.run_program("token"), 0)

    def test_the_pin_source_of_the_uri_is_the_last(self) -> None:
        source = self.env.pop("SSA_HSM_PIN_SOURCE")
        self.write_profile(self.changed(PRIVATE_KEY=self.made["PRIVATE_KEY"] + f"&pin-source={source}"))
        self.expect(self.run_program("token"), 0)
        with self.shim() as log:
            self.expect(self.run_program("token", "--pin-source", "file:/nowhere/pin"), 3, "/nowhere/pin")
            self.assertEqual(log.count("C_Login"), 0)

    def test_base_url_with_a_path_as_prefix(self) -> None:
        api = self.other_api("--prefix", "/gateway/eu")
        self.assertTrue(api.base_url.endswith("/gateway/eu"))
        for url in (api.base_url, api.base_url + "/"):
            made = self.run_program(
                "account", "create", "service", "prefixed", "-p", "p", "--force", env={"SSA_HSM_BASE_URL": url}
            )
            self.expect(made, 0)
            self.expect(self.run_program("token", "-p", "p"), 0)
            api.clean()

    def test_a_base_url_that_is_none(self) -> None:
        for bad in ("127.0.0.1", "ftp://127.0.0.1", "https://", "https://u:p@127.0.0.1", "https://h/?q=1",
                    "https://h/#f", "file:///etc/passwd", "https://a b/", "https:///x", "https://h:99999"):  # fmt: skip
            with self.subTest(url=bad):
                result = self.run_program("token", "--base-url", bad)
                self.assertEqual(result.code, 3, str(result))
                self.assertNotIn("u:p", result.err)

    def test_an_account_is_not_set_up(self) -> None:
        self.profile_path().unlink()
        self.expect(self.run_program("token", env={"APS_CLIENT_ID": "x"}), 3, "account create")

    def test_no_client_id(self) -> None:
        self.profile_path().unlink()
        self.expect(self.run_program("account", "create", "service", "filesync"), 3, "APS_CLIENT_ID")


class Unit(_Settings):
    def test_a_block_in_the_environment_replaces_the_profiles_as_a_whole(self) -> None:
        found = self.claims(**self.block("11"))
        self.assertEqual((found["kid"], found["sub"]), ("K11", "A11"))

    def test_some_but_not_all_is_an_error_that_names_the_missing(self) -> None:
        for missing in UNIT:
            with self.subTest(missing=missing):
                env = {name: value for name, value in self.block("11").items() if name != missing}
                result = self.expect(self.run_program("jwt", "--claims", env=env), 3, "environment", missing)
                for name in env:
                    self.assertNotIn(name, result.err.splitlines()[0])

    def test_one_name_alone_names_the_three_others(self) -> None:
        for given in UNIT:
            with self.subTest(given=given):
                result = self.run_program("token", env={given: self.block("11")[given]})
                self.expect(result, 3, *(name for name in UNIT if name != given))
        self.assertEqual(self.api.asked(), [])

    def test_a_profile_with_some_of_them_is_named(self) -> None:
        for missing in UNIT[1:]:
            with self.subTest(missing=missing):
                self.write_profile({n: v for n, v in self.made.items() if n != missing})
                self.expect(self.run_program("token"), 3, str(self.profile_path()), missing)

    def test_a_profile_without_a_key_points_to_key_create(self) -> None:
        self.write_profile({n: v for n, v in self.made.items() if n not in ("KEY_ID", "PRIVATE_KEY")})
        self.expect(self.run_program("token"), 3, "key create")

    def test_an_option_profile_that_lacks_one_does_not_fall_back_on_the_environment(self) -> None:
        self.write_profile({n: v for n, v in self.made.items() if n != "KEY_ID"}, "cut")
        self.expect(self.run_program("jwt", "--claims", "-p", "cut", env=self.block("11")), 3, "KEY_ID")

    def test_a_refused_block_of_the_environment_is_told_from_the_profile(self) -> None:
        self.expect(self.run_program("account", "create", "service", "rotated-one", "-p", "default", "--force"), 0)
        old = {name: self.profile()[name] for name in UNIT}
        # Last month's key: its object is there, the API does not know it any more.
        self.expect(self.run_program("key", "create", "--force"), 0)
        self.expect(self.run_program("key", "delete", old["KEY_ID"], "--yes"), 0)
        result = self.run_program("token", env=old)
        self.expect(result, 10, self.profile()["KEY_ID"], old["KEY_ID"], str(self.profile_path()), "--profile")

    def test_a_pem_in_the_environment_is_refused_with_a_pointer(self) -> None:
        pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"
        result = self.run_program("token", env={**self.block("11"), "PRIVATE_KEY": pem})
        self.expect(result, 3, "key import")
        self.assertNotIn("MIIE", result.err)

    def test_what_is_no_uri_is_refused_and_not_repeated(self) -> None:
        result = self.run_program("token", env={**self.block("11"), "PRIVATE_KEY": f"/home/me/{PIN}.pem"})
        self.expect(result, 3, "PRIVATE_KEY")

    def test_a_pin_in_a_uri_is_refused_and_not_repeated(self) -> None:
        for attribute in (f"pin-value={PIN}", f"pin-source=%7Cecho%20{PIN}", f"pin-source=|echo {PIN}"):
            with self.subTest(attribute=attribute.split("=")[0]):
                env = {**self.block("11"), "PRIVATE_KEY": f"{self.made['PRIVATE_KEY']}&{attribute}"}
                self.expect(self.run_program("token", env=env), 3, attribute.split("=")[0])
                # The token's own URI likewise.
                token = f"pkcs11:token=work?{attribute}"
                self.expect(self.run_program("key", "create", "--force", env={"SSA_HSM_TOKEN": token}), 3)
        self.assertEqual(self.api.asked(), [])
