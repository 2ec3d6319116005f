"""The virtual keypad, for people and for programs."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from salle import create_app
from salle.kernel.clock import utcnow
from tests.conftest import test_config
from tests.support.doors import book
from tests.support.html import Page
from tests.support.world import World, build_world

JSON = {"Accept": "application/json"}


@pytest.fixture
def world(client: FlaskClient) -> World:
    return build_world()


@pytest.fixture
def address(world: World) -> str:
    return f"/demo/portes/{world.door_id}"


@pytest.fixture
def code(world: World) -> str:
    """A code that opens now."""
    now = utcnow()
    (grant,) = book(world, starts_at=now).issue(now)
    assert grant.code is not None
    return grant.code


def test_keypad_nobody_has_used_says_so(client: FlaskClient, address: str) -> None:
    page = Page.of(client.get(address))
    assert page.h1 == "Porte 2"
    assert "La porte est fermée" in page.text
    assert "Personne n’a encore essayé" in page.text
    assert set(page.form("main form")) == {"csrf_token", "code"}


def test_right_code_opens_the_door_on_the_page(
    client: FlaskClient, address: str, code: str
) -> None:
    answer = client.post(address, data={"code": code})
    assert (answer.status_code, answer.location) == (303, address)
    page = Page.of(client.get(address))
    assert "La porte est ouverte" in page.text
    assert code not in page.text


def test_wrong_codes_are_told_then_locked_out(client: FlaskClient, address: str, code: str) -> None:
    wrong = "111111" if code != "111111" else "222222"
    for _ in range(5):
        client.post(address, data={"code": wrong})
    assert "Code inconnu" in Page.of(client.get(address)).text
    client.post(address, data={"code": code})
    page = Page.of(client.get(address))
    assert "Clavier bloqué" in page.text
    assert "Réessayez après" in page.text


def test_programs_get_json_without_a_token(
    app: Flask, client: FlaskClient, address: str, code: str
) -> None:
    assert app.config.get("WTF_CSRF_ENABLED", True)
    right = client.post(address, data={"code": code}, headers=JSON)
    assert (right.status_code, right.json) == (200, {"opened": True, "reason": "ok"})
    wrong = client.post(address, data={"code": "nope"}, headers=JSON)
    assert (wrong.status_code, wrong.json) == (200, {"opened": False, "reason": "unknown_code"})


@pytest.mark.parametrize(
    "data", [{}, {"code": ""}, {"code": "a\x00b"}, {"code": "９" * 6}, {"code": "1" * 1_000_000}]
)
def test_bad_input_is_an_unknown_code(
    client: FlaskClient, address: str, data: dict[str, str]
) -> None:
    answer = client.post(address, data=data, headers=JSON)
    assert (answer.status_code, answer.json) == (200, {"opened": False, "reason": "unknown_code"})


def test_bytes_that_are_no_text_are_an_unknown_code(client: FlaskClient, address: str) -> None:
    answer = client.post(
        address, data=b"code=%ff%fe\xff", content_type="application/x-www-form-urlencoded",
        headers=JSON,
    )  # fmt: skip
    assert answer.json == {"opened": False, "reason": "unknown_code"}


@pytest.mark.parametrize("door", [str(uuid.UUID(int=0)), "12", "x" * 5000])
def test_unknown_door_is_not_found(client: FlaskClient, world: World, door: str) -> None:
    assert client.get(f"/demo/portes/{door}").status_code == 404
    assert client.post(f"/demo/portes/{door}", headers=JSON).status_code == 404


def test_simulations_do_not_exist_in_production(app: Flask) -> None:
    settings = test_config(str(app.config["SQLALCHEMY_DATABASE_URI"]), app.config["DATA_DIR"])
    production = create_app(replace(settings, environment="production"))
    rules = [rule.rule for rule in production.url_map.iter_rules()]
    assert not [rule for rule in rules if rule.startswith("/demo/")]
