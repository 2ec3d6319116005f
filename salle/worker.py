"""`salle worker`: does the queued jobs, one process beside the web service."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

# Every module that declares handlers.
MODULES = ("salle.bookings.jobs", "salle.mail.jobs", "salle.doors.jobs", "salle.payments.jobs")


def import_handlers() -> None:
    """Make every kind of job known."""
    for name in MODULES:
        if find_spec(name) is not None:
            import_module(name)
