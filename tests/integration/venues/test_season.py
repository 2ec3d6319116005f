"""The season search agrees, date by date, with the definition of free; order, statements."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from salle.kernel.errors import Invalid
from salle.venues.availability import is_free
from salle.venues.criteria import Criteria
from salle.venues.models import Room
from salle.venues.queries import school_holiday_days
from salle.venues.rules import OccupationKind, SchoolCalendar
from salle.venues.school_holidays import load_school_holidays
from salle.venues.season import Season, search_season
from tests.factories import (
    NOW,
    RENNES,
    at,
    make_room,
    make_site,
    make_space,
    make_windows,
    occupy,
)
from tests.support.queries import statements

pytestmark = pytest.mark.usefixtures("session")
TUESDAY = date(2027, 1, 12)
UNTIL = date(2027, 6, 29)
NEAR = Criteria(lat=RENNES[0], lon=RENNES[1])


def season(**values: object) -> Season:
    known = {"start": datetime(2027, 1, 12, 18), "end": datetime(2027, 1, 12, 20), "until": UNTIL}  # noqa: DTZ001 wall time
    return Season(**{**known, **values})  # type: ignore[arg-type]


def random_world(seed: int) -> list[Room]:
    """Sites at random with halves, buffers, closed days and uses, over ten weeks."""
    chance = random.Random(seed)
    rooms = []
    for _ in range(4):
        site = make_site(lat=RENNES[0] + chance.uniform(-0.1, 0.1))
        halves = [
            make_space(site=site, buffer=timedelta(minutes=chance.choice((0, 15, 60))))
            for _ in range(2)
        ]
        made = [
            make_room(site=site, spaces=spaces, windows=False)
            for spaces in ([halves[0]], [halves[1]], halves)
        ]
        rooms += made
        for week in range(10):
            day = TUESDAY + timedelta(weeks=week)
            if chance.random() < 0.8:
                make_windows(
                    made[0].schedule_id,
                    first=day,
                    days=1,
                    opens=chance.choice((8, 18, 18.5)),
                    closes=chance.choice((19.5, 20, 22)),
                )
            for room in made[:2]:
                if chance.random() < 0.15:  # from the evening before
                    occupy(room, at(day, -chance.choice((3, 6))), at(day, chance.choice((4, 19))))
                elif chance.random() < 0.4:
                    start = chance.choice((8, 16, 17.5, 18.5, 20, 20.5))
                    occupy(room, at(day, start), at(day, start + chance.choice((0.5, 1, 2))))
    return rooms


@pytest.mark.parametrize("seed", range(6))
def test_every_date_of_every_room_is_judged_as_is_free_judges_it(seed: int) -> None:
    rooms = random_world(seed)
    until = TUESDAY + timedelta(weeks=9)
    found = search_season(NEAR, season(until=until, min_coverage=0), now=NOW, limit=100)
    assert {one.found.room_id for one in found.rooms} == {room.id for room in rooms}
    by_id = {room.id: room for room in rooms}
    for one in found.rooms:
        room = by_id[one.found.room_id]
        expected = [slot for slot in one.wanted if not is_free(room, slot.start, slot.end)]
        assert len(one.wanted) == 10
        assert list(one.missing) == expected
        assert one.free == 10 - len(expected)
        assert one.shut <= set(one.missing)
    shares = [one.free for one in found.rooms]
    assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize("coverage", [0.1, 0.5, 0.8, 1])
def test_only_rooms_that_serve_enough_are_kept_and_counted(coverage: float) -> None:
    random_world(7)
    until = TUESDAY + timedelta(weeks=9)
    everything = search_season(NEAR, season(until=until, min_coverage=0), now=NOW, limit=100)
    kept = search_season(NEAR, season(until=until, min_coverage=coverage), now=NOW, limit=100)
    expected = [one for one in everything.rooms if one.free >= round(coverage * 10, 6)]
    assert [one.found.room_id for one in kept.rooms] == [o.found.room_id for o in expected]
    assert (kept.total, kept.reach) == (len(expected), everything.total)


def test_pages_follow_each_other() -> None:
    random_world(11)
    question = season(until=TUESDAY + timedelta(weeks=9), min_coverage=0)
    whole = search_season(NEAR, question, now=NOW, limit=100)
    pages = [search_season(NEAR, question, now=NOW, limit=5, offset=n) for n in (0, 5, 10)]
    assert [o.found.room_id for page in pages for o in page.rooms] == [
        one.found.room_id for one in whole.rooms
    ]
    assert {page.total for page in pages} == {12}
    assert search_season(NEAR, question, now=NOW, offset=100).total == 12


def test_nineteen_hours_stay_nineteen_hours_after_the_change() -> None:
    site = make_site()
    room = make_room(site=site, windows=False)
    make_windows(room.schedule_id, opens=19, closes=21)
    question = season(start=datetime(2027, 3, 16, 19), end=datetime(2027, 3, 16, 21))  # noqa: DTZ001 wall time
    [one] = search_season(NEAR, question, now=NOW).rooms
    assert one.missing == ()
    assert len(one.wanted) == 16


def test_each_site_reads_the_hours_on_its_own_clock() -> None:
    here = make_room(windows=False)
    there = make_room(
        site=make_site(time_zone="Indian/Reunion", calendar=SchoolCalendar.REUNION), windows=False
    )
    make_windows(here.schedule_id, opens=18, closes=20)
    make_windows(there.schedule_id, opens=18, closes=20, zone="Indian/Reunion")
    found = search_season(NEAR, season(), now=NOW).rooms
    assert {(one.found.room_id, one.free) for one in found} == {(here.id, 25), (there.id, 25)}


def test_school_holidays_of_the_sites_own_calendar_are_not_wanted() -> None:
    load_school_holidays()
    sites = [make_site(calendar=zone) for zone in (SchoolCalendar.ZONE_A, SchoolCalendar.ZONE_B)]
    rooms = {make_room(site=site).id: site for site in sites}
    found = search_season(NEAR, season(skip_school_holidays=True), now=NOW).rooms
    assert len(found) == 2
    for one in found:
        days = {slot.start.date() for slot in one.wanted}
        holidays = school_holiday_days(rooms[one.found.room_id], TUESDAY, UNTIL)
        assert not days & holidays
        assert len(days) == sum(TUESDAY + timedelta(weeks=n) not in holidays for n in range(25))
    assert found[0].wanted != found[1].wanted


def test_a_public_holiday_is_wanted_and_a_bridge_is_not() -> None:
    load_school_holidays()
    make_room()
    question = season(
        start=datetime(2027, 5, 4, 18),  # noqa: DTZ001 wall time
        end=datetime(2027, 5, 4, 20),  # noqa: DTZ001 wall time
        until=date(2027, 5, 18),
        weekdays=frozenset({5, 6}),
        skip_school_holidays=True,
    )
    [one] = search_season(NEAR, question, now=NOW).rooms
    days = {slot.start.date() for slot in one.wanted}
    assert date(2027, 5, 8) in days
    assert date(2027, 5, 7) not in days


def test_dates_that_have_begun_are_not_wanted() -> None:
    make_room()
    [one] = search_season(NEAR, season(), now=at(TUESDAY, 18.5)).rooms
    assert len(one.wanted) == 24
    assert one.wanted[0].start == at(TUESDAY + timedelta(weeks=1), 18)


def test_nothing_wanted_gives_no_room_and_no_count() -> None:
    make_room()
    found = search_season(NEAR, season(), now=at(UNTIL, 19))
    assert (found.rooms, found.total) == ([], 0)


@pytest.mark.parametrize("hour", [0.5, 7, 9.5, 18, 22])
@pytest.mark.parametrize("length", [0.5, 8, 8.5, 12, 23])
def test_what_began_the_day_before_takes_the_slot_whatever_its_hour(
    hour: float, length: float
) -> None:
    room = make_room(windows=False)
    make_windows(room.schedule_id, opens=0, closes=24)
    start = at(TUESDAY, hour + 0.5) - timedelta(hours=length)
    occupy(room, start, at(TUESDAY, hour + 0.5))
    first = datetime(2027, 1, 12) + timedelta(hours=hour)  # noqa: DTZ001 wall time
    question = season(start=first, end=first + timedelta(hours=1), min_coverage=0)
    [one] = search_season(NEAR, question, now=NOW).rooms
    assert [slot.start for slot in one.missing] == [at(TUESDAY, hour)]


def test_several_weekdays_that_touch_are_counted_one_by_one() -> None:
    room = make_room(windows=False)
    make_windows(room.schedule_id, opens=0, closes=24)
    occupy(room, at(TUESDAY, 10), at(TUESDAY, 11))
    question = season(
        start=datetime(2027, 1, 11),  # noqa: DTZ001 wall time
        end=datetime(2027, 1, 12),  # noqa: DTZ001 wall time
        until=date(2027, 1, 17),
        weekdays=frozenset(range(1, 8)),
    )
    [one] = search_season(NEAR, question, now=NOW).rooms
    assert (one.free, [slot.start for slot in one.missing]) == (6, [at(TUESDAY, 0)])


def test_a_page_to_book_from_counts_dates_within_notice_and_horizon_only() -> None:
    make_room(horizon_days=15)
    bookable = replace(NEAR, bookable=True)
    question = season(min_coverage=0)
    [one] = search_season(bookable, question, now=NOW).rooms
    assert (one.free, one.shut) == (1, frozenset())
    [idle] = search_season(NEAR, question, now=NOW).rooms
    assert idle.free == 25


def test_too_long_a_season_is_refused() -> None:
    make_room()
    with pytest.raises(Invalid, match="60 semaines"):
        search_season(NEAR, season(until=date(2028, 6, 30)), now=NOW)


def test_the_number_of_statements_does_not_grow_with_the_rooms() -> None:
    counts = []
    for number in (1, 8):
        for _ in range(number):
            room = make_room()
            occupy(room, at(TUESDAY, 18), at(TUESDAY, 19), kind=OccupationKind.SCHOOL)
        with statements() as sent:
            search_season(NEAR, season(skip_school_holidays=True), now=NOW)
        counts.append(len(sent))
    assert counts == [3, 3]


def test_a_page_to_book_from_leaves_out_rooms_that_close_earlier() -> None:
    make_room(latest_minute=19 * 60)
    assert search_season(NEAR, season(min_coverage=0), now=NOW).total == 1
    assert search_season(replace(NEAR, bookable=True), season(min_coverage=0), now=NOW).total == 0
