"""When a room is free, why it is not, and what would work instead."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from salle.venues.availability import Interval, alternatives, free_intervals, is_free, refusal
from salle.venues.models import Room
from salle.venues.rules import OccupationKind, RoomKind
from tests.factories import (
    NOW,
    at,
    make_room,
    make_schedule,
    make_site,
    make_space,
    make_windows,
    occupy,
)

pytestmark = pytest.mark.usefixtures("session")
TUESDAY = date(2027, 1, 12)


def free_on(room: Room, day: date = TUESDAY) -> list[tuple[datetime, datetime]]:
    return [(piece.start, piece.end) for piece in free_intervals(room, day, day)]


def code(room: Room, start: datetime, end: datetime) -> str | None:
    refused = refusal(room, start, end)
    assert is_free(room, start, end) == (refused is None)
    return refused.code if refused else None


def test_free_is_opening_minus_uses() -> None:
    room = make_room()
    occupy(room, at(TUESDAY, 10), at(TUESDAY, 12), kind=OccupationKind.SCHOOL)
    occupy(room, at(TUESDAY, 18), at(TUESDAY, 20.5))
    assert free_on(room) == [
        (at(TUESDAY, 8), at(TUESDAY, 10)),
        (at(TUESDAY, 12), at(TUESDAY, 18)),
        (at(TUESDAY, 20.5), at(TUESDAY, 22)),
    ]


def test_room_without_opening_is_never_free() -> None:
    room = make_room(windows=False)
    assert free_intervals(room, TUESDAY, TUESDAY + timedelta(days=60)) == []
    assert code(room, at(TUESDAY, 18), at(TUESDAY, 20)) == "closed"


def test_released_occupation_no_longer_counts() -> None:
    room = make_room()
    for row in occupy(room, at(TUESDAY, 18), at(TUESDAY, 20)):
        row.active = False  # not flushed: the question writes it first
    assert code(room, at(TUESDAY, 18), at(TUESDAY, 20)) is None


def test_intervals_are_merged_across_midnight_and_cut_at_the_days_asked() -> None:
    room = make_room(windows=False)
    make_windows(room.schedule_id, opens=0, closes=24)
    wednesday = TUESDAY + timedelta(days=1)
    assert free_intervals(room, TUESDAY, wednesday) == [Interval(at(TUESDAY), at(wednesday, 24))]


def test_window_past_midnight_belongs_to_its_evening() -> None:
    room = make_room(windows=False)
    make_windows(room.schedule_id, opens=20, closes=26, weekdays=[2])
    assert free_on(room) == [(at(TUESDAY, 20), at(TUESDAY, 24))]
    assert free_on(room, TUESDAY + timedelta(days=1)) == [(at(TUESDAY, 24), at(TUESDAY, 26))]
    assert code(room, at(TUESDAY, 22), at(TUESDAY, 26)) is None
    assert code(room, at(TUESDAY, 24), at(TUESDAY, 26)) is None
    assert code(room, at(TUESDAY, 25), at(TUESDAY, 27)) == "outside_opening"


def test_long_rows_of_the_day_before_are_seen() -> None:
    room = make_room(windows=False)
    make_windows(room.schedule_id, opens=0, closes=24)
    monday = TUESDAY - timedelta(days=1)
    occupy(room, at(monday, 0.5), at(monday, 25.5), buffer=timedelta(hours=3, minutes=30))
    assert free_on(room)[0] == (at(TUESDAY, 5), at(TUESDAY, 24))


def test_buffer_is_kept_on_both_sides() -> None:
    site = make_site()
    room = make_room(site=site, spaces=[make_space(site=site, buffer=timedelta(minutes=15))])
    occupy(room, at(TUESDAY, 18), at(TUESDAY, 20))
    assert code(room, at(TUESDAY, 16), at(TUESDAY, 17.75)) is None
    assert code(room, at(TUESDAY, 16), at(TUESDAY, 18)) == "slot_taken"
    assert code(room, at(TUESDAY, 20.25), at(TUESDAY, 21)) is None
    refused = refusal(room, at(TUESDAY, 20), at(TUESDAY, 21))
    assert refused is not None
    assert "15 minutes de battement" in refused.message


def test_buffer_of_a_use_after_the_span_is_seen() -> None:
    site = make_site()
    space = make_space(site=site, buffer=timedelta(hours=4))
    room = make_room(site=site, spaces=[space], windows=False)
    make_windows(room.schedule_id, opens=0, closes=24)
    occupy(room, at(TUESDAY, 26), at(TUESDAY, 27))
    assert free_on(room) == [(at(TUESDAY), at(TUESDAY, 22))]


def test_whole_room_is_busy_when_a_half_is() -> None:
    site = make_site()
    half_a, half_b = make_space(site=site), make_space(site=site)
    whole = make_room(site=site, spaces=[half_a, half_b])
    first, second = make_room(site=site, spaces=[half_a]), make_room(site=site, spaces=[half_b])
    occupy(first, at(TUESDAY, 18), at(TUESDAY, 20))
    assert code(whole, at(TUESDAY, 19), at(TUESDAY, 21)) == "slot_taken"
    assert code(second, at(TUESDAY, 19), at(TUESDAY, 21)) is None


def test_clock_change_keeps_wall_hours() -> None:
    room = make_room(windows=False)
    make_windows(room.schedule_id, first=date(2027, 3, 27), days=2, opens=1, closes=5)
    spring = date(2027, 3, 28)
    [(start, end)] = free_on(room, spring)
    assert end - start == timedelta(hours=3)
    assert (start, end) == (at(spring, 1), at(spring, 5))


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (18, 20, None),
        (8, 22, "school_use"),  # several reasons: the collège's comes first
        (7, 9, "outside_opening"),
        (22, 23, "outside_opening"),
        (9, 11, "school_use"),
        (13, 14, "slot_taken"),
        (10.5, 14, "school_use"),
        (20, 18, "invalid"),
        (18, 18, "invalid"),
    ],
)
def test_refusal_says_the_first_rule_in_order(
    start: float, end: float, expected: str | None
) -> None:
    room = make_room()
    occupy(room, at(TUESDAY, 10), at(TUESDAY, 12), kind=OccupationKind.SCHOOL)
    occupy(room, at(TUESDAY, 13), at(TUESDAY, 14))
    assert code(room, at(TUESDAY, start), at(TUESDAY, end)) == expected


def test_closed_day_says_whose_rule_and_the_next_opening() -> None:
    site = make_site(name="Collège des Tilleuls")
    schedule = make_schedule(site=site)
    make_windows(schedule, opens=18, closes=22, weekdays=[3])
    refused = refusal(make_room(site=site), at(TUESDAY, 18), at(TUESDAY, 20))
    assert refused is not None
    assert refused.code == "closed"
    assert refused.status == 409
    assert refused.message == (
        "Le collège des Tilleuls n’ouvre pas cette salle mardi 12\u00a0janvier 2027. "
        "Prochaine ouverture : mercredi 13\u00a0janvier 2027, 18\u00a0h\u00a0– 22\u00a0h."
    )


def test_outside_opening_says_the_hours() -> None:
    refused = refusal(make_room(), at(TUESDAY, 21), at(TUESDAY, 23))
    assert refused is not None
    assert "8\u00a0h\u00a0– 22\u00a0h" in refused.message


def test_taken_slot_says_what_is_left() -> None:
    room = make_room()
    occupy(room, at(TUESDAY, 10), at(TUESDAY, 22))
    refused = refusal(room, at(TUESDAY, 18), at(TUESDAY, 20))
    assert refused is not None
    assert "Encore libre mardi 12\u00a0janvier : 8\u00a0h\u00a0– 10\u00a0h." in refused.message


@pytest.mark.parametrize("year", [1, 9999])
def test_far_away_dates_are_refused_not_a_crash(year: int) -> None:
    start = datetime(year, 6, 1, 18, tzinfo=NOW.tzinfo)
    assert code(make_room(), start, start + timedelta(hours=2)) == "closed"


def test_slot_of_years_is_refused() -> None:
    refused = refusal(make_room(), NOW, NOW + timedelta(days=4000))
    assert refused is not None
    assert refused.code == "outside_opening"


def test_alternatives_are_free_and_nearest_first() -> None:
    site = make_site()
    room = make_room(site=site, name="Gymnase d’essai A")
    sibling = make_room(site=site, kind=RoomKind.DOJO)
    near = make_room(site=make_site(lat=48.2), step_minutes=15)
    make_room(site=make_site(lat=49.5))  # 150 km away
    make_room(site=make_site(lat=48.2), kind=RoomKind.CLASSROOM)
    occupy(room, at(TUESDAY, 17.75), at(TUESDAY, 20))
    found = alternatives(room, at(TUESDAY, 18), at(TUESDAY, 20), NOW)
    assert [(a.room_id, a.start) for a in found] == [
        (room.id, at(TUESDAY, 15.5)),
        (room.id, at(TUESDAY, 20)),
        (sibling.id, at(TUESDAY, 18)),
        (near.id, at(TUESDAY, 18)),
    ]
    rooms = {r.id: r for r in (room, sibling, near)}
    assert all(is_free(rooms[a.room_id], a.start, a.end) for a in found)


def test_alternatives_never_before_now_nor_notice() -> None:
    room = make_room(notice_minutes=60)
    occupy(room, at(TUESDAY, 18), at(TUESDAY, 20))
    found = alternatives(room, at(TUESDAY, 18), at(TUESDAY, 20), at(TUESDAY, 15.5))
    assert [a.start for a in found if a.room_id == room.id][0] == at(TUESDAY, 20)


def test_alternatives_on_other_days_when_the_day_has_none() -> None:
    room = make_room(windows=False)
    make_windows(room.schedule_id, opens=18, closes=20, weekdays=[3, 5])
    found = alternatives(room, at(TUESDAY, 18), at(TUESDAY, 20), NOW)
    assert [a.start for a in found] == [
        at(TUESDAY + timedelta(days=1), 18),
        at(TUESDAY + timedelta(days=3), 18),
    ]


def test_room_without_tariff_is_not_proposed() -> None:
    site = make_site()
    room = make_room(site=site)
    make_room(site=site, hourly_cents=None)
    occupy(room, at(TUESDAY, 8), at(TUESDAY, 22))
    found = alternatives(room, at(TUESDAY, 18), at(TUESDAY, 20), NOW)
    assert {a.room_id for a in found} <= {room.id}
