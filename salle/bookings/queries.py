"""Reading bookings with what a page or a message needs of them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, selectinload

from salle.accounts.models import User
from salle.bookings.models import Booking, BookingDate, BookingEvent
from salle.bookings.rules import BookingState, DateState
from salle.db import db
from salle.kernel.errors import NotFound
from salle.organisations.models import Membership, Organisation
from salle.venues.models import Room, Site
from salle.venues.occupations import lock_spaces
from salle.venues.queries import list_space_buffers


@dataclass(frozen=True, kw_only=True)
class BookingView:
    """A booking with its dates loaded, its room, its site, its organisation, its author."""

    booking: Booking
    room: Room
    site: Site
    organisation: Organisation
    recipient: str

    @property
    def active(self) -> list[BookingDate]:
        """The dates that follow the booking's state, in order: not those cancelled before it."""
        state = self.booking.state.value
        return [date for date in self.booking.dates if date.state.value == state]

    @property
    def dates(self) -> list[BookingDate]:
        """What the booking is about: its active dates, else all but the wishes. Never empty."""
        had = [date for date in self.booking.dates if date.state != DateState.SKIPPED]
        return self.active or had

    @property
    def dropped(self) -> list[BookingDate]:
        """The dates cancelled one by one while the booking goes on, in order."""
        dates = self.booking.dates
        return [date for date in dates if date not in self.dates and date not in self.wishes]

    @property
    def wishes(self) -> list[BookingDate]:
        """The dates wanted and not obtained, in order."""
        return [date for date in self.booking.dates if date.state == DateState.SKIPPED]


def _select() -> sa.Select[Booking, Room, Site, Organisation, str]:
    return (
        sa.select(Booking, Room, Site, Organisation, User.email)
        .join(Room, Room.id == Booking.room_id)
        .join(Room.site)
        .join(Organisation, Organisation.id == Booking.organisation_id)
        .join(User, User.id == Booking.created_by_id)
        .options(selectinload(Booking.dates), contains_eager(Room.site))
    )


def _views(
    statement: sa.Select[Booking, Room, Site, Organisation, str],
) -> list[BookingView]:
    return [
        BookingView(
            booking=booking, room=room, site=site, organisation=organisation, recipient=recipient
        )
        for booking, room, site, organisation, recipient in db.session.execute(statement)
    ]


def get_view(booking_id: uuid.UUID) -> BookingView:
    """One booking; NotFound."""
    found = _views(_select().where(Booking.id == booking_id))
    if not found:
        raise NotFound
    return found[0]


def lock_view(booking_id: uuid.UUID) -> BookingView:
    """Lock the spaces, then the booking, and read it again; NotFound."""
    lock_spaces(list_space_buffers(get_view(booking_id).room.id))
    lock_booking(booking_id)
    return get_view(booking_id)


def list_views_by_date(date_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, BookingView]:
    """The bookings of these dates, by date."""
    wanted = sa.select(BookingDate.booking_id).where(BookingDate.id.in_(date_ids))
    views = _views(_select().where(Booking.id.in_(wanted)))
    return {date.id: view for view in views for date in view.booking.dates}


def lock_booking(booking_id: uuid.UUID) -> Booking:
    """One booking and its dates, read again and locked; spaces are locked before it."""
    booking = db.session.scalar(
        sa.select(Booking)
        .where(Booking.id == booking_id)
        .options(selectinload(Booking.dates))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if booking is None:
        raise NotFound
    return booking


def find_by_key(user_id: uuid.UUID, idempotency_key: str) -> Booking | None:
    """The booking that this person already made with this key, or None."""
    return db.session.scalar(
        sa.select(Booking)
        .where(Booking.created_by_id == user_id, Booking.idempotency_key == idempotency_key)
        .options(selectinload(Booking.dates))
    )


def list_for_user(
    user_id: uuid.UUID, *, limit: int = 200, offset: int = 0
) -> tuple[list[BookingView], int]:
    """Bookings of the person's organisations, latest use first, and their total."""
    organisations = sa.select(Membership.organisation_id).where(
        Membership.user_id == user_id, Membership.ended_at.is_(None)
    )
    return _page(Booking.organisation_id.in_(organisations), limit=limit, offset=offset)


def list_for_sites(
    site_ids: Sequence[uuid.UUID], *, limit: int = 200, offset: int = 0
) -> tuple[list[BookingView], int]:
    """Bookings of these sites, latest use first, and their total."""
    rooms = sa.select(Room.id).where(Room.site_id.in_(site_ids))
    return _page(Booking.room_id.in_(rooms), limit=limit, offset=offset)


def _page(
    condition: sa.ColumnElement[bool], *, limit: int, offset: int
) -> tuple[list[BookingView], int]:
    first_use = (
        sa.select(sa.func.min(BookingDate.starts_at))
        .where(BookingDate.booking_id == Booking.id)
        .scalar_subquery()
    )
    total = db.session.scalar(sa.select(sa.func.count(Booking.id)).where(condition)) or 0
    statement = (
        _select()
        .where(condition)
        .order_by(first_use.desc(), Booking.id)
        .limit(limit)
        .offset(offset)
    )
    return _views(statement), total


def list_events(booking_id: uuid.UUID) -> Sequence[BookingEvent]:
    """The story of a booking, oldest first."""
    return db.session.scalars(
        sa.select(BookingEvent)
        .where(BookingEvent.booking_id == booking_id)
        .order_by(BookingEvent.id)
    ).all()


def list_overdue(now: datetime, *, limit: int = 100) -> Sequence[uuid.UUID]:
    """Bookings whose hold or request has ended, oldest first."""
    return db.session.scalars(
        sa.select(Booking.id)
        .where(
            Booking.state.in_({BookingState.HELD, BookingState.REQUESTED}),
            Booking.hold_expires_at <= now,
        )
        .order_by(Booking.hold_expires_at, Booking.id)
        .limit(limit)
    ).all()


# The spaces of the room, and of the rooms of overdue bookings that take one of them. The pause is
# that of the locked row, read again if it has just changed.
_LOCK = sa.text("""
WITH wanted AS MATERIALIZED (
  SELECT space_id, buffer FROM room_space WHERE room_id = :room
), overdue AS MATERIALIZED (
  SELECT b.id, b.room_id FROM booking b
   WHERE b.state IN ('held', 'requested') AND b.hold_expires_at <= :now
     AND EXISTS (SELECT FROM booking_date d
                   JOIN occupation o ON o.booking_date_id = d.id AND o.active
                   JOIN wanted w ON w.space_id = o.space_id
                  WHERE d.booking_id = b.id)
)
SELECT s.id, CASE WHEN w.space_id IS NOT NULL THEN s.buffer END,
       (SELECT array_agg(v.id ORDER BY v.id) FROM overdue v)
  FROM space s LEFT JOIN wanted w ON w.space_id = s.id
 WHERE s.id IN (SELECT space_id FROM wanted
                UNION ALL
                SELECT rs.space_id FROM overdue v JOIN room_space rs ON rs.room_id = v.room_id)
 ORDER BY s.id FOR NO KEY UPDATE OF s
""")


def lock_room(
    room_id: uuid.UUID, now: datetime
) -> tuple[dict[uuid.UUID, timedelta], list[uuid.UUID]]:
    """Lock the spaces of a room, in the order of their ids (occupations.lock_spaces).

    Returns them with the pause each keeps between two uses, and the overdue bookings that still
    take one of them: their own spaces are locked too, so that they can be expired.
    """
    rows = db.session.execute(_LOCK, {"room": room_id, "now": now}).all()
    buffers = {space_id: buffer for space_id, buffer, _ in rows if buffer is not None}
    return buffers, list(rows[0][2] or []) if rows else []
