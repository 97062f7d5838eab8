"""The client secret on the token: stored, read in the login that signs, taken away again."""

from __future__ import annotations

import contextlib
import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import dotenv
import test_card
from fault_support import FaultCase
from harness import PIN
from secret_support import LINE, SecretCase

OTHER_PIN = "0815-Other"


class Import(SecretCase):
    def test_it_is_a_private_object_and_the_line_alone_is_printed(self) -> None:
        result = self.expect(self.run_quietly("secret", "import"), 0, "work", self.label, "APS_SECRET_ID")
        self.assertRegex(result.out, LINE)
        uri = dotenv.parse(result.out)["APS_SECRET_ID"]
        for part in ("token=work", "serial=", "object=APS%20client%20secret%20", "type=data", "module-path=%2F"):
            self.assertIn(part, uri)
        seen = self.data()
        self.assertIn(self.label, seen)
        self.assertIn("ssa-hsm", seen)
        self.assertRegex(seen, r"flags:.*private")
        self.assertNotIn("modifiable", seen)

    def test_without_a_login_nobody_sees_it(self) -> None:
        self.imported()
        self.assertNotIn(self.label, self.data(None))

    def test_another_tool_reads_it_with_the_pin(self) -> None:
        self.imported()
        out = self.dir / "read"
        self.store.tool("--read-object", "--type", "data", "--label", self.label, "--output-file", str(out))
        self.assertEqual(out.read_text(), self.api.secret)

    def test_what_is_written_is_read_back(self) -> None:
        with self.shim() as log:
            self.imported()
        names = log.names
        self.assertEqual([c.rv for c in log.of("C_Login")], ["CKR_OK"])
        made = names.index("C_CreateObject")
        self.assertIn("C_GetAttributeValue", names[made:])
        self.assertIn("CKA_PRIVATE", log.of("C_CreateObject")[0].args)
        self.assertNotIn(self.api.secret, log.text)

    def test_one_that_is_there_is_replaced_with_force_alone(self) -> None:
        env = {"APS_SECRET_ID": "another"}
        uri = self.imported(env=env)
        result = self.run_quietly("secret", "import")
        self.expect(result, 14, "already holds", self.label, "--force", out="")
        self.assertEqual(self.data().count(self.label), 1)
        self.assertEqual(self.imported("--force"), uri)
        self.assertEqual(self.data().count(self.label), 1)

    def test_the_same_again_prints_the_line_again(self) -> None:
        uri = self.imported()
        before = self.data()
        self.assertEqual(self.imported(), uri)
        self.assertEqual(self.data(), before)
        self.assertEqual([e["outcome"] for e in self.history()], ["done"])

    def test_a_label_of_ones_own(self) -> None:
        self.assertIn("object=my%20app", self.imported("--label", "my app"))
        self.assertIn("'my app'", self.data())
        self.expect(self.run_quietly("secret", "import", "--label", ""), 2, "label")
        self.expect(self.run_quietly("secret", "import", "--label", "x" * 300), 2, "label")

    def test_from_a_reference(self) -> None:
        path = self.dir / "secret"
        path.touch(0o600)
        path.write_text(self.api.secret + "\n")
        self.use(self.imported(env={"APS_SECRET_ID": f"file:{path}"}))
        self.expect(self.run_quietly("token"), 0)

    def test_it_is_asked_for_without_echo(self) -> None:
        env: dict[str, str | None] = {"APS_SECRET_ID": None, "SSA_HSM_PIN_SOURCE": None}
        self.write_profile({n: v for n, v in self.made.items() if n != "APS_SECRET_ID"})
        with self.terminal("secret", "import", env=env) as terminal:
            terminal.wait_for("Client secret of")
            terminal.wait_echo(False)
            terminal.send(self.api.secret + "\r")
            terminal.wait_for("PIN of token")
            terminal.wait_echo(False)
            terminal.send(PIN + "\r")
            self.assertEqual(terminal.finish(), 0)
            self.assertNotIn(self.api.secret, terminal.screen + terminal.out)
            self.assertRegex(terminal.out, LINE)

    def test_it_is_in_the_history(self) -> None:
        self.use(self.imported())
        self.expect(self.run_quietly("secret", "remove", "--yes"), 0)
        seen = [(e["operation"], e["outcome"], e["note"]) for e in self.history()]
        self.assertEqual(seen, [("secret import", "done", self.label), ("secret remove", "done", self.label)])
        self.assertTrue(all(e["token"].startswith("pkcs11:") for e in self.history()))

    def test_asks_the_api_nothing(self) -> None:
        self.use(self.imported())
        self.run_quietly("secret", "remove", "--yes")
        self.assertEqual(self.api.asked(), [])


class Refusals(SecretCase):
    def test_a_card_is_refused_before_a_pin_or_a_secret(self) -> None:
        with self.shim(*test_card.script().splitlines()) as log:
            env = {"APS_SECRET_ID": None}
            self.write_profile({n: v for n, v in self.made.items() if n != "APS_SECRET_ID"})
            self.expect(self.run_quietly("secret", "import", env=env), 7, "YubiKey PIV", "private data object", out="")
            self.assertEqual((log.count("C_Login"), log.count("C_CreateObject")), (0, 0))

    def test_a_token_that_takes_no_data(self) -> None:
        with self.shim("C_CreateObject class=CKO_DATA * return CKR_TEMPLATE_INCONSISTENT"):
            self.expect(self.run_quietly("secret", "import"), 7, "CKR_TEMPLATE_INCONSISTENT", "file:", out="")
        self.assertEqual(self.data(), "")
        self.assertEqual([e["outcome"] for e in self.history()], ["failed"])

    def test_a_token_that_takes_no_modifiable(self) -> None:
        with self.shim("template refuse CKA_MODIFIABLE class=CKO_DATA"):
            self.imported()
        self.assertIn(self.label, self.data())

    def test_one_that_is_kept_in_public_is_taken_away_again(self) -> None:
        with self.shim("template set CKA_PRIVATE false class=CKO_DATA"):
            self.expect(self.run_quietly("secret", "import"), 7, "CKA_PRIVATE", "without a login", out="")
        self.assertEqual(self.data(), "")

    def test_one_that_reads_back_as_another(self) -> None:
        with self.shim("attribute CKA_VALUE text:another class=CKO_DATA"):
            self.expect(self.run_quietly("secret", "import"), 7, "reads back", out="")
        self.assertEqual(self.data(), "")

    def test_a_creation_whose_answer_is_lost_leaves_nothing(self) -> None:
        with self.shim("C_CreateObject class=CKO_DATA 1 after-return CKR_DEVICE_ERROR"):
            self.expect(self.run_quietly("secret", "import"), 7, "CKR_DEVICE_ERROR", out="")
        self.assertEqual(self.data(), "")

    def test_with_force_the_old_one_outlives_a_failure(self) -> None:
        self.use(self.imported())
        env = {"APS_SECRET_ID": "another"}
        with self.shim("C_CreateObject class=CKO_DATA 1 after-return CKR_DEVICE_ERROR"):
            self.expect(self.run_quietly("secret", "import", "--force", env=env), 7)
        self.expect(self.run_quietly("token"), 0)

    def test_a_wrong_pin_is_tried_once(self) -> None:
        (self.dir / "pin").write_text("wrong-pin")
        with self.shim() as log:
            self.expect(self.run_quietly("secret", "import"), 5, "CKR_PIN_INCORRECT", out="")
            self.assertEqual(log.count("C_Login"), 1)

    def test_a_stored_pin_is_not_tried_on_a_guess(self) -> None:
        self.profile_path().unlink()
        with self.shim() as log:
            self.expect(self.run_quietly("secret", "import", env={"SSA_HSM_TOKEN": None}), 3, "SSA_HSM_TOKEN")
            self.assertEqual(log.count("C_Login"), 0)


class Reading(SecretCase):
    def setUp(self) -> None:
        super().setUp()
        self.uri = self.imported()
        self.use(self.uri)

    def test_one_login_one_signature_and_no_search_beyond(self) -> None:
        with self.shim() as log:
            self.expect(self.run_quietly("token"), 0)
        self.assertEqual([c.rv for c in log.of("C_Login")], ["CKR_OK"])
        self.assertEqual([c.rv for c in log.of("C_Sign")], ["CKR_OK"])
        searches = [c.args for c in log.of("C_FindObjectsInit")]
        self.assertEqual(len(searches), 2)
        self.assertEqual([("CKA_LABEL" in s, "CKA_CLASS" in s) for s in searches], [(True, True)] * 2)
        self.assertEqual((log.count("C_OpenSession"), log.count("C_Initialize")), (1, 1))
        self.assertEqual(self.api.asked(), ["POST /token"])
        self.assertNotIn("CKF_RW_SESSION", log.text)

    def test_the_handshake_is_made_while_the_token_works(self) -> None:
        with self.shim("C_Login 1 sleep 400") as log:
            self.expect(self.run_quietly("token"), 0)
            login = log.of("C_Login")[0]
        self.assertLess(self.api.requests()[0]["handshake_at"], login.time + login.took)

    def test_exec_does_not_pass_it_on(self) -> None:
        seen = self.expect(self.run_quietly("exec", "--", "cat", "/proc/self/environ"), 0)
        self.assertIn("APS_ACCESS_TOKEN", seen.out)
        self.assertNotIn("APS_SECRET_ID", seen.out)

    def test_jwt_does_not_look_at_it(self) -> None:
        with self.shim() as log:
            self.expect(self.run_quietly("jwt"), 0)
            self.assertEqual(log.count("C_FindObjectsInit"), 1)

    def test_management_logs_in_for_it_alone(self) -> None:
        with self.shim() as log:
            self.expect(self.run_quietly("account", "list"), 0)
        self.assertEqual([c.rv for c in log.of("C_Login")], ["CKR_OK"])
        self.assertEqual((log.count("C_Logout"), log.names[-1]), (1, "C_Finalize"))

    def test_a_profile_alone_is_enough(self) -> None:
        env: dict[str, str | None] = {"SSA_HSM_MODULE": None, "SSA_HSM_TOKEN": None}
        self.expect(self.run_quietly("token", env=env), 0)
        self.expect(self.run_quietly("account", "list", env=env), 0)

    def test_a_label_that_is_not_there(self) -> None:
        self.use(self.uri.replace("client", "no"))
        with self.shim() as log:
            self.expect(self.run_quietly("token"), 6, "data object", "APS no secret", "secret import", out="")
            self.assertEqual((log.count("C_Login"), log.count("C_Sign")), (1, 0))
        self.expect(self.run_quietly("account", "list"), 6, "data object")
        self.assertEqual(self.api.asked(), [])

    def test_a_token_that_is_not_there(self) -> None:
        self.use(self.uri.replace("token=work", "token=elsewhere"))
        with self.shim() as log:
            self.expect(self.run_quietly("token"), 4, "elsewhere", out="")
            self.expect(self.run_quietly("account", "list"), 4, "elsewhere", out="")
            self.assertEqual(log.count("C_Login"), 0)

    def test_a_wrong_pin_is_tried_once(self) -> None:
        for command in ("token", ("account", "list")):
            (self.dir / "pin").write_text(f"wrong-pin-{len(command)}")
            with self.shim() as log, self.subTest(command=command):
                words = (command,) if isinstance(command, str) else command
                self.expect(self.run_quietly(*words), 5, "CKR_PIN_INCORRECT", out="")
                self.assertEqual(log.count("C_Login"), 1)
        self.assertEqual(self.api.asked(), [])

    def test_uris_that_name_none(self) -> None:
        for uri in (self.made["PRIVATE_KEY"], "pkcs11:token=work;type=data", "pkcs11:token=work;object=x;type=cert"):
            self.use(uri)
            with self.shim() as log:
                for command in (("token",), ("account", "list"), ("secret", "remove", "--yes")):
                    self.expect(self.run_quietly(*command), 3, "APS_SECRET_ID", "type=data", out="")
                self.assertEqual(log.count("C_Login"), 0)

    def test_several_of_one_label(self) -> None:
        other = self.dir / "other"
        other.write_text("another")
        self.store.tool("--write-object", str(other), "--type", "data", "--label", self.label, "--private")
        self.expect(self.run_quietly("token"), 3, "several data objects", "--force")
        self.imported("--force", env={"APS_SECRET_ID": self.api.secret})
        self.expect(self.run_quietly("token"), 0)

    def test_several_of_one_label_where_one_is_anothers(self) -> None:
        other = self.dir / "other"
        other.write_text("another")
        mark = ("--application-label", "other-app")
        self.store.tool("--write-object", str(other), "--type", "data", "--label", self.label, "--private", *mark)
        for command in (("token",), ("secret", "remove", "--yes")):
            said = self.expect(self.run_quietly(*command), 3, "several data objects", "--label NAME").err
            self.assertNotIn("--force", said)
        self.use(self.imported("--label", "beside it", env={"APS_SECRET_ID": self.api.secret}))
        self.expect(self.run_quietly("token"), 0)

    def test_too_many_of_one_label(self) -> None:
        other = self.dir / "other"
        other.write_text("another")
        for _ in range(15):
            self.store.tool("--write-object", str(other), "--type", "data", "--label", self.label, "--private")
        for command in (("token",), ("secret", "import", "--force")):
            result = self.run_quietly(*command, env={"APS_SECRET_ID": self.uri})
            self.assertNotIn("--force", self.expect(result, 3, "too many", "pkcs11-tool", "--delete-object").err)
        # A second one makes room for the new one.
        for _ in range(2):
            self.store.tool("--delete-object", "--type", "data", "--label", self.label)
        self.imported("--force", env={"APS_SECRET_ID": self.api.secret})
        self.expect(self.run_quietly("token"), 0)

    def test_one_in_public_is_used_with_a_warning(self) -> None:
        self.expect(self.run_quietly("secret", "remove", "--yes"), 0)
        path = self.dir / "public"
        path.write_text(self.api.secret)
        self.store.tool("--write-object", str(path), "--type", "data", "--label", self.label)
        self.expect(self.run_quietly("token"), 0, "warning", "without its PIN")

    def test_a_secret_that_the_api_refuses(self) -> None:
        self.imported("--force", env={"APS_SECRET_ID": "something-else"})
        self.expect(self.run_quietly("token"), 9)

    def test_an_object_that_is_longer_than_any_secret(self) -> None:
        self.expect(self.run_quietly("secret", "remove", "--yes"), 0)
        path = self.dir / "odd"
        path.write_text("x" * 5000)
        self.store.tool("--write-object", str(path), "--type", "data", "--label", self.label, "--private")
        self.expect(self.run_quietly("token"), 7, "cannot be read")

    def test_a_signature_that_fails_sends_nothing(self) -> None:
        with self.shim("C_Sign 1 return CKR_DEVICE_ERROR"):
            self.expect(self.run_quietly("token"), 7, "CKR_DEVICE_ERROR")
        self.assertEqual(self.api.asked(), [])

    def test_at_a_terminal_the_pin_is_asked_for_once(self) -> None:
        result = self.typed("token", answers=[("PIN of token", PIN)], env={"SSA_HSM_PIN_SOURCE": None})
        self.expect(result, 0)
        self.assertEqual(result.err.count("PIN of token"), 1)


class Remove(SecretCase):
    def setUp(self) -> None:
        super().setUp()
        self.use(self.imported())

    def test_after_a_yes(self) -> None:
        self.expect(self.run_quietly("secret", "remove"), 15, "you did not confirm", "--yes")
        self.assertIn(self.label, self.data())
        result = self.typed("secret", "remove", answers=[(r"Destroy the client secret .*\(yes/no\)", "yes")])
        self.expect(result, 0, self.label)
        self.assertEqual(self.data(), "")
        self.expect(self.run_quietly("token"), 6, "data object")

    def test_twice(self) -> None:
        self.expect(self.run_quietly("secret", "remove", "--yes"), 0, "is gone", "APS_SECRET_ID still refers to the secret", out="")
        self.expect(self.run_quietly("secret", "remove", "--yes"), 6, "data object")

    def test_the_key_stays(self) -> None:
        self.expect(self.run_quietly("secret", "remove", "--yes"), 0)
        self.expect(self.run_quietly("token", env={"APS_SECRET_ID": self.api.secret}), 0)

    def test_a_secret_that_is_on_no_token(self) -> None:
        for value in (self.api.secret, "file:/nowhere", None):
            self.write_profile({n: v for n, v in self.made.items() if n != "APS_SECRET_ID"})
            self.expect(self.run_quietly("secret", "remove", "--yes", env={"APS_SECRET_ID": value}), 3, "APS_SECRET_ID")


    def test_without_a_client_id(self) -> None:
        self.use(self.imported())
        env = {"APS_CLIENT_ID": None}
        self.write_profile({n: v for n, v in self.made.items() if n not in ("APS_SECRET_ID", "APS_CLIENT_ID")})
        env["APS_SECRET_ID"] = f"pkcs11:token=work;object={self.label.replace(' ', '%20')};type=data"
        self.expect(self.run_quietly("secret", "remove", "--yes", env=env), 3, "APS_CLIENT_ID")


class AnotherToken(SecretCase):
    """The secret is on a token of its own, with a PIN of its own."""

    def setUp(self) -> None:
        super().setUp()
        self.store.initialise("vault", OTHER_PIN)
        self.vault_pin = self.dir / "vault-pin"
        self.vault_pin.touch(0o600)
        self.vault_pin.write_text(OTHER_PIN)
        self.vault = f"pkcs11:token=vault?pin-source=file:{self.vault_pin}"
        self.uri = self.imported("--token", self.vault, env={"SSA_HSM_PIN_SOURCE": None})
        self.use(self.uri)

    def test_each_gets_its_own_pin(self) -> None:
        self.assertIn("token=vault", self.uri)
        self.assertIn("pin-source=", self.uri)
        with self.shim() as log:
            self.expect(self.run_quietly("token"), 0)
            self.assertEqual([c.rv for c in log.of("C_Login")], ["CKR_OK", "CKR_OK"])
            self.expect(self.run_quietly("account", "list"), 0)
            self.assertEqual(log.count("C_Login"), 3)

    def test_its_wrong_pin_leaves_the_keys_token_alone(self) -> None:
        self.vault_pin.write_text("not-it-at-all")
        with self.shim() as log:
            self.expect(self.run_quietly("token"), 5, "vault", "CKR_PIN_INCORRECT")
            self.assertEqual(log.count("C_Login"), 1)

    def test_a_person_is_asked_for_both(self) -> None:
        self.use(re.sub(r"pin-source=[^&]*&?", "", self.uri))
        answers = [(r"PIN of token \"vault\"", OTHER_PIN), (r"PIN of token \"work\"", PIN)]
        self.expect(self.typed("token", answers=answers, env={"SSA_HSM_PIN_SOURCE": None}), 0)

    def test_a_new_key_with_it(self) -> None:
        self.expect(self.run_quietly("key", "create", "--force"), 0)
        self.assertIn("token=vault", self.profile()["APS_SECRET_ID"])
        self.expect(self.run_quietly("token"), 0)

    def test_its_pin_in_a_variable_is_not_passed_on(self) -> None:
        self.use(re.sub(r"pin-source=[^&]*", "pin-source=env:VAULT_PIN", self.uri))
        result = self.expect(self.run_quietly("exec", "--", "/usr/bin/env", env={"VAULT_PIN": OTHER_PIN}), 0)
        self.assertIn("APS_ACCESS_TOKEN=", result.out)
        self.assertNotIn("VAULT_PIN", result.out)

    def test_settings_that_fit_any_token_name_none(self) -> None:
        loose = re.sub(r"(token|serial)=[^;?]*;", "", self.made["PRIVATE_KEY"])
        self.uri = re.sub(r"pin-source=[^&]*&?", "", self.uri)
        self.write_profile({**self.made, "APS_SECRET_ID": self.uri, "PRIVATE_KEY": loose})
        with self.shim() as log:
            self.expect(self.run_quietly("account", "list"), 3, "guess", out="")
            self.assertEqual(log.count("C_Login"), 0)

    def test_the_line_says_where_the_pin_is_that_served(self) -> None:
        option = ("--token", "pkcs11:token=vault", "--pin-source", f"file:{self.vault_pin}")
        uri = self.imported("--label", "second", *option)
        self.assertIn("pin-source=file:", uri.replace("%3A", ":"))
        self.use(uri)
        self.expect(self.run_quietly("token"), 0)
        self.assertNotIn("pin-source", self.imported("--label", "third"), "it is the key's token")

    def without_pin_source(self) -> None:
        self.use(re.sub(r"pin-source=[^&]*&?", "", self.uri))

    def test_the_pin_of_the_keys_token_is_not_tried_on_a_guess(self) -> None:
        self.without_pin_source()
        stored = {"SSA_HSM_PIN_SOURCE": None}
        option = ("--pin-source", str(self.env["SSA_HSM_PIN_SOURCE"]))
        for command in (["token"], ["key", "create", "--force"], ["account", "list"], ["key", "list", "--login"],
                        ["key", "rotate"], ["secret", "import", "--force"]):  # fmt: skip
            with self.shim() as log:
                self.expect(self.run_quietly(*command), 3, "APS_SECRET_ID", '"vault"', "guess", "pin-source=", out="")
                self.assertLessEqual(log.count("C_Login"), 1, command)
                self.assertNotIn("CKR_PIN_INCORRECT", log.text, command)
        for command in (["token"], ["key", "create", "--force"], ["key", "list", "--login"]):
            self.expect(self.run_quietly(*command, *option, env=stored), 3, "guess", out="")
        self.assertEqual(self.api.asked(), [])

    def test_an_option_is_for_the_one_token_that_a_command_needs(self) -> None:
        self.without_pin_source()
        option = ("--pin-source", f"file:{self.vault_pin}")
        self.expect(self.run_quietly("account", "list", *option), 0)
        self.expect(self.run_quietly("secret", "remove", "--yes"), 3, "guess")
        self.expect(self.run_quietly("secret", "remove", "--yes", *option), 0)

    def test_it_moves_from_one_to_the_other(self) -> None:
        moved = self.imported()
        self.assertIn("token=work", moved)
        self.use(moved)
        self.expect(self.run_quietly("token"), 0)


class NewKeys(FaultCase):
    """Profiles keep the reference, whichever command writes them; one login serves the secret and the key."""

    def setUp(self) -> None:
        super().setUp()
        self.expect(self.create(), 0)
        result = self.expect(self.run_program("secret", "import"), 0)
        self.uri = dotenv.parse(result.out)["APS_SECRET_ID"]
        self.env.pop("APS_SECRET_ID", None)
        self.write_profile({**self.profile(), "APS_SECRET_ID": self.uri})

    @contextlib.contextmanager
    def one_login(self) -> Iterator[None]:
        with self.shim() as log:
            yield
        self.assertEqual([c.rv for c in log.of("C_Login")], ["CKR_OK"])

    def assert_kept(self, path: Path | None = None) -> None:
        text = (path or self.profile_path()).read_text()
        self.assertEqual(dotenv.parse(text)["APS_SECRET_ID"], self.uri)
        self.assertEqual(text.count("APS_SECRET_ID"), 1)
        self.assertNotIn(self.api.secret, text)
        self.expect(self.run_program("token", env={"SSA_HSM_PROFILE": str(path) if path else None}), 0)

    def test_key_create(self) -> None:
        target = self.dir / "new.env"
        with self.one_login():
            result = self.expect(self.run_program("key", "create", "--output", target), 0)
        self.assertIn(self.uri, result.out)
        self.assert_kept(target)

    def test_account_create(self) -> None:
        target = self.dir / "new.env"
        with self.one_login():
            self.expect(self.run_program("account", "create", "service", "my-second", "--output", target), 0)
        self.assert_kept(target)

    def test_without_a_key(self) -> None:
        target = self.dir / "new.env"
        command = ("account", "create", "service", "my-third", "--no-key", "--output", target)
        self.expect(self.run_program(*command), 0)
        self.assertEqual(self.profile(target)["APS_SECRET_ID"], self.uri)

    def test_rotation(self) -> None:
        with self.one_login():
            self.expect(self.run_program("key", "rotate"), 0)
        self.assert_kept()
        with self.one_login():
            self.expect(self.run_program("key", "rotate", "--finish"), 0)
        self.assert_kept()
        self.assertEqual([kind for kind, _ in self.objects()], ["Private", "Public"])

    def test_rotation_at_once(self) -> None:
        with self.one_login():
            self.expect(self.run_program("key", "rotate", "--now"), 0)
        self.assert_kept()

    def test_recovery(self) -> None:
        with self.shim("C_Sign 2 kill before"):
            self.assertEqual(self.run_program("key", "rotate").code, -signal.SIGKILL)
        with self.one_login():
            self.expect(self.run_program("key", "recover"), 0)
        self.assert_kept()

    def test_key_list(self) -> None:
        with self.one_login():
            result = self.expect(self.run_program("key", "list", "--login", "--json"), 0)
        (key,) = json.loads(result.out)
        self.assertEqual([place["privateKey"] for place in key["tokens"]], [True])

    def test_pruning(self) -> None:
        values = self.profile()
        path = f"/service-accounts/{values['SERVICE_ACCOUNT_ID']}/keys/{values['KEY_ID']}"
        self.api.call("DELETE", path, self.api.admin())
        # As long as a profile names the key, it is in use.
        unit = ("SERVICE_ACCOUNT_ID", "KEY_ID", "SSA_EMAIL", "PRIVATE_KEY")
        self.write_profile({name: value for name, value in values.items() if name not in unit})
        with self.one_login():
            self.expect(self.run_program("key", "prune", "--yes"), 0, "is destroyed")
        self.assertEqual(self.objects(), [])

    def test_one_prompt(self) -> None:
        result = self.typed("key", "rotate", answers=[("PIN of token", PIN)], env={"SSA_HSM_PIN_SOURCE": None})
        self.expect(result, 0)
        self.assertEqual(result.err.count("PIN of token"), 1)

    def test_a_missing_secret_is_known_before_the_api_is_asked(self) -> None:
        self.api.forget_requests()
        self.write_profile({**self.profile(), "APS_SECRET_ID": self.uri.replace("client", "no")})
        before = self.objects()
        self.expect(self.run_program("key", "rotate"), 6, "data object")
        self.assertEqual(self.api.asked(), [])
        self.assertEqual(self.objects(), before)
        self.assertEqual(self.open_operations(), [])
