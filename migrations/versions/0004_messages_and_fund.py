"""Messages to send, the audit trail, the fund and its projects."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004_messages_and_fund"
down_revision = "0003_money_and_doors"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fund_record",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "enveloppe",
                "axe",
                "dispositif",
                "vague",
                "chiffre",
                "controle",
                "projet",
                "jalon",
                "programme",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column(
            "precision",
            sa.Enum(
                "exact",
                "arrondi_M",
                "arrondi_0,1M",
                "plus_de",
                "prevision",
                "non_communique",
                name="precision",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("as_of", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(precision = 'non_communique') = (value IS NULL)", name=op.f("ck_fund_record_unknown")
        ),
        sa.ForeignKeyConstraint(
            ["parent_code"],
            ["fund_record.code"],
            name=op.f("fk_fund_record_parent_code"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fund_record")),
        sa.UniqueConstraint("code", name=op.f("uq_fund_record_code")),
    )
    op.create_table(
        "audit_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object_type", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint(
            "action ~ '^[a-z_]+[.][a-z_]+$'", name=op.f("ck_audit_event_action_shape")
        ),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["user_account.id"], name=op.f("fk_audit_event_actor_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )
    op.create_index(
        "ix_audit_event_object", "audit_event", ["object_type", "object_id"], unique=False
    )
    op.create_table(
        "funded_project",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("record_code", sa.Text(), nullable=True),
        sa.Column("territory_id", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["record_code"], ["fund_record.code"], name=op.f("fk_funded_project_record_code")
        ),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territory.id"], name=op.f("fk_funded_project_territory_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_funded_project")),
        sa.UniqueConstraint("record_code", name=op.f("uq_funded_project_record_code")),
        sa.UniqueConstraint("slug", name=op.f("uq_funded_project_slug")),
    )
    op.create_table(
        "project_site",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=True),
        sa.CheckConstraint("to_day > from_day", name=op.f("ck_project_site_days")),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["funded_project.id"],
            name=op.f("fk_project_site_project_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_project_site_site_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_site")),
        sa.UniqueConstraint(
            "project_id", "site_id", name=op.f("uq_project_site_project_id_site_id")
        ),
    )
    op.create_table(
        "outbox_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum("email", name="channel", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column("dedupe_key", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "sent",
                "failed",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("sent_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_outbox_message_sent_at")
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["booking.id"],
            name=op.f("fk_outbox_message_booking_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_message")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_outbox_message_dedupe_key")),
    )
    op.create_index(
        op.f("ix_outbox_message_booking_id"), "outbox_message", ["booking_id"], unique=False
    )
    op.create_index("ix_outbox_message_created_at", "outbox_message", ["created_at"], unique=False)


def downgrade() -> None:
    op.execute("DROP TABLE outbox_message CASCADE")
    op.execute("DROP TABLE project_site CASCADE")
    op.execute("DROP TABLE funded_project CASCADE")
    op.execute("DROP TABLE audit_event CASCADE")
    op.execute("DROP TABLE fund_record CASCADE")
