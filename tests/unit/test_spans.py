"""Stretches of time joined and taken away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from salle.kernel.spans import Span, merge, subtract

ZERO = datetime(2027, 1, 12, tzinfo=UTC)
SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 12)), max_size=8)


def at(minutes: int) -> datetime:
    return ZERO + timedelta(minutes=minutes)


def spans(drawn: list[tuple[int, int]]) -> list[Span]:
    return [(at(start), at(start + length)) for start, length in drawn]


def minutes(found: list[Span]) -> set[int]:
    return {n for n in range(60) for low, high in found if low <= at(n) < high}


@given(SPANS, SPANS)
def test_what_is_left_is_what_a_minute_by_minute_count_leaves(
    kept: list[tuple[int, int]], cut: list[tuple[int, int]]
) -> None:
    left = subtract(spans(kept), spans(cut))
    assert minutes(left) == minutes(spans(kept)) - minutes(spans(cut))
    assert left == merge(left)


@given(SPANS)
def test_joined_spans_never_touch(drawn: list[tuple[int, int]]) -> None:
    joined = merge(spans(drawn))
    assert minutes(joined) == minutes(spans(drawn))
    assert all(one[1] < two[0] for one, two in zip(joined, joined[1:], strict=False))


def test_a_gap_no_longer_than_allowed_is_filled() -> None:
    pair = [(at(0), at(5)), (at(8), at(9))]
    assert merge(pair, timedelta(minutes=3)) == [(at(0), at(9))]
    assert merge(pair, timedelta(minutes=2)) == pair
