"""Pages of the collège's staff: what is booked in their rooms, what waits for an answer."""

from __future__ import annotations

from flask import Blueprint, render_template

from salle.accounts.rules import Permission
from salle.bookings.permissions import can_decide
from salle.bookings.queries import list_for_sites
from salle.bookings.rules import BookingState
from salle.kernel.clock import utcnow
from salle.venues.queries import list_site_ids_for_user, list_sites
from salle.web.access import get_actor, require

blueprint = Blueprint("college", __name__)


@blueprint.get("/college")
@require(Permission.SEE_SITE_BOOKINGS)
def bookings() -> str:
    """Requests to answer first, then what comes, then the rest."""
    site_ids = list_site_ids_for_user(get_actor())
    views, total = list_for_sites(site_ids)
    now = utcnow()
    waiting = [v for v in views if v.booking.state == BookingState.REQUESTED]
    coming = [
        v
        for v in views
        if v.booking.state in {BookingState.CONFIRMED, BookingState.HELD}
        and v.dates[-1].ends_at > now
    ]
    coming.sort(key=lambda view: view.dates[0].starts_at)
    rest = [v for v in views if v not in waiting and v not in coming]
    return render_template(
        "bookings/college.html",
        sites=list_sites(site_ids),
        waiting=waiting,
        deciding=any(can_decide(get_actor(), view) for view in waiting),
        coming=coming,
        rest=rest,
        total=total,
    )
