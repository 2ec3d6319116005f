"""Instants, durations and counts as French people read them.

Instants are aware; every function that shows one takes the IANA name of the zone whose clock is
meant (default Europe/Paris). A naive datetime is refused: it means nothing.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from salle.kernel.clock import PARIS, to_wall
from salle.kernel.money import NBSP

THIN = "\u202f"
WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip
SHORT_MONTHS = (
    "janv.", "févr.", "mars", "avril", "mai", "juin",
    "juil.", "août", "sept.", "oct.", "nov.", "déc.",
)  # fmt: skip
MINUTES_OF_DAY = 24 * 60


def _wall(value: datetime, zone: str) -> datetime:
    if value.tzinfo is None:
        raise ValueError("an instant must carry its offset; got a naive datetime")
    return to_wall(value, zone)


def _day(value: date | datetime, zone: str) -> date:
    return _wall(value, zone).date() if isinstance(value, datetime) else value


def _ordinal(day: int) -> str:
    return "1er" if day == 1 else str(day)


def date_fr(value: date | datetime, zone: str = PARIS, *, year: bool = True) -> str:
    """« mardi 12 janvier 2027 »; without the year when `year` is false."""
    day = _day(value, zone)
    words = f"{WEEKDAYS[day.weekday()]} {_ordinal(day.day)}{NBSP}{MONTHS[day.month - 1]}"
    return f"{words} {day.year}" if year else words


def weekday(value: date | datetime, zone: str = PARIS) -> str:
    """« mardi »."""
    return WEEKDAYS[_day(value, zone).weekday()]


def date_short(value: date | datetime, zone: str = PARIS) -> str:
    """« 12 janv. 2027 », for tables."""
    day = _day(value, zone)
    return f"{_ordinal(day.day)}{NBSP}{SHORT_MONTHS[day.month - 1]}{NBSP}{day.year}"


def date_iso(value: date | datetime, zone: str = PARIS) -> str:
    """« 2027-01-12 », the value of a date field or of a URL."""
    return _day(value, zone).isoformat()


def heure_fr(value: datetime | time | int, zone: str = PARIS) -> str:
    """« 18 h 30 », « 18 h », from an instant, a wall time or minutes after midnight.

    1440 minutes is « minuit »; more than a day counts again from 0 h.
    """
    if isinstance(value, int):
        if value == MINUTES_OF_DAY:
            return "minuit"
        hour, minute = divmod(value % MINUTES_OF_DAY, 60)
    else:
        clock = _wall(value, zone) if isinstance(value, datetime) else value
        hour, minute = clock.hour, clock.minute
    return f"{hour}{NBSP}h{NBSP}{minute:02d}" if minute else f"{hour}{NBSP}h"


def heures(start: datetime | int, end: datetime | int, zone: str = PARIS) -> str:
    """« 18 h – 20 h 30 »; an end at midnight is « minuit »."""
    return f"{heure_fr(start, zone)}{NBSP}– {_end_hour(end, zone)}"


def _end_hour(end: datetime | int, zone: str) -> str:
    if isinstance(end, datetime):
        wall = _wall(end, zone)
        return "minuit" if (wall.hour, wall.minute) == (0, 0) else heure_fr(end, zone)
    return heure_fr(end, zone)


def periode(start: datetime, end: datetime, zone: str = PARIS, *, year: bool = True) -> str:
    """« mardi 12 janvier 2027, 18 h – 20 h »; names both days when it passes midnight."""
    first, last = _wall(start, zone), _wall(end, zone)
    opening = f"{date_fr(first, zone, year=year)}, {heure_fr(first, zone)}"
    ends_at_midnight = (last.hour, last.minute) == (0, 0)
    last_day = last.date() - timedelta(days=1) if ends_at_midnight else last.date()
    if last_day == first.date():
        return f"{opening}{NBSP}– {_end_hour(end, zone)}"
    if ends_at_midnight:
        return f"{opening}{NBSP}– {date_fr(last_day, year=year)}, minuit"
    return f"{opening}{NBSP}– {date_fr(last_day, year=year)}, {heure_fr(last, zone)}"


def duree(value: timedelta | int) -> str:
    """« 1 h 30 », « 45 min », « 2 h », from a timedelta or minutes; rounded to the minute."""
    seconds = value.total_seconds() if isinstance(value, timedelta) else value * 60
    hours, minutes = divmod(round(seconds / 60), 60)
    if not hours:
        return f"{minutes}{NBSP}min"
    return f"{nombre(hours)}{NBSP}h{NBSP}{minutes:02d}" if minutes else f"{nombre(hours)}{NBSP}h"


def nombre(value: float, decimals: int | None = None) -> str:
    """1284.5 → « 1 284,5 »: thin spaces between thousands, a decimal comma.

    Without `decimals`, an int is written whole and a float with one decimal at most.
    """
    if decimals is None:
        decimals = 0 if float(value).is_integer() else 1
    text = f"{abs(value):,.{decimals}f}".replace(",", THIN).replace(".", ",")
    return f"−{text}" if value < 0 and text.strip("0," + THIN) else text


def pluriel(count: int, singular: str, plural: str | None = None) -> str:
    """« 1 salle », « 12 salles »; zero is singular in French."""
    word = singular if abs(count) < 2 else (plural or f"{singular}s")
    return f"{nombre(count)}{NBSP}{word}"


def distance_km(km: float) -> str:
    """0.84 → « 0,8 km »; whole kilometres from 100 on."""
    return f"{nombre(km, 0 if km >= 100 else 1)}{NBSP}km"
