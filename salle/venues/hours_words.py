"""Opening rules as people read them: the same hours on several days are one line."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from salle.kernel.words import WEEKDAYS, date_fr, heures
from salle.venues.hours import Hours, hours_of
from salle.venues.models import OpeningRule
from salle.venues.rules import Period

NBSP = "\u00a0"
SHORTEST_RUN = 3  # days in a row that are told by their first and last
WHOLE_DAY = 24 * 60
PERIODS = tuple(Period)


@dataclass(frozen=True, kw_only=True)
class Told:
    """Rules that differ by their weekday only."""

    ids: tuple[uuid.UUID, ...]
    room_id: uuid.UUID | None
    hours: Hours
    weekdays: tuple[int, ...]

    @property
    def period(self) -> Period:
        return self.hours.period

    @property
    def days(self) -> str:
        return days_words(self.weekdays)

    @property
    def clock(self) -> str:
        return hours_words(self.hours.opens, self.hours.closes)

    @property
    def dates(self) -> str:
        return dates_words(self.hours.first, self.hours.last)

    def is_past(self, today: date) -> bool:
        return self.hours.last is not None and self.hours.last < today


def tell(rules: Iterable[OpeningRule]) -> list[Told]:
    """These rules by period, then by their dates and hours."""
    groups: dict[tuple[uuid.UUID | None, Hours, str], list[tuple[int, uuid.UUID]]] = {}
    for rule in rules:
        hours = hours_of(rule)
        common = Hours(
            period=hours.period,
            opens=hours.opens,
            closes=hours.closes,
            first=hours.first,
            last=hours.last,
            reason=hours.reason,
        )
        key = (rule.room_id, common, hours.reason)
        groups.setdefault(key, []).append((hours.weekday or 0, rule.id))
    told = [
        Told(
            ids=tuple(id_ for _, id_ in sorted(found, key=lambda one: one[0])),
            room_id=room_id,
            hours=hours,
            weekdays=_weekdays(day for day, _ in found),
        )
        for (room_id, hours, _), found in groups.items()
    ]
    return sorted(told, key=_order)


def days_words(weekdays: Sequence[int]) -> str:
    """« du lundi au vendredi », « mercredi et samedi », « tous les jours »."""
    if not weekdays or len(weekdays) == len(WEEKDAYS):
        return "tous les jours"
    names = [WEEKDAYS[day - 1] for day in weekdays]
    if len(names) >= SHORTEST_RUN and weekdays[-1] - weekdays[0] == len(names) - 1:
        return f"du {names[0]} au {names[-1]}"
    return " et ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def hours_words(opens: int, closes: int) -> str:
    """« 18 h – 22 h », « 18 h – 2 h le lendemain », « toute la journée »."""
    if (opens, closes) == (0, WHOLE_DAY):
        return "toute la journée"
    return heures(opens, closes) + (" le lendemain" if closes > WHOLE_DAY else "")


def dates_words(first: date | None, last: date | None) -> str:
    """« le mardi 24 novembre 2026 », « du … au … », « à partir du … », « toujours »."""
    if first and last:
        return (
            f"le {date_fr(first)}" if first == last else f"du {date_fr(first)} au {date_fr(last)}"
        )
    if first:
        return f"à partir du {date_fr(first)}"
    return f"jusqu’au {date_fr(last)}" if last else "toujours"


def one_line(hours: Hours) -> str:
    """« jours de classe, mardi, 18 h – 20 h »: what a message says of a rule."""
    day = days_words([hours.weekday] if hours.weekday else [])
    return f"{hours.period.label}, {day}, {hours_words(hours.opens, hours.closes)}"


def _weekdays(days: Iterable[int]) -> tuple[int, ...]:
    known = sorted(set(days))
    return () if 0 in known else tuple(known)


def _order(told: Told) -> tuple[object, ...]:
    hours = told.hours
    far = date.max - timedelta(days=1)
    return (
        PERIODS.index(hours.period),
        hours.first or date.min,
        told.weekdays,
        hours.opens,
        hours.closes,
        hours.last or far,
        str(told.ids[0]),
    )
