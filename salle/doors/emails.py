"""Messages about door codes: pure, from objects to Message."""

from __future__ import annotations

from collections.abc import Sequence

from salle.doors.queries import DateView, GrantView
from salle.mail.message import Message


def codes(date: DateView, grants: Sequence[GrantView]) -> Message:
    """The codes of one date, now that they may be seen."""
    return Message(
        to=date.recipient,
        subject=f"Votre code d’entrée – {date.room.name}, {date.reference}",
        template="doors/emails/codes.txt",
        context={"date": date, "grants": grants},
    )
