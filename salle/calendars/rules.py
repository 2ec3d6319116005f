"""What a calendar covers, how much it may hold, and the kinds of secret addresses. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from salle.kernel.clock import day_start, local_day
from salle.kernel.enums import LabelledEnum
from salle.kernel.french import school_year, school_year_bounds

MAX_EVENTS = 10_000
"""Beyond, the oldest past events leave first, then the farthest ones to come."""
PAST = timedelta(days=31)
READ_GRAIN = timedelta(minutes=1)  # the last reading of an address is known to the minute
AHEAD = timedelta(days=731)  # nothing is booked farther (room.horizon_days)


@dataclass(frozen=True, kw_only=True)
class Window:
    """The instants a calendar covers. It moves with civil days only, so a version lasts."""

    first_day: date
    since: datetime
    recent: datetime
    until: datetime
    stamped: datetime

    @property
    def first_year(self) -> int:
        return self.first_day.year


def window(now: datetime) -> Window:
    """From the start of the school year, and from a month back at least, to the horizon.

    Days of Paris for everybody: a few hours more or less, a year away, take nothing from anyone.
    """
    today = local_day(now)
    year_start, _ = school_year_bounds(school_year(today))
    first = min(year_start, today - PAST)
    return Window(
        first_day=first,
        since=day_start(first),
        recent=day_start(today - PAST),
        until=day_start(today + AHEAD),
        stamped=day_start(year_start),
    )


class AddressKind(LabelledEnum):
    """What a secret address gives to read."""

    ORGANISATION = "organisation", "réservations de l’association"
    SITE = "site", "réservations du collège"
    CARETAKER = "caretaker", "ouvertures et fermetures"
