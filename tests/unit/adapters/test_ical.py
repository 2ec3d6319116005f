"""Reading iCalendar files."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta

import pytest

from salle.adapters.ical import BadCalendar, Reading, read_calendar
from salle.adapters.ical_guard import reduce_calendar
from tests.support.imports import DATA

FIRST, LAST = datetime(2026, 9, 1, tzinfo=UTC), datetime(2027, 9, 1, tzinfo=UTC)


def ics(*events: str, head: str = "") -> bytes:
    body = "".join(f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT\n" for event in events)
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:test\n{head}{body}END:VCALENDAR\n"
    return text.replace("\n", "\r\n").encode()


def read(content: bytes) -> Reading:
    return read_calendar(content, zone_name="Europe/Paris", first=FIRST, last=LAST)


def times(content: bytes) -> list[tuple[str, str]]:
    return [
        (f"{lesson.starts_at:%m-%d %H:%M}", f"{lesson.ends_at:%m-%d %H:%M}")
        for lesson in read(content).lessons
    ]


def test_a_timetable_with_exceptions_moves_and_days() -> None:
    assert times((DATA / "emploi_du_temps.ics").read_bytes()) == [
        ("10-05 06:00", "10-05 07:00"),
        ("10-05 07:00", "10-05 08:00"),
        ("10-19 12:00", "10-19 13:00"),
        ("10-26 07:00", "10-26 08:00"),
        ("11-23 23:00", "11-25 23:00"),
    ]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("DTSTART:20261005T080000\nDTEND:20261005T090000", "10-05 06:00"),
        ("DTSTART:20261005T080000Z\nDURATION:PT1H", "10-05 08:00"),
        ("DTSTART;TZID=America/Cayenne:20261005T080000\nDURATION:PT1H", "10-05 11:00"),
        ("DTSTART;TZID=Romance Standard Time:20261005T080000\nDURATION:PT1H", "10-05 06:00"),
    ],
)
def test_floating_utc_and_zoned_times(event: str, expected: str) -> None:
    assert times(ics(f"UID:a\n{event}"))[0][0] == expected


def test_a_zone_that_the_file_defines_itself() -> None:
    zone = (
        "BEGIN:VTIMEZONE\nTZID:Custom\nBEGIN:STANDARD\nDTSTART:19700101T000000\n"
        "TZOFFSETFROM:+0500\nTZOFFSETTO:+0500\nEND:STANDARD\nEND:VTIMEZONE\n"
    )
    event = "UID:a\nDTSTART;TZID=Custom:20261005T080000\nDTEND;TZID=Custom:20261005T090000"
    assert times(ics(event, head=zone)) == [("10-05 03:00", "10-05 04:00")]


def test_an_unknown_zone_is_read_in_the_sites_own_and_said() -> None:
    reading = read(ics("UID:a\nDTSTART;TZID=Mars/Base:20261005T080000\nDURATION:PT1H"))
    assert reading.lessons[0].starts_at == datetime(2026, 10, 5, 6, tzinfo=UTC)
    assert reading.warnings == [
        (4, "fuseau horaire inconnu « Mars/Base » : lu à l’heure de Europe/Paris")
    ]


def test_a_weekly_lesson_keeps_its_wall_hour_across_the_clock_change() -> None:
    event = "UID:a\nDTSTART;TZID=Europe/Paris:20261020T190000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY"
    assert [start for start, _ in times(ics(event))[:2]] == ["10-20 17:00", "10-27 18:00"]


def test_an_all_day_event_of_the_clock_change_lasts_25_hours() -> None:
    lesson = read(ics("UID:a\nDTSTART;VALUE=DATE:20261025")).lessons[0]
    assert lesson.ends_at - lesson.starts_at == timedelta(hours=25)


def test_an_end_before_the_start_takes_the_time_between_and_is_said() -> None:
    reading = read(ics("UID:a\nDTSTART:20261005T100000Z\nDTEND:20261005T090000Z"))
    assert reading.lessons[0].starts_at == datetime(2026, 10, 5, 9, tzinfo=UTC)
    assert reading.lessons[0].ends_at == datetime(2026, 10, 5, 10, tzinfo=UTC)
    assert reading.warnings == [
        (4, "la fin précède le début : les deux sont lus dans l’autre sens")
    ]


def test_lines_folded_anywhere_are_read() -> None:
    event = (
        "UI\n D:a\nDTST\n\tART:2026\n 1005T080000Z\nDURATION\n\n :PT1H\nRR\n ULE:FREQ=DAILY;COUNT=2"
    )
    assert [start for start, _ in times(ics(event))] == ["10-05 08:00", "10-06 08:00"]


def test_cancelled_instances_occupy_nothing() -> None:
    cancelled = (
        "UID:a\nRECURRENCE-ID:20261012T080000Z\nDTSTART:20261012T080000Z\n"
        "DTEND:20261012T090000Z\nSTATUS:CANCELLED"
    )
    series = "UID:a\nDTSTART:20261005T080000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=3"
    assert [start for start, _ in times(ics(series, cancelled))] == ["10-05 08:00", "10-19 08:00"]


def test_only_what_touches_the_bounds_is_kept() -> None:
    event = "UID:a\nDTSTART:20260831T230000Z\nDURATION:PT2H\nRRULE:FREQ=YEARLY"
    assert times(ics(event)) == [("08-31 23:00", "09-01 01:00"), ("08-31 23:00", "09-01 01:00")]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("SUMMARY:sans date", "DTSTART absent ou donné plusieurs fois"),
        ("DTSTART:hier\nDURATION:PT1H", "DTSTART illisible"),
        (
            "DTSTART:20261005T100000Z\nDTEND:20261005T110000Z\nDTEND:20261005T120000Z",
            "fin, durée ou répétition illisible",
        ),
        (
            "DTSTART:20261005T100000Z\nDURATION:PT1H\nRRULE:FREQ=YEARLY;RSCALE=X;SKIP=OMIT",
            "fin, durée ou répétition illisible",
        ),
        ("DTSTART:20261005T100000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;BYDAY=XX", "RRULE illisible"),
    ],
)
def test_a_broken_event_is_listed_with_its_line_and_the_others_are_read(
    event: str, reason: str
) -> None:
    good = "UID:b\nDTSTART:20261006T080000Z\nDURATION:PT1H"
    reading = read(ics(f"UID:a\n{event}", good))
    assert reading.rejects == [(4, reason)]
    assert len(reading.lessons) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"uai;salle\n1;2\n",
        b"PK\x03\x04" + b"\0" * 50,
        b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n",
        b"\xff" * 50,
        b"<html>BEGIN:VCALENDAR END:VCALENDAR</html>",
    ],
)
def test_what_is_not_a_calendar_is_refused(content: bytes) -> None:
    with pytest.raises(BadCalendar):
        read(content)


@pytest.mark.parametrize(
    "rule",
    [
        "RRULE:FREQ=HOURLY",
        "RRULE:FREQ=SECOND\n LY",
        "RRULE:COUNT=3;FREQ=minutely",
        "RRULE;X-A=1:FREQ=HOURLY",
        "RRULE:FREQ=DAILY;BYSECOND=" + ",".join(str(n % 60) for n in range(61)),
        "RDATE:" + ",".join(["20261005T080000Z"] * 10_001),
        "RRULE:FREQ=DAILY;BYHOUR=8,9,10;BYMINUTE=0,5,10,15,20,25,30,35,40,45,50,55;BYSECOND=0,1",
        "RRULE:FREQ=DAILY;COUNT=999999999\nEXDATE:" + ",".join(["20261005T080000Z"] * 20_001),
        "RRULE:FREQ=DAILY\nSUMMARY:" + "\n ".join("x" * 60 for _ in range(70_000)),
        "RRULE:FREQ=WEEKLY\nSUMMARY:" + "RULE" * 1_000_000,
        "RRULE:FREQ=DAILY\n" * 2000,
        "END:VEVENT\n" + "BEGIN:X\n" * 9 + "BEGIN:VEVENT",
        "END:VEVENT\n" + "BEGIN:VEVENT\nEND:VEVENT\n" * 20_001 + "BEGIN:VEVENT",
        "DTSTART:00010101T080000Z\nRRULE:FREQ=DAILY",
    ],
)
def test_a_bomb_is_refused_before_it_is_laid_out_in_under_a_second(
    rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("salle.adapters.ical._in_child", lambda *_: pytest.fail("laid out"))
    content = ics(f"UID:a\nDTSTART:20261005T080000Z\nDURATION:PT1H\n{rule}")
    before = time.process_time()
    with pytest.raises(BadCalendar):
        read(content)
    assert time.process_time() - before < 1


def test_a_zone_cannot_be_a_bomb_either() -> None:
    zone = (
        "BEGIN:VTIMEZONE\nTZID:Custom\nBEGIN:STANDARD\nDTSTART:19700101T000000\n"
        "TZOFFSETFROM:+0500\nTZOFFSETTO:+0500\nRRULE:FREQ=SECONDLY\nEND:STANDARD\n"
        "END:VTIMEZONE\n"
    )
    event = "UID:a\nDTSTART;TZID=Custom:20261005T080000\nDURATION:PT1H"
    with pytest.raises(BadCalendar, match="plus d’une fois par jour"):
        read(ics(event, head=zone))


def test_a_utc_time_stays_itself_in_the_hour_that_happens_twice() -> None:
    events = "UID:a\nDTSTART:20261025T010000Z\nDURATION:PT30M"
    weekly = "UID:b\nDTSTART;TZID=Europe/Paris:20261005T080000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY"
    for content in (ics(events, head="X-WR-TIMEZONE:Europe/Paris\n"), ics(events)):
        [lesson] = read(content).lessons
        assert lesson.starts_at == datetime(2026, 10, 25, 1, tzinfo=UTC)
    both = ics(events, weekly, head="X-WR-TIMEZONE:Europe/Paris\n")
    assert datetime(2026, 10, 25, 1, tzinfo=UTC) in {one.starts_at for one in read(both).lessons}


def test_a_huge_count_is_only_followed_to_the_horizon() -> None:
    event = "UID:a\nDTSTART:20261005T080000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=999999999"
    assert len(read(ics(event)).lessons) == 48


def test_a_rule_that_never_matches_is_soon_given_up() -> None:
    rule = "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"
    event = f"UID:a\nDTSTART:20261005T080000Z\nDURATION:PT1H\n{rule}"
    before = time.monotonic()
    with pytest.raises(BadCalendar, match="trop lourd"):
        read(ics(event))
    assert time.monotonic() - before < 5  # half a second of its own time, on a busy machine


def test_what_nobody_asks_for_goes_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    event = (
        "UID:a\nDTSTART:20261005T080000Z\nDURATION:PT1H\nDESCRIPTION:avec M. Fictif\n"
        "ATTENDEE;CN=Élève fictif:mailto:eleve@exemple.invalid\nATTACH:" + "A" * 500_000 + "\n"
        "BEGIN:VALARM\nTRIGGER:-PT5M\nACTION:DISPLAY\nEND:VALARM\nSUMMARY:EPS\n  6e A"
    )
    reduced = reduce_calendar(ics(event), last=date(2027, 9, 1)).text
    assert len(reduced) < 250
    assert "ictif" not in reduced
    assert read(ics(event)).lessons[0].title == "EPS 6e A"


def test_a_child_that_takes_too_long_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("salle.adapters.ical_guard.MAX_A_DAY", 1_000_000)
    numbers = ",".join(map(str, range(60)))
    bomb = (
        "UID:a\nDTSTART:20261005T080000Z\nDURATION:PT1H\n"
        f"RRULE:FREQ=DAILY;BYHOUR=1,2,3,4,5,6,7,8;BYMINUTE={numbers};BYSECOND={numbers}"
    )
    with pytest.raises(BadCalendar, match="trop lourd"):
        read(ics(bomb))
