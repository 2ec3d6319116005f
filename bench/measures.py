"""Each hot request, ours over HTTP and its floor, in turn; the answers must be equal."""

from __future__ import annotations

import json
import random
import statistics
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import psycopg

from bench import floors
from bench.client import Client
from bench.dataset import CENTRE, SEED, Spec, ident
from bench.stage import BenchError
from salle.kernel.clock import day_span, from_wall, utcnow

WARM_UP = 15


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
        self,
        name: str,
        ask: Callable[[int], tuple[Callable[[], Any], Callable[[], Any], Check]],
        count: int | None = None,
    ) -> Line:
        """Ours then the floor, the floor then ours, and so on."""
        count = self.count if count is None else count
        ours: list[float] = []
        floor: list[float] = []
        for turn in range(count + WARM_UP):
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
        return self.line(name, ours, floor)

    def line(self, name: str, ours: list[float], floor: list[float]) -> Line:
        """Medians and their ratio."""
        mine_ms, floor_ms = statistics.median(ours), statistics.median(floor)
        return Line(
            name=name,
            set=self.spec.name,
            ours_ms=round(mine_ms, 3),
            floor_ms=round(floor_ms, 3),
            ratio=round(mine_ms / floor_ms, 2),
            n=len(ours),
        )

    def thin_ms(self) -> float:
        """Median of an empty answer of an empty application, taken in the same turns."""
        return statistics.median(self.thin_times)

    def some_slot(self) -> tuple[datetime, datetime]:
        """Two hours of an evening of the next four months."""
        day = self.today + timedelta(days=self.random.randrange(2, 120))
        start = from_wall(datetime(day.year, day.month, day.day, 18))  # noqa: DTZ001 wall time
        return start, start + timedelta(hours=2)

    def free_rooms(self) -> list[Line]:
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

        return [self.interleave("free_rooms", ask)]

    def across(self, far: Client) -> Line:
        """The same search of one slot from a larger set, to this one's; the answers are equal."""

        def ask(_: int) -> tuple[Callable[[], Any], Callable[[], Any], Check]:
            start, end = self.some_slot()
            path = (
                f"/api/v1/rooms?near={CENTRE[0]},{CENTRE[1]}&radius_km=20"
                f"&start={quote(start.isoformat())}&end={quote(end.isoformat())}"
            )
            return lambda: far.get(path), lambda: self.client.get(path), same_answers

        return self.interleave("free_rooms_to_m", ask)

    def room_free(self) -> list[Line]:
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

        return [self.interleave("room_free", ask)]

    def some_room(self, number: int) -> uuid.UUID:
        return ident("room", self.random.randrange(self.spec.sites), number)


Check = Callable[[Any, Any], None]


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


def same_answers(one: tuple[int, bytes], other: tuple[int, bytes]) -> None:
    """The same page, but for next free slots, which a minute may change."""
    mine, theirs = _json(one), _json(other)
    for item in (*mine["items"], *theirs["items"]):
        del item["next_free"]
    if mine != theirs:
        raise BenchError(f"free_rooms: {mine['total']} ≠ {theirs['total']}")


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
