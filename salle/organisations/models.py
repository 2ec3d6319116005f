"""Organisations that book, and the people who may act for them."""

from __future__ import annotations

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from salle.db import Model, UuidKey, enum_type
from salle.kernel.enums import LabelledEnum


class OrganisationKind(LabelledEnum):
    """Kind of requester; tariffs depend on it."""

    ASSOCIATION = "association", "association"
    PUBLIC_BODY = "public_body", "organisme public"
    TRAINING = "training", "organisme de formation"
    COMPANY = "company", "entreprise"


class Eligibility(LabelledEnum):
    """What the owner decided about the organisation."""

    PENDING = "pending", "dossier en cours"
    ACCEPTED = "accepted", "dossier complet"
    REFUSED = "refused", "dossier refusé"


class MemberRole(LabelledEnum):
    """What a member does in the organisation."""

    PRESIDENT = "president", "présidence"
    TREASURER = "treasurer", "trésorerie"
    DELEGATE = "delegate", "délégation"


class Organisation(UuidKey, Model):
    """A requester, known by its RNA or SIREN number when it has one."""

    __tablename__ = "organisation"
    territory_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("territory.id"))
    kind: Mapped[OrganisationKind] = mapped_column(enum_type(OrganisationKind, "kind"))
    name: Mapped[str]
    rna: Mapped[str | None] = mapped_column(unique=True)
    siren: Mapped[str | None] = mapped_column(unique=True)
    commune: Mapped[str] = mapped_column(default="", server_default="")
    eligibility: Mapped[Eligibility] = mapped_column(
        enum_type(Eligibility, "eligibility"), default=Eligibility.PENDING
    )
    insured_until: Mapped[date | None]
    fictional: Mapped[bool] = mapped_column(default=False, server_default=sa.text("false"))
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.CheckConstraint("rna ~ '^W[0-9][A-Z0-9][0-9]{7}$'", name="rna_shape"),
        sa.CheckConstraint("siren ~ '^[0-9]{9}$'", name="siren_shape"),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 200", name="name"),
    )

    def __repr__(self) -> str:
        return f"<Organisation {self.id}>"


class Membership(UuidKey, Model):
    """A person may act for an organisation until `ended_at`."""

    __tablename__ = "membership"
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("organisation.id"))
    role: Mapped[MemberRole] = mapped_column(enum_type(MemberRole, "role"))
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (sa.UniqueConstraint("organisation_id", "user_id"),)
