"""The one list of blueprints."""

from __future__ import annotations

from flask import Flask

from salle.accounts.routes import blueprint as accounts
from salle.api.bookings import blueprint as api_bookings
from salle.api.core import init_api
from salle.api.grants import blueprint as api_grants
from salle.api.me import blueprint as api_me
from salle.api.rooms import blueprint as api_rooms
from salle.bookings.college_routes import blueprint as college
from salle.bookings.collision_routes import blueprint as collisions
from salle.bookings.hours_routes import blueprint as college_hours
from salle.bookings.rooms_routes import blueprint as college_rooms
from salle.bookings.routes import blueprint as bookings
from salle.bookings.rules_routes import blueprint as college_rules
from salle.calendars.address_routes import blueprint as calendar_addresses
from salle.calendars.routes import blueprint as calendars
from salle.demo.messages import blueprint as demo_messages
from salle.doors.routes import blueprint as doors
from salle.grants.routes import blueprint as grants
from salle.pages.health import blueprint as health
from salle.pages.routes import blueprint as pages
from salle.pages.tonight import init_tonight
from salle.payments.routes import blueprint as payments
from salle.payments.webhooks import blueprint as webhooks
from salle.venues.routes import blueprint as rooms
from salle.venues.season_routes import blueprint as seasons
from salle.venues.timetable_routes import blueprint as timetables
from salle.venues.tonight import list_tonight

PAGES = (
    pages,
    health,
    accounts,
    rooms,
    seasons,
    bookings,
    college,
    college_rooms,
    college_rules,
    college_hours,
    payments,
    webhooks,
    grants,
    calendars,
    calendar_addresses,
    timetables,
    collisions,
)
# Pages that show what nobody may see elsewhere: never in production.
SIMULATIONS = (doors, demo_messages)
API = (api_rooms, api_bookings, api_me, api_grants)


def register_all(app: Flask) -> None:
    """Register every blueprint of the service."""
    for blueprint in PAGES:
        app.register_blueprint(blueprint)
    if app.config["ENVIRONMENT"] in {"demo", "test"}:
        for blueprint in SIMULATIONS:
            app.register_blueprint(blueprint)
    init_api(app, API)
    init_tonight(app, list_tonight)
