"""The provider's signed events: forged, replayed, twice, in any order, late."""

from __future__ import annotations

import uuid
from itertools import permutations

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from salle.adapters.stripe_gateway import FakeGateway
from salle.bookings import checkout
from salle.bookings.creation import create_booking
from salle.bookings.jobs import event_received
from salle.bookings.offers import Request
from salle.bookings.queries import get_view
from salle.bookings.rules import BookingState
from salle.db import db, transaction
from salle.payments.models import LedgerEntry, Payment, ProviderEvent
from salle.payments.queries import find_latest_payment
from tests.support.world import NOW, World, build_world, get_user, tuesday


@pytest.fixture
def world(session: None) -> World:
    return build_world()


@pytest.fixture
def payment(world: World, gateway: FakeGateway) -> Payment:
    with transaction():
        booking = create_booking(
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
        )
    booking_id = booking.id
    checkout.open_checkout(booking_id=booking_id, success_url="x", cancel_url="x", now=NOW)
    return find_latest_payment(booking_id)


def send(client: FlaskClient, payload: bytes, signature: str) -> int:
    return client.post(
        "/stripe/webhook", data=payload, headers={"Stripe-Signature": signature}
    ).status_code


def process_all() -> list[str]:
    """Do what the queued jobs do, once for each stored event; returns the outcomes."""
    rows = db.session.scalars(sa.select(ProviderEvent.id).order_by(ProviderEvent.id)).all()
    for row_id in rows:
        event_received(event_row_id=str(row_id))
    return list(db.session.scalars(sa.select(ProviderEvent.outcome)))


def test_a_paid_event_confirms(client: FlaskClient, gateway: FakeGateway, payment: Payment) -> None:
    booking_id, session_id = payment.booking_id, payment.session_id
    gateway.pay(session_id)
    assert send(client, *gateway.signed_event(session_id, "checkout.session.completed")) == 200
    assert process_all() == ["confirmed"]
    assert get_view(booking_id).booking.state == BookingState.CONFIRMED


def test_a_forged_event_is_refused_and_leaves_nothing(
    client: FlaskClient, gateway: FakeGateway, payment: Payment
) -> None:
    body, signature = gateway.signed_event(payment.session_id, "checkout.session.completed")
    for payload, header in (
        (body, ""),
        (body, signature[:-1] + ("0" if signature[-1] != "0" else "1")),
        (body.replace(b"completed", b"complet3d"), signature),
        (b"", signature),
        (b"\x00" * 10, "t=1,v1=00"),
    ):
        assert send(client, payload, header) == 400
    assert db.session.scalar(sa.select(sa.func.count(ProviderEvent.id))) == 0


def test_a_signed_event_about_an_unpaid_checkout_confirms_nothing(
    client: FlaskClient, gateway: FakeGateway, payment: Payment
) -> None:
    booking_id = payment.booking_id
    assert (
        send(client, *gateway.signed_event(payment.session_id, "checkout.session.completed")) == 200
    )
    assert process_all() == ["not paid"]
    assert get_view(booking_id).booking.state == BookingState.HELD


def test_a_replayed_event_is_stored_and_counted_once(
    client: FlaskClient, gateway: FakeGateway, payment: Payment
) -> None:
    gateway.pay(payment.session_id)
    event = gateway.signed_event(payment.session_id, "checkout.session.completed")
    assert [send(client, *event) for _ in range(3)] == [200, 200, 200]
    assert db.session.scalar(sa.select(sa.func.count(ProviderEvent.id))) == 1
    process_all()
    process_all()
    assert db.session.scalar(sa.select(sa.func.sum(LedgerEntry.amount_cents))) == 0
    assert (
        db.session.scalar(
            sa.select(sa.func.count(LedgerEntry.id)).where(LedgerEntry.kind == "payment")
        )
        == 2
    )


@pytest.mark.parametrize(
    "order",
    list(
        permutations(
            ["checkout.session.completed", "payment_intent.succeeded", "checkout.session.expired"]
        )
    ),
)
def test_any_order_gives_the_same_end(
    client: FlaskClient, gateway: FakeGateway, payment: Payment, order: tuple[str, ...]
) -> None:
    booking_id, session_id = payment.booking_id, payment.session_id
    gateway.pay(session_id)
    for kind in order:
        assert send(client, *gateway.signed_event(session_id, kind)) == 200
        process_all()
    assert get_view(booking_id).booking.state == BookingState.CONFIRMED


def test_an_event_of_another_account_does_nothing(
    client: FlaskClient, gateway: FakeGateway, payment: Payment
) -> None:
    booking_id, session_id = payment.booking_id, payment.session_id
    gateway.pay(session_id)
    send(client, *gateway.signed_event(session_id, "checkout.session.completed"))
    db.session.execute(sa.update(ProviderEvent).values(account="acct_demo_other"))
    assert process_all() == ["wrong account"]
    assert get_view(booking_id).booking.state == BookingState.HELD


def test_a_crash_before_our_commit_is_repaired_by_the_event(
    client: FlaskClient, gateway: FakeGateway, payment: Payment
) -> None:
    booking_id, session_id, payment_id = payment.booking_id, payment.session_id, payment.id
    gateway.pay(session_id)
    send(client, *gateway.signed_event(session_id, "checkout.session.completed"))
    with transaction():
        db.session.execute(
            sa.update(Payment)
            .where(Payment.id == payment_id)
            .values(session_id=None, state="created")
        )
    outcome = process_all()
    assert outcome == ["confirmed"]
    assert get_view(booking_id).booking.state == BookingState.CONFIRMED


def test_an_unknown_object_answers_200(
    client: FlaskClient, gateway: FakeGateway, payment: Payment
) -> None:
    gateway.pay(payment.session_id)
    send(client, *gateway.signed_event(payment.session_id, "checkout.session.completed"))
    db.session.execute(sa.update(ProviderEvent).values(object_id="cs_unknown", payload={}))
    assert process_all() == ["unknown object"]
    assert uuid.UUID(str(payment.id))
