"""Inserting fictional rows under ids that are the same everywhere and at every start."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from salle.db import Model, db

NAMESPACE = uuid.UUID("5a11e000-0000-4000-8000-000000000096")


def key(kind: str, *names: object) -> uuid.UUID:
    """The id of a fictional object: `key("room", "salle-essai")`."""
    return uuid.uuid5(NAMESPACE, ":".join([kind, *map(str, names)]))


def add(model: type[Model], rows: Iterable[Mapping[str, Any]]) -> set[uuid.UUID]:
    """Insert the rows that are not there yet; never change one. Returns the ids inserted."""
    values = [dict(row) for row in rows]
    if not values:
        return set()
    identity = model.__table__.c.id
    added = db.session.scalars(
        insert(model).values(values).on_conflict_do_nothing().returning(identity)
    )
    return set(added)


def add_links(model: type[Model], rows: Iterable[Mapping[str, Any]]) -> None:
    """The same for tables without an id."""
    values = [dict(row) for row in rows]
    if values:
        db.session.execute(insert(model).values(values).on_conflict_do_nothing())
