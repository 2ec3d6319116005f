"""The worker as a real process: picks jobs up, stops, is killed, loses and doubles nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from config import ROOT
from salle.db import db, transaction
from salle.jobs import enqueue
from salle.kernel.clock import utcnow
from salle.mail.message import Message
from salle.mail.models import MessageState, OutboxMessage
from salle.mail.service import queue_mail
from tests.support.smtp import Mailbox, smtp_server

LISTENING = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
)
TO = "tresoriere@exemple.fr"
pytestmark = pytest.mark.concurrency


class Worker:
    """A `salle worker` process on the database of a test application."""

    def __init__(self, app: Flask, log: Path, smtp: Mailbox | None = None) -> None:
        config = app.config
        self.log = log
        environ = {
            **os.environ,
            "SALLE_ENV": "test",
            "SALLE_DATA_DIR": str(config["DATA_DIR"]),
            "DATABASE_URL": config["SQLALCHEMY_DATABASE_URI"],
            "SECRET_KEY": config["SECRET_KEY"],
            "SALLE_CODES_KEY": config["CODES_KEY"],
            "OIDC_ISSUER": config["OIDC_ISSUER"],
            "OIDC_DISCOVERY_URL": config["OIDC_DISCOVERY_URL"],
            "OIDC_CLIENT_ID": config["OIDC_CLIENT_ID"],
            "OIDC_CLIENT_SECRET": config["OIDC_CLIENT_SECRET"],
            "STRIPE_SECRET_KEY": config["STRIPE_SECRET_KEY"],
            "STRIPE_WEBHOOK_SECRET": config["STRIPE_WEBHOOK_SECRET"],
            "SMTP_URL": f"smtp://127.0.0.1:{smtp.port}" if smtp else "",
        }
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "salle", "worker"],
                cwd=ROOT,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def end(self, how: signal.Signals) -> tuple[int, float]:
        """Send the signal; exit code and how long it took."""
        began = time.monotonic()
        self.process.send_signal(how)
        return self.process.wait(60), time.monotonic() - began


@contextmanager
def worker(app: Flask, log: Path, smtp: Mailbox | None = None) -> Iterator[Worker]:
    started = Worker(app, log, smtp)
    try:
        yield started
    finally:
        started.process.kill()
        started.process.wait()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "worker.log"


def queue(app: Flask, *, count: int = 1) -> None:
    with app.app_context():
        for number in range(count):
            message = Message(
                to=TO, subject=f"Essai {number}", template="layouts/mail.txt", context={}
            )
            with transaction():
                queue_mail(message, now=utcnow())


def states(app: Flask) -> list[MessageState]:
    with app.app_context():
        return list(db.session.scalars(sa.select(OutboxMessage.state)))


def scalar(app: Flask, statement: str) -> Any:
    with app.app_context(), transaction():
        return db.session.execute(sa.text(statement)).scalar()


def wait_for(what: Callable[[], bool], seconds: float = 60) -> None:
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < seconds, "nothing came"
        time.sleep(0.02)


def forget_dead_workers(app: Flask) -> None:
    """As if the patience with silent workers were over."""
    scalar(
        app,
        "WITH old AS (UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'"
        " RETURNING 1) SELECT count(*) FROM old",
    )


def test_worker_does_what_was_queued_before_and_is_told_of_what_comes(
    fresh_app: Flask, log: Path
) -> None:
    queue(fresh_app)
    with worker(fresh_app, log) as running:
        wait_for(lambda: states(fresh_app) == [MessageState.SENT])
        assert scalar(fresh_app, LISTENING) >= 1
        queue(fresh_app)
        wait_for(lambda: states(fresh_app) == [MessageState.SENT] * 2)
        code, seconds = running.end(signal.SIGTERM)
    assert code == 0
    assert seconds < 15  # it did not wait for the job
    assert scalar(fresh_app, "SELECT count(*) FROM procrastinate_jobs WHERE status <> 'todo'") == 0
    assert scalar(fresh_app, "SELECT count(*) FROM procrastinate_workers") == 0
    assert '"event": "job.done"' in log.read_text()
    assert TO not in log.read_text()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_worker_stops_within_three_seconds_even_when_a_job_hangs(
    fresh_app: Flask, log: Path, how: signal.Signals
) -> None:
    queue(fresh_app)
    with smtp_server(hang=True) as box, worker(fresh_app, log, box) as running:
        assert box.reached.wait(20)
        _code, seconds = running.end(how)
    assert seconds < 15  # it did not wait for the job
    assert states(fresh_app) == [MessageState.WAITING]


def test_worker_killed_in_mid_job_loses_and_doubles_nothing(fresh_app: Flask, log: Path) -> None:
    queue(fresh_app, count=3)
    with smtp_server(hang=True) as box:
        with worker(fresh_app, log, box) as first:
            assert box.reached.wait(20)
            first.end(signal.SIGKILL)
        assert box.messages == []
        assert scalar(fresh_app, "SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'")
        forget_dead_workers(fresh_app)
        box.go_on.set()
        time.sleep(0.2)  # the hung connections of the dead end
        assert box.messages == [b""] * len(box.messages)  # nothing came through them
        box.messages.clear()
        with worker(fresh_app, log, box):
            wait_for(lambda: states(fresh_app) == [MessageState.SENT] * 3)
            time.sleep(0.5)
    keys = [line for m in box.messages for line in m.splitlines() if line.startswith(b"Message-ID")]
    assert len(keys) == len(set(keys)) == 3
    assert "job.rescued" in log.read_text()


def test_live_worker_with_a_long_job_is_not_rescued(fresh_app: Flask, log: Path) -> None:
    queue(fresh_app)
    with smtp_server(hang=True) as box, worker(fresh_app, log, box):
        assert box.reached.wait(20)
        time.sleep(6)  # several rescues have passed
        box.go_on.set()
        wait_for(lambda: states(fresh_app) == [MessageState.SENT])
    assert len(box.messages) == 1
    assert "job.rescued" not in log.read_text()


def test_failed_job_is_tried_again_later(fresh_app: Flask, log: Path) -> None:
    queue(fresh_app)
    with smtp_server() as box, worker(fresh_app, log, box):
        box.answers["MAIL"] = "451 later"
        wait_for(lambda: "job.error" in log.read_text())
        del box.answers["MAIL"]
        wait_for(lambda: states(fresh_app) == [MessageState.SENT])
    assert len(box.messages) == 1
    assert scalar(fresh_app, "SELECT attempts FROM outbox_message") == 2
    assert TO not in log.read_text()


def test_unknown_kind_is_left_as_failed_and_stops_nothing(fresh_app: Flask, log: Path) -> None:
    with fresh_app.app_context(), transaction():
        enqueue("tests.nobody_does_this")
    queue(fresh_app)
    with worker(fresh_app, log):
        wait_for(lambda: states(fresh_app) == [MessageState.SENT])
    assert scalar(fresh_app, "SELECT status FROM procrastinate_jobs WHERE status = 'failed'")
