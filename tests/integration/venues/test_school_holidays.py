"""The product's own table of school holidays."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from salle.db import db
from salle.venues.models import SchoolHoliday
from salle.venues.openings import known_holidays
from salle.venues.rules import Period, SchoolCalendar
from salle.venues.school_holidays import SOURCE, load_school_holidays

pytestmark = pytest.mark.usefixtures("session")


@pytest.fixture(autouse=True)
def empty_table(session: None) -> None:
    db.session.execute(sa.delete(SchoolHoliday))


def test_the_mainland_and_both_years_are_there() -> None:
    load_school_holidays()
    for calendar in (SchoolCalendar.ZONE_A, SchoolCalendar.ZONE_B, SchoolCalendar.ZONE_C):
        for year in ("2025-2026", "2026-2027"):
            periods = [h.period for h in known_holidays(calendar) if h.school_year == year]
            assert periods == [
                Period.ALL_SAINTS,
                Period.CHRISTMAS,
                Period.WINTER,
                Period.SPRING,
                Period.HOLIDAYS,
                Period.SUMMER,
            ]


def test_every_line_states_its_source() -> None:
    load_school_holidays()
    assert set(db.session.scalars(sa.select(SchoolHoliday.source))) == {SOURCE}


def test_loading_twice_changes_nothing() -> None:
    assert SchoolCalendar.ZONE_B in load_school_holidays()
    before = db.session.scalar(sa.select(sa.func.count()).select_from(SchoolHoliday))
    assert load_school_holidays() == set()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(SchoolHoliday)) == before


def test_a_year_that_is_already_known_is_left_alone() -> None:
    db.session.add(
        SchoolHoliday(
            calendar=SchoolCalendar.ZONE_A,
            school_year="2026-2027",
            label="Vacances de Noël",
            period=Period.CHRISTMAS,
            first_day=date(2026, 12, 12),
            last_day=date(2026, 12, 27),
            source="fichier importé",
        )
    )
    db.session.flush()
    load_school_holidays()
    known = known_holidays(SchoolCalendar.ZONE_A)
    assert [h.first_day for h in known if h.school_year == "2026-2027"] == [date(2026, 12, 12)]
    assert any(h.school_year == "2025-2026" for h in known)


def test_a_calendar_that_the_national_file_does_not_give_stays_unknown() -> None:
    load_school_holidays()
    assert known_holidays(SchoolCalendar.CORSICA) == []
