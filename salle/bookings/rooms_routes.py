"""Pages of the collège's staff about their rooms: the list, and one day layer by layer."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby

from flask import Blueprint, render_template, request

from salle.accounts.permissions import has_site_permission
from salle.accounts.rules import Permission
from salle.bookings.day import read_day
from salle.bookings.quota_changes import list_managed_territories
from salle.kernel.clock import local_day, utcnow
from salle.venues.models import Room
from salle.venues.queries import get_site_room, list_site_ids_for_user, list_site_rooms
from salle.web.access import get_actor, require

blueprint = Blueprint("college_rooms", __name__)

DAY = timedelta(days=1)
FIRST, LAST = date(2000, 1, 1), date(2999, 12, 31)


@blueprint.get("/college/salles")
@require(Permission.SEE_SITE_BOOKINGS)
def index() -> str:
    """The rooms of one's sites: their day, their rules."""
    rooms = list_site_rooms(list_site_ids_for_user(get_actor()))
    groups = [list(rows) for _, rows in groupby(rooms, key=lambda room: room.site_id)]
    sites = [(group[0].site, group, _may_manage(group[0])) for group in groups]
    return render_template(
        "bookings/rooms.html", sites=sites, territories=list_managed_territories(get_actor())
    )


@blueprint.get("/college/salles/<slug>/journee")
@require(Permission.SEE_SITE_BOOKINGS)
def day(slug: str) -> str:
    """Why the room is free or not, at each hour of one civil day."""
    room = get_site_room(list_site_ids_for_user(get_actor()), slug)
    today = local_day(utcnow(), room.site.time_zone)
    chosen = _read_day(request.args.get("jour", ""), today)
    return render_template(
        "bookings/day.html",
        room=room,
        site=room.site,
        view=read_day(room, chosen),
        today=today,
        previous=chosen - DAY,
        following=chosen + DAY,
        may_manage=_may_manage(room),
    )


def _may_manage(room: Room) -> bool:
    return has_site_permission(
        get_actor(),
        Permission.MANAGE_ROOMS,
        site_id=room.site_id,
        territory_id=room.territory_id,
    )


def _read_day(text: str, today: date) -> date:
    """The day asked for; today when it cannot be read."""
    try:
        return min(max(date.fromisoformat(text), FIRST), LAST)
    except ValueError:
        return today
