"""The nightly job of the places: opening windows are laid out one more day ahead."""

from __future__ import annotations

from salle.db import transaction
from salle.jobs import handler
from salle.kernel.clock import local_day, utcnow
from salle.venues.openings import rebuild_all


@handler("venues.extend_windows")
def extend_windows() -> None:
    """Lay every schedule out again, so that the two-year horizon moves on with the days."""
    with transaction():
        rebuild_all(local_day(utcnow()))
