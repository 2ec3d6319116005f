"""Refunds of a part of a payment: a row each, and their lines in the ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013_refunds"
down_revision = "0012_timetables"
branch_labels = None
depends_on = None

# What was given back whole before keeps its idempotency key: the payment's id.
KEEP = """
INSERT INTO refund (id, payment_id, amount_cents, state, provider_id, requested_at, done_at)
SELECT id, id, amount_cents, CASE state WHEN 'refunded' THEN 'done' ELSE 'requested' END,
       CASE state WHEN 'refunded' THEN coalesce(refund_id, id::text) END,
       coalesce(refunded_at, paid_at), CASE state WHEN 'refunded' THEN refunded_at END
  FROM payment WHERE state IN ('refunding', 'refunded')
"""


def upgrade() -> None:
    op.create_table(
        "refund",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("amount_cents", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("requested_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("done_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_refund_payment_id")),
        sa.UniqueConstraint("provider_id", name=op.f("uq_refund_provider_id")),
        sa.CheckConstraint("amount_cents > 0", name=op.f("ck_refund_amount")),
        sa.CheckConstraint("state IN ('requested', 'done')", name=op.f("ck_refund_state")),
        sa.CheckConstraint(
            "(state = 'done') = (done_at IS NOT NULL)"
            " AND (state = 'done') = (provider_id IS NOT NULL)",
            name=op.f("ck_refund_done"),
        ),
    )
    op.create_index("ix_refund_payment_id", "refund", ["payment_id"])
    op.add_column(
        "payment", sa.Column("refund_cents", sa.Integer(), server_default="0", nullable=False)
    )
    op.execute(KEEP)
    op.execute(
        "UPDATE payment SET refund_cents = amount_cents WHERE state IN ('refunding', 'refunded')"
    )
    op.create_check_constraint("refund", "payment", "refund_cents BETWEEN 0 AND amount_cents")
    op.drop_column("payment", "refund_id")
    op.drop_column("payment", "refunded_at")
    op.add_column("ledger_entry", sa.Column("refund_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_ledger_entry_refund_id"), "ledger_entry", "refund", ["refund_id"], ["id"]
    )
    op.execute("ALTER TABLE ledger_entry DISABLE TRIGGER tr_ledger_entry_append_only")
    op.execute("UPDATE ledger_entry SET refund_id = payment_id WHERE kind = 'refund'")
    op.execute("ALTER TABLE ledger_entry ENABLE TRIGGER tr_ledger_entry_append_only")
    op.drop_constraint("uq_ledger_entry_payment_id_kind_account", "ledger_entry")
    op.create_unique_constraint(
        "uq_ledger_entry_payment_id_kind_account_refund_id",
        "ledger_entry",
        ["payment_id", "kind", "account", "refund_id"],
        postgresql_nulls_not_distinct=True,
    )
    op.create_check_constraint(
        "refund", "ledger_entry", "(kind = 'refund') = (refund_id IS NOT NULL)"
    )


def downgrade() -> None:
    """Refused where a payment was given back in several parts: the ledger loses no line."""
    op.drop_constraint("refund", "ledger_entry", type_="check")
    op.drop_constraint("uq_ledger_entry_payment_id_kind_account_refund_id", "ledger_entry")
    op.create_unique_constraint(
        "uq_ledger_entry_payment_id_kind_account", "ledger_entry", ["payment_id", "kind", "account"]
    )
    op.drop_constraint("fk_ledger_entry_refund_id", "ledger_entry")
    op.drop_column("ledger_entry", "refund_id")
    op.add_column("payment", sa.Column("refund_id", sa.Text(), nullable=True))
    op.add_column("payment", sa.Column("refunded_at", sa.TIMESTAMP(timezone=True), nullable=True))
    op.execute(
        "UPDATE payment SET refund_id = r.provider_id, refunded_at = r.done_at"
        " FROM refund r WHERE r.payment_id = payment.id AND payment.state = 'refunded'"
    )
    op.drop_constraint("refund", "payment", type_="check")
    op.drop_column("payment", "refund_cents")
    op.drop_table("refund")
