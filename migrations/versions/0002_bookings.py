"""Organisations, tariffs, bookings, and the occupations no two of which may overlap."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002_bookings"
down_revision = "0001_people_and_places"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "organisation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "association",
                "public_body",
                "training",
                "company",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rna", sa.Text(), nullable=True),
        sa.Column("siren", sa.Text(), nullable=True),
        sa.Column("commune", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "eligibility",
            sa.Enum(
                "pending",
                "accepted",
                "refused",
                name="eligibility",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("insured_until", sa.Date(), nullable=True),
        sa.Column("fictional", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "rna ~ '^W[0-9][A-Z0-9][0-9]{7}$'", name=op.f("ck_organisation_rna_shape")
        ),
        sa.CheckConstraint("siren ~ '^[0-9]{9}$'", name=op.f("ck_organisation_siren_shape")),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 200", name=op.f("ck_organisation_name")),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territory.id"], name=op.f("fk_organisation_territory_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("rna", name=op.f("uq_organisation_rna")),
        sa.UniqueConstraint("siren", name=op.f("uq_organisation_siren")),
    )
    op.create_table(
        "membership",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "president",
                "treasurer",
                "delegate",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_membership_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_membership_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
        sa.UniqueConstraint(
            "organisation_id", "user_id", name=op.f("uq_membership_organisation_id_user_id")
        ),
    )
    op.create_index(op.f("ix_membership_user_id"), "membership", ["user_id"], unique=False)
    op.create_table(
        "tariff",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column(
            "audience",
            sa.Enum(
                "association",
                "everyone",
                name="audience",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("hourly_cents", sa.Integer(), nullable=False),
        sa.Column("full_hourly_cents", sa.Integer(), nullable=False),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.Column("voted_on", sa.Date(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("room_id"), "="),
            (sa.column("audience"), "="),
            (sa.column("valid"), "&&"),
            using="gist",
            name="ex_tariff_no_overlap",
        ),
        sa.CheckConstraint(
            "0 <= hourly_cents AND hourly_cents <= full_hourly_cents AND full_hourly_cents <= 1000000",
            name=op.f("ck_tariff_amounts"),
        ),
        sa.CheckConstraint("NOT isempty(valid)", name=op.f("ck_tariff_valid")),
        sa.ForeignKeyConstraint(
            ["room_id"], ["room.id"], name=op.f("fk_tariff_room_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tariff")),
    )
    op.create_table(
        "booking",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "held",
                "requested",
                "confirmed",
                "refused",
                "cancelled",
                "expired",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("headcount", sa.Integer(), nullable=False),
        sa.Column("price_cents", sa.Integer(), nullable=False),
        sa.Column("full_value_cents", sa.Integer(), nullable=False),
        sa.Column("price_rule", sa.Text(), nullable=False),
        sa.Column("tariff_id", sa.Uuid(), nullable=True),
        sa.Column("hold_expires_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state IN ('held', 'requested')) <= (hold_expires_at IS NOT NULL)",
            name=op.f("ck_booking_hold_ends"),
        ),
        sa.CheckConstraint(
            "state <> 'confirmed' OR confirmed_at IS NOT NULL", name=op.f("ck_booking_confirmed_at")
        ),
        sa.CheckConstraint(
            "0 <= price_cents AND price_cents <= full_value_cents", name=op.f("ck_booking_price")
        ),
        sa.CheckConstraint("headcount BETWEEN 1 AND 9999", name=op.f("ck_booking_headcount")),
        sa.CheckConstraint("length(purpose) BETWEEN 1 AND 500", name=op.f("ck_booking_purpose")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user_account.id"], name=op.f("fk_booking_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_booking_organisation_id")
        ),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_booking_room_id")),
        sa.ForeignKeyConstraint(["tariff_id"], ["tariff.id"], name=op.f("fk_booking_tariff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking")),
        sa.UniqueConstraint(
            "created_by_id",
            "idempotency_key",
            name=op.f("uq_booking_created_by_id_idempotency_key"),
        ),
        sa.UniqueConstraint("reference", name=op.f("uq_booking_reference")),
    )
    op.create_index(
        "ix_booking_ending",
        "booking",
        ["hold_expires_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('held', 'requested')"),
    )
    op.create_index(
        op.f("ix_booking_organisation_id"), "booking", ["organisation_id"], unique=False
    )
    op.create_index(op.f("ix_booking_room_id"), "booking", ["room_id"], unique=False)
    op.create_table(
        "booking_date",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ends_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "held",
                "requested",
                "confirmed",
                "refused",
                "cancelled",
                "expired",
                "skipped",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("price_cents", sa.Integer(), nullable=False),
        sa.Column("full_value_cents", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "0 <= price_cents AND price_cents <= full_value_cents",
            name=op.f("ck_booking_date_price"),
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_booking_date_not_empty")),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["booking.id"],
            name=op.f("fk_booking_date_booking_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking_date")),
    )
    op.create_index(
        op.f("ix_booking_date_booking_id"), "booking_date", ["booking_id"], unique=False
    )
    op.create_index("ix_booking_date_starts_at", "booking_date", ["starts_at"], unique=False)
    op.create_table(
        "booking_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column(
            "from_state",
            sa.Enum(
                "held",
                "requested",
                "confirmed",
                "refused",
                "cancelled",
                "expired",
                name="from_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column(
            "to_state",
            sa.Enum(
                "held",
                "requested",
                "confirmed",
                "refused",
                "cancelled",
                "expired",
                name="to_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["user_account.id"], name=op.f("fk_booking_event_actor_id")
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["booking.id"],
            name=op.f("fk_booking_event_booking_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking_event")),
    )
    op.create_index(
        op.f("ix_booking_event_booking_id"), "booking_event", ["booking_id"], unique=False
    )
    op.create_table(
        "occupation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("space_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "hold",
                "booking",
                "school",
                "block",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("starts_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ends_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("frees_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("booking_date_id", sa.Uuid(), nullable=True),
        sa.Column("timetable_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column(
            "utc_day",
            sa.Date(),
            sa.Computed("(starts_at AT TIME ZONE 'UTC')::date", persisted=True),
            nullable=False,
        ),
        postgresql.ExcludeConstraint(
            (sa.column("space_id"), "="),
            (sa.text("tstzrange(starts_at, frees_at)"), "&&"),
            where=sa.text("active"),
            using="gist",
            name="ex_occupation_no_overlap",
        ),
        sa.CheckConstraint(
            "(kind IN ('hold', 'booking')) = (booking_date_id IS NOT NULL) AND (kind = 'school') = (timetable_id IS NOT NULL)",
            name=op.f("ck_occupation_origin"),
        ),
        sa.CheckConstraint(
            "ends_at <= frees_at AND frees_at <= starts_at + interval '29 hours'",
            name=op.f("ck_occupation_length"),
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_occupation_not_empty")),
        sa.ForeignKeyConstraint(
            ["booking_date_id"],
            ["booking_date.id"],
            name=op.f("fk_occupation_booking_date_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name=op.f("fk_occupation_space_id")),
        sa.ForeignKeyConstraint(
            ["timetable_id"],
            ["timetable.id"],
            name=op.f("fk_occupation_timetable_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occupation")),
    )
    op.create_index(
        op.f("ix_occupation_booking_date_id"), "occupation", ["booking_date_id"], unique=False
    )
    op.create_index(
        "ix_occupation_free",
        "occupation",
        ["space_id", "utc_day"],
        unique=False,
        postgresql_include=["starts_at", "frees_at"],
        postgresql_where=sa.text("active"),
    )
    op.create_index(
        op.f("ix_occupation_timetable_id"), "occupation", ["timetable_id"], unique=False
    )


def downgrade() -> None:
    op.execute("DROP TABLE occupation CASCADE")
    op.execute("DROP TABLE booking_event CASCADE")
    op.execute("DROP TABLE booking_date CASCADE")
    op.execute("DROP TABLE booking CASCADE")
    op.execute("DROP TABLE tariff CASCADE")
    op.execute("DROP TABLE membership CASCADE")
    op.execute("DROP TABLE organisation CASCADE")
