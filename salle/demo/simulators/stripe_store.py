"""Where the simulated Stripe keeps its objects, each in its account, and its events."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from typing import Any

from salle.demo.simulators.journal import Item, Journal

PLATFORM = "platform"
DEMO_ACCOUNT = re.compile(r"acct_demo_[A-Za-z0-9_]{1,60}")
API_VERSION = "2026-10-28.endive"
EXPANDABLE = {
    "payment_intent": "payment_intents",
    "latest_charge": "charges",
    "charge": "charges",
    "balance_transaction": "balance_transactions",
}


class StripeProblem(Exception):
    """An error with the body that Stripe would send."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        facts = {"type": kind, "message": message, "code": code, "param": param}
        self.body = {"error": {k: v for k, v in facts.items() if v is not None}}


class Store:
    """Every method runs inside `journal.change()`; objects are addressed by (account, id)."""

    def __init__(
        self,
        journal: Journal,
        *,
        on_event: Callable[[Item], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.journal = journal
        self._on_event = on_event
        self._clock = clock

    def now(self) -> int:
        return int(self._clock())

    # Objects

    def new(self, collection: str, prefix: str, account: str, /, **facts: Any) -> Item:
        item = {"id": f"{prefix}_{secrets.token_hex(12)}", "created": self.now(), "livemode": False}
        return self.save(collection, account, {**item, **facts})

    def save(self, collection: str, account: str, item: Item) -> Item:
        self.journal.put(collection, item["id"], {"account": account, "object": item})
        return item

    def find(self, collection: str, account: str, key: str) -> Item:
        """The object, if it belongs to that account: to any other, it does not exist."""
        kept = self.journal.get(collection, key)
        if kept is None or kept["account"] != account:
            raise StripeProblem(
                404, f"No such {collection[:-1]}: '{key[:80]}'", code="resource_missing", param="id"
            )
        found: Item = kept["object"]
        return found

    def listed(self, collection: str, account: str, **wanted: str | None) -> list[Item]:
        """Newest first, those whose fields have the wanted values."""
        kept = (item for _, item in self.journal.items(collection) if item["account"] == account)
        asked = {name: value for name, value in wanted.items() if value is not None}
        found = [
            item["object"]
            for item in kept
            if all(item["object"].get(name) == value for name, value in asked.items())
        ]
        return found[::-1]

    def expand(self, account: str, item: Item, paths: list[str]) -> Item:
        """Replace ids by the objects they stand for, along dotted paths."""
        for path in paths:
            place: Any = item
            for field in path.split("."):
                if not isinstance(place, dict) or field not in place:
                    raise StripeProblem(400, f"This property cannot be expanded ({path[:80]}).")
                value = place[field]
                if isinstance(value, str) and field in EXPANDABLE:
                    place[field] = self.find(EXPANDABLE[field], account, value)
                if place[field] is None:
                    break
                place = place[field]
        return item

    # Accounts

    def account(self, key: str) -> Item:
        """A connected account; those of the demonstration are made at first use."""
        kept = self.journal.get("accounts", key)
        if kept is not None:
            found: Item = kept["object"]
            return found
        if not DEMO_ACCOUNT.fullmatch(key):
            raise StripeProblem(
                403,
                "The provided key does not have access to account "
                f"'{key[:80]}' (or that account does not exist).",
                code="account_invalid",
            )
        return self.open_account(key=key, name=None, email=None)

    def open_account(self, *, key: str | None, name: str | None, email: str | None) -> Item:
        item = {
            "id": key or f"acct_{secrets.token_hex(8)}",
            "object": "account",
            "created": self.now(),
            "type": "standard",
            "country": "FR",
            "default_currency": "eur",
            "email": email,
            "business_profile": {"name": name},
            "charges_enabled": True,
            "payouts_enabled": True,
            "details_submitted": True,
        }
        return self.save("accounts", PLATFORM, item)

    def emit(self, account: str, kind: str, item: Item) -> None:
        """Record the event in Connect style and hand it to the delivery queue."""
        facts = {
            "object": "event",
            "type": kind,
            "api_version": API_VERSION,
            "data": {"object": public(item)},
            "pending_webhooks": 1,
        }
        if account != PLATFORM:
            facts["account"] = account
        self._on_event(self.new("events", "evt", account, **facts))


def public(item: Item) -> Item:
    """Without our own notes."""
    return {name: value for name, value in item.items() if name != "simulation"}
