"""The words of a room that is added while its site gets another name."""

from __future__ import annotations

import threading
import time

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask

from salle.db import db, transaction
from tests.factories import make_room

pytestmark = pytest.mark.concurrency
UNGUARDED = "FOR SHARE OF s"


def words_after_a_crossing(app: Flask, url: str) -> tuple[str, float]:
    """A room is added by one connection while another has renamed the site, not yet committed."""
    with app.app_context(), transaction():
        room = make_room(name="Foyer")
        copied, site = room.id, room.site_id
    plain = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    waited: list[float] = []

    def add() -> None:
        with psycopg.connect(plain) as connection:
            began = time.monotonic()
            connection.execute(
                "INSERT INTO room (id, site_id, territory_id, schedule_id, slug, name, kind,"
                " capacity, booking_mode) SELECT gen_random_uuid(), site_id, territory_id,"
                " schedule_id, 'nouvelle', 'Nouvelle', kind, 9, booking_mode FROM room"
                " WHERE id = %s",
                [copied],
            )
            waited.append(time.monotonic() - began)

    with psycopg.connect(plain) as renaming:
        renaming.execute("UPDATE site SET name = 'Collège des Mimosas' WHERE id = %s", [site])
        adding = threading.Thread(target=add)
        adding.start()
        adding.join(timeout=1.0)  # long enough to end, when nothing makes it wait
        renaming.commit()
        adding.join(timeout=20)
    with psycopg.connect(plain) as connection:
        row = connection.execute(
            "SELECT w.names FROM room_words w JOIN room r ON r.id = w.room_id"
            " WHERE r.slug = 'nouvelle'"
        ).fetchone()
    assert row is not None
    return row[0], waited[0]


def test_without_the_lock_the_old_name_stays(fresh_app: Flask, fresh_database: str) -> None:
    with fresh_app.app_context(), transaction():
        body = db.session.scalar(sa.text("SELECT pg_get_functiondef('write_room_words'::regproc)"))
        assert UNGUARDED in body
        db.session.execute(sa.text(body.replace(UNGUARDED, "").replace(":", "\\:")))
    names, _ = words_after_a_crossing(fresh_app, fresh_database)
    assert "mimosas" not in names


def test_with_the_lock_the_new_name_is_read(fresh_app: Flask, fresh_database: str) -> None:
    names, waited = words_after_a_crossing(fresh_app, fresh_database)
    assert "mimosas" in names
    assert waited > 0.5
    with fresh_app.app_context():
        db.session.remove()
