"""Changing one site's opening rules, two years ahead, and seeing it in the next search."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from flask import Flask

from bench.dataset import EVENING, WEEKEND, ident, uai_of
from bench.measures import Check, Line, Measures
from bench.stage import BenchError
from salle.db import transaction
from salle.kernel.clock import from_wall, utcnow
from salle.venues.hours import Hours, change_site_rules
from salle.venues.rules import Period

COUNT, SITES, LEAST_WINDOWS = 60, 8, 700
EARLY, EARLIER = EVENING[0] - 60, EVENING[0] - 120
_WRITE = """
INSERT INTO opening_window (schedule_id, day, starts_at, ends_at)
SELECT %s, * FROM unnest(%s::date[], %s::timestamptz[], %s::timestamptz[])
"""


class RuleChanges:
    """Rules of some sites of a data set; `app` is the product, in this process."""

    def __init__(self, measures: Measures, app: Flask) -> None:
        self.measures, self.app = measures, app
        self.connection = measures.connection
        self.opens: dict[int, int] = {}

    def change(self) -> list[Line]:
        """Evenings begin an hour earlier, or later again; the floor rewrites as many windows."""
        for site in range(SITES):
            self.lay_out(site, EARLY)
        if min(len(self.windows(site)) for site in range(SITES)) < LEAST_WINDOWS:
            raise BenchError("rules_change: not two years of windows")

        def ask(turn: int) -> tuple[Callable[[], Any], Callable[[], Any], Check]:
            site, other = turn % SITES, (turn + 1) % SITES
            opens = EARLY + EARLIER - self.opens[site]
            windows = self.windows(other)
            return (
                lambda: self.lay_out(site, opens),
                lambda: self.write(other, windows),
                lambda *_: self.check_seen(site, len(windows)),
            )

        return [self.measures.interleave("rules_change", ask, min(self.measures.count, COUNT))]

    def lay_out(self, site: int, opens: int) -> None:
        """Ours: other rules, and every window of the site laid out again."""
        hours = [
            Hours(period=Period.OPEN, weekday=weekday, opens=low, closes=high)
            for weekday in range(1, 8)
            for low, high in [(opens, EVENING[1]) if weekday < 6 else WEEKEND]
        ]
        with self.app.app_context(), transaction():
            change_site_rules(ident("site", site), hours, now=utcnow())
        self.opens[site] = opens

    def windows(self, site: int) -> list[tuple[Any, ...]]:
        return self.connection.execute(
            "SELECT day, starts_at, ends_at FROM opening_window WHERE schedule_id = %s"
            " ORDER BY starts_at",
            [ident("schedule", site)],
        ).fetchall()

    def write(self, site: int, windows: Sequence[tuple[Any, ...]]) -> None:
        """The floor: the same windows, by one transaction."""
        schedule = ident("schedule", site)
        with self.connection.transaction():
            self.connection.execute("DELETE FROM opening_window WHERE schedule_id = %s", [schedule])
            self.connection.execute(_WRITE, [schedule, *map(list, zip(*windows, strict=True))])

    def check_seen(self, site: int, number: int) -> None:
        """The next search finds the five rooms in the hour that is open, none before."""
        if len(self.windows(site)) != number:
            raise BenchError(f"rules_change: {len(self.windows(site))} windows ≠ {number}")
        for opens in (EARLY, EARLIER):
            found = self.count_free(site, opens)
            if found != (5 if self.opens[site] <= opens else 0):
                raise BenchError(f"rules_change: {found} rooms at {opens // 60} h")

    def count_free(self, site: int, opens: int) -> int:
        """Rooms of the site that are free for an hour of a weekday, before any booking."""
        today = self.measures.today
        day = today + timedelta(days=9 - today.weekday())
        start = from_wall(datetime(day.year, day.month, day.day, opens // 60))  # noqa: DTZ001
        end = start + timedelta(hours=1)
        status, body = self.measures.client.get(
            f"/api/v1/rooms?uai={uai_of(site)}"
            f"&start={quote(start.isoformat())}&end={quote(end.isoformat())}"
        )
        if status != 200:
            raise BenchError(f"{status} {body.decode()[:300]}")
        return int(json.loads(body)["total"])
