"""Payment on the collège's own connected account: direct charges, no application fee, ever.

`StripeGateway` talks to Stripe, or to the simulator of the demonstration: only the address
differs. `FakeGateway` is its in-memory double; one contract test runs on both.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from salle.adapters.network import is_loopback
from salle.adapters.payment_gateway import (
    CheckoutSession,
    CheckoutState,
    GatewayError,
    GatewayRefused,
    GatewayUnavailable,
    InvalidSignature,
    PaymentGateway,
    RefundResult,
    VerifiedEvent,
    check_signature,
    sign_payload,
)

if TYPE_CHECKING:
    import stripe

logger = logging.getLogger(__name__)

CURRENCY = "eur"
CONNECT_SECONDS, READ_SECONDS = 3, 6
NETWORK_RETRIES = 2
# Stripe wants an expiry between 30 minutes and 24 hours from now.
MINIMUM_LIFE_SECONDS = 31 * 60
HOUR_SECONDS = 3600
MAX_NAME_LENGTH = 250
MINIMUM_CENTS = 50
FAKE_SECRET = "whsec_fake"  # noqa: S105 signs the events of tests only

SignedEvent = tuple[bytes, str]
Answer = TypeVar("Answer")

__all__ = [
    "CheckoutSession",
    "CheckoutState",
    "FakeGateway",
    "GatewayError",
    "GatewayRefused",
    "GatewayUnavailable",
    "InvalidSignature",
    "PaymentGateway",
    "RefundResult",
    "StripeGateway",
    "VerifiedEvent",
]


def checkout_expiry(wanted: datetime, now: float) -> int:
    """The expiry to send, the same for the same wish so that a retry stays idempotent.

    Half an hour after the hold when that is short: the product expires the checkout itself.
    A longer one is cut below 24 hours, to a whole hour.
    """
    longest = int(now // HOUR_SECONDS + 24) * HOUR_SECONDS - 60
    return min(int(wanted.timestamp()) + MINIMUM_LIFE_SECONDS, longest)


class StripeGateway:
    """The real provider, through the official library, which is loaded at the first call."""

    def __init__(
        self,
        *,
        secret_key: str,
        webhook_secret: str,
        api_base: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._secret_key = secret_key
        self._webhook_secret = webhook_secret
        self._api_base = api_base
        self._clock = clock
        self._lock = threading.Lock()
        self._built: stripe.StripeClient | None = None

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> StripeGateway:
        return cls(
            secret_key=config["STRIPE_SECRET_KEY"],
            webhook_secret=config["STRIPE_WEBHOOK_SECRET"],
            api_base=config.get("STRIPE_API_BASE"),
        )

    def _client(self) -> stripe.StripeClient:
        """One client for all threads: it keeps a connection for each."""
        with self._lock:
            if self._built is None:
                import requests
                import stripe

                stripe.enable_telemetry = False
                direct = None
                if is_loopback(self._api_base):
                    direct = requests.Session()
                    direct.trust_env = False  # no proxy between us and this machine
                timeout = (CONNECT_SECONDS, READ_SECONDS)
                self._built = stripe.StripeClient(
                    self._secret_key,
                    base_addresses={"api": self._api_base.rstrip("/")} if self._api_base else {},
                    http_client=stripe.RequestsClient(timeout=timeout, session=direct),
                    max_network_retries=NETWORK_RETRIES,
                )
            return self._built

    def _call(self, call: Callable[[stripe.StripeClient], Answer]) -> Answer:
        client = self._client()
        import stripe

        try:
            return call(client)
        except stripe.StripeError as error:
            raise _translated(error) from error

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
    ) -> CheckoutSession:
        facts = {"payment_id": str(payment_id), "reference": reference}
        params: dict[str, Any] = {
            "mode": "payment",
            "allowed_payment_method_types": ["card"],  # paid at once, or not at all
            "submit_type": "pay",
            "locale": "fr",
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": CURRENCY,
                        "unit_amount": amount_cents,
                        "product_data": {"name": label[:MAX_NAME_LENGTH]},
                    },
                }
            ],
            "client_reference_id": str(payment_id),
            "metadata": facts,
            "payment_intent_data": {"description": reference, "metadata": facts},
            "success_url": success_url,
            "cancel_url": cancel_url,
            "expires_at": checkout_expiry(expires_at, self._clock()),
        }
        if customer_email:
            params["customer_email"] = customer_email
        key = f"salle-checkout-{payment_id}"
        session = self._call(
            lambda client: client.v1.checkout.sessions.create(
                params,  # type: ignore[arg-type]  # built in two steps
                {"stripe_account": account, "idempotency_key": key},
            )
        )
        return CheckoutSession(
            id=session.id,
            url=session.url or "",
            expires_at=datetime.fromtimestamp(session.expires_at, UTC),
        )

    def read_checkout(self, *, account: str, session_id: str) -> CheckoutState:
        session = self._call(
            lambda client: client.v1.checkout.sessions.retrieve(
                session_id,
                {"expand": ["payment_intent.latest_charge.balance_transaction"]},
                {"stripe_account": account},
            )
        )
        return _state(session.to_dict())

    def expire_checkout(self, *, account: str, session_id: str) -> None:
        """Nobody can pay it any more; GatewayRefused if it is no longer open."""
        self._call(
            lambda client: client.v1.checkout.sessions.expire(
                session_id, {}, {"stripe_account": account}
            )
        )

    def refund(
        self, *, refund_key: UUID, account: str, payment_intent_id: str, amount_cents: int
    ) -> RefundResult:
        refund = self._call(
            lambda client: client.v1.refunds.create(
                {
                    "payment_intent": payment_intent_id,
                    "amount": amount_cents,
                    "reason": "requested_by_customer",
                    "metadata": {"refund_key": str(refund_key)},
                },
                {"stripe_account": account, "idempotency_key": f"salle-refund-{refund_key}"},
            )
        )
        status: Any = refund.status or "pending"
        return RefundResult(id=refund.id, status=status, amount_cents=refund.amount)

    def verify_event(self, payload: bytes, signature: str) -> VerifiedEvent:
        return check_signature(payload, signature, secret=self._webhook_secret, now=self._clock())


class FakeGateway:
    """In memory, for tests: what Stripe would say, and `pay` to play the payer."""

    def __init__(
        self, *, webhook_secret: str = FAKE_SECRET, clock: Callable[[], float] = time.time
    ) -> None:
        self.webhook_secret = webhook_secret
        self.unavailable = False
        self.refunds: dict[UUID, tuple[tuple[str, str, int], RefundResult]] = {}
        self._clock = clock
        self._checkouts: dict[str, dict[str, Any]] = {}

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
    ) -> CheckoutSession:
        self._check_up()
        facts = (account, amount_cents, label, reference, customer_email, success_url, cancel_url)
        session_id = f"cs_fake_{payment_id.hex}"
        known = self._checkouts.get(session_id)
        if known and known["facts"] != (*facts, expires_at):
            raise GatewayRefused("idempotency_error", "same key, other parameters")
        if amount_cents < MINIMUM_CENTS:
            raise GatewayRefused("amount_too_small", "at least 0.50 eur")
        expiry = datetime.fromtimestamp(checkout_expiry(expires_at, self._clock()), UTC)
        if not known:
            self._checkouts[session_id] = {
                "facts": (*facts, expires_at),
                "account": account,
                "amount": amount_cents,
                "payment_id": payment_id,
                "expires_at": expiry,
                "status": "open",
            }
        url = f"https://paiement.invalid/{session_id}"
        return CheckoutSession(id=session_id, url=url, expires_at=expiry)

    def read_checkout(self, *, account: str, session_id: str) -> CheckoutState:
        self._check_up()
        checkout = self._find(account, session_id)
        paid = checkout["status"] == "complete"
        return CheckoutState(
            id=session_id,
            status=checkout["status"],
            paid=paid,
            amount_cents=checkout["amount"],
            currency=CURRENCY,
            payment_intent_id=f"pi_{session_id}" if paid else None,
            application_fee_cents=0,
            provider_fee_cents=(checkout["amount"] * 15 + 500) // 1000 + 25 if paid else None,
            payment_id=checkout["payment_id"],
        )

    def expire_checkout(self, *, account: str, session_id: str) -> None:
        self._check_up()
        checkout = self._find(account, session_id)
        if checkout["status"] != "open":
            raise GatewayRefused("invalid_request_error", "only an open session can be expired")
        checkout["status"] = "expired"

    def refund(
        self, *, refund_key: UUID, account: str, payment_intent_id: str, amount_cents: int
    ) -> RefundResult:
        self._check_up()
        asked = (account, payment_intent_id, amount_cents)
        if refund_key in self.refunds:
            facts, result = self.refunds[refund_key]
            if facts != asked:
                raise GatewayRefused("idempotency_error", "same key, other parameters")
            return result
        checkout = self._find(account, payment_intent_id.removeprefix("pi_"))
        given = sum(f[2] for f, _ in self.refunds.values() if f[:2] == asked[:2])
        if given == checkout["amount"]:
            raise GatewayRefused("charge_already_refunded", "already refunded")
        if checkout["status"] != "complete" or not 0 < amount_cents <= checkout["amount"] - given:
            raise GatewayRefused("invalid_request_error", "nothing of that amount to refund")
        result = RefundResult(
            id=f"re_{refund_key.hex}", status="succeeded", amount_cents=amount_cents
        )
        self.refunds[refund_key] = (asked, result)
        return result

    def verify_event(self, payload: bytes, signature: str) -> VerifiedEvent:
        return check_signature(payload, signature, secret=self.webhook_secret, now=self._clock())

    def pay(self, session_id: str) -> None:
        """The payer's card is accepted."""
        if self._checkouts[session_id]["status"] == "open":
            self._checkouts[session_id]["status"] = "complete"

    def signed_event(
        self, session_id: str, kind: str = "checkout.session.completed"
    ) -> SignedEvent:
        """The webhook that would tell of that checkout: body, and value of Stripe-Signature."""
        checkout, now = self._checkouts[session_id], int(self._clock())
        event = {
            "id": f"evt_{session_id}_{kind}",
            "object": "event",
            "type": kind,
            "account": checkout["account"],
            "created": now,
            "data": {
                "object": {
                    "id": session_id,
                    "object": "checkout.session",
                    "client_reference_id": str(checkout["payment_id"]),
                }
            },
        }
        body = json.dumps(event).encode()
        return body, sign_payload(body, secret=self.webhook_secret, timestamp=now)

    def _check_up(self) -> None:
        if self.unavailable:
            raise GatewayUnavailable("set so by the test")

    def _find(self, account: str, session_id: str) -> dict[str, Any]:
        checkout = self._checkouts.get(session_id)
        if checkout is None or checkout["account"] != account:
            raise GatewayRefused("resource_missing", "no such session in that account")
        return checkout


def _translated(error: stripe.StripeError) -> GatewayError:
    """Ours to fix or theirs to repair is unavailable; a request that can never pass is refused."""
    import stripe

    status = error.http_status or 0
    body = error.json_body if isinstance(error.json_body, dict) else {}
    # The library reads the code of some kinds of errors only.
    code = str(body.get("error", {}).get("code") or body.get("error", {}).get("type") or "")
    temporary = (stripe.APIConnectionError, stripe.AuthenticationError, stripe.RateLimitError)
    logger.warning(
        "payment_gateway.failed",
        extra={"kind": type(error).__name__, "status": status, "code": code},
    )
    if isinstance(error, temporary) or status >= 500 or status in {0, 409, 429}:
        return GatewayUnavailable(f"{type(error).__name__} {status}")
    return GatewayRefused(code or "invalid_request_error", error.user_message or "")


def _state(session: dict[str, Any]) -> CheckoutState:
    intent = session.get("payment_intent") or {}
    charge = intent.get("latest_charge") or {}
    movement = charge.get("balance_transaction") or {}
    kept = intent.get("application_fee_amount") or 0
    return CheckoutState(
        id=session["id"],
        status=session["status"],
        paid=session["payment_status"] == "paid",
        amount_cents=session["amount_total"],
        currency=session["currency"],
        payment_intent_id=intent.get("id"),
        application_fee_cents=kept,
        provider_fee_cents=movement["fee"] - kept if movement else None,
        payment_id=_uuid(session.get("client_reference_id")),
    )


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
