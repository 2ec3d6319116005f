"""At most one live address of a calendar, whoever asks at once."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa
from flask import Flask

from salle.calendars import service
from salle.calendars.models import CalendarAddress
from salle.calendars.rules import AddressKind
from salle.db import db, transaction
from tests.support.world import NOW, World, build_world, get_user

pytestmark = pytest.mark.concurrency
ASKERS = 6


@pytest.fixture
def world(fresh_app: Flask) -> World:
    with fresh_app.app_context(), transaction():
        return build_world()


def create_together(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> tuple[Counter[str], int]:
    """What each gets, and how many addresses are live."""
    meeting = Barrier(ASKERS)
    real = service.find_live_address

    def look_then_meet(*arguments: object) -> object:
        found = real(*arguments)  # type: ignore[arg-type]
        meeting.wait(timeout=20)  # everybody has looked before anybody writes
        return found

    monkeypatch.setattr(service, "find_live_address", look_then_meet)

    def create(_: int) -> str:
        try:
            with app.app_context(), transaction():
                service.create_address(
                    kind=AddressKind.ORGANISATION,
                    subject_id=world.organisation,
                    actor=get_user(world.member),
                    now=NOW,
                )
        except service.AddressExists:
            return "exists"
        return "made"

    with ThreadPoolExecutor(ASKERS) as pool:
        answers = Counter(pool.map(create, range(ASKERS), timeout=60))
    return answers, count_live(app)


def count_live(app: Flask) -> int:
    with app.app_context():
        return (
            db.session.scalar(
                sa.select(sa.func.count(CalendarAddress.id)).where(
                    CalendarAddress.revoked_at.is_(None)
                )
            )
            or 0
        )


def test_without_the_index_everybody_makes_one(
    fresh_app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fresh_app.app_context(), transaction():
        db.session.execute(sa.text("DROP INDEX uq_calendar_address_live"))
    assert create_together(fresh_app, world, monkeypatch) == ({"made": ASKERS}, ASKERS)


def test_with_the_index_one_is_made(
    fresh_app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, live = create_together(fresh_app, world, monkeypatch)
    assert answers == {"made": 1, "exists": ASKERS - 1}
    assert live == 1
