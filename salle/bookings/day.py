"""One civil day of a room, layer by layer: why it is free, closed or taken at each hour.

For the site's staff: names are in it. The last layer is free_in and nothing else.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from salle.bookings.models import Booking, BookingDate
from salle.db import db
from salle.kernel.clock import day_span, from_wall
from salle.kernel.spans import subtract
from salle.kernel.words import WEEKDAYS, date_fr, date_short, duree, heure_fr, heures
from salle.organisations.models import Organisation
from salle.venues.asking import set_by
from salle.venues.availability import Interval, free_between, utc_days
from salle.venues.layers import (
    LastChange,
    RulePiece,
    kind_of_day,
    last_changes,
    open_hours,
    rule_pieces,
)
from salle.venues.models import Room, RoomSpace, Space, Timetable
from salle.venues.occupations import Occupation
from salle.venues.rules import OccupationKind

HOUR_STEP = 3


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A stretch of the day: what it is, who set it; `x` and `width` place it, in percents."""

    span: Interval
    hours: str
    what: str
    who: str
    x: float
    width: float
    booking_id: uuid.UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One line of the drawing; `kind` is the class of its pattern."""

    kind: str
    title: str
    pieces: list[Piece]
    nothing: str = "rien"


@dataclass(frozen=True, kw_only=True)
class DayView:
    """The layers in the order in which they count, and what to know of the day as a whole."""

    day: date
    kind: str
    kind_source: str
    layers: list[Layer]
    free: list[Interval]
    marks: list[tuple[float, str]]
    warnings: list[str] = field(default_factory=list)

    def layer(self, kind: str) -> Layer:
        return next(layer for layer in self.layers if layer.kind == kind)


@dataclass(frozen=True, kw_only=True)
class Use:
    """What takes spaces of the room: one use, whatever the number of its spaces."""

    kind: OccupationKind
    span: Interval
    what: str
    origin: str
    booking_id: uuid.UUID | None
    spaces: list[str] = field(default_factory=list)
    pauses: list[tuple[Interval, str]] = field(default_factory=list)

    @property
    def who(self) -> str:
        """Where it comes from, and what it takes."""
        return f"{self.origin}, occupe {' et '.join(self.spaces)}"


def read_day(room: Room, day: date) -> DayView:
    """Everything that makes that civil day of the room; its site is loaded."""
    zone = room.site.time_zone
    span = Interval(*day_span(day, day, zone))
    kind = kind_of_day(room.site, day)
    opened, closed = rule_pieces(room, day)
    changes = last_changes(room.site_id, room.id)
    stored, free = open_hours(room, day), free_between(room, span.start, span.end)
    uses = _uses(room, span)

    def piece(part: Interval, what: str, who: str, booking_id: uuid.UUID | None = None) -> Piece:
        return _piece(span, zone, part, what, who, booking_id)

    def rules(kind: str, title: str, found: Sequence[RulePiece], nothing: str) -> Layer:
        pieces = [piece(one.span, _rule(one, room), _set_by(one, room, changes)) for one in found]
        return Layer(kind=kind, title=title, pieces=pieces, nothing=nothing)

    def taken(kind: OccupationKind, title: str) -> Layer:
        pieces = [
            piece(use.span, use.what, use.who, use.booking_id)
            for use in uses
            if use.kind == kind and _meets(use.span, span)
        ]
        return Layer(kind=kind.value, title=title, pieces=pieces)

    pauses = [
        piece(part, f"{duree(part.length)} de battement", f"{set_by(room.site)}, {where}")
        for part, where in sorted(pause for use in uses for pause in use.pauses)
        if _meets(part, span)
    ]
    whole = piece(span, kind.name, kind.source)
    layers = [
        Layer(kind="day", title="Sorte de jour", pieces=[whole]),
        rules("opening", "Règles qui ouvrent", opened, "aucune règle n’ouvre ce jour-là"),
        rules("closing", "Règles qui ferment", closed, "aucune"),
        Layer(
            kind="open",
            title="Ouverture qui en résulte",
            pieces=[piece(part, "ouvert", "calculé des règles") for part in stored],
            nothing="fermé toute la journée",
        ),
        taken(OccupationKind.SCHOOL, "Cours du collège"),
        taken(OccupationKind.BLOCK, "Bloqué par le collège"),
        taken(OccupationKind.HOLD, "Gardé ou demandé"),
        taken(OccupationKind.BOOKING, "Réservé"),
        Layer(kind="pause", title="Battements", pieces=pauses),
        Layer(
            kind="free",
            title="Libre",
            pieces=[piece(part, "libre", _length_note(part, room)) for part in free],
            nothing="rien de libre",
        ),
    ]
    return DayView(
        day=day,
        kind=kind.name,
        kind_source=kind.source,
        layers=layers,
        free=free,
        marks=_marks(span, day, zone),
        warnings=_warnings(room, day, opened, closed, stored),
    )


def minus(pieces: Sequence[Interval], cuts: Sequence[Interval]) -> list[Interval]:
    """What is left of pieces without cuts, in order, merged."""
    left = subtract([(p.start, p.end) for p in pieces], [(c.start, c.end) for c in cuts])
    return [Interval(low, high) for low, high in left]


def _meets(one: Interval, other: Interval) -> bool:
    return one.start < other.end and other.start < one.end


def _piece(
    span: Interval,
    zone: str,
    part: Interval,
    what: str,
    who: str,
    booking_id: uuid.UUID | None,
) -> Piece:
    low, high = max(part.start, span.start), min(part.end, span.end)
    seconds = span.length.total_seconds()
    return Piece(
        span=Interval(low, high),
        hours="toute la journée"
        if (low, high) == (span.start, span.end)
        else heures(low, high, zone),
        what=what,
        who=who,
        x=round(100 * (low - span.start).total_seconds() / seconds, 3),
        width=round(100 * (high - low).total_seconds() / seconds, 3),
        booking_id=booking_id,
    )


def _marks(span: Interval, day: date, zone: str) -> list[tuple[float, str]]:
    """Hours of the wall clock along the day, with their places in percents."""
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 wall time
    seconds = span.length.total_seconds()
    marks = []
    for hour in range(0, 24, HOUR_STEP):
        instant = from_wall(midnight + timedelta(hours=hour), zone)
        place = 100 * (instant - span.start).total_seconds() / seconds
        marks.append((round(place, 3), heure_fr(hour * 60)))
    return marks


def _rule(piece: RulePiece, room: Room) -> str:
    """« jours de classe, mardi, 18 h – 22 h, du … au … »."""
    rule = piece.rule
    parts = [rule.period.label]
    if rule.weekday is not None:
        parts.append(f"le {WEEKDAYS[rule.weekday - 1]}")
    parts.append(heures(rule.opens, rule.closes))
    first, after = rule.valid.lower, rule.valid.upper
    if first is not None:
        parts.append(f"à partir du {date_short(first)}")
    if after is not None:
        parts.append(f"jusqu’au {date_short(after - timedelta(days=1))}")
    if rule.reason:
        parts.append(f"«\u00a0{rule.reason}\u00a0»")
    start = day_span(piece.day, piece.day, room.site.time_zone)[1]
    if start <= piece.span.start:
        parts.append(f"depuis {date_fr(piece.day, year=False)}")
    return ", ".join(parts)


def _set_by(piece: RulePiece, room: Room, changes: dict[str, LastChange]) -> str:
    rule = piece.rule
    whose = "pour toutes ses salles" if rule.room_id is None else "pour cette salle"
    change = changes.get(str(rule.room_id or rule.site_id))
    told = ""
    if change is not None:
        by = f" par {change.name}" if change.name else ""
        told = f" (horaires changés le {date_short(change.at, room.site.time_zone)}{by})"
    return f"{set_by(room.site)}, {whose}{told}"


def _length_note(part: Interval, room: Room) -> str:
    if part.length < timedelta(minutes=room.min_minutes):
        return f"trop court pour être réservé\u00a0: {duree(room.min_minutes)} au moins"
    return "peut être réservé, selon les règles de la salle"


def _warnings(
    room: Room,
    day: date,
    opened: Sequence[RulePiece],
    closed: Sequence[RulePiece],
    stored: Sequence[Interval],
) -> list[str]:
    found = []
    if room.published_at is None:
        found.append("Cette salle n’est pas publiée\u00a0: personne ne la voit ni ne la réserve.")
    if room.site.closed_on is not None and room.site.closed_on <= day:
        found.append(f"Le site est fermé depuis le {date_fr(room.site.closed_on)}.")
    told = minus([one.span for one in opened], [one.span for one in closed])
    if told != list(stored):
        found.append(
            "Les ouvertures enregistrées diffèrent des règles d’aujourd’hui. Elles sont refaites "
            "chaque nuit, du début de l’année scolaire à deux ans d’ici, et ce sont elles qui "
            "comptent."
        )
    return found


def _uses(room: Room, span: Interval) -> list[Use]:
    """What takes a space of the room that day, its pauses included; in order."""
    booked, taught = aliased(Room), aliased(Room)
    rows = db.session.execute(
        sa.select(
            Occupation.kind,
            Occupation.starts_at,
            Occupation.ends_at,
            Occupation.frees_at,
            Occupation.reason,
            Occupation.booking_date_id,
            Occupation.timetable_id,
            RoomSpace.buffer,
            Space.name.label("space"),
            Booking.id.label("booking_id"),
            Booking.reference,
            Booking.state,
            Organisation.name.label("organisation"),
            booked.id.label("booked_room_id"),
            booked.name.label("booked_room"),
            taught.id.label("taught_room_id"),
            taught.name.label("taught_room"),
            Timetable.file_name,
            Timetable.imported_at,
        )
        .select_from(RoomSpace)
        .join(Space, Space.id == RoomSpace.space_id)
        .join(Occupation, Occupation.space_id == RoomSpace.space_id)
        .outerjoin(BookingDate, BookingDate.id == Occupation.booking_date_id)
        .outerjoin(Booking, Booking.id == BookingDate.booking_id)
        .outerjoin(Organisation, Organisation.id == Booking.organisation_id)
        .outerjoin(booked, booked.id == Booking.room_id)
        .outerjoin(Timetable, Timetable.id == Occupation.timetable_id)
        .outerjoin(taught, taught.id == Timetable.room_id)
        .where(
            RoomSpace.room_id == room.id,
            Occupation.active,
            Occupation.utc_day.in_(utc_days(span.start, span.end)),
            Occupation.starts_at - RoomSpace.buffer < span.end,
            Occupation.frees_at > span.start,
        )
        .order_by(Occupation.starts_at, Occupation.ends_at, Occupation.kind, Space.name)
    ).all()
    found: dict[tuple[Any, ...], Use] = {}
    for row in rows:
        key = (row.kind, row.starts_at, row.ends_at, row.booking_date_id, row.timetable_id)
        if key not in found:
            found[key] = Use(
                kind=row.kind,
                span=Interval(row.starts_at, row.ends_at),
                what=_what(row),
                origin=_origin(row, room),
                booking_id=row.booking_id,
            )
        use = found[key]
        use.spaces.append(row.space)
        about = row.organisation or use.what
        for start, end, word in (
            (row.starts_at - row.buffer, row.starts_at, "avant"),
            (row.ends_at, row.frees_at, "après"),
        ):
            if start < end:
                use.pauses.append((Interval(start, end), f"{word} {about} ({row.space})"))
    return list(found.values())


def _what(row: Any) -> str:
    if row.kind == OccupationKind.SCHOOL:
        return row.reason or "cours"
    if row.kind == OccupationKind.BLOCK:
        return row.reason or "bloqué"
    return f"{row.organisation}, {row.reference}, {row.state.label}"


def _origin(row: Any, room: Room) -> str:
    if row.kind == OccupationKind.SCHOOL:
        other = f" de {row.taught_room}" if row.taught_room_id != room.id else ""
        when = date_short(row.imported_at, room.site.time_zone)
        return f"emploi du temps{other} «\u00a0{row.file_name}\u00a0» importé le {when}"
    if row.kind == OccupationKind.BLOCK:
        return set_by(room.site)
    return (
        "réservation de cette salle"
        if row.booked_room_id == room.id
        else (f"réservation de {row.booked_room}")
    )
