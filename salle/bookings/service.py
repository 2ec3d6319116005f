"""Use cases of a booking: quote, create, cancel, decide, expire.

Every function runs in its caller's transaction(); none calls the outside world.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from salle.accounts.models import User
from salle.accounts.queries import list_staff_addresses
from salle.accounts.rules import Permission
from salle.audit.service import record
from salle.bookings import checks, emails
from salle.bookings.changes import IllegalMove, confirm, move, release
from salle.bookings.limits import check_limits
from salle.bookings.models import Booking, BookingDate, BookingEvent
from salle.bookings.permissions import can_cancel, can_decide, can_see
from salle.bookings.queries import (
    BookingView,
    find_by_key,
    get_view,
    list_overdue_on_spaces,
    list_spaces_of,
    lock_booking,
)
from salle.bookings.rules import ENDED, HOLD_DURATION, REQUEST_DURATION, BookingState, DateState
from salle.db import db
from salle.jobs import enqueue
from salle.kernel.clock import local_day
from salle.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from salle.kernel.ids import new_reference
from salle.mail.service import queue_mail
from salle.organisations.models import Eligibility, Organisation, OrganisationKind
from salle.organisations.queries import get_own_organisation
from salle.payments.pricing import Price, price_of
from salle.payments.queries import find_latest_payment, get_tariff, list_live_payments, lock_payment
from salle.payments.rules import Audience, PaymentState
from salle.payments.service import prepare_payment
from salle.venues.asking import check_times, room_rules
from salle.venues.availability import Interval, refusal
from salle.venues.models import Room
from salle.venues.occupations import Occupation, lock_spaces
from salle.venues.queries import get_room, list_space_buffers
from salle.venues.rules import BookingMode, OccupationKind


class NotEligible(NotAllowed):
    """The owner has not accepted the organisation (its policy, docs in issue « Bookings »)."""

    code = "organisation_not_eligible"
    message = (
        "Le Département n’a pas encore accepté le dossier de votre association. "
        "Complétez-le, ou écrivez-lui."
    )


class KeyReused(Conflict):
    """One idempotency key was sent with two different requests."""

    message = "Cette clé d’idempotence a déjà servi pour une autre demande."


@dataclass(frozen=True, kw_only=True)
class Request:
    """What somebody asks for. Instants are UTC, half-open."""

    room_id: uuid.UUID
    organisation_id: uuid.UUID
    starts_at: datetime
    ends_at: datetime
    purpose: str
    headcount: int
    idempotency_key: str | None = None


def quote(
    *, room: Room, audience: Audience, starts_at: datetime, ends_at: datetime, now: datetime
) -> Price:
    """The price of one use; raises Refused (times) or NoTariff. Availability is not looked at."""
    check_times(room_rules(room), starts_at, ends_at, now)
    tariff = get_tariff(room.id, audience, local_day(starts_at, room.site.time_zone))
    return price_of(tariff, starts_at, ends_at)


def audience_of(organisation: Organisation | None) -> Audience:
    """The tariff group of an organisation; an unknown requester is an association."""
    if organisation is None or organisation.kind == OrganisationKind.ASSOCIATION:
        return Audience.ASSOCIATION
    return Audience.EVERYONE


def create_booking(*, request: Request, actor: User, now: datetime) -> Booking:
    """Book: the slot is held (to pay), requested (to approve) or confirmed (free and instant).

    Of any number of simultaneous calls for a slot exactly one succeeds; the others get
    SlotTaken. A call repeated with its idempotency key returns the first booking. Raises
    NotFound, NotEligible, Refused, NoTariff, CannotCollect, SlotTaken and the refusals of
    availability.
    """
    room = get_room(request.room_id)
    organisation = get_own_organisation(actor.id, request.organisation_id)
    if organisation.eligibility != Eligibility.ACCEPTED:
        raise NotEligible
    checks.check_purpose(request.purpose)
    checks.check_people(room_rules(room), request.headcount)

    buffers = list_space_buffers(room.id)
    overdue = list_overdue_on_spaces(list(buffers), now)
    lock_spaces({*buffers, *list_spaces_of(overdue)})
    if (known := _find_repeated(request, actor)) is not None:
        return known
    price = quote(
        room=room,
        audience=audience_of(organisation),
        starts_at=request.starts_at,
        ends_at=request.ends_at,
        now=now,
    )
    last_day = local_day(request.ends_at, room.site.time_zone)
    checks.check_insurance(organisation.insured_until, last_day)
    check_limits(
        room=room,
        organisation_id=organisation.id,
        headcount=request.headcount,
        slots=[Interval(request.starts_at, request.ends_at)],
        leaving=overdue,
    )
    for booking_id in overdue:
        expire_booking(booking_id=booking_id, now=now)
    if (refused := refusal(room, request.starts_at, request.ends_at)) is not None:
        raise refused
    booking = _insert(request, room, organisation, price, buffers, actor, now)
    _start(_view(booking, room, organisation, actor), actor, now)
    return booking


def cancel_booking(
    *, booking_id: uuid.UUID, actor: User, reason: str, now: datetime
) -> tuple[Booking, int]:
    """Cancel everything that has not begun; returns the booking and the refund in cents.

    The refund is whole until the use begins. Raises NotFound, NotAllowed, IllegalMove.
    """
    view = _lock(booking_id)
    if not can_see(actor, view):
        raise NotFound
    if not can_cancel(actor, view):
        raise NotAllowed
    if view.booking.state in ENDED:
        raise IllegalMove(f"Cette réservation est déjà {view.booking.state.label}.")
    if view.booking.state == BookingState.CONFIRMED and view.booking.dates[0].starts_at <= now:
        raise IllegalMove("Ce créneau a déjà commencé : il ne peut plus être annulé.")
    release(view, BookingState.CANCELLED, actor_id=actor.id, now=now, reason=reason or None)
    return view.booking, _give_back(view.booking)


def decide_booking(
    *, booking_id: uuid.UUID, actor: User, accept: bool, reason: str, now: datetime
) -> Booking:
    """The collège's answer to a request. Raises NotFound, NotAllowed, IllegalMove, Invalid."""
    view = _lock(booking_id)
    if not can_see(actor, view):
        raise NotFound
    if not can_decide(actor, view):
        raise NotAllowed
    if view.booking.state != BookingState.REQUESTED:
        raise IllegalMove
    if not accept and not reason.strip():
        raise Invalid(
            "Donnez la raison du refus : l’association la lira.",
            errors={"reason": "À renseigner."},
        )
    if not accept:
        release(view, BookingState.REFUSED, actor_id=actor.id, now=now, reason=reason.strip())
    elif view.booking.price_cents:
        _hold(view, actor.id, now)
    else:
        confirm(view, actor_id=actor.id, now=now)
    return view.booking


def expire_booking(*, booking_id: uuid.UUID, now: datetime) -> bool:
    """Free the slot of a hold or a request that has ended; False when there is nothing to do."""
    view = _lock(booking_id)
    booking = view.booking
    if booking.state not in {BookingState.HELD, BookingState.REQUESTED}:
        return False
    if booking.hold_expires_at is None or booking.hold_expires_at > now:
        return False
    release(view, BookingState.EXPIRED, actor_id=None, now=now)
    _give_back(booking)
    return True


def _find_repeated(request: Request, actor: User) -> Booking | None:
    if not request.idempotency_key:
        return None
    known = find_by_key(actor.id, request.idempotency_key)
    if known is None:
        return None
    date = known.dates[0]
    same = (
        (known.room_id, request.room_id),
        (known.organisation_id, request.organisation_id),
        (date.starts_at, request.starts_at),
        (date.ends_at, request.ends_at),
        (known.headcount, request.headcount),
        (known.purpose, request.purpose.strip()),
    )
    if any(before != now_asked for before, now_asked in same):
        raise KeyReused
    return known


def _insert(
    request: Request,
    room: Room,
    organisation: Organisation,
    price: Price,
    buffers: dict[uuid.UUID, timedelta],
    actor: User,
    now: datetime,
) -> Booking:
    approval = room.booking_mode == BookingMode.APPROVAL
    state = BookingState.REQUESTED if approval else BookingState.HELD
    ends = min(now + REQUEST_DURATION, request.starts_at) if approval else now + HOLD_DURATION
    booking = Booking(
        id=uuid.uuid4(),
        reference=new_reference(room.slug[:3].upper().replace("-", "X")),
        room_id=room.id,
        organisation_id=organisation.id,
        created_by_id=actor.id,
        state=state,
        purpose=request.purpose.strip(),
        headcount=request.headcount,
        price_cents=price.price_cents,
        full_value_cents=price.full_value_cents,
        price_rule=price.rule,
        tariff_id=price.tariff_id,
        hold_expires_at=ends,
        idempotency_key=request.idempotency_key,
        created_at=now,
    )
    date = BookingDate(
        id=uuid.uuid4(),
        booking=booking,
        starts_at=request.starts_at,
        ends_at=request.ends_at,
        state=DateState(state.value),
        price_cents=price.price_cents,
        full_value_cents=price.full_value_cents,
    )
    db.session.add(booking)
    db.session.flush()
    db.session.add_all(
        Occupation(
            space_id=space_id,
            kind=OccupationKind.HOLD,
            starts_at=request.starts_at,
            ends_at=request.ends_at,
            frees_at=request.ends_at + buffer,
            booking_date_id=date.id,
        )
        for space_id, buffer in sorted(buffers.items())
    )
    db.session.add(
        BookingEvent(
            booking_id=booking.id, actor_id=actor.id, from_state=None, to_state=state, at=now
        )
    )
    record(
        "booking.created",
        object_type="booking",
        object_id=booking.id,
        actor_id=actor.id,
        at=now,
        price_cents=price.price_cents,
    )
    db.session.flush()
    return booking


def _start(view: BookingView, actor: User, now: datetime) -> None:
    """What follows a creation: a payment to make, a request to answer, or a confirmation."""
    booking = view.booking
    if booking.state == BookingState.REQUESTED:
        queue_mail(
            emails.requested(view),
            booking_id=booking.id,
            dedupe_key=f"requested-{booking.id}",
            now=now,
        )
        for address in list_staff_addresses(view.site.id, Permission.DECIDE_BOOKINGS):
            queue_mail(emails.request_received(view, address), booking_id=booking.id, now=now)
    elif booking.price_cents == 0:
        confirm(view, actor_id=actor.id, now=now)
        return
    else:
        prepare_payment(
            booking_id=booking.id,
            site_id=view.site.id,
            amount_cents=booking.price_cents,
            now=now,
        )
    enqueue("bookings.expire", run_at=booking.hold_expires_at, booking_id=booking.id)


def _hold(view: BookingView, actor_id: uuid.UUID, now: datetime) -> None:
    """An accepted request that has a price: the slot is kept until the payment, a day at most."""
    booking = view.booking
    booking.hold_expires_at = min(now + timedelta(days=1), booking.dates[0].starts_at)
    move(booking, BookingState.HELD, actor_id=actor_id, now=now)
    prepare_payment(
        booking_id=booking.id, site_id=view.site.id, amount_cents=booking.price_cents, now=now
    )
    queue_mail(
        emails.accepted_to_pay(view),
        booking_id=booking.id,
        dedupe_key=f"accepted-{booking.id}",
        now=now,
    )
    enqueue("bookings.expire", run_at=booking.hold_expires_at, booking_id=booking.id)


def _lock(booking_id: uuid.UUID) -> BookingView:
    """Lock the spaces, then the booking, and read it again."""
    room_id = get_view(booking_id).room.id
    lock_spaces(list_space_buffers(room_id))
    lock_booking(booking_id)
    return get_view(booking_id)


def _give_back(booking: Booking) -> int:
    """Close the payments that may still come, ask the refund of the one that came (cents)."""
    for payment in list_live_payments(booking.id):
        locked = lock_payment(payment.id)
        if locked.state not in {PaymentState.CREATED, PaymentState.PENDING}:
            continue
        locked.state = PaymentState.EXPIRED
        if locked.session_id is not None:
            enqueue("payments.close_checkout", payment_id=locked.id)
    latest = find_latest_payment(booking.id)
    if latest is None or lock_payment(latest.id).state != PaymentState.PAID:
        return 0
    latest.state = PaymentState.REFUNDING
    enqueue("payments.refund", payment_id=latest.id)
    db.session.flush()
    return latest.amount_cents


def _view(booking: Booking, room: Room, organisation: Organisation, actor: User) -> BookingView:
    return BookingView(
        booking=booking,
        room=room,
        site=room.site,
        organisation=organisation,
        recipient=actor.email,
    )
