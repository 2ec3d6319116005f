"""Connected accounts, tariffs, payments, provider events, ledger."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from salle.db import Model, UuidKey, enum_type
from salle.payments.rules import Audience, LedgerAccount, LedgerKind, PaymentState, RefundState


class CollectionAccount(UuidKey, Model):
    """The collège's own account at a provider: money goes there, nowhere else."""

    __tablename__ = "collection_account"
    site_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("site.id"))
    provider: Mapped[str]
    account: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True, server_default=sa.text("true"))

    __table_args__ = (
        sa.UniqueConstraint("provider", "account"),
        sa.Index(
            "uq_collection_account_site",
            "site_id",
            unique=True,
            postgresql_where=sa.column("active"),
        ),
        sa.CheckConstraint("provider IN ('stripe')", name="provider"),
    )


class Tariff(UuidKey, Model):
    """An hourly price voted by the collège's board, in cents, valid between civil days."""

    __tablename__ = "tariff"
    room_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("room.id", ondelete="CASCADE"))
    audience: Mapped[Audience] = mapped_column(enum_type(Audience, "audience"))
    hourly_cents: Mapped[int]
    full_hourly_cents: Mapped[int]
    valid: Mapped[Range[date]] = mapped_column(DATERANGE())
    voted_on: Mapped[date | None]
    decision: Mapped[str]

    __table_args__ = (
        sa.CheckConstraint(
            "0 <= hourly_cents AND hourly_cents <= full_hourly_cents"
            " AND full_hourly_cents <= 1000000",
            name="amounts",
        ),
        sa.CheckConstraint("NOT isempty(valid)", name="valid"),
        ExcludeConstraint(
            (sa.column("room_id"), "="),
            (sa.column("audience"), "="),
            (sa.column("valid"), "&&"),
            name="ex_tariff_no_overlap",
            using="gist",
        ),
    )


class Payment(UuidKey, Model):
    """One payment of a booking; the row is committed before the provider is called.

    `refund_cents` is what was asked back of it so far: never more than was paid.
    """

    __tablename__ = "payment"
    booking_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("booking.id"), index=True)
    site_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("site.id"), index=True)
    provider: Mapped[str]
    account: Mapped[str]
    amount_cents: Mapped[int]
    state: Mapped[PaymentState] = mapped_column(enum_type(PaymentState, "state"))
    session_id: Mapped[str | None] = mapped_column(unique=True)
    checkout_url: Mapped[str | None]
    payment_intent_id: Mapped[str | None]
    created_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    refund_cents: Mapped[int] = mapped_column(default=0, server_default="0")

    __table_args__ = (
        sa.CheckConstraint("amount_cents > 0", name="amount"),
        sa.CheckConstraint("refund_cents BETWEEN 0 AND amount_cents", name="refund"),
        sa.CheckConstraint(
            "state NOT IN ('paid', 'refunding', 'refunded') OR paid_at IS NOT NULL", name="paid_at"
        ),
        sa.Index(
            "uq_payment_live",
            "booking_id",
            unique=True,
            postgresql_where=sa.text("state IN ('created', 'pending', 'paid')"),
        ),
    )

    def __repr__(self) -> str:
        return f"<Payment {self.id} {self.state}>"


class Refund(UuidKey, Model):
    """Money to give back of a payment; its id is the provider's idempotency key."""

    __tablename__ = "refund"
    payment_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("payment.id"), index=True)
    amount_cents: Mapped[int]
    state: Mapped[RefundState] = mapped_column(enum_type(RefundState, "state"))
    provider_id: Mapped[str | None] = mapped_column(unique=True)
    requested_at: Mapped[datetime]
    done_at: Mapped[datetime | None]

    __table_args__ = (
        sa.CheckConstraint("amount_cents > 0", name="amount"),
        sa.CheckConstraint(
            "(state = 'done') = (done_at IS NOT NULL)"
            " AND (state = 'done') = (provider_id IS NOT NULL)",
            name="done",
        ),
    )


class ProviderEvent(UuidKey, Model):
    """A signed event received from a provider, kept once."""

    __tablename__ = "provider_event"
    provider: Mapped[str]
    event_id: Mapped[str]
    type: Mapped[str]
    account: Mapped[str | None]
    object_id: Mapped[str]
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    processed_at: Mapped[datetime | None]
    outcome: Mapped[str | None]

    __table_args__ = (sa.UniqueConstraint("provider", "event_id"),)


class LedgerEntry(Model):
    """One line of a double-entry transaction; append-only in the database itself.

    `site_id` is the collège concerned. Entries of one `transaction_id` sum to zero
    (deferred trigger). Update and delete are refused by a trigger (salle/payments/ledger.sql).
    """

    __tablename__ = "ledger_entry"
    id: Mapped[int] = mapped_column(sa.BigInteger(), sa.Identity(), primary_key=True)
    transaction_id: Mapped[uuid.UUID] = mapped_column(index=True)
    kind: Mapped[LedgerKind] = mapped_column(enum_type(LedgerKind, "kind"))
    payment_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("payment.id"))
    site_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("site.id"), index=True)
    account: Mapped[LedgerAccount] = mapped_column(enum_type(LedgerAccount, "account"))
    amount_cents: Mapped[int]
    occurred_at: Mapped[datetime]
    refund_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("refund.id"))

    __table_args__ = (
        sa.UniqueConstraint(
            "payment_id", "kind", "account", "refund_id", postgresql_nulls_not_distinct=True
        ),
        sa.CheckConstraint("amount_cents <> 0", name="amount"),
        sa.CheckConstraint("(kind = 'refund') = (refund_id IS NOT NULL)", name="refund"),
    )
