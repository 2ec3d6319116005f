"""Reading the fund's records, its projects and the sites linked to them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from salle.db import db
from salle.grants.models import FundedProject, FundRecord, ProjectSite
from salle.grants.rules import SLUG, Record, RecordKind
from salle.kernel.errors import NotFound
from salle.venues.models import Site


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
    """The project of that slug, or None; whatever is not a slug is nobody's."""
    if not SLUG.fullmatch(slug):
        return None
    return db.session.scalar(sa.select(FundedProject).where(FundedProject.slug == slug))


def get_project(slug: str) -> FundedProject:
    """The project of that slug; NotFound."""
    project = find_project(slug)
    if project is None:
        raise NotFound
    return project


def list_project_links(project_id: uuid.UUID) -> list[tuple[Site, date | None, date | None]]:
    """(site, first day, day after the last or None) that count for the project, by name."""
    rows = db.session.execute(
        sa.select(Site, ProjectSite.from_day, ProjectSite.to_day)
        .join(Site, Site.id == ProjectSite.site_id)
        .where(ProjectSite.project_id == project_id)
        .order_by(Site.name, Site.id)
    )
    return [(site, from_day, to_day) for site, from_day, to_day in rows]


@dataclass(frozen=True, kw_only=True)
class FundedItem:
    """A project of the fund's file, followed here or not."""

    id: uuid.UUID
    name: str
    operator: str
    note: str
    record_code: str | None
    amount_cents: int | None
    project: FundedProject | None


def list_funded() -> list[FundedItem]:
    """Every project of the records, then the followed ones without a record."""
    projects = list_projects()
    by_code = {project.record_code: project for project in projects if project.record_code}
    items = [
        _funded(row, by_code.get(row.code))
        for row in list_fund_records()
        if row.kind == RecordKind.PROJECT
    ]
    shown = {item.project.id for item in items if item.project is not None}
    return items + [_own(project) for project in projects if project.id not in shown]


def _funded(row: FundRecord, project: FundedProject | None) -> FundedItem:
    return FundedItem(
        id=project.id if project is not None else row.id,
        name=project.name if project is not None else row.label,
        operator=row.operator,
        note=row.note,
        record_code=row.code,
        amount_cents=as_record(row).cents,
        project=project,
    )


def _own(project: FundedProject) -> FundedItem:
    return FundedItem(
        id=project.id,
        name=project.name,
        operator="",
        note="",
        record_code=project.record_code,
        amount_cents=None,
        project=project,
    )
