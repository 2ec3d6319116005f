"""Quotes and bookings through the JSON API: the contract, and bad input."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from salle.accounts.models import RoleAssignment
from salle.accounts.rules import Role
from salle.adapters.stripe_gateway import FakeGateway
from salle.db import db
from salle.kernel.clock import to_wall, utcnow
from salle.venues.models import Room
from tests.support.queries import statements
from tests.support.sign_in import bearer
from tests.support.world import World, build_world


@pytest.fixture
def world(session: None) -> World:
    return build_world(utcnow())


def slot(days: int = 3) -> dict[str, str]:
    """Wall times without an offset: 18 h to 20 h in a few days."""
    day = (to_wall(utcnow()) + timedelta(days=days)).date()
    return {"start": f"{day}T18:00", "end": f"{day}T20:00"}


def body(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "room_id": str(world.whole),
        "organisation_id": str(world.organisation),
        "purpose": "Badminton",
        "headcount": 12,
        **slot(),
        **changes,
    }


def post(client: FlaskClient, world: World, **changes: Any) -> TestResponse:
    headers = changes.pop("headers", {})
    return client.post(
        "/api/v1/bookings", json=body(world, **changes), headers=bearer(world.member) | headers
    )


def test_a_quote_says_price_rule_and_availability(client: FlaskClient, world: World) -> None:
    answer = client.post("/api/v1/quotes", json={"room_id": str(world.whole), **slot()})
    assert answer.status_code == 200
    quote = answer.json
    assert quote["price_cents"] == 2500
    assert quote["full_value_cents"] == 4000
    assert quote["dates"][0]["available"] is True
    assert quote["dates"][0]["start"].endswith(("+01:00", "+02:00"))


def test_a_booking_is_held_with_a_page_to_pay(
    client: FlaskClient, world: World, gateway: FakeGateway
) -> None:
    answer = post(client, world)
    assert answer.status_code == 201
    booking = answer.json
    assert booking["state"] == "held"
    assert booking["payment"]["checkout_url"]
    assert booking["hold_expires_at"]
    seen = client.get(f"/api/v1/bookings/{booking['id']}", headers=bearer(world.member))
    assert seen.json["reference"] == booking["reference"]
    listed = client.get("/api/v1/bookings", headers=bearer(world.member)).json
    assert [item["id"] for item in listed["items"]] == [booking["id"]]


def test_the_slot_taken_answer_offers_alternatives(
    client: FlaskClient, world: World, gateway: FakeGateway
) -> None:
    post(client, world)
    answer = post(client, world)
    assert answer.status_code == 409
    assert answer.mimetype == "application/problem+json"
    assert answer.json["code"] == "slot_taken"
    assert answer.json["alternatives"]


def test_the_provider_down_still_holds(
    client: FlaskClient, world: World, gateway: FakeGateway
) -> None:
    gateway.unavailable = True
    answer = post(client, world)
    assert answer.status_code == 201
    assert answer.json["payment"]["checkout_url"] is None


def test_others_see_nothing(client: FlaskClient, world: World, gateway: FakeGateway) -> None:
    booking_id = post(client, world).json["id"]
    for person in (world.other_member, world.outsider):
        for path in ("", "/access"):
            answer = client.get(f"/api/v1/bookings/{booking_id}{path}", headers=bearer(person))
            assert (answer.status_code, answer.json["code"]) == (404, "not_found")
        answer = client.post(
            f"/api/v1/bookings/{booking_id}/cancel", json={}, headers=bearer(person)
        )
        assert answer.status_code == 404
    assert client.get(f"/api/v1/bookings/{booking_id}").json["code"] == "unauthenticated"
    staff = client.get(f"/api/v1/bookings/{booking_id}", headers=bearer(world.manager))
    assert staff.status_code == 200


def test_cancelling_says_the_refund(
    client: FlaskClient, world: World, gateway: FakeGateway
) -> None:
    booking_id = post(client, world).json["id"]
    answer = client.post(
        f"/api/v1/bookings/{booking_id}/cancel",
        json={"reason": "pluie"},
        headers=bearer(world.member),
    )
    assert (answer.json["state"], answer.json["refund_cents"]) == ("cancelled", 0)
    again = client.post(
        f"/api/v1/bookings/{booking_id}/cancel", json={}, headers=bearer(world.member)
    )
    assert (again.status_code, again.json["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"headcount": 0}, 422, "invalid"),
        ({"headcount": 10_000}, 422, "too_many_people"),
        ({"headcount": "douze"}, 422, "invalid"),
        ({"headcount": 10**400}, 400, "invalid"),
        ({"start": "2020-01-01T18:00", "end": "2020-01-01T20:00"}, 422, "in_the_past"),
        ({"start": "hier"}, 422, "invalid"),
        ({"start": "9999-12-31T23:59", "end": "9999-12-31T23:59"}, 422, "invalid"),
        ({"purpose": ""}, 422, "invalid"),
        ({"purpose": "a\x00b"}, 422, "invalid"),
        ({"purpose": "x" * 1_000_000}, 422, "invalid"),
        ({"room_id": str(uuid.uuid4())}, 404, "not_found"),
        ({"room_id": "abc"}, 422, "invalid"),
        ({"price_cents": 1}, 422, "invalid"),
        ({"organisation_id": str(uuid.uuid4())}, 404, "not_found"),
        ({"weekly_until": "2020-06-30"}, 422, "invalid"),
        ({"weekly_until": "9999-12-31"}, 422, "invalid"),
    ],
)
def test_bad_input_is_a_clear_problem(
    client: FlaskClient, world: World, changes: dict[str, Any], status: int, code: str | None
) -> None:
    answer = post(client, world, **changes)
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    assert answer.json["detail"]
    if code:
        assert answer.json["code"] == code


def test_not_json_and_no_token(client: FlaskClient, world: World) -> None:
    answer = client.post(
        "/api/v1/bookings",
        data=b"{",
        content_type="application/json",
        headers=bearer(world.member),
    )
    assert (answer.status_code, answer.json["code"]) == (400, "invalid")
    assert client.post("/api/v1/bookings", json={}).status_code == 401
    wrong = client.get("/api/v1/me", headers={"Authorization": "Bearer nothing"})
    assert wrong.json["code"] == "unauthenticated"


@pytest.mark.parametrize("limit", ["abc", "0", "101", "-1", "1e9"])
def test_a_bad_limit_is_refused(client: FlaskClient, world: World, limit: str) -> None:
    answer = client.get(f"/api/v1/bookings?limit={limit}", headers=bearer(world.member))
    assert (answer.status_code, answer.json["code"]) == (422, "invalid")


def test_an_unpublished_room_does_not_exist(client: FlaskClient, world: World) -> None:
    room = db.session.get(Room, world.whole)
    room.published_at = None
    db.session.flush()
    assert post(client, world).status_code == 404


def test_me_lists_organisations_and_roles(client: FlaskClient, world: World) -> None:
    me = client.get("/api/v1/me", headers=bearer(world.member)).json
    assert [o["id"] for o in me["organisations"]] == [str(world.organisation)]
    staff = client.get("/api/v1/me", headers=bearer(world.manager)).json
    assert staff["roles"] == [
        {"role": "college_manager", "scope": "site", "scope_id": str(world.site_id)}
    ]


@pytest.mark.parametrize(
    "payload",
    [b"[" * 50_000, b'{"purpose": "a\\ud800b"}', b'{"headcount": NaN}', b"", b"\xff", b"{"],
)
def test_json_that_cannot_be_read_is_a_400(
    client: FlaskClient, world: World, payload: bytes
) -> None:
    for path in ("/api/v1/quotes", "/api/v1/bookings"):
        answer = client.post(
            path, data=payload, content_type="application/json", headers=bearer(world.member)
        )
        assert (answer.status_code, answer.json["code"]) == (400, "invalid"), path


def test_a_body_that_is_no_object_is_refused_in_french(client: FlaskClient, world: World) -> None:
    answer = client.post("/api/v1/quotes", json=[])
    assert answer.status_code == 422
    assert "objet JSON" in str(answer.json["errors"])


def test_accountants_do_not_read_codes(
    client: FlaskClient, world: World, gateway: FakeGateway
) -> None:
    booking_id = post(client, world).json["id"]
    db.session.add(
        RoleAssignment(user_id=world.outsider, role=Role.ACCOUNTANT, site_id=world.site_id)
    )
    db.session.flush()
    db.session.expire_all()
    headers = bearer(world.outsider)
    assert client.get(f"/api/v1/bookings/{booking_id}", headers=headers).status_code == 200
    refused = client.get(f"/api/v1/bookings/{booking_id}/access", headers=headers)
    assert (refused.status_code, refused.json["code"]) == (403, "forbidden")
    manager = client.get(f"/api/v1/bookings/{booking_id}/access", headers=bearer(world.manager))
    assert manager.status_code == 200


def test_a_list_costs_the_same_whatever_its_length(
    client: FlaskClient, world: World, gateway: FakeGateway
) -> None:
    headers = bearer(world.member)
    counts = []
    for days in (3, 4, 5):
        assert post(client, world, **slot(days)).status_code == 201
        with statements() as queries:
            listed = client.get("/api/v1/bookings", headers=headers).json
        assert listed["total"] == days - 2
        assert all(item["payment"]["checkout_url"] for item in listed["items"])
        counts.append(len(queries))
    assert len(set(counts)) == 1
