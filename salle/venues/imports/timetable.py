"""`salle import emploi-du-temps`: an iCalendar file becomes the school use of a room."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from salle.adapters.ical import MAX_BYTES, BadCalendar, Reading, read_calendar
from salle.db import db, transaction
from salle.kernel.clock import day_start, local_day
from salle.kernel.errors import NotFound
from salle.territories.models import Territory
from salle.venues.imports.runs import Outcome, Report
from salle.venues.imports.tables import read_bytes
from salle.venues.models import Room, RoomSpace, Site, Timetable
from salle.venues.openings import horizon
from salle.venues.timetables import replace_timetable


def find_room_to_fill(slug: str, territory: str | None) -> tuple[Room, Site]:
    """The one room of that slug, published or not; NotFound tells how to be precise."""
    rows = db.session.execute(
        sa.select(Room, Site, Territory.slug)
        .join(Site, Site.id == Room.site_id)
        .join(Territory, Territory.id == Room.territory_id)
        .where(Room.slug == slug)
        .order_by(Territory.slug)
    ).all()
    rows = [row for row in rows if territory in {None, row[2]}]
    if not rows:
        raise NotFound(f"Aucune salle n’a pour identifiant « {slug} ».")
    if len(rows) > 1:
        names = ", ".join(row[2] for row in rows)
        raise NotFound(
            f"Plusieurs salles s’appellent « {slug} » : précisez --territoire ({names})."
        )
    return rows[0][0], rows[0][1]


def read_timetable(path: Path, *, zone_name: str, now: datetime) -> tuple[bytes, Reading]:
    """The file and its lessons over the horizon of the opening windows."""
    content = read_bytes(path, at_most=MAX_BYTES)
    first, last = horizon(local_day(now, zone_name))
    reading = read_calendar(
        content,
        zone_name=zone_name,
        first=day_start(first, zone_name),
        last=day_start(last + timedelta(days=1), zone_name),
    )
    return content, reading


def store_timetable(
    *,
    room: Room,
    zone_name: str,
    file_name: str,
    content: bytes,
    reading: Reading,
    now: datetime,
    may_empty: bool = False,
) -> Report:
    """Replace the room's timetable in one transaction; collisions are the rejected lines.

    A file of which one event cannot be read, or that holds no lesson where the version before
    had some (unless `may_empty`), changes nothing: hours of the collège are never freed by a
    doubtful file.
    """
    report = Report()
    if reading.rejects:
        for line, reason in reading.rejects:
            report.reject(line, f"{reason} ; l’emploi du temps précédent est gardé en entier")
        return report
    with transaction():
        if not db.session.scalar(sa.select(sa.exists().where(RoomSpace.room_id == room.id))):
            raise BadCalendar("Cette salle n’a pas encore de parties : importez-les d’abord.")
        known = db.session.scalar(sa.select(Timetable.event_count).filter_by(room_id=room.id))
        if known and not reading.lessons and not may_empty:
            raise BadCalendar(
                "Ce fichier ne contient aucun cours à venir : l’emploi du temps précédent est "
                "gardé en entier. Pour le vider vraiment, ajoutez --vider."
            )
        done = replace_timetable(
            room=room,
            zone_name=zone_name,
            lessons=reading.lessons,
            file_name=file_name,
            content=content,
            now=now,
        )
    report.count(Outcome.CREATED, done.added)
    report.count(Outcome.UNCHANGED, done.kept)
    report.removed = done.removed
    for line, reason in reading.rejects:
        report.reject(line, reason)
    for line, text in reading.warnings:
        report.warn(line, text)
    for collision in done.collisions:
        report.reject(collision.lesson.line, collision.reason)
    return report
