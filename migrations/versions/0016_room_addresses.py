"""A room's slug is its address, /salles/<slug>: one room only in the whole installation."""

from __future__ import annotations

from alembic import op

revision = "0016_room_addresses"
down_revision = "0015_long_occupations"
branch_labels = None
depends_on = None

# Of rooms that share a slug the one published first keeps it.
RENAME = """
UPDATE room SET slug = left(room.slug, 71) || '-' || left(room.id::text, 8)
  FROM (SELECT id, row_number() OVER (PARTITION BY slug ORDER BY published_at, id) AS place
          FROM room) ranked
 WHERE ranked.id = room.id AND ranked.place > 1
"""


def upgrade() -> None:
    op.execute(RENAME)
    op.drop_constraint("uq_room_territory_id_slug", "room")
    op.create_unique_constraint("uq_room_slug", "room", ["slug"])


def downgrade() -> None:
    op.drop_constraint("uq_room_slug", "room")
    op.create_unique_constraint("uq_room_territory_id_slug", "room", ["territory_id", "slug"])
