"""The ledger only grows, and each transaction sums to zero: tried by breaking it."""

from __future__ import annotations

import uuid

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask

from salle.adapters.stripe_gateway import FakeGateway
from salle.bookings import checkout
from salle.bookings.creation import create_booking
from salle.bookings.offers import Request
from salle.db import db, transaction
from salle.payments.gateway import KEY
from salle.payments.queries import find_latest_payment
from tests.support.world import NOW, World, build_world, get_user, tuesday


@pytest.fixture
def paid(fresh_app: Flask) -> World:
    gateway = fresh_app.extensions[KEY] = FakeGateway()
    with fresh_app.app_context():
        with transaction():
            world = build_world()
        with transaction():
            booking_id = create_booking(
                request=Request(
                    room_id=world.whole,
                    organisation_id=world.organisation,
                    starts_at=tuesday(18),
                    ends_at=tuesday(20),
                    purpose="Essai",
                    headcount=4,
                ),
                actor=get_user(world.member),
                now=NOW,
            ).id
        checkout.open_checkout(booking_id=booking_id, success_url="x", cancel_url="x", now=NOW)
        payment = find_latest_payment(booking_id)
        payment_id, session_id = payment.id, payment.session_id
        gateway.pay(session_id)
        assert checkout.check_payment(payment_id=payment_id, now=NOW) == "confirmed"
        db.session.remove()
    return world


def connect(app: Flask) -> psycopg.Connection:
    url = sa.make_url(app.config["SQLALCHEMY_DATABASE_URI"]).set(drivername="postgresql")
    return psycopg.connect(url.render_as_string(hide_password=False))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entry SET amount_cents = amount_cents + 1",
        "DELETE FROM ledger_entry",
        "TRUNCATE ledger_entry",
    ],
)
def test_the_past_does_not_change(fresh_app: Flask, paid: World, statement: str) -> None:
    with connect(fresh_app) as connection, pytest.raises(psycopg.IntegrityError) as refused:
        connection.execute(statement)
    assert refused.value.diag.constraint_name == "tr_ledger_entry_append_only"


def test_an_unbalanced_transaction_is_refused_at_commit(fresh_app: Flask, paid: World) -> None:
    with connect(fresh_app) as connection:
        connection.execute(
            "INSERT INTO ledger_entry (transaction_id, kind, payment_id, site_id, account,"
            " amount_cents, occurred_at) SELECT %s, 'fee', id, site_id, 'department', -1, now()"
            " FROM payment LIMIT 1",
            (uuid.uuid4(),),
        )
        with pytest.raises(psycopg.IntegrityError) as refused:
            connection.commit()
    assert refused.value.diag.constraint_name == "tr_ledger_entry_balanced"
