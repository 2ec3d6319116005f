"""Reading organisations and who may act for them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import sqlalchemy as sa

from salle.db import db
from salle.kernel.errors import NotFound
from salle.organisations.models import Membership, Organisation


def list_memberships(user_id: uuid.UUID) -> Sequence[tuple[Organisation, Membership]]:
    """The organisations for which a person may act now, by name."""
    rows = db.session.execute(
        sa.select(Organisation, Membership)
        .join(Membership, Membership.organisation_id == Organisation.id)
        .where(Membership.user_id == user_id, Membership.ended_at.is_(None))
        .order_by(Organisation.name, Organisation.id)
    ).all()
    return [(row[0], row[1]) for row in rows]


def is_member(user_id: uuid.UUID, organisation_id: uuid.UUID) -> bool:
    """Whether the person may act for the organisation now."""
    found = db.session.scalar(
        sa.select(
            sa.exists().where(
                Membership.user_id == user_id,
                Membership.organisation_id == organisation_id,
                Membership.ended_at.is_(None),
            )
        )
    )
    return bool(found)


_OWN = (
    sa.select(Organisation)
    .join(Membership, Membership.organisation_id == Organisation.id)
    .where(
        Organisation.id == sa.bindparam("organisation_id"),
        Membership.user_id == sa.bindparam("user_id"),
        Membership.ended_at.is_(None),
    )
)


def get_own_organisation(user_id: uuid.UUID, organisation_id: uuid.UUID) -> Organisation:
    """An organisation for which the person may act; NotFound for any other."""
    organisation = db.session.scalar(_OWN, {"organisation_id": organisation_id, "user_id": user_id})
    if organisation is None:
        raise NotFound("Vous ne pouvez pas réserver au nom de cette association.")
    return organisation
