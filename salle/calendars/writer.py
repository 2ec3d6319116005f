"""Writing iCalendar (RFC 5545) fast: text lines and times, no object per event. Pure.

The tests read what it writes with the `icalendar` library and with our own reader.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from salle.kernel.clock import zone

PRODID = "-//La salle sur demande//Calendriers//FR"
MEDIA_TYPE = "text/calendar; charset=utf-8"
REFRESH = "PT1H"
LONGEST_LINE = 75  # octets, without the line end (§3.1)

_ESCAPES = {"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"}
# What no TEXT may hold (§3.1): controls, except the tab; a line end of any kind is a newline.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY = 86_400
KEPT_TIMES = 32_768
_EPOCH = date(1970, 1, 1)


def text(value: str) -> str:
    """The value of a TEXT property (§3.3.11)."""
    plain = _CONTROLS.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(_ESCAPES.get(character, character) for character in plain)


def line(name: str, value: str) -> str:
    """One content line with its end, folded at 75 octets and never inside a character."""
    whole = f"{name}:{value}"
    if len(whole) * 4 <= LONGEST_LINE or len(whole.encode()) <= LONGEST_LINE:
        return whole + "\r\n"
    pieces, piece, size = [], "", 0
    for character in whole:
        length = len(character.encode())
        if size + length > LONGEST_LINE:
            pieces.append(piece)
            piece, size = " ", 1
        piece += character
        size += length
    return "\r\n".join([*pieces, piece]) + "\r\n"


def utc_stamp(instant: datetime) -> str:
    """An instant as a DATE-TIME in UTC."""
    return instant.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def opening(*, name: str, description: str, zone_names: Sequence[str], first_year: int) -> str:
    """The calendar down to its first event: who made it, its name, its time zones."""
    return "".join(
        [
            "BEGIN:VCALENDAR\r\n",
            "VERSION:2.0\r\n",
            line("PRODID", PRODID),
            "CALSCALE:GREGORIAN\r\n",
            line("NAME", text(name)),
            line("X-WR-CALNAME", text(name)),
            line("DESCRIPTION", text(description)),
            line("X-WR-CALDESC", text(description)),
            f"REFRESH-INTERVAL;VALUE=DURATION:{REFRESH}\r\n",
            f"X-PUBLISHED-TTL:{REFRESH}\r\n",
            *(timezone_lines(zone_name, first_year) for zone_name in zone_names),
        ]
    )


CLOSING = "END:VCALENDAR\r\n"


class WallClock:
    """Times of one zone as the end of a property: wall time, or UTC in an hour that happens twice.

    Seconds since 1970 in. Thousands of events share hours and days, and the calendars of rooms
    share them too: what was written last is kept (a few megabytes at most).
    """

    def __init__(self, zone_name: str) -> None:
        self._zone = zone(zone_name)
        self._name = zone_name
        self._offsets: dict[int, int | None] = {}
        self.time = lru_cache(maxsize=KEPT_TIMES)(self._time)

    def _time(self, seconds: int) -> str:
        """« ;TZID=Europe/Paris:20261124T180000 », to be put after the property's name."""
        day = seconds // _DAY
        offset = self._offsets[day] if day in self._offsets else self._offset(day)
        if offset is None:
            return self._slowly(seconds)
        local_day, rest = divmod(seconds + offset, _DAY)
        hours, minutes = divmod(rest // 60, 60)
        written = f"{_EPOCH + timedelta(days=local_day):%Y%m%d}T{hours:02d}{minutes:02d}"
        return f";TZID={self._name}:{written}{rest % 60:02d}"

    def _slowly(self, seconds: int) -> str:
        instant = datetime.fromtimestamp(seconds, UTC)
        wall = instant.astimezone(self._zone)
        if wall.utcoffset() != wall.replace(fold=1 - wall.fold).utcoffset():
            return f":{utc_stamp(instant)}"
        return f";TZID={self._name}:{wall:%Y%m%dT%H%M%S}"

    def _offset(self, day: int) -> int | None:
        """Seconds east of UTC, None when the clock changes near that day of UTC."""
        found = {self._utc_offset((day + near) * _DAY) for near in (-1, 0, 1, 2)}
        self._offsets[day] = found.pop() if len(found) == 1 else None
        return self._offsets[day]

    def _utc_offset(self, seconds: int) -> int:
        wall = datetime.fromtimestamp(seconds, self._zone)
        return int((wall.utcoffset() or timedelta(0)).total_seconds())


@lru_cache(maxsize=64)
def wall_clock(zone_name: str) -> WallClock:
    """The one clock of a zone, whose days are kept from one calendar to the next."""
    return WallClock(zone_name)


@lru_cache(maxsize=64)
def timezone_lines(zone_name: str, first_year: int, years: int = 5) -> str:
    """VTIMEZONE of a zone, true from the start of `first_year` for that many years."""
    observances = _observances(zone_name, first_year, years)
    lines = [
        "BEGIN:VTIMEZONE\r\n",
        line("TZID", zone_name),
        *(_observance(*found) for found in observances),
        "END:VTIMEZONE\r\n",
    ]
    return "".join(lines)


Observance = tuple[str, timedelta, timedelta, bool, list[datetime]]


def _observances(zone_name: str, first_year: int, years: int) -> list[Observance]:
    """The offset at the start, then one group for each kind of change of the clock."""
    moment = datetime(first_year, 1, 1, tzinfo=UTC)
    wall = moment.astimezone(zone(zone_name))
    groups: dict[tuple[str, timedelta, timedelta, bool], list[datetime]] = defaultdict(list)
    begin = wall.utcoffset() or timedelta(0)
    first = (wall.tzname() or zone_name, begin, begin, bool(wall.dst()))
    groups[first].append((moment + begin).replace(tzinfo=None))
    end = datetime(first_year + years, 1, 1, tzinfo=UTC)
    while moment < end:
        before, step = _shift(moment, zone_name), timedelta(days=1)
        if _shift(moment + step, zone_name) != before:  # somewhere in that day: minute by minute
            step = timedelta(minutes=1)
        moment += step
        wall = moment.astimezone(zone(zone_name))
        now = wall.utcoffset() or timedelta(0)
        if now != before:
            key = (wall.tzname() or zone_name, before, now, bool(wall.dst()))
            groups[key].append((moment + before).replace(tzinfo=None))
    return [(*key, onsets) for key, onsets in groups.items()]


def _shift(moment: datetime, zone_name: str) -> timedelta:
    return moment.astimezone(zone(zone_name)).utcoffset() or timedelta(0)


def _observance(
    name: str, before: timedelta, after: timedelta, summer: bool, onsets: list[datetime]
) -> str:
    kind = "DAYLIGHT" if summer else "STANDARD"
    lines = [
        f"BEGIN:{kind}\r\n",
        f"DTSTART:{onsets[0]:%Y%m%dT%H%M%S}\r\n",
        _repetition(onsets),
        line("TZNAME", text(name)),
        f"TZOFFSETFROM:{_offset_text(before)}\r\n",
        f"TZOFFSETTO:{_offset_text(after)}\r\n",
        f"END:{kind}\r\n",
    ]
    return "".join(lines)


def _repetition(onsets: list[datetime]) -> str:
    """A rule when the change falls on the same Sunday each year (Outlook), else dates."""
    if len(onsets) == 1:
        return ""
    same = len({(o.month, o.weekday(), o.time()) for o in onsets}) == 1
    first = onsets[0]
    day = f"BYMONTH={first.month};BYDAY="
    if same and all((o + timedelta(days=7)).month != o.month for o in onsets):
        return f"RRULE:FREQ=YEARLY;{day}-1{_WEEKDAYS[first.weekday()]}\r\n"
    if same and len({(o.day - 1) // 7 for o in onsets}) == 1:
        return f"RRULE:FREQ=YEARLY;{day}{(first.day - 1) // 7 + 1}{_WEEKDAYS[first.weekday()]}\r\n"
    return line("RDATE", ",".join(f"{onset:%Y%m%dT%H%M%S}" for onset in onsets[1:]))


def _offset_text(offset: timedelta) -> str:
    minutes = int(offset.total_seconds()) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}"
