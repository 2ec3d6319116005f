"""Reading tariffs, payments, provider events and the ledger."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from salle.db import db
from salle.kernel.errors import Conflict, NotFound
from salle.payments.models import LedgerEntry, Payment, ProviderEvent, Refund
from salle.payments.pricing import TariffFacts
from salle.payments.rules import Audience, LedgerAccount, PaymentState, RefundState


class NoTariff(Conflict):
    """A room without a voted price on that day cannot be booked (code de l’éducation R421-20)."""

    code = "closed"
    message = (
        "Le collège n’a pas encore voté de tarif pour cette date : la salle ne peut pas être "
        "réservée. Choisissez une date plus proche ou une autre salle."
    )


class TariffBook:
    """The tariffs of one room for one audience, looked up by civil day."""

    def __init__(self, rows: Sequence[tuple[date | None, date | None, TariffFacts]]) -> None:
        self._rows = rows  # the audience's own first, then everyone's

    def get(self, day: date) -> TariffFacts:
        """The audience's own tariff of that civil day, else everyone's; NoTariff."""
        for first, after, facts in self._rows:
            if (first is None or first <= day) and (after is None or day < after):
                return facts
        raise NoTariff


_TARIFFS = sa.text(
    "SELECT id, audience, hourly_cents, full_hourly_cents, decision, lower(valid), upper(valid)"
    " FROM tariff WHERE room_id = :room AND audience IN (:audience, 'everyone')"
    " ORDER BY audience <> :audience, lower(valid), id"
)


def read_tariffs(room_id: uuid.UUID, audience: Audience) -> TariffBook:
    """Every tariff of the room that may concern this audience, in one statement."""
    rows = db.session.execute(_TARIFFS, {"room": room_id, "audience": audience.value})
    return TariffBook(
        [
            (
                first,
                after,
                TariffFacts(
                    tariff_id=id_,
                    audience=Audience(group).label,
                    hourly_cents=hourly,
                    full_hourly_cents=full,
                    decision=decision,
                ),
            )
            for id_, group, hourly, full, decision, first, after in rows
        ]
    )


def get_payment(payment_id: uuid.UUID) -> Payment:
    """One payment; NotFound."""
    payment = db.session.get(Payment, payment_id)
    if payment is None:
        raise NotFound
    return payment


def lock_payment(payment_id: uuid.UUID) -> Payment:
    """One payment, read again and locked until the end of the transaction."""
    payment = db.session.scalar(
        sa.select(Payment)
        .where(Payment.id == payment_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if payment is None:
        raise NotFound
    return payment


def find_payment_by_session(session_id: str) -> Payment | None:
    """The payment behind a provider's checkout session, or None."""
    return db.session.scalar(sa.select(Payment).where(Payment.session_id == session_id))


def find_latest_payment(booking_id: uuid.UUID) -> Payment | None:
    """The last payment of a booking, whatever its state."""
    return db.session.scalars(
        sa.select(Payment)
        .where(Payment.booking_id == booking_id)
        .order_by(Payment.created_at.desc(), Payment.id)
        .limit(1)
    ).first()


def map_latest_payments(booking_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Payment]:
    """The last payment of each of these bookings that has one, in one query."""
    payments = db.session.scalars(
        sa.select(Payment)
        .where(Payment.booking_id.in_(booking_ids))
        .order_by(Payment.booking_id, Payment.created_at, Payment.id.desc())
    )
    return {payment.booking_id: payment for payment in payments}


def list_live_payments(booking_id: uuid.UUID) -> Sequence[Payment]:
    """Payments of the booking that may still bring money, oldest first."""
    return db.session.scalars(
        sa.select(Payment)
        .where(
            Payment.booking_id == booking_id,
            Payment.state.in_({PaymentState.CREATED, PaymentState.PENDING}),
        )
        .order_by(Payment.created_at, Payment.id)
    ).all()


def get_refund(refund_id: uuid.UUID) -> Refund:
    """One refund; NotFound."""
    refund = db.session.get(Refund, refund_id)
    if refund is None:
        raise NotFound
    return refund


def lock_refund(refund_id: uuid.UUID) -> tuple[Refund, Payment]:
    """One refund and its payment, read again and locked: every refund of it waits."""
    payment = lock_payment(get_refund(refund_id).payment_id)
    refund = db.session.scalars(
        sa.select(Refund).where(Refund.id == refund_id).execution_options(populate_existing=True)
    ).one()
    return refund, payment


def list_refunds(booking_id: uuid.UUID) -> Sequence[Refund]:
    """What was or will be given back of a booking, oldest first."""
    return db.session.scalars(
        sa.select(Refund)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Payment.booking_id == booking_id)
        .order_by(Refund.requested_at, Refund.id)
    ).all()


def has_pending_refund(payment_id: uuid.UUID) -> bool:
    """Whether the provider still has to accept a refund of that payment."""
    return bool(
        db.session.scalar(
            sa.select(
                sa.exists().where(
                    Refund.payment_id == payment_id, Refund.state == RefundState.REQUESTED
                )
            )
        )
    )


def get_event(event_row_id: uuid.UUID) -> ProviderEvent:
    """One stored provider event; NotFound."""
    event = db.session.get(ProviderEvent, event_row_id)
    if event is None:
        raise NotFound
    return event


@dataclass(frozen=True, kw_only=True)
class Balances:
    """Sums of the ledger in cents: what was charged, and where every cent of it is."""

    charged_cents: int
    college_cents: int
    provider_cents: int
    department_cents: int


def sum_ledger(
    *, site_id: uuid.UUID | None = None, payment_id: uuid.UUID | None = None
) -> Balances:
    """Sums by account, of a site or of a payment."""
    conditions: list[Any] = []
    if site_id is not None:
        conditions.append(LedgerEntry.site_id == site_id)
    if payment_id is not None:
        conditions.append(LedgerEntry.payment_id == payment_id)
    return _balances(
        db.session.execute(
            sa.select(LedgerEntry.account, sa.func.sum(LedgerEntry.amount_cents))
            .where(*conditions)
            .group_by(LedgerEntry.account)
        )
    )


def map_site_balances(site_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Balances]:
    """The sums of each of these sites, in one query."""
    rows = db.session.execute(
        sa.select(LedgerEntry.site_id, LedgerEntry.account, sa.func.sum(LedgerEntry.amount_cents))
        .where(LedgerEntry.site_id.in_(site_ids))
        .group_by(LedgerEntry.site_id, LedgerEntry.account)
    ).all()
    return {
        site_id: _balances((account, total) for known, account, total in rows if known == site_id)
        for site_id in site_ids
    }


def _balances(sums: Iterable[Any]) -> Balances:
    totals: dict[LedgerAccount, int] = {account: int(total) for account, total in sums}
    return Balances(
        charged_cents=-totals.get(LedgerAccount.REQUESTER, 0),
        college_cents=totals.get(LedgerAccount.COLLEGE, 0),
        provider_cents=totals.get(LedgerAccount.PROVIDER, 0),
        department_cents=totals.get(LedgerAccount.DEPARTMENT, 0),
    )


def list_site_payments(
    site_id: uuid.UUID, *, limit: int = 100
) -> Sequence[sa.Row[Payment, int, int]]:
    """Last payments of a site, newest first: (Payment, college_cents, provider_cents)."""
    college = sa.func.coalesce(
        sa.func.sum(LedgerEntry.amount_cents).filter(LedgerEntry.account == LedgerAccount.COLLEGE),
        0,
    )
    provider = sa.func.coalesce(
        sa.func.sum(LedgerEntry.amount_cents).filter(LedgerEntry.account == LedgerAccount.PROVIDER),
        0,
    )
    return db.session.execute(
        sa.select(Payment, college.label("college_cents"), provider.label("provider_cents"))
        .outerjoin(LedgerEntry, LedgerEntry.payment_id == Payment.id)
        .where(Payment.site_id == site_id, Payment.paid_at.is_not(None))
        .group_by(Payment.id)
        .order_by(Payment.paid_at.desc(), Payment.id)
        .limit(limit)
    ).all()
