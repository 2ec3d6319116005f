"""The message that brings a code at the hour from which it may be seen."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from salle.db import db, transaction
from salle.doors import jobs
from salle.doors.models import Door
from salle.doors.service import revoke_grants
from salle.mail.models import OutboxMessage
from salle.mail.outgoing import open_text
from tests.support.doors import OPENS, book
from tests.support.jobs import queued_jobs, run_pending_jobs
from tests.support.world import NOW, World, build_world, get_user

SHOWN = OPENS - timedelta(hours=24)


@pytest.fixture
def world(session: None) -> World:
    return build_world()


def at(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    monkeypatch.setattr(jobs, "utcnow", lambda: now)


def messages() -> list[OutboxMessage]:
    return list(db.session.scalars(sa.select(OutboxMessage)))


def test_code_is_sent_once_to_the_person_who_booked(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("salle.doors.codes.new_door_code", lambda _digits: "482719")
    db.session.get_one(Door, world.door_id).directions = "par le portail vert"
    booked = book(world, shown_minutes=1440)
    booked.issue()
    at(monkeypatch, SHOWN)
    done = run_pending_jobs(app, even_later=True)
    assert done == ["doors.reveal", "mail.send"]
    jobs.reveal(booking_date_id=str(booked.date_id))
    (message,) = messages()
    assert message.recipient == get_user(world.member).email
    assert message.booking_id == booked.booking.id
    assert message.subject == f"Votre code d’entrée – Gymnase, {booked.booking.reference}"
    assert open_text(message).replace("\u00a0", " ") == (
        "Bonjour,\n"
        "\n"
        "Voici votre code pour Gymnase, Collège des Essais,\n"
        "mardi 12 janvier 2027, 18 h – 20 h.\n"
        "\n"
        "Porte 2 : 482719\n"
        "Ce code ouvre mardi 12 janvier 2027, 17 h 45 – 20 h 10.\n"
        "Pour la trouver : par le portail vert\n"
        "\n"
        "Ne le donnez qu’aux personnes qui viennent avec vous. "
        "Il ne sert plus si la réservation est annulée.\n"
        "\n"
        f"Votre réservation {booked.booking.reference} :\n"
        f"http://127.0.0.1:8000/reservations/{booked.booking.id}\n"
        "\n"
        "À bientôt,\n"
        "La salle sur demande\n"
        "http://127.0.0.1:8000\n"
    )


def test_nothing_is_sent_for_a_revoked_code(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    booked = book(world, shown_minutes=1440)
    booked.issue()
    with transaction():
        revoke_grants(booked.booking.id, NOW)
    at(monkeypatch, SHOWN)
    jobs.reveal(booking_date_id=str(booked.date_id))
    assert messages() == []


def test_nothing_is_sent_after_the_hours_of_the_code(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    booked = book(world, shown_minutes=1440)
    booked.issue()
    at(monkeypatch, OPENS + timedelta(hours=5))
    jobs.reveal(booking_date_id=str(booked.date_id))
    assert messages() == []


def test_job_that_comes_too_early_waits_for_its_hour(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    booked = book(world, shown_minutes=1440)
    booked.issue()
    at(monkeypatch, SHOWN - timedelta(seconds=1))
    jobs.reveal(booking_date_id=str(booked.date_id))
    assert messages() == []
    assert [kind for kind, _ in queued_jobs()] == ["doors.reveal", "doors.reveal"]
