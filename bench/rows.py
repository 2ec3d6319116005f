"""What a booking left in the database, told so that two bookings can be compared.

Ids and references become « there is one »; instants become distances, from the first slot for
those of uses, from the creation for the others. The rest is compared as it is.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

Connection = psycopg.Connection[Any]
Contents = dict[str, list[dict[str, Any]]]

_JOBS = """(j.args->>'booking_id' = %(id)s::text
  OR j.args->>'message_id' IN (SELECT id::text FROM outbox_message WHERE booking_id = %(id)s)
  OR j.args->>'payment_id' IN (SELECT id::text FROM payment WHERE booking_id = %(id)s))"""
_OF_BOOKING = {
    "booking": "SELECT * FROM booking WHERE id = %(id)s",
    "booking_date": "SELECT * FROM booking_date WHERE booking_id = %(id)s ORDER BY starts_at",
    "occupation": "SELECT o.* FROM occupation o JOIN booking_date d ON d.id = o.booking_date_id"
    " WHERE d.booking_id = %(id)s ORDER BY o.starts_at, o.space_id",
    "booking_event": "SELECT * FROM booking_event WHERE booking_id = %(id)s ORDER BY id",
    "audit_event": "SELECT * FROM audit_event WHERE object_id = %(id)s::text ORDER BY id",
    "payment": "SELECT * FROM payment WHERE booking_id = %(id)s ORDER BY created_at",
    "outbox_message": "SELECT * FROM outbox_message WHERE booking_id = %(id)s ORDER BY subject",
    "procrastinate_jobs": "SELECT j.* FROM procrastinate_jobs j"  # noqa: S608
    f" WHERE {_JOBS} ORDER BY j.id",
    "procrastinate_events": "SELECT e.* FROM procrastinate_events e"  # noqa: S608
    f" JOIN procrastinate_jobs j ON j.id = e.job_id WHERE {_JOBS} ORDER BY e.id",
}
_THERE_IS_ONE = frozenset(
    {"id", "job_id", "reference", "booking_id", "booking_date_id", "object_id", "session_id"}
    | {"checkout_url", "dedupe_key", "body_encrypted", "args"}
)
_OF_USE = frozenset({"starts_at", "ends_at", "frees_at"})


def contents(connection: Connection, booking: uuid.UUID) -> Contents:
    """Every row of that booking, table by table."""
    found: Contents = {}
    with connection.cursor(row_factory=dict_row) as cursor:
        for table, statement in _OF_BOOKING.items():
            found[table] = cursor.execute(statement, {"id": booking}).fetchall()
    if not found["booking"]:
        return found
    made = found["booking"][0]["created_at"]
    first = found["booking_date"][0]["starts_at"]
    return {
        table: [{name: _told(name, value, made, first) for name, value in row.items()}
                for row in rows]
        for table, rows in found.items()
    }  # fmt: skip


def _told(name: str, value: object, made: datetime, first: datetime) -> object:
    if name in _THERE_IS_ONE:
        return value is not None
    if isinstance(value, datetime):
        return round((value - (first if name in _OF_USE else made)).total_seconds())
    if isinstance(value, date):
        return (value - first.date()).days
    return value


def row_counts(connection: Connection) -> dict[str, int]:
    """Rows of every table that a booking may write, whatever it writes."""
    tables = connection.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname <> 'opening_window'"
        " AND relnamespace = 'public'::regnamespace ORDER BY relname"
    ).fetchall()
    counts = {}
    for (table,) in tables:
        [(number,)] = connection.execute(f'SELECT count(*) FROM "{table}"')  # noqa: S608
        counts[table] = int(number)
    return counts
