"""The audit trail."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from salle.db import Model


class AuditEvent(Model):
    """One action. No personal data in `details`: ids, states, amounts."""

    __tablename__ = "audit_event"
    id: Mapped[int] = mapped_column(sa.BigInteger(), sa.Identity(), primary_key=True)
    at: Mapped[datetime]
    actor_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    action: Mapped[str]
    object_type: Mapped[str]
    object_id: Mapped[str]
    details: Mapped[dict[str, Any]]

    __table_args__ = (
        sa.CheckConstraint("action ~ '^[a-z_]+[.][a-z_]+$'", name="action_shape"),
        sa.Index("ix_audit_event_object", "object_type", "object_id"),
    )
