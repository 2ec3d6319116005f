"""When nothing is free: the nearest questions that have an answer, with how many rooms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from salle.kernel.words import date_fr, duree, heures
from salle.venues.forms import RADII, SearchForm, Slot, clock
from salle.venues.moments import DURATIONS, Moment
from salle.venues.search import Criteria, count_rooms

DAYS_TRIED = 7
SHIFTS = (-60, 60, -120, 120, -180, 180)  # minutes
FIRST_HOUR, LAST_HOUR = 7 * 60, 24 * 60
ENOUGH = 3


@dataclass(frozen=True, kw_only=True)
class Relaxation:
    """Another question: what changes in the address (None: left out), and what it gives."""

    label: str
    changes: Mapping[str, str | None]
    count: int = 0


# (group, how many of it at most), the nearest to what was asked first.
_GROUPS = {"hours": ENOUGH, "length": 1, "moment": 1, "days": ENOUGH, "wider": 1, "without": 9}
_Tried = tuple[str, Relaxation, Criteria]


def list_relaxations(
    criteria: Criteria, form: SearchForm, *, near: bool, now: datetime
) -> list[Relaxation]:
    """What would work instead; one statement counts for all."""
    tried = [
        *_times(criteria, form, now),
        *(_wider(criteria) if near else ()),
        *_without(criteria),
    ]
    counts = count_rooms([asked for _, _, asked in tried], now=now)
    left = dict(_GROUPS)
    kept: list[tuple[str, Relaxation]] = []
    for (group, one, _), count in zip(tried, counts, strict=True):
        if count and left[group]:
            left[group] -= 1
            kept.append((group, replace(one, count=count)))
    order = list(_GROUPS)
    kept.sort(key=lambda item: order.index(item[0]))
    hours = [one for group, one in kept if group == "hours"]
    hours.sort(key=lambda one: one.changes["de"] or "")
    return hours + [one for group, one in kept if group != "hours"]


def _times(criteria: Criteria, form: SearchForm, now: datetime) -> Iterator[_Tried]:
    slot = form.slot
    if slot is None:
        return
    for other in _hours(slot) if criteria.lasting is None else ():
        one = Relaxation(
            label=f"Le même jour, {heures(other.start, other.end)}",
            changes={"de": clock(other.start), "a": clock(other.end)},
        )
        yield from _at(other, "hours", one, criteria, form, now)
    yield from _shorter(criteria)
    yield from _any_time(criteria, form, slot, now)
    for number in range(1, DAYS_TRIED + 1):
        other = replace(slot, day=slot.day + timedelta(days=number))
        when = "aux mêmes heures" if criteria.lasting is None else "au même moment"
        one = Relaxation(
            label=f"{date_fr(other.day, year=False).capitalize()}, {when}",
            changes={"jour": other.day.isoformat()},
        )
        yield from _at(other, "days", one, criteria, form, now)


def _at(
    slot: Slot, group: str, one: Relaxation, criteria: Criteria, form: SearchForm, now: datetime
) -> Iterator[_Tried]:
    """The same question at another time, unless that time is past or does not exist."""
    starts_at, ends_at = slot.instants(form.zone)
    if now <= starts_at < ends_at:
        yield group, one, replace(criteria, starts_at=starts_at, ends_at=ends_at)


def _hours(slot: Slot) -> Iterator[Slot]:
    """As long on the same day, the nearest hours first."""
    for shift in SHIFTS:
        start, end = slot.start + shift, slot.end + shift
        if start >= FIRST_HOUR and end <= LAST_HOUR:
            yield replace(slot, start=start, end=end)


def _shorter(criteria: Criteria) -> Iterator[_Tried]:
    """Less long in the same part of the day."""
    if criteria.lasting is None:
        return
    wanted = criteria.lasting // timedelta(minutes=1)
    for minutes in sorted(DURATIONS, reverse=True):
        if minutes < wanted:
            one = Relaxation(label=f"{duree(minutes)} seulement", changes={"duree": str(minutes)})
            yield "length", one, replace(criteria, lasting=timedelta(minutes=minutes))


def _any_time(criteria: Criteria, form: SearchForm, slot: Slot, now: datetime) -> Iterator[_Tried]:
    """As long, at any time of that day."""
    minutes = slot.end - slot.start
    if criteria.lasting is not None:
        minutes = criteria.lasting // timedelta(minutes=1)
    if minutes not in DURATIONS or form.moment.data == Moment.DAY:
        return
    day = replace(slot, start=FIRST_HOUR, end=LAST_HOUR)
    starts_at, ends_at = day.instants(form.zone)
    starts_at = max(starts_at, now)
    lasting = timedelta(minutes=minutes)
    if ends_at - starts_at >= lasting:
        one = Relaxation(
            label=f"{duree(minutes)} à n’importe quelle heure ce jour-là",
            changes={"moment": Moment.DAY.value, "duree": str(minutes)},
        )
        asked = replace(criteria, starts_at=starts_at, ends_at=ends_at, lasting=lasting)
        yield "moment", one, asked


def _wider(criteria: Criteria) -> Iterator[_Tried]:
    for radius in RADII:
        if float(radius) > criteria.radius_km:
            one = Relaxation(label=f"Jusqu’à {radius}\u00a0km", changes={"rayon": radius})
            yield "wider", one, replace(criteria, radius_km=float(radius))


def _without(criteria: Criteria) -> Iterator[_Tried]:
    """Each condition left out in turn; never what a person in a wheelchair needs."""
    if criteria.max_price_cents is not None:
        one = Relaxation(label="Sans limite de prix", changes={"prix": None})
        yield "without", one, replace(criteria, max_price_cents=None)
    if criteria.kind is not None:
        one = Relaxation(label="Dans n’importe quelle salle", changes={"kind": None})
        yield "without", one, replace(criteria, kind=None)
    if criteria.equipment:
        one = Relaxation(label="Sans l’équipement demandé", changes={"equipement": None})
        yield "without", one, replace(criteria, equipment=())
    if criteria.q:
        one = Relaxation(label=f"Sans les mots «\u00a0{criteria.q}\u00a0»", changes={"q": None})
        yield "without", one, replace(criteria, q=None)
    if criteria.min_capacity:
        one = Relaxation(label="Quelle que soit la taille de la salle", changes={"combien": None})
        yield "without", one, replace(criteria, min_capacity=0)
