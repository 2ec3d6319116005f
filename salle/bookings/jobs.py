"""Jobs about bookings and their payments: idempotent, each may run any number of times."""

from __future__ import annotations

import uuid

from salle.bookings import checkout, emails, service
from salle.bookings.changes import plan_reminder
from salle.bookings.queries import get_view, list_overdue
from salle.bookings.rules import REMINDER, BookingState
from salle.db import db, transaction
from salle.doors.queries import list_grants
from salle.jobs import handler
from salle.kernel.clock import utcnow
from salle.kernel.errors import NotFound
from salle.mail.service import queue_mail
from salle.payments.models import Payment, ProviderEvent
from salle.payments.queries import (
    find_payment_by_session,
    get_event,
    get_payment,
    lock_payment,
)
from salle.payments.service import close_event

CHECKOUT_EVENTS = "checkout.session."


@handler("bookings.expire")
def expire(booking_id: str) -> None:
    """End one hold or request, if its time has come."""
    with transaction():
        service.expire_booking(booking_id=uuid.UUID(booking_id), now=utcnow())


@handler("bookings.expire_due")
def expire_due() -> None:
    """The minute's sweep: whatever a lost job left behind."""
    now = utcnow()
    overdue = list_overdue(now)
    db.session.rollback()
    for booking_id in overdue:
        with transaction():
            service.expire_booking(booking_id=booking_id, now=now)


@handler("bookings.remind")
def remind(booking_id: str) -> None:
    """Two days before a date: where, when, and how to cancel; then wait for the next one."""
    now = utcnow()
    with transaction():
        view = get_view(uuid.UUID(booking_id))
        if view.booking.state != BookingState.CONFIRMED:
            return
        for date in view.dates:
            if date.starts_at - REMINDER <= now < date.starts_at:
                grants = [g for g in list_grants(view.booking.id, now) if g.date_id == date.id]
                queue_mail(
                    emails.reminder(view, date, grants),
                    booking_id=view.booking.id,
                    dedupe_key=f"reminder-{date.id}",
                    now=now,
                )
        plan_reminder(view, now)


@handler("payments.event_received")
def event_received(event_row_id: str) -> None:
    """A signed event is a hint: check whose it is, ask the provider, apply."""
    row_id = uuid.UUID(event_row_id)
    event = get_event(row_id)
    outcome = "ignored"
    if event.type.startswith(CHECKOUT_EVENTS):
        outcome = _check(event)
    with transaction():
        close_event(event_row_id=row_id, outcome=outcome, now=utcnow())


def _check(event: ProviderEvent) -> str:
    payment = find_payment_by_session(event.object_id) or _find_by_reference(event)
    if payment is None:
        return "unknown object"
    if payment.account != event.account:
        return "wrong account"
    if payment.session_id is None:  # we crashed between the provider's answer and our commit
        with transaction():
            lock_payment(payment.id).session_id = event.object_id
    return checkout.check_payment(payment_id=payment.id, now=utcnow())


def _find_by_reference(event: ProviderEvent) -> Payment | None:
    reference = event.payload.get("data", {}).get("object", {}).get("client_reference_id")
    try:
        payment = get_payment(uuid.UUID(str(reference)))
    except (ValueError, NotFound):
        return None
    return payment if payment.session_id is None else None


@handler("payments.close_checkout")
def close_checkout(payment_id: str) -> None:
    """Close the provider's page of a released booking."""
    checkout.close_checkout(payment_id=uuid.UUID(payment_id))


@handler("payments.refund")
def refund(refund_id: str = "", payment_id: str = "") -> None:
    """Give money back. A job queued before refunds had rows knows the payment: the same id."""
    checkout.send_refund(refund_id=uuid.UUID(refund_id or payment_id), now=utcnow())
