"""Rows for tests: plain functions, valid by default, flushed; every argument by keyword.

`make_room()` alone gives a published room of one space in a collège of Rennes, open every day
from 8 h to 22 h, at 12,50 € an hour for associations. Unknown columns are refused by the models.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range

from salle.accounts.models import RoleAssignment, User
from salle.accounts.rules import Role
from salle.accounts.service import issue_api_token
from salle.bookings.models import Booking, BookingDate
from salle.bookings.rules import BookingState, DateState
from salle.db import db
from salle.kernel.clock import from_wall
from salle.kernel.french import UAI_LETTERS, slugify
from salle.kernel.ids import new_reference
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
from salle.venues.models import (
    OpeningRule,
    OpeningWindow,
    Room,
    RoomSpace,
    Schedule,
    Site,
    Space,
    Timetable,
)
from salle.venues.occupations import Occupation
from salle.venues.rules import OccupationKind, Period, RoomKind, SchoolCalendar

NOW = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
RENNES = (48.1173, -1.6778)
_counter = itertools.count(1)


Row = TypeVar("Row")


def at(day: date | str, hours: float = 0, zone: str = "Europe/Paris") -> datetime:
    """The UTC instant of a wall-clock hour of that day: at("2027-01-12", 18.5)."""
    first = date.fromisoformat(day) if isinstance(day, str) else day
    midnight = datetime(first.year, first.month, first.day)  # noqa: DTZ001 wall time
    return from_wall(midnight + timedelta(hours=hours), zone)


def _save(row: Row) -> Row:
    db.session.add(row)
    db.session.flush()
    return row


def make_uai(number: int | None = None) -> str:
    """A valid UAI: 7 digits and their letter."""
    number = 350_000 + next(_counter) if number is None else number
    return f"{number:07d}{UAI_LETTERS[number % 23]}"


def make_territory(**values: Any) -> Territory:
    n = next(_counter)
    known = {"slug": f"territoire-{n}", "name": f"Département d’essai {n}"}
    return _save(
        Territory(**{**known, "kind": TerritoryKind.DEPARTMENT, "created_at": NOW, **values})
    )


def make_site(*, territory: Territory | None = None, **values: Any) -> Site:
    n = next(_counter)
    territory = territory or make_territory()
    known = {
        "uai": make_uai(),
        "name": f"Collège d’essai {n}",
        "address": f"{n} rue des Tilleuls",
        "postcode": "35000",
        "commune": "Rennes",
        "insee_code": "35238",
        "lat": RENNES[0],
        "lon": RENNES[1],
        "calendar": SchoolCalendar.ZONE_B,
        "time_zone": "Europe/Paris",
    }
    return _save(Site(territory_id=territory.id, **{**known, **values}))


def make_schedule(*, site: Site, for_room: bool = False) -> Schedule:
    """The site's own schedule (made once), or one more for a room."""
    if not for_room:
        found = db.session.scalar(
            sa.select(Schedule).where(Schedule.site_id == site.id, ~Schedule.for_room)
        )
        if found is not None:
            return found
    return _save(Schedule(site_id=site.id, for_room=for_room))


def make_windows(
    schedule: Schedule | uuid.UUID,
    *,
    first: date = TODAY - timedelta(days=7),
    days: int = 400,
    opens: float = 8,
    closes: float = 22,
    weekdays: Iterable[int] = range(1, 8),
    zone: str = "Europe/Paris",
) -> None:
    """Opening windows, the same wall-clock hours every day (ISO weekdays)."""
    schedule_id = schedule if isinstance(schedule, uuid.UUID) else schedule.id
    chosen = set(weekdays)
    db.session.add_all(
        OpeningWindow(
            schedule_id=schedule_id,
            day=day,
            starts_at=at(day, opens, zone),
            ends_at=at(day, closes, zone),
        )
        for day in (first + timedelta(days=n) for n in range(days))
        if day.isoweekday() in chosen
    )
    db.session.flush()


def make_rule(*, site: Site, room: Room | None = None, **values: Any) -> OpeningRule:
    """Every day of term, 18 h – 22 h; rebuild_windows() lays it out."""
    known = {"period": Period.TERM, "weekday": None, "opens": 18 * 60, "closes": 22 * 60}
    return _save(
        OpeningRule(site_id=site.id, room_id=room.id if room else None, **{**known, **values})
    )


def make_space(*, site: Site, **values: Any) -> Space:
    known = {"name": f"Espace {next(_counter)}", "buffer": timedelta(0)}
    return _save(Space(site_id=site.id, **{**known, **values}))


def make_room(
    *,
    site: Site | None = None,
    spaces: Sequence[Space] | None = None,
    schedule: Schedule | None = None,
    windows: bool = True,
    hourly_cents: int | None = 1250,
    **values: Any,
) -> Room:
    """A published room; `windows=False` leaves it closed, `hourly_cents=None` without tariff.

    Without `schedule` it shares its site's; windows are laid out when that one has none yet.
    """
    site = site or make_site()
    spaces = [make_space(site=site)] if spaces is None else spaces
    schedule = schedule or make_schedule(site=site)
    n = next(_counter)
    name = values.pop("name", f"Gymnase d’essai {n}")
    known = {
        "slug": slugify(name) if "d’essai" in name else f"{slugify(name)}-{n}",
        "kind": RoomKind.GYMNASIUM,
        "capacity": 80,
        "published_at": NOW - timedelta(days=30),
    }
    room = Room(
        site_id=site.id,
        site=site,
        territory_id=site.territory_id,
        schedule_id=schedule.id,
        name=name,
        **{**known, **values},
    )
    _save(room)
    db.session.add_all(
        RoomSpace(room_id=room.id, space_id=space.id, buffer=space.buffer) for space in spaces
    )
    db.session.flush()
    laid_out = db.session.scalar(
        sa.select(sa.exists().where(OpeningWindow.schedule_id == schedule.id))
    )
    if windows and not laid_out:
        make_windows(schedule, zone=site.time_zone)
    if hourly_cents is not None:
        make_tariff(room=room, hourly_cents=hourly_cents)
    return room


def make_tariff(*, room: Room, **values: Any) -> Tariff:
    """12,50 € an hour for associations, always valid."""
    known = {
        "audience": Audience.ASSOCIATION,
        "hourly_cents": 1250,
        "valid": Range(None, None),
        "voted_on": date(2026, 6, 25),
        "decision": "délibération du conseil d’administration du 25 juin 2026",
    }
    known |= values
    known.setdefault("full_hourly_cents", max(2500, int(known["hourly_cents"])))
    return _save(Tariff(room_id=room.id, **known))


def make_account(*, site: Site, **values: Any) -> CollectionAccount:
    """The collège's account at the payment provider."""
    known = {"provider": "stripe", "account": f"acct_test{next(_counter)}"}
    return _save(CollectionAccount(site_id=site.id, **{**known, **values}))


def make_user(**values: Any) -> User:
    n = next(_counter)
    known = {"name": f"Personne {n}", "email": f"personne{n}@demo.example", "created_at": NOW}
    return _save(User(**{**known, **values}))


def give_role(
    user: User, role: Role, *, site: Site | None = None, territory: Territory | None = None
) -> RoleAssignment:
    """A role in one scope; the user's roles are read again."""
    assignment = _save(
        RoleAssignment(
            user_id=user.id,
            role=role,
            site_id=site.id if site else None,
            territory_id=territory.id if territory else None,
        )
    )
    db.session.expire(user, ["roles"])
    return assignment


def make_organisation(*, territory: Territory | None = None, **values: Any) -> Organisation:
    """An accepted, insured association."""
    n = next(_counter)
    territory = territory or make_territory()
    known = {
        "kind": OrganisationKind.ASSOCIATION,
        "name": f"Association d’essai {n}",
        "rna": f"W35{n:07d}",
        "commune": "Rennes",
        "eligibility": Eligibility.ACCEPTED,
        "insured_until": date(2030, 12, 31),
        "created_at": NOW,
    }
    return _save(Organisation(territory_id=territory.id, **{**known, **values}))


def make_member(
    *, organisation: Organisation | None = None, user: User | None = None, **values: Any
) -> Membership:
    """A person who may act for an organisation."""
    organisation, user = organisation or make_organisation(), user or make_user()
    known = {"role": MemberRole.PRESIDENT, "created_at": NOW}
    return _save(
        Membership(user_id=user.id, organisation_id=organisation.id, **{**known, **values})
    )


def make_bearer(user: User, *, now: datetime = NOW) -> dict[str, str]:
    """Headers that sign this person in to the API."""
    return {"Authorization": f"Bearer {issue_api_token(email=user.email, now=now)}"}


def occupy(
    room: Room,
    starts_at: datetime,
    ends_at: datetime,
    *,
    kind: OccupationKind = OccupationKind.BLOCK,
    buffer: timedelta | None = None,
) -> list[Occupation]:
    """Take every space of the room: a block, or school use (with its timetable)."""
    pairs = db.session.execute(
        sa.select(RoomSpace.space_id, RoomSpace.buffer)
        .where(RoomSpace.room_id == room.id)
        .order_by(RoomSpace.space_id)
    ).all()
    timetable = _timetable_of(room) if kind == OccupationKind.SCHOOL else None
    rows = [
        Occupation(
            space_id=space_id,
            kind=kind,
            starts_at=starts_at,
            ends_at=ends_at,
            frees_at=ends_at + (own if buffer is None else buffer),
            timetable_id=timetable.id if timetable else None,
        )
        for space_id, own in pairs
    ]
    db.session.add_all(rows)
    db.session.flush()
    return rows


def _timetable_of(room: Room) -> Timetable:
    found = db.session.scalar(sa.select(Timetable).where(Timetable.room_id == room.id))
    return found or _save(
        Timetable(
            room_id=room.id, file_name="essai.ics", digest="0", imported_at=NOW, event_count=1
        )
    )


def make_booking(
    *,
    room: Room,
    organisation: Organisation,
    user: User,
    starts_at: datetime,
    ends_at: datetime,
    state: BookingState = BookingState.CONFIRMED,
    **values: Any,
) -> Booking:
    """A booking of one date with its occupations (active when its state takes the spaces)."""
    cents = values.pop("price_cents", 2500)
    booking = _save(
        Booking(
            **{
                "reference": new_reference("ESS", 8),
                "room_id": room.id,
                "organisation_id": organisation.id,
                "created_by_id": user.id,
                "state": state,
                "purpose": "Entraînement",
                "headcount": 12,
                "price_cents": cents,
                "full_value_cents": max(cents, 5000),
                "price_rule": "tarif association",
                "hold_expires_at": NOW + timedelta(minutes=10),
                "confirmed_at": NOW if state == BookingState.CONFIRMED else None,
                "created_at": NOW,
                **values,
            }
        )
    )
    day = _save(
        BookingDate(
            booking_id=booking.id,
            starts_at=starts_at,
            ends_at=ends_at,
            state=DateState(state.value),
            price_cents=cents,
            full_value_cents=max(cents, 5000),
        )
    )
    live = state in {BookingState.HELD, BookingState.REQUESTED, BookingState.CONFIRMED}
    kind = OccupationKind.BOOKING if state == BookingState.CONFIRMED else OccupationKind.HOLD
    pairs = db.session.execute(
        sa.select(RoomSpace.space_id, RoomSpace.buffer).where(RoomSpace.room_id == room.id)
    ).all()
    db.session.add_all(
        Occupation(
            space_id=space_id,
            kind=kind,
            starts_at=starts_at,
            ends_at=ends_at,
            frees_at=ends_at + buffer,
            active=live,
            booking_date_id=day.id,
        )
        for space_id, buffer in pairs
    )
    db.session.flush()
    return booking
