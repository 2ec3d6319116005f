"""Jobs of the places: openings and lessons laid out as days go by, addresses read again."""

from __future__ import annotations

import logging
import uuid

from salle.adapters.ical import BadCalendar
from salle.adapters.remote_calendar import NotFetched
from salle.db import transaction
from salle.jobs import enqueue, handler
from salle.kernel.clock import local_day, utcnow
from salle.venues import feeds
from salle.venues.openings import rebuild_all

logger = logging.getLogger(__name__)


@handler("venues.extend_windows")
def extend_windows() -> None:
    """Lay every schedule out again, so that the two-year horizon moves on with the days."""
    with transaction():
        rebuild_all(local_day(utcnow()))


@handler("venues.refresh_timetables")
def refresh_timetables() -> None:
    """Queue a reading of each address whose time has come."""
    with transaction():
        for room_id in feeds.list_due(utcnow()):
            enqueue(
                "venues.refresh_timetable", queueing_lock=f"timetable-{room_id}", room_id=room_id
            )


@handler("venues.refresh_timetable")
def refresh_timetable(room_id: str) -> None:
    """Read one address again; a failure is kept for the collège, and tried again later."""
    try:
        feeds.refresh(room_id=uuid.UUID(room_id), now=utcnow())
    except (NotFetched, BadCalendar, feeds.FeedChanged) as error:
        logger.info("timetable.not_refreshed", extra={"room_id": room_id, "code": error.code})


@handler("venues.extend_timetables")
def extend_timetables() -> None:
    """Each night: lay out further the lessons that no longer reach beyond the openings."""
    now = utcnow()
    with transaction():
        room_ids = feeds.list_to_extend(now)
    for room_id in room_ids:
        feeds.extend(room_id=room_id, now=now)
