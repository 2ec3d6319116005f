"""Alembic environment: the application's engine, and only the tables of our models."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import text

from salle import schema  # noqa: F401  (every model must be known)
from salle.db import Base, db


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """procrastinate's tables are created by its own SQL, not by our models."""
    return not (kind == "table" and (name or "").startswith("procrastinate_"))


def run() -> None:
    """Run the migrations in one transaction, one process at a time."""
    with db.engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(20260901)"))
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            include_name=include_name,
            compare_server_default=True,
            transaction_per_migration=False,
            **current_app.extensions["migrate"].configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


run()
