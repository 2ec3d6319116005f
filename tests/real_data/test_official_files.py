"""The real directory and school calendars give what they must."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from salle.db import db
from salle.kernel.french import is_uai
from salle.venues.cli import import_directory, import_school_calendar
from salle.venues.imports.school_calendar import CalendarImport, open_calendar
from salle.venues.models import Site
from salle.venues.school_holidays import load_school_holidays, own_table
from tests.support.imports import run

pytestmark = [pytest.mark.real_data, pytest.mark.usefixtures("session")]
CALENDARS = ["calendrier-scolaire-2025-2026.csv", "calendrier-scolaire-2026-2027.csv"]


def test_the_directory_gives_exactly_62_colleges(real_data: Path) -> None:
    path = real_data / "annuaire-education-35.csv"
    before = set(db.session.scalars(sa.select(Site.uai)))
    first = run(import_directory, path, "--departement", "035")
    assert first.stdout == "62 créés, 0 modifié, 0 inchangé, 0 rejeté.\n"
    sites = db.session.scalars(sa.select(Site).where(Site.uai.not_in(before))).all()
    assert len(sites) == 62
    assert all(is_uai(site.uai) for site in sites)
    assert all(47 < site.lat < 49 and -3 < site.lon < -1 for site in sites)
    again = run(import_directory, path, "--departement", "35")
    assert again.stdout == "0 créé, 0 modifié, 62 inchangés, 0 rejeté.\n"


@pytest.mark.parametrize("name", CALENDARS)
def test_the_calendars_are_those_the_product_ships(real_data: Path, name: str) -> None:
    load_school_holidays()
    result = run(import_school_calendar, real_data / name)
    assert result.exit_code == 0
    assert result.stdout.startswith("0 créé, 0 modifié, ")


def test_the_products_own_table_has_nothing_more(real_data: Path) -> None:
    work = CalendarImport(source="test")
    rows = [row for name in CALENDARS for row in open_calendar(real_data / name)]
    official = {dated for dated in map(work.parse, rows) if dated is not None}
    assert set(own_table()) == official
