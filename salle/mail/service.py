"""The outbox: a message is written with what causes it, and delivered by a job."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert

from salle.db import db
from salle.installation import get_sealer
from salle.jobs import enqueue
from salle.mail.message import Message
from salle.mail.models import Channel, MessageState, OutboxMessage
from salle.mail.rendering import one_line, render_text


def queue_mail(
    message: Message,
    *,
    booking_id: uuid.UUID | None = None,
    dedupe_key: str | None = None,
    now: datetime,
) -> uuid.UUID | None:
    """Write the message and its job in the caller's transaction: no commit, no message.

    The text is made now, from what is true now, and sealed: it may hold a door code. With a
    `dedupe_key` already used nothing is written and None is returned.
    """
    db.session.flush()
    message_id = uuid.uuid4()
    statement = (
        insert(OutboxMessage)
        .values(
            id=message_id,
            channel=Channel.EMAIL,
            recipient=one_line(message.to),
            subject=one_line(message.subject),
            body_encrypted=get_sealer().seal(render_text(message), context=str(message_id)),
            booking_id=booking_id,
            dedupe_key=dedupe_key,
            state=MessageState.WAITING,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["dedupe_key"])
        .returning(OutboxMessage.id)
    )
    if db.session.scalar(statement) is None:
        return None
    enqueue_sending(message_id)
    return message_id


def enqueue_sending(message_id: uuid.UUID) -> bool:
    """Have it delivered, unless a job already waits to do so."""
    return enqueue("mail.send", queueing_lock=f"mail.send-{message_id}", message_id=message_id)
