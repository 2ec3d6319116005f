"""Why a slot cannot be had: which rule, whose, and what would work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from salle.kernel.clock import day_span, local_day
from salle.kernel.errors import Conflict, DomainError, Invalid
from salle.kernel.words import date_fr, heures, periode
from salle.venues.asking import set_by
from salle.venues.free import Interval, free_between, read, room_parameters, slot_state
from salle.venues.models import Room
from salle.venues.occupations import SlotTaken
from salle.venues.rules import OccupationKind

LONGEST_SLOT = timedelta(days=100)


class Closed(Conflict):
    """The room does not open at all on that civil day."""

    code = "closed"
    message = "La salle est fermée ce jour-là."


class OutsideOpening(Conflict):
    """The room opens that day, but not for the whole slot."""

    code = "outside_opening"
    message = "Ce créneau sort des heures d’ouverture de la salle."


class SchoolUse(Conflict):
    """The collège itself uses the room."""

    code = "school_use"
    message = "Le collège se sert de la salle à ces heures."


_OPENINGS = sa.text(
    "SELECT lower(piece), upper(piece) FROM ("
    " SELECT range_agg(tstzrange(w.starts_at, w.ends_at)) AS pieces FROM opening_window w"
    " WHERE w.schedule_id = :schedule AND w.utc_day = ANY (CAST(:days AS date[]))"
    " AND (w.day = :day OR (w.starts_at < :end AND :start < w.ends_at))"
    ") o, unnest(o.pieces) piece ORDER BY 1"
)
_NEXT_OPENING = sa.text(
    "SELECT w.starts_at, w.ends_at FROM opening_window w"
    " WHERE w.schedule_id = :schedule AND w.starts_at >= :start"
    " ORDER BY w.starts_at LIMIT 1"
)
# A space's buffer is kept on both sides of a use, exactly as busy_in does.
_USES = sa.text(
    "SELECT o.kind, min(o.starts_at), max(o.ends_at), max(rs.buffer)"
    " FROM room_space rs JOIN occupation o ON o.space_id = rs.space_id AND o.active"
    " WHERE rs.room_id = :room AND o.utc_day = ANY (CAST(:days AS date[]))"
    " AND o.starts_at - rs.buffer < :end AND :start < o.frees_at"
    " GROUP BY o.kind, o.starts_at, o.ends_at ORDER BY 2, 1"
)


def refusal(
    room: Room, starts_at: datetime, ends_at: datetime, *, after: datetime | None = None
) -> DomainError | None:
    """Why the slot cannot be had, or None when it is wholly open and idle.

    In this order: closed that civil day, not wholly inside the opening, school use, any other
    use. `after`: what is free before that instant is not proposed.
    """
    if starts_at >= ends_at:
        return Invalid("La fin doit venir après le début.", errors={"end": "Après le début."})
    if ends_at - starts_at > LONGEST_SLOT:
        return OutsideOpening("Ce créneau dure des mois : réservez date par date.")
    opened, free = slot_state(room, starts_at, ends_at)
    if free:
        return None
    if not opened:
        return _explain_opening(room, starts_at, ends_at)
    return _explain_use(room, starts_at, ends_at, after)


def _explain_opening(room: Room, starts_at: datetime, ends_at: datetime) -> DomainError:
    zone = room.site.time_zone
    day = local_day(starts_at, zone)
    span = day_span(day, day, zone)
    rows = read(
        _OPENINGS,
        {
            **room_parameters(room, min(span[0], starts_at), max(span[1], ends_at)),
            "start": starts_at,
            "end": ends_at,
            "day": day,
        },
    )
    if not rows:
        return closed_that_day(room, day, _next_opening(room, span[1]))
    return other_hours(room, day, [Interval(low, high) for low, high in rows])


def closed_that_day(room: Room, day: date, following: Interval | None) -> Closed:
    """The room does not open on that civil day; `following`: when it opens next."""
    return Closed(
        f"{set_by(room.site)} n’ouvre pas cette salle {date_fr(day)}. "
        f"{_opens_next(room, following)}"
    )


def other_hours(room: Room, day: date, opened: Sequence[Interval]) -> OutsideOpening:
    """The room opens on that civil day, at these hours only."""
    return OutsideOpening(
        f"{set_by(room.site)} ouvre cette salle {date_fr(day)} aux heures suivantes : "
        f"{_hours(opened, room.site.time_zone)}. Choisissez un créneau qui y tienne en entier."
    )


def _next_opening(room: Room, after: datetime) -> Interval | None:
    rows = read(_NEXT_OPENING, {"schedule": room.schedule_id, "start": after})
    return Interval(*rows[0]) if rows else None


def _opens_next(room: Room, following: Interval | None) -> str:
    if following is None:
        return "Aucune ouverture n’est connue ensuite : choisissez une autre salle."
    when = periode(following.start, following.end, room.site.time_zone)
    return f"Prochaine ouverture : {when}."


# kind, start, end, buffer of the space
Use = tuple[Any, ...]


def _explain_use(
    room: Room, starts_at: datetime, ends_at: datetime, after: datetime | None
) -> DomainError:
    zone = room.site.time_zone
    day = local_day(starts_at, zone)
    uses = read(_USES, room_parameters(room, starts_at, ends_at))
    first, last = day_span(day, day, zone)
    return taken(room, day, uses, free_between(room, max(first, after or first), last))


def taken(
    room: Room, day: date, uses: Sequence[Use], free: Sequence[Interval]
) -> SchoolUse | SlotTaken:
    """Lessons, or any other use, at these hours; `free`: what is left of that civil day."""
    zone = room.site.time_zone
    lessons = [use for use in uses if use[0] == OccupationKind.SCHOOL]
    told = lessons or uses
    when = _join([heures(low, high, zone) for _, low, high, _ in told])
    works = _what_works(room, day, free)
    if lessons:
        return SchoolUse(
            f"{set_by(room.site)} se sert de cette salle pour ses cours, {when}. "
            f"Les cours passent avant les réservations. {works}"
        )
    return SlotTaken(f"Ce créneau est déjà pris : {_by_whom(told)}, {when}{_pause(told)}. {works}")


def _by_whom(uses: Sequence[Use]) -> str:
    if any(use[0] == OccupationKind.BLOCK for use in uses):
        return "le collège garde la salle"
    if any(use[0] == OccupationKind.BOOKING for use in uses):
        return "la salle est réservée"
    return "quelqu’un est en train de le réserver"


def _pause(uses: Sequence[Use]) -> str:
    minutes = max((use[3] // timedelta(minutes=1) for use in uses), default=0)
    return f" (et {minutes} minutes de battement)" if minutes else ""


def _what_works(room: Room, day: date, free: Sequence[Interval]) -> str:
    shortest = timedelta(minutes=room.min_minutes)
    enough = [piece for piece in free if piece.length >= shortest]
    if not enough:
        return "Il ne reste rien de libre ce jour-là : essayez un autre jour ou une autre salle."
    return f"Encore libre {date_fr(day, year=False)} : {_hours(enough, room.site.time_zone)}."


def _hours(pieces: Sequence[Interval], zone: str) -> str:
    return _join([heures(piece.start, piece.end, zone) for piece in pieces])


def _join(parts: Sequence[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} et {parts[-1]}"
