"""Lessons at the time of a booking: kept until one of the two goes."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager

from salle.adapters.ical import Lesson
from salle.db import db
from salle.kernel.errors import NotFound
from salle.venues.models import Room, Site, Timetable
from salle.venues.rules import CollisionEnding
from salle.venues.timetable_models import TimetableCollision


def keep_collisions(
    timetable_id: uuid.UUID, found: Iterable[tuple[Lesson, uuid.UUID]], *, now: datetime
) -> None:
    """These are the collisions of the timetable; those that are no longer have ended."""
    wanted = {(date_id, one.starts_at, one.ends_at): one for one, date_id in found}
    known = {
        (row.booking_date_id, row.starts_at, row.ends_at): row
        for row in db.session.scalars(
            sa.select(TimetableCollision).where(TimetableCollision.timetable_id == timetable_id)
        )
    }
    for key, row in known.items():
        if key in wanted:
            _reopen(row, wanted[key], now)
        elif row.ended_at is None and row.ends_at > now:
            row.ended_at, row.ending = max(now, row.found_at), CollisionEnding.LESSON_GONE
    db.session.add_all(
        TimetableCollision(
            timetable_id=timetable_id,
            booking_date_id=key[0],
            starts_at=lesson.starts_at,
            ends_at=lesson.ends_at,
            title=lesson.title,
            line=lesson.line,
            found_at=now,
        )
        for key, lesson in wanted.items()
        if key not in known
    )
    db.session.flush()


def _reopen(row: TimetableCollision, lesson: Lesson, now: datetime) -> None:
    row.title, row.line = lesson.title, lesson.line
    if row.ended_at is not None:
        row.found_at, row.proposed_at, row.ended_at, row.ending = now, None, None, None


def end_for_bookings(booking_date_ids: Iterable[uuid.UUID], *, now: datetime) -> None:
    """The bookings have gone: so have their collisions."""
    db.session.execute(
        sa.update(TimetableCollision)
        .where(
            TimetableCollision.booking_date_id.in_(list(booking_date_ids)),
            TimetableCollision.ended_at.is_(None),
        )
        .values(
            ended_at=sa.func.greatest(TimetableCollision.found_at, now),
            ending=CollisionEnding.BOOKING_GONE,
        )
        .execution_options(synchronize_session=False)
    )


def list_open_collisions(
    site_ids: Sequence[uuid.UUID], *, now: datetime, limit: int = 50
) -> list[tuple[TimetableCollision, Room, Site]]:
    """Collisions to come in the rooms of these sites, the soonest first."""
    rows = db.session.execute(
        _open(site_ids, now)
        .add_columns(Room, Site)
        .options(contains_eager(Room.site))
        .order_by(TimetableCollision.starts_at, TimetableCollision.id)
        .limit(limit)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def count_open_collisions(site_ids: Sequence[uuid.UUID], *, now: datetime) -> dict[uuid.UUID, int]:
    """How many there are, by room; rooms without any are left out."""
    rows = db.session.execute(
        _open(site_ids, now)
        .with_only_columns(Room.id, sa.func.count(), maintain_column_froms=True)
        .group_by(Room.id)
    )
    return {row[0]: row[1] for row in rows}


def lock_collision(collision_id: uuid.UUID) -> tuple[TimetableCollision, Room, Site]:
    """One collision that has not ended, locked, with its room and site; NotFound."""
    row = db.session.execute(
        sa.select(TimetableCollision, Room, Site)
        .join(Timetable, Timetable.id == TimetableCollision.timetable_id)
        .join(Room, Room.id == Timetable.room_id)
        .join(Site, Site.id == Room.site_id)
        .where(TimetableCollision.id == collision_id, TimetableCollision.ended_at.is_(None))
        .options(contains_eager(Room.site))
        .with_for_update(of=TimetableCollision)
    ).first()
    if row is None:
        raise NotFound
    return row[0], row[1], row[2]


def _open(site_ids: Sequence[uuid.UUID], now: datetime) -> sa.Select[TimetableCollision]:
    return (
        sa.select(TimetableCollision)
        .join(Timetable, Timetable.id == TimetableCollision.timetable_id)
        .join(Room, Room.id == Timetable.room_id)
        .join(Site, Site.id == Room.site_id)
        .where(
            Room.site_id.in_(site_ids),
            TimetableCollision.ended_at.is_(None),
            TimetableCollision.ends_at > now,
        )
    )
