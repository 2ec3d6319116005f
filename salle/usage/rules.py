"""The period an indicator covers, and which dates count as use. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from salle.bookings.rules import DateState
from salle.kernel.clock import day_span
from salle.kernel.errors import Invalid
from salle.kernel.french import school_year, school_year_bounds

# Dates of a booking that are use of the room. Holds, requests, refusals, cancellations,
# expiries and wishes not obtained are not.
COUNTED_STATES = frozenset({DateState.CONFIRMED})
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 12, 31)
MAX_DAYS = 5 * 366
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Days:
    """Civil days, both included."""

    first: date
    last: date

    def span(self, zone_name: str) -> tuple[datetime, datetime]:
        """The instants that bound them in that zone, half-open."""
        return day_span(self.first, self.last, zone_name)

    def clipped(self, from_day: date | None, to_day: date | None) -> Days | None:
        """The part from `from_day` on and before `to_day`; None when nothing is left."""
        first = max(self.first, from_day or self.first)
        last = self.last
        if to_day is not None and to_day <= last:
            last = date.fromordinal(to_day.toordinal() - 1)
        return Days(first=first, last=last) if first <= last else None


def read_days(
    first: str | None, last: str | None, *, today: date, names: tuple[str, str] = ("from", "to")
) -> Days:
    """The period asked for; what is left out is completed to the school year. Invalid."""
    start, end = _read(first, names[0]), _read(last, names[1])
    if start is None:
        start = school_year_bounds(school_year(end or today))[0]
    if end is None:
        end = school_year_bounds(school_year(start if first else today))[1]
    if end < start:
        sentence = "La période finit avant d’avoir commencé : inversez les deux jours."
        raise Invalid(sentence, errors={names[1]: sentence})
    if (end - start).days >= MAX_DAYS:
        sentence = "La période dépasse cinq ans : choisissez-en une plus courte."
        raise Invalid(sentence, errors={names[1]: sentence})
    return Days(first=start, last=end)


def _read(text: str | None, name: str) -> date | None:
    if text is None or not text.strip():
        return None
    try:
        day = date.fromisoformat(text.strip()) if _DAY.fullmatch(text.strip()) else None
    except ValueError:
        day = None
    if day is None or not EARLIEST <= day <= LATEST:
        sentence = "Indiquez un jour entre 2000 et 2100, écrit comme 2027-01-12."
        raise Invalid(sentence, errors={name: sentence})
    return day
