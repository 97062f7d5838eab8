"""Hubs and their projects: who sees them, and who may add a member."""

from __future__ import annotations

import re
import threading
import uuid
from dataclasses import dataclass, field
from typing import Any

from answers import Answer, Refused, as_json, problem
from service import Service

PRODUCTS = {
    "build", "docs", "takeoff", "cost", "autoSpecs", "financials", "buildingConnected", "capitalPlanning",
    "accountAdministration", "workshopxr", "insight", "projectAdministration", "modelCoordination",
    "designCollaboration", "cloudWorksharing",
}  # fmt: skip
ACCESSES = {"administrator", "member", "none"}
REGIONS = {"US", "EMEA", "AUS", "CAN", "DEU", "IND", "JPN", "GBR"}
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass
class Project:
    id: str  # without "b."
    name: str
    platform: str = "acc"  # or "bim360"
    products: set[str] = field(default_factory=lambda: {"docs", "build", "projectAdministration"})
    members: dict[str, dict[str, Any]] = field(default_factory=dict)  # by email in lower case


@dataclass
class Hub:
    id: str  # with "b."
    name: str
    region: str = "US"
    integrated: bool = False  # whether the app is under Custom Integrations
    admins: set[str] = field(default_factory=set)  # users' ids
    projects: dict[str, Project] = field(default_factory=dict)


class Hubs:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._hubs: list[Hub] = []
        self._lock = threading.RLock()

    def add(
        self,
        name: str,
        region: str = "US",
        integrated: bool = False,
        admins: list[str] | None = None,
        projects: list[dict[str, Any]] | None = None,
    ) -> dict[str, Any]:
        """A hub as its administrator set it up. A project: name, and any of platform, products, members."""
        if region not in REGIONS:
            raise ValueError(f"region is one of {', '.join(sorted(REGIONS))}")
        hub = Hub(f"b.{uuid.uuid4()}", name, region, integrated, set(admins or []))
        for members in projects or []:
            project = Project(str(uuid.uuid4()), **{**members, "members": {}})
            project.products = set(project.products)
            for email in members.get("members", []):
                project.members[email.lower()] = _member(email, [{"key": "docs", "access": "member"}])
            hub.projects[project.id] = project
        with self._lock:
            self._hubs.append(hub)
        return {"hub": hub.id, "projects": list(hub.projects)}

    def change(self, hub: str, integrated: bool) -> None:
        """Adds the app under Custom Integrations, or removes it."""
        with self._lock:
            self._hub(hub).integrated = integrated

    def state(self) -> list[dict[str, Any]]:
        with self._lock:
            return [
                {
                    "id": hub.id,
                    "integrated": hub.integrated,
                    "projects": {p.id: list(p.members.values()) for p in hub.projects.values()},
                }
                for hub in self._hubs
            ]

    def clean(self) -> None:
        with self._lock:
            self._hubs.clear()

    # ---- what an account sees with its own access token ----

    def list_hubs(self, account_id: str) -> dict[str, Any]:
        with self._lock:
            seen = [hub for hub in self._hubs if hub.integrated and self._projects_of(hub, account_id)]
            answer: dict[str, Any] = {"jsonapi": {"version": "1.0"}, "links": {"self": {"href": "/project/v1/hubs"}}}
            answer["data"] = [
                {
                    "type": "hubs",
                    "id": hub.id,
                    "attributes": {
                        "name": hub.name,
                        "extension": {"type": "hubs:autodesk.bim360:Account", "version": "1.0", "data": {}},
                        "region": hub.region,
                    },
                }
                for hub in seen
            ]
            if warnings := self._warnings(seen):
                answer["meta"] = {"warnings": warnings}
            return answer

    def _warnings(self, seen: list[Hub]) -> list[dict[str, Any]]:
        """The service asks each region; of one where nothing is seen it says why, and answers 200."""
        warnings = []
        for region in ("US", "EMEA"):
            if any(hub.region == region for hub in seen):
                continue
            known = any(hub.region == region and hub.integrated for hub in self._hubs)
            detail = (
                "You do not have permission to access this project. Please contact your project administrator if "
                "you believe you have received this message in error."
                if known
                else "You don't have permission to access this API"
            )
            warnings.append(
                {
                    "Id": None,
                    "HttpStatusCode": "401" if known else "403",
                    "ErrorCode": "BIM360DM_ERROR",
                    "Title": f"Unable to get hubs from BIM360DM {region}.",
                    "Detail": detail,
                    "AboutLink": None,
                    "Source": [],
                    "meta": [],
                }
            )
        return warnings

    def list_projects(self, account_id: str, hub_id: str, limit: int) -> dict[str, Any]:
        with self._lock:
            hub = next((hub for hub in self._hubs if hub.id == hub_id), None)
            projects = self._projects_of(hub, account_id) if hub and hub.integrated else []
            if not hub or not projects:
                raise _jsonapi(403, "You don't have permission to access this API")
            base = f"/project/v1/hubs/{hub_id}/projects"
            links = {"self": {"href": base}}
            if len(projects) > limit:
                links["next"] = {"href": f"{base}?page%5Bnumber%5D=1&page%5Blimit%5D={limit}"}
            data = [
                {
                    "type": "projects",
                    "id": f"b.{project.id}",
                    "attributes": {"name": project.name, "scopes": [f"b360project.{project.id}"]},
                    "relationships": {"hub": {"data": {"type": "hubs", "id": hub_id}}},
                }
                for project in projects[:limit]
            ]
            return {"jsonapi": {"version": "1.0"}, "links": links, "data": data}

    def _projects_of(self, hub: Hub, account_id: str) -> list[Project]:
        email = self._email(account_id)
        return [project for project in hub.projects.values() if email in project.members]

    def _email(self, account_id: str) -> str:
        return next((a["email"] for a in self._service.state() if a["serviceAccountId"] == account_id), "").lower()

    # ---- what an administrator does, or the app for one ----

    def find_members(self, project_id: str, asked: dict[str, str], email: str) -> dict[str, Any]:
        """The filter finds emails that contain the text, as the service's does unless it is told otherwise."""
        with self._lock:
            project = self._administered(project_id, asked)
            found = [m for key, m in project.members.items() if email.lower() in key]
            return {"pagination": {"limit": 20, "offset": 0, "totalResults": len(found)}, "results": found}

    def add_member(self, project_id: str, asked: dict[str, str], body: dict[str, Any]) -> Answer:
        with self._lock:
            project = self._administered(project_id, asked)
            if project.platform != "acc":
                raise _admin(404, "The project is not an ACC project.")
            email, products = self._checked(project, body)
            if email.lower() in project.members:
                raise _admin(409, "The user is a member of the project already.")
            member = project.members[email.lower()] = _member(email, products)
            return as_json(201, member)

    def _administered(self, project_id: str, asked: dict[str, str]) -> Project:
        """asked: the headers User-Id and Region."""
        region = asked.get("Region", "")
        if region and region not in REGIONS:
            raise _admin(400, "The region is not known.")
        if "User-Id" not in asked:
            raise _admin(400, "The header User-Id is missing.")
        if project_id.startswith("b."):
            raise _admin(400, "The project's id is not a UUID.")
        hub = next((hub for hub in self._hubs if project_id in hub.projects), None)
        if hub is None or region not in ("", hub.region):
            raise _admin(404, "The project does not exist.")
        if not hub.integrated:
            raise _admin(403, "The app is not provisioned for this account.")
        if asked["User-Id"] not in hub.admins:
            raise _admin(403, "The user is not an administrator of the project.")
        return hub.projects[project_id]

    def _checked(self, project: Project, body: dict[str, Any]) -> tuple[str, list[dict[str, str]]]:
        if unknown := body.keys() - {"email", "products", "companyId", "roleIds"}:
            raise _admin(400, f"Unknown: {', '.join(sorted(unknown))}.")
        email, products = body.get("email"), body.get("products")
        if not isinstance(email, str) or not EMAIL.fullmatch(email):
            raise _admin(400, "The email is not valid.")
        if not isinstance(products, list) or not products:
            raise _admin(400, "The products are missing.")
        for product in products:
            if not isinstance(product, dict) or product.keys() != {"key", "access"}:
                raise _admin(400, "A product has key and access.")
            if product["key"] not in PRODUCTS or product["access"] not in ACCESSES:
                raise _admin(400, f"The product {product['key']}={product['access']} is not known.")
            if product["key"] not in project.products:
                raise _admin(400, f"The product {product['key']} is not active in the project.")
        return email, products

    def _hub(self, hub_id: str) -> Hub:
        for hub in self._hubs:
            if hub.id == hub_id:
                return hub
        raise ValueError("there is no such hub")


def _member(email: str, products: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "email": email,
        "name": email.partition("@")[0],
        "status": "active",  # an account need not accept
        "accessLevels": {"accountAdmin": False, "projectAdmin": False, "executive": False},
        "products": products,
        "roleIds": [],
    }


def _admin(status: int, detail: str) -> Refused:
    titles = {400: "Bad Request", 403: "Forbidden", 404: "Not Found", 409: "Conflict"}
    return problem(status, titles[status], detail)


def _jsonapi(status: int, detail: str) -> Refused:
    return Refused(
        status,
        {
            "jsonapi": {"version": "1.0"},
            "errors": [{"id": str(uuid.uuid4()), "status": str(status), "code": "BIM360DM_ERROR", "detail": detail}],
        },
    )
