"""The few occupations that may reach a slot of another day, by day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015_long_occupations"
down_revision = "0014_words_lock"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_occupation_long",
        "occupation",
        ["utc_day"],
        postgresql_where=sa.text("active AND frees_at - starts_at > interval '8 hours'"),
    )


def downgrade() -> None:
    op.drop_index("ix_occupation_long", "occupation")
