"""Calendars made for tests, and an internet of one address."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask

from salle.adapters.remote_calendar import Fetched, NotFetched
from salle.db import db
from salle.kernel.clock import utcnow
from salle.venues.imports.runs import Report
from salle.venues.imports.timetable import Source, take_calendar
from salle.venues.models import Room, RoomSpace
from salle.venues.occupations import Occupation
from salle.venues.rules import OccupationKind

URL = "https://agenda.example/secret-42/gymnase.ics"


def calendar(*lessons: tuple[datetime, datetime], title: str = "EPS 6e A") -> bytes:
    """A calendar of these lessons, one event each; the first begins on line 4."""
    events = "".join(
        f"BEGIN:VEVENT\nUID:{number}\nSUMMARY:{title}\nDTSTART:{start:%Y%m%dT%H%M%SZ}\n"
        f"DTEND:{end:%Y%m%dT%H%M%SZ}\nEND:VEVENT\n"
        for number, (start, end) in enumerate(lessons)
    )
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:t\n{events}END:VCALENDAR\n".encode()


def take(room: Room, content: bytes, now: datetime, **options: Any) -> Report:
    return take_calendar(
        room_id=room.id, content=content, source=Source(name="essai.ics"), now=now, **options
    )


def lessons_of(room: Room, *, active: bool = True) -> list[tuple[datetime, datetime]]:
    """School use of the room's first space, in order."""
    space = sa.select(sa.func.min(RoomSpace.space_id.cast(sa.Text)).cast(sa.Uuid)).where(
        RoomSpace.room_id == room.id
    )
    rows = db.session.execute(
        sa.select(Occupation.starts_at, Occupation.ends_at)
        .where(
            Occupation.space_id == space.scalar_subquery(),
            Occupation.kind == OccupationKind.SCHOOL,
            Occupation.active.is_(active),
        )
        .order_by(Occupation.starts_at)
    )
    return [(row[0], row[1]) for row in rows]


@dataclass
class FakeFetcher:
    """Stands for the adapter: what the address gives, and what it was asked."""

    answer: bytes | NotFetched | None = None
    etag: str | None = None
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None
    schemes: frozenset[str] = frozenset({"https"})

    def fetch(
        self, url: str, *, etag: str | None = None, last_modified: str | None = None
    ) -> Fetched:
        self.asked.append((url, etag))
        assert not db.session().new
        assert not db.session().dirty
        self.meanwhile()
        if isinstance(self.answer, NotFetched):
            raise self.answer
        return Fetched(self.answer, self.etag, last_modified)


@contextmanager
def fetching(app: Flask, fetcher: FakeFetcher) -> Iterator[FakeFetcher]:
    """The application reads addresses through this one."""
    app.extensions["calendar_fetcher"] = fetcher
    try:
        yield fetcher
    finally:
        del app.extensions["calendar_fetcher"]


def in_a_week(hour: int = 9, length: float = 1) -> tuple[datetime, datetime]:
    """A lesson seven days from now at that hour of UTC."""
    day = (utcnow() + timedelta(days=7)).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(hours=hour), day + timedelta(hours=hour + length)
