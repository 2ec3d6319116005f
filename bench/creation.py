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


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two free slots of one room, as long and at the same hour: one for each side."""

    site: int
    mine: Slot
    theirs: Slot


class Creation:
    """The measures of holds on one data set."""

    def __init__(self, measures: Measures, provider: Provider, till: Client) -> None:
        self.measures, self.provider, self.till = measures, provider, till
        self.connection = measures.connection
        self.rows_each: dict[str, int] = {}

    def create(self) -> list[Line]:
        """One date."""
        turns = self.measures.count + WARM_UP
        pairs = list(self.free_pairs(turns))
        before = row_counts(self.connection)
        mine_laps, floor_laps = list[float](), list[float]()

        def ask(turn: int) -> tuple[Callable[[], Any], Callable[[], Any], Check]:
            pair = pairs[turn]
            document = request_of(pair.site, pair.mine)
            wanted = self.wanted(pair.site, [pair.theirs])
            return (
                lambda: self.lap(
                    mine_laps,
                    lambda: self.measures.client.post("/api/v1/bookings", document, TOKEN),
                ),
                lambda: self.lap(
                    floor_laps, lambda: hold(self.connection, self.till, wanted)
                ),
                self.same_holds,
            )  # fmt: skip

        line = self.measures.interleave("create", ask)
        self.check_counts(before, turns)
        count = self.measures.count
        return [
            line,
            self.measures.line("create_hold", mine_laps[-count:], floor_laps[-count:]),
        ]

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
            rule=rate_words(rate, length),
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
                mine, theirs = (self.evening(offset + more) for more in (0, 1))
                if self.is_taken(site, mine) or self.is_taken(site, theirs):
                    continue
                yield Pair(site=site, mine=mine, theirs=theirs)
                found += 1
                if found == number:
                    return
        raise BenchError("Not enough free slots in the data set.")

    def evening(self, offset: int) -> Slot:
        day = self.measures.today + timedelta(days=offset)
        start = from_wall(datetime(day.year, day.month, day.day, 18))  # noqa: DTZ001 wall time
        return start, start + timedelta(hours=2)

    def is_taken(self, site: int, slot: Slot) -> bool:
        return (
            self.connection.execute(
                "SELECT FROM occupation WHERE space_id = %s AND active"
                " AND tstzrange(starts_at, frees_at) && tstzrange(%s, %s)",
                [ident("space", site, "d"), *slot],
            ).fetchone()
            is not None
        )


def request_of(site: int, slot: Slot) -> dict[str, Any]:
    """The body of `POST /bookings`."""
    return {
        "room_id": str(ident("room", site, PAID_ROOM)),
        "organisation_id": str(ident("organisation")),
        "start": slot[0].isoformat(),
        "end": slot[1].isoformat(),
        "purpose": "Entraînement",
        "headcount": 12,
    }
