"""Doors, the rooms behind them, access grants, tries."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from salle.db import Model, UuidKey, enum_type
from salle.doors.rules import GrantState, TryOutcome


class Door(UuidKey, Model):
    """A door of a site. `driver` names the way its lock is commanded."""

    __tablename__ = "door"
    site_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("site.id"))
    name: Mapped[str]
    directions: Mapped[str] = mapped_column(default="", server_default="")
    driver: Mapped[str]

    __table_args__ = (
        sa.UniqueConstraint("site_id", "name"),
        sa.CheckConstraint("driver IN ('virtual')", name="driver"),
    )


class RoomDoor(Model):
    """A room is entered by a door."""

    __tablename__ = "room_door"
    room_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("room.id", ondelete="CASCADE"), primary_key=True
    )
    door_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("door.id", ondelete="CASCADE"), primary_key=True
    )


class AccessGrant(UuidKey, Model):
    """A code for one door and one date of a booking.

    `code_encrypted` is Fernet (the grant's id inside, so that rows cannot be swapped);
    `code_digest` is an HMAC keyed per installation and door, for the look-up.
    """

    __tablename__ = "access_grant"
    booking_date_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("booking_date.id", ondelete="CASCADE")
    )
    door_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("door.id"))
    code_encrypted: Mapped[bytes]
    code_digest: Mapped[str]
    state: Mapped[GrantState] = mapped_column(
        enum_type(GrantState, "state"), default=GrantState.ACTIVE
    )
    visible_from: Mapped[datetime]
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime]
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.UniqueConstraint("booking_date_id", "door_id"),
        sa.CheckConstraint(
            "valid_from < valid_until AND visible_from <= valid_from", name="window"
        ),
        sa.Index("ix_access_grant_lookup", "door_id", "code_digest"),
    )


class DoorTry(Model):
    """One code typed on a keypad; the code itself is never kept."""

    __tablename__ = "door_try"
    id: Mapped[int] = mapped_column(sa.BigInteger(), sa.Identity(), primary_key=True)
    door_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("door.id", ondelete="CASCADE"))
    grant_id: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("access_grant.id", ondelete="SET NULL")
    )
    outcome: Mapped[TryOutcome] = mapped_column(enum_type(TryOutcome, "outcome"))
    at: Mapped[datetime]

    __table_args__ = (sa.Index("ix_door_try_recent", "door_id", "at"),)
