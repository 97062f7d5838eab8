"""The calls: who may make them, what they carry, what they answer."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import math
import threading
import time
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

import assertion
from answers import Answer, Refused, as_json, gateway, oauth, problem
from clock import Clock
from hubs import Hubs
from service import Service
from tokens import AccessTokens, Grant

FORM_TYPE = "application/x-www-form-urlencoded"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ADMIN = "application:service_account"


@dataclass(frozen=True)
class Request:
    method: str
    path: str  # what follows /authentication/v2; of the other APIs, all of it
    headers: Mapping[str, str]
    body: bytes
    query: str = ""


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    scope: str | None = None
    takes_json: bool = False
    as_account: bool = False  # with an account's own access token, else with the client's

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


ROUTES = (
    Route("POST", "/token"),
    Route("POST", "/service-accounts", f"{ADMIN}:write", takes_json=True),
    Route("GET", "/service-accounts", f"{ADMIN}:read"),
    Route("GET", "/service-accounts/{id}", f"{ADMIN}:read"),
    Route("PATCH", "/service-accounts/{id}", f"{ADMIN}:write", takes_json=True),
    Route("DELETE", "/service-accounts/{id}", f"{ADMIN}:write"),
    Route("POST", "/service-accounts/{id}/keys", f"{ADMIN}_key:write"),
    Route("GET", "/service-accounts/{id}/keys", f"{ADMIN}_key:read"),
    Route("PATCH", "/service-accounts/{id}/keys/{kid}", f"{ADMIN}_key:write", takes_json=True),
    Route("DELETE", "/service-accounts/{id}/keys/{kid}", f"{ADMIN}_key:write"),
    Route("GET", "/project/v1/hubs", "data:read", as_account=True),
    Route("GET", "/project/v1/hubs/{id}/projects", "data:read", as_account=True),
    Route("GET", "/construction/admin/v1/projects/{id}/users", "account:read"),
    Route("POST", "/construction/admin/v1/projects/{id}/users", "account:write", takes_json=True),
)
# The APIs that are not below /authentication/v2.
OTHER_APIS = ("/project/v1/", "/construction/admin/v1/")


class RateLimit:
    """So many requests in a sliding window for each endpoint and client, in real time and not the emulated clock's."""

    def __init__(self, requests: int, window: float) -> None:
        self.requests = requests
        self.window = window
        self._seen: dict[tuple[str, str], deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def check(self, endpoint: str, client: str) -> None:
        if not self.requests:
            return
        with self._lock:
            now, seen = time.monotonic(), self._seen[endpoint, client]
            while seen and seen[0] <= now - self.window:
                seen.popleft()
            if len(seen) >= self.requests:
                wait = max(1, math.ceil(seen[0] + self.window - now))
                raise gateway(429, "Quota limit exceeded.", headers={"Retry-After": str(wait)})
            seen.append(now)

    def announce(self, answer: Answer, endpoint: str, client: str) -> Answer:
        """The API tells the requests a minute that it takes, and how many of them are left."""
        if self.requests:
            with self._lock:
                since = time.monotonic() - self.window
                left = self.requests - sum(at > since for at in self._seen[endpoint, client])
            answer.headers.setdefault("ratelimit-value", str(max(1, int(self.requests * 60 / self.window))))
            answer.headers.setdefault("ratelimit-remaining", str(left))
        return answer


class Api:
    def __init__(
        self,
        secret: str,
        audience: str,
        service: Service,
        tokens: AccessTokens,
        clock: Clock,
        limit: RateLimit,
        created_status: int,
        hubs: Hubs,
    ) -> None:
        self._client_id = service.client_id
        self._secret = secret
        self._audience = audience
        self._service = service
        self._tokens = tokens
        self._clock = clock
        self._limit = limit
        self._created = created_status
        self._hubs = hubs

    def answer(self, request: Request) -> Answer:
        answer = self._answer(request)
        try:
            endpoint = find_route(request.method, request.path)[0].name
        except Refused:
            endpoint = ""
        return self._limit.announce(answer, endpoint, self._claimed_client(request))

    def _answer(self, request: Request) -> Answer:
        try:
            route, names = find_route(request.method, request.path)
            self._limit.check(route.name, self._claimed_client(request))
            if route.scope is None:
                return self._token(request)
            grant = self._authorize(request, route)
            body = _body(request, route)
            if route.path.startswith(OTHER_APIS):
                return self._call_of_hubs(route, names, body, request, grant.subject or "")
            return self._call(route, names, body)
        except Refused as refused:
            return refused.answer

    def _call(self, route: Route, names: list[str], body: Any) -> Answer:
        service = self._service
        match route.name:
            case "POST /service-accounts":
                return as_json(self._created, service.create_account(body))
            case "GET /service-accounts":
                return as_json(200, service.list_accounts())
            case "GET /service-accounts/{id}":
                return as_json(200, service.show_account(*names))
            case "PATCH /service-accounts/{id}":
                return as_json(200, service.set_account_status(*names, body))
            case "DELETE /service-accounts/{id}":
                service.delete_account(*names)
            case "POST /service-accounts/{id}/keys":
                return as_json(self._created, service.create_key(*names))
            case "GET /service-accounts/{id}/keys":
                return as_json(200, service.list_keys(*names))
            case "PATCH /service-accounts/{id}/keys/{kid}":
                service.set_key_status(*names, body)
            case "DELETE /service-accounts/{id}/keys/{kid}":
                service.delete_key(*names)
        return Answer(204)

    def _call_of_hubs(self, route: Route, names: list[str], body: Any, request: Request, account: str) -> Answer:
        hubs, query = self._hubs, dict(parse_qsl(request.query))
        asked = {name: request.headers[name] for name in ("User-Id", "Region") if name in request.headers}
        match route.name:
            case "GET /project/v1/hubs":
                return as_json(200, hubs.list_hubs(account))
            case "GET /project/v1/hubs/{id}/projects":
                return as_json(200, hubs.list_projects(account, unquote(names[0]), int(query.get("page[limit]", "200"))))
            case "GET /construction/admin/v1/projects/{id}/users":
                return as_json(200, hubs.find_members(names[0], asked, query.get("filter[email]", "")))
        return hubs.add_member(names[0], asked, body)

    def _token(self, request: Request) -> Answer:
        form = _form(request)
        self._authenticate(request, form)
        grant = form.get("grant_type")
        if grant == "client_credentials":
            if "assertion" in form:
                raise oauth(400, "invalid_request", "client_credentials takes no assertion")
            scopes = _scopes(form.get("scope", ""))
            return as_json(200, self._tokens.issue(self._client_id, None, scopes))
        if grant == JWT_BEARER:
            return self._exchange(form)
        raise oauth(400, "unsupported_grant_type" if grant else "invalid_request", "grant_type is missing or unknown")

    def _exchange(self, form: dict[str, str]) -> Answer:
        if not form.get("assertion"):
            raise oauth(400, "invalid_request", "assertion is missing")
        expected = assertion.Expected(self._client_id, self._audience, self._clock.now())
        try:
            kid, claims = assertion.verify(form["assertion"], expected, self._service.assertion_key)
        except assertion.Invalid as why:
            raise oauth(400, "invalid_grant", str(why)) from None
        scopes = _scopes(form["scope"]) if "scope" in form else claims["scope"]
        if not set(scopes) <= set(claims["scope"]):
            raise oauth(400, "invalid_scope", "the body's scope is no subset of the assertion's")
        self._tokens.note_assertion(form["assertion"])
        self._service.touch(claims["sub"], kid)
        return as_json(200, self._tokens.issue(self._client_id, claims["sub"], scopes))

    def _authenticate(self, request: Request, form: dict[str, str]) -> None:
        header = request.headers.get("Authorization")
        in_body = "client_id" in form or "client_secret" in form
        if header is not None and in_body:
            raise oauth(400, "invalid_request", "credentials stand in the header and in the body")
        given = (form.get("client_id", ""), form.get("client_secret", "")) if in_body else _basic(header)
        pairs = zip(given or ("", ""), (self._client_id, self._secret), strict=True)
        if not all([hmac.compare_digest(mine.encode(), theirs.encode()) for mine, theirs in pairs]):
            raise gateway(401, "The client_id or client_secret is wrong.", "AUTH-003")

    def _authorize(self, request: Request, route: Route) -> Grant:
        grant = self._tokens.find(_bearer(request) or "")
        if grant is None:
            raise gateway(401, "The access token is missing, unknown or expired.", "AUTH-006")
        if (grant.subject is not None) != route.as_account or route.scope not in grant.scopes:
            raise gateway(403, "Token does not have the privilege for this request.", "AUTH-010")
        return grant

    def _claimed_client(self, request: Request) -> str:
        """Whose quota a request counts on: the gateway counts before anything is checked."""
        if grant := self._tokens.find(_bearer(request) or ""):
            return grant.client_id
        if basic := _basic(request.headers.get("Authorization")):
            return basic[0]
        return dict(parse_qsl(request.body.decode("latin-1"))).get("client_id", "")


def find_route(method: str, path: str) -> tuple[Route, list[str]]:
    """The route and what stands for {id} and {kid}."""
    parts = path.split("/")
    allowed = []
    for route in ROUTES:
        wanted = route.path.split("/")
        if len(wanted) == len(parts) and all(w == p or (w[:1] == "{" and p) for w, p in zip(wanted, parts)):
            if route.method == method:
                return route, [p for w, p in zip(wanted, parts) if w[:1] == "{"]
            allowed.append(route.method)
    if allowed:
        raise gateway(405, "Method not allowed.", headers={"Allow": ", ".join(allowed)})
    raise gateway(404, "The requested resource does not exist.")


def _body(request: Request, route: Route) -> dict[str, Any] | None:
    if not route.takes_json:
        if request.body:
            raise problem(400, "invalid_request", "This call takes no body.")
        return None
    if _media_type(request) != "application/json":
        raise problem(400, "invalid_request", "The body must be application/json.")
    try:
        value = json.loads(request.body.decode("utf-8"))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise problem(400, "invalid_request", "The body is not a JSON object.")
    return value


def _form(request: Request) -> dict[str, str]:
    if _media_type(request) != FORM_TYPE:
        raise oauth(400, "invalid_request", f"the body must be {FORM_TYPE}")
    try:
        fields = parse_qsl(
            request.body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=16,
        )
    except ValueError:
        raise oauth(400, "invalid_request", "the form is malformed") from None
    form = dict(fields)
    if len(form) != len(fields):
        raise oauth(400, "invalid_request", "a form field stands twice")  # RFC 6749, 3.2
    if unknown := form.keys() - {"grant_type", "scope", "assertion", "client_id", "client_secret"}:
        raise oauth(400, "invalid_request", f"unknown form field {', '.join(sorted(unknown))}")
    return form


def _scopes(text: str) -> list[str]:
    scopes = text.split(" ")
    if not all(assertion.SCOPE_TOKEN.fullmatch(scope) for scope in scopes):
        raise oauth(400, "invalid_scope", "scope is missing, empty or malformed")
    return scopes


def _basic(header: str | None) -> tuple[str, str] | None:
    kind, _, value = (header or "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        return None
    return (user, password) if colon else None


def _bearer(request: Request) -> str | None:
    kind, _, value = (request.headers.get("Authorization") or "").partition(" ")
    return value if kind.lower() == "bearer" else None


def _media_type(request: Request) -> str:
    return (request.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
