"""What a use costs: pure, from a dated tariff and a duration."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from salle.kernel.money import format_euros, share
from salle.payments.rules import Audience

NBSP = "\u00a0"


@dataclass(frozen=True, kw_only=True)
class TariffFacts:
    """The tariff that applies: amounts in cents an hour, and the vote they come from."""

    tariff_id: uuid.UUID
    audience: Audience
    hourly_cents: int
    full_hourly_cents: int
    decision: str


@dataclass(frozen=True, kw_only=True)
class Price:
    """What is asked, what the use is worth without reduction (cents), and the rule in French."""

    price_cents: int
    full_value_cents: int
    rule: str
    tariff_id: uuid.UUID


def price_of(tariff: TariffFacts, starts_at: datetime, ends_at: datetime) -> Price:
    """Hourly price × elapsed time, rounded half up to a cent.

    Elapsed time is counted between the two instants: the hour that a clock change takes away
    or gives back is real time.
    """
    minutes = (ends_at - starts_at) // timedelta(minutes=1)
    return Price(
        price_cents=share(tariff.hourly_cents, minutes, 60),
        full_value_cents=share(tariff.full_hourly_cents, minutes, 60),
        rule=_rule(tariff, minutes),
        tariff_id=tariff.tariff_id,
    )


def format_duration(minutes: int) -> str:
    """« 2 h », « 1 h 30 », « 45 min »."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest}{NBSP}min"
    return f"{hours}{NBSP}h{NBSP}{rest:02d}" if rest else f"{hours}{NBSP}h"


def _rule(tariff: TariffFacts, minutes: int) -> str:
    whom = "tarif association" if tariff.audience == Audience.ASSOCIATION else "tarif tout public"
    if tariff.hourly_cents == 0:
        amount = "gratuit"
    else:
        amount = f"{format_euros(tariff.hourly_cents)} de l’heure"
    return f"{format_duration(minutes)}, {amount}, {whom} ({tariff.decision})"
