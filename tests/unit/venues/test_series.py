"""The dates of a weekly use."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salle.kernel.clock import from_wall, to_wall
from salle.kernel.errors import Invalid
from salle.venues.free import Interval
from salle.venues.series import MAX_WEEKS, weekly_slots

PARIS = "Europe/Paris"
TUESDAY = date(2026, 9, 1)


def wall(day: date, hour: float, zone: str = PARIS) -> datetime:
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 wall time
    return from_wall(midnight + timedelta(hours=hour), zone)


def tuesdays(
    until: date, *, first: date = TUESDAY, start: float = 18, end: float = 20, **values: object
) -> list[Interval]:
    return weekly_slots(
        **{
            "starts_at": wall(first, start),
            "ends_at": wall(first, end),
            "until": until,
            "zone_name": PARIS,
            **values,
        }  # type: ignore[arg-type]
    )


def days(slots: list[Interval]) -> list[date]:
    return [to_wall(slot.start).date() for slot in slots]


def test_a_season_runs_to_its_last_day_included() -> None:
    assert days(tuesdays(date(2026, 9, 15))) == [TUESDAY, date(2026, 9, 8), date(2026, 9, 15)]
    assert len(tuesdays(date(2026, 9, 14))) == 2


def test_hours_stay_on_the_wall_clock_across_both_changes() -> None:
    slots = tuesdays(date(2027, 6, 29))
    assert len(slots) == 44
    assert {(to_wall(s.start).hour, to_wall(s.end).hour) for s in slots} == {(18, 20)}
    assert {s.start.hour for s in slots} == {16, 17}


def test_an_overseas_site_keeps_its_own_clock() -> None:
    zone = "Indian/Reunion"
    slots = weekly_slots(
        starts_at=wall(TUESDAY, 18, zone),
        ends_at=wall(TUESDAY, 20, zone),
        until=date(2027, 6, 29),
        zone_name=zone,
    )
    assert {s.start.hour for s in slots} == {14}


def test_several_weekdays_are_in_order_and_the_first_slot_counts_only_when_it_is_one() -> None:
    slots = tuesdays(date(2026, 9, 9), weekdays={3, 5})
    assert days(slots) == [date(2026, 9, 2), date(2026, 9, 4), date(2026, 9, 9)]


@pytest.mark.parametrize("skip", [{TUESDAY}, lambda day: day == TUESDAY])
def test_a_skipped_day_is_not_wanted(skip: object) -> None:
    assert days(tuesdays(date(2026, 9, 8), skip=skip)) == [date(2026, 9, 8)]


def test_a_slot_past_midnight_belongs_to_the_day_on_which_it_starts() -> None:
    slots = tuesdays(TUESDAY, start=22, end=25)
    assert [(to_wall(s.start).hour, to_wall(s.end).hour) for s in slots] == [(22, 1)]
    assert tuesdays(TUESDAY, start=22, end=25, skip={TUESDAY + timedelta(days=1)}) == slots


def test_hours_that_do_not_exist_that_night_are_left_out() -> None:
    sunday = date(2027, 3, 21)
    slots = tuesdays(date(2027, 4, 4), first=sunday, start=2, end=3)
    assert days(slots) == [sunday, date(2027, 4, 4)]


def test_the_second_of_the_two_hours_is_kept_as_it_was_asked() -> None:
    second = from_wall(datetime.fromisoformat("2026-10-25T02:30:00+01:00"))
    slots = weekly_slots(
        starts_at=second,
        ends_at=second + timedelta(hours=1),
        until=date(2026, 11, 1),
        zone_name=PARIS,
    )
    assert slots[0] == Interval(second, second + timedelta(hours=1))
    assert to_wall(slots[1].start).hour == 2


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("end", {"end": 18}),
        ("end", {"end": 42.5}),
        ("weekly_until", {"until": date(2026, 8, 31)}),
        ("weekly_until", {"until": TUESDAY + timedelta(weeks=MAX_WEEKS, days=1)}),
        ("weekdays", {"weekdays": {0}}),
    ],
)
def test_what_makes_no_season_is_refused_by_field(field: str, values: dict[str, object]) -> None:
    with pytest.raises(Invalid) as refused:
        tuesdays(**{"until": date(2026, 9, 8), **values})  # type: ignore[arg-type]
    assert list(refused.value.errors) == [field]


@given(
    first=st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    weeks=st.integers(0, MAX_WEEKS),
    start=st.integers(0, 47),
    length=st.integers(1, 48),
    weekdays=st.sets(st.integers(1, 7)),
)
def test_each_slot_reads_the_same_hours_or_those_of_the_changed_clock(
    first: date, weeks: int, start: int, length: int, weekdays: set[int]
) -> None:
    until = first + timedelta(weeks=weeks)
    starts_at, ends_at = wall(first, start / 2), wall(first, (start + length) / 2)
    if ends_at <= starts_at:
        return
    slots = weekly_slots(
        starts_at=starts_at, ends_at=ends_at, until=until, zone_name=PARIS, weekdays=weekdays
    )
    wanted = weekdays or {first.isoweekday()}
    expected = {
        day
        for n in range(weeks * 7 + 1)
        if (day := first + timedelta(days=n)).isoweekday() in wanted
    }
    found = days(slots)
    assert found == sorted(found)
    changes = {date(y, m, d) for y, m, d in ((2026, 3, 29), (2027, 3, 28), (2028, 3, 26))}
    assert expected - set(found) <= changes | {day - timedelta(days=1) for day in changes}
    minutes = (start * 30) % 1440
    for slot in slots:
        read = to_wall(slot.start)
        assert to_wall(slot.start).date() in expected
        if read.date() not in changes:
            assert read.hour * 60 + read.minute == minutes
