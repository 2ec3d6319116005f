"""Door codes: made at confirmation, seen in time, unique at their door, revoked."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from salle.db import db
from salle.doors import codes
from salle.doors.models import AccessGrant, Door, RoomDoor
from salle.doors.queries import list_grants
from salle.doors.rules import GrantState
from salle.doors.service import issue_grants, revoke_grants
from tests.support.doors import CLOSES, HOUR, OPENS, book
from tests.support.jobs import queued_jobs
from tests.support.world import NOW, World, build_world, tuesday


@pytest.fixture
def world(session: None) -> World:
    return build_world()


def grant_rows() -> list[AccessGrant]:
    return list(db.session.scalars(sa.select(AccessGrant).order_by(AccessGrant.id)))


def test_code_shown_at_once_is_there_with_its_hours(world: World) -> None:
    booked = book(world, shown_minutes=None)
    (grant,) = booked.issue()
    assert grant.code is not None
    assert len(grant.code) == 6
    assert grant.code.isdigit()
    assert (grant.date_id, grant.door_id, grant.door) == (booked.date_id, world.door_id, "Porte 2")
    assert grant.valid_from == OPENS - timedelta(minutes=15)
    assert grant.valid_until == CLOSES + timedelta(minutes=10)
    assert grant.visible_from == NOW
    assert grant.state == GrantState.ACTIVE
    assert grant.keypad_url is not None
    assert grant.keypad_url.endswith(f"/demo/portes/{world.door_id}")
    assert queued_jobs() == []


def test_code_shown_later_is_hidden_until_then_and_a_job_will_send_it(world: World) -> None:
    booked = book(world, shown_minutes=120)
    (grant,) = booked.issue()
    shown_from = OPENS - 2 * HOUR
    assert (grant.code, grant.visible_from) == (None, shown_from)
    assert list_grants(booked.booking.id, shown_from - timedelta(seconds=1))[0].code is None
    assert list_grants(booked.booking.id, shown_from)[0].code is not None
    assert queued_jobs() == [("doors.reveal", {"booking_date_id": str(booked.date_id)})]
    planned = db.session.scalar(sa.text("SELECT scheduled_at FROM procrastinate_jobs"))
    assert planned == shown_from


@pytest.mark.parametrize(
    ("now", "shown"),
    [(OPENS - timedelta(minutes=1), None), (OPENS, 0), (OPENS + HOUR, 1440)],
)
def test_code_of_a_booking_made_during_its_hours_is_seen_at_once(
    world: World, now: datetime, shown: int | None
) -> None:
    (grant,) = book(world, shown_minutes=shown).issue(now)
    assert grant.code is not None
    assert queued_jobs() == []


def test_code_is_not_in_clear_in_the_database_and_cannot_change_rows(world: World) -> None:
    (first,), (second,) = book(world).issue(), book(world, starts_at=tuesday(21)).issue()
    rows = {row.booking_date_id: row for row in grant_rows()}
    one, other = rows[first.date_id], rows[second.date_id]
    assert first.code is not None
    assert first.code.encode() not in one.code_encrypted
    assert first.code not in one.code_digest
    one.code_encrypted = other.code_encrypted
    db.session.flush()
    with pytest.raises(ValueError, match="another row"):
        codes.open_code(one.code_encrypted, grant_id=one.id)


def test_issuing_twice_changes_nothing(world: World) -> None:
    booked = book(world, shown_minutes=120)
    booked.issue()
    before = [(row.id, row.code_digest) for row in grant_rows()]
    booked.issue()
    assert [(row.id, row.code_digest) for row in grant_rows()] == before
    assert len(queued_jobs()) == 1


def test_each_door_of_the_room_has_its_code(world: World) -> None:
    site_id = db.session.get_one(Door, world.door_id).site_id
    back = Door(site_id=site_id, name="Porte de la cour", driver="virtual")
    db.session.add(back)
    db.session.flush()
    db.session.add(RoomDoor(room_id=world.whole, door_id=back.id))
    db.session.flush()
    grants = book(world).issue()
    assert [grant.door for grant in grants] == ["Porte 2", "Porte de la cour"]


def test_no_two_codes_of_a_door_are_equal_at_one_moment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter(["111111", "111111", "222222", "111111"])
    monkeypatch.setattr(codes, "new_door_code", lambda _digits: next(drawn))
    first = book(world).issue()
    # The next use ends its code's hours within those of the first: 20 h 10 > 20 h 00 − 15 min.
    second = book(world, starts_at=CLOSES, room_id=world.half_a).issue()
    later = book(world, starts_at=tuesday(18, week=1)).issue()
    assert [grants[0].code for grants in (first, second, later)] == ["111111", "222222", "111111"]


def test_revoked_codes_are_hidden_and_others_stay(world: World) -> None:
    booked, other = book(world), book(world, starts_at=tuesday(21))
    booked.issue()
    other.issue()
    assert revoke_grants(booked.booking.id, NOW) == 1
    (grant,) = list_grants(booked.booking.id, NOW)
    assert (grant.state, grant.code) == (GrantState.REVOKED, None)
    assert list_grants(other.booking.id, NOW)[0].state == GrantState.ACTIVE
    assert revoke_grants(booked.booking.id, NOW) == 0


def test_revoking_some_dates_or_past_hours_leaves_the_rest(world: World) -> None:
    booked = book(world)
    booked.issue()
    assert revoke_grants(booked.booking.id, NOW, date_ids=[]) == 0
    assert revoke_grants(booked.booking.id, CLOSES + HOUR) == 0
    assert revoke_grants(booked.booking.id, NOW, date_ids=[booked.date_id]) == 1


def test_code_issued_again_after_a_revocation_is_a_new_one(world: World) -> None:
    booked = book(world)
    (before,) = booked.issue()
    revoke_grants(booked.booking.id, NOW)
    (after,) = issue_grants(booked.booking, booked.booking.dates, booked.room, NOW)
    assert after.state == GrantState.ACTIVE
    assert after.code not in {None, before.code}
