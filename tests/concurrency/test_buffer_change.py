"""A booking made while the pause of its room changes has the new pause.

The pause is that of the locked row, not of the statement's snapshot: first the other way, where
the booking keeps the old one for ever.
"""

from __future__ import annotations

from datetime import timedelta
from threading import Event, Thread

import pytest
import sqlalchemy as sa
from flask import Flask

from salle.bookings import queries
from salle.bookings.creation import create_booking
from salle.bookings.offers import Request
from salle.db import db, transaction
from salle.venues.buffers import change_buffer
from salle.venues.occupations import Occupation
from tests.support.world import NOW, World, build_world, get_user, tuesday

pytestmark = pytest.mark.concurrency
HALF_HOUR = timedelta(minutes=30)
WAITING = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"


@pytest.fixture
def world(fresh_app: Flask) -> World:
    with fresh_app.app_context(), transaction():
        return build_world()


def kept_after_a_change(app: Flask, world: World) -> timedelta:
    """Book while the collège has changed the pauses and not committed yet."""
    changed, booking = Event(), Event()

    def change() -> None:
        with app.app_context(), transaction():
            change_buffer(world.spaces, HALF_HOUR, now=NOW)
            changed.set()
            for _ in range(200):  # until the booking waits for the lock
                if db.session.scalar(sa.text(WAITING)):
                    break
                booking.wait(0.05)

    other = Thread(target=change)
    other.start()
    assert changed.wait(20)
    with app.app_context(), transaction():
        create_booking(
            request=Request(
                room_id=world.half_a,
                organisation_id=world.organisation,
                starts_at=tuesday(18),
                ends_at=tuesday(20),
                purpose="Course au battement",
                headcount=10,
            ),
            actor=get_user(world.member),
            now=NOW,
        )
    other.join(20)
    with app.app_context():
        row = db.session.scalars(sa.select(Occupation)).one()
        return row.frees_at - row.ends_at


def test_the_pause_of_the_snapshot_is_an_old_one(
    fresh_app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = "CASE WHEN w.space_id IS NOT NULL THEN s.buffer END"
    assert locked in queries._LOCK.text
    monkeypatch.setattr(queries, "_LOCK", sa.text(queries._LOCK.text.replace(locked, "w.buffer")))
    assert kept_after_a_change(fresh_app, world) == timedelta(0)


def test_the_pause_of_the_locked_row_is_the_new_one(fresh_app: Flask, world: World) -> None:
    assert kept_after_a_change(fresh_app, world) == HALF_HOUR
