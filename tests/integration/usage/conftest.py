"""Bookings, lessons and payments written straight into the tables, in any state."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from salle.bookings.models import Booking, BookingDate
from salle.bookings.rules import BookingState, DateState
from salle.db import db
from salle.payments.models import Payment
from salle.payments.rules import PaymentState
from salle.payments.service import mark_paid, mark_refunded, request_refund
from salle.venues.models import Room, RoomSpace, Timetable
from salle.venues.occupations import Occupation
from salle.venues.rules import OccupationKind
from tests.support.world import NOW, World, build_world

ACTIVE = {DateState.CONFIRMED, DateState.HELD, DateState.REQUESTED}


@pytest.fixture
def world(session: None) -> World:
    """The fictional world of the tests, open from 17 h to 22 h for six weeks."""
    return build_world()


@pytest.fixture
def book(world: World) -> Callable[..., Booking]:
    """Add a booking of one date in a given state, with its occupations."""

    def add(
        room_id: uuid.UUID,
        start: datetime,
        end: datetime,
        *,
        state: DateState = DateState.CONFIRMED,
        organisation: uuid.UUID | None = None,
    ) -> Booking:
        booking = Booking(
            id=uuid.uuid4(), reference=f"RES-{uuid.uuid4().hex[:6]}", room_id=room_id,
            organisation_id=organisation or world.organisation, created_by_id=world.member,
            state=BookingState(state.value) if state != DateState.SKIPPED else "confirmed",
            purpose="essai", headcount=10, price_cents=2500, full_value_cents=4000,
            price_rule="essai", hold_expires_at=NOW, created_at=NOW, confirmed_at=NOW,
        )  # fmt: skip
        date = BookingDate(
            id=uuid.uuid4(), booking=booking, starts_at=start, ends_at=end, state=state,
            price_cents=2500, full_value_cents=4000,
        )  # fmt: skip
        if state == DateState.SKIPPED:
            date.reason, date.explanation = "slot_taken", "essai"
            date.price_cents = date.full_value_cents = 0
        db.session.add(booking)
        db.session.flush()
        spaces = db.session.scalars(
            sa.select(RoomSpace.space_id).where(RoomSpace.room_id == room_id)
        ).all()
        kind = OccupationKind.BOOKING if state == DateState.CONFIRMED else OccupationKind.HOLD
        db.session.add_all(
            Occupation(
                space_id=space_id, kind=kind, starts_at=start, ends_at=end, frees_at=end,
                active=state in ACTIVE, booking_date_id=date.id,
            )
            for space_id in spaces
        )  # fmt: skip
        db.session.flush()
        return booking

    return add


@pytest.fixture
def occupy(world: World) -> Callable[..., None]:
    """Take a space for lessons or by a block of the collège."""

    def add(space_id: uuid.UUID, start: datetime, end: datetime, kind: OccupationKind) -> None:
        timetable_id = None
        if kind == OccupationKind.SCHOOL:
            timetable = Timetable(
                id=uuid.uuid4(), room_id=world.half_a, file_name="essai.ics", digest="0",
                imported_at=NOW, event_count=1,
            )  # fmt: skip
            db.session.add(timetable)
            db.session.flush()
            timetable_id = timetable.id
        db.session.add(
            Occupation(
                space_id=space_id, kind=kind, starts_at=start, ends_at=end, frees_at=end,
                timetable_id=timetable_id,
            )
        )  # fmt: skip
        db.session.flush()

    return add


@pytest.fixture
def pay(world: World) -> Callable[..., Payment]:
    """Settle a booking through the payments' own service."""

    def add(
        booking: Booking,
        at: datetime,
        *,
        amount: int = 2500,
        fee: int | None = 60,
        commission: int = 0,
        refunded_at: datetime | None = None,
    ) -> Payment:
        room = db.session.get(Room, booking.room_id)
        assert room is not None
        payment = Payment(
            id=uuid.uuid4(), booking_id=booking.id, site_id=room.site_id, provider="stripe",
            account="acct_essai", amount_cents=amount, state=PaymentState.PENDING,
            created_at=at - timedelta(minutes=2),
        )  # fmt: skip
        db.session.add(payment)
        db.session.flush()
        mark_paid(
            payment=payment,
            payment_intent_id="pi_essai",
            application_fee_cents=commission,
            provider_fee_cents=fee,
            now=at,
        )
        if refunded_at is not None:
            refund = request_refund(payment=payment, amount_cents=amount, now=refunded_at)
            mark_refunded(refund=refund, payment=payment, provider_id="re_essai", now=refunded_at)
        return payment

    return add
