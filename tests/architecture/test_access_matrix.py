"""Who gets what from every address, compared with the reviewed tests/access_matrix.txt."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Flask

from salle.demo.places import ROOMS
from salle.demo.rows import key
from salle.demo.seed import seed
from salle.grants.seed import PROJECT_SLUG
from salle.kernel.clock import utcnow
from tests.support.access import ABSENT, Objects, sign_everybody_in, table
from tests.support.reviewed import compare


def there(value: object, absent: object = ABSENT) -> dict[str, object]:
    return {"there": value, "absent": absent}


@pytest.fixture
def objects(fresh_app: Flask) -> Objects:
    """The demonstration, with a booking of the member at the first site and one elsewhere."""
    fresh_app.config["WTF_CSRF_ENABLED"] = False
    now = utcnow()
    with fresh_app.app_context():
        seed(now=datetime(2026, 11, 24, 10, 0, tzinfo=UTC))
        sign_everybody_in(now)
    room, door = ROOMS[0], key("door", ROOMS[0].site, ROOMS[0].door)
    return Objects(
        arguments={
            ("rooms", "slug"): there(room.slug, "nulle-part"),
            ("rooms", "room_id"): there(key("room", room.slug)),
            ("grants", "slug"): there(PROJECT_SLUG, "nulle-part"),
            ("doors", "door_id"): there(door),
        }
    )


def test_everybody_gets_what_was_reviewed(fresh_app: Flask, objects: Objects) -> None:
    compare("access_matrix.txt", table(fresh_app, objects))
