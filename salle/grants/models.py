"""Records of a fund as published, funded projects, and the sites they equip."""

from __future__ import annotations

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from salle.db import Model, UuidKey, enum_type
from salle.grants.rules import Precision, RecordKind


class FundRecord(UuidKey, Model):
    """One line of the fund's file. `value` is the text as published; None = unknown, never 0."""

    __tablename__ = "fund_record"
    code: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[RecordKind] = mapped_column(enum_type(RecordKind, "kind"))
    parent_code: Mapped[str | None] = mapped_column(
        sa.ForeignKey("fund_record.code", deferrable=True, initially="DEFERRED")
    )
    operator: Mapped[str]
    label: Mapped[str]
    key: Mapped[str]
    value: Mapped[str | None]
    unit: Mapped[str]
    precision: Mapped[Precision] = mapped_column(enum_type(Precision, "precision"))
    as_of: Mapped[str]
    note: Mapped[str]
    source: Mapped[str]

    __table_args__ = (
        sa.CheckConstraint("(precision = 'non_communique') = (value IS NULL)", name="unknown"),
    )


class FundedProject(UuidKey, Model):
    """A project of the fund; ours is « La salle sur demande »."""

    __tablename__ = "funded_project"
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    record_code: Mapped[str | None] = mapped_column(sa.ForeignKey("fund_record.code"), unique=True)
    territory_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("territory.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())


class ProjectSite(UuidKey, Model):
    """A site counts for a project from a day (included) to a day (excluded, None = no end)."""

    __tablename__ = "project_site"
    project_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("funded_project.id", ondelete="CASCADE")
    )
    site_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("site.id", ondelete="CASCADE"))
    from_day: Mapped[date]
    to_day: Mapped[date | None]

    __table_args__ = (
        sa.UniqueConstraint("project_id", "site_id"),
        sa.CheckConstraint("to_day > from_day", name="days"),
    )
