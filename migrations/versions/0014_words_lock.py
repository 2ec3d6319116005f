"""Words of a room wait for a site that changes its name meanwhile."""

from __future__ import annotations

from migrations.tools import run_script

revision = "0014_words_lock"
down_revision = "0013_refunds"
branch_labels = None
depends_on = None

WITH_LOCK = """
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
     FOR SHARE OF s
  ON CONFLICT (room_id) DO UPDATE
     SET names = excluded.names, equipment = excluded.equipment,
         description = excluded.description;
  RETURN NULL;
END
$$;
"""
WITHOUT_LOCK = """
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
"""


def upgrade() -> None:
    run_script(WITH_LOCK)


def downgrade() -> None:
    run_script(WITHOUT_LOCK)
