"""Secret addresses of private calendars, and since when each calendar says what it says."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from salle.calendars.rules import AddressKind
from salle.db import Model, UuidKey, enum_type


class CalendarState(Model):
    """The version of a calendar that was last read, and when it was first seen.

    It dates the calendar (Last-Modified), and nothing else: the version itself is computed from
    the rows that the calendar shows, so that no change can be forgotten.
    """

    __tablename__ = "calendar_state"
    calendar: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str]
    changed_at: Mapped[datetime]

    __table_args__ = (
        sa.CheckConstraint("calendar ~ '^(room|site|address):[0-9a-f-]{36}$'", name="calendar"),
    )


class CalendarAddress(UuidKey, Model):
    """An address that gives one person's view of one calendar to whoever knows it.

    Found by the hash of its token; the token itself is sealed so that its owner can read the
    address again, on another telephone for instance. At most one live address of a kind.
    """

    __tablename__ = "calendar_address"
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    kind: Mapped[AddressKind] = mapped_column(enum_type(AddressKind, "kind"))
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("organisation.id"))
    site_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("site.id"))
    token_hash: Mapped[str] = mapped_column(unique=True)
    token_sealed: Mapped[bytes]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_read_at: Mapped[datetime | None]

    __table_args__ = (
        sa.CheckConstraint(
            "(kind = 'organisation') = (organisation_id IS NOT NULL)"
            " AND (kind = 'site') = (site_id IS NOT NULL)",
            name="subject",
        ),
        sa.CheckConstraint("token_hash ~ '^[0-9a-f]{64}$'", name="token_hash"),
        sa.Index(
            "uq_calendar_address_live",
            "user_id",
            "kind",
            "organisation_id",
            "site_id",
            unique=True,
            postgresql_where=sa.text("revoked_at IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
    )

    def __repr__(self) -> str:
        return f"<CalendarAddress {self.id} {self.kind}>"
