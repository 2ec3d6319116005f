"""Jobs of dead workers are queued again, once, and not for ever."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa
from flask import Flask

from salle.db import db, transaction
from salle.jobs import enqueue
from salle.jobs.runner import RETRY_SECONDS, rescue


def start_job(*, silent_for: int, queueing_lock: str | None = None) -> None:
    """A job in the hands of a worker that last spoke that many seconds ago."""
    enqueue("tests.any", queueing_lock=queueing_lock)
    worker = db.session.scalar(
        sa.text(
            "INSERT INTO procrastinate_workers (last_heartbeat)"
            " VALUES (now() - make_interval(secs => :silent)) RETURNING id"
        ),
        {"silent": silent_for},
    )
    db.session.execute(
        sa.text("SELECT id FROM procrastinate_fetch_job_v2(NULL, :worker)"), {"worker": worker}
    )


def statuses() -> list[str]:
    rows = db.session.scalars(sa.text("SELECT status::text FROM procrastinate_jobs ORDER BY id"))
    return list(rows)


def test_job_of_a_silent_worker_is_queued_again(session: None) -> None:
    with transaction():
        start_job(silent_for=60)
    assert rescue(dead_seconds=30) == 1
    assert statuses() == ["todo"]
    assert db.session.scalar(sa.text("SELECT attempts FROM procrastinate_jobs")) == 1
    assert rescue(dead_seconds=30) == 0


def test_job_of_a_worker_that_speaks_is_left_alone(session: None) -> None:
    with transaction():
        start_job(silent_for=5)
    assert rescue(dead_seconds=30) == 0
    assert statuses() == ["doing"]


def test_job_of_a_forgotten_worker_is_queued_again(session: None) -> None:
    with transaction():
        start_job(silent_for=0)
        db.session.execute(sa.text("DELETE FROM procrastinate_workers"))
    assert rescue(dead_seconds=30) == 1


def test_job_that_kills_its_workers_is_given_up(session: None) -> None:
    with transaction():
        start_job(silent_for=60)
        db.session.execute(
            sa.text("UPDATE procrastinate_jobs SET attempts = :most"), {"most": len(RETRY_SECONDS)}
        )
    assert rescue(dead_seconds=30) == 0
    assert statuses() == ["failed"]


def test_job_whose_twin_waits_is_left_to_it(session: None) -> None:
    with transaction():
        start_job(silent_for=60, queueing_lock="one")
        assert enqueue("tests.any", queueing_lock="one")
    assert rescue(dead_seconds=30) == 0
    assert statuses() == ["failed", "todo"]


@pytest.mark.concurrency
def test_rescuers_at_once_queue_a_job_once(fresh_app: Flask) -> None:
    with fresh_app.app_context(), transaction():
        for _ in range(10):
            start_job(silent_for=60)
    barrier = Barrier(6)

    def rescue_at_once(_number: int) -> int:
        with fresh_app.app_context():
            barrier.wait(timeout=20)
            return rescue(dead_seconds=30)

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(rescue_at_once, range(6), timeout=60)) == 10
    with fresh_app.app_context():
        assert statuses() == ["todo"] * 10
        attempts = db.session.scalar(sa.text("SELECT sum(attempts) FROM procrastinate_jobs"))
        assert attempts == 10
