"""What would work instead of a slot that cannot be had."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from salle.kernel.clock import day_span, from_wall, local_day, to_wall
from salle.venues.asking import ENDS_IN_TIME, latest_end, next_step
from salle.venues.free import (
    DAY,
    SPAN,
    Interval,
    free_between,
    free_intervals,
    read,
    room_parameters,
)
from salle.venues.geography import box_around
from salle.venues.models import Room

MINUTE = timedelta(minutes=1)
HOURS_SAME_DAY = 2
OTHER_ROOMS = 3
OTHER_DAYS = 2
FEW = 3
NEARBY_KM = 20.0


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """A slot of the same length that is free now."""

    room_id: uuid.UUID
    room_slug: str
    room_name: str
    start: datetime
    end: datetime


def alternatives(
    room: Room, starts_at: datetime, ends_at: datetime, now: datetime
) -> list[Alternative]:
    """What would work instead: this room at other hours, the site's others, rooms nearby.

    At most two other hours of that day, three other rooms at the same time, and two other days
    when those are few. Nothing that has begun or comes before the room's notice.
    """
    length = ends_at - starts_at
    if not timedelta(0) < length <= DAY:
        return []
    earliest = now + room.notice_minutes * MINUTE
    found = _same_day(room, starts_at, length, earliest)
    found += _other_rooms(room, starts_at, ends_at, now)
    if len(found) < FEW:
        found += _other_days(room, starts_at, length, earliest)
    return found


def _same_day(
    room: Room, starts_at: datetime, length: timedelta, earliest: datetime
) -> list[Alternative]:
    zone = room.site.time_zone
    day = local_day(starts_at, zone)
    low, high = day_span(day, day, zone)
    starts = _starts(room, free_between(room, max(low, earliest), high), starts_at, length)
    nearest = sorted(starts, key=lambda start: (abs(start - starts_at), start))
    return [_of(room, start, length) for start in sorted(nearest[:HOURS_SAME_DAY])]


def _other_days(
    room: Room, starts_at: datetime, length: timedelta, earliest: datetime
) -> list[Alternative]:
    """The same wall-clock hours on the days that follow, within a week."""
    zone = room.site.time_zone
    wall = to_wall(starts_at, zone).replace(tzinfo=None)
    day = wall.date()
    free = free_intervals(room, day + DAY, day + 8 * DAY)
    if not _in_time(room, starts_at, starts_at + length):
        return []
    wanted = [from_wall(wall + n * DAY, zone) for n in range(1, 8)]
    kept = [
        start
        for start in wanted
        if start >= earliest and any(p.start <= start and start + length <= p.end for p in free)
    ]
    return [_of(room, start, length) for start in kept[:OTHER_DAYS]]


def _starts(
    room: Room, free: Iterable[Interval], starts_at: datetime, length: timedelta
) -> list[datetime]:
    """In each free interval the start nearest to the one wanted, on the room's own steps."""
    starts = []
    for piece in free:
        nearest = max(piece.start, min(starts_at, piece.end - length))
        start = next_step(nearest, room)
        if start + length > piece.end:
            start -= room.step_minutes * MINUTE
        if start == starts_at or not _in_time(room, start, start + length):
            continue
        if piece.start <= start and start + length <= piece.end:
            starts.append(start)
    return starts


def _in_time(room: Room, start: datetime, end: datetime) -> bool:
    """Whether the use ends by the room's latest hour."""
    if room.latest_minute is None:
        return True
    zone = room.site.time_zone
    latest = latest_end(start, room.latest_minute, zone)
    return to_wall(end, zone).replace(tzinfo=None) <= latest


def _of(room: Room, start: datetime, length: timedelta) -> Alternative:
    return Alternative(
        room_id=room.id, room_slug=room.slug, room_name=room.name, start=start, end=start + length
    )


_ROOMS = sa.text(f"""
SELECT r.id, r.slug, r.name
  FROM site s JOIN room r ON r.site_id = s.id,
       LATERAL distance_km(:lat, :lon, s.lat, s.lon) AS km,
       LATERAL free_in(r.id, r.schedule_id, CAST(:days AS date[]), {SPAN}) AS f
 WHERE s.lat BETWEEN :south AND :north AND s.lon BETWEEN :west AND :east AND km <= :reach
   AND (s.closed_on IS NULL OR s.closed_on > current_date) AND r.published_at IS NOT NULL
   AND r.id <> :room AND (r.kind = :kind OR r.site_id = :site)
   AND :minutes BETWEEN r.min_minutes AND r.max_minutes
   AND CAST(:start AS timestamptz) >= CAST(:now AS timestamptz)
       + make_interval(mins => r.notice_minutes)
   AND {ENDS_IN_TIME}
   AND f.free = {SPAN}
   AND EXISTS (SELECT FROM tariff t WHERE t.room_id = r.id AND t.valid @> CAST(:day AS date)
                  AND t.audience IN ('association', 'everyone'))
 ORDER BY r.site_id <> :site, r.kind <> :kind, km, r.name, r.id
 LIMIT {OTHER_ROOMS}
""")  # noqa: S608 constants only


def _other_rooms(
    room: Room, starts_at: datetime, ends_at: datetime, now: datetime
) -> list[Alternative]:
    """The site's other rooms, then rooms of the same kind nearby, free at that time."""
    site = room.site
    box = box_around(site.lat, site.lon, NEARBY_KM)
    rows = read(
        _ROOMS,
        {
            **room_parameters(room, starts_at, ends_at),
            **box,
            "lat": site.lat,
            "lon": site.lon,
            "reach": NEARBY_KM,
            "kind": room.kind.value,
            "site": site.id,
            "minutes": (ends_at - starts_at) // MINUTE,
            "now": now,
            "day": local_day(starts_at, site.time_zone),
        },
    )
    return [
        Alternative(room_id=id_, room_slug=slug, room_name=name, start=starts_at, end=ends_at)
        for id_, slug, name in rows
    ]
