"""The calendar of a room that anybody may subscribe to, against its SQL."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import psycopg

from bench.dataset import PAID_ROOM
from bench.measures import Check, Line, Measures
from bench.stage import BenchError
from salle.kernel.clock import from_wall

_EVENT = re.compile(r"DTSTART;TZID=Europe/Paris:(\w+)\r\nDTEND;TZID=Europe/Paris:(\w+)\r\n")
Use = tuple[datetime, datetime]

_USES = """
SELECT DISTINCT o.starts_at, o.ends_at
  FROM room_space rs JOIN occupation o ON o.space_id = rs.space_id
 WHERE rs.room_id = (SELECT id FROM room WHERE slug = %(slug)s) AND o.active
   AND o.utc_day BETWEEN %(first)s AND %(last)s
 ORDER BY 1, 2
"""


class Feeds:
    """Calendars of the rooms of one data set."""

    def __init__(self, measures: Measures) -> None:
        self.measures = measures

    def feed(self) -> list[Line]:
        """Every use of one room, whole: what a subscriber gets who has no copy yet.

        Somebody has read that calendar before: its date is known.
        """
        today = self.measures.today
        first, last = today - timedelta(days=366), today + timedelta(days=731)

        def ask(_: int) -> tuple[Callable[[], Any], Callable[[], Any], Check]:
            slug = f"salle-{self.measures.random.randrange(self.measures.spec.sites)}-{PAID_ROOM}"
            self.measures.client.get(f"/calendriers/salles/{slug}.ics")
            return (
                lambda: self.measures.client.get(f"/calendriers/salles/{slug}.ics"),
                lambda: uses_of(self.measures.connection, slug, first=first, last=last),
                same_uses,
            )

        return [self.measures.interleave("feed", ask)]


def uses_of(
    connection: psycopg.Connection[Any], slug: str, *, first: date, last: date
) -> list[Use]:
    """When a room is taken."""
    rows = connection.execute(_USES, {"slug": slug, "first": first, "last": last}).fetchall()
    return [(low, high) for low, high in rows]


def same_uses(answer: tuple[int, bytes], uses: list[Use]) -> None:
    """The calendar has an event for each use, and no other."""
    status, content = answer
    if status != 200:
        raise BenchError(f"feed: {status} {content.decode()[:300]}")
    mine = sorted(_events(content.decode()))
    if mine != uses:
        raise BenchError(f"feed: {len(mine)} {mine[:2]} ≠ {len(uses)} {uses[:2]}")


def _events(calendar: str) -> Iterator[Use]:
    """No use of the data set is in the hour that a change of clock repeats."""
    for start, end in _EVENT.findall(calendar):
        low, high = (datetime.strptime(text, "%Y%m%dT%H%M%S") for text in (start, end))  # noqa: DTZ007
        yield from_wall(low), from_wall(high)
