"""Quotes and bookings in JSON (contract: docs/api.md)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

from flask import Response, request, url_for
from marshmallow import fields, validate

from salle.api.core import (
    MAX_LIMIT,
    Blueprint,
    CleanText,
    InvalidField,
    StrictSchema,
    answer,
    iso,
    page,
    read_instant,
)
from salle.bookings import checkout
from salle.bookings.cancellation import cancel_booking as make_cancellation
from salle.bookings.creation import create_booking as make_booking
from salle.bookings.offers import (
    DateOffer,
    Request,
    Wanted,
    audience_of,
    offer_dates,
    total_of,
    wanted_slots,
)
from salle.bookings.permissions import can_see, can_see_codes
from salle.bookings.queries import BookingView, get_view, list_for_sites, list_for_user
from salle.bookings.rules import BookingState
from salle.db import db, transaction
from salle.doors.queries import list_grants
from salle.kernel.clock import utcnow
from salle.kernel.errors import DomainError, NotAllowed, NotFound
from salle.organisations.queries import get_own_organisation
from salle.payments.models import Payment
from salle.payments.queries import find_latest_payment, map_latest_payments
from salle.payments.rules import PaymentState
from salle.venues.availability import alternatives
from salle.venues.models import Room
from salle.venues.queries import get_room, list_site_ids_for_user
from salle.web.access import find_actor, get_actor, public, signed_in

blueprint = Blueprint("api_bookings", __name__, description="Devis et réservations")

WITH_ALTERNATIVES = frozenset({"slot_taken", "school_use", "closed", "outside_opening"})


class SlotSchema(StrictSchema):
    """A room and two instants; without an offset they are wall time of the site."""

    room_id = fields.UUID(required=True)
    start = CleanText(required=True, max_length=40)
    end = CleanText(required=True, max_length=40)
    weekly_until = fields.Date()
    skip_school_holidays = fields.Boolean(load_default=False)


class QuoteSchema(SlotSchema):
    """What `POST /quotes` takes."""

    organisation_id = fields.UUID(allow_none=True)


class BookingSchema(SlotSchema):
    """What `POST /bookings` takes; a price sent along is refused as an unknown field."""

    organisation_id = fields.UUID(required=True)
    purpose = CleanText(required=True)
    headcount = fields.Integer(required=True, strict=True)
    on_conflict = fields.String(
        load_default="refuse",
        validate=validate.OneOf(["refuse", "skip"], error="« refuse » ou « skip »."),
    )


class CancelSchema(StrictSchema):
    """What `POST /bookings/{id}/cancel` takes."""

    reason = CleanText(load_default="")
    date_ids = fields.List(
        fields.UUID(), validate=validate.Length(1, 500, error="De 1 à 500 dates.")
    )


class PageSchema(StrictSchema):
    """Limits of a list."""

    limit = fields.Integer(
        load_default=20,
        validate=validate.Range(1, MAX_LIMIT, error=f"De 1 à {MAX_LIMIT}."),
    )
    offset = fields.Integer(
        load_default=0, validate=validate.Range(0, 100_000, error="De 0 à 100 000.")
    )


@blueprint.post("/quotes")
@public
@blueprint.arguments(QuoteSchema)
def create_quote(data: dict[str, Any]) -> Response:
    """The price of a use or of a weekly series, and which dates are free."""
    room, starts_at, ends_at = _read_slot(data)
    organisation = None
    if data.get("organisation_id") is not None and (actor := find_actor()) is not None:
        organisation = get_own_organisation(actor.id, data["organisation_id"])
    wanted = Wanted(
        room_id=room.id,
        starts_at=starts_at,
        ends_at=ends_at,
        weekly_until=data.get("weekly_until"),
        skip_school_holidays=data["skip_school_holidays"],
    )
    slots = wanted_slots(room, wanted)
    offers = offer_dates(room=room, audience=audience_of(organisation), slots=slots, now=utcnow())
    priced = [offer.price for offer in offers if offer.price is not None]
    if not priced:
        raise offers[0].refused or NotFound
    free = [offer.granted for offer in offers if offer.refused is None]
    total = total_of(free or priced)
    return answer(
        {
            "price_cents": total.price_cents,
            "full_value_cents": total.full_value_cents,
            "rule": total.rule,
            "dates": [_offer(offer, room.site.time_zone) for offer in offers],
        }
    )


def _offer(offer: DateOffer, zone: str) -> dict[str, Any]:
    price, refused = offer.price, offer.refused
    date: dict[str, Any] = {
        "start": iso(offer.slot.start, zone),
        "end": iso(offer.slot.end, zone),
        "price_cents": price.price_cents if price is not None else None,
        "available": refused is None,
    }
    return date | ({"reason": refused.code} if refused is not None else {})


@blueprint.post("/bookings")
@signed_in
@blueprint.arguments(BookingSchema)
def create_booking(data: dict[str, Any]) -> Response:
    """Book a slot or a weekly series; 409 with alternatives when somebody has it."""
    room, starts_at, ends_at = _read_slot(data)
    now, zone = utcnow(), room.site.time_zone
    wanted = Request(
        room_id=room.id,
        organisation_id=data["organisation_id"],
        starts_at=starts_at,
        ends_at=ends_at,
        purpose=data["purpose"],
        headcount=data["headcount"],
        idempotency_key=_read_key(),
        weekly_until=data.get("weekly_until"),
        skip_school_holidays=data["skip_school_holidays"],
        skip_refused=data["on_conflict"] == "skip",
    )
    order = None
    try:
        with transaction():
            made = make_booking(request=wanted, actor=get_actor(), now=now, room=room)
            last = find_latest_payment(made.id) if made.known else None
            document = _serialise(made.view, last)
            if made.payment is not None:
                document["payment"] = {"state": PaymentState.CREATED, "checkout_url": None}
                order = checkout.order_of(made.view, made.payment, **_return_urls(made.id))
    except DomainError as error:
        _add_details(error, wanted, zone, now)
        raise
    if made.known:
        _reopen_checkout(document, now)
    elif order is not None:
        _open_checkout(document, lambda: checkout.send_order(order))
    return answer(document, status=201)


@blueprint.get("/bookings")
@signed_in
@blueprint.arguments(PageSchema, location="query")
def list_bookings(data: dict[str, Any]) -> Response:
    """Bookings of one's organisations, or of one's sites."""
    actor = get_actor()
    sites = list_site_ids_for_user(actor)
    if sites:
        views, total = list_for_sites(sites, **data)
    else:
        views, total = list_for_user(actor.id, **data)
    payments = map_latest_payments([view.booking.id for view in views])
    items = [_serialise(view, payments.get(view.booking.id)) for view in views]
    return answer(page(items, total=total, **data))


@blueprint.get("/bookings/<uuid:booking_id>")
@signed_in
def show_booking(booking_id: uuid.UUID) -> Response:
    """One booking, for its members and the site's staff."""
    return answer(serialise(_visible(booking_id)))


@blueprint.post("/bookings/<uuid:booking_id>/cancel")
@signed_in
@blueprint.arguments(CancelSchema)
def cancel_booking(data: dict[str, Any], booking_id: uuid.UUID) -> Response:
    """Cancel all or some dates; `refund_cents` is what goes back to the payer."""
    _visible(booking_id)
    with transaction():
        _, refund_cents = make_cancellation(
            booking_id=booking_id,
            actor=get_actor(),
            reason=data["reason"],
            now=utcnow(),
            date_ids=data.get("date_ids"),
        )
    return answer({**serialise(get_view(booking_id)), "refund_cents": refund_cents})


@blueprint.get("/bookings/<uuid:booking_id>/access")
@signed_in
def show_access(booking_id: uuid.UUID) -> Response:
    """The door codes, each from the moment it may be seen."""
    view = _visible(booking_id)
    if not can_see_codes(get_actor(), view):
        raise NotAllowed
    zone = view.site.time_zone
    return answer(
        {
            "grants": [
                {
                    "date_id": grant.date_id,
                    "door": grant.door,
                    "door_id": grant.door_id,
                    "code": grant.code,
                    "visible_from": iso(grant.visible_from, zone),
                    "valid_from": iso(grant.valid_from, zone),
                    "valid_until": iso(grant.valid_until, zone),
                    "state": grant.state,
                    "keypad_url": grant.keypad_url,
                }
                for grant in list_grants(booking_id, utcnow())
            ]
        }
    )


def serialise(view: BookingView) -> dict[str, Any]:
    """A booking as the contract shows it, with its last payment."""
    return _serialise(view, find_latest_payment(view.booking.id))


def _serialise(view: BookingView, payment: Payment | None) -> dict[str, Any]:
    booking, zone = view.booking, view.site.time_zone
    ends = booking.hold_expires_at
    waiting = booking.state in {BookingState.HELD, BookingState.REQUESTED}
    return {
        "id": booking.id,
        "reference": booking.reference,
        "state": booking.state.value,
        "room_id": booking.room_id,
        "organisation_id": booking.organisation_id,
        "price_cents": booking.price_cents,
        "full_value_cents": booking.full_value_cents,
        "hold_expires_at": iso(ends, zone) if ends is not None and waiting else None,
        "payment": _payment(payment),
        "dates": [
            {
                "id": date.id,
                "start": iso(date.starts_at, zone),
                "end": iso(date.ends_at, zone),
                "state": date.state.value,
                **({"reason": date.reason} if date.reason else {}),
            }
            for date in booking.dates
        ],
    }


def _payment(payment: Payment | None) -> dict[str, Any] | None:
    if payment is None:
        return None
    payable = payment.state == PaymentState.PENDING
    return {
        "state": payment.state.value,
        "checkout_url": payment.checkout_url if payable else None,
    }


def _read_slot(data: dict[str, Any]) -> tuple[Room, datetime, datetime]:
    room = get_room(data["room_id"])
    zone = room.site.time_zone
    return (
        room,
        read_instant(data["start"], zone, field="start"),
        read_instant(data["end"], zone, field="end"),
    )


def _read_key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not 1 <= len(key) <= 255:
        raise InvalidField("Idempotency-Key", "De 1 à 255 caractères.")
    return key


def _alternatives(wanted: Request, now: datetime) -> list[dict[str, Any]]:
    room = get_room(wanted.room_id)
    zone = room.site.time_zone
    return [
        {
            "room_id": other.room_id,
            "room_slug": other.room_slug,
            "room_name": other.room_name,
            "start": iso(other.start, zone),
            "end": iso(other.end, zone),
        }
        for other in alternatives(room, wanted.starts_at, wanted.ends_at, now)
    ]


def _add_details(error: DomainError, wanted: Request, zone: str, now: datetime) -> None:
    """Of a series, every refused date; of one date, what would work instead."""
    if "dates" in error.extra:
        for date in error.extra["dates"]:
            date["start"], date["end"] = iso(date["start"], zone), iso(date["end"], zone)
    elif error.code in WITH_ALTERNATIVES:
        error.extra["alternatives"] = _alternatives(wanted, now)


def _return_urls(booking_id: uuid.UUID) -> dict[str, str]:
    return {
        "success_url": url_for("bookings.paid", booking_id=booking_id, _external=True),
        "cancel_url": url_for("bookings.show", booking_id=booking_id, _external=True),
    }


def _open_checkout(document: dict[str, Any], ask: Callable[[], str]) -> None:
    """Ask for the payment page now; when the provider is down the hold stands without it."""
    try:
        url = ask()
    except checkout.ProviderDown:
        db.session.rollback()
    else:
        document["payment"] = {"state": PaymentState.PENDING, "checkout_url": url}


def _reopen_checkout(document: dict[str, Any], now: datetime) -> None:
    """The same for a request made twice, as long as its hold goes on."""
    if document["state"] != BookingState.HELD:
        return
    booking_id = document["id"]

    def ask() -> str:
        return checkout.open_checkout(booking_id=booking_id, now=now, **_return_urls(booking_id))

    with suppress(checkout.HoldExpired, checkout.AlreadyPaid):
        _open_checkout(document, ask)


def _visible(booking_id: uuid.UUID) -> BookingView:
    view = get_view(booking_id)
    if not can_see(get_actor(), view):
        raise NotFound
    return view
