"""Payments, the append-only ledger, doors and their codes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.tools import run_script

revision = "0003_money_and_doors"
down_revision = "0002_bookings"
branch_labels = None
depends_on = None

LEDGER_SQL = """
-- The ledger is append-only in the database itself, and each transaction sums to zero.
CREATE OR REPLACE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ledger_entry is append-only' USING ERRCODE = 'integrity_constraint_violation',
    CONSTRAINT = 'tr_ledger_entry_append_only', TABLE = 'ledger_entry';
END
$$;

CREATE OR REPLACE FUNCTION ledger_is_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT sum(e.amount_cents) FROM ledger_entry e
       WHERE e.transaction_id = NEW.transaction_id) <> 0 THEN
    RAISE EXCEPTION 'ledger transaction % is not balanced', NEW.transaction_id
      USING ERRCODE = 'integrity_constraint_violation',
      CONSTRAINT = 'tr_ledger_entry_balanced', TABLE = 'ledger_entry';
  END IF;
  RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER tr_ledger_entry_append_only
  BEFORE UPDATE OR DELETE ON ledger_entry
  FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only();

CREATE OR REPLACE TRIGGER tr_ledger_entry_no_truncate
  BEFORE TRUNCATE ON ledger_entry
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();

DROP TRIGGER IF EXISTS tr_ledger_entry_balanced ON ledger_entry;
CREATE CONSTRAINT TRIGGER tr_ledger_entry_balanced
  AFTER INSERT ON ledger_entry DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION ledger_is_balanced();
"""


def upgrade() -> None:
    op.create_table(
        "provider_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(), nullable=False),
        sa.Column("received_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("processed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_event")),
        sa.UniqueConstraint(
            "provider", "event_id", name=op.f("uq_provider_event_provider_event_id")
        ),
    )
    op.create_table(
        "collection_account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint("provider IN ('stripe')", name=op.f("ck_collection_account_provider")),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_collection_account_site_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection_account")),
        sa.UniqueConstraint(
            "provider", "account", name=op.f("uq_collection_account_provider_account")
        ),
    )
    op.create_index(
        "uq_collection_account_site",
        "collection_account",
        ["site_id"],
        unique=True,
        postgresql_where=sa.text("active"),
    )
    op.create_table(
        "door",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("directions", sa.Text(), server_default="", nullable=False),
        sa.Column("driver", sa.Text(), nullable=False),
        sa.CheckConstraint("driver IN ('virtual')", name=op.f("ck_door_driver")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_door_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_door")),
        sa.UniqueConstraint("site_id", "name", name=op.f("uq_door_site_id_name")),
    )
    op.create_table(
        "room_door",
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("door_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["door_id"], ["door.id"], name=op.f("fk_room_door_door_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["room_id"], ["room.id"], name=op.f("fk_room_door_room_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("room_id", "door_id", name=op.f("pk_room_door")),
    )
    op.create_table(
        "payment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("amount_cents", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "created",
                "pending",
                "paid",
                "expired",
                "refunding",
                "refunded",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("checkout_url", sa.Text(), nullable=True),
        sa.Column("payment_intent_id", sa.Text(), nullable=True),
        sa.Column("refund_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("paid_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("refunded_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state NOT IN ('paid', 'refunding', 'refunded') OR paid_at IS NOT NULL",
            name=op.f("ck_payment_paid_at"),
        ),
        sa.CheckConstraint("amount_cents > 0", name=op.f("ck_payment_amount")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_payment_booking_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_payment_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("session_id", name=op.f("uq_payment_session_id")),
    )
    op.create_index(op.f("ix_payment_booking_id"), "payment", ["booking_id"], unique=False)
    op.create_index(op.f("ix_payment_site_id"), "payment", ["site_id"], unique=False)
    op.create_index(
        "uq_payment_live",
        "payment",
        ["booking_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('created', 'pending', 'paid')"),
    )
    op.create_table(
        "access_grant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("booking_date_id", sa.Uuid(), nullable=False),
        sa.Column("door_id", sa.Uuid(), nullable=False),
        sa.Column("code_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("code_digest", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "active",
                "revoked",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("visible_from", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("valid_from", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("valid_until", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "valid_from < valid_until AND visible_from <= valid_from",
            name=op.f("ck_access_grant_window"),
        ),
        sa.ForeignKeyConstraint(
            ["booking_date_id"],
            ["booking_date.id"],
            name=op.f("fk_access_grant_booking_date_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["door_id"], ["door.id"], name=op.f("fk_access_grant_door_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_grant")),
        sa.UniqueConstraint(
            "booking_date_id", "door_id", name=op.f("uq_access_grant_booking_date_id_door_id")
        ),
    )
    op.create_index(
        "ix_access_grant_lookup", "access_grant", ["door_id", "code_digest"], unique=False
    )
    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "payment",
                "fee",
                "refund",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column(
            "account",
            sa.Enum(
                "requester",
                "college",
                "provider",
                "department",
                name="account",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("amount_cents", sa.Integer(), nullable=False),
        sa.Column("occurred_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("amount_cents <> 0", name=op.f("ck_ledger_entry_amount")),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name=op.f("fk_ledger_entry_payment_id")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_ledger_entry_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint(
            "payment_id", "kind", "account", name=op.f("uq_ledger_entry_payment_id_kind_account")
        ),
    )
    op.create_index(op.f("ix_ledger_entry_site_id"), "ledger_entry", ["site_id"], unique=False)
    op.create_index(
        op.f("ix_ledger_entry_transaction_id"), "ledger_entry", ["transaction_id"], unique=False
    )
    op.create_table(
        "door_try",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("door_id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "ok",
                "unknown_code",
                "outside_window",
                "locked_out",
                "revoked",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["door_id"], ["door.id"], name=op.f("fk_door_try_door_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["grant_id"],
            ["access_grant.id"],
            name=op.f("fk_door_try_grant_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_door_try")),
    )
    op.create_index("ix_door_try_recent", "door_try", ["door_id", "at"], unique=False)

    run_script(LEDGER_SQL)


def downgrade() -> None:
    op.execute("DROP TABLE door_try CASCADE")
    op.execute("DROP TABLE ledger_entry CASCADE")
    op.execute("DROP TABLE access_grant CASCADE")
    op.execute("DROP TABLE payment CASCADE")
    op.execute("DROP TABLE room_door CASCADE")
    op.execute("DROP TABLE door CASCADE")
    op.execute("DROP TABLE collection_account CASCADE")
    op.execute("DROP TABLE provider_event CASCADE")
    op.execute("DROP FUNCTION ledger_is_append_only(), ledger_is_balanced()")
