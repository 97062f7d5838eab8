"""hsm list: modules, tokens and keys as URIs that can be pasted."""

from __future__ import annotations

import json
import re
import shutil
from typing import Any

import places
from harness import LABEL, PIN, Case


class HsmList(Case):
    def setUp(self) -> None:
        super().setUp()
        self.made = self.provisioned()

    def listed(self, *more: object, **env: str | None) -> list[dict[str, Any]]:
        result = self.expect(self.run_program("hsm", "list", "--json", *more, env=env), 0)
        found: list[dict[str, Any]] = json.loads(result.out)
        return found

    def uris(self, text: str) -> list[str]:
        return re.findall(r"pkcs11:\S+", text)

    def test_without_login_no_pin_is_needed_or_tried(self) -> None:
        with self.shim() as log:
            result = self.run_program("hsm", "list", env={"SSA_HSM_PIN_SOURCE": None})
            self.expect(result, 0)
            self.assertEqual(log.count("C_Login"), 0)
        self.assertIn(f"token={LABEL}", result.out)
        self.assertEqual(self.api.asked(), [])

    def test_shows_every_module_that_p11_kit_knows(self) -> None:
        with self.shim():
            self.user_module("second", f"module: {places.shim_library()}")
            lines = self.listed(SSA_HSM_MODULE=None)
        self.assertEqual(sorted(o["label"] for o in lines if o["kind"] == "module"), ["second", "softhsm2"])
        self.assertEqual([o["label"] for o in lines if o["kind"] == "token"], [LABEL, LABEL])

    def test_a_token_that_is_not_initialised_is_not_offered(self) -> None:
        # SoftHSM always has one slot more, for the next token.
        tokens = [one for one in self.listed() if one["kind"] == "token"]
        self.assertEqual([one["label"] for one in tokens], [LABEL])

    def test_no_token_is_there(self) -> None:
        shutil.rmtree(self.store.tokens)
        self.store.tokens.mkdir(mode=0o700)
        result = self.expect(self.run_program("hsm", "list"), 0, "no PKCS#11 token is there", "`ssa-hsm setup`")
        self.assertIn("module ", result.out)

    def test_the_tokens_uri_can_be_pasted_as_SSA_HSM_TOKEN(self) -> None:
        for module in (None, str(places.softhsm()), "softhsm2"):
            with self.subTest(module=module):
                (uri,) = self.uris(self.run_program("hsm", "list", env={"SSA_HSM_MODULE": module}).out)
                self.assertRegex(uri, "serial=.*module-(path|name)=")
                made = self.run_program(
                    "account", "create", "service", "pasted-uri", "--profile", "pasted", "--force",
                    env={"SSA_HSM_TOKEN": uri, "SSA_HSM_MODULE": None},
                )  # fmt: skip
                self.expect(made, 0)
                self.expect(self.run_program("token", "--profile", "pasted", env={"SSA_HSM_MODULE": None}), 0)
                self.api.clean()

    def test_with_login_the_tokens_uri_can_be_pasted_too(self) -> None:
        token = next(one for one in self.listed("--login") if one["kind"] == "token")
        self.assertRegex(token["uri"], "serial=.*module-(path|name)=")

    def test_with_login_the_key_is_shown_with_its_label(self) -> None:
        (key,) = [one for one in self.listed("--login") if one["kind"] == "key"]
        self.assertIn(self.made["KEY_ID"], key["label"])
        self.assertEqual(key["uri"], self.made["PRIVATE_KEY"])

    def test_the_keys_uri_can_be_pasted_as_PRIVATE_KEY(self) -> None:
        result = self.expect(self.run_program("hsm", "list", "--login", env={"SSA_HSM_MODULE": "softhsm2"}), 0)
        uri = next(u for u in self.uris(result.out) if "type=private" in u)
        self.write_profile({**self.made, "PRIVATE_KEY": uri})
        self.expect(self.run_program("token", env={"SSA_HSM_MODULE": None}), 0)

    def test_the_words_for_people_and_the_json_tell_the_same(self) -> None:
        for more in ((), ("--login",)):
            shown = self.uris(self.run_program("hsm", "list", *more).out)
            self.assertEqual(shown, [one["uri"] for one in self.listed(*more) if "uri" in one])

    def test_the_pin_is_asked_for_on_a_terminal(self) -> None:
        result = self.typed("hsm", "list", "--login", answers=[("PIN", PIN)], env={"SSA_HSM_PIN_SOURCE": None})
        self.expect(result, 0)
        self.assertIn(self.made["KEY_ID"], result.out)

    def test_a_stored_pin_is_not_tried_on_a_guess(self) -> None:
        with self.shim() as log:
            env = {"SSA_HSM_TOKEN": None, "XDG_CONFIG_HOME": str(self.dir / "none")}
            self.expect(self.run_program("hsm", "list", "--login", env=env), 3, "SSA_HSM_TOKEN", "pkcs11:")
            self.assertEqual(log.count("C_Login"), 0)

    def test_a_module_that_is_named_and_cannot_be_loaded_is_an_error(self) -> None:
        result = self.run_program("hsm", "list", env={"SSA_HSM_MODULE": "/nowhere/module.so"})
        self.expect(result, 4, "/nowhere/module.so", out="")

    def test_names_on_a_token_cannot_harm_a_terminal_or_the_json(self) -> None:
        with self.shim('token label "a\x1b[2Jb\\"c"'):
            result = self.run_program("hsm", "list")
            self.assertNotIn("\x1b", result.out + result.err)
            self.listed()
