"""Users, OpenID identities, roles with a scope, sessions, API tokens."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from salle.accounts.rules import Role
from salle.db import Model, UuidKey, enum_type


class User(UuidKey, Model):
    """A person who signs in. The e-mail is for writing to them, never a key of identity."""

    __tablename__ = "user_account"
    name: Mapped[str]
    email: Mapped[str]
    fictional: Mapped[bool] = mapped_column(default=False, server_default=sa.text("false"))
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]

    roles: Mapped[list[RoleAssignment]] = relationship(lazy="selectin")

    __table_args__ = (
        sa.CheckConstraint("length(name) BETWEEN 1 AND 300", name="name"),
        sa.CheckConstraint("email ~ '^[^@[:space:]]+@[^@[:space:]]+$'", name="email"),
        sa.Index("ix_user_account_email", sa.text("lower(email)")),
    )

    # What flask-login asks of a user.
    is_authenticated = True
    is_anonymous = False

    @property
    def is_active(self) -> bool:
        """A closed account no longer signs in."""
        return self.closed_at is None

    def __repr__(self) -> str:
        return f"<User {self.id}>"


class Identity(UuidKey, Model):
    """A person as one OpenID provider knows them: (issuer, sub) is the key."""

    __tablename__ = "identity"
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    issuer: Mapped[str]
    sub: Mapped[str]
    last_seen_at: Mapped[datetime | None]

    __table_args__ = (sa.UniqueConstraint("issuer", "sub"),)


class RoleAssignment(UuidKey, Model):
    """A role in exactly one scope: a site or a territory."""

    __tablename__ = "role_assignment"
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    role: Mapped[Role] = mapped_column(enum_type(Role, "role"))
    site_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("site.id"))
    territory_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("territory.id"))

    __table_args__ = (
        sa.UniqueConstraint(
            "user_id", "role", "site_id", "territory_id", postgresql_nulls_not_distinct=True
        ),
        sa.CheckConstraint(
            "CASE WHEN role IN ('college_manager', 'caretaker', 'accountant')"
            " THEN site_id IS NOT NULL AND territory_id IS NULL"
            " ELSE territory_id IS NOT NULL AND site_id IS NULL END",
            name="scope",
        ),
    )


class UserSession(UuidKey, Model):
    """A signed-in browser; the cookie holds a token of which only the hash is here."""

    __tablename__ = "user_session"
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    id_token_encrypted: Mapped[bytes | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class ApiToken(UuidKey, Model):
    """A Bearer token of the API; only its hash is stored."""

    __tablename__ = "api_token"
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
