"""Windows kept in step with rules."""

from __future__ import annotations

from datetime import date, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range

from salle.db import db
from salle.payments.cli import import_rooms
from salle.venues.cli import import_directory
from salle.venues.models import OpeningRule, OpeningWindow, Room, Site
from salle.venues.openings import (
    ensure_room_schedule,
    ensure_site_schedule,
    rebuild_all,
    rebuild_windows,
)
from salle.venues.rules import Period
from tests.support.imports import DATA, run

TODAY = date(2026, 10, 1)
TUESDAY = date(2026, 11, 24)


@pytest.fixture
def site(session: None, first_of_october: datetime) -> Site:
    run(import_directory, DATA / "annuaire.csv")
    run(import_rooms, DATA / "salles.csv")
    found = db.session.scalars(sa.select(Site).where(Site.uai == "0350901P")).one()
    db.session.execute(sa.delete(OpeningRule).where(OpeningRule.site_id == found.id))
    return found


def add_rule(site: Site, opens: int, closes: int, room: Room | None = None) -> None:
    db.session.add(
        OpeningRule(
            site_id=site.id,
            room_id=room.id if room else None,
            period=Period.TERM,
            weekday=2,
            opens=opens * 60,
            closes=closes * 60,
            valid=Range(TUESDAY, date(2026, 12, 2)),
        )
    )
    db.session.flush()


def windows(schedule_id: object) -> list[tuple[date, int, int]]:
    rows = db.session.scalars(
        sa.select(OpeningWindow)
        .where(OpeningWindow.schedule_id == schedule_id)
        .order_by(OpeningWindow.starts_at)
    )
    return [(row.day, row.starts_at.hour, row.ends_at.hour) for row in rows]


def test_windows_follow_the_rules_between_their_dates(site: Site) -> None:
    add_rule(site, 18, 22)
    schedule = ensure_site_schedule(site)
    assert rebuild_windows([schedule.id], today=TODAY) == 2
    assert windows(schedule.id) == [(TUESDAY, 17, 21), (date(2026, 12, 1), 17, 21)]


def test_without_rules_nothing_is_left(site: Site) -> None:
    schedule = ensure_site_schedule(site)
    assert windows(schedule.id) != []
    assert rebuild_windows([schedule.id], today=TODAY) == 0
    assert windows(schedule.id) == []


def test_a_room_with_rules_of_its_own_gets_its_own_schedule(site: Site) -> None:
    room = db.session.scalars(sa.select(Room).where(Room.slug == "gymnase")).one()
    add_rule(site, 18, 22)
    add_rule(site, 8, 10, room)
    own, shared = ensure_room_schedule(room), ensure_site_schedule(site)
    rebuild_all(TODAY)
    assert ensure_room_schedule(room) is own
    assert windows(own.id) == [(TUESDAY, 7, 9), (date(2026, 12, 1), 7, 9)]
    assert windows(shared.id) == [(TUESDAY, 17, 21), (date(2026, 12, 1), 17, 21)]


def test_a_site_has_one_schedule(site: Site) -> None:
    assert ensure_site_schedule(site) is ensure_site_schedule(site)


def test_a_past_school_year_is_dropped(site: Site) -> None:
    add_rule(site, 18, 22)
    schedule = ensure_site_schedule(site)
    rebuild_windows([schedule.id], today=TODAY)
    assert rebuild_windows([schedule.id], today=date(2027, 9, 1)) == 0
