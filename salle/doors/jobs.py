"""Jobs about door codes: idempotent."""

from __future__ import annotations

import uuid

from salle.db import transaction
from salle.doors import emails
from salle.doors.queries import get_date, list_date_grants
from salle.doors.rules import GrantState
from salle.jobs import enqueue, handler
from salle.kernel.clock import utcnow
from salle.mail.service import queue_mail


@handler("doors.reveal")
def reveal(booking_date_id: str) -> None:
    """Send the codes of one date, once, at the moment from which they may be seen."""
    date_id, now = uuid.UUID(booking_date_id), utcnow()
    with transaction():
        active = [g for g in list_date_grants(date_id, now) if g.state == GrantState.ACTIVE]
        if not active or active[0].valid_until <= now:
            return
        if active[0].visible_from > now:  # the two clocks differ, or the date has moved
            enqueue("doors.reveal", run_at=active[0].visible_from, booking_date_id=date_id)
            return
        date = get_date(date_id)
        queue_mail(
            emails.codes(date, active),
            booking_id=date.booking_id,
            dedupe_key=f"codes-{date_id}-{active[0].visible_from.isoformat()}",
            now=now,
        )
