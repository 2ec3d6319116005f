"""Webhooks between the simulated Stripe and a service: signed, scoped, repeated, never lost."""

from __future__ import annotations

import time
from datetime import timedelta
from uuid import uuid4

import pytest
import requests

from salle.adapters.stripe_gateway import CheckoutSession, InvalidSignature, StripeGateway
from salle.kernel.clock import utcnow
from tests.integration.simulators.conftest import Receiver, gateway_to
from tests.support.simulators import SECRET_KEY, Simulators

ACCOUNT = "acct_demo_tilleuls"


def open_checkout(gateway: StripeGateway) -> CheckoutSession:
    return gateway.create_checkout(
        payment_id=uuid4(),
        account=ACCOUNT,
        amount_cents=500,
        label="Collège des Tilleuls – Salle d’essai",
        reference="R-1",
        customer_email=None,
        success_url="http://127.0.0.1:8000/retour?s={CHECKOUT_SESSION_ID}",
        cancel_url="http://127.0.0.1:8000/abandon",
        expires_at=utcnow() + timedelta(minutes=10),
    )


def press(session: CheckoutSession, outcome: str) -> requests.Response:
    return requests.post(session.url, data={"outcome": outcome}, allow_redirects=False, timeout=5)


def control(simulators: Simulators, path: str) -> None:
    url = f"{simulators.stripe_base}/control/{path}"
    requests.post(url, auth=(SECRET_KEY, ""), timeout=5).raise_for_status()


def test_payment_when_accepted_then_two_signed_events_of_that_account(
    own_simulators: Simulators, receiver: Receiver
) -> None:
    gateway = gateway_to(own_simulators)
    session = open_checkout(gateway)
    answer = press(session, "paid")
    assert answer.headers["Location"] == f"http://127.0.0.1:8000/retour?s={session.id}"
    receiver.wait_for(2)
    events = {event.type: event for event in receiver.events(gateway)}
    assert set(events) == {"checkout.session.completed", "payment_intent.succeeded"}
    completed = events["checkout.session.completed"]
    assert (completed.account, completed.object_id) == (ACCOUNT, session.id)
    assert completed.payload["data"]["object"]["payment_status"] == "paid"
    assert "simulation" not in completed.payload["data"]["object"]


def test_payment_when_pressed_twice_then_paid_once(
    own_simulators: Simulators, receiver: Receiver
) -> None:
    session = open_checkout(gateway_to(own_simulators))
    assert press(session, "paid").status_code == 303
    again = press(session, "paid")
    assert (again.status_code, "déjà fait" in again.text) == (409, True)
    receiver.wait_for(2)
    time.sleep(0.5)
    assert len(receiver.received) == 2


def test_payment_when_refused_then_may_be_tried_again(
    own_simulators: Simulators, receiver: Receiver
) -> None:
    gateway = gateway_to(own_simulators)
    session = open_checkout(gateway)
    refused = press(session, "refused")
    assert (refused.status_code, "La banque a refusé" in refused.text) == (200, True)
    assert not gateway.read_checkout(account=ACCOUNT, session_id=session.id).paid
    assert press(session, "paid").status_code == 303
    receiver.wait_for(3)
    assert {event.type for event in receiver.events(gateway)} >= {
        "payment_intent.payment_failed",
        "checkout.session.completed",
    }


def test_payment_when_abandoned_then_back_and_still_open(
    own_simulators: Simulators, receiver: Receiver
) -> None:
    gateway = gateway_to(own_simulators)
    session = open_checkout(gateway)
    assert press(session, "abandoned").headers["Location"] == "http://127.0.0.1:8000/abandon"
    assert gateway.read_checkout(account=ACCOUNT, session_id=session.id).status == "open"
    assert receiver.received == []


def test_page_when_expired_then_cannot_be_paid(
    own_simulators: Simulators, receiver: Receiver
) -> None:
    gateway = gateway_to(own_simulators)
    session = open_checkout(gateway)
    gateway.expire_checkout(account=ACCOUNT, session_id=session.id)
    late = press(session, "paid")
    assert (late.status_code, "a expiré" in late.text) == (409, True)
    receiver.wait_for(1)
    assert [event.type for event in receiver.events(gateway)] == ["checkout.session.expired"]


def test_events_when_the_service_answers_500_then_come_again(
    own_simulators: Simulators, receiver: Receiver
) -> None:
    gateway = gateway_to(own_simulators)
    receiver.status = 500
    press(open_checkout(gateway), "paid")
    receiver.wait_for(2)
    receiver.status = 200
    receiver.wait_for(4)
    ids = [event.id for event in receiver.events(gateway)]
    assert sorted(ids[:2]) == sorted(ids[2:])


def test_events_when_killed_before_delivery_then_delivered_after_restart(
    own_simulators: Simulators, receiver: Receiver
) -> None:
    gateway = gateway_to(own_simulators)
    receiver.close()
    paid = [open_checkout(gateway) for _ in range(5)]
    for session in paid:
        assert press(session, "paid").status_code == 303
    own_simulators.kill()
    receiver.open()
    assert receiver.received == []
    own_simulators.start()
    receiver.wait_for(10)
    completed = {
        event.object_id
        for event in receiver.events(gateway)
        if event.type == "checkout.session.completed"
    }
    assert completed == {session.id for session in paid}
    states = [gateway.read_checkout(account=ACCOUNT, session_id=session.id) for session in paid]
    assert all(state.paid for state in states)


def test_events_when_dropped_or_delayed_or_replayed_then_still_arrive(
    own_simulators: Simulators, receiver: Receiver
) -> None:
    gateway = gateway_to(own_simulators)
    control(own_simulators, "drop/2")
    control(own_simulators, "delay/1")
    press(open_checkout(gateway), "paid")
    time.sleep(0.6)
    assert receiver.received == []
    receiver.wait_for(2)
    control(own_simulators, "delay/0")
    control(own_simulators, f"replay/{receiver.events(gateway)[0].id}")
    receiver.wait_for(3)
    events = receiver.events(gateway)
    assert events[2].id == events[0].id


def test_event_when_forged_or_altered_then_refused(
    own_simulators: Simulators, receiver: Receiver
) -> None:
    gateway = gateway_to(own_simulators)
    press(open_checkout(gateway), "paid")
    receiver.wait_for(1)
    body, signature = receiver.received[0]
    assert gateway.verify_event(body, signature).payload["object"] == "event"
    for changed, header in (
        (body.replace(b"eur", b"usd"), signature),
        (body, signature.replace("v1=", "v1=0")),
        (body, signature.partition(",")[0]),
        (body, ""),
    ):
        with pytest.raises(InvalidSignature):
            gateway.verify_event(changed, header)


def test_stop_when_asked_then_quick_and_clean(own_simulators: Simulators) -> None:
    started = time.monotonic()
    assert own_simulators.stop() == 0
    assert time.monotonic() - started < 15
