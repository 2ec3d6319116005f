"""Reading bookings with what a page or a message needs of them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from salle.accounts.models import User
from salle.bookings.models import Booking, BookingDate, BookingEvent
from salle.bookings.rules import BookingState
from salle.db import db
from salle.kernel.errors import NotFound
from salle.organisations.models import Membership, Organisation
from salle.venues.models import Room, RoomSpace, Site
from salle.venues.occupations import Occupation


@dataclass(frozen=True, kw_only=True)
class BookingView:
    """A booking with its dates loaded, its room, its site, its organisation, its author."""

    booking: Booking
    room: Room
    site: Site
    organisation: Organisation
    recipient: str


def _select() -> sa.Select[Booking, Room, Site, Organisation, str]:
    return (
        sa.select(Booking, Room, Site, Organisation, User.email)
        .join(Room, Room.id == Booking.room_id)
        .join(Site, Site.id == Room.site_id)
        .join(Organisation, Organisation.id == Booking.organisation_id)
        .join(User, User.id == Booking.created_by_id)
        .options(selectinload(Booking.dates))
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


def list_overdue_on_spaces(space_ids: Sequence[uuid.UUID], now: datetime) -> Sequence[uuid.UUID]:
    """Overdue bookings that still occupy one of these spaces."""
    return db.session.scalars(
        sa.select(Booking.id)
        .where(
            Booking.state.in_({BookingState.HELD, BookingState.REQUESTED}),
            Booking.hold_expires_at <= now,
            sa.exists().where(
                BookingDate.booking_id == Booking.id,
                Occupation.booking_date_id == BookingDate.id,
                Occupation.active,
                Occupation.space_id.in_(space_ids),
            ),
        )
        .order_by(Booking.id)
    ).all()


def list_spaces_of(booking_ids: Sequence[uuid.UUID]) -> Sequence[uuid.UUID]:
    """Every space of the rooms of these bookings, in order."""
    if not booking_ids:
        return []
    return db.session.scalars(
        sa.select(RoomSpace.space_id)
        .join(Booking, Booking.room_id == RoomSpace.room_id)
        .where(Booking.id.in_(booking_ids))
        .distinct()
        .order_by(RoomSpace.space_id)
    ).all()
