"""The search agrees, room by room, with the definition of free; order, pages, statements."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from salle.db import db
from salle.kernel.clock import to_wall, utcnow
from salle.venues.availability import free_intervals, is_free
from salle.venues.models import Room, Site
from salle.venues.queries import list_rooms
from salle.venues.rules import OccupationKind, RoomKind
from salle.venues.search import Criteria, find_zone, search_rooms
from salle.venues.weeks import list_stretches
from tests.factories import (
    NOW,
    RENNES,
    at,
    make_room,
    make_site,
    make_space,
    make_tariff,
    make_windows,
    occupy,
)
from tests.support.queries import statements

TUESDAY = date(2027, 1, 12)
SOON = (utcnow() + timedelta(days=3)).date()
SLOT = {"starts_at": at(TUESDAY, 18), "ends_at": at(TUESDAY, 20)}


def random_world(seed: int) -> list[Room]:
    """Sites at random with halves, buffers, closed days and uses."""
    chance = random.Random(seed)
    rooms = []
    for _ in range(6):
        site = make_site(lat=RENNES[0] + chance.uniform(-0.4, 0.4))
        halves = [
            make_space(site=site, buffer=timedelta(minutes=chance.choice((0, 0, 15, 60))))
            for _ in range(2)
        ]
        for spaces in ([halves[0]], [halves[1]], halves):
            rooms.append(make_room(site=site, spaces=spaces, windows=False))
        for day in range(-1, 4):
            if chance.random() < 0.8:
                opens = chance.choice((0, 8, 17, 20))
                closes = chance.choice((20, 22, 24, 26))
                if opens < closes <= opens + 24:
                    first = TUESDAY + timedelta(days=day)
                    make_windows(rooms[-1].schedule_id, first=first, days=1, opens=opens,
                                 closes=closes)  # fmt: skip
        for room in rooms[-3:-1]:
            start = at(TUESDAY, chance.choice((6, 16, 19, 21, 25)))
            if chance.random() < 0.7:
                kind = chance.choice((OccupationKind.BLOCK, OccupationKind.SCHOOL))
                occupy(room, start, start + timedelta(hours=chance.choice((1, 2, 5))), kind=kind)
    return rooms


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize("seed", range(6))
def test_search_finds_exactly_the_free_rooms(seed: int) -> None:
    rooms = random_world(seed)
    for hour in (7, 17, 18.5, 20, 23):
        slot = {"starts_at": at(TUESDAY, hour), "ends_at": at(TUESDAY, hour + 1.5)}
        criteria = Criteria(lat=RENNES[0], lon=RENNES[1], radius_km=100, **slot)
        found, total = search_rooms(criteria, now=NOW, limit=100)
        free = {room.id for room in rooms if is_free(room, slot["starts_at"], slot["ends_at"])}
        assert {one.room_id for one in found} == free
        assert total == len(free)
        others, unavailable = search_rooms(replace(criteria, unavailable=True), now=NOW, limit=100)
        assert {one.room_id for one in others} == {room.id for room in rooms} - free
        assert total + unavailable == len(rooms)


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize("seed", range(3))
def test_next_free_slot_is_the_first_that_can_be_booked(seed: int) -> None:
    rooms = {room.id: room for room in random_world(seed)}
    for notice in (0, 60, 3 * 24 * 60):
        for room in rooms.values():
            room.notice_minutes = notice
        db.session.flush()
        now = at(TUESDAY, 9)
        found, _ = search_rooms(Criteria(), now=now, limit=100)
        for one in found:
            earliest = now + timedelta(minutes=notice)
            expected = [
                (max(piece.start, earliest), piece.end)
                for piece in free_intervals(
                    rooms[one.room_id], TUESDAY, TUESDAY + timedelta(days=28)
                )
                if piece.end - max(piece.start, earliest) >= timedelta(minutes=30)
            ]
            got = one.next_free
            assert (got and got.start) == (expected[0][0] if expected else None)


@pytest.mark.usefixtures("session")
def test_order_is_distance_then_price_then_name() -> None:
    near = make_site(lat=48.12)
    names = {"Zèbre": 500, "Abricot": 1000, "Mangue": 500}
    for name, cents in names.items():
        make_room(site=near, name=name, hourly_cents=cents)
    make_room(site=near, name="Sans tarif", hourly_cents=None)
    make_room(site=make_site(lat=48.1173), name="Tout près", hourly_cents=9000)
    criteria = Criteria(lat=RENNES[0], lon=RENNES[1], **SLOT)
    expected = ["Tout près", "Mangue", "Zèbre", "Abricot", "Sans tarif"]
    found, _ = search_rooms(criteria, now=NOW)
    assert [one.name for one in found] == expected
    pages = [search_rooms(criteria, now=NOW, limit=2, offset=n)[0] for n in (0, 2, 4)]
    assert [one.name for page in pages for one in page] == expected
    assert found[0].distance_km == 0.0
    assert found[1].distance_km == pytest.approx(0.3, abs=0.01)


@pytest.mark.usefixtures("session")
def test_price_is_that_of_the_audience_on_that_day() -> None:
    room = make_room(hourly_cents=None)
    make_tariff(room=room, audience="everyone", hourly_cents=3000)
    [everyone], _ = search_rooms(Criteria(**SLOT), now=NOW)
    assert everyone.price_cents == 6000
    day = sa.dialects.postgresql.Range(TUESDAY, TUESDAY + timedelta(days=1))
    make_tariff(room=room, hourly_cents=999, valid=day)
    [association], _ = search_rooms(
        Criteria(starts_at=at(TUESDAY, 18), ends_at=at(TUESDAY, 18.5)), now=NOW
    )
    assert association.price_cents == 500  # 4,995 € rounded half up
    tomorrow = {name: moment + timedelta(days=1) for name, moment in SLOT.items()}
    [later], _ = search_rooms(Criteria(**tomorrow), now=NOW)
    assert later.price_cents == 6000


@pytest.mark.usefixtures("session")
def test_radius_is_a_circle() -> None:
    make_room(site=make_site(lat=RENNES[0] + 0.17, lon=RENNES[1] + 0.25))  # in the box, 27 km
    make_room(site=make_site(lat=RENNES[0] + 0.17), name="Nord")
    found, total = search_rooms(Criteria(lat=RENNES[0], lon=RENNES[1], **SLOT), now=NOW)
    assert ([one.name for one in found], total) == (["Nord"], 1)


@pytest.mark.usefixtures("session")
def test_closed_sites_are_not_searched() -> None:
    make_room(site=make_site(closed_on=date(2020, 1, 1)))
    assert search_rooms(Criteria(**SLOT), now=NOW) == ([], 0)


@pytest.mark.usefixtures("session")
def test_zone_is_that_of_the_nearest_site() -> None:
    make_site()
    make_site(lat=-20.9, lon=55.5, time_zone="Indian/Reunion")
    assert find_zone(Criteria(lat=-21.0, lon=55.4, radius_km=200)) == "Indian/Reunion"
    assert find_zone(Criteria(lat=48.0, lon=-1.7, radius_km=200)) == "Europe/Paris"
    assert find_zone(Criteria(lat=0.0, lon=0.0)) == "Europe/Paris"


@pytest.mark.usefixtures("session")
def test_stretches_tell_what_each_hour_is() -> None:
    room = make_room()
    occupy(room, at(TUESDAY, 9), at(TUESDAY, 12), kind=OccupationKind.SCHOOL)
    occupy(room, at(TUESDAY, 18), at(TUESDAY, 20))
    found = list_stretches([room.id], at(TUESDAY), at(TUESDAY, 24))[room.id]
    hours = [(state, to_wall(low).hour, to_wall(high).hour) for state, low, high in found]
    assert hours == [
        ("free", 8, 9),
        ("school", 9, 12),
        ("free", 12, 18),
        ("busy", 18, 20),
        ("free", 20, 22),
    ]


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/salles", 3),
        ("/salles?ou=Rennes", 5),
        ("/salles?ou=Rennes&moment=soir&q=gimnase+rennes&accessible=", 5),
        ("/salles?ou=Rennes&prix=0&kind=gymnasium&q=essai", 5),  # nothing is free
        ("/api/v1/rooms", 1),
        ("/api/v1/rooms?q=essai&near=48.11,-1.67", 1),
        (f"/api/v1/rooms?start={SOON}T18:00%2B01:00&end={SOON}T20:00%2B01:00", 1),
        (f"/api/v1/rooms?window_start={SOON}T18:00&window_end={SOON}T22:00&duration_minutes=60", 2),
    ],
)
def test_number_of_statements_does_not_grow_with_rooms(
    client: FlaskClient, session: None, path: str, most: int
) -> None:
    def opened(site: Site | None = None) -> None:
        room = make_room(site=site or make_site(), kind=RoomKind.DOJO, windows=False)
        first = (utcnow() - timedelta(days=1)).date()
        make_windows(room.schedule_id, first=first, days=14, opens=0, closes=24)

    counts = []
    for number in (1, 8):
        for _ in range(number):
            opened()
        db.session.expire_all()
        with statements() as sent:
            assert client.get(path).status_code == 200
        counts.append(len([one for one in sent if "SAVEPOINT" not in one]))
    assert counts[0] == counts[1] <= most


@pytest.mark.usefixtures("session")
def test_rooms_that_are_not_public_are_left_out() -> None:
    room = make_room()
    hidden = make_room(published_at=None)
    assert set(list_rooms([room.id, hidden.id])) == {room.id}
