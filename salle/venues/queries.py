"""Reading rooms: only published rooms of open sites are public."""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager

from salle.accounts.models import User
from salle.accounts.rules import PERMISSIONS, Permission
from salle.db import db
from salle.kernel.errors import NotFound
from salle.kernel.rates import Rate
from salle.venues.models import Room, RoomSpace, SchoolHoliday, Site
from salle.venues.rules import SchoolCalendar

_SLUG = re.compile(r"[a-z0-9-]{1,80}\Z")


def _public_rooms() -> sa.Select[Room]:
    return (
        sa.select(Room)
        .join(Room.site)
        .options(contains_eager(Room.site))
        .where(
            Room.published_at.is_not(None),
            sa.or_(Site.closed_on.is_(None), Site.closed_on > sa.func.current_date()),
        )
    )


def _one(statement: sa.Select[Room], **key: uuid.UUID | str) -> Room:
    room = db.session.scalar(statement, key)
    if room is None:
        raise NotFound("Cette salle n’existe pas, ou n’est plus proposée.")
    return room


_BY_ID = _public_rooms().where(Room.id == sa.bindparam("key"))
_BY_SLUG = _public_rooms().where(Room.slug == sa.bindparam("key"))


def get_room(room_id: uuid.UUID) -> Room:
    """A public room with its site loaded; NotFound."""
    return _one(_BY_ID, key=room_id)


def get_room_by_slug(slug: str) -> Room:
    """The same, by the last part of its address; NotFound."""
    if not _SLUG.match(slug):
        raise NotFound
    return _one(_BY_SLUG, key=slug)


def find_room(key: str) -> Room:
    """A public room by its id or by its slug; NotFound."""
    known = read_key(key)
    return get_room(known) if isinstance(known, uuid.UUID) else get_room_by_slug(known)


def read_key(text: str) -> uuid.UUID | str:
    """The id or the slug of a room, as an address gives it; NotFound when it can be neither."""
    try:
        return uuid.UUID(text)
    except ValueError:
        if not _SLUG.match(text):
            raise NotFound from None
        return text


def list_rooms(room_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Room]:
    """Those of these rooms that are public, by id."""
    found = db.session.scalars(_public_rooms().where(Room.id.in_(room_ids)))
    return {room.id: room for room in found}


def list_sibling_rooms(room: Room) -> Sequence[Room]:
    """The other public rooms of the same site, by name."""
    return db.session.scalars(
        _public_rooms()
        .where(Room.site_id == room.site_id, Room.id != room.id)
        .order_by(Room.name, Room.id)
    ).all()


def list_space_ids(room_id: uuid.UUID) -> list[uuid.UUID]:
    """The elementary spaces a room occupies, in order of their ids (the order of locks)."""
    return list(list_space_buffers(room_id))


def list_space_buffers(room_id: uuid.UUID) -> dict[uuid.UUID, timedelta]:
    """Those spaces with the pause each keeps between two uses, in the same order."""
    rows = db.session.execute(
        sa.select(RoomSpace.space_id, RoomSpace.buffer)
        .where(RoomSpace.room_id == room_id)
        .order_by(RoomSpace.space_id)
    )
    return {row[0]: row[1] for row in rows}


def list_site_ids_for_user(
    user: User, permission: Permission = Permission.SEE_SITE_BOOKINGS
) -> list[uuid.UUID]:
    """The sites where this person holds the permission: theirs, or their whole territory's."""
    sites, territories = set(), set()
    for assignment in user.roles:
        if permission not in PERMISSIONS[assignment.role]:
            continue
        if assignment.site_id is not None:
            sites.add(assignment.site_id)
        if assignment.territory_id is not None:
            territories.add(assignment.territory_id)
    if territories:
        sites.update(
            db.session.scalars(sa.select(Site.id).where(Site.territory_id.in_(territories)))
        )
    return sorted(sites)


def list_site_rooms(site_ids: Sequence[uuid.UUID]) -> Sequence[Room]:
    """Every room of these sites, published or not, by site and name; their sites are loaded."""
    return db.session.scalars(
        sa.select(Room)
        .join(Room.site)
        .options(contains_eager(Room.site))
        .where(Room.site_id.in_(site_ids))
        .order_by(Site.name, Site.id, Room.name, Room.id)
    ).all()


def get_site_room(site_ids: Sequence[uuid.UUID], slug: str) -> Room:
    """A room of one of these sites, published or not, its site loaded; NotFound."""
    if not _SLUG.match(slug):
        raise NotFound
    return _one(
        sa.select(Room)
        .join(Room.site)
        .options(contains_eager(Room.site))
        .where(Room.site_id.in_(site_ids), Room.slug == slug)
        .order_by(Room.id)
        .limit(1)
    )


def list_sites(site_ids: Sequence[uuid.UUID]) -> Sequence[Site]:
    """These sites, by name."""
    return db.session.scalars(
        sa.select(Site).where(Site.id.in_(site_ids)).order_by(Site.name, Site.id)
    ).all()


def get_site_by_uai(uai: str) -> Site:
    """The site with that UAI; NotFound."""
    site = db.session.scalar(sa.select(Site).where(Site.uai == uai))
    if site is None:
        raise NotFound
    return site


def school_holiday_days(site: Site, first: date, last: date) -> set[date]:
    """The civil days first..last on which pupils of that site are on holiday.

    Bridges of the calendar (Ascension) count; a public holiday in term does not.
    """
    return list_holiday_days({site.calendar}, first, last)[site.calendar]


def list_holiday_days(
    calendars: Collection[SchoolCalendar], first: date, last: date
) -> dict[SchoolCalendar, set[date]]:
    """The same for each of these calendars, in one statement."""
    found: dict[SchoolCalendar, set[date]] = defaultdict(set)
    for holiday in db.session.scalars(
        sa.select(SchoolHoliday)
        .where(
            SchoolHoliday.calendar.in_(sorted(calendars)),
            SchoolHoliday.first_day <= last,
            SchoolHoliday.last_day >= first,
        )
        .order_by(SchoolHoliday.first_day, SchoolHoliday.id)
    ):
        low, high = max(first, holiday.first_day), min(last, holiday.last_day)
        found[holiday.calendar].update(
            low + timedelta(days=n) for n in range((high - low).days + 1)
        )
    return found


# Associations' own tariff of the day, else everyone's; tariffs are kept by salle.payments,
# which stands above this package: the table is read by name, never written here.
_RATE = sa.text(
    "SELECT hourly_cents, full_hourly_cents, audience, decision FROM tariff"
    " WHERE room_id = :room AND valid @> CAST(:day AS date)"
    " AND audience IN ('association', 'everyone') ORDER BY audience, id LIMIT 1"
)


def find_rate(room_id: uuid.UUID, day: date) -> Rate | None:
    """The association's price of that civil day, or None when none was voted."""
    row = db.session.execute(_RATE, {"room": room_id, "day": day}).first()
    if row is None:
        return None
    return Rate(
        hourly_cents=row.hourly_cents,
        full_hourly_cents=row.full_hourly_cents,
        audience="association" if row.audience == "association" else "tout public",
        decision=row.decision,
    )
