"""People, their roles, and the places one books."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001_people_and_places"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.create_table(
        "school_holiday",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "calendar",
            sa.Enum(
                "Zone A",
                "Zone B",
                "Zone C",
                "Corse",
                "Guadeloupe",
                "Guyane",
                "Martinique",
                "Mayotte",
                "Réunion",
                "Saint Pierre et Miquelon",
                "Polynésie",
                "Nouvelle Calédonie",
                "Wallis et Futuna",
                name="calendar",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("school_year", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column(
            "period",
            sa.Enum(
                "scolaire",
                "toussaint",
                "noel",
                "hiver",
                "printemps",
                "ete",
                "vacances",
                "ferie",
                "ouvert",
                "ferme",
                name="period",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "school_year ~ '^[0-9]{4}-[0-9]{4}$'", name=op.f("ck_school_holiday_school_year_shape")
        ),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_school_holiday_days")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_school_holiday")),
        sa.UniqueConstraint(
            "calendar",
            "school_year",
            "label",
            "first_day",
            name=op.f("uq_school_holiday_calendar_school_year_label_first_day"),
        ),
    )
    op.create_table(
        "territory",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "department",
                "commune",
                "grouping",
                "region",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("siret", sa.Text(), nullable=True),
        sa.Column("fictional", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "created_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("siret ~ '^[0-9]{14}$'", name=op.f("ck_territory_siret_shape")),
        sa.CheckConstraint("slug ~ '^[a-z0-9-]{1,80}$'", name=op.f("ck_territory_slug_shape")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_territory")),
        sa.UniqueConstraint("slug", name=op.f("uq_territory_slug")),
    )
    op.create_table(
        "user_account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("fictional", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("closed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "email ~ '^[^@[:space:]]+@[^@[:space:]]+$'", name=op.f("ck_user_account_email")
        ),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 300", name=op.f("ck_user_account_name")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
    )
    op.create_index(
        "ix_user_account_email", "user_account", [sa.literal_column("lower(email)")], unique=False
    )
    op.create_table(
        "api_token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_api_token_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_token_token_hash")),
    )
    op.create_index(op.f("ix_api_token_user_id"), "api_token", ["user_id"], unique=False)
    op.create_table(
        "identity",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("sub", sa.Text(), nullable=False),
        sa.Column("last_seen_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_identity_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity")),
        sa.UniqueConstraint("issuer", "sub", name=op.f("uq_identity_issuer_sub")),
    )
    op.create_index(op.f("ix_identity_user_id"), "identity", ["user_id"], unique=False)
    op.create_table(
        "site",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("uai", sa.Text(), nullable=False),
        sa.Column("siret", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("postcode", sa.Text(), server_default="", nullable=False),
        sa.Column("commune", sa.Text(), nullable=False),
        sa.Column("insee_code", sa.Text(), server_default="", nullable=False),
        sa.Column("phone", sa.Text(), server_default="", nullable=False),
        sa.Column("email", sa.Text(), server_default="", nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column(
            "calendar",
            sa.Enum(
                "Zone A",
                "Zone B",
                "Zone C",
                "Corse",
                "Guadeloupe",
                "Guyane",
                "Martinique",
                "Mayotte",
                "Réunion",
                "Saint Pierre et Miquelon",
                "Polynésie",
                "Nouvelle Calédonie",
                "Wallis et Futuna",
                name="calendar",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("time_zone", sa.Text(), server_default="Europe/Paris", nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("fictional", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("siret ~ '^[0-9]{14}$'", name=op.f("ck_site_siret_shape")),
        sa.CheckConstraint("uai ~ '^[0-9]{7}[A-HJ-NPR-Z]$'", name=op.f("ck_site_uai_shape")),
        sa.CheckConstraint(
            "lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180", name=op.f("ck_site_position")
        ),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territory.id"], name=op.f("fk_site_territory_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
        sa.UniqueConstraint("uai", name=op.f("uq_site_uai")),
    )
    op.create_index(op.f("ix_site_insee_code"), "site", ["insee_code"], unique=False)
    op.create_index("ix_site_position", "site", ["lat", "lon"], unique=False)
    op.create_index(op.f("ix_site_territory_id"), "site", ["territory_id"], unique=False)
    op.create_table(
        "user_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("id_token_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_user_session_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_user_session_token_hash")),
    )
    op.create_index(op.f("ix_user_session_user_id"), "user_session", ["user_id"], unique=False)
    op.create_table(
        "role_assignment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "territory_admin",
                "project_officer",
                "college_manager",
                "caretaker",
                "accountant",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("territory_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "CASE WHEN role IN ('college_manager', 'caretaker', 'accountant') THEN site_id IS NOT NULL AND territory_id IS NULL ELSE territory_id IS NOT NULL AND site_id IS NULL END",
            name=op.f("ck_role_assignment_scope"),
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_role_assignment_site_id")),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territory.id"], name=op.f("fk_role_assignment_territory_id")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_role_assignment_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_assignment")),
        sa.UniqueConstraint(
            "user_id",
            "role",
            "site_id",
            "territory_id",
            name=op.f("uq_role_assignment_user_id_role_site_id_territory_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        op.f("ix_role_assignment_user_id"), "role_assignment", ["user_id"], unique=False
    )
    op.create_table(
        "schedule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("for_room", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_schedule_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule")),
    )
    op.create_index(op.f("ix_schedule_site_id"), "schedule", ["site_id"], unique=False)
    op.create_index(
        "uq_schedule_site",
        "schedule",
        ["site_id"],
        unique=True,
        postgresql_where=sa.text("NOT for_room"),
    )
    op.create_table(
        "space",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("buffer", sa.Interval(), server_default="0", nullable=False),
        sa.CheckConstraint("buffer BETWEEN '0' AND '4 hours'", name=op.f("ck_space_buffer")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_space_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_space")),
        sa.UniqueConstraint("id", "buffer", name=op.f("uq_space_id_buffer")),
        sa.UniqueConstraint("site_id", "name", name=op.f("uq_space_site_id_name")),
    )
    op.create_table(
        "opening_window",
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ends_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "utc_day",
            sa.Date(),
            sa.Computed("(starts_at AT TIME ZONE 'UTC')::date", persisted=True),
            nullable=False,
        ),
        sa.CheckConstraint(
            "starts_at < ends_at AND ends_at <= starts_at + interval '25 hours'",
            name=op.f("ck_opening_window_length"),
        ),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["schedule.id"],
            name=op.f("fk_opening_window_schedule_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "schedule_id", "starts_at", "ends_at", name=op.f("pk_opening_window")
        ),
    )
    op.create_index(
        "ix_opening_window_day",
        "opening_window",
        ["schedule_id", "utc_day"],
        unique=False,
        postgresql_include=["starts_at", "ends_at"],
    )
    op.create_table(
        "room",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "gymnasium",
                "multipurpose",
                "auditorium",
                "classroom",
                "meeting",
                "dojo",
                "climbing",
                "outdoor",
                "computer",
                "boarding",
                "canteen",
                "other",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("equipment", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("accessible", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "booking_mode",
            sa.Enum(
                "instant",
                "approval",
                name="booking_mode",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("step_minutes", sa.Integer(), server_default="30", nullable=False),
        sa.Column("min_minutes", sa.Integer(), server_default="30", nullable=False),
        sa.Column("max_minutes", sa.Integer(), server_default="720", nullable=False),
        sa.Column("notice_minutes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("horizon_days", sa.Integer(), server_default="365", nullable=False),
        sa.Column("code_before_minutes", sa.Integer(), server_default="15", nullable=False),
        sa.Column("code_after_minutes", sa.Integer(), server_default="10", nullable=False),
        sa.Column("code_shown_minutes", sa.Integer(), server_default="1440", nullable=True),
        sa.Column("published_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("slug ~ '^[a-z0-9-]{1,80}$'", name=op.f("ck_room_slug_shape")),
        sa.CheckConstraint("capacity BETWEEN 1 AND 9999", name=op.f("ck_room_capacity")),
        sa.CheckConstraint(
            "step_minutes BETWEEN 5 AND 240 AND min_minutes BETWEEN 5 AND max_minutes AND max_minutes <= 1440 AND notice_minutes >= 0 AND horizon_days BETWEEN 1 AND 730 AND code_before_minutes BETWEEN 0 AND 120 AND code_after_minutes BETWEEN 0 AND 120 AND code_shown_minutes >= 0",
            name=op.f("ck_room_durations"),
        ),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedule.id"], name=op.f("fk_room_schedule_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_room_site_id")),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territory.id"], name=op.f("fk_room_territory_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room")),
        sa.UniqueConstraint("territory_id", "slug", name=op.f("uq_room_territory_id_slug")),
    )
    op.create_index(op.f("ix_room_schedule_id"), "room", ["schedule_id"], unique=False)
    op.create_index(op.f("ix_room_site_id"), "room", ["site_id"], unique=False)
    op.create_table(
        "opening_rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=True),
        sa.Column(
            "period",
            sa.Enum(
                "scolaire",
                "toussaint",
                "noel",
                "hiver",
                "printemps",
                "ete",
                "vacances",
                "ferie",
                "ouvert",
                "ferme",
                name="period",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("weekday", sa.Integer(), nullable=True),
        sa.Column("opens", sa.Integer(), nullable=False),
        sa.Column("closes", sa.Integer(), nullable=False),
        sa.Column("valid", postgresql.DATERANGE(), server_default="(,)", nullable=False),
        sa.CheckConstraint("0 <= opens AND opens < 1440", name=op.f("ck_opening_rule_opens")),
        sa.CheckConstraint("NOT isempty(valid)", name=op.f("ck_opening_rule_valid")),
        sa.CheckConstraint(
            "opens < closes AND closes <= opens + 1440", name=op.f("ck_opening_rule_closes")
        ),
        sa.CheckConstraint("weekday BETWEEN 1 AND 7", name=op.f("ck_opening_rule_weekday")),
        sa.ForeignKeyConstraint(
            ["room_id"], ["room.id"], name=op.f("fk_opening_rule_room_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_opening_rule_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opening_rule")),
    )
    op.create_index(op.f("ix_opening_rule_site_id"), "opening_rule", ["site_id"], unique=False)
    op.create_table(
        "room_space",
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("space_id", sa.Uuid(), nullable=False),
        sa.Column("buffer", sa.Interval(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["room_id"], ["room.id"], name=op.f("fk_room_space_room_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["space_id", "buffer"],
            ["space.id", "space.buffer"],
            name=op.f("fk_room_space_space_id_buffer"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("room_id", "space_id", name=op.f("pk_room_space")),
    )
    op.create_index(op.f("ix_room_space_space_id"), "room_space", ["space_id"], unique=False)
    op.create_table(
        "timetable",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("imported_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["room_id"], ["room.id"], name=op.f("fk_timetable_room_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timetable")),
        sa.UniqueConstraint("room_id", name=op.f("uq_timetable_room_id")),
    )


def downgrade() -> None:
    op.execute("DROP TABLE timetable CASCADE")
    op.execute("DROP TABLE room_space CASCADE")
    op.execute("DROP TABLE opening_rule CASCADE")
    op.execute("DROP TABLE room CASCADE")
    op.execute("DROP TABLE opening_window CASCADE")
    op.execute("DROP TABLE space CASCADE")
    op.execute("DROP TABLE schedule CASCADE")
    op.execute("DROP TABLE role_assignment CASCADE")
    op.execute("DROP TABLE user_session CASCADE")
    op.execute("DROP TABLE site CASCADE")
    op.execute("DROP TABLE identity CASCADE")
    op.execute("DROP TABLE api_token CASCADE")
    op.execute("DROP TABLE user_account CASCADE")
    op.execute("DROP TABLE territory CASCADE")
    op.execute("DROP TABLE school_holiday CASCADE")
