"""What has happened in the demonstration: bookings of the last weeks and of those to come."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from http import HTTPStatus

import sqlalchemy as sa

from salle.accounts.models import User
from salle.adapters.payment_gateway import CheckoutState
from salle.bookings.checkout import check_payment, open_checkout
from salle.bookings.creation import create_booking
from salle.bookings.models import Booking
from salle.bookings.offers import Request
from salle.bookings.rules import BookingState
from salle.bookings.settlement import settle_payment
from salle.db import db, transaction
from salle.demo.people import ORGANISATIONS
from salle.demo.rows import key
from salle.kernel.clock import from_wall, local_day
from salle.kernel.errors import DomainError
from salle.payments.queries import find_latest_payment

Pay = Callable[[str], None]
PAGE = "http://127.0.0.1/reservations"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A weekly habit: the same room, weekday and hour, some weeks before and after today."""

    organisation: int
    room: str
    weekday: int
    start_hour: int
    hours: int
    weeks: tuple[int, ...]
    purpose: str
    headcount: int


PLANS = (
    Plan(
        organisation=0, room="gymnase-des-tilleuls-a", weekday=2, start_hour=18, hours=2,
        weeks=(-5, -4, -3, -2, -1, 1, 2, 3), purpose="Entraînement de badminton", headcount=24,
    ),
    Plan(
        organisation=1, room="salle-polyvalente-du-pont-habert", weekday=4, start_hour=19, hours=2,
        weeks=(-5, -4, -3, -2, 1, 2), purpose="Répétition de théâtre", headcount=14,
    ),
    Plan(
        organisation=0, room="gymnase-des-tilleuls", weekday=6, start_hour=14, hours=4,
        weeks=(-3, 2), purpose="Tournoi de badminton", headcount=80,
    ),
    Plan(
        organisation=1, room="gymnase-de-la-lande-bleue", weekday=5, start_hour=20, hours=2,
        weeks=(-4, -2, 1, 3), purpose="Échauffement et jeux de scène", headcount=20,
    ),
    Plan(
        organisation=1, room="salle-de-reunion-du-pont-habert", weekday=1, start_hour=18, hours=2,
        weeks=(-2, 1), purpose="Réunion du bureau", headcount=8,
    ),
    Plan(
        organisation=0, room="foyer-des-tilleuls", weekday=6, start_hour=10, hours=3,
        weeks=(3,), purpose="Assemblée générale", headcount=40,
    ),
)  # fmt: skip


def add_bookings(now: datetime, *, pay: Pay | None) -> int:
    """Play the plans once: nothing when the associations have booked already.

    Past uses are paid for without the provider; coming ones by `pay`, which is given the
    address of the checkout page, and are left out when it is None.
    """
    if _have_booked():
        return 0
    return sum(_play(plan, week, now, pay) for plan in PLANS for week in sorted(plan.weeks))


class _StayHere(urllib.request.HTTPRedirectHandler):
    """The page to come back to is of a service that has not started yet."""

    def redirect_request(self, *_: object) -> None:
        return None


LOCAL = urllib.request.build_opener(urllib.request.ProxyHandler({}), _StayHere)


def pay_at_simulator(address: str) -> None:
    """Accept on the simulated checkout page, as a person would."""
    body = urllib.parse.urlencode({"outcome": "paid"}).encode()
    try:
        LOCAL.open(address, data=body, timeout=10).close()
    except urllib.error.HTTPError as answer:
        if answer.code != HTTPStatus.SEE_OTHER:
            raise


def _have_booked() -> bool:
    ours = [key("organisation", one.rna) for one in ORGANISATIONS]
    found = db.session.scalar(
        sa.select(Booking.id).where(Booking.organisation_id.in_(ours)).limit(1)
    )
    return found is not None


def _play(plan: Plan, week: int, now: datetime, pay: Pay | None) -> bool:
    start = _start(plan, week, local_day(now))
    past = week < 0
    if not past and pay is None:
        return False
    try:
        booking = _book(plan, start, start - timedelta(hours=20) if past else now)
        if booking.state == BookingState.HELD:
            if past or pay is None:
                _settle(booking, start - timedelta(hours=19))
            else:
                _checkout(booking, now, pay)
    except (DomainError, OSError):  # a holiday, no simulator: that week did not take place
        return False
    return True


def _start(plan: Plan, week: int, today: date) -> datetime:
    monday = today - timedelta(days=today.weekday())
    day = monday + timedelta(weeks=week, days=plan.weekday - 1)
    return from_wall(datetime(day.year, day.month, day.day, plan.start_hour))  # noqa: DTZ001


def _book(plan: Plan, start: datetime, at: datetime) -> Booking:
    organisation = ORGANISATIONS[plan.organisation]
    request = Request(
        room_id=key("room", plan.room),
        organisation_id=key("organisation", organisation.rna),
        starts_at=start,
        ends_at=start + timedelta(hours=plan.hours),
        purpose=plan.purpose,
        headcount=plan.headcount,
    )
    with transaction():
        actor = db.session.get_one(User, key("user", organisation.president))
        return create_booking(request=request, actor=actor, now=at).booking


def _settle(booking: Booking, at: datetime) -> None:
    payment = find_latest_payment(booking.id)
    assert payment is not None  # noqa: S101 a held booking has one
    paid = CheckoutState(
        id=f"cs_demo_{payment.id.hex}",
        status="complete",
        paid=True,
        amount_cents=payment.amount_cents,
        currency="eur",
        payment_intent_id=None,
        application_fee_cents=0,
        provider_fee_cents=None,
        payment_id=payment.id,
    )
    with transaction():
        settle_payment(payment_id=payment.id, checkout=paid, now=at)


def _checkout(booking: Booking, now: datetime, pay: Pay) -> None:
    booking_id = booking.id
    payment = find_latest_payment(booking_id)
    assert payment is not None  # noqa: S101 a held booking has one
    payment_id = payment.id
    page = f"{PAGE}/{booking_id}"
    pay(open_checkout(booking_id=booking_id, success_url=page, cancel_url=page, now=now))
    check_payment(payment_id=payment_id, now=now)
