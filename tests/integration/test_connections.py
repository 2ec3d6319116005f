"""Connections: closed ones are never handed out, and reads may do without a transaction."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask
from psycopg.pq import TransactionStatus

from salle.db import db, read_only, transaction


def end_others(url: str) -> None:
    """What a restart of the server does to every other connection of that database."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )


def test_connections_closed_by_the_server_are_replaced(fresh_app: Flask) -> None:
    with fresh_app.app_context():
        with db.engine.connect() as one, db.engine.connect() as two:
            before = {c.scalar(sa.text("SELECT pg_backend_pid()")) for c in (one, two)}
        end_others(str(fresh_app.config["SQLALCHEMY_DATABASE_URI"]))
        with db.engine.connect() as one, db.engine.connect() as two:
            after = {c.scalar(sa.text("SELECT pg_backend_pid()")) for c in (one, two)}
    assert before.isdisjoint(after)


def test_a_live_connection_is_used_again(fresh_app: Flask) -> None:
    with fresh_app.app_context():
        pids = set()
        for _ in range(3):
            with db.engine.connect() as connection:
                pids.add(connection.scalar(sa.text("SELECT pg_backend_pid()")))
    assert len(pids) == 1


def test_read_only_opens_no_transaction_and_leaves_no_trace(fresh_app: Flask) -> None:
    def status() -> TransactionStatus:
        connection = db.session.connection()
        db.session.execute(sa.text("SELECT 1"))
        return connection.connection.driver_connection.info.transaction_status

    with fresh_app.app_context():
        read_only()
        assert status() == TransactionStatus.IDLE
        db.session.remove()
        with transaction():
            assert status() == TransactionStatus.INTRANS
            read_only()
            assert status() == TransactionStatus.INTRANS
