"""What makes a room open on one civil day: kind of day, rules that open, rules that close.

For people who ask why; what is free is never computed here (salle/venues/availability.py). The
rules are chosen by the same code that lays the windows out (salle/venues/materialiser.py).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from salle.accounts.models import User
from salle.audit.models import AuditEvent
from salle.db import db
from salle.kernel.clock import day_span
from salle.kernel.french import school_year
from salle.venues import calendar as school
from salle.venues.free import SPAN, Interval, read, room_parameters
from salle.venues.materialiser import Rule, Rules, wall_pieces
from salle.venues.models import OpeningRule, Room, Schedule, SchoolHoliday, Site
from salle.venues.openings import site_days
from salle.venues.rules import Period

DAY = timedelta(days=1)
_OPEN = sa.text(f"""
SELECT lower(piece), upper(piece)
  FROM open_in(:schedule, CAST(:days AS date[]), {SPAN}) o, unnest(o.open) piece
 ORDER BY 1
""")  # noqa: S608 constants only


@dataclass(frozen=True, kw_only=True)
class KindOfDay:
    """The periods of a civil day, the most precise first (none: unknown), and who says so."""

    periods: tuple[Period, ...]
    name: str
    source: str


@dataclass(frozen=True, kw_only=True)
class RulePiece:
    """The part of a civil day that one rule opens or closes; `day`: the day it belongs to."""

    rule: OpeningRule
    day: date
    span: Interval


@dataclass(frozen=True, kw_only=True)
class LastChange:
    """Who changed the rules of a site or of a room last."""

    at: datetime
    name: str | None


def kind_of_day(site: Site, day: date) -> KindOfDay:
    """Term, a named holiday, a public holiday; no period when the calendar is not known."""
    periods = site_days(site, day, day).get(day, ())
    calendar = f"calendrier scolaire officiel, {site.calendar.label}, {school_year(day)}"
    if not periods:
        return KindOfDay(
            periods=(),
            name="jour inconnu",
            source=f"Le {calendar} n’est pas importé\u00a0: la salle reste fermée",
        )
    if periods[0] is Period.PUBLIC_HOLIDAY:
        region = school.public_holiday_region(site.uai)
        name = school.public_holidays(day.year, region)[day]
        return KindOfDay(
            periods=periods, name=f"jour férié\u00a0: {name}", source="jours fériés légaux"
        )
    holiday = _holiday(site, day)
    if holiday is None:
        return KindOfDay(periods=periods, name="jour de classe", source=calendar)
    return KindOfDay(periods=periods, name=holiday.label, source=f"{calendar} ({holiday.source})")


def _holiday(site: Site, day: date) -> SchoolHoliday | None:
    """The holiday that names the day: a named one wins, as in calendar.day_periods()."""
    rows = db.session.scalars(
        sa.select(SchoolHoliday)
        .where(
            SchoolHoliday.calendar == site.calendar,
            SchoolHoliday.first_day <= day,
            SchoolHoliday.last_day >= day,
        )
        .order_by(SchoolHoliday.first_day, SchoolHoliday.id)
    )
    return min(rows, key=lambda row: row.period is Period.HOLIDAYS, default=None)


def rule_pieces(room: Room, day: date) -> tuple[list[RulePiece], list[RulePiece]]:
    """What opens and what closes the room on that civil day, cut at its two midnights.

    The evening before counts where it passes midnight, for both.
    """
    rules = [(stored, _pure(stored)) for stored in _stored(room)]
    known = Rules(pure for _, pure in rules)
    kinds = site_days(room.site, day - DAY, day)
    opened, closed = [], []
    for near in (day - DAY, day):
        if near in kinds:
            opened += _pieces(rules, known.opening(near, kinds[near]), near, day, room)
        closed += _pieces(rules, known.closing(near), near, day, room)
    return opened, closed


def open_hours(room: Room, day: date) -> list[Interval]:
    """When the room is open on that civil day: the stored windows, which every question reads."""
    span = day_span(day, day, room.site.time_zone)
    return [Interval(low, high) for low, high in read(_OPEN, room_parameters(room, *span))]


def last_changes(site_id: uuid.UUID, room_id: uuid.UUID) -> dict[str, LastChange]:
    """By object id: who changed the opening rules of the site and of the room last, and when."""
    rows = db.session.execute(
        sa.select(AuditEvent.object_id, AuditEvent.at, User.name)
        .outerjoin(User, User.id == AuditEvent.actor_id)
        .where(
            AuditEvent.object_id.in_([str(site_id), str(room_id)]),
            AuditEvent.action.like("hours.%"),
        )
        .order_by(AuditEvent.id)
    )
    return {object_id: LastChange(at=at, name=name) for object_id, at, name in rows}


def _stored(room: Room) -> list[OpeningRule]:
    """The site's rules, and those of the rooms that share the room's own schedule."""
    own = (
        sa.select(Room.id)
        .join(Schedule, Schedule.id == Room.schedule_id)
        .where(Room.schedule_id == room.schedule_id, Schedule.for_room)
    )
    return list(
        db.session.scalars(
            sa.select(OpeningRule)
            .where(
                OpeningRule.site_id == room.site_id,
                sa.or_(OpeningRule.room_id.is_(None), OpeningRule.room_id.in_(own)),
            )
            .order_by(OpeningRule.opens, OpeningRule.closes, OpeningRule.id)
        )
    )


def _pure(rule: OpeningRule) -> Rule:
    upper = rule.valid.upper
    return Rule(
        period=rule.period,
        opens=rule.opens,
        closes=rule.closes,
        weekday=rule.weekday,
        of_room=rule.room_id is not None,
        first=rule.valid.lower,
        last=upper - DAY if upper else None,
    )


def _pieces(
    rules: list[tuple[OpeningRule, Rule]],
    chosen: Iterable[Rule],
    near: date,
    day: date,
    room: Room,
) -> list[RulePiece]:
    zone = room.site.time_zone
    low, high = day_span(day, day, zone)
    wanted = {id(rule) for rule in chosen}
    return [
        RulePiece(rule=stored, day=near, span=Interval(max(low, start), min(high, end)))
        for stored, pure in rules
        if id(pure) in wanted
        for start, end in wall_pieces(near, pure.opens, pure.closes, zone)
        if start < high and low < end
    ]
