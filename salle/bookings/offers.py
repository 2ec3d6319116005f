"""What a request for one date, or for every week until a day, would get: date by date.

Quotes and creations ask the same question here; a creation asks it with the spaces locked.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from salle.kernel.clock import local_day
from salle.kernel.errors import DomainError, Invalid
from salle.organisations.models import Organisation, OrganisationKind
from salle.payments.pricing import Price, price_of
from salle.payments.queries import TariffBook, read_tariffs
from salle.payments.rules import Audience
from salle.venues.asking import RoomRules, check_times, earliest, room_rules
from salle.venues.availability import Interval, refusal, slots_state
from salle.venues.models import Room
from salle.venues.queries import school_holiday_days
from salle.venues.series import weekly_slots

Check = Callable[[date], None]
"""Raises the DomainError that refuses a use ending on that civil day."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A room and when, whoever asks. Instants are UTC, half-open.

    With `weekly_until` (a civil day of the site, included) the slot is wanted every week at the
    same wall-clock hours, but for the days of school holidays when `skip_school_holidays`.
    `skip_refused` keeps the dates that cannot be had as wishes instead of refusing all.
    """

    room_id: uuid.UUID
    starts_at: datetime
    ends_at: datetime
    weekly_until: date | None = None
    skip_school_holidays: bool = False
    skip_refused: bool = False


@dataclass(frozen=True, kw_only=True)
class Request(Wanted):
    """What an organisation asks for."""

    organisation_id: uuid.UUID
    purpose: str
    headcount: int
    idempotency_key: str | None = None


@dataclass(frozen=True, kw_only=True)
class DateOffer:
    """One date wanted: its price, or why it cannot be had (with its price when it is known)."""

    slot: Interval
    price: Price | None
    refused: DomainError | None

    @property
    def granted(self) -> Price:
        """The price of a date that can be had."""
        if self.price is None or self.refused is not None:
            raise ValueError("this date is refused")
        return self.price


@dataclass(frozen=True, kw_only=True)
class Total:
    """What a booking costs, and is worth without reduction (cents), and the rule in French."""

    price_cents: int
    full_value_cents: int
    rule: str


def audience_of(organisation: Organisation | None) -> Audience:
    """The tariff group of an organisation; an unknown requester is an association."""
    if organisation is None or organisation.kind == OrganisationKind.ASSOCIATION:
        return Audience.ASSOCIATION
    return Audience.EVERYONE


def wanted_slots(room: Room, wanted: Wanted) -> list[Interval]:
    """The dates asked for, in order; never empty. Raises Invalid."""
    if wanted.weekly_until is None:
        return [Interval(wanted.starts_at, wanted.ends_at)]
    site, until = room.site, wanted.weekly_until
    skipped = set()
    if wanted.skip_school_holidays:
        first = local_day(wanted.starts_at, site.time_zone)
        skipped = school_holiday_days(site, first, until)
    slots = weekly_slots(
        starts_at=wanted.starts_at,
        ends_at=wanted.ends_at,
        until=until,
        zone_name=site.time_zone,
        skip=skipped,
    )
    if not slots:
        raise Invalid(
            "Toutes ces dates tombent pendant les vacances scolaires.",
            errors={"weekly_until": "Aucune date hors vacances."},
        )
    return slots


def offer_dates(
    *,
    room: Room,
    audience: Audience,
    slots: Sequence[Interval],
    now: datetime,
    check: Check | None = None,
) -> list[DateOffer]:
    """Each date with its price or its refusal: times, tariff, `check`, then openings and uses.

    Two statements for any number of dates, and a few more for each refused one.
    """
    zone = room.site.time_zone
    rules = room_rules(room)
    tariffs = read_tariffs(room.id, audience)
    prices: list[Price | None] = []
    errors: list[DomainError | None] = []
    for slot in slots:
        price, error = _price(rules, tariffs, slot, now)
        if error is None and check is not None:
            error = _caught(check, local_day(slot.end, zone))
        prices.append(price)
        errors.append(error)
    asked = [slot for slot, error in zip(slots, errors, strict=True) if error is None]
    taken = {
        slot: refusal(room, slot.start, slot.end, after=earliest(room, now))
        for slot, (_, free) in zip(asked, slots_state(room, asked), strict=True)
        if not free
    }
    return [
        DateOffer(slot=slot, price=price, refused=error or taken.get(slot))
        for slot, price, error in zip(slots, prices, errors, strict=True)
    ]


def _price(
    rules: RoomRules, tariffs: TariffBook, slot: Interval, now: datetime
) -> tuple[Price | None, DomainError | None]:
    try:
        check_times(rules, slot.start, slot.end, now)
        tariff = tariffs.get(local_day(slot.start, rules.time_zone))
    except DomainError as error:
        return None, error
    return price_of(tariff, slot.start, slot.end), None


def _caught(check: Check, day: date) -> DomainError | None:
    try:
        check(day)
    except DomainError as error:
        return error
    return None


def total_of(prices: Sequence[Price]) -> Total:
    """The sum of several dates: « 12 dates : 2 h, 12,50 € de l’heure, tarif association »."""
    rules: dict[str, int] = {}
    for price in prices:
        rules[price.rule] = rules.get(price.rule, 0) + 1
    several = len(prices) > 1
    return Total(
        price_cents=sum(price.price_cents for price in prices),
        full_value_cents=sum(price.full_value_cents for price in prices),
        rule=" ; ".join(
            f"{count} {'dates' if count > 1 else 'date'} de {rule}" if several else rule
            for rule, count in rules.items()
        ),
    )
