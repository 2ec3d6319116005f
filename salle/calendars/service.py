"""Dating calendars; making, renewing and revoking secret addresses."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from salle.calendars.queries import Version
from salle.db import db

# A second is the grain of Last-Modified: two versions never share one.
_NOTE_VERSION = sa.text("""
INSERT INTO calendar_state AS s (calendar, version, changed_at)
VALUES (:calendar, :version, date_trunc('second', CAST(:now AS timestamptz)))
ON CONFLICT (calendar) DO UPDATE
   SET version = excluded.version,
       changed_at = greatest(excluded.changed_at, s.changed_at + interval '1 second')
 WHERE s.version <> excluded.version
""")


def note_version(*, version: Version, now: datetime) -> datetime:
    """Since when the calendar has been in that version, as far as anybody has read it."""
    db.session.execute(
        _NOTE_VERSION, {"calendar": version.calendar, "version": version.digest, "now": now}
    )
    changed_at = db.session.scalar(
        sa.text("SELECT changed_at FROM calendar_state WHERE calendar = :calendar"),
        {"calendar": version.calendar},
    )
    assert isinstance(changed_at, datetime)  # noqa: S101 just written, never deleted
    return changed_at
