"""The fund that paid for the service, as shipped: its published figures and our project."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from salle.grants.imports import open_fund
from salle.grants.models import FundedProject
from salle.grants.queries import find_project, list_project_links
from salle.grants.service import FundImport, follow_project, link_sites
from salle.venues.imports.tables import Row

SHIPPED = Path(__file__).parent / "data" / "fonds-tnt.csv"
PROJECT_NAME = "La salle sur demande"
PROJECT_SLUG = "la-salle-sur-demande"
PROJECT_RECORD = "R22"
SOURCE = (
    "Chiffres publiés début 2023 dans le bilan à mi-parcours du fonds « Transformation numérique "
    "des collectivités territoriales » (France Relance)"
)


def shipped_rows() -> list[Row]:
    """The lines of the shipped file."""
    return open_fund(SHIPPED)


def load_demo_fund(
    *, territory_id: uuid.UUID | None, site_ids: Iterable[uuid.UUID], from_day: date
) -> FundedProject:
    """Load the shipped records and link our project to these sites from that day on.

    Only what is missing is added: a record corrected since, a link changed since stay as they
    are. Inside the caller's transaction().
    """
    work = FundImport(shipped_rows(), source=SOURCE)
    work.prepare()
    for row in work.rows:
        record = work.parse(row)
        if record.code not in work.stored:
            work.store(record)
    project = find_project(PROJECT_SLUG) or follow_project(
        slug=PROJECT_SLUG,
        name=PROJECT_NAME,
        record_code=PROJECT_RECORD,
        territory_id=territory_id,
    )
    linked = {site.id for site, _, _ in list_project_links(project.id)}
    link_sites(project_id=project.id, site_ids=set(site_ids) - linked, from_day=from_day)
    return project
