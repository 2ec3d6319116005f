"""Reading secret addresses: which calendars a person may follow, and the live addresses."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import sqlalchemy as sa

from salle.accounts.models import User
from salle.accounts.rules import PERMISSIONS, Permission
from salle.calendars.models import CalendarAddress
from salle.calendars.rules import AddressKind
from salle.db import db
from salle.kernel.errors import NotFound
from salle.organisations.queries import list_memberships
from salle.venues.queries import list_site_ids_for_user, list_sites


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A calendar that a person may follow."""

    kind: AddressKind
    subject_id: uuid.UUID | None
    name: str


def list_offers(user: User) -> list[Offer]:
    """One for each association, one for the doors to keep, one for each site; in that order."""
    offers = [
        Offer(kind=AddressKind.ORGANISATION, subject_id=organisation.id, name=organisation.name)
        for organisation, _ in list_memberships(user.id)
    ]
    if any(
        assignment.site_id is not None and Permission.SEE_DOOR_CODES in PERMISSIONS[assignment.role]
        for assignment in user.roles
    ):
        offers.append(
            Offer(kind=AddressKind.CARETAKER, subject_id=None, name="Ouvertures et fermetures")
        )
    sites = list_sites(list_site_ids_for_user(user))
    return offers + [
        Offer(kind=AddressKind.SITE, subject_id=site.id, name=site.name) for site in sites
    ]


def list_live_addresses(user_id: uuid.UUID) -> list[CalendarAddress]:
    """The person's addresses that are not revoked, oldest first."""
    return list(
        db.session.scalars(
            sa.select(CalendarAddress)
            .where(CalendarAddress.user_id == user_id, CalendarAddress.revoked_at.is_(None))
            .order_by(CalendarAddress.created_at, CalendarAddress.id)
        )
    )


def find_live_address(
    user_id: uuid.UUID, kind: AddressKind, subject_id: uuid.UUID | None
) -> CalendarAddress | None:
    """The person's live address for that calendar, or None."""
    for address in list_live_addresses(user_id):
        if address.kind == kind and (address.organisation_id or address.site_id) == subject_id:
            return address
    return None


def lock_live_address(address_id: uuid.UUID, user_id: uuid.UUID) -> CalendarAddress:
    """One's own live address, locked; NotFound for any other."""
    address = db.session.scalar(
        sa.select(CalendarAddress)
        .where(
            CalendarAddress.id == address_id,
            CalendarAddress.user_id == user_id,
            CalendarAddress.revoked_at.is_(None),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if address is None:
        raise NotFound
    return address
