"""Each hot request, ours over HTTP and its floor, in turn; the answers must be equal."""

from __future__ import annotations

import json
import random
import statistics
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote

import psycopg

from bench import floors
from bench.client import Client
from bench.dataset import CENTRE, SEED, TOKEN, Spec, hours_of, ident
from bench.stage import BenchError
from salle.kernel.clock import day_span, from_wall, utcnow

WARM_UP = 15
TABLES = (
    "booking", "booking_date", "occupation", "booking_event", "audit_event", "outbox_message",
    "procrastinate_jobs",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Line:
    """Medians of one measure, in milliseconds."""

    name: str
    set: str
    ours_ms: float
    floor_ms: float
    ratio: float
    n: int

    def __str__(self) -> str:
        return (
            f"BENCH name={self.name} set={self.set} ours_ms={self.ours_ms:.2f}"
            f" floor_ms={self.floor_ms:.2f} ratio={self.ratio:.2f} n={self.n}"
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """(milliseconds, answer)."""
    started = time.perf_counter()
    answer = call()
    return (time.perf_counter() - started) * 1000, answer


class Measures:
    """The measures of one data set."""

    def __init__(
        self,
        client: Client,
        connection: psycopg.Connection[Any],
        spec: Spec,
        count: int,
        *,
        thin: Client,
    ) -> None:
        self.client, self.connection, self.spec, self.count = client, connection, spec, count
        self.thin, self.thin_times = thin, list[float]()
        self.random = random.Random(SEED + 1)  # noqa: S311 not a secret
        self.today = utcnow().date()

    def interleave(
        self, name: str, ask: Callable[[int], tuple[Callable[[], Any], Callable[[], Any], Check]]
    ) -> Line:
        """Ours then the floor, the floor then ours, and so on."""
        ours: list[float] = []
        floor: list[float] = []
        for turn in range(self.count + WARM_UP):
            mine, theirs, check = ask(turn)
            if turn % 2:
                (a, first), (b, second) = timed(mine), timed(theirs)
            else:
                (b, second), (a, first) = timed(theirs), timed(mine)
            check(first, second)
            bare, _ = timed(lambda: self.thin.get("/"))
            if turn >= WARM_UP:
                self.thin_times.append(bare)
                ours.append(a)
                floor.append(b)
        mine_ms, floor_ms = statistics.median(ours), statistics.median(floor)
        return Line(
            name=name,
            set=self.spec.name,
            ours_ms=round(mine_ms, 3),
            floor_ms=round(floor_ms, 3),
            ratio=round(mine_ms / floor_ms, 2),
            n=self.count,
        )

    def thin_ms(self) -> float:
        """Median of an empty answer of an empty application, taken in the same turns."""
        return statistics.median(self.thin_times)

    def some_slot(self) -> tuple[datetime, datetime]:
        """Two hours of an evening of the next four months."""
        day = self.today + timedelta(days=self.random.randrange(2, 120))
        start = from_wall(datetime(day.year, day.month, day.day, 18))  # noqa: DTZ001 wall time
        return start, start + timedelta(hours=2)

    def free_rooms(self) -> Line:
        """One slot within 20 km: total, first 20 in order, price, next free slot."""

        def ask(_: int) -> tuple[Callable[[], Any], Callable[[], Any], Check]:
            start, end = self.some_slot()
            now = utcnow()
            path = (
                f"/api/v1/rooms?near={CENTRE[0]},{CENTRE[1]}&radius_km=20"
                f"&start={quote(start.isoformat())}&end={quote(end.isoformat())}"
            )
            return (
                lambda: self.client.get(path),
                lambda: floors.free_rooms(
                    self.connection, lat=CENTRE[0], lon=CENTRE[1], start=start, end=end, now=now
                ),
                same_rooms,
            )

        return self.interleave("free_rooms", ask)

    def room_free(self) -> Line:
        """The free intervals of one room over four weeks."""

        def ask(_: int) -> tuple[Callable[[], Any], Callable[[], Any], Check]:
            room = self.some_room(self.random.randrange(5))
            first = self.today + timedelta(days=self.random.randrange(2, 90))
            last = first + timedelta(days=27)
            start, end = day_span(first, last)
            path = f"/api/v1/rooms/{room}/free?from={first}&to={last}"
            return (
                lambda: self.client.get(path),
                lambda: floors.room_free(self.connection, room=room, start=start, end=end),
                same_intervals,
            )

        return self.interleave("room_free", ask)

    def some_room(self, number: int) -> uuid.UUID:
        return ident("room", self.random.randrange(self.spec.sites), number)

    def create(self) -> Line:
        """A request (slot kept until the collège answers) with every check, and the same rows.

        The room is on approval: a paid hold also calls the payment provider after its commit,
        which no SQL can stand for.
        """
        slots = self.free_slots(2 * (self.count + WARM_UP))
        counts: list[list[int]] = [self.row_counts()]

        def ask(turn: int) -> tuple[Callable[[], Any], Callable[[], Any], Check]:
            mine, theirs = slots[2 * turn], slots[2 * turn + 1]
            document = {
                "room_id": str(ident("room", mine[0], 3)),
                "organisation_id": str(ident("organisation")),
                "start": mine[1].isoformat(),
                "end": mine[2].isoformat(),
                "purpose": "Entraînement",
                "headcount": 12,
            }
            wanted = floors.Wanted(
                room=ident("room", theirs[0], 3),
                spaces=[ident("space", theirs[0], "c")],
                organisation=ident("organisation"),
                user=ident("user"),
                start=theirs[1],
                end=theirs[2],
                now=utcnow(),
            )
            return (
                lambda: self.client.post("/api/v1/bookings", document, TOKEN),
                lambda: floors.create(self.connection, wanted),
                check,
            )

        def check(answer: tuple[int, bytes], _: None) -> None:
            if answer[0] != 201:
                raise BenchError(f"POST /bookings : {answer[0]} {answer[1].decode()[:500]}")

        line = self.interleave("create", ask)
        counts.append(self.row_counts())
        turns = self.count + WARM_UP
        written = [after - before for before, after in zip(*counts, strict=True)]
        if any(number != each * turns for number, each in zip(written, ROWS, strict=True)):
            pairs = dict(zip(TABLES, written, strict=True))
            raise BenchError(f"The two sides do not write the same rows: {pairs} in {turns} turns")
        return line

    def row_counts(self) -> list[int]:
        counts = [
            self.connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
            for table in TABLES
        ]
        return [int(row[0]) for row in counts if row is not None]

    def free_slots(self, number: int) -> list[tuple[int, datetime, datetime]]:
        """Different free slots of rooms on approval, one a room and evening."""
        found: list[tuple[int, datetime, datetime]] = []
        for offset in range(5, 120):
            day = self.today + timedelta(days=offset)
            for site in range(self.spec.sites):
                slot = self.first_free(site, day)
                if slot is not None:
                    found.append(slot)
                if len(found) == number:
                    self.random.shuffle(found)
                    return found
        raise BenchError("Not enough free slots in the data set.")

    def first_free(self, site: int, day: date) -> tuple[int, datetime, datetime] | None:
        start = from_wall(
            datetime(day.year, day.month, day.day, 18) + timedelta(0)  # noqa: DTZ001 wall time
        )
        end = start + timedelta(hours=2)
        if hours_of(day)[1] < 20 * 60:
            return None
        taken = self.connection.execute(
            "SELECT 1 FROM occupation WHERE space_id = %s AND active"
            " AND tstzrange(starts_at, frees_at) && tstzrange(%s, %s)",
            [ident("space", site, "c"), start, end],
        ).fetchone()
        return None if taken else (site, start, end)


Check = Callable[[Any, Any], None]
ROWS = (2, 2, 2, 2, 2, 2, 4)  # rows of both sides a turn, table by table


def same_rooms(answer: tuple[int, bytes], rows: list[tuple[Any, ...]]) -> None:
    """Same total, same rooms in the same order, same price and next free slot."""
    body = _json(answer)
    mine = [
        (i["id"], i["price_cents"], *(_instant(i["next_free"][k]) for k in ("start", "end")))
        for i in body["items"]
    ]
    theirs = [(str(r[1]), r[7], r[-1].lower, r[-1].upper) for r in rows]
    total = rows[0][0] if rows else 0
    if (body["total"], mine) != (total, theirs):
        raise BenchError(f"free_rooms: {body['total']} {mine[:2]} ≠ {total} {theirs[:2]}")


def same_intervals(answer: tuple[int, bytes], rows: list[tuple[Any, ...]]) -> None:
    """Same intervals."""
    mine = [(_instant(i["start"]), _instant(i["end"])) for i in _json(answer)["intervals"]]
    if mine != rows:
        raise BenchError(f"room_free: {mine[:2]} ≠ {rows[:2]}")


def _json(answer: tuple[int, bytes]) -> dict[str, Any]:
    status, content = answer
    if status != 200:
        raise BenchError(f"{status} {content.decode()[:500]}")
    body: dict[str, Any] = json.loads(content)
    return body


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
