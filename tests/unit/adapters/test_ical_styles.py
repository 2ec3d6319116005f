"""Timetables in the style of the programs that collèges use, expected by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from salle.adapters.ical import read_calendar
from tests.support.imports import DATA

# Instants of UTC. Paris is two hours ahead until 25 October 2026, one hour from then on.
EXPECTED = {
    # A cancelled lesson and a transparent holiday take nothing.
    "pronote": ["10-19 06:00–08:00", "11-09 07:00–09:00"],
    # Every other week at 13 h, one left out: 20 Oct., (3 Nov.), 17 Nov., 1 Dec. at the very end
    # of UNTIL; then a floating time.
    "edt": ["10-20 11:00–13:00", "11-17 12:00–14:00", "11-24 16:00–17:30", "12-01 12:00–14:00"],
    # Windows names, with and without their definition; the second meeting is moved to another
    # day; a whole day of 25 hours.
    "outlook": [
        "10-21 08:00–10:00",
        "10-24 22:00–23:00",
        "10-26 07:00–08:00",
        "10-29 13:00–15:00",
        "11-04 09:00–11:00",
    ],
    # A series in UTC keeps the wall hour of X-WR-TIMEZONE (18 h); from 19 November on the second
    # one starts half an hour later and lasts half an hour more.
    "google": [
        "10-22 16:00–17:00",
        "10-29 17:00–18:00",
        "11-05 17:00–18:00",
        "11-19 17:30–19:00",
        "11-26 17:30–19:00",
    ],
}


@pytest.mark.parametrize("style", EXPECTED)
def test_a_timetable_of_that_program_is_read_to_the_minute(style: str) -> None:
    reading = read_calendar(
        (DATA / "emplois_du_temps" / f"{style}.ics").read_bytes(),
        zone_name="Europe/Paris",
        first=datetime(2026, 9, 1, tzinfo=UTC),
        last=datetime(2027, 9, 1, tzinfo=UTC),
    )
    assert (reading.rejects, reading.warnings) == ([], [])
    assert [
        f"{lesson.starts_at:%m-%d %H:%M}–{lesson.ends_at:%H:%M}" for lesson in reading.lessons
    ] == EXPECTED[style]
