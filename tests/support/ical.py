"""What RFC 5545 asks of a calendar, checked line by line, beside the icalendar library."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import icalendar

from salle.adapters.ical import read_calendar

_NAME = re.compile(r"[A-Z0-9-]+")
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_FAR = datetime(2100, 1, 1, tzinfo=UTC)


def unfolded(content: bytes) -> list[str]:
    """The content lines; fails on a line too long, a bare line end, or a cut character."""
    assert content.endswith(b"\r\n")
    physical = content[:-2].split(b"\r\n")
    for piece in physical:
        assert len(piece) <= 75, piece
        assert b"\r" not in piece, piece
        assert b"\n" not in piece, piece
        piece.decode("utf-8")  # §3.1: not folded inside a character, as readers like it
    return content[:-2].decode("utf-8").replace("\r\n ", "").split("\r\n")


def checked(content: bytes) -> icalendar.Calendar:
    """The calendar, once everything the RFC requires of it has been verified."""
    lines = unfolded(content)
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-1] == "END:VCALENDAR"
    assert lines[1] == "VERSION:2.0"
    assert sum(one.startswith("PRODID:") for one in lines) == 1
    assert all(_NAME.match(one) and ":" in one for one in lines)
    _nested(lines)
    calendar = icalendar.Calendar.from_ical(content)
    assert not calendar.errors
    zones = {str(zone["TZID"]) for zone in calendar.walk("VTIMEZONE")}
    events = calendar.walk("VEVENT")
    uids = [str(event["UID"]) for event in events]
    assert len(uids) == len(set(uids))
    for event in events:
        _check_event(event, zones)
    return calendar


def _nested(lines: list[str]) -> None:
    opened: list[str] = []
    for one in lines:
        if one.startswith("BEGIN:"):
            opened.append(one[6:])
        elif one.startswith("END:"):
            assert opened.pop() == one[4:]
    assert opened == []


def _check_event(event: icalendar.Event, zones: set[str]) -> None:
    assert not event.errors
    for name in ("UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY"):
        assert not isinstance(event[name], list), f"{name} twice"
    assert event["DTSTAMP"].dt.utcoffset() == timedelta(0)
    assert "TZID" not in event["DTSTAMP"].params
    assert event["DTSTART"].dt < event["DTEND"].dt
    for name in ("DTSTART", "DTEND"):
        assert event[name].dt.tzinfo is not None
        assert event[name].params.get("TZID") in {*zones, None, "UTC"}


def intervals(content: bytes) -> list[tuple[datetime, datetime]]:
    """The uses our own reader of timetables finds in it, in order."""
    reading = read_calendar(content, zone_name="Europe/Paris", first=_LONG_AGO, last=_FAR)
    assert reading.rejects == []
    assert reading.warnings == []
    return [(lesson.starts_at, lesson.ends_at) for lesson in reading.lessons]
