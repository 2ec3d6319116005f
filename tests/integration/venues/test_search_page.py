"""The search page: hours that are not to the minute, filters, what would work, the plan."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from salle.kernel.clock import to_wall
from salle.venues.models import Room
from tests.factories import at, make_room, make_site, occupy
from tests.integration.venues.test_routes import cards, search
from tests.support.html import Page
from tests.support.rooms import DAY, make_open_room, open_rooms


@pytest.fixture
def room(session: None) -> Room:
    """A room open from 8 h to 22 h."""
    return make_open_room()


def test_flexible_hours_show_the_first_slot(client: FlaskClient, room: Room) -> None:
    occupy(room, at(DAY, 17), at(DAY, 19.25))
    page = search(client, ou="Rennes", moment="soir", duree="120", de="tôt", a="")
    assert page.h1.startswith("1 salle libre près de Rennes")
    assert "2 h le soir (18 h – minuit)" in page.text
    assert "19 h 30 – 21 h 30 : réservation immédiate." in page.text
    assert "25,00 € pour 2 h" in page.text
    times = parse_qs(urlsplit(str(page.one(".c-card .c-button")["href"])).query)
    assert times["debut"] == [to_wall(at(DAY, 19.5)).isoformat()]
    assert (page.form("#recherche form")["moment"], page.form("#recherche form")["duree"]) == (
        "soir",
        "120",
    )


def test_nothing_long_enough_proposes_less_or_another_time(client: FlaskClient, room: Room) -> None:
    occupy(room, at(DAY, 19.5), at(DAY, 22))
    page = search(client, ou="Rennes", moment="soir", duree="180")
    links = [" ".join(link.text.split()) for link in page.all(".c-empty a")]
    assert links[:2] == [
        "1 h 30 seulement : 1 salle libre",
        "3 h à n’importe quelle heure ce jour-là : 1 salle libre",
    ]
    for link in page.all(".c-empty a"):
        assert Page.of(client.get(str(link["href"]))).h1.startswith("1 salle libre")


def test_nothing_free_proposes_to_leave_a_filter_out(client: FlaskClient, room: Room) -> None:
    room.equipment = ["piano"]
    page = search(client, prix="1", kind="gymnasium", equipement="piano", q="tilleuls", combien="9")
    links = {" ".join(link.text.split()): str(link["href"]) for link in page.all(".c-empty a")}
    assert list(links) == ["Sans limite de prix : 1 salle libre"]
    followed = Page.of(client.get(links["Sans limite de prix : 1 salle libre"]))
    assert followed.h1.startswith("1 gymnase libre")
    assert followed.form("#recherche form")["prix"] == ""


def test_filters_are_taken_away_one_by_one(client: FlaskClient, room: Room) -> None:
    room.equipment, room.accessible = ["basket", "vestiaires"], True
    page = search(
        client,
        ou="Rennes",
        kind="gymnasium",
        combien="12",
        prix="40",
        q="gymnse",
        equipement=["basket", "vestiaires"],
        accessible="1",
    )
    chosen = {
        " ".join(link.text.split()): str(link["href"])
        for link in page.all("[aria-label='Filtres choisis'] a")
    }
    words = [text.removeprefix("Retirer le filtre : ").removesuffix(" ×") for text in chosen]
    assert words == [
        "à moins de 20 km de Rennes",
        "gymnase",
        "12 personnes",
        "40,00 € au plus",
        "« gymnse »",
        "basket",
        "vestiaires",
        "accessible en fauteuil",
    ]
    asked = parse_qs(urlsplit(next(iter(chosen.values()))).query)
    assert "ou" not in asked
    assert len(asked["equipement"]) == 2
    left = parse_qs(urlsplit(next(h for t, h in chosen.items() if "basket" in t)).query)
    assert (left["equipement"], left["ou"]) == (["vestiaires"], ["Rennes"])
    assert Page.of(client.get(chosen["Retirer le filtre : gymnase ×"])).h1.startswith("1 salle")


def test_details_of_accessibility_filter_and_show(client: FlaskClient, room: Room) -> None:
    assert cards(search(client, boucle="1")) == []
    room.hearing_loop = room.accessible_toilets = True
    page = search(client, boucle="1", sanitaires="1")
    assert [name for name, _ in cards(page)] == ["Gymnase des Tilleuls"]
    assert "boucle magnétique" in page.texts(".c-card")[0]
    shown = Page.of(client.get(f"/salles/{room.slug}"))
    assert "Boucle magnétique, sanitaires accessibles" in shown.text


def test_results_are_counted_and_placed_on_a_plan(client: FlaskClient, room: Room) -> None:
    far = make_room(site=make_site(commune="Bruz", insee_code="35047", lat=48.02), windows=False)
    open_rooms(far)
    occupy(far, at(DAY, 18), at(DAY, 20))
    page = search(client, ou="Rennes")
    assert "1 salle libre, 1 complète ou fermée à ces heures." in page.text
    plan = page.one(".c-sketch svg")
    assert str(plan["aria-label"]).startswith("Plan schématique")
    assert [pin["class"] for pin in page.all(".c-sketch__pin")] == [
        ["c-sketch__pin", "is-busy"],
        ["c-sketch__pin", "is-free"],
    ]
    assert search(client).all(".c-sketch") == []


def test_every_card_says_when_the_room_is_free_next(client: FlaskClient, room: Room) -> None:
    assert "Prochain créneau libre : " in search(client).texts(".c-card")[0]
