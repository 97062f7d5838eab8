"""account provision: what a person must do, what the API does, and whether the account sees a hub then."""

from __future__ import annotations

import json
import re
from typing import Any

import suggesting
from fault_support import eventually
from harness import Case, Result

TOKEN = "POST /token"
HUBS = "GET /project/v1/hubs"
ADMIN = "ADMIN1234567"


class ProvisionCase(Case):
    def setUp(self) -> None:
        super().setUp()
        self.own = self.provisioned()
        self.email = self.own["SSA_EMAIL"]

    def hub(self, integrated: bool = True, **members: Any) -> str:
        """Makes a hub with one project, and gives the project's id."""
        project = {"name": "Tower Ö", **members.pop("project", {})}
        made = self.api.control(
            "POST", "hubs", name="Company", integrated=integrated, admins=[ADMIN], projects=[project], **members
        )
        self.hub_id = made["hub"]
        return str(made["projects"][0])

    def members(self, project: str) -> list[dict[str, Any]]:
        hubs = self.api.control("GET", "state")["hubs"]
        return list(next(hub["projects"][project] for hub in hubs if project in hub["projects"]))

    def add(self, project: str, *more: object, admin: str = ADMIN) -> Result:
        return self.run_program("account", "provision", "--project", project, "--admin-user", admin, *more)

    def users(self, project: str) -> str:
        return f"/construction/admin/v1/projects/{project}/users"


class Steps(ProvisionCase):
    def test_the_app_first_then_the_email_and_nothing_is_asked(self) -> None:
        result = self.expect(self.run_program("account", "provision"), 0)
        self.assertLess(result.out.index("Custom Integrations"), result.out.index(self.email))
        self.assertLess(result.out.index(self.env["APS_CLIENT_ID"]), result.out.index(self.email))
        # Each stands alone on its line, to be pasted.
        for text in (self.env["APS_CLIENT_ID"], self.email):
            self.assertRegex(result.out, rf"(?m)^ +{re.escape(text)}$")
        self.assertEqual(self.api.asked(), [])

    def test_commands_in_it_are_about_the_same_profile(self) -> None:
        self.profile_path().rename(self.profile_path("an"))
        result = self.expect(self.run_program("account", "provision", "-p", "an"), 0)
        self.assertRegex(result.out, r"(?m)^ +ssa-hsm account provision --check --profile an$")
        # To a shell they would be a command's output.
        self.assertNotIn("`", result.out)
        found = re.search(r"(?m)^ +(ssa-hsm account provision --project .*)$", result.out)
        assert found
        self.type_into_shell(found[1].replace("PROJECT", self.hub()).replace("USER", ADMIN))
        self._pasted.add(suggesting.kind(found[1]))

    def test_an_account_that_is_not_the_settings_own(self) -> None:
        other = self.api.control("POST", "accounts", name="other-account")
        for named in (other["serviceAccountId"], other["email"]):
            self.assertIn(other["email"], self.expect(self.run_program("account", "provision", named), 0).out)
        self.expect(self.run_program("account", "provision", "nobody@example.com"), 10, "no such account")

    def test_json(self) -> None:
        result = self.expect(self.run_program("account", "provision", "--json"), 0)
        self.assertEqual(json.loads(result.out), {"clientId": self.env["APS_CLIENT_ID"], "email": self.email})

    def test_making_an_account_says_what_comes_next_and_promises_nothing(self) -> None:
        result = self.run_program("account", "create", "service", "next-step", "--profile", "new", "--import", "plain")
        self.expect(result, 0, "Custom Integrations", "`ssa-hsm account provision --profile new`")
        self.assertNotIn("Fusion", result.err)


class Adding(ProvisionCase):
    def test_adds_looks_before_and_sees_the_hub_then(self) -> None:
        project = self.hub()
        result = self.expect(self.add(project), 0, f"{self.email} is added to project {project}", "docs=member", out="")
        self.assertEqual(self.api.asked(), [TOKEN, f"GET {self.users(project)}", f"POST {self.users(project)}"])
        self.assertEqual(self.api.requests()[0]["scope"], "account:read account:write")
        self.assertIn("User-Id", self.api.requests()[2]["header_names"])
        (member,) = self.members(project)
        self.assertEqual((member["email"], member["products"]), (self.email, [{"key": "docs", "access": "member"}]))
        seen = self.paste(result, "ssa-hsm account provision --check")
        self.assertIn("Tower Ö", seen.out)

    def test_a_second_time_nothing_is_changed(self) -> None:
        project = self.hub()
        self.expect(self.add(project), 0)
        self.api.forget_requests()
        self.expect(self.add(project), 0, "was already in", "(active)")
        self.assertEqual(self.api.asked(), [TOKEN, f"GET {self.users(project)}"])

    def test_another_member_whose_email_contains_this_one_is_not_it(self) -> None:
        project = self.hub(project={"members": [f"x{self.email}", "somebody@example.com"]})
        self.expect(self.add(project), 0, "is added")
        self.assertEqual(len(self.members(project)), 3)

    def test_other_products_are_for_a_person_to_change(self) -> None:
        project = self.hub(project={"members": [self.email]})
        result = self.add(project, "--product", "docs=administrator")
        self.expect(result, 10, "already, with docs=member and not docs=administrator", "nothing was changed", self.email)
        self.expect(self.add(project, "--product", "docs=member", "--product", "build=member"), 10, "build=none")
        self.assertNotIn(f"POST {self.users(project)}", self.api.asked())

    def test_products_of_any_case_region_and_prefix(self) -> None:
        project = self.hub(region="EMEA")
        self.expect(self.add("b." + project, "--product", "DOCS=Member", "--product=build=administrator", "--region", "emea"), 0)  # fmt: skip
        self.assertEqual(
            self.members(project)[0]["products"],
            [{"key": "docs", "access": "member"}, {"key": "build", "access": "administrator"}],
        )
        self.assertIn("Region", self.api.requests()[1]["header_names"])

    def test_what_is_wrong_on_the_line_is_asked_of_nobody(self) -> None:
        for more, words in (
            (["--product", "dosc=member"], ("dosc=member", "docs")),
            (["--product", "docs=owner"], ("docs=owner", "administrator")),
            (["--product", "docs"], ("PRODUCT=ACCESS",)),
            (["--product", "docs=member", "--product", "docs=none"], ("twice",)),
            (["--region", "MOON"], ("MOON", "EMEA")),
        ):
            self.expect(self.add("some-project", *more), 2, *words)
        self.expect(self.add("../x"), 2, "not a valid id")
        self.expect(self.add("p", admin="a\r\nX: y"), 2, "not a valid id")
        self.expect(self.run_program("account", "provision", "--project", "p"), 2, "--admin-user")
        self.expect(self.run_program("account", "provision", "--product", "docs=member"), 2, "--project")
        self.expect(self.run_program("account", "provision", "--project", "p", "--check"), 2, "--check")
        self.assertEqual(self.api.asked(), [])

    def test_an_account_by_id_and_by_email(self) -> None:
        project = self.hub()
        other = self.api.control("POST", "accounts", name="other-account")
        self.expect(self.add(project, other["serviceAccountId"]), 0, other["email"])
        self.expect(self.add(project, other["email"]), 0, "was already in")
        self.assertEqual([m["email"] for m in self.members(project)], [other["email"]])

    def test_json(self) -> None:
        project = self.hub()
        found = [json.loads(self.expect(self.add(project, "--json"), 0).out) for _ in range(2)]
        wanted = {
            "serviceAccountId": self.own["SERVICE_ACCOUNT_ID"],
            "email": self.email,
            "projectId": project,
            "status": None,
            "changed": True,
            "products": [{"key": "docs", "access": "member"}],
        }
        self.assertEqual(found[0], wanted)
        self.assertEqual(found[1], {**wanted, "status": "active", "changed": False})

    def test_the_audit_trail_has_it(self) -> None:
        project = self.hub()
        self.expect(self.add(project, "--product", "build=member"), 0)
        self.expect(self.add("11111111-2222"), 10)
        self.api.fault("status", method="POST", path=self.users("*"), status=403)
        self.expect(self.add(self.hub()), 10)
        done, failed = json.loads(self.run_program("history", "--json").out)[-2:]
        self.assertEqual(
            [done[n] for n in ("operation", "outcome", "serviceAccountId", "email", "projectId", "note")],
            ["account provision", "done", self.own["SERVICE_ACCOUNT_ID"], self.email, project, "build=member"],
        )
        self.assertEqual((failed["operation"], failed["outcome"]), ("account provision", "failed"))


class Refusals(ProvisionCase):
    def test_an_app_that_is_not_under_custom_integrations(self) -> None:
        self.expect(self.add(self.hub(integrated=False)), 10, "not provisioned", "Custom Integrations")

    def test_a_user_who_is_no_administrator(self) -> None:
        self.expect(self.add(self.hub(), admin="SOMEBODY"), 10, "not an administrator", "--admin-user")

    def test_a_project_that_is_not_there_or_elsewhere_or_of_bim_360(self) -> None:
        self.expect(self.add("11111111-2222-3333-4444-555555555555"), 10, "does not exist", "BIM 360", "--region")
        self.expect(self.add(self.hub(region="EMEA"), "--region", "US"), 10, "does not exist", "--region")
        self.expect(self.add(self.hub(project={"platform": "bim360"})), 10, "not an ACC project", "invites")

    def test_a_product_that_the_project_does_not_have(self) -> None:
        self.expect(self.add(self.hub(), "--product", "cost=member"), 10, "cost is not active", "--product")

    def test_a_conflict(self) -> None:
        project = self.hub(project={"members": [self.email]})
        self.api.fault("replace", method="GET", path=self.users("*"), body={"results": []})
        self.expect(self.add(project), 10, "a member of the project already", "administrator")

    def test_an_answer_that_is_lost_is_asked_for(self) -> None:
        project = self.hub()
        self.api.fault("drop", method="POST", path=self.users("*"), times=2)
        self.expect(self.add(project), 0, "is added")
        self.assertEqual(self.api.asked()[-1], f"GET {self.users(project)}")
        self.assertEqual(len(self.members(project)), 1)

    def test_an_answer_that_is_lost_and_was_not_done_stays_unknown(self) -> None:
        project = self.hub()
        self.api.fault("status", method="POST", path=self.users("*"), status=503, body="down")
        self.expect(self.add(project), 8, "adding the account to the project failed", "down", "later")
        self.assertEqual(json.loads(self.run_program("history", "--json").out)[-1]["outcome"], "unknown")

    def test_one_that_was_killed_is_told_of_and_settled(self) -> None:
        project = self.hub()
        self.api.fault("hang-after", method="POST", path=self.users("*"), seconds=20)
        with self.start(self.argv("account", "provision", "--project", project, "--admin-user", ADMIN)) as process:
            eventually(lambda: len(self.members(project)) == 1, "the account is added")
            process.kill()
            process.communicate()
        self.expect(self.run_program("account", "list"), 0, "`account provision`", "was interrupted", "key recover")
        self.expect(self.run_program("key", "recover"), 0, "may have been carried out", "provision --check")
        last = json.loads(self.run_program("history", "--json").out)[-1]
        self.assertEqual((last["outcome"], last["projectId"]), ("unknown", project))
        self.expect(self.add(project), 0, "was already in")

    def test_the_rate_limit(self) -> None:
        self.api.fault("status", path=self.users("*"), status=429, times=0, headers={"Retry-After": "70"})
        self.expect(self.add(self.hub(), "--timeout", "5"), 11, "rate-limited", "70 s", "--timeout")

    def test_an_answer_of_something_else(self) -> None:
        for body in ("<html>hello</html>", {"members": []}, {"results": 7}, "", {"results": [{"products": [{}] * 33}]}):
            self.api.fault("replace", method="GET", path=self.users("*"), body=body)
            self.expect(self.add(self.hub()), 8, "is unusable")


class Check(ProvisionCase):
    def check(self, *more: object) -> Result:
        return self.run_program("account", "provision", "--check", *more)

    def test_what_the_account_sees(self) -> None:
        project = self.hub(project={"members": [self.email]})
        result = self.expect(self.check(), 0)
        self.assertRegex(result.out, rf"hub +Company +{re.escape(self.hub_id)} +US\n")
        self.assertRegex(result.out, rf"project +Tower Ö +b\.{project}\n")
        self.assertEqual(self.api.asked(), [TOKEN, HUBS, f"{HUBS}/{self.hub_id}/projects"])
        self.assertEqual(self.api.requests()[0]["assertion"]["claims"]["scope"], ["data:read"])

    def test_json(self) -> None:
        project = self.hub(project={"members": [self.email]})
        self.assertEqual(
            json.loads(self.expect(self.check("--json"), 0).out),
            {
                "serviceAccountId": self.own["SERVICE_ACCOUNT_ID"],
                "email": self.email,
                "more": False,
                "hubs": [
                    {
                        "id": self.hub_id,
                        "name": "Company",
                        "region": "US",
                        "more": False,
                        "projects": [{"id": f"b.{project}", "name": "Tower Ö"}],
                    }
                ],
            },
        )

    def test_more_projects_than_are_shown(self) -> None:
        projects = [{"name": f"P{n}", "members": [self.email]} for n in range(51)]
        self.api.control("POST", "hubs", name="Large", integrated=True, projects=projects)
        result = self.expect(self.check(), 0, out=None)
        self.assertEqual(result.out.count("  project "), 50)
        self.assertIn("and others", result.out)

    def test_the_app_is_missing(self) -> None:
        self.hub(integrated=False, project={"members": [self.email]})
        result = self.expect(self.check(), 10, "the app is in none", f"client id {self.env['APS_CLIENT_ID']}", "account provision")
        self.assertIn(self.email, self.paste(result, "ssa-hsm account provision").out)
        self.api.control("POST", "integration", hub=self.hub_id, integrated=True)
        self.expect(self.check(), 0)

    def test_the_invitation_is_missing(self) -> None:
        self.hub()
        self.expect(self.check(), 10, "the account is not invited", f"invites {self.email}")

    def test_neither_is_told(self) -> None:
        self.api.fault("replace", path="/project/v1/hubs", body={"data": []})
        self.expect(self.check(), 10, "sees no hub", "Custom Integrations", self.email)

    def test_the_key_must_be_the_account_s(self) -> None:
        other = self.api.control("POST", "accounts", name="other-account")
        self.expect(self.check(other["serviceAccountId"]), 3, "do not have this account's key", "--profile")
        self.expect(self.check(self.email), 10)
        self.assertNotIn("GET /service-accounts", self.api.asked())

    def test_refusals(self) -> None:
        self.hub(project={"members": [self.email]})
        for status, code, word in ((401, 9, "access token was refused"), (403, 10, "Custom Integrations"),
                                   (500, 8, "later"), (404, 10, "SSA_HSM_BASE_URL")):  # fmt: skip
            self.api.fault("status", path="/project/v1/hubs", status=status, times=0, body={"developerMessage": "No."})
            self.expect(self.check("--timeout", "2"), code, "asking for the hubs", "No.", word)
            self.api.control("POST", "clear")
        self.api.fault("status", path="/project/v1/hubs/*", status=403)
        result = self.expect(self.check(), 0, "warning", "asking for the hub's projects", self.hub_id)
        self.assertIn("Company", result.out)

    def test_no_text_of_the_service_moves_the_cursor(self) -> None:
        body = {"data": [{"id": "b.x", "attributes": {"name": "A\x1b[2JB", "region": "US"}}]}
        self.api.fault("replace", path="/project/v1/hubs", body=body)
        self.api.fault("status", path="/project/v1/hubs/*", status=200, body={"data": []})
        result = self.expect(self.check(), 0, "no project of it")
        self.assertIn("A?[2JB", result.out)

    def test_the_access_token_is_in_no_output(self) -> None:
        self.hub(project={"members": [self.email]})
        result = self.check("-v")
        token = (self.api.dir / "access-tokens").read_text().splitlines()[-1]
        self.assertNotIn(token, result.out + result.err)
