"""The virtual keypad of each door: demonstration only (a real door has a real one)."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from salle.db import transaction
from salle.doors.queries import find_locked_until, get_door, get_door_site, list_tries
from salle.doors.rules import TryOutcome
from salle.doors.service import try_code
from salle.extensions import csrf
from salle.kernel.clock import utcnow
from salle.web.access import public

blueprint = Blueprint("doors", __name__)

# What the door says: heading, and what to do.
WORDS = {
    TryOutcome.OK: ("La porte est ouverte", "Entrez, puis refermez derrière vous."),
    TryOutcome.UNKNOWN_CODE: (
        "Code inconnu",
        "Vérifiez les six chiffres sur la page de votre réservation, et que c’est la bonne porte.",
    ),
    TryOutcome.OUTSIDE_WINDOW: (
        "Pas à cette heure",
        "Ce code n’ouvre qu’à ses heures\u00a0: voyez la page de votre réservation.",
    ),
    TryOutcome.LOCKED_OUT: ("Clavier bloqué", "Trop de codes inconnus en dix minutes."),
    TryOutcome.REVOKED: ("Code annulé", "La réservation de ce code a été annulée."),
}


@blueprint.get("/demo/portes/<uuid:door_id>")
@public
def keypad(door_id: uuid.UUID) -> str:
    """The keypad, and what the door answered lately."""
    door = get_door(door_id)
    return render_template(
        "doors/keypad.html",
        door=door,
        site=get_door_site(door),
        tries=list_tries(door_id),
        words=WORDS,
        locked_until=find_locked_until(door_id, utcnow()),
    )


# Exempt from CSRF: programs type codes here without a session, and a forged post would do
# nothing that its author could not do himself, since the keypad is open to everybody.
@csrf.exempt
@blueprint.post("/demo/portes/<uuid:door_id>")
@public
def type_code(door_id: uuid.UUID) -> AnyResponse:
    """Type a code: the door's answer as JSON for programs, on the page for people."""
    with transaction():
        outcome = try_code(door_id, _typed(), utcnow())
    if _wants_json():
        return _as_json(outcome)
    return redirect(url_for("doors.keypad", door_id=door_id), code=303)


def _typed() -> str:
    try:
        return request.form.get("code", "")
    except RequestEntityTooLarge:  # longer than any code
        return ""


def _wants_json() -> bool:
    best = request.accept_mimetypes.best_match(("text/html", "application/json"))
    return best == "application/json"


def _as_json(outcome: TryOutcome) -> Response:
    return jsonify(opened=outcome == TryOutcome.OK, reason=outcome.value)
