"""The page of opening hours: who may use it, what it changes, what it keeps."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from salle.accounts.models import User
from salle.accounts.rules import Role
from salle.audit.models import AuditEvent
from salle.bookings.models import Booking
from salle.bookings.rules import BookingState
from salle.db import db, transaction
from salle.venues.availability import find_free
from salle.venues.models import OpeningRule, Room, Schedule, SchoolHoliday, Site
from salle.venues.openings import rebuild_windows
from salle.venues.rules import Period
from tests.factories import (
    at,
    give_role,
    make_booking,
    make_organisation,
    make_room,
    make_rule,
    make_site,
    make_uai,
    make_user,
)
from tests.support.access import ABSENT
from tests.support.html import Page
from tests.support.queries import statements
from tests.support.rooms import TODAY
from tests.support.sign_in import sign_in

DAY = TODAY + timedelta(days=21 - TODAY.weekday())  # a Monday in about three weeks
UAI = make_uai(359_999)
WEEKLY = {
    "semaine-pour": "site",
    "semaine-periode": "scolaire",
    "semaine-debut": "18:00",
    "semaine-fin": "20:00",
}
ONCE = {
    "exception-sens": "ferme",
    "exception-pour": "site",
    "exception-du": DAY.isoformat(),
    "exception-motif": "Brevet blanc",
}


@pytest.fixture(autouse=True)
def no_csrf(app: Flask) -> Any:
    app.config["WTF_CSRF_ENABLED"] = False
    yield
    app.config["WTF_CSRF_ENABLED"] = True


@pytest.fixture
def room(session: None) -> Room:
    """Open from 17 h to 22 h on every day of the next years: days of term, all of them."""
    site = make_site(name="Collège des Tilleuls", uai=UAI)
    for year in range(TODAY.year - 1, TODAY.year + 3):
        db.session.add(
            SchoolHoliday(
                calendar=site.calendar,
                school_year=f"{year}-{year + 1}",
                label="Un jour",
                period=Period.HOLIDAYS,
                first_day=date(year, 9, 1),
                last_day=date(year, 9, 1),
                source="essai",
            )
        )
    room = make_room(site=site, name="Gymnase", windows=False)
    for period in (Period.TERM, Period.PUBLIC_HOLIDAY):
        make_rule(site=site, period=period, opens=17 * 60, closes=22 * 60)
    rebuild_windows([room.schedule_id], today=TODAY)
    return room


@pytest.fixture
def manager(room: Room) -> User:
    user = make_user(name="Camille Gérante")
    give_role(user, Role.COLLEGE_MANAGER, site=room.site)
    with transaction():  # a refused change rolls back: to here
        return user


@pytest.fixture
def signed(client: FlaskClient, manager: User) -> FlaskClient:
    return sign_in(client, manager.id)


def path(rest: str = "") -> str:
    return f"/college/etablissements/{UAI}/horaires{rest}"


def words(answer: TestResponse) -> str:
    """What the page says, ordinary spaces only; the page itself is checked."""
    return Page(answer.text).text


def site_of(room: Room) -> Site:
    return db.session.get_one(Site, room.site_id)


def hours(room: Room, day: date = DAY) -> list[tuple[Any, Any]]:
    found = find_free(room.id, day, day)
    assert found is not None
    return [(piece.start, piece.end) for piece in found.intervals]


def send(signed: FlaskClient, room: Room, text: str) -> TestResponse:
    data = {"fichier": (io.BytesIO(text.encode()), "horaires.csv")}
    return signed.post(path("/fichier"), data=data, content_type="multipart/form-data")


def book(room: Room, start: float, end: float, state: BookingState) -> Booking:
    return make_booking(
        room=room,
        organisation=make_organisation(name="Les Volants"),
        user=make_user(),
        starts_at=at(DAY, start),
        ends_at=at(DAY, end),
        state=state,
    )


def test_the_page_tells_rules_in_french(signed: FlaskClient, room: Room) -> None:
    for weekday in (1, 2, 3, 4, 5):
        make_rule(
            site=site_of(room), period=Period.HOLIDAYS, weekday=weekday, opens=540, closes=1560
        )
    text = words(signed.get(path()))
    assert "du lundi au vendredi, 9 h – 2 h le lendemain" in text
    assert "jours de classe" in text
    assert "Gymnase" in text


def test_hours_of_a_week_are_added_and_seen_at_once(signed: FlaskClient, room: Room) -> None:
    data = {**WEEKLY, "semaine-pour": str(room.id), "semaine-jours": ["1", "2"]}
    answer = signed.post(path("/semaine"), data=data)
    assert answer.status_code == 303
    assert hours(room) == [(at(DAY, 18), at(DAY, 20))]
    assert hours(room, DAY + timedelta(days=2)) == []


def test_removing_the_last_rule_of_a_room_gives_it_back_to_its_site(
    signed: FlaskClient, room: Room
) -> None:
    before, shared = hours(room), room.schedule_id
    signed.post(path("/semaine"), data={**WEEKLY, "semaine-pour": str(room.id)})
    rule = db.session.scalars(sa.select(OpeningRule).filter_by(room_id=room.id)).one()
    own = room.schedule_id
    assert own != shared
    asked = Page.of(signed.post(path("/retirer"), data={"regle": str(rule.id)}))
    assert "Retirer ces horaires" in asked.h1
    signed.post(path("/retirer"), data={"regle": str(rule.id), "sur": "oui"})
    db.session.expire_all()
    assert (room.schedule_id, hours(room)) == (shared, before)
    assert db.session.get(Schedule, own) is None


def test_a_closure_is_added_with_its_reason_then_removed(signed: FlaskClient, room: Room) -> None:
    before = hours(room)
    signed.post(path("/exception"), data=ONCE)
    assert hours(room) == []
    assert "Brevet blanc" in words(signed.get(path()))
    rule = db.session.scalars(sa.select(OpeningRule).filter_by(period=Period.CLOSED)).one()
    signed.post(path("/retirer"), data={"regle": str(rule.id), "sur": "oui"})
    assert hours(room) == before
    actions = db.session.scalars(
        sa.select(AuditEvent.action).where(AuditEvent.action.like("hours.%"))
    ).all()
    assert sorted(actions) == ["hours.added", "hours.removed"]


def test_an_opening_needs_hours_and_may_pass_midnight(signed: FlaskClient, room: Room) -> None:
    opening = {**ONCE, "exception-sens": "ouvert"}
    answer = signed.post(path("/exception"), data=opening)
    assert answer.status_code == 422
    assert "Heure illisible" in words(answer)
    opening |= {"exception-debut": "21:00", "exception-fin": "1:00"}
    assert signed.post(path("/exception"), data=opening).status_code == 303
    assert hours(room) == [(at(DAY, 17), at(DAY, 24))]


def test_bookings_outside_the_new_hours_are_listed_and_kept(
    signed: FlaskClient, room: Room
) -> None:
    kept = book(room, 18, 19, BookingState.CONFIRMED)
    out = book(room, 20, 22, BookingState.CONFIRMED)
    gone = book(room, 16, 16.5, BookingState.CANCELLED)
    closing = {**ONCE, "exception-debut": "21:00", "exception-fin": "22:00"}
    answer = signed.post(path("/exception"), data=closing, follow_redirects=True)
    text = words(answer)
    assert "1 réservation tombe hors des horaires" in text
    assert out.reference in text
    assert kept.reference not in text
    assert gone.reference not in text
    db.session.expire_all()
    assert out.state == BookingState.CONFIRMED


def test_twice_the_same_rule_is_there_once(signed: FlaskClient, room: Room) -> None:
    for _ in range(2):
        answer = signed.post(path("/exception"), data=ONCE, follow_redirects=True)
    assert "Cette règle existait déjà." in words(answer)
    assert (
        len(db.session.scalars(sa.select(OpeningRule).filter_by(period=Period.CLOSED)).all()) == 1
    )


@pytest.mark.parametrize(
    ("form", "changes", "told"),
    [
        ("/semaine", {"semaine-debut": "25:00"}, "Heure impossible"),
        ("/semaine", {"semaine-fin": ""}, "Indiquez une heure"),
        ("/semaine", {"semaine-periode": "ferme"}, "Choisissez"),
        ("/semaine", {"semaine-pour": "1"}, "Choisissez"),
        ("/semaine", {"semaine-du": "2027-02-02", "semaine-au": "2027-02-01"}, "avant le premier"),
        ("/exception", {"exception-du": ""}, "Indiquez un jour."),
        ("/exception", {"exception-du": "demain"}, "Indiquez un jour, comme"),
        ("/semaine", {"semaine-jours": "8"}, "Choisissez parmi"),
        ("/exception", {"exception-au": "2020-01-01"}, "avant le premier"),
        ("/exception", {"exception-debut": "8:00"}, "Heure illisible"),
        ("/exception", {"exception-motif": "x" * 121}, "120 caractères au plus"),
    ],
)
def test_what_is_wrong_is_told_beside_its_field(
    signed: FlaskClient, room: Room, form: str, changes: dict[str, str], told: str
) -> None:
    base = WEEKLY if form == "/semaine" else ONCE
    answer = signed.post(path(form), data={**base, **changes})
    assert answer.status_code == 422
    assert told in words(answer)


def test_the_file_downloaded_changes_nothing_when_sent_again(
    signed: FlaskClient, room: Room
) -> None:
    signed.post(path("/exception"), data={**ONCE, "exception-motif": "=1+1"})
    signed.post(path("/semaine"), data={**WEEKLY, "semaine-fin": "2:00"})
    text = signed.get(path(".csv")).text
    assert f"site:{UAI};scolaire;;18:00;02:00;;;" in text
    before = set(db.session.scalars(sa.select(OpeningRule.id)))
    answer = send(signed, room, text)
    assert answer.status_code == 303
    assert set(db.session.scalars(sa.select(OpeningRule.id))) == before


def test_a_file_may_name_this_site_only(signed: FlaskClient, room: Room) -> None:
    other_id = make_room(site=make_site(), name="Ailleurs", slug="ailleurs").id
    before = hours(room)
    text = f"salle;periode;jour;debut;fin;du;au\n{room.slug};ferme;;;;;\nailleurs;ferme;;;;;\n"
    answer = send(signed, room, text)
    assert answer.status_code == 422
    assert "Ligne 3 : « ailleurs » ne désigne ni ce collège ni une de ses salles" in answer.text
    assert hours(room) == before
    assert not db.session.scalar(sa.select(sa.exists().where(OpeningRule.room_id == other_id)))


@pytest.mark.parametrize("text", ["", "n’importe quoi", "PK\x03\x04"])
def test_another_file_is_refused(signed: FlaskClient, room: Room, text: str) -> None:
    assert send(signed, room, text).status_code == 422


def test_rules_of_another_site_are_not_there(signed: FlaskClient, room: Room) -> None:
    other = make_site()
    rule = make_rule(site=other).id
    with transaction():
        pass
    assert signed.post(path("/retirer"), data={"regle": str(rule)}).status_code == 404
    assert db.session.get(OpeningRule, rule) is not None


@pytest.mark.parametrize("typed", ["x", str(ABSENT)])
def test_a_rule_that_is_not_there_cannot_be_removed(
    signed: FlaskClient, room: Room, typed: str
) -> None:
    assert signed.post(path("/retirer"), data={"regle": typed}).status_code == 404


def test_the_page_of_another_site_is_not_there(signed: FlaskClient, room: Room) -> None:
    uai = make_site().uai
    assert signed.get(f"/college/etablissements/{uai}/horaires").status_code == 404


def test_nobody_else_sees_or_changes_hours(client: FlaskClient, room: Room) -> None:
    caretaker, stranger = make_user(), make_user()
    give_role(caretaker, Role.CARETAKER, site=room.site)
    give_role(stranger, Role.COLLEGE_MANAGER, site=make_site())
    assert sign_in(client, caretaker.id).get(path()).status_code == 403
    for rest in ("/semaine", "/exception", "/retirer", "/fichier"):
        assert sign_in(client, stranger.id).post(path(rest), data=ONCE).status_code == 404


def test_the_page_asks_as_much_with_many_rules(signed: FlaskClient, room: Room, app: Flask) -> None:
    with statements() as few:
        signed.get(path())
    for day in range(1, 8):
        make_rule(site=site_of(room), period=Period.HOLIDAYS, weekday=day)
        make_rule(site=site_of(room), period=Period.SUMMER, weekday=day, opens=60 * day)
    with statements() as many:
        signed.get(path())
    assert len(many) == len(few)
