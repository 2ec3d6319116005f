"""Exactly one of N simultaneous bookings of a slot wins.

First the race is shown on a table without the constraint, then it is shown to be closed, by
the constraint alone and by the service (which also must not deadlock).
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask

from salle.bookings.creation import create_booking
from salle.bookings.offers import Request
from salle.db import db, transaction
from salle.kernel.errors import DomainError
from salle.venues.occupations import Occupation
from tests.support.world import NOW, World, build_world, get_user, tuesday

pytestmark = pytest.mark.concurrency
CLIENTS = 12
SLOT = (tuesday(18), tuesday(20))


def together(count: int, work: Callable[[int], str]) -> Counter[str]:
    """Run `work` in that many threads which all start at once; count what each returned."""
    barrier = Barrier(count)

    def start(number: int) -> str:
        barrier.wait(timeout=20)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return Counter(pool.map(start, range(count), timeout=60))


@pytest.fixture
def world(fresh_app: Flask) -> World:
    with fresh_app.app_context(), transaction():
        return build_world()


def driver_url(app: Flask) -> str:
    url = sa.make_url(app.config["SQLALCHEMY_DATABASE_URI"]).set(drivername="postgresql")
    return url.render_as_string(hide_password=False)


def look_then_insert(url: str, table: str, space_id: uuid.UUID, barrier: Barrier) -> str:
    """What a booking system without a constraint does: look, find it free, write."""
    with psycopg.connect(url) as connection:
        taken = connection.execute(
            f"SELECT count(*) FROM {table} WHERE space_id = %s"
            " AND tstzrange(starts_at, frees_at) && tstzrange(%s, %s)",
            (space_id, *SLOT),
        ).fetchone()
        barrier.wait(timeout=20)  # everybody has looked before anybody writes
        if taken != (0,):
            return "seen taken"
        try:
            connection.execute(
                f"INSERT INTO {table} (space_id, kind, starts_at, ends_at, frees_at)"
                " VALUES (%s, 'block', %s, %s, %s)",
                (space_id, SLOT[0], SLOT[1], SLOT[1]),
            )
        except (psycopg.errors.ExclusionViolation, psycopg.errors.DeadlockDetected):
            # Without lock_spaces() the constraint may end a loser by a deadlock: the service
            # locks first (test_a_whole_room_against_its_halves_never_deadlocks).
            return "refused"
    return "booked"


def test_without_the_constraint_everybody_books(fresh_app: Flask, world: World) -> None:
    url = driver_url(fresh_app)
    with psycopg.connect(url) as connection:
        connection.execute(
            "CREATE TABLE naive (space_id uuid, kind text, starts_at timestamptz,"
            " ends_at timestamptz, frees_at timestamptz)"
        )
    looked = Barrier(CLIENTS)
    outcome = together(CLIENTS, lambda _: look_then_insert(url, "naive", world.spaces[0], looked))
    assert outcome == {"booked": CLIENTS}


def test_with_the_constraint_one_books(fresh_app: Flask, world: World) -> None:
    url = driver_url(fresh_app)
    looked = Barrier(CLIENTS)
    outcome = together(
        CLIENTS, lambda _: look_then_insert(url, "occupation", world.spaces[0], looked)
    )
    assert outcome == {"booked": 1, "refused": CLIENTS - 1}


def book(app: Flask, world: World, room: uuid.UUID) -> str:
    with app.app_context():
        try:
            with transaction():
                create_booking(
                    request=Request(
                        room_id=room,
                        organisation_id=world.organisation,
                        starts_at=SLOT[0],
                        ends_at=SLOT[1],
                        purpose="Course au créneau",
                        headcount=10,
                    ),
                    actor=get_user(world.member),
                    now=NOW,
                )
        except DomainError as error:
            return error.code
        finally:
            db.session.remove()
    return "booked"


def test_the_service_lets_one_client_win(fresh_app: Flask, world: World) -> None:
    outcome = together(CLIENTS, lambda _: book(fresh_app, world, world.whole))
    assert outcome == {"booked": 1, "slot_taken": CLIENTS - 1}


def test_a_whole_room_against_its_halves_never_deadlocks(fresh_app: Flask, world: World) -> None:
    rooms = [world.whole, world.half_a, world.half_b]
    outcome = together(CLIENTS, lambda n: book(fresh_app, world, rooms[n % 3]))
    assert outcome["booked"] in {1, 2}
    assert outcome["booked"] + outcome["slot_taken"] == CLIENTS
    with fresh_app.app_context():
        rows = db.session.execute(
            sa.select(Occupation.space_id, sa.func.count()).group_by(Occupation.space_id)
        ).all()
        assert all(count == 1 for _, count in rows)


def test_a_double_submit_with_one_key_books_once(fresh_app: Flask, world: World) -> None:
    def submit(_: int) -> str:
        with fresh_app.app_context():
            try:
                with transaction():
                    booking = create_booking(
                        request=Request(
                            room_id=world.whole,
                            organisation_id=world.organisation,
                            starts_at=SLOT[0],
                            ends_at=SLOT[1],
                            purpose="Double clic",
                            headcount=10,
                            idempotency_key="double",
                        ),
                        actor=get_user(world.member),
                        now=NOW,
                    )
                    return str(booking.id)
            finally:
                db.session.remove()

    assert len(together(6, submit)) == 1


def test_constraints_refuse_what_cannot_be(fresh_app: Flask, world: World) -> None:
    url = driver_url(fresh_app)
    insert = (
        "INSERT INTO occupation (space_id, kind, starts_at, ends_at, frees_at)"
        " VALUES (%s, %s, %s, %s, %s)"
    )
    start, end = SLOT
    for kind, first, last, frees, name in (
        ("block", end, start, end, "ck_occupation_not_empty"),
        ("block", start, start, start, "ck_occupation_not_empty"),
        ("block", start, end, start, "ck_occupation_length"),
        ("hold", start, end, end, "ck_occupation_origin"),
        ("party", start, end, end, "ck_occupation_kind"),
    ):
        with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.CheckViolation) as no:
            connection.execute(insert, (world.spaces[0], kind, first, last, frees))
        assert no.value.diag.constraint_name == name
