"""The civil days on which the pupils of a site are on holiday."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from salle.venues.queries import list_holiday_days, school_holiday_days
from salle.venues.rules import SchoolCalendar
from salle.venues.school_holidays import load_school_holidays
from tests.factories import make_site
from tests.support.queries import statements

pytestmark = pytest.mark.usefixtures("session")
YEAR = (date(2026, 9, 1), date(2027, 6, 29))


@pytest.fixture(autouse=True)
def calendar(session: None) -> None:
    load_school_holidays()


def test_both_ends_of_a_holiday_count_and_the_day_lessons_start_again_does_not() -> None:
    days = school_holiday_days(make_site(), *YEAR)
    assert date(2026, 12, 19) in days
    assert date(2027, 1, 3) in days
    assert date(2027, 1, 4) not in days


def test_a_public_holiday_in_term_is_no_school_holiday_and_a_bridge_is() -> None:
    days = school_holiday_days(make_site(), *YEAR)
    assert date(2026, 11, 11) not in days
    assert date(2027, 5, 7) in days


def test_days_are_those_of_the_calendar_of_the_site_and_inside_the_bounds() -> None:
    winter = date(2027, 2, 8), date(2027, 2, 12)
    zones = {
        zone: school_holiday_days(make_site(calendar=zone), *winter)
        for zone in (SchoolCalendar.ZONE_A, SchoolCalendar.ZONE_B, SchoolCalendar.ZONE_C)
    }
    assert {zone for zone, days in zones.items() if not days}
    for days in zones.values():
        assert days in (set(), {winter[0] + timedelta(days=n) for n in range(5)})


def test_several_calendars_are_read_in_one_statement() -> None:
    with statements() as sent:
        found = list_holiday_days({SchoolCalendar.ZONE_A, SchoolCalendar.ZONE_B}, *YEAR)
    assert len(sent) == 1
    assert found[SchoolCalendar.ZONE_A] != found[SchoolCalendar.ZONE_B]
    assert found[SchoolCalendar.ZONE_C] == set()
