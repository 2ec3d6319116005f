"""Writing iCalendar: text, folding, wall times, time zones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salle.calendars.writer import CLOSING, WallClock, line, opening, text, timezone_lines
from salle.kernel.clock import zone
from tests.support.ical import unfolded

ZONES = ("Europe/Paris", "America/Martinique", "America/Miquelon", "Pacific/Tahiti")


def _value(written: str) -> str:
    event = f"BEGIN:VEVENT\r\n{written}END:VEVENT\r\n"
    return str(icalendar.Event.from_ical(event)["SUMMARY"])


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=300))
def test_any_text_is_folded_by_octets_and_reads_back(value: str) -> None:
    written = line("SUMMARY", text(value))
    assert unfolded(written.encode()) == ["SUMMARY:" + text(value)]
    assert _value(written) == value


def test_line_ends_of_any_kind_cannot_start_a_line() -> None:
    hostile = "Club\r\nATTENDEE:x\nEND:VCALENDAR\rBEGIN:VEVENT\x00\x1b"
    written = line("SUMMARY", text(hostile))
    assert written == "SUMMARY:Club\\nATTENDEE:x\\nEND:VCALENDAR\\nBEGIN:VEVENT\r\n"


@pytest.mark.parametrize("name", ZONES)
@given(minutes=st.integers(0, 3 * 366 * 24 * 60))
def test_a_stamp_is_the_instant_for_whoever_follows_the_rfc(name: str, minutes: int) -> None:
    instant = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    head, _, value = WallClock(name).time(int(instant.timestamp())).partition(":")
    if head == "":
        found = datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    else:
        assert head == f";TZID={name}"
        wall = datetime.strptime(value, "%Y%m%dT%H%M%S")  # noqa: DTZ007 wall time
        found = wall.replace(tzinfo=zone(name), fold=0).astimezone(UTC)
    assert found == instant


@pytest.mark.parametrize("name", ZONES)
def test_the_time_zone_written_is_the_real_one(name: str) -> None:
    body = opening(name="Essai", description="x", zone_names=[name], first_year=2026) + CLOSING
    calendar = icalendar.Calendar.from_ical(body)
    (written,) = calendar.walk("VTIMEZONE")
    assert str(written["TZID"]) == name
    ours = written.to_tz(lookup_tzid=False)
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    while moment < datetime(2030, 12, 31, tzinfo=UTC):
        wall = moment.astimezone(zone(name)).replace(tzinfo=None)
        assert wall.replace(tzinfo=ours).utcoffset() == wall.replace(tzinfo=zone(name)).utcoffset()
        moment += timedelta(hours=23)


def test_a_change_on_a_sunday_is_a_rule() -> None:
    written = timezone_lines("Europe/Paris", 2026)
    assert "DTSTART:20260329T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\n" in written
    assert "DTSTART:20261025T030000\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\n" in written
