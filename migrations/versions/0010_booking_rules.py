"""Latest hour of a room, people allowed in a building, quotas of hours."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010_booking_rules"
down_revision = "0009_room_words"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("room", sa.Column("latest_minute", sa.Integer()))
    op.create_check_constraint(
        op.f("ck_room_latest_minute"), "room", "latest_minute BETWEEN 360 AND 1740"
    )
    op.add_column("site", sa.Column("max_people", sa.Integer()))
    op.create_check_constraint(op.f("ck_site_max_people"), "site", "max_people BETWEEN 1 AND 99999")
    op.create_table(
        "quota",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid()),
        sa.Column("organisation_id", sa.Uuid()),
        sa.Column("period", sa.String(length=40), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quota")),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territory.id"], name=op.f("fk_quota_territory_id")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_quota_site_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_quota_organisation_id")
        ),
        sa.UniqueConstraint(
            "territory_id",
            "site_id",
            "organisation_id",
            "period",
            name=op.f("uq_quota_territory_id_site_id_organisation_id_period"),
            postgresql_nulls_not_distinct=True,
        ),
        sa.CheckConstraint("hours BETWEEN 0 AND 9999", name=op.f("ck_quota_hours")),
        sa.CheckConstraint(
            "period IN ('week', 'month', 'school_year')", name=op.f("ck_quota_period")
        ),
    )
    op.create_index(op.f("ix_quota_organisation_id"), "quota", ["organisation_id"])


def downgrade() -> None:
    op.drop_table("quota")
    op.drop_constraint(op.f("ck_site_max_people"), "site")
    op.drop_column("site", "max_people")
    op.drop_constraint(op.f("ck_room_latest_minute"), "room")
    op.drop_column("room", "latest_minute")
