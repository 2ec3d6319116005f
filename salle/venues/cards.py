"""What the pages of rooms show: cards, free slots, week strips. Words only, no rule."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from flask import url_for

from salle.kernel.clock import day_span, from_wall, to_wall
from salle.kernel.french import fold
from salle.kernel.money import format_euros
from salle.kernel.rates import Rate, cost
from salle.kernel.words import date_fr, distance_km, duree, heures, periode, weekday
from salle.venues.asking import MINUTES_OF_DAY, NIGHT_ENDS, latest_end, next_step
from salle.venues.free import DAY, Interval
from salle.venues.models import Room
from salle.venues.rules import BookingMode
from salle.venues.search import Found
from salle.venues.weeks import Stretch, list_stretches
from salle.web.viewmodels import RoomCard, SlotChoice
from salle.web.week import Piece, SlotState, Week, build_week

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)
USUAL = timedelta(hours=2)
MOST_CHIPS = 4
ICONS = (
    ("net", ("badminton", "basket", "volley", "hand", "terrain", "trace")),
    ("shower", ("vestiaire", "douche")),
    ("chat", ("sono", "micro", "video", "ecran", "visio")),
    ("people", ("tribune", "chaise", "table")),
    ("light", ("eclairage", "scene")),
)


def monday_of(day: date) -> date:
    """The first day of that week."""
    return day - timedelta(days=day.weekday())


def week_span(monday: date, zone: str) -> tuple[datetime, datetime]:
    """The instants that bound a week of that zone."""
    return day_span(monday, monday + timedelta(days=6), zone)


def booking_href(slug: str, start: datetime, end: datetime, zone: str) -> str:
    """Where one says who and why, for that slot."""
    debut, fin = (to_wall(instant, zone).isoformat() for instant in (start, end))
    return url_for("bookings.new", slug=slug, debut=debut, fin=fin)


def slot_values(start: datetime, end: datetime, zone: str) -> dict[str, str]:
    """That slot as the fields of SlotForm; what passes midnight stops there."""
    first, last = to_wall(start, zone), to_wall(end, zone)
    return {
        "jour": first.date().isoformat(),
        "de": f"{first:%H:%M}",
        "a": "24:00" if last.date() > first.date() else f"{last:%H:%M}",
    }


def room_href(slug: str, start: datetime, end: datetime, zone: str) -> str:
    """The room's page, on that week, with these hours in the form."""
    values: dict[str, Any] = slot_values(start, end, zone)
    return url_for("rooms.show", slug=slug, **values)


def price_words(cents: int | None, length: timedelta) -> tuple[str, str]:
    """(price, what for): « 25,00 € », « pour 2 h »."""
    if cents is None:
        return "Tarif non voté", ""
    if cents == 0:
        return "Gratuit", "pour les associations"
    return format_euros(cents), f"pour {duree(length)}"


def chips_of(room: Room) -> list[tuple[str, str]]:
    """Equipment with an icon, the most useful first."""
    chips = [(_icon(words), words) for words in room.equipment[:MOST_CHIPS]]
    return chips + [("access", words) for words in access_words(room)]


def access_words(room: Room) -> list[str]:
    """What helps people with a disability, as far as it is known."""
    known = (
        (room.accessible, "accessible en fauteuil"),
        (room.hearing_loop, "boucle magnétique"),
        (room.accessible_toilets, "sanitaires accessibles"),
    )
    return [words for present, words in known if present]


def _icon(words: str) -> str:
    known = fold(words)
    for icon, parts in ICONS:
        if any(part in known for part in parts):
            return icon
    return "check"


def weeks_of(
    rooms: Iterable[Room],
    monday: date,
    wanted: tuple[datetime, datetime] | None,
    zone: str,
    now: datetime,
) -> dict[uuid.UUID, Week]:
    """The small strip of each room, read at once; none is lit before it may be booked."""
    known = {room.id: room for room in rooms}
    stretches = list_stretches(list(known), *week_span(monday, zone))
    return {
        room_id: build_week(
            monday=monday,
            pieces=[
                _piece(s)
                for s in _to_come(known[room_id], found, earliest_use(known[room_id], now))
            ],
            wanted=wanted,
            zone=zone,
        )
        for room_id, found in stretches.items()
    }


def by_day(free: Iterable[Interval], zone: str) -> list[Interval]:
    """Free intervals of over a day cut at the midnights of that zone: one is chosen by the day.

    A shorter one that passes midnight stays whole: it is one evening.
    """
    pieces = []
    for piece in free:
        start = piece.start
        while piece.end - start > DAY:
            day = to_wall(start, zone).date()
            _, midnight = day_span(day, day, zone)
            pieces.append(Interval(start, midnight))
            start = midnight
        if start < piece.end:
            pieces.append(Interval(start, piece.end))
    return pieces


def large_week(room: Room, monday: date, earliest: datetime, wanted: Interval | None) -> Week:
    """The strip of a room's page: free hours are links; none is lit before `earliest`."""
    zone = room.site.time_zone
    found = list_stretches([room.id], *week_span(monday, zone))[room.id]
    pieces: list[Piece] = []
    for stretch in _to_come(room, found, earliest):
        state, start, end = stretch
        if state != SlotState.FREE:
            pieces.append(_piece(stretch))
            continue
        for piece in by_day([Interval(start, end)], zone):
            first, last = first_use(room, piece)
            href = room_href(room.slug, first, last, zone) + "#reserver" if first < last else None
            pieces.append(Piece(start=piece.start, end=piece.end, state=SlotState.FREE, href=href))
    asked = (wanted.start, wanted.end) if wanted else None
    return build_week(monday=monday, pieces=pieces, wanted=asked, zone=zone)


def earliest_use(room: Room, now: datetime) -> datetime:
    """The first instant that may still be booked: the room's notice, on its steps."""
    return next_step(now + room.notice_minutes * MINUTE, room)


def before_latest(room: Room, free: Iterable[Interval]) -> list[Interval]:
    """The parts of free intervals that leave the room by its latest hour."""
    if room.latest_minute is None:
        return list(free)
    zone, kept = room.site.time_zone, []
    for piece in free:
        start = piece.start
        while start < piece.end:
            end = from_wall(latest_end(start, room.latest_minute, zone), zone)
            if start < (end := min(end, piece.end)):
                kept.append(Interval(start, end))
            start = from_wall(latest_end(start, MINUTES_OF_DAY + NIGHT_ENDS, zone), zone)
    return kept


def _to_come(room: Room, stretches: Iterable[Stretch], now: datetime) -> list[Stretch]:
    """The same without the free hours that nobody can have: before `now`, after the latest."""
    kept: list[Stretch] = []
    for state, start, end in stretches:
        if state != SlotState.FREE:
            kept.append((state, start, end))
        elif end > now:
            pieces = before_latest(room, [Interval(max(start, now), end)])
            kept += [(state, piece.start, piece.end) for piece in pieces]
    return kept


def _piece(stretch: Stretch) -> Piece:
    state, start, end = stretch
    return Piece(start=start, end=end, state=SlotState(state))


def first_use(room: Room, free: Interval) -> tuple[datetime, datetime]:
    """Two hours, or what the room allows, at the start of a free interval (empty: too short)."""
    start = next_step(free.start, room)
    longest = room.max_minutes * MINUTE
    length = min(max(USUAL, room.min_minutes * MINUTE), longest, free.end - start)
    length -= length % (room.step_minutes * MINUTE)
    return (start, start) if length < room.min_minutes * MINUTE else (start, start + length)


def slot_choices(
    room: Room, free: Sequence[Interval], rate: Rate | None, chosen: Interval | None
) -> list[SlotChoice]:
    """The free slots of a week; « choisir » books their first two hours."""
    zone = room.site.time_zone
    choices = []
    for piece in free:
        start, end = first_use(room, piece)
        if start >= end:
            continue
        choices.append(
            SlotChoice(
                day=date_fr(piece.start, zone, year=False).capitalize(),
                hours=heures(piece.start, piece.end, zone),
                price=_slot_price(min(piece.length, room.max_minutes * MINUTE), rate),
                href=booking_href(room.slug, start, end, zone) if rate else None,
                chosen=bool(chosen and piece.start <= chosen.start and chosen.end <= piece.end),
            )
        )
    return choices


def _slot_price(length: timedelta, rate: Rate | None) -> str:
    if rate is None:
        return "tarif non voté"
    if rate.hourly_cents == 0:
        return "gratuit pour les associations"
    if length <= USUAL:
        cents = cost(rate.hourly_cents, length)
        return f"{duree(length)}, {format_euros(cents)}"
    return f"jusqu’à {duree(length)}, {format_euros(rate.hourly_cents)} de l’heure"


def free_card(
    found: Found, room: Room, week: Week, *, slot: Interval, place: str, rank: int
) -> RoomCard:
    """A room that is free for the whole slot."""
    zone = room.site.time_zone
    approval = room.booking_mode == BookingMode.APPROVAL
    price, note = price_words(found.price_cents, slot.length)
    how = "sur accord du collège." if approval else "réservation immédiate."
    return RoomCard(
        name=room.name,
        href=room_href(room.slug, slot.start, slot.end, zone),
        place=f"{found.site_name}, {found.commune}",
        distance=_distance(found, place),
        state=SlotState.FREE,
        tag="libre, sur accord" if approval else "libre",
        note=f"{periode(slot.start, slot.end, zone, year=False).capitalize()} : {how}"
        + _before(found, slot, zone),
        chips=chips_of(room),
        price=price,
        price_note=note,
        action="Demander ce créneau" if approval else "Réserver ce créneau",
        action_href=booking_href(room.slug, slot.start, slot.end, zone)
        if found.price_cents is not None
        else None,
        main=rank == 1,
        rank=rank,
        week=week,
    )


def _before(found: Found, slot: Interval, zone: str) -> str:
    """When the room is free first, if that is not the slot itself."""
    free = found.next_free
    if free is None or free.start <= slot.start < free.end:
        return ""
    return f" Prochain créneau libre : {periode(free.start, free.end, zone, year=False)}."


def other_card(
    found: Found, room: Room, week: Week, *, length: timedelta, place: str, rank: int
) -> RoomCard:
    """A room that is full or closed at that time, and when it is free."""
    zone = room.site.time_zone
    price, price_note = price_words(found.price_cents, length)
    note, action, href = "Rien de libre dans les quatre semaines.", "Voir la salle", None
    if found.next_free is not None:
        free = found.next_free
        first, last = first_use(room, free)
        note = f"Prochain créneau libre : {periode(free.start, free.end, zone, year=False)}."
        action = f"Voir {weekday(free.start, zone)}"
        href = room_href(room.slug, first, last, zone) if first < last else None
    return RoomCard(
        name=room.name,
        href=url_for("rooms.show", slug=room.slug),
        place=f"{found.site_name}, {found.commune}",
        distance=_distance(found, place),
        state=SlotState.BUSY if found.opened else SlotState.CLOSED,
        tag="complet à ces heures" if found.opened else "fermé à ces heures",
        note=note,
        chips=chips_of(room),
        price=price,
        price_note=price_note,
        action=action,
        action_href=href or url_for("rooms.show", slug=room.slug),
        available=False,
        rank=rank,
        week=week,
    )


def listed_card(found: Found, room: Room) -> RoomCard:
    """A room in the list of all: what an hour costs, and when it is free next."""
    zone = room.site.time_zone
    price, _ = price_words(found.price_cents, HOUR)
    free, slot = found.next_free, None
    if free is not None:
        free = Interval(next_step(free.start, room), free.end)
        first, last = first_use(room, free)
        slot = (first, last) if first < last else None
    page = url_for("rooms.show", slug=room.slug)
    return RoomCard(
        name=room.name,
        href=page,
        place=f"{found.site_name}, {found.commune}",
        state=SlotState.FREE if slot else SlotState.CLOSED,
        tag=f"libre {date_fr(slot[0], zone, year=False)}" if slot else "rien de libre",
        note=f"Prochain créneau libre : {periode(free.start, free.end, zone, year=False)}."
        if slot and free
        else "Rien de libre dans les quatre semaines.",
        chips=chips_of(room),
        price=price,
        price_note="de l’heure" if found.price_cents else "",
        action="Choisir ce créneau" if slot else "Voir la salle",
        action_href=room_href(room.slug, *slot, zone) if slot else page,
        available=slot is not None,
    )


def _distance(found: Found, place: str) -> str:
    if found.distance_km is None:
        return ""
    return f"à {distance_km(found.distance_km)} de {place}"
