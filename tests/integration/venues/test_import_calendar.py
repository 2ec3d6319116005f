"""`salle import calendrier-scolaire`: both exports of the national calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from salle.db import db
from salle.venues.cli import import_directory, import_school_calendar
from salle.venues.models import OpeningWindow, Schedule, SchoolHoliday, Site
from salle.venues.openings import known_holidays
from salle.venues.rules import Period, SchoolCalendar
from tests.support.imports import DATA, run

pytestmark = pytest.mark.usefixtures("session")
LABELS, TECHNICAL = DATA / "calendrier_libelles.csv", DATA / "calendrier_technique.csv"
FACTS = [
    ("Vacances de la Toussaint", Period.ALL_SAINTS, date(2031, 10, 18), date(2031, 11, 2)),
    ("Vacances de Noël", Period.CHRISTMAS, date(2031, 12, 20), date(2032, 1, 4)),
    ("Pont de l'Ascension", Period.HOLIDAYS, date(2032, 5, 7), date(2032, 5, 7)),
    ("Début des Vacances d'Été", Period.SUMMER, date(2032, 7, 3), date(2032, 8, 31)),
]


@pytest.fixture(autouse=True)
def summer_of_2031(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("salle.venues.cli.utcnow", lambda: datetime(2031, 10, 1, 10, tzinfo=UTC))


def stored() -> list[tuple[str, Period, date, date]]:
    return [
        (one.label, one.period, one.first_day, one.last_day)
        for one in known_holidays(SchoolCalendar.ZONE_B)
        if one.school_year == "2031-2032"
    ]


def edited(tmp_path: Path, old: str, new: str) -> Path:
    text = LABELS.read_text("utf-8-sig")
    assert old in text
    path = tmp_path / "calendrier.csv"
    path.write_text(text.replace(old, new))
    return path


@pytest.mark.parametrize("path", [LABELS, TECHNICAL])
def test_both_exports_give_the_same_days(path: Path) -> None:
    result = run(import_school_calendar, path)
    assert result.stdout == "4 créés, 0 modifié, 0 inchangé, 0 rejeté.\n"
    assert result.exit_code == 0
    assert stored() == FACTS


def test_one_export_after_the_other_changes_nothing() -> None:
    run(import_school_calendar, LABELS)
    assert run(import_school_calendar, TECHNICAL).stdout.startswith(
        "0 créé, 0 modifié, 4 inchangés"
    )


def test_a_corrected_date_replaces_the_former_one(tmp_path: Path) -> None:
    run(import_school_calendar, LABELS)
    path = edited(tmp_path, "2031-12-20T", "2031-12-19T")
    assert run(import_school_calendar, path).stdout.startswith("0 créé, 1 modifié, 3 inchangés")
    assert stored()[1][2] == date(2031, 12, 19)
    assert len(stored()) == 4


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("Rennes;Zone B", "Rennes;Zone D", None),
        ("Rennes;Zone B", "Lune;Zone D", "zone inconnue : « Zone D »"),
        ("2031-10-18T00:00:00+02:00", "bientôt", "date illisible : « bientôt »"),
        ("2031-11-03T", "2031-10-03T", "la date de fin précède la date de début"),
        ("2031-2032", "2031-2033", "année scolaire illisible : « 2031-2033 »"),
        ("2031-2032", "2027-2028", "la date de début n’est pas dans l’année scolaire 2027-2028"),
    ],
)
def test_bad_lines_are_listed(tmp_path: Path, old: str, new: str, reason: str | None) -> None:
    result = run(import_school_calendar, edited(tmp_path, old, new))
    assert result.exit_code == (3 if reason else 0)
    assert (reason or "") in result.stderr


def test_windows_of_the_sites_of_that_zone_are_laid_out_at_once() -> None:
    run(import_directory, DATA / "annuaire.csv")
    windows = (
        sa.select(sa.func.count())
        .select_from(OpeningWindow)
        .join(Schedule)
        .join(Site, Site.id == Schedule.site_id)
        .where(OpeningWindow.day == date(2031, 11, 4))
    )
    zone_b = windows.where(Site.uai == "0350901P")
    assert db.session.scalar(zone_b) == 0
    run(import_school_calendar, LABELS)
    assert db.session.scalar(zone_b) == 1
    assert db.session.scalar(windows.where(Site.uai == "0380901Y")) == 0


def test_the_source_is_kept() -> None:
    run(import_school_calendar, LABELS)
    sources = sa.select(SchoolHoliday.source).where(SchoolHoliday.school_year == "2031-2032")
    assert set(db.session.scalars(sources)) == {"calendrier_libelles.csv"}
