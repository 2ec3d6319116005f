"""Other slots for a booking that a lesson falls on; staff decide to send them.

Nothing is sent by itself: the collège may rather move its lesson, and a timetable may be wrong.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from salle.accounts.models import User
from salle.accounts.rules import Permission
from salle.audit.service import record
from salle.bookings import emails
from salle.bookings.models import BookingDate
from salle.bookings.permissions import can_see, is_staff
from salle.bookings.queries import BookingView, list_views_by_date
from salle.db import db
from salle.installation import public_url
from salle.kernel.errors import Conflict, NotFound
from salle.kernel.words import periode
from salle.mail.service import queue_mail
from salle.venues.cards import slot_values
from salle.venues.collisions import list_open_collisions, lock_collision
from salle.venues.suggestions import Alternative, alternatives
from salle.venues.timetable_models import TimetableCollision

PROPOSED = 3


@dataclass(frozen=True, kw_only=True)
class Clash:
    """A lesson and a booking at the same time, and what the holder could take instead."""

    collision: TimetableCollision
    view: BookingView
    date: BookingDate
    others: Sequence[Alternative]


def list_clashes(site_ids: Sequence[uuid.UUID], *, now: datetime, limit: int = 20) -> list[Clash]:
    """What collides in these sites, the soonest first."""
    rows = list_open_collisions(site_ids, now=now, limit=limit)
    views = list_views_by_date([row[0].booking_date_id for row in rows])
    return [_clash(collision, views, now) for collision, _, _ in rows]


def propose(*, collision_id: uuid.UUID, actor: User, now: datetime) -> int:
    """Send the holder the slots that are free now; how many. Run it inside transaction().

    Raises NotFound (also for what the person may not decide), Conflict when it was done before
    or when nothing is free.
    """
    collision, room, _ = lock_collision(collision_id)
    clash = _clash(collision, list_views_by_date([collision.booking_date_id]), now)
    if not can_see(actor, clash.view) or not is_staff(
        actor, clash.view, Permission.DECIDE_BOOKINGS
    ):
        raise NotFound
    if collision.proposed_at is not None:
        raise Conflict("D’autres créneaux ont déjà été proposés à l’association.")
    if not clash.others:
        raise Conflict(
            "Aucun autre créneau n’est libre à un moment proche : appelez l’association."
        )
    zone = room.site.time_zone
    lesson = periode(collision.starts_at, collision.ends_at, zone)
    queue_mail(
        emails.lesson_at_that_time(
            clash.view, clash.date, lesson, [_told(other, zone) for other in clash.others]
        ),
        booking_id=clash.view.booking.id,
        dedupe_key=f"collision-{collision.id}-{collision.found_at.isoformat()}",
        now=now,
    )
    collision.proposed_at = max(now, collision.found_at)
    record(
        "booking.slots_proposed",
        object_type="booking",
        object_id=clash.view.booking.id,
        actor_id=actor.id,
        at=now,
        slots=len(clash.others),
    )
    db.session.flush()
    return len(clash.others)


def _clash(
    collision: TimetableCollision,
    views: dict[uuid.UUID, BookingView],
    now: datetime,
) -> Clash:
    view = views[collision.booking_date_id]
    date = next(one for one in view.booking.dates if one.id == collision.booking_date_id)
    found = alternatives(view.room, date.starts_at, date.ends_at, now)[:PROPOSED]
    return Clash(collision=collision, view=view, date=date, others=found)


def _told(other: Alternative, zone: str) -> tuple[str, str]:
    query = urlencode(slot_values(other.start, other.end, zone))
    when = periode(other.start, other.end, zone)
    return f"{other.room_name}, {when}", public_url(f"/salles/{other.room_slug}?{query}")
