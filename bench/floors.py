"""The floor: the best SQL that a hand would write for each question, on a direct connection.

Written apart from the service on purpose: equal answers are asserted on every call.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]
LONGEST = timedelta(hours=25)  # of a window

_PAGE = """
WITH hit AS MATERIALIZED (
  SELECT r.id, r.name, s.time_zone, distance_km(%(lat)s, %(lon)s, s.lat, s.lon) AS km
    FROM site s JOIN room r ON r.site_id = s.id
   WHERE s.lat BETWEEN %(south)s AND %(north)s AND s.lon BETWEEN %(west)s AND %(east)s
     AND distance_km(%(lat)s, %(lon)s, s.lat, s.lon) <= %(radius)s
     AND s.closed_on IS NULL AND r.published_at IS NOT NULL
     AND EXISTS (
       SELECT FROM opening_window w
        WHERE w.schedule_id = r.schedule_id AND w.utc_day = ANY (%(days)s)
          AND w.starts_at <= %(start)s AND w.ends_at >= %(end)s)
     AND NOT EXISTS (
       SELECT FROM room_space rs JOIN occupation o ON o.space_id = rs.space_id
        WHERE rs.room_id = r.id AND o.active AND o.utc_day = ANY (%(days)s)
          AND o.starts_at - rs.buffer < %(end)s AND o.frees_at > %(start)s)
), near AS (
  SELECT hit.*, rank() OVER (ORDER BY km) AS position FROM hit
), page AS (
  SELECT near.id, near.name, near.km, r.schedule_id, r.min_minutes,
         greatest(%(soon)s::timestamptz, %(now)s::timestamptz
                  + make_interval(mins => r.notice_minutes)) AS earliest,
         (SELECT (2 * t.hourly_cents * %(minutes)s::int + 60) / 120 FROM tariff t
           WHERE t.room_id = near.id AND t.audience IN ('association', 'everyone')
             AND t.valid @> (%(start)s::timestamptz AT TIME ZONE near.time_zone)::date
           ORDER BY t.audience LIMIT 1) AS price,
         r.slug, r.kind, r.capacity, s.id AS site_id, s.uai, s.name AS site_name, s.commune,
         s.lat, s.lon, r.step_minutes * 60 AS step
    FROM near JOIN room r ON r.id = near.id JOIN site s ON s.id = r.site_id
   WHERE position <= 20 ORDER BY km, price NULLS LAST, near.name, near.id LIMIT 20
)
SELECT (SELECT count(*) FROM hit), page.*, coalesce({soon}, {later})
  FROM page ORDER BY km, price NULLS LAST, name, id
"""
# The first gap that is long enough. A gap begins where a window does or where a use ends, and
# lasts until the next use or the end of the window: neither open_in, busy_in nor free_in.
_GAP = """
    (SELECT tstzrange(start, high)
       FROM opening_window w,
            LATERAL (
              SELECT greatest(w.starts_at, %(soon)s::timestamptz) AS low
               UNION
              SELECT o.frees_at
                FROM room_space rs JOIN occupation o ON o.space_id = rs.space_id
               WHERE rs.room_id = page.id AND o.active AND o.utc_day = ANY (%({days})s)
                 AND o.frees_at > w.starts_at AND o.frees_at < w.ends_at) edge,
            LATERAL (
              SELECT least(w.ends_at, min(o.starts_at - rs.buffer)) AS high
                FROM room_space rs JOIN occupation o ON o.space_id = rs.space_id
               WHERE rs.room_id = page.id AND o.active AND o.utc_day = ANY (%({days})s)
                 AND o.frees_at > low AND o.starts_at - rs.buffer < w.ends_at) next_use,
            LATERAL (SELECT to_timestamp(ceil(extract(epoch FROM greatest(low, page.earliest))
              / page.step) * page.step) AS start) s
      WHERE w.schedule_id = page.schedule_id AND w.utc_day = ANY (%({days})s)
        AND w.ends_at > %(soon)s AND w.starts_at >= %({first})s AND w.starts_at < %({end})s
        AND high - start >= make_interval(mins => page.min_minutes)
      ORDER BY start LIMIT 1)"""
_FREE_ROOMS = _PAGE.format(
    soon=_GAP.format(days="soon_days", first="began", end="later"),
    later=_GAP.format(days="later_days", first="later", end="last"),
)


def days_between(first: datetime, last: datetime) -> list[date]:
    """UTC days whose rows may touch that span."""
    day, end = (first - timedelta(hours=29)).date(), (last + timedelta(hours=4)).date()
    return [day + timedelta(days=n) for n in range((end - day).days + 1)]


def box(lat: float, lon: float) -> dict[str, float]:
    """20 km round a point of these latitudes."""
    return {
        "lat": lat,
        "lon": lon,
        "radius": 20.0,
        "south": lat - 0.181,
        "north": lat + 0.181,
        "west": lon - 0.275,
        "east": lon + 0.275,
    }


def free_rooms(
    connection: Connection, *, lat: float, lon: float, start: datetime, end: datetime, now: datetime
) -> list[tuple[Any, ...]]:
    """Rooms free for one slot within 20 km: total, the first 20, price, next free slot."""
    soon = now + -(now - datetime(2020, 1, 1, tzinfo=now.tzinfo)) % timedelta(minutes=15)
    later, last = soon + timedelta(days=3), soon + timedelta(days=28)
    return connection.execute(
        _FREE_ROOMS,
        {
            **box(lat, lon),
            "start": start,
            "end": end,
            "days": days_between(start, end),
            "minutes": int((end - start).total_seconds() // 60),
            "now": now,
            "soon": soon,
            "later": later,
            "last": last,
            "began": soon - LONGEST,
            "soon_days": days_between(soon, later + LONGEST),
            "later_days": days_between(later, last + LONGEST),
        },
    ).fetchall()


def room_free(
    connection: Connection, *, room: uuid.UUID, start: datetime, end: datetime
) -> list[tuple[Any, ...]]:
    """Free intervals of one room."""
    return connection.execute(
        "SELECT lower(p), upper(p) FROM room r,"
        " free_in(r.id, r.schedule_id, %(days)s, tstzmultirange(tstzrange(%(start)s, %(end)s))) f,"
        " unnest(f.free) p WHERE r.id = %(room)s ORDER BY 1",
        {"room": room, "start": start, "end": end, "days": days_between(start, end)},
    ).fetchall()
