"""The SQL functions that define idle time."""

from __future__ import annotations

from alembic import op

from migrations.tools import run_script

revision = "0005_availability"
down_revision = "0004_messages_and_fund"
branch_labels = None
depends_on = None

SQL = """
-- THE definition of free, for one room: opening windows of its schedule, inside `span`,
-- minus what occupies any of its spaces (each space's buffer is kept before and after a use).
-- Nothing stored means '{}': closed, never free.
-- `days`: the UTC days whose rows may touch the span (salle/venues/availability.py builds them);
-- it only narrows the index: a day too many is harmless, a missing one is not.
-- One SELECT each, LANGUAGE sql, STABLE, not STRICT: the planner inlines them in FROM.
CREATE OR REPLACE FUNCTION open_in(schedule uuid, days date[], span tstzmultirange)
RETURNS TABLE (open tstzmultirange) LANGUAGE sql STABLE AS $$
  SELECT coalesce(range_agg(tstzrange(w.starts_at, w.ends_at)), '{}') * span
    FROM opening_window w
   WHERE w.schedule_id = schedule AND w.utc_day = ANY (days)
$$;

CREATE OR REPLACE FUNCTION busy_in(room uuid, days date[])
RETURNS TABLE (busy tstzmultirange) LANGUAGE sql STABLE AS $$
  SELECT coalesce(range_agg(tstzrange(o.starts_at - rs.buffer, o.frees_at)), '{}')
    FROM room_space rs
    JOIN occupation o ON o.space_id = rs.space_id AND o.active
   WHERE rs.room_id = room AND o.utc_day = ANY (days)
$$;

CREATE OR REPLACE FUNCTION free_in(room uuid, schedule uuid, days date[], span tstzmultirange)
RETURNS TABLE (free tstzmultirange) LANGUAGE sql STABLE AS $$
  SELECT o.open - b.busy FROM open_in(schedule, days, span) o, busy_in(room, days) b
$$;

-- Great-circle distance in kilometres (haversine, sphere of 6371 km).
CREATE OR REPLACE FUNCTION distance_km(lat1 float8, lon1 float8, lat2 float8, lon2 float8)
RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT 12742 * asin(least(1, sqrt(
           sin(radians(lat2 - lat1) / 2) ^ 2
           + cos(radians(lat1)) * cos(radians(lat2)) * sin(radians(lon2 - lon1) / 2) ^ 2)))
$$;
"""


def upgrade() -> None:
    run_script(SQL)


def downgrade() -> None:
    op.execute("DROP FUNCTION free_in(uuid, uuid, date[], tstzmultirange)")
    op.execute("DROP FUNCTION busy_in(uuid, date[])")
    op.execute("DROP FUNCTION open_in(uuid, date[], tstzmultirange)")
    op.execute("DROP FUNCTION distance_km(float8, float8, float8, float8)")
