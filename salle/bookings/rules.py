"""States of a booking and of its dates, the legal transitions, deadlines. Pure."""

from __future__ import annotations

from datetime import timedelta

from salle.kernel.enums import LabelledEnum

HOLD_DURATION = timedelta(minutes=10)
REQUEST_DURATION = timedelta(days=7)
REMINDER = timedelta(hours=48)
MAX_PURPOSE = 500


class BookingState(LabelledEnum):
    """State of a booking (API.md)."""

    HELD = "held", "créneau gardé, à payer"
    REQUESTED = "requested", "demande envoyée au collège"
    CONFIRMED = "confirmed", "confirmée"
    REFUSED = "refused", "refusée"
    CANCELLED = "cancelled", "annulée"
    EXPIRED = "expired", "expirée"


class DateState(LabelledEnum):
    """State of one date of a booking (API.md)."""

    HELD = "held", "créneau gardé, à payer"
    REQUESTED = "requested", "demandée"
    CONFIRMED = "confirmed", "confirmée"
    REFUSED = "refused", "refusée"
    CANCELLED = "cancelled", "annulée"
    EXPIRED = "expired", "expirée"
    SKIPPED = "skipped", "non obtenue"


TRANSITIONS: dict[BookingState, frozenset[BookingState]] = {
    BookingState.HELD: frozenset(
        {BookingState.CONFIRMED, BookingState.CANCELLED, BookingState.EXPIRED}
    ),
    BookingState.REQUESTED: frozenset(
        {
            BookingState.HELD,
            BookingState.CONFIRMED,
            BookingState.REFUSED,
            BookingState.CANCELLED,
            BookingState.EXPIRED,
        }
    ),
    BookingState.CONFIRMED: frozenset({BookingState.CANCELLED}),
    # A payment that comes after the hold has ended may still win the slot back.
    BookingState.EXPIRED: frozenset({BookingState.CONFIRMED}),
    BookingState.REFUSED: frozenset(),
    BookingState.CANCELLED: frozenset(),
}

# Nothing more will come of these by themselves.
ENDED = frozenset({BookingState.REFUSED, BookingState.CANCELLED, BookingState.EXPIRED})

# States in which the booking takes its spaces.
ACTIVE_STATES = frozenset({BookingState.HELD, BookingState.REQUESTED, BookingState.CONFIRMED})


def can_move(current: BookingState, target: BookingState) -> bool:
    """Whether the table allows that transition."""
    return target in TRANSITIONS[current]
