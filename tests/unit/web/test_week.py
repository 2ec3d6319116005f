"""The view-model of the week strip."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from config import ROOT
from salle.kernel.clock import day_start, from_wall
from salle.web.week import DAY, MAX_HOURS, Piece, SlotState, Week, WeekSlot, build_week

MONDAY = date(2027, 1, 11)
FREE, BUSY, CLOSED = SlotState.FREE, SlotState.BUSY, SlotState.CLOSED


def wall(day: int, hour: int, minute: int = 0) -> datetime:
    start = datetime(MONDAY.year, MONDAY.month, MONDAY.day)  # noqa: DTZ001 wall time
    return from_wall(start + timedelta(days=day, hours=hour, minutes=minute))


def shape(slots: tuple[WeekSlot, ...]) -> list[tuple[str, int, int]]:
    return [(slot.state.value, slot.start, slot.end) for slot in slots]


def test_what_no_piece_covers_is_closed() -> None:
    week = build_week(
        monday=MONDAY,
        pieces=[
            Piece(start=wall(0, 20), end=wall(0, 22), state=FREE),
            Piece(start=wall(0, 17), end=wall(0, 18), state=BUSY),
        ],
    )
    assert (week.first_hour, week.last_hour) == (17, 22)
    assert shape(week.days[0].slots) == [
        ("busy", 1020, 1080),
        ("closed", 1080, 1200),
        ("free", 1200, 1320),
    ]
    assert shape(week.days[6].slots) == [("closed", 1020, 1320)]


def test_a_piece_over_midnight_is_cut_in_two_days() -> None:
    week = build_week(monday=MONDAY, pieces=[Piece(start=wall(0, 22), end=wall(1, 2), state=FREE)])
    assert (week.first_hour, week.last_hour) == (0, 24)
    assert shape(week.days[0].slots)[-1] == ("free", 22 * 60, DAY)
    assert shape(week.days[1].slots)[0] == ("free", 0, 120)


def test_pieces_outside_the_week_are_left_out() -> None:
    week = build_week(
        monday=MONDAY,
        pieces=[
            Piece(start=wall(-1, 18), end=wall(-1, 20), state=FREE),
            Piece(start=wall(7, 0), end=wall(7, 2), state=FREE),
        ],
    )
    assert not week.has_free
    assert (week.first_hour, week.last_hour) == (17, 22)


def test_neighbours_of_the_same_state_are_one_slot_unless_they_lead_elsewhere() -> None:
    pieces = [
        Piece(start=wall(0, 17), end=wall(0, 18), state=BUSY),
        Piece(start=wall(0, 18), end=wall(0, 19), state=BUSY),
        Piece(start=wall(0, 19), end=wall(0, 20), state=FREE, href="/a"),
        Piece(start=wall(0, 20), end=wall(0, 21), state=FREE, href="/b"),
    ]
    week = build_week(monday=MONDAY, pieces=pieces)
    assert shape(week.days[0].slots) == [
        ("busy", 1020, 1140),
        ("free", 1140, 1200),
        ("free", 1200, 1260),
    ]


def test_forced_hours_clip_the_slots() -> None:
    pieces = [Piece(start=wall(0, 8), end=wall(0, 19), state=BUSY)]
    week = build_week(monday=MONDAY, pieces=pieces, hours=(17, 22))
    assert shape(week.days[0].slots) == [("busy", 1020, 1140), ("closed", 1140, 1320)]


@pytest.mark.parametrize(("monday", "hours"), [(date(2027, 3, 22), 23), (date(2026, 10, 19), 25)])
def test_days_of_23_and_25_hours_fill_one_lane(monday: date, hours: int) -> None:
    sunday = monday + timedelta(days=6)
    start, end = day_start(sunday), day_start(sunday + timedelta(days=1))
    assert end - start == timedelta(hours=hours)
    week = build_week(monday=monday, pieces=[Piece(start=start, end=end, state=FREE)])
    assert shape(week.days[6].slots) == [("free", 0, DAY)]


def test_wanted_is_framed_on_its_own_day_only() -> None:
    week = build_week(monday=MONDAY, pieces=(), wanted=(wall(1, 18), wall(1, 20)))
    assert [day.wanted for day in week.days] == [None, (1080, 1200), *[None] * 5]


def test_the_zone_decides_the_day() -> None:
    start = datetime(2027, 1, 12, 2, 0, tzinfo=UTC)
    piece = Piece(start=start, end=start + timedelta(hours=1), state=FREE)
    week = build_week(monday=MONDAY, pieces=[piece], zone="America/Cayenne")
    assert [bool(day.free) for day in week.days] == [True, *[False] * 6]


@pytest.mark.parametrize("hours", [4, 5, 14, 24, MAX_HOURS])
def test_lines_stay_inside_and_are_never_empty(hours: int) -> None:
    week = Week(days=(), first_hour=0, last_hour=hours)
    for start in range(-60, hours * 60 + 120, 7):
        first, last = week.lines(start, start + 5)
        assert 1 <= first < last <= hours * 4 + 1


def test_a_day_long_strip_writes_fewer_words_in_short_slots() -> None:
    week = Week(days=(), first_hour=0, last_hour=24)
    words = [
        week.words(WeekSlot(state=FREE, start=0, end=minutes)) for minutes in (30, 60, 180, 600)
    ]
    assert words == ["none", "short", "whole", "whole"]


def test_marks_are_spaced_out_on_long_strips() -> None:
    assert Week(days=(), first_hour=17, last_hour=22).marks() == [h * 60 for h in range(17, 23)]
    assert Week(days=(), first_hour=0, last_hour=24).marks() == [h * 60 for h in range(0, 25, 4)]


def test_summary_says_the_free_hours() -> None:
    week = build_week(
        monday=MONDAY, pieces=[Piece(start=wall(1, 18), end=wall(1, 20, 30), state=FREE)]
    )
    assert " ".join(week.summary.split()) == (
        "Semaine du lundi 11 janvier : libre mardi 18 h – 20 h 30."
    )
    assert build_week(monday=MONDAY, pieces=()).summary.endswith("rien de libre.")


def test_the_style_sheet_knows_every_class_a_strip_can_ask_for() -> None:
    sheet = (ROOT / "static/css/components/hours.css").read_text()
    known = set(re.findall(r"\.([\w-]+) \{", sheet))
    steps = {
        Week(days=(), first_hour=0, last_hour=hours).step(small=small)
        for hours in range(1, MAX_HOURS + 1)
        for small in (True, False)
    }
    wanted = {f"is-h{hours}" for hours in range(1, MAX_HOURS + 1)}
    wanted |= {f"is-step{step}" for step in steps}
    wanted |= {f"q-from-{line}" for line in range(1, MAX_HOURS * 4 + 1)}
    wanted |= {f"q-to-{line}" for line in range(2, MAX_HOURS * 4 + 2)}
    assert not wanted - known
