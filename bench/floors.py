"""The floor: the best SQL that a hand would write for each question, on a direct connection.

Written apart from the service on purpose: equal answers are asserted on every call.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]

_FREE_ROOMS = """
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
SELECT (SELECT count(*) FROM hit), page.*, coalesce(
    (SELECT tstzrange(start, upper(p))
       FROM free_in(page.id, page.schedule_id, %(soon_days)s, tstzmultirange(tstzrange(
              %(soon)s::timestamptz, %(later)s::timestamptz))) f, unnest(f.free) p,
            LATERAL (SELECT to_timestamp(ceil(extract(epoch FROM greatest(lower(p),
              page.earliest)) / page.step) * page.step) AS start) s
      WHERE upper(p) - start >= make_interval(mins => page.min_minutes)
      ORDER BY lower(p) LIMIT 1),
    (SELECT tstzrange(start, upper(p))
       FROM free_in(page.id, page.schedule_id, %(later_days)s, tstzmultirange(tstzrange(
              %(later)s::timestamptz, %(last)s::timestamptz))) f, unnest(f.free) p,
            LATERAL (SELECT to_timestamp(ceil(extract(epoch FROM greatest(lower(p),
              page.earliest)) / page.step) * page.step) AS start) s
      WHERE upper(p) - start >= make_interval(mins => page.min_minutes)
      ORDER BY lower(p) LIMIT 1))
  FROM page ORDER BY km, price NULLS LAST, name, id
"""


def days_between(first: datetime, last: datetime) -> list[date]:
    """UTC days whose rows may touch that span."""
    day, end = (first - timedelta(hours=29)).date(), (last + timedelta(hours=4)).date()
    return [day + timedelta(days=n) for n in range((end - day).days + 1)]


def free_rooms(
    connection: Connection, *, lat: float, lon: float, start: datetime, end: datetime, now: datetime
) -> list[tuple[Any, ...]]:
    """Rooms free for one slot within 20 km: total, the first 20, price, next free slot."""
    soon = now + -(now - datetime(2020, 1, 1, tzinfo=now.tzinfo)) % timedelta(minutes=15)
    later, last = soon + timedelta(days=3), soon + timedelta(days=28)
    return connection.execute(
        _FREE_ROOMS,
        {
            "lat": lat,
            "lon": lon,
            "radius": 20.0,
            "south": lat - 0.181,
            "north": lat + 0.181,
            "west": lon - 0.275,
            "east": lon + 0.275,
            "start": start,
            "end": end,
            "days": days_between(start, end),
            "minutes": int((end - start).total_seconds() // 60),
            "now": now,
            "soon": soon,
            "later": later,
            "last": last,
            "soon_days": days_between(soon, later),
            "later_days": days_between(later, last),
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


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A request to write by hand."""

    room: uuid.UUID
    spaces: list[uuid.UUID]
    organisation: uuid.UUID
    user: uuid.UUID
    start: datetime
    end: datetime
    now: datetime


_CREATE = """
WITH booked AS (
  INSERT INTO booking (id, reference, room_id, organisation_id, created_by_id, state, purpose,
         headcount, price_cents, full_value_cents, price_rule, hold_expires_at, created_at)
  VALUES (%(booking)s, %(reference)s, %(room)s, %(organisation)s, %(user)s, 'requested',
         'Entraînement', 12, 0, 1000, 'tarif association', %(expires)s, %(now)s)
  RETURNING id
), dated AS (
  INSERT INTO booking_date (id, booking_id, starts_at, ends_at, state, price_cents,
         full_value_cents)
  SELECT %(date)s, id, %(start)s, %(end)s, 'requested', 0, 1000 FROM booked RETURNING id
), taken AS (
  INSERT INTO occupation (space_id, kind, starts_at, ends_at, frees_at, booking_date_id)
  SELECT space, 'hold', %(start)s, %(end)s, %(end)s, dated.id
    FROM dated, unnest(%(spaces)s::uuid[]) space
), told AS (
  INSERT INTO booking_event (booking_id, actor_id, to_state, at)
  SELECT id, %(user)s, 'requested', %(now)s FROM booked
), noted AS (
  INSERT INTO audit_event (at, actor_id, action, object_type, object_id, details)
  SELECT %(now)s, %(user)s, 'booking.created', 'booking', id::text, '{"price_cents": 0}' FROM booked
), written AS (
  INSERT INTO outbox_message (id, channel, recipient, subject, body_encrypted, booking_id,
         dedupe_key, state, created_at)
  SELECT %(message)s, 'email', 'mesure@demo.example', 'Demande envoyée au collège', %(body)s, id,
         %(reference)s, 'waiting', %(now)s FROM booked
)
INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, scheduled_at, queueing_lock)
SELECT 'default', task, args::jsonb, 'todo', at, lock FROM (VALUES
  ('mail.send', %(mail_args)s, NULL::timestamptz, %(lock)s),
  ('bookings.expire', %(expire_args)s, %(expires)s, NULL)) job (task, args, at, lock)
"""


def create(connection: Connection, wanted: Wanted) -> None:
    """One transaction that locks the spaces and writes what a request writes."""
    booking, message = uuid.uuid4(), uuid.uuid4()
    with connection.transaction():
        connection.execute(
            "SELECT id FROM space WHERE id = ANY (%s) ORDER BY id FOR NO KEY UPDATE",
            [wanted.spaces],
        )
        connection.execute(
            _CREATE,
            {
                **vars(wanted),
                "booking": booking,
                "date": uuid.uuid4(),
                "message": message,
                "reference": f"F-{booking.hex[:12]}",
                "expires": wanted.now + timedelta(days=7),
                "body": b"0" * 1200,
                "lock": f"mail.send-{message}",
                "mail_args": json.dumps({"message_id": str(message)}),
                "expire_args": json.dumps({"booking_id": str(booking)}),
            },
        )
