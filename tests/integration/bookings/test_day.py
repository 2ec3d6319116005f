"""The layers of a day put together again give free_in, on random rules and uses."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy.dialects.postgresql import Range

from salle.bookings.day import DayView, minus, read_day
from salle.bookings.rules import BookingState
from salle.db import db
from salle.kernel.clock import day_span
from salle.venues.availability import Interval
from salle.venues.buffers import change_buffer
from salle.venues.models import Room, SchoolHoliday
from salle.venues.openings import ensure_room_schedule, rebuild_windows
from salle.venues.queries import get_room
from salle.venues.rules import OccupationKind, Period, SchoolCalendar
from tests.factories import (
    NOW,
    make_booking,
    make_organisation,
    make_room,
    make_rule,
    make_site,
    make_space,
    make_user,
    occupy,
)

MINUTE = timedelta(minutes=1)
# An ordinary week, a holiday, a public holiday, and the two nights when clocks change.
DAYS = [date(2027, 1, 12), date(2027, 2, 20), date(2027, 5, 1), date(2026, 10, 25)]
DAYS += [date(2027, 3, 28), date(2027, 3, 27), date(2029, 11, 1)]
TAKEN = ("school", "block", "hold", "booking", "pause")


def add_holidays() -> None:
    for label, period, first, last in (
        ("Vacances de la Toussaint", Period.ALL_SAINTS, date(2026, 10, 17), date(2026, 11, 1)),
        ("Vacances d’Hiver", Period.WINTER, date(2027, 2, 13), date(2027, 2, 28)),
    ):
        db.session.add(
            SchoolHoliday(
                calendar=SchoolCalendar.ZONE_B,
                school_year="2026-2027",
                label=label,
                period=period,
                first_day=first,
                last_day=last,
                source="fichier d’essai",
            )
        )
    db.session.flush()


def spans(day: DayView, *kinds: str) -> list[Interval]:
    return [piece.span for kind in kinds for piece in day.layer(kind).pieces]


def recombine(day: DayView) -> list[Interval]:
    """Rules that open, minus rules that close, minus every use and its pauses."""
    opened = minus(spans(day, "opening"), spans(day, "closing"))
    return minus(opened, spans(day, *TAKEN))


def random_room(dice: random.Random) -> Room:
    site = make_site()
    spaces = [
        make_space(site=site, buffer=timedelta(minutes=dice.choice([0, 0, 15, 40])))
        for _ in range(dice.choice([1, 2]))
    ]
    room = make_room(site=site, spaces=spaces, windows=False)
    for _ in range(dice.randrange(1, 9)):
        opens = dice.randrange(0, 1440, 5)
        first = dice.choice([None, dice.choice(DAYS) - timedelta(days=dice.randrange(3))])
        last = dice.choice([None, dice.choice(DAYS) + timedelta(days=dice.randrange(3))])
        if first and last and last < first:
            first, last = last, first
        make_rule(
            site=site,
            room=dice.choice([None, room]),
            period=dice.choice([Period.TERM, Period.TERM, *Period]),
            opens=opens,
            closes=opens + dice.randrange(5, 1441, 5),
            weekday=dice.choice([None, None, None, *range(1, 8)]),
            valid=_days(first, last),
        )
    ensure_room_schedule(room)
    rebuild_windows([room.schedule_id], today=NOW.date())
    return room


def _days(first: date | None, last: date | None) -> Range[date]:
    return Range(first, last + timedelta(days=1) if last else None)


def random_uses(dice: random.Random, room: Room, day: date, after: datetime) -> datetime:
    """One after the other, with room for every pause; around both midnights too."""
    low, high = day_span(day, day, room.site.time_zone)
    at = max(after, low - timedelta(minutes=dice.randrange(0, 300, 5)))
    organisation, user = make_organisation(), make_user()
    while at < high:
        end = at + timedelta(minutes=dice.randrange(5, 400, 5))
        match dice.randrange(4):
            case 0:
                occupy(room, at, end)
            case 1:
                occupy(room, at, end, kind=OccupationKind.SCHOOL)
            case _:
                make_booking(
                    room=room, organisation=organisation, user=user, starts_at=at, ends_at=end,
                    state=dice.choice(list(BookingState)),
                )  # fmt: skip
        at = end + timedelta(minutes=40 + dice.randrange(0, 600, 5))
    return at


@pytest.mark.parametrize("seed", range(40))
def test_the_layers_recombine_to_what_is_free(session: None, seed: int) -> None:
    dice = random.Random(seed)
    add_holidays()
    room = random_room(dice)
    after = NOW - timedelta(days=365)
    for day in sorted(DAYS):
        after = random_uses(dice, room, day, after)
    db.session.expire_all()
    room = get_room(room.id)
    for day in DAYS:
        view = read_day(room, day)
        assert spans(view, "open") == minus(spans(view, "opening"), spans(view, "closing")) or (
            view.warnings
        )
        if not view.warnings:
            assert recombine(view) == view.free, (seed, day)
        assert view.free == spans(view, "free")
        assert all(
            piece.x >= 0 and piece.x + piece.width <= 100.001 and piece.width > 0
            for layer in view.layers
            for piece in layer.pieces
        )
    # Every day laid out is told from its rules: only the one past the horizon may differ.
    assert [day for day in DAYS[:-1] if read_day(room, day).warnings] == []


def test_each_layer_names_what_it_is_and_who_set_it(session: None) -> None:
    add_holidays()
    site = make_site(name="Collège des Tilleuls")
    halves = [make_space(site=site, name=name) for name in ("Moitié A", "Moitié B")]
    whole = make_room(site=site, spaces=halves, name="Gymnase", windows=False)
    half = make_room(site=site, spaces=halves[:1], name="Moitié A", windows=False)
    make_rule(site=site, weekday=2)
    make_rule(site=site, period=Period.CLOSED, opens=21 * 60, closes=22 * 60, reason="Brevet")
    rebuild_windows([whole.schedule_id], today=NOW.date())
    change_buffer([halves[0].id], timedelta(minutes=15), now=NOW)
    day = DAYS[0]
    low = day_span(day, day)[0]
    make_booking(
        room=half,
        organisation=make_organisation(name="Les Volants"),
        user=make_user(),
        starts_at=low + timedelta(hours=19),
        ends_at=low + timedelta(hours=20),
    )
    db.session.expire_all()
    view = read_day(get_room(whole.id), day)
    told = {
        layer.kind: [(p.hours.replace("\u00a0", " "), p.what, p.who) for p in layer.pieces]
        for layer in view.layers
    }
    assert told["day"][0][1] == "jour de classe"
    assert told["opening"] == [
        ("18 h – 22 h", "jours de classe, le mardi, 18\u00a0h\u00a0– 22\u00a0h",
         "Le collège des Tilleuls, pour toutes ses salles")
    ]  # fmt: skip
    assert told["closing"][0][0] == "21 h – 22 h"
    assert "Brevet" in told["closing"][0][1]
    assert told["open"][0][0] == "18 h – 21 h"
    assert told["booking"][0][0] == "19 h – 20 h"
    assert told["booking"][0][1].startswith("Les Volants, ESS-")
    assert told["booking"][0][2] == "réservation de Moitié A, occupe Moitié A"
    assert [hours for hours, _, _ in told["pause"]] == ["18 h 45 – 19 h", "20 h – 20 h 15"]
    assert [hours for hours, _, _ in told["free"]] == ["18 h – 18 h 45", "20 h 15 – 21 h"]
    assert view.warnings == []


def test_an_unknown_calendar_closes_and_says_so(session: None) -> None:
    room = get_room(make_room(windows=False).id)
    view = read_day(room, DAYS[0])
    assert view.kind == "jour inconnu"
    assert "n’est pas importé" in view.kind_source
    assert view.free == []
