"""`salle import annuaire` on a small fictional file."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from salle.db import db
from salle.territories.models import Territory
from salle.venues.cli import import_directory
from salle.venues.imports.tables import UnusableFile
from salle.venues.models import OpeningRule, OpeningWindow, Schedule, Site
from salle.venues.rules import SchoolCalendar
from tests.support.imports import DATA, run

pytestmark = pytest.mark.usefixtures("session", "first_of_october")
LINDENS, PORT, PEAKS = "0350901P", "0350902R", "0380901Y"


def site(uai: str) -> Site:
    db.session.expire_all()
    return db.session.scalars(sa.select(Site).where(Site.uai == uai)).one()


def count(uai: str) -> int:
    return db.session.scalars(
        sa.select(sa.func.count()).select_from(Site).where(Site.uai == uai)
    ).one()


def edited(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    text = (DATA / "annuaire.csv").read_text("utf-8-sig")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "annuaire.csv"
    path.write_text(text)
    return path


def test_public_colleges_become_sites_and_bad_lines_are_listed() -> None:
    result = run(import_directory, DATA / "annuaire.csv")
    assert result.stdout == "3 créés, 0 modifié, 0 inchangé, 2 rejetés.\n"
    assert result.exit_code == 3
    assert "Rejeté — Ligne 6 : code UAI invalide : « 0350905A »" in result.stderr
    assert "Rejeté — Ligne 7 : position absente" in result.stderr


def test_a_site_has_what_the_directory_says() -> None:
    run(import_directory, DATA / "annuaire.csv")
    lindens, peaks = site(LINDENS), site(PEAKS)
    assert (lindens.name, lindens.commune) == ("Collège fictif des Tilleuls", "Rennes")
    assert (lindens.postcode, lindens.insee_code) == ("35000", "35238")
    assert (lindens.lat, lindens.lon) == (48.1, -1.6)
    assert lindens.siret == "21350016800025"
    assert lindens.calendar is SchoolCalendar.ZONE_B
    assert peaks.calendar is SchoolCalendar.ZONE_A
    assert db.session.get_one(Territory, peaks.territory_id).slug == "departement-38"


def test_a_mangled_siret_is_dropped_with_a_warning() -> None:
    result = run(import_directory, DATA / "annuaire.csv")
    assert site(PORT).siret is None
    assert "Attention — Ligne 3 : SIRET ignoré" in result.stderr


def test_a_mangled_siret_does_not_erase_a_good_one(tmp_path: Path) -> None:
    run(import_directory, DATA / "annuaire.csv")
    run(import_directory, edited(tmp_path, ("21350016800025", "2,12103E+13")))
    assert site(LINDENS).siret == "21350016800025"


@pytest.mark.parametrize("code", ["035", "35"])
def test_one_department_only(code: str) -> None:
    result = run(import_directory, DATA / "annuaire.csv", "--departement", code)
    assert result.stdout.startswith("2 créés")
    assert count(PEAKS) == 0


def test_twice_changes_nothing() -> None:
    run(import_directory, DATA / "annuaire.csv", "--departement", "038")
    result = run(import_directory, DATA / "annuaire.csv", "--departement", "038")
    assert result.stdout == "0 créé, 0 modifié, 1 inchangé, 0 rejeté.\n"
    assert result.exit_code == 0


def test_the_export_of_the_api_is_the_same() -> None:
    run(import_directory, DATA / "annuaire.csv", "--departement", "035")
    result = run(import_directory, DATA / "annuaire_api.csv")
    assert result.stdout == "0 créé, 0 modifié, 2 inchangés, 0 rejeté.\n"


def test_windows_1252_reads_the_same(tmp_path: Path) -> None:
    run(import_directory, DATA / "annuaire.csv")
    path = tmp_path / "annuaire.csv"
    path.write_bytes((DATA / "annuaire.csv").read_text("utf-8-sig").encode("cp1252"))
    assert run(import_directory, path).stdout.startswith("0 créé, 0 modifié, 3 inchangés")


def test_a_changed_line_updates_its_site(tmp_path: Path) -> None:
    run(import_directory, DATA / "annuaire.csv")
    path = edited(tmp_path, ("0200000001", "0299999999"))
    assert run(import_directory, path).stdout.startswith("0 créé, 1 modifié, 2 inchangés")
    assert site(LINDENS).phone == "0299999999"


def test_a_college_that_closed_is_marked_and_one_left_out_is_told(tmp_path: Path) -> None:
    run(import_directory, DATA / "annuaire.csv")
    closing = ("48.1;-1.6;OUVERT\n0350902R", "48.1;-1.6;FERME\n0350902R")
    result = run(import_directory, edited(tmp_path, closing, ("0380901Y", "0380902Z")))
    assert site(LINDENS).closed_on is not None
    assert site(PEAKS).closed_on is None
    assert f"{PEAKS} Collège fictif des Cimes n’est plus dans le fichier" in result.stderr


def test_a_new_site_is_open_outside_school_hours_only() -> None:
    run(import_directory, DATA / "annuaire.csv")
    lindens = site(LINDENS)
    schedule = db.session.scalars(sa.select(Schedule).where(Schedule.site_id == lindens.id)).one()
    days = db.session.execute(
        sa.select(OpeningWindow.day, OpeningWindow.starts_at).where(
            OpeningWindow.schedule_id == schedule.id,
            OpeningWindow.day.in_([date(2026, 11, 24), date(2026, 12, 25), date(2027, 7, 14)]),
        )
    ).all()
    assert [(day, start.hour) for day, start in sorted(days)] == [
        (date(2026, 11, 24), 17),
        (date(2027, 7, 14), 7),
    ]


def test_a_second_run_adds_no_rule() -> None:
    rules = sa.select(sa.func.count()).select_from(OpeningRule)
    run(import_directory, DATA / "annuaire.csv")
    before = db.session.scalar(rules)
    run(import_directory, DATA / "annuaire.csv")
    assert db.session.scalar(rules) == before


def test_an_unusable_file_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "annuaire.xlsx"
    path.write_bytes(b"PK\x03\x04" + b"\0" * 100)
    with pytest.raises(UnusableFile, match="CSV"):
        run(import_directory, path)
    assert count(LINDENS) == 0


def test_a_failure_in_the_middle_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "salle.venues.imports.directory.rebuild_windows",
        lambda *args, **more: (_ for _ in ()).throw(RuntimeError("power cut")),
    )
    with pytest.raises(RuntimeError, match="power cut"):
        run(import_directory, DATA / "annuaire.csv")
    assert count(LINDENS) == 0
