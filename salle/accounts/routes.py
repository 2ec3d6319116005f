"""Pages to sign in and out."""

from __future__ import annotations

from flask import (
    Blueprint,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.wrappers import Response

from config import SIMULATION_ISSUER
from salle.accounts import service
from salle.accounts.session import current_session, get_sealer
from salle.adapters.oidc import SignInError, begin_sign_in, finish_sign_in, logout_url
from salle.db import transaction
from salle.kernel.clock import utcnow
from salle.kernel.ids import new_token
from salle.web.access import find_actor, public, signed_in, writes_on_get

blueprint = Blueprint("accounts", __name__)

MESSAGES = {
    "interrupted": "Vous avez interrompu la connexion. Rien n’a été enregistré.",
    "unavailable": "Le service de connexion ne répond pas. Réessayez dans quelques minutes.",
    "invalid": "La connexion n’a pas pu être vérifiée. Recommencez depuis cette page.",
}
ID_TOKEN_CONTEXT = "id_token"  # noqa: S105 the name of a sealing context


@blueprint.get("/connexion")
@public
def sign_in() -> str | Response:
    """The page that explains how to sign in."""
    target = request.args.get("suite", "")
    if is_own_page(target):
        session["next"] = target
    if find_actor() is not None:
        return redirect(_next_page(), code=303)
    simulated = current_app.config["OIDC_ISSUER"] == SIMULATION_ISSUER
    return render_template("accounts/sign_in.html", simulated=simulated)


@blueprint.post("/connexion")
@public
def start() -> Response:
    """Go to the identity provider."""
    try:
        return begin_sign_in(url_for("accounts.callback", _external=True))
    except SignInError as error:
        flash(MESSAGES[error.code], "error")
        return redirect(url_for("accounts.sign_in"), code=303)


@blueprint.get("/connexion/retour")
@public
@writes_on_get
def callback() -> Response:
    """Come back from the identity provider: a new session, never the old one."""
    try:
        proven = finish_sign_in()
    except SignInError as error:
        flash(MESSAGES[error.code], "error")
        return redirect(url_for("accounts.sign_in"), code=303)
    target = _next_page()
    sealed = get_sealer().seal(proven.id_token, context=ID_TOKEN_CONTEXT)
    try:
        with transaction():
            token = service.sign_in(proven=proven, id_token_encrypted=sealed, now=utcnow())
    except service.NoAddress as error:
        flash(error.message, "error")
        return redirect(url_for("accounts.sign_in"), code=303)
    session.clear()
    session["_user_id"] = token
    session["_fresh"] = True
    return redirect(target, code=303)


@blueprint.post("/deconnexion")
@signed_in
def sign_out() -> Response:
    """End our session first, then the provider's."""
    current = current_session()
    target = url_for("pages.home", _external=True)
    if current is not None:
        if current.id_token_encrypted is not None:
            id_token = get_sealer().open(current.id_token_encrypted, context=ID_TOKEN_CONTEXT)
            target = logout_url(id_token, target, new_token())
        with transaction():
            service.sign_out(session=current, now=utcnow())
    session.clear()
    return redirect(target, code=303)


def is_own_page(target: str) -> bool:
    """Whether this is the path of a page of ours, and nothing a browser reads otherwise.

    Browsers drop tabs and newlines and take a backslash for a slash: none of them is allowed.
    """
    return (
        target.startswith("/")
        and not target.startswith("//")
        and "\\" not in target
        and target.isprintable()
    )


def _next_page() -> str:
    target = str(session.get("next") or "")
    return target if is_own_page(target) else url_for("pages.home")
