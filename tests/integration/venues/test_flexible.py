"""« Two hours in the evening »: a free piece of that length inside the range."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from salle.db import db
from salle.venues.asking import end_minute, next_step
from salle.venues.availability import free_between
from salle.venues.models import Room
from salle.venues.rules import OccupationKind
from salle.venues.search import Criteria, Found, search_rooms
from tests.factories import NOW, at, make_room, make_site, occupy
from tests.integration.venues.test_search import TUESDAY, random_world

HOUR = timedelta(hours=1)
EVENING = {"starts_at": at(TUESDAY, 18), "ends_at": at(TUESDAY, 24)}


def begins(room: Room, criteria: Criteria, earliest: datetime) -> datetime | None:
    """The naive answer: the first use in the free pieces of the range."""
    assert criteria.starts_at is not None
    assert criteria.ends_at is not None
    assert criteria.lasting is not None
    for piece in free_between(room, criteria.starts_at, criteria.ends_at):
        start = piece.start
        if criteria.bookable:
            start = next_step(max(start, earliest), room)
        if piece.end - start < criteria.lasting:
            continue
        if not criteria.bookable or room.latest_minute is None:
            return start
        if end_minute(start, start + criteria.lasting, "Europe/Paris") <= room.latest_minute:
            return start
    return None


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize("bookable", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_exactly_the_rooms_with_a_long_enough_piece(seed: int, bookable: bool) -> None:
    rooms = {room.id: room for room in random_world(seed)}
    for number, room in enumerate(rooms.values()):
        room.step_minutes = (15, 30, 60)[number % 3]
        room.latest_minute = (None, 20 * 60, 22 * 60 + 30)[number % 3]
    db.session.flush()
    for hours, length in ((6, 2.0), (18, 0.5), (17.25, 3.0), (0, 10.0)):
        criteria = Criteria(
            starts_at=at(TUESDAY, hours),
            ends_at=at(TUESDAY, 24),
            lasting=length * HOUR,
            bookable=bookable,
        )
        expected = {id_: begins(room, criteria, NOW) for id_, room in rooms.items()}
        found, total = search_rooms(criteria, now=NOW, limit=100)
        assert {one.room_id: one.begins for one in found} == {
            id_: start for id_, start in expected.items() if start is not None
        }
        others, unavailable = search_rooms(replace(criteria, unavailable=True), now=NOW, limit=100)
        assert {one.room_id for one in others} == {k for k, v in expected.items() if v is None}
        assert total + unavailable == len(rooms)


def search(**asked: object) -> tuple[list[Found], list[Found]]:
    criteria = Criteria(**{**EVENING, "lasting": 2 * HOUR, "bookable": True, **asked})  # type: ignore[arg-type]
    return (
        search_rooms(criteria, now=NOW)[0],
        search_rooms(replace(criteria, unavailable=True), now=NOW)[0],
    )


@pytest.mark.usefixtures("session")
def test_the_first_slot_comes_after_what_is_taken() -> None:
    room = make_room()
    occupy(room, at(TUESDAY, 17), at(TUESDAY, 19.25))
    [one], others = search()
    assert (one.begins, others) == (at(TUESDAY, 19.5), [])
    assert one.price_cents == 2500  # two hours, not the evening


@pytest.mark.usefixtures("session")
def test_closed_and_full_are_told_apart() -> None:
    full, closed = make_room(name="Pleine"), make_room(name="Fermée", windows=False)
    occupy(full, at(TUESDAY, 19), at(TUESDAY, 21), kind=OccupationKind.BLOCK)
    found, others = search()
    assert found == []
    assert {one.room_id: one.opened for one in others} == {full.id: True, closed.id: False}


@pytest.mark.usefixtures("session")
def test_rules_of_the_room_are_kept_when_it_must_be_bookable() -> None:
    site = make_site()
    make_room(site=site, name="Courte", max_minutes=90)
    make_room(site=site, name="Longue", min_minutes=180)
    make_room(site=site, name="Tardive", notice_minutes=30 * 24 * 60)
    make_room(site=site, name="Proche", horizon_days=2)
    make_room(site=site, name="Bonne")
    found, others = search()
    assert ([one.name for one in found], others) == (["Bonne"], [])
    found, others = search(bookable=False)
    assert (len(found), others) == (5, [])


@pytest.mark.usefixtures("session")
def test_notice_moves_the_first_slot() -> None:
    minutes = (at(TUESDAY, 19.25) - NOW) // timedelta(minutes=1)
    make_room(notice_minutes=minutes)
    [one], _ = search()
    assert one.begins == at(TUESDAY, 19.5)
