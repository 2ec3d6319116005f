"""An hourly price as it was voted: what a use costs, and the sentence that says why. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from salle.kernel.money import format_euros, share
from salle.kernel.words import duree

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Cents an hour, the value without reduction, for whom, and the vote they come from."""

    hourly_cents: int
    full_hourly_cents: int
    audience: str
    decision: str


def cost(hourly_cents: int, length: timedelta) -> int:
    """Hourly price × elapsed time in whole minutes, rounded half up to a cent.

    Elapsed time is counted between two instants: the hour that a clock change takes away or
    gives back is real time. The search says the same in SQL (salle/venues/search.py).
    """
    return share(hourly_cents, length // MINUTE, 60)


def rate_words(rate: Rate, length: timedelta) -> str:
    """« 2 h, 12,50 € de l’heure, tarif association (vote) »."""
    amount = f"{format_euros(rate.hourly_cents)} de l’heure" if rate.hourly_cents else "gratuit"
    return f"{duree(length)}, {amount}, tarif {rate.audience} ({rate.decision})"
