"""The provider's signed events: verify, store once, enqueue, answer 200. Nothing else."""

from __future__ import annotations

from flask import Blueprint, Response, request

from salle.adapters.payment_gateway import InvalidSignature
from salle.db import transaction
from salle.extensions import csrf
from salle.jobs import enqueue
from salle.kernel.clock import utcnow
from salle.payments.gateway import get_gateway
from salle.payments.service import store_event
from salle.web.access import public
from salle.web.errors import problem

blueprint = Blueprint("webhooks", __name__)


@blueprint.post("/stripe/webhook")
@csrf.exempt
@public
def stripe() -> Response:
    """Signed by the provider, not by a session: CSRF does not apply, the signature does."""
    payload = request.get_data(cache=False)
    try:
        event = get_gateway().verify_event(payload, request.headers.get("Stripe-Signature", ""))
    except InvalidSignature:
        return problem(400, "invalid", "La signature de cet avis n’est pas valable.")
    now = utcnow()
    with transaction():
        row_id = store_event(provider="stripe", event=event, now=now)
        if row_id is not None:
            enqueue("payments.event_received", event_row_id=row_id)
    return Response(status=200)
