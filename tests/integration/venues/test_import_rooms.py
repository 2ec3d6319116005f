"""`salle import salles`: rooms, their places, their price."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from salle.db import db
from salle.payments.cli import import_rooms
from salle.payments.models import Tariff
from salle.venues.cli import import_directory, import_timetable
from salle.venues.imports.tables import UnusableFile
from salle.venues.models import Room, RoomSpace, Schedule, Site, Space
from salle.venues.rules import RoomKind
from tests.factories import make_room, make_site, make_territory
from tests.support.imports import DATA, run

HEADER = "uai;salle;nom;type;capacite;parties;tarif_horaire_centimes\n"
GYM = "0350901P;gymnase;Gymnase;gymnase;150;Moitié A|Moitié B;1500\n"
TODAY = date(2026, 10, 1)


@pytest.fixture(autouse=True)
def sites(session: None, first_of_october: datetime) -> None:
    run(import_directory, DATA / "annuaire.csv")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "salles.csv"


def room(slug: str) -> Room:
    db.session.expire_all()
    return db.session.scalars(sa.select(Room).where(Room.slug == slug)).one()


def parts(slug: str) -> set[str]:
    return set(
        db.session.scalars(
            sa.select(Space.name)
            .join(RoomSpace, RoomSpace.space_id == Space.id)
            .where(RoomSpace.room_id == room(slug).id)
        )
    )


def tariffs(slug: str) -> list[tuple[int, date, date | None, str]]:
    rows = db.session.scalars(
        sa.select(Tariff)
        .where(Tariff.room_id == room(slug).id)
        .order_by(sa.func.lower(Tariff.valid))
    )
    return [(t.hourly_cents, t.valid.lower, t.valid.upper, t.decision) for t in rows]


def test_good_lines_become_rooms_and_bad_ones_are_listed() -> None:
    result = run(import_rooms, DATA / "salles.csv")
    assert result.stdout == "3 créés, 0 modifié, 0 inchangé, 3 rejetés.\n"
    assert result.exit_code == 3
    assert "Ligne 5 : capacité « 10000 » : un nombre entier de 1 à 9999" in result.stderr
    assert "Ligne 6 : type inconnu « piscine »" in result.stderr
    assert "Ligne 7 : « gymnase » est déjà l’adresse d’une salle d’un autre" in result.stderr


def test_rooms_that_share_a_name_share_the_place() -> None:
    run(import_rooms, DATA / "salles.csv")
    assert parts("gymnase") == {"Moitié A", "Moitié B"}
    assert parts("gymnase-a") == {"Moitié A"}


def test_labels_and_codes_both_name_the_kind() -> None:
    run(import_rooms, DATA / "salles.csv")
    assert room("gymnase-a").kind is RoomKind.GYMNASIUM
    assert room("polyvalente").kind is RoomKind.MULTIPURPOSE


def test_a_complete_room_is_published_another_is_not(first_of_october: datetime) -> None:
    result = run(import_rooms, DATA / "salles.csv")
    assert room("gymnase").published_at == first_of_october
    assert room("polyvalente").published_at is None
    assert "Ligne 4 : « polyvalente » non publiée, sans son tarif" in result.stderr


def test_a_new_room_shares_the_schedule_of_its_site() -> None:
    run(import_rooms, DATA / "salles.csv")
    schedule = db.session.get_one(Schedule, room("gymnase").schedule_id)
    assert schedule.site_id == room("gymnase").site_id
    assert not schedule.for_room


def test_twice_changes_nothing() -> None:
    run(import_rooms, DATA / "salles.csv")
    result = run(import_rooms, DATA / "salles.csv")
    assert result.stdout == "0 créé, 0 modifié, 3 inchangés, 3 rejetés.\n"
    assert tariffs("gymnase") == [(1500, TODAY, None, "Importé le jeudi 1er\u00a0octobre 2026")]


def test_a_changed_price_closes_the_old_tariff_and_opens_a_new_one(
    file: Path, monkeypatch: pytest.MonkeyPatch, first_of_october: datetime
) -> None:
    file.write_text(HEADER + GYM)
    run(import_rooms, file)
    later = first_of_october + timedelta(days=30)
    monkeypatch.setattr("salle.payments.cli.utcnow", lambda: later)
    file.write_text(HEADER + GYM.replace("1500", "1800"))
    assert run(import_rooms, file).stdout.startswith("0 créé, 1 modifié")
    assert [row[:3] for row in tariffs("gymnase")] == [
        (1500, TODAY, later.date()),
        (1800, later.date(), None),
    ]


def test_a_price_corrected_on_the_same_day_replaces_it(file: Path) -> None:
    for price in ("1500", "1600"):
        file.write_text(HEADER + GYM.replace("1500", price))
        run(import_rooms, file)
    assert [row[:3] for row in tariffs("gymnase")] == [(1600, TODAY, None)]


def test_a_free_room_is_complete(file: Path) -> None:
    file.write_text(HEADER + GYM.replace("1500", "0"))
    run(import_rooms, file)
    assert room("gymnase").published_at is not None


def test_parts_may_change_while_nobody_relies_on_them(file: Path) -> None:
    file.write_text(HEADER + GYM)
    run(import_rooms, file)
    file.write_text(HEADER + GYM.replace("|Moitié B", "|Scène"))
    assert run(import_rooms, file).exit_code == 0
    assert parts("gymnase") == {"Moitié A", "Scène"}


def test_parts_may_not_change_under_lessons_to_come(file: Path) -> None:
    file.write_text(HEADER + GYM)
    run(import_rooms, file)
    run(import_timetable, "--room", "gymnase", DATA / "emploi_du_temps.ics")
    file.write_text(HEADER + GYM.replace("|Moitié B", "").replace("1500", "1700"))
    result = run(import_rooms, file)
    assert "les parties de « gymnase » ne peuvent pas changer" in result.stderr
    assert parts("gymnase") == {"Moitié A", "Moitié B"}
    assert [row[0] for row in tariffs("gymnase")] == [1500]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("0350901P", "0350901Z", "code UAI invalide"),
        ("0350901P", "0380902Z", "aucun collège n’a pour code UAI"),
        (";gymnase;G", ";Gym nase;G", "identifiant de salle"),
        (";150;", ";0;", "capacité « 0 »"),
        (";1500", ";12,50", "tarif horaire en centimes « 12,50 »"),
        (";1500", ";-5", "tarif horaire en centimes « -5 »"),
        (";Gymnase;", ";;", "nom : 1 à 120 caractères"),
        (";1500", "", "la ligne a 6 cases, l’en-tête en a 7"),
    ],
)
def test_bad_lines_are_listed(file: Path, old: str, new: str, reason: str) -> None:
    line = GYM.replace(old, new, 1)
    if reason.startswith("aucun"):
        line = line.replace("0380902Z", "0380902" + "ABCDEFGHJKLMNPRSTUVWXYZ"[380902 % 23])
    file.write_text(HEADER + line)
    result = run(import_rooms, file)
    assert result.exit_code == 3
    assert f"Ligne 2 : {reason}" in result.stderr
    assert db.session.scalar(sa.select(sa.func.count()).where(Room.slug == "gymnase")) == 0


def test_the_same_slug_twice_is_refused_the_second_time(file: Path) -> None:
    file.write_text(HEADER + GYM + GYM)
    assert "la salle « gymnase » est déjà donnée ligne 2" in run(import_rooms, file).stderr


def test_a_closed_college_gets_no_room(file: Path) -> None:
    site = db.session.scalars(sa.select(Site).where(Site.uai == "0350901P")).one()
    site.closed_on = TODAY
    file.write_text(HEADER + GYM)
    assert "est fermé" in run(import_rooms, file).stderr


def test_another_file_is_refused_whole() -> None:
    with pytest.raises(UnusableFile, match="colonnes absentes"):
        run(import_rooms, DATA / "annuaire.csv")


DETAILS = "equipement;accessible;boucle_magnetique;sanitaires_accessibles"


def test_equipment_and_accessibility_may_be_given(file: Path) -> None:
    file.write_text(
        f"{HEADER.strip()};{DETAILS}\n{GYM.strip()};basket | tribune|basket;Oui;1;non\n", "utf-8"
    )
    run(import_rooms, file)
    gym = room("gymnase")
    assert gym.equipment == ["basket", "tribune"]
    assert (gym.accessible, gym.hearing_loop, gym.accessible_toilets) == (True, True, False)
    assert "1 inchangé" in run(import_rooms, file).output
    file.write_text(f"{HEADER.strip()};{DETAILS}\n{GYM.strip()};;;non;\n", "utf-8")
    run(import_rooms, file)
    gym = room("gymnase")
    assert (gym.equipment, gym.accessible) == (["basket", "tribune"], True)
    assert not gym.hearing_loop
    file.write_text(HEADER + GYM, "utf-8")  # without the columns nothing changes
    run(import_rooms, file)
    assert room("gymnase").equipment == ["basket", "tribune"]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (";peut-être;;", "accessible « peut-être » : oui ou non"),
        (";;2;", "boucle_magnetique « 2 » : oui ou non"),
        ("|".join(f"t{n}" for n in range(31)) + ";;;", "équipement : 30 au plus"),
        ("x" * 121 + ";;;", "équipement : 1 à 120 caractères"),
    ],
)
def test_details_that_mean_nothing_are_refused(file: Path, cells: str, reason: str) -> None:
    file.write_text(f"{HEADER.strip()};{DETAILS}\n{GYM.strip()};{cells}\n", "utf-8")
    assert reason in run(import_rooms, file).output


def test_the_address_of_a_room_is_its_own_whatever_the_territory() -> None:
    run(import_rooms, DATA / "salles.csv")
    elsewhere = make_site(territory=make_territory(slug="ailleurs"))
    with pytest.raises(sa.exc.IntegrityError, match="uq_room_slug"):
        make_room(site=elsewhere, slug="gymnase")
