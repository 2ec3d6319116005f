"""Reading the outbox."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from salle.db import db
from salle.mail.models import MessageState, OutboxMessage


def lock_message(message_id: uuid.UUID) -> OutboxMessage | None:
    """One message, locked, or None (its booking was erased)."""
    return db.session.scalar(
        sa.select(OutboxMessage)
        .where(OutboxMessage.id == message_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def list_waiting(before: datetime, *, limit: int = 500) -> Sequence[uuid.UUID]:
    """Messages written before that instant and not sent yet, oldest first."""
    return db.session.scalars(
        sa.select(OutboxMessage.id)
        .where(OutboxMessage.state == MessageState.WAITING, OutboxMessage.created_at < before)
        .order_by(OutboxMessage.created_at, OutboxMessage.id)
        .limit(limit)
    ).all()


def list_latest(*, limit: int = 200) -> Sequence[OutboxMessage]:
    """The outbox, newest first."""
    return db.session.scalars(
        sa.select(OutboxMessage)
        .order_by(OutboxMessage.created_at.desc(), OutboxMessage.id)
        .limit(limit)
    ).all()
