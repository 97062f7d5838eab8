"""config show, and what --verbose tells of settings: each value, where it comes from, and what it goes before."""

from __future__ import annotations

import json
from typing import Any

import places
from harness import PIN, Case

SECRET = "a-client-secret-nobody-sees"
CLIENT = {"APS_CLIENT_ID": "ID1", "APS_SECRET_ID": SECRET}
PEM = "-----BEGIN PRIVATE KEY-----\\nMIIB\\n-----END PRIVATE KEY-----"


class Settings(Case):
    needs_api = False

    def shown(self, *more: object, **options: Any) -> dict[str, dict[str, Any]]:
        """By their names."""
        result = self.expect(self.run_program("config", "show", "--json", *more, **options), 0)
        return {s["name"]: s for s in json.loads(result.out)["settings"]}

    def test_each_source_is_named(self) -> None:
        path = self.write_profile({"APS_CLIENT_ID": "ID1", "SSA_HSM_SCOPE": "data:read", "SSA_HSM_CACERT": "/ca.pem"})
        settings = self.shown("--module", "/my/module.so")
        module, scope, token = (settings[f"SSA_HSM_{n}"] for n in ("MODULE", "SCOPE", "TOKEN"))
        self.assertEqual((module["value"], module["source"], module["option"]), ("/my/module.so", "option", "module"))
        self.assertEqual((scope["value"], scope["path"], scope["line"]), ("data:read", str(path), 2))
        self.assertEqual((token["source"], token["variable"]), ("environment", "SSA_HSM_TOKEN"))
        self.assertEqual((settings["SSA_HSM_BASE_URL"]["source"]), "default")
        self.assertEqual(settings["SSA_HSM_CAPATH"], settings["SSA_HSM_CAPATH"] | {"set": False, "source": None})
        # The environment names a module, too.
        self.assertEqual([o["variable"] for o in module["passedOver"]], ["SSA_HSM_MODULE"])

    def test_a_table_says_the_same(self) -> None:
        path = self.write_profile({"APS_CLIENT_ID": "ID1"})
        result = self.expect(self.run_program("config", "show", env={"APS_CLIENT_ID": "ID2"}), 0)
        self.assertRegex(result.out, r"APS_CLIENT_ID +ID2 +environment variable APS_CLIENT_ID\n")
        self.assertIn(f"passed over: profile {path} line 1\n", result.out)
        self.assertRegex(result.out, r"SSA_HSM_CAPATH +- +not set\n")
        self.assertRegex(result.out, r"SSA_HSM_SCOPE +data:read data:write +default\n")

    def test_a_profile_that_an_option_names_goes_first(self) -> None:
        path = self.write_profile({"APS_CLIENT_ID": "ID1"}, "other")
        shown = self.shown("-p", "other", env={"APS_CLIENT_ID": "ID2", "SSA_HSM_PROFILE": "third"})
        self.assertEqual((shown["APS_CLIENT_ID"]["value"], shown["APS_CLIENT_ID"]["path"]), ("ID1", str(path)))
        self.assertEqual([o["source"] for o in shown["APS_CLIENT_ID"]["passedOver"]], ["environment"])
        profile = shown["SSA_HSM_PROFILE"]
        self.assertEqual((profile["value"], profile["option"]), ("other", "profile"))
        self.assertEqual([o["variable"] for o in profile["passedOver"]], ["SSA_HSM_PROFILE"])

    def test_the_four_of_an_account_come_from_one_source(self) -> None:
        uri = "pkcs11:token=x;object=y"
        self.write_profile({"SERVICE_ACCOUNT_ID": "A1", "KEY_ID": "K1", "SSA_EMAIL": "a@b", "PRIVATE_KEY": uri})
        shown = self.shown()
        self.assertEqual([n for n, s in shown.items() if s["ofAccount"] and s["source"] == "profile"],
                         ["SERVICE_ACCOUNT_ID", "KEY_ID", "SSA_EMAIL", "PRIVATE_KEY"])  # fmt: skip
        # One of them alone hides all of the profile's, as it does for every command.
        shown = self.shown(env={"KEY_ID": "K2"})
        self.assertEqual((shown["KEY_ID"]["value"], shown["KEY_ID"]["source"]), ("K2", "environment"))
        self.assertFalse(shown["PRIVATE_KEY"]["set"])
        self.assertEqual([o["line"] for o in shown["PRIVATE_KEY"]["passedOver"]], [4])
        self.expect(self.run_program("config", "show"), 0, "come from one source together")
        self.expect(self.run_program("token", env={"KEY_ID": "K2"} | CLIENT), 3, "lacks")

    def test_no_secret_is_shown(self) -> None:
        hidden = {
            "APS_SECRET_ID": SECRET,
            "PRIVATE_KEY": PEM,
            "SSA_HSM_PIN_SOURCE": PIN,
            "SSA_HSM_SO_PIN_SOURCE": "010203040506",
            "SSA_HSM_TOKEN": f"pkcs11:token=x?pin-val\tue={PIN}",
        }
        urls = {"SSA_HSM_BASE_URL": f"https://me:{SECRET}@host/x", "https_proxy": f"me:{SECRET}/@@proxy:80",
                "ALL_PROXY": f"socks5://{SECRET}@proxy"}  # fmt: skip
        for env in (hidden | urls, {**hidden, "SSA_HSM_TOKEN": f"pkcs11:token=x?pin-source={PIN}"} | urls):
            for command in (("config", "show"), ("config", "show", "--json"), ("jwt", "-v")):
                with self.subTest(command):
                    result = self.run_program(*command, env=env)
                    for text in (SECRET, PIN, "MIIB", "010203040506"):
                        self.assertNotIn(text, result.out + result.err)
            shown = self.shown(env=env)
            self.assertEqual({n for n, s in shown.items() if s["hidden"]}, set(hidden))
            self.assertEqual({shown[n]["value"] for n in hidden}, {None})
            self.assertEqual(shown["SSA_HSM_BASE_URL"]["value"], "https://***@host/x")
            self.assertEqual(shown["https_proxy"]["value"], "***@proxy:80")
            self.assertEqual(shown["ALL_PROXY"]["value"], "socks5://***@proxy")

    def test_references_are_no_secrets(self) -> None:
        references = {"APS_SECRET_ID": "file:/etc/secret", "SSA_HSM_PIN_SOURCE": "credential:pin",
                      "PRIVATE_KEY": "pkcs11:object=k?pin-source=file:/x", "KEY_ID": "K"}  # fmt: skip
        shown = self.shown(env=references)
        self.assertEqual({n: shown[n]["value"] for n in references}, references)

    def test_the_client_secret_by_its_other_name(self) -> None:
        self.write_profile({"APS_CLIENT_SECRET": SECRET, "APS_SECRET_ID": SECRET})
        secret = self.shown()["APS_SECRET_ID"]
        self.assertEqual((secret["line"], [o["line"] for o in secret["passedOver"]]), (2, [1]))
        secret = self.shown(env={"APS_CLIENT_SECRET": SECRET})["APS_SECRET_ID"]
        self.assertEqual(secret["variable"], "APS_CLIENT_SECRET")
        self.assertNotIn("APS_CLIENT_SECRET", self.shown())

    def test_what_a_terminal_could_be_harmed_by(self) -> None:
        shown = self.shown(env={"SSA_HSM_MODULE": "/a\x1b[2Jb", "SSA_HSM_TOKEN": None})
        self.assertEqual(shown["SSA_HSM_MODULE"]["value"], "/a?[2Jb")

    def test_names_that_are_no_settings(self) -> None:
        path = self.write_profile({"OTHER": "x", "SSA_HSM_TOKN": "x", "SSA_HSM_CACERT": "/x"})
        told = (f"SSA_HSM_TOKN (profile {path} line 2) is no setting. Did you mean SSA_HSM_TOKEN?",
                "SSA_HSM_XYZZY (environment variable SSA_HSM_XYZZY) is no setting\n")  # fmt: skip
        for command in (("config", "show"), ("config", "show", "--json"), ("jwt", "-v")):
            result = self.run_program(*command, env={"SSA_HSM_XYZZY": "1", "SSA_HSM_HOST": str(places.host())})
            for text in told:
                self.assertIn(text, result.err)
            self.assertEqual(result.err.count("is no setting"), 2)
        result = self.expect(self.run_program("profile", "show", "default", env={"SSA_HSM_XYZZY": "1"}), 0, told[0])
        self.assertEqual(result.err.count("is no setting"), 1)
        self.assertNotIn("is no setting", self.run_program("jwt", env={"SSA_HSM_XYZZY": "1"}).err)

    def test_several_profiles(self) -> None:
        for name in ("a", "b"):
            self.write_profile({"APS_CLIENT_ID": name}, name)
        self.assertEqual(self.shown("-p", "a", "-p", "b")["SSA_HSM_PROFILE"]["value"], "a b")
        self.assertEqual(self.shown(env={"SSA_HSM_PROFILE": "a:b"})["SSA_HSM_PROFILE"]["value"], "a:b")


class Verbose(Case):
    def test_every_command_tells_the_settings_that_it_uses(self) -> None:
        self.provisioned()
        for command in (("token",), ("key", "list"), ("account", "show"), ("hsm", "list"), ("key", "verify")):
            with self.subTest(command):
                result = self.expect(self.run_program(*command, "-v"), 0, "setting SSA_HSM_MODULE: ")
                self.assertEqual("setting APS_CLIENT_ID" in result.err, command != ("hsm", "list"))
                self.assertNotIn(self.api.secret, result.err)
                self.assertEqual("setting SSA_HSM_SCOPE" in result.err, command == ("token",))
                self.assertNotIn("setting ", self.run_program(*command).err)

    def test_scopes_that_are_given(self) -> None:
        self.provisioned()
        result = self.run_program("token", "-v", "-s", "data:read", "--scope", "data:write", env={"SSA_HSM_SCOPE": "x:y"})
        self.expect(result, 0, "setting SSA_HSM_SCOPE: data:read data:write (option --scope; passed over: environment")
