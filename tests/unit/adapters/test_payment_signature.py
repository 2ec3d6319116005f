"""Signed webhooks and checkout expiry: pure functions, tables of cases."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
import stripe

from config import ROOT
from salle.adapters.payment_gateway import InvalidSignature, check_signature
from salle.adapters.stripe_gateway import checkout_expiry
from salle.demo.simulators.stripe_webhooks import sign

SECRET = "whsec_unit"
NOW = 1_800_000_000
EVENT = {
    "id": "evt_1",
    "type": "checkout.session.completed",
    "account": "acct_demo_tilleuls",
    "created": NOW - 5,
    "data": {"object": {"id": "cs_1"}},
}
BODY = json.dumps(EVENT).encode()


def check(body: bytes, header: str, now: float = NOW) -> object:
    return check_signature(body, header, secret=SECRET, now=now)


def test_event_when_signed_then_read() -> None:
    event = check_signature(BODY, sign(BODY, SECRET, NOW), secret=SECRET, now=NOW)
    assert (event.id, event.type, event.account, event.object_id) == (
        "evt_1",
        "checkout.session.completed",
        "acct_demo_tilleuls",
        "cs_1",
    )
    assert event.created == datetime.fromtimestamp(NOW - 5, UTC)
    assert event.payload == EVENT


def test_signature_is_that_of_the_official_library() -> None:
    theirs = stripe.WebhookSignature.generate_signature_header(BODY.decode(), SECRET, NOW)
    assert sign(BODY, SECRET, NOW) == theirs
    check(BODY, theirs)


def test_signature_when_one_of_two_secrets_matches_then_accepted() -> None:
    """During the rotation of a secret, Stripe signs with both."""
    old = sign(BODY, "whsec_old", NOW).partition(",")[2]
    check(BODY, f"t={NOW},{old},{sign(BODY, SECRET, NOW).partition(',')[2]},v0=abc")


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_signature_when_within_tolerance_then_accepted(seconds: int) -> None:
    check(BODY, sign(BODY, SECRET, NOW + seconds))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=,v1=",
        "t=abc,v1=abc",
        f"t={NOW}",
        f"v1={'0' * 64}",
        f"t={NOW},v1={'0' * 64}",
        f"t={NOW},v1=é",
        f"t=-{NOW},v1=a",
        f"t={'9' * 400},v1=a",
        "t=١٢٣,v1=a",
        f"t={NOW},{sign(BODY, SECRET, NOW)}",
        sign(BODY, "whsec_other", NOW),
        sign(BODY, SECRET, NOW).replace("v1=", "v0="),
        sign(BODY, SECRET, NOW - 301),
        sign(BODY, SECRET, NOW + 301),
        sign(BODY + b" ", SECRET, NOW),
    ],
)
def test_signature_when_wrong_then_refused(header: str) -> None:
    with pytest.raises(InvalidSignature):
        check(BODY, header)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"id": "evt_1", "type": "x", "created": 1, "data": []}',
        b'{"id": "evt_1", "type": "x", "created": "now", "data": {"object": {"id": "a"}}}',
        b'{"id": "evt_1", "type": "x", "created": 1e300, "data": {"object": {"id": "a"}}}',
    ],
)
def test_event_when_signed_but_unreadable_then_refused(body: bytes) -> None:
    with pytest.raises(InvalidSignature):
        check(body, sign(body, SECRET, NOW))


@pytest.mark.parametrize("hold", [timedelta(0), timedelta(minutes=10), timedelta(hours=20)])
def test_expiry_when_hold_is_short_then_half_an_hour_after_and_always_the_same(
    hold: timedelta,
) -> None:
    until = datetime.fromtimestamp(NOW, UTC) + hold
    expiry = checkout_expiry(until, NOW)
    assert expiry == until.timestamp() + 31 * 60
    assert expiry >= NOW + 30 * 60
    assert checkout_expiry(until, NOW + 120) == expiry


@pytest.mark.parametrize("now", range(NOW, NOW + 3600, 59))
def test_expiry_when_hold_is_long_then_within_what_stripe_takes(now: int) -> None:
    expiry = checkout_expiry(datetime.fromtimestamp(NOW, UTC) + timedelta(days=9), now)
    assert now + 22 * 3600 < expiry < now + 24 * 3600


def test_library_is_loaded_only_when_a_payment_is_made() -> None:
    code = "import sys, salle.adapters.stripe_gateway; sys.exit('stripe' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
