"""Cancelling a booking, or some of its dates: what goes, and what comes back of the money.

The refund is whole for every date that has not begun. Every function runs in its caller's
transaction().
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime

from salle.accounts.models import User
from salle.bookings.changes import IllegalMove, drop_dates, release
from salle.bookings.models import Booking, BookingDate
from salle.bookings.permissions import can_cancel, can_see
from salle.bookings.queries import BookingView, lock_view
from salle.bookings.rules import ENDED, BookingState
from salle.jobs import enqueue
from salle.kernel.errors import NotAllowed, NotFound
from salle.payments.queries import find_latest_payment, list_live_payments, lock_payment
from salle.payments.rules import PaymentState
from salle.payments.service import request_refund


def cancel_booking(
    *,
    booking_id: uuid.UUID,
    actor: User,
    reason: str,
    now: datetime,
    date_ids: Collection[uuid.UUID] | None = None,
) -> tuple[Booking, int]:
    """Cancel some dates, or all that have not begun; returns the booking and the refund (cents).

    The booking itself is cancelled with the last of its dates. Raises NotFound, NotAllowed,
    IllegalMove.
    """
    view = lock_view(booking_id)
    if not can_see(actor, view):
        raise NotFound
    if not can_cancel(actor, view):
        raise NotAllowed
    booking, active = view.booking, view.active
    if booking.state in ENDED:
        raise IllegalMove(f"Cette réservation est déjà {booking.state.label}.")
    chosen = _chosen(view, date_ids, now)
    if len(chosen) == len(active):
        release(view, BookingState.CANCELLED, actor_id=actor.id, now=now, reason=reason or None)
        return booking, give_back(booking, now)
    if booking.state == BookingState.HELD:
        raise IllegalMove(
            "Cette réservation attend son paiement : annulez-la en entier, puis réservez les "
            "dates que vous voulez."
        )
    refund = refund_of(chosen) if booking.state == BookingState.CONFIRMED else 0
    drop_dates(view, chosen, actor_id=actor.id, now=now, reason=reason or None)
    return booking, _refund(booking, now, part=refund)


def cancellable_dates(view: BookingView, now: datetime) -> list[BookingDate]:
    """The dates that may still be cancelled, in order."""
    if view.booking.state in ENDED:
        return []
    begun = view.booking.state == BookingState.CONFIRMED
    return [date for date in view.active if not begun or date.starts_at > now]


def refund_of(dates: Sequence[BookingDate]) -> int:
    """What comes back of paid dates that have not begun: all of it, in cents."""
    return sum(date.price_cents for date in dates)


def give_back(booking: Booking, now: datetime) -> int:
    """Close the payments that may still come, ask back what is left of the one that came."""
    for payment in list_live_payments(booking.id):
        locked = lock_payment(payment.id)
        if locked.state not in {PaymentState.CREATED, PaymentState.PENDING}:
            continue
        locked.state = PaymentState.EXPIRED
        if locked.session_id is not None:
            enqueue("payments.close_checkout", payment_id=locked.id)
    return _refund(booking, now)


def _chosen(
    view: BookingView, date_ids: Collection[uuid.UUID] | None, now: datetime
) -> list[BookingDate]:
    free = cancellable_dates(view, now)
    if date_ids is None:
        chosen = free
    else:
        known = {date.id for date in view.booking.dates}
        if not set(date_ids) <= known:
            raise NotFound("L’une de ces dates n’est pas de cette réservation.")
        chosen = [date for date in free if date.id in set(date_ids)]
        if len(chosen) < len(set(date_ids)):
            raise IllegalMove("L’une de ces dates a déjà commencé, ou n’est plus réservée.")
    if not chosen:
        raise IllegalMove("Ce créneau a déjà commencé : il ne peut plus être annulé.")
    return chosen


def _refund(booking: Booking, now: datetime, *, part: int | None = None) -> int:
    """Ask back what is left of the booking's payment, or a part of it; how much, in cents."""
    latest = find_latest_payment(booking.id)
    if latest is None:
        return 0
    payment = lock_payment(latest.id)
    left = payment.amount_cents - payment.refund_cents
    amount_cents = left if part is None else part
    if payment.state != PaymentState.PAID or amount_cents == 0:
        return 0
    request_refund(payment=payment, amount_cents=amount_cents, now=now)
    return amount_cents
