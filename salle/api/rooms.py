"""Rooms in JSON: search, one room, its free intervals."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from flask import Response
from marshmallow import fields, validate

from salle.api.core import (
    MAX_LIMIT,
    Blueprint,
    CleanText,
    InvalidField,
    StrictSchema,
    answer,
    iso,
    page,
    read_instant,
)
from salle.api.seasons import coverage, find_season, is_season, read_season
from salle.db import read_only
from salle.kernel import clock
from salle.kernel.clock import utcnow
from salle.kernel.errors import NotFound
from salle.venues.asking import earliest, next_step
from salle.venues.availability import find_free, free_between
from salle.venues.models import Room
from salle.venues.queries import find_rate, find_room, read_key
from salle.venues.rules import RoomKind
from salle.venues.search import (
    LATER,
    SOON,
    Criteria,
    Found,
    find_zone,
    next_quarter,
    search_rooms,
)
from salle.web.access import public

blueprint = Blueprint("api_rooms", __name__, description="Salles et créneaux libres")

MAX_DAYS = 92
MAX_SLOT = timedelta(hours=24)
_OFFSET = re.compile(r"[T ]\d.*(?:[zZ]|[+-]\d\d(?::?\d\d)?)$")
_LOST_PLUS = re.compile(r"(?<=\d) (\d\d:?\d\d)$")  # « + » typed as such in an address


class SearchSchema(StrictSchema):
    """Parameters of `GET /rooms`."""

    q = CleanText(max_length=200)
    near = CleanText(max_length=60)
    radius_km = fields.Float(
        load_default=20.0, validate=validate.Range(0.1, 200, error="De 0,1 à 200 km.")
    )
    commune = fields.String(validate=validate.Regexp(r"^\d[0-9AB]\d{3}$", error="Code INSEE."))
    uai = fields.String(validate=validate.Regexp(r"^\d{7}[A-Z]$", error="UAI mal formé."))
    kind = fields.String(
        validate=validate.OneOf([k.value for k in RoomKind], error="Type de salle inconnu.")
    )
    min_capacity = fields.Integer(
        load_default=0, validate=validate.Range(0, 9999, error="De 0 à 9 999 personnes.")
    )
    bookable = fields.Boolean(load_default=False)
    equipment = fields.List(CleanText(max_length=100), load_default=list)
    accessible = fields.Boolean(load_default=False)
    hearing_loop = fields.Boolean(load_default=False)
    accessible_toilets = fields.Boolean(load_default=False)
    max_price_cents = fields.Integer(
        validate=validate.Range(0, 10_000_000, error="Prix hors limites.")
    )
    start = CleanText(max_length=40)
    end = CleanText(max_length=40)
    window_start = CleanText(max_length=40)
    window_end = CleanText(max_length=40)
    duration_minutes = fields.Integer(
        validate=validate.Range(5, 1440, error="De 5 à 1 440 minutes.")
    )
    unavailable = fields.Boolean(load_default=False)
    weekly_until = fields.Date()
    weekdays = fields.List(
        fields.Integer(validate=validate.Range(1, 7, error="De 1 (lundi) à 7 (dimanche).")),
        load_default=list,
        validate=validate.Length(max=7, error="Sept jours au plus."),
    )
    skip_school_holidays = fields.Boolean()
    min_coverage = fields.Float(validate=validate.Range(0, 1, error="De 0 à 1."))
    limit = fields.Integer(
        load_default=20, validate=validate.Range(1, MAX_LIMIT, error=f"De 1 à {MAX_LIMIT}.")
    )
    offset = fields.Integer(
        load_default=0, validate=validate.Range(0, 100_000, error="De 0 à 100 000.")
    )


class FreeSchema(StrictSchema):
    """Parameters of `GET /rooms/{id}/free`: civil days of the site, both included."""

    first = fields.Date(required=True, data_key="from")
    last = fields.Date(required=True, data_key="to")


@blueprint.get("/rooms")
@public
@blueprint.arguments(SearchSchema(), location="query")  # an instance: not made at each request
def search(data: dict[str, Any]) -> Response:
    """Search rooms; with `start` and `end`, only those wholly open and idle then.

    With `window_start`, `window_end` and `duration_minutes`: long enough somewhere in between.
    With `weekly_until`: the rooms that serve enough dates of a season.
    """
    read_only()
    now = utcnow()
    limit, offset = data["limit"], data["offset"]
    if is_season(data):
        for name in ("start", "end"):
            data[name] = _LOST_PLUS.sub(_plus, data.get(name) or "")
        season, criteria = read_season(data), _where(data)
        rooms, missing = find_season(criteria, season, now=now, limit=limit, offset=offset)
        items = [
            {
                **_item(one.found, criteria),
                "coverage": coverage(one, missing.get(one.found.room_id, [])),
            }
            for one in rooms.rooms
        ]
        return answer(page(items, total=rooms.total, limit=limit, offset=offset))
    criteria = _criteria(data, now)
    found, total = search_rooms(criteria, now=now, limit=limit, offset=offset)
    items = [_item(f, criteria) for f in found]
    return answer(page(items, total=total, limit=limit, offset=offset))


@blueprint.get("/rooms/<string:key>")
@public
def show(key: str) -> Response:
    """One room, by its id or its slug."""
    read_only()
    room = find_room(key)
    site, zone = room.site, room.site.time_zone
    rate = find_rate(room.id, utcnow().date())
    return answer(
        {
            "id": room.id,
            "slug": room.slug,
            "name": room.name,
            "kind": room.kind.value,
            "capacity": room.capacity,
            "description": room.description,
            "equipment": room.equipment,
            "accessible": room.accessible,
            "hearing_loop": room.hearing_loop,
            "accessible_toilets": room.accessible_toilets,
            "booking_mode": room.booking_mode.value,
            "step_minutes": room.step_minutes,
            "min_minutes": room.min_minutes,
            "max_minutes": room.max_minutes,
            "notice_minutes": room.notice_minutes,
            "horizon_days": room.horizon_days,
            "latest_minute": room.latest_minute,
            "site": {
                "id": site.id,
                "uai": site.uai,
                "name": site.name,
                "commune": site.commune,
                "address": site.address,
                "lat": site.lat,
                "lon": site.lon,
                "time_zone": zone,
            },
            "distance_km": None,
            "price_cents": rate.hourly_cents if rate is not None else None,
            "next_free": _next_free(room),
            "coverage": None,
        }
    )


@blueprint.get("/rooms/<string:key>/free")
@public
@blueprint.arguments(FreeSchema(), location="query")
def free(data: dict[str, date], key: str) -> Response:
    """Every interval in which the room is open and nothing occupies it, in order."""
    first, last = data["first"], data["last"]
    if last < first:
        raise InvalidField("to", "Le dernier jour vient avant le premier.")
    if (last - first).days >= MAX_DAYS:
        raise InvalidField("to", f"{MAX_DAYS} jours au plus.")
    if not clock.FIRST_YEAR <= first.year <= clock.LAST_YEAR:
        raise InvalidField("from", f"Un jour entre {clock.FIRST_YEAR} et {clock.LAST_YEAR}.")
    read_only()
    found = find_free(read_key(key), first, last)
    if found is None:
        raise NotFound
    wall = clock.zone(found.zone)  # orjson writes an instant as iso() does
    return answer(
        {
            "room_id": found.room_id,
            "intervals": [
                {"start": piece.start.astimezone(wall), "end": piece.end.astimezone(wall)}
                for piece in found.intervals
            ],
        }
    )


def _where(data: dict[str, Any]) -> Criteria:
    """What is asked but the time."""
    lat, lon = _near(data.get("near"))
    kind = data.get("kind")
    return Criteria(
        lat=lat,
        lon=lon,
        radius_km=data["radius_km"],
        commune=data.get("commune"),
        uai=data.get("uai"),
        kind=RoomKind(kind) if kind else None,
        min_capacity=data["min_capacity"],
        equipment=tuple(data["equipment"]),
        accessible=data["accessible"],
        hearing_loop=data["hearing_loop"],
        accessible_toilets=data["accessible_toilets"],
        max_price_cents=data.get("max_price_cents"),
        bookable=data["bookable"],
        q=data.get("q"),
    )


def _criteria(data: dict[str, Any], now: datetime) -> Criteria:
    criteria = _where(data)
    if any(data.get(name) for name in ("window_start", "window_end", "duration_minutes")):
        if data.get("start") or data.get("end"):
            raise InvalidField("window_start", "Donnez un créneau ou une plage, pas les deux.")
        starts_at, ends_at = _times(data, "window_start", "window_end", criteria)
        lasting = _lasting(data, starts_at, ends_at)
        starts_at = max(starts_at, next_quarter(now))
        if ends_at - starts_at < lasting:
            raise _past("window_start")
    elif data.get("start") or data.get("end"):
        starts_at, ends_at = _times(data, "start", "end", criteria)
        lasting = None
        if starts_at < now:
            raise _past("start")
    elif data["unavailable"]:
        raise InvalidField("unavailable", "Donnez un créneau ou une plage.")
    else:
        return criteria
    return replace(
        criteria,
        starts_at=starts_at,
        ends_at=ends_at,
        lasting=lasting,
        unavailable=data["unavailable"],
    )


def _lasting(data: dict[str, Any], starts_at: datetime, ends_at: datetime) -> timedelta:
    minutes = data.get("duration_minutes")
    if minutes is None:
        raise InvalidField("duration_minutes", "Donnez la durée voulue, en minutes.")
    if ends_at - starts_at < timedelta(minutes=minutes):
        raise InvalidField("duration_minutes", "La durée dépasse la plage demandée.")
    return timedelta(minutes=minutes)


def _past(field: str) -> InvalidField:
    error = InvalidField(field, "Ce créneau est déjà passé : cherchez une date à venir.")
    error.code = "in_the_past"
    return error


def _near(text: str | None) -> tuple[float | None, float | None]:
    if not text:
        return None, None
    try:
        lat, lon = (float(part) for part in text.split(","))
    except ValueError as error:
        raise InvalidField("near", "Une position est attendue, comme 48.11,-1.68.") from error
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise InvalidField("near", "Cette position n’est pas sur Terre.")
    return lat, lon


def _times(
    data: dict[str, Any], first: str, last: str, criteria: Criteria
) -> tuple[datetime, datetime]:
    """Two instants; without an offset they are wall time of the nearest site in reach."""
    if not data.get(first) or not data.get(last):
        raise InvalidField(last if data.get(first) else first, "Donnez le début et la fin.")
    start, end = (_LOST_PLUS.sub(_plus, data[name]) for name in (first, last))
    known = _OFFSET.search(start) and _OFFSET.search(end)
    zone = "UTC" if known else find_zone(criteria)
    starts_at = read_instant(start, zone, field=first)
    ends_at = read_instant(end, zone, field=last)
    if ends_at <= starts_at:
        raise InvalidField(last, "La fin doit venir après le début.")
    if ends_at - starts_at > MAX_SLOT:
        raise InvalidField(last, "Un créneau dure 24 heures au plus.")
    return starts_at, ends_at


def _plus(match: re.Match[str]) -> str:
    text, at = match.string, match.start()
    return f"+{match[1]}" if "T" in text[:at] else match[0]


def _item(found: Found, criteria: Criteria) -> dict[str, Any]:
    free, state, slot = found.next_free, None, None
    if criteria.has_slot:
        state = "free" if not criteria.unavailable else "full" if found.opened else "closed"
    if criteria.lasting is not None and found.begins is not None:
        slot = _span(found.begins, found.begins + criteria.lasting, found.time_zone)
    return {
        "id": found.room_id,
        "slug": found.slug,
        "name": found.name,
        "kind": found.kind.value,
        "capacity": found.capacity,
        "site": {
            "id": found.site_id,
            "uai": found.uai,
            "name": found.site_name,
            "commune": found.commune,
            "lat": found.lat,
            "lon": found.lon,
        },
        "distance_km": found.distance_km,
        "price_cents": found.price_cents,
        "next_free": free and _span(free.start, free.end, found.time_zone),
        "state": state,
        "slot": slot,
        "coverage": None,
    }


def _span(start: datetime, end: datetime, zone: str) -> dict[str, str]:
    return {"start": iso(start, zone), "end": iso(end, zone)}


def _next_free(room: Room) -> dict[str, str] | None:
    """The next slot free, as a search says it: looked for in three days, then in four weeks."""
    now = utcnow()
    wanted, soon = timedelta(minutes=room.min_minutes), next_quarter(now)
    for first, last in ((soon, soon + SOON), (soon + SOON, soon + LATER)):
        for piece in free_between(room, first, last):
            start = next_step(max(piece.start, earliest(room, now)), room)
            if piece.end - start >= wanted:
                return _span(start, piece.end, room.site.time_zone)
    return None
