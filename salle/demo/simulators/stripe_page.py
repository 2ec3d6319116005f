"""The hosted payment page of the simulated Stripe: accept, refuse or give up."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, Response, request

from salle.demo.simulators.journal import Item
from salle.demo.simulators.stripe import PREFIX, simulator
from salle.demo.simulators.stripe_store import StripeProblem
from salle.demo.simulators.web import page, redirect_to
from salle.kernel.clock import to_wall
from salle.kernel.money import NBSP, format_euros

PLACEHOLDER = "{CHECKOUT_SESSION_ID}"

blueprint = Blueprint("stripe_page", __name__, url_prefix=f"{PREFIX}/pay")


@blueprint.get("/<session_id>")
def show(session_id: str) -> Response:
    with simulator().journal.change():
        account, item = simulator().books.any_session(session_id)
        seller = simulator().books.account(account)["business_profile"]["name"]
    return _page(item, seller)


@blueprint.post("/<session_id>")
def decide(session_id: str) -> Response:
    """The button pressed; a session that is no longer open says so and nothing moves."""
    outcome = request.form.get("outcome", "")
    books = simulator().books
    with simulator().journal.change():
        account, item = books.any_session(session_id)
        seller = books.account(account)["business_profile"]["name"]
        is_open = item["status"] == "open"
        if is_open and outcome == "paid":
            books.pay(account, item)
        elif is_open and outcome == "refused":
            books.refuse(account, item)
    simulator().deliveries.wake()
    if not is_open:
        return _page(item, seller, status=409)
    match outcome:
        case "paid":
            return redirect_to(_filled(item["success_url"], session_id))
        case "abandoned" if item["cancel_url"]:
            return redirect_to(_filled(item["cancel_url"], session_id))
        case "refused":
            return _page(item, seller, alert="refused")
    return _page(item, seller, status=400, alert="unknown")


@blueprint.errorhandler(StripeProblem)
def missing(problem: StripeProblem) -> Response:
    return page("stripe_missing", problem.status)


def _filled(url: str, session_id: str) -> str:
    return url.replace(PLACEHOLDER, session_id)


def _page(item: Item, seller: str | None, *, status: int = 200, alert: str = "") -> Response:
    until = to_wall(datetime.fromtimestamp(item["expires_at"], UTC))
    return page(
        "stripe_pay",
        status,
        session=item,
        seller=seller,
        names=item["simulation"]["names"],
        amount=format_euros(item["amount_total"]),
        until=f"{until.hour}{NBSP}h{NBSP}{until.minute:02d}",
        success_url=_filled(item["success_url"], item["id"]),
        cancel_url=_filled(item["cancel_url"] or item["success_url"], item["id"]),
        alert=alert,
    )
