"""The calendars of two projects' own test suites, read as their library lays them out.

The files come with the locked versions of `icalendar` and `recurring-ical-events`: their wheels
hold the same test calendars as their source distributions, so that nothing is fetched.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import icalendar
import pytest
import recurring_ical_events

from salle.adapters.ical import BadCalendar, Reading, read_calendar
from salle.kernel.clock import from_wall

PARIS = "Europe/Paris"
SPANS = [
    (datetime(year, 1, 1, tzinfo=UTC), datetime(year + 8, 1, 1, tzinfo=UTC))
    for year in (2012, 2020)
]
FOLDERS = [Path(package.__file__ or "").parent for package in (icalendar, recurring_ical_events)]
FILES = sorted(
    file for folder in FOLDERS for file in folder.rglob("*.ics") if "calendars" in file.parts
)
# Not calendars, or cut short: refused, and the reason said.
REFUSED = {
    "big_bad_calendar.ics": "coupé",
    "fuzz_testcase_0_char_in_component_name.ics": "pas un calendrier",
    "fuzz_testcase_invalid_month.ics": "pas un calendrier",
    "fuzz_testcase_vtimezone_lone_cr.ics": "pas un calendrier",
    "issue_178_component_with_invalid_name_represented.ics": "pas un calendrier",
    "issue_178_custom_component_contains_other.ics": "pas un calendrier",
    "issue_82_expected_output.ics": "pas un calendrier",
    "parsing_error_in_UTC_offset.ics": "mal formé",
    "pr_480_summary_with_colon.ics": "coupé",
    "small_bad_calendar.ics": "coupé",
}


def test_both_suites_are_here() -> None:
    assert len(FILES) > 200


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_calendar_of_the_suites_is_read_as_the_library_lays_it_out(file: Path) -> None:
    content = file.read_bytes()
    if file.name in REFUSED:
        with pytest.raises(BadCalendar, match=REFUSED[file.name]):
            read(content, *SPANS[0])
        return
    for first, last in SPANS:
        reading = read(content, first, last)
        expected = straightforward(content, first, last)
        if expected is None:  # the library gives up on the whole: our reader names the line
            assert reading.rejects or file.name == "issue_104_broken_calendar.ics"
        else:
            assert reading.rejects == []
            assert [(one.starts_at, one.ends_at) for one in reading.lessons] == expected


def read(content: bytes, first: datetime, last: datetime) -> Reading:
    return read_calendar(content, zone_name=PARIS, first=first, last=last)


def straightforward(
    content: bytes, first: datetime, last: datetime
) -> list[tuple[datetime, datetime]] | None:
    """Every occurrence as the library gives it, without anything of ours but the rules."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return sorted(occurrences(content, first, last))
        except (ValueError, KeyError, TypeError, AttributeError):
            return None


def occurrences(
    content: bytes, first: datetime, last: datetime
) -> Iterator[tuple[datetime, datetime]]:
    day = timedelta(days=1)
    for calendar in icalendar.Calendar.from_ical(content, multiple=True):
        for event in recurring_ical_events.of(calendar).between(first - day, last + day):
            start, end = instant(event.start), instant(event.end)
            if takes_time(event) and start < end and start < last and end > first:
                yield start, end


def takes_time(event: Any) -> bool:
    return event.get("STATUS") != "CANCELLED" and event.get("TRANSP") != "TRANSPARENT"


def instant(moment: date) -> datetime:
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001 wall time
    return from_wall(moment, PARIS)
