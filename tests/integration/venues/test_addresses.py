"""Addresses in the search: asked of a double, never in a transaction, with a fallback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from salle.adapters.geocoding import FakeGeocoder, Located
from salle.db import db, release
from salle.venues.geocoder import KEY
from salle.venues.places import resolve
from tests.factories import make_site
from tests.integration.venues.test_routes import cards, search
from tests.support.rooms import make_open_room

GARE = Located(label="8 Rue de la Gare 35000 Rennes", lat=48.1035, lon=-1.6725, score=0.97)
OTHER = Located(label="Rue de la Gare 35170 Bruz", lat=48.02, lon=-1.75, score=0.95)
WEAK = Located(label="Garenne 12000 Rodez", lat=44.35, lon=2.57, score=0.4)


class Watchful(FakeGeocoder):
    """Refuses to be asked while a transaction is open."""

    def find(self, text: str, *, lat: float, lon: float) -> list[Located]:
        assert not db.session().in_transaction()
        return super().find(text, lat=lat, lon=lon)


@pytest.fixture
def geocoder(app: Flask, session: None) -> Iterator[Watchful]:
    make_open_room()
    db.session.commit()  # release() rolls back what is only flushed
    double = Watchful([GARE, OTHER, WEAK])
    before, app.extensions[KEY] = app.extensions[KEY], double
    yield double
    app.extensions[KEY] = before


def test_an_address_is_found_and_measured_from(client: FlaskClient, geocoder: Watchful) -> None:
    page = search(client, ou="8 rue de la gare rennes")
    assert page.h1.startswith("1 salle libre près de 8 Rue de la Gare 35000 Rennes")
    assert "à 1,6 km de 8 Rue de la Gare" in page.texts(".c-card")[0]
    assert geocoder.asked == ["8 rue de la gare rennes"]


@pytest.mark.parametrize("text", ["Rennes", "35000", "35238", "college des tilleuls", "tilleuls"])
def test_known_names_are_asked_of_nobody(
    client: FlaskClient, geocoder: Watchful, text: str
) -> None:
    assert cards(search(client, ou=text)) != []
    search(client, near="48.11,-1.67")
    assert geocoder.asked == []


def test_addresses_as_good_as_each_other_give_the_choice(
    client: FlaskClient, geocoder: Watchful
) -> None:
    page = search(client, status=422, ou="rue de la gare")
    assert page.texts("[aria-label='Lieux possibles'] a") == [GARE.label, OTHER.label]
    assert search(client, ou=GARE.label).h1.startswith("1 salle libre près de 8 Rue de la Gare")


def test_a_doubtful_answer_is_no_answer(client: FlaskClient, geocoder: Watchful) -> None:
    page = search(client, status=422, ou="garenne")
    assert "Aucun collège connu près de « garenne »" in page.errors()[0]


def test_a_known_name_is_better_than_a_doubtful_address(geocoder: Watchful) -> None:
    geocoder.answers = [Located(label="Rue de Rennes 75006 Paris", lat=48.85, lon=2.33, score=0.7)]
    assert [place.label for place in resolve("renne", geocoder).places] == ["Rennes"]


@pytest.mark.parametrize(("text", "status"), [("renn", 200), ("8 rue de la gare", 422)])
def test_a_service_that_is_down_is_told_and_the_known_names_are_used(
    client: FlaskClient, geocoder: Watchful, text: str, status: int
) -> None:
    geocoder.down = True
    page = search(client, status=status, ou=text)
    assert "Le service national des adresses ne répond pas" in page.text
    assert (cards(page) != []) == (status == 200)
    geocoder.down = False
    assert "service national" not in search(client, ou="8 rue de la gare rennes").text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("35000 Rennes", ["Rennes"]),
        ("rennes 35000", ["Rennes"]),
        ("12 allée inconnue, 35000 Rennes", ["Rennes"]),
        ("place de la mairie, Rennes", ["Rennes"]),
        ("renness", ["Rennes"]),
        ("Quimper", []),
        ("29000 Rennes", ["Rennes"]),
    ],
)
def test_without_the_service_the_commune_is_near_enough(
    geocoder: Watchful, text: str, found: list[str]
) -> None:
    geocoder.down = True
    assert [place.label for place in resolve(text, geocoder).places] == found


def test_an_address_overseas_has_its_own_clock(geocoder: Watchful) -> None:
    make_site(commune="Saint-Denis", lat=-20.88, lon=55.45, time_zone="Indian/Reunion")
    db.session.commit()
    geocoder.answers = [Located(label="Rue du Port", lat=-20.9, lon=55.4, score=0.9)]
    assert [place.zone for place in resolve("rue du port", geocoder).places] == ["Indian/Reunion"]


@pytest.mark.usefixtures("session")
def test_release_refuses_to_lose_what_waits() -> None:
    site = make_site()
    site.commune = "Bruz"
    with pytest.raises(RuntimeError):
        release()
