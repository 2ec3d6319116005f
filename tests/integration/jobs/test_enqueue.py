"""A job is written in the transaction that causes it, and nowhere else."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from salle.db import db, transaction
from salle.jobs import enqueue
from salle.kernel.clock import utcnow
from salle.kernel.errors import Unavailable
from tests.support.jobs import queued_jobs


def test_job_is_seen_in_its_own_transaction_with_ids_as_text(session: None) -> None:
    number = uuid.uuid4()
    assert enqueue("tests.any", booking_id=number, attempt=3)
    assert queued_jobs() == [("tests.any", {"booking_id": str(number), "attempt": 3})]


def test_job_disappears_when_its_transaction_rolls_back(fresh_app: Flask) -> None:
    with fresh_app.app_context():
        with transaction():
            enqueue("tests.any")
            db.session.rollback()
        assert queued_jobs() == []


def test_job_disappears_with_its_savepoint_only(session: None) -> None:
    enqueue("tests.kept")
    with db.session.begin_nested() as savepoint:
        enqueue("tests.dropped")
        savepoint.rollback()
    assert [kind for kind, _ in queued_jobs()] == ["tests.kept"]


def test_job_is_there_after_commit_at_its_hour(fresh_app: Flask) -> None:
    hour = utcnow() + timedelta(hours=3)
    with fresh_app.app_context(), transaction():
        enqueue("tests.later", run_at=hour)
    with fresh_app.app_context():
        kept = db.session.scalar(sa.text("SELECT scheduled_at FROM procrastinate_jobs"))
    assert kept == hour


def test_second_job_with_the_same_lock_is_not_written_nor_an_error(session: None) -> None:
    with transaction():
        assert enqueue("tests.first", queueing_lock="one")
        assert not enqueue("tests.second", queueing_lock="one")
        assert enqueue("tests.third", queueing_lock="other")
    assert [kind for kind, _ in queued_jobs()] == ["tests.first", "tests.third"]


@pytest.mark.concurrency
def test_lock_held_by_another_transaction_ends_as_unavailable(fresh_app: Flask) -> None:
    with fresh_app.app_context():
        enqueue("tests.first", queueing_lock="one")
        with fresh_app.app_context():
            db.session.execute(sa.text("SET LOCAL lock_timeout = '50ms'"))
            with pytest.raises(Unavailable), transaction():
                enqueue("tests.second", queueing_lock="one")
