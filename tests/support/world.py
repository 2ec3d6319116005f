"""A small fictional world for tests: one territory, a gymnase with two halves, two associations."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range

from salle.accounts.models import RoleAssignment, User
from salle.accounts.rules import Role
from salle.db import db
from salle.doors.models import Door, RoomDoor
from salle.organisations.models import (
    Eligibility,
    MemberRole,
    Membership,
    Organisation,
    OrganisationKind,
)
from salle.payments.models import CollectionAccount, Tariff
from salle.payments.rules import Audience
from salle.territories.models import Territory, TerritoryKind
from salle.venues.models import OpeningWindow, Room, RoomSpace, Schedule, Site, Space
from salle.venues.rules import BookingMode, RoomKind, SchoolCalendar

NOW = datetime(2027, 1, 11, 9, 0, tzinfo=UTC)
"""A Monday morning; the world is open from 17 h to 22 h (Paris) for six weeks."""
OPENS, CLOSES = 16, 21  # UTC hours in winter


@dataclass
class World:
    """What `build_world` made; ids only, so that it can cross sessions."""

    territory_id: uuid.UUID
    site_id: uuid.UUID
    whole: uuid.UUID
    half_a: uuid.UUID
    half_b: uuid.UUID
    free_room: uuid.UUID
    door_id: uuid.UUID
    member: uuid.UUID
    other_member: uuid.UUID
    manager: uuid.UUID
    outsider: uuid.UUID
    organisation: uuid.UUID
    other_organisation: uuid.UUID
    spaces: list[uuid.UUID] = field(default_factory=list)


def tuesday(hour: int, minute: int = 0, *, week: int = 0) -> datetime:
    """A Tuesday of January 2027 at that hour of Paris, as a UTC instant."""
    return datetime(2027, 1, 12, hour - 1, minute, tzinfo=UTC) + timedelta(weeks=week)


def build_world(now: datetime = NOW) -> World:
    """Add the world to the session and flush; the caller commits or rolls back."""
    territory = Territory(
        id=uuid.uuid4(), slug=f"t-{uuid.uuid4().hex[:8]}", name="Fiction",
        kind=TerritoryKind.DEPARTMENT, fictional=True,
    )  # fmt: skip
    db.session.add(territory)
    db.session.flush()
    site = _site(territory)
    schedule = Schedule(id=uuid.uuid4(), site_id=site.id)
    spaces = [Space(id=uuid.uuid4(), site_id=site.id, name=f"Moitié {n}") for n in "AB"]
    foyer = Space(id=uuid.uuid4(), site_id=site.id, name="Foyer")
    db.session.add_all([schedule, *spaces, foyer])
    db.session.flush()
    again = (
        f"-{uuid.uuid4().hex[:6]}" if _exists("gymnase") else ""
    )  # an address is one room's only
    rooms = {
        "gymnase": _room(site, schedule, f"gymnase{again}", spaces),
        "gymnase-a": _room(site, schedule, f"gymnase-a{again}", spaces[:1]),
        "gymnase-b": _room(site, schedule, f"gymnase-b{again}", spaces[1:]),
        "foyer": _room(site, schedule, f"foyer{again}", [foyer], hourly_cents=0, approval=True),
    }
    _open(schedule, now.date())
    door = Door(id=uuid.uuid4(), site_id=site.id, name="Porte 2", driver="virtual")
    db.session.add(door)
    db.session.flush()
    db.session.add_all(RoomDoor(room_id=room.id, door_id=door.id) for room in rooms.values())
    db.session.add(
        CollectionAccount(site_id=site.id, provider="stripe", account=f"acct_demo_{site.uai}")
    )
    people = {name: _person(name) for name in ("member", "other", "manager", "outsider")}
    first, second = (_organisation(territory, people[name]) for name in ("member", "other"))
    db.session.add(
        RoleAssignment(user_id=people["manager"].id, role=Role.COLLEGE_MANAGER, site_id=site.id)
    )
    db.session.flush()
    db.session.expire_all()
    return World(
        territory_id=territory.id,
        site_id=site.id,
        whole=rooms["gymnase"].id,
        half_a=rooms["gymnase-a"].id,
        half_b=rooms["gymnase-b"].id,
        free_room=rooms["foyer"].id,
        door_id=door.id,
        member=people["member"].id,
        other_member=people["other"].id,
        manager=people["manager"].id,
        outsider=people["outsider"].id,
        organisation=first.id,
        other_organisation=second.id,
        spaces=[space.id for space in spaces],
    )


def get_user(user_id: uuid.UUID) -> User:
    """The person, in the present session."""
    user = db.session.get(User, user_id)
    assert user is not None
    return user


def _exists(slug: str) -> bool:
    return bool(db.session.scalar(sa.select(sa.exists().where(Room.slug == slug))))


def _site(territory: Territory) -> Site:
    number = uuid.uuid4().int % 1_000_000 + 9_000_000
    letter = "ABCDEFGHJKLMNPRSTUVWXYZ"[number % 23]
    site = Site(
        id=uuid.uuid4(), territory_id=territory.id, uai=f"{number:07d}{letter}",
        name="Collège des Essais", address="1 rue des Essais", postcode="99000",
        commune="Fictive", insee_code="99000", lat=48.11, lon=-1.68,
        calendar=SchoolCalendar.ZONE_B, fictional=True,
    )  # fmt: skip
    db.session.add(site)
    db.session.flush()
    return site


def _room(
    site: Site,
    schedule: Schedule,
    slug: str,
    spaces: list[Space],
    *,
    hourly_cents: int = 1250,
    approval: bool = False,
) -> Room:
    room = Room(
        id=uuid.uuid4(), site_id=site.id, territory_id=site.territory_id, schedule_id=schedule.id,
        slug=slug, name=slug.capitalize(), kind=RoomKind.GYMNASIUM, capacity=80,
        booking_mode=BookingMode.APPROVAL if approval else BookingMode.INSTANT,
        published_at=NOW - timedelta(days=30),
    )  # fmt: skip
    db.session.add(room)
    db.session.flush()
    db.session.add_all(RoomSpace(room_id=room.id, space_id=space.id) for space in spaces)
    db.session.add(
        Tariff(
            room_id=room.id,
            audience=Audience.ASSOCIATION,
            hourly_cents=hourly_cents,
            full_hourly_cents=max(hourly_cents, 2000),
            valid=Range(date(2025, 1, 1), None),
            decision="décision fictive",
        )  # fmt: skip
    )
    return room


def _open(schedule: Schedule, first: date) -> None:
    for offset in range(42):
        day = first + timedelta(days=offset)
        start = datetime(day.year, day.month, day.day, OPENS, tzinfo=UTC)
        db.session.add(
            OpeningWindow(
                schedule_id=schedule.id,
                day=day,
                starts_at=start,
                ends_at=start + timedelta(hours=CLOSES - OPENS),
            )  # fmt: skip
        )


def _person(name: str) -> User:
    user = User(
        id=uuid.uuid4(), name=name.capitalize(),
        email=f"{name}-{uuid.uuid4().hex[:6]}@essai.example",
        created_at=NOW, fictional=True,
    )  # fmt: skip
    db.session.add(user)
    db.session.flush()
    return user


def _organisation(territory: Territory, president: User) -> Organisation:
    organisation = Organisation(
        id=uuid.uuid4(), territory_id=territory.id, kind=OrganisationKind.ASSOCIATION,
        name=f"Association {president.name}", eligibility=Eligibility.ACCEPTED,
        insured_until=date(2028, 8, 31), created_at=NOW, fictional=True,
    )  # fmt: skip
    db.session.add(organisation)
    db.session.flush()
    db.session.add(
        Membership(
            user_id=president.id,
            organisation_id=organisation.id,
            role=MemberRole.PRESIDENT,
            created_at=NOW,
        )  # fmt: skip
    )
    return organisation
