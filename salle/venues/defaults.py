"""Opening rules of a new collège, until its staff give their own."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy.dialects.postgresql import Range

from salle.db import db
from salle.venues.models import OpeningRule, Site
from salle.venues.rules import Period

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = range(1, 8)

# Closed in school hours: lessons end at 18:00 at the latest, and on Saturday at noon.
HOURS: tuple[tuple[Period, int | None, int, int], ...] = (
    *((Period.TERM, day, 18, 22) for day in (MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY)),
    (Period.TERM, SATURDAY, 13, 22),
    (Period.TERM, SUNDAY, 9, 20),
    (Period.HOLIDAYS, None, 9, 22),
    (Period.PUBLIC_HOLIDAY, None, 9, 20),
)
CLOSED_DAYS = ((1, 1), (5, 1), (12, 25))  # month, day
CLOSED_YEARS = 10


def add_default_rules(site: Site, today: date) -> None:
    """Open outside school hours, closed on 1 January, 1 May and 25 December.

    A rule holds between dates, so the closed days are written for ten years ahead.
    """
    rules = [
        OpeningRule(site_id=site.id, period=period, weekday=day, opens=opens * 60, closes=to * 60)
        for period, day, opens, to in HOURS
    ]
    for year in range(today.year - 1, today.year + CLOSED_YEARS):
        for month, number in CLOSED_DAYS:
            day = date(year, month, number)
            rules.append(
                OpeningRule(
                    site_id=site.id,
                    period=Period.CLOSED,
                    weekday=None,
                    opens=0,
                    closes=1440,
                    valid=Range(day, day + timedelta(days=1)),
                )
            )
    db.session.add_all(rules)
    db.session.flush()
