"""Two files of hours for one room at once: the room ends with the rules of one of them.

First the race is shown without the lock of the site, then closed by it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from salle.db import db, transaction
from salle.kernel.errors import DomainError
from salle.venues import hours
from salle.venues.hours import Hours, Target, replace_rules
from salle.venues.models import OpeningRule, Schedule
from salle.venues.rules import Period
from tests.support.world import NOW, World, build_world

pytestmark = pytest.mark.concurrency
EVENINGS = (18 * 60, 19 * 60)


@pytest.fixture
def world(fresh_app: Flask) -> World:
    with fresh_app.app_context(), transaction():
        return build_world()


@pytest.fixture
def both_read_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody writes before both have read the rules; a lock in between ends the wait."""
    barrier = Barrier(2)
    read: Callable[..., Any] = hours._stored

    def read_and_wait(targets: Any) -> Any:
        found = read(targets)
        with suppress(BrokenBarrierError):
            barrier.wait(timeout=1.5)
        return found

    monkeypatch.setattr(hours, "_stored", read_and_wait)


def give(app: Flask, world: World, opens: int) -> str:
    target = Target(world.site_id, world.whole)
    with app.app_context():
        try:
            with transaction():
                rule = Hours(period=Period.OPEN, opens=opens, closes=opens + 60)
                replace_rules({target: [rule]}, actor_id=None, now=NOW)
        except DomainError as error:
            return error.code
        return "done"


def opens_of(app: Flask, room_id: uuid.UUID) -> list[int]:
    with app.app_context():
        return sorted(
            db.session.scalars(sa.select(OpeningRule.opens).where(OpeningRule.room_id == room_id))
        )


def run_both(app: Flask, world: World) -> list[str]:
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda opens: give(app, world, opens), EVENINGS, timeout=60))


@pytest.mark.usefixtures("both_read_first")
def test_without_the_lock_the_rules_of_both_files_stay(
    fresh_app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hours, "lock_sites", lambda _ids: None)
    assert run_both(fresh_app, world) == ["done", "done"]
    assert opens_of(fresh_app, world.whole) == list(EVENINGS)


@pytest.mark.usefixtures("both_read_first")
def test_with_the_lock_one_file_replaces_the_other(fresh_app: Flask, world: World) -> None:
    assert run_both(fresh_app, world) == ["done", "done"]
    assert len(opens_of(fresh_app, world.whole)) == 1
    with fresh_app.app_context():
        own = sa.select(sa.func.count()).where(Schedule.site_id == world.site_id, Schedule.for_room)
        assert db.session.scalar(own) == 1


def test_the_database_refuses_the_same_rule_twice(fresh_app: Flask, world: World) -> None:
    def twice() -> None:
        with transaction():
            facts = {"site_id": world.site_id, "period": Period.OPEN, "opens": 0, "closes": 60}
            db.session.add_all([OpeningRule(**facts), OpeningRule(**facts)])

    with fresh_app.app_context(), pytest.raises(DomainError, match="existe déjà"):
        twice()
