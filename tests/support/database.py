"""Throw-away databases: one server a run, one migrated template, one copy a worker."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from flask import Flask

from salle.db import db


def create_database(server_url: str, *, template: str = "template0") -> str:
    """A new database on that server; returns its URL."""
    name = f"salle_test_{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(server_url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        strategy = "" if template == "template0" else " STRATEGY file_copy"
        connection.execute(sa.text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"{strategy}'))
    return sa.make_url(server_url).set(database=name).render_as_string(hide_password=False)


def drop_database(url: str) -> None:
    """Drop it, ending whoever is still connected."""
    name = sa.make_url(url).database
    server = sa.make_url(url).set(database="postgres")
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


@contextmanager
def rolled_back_session(app: Flask) -> Iterator[None]:
    """Everything written through `db.session` inside is rolled back, commits included.

    Flask-SQLAlchemy has no public way: its engine map and session are swapped here only.
    """
    with app.app_context():
        connection = db.engine.connect()
        outer = connection.begin()
        session, engines = db.session, db.engines
        real = engines[None]
        engines[None] = connection  # type: ignore[assignment]
        db.session = db._make_scoped_session({"join_transaction_mode": "create_savepoint"})
        try:
            yield
        finally:
            db.session.remove()
            db.session = session
            engines[None] = real
            outer.rollback()
            connection.close()
