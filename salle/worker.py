"""`salle worker`: does the queued jobs, one process beside the web service."""

from __future__ import annotations

import atexit
import logging
from importlib import import_module

from flask import Flask

# Every module that declares handlers.
MODULES = ("salle.bookings.jobs", "salle.mail.jobs", "salle.doors.jobs", "salle.venues.jobs")


def import_handlers() -> None:
    """Make every kind of job known."""
    for name in MODULES:
        import_module(name)


def run(app: Flask) -> None:
    """Do jobs until SIGTERM or SIGINT."""
    from salle.jobs.runner import run_worker

    import_handlers()
    log = logging.getLogger("salle.jobs")
    log.setLevel(logging.INFO)
    for handler in app.logger.handlers:
        logging.getLogger("procrastinate").addHandler(handler)
    # The embedded PostgreSQL is left by an exit function: an end that cannot wait calls it too.
    run_worker(app, last_words=atexit._run_exitfuncs)
