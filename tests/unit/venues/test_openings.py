"""Opening rules laid out: one sentence of the definition at a time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from salle.venues.materialiser import Rule, Window, materialise, wall_pieces
from salle.venues.rules import Period

PARIS = "Europe/Paris"
TUESDAY = date(2026, 11, 17)
TERM = {TUESDAY: (Period.TERM,)}
CHRISTMAS = {TUESDAY: (Period.CHRISTMAS, Period.HOLIDAYS)}


def paris(hour: float, day: date = TUESDAY) -> datetime:
    """Winter time of Paris, as UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour - 1)


def rule(period: Period, opens: int, closes: int, **more: object) -> Rule:
    return Rule(period, opens * 60, closes * 60, **more)  # type: ignore[arg-type]


def opened(rules: list[Rule], days: dict[date, tuple[Period, ...]] = TERM) -> list[Window]:
    return materialise(rules, days, zone_name=PARIS)


def test_no_rule_is_closed() -> None:
    assert opened([]) == []


def test_a_day_of_an_unknown_calendar_is_closed() -> None:
    assert opened([rule(Period.OPEN, 8, 10), rule(Period.TERM, 18, 22)], {}) == []


def test_a_term_evening_is_open() -> None:
    assert opened([rule(Period.TERM, 18, 22)]) == [Window(TUESDAY, paris(18), paris(22))]


def test_the_rules_of_the_room_replace_those_of_the_site_for_that_period() -> None:
    rules = [rule(Period.TERM, 18, 22), rule(Period.TERM, 20, 21, of_room=True)]
    assert opened(rules) == [Window(TUESDAY, paris(20), paris(21))]


def test_a_rule_of_the_room_on_another_weekday_closes_the_day() -> None:
    rules = [rule(Period.TERM, 18, 22), rule(Period.TERM, 20, 21, of_room=True, weekday=1)]
    assert opened(rules) == []


def test_a_rule_of_the_room_out_of_its_dates_leaves_the_site_to_decide() -> None:
    outdated = rule(Period.TERM, 20, 21, of_room=True, last=TUESDAY - timedelta(1))
    assert opened([rule(Period.TERM, 18, 22), outdated]) == [Window(TUESDAY, paris(18), paris(22))]


def test_a_named_holiday_falls_back_to_all_holidays() -> None:
    assert opened([rule(Period.HOLIDAYS, 9, 12)], CHRISTMAS) == [
        Window(TUESDAY, paris(9), paris(12))
    ]


def test_a_site_rule_of_the_named_holiday_wins_over_a_room_rule_of_all_holidays() -> None:
    rules = [rule(Period.HOLIDAYS, 9, 12, of_room=True), rule(Period.CHRISTMAS, 14, 16)]
    assert opened(rules, CHRISTMAS) == [Window(TUESDAY, paris(14), paris(16))]


def test_one_off_openings_of_site_and_room_both_add() -> None:
    rules = [rule(Period.OPEN, 8, 9), rule(Period.OPEN, 9, 10, of_room=True)]
    assert opened(rules) == [Window(TUESDAY, paris(8), paris(10))]


def test_a_closure_of_the_site_cuts_the_rules_of_the_room() -> None:
    rules = [rule(Period.TERM, 18, 22, of_room=True), rule(Period.CLOSED, 19, 20)]
    assert opened(rules) == [
        Window(TUESDAY, paris(18), paris(19)),
        Window(TUESDAY, paris(20), paris(22)),
    ]


def test_a_closed_day_cuts_the_end_of_the_evening_before() -> None:
    wednesday = TUESDAY + timedelta(1)
    rules = [rule(Period.TERM, 20, 26), rule(Period.CLOSED, 0, 24, first=wednesday)]
    assert opened(rules) == [Window(TUESDAY, paris(20), paris(24))]


def test_a_window_past_midnight_belongs_to_its_first_day() -> None:
    assert opened([rule(Period.TERM, 22, 26)]) == [Window(TUESDAY, paris(22), paris(26))]


def test_a_window_longer_than_a_day_is_cut() -> None:
    rules = [rule(Period.TERM, 0, 24), rule(Period.TERM, 23, 47)]
    assert [(w.starts_at, w.ends_at) for w in opened(rules)] == [
        (paris(0), paris(24)),
        (paris(24), paris(47)),
    ]


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 10, 25), 25), (date(2027, 3, 28), 23), (TUESDAY, 24)]
)
def test_a_whole_civil_day_has_23_24_or_25_hours(day: date, hours: int) -> None:
    pieces = wall_pieces(day, 0, 1440, PARIS)
    assert sum((end - start for start, end in pieces), timedelta()) == timedelta(hours=hours)


def test_the_hour_that_happens_twice_is_two_pieces() -> None:
    pieces = wall_pieces(date(2026, 10, 25), 150, 180, PARIS)
    night = datetime(2026, 10, 25, tzinfo=UTC)
    assert pieces == [
        (night + timedelta(minutes=30), night + timedelta(minutes=60)),
        (night + timedelta(minutes=90), night + timedelta(minutes=120)),
    ]


def test_the_hour_that_does_not_exist_is_nothing() -> None:
    assert wall_pieces(date(2027, 3, 28), 120, 180, PARIS) == []


def test_a_weekly_evening_keeps_its_wall_hour_across_the_change() -> None:
    before, after = date(2026, 10, 20), date(2026, 10, 27)
    windows = opened(
        [rule(Period.TERM, 19, 20, weekday=2)], {before: (Period.TERM,), after: (Period.TERM,)}
    )
    assert [w.starts_at.hour for w in windows] == [17, 18]


def test_a_day_opens_between_the_two_pieces_of_the_evening_before() -> None:
    """Miquelon, 1 November 2026: 2 h becomes 1 h, so « until 1 h 01 » is open twice."""
    days = {date(2026, 10, 31): (Period.TERM,), date(2026, 11, 1): (Period.PUBLIC_HOLIDAY,)}
    windows = materialise(
        [Rule(Period.TERM, 120, 1501), Rule(Period.PUBLIC_HOLIDAY, 0, 1440)],
        days,
        zone_name="America/Miquelon",
    )
    pieces = [(window.starts_at, window.ends_at) for window in windows]
    assert pieces[0][0] == datetime(2026, 10, 31, 4, tzinfo=UTC)
    assert pieces[-1][1] == datetime(2026, 11, 2, 3, tzinfo=UTC)
    assert all(one[1] == following[0] for one, following in zip(pieces, pieces[1:], strict=False))
