"""Use cases of a booking that exists: decide, expire (creation.py, cancellation.py for others).

Every function runs in its caller's transaction(); none calls the outside world.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from salle.accounts.models import User
from salle.bookings import emails
from salle.bookings.cancellation import give_back
from salle.bookings.changes import IllegalMove, confirm, move, release
from salle.bookings.models import Booking
from salle.bookings.permissions import can_decide, can_see
from salle.bookings.queries import (
    BookingView,
    lock_view,
)
from salle.bookings.rules import BookingState
from salle.jobs import enqueue
from salle.kernel.errors import Invalid, NotAllowed, NotFound
from salle.mail.service import queue_mail
from salle.payments.service import prepare_payment


def decide_booking(
    *, booking_id: uuid.UUID, actor: User, accept: bool, reason: str, now: datetime
) -> Booking:
    """The collège's answer to a request. Raises NotFound, NotAllowed, IllegalMove, Invalid."""
    view = lock_view(booking_id)
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
    view = lock_view(booking_id)
    booking = view.booking
    if booking.state not in {BookingState.HELD, BookingState.REQUESTED}:
        return False
    if booking.hold_expires_at is None or booking.hold_expires_at > now:
        return False
    release(view, BookingState.EXPIRED, actor_id=None, now=now)
    give_back(booking, now)
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
