"""The pause kept between two uses of a space, when it changes or when a neighbour leaves.

One pause per space: between two uses it is kept once, never added up. Two spaces of a room may
differ; the room then keeps the larger one. A use already agreed is never moved: where two of
them are closer than the pause, the first keeps its space until the second begins, and the
collège is told.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from salle.db import db
from salle.venues.models import Space
from salle.venues.occupations import Occupation, lock_spaces

LONGEST_ROW = timedelta(hours=29)

# Active rows from :first on, each with the next one of its space. Rows of one use that follow
# each other (a long use is cut) need no pause between them.
_PAIRS = """
WITH pairs AS (
  SELECT o.id, o.space_id, s.buffer, o.kind, o.ends_at, o.frees_at,
         coalesce(o.booking_date_id, o.timetable_id) AS origin,
         lead(o.starts_at) OVER follows AS next_starts_at,
         lead(o.kind) OVER follows AS next_kind,
         lead(coalesce(o.booking_date_id, o.timetable_id)) OVER follows AS next_origin
    FROM occupation o JOIN space s ON s.id = o.space_id
   WHERE o.space_id = ANY (:spaces) AND o.active AND o.utc_day >= CAST(:first AS date)
  WINDOW follows AS (PARTITION BY o.space_id ORDER BY o.starts_at, o.id)
), wanted AS (
  SELECT p.*, CASE WHEN p.next_starts_at = p.ends_at AND p.next_origin = p.origin
                   THEN p.ends_at ELSE least(p.ends_at + p.buffer, p.next_starts_at)
              END AS wanted_at
    FROM pairs p
)
"""
_REWRITE = sa.text(
    _PAIRS
    + """
UPDATE occupation o SET frees_at = w.wanted_at
  FROM wanted w
 WHERE o.id = w.id AND o.frees_at <> w.wanted_at AND w.ends_at + w.buffer > :now
"""
)
_SLEEPING = sa.text("""
UPDATE occupation o SET frees_at = o.ends_at + s.buffer
  FROM space s
 WHERE s.id = o.space_id AND o.space_id = ANY (:spaces) AND NOT o.active
   AND o.booking_date_id IS NOT NULL AND o.ends_at > :now
   AND o.frees_at <> o.ends_at + s.buffer
""")
_SHORT = sa.text(
    _PAIRS
    + """
SELECT DISTINCT w.ends_at, w.next_starts_at, w.buffer
  FROM wanted w
 WHERE w.next_starts_at < w.ends_at + w.buffer AND w.ends_at > :now
   AND w.next_origin IS DISTINCT FROM w.origin
   AND (w.kind IN ('hold', 'booking') OR w.next_kind IN ('hold', 'booking'))
 ORDER BY 1, 2, 3
"""
)


@dataclass(frozen=True, kw_only=True)
class ShortPause:
    """Two uses already agreed, closer than the pause that the space now asks for."""

    ends_at: datetime
    next_starts_at: datetime
    buffer: timedelta


def change_buffer(
    space_ids: Collection[uuid.UUID], buffer: timedelta, *, now: datetime
) -> list[ShortPause]:
    """Give these spaces that pause, for the uses to come too; those that could not have it.

    Everything in the caller's transaction: the next search sees the new pause everywhere.
    """
    lock_spaces(space_ids)
    db.session.flush()
    db.session.execute(
        sa.update(Space)
        .where(Space.id.in_(space_ids))
        .values(buffer=buffer)
        .execution_options(synchronize_session="fetch")
    )
    parameters = _parameters(space_ids, now)
    db.session.execute(_REWRITE, parameters)
    db.session.execute(_SLEEPING, parameters)
    db.session.expire_all()  # rooms have a copy of the pause, kept equal by the foreign key
    return list_short_pauses(space_ids, now=now)


def restore_pauses(date_ids: Iterable[uuid.UUID], *, now: datetime) -> None:
    """Uses that had been followed too closely by these dates get their whole pause back.

    Called once the dates have left their spaces, whose locks the caller holds.
    """
    spaces = db.session.scalars(
        sa.select(Occupation.space_id)
        .join(Space, Space.id == Occupation.space_id)
        .where(Occupation.booking_date_id.in_(list(date_ids)), Space.buffer > timedelta(0))
        .distinct()
    ).all()
    if spaces:
        db.session.execute(_REWRITE, _parameters(spaces, now))


def list_short_pauses(space_ids: Collection[uuid.UUID], *, now: datetime) -> list[ShortPause]:
    """Uses to come that are closer to the next one than the pause of their space, in order."""
    db.session.flush()
    return [
        ShortPause(ends_at=ends_at, next_starts_at=next_starts_at, buffer=buffer)
        for ends_at, next_starts_at, buffer in db.session.execute(
            _SHORT, _parameters(space_ids, now)
        )
    ]


def _parameters(space_ids: Collection[uuid.UUID], now: datetime) -> dict[str, object]:
    return {"spaces": sorted(space_ids), "now": now, "first": (now - LONGEST_ROW).date()}
