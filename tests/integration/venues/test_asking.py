"""Pages never offer what booking would refuse: notice, length, steps, horizon."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from salle.db import db
from salle.kernel.clock import to_wall, utcnow
from salle.venues.asking import Refused, check_times, room_rules
from salle.venues.availability import Interval
from salle.venues.cards import before_latest
from salle.venues.models import Room
from salle.venues.queries import get_room
from salle.venues.search import Criteria, search_rooms
from tests.support.html import Page
from tests.support.world import World, build_world


@pytest.fixture
def world(session: None) -> World:
    return build_world(utcnow())


def change(world: World, **values: Any) -> Room:
    room = db.session.get(Room, world.whole)
    assert room is not None
    for name, value in values.items():
        setattr(room, name, value)
    db.session.flush()
    return room


def slugs(*, bookable: bool, hours: int = 2) -> list[str]:
    """Rooms found for an evening in three days."""
    wall = to_wall(utcnow()) + timedelta(days=3)
    start = wall.replace(hour=18, minute=0, second=0, microsecond=0)
    found, _ = search_rooms(
        Criteria(starts_at=start, ends_at=start + timedelta(hours=hours), bookable=bookable),
        now=utcnow(),
    )
    return [room.slug for room in found]


@pytest.mark.parametrize(
    "rule",
    [
        {"notice_minutes": 7 * 1440},
        {"horizon_days": 1},
        {"min_minutes": 180},
        {"max_minutes": 60},
        {"latest_minute": 19 * 60},
    ],
)
def test_a_search_that_offers_to_book_keeps_the_rooms_rules(
    world: World, rule: dict[str, int]
) -> None:
    assert "gymnase" in slugs(bookable=True)
    change(world, **rule)
    assert "gymnase" not in slugs(bookable=True)
    assert "gymnase" in slugs(bookable=False)


@pytest.mark.parametrize(
    ("rule", "minutes", "words"),
    [
        ({"notice_minutes": 7 * 1440}, "00", "délai"),
        ({"max_minutes": 60}, "00", "au plus"),
        ({}, "07", "minutes"),
    ],
)
def test_the_page_of_a_room_says_which_rule_refuses(
    client: FlaskClient, world: World, rule: dict[str, int], minutes: str, words: str
) -> None:
    change(world, **rule)
    day = (to_wall(utcnow()) + timedelta(days=3)).date()
    page = Page.of(
        client.get(f"/salles/gymnase?jour={day}&de=18:{minutes}&a=20:{minutes}"), status=200
    )
    assert words in page.text
    assert "Réserver ce créneau" not in page.text


def test_the_strip_is_lit_only_where_one_may_book(client: FlaskClient, world: World) -> None:
    path = f"/salles/gymnase?semaine={to_wall(utcnow()).date() + timedelta(days=7)}"
    before = Page.of(client.get(path)).all(".c-week__slot.is-free")
    change(world, notice_minutes=14 * 1440)
    after = Page.of(client.get(path)).all(".c-week__slot.is-free")
    assert before
    assert after == []


def test_no_hour_after_the_latest_one_is_lit(client: FlaskClient, world: World) -> None:
    path = f"/salles/gymnase?semaine={to_wall(utcnow()).date() + timedelta(days=7)}"
    before = Page.of(client.get(path))
    change(world, latest_minute=20 * 60)
    after = Page.of(client.get(path))
    assert len(after.all(".c-week__slot.is-free")) == len(before.all(".c-week__slot.is-free"))
    # The winter world closes at 22 h, at 23 h in summer time.
    assert "20 h au plus tard" in after.text
    for words in after.texts(".c-slots b, .c-slot b, .c-week__window"):
        assert "22 h" not in words
        assert "23 h" not in words


def test_the_parts_before_the_latest_hour_are_those_that_booking_allows(world: World) -> None:
    """Every quarter of an hour of a piece is kept exactly when a use of it would be accepted."""
    dice = random.Random(5)
    quarter = timedelta(minutes=15)
    for first in (datetime(2027, 3, 27, 12, tzinfo=UTC), datetime(2027, 10, 30, 12, tzinfo=UTC)):
        for _ in range(12):
            latest = dice.choice([None, *range(360, 1741, 15)])
            change(world, latest_minute=latest, step_minutes=5, min_minutes=5)
            room = get_room(world.whole)
            piece = Interval(first, first + dice.randrange(1, 4 * 40) * quarter)
            kept = before_latest(room, [piece])
            at = piece.start
            while at < piece.end:
                try:
                    check_times(room_rules(room), at, at + quarter, first)
                    allowed = True
                except Refused:
                    allowed = False
                inside = any(one.start <= at and at + quarter <= one.end for one in kept)
                assert inside is allowed, (latest, at)
                at += quarter
