"""Puts the fictional territory in place, once.

Everything has a fixed id. What is missing is added; what is there is left as it is, with what
people did to it: the details of a site, a room or a person come only with that row itself.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy.dialects.postgresql import Range

from config import SIMULATION_ISSUER
from salle.accounts.models import Identity, RoleAssignment, User
from salle.db import transaction
from salle.demo import life, school
from salle.demo.people import INSURED_UNTIL, ORGANISATIONS, ROLES
from salle.demo.personas import PERSONAS
from salle.demo.places import (
    ROOMS,
    SITE_HOURS,
    SITES,
    TERRITORY_NAME,
    TERRITORY_SLUG,
    DemoRoom,
    Opening,
)
from salle.demo.rows import add, add_links, key
from salle.doors.models import Door, RoomDoor
from salle.grants.seed import load_demo_fund
from salle.kernel.clock import local_day
from salle.kernel.french import UAI_LETTERS
from salle.organisations.models import Eligibility, MemberRole, Membership, Organisation
from salle.payments.models import CollectionAccount, Tariff
from salle.payments.rules import Audience
from salle.territories.models import Territory, TerritoryKind
from salle.venues.models import OpeningRule, Room, RoomSpace, Schedule, Site, Space
from salle.venues.rules import SchoolCalendar

VOTED_ON = date(2025, 6, 24)
FUNDED_FROM = date(2025, 9, 1)
TARIFFS_FROM = date(2025, 9, 1)
DECISION = "Délibération fictive nº 2025-17 du conseil d’administration"
TERRITORY_ID = key("territory", TERRITORY_SLUG)


def seed(*, now: datetime, pay: life.Pay | None = None) -> None:
    """Put the demonstration's data in place; the second time there is nothing to do.

    `pay` is given the address of the checkout of each booking to come; without it there is none.
    """
    with transaction():
        _add_territory(now)
        _add_sites()
        _add_rooms(now)
        _add_people(now)
        _add_organisations(now)
        school.add_calendar(local_day(now))
        load_demo_fund(
            territory_id=TERRITORY_ID,
            site_ids=[key("site", site.number) for site in SITES],
            from_day=FUNDED_FROM,
        )
    school.add_timetables(now)
    life.add_bookings(now, pay=pay)


def uai(number: int) -> str:
    """The UAI code of a fictional site, with its check letter (096: no such département)."""
    digits = 960_000 + number
    return f"{digits:07d}{UAI_LETTERS[digits % 23]}"


def _add_territory(now: datetime) -> None:
    add(
        Territory,
        [
            {
                "id": TERRITORY_ID,
                "slug": TERRITORY_SLUG,
                "name": TERRITORY_NAME,
                "kind": TerritoryKind.DEPARTMENT,
                "fictional": True,
                "created_at": now,
            }
        ],
    )


def _add_sites() -> None:
    new = add(
        Site,
        [
            {
                "id": key("site", site.number),
                "territory_id": TERRITORY_ID,
                "uai": uai(site.number),
                "name": site.name,
                "address": site.address,
                "postcode": site.postcode,
                "commune": site.commune,
                "insee_code": site.insee_code,
                "email": f"ce.{uai(site.number).lower()}@demo.example",
                "lat": site.lat,
                "lon": site.lon,
                "calendar": SchoolCalendar.ZONE_B,
                "fictional": True,
            }
            for site in SITES
        ],
    )
    numbers = [site.number for site in SITES if key("site", site.number) in new]
    add(
        Schedule,
        [{"id": key("schedule", n), "site_id": key("site", n), "for_room": False} for n in numbers],
    )
    add(OpeningRule, [row for n in numbers for row in _rules(n, None, SITE_HOURS)])
    add(
        CollectionAccount,
        [
            {
                "id": key("account", n),
                "site_id": key("site", n),
                "provider": "stripe",
                "account": f"acct_demo_{uai(n)}",
            }
            for n in numbers
        ],
    )


def _rules(site: int, room: DemoRoom | None, hours: tuple[Opening, ...]) -> list[dict[str, object]]:
    return [
        {
            "id": key("rule", site, room.slug if room else "", hour.period, weekday),
            "site_id": key("site", site),
            "room_id": key("room", room.slug) if room else None,
            "period": hour.period,
            "weekday": weekday,
            "opens": hour.opens,
            "closes": hour.closes,
        }
        for hour in hours
        for weekday in hour.weekdays
    ]


def _add_rooms(now: datetime) -> None:
    spaces = {(room.site, name) for room in ROOMS for name in room.spaces}
    add(
        Space,
        [
            {"id": key("space", site, name), "site_id": key("site", site), "name": name}
            for site, name in sorted(spaces)
        ],
    )
    own = [room for room in ROOMS if room.hours]
    add(
        Schedule,
        [
            {
                "id": key("schedule", room.slug),
                "site_id": key("site", room.site),
                "for_room": True,
            }
            for room in own
        ],
    )
    new: set[uuid.UUID] = set()
    for room in ROOMS:  # one by one: each has columns of its own
        new |= add(Room, [{**_room(room, now), **room.rules}])
    for room in ROOMS:
        if key("room", room.slug) in new:
            _add_room_details(room)


def _room(room: DemoRoom, now: datetime) -> dict[str, object]:
    return {
        "id": key("room", room.slug),
        "site_id": key("site", room.site),
        "territory_id": TERRITORY_ID,
        "schedule_id": key("schedule", room.slug if room.hours else room.site),
        "slug": room.slug,
        "name": room.name,
        "kind": room.kind,
        "capacity": room.capacity,
        "description": room.description,
        "equipment": list(room.equipment),
        "accessible": room.accessible,
        "hearing_loop": room.hearing_loop,
        "accessible_toilets": room.accessible,
        "published_at": now,
    }


def _add_room_details(room: DemoRoom) -> None:
    room_id = key("room", room.slug)
    add_links(
        RoomSpace,
        [{"room_id": room_id, "space_id": key("space", room.site, name)} for name in room.spaces],
    )
    add(OpeningRule, _rules(room.site, room, room.hours or ()))
    door_id = key("door", room.site, room.door)
    add(
        Door,
        [
            {
                "id": door_id,
                "site_id": key("site", room.site),
                "name": room.door,
                "directions": "Clavier à droite de la porte.",
                "driver": "virtual",
            }
        ],
    )
    add_links(RoomDoor, [{"room_id": room_id, "door_id": door_id}])
    prices = {Audience.ASSOCIATION: room.cents, Audience.EVERYONE: room.full_cents}
    add(
        Tariff,
        [
            {
                "id": key("tariff", room.slug, audience),
                "room_id": room_id,
                "audience": audience,
                "hourly_cents": cents,
                "full_hourly_cents": room.full_cents,
                "valid": Range(TARIFFS_FROM, None),
                "voted_on": VOTED_ON,
                "decision": DECISION,
            }
            for audience, cents in prices.items()
        ],
    )


def _add_people(now: datetime) -> None:
    new = add(
        User,
        [
            {
                "id": key("user", persona.email),
                "name": persona.display_name,
                "email": persona.email,
                "fictional": True,
                "created_at": now,
            }
            for persona in PERSONAS
        ],
    )
    add(
        Identity,
        [
            {
                "id": key("identity", persona.email),
                "user_id": key("user", persona.email),
                "issuer": SIMULATION_ISSUER,
                "sub": persona.sub,
            }
            for persona in PERSONAS
            if key("user", persona.email) in new
        ],
    )
    add(
        RoleAssignment,
        [
            {
                "id": key("role", email, role),
                "user_id": key("user", email),
                "role": role,
                "site_id": key("site", site) if site else None,
                "territory_id": None if site else TERRITORY_ID,
            }
            for email, role, site in ROLES
            if key("user", email) in new
        ],
    )


def _add_organisations(now: datetime) -> None:
    new = add(
        Organisation,
        [
            {
                "id": key("organisation", one.rna),
                "territory_id": TERRITORY_ID,
                "kind": one.kind,
                "name": one.name,
                "rna": one.rna,
                "commune": one.commune,
                "eligibility": Eligibility.ACCEPTED,
                "insured_until": INSURED_UNTIL,
                "fictional": True,
                "created_at": now,
            }
            for one in ORGANISATIONS
        ],
    )
    add(
        Membership,
        [
            {
                "id": key("membership", one.rna, one.president),
                "user_id": key("user", one.president),
                "organisation_id": key("organisation", one.rna),
                "role": MemberRole.PRESIDENT,
                "created_at": now,
            }
            for one in ORGANISATIONS
            if key("organisation", one.rna) in new
        ],
    )
