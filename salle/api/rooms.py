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
from salle.db import read_only
from salle.kernel import clock
from salle.kernel.clock import utcnow
from salle.kernel.errors import NotFound
from salle.venues.asking import next_step
from salle.venues.availability import find_free, free_intervals
from salle.venues.models import Room
from salle.venues.queries import find_rate, find_room, read_key
from salle.venues.rules import RoomKind
from salle.venues.search import Criteria, Found, find_zone, search_rooms
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
    equipment = fields.List(CleanText(max_length=100), load_default=list)
    accessible = fields.Boolean(load_default=False)
    max_price_cents = fields.Integer(
        validate=validate.Range(0, 10_000_000, error="Prix hors limites.")
    )
    start = CleanText(max_length=40)
    end = CleanText(max_length=40)
    weekly_until = fields.Date()
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
    """Search rooms; with `start` and `end`, only those wholly open and idle then."""
    if data.get("weekly_until") is not None:
        raise InvalidField(
            "weekly_until", "La recherche à la semaine n’est pas encore ouverte : cherchez un jour."
        )
    read_only()
    now = utcnow()
    limit, offset = data["limit"], data["offset"]
    found, total = search_rooms(_criteria(data, now), now=now, limit=limit, offset=offset)
    return answer(page([_item(f) for f in found], total=total, limit=limit, offset=offset))


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
            "booking_mode": room.booking_mode.value,
            "step_minutes": room.step_minutes,
            "min_minutes": room.min_minutes,
            "max_minutes": room.max_minutes,
            "notice_minutes": room.notice_minutes,
            "horizon_days": room.horizon_days,
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
    if not 2000 <= first.year <= 2200:
        raise InvalidField("from", "Un jour entre 2000 et 2200.")
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


def _criteria(data: dict[str, Any], now: datetime) -> Criteria:
    lat, lon = _near(data.get("near"))
    kind = data.get("kind")
    criteria = Criteria(
        lat=lat,
        lon=lon,
        radius_km=data["radius_km"],
        commune=data.get("commune"),
        uai=data.get("uai"),
        kind=RoomKind(kind) if kind else None,
        min_capacity=data["min_capacity"],
        equipment=tuple(data["equipment"]),
        accessible=data["accessible"],
        max_price_cents=data.get("max_price_cents"),
        q=data.get("q"),
    )
    starts_at, ends_at = _slot(data, criteria, now)
    return replace(criteria, starts_at=starts_at, ends_at=ends_at)


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


def _slot(
    data: dict[str, Any], criteria: Criteria, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """Both or none; without an offset they are wall time of the nearest site in reach."""
    if not data.get("start") and not data.get("end"):
        return None, None
    if not data.get("start") or not data.get("end"):
        raise InvalidField("end" if data.get("start") else "start", "Donnez le début et la fin.")
    start, end = (_LOST_PLUS.sub(_plus, data[name]) for name in ("start", "end"))
    known = _OFFSET.search(start) and _OFFSET.search(end)
    zone = "UTC" if known else find_zone(criteria)
    starts_at = read_instant(start, zone, field="start")
    ends_at = read_instant(end, zone, field="end")
    if ends_at <= starts_at:
        raise InvalidField("end", "La fin doit venir après le début.")
    if ends_at - starts_at > MAX_SLOT:
        raise InvalidField("end", "Un créneau dure 24 heures au plus.")
    if starts_at < now:
        error = InvalidField("start", "Ce créneau est déjà passé : cherchez une date à venir.")
        error.code = "in_the_past"
        raise error
    return starts_at, ends_at


def _plus(match: re.Match[str]) -> str:
    text, at = match.string, match.start()
    return f"+{match[1]}" if "T" in text[:at] else match[0]


def _item(found: Found) -> dict[str, Any]:
    free = found.next_free
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
        "next_free": None
        if free is None
        else {"start": iso(free.start, found.time_zone), "end": iso(free.end, found.time_zone)},
        "coverage": None,
    }


def _next_free(room: Room) -> dict[str, str] | None:
    now = utcnow()
    earliest = now + timedelta(minutes=room.notice_minutes)
    wanted = timedelta(minutes=room.min_minutes)
    zone = room.site.time_zone
    for piece in free_intervals(room, now.date(), now.date() + timedelta(days=28)):
        start = next_step(max(piece.start, earliest), room)
        if piece.end - start >= wanted:
            return {"start": iso(start, zone), "end": iso(piece.end, zone)}
    return None
