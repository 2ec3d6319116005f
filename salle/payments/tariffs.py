"""Changing the hourly price of a room: tariffs are dated, the past is never rewritten."""

from __future__ import annotations

import uuid
from datetime import date

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range

from salle.db import db
from salle.kernel.words import date_fr
from salle.payments.models import Tariff
from salle.payments.rules import Audience


def set_hourly_price(
    room_id: uuid.UUID, cents: int, *, today: date, decision: str | None = None
) -> bool:
    """Make this everyone's price from today on; whether it changed.

    The tariff in force is closed today and a new one opened, up to the next tariff already
    voted, if any. One that began today is corrected. Inside the caller's transaction().
    """
    current = _in_force(room_id, today)
    if current is not None and current.hourly_cents == cents:
        return False
    until = _next_start(room_id, today)
    if current is not None:
        until = current.valid.upper
        if current.valid.lower == today:
            db.session.delete(current)
        else:
            current.valid = Range(current.valid.lower, today)
        db.session.flush()
    db.session.add(
        Tariff(
            room_id=room_id,
            audience=Audience.EVERYONE,
            hourly_cents=cents,
            full_hourly_cents=cents,
            valid=Range(today, until),
            decision=decision or f"Importé le {date_fr(today)}",
        )
    )
    db.session.flush()
    return True


def has_price(room_id: uuid.UUID, today: date) -> bool:
    """Whether everyone's price is known on that civil day."""
    return _in_force(room_id, today) is not None


def _in_force(room_id: uuid.UUID, day: date) -> Tariff | None:
    return db.session.scalar(_everyones(room_id).where(Tariff.valid.contains(day)))


def _next_start(room_id: uuid.UUID, day: date) -> date | None:
    starts = db.session.scalars(
        _everyones(room_id)
        .where(sa.func.lower(Tariff.valid) > day)
        .order_by(sa.func.lower(Tariff.valid))
        .limit(1)
    ).first()
    return starts.valid.lower if starts is not None else None


def _everyones(room_id: uuid.UUID) -> sa.Select[Tariff]:
    return sa.select(Tariff).where(Tariff.room_id == room_id, Tariff.audience == Audience.EVERYONE)
