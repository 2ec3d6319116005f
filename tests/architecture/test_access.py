"""Access is declared on every view, refused otherwise, and compared with the reviewed table."""

from __future__ import annotations

from flask import Flask

from salle.accounts.rules import Permission
from salle.web.access import PUBLIC, SIGNED_IN, declared_access

KNOWN = {PUBLIC, SIGNED_IN, *Permission}


def test_every_endpoint_declares_who_may_call_it(app: Flask) -> None:
    with app.app_context():
        endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
        undeclared = {name for name in endpoints if declared_access(name) not in KNOWN}
    assert endpoints
    assert undeclared == set()


def test_an_undeclared_view_is_refused(fresh_app: Flask) -> None:
    fresh_app.add_url_rule("/oubliee", "forgotten", lambda: "secret")
    answer = fresh_app.test_client().get("/oubliee")
    assert answer.status_code == 403
    assert b"secret" not in answer.data


def test_an_undeclared_api_view_is_refused(fresh_app: Flask) -> None:
    fresh_app.add_url_rule("/api/v1/forgotten", "forgotten", lambda: "secret")
    answer = fresh_app.test_client().get("/api/v1/forgotten")
    assert answer.status_code == 403
    assert answer.mimetype == "application/problem+json"
