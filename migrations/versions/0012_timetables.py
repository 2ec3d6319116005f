"""Timetables: addresses, readings, collisions with bookings, lessons that sleep."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012_timetables"
down_revision = "0011_series"
branch_labels = None
depends_on = None

INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.add_column("timetable", sa.Column("kept", sa.LargeBinary(), nullable=True))
    op.add_column("timetable", sa.Column("laid_until", sa.Date(), nullable=True))
    op.create_check_constraint(
        op.f("ck_timetable_laid_until"), "timetable", "(kept IS NULL) = (laid_until IS NULL)"
    )
    op.create_index(
        "ix_occupation_sleeping",
        "occupation",
        ["space_id"],
        postgresql_where=sa.text("NOT active AND kind = 'school'"),
    )
    op.create_table(
        "timetable_feed",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("address_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("next_at", INSTANT, nullable=False),
        sa.Column("succeeded_at", INSTANT, nullable=True),
        sa.Column("failed_at", INSTANT, nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("length(host) BETWEEN 1 AND 253", name=op.f("ck_timetable_feed_host")),
        sa.CheckConstraint(
            "(failed_at IS NULL) = (failure IS NULL)", name=op.f("ck_timetable_feed_failure")
        ),
        sa.CheckConstraint(
            "failures = 0 OR failures > 0 AND failed_at IS NOT NULL",
            name=op.f("ck_timetable_feed_count"),
        ),
        sa.ForeignKeyConstraint(
            ["room_id"], ["room.id"], name=op.f("fk_timetable_feed_room_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timetable_feed")),
        sa.UniqueConstraint("room_id", name=op.f("uq_timetable_feed_room_id")),
    )
    op.create_index(op.f("ix_timetable_feed_next_at"), "timetable_feed", ["next_at"])
    op.create_table(
        "timetable_reading",
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("remarks", JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["room_id"], ["room.id"], name=op.f("fk_timetable_reading_room_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("room_id", name=op.f("pk_timetable_reading")),
    )
    op.create_table(
        "timetable_collision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("timetable_id", sa.Uuid(), nullable=False),
        sa.Column("booking_date_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("found_at", INSTANT, nullable=False),
        sa.Column("proposed_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column(
            "ending",
            sa.Enum(
                "booking_gone",
                "lesson_gone",
                name=op.f("ck_timetable_collision_ending"),
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_timetable_collision_not_empty")),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (ending IS NULL)", name=op.f("ck_timetable_collision_ended")
        ),
        sa.CheckConstraint(
            "ended_at >= found_at AND proposed_at >= found_at",
            name=op.f("ck_timetable_collision_order"),
        ),
        sa.ForeignKeyConstraint(
            ["booking_date_id"],
            ["booking_date.id"],
            name=op.f("fk_timetable_collision_booking_date_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["timetable_id"],
            ["timetable.id"],
            name=op.f("fk_timetable_collision_timetable_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timetable_collision")),
        sa.UniqueConstraint(
            "timetable_id",
            "booking_date_id",
            "starts_at",
            "ends_at",
            name="uq_timetable_collision_lesson",
        ),
    )
    op.create_index(
        op.f("ix_timetable_collision_booking_date_id"),
        "timetable_collision",
        ["booking_date_id"],
    )


def downgrade() -> None:
    op.drop_table("timetable_collision")
    op.drop_table("timetable_reading")
    op.drop_table("timetable_feed")
    op.drop_index("ix_occupation_sleeping", "occupation")
    op.drop_constraint(op.f("ck_timetable_laid_until"), "timetable", type_="check")
    op.drop_column("timetable", "laid_until")
    op.drop_column("timetable", "kept")
