"""What kind of day each civil day is, for one school calendar: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import holidays

from salle.kernel.french import fold, school_year
from salle.venues.rules import Period

DAY = timedelta(days=1)

# Words of the official descriptions, folded, that name a period; any other is « vacances ».
_NAMES = {
    "toussaint": Period.ALL_SAINTS,
    "noel": Period.CHRISTMAS,
    "hiver": Period.WINTER,
    "printemps": Period.SPRING,
    "ete": Period.SUMMER,
    "grandes vacances": Period.SUMMER,
}

# First three digits of a UAI (département) → subdivision of the library `holidays`.
_SUBDIVISIONS = {
    "057": "57",
    "067": "6AE",
    "068": "6AE",
    "971": "971",
    "972": "972",
    "973": "973",
    "974": "974",
    "975": "PM",
    "976": "976",
    "977": "BL",
    "978": "MF",
    "983": "NC",
    "984": "PF",
    "985": "976",
    "986": "WF",
    "987": "PF",
    "988": "NC",
}


@dataclass(frozen=True, slots=True)
class Holiday:
    """One school holiday: civil days, both included."""

    school_year: str
    label: str
    period: Period
    first_day: date
    last_day: date


def holiday_period(label: str) -> Period:
    """The period a description of the official file stands for."""
    words = fold(label).replace("'", " ").replace("-", " ")
    for name, period in _NAMES.items():
        if f" {name} " in f" {words} ":
            return period
    return Period.HOLIDAYS


def read_holiday(*, year: str, label: str, starts: date, ends: date) -> Holiday:
    """A line of the official calendar, its two dates read in Paris.

    It runs to the day before `ends` (lessons start again on that day). An end equal to the
    start is that one day, except for the break that ends a school year: only its start is
    published, and it runs to 31 August.
    """
    period = holiday_period(label)
    last = ends - DAY
    if ends <= starts:
        last = starts
        if period is Period.SUMMER or fold(label).startswith("debut"):
            last = max(starts, date(int(year[5:]), 8, 31))
    return Holiday(year, label, period, starts, last)


def public_holiday_region(uai: str) -> str | None:
    """The subdivision whose public holidays hold at a school; None = the general ones."""
    return _SUBDIVISIONS.get(uai[:3])


@lru_cache(maxsize=256)
def public_holidays(year: int, region: str | None = None) -> Mapping[date, str]:
    """Public holidays of one civil year, Whit Monday included."""
    return dict(holidays.country_holidays("FR", subdiv=region, years=year, language="fr"))


def day_periods(
    known: Iterable[Holiday], *, region: str | None, first: date, last: date
) -> dict[date, tuple[Period, ...]]:
    """Periods of each civil day first..last, the most precise first.

    A day whose school year has no holiday at all has no entry: nothing is known of it.
    """
    known = list(known)
    years = {holiday.school_year for holiday in known}
    named = _holiday_days(known, first, last)
    kinds: dict[date, tuple[Period, ...]] = {}
    for offset in range((last - first).days + 1):
        day = first + offset * DAY
        if school_year(day) not in years:
            continue
        if day in public_holidays(day.year, region):
            kinds[day] = (Period.PUBLIC_HOLIDAY,)
        else:
            kinds[day] = named.get(day, (Period.TERM,))
    return kinds


def _holiday_days(known: list[Holiday], first: date, last: date) -> dict[date, tuple[Period, ...]]:
    """Days of holidays: [its name, vacances]; named ones win over the others."""
    days: dict[date, tuple[Period, ...]] = {}
    for holiday in sorted(known, key=lambda one: (one.period is Period.HOLIDAYS, one.first_day)):
        names = dict.fromkeys((holiday.period, Period.HOLIDAYS))
        start, end = max(first, holiday.first_day), min(last, holiday.last_day)
        for offset in range((end - start).days + 1):
            days.setdefault(start + offset * DAY, tuple(names))
    return days
