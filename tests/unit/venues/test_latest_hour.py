"""The latest hour of a room is read on the wall clock, past midnight and on changed nights."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from salle.kernel.clock import from_wall
from salle.venues.asking import Refused, RoomRules, check_times

NOW = datetime(2026, 10, 1, 8, tzinfo=UTC)


def wall(text: str) -> datetime:
    return from_wall(datetime.fromisoformat(text))


def ask(latest: int | None, start: datetime, end: datetime) -> str:
    rules = RoomRules(
        time_zone="Europe/Paris",
        capacity=80,
        step_minutes=15,
        min_minutes=15,
        max_minutes=1440,
        notice_minutes=0,
        horizon_days=700,
        latest_minute=latest,
        set_by="Le collège des Tilleuls",
    )
    try:
        check_times(rules, start, end, NOW)
    except Refused as error:
        return error.code
    return "ok"


@pytest.mark.parametrize(
    ("latest", "start", "end", "answer"),
    [
        (22 * 60, "2026-11-03T20:00", "2026-11-03T22:00", "ok"),
        (22 * 60, "2026-11-03T20:00", "2026-11-03T22:15", "too_late"),
        (22 * 60, "2026-11-03T21:00", "2026-11-04T01:00", "too_late"),
        (22 * 60, "2026-11-03T23:00", "2026-11-03T23:30", "too_late"),
        # The night belongs to the evening before, until 5 h.
        (22 * 60, "2026-11-04T01:00", "2026-11-04T02:00", "too_late"),
        (22 * 60, "2026-11-04T04:45", "2026-11-04T05:00", "too_late"),
        (22 * 60, "2026-11-04T05:00", "2026-11-04T07:00", "ok"),
        # Until one in the morning.
        (25 * 60, "2026-11-03T22:00", "2026-11-04T01:00", "ok"),
        (25 * 60, "2026-11-04T00:30", "2026-11-04T01:00", "ok"),
        (25 * 60, "2026-11-03T22:00", "2026-11-04T01:15", "too_late"),
        (24 * 60, "2026-11-03T22:00", "2026-11-04T00:00", "ok"),
        (24 * 60, "2026-11-03T22:00", "2026-11-04T00:15", "too_late"),
        # A whole day may not jump over the night.
        (22 * 60, "2026-11-03T10:00", "2026-11-04T08:00", "too_late"),
        (None, "2026-11-03T22:00", "2026-11-04T04:00", "ok"),
    ],
)
def test_a_use_ends_by_the_latest_hour(
    latest: int | None, start: str, end: str, answer: str
) -> None:
    assert ask(latest, wall(start), wall(end)) == answer


def test_the_latest_hour_is_of_the_clock_on_the_night_it_changes() -> None:
    """25 October 2026: 3 h becomes 2 h; two instants read 2 h 15."""
    first = wall("2026-10-25T02:15")
    assert ask(26 * 60 + 15, wall("2026-10-24T23:00"), first) == "ok"
    assert ask(26 * 60 + 15, wall("2026-10-24T23:00"), first + timedelta(hours=1)) == "ok"
    assert ask(26 * 60, wall("2026-10-24T23:00"), first + timedelta(hours=1)) == "too_late"


def test_the_refusal_says_whose_rule_and_what_works() -> None:
    rules = RoomRules(
        time_zone="Europe/Paris", capacity=80, step_minutes=30, min_minutes=60, max_minutes=120,
        notice_minutes=2880, horizon_days=30, latest_minute=22 * 60,
        set_by="Le collège des Tilleuls",
    )  # fmt: skip
    nbsp = "\u00a0"
    for start, end, code, words in (
        ("2026-10-06T18:10", "2026-10-06T19:30", "invalid", "18 h – 19 h 30"),
        ("2026-10-06T18:00", "2026-10-06T18:30", "too_short", "Allongez votre créneau de 30 min"),
        ("2026-10-06T18:00", "2026-10-06T21:30", "too_long", "Raccourcissez votre créneau de 1 h"),
        ("2026-10-02T18:00", "2026-10-02T19:00", "too_soon", "à partir du samedi 3 octobre, 10 h"),
        ("2026-11-30T18:00", "2026-11-30T19:00", "too_far", "jusqu’au samedi 31 octobre 2026"),
        ("2026-10-06T21:00", "2026-10-06T22:30", "too_late", "qui finit à 22 h ou avant"),
    ):
        with pytest.raises(Refused) as refused:
            check_times(rules, wall(start), wall(end), NOW)
        assert refused.value.code == code
        assert refused.value.message.startswith("Le collège des Tilleuls ")
        assert words in refused.value.message.replace(nbsp, " ")
