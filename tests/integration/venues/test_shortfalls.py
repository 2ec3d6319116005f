"""Missing dates of a season: the reasons are those of one slot, the fixes are free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from salle.venues.availability import is_free, refusal
from salle.venues.criteria import Criteria
from salle.venues.models import Room
from salle.venues.queries import list_rooms
from salle.venues.rules import OccupationKind, RoomKind
from salle.venues.season import Season, search_season
from salle.venues.shortfalls import Missing, explain_missing
from tests.factories import NOW, RENNES, at, make_room, make_site, make_space, make_windows, occupy
from tests.integration.venues.test_season import random_world
from tests.support.queries import statements

pytestmark = pytest.mark.usefixtures("session")
TUESDAY = date(2027, 1, 12)
NEAR = Criteria(lat=RENNES[0], lon=RENNES[1])
SEASON = Season(
    start=datetime(2027, 1, 12, 18),  # noqa: DTZ001 wall time
    end=datetime(2027, 1, 12, 20),  # noqa: DTZ001 wall time
    until=TUESDAY + timedelta(weeks=9),
    min_coverage=0,
)


def explained(criteria: Criteria = NEAR, season: Season = SEASON) -> dict[object, list[Missing]]:
    page = search_season(criteria, season, now=NOW, limit=100)
    return {**explain_missing(page.rooms, criteria, now=NOW)}


def of(room: Room, criteria: Criteria = NEAR) -> list[Missing]:
    return explained(criteria)[room.id]


@pytest.mark.parametrize("seed", range(4))
def test_each_reason_is_word_for_word_that_of_the_slot_alone(seed: int) -> None:
    rooms = {room.id: room for room in random_world(seed)}
    loaded = list_rooms(list(rooms))
    codes = set()
    for room_id, dates in explained().items():
        for one in dates:
            error = refusal(loaded[room_id], one.slot.start, one.slot.end)  # type: ignore[index]
            assert error is not None
            assert (one.reason.code, one.reason.message) == (error.code, error.message)
            codes.add(one.reason.code)
    assert {"closed", "outside_opening", "slot_taken"} <= codes


@pytest.mark.parametrize("seed", range(4))
def test_each_fix_is_free_and_there_are_three_at_most(seed: int) -> None:
    random_world(seed)
    dates = [one for dates in explained().values() for one in dates]
    fixes = [(one, fix) for one in dates for fix in one.fixes]
    rooms = list_rooms([fix.room_id for _, fix in fixes])
    assert fixes
    for one, fix in fixes:
        assert is_free(rooms[fix.room_id], fix.start, fix.end)
        assert abs(fix.start - one.slot.start) <= timedelta(minutes=30)
        assert fix.end - fix.start == timedelta(hours=2)
    assert max(len(one.fixes) for one in dates) <= 3


def test_school_use_is_told_from_a_booking() -> None:
    room = make_room()
    occupy(room, at(TUESDAY, 18), at(TUESDAY, 19), kind=OccupationKind.SCHOOL)
    occupy(room, at(TUESDAY + timedelta(weeks=1), 19), at(TUESDAY + timedelta(weeks=1), 21))
    assert [one.reason.code for one in of(room)] == ["school_use", "slot_taken"]


def test_half_an_hour_later_a_sibling_and_a_neighbour_are_proposed_in_that_order() -> None:
    site = make_site()
    room = make_room(site=site)
    sibling = make_room(site=site)
    near = make_room(site=make_site(name="Collège voisin", lat=RENNES[0] + 0.02))
    make_room(site=make_site(lat=RENNES[0] + 0.1))
    occupy(room, at(TUESDAY, 17), at(TUESDAY, 18.5))
    [one] = of(room)
    shift, other, neighbour = one.fixes
    assert (shift.room_id, shift.start) == (room.id, at(TUESDAY, 18.5))
    assert (other.room_id, other.start, other.site_name) == (sibling.id, at(TUESDAY, 18), None)
    assert (neighbour.room_id, neighbour.site_name) == (near.id, "Collège voisin")
    assert neighbour.distance_km == pytest.approx(2.2, abs=0.1)


def test_a_room_that_shares_the_space_taken_is_no_fix() -> None:
    site = make_site()
    space = make_space(site=site)
    room = make_room(site=site, spaces=[space])
    make_room(site=site, spaces=[space])
    occupy(room, at(TUESDAY, 8), at(TUESDAY, 22))
    assert [one.fixes for one in of(room)] == [()]


def test_a_fix_keeps_to_the_steps_the_price_and_the_filters_asked_for() -> None:
    site = make_site()
    room = make_room(site=site, step_minutes=60)
    make_room(site=site, hourly_cents=None)
    make_room(site=site, capacity=10)
    make_room(site=site, kind=RoomKind.MEETING, max_minutes=60)
    occupy(room, at(TUESDAY, 17), at(TUESDAY, 18.5))
    assert [one.fixes for one in of(room, replace(NEAR, min_capacity=20))] == [()]


def test_a_neighbour_is_of_the_same_kind_and_within_reach() -> None:
    room = make_room(kind=RoomKind.DOJO)
    make_room(site=make_site(lat=RENNES[0] + 0.02), kind=RoomKind.MEETING)
    make_room(site=make_site(lat=RENNES[0] + 0.3), kind=RoomKind.DOJO)
    occupy(room, at(TUESDAY, 8), at(TUESDAY, 22))
    assert [one.fixes for one in of(room)] == [()]


def test_dates_beyond_the_horizon_say_so_on_a_page_to_book_from() -> None:
    room = make_room(horizon_days=30)
    dates = of(room, replace(NEAR, bookable=True))
    assert {one.reason.code for one in dates} == {"too_far"}
    assert dates[0].slot.start > NOW + timedelta(days=30)


def test_a_closed_day_names_the_next_opening_even_far_away() -> None:
    room = make_room(windows=False)
    make_windows(room.schedule_id, first=TUESDAY + timedelta(weeks=9), days=1)
    first: Sequence[Missing] = of(room)
    assert "16\u00a0mars 2027" in first[0].reason.message


def test_the_number_of_statements_does_not_grow_with_the_rooms() -> None:
    counts = []
    for number in (1, 8):
        for _ in range(number):
            room = make_room()
            occupy(room, at(TUESDAY, 18), at(TUESDAY, 19), kind=OccupationKind.SCHOOL)
        page = search_season(NEAR, SEASON, now=NOW)
        with statements() as sent:
            explain_missing(page.rooms, NEAR, now=NOW)
        counts.append(len(sent))
    assert counts == [5, 5]
