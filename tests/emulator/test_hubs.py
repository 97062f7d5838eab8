"""Hubs: who sees them, who may add a member, and what is refused."""

from __future__ import annotations

import json
import unittest
from typing import Any

from harness import Emulator, Reply, sign

ADMIN = "ADMIN1"
READ_WRITE = "account:read account:write"


class Hubs(unittest.TestCase):
    def setUp(self) -> None:
        self.emulator = Emulator()
        self.addCleanup(self.emulator.stop)
        self.made = self.emulator.control("POST", "accounts", name="some-account", keys=1)
        self.hub = self.emulator.control(
            "POST", "hubs", name="Company", admins=[ADMIN], projects=[{"name": "P"}, {"name": "Old", "platform": "bim360"}]
        )
        self.project, self.old = self.hub["projects"]

    def integrate(self) -> None:
        self.emulator.control("POST", "integration", hub=self.hub["hub"], integrated=True)

    def own_token(self, scope: str = "data:read") -> str:
        account, kid = self.made["serviceAccountId"], self.made["keys"][0]
        claims = self.emulator.claims(account, scope=[scope])
        return str(self.emulator.exchange(sign(self.emulator.issued(kid), kid, claims)).json["access_token"])

    def get(self, path: str, token: str) -> Reply:
        return self.emulator.send("GET", path, None, {"Authorization": f"Bearer {token}"})

    def add(self, project: str, body: dict[str, Any] | None = None, scope: str = READ_WRITE, **headers: str) -> Reply:
        body = body or {"email": self.made["email"], "products": [{"key": "docs", "access": "member"}]}
        return self.emulator.send(
            "POST",
            f"/construction/admin/v1/projects/{project}/users",
            json.dumps(body).encode(),
            {
                "Authorization": f"Bearer {self.emulator.admin(scope)}",
                "Content-Type": "application/json",
                **{name.replace("_", "-"): value for name, value in {"User_Id": ADMIN, **headers}.items()},
            },
        )

    def warnings(self) -> set[str]:
        answer = self.get("/project/v1/hubs", self.own_token()).json
        return {w["HttpStatusCode"] for w in answer.get("meta", {}).get("warnings", [])}

    def test_the_app_first_then_the_account(self) -> None:
        self.assertEqual(self.warnings(), {"403"})
        self.assertEqual(self.add(self.project).status, 403)
        self.integrate()
        self.assertEqual(self.warnings(), {"401", "403"})
        self.assertEqual(self.add(self.project).status, 201)
        (hub,) = self.get("/project/v1/hubs", self.own_token()).json["data"]
        (project,) = self.get(f"/project/v1/hubs/{hub['id']}/projects", self.own_token()).json["data"]
        self.assertEqual((hub["id"], project["id"]), (self.hub["hub"], f"b.{self.project}"))

    def test_refusals(self) -> None:
        self.integrate()
        good = {"email": self.made["email"], "products": [{"key": "docs", "access": "member"}]}
        for status, reply in (
            (404, self.add("unknown")),
            (400, self.add(f"b.{self.project}")),
            (404, self.add(self.old)),
            (403, self.add(self.project, User_Id="SOMEBODY")),
            (404, self.add(self.project, Region="EMEA")),
            (400, self.add(self.project, Region="MOON")),
            (403, self.add(self.project, scope="account:read")),
            (400, self.add(self.project, {**good, "email": "x"})),
            (400, self.add(self.project, {**good, "products": []})),
            (400, self.add(self.project, {**good, "products": [{"key": "docs", "access": "owner"}]})),
            (400, self.add(self.project, {**good, "products": [{"key": "cost", "access": "member"}]})),
            (201, self.add(self.project, Region="US")),
            (409, self.add(self.project)),
        ):
            self.assertEqual(reply.status, status, reply.body)

    def test_each_kind_of_access_token_has_its_own_calls(self) -> None:
        self.integrate()
        self.assertEqual(self.get("/project/v1/hubs", self.emulator.admin("data:read")).status, 403)
        self.assertEqual(self.get("/project/v1/hubs", self.own_token("data:write")).status, 403)
        self.assertEqual(self.get(f"/construction/admin/v1/projects/{self.project}/users", self.own_token()).status, 403)
        self.assertEqual(self.get("/authentication/v2/project/v1/hubs", self.own_token()).status, 404)


if __name__ == "__main__":
    unittest.main()
