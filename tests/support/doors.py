"""Bookings with their door codes, for the tests of doors."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from salle.bookings.models import Booking, BookingDate
from salle.bookings.rules import BookingState, DateState
from salle.db import db
from salle.doors.queries import GrantView
from salle.doors.service import issue_grants
from salle.kernel.ids import new_reference
from salle.venues.models import Room
from tests.support.world import NOW, World, tuesday

OPENS, CLOSES = tuesday(18), tuesday(20)
HOUR = timedelta(hours=1)


@dataclass
class Booked:
    """A confirmed booking of the whole gymnase, Tuesday 12 January 2027, 18 h – 20 h."""

    booking: Booking
    room: Room
    date_id: uuid.UUID

    def issue(self, now: datetime = NOW) -> list[GrantView]:
        return issue_grants(self.booking, self.booking.dates, self.room, now)


def book(
    world: World,
    *,
    starts_at: datetime = OPENS,
    hours: float = 2,
    shown_minutes: int | None = None,
    room_id: uuid.UUID | None = None,
) -> Booked:
    """Write a confirmed booking without asking anybody; its codes are not issued yet."""
    room = db.session.get_one(Room, room_id or world.whole)
    room.code_shown_minutes = shown_minutes
    booking = Booking(
        id=uuid.uuid4(), reference=new_reference("ESS"), room_id=room.id,
        organisation_id=world.organisation, created_by_id=world.member,
        state=BookingState.CONFIRMED, purpose="Badminton", headcount=12, price_cents=2500,
        full_value_cents=4000, price_rule="fictive", created_at=NOW, confirmed_at=NOW,
    )  # fmt: skip
    booking.dates = [
        BookingDate(
            id=uuid.uuid4(), starts_at=starts_at, ends_at=starts_at + timedelta(hours=hours),
            state=DateState.CONFIRMED, price_cents=2500, full_value_cents=4000,
        )
    ]  # fmt: skip
    db.session.add(booking)
    db.session.flush()
    return Booked(booking=booking, room=room, date_id=booking.dates[0].id)
