"""Messages about a booking: pure, from objects to Message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from salle.bookings.models import BookingDate
from salle.bookings.queries import BookingView
from salle.bookings.rules import BookingState
from salle.doors.queries import GrantView
from salle.mail.message import Message

SUBJECTS = {
    BookingState.CANCELLED: "Réservation annulée",
    BookingState.REFUSED: "Demande refusée",
    BookingState.EXPIRED: "Créneau libéré",
}


def requested(view: BookingView) -> Message:
    """The request is with the collège."""
    return _message(view, "Demande envoyée au collège", "requested")


def request_received(view: BookingView, to: str) -> Message:
    """For the staff who decide: somebody waits for an answer."""
    return replace(_message(view, "Demande à traiter", "request_received"), to=to)


def accepted_to_pay(view: BookingView) -> Message:
    """The collège said yes: the slot waits for the payment."""
    return _message(view, "Demande acceptée : il reste à payer", "accepted_to_pay")


def confirmed(view: BookingView, grants: Sequence[GrantView]) -> Message:
    """Confirmed, with the codes that may already be seen."""
    return _message(view, "C’est réservé", "confirmed", grants=grants)


def released(
    view: BookingView, state: BookingState, reason: str | None, *, paid: bool = False
) -> Message:
    """Refused, cancelled or expired; `paid`: there is money to give back."""
    return _message(view, SUBJECTS[state], state.value, reason=reason, paid=paid)


def dates_cancelled(view: BookingView, dates: Sequence[BookingDate], reason: str | None) -> Message:
    """Some dates are cancelled, the others stand."""
    refund_cents = sum(date.price_cents for date in dates)
    paid = view.booking.state == BookingState.CONFIRMED
    return _message(
        view,
        "Dates annulées",
        "dates_cancelled",
        gone=dates,
        reason=reason,
        refund_cents=refund_cents if paid else 0,
    )


def reminder(view: BookingView, date: BookingDate, grants: Sequence[GrantView]) -> Message:
    """Two days before that date."""
    return _message(view, "C’est bientôt", "reminder", grants=grants, dates=[date])


def refunded(view: BookingView, amount_cents: int) -> Message:
    """The money is on its way back."""
    return _message(view, "Remboursement", "refunded", amount_cents=amount_cents)


def paid_too_late(view: BookingView, amount_cents: int) -> Message:
    """The payment came after the slot went to somebody else: it is given back."""
    return _message(view, "Paiement arrivé trop tard", "paid_too_late", amount_cents=amount_cents)


def lesson_at_that_time(
    view: BookingView, date: BookingDate, lesson: str, slots: Sequence[tuple[str, str]]
) -> Message:
    """The collège has a lesson then: other slots, each with its address, may be taken instead."""
    return _message(
        view,
        "Un cours tombe sur votre créneau",
        "lesson_at_that_time",
        dates=[date],
        date=date,
        lesson=lesson,
        slots=slots,
    )


def _message(view: BookingView, subject: str, template: str, **context: Any) -> Message:
    return Message(
        to=view.recipient,
        subject=f"{subject} – {view.room.name}, {view.booking.reference}",
        template=f"bookings/emails/{template}.txt",
        context={
            "booking": view.booking,
            "dates": view.dates,
            "wishes": view.wishes,
            "room": view.room,
            "site": view.site,
            "organisation": view.organisation,
            **context,
        },
    )
