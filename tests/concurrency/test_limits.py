"""Two bookings in two rooms at once never pass a limit that they share.

Their rooms have no space in common, so the locks of spaces let both through. First the race is
shown without the guard (everybody has counted before anybody writes), then it is shown closed.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from threading import Barrier

import pytest
from flask import Flask

from salle.bookings import limits
from salle.bookings.creation import create_booking
from salle.bookings.offers import Request
from salle.bookings.quotas import Quota, QuotaPeriod
from salle.db import db, transaction
from salle.kernel.errors import DomainError
from salle.venues.models import Site
from tests.concurrency.test_double_booking import together
from tests.support.world import NOW, World, build_world, get_user, tuesday

pytestmark = pytest.mark.concurrency


@pytest.fixture
def world(fresh_app: Flask) -> World:
    with fresh_app.app_context(), transaction():
        world = build_world()
        db.session.get_one(Site, world.site_id).max_people = 100
        db.session.add(Quota(territory_id=world.territory_id, period=QuotaPeriod.MONTH, hours=3))
        return world


def book(app: Flask, world: World, room: uuid.UUID, *, other: bool, people: int) -> str:
    with app.app_context():
        try:
            with transaction():
                create_booking(
                    request=Request(
                        room_id=room,
                        organisation_id=world.other_organisation if other else world.organisation,
                        starts_at=tuesday(18),
                        ends_at=tuesday(20),
                        purpose="Course à la limite",
                        headcount=people,
                    ),
                    actor=get_user(world.other_member if other else world.member),
                    now=NOW,
                )
        except DomainError as error:
            return error.code
        finally:
            db.session.remove()
    return "booked"


def two_rooms(app: Flask, world: World, *, people: int, two: bool) -> Callable[[int], str]:
    """One room each: the first and, when `two`, the second association."""
    rooms = [world.half_a, world.half_b]
    return lambda n: book(app, world, rooms[n], other=two and n == 1, people=people)


def remove_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody locks, and everybody has counted before anybody writes."""
    counted = Barrier(2)
    people = limits._people

    def wait(*args: object) -> object:
        answer = people(*args)  # type: ignore[arg-type]
        counted.wait(timeout=20)
        return answer

    monkeypatch.setattr(limits, "_people", wait)
    monkeypatch.setattr(limits, "lock_building", lambda site_id: 100)
    monkeypatch.setattr(limits, "_lock_organisation", lambda organisation_id: None)


def test_without_the_lock_two_rooms_pass_the_building(
    fresh_app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove_guard(monkeypatch)
    assert together(2, two_rooms(fresh_app, world, people=60, two=True)) == {"booked": 2}


def test_with_the_lock_one_room_is_refused(fresh_app: Flask, world: World) -> None:
    outcome = together(2, two_rooms(fresh_app, world, people=60, two=True))
    assert outcome == {"booked": 1, "too_many_people": 1}


def test_without_the_lock_one_association_passes_its_quota(
    fresh_app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove_guard(monkeypatch)
    assert together(2, two_rooms(fresh_app, world, people=10, two=False)) == {"booked": 2}


def test_with_the_lock_the_quota_holds_in_two_rooms(fresh_app: Flask, world: World) -> None:
    # The building has no maximum here: its lock must not be what protects the quota.
    with fresh_app.app_context(), transaction():
        db.session.get_one(Site, world.site_id).max_people = None
    outcome = together(2, two_rooms(fresh_app, world, people=10, two=False))
    assert outcome == {"booked": 1, "quota_exceeded": 1}
