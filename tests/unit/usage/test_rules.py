"""Periods: defaults, bounds, clipping, and what a day is when clocks change."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from salle.bookings.rules import DateState
from salle.kernel.errors import Invalid
from salle.usage.rules import COUNTED_STATES, Days, read_days

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (None, None, (date(2026, 9, 1), date(2027, 8, 31))),
        ("", " ", (date(2026, 9, 1), date(2027, 8, 31))),
        ("2027-01-12", None, (date(2027, 1, 12), date(2027, 8, 31))),
        ("2027-09-01", None, (date(2027, 9, 1), date(2028, 8, 31))),
        (None, "2026-08-31", (date(2025, 9, 1), date(2026, 8, 31))),
        ("2027-01-12", "2027-01-12", (date(2027, 1, 12), date(2027, 1, 12))),
    ],
)
def test_read_days_when_left_out_then_completes_to_the_school_year(
    first: str | None, last: str | None, expected: tuple[date, date]
) -> None:
    days = read_days(first, last, today=TODAY)
    assert (days.first, days.last) == expected


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [
        ("demain", None, "from"),
        ("2027-02-30", None, "from"),
        ("20270112", None, "from"),
        ("2027-W02-2", None, "from"),
        ("0001-01-01", None, "from"),
        (None, "9999-12-31", "to"),
        ("2027-02-01", "2027-01-31", "to"),
        ("2020-01-01", "2026-01-01", "to"),
        ("x" * 10_000, None, "from"),
    ],
)
def test_read_days_when_wrong_then_names_the_field(
    first: str | None, last: str | None, name: str
) -> None:
    with pytest.raises(Invalid) as caught:
        read_days(first, last, today=TODAY)
    assert set(caught.value.errors) == {name}
    assert caught.value.code == "invalid"


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2027, 3, 28), 23), (date(2026, 10, 25), 25), (date(2027, 1, 12), 24)]
)
def test_span_when_clocks_change_then_counts_elapsed_hours(day: date, hours: int) -> None:
    start, end = Days(first=day, last=day).span("Europe/Paris")
    assert end - start == timedelta(hours=hours)


def test_clipped_when_link_ends_then_its_last_day_is_excluded() -> None:
    days = Days(first=date(2027, 1, 1), last=date(2027, 1, 31))
    assert days.clipped(date(2027, 1, 10), date(2027, 1, 20)) == Days(
        first=date(2027, 1, 10), last=date(2027, 1, 19)
    )
    assert days.clipped(None, None) == days
    assert days.clipped(date(2027, 2, 1), None) is None
    assert days.clipped(None, date(2027, 1, 1)) is None


def test_counted_states_when_not_confirmed_then_are_not_use() -> None:
    never = {"held", "requested", "refused", "cancelled", "expired", "skipped"}
    assert not COUNTED_STATES & {DateState(name) for name in never}
    assert DateState.CONFIRMED in COUNTED_STATES
