"""Dates of a series that could not be had stay on the booking, with their reason."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011_series"
down_revision = "0010_booking_rules"
branch_labels = None
depends_on = None

SKIPPED = (
    "state <> 'skipped' OR (reason IS NOT NULL AND explanation IS NOT NULL"
    " AND full_value_cents = 0)"
)


def upgrade() -> None:
    op.add_column("booking_date", sa.Column("explanation", sa.Text(), nullable=True))
    op.create_check_constraint("skipped", "booking_date", SKIPPED)


def downgrade() -> None:
    op.drop_constraint("skipped", "booking_date", type_="check")
    op.drop_column("booking_date", "explanation")
