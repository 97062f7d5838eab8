"""The agent's signer: it signs assertions with one login, and what becomes of the login."""

from __future__ import annotations

from harness import LABEL, PIN
from signer_link import SignerLinkCase


class Signing(SignerLinkCase):
    def test_it_signs_with_one_login(self) -> None:
        with self.shim() as log, self.player() as player:
            for _ in range(3):
                answer = player.ok("assertion", "data:read")
                claims = self.claims(answer)
            self.assertEqual(claims["sub"], self.profile()["SERVICE_ACCOUNT_ID"])
            self.assertEqual(claims["scope"], ["data:read"])
            self.assertEqual((answer.state, answer.by_person, answer.logins, answer.signatures), ("open", False, 1, 3))
            self.assertEqual((answer.label, answer.key_id), (LABEL, self.profile()["KEY_ID"]))
            self.assertEqual(answer.starts, 1)
        self.assertEqual((log.count("C_Login"), log.count("C_Logout")), (1, 1))

    def test_a_person_unlocks_it_at_its_socket(self) -> None:
        self.without_pin_source()
        with self.shim() as log, self.player() as player:
            self.assertEqual(player.fails("assertion", "a person must give the PIN").state, "locked")
            self.assertTrue(player.ok("look").by_person)
            code, said = self.unlock(PIN)
            self.assertEqual((code, said.splitlines()[-1]), (0, "open"), said)
            self.assertIn(f'secret: PIN of token "{LABEL}"', said)
            self.claims(player.ok("assertion"))
            self.assertEqual(player.ok("look").state, "open")
        self.assertEqual((log.count("C_Login"), log.count("C_Logout")), (1, 1))
