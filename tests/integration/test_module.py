"""Which module is loaded, and which token is taken."""

from __future__ import annotations

import os

import places
from harness import LABEL, PIN, Case, Result


class Module(Case):
    def setUp(self) -> None:
        super().setUp()
        self.made = self.provisioned()
        self.uri = self.made["PRIVATE_KEY"].split("?")[0]

    def use(self, uri: str) -> None:
        self.write_profile({**self.made, "PRIVATE_KEY": uri})

    def test_by_the_uris_path(self) -> None:
        self.use(f"{self.uri}?module-path={places.softhsm()}")
        self.expect(self.run_program("token", env={"SSA_HSM_MODULE": None}), 0)

    def test_by_the_uris_name(self) -> None:
        self.use(f"{self.uri}?module-name=softhsm2")
        self.expect(self.run_program("token", env={"SSA_HSM_MODULE": None}), 0)

    def test_by_the_environment_as_path_or_name(self) -> None:
        self.use(self.uri)
        for module in (str(places.softhsm()), "softhsm2"):
            self.expect(self.run_program("token", env={"SSA_HSM_MODULE": module}), 0)

    def test_by_option(self) -> None:
        self.use(self.uri)
        for module in (str(places.softhsm()), "softhsm2"):
            self.expect(self.run_program("token", "--module", module, env={"SSA_HSM_MODULE": "/nowhere.so"}), 0)

    def test_by_search_when_nothing_names_it(self) -> None:
        self.use(self.uri)
        self.expect(self.run_program("token", env={"SSA_HSM_MODULE": None}), 0)

    def test_one_found_by_search_is_written_down_by_name(self) -> None:
        made = self.run_program("account", "create", "service", "found-one", "-p", "f", env={"SSA_HSM_MODULE": None})
        self.expect(made, 0)
        self.assertTrue(self.profile("f")["PRIVATE_KEY"].endswith("?module-name=softhsm2"))

    def test_the_environment_beats_the_uri_but_with_profile_the_uri_beats_it(self) -> None:
        self.use(f"{self.uri}?module-path={places.softhsm()}")
        env = {"SSA_HSM_MODULE": "/nowhere/module.so"}
        self.expect(self.run_program("token", env=env), 4, "/nowhere/module.so")
        self.expect(self.run_program("token", "--profile", "default", env=env), 0)
        self.expect(self.run_program("token", "--profile", "default", "--module", "/nowhere/module.so"), 4)

    def test_what_cannot_be_loaded_is_named(self) -> None:
        text, library = self.dir / "text.so", "/lib/x86_64-linux-gnu/libm.so.6"
        text.write_text("no library\n")
        modules = ["/nowhere/module.so", str(text), "no-such-name"]
        modules += [library] if os.path.exists(library) else []
        for module in modules:
            with self.subTest(module=module):
                self.expect(self.run_program("token", env={"SSA_HSM_MODULE": module}), 4, module)
        self.assertEqual(self.api.asked(), [])

    def test_an_unknown_name_lists_the_known_ones(self) -> None:
        self.expect(self.run_program("token", "--module", "softhsm3"), 4, "softhsm3", "softhsm2")

    def test_a_broken_module_in_the_configuration_does_not_stop_the_search(self) -> None:
        self.user_module("aaa-broken", "module: /nowhere/module.so")
        self.use(self.uri)
        self.expect(self.run_program("token", env={"SSA_HSM_MODULE": None}), 0)

    def test_a_token_that_two_modules_have_is_an_error_that_names_both(self) -> None:
        with self.shim("info description Another driver"):
            self.user_module("second", f"module: {places.shim_library()}")
            self.use(self.uri)
            self.expect(self.run_program("token", env={"SSA_HSM_MODULE": None}), 3, "second", "softhsm2")
            # Named, there is no doubt.
            self.expect(self.run_program("token", env={"SSA_HSM_MODULE": "second"}), 0)
        self.assertEqual(self.api.asked(), ["POST /token"])

    def test_init_arguments_are_passed_on(self) -> None:
        with self.shim("initialize needs-reserved"):
            self.user_module("picky", f"module: {places.shim_library()}", "x-init-reserved: some=thing")
            self.use(self.uri)
            self.expect(self.run_program("token", env={"SSA_HSM_MODULE": "picky"}), 0)
            self.expect(self.run_program("token", env={"SSA_HSM_MODULE": str(places.shim_library())}), 4)

    def test_a_module_that_is_disabled_for_us_is_not_searched(self) -> None:
        with self.shim() as log:
            self.user_module("not-ours", f"module: {places.shim_library()}", "disable-in: ssa-hsm")
            self.use(self.uri)
            self.expect(self.run_program("token", env={"SSA_HSM_MODULE": None}), 0)
            self.assertEqual(log.text, "")

    def test_another_module_is_not_loaded_when_one_is_named(self) -> None:
        with self.shim() as log:
            self.user_module("aaa", f"module: {places.shim_library()}")
            self.expect(self.run_program("token", env={"SSA_HSM_MODULE": "softhsm2"}), 0)
            self.assertEqual(log.text, "")


class WhichToken(Case):
    def create(self, *more: object, **env: str | None) -> Result:
        return self.run_program("account", "create", "service", "which-token", *more, env=env)

    def test_a_token_that_is_not_there(self) -> None:
        result = self.create(SSA_HSM_TOKEN="pkcs11:token=absent")
        self.expect(result, 4, "absent")
        self.assertEqual(self.api.asked(), [])
        self.assertFalse(self.config.exists() and list(self.config.rglob("*.env")))

    def test_two_tokens_that_match_are_both_named_and_none_is_tried(self) -> None:
        self.store.initialise("work")
        with self.shim() as log:
            result = self.create()
            self.expect(result, 3)
            self.assertEqual(log.count("C_Login"), 0)
        serials = {line.split(":")[1].strip() for line in self.store.tool("-L", pin=None).stdout.splitlines()
                   if "serial num" in line}  # fmt: skip
        self.assertEqual(sum(serial in result.err for serial in serials if serial), 2, result.err)

    def test_a_serial_tells_them_apart(self) -> None:
        self.expect(self.create(), 0)
        self.store.initialise("work", "another-pin")
        self.expect(self.run_program("token"), 0)

    def test_a_label_tells_them_apart(self) -> None:
        self.store.initialise("other", "another-pin")
        self.expect(self.create(), 0)
        self.assertIn(f"token={LABEL};", self.profile()["PRIVATE_KEY"] + ";")

    def test_labels_with_spaces_and_percent_signs(self) -> None:
        self.store.initialise("My Token 100% ;x")
        result = self.create(SSA_HSM_TOKEN="pkcs11:token=My%20Token%20100%25%20%3Bx")
        self.expect(result, 0)
        self.expect(self.run_program("token"), 0)

    def test_a_stored_pin_is_never_tried_on_a_guess(self) -> None:
        with self.shim() as log:
            result = self.create(SSA_HSM_TOKEN=None)
            self.expect(result, 3, "SSA_HSM_TOKEN", f"token={LABEL}")
            self.assertEqual(log.count("C_Login"), 0)
        self.assertEqual(self.api.asked(), [])

    def test_a_person_is_shown_the_only_token_and_may_type_its_pin(self) -> None:
        env = {"SSA_HSM_TOKEN": None, "SSA_HSM_PIN_SOURCE": None}
        result = self.typed("account", "create", "service", "which-token", answers=[(f'"{LABEL}"', PIN)], env=env)
        self.expect(result, 0)
        self.assertIn(f"token={LABEL}", self.profile()["PRIVATE_KEY"])

    def test_with_two_tokens_and_none_named_they_are_shown_and_no_pin_is_asked_for(self) -> None:
        self.store.initialise("other")
        result = self.expect(self.create(SSA_HSM_TOKEN=None, SSA_HSM_PIN_SOURCE=None), 3, "other", LABEL)
        self.assertNotIn("PIN of", result.err)
        env = {"SSA_HSM_TOKEN": None, "SSA_HSM_PIN_SOURCE": None}
        answers = [("Its number", "")]
        result = self.typed("account", "create", "service", "which-token", env=env, answers=answers)
        self.expect(result, 3, "other", LABEL)
        self.assertNotIn("PIN of", result.err)

    def test_a_uri_that_is_none(self) -> None:
        for bad, code in (("pkcs11:token=%zz", 3), ("pkcs11:tokenn=work", 3), ("http://x", 3), ("pkcs11", 4)):
            with self.subTest(uri=bad):
                self.expect(self.create(SSA_HSM_TOKEN=bad), code)
        self.assertEqual(self.api.asked(), [])
