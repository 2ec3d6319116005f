"""The only code that moves a booking from one state to another.

Each function works on a booking locked by its caller, spaces locked before it (order: spaces,
booking, payment, door code), and writes the event row that tells the story.
"""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa

from salle.audit.service import record
from salle.bookings import emails
from salle.bookings.models import Booking, BookingDate, BookingEvent
from salle.bookings.queries import BookingView
from salle.bookings.rules import ACTIVE_STATES, REMINDER, BookingState, DateState, can_move
from salle.db import db
from salle.doors.service import issue_grants, revoke_grants
from salle.jobs import enqueue
from salle.kernel.errors import Conflict
from salle.kernel.words import pluriel
from salle.mail.service import queue_mail
from salle.venues.buffers import restore_pauses
from salle.venues.occupations import Occupation
from salle.venues.rules import OccupationKind
from salle.venues.timetables import give_back


class IllegalMove(Conflict):
    """The booking is no longer in a state that allows this."""

    message = "Cette réservation a changé entre-temps. Rechargez la page pour voir où elle en est."


def move(
    booking: Booking,
    target: BookingState,
    *,
    actor_id: uuid.UUID | None,
    now: datetime,
    reason: str | None = None,
) -> None:
    """Follow one arrow of the transition table, dates and occupations included.

    Raises IllegalMove; SlotTaken (from the constraint) when an expired booking comes back and
    somebody else has the slot.
    """
    if not can_move(booking.state, target):
        raise IllegalMove
    previous = booking.state
    booking.state = target
    # Wishes, and dates that went their own way before, stay as they are.
    followers = [date for date in booking.dates if date.state.value == previous.value]
    for date in followers:
        date.state = DateState(target.value)
    _occupy([date.id for date in followers], target, now)
    db.session.add(
        BookingEvent(
            booking_id=booking.id,
            actor_id=actor_id,
            from_state=previous,
            to_state=target,
            reason=reason,
            at=now,
        )
    )
    db.session.flush()
    record(
        f"booking.{target.value}",
        object_type="booking",
        object_id=booking.id,
        actor_id=actor_id,
        at=now,
        previous=previous.value,
    )


def confirm(
    view: BookingView, *, actor_id: uuid.UUID | None, now: datetime, reason: str | None = None
) -> None:
    """Confirm: the slot is taken for good, codes are made, messages are written."""
    booking = view.booking
    booking.confirmed_at = now
    move(booking, BookingState.CONFIRMED, actor_id=actor_id, now=now, reason=reason)
    grants = issue_grants(booking, view.dates, view.room, now)
    queue_mail(
        emails.confirmed(view, grants),
        booking_id=booking.id,
        dedupe_key=f"confirmed-{booking.id}",
        now=now,
    )
    plan_reminder(view, now)


def plan_reminder(view: BookingView, now: datetime) -> None:
    """Queue the reminder of the next date; it queues that of the date after it."""
    for date in view.dates:
        if (remind_at := date.starts_at - REMINDER) > now:
            enqueue(
                "bookings.remind",
                run_at=remind_at,
                queueing_lock=f"bookings.remind-{view.booking.id}",
                booking_id=view.booking.id,
            )
            return


def release(
    view: BookingView,
    target: BookingState,
    *,
    actor_id: uuid.UUID | None,
    now: datetime,
    reason: str | None = None,
) -> None:
    """Refuse, cancel or expire: the slot is free at once and its codes no longer open."""
    paid = view.booking.state == BookingState.CONFIRMED and view.booking.price_cents > 0
    move(view.booking, target, actor_id=actor_id, now=now, reason=reason)
    revoke_grants(view.booking.id, now)
    message = emails.released(view, target, reason, paid=paid)
    queue_mail(
        message,
        booking_id=view.booking.id,
        dedupe_key=f"{target.value}-{view.booking.id}-{now.isoformat()}",
        now=now,
    )


def drop_dates(
    view: BookingView,
    dates: list[BookingDate],
    *,
    actor_id: uuid.UUID,
    now: datetime,
    reason: str | None,
) -> None:
    """Cancel some dates of a booking that goes on: free at once, their codes no longer open.

    The price of a paid booking stays what was paid; one that nobody has paid yet costs less.
    """
    booking, ids = view.booking, [date.id for date in dates]
    before = len(view.active)
    for date in dates:
        date.state, date.reason = DateState.CANCELLED, reason
        if booking.state == BookingState.REQUESTED:
            booking.price_cents -= date.price_cents
            booking.full_value_cents -= date.full_value_cents
    _occupy(ids, BookingState.CANCELLED, now)
    words = f"{pluriel(len(dates), 'date annulée', 'dates annulées')} sur {before}"
    if booking.state == BookingState.REQUESTED:
        booking.price_rule = f"{booking.price_rule}, moins {words}"
    db.session.add(
        BookingEvent(
            booking_id=booking.id,
            actor_id=actor_id,
            from_state=booking.state,
            to_state=booking.state,
            reason=f"{words}. {reason}" if reason else words,
            at=now,
        )
    )
    db.session.flush()
    record(
        "booking.dates_cancelled",
        object_type="booking",
        object_id=booking.id,
        actor_id=actor_id,
        at=now,
        dates=len(dates),
    )
    revoke_grants(booking.id, now, date_ids=ids)
    queue_mail(
        emails.dates_cancelled(view, dates, reason),
        booking_id=booking.id,
        dedupe_key=f"dates-cancelled-{booking.id}-{now.isoformat()}",
        now=now,
    )


def _occupy(date_ids: list[uuid.UUID], target: BookingState, now: datetime) -> None:
    """Take the spaces, or let them go: then the lessons that slept below wake at once."""
    kind = OccupationKind.BOOKING if target == BookingState.CONFIRMED else OccupationKind.HOLD
    db.session.execute(
        sa.update(Occupation)
        .where(Occupation.booking_date_id.in_(date_ids))
        .values(active=target in ACTIVE_STATES, kind=kind)
        .execution_options(synchronize_session=False)
    )
    if target not in ACTIVE_STATES:
        give_back(date_ids, now=now)
        restore_pauses(date_ids, now=now)
