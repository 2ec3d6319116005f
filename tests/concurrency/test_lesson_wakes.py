"""A lesson that sleeps below a booking has its place back before anybody else can book it.

First the other way: if the lesson only woke later, whoever waits for the lock takes its hour.
"""

from __future__ import annotations

import uuid
from threading import Event, Thread

import pytest
import sqlalchemy as sa
from flask import Flask

from salle.bookings import changes
from salle.bookings.cancellation import cancel_booking
from salle.bookings.creation import create_booking
from salle.bookings.offers import Request
from salle.db import db, transaction
from salle.kernel.errors import DomainError
from salle.venues.imports.timetable import Source, take_calendar
from salle.venues.occupations import Occupation
from salle.venues.rules import OccupationKind
from tests.support.timetables import calendar
from tests.support.world import NOW, World, build_world, get_user, tuesday

pytestmark = pytest.mark.concurrency
WAITING = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"


@pytest.fixture
def world(fresh_app: Flask) -> World:
    with fresh_app.app_context(), transaction():
        return build_world()


def book(world: World, member: uuid.UUID, organisation: uuid.UUID) -> uuid.UUID:
    request = Request(
        room_id=world.half_a,
        organisation_id=organisation,
        starts_at=tuesday(18),
        ends_at=tuesday(20),
        purpose="Course à la place libre",
        headcount=10,
    )
    return create_booking(request=request, actor=get_user(member), now=NOW).id


def who_has_the_hour(app: Flask, world: World) -> str:
    """Cancel, while another association waits for the same hour; who holds it in the end."""
    with app.app_context():
        with transaction():
            booking_id = book(world, world.member, world.organisation)
        take_calendar(
            room_id=world.half_a,
            content=calendar((tuesday(18), tuesday(20))),
            source=Source(name="essai.ics"),
            now=NOW,
        )
    cancelled, pause = Event(), Event()

    def cancel() -> None:
        with app.app_context(), transaction():
            actor = get_user(world.member)
            cancel_booking(booking_id=booking_id, actor=actor, reason="", now=NOW)
            cancelled.set()
            for _ in range(200):  # until the other waits for the lock
                if db.session.scalar(sa.text(WAITING)):
                    break
                pause.wait(0.05)

    other = Thread(target=cancel)
    other.start()
    assert cancelled.wait(20)
    refusals = []
    with app.app_context():
        try:
            with transaction():
                book(world, world.other_member, world.other_organisation)
        except DomainError as error:
            refusals.append(error.code)
        other.join(20)
        (row,) = db.session.scalars(sa.select(Occupation).where(Occupation.active)).all()
        assert refusals == (["school_use"] if row.kind == OccupationKind.SCHOOL else [])
        return row.kind.value


def test_a_lesson_that_wakes_later_loses_its_hour(
    fresh_app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "give_back", lambda *_, **__: None)
    assert who_has_the_hour(fresh_app, world) == "hold"


def test_a_lesson_that_wakes_at_once_keeps_its_hour(fresh_app: Flask, world: World) -> None:
    assert who_has_the_hour(fresh_app, world) == "school"
