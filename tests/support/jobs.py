"""Doing the queued jobs inside a test, in its own database session."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask

from salle.db import db, transaction
from salle.jobs.registry import run
from salle.worker import import_handlers

FETCH = sa.text("SELECT id, task_name, args FROM procrastinate_fetch_job_v2(NULL, NULL)")
FINISH = sa.text("SELECT procrastinate_finish_job_v1(:id, 'succeeded', true)")
BRING_FORWARD = sa.text("UPDATE procrastinate_jobs SET scheduled_at = NULL WHERE status = 'todo'")


def run_pending_jobs(app: Flask, *, even_later: bool = False, limit: int = 100) -> list[str]:
    """Do every job that is due, and those they queue, one after the other; returns their kinds.

    Works on what `db.session` sees: the rolled-back session of a test as well as committed
    rows. `even_later` also does those that wait for their hour (the clock is not moved). The
    error of a handler comes out: nothing is tried again here, the worker has its own tests.
    """
    import_handlers()
    done: list[str] = []
    with app.app_context():
        while len(done) < limit:
            with transaction():
                if even_later:
                    db.session.execute(BRING_FORWARD)
                job = db.session.execute(FETCH).one()
            if job.id is None:
                return done
            with app.app_context():
                run(job.task_name, job.args)
            with transaction():
                db.session.execute(FINISH, {"id": job.id})
            done.append(job.task_name)
    raise AssertionError(f"more than {limit} jobs: {done[-5:]}")


def queued_jobs() -> list[tuple[str, dict[str, object]]]:
    """(kind, ids) of the jobs that wait, oldest first."""
    rows = db.session.execute(
        sa.text("SELECT task_name, args FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id")
    )
    return [(row.task_name, row.args) for row in rows]
