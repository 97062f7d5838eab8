"""ssa-hsm setup at a terminal: several PKCS#11 tokens, a card, and none."""

from __future__ import annotations

import re
import shutil

import places
from guide import DECLINED, KEEP, NUMBER, PROMPT, SECRET, SetupCase
from harness import LABEL, PIN


class Tokens(SetupCase):
    def test_three_tokens(self) -> None:
        self.store.initialise("other", "another-pin")
        self.store.initialise("a third", "another-pin")
        with self.terminal("setup", cwd=self.work) as terminal:
            terminal.wait_for("Which PKCS#11 token")
            terminal.wait_for(NUMBER)
            match = re.search(rf'^ *(\d+)\) "{LABEL}" ', terminal.screen, re.MULTILINE)
            assert match, terminal.screen
            self.assertEqual(len(re.findall(r"^ +\d\) ", terminal.screen, re.MULTILINE)), 3)
            terminal.send(match[1] + "\r")
            self.assertEqual(self.converse(terminal, self.answers()), 0, terminal.screen)
        self.assertIn(f"token={LABEL};", self.profile()["PRIVATE_KEY"])
        self.assertNotIn(NUMBER, self.asked)

    def test_none_is_chosen(self) -> None:
        self.store.initialise("other", "another-pin")
        self.expect(self.guided(answers={NUMBER: ""}), DECLINED, "no PKCS#11 token was chosen: no number was typed")
        self.assertEqual(self.asked, [NUMBER])
        self.assertEqual(self.api.asked(), [])

    def test_one_that_was_named_is_not_asked_for(self) -> None:
        self.store.initialise("other", "another-pin")
        self.expect(self.guided("--token", LABEL), 0)
        self.assertNotIn(NUMBER, self.asked)

    def test_one_that_takes_no_key_is_no_choice(self) -> None:
        with self.shim("token flags +CKF_WRITE_PROTECTED"):
            result = self.guided(answers={r"Make a SoftHSM token\? \(yes/no\) ": "no"})
            self.expect(result, DECLINED, "is no choice: it is write-protected")


class Card(SetupCase):
    def test_a_card_takes_the_key_and_not_the_secret(self) -> None:
        script = (places.HERE.parent / "shim" / "ykcs11.script").read_text().replace("@PIN@", PIN)
        management = re.search(r"^so-pin (\w+)", script, re.MULTILINE)
        assert management
        key = r"takes a key only with its [^\n]*: "
        with self.shim(*script.splitlines()) as log, self.terminal("setup", cwd=self.work) as terminal:
            answers = {key: management[1], **self.answers()}
            self.assertEqual(self.converse(terminal, answers), 0, terminal.screen)
            self.once([SECRET, KEEP, PROMPT, key])
            # A log in for the key, as the officer and back, and one for the access token.
            self.assertEqual({c.rv for c in log.of("C_Login")}, {"CKR_OK"})
            self.assertIn("slot 9a", terminal.screen)
        self.assertEqual(self.profile()["APS_SECRET_ID"], self.api.secret)


class NoToken(SetupCase):
    MAKE = r"Make a SoftHSM token\? \(yes/no\) "
    WRITE = r"Write [^\n]*\? \(yes/no\) "
    LABEL = r"Label of the new token \[ssa-hsm\]: "
    PINS = r"(?:Please enter|Please reenter) (?:SO|user) PIN: "

    def setUp(self) -> None:
        super().setUp()
        shutil.rmtree(self.store.tokens)
        self.store.tokens.mkdir(mode=0o700)

    def makes(self) -> dict[str, str]:
        return {self.MAKE: "yes", self.WRITE: "yes", self.LABEL: "", self.PINS: PIN}

    def test_softhsm_makes_one(self) -> None:
        result = self.expect(self.guided(answers=self.makes()), 0, "it works")
        self.assertEqual(self.asked[:2], [self.MAKE, self.LABEL])
        self.assertEqual(self.asked.count(self.PINS), 4)
        self.assertEqual(self.asked.count(PROMPT), 1)
        self.assertIn("softhsm2-util --init-token --free --label ssa-hsm", self.plain(result))
        self.assertIn("token=ssa-hsm", self.profile()["PRIVATE_KEY"])

    def test_nobody_wants_one(self) -> None:
        self.expect(self.guided(answers={**self.makes(), self.MAKE: "no"}), DECLINED, "no PKCS#11 token was made")
        self.assertEqual(list(self.store.tokens.iterdir()), [])

    def test_its_folder_may_be_another_users(self) -> None:
        self.without_configuration()
        result = self.expect(self.guided(answers=self.makes()), 0, "it works")
        self.assertIn(self.WRITE, self.asked)
        self.assertTrue((self.home / ".config/softhsm2/softhsm2.conf").exists())
        self.assertTrue(any((self.home / ".local/share/softhsm2/tokens").iterdir()))
        self.assertTrue(any(line.startswith("mkdir ") for line in self.plain(result)))

    def test_nobody_wants_a_configuration(self) -> None:
        self.without_configuration()
        self.expect(self.guided(answers={**self.makes(), self.WRITE: "no"}), DECLINED, "no PKCS#11 token was made")
        self.assertFalse((self.home / ".config/softhsm2").exists())

    def test_softhsm_fails(self) -> None:
        shutil.rmtree(self.store.tokens)
        answers = {**self.makes(), self.PINS: "1"}
        with self.terminal("setup", cwd=self.work) as terminal:
            self.assertEqual(self.converse(terminal, self.answers(answers)), 4, terminal.screen)
            self.assertIn("made no PKCS#11 token", terminal.screen)
