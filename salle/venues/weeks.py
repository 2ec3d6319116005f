"""What each part of a room's opening hours is, for the week strip: one statement for many rooms."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from salle.venues.free import SPAN, read, span_parameters

# (state, start, end): free, school, busy or pending; what is left is closed.
Stretch = tuple[str, datetime, datetime]

_WEEK = sa.text(f"""
SELECT r.id, k.state, lower(piece), upper(piece)
  FROM room r,
       LATERAL open_in(r.schedule_id, CAST(:days AS date[]), {SPAN}) o,
       LATERAL free_in(r.id, r.schedule_id, CAST(:days AS date[]), {SPAN}) f,
       LATERAL (
         SELECT coalesce(range_agg(taken) FILTER (WHERE kind = 'school'), '{{}}') AS school,
                coalesce(range_agg(taken) FILTER (WHERE kind IN ('booking', 'block')), '{{}}')
                  AS busy
           FROM (
             SELECT n.kind, tstzrange(n.starts_at - rs.buffer, n.frees_at) AS taken
               FROM room_space rs JOIN occupation n ON n.space_id = rs.space_id AND n.active
              WHERE rs.room_id = r.id AND n.utc_day = ANY (CAST(:days AS date[]))
           ) uses
       ) u,
       LATERAL (VALUES
         ('free', f.free),
         ('school', (o.open - f.free) * u.school),
         ('busy', (o.open - f.free) * u.busy - u.school),
         ('pending', o.open - f.free - u.school - u.busy)
       ) k (state, pieces),
       unnest(k.pieces) piece
 WHERE r.id = ANY (:rooms)
 ORDER BY r.id, 3
""")  # noqa: S608 constants only


def list_stretches(
    room_ids: Sequence[uuid.UUID], start: datetime, end: datetime
) -> dict[uuid.UUID, list[Stretch]]:
    """What happens inside start..end in each of these rooms, in order, never overlapping."""
    found: dict[uuid.UUID, list[Stretch]] = {room_id: [] for room_id in room_ids}
    if room_ids:
        for room_id, state, low, high in read(
            _WEEK, {"rooms": list(room_ids), **span_parameters(start, end)}
        ):
            found[room_id].append((state, low, high))
    return found
