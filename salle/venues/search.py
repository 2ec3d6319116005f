"""Which rooms are open and idle: one statement, whatever is asked.

Free time comes from open_in, busy_in and free_in (availability.sql) and from nowhere else.
The order is distance, price, name, id. The next free slot is read for the kept rows only.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from salle.db import db
from salle.kernel.clock import local_day
from salle.venues.free import SPAN, Interval, span_parameters, utc_days
from salle.venues.geography import box_around
from salle.venues.rules import RoomKind

SOON, LATER = timedelta(days=3), timedelta(days=28)
QUARTER = timedelta(minutes=15)
# Letters without their accents, one for one, the same in Python and in SQL.
ACCENTED, PLAIN = "àâäáãåçèéêëìíîïñòóôöõùúûüýÿœæ’", "aaaaaaceeeeiiiinooooouuuuyyoa'"
_FOLD = str.maketrans(ACCENTED, PLAIN)


@dataclass(frozen=True, kw_only=True)
class Criteria:
    """What is asked; everything may be left out. Instants are UTC, half-open."""

    lat: float | None = None
    lon: float | None = None
    radius_km: float = 20.0
    commune: str | None = None
    uai: str | None = None
    kind: RoomKind | None = None
    min_capacity: int = 0
    equipment: tuple[str, ...] = ()
    accessible: bool = False
    max_price_cents: int | None = None
    q: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None


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


def search_rooms(
    criteria: Criteria, *, now: datetime, limit: int = 20, offset: int = 0
) -> tuple[list[Found], int]:
    """The page of rooms that match, and how many match in all."""
    statement, parameters = _build(criteria, now)
    rows = db.session.execute(
        sa.text(statement), {**parameters, "limit": limit, "offset": offset}
    ).all()
    total = rows[0].total
    return [_found(row) for row in rows if row.id is not None], total


def _build(criteria: Criteria, now: datetime) -> tuple[str, dict[str, Any]]:
    conditions, parameters = _conditions(criteria)
    with_place = criteria.lat is not None and criteria.lon is not None
    minutes, tables = 60, ""
    if criteria.starts_at is not None and criteria.ends_at is not None:
        parameters |= span_parameters(criteria.starts_at, criteria.ends_at)
        minutes = (criteria.ends_at - criteria.starts_at) // timedelta(minutes=1)
        tables = (
            f", LATERAL open_in(r.schedule_id, CAST(:days AS date[]), {SPAN}) o"
            ", LATERAL busy_in(r.id, CAST(:days AS date[])) b"
        )
        conditions.append(f"o.open - b.busy = {SPAN}")
    start = now + -(now - datetime(2020, 1, 1, tzinfo=now.tzinfo)) % QUARTER
    parameters |= {
        "minutes": minutes,
        "tariff_day": local_day(criteria.starts_at or now),
        "soon_from": start,
        "soon_to": start + SOON,
        "later_to": start + LATER,
        "soon_days": utc_days(start, start + SOON),
        "later_days": utc_days(start + SOON, start + LATER),
    }
    distance = "distance_km(:lat, :lon, s.lat, s.lon)" if with_place else "NULL::float8"
    outer = "WHERE price <= :max_price" if criteria.max_price_cents is not None else ""
    if criteria.max_price_cents is not None:
        parameters["max_price"] = criteria.max_price_cents
    return (
        _SEARCH.format(
            distance=distance, tables=tables, where=" AND ".join(conditions), outer=outer
        ),
        parameters,
    )


def _conditions(criteria: Criteria) -> tuple[list[str], dict[str, Any]]:
    conditions = [
        "r.published_at IS NOT NULL",
        "(s.closed_on IS NULL OR s.closed_on > current_date)",
    ]
    parameters: dict[str, Any] = {}
    if criteria.lat is not None and criteria.lon is not None:
        parameters |= box_around(criteria.lat, criteria.lon, criteria.radius_km)
        parameters |= {"lat": criteria.lat, "lon": criteria.lon, "radius": criteria.radius_km}
        conditions += [
            "s.lat BETWEEN :south AND :north",
            "s.lon BETWEEN :west AND :east",
            "distance_km(:lat, :lon, s.lat, s.lon) <= :radius",
        ]
    for name, column, value in (
        ("commune", "s.insee_code =", criteria.commune),
        ("uai", "s.uai =", criteria.uai),
        ("kind", "r.kind =", criteria.kind.value if criteria.kind else None),
        ("capacity", "r.capacity >=", criteria.min_capacity or None),
        ("equipment", "r.equipment @>", list(criteria.equipment) or None),
    ):
        if value is not None:
            conditions.append(f"{column} :{name}")
            parameters[name] = value
    if criteria.accessible:
        conditions.append("r.accessible")
    for number, word in enumerate((criteria.q or "").lower().translate(_FOLD).split()[:8]):
        conditions.append(f"{_WORDS} LIKE :word{number} ESCAPE '!'")
        parameters[f"word{number}"] = f"%{_escape(word)}%"
    return conditions, parameters


def _escape(word: str) -> str:
    for special in "!%_":
        word = word.replace(special, f"!{special}")
    return word


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
    )


_WORDS = (
    "translate(lower(r.name || ' ' || s.name || ' ' || s.commune || ' ' || r.description),"
    f" '{ACCENTED}', '{PLAIN.replace(chr(39), chr(39) * 2)}')"
)

# {{…}} would be a literal brace. The price of the slot is the hourly price × elapsed minutes,
# rounded half up to a cent as kernel.money.share does.
_SEARCH = """
WITH hit AS MATERIALIZED (
  SELECT r.id, r.slug, r.name, r.kind, r.capacity, r.schedule_id, r.notice_minutes, r.min_minutes,
         s.id AS site_id, s.uai, s.name AS site_name, s.commune, s.lat, s.lon, s.time_zone,
         {distance} AS km
    FROM site s JOIN room r ON r.site_id = s.id{tables}
   WHERE {where}
), priced AS MATERIALIZED (
  SELECT hit.*, p.price
    FROM hit LEFT JOIN LATERAL (
      SELECT (2 * t.hourly_cents * CAST(:minutes AS int) + 60) / 120 AS price
        FROM tariff t
       WHERE t.room_id = hit.id AND t.audience IN ('association', 'everyone')
         AND t.valid @> CAST(:tariff_day AS date)
       ORDER BY t.audience LIMIT 1
    ) p ON true
), kept AS MATERIALIZED (
  SELECT * FROM priced {outer}
)
SELECT c.total, page.*, coalesce(
    (SELECT piece
       FROM free_in(page.id, page.schedule_id, CAST(:soon_days AS date[]),
            tstzmultirange(tstzrange(
              CAST(:soon_from AS timestamptz) + make_interval(mins => page.notice_minutes),
              greatest(CAST(:soon_to AS timestamptz),
                CAST(:soon_from AS timestamptz) + make_interval(mins => page.notice_minutes))))) f,
            unnest(f.free) piece
      WHERE upper(piece) - lower(piece) >= make_interval(mins => page.min_minutes)
      ORDER BY lower(piece) LIMIT 1),
    (SELECT piece
       FROM free_in(page.id, page.schedule_id, CAST(:later_days AS date[]),
            tstzmultirange(tstzrange(
              greatest(CAST(:soon_to AS timestamptz),
                CAST(:soon_from AS timestamptz) + make_interval(mins => page.notice_minutes)),
              greatest(CAST(:later_to AS timestamptz),
                CAST(:soon_from AS timestamptz) + make_interval(mins => page.notice_minutes))))) f,
            unnest(f.free) piece
      WHERE upper(piece) - lower(piece) >= make_interval(mins => page.min_minutes)
      ORDER BY lower(piece) LIMIT 1)) AS next_free
  FROM (SELECT count(*) AS total FROM kept) c
  LEFT JOIN LATERAL (
    SELECT * FROM kept ORDER BY km NULLS LAST, price NULLS LAST, name, id
     LIMIT :limit OFFSET :offset
  ) page ON true
 ORDER BY page.km NULLS LAST, page.price NULLS LAST, page.name, page.id
"""
