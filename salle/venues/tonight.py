"""Rooms still free tonight, for the home page."""

from __future__ import annotations

from datetime import datetime, timedelta

from salle.kernel.clock import PARIS, day_span, local_day, to_wall, utcnow
from salle.kernel.words import heures
from salle.venues.asking import next_step
from salle.venues.cards import price_words, room_href
from salle.venues.free import Interval, free_between
from salle.venues.models import Room
from salle.venues.queries import list_rooms
from salle.venues.search import Criteria, Found, search_rooms
from salle.web.viewmodels import TonightRoom

MOST = 4
LOOKED_AT = 12
USUAL = timedelta(hours=2)
SHORTEST = timedelta(hours=1)
EVENING_HOUR = 18


def list_tonight() -> list[TonightRoom]:
    """At most four rooms free this evening for an hour or more, the cheapest first."""
    now = utcnow()
    evening = to_wall(now).replace(hour=EVENING_HOUR, minute=0, second=0, microsecond=0)
    start = max(evening, to_wall(now))
    end = day_span(local_day(now), local_day(now), PARIS)[1]
    if end - start < SHORTEST:
        return []
    criteria = Criteria(starts_at=start, ends_at=start + SHORTEST)
    found, _ = search_rooms(criteria, now=now, limit=LOOKED_AT)
    rooms = list_rooms([one.room_id for one in found])
    windows = [
        window
        for one in found
        if one.room_id in rooms
        and (window := _window(one, rooms[one.room_id], start, end, now)) is not None
    ]
    return windows[:MOST]


def _window(
    found: Found, room: Room, start: datetime, end: datetime, now: datetime
) -> TonightRoom | None:
    """The first stretch of the evening that can still be booked."""
    zone = room.site.time_zone
    earliest = next_step(max(start, now + timedelta(minutes=room.notice_minutes)), room)
    for free in free_between(room, earliest, max(end, earliest)):
        if free.length < max(SHORTEST, timedelta(minutes=room.min_minutes)):
            continue
        use = Interval(free.start, min(free.start + USUAL, free.end))
        price, note = price_words(found.price_cents, SHORTEST)
        return TonightRoom(
            name=room.name,
            place=found.commune,
            hours=heures(free.start, free.end, zone),
            price=f"{price} {note}".strip(),
            href=room_href(room.slug, use.start, use.end, zone),
        )
    return None
