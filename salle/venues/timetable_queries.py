"""What the page of timetables shows of the rooms somebody manages."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from salle.accounts.models import User
from salle.accounts.permissions import has_site_permission
from salle.accounts.rules import Permission
from salle.db import db
from salle.kernel.errors import NotFound
from salle.venues.collisions import count_open_collisions
from salle.venues.models import Room, Site, Timetable
from salle.venues.timetable_models import TimetableFeed, TimetableReading


@dataclass(frozen=True, kw_only=True)
class TimetableView:
    """A room with its timetable, its address, its last reading and its open collisions."""

    room: Room
    site: Site
    timetable: Timetable | None
    feed: TimetableFeed | None
    reading: TimetableReading | None
    collisions: int


def list_timetables(site_ids: Sequence[uuid.UUID], *, now: datetime) -> list[TimetableView]:
    """Every room of these sites, published or not, by site and name."""
    return _views(Room.site_id.in_(site_ids), site_ids, now)


def get_timetable(room_id: uuid.UUID, user: User, *, now: datetime) -> TimetableView:
    """One room whose timetable this person manages; NotFound."""
    found = _views(Room.id == room_id, None, now)
    if not found or not has_site_permission(
        user,
        Permission.MANAGE_ROOMS,
        site_id=found[0].site.id,
        territory_id=found[0].site.territory_id,
    ):
        raise NotFound
    return found[0]


def _views(
    condition: sa.ColumnElement[bool], site_ids: Sequence[uuid.UUID] | None, now: datetime
) -> list[TimetableView]:
    rows = db.session.execute(
        sa.select(Room, Site, Timetable, TimetableFeed, TimetableReading)
        .join(Site, Site.id == Room.site_id)
        .outerjoin(Timetable, Timetable.room_id == Room.id)
        .outerjoin(TimetableFeed, TimetableFeed.room_id == Room.id)
        .outerjoin(TimetableReading, TimetableReading.room_id == Room.id)
        .where(condition)
        .order_by(Site.name, Room.name, Room.id)
    ).all()
    sites = [row[1].id for row in rows] if site_ids is None else site_ids
    collisions = count_open_collisions(sites, now=now)
    return [
        TimetableView(
            room=room,
            site=site,
            timetable=timetable,
            feed=feed,
            reading=reading,
            collisions=collisions.get(room.id, 0),
        )  # fmt: skip
        for room, site, timetable, feed, reading in rows
    ]
