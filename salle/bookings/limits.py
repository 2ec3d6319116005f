"""Limits that several bookings share: people in a building, hours of an organisation.

Each is a sum over rows of other rooms, which the locks of this room's spaces do not protect:
the site's row, then the organisation's, are locked before they are counted (order of locks:
spaces, site, organisation, booking, payment, doors). A site without maximum and an
organisation without quota lock nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import sqlalchemy as sa

from salle.bookings.models import Booking, BookingDate
from salle.bookings.quotas import QuotaPeriod, bounds, bounds_words
from salle.bookings.rules import DateState
from salle.db import db
from salle.kernel.clock import local_day
from salle.kernel.words import date_fr, duree, periode, pluriel
from salle.organisations.models import Organisation
from salle.venues.asking import Refused, set_by, with_article
from salle.venues.availability import Interval, utc_days
from salle.venues.models import Room, Site, Space
from salle.venues.occupations import Occupation

DAY = timedelta(days=1)
# Dates that use no hours; all the others count, whatever state is added later.
NOT_COUNTED = frozenset(
    {DateState.REFUSED, DateState.CANCELLED, DateState.EXPIRED, DateState.SKIPPED}
)


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One quota that holds for the request. `owner` begins a sentence."""

    owner: str
    period: QuotaPeriod
    minutes: int
    whole_territory: bool
    named: bool


@dataclass(kw_only=True)
class Limits:
    """What is allowed, and what is already taken of it; `None` people = no maximum."""

    set_by: str
    zone: str
    max_people: int | None
    quotas: list[Limit]
    present: list[tuple[Interval, int]] = field(default_factory=list)
    # (whether at this site, civil day there) → minutes
    used: dict[tuple[bool, date], int] = field(default_factory=dict)


def review_limits(
    *,
    room: Room,
    organisation_id: uuid.UUID,
    headcount: int,
    slots: Sequence[Interval],
    leaving: Sequence[uuid.UUID] = (),
) -> list[Refused | None]:
    """For each date, in order, why it does not fit; a date that fits counts for those after it.

    Locks the site and the organisation when they have limits: call it after lock_spaces() and
    before any booking is locked, in the transaction that writes the dates. `leaving`: bookings
    that this transaction ends, no longer counted.
    """
    limits = _allowed(room, organisation_id)
    if limits.max_people is not None:
        limits.max_people = lock_building(room.site_id)
        limits.present = _present(room.site_id, slots, leaving)
    if limits.quotas:
        _lock_organisation(organisation_id)
        limits.used = _used(room, organisation_id, limits.quotas, slots, leaving)
    found: list[Refused | None] = []
    for slot in slots:
        error = _people(limits, slot, headcount) or _hours(limits, slot)
        found.append(error)
        if error is None:
            limits.present.append((slot, headcount))
            key = True, local_day(slot.start, limits.zone)
            limits.used[key] = limits.used.get(key, 0) + _minutes(slot)
    return found


def lock_limits(room: Room, organisation_id: uuid.UUID) -> None:
    """Take the locks of review_limits() before any booking is locked."""
    limits = _allowed(room, organisation_id)
    if limits.max_people is not None:
        lock_building(room.site_id)
    if limits.quotas:
        _lock_organisation(organisation_id)


def lock_building(site_id: uuid.UUID) -> int | None:
    """Lock the site until the end of the transaction if it has a maximum of people; which."""
    return db.session.scalar(
        sa.select(Site.max_people)
        .where(Site.id == site_id, Site.max_people.is_not(None))
        .with_for_update(key_share=True)
    )


def fits_building(site: Site, headcount: int, slots: Sequence[Interval]) -> bool:
    """Whether that many people may still come; the site is locked by lock_building() before."""
    limits = Limits(
        set_by=set_by(site),
        zone=site.time_zone,
        max_people=db.session.scalar(sa.select(Site.max_people).where(Site.id == site.id)),
        quotas=[],
    )
    if limits.max_people is None:
        return True
    limits.present = _present(site.id, slots, ())
    return all(_people(limits, slot, headcount) is None for slot in slots)


def peak(present: Iterable[tuple[Interval, int]], slot: Interval) -> int:
    """The most people present at one instant of the slot."""
    inside = [(use, n) for use, n in present if use.start < slot.end and slot.start < use.end]
    instants = {slot.start, *(use.start for use, _ in inside if use.start > slot.start)}
    return max(sum(n for use, n in inside if use.start <= at < use.end) for at in instants)


def _lock_organisation(organisation_id: uuid.UUID) -> None:
    db.session.execute(
        sa.select(Organisation.id)
        .where(Organisation.id == organisation_id)
        .with_for_update(key_share=True)
    )


# A quota that names the organisation comes last, and replaces the default.
_ALLOWED = sa.text("""
SELECT s.max_people, t.name, q.site_id, q.organisation_id, q.period, q.hours
  FROM site s JOIN territory t ON t.id = s.territory_id
  LEFT JOIN quota q ON q.territory_id = s.territory_id
       AND (q.site_id IS NULL OR q.site_id = s.id)
       AND (q.organisation_id IS NULL OR q.organisation_id = :organisation)
 WHERE s.id = :site
 ORDER BY q.organisation_id IS NOT NULL, q.site_id IS NULL, q.period
""")


def _allowed(room: Room, organisation_id: uuid.UUID) -> Limits:
    """In one statement: most sites and organisations have no limit at all."""
    rows = db.session.execute(
        _ALLOWED, {"site": room.site_id, "organisation": organisation_id}
    ).all()
    chosen = {
        (row.site_id, row.period): Limit(
            owner=with_article(row.name) if row.site_id is None else set_by(room.site),
            period=QuotaPeriod(row.period),
            minutes=row.hours * 60,
            whole_territory=row.site_id is None,
            named=row.organisation_id is not None,
        )
        for row in rows
        if row.hours is not None
    }
    return Limits(
        set_by=set_by(room.site),
        zone=room.site.time_zone,
        max_people=rows[0].max_people if rows else None,
        quotas=list(chosen.values()),
    )


def _present(
    site_id: uuid.UUID, slots: Sequence[Interval], leaving: Sequence[uuid.UUID]
) -> list[tuple[Interval, int]]:
    """Who is expected in the building on those days: each use once, whatever it occupies."""
    days = sorted({day for slot in slots for day in utc_days(slot.start, slot.end)})
    rows = db.session.execute(
        sa.select(BookingDate.id, Occupation.starts_at, Occupation.ends_at, Booking.headcount)
        .select_from(Space)
        .join(Occupation, Occupation.space_id == Space.id)
        .join(BookingDate, BookingDate.id == Occupation.booking_date_id)
        .join(Booking, Booking.id == BookingDate.booking_id)
        .where(
            Space.site_id == site_id,
            Occupation.active,
            Occupation.utc_day.in_(days),
            Booking.id.not_in(leaving),
        )
        .distinct()
    )
    return [(Interval(starts_at, ends_at), count) for _, starts_at, ends_at, count in rows]


def _used(
    room: Room,
    organisation_id: uuid.UUID,
    quotas: Sequence[Limit],
    slots: Sequence[Interval],
    leaving: Sequence[uuid.UUID],
) -> dict[tuple[bool, date], int]:
    """Minutes of the organisation's counted uses, in the periods that these dates touch."""
    zone = room.site.time_zone
    days = [
        day
        for quota in quotas
        for slot in slots
        for day in bounds(quota.period, local_day(slot.start, zone))
    ]
    if not days:
        return {}
    here = (Site.id == room.site_id).label("here")
    day = sa.cast(sa.func.timezone(Site.time_zone, BookingDate.starts_at), sa.Date)
    length = sa.func.extract("epoch", BookingDate.ends_at - BookingDate.starts_at)
    rows = db.session.execute(
        sa.select(here, day, sa.func.sum(length))
        .select_from(Booking)
        .join(BookingDate, BookingDate.booking_id == Booking.id)
        .join(Room, Room.id == Booking.room_id)
        .join(Site, Site.id == Room.site_id)
        .where(
            Booking.organisation_id == organisation_id,
            Site.territory_id == room.territory_id,
            BookingDate.state.not_in(NOT_COUNTED),
            BookingDate.starts_at >= min(days) - DAY,  # civil days of any zone: a day around
            BookingDate.starts_at < max(days) + 2 * DAY,
            Booking.id.not_in(leaving),
        )
        .group_by(here, day)
    )
    return {(at_site, on): round(seconds / 60) for at_site, on, seconds in rows}


def _people(limits: Limits, slot: Interval, headcount: int) -> Refused | None:
    if limits.max_people is None:
        return None
    expected = peak(limits.present, slot)
    left = limits.max_people - expected
    if headcount <= left:
        return None
    when = periode(slot.start, slot.end, limits.zone)
    works = f"Venez à {left} au plus, ou choisissez" if left > 0 else "Choisissez"
    already = f"{expected} y sont déjà attendues {when}, et v" if expected else "V"
    return Refused(
        f"{limits.set_by} accueille {pluriel(limits.max_people, 'personne')} au plus en même temps "
        f"dans tout le bâtiment, pour la sécurité incendie. {already}ous en annoncez {headcount}. "
        f"{works} un autre créneau.",
        code="too_many_people",
        errors={
            "headcount": f"{left} au plus à ces heures." if left > 0 else "Complet à ces heures."
        },
    )


def _hours(limits: Limits, slot: Interval) -> Refused | None:
    for quota in limits.quotas:
        error = _quota(limits, quota, slot)
        if error is not None:
            return error
    return None


def _quota(limits: Limits, quota: Limit, slot: Interval) -> Refused | None:
    day = local_day(slot.start, limits.zone)
    first, last = bounds(quota.period, day)
    minutes = [
        count
        for (here, on), count in limits.used.items()
        if first <= on <= last and (here or quota.whole_territory)
    ]
    used, asked = sum(minutes), _minutes(slot)
    left = max(quota.minutes - used, 0)
    if asked <= left:
        return None
    return Refused(_quota_words(quota, used, asked, left, slot, limits.zone), code="quota_exceeded")


def _quota_words(quota: Limit, used: int, asked: int, left: int, slot: Interval, zone: str) -> str:
    day = local_day(slot.start, zone)
    where = "dans les salles du territoire" if quota.whole_territory else "dans ses salles"
    whom = "votre association" if quota.named else "chaque association"
    _, last = bounds(quota.period, day)
    works = f"choisissez une date après le {date_fr(last)}, ou annulez une réservation"
    if left:
        works = f"raccourcissez votre créneau, {works}"
    return (
        f"{quota.owner} accorde {duree(quota.minutes)} {quota.period.label} à {whom}, {where}. "
        f"Vous en avez déjà pris {duree(used)} {bounds_words(quota.period, day)}, et "
        f"le {date_fr(day, year=False)} en demande {duree(asked)}. "
        f"Il vous reste {duree(left)}\u00a0: {works}."
    )


def _minutes(use: Interval) -> int:
    return round(use.length.total_seconds() / 60)
