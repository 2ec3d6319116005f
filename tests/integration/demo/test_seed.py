"""The demonstration's data: complete, the same at every start, never undoing what people did."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from salle.accounts.models import User
from salle.accounts.queries import get_user_by_email
from salle.bookings.models import BookingDate
from salle.bookings.rules import DateState
from salle.db import Base, db, transaction
from salle.demo.personas import PERSONAS
from salle.demo.seed import seed, uai
from salle.grants.models import ProjectSite
from salle.kernel.clock import to_wall
from salle.kernel.french import is_rna, is_uai
from salle.mail.models import OutboxMessage
from salle.organisations.models import Organisation
from salle.payments.models import LedgerEntry
from salle.payments.rules import LedgerAccount
from salle.venues.models import OpeningWindow, Room, RoomSpace, Site
from salle.venues.occupations import Occupation
from salle.venues.rules import OccupationKind

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
CONTRACT_ROOMS = {
    "gymnase-des-tilleuls",
    "gymnase-des-tilleuls-a",
    "gymnase-des-tilleuls-b",
    "salle-essai",
    "foyer-des-tilleuls",
}


@pytest.fixture
def seeded(session: None) -> None:
    seed(now=NOW)
    db.session.expire_all()


def contents() -> dict[str, list[str]]:
    """Every row of every table of ours, as text."""
    return {
        table.name: sorted(str(tuple(row)) for row in db.session.execute(sa.select(table)))
        for table in Base.metadata.sorted_tables
    }


def test_the_rooms_of_the_contract_are_there(seeded: None) -> None:
    slugs = set(db.session.scalars(sa.select(Room.slug)))
    assert slugs >= CONTRACT_ROOMS
    assert len(slugs) >= 17
    assert all(db.session.scalars(sa.select(Room.published_at)))


def test_the_whole_gymnase_is_its_two_halves(seeded: None) -> None:
    spaces: dict[str, set[object]] = {}
    for slug, space in db.session.execute(
        sa.select(Room.slug, RoomSpace.space_id).join(Room, Room.id == RoomSpace.room_id)
    ):
        spaces.setdefault(slug, set()).add(space)
    half_a, half_b = spaces["gymnase-des-tilleuls-a"], spaces["gymnase-des-tilleuls-b"]
    assert spaces["gymnase-des-tilleuls"] == half_a | half_b
    assert not half_a & half_b


def test_every_persona_can_be_found_and_is_marked_fictional(seeded: None) -> None:
    for persona in PERSONAS:
        assert get_user_by_email(persona.email).fictional


def test_codes_are_well_formed_and_of_no_real_departement(seeded: None) -> None:
    codes = list(db.session.scalars(sa.select(Site.uai)))
    assert all(is_uai(code) and code.startswith("096") for code in codes)
    assert all(is_rna(rna or "") for rna in db.session.scalars(sa.select(Organisation.rna)))
    assert uai(1) in codes


def test_a_second_start_changes_nothing(seeded: None) -> None:
    before = contents()
    seed(now=datetime(2026, 11, 25, 7, 0, tzinfo=UTC))
    assert contents() == before


def test_what_people_did_stays(seeded: None) -> None:
    room = db.session.scalars(sa.select(Room).where(Room.slug == "salle-essai")).one()
    with transaction():
        room.name = "Salle renommée"
        for assignment in get_user_by_email("gardien@demo.example").roles:
            db.session.delete(assignment)
    seed(now=NOW)
    db.session.expire_all()
    assert room.name == "Salle renommée"
    assert get_user_by_email("gardien@demo.example").roles == []


def test_nothing_is_written_when_something_fails(
    app: Flask, session: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("stop here")

    monkeypatch.setattr("salle.demo.seed._add_organisations", broken)
    with pytest.raises(RuntimeError):
        seed(now=NOW)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(User)) == 0


def free_days(slug: str) -> set[date]:
    """Days on which the room has an opening window."""
    return set(
        db.session.scalars(
            sa.select(OpeningWindow.day)
            .join(Room, Room.schedule_id == OpeningWindow.schedule_id)
            .where(Room.slug == slug)
        )
    )


def test_the_try_out_room_is_open_day_and_night(seeded: None) -> None:
    days = free_days("salle-essai")
    first, last = date(2026, 9, 1), date(2027, 8, 31)
    assert {first + timedelta(days=n) for n in range((last - first).days + 1)} <= days
    room = db.session.scalars(sa.select(Room).where(Room.slug == "salle-essai")).one()
    night = datetime(2026, 12, 24, 23, 30, tzinfo=UTC)
    found = db.session.scalar(
        sa.text(
            "SELECT tstzrange(:a, :b) <@ free FROM free_in(:room, :schedule, :days,"
            " tstzmultirange(tstzrange(:a, :b)))"
        ),
        {
            "a": night,
            "b": night + timedelta(hours=6),
            "room": room.id,
            "schedule": room.schedule_id,
            "days": [night.date() + timedelta(days=n) for n in (-1, 0, 1)],
        },
    )
    assert found is True


def test_lessons_take_both_halves_on_term_weekdays_only(seeded: None) -> None:
    rows = db.session.execute(
        sa.select(Occupation.space_id, Occupation.starts_at, Occupation.ends_at)
        .join(RoomSpace, RoomSpace.space_id == Occupation.space_id)
        .join(Room, Room.id == RoomSpace.room_id)
        .where(Room.slug == "gymnase-des-tilleuls", Occupation.kind == OccupationKind.SCHOOL)
    ).all()
    by_space: dict[object, set[date]] = {}
    for space, start, end in rows:
        day = to_wall(start)
        assert (day.hour, to_wall(end).hour) == (8, 17)
        assert day.isoweekday() <= 5
        by_space.setdefault(space, set()).add(day.date())
    taken = list(by_space.values())
    assert len(taken) == 2
    assert taken[0] == taken[1]
    assert date(2026, 12, 1) in taken[0]  # an ordinary Tuesday
    assert date(2026, 11, 11) not in taken[0]  # a public holiday
    assert date(2026, 12, 22) not in taken[0]  # Christmas holidays


def test_the_project_of_the_fund_follows_the_sites(seeded: None) -> None:
    linked = set(db.session.scalars(sa.select(ProjectSite.site_id)))
    assert linked == set(db.session.scalars(sa.select(Site.id)))


def test_the_associations_have_come_and_the_departement_has_kept_nothing(seeded: None) -> None:
    ends = list(
        db.session.scalars(
            sa.select(BookingDate.ends_at).where(BookingDate.state == DateState.CONFIRMED)
        )
    )
    assert len(ends) >= 8
    assert max(ends) < NOW  # those to come need somebody to pay for them
    sums: dict[LedgerAccount, int] = dict(
        db.session.execute(
            sa.select(LedgerEntry.account, sa.func.sum(LedgerEntry.amount_cents)).group_by(
                LedgerEntry.account
            )
        ).all()
    )
    assert sums[LedgerAccount.COLLEGE] > 0
    assert sums.get(LedgerAccount.DEPARTMENT, 0) == 0
    assert sum(sums.values()) == 0


def test_no_message_of_the_past_is_a_reminder(seeded: None) -> None:
    subjects = list(db.session.scalars(sa.select(OutboxMessage.subject)))
    assert subjects
    assert not any("rappel" in subject.lower() for subject in subjects)
