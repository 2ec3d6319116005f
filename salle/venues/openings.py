"""Opening windows kept in step with opening rules and school calendars.

Rules are the truth; windows are what every question about free time reads.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range

from salle.db import db
from salle.kernel.french import school_year, school_year_bounds
from salle.venues import calendar as school
from salle.venues.materialiser import Rule, Window, materialise
from salle.venues.models import OpeningRule, Room, Schedule, SchoolHoliday, Site
from salle.venues.rules import Period, SchoolCalendar

HORIZON = timedelta(days=731)
BATCH = 200  # schedules locked and read together

_INSERT = sa.text(
    "INSERT INTO opening_window (schedule_id, day, starts_at, ends_at)"
    " SELECT :schedule, * FROM unnest(CAST(:days AS date[]), CAST(:starts AS timestamptz[]),"
    " CAST(:ends AS timestamptz[]))"
)


def horizon(today: date) -> tuple[date, date]:
    """First and last civil day for which windows are laid out."""
    return school_year_bounds(school_year(today))[0], today + HORIZON


def rebuild_windows(schedule_ids: Iterable[uuid.UUID], *, today: date) -> int:
    """Lay out the rules of these schedules again; how many windows they now have.

    From the start of the current school year to two years ahead, on the days whose school
    calendar is known. Older windows are dropped. Call it in the transaction that changed
    the rules: the next search sees both or neither.
    """
    ids = sorted(set(schedule_ids))
    return sum(_rebuild_batch(ids[at : at + BATCH], today) for at in range(0, len(ids), BATCH))


def rebuild_calendar(calendar: SchoolCalendar, today: date) -> int:
    """Lay out again every schedule of the sites that follow this school calendar."""
    return rebuild_windows(
        db.session.scalars(
            sa.select(Schedule.id)
            .join(Site, Site.id == Schedule.site_id)
            .where(Site.calendar == calendar)
        ),
        today=today,
    )


def rebuild_all(today: date) -> int:
    """Lay out every schedule again; run daily so that the horizon moves on."""
    return rebuild_windows(db.session.scalars(sa.select(Schedule.id)), today=today)


def ensure_site_schedule(site: Site) -> Schedule:
    """The schedule of the site, made (empty: closed) if it has none yet."""
    db.session.flush()
    found = db.session.scalar(
        sa.select(Schedule).where(Schedule.site_id == site.id, ~Schedule.for_room)
    )
    if found is None:
        found = Schedule(site_id=site.id, for_room=False)
        db.session.add(found)
        db.session.flush()
    return found


def ensure_room_schedule(room: Room) -> Schedule:
    """The room's own schedule, made if it shares its site's: needed once it has own rules."""
    db.session.flush()
    current = db.session.get_one(Schedule, room.schedule_id)
    if not current.for_room:
        current = Schedule(site_id=room.site_id, for_room=True)
        db.session.add(current)
        db.session.flush()
        room.schedule_id = current.id
        db.session.flush()
    return current


def share_site_schedule(room: Room) -> None:
    """The room, without rules of its own, follows its site again; its own schedule goes."""
    db.session.flush()
    current = db.session.get_one(Schedule, room.schedule_id)
    if current.for_room:
        site = db.session.get_one(Site, room.site_id)
        room.schedule_id = ensure_site_schedule(site).id
        db.session.flush()
        if not db.session.scalar(sa.select(sa.exists().where(Room.schedule_id == current.id))):
            db.session.delete(current)
            db.session.flush()


def known_holidays(calendar: SchoolCalendar) -> list[school.Holiday]:
    """Every school holiday stored for this calendar, in order."""
    rows = db.session.scalars(
        sa.select(SchoolHoliday)
        .where(SchoolHoliday.calendar == calendar)
        .order_by(SchoolHoliday.first_day, SchoolHoliday.id)
    )
    return [
        school.Holiday(row.school_year, row.label, row.period, row.first_day, row.last_day)
        for row in rows
    ]


def site_days(site: Site, first: date, last: date) -> dict[date, tuple[Period, ...]]:
    """Periods of the civil days of a site; a day without entry is unknown, hence closed."""
    region = school.public_holiday_region(site.uai)
    return school.day_periods(known_holidays(site.calendar), region=region, first=first, last=last)


def _rebuild_batch(ids: list[uuid.UUID], today: date) -> int:
    schedules = _lock(ids)
    rooms = _own_rooms(ids)
    rules = _rules({site.id for _, site in schedules})
    first, last = horizon(today)
    days: dict[tuple[str, str | None], dict[date, tuple[Period, ...]]] = {}
    count = 0
    for schedule, site in schedules:
        region = school.public_holiday_region(site.uai)
        key = (site.calendar.value, region)
        if key not in days:
            days[key] = site_days(site, first, last)
        own = rooms.get(schedule.id, set())
        windows = materialise(
            [
                _pure(rule)
                for rule in rules.get(site.id, [])
                if rule.room_id is None or rule.room_id in own
            ],
            days[key],
            zone_name=site.time_zone,
        )
        _replace(schedule.id, windows)
        count += len(windows)
    return count


def _lock(ids: list[uuid.UUID]) -> list[tuple[Schedule, Site]]:
    """In order of their ids: two rebuilds of the same schedules wait, never deadlock."""
    db.session.flush()
    rows = db.session.execute(
        sa.select(Schedule, Site)
        .join(Site, Site.id == Schedule.site_id)
        .where(Schedule.id.in_(ids))
        .order_by(Schedule.id)
        .with_for_update(of=Schedule)
    )
    return [(schedule, site) for schedule, site in rows]


def _own_rooms(ids: list[uuid.UUID]) -> dict[uuid.UUID, set[uuid.UUID]]:
    """Rooms whose own rules count in these schedules (never in the one they share)."""
    rows = db.session.execute(
        sa.select(Room.schedule_id, Room.id)
        .join(Schedule, Schedule.id == Room.schedule_id)
        .where(Room.schedule_id.in_(ids), Schedule.for_room)
    )
    own: dict[uuid.UUID, set[uuid.UUID]] = {}
    for schedule_id, room_id in rows:
        own.setdefault(schedule_id, set()).add(room_id)
    return own


def _rules(site_ids: set[uuid.UUID]) -> dict[uuid.UUID, list[OpeningRule]]:
    found: dict[uuid.UUID, list[OpeningRule]] = {}
    for rule in db.session.scalars(sa.select(OpeningRule).where(OpeningRule.site_id.in_(site_ids))):
        found.setdefault(rule.site_id, []).append(rule)
    return found


def _pure(rule: OpeningRule) -> Rule:
    valid: Range[date] = rule.valid
    return Rule(
        period=rule.period,
        opens=rule.opens,
        closes=rule.closes,
        weekday=rule.weekday,
        of_room=rule.room_id is not None,
        first=valid.lower,
        last=valid.upper - timedelta(days=1) if valid.upper else None,
    )


def _replace(schedule_id: uuid.UUID, windows: list[Window]) -> None:
    db.session.execute(
        sa.text("DELETE FROM opening_window WHERE schedule_id = :schedule"),
        {"schedule": schedule_id},
    )
    db.session.execute(
        _INSERT,
        {
            "schedule": schedule_id,
            "days": [window.day for window in windows],
            "starts": [window.starts_at for window in windows],
            "ends": [window.ends_at for window in windows],
        },
    )
