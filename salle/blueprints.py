"""The one list of blueprints."""

from __future__ import annotations

from flask import Flask

from salle.accounts.routes import blueprint as accounts
from salle.api.core import init_api
from salle.pages.health import blueprint as health
from salle.pages.routes import blueprint as pages

PAGES = (pages, health, accounts)
API = ()


def register_all(app: Flask) -> None:
    """Register every blueprint of the service."""
    for blueprint in PAGES:
        app.register_blueprint(blueprint)
    init_api(app, API)
