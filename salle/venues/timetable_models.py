"""What goes with a timetable: its address, its last reading, its collisions with bookings."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from salle.db import Model, UuidKey, enum_type
from salle.venues.rules import CollisionEnding


class TimetableFeed(UuidKey, Model):
    """The address at which a room's timetable is read again and again; sealed, it is a secret.

    `host` alone is shown. `failures` counts those since the last success.
    """

    __tablename__ = "timetable_feed"
    room_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("room.id", ondelete="CASCADE"), unique=True
    )
    address_sealed: Mapped[bytes]
    host: Mapped[str]
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    created_at: Mapped[datetime]
    next_at: Mapped[datetime] = mapped_column(index=True)
    succeeded_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    failure: Mapped[str | None]
    failures: Mapped[int] = mapped_column(default=0, server_default="0")

    __table_args__ = (
        sa.CheckConstraint("length(host) BETWEEN 1 AND 253", name="host"),
        sa.CheckConstraint("(failed_at IS NULL) = (failure IS NULL)", name="failure"),
        sa.CheckConstraint("failures = 0 OR failures > 0 AND failed_at IS NOT NULL", name="count"),
    )


class TimetableReading(Model):
    """The last time a file or an address was read for a room, and what there was to say.

    `remarks`: [line, sentence, whether it was refused]. `problem`: why nothing was taken.
    """

    __tablename__ = "timetable_reading"
    room_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("room.id", ondelete="CASCADE"), primary_key=True
    )
    at: Mapped[datetime]
    source: Mapped[str]
    problem: Mapped[str | None]
    remarks: Mapped[list[list[int | str | bool]]] = mapped_column(JSONB(), default=list)


class TimetableCollision(UuidKey, Model):
    """A lesson at the time of a booking: nothing was overwritten, people decide.

    It ends when one of the two goes. `proposed_at`: other slots were proposed to the holder.
    """

    __tablename__ = "timetable_collision"
    timetable_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("timetable.id", ondelete="CASCADE")
    )
    booking_date_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("booking_date.id", ondelete="CASCADE"), index=True
    )
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    title: Mapped[str]
    line: Mapped[int]
    found_at: Mapped[datetime]
    proposed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ending: Mapped[CollisionEnding | None] = mapped_column(enum_type(CollisionEnding, "ending"))

    __table_args__ = (
        sa.UniqueConstraint(
            "timetable_id",
            "booking_date_id",
            "starts_at",
            "ends_at",
            name="uq_timetable_collision_lesson",
        ),
        sa.CheckConstraint("starts_at < ends_at", name="not_empty"),
        sa.CheckConstraint("(ended_at IS NULL) = (ending IS NULL)", name="ended"),
        sa.CheckConstraint("ended_at >= found_at AND proposed_at >= found_at", name="order"),
    )
