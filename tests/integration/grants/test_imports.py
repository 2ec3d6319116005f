"""`salle import fonds` and the shipped fund, on the database."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from salle.db import db
from salle.grants.cli import import_fund
from salle.grants.models import FundedProject, FundRecord, ProjectSite
from salle.grants.queries import get_project, list_fund_records, list_project_links, list_records
from salle.grants.review import review
from salle.grants.seed import PROJECT_SLUG, SHIPPED, load_demo_fund
from salle.grants.service import DaysReversed, link_sites
from salle.venues.imports.tables import UnusableFile
from tests.support.imports import DATA, run
from tests.support.world import build_world

FICTION = DATA / "fonds-fictif.csv"


def count(model: type) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def test_import_when_first_then_second_then_changes_nothing(session: None) -> None:
    first = run(import_fund, FICTION)
    assert (first.exit_code, first.stdout.strip()) == (
        0,
        "16 créés, 0 modifié, 0 inchangé, 0 rejeté.",
    )
    second = run(import_fund, FICTION)
    assert second.stdout.strip() == "0 créé, 0 modifié, 16 inchangés, 0 rejeté."
    assert count(FundRecord) == 16


def test_import_when_a_value_is_unknown_then_stores_null(session: None) -> None:
    run(import_fund, FICTION)
    unknown = {row.code for row in list_fund_records() if row.value is None}
    assert unknown == {"F03", "F04", "F14"}
    assert {row.source for row in list_fund_records()} == {"fonds-fictif.csv"}


def test_import_when_a_value_changes_then_updates_it_alone(session: None, tmp_path: Path) -> None:
    run(import_fund, FICTION)
    text = FICTION.read_text(encoding="utf-8").replace("candidats,8,", "candidats,12,")
    corrected = tmp_path / "corrigé.csv"
    corrected.write_text(text, encoding="utf-8")
    result = run(import_fund, corrected, "--source", "Erratum")
    assert result.stdout.strip() == "0 créé, 1 modifié, 15 inchangés, 0 rejeté."
    assert {r.code: r.source for r in list_fund_records()}["F07"] == "Erratum"
    figures = {figure.key: figure for figure in review(list_records()).figures}
    assert figures["f05_funded_rate"].display == "25,0\u00a0%"


def test_import_when_a_known_value_becomes_unknown_then_is_null_again(
    session: None, tmp_path: Path
) -> None:
    run(import_fund, FICTION)
    text = FICTION.read_text(encoding="utf-8").replace(
        "montant,3000000,EUR,arrondi_M", "montant,,EUR,non_communique"
    )
    (tmp_path / "f.csv").write_text(text, encoding="utf-8")
    run(import_fund, tmp_path / "f.csv")
    assert {r.code: r.value for r in list_fund_records()}["F02"] is None


def test_import_when_lines_are_wrong_then_takes_the_others_and_exits_3(
    session: None, tmp_path: Path
) -> None:
    text = FICTION.read_text(encoding="utf-8").replace("F07,chiffre", "F07,devinette")
    (tmp_path / "f.csv").write_text(text, encoding="utf-8")
    result = run(import_fund, tmp_path / "f.csv")
    assert result.exit_code == 3
    assert result.stdout.strip() == "15 créés, 0 modifié, 0 inchangé, 1 rejeté."
    assert "Ligne 8 : genre « devinette » inconnu" in result.stderr


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04classeur", b"a;b;c\n1;2;3\n", b"id,kind\n\0", b"\x81\x8d\x8f\x90"],
)
def test_import_when_it_is_not_a_fund_file_then_refuses_it_whole(
    session: None, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "f.csv").write_bytes(content)
    with pytest.raises(UnusableFile):
        run(import_fund, tmp_path / "f.csv")
    assert count(FundRecord) == 0


def test_import_when_windows_and_semicolons_then_reads_the_same(
    session: None, tmp_path: Path
) -> None:
    run(import_fund, FICTION)
    text = FICTION.read_text(encoding="utf-8")
    text = text.replace('"arrondi_0,1M"', "arrondi_0§1M").replace(",", ";").replace("§", ",")
    (tmp_path / "f.csv").write_bytes(text.encode("cp1252").replace(b"\n", b"\r\n"))
    result = run(import_fund, tmp_path / "f.csv")
    assert result.stdout.strip() == "0 créé, 0 modifié, 16 inchangés, 0 rejeté."


@pytest.mark.parametrize(
    ("kind", "value", "precision"),
    [
        ("axe", None, "exact"),
        ("axe", "0", "non_communique"),
        ("truc", "1", "exact"),
        ("axe", "1", "environ"),
    ],
)
def test_database_when_a_record_breaks_the_rules_then_refuses_it(
    session: None, kind: str, value: str | None, precision: str
) -> None:
    with pytest.raises(IntegrityError):
        db.session.execute(
            sa.text(
                "INSERT INTO fund_record (id, code, kind, operator, label, key, value, unit,"
                " precision, as_of, note, source) VALUES (gen_random_uuid(), 'X', :kind, '', 'x',"
                " 'x', :value, 'EUR', :precision, '', '', '')"
            ),
            {"kind": kind, "value": value, "precision": precision},
        )


def test_load_demo_fund_when_twice_then_adds_nothing_and_keeps_corrections(
    session: None,
) -> None:
    world = build_world()
    load_demo_fund(
        territory_id=world.territory_id, site_ids=[world.site_id], from_day=date(2026, 9, 1)
    )
    assert count(FundRecord) == 27
    row = next(row for row in list_fund_records() if row.code == "R12")
    row.value = "400"
    db.session.flush()
    other = build_world()
    project = load_demo_fund(
        territory_id=world.territory_id,
        site_ids=[world.site_id, other.site_id],
        from_day=date(2027, 9, 1),
    )
    assert (count(FundRecord), count(FundedProject), count(ProjectSite)) == (27, 1, 2)
    assert {r.code: r.value for r in list_fund_records()}["R12"] == "400"
    assert project.record_code == "R22"
    links = {site.id: from_day for site, from_day, _ in list_project_links(project.id)}
    assert links == {world.site_id: date(2026, 9, 1), other.site_id: date(2027, 9, 1)}


def test_link_sites_when_it_ends_before_it_begins_then_says_so(session: None) -> None:
    world = build_world()
    load_demo_fund(territory_id=None, site_ids=[], from_day=date(2026, 9, 1))
    from salle.db import transaction

    with pytest.raises(DaysReversed), transaction():
        link_sites(
            project_id=get_project(PROJECT_SLUG).id,
            site_ids=[world.site_id],
            from_day=date(2027, 1, 2),
            to_day=date(2027, 1, 1),
        )


@pytest.mark.real_data
def test_import_when_the_published_file_then_equals_what_we_ship(session: None) -> None:
    folder = os.environ.get("SALLE_REAL_DATA")
    if not folder:
        pytest.skip("SALLE_REAL_DATA is unset: no official file to read")
    published = Path(folder) / "fonds-tnt" / "fonds-tnt.csv"
    result = run(import_fund, published)
    assert result.stdout.strip() == "27 créés, 0 modifié, 0 inchangé, 0 rejeté."
    real = {r.code: (r.kind, r.parent, r.key, r.value, r.unit, r.precision) for r in list_records()}
    run(import_fund, SHIPPED)
    shipped = {
        r.code: (r.kind, r.parent, r.key, r.value, r.unit, r.precision) for r in list_records()
    }
    assert shipped == real
