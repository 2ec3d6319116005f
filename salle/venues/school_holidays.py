"""The product's own table of school holidays: the service works with no file at hand.

school_holidays.csv holds the pupils' dates of « calendrier scolaire » (data.education.gouv.fr,
Licence Ouverte 2.0), one line a holiday: first day, and day on which lessons start again.
A calendar that the national file does not give for a year is not there: unknown, hence closed.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from salle.db import db
from salle.venues.calendar import Holiday, read_holiday
from salle.venues.models import SchoolHoliday
from salle.venues.rules import SchoolCalendar

TABLE = Path(__file__).with_name("data") / "school_holidays.csv"
SOURCE = "calendrier scolaire, data.education.gouv.fr, Licence Ouverte 2.0"


def own_table() -> Iterator[tuple[SchoolCalendar, Holiday]]:
    """The holidays that the product ships, in the order of the table."""
    with TABLE.open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table, delimiter=";"):
            yield (
                SchoolCalendar(row["calendrier"]),
                read_holiday(
                    year=row["annee_scolaire"],
                    label=row["description"],
                    starts=date.fromisoformat(row["debut"]),
                    ends=date.fromisoformat(row["fin"]),
                ),
            )


def load_school_holidays() -> set[SchoolCalendar]:
    """Store the product's table where nothing is known yet; the calendars that changed.

    A calendar and year that has any holiday is left alone: an imported file is fresher.
    Lay the windows of those calendars out again afterwards (openings.rebuild_calendar).
    """
    known = set(db.session.execute(sa.select(SchoolHoliday.calendar, SchoolHoliday.school_year)))
    missing: dict[SchoolCalendar, list[Holiday]] = defaultdict(list)
    for calendar, holiday in own_table():
        if (calendar, holiday.school_year) not in known:
            missing[calendar].append(holiday)
    for calendar, holidays in missing.items():
        db.session.add_all(new_row(calendar, holiday, SOURCE) for holiday in holidays)
    db.session.flush()
    return set(missing)


def new_row(calendar: SchoolCalendar, holiday: Holiday, source: str) -> SchoolHoliday:
    """A holiday as it is stored."""
    return SchoolHoliday(
        calendar=calendar,
        school_year=holiday.school_year,
        label=holiday.label,
        period=holiday.period,
        first_day=holiday.first_day,
        last_day=holiday.last_day,
        source=source,
    )
