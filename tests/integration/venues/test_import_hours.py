"""`salle import horaires`: the rules of rooms and sites, replaced all at once."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from salle.audit.models import AuditEvent
from salle.db import db
from salle.payments.cli import import_rooms
from salle.venues.availability import find_free
from salle.venues.cli import import_directory, import_hours
from salle.venues.imports.tables import UnusableFile
from salle.venues.models import OpeningRule, OpeningWindow, Room, Schedule, Site
from salle.venues.openings import ensure_site_schedule
from tests.factories import at
from tests.support.imports import DATA, run

HEADER = "salle;periode;jour;debut;fin;du;au\n"
UAI = "0350901P"
TUESDAY = date(2026, 11, 24)  # a day of term
Shown = tuple[str, int | None, int, int, date | None, date | None]


@pytest.fixture(autouse=True)
def sites(session: None, first_of_october: datetime) -> None:
    run(import_directory, DATA / "annuaire.csv")
    run(import_rooms, DATA / "salles.csv")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "horaires.csv"


def room(slug: str = "gymnase") -> Room:
    db.session.expire_all()
    return db.session.scalars(sa.select(Room).where(Room.slug == slug)).one()


def site() -> Site:
    return db.session.scalars(sa.select(Site).where(Site.uai == UAI)).one()


def rules(of: Room | None = None) -> list[Shown]:
    """Those of the room, or the site's own."""
    rows = db.session.scalars(
        sa.select(OpeningRule)
        .where(OpeningRule.site_id == site().id)
        .where(OpeningRule.room_id == of.id if of else OpeningRule.room_id.is_(None))
    )
    shown: list[Shown] = [
        (r.period.value, r.weekday, r.opens, r.closes, r.valid.lower, r.valid.upper) for r in rows
    ]
    return sorted(shown, key=str)


def hours(of: Room, day: date = TUESDAY) -> list[tuple[datetime, datetime]]:
    found = find_free(of.id, day, day)
    assert found is not None
    return [(piece.start, piece.end) for piece in found.intervals]


def test_a_line_gives_one_rule_for_each_weekday(file: Path) -> None:
    file.write_text(HEADER + "gymnase;scolaire;lu+ma;18:00;22:00;2026-09-01;2027-07-03\n")
    result = run(import_hours, file)
    assert (result.exit_code, result.stdout) == (0, "1 créé, 0 modifié, 0 inchangé, 0 rejeté.\n")
    bounds = (date(2026, 9, 1), date(2027, 7, 4))
    assert rules(room()) == [
        ("scolaire", 1, 1080, 1320, *bounds),
        ("scolaire", 2, 1080, 1320, *bounds),
    ]


def test_the_next_search_sees_it(file: Path) -> None:
    file.write_text(HEADER + "gymnase;scolaire;ma;19:00;21:30;;\n")
    run(import_hours, file)
    assert hours(room()) == [(at(TUESDAY, 19), at(TUESDAY, 21.5))]
    assert hours(room(), date(2026, 11, 25)) == []  # rules of its own, none of them on Wednesday
    assert hours(room("gymnase-a")) == [(at(TUESDAY, 18), at(TUESDAY, 22))]  # the site's


def test_a_site_gets_rules_that_all_its_rooms_without_own_ones_follow(file: Path) -> None:
    file.write_text(
        HEADER + f"site:{UAI};scolaire;;18:00;20:00;;\ngymnase;scolaire;;19:00;21:00;;\n"
    )
    result = run(import_hours, file)
    assert result.stdout.startswith("2 créés")
    assert ", 42 retirés" in result.stdout  # what a new collège had by default
    assert hours(room("gymnase-a")) == [(at(TUESDAY, 18), at(TUESDAY, 20))]
    assert hours(room()) == [(at(TUESDAY, 19), at(TUESDAY, 21))]


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("18:00", "24:00", (1080, 1440)),
        ("18:00", "00:00", (1080, 1440)),
        ("18:00", "02:00", (1080, 1560)),
        ("18:00", "18:00", (1080, 2520)),
        ("0:00", "24:00", (0, 1440)),
        ("00:00", "00:00", (0, 1440)),
        ("18h30", "22 h", (1110, 1320)),
        ("08:00:00", "09:30:00", (480, 570)),
    ],
)
def test_hours_may_pass_midnight(
    file: Path, start: str, end: str, minutes: tuple[int, int]
) -> None:
    file.write_text(HEADER + f"gymnase;ouvert;;{start};{end};;\n")
    run(import_hours, file)
    assert [rule[2:4] for rule in rules(room())] == [minutes]


def test_a_closure_without_hours_is_the_whole_day(file: Path) -> None:
    file.write_text(
        HEADER + "gymnase;scolaire;;18:00;02:00;;\n" + "gymnase;ferme;;;;24/11/2026;24/11/2026\n"
    )
    run(import_hours, file)
    monday, wednesday = date(2026, 11, 23), date(2026, 11, 25)
    assert hours(room(), monday)[-1] == (at(monday, 18), at(monday, 24))  # its tail is cut
    # What Tuesday evening opened after midnight belongs to Tuesday, but is not on that civil day.
    assert hours(room()) == []
    assert hours(room(), wednesday)[0] == (at(wednesday, 0), at(wednesday, 2))


def test_words_are_read_without_accents_or_case(file: Path) -> None:
    file.write_text(HEADER + "gymnase;Été;LU+Di;18:00;22:00;;\ngymnase;noël;;9:00;12:00;;\n")
    assert run(import_hours, file).exit_code == 0
    assert {rule[0] for rule in rules(room())} == {"ete", "noel"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_any_usual_csv_is_read(file: Path, encoding: str, delimiter: str) -> None:
    text = (HEADER + "gymnase;été;lu;18:00;22:00;;\n").replace(";", delimiter)
    file.write_bytes(text.replace("\n", "\r\n").encode(encoding))
    assert run(import_hours, file).exit_code == 0
    assert rules(room()) == [("ete", 1, 1080, 1320, None, None)]


def test_twice_changes_nothing(file: Path) -> None:
    file.write_text(HEADER + f"gymnase;ferme;;;;;\nsite:{UAI};ferie;lu+ma;9:00;12:00;;\n")
    run(import_hours, file)
    kept = set(db.session.scalars(sa.select(OpeningRule.id)))
    result = run(import_hours, file)
    assert result.stdout == "0 créé, 0 modifié, 2 inchangés, 0 rejeté.\n"
    assert set(db.session.scalars(sa.select(OpeningRule.id))) == kept


def test_the_same_rule_on_two_lines_counts_once(file: Path) -> None:
    file.write_text(HEADER + "gymnase;ferie;lu;9:00;12:00;;\n" * 2)
    assert run(import_hours, file).exit_code == 0
    assert len(rules(room())) == 1


def test_the_file_replaces_what_it_names_and_nothing_else(file: Path) -> None:
    before = rules()
    file.write_text(HEADER + "gymnase;ferie;;9:00;12:00;;\ngymnase-a;ferie;;9:00;12:00;;\n")
    run(import_hours, file)
    file.write_text(HEADER + "gymnase;ete;;9:00;12:00;;\n")
    assert run(import_hours, file).stdout.endswith(", 1 retiré.\n")
    assert [rule[0] for rule in rules(room())] == ["ete"]
    assert [rule[0] for rule in rules(room("gymnase-a"))] == ["ferie"]
    assert rules() == before


def test_a_reason_is_kept_and_may_change(file: Path) -> None:
    header = HEADER.replace("au\n", "au;motif\n")
    file.write_text(header + "gymnase;ferme;;;;2027-06-28;2027-06-29;Brevet\n")
    run(import_hours, file)
    assert db.session.scalars(
        sa.select(OpeningRule.reason).where(OpeningRule.room_id == room().id)
    ).all() == ["Brevet"]
    file.write_text(header + "gymnase;ferme;;;;2027-06-28;2027-06-29;Épreuves du brevet\n")
    assert run(import_hours, file).stdout == "0 créé, 1 modifié, 0 inchangé, 0 rejeté.\n"


BAD = [
    ("gymnase;scolaires;lu;18:00;22:00;;", "période inconnue « scolaires »"),
    ("gymnase;;lu;18:00;22:00;;", "période inconnue «  »"),
    ("gymnase;scolaire;lundi;18:00;22:00;;", "jour inconnu « lundi »"),
    ("gymnase;scolaire;lu+;18:00;22:00;;", "jour inconnu «  »"),
    ("gymnase;scolaire;lu;24:00;02:00;;", "heure impossible « 24:00 » : de 00:00 à 23:59"),
    ("gymnase;scolaire;lu;18:00;24:30;;", "heure impossible « 24:30 » : de 00:00 à 24:00"),
    ("gymnase;scolaire;lu;18:60;22:00;;", "heure impossible « 18:60 »"),
    ("gymnase;scolaire;lu;-1:00;22:00;;", "heure illisible « -1:00 »"),
    ("gymnase;scolaire;lu;18;22:00;;", "heure illisible « 18 »"),
    ("gymnase;scolaire;lu;١٨:٠٠;22:00;;", "heure illisible"),
    ("gymnase;scolaire;lu;18:00;;;", "il manque une heure"),
    ("gymnase;ferme;lu;;22:00;;", "il manque une heure"),
    ("gymnase;ouvert;lu;;;;", "heures absentes"),
    ("gymnase;scolaire;lu;18:00;22:00;2026-02-30;", "date « du » illisible « 2026-02-30 »"),
    ("gymnase;scolaire;lu;18:00;22:00;;01/02/27", "date « au » illisible « 01/02/27 »"),
    ("gymnase;scolaire;lu;18:00;22:00;2026-02-02;2026-02-01", "la date « au » vient avant"),
    ("gymnas;scolaire;lu;18:00;22:00;;", "aucune salle n’a pour identifiant « gymnas »"),
    ("Gymnase !;scolaire;lu;18:00;22:00;;", "« Gymnase ! » ne désigne ni une salle"),
    (";scolaire;lu;18:00;22:00;;", "la colonne « salle » est vide"),
    ("site:0350901Z;scolaire;lu;18:00;22:00;;", "code UAI invalide : « 0350901Z »"),
    ("site:0010001W;scolaire;lu;18:00;22:00;;", "aucun collège n’a pour code UAI 0010001W"),
    ("gymnase;scolaire;lu;18:00;22:00", "la ligne a 5 cases, l’en-tête en a 7"),
]


@pytest.mark.parametrize(("line", "reason"), BAD, ids=[line for line, _ in BAD])
def test_one_bad_line_refuses_the_file(file: Path, line: str, reason: str) -> None:
    file.write_text(HEADER + f"gymnase;scolaire;ma;8:00;9:00;;\n{line}\nsite:{UAI};ferme;;;;;\n")
    before = rules()
    result = run(import_hours, file)
    assert result.exit_code == 1
    assert "Rien n’a été appliqué" in result.stdout
    assert f"Rejeté — Ligne 3 : {reason}" in result.stderr
    assert (rules(), rules(room())) == (before, [])
    assert hours(room()) == [(at(TUESDAY, 18), at(TUESDAY, 22))]


def test_every_bad_line_is_told(file: Path) -> None:
    file.write_text(HEADER + "nulle;x;;;;;\nnulle-part;ferme;;;;;\ngymnase;ferme;zz;;;;\n")
    told = run(import_hours, file).stderr
    assert "Ligne 2 : période inconnue" in told
    assert "Ligne 3 : aucune salle" in told
    assert "Ligne 4 : jour inconnu" in told


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "Le fichier est vide."),
        (b"\n \n", "Le fichier est vide."),
        (HEADER.encode(), "aucune règle"),
        (b"PK\x03\x04 rest", "un classeur"),
        (b"salle;jour\ngymnase;lu\n", "colonnes absentes"),
        (b"\x81\x8d\x8f", "pas un fichier texte"),
    ],
)
def test_another_file_is_refused_whole(file: Path, content: bytes, sentence: str) -> None:
    file.write_bytes(content)
    with pytest.raises(UnusableFile, match=sentence):
        run(import_hours, file)


def test_a_room_with_rules_has_its_own_schedule_and_leaves_no_orphan(file: Path) -> None:
    file.write_text(HEADER + "gymnase;scolaire;;18:00;22:00;;\n")
    run(import_hours, file)
    own = room().schedule_id
    assert own != ensure_site_schedule(site()).id
    assert db.session.get_one(Schedule, own).for_room
    assert db.session.scalar(sa.select(sa.exists().where(OpeningWindow.schedule_id == own)))


def test_each_change_is_in_the_audit(file: Path) -> None:
    file.write_text(HEADER + "gymnase;ferme;;;;;\n")
    run(import_hours, file)
    run(import_hours, file)
    event = db.session.scalars(
        sa.select(AuditEvent).where(AuditEvent.action == "hours.replaced")
    ).one()
    assert (event.object_type, event.object_id) == ("room", str(room().id))
    assert event.details == {"added": 1, "removed": 0}


def test_31_december_9999_is_no_bound(file: Path) -> None:
    file.write_text(HEADER + "gymnase;ferme;;;;;31/12/9999\n")
    assert run(import_hours, file).exit_code == 0
    assert rules(room())[0][-1] is None
