"""A room that is open in the days to come, for tests of pages that read the real clock."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from salle.kernel.clock import local_day, utcnow
from salle.venues.models import Room
from tests.factories import make_room, make_site, make_windows

TODAY = local_day(utcnow())
DAY = TODAY + timedelta(days=7)


def open_rooms(*rooms: Room, **hours: Any) -> None:
    """Open these every day, from 8 h to 22 h unless told otherwise."""
    for room in rooms:
        make_windows(room.schedule_id, first=TODAY - timedelta(days=1), days=60, **hours)


def make_open_room() -> Room:
    """Gymnase des Tilleuls, in Rennes."""
    site = make_site(name="Collège des Tilleuls", commune="Rennes", insee_code="35238")
    room = make_room(site=site, name="Gymnase des Tilleuls", windows=False)
    open_rooms(room)
    return room


def spring_forward() -> date:
    """The next last Sunday of March: 2 h becomes 3 h."""
    for year in (TODAY.year, TODAY.year + 1):
        sunday = date(year, 3, 31) - timedelta(days=date(year, 3, 31).isoweekday() % 7)
        if sunday > TODAY + timedelta(days=1):
            break
    return sunday
