"""Reading doors, grants and tries."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from salle.accounts.models import User
from salle.db import db
from salle.doors.codes import open_code
from salle.doors.models import AccessGrant, Door, DoorTry, RoomDoor
from salle.doors.rules import LOCKOUT, MAX_WRONG_TRIES, GrantState, TryOutcome
from salle.installation import public_url, shows_simulations
from salle.kernel.errors import NotFound
from salle.venues.models import Room, Site

# Bookings are above doors: their tables are named here, their models are not imported.
BOOKING = sa.table(
    "booking",
    sa.column("id", sa.Uuid()),
    sa.column("reference", sa.Text()),
    sa.column("room_id", sa.Uuid()),
    sa.column("created_by_id", sa.Uuid()),
)
BOOKING_DATE = sa.table(
    "booking_date",
    sa.column("id", sa.Uuid()),
    sa.column("booking_id", sa.Uuid()),
    sa.column("starts_at", sa.TIMESTAMP(timezone=True)),
    sa.column("ends_at", sa.TIMESTAMP(timezone=True)),
)


@dataclass(frozen=True, kw_only=True)
class GrantView:
    """A grant as its holders may see it: no code before `visible_from`, none once revoked."""

    date_id: uuid.UUID
    door: str
    door_id: uuid.UUID
    directions: str
    code: str | None
    visible_from: datetime
    valid_from: datetime
    valid_until: datetime
    state: GrantState
    keypad_url: str | None


@dataclass(frozen=True, kw_only=True)
class DateView:
    """What a message about the codes of one date says of it."""

    booking_id: uuid.UUID
    reference: str
    starts_at: datetime
    ends_at: datetime
    room: Room
    site: Site
    recipient: str


def list_grants(booking_id: uuid.UUID, now: datetime) -> list[GrantView]:
    """The grants of a booking, in order of time then of door."""
    return _list(BOOKING_DATE.c.booking_id == booking_id, now)


def list_date_grants(date_id: uuid.UUID, now: datetime) -> list[GrantView]:
    """The grants of one date of a booking, in order of door."""
    return _list(BOOKING_DATE.c.id == date_id, now)


def _list(condition: sa.ColumnElement[bool], now: datetime) -> list[GrantView]:
    statement = (
        sa.select(AccessGrant, Door)
        .join(Door, Door.id == AccessGrant.door_id)
        .join(BOOKING_DATE, BOOKING_DATE.c.id == AccessGrant.booking_date_id)
        .where(condition)
        .order_by(AccessGrant.valid_from, Door.name, AccessGrant.id)
    )
    return [_view(grant, door, now) for grant, door in db.session.execute(statement)]


def _view(grant: AccessGrant, door: Door, now: datetime) -> GrantView:
    shown = grant.state == GrantState.ACTIVE and grant.visible_from <= now
    return GrantView(
        date_id=grant.booking_date_id,
        door=door.name,
        door_id=door.id,
        directions=door.directions,
        code=open_code(grant.code_encrypted, grant_id=grant.id) if shown else None,
        visible_from=grant.visible_from,
        valid_from=grant.valid_from,
        valid_until=grant.valid_until,
        state=grant.state,
        keypad_url=public_url(f"/demo/portes/{door.id}") if shows_simulations() else None,
    )


def get_date(date_id: uuid.UUID) -> DateView:
    """One date of a booking with its room, site and author; NotFound."""
    row = db.session.execute(
        sa.select(
            BOOKING.c.id,
            BOOKING.c.reference,
            BOOKING_DATE.c.starts_at,
            BOOKING_DATE.c.ends_at,
            Room,
            Site,
            User.email,
        )
        .select_from(BOOKING_DATE)
        .join(BOOKING, BOOKING.c.id == BOOKING_DATE.c.booking_id)
        .join(Room, Room.id == BOOKING.c.room_id)
        .join(Site, Site.id == Room.site_id)
        .join(User, User.id == BOOKING.c.created_by_id)
        .where(BOOKING_DATE.c.id == date_id)
    ).one_or_none()
    if row is None:
        raise NotFound
    booking_id, reference, starts_at, ends_at, room, site, email = row
    return DateView(
        booking_id=booking_id,
        reference=reference,
        starts_at=starts_at,
        ends_at=ends_at,
        room=room,
        site=site,
        recipient=email,
    )


def get_door(door_id: uuid.UUID) -> Door:
    """One door; NotFound."""
    door = db.session.get(Door, door_id)
    if door is None:
        raise NotFound
    return door


def get_door_site(door: Door) -> Site:
    """The site of a door."""
    return db.session.scalars(sa.select(Site).where(Site.id == door.site_id)).one()


def list_room_doors(room_id: uuid.UUID) -> Sequence[uuid.UUID]:
    """Ids of the doors by which a room is entered, in order."""
    return db.session.scalars(
        sa.select(RoomDoor.door_id).where(RoomDoor.room_id == room_id).order_by(RoomDoor.door_id)
    ).all()


def lock_doors(door_ids: Collection[uuid.UUID]) -> list[uuid.UUID]:
    """Lock doors in order of id: what is decided about their codes is decided one at a time."""
    return list(
        db.session.scalars(
            sa.select(Door.id)
            .where(Door.id.in_(door_ids))
            .order_by(Door.id)
            .with_for_update(key_share=True)
        )
    )


def map_taken_digests(
    door_ids: Sequence[uuid.UUID], valid_from: datetime, valid_until: datetime
) -> dict[uuid.UUID, set[str]]:
    """Of each of these doors, fingerprints of the active codes that work within that span."""
    found: dict[uuid.UUID, set[str]] = {door_id: set() for door_id in door_ids}
    rows = db.session.execute(
        sa.select(AccessGrant.door_id, AccessGrant.code_digest).where(
            AccessGrant.door_id.in_(door_ids),
            AccessGrant.state == GrantState.ACTIVE,
            AccessGrant.valid_from < valid_until,
            AccessGrant.valid_until > valid_from,
        )
    )
    for door_id, digest in rows:
        found[door_id].add(digest)
    return found


def list_by_digest(door_id: uuid.UUID, digest: str) -> Sequence[AccessGrant]:
    """Every grant of a door that has this code, newest first."""
    return db.session.scalars(
        sa.select(AccessGrant)
        .where(AccessGrant.door_id == door_id, AccessGrant.code_digest == digest)
        .order_by(AccessGrant.created_at.desc(), AccessGrant.id)
    ).all()


def find_locked_until(door_id: uuid.UUID, now: datetime) -> datetime | None:
    """Until when the keypad of a door is closed by wrong codes, None when it is not."""
    oldest_that_counts = db.session.scalar(
        sa.select(DoorTry.at)
        .where(
            DoorTry.door_id == door_id,
            DoorTry.outcome == TryOutcome.UNKNOWN_CODE,
            DoorTry.at > now - LOCKOUT,
        )
        .order_by(DoorTry.at.desc(), DoorTry.id.desc())
        .offset(MAX_WRONG_TRIES - 1)
        .limit(1)
    )
    return None if oldest_that_counts is None else oldest_that_counts + LOCKOUT


def list_tries(door_id: uuid.UUID, *, limit: int = 6) -> Sequence[DoorTry]:
    """The latest tries at a door, newest first."""
    return db.session.scalars(
        sa.select(DoorTry)
        .where(DoorTry.door_id == door_id)
        .order_by(DoorTry.id.desc())
        .limit(limit)
    ).all()
