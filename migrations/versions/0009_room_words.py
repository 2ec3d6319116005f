"""Words of rooms for the search, and details of accessibility."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.tools import run_script

revision = "0009_room_words"
down_revision = "0008_calendars"
branch_labels = None
depends_on = None

SQL = """
-- Words of a room as people type them: small letters, no accent, single spaces, nothing else.
-- salle/venues/words.py folds a question in the same way.
CREATE OR REPLACE FUNCTION fold_words(typed text)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT btrim(regexp_replace(lower(unaccent('unaccent', typed)), '[^a-z0-9]+', ' ', 'g'))
$$;

-- room_words follows room and site. A word stands between two spaces; « =dojo » is a kind.
CREATE OR REPLACE FUNCTION write_room_words()
RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO room_words (room_id, names, equipment, description)
  SELECT r.id,
         concat(' ', fold_words(concat_ws(' ', r.name, r.slug, array_to_string(r.equipment, ' '),
                s.name, s.commune)), ' =', r.kind, ' '),
         concat(' ', fold_words(array_to_string(r.equipment, ' ')), ' '),
         concat(' ', fold_words(r.description), ' ')
    FROM room r JOIN site s ON s.id = r.site_id
   WHERE r.id = NEW.id OR r.site_id = NEW.id
  ON CONFLICT (room_id) DO UPDATE
     SET names = excluded.names, equipment = excluded.equipment,
         description = excluded.description;
  RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER room_words_of_room
  AFTER INSERT OR UPDATE OF name, slug, kind, equipment, description, site_id ON room
  FOR EACH ROW EXECUTE FUNCTION write_room_words();

CREATE OR REPLACE TRIGGER room_words_of_site
  AFTER UPDATE OF name, commune ON site
  FOR EACH ROW EXECUTE FUNCTION write_room_words();

"""


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.execute("CREATE EXTENSION IF NOT EXISTS unaccent")
    for name in ("hearing_loop", "accessible_toilets"):
        op.add_column(
            "room", sa.Column(name, sa.Boolean(), server_default=sa.text("false"), nullable=False)
        )
    op.create_table(
        "room_words",
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("names", sa.Text(), nullable=False),
        sa.Column("equipment", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["room_id"], ["room.id"], name="fk_room_words_room_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("room_id", name="pk_room_words"),
    )
    op.create_index(
        "ix_room_words_trigrams",
        "room_words",
        ["names", "description"],
        postgresql_using="gin",
        postgresql_ops={"names": "gin_trgm_ops", "description": "gin_trgm_ops"},
    )
    run_script(SQL)
    op.execute("UPDATE site SET name = name")  # the trigger writes the words of every room


def downgrade() -> None:
    op.execute("DROP TRIGGER room_words_of_site ON site")
    op.execute("DROP TRIGGER room_words_of_room ON room")
    op.drop_table("room_words")
    op.execute("DROP FUNCTION write_room_words()")
    op.execute("DROP FUNCTION fold_words(text)")
    op.drop_column("room", "accessible_toilets")
    op.drop_column("room", "hearing_loop")
    op.execute("DROP EXTENSION unaccent")
    op.execute("DROP EXTENSION pg_trgm")
