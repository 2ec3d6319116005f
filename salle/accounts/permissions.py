"""Who may do what, where: a role gives its permissions in its scope only."""

from __future__ import annotations

import uuid

from salle.accounts.models import User
from salle.accounts.rules import PERMISSIONS, Permission


def has_permission(user: User, permission: Permission) -> bool:
    """Whether the person holds the permission in at least one scope."""
    return any(permission in PERMISSIONS[assignment.role] for assignment in user.roles)


def has_site_permission(
    user: User, permission: Permission, *, site_id: uuid.UUID, territory_id: uuid.UUID
) -> bool:
    """Whether the person holds the permission for that site, or for its whole territory."""
    return any(
        permission in PERMISSIONS[assignment.role]
        and (assignment.site_id == site_id or assignment.territory_id == territory_id)
        for assignment in user.roles
    )


def has_territory_permission(
    user: User, permission: Permission, *, territory_id: uuid.UUID
) -> bool:
    """Whether the person holds the permission for the whole territory."""
    return any(
        permission in PERMISSIONS[assignment.role] and assignment.territory_id == territory_id
        for assignment in user.roles
    )
