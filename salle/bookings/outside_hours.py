"""Bookings to come that the opening hours no longer hold: kept, and listed for the collège."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from salle.bookings.rules import BookingState
from salle.db import db

# No use lasts more than a day and no window more than 25 hours: two days around are enough.
_OUTSIDE = sa.text("""
SELECT b.id, b.reference, b.state, d.starts_at, d.ends_at, r.name, o.name
  FROM room r
  JOIN booking b ON b.room_id = r.id
  JOIN booking_date d ON d.booking_id = b.id AND d.state = b.state
  JOIN organisation o ON o.id = b.organisation_id,
       LATERAL (SELECT (d.starts_at AT TIME ZONE 'UTC')::date AS day) n,
       LATERAL open_in(r.schedule_id, ARRAY[n.day - 2, n.day - 1, n.day, n.day + 1, n.day + 2],
                       tstzmultirange(tstzrange(d.starts_at, d.ends_at))) w
 WHERE r.site_id = :site AND d.ends_at > :now
   AND b.state IN ('held', 'requested', 'confirmed')
   AND w.open <> tstzmultirange(tstzrange(d.starts_at, d.ends_at))
 ORDER BY d.starts_at, b.id
""")


@dataclass(frozen=True, kw_only=True)
class Outside:
    """One date of a booking, not wholly inside the opening hours of its room."""

    booking_id: uuid.UUID
    reference: str
    state: BookingState
    starts_at: datetime
    ends_at: datetime
    room_name: str
    organisation_name: str


def list_outside_hours(site_id: uuid.UUID, *, now: datetime) -> list[Outside]:
    """Dates to come of the site's rooms that today's rules would refuse, in order."""
    db.session.flush()
    return [
        Outside(
            booking_id=row[0],
            reference=row[1],
            state=BookingState(row[2]),
            starts_at=row[3],
            ends_at=row[4],
            room_name=row[5],
            organisation_name=row[6],
        )
        for row in db.session.execute(_OUTSIDE, {"site": site_id, "now": now})
    ]
