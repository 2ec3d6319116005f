"""Reading instants from a wall clock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from salle.kernel.clock import read_wall


def test_a_reading_without_offset_is_of_the_zone() -> None:
    assert read_wall("2027-01-12T18:00") == datetime(2027, 1, 12, 17, tzinfo=UTC)
    assert read_wall("2027-01-12T18:00", "Indian/Reunion") == datetime(2027, 1, 12, 14, tzinfo=UTC)


def test_an_offset_is_kept() -> None:
    assert read_wall("2027-03-28T02:30+00:00") == datetime(2027, 3, 28, 2, 30, tzinfo=UTC)


def test_the_hour_that_happens_twice_is_the_first_one() -> None:
    assert read_wall("2026-10-25T02:30") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2027-03-28T02:15", "9999-12-31T23:00", "hier", ""])
def test_what_no_clock_shows_or_nobody_means_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 whatever its words
        read_wall(text)
