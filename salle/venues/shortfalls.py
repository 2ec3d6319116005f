"""The dates of a season that a room cannot serve: why, and what would work.

The sentences are those of salle.venues.explanations, the verdicts those of free_in; what both
need is read for all the rooms of a page at once, in a fixed number of statements.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Any

import sqlalchemy as sa

from salle.kernel.clock import day_span, local_day
from salle.kernel.errors import DomainError
from salle.venues.asking import room_rules
from salle.venues.criteria import Criteria
from salle.venues.explanations import closed_that_day, other_hours, taken
from salle.venues.fixes import Fix, Others, find_others, refused
from salle.venues.free import Interval, days_literal, read
from salle.venues.models import Room
from salle.venues.occupations import SlotTaken
from salle.venues.queries import list_rooms
from salle.venues.season import Served, days_of, ranges_literal

SHIFTS = (timedelta(minutes=-30), timedelta(minutes=30))
MOST_FIXES = 3
Key = tuple[uuid.UUID, Interval]


@dataclass(frozen=True, kw_only=True)
class Missing:
    """A date that a room cannot serve; `reason` has its code and its sentence."""

    slot: Interval
    reason: DomainError
    fixes: tuple[Fix, ...]


def explain_missing(
    rooms: Sequence[Served], criteria: Criteria, *, now: datetime
) -> dict[uuid.UUID, list[Missing]]:
    """For each of these rooms, its missing dates in order. Always five statements.

    At most three fixes a date: half an hour earlier or later in that room, another room of its
    site, one of the same kind in a collège nearby; each is free and may be booked now.
    """
    failing = [one for one in rooms if one.missing]
    if not failing:
        return {}
    known = list_rooms([one.found.room_id for one in failing])
    failing = [one for one in failing if one.found.room_id in known]
    free = _free_around(failing, known)
    openings = _openings(failing, known)
    uses = _uses(failing)
    others = find_others(failing, criteria)
    return {
        one.found.room_id: [
            _missing(known[one.found.room_id], slot, now, free, openings, uses, others)
            for slot in one.missing
        ]
        for one in failing
    }


def _missing(
    room: Room,
    slot: Interval,
    now: datetime,
    free: Mapping[uuid.UUID, Sequence[Interval]],
    openings: Mapping[Key, tuple[list[Interval], Interval | None]],
    uses: Mapping[Key, list[Any]],
    others: Others,
) -> Missing:
    zone = room.site.time_zone
    day = local_day(slot.start, zone)
    pieces = free.get(room.id, ())
    if (room.schedule_id, slot) in openings:
        opened, following = openings[room.schedule_id, slot]
        reason: DomainError = (
            other_hours(room, day, opened) if opened else closed_that_day(room, day, following)
        )
    elif (room.id, slot) in uses:
        low, high = day_span(day, day, zone)
        left = [
            Interval(max(low, piece.start), min(high, piece.end))
            for piece in pieces
            if piece.start < high and low < piece.end
        ]
        reason = taken(room, day, uses[room.id, slot], left)
    else:
        reason = refused(room_rules(room), slot, now) or SlotTaken()
    shifts = _shifts(room, slot, now, pieces)
    siblings = others.find(room.id, slot, now, sibling=True)
    nearby = others.find(room.id, slot, now, sibling=False)
    fixes = [fix for found in (shifts, siblings, nearby) for fix in islice(found, 1)]
    fixes += islice(chain(shifts, siblings, nearby), MOST_FIXES - len(fixes))
    return Missing(slot=slot, reason=reason, fixes=tuple(fixes))


def _shifts(room: Room, slot: Interval, now: datetime, free: Sequence[Interval]) -> Iterator[Fix]:
    """The same room half an hour earlier or later, when it is free then and may be booked."""
    for shift in SHIFTS:
        moved = Interval(slot.start + shift, slot.end + shift)
        inside = any(piece.start <= moved.start and moved.end <= piece.end for piece in free)
        if inside and refused(room_rules(room), moved, now) is None:
            yield Fix(
                room_id=room.id,
                room_slug=room.slug,
                room_name=room.name,
                start=moved.start,
                end=moved.end,
            )


_FREE = sa.text("""
WITH q AS MATERIALIZED (
  SELECT u.room, u.schedule, CAST(u.days AS date[]) AS days,
         (SELECT range_agg(span) FROM unnest(CAST(u.spans AS tstzrange[])) span) AS spans
    FROM unnest(CAST(:rooms AS uuid[]), CAST(:schedules AS uuid[]), CAST(:days AS text[]),
                CAST(:spans AS text[])) u (room, schedule, days, spans)
)
SELECT q.room, lower(piece), upper(piece)
  FROM q, LATERAL free_in(q.room, q.schedule, q.days, q.spans) f, unnest(f.free) piece
 ORDER BY 1, 2
""")


def _free_around(
    failing: Sequence[Served], known: Mapping[uuid.UUID, Room]
) -> dict[uuid.UUID, list[Interval]]:
    """What is free on the civil days of the missing dates, and half an hour around each."""
    spans = [
        [_around(slot, known[one.found.room_id].site.time_zone) for slot in one.missing]
        for one in failing
    ]
    rows = read(
        _FREE,
        {
            "rooms": [one.found.room_id for one in failing],
            "schedules": [known[one.found.room_id].schedule_id for one in failing],
            "days": [days_of(one) for one in spans],
            "spans": [ranges_literal(one) for one in spans],
        },
    )
    found: dict[uuid.UUID, list[Interval]] = defaultdict(list)
    for room_id, low, high in rows:
        found[room_id].append(Interval(low, high))
    return found


def _around(slot: Interval, zone: str) -> Interval:
    day = local_day(slot.start, zone)
    low, high = day_span(day, day, zone)
    return Interval(min(low, slot.start + SHIFTS[0]), max(high, slot.end + SHIFTS[1]))


# As explanations._OPENINGS and ._NEXT_OPENING, for many slots.
_OPENINGS = sa.text("""
SELECT q.n, o.pieces, w.starts_at, w.ends_at
  FROM unnest(CAST(:schedules AS uuid[]), CAST(:starts AS timestamptz[]),
              CAST(:ends AS timestamptz[]), CAST(:days AS date[]), CAST(:wide AS text[]),
              CAST(:after AS timestamptz[]))
       WITH ORDINALITY AS q (schedule, starts_at, ends_at, day, wide, after, n),
       LATERAL (
         SELECT range_agg(tstzrange(w.starts_at, w.ends_at)) AS pieces
           FROM opening_window w
          WHERE w.schedule_id = q.schedule AND w.utc_day = ANY (CAST(q.wide AS date[]))
            AND (w.day = q.day OR (w.starts_at < q.ends_at AND q.starts_at < w.ends_at))
       ) o
  LEFT JOIN LATERAL (
         SELECT w.starts_at, w.ends_at
           FROM opening_window w
          WHERE o.pieces IS NULL AND w.schedule_id = q.schedule AND w.starts_at >= q.after
          ORDER BY w.starts_at LIMIT 1
       ) w ON true
""")


def _openings(
    failing: Sequence[Served], known: Mapping[uuid.UUID, Room]
) -> dict[Key, tuple[list[Interval], Interval | None]]:
    """By schedule and slot that is not wholly open: the hours of that day, the next opening."""
    zones: dict[Key, str] = {}
    for one in failing:
        room = known[one.found.room_id]
        for slot in one.missing:
            if slot in one.shut:
                zones[room.schedule_id, slot] = room.site.time_zone
    days = [local_day(slot.start, zone) for (_, slot), zone in zones.items()]
    spans = [day_span(day, day, zone) for day, zone in zip(days, zones.values(), strict=True)]
    slots = [slot for _, slot in zones]
    rows = read(
        _OPENINGS,
        {
            "schedules": [schedule for schedule, _ in zones],
            "starts": [slot.start for slot in slots],
            "ends": [slot.end for slot in slots],
            "days": days,
            "wide": [
                days_literal(min(low, slot.start), max(high, slot.end))
                for slot, (low, high) in zip(slots, spans, strict=True)
            ],
            "after": [high for _, high in spans],
        },
    )
    keys = list(zones)
    return {
        keys[n - 1]: (
            [Interval(piece.lower, piece.upper) for piece in pieces or ()],
            None if low is None else Interval(low, high),
        )
        for n, pieces, low, high in rows
    }


# As explanations._USES, for many slots.
_USES = sa.text("""
SELECT q.n, o.kind, min(o.starts_at), max(o.ends_at), max(rs.buffer)
  FROM unnest(CAST(:rooms AS uuid[]), CAST(:starts AS timestamptz[]),
              CAST(:ends AS timestamptz[]), CAST(:wide AS text[]))
       WITH ORDINALITY AS q (room, starts_at, ends_at, wide, n)
  JOIN room_space rs ON rs.room_id = q.room
  JOIN occupation o ON o.space_id = rs.space_id AND o.active
   AND o.utc_day = ANY (CAST(q.wide AS date[]))
 WHERE o.starts_at - rs.buffer < q.ends_at AND q.starts_at < o.frees_at
 GROUP BY q.n, o.kind, o.starts_at, o.ends_at
 ORDER BY 1, 3, 2
""")


def _uses(failing: Sequence[Served]) -> dict[Key, list[Any]]:
    """By room and slot that is open but not free: what takes it."""
    keys = [
        (one.found.room_id, slot) for one in failing for slot in one.missing if slot not in one.shut
    ]
    rows = read(
        _USES,
        {
            "rooms": [room_id for room_id, _ in keys],
            "starts": [slot.start for _, slot in keys],
            "ends": [slot.end for _, slot in keys],
            "wide": [days_literal(slot.start, slot.end) for _, slot in keys],
        },
    )
    found: dict[Key, list[Any]] = defaultdict(list)
    for n, *use in rows:
        found[keys[n - 1]].append(tuple(use))
    return found
