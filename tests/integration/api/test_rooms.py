"""Search, one room, its free intervals: what is open and idle, and nothing else."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from salle.db import db
from salle.kernel.clock import from_wall, to_wall, utcnow
from salle.venues.models import Room
from salle.venues.occupations import Occupation
from salle.venues.rules import OccupationKind
from tests.factories import make_room, make_site, make_windows
from tests.support.world import World, build_world


@pytest.fixture
def world(session: None) -> World:
    return build_world(utcnow())


def day(days: int = 3) -> date:
    return (to_wall(utcnow()) + timedelta(days=days)).date()


def block(world: World, space: int, start: str, end: str) -> None:
    """A staff block on one half."""
    starts_at, ends_at = (from_wall(datetime.fromisoformat(t)) for t in (start, end))
    db.session.add(
        Occupation(
            space_id=world.spaces[space],
            kind=OccupationKind.BLOCK,
            starts_at=starts_at,
            ends_at=ends_at,
            frees_at=ends_at,
        )
    )
    db.session.flush()


def find(client: FlaskClient, **query: Any) -> list[str]:
    """Names of the rooms found near the world's site."""
    answer = client.get("/api/v1/rooms", query_string={"near": "48.1,-1.7", **query})
    assert answer.status_code == 200, answer.text
    assert answer.json["total"] == len(answer.json["items"])
    return [item["slug"] for item in answer.json["items"]]


def evening(start: str = "18:00", end: str = "20:00", days: int = 3) -> dict[str, str]:
    return {"start": f"{day(days)}T{start}", "end": f"{day(days)}T{end}"}


def test_every_room_is_found_while_idle(client: FlaskClient, world: World) -> None:
    assert sorted(find(client, **evening())) == ["foyer", "gymnase", "gymnase-a", "gymnase-b"]


def test_a_half_taken_hides_the_whole_but_not_the_other_half(
    client: FlaskClient, world: World
) -> None:
    block(world, 0, f"{day()}T19:30", f"{day()}T19:45")
    assert sorted(find(client, **evening())) == ["foyer", "gymnase-b"]
    assert "gymnase" in find(client, **evening(start="17:00", end="19:30"))
    assert "gymnase" in find(client, **evening(start="19:45", end="22:00"))


def test_outside_the_opening_nothing_is_free(client: FlaskClient, world: World) -> None:
    assert find(client, **evening(start="08:00", end="10:00")) == []
    assert find(client, **evening(start="21:30", end="22:30")) == []


def test_the_price_is_that_of_the_slot(client: FlaskClient, world: World) -> None:
    items = client.get("/api/v1/rooms", query_string=evening()).json["items"]
    assert {item["slug"]: item["price_cents"] for item in items}["gymnase"] == 2500
    hourly = client.get("/api/v1/rooms").json["items"]
    assert {item["slug"]: item["price_cents"] for item in hourly}["gymnase"] == 1250


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"min_capacity": 81}, []),
        ({"kind": "dojo"}, []),
        ({"max_price_cents": 0}, ["foyer"]),
        ({"q": "FOYER fictive"}, ["foyer"]),
        ({"q": "rien de tel"}, []),
        ({"q": "100%"}, []),
        ({"commune": "99001"}, []),
        ({"radius_km": "0.5"}, []),
        ({"accessible": "1"}, []),
        ({"equipment": "piano"}, []),
    ],
)
def test_criteria_narrow_the_search(
    client: FlaskClient, world: World, query: dict[str, Any], expected: list[str]
) -> None:
    assert find(client, **query) == expected


def test_pages_follow_each_other(client: FlaskClient, world: World) -> None:
    first = client.get("/api/v1/rooms?limit=3").json
    assert (first["total"], len(first["items"])) == (4, 3)
    second = client.get(first["next"]).json
    assert (len(second["items"]), second["next"]) == (1, None)
    beyond = client.get("/api/v1/rooms?offset=50").json
    assert (beyond["total"], beyond["items"]) == (4, [])


def test_free_intervals_are_merged_and_cut_by_uses(client: FlaskClient, world: World) -> None:
    block(world, 0, f"{day()}T18:00", f"{day()}T19:00")
    url = f"/api/v1/rooms/{world.whole}/free?from={day()}&to={day()}"
    answer = client.get(url).json
    hours = [(i["start"][11:16], i["end"][11:16]) for i in answer["intervals"]]
    offset = to_wall(from_wall(datetime.fromisoformat(f"{day()}T12:00"))).utcoffset()
    opens = "17:00" if offset == timedelta(hours=1) else "18:00"
    assert hours[-1][1] in {"22:00", "23:00"}
    assert ("19:00", hours[-1][1]) in hours
    if opens == "17:00":
        assert ("17:00", "18:00") in hours


@pytest.mark.parametrize(
    "query",
    [
        "limit=abc",
        "limit=0",
        "offset=-1",
        "near=abc",
        "near=91,0",
        "near=1,2,3",
        "near=nan,nan",
        "radius_km=inf",
        "radius_km=-3",
        "kind=castle",
        "min_capacity=10000",
        "min_capacity=douze",
        "start=2027-01-12T18:00",
        "start=hier&end=demain",
        "start=2027-01-12T20:00&end=2027-01-12T18:00",
        "start=2020-01-12T18:00&end=2020-01-12T20:00",
        "start=0001-01-01T00:00&end=0001-01-01T01:00",
        "q=%00",
        "weekly_until=2100-06-30",
        "accessible=peut-etre",
        "q=" + "a" * 5000,
    ],
)
def test_bad_queries_are_clear_problems(client: FlaskClient, world: World, query: str) -> None:
    answer = client.get(f"/api/v1/rooms?{query}")
    assert answer.status_code == 422, answer.text
    assert answer.mimetype == "application/problem+json"
    assert answer.json["errors"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/rooms/unknown", 404),
        ("/api/v1/rooms/00000000-0000-0000-0000-000000000000", 404),
        ("/api/v1/rooms/%00", 404),
        ("/api/v1/rooms/{room}/free", 422),
        ("/api/v1/rooms/{room}/free?from=2027-01-01", 422),
        ("/api/v1/rooms/{room}/free?from=2027-01-02&to=2027-01-01", 422),
        ("/api/v1/rooms/{room}/free?from=2027-01-01&to=2027-04-03", 422),
        ("/api/v1/rooms/{room}/free?from=0001-01-01&to=0001-01-02", 422),
        ("/api/v1/rooms/{room}/free?from=x&to=y", 422),
    ],
)
def test_bad_rooms_and_days(client: FlaskClient, world: World, path: str, status: int) -> None:
    answer = client.get(path.format(room=world.whole))
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("year", ["2201", "9999"])
def test_the_end_of_time_is_refused_clearly(client: FlaskClient, world: World, year: str) -> None:
    for first, last in (("start", "end"), ("window_start", "window_end")):
        query = {first: f"{year}-12-31T22:00", last: f"{year}-12-31T23:59"}
        more = {"duration_minutes": 60} if first != "start" else {}
        answer = client.get("/api/v1/rooms", query_string={**query, **more})
        assert answer.status_code == 422
        assert answer.json["errors"] == {first: "Un jour jusqu’en 2200."}
    assert find(client, start="2200-12-31T22:00", end="2200-12-31T23:00") == []


def flexible(minutes: int, start: str = "17:00", end: str = "22:00") -> dict[str, Any]:
    return {
        "window_start": f"{day()}T{start}",
        "window_end": f"{day()}T{end}",
        "duration_minutes": minutes,
    }


def test_flexible_hours_give_the_first_slot_that_lasts_long_enough(
    client: FlaskClient, world: World
) -> None:
    block(world, 0, f"{day()}T18:00", f"{day()}T19:30")
    items = client.get("/api/v1/rooms", query_string=flexible(120, "18:00")).json["items"]
    slots = {
        item["slug"]: (item["slot"]["start"][11:16], item["slot"]["end"][11:16]) for item in items
    }
    assert slots["gymnase"] == slots["gymnase-a"] == ("19:30", "21:30")
    assert slots["gymnase-b"] == ("18:00", "20:00")
    assert {item["state"] for item in items} == {"free"}
    assert "gymnase-a" not in find(client, **flexible(180, "18:00", "22:00"))


def test_what_is_not_free_says_whether_it_is_full_or_closed(
    client: FlaskClient, world: World
) -> None:
    block(world, 0, f"{day()}T18:00", f"{day()}T19:00")
    make_room(slug="fermee", windows=False, site=make_site(lat=48.1, lon=-1.7))
    for query in (evening(), flexible(240, "18:00", "22:00")):
        answer = client.get(
            "/api/v1/rooms", query_string={"near": "48.1,-1.7", **query, "unavailable": "1"}
        ).json
        states = {item["slug"]: item["state"] for item in answer["items"]}
        assert states == {"gymnase": "full", "gymnase-a": "full", "fermee": "closed"}
        next_free = {item["slug"]: item["next_free"] for item in answer["items"]}
        assert next_free["gymnase"]["start"].startswith(f"{day()}T19:00")
        assert next_free["fermee"] is None
    assert {item["state"] for item in client.get("/api/v1/rooms").json["items"]} == {None}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"window_start": "2027-01-12T18:00", "duration_minutes": 60}, "window_end"),
        ({**flexible(60), "duration_minutes": ""}, "duration_minutes"),
        ({**flexible(60), "duration_minutes": 0}, "duration_minutes"),
        (flexible(301), "duration_minutes"),
        (flexible(60, "20:00", "18:00"), "window_end"),
        ({**flexible(60), **evening()}, "window_start"),
        ({"duration_minutes": 60}, "window_start"),
        ({"unavailable": "1"}, "unavailable"),
        (
            {
                "window_start": "2020-01-12T18:00",
                "window_end": "2020-01-12T20:00",
                "duration_minutes": 60,
            },
            "window_start",
        ),
    ],
)
def test_flexible_hours_that_mean_nothing_are_refused(
    client: FlaskClient, world: World, query: dict[str, Any], field: str
) -> None:
    answer = client.get("/api/v1/rooms", query_string=query)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [field]


def test_ninety_two_days_are_allowed(client: FlaskClient, world: World) -> None:
    first = day(0)
    url = f"/api/v1/rooms/{world.whole}/free?from={first}&to={first + timedelta(days=91)}"
    assert client.get(url).status_code == 200


def test_unpublished_rooms_are_not_public(client: FlaskClient, world: World) -> None:
    db.session.get(Room, world.whole).published_at = None
    db.session.flush()
    assert "gymnase" not in find(client)
    assert client.get(f"/api/v1/rooms/{world.whole}").status_code == 404


def test_the_description_is_served(client: FlaskClient, world: World) -> None:
    described = client.get("/api/v1/openapi.json").json
    assert "/api/v1/rooms" in described["paths"]


@pytest.mark.parametrize("plus", ["+", "%2B"])
def test_offsets_are_understood_even_when_the_plus_was_lost(
    client: FlaskClient, world: World, plus: str
) -> None:
    first, second = (
        to_wall(from_wall(datetime.fromisoformat(f"{day()}T{hour}:00"))).isoformat()
        for hour in (18, 20)
    )
    block(world, 0, f"{day()}T17:00", f"{day()}T18:00")
    block(world, 0, f"{day()}T20:00", f"{day()}T21:00")
    answer = client.get(f"/api/v1/rooms?start={first}&end={second}".replace("+", plus))
    assert answer.status_code == 200, answer.text
    assert "gymnase" in [item["slug"] for item in answer.json["items"]]


def test_times_without_offset_are_wall_time_of_the_nearest_site(
    client: FlaskClient, world: World
) -> None:
    site = make_site(lat=-20.9, lon=55.5, time_zone="Indian/Reunion")
    room = make_room(site=site, windows=False)
    query = {"near": "-20.9,55.5", "start": f"{day()}T20:00", "end": f"{day()}T22:00"}
    make_windows(room.schedule_id, first=day(-1), days=9, zone="Indian/Reunion")
    items = client.get("/api/v1/rooms", query_string=query).json["items"]
    assert [item["id"] for item in items] == [str(room.id)]


@pytest.mark.parametrize("path", ["/api/v1/rooms", "/salles"])
def test_endless_words_get_an_answer_in_french(client: FlaskClient, path: str) -> None:
    assert client.get(f"{path}?q={'a' * 1_000_000}").status_code in {200, 422}
    answer = client.get(f"{path}?q={'a' * 2_000_000}")
    assert answer.status_code == 414
    assert "trop longue" in answer.text


def test_the_next_free_slot_can_be_booked(client: FlaskClient, world: World) -> None:
    for item in client.get("/api/v1/rooms").json["items"]:
        start = datetime.fromisoformat(item["next_free"]["start"])
        quote = client.post(
            "/api/v1/quotes",
            json={
                "room_id": item["id"],
                "start": start.isoformat(),
                "end": (start + timedelta(minutes=30)).isoformat(),
            },
        )
        assert quote.status_code == 200, quote.text
        assert quote.json["dates"][0]["available"] is True
