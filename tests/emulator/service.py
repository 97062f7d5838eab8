"""Accounts and keys, and the provider's rules about them."""

from __future__ import annotations

import re
import secrets
import string
import threading
import uuid
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

import clock as clocks
from answers import Refused, problem
from assertion import Invalid
from keys import KeyMaker

MAX_ACCOUNTS = 10
MAX_KEYS = 3
IDLE_NS = 365 * 24 * 3600 * clocks.NS
ENABLED, DISABLED, DEACTIVATED = "ENABLED", "DISABLED", "DEACTIVATED"

# A refusal's status and title: as documented, and as they say no more than the status.
DOCUMENTED = {
    "request": (400, "invalid_request"),
    "state": (400, "invalid_request"),
    "exists": (400, "invalid_request"),
    "limit": (403, "limit_exceeded"),
    "missing": (404, "not_found"),
}
MUTE = {
    "request": (400, "Bad Request"),
    "state": (403, "Forbidden"),
    "exists": (409, "Conflict"),
    "limit": (403, "Forbidden"),
    "missing": (404, "Not Found"),
}

# The published description, and the naming guidelines, which know no underscore that is forbidden.
STRICT_NAMES = {
    "name": re.compile(r"[A-Za-z0-9-]{5,100}"),
    "firstName": re.compile(r"[A-Za-z0-9_-]{5,100}"),
    "lastName": re.compile(r"[A-Za-z0-9-]{5,100}"),
}
NAMES = dict.fromkeys(STRICT_NAMES, re.compile(r"[A-Za-z0-9_-]{5,100}"))
# The provider does not publish its list; one harmless word stands for it.
UNSEEMLY = ("unseemly",)


@dataclass
class Key:
    kid: str
    public: RSAPublicKey | None
    created: int
    accessed: int
    status: str = ENABLED


@dataclass
class Account:
    id: str
    name: str
    created: int
    accessed: int
    status: str = ENABLED
    keys: dict[str, Key] = field(default_factory=dict)


class Service:
    """One client's accounts. Every public method holds the lock, so that a limit cannot be passed by two at once."""

    def __init__(self, client_id: str, clock: clocks.Clock, maker: KeyMaker, strict_names: bool = False) -> None:
        self.client_id = client_id
        self.refusals = DOCUMENTED
        self._names = STRICT_NAMES if strict_names else NAMES
        self._clock = clock
        self._maker = maker
        self._accounts: dict[str, Account] = {}
        self._kept: dict[str, Account] = {}
        self._lock = threading.RLock()

    def create_account(self, names: dict[str, Any]) -> dict[str, str]:
        self._check_names(names)
        with self._lock:
            if len(self._accounts) >= MAX_ACCOUNTS:
                raise self._refusal("limit", f"The client has {MAX_ACCOUNTS} service accounts already.")
            account = self._add(names["name"], self._clock.now_ns())
            return {"serviceAccountId": account.id, "email": self._email(account)}

    def list_accounts(self) -> dict[str, Any]:
        with self._lock:
            self._deactivate_idle()
            return {"serviceAccounts": [self._detail(account) for account in self._accounts.values()]}

    def show_account(self, account_id: str) -> dict[str, Any]:
        with self._lock:
            return self._detail(self._account(account_id))

    def set_account_status(self, account_id: str, body: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            account = self._account(account_id)
            account.status = self._new_status(account.status, body)
            if account.status == ENABLED:
                account.accessed = self._clock.now_ns()  # or a woken account would be idle again at once
            return self._detail(account)

    def delete_account(self, account_id: str) -> None:
        with self._lock:
            del self._accounts[self._account(account_id).id]

    def create_key(self, account_id: str) -> dict[str, str]:
        with self._lock:
            account = self._manageable(account_id)
            if len(account.keys) >= MAX_KEYS:
                raise self._refusal("limit", f"The service account has {MAX_KEYS} keys already.")
            kid, pem = self._add_key(account)
            return {"kid": kid, "privateKey": pem}

    def list_keys(self, account_id: str) -> dict[str, Any]:
        with self._lock:
            return {"keys": [self._key_detail(key) for key in self._account(account_id).keys.values()]}

    def set_key_status(self, account_id: str, kid: str, body: dict[str, Any]) -> None:
        with self._lock:
            key = self._key(self._manageable(account_id), kid)
            key.status = self._new_status(key.status, body)

    def delete_key(self, account_id: str, kid: str) -> None:
        with self._lock:
            account = self._manageable(account_id)
            del account.keys[self._key(account, kid).kid]

    def assertion_key(self, account_id: str, kid: str) -> RSAPublicKey:
        """The public key that an assertion of this account must verify with."""
        with self._lock:
            self._deactivate_idle()
            account = self._accounts.get(account_id)
            if account is None:
                raise Invalid("sub is no service account of this client")
            key = account.keys.get(kid)
            if key is None:
                raise Invalid("kid is unknown or belongs to another account")
            if account.status != ENABLED:
                raise Invalid(f"the service account is {account.status}")
            if key.status != ENABLED:
                raise Invalid(f"the key is {key.status}")
            if key.public is None:
                raise Invalid("the key handed out was no RSA key")
            return key.public

    def touch(self, account_id: str, kid: str) -> None:
        """An assertion was accepted."""
        with self._lock:
            account = self._accounts.get(account_id)
            if account and kid in account.keys:  # it may have been deleted since
                account.accessed = account.keys[kid].accessed = self._clock.now_ns()

    def seed(self, name: str, keys: int, created: int | None, accessed: int | None, status: str) -> dict[str, Any]:
        """An account as another host made it before; the limits are the test's own affair here."""
        with self._lock:
            account = self._add(name, self._clock.now_ns() if created is None else created)
            account.accessed = self._clock.now_ns() if accessed is None else accessed
            kids = [self._add_key(account)[0] for _ in range(keys)]
            account.status = status
            return {"serviceAccountId": account.id, "email": self._email(account), "keys": kids}

    def seed_key(self, account_id: str) -> str:
        """A key that another host makes, beyond all limits."""
        with self._lock:
            return self._add_key(self._account(account_id))[0]

    def clean(self, kept: list[str]) -> None:
        """No accounts but those, and the documented refusals."""
        with self._lock:
            self.refusals = DOCUMENTED
            self._accounts = {id_: account for id_, account in self._accounts.items() if id_ in kept}

    def keep(self) -> None:
        """Remembers all accounts and keys as they are."""
        with self._lock:
            self._kept = _copy(self._accounts)

    def restore(self) -> None:
        """They are again as they were when keep was called."""
        with self._lock:
            self._accounts = _copy(self._kept)

    def state(self) -> list[dict[str, Any]]:
        with self._lock:
            self._deactivate_idle()
            return [
                self._detail(account)
                | {"name": account.name, "keys": [self._key_detail(key) for key in account.keys.values()]}
                for account in self._accounts.values()
            ]

    def _add(self, name: str, created: int) -> Account:
        if any(account.name.lower() == name.lower() for account in self._accounts.values()):
            # The name makes the email address, so two accounts cannot share it.
            raise self._refusal("exists", "A service account of that name exists.")
        account_id = "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(16))
        account = self._accounts[account_id] = Account(account_id, name, created, created)
        return account

    def _add_key(self, account: Account) -> tuple[str, str]:
        kid = str(uuid.uuid4())
        kept = [*self._accounts.values(), *self._kept.values()]
        pem, public = self._maker.make(kid, {other for holder in kept for other in holder.keys})
        now = self._clock.now_ns()
        account.keys[kid] = Key(kid, public, now, now)
        return kid, pem

    def _account(self, account_id: str) -> Account:
        self._deactivate_idle()
        if account_id not in self._accounts:
            raise self._refusal("missing", "No such service account.")
        return self._accounts[account_id]

    def _manageable(self, account_id: str) -> Account:
        account = self._account(account_id)
        if account.status != ENABLED:
            raise self._refusal("state", f"The service account is {account.status}; its keys cannot be managed.")
        return account

    def _deactivate_idle(self) -> None:
        limit = self._clock.now_ns() - IDLE_NS
        for account in self._accounts.values():
            if account.status == ENABLED and account.accessed < limit:
                account.status = DEACTIVATED

    def _key(self, account: Account, kid: str) -> Key:
        if kid not in account.keys:
            raise self._refusal("missing", "The service account has no such key.")
        return account.keys[kid]

    def _refusal(self, kind: str, detail: str) -> Refused:
        status, title = self.refusals[kind]
        return problem(status, title, detail)

    def _check_names(self, names: dict[str, Any]) -> None:
        if names.keys() != self._names.keys():
            raise self._refusal("request", f"The body must hold {', '.join(self._names)} and nothing else.")
        for member, rule in self._names.items():
            value = names[member]
            if not isinstance(value, str) or not rule.fullmatch(value) or not re.search("[A-Za-z0-9]", value):
                raise self._refusal("request", f"{member} breaks the rules for names.")
            if any(word in value.lower() for word in UNSEEMLY):
                raise self._refusal("request", f"{member} holds a word that is not allowed.")

    def _new_status(self, old: str, body: dict[str, Any]) -> str:
        new = body.get("status")
        if body.keys() != {"status"} or new not in (ENABLED, DISABLED):
            raise self._refusal("request", "The body must hold status, ENABLED or DISABLED, and nothing else.")
        if new == old:
            raise self._refusal("request", f"It is {old} already.")
        return new

    def _email(self, account: Account) -> str:
        return f"{account.name}@{self.client_id}.adskserviceaccount.autodesk.com"

    def _detail(self, account: Account) -> dict[str, Any]:
        return {
            "serviceAccountId": account.id,
            "email": self._email(account),
            "createdBy": self.client_id,
            "status": account.status,
            "createdAt": self._clock.text(account.created),
            "accessedAt": self._clock.text(account.accessed),
            "expiresAt": self._clock.text(account.accessed + IDLE_NS),
        }

    def _key_detail(self, key: Key) -> dict[str, Any]:
        return {
            "kid": key.kid,
            "status": key.status,
            "createdAt": self._clock.text(key.created),
            "accessedAt": self._clock.text(key.accessed),
        }


def _copy(accounts: dict[str, Account]) -> dict[str, Account]:
    return {
        account.id: replace(account, keys={key.kid: replace(key) for key in account.keys.values()})
        for account in accounts.values()
    }
