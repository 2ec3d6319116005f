"""What payments ask of a provider, and what it may answer; no provider's own object leaks.

Also the check of Stripe's webhook signatures, which needs nothing of the library.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Protocol
from uuid import UUID

SIGNATURE_TOLERANCE_SECONDS = 300

CheckoutStatus = Literal["open", "complete", "expired"]
RefundStatus = Literal["pending", "requires_action", "succeeded", "failed", "canceled"]


class GatewayError(Exception):
    """Base of what a payment provider can answer instead of a result."""


class GatewayUnavailable(GatewayError):
    """No usable answer: try again later with the same keys."""


class GatewayRefused(GatewayError):
    """A definite no; `code` is the provider's, `message` is for the logs, in English."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class InvalidSignature(GatewayError):
    """This webhook was not sent by the provider, or not now, or is not readable."""


@dataclass(frozen=True, kw_only=True)
class CheckoutSession:
    """Where to send the payer. `expires_at` is the provider's, never before the one asked."""

    id: str
    url: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class CheckoutState:
    """What the provider knows of one checkout. Fees are known once the money has moved."""

    id: str
    status: CheckoutStatus
    paid: bool
    amount_cents: int
    currency: str
    payment_intent_id: str | None
    application_fee_cents: int
    provider_fee_cents: int | None
    payment_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class RefundResult:
    id: str
    status: RefundStatus
    amount_cents: int


@dataclass(frozen=True, kw_only=True)
class VerifiedEvent:
    """An event that the provider signed; `account` is the collège's, None for our own."""

    id: str
    type: str
    account: str | None
    object_id: str
    created: datetime
    payload: dict[str, Any]


class PaymentGateway(Protocol):
    """What payments ask of a provider. Every call may raise a GatewayError; none in a transaction.

    `payment_id` and `refund_key` are the idempotency keys: the same call made again after a
    crash gives the same checkout or refund.
    """

    def create_checkout(
        self,
        *,
        payment_id: UUID,
        account: str,
        amount_cents: int,
        label: str,
        reference: str,
        customer_email: str | None,
        success_url: str,
        cancel_url: str,
        expires_at: datetime,
    ) -> CheckoutSession: ...

    def read_checkout(self, *, account: str, session_id: str) -> CheckoutState: ...

    def expire_checkout(self, *, account: str, session_id: str) -> None: ...

    def refund(
        self, *, refund_key: UUID, account: str, payment_intent_id: str, amount_cents: int
    ) -> RefundResult: ...

    def verify_event(self, payload: bytes, signature: str) -> VerifiedEvent: ...


def check_signature(payload: bytes, signature: str, *, secret: str, now: float) -> VerifiedEvent:
    """Read a signed event (header `t=…,v1=…`). Raises InvalidSignature.

    Like the library's own check, and refuses future dates too.
    """
    fields = [part.partition("=")[::2] for part in signature.split(",")]
    stamps = [value for name, value in fields if name == "t"]
    if len(stamps) != 1 or not (stamps[0].isascii() and stamps[0].isdigit()):
        raise InvalidSignature("no timestamp")
    if len(stamps[0]) > 12 or abs(now - int(stamps[0])) > SIGNATURE_TOLERANCE_SECONDS:
        raise InvalidSignature("timestamp outside the tolerance")
    expected = _mac(payload, secret=secret, stamp=stamps[0]).encode()
    given = [value.encode() for name, value in fields if name == "v1"]
    if not any(hmac.compare_digest(expected, value) for value in given):
        raise InvalidSignature("no matching signature")
    return _read_event(payload)


def sign_payload(payload: bytes, *, secret: str, timestamp: int) -> str:
    """The header that `check_signature` accepts: for the double and for tests."""
    return f"t={timestamp},v1={_mac(payload, secret=secret, stamp=str(timestamp))}"


def _mac(payload: bytes, *, secret: str, stamp: str) -> str:
    signed = stamp.encode() + b"." + payload
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def _read_event(payload: bytes) -> VerifiedEvent:
    try:
        event = json.loads(payload)
        return VerifiedEvent(
            id=str(event["id"]),
            type=str(event["type"]),
            account=event.get("account"),
            object_id=str(event["data"]["object"]["id"]),
            created=datetime.fromtimestamp(event["created"], UTC),
            payload=event,
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError) as error:
        raise InvalidSignature(f"unreadable event: {type(error).__name__}") from error
