"""Use cases of a booking that exists: cancel, decide, expire (creation.py makes them).

Every function runs in its caller's transaction(); none calls the outside world.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from salle.accounts.models import User
from salle.bookings import emails
from salle.bookings.changes import IllegalMove, confirm, move, release
from salle.bookings.models import Booking
from salle.bookings.permissions import can_cancel, can_decide, can_see
from salle.bookings.queries import (
    BookingView,
    get_view,
    lock_booking,
)
from salle.bookings.rules import ENDED, BookingState
from salle.db import db
from salle.jobs import enqueue
from salle.kernel.errors import Invalid, NotAllowed, NotFound
from salle.mail.service import queue_mail
from salle.payments.queries import find_latest_payment, list_live_payments, lock_payment
from salle.payments.rules import PaymentState
from salle.payments.service import prepare_payment
from salle.venues.occupations import lock_spaces
from salle.venues.queries import list_space_buffers


def cancel_booking(
    *, booking_id: uuid.UUID, actor: User, reason: str, now: datetime
) -> tuple[Booking, int]:
    """Cancel everything that has not begun; returns the booking and the refund in cents.

    The refund is whole until the use begins. Raises NotFound, NotAllowed, IllegalMove.
    """
    view = _lock(booking_id)
    if not can_see(actor, view):
        raise NotFound
    if not can_cancel(actor, view):
        raise NotAllowed
    if view.booking.state in ENDED:
        raise IllegalMove(f"Cette réservation est déjà {view.booking.state.label}.")
    if view.booking.state == BookingState.CONFIRMED and view.dates[0].starts_at <= now:
        raise IllegalMove("Ce créneau a déjà commencé : il ne peut plus être annulé.")
    release(view, BookingState.CANCELLED, actor_id=actor.id, now=now, reason=reason or None)
    return view.booking, _give_back(view.booking)


def decide_booking(
    *, booking_id: uuid.UUID, actor: User, accept: bool, reason: str, now: datetime
) -> Booking:
    """The collège's answer to a request. Raises NotFound, NotAllowed, IllegalMove, Invalid."""
    view = _lock(booking_id)
    if not can_see(actor, view):
        raise NotFound
    if not can_decide(actor, view):
        raise NotAllowed
    if view.booking.state != BookingState.REQUESTED:
        raise IllegalMove
    if not accept and not reason.strip():
        raise Invalid(
            "Donnez la raison du refus : l’association la lira.",
            errors={"reason": "À renseigner."},
        )
    if not accept:
        release(view, BookingState.REFUSED, actor_id=actor.id, now=now, reason=reason.strip())
    elif view.booking.price_cents:
        _hold(view, actor.id, now)
    else:
        confirm(view, actor_id=actor.id, now=now)
    return view.booking


def expire_booking(*, booking_id: uuid.UUID, now: datetime) -> bool:
    """Free the slot of a hold or a request that has ended; False when there is nothing to do."""
    view = _lock(booking_id)
    booking = view.booking
    if booking.state not in {BookingState.HELD, BookingState.REQUESTED}:
        return False
    if booking.hold_expires_at is None or booking.hold_expires_at > now:
        return False
    release(view, BookingState.EXPIRED, actor_id=None, now=now)
    _give_back(booking)
    return True


def _hold(view: BookingView, actor_id: uuid.UUID, now: datetime) -> None:
    """An accepted request that has a price: the slot is kept until the payment, a day at most."""
    booking = view.booking
    booking.hold_expires_at = min(now + timedelta(days=1), view.dates[0].starts_at)
    move(booking, BookingState.HELD, actor_id=actor_id, now=now)
    prepare_payment(
        booking_id=booking.id, site_id=view.site.id, amount_cents=booking.price_cents, now=now
    )
    queue_mail(
        emails.accepted_to_pay(view),
        booking_id=booking.id,
        dedupe_key=f"accepted-{booking.id}",
        now=now,
    )
    enqueue("bookings.expire", run_at=booking.hold_expires_at, booking_id=booking.id)


def _lock(booking_id: uuid.UUID) -> BookingView:
    """Lock the spaces, then the booking, and read it again."""
    room_id = get_view(booking_id).room.id
    lock_spaces(list_space_buffers(room_id))
    lock_booking(booking_id)
    return get_view(booking_id)


def _give_back(booking: Booking) -> int:
    """Close the payments that may still come, ask the refund of the one that came (cents)."""
    for payment in list_live_payments(booking.id):
        locked = lock_payment(payment.id)
        if locked.state not in {PaymentState.CREATED, PaymentState.PENDING}:
            continue
        locked.state = PaymentState.EXPIRED
        if locked.session_id is not None:
            enqueue("payments.close_checkout", payment_id=locked.id)
    latest = find_latest_payment(booking.id)
    if latest is None or lock_payment(latest.id).state != PaymentState.PAID:
        return 0
    latest.state = PaymentState.REFUNDING
    enqueue("payments.refund", payment_id=latest.id)
    db.session.flush()
    return latest.amount_cents
