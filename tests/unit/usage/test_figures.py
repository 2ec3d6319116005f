"""Amounts and numbers are written as precisely as they are known, never more."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from salle.usage.figures import (
    Exactness,
    amount_text,
    finest,
    half_up,
    hours_text,
    number_text,
    percent_text,
    to_decimal,
)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("cents", "exactness", "text"),
    [
        (88_000_000_00, Exactness.EXACT, "88 M€"),
        (17_000_000_00, Exactness.TO_THE_MILLION, "17 M€"),
        (23_500_000_00, Exactness.TO_THE_TENTH_MILLION, "23,5 M€"),
        (24_000_000_00, Exactness.TO_THE_TENTH_MILLION, "24,0 M€"),
        (2_600_000_00, Exactness.TO_THE_TENTH_MILLION, "2,6 M€"),
        (0, Exactness.TO_THE_TENTH_MILLION, "0,0 M€"),
        (17_350_000_00, Exactness.TO_THE_MILLION, "17,35 M€"),
        (281_000_00, Exactness.EXACT, "281 000 €"),
        (1_234_567_00, Exactness.EXACT, "1 234 567 €"),
        (12_50, Exactness.EXACT, "12,50 €"),
        (5_00, Exactness.EXACT, "5,00 €"),
        (179_000_00, Exactness.TO_THE_THOUSAND, "179 k€"),
        (4_971_00, Exactness.TO_THE_EURO, "4 971 €"),
        (-1_200_000_00, Exactness.TO_THE_TENTH_MILLION, "−1,2 M€"),
    ],
)
def test_amount_text_when_exactness_is_given_then_prints_no_more(
    cents: int, exactness: Exactness, text: str
) -> None:
    assert plain(amount_text(cents, exactness)) == text


@pytest.mark.parametrize(
    ("value", "step", "rounded"),
    [
        (Fraction(5, 2), 1, 3),
        (Fraction(-5, 2), 1, -3),
        (Fraction(7, 3), 1, 2),
        (Fraction(149), 100, 100),
        (Fraction(150), 100, 200),
    ],
)
def test_half_up_when_in_the_middle_then_goes_away_from_zero(
    value: Fraction, step: int, rounded: int
) -> None:
    assert half_up(value, step) == rounded


def test_to_decimal_when_binary_floats_would_err_then_does_not() -> None:
    assert to_decimal(Fraction(1005, 1000), 2) == Decimal("1.01")
    assert str(to_decimal(Fraction(49), 1)) == "49.0"


def test_finest_when_parts_are_mixed_then_ignores_exact_ones() -> None:
    assert finest([Exactness.EXACT, Exactness.EXACT]) == Exactness.EXACT
    parts = [Exactness.EXACT, Exactness.TO_THE_MILLION, Exactness.TO_THE_TENTH_MILLION]
    assert finest(parts) == Exactness.TO_THE_TENTH_MILLION


def test_texts_when_french_then_use_commas_and_thin_spaces() -> None:
    assert number_text(1284) == "1\u202f284"
    assert plain(percent_text(Decimal("41.5"))) == "41,5 %"
    assert plain(hours_text(Decimal("1284.00"))) == "1 284 h"
    assert plain(hours_text(Decimal("2.50"))) == "2,5 h"
    assert plain(hours_text(Decimal("0.00"))) == "0 h"
