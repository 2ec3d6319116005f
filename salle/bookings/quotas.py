"""Quotas: how many hours an organisation may book in a period, at one site or everywhere."""

from __future__ import annotations

import uuid
from calendar import monthrange
from collections.abc import Sequence
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from salle.db import Model, UuidKey, db, enum_type, register_constraints
from salle.kernel.enums import LabelledEnum
from salle.kernel.errors import Conflict, DomainError, Invalid
from salle.kernel.french import school_year, school_year_bounds
from salle.kernel.words import MONTHS, date_fr

MOST_HOURS = 9999


class QuotaPeriod(LabelledEnum):
    """What a quota counts over: civil days of the site."""

    WEEK = "week", "par semaine"
    MONTH = "month", "par mois"
    SCHOOL_YEAR = "school_year", "par année scolaire"


class Quota(UuidKey, Model):
    """At most `hours` in each period, for one organisation or for each of them.

    Without site: over the whole territory. Without organisation: the default of every
    organisation, which one that names an organisation replaces (same site, same period).
    A quota of the site and one of the territory hold together.
    """

    __tablename__ = "quota"
    territory_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("territory.id"))
    site_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("site.id"))
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("organisation.id"), index=True
    )
    period: Mapped[QuotaPeriod] = mapped_column(enum_type(QuotaPeriod, "period"))
    hours: Mapped[int]

    __table_args__ = (
        sa.UniqueConstraint(
            "territory_id",
            "site_id",
            "organisation_id",
            "period",
            postgresql_nulls_not_distinct=True,
        ),
        sa.CheckConstraint("hours BETWEEN 0 AND 9999", name="hours"),
    )

    def __repr__(self) -> str:
        return f"<Quota {self.id} {self.hours} h {self.period}>"


def _known() -> DomainError:
    return Conflict("Un quota existe déjà pour cette période et cette association. Modifiez-le.")


def _hours() -> DomainError:
    return Invalid(f"Un quota va de 0 à {MOST_HOURS} heures.")


register_constraints(
    {
        "uq_quota_territory_id_site_id_organisation_id_period": _known,
        "ck_quota_hours": _hours,
    }
)


def bounds(period: QuotaPeriod, day: date) -> tuple[date, date]:
    """First and last civil days of the period that holds this day."""
    if period is QuotaPeriod.WEEK:
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=6)
    if period is QuotaPeriod.MONTH:
        return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])
    return school_year_bounds(school_year(day))


def bounds_words(period: QuotaPeriod, day: date) -> str:
    """« en janvier 2027 », « la semaine du lundi 4 janvier »…"""
    first, _ = bounds(period, day)
    if period is QuotaPeriod.WEEK:
        return f"la semaine du {date_fr(first, year=False)}"
    if period is QuotaPeriod.MONTH:
        return f"en {MONTHS[day.month - 1]} {day.year}"
    return f"pour l’année scolaire {school_year(day)}"


def list_quotas(*, territory_id: uuid.UUID, site_id: uuid.UUID | None) -> Sequence[Quota]:
    """The quotas of one site, or those of the territory when `site_id` is None."""
    return db.session.scalars(
        sa.select(Quota)
        .where(Quota.territory_id == territory_id, Quota.site_id.is_not_distinct_from(site_id))
        .order_by(Quota.organisation_id.is_not(None), Quota.period, Quota.id)
    ).all()
