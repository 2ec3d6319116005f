"""Database base classes, `transaction()`, and the mapping of constraints to French sentences."""

from __future__ import annotations

import enum
import select
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import psycopg
import sqlalchemy as sa
from flask import current_app, has_request_context, request
from flask_sqlalchemy import SQLAlchemy
from psycopg import errors as pg
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry

from salle.kernel.errors import Conflict, DomainError, Invalid, Unavailable

CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of every model: `str` is TEXT, `datetime` is TIMESTAMPTZ, ids are UUIDs."""

    registry = registry(
        metadata=sa.MetaData(naming_convention=CONVENTION),
        type_annotation_map={
            str: sa.Text(),
            datetime: sa.TIMESTAMP(timezone=True),
            uuid.UUID: sa.Uuid(),
            dict[str, Any]: JSONB(),
        },
    )


db = SQLAlchemy(model_class=Base, disable_autonaming=True)

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


class UuidKey:
    """A UUID primary key made in Python: known before the insert, and not enumerable."""

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4, sort_order=-10)


def enum_type(values: type[enum.StrEnum], name: str) -> sa.Enum:
    """Text column with a named CHECK; the stored value is the member's value."""
    return sa.Enum(
        values,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=40,
        values_callable=lambda members: [member.value for member in members],
    )


_constraint_errors: dict[str, Callable[[], DomainError]] = {}


def register_constraints(table: Mapping[str, Callable[[], DomainError]]) -> None:
    """Tell which domain error a violated constraint of the schema stands for."""
    _constraint_errors.update(table)


def known_constraints() -> frozenset[str]:
    """Names of the constraints that have a French sentence (checked against the schema)."""
    return frozenset(_constraint_errors)


def translate(error: DBAPIError) -> DomainError | None:
    """The domain error a database error stands for, or None when it is a defect of ours."""
    original = error.orig
    if isinstance(error, IntegrityError) and isinstance(original, pg.Error):
        factory = _constraint_errors.get(original.diag.constraint_name or "")
        return factory() if factory else None
    if isinstance(original, pg.LockNotAvailable | pg.QueryCanceled | pg.TooManyConnections):
        return Unavailable()
    if isinstance(original, pg.DataError):  # a NUL byte, a number beyond its type
        return Invalid("Votre saisie contient un caractère ou un nombre impossible.")
    if isinstance(original, pg.DeadlockDetected | pg.SerializationFailure):
        return Conflict()
    return None


def read_only() -> None:
    """The rest of this request only reads: its statements need no transaction around them.

    It saves two exchanges with the server (BEGIN, ROLLBACK), which count beside a statement of
    half a millisecond. Nothing changes for a session that has begun, or is bound to one
    connection.
    """
    session = db.session()
    if not session.in_transaction() and isinstance(session.get_bind(), sa.Engine):
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})


def release() -> None:
    """End the reading of this request and give its connection back, before a call outside.

    What was read is read again when it is used. Refused when something waits to be written.
    """
    session = db.session()
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("something waits to be written")
    session.rollback()


@sa.event.listens_for(sa.Pool, "checkout")
def _check_alive(connection: Any, _record: Any, _proxy: Any) -> None:
    """Do not hand out a connection that the server has closed.

    A closed one can be read from (end of file); a quiet one cannot. Looking at the socket costs
    no exchange with the server, unlike pool_pre_ping.
    """
    if not isinstance(connection, psycopg.Connection):
        return
    if connection.closed or _can_be_read(connection.pgconn.socket):
        raise sa.exc.InvalidatePoolError


def _can_be_read(socket: int) -> bool:
    waiting = select.poll()
    waiting.register(socket, select.POLLIN | select.POLLPRI)
    return bool(waiting.poll(0))


@contextmanager
def transaction() -> Iterator[None]:
    """The only place that commits: commit on success, roll back on any exception.

    Database errors known by register_constraints() come out as DomainError; a lock waited
    for too long as Unavailable (503). Refused inside a GET or HEAD request, unless its view
    is marked by `writes_on_get`.
    """
    _refuse_on_get()
    try:
        yield
        db.session.commit()
    except PoolTimeout as error:
        db.session.rollback()
        raise Unavailable from error
    except DBAPIError as error:
        db.session.rollback()
        known = translate(error)
        if known is None:
            raise
        raise known from error
    except BaseException:
        db.session.rollback()
        raise


def _refuse_on_get() -> None:
    if not has_request_context() or request.method not in {"GET", "HEAD"}:
        return
    view = current_app.view_functions.get(request.endpoint or "")
    if not getattr(view, "writes_on_get", False):
        raise RuntimeError(f"{request.endpoint} writes on {request.method}")
