"""Page of the collège's staff: lessons at the time of bookings, and what to do about it."""

from __future__ import annotations

import uuid

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from salle.accounts.rules import Permission
from salle.bookings import proposals
from salle.db import transaction
from salle.kernel.clock import utcnow
from salle.kernel.errors import Conflict
from salle.kernel.words import pluriel
from salle.venues.cards import room_href
from salle.venues.queries import list_site_ids_for_user
from salle.web.access import get_actor, require

blueprint = Blueprint("collisions", __name__)


@blueprint.get("/college/conflits")
@require(Permission.SEE_SITE_BOOKINGS)
def index() -> str:
    """Each lesson that falls on a booking, the soonest first."""
    actor = get_actor()
    deciding = set(list_site_ids_for_user(actor, Permission.DECIDE_BOOKINGS))
    clashes = proposals.list_clashes(list_site_ids_for_user(actor), now=utcnow())
    return render_template(
        "bookings/collisions.html", clashes=clashes, deciding=deciding, href=room_href
    )


@blueprint.post("/college/conflits/<uuid:collision_id>/proposer")
@require(Permission.DECIDE_BOOKINGS)
def propose(collision_id: uuid.UUID) -> Response:
    """Send the association the slots that are free instead."""
    try:
        with transaction():
            count = proposals.propose(collision_id=collision_id, actor=get_actor(), now=utcnow())
        slots = pluriel(count, "créneau", "créneaux")
        flash(f"Message envoyé à l’association, avec {slots} à la place.", "ok")
    except Conflict as error:
        flash(error.message, "error")
    return redirect(url_for("collisions.index"), code=303)
