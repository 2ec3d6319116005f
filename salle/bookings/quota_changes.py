"""Setting and removing quotas: a site's by its manager, the territory's by its administrator."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from salle.accounts.models import User
from salle.accounts.permissions import has_site_permission, has_territory_permission
from salle.accounts.rules import Permission
from salle.audit.service import record
from salle.bookings.quotas import MOST_HOURS, Quota, QuotaPeriod
from salle.db import db
from salle.kernel.errors import Invalid, NotFound
from salle.organisations.models import Organisation
from salle.territories.models import Territory
from salle.venues.models import Site


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Where a quota counts: one site, or the whole territory (no site)."""

    territory_id: uuid.UUID
    site_id: uuid.UUID | None = None


def get_scope_of_site(actor: User, uai: str) -> tuple[Site, Scope]:
    """The site and its scope, for a person who may manage it; NotFound to anybody else."""
    site = db.session.scalar(sa.select(Site).where(Site.uai == uai))
    if site is None or not has_site_permission(
        actor, Permission.MANAGE_ROOMS, site_id=site.id, territory_id=site.territory_id
    ):
        raise NotFound
    return site, Scope(territory_id=site.territory_id, site_id=site.id)


def get_scope_of_territory(actor: User, slug: str) -> tuple[Territory, Scope]:
    """The territory and its scope, for its administrator; NotFound to anybody else."""
    territory = db.session.scalar(sa.select(Territory).where(Territory.slug == slug))
    if territory is None or not has_territory_permission(
        actor, Permission.MANAGE_ROOMS, territory_id=territory.id
    ):
        raise NotFound
    return territory, Scope(territory_id=territory.id)


def list_managed_territories(actor: User) -> Sequence[Territory]:
    """The territories whose quotas this person sets, by name."""
    ids = {role.territory_id for role in actor.roles if role.territory_id is not None}
    allowed = [
        id_
        for id_ in ids
        if has_territory_permission(actor, Permission.MANAGE_ROOMS, territory_id=id_)
    ]
    if not allowed:
        return []
    return db.session.scalars(
        sa.select(Territory).where(Territory.id.in_(allowed)).order_by(Territory.name, Territory.id)
    ).all()


def list_organisations(territory_id: uuid.UUID) -> list[tuple[uuid.UUID, str]]:
    """Organisations that a quota may name, by name."""
    rows = db.session.execute(
        sa.select(Organisation.id, Organisation.name)
        .where(Organisation.territory_id == territory_id)
        .order_by(Organisation.name, Organisation.id)
    )
    return [(id_, name) for id_, name in rows]


def check_hours(hours: int) -> None:
    """A number of hours that a quota may have. Raises Invalid."""
    if not 0 <= hours <= MOST_HOURS:
        raise Invalid(
            f"Un quota va de 0 à {MOST_HOURS} heures.", errors={"hours": f"De 0 à {MOST_HOURS}."}
        )


def set_quota(
    *,
    scope: Scope,
    organisation_id: uuid.UUID | None,
    period: QuotaPeriod,
    hours: int,
    actor: User,
    now: datetime,
) -> int | None:
    """Set the quota of that scope, organisation and period; its former hours, None if new.

    What is already booked stays, and counts. Raises Invalid, NotFound, Conflict (set twice at
    the same time).
    """
    check_hours(hours)
    if organisation_id is not None:
        organisation = db.session.get(Organisation, organisation_id)
        if organisation is None or organisation.territory_id != scope.territory_id:
            raise NotFound
    quota = db.session.scalar(
        sa.select(Quota)
        .where(
            Quota.territory_id == scope.territory_id,
            Quota.site_id.is_not_distinct_from(scope.site_id),
            Quota.organisation_id.is_not_distinct_from(organisation_id),
            Quota.period == period,
        )
        .with_for_update()
    )
    former = quota.hours if quota is not None else None
    if quota is None:
        quota = Quota(
            id=uuid.uuid4(),
            territory_id=scope.territory_id,
            site_id=scope.site_id,
            organisation_id=organisation_id,
            period=period,
        )
        db.session.add(quota)
    quota.hours = hours
    db.session.flush()
    _record("quota.set", quota, actor, now, former)
    return former


def remove_quota(*, scope: Scope, quota_id: uuid.UUID, actor: User, now: datetime) -> Quota:
    """Remove a quota of that scope and return it; NotFound when it is of another one."""
    quota = db.session.get(Quota, quota_id, with_for_update=True)
    if quota is None or (quota.territory_id, quota.site_id) != (scope.territory_id, scope.site_id):
        raise NotFound
    _record("quota.removed", quota, actor, now, quota.hours)
    db.session.delete(quota)
    db.session.flush()
    return quota


def _record(action: str, quota: Quota, actor: User, now: datetime, former: int | None) -> None:
    record(
        action,
        object_type="quota",
        object_id=quota.id,
        actor_id=actor.id,
        at=now,
        site_id=str(quota.site_id) if quota.site_id else None,
        organisation_id=str(quota.organisation_id) if quota.organisation_id else None,
        period=quota.period.value,
        hours=quota.hours,
        former=former,
    )
