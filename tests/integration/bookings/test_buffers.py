"""Between two uses of a space the pause is kept once: the larger of the two, never the sum."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from salle.bookings.cancellation import cancel_booking
from salle.bookings.creation import Created, create_booking
from salle.bookings.offers import Request
from salle.db import db
from salle.kernel.errors import DomainError
from salle.venues.availability import free_between
from salle.venues.buffers import change_buffer, list_short_pauses
from salle.venues.models import RoomSpace, Space
from salle.venues.occupations import Occupation
from salle.venues.queries import get_room, list_space_buffers
from salle.venues.rules import OccupationKind
from tests.factories import occupy
from tests.support.world import NOW, World, build_world, get_user, tuesday

HALF_HOUR = timedelta(minutes=30)


@pytest.fixture
def world(session: None) -> World:
    return build_world()


def keep(world: World, *minutes: int) -> None:
    """The pause of each half."""
    for space_id, pause in zip(world.spaces, minutes, strict=True):
        change_buffer([space_id], timedelta(minutes=pause), now=NOW)


def book(
    world: World, room: uuid.UUID, start: datetime, end: datetime, *, other: bool = False
) -> Created:
    return create_booking(
        request=Request(
            room_id=room,
            organisation_id=world.other_organisation if other else world.organisation,
            starts_at=start,
            ends_at=end,
            purpose="Essai",
            headcount=10,
        ),
        actor=get_user(world.other_member if other else world.member),
        now=NOW,
    )


def code(world: World, room: uuid.UUID, start: datetime, end: datetime) -> str:
    try:
        with db.session.begin_nested():
            book(world, room, start, end, other=True)
    except DomainError as error:
        return error.code
    return "booked"


def set_steps(world: World, minutes: int) -> None:
    for room in (world.whole, world.half_a, world.half_b):
        get_room(room).step_minutes = minutes
    db.session.flush()


def test_the_next_use_waits_for_one_pause_not_two(world: World) -> None:
    keep(world, 30, 30)
    set_steps(world, 15)
    book(world, world.half_a, tuesday(18), tuesday(19))
    assert code(world, world.half_a, tuesday(19), tuesday(20)) == "slot_taken"
    assert code(world, world.half_a, tuesday(19, 15), tuesday(20)) == "slot_taken"
    assert code(world, world.half_a, tuesday(19, 30), tuesday(20, 30)) == "booked"


def test_the_use_before_leaves_one_pause_too(world: World) -> None:
    keep(world, 30, 30)
    set_steps(world, 15)
    book(world, world.half_a, tuesday(19, 30), tuesday(20, 30))
    assert code(world, world.half_a, tuesday(18), tuesday(19, 30)) == "slot_taken"
    assert code(world, world.half_a, tuesday(18), tuesday(19, 15)) == "slot_taken"
    assert code(world, world.half_a, tuesday(18), tuesday(19)) == "booked"


@pytest.mark.parametrize("first", ["half", "whole"])
def test_a_whole_room_keeps_the_larger_pause_of_its_halves(world: World, first: str) -> None:
    keep(world, 15, 45)
    set_steps(world, 15)
    if first == "whole":
        book(world, world.whole, tuesday(17), tuesday(18))
        # Each half is given back after its own pause, the whole room after the larger one.
        assert code(world, world.whole, tuesday(18, 30), tuesday(20)) == "slot_taken"
        assert code(world, world.half_b, tuesday(18, 30), tuesday(19)) == "slot_taken"
        assert code(world, world.half_a, tuesday(18, 15), tuesday(19)) == "booked"
        assert code(world, world.half_b, tuesday(18, 45), tuesday(20)) == "booked"
    else:
        book(world, world.half_b, tuesday(17), tuesday(18))
        assert code(world, world.whole, tuesday(18, 30), tuesday(20)) == "slot_taken"
        assert code(world, world.whole, tuesday(18, 45), tuesday(20)) == "booked"


def test_lessons_keep_the_same_pause_before_and_after(world: World) -> None:
    keep(world, 30, 30)
    set_steps(world, 15)
    room = get_room(world.half_a)
    occupy(room, tuesday(17), tuesday(18), kind=OccupationKind.SCHOOL)
    occupy(room, tuesday(20), tuesday(21), kind=OccupationKind.SCHOOL)
    assert code(world, world.half_a, tuesday(18, 15), tuesday(19, 30)) == "school_use"
    assert code(world, world.half_a, tuesday(18, 30), tuesday(19, 45)) == "school_use"
    assert code(world, world.half_a, tuesday(18, 30), tuesday(19, 30)) == "booked"


def test_a_new_pause_is_seen_at_once_by_what_is_already_booked(world: World) -> None:
    book(world, world.half_a, tuesday(18), tuesday(19))
    room = get_room(world.half_a)
    before = free_between(room, tuesday(17), tuesday(22))
    assert [(piece.start, piece.end) for piece in before] == [
        (tuesday(17), tuesday(18)), (tuesday(19), tuesday(22))
    ]  # fmt: skip
    assert change_buffer([world.spaces[0]], HALF_HOUR, now=NOW) == []
    after = free_between(get_room(world.half_a), tuesday(17), tuesday(22))
    assert [(piece.start, piece.end) for piece in after] == [
        (tuesday(17), tuesday(17, 30)), (tuesday(19, 30), tuesday(22))
    ]  # fmt: skip
    change_buffer([world.spaces[0]], timedelta(0), now=NOW)
    assert free_between(get_room(world.half_a), tuesday(17), tuesday(22)) == before


def test_rooms_have_the_pause_of_their_spaces(world: World) -> None:
    keep(world, 15, 45)
    buffers = list_space_buffers(world.whole)
    assert [buffers[space] for space in world.spaces] == [
        timedelta(minutes=15), timedelta(minutes=45)
    ]  # fmt: skip
    rows = db.session.execute(
        sa.select(RoomSpace.buffer, Space.buffer).join(Space, Space.id == RoomSpace.space_id)
    )
    assert all(copy == own for copy, own in rows)


def test_uses_too_close_for_the_new_pause_stay_and_are_listed(world: World) -> None:
    book(world, world.half_a, tuesday(18), tuesday(19))
    following = book(world, world.half_a, tuesday(19), tuesday(20), other=True)
    [short] = change_buffer([world.spaces[0]], HALF_HOUR, now=NOW)
    assert (short.ends_at, short.next_starts_at, short.buffer) == (
        tuesday(19), tuesday(19), HALF_HOUR
    )  # fmt: skip
    rows = db.session.execute(
        sa.select(Occupation.ends_at, Occupation.frees_at, Occupation.active).order_by(
            Occupation.starts_at
        )
    ).all()
    assert rows == [
        (tuesday(19), tuesday(19), True),
        (tuesday(20), tuesday(20, 30), True),
    ]
    # Once the second one leaves, the first has its whole pause again.
    cancel_booking(booking_id=following.id, actor=get_user(world.other_member), reason="", now=NOW)
    assert list_short_pauses(world.spaces, now=NOW) == []
    assert code(world, world.half_a, tuesday(19), tuesday(20)) == "slot_taken"
    assert code(world, world.half_a, tuesday(19, 30), tuesday(20)) == "booked"


def test_a_hold_that_comes_back_has_the_new_pause(world: World) -> None:
    booking = book(world, world.half_a, tuesday(18), tuesday(19))
    cancel_booking(booking_id=booking.id, actor=get_user(world.member), reason="", now=NOW)
    change_buffer([world.spaces[0]], HALF_HOUR, now=NOW)
    row = db.session.scalars(sa.select(Occupation)).one()
    assert (row.active, row.frees_at) == (False, tuesday(19, 30))


def test_what_is_over_is_not_rewritten(world: World) -> None:
    occupy(get_room(world.half_a), NOW - timedelta(hours=4), NOW - timedelta(hours=2))
    change_buffer([world.spaces[0]], HALF_HOUR, now=NOW)
    row = db.session.scalars(sa.select(Occupation)).one()
    assert row.frees_at == NOW - timedelta(hours=2)


def test_rows_of_one_long_lesson_need_no_pause_between_them(world: World) -> None:
    room = get_room(world.half_a)
    first, second = tuesday(8), tuesday(8) + timedelta(hours=24)
    occupy(room, first, second, kind=OccupationKind.SCHOOL, buffer=timedelta(0))
    occupy(room, second, second + timedelta(hours=5), kind=OccupationKind.SCHOOL)
    assert change_buffer([world.spaces[0]], HALF_HOUR, now=NOW) == []
    frees = db.session.scalars(sa.select(Occupation.frees_at).order_by(Occupation.starts_at)).all()
    assert frees == [second, second + timedelta(hours=5, minutes=30)]
