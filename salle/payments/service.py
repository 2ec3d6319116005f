"""Payments: intent before call, one row per attempt, a ledger that only grows.

Direct charges on the collège's own account, without any application fee: the département
never holds nor keeps money (docs/architecture.md). No function here calls a provider inside a
transaction.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from salle.audit.service import record
from salle.db import db, register_constraints
from salle.jobs import enqueue
from salle.kernel.errors import Conflict, DomainError
from salle.payments.models import LedgerEntry, Payment, ProviderEvent, Refund
from salle.payments.queries import has_pending_refund
from salle.payments.rules import LedgerAccount, LedgerKind, PaymentState, RefundState

if TYPE_CHECKING:
    from salle.adapters.payment_gateway import CheckoutSession, VerifiedEvent


@dataclass(frozen=True, kw_only=True)
class PaymentIntent:
    """A payment about to be asked for: its row's id is the provider's idempotency key."""

    id: uuid.UUID
    account: str
    amount_cents: int


class CannotCollect(Conflict):
    """The collège has no account yet on which to be paid online."""

    code = "payment_refused"
    message = "Ce collège n’encaisse pas encore en ligne. Écrivez-lui pour réserver."


class AlreadyPaying(Conflict):
    """A payment of this booking is already under way or done."""

    message = "Un paiement de cette réservation est déjà en cours ou déjà fait."


class TooMuchBack(Conflict):
    """More would be given back than was paid."""

    message = "Cette somme dépasse ce qui a été payé et n’a pas encore été rendu."


class AppendOnly(DomainError):
    """Somebody tried to change the past of the ledger."""

    status = 409
    code = "conflict"
    message = "Le grand livre ne se modifie pas : passez une écriture contraire."


class Unbalanced(AppendOnly):
    """The lines of one transaction must sum to zero."""

    message = "Les lignes d’une écriture doivent s’annuler."


register_constraints(
    {
        "uq_payment_live": AlreadyPaying,
        "ck_payment_refund": TooMuchBack,
        "tr_ledger_entry_append_only": AppendOnly,
        "tr_ledger_entry_balanced": Unbalanced,
    }
)


_PREPARE = sa.text(
    "INSERT INTO payment (id, booking_id, site_id, provider, account, amount_cents, state,"
    " created_at)"
    " SELECT :id, :booking, :site, provider, account, :amount, :state, :now"
    " FROM collection_account WHERE site_id = :site AND active RETURNING account"
)


def prepare_payment(
    *, booking_id: uuid.UUID, site_id: uuid.UUID, amount_cents: int, now: datetime
) -> PaymentIntent:
    """Write the intent to be paid on the collège's own account; the provider is called later.

    Raises CannotCollect, AlreadyPaying (from the constraint).
    """
    payment_id = uuid.uuid4()
    account = db.session.scalar(
        _PREPARE,
        {
            "id": payment_id,
            "booking": booking_id,
            "site": site_id,
            "amount": amount_cents,
            "state": PaymentState.CREATED.value,
            "now": now,
        },
    )
    if account is None:
        raise CannotCollect
    return PaymentIntent(id=payment_id, account=account, amount_cents=amount_cents)


_ATTACH = sa.text(
    "UPDATE payment SET session_id = :session, checkout_url = :url,"
    " state = CASE state WHEN 'created' THEN 'pending' ELSE state END WHERE id = :id"
)


def attach_checkout(*, payment_id: uuid.UUID, checkout: CheckoutSession) -> None:
    """Remember the provider's checkout page of a payment, whatever became of it meanwhile."""
    db.session.execute(_ATTACH, {"session": checkout.id, "url": checkout.url, "id": payment_id})


def mark_paid(
    *,
    payment: Payment,
    payment_intent_id: str | None,
    application_fee_cents: int,
    provider_fee_cents: int | None,
    now: datetime,
) -> None:
    """Record a locked payment as paid: state, ledger, audit. The caller checked it was not."""
    payment.state = PaymentState.PAID
    payment.paid_at = now
    payment.payment_intent_id = payment_intent_id
    _write(
        payment,
        LedgerKind.PAYMENT,
        {
            LedgerAccount.REQUESTER: -payment.amount_cents,
            LedgerAccount.COLLEGE: payment.amount_cents - application_fee_cents,
            LedgerAccount.DEPARTMENT: application_fee_cents,
        },
        now,
    )
    if provider_fee_cents:
        _write(
            payment,
            LedgerKind.FEE,
            {
                LedgerAccount.COLLEGE: -provider_fee_cents,
                LedgerAccount.PROVIDER: provider_fee_cents,
            },
            now,
        )
    record(
        "payment.paid",
        object_type="payment",
        object_id=payment.id,
        actor_id=None,
        at=now,
        amount_cents=payment.amount_cents,
        application_fee_cents=application_fee_cents,
    )


def request_refund(*, payment: Payment, amount_cents: int, now: datetime) -> Refund:
    """Ask for money back of a locked payment; a job asks the provider.

    Raises TooMuchBack (from the constraint, at the flush) beyond what was paid.
    """
    payment.refund_cents += amount_cents
    if payment.refund_cents == payment.amount_cents:
        payment.state = PaymentState.REFUNDING
    refund = Refund(
        id=uuid.uuid4(),
        payment_id=payment.id,
        amount_cents=amount_cents,
        state=RefundState.REQUESTED,
        requested_at=now,
    )
    db.session.add(refund)
    db.session.flush()
    enqueue("payments.refund", refund_id=refund.id)
    return refund


def mark_refunded(*, refund: Refund, payment: Payment, provider_id: str, now: datetime) -> None:
    """Record a refund of a locked payment as done, once: ledger, state, audit."""
    refund.state, refund.provider_id, refund.done_at = RefundState.DONE, provider_id, now
    db.session.flush()
    if payment.state == PaymentState.REFUNDING and not has_pending_refund(payment.id):
        payment.state = PaymentState.REFUNDED
    _write(
        payment,
        LedgerKind.REFUND,
        {
            LedgerAccount.REQUESTER: refund.amount_cents,
            LedgerAccount.COLLEGE: -refund.amount_cents,
        },
        now,
        refund_id=refund.id,
    )
    record(
        "payment.refunded",
        object_type="payment",
        object_id=payment.id,
        actor_id=None,
        at=now,
        amount_cents=refund.amount_cents,
    )


def store_event(*, provider: str, event: VerifiedEvent, now: datetime) -> uuid.UUID | None:
    """Keep a verified event once; its row's id, or None when it was already known."""
    return db.session.scalar(
        insert(ProviderEvent)
        .values(
            id=uuid.uuid4(),
            provider=provider,
            event_id=event.id,
            type=event.type,
            account=event.account,
            object_id=event.object_id,
            payload=event.payload,
            received_at=now,
        )
        .on_conflict_do_nothing(constraint="uq_provider_event_provider_event_id")
        .returning(ProviderEvent.id)
    )


def close_event(*, event_row_id: uuid.UUID, outcome: str, now: datetime) -> None:
    """Note what became of an event."""
    db.session.execute(
        sa.update(ProviderEvent)
        .where(ProviderEvent.id == event_row_id)
        .values(processed_at=now, outcome=outcome)
    )


def _write(
    payment: Payment,
    kind: LedgerKind,
    amounts: dict[LedgerAccount, int],
    now: datetime,
    *,
    refund_id: uuid.UUID | None = None,
) -> None:
    transaction_id = uuid.uuid4()
    db.session.add_all(
        LedgerEntry(
            transaction_id=transaction_id,
            kind=kind,
            payment_id=payment.id,
            refund_id=refund_id,
            site_id=payment.site_id,
            account=account,
            amount_cents=amount,
            occurred_at=now,
        )
        for account, amount in amounts.items()
        if amount
    )
    db.session.flush()
