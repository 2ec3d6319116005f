"""The school year of the fictional collèges: holidays, lessons, opening windows."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from salle.adapters.ical import Reading, read_calendar
from salle.db import db, transaction
from salle.demo.lessons import timetable
from salle.demo.places import ROOMS, SITES
from salle.demo.rows import key
from salle.kernel.clock import PARIS, day_start, local_day
from salle.venues.models import OpeningWindow, Room, Schedule, Site, Timetable
from salle.venues.openings import horizon, rebuild_calendar, rebuild_windows, site_days
from salle.venues.rules import Period
from salle.venues.school_holidays import load_school_holidays
from salle.venues.timetables import replace_timetable

PROBE_ROOM = "salle-essai"  # open every day whose calendar is known
FILE_NAME = "emploi-du-temps-fictif.ics"


def add_calendar(today: date) -> None:
    """The school holidays that the product ships, then the opening windows."""
    for calendar in load_school_holidays():
        rebuild_calendar(calendar, today)
    _extend_windows(today)


def add_timetables(now: datetime) -> None:
    """Lessons in the rooms that have no timetable yet, through the real iCalendar reader."""
    wanted = [key("room", room.slug) for room in ROOMS if room.lessons]
    known = set(db.session.scalars(sa.select(Timetable.room_id)))
    missing = [room_id for room_id in wanted if room_id not in known]
    if not missing:
        return
    content = _content(local_day(now))
    db.session.rollback()  # reading takes a process of its own: no transaction meanwhile
    reading = _read(content, local_day(now))
    with transaction():
        for room_id in missing:
            replace_timetable(
                room=db.session.get_one(Room, room_id),
                zone_name=PARIS,
                lessons=reading.lessons,
                file_name=FILE_NAME,
                content=content,
                now=now,
            )


def _content(today: date) -> bytes:
    days = site_days(_site(), *horizon(today))
    return timetable("gymnase", (day for day, periods in days.items() if Period.TERM in periods))


def _read(content: bytes, today: date) -> Reading:
    first, last = horizon(today)
    return read_calendar(
        content,
        zone_name=PARIS,
        first=day_start(first),
        last=day_start(last + timedelta(days=1)),
    )


def _site() -> Site:
    return db.session.get_one(Site, key("site", 1))


def _extend_windows(today: date) -> None:
    """Lay the opening rules out when some are not, or when the horizon has moved since."""
    last_known = max(site_days(_site(), *horizon(today)), default=None)
    last_open = db.session.scalar(
        sa.select(sa.func.max(OpeningWindow.day)).where(
            OpeningWindow.schedule_id == key("schedule", PROBE_ROOM)
        )
    )
    late = last_known is not None and (last_open is None or last_open < last_known)
    rebuild_windows(_schedules() if late else _schedules(empty=True), today=today)


def _schedules(*, empty: bool = False) -> Iterable[uuid.UUID]:
    sites = [key("site", site.number) for site in SITES]
    query = sa.select(Schedule.id).where(Schedule.site_id.in_(sites))
    if empty:
        laid_out = sa.select(OpeningWindow.schedule_id).distinct()
        query = query.where(Schedule.id.not_in(laid_out))
    return db.session.scalars(query)
