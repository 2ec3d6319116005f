"""The large tables of a data set, written by the server itself: rows first, indexes after.

Every choice is a hash of (room, cell), so that the rows do not depend on who writes them nor
when: two workers share the sites, and a site is the same in every set that has it.

The exclusion constraint of `occupation` takes longest (it looks every row up in its index):
everything else is written and indexed meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg

WORKERS, BATCH = 2, 250
TABLES = ("opening_window", "booking", "booking_date", "occupation")
SESSION = """
SET synchronous_commit = off; SET maintenance_work_mem = '512MB'; SET work_mem = '256MB';
SET max_parallel_maintenance_workers = 2; SET jit = off; SET timezone = 'UTC'
"""

# A two-hour use of each chosen cell, in every room. The halves of the gymnase take cells that
# the whole has left. A room with few bookings chooses among every n-th cell only, which spares
# sorting thousands of cells for a handful.
_USES = """
WITH place AS MATERIALIZED (
  SELECT n, count, greatest(1, (SELECT count(*) FROM bench_cell) / (5 * count)) AS every
    FROM bench_site WHERE n BETWEEN %(first)s AND %(last)s
), whole AS MATERIALIZED (
  SELECT n, count, every, number, row_number() OVER (
           PARTITION BY n ORDER BY hashint8extended(number, n * 8 + 2), number) AS position
    FROM place JOIN bench_cell ON number %% every = n %% every
), chosen AS (
  SELECT n, 2 AS room, number FROM whole WHERE position <= count
   UNION ALL
  SELECT n, room, number FROM (
    SELECT n, room, number, count, row_number() OVER (
             PARTITION BY n, room ORDER BY hashint8extended(number, n * 8 + room), number) AS rank
      FROM whole, generate_series(0, 1) room WHERE position > count) half WHERE rank <= count
   UNION ALL
  SELECT n, room, number FROM (
    SELECT n, room, number, count, row_number() OVER (
             PARTITION BY n, room ORDER BY hashint8extended(number, n * 8 + room), number) AS rank
      FROM whole, generate_series(3, 4) room) other WHERE rank <= count
), use AS (
  INSERT INTO bench_use (id, room_id, n, room, number, starts_at, ends_at)
  SELECT md5(concat_ws('/', %(seed)s::text, 'booking', n, room, number))::uuid,
         md5(concat_ws('/', %(seed)s::text, 'room', n, room))::uuid,
         n, room, number, starts_at, ends_at
    FROM chosen JOIN bench_cell USING (number) RETURNING *
)
INSERT INTO occupation (space_id, kind, starts_at, ends_at, frees_at, booking_date_id)
SELECT md5(concat_ws('/', %(seed)s::text, 'space', n, letter))::uuid, 'booking', starts_at, ends_at,
       ends_at, id
  FROM use JOIN (VALUES (0, 'a'), (1, 'b'), (2, 'a'), (2, 'b'), (3, 'c'), (4, 'd'))
       part (room, letter) USING (room)
"""
_BOOKINGS = """
INSERT INTO booking (id, reference, room_id, organisation_id, created_by_id, state, purpose,
       headcount, price_cents, full_value_cents, price_rule, created_at, confirmed_at)
SELECT id, concat_ws('-', 'M', n, room, number), room_id, %(organisation)s, %(user)s, 'confirmed',
       'Entraînement', 12, 2000, 3000, 'tarif', %(made_at)s, %(made_at)s FROM bench_use
"""
_DATES = """
INSERT INTO booking_date (id, booking_id, starts_at, ends_at, state, price_cents, full_value_cents)
SELECT id, id, starts_at, ends_at, 'confirmed', 2000, 3000 FROM bench_use
"""
_WINDOWS = """
INSERT INTO opening_window (schedule_id, day, starts_at, ends_at)
SELECT md5(concat_ws('/', %(seed)s::text, 'schedule', n))::uuid, day, starts_at, ends_at
  FROM bench_site, bench_window WHERE day < until
"""

Connect = Callable[[], psycopg.Connection[Any]]
Given = Mapping[str, Any]
Task = tuple[str, Given | None]


def load(
    connection: psycopg.Connection[Any],
    connect: Connect,
    sites: int,
    given: Given,
    *,
    exclusion: bool = True,
) -> None:
    """Bookings, occupations and windows of every site, in empty tables.

    Without `exclusion` that constraint is not put back: no question reads its index.
    """
    connection.execute(
        "CREATE UNLOGGED TABLE bench_use (id uuid, room_id uuid, n bigint, room int,"
        " number bigint, starts_at timestamptz, ends_at timestamptz)"
    )
    of_occupation, of_others, references = _drop_indexes(connection)
    of_occupation = [one for one in of_occupation if exclusion or " EXCLUDE " not in one]
    connection.commit()
    spans = [
        {**given, "first": first, "last": min(first + BATCH, sites) - 1}
        for first in range(0, sites, BATCH)
    ]
    uses: list[Task] = [(_USES, span) for span in spans]
    _together(connect, [uses[at::WORKERS] for at in range(WORKERS)])
    rows: list[Task] = [(statement, given) for statement in (_BOOKINGS, _DATES, _WINDOWS)]
    _together(connect, [_bare(of_occupation), rows + _bare(of_others)])
    _together(connect, [_bare(references[at::WORKERS]) for at in range(WORKERS)])
    connection.execute("DROP TABLE bench_use")
    connection.commit()


def _drop_indexes(
    connection: psycopg.Connection[Any],
) -> tuple[list[str], list[str], list[str]]:
    """Take every constraint and index off the large tables; the statements that put them back.

    Those of `occupation`, those of the others, then the foreign keys, which need the keys.
    """
    constraints = connection.execute(
        "SELECT conrelid::regclass::text, conname, contype, pg_get_constraintdef(oid)"
        "  FROM pg_constraint WHERE contype IN ('p', 'u', 'x', 'f')"
        "   AND %s::regclass[] && ARRAY[conrelid, confrelid]::regclass[]"
        " ORDER BY array_position('{f,x,u,p}', contype::text), conname",
        [list(TABLES)],
    ).fetchall()
    for table, name, _, _ in constraints:
        connection.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    indexes = connection.execute(
        "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE tablename = ANY (%s)"
        " ORDER BY indexname",
        [list(TABLES)],
    ).fetchall()
    for _, name, _ in indexes:
        connection.execute(f'DROP INDEX "{name}"')
    back: dict[str, list[str]] = {"occupation": [], "others": [], "references": []}
    for table, name, kind, definition in constraints:
        key = "references" if kind == "f" else table if table in back else "others"
        back[key].append(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
    for table, _, definition in indexes:
        back[table if table in back else "others"].append(definition)
    return back["occupation"], back["others"], back["references"]


def _bare(statements: Sequence[str]) -> list[Task]:
    return [(statement, None) for statement in statements]


def _together(connect: Connect, lists: Sequence[Sequence[Task]]) -> None:
    """Each list of statements on a connection of its own, at the same time."""

    def run(statements: Sequence[Task]) -> None:
        with connect() as connection:
            connection.execute(SESSION)
            for statement, given in statements:
                connection.execute(statement, given)

    with ThreadPoolExecutor(len(lists)) as pool:
        for done in [pool.submit(run, statements) for statements in lists]:
            done.result()
