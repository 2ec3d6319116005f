"""Roles and what they allow: one table."""

from __future__ import annotations

from salle.kernel.enums import LabelledEnum


class Role(LabelledEnum):
    """A role given to a person, within a scope (a site or a territory)."""

    TERRITORY_ADMIN = "territory_admin", "administration du territoire"
    PROJECT_OFFICER = "project_officer", "chargé de projet"
    COLLEGE_MANAGER = "college_manager", "gestion du collège"
    CARETAKER = "caretaker", "gardiennage"
    ACCOUNTANT = "accountant", "agence comptable"


class Permission(LabelledEnum):
    """What a view or a service may ask for."""

    SEE_SITE_BOOKINGS = "see_site_bookings", "voir les réservations du collège"
    DECIDE_BOOKINGS = "decide_bookings", "répondre aux demandes"
    SEE_DOOR_CODES = "see_door_codes", "voir les codes des portes"
    SEE_SITE_MONEY = "see_site_money", "voir les recettes du collège"
    MANAGE_ROOMS = "manage_rooms", "régler les salles du collège"
    SEE_TERRITORY_USAGE = "see_territory_usage", "voir l’usage du territoire"


PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.COLLEGE_MANAGER: frozenset(
        {
            Permission.SEE_SITE_BOOKINGS,
            Permission.DECIDE_BOOKINGS,
            Permission.MANAGE_ROOMS,
            Permission.SEE_DOOR_CODES,
            Permission.SEE_SITE_MONEY,
        }
    ),
    Role.CARETAKER: frozenset({Permission.SEE_SITE_BOOKINGS, Permission.SEE_DOOR_CODES}),
    Role.ACCOUNTANT: frozenset({Permission.SEE_SITE_BOOKINGS, Permission.SEE_SITE_MONEY}),
    Role.PROJECT_OFFICER: frozenset({Permission.SEE_TERRITORY_USAGE}),
    Role.TERRITORY_ADMIN: frozenset(Permission),
}
