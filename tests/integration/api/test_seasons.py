"""`GET /rooms` with `weekly_until`: how many dates each room serves, why not the others."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from salle.db import db
from salle.venues.models import Room, SchoolHoliday
from salle.venues.rules import OccupationKind, Period
from tests.factories import RENNES, at, make_room, make_site, occupy
from tests.support.queries import statements
from tests.support.rooms import DAY, open_rooms

pytestmark = pytest.mark.usefixtures("session")
WEEKS = [DAY + timedelta(weeks=n) for n in range(5)]


def asked(**values: Any) -> dict[str, Any]:
    return {
        "near": f"{RENNES[0]},{RENNES[1]}",
        "start": f"{DAY}T18:00",
        "end": f"{DAY}T20:00",
        "weekly_until": WEEKS[-1].isoformat(),
        **values,
    }


def find(client: FlaskClient, **values: Any) -> list[dict[str, Any]]:
    answer = client.get("/api/v1/rooms", query_string=asked(**values))
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json["items"]
    return items


@pytest.fixture
def room() -> Room:
    room = make_room(windows=False)
    open_rooms(room)
    return room


def test_a_room_that_serves_every_date_misses_none(client: FlaskClient, room: Room) -> None:
    [item] = find(client)
    assert item["coverage"] == {"wanted": 5, "free": 5, "missing": []}
    assert (item["price_cents"], item["state"], item["slot"]) == (2500, None, None)


def test_a_missing_date_has_its_reason_and_what_would_work(client: FlaskClient, room: Room) -> None:
    sibling = make_room(site=room.site)
    occupy(room, at(WEEKS[1], 17), at(WEEKS[1], 18.5), kind=OccupationKind.SCHOOL)
    items = {item["id"]: item["coverage"] for item in find(client)}
    assert items[str(sibling.id)]["missing"] == []
    coverage = items[str(room.id)]
    assert (coverage["wanted"], coverage["free"]) == (5, 4)
    [date_] = coverage["missing"]
    assert date_["start"].startswith(f"{WEEKS[1]}T18:00:00+0")
    assert date_["reason"] == "school_use"
    assert "cours" in date_["detail"]
    assert [(a["room_id"], a["start"][11:16]) for a in date_["alternatives"]] == [
        (str(room.id), "18:30"),
        (str(sibling.id), "18:00"),
    ]


def test_rooms_come_by_the_dates_they_serve_then_by_distance(
    client: FlaskClient, room: Room
) -> None:
    far = make_room(site=make_site(lat=RENNES[0] + 0.05), windows=False)
    nearer = make_room(site=make_site(lat=RENNES[0] + 0.02), windows=False)
    open_rooms(far, nearer)
    occupy(room, at(DAY, 18), at(DAY, 19))
    found = [item["id"] for item in find(client)]
    assert found == [str(nearer.id), str(far.id), str(room.id)]


@pytest.mark.parametrize(("coverage", "kept"), [(None, 0), ("0.4", 1), ("0", 1), ("1", 0)])
def test_half_of_the_dates_are_asked_for_unless_told_otherwise(
    client: FlaskClient, room: Room, coverage: str | None, kept: int
) -> None:
    for day in WEEKS[:3]:
        occupy(room, at(day, 18), at(day, 19))
    assert len(find(client, **({"min_coverage": coverage} if coverage else {}))) == kept


def test_school_holidays_of_the_site_are_skipped(client: FlaskClient, room: Room) -> None:
    for calendar, first, last in (("Zone B", 1, 2), ("Zone A", 3, 4)):
        db.session.add(
            SchoolHoliday(
                calendar=calendar,
                school_year="2026-2027",
                label=f"Vacances {first}",
                period=Period.HOLIDAYS,
                first_day=WEEKS[first],
                last_day=WEEKS[last],
                source="essai",
            )
        )
    db.session.flush()
    wanted = [
        find(client, skip_school_holidays=skip)[0]["coverage"]["wanted"] for skip in ("0", "1")
    ]
    assert wanted == [5, 3]


def test_an_offset_means_that_instant(client: FlaskClient, room: Room) -> None:
    start, end = (at(DAY, hour).isoformat() for hour in (18, 20))
    [item] = find(client, start=start, end=end)
    assert item["coverage"]["wanted"] == 5


def test_several_weekdays_are_wanted(client: FlaskClient, room: Room) -> None:
    [item] = find(client, weekdays=[1, 2, 3, 4, 5, 6, 7])
    assert item["coverage"]["wanted"] == 29


def test_one_date_that_need_not_be_free_is_a_season_of_one(client: FlaskClient, room: Room) -> None:
    occupy(room, at(DAY, 18), at(DAY, 19))
    query = asked(min_coverage=0)
    del query["weekly_until"]
    [item] = client.get("/api/v1/rooms", query_string=query).json["items"]
    assert (item["coverage"]["wanted"], item["coverage"]["free"]) == (1, 0)


def test_pages_and_total_are_those_of_a_list(client: FlaskClient, room: Room) -> None:
    make_room(site=room.site)
    first = client.get("/api/v1/rooms", query_string=asked(limit=1)).json
    assert (first["total"], len(first["items"])) == (2, 1)
    second = client.get(first["next"]).json
    assert (len(second["items"]), second["next"]) == (1, None)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"start": ""}, "start"),
        ({"end": ""}, "end"),
        ({"end": "demain"}, "end"),
        ({"end": f"{DAY}T17:00"}, "end"),
        ({"end": f"{DAY + timedelta(days=2)}T17:00"}, "end"),
        ({"end": f"{DAY}T20:00+01:00"}, "end"),
        ({"start": "0001-01-01T00:00", "end": "0001-01-01T01:00"}, "start"),
        ({"weekly_until": "9999-12-31"}, "weekly_until"),
        ({"weekly_until": "2020-01-01"}, "weekly_until"),
        ({"weekly_until": f"{DAY + timedelta(weeks=61)}"}, "weekly_until"),
        ({"weekdays": "8"}, "weekdays"),
        ({"min_coverage": "2"}, "min_coverage"),
        ({"unavailable": "1"}, "unavailable"),
        ({"duration_minutes": "60"}, "weekly_until"),
        ({"near": "0,0", "weekly_until": "9999-12-31"}, "weekly_until"),
    ],
)
def test_what_makes_no_season_is_a_clear_problem(
    client: FlaskClient, room: Room, changes: dict[str, str], field: str
) -> None:
    answer = client.get("/api/v1/rooms", query_string=asked(**changes))
    assert answer.status_code == 422, answer.text
    assert field in answer.json["errors"]


def test_dates_all_past_say_so(client: FlaskClient, room: Room) -> None:
    past = {"start": "2026-01-06T18:00", "end": "2026-01-06T20:00", "weekly_until": "2026-02-03"}
    answer = client.get("/api/v1/rooms", query_string=asked(**past))
    assert (answer.status_code, answer.json["code"]) == (422, "in_the_past")


def test_a_page_takes_the_same_statements_whatever_it_holds(
    client: FlaskClient, room: Room
) -> None:
    counts = []
    for number in (1, 6):
        for _ in range(number):
            more = make_room(site=make_site(), windows=False)
            open_rooms(more)
            occupy(more, at(DAY, 18), at(DAY, 19), kind=OccupationKind.SCHOOL)
        with statements() as sent:
            find(client, skip_school_holidays=1)
        counts.append(len(sent))
    assert counts == [8, 8]


def test_the_hours_asked_are_read_on_the_clock(client: FlaskClient, room: Room) -> None:
    occupy(room, at(DAY, 18), at(DAY, 19))
    [item] = find(client)
    [date_] = item["coverage"]["missing"]
    assert datetime.fromisoformat(date_["start"]) == at(DAY, 18)
