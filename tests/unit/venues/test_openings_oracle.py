"""The materialiser against a naive reading of every minute on a wall clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from salle.venues.materialiser import Rule, materialise
from salle.venues.rules import Period

MINUTE = timedelta(minutes=1)
PARIS = "Europe/Paris"
AUTUMN, SPRING = date(2026, 10, 25), date(2027, 3, 28)
ORDINARY = date(2026, 11, 18)
DAY_LISTS = [
    (Period.TERM,),
    (Period.PUBLIC_HOLIDAY,),
    (Period.HOLIDAYS,),
    (Period.ALL_SAINTS, Period.HOLIDAYS),
]
HOURS = st.one_of(st.sampled_from([0, 60, 90, 120, 150, 180, 210, 600, 1439]), st.integers(0, 1439))
LENGTHS = st.one_of(st.sampled_from([1, 30, 60, 120, 1440]), st.integers(1, 1440))


@st.composite
def rules_near(draw: st.DrawFn, middle: date) -> list[Rule]:
    """Rules of every period, some of the room, some dated, some past midnight."""
    near = st.one_of(st.none(), st.integers(-2, 2).map(lambda n: middle + timedelta(n)))
    rules = []
    for _ in range(draw(st.integers(0, 7))):
        opens, length = draw(HOURS), draw(LENGTHS)
        first, last = draw(near), draw(near)
        if first and last and last < first:
            first, last = last, first
        rules.append(
            Rule(
                period=draw(
                    st.sampled_from(
                        [
                            Period.TERM,
                            Period.PUBLIC_HOLIDAY,
                            Period.HOLIDAYS,
                            Period.ALL_SAINTS,
                            Period.OPEN,
                            Period.CLOSED,
                        ]
                    )
                ),
                opens=opens,
                closes=opens + length,
                weekday=draw(st.one_of(st.none(), st.none(), st.integers(1, 7))),
                of_room=draw(st.booleans()),
                first=first,
                last=last,
            )
        )
    return rules


@st.composite
def cases(
    draw: st.DrawFn,
) -> tuple[str, list[Rule], dict[date, tuple[Period, ...]], date]:
    zone_name, middle = draw(
        st.sampled_from(
            [
                (PARIS, AUTUMN),
                (PARIS, SPRING),
                (PARIS, ORDINARY),
                ("Indian/Reunion", ORDINARY),
                ("America/Miquelon", date(2026, 11, 1)),
            ]
        )
    )
    days = {
        middle + timedelta(n): draw(st.sampled_from(DAY_LISTS))
        for n in range(-2, 3)
        if draw(st.integers(0, 9)) > 0
    }
    return zone_name, draw(rules_near(middle)), days, middle


def says_open(wall: datetime, rules: list[Rule], days: dict[date, tuple[Period, ...]]) -> bool:
    """Whether a wall clock reading is open, straight from the definition."""
    opened = closed = False
    for back in (0, 1):
        day = wall.date() - timedelta(back)
        minute = wall.hour * 60 + wall.minute + 1440 * back
        valid = [r for r in rules if (r.first or day) <= day <= (r.last or day)]
        on = [
            r
            for r in valid
            if r.weekday in (None, day.isoweekday()) and r.opens <= minute < r.closes
        ]
        closed |= any(r.period is Period.CLOSED for r in on)
        if day not in days:
            continue
        opened |= any(r.period is Period.OPEN for r in on)
        for period in days[day]:
            of_period = [r for r in valid if r.period is period]
            of_room = [r for r in of_period if r.of_room]
            if of_period:
                opened |= any(r in on for r in of_room or of_period)
                break
    return opened and not closed


@settings(max_examples=60, deadline=None)
@given(cases())
def test_windows_are_the_minutes_that_the_definition_opens(
    case: tuple[str, list[Rule], dict[date, tuple[Period, ...]], date],
) -> None:
    zone_name, rules, days, middle = case
    windows = materialise(rules, days, zone_name=zone_name)
    zone = ZoneInfo(zone_name)
    instant = datetime(middle.year, middle.month, middle.day, tzinfo=UTC) - timedelta(days=3)
    pending = iter(windows)
    window = next(pending, None)
    for _ in range(7 * 1440):
        while window and window.ends_at <= instant:
            window = next(pending, None)
        mine = window is not None and window.starts_at <= instant
        wall = instant.astimezone(zone).replace(tzinfo=None)
        assert mine == says_open(wall, rules, days), (wall, windows)
        instant += MINUTE


@settings(max_examples=60, deadline=None)
@given(cases())
def test_windows_are_in_order_apart_and_at_most_a_day_long(
    case: tuple[str, list[Rule], dict[date, tuple[Period, ...]], date],
) -> None:
    zone_name, rules, days, _ = case
    windows = materialise(rules, days, zone_name=zone_name)
    for window in windows:
        assert window.starts_at < window.ends_at <= window.starts_at + timedelta(hours=24)
        assert window.day in days
    for one, following in zip(windows, windows[1:], strict=False):
        assert one.ends_at <= following.starts_at
