"""Calls every address as every kind of person, on objects of theirs, of others, and on none."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from salle.accounts.models import ApiToken, UserSession
from salle.accounts.queries import get_user_by_email
from salle.db import db, transaction
from salle.kernel.ids import hash_token
from salle.web.access import declared_access
from tests.support.database import rolled_back_session

# Who calls: the member is the one whose objects are « mine »; manager is of their site.
PEOPLE: Mapping[str, str | None] = {
    "anonymous": None,
    "member": "association@demo.example",
    "other": "autre-association@demo.example",
    "manager": "college@demo.example",
    "manager2": "autre-college@demo.example",
    "caretaker": "gardien@demo.example",
    "officer": "departement@demo.example",
    "admin": "admin@demo.example",
}
LEFT_OUT = {"static"}  # files of the repository, public
ABSENT = uuid.UUID(int=0)
NO_ARGUMENT = {"": {}}


@dataclass(frozen=True, kw_only=True)
class Objects:
    """For each argument, or (blueprint, argument): variant → value. Queries that views need."""

    arguments: Mapping[str | tuple[str, str], Mapping[str, object]]
    queries: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def variants(self, rule: Rule) -> dict[str, dict[str, object]]:
        """Every way to call the rule; KeyError names an argument nobody has thought of."""
        if not rule.arguments:
            return dict(NO_ARGUMENT)
        blueprint = rule.endpoint.rpartition(".")[0]
        found: dict[str, dict[str, object]] = {}
        for name in sorted(rule.arguments):
            values = self.arguments.get((blueprint, name)) or self.arguments[name]
            for variant, value in values.items():
                found.setdefault(variant, {})[name] = value
        return found


def sign_everybody_in(now: datetime) -> None:
    """A session and an API token for each person; the token is their address."""
    with transaction():
        for email in filter(None, PEOPLE.values()):
            facts = {
                "user_id": get_user_by_email(email).id,
                "token_hash": hash_token(email),
                "created_at": now,
                "expires_at": now + timedelta(days=3650),
            }
            db.session.add_all([UserSession(**facts), ApiToken(**facts)])


def table(app: Flask, objects: Objects) -> str:
    """The table to review: one line for each rule, method and variant; one column a person."""
    width = max(len(name) for name in PEOPLE)
    heading = f"{'':<10}" + " ".join(f"{name:<{width}}" for name in PEOPLE)
    lines = []
    with app.app_context():
        rules = sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint))
        for rule in rules:
            if rule.endpoint not in LEFT_OUT:
                lines += _block(app, rule, objects, width)
    return "\n".join([heading.rstrip(), *lines]) + "\n"


def _block(app: Flask, rule: Rule, objects: Objects, width: int) -> Iterator[str]:
    yield ""
    for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
        yield f"{method} {rule.rule} [{declared_access(rule.endpoint)}]"
        for variant, values in objects.variants(rule).items():
            query = objects.queries.get(rule.endpoint, {})
            cells = [
                _call(app, rule, method, {**values, **query}, email) for email in PEOPLE.values()
            ]
            yield f"{'  ' + variant:<10}" + " ".join(f"{c:<{width}}" for c in cells).rstrip()


def _call(
    app: Flask, rule: Rule, method: str, values: Mapping[str, object], email: str | None
) -> str:
    with app.test_request_context():
        address = app.url_for(rule.endpoint, **values)  # type: ignore[arg-type]
    api = address.startswith("/api/")
    with rolled_back_session(app):
        client = _client(app, email, api=api)
        headers = {"Authorization": f"Bearer {email}"} if email and api else {}
        body = {"json": {}} if api and method != "GET" else {}
        answer = client.open(address, method=method, headers=headers, **body)  # type: ignore[arg-type]
    if answer.status_code == 303 and answer.location.endswith("/connexion"):
        return "sign-in"
    return str(answer.status_code)


def _client(app: Flask, email: str | None, *, api: bool) -> FlaskClient:
    client = app.test_client()
    if email and not api:
        with client.session_transaction() as cookie:
            cookie["_user_id"] = email
            cookie["_fresh"] = True
    return client
