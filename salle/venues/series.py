"""The dates of a weekly use: the same hours on the wall clock, one day or several a week. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date, datetime, timedelta

from salle.kernel.clock import from_wall, to_wall
from salle.kernel.errors import Invalid
from salle.venues.free import Interval

DAY = timedelta(days=1)
MAX_WEEKS = 60
MAX_LENGTH = timedelta(hours=24)


def weekly_slots(
    *,
    starts_at: datetime,
    ends_at: datetime,
    until: date,
    zone_name: str,
    skip: Collection[date] | Callable[[date], bool] = (),
    weekdays: Collection[int] = (),
) -> list[Interval]:
    """The slots of a season, in order, from the first one to the civil day `until` included.

    19 h stays 19 h when the clocks change: both ends are moved on the wall clock of the zone.
    `weekdays` (ISO, 1 = Monday): the first slot's own when none is given. `skip` holds civil
    days that are not wanted, the first one included. A slot belongs to the civil day on which
    it starts; one whose hours do not exist that night is left out. Raises Invalid.
    """
    first, last = (to_wall(end, zone_name).replace(tzinfo=None) for end in (starts_at, ends_at))
    if ends_at <= starts_at:
        raise _invalid("end", "La fin doit venir après le début.")
    _check(first, last, until, weekdays)
    wanted = set(weekdays) or {first.isoweekday()}
    unwanted = skip if callable(skip) else frozenset(skip).__contains__
    slots = []
    for offset in range((until - first.date()).days + 1):
        moved = offset * DAY
        day = first.date() + moved
        if day.isoweekday() not in wanted or unwanted(day):
            continue
        slot = Interval(from_wall(first + moved, zone_name), from_wall(last + moved, zone_name))
        if not offset:
            slot = Interval(starts_at, ends_at)  # the hour that happens twice, as it was asked
        if slot.start < slot.end:
            slots.append(slot)
    return slots


def _check(first: datetime, last: datetime, until: date, weekdays: Collection[int]) -> None:
    if last - first > MAX_LENGTH:
        raise _invalid("end", "Un créneau dure 24 heures au plus.")
    if until < first.date():
        raise _invalid("weekly_until", "La dernière date vient avant la première.")
    if until - first.date() > MAX_WEEKS * 7 * DAY:
        raise _invalid("weekly_until", f"Une saison dure {MAX_WEEKS} semaines au plus.")
    if any(day not in range(1, 8) for day in weekdays):
        raise _invalid("weekdays", "Un jour de la semaine va de 1 (lundi) à 7 (dimanche).")


def _invalid(field: str, sentence: str) -> Invalid:
    return Invalid(sentence, errors={field: sentence})
