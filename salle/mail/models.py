"""Messages to send or sent."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from salle.db import Model, UuidKey, enum_type
from salle.kernel.enums import LabelledEnum


class Channel(LabelledEnum):
    """How a message travels."""

    EMAIL = "email", "courriel"


class MessageState(LabelledEnum):
    """Where a message is."""

    WAITING = "waiting", "à envoyer"
    SENT = "sent", "envoyé"
    FAILED = "failed", "échec"


class OutboxMessage(UuidKey, Model):
    """One message to one person. `dedupe_key` makes a repeated use case send it once."""

    __tablename__ = "outbox_message"
    channel: Mapped[Channel] = mapped_column(enum_type(Channel, "channel"))
    recipient: Mapped[str]
    subject: Mapped[str]
    body_encrypted: Mapped[bytes]
    booking_id: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("booking.id", ondelete="CASCADE"), index=True
    )
    dedupe_key: Mapped[str | None] = mapped_column(unique=True)
    state: Mapped[MessageState] = mapped_column(
        enum_type(MessageState, "state"), default=MessageState.WAITING
    )
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    last_error: Mapped[str | None]

    __table_args__ = (
        sa.CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent_at"),
        sa.Index("ix_outbox_message_created_at", "created_at"),
    )
