"""Every model, in one import, and the SQL that SQLAlchemy cannot describe.

Migrations freeze their own copy; tests/migrations compares the two schemas.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

import salle.accounts.models
import salle.audit.models
import salle.bookings.models
import salle.bookings.quotas
import salle.calendars.models
import salle.doors.models
import salle.grants.models
import salle.mail.models
import salle.organisations.models
import salle.payments.models
import salle.territories.models
import salle.venues.models
import salle.venues.occupations
import salle.venues.timetable_models  # noqa: F401  every model must be known
from salle.db import Base

SQL_FILES = tuple(
    Path(__file__).parent / name
    for name in ("venues/availability.sql", "venues/words.sql", "payments/ledger.sql")
)
EXTENSIONS = ("btree_gist", "pg_trgm", "unaccent")


def create_all(connection: sa.Connection) -> None:
    """Build the whole schema from the models (tests and bench; production migrates)."""
    for name in EXTENSIONS:
        connection.execute(sa.text(f"CREATE EXTENSION IF NOT EXISTS {name}"))
    Base.metadata.create_all(connection)
    for path in SQL_FILES:
        run_script(connection, path.read_text(encoding="utf-8"))


def run_script(connection: sa.Connection, script: str) -> None:
    """Run several statements at once, in the connection's transaction."""
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101 an open connection has its driver
    driver.execute(script, prepare=False)


__all__ = ["EXTENSIONS", "SQL_FILES", "create_all", "run_script"]
