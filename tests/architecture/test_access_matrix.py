"""Who gets what from every address, compared with the reviewed tests/access_matrix.txt."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, time, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from salle.accounts.queries import get_user_by_email
from salle.bookings.creation import create_booking
from salle.bookings.models import BookingDate
from salle.bookings.offers import Request
from salle.calendars.rules import AddressKind
from salle.calendars.service import create_address, open_token
from salle.db import db, transaction
from salle.demo.places import ROOMS, TERRITORY_SLUG
from salle.demo.rows import key
from salle.demo.seed import seed, uai
from salle.grants.seed import PROJECT_SLUG
from salle.kernel.clock import utcnow
from salle.venues.imports.timetable import Source, take_calendar
from salle.venues.timetable_models import TimetableCollision
from tests.support.access import ABSENT, Objects, sign_everybody_in, table
from tests.support.reviewed import compare
from tests.support.timetables import calendar

NOW = utcnow()
# A Saturday in about two weeks: open in term and in the holidays, and still to come.
SATURDAY = NOW.date() + timedelta(days=14 + (5 - NOW.weekday()) % 7)
START = datetime.combine(SATURDAY, time(13), UTC)
END = START + timedelta(hours=2)


def there(value: object, absent: object = ABSENT) -> dict[str, object]:
    return {"there": value, "absent": absent}


@pytest.fixture
def objects(fresh_app: Flask) -> Objects:
    """The demonstration, with a request of the member at the first site, of the other elsewhere."""
    fresh_app.config["WTF_CSRF_ENABLED"] = False
    with fresh_app.app_context():
        seed(now=NOW)
        sign_everybody_in(NOW)
        bookings = {
            "mine": _ask("association@demo.example", "W990000001", "foyer-des-tilleuls"),
            "theirs": _ask(
                "autre-association@demo.example", "W990000002", "auditorium-de-la-lande-bleue"
            ),
            "absent": ABSENT,
        }
        collision_id = _collide(bookings["mine"])
        addresses = _addresses()
    room, door = ROOMS[0], key("door", ROOMS[0].site, ROOMS[0].door)
    staff_rooms = {
        "mine": ROOMS[0].slug,
        "theirs": next(room.slug for room in ROOMS if room.site == 2),
        "absent": "nulle-part",
    }
    rooms, slugs = there(key("room", room.slug)), there(room.slug, "nulle-part")
    return Objects(
        arguments={
            "address_id": {**{name: one[0] for name, one in addresses.items()}, "absent": ABSENT},
            "booking_id": bookings,
            "collision_id": there(collision_id),
            "door_id": there(door),
            "key": rooms,
            "room_id": {
                "mine": key("room", "foyer-des-tilleuls"),
                "theirs": key("room", "auditorium-de-la-lande-bleue"),
                "absent": ABSENT,
            },
            ("grants", "slug"): there(PROJECT_SLUG, "nulle-part"),
            ("college_rooms", "slug"): staff_rooms,
            ("college_rules", "slug"): staff_rooms,
            "slug": slugs,
            "territory": there(TERRITORY_SLUG, "nulle-part"),
            "token": {**{name: one[1] for name, one in addresses.items()}, "absent": "x" * 43},
            "uai": {"mine": uai(1), "theirs": uai(2), "absent": uai(99)},
        },
        queries={
            "bookings.new": {"debut": START.isoformat(), "fin": END.isoformat()},
            "api_rooms.free": {"from": f"{SATURDAY}", "to": f"{SATURDAY}"},
        },
    )


def _ask(email: str, rna: str, slug: str) -> uuid.UUID:
    request = Request(
        room_id=key("room", slug),
        organisation_id=key("organisation", rna),
        starts_at=START,
        ends_at=END,
        purpose="Fête de fin d’année",
        headcount=20,
    )
    with transaction():
        booking = create_booking(request=request, actor=get_user_by_email(email), now=NOW)
    return booking.id


def _addresses() -> dict[str, tuple[uuid.UUID, str]]:
    """The secret address of each association's calendar, and its token."""
    asked = {
        "mine": ("association@demo.example", "W990000001"),
        "theirs": ("autre-association@demo.example", "W990000002"),
    }
    with transaction():
        made = {
            name: create_address(
                kind=AddressKind.ORGANISATION,
                subject_id=key("organisation", rna),
                actor=get_user_by_email(email),
                now=NOW,
            )
            for name, (email, rna) in asked.items()
        }
        return {name: (one.id, open_token(one)) for name, one in made.items()}


def _collide(booking_id: object) -> uuid.UUID:
    """A lesson at the time of that booking."""
    take_calendar(
        room_id=key("room", "foyer-des-tilleuls"),
        content=calendar((START, END)),
        source=Source(name="essai.ics"),
        now=NOW,
        may_empty=True,
    )
    return db.session.scalars(
        sa.select(TimetableCollision.id)
        .join(BookingDate, BookingDate.id == TimetableCollision.booking_date_id)
        .where(BookingDate.booking_id == booking_id)
    ).one()


def test_everybody_gets_what_was_reviewed(fresh_app: Flask, objects: Objects) -> None:
    compare("access_matrix.txt", table(fresh_app, objects))
