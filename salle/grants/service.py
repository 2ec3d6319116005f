"""Importing the fund's records and following its projects. Nothing commits here."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import date

import sqlalchemy as sa

from salle.db import db, register_constraints
from salle.grants.imports import Parsed, parse
from salle.grants.models import FundedProject, FundRecord, ProjectSite
from salle.grants.queries import as_record, find_project, list_fund_records
from salle.grants.rules import Record
from salle.kernel.errors import Invalid
from salle.venues.imports.runs import Outcome
from salle.venues.imports.tables import Row

PUBLISHED = (
    "kind", "operator", "label", "key", "value", "unit", "precision", "as_of", "note",
)  # fmt: skip


class DaysReversed(Invalid):
    """A link must end after it has begun."""

    message = "Le rattachement d’un établissement doit finir après avoir commencé."


register_constraints({"ck_project_site_days": DaysReversed})


class FundImport:
    """Create or update each record of a file by its code; records not in it are left alone.

    `source` is kept on records that are created or whose content changes.
    """

    def __init__(self, rows: Sequence[Row], *, source: str) -> None:
        self.rows = rows
        self.source = source
        self.parsed = Parsed()
        self.stored: dict[str, FundRecord] = {}

    def prepare(self) -> None:
        """Read what is stored, then check the file as a whole."""
        self.stored = {row.code: row for row in list_fund_records()}
        self.parsed = parse(self.rows, known=self.stored)

    def parse(self, row: Row) -> Record:
        """The record of a line; Invalid when it was rejected."""
        if row.line in self.parsed.rejects:
            raise Invalid(self.parsed.rejects[row.line])
        return self.parsed.records[row.line]

    def store(self, record: Record) -> Outcome:
        """Write one record."""
        row = self.stored.get(record.code)
        if row is None:
            db.session.add(_new_row(record, self.source))
            outcome = Outcome.CREATED
        elif as_record(row) == record:
            outcome = Outcome.UNCHANGED
        else:
            _update_row(row, record, self.source)
            outcome = Outcome.UPDATED
        db.session.flush()
        return outcome


def _new_row(record: Record, source: str) -> FundRecord:
    values = {name: getattr(record, name) for name in PUBLISHED}
    return FundRecord(code=record.code, parent_code=record.parent, source=source, **values)


def _update_row(row: FundRecord, record: Record, source: str) -> None:
    for name in PUBLISHED:
        setattr(row, name, getattr(record, name))
    row.parent_code = record.parent
    row.source = source


def follow_project(
    *, slug: str, name: str, record_code: str | None, territory_id: uuid.UUID | None
) -> FundedProject:
    """The project of that slug, created or brought up to date."""
    project = find_project(slug) or FundedProject(slug=slug)
    project.name = name
    project.record_code = record_code
    project.territory_id = territory_id
    db.session.add(project)
    db.session.flush()
    return project


def link_sites(
    *,
    project_id: uuid.UUID,
    site_ids: Iterable[uuid.UUID],
    from_day: date,
    to_day: date | None = None,
) -> None:
    """Let these sites count for the project between those days; DaysReversed."""
    stored = {
        link.site_id: link
        for link in db.session.scalars(
            sa.select(ProjectSite).where(ProjectSite.project_id == project_id)
        )
    }
    for site_id in site_ids:
        link = stored.get(site_id) or ProjectSite(project_id=project_id, site_id=site_id)
        link.from_day = from_day
        link.to_day = to_day
        db.session.add(link)
    db.session.flush()
