"""The text of private calendars: for an association, a collège's staff, a caretaker.

No door code is ever written: a calendar is copied to many machines. A cancelled use leaves the
calendar: programs that follow one replace what they had, and show a cancelled event unevenly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from salle.calendars.feeds import DOMAIN, opaque
from salle.calendars.private import Use
from salle.calendars.rules import AddressKind, Window
from salle.calendars.writer import CLOSING, line, opening, text, utc_stamp, wall_clock
from salle.kernel.clock import PARIS
from salle.kernel.words import heure_fr, pluriel

Link = Callable[[str], str]
"""The address of a booking's page, from its id."""

CODE = "Le code de la porte est sur la page de la réservation."


def private_calendar(
    kind: AddressKind, title: str, uses: Sequence[Use], covered: Window, link: Link
) -> str:
    """The whole calendar of an address."""
    events = {
        AddressKind.ORGANISATION: (member_event(use, link) for use in uses),
        AddressKind.SITE: (_staff_event(use, link) for use in uses),
        AddressKind.CARETAKER: (_keeper_event(run) for run in _runs(uses)),
    }[kind]
    return whole(title, events, [use.time_zone for use in uses], covered)


def whole(title: str, events: Iterable[str], zones: Sequence[str], covered: Window) -> str:
    """A calendar of these events, with the zone of each."""
    names = sorted(set(zones)) or [PARIS]
    head = opening(
        name=title,
        description="Réservations confirmées. Les codes des portes n’y sont jamais.",
        zone_names=names,
        first_year=covered.first_year,
    )
    return "".join([head, *events, CLOSING])


def member_event(use: Use, link: Link) -> str:
    """For those who come: where, by which door, where the code is."""
    words = [
        f"Activité\u00a0: {use.purpose}",
        f"{pluriel(use.headcount, 'personne')}, référence {use.reference}",
        *(f"Porte\u00a0: {door}" for door in use.doors),
        CODE,
        link(use.booking_id),
    ]
    return _event("member", [use], f"{use.room}, {use.site}", words, link(use.booking_id))


def _staff_event(use: Use, link: Link) -> str:
    words = [
        f"Activité\u00a0: {use.purpose}",
        f"{pluriel(use.headcount, 'personne')}, référence {use.reference}",
        link(use.booking_id),
    ]
    return _event(
        "staff", [use], f"{use.room}\u00a0: {use.organisation}", words, link(use.booking_id)
    )


def _keeper_event(run: list[Use]) -> str:
    """From the opening of a room to its closing, however many associations follow each other."""
    zone = run[0].time_zone
    start, end = _instant(run[0].starts), _instant(max(use.ends for use in run))
    words = [
        f"{heure_fr(_instant(use.starts), zone)} – {heure_fr(_instant(use.ends), zone)}\u00a0: "
        f"{use.organisation}, {pluriel(use.headcount, 'personne')}"
        for use in run
    ]
    doors = [f"Porte\u00a0: {door}" for door in run[0].doors]
    summary = (
        f"{run[0].room}\u00a0: ouvrir à {heure_fr(start, zone)}, fermer à {heure_fr(end, zone)}"
    )
    return _event("keeper", run, summary, words + doors, None)


def _runs(uses: Sequence[Use]) -> list[list[Use]]:
    """Uses of one room that follow each other without a pause, in order of opening."""
    runs: list[list[Use]] = []
    last: dict[str, list[Use]] = {}
    for use in uses:
        run = last.get(use.room_id)
        if run is not None and use.starts <= max(one.ends for one in run):
            run.append(use)
        else:
            last[use.room_id] = [use]
            runs.append(last[use.room_id])
    return runs


def _event(prefix: str, run: list[Use], summary: str, words: list[str], url: str | None) -> str:
    """One event. Its UID holds its hours: a use that moves is another event."""
    first, ends = run[0], max(use.ends for use in run)
    time = wall_clock(first.time_zone).time
    confirmed = utc_stamp(_instant(max(use.confirmed for use in run)))
    identity = opaque(f"{prefix} {first.date_id}")
    lines = [
        "BEGIN:VEVENT\r\n",
        f"UID:{first.starts:x}-{ends:x}-{identity}@{DOMAIN}\r\n",
        f"DTSTAMP:{confirmed}\r\n",
        f"LAST-MODIFIED:{confirmed}\r\n",
        "SEQUENCE:0\r\n",
        "STATUS:CONFIRMED\r\n",
        f"DTSTART{time(first.starts)}\r\n",
        f"DTEND{time(ends)}\r\n",
        line("SUMMARY", text(summary)),
        line("LOCATION", text(f"{first.room}, {first.site}, {first.address}")),
        line("DESCRIPTION", text("\n".join(words))),
        line("URL", url) if url else "",
        "CLASS:PRIVATE\r\n",
        "END:VEVENT\r\n",
    ]
    return "".join(lines)


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
