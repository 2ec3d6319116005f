"""Who is calling: the session cookie on pages, the Bearer token in the API (flask-login)."""

from __future__ import annotations

from flask import Flask, Request, current_app, g, request

from salle.accounts.models import User, UserSession
from salle.accounts.queries import find_session, find_user_by_api_token
from salle.extensions import login_manager
from salle.kernel.clock import utcnow
from salle.kernel.sealing import Sealer


def init_sign_in(app: Flask) -> None:
    """Install the loaders of flask-login and the sealer of secrets."""
    app.extensions["sealer"] = Sealer(app.config["CODES_KEY"])
    # No context processor: pages ask navigation.account_name(), so that the page of a failure
    # never reads the database.
    login_manager.init_app(app, add_context_processor=False)
    login_manager.user_loader(_from_cookie)
    login_manager.request_loader(_from_bearer)
    login_manager.session_protection = None  # our token is random, hashed, and ends by itself


def get_sealer() -> Sealer:
    """The sealer of this installation."""
    sealer: Sealer = current_app.extensions["sealer"]
    return sealer


def current_session() -> UserSession | None:
    """The session row behind this request's cookie, once the person has been loaded."""
    found: UserSession | None = g.get("user_session")
    return found


def _from_cookie(token: str) -> User | None:
    if request.path.startswith("/api/"):
        return None  # the API takes Bearer tokens only: no cross-site request can use a cookie
    found = find_session(token, now=utcnow())
    if found is None:
        return None
    g.user_session, user = found
    return user


def _from_bearer(incoming: Request) -> User | None:
    if not incoming.path.startswith("/api/"):
        return None
    authorization = incoming.authorization
    if authorization is None or authorization.type != "bearer" or not authorization.token:
        return None
    return find_user_by_api_token(authorization.token, now=utcnow())
