"""What a use costs: pure, from a dated tariff and two instants."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from salle.kernel.rates import Rate, cost, rate_words


@dataclass(frozen=True, kw_only=True)
class TariffFacts(Rate):
    """The tariff that applies, and its row."""

    tariff_id: uuid.UUID


@dataclass(frozen=True, kw_only=True)
class Price:
    """What is asked, what the use is worth without reduction (cents), and the rule in French."""

    price_cents: int
    full_value_cents: int
    rule: str
    tariff_id: uuid.UUID


def price_of(tariff: TariffFacts, starts_at: datetime, ends_at: datetime) -> Price:
    """The price of one use under that tariff."""
    length = ends_at - starts_at
    return Price(
        price_cents=cost(tariff.hourly_cents, length),
        full_value_cents=cost(tariff.full_hourly_cents, length),
        rule=rate_words(tariff, length),
        tariff_id=tariff.tariff_id,
    )
