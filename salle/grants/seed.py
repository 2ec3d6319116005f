"""The fund that paid for the service, as shipped: its published figures and our project."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date
from importlib.resources import files

from salle.grants.imports import Parsed, decode, parse
from salle.grants.models import FundedProject
from salle.grants.service import follow_project, import_records, link_sites
from salle.kernel.errors import Invalid

PROJECT_NAME = "La salle sur demande"
PROJECT_SLUG = "la-salle-sur-demande"
PROJECT_RECORD = "R22"
SOURCE = (
    "Chiffres publiés début 2023 dans le bilan à mi-parcours du fonds « Transformation numérique "
    "des collectivités territoriales » (France Relance)"
)


def shipped_records() -> Parsed:
    """The records of salle/grants/data/fonds-tnt.csv; Invalid if one of them is not valid."""
    content = files("salle.grants").joinpath("data", "fonds-tnt.csv").read_bytes()
    parsed = parse(decode(content))
    if parsed.rejects:
        raise Invalid(f"fonds-tnt.csv : {parsed.rejects}")
    return parsed


def load_demo_fund(
    *, territory_id: uuid.UUID | None, site_ids: Iterable[uuid.UUID], from_day: date
) -> FundedProject:
    """Load the shipped records and link our project to these sites from that day on.

    Running it again changes nothing. Inside the caller's transaction().
    """
    import_records(shipped_records(), source=SOURCE)
    project = follow_project(
        slug=PROJECT_SLUG,
        name=PROJECT_NAME,
        record_code=PROJECT_RECORD,
        territory_id=territory_id,
    )
    link_sites(project_id=project.id, site_ids=site_ids, from_day=from_day)
    return project
