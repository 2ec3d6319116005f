"""A calendar becomes the school use of a room: read, then stored, whatever way it came."""

from __future__ import annotations

import uuid
import zlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from salle.adapters.ical import MAX_BYTES, BadCalendar, Reading, read_calendar
from salle.audit.service import record
from salle.db import db, transaction
from salle.kernel.clock import day_start, local_day
from salle.kernel.errors import NotFound
from salle.venues.imports.runs import Outcome, Report
from salle.venues.imports.tables import read_bytes
from salle.venues.models import Room, RoomSpace, Site, Timetable
from salle.venues.openings import horizon
from salle.venues.timetable_models import TimetableFeed, TimetableReading
from salle.venues.timetables import replace_timetable

# Lessons are laid out further than openings: until they are laid out again, none is missing.
MARGIN = timedelta(days=60)
MAX_REMARKS = 200
KEPT_WHOLE = "l’emploi du temps précédent est gardé en entier"


class EmptyTimetable(BadCalendar):
    """No lesson where the version before had some: that may be a mistake."""

    message = f"Ce calendrier ne contient aucun cours : {KEPT_WHOLE}."


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a calendar comes from (`name` is shown), and who brought it."""

    name: str
    actor_id: uuid.UUID | None = None


def find_room_to_fill(slug: str) -> Room:
    """The room of that slug, published or not; NotFound."""
    room = db.session.scalar(sa.select(Room).where(Room.slug == slug))
    if room is None:
        raise NotFound(f"Aucune salle n’a pour identifiant « {slug} ».")
    return room


def read_file(path: Path) -> bytes:
    """The content of a calendar file; UnusableFile."""
    return read_bytes(path, at_most=MAX_BYTES)


def laid_until(zone_name: str, now: datetime) -> date:
    """The last civil day on which lessons are laid out today."""
    return horizon(local_day(now, zone_name))[1] + MARGIN


def read_content(content: bytes, *, zone_name: str, now: datetime) -> Reading:
    """The lessons of a calendar as far as they are laid out; call it outside a transaction."""
    first, _ = horizon(local_day(now, zone_name))
    return read_calendar(
        content,
        zone_name=zone_name,
        first=day_start(first, zone_name),
        last=day_start(laid_until(zone_name, now) + timedelta(days=1), zone_name),
    )


def take_calendar(
    *, room_id: uuid.UUID, content: bytes, source: Source, now: datetime, may_empty: bool = False
) -> Report:
    """Read a calendar and make it the room's timetable; collisions are its rejected lines.

    A file that cannot be read, of which one event cannot be, or without a lesson where the
    version before had some (unless `may_empty`), changes nothing: hours of the collège are
    never freed by a doubtful file. Raises BadCalendar. What was said is kept for the page.
    """
    with transaction():
        zone_name = find_zone(room_id)
    try:
        reading = read_content(content, zone_name=zone_name, now=now)
        with transaction():
            return store_reading(
                room_id=room_id,
                zone_name=zone_name,
                content=content,
                reading=reading,
                source=source,
                now=now,
                may_empty=may_empty,
            )
    except BadCalendar as error:
        with transaction():
            keep_reading(room_id, source, now, Report(), problem=error.message)
        raise


def store_reading(
    *,
    room_id: uuid.UUID,
    zone_name: str,
    content: bytes,
    reading: Reading,
    source: Source,
    now: datetime,
    may_empty: bool = False,
) -> Report:
    """The second half of take_calendar, in the caller's transaction."""
    report = Report()
    for line, text in reading.warnings:
        report.warn(line, text)
    for line, reason in reading.rejects:
        report.reject(line, f"{reason} ; {KEPT_WHOLE}")
    if reading.rejects:
        keep_reading(
            room_id, source, now, report, problem=f"Un événement est illisible : {KEPT_WHOLE}."
        )
        return report
    if not db.session.scalar(sa.select(sa.exists().where(RoomSpace.room_id == room_id))):
        raise BadCalendar("Cette salle n’a pas encore de parties : importez-les d’abord.")
    known = db.session.scalar(sa.select(Timetable.event_count).filter_by(room_id=room_id))
    if known and not reading.lessons and not may_empty:
        raise EmptyTimetable
    done = replace_timetable(
        room=db.session.get_one(Room, room_id),
        zone_name=zone_name,
        lessons=reading.lessons,
        file_name=source.name,
        content=content,
        now=now,
        kept=zlib.compress(reading.kept),
        laid_until=laid_until(zone_name, now),
    )
    report.count(Outcome.CREATED, done.added)
    report.count(Outcome.UNCHANGED, done.kept)
    report.removed = done.removed
    for collision in done.collisions:
        report.reject(collision.lesson.line, collision.reason)
    _forget_validators(room_id)
    keep_reading(room_id, source, now, report)
    if done.added or done.removed:
        record(
            "timetable.replaced",
            object_type="room",
            object_id=room_id,
            actor_id=source.actor_id,
            at=now,
            added=done.added,
            removed=done.removed,
            collisions=len(done.collisions),
        )
    return report


def keep_reading(
    room_id: uuid.UUID, source: Source, now: datetime, report: Report, *, problem: str | None = None
) -> None:
    """Keep what there was to say of the last reading, for the page of the collège."""
    remarks: list[list[int | str | bool]] = [
        [one.line, one.text, refused]
        for found, refused in ((report.rejects, True), (report.warnings, False))
        for one in sorted(found, key=lambda remark: remark.line)
    ]
    kept = db.session.get(TimetableReading, room_id)
    if kept is None:
        kept = TimetableReading(room_id=room_id)
        db.session.add(kept)
    kept.at, kept.source, kept.problem = now, source.name[:200], problem
    kept.remarks = remarks[:MAX_REMARKS]
    db.session.flush()


def find_zone(room_id: uuid.UUID) -> str:
    """The time zone of the room's site; NotFound."""
    zone_name = db.session.scalar(
        sa.select(Site.time_zone).join(Room, Room.site_id == Site.id).where(Room.id == room_id)
    )
    if zone_name is None:
        raise NotFound
    return zone_name


def _forget_validators(room_id: uuid.UUID) -> None:
    """« Not changed since » would speak of another version: the address is read in full again."""
    db.session.execute(
        sa.update(TimetableFeed)
        .where(TimetableFeed.room_id == room_id)
        .values(etag=None, last_modified=None)
    )
