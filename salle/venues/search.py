"""Which rooms are open and idle: one statement, whatever is asked.

Free time comes from open_in, busy_in and free_in (availability.sql) and from nowhere else.
The order is likeness to the words asked for, distance, price, name, id. Prices and next free
slots are read for the rows that may be kept only: `rank()` gives every room that ties with the
last one of the page.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from salle.db import db
from salle.kernel.clock import PARIS
from salle.venues.asking import ENDS_IN_TIME, ends_in_time
from salle.venues.criteria import (
    DISTANCE,
    PRICE,
    Criteria,
    likeness,
    price_condition,
    room_conditions,
    site_conditions,
)
from salle.venues.free import SPAN, Interval, days_literal, span_parameters
from salle.venues.rules import RoomKind

SOON, LATER = timedelta(days=3), timedelta(days=28)
QUARTER = timedelta(minutes=15)
_PARAMETER = re.compile(r"(?<![:\w]):([a-z]\w*)")
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Found:
    """One room. `price_cents`: of the slot when one is asked, else of one hour."""

    room_id: uuid.UUID
    slug: str
    name: str
    kind: RoomKind
    capacity: int
    site_id: uuid.UUID
    uai: str
    site_name: str
    commune: str
    lat: float
    lon: float
    time_zone: str
    distance_km: float | None
    price_cents: int | None
    next_free: Interval | None
    opened: bool = True  # during the whole slot asked for, or long enough in the range
    begins: datetime | None = None  # the slot, or the first one that lasts long enough


def search_rooms(
    criteria: Criteria, *, now: datetime, limit: int = 20, offset: int = 0
) -> tuple[list[Found], int]:
    """The page of rooms that match, and how many match in all.

    The next free slot of each is from now on, or from the slot asked for when it is not free.
    """
    statement, parameters = _build(criteria, now)
    rows = db.session.execute(
        _text(statement), {**parameters, "limit": limit, "offset": offset, "last": limit + offset}
    ).all()
    total = rows[0].total
    return [_found(row) for row in rows if row.id is not None], total


def count_rooms(asked: Sequence[Criteria], *, now: datetime) -> list[int]:
    """How many rooms match each of these, in one statement."""
    if not asked:
        return []
    parts: list[str] = []
    parameters: dict[str, Any] = {}
    for number, criteria in enumerate(asked):
        when, where, given = _matching(criteria, now)
        prefix = f"c{number}_"
        parts.append(
            f"(SELECT count(*) FROM site s JOIN room r ON r.site_id = s.id{when.tables}"  # noqa: S608
            f" WHERE {where})"
        )
        parts[-1] = _PARAMETER.sub(rf":{prefix}\1", parts[-1])
        parameters |= {prefix + name: value for name, value in given.items()}
    return list(db.session.execute(_text(f"SELECT {', '.join(parts)}"), parameters).one())


def find_zone(criteria: Criteria) -> str:
    """The time zone of the nearest site in reach: whose wall clock the asker means."""
    conditions, parameters = site_conditions(criteria)
    nearest = DISTANCE if criteria.has_place else "s.id"
    row = db.session.execute(
        _text(
            f"SELECT s.time_zone FROM site s WHERE {' AND '.join(conditions)}"  # noqa: S608
            f" ORDER BY {nearest} LIMIT 1"
        ),
        parameters,
    ).first()
    return str(row[0]) if row else PARIS


def next_quarter(instant: datetime) -> datetime:
    """That instant, or the first quarter of an hour after it."""
    return instant + -(instant - EPOCH) % QUARTER


@lru_cache(maxsize=256)
def _text(statement: str) -> sa.TextClause:
    """The same text is the same object: parsed and compiled once."""
    return sa.text(statement)


# The same rules as salle.venues.asking, which has the sentences; steps are the form's.
_LENGTH = "CAST(:minutes AS int) BETWEEN r.min_minutes AND r.max_minutes"
_EARLIEST = "CAST(:now AS timestamptz) + make_interval(mins => r.notice_minutes)"
_LATEST = "CAST(:now AS timestamptz) + make_interval(days => r.horizon_days)"
_ALLOWED = f"""({_LENGTH} AND CAST(:priced_at AS timestamptz) BETWEEN {_EARLIEST} AND {_LATEST}
  AND {ENDS_IN_TIME})"""
_MAY_BE_ALLOWED = f"""({_LENGTH} AND CAST(:end AS timestamptz)
  - make_interval(mins => CAST(:minutes AS int)) >= {_EARLIEST}
  AND CAST(:start AS timestamptz) <= {_LATEST})"""


@dataclass(frozen=True, kw_only=True)
class _When:
    """SQL of the time asked for: what to join, whether it is open, where the use begins."""

    tables: str = ""
    opened: str = "true"
    begins: str = "NULL::timestamptz"
    conditions: tuple[str, ...] = ()
    minutes: int = 60


def _when(criteria: Criteria) -> _When:
    """No time, one slot, or a piece of a range that lasts long enough."""
    if criteria.starts_at is None or criteria.ends_at is None:
        return _When()
    if criteria.lasting is None:
        free = f"o.open - b.busy {'<>' if criteria.unavailable else '='} {SPAN}"
        return _When(
            tables=_SLOT,
            opened=f"o.open = {SPAN}",
            begins="CAST(:start AS timestamptz)",
            conditions=(free, *((_ALLOWED,) if criteria.bookable else ())),
            minutes=(criteria.ends_at - criteria.starts_at) // timedelta(minutes=1),
        )
    first = _FIRST_ALLOWED if criteria.bookable else _FIRST
    within = f"use.begins IS {'' if criteria.unavailable else 'NOT '}NULL"
    return _When(
        tables=f"{_SLOT},\n       LATERAL {first.format(pieces='o.open - b.busy')} use",
        opened=f"(SELECT begins IS NOT NULL FROM {first.format(pieces='o.open')} first)",  # noqa: S608
        begins="use.begins",
        conditions=(within, *((_MAY_BE_ALLOWED,) if criteria.bookable else ())),
        minutes=criteria.lasting // timedelta(minutes=1),
    )


def _matching(criteria: Criteria, now: datetime) -> tuple[_When, str, dict[str, Any]]:
    """What to join, the conditions and their parameters."""
    conditions, parameters = room_conditions(criteria)
    dear, more = price_condition(criteria)
    when = _when(criteria)
    parameters |= {
        **more,
        "minutes": when.minutes,
        "priced_at": criteria.starts_at or now,
        "now": now,
    }
    if criteria.starts_at is not None and criteria.ends_at is not None:
        parameters |= span_parameters(criteria.starts_at, criteria.ends_at)
    return when, " AND ".join((*conditions, *when.conditions, *dear)), parameters


def _build(criteria: Criteria, now: datetime) -> tuple[str, dict[str, Any]]:
    when, where, parameters = _matching(criteria, now)
    start = max(now, criteria.starts_at or now) if criteria.unavailable else now
    start = next_quarter(start)
    parameters |= {
        "soon_from": start,
        "soon_to": start + SOON,
        "later_to": start + LATER,
        "soon_days": days_literal(start, start + SOON),
        "later_days": days_literal(start + SOON, start + LATER),
    }
    rank, order = _order(criteria)
    statement = _SEARCH.format(
        distance=DISTANCE if criteria.has_place else "NULL::float8",
        opened=when.opened,
        begins=when.begins,
        likeness=likeness(criteria) if criteria.q else "1",
        price=PRICE.format(room="near.id", zone="near.time_zone"),
        tables=when.tables,
        rank=rank,
        order=order,
        where=where,
    )
    return statement, parameters


def _order(criteria: Criteria) -> tuple[str, str]:
    """(what may be ranked before the prices are known, the whole order but name and id)."""
    if criteria.by_name:
        return "name, id", ""
    like = "likeness DESC, " if criteria.q else ""
    return f"{like}km", f"{like}km NULLS LAST, price NULLS LAST, "


def _found(row: Any) -> Found:
    free = row.next_free
    return Found(
        room_id=row.id,
        slug=row.slug,
        name=row.name,
        kind=RoomKind(row.kind),
        capacity=row.capacity,
        site_id=row.site_id,
        uai=row.uai,
        site_name=row.site_name,
        commune=row.commune,
        lat=row.lat,
        lon=row.lon,
        time_zone=row.time_zone,
        distance_km=None if row.km is None else round(row.km, 2),
        price_cents=row.price,
        next_free=None if free is None else Interval(free.lower, free.upper),
        opened=row.opened,
        begins=row.begins,
    )


_SLOT = f""",
       LATERAL open_in(r.schedule_id, CAST(:days AS date[]), {SPAN}) o,
       LATERAL busy_in(r.id, CAST(:days AS date[])) b"""
# A use starts on the room's steps, on the wall clock, as asking.next_step says it.
_STEP = """date_bin(make_interval(mins => {steps}), (greatest(lower(piece), {earliest})
              AT TIME ZONE {zone}) + make_interval(mins => {steps}) - interval '1 microsecond',
              timestamp '2020-01-01') AT TIME ZONE {zone}"""
_START = _STEP.format(steps="page.step_minutes", earliest="page.earliest", zone="page.time_zone")
_ENDING = "(start + make_interval(mins => CAST(:minutes AS int)))"
_LONG_ENOUGH = "upper(piece) - {start} >= make_interval(mins => CAST(:minutes AS int))"
_FIRST = f"""(
         SELECT min(lower(piece)) AS begins FROM unnest({{pieces}}) piece
          WHERE {_LONG_ENOUGH.format(start="lower(piece)")})"""  # noqa: S608 constants only
_FIRST_ALLOWED = f"""(
         SELECT min(start) AS begins
           FROM unnest({{pieces}}) piece, LATERAL (SELECT {
    _STEP.format(steps="r.step_minutes", earliest=_EARLIEST, zone="s.time_zone")
} AS start) u
          WHERE {_LONG_ENOUGH.format(start="start")} AND start <= {_LATEST}
            AND {ends_in_time("start", _ENDING)})"""  # noqa: S608 constants only
_NEXT = f"""
    (SELECT tstzrange(start, upper(piece))
       FROM free_in(page.id, page.schedule_id, CAST(:{{days}} AS date[]), tstzmultirange(tstzrange(
              CAST(:{{low}} AS timestamptz), CAST(:{{high}} AS timestamptz)))) f,
            unnest(f.free) piece, LATERAL (SELECT {_START} AS start) s
      WHERE upper(piece) - start >= make_interval(mins => page.min_minutes)
      ORDER BY lower(piece) LIMIT 1)"""  # noqa: S608 constants only
_SEARCH = f"""
WITH hit AS MATERIALIZED (
  SELECT r.id, r.name, s.time_zone, {{distance}} AS km, {{opened}} AS opened,
         {{begins}} AS begins, {{likeness}} AS likeness
    FROM site s JOIN room r ON r.site_id = s.id{{tables}}
   WHERE {{where}}
), near AS (
  SELECT hit.*, rank() OVER (ORDER BY {{rank}}) AS position FROM hit
), page AS (
  SELECT r.id, r.slug, r.name, r.kind, r.capacity, r.schedule_id, r.min_minutes,
         r.step_minutes,
         greatest(CAST(:soon_from AS timestamptz), CAST(:now AS timestamptz)
                  + make_interval(mins => r.notice_minutes)) AS earliest,
         s.id AS site_id, s.uai, s.name AS site_name, s.commune, s.lat, s.lon, s.time_zone,
         best.km, best.price, best.opened, best.begins, best.likeness
    FROM (
      SELECT * FROM (
        SELECT near.*, {{price}} AS price FROM near WHERE position <= :last
      ) priced
       ORDER BY {{order}}name, id LIMIT :limit OFFSET :offset
    ) best JOIN room r ON r.id = best.id JOIN site s ON s.id = r.site_id
)
SELECT c.total, page.*, coalesce({_NEXT.format(days="soon_days", low="soon_from", high="soon_to")},{
    _NEXT.format(days="later_days", low="soon_to", high="later_to")
}) AS next_free
  FROM (SELECT count(*) AS total FROM hit) c LEFT JOIN page ON true
 ORDER BY {{order}}name, id
"""  # noqa: S608 constants only

__all__ = ["Criteria", "Found", "count_rooms", "find_zone", "next_quarter", "search_rooms"]
