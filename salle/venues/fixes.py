"""Other rooms for the dates of a season that fail: of the same site, and of collèges nearby."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from salle.db import db
from salle.kernel.errors import DomainError
from salle.venues import search
from salle.venues.asking import RoomRules, check_times
from salle.venues.criteria import Criteria, price_condition, room_conditions
from salle.venues.free import Interval
from salle.venues.season import Served, days_of, ranges_literal
from salle.venues.suggestions import NEARBY_KM, Alternative

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Fix(Alternative):
    """A slot that would work; `site_name` and `distance_km` when it is in another collège."""

    site_name: str | None = None
    distance_km: float | None = None


class Others:
    """The free rooms of the same site, then of collèges nearby, for each missing date."""

    def __init__(self, failing: Sequence[Served], rows: Sequence[Any]) -> None:
        missing = {one.found.room_id: one.missing for one in failing}
        self._rows: dict[tuple[uuid.UUID, Interval, bool], list[Any]] = defaultdict(list)
        for row in rows:
            slots, sibling = missing[row.room], row.sibling
            for number in row.numbers:
                self._rows[row.room, slots[number - 1], sibling].append(row)

    def find(
        self, room_id: uuid.UUID, slot: Interval, now: datetime, *, sibling: bool
    ) -> Iterator[Fix]:
        """Those that may be booked for that slot, the nearest first; lazily."""
        for row in self._rows.get((room_id, slot, sibling), ()):
            if refused(_rules(row), slot, now) is None:
                yield Fix(
                    room_id=row.id,
                    room_slug=row.slug,
                    room_name=row.name,
                    start=slot.start,
                    end=slot.end,
                    site_name=None if sibling else row.site_name,
                    distance_km=None if sibling else row.km,
                )


def refused(rules: RoomRules, slot: Interval, now: datetime) -> DomainError | None:
    """Why the rules of a room refuse that slot, whatever takes it."""
    try:
        check_times(rules, slot.start, slot.end, now)
    except DomainError as error:
        return error
    return None


def _rules(row: Any) -> RoomRules:
    return RoomRules(
        time_zone=row.time_zone,
        capacity=row.capacity,
        step_minutes=row.step_minutes,
        min_minutes=row.min_minutes,
        max_minutes=row.max_minutes,
        notice_minutes=row.notice_minutes,
        horizon_days=row.horizon_days,
    )


def find_others(failing: Sequence[Served], criteria: Criteria) -> Others:
    """The other rooms that are free on the missing dates; one statement.

    Only rooms that match the other criteria, take that length and have a price are looked at:
    a few of each, of the same kind in another collège.
    """
    anywhere = replace(criteria, lat=None, lon=None, commune=None, uai=None, q=None)
    conditions, parameters = room_conditions(anywhere)
    dear, more = price_condition(anywhere)
    first = failing[0].missing[0]
    rows = db.session.execute(
        search._text(_OTHERS.format(where=" AND ".join((*conditions, *dear)))),
        {
            **parameters,
            **more,
            "rooms": [one.found.room_id for one in failing],
            "slots": [ranges_literal(one.missing) for one in failing],
            "days": [days_of(one.missing) for one in failing],
            "minutes": first.length // MINUTE,
            "priced_at": first.start,
            "reach": NEARBY_KM,
        },
    ).all()
    return Others(failing, rows)


SIBLINGS, NEIGHBOURS, SITES = 3, 4, 30
_COLUMNS = """r.id, r.slug, r.name, r.kind, r.schedule_id, r.capacity, r.step_minutes,
          r.min_minutes, r.max_minutes, r.notice_minutes, r.horizon_days, r.latest_minute,
          s.name AS site_name, s.time_zone"""
_FITS = """CAST(:minutes AS int) BETWEEN r.min_minutes AND r.max_minutes
          AND EXISTS (SELECT FROM tariff t WHERE t.room_id = r.id
                         AND t.audience IN ('association', 'everyone') AND t.valid @>
                             CAST(CAST(:priced_at AS timestamptz) AT TIME ZONE s.time_zone AS date))
          AND {where}"""
# The order of nearness is that of a plane around the site: no haversine for sites not kept.
_OTHERS = f"""
WITH q AS MATERIALIZED (
  SELECT u.room, CAST(u.slots AS tstzrange[]) AS list, CAST(u.days AS date[]) AS days,
         (SELECT range_agg(slot) FROM unnest(CAST(u.slots AS tstzrange[])) slot) AS span
    FROM unnest(CAST(:rooms AS uuid[]), CAST(:slots AS text[]), CAST(:days AS text[]))
         AS u (room, slots, days)
)
SELECT q.room, c.*, k.numbers
  FROM q JOIN room r0 ON r0.id = q.room JOIN site s0 ON s0.id = r0.site_id,
       LATERAL (
         (SELECT {_COLUMNS}, true AS sibling, 0::float8 AS km
            FROM site s JOIN room r ON r.site_id = s.id
           WHERE s.id = s0.id AND r.id <> r0.id AND {_FITS}
           ORDER BY r.kind <> r0.kind, abs(r.capacity - r0.capacity), r.name, r.id
           LIMIT {SIBLINGS})
         UNION ALL
         (SELECT {_COLUMNS}, false, distance_km(s0.lat, s0.lon, s.lat, s.lon)
            FROM (
              SELECT s.id, s.name, s.time_zone, s.lat, s.lon, s.closed_on,
                     power(s.lat - s0.lat, 2)
                          + power((s.lon - s0.lon) * cos(radians(s0.lat)), 2) AS far
                FROM site s
               WHERE s.lat BETWEEN s0.lat - :reach / 111.0 AND s0.lat + :reach / 111.0
                 AND s.lon BETWEEN s0.lon - :reach / 111.0 / greatest(0.01, cos(radians(s0.lat)))
                               AND s0.lon + :reach / 111.0 / greatest(0.01, cos(radians(s0.lat)))
                 AND s.id <> s0.id
               ORDER BY far, s.id LIMIT {SITES}
            ) s JOIN room r ON r.site_id = s.id
           WHERE r.kind = r0.kind AND {_FITS}
             AND distance_km(s0.lat, s0.lon, s.lat, s.lon) <= :reach
           ORDER BY s.far, s.id, r.name, r.id
           LIMIT {NEIGHBOURS})
       ) c,
       LATERAL free_in(c.id, c.schedule_id, q.days, q.span) f,
       LATERAL (SELECT array_agg(n) AS numbers
                  FROM unnest(q.list) WITH ORDINALITY AS u (slot, n)
                 WHERE f.free @> slot) k
 WHERE k.numbers IS NOT NULL
 ORDER BY q.room, c.sibling DESC, c.km, c.kind <> r0.kind, c.name, c.id
"""  # noqa: S608 constants only
