"""Reading the fund's records, its projects and the sites linked to them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa

from salle.db import db
from salle.grants.models import FundedProject, FundRecord, ProjectSite
from salle.grants.rules import Record
from salle.kernel.errors import NotFound


def list_fund_records() -> Sequence[FundRecord]:
    """Every record as stored, by code."""
    return db.session.scalars(sa.select(FundRecord).order_by(FundRecord.code)).all()


def as_record(row: FundRecord) -> Record:
    """The plain values of a stored record."""
    return Record(
        code=row.code,
        kind=row.kind,
        parent=row.parent_code,
        operator=row.operator,
        label=row.label,
        key=row.key,
        value=row.value,
        unit=row.unit,
        precision=row.precision,
        as_of=row.as_of,
        note=row.note,
    )


def list_records() -> list[Record]:
    """Every record of the fund as plain values, by code."""
    return [as_record(row) for row in list_fund_records()]


def find_record(code: str) -> FundRecord | None:
    """One stored record, or None."""
    return db.session.scalar(sa.select(FundRecord).where(FundRecord.code == code))


def list_sources() -> list[str]:
    """Where the records come from, each source once, in alphabetical order."""
    query = sa.select(FundRecord.source).where(FundRecord.source != "").distinct()
    return sorted(db.session.scalars(query))


def list_projects() -> Sequence[FundedProject]:
    """The projects this installation follows, by name."""
    return db.session.scalars(
        sa.select(FundedProject).order_by(FundedProject.name, FundedProject.id)
    ).all()


def find_project(slug: str) -> FundedProject | None:
    """The project of that slug, or None."""
    return db.session.scalar(sa.select(FundedProject).where(FundedProject.slug == slug))


def get_project(slug: str) -> FundedProject:
    """The project of that slug; NotFound."""
    project = find_project(slug)
    if project is None:
        raise NotFound
    return project


def list_project_links(project_id: uuid.UUID) -> list[tuple[uuid.UUID, date, date | None]]:
    """(site, first day, day after the last or None) that count for the project, by site."""
    rows = db.session.execute(
        sa.select(ProjectSite.site_id, ProjectSite.from_day, ProjectSite.to_day)
        .where(ProjectSite.project_id == project_id)
        .order_by(ProjectSite.site_id)
    )
    return [(row.site_id, row.from_day, row.to_day) for row in rows]
