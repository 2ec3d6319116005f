"""The simulated Stripe's business: sessions, payments and refunds."""

from __future__ import annotations

from typing import Any

from salle.demo.simulators.journal import Item
from salle.demo.simulators.stripe_store import Store, StripeProblem

MINUTE, DAY = 60, 86400
MINIMUM_CENTS, MAXIMUM_CENTS = 50, 99_999_999


def provider_fee(amount_cents: int) -> int:
    """1.5 % + 25 c, rounded half up: what a European card costs the collège."""
    return (amount_cents * 15 + 500) // 1000 + 25


class Books(Store):
    """Every method runs inside `journal.change()`."""

    def open_session(self, account: str, params: dict[str, Any]) -> Item:
        if params.get("mode") != "payment":
            raise StripeProblem(400, "Only payment mode is simulated.", param="mode")
        if not params.get("line_items") or not params.get("success_url"):
            missing = "success_url" if params.get("line_items") else "line_items"
            raise StripeProblem(
                400, f"Missing required param: {missing}.", code="parameter_missing", param=missing
            )
        for name in ("success_url", "cancel_url"):
            if not params.get(name, "https://").startswith(("https://", "http://")):
                raise StripeProblem(400, "Not a valid URL", code="url_invalid", param=name)
        lines = [_line(item, index) for index, item in enumerate(params["line_items"])]
        total = sum(amount for amount, _ in lines)
        if not MINIMUM_CENTS <= total <= MAXIMUM_CENTS:
            small = total < MINIMUM_CENTS
            raise StripeProblem(
                400,
                "The Checkout Session's total amount due must add up to "
                + ("at least €0.50 eur" if small else "no more than €999,999.99 eur"),
                code="amount_too_small" if small else "amount_too_large",
            )
        intent = params.get("payment_intent_data", {})
        return self.new(
            "sessions",
            "cs_test",
            account,
            object="checkout.session",
            mode="payment",
            status="open",
            payment_status="unpaid",
            amount_subtotal=total,
            amount_total=total,
            currency="eur",
            client_reference_id=params.get("client_reference_id"),
            customer_email=params.get("customer_email"),
            metadata=params.get("metadata", {}),
            payment_intent=None,
            success_url=params["success_url"],
            cancel_url=params.get("cancel_url"),
            locale=params.get("locale"),
            expires_at=self._expiry(params.get("expires_at")),
            simulation={
                "names": [name for _, name in lines],
                "description": intent.get("description"),
                "metadata": intent.get("metadata", {}),
                "application_fee_amount": intent.get("application_fee_amount"),
            },
        )

    def _expiry(self, asked: int | None) -> int:
        now = self.now()
        expiry = now + DAY if asked is None else asked
        # The second in hand is that of the journey.
        if not now + 30 * MINUTE - 1 <= expiry <= now + DAY + 1:
            raise StripeProblem(
                400,
                "The `expires_at` timestamp must be between 30 minutes and 24 hours "
                "from Checkout Session creation.",
                param="expires_at",
            )
        return expiry

    def session(self, account: str, key: str) -> Item:
        """The session, expired if its time has come."""
        item = self.find("sessions", account, key)
        if item["status"] == "open" and item["expires_at"] <= self.now():
            return self._end(account, item)
        return item

    def any_session(self, key: str) -> tuple[str, Item]:
        """For the hosted page, which knows only the session: its account, and itself."""
        kept = self.journal.get("sessions", key)
        if kept is None:
            raise StripeProblem(404, "No such session")
        return kept["account"], self.session(kept["account"], key)

    def expire(self, account: str, key: str) -> Item:
        item = self.session(account, key)
        if item["status"] != "open":
            raise StripeProblem(
                400,
                'Only Checkout Sessions with a status in ["open"] can be expired. '
                f"This Checkout Session has a status of {item['status']}.",
            )
        return self._end(account, item)

    def expire_due(self) -> None:
        now = self.now()
        for key, kept in self.journal.items("sessions"):
            if kept["object"]["status"] == "open" and kept["object"]["expires_at"] <= now:
                self.session(kept["account"], key)

    def _end(self, account: str, item: Item) -> Item:
        item["status"] = "expired"
        if item["payment_intent"]:
            intent = self.find("payment_intents", account, item["payment_intent"])
            self.save("payment_intents", account, {**intent, "status": "canceled"})
        self.save("sessions", account, item)
        self.emit(account, "checkout.session.expired", item)
        return item

    def refuse(self, account: str, item: Item) -> None:
        """The bank says no: the session stays open for another try."""
        intent = self._intent(account, item)
        intent["last_payment_error"] = {"type": "card_error", "code": "card_declined"}
        self.save("payment_intents", account, intent)
        self.emit(account, "payment_intent.payment_failed", intent)

    def pay(self, account: str, item: Item) -> Item:
        intent = self._intent(account, item)
        amount, kept = item["amount_total"], intent["application_fee_amount"]
        fees: list[dict[str, Any]] = [
            {"type": "stripe_fee", "amount": provider_fee(amount), "currency": "eur"}
        ]
        if kept:
            fees.append({"type": "application_fee", "amount": kept, "currency": "eur"})
        fee = sum(part["amount"] for part in fees)
        charge = self.new(
            "charges",
            "ch",
            account,
            object="charge",
            amount=amount,
            amount_refunded=0,
            refunded=False,
            currency="eur",
            paid=True,
            status="succeeded",
            application_fee_amount=kept,
            payment_intent=intent["id"],
            balance_transaction=None,
        )
        movement = self.new(
            "balance_transactions",
            "txn",
            account,
            object="balance_transaction",
            amount=amount,
            currency="eur",
            fee=fee,
            fee_details=fees,
            net=amount - fee,
            source=charge["id"],
            type="charge",
        )
        self.save("charges", account, {**charge, "balance_transaction": movement["id"]})
        intent |= {
            "status": "succeeded",
            "amount_received": amount,
            "latest_charge": charge["id"],
            "last_payment_error": None,
        }
        self.save("payment_intents", account, intent)
        item |= {"status": "complete", "payment_status": "paid", "payment_intent": intent["id"]}
        self.save("sessions", account, item)
        self.emit(account, "payment_intent.succeeded", intent)
        self.emit(account, "checkout.session.completed", item)
        return item

    def _intent(self, account: str, item: Item) -> Item:
        """The payment intent of the session, made at the first try."""
        if item["payment_intent"]:
            return self.find("payment_intents", account, item["payment_intent"])
        asked = item["simulation"]
        intent = self.new(
            "payment_intents",
            "pi",
            account,
            object="payment_intent",
            amount=item["amount_total"],
            amount_received=0,
            currency="eur",
            status="requires_payment_method",
            application_fee_amount=asked["application_fee_amount"],
            description=asked["description"],
            metadata=asked["metadata"],
            latest_charge=None,
            last_payment_error=None,
        )
        item["payment_intent"] = intent["id"]
        self.save("sessions", account, item)
        return intent

    def refund(self, account: str, params: dict[str, Any]) -> Item:
        intent = self.find("payment_intents", account, params.get("payment_intent", ""))
        if intent["status"] != "succeeded":
            raise StripeProblem(
                400, f"This PaymentIntent ({intent['id']}) does not have a successful charge."
            )
        charge = self.find("charges", account, intent["latest_charge"])
        left = charge["amount"] - charge["amount_refunded"]
        amount = params.get("amount", left)
        if left == 0:
            raise StripeProblem(
                400, "Charge has already been refunded.", code="charge_already_refunded"
            )
        if not 0 < amount <= left:
            raise StripeProblem(
                400, "Refund amount is not within the unrefunded amount.", param="amount"
            )
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self.save("charges", account, charge)
        refund = self.new(
            "refunds",
            "re",
            account,
            object="refund",
            amount=amount,
            currency="eur",
            status="succeeded",
            charge=charge["id"],
            payment_intent=intent["id"],
            reason=params.get("reason"),
            metadata=params.get("metadata", {}),
        )
        self.emit(account, "refund.created", refund)
        self.emit(account, "charge.refunded", charge)
        return refund


def _line(item: dict[str, Any], index: int) -> tuple[int, str]:
    """Amount and name of one line of the basket."""
    price, where = item.get("price_data"), f"line_items[{index}]"
    if price is None or "unit_amount" not in price or "product_data" not in price:
        raise StripeProblem(
            400, f"Missing required param: {where}[price_data].", param=f"{where}[price_data]"
        )
    quantity, unit = item.get("quantity", 1), price["unit_amount"]
    if price["currency"] != "eur":
        raise StripeProblem(400, "Invalid currency.", param=f"{where}[price_data][currency]")
    if quantity < 1 or unit < 0:
        raise StripeProblem(
            400, "Invalid non-negative integer", param=f"{where}[price_data][unit_amount]"
        )
    return quantity * unit, price["product_data"]["name"]
