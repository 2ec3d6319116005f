"""Long free intervals are offered day by day, what is over is not, starts keep the steps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from salle.kernel.clock import to_wall
from salle.venues.asking import next_step
from salle.venues.cards import _to_come, by_day
from salle.venues.free import Interval
from salle.venues.models import Room, Site

ZONE = "Europe/Paris"


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2027, 1, day, hour - 1, minute, tzinfo=UTC)


def test_days_and_nights_are_cut_at_midnight() -> None:
    pieces = by_day([Interval(at(12, 19, 30), at(15, 10))], ZONE)
    starts = [f"{to_wall(piece.start, ZONE):%d %H:%M}" for piece in pieces]
    assert starts == ["12 19:30", "13 00:00", "14 00:00", "15 00:00"]
    assert pieces[0].start == at(12, 19, 30)
    assert pieces[-1].end == at(15, 10)
    assert all(a.end == b.start for a, b in zip(pieces, pieces[1:], strict=False))


def test_an_evening_past_midnight_stays_whole() -> None:
    evening = Interval(at(12, 20), at(12, 20) + timedelta(hours=6))
    assert by_day([evening], ZONE) == [evening]


def test_free_hours_that_are_over_are_not_shown() -> None:
    now = at(12, 12)
    stretches = [
        ("free", at(12, 8), at(12, 10)),
        ("busy", at(12, 10), at(12, 11)),
        ("free", at(12, 11), at(12, 14)),
    ]
    assert _to_come(Room(site=Site(time_zone=ZONE)), stretches, now) == [
        ("busy", at(12, 10), at(12, 11)),
        ("free", now, at(12, 14)),
    ]


def test_a_start_is_rounded_up_to_the_rooms_step() -> None:
    room = Room(step_minutes=30, site=Site(time_zone=ZONE))
    assert next_step(at(12, 18, 16), room) == at(12, 18, 30)
    assert next_step(at(12, 18, 30), room) == at(12, 18, 30)
