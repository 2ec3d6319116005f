"""Making a booking, of one date or of a weekly series, in its caller's transaction().

Everything is written by one statement for any number of dates; the exclusion constraint of
`occupation` has the last word. Nothing here calls the outside world.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from salle.accounts.models import User
from salle.accounts.queries import list_staff_addresses
from salle.accounts.rules import Permission
from salle.audit.service import record
from salle.bookings import checks, emails
from salle.bookings.changes import confirm
from salle.bookings.limits import lock_limits, review_limits
from salle.bookings.models import Booking, BookingDate
from salle.bookings.offers import (
    DateOffer,
    Request,
    Total,
    audience_of,
    offer_dates,
    total_of,
    wanted_slots,
)
from salle.bookings.queries import BookingView, find_by_key, get_view, lock_room
from salle.bookings.rules import (
    HOLD_DURATION,
    REQUEST_DURATION,
    BookingState,
    DateState,
)
from salle.bookings.service import expire_booking
from salle.db import db
from salle.jobs import enqueue
from salle.kernel.errors import Conflict, DomainError, NotAllowed
from salle.kernel.ids import new_reference
from salle.kernel.words import periode
from salle.mail.service import queue_mail
from salle.organisations.models import Eligibility, Organisation
from salle.organisations.queries import get_own_organisation
from salle.payments.service import PaymentIntent, prepare_payment
from salle.venues.asking import room_rules
from salle.venues.availability import Interval
from salle.venues.models import Room
from salle.venues.queries import get_room
from salle.venues.rules import BookingMode


class NotEligible(NotAllowed):
    """The owner of the rooms has not accepted the organisation: only it may book them."""

    code = "organisation_not_eligible"
    message = (
        "Le Département n’a pas encore accepté le dossier de votre association. "
        "Complétez-le, ou écrivez-lui."
    )


class KeyReused(Conflict):
    """One idempotency key was sent with two different requests."""

    message = "Cette clé d’idempotence a déjà servi pour une autre demande."


@dataclass(frozen=True, kw_only=True)
class Created:
    """A new booking, and the payment to ask for now; `known`: an earlier call had made it."""

    view: BookingView
    payment: PaymentIntent | None = None
    known: bool = False

    @property
    def booking(self) -> Booking:
        """The booking; plain values outside the session as long as it is to be paid."""
        return self.view.booking

    @property
    def id(self) -> uuid.UUID:
        return self.view.booking.id


def create_booking(
    *, request: Request, actor: User, now: datetime, room: Room | None = None
) -> Created:
    """Book: the slot is held (to pay), requested (to approve) or confirmed (free and instant).

    Of any number of simultaneous calls for a slot exactly one succeeds; the others get
    SlotTaken. All the dates of a series are taken together or none is, but those that cannot be
    had become wishes when the request says so (at least one must be had). A call repeated
    with its idempotency key returns the first booking. `room`: the public room asked for, when
    the caller has just read it. Raises NotFound, NotEligible, Refused, NoTariff, CannotCollect,
    SlotTaken and the refusals of availability; of a series, the first one, with every refused
    date in `extra["dates"]`.
    """
    if room is None:
        room = get_room(request.room_id)
    organisation = get_own_organisation(actor.id, request.organisation_id)
    if organisation.eligibility != Eligibility.ACCEPTED:
        raise NotEligible
    checks.check_purpose(request.purpose)
    checks.check_people(room_rules(room), request.headcount)
    slots = wanted_slots(room, request)
    buffers, overdue = lock_room(room.id, now)
    if (known := _find_repeated(request, slots, actor)) is not None:
        return Created(view=get_view(known.id), known=True)
    if overdue:
        lock_limits(room, organisation.id)  # before any booking
    for booking_id in overdue:
        expire_booking(booking_id=booking_id, now=now)

    def insured(day: date) -> None:
        checks.check_insurance(organisation.insured_until, day)

    offers = offer_dates(
        room=room, audience=audience_of(organisation), slots=slots, now=now, check=insured
    )
    offers = _within_limits(offers, request, room)
    if (refused := _refusal_of_all(offers, room, skip=request.skip_refused)) is not None:
        raise refused
    booking = _describe(request, room, organisation, offers, actor, now)
    _insert(booking, buffers)
    record(
        "booking.created",
        object_type="booking",
        object_id=booking.id,
        actor_id=actor.id,
        at=now,
        price_cents=booking.price_cents,
    )
    return _start(booking, room, organisation, actor, now)


def _within_limits(offers: list[DateOffer], request: Request, room: Room) -> list[DateOffer]:
    """The same, but for the dates that what is already booked leaves no room for."""
    kept = [offer for offer in offers if offer.refused is None]
    if not kept:
        return offers
    errors = review_limits(
        room=room,
        organisation_id=request.organisation_id,
        headcount=request.headcount,
        slots=[offer.slot for offer in kept],
    )
    found = {offer.slot: error for offer, error in zip(kept, errors, strict=True)}
    return [replace(offer, refused=offer.refused or found.get(offer.slot)) for offer in offers]


def _find_repeated(request: Request, slots: Sequence[Interval], actor: User) -> Booking | None:
    if not request.idempotency_key:
        return None
    known = find_by_key(actor.id, request.idempotency_key)
    if known is None:
        return None
    same = (
        (known.room_id, request.room_id),
        (known.organisation_id, request.organisation_id),
        ([(d.starts_at, d.ends_at) for d in known.dates], [(s.start, s.end) for s in slots]),
        (known.headcount, request.headcount),
        (known.purpose, request.purpose.strip()),
    )
    if any(before != now_asked for before, now_asked in same):
        raise KeyReused
    return known


def _refusal_of_all(offers: Sequence[DateOffer], room: Room, *, skip: bool) -> DomainError | None:
    """Why nothing at all can be booked, or None."""
    refused = [(o.slot, o.refused) for o in offers if o.refused is not None]
    if not refused or (skip and len(refused) < len(offers)):
        return None
    first_slot, first = refused[0]
    if len(offers) > 1:
        first.extra["dates"] = [
            {"start": slot.start, "end": slot.end, "reason": error.code, "detail": error.message}
            for slot, error in refused
        ]
        when = periode(first_slot.start, first_slot.end, room.site.time_zone)
        several = len(refused) > 1
        first.reword(
            f"{len(refused)} dates sur {len(offers)} ne peuvent pas être réservées. "
            f"La première, {when} : {first.message}"
            if several
            else f"Une date sur {len(offers)} ne peut pas être réservée, {when} : {first.message}"
        )
    return first


def _describe(
    request: Request,
    room: Room,
    organisation: Organisation,
    offers: Sequence[DateOffer],
    actor: User,
    now: datetime,
) -> Booking:
    """The booking and its dates as they will be written; not in the session."""
    approval = room.booking_mode == BookingMode.APPROVAL
    state = BookingState.REQUESTED if approval else BookingState.HELD
    kept = [offer for offer in offers if offer.refused is None]
    total: Total = total_of([offer.granted for offer in kept])
    first = kept[0].slot.start
    booking_id = uuid.uuid4()
    return Booking(
        id=booking_id,
        reference=new_reference(room.slug[:3].upper().replace("-", "X")),
        room_id=room.id,
        organisation_id=organisation.id,
        created_by_id=actor.id,
        state=state,
        purpose=request.purpose.strip(),
        headcount=request.headcount,
        price_cents=total.price_cents,
        full_value_cents=total.full_value_cents,
        price_rule=total.rule,
        tariff_id=kept[0].granted.tariff_id,
        hold_expires_at=min(now + REQUEST_DURATION, first) if approval else now + HOLD_DURATION,
        idempotency_key=request.idempotency_key,
        created_at=now,
        dates=[_date(booking_id, offer, DateState(state.value)) for offer in offers],
    )


def _date(booking_id: uuid.UUID, offer: DateOffer, state: DateState) -> BookingDate:
    refused, price = offer.refused, offer.price
    return BookingDate(
        id=uuid.uuid4(),
        booking_id=booking_id,
        starts_at=offer.slot.start,
        ends_at=offer.slot.end,
        state=state if refused is None else DateState.SKIPPED,
        price_cents=0 if refused is not None or price is None else price.price_cents,
        full_value_cents=0 if refused is not None or price is None else price.full_value_cents,
        reason=None if refused is None else refused.code,
        explanation=None if refused is None else refused.message,
    )


# The booking, its dates, what they take (in one order for all: spaces, then instants), its story.
_INSERT = sa.text("""
WITH booked AS (
  INSERT INTO booking (id, reference, room_id, organisation_id, created_by_id, state, purpose,
         headcount, price_cents, full_value_cents, price_rule, tariff_id, hold_expires_at,
         idempotency_key, created_at)
  VALUES (:id, :reference, :room_id, :organisation_id, :created_by_id, :state, :purpose,
         :headcount, :price_cents, :full_value_cents, :price_rule, :tariff_id, :hold_expires_at,
         :idempotency_key, :created_at)
), wanted AS (
  SELECT * FROM unnest(CAST(:dates AS uuid[]), CAST(:starts AS timestamptz[]),
         CAST(:ends AS timestamptz[]), CAST(:states AS text[]), CAST(:prices AS int[]),
         CAST(:values AS int[]), CAST(:reasons AS text[]), CAST(:explanations AS text[]))
         d (id, starts_at, ends_at, state, price_cents, full_value_cents, reason, explanation)
), dated AS (
  INSERT INTO booking_date (id, booking_id, starts_at, ends_at, state, price_cents,
         full_value_cents, reason, explanation)
  SELECT id, :id, starts_at, ends_at, state, price_cents, full_value_cents, reason, explanation
    FROM wanted
), taken AS (
  INSERT INTO occupation (space_id, kind, starts_at, ends_at, frees_at, booking_date_id)
  SELECT s.id, 'hold', d.starts_at, d.ends_at, d.ends_at + s.buffer, d.id
    FROM wanted d, unnest(CAST(:spaces AS uuid[]), CAST(:buffers AS interval[])) s (id, buffer)
   WHERE d.state = :state ORDER BY s.id, d.starts_at
)
INSERT INTO booking_event (booking_id, actor_id, to_state, at)
VALUES (:id, :created_by_id, :state, :created_at)
""")


def _insert(booking: Booking, buffers: dict[uuid.UUID, timedelta]) -> None:
    dates = booking.dates
    db.session.execute(
        _INSERT,
        {
            "id": booking.id,
            "reference": booking.reference,
            "room_id": booking.room_id,
            "organisation_id": booking.organisation_id,
            "created_by_id": booking.created_by_id,
            "state": booking.state.value,
            "purpose": booking.purpose,
            "headcount": booking.headcount,
            "price_cents": booking.price_cents,
            "full_value_cents": booking.full_value_cents,
            "price_rule": booking.price_rule,
            "tariff_id": booking.tariff_id,
            "hold_expires_at": booking.hold_expires_at,
            "idempotency_key": booking.idempotency_key,
            "created_at": booking.created_at,
            "dates": [date.id for date in dates],
            "starts": [date.starts_at for date in dates],
            "ends": [date.ends_at for date in dates],
            "states": [date.state.value for date in dates],
            "prices": [date.price_cents for date in dates],
            "values": [date.full_value_cents for date in dates],
            "reasons": [date.reason for date in dates],
            "explanations": [date.explanation for date in dates],
            "spaces": list(buffers),
            "buffers": list(buffers.values()),
        },
    )


def _start(
    booking: Booking, room: Room, organisation: Organisation, actor: User, now: datetime
) -> Created:
    """What follows: a payment to make, a request to answer, or a confirmation."""
    payment = None
    view = BookingView(
        booking=booking,
        room=room,
        site=room.site,
        organisation=organisation,
        recipient=actor.email,
    )
    if booking.state == BookingState.REQUESTED:
        _tell_request(view, now)
    elif booking.price_cents == 0:
        view = get_view(booking.id)
        confirm(view, actor_id=actor.id, now=now)
        return Created(view=view)
    else:
        payment = prepare_payment(
            booking_id=booking.id,
            site_id=room.site_id,
            amount_cents=booking.price_cents,
            now=now,
        )
    enqueue("bookings.expire", run_at=booking.hold_expires_at, booking_id=booking.id)
    return Created(view=view, payment=payment)


def _tell_request(view: BookingView, now: datetime) -> None:
    booking = view.booking
    queue_mail(
        emails.requested(view),
        booking_id=booking.id,
        dedupe_key=f"requested-{booking.id}",
        now=now,
    )
    for address in list_staff_addresses(view.site.id, Permission.DECIDE_BOOKINGS):
        queue_mail(emails.request_received(view, address), booking_id=booking.id, now=now)
