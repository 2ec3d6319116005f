"""Simultaneous guesses at a keypad cannot pass the limit, and codes issued at once differ."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa
from flask import Flask

from salle.bookings.queries import get_view
from salle.db import db, transaction
from salle.doors import codes, service
from salle.doors.models import AccessGrant, DoorTry
from salle.doors.rules import MAX_WRONG_TRIES, TryOutcome
from tests.support.doors import OPENS, book
from tests.support.world import World, build_world

pytestmark = pytest.mark.concurrency
GUESSERS = 12


@pytest.fixture
def world(fresh_app: Flask) -> World:
    with fresh_app.app_context(), transaction():
        return build_world()


def guess_together(app: Flask, world: World) -> Counter[TryOutcome]:
    barrier = Barrier(GUESSERS)

    def guess(number: int) -> TryOutcome:
        with app.app_context(), transaction():
            db.session.connection()
            barrier.wait(timeout=20)
            return service.try_code(world.door_id, f"{100000 + number}", OPENS)

    with ThreadPoolExecutor(GUESSERS) as pool:
        return Counter(pool.map(guess, range(GUESSERS), timeout=60))


def test_without_the_lock_everybody_gets_a_guess(
    fresh_app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = Barrier(GUESSERS)
    real = service.find_locked_until

    def look_then_meet(*arguments: object) -> object:
        found = real(*arguments)  # type: ignore[arg-type]
        meeting.wait(timeout=20)  # everybody has looked before anybody writes
        return found

    monkeypatch.setattr(service, "lock_doors", lambda door_ids: list(door_ids))
    monkeypatch.setattr(service, "find_locked_until", look_then_meet)
    assert guess_together(fresh_app, world)[TryOutcome.UNKNOWN_CODE] > MAX_WRONG_TRIES


def test_with_the_lock_five_guesses_are_judged(fresh_app: Flask, world: World) -> None:
    answers = guess_together(fresh_app, world)
    assert answers == {
        TryOutcome.UNKNOWN_CODE: MAX_WRONG_TRIES,
        TryOutcome.LOCKED_OUT: GUESSERS - MAX_WRONG_TRIES,
    }
    with fresh_app.app_context():
        assert db.session.scalar(sa.select(sa.func.count(DoorTry.id))) == GUESSERS


def test_codes_issued_at_once_for_one_door_differ(
    fresh_app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if there were hardly any codes: without the lock all six differ once in 65 runs.
    monkeypatch.setattr(codes, "new_door_code", lambda _digits: f"{random.randrange(6):06d}")
    with fresh_app.app_context(), transaction():
        bookings = [book(world).booking.id for _ in range(6)]
    barrier = Barrier(len(bookings))

    def issue(booking_id: uuid.UUID) -> str:
        with fresh_app.app_context(), transaction():
            view = get_view(booking_id)
            barrier.wait(timeout=20)
            (grant,) = service.issue_grants(view.booking, view.booking.dates, view.room, OPENS)
            return str(grant.code)

    with ThreadPoolExecutor(len(bookings)) as pool:
        found = list(pool.map(issue, bookings, timeout=60))
    assert len(set(found)) == len(bookings)
    with fresh_app.app_context():
        digests = list(db.session.scalars(sa.select(AccessGrant.code_digest)))
    assert len(digests) == len(set(digests)) == len(bookings)
