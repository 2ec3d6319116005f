"""The occupied intervals and the one exclusion constraint: no space is ever taken twice."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from salle.db import Model, db, enum_type, register_constraints
from salle.kernel.errors import Conflict, DomainError
from salle.venues.rules import OccupationKind


class SlotTaken(Conflict):
    """Another active occupation holds one of the spaces at that time."""

    code = "slot_taken"
    message = "Ce créneau vient d’être pris. Choisissez-en un autre."


class Occupation(Model):
    """One space taken from `starts_at` to `ends_at`, kept until `frees_at` (its buffer).

    Half-open instants, at most 25 hours a row (longer uses are cut). Exactly one origin.
    The exclusion constraint holds on active rows only: a released hold no longer counts.
    """

    __tablename__ = "occupation"
    id: Mapped[int] = mapped_column(sa.BigInteger(), sa.Identity(), primary_key=True)
    space_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("space.id"))
    kind: Mapped[OccupationKind] = mapped_column(enum_type(OccupationKind, "kind"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    frees_at: Mapped[datetime]
    active: Mapped[bool] = mapped_column(default=True, server_default=sa.text("true"))
    booking_date_id: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("booking_date.id", ondelete="CASCADE"), index=True
    )
    timetable_id: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("timetable.id", ondelete="CASCADE"), index=True
    )
    reason: Mapped[str | None]
    utc_day: Mapped[date] = mapped_column(
        sa.Computed("(starts_at AT TIME ZONE 'UTC')::date", persisted=True)
    )

    __table_args__ = (
        sa.CheckConstraint("starts_at < ends_at", name="not_empty"),
        sa.CheckConstraint(
            "ends_at <= frees_at AND frees_at <= starts_at + interval '29 hours'", name="length"
        ),
        sa.CheckConstraint(
            "(kind IN ('hold', 'booking')) = (booking_date_id IS NOT NULL)"
            " AND (kind = 'school') = (timetable_id IS NOT NULL)",
            name="origin",
        ),
        ExcludeConstraint(
            (sa.column("space_id"), "="),
            (sa.func.tstzrange(sa.column("starts_at"), sa.column("frees_at")), "&&"),
            where=sa.column("active"),
            name="ex_occupation_no_overlap",
            using="gist",
        ),
        # The only btree that starts with space_id: a second one misleads the planner
        # on long arrays of days (docs/performance.md).
        sa.Index(
            "ix_occupation_free",
            "space_id",
            "utc_day",
            postgresql_include=["starts_at", "frees_at"],
            postgresql_where=sa.column("active"),
        ),
        # Lessons that wait for something to go; no question about active rows can use it.
        # The few rows that may reach a slot of another day (salle/venues/season.py).
        sa.Index(
            "ix_occupation_long",
            "utc_day",
            postgresql_where=sa.text("active AND frees_at - starts_at > interval '8 hours'"),
        ),
        sa.Index(
            "ix_occupation_sleeping",
            "space_id",
            postgresql_where=sa.text("NOT active AND kind = 'school'"),
        ),
    )


def _slot_taken() -> DomainError:
    return SlotTaken()


register_constraints({"ex_occupation_no_overlap": _slot_taken})


def lock_spaces(space_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, timedelta]:
    """Lock these spaces in the order of their ids until the end of the transaction.

    Always before inserting occupations: without it the exclusion constraint itself
    deadlocks between a whole room and its parts. Waits at most 3 s (Unavailable). Returns the
    pause each keeps between two uses, which nobody can change any more meanwhile.
    """
    rows = db.session.execute(
        sa.text("SELECT id, buffer FROM space WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE"),
        {"ids": sorted(space_ids)},
    )
    return {row.id: row.buffer for row in rows}
