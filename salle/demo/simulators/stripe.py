"""The part of Stripe's API that the product uses, as strict as the original about parameters."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from stripe import params as stripe_params
from stripe.params import checkout as checkout_params

from salle.demo.simulators.journal import Item, Journal
from salle.demo.simulators.settings import Settings
from salle.demo.simulators.stripe_objects import DAY, Books
from salle.demo.simulators.stripe_params import InvalidParams, decode, validate
from salle.demo.simulators.stripe_store import PLATFORM, StripeProblem, public
from salle.demo.simulators.stripe_webhooks import CONTROL, Deliveries
from salle.demo.simulators.web import own_url, settings

PREFIX = "/stripe"
Handler = Callable[[str, dict[str, Any]], Item]

blueprint = Blueprint("stripe", __name__, url_prefix=PREFIX)


class Simulator:
    """The books and the delivery queue over one journal."""

    def __init__(self, settings: Settings) -> None:
        self.journal = Journal(settings.folder / "stripe.json")
        self.deliveries = Deliveries(
            self.journal, url=settings.stripe_webhook_url, secret=settings.stripe_webhook_secret
        )
        self.books = Books(self.journal, on_event=self.deliveries.enqueue)


def simulator() -> Simulator:
    found: Simulator = current_app.config["STRIPE"]
    return found


def shown(item: Item) -> Item:
    """As the API gives it: the hosted page's address is where we are now."""
    if item.get("object") != "checkout.session":
        return public(item)
    url = own_url(f"{PREFIX}/pay/{item['id']}") if item["status"] == "open" else None
    return {**public(item), "url": url}


def answer(params: type, handler: Handler) -> Response:
    """Authenticate, validate, run in one change of the journal, and answer as Stripe does."""
    _authenticate()
    pairs = request.form if request.method == "POST" else request.args
    given = validate(params, decode(pairs.items(multi=True)))
    named = request.headers.get("Stripe-Account", "")
    key = request.headers.get("Idempotency-Key", "") if request.method == "POST" else ""
    expand = given.pop("expand", [])
    journal, books = simulator().journal, simulator().books
    with journal.change():
        account: str = books.account(named)["id"] if named else PLATFORM
        slot = f"{account} {key}"
        mark = hashlib.sha256(repr((request.path, sorted(pairs.items(multi=True)))).encode())
        done = journal.get("idempotency", slot) if key else None
        if done and done["created"] > books.now() - DAY:
            return _replayed(done, mark.hexdigest())
        item = books.expand(account, shown(handler(account, given)), expand)
        if key:
            kept = {"mark": mark.hexdigest(), "answer": item, "created": books.now()}
            journal.put("idempotency", slot, kept)
    simulator().deliveries.wake()
    return jsonify(item)


def _replayed(done: Item, mark: str) -> Response:
    if done["mark"] != mark:
        raise StripeProblem(
            400,
            "Keys for idempotent requests can only be used with the same parameters "
            "they were first used with.",
            kind="idempotency_error",
        )
    response = jsonify(done["answer"])
    response.headers["Idempotent-Replayed"] = "true"
    return response


def _authenticate() -> None:
    given = request.authorization
    presented = (given.token or given.username or "") if given else ""
    expected = settings().stripe_secret_key
    if not hmac.compare_digest(presented.encode(), expected.encode()):
        message = "Invalid API Key provided." if presented else "You did not provide an API key."
        raise StripeProblem(401, message)


def _list(items: list[Item]) -> Item:
    return {"object": "list", "has_more": False, "url": request.path, "data": items}


@blueprint.post("/v1/checkout/sessions")
def create_session() -> Response:
    return answer(checkout_params.SessionCreateParams, simulator().books.open_session)


@blueprint.get("/v1/checkout/sessions/<session_id>")
def read_session(session_id: str) -> Response:
    books = simulator().books
    return answer(
        checkout_params.SessionRetrieveParams,
        lambda account, _: books.session(account, session_id),
    )


@blueprint.post("/v1/checkout/sessions/<session_id>/expire")
def expire_session(session_id: str) -> Response:
    books = simulator().books
    return answer(
        checkout_params.SessionExpireParams, lambda account, _: books.expire(account, session_id)
    )


@blueprint.get("/v1/payment_intents/<intent_id>")
def read_intent(intent_id: str) -> Response:
    books = simulator().books
    return answer(
        stripe_params.PaymentIntentRetrieveParams,
        lambda account, _: books.find("payment_intents", account, intent_id),
    )


@blueprint.post("/v1/refunds")
def create_refund() -> Response:
    return answer(stripe_params.RefundCreateParams, simulator().books.refund)


@blueprint.get("/v1/refunds")
def list_refunds() -> Response:
    books = simulator().books

    def handler(account: str, given: dict[str, Any]) -> Item:
        wanted = {name: given.get(name) for name in ("payment_intent", "charge")}
        return _list(books.listed("refunds", account, **wanted)[: given.get("limit", 10)])

    return answer(stripe_params.RefundListParams, handler)


@blueprint.get("/v1/refunds/<refund_id>")
def read_refund(refund_id: str) -> Response:
    books = simulator().books
    return answer(
        stripe_params.RefundRetrieveParams,
        lambda account, _: books.find("refunds", account, refund_id),
    )


@blueprint.get("/v1/accounts")
def list_accounts() -> Response:
    books = simulator().books
    return answer(
        stripe_params.AccountListParams, lambda *_: _list(books.listed("accounts", PLATFORM))
    )


@blueprint.post("/v1/accounts")
def create_account() -> Response:
    def handler(_: str, given: dict[str, Any]) -> Item:
        name = given.get("business_profile", {}).get("name")
        return simulator().books.open_account(key=None, name=name, email=given.get("email"))

    return answer(stripe_params.AccountCreateParams, handler)


@blueprint.get("/v1/accounts/<account_id>")
def read_account(account_id: str) -> Response:
    books = simulator().books
    return answer(stripe_params.AccountRetrieveParams, lambda *_: books.account(account_id))


@blueprint.get("/v1/events")
def list_events() -> Response:
    books = simulator().books

    def handler(account: str, given: dict[str, Any]) -> Item:
        found = books.listed("events", account, type=given.get("type"))
        return _list(found[: given.get("limit", 10)])

    return answer(stripe_params.EventListParams, handler)


@blueprint.get("/v1/events/<event_id>")
def read_event(event_id: str) -> Response:
    books = simulator().books
    return answer(
        stripe_params.EventRetrieveParams,
        lambda account, _: books.find("events", account, event_id),
    )


@blueprint.post("/control/replay/<event_id>")
def replay(event_id: str) -> Response:
    """For tests: send that event once more."""
    _authenticate()
    with simulator().journal.change():
        kept = simulator().journal.get("events", event_id)
        if kept is None:
            raise StripeProblem(404, "No such event", code="resource_missing")
        simulator().deliveries.enqueue(kept["object"])
    simulator().deliveries.wake()
    return jsonify(replayed=event_id)


@blueprint.post("/control/<any(delay, drop):what>/<int:value>")
def control(what: str, value: int) -> Response:
    """For tests: delay the events to come by so many seconds, or lose so many tries."""
    _authenticate()
    with simulator().journal.change():
        now = simulator().journal.get(CONTROL, "webhooks") or {}
        simulator().journal.put(CONTROL, "webhooks", {**now, what: value})
    return jsonify({what: value})


@blueprint.errorhandler(StripeProblem)
def refused(problem: StripeProblem) -> Response:
    response = Response(json.dumps(problem.body), problem.status, mimetype="application/json")
    response.headers["Stripe-Should-Retry"] = "false"
    return response


@blueprint.errorhandler(InvalidParams)
def invalid(problem: InvalidParams) -> Response:
    return refused(StripeProblem(400, problem.message, code=problem.code, param=problem.param))
