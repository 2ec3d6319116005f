"""Pages that find a room: search, and the room itself with its free slots."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from salle.kernel.clock import local_day, utcnow
from salle.kernel.errors import DomainError
from salle.kernel.rates import cost, rate_words
from salle.venues import cards
from salle.venues.asking import check_times, earliest, room_rules
from salle.venues.availability import (
    Alternative,
    Interval,
    alternatives,
    free_between,
    refusal,
)
from salle.venues.filters import list_filters
from salle.venues.forms import (
    DURATION_CHOICES,
    EQUIPMENT,
    MOMENT_CHOICES,
    RADII,
    SearchForm,
    SlotForm,
    asks_nothing,
    clock_choices,
)
from salle.venues.geocoder import find_geocoder
from salle.venues.models import Room
from salle.venues.places import Place
from salle.venues.queries import find_rate, get_room_by_slug, list_sibling_rooms
from salle.venues.results import Results, find_results, list_everything, read_criteria
from salle.venues.rules import RoomKind
from salle.web.access import public

blueprint = Blueprint("rooms", __name__)

MINUTE = timedelta(minutes=1)
_PAGE = re.compile(r"[1-9][0-9]{0,2}")
KINDS = [("", "n’importe quelle salle"), *RoomKind.choices()]


@blueprint.get("/salles")
@public
def search() -> Response:
    """Rooms that are open and idle at the hours asked for, then those that are not."""
    now = utcnow()
    form = SearchForm(request.args, now)
    results: Results | None = None
    places: list[Place] = []
    if asks_nothing(request.args):
        results = list_everything(now, _page())
    elif form.validate():
        criteria, places = read_criteria(form, find_geocoder())
        if criteria is not None:
            results = find_results(criteria, form, places[0] if places else None, now, _page())
    html = render_template(
        "rooms/search.html",
        form=form,
        results=results,
        places=[(p.label, _with(ou=p.label)) for p in places] if form.ou.errors else [],
        kinds=KINDS,
        radii=[(radius, f"{radius} km") for radius in RADII],
        starts=clock_choices(form.de.data),
        ends=clock_choices(form.a.data),
        moments=MOMENT_CHOICES,
        durations=DURATION_CHOICES,
        equipment=EQUIPMENT,
        links=_links(form, results),
    )
    return Response(html, status=422 if form.errors else 200, mimetype="text/html")


def _page() -> int:
    """The number of the page; anything else than 1 to 999 is the first one."""
    text = request.args.get("page", "1")
    return int(text) if _PAGE.fullmatch(text) else 1


def _with(**changes: str | None) -> str:
    """The address of this search with some answers changed, or left out (None)."""
    values: dict[str, Any] = {
        name: [value[:300] for value in given]
        for name, given in request.args.lists()
        if name not in {"page", "near" if "ou" in changes else "page"}
    }
    values.update(changes)
    return url_for("rooms.search", **{k: v for k, v in values.items() if v is not None})


def _links(form: SearchForm, results: Results | None) -> dict[str, Any]:
    """Neighbouring pages, the search without one filter, and what would work instead."""
    if results is None:
        return {}
    return {
        "previous": _with(page=str(results.page - 1)) if results.page > 1 else None,
        "next": _with(page=str(results.page + 1)) if results.has_next else None,
        "filters": []
        if results.everything
        else [
            (label, _with(**_left(name, value)))
            for label, name, value in list_filters(form, results.place)
        ],
        "instead": [(r.label, r.count, _with(**r.changes)) for r in results.relaxations],
    }


def _left(name: str, value: str | None) -> dict[str, Any]:
    """That answer taken away; of several under one name, only that value."""
    left = [given for given in request.args.getlist(name) if value is not None and given != value]
    return {name: left or None}


@dataclass(frozen=True, kw_only=True)
class Quote:
    """The slot chosen on a room's page: its price, or why it cannot be had."""

    slot: Interval
    price_cents: int | None
    full_value_cents: int
    rule: str
    refused: DomainError | None
    others: list[tuple[Alternative, str]]

    @property
    def can_book(self) -> bool:
        return self.refused is None and self.price_cents is not None


@blueprint.get("/salles/<slug>")
@public
def show(slug: str) -> Response:
    """One room: facts, free slots of a week, price of the hours chosen; leads to the booking."""
    room, now = get_room_by_slug(slug), utcnow()
    zone = room.site.time_zone
    monday = cards.monday_of(_shown_day(local_day(now, zone)))
    span = cards.week_span(monday, zone)
    earliest = cards.earliest_use(room, now)
    idle = cards.before_latest(room, free_between(room, max(earliest, span[0]), span[1]))
    free = cards.by_day(idle, zone)
    form = SlotForm(_asked() or _first_choice(room, free), now, zone)
    quote = None
    if form.jour.data and form.validate() and form.slot is not None:
        quote = _quote(room, Interval(*form.slot.instants(zone)), now)
        if "reserver" in request.args and quote.can_book:
            return redirect(
                cards.booking_href(slug, quote.slot.start, quote.slot.end, zone), code=303
            )
    chosen = quote.slot if quote is not None and quote.can_book else None
    rate = find_rate(room.id, max(monday, local_day(now, zone)))
    html = render_template(
        "rooms/show.html",
        room=room,
        site=room.site,
        access=cards.access_words(room),
        form=form,
        quote=quote,
        rate=rate,
        slots=cards.slot_choices(room, free, rate, chosen if _asked() else None),
        week=cards.large_week(room, monday, earliest, chosen if _asked() else None),
        monday=monday,
        sunday=monday + timedelta(days=6),
        siblings=list_sibling_rooms(room),
        starts=clock_choices(form.de.data),
        ends=clock_choices(form.a.data),
        previous=_week_href(slug, monday - cards.WEEK) if span[0] > now else None,
        following=_week_href(slug, monday + cards.WEEK),
    )
    return Response(html, status=422 if form.errors else 200, mimetype="text/html")


def _asked() -> MultiDict[str, str] | None:
    """The hours of the address, when it has some."""
    return request.args if any(request.args.get(n) for n in ("jour", "de", "a")) else None


def _first_choice(room: Room, free: list[Interval]) -> MultiDict[str, str]:
    """The hours proposed at first: the first use of the first free slot of the week."""
    for piece in free:
        start, end = cards.first_use(room, piece)
        if start < end:
            return MultiDict(cards.slot_values(start, end, room.site.time_zone))
    return MultiDict()


def _shown_day(today: date) -> date:
    """A day of the week to show: that of the hours, else `semaine`, else today."""
    try:
        day = date.fromisoformat(request.args.get("jour") or request.args.get("semaine", ""))
    except ValueError:
        return today
    return min(max(day, today), today + timedelta(days=730))


def _week_href(slug: str, monday: date) -> str:
    return url_for("rooms.show", slug=slug, semaine=monday.isoformat(), _anchor="t-libres")


def _quote(room: Room, slot: Interval, now: datetime) -> Quote:
    rate = find_rate(room.id, local_day(slot.start, room.site.time_zone))
    refused = _refusal(room, slot, now)
    zone = room.site.time_zone
    others = alternatives(room, slot.start, slot.end, now) if refused is not None else []
    return Quote(
        slot=slot,
        price_cents=cost(rate.hourly_cents, slot.length) if rate else None,
        full_value_cents=cost(rate.full_hourly_cents, slot.length) if rate else 0,
        rule=rate_words(rate, slot.length) if rate else "",
        refused=refused,
        others=[(o, cards.booking_href(o.room_slug, o.start, o.end, zone)) for o in others],
    )


def _refusal(room: Room, slot: Interval, now: datetime) -> DomainError | None:
    """Why the slot cannot be booked: the room's own rules first, then what takes it."""
    try:
        check_times(room_rules(room), slot.start, slot.end, now)
    except DomainError as error:
        return error
    return refusal(room, slot.start, slot.end, after=earliest(room, now))
