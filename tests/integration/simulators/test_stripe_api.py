"""The simulated API refuses what Stripe refuses, and the adapter says it in our words."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import requests

from salle.adapters.stripe_gateway import GatewayRefused, GatewayUnavailable, StripeGateway
from salle.kernel.clock import utcnow
from tests.support.simulators import SECRET_KEY, WEBHOOK_SECRET, Simulators, free_port

ACCOUNT = "acct_demo_tilleuls"
GOOD = {
    "mode": "payment",
    "line_items[0][quantity]": "1",
    "line_items[0][price_data][currency]": "eur",
    "line_items[0][price_data][unit_amount]": "1250",
    "line_items[0][price_data][product_data][name]": "Gymnase",
    "success_url": "https://exemple.invalid/ok",
}


def call(
    simulators: Simulators, method: str, path: str, data: Any = None, **headers: str
) -> requests.Response:
    return requests.request(
        method,
        f"{simulators.stripe_base}/v1/{path}",
        data=data,
        headers={"Authorization": f"Bearer {SECRET_KEY}", "Stripe-Account": ACCOUNT, **headers},
        timeout=5,
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"mode": "gift"}, "parameter_invalid_string_enum"),
        ({"mod": "payment"}, "parameter_unknown"),
        ({"payment_intent_data[aplication_fee]": "1"}, "parameter_unknown"),
        ({"line_items[0][price_data][unit_amount]": "12.5"}, "parameter_invalid_integer"),
        ({"line_items[0][price_data][unit_amount]": "10"}, "amount_too_small"),
        ({"line_items[0][price_data][currency]": ""}, None),
        ({"locale": "breton"}, "parameter_invalid_string_enum"),
        ({"success_url": "ok"}, "url_invalid"),
        ({"expires_at": "1"}, None),
        ({"expand[0]": "nothing_such"}, None),
        ({"metadata": "text"}, "parameter_invalid"),
        ({"line_items[0][price_data][a][b][c][d][e][f][g]": "deep"}, "parameter_unknown"),
    ],
)
def test_session_when_wrong_parameter_then_invalid_request(
    simulators: Simulators, change: dict[str, str], code: str | None
) -> None:
    answer = call(simulators, "POST", "checkout/sessions", {**GOOD, **change})
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.json()["error"].get("code") == code


def test_session_when_right_then_scoped_and_open(simulators: Simulators) -> None:
    session = call(simulators, "POST", "checkout/sessions", GOOD).json()
    assert (session["status"], session["amount_total"], session["payment_intent"]) == (
        "open",
        1250,
        None,
    )
    path = f"checkout/sessions/{session['id']}"
    assert call(simulators, "GET", path).status_code == 200
    other = call(simulators, "GET", path, **{"Stripe-Account": "acct_demo_autre"})
    assert other.json()["error"]["code"] == "resource_missing"


def test_application_fee_when_sent_then_kept_and_seen(simulators: Simulators) -> None:
    """So that a test of the product can prove that it sends none."""
    sent = {**GOOD, "payment_intent_data[application_fee_amount]": "100"}
    session = call(simulators, "POST", "checkout/sessions", sent).json()
    requests.post(session["url"], data={"outcome": "paid"}, allow_redirects=False, timeout=5)
    gateway = StripeGateway(
        secret_key=SECRET_KEY, webhook_secret=WEBHOOK_SECRET, api_base=simulators.stripe_base
    )
    state = gateway.read_checkout(account=ACCOUNT, session_id=session["id"])
    assert (state.application_fee_cents, state.provider_fee_cents) == (100, 44)


def test_any_call_when_not_authenticated_then_401(simulators: Simulators) -> None:
    for header in ("", "Bearer sk_wrong", "Basic !!"):
        answer = call(simulators, "GET", "refunds", Authorization=header)
        assert (answer.status_code, answer.json()["error"]["type"]) == (
            401,
            "invalid_request_error",
        )


def test_account_when_unknown_then_refused_and_when_of_the_demo_then_made(
    simulators: Simulators,
) -> None:
    foreign = call(simulators, "GET", "refunds", **{"Stripe-Account": "acct_stranger"})
    assert (foreign.status_code, foreign.json()["error"]["code"]) == (403, "account_invalid")
    made = call(simulators, "GET", "accounts/acct_demo_nouveau").json()
    assert (made["id"], made["charges_enabled"]) == ("acct_demo_nouveau", True)


def test_account_when_created_then_named_on_the_payment_page(simulators: Simulators) -> None:
    sent = {"type": "standard", "country": "FR", "business_profile[name]": "Collège de la Lande"}
    account = call(simulators, "POST", "accounts", sent).json()
    session = call(
        simulators, "POST", "checkout/sessions", GOOD, **{"Stripe-Account": account["id"]}
    ).json()
    assert "Collège de la Lande" in requests.get(session["url"], timeout=5).text


def test_idempotency_key_when_body_differs_then_idempotency_error(simulators: Simulators) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    first = call(simulators, "POST", "checkout/sessions", GOOD, **key)
    again = call(simulators, "POST", "checkout/sessions", GOOD, **key)
    assert (again.json()["id"], again.headers["Idempotent-Replayed"]) == (
        first.json()["id"],
        "true",
    )
    other = call(simulators, "POST", "checkout/sessions", {**GOOD, "locale": "fr"}, **key)
    assert (other.status_code, other.json()["error"]["type"]) == (400, "idempotency_error")


def test_page_when_unknown_session_or_outcome_then_says_so(simulators: Simulators) -> None:
    assert requests.get(f"{simulators.stripe_base}/pay/cs_none", timeout=5).status_code == 404
    session = call(simulators, "POST", "checkout/sessions", GOOD).json()
    answer = requests.post(session["url"], data={"outcome": "stolen"}, timeout=5)
    assert (answer.status_code, "trois boutons" in answer.text) == (400, True)


@pytest.mark.parametrize("key", ["sk_wrong", SECRET_KEY])
def test_gateway_when_provider_cannot_answer_then_unavailable(
    simulators: Simulators, key: str
) -> None:
    """A wrong key is ours to repair; a closed port is theirs: the payer may try again later."""
    nowhere = f"http://127.0.0.1:{free_port()}/stripe"
    gateway = StripeGateway(
        secret_key=key,
        webhook_secret=WEBHOOK_SECRET,
        api_base=simulators.stripe_base if key == "sk_wrong" else nowhere,
    )
    started = time.monotonic()
    with pytest.raises(GatewayUnavailable):
        gateway.read_checkout(account=ACCOUNT, session_id="cs_test_1")
    assert time.monotonic() - started < 30


def test_gateway_when_the_environment_has_a_proxy_then_this_machine_is_reached_without_it(
    gateway: StripeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(GatewayRefused) as caught:
        gateway.read_checkout(account=ACCOUNT, session_id="cs_test_none")
    assert caught.value.code == "resource_missing"


def test_gateway_when_account_is_not_ours_then_refused(gateway: StripeGateway) -> None:
    with pytest.raises(GatewayRefused) as caught:
        gateway.create_checkout(
            payment_id=uuid4(),
            account="acct_stranger",
            amount_cents=500,
            label="x",
            reference="R",
            customer_email=None,
            success_url="http://127.0.0.1/ok",
            cancel_url="http://127.0.0.1/non",
            expires_at=utcnow() + timedelta(minutes=10),
        )
    assert caught.value.code == "account_invalid"
