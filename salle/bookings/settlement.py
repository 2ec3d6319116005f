"""From what the provider says of a payment to what becomes of the booking.

The same function serves the webhook's job, the payer's return and any retry: whatever the
order and the number of calls, the final state is the same.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from salle.adapters.payment_gateway import CheckoutState
from salle.audit.service import record
from salle.bookings import emails
from salle.bookings.changes import confirm
from salle.bookings.limits import fits_building, lock_building
from salle.bookings.queries import BookingView, get_view, lock_booking
from salle.bookings.rules import BookingState
from salle.db import db
from salle.mail.service import queue_mail
from salle.payments.models import Payment
from salle.payments.queries import get_payment, lock_payment, lock_refund
from salle.payments.rules import PaymentState, RefundState
from salle.payments.service import mark_paid, mark_refunded, request_refund
from salle.venues.availability import Interval
from salle.venues.occupations import lock_spaces
from salle.venues.queries import list_space_buffers

SETTLED = frozenset({PaymentState.PAID, PaymentState.REFUNDING, PaymentState.REFUNDED})
CURRENCY = "eur"


def settle_payment(*, payment_id: uuid.UUID, checkout: CheckoutState, now: datetime) -> str:
    """Apply the provider's answer; returns what was done (kept on the event's row).

    A payment that comes after the hold has ended wins the slot back when nobody took it, else
    it is refunded at once with a message. Money of another amount or currency than the frozen
    price never confirms anything: it is left to people, with an audit event.
    """
    view, payment = _lock(payment_id)
    if payment.state in SETTLED:
        return "already settled"
    if not checkout.paid:
        if checkout.status == "expired" and payment.state == PaymentState.PENDING:
            payment.state = PaymentState.EXPIRED
            return "checkout expired"
        return "not paid"
    if (checkout.amount_cents, checkout.currency) != (payment.amount_cents, CURRENCY):
        return _refuse_amount(payment, checkout, now)
    mark_paid(
        payment=payment,
        payment_intent_id=checkout.payment_intent_id,
        application_fee_cents=checkout.application_fee_cents,
        provider_fee_cents=checkout.provider_fee_cents,
        now=now,
    )
    if _confirm(view, now):
        return "confirmed"
    request_refund(payment=payment, amount_cents=payment.amount_cents, now=now)
    queue_mail(
        emails.paid_too_late(view, payment.amount_cents),
        booking_id=view.booking.id,
        dedupe_key=f"too-late-{payment.id}",
        now=now,
    )
    return "paid too late, refunding"


def complete_refund(*, refund_id: uuid.UUID, provider_id: str, now: datetime) -> None:
    """Record a refund that the provider accepted, once, and tell the payer."""
    refund, payment = lock_refund(refund_id)
    if refund.state == RefundState.DONE:
        return
    mark_refunded(refund=refund, payment=payment, provider_id=provider_id, now=now)
    view = get_view(payment.booking_id)
    queue_mail(
        emails.refunded(view, refund.amount_cents),
        booking_id=view.booking.id,
        dedupe_key=f"refunded-{refund.id}",
        now=now,
    )


def _lock(payment_id: uuid.UUID) -> tuple[BookingView, Payment]:
    """Spaces, site, booking, payment: the one order of locks."""
    booking_id = get_payment(payment_id).booking_id
    view = get_view(booking_id)
    lock_spaces(list_space_buffers(view.room.id))
    lock_building(view.site.id)
    lock_booking(booking_id)
    payment = lock_payment(payment_id)
    return get_view(booking_id), payment


def _confirm(view: BookingView, now: datetime) -> bool:
    booking = view.booking
    if booking.state == BookingState.HELD:
        confirm(view, actor_id=None, now=now, reason="paiement reçu")
        return True
    if booking.state != BookingState.EXPIRED or view.dates[0].ends_at <= now:
        return False
    dates = [Interval(date.starts_at, date.ends_at) for date in view.dates]
    if not fits_building(view.site, booking.headcount, dates):
        return False
    try:
        with db.session.begin_nested():
            confirm(view, actor_id=None, now=now, reason="paiement reçu après le délai")
    except IntegrityError:  # somebody else has the slot: the constraint is the judge
        db.session.expire_all()
        return False
    return True


def _refuse_amount(payment: Payment, checkout: CheckoutState, now: datetime) -> str:
    """Keep the trace; nothing is confirmed, and people look into it."""
    record(
        "payment.mismatch",
        object_type="payment",
        object_id=payment.id,
        actor_id=None,
        at=now,
        expected_cents=payment.amount_cents,
        received_cents=checkout.amount_cents,
        currency=checkout.currency,
    )
    return "amount mismatch"
