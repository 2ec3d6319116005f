"""The worker: procrastinate's loop around our handlers.

What it adds to the library: an application context for each job, bounded retries, the rescue
of jobs whose worker was killed, an end within three seconds of SIGTERM, and logs that hold
ids only.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import procrastinate
import sqlalchemy as sa
from flask import Flask
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy, RetryDecision

from salle.db import db, transaction
from salle.jobs.queue import QUEUE
from salle.jobs.registry import HANDLERS, PERIODIC, Handler, Periodic
from salle.kernel.errors import DomainError

CONCURRENCY = 4
POLL_SECONDS = 1.0  # jobs with an hour of their own are found this late at most
# A worker that has not said for DEAD_SECONDS that it is alive is dead: well above the
# interval, or a live job would run twice.
HEARTBEAT_SECONDS = 2.0
DEAD_SECONDS = 12.0
RESCUE_SECONDS = 4.0
# Waits before each new try of a job that fails; after the last one it is left as failed.
RETRY_SECONDS = (2, 10, 60, 300, 1800, 7200)
# Without the database for longer, the process ends: whoever starts it again starts that too.
CONNECT_SECONDS = 5.0
GRACE_SECONDS = 1.5  # for the jobs in progress, on SIGTERM
LAST_SECONDS = 2.5  # then the process ends whatever they do; they will be rescued

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

logger = logging.getLogger("salle.jobs")


class WorkerFailed(DomainError):
    """The library's loop gave up (its log says why): start the process again."""

    message = "Les tâches de fond se sont arrêtées : la base de données répond-elle ?"


@dataclass(frozen=True, kw_only=True)
class Pace:
    """The worker's waits; tests hurry them."""

    poll: float = POLL_SECONDS
    heartbeat: float = HEARTBEAT_SECONDS
    dead: float = DEAD_SECONDS
    rescue: float = RESCUE_SECONDS


class Backoff(BaseRetryStrategy):
    """Longer and longer waits, then no more."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if job.attempts >= len(RETRY_SECONDS):
            return None
        return RetryDecision(retry_in={"seconds": RETRY_SECONDS[job.attempts]})


def run_worker(
    app: Flask,
    *,
    periodic: Iterable[Periodic] = PERIODIC,
    pace: Pace | None = None,
    last_words: Callable[[], None] = lambda: None,
) -> None:
    """Do jobs until SIGTERM or SIGINT; WorkerFailed when it ends by itself.

    `last_words` is called before an end that cannot wait for a job.
    """
    pace = pace or Pace()
    _quiet_library()
    queue = build_queue(app, periodic)
    if not asyncio.run(_run(app, queue, pace, last_words)):
        raise WorkerFailed


def build_queue(app: Flask, periodic: Iterable[Periodic]) -> procrastinate.App:
    """procrastinate's application, with a task for each declared handler."""
    connector = procrastinate.PsycopgConnector(
        conninfo=_conninfo(app),
        min_size=1,
        max_size=3,
        timeout=CONNECT_SECONDS,
        kwargs={"application_name": "salle worker"},
    )
    queue = procrastinate.App(connector=connector)
    for kind, function in HANDLERS.items():
        queue.task(name=kind, queue=QUEUE, retry=Backoff(), pass_context=True)(
            _in_app(app, kind, function)
        )
    for one in periodic:
        # No new try: the next minute is one.
        task = queue.task(name=f"{one.kind}:clock", queue=QUEUE, pass_context=True)(
            _in_app(app, one.kind, HANDLERS[one.kind])
        )
        queue.periodic(cron=one.cron, queueing_lock=f"clock-{one.kind}")(task)
    return queue


def _conninfo(app: Flask) -> str:
    url = sa.make_url(app.config["SQLALCHEMY_DATABASE_URI"]).set(drivername="postgresql")
    return url.render_as_string(hide_password=False)


def _in_app(app: Flask, kind: str, function: Handler) -> Callable[..., None]:
    def work(
        context: procrastinate.JobContext, /, timestamp: int | None = None, **ids: Any
    ) -> None:
        job = {"kind": kind, "job_id": context.job.id, "attempt": context.job.attempts + 1}
        try:
            with app.app_context():
                function(**ids)
        except Exception as error:
            logger.warning("job.error", extra={**job, **_describe(error)})
            raise
        logger.info("job.done", extra=job)

    return work


def _describe(error: Exception) -> dict[str, str]:
    """Its type and where it comes from: its message may name people."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "site-packages" not in frame.filename] or frames
    return {
        "error": type(error).__name__,
        "place": f"{Path(ours[-1].filename).name}:{ours[-1].lineno}",
    }


async def _run(
    app: Flask, queue: procrastinate.App, pace: Pace, last_words: Callable[[], None]
) -> bool:
    """True when it ended because it was asked to."""
    async with queue.open_async():
        worker = asyncio.create_task(
            queue.run_worker_async(
                concurrency=CONCURRENCY,
                fetch_job_polling_interval=pace.poll,
                update_heartbeat_interval=pace.heartbeat,
                stalled_worker_timeout=pace.dead,
                shutdown_graceful_timeout=GRACE_SECONDS,
                delete_jobs="successful",
                install_signal_handlers=False,
            )
        )
        _listen_to_signals(worker, last_words)
        rescuer = asyncio.create_task(_rescue_for_ever(app, pace))
        try:
            await worker
        except asyncio.CancelledError:
            logger.info("worker.stopped")
            return True
        finally:
            rescuer.cancel()
    return False


def _listen_to_signals(worker: asyncio.Task[None], last_words: Callable[[], None]) -> None:
    """End gracefully; a job that hangs in its thread cannot keep the process alive."""
    loop = asyncio.get_running_loop()

    def end() -> None:
        logger.warning("worker.ended_in_mid_job")
        try:
            last_words()
        finally:
            os._exit(0)

    def stop() -> None:
        for number in STOP_SIGNALS:  # once is enough: more of them change nothing
            loop.add_signal_handler(number, lambda: None)
        timer = threading.Timer(LAST_SECONDS, end)
        timer.daemon = True
        timer.start()
        worker.cancel()

    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop)


RESCUE_LIST = sa.text(
    "SELECT job.id, job.task_name, job.attempts FROM procrastinate_jobs job"
    " LEFT JOIN procrastinate_workers worker ON worker.id = job.worker_id"
    " WHERE job.status = 'doing' AND (worker.id IS NULL OR"
    " worker.last_heartbeat < now() - make_interval(secs => :seconds))"
    " ORDER BY job.id FOR UPDATE OF job SKIP LOCKED"
)
RETRY = sa.text("SELECT procrastinate_retry_job_v2(:id, now(), NULL, NULL, NULL)")
GIVE_UP = sa.text("SELECT procrastinate_finish_job_v1(:id, 'failed', false)")
TWIN = sa.text(
    "SELECT EXISTS (SELECT FROM procrastinate_jobs job JOIN procrastinate_jobs twin"
    " ON twin.queueing_lock = job.queueing_lock AND twin.status = 'todo' WHERE job.id = :id)"
)


def rescue(*, dead_seconds: float = DEAD_SECONDS) -> int:
    """Queue again the jobs whose worker died; returns how many.

    In one transaction that locks them, with the library's own functions: two rescuers never
    queue one job twice. A job that has killed its workers too often is left as failed, and so
    is one whose twin (same lock) already waits to do the same.
    """
    rescued = 0
    with transaction():
        for job in db.session.execute(RESCUE_LIST, {"seconds": dead_seconds}).all():
            hopeless = job.attempts >= len(RETRY_SECONDS)
            done_by_twin = db.session.scalar(TWIN, {"id": job.id})
            give_up = hopeless or done_by_twin
            db.session.execute(GIVE_UP if give_up else RETRY, {"id": job.id})
            rescued += not give_up
            logger.warning(
                "job.abandoned" if give_up else "job.rescued",
                extra={"kind": job.task_name, "job_id": job.id},
            )
    return rescued


async def _rescue_for_ever(app: Flask, pace: Pace) -> None:
    """Beside the jobs, not one of them: jobs that hang cannot delay it."""

    def once() -> None:
        with app.app_context():
            try:
                rescue(dead_seconds=pace.dead)
            except Exception as error:  # noqa: BLE001 the database may be away for a moment
                logger.warning("rescue.error", extra={"error": type(error).__name__})

    while True:
        await asyncio.to_thread(once)
        await asyncio.sleep(pace.rescue)


def _quiet_library() -> None:
    """The library's lines about jobs repeat ours with the values of errors; keep the others."""
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    logging.getLogger("procrastinate.worker").addFilter(_is_not_about_a_job)


def _is_not_about_a_job(record: logging.LogRecord) -> bool:
    return not str(getattr(record, "action", "")).startswith("job_")
