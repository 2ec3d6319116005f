"""A territory: the collectivité that offers the service (département, commune…)."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from salle.db import Model, UuidKey, enum_type
from salle.kernel.enums import LabelledEnum


class TerritoryKind(LabelledEnum):
    """Kind of collectivité."""

    DEPARTMENT = "department", "département"
    COMMUNE = "commune", "commune"
    GROUPING = "grouping", "intercommunalité"
    REGION = "region", "région"


class Territory(UuidKey, Model):
    """One collectivité; every site belongs to exactly one."""

    __tablename__ = "territory"
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[TerritoryKind] = mapped_column(enum_type(TerritoryKind, "kind"))
    siret: Mapped[str | None]
    fictional: Mapped[bool] = mapped_column(default=False, server_default=sa.text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())

    __table_args__ = (
        sa.CheckConstraint("slug ~ '^[a-z0-9-]{1,80}$'", name="slug_shape"),
        sa.CheckConstraint("siret ~ '^[0-9]{14}$'", name="siret_shape"),
    )

    def __repr__(self) -> str:
        return f"<Territory {self.slug}>"
