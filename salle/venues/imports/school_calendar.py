"""`salle import calendrier-scolaire`: the national calendar of school holidays."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import sqlalchemy as sa

from salle.db import db
from salle.kernel.clock import local_day
from salle.kernel.errors import Invalid
from salle.kernel.french import fold
from salle.venues.calendar import Holiday, read_holiday
from salle.venues.imports.academies import find_calendar
from salle.venues.imports.runs import Outcome
from salle.venues.imports.tables import Row, open_table
from salle.venues.models import SchoolHoliday
from salle.venues.openings import rebuild_calendar
from salle.venues.rules import SchoolCalendar
from salle.venues.school_holidays import new_row

COLUMNS = ("description", "population", "date_de_debut", "date_de_fin", "academies", "zones")
ALIASES = {
    "date_de_debut": ["start_date"],
    "date_de_fin": ["end_date"],
    "academies": ["location"],
    "annee_scolaire": ["school_year"],
}
Dated = tuple[SchoolCalendar, Holiday]


def open_calendar(path: Path) -> list[Row]:
    """The lines of either export: labels, or technical names with instants in UTC."""
    return open_table(path, required=(*COLUMNS, "annee_scolaire"), aliases=ALIASES)


@dataclass
class CalendarImport:
    """One line an académie: the same holiday of the same calendar counts once."""

    source: str
    seen: set[Dated] = field(default_factory=set)
    changed: set[SchoolCalendar] = field(default_factory=set)
    _stored: dict[tuple[SchoolCalendar, str], list[SchoolHoliday]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def parse(self, row: Row) -> Dated | None:
        """The holiday of that line; None when it is not the pupils' or was already read."""
        calendar = find_calendar(row["zones"]) or find_calendar(row["academies"])
        if calendar is None:
            raise Invalid(f"zone inconnue : « {row['zones'][:60]} »")
        if not _for_pupils(row["population"], calendar) or "rentree" in fold(row["description"]):
            return None
        dated = calendar, _holiday(row)
        if dated in self.seen:
            return None
        self.seen.add(dated)
        return dated

    def store(self, dated: Dated) -> Outcome:
        """Add it, or correct the dates of the one of the same name in the same year."""
        calendar, holiday = dated
        row = self._find(calendar, holiday)
        if row is None:
            db.session.add(new_row(calendar, holiday, self.source))
            db.session.flush()
            self.changed.add(calendar)
            return Outcome.CREATED
        facts = (holiday.period, holiday.first_day, holiday.last_day)
        if (row.period, row.first_day, row.last_day) == facts:
            return Outcome.UNCHANGED
        row.period, row.first_day, row.last_day = facts
        row.source = self.source
        db.session.flush()
        self.changed.add(calendar)
        return Outcome.UPDATED

    def finish(self, today: date) -> None:
        """Lay the windows of the calendars that changed out again."""
        for calendar in sorted(self.changed):
            rebuild_calendar(calendar, today)

    def _find(self, calendar: SchoolCalendar, holiday: Holiday) -> SchoolHoliday | None:
        """The stored row that this line is about, each row once: same start, else same name."""
        key = calendar, holiday.school_year
        if key not in self._stored:
            self._stored[key] = list(
                db.session.scalars(
                    sa.select(SchoolHoliday)
                    .where(SchoolHoliday.calendar == calendar)
                    .where(SchoolHoliday.school_year == holiday.school_year)
                    .order_by(SchoolHoliday.first_day, SchoolHoliday.id)
                )
            )
        left = self._stored[key]
        same = [row for row in left if fold(row.label) == fold(holiday.label)]
        if not same:
            return None
        found = min(same, key=lambda row: row.first_day != holiday.first_day)
        left.remove(found)
        return found


def _for_pupils(population: str, calendar: SchoolCalendar) -> bool:
    """« Élèves », « - », « Second degré », or a part of that territory that it names first."""
    words = fold(population)
    return words in {"", "-", "eleves", "second degre"} or words.startswith(fold(calendar.value))


def _holiday(row: Row) -> Holiday:
    year, label = row["annee_scolaire"], row["description"]
    if not re.fullmatch(r"(\d{4})-(\d{4})", year) or int(year[5:]) != int(year[:4]) + 1:
        raise Invalid(f"année scolaire illisible : « {year[:40]} »")
    if not label:
        raise Invalid("description vide")
    starts, ends = _paris_day(row["date_de_debut"]), _paris_day(row["date_de_fin"])
    if ends < starts:
        raise Invalid("la date de fin précède la date de début")
    if not date(int(year[:4]), 8, 1) <= starts <= date(int(year[5:]), 8, 31):
        raise Invalid(f"la date de début n’est pas dans l’année scolaire {year}")
    return read_holiday(year=year, label=label, starts=starts, ends=ends)


def _paris_day(text: str) -> date:
    """The civil day in Paris: midnight in Paris may be written in UTC, on the day before."""
    try:
        if match := re.fullmatch(r"(\d\d)/(\d\d)/(\d{4})(?: 00:00(?::00)?)?", text):
            return date(int(match[3]), int(match[2]), int(match[1]))
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid(f"date illisible : « {text[:40]} »") from error
    return instant.date() if instant.tzinfo is None else local_day(instant)
