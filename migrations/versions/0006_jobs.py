"""The job queue: procrastinate's own schema, as shipped by the locked version of the library.

Its text is not copied here. A later version of procrastinate comes with upgrade scripts: each
becomes a revision of its own when requirements.lock moves.
"""

from __future__ import annotations

from procrastinate.schema import SchemaManager

from migrations.tools import run_script

revision = "0006_jobs"
down_revision = "0005_availability"
branch_labels = None
depends_on = None

DROP = """
DO $$
DECLARE item record;
BEGIN
  FOR item IN SELECT oid::regclass AS name FROM pg_class
               WHERE relkind = 'r' AND relname LIKE 'procrastinate\\_%'
                 AND relnamespace = current_schema()::regnamespace LOOP
    EXECUTE format('DROP TABLE IF EXISTS %s CASCADE', item.name);
  END LOOP;
  FOR item IN SELECT oid::regprocedure AS name FROM pg_proc
               WHERE proname LIKE 'procrastinate\\_%'
                 AND pronamespace = current_schema()::regnamespace LOOP
    EXECUTE format('DROP FUNCTION IF EXISTS %s CASCADE', item.name);
  END LOOP;
  FOR item IN SELECT oid::regtype AS name FROM pg_type
               WHERE typname LIKE 'procrastinate\\_%' AND typtype IN ('e', 'c')
                 AND typnamespace = current_schema()::regnamespace LOOP
    EXECUTE format('DROP TYPE IF EXISTS %s CASCADE', item.name);
  END LOOP;
END
$$
"""


def upgrade() -> None:
    run_script(SchemaManager.get_schema())


def downgrade() -> None:
    run_script(DROP)
