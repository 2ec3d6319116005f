"""The staff's preview of one day: who may see it, and what it shows."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient

from salle.accounts.models import User
from salle.accounts.rules import Role
from salle.db import db
from salle.kernel.clock import local_day, utcnow
from salle.venues.models import Room
from tests.factories import (
    at,
    give_role,
    make_booking,
    make_organisation,
    make_room,
    make_site,
    make_user,
)
from tests.support.html import Page
from tests.support.queries import statements
from tests.support.sign_in import sign_in

DAY = date(2027, 1, 12)


@pytest.fixture
def room(session: None) -> Room:
    return make_room(site=make_site(name="Collège des Tilleuls"), name="Gymnase des Tilleuls")


@pytest.fixture
def caretaker(room: Room) -> User:
    user = make_user()
    give_role(user, Role.CARETAKER, site=room.site)
    return user


def path(room: Room, day: object = DAY) -> str:
    return f"/college/salles/{room.slug}/journee?jour={day}"


def add_bookings(room: Room, count: int) -> None:
    for n in range(count):
        make_booking(
            room=room,
            organisation=make_organisation(name=f"Les Volants {n}"),
            user=make_user(),
            starts_at=at(DAY, 10 + n / 2),
            ends_at=at(DAY, 10.5 + n / 2),
        )


def test_the_day_is_drawn_and_told(client: FlaskClient, room: Room, caretaker: User) -> None:
    add_bookings(room, 1)
    page = Page.of(sign_in(client, caretaker.id).get(path(room)))
    assert "Gymnase des Tilleuls, mardi 12 janvier 2027" in page.text
    assert "Les Volants 0, ESS-" in page.text
    assert len(page.all("rect.c-layers__piece--booking")) == 1
    assert len(page.all("rect.c-layers__piece--free")) == 2
    assert page.one("ol.c-layers")["aria-hidden"] == "true"
    assert page.one("a[rel=prev]")["href"].endswith("jour=2027-01-11")
    assert page.one("a[rel=next]")["href"].endswith("jour=2027-01-13")


def test_the_drawing_has_no_inline_style(client: FlaskClient, room: Room, caretaker: User) -> None:
    answer = sign_in(client, caretaker.id).get(path(room))
    assert "style=" not in answer.get_data(as_text=True)


@pytest.mark.parametrize("text", ["", "demain", "2027-02-30", "9" * 400])
def test_a_day_that_cannot_be_read_is_today(
    client: FlaskClient, room: Room, caretaker: User, text: str
) -> None:
    page = Page.of(sign_in(client, caretaker.id).get(path(room, text)))
    today = local_day(utcnow())
    assert page.one("input[name=jour]")["value"] == today.isoformat()


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-10-25", "2027-03-28"])
def test_odd_days_have_a_page(client: FlaskClient, room: Room, caretaker: User, day: str) -> None:
    Page.of(sign_in(client, caretaker.id).get(path(room, day)))


def test_staff_of_another_site_do_not_see_it(client: FlaskClient, room: Room) -> None:
    other = make_user()
    give_role(other, Role.COLLEGE_MANAGER, site=make_site())
    assert sign_in(client, other.id).get(path(room)).status_code == 404


def test_people_without_role_do_not_see_it(client: FlaskClient, room: Room) -> None:
    assert sign_in(client, make_user().id).get(path(room)).status_code == 403


def test_a_room_not_yet_published_is_shown_to_its_staff(
    client: FlaskClient, room: Room, caretaker: User
) -> None:
    room.published_at = None
    db.session.flush()
    page = Page.of(sign_in(client, caretaker.id).get(path(room)))
    assert "Cette salle n’est pas publiée" in page.text
    rooms = Page.of(client.get("/college/salles"))
    assert "Gymnase des Tilleuls (pas publiée)" in rooms.text


def test_the_page_asks_as_many_questions_for_many_uses(
    client: FlaskClient, room: Room, caretaker: User
) -> None:
    signed = sign_in(client, caretaker.id)
    add_bookings(room, 1)
    with statements() as few:
        signed.get(path(room))
    add_bookings(make_room(site=room.site), 12)
    for n in range(6):
        make_booking(
            room=room,
            organisation=make_organisation(),
            user=make_user(),
            starts_at=at(DAY, 15) + n * timedelta(minutes=30),
            ends_at=at(DAY, 15) + (n + 1) * timedelta(minutes=30),
        )
    with statements() as many:
        signed.get(path(room))
    assert len(many) == len(few)
