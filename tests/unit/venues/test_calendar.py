"""Kinds of days of the school calendar."""

from __future__ import annotations

from datetime import date

import pytest

from salle.venues.calendar import (
    Holiday,
    day_periods,
    holiday_period,
    public_holiday_region,
    public_holidays,
    read_holiday,
)
from salle.venues.rules import Period

CHRISTMAS = read_holiday(
    year="2026-2027", label="Vacances de Noël", starts=date(2026, 12, 19), ends=date(2027, 1, 4)
)
ASCENSION = read_holiday(
    year="2026-2027", label="Pont de l'Ascension", starts=date(2027, 5, 7), ends=date(2027, 5, 7)
)
SUMMER = read_holiday(
    year="2026-2027",
    label="Début des Vacances d'Été",
    starts=date(2027, 7, 3),
    ends=date(2027, 7, 3),
)
KNOWN = [CHRISTMAS, ASCENSION, SUMMER]


def kinds(day: date, known: list[Holiday] = KNOWN, region: str | None = None) -> object:
    return day_periods(known, region=region, first=day, last=day).get(day)


@pytest.mark.parametrize(
    ("label", "period"),
    [
        ("Vacances de la Toussaint", Period.ALL_SAINTS),
        ("Vacances de Noël", Period.CHRISTMAS),
        ("Vacances d'Hiver", Period.WINTER),
        ("Vacances d’hiver", Period.WINTER),
        ("Vacances de Printemps", Period.SPRING),
        ("Début des Vacances d'Été", Period.SUMMER),
        ("Vacances de Carnaval", Period.HOLIDAYS),
        ("Pont de l'Ascension", Period.HOLIDAYS),
    ],
)
def test_the_description_gives_the_period(label: str, period: Period) -> None:
    assert holiday_period(label) is period


def test_a_holiday_ends_the_day_before_lessons_start_again() -> None:
    assert (CHRISTMAS.first_day, CHRISTMAS.last_day) == (date(2026, 12, 19), date(2027, 1, 3))


def test_an_end_equal_to_the_start_is_one_day() -> None:
    assert (ASCENSION.first_day, ASCENSION.last_day) == (date(2027, 5, 7), date(2027, 5, 7))


def test_summer_runs_to_the_31_of_august() -> None:
    assert (SUMMER.first_day, SUMMER.last_day) == (date(2027, 7, 3), date(2027, 8, 31))


def test_the_southern_winter_break_that_ends_the_year_runs_to_the_31_of_august_too() -> None:
    break_ = read_holiday(
        year="2025-2026",
        label="Début des Vacances d'Hiver austral",
        starts=date(2026, 7, 4),
        ends=date(2026, 7, 4),
    )
    assert break_.last_day == date(2026, 8, 31)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 12, 18), (Period.TERM,)),
        (date(2026, 12, 19), (Period.CHRISTMAS, Period.HOLIDAYS)),
        (date(2026, 12, 25), (Period.PUBLIC_HOLIDAY,)),
        (date(2027, 1, 3), (Period.CHRISTMAS, Period.HOLIDAYS)),
        (date(2027, 1, 4), (Period.TERM,)),
        (date(2027, 5, 7), (Period.HOLIDAYS,)),
        (date(2027, 5, 17), (Period.PUBLIC_HOLIDAY,)),  # Whit Monday
        (date(2027, 7, 3), (Period.SUMMER, Period.HOLIDAYS)),
        (date(2027, 7, 14), (Period.PUBLIC_HOLIDAY,)),
        (date(2027, 8, 31), (Period.SUMMER, Period.HOLIDAYS)),
        (date(2027, 9, 1), None),
        (date(2026, 8, 31), None),
        (date(2027, 11, 11), None),  # a public holiday of an unknown year says nothing
    ],
)
def test_kind_of_day(day: date, expected: object) -> None:
    assert kinds(day) == expected


def test_alsace_and_moselle_have_two_more_public_holidays() -> None:
    good_friday = date(2027, 3, 26)
    assert kinds(good_friday) == (Period.TERM,)
    for uai in ("0670001A", "0680001A", "0570001A"):
        assert kinds(good_friday, region=public_holiday_region(uai)) == (Period.PUBLIC_HOLIDAY,)


@pytest.mark.parametrize(
    ("uai", "day"),
    [
        ("9710001A", date(2027, 5, 27)),
        ("9720001A", date(2027, 5, 22)),
        ("9730001A", date(2027, 6, 10)),
        ("9740001A", date(2026, 12, 20)),
        ("9760001A", date(2027, 4, 27)),
    ],
)
def test_overseas_keep_the_abolition_of_slavery(uai: str, day: date) -> None:
    assert day in public_holidays(day.year, public_holiday_region(uai))
    assert day not in public_holidays(day.year)


def test_a_named_holiday_wins_over_an_overlapping_unnamed_one() -> None:
    bridge = Holiday("2026-2027", "Pont", Period.HOLIDAYS, date(2026, 12, 19), date(2026, 12, 19))
    assert kinds(date(2026, 12, 19), [bridge, CHRISTMAS]) == (Period.CHRISTMAS, Period.HOLIDAYS)
