"""Which rooms serve a weekly use over a season, and how many of its dates: one statement.

« Où jouer tous les mardis de 18 h à 20 h jusqu'en juin ? » Free time comes from open_in and
busy_in (availability.sql), asked once for all dates: the span is the whole season as one
multirange. Openings are read once a schedule, and what takes a room only when its openings
could be enough. The order is the share of dates served, then distance, price, name, id.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from salle.db import db
from salle.kernel.clock import PARIS, from_wall, local_day
from salle.venues import search
from salle.venues.asking import end_minute
from salle.venues.criteria import (
    DISTANCE,
    PRICE,
    Criteria,
    price_condition,
    room_conditions,
    site_conditions,
)
from salle.venues.free import DAY, Interval, days_literal, utc_days
from salle.venues.queries import list_holiday_days
from salle.venues.rules import SchoolCalendar
from salle.venues.search import Found
from salle.venues.series import weekly_slots

MINUTE = timedelta(minutes=1)
LONG_ROW = timedelta(hours=8)  # of the index ix_occupation_long
Group = tuple[SchoolCalendar, str]  # school calendar and time zone


@dataclass(frozen=True, kw_only=True)
class Season:
    """The weekly use that is wanted: its first slot, and its last civil day included.

    Naive ends are wall hours of each site; aware ones are instants, read on each site's clock.
    `skip_school_holidays`: days on which the site's own pupils are on holiday are not wanted.
    Public holidays in term are: a room that does not open then fails that date, and says so.
    """

    start: datetime
    end: datetime
    until: date
    weekdays: frozenset[int] = frozenset()
    skip_school_holidays: bool = False
    min_coverage: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Served:
    """A room, the dates wanted there, and those that it cannot serve.

    `shut`: those of the missing ones for which it is not open during the whole slot.
    """

    found: Found
    wanted: Sequence[Interval]
    missing: tuple[Interval, ...]
    shut: frozenset[Interval]

    @property
    def free(self) -> int:
        return len(self.wanted) - len(self.missing)


@dataclass(frozen=True, kw_only=True)
class SeasonPage:
    """A page of rooms, how many serve enough dates, and how many match whatever they serve."""

    rooms: list[Served]
    total: int
    reach: int
    wanted: Mapping[Group, Sequence[Interval]]


def search_season(
    criteria: Criteria, season: Season, *, now: datetime, limit: int = 20, offset: int = 0
) -> SeasonPage:
    """The rooms that serve at least `min_coverage` of the dates wanted from now on.

    `criteria` says where and what; its own slot is not looked at. With `bookable` a date counts
    only inside the room's notice and horizon. Two statements, three when school holidays are
    skipped. Raises Invalid when the dates make no season.
    """
    wanted = wanted_slots(criteria, season, now)
    if not any(wanted.values()):
        return SeasonPage(rooms=[], total=0, reach=0, wanted=wanted)
    statement, parameters = build(criteria, season, wanted, now)
    rows = db.session.execute(
        search._text(statement),
        {**parameters, "limit": limit, "offset": offset, "last": limit + offset},
    ).all()
    return SeasonPage(
        rooms=[_served(row, wanted) for row in rows if row.id is not None],
        total=rows[0].total,
        reach=rows[0].reach,
        wanted=wanted,
    )


def wanted_slots(
    criteria: Criteria, season: Season, now: datetime
) -> dict[Group, Sequence[Interval]]:
    """The slots wanted at the sites in reach, by school calendar and zone; none that has begun."""
    conditions, parameters = site_conditions(criteria)
    rows = db.session.execute(
        search._text(
            "SELECT DISTINCT s.calendar, s.time_zone FROM site s"  # noqa: S608
            f" WHERE {' AND '.join(conditions)} ORDER BY 1, 2"
        ),
        parameters,
    )
    groups = [(SchoolCalendar(calendar), zone) for calendar, zone in rows]
    first = local_day(season.start) if season.start.tzinfo else season.start.date()
    skipped: Mapping[SchoolCalendar, set[date]] = {}
    if season.skip_school_holidays and groups:
        calendars = {calendar for calendar, _ in groups}
        skipped = list_holiday_days(calendars, first - timedelta(days=1), season.until)
    wanted = {
        (calendar, zone): _slots(season, zone, skipped.get(calendar, ()), now)
        for calendar, zone in groups
    }
    if not groups:
        _slots(season, PARIS, (), now)  # what makes no season is refused wherever it is asked
    return wanted


def _slots(
    season: Season, zone: str, skipped: Collection[date], now: datetime
) -> Sequence[Interval]:
    slots = weekly_slots(
        starts_at=from_wall(season.start, zone),
        ends_at=from_wall(season.end, zone),
        until=season.until,
        zone_name=zone,
        skip=skipped,
        weekdays=season.weekdays,
    )
    return [slot for slot in slots if slot.start >= now]


def build(
    criteria: Criteria,
    season: Season,
    wanted: Mapping[Group, Sequence[Interval]],
    now: datetime,
) -> tuple[str, dict[str, Any]]:
    """The statement and its parameters, without the page's."""
    conditions, parameters = room_conditions(criteria)
    dear, more = price_condition(criteria)
    parameters |= more
    groups = [(group, slots) for group, slots in wanted.items() if slots]
    first, zone = min((slots[0], zone) for (_, zone), slots in groups)
    soon = search.next_quarter(now)
    within = "true"
    if criteria.bookable:
        conditions += [search._LENGTH, _IN_TIME]
        within = _WITHIN
    parameters |= {
        "calendars": [calendar.value for (calendar, _), _ in groups],
        "zones": [zone for (_, zone), _ in groups],
        "slots": [ranges_literal(slots) for _, slots in groups],
        "days": [days_of(slots) for _, slots in groups],
        "sure": [sure_days(slots) for _, slots in groups],
        "coverage": season.min_coverage,
        "minutes": first.length // MINUTE,
        "ends_minute": end_minute(first.start, first.end, zone),
        "priced_at": first.start,
        "now": now,
        "soon_from": soon,
        "soon_to": soon + search.SOON,
        "later_to": soon + search.LATER,
        "soon_days": days_literal(soon, soon + search.SOON),
        "later_days": days_literal(soon + search.SOON, soon + search.LATER),
    }
    return (
        _SEASON.format(
            distance=DISTANCE if criteria.has_place else "NULL::float8",
            price=PRICE.format(room="near.id", zone="near.time_zone"),
            within_all=within.format(row="f"),
            within_best=within.format(row="best"),
            where=" AND ".join((*conditions, *dear)),
        ),
        parameters,
    )


def ranges_literal(slots: Iterable[Interval]) -> str:
    """These slots as PostgreSQL writes an array of ranges."""
    return "{" + ",".join(f'"[{s.start.isoformat()},{s.end.isoformat()})"' for s in slots) + "}"


def days_of(slots: Iterable[Interval]) -> str:
    """utc_days() of all these slots, as PostgreSQL writes an array."""
    days = {day for slot in slots for day in utc_days(slot.start, slot.end)}
    return "{" + ",".join(day.isoformat() for day in sorted(days)) + "}"


def sure_days(slots: Iterable[Interval]) -> str:
    """Those of days_of() whose rows may reach the slots whatever their length.

    A row of at most LONG_ROW that begins on an earlier UTC day is over when the slot begins.
    """
    days = {
        day
        for slot in slots
        for day in utc_days(slot.start, slot.end)
        if slot.start < datetime.combine(day + DAY, time(0), UTC) + LONG_ROW
    }
    return "{" + ",".join(day.isoformat() for day in sorted(days)) + "}"


def _served(row: Any, wanted: Mapping[Group, Sequence[Interval]]) -> Served:
    slots = wanted[SchoolCalendar(row.calendar), row.time_zone]
    return Served(
        found=search._found(row),
        wanted=slots,
        missing=tuple(slots[n - 1] for n in row.missing or ()),
        shut=frozenset(slots[n - 1] for n in row.shut or ()),
    )


# All the slots read the same on the wall clock, in every zone.
_IN_TIME = "(r.latest_minute IS NULL OR r.latest_minute >= CAST(:ends_minute AS int))"
_WITHIN = """lower(slot) BETWEEN CAST(:now AS timestamptz)
                 + make_interval(mins => {row}.notice_minutes)
             AND CAST(:now AS timestamptz) + make_interval(days => {row}.horizon_days)"""
_SEASON = f"""
WITH wanted AS MATERIALIZED (
  SELECT g.calendar, g.zone, g.list, g.days, m.span, cardinality(g.list) AS number,
         g.sure || ARRAY (SELECT DISTINCT o.utc_day FROM occupation o
                           WHERE o.active AND o.frees_at - o.starts_at > interval '8 hours'
                             AND o.utc_day = ANY (g.days) AND o.utc_day <> ALL (g.sure)) AS busy
    FROM (SELECT calendar, zone, CAST(slots AS tstzrange[]) AS list,
                 CAST(days AS date[]) AS days, CAST(sure AS date[]) AS sure
            FROM unnest(CAST(:calendars AS text[]), CAST(:zones AS text[]),
                        CAST(:slots AS text[]), CAST(:days AS text[]), CAST(:sure AS text[]))
                 AS u (calendar, zone, slots, days, sure)) g,
         LATERAL (SELECT range_agg(slot) AS span FROM unnest(g.list) slot) m
), hit AS MATERIALIZED (
  SELECT r.id, r.name, r.schedule_id, r.notice_minutes, r.horizon_days,
         s.time_zone, s.calendar, {{distance}} AS km
    FROM site s JOIN room r ON r.site_id = s.id
   WHERE {{where}}
), opening AS MATERIALIZED (
  SELECT k.schedule_id, o.open, w.calendar, w.zone, w.list, w.busy, w.number
    FROM (SELECT DISTINCT schedule_id, calendar, time_zone FROM hit) k
    JOIN wanted w ON w.calendar = k.calendar AND w.zone = k.time_zone,
         LATERAL open_in(k.schedule_id, w.days, w.span) o,
         LATERAL (SELECT o.open AS kept OFFSET 0) kept
   WHERE (SELECT count(*) FROM unnest(w.list) slot WHERE kept.kept @> slot)
         >= CAST(:coverage AS numeric) * w.number
), served AS MATERIALIZED (
  SELECT * FROM (
    SELECT f.*, (SELECT count(*) FROM unnest(f.list) slot
                  WHERE f.free @> slot AND {{within_all}}) AS served
      FROM (
        SELECT hit.*, w.list, w.number, w.open, w.open - b.busy AS free
          FROM hit JOIN opening w ON w.schedule_id = hit.schedule_id,
               LATERAL busy_in(hit.id, w.busy) b
        OFFSET 0
      ) f
    OFFSET 0
  ) c
   WHERE c.served >= CAST(:coverage AS numeric) * c.number
), near AS (
  SELECT served.*, rank() OVER (ORDER BY served::float8 / number DESC, km) AS position
    FROM served
), page AS (
  SELECT r.id, r.slug, r.name, r.kind, r.capacity, r.schedule_id, r.min_minutes,
         r.step_minutes,
         greatest(CAST(:soon_from AS timestamptz), CAST(:now AS timestamptz)
                  + make_interval(mins => r.notice_minutes)) AS earliest,
         s.id AS site_id, s.uai, s.name AS site_name, s.commune, s.lat, s.lon, s.time_zone,
         best.calendar, best.km, best.price, true AS opened,
         NULL::timestamptz AS begins, best.served, best.number,
         (SELECT array_agg(n) FROM unnest(best.list) WITH ORDINALITY AS u (slot, n)
           WHERE NOT (best.free @> slot AND {{within_best}})) AS missing,
         (SELECT array_agg(n) FROM unnest(best.list) WITH ORDINALITY AS u (slot, n)
           WHERE NOT best.open @> slot) AS shut
    FROM (
      SELECT * FROM (
        SELECT near.*, {{price}} AS price FROM near WHERE position <= :last
      ) priced
       ORDER BY served::float8 / number DESC, km NULLS LAST, price NULLS LAST, name, id
       LIMIT :limit OFFSET :offset
    ) best JOIN room r ON r.id = best.id JOIN site s ON s.id = r.site_id
)
SELECT c.total, c.reach, page.*,
       coalesce({search._NEXT.format(days="soon_days", low="soon_from", high="soon_to")},{
    search._NEXT.format(days="later_days", low="soon_to", high="later_to")
}) AS next_free
  FROM (SELECT (SELECT count(*) FROM served) AS total, (SELECT count(*) FROM hit) AS reach) c
  LEFT JOIN page ON true
 ORDER BY served::float8 / number DESC, km NULLS LAST, price NULLS LAST, name, id
"""  # noqa: S608 constants only
