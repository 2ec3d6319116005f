"""Who may see, pay, cancel or decide a booking: used by services and templates alike."""

from __future__ import annotations

from salle.accounts.models import User
from salle.accounts.permissions import has_site_permission
from salle.accounts.rules import Permission
from salle.bookings.queries import BookingView
from salle.organisations.queries import is_member


def is_holder(user: User, view: BookingView) -> bool:
    """A member of the organisation that books."""
    return is_member(user.id, view.booking.organisation_id)


def is_staff(user: User, view: BookingView, permission: Permission) -> bool:
    """Somebody of the site (or of its territory) with that permission."""
    return has_site_permission(
        user, permission, site_id=view.site.id, territory_id=view.site.territory_id
    )


def can_see(user: User, view: BookingView) -> bool:
    """Holders and the site's staff; to anybody else the booking does not exist."""
    return is_holder(user, view) or is_staff(user, view, Permission.SEE_SITE_BOOKINGS)


def can_see_codes(user: User, view: BookingView) -> bool:
    """Holders, and staff who look after the doors; an accountant has no use for them."""
    return is_holder(user, view) or is_staff(user, view, Permission.SEE_DOOR_CODES)


def can_cancel(user: User, view: BookingView) -> bool:
    """Holders, and staff who decide."""
    return is_holder(user, view) or is_staff(user, view, Permission.DECIDE_BOOKINGS)


def can_decide(user: User, view: BookingView) -> bool:
    """Staff who decide for that site."""
    return is_staff(user, view, Permission.DECIDE_BOOKINGS)
