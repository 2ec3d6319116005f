"""Which rooms are open and idle: one statement, whatever is asked.

Free time comes from open_in, busy_in and free_in (availability.sql) and from nowhere else.
The order is distance, price, name, id. Prices and next free slots are read for the rows that may
be kept only: `rank()` gives every room that ties with the last one of the page.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from salle.db import db
from salle.kernel.clock import PARIS
from salle.venues.free import SPAN, Interval, days_literal, span_parameters
from salle.venues.geography import box_around
from salle.venues.rules import RoomKind

SOON, LATER = timedelta(days=3), timedelta(days=28)
QUARTER = timedelta(minutes=15)
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
# Letters without their accents, one for one, the same in Python and in SQL.
ACCENTED, PLAIN = "àâäáãåçèéêëìíîïñòóôöõùúûüýÿœæ’", "aaaaaaceeeeiiiinooooouuuuyyoa'"
_FOLD = str.maketrans(ACCENTED, PLAIN)


@dataclass(frozen=True, kw_only=True)
class Criteria:
    """What is asked; everything may be left out. Instants are UTC, half-open.

    `unavailable` turns the question round: the rooms that are not free for the whole slot.
    `bookable`: only rooms whose length, notice and horizon allow the slot (a page that offers
    to book must; the API's search is about idle time alone).
    `by_name`: in the order of names, wherever they are.
    """

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
    unavailable: bool = False
    bookable: bool = False
    by_name: bool = False

    @property
    def has_slot(self) -> bool:
        return self.starts_at is not None and self.ends_at is not None

    @property
    def has_place(self) -> bool:
        return self.lat is not None and self.lon is not None


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
    opened: bool = True  # during the whole slot asked for


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


def find_zone(criteria: Criteria) -> str:
    """The time zone of the nearest site in reach: whose wall clock the asker means."""
    conditions, parameters = _site_conditions(criteria)
    nearest = _DISTANCE if criteria.has_place else "s.id"
    row = db.session.execute(
        _text(
            f"SELECT s.time_zone FROM site s WHERE {' AND '.join(conditions)}"  # noqa: S608
            f" ORDER BY {nearest} LIMIT 1"
        ),
        parameters,
    ).first()
    return str(row[0]) if row else PARIS


@lru_cache(maxsize=256)
def _text(statement: str) -> sa.TextClause:
    """The same text is the same object: parsed and compiled once."""
    return sa.text(statement)


# The same rules as salle.venues.asking, which has the sentences; steps are the form's.
_ALLOWED = """(CAST(:minutes AS int) BETWEEN r.min_minutes AND r.max_minutes
  AND CAST(:priced_at AS timestamptz) BETWEEN
      CAST(:now AS timestamptz) + make_interval(mins => r.notice_minutes)
      AND CAST(:now AS timestamptz) + make_interval(days => r.horizon_days))"""


def _build(criteria: Criteria, now: datetime) -> tuple[str, dict[str, Any]]:
    conditions, parameters = _conditions(criteria)
    tables, opened, minutes = "", "true", 60
    if criteria.starts_at is not None and criteria.ends_at is not None:
        parameters |= span_parameters(criteria.starts_at, criteria.ends_at)
        minutes = (criteria.ends_at - criteria.starts_at) // timedelta(minutes=1)
        tables, opened = _SLOT, f"o.open = {SPAN}"
        conditions.append(f"o.open - b.busy {'<>' if criteria.unavailable else '='} {SPAN}")
        if criteria.bookable:
            conditions.append(_ALLOWED)
    start = max(now, criteria.starts_at or now) if criteria.unavailable else now
    start += -(start - EPOCH) % QUARTER
    if criteria.max_price_cents is not None:
        price = _PRICE.format(room="r.id", zone="s.time_zone")
        conditions.append(f"{price} <= :max_price")
        parameters["max_price"] = criteria.max_price_cents
    parameters |= {
        "minutes": minutes,
        "priced_at": criteria.starts_at or now,
        "now": now,
        "soon_from": start,
        "soon_to": start + SOON,
        "later_to": start + LATER,
        "soon_days": days_literal(start, start + SOON),
        "later_days": days_literal(start + SOON, start + LATER),
    }
    statement = _SEARCH.format(
        distance=_DISTANCE if criteria.has_place else "NULL::float8",
        opened=opened,
        price=_PRICE.format(room="near.id", zone="near.time_zone"),
        tables=tables,
        rank="name, id" if criteria.by_name else "km",
        order="" if criteria.by_name else "km NULLS LAST, price NULLS LAST, ",
        where=" AND ".join(conditions),
    )
    return statement, parameters


def _site_conditions(criteria: Criteria) -> tuple[list[str], dict[str, Any]]:
    conditions = ["(s.closed_on IS NULL OR s.closed_on > current_date)"]
    parameters: dict[str, Any] = {}
    if criteria.lat is not None and criteria.lon is not None:
        parameters |= box_around(criteria.lat, criteria.lon, criteria.radius_km)
        parameters |= {"lat": criteria.lat, "lon": criteria.lon, "radius": criteria.radius_km}
        conditions += [
            "s.lat BETWEEN :south AND :north",
            "s.lon BETWEEN :west AND :east",
            f"{_DISTANCE} <= :radius",
        ]
    for name, column, value in (
        ("commune", "s.insee_code", criteria.commune),
        ("uai", "s.uai", criteria.uai),
    ):
        if value is not None:
            conditions.append(f"{column} = :{name}")
            parameters[name] = value
    return conditions, parameters


def _conditions(criteria: Criteria) -> tuple[list[str], dict[str, Any]]:
    conditions, parameters = _site_conditions(criteria)
    conditions.append("r.published_at IS NOT NULL")
    for name, column, value in (
        ("kind", "r.kind =", criteria.kind.value if criteria.kind else None),
        ("capacity", "r.capacity >=", criteria.min_capacity or None),
    ):
        if value is not None:
            conditions.append(f"{column} :{name}")
            parameters[name] = value
    if criteria.accessible:
        conditions.append("r.accessible")
    for number, words in enumerate(criteria.equipment):
        conditions.append(f"{_EQUIPMENT} LIKE :tool{number} ESCAPE '!'")
        parameters[f"tool{number}"] = _pattern(words)
    for number, word in enumerate((criteria.q or "").split()[:8]):
        conditions.append(f"{_WORDS} LIKE :word{number} ESCAPE '!'")
        parameters[f"word{number}"] = _pattern(word)
    return conditions, parameters


def _pattern(words: str) -> str:
    folded = words.lower().translate(_FOLD)
    for special in "!%_":
        folded = folded.replace(special, f"!{special}")
    return f"%{folded}%"


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
    )


def _folded(words: str) -> str:
    """SQL: these words in small letters without accents."""
    return f"translate(lower({words}), '{ACCENTED}', '{PLAIN.replace(chr(39), chr(39) * 2)}')"


_EQUIPMENT = _folded("array_to_string(r.equipment, ' ')")
_WORDS = _folded(
    "concat_ws(' ', r.name, r.slug, s.name, s.commune, r.description,"
    " array_to_string(r.equipment, ' '))"
)
_DISTANCE = "distance_km(:lat, :lon, s.lat, s.lon)"
_SLOT = f""",
       LATERAL open_in(r.schedule_id, CAST(:days AS date[]), {SPAN}) o,
       LATERAL busy_in(r.id, CAST(:days AS date[])) b"""
# Hourly price × minutes, rounded half up to a cent as kernel.money.share does.
_PRICE = """(
      SELECT (2::bigint * t.hourly_cents * CAST(:minutes AS int) + 60) / 120
        FROM tariff t
       WHERE t.room_id = {room} AND t.audience IN ('association', 'everyone')
         AND t.valid @> CAST(CAST(:priced_at AS timestamptz) AT TIME ZONE {zone} AS date)
       ORDER BY t.audience, t.id LIMIT 1)"""
# A use starts on the room's steps, on the wall clock, as asking.next_step says it.
_START = """date_bin(make_interval(mins => page.step_minutes),
              (greatest(lower(piece), page.earliest) AT TIME ZONE page.time_zone)
              + make_interval(mins => page.step_minutes) - interval '1 microsecond',
              timestamp '2020-01-01') AT TIME ZONE page.time_zone"""
_NEXT = f"""
    (SELECT tstzrange(start, upper(piece))
       FROM free_in(page.id, page.schedule_id, CAST(:{{days}} AS date[]), tstzmultirange(tstzrange(
              CAST(:{{low}} AS timestamptz), CAST(:{{high}} AS timestamptz)))) f,
            unnest(f.free) piece, LATERAL (SELECT {_START} AS start) s
      WHERE upper(piece) - start >= make_interval(mins => page.min_minutes)
      ORDER BY lower(piece) LIMIT 1)"""  # noqa: S608 constants only
_SEARCH = f"""
WITH hit AS MATERIALIZED (
  SELECT r.id, r.name, s.time_zone, {{distance}} AS km, {{opened}} AS opened
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
         best.km, best.price, best.opened
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
