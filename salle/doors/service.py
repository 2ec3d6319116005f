"""Access grants: made when a booking is confirmed, revoked with it, tried on keypads.

Every function runs in its caller's transaction(); doors are the last rows to be locked.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import sqlalchemy as sa

from salle.db import db
from salle.doors.codes import clean_code, digest_of, draw_code, seal_code
from salle.doors.models import AccessGrant, DoorTry
from salle.doors.queries import (
    BOOKING_DATE,
    GrantView,
    find_locked_until,
    list_by_digest,
    list_grants,
    list_room_doors,
    lock_doors,
    map_taken_digests,
)
from salle.doors.rules import GrantState, TryOutcome
from salle.jobs import enqueue
from salle.kernel.errors import NotFound
from salle.venues.models import Room


class Identified(Protocol):
    """A booking, as far as doors are concerned."""

    id: uuid.UUID


class Use(Protocol):
    """One date of a booking, as far as doors are concerned."""

    id: uuid.UUID
    starts_at: datetime
    ends_at: datetime


def issue_grants(
    booking: Identified, dates: Sequence[Use], room: Room, now: datetime
) -> list[GrantView]:
    """One code per date and door of the room; returns what may already be seen of them.

    At any moment a code belongs to one grant of its door only. Called again it makes nothing
    new, except for grants revoked since. When a code may only be seen later, a job writes to
    the person who booked at that moment. The number of statements does not grow with the dates.
    """
    doors = lock_doors(list_room_doors(room.id))
    known = _list_known([date.id for date in dates])
    hours = {date.id: _hours(date, room) for date in dates}
    taken = map_taken_digests(
        doors,
        min(valid_from for valid_from, _ in hours.values()),
        max(valid_until for _, valid_until in hours.values()),
    )
    for date in dates:
        missing = [door_id for door_id in doors if (date.id, door_id) not in known]
        visible_from = _visible_from(date, room, now)
        for door_id in missing:
            _add_grant(date, door_id, hours[date.id], visible_from, taken[door_id], now)
        if missing and visible_from > now:
            enqueue("doors.reveal", run_at=visible_from, booking_date_id=date.id)
    db.session.flush()
    return list_grants(booking.id, now)


def _list_known(date_ids: Collection[uuid.UUID]) -> set[tuple[uuid.UUID, uuid.UUID]]:
    """(date, door) that have an active grant; revoked ones leave their place."""
    db.session.execute(
        sa.delete(AccessGrant).where(
            AccessGrant.booking_date_id.in_(date_ids), AccessGrant.state == GrantState.REVOKED
        )
    )
    rows = db.session.execute(
        sa.select(AccessGrant.booking_date_id, AccessGrant.door_id).where(
            AccessGrant.booking_date_id.in_(date_ids)
        )
    )
    return {(date_id, door_id) for date_id, door_id in rows}


def _hours(date: Use, room: Room) -> tuple[datetime, datetime]:
    """From when to when a code of that date opens."""
    return (
        date.starts_at - timedelta(minutes=room.code_before_minutes),
        date.ends_at + timedelta(minutes=room.code_after_minutes),
    )


def _visible_from(date: Use, room: Room, now: datetime) -> datetime:
    shown = room.code_shown_minutes
    visible_from = now if shown is None else date.starts_at - timedelta(minutes=shown)
    return min(visible_from, _hours(date, room)[0])


def _add_grant(
    date: Use,
    door_id: uuid.UUID,
    hours: tuple[datetime, datetime],
    visible_from: datetime,
    taken: set[str],
    now: datetime,
) -> None:
    code, digest = draw_code(door_id=door_id, taken=taken)
    taken.add(digest)
    grant_id = uuid.uuid4()
    db.session.add(
        AccessGrant(
            id=grant_id,
            booking_date_id=date.id,
            door_id=door_id,
            code_encrypted=seal_code(code, grant_id=grant_id),
            code_digest=digest,
            visible_from=visible_from,
            valid_from=hours[0],
            valid_until=hours[1],
            created_at=now,
        )
    )


def revoke_grants(
    booking_id: uuid.UUID, now: datetime, *, date_ids: Collection[uuid.UUID] | None = None
) -> int:
    """The codes of a booking (or of some of its dates) no longer open; returns how many.

    Those whose hours are over stay as they were.
    """
    dates = sa.select(BOOKING_DATE.c.id).where(BOOKING_DATE.c.booking_id == booking_id)
    if date_ids is not None:
        dates = dates.where(BOOKING_DATE.c.id.in_(date_ids))
    revoked = db.session.execute(
        sa.update(AccessGrant)
        .where(
            AccessGrant.booking_date_id.in_(dates),
            AccessGrant.state == GrantState.ACTIVE,
            AccessGrant.valid_until > now,
        )
        .values(state=GrantState.REVOKED)
        .returning(AccessGrant.id)
    )
    return len(revoked.all())


def try_code(door_id: uuid.UUID, code: str, now: datetime) -> TryOutcome:
    """What the door answers to a code typed on its keypad; every try is written down.

    Tries at one door are judged one after the other, so that simultaneous guesses cannot pass
    the limit. Only unknown codes count towards the lockout: a right code typed too early
    must not close the door to its holders. Raises NotFound.
    """
    if not lock_doors([door_id]):
        raise NotFound
    grant: AccessGrant | None = None
    if find_locked_until(door_id, now) is not None:
        outcome = TryOutcome.LOCKED_OUT
    else:
        grant, outcome = _judge(door_id, code, now)
    db.session.add(
        DoorTry(
            door_id=door_id,
            grant_id=grant.id if grant is not None else None,
            outcome=outcome,
            at=now,
        )
    )
    db.session.flush()
    return outcome


def _judge(door_id: uuid.UUID, code: str, now: datetime) -> tuple[AccessGrant | None, TryOutcome]:
    """The grant that this code is, and the answer; the most favourable when several had it."""
    digits = clean_code(code)
    grants = list_by_digest(door_id, digest_of(digits, door_id=door_id)) if digits else ()
    best: tuple[AccessGrant | None, TryOutcome] = (None, TryOutcome.UNKNOWN_CODE)
    for grant in grants:
        if grant.state == GrantState.REVOKED:
            best = best if best[0] is not None else (grant, TryOutcome.REVOKED)
        elif grant.valid_from <= now < grant.valid_until:
            return grant, TryOutcome.OK
        else:
            best = (grant, TryOutcome.OUTSIDE_WINDOW)
    return best
