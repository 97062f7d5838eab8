"""Several PKCS#11 tokens where one is needed: a person chooses, others get lines to copy. And a PIN is typed again."""

from __future__ import annotations

import re
import shlex

from harness import LABEL, PIN, Case, Result
from pin_support import AGAIN, WRONG, PinCase

OTHER_PIN = "another-pin"
WHICH = r"Which PKCS#11 token is to be used\?"
NUMBER = r"Its number \(1 to \d+; nothing to stop\): "
CREATE = ("account", "create", "service", "token-asked", "--import", "plain")
PROMPT = r"PIN of token[^\n]*: "


class Asked(Case):
    """Three tokens, and none is named."""

    def setUp(self) -> None:
        super().setUp()
        self.store.initialise("other", OTHER_PIN)
        self.store.initialise("a third", OTHER_PIN)
        for name in ("SSA_HSM_TOKEN", "SSA_HSM_PIN_SOURCE"):
            self.env.pop(name)

    def number_of(self, screen: str, label: str) -> str:
        match = re.search(rf'^ *(\d+)\) "{label}" ', screen, re.MULTILINE)
        assert match, screen
        return match[1]

    def choose(self, label: str, *command: str, then: list[tuple[str, str]]) -> Result:
        with self.terminal(*command) as terminal:
            terminal.wait_for(WHICH)
            terminal.wait_for(NUMBER)
            terminal.send(self.number_of(terminal.screen, label) + "\r")
            for prompt, answer in then:
                terminal.wait_for(prompt)
                terminal.send(answer + "\r")
            return Result(terminal.finish(), terminal.out, terminal.screen)

    def test_a_person_chooses_before_a_secret_is_typed(self) -> None:
        self.env.pop("APS_SECRET_ID")
        with self.terminal(*CREATE) as terminal:
            terminal.wait_for(WHICH)
            terminal.wait_for(NUMBER)
            self.assertEqual(self.api.asked(), [])
            self.assertNotIn("Client secret", terminal.screen)
            terminal.send(self.number_of(terminal.screen, LABEL) + "\r")
            terminal.wait_for("Client secret of")
            terminal.wait_echo(False)
            terminal.send(self.api.secret + "\r")
            terminal.wait_for(rf'PIN of token "{LABEL}"[^\n]*: ')
            terminal.wait_echo(False)
            terminal.send(PIN + "\r")
            self.assertEqual(terminal.finish(), 0, terminal.screen)
        self.assertIn(f"token={LABEL};", self.profile()["PRIVATE_KEY"])

    def test_each_command_that_needs_one_asks(self) -> None:
        pin = [(PROMPT, PIN)]
        self.expect(self.choose(LABEL, *CREATE, then=pin), 0)
        account = self.profile()["SERVICE_ACCOUNT_ID"]
        again = ("key", "create", "-p", "new", "--account", account, "--import", "plain")
        self.expect(self.choose(LABEL, *again, then=pin), 0)
        self.profile_path().unlink()
        self.expect(self.choose(LABEL, "hsm", "list", "--login", then=pin), 0)
        self.expect(self.choose(LABEL, "secret", "import", then=pin), 0)

    def test_the_module_may_be_found_by_p11_kit(self) -> None:
        self.env.pop("SSA_HSM_MODULE")
        self.expect(self.choose(LABEL, *CREATE, then=[(PROMPT, PIN)]), 0)
        self.assertIn(f"token={LABEL};", self.profile()["PRIVATE_KEY"])

    def test_a_stored_pin_is_for_the_chosen_one(self) -> None:
        self.env["SSA_HSM_PIN_SOURCE"] = f"file:{self.dir / 'pin'}"
        self.expect(self.choose(LABEL, *CREATE, then=[]), 0)

    def test_what_is_no_number_is_asked_again(self) -> None:
        with self.shim() as log, self.terminal(*CREATE) as terminal:
            for answer in ("0", "4", "-1", "work", "1x", "9" * 100):
                terminal.wait_for(NUMBER)
                terminal.send(answer + "\r")
            terminal.wait_for(NUMBER)
            terminal.send("\r")
            self.assertEqual(terminal.finish(), 3)
            self.assertIn("none of them was chosen", terminal.screen)
        self.assertEqual(log.count("C_Login"), 0)
        self.assertEqual(self.api.asked(), [])
        self.assertFalse(self.profile_path().exists())

    def test_control_c(self) -> None:
        with self.terminal(*CREATE) as terminal:
            terminal.wait_for(NUMBER)
            terminal.send("\x03")
            self.assertEqual(terminal.finish(), -2)
        self.assertEqual(self.api.asked(), [])

    def test_without_a_terminal_each_line_can_be_copied(self) -> None:
        for command in (CREATE, ("hsm", "list", "--login"), ("secret", "import")):
            with self.subTest(command), self.shim() as log:
                result = self.expect(self.run_program(*command), 3, "several tokens match")
                found = re.findall(r"PKCS#11 token \"([^\"]*)\" [^\n]* (--token '[^']*')\n", result.err)
                self.assertEqual(sorted(label for label, _ in found), sorted([LABEL, "other", "a third"]), result)
                self.assertEqual(log.count("C_Login"), 0)
        self.assertEqual(self.api.asked(), [])
        (copied,) = [option for label, option in found if label == LABEL]
        pin = {"SSA_HSM_PIN_SOURCE": f"file:{self.dir / 'pin'}"}
        self.expect(self.run_program(*CREATE, *shlex.split(copied), env=pin), 0)

    def test_twins_show_what_tells_them_apart(self) -> None:
        with self.shim("token label twin", "token serial 12ab34cd"), self.terminal(*CREATE) as terminal:
            terminal.wait_for(NUMBER)
            self.assertEqual(len(set(re.findall(r"serial 12ab34cd, slot (\d+) of module", terminal.screen))), 3)
            terminal.send("\r")
            self.assertEqual(terminal.finish(), 3)
        with self.shim("token label twin"), self.terminal(*CREATE) as terminal:
            terminal.wait_for(NUMBER)
            self.assertEqual(len(set(re.findall(r"serial ([0-9a-f]+)\)", terminal.screen))), 3)
            terminal.send("\r")
            self.assertEqual(terminal.finish(), 3)

    def test_a_token_command_does_not_ask(self) -> None:
        self.expect(self.choose(LABEL, *CREATE, then=[(PROMPT, PIN)]), 0)
        made = self.profile()
        with self.shim("token label twin", "token serial 12ab34cd"):
            self.write_profile({**made, "PRIVATE_KEY": "pkcs11:token=twin;object=x;type=private"})
            result = self.run_program("token", tty=True)
            self.expect(result, 3, "several tokens match", "slot-id")

    def test_a_profile_that_exists_is_said_before_a_secret_is_typed(self) -> None:
        self.env.pop("APS_SECRET_ID")
        self.write_profile({"APS_CLIENT_ID": self.api.client_id})
        result = self.run_program(*CREATE, tty=True)
        self.expect(result, 14, "exists already")
        self.assertNotIn("Client secret", result.err)

    def test_a_token_that_is_not_there_is_said_before_a_secret_is_typed(self) -> None:
        self.env.pop("APS_SECRET_ID")
        result = self.run_program(*CREATE, "--token", "absent", tty=True)
        self.expect(result, 4, "no such PKCS#11 token")
        self.assertNotIn("Client secret", result.err)


class Uri(Case):
    needs_api = False

    def named(self, name: str) -> Result:
        return self.run_program("hsm", "list", "--login", "--token", name)

    def test_a_label_with_anything_in_it(self) -> None:
        for label in ("My Token", "100% mine", "50%20", "schlüssel-鍵", "it's mine", 'a "b"', "?x=y&z", "token=work"):
            with self.subTest(label), self.shim(f"token label 0x{label.encode().ljust(32).hex()}"):
                self.expect(self.named(label), 0)

    def test_a_label_that_begins_as_a_uri_is_written_as_one(self) -> None:
        with self.shim("token label pkcs11:x"):
            self.expect(self.named("pkcs11:token=pkcs11:x"), 0)
            self.expect(self.named("pkcs11:token=pkcs11%3Ax"), 0)
            self.expect(self.named("pkcs11:x"), 3, "PKCS#11 URI", "pkcs11:token=")

    def test_a_blank_or_letters_of_any_kind_in_a_uri(self) -> None:
        with self.shim('token label "My Tökén"'):
            for uri in ("pkcs11:token=My Tökén", "pkcs11:token=My%20T%C3%B6k%C3%A9n", " pkcs11: token=My Tökén ;"):
                with self.subTest(uri):
                    self.expect(self.named(uri), 0)

    def test_a_percent_sign_in_a_uri_is_named(self) -> None:
        self.expect(self.named("pkcs11:token=100% mine"), 3, "%25")


class Again(PinCase):
    def setUp(self) -> None:
        super().setUp()
        self.env.pop("SSA_HSM_PIN_SOURCE")

    def test_a_wrong_pin_is_typed_again_and_nothing_else(self) -> None:
        values = {n: v for n, v in self.values.items() if n != "APS_SECRET_ID"}
        self.write_profile(values)
        self.env.pop("APS_SECRET_ID")
        yes = (AGAIN[0], "yes")
        answers = [("Client secret of", self.api.secret), (PROMPT, WRONG), yes, (PROMPT, PIN)]
        with self.shim() as log:
            result = self.typed("token", answers=answers)
            self.expect(result, 0, "a wrong PIN has been tried")
            self.assertEqual([c.rv for c in log.of("C_Login")], ["CKR_PIN_INCORRECT", "CKR_OK"])
        self.assertEqual(result.err.count("Client secret of"), 1)
        self.assertNotIn(WRONG, result.err + result.out)
        self.assertEqual(self.records(), [])

    def test_as_long_as_it_is_not_locked(self) -> None:
        answers = [(PROMPT, WRONG), (AGAIN[0], "yes"), (PROMPT, WRONG),
                   ("one more wrong PIN locks it.*yes/no", "yes"), (PROMPT, WRONG)]  # fmt: skip
        with self.shim("pin tries 3") as log:
            result = self.typed("jwt", answers=answers)
            self.expect(result, 5, "a wrong PIN has been tried", "locked now")
            self.assertEqual(log.count("C_Login"), 3)
            self.expect(self.run_program("jwt", tty=True), 5, "CKF_USER_PIN_LOCKED")

    def test_the_last_try_needs_its_own_yes(self) -> None:
        answers = [(PROMPT, WRONG), (AGAIN[0], "yes"), (PROMPT, WRONG), ("one more wrong PIN locks it.*yes/no", "no")]
        with self.shim("pin tries 3") as log:
            self.expect(self.typed("jwt", answers=answers), 15, "one more wrong pin locks")
            self.assertEqual(log.count("C_Login"), 2)

    def test_a_stored_pin_is_never_tried_again(self) -> None:
        self.write_pin(WRONG)
        with self.shim() as log:
            result = self.run_program("jwt", tty=True, env={"SSA_HSM_PIN_SOURCE": f"file:{self.pin_file}"})
            self.expect(result, 5, "CKR_PIN_INCORRECT")
            self.assertNotIn("Type it again", result.err)
            self.assertEqual(log.count("C_Login"), 1)

    def test_control_c_at_the_question(self) -> None:
        with self.shim() as log, self.terminal("jwt") as terminal:
            terminal.wait_for(PROMPT)
            terminal.send(WRONG + "\r")
            terminal.wait_for(AGAIN[0])
            terminal.send("\x03")
            self.assertEqual(terminal.finish(), -2)
            self.assertEqual(log.count("C_Login"), 1)

    def test_the_token_is_pulled_while_the_question_waits(self) -> None:
        pulled = self.dir / "pulled"
        with self.shim(f"token absent-while {pulled}") as log, self.terminal("jwt") as terminal:
            terminal.wait_for(PROMPT)
            terminal.send(WRONG + "\r")
            terminal.wait_for(AGAIN[0])
            pulled.touch()
            terminal.send("yes\r")
            terminal.wait_for(PROMPT)
            terminal.send(PIN + "\r")
            self.assertEqual(terminal.finish(), 7)
            self.assertIn("no PIN was sent to it", terminal.screen)
            self.assertEqual(log.count("C_Login"), 1)

    def test_a_new_account_needs_no_second_answer_of_the_api(self) -> None:
        self.profile_path().unlink()
        self.api.forget_requests()
        answers = [(PROMPT, WRONG), (AGAIN[0], "yes"), (PROMPT, PIN)]
        self.expect(self.typed(*CREATE, answers=answers), 0)
        self.assertEqual(self.api.asked().count("POST /service-accounts"), 1)
