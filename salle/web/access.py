"""Rights declared on every view, refused by default.

Decorators only mark the view; one `before_request` guard reads the mark. Rules about an
object (whose booking is it?) live in the domains' permissions and services.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Flask, abort, current_app, redirect, request, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from salle.accounts.models import User
from salle.accounts.permissions import has_permission
from salle.accounts.rules import Permission
from salle.kernel.errors import DomainError, NotAllowed, NotFound

View = TypeVar("View", bound=Callable[..., Any])
PUBLIC = "public"
SIGNED_IN = "signed_in"
LONGEST_QUERY = 2_000_000  # a page or a schema refuses shorter ones beside their field
# Views of Flask and flask-smorest, which carry no mark of ours: all of them are public.
UNDECLARED_OK = frozenset({"static", "api-docs.openapi_json"})


class Unauthenticated(DomainError):
    """The API needs a Bearer token; pages redirect to the sign-in page instead."""

    code = "unauthenticated"
    status = 401
    message = "Connectez-vous pour continuer."


def public(view: View) -> View:
    """Anybody may call this view."""
    return _mark(view, PUBLIC)


def signed_in(view: View) -> View:
    """Any person who is signed in; the view checks the object itself."""
    return _mark(view, SIGNED_IN)


def require(permission: Permission) -> Callable[[View], View]:
    """Only people who hold this permission in at least one scope."""
    return lambda view: _mark(view, permission)


def writes_on_get(view: View) -> View:
    """This view must write on GET (the return from the identity provider)."""
    cast(Any, view).writes_on_get = True
    return view


def _mark(view: View, access: str) -> View:
    cast(Any, view).access = access
    return view


def declared_access(endpoint: str) -> str | None:
    """The access declared on an endpoint, None when it has none (then it is refused)."""
    if endpoint in UNDECLARED_OK:
        return PUBLIC
    view = current_app.view_functions.get(endpoint)
    access = getattr(view, "access", None)
    if access is None:  # class-based views of the API declare on the class
        access = getattr(getattr(view, "view_class", None), "access", None)
    return access


def find_actor() -> User | None:
    """The signed-in person of this request (cookie on pages, Bearer token in the API)."""
    return cast(User, current_user._get_current_object()) if current_user.is_authenticated else None


def get_actor() -> User:
    """The signed-in person; Unauthenticated when there is none."""
    actor = find_actor()
    if actor is None:
        raise Unauthenticated
    return actor


def is_api() -> bool:
    """Whether this request speaks JSON with the API."""
    return request.path.startswith("/api/")


def init_access(app: Flask) -> None:
    """Install the guard."""
    app.before_request(_guard)


def _guard() -> Response | None:
    if len(request.query_string) > LONGEST_QUERY:
        abort(414)
    if "\x00" in request.path:
        raise NotFound
    if request.endpoint is None:  # unknown address: let the 404 or 405 through
        return None
    access = declared_access(request.endpoint)
    if access is None:
        current_app.logger.error("access.undeclared", extra={"endpoint": request.endpoint})
        abort(403)
    if access == PUBLIC:
        return None
    actor = find_actor()
    if actor is None:
        return _ask_sign_in()
    if access != SIGNED_IN and not has_permission(actor, Permission(access)):
        raise NotAllowed
    return None


def _ask_sign_in() -> Response:
    if is_api():
        raise Unauthenticated
    if request.method == "GET":
        session["next"] = request.full_path.rstrip("?")
    return redirect(url_for("accounts.sign_in"), code=303)
