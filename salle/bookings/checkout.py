"""Talking to the payment provider about a booking: always between two transactions.

Intent first: the payment's row is committed before these are called, and its id is the
idempotency key, so that a crash anywhere is repaired by calling again.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TypedDict

from salle.adapters.payment_gateway import GatewayError, GatewayRefused
from salle.bookings.queries import BookingView, get_view
from salle.bookings.rules import BookingState
from salle.bookings.settlement import complete_refund, settle_payment
from salle.db import db, transaction
from salle.kernel.clock import to_wall
from salle.kernel.errors import Conflict, Unavailable
from salle.payments.gateway import get_gateway
from salle.payments.queries import find_latest_payment, get_payment, get_refund
from salle.payments.rules import PaymentState, RefundState
from salle.payments.service import PaymentIntent, attach_checkout


class Order(TypedDict):
    """The arguments of the gateway's create_checkout()."""

    payment_id: uuid.UUID
    account: str
    amount_cents: int
    label: str
    reference: str
    customer_email: str
    success_url: str
    cancel_url: str
    expires_at: datetime


class HoldExpired(Conflict):
    """Nothing left to pay: the slot is no longer kept."""

    code = "hold_expired"
    message = "Le délai pour payer est passé et le créneau a été libéré. Réservez-le à nouveau."


class AlreadyPaid(Conflict):
    """Somebody asks to pay again what is paid: a second tab, a second click."""

    message = "Cette réservation est déjà payée : il n’y a plus rien à faire."


class ProviderDown(Unavailable):
    """The payment provider does not answer; the hold goes on."""

    message = (
        "Le service de paiement ne répond pas. Votre créneau reste gardé : "
        "réessayez dans quelques instants."
    )


def open_checkout(
    *, booking_id: uuid.UUID, success_url: str, cancel_url: str, now: datetime
) -> str:
    """The address of the page on which to pay a held booking.

    Raises HoldExpired, ProviderDown. Call it outside any transaction.
    """
    view = get_view(booking_id)
    payment = find_latest_payment(booking_id)
    booking = view.booking
    ends = booking.hold_expires_at
    if booking.state == BookingState.CONFIRMED:
        raise AlreadyPaid
    if payment is None or booking.state != BookingState.HELD or ends is None or ends <= now:
        raise HoldExpired
    if payment.state == PaymentState.PENDING and payment.checkout_url:
        return payment.checkout_url
    intent = PaymentIntent(
        id=payment.id, account=payment.account, amount_cents=payment.amount_cents
    )
    order = order_of(view, intent, success_url=success_url, cancel_url=cancel_url)
    db.session.rollback()  # no connection is kept while the provider is asked
    return send_order(order)


def order_of(
    view: BookingView, payment: PaymentIntent, *, success_url: str, cancel_url: str
) -> Order:
    """What the provider is asked, as plain values: they outlive the transaction."""
    booking, dates = view.booking, view.dates
    start = to_wall(dates[0].starts_at, view.site.time_zone)
    when = f"{start:%d/%m/%Y %H:%M}" if len(dates) == 1 else f"{len(dates)} dates"
    assert booking.hold_expires_at is not None  # noqa: S101 ck_booking_hold_ends
    return {
        "payment_id": payment.id,
        "account": payment.account,
        "amount_cents": payment.amount_cents,
        "label": f"{view.room.name}, {view.site.name}, {when}",
        "reference": booking.reference,
        "customer_email": view.recipient,
        "success_url": success_url,
        "cancel_url": cancel_url,
        "expires_at": booking.hold_expires_at,
    }


def send_order(order: Order) -> str:
    """Ask the provider for its page and keep its address; raises ProviderDown.

    Call it outside any transaction.
    """
    try:
        checkout = get_gateway().create_checkout(**order)
    except GatewayError as error:
        raise ProviderDown from error
    with transaction():
        attach_checkout(payment_id=order["payment_id"], checkout=checkout)
    return checkout.url


def check_payment(*, payment_id: uuid.UUID, now: datetime) -> str:
    """Ask the provider where the payment is and apply it; returns what was done.

    Raises ProviderDown (try again). Call it outside any transaction.
    """
    payment = get_payment(payment_id)
    if payment.session_id is None:
        return "no checkout"
    account, session_id = payment.account, payment.session_id
    db.session.rollback()
    try:
        checkout = get_gateway().read_checkout(account=account, session_id=session_id)
    except GatewayRefused as error:
        return f"refused by the provider: {error.code}"
    except GatewayError as error:
        raise ProviderDown from error
    with transaction():
        return settle_payment(payment_id=payment_id, checkout=checkout, now=now)


def close_checkout(*, payment_id: uuid.UUID) -> str:
    """Make sure that nobody can pay a released booking any more."""
    payment = get_payment(payment_id)
    account, session_id = payment.account, payment.session_id
    db.session.rollback()
    if session_id is None:
        return "no checkout"
    try:
        get_gateway().expire_checkout(account=account, session_id=session_id)
    except GatewayRefused:
        return "already closed"  # paid or expired: its own event tells
    except GatewayError as error:
        raise ProviderDown from error
    return "closed"


def send_refund(*, refund_id: uuid.UUID, now: datetime) -> str:
    """Ask the provider to give money back; the refund's id is the key."""
    refund = get_refund(refund_id)
    payment = get_payment(refund.payment_id)
    if refund.state == RefundState.DONE or payment.payment_intent_id is None:
        return "nothing to refund"
    account, intent, amount = payment.account, payment.payment_intent_id, refund.amount_cents
    db.session.rollback()
    try:
        result = get_gateway().refund(
            refund_key=refund_id, account=account, payment_intent_id=intent, amount_cents=amount
        )
    except GatewayError as error:
        raise ProviderDown from error
    with transaction():
        complete_refund(refund_id=refund_id, provider_id=result.id, now=now)
    return "refunded"
