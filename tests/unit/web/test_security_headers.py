"""Content policy and cache headers, on a bare application."""

from __future__ import annotations

import pytest
from flask import Flask, session
from flask.testing import FlaskClient

from salle.web.security import content_policy, init_security


@pytest.fixture
def bare(request: pytest.FixtureRequest) -> FlaskClient:
    app = Flask("bare")
    app.config.update(SECRET_KEY="tests-only", CSP_FORM_ACTIONS=("http://127.0.0.1:8001",))
    app.config.update(getattr(request, "param", {}))
    init_security(app)

    @app.get("/page")
    def page() -> str:
        return "page"

    @app.get("/entrer")
    def enter() -> str:
        session["_user_id"] = "someone"
        return "page"

    @app.get("/fichier")
    def own() -> tuple[str, dict[str, str]]:
        return "page", {"Cache-Control": "public, max-age=60"}

    return app.test_client()


def test_forms_may_lead_only_to_us_and_to_the_origins_of_the_settings(bare: FlaskClient) -> None:
    policy = bare.get("/page").headers["Content-Security-Policy"].split("; ")
    assert "form-action 'self' http://127.0.0.1:8001" in policy
    assert {"default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(policy)


def test_the_policy_allows_nothing_inline() -> None:
    assert "unsafe" not in content_policy()
    assert "form-action 'self'" in content_policy()


def test_pages_of_a_signed_in_person_are_never_stored(bare: FlaskClient) -> None:
    assert bare.get("/page").headers["Cache-Control"] == "private, no-cache"
    bare.get("/entrer")
    assert bare.get("/page").headers["Cache-Control"] == "no-store"


def test_a_bearer_answer_is_never_stored(bare: FlaskClient) -> None:
    answer = bare.get("/page", headers={"Authorization": "Bearer x"})
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_view_that_chose_its_caching_keeps_it(bare: FlaskClient) -> None:
    assert bare.get("/fichier").headers["Cache-Control"] == "public, max-age=60"


@pytest.mark.parametrize("bare", [{"PUBLIC_URL": "https://salles.example"}], indirect=True)
def test_https_is_remembered_only_when_served_over_it(bare: FlaskClient) -> None:
    assert "Strict-Transport-Security" in bare.get("/page").headers


def test_http_sends_no_strict_transport(bare: FlaskClient) -> None:
    assert "Strict-Transport-Security" not in bare.get("/page").headers
