"""The page of one's calendars, the links that lead to it, and the file of one booking."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from salle.accounts.models import User
from salle.accounts.rules import Role
from salle.bookings.rules import BookingState
from tests.factories import (
    at,
    give_role,
    make_booking,
    make_member,
    make_organisation,
    make_room,
    make_site,
    make_user,
)
from tests.support.html import Page
from tests.support.ical import intervals
from tests.support.sign_in import sign_in

HERE = "/compte/calendriers"
DAY = "2027-03-02"


@pytest.fixture
def user(session: None, app: Flask, monkeypatch: pytest.MonkeyPatch) -> User:
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    return make_user()


def address_on(page: Page) -> str:
    url = page.one("input[readonly]")["value"]
    return str(url)[str(url).index("/calendriers/prive/") :]


def test_a_person_gets_changes_and_takes_away_an_address(client: FlaskClient, user: User) -> None:
    organisation = make_organisation(name="Échecs du Coin")
    make_member(organisation=organisation, user=user)
    sign_in(client, user.id)
    page = Page.of(client.get(HERE))
    assert "Échecs du Coin" in page.text
    assert not page.all("input[readonly]")
    wanted = {"genre": "organisation", "sujet": str(organisation.id)}
    assert client.post(HERE, data=wanted).status_code == 303
    page = Page.of(client.get(HERE))
    first = address_on(page)
    assert "Pas encore lue" in page.text
    assert page.link("Ajouter à mon agenda : Échecs du Coin") == f"webcal://127.0.0.1:8000{first}"
    assert client.get(first).status_code == 200
    assert "Lue pour la dernière fois le" in Page.of(client.get(HERE)).text
    (change,) = [f["action"] for f in page.all("form") if str(f["action"]).endswith("/changer")]
    assert client.post(str(change)).status_code == 303
    page = Page.of(client.get(HERE))
    second = address_on(page)
    assert (client.get(first).status_code, client.get(second).status_code) == (404, 200)
    (away,) = [f["action"] for f in page.all("form") if str(f["action"]).endswith("/supprimer")]
    assert client.post(str(away)).status_code == 303
    assert client.get(second).status_code == 404
    assert not Page.of(client.get(HERE)).all("input[readonly]")


def test_the_secret_page_is_never_kept_by_browsers(client: FlaskClient, user: User) -> None:
    sign_in(client, user.id)
    assert client.get(HERE).headers["Cache-Control"] == "no-store"


def test_a_caretaker_is_offered_doors_and_the_site(client: FlaskClient, user: User) -> None:
    give_role(user, Role.CARETAKER, site=make_site(name="Collège des Tilleuls"))
    sign_in(client, user.id)
    assert Page.of(client.get(HERE)).texts("section h2")[:2] == [
        "Ouvertures et fermetures",
        "Collège des Tilleuls",
    ]


@pytest.mark.parametrize(
    "data",
    [{}, {"genre": "organisation"}, {"genre": "tout"}, {"genre": "site", "sujet": "pas-un-id"}],
)
def test_what_is_not_offered_is_not_found(
    client: FlaskClient, user: User, data: dict[str, str]
) -> None:
    sign_in(client, user.id)
    assert client.post(HERE, data=data).status_code == 404


def test_a_booking_is_a_file_with_its_confirmed_dates(client: FlaskClient, user: User) -> None:
    organisation, room = make_organisation(), make_room()
    make_member(organisation=organisation, user=user)
    facts = {"room": room, "organisation": organisation, "user": user}
    booking = make_booking(**facts, starts_at=at(DAY, 18), ends_at=at(DAY, 20))
    asked = make_booking(
        **facts, starts_at=at(DAY, 20), ends_at=at(DAY, 21), state=BookingState.REQUESTED
    )
    sign_in(client, user.id)
    page = Page.of(client.get(f"/reservations/{booking.id}"))
    answer = client.get(page.link("Ajouter cette réservation"))
    assert answer.status_code == 200
    assert intervals(answer.data) == [(at(DAY, 18), at(DAY, 20))]
    assert "attachment" in answer.headers["Content-Disposition"]
    assert client.get(f"/reservations/{asked.id}/calendrier.ics").status_code == 404
    sign_in(client, make_user().id)
    assert client.get(f"/reservations/{booking.id}/calendrier.ics").status_code == 404


def test_pages_lead_to_the_calendars(client: FlaskClient, user: User) -> None:
    site = make_site()
    room = make_room(site=site)
    page = Page.of(client.get(f"/salles/{room.slug}"))
    followed = page.link("S’abonner au calendrier de la salle")
    assert followed == f"webcal://localhost/calendriers/salles/{room.slug}.ics"
    give_role(user, Role.CARETAKER, site=site)
    sign_in(client, user.id)
    assert Page.of(client.get("/reservations")).link("Les suivre dans mon agenda") == HERE
    assert Page.of(client.get("/college")).link("Suivre les réservations dans mon agenda") == HERE
