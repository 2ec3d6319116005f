"""Many clients at once, and many searches in a row."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from bench import floors
from bench.client import Client
from bench.dataset import CENTRE, SEED, Spec
from bench.measures import Line
from bench.stage import BenchError, Service, plain, service
from salle.kernel.clock import from_wall, local_day, utcnow

CLIENTS, WORKERS = 8, 2
ROUNDS, REQUESTS = 5, 400  # of each side, in turn
SEARCHES, WARM_UP, SECONDS = 10_000, 500, 180
INDICO_PER_SECOND, THIN_BESIDE_INDICO = 10, 536  # the figures, measured elsewhere

Slot = tuple[datetime, datetime]


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Resident memory of one worker, in kB: after the warm-up and after the last search."""

    set: str
    warm_kb: int
    half_kb: int
    end_kb: int
    n: int

    def __str__(self) -> str:
        return (
            f"BENCH name=memory set={self.set} warm_kb={self.warm_kb} half_kb={self.half_kb}"
            f" end_kb={self.end_kb} growth_kb={self.end_kb - self.warm_kb} n={self.n}"
        )

    def as_dict(self) -> dict[str, Any]:
        return {"name": "memory", **asdict(self)}


def flat_memory(running: Service, spec: Spec) -> Memory:
    """One worker under CLIENTS clients, SEARCHES searches or SECONDS at most."""
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(running.port)) for _ in range(CLIENTS)]
        asks = [_searcher(client, number) for number, client in enumerate(clients)]
        together(asks, WARM_UP)
        warm, done, half = running.memory_kb(), 0, 0
        deadline = time.monotonic() + SECONDS
        while done < SEARCHES and time.monotonic() < deadline:
            done += together(asks, WARM_UP)
            if done * 2 <= SEARCHES:
                half = running.memory_kb()
    return Memory(set=spec.name, warm_kb=warm, half_kb=half, end_kb=running.memory_kb(), n=done)


def throughput(url: str, folder: Path, spec: Spec) -> Line:
    """The one-slot search, an empty Flask and the SQL floor, each under the same clients."""
    with (
        service(url, folder, workers=WORKERS) as ours,
        service(url, folder, "bench.thin:app", workers=WORKERS) as bare,
        ExitStack() as stack,
    ):
        mine = [stack.enter_context(Client(ours.port)) for _ in range(CLIENTS)]
        thin = [stack.enter_context(Client(bare.port)) for _ in range(CLIENTS)]
        direct = [stack.enter_context(_connect(url)) for _ in range(CLIENTS)]
        sides: dict[str, list[Callable[[], Any]]] = {
            "ours": [_searcher(client, number) for number, client in enumerate(mine)],
            "thin": [_thin(client) for client in thin],
            "sql": [_direct(one, number) for number, one in enumerate(direct)],
        }
        seconds = dict.fromkeys(sides, 0.0)
        for turn in range(ROUNDS + 1):
            for name, asks in sides.items():
                started = time.perf_counter()
                together(asks, REQUESTS)
                seconds[name] += (time.perf_counter() - started) if turn else 0  # first: warm-up
    number = ROUNDS * REQUESTS
    rates = {name: number / spent for name, spent in seconds.items()}
    times = rates["ours"] / rates["thin"] / (INDICO_PER_SECOND / THIN_BESIDE_INDICO)
    print(
        f"Débit, {CLIENTS} clients, {WORKERS} processus : {rates['ours']:.0f} recherches/s ;"
        f" Flask nu {rates['thin']:.0f}/s ; le SQL seul {rates['sql']:.0f}/s ; {times:.0f} fois"
        f" Indico ({INDICO_PER_SECOND}/s où un Flask nu en faisait {THIN_BESIDE_INDICO}).",
        flush=True,
    )
    return Line(
        name="throughput",
        set=spec.name,
        ours_ms=round(1000 / rates["ours"], 3),
        floor_ms=round(1000 / rates["thin"], 3),
        ratio=round(rates["thin"] / rates["ours"], 2),
        n=number,
    )


def together(asks: list[Callable[[], Any]], number: int) -> int:
    """So many requests, each client one after the other; the first failure stops all."""
    each = number // len(asks)

    def run(ask: Callable[[], Any]) -> None:
        for _ in range(each):
            ask()

    with ThreadPoolExecutor(len(asks)) as pool:
        for done in [pool.submit(run, ask) for ask in asks]:
            done.result()
    return each * len(asks)


def _slots(number: int) -> Iterator[Slot]:
    chance, today = random.Random(SEED + number), local_day(utcnow())  # noqa: S311 not a secret
    for _ in itertools.count():
        day = today + timedelta(days=chance.randrange(2, 120))
        start = from_wall(datetime(day.year, day.month, day.day, 18))  # noqa: DTZ001 wall time
        yield start, start + timedelta(hours=2)


def _searcher(client: Client, number: int) -> Callable[[], None]:
    slots = _slots(number)

    def ask() -> None:
        start, end = next(slots)
        status, body = client.get(
            f"/api/v1/rooms?near={CENTRE[0]},{CENTRE[1]}&radius_km=20"
            f"&start={quote(start.isoformat())}&end={quote(end.isoformat())}"
        )
        if status != 200:
            raise BenchError(f"{status} {body.decode()[:300]}")

    return ask


def _thin(client: Client) -> Callable[[], object]:
    return lambda: client.get("/")


def _direct(connection: psycopg.Connection[Any], number: int) -> Callable[[], object]:
    slots = _slots(number)

    def ask() -> object:
        start, end = next(slots)
        return floors.free_rooms(
            connection, lat=CENTRE[0], lon=CENTRE[1], start=start, end=end, now=utcnow()
        )

    return ask


def _connect(url: str) -> psycopg.Connection[Any]:
    connection = psycopg.connect(plain(url), autocommit=True, prepare_threshold=0)
    connection.execute("SET timezone = 'UTC'")
    return connection
