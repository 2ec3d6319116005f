"""Asking the database when a room is free: the definition itself is availability.sql.

Other packages use salle/venues/availability.py, the face of this module and its neighbours.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa

from salle.db import db
from salle.kernel.clock import day_span
from salle.venues.models import Room

DAY = timedelta(days=1)
LONGEST_ROW = timedelta(hours=29)  # a window lasts up to 25 h, an occupation with its buffer 29 h
LARGEST_BUFFER = timedelta(hours=4)  # how long before an occupation its space is already kept
FIRST = datetime(1, 1, 3, tzinfo=UTC)
LAST = datetime(9999, 12, 29, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """A half-open stretch of time, in UTC."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start


def utc_days(start: datetime, end: datetime) -> list[date]:
    """The UTC days whose rows may touch start..end: the index of both tables is by day."""
    first = (max(start.astimezone(UTC), FIRST) - LONGEST_ROW).date()
    last = (min(end.astimezone(UTC), LAST) + LARGEST_BUFFER).date()
    return [first + n * DAY for n in range((last - first).days + 1)]


def days_literal(start: datetime, end: datetime) -> str:
    """utc_days() as PostgreSQL writes an array: a text costs less to send than a list."""
    return f"{{{','.join(day.isoformat() for day in utc_days(start, end))}}}"


# `{span}` in a statement: start..end as the multirange that open_in and free_in take.
SPAN = "tstzmultirange(tstzrange(CAST(:start AS timestamptz), CAST(:end AS timestamptz)))"

_FREE = sa.text(f"""
SELECT lower(piece), upper(piece)
  FROM free_in(:room, :schedule, CAST(:days AS date[]), {SPAN}) f, unnest(f.free) piece
 ORDER BY 1
""")  # noqa: S608 constants only
# One row a slot, in order: (wholly open, wholly open and idle).
_STATE = sa.text("""
SELECT o.open @> s.slot, f.free @> s.slot
  FROM open_in(:schedule, CAST(:days AS date[]), CAST(:span AS tstzmultirange)) o,
       busy_in(:room, CAST(:days AS date[])) b,
       LATERAL (SELECT o.open - b.busy AS free OFFSET 0) f,
       unnest(CAST(:slots AS tstzrange[])) WITH ORDINALITY s (slot, n)
 ORDER BY s.n
""")


def span_parameters(start: datetime, end: datetime) -> dict[str, Any]:
    """What SPAN and `:days` need."""
    return {"start": start, "end": end, "days": days_literal(start, end)}


def room_parameters(room: Room, start: datetime, end: datetime) -> dict[str, Any]:
    """The same, with the room and its schedule."""
    return {"room": room.id, "schedule": room.schedule_id, **span_parameters(start, end)}


def read(statement: sa.TextClause, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Rows of a statement, after what the session has not written yet."""
    db.session.flush()
    return cast("list[tuple[Any, ...]]", db.session.execute(statement, parameters).all())


def free_between(room: Room, start: datetime, end: datetime) -> list[Interval]:
    """When the room is open and idle inside start..end, in order, merged."""
    if start >= end:
        return []
    return [Interval(low, high) for low, high in read(_FREE, room_parameters(room, start, end))]


_BY_KEY = """
SELECT r.id, s.time_zone, lower(piece), upper(piece)
  FROM room r
  JOIN site s ON s.id = r.site_id
  LEFT JOIN LATERAL (
    SELECT u.piece
      FROM free_in(r.id, r.schedule_id, CAST(:days AS date[]), tstzmultirange(tstzrange(
             CAST(:first AS timestamp) AT TIME ZONE s.time_zone,
             CAST(:after AS timestamp) AT TIME ZONE s.time_zone))) f,
           unnest(f.free) u (piece)
  ) pieces ON true
 WHERE {which} AND r.published_at IS NOT NULL
   AND (s.closed_on IS NULL OR s.closed_on > current_date)
 ORDER BY r.id, 3
"""
_BY_ID = sa.text(_BY_KEY.format(which="r.id = :key"))
_BY_SLUG = sa.text(_BY_KEY.format(which="r.slug = :key"))


@dataclass(frozen=True, kw_only=True)
class RoomFree:
    """A public room's free intervals, and the zone of its wall clock."""

    room_id: uuid.UUID
    zone: str
    intervals: list[Interval]


def find_free(key: uuid.UUID | str, first: date, last: date) -> RoomFree | None:
    """free_intervals() of a room known by its id or slug, in one statement; None: no such room."""
    # Civil days of any zone lie within a day of the same UTC days.
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    after = datetime(last.year, last.month, last.day, tzinfo=UTC) + DAY
    rows = read(
        _BY_ID if isinstance(key, uuid.UUID) else _BY_SLUG,
        {
            "key": key,
            "first": start.replace(tzinfo=None),
            "after": after.replace(tzinfo=None),
            "days": days_literal(start - DAY, after + DAY),
        },
    )
    if not rows:
        return None
    return RoomFree(
        room_id=rows[0][0],
        zone=rows[0][1],
        intervals=[Interval(low, high) for _, _, low, high in rows if low is not None],
    )


def free_intervals(room: Room, first: date, last: date) -> list[Interval]:
    """The same over the civil days first..last of the site, both included."""
    return free_between(room, *day_span(first, last, room.site.time_zone))


def is_free(room: Room, starts_at: datetime, ends_at: datetime) -> bool:
    """Whether the whole slot is open and idle."""
    return slot_state(room, starts_at, ends_at)[1]


def slot_state(room: Room, starts_at: datetime, ends_at: datetime) -> tuple[bool, bool]:
    """(wholly open, wholly open and idle); an empty slot is neither."""
    if starts_at >= ends_at:
        return False, False
    [state] = slots_state(room, [Interval(starts_at, ends_at)])
    return state


def slots_state(room: Room, slots: Sequence[Interval]) -> list[tuple[bool, bool]]:
    """slot_state() of several slots, none empty, in one statement."""
    if not slots:
        return []
    days = sorted({day for slot in slots for day in utc_days(slot.start, slot.end)})
    ranges = [f"[{slot.start.isoformat()},{slot.end.isoformat()})" for slot in slots]
    quoted = ",".join(f'"{one}"' for one in ranges)
    rows = read(
        _STATE,
        {
            "room": room.id,
            "schedule": room.schedule_id,
            "days": f"{{{','.join(day.isoformat() for day in days)}}}",
            "span": f"{{{','.join(ranges)}}}",
            "slots": f"{{{quoted}}}",
        },
    )
    return [(bool(opened), bool(free)) for opened, free in rows]
