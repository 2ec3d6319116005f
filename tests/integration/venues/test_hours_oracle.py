"""The API's free intervals against a naive reading of every minute, on random collèges.

Holidays, hours and lessons are imported from files by the commands; bookings and blocks are
rows. SALLE_ORACLE_CASES=3000 tries that many, drawn anew; `make test` always tries the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings

from salle.bookings.rules import BookingState
from salle.db import db
from salle.venues.cli import import_hours, import_school_calendar, import_timetable
from salle.venues.models import OpeningWindow, Room, Site
from tests.conftest import CleanClient
from tests.factories import (
    make_booking,
    make_organisation,
    make_room,
    make_site,
    make_space,
    make_uai,
    make_user,
    occupy,
)
from tests.support.database import rolled_back_session
from tests.support.imports import run
from tests.support.opening_cases import Case, cases
from tests.support.opening_oracle import DAY, MINUTE, Line, Place, Use, free_minutes

CASES = int(os.environ.get("SALLE_ORACLE_CASES", "0"))
SPACES = {"entier": "ab", "moitie": "a"}  # room → letters of its spaces
CALENDAR = "Description;Population;Date de début;Date de fin;Académies;Zones;annee_scolaire\n"
HOURS = "salle;periode;jour;debut;fin;du;au\n"


@contextmanager
def commands_run_before(day: date) -> Iterator[None]:
    """The commands run some days before. A short horizon holds that day too, and costs less."""
    today = max(day - 3 * DAY, date(2026, 9, 1))
    now = datetime(today.year, today.month, today.day, 10, tzinfo=UTC)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("salle.venues.cli.utcnow", lambda: now)
        patch.setattr("salle.adapters.ical.CPU_SECONDS", 20)  # however busy the machine is
        if not CASES:
            patch.setattr("salle.venues.openings.HORIZON", timedelta(days=10))
        yield


@settings(
    max_examples=CASES or 150,
    derandomize=not CASES,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(case=cases(rooms=list(SPACES)))
def test_the_api_offers_every_free_minute_and_no_other(
    app: Flask, tmp_path: Path, case: Case
) -> None:
    with rolled_back_session(app), commands_run_before(case.middle):
        site = make_site(
            uai=make_uai(case.department * 10_000 + 1),
            calendar=case.calendar,
            time_zone=case.zone,
        )
        rooms = _rooms(site, case)
        place = Place(case.zone, case.region, case.vacations)
        _import_calendar(tmp_path / "vacances.csv", case)
        _import_hours(tmp_path / "horaires.csv", case, site, place)
        _import_lessons(tmp_path, case)
        uses = case.lesson_uses(SPACES) + _take(rooms, case)
        for name, room in rooms.items():
            pauses = dict(zip("ab", (timedelta(minutes=n) for n in case.buffers), strict=True))
            free = free_minutes(
                place,
                name,
                {letter: pauses[letter] for letter in SPACES[name]},
                uses,
                case.first,
                case.last,
            )
            offered = _offered(app, room, case)
            assert sorted(offered - free) == [], f"{name}: offered, but not free"
            assert sorted(free - offered) == [], f"{name}: free, but hidden"
            _check_windows(room)


def _rooms(site: Site, case: Case) -> dict[str, Room]:
    spaces = {
        letter: make_space(site=site, buffer=timedelta(minutes=minutes))
        for letter, minutes in zip("ab", case.buffers, strict=True)
    }
    return {
        slug: make_room(
            site=site, slug=slug, spaces=[spaces[letter] for letter in letters], windows=False
        )
        for slug, letters in SPACES.items()
    }


def _import_calendar(file: Path, case: Case) -> None:
    lines = [
        f"{one.label};-;{one.starts:%d/%m/%Y};{one.ends:%d/%m/%Y};;{case.calendar.value};"
        f"{_school_year(one.starts)}\n"
        for one in case.vacations
    ]
    if lines:
        file.write_text(CALENDAR + "".join(lines))
        assert run(import_school_calendar, file).exit_code == 0


def _school_year(day: date) -> str:
    first = day.year if day.month >= 9 else day.year - 1
    return f"{first}-{first + 1}"


def _import_hours(file: Path, case: Case, site: Site, place: Place) -> None:
    for lines in case.files:
        named = [
            Line(**{**vars(one), "salle": f"site:{site.uai}"}) if one.salle == "site" else one
            for one in lines
        ]
        file.write_text(HOURS + "".join(f"{line.text()}\n" for line in named))
        result = run(import_hours, file)
        assert result.exit_code == 0, result.stderr
        place.take_file(named)


def _import_lessons(folder: Path, case: Case) -> None:
    for slug, events in case.lessons.items():
        if not events:
            continue
        body = "".join(event.text(case.zone, number) for number, event in enumerate(events))
        file = folder / "cours.ics"
        file.write_bytes(
            f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//essai//\r\n{body}END:VCALENDAR\r\n".encode()
        )
        result = run(import_timetable, "--room", slug, file)
        assert result.exit_code == 0, result.stderr


def _take(rooms: dict[str, Room], case: Case) -> list[Use]:
    """Bookings and blocks; one that the database refuses takes nothing."""
    organisation, user = make_organisation(), make_user()
    taken = []
    for slug, how, start, end in case.takes:
        facts: dict[str, Any] = {"starts_at": start, "ends_at": end}
        try:
            with db.session.begin_nested():
                if how == "block":
                    occupy(rooms[slug], start, end)
                else:
                    make_booking(
                        room=rooms[slug],
                        organisation=organisation,
                        user=user,
                        state=BookingState(how),
                        **facts,
                    )
        except sa.exc.IntegrityError as error:
            assert "ex_occupation_no_overlap" in str(error)  # noqa: PT017 only this one is expected
            continue
        if how != "cancelled":
            taken += [Use(letter, start, end) for letter in SPACES[slug]]
    return taken


def _offered(app: Flask, room: Room, case: Case) -> set[datetime]:
    """The minutes of the API's intervals, which are in order and apart."""
    db.session.flush()
    answer = CleanClient(app, app.response_class).get(
        f"/api/v1/rooms/{room.id}/free?from={case.first}&to={case.last}"
    )
    assert answer.status_code == 200, answer.text
    minutes: set[datetime] = set()
    before = None
    for piece in answer.json["intervals"]:
        start, end = (
            datetime.fromisoformat(piece[name]).astimezone(UTC) for name in ("start", "end")
        )
        assert start < end
        assert before is None or before < start
        before = end
        while start < end:
            minutes.add(start)
            start += MINUTE
    return minutes


def _check_windows(room: Room) -> None:
    """Stored windows are in order, apart, and at most a day long."""
    rows = db.session.scalars(
        sa.select(OpeningWindow)
        .where(OpeningWindow.schedule_id == room.schedule_id)
        .order_by(OpeningWindow.starts_at)
    ).all()
    for row in rows:
        assert row.starts_at < row.ends_at <= row.starts_at + DAY
    for one, following in zip(rows, rows[1:], strict=False):
        assert one.ends_at <= following.starts_at
