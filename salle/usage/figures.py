"""A figure with its definition and its provenance, written with the exactness it is known with.

Pure. Money is integer cents, rates are Decimal or Fraction: no float anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from salle.kernel.enums import LabelledEnum
from salle.kernel.money import NBSP, format_euros
from salle.kernel.words import THIN

UNKNOWN = "non communiqué"
CENTS = "EUR_cents"
PERCENT = "%"
EURO = 100
THOUSAND = 1_000 * EURO
TENTH_MILLION = 100_000 * EURO
MILLION = 1_000_000 * EURO


class Exactness(LabelledEnum):
    """How exactly a value is known; the code is the API's, the label a person's."""

    EXACT = "exact", "exact"
    TO_THE_MILLION = "rounded_to_million", "arrondi au million"
    TO_THE_TENTH_MILLION = "rounded_to_tenth_million", "arrondi au dixième de million"
    TO_THE_THOUSAND = "rounded_to_thousand", "arrondi au millier"
    TO_THE_EURO = "rounded_to_euro", "arrondi à l’euro"
    TO_THE_TENTH = "rounded_to_tenth", "arrondi au dixième"
    MORE_THAN = "more_than", "minimum"
    FORECAST = "forecast", "prévision"
    NOT_DISCLOSED = "not_disclosed", UNKNOWN


STEPS = {
    Exactness.TO_THE_MILLION: MILLION,
    Exactness.TO_THE_TENTH_MILLION: TENTH_MILLION,
    Exactness.TO_THE_THOUSAND: THOUSAND,
    Exactness.TO_THE_EURO: EURO,
}


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure. `value` None = unknown, never 0; `display` is what a person reads.

    `records` are the codes of the records it rests on; `source` says the same in words where
    there is no such record. `past` and `upcoming` split a value at the present instant.
    """

    key: str
    label: str
    value: int | Decimal | str | None
    unit: str
    display: str
    definition: str
    record_count: int
    records: tuple[str, ...] = ()
    source: str = ""
    exactness: Exactness = Exactness.EXACT
    calculated: bool = False
    past: int | Decimal | None = None
    upcoming: int | Decimal | None = None

    @property
    def provenance(self) -> str:
        """The codes of its records, or the words of its source."""
        return ", ".join(self.records) or self.source


def half_up(value: Fraction, step: int = 1) -> int:
    """The multiple of `step` nearest to the value; a half goes away from zero."""
    scaled = abs(value) / step
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return (whole if value >= 0 else -whole) * step


def to_decimal(value: Fraction, places: int) -> Decimal:
    """The value with that many decimals, a half going away from zero."""
    return Decimal(half_up(value * 10**places)).scaleb(-places).quantize(Decimal(1).scaleb(-places))


def number_text(value: int | Decimal) -> str:
    """1284 → « 1 284 », Decimal("41.5") → « 41,5 »."""
    text = f"{abs(value):,}".replace(",", THIN).replace(".", ",")
    return f"−{text}" if value < 0 else text


def percent_text(value: Decimal) -> str:
    """« 41,5 % »."""
    return f"{number_text(value)}{NBSP}%"


def hours_text(value: Decimal) -> str:
    """« 1 284 h », « 2,5 h »."""
    short = value.normalize()
    if short == short.to_integral_value():
        short = short.quantize(Decimal(1))
    return f"{number_text(short)}{NBSP}h"


def amount_text(cents: int, exactness: Exactness = Exactness.EXACT) -> str:
    """An amount as precisely as it is known: « 23,5 M€ », « 179 k€ », « 281 000 € », « 12,50 € ».

    A value finer than its stated exactness keeps its own digits: nothing is hidden.
    """
    step = STEPS.get(exactness, 1)
    if step >= TENTH_MILLION or (step == 1 and _is_round(cents)):
        return _millions(cents, 0 if step in (MILLION, 1) else 1)
    if step == THOUSAND and cents % THOUSAND == 0:
        return f"{number_text(cents // THOUSAND)}{NBSP}k€"
    if cents % EURO == 0 and (step == EURO or abs(cents) >= THOUSAND):
        return f"{number_text(cents // EURO)}{NBSP}€"
    return format_euros(cents)


def _is_round(cents: int) -> bool:
    return abs(cents) >= MILLION and cents % TENTH_MILLION == 0


def _millions(cents: int, places: int) -> str:
    value = Decimal(cents) / MILLION
    kept = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    if kept != value:
        kept = value.normalize()
    return f"{number_text(kept)}{NBSP}M€"


def join_words(words: list[str]) -> str:
    """« a », « a et b », « a, b et c »."""
    return " et ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def finest(parts: list[Exactness]) -> Exactness:
    """Exactness of a sum: that of its finest rounded part, exact when no part is rounded."""
    rounded = [part for part in parts if part in STEPS]
    return min(rounded, key=lambda part: STEPS[part]) if rounded else Exactness.EXACT
