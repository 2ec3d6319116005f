"""Why a rule opens or closes; the same opening rule is never there twice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007_opening_reasons"
down_revision = "0006_jobs"
branch_labels = None
depends_on = None

SAME = ("site_id", "room_id", "period", "weekday", "opens", "closes", "valid")


def upgrade() -> None:
    op.execute(
        "DELETE FROM opening_rule WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER"
        f" (PARTITION BY {', '.join(SAME)} ORDER BY id) AS n FROM opening_rule) r WHERE n > 1)"
    )
    op.add_column("opening_rule", sa.Column("reason", sa.Text(), server_default="", nullable=False))
    op.create_check_constraint(
        op.f("ck_opening_rule_reason"), "opening_rule", "length(reason) <= 120"
    )
    op.create_unique_constraint(
        "uq_opening_rule_same", "opening_rule", SAME, postgresql_nulls_not_distinct=True
    )


def downgrade() -> None:
    op.drop_constraint("uq_opening_rule_same", "opening_rule", type_="unique")
    op.drop_constraint(op.f("ck_opening_rule_reason"), "opening_rule", type_="check")
    op.drop_column("opening_rule", "reason")
