"""key enable, key disable, key verify."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import places
from harness import Case

TOKEN = "POST /token"


class Status(Case):
    def setUp(self) -> None:
        super().setUp()
        self.made = dict(self.api.control("POST", "accounts", name="other-account", keys=2))
        self.account, self.kid = self.made["serviceAccountId"], self.made["keys"][0]
        self.keys_path = f"/service-accounts/{self.account}/keys"

    def change(self, verb: str, *more: object) -> Any:
        return self.run_program("key", verb, self.kid, "--account", self.account, *more)

    def status(self) -> list[str]:
        account = next(a for a in self.api.accounts() if a["serviceAccountId"] == self.account)
        return [k["status"] for k in account["keys"]]

    def test_disable_and_enable(self) -> None:
        again = f"key enable {self.kid} --account {self.account}"
        self.expect(self.change("disable"), 0, "is disabled", "gets no access tokens", again, out="")
        self.assertEqual(self.status(), ["DISABLED", "ENABLED"])
        self.assertEqual(self.api.asked(), [TOKEN, f"PATCH {self.keys_path}/{self.kid}"])
        self.expect(self.change("enable"), 0, "is enabled")
        self.assertEqual(self.status(), ["ENABLED", "ENABLED"])

    def test_the_account_by_its_email(self) -> None:
        self.expect(self.run_program("key", "disable", self.kid, "--account", self.made["email"]), 0)
        self.assertEqual(self.status(), ["DISABLED", "ENABLED"])

    def test_the_settings_own_account(self) -> None:
        self.expect(self.run_program("account", "create", "service", "own-keys"), 0)
        kid = self.profile()["KEY_ID"]
        self.expect(self.run_program("key", "disable", kid), 0)
        self.expect(self.run_program("token"), 10, "ssa-hsm key enable")
        self.expect(self.run_program("key", "enable", kid), 0)
        self.expect(self.run_program("token"), 0)

    def test_the_status_it_has_already_is_a_success_with_a_note(self) -> None:
        self.expect(self.change("enable"), 0, "was already enabled")
        self.assertEqual(self.api.asked(), [TOKEN, f"PATCH {self.keys_path}/{self.kid}", f"GET {self.keys_path}"])
        self.expect(self.change("disable"), 0)
        self.expect(self.change("disable"), 0, "was already disabled")

    def test_json(self) -> None:
        first, second = (json.loads(self.expect(self.change("disable", "--json"), 0).out) for _ in range(2))
        self.assertEqual(first, {"keyId": self.kid, "status": "DISABLED", "changed": True})
        self.assertEqual(second, {**first, "changed": False})

    def test_a_key_that_is_not_there(self) -> None:
        self.kid = "no-such-key"
        self.expect(self.change("disable"), 10, "404", "check both ids")

    def test_what_can_be_no_id_is_not_asked_for(self) -> None:
        self.kid = ".."
        self.expect(self.change("disable"), 2, "is not a valid key id")
        self.assertEqual(self.api.asked(), [])

    def test_a_disabled_account_is_named(self) -> None:
        self.expect(self.run_program("account", "disable", self.account), 0)
        self.expect(self.change("disable"), 10, "is DISABLED", f"account enable {self.account}")

    def test_a_400_for_another_reason_stays_an_error(self) -> None:
        self.api.fault("status", method="PATCH", status=400, body={"detail": "not today"})
        self.expect(self.change("disable"), 10, "not today")


class Verify(Case):
    def setUp(self) -> None:
        super().setUp()
        self.own = self.provisioned()

    def test_says_what_was_verified(self) -> None:
        with self.shim() as log:
            result = self.expect(self.run_program("key", "verify"), 0)
            self.assertEqual((log.count("C_Login"), log.count("C_Sign")), (1, 1))
        self.assertRegex(result.out, r"CKA_SENSITIVE +true\nCKA_EXTRACTABLE +false\nCKA_SIGN +true")
        self.assertRegex(result.out, r"signature +of a random challenge: verified")
        self.assertIn(self.own["KEY_ID"], result.out)
        self.assertEqual(self.api.asked(), [])

    def test_json(self) -> None:
        result = self.expect(self.run_program("key", "verify", "--json"), 0)
        verified = json.loads(result.out)
        self.assertEqual(verified["keyId"], self.own["KEY_ID"])
        self.assertEqual((verified["bits"], verified["signatureVerified"]), (2048, True))
        values = {a["name"]: a["value"] for a in verified["attributes"]}
        self.assertEqual(len(values), 9)
        self.assertEqual(
            {n: values[n] for n in ("CKA_TOKEN", "CKA_PRIVATE", "CKA_SENSITIVE", "CKA_EXTRACTABLE", "CKA_SIGN")},
            {"CKA_TOKEN": True, "CKA_PRIVATE": True, "CKA_SENSITIVE": True, "CKA_EXTRACTABLE": False, "CKA_SIGN": True},
        )

    def test_a_signature_that_is_wrong(self) -> None:
        with self.shim("C_Sign 1 corrupt"):
            result = self.run_program("key", "verify", "--json")
        self.expect(result, 7, "does not verify")
        self.assertFalse(json.loads(result.out)["signatureVerified"])

    def test_a_key_that_may_decrypt_or_come_out(self) -> None:
        kid = self.own["KEY_ID"].encode().hex()
        for kind in ("privkey", "pubkey"):
            self.store.tool("--delete-object", "--type", kind, "--id", kid)
        pem = self.dir / "lax.pem"
        subprocess.run([places.tool("openssl"), "genrsa", "-out", str(pem), "2048"], check=True, capture_output=True)
        label = f"{self.own['SSA_EMAIL'].split('@')[0]} {self.own['KEY_ID']}"
        done = self.store.tool("--write-object", str(pem), "--type", "privkey", "--id", kid, "--label", label,
                               "--usage-sign", "--usage-decrypt", "--extractable")  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        result = self.run_program("key", "verify")
        self.expect(result, 7, "CKA_EXTRACTABLE=true")
        self.assertRegex(result.out, r"CKA_EXTRACTABLE +true, and must be false")
        self.assertRegex(result.out, r"CKA_DECRYPT +true, and must be false")

    def test_a_public_half_of_another_key(self) -> None:
        kid = self.own["KEY_ID"].encode().hex()
        self.store.tool("--delete-object", "--type", "pubkey", "--id", kid)
        pem, der = self.dir / "some.pem", self.dir / "some.der"
        for command in (["genrsa", "-out", str(pem), "2048"],
                        ["rsa", "-in", str(pem), "-pubout", "-outform", "DER", "-out", str(der)]):  # fmt: skip
            subprocess.run([places.tool("openssl"), *command], check=True, capture_output=True, timeout=60)
        done = self.store.tool("--write-object", str(der), "--type", "pubkey", "--id", kid)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.expect(self.run_program("key", "verify"), 7, "belongs to another key")

    def test_without_a_public_half_the_private_ones_numbers_do(self) -> None:
        self.store.tool("--delete-object", "--type", "pubkey", "--id", self.own["KEY_ID"].encode().hex())
        self.expect(self.run_program("key", "verify"), 0)

    def test_a_key_that_is_gone(self) -> None:
        self.store.tool("--delete-object", "--type", "privkey", "--id", self.own["KEY_ID"].encode().hex())
        self.expect(self.run_program("key", "verify"), 6, "does not hold the key", out="")

    def test_a_wrong_pin(self) -> None:
        env = {"SSA_HSM_PIN_SOURCE": "env:WRONG", "WRONG": "0000-wrong"}
        self.expect(self.run_program("key", "verify", env=env), 5, out="")

    def test_a_token_that_is_absent(self) -> None:
        env = {"SSA_HSM_MODULE": "/nowhere/module.so"}
        self.expect(self.run_program("key", "verify", env=env), 4, out="")
