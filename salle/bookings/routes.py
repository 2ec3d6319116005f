"""Pages of the person who books: choose, say who and why, pay, get in, cancel."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from salle.accounts.models import User
from salle.bookings import checkout, service
from salle.bookings.cancellation import cancel_booking, cancellable_dates, refund_of
from salle.bookings.creation import create_booking
from salle.bookings.forms import CancelForm, DecisionForm, NewBookingForm
from salle.bookings.models import BookingDate
from salle.bookings.offers import (
    DateOffer,
    Request,
    Wanted,
    audience_of,
    offer_dates,
    total_of,
    wanted_slots,
)
from salle.bookings.permissions import can_cancel, can_decide, can_see, can_see_codes, is_holder
from salle.bookings.queries import BookingView, get_view, list_events, list_for_user
from salle.bookings.rules import BookingState
from salle.db import transaction
from salle.doors.queries import list_grants
from salle.kernel.clock import read_wall, utcnow
from salle.kernel.errors import DomainError, NotFound, Unavailable
from salle.organisations.models import Organisation
from salle.organisations.queries import list_memberships
from salle.payments.pricing import Price
from salle.payments.queries import find_latest_payment, list_refunds, sum_ledger
from salle.payments.rules import PaymentState
from salle.venues.availability import Alternative, alternatives
from salle.venues.models import Room
from salle.venues.queries import get_room_by_slug
from salle.web.access import get_actor, signed_in, writes_on_get

blueprint = Blueprint("bookings", __name__)

UPCOMING = frozenset({BookingState.HELD, BookingState.REQUESTED, BookingState.CONFIRMED})


@blueprint.route("/salles/<slug>/reserver", methods=["GET", "POST"])
@signed_in
def new(slug: str) -> str | Response:
    """Who comes, and for what; the slot is kept as soon as the form is right.

    With `jusqu_au`, every week until that day: the dates that cannot be had are shown, and kept
    as wishes beside those that can.
    """
    room, actor, now = get_room_by_slug(slug), get_actor(), utcnow()
    form = NewBookingForm(data=_read_choice())
    organisations = [organisation for organisation, _ in list_memberships(actor.id)]
    form.organisation_id.choices = [(str(o.id), o.name) for o in organisations]
    if len(organisations) == 1 and not form.organisation_id.data:
        form.organisation_id.data = str(organisations[0].id)
    try:
        wanted = _read_wanted(form, room)
        offers = _offers(wanted, room, _chosen(form, organisations), now)
    except DomainError as error:
        flash(error.message, "error")
        return redirect(url_for("rooms.show", slug=slug), code=303)
    refused = None
    if form.validate_on_submit():
        try:
            with transaction():
                booking_id = create_booking(
                    request=_complete(wanted, form), actor=actor, now=now, room=room
                ).id
            return redirect(url_for("bookings.show", booking_id=booking_id), code=303)
        except DomainError as error:
            refused = error
            _show_on_fields(form, error)
            room = get_room_by_slug(slug)  # the rollback has emptied what was loaded
            offers = _offers(wanted, room, _chosen(form, organisations), now)
    elif request.method == "GET" and all(offer.refused for offer in offers):
        refused = offers[0].refused
    html = render_template(
        "bookings/new.html",
        form=form,
        room=room,
        site=room.site,
        organisations=organisations,
        offers=offers,
        total=total_of([o.granted for o in offers if o.refused is None] or _prices(offers)),
        refused=refused,
        others=_others(room, wanted, now) if refused is not None else [],
    )
    status = refused.status if refused is not None and request.method == "POST" else 200
    return Response(html, status=422 if form.errors else status, mimetype="text/html")


@blueprint.get("/reservations")
@signed_in
def index() -> str:
    """The bookings of one's associations: to come, then past."""
    views, total = list_for_user(get_actor().id)
    now = utcnow()
    upcoming = [v for v in views if _is_upcoming(v, now)]
    upcoming.sort(key=lambda view: view.dates[0].starts_at)
    past = [v for v in views if not _is_upcoming(v, now)]
    return render_template("bookings/index.html", upcoming=upcoming, past=past, total=total)


@blueprint.get("/reservations/<uuid:booking_id>")
@signed_in
def show(booking_id: uuid.UUID) -> str:
    """One booking: what to do now, the code, the receipt, the story."""
    return _render(_visible(booking_id), DecisionForm())


@blueprint.post("/reservations/<uuid:booking_id>/payer")
@signed_in
def pay(booking_id: uuid.UUID) -> Response:
    """Go to the provider's page, on the collège's own account."""
    view = _visible(booking_id)
    if not is_holder(get_actor(), view):
        raise NotFound
    here = url_for("bookings.show", booking_id=booking_id, _external=True)
    try:
        target = checkout.open_checkout(
            booking_id=booking_id,
            success_url=url_for("bookings.paid", booking_id=booking_id, _external=True),
            cancel_url=here,
            now=utcnow(),
        )
    except checkout.AlreadyPaid as error:
        flash(error.message, "ok")
        target = here
    except (checkout.HoldExpired, checkout.ProviderDown) as error:
        flash(error.message, "error")
        target = here
    return redirect(target, code=303)


@blueprint.get("/reservations/<uuid:booking_id>/paiement")
@signed_in
@writes_on_get
def paid(booking_id: uuid.UUID) -> Response:
    """Back from the provider: ask it what happened, without waiting for its webhook."""
    view = _visible(booking_id)
    payment = find_latest_payment(view.booking.id)
    if payment is not None:
        try:
            checkout.check_payment(payment_id=payment.id, now=utcnow())
        except Unavailable:
            flash("Le paiement est en cours de vérification. Rechargez la page.", "pending")
    return redirect(url_for("bookings.show", booking_id=booking_id), code=303)


@blueprint.route("/reservations/<uuid:booking_id>/annuler", methods=["GET", "POST"])
@signed_in
def cancel(booking_id: uuid.UUID) -> str | Response:
    """Cancel a booking or some of its dates, with the refund shown before."""
    view, actor, now = _visible(booking_id), get_actor(), utcnow()
    form = CancelForm()
    chosen = _chosen_dates(view, now)
    if form.validate_on_submit() and chosen:
        try:
            with transaction():
                _, refund_cents = cancel_booking(
                    booking_id=booking_id,
                    actor=actor,
                    reason=form.reason.data or "",
                    now=now,
                    date_ids=[date.id for date in chosen],
                )
        except DomainError as error:
            if isinstance(error, NotFound):
                raise
            flash(error.message, "error")
        else:
            text = "C’est annulé, et libre pour d’autres."
            flash(text + (" Le remboursement est parti." if refund_cents else ""), "ok")
        return redirect(url_for("bookings.show", booking_id=booking_id), code=303)
    if not can_cancel(actor, view) or not cancellable_dates(view, now):
        return redirect(url_for("bookings.show", booking_id=booking_id), code=303)
    payment = find_latest_payment(booking_id)
    paid = payment is not None and payment.state == PaymentState.PAID
    return render_template(
        "bookings/cancel.html",
        view=view,
        form=form,
        choices=cancellable_dates(view, now),
        chosen=chosen,
        refund_cents=refund_of(chosen) if paid else 0,
    )


def _chosen_dates(view: BookingView, now: datetime) -> list[BookingDate]:
    """The dates ticked, or the only one there is; none yet for a series that is first seen."""
    free = cancellable_dates(view, now)
    ticked = request.values.getlist("dates")
    if len(free) == 1 or "toutes" in ticked:
        return free
    return [date for date in free if str(date.id) in ticked]


@blueprint.post("/reservations/<uuid:booking_id>/repondre")
@signed_in
def decide(booking_id: uuid.UUID) -> str | Response:
    """The collège accepts or refuses a request."""
    form = DecisionForm()
    accept = request.form.get("reponse") == "accepter"
    try:
        with transaction():
            service.decide_booking(
                booking_id=booking_id,
                actor=get_actor(),
                accept=accept,
                reason=form.reason.data or "",
                now=utcnow(),
            )
    except DomainError as error:
        if "reason" not in error.errors:
            raise
        form.reason.errors = [error.message]
        return _render(_visible(booking_id), form)
    flash("Demande acceptée." if accept else "Demande refusée, l’association est prévenue.", "ok")
    return redirect(url_for("bookings.show", booking_id=booking_id), code=303)


def _render(view: BookingView, form: DecisionForm) -> str:
    actor, now = get_actor(), utcnow()
    payment = find_latest_payment(view.booking.id)
    holder = is_holder(actor, view)
    return render_template(
        "bookings/show.html",
        view=view,
        booking=view.booking,
        dates=view.dates,
        now=now,
        payment=payment,
        balances=sum_ledger(payment_id=payment.id) if payment is not None else None,
        refunds=list_refunds(view.booking.id),
        grants=list_grants(view.booking.id, now) if can_see_codes(actor, view) else [],
        next_date_id=next((d.id for d in view.dates if d.ends_at > now), view.dates[-1].id),
        events=list_events(view.booking.id),
        holder=holder,
        deciding=can_decide(actor, view) and view.booking.state == BookingState.REQUESTED,
        cancellable=_is_cancellable(actor, view, now),
        form=form,
    )


def _is_cancellable(actor: User, view: BookingView, now: datetime) -> bool:
    return bool(cancellable_dates(view, now)) and can_cancel(actor, view)


def _is_upcoming(view: BookingView, now: datetime) -> bool:
    return view.booking.state in UPCOMING and view.dates[-1].ends_at > now


def _visible(booking_id: uuid.UUID) -> BookingView:
    view = get_view(booking_id)
    if not can_see(get_actor(), view):
        raise NotFound
    return view


def _read_choice() -> dict[str, str]:
    """The slot chosen on another page, as the address says it."""
    return {name: request.args.get(name, "") for name in ("debut", "fin", "jusqu_au")} | {
        "hors_vacances": "1" if request.args.get("hors_vacances") else ""
    }


def _read_wanted(form: NewBookingForm, room: Room) -> Wanted:
    """The room and the dates of the form."""
    zone = room.site.time_zone
    until = form.jusqu_au.data or ""
    try:
        return Wanted(
            room_id=room.id,
            starts_at=read_wall(form.debut.data or "", zone),
            ends_at=read_wall(form.fin.data or "", zone),
            weekly_until=date.fromisoformat(until) if until else None,
            skip_school_holidays=bool(form.hors_vacances.data),
            skip_refused=bool(until),
        )
    except (ValueError, OverflowError) as error:
        raise NotFound("Choisissez d’abord un créneau sur la page de la salle.") from error


def _complete(wanted: Wanted, form: NewBookingForm) -> Request:
    return Request(
        **vars(wanted),
        organisation_id=uuid.UUID(form.organisation_id.data),
        purpose=form.purpose.data or "",
        headcount=form.headcount.data or 0,
    )


def _offers(
    wanted: Wanted, room: Room, organisation: Organisation | None, now: datetime
) -> list[DateOffer]:
    """What the request would get; what forbids every date, whoever asks, is raised."""
    slots = wanted_slots(room, wanted)
    offers = offer_dates(room=room, audience=audience_of(organisation), slots=slots, now=now)
    if offers[0].refused is not None and not _prices(offers):
        raise offers[0].refused
    return offers


def _prices(offers: list[DateOffer]) -> list[Price]:
    return [offer.price for offer in offers if offer.price is not None]


def _others(room: Room, wanted: Wanted, now: datetime) -> list[Alternative]:
    if wanted.weekly_until is not None:
        return []
    return alternatives(room, wanted.starts_at, wanted.ends_at, now)


def _chosen(form: NewBookingForm, organisations: list[Organisation]) -> Organisation | None:
    for organisation in organisations:
        if str(organisation.id) == form.organisation_id.data:
            return organisation
    return organisations[0] if organisations else None


def _show_on_fields(form: NewBookingForm, error: DomainError) -> None:
    """Put the service's refusal beside the field it speaks of."""
    for name in error.errors:
        field = getattr(form, name, None)
        if field is not None:
            field.errors = [*field.errors, error.message]
