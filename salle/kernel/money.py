"""Integer euro cents: the only representation of money."""

from __future__ import annotations

NBSP = "\u00a0"


def format_euros(cents: int) -> str:
    """« 1 234,50 € » with non-breaking spaces; a minus sign for negative amounts."""
    euros, rest = divmod(abs(cents), 100)
    grouped = f"{euros:,}".replace(",", "\u202f")
    sign = "−" if cents < 0 else ""
    return f"{sign}{grouped},{rest:02d}{NBSP}€"


def share(cents: int, numerator: int, denominator: int) -> int:
    """cents × numerator / denominator rounded half up to a whole cent (cents ≥ 0)."""
    if cents < 0 or numerator < 0 or denominator <= 0:
        raise ValueError("share() takes a non-negative amount and ratio")
    return (2 * cents * numerator + denominator) // (2 * denominator)
