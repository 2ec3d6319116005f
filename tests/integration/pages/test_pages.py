"""Home, notices, help, the page of components and the error pages, as a browser gets them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from flask import Flask, render_template, session
from flask.testing import FlaskClient

from salle.extensions import login_manager
from salle.pages.routes import default_sentence
from salle.pages.tonight import KEY, init_tonight, tonight_title
from salle.web.viewmodels import TonightRoom
from tests.support.html import Page

PAGES = {
    "/": "Une salle libre près de chez vous : réservez-la , payez le collège, entrez avec un code.",
    "/composants": "Composants",
    "/mentions-legales": "Mentions légales",
    "/donnees-personnelles": "Données personnelles",
    "/accessibilite": "Accessibilité : non conforme",
    "/aide": "Aide et contact",
}


def room(name: str, *, lit: bool = True) -> TonightRoom:
    return TonightRoom(name=name, place="Rennes", hours="18 h – 22 h", price="10 €", lit=lit)


@pytest.fixture
def tonight(app: Flask) -> Iterator[list[TonightRoom]]:
    """The rooms of tonight, to be filled by the test."""
    before = app.extensions.get(KEY)
    rooms: list[TonightRoom] = []
    init_tonight(app, lambda: rooms)
    yield rooms
    if before is None:
        del app.extensions[KEY]
    else:
        app.extensions[KEY] = before


@pytest.mark.parametrize(("path", "heading"), PAGES.items())
def test_page_opens_for_anybody(client: FlaskClient, path: str, heading: str) -> None:
    assert Page.of(client.get(path)).h1 == heading


def test_search_form_sends_what_the_results_page_reads(client: FlaskClient) -> None:
    page = Page.of(client.get("/"))
    form = page.one("main form")
    assert (form["method"], form["action"]) == ("get", "/salles")
    sent = page.form()
    assert set(sent) == {"kind", "ou", "jour", "de", "a", "combien"}
    assert (sent["kind"], sent["de"], sent["a"]) == ("gymnasium", "18:00", "20:00")
    assert page.one("#a option:last-child")["value"] == "24:00"


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2027-01-12T16:59:00+01:00", "2027-01-12"),
        ("2027-01-12T17:00:00+01:00", "2027-01-13"),
        ("2027-01-12T23:30:00+00:00", "2027-01-13"),  # already Wednesday in Paris, before 17 h
    ],
)
def test_sentence_proposes_an_evening_still_to_come(now: str, day: str) -> None:
    assert default_sentence(datetime.fromisoformat(now)).day.isoformat() == day


def test_facade_shows_lit_rooms_first_and_counts_them(
    client: FlaskClient, tonight: list[TonightRoom]
) -> None:
    tonight += [room("Lande-Bleue", lit=False), room("Tilleuls"), room("Bois-Perché")]
    page = Page.of(client.get("/"))
    assert page.texts(".c-window b") == ["Tilleuls", "Bois-Perché", "Lande-Bleue"]
    assert "Ce soir, deux salles sont restées allumées" in page.texts("h2")


def test_facade_without_a_room_says_what_would_work(
    client: FlaskClient, tonight: list[TonightRoom]
) -> None:
    page = Page.of(client.get("/"))
    assert not page.all(".c-window")
    assert "Cherchez un autre jour" in page.text


def test_tonight_title_agrees_in_number() -> None:
    assert tonight_title([room("a")]) == "Ce soir, une salle est restée allumée"
    assert tonight_title([]) == tonight_title([room("a", lit=False)])


@pytest.mark.parametrize("code", [400, 403, 404, 405, 409, 413, 429, 500, 503])
def test_error_page_shows_the_refusal_and_a_way_on(app: Flask, code: int) -> None:
    with app.test_request_context("/quelque-part"):
        markup = render_template(f"errors/{code}.html", message="La phrase du refus.", title="")
    page = Page(markup)
    assert "La phrase du refus." in page.text
    assert page.link("Revenir à l’accueil") == "/"


@pytest.mark.parametrize("code", [500, 503])
def test_pages_of_a_broken_service_never_ask_who_is_there(
    app: Flask, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def broken(_token: str) -> None:
        raise AssertionError("the database was asked for the account")

    monkeypatch.setattr(login_manager, "_user_callback", broken)
    with app.test_request_context("/"):
        session["_user_id"] = "somebody"
        assert Page(render_template(f"errors/{code}.html", message="Panne.", title=""))


def test_unknown_address_is_a_calm_page(client: FlaskClient) -> None:
    assert Page.of(client.get("/nulle-part"), status=404).h1 == "Cette page n’existe pas"


def test_static_files_carry_the_hash_of_their_content(client: FlaskClient) -> None:
    page = Page.of(client.get("/"))
    sheets = [str(link["href"]) for link in page.all("link[rel=stylesheet]")]
    assert sheets
    for address in sheets:
        with client.get(address) as answer:
            assert answer.status_code == 200, address
            assert "?v=" in address
            assert "immutable" in answer.headers["Cache-Control"]


def test_menu_leaves_out_what_does_not_exist(app: Flask, client: FlaskClient) -> None:
    page = Page.of(client.get("/aide"))
    for link in page.all(".c-nav a, .c-footer li a"):
        assert app.url_map.bind("localhost").match(str(link["href"]))
    assert page.one("[aria-current=page]")["href"] == "/aide"


def test_signed_in_person_sees_their_name_and_leaves_by_a_post(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.jinja_env.globals, "account_name", lambda: "Nolwenn <Carré>")
    page = Page.of(client.get("/"))
    assert page.texts(".c-nav__who") == ["Nolwenn <Carré>"]
    assert page.one(".c-nav form")["method"] == "post"
    assert page.one(".c-nav form")["action"] == "/deconnexion"
    assert "Se connecter" not in page.texts(".c-nav a")


def test_flashed_sentence_is_a_notice_that_is_announced(client: FlaskClient) -> None:
    with client.session_transaction() as browser:
        browser["_flashes"] = [("error", "La connexion <b> a échoué."), ("ok", "C’est fait.")]
    page = Page.of(client.get("/aide"))
    assert page.texts(".c-flashes [role=alert]") == ["La connexion <b> a échoué."]
    assert page.texts(".c-flashes [role=status]") == ["C’est fait."]
    assert not Page.of(client.get("/aide")).all(".c-flashes")


def test_component_page_escapes_what_it_is_given(app: Flask) -> None:
    with app.test_request_context("/"):
        for name, arguments in {
            "button": {"label": "<b>", "context": "<i>"},
            "field": {"name": "n", "label": "<b>", "value": '"><script>', "error": "<i>"},
            "notice": {"text": "<b>"},
            "tag": {"text": "<b>", "kind": "free"},
        }.items():
            module = app.jinja_env.get_template(f"components/{name}.html").module
            drawn = str(getattr(module, name)(**arguments))
            assert not [tag for tag in ("<b>", "<i>", "<script>") if tag in drawn], name
