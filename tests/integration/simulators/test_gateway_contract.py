"""One contract for the real gateway, against the simulator over HTTP, and for its double."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import requests

from salle.adapters.stripe_gateway import (
    CheckoutSession,
    FakeGateway,
    GatewayRefused,
    InvalidSignature,
    PaymentGateway,
    StripeGateway,
)
from salle.kernel.clock import utcnow

ACCOUNT, OTHER = "acct_demo_tilleuls", "acct_demo_lande"


@dataclass
class Bench:
    gateway: PaymentGateway
    pay: Callable[[CheckoutSession], None]

    def checkout(
        self,
        payment_id: UUID | None = None,
        *,
        amount_cents: int = 1250,
        expires_at: datetime | None = None,
    ) -> CheckoutSession:
        return self.gateway.create_checkout(
            payment_id=payment_id or uuid4(),
            account=ACCOUNT,
            amount_cents=amount_cents,
            label="Collège des Tilleuls – Gymnase, mardi 12 janvier 2027",
            reference="R-7K3M",
            customer_email="association@demo.example",
            success_url="http://127.0.0.1:8000/retour?s={CHECKOUT_SESSION_ID}",
            cancel_url="http://127.0.0.1:8000/abandon",
            expires_at=expires_at or utcnow() + timedelta(minutes=10),
        )

    def paid(self, amount_cents: int = 1250) -> str:
        session = self.checkout(amount_cents=amount_cents)
        self.pay(session)
        state = self.gateway.read_checkout(account=ACCOUNT, session_id=session.id)
        assert state.payment_intent_id is not None
        return state.payment_intent_id


@pytest.fixture(params=["stripe", "fake"])
def bench(request: pytest.FixtureRequest) -> Bench:
    if request.param == "fake":
        fake = FakeGateway()
        return Bench(fake, lambda session: fake.pay(session.id))
    gateway: StripeGateway = request.getfixturevalue("gateway")

    def pay(session: CheckoutSession) -> None:
        answer = requests.post(
            session.url, data={"outcome": "paid"}, allow_redirects=False, timeout=5
        )
        assert answer.status_code == 303

    return Bench(gateway, pay)


def test_checkout_when_open_then_nothing_is_paid(bench: Bench) -> None:
    payment_id = uuid4()
    session = bench.checkout(payment_id)
    state = bench.gateway.read_checkout(account=ACCOUNT, session_id=session.id)
    assert (state.status, state.paid, state.amount_cents, state.currency) == (
        "open",
        False,
        1250,
        "eur",
    )
    assert state.payment_id == payment_id
    assert state.provider_fee_cents is None
    assert session.url.startswith("http")


def test_checkout_when_paid_then_no_application_fee_and_the_provider_fee_is_known(
    bench: Bench,
) -> None:
    session = bench.checkout()
    bench.pay(session)
    state = bench.gateway.read_checkout(account=ACCOUNT, session_id=session.id)
    assert (state.status, state.paid) == ("complete", True)
    assert state.application_fee_cents == 0
    assert state.provider_fee_cents == 44  # 1.5 % of 12.50 € is 18.75 c, and 25 c
    assert state.payment_intent_id


def test_checkout_when_asked_twice_with_one_key_then_is_the_same(bench: Bench) -> None:
    payment_id, until = uuid4(), utcnow() + timedelta(minutes=10)
    first = bench.checkout(payment_id, expires_at=until)
    assert bench.checkout(payment_id, expires_at=until) == first


def test_checkout_when_the_key_returns_with_another_amount_then_refused(bench: Bench) -> None:
    payment_id, until = uuid4(), utcnow() + timedelta(minutes=10)
    bench.checkout(payment_id, expires_at=until)
    with pytest.raises(GatewayRefused) as caught:
        bench.checkout(payment_id, expires_at=until, amount_cents=1)
    assert caught.value.code == "idempotency_error"


def test_checkout_when_too_small_then_refused(bench: Bench) -> None:
    with pytest.raises(GatewayRefused) as caught:
        bench.checkout(amount_cents=49)
    assert caught.value.code == "amount_too_small"


def test_checkout_expiry_is_never_before_the_hold(bench: Bench) -> None:
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=10)
    assert bench.checkout(expires_at=until).expires_at == until + timedelta(minutes=31)
    long_hold = bench.checkout(expires_at=until + timedelta(days=5))
    assert timedelta(hours=22) < long_hold.expires_at - until < timedelta(hours=24)


def test_read_when_in_another_account_then_does_not_exist(bench: Bench) -> None:
    session = bench.checkout()
    with pytest.raises(GatewayRefused) as caught:
        bench.gateway.read_checkout(account=OTHER, session_id=session.id)
    assert caught.value.code == "resource_missing"


def test_expire_when_open_then_expired_and_when_not_then_refused(bench: Bench) -> None:
    session = bench.checkout()
    bench.gateway.expire_checkout(account=ACCOUNT, session_id=session.id)
    state = bench.gateway.read_checkout(account=ACCOUNT, session_id=session.id)
    assert (state.status, state.paid) == ("expired", False)
    with pytest.raises(GatewayRefused):
        bench.gateway.expire_checkout(account=ACCOUNT, session_id=session.id)


def test_event_when_made_by_the_double_then_read_by_it_and_refused_elsewhere(bench: Bench) -> None:
    """The double's own events pass the same check as the real ones."""
    fake = FakeGateway(clock=lambda: 1_800_000_000)
    session = fake.create_checkout(
        payment_id=uuid4(),
        account=ACCOUNT,
        amount_cents=500,
        label="Salle",
        reference="R-1",
        customer_email=None,
        success_url="http://127.0.0.1/ok",
        cancel_url="http://127.0.0.1/non",
        expires_at=datetime.fromtimestamp(1_800_000_000, UTC),
    )
    body, signature = fake.signed_event(session.id)
    event = fake.verify_event(body, signature)
    assert (event.object_id, event.account) == (session.id, ACCOUNT)
    with pytest.raises(InvalidSignature):
        bench.gateway.verify_event(body, signature)


def test_refund_when_replayed_then_given_once(bench: Bench) -> None:
    intent, key = bench.paid(), uuid4()
    results = [
        bench.gateway.refund(
            refund_key=key, account=ACCOUNT, payment_intent_id=intent, amount_cents=500
        )
        for _ in range(2)
    ]
    assert results[0] == results[1]
    assert (results[0].status, results[0].amount_cents) == ("succeeded", 500)
    rest = bench.gateway.refund(
        refund_key=uuid4(), account=ACCOUNT, payment_intent_id=intent, amount_cents=750
    )
    assert rest.amount_cents == 750


def test_refund_when_more_than_is_left_then_refused(bench: Bench) -> None:
    intent = bench.paid()
    bench.gateway.refund(
        refund_key=uuid4(), account=ACCOUNT, payment_intent_id=intent, amount_cents=1250
    )
    with pytest.raises(GatewayRefused) as caught:
        bench.gateway.refund(
            refund_key=uuid4(), account=ACCOUNT, payment_intent_id=intent, amount_cents=1
        )
    assert caught.value.code == "charge_already_refunded"


def test_refund_when_from_another_account_then_refused(bench: Bench) -> None:
    intent = bench.paid()
    with pytest.raises(GatewayRefused) as caught:
        bench.gateway.refund(
            refund_key=uuid4(), account=OTHER, payment_intent_id=intent, amount_cents=100
        )
    assert caught.value.code == "resource_missing"
