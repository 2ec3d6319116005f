"""Creating a paid hold: ours with every check, against one hand-written transaction.

Both then ask the same provider for a checkout page and keep its answer. `create` times the
whole; `create_hold` stops when the provider is asked, that is when the hold is committed.
Rows and their contents are compared at every turn.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, TypeVar

from bench.client import Client
from bench.dataset import PAID_ROOM, TOKEN, account_of, ident
from bench.holds import Wanted, hold
from bench.measures import WARM_UP, Check, Line, Measures
from bench.provider import Provider
from bench.rows import contents, row_counts
from bench.stage import BenchError
from salle.kernel.clock import from_wall, utcnow
from salle.kernel.rates import Rate, cost, rate_words
from salle.payments.rules import Audience

Slot = tuple[datetime, datetime]
Answer = TypeVar("Answer")
FIRST_OFFSET, LAST_OFFSET = 5, 330
HOUR, HALF = 60, 30  # minutes
WEEKS, SERIES_COUNT = 36, 60


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Free dates of one room, as many and as long: some for each side."""

    site: int
    mine: list[Slot]
    theirs: list[Slot]


class Creation:
    """The measures of holds on one data set."""

    def __init__(self, measures: Measures, provider: Provider, till: Client) -> None:
        self.measures, self.provider, self.till = measures, provider, till
        self.connection = measures.connection
        self.rows_each: dict[str, int] = {}

    def create(self) -> list[Line]:
        """One date."""
        count = self.measures.count
        return self.measure("create", list(self.free_pairs(count + WARM_UP)))

    def create_series(self) -> list[Line]:
        """A school year of weekly dates."""
        count = min(self.measures.count, SERIES_COUNT)
        return self.measure(f"create_{WEEKS}", list(self.series_pairs(count + WARM_UP)))

    def measure(self, name: str, pairs: list[Pair]) -> list[Line]:
        """The whole, and what comes before the provider."""
        before = row_counts(self.connection)
        mine_laps, floor_laps = list[float](), list[float]()

        def ask(turn: int) -> tuple[Callable[[], Any], Callable[[], Any], Check]:
            pair = pairs[turn]
            document = request_of(pair.site, pair.mine)
            wanted = self.wanted(pair.site, pair.theirs)
            return (
                lambda: self.lap(
                    mine_laps,
                    lambda: self.measures.client.post("/api/v1/bookings", document, TOKEN),
                ),
                lambda: self.lap(floor_laps, lambda: hold(self.connection, self.till, wanted)),
                self.same_holds,
            )

        line = self.measures.interleave(name, ask, len(pairs) - WARM_UP)
        self.check_counts(before, len(pairs))
        kept = slice(WARM_UP, None)
        hold_name = name.replace("create", "create_hold")
        return [line, self.measures.line(hold_name, mine_laps[kept], floor_laps[kept])]

    def lap(self, laps: list[float], call: Callable[[], Answer]) -> Answer:
        """The call's answer; its time until the provider was asked goes to `laps`."""
        asked, started = self.provider.asked, time.perf_counter()
        answer = call()
        if self.provider.asked != asked + 1:
            raise BenchError(
                f"The provider was asked {self.provider.asked - asked} times: {answer}"
            )
        laps.append((self.provider.arrived_at - started) * 1000)
        return answer

    def wanted(self, site: int, slots: list[Slot]) -> Wanted:
        """Everything that the hand-written transaction is told."""
        length = slots[0][1] - slots[0][0]
        row = self.connection.execute(
            "SELECT id, hourly_cents, full_hourly_cents, decision FROM tariff WHERE room_id = %s",
            [ident("room", site, PAID_ROOM)],
        ).fetchone()
        assert row is not None  # noqa: S101 the data set's own
        rate = Rate(
            hourly_cents=row[1],
            full_hourly_cents=row[2],
            audience=Audience.ASSOCIATION.label,
            decision=row[3],
        )
        rule = rate_words(rate, length)
        return Wanted(
            room=ident("room", site, PAID_ROOM),
            site=ident("site", site),
            spaces=[ident("space", site, "d")],
            organisation=ident("organisation"),
            user=ident("user"),
            tariff=row[0],
            account=account_of(site),
            slots=slots,
            cents=cost(row[1], length),
            full_cents=cost(row[2], length),
            rule=rule if len(slots) == 1 else f"{len(slots)} dates de {rule}",
            now=utcnow(),
        )

    def same_holds(self, answer: tuple[int, bytes], floor: tuple[uuid.UUID, str]) -> None:
        """The rows of both bookings say the same, and each has its checkout page."""
        status, content = answer
        if status != 201:
            raise BenchError(f"POST /bookings : {status} {content.decode()[:500]}")
        booking = json.loads(content)
        if not booking["payment"]["checkout_url"]:
            raise BenchError("POST /bookings: no checkout page")
        mine = contents(self.connection, uuid.UUID(booking["id"]))
        theirs = contents(self.connection, floor[0])
        if mine != theirs:
            table = next(name for name in mine if mine[name] != theirs[name])
            raise BenchError(f"{table}: {mine[table]} ≠ {theirs[table]}")
        self.rows_each = {table: len(rows) for table, rows in mine.items()}

    def check_counts(self, before: dict[str, int], turns: int) -> None:
        """No table got a row that `contents` does not compare."""
        after = row_counts(self.connection)
        grown = {name: after[name] - before[name] for name in after if after[name] != before[name]}
        told = {name: 2 * turns * number for name, number in self.rows_each.items() if number}
        if grown != told:
            raise BenchError(f"Rows written: {grown}, rows compared: {told}")

    def free_pairs(self, number: int) -> Iterator[Pair]:
        """Two free evenings of a paid room, from 18 h to 20 h."""
        found = 0
        for offset in range(FIRST_OFFSET, LAST_OFFSET, 2):
            for site in range(self.measures.spec.sites):
                mine, theirs = (self.slot(offset + more, 18 * HOUR, 2 * HOUR) for more in (0, 1))
                if self.is_taken(site, mine) or self.is_taken(site, theirs):
                    continue
                yield Pair(site=site, mine=[mine], theirs=[theirs])
                found += 1
                if found == number:
                    return
        raise BenchError("Not enough free slots in the data set.")

    def series_pairs(self, number: int) -> Iterator[Pair]:
        """Two weekdays, every week, in the hour before the bookings of the data set begin."""
        monday = FIRST_OFFSET + -(self.measures.today.weekday() + FIRST_OFFSET) % 7
        chances = (
            (site, weekday, opens)
            for weekday in (0, 2)
            for opens in (17 * HOUR, 17 * HOUR + HALF)
            for site in range(self.measures.spec.sites)
        )
        for site, weekday, opens in islice(chances, number):
            mine, theirs = (
                [self.slot(monday + weekday + more + 7 * n, opens, HALF) for n in range(WEEKS)]
                for more in (0, 1)
            )
            yield Pair(site=site, mine=mine, theirs=theirs)

    def slot(self, offset: int, opens: int, minutes: int) -> Slot:
        """So many minutes of the day that comes in so many days."""
        day = self.measures.today + timedelta(days=offset)
        wall = datetime(day.year, day.month, day.day, *divmod(opens, 60))  # noqa: DTZ001 wall time
        start = from_wall(wall)
        return start, start + timedelta(minutes=minutes)

    def is_taken(self, site: int, slot: Slot) -> bool:
        return (
            self.connection.execute(
                "SELECT FROM occupation WHERE space_id = %s AND active"
                " AND tstzrange(starts_at, frees_at) && tstzrange(%s, %s)",
                [ident("space", site, "d"), *slot],
            ).fetchone()
            is not None
        )


def request_of(site: int, slots: list[Slot]) -> dict[str, Any]:
    """The body of `POST /bookings`."""
    document: dict[str, Any] = {
        "room_id": str(ident("room", site, PAID_ROOM)),
        "organisation_id": str(ident("organisation")),
        "start": slots[0][0].isoformat(),
        "end": slots[0][1].isoformat(),
        "purpose": "Entraînement",
        "headcount": 12,
    }
    if len(slots) > 1:
        document["weekly_until"] = slots[-1][0].date().isoformat()
    return document
