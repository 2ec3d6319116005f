"""Public calendars: busy hours without any name, versions, and what they cost."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from salle.bookings.rules import BookingState
from salle.db import db
from salle.venues.models import Room, RoomSpace
from salle.venues.occupations import Occupation
from salle.venues.rules import OccupationKind
from tests.factories import (
    at,
    make_booking,
    make_organisation,
    make_room,
    make_site,
    make_space,
    make_user,
    occupy,
)
from tests.support.ical import checked, intervals
from tests.support.queries import statements

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
DAY = "2026-12-01"
NAME = "Club Très Secret"
PURPOSE = "Répétition confidentielle"


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("salle.calendars.routes.utcnow", lambda: NOW)


@pytest.fixture
def room(session: None) -> Room:
    site = make_site(name="Collège des Tilleuls; bâtiment A, étage\\2", commune="Rennes")
    return make_room(site=site, name="Gymnase", spaces=[make_space(site=site) for _ in range(2)])


def book(room: Room, start: datetime, end: datetime, **values: object) -> None:
    make_booking(
        room=room,
        organisation=make_organisation(name=NAME),
        user=make_user(),
        starts_at=start,
        ends_at=end,
        purpose=PURPOSE,
        **values,
    )


def read(client: FlaskClient, room: Room, **headers: str) -> TestResponse:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get(f"/calendriers/salles/{room.slug}.ics", headers=names)


def occupied(room: Room) -> list[tuple[datetime, datetime]]:
    rows = db.session.execute(
        sa.select(Occupation.starts_at, Occupation.ends_at)
        .join(RoomSpace, RoomSpace.space_id == Occupation.space_id)
        .where(RoomSpace.room_id == room.id, Occupation.active)
        .distinct()
        .order_by(Occupation.starts_at, Occupation.ends_at)
    )
    return [(row[0].astimezone(UTC), row[1].astimezone(UTC)) for row in rows]


def queries_of(sent: list[str]) -> list[str]:
    """Without the savepoints of the tests' own session."""
    return [one for one in sent if "SAVEPOINT" not in one]


def test_whatever_takes_the_room_is_busy_and_reads_back_as_the_same_hours(
    client: FlaskClient, room: Room
) -> None:
    book(room, at(DAY, 18), at(DAY, 20))
    book(room, at(DAY, 20), at(DAY, 21.5), state=BookingState.HELD)
    occupy(room, at(DAY, 8), at(DAY, 12), kind=OccupationKind.SCHOOL)
    occupy(room, at("2026-12-02", 8), at("2026-12-02", 23.5), kind=OccupationKind.BLOCK)
    answer = read(client, room)
    assert answer.status_code == 200
    assert answer.content_type == "text/calendar; charset=utf-8"
    calendar = checked(answer.data)
    assert {str(event["SUMMARY"]) for event in calendar.walk("VEVENT")} == {"Occupé"}
    assert len(calendar.walk("VEVENT")) == 4
    assert intervals(answer.data) == occupied(room)


def test_no_name_purpose_or_identity_is_published(client: FlaskClient, room: Room) -> None:
    book(room, at(DAY, 18), at(DAY, 20), state=BookingState.REQUESTED)
    text = read(client, room).text
    ids = db.session.execute(
        sa.text(
            "SELECT id::text FROM booking UNION SELECT id::text FROM booking_date"
            " UNION SELECT id::text FROM room UNION SELECT reference FROM booking"
        )
    ).scalars()
    for secret in (NAME, PURPOSE, *ids):
        assert secret not in text


def test_released_hours_leave_the_calendar(client: FlaskClient, room: Room) -> None:
    for number, state in enumerate(BookingState):
        book(room, at(DAY, 8 + number), at(DAY, 9 + number), state=state)
    assert intervals(read(client, room).data) == occupied(room)
    assert len(occupied(room)) == 3


def test_a_half_and_the_whole_share_hours_but_not_marks(client: FlaskClient, room: Room) -> None:
    other = make_room(site=room.site, name="Moitié", spaces=[])
    space = db.session.scalar(
        sa.select(RoomSpace.space_id).where(RoomSpace.room_id == room.id).limit(1)
    )
    db.session.add(RoomSpace(room_id=other.id, space_id=space))
    db.session.flush()
    book(other, at(DAY, 18), at(DAY, 20))
    whole, half = read(client, room).data, read(client, other).data
    assert intervals(whole) == intervals(half) == occupied(other)
    marks = [re.findall(rb"UID:(\S+)", found) for found in (whole, half)]
    assert marks[0] != marks[1]


@pytest.mark.parametrize("day", ["2026-10-25", "2027-03-28", "2027-10-31"])
def test_the_night_of_a_clock_change_keeps_every_instant(
    client: FlaskClient, room: Room, day: str
) -> None:
    midnight = at(day).astimezone(UTC)
    for half_hours in range(0, 14, 2):
        start = midnight + timedelta(minutes=30 * half_hours)
        occupy(room, start, start + timedelta(minutes=30))
    answer = read(client, room)
    checked(answer.data)
    assert intervals(answer.data) == occupied(room)
    assert len(occupied(room)) == 7


def test_an_overseas_site_writes_its_own_hours(client: FlaskClient, session: None) -> None:
    site = make_site(time_zone="America/Martinique")
    room = make_room(site=site)
    occupy(room, at(DAY, 18, "America/Martinique"), at(DAY, 20, "America/Martinique"))
    text = read(client, room).text
    assert "DTSTART;TZID=America/Martinique:20261201T180000\r\n" in text
    assert "TZID:America/Martinique\r\n" in text


def test_it_covers_the_school_year_and_nothing_before(client: FlaskClient, room: Room) -> None:
    for day in ("2026-08-31", "2026-09-01", "2028-11-23"):
        occupy(room, at(day, 10), at(day, 12))
    assert [start.date() for start, _ in intervals(read(client, room).data)] == [
        date(2026, 9, 1),
        date(2028, 11, 23),
    ]


@pytest.mark.parametrize("hidden", ["unpublished", "closed", "unknown"])
def test_a_room_that_is_not_published_has_no_calendar(
    client: FlaskClient, room: Room, hidden: str
) -> None:
    slug = room.slug
    if hidden == "unpublished":
        room.published_at = None
    elif hidden == "closed":
        room.site.closed_on = date(2026, 1, 1)
    else:
        slug = "nulle-part"
    db.session.flush()
    assert client.get(f"/calendriers/salles/{slug}.ics").status_code == 404
    tag = {"If-None-Match": '"x"'}
    assert client.get(f"/calendriers/salles/{slug}.ics", headers=tag).status_code == 404


def test_a_site_names_its_rooms_and_only_them(client: FlaskClient, room: Room) -> None:
    hidden = make_room(site=room.site, name="Réserve", published_at=None)
    other = make_room(site=room.site, name="Salle d’arts, étage; 2")
    for one in (room, hidden, other):
        book(one, at(DAY, 18), at(DAY, 20))
    answer = client.get(f"/calendriers/sites/{room.site.uai}.ics")
    assert answer.status_code == 200
    names = {str(event["SUMMARY"]) for event in checked(answer.data).walk("VEVENT")}
    assert names == {"Occupé\u00a0: Gymnase", "Occupé\u00a0: Salle d’arts, étage; 2"}
    assert NAME not in answer.text


def test_a_site_without_a_published_room_has_no_calendar(
    client: FlaskClient, session: None
) -> None:
    site = make_site()
    for uai in (site.uai, "0999999Z", "x"):
        assert client.get(f"/calendriers/sites/{uai}.ics").status_code == 404


def test_the_same_state_gives_the_same_bytes(client: FlaskClient, room: Room) -> None:
    book(room, at(DAY, 18), at(DAY, 20))
    first = read(client, room)
    occupy(room, at(DAY, 10), at(DAY, 11), kind=OccupationKind.BLOCK)
    changed = read(client, room)
    db.session.execute(sa.delete(Occupation).where(Occupation.kind == OccupationKind.BLOCK))
    again = read(client, room)
    assert first.data == again.data != changed.data
    assert first.headers["ETag"] == again.headers["ETag"] != changed.headers["ETag"]


@pytest.mark.parametrize("kind", ["salles", "sites"])
def test_a_known_version_costs_one_query_and_no_body(
    client: FlaskClient, room: Room, kind: str
) -> None:
    book(room, at(DAY, 18), at(DAY, 20))
    address = f"/calendriers/{kind}/{room.slug if kind == 'salles' else room.site.uai}.ics"
    first = client.get(address)
    for headers in (
        {"If-None-Match": first.headers["ETag"]},
        {"If-None-Match": f'W/{first.headers["ETag"]}, "x"'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": first.headers["Last-Modified"]},
    ):
        with statements() as sent:
            answer = client.get(address, headers=headers)
        assert answer.status_code == 304, headers
        assert answer.data == b""
        (query,) = queries_of(sent)
        assert "digests" in query
        assert answer.headers["ETag"] == first.headers["ETag"]
        assert answer.headers["Cache-Control"] == "public, no-cache"
    with statements() as sent:
        assert client.get(address).status_code == 200
    assert len(queries_of(sent)) == 1


def test_any_change_is_seen_at_once_by_tag_and_by_date(client: FlaskClient, room: Room) -> None:
    site = room.site
    known = read(client, room)
    seen = [known.headers["Last-Modified"]]
    changes = (
        lambda: book(room, at(DAY, 18), at(DAY, 20)),
        lambda: setattr(room, "name", "Gymnase rénové"),
        lambda: setattr(site, "address", "2 rue Neuve"),
        lambda: db.session.execute(sa.update(Occupation).values(active=False)),
    )
    for change in changes:
        change()
        db.session.flush()
        tag = {"If_None_Match": known.headers["ETag"]}
        assert read(client, room, **tag).status_code == 200
        known = read(client, room, If_Modified_Since=seen[-1])
        assert known.status_code == 200
        seen.append(known.headers["Last-Modified"])
        db.session.expire_all()
    assert len(set(seen)) == len(seen)


def test_head_says_the_same_without_the_body(client: FlaskClient, room: Room) -> None:
    book(room, at(DAY, 18), at(DAY, 20))
    whole = read(client, room)
    head = client.head(f"/calendriers/salles/{room.slug}.ics")
    assert head.status_code == 200
    assert head.data == b""
    for name in ("ETag", "Last-Modified", "Content-Length", "Content-Type"):
        assert head.headers[name] == whole.headers[name]


def test_a_huge_calendar_keeps_what_is_near(
    client: FlaskClient, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("salle.calendars.queries.MAX_EVENTS", 3)
    for day in ("2026-09-02", "2026-11-20", "2026-12-01", "2027-01-05", "2027-02-01"):
        occupy(room, at(day, 10), at(day, 12))
    days = [start.date().isoformat() for start, _ in intervals(read(client, room).data)]
    assert days == ["2026-11-20", "2026-12-01", "2027-01-05"]
