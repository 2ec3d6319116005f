"""What a door answers: the right code at the right time opens, anything else does not."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from salle.db import db
from salle.doors.models import Door, DoorTry
from salle.doors.queries import find_locked_until
from salle.doors.rules import LOCKOUT, MAX_WRONG_TRIES, TryOutcome
from salle.doors.service import revoke_grants, try_code
from salle.kernel.errors import NotFound
from tests.support.doors import CLOSES, OPENS, Booked, book
from tests.support.world import NOW, World, build_world, tuesday

MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(session: None) -> World:
    return build_world()


@pytest.fixture
def booked(world: World) -> Booked:
    return book(world)


@pytest.fixture
def code(booked: Booked) -> str:
    (grant,) = booked.issue()
    assert grant.code is not None
    return grant.code


def wrong(code: str) -> str:
    """Another code."""
    return "123456" if code != "123456" else "654321"


def outcomes(world: World) -> Counter[TryOutcome]:
    return Counter(
        db.session.scalars(sa.select(DoorTry.outcome).where(DoorTry.door_id == world.door_id))
    )


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (OPENS - 16 * MINUTE, TryOutcome.OUTSIDE_WINDOW),
        (OPENS - 15 * MINUTE, TryOutcome.OK),
        (OPENS + 30 * MINUTE, TryOutcome.OK),
        (CLOSES + 10 * MINUTE - timedelta(seconds=1), TryOutcome.OK),
        (CLOSES + 10 * MINUTE, TryOutcome.OUTSIDE_WINDOW),
    ],
)
def test_right_code_opens_within_its_hours_only(
    world: World, code: str, now: datetime, expected: TryOutcome
) -> None:
    assert try_code(world.door_id, code, now) == expected
    assert outcomes(world) == {expected: 1}


def test_right_code_opens_again_and_with_spaces(world: World, code: str) -> None:
    for typed in (code, f" {code[:3]} {code[3:]} ", f"{code[:3]}\u00a0{code[3:]}"):
        assert try_code(world.door_id, typed, OPENS) == TryOutcome.OK


@pytest.mark.parametrize(
    "typed", ["", " ", "12345", "1234567", "abcdef", "12\x003456", "１２３４５６", "9" * 1_000_000]
)
def test_anything_else_is_an_unknown_code_and_is_noted(world: World, typed: str) -> None:
    assert try_code(world.door_id, typed, NOW) == TryOutcome.UNKNOWN_CODE
    assert outcomes(world) == {TryOutcome.UNKNOWN_CODE: 1}


def test_code_of_another_door_is_unknown(world: World, code: str) -> None:
    site_id = db.session.get_one(Door, world.door_id).site_id
    other = Door(site_id=site_id, name="Portail", driver="virtual")
    db.session.add(other)
    db.session.flush()
    assert try_code(other.id, code, OPENS) == TryOutcome.UNKNOWN_CODE


def test_revoked_code_says_so(world: World, booked: Booked, code: str) -> None:
    revoke_grants(booked.booking.id, NOW)
    assert try_code(world.door_id, code, OPENS) == TryOutcome.REVOKED


def test_unknown_door_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        try_code(uuid.uuid4(), "123456", NOW)


def test_five_wrong_codes_close_the_keypad_for_ten_minutes(world: World, code: str) -> None:
    for second in range(MAX_WRONG_TRIES):
        at = OPENS + timedelta(seconds=second)
        assert try_code(world.door_id, wrong(code), at) == TryOutcome.UNKNOWN_CODE
    locked = OPENS + MINUTE
    assert find_locked_until(world.door_id, locked) == OPENS + LOCKOUT
    assert try_code(world.door_id, code, locked) == TryOutcome.LOCKED_OUT
    assert try_code(world.door_id, wrong(code), OPENS + 9 * MINUTE) == TryOutcome.LOCKED_OUT
    # Tries on a closed keypad do not keep it closed.
    assert try_code(world.door_id, code, OPENS + LOCKOUT) == TryOutcome.OK
    assert outcomes(world)[TryOutcome.LOCKED_OUT] == 2


def test_opening_does_not_forgive_wrong_codes(world: World, code: str) -> None:
    for _ in range(MAX_WRONG_TRIES):
        try_code(world.door_id, wrong(code), OPENS)
        last = try_code(world.door_id, code, OPENS)
    assert last == TryOutcome.LOCKED_OUT


def test_right_code_typed_early_never_closes_the_keypad(world: World, code: str) -> None:
    for _ in range(3 * MAX_WRONG_TRIES):
        assert try_code(world.door_id, code, NOW) == TryOutcome.OUTSIDE_WINDOW
    assert find_locked_until(world.door_id, NOW) is None


def test_one_door_closed_leaves_the_others_open(world: World, code: str) -> None:
    site_id = db.session.get_one(Door, world.door_id).site_id
    other = Door(site_id=site_id, name="Portail", driver="virtual")
    db.session.add(other)
    db.session.flush()
    for _ in range(MAX_WRONG_TRIES):
        try_code(other.id, wrong(code), OPENS)
    assert try_code(world.door_id, code, OPENS) == TryOutcome.OK


def test_code_that_served_twice_opens_for_the_use_of_the_moment(
    world: World, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("salle.doors.codes.new_door_code", lambda _digits: code)
    later = tuesday(18, week=1)
    book(world, starts_at=later).issue()
    assert try_code(world.door_id, code, OPENS) == TryOutcome.OK
    assert try_code(world.door_id, code, later) == TryOutcome.OK
    assert try_code(world.door_id, code, OPENS + timedelta(days=3)) == TryOutcome.OUTSIDE_WINDOW
