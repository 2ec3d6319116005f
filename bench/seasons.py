"""A weekly use over a school year, against the one-slot search and against SQL by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import psycopg

from bench.dataset import CENTRE
from bench.floors import box, days_between
from bench.measures import Check, Line, Measures
from bench.stage import BenchError
from salle.kernel.clock import from_wall

WEEKS, LEAST_SHARE = 36, 0.5
COUNT = 40
Slot = tuple[datetime, datetime]

# How many of the slots each room serves: one look at the windows of each schedule, one at the
# uses of each room, whatever the number of slots; neither open_in nor busy_in.
_COUNTS = """
WITH slot AS MATERIALIZED (
  SELECT * FROM unnest(%(lows)s::timestamptz[], %(highs)s::timestamptz[])
         WITH ORDINALITY slot (low, high, n)
), near_day AS MATERIALIZED (
  SELECT slot.*, day::date FROM slot, generate_series(date_trunc('day', low - interval '29 hours'),
         date_trunc('day', high + interval '4 hours'), '1 day') day
), reach AS MATERIALIZED (
  SELECT r.id, r.name, r.schedule_id, distance_km(%(lat)s, %(lon)s, s.lat, s.lon) AS km
    FROM site s JOIN room r ON r.site_id = s.id
   WHERE s.lat BETWEEN %(south)s AND %(north)s AND s.lon BETWEEN %(west)s AND %(east)s
     AND distance_km(%(lat)s, %(lon)s, s.lat, s.lon) <= %(radius)s
     AND s.closed_on IS NULL AND r.published_at IS NOT NULL
), opened AS MATERIALIZED (
  SELECT schedule_id, array_agg(n) AS numbers
    FROM (SELECT DISTINCT schedule_id FROM reach) k, LATERAL (
           SELECT DISTINCT n FROM opening_window w JOIN slot
               ON w.starts_at <= low AND w.ends_at >= high
            WHERE w.schedule_id = k.schedule_id AND w.utc_day = ANY (%(days)s)) w
   GROUP BY schedule_id
), served AS MATERIALIZED (
  SELECT reach.*, cardinality(numbers) - (
           SELECT count(DISTINCT n)
             FROM room_space rs JOIN occupation o ON o.space_id = rs.space_id
             JOIN near_day ON day = o.utc_day AND o.starts_at - rs.buffer < high
                          AND o.frees_at > low
            WHERE rs.room_id = reach.id AND o.active AND o.utc_day = ANY (%(days)s)
              AND n = ANY (numbers)) AS free
    FROM reach JOIN opened USING (schedule_id)
)
SELECT count(*) OVER () AS total, id, free FROM served, LATERAL (
         SELECT (2 * t.hourly_cents * %(minutes)s::int + 60) / 120 AS price FROM tariff t
          WHERE t.room_id = served.id AND t.audience IN ('association', 'everyone')
            AND t.valid @> %(day)s::date ORDER BY t.audience LIMIT 1) p
 WHERE free >= %(least)s ORDER BY free DESC, km, price NULLS LAST, name, id LIMIT 20
"""


def season_counts(
    connection: psycopg.Connection[Any], *, lat: float, lon: float, slots: Sequence[Slot]
) -> list[tuple[Any, ...]]:
    """Total, then the 20 rooms within 20 km that serve most of the slots, and how many."""
    days = {day for low, high in slots for day in days_between(low, high)}
    return connection.execute(
        _COUNTS,
        {
            **box(lat, lon),
            "lows": [low for low, _ in slots],
            "highs": [high for _, high in slots],
            "days": sorted(days),
            "minutes": (slots[0][1] - slots[0][0]) // timedelta(minutes=1),
            "day": slots[0][0].date(),
            "least": LEAST_SHARE * len(slots),
        },
    ).fetchall()


class Seasons:
    """The season search on one data set."""

    def __init__(self, measures: Measures) -> None:
        self.measures = measures

    def season(self) -> list[Line]:
        """Dates served, reasons and fixes, to the search of the first slot alone."""

        def ask(_: int) -> tuple[Callable[[], Any], Callable[[], Any], Check]:
            slots = self.some_slots()
            return (
                lambda: self.measures.client.get(path_of(slots)),
                lambda: self.measures.client.get(path_of(slots[:1])),
                check_page,
            )

        return [self.measures.interleave("season", ask, min(self.measures.count, COUNT))]

    def season_counts(self) -> list[Line]:
        """The same requests to the dates that each room serves, by hand."""

        def ask(_: int) -> tuple[Callable[[], Any], Callable[[], Any], Check]:
            slots = self.some_slots()
            return (
                lambda: self.measures.client.get(path_of(slots)),
                lambda: season_counts(
                    self.measures.connection, lat=CENTRE[0], lon=CENTRE[1], slots=slots
                ),
                same_counts,
            )

        return [self.measures.interleave("season_counts", ask, min(self.measures.count, COUNT))]

    def some_slots(self) -> list[Slot]:
        """Two hours of one weekday evening, every week."""
        first = self.measures.random.randrange(2, 60)
        first += 7 - weekday if (weekday := (self.measures.today.weekday() + first) % 7) > 4 else 0
        days = [self.measures.today + timedelta(days=first + 7 * n) for n in range(WEEKS)]
        starts = [from_wall(datetime(day.year, day.month, day.day, 18)) for day in days]  # noqa: DTZ001
        return [(start, start + timedelta(hours=2)) for start in starts]


def path_of(slots: Sequence[Slot]) -> str:
    """The search of one slot, or of a season."""
    path = (
        f"/api/v1/rooms?near={CENTRE[0]},{CENTRE[1]}&radius_km=20"
        f"&start={quote(slots[0][0].isoformat())}&end={quote(slots[0][1].isoformat())}"
    )
    if len(slots) == 1:
        return path
    return f"{path}&weekly_until={slots[-1][0].date()}&min_coverage={LEAST_SHARE}"


def check_page(answer: tuple[int, bytes], other: tuple[int, bytes]) -> None:
    """Both answered; every date that a room of the page misses has its reason."""
    if (answer[0], other[0]) != (200, 200):
        raise BenchError(f"{answer[0]} {answer[1].decode()[:300]}")
    for item in json.loads(answer[1])["items"]:
        coverage = item["coverage"]
        missing = coverage["missing"]
        if coverage["wanted"] - coverage["free"] != len(missing):
            raise BenchError(f"season: {coverage}")
        if not all(date["reason"] for date in missing):
            raise BenchError(f"season: no reason: {missing}")


def same_counts(answer: tuple[int, bytes], rows: list[tuple[Any, ...]]) -> None:
    """Same total, same rooms in the same order, as many dates."""
    check_page(answer, answer)
    body = json.loads(answer[1])
    mine = [(item["id"], item["coverage"]["free"]) for item in body["items"]]
    theirs = [(str(room), free) for _, room, free in rows]
    total = rows[0][0] if rows else 0
    if (body["total"], mine) != (total, theirs):
        raise BenchError(f"season: {body['total']} {mine[:3]} ≠ {total} {theirs[:3]}")
