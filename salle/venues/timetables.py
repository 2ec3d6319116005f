"""School use: the lessons of a room's timetable become occupations of its spaces."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from salle.adapters.ical import Lesson
from salle.db import db
from salle.kernel.spans import merge, subtract
from salle.kernel.words import periode
from salle.venues.collisions import end_for_bookings, keep_collisions
from salle.venues.models import Room, Space, Timetable
from salle.venues.occupations import Occupation, lock_spaces
from salle.venues.queries import list_space_ids
from salle.venues.rules import OccupationKind

LONGEST = timedelta(hours=24)  # longer uses are cut in rows of this length
BOOKED = (OccupationKind.HOLD, OccupationKind.BOOKING)
# Written as in the index of these rows, so that the planner knows it.
_SLEEPING = sa.text("NOT occupation.active AND occupation.kind = 'school'")


@dataclass(frozen=True, slots=True)
class Slot:
    """One row to be: a space taken, half-open in UTC.

    Not `active` where something else takes the space already: it wakes when that goes.
    """

    space_id: uuid.UUID
    starts_at: datetime
    ends_at: datetime
    frees_at: datetime
    active: bool


@dataclass(frozen=True, slots=True)
class Collision:
    """A lesson where somebody has booked: it sleeps there until the booking goes."""

    lesson: Lesson
    booking_date_id: uuid.UUID
    reason: str


@dataclass(frozen=True, slots=True)
class Replacement:
    """What a new version of a timetable changed, in uses (lessons that touch are one)."""

    added: int
    removed: int
    kept: int
    collisions: list[Collision]


def replace_timetable(
    *,
    room: Room,
    zone_name: str,
    lessons: Iterable[Lesson],
    file_name: str,
    content: bytes | None,
    now: datetime,
    kept: bytes | None = None,
    laid_until: date | None = None,
) -> Replacement:
    """Make these lessons the room's school use, in place of the previous version.

    Holds and bookings are never overwritten: where a lesson meets one it sleeps, and the
    collision is stored for people to decide. What another timetable or a block already takes is
    left to it too, and comes back to these lessons when it goes. Only rows that differ are
    written. `kept` and `laid_until`: what lays the same lessons out further, later; then `content`
    is None. Run it inside transaction(): the spaces are locked first.
    """
    buffers = lock_spaces(list_space_ids(room.id))
    timetable = _timetable(room, file_name, content, now)
    timetable.kept, timetable.laid_until = kept, laid_until
    lessons = sorted(lessons)
    others = _others(buffers, lessons, timetable)
    collisions = list(_collisions(lessons, others, buffers, zone_name, now))
    wanted = set(_slots(lessons, others, buffers))
    current = {
        Slot(row.space_id, row.starts_at, row.ends_at, row.frees_at, row.active): row.id
        for row in db.session.scalars(
            sa.select(Occupation).where(Occupation.timetable_id == timetable.id)
        )
    }
    _write(timetable.id, wanted - current.keys(), [current[s] for s in current.keys() - wanted])
    wake_lessons(buffers)
    timetable.event_count = len(lessons)
    keep_collisions(
        timetable.id, [(one.lesson, one.booking_date_id) for one in collisions], now=now
    )
    before = {(slot.starts_at, slot.ends_at) for slot in current}
    after = {(slot.starts_at, slot.ends_at) for slot in wanted}
    return Replacement(
        added=len(after - before),
        removed=len(before - after),
        kept=len(after & before),
        collisions=collisions,
    )


def give_back(booking_date_ids: Iterable[uuid.UUID], *, now: datetime) -> None:
    """These dates of bookings no longer take their spaces: the lessons below wake at once.

    Call it in the transaction that let the spaces go, with these spaces locked.
    """
    rows = db.session.execute(
        sa.select(
            Occupation.space_id,
            sa.func.min(Occupation.starts_at),
            sa.func.max(Occupation.frees_at),
        )
        .where(Occupation.booking_date_id.in_(list(booking_date_ids)))
        .group_by(Occupation.space_id)
    ).all()
    end_for_bookings(booking_date_ids, now=now)
    if rows:
        span = (min(row[1] for row in rows), max(row[2] for row in rows))
        wake_lessons([row[0] for row in rows], span=span)


def wake_lessons(
    space_ids: Iterable[uuid.UUID], *, span: tuple[datetime, datetime] | None = None
) -> None:
    """Let sleeping lessons take what no longer is taken; the spaces are locked already.

    Call it when a block goes (`span`: from when to when): a lesson below it is still a lesson.
    """
    active = aliased(Occupation)
    for space_id, buffer in db.session.execute(
        sa.select(Space.id, Space.buffer).where(Space.id.in_(list(space_ids))).order_by(Space.id)
    ):
        sleeping = sa.select(Occupation).where(Occupation.space_id == space_id, _SLEEPING)
        if span is not None:
            sleeping = sleeping.where(
                Occupation.starts_at < span[1] + buffer, Occupation.ends_at > span[0] - buffer
            )
        for row in db.session.scalars(sleeping.order_by(Occupation.starts_at, Occupation.id)):
            taken = db.session.execute(
                sa.select(active.starts_at - buffer, active.frees_at)
                .where(active.space_id == space_id, active.active)
                .where(active.frees_at > row.starts_at)
                .where(active.starts_at < row.ends_at + buffer)
                .order_by(active.starts_at)
            )
            cuts = [(start, end) for start, end in taken]
            slots = set(_cut(space_id, row.starts_at, row.ends_at, cuts, buffer))
            if any(slot.active for slot in slots) and row.timetable_id is not None:
                _write(row.timetable_id, slots, [row.id])


def _timetable(room: Room, file_name: str, content: bytes | None, now: datetime) -> Timetable:
    timetable = db.session.scalar(sa.select(Timetable).where(Timetable.room_id == room.id))
    if content is None and timetable is not None:
        return timetable
    digest = hashlib.sha256(content or b"").hexdigest()
    if timetable is None:
        timetable = Timetable(
            room_id=room.id, file_name=file_name, digest=digest, imported_at=now, event_count=0
        )
        db.session.add(timetable)
    elif timetable.digest != digest:
        timetable.file_name, timetable.digest, timetable.imported_at = file_name, digest, now
    db.session.flush()
    return timetable


def _others(
    spaces: Iterable[uuid.UUID], lessons: list[Lesson], timetable: Timetable
) -> list[Occupation]:
    """Active occupations of these spaces around the lessons, this timetable's left out."""
    if not lessons:
        return []
    first = lessons[0].starts_at - timedelta(days=2)
    last = max(lesson.ends_at for lesson in lessons) + timedelta(days=1)
    return list(
        db.session.scalars(
            sa.select(Occupation)
            .where(Occupation.space_id.in_(list(spaces)), Occupation.active)
            .where(Occupation.utc_day.between(first.date(), last.date()))
            .where(Occupation.timetable_id.is_distinct_from(timetable.id))
            .order_by(Occupation.starts_at, Occupation.id)
        )
    )


def _collisions(
    lessons: list[Lesson],
    others: list[Occupation],
    buffers: dict[uuid.UUID, timedelta],
    zone_name: str,
    now: datetime,
) -> Iterator[Collision]:
    """Each lesson to come with each booking that it meets.

    Both lists are in order of their starts: each booking is looked at while it may count.
    """
    booked = [row for row in others if row.kind in BOOKED]
    pause = max(buffers.values(), default=timedelta())
    at = 0
    for lesson in lessons:
        if lesson.ends_at <= now:
            continue
        met: set[uuid.UUID] = set()
        # No row lasts more than 29 hours: one that started long before is behind us.
        while at < len(booked) and booked[at].starts_at < lesson.starts_at - timedelta(hours=30):
            at += 1
        for row in booked[at:]:
            if row.starts_at >= lesson.ends_at + pause:
                break
            date_id = row.booking_date_id
            touches = lesson.starts_at < row.frees_at and (
                row.starts_at < lesson.ends_at + buffers[row.space_id]
            )
            if touches and date_id is not None and date_id not in met:
                met.add(date_id)
                yield Collision(lesson, date_id, _reason(lesson, row, zone_name))


def _reason(lesson: Lesson, row: Occupation, zone_name: str) -> str:
    title = f" « {lesson.title} »" if lesson.title else ""
    when = periode(lesson.starts_at, lesson.ends_at, zone_name)
    return f"cours{title} du {when} : {row.kind.label} au même moment, rien n’est écrasé"


def _slots(
    lessons: list[Lesson], others: list[Occupation], buffers: dict[uuid.UUID, timedelta]
) -> Iterator[Slot]:
    """Merged lessons, asleep where a booking, another timetable or a block already is."""
    for space_id, buffer in buffers.items():
        taken = [
            (row.starts_at - buffer, row.frees_at) for row in others if row.space_id == space_id
        ]
        # Nothing fits between two lessons closer than the pause: they are one use.
        for start, end in merge(((one.starts_at, one.ends_at) for one in lessons), buffer):
            yield from _cut(space_id, start, end, taken, buffer)


def _cut(
    space_id: uuid.UUID,
    start: datetime,
    end: datetime,
    taken: list[tuple[datetime, datetime]],
    buffer: timedelta,
) -> Iterator[Slot]:
    """A use as rows of 24 h at most: active outside `taken`, sleeping inside."""
    near = [cut for cut in taken if cut[0] < end and start < cut[1]]
    free = subtract([(start, end)], near)
    asleep = subtract([(start, end)], free)
    for active, pieces in ((True, free), (False, asleep)):
        for piece_start, piece_end in pieces:
            while piece_start < piece_end:
                stop = min(piece_end, piece_start + LONGEST)
                frees_at = stop + buffer if stop == piece_end else stop
                yield Slot(space_id, piece_start, stop, frees_at, active)
                piece_start = stop


def _write(timetable_id: uuid.UUID, added: set[Slot], removed: list[int]) -> None:
    if removed:
        db.session.execute(sa.delete(Occupation).where(Occupation.id.in_(removed)))
    if added:
        db.session.execute(
            sa.insert(Occupation),
            [
                {
                    "space_id": slot.space_id,
                    "kind": OccupationKind.SCHOOL,
                    "starts_at": slot.starts_at,
                    "ends_at": slot.ends_at,
                    "frees_at": slot.frees_at,
                    "active": slot.active,
                    "timetable_id": timetable_id,
                }
                for slot in sorted(added, key=lambda one: (one.space_id, one.starts_at))
            ],
        )
    db.session.flush()
