"""Building the application: an ordered list of steps, no logic."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask

from config import ROOT, Config
from salle import blueprints
from salle.accounts.session import init_sign_in
from salle.adapters.oidc import init_oidc
from salle.cli import init_cli
from salle.db import db
from salle.extensions import csrf, migrate
from salle.payments.gateway import init_gateway
from salle.venues.geocoder import init_geocoder
from salle.web.access import init_access
from salle.web.assets import init_assets
from salle.web.errors import init_errors
from salle.web.filters import init_filters
from salle.web.logs import init_logs
from salle.web.navigation import init_navigation
from salle.web.security import init_security


def build(config: Config) -> Flask:
    """Build the application from its settings."""
    app = Flask("salle", root_path=str(ROOT / "salle"), template_folder="../templates")
    app.static_folder = str(ROOT / "static")
    app.config.from_mapping(config.as_flask())
    app.config.from_mapping(
        SQLALCHEMY_DATABASE_URI=config.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=ENGINE_OPTIONS,
        MAX_CONTENT_LENGTH=2 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=500_000,
        SESSION_COOKIE_NAME="salle_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.secure_cookies,
        WTF_CSRF_TIME_LIMIT=None,
    )
    if config.environment == "production":  # addresses we build never come from a forged Host
        app.config["TRUSTED_HOSTS"] = [urlsplit(config.public_url).hostname]
    init_logs(app)
    db.init_app(app)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"))
    csrf.init_app(app)
    init_sign_in(app)
    init_oidc(app)
    init_gateway(app)
    init_geocoder(app)
    init_access(app)
    init_security(app)
    init_assets(app)
    init_filters(app)
    init_errors(app)
    blueprints.register_all(app)
    init_navigation(app)
    init_cli(app)
    return app


ENGINE_OPTIONS = {
    "pool_size": 10,
    "max_overflow": 20,
    "pool_timeout": 5,
    "connect_args": {
        # Prepare at the first use: unprepared plans cost up to a quarter more.
        "prepare_threshold": 0,
        "options": "-c timezone=UTC -c lock_timeout=3000",
    },
}
