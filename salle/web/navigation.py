"""Menu entries of the header and the footer; which endpoint lights which entry."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask import Flask, current_app, request, url_for

from salle.accounts.permissions import has_permission
from salle.accounts.rules import Permission
from salle.web.access import find_actor


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A place of the service. `lights` = prefixes of the endpoints that belong to it."""

    label: str
    endpoint: str
    lights: tuple[str, ...] = ()
    icon: str | None = None
    permission: Permission | None = None


@dataclass(frozen=True, kw_only=True)
class NavLink:
    label: str
    href: str
    current: bool
    icon: str | None = None


MAIN = (
    Entry(label="Trouver une salle", endpoint="rooms.search", lights=("rooms.", "seasons.")),
    Entry(
        label="Mes réservations",
        endpoint="bookings.index",
        lights=("bookings.", "calendar_addresses."),
    ),
    Entry(
        label="Mon collège",
        endpoint="college.bookings",
        lights=(
            "college.",
            "college_rooms.",
            "college_rules.",
            "college_hours.",
            "payments.",
            "timetables.",
            "collisions.",
        ),
        permission=Permission.SEE_SITE_BOOKINGS,
    ),
    Entry(label="Le fonds", endpoint="grants.fund", lights=("grants.",)),
)
SIGN_IN = Entry(
    label="Se connecter", endpoint="accounts.sign_in", lights=("accounts.",), icon="user"
)
FOOTER = (
    Entry(label="Accessibilité\u00a0: non conforme", endpoint="pages.accessibility"),
    Entry(label="Données personnelles", endpoint="pages.privacy"),
    Entry(label="Mentions légales", endpoint="pages.legal"),
    Entry(label="Aide et contact", endpoint="pages.help"),
    Entry(label="Composants", endpoint="pages.components"),
)


def links(entries: Iterable[Entry]) -> list[NavLink]:
    """The entries whose endpoint exists, in order."""
    here = request.endpoint or ""
    return [
        NavLink(
            label=entry.label,
            href=url_for(entry.endpoint),
            current=here == entry.endpoint or here.startswith(entry.lights or ("\0",)),
            icon=entry.icon,
        )
        for entry in entries
        if entry.endpoint in current_app.view_functions and _may(entry.permission)
    ]


def can_see_money() -> bool:
    """Whether the person signed in may see what a collège received."""
    return _may(Permission.SEE_SITE_MONEY)


def can_manage_timetables() -> bool:
    """Whether the person signed in may give rooms their timetables."""
    return _may(Permission.MANAGE_ROOMS)


def _may(permission: Permission | None) -> bool:
    if permission is None:
        return True
    actor = find_actor()
    return actor is not None and has_permission(actor, permission)


def main_links() -> list[NavLink]:
    return links(MAIN)


def sign_in_link() -> NavLink | None:
    return next(iter(links([SIGN_IN])), None)


def footer_links() -> list[NavLink]:
    return links(FOOTER)


def sign_out_href() -> str | None:
    """Where the sign-out form posts to."""
    known = "accounts.sign_out" in current_app.view_functions
    return url_for("accounts.sign_out") if known else None


def home_href() -> str:
    return url_for("pages.home") if "pages.home" in current_app.view_functions else "/"


def account_name() -> str | None:
    """Name of the person signed in, None for anyone else. Reads the database."""
    manager = getattr(current_app, "login_manager", None)
    if manager is None:
        return None
    from flask_login import current_user

    if not current_user.is_authenticated:
        return None
    return str(getattr(current_user, "display_name", None) or getattr(current_user, "name", ""))


def init_navigation(app: Flask) -> None:
    """Give the base template its functions; they run only where the template calls them."""
    app.jinja_env.globals.update(
        main_links=main_links,
        sign_in_link=sign_in_link,
        sign_out_href=sign_out_href,
        footer_links=footer_links,
        home_href=home_href,
        account_name=account_name,
        can_see_money=can_see_money,
        can_manage_timetables=can_manage_timetables,
    )
