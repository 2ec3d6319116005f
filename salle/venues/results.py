"""What the search page answers: free rooms first, then those that are full or closed."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace
from datetime import datetime

from salle.adapters.geocoding import Geocoder
from salle.kernel.words import date_fr, nombre, pluriel
from salle.venues import cards
from salle.venues.forms import SearchForm, clean
from salle.venues.free import Interval
from salle.venues.places import Place, list_nearest_names, resolve
from salle.venues.queries import list_rooms
from salle.venues.relaxations import Relaxation, list_relaxations
from salle.venues.rules import RoomKind
from salle.venues.search import Criteria, Found, search_rooms
from salle.venues.sketch import Sketch, draw
from salle.web.viewmodels import RoomCard
from salle.web.week import SlotState

PER_PAGE = 10
MOST_UNAVAILABLE = 5
_POSITION = re.compile(r"^\s*(-?\d{1,3}(?:\.\d+)?)\s*[,;]\s*(-?\d{1,3}(?:\.\d+)?)\s*$")
_UNKNOWN = (
    "Aucun collège connu près de « {} ». "
    "Essayez une adresse, une commune, un code postal ou le nom d’un collège."
)
PLURALS = {
    RoomKind.GYMNASIUM: "gymnases",
    RoomKind.MULTIPURPOSE: "salles polyvalentes",
    RoomKind.AUDITORIUM: "auditoriums",
    RoomKind.CLASSROOM: "salles de classe",
    RoomKind.MEETING: "salles de réunion",
    RoomKind.DOJO: "dojos",
    RoomKind.CLIMBING: "murs d’escalade",
    RoomKind.OUTDOOR: "plateaux extérieurs",
    RoomKind.COMPUTER: "salles informatiques",
    RoomKind.BOARDING: "internats",
    RoomKind.CANTEEN: "restaurants scolaires",
    RoomKind.OTHER: "autres salles",
}
FEMININE = frozenset(
    {
        RoomKind.MULTIPURPOSE,
        RoomKind.CLASSROOM,
        RoomKind.MEETING,
        RoomKind.COMPUTER,
        RoomKind.OTHER,
        None,
    }
)


@dataclass(frozen=True, kw_only=True)
class Results:
    """One page of the answer. What would work is looked for only when nothing is free."""

    title: str
    free: int
    unavailable: int
    cards: list[RoomCard]
    page: int
    has_next: bool
    everything: bool = False  # no question was asked: all rooms, by name
    empty: str = ""
    relaxations: tuple[Relaxation, ...] = ()
    place: str = ""
    sketch: Sketch | None = None

    @property
    def span(self) -> str:
        """« 11 à 20 sur 34 »."""
        first = (self.page - 1) * PER_PAGE + 1
        return f"{first} à {min(first + PER_PAGE - 1, self.free)} sur {self.free}"


def read_criteria(
    form: SearchForm, geocoder: Geocoder | None
) -> tuple[Criteria | None, list[Place]]:
    """What a valid form asks; None when the place is unknown or ambiguous (said on its field)."""
    places: list[Place] = []
    if form.ou.data:
        places = _places(form, geocoder)
        if form.ou.errors:
            return None, places
        form.zone = places[0].zone
    instants = form.instants()
    if instants is None:
        return None, places
    if (sentence := form.impossible()) is not None:  # on the clock of that place
        (form.a if form.lasting is None else form.duree).errors = [sentence]
        return None, places
    starts_at, ends_at = instants
    kind = form.kind.data
    return (
        Criteria(
            bookable=True,
            lat=places[0].lat if places else None,
            lon=places[0].lon if places else None,
            radius_km=float(form.rayon.data),
            kind=RoomKind(kind) if kind else None,
            min_capacity=form.headcount,
            equipment=tuple(clean(tool)[:100] for tool in form.equipement.data or ()),
            accessible=form.accessible.data,
            hearing_loop=form.boucle.data,
            accessible_toilets=form.sanitaires.data,
            max_price_cents=form.max_price_cents,
            q=form.q.data or None,
            starts_at=starts_at,
            ends_at=ends_at,
            lasting=form.lasting,
        ),
        places,
    )


def _places(form: SearchForm, geocoder: Geocoder | None) -> list[Place]:
    text = form.ou.data or ""
    if (match := _POSITION.match(text)) is not None:
        lat, lon = float(match[1]), float(match[2])
        if abs(lat) <= 90 and abs(lon) <= 180:
            return [Place(label="votre position", lat=lat, lon=lon)]
    resolved = resolve(text, geocoder)
    places, form.unanswered = resolved.places, resolved.unanswered
    if not places:
        form.ou.errors = [_UNKNOWN.format(text[:60])]
        return list_nearest_names(text)
    if len(places) > 1:
        form.ou.errors = [f"Plusieurs lieux répondent à « {text[:60]} ». Choisissez le bon."]
    return places


def find_results(
    criteria: Criteria, form: SearchForm, place: Place | None, now: datetime, page: int
) -> Results:
    """The cards of a page; rooms that are not free only follow on the last one."""
    name = place.label if place else ""
    offset = (page - 1) * PER_PAGE
    found, free = search_rooms(criteria, now=now, limit=PER_PAGE, offset=offset)
    has_next = offset + PER_PAGE < free
    others, unavailable = search_rooms(
        replace(criteria, unavailable=True), now=now, limit=0 if has_next else MOST_UNAVAILABLE
    )
    return Results(
        title=_title(free, criteria, form, name),
        free=free,
        unavailable=unavailable,
        cards=_cards(found, others, criteria, form, name, offset, now),
        page=page,
        has_next=has_next,
        empty=_empty(unavailable, criteria, place),
        place=name,
        sketch=_sketch(found, others, place, offset),
        relaxations=()
        if free
        else tuple(list_relaxations(criteria, form, near=place is not None, now=now)),
    )


def _sketch(
    found: list[Found], others: list[Found], place: Place | None, offset: int
) -> Sketch | None:
    if place is None:
        return None
    states = [SlotState.FREE] * len(found)
    states += [SlotState.BUSY if one.opened else SlotState.CLOSED for one in others]
    ranked = zip(itertools.count(offset + 1), [*found, *others], states, strict=False)
    return draw(ranked, lat=place.lat, lon=place.lon)


def list_everything(now: datetime, page: int) -> Results:
    """Every room in the order of names, with its next free slot: nothing was asked."""
    offset = (page - 1) * PER_PAGE
    found, total = search_rooms(Criteria(by_name=True), now=now, limit=PER_PAGE, offset=offset)
    rooms = list_rooms([one.room_id for one in found])
    return Results(
        title=f"Trouver une salle parmi {nombre(total)}" if total > 1 else "Trouver une salle",
        free=total,
        unavailable=0,
        cards=[cards.listed_card(one, rooms[one.room_id]) for one in found if one.room_id in rooms],
        page=page,
        has_next=offset + PER_PAGE < total,
        everything=True,
        empty="Aucune salle n’est encore proposée.",
    )


def _cards(
    found: list[Found],
    others: list[Found],
    criteria: Criteria,
    form: SearchForm,
    place: str,
    offset: int,
    now: datetime,
) -> list[RoomCard]:
    slot = _slot(criteria)
    zone = form.zone
    rooms = list_rooms([one.room_id for one in (*found, *others)])
    monday = cards.monday_of(form.slot.day) if form.slot else form.today
    weeks = cards.weeks_of(rooms.values(), monday, (slot.start, slot.end), zone, now)
    length = criteria.lasting or slot.length
    shown = [
        cards.free_card(
            *(one, rooms[one.room_id], weeks[one.room_id]),
            slot=Interval(one.begins, one.begins + length) if one.begins else slot,
            place=place,
            rank=rank,
        )
        for rank, one in enumerate(found, offset + 1)
        if one.room_id in rooms
    ]
    first = offset + len(found) + 1
    return shown + [
        cards.other_card(
            *(one, rooms[one.room_id], weeks[one.room_id]), length=length, place=place, rank=rank
        )
        for rank, one in enumerate(others, first)
        if one.room_id in rooms
    ]


def _slot(criteria: Criteria) -> Interval:
    if criteria.starts_at is None or criteria.ends_at is None:
        raise ValueError("the search page always asks for a slot")
    return Interval(criteria.starts_at, criteria.ends_at)


def _title(free: int, criteria: Criteria, form: SearchForm, place: str) -> str:
    near = f" près de {place}" if place else ""
    near = near.replace("de votre position", "de vous")
    day = date_fr(form.slot.day, year=False) if form.slot else ""
    kind = criteria.kind
    singular = kind.label if kind else "salle"
    plural = PLURALS[kind] if kind else "salles"
    if free == 0:
        nothing = "Aucune" if kind in FEMININE else "Aucun"
        return f"{nothing} {singular} libre{near}, {day}"
    return f"{pluriel(free, singular, plural)} libre{'s' if free > 1 else ''}{near}, {day}"


def _empty(unavailable: int, criteria: Criteria, place: Place | None) -> str:
    where = f" à moins de {criteria.radius_km:.0f}\u00a0km" if place else ""
    if not unavailable:
        return f"Aucune salle ne correspond à votre demande{where}, libre ou non."
    rooms = pluriel(unavailable, "salle")
    if unavailable == 1:
        return f"{rooms} correspond à votre demande{where}, mais complète ou fermée à ces heures."
    return f"{rooms} correspondent à votre demande{where}, mais complètes ou fermées à ces heures."
