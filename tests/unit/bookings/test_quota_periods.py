"""Periods of quotas, and the most people present at one instant."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest

from salle.bookings.limits import peak
from salle.bookings.quotas import QuotaPeriod, bounds
from salle.venues.availability import Interval

ORIGIN = datetime(2027, 1, 12, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "day", "first", "last"),
    [
        (QuotaPeriod.WEEK, "2027-01-01", "2026-12-28", "2027-01-03"),
        (QuotaPeriod.WEEK, "2027-01-04", "2027-01-04", "2027-01-10"),
        (QuotaPeriod.MONTH, "2028-02-29", "2028-02-01", "2028-02-29"),
        (QuotaPeriod.MONTH, "2026-12-31", "2026-12-01", "2026-12-31"),
        (QuotaPeriod.SCHOOL_YEAR, "2027-08-31", "2026-09-01", "2027-08-31"),
        (QuotaPeriod.SCHOOL_YEAR, "2027-09-01", "2027-09-01", "2028-08-31"),
    ],
)
def test_a_period_is_of_civil_days(period: QuotaPeriod, day: str, first: str, last: str) -> None:
    found = bounds(period, date.fromisoformat(day))
    assert found == (date.fromisoformat(first), date.fromisoformat(last))


def minutes(start: int, end: int) -> Interval:
    return Interval(ORIGIN + timedelta(minutes=start), ORIGIN + timedelta(minutes=end))


def test_the_peak_is_that_of_a_count_minute_by_minute() -> None:
    dice = random.Random(4)
    for _ in range(300):
        uses = []
        for _ in range(dice.randrange(8)):
            start = dice.randrange(0, 60)
            uses.append((minutes(start, start + dice.randrange(1, 40)), dice.randrange(1, 50)))
        start = dice.randrange(0, 60)
        slot = minutes(start, start + dice.randrange(1, 40))
        counted = []
        at = slot.start
        while at < slot.end:
            counted.append(sum(n for use, n in uses if use.start <= at < use.end))
            at += timedelta(minutes=1)
        assert peak(uses, slot) == max(counted)


def test_uses_that_only_touch_are_not_present_together() -> None:
    assert peak([(minutes(0, 60), 50), (minutes(120, 180), 50)], minutes(60, 120)) == 0
