"""Writing the audit trail; called by services, in their transaction."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from salle.audit.models import AuditEvent
from salle.db import db

_INSERT = sa.insert(AuditEvent.__table__)  # type: ignore[arg-type]


def record(
    action: str,
    *,
    object_type: str,
    object_id: uuid.UUID | str,
    actor_id: uuid.UUID | None,
    at: datetime,
    **details: Any,
) -> None:
    """Add one event (« booking.created ») to the current transaction."""
    db.session.execute(
        _INSERT,
        {
            "at": at,
            "actor_id": actor_id,
            "action": action,
            "object_type": object_type,
            "object_id": str(object_id),
            "details": details,
        },
    )
