"""A lesson at the time of a booking: nothing is overwritten, it is listed, and it wakes."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from salle.accounts.models import User
from salle.bookings.cancellation import cancel_booking
from salle.bookings.models import Booking, BookingDate
from salle.bookings.rules import BookingState
from salle.bookings.service import expire_booking
from salle.db import db
from salle.organisations.models import Organisation
from salle.venues.availability import refusal
from salle.venues.collisions import count_open_collisions, list_open_collisions
from salle.venues.models import Room, Timetable
from salle.venues.occupations import Occupation
from salle.venues.queries import get_room
from salle.venues.rules import CollisionEnding, OccupationKind
from salle.venues.timetable_models import TimetableCollision
from tests.factories import NOW, at, make_booking, make_member, make_organisation, make_room
from tests.support.queries import statements
from tests.support.timetables import calendar, lessons_of, take

pytestmark = pytest.mark.usefixtures("session")
DAY = "2027-01-12"
LESSON = (at(DAY, 14), at(DAY, 16))
HALVES = [(at(DAY, 14), at(DAY, 15)), (at(DAY, 15), at(DAY, 16))]


@pytest.fixture
def room(session: None) -> Room:
    return make_room(name="Gymnase")


def book(
    room: Room, start: float, end: float, state: BookingState = BookingState.CONFIRMED
) -> tuple[Booking, User]:
    organisation = make_organisation()
    member = make_member(organisation=organisation)
    user = db.session.get_one(User, member.user_id)
    booking = make_booking(
        room=room,
        organisation=organisation,
        user=user,
        starts_at=at(DAY, start),
        ends_at=at(DAY, end),
        state=state,
        price_cents=0,
    )
    return booking, user


def date_of(booking: Booking) -> uuid.UUID:
    return db.session.scalars(
        sa.select(BookingDate.id).where(BookingDate.booking_id == booking.id)
    ).one()


def collisions() -> list[TimetableCollision]:
    return list(
        db.session.scalars(
            sa.select(TimetableCollision)
            .order_by(TimetableCollision.starts_at, TimetableCollision.id)
            .execution_options(populate_existing=True)
        )
    )


def test_a_lesson_sleeps_where_a_booking_is_and_takes_the_rest(room: Room) -> None:
    booking, _ = book(room, 15, 18)
    report = take(room, calendar(LESSON), NOW)
    (remark,) = report.rejects
    assert str(remark) == (
        "Ligne 4 : cours « EPS 6e A » du mardi 12\u00a0janvier 2027, 14\u00a0h\u00a0– 16\u00a0h : "
        "réservation au même moment, rien n’est écrasé"
    )
    assert lessons_of(room) == HALVES[:1]
    assert lessons_of(room, active=False) == HALVES[1:]
    (collision,) = collisions()
    assert (collision.starts_at, collision.ends_at, collision.title) == (*LESSON, "EPS 6e A")
    assert collision.booking_date_id == date_of(booking)
    assert count_open_collisions([room.site_id], now=NOW) == {room.id: 1}
    ((listed, listed_room, site),) = list_open_collisions([room.site_id], now=NOW)
    assert (listed.id, listed_room.id, site.id) == (collision.id, room.id, room.site_id)


def test_cancelling_the_booking_wakes_the_lesson_at_once(room: Room) -> None:
    booking, user = book(room, 15, 18)
    take(room, calendar(LESSON), NOW)
    assert refusal(get_room(room.id), *HALVES[1]) is not None
    cancel_booking(booking_id=booking.id, actor=user, reason="", now=NOW)
    assert lessons_of(room) == HALVES
    refused = refusal(get_room(room.id), *HALVES[1])
    assert refused is not None
    assert refused.code == "school_use"
    assert refusal(get_room(room.id), at(DAY, 16), at(DAY, 18)) is None
    (collision,) = collisions()
    assert (collision.ended_at, collision.ending) == (NOW, CollisionEnding.BOOKING_GONE)
    assert list_open_collisions([room.site_id], now=NOW) == []


def test_a_hold_that_expires_wakes_the_lesson_too(room: Room) -> None:
    booking, _ = book(room, 14, 16, BookingState.HELD)
    take(room, calendar(LESSON), NOW)
    assert lessons_of(room) == []
    expire_booking(booking_id=booking.id, now=NOW + timedelta(minutes=11))
    assert lessons_of(room) == [LESSON]


def test_one_date_of_a_series_that_is_cancelled_wakes_its_lesson(room: Room) -> None:
    booking, user = book(room, 14, 16)
    later = [(at(DAY, 14) + timedelta(days=7), at(DAY, 16) + timedelta(days=7))]
    date_id = date_of(booking)
    other = make_booking(
        room=room,
        organisation=db.session.get_one(Organisation, booking.organisation_id),
        user=user,
        starts_at=later[0][0],
        ends_at=later[0][1],
    )
    db.session.execute(sa.update(BookingDate).values(booking_id=booking.id))
    db.session.execute(sa.delete(Booking).where(Booking.id == other.id))
    db.session.expire_all()
    take(room, calendar(LESSON, *later), NOW)
    assert lessons_of(room) == []
    cancel_booking(booking_id=booking.id, actor=user, reason="", now=NOW, date_ids=[date_id])
    assert lessons_of(room) == [LESSON]
    assert lessons_of(room, active=False) == later


def test_two_bookings_of_one_lesson_go_one_after_the_other(room: Room) -> None:
    (first, user), _ = book(room, 14, 15), book(room, 15, 16)
    take(room, calendar(LESSON), NOW)
    assert len(collisions()) == 2
    cancel_booking(booking_id=first.id, actor=user, reason="", now=NOW)
    assert lessons_of(room) == HALVES[:1]
    assert [one.ending for one in collisions()].count(None) == 1


def test_a_lesson_wakes_only_where_nothing_else_is(room: Room) -> None:
    """The booking goes, a block stays."""
    booking, user = book(room, 15, 18)
    take(room, calendar(LESSON), NOW)
    db.session.execute(
        sa.update(Occupation)
        .where(Occupation.booking_date_id == date_of(booking))
        .values(ends_at=at(DAY, 15.5), frees_at=at(DAY, 15.5))
    )
    space = db.session.scalar(sa.select(Occupation.space_id).limit(1))
    db.session.add(
        Occupation(
            space_id=space,
            kind=OccupationKind.BLOCK,
            starts_at=at(DAY, 15.5),
            ends_at=at(DAY, 18),
            frees_at=at(DAY, 18),
        )
    )
    db.session.flush()
    cancel_booking(booking_id=booking.id, actor=user, reason="", now=NOW)
    assert lessons_of(room)[-1] == (at(DAY, 15), at(DAY, 15.5))
    assert lessons_of(room, active=False) == [(at(DAY, 15.5), at(DAY, 16))]


def test_a_new_version_without_the_lesson_ends_the_collision(room: Room) -> None:
    book(room, 15, 18)
    take(room, calendar(LESSON), NOW)
    take(room, calendar((at(DAY, 9), at(DAY, 10))), NOW)
    assert [one.ending for one in collisions()] == [CollisionEnding.LESSON_GONE]
    take(room, calendar(LESSON), NOW + timedelta(hours=1))
    (again,) = collisions()
    assert (again.ended_at, again.found_at) == (None, NOW + timedelta(hours=1))


def test_the_same_version_again_keeps_what_was_done_about_it(room: Room) -> None:
    book(room, 15, 18)
    take(room, calendar(LESSON), NOW)
    (collision,) = collisions()
    collision.proposed_at = NOW
    db.session.flush()
    take(room, calendar(LESSON), NOW + timedelta(hours=4))
    assert [(one.id, one.proposed_at) for one in collisions()] == [(collision.id, NOW)]


def test_what_is_over_is_no_collision(room: Room) -> None:
    book(room, 15, 18)
    report = take(room, calendar(LESSON), at(DAY, 17))
    assert (report.rejects, collisions()) == ([], [])


def test_a_booking_of_a_half_leaves_the_other_half_to_the_lesson(room: Room) -> None:
    spaces = list(db.session.scalars(sa.select(Occupation.space_id)))
    assert spaces == []
    site = room.site
    half = make_room(site=site, name="Moitié")
    whole_spaces = db.session.execute(
        sa.text("SELECT space_id FROM room_space WHERE room_id = :half"), {"half": half.id}
    ).scalars()
    db.session.execute(
        sa.text("INSERT INTO room_space (room_id, space_id) SELECT :room, unnest(:spaces)"),
        {"room": room.id, "spaces": list(whole_spaces)},
    )
    book(half, 14, 16)
    take(room, calendar(LESSON), NOW)
    active = db.session.scalars(
        sa.select(Occupation.space_id).where(
            Occupation.kind == OccupationKind.SCHOOL, Occupation.active
        )
    ).all()
    assert len(active) == 1
    assert refusal(get_room(room.id), *LESSON) is not None


def test_the_pause_of_the_room_counts(room: Room) -> None:
    db.session.execute(sa.text("UPDATE space SET buffer = '15 minutes'"))
    book(room, 16, 18)
    db.session.execute(
        sa.update(Occupation).values(frees_at=Occupation.ends_at + timedelta(minutes=15))
    )
    take(room, calendar(LESSON), NOW)
    assert len(collisions()) == 1
    assert lessons_of(room) == [(at(DAY, 14), at(DAY, 15.75))]


def test_letting_a_booking_go_costs_the_same_whatever_sleeps_elsewhere(
    room: Room,
) -> None:
    def cost(lessons: int) -> int:
        site_room = make_room(name=f"Salle {lessons}")
        booking, user = book(site_room, 15, 18)
        many = [
            (at("2027-02-01", 8) + timedelta(days=n), at("2027-02-01", 9) + timedelta(days=n))
            for n in range(lessons)
        ]
        for start, end in many:
            organisation = make_organisation()
            make_booking(
                room=site_room, organisation=organisation, user=user, starts_at=start, ends_at=end
            )
        take(site_room, calendar(LESSON, *many), NOW)
        with statements() as sent:
            cancel_booking(booking_id=booking.id, actor=user, reason="", now=NOW)
        return len(sent)

    assert cost(1) == cost(20)


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"ends_at": LESSON[0]}, "ck_timetable_collision_not_empty"),
        ({"ended_at": NOW}, "ck_timetable_collision_ended"),
        ({"ending": CollisionEnding.LESSON_GONE}, "ck_timetable_collision_ended"),
        ({"proposed_at": NOW - timedelta(days=1)}, "ck_timetable_collision_order"),
        (
            {"ended_at": NOW - timedelta(days=1), "ending": CollisionEnding.LESSON_GONE},
            "ck_timetable_collision_order",
        ),
        ({}, "uq_timetable_collision_lesson"),
    ],
)
def test_the_database_refuses_an_impossible_collision(
    room: Room, values: dict[str, datetime | CollisionEnding], constraint: str
) -> None:
    booking, _ = book(room, 15, 18)
    take(room, calendar(LESSON), NOW)
    timetable_id = db.session.scalar(sa.select(Timetable.id))
    known = {
        "timetable_id": timetable_id,
        "booking_date_id": date_of(booking),
        "starts_at": LESSON[0],
        "ends_at": LESSON[1],
        "title": "",
        "line": 1,
        "found_at": NOW,
    }
    if values:
        known["starts_at"] = (
            LESSON[0] - timedelta(hours=1) if "ends_at" not in values else LESSON[0]
        )
    db.session.add(TimetableCollision(**{**known, **values}))
    with pytest.raises(IntegrityError, match=constraint), db.session.begin_nested():
        db.session.flush()
