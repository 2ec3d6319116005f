"""Reading people and their sessions."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import lazyload

from salle.accounts.models import ApiToken, Identity, RoleAssignment, User, UserSession
from salle.accounts.rules import PERMISSIONS, Permission
from salle.db import db
from salle.kernel.errors import NotFound
from salle.kernel.ids import hash_token


def get_user_by_email(email: str) -> User:
    """The only open account with that address; NotFound when none or several."""
    found = list(
        db.session.scalars(
            sa.select(User)
            .where(sa.func.lower(User.email) == email.strip().lower(), User.closed_at.is_(None))
            .order_by(User.id)
            .limit(2)
        )
    )
    if len(found) != 1:
        raise NotFound(f"Aucun compte unique avec l’adresse {email}.")
    return found[0]


def find_user_by_identity(issuer: str, sub: str) -> User | None:
    """The person known under (issuer, sub), or None."""
    return db.session.scalar(
        sa.select(User)
        .join(Identity, Identity.user_id == User.id)
        .where(Identity.issuer == issuer, Identity.sub == sub)
    )


def find_session(token: str, *, now: datetime) -> tuple[UserSession, User] | None:
    """The live session of a cookie's token and its person, or None."""
    row = db.session.execute(
        sa.select(UserSession, User)
        .join(User, User.id == UserSession.user_id)
        .where(
            UserSession.token_hash == hash_token(token),
            UserSession.expires_at > now,
            User.closed_at.is_(None),
        )
    ).first()
    return (row[0], row[1]) if row else None


# Made once: what a statement costs before it is sent counts in every request of the API.
_BY_TOKEN = (
    sa.select(User)
    .join(ApiToken, ApiToken.user_id == User.id)
    .where(
        ApiToken.token_hash == sa.bindparam("token_hash"),
        ApiToken.expires_at > sa.bindparam("now", type_=sa.TIMESTAMP(timezone=True)),
        User.closed_at.is_(None),
    )
    .options(lazyload(User.roles))
)


def find_user_by_api_token(token: str, *, now: datetime) -> User | None:
    """The person whose Bearer token this is, or None; roles are read when they are asked for."""
    return db.session.scalar(_BY_TOKEN, {"token_hash": hash_token(token), "now": now})


def list_staff_addresses(site_id: uuid.UUID, permission: Permission) -> Sequence[str]:
    """E-mails of the site's own people who hold a permission, in order."""
    roles = [role for role, allowed in PERMISSIONS.items() if permission in allowed]
    return db.session.scalars(
        sa.select(User.email)
        .join(RoleAssignment, RoleAssignment.user_id == User.id)
        .where(
            RoleAssignment.site_id == site_id,
            RoleAssignment.role.in_(roles),
            User.closed_at.is_(None),
        )
        .distinct()
        .order_by(User.email)
    ).all()
