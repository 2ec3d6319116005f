"""A fictional school timetable as iCalendar: what a collège's software would export."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

LESSONS = (("080000", "120000", "EPS (cours)"), ("130000", "170000", "EPS (cours)"))
NOON = ("120000", "130000", "Association sportive du collège")
WEEKDAYS = "MO,TU,WE,TH,FR"
DAY = timedelta(days=1)

HEADER = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//La salle sur demande//Emploi du temps fictif//FR
CALSCALE:GREGORIAN
BEGIN:VTIMEZONE
TZID:Europe/Paris
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
TZNAME:CEST
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
TZNAME:CET
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
"""


def timetable(name: str, days: Iterable[date]) -> bytes:
    """The timetable of a room used from 8 h to 17 h on each weekday of term among `days`.

    `days` are the civil days of term: one weekly series for each unbroken run of them, and
    no lesson on the weekdays that are missing (public holidays).
    """
    events = [
        _event(f"{run[0]:%Y%m%d}-{start}-{name}", run, missing, start, end, title)
        for run, missing in _terms(sorted(days))
        for start, end, title in (LESSONS[0], NOON, LESSONS[1])
    ]
    return "".join([HEADER, *events, "END:VCALENDAR\n"]).replace("\n", "\r\n").encode()


def _event(
    uid: str, run: tuple[date, date], missing: list[date], start: str, end: str, title: str
) -> str:
    first, last = run
    lines = [
        "BEGIN:VEVENT",
        f"UID:{uid}@demo.example",
        "DTSTAMP:20250901T060000Z",
        f"DTSTART;TZID=Europe/Paris:{first:%Y%m%d}T{start}",
        f"DTEND;TZID=Europe/Paris:{first:%Y%m%d}T{end}",
        # UNTIL is in UTC when DTSTART has a zone: 22 h UTC is past the lesson, before the next.
        f"RRULE:FREQ=WEEKLY;BYDAY={WEEKDAYS};UNTIL={last:%Y%m%d}T220000Z",
        *(f"EXDATE;TZID=Europe/Paris:{day:%Y%m%d}T{start}" for day in missing),
        f"SUMMARY:{title}",
        "END:VEVENT",
    ]
    return "\n".join(lines) + "\n"


def _terms(days: list[date]) -> list[tuple[tuple[date, date], list[date]]]:
    """Runs of days of term, cut at gaps of a week or more, with the weekdays missing in each."""
    weekdays = [day for day in days if day.isoweekday() <= 5]
    terms: list[list[date]] = []
    for day in weekdays:
        if terms and (day - terms[-1][-1]).days <= 7:
            terms[-1].append(day)
        else:
            terms.append([day])
    return [((term[0], term[-1]), _missing(term)) for term in terms]


def _missing(term: list[date]) -> list[date]:
    span = (term[-1] - term[0]).days
    every = {term[0] + offset * DAY for offset in range(span + 1)}
    return sorted(day for day in every - set(term) if day.isoweekday() <= 5)
