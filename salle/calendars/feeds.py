"""The text of public calendars: « Occupé », when and where, and nothing else."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime

from salle.calendars.queries import Busy
from salle.calendars.rules import Window
from salle.calendars.writer import CLOSING, line, opening, text, utc_stamp, wall_clock

DOMAIN = "salle-sur-demande"
NO_NAME = (
    "Heures déjà prises, sans aucun nom. Une heure vide n’est pas toujours ouverte : voyez {url}"
)


def room_calendar(busy: Busy, covered: Window, url: str) -> str:
    """The calendar of one room."""
    head = opening(
        name=f"{busy.room}, {busy.site}",
        description=NO_NAME.format(url=url),
        zone_names=[busy.time_zone],
        first_year=covered.first_year,
    )
    return "".join([head, *_uses(busy, covered.stamped, "Occupé"), CLOSING])


def site_calendar(rooms: Sequence[Busy], covered: Window, url: str) -> str:
    """The calendar of a site: each event says which room."""
    head = opening(
        name=f"{rooms[0].site}, toutes les salles",
        description=NO_NAME.format(url=url),
        zone_names=[rooms[0].time_zone],
        first_year=covered.first_year,
    )
    events = (
        event
        for busy in rooms
        for event in _uses(busy, covered.stamped, f"Occupé\u00a0: {busy.room}")
    )
    return "".join([head, *events, CLOSING])


def opaque(identity: uuid.UUID | str) -> str:
    """A mark that follows the row without telling its id."""
    return hashlib.sha256(f"calendar {identity}".encode()).hexdigest()[:16]


def _uses(busy: Busy, stamped: datetime, summary: str) -> Iterable[str]:
    """One event a use. Its UID is its room and its hours: nothing in it ever changes."""
    time = wall_clock(busy.time_zone).time
    middle = f"-{opaque(busy.room_id)}@{DOMAIN}\r\nDTSTAMP:{utc_stamp(stamped)}\r\n"
    end = "".join(
        [
            "\r\n",
            line("SUMMARY", text(summary)),
            line("LOCATION", text(f"{busy.room}, {busy.site}, {busy.address}")),
            "END:VEVENT\r\n",
        ]
    )
    pairs = iter(busy.uses)
    for start in pairs:
        finish = next(pairs)
        yield (
            f"BEGIN:VEVENT\r\nUID:{start:x}-{finish:x}{middle}"
            f"DTSTART{time(start)}\r\nDTEND{time(finish)}{end}"
        )
