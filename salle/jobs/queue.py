"""Writing a job in the current transaction."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import procrastinate
import psycopg
import sqlalchemy as sa
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException

from salle.db import db

QUEUE = "default"
# Never opened: jobs are written through the session's own connection.
_queue = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())


def enqueue(
    kind: str,
    *,
    run_at: datetime | None = None,
    queueing_lock: str | None = None,
    **ids: UUID | str | int | None,
) -> bool:
    """Write a job in the current transaction: it disappears with it if that rolls back.

    The job starts once committed, or at `run_at`. While a job with the same `queueing_lock`
    waits, no second one is written, and that is not an error. Returns whether it was written.
    """
    arguments = {name: str(v) if isinstance(v, UUID) else v for name, v in ids.items()}
    if queueing_lock is None:
        _defer(kind, run_at, None, arguments)
        return True
    # A refused insert would spoil the whole transaction: a savepoint keeps it apart.
    with db.session.begin_nested() as savepoint:
        try:
            _defer(kind, run_at, queueing_lock, arguments)
        except AlreadyEnqueued:
            savepoint.rollback()
            return False
    return True


def _defer(
    kind: str,
    run_at: datetime | None,
    queueing_lock: str | None,
    arguments: dict[str, str | int | None],
) -> None:
    # Asked for inside the savepoint: SQLAlchemy only opens it when the connection is used.
    driver = db.session.connection().connection.driver_connection
    deferrer = _queue.configure_task(
        kind, queue=QUEUE, schedule_at=run_at, queueing_lock=queueing_lock, connection=driver
    )
    try:
        deferrer.defer(**arguments)
    except ConnectorException as error:
        if not isinstance(error.__cause__, psycopg.Error):
            raise
        # Told as any other error of this connection, for transaction() to translate.
        raise sa.exc.DBAPIError("enqueue", None, error.__cause__) from error
