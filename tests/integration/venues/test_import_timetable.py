"""`salle import emploi-du-temps`: lessons become school use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from salle.accounts.models import User
from salle.adapters.ical import BadCalendar
from salle.bookings.models import Booking, BookingDate
from salle.bookings.rules import BookingState, DateState
from salle.db import db
from salle.kernel.errors import NotFound
from salle.organisations.models import Organisation, OrganisationKind
from salle.payments.cli import import_rooms
from salle.venues.cli import import_directory, import_timetable
from salle.venues.models import Room, RoomSpace, Space, Timetable
from salle.venues.occupations import Occupation
from salle.venues.rules import OccupationKind
from tests.support.imports import DATA, run

FILE = DATA / "emploi_du_temps.ics"


@pytest.fixture(autouse=True)
def rooms(session: None, first_of_october: datetime) -> None:
    run(import_directory, DATA / "annuaire.csv")
    run(import_rooms, DATA / "salles.csv")


def room(slug: str) -> Room:
    return db.session.scalars(sa.select(Room).where(Room.slug == slug)).one()


def space(name: str) -> Space:
    return db.session.scalars(sa.select(Space).where(Space.name == name)).one()


def uses(name: str, kind: OccupationKind = OccupationKind.SCHOOL) -> list[tuple[str, str]]:
    rows = db.session.scalars(
        sa.select(Occupation)
        .where(Occupation.space_id == space(name).id, Occupation.kind == kind, Occupation.active)
        .order_by(Occupation.starts_at)
    )
    return [(f"{row.starts_at:%m-%d %H:%M}", f"{row.ends_at:%m-%d %H:%M}") for row in rows]


def block(name: str, start: datetime, hours: int) -> None:
    """A staff block: it needs no booking."""
    end = start + timedelta(hours=hours)
    db.session.add(
        Occupation(
            space_id=space(name).id,
            kind=OccupationKind.BLOCK,
            starts_at=start,
            ends_at=end,
            frees_at=end,
        )
    )
    db.session.flush()


def lesson(start: str, end: str, uid: str = "a") -> str:
    return f"BEGIN:VEVENT\nUID:{uid}\nSUMMARY:EPS\nDTSTART:{start}\nDTEND:{end}\nEND:VEVENT\n"


def calendar(path: Path, *lessons: str) -> Path:
    path.write_text("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:t\n" + "".join(lessons) + "END:VCALENDAR")
    return path


LESSONS = [
    ("10-05 06:00", "10-05 08:00"),  # two lessons that touch are one use
    ("10-19 12:00", "10-19 13:00"),
    ("10-26 07:00", "10-26 08:00"),
    ("11-23 23:00", "11-24 23:00"),  # two days: rows of 24 hours
    ("11-24 23:00", "11-25 23:00"),
]


def test_lessons_take_every_space_of_the_room() -> None:
    result = run(import_timetable, "--room", "gymnase", FILE)
    assert result.stdout == "5 créés, 0 modifié, 0 inchangé, 0 rejeté.\n"
    assert result.exit_code == 0
    assert uses("Moitié A") == uses("Moitié B") == LESSONS


def test_the_same_file_again_changes_nothing() -> None:
    run(import_timetable, "--room", "gymnase", FILE)
    ids = set(db.session.scalars(sa.select(Occupation.id)))
    result = run(import_timetable, "--room", "gymnase", FILE)
    assert result.stdout == "0 créé, 0 modifié, 5 inchangés, 0 rejeté.\n"
    assert set(db.session.scalars(sa.select(Occupation.id))) == ids


def test_a_new_file_replaces_the_previous_version(tmp_path: Path) -> None:
    run(import_timetable, "--room", "gymnase", FILE)
    other = calendar(
        tmp_path / "b.ics",
        lesson("20261019T140000", "20261019T150000"),
        lesson("20261020T140000", "20261020T150000", "b"),
    )
    result = run(import_timetable, "--room", "gymnase", other)
    assert result.stdout == "1 créé, 0 modifié, 1 inchangé, 0 rejeté, 4 retirés.\n"
    assert uses("Moitié A") == [("10-19 12:00", "10-19 13:00"), ("10-20 12:00", "10-20 13:00")]
    timetable = db.session.scalars(sa.select(Timetable)).one()
    assert (timetable.file_name, timetable.event_count) == ("b.ics", 2)


def test_a_pause_is_kept_after_the_last_lesson_only() -> None:
    db.session.execute(sa.update(Space).values(buffer=timedelta(minutes=15)))
    run(import_timetable, "--room", "gymnase-a", FILE)
    pauses = db.session.scalars(
        sa.select(Occupation.frees_at - Occupation.ends_at)
        .where(Occupation.kind == OccupationKind.SCHOOL)
        .order_by(Occupation.starts_at)
    ).all()
    assert [pause.total_seconds() / 60 for pause in pauses] == [15, 15, 15, 0, 15]


def test_lessons_closer_than_the_pause_are_one_use(tmp_path: Path) -> None:
    db.session.execute(sa.update(Space).values(buffer=timedelta(minutes=15)))
    recess = calendar(
        tmp_path / "recreation.ics",
        lesson("20261005T080000", "20261005T090000"),
        lesson("20261005T091000", "20261005T100000", uid="b"),
        lesson("20261005T102000", "20261005T110000", uid="c"),
    )
    assert run(import_timetable, "--room", "gymnase-a", recess).exit_code == 0
    assert len(uses("Moitié A")) == 2


def test_what_a_block_takes_is_left_to_it() -> None:
    block("Moitié A", datetime(2026, 10, 5, 7, tzinfo=UTC), 4)
    result = run(import_timetable, "--room", "gymnase", FILE)
    assert result.exit_code == 0
    assert uses("Moitié A")[0] == ("10-05 06:00", "10-05 07:00")
    assert uses("Moitié B")[0] == ("10-05 06:00", "10-05 08:00")


def test_a_lesson_under_another_timetable_takes_the_place_back_when_that_one_goes(
    tmp_path: Path,
) -> None:
    run(import_timetable, "--room", "gymnase", FILE)
    half = calendar(tmp_path / "half.ics", lesson("20261005T083000", "20261005T103000"))
    run(import_timetable, "--room", "gymnase-a", half)
    assert uses("Moitié A")[:2] == [("10-05 06:00", "10-05 08:00"), ("10-05 08:00", "10-05 08:30")]
    run(import_timetable, "--vider", "--room", "gymnase", calendar(tmp_path / "empty.ics"))
    assert uses("Moitié A") == [("10-05 06:30", "10-05 08:00"), ("10-05 08:00", "10-05 08:30")]
    assert uses("Moitié B") == []
    again = run(import_timetable, "--room", "gymnase-a", half)
    assert again.exit_code == 0
    assert uses("Moitié A") == [("10-05 06:30", "10-05 08:30")]


def test_a_lesson_that_meets_a_booking_is_listed_and_the_rest_is_imported(
    booked: int,
) -> None:
    result = run(import_timetable, "--room", "gymnase", FILE)
    assert result.exit_code == 3
    assert (
        "Rejeté — Ligne 12 : cours « EPS 6e A déplacé » du lundi 19\u00a0octobre" in result.stderr
    )
    assert "rien n’est écrasé" in result.stderr
    assert uses("Moitié A") == LESSONS
    assert uses("Moitié B") == [LESSONS[0], ("10-19 12:00", "10-19 12:30"), *LESSONS[2:]]
    assert uses("Moitié B", OccupationKind.BOOKING) == [("10-19 12:30", "10-19 13:30")]
    assert db.session.get_one(Occupation, booked).active


@pytest.fixture
def booked(rooms: None) -> int:
    """A confirmed booking of one half on 19 October, 14:30 to 15:30, in plain rows."""
    created = datetime(2026, 9, 1, tzinfo=UTC)
    user = User(name="Personne fictive", email="personne@exemple.invalid", created_at=created)
    organisation = Organisation(
        territory_id=room("gymnase").territory_id,
        kind=OrganisationKind.ASSOCIATION,
        name="Association fictive",
        created_at=created,
    )
    db.session.add_all([organisation, user])
    db.session.flush()
    start = datetime(2026, 10, 19, 12, 30, tzinfo=UTC)
    end = start + timedelta(hours=1)
    booking = Booking(
        reference="RES-TEST01",
        room_id=room("gymnase").id,
        organisation_id=organisation.id,
        created_by_id=user.id,
        state=BookingState.CONFIRMED,
        purpose="Entraînement",
        headcount=10,
        price_cents=0,
        full_value_cents=0,
        price_rule="",
        created_at=start - timedelta(days=30),
        confirmed_at=start - timedelta(days=30),
    )
    db.session.add(booking)
    db.session.flush()
    day = BookingDate(
        booking_id=booking.id,
        starts_at=start,
        ends_at=end,
        state=DateState.CONFIRMED,
        price_cents=0,
        full_value_cents=0,
    )
    db.session.add(day)
    db.session.flush()
    row = Occupation(
        space_id=space("Moitié B").id,
        kind=OccupationKind.BOOKING,
        starts_at=start,
        ends_at=end,
        frees_at=end,
        booking_date_id=day.id,
    )
    db.session.add(row)
    db.session.flush()
    return row.id


def test_a_room_without_parts_is_refused() -> None:
    db.session.execute(sa.delete(RoomSpace))
    with pytest.raises(BadCalendar, match="parties"):
        run(import_timetable, "--room", "gymnase", FILE)


def test_an_unknown_room_is_refused() -> None:
    with pytest.raises(NotFound, match="« gymnase-z »"):
        run(import_timetable, "--room", "gymnase-z", FILE)


def test_what_is_not_a_calendar_leaves_the_previous_version() -> None:
    run(import_timetable, "--room", "gymnase", FILE)
    with pytest.raises(BadCalendar):
        run(import_timetable, "--room", "gymnase", DATA / "salles.csv")
    assert uses("Moitié A") == LESSONS


def test_a_doubtful_file_frees_no_hour_of_the_college(tmp_path: Path) -> None:
    run(import_timetable, "--room", "gymnase", FILE)
    good = lesson("20261005T083000", "20261005T103000")
    bad = good.replace("END:VEVENT", "RRULE:FREQ=BOGUS\r\nEND:VEVENT")
    assert "BOGUS" in bad
    result = run(import_timetable, "--room", "gymnase", calendar(tmp_path / "bad.ics", good + bad))
    assert result.exit_code == 3
    assert "gardé en entier" in result.stderr
    assert uses("Moitié A") == LESSONS
    with pytest.raises(BadCalendar, match="aucun cours"):
        run(import_timetable, "--room", "gymnase", calendar(tmp_path / "empty.ics"))
    assert uses("Moitié A") == LESSONS


def test_an_event_without_an_end_is_said_to_take_nothing(tmp_path: Path) -> None:
    good = lesson("20261005T083000", "20261005T103000")
    endless = (
        "\r\n".join(line for line in good.splitlines() if not line.startswith("DTEND")) + "\r\n"
    )
    result = run(
        import_timetable, "--room", "gymnase", calendar(tmp_path / "endless.ics", good + endless)
    )
    assert "ni fin ni durée" in result.stderr
    assert uses("Moitié A") == [("10-05 06:30", "10-05 08:30")]
