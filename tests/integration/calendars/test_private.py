"""Private calendars: what each shows, by which right, and never a door code."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from salle.accounts.models import RoleAssignment, User
from salle.accounts.rules import Role
from salle.bookings.models import Booking, BookingDate
from salle.bookings.rules import BookingState
from salle.calendars.models import CalendarAddress
from salle.calendars.rules import AddressKind
from salle.calendars.service import create_address, open_token, renew_address, revoke_address
from salle.db import db
from salle.doors.models import Door, RoomDoor
from salle.kernel.errors import NotFound
from salle.organisations.models import Membership, Organisation
from salle.venues.models import Room, Site
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
from tests.support.ical import checked, intervals
from tests.support.queries import statements

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
DAY = "2026-12-01"
NAME = "Club, des « Œillets »; échecs\\go"
PURPOSE = (
    "Entraînement des adultes, niveau 2; apportez vos chaussures.\nEt de l’eau\\du thé " + "é" * 90
)


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("salle.calendars.routes.utcnow", lambda: NOW)


@pytest.fixture
def site(session: None) -> Site:
    return make_site(name="Collège des Tilleuls", address="3, rue des Tilleuls")


@pytest.fixture
def room(site: Site) -> Room:
    room = make_room(site=site, name="Gymnase")
    door = Door(
        id=uuid.uuid4(), site_id=site.id, name="Porte 2", directions="Derrière, à gauche",
        driver="virtual",
    )  # fmt: skip
    db.session.add(door)
    db.session.flush()
    db.session.add(RoomDoor(room_id=room.id, door_id=door.id))
    db.session.flush()
    return room


@pytest.fixture
def organisation(session: None) -> Organisation:
    return make_organisation(name=NAME)


@pytest.fixture
def member(organisation: Organisation) -> User:
    user = make_user()
    make_member(organisation=organisation, user=user)
    return user


def book(
    room: Room, organisation: Organisation, start: float, end: float, **values: object
) -> Booking:
    facts: dict[str, object] = {"purpose": PURPOSE, "headcount": 14, **values}
    return make_booking(
        room=room,
        organisation=organisation,
        user=make_user(),
        starts_at=at(DAY, start),
        ends_at=at(DAY, end),
        **facts,
    )


def address_of(user: User, kind: AddressKind, subject: uuid.UUID | None = None) -> CalendarAddress:
    return create_address(kind=kind, subject_id=subject, actor=user, now=NOW)


def url_of(address: CalendarAddress) -> str:
    return f"/calendriers/prive/{open_token(address)}.ics"


def keeper(site: Site, role: Role = Role.CARETAKER) -> User:
    user = make_user()
    give_role(user, role, site=site)
    return user


def read(client: FlaskClient, address: CalendarAddress, **headers: str) -> TestResponse:
    return client.get(url_of(address), headers={k.replace("_", "-"): v for k, v in headers.items()})


def test_an_association_reads_where_to_go_and_never_the_code(
    client: FlaskClient, room: Room, organisation: Organisation, member: User
) -> None:
    booking = book(room, organisation, 18, 20)
    book(room, make_organisation(), 20, 21)
    book(room, organisation, 9, 10, state=BookingState.CANCELLED)
    book(room, organisation, 10, 11, state=BookingState.REQUESTED)
    answer = read(client, address_of(member, AddressKind.ORGANISATION, organisation.id))
    assert answer.status_code == 200
    (event,) = checked(answer.data).walk("VEVENT")
    assert str(event["SUMMARY"]) == "Gymnase, Collège des Tilleuls"
    assert "3, rue des Tilleuls" in str(event["LOCATION"])
    assert str(event["URL"]).endswith(f"/reservations/{booking.id}")
    words = str(event["DESCRIPTION"])
    assert PURPOSE in words
    assert "Porte\u00a0: Porte 2. Derrière, à gauche" in words
    assert "Le code de la porte est sur la page de la réservation." in words
    assert intervals(answer.data) == [(at(DAY, 18), at(DAY, 20))]


def test_the_staff_reads_who_comes_and_for_what(
    client: FlaskClient, room: Room, organisation: Organisation, site: Site
) -> None:
    book(room, organisation, 18, 20)
    book(make_room(), organisation, 18, 20)
    address = address_of(keeper(site, Role.COLLEGE_MANAGER), AddressKind.SITE, site.id)
    (event,) = checked(read(client, address).data).walk("VEVENT")
    assert str(event["SUMMARY"]) == f"Gymnase\u00a0: {NAME}"
    assert PURPOSE in str(event["DESCRIPTION"])
    assert "14\u00a0personnes" in str(event["DESCRIPTION"])


def test_a_caretaker_reads_one_opening_for_uses_that_follow_each_other(
    client: FlaskClient, room: Room, organisation: Organisation, site: Site
) -> None:
    for start, end in ((18, 19), (19, 20.5), (21, 22)):
        book(room, organisation, start, end)
    address = address_of(keeper(site), AddressKind.CARETAKER)
    first, second = checked(read(client, address).data).walk("VEVENT")
    assert str(first["SUMMARY"]) == "Gymnase\u00a0: ouvrir à 18\u00a0h, fermer à 20\u00a0h\u00a030"
    assert "fermer à 22\u00a0h" in str(second["SUMMARY"])
    assert PURPOSE not in str(first["DESCRIPTION"])


End = Callable[[User, CalendarAddress], object]


def leave(user: User, _: CalendarAddress) -> None:
    db.session.execute(
        sa.update(Membership).where(Membership.user_id == user.id).values(ended_at=NOW)
    )


def close(user: User, _: CalendarAddress) -> None:
    user.closed_at = NOW


def lose_role(user: User, _: CalendarAddress) -> None:
    db.session.execute(sa.delete(RoleAssignment).where(RoleAssignment.user_id == user.id))


def revoke(user: User, address: CalendarAddress) -> None:
    revoke_address(address_id=address.id, actor=user, now=NOW)


def renew(user: User, address: CalendarAddress) -> None:
    renew_address(address_id=address.id, actor=user, now=NOW)


@pytest.mark.parametrize("end", [leave, close, revoke, renew])
def test_an_address_stops_with_the_membership_the_account_or_itself(
    client: FlaskClient, organisation: Organisation, member: User, end: End
) -> None:
    address = address_of(member, AddressKind.ORGANISATION, organisation.id)
    known = read(client, address)
    url = url_of(address)
    end(member, address)
    db.session.flush()
    gone = client.get(url, headers={"If-None-Match": known.headers["ETag"]})
    unknown = client.get(f"/calendriers/prive/{'x' * 43}.ics")
    assert gone.status_code == unknown.status_code == 404
    assert gone.headers["Cache-Control"] == unknown.headers["Cache-Control"]


@pytest.mark.parametrize("kind", [AddressKind.SITE, AddressKind.CARETAKER])
@pytest.mark.parametrize("end", [lose_role, close, revoke, renew])
def test_a_collège_s_address_stops_with_the_role(
    client: FlaskClient, site: Site, kind: AddressKind, end: End
) -> None:
    user = keeper(site)
    address = address_of(user, kind, site.id if kind == AddressKind.SITE else None)
    url = url_of(address)
    assert client.get(url).status_code == 200
    end(user, address)
    db.session.flush()
    assert client.get(url).status_code == 404


def test_an_accountant_s_calendar_holds_no_door(client: FlaskClient, site: Site) -> None:
    user = keeper(site, Role.ACCOUNTANT)
    with pytest.raises(NotFound):
        address_of(user, AddressKind.CARETAKER)


def test_nobody_gets_an_address_without_the_right(
    session: None, site: Site, organisation: Organisation
) -> None:
    stranger = keeper(make_site())
    for kind, subject in (
        (AddressKind.ORGANISATION, organisation.id),
        (AddressKind.SITE, site.id),
        (AddressKind.SITE, None),
        (AddressKind.ORGANISATION, None),
        (AddressKind.CARETAKER, site.id),
    ):
        with pytest.raises(NotFound):
            address_of(stranger, kind, subject)


def test_somebody_else_can_neither_change_nor_take_away_an_address(
    session: None, organisation: Organisation, member: User
) -> None:
    address = address_of(member, AddressKind.ORGANISATION, organisation.id)
    other = make_user()
    make_member(organisation=organisation, user=other)
    for act in (renew_address, revoke_address):
        with pytest.raises(NotFound):
            act(address_id=address.id, actor=other, now=NOW)


def test_asking_twice_gives_the_same_address_and_renewing_another(
    session: None, organisation: Organisation, member: User
) -> None:
    first = address_of(member, AddressKind.ORGANISATION, organisation.id)
    assert address_of(member, AddressKind.ORGANISATION, organisation.id).id == first.id
    second = renew_address(address_id=first.id, actor=member, now=NOW)
    assert open_token(second) != open_token(first)
    with pytest.raises(NotFound):
        renew_address(address_id=first.id, actor=member, now=NOW)


def test_the_token_is_stored_hashed_and_sealed_and_never_logged(
    client: FlaskClient,
    organisation: Organisation,
    member: User,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = address_of(member, AddressKind.ORGANISATION, organisation.id)
    token = open_token(address)
    assert len(token) == 43
    assert token.encode() not in bytes(address.token_sealed)
    row = db.session.execute(
        sa.text("SELECT t::text FROM calendar_address t WHERE id = :id"), {"id": address.id}
    ).scalar()
    assert token not in str(row)
    events = db.session.execute(sa.text("SELECT details::text FROM audit_event")).scalars()
    assert all(token not in event for event in events)
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(logging.getLogger("salle"), "propagate", True)
    client.get(url_of(address))

    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("salle.calendars.private.get_private_calendar", fail)
    with pytest.raises(RuntimeError):
        client.get(url_of(address))
    assert token not in caplog.text


def test_headers_keep_it_out_of_shared_copies_and_of_search_engines(
    client: FlaskClient, organisation: Organisation, member: User
) -> None:
    address = address_of(member, AddressKind.ORGANISATION, organisation.id)
    answer = read(client, address)
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_a_known_version_costs_two_queries_and_no_body(
    client: FlaskClient, room: Room, organisation: Organisation, member: User
) -> None:
    book(room, organisation, 18, 20)
    address = address_of(member, AddressKind.ORGANISATION, organisation.id)
    first = read(client, address)
    for headers in (
        {"If_None_Match": first.headers["ETag"]},
        {"If_Modified_Since": first.headers["Last-Modified"]},
    ):
        url = url_of(address)
        with statements() as sent:
            answer = client.get(url, headers={k.replace("_", "-"): v for k, v in headers.items()})
        assert answer.status_code == 304
        assert answer.data == b""
        assert len([one for one in sent if "FROM " in one]) == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda booking, room, name: setattr(room, "name", "Gymnase rénové"),
        lambda booking, room, name: setattr(name, "name", "Autre nom"),
        lambda booking, room, name: setattr(booking, "headcount", 3),
        lambda booking, room, name: setattr(booking, "state", BookingState.CANCELLED),
        lambda booking, room, name: db.session.execute(sa.update(Door).values(directions="Devant")),
        lambda booking, room, name: db.session.execute(
            sa.update(BookingDate).values(ends_at=BookingDate.ends_at + timedelta(minutes=30))
        ),
    ],
)
def test_any_change_is_a_new_version(
    client: FlaskClient,
    room: Room,
    organisation: Organisation,
    member: User,
    change: Callable[..., object],
) -> None:
    booking = book(room, organisation, 18, 20)
    address = address_of(member, AddressKind.ORGANISATION, organisation.id)
    first = read(client, address)
    assert read(client, address, If_None_Match=first.headers["ETag"]).status_code == 304
    change(booking, room, organisation)
    db.session.flush()
    second = read(client, address, If_None_Match=first.headers["ETag"])
    assert second.status_code == 200
    assert second.data != first.data


def test_the_last_reading_is_known_to_the_minute(
    client: FlaskClient,
    organisation: Organisation,
    member: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = address_of(member, AddressKind.ORGANISATION, organisation.id)
    url, address_id, seen = url_of(address), address.id, []
    for seconds in (0, 59, 60):
        moment = NOW + timedelta(seconds=seconds)
        monkeypatch.setattr("salle.calendars.routes.utcnow", lambda moment=moment: moment)
        assert client.get(url).status_code == 200
        seen.append(
            db.session.scalar(
                sa.select(CalendarAddress.last_read_at).where(CalendarAddress.id == address_id)
            )
        )
    assert seen == [NOW, NOW, NOW + timedelta(seconds=60)]


@pytest.mark.parametrize("token", ["court", "x" * 44, "é" * 43, "%00" * 43])
def test_what_cannot_be_a_token_is_not_looked_up(
    client: FlaskClient, session: None, token: str
) -> None:
    with statements() as sent:
        assert client.get(f"/calendriers/prive/{token}.ics").status_code == 404
    assert not [one for one in sent if "calendar_address" in one]


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"kind": "site"}, "subject"),
        ({"kind": "caretaker"}, "subject"),
        ({"organisation_id": None}, "subject"),
        ({"token_hash": "clair"}, "token_hash"),
    ],
)
def test_the_database_refuses_a_crooked_address(
    session: None,
    organisation: Organisation,
    member: User,
    values: dict[str, object],
    constraint: str,
) -> None:
    address_of(member, AddressKind.ORGANISATION, organisation.id)
    with (
        pytest.raises(sa.exc.IntegrityError, match=f"ck_calendar_address_{constraint}"),
        db.session.begin_nested(),
    ):
        db.session.execute(sa.update(CalendarAddress).values(**values))
