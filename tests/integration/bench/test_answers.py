"""What `make bench` compares, on a tiny data set: equal answers, equal rows, the printed line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask

from bench import floors
from bench.client import Client
from bench.creation import Creation, request_of
from bench.dataset import (
    CENTRE,
    COS,
    KM_PER_DEGREE,
    SETS,
    TOKEN,
    Builder,
    Spec,
    ident,
    side_km,
    stamp,
)
from bench.feeds import same_uses, uses_of
from bench.holds import hold
from bench.load import together
from bench.measures import Line, Measures, same_answers, same_intervals, same_rooms
from bench.provider import Provider
from bench.rows import row_counts
from bench.rules import EARLY, RuleChanges
from bench.seasons import Seasons, same_counts, season_counts
from bench.seasons import path_of as season_path
from bench.stage import BenchError, plain
from salle import create_app
from salle.db import db
from salle.kernel.clock import day_span, from_wall, utcnow
from tests.conftest import test_config
from tests.support.database import create_database, drop_database

TINY = Spec(name="T", rooms=40, bookings_per_room=300)

# When a room is free, without open_in, busy_in nor free_in: the gaps between its uses, window
# by window.
GAPS = """
WITH used AS (
  SELECT o.starts_at - rs.buffer AS low, o.frees_at AS high
    FROM room_space rs JOIN occupation o ON o.space_id = rs.space_id
   WHERE rs.room_id = %(room)s AND o.active
), edge AS (
  SELECT w.starts_at AS opens, w.ends_at AS closes, w.starts_at AS low, w.starts_at AS high
    FROM opening_window w JOIN room r ON r.schedule_id = w.schedule_id
   WHERE r.id = %(room)s AND w.ends_at > %(start)s AND w.starts_at < %(end)s
  UNION ALL
  SELECT w.starts_at, w.ends_at, u.low, u.high
    FROM opening_window w JOIN room r ON r.schedule_id = w.schedule_id
    JOIN used u ON u.low < w.ends_at AND u.high > w.starts_at
   WHERE r.id = %(room)s AND w.ends_at > %(start)s AND w.starts_at < %(end)s
  UNION ALL
  SELECT w.starts_at, w.ends_at, w.ends_at, w.ends_at
    FROM opening_window w JOIN room r ON r.schedule_id = w.schedule_id
   WHERE r.id = %(room)s AND w.ends_at > %(start)s AND w.starts_at < %(end)s
), gap AS (
  SELECT greatest(opens, max(high) OVER before) AS low, least(closes, low) AS high
    FROM edge
  WINDOW before AS (PARTITION BY opens ORDER BY low, high
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)
SELECT low, high FROM gap WHERE low < high ORDER BY low
"""


class Caller:
    """The service without a network: what bench.client.Client answers."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def get(self, path: str) -> tuple[int, bytes]:
        answer = self.client.get(path)
        return answer.status_code, answer.data

    def post(self, path: str, document: dict[str, Any], token: str) -> tuple[int, bytes]:
        answer = self.client.post(path, json=document, headers={"Authorization": f"Bearer {token}"})
        return answer.status_code, answer.data


@dataclass
class Scene:
    """A tiny data set, the service that answers from it, and a hand's own connection."""

    caller: Caller
    connection: psycopg.Connection[Any]
    today: date
    provider: Provider
    till: Client
    app: Flask


@pytest.fixture(scope="module")
def scene(
    server_url: str, template_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    url = create_database(server_url, template=str(sa.make_url(template_url).database))
    today = utcnow().date()
    with psycopg.connect(plain(url)) as writing:
        Builder(writing, TINY, today).build()
    config = test_config(url, tmp_path_factory.mktemp("bench"))
    with (
        psycopg.connect(plain(url), autocommit=True) as connection,
        Provider() as provider,
        Client(provider.port) as till,
    ):
        app = create_app(replace(config, stripe_api_base=provider.url))
        connection.execute("SET timezone = 'UTC'")
        yield Scene(Caller(app.test_client()), connection, today, provider, till, app)
    with app.app_context():
        db.engine.dispose()
    drop_database(url)


def evenings(today: date) -> Iterator[tuple[datetime, datetime]]:
    """Two hours of twelve evenings, clock changes or not."""
    for offset in range(3, 99, 8):
        day = today + timedelta(days=offset)
        start = from_wall(datetime(day.year, day.month, day.day, 18))  # noqa: DTZ001 wall time
        yield start, start + timedelta(hours=2)


def test_free_rooms_when_asked_both_ways_then_equal_and_neither_all_nor_none(scene: Scene) -> None:
    totals = []
    for start, end in evenings(scene.today):
        answer = scene.caller.get(
            f"/api/v1/rooms?near={CENTRE[0]},{CENTRE[1]}&radius_km=20"
            f"&start={quote(start.isoformat())}&end={quote(end.isoformat())}"
        )
        rows = floors.free_rooms(
            scene.connection, lat=CENTRE[0], lon=CENTRE[1], start=start, end=end, now=utcnow()
        )
        same_rooms(answer, rows)
        totals.append(rows[0][0])
    assert 0 < min(totals) < TINY.rooms
    assert len(set(totals)) > 1


def test_free_rooms_when_one_answer_lacks_a_room_then_the_bench_stops(scene: Scene) -> None:
    start, end = next(evenings(scene.today))
    answer = scene.caller.get(
        f"/api/v1/rooms?near={CENTRE[0]},{CENTRE[1]}&radius_km=20"
        f"&start={quote(start.isoformat())}&end={quote(end.isoformat())}"
    )
    rows = floors.free_rooms(
        scene.connection, lat=CENTRE[0], lon=CENTRE[1], start=start, end=end, now=utcnow()
    )
    with pytest.raises(BenchError):
        same_rooms(answer, rows[1:])
    with pytest.raises(BenchError):
        same_rooms(answer, [rows[1], rows[0], *rows[2:]])


def test_across_sets_when_the_answers_differ_then_the_bench_stops(scene: Scene) -> None:
    start, end = next(evenings(scene.today))
    path = season_path([(start, end)])
    answer = scene.caller.get(path)
    same_answers(answer, scene.caller.get(path))
    with pytest.raises(BenchError):
        same_answers(answer, scene.caller.get(path.replace("km=20", "km=3")))


@pytest.mark.parametrize("number", range(5))
def test_room_free_when_asked_three_ways_then_equal(scene: Scene, number: int) -> None:
    for site in range(TINY.sites):
        room = ident("room", site, number)
        first = scene.today + timedelta(days=2 + 11 * site)
        start, end = day_span(first, first + timedelta(days=27))
        answer = scene.caller.get(
            f"/api/v1/rooms/{room}/free?from={first}&to={first + timedelta(days=27)}"
        )
        rows = floors.room_free(scene.connection, room=room, start=start, end=end)
        gaps = scene.connection.execute(GAPS, {"room": room, "start": start, "end": end}).fetchall()
        same_intervals(answer, rows)
        assert rows == gaps
        assert len(rows) > 10
        with pytest.raises(BenchError):
            same_intervals(answer, rows[:-1])


def creation_of(scene: Scene) -> Creation:
    measures = Measures(scene.caller, scene.connection, TINY, 5, thin=scene.caller)  # type: ignore[arg-type]
    return Creation(measures, scene.provider, scene.till)


def test_create_when_done_both_ways_then_the_same_rows(scene: Scene) -> None:
    creation = creation_of(scene)
    create, hold = creation.create()
    assert create.n == hold.n == 5
    assert hold.ours_ms < create.ours_ms
    assert hold.floor_ms < create.floor_ms
    assert creation.rows_each["payment"] == creation.rows_each["occupation"] == 1


def test_create_series_when_done_both_ways_then_the_same_rows(scene: Scene) -> None:
    creation = creation_of(scene)
    series, _ = creation.create_series()
    assert series.name == "create_36"
    assert creation.rows_each["booking_date"] == creation.rows_each["occupation"] == 36
    assert creation.rows_each["payment"] == 1


@pytest.mark.parametrize(
    ("change", "table"),
    [({"cents": 1}, "booking"), ({"account": "acct_other"}, "payment"), ({"spaces": []}, "occup")],
)
def test_create_when_one_side_writes_something_else_then_the_bench_stops(
    scene: Scene, change: dict[str, Any], table: str
) -> None:
    creation = creation_of(scene)
    pair = [*creation.free_pairs(20)][-1]
    wanted = creation.wanted(pair.site, pair.theirs)
    answer = scene.caller.post("/api/v1/bookings", request_of(pair.site, pair.mine), TOKEN)
    other = hold(scene.connection, scene.till, replace(wanted, **change))
    with pytest.raises(BenchError, match=table):
        creation.same_holds(answer, other)


def test_create_when_a_row_is_not_compared_then_the_bench_stops(scene: Scene) -> None:
    creation = creation_of(scene)
    before = row_counts(scene.connection)
    creation.rows_each = {"audit_event": 1}
    scene.connection.execute(
        "INSERT INTO audit_event (at, action, object_type, object_id, details)"
        " SELECT now(), 'bench.tried', 'bench', n::text, '{}' FROM generate_series(1, 4) n"
    )
    creation.check_counts(before, 2)
    scene.connection.execute(
        "INSERT INTO territory (id, slug, name, kind)"
        " VALUES (gen_random_uuid(), 'autre', 'Autre', 'department')"
    )
    with pytest.raises(BenchError, match="territory"):
        creation.check_counts(before, 2)


def test_season_when_asked_both_ways_then_equal_and_not_all_dates(scene: Scene) -> None:
    seasons = Seasons(creation_of(scene).measures)
    shares = set()
    for _ in range(4):
        slots = seasons.some_slots()
        answer = scene.caller.get(season_path(slots))
        rows = season_counts(scene.connection, lat=CENTRE[0], lon=CENTRE[1], slots=slots)
        same_counts(answer, rows)
        shares |= {free for _, _, free in rows}
        with pytest.raises(BenchError):
            same_counts(answer, [(rows[0][0], rows[0][1], rows[0][2] - 1), *rows[1:]])
    assert len(shares) > 3


def test_feed_when_read_both_ways_then_every_use_and_no_other(scene: Scene) -> None:
    first, last = scene.today - timedelta(days=366), scene.today + timedelta(days=731)
    for number in range(5):
        answer = scene.caller.get(f"/calendriers/salles/salle-0-{number}.ics")
        uses = uses_of(scene.connection, f"salle-0-{number}", first=first, last=last)
        same_uses(answer, uses)
        assert len(uses) >= TINY.bookings_per_room
        with pytest.raises(BenchError):
            same_uses(answer, uses[1:])


def test_rules_change_when_made_then_two_years_of_windows_and_seen(scene: Scene) -> None:
    changes = RuleChanges(creation_of(scene).measures, scene.app)
    (line,) = changes.change()
    assert line.n == 5
    changes.opens[0] = EARLY + 60
    with pytest.raises(BenchError, match="rooms at"):
        changes.check_seen(0, len(changes.windows(0)))
    with pytest.raises(BenchError, match="windows"):
        changes.check_seen(0, len(changes.windows(0)) + 1)


def test_builder_writes_what_the_set_says(scene: Scene) -> None:
    row = scene.connection.execute(
        "SELECT (SELECT count(*) FROM room),"
        " (SELECT count(*) FROM booking WHERE reference ~ '^M-'),"
        " (SELECT min(n) FROM (SELECT count(*) AS n FROM room_space GROUP BY room_id) _),"
        " (SELECT max(n) FROM (SELECT count(*) AS n FROM room_space GROUP BY room_id) _)"
    ).fetchone()
    assert row == (TINY.rooms, TINY.rooms * TINY.bookings_per_room, 1, 2)


def test_builder_puts_back_every_constraint_and_index(
    scene: Scene, server_url: str, template_url: str
) -> None:
    url = create_database(server_url, template=str(sa.make_url(template_url).database))
    with psycopg.connect(plain(url), autocommit=True) as untouched:
        wanted = definitions(untouched)
    drop_database(url)
    assert definitions(scene.connection) == wanted
    assert len(wanted) > 100


def test_builder_when_the_set_is_only_read_then_lacks_the_exclusion_alone(
    scene: Scene, server_url: str, template_url: str
) -> None:
    url = create_database(server_url, template=str(sa.make_url(template_url).database))
    small = Spec(name="R", rooms=5, bookings_per_room=20, reads_only=True)
    with psycopg.connect(plain(url)) as writing:
        Builder(writing, small, scene.today).build()
        found = definitions(writing)
    drop_database(url)
    missing = [one for one in definitions(scene.connection) if one not in found]
    assert {name for _, name, _, _ in missing} == {"ex_occupation_no_overlap"}


def definitions(connection: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    """Without casts and brackets: a list of texts is told otherwise once it has been read."""
    return connection.execute(
        "SELECT table_name, name, valid,"
        "       regexp_replace(told, '::(character varying|text)|[][()]', '', 'g') FROM ("
        "  SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated"
        "    FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
        "   UNION ALL SELECT tablename, indexname, indexdef, true FROM pg_indexes"
        "    WHERE schemaname = 'public') _ (table_name, name, told, valid) ORDER BY 1, 2, 3, 4"
    ).fetchall()


def test_set_when_larger_then_has_the_same_square(scene: Scene) -> None:
    large = replace(TINY, rooms=200, dense_rooms=TINY.rooms, other_bookings_per_room=3)
    assert [large.place(n) for n in range(TINY.sites)] == [TINY.place(n) for n in range(TINY.sites)]
    half = side_km(TINY.sites) / 2
    for n in range(TINY.sites, large.sites):
        lat, lon = large.place(n)
        north, east = (lat - CENTRE[0]) * KM_PER_DEGREE, (lon - CENTRE[1]) * KM_PER_DEGREE * COS
        assert half <= max(abs(north), abs(east)) <= side_km(large.sites) / 2
    assert large.bookings == TINY.bookings + 3 * 160 == 40 * 300 + 480
    assert SETS["L"].bookings >= 10_000_000


def test_stamp_changes_with_the_set_the_month_and_the_schema() -> None:
    day = date(2027, 1, 12)
    known = stamp(TINY, day, "0005")
    assert known == stamp(TINY, day + timedelta(days=1), "0005")
    assert known != stamp(TINY, day + timedelta(days=31), "0005")
    assert known != stamp(TINY, day, "0006")
    assert known != stamp(replace(TINY, rooms=45), day, "0005")


def test_clients_when_together_then_as_many_requests_and_the_first_failure_shows() -> None:
    asked: list[int] = []
    assert together([lambda: asked.append(1), lambda: asked.append(2)], 10) == 10
    assert sorted(asked) == [1] * 5 + [2] * 5

    def fail() -> None:
        raise BenchError("503")

    with pytest.raises(BenchError, match="503"):
        together([lambda: None, fail], 4)


def test_line_is_what_the_judges_read() -> None:
    line = Line(name="create", set="S", ours_ms=12.3456, floor_ms=4.0, ratio=3.086, n=200)
    shape = r"BENCH name=(\w+) set=(\w+) ours_ms=([\d.]+) floor_ms=([\d.]+) ratio=([\d.]+) n=(\d+)"
    found = re.fullmatch(shape, str(line))
    assert found is not None
    assert found.groups() == ("create", "S", "12.35", "4.00", "3.09", "200")
