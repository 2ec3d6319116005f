"""Booking, paying, cancelling, expiring: the use cases, on a real database."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from salle.adapters.stripe_gateway import FakeGateway
from salle.bookings import checkout, service
from salle.bookings.cancellation import cancel_booking
from salle.bookings.creation import create_booking
from salle.bookings.models import Booking, BookingEvent
from salle.bookings.offers import Request
from salle.bookings.queries import get_view
from salle.bookings.rules import BookingState
from salle.db import db, transaction
from salle.doors.queries import list_grants
from salle.kernel.errors import DomainError, NotAllowed, NotFound
from salle.mail.models import OutboxMessage
from salle.payments.models import LedgerEntry, Payment
from salle.payments.queries import find_latest_payment, list_refunds, sum_ledger
from salle.payments.rules import PaymentState
from salle.venues.occupations import Occupation
from tests.support.world import NOW, World, build_world, get_user, tuesday


@pytest.fixture
def world(session: None) -> World:
    return build_world()


def book(world: World, room: uuid.UUID | None = None, **changes: Any) -> Booking:
    """Book the whole gymnase on a Tuesday from 18 h to 20 h, or what `changes` say."""
    actor = changes.pop("actor", world.member)
    now = changes.pop("now", NOW)
    facts = {
        "room_id": room or world.whole,
        "organisation_id": world.organisation,
        "starts_at": tuesday(18),
        "ends_at": tuesday(20),
        "purpose": "Badminton",
        "headcount": 20,
    } | changes
    with transaction():
        return create_booking(request=Request(**facts), actor=get_user(actor), now=now).booking


def pay(gateway: FakeGateway, booking: Booking, now: datetime = NOW) -> Payment:
    """Open the checkout, play the payer, ask the provider."""
    booking_id = booking.id
    checkout.open_checkout(
        booking_id=booking_id, success_url="http://x/ok", cancel_url="http://x/no", now=now
    )
    payment = find_latest_payment(booking_id)
    assert payment is not None
    payment_id, session_id = payment.id, payment.session_id
    gateway.pay(session_id)
    checkout.check_payment(payment_id=payment_id, now=now)
    return db.session.get(Payment, payment_id)


def active(booking: Booking) -> list[bool]:
    return list(
        db.session.scalars(
            sa.select(Occupation.active).where(
                Occupation.booking_date_id.in_([d.id for d in get_view(booking.id).booking.dates])
            )
        )
    )


def test_booking_a_whole_gymnase_holds_both_halves_for_ten_minutes(world: World) -> None:
    booking = book(world)
    assert booking.state == BookingState.HELD
    assert booking.hold_expires_at == NOW + timedelta(minutes=10)
    assert booking.price_cents == 2500
    assert active(booking) == [True, True]
    for half in (world.half_a, world.half_b):
        with pytest.raises(DomainError) as refused:
            book(world, half, actor=world.other_member, organisation_id=world.other_organisation)
        assert refused.value.code == "slot_taken"


def test_the_two_halves_can_be_booked_by_two_associations(world: World) -> None:
    book(world, world.half_a)
    book(world, world.half_b, actor=world.other_member, organisation_id=world.other_organisation)
    with pytest.raises(DomainError, match="slot_taken"):
        book(world)


def test_touching_slots_do_not_collide(world: World) -> None:
    book(world)
    assert book(world, starts_at=tuesday(20), ends_at=tuesday(21)).state == BookingState.HELD


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"starts_at": tuesday(20), "ends_at": tuesday(18)}, "invalid"),
        ({"starts_at": tuesday(18, week=-1), "ends_at": tuesday(20, week=-1)}, "in_the_past"),
        ({"starts_at": tuesday(18, 10), "ends_at": tuesday(20)}, "invalid"),
        ({"starts_at": tuesday(18), "ends_at": tuesday(18, 15)}, "invalid"),
        ({"headcount": 0}, "invalid"),
        ({"headcount": 10_000}, "too_many_people"),
        ({"purpose": "   "}, "invalid"),
        ({"purpose": "a\x00b"}, "invalid"),
        ({"starts_at": tuesday(8), "ends_at": tuesday(10)}, "outside_opening"),
        ({"starts_at": tuesday(18, week=20), "ends_at": tuesday(20, week=20)}, "closed"),
        ({"starts_at": tuesday(18, week=60), "ends_at": tuesday(20, week=60)}, "too_far"),
        ({"room_id": uuid.uuid4()}, "not_found"),
    ],
)
def test_bad_requests_are_refused_and_leave_nothing(
    world: World, changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(DomainError) as refused:
        book(world, **changes)
    assert refused.value.code == code
    assert db.session.scalar(sa.select(sa.func.count(Booking.id))) == 0
    assert db.session.scalar(sa.select(sa.func.count(Occupation.id))) == 0


def test_one_books_for_ones_own_association_only(world: World) -> None:
    with pytest.raises(NotFound):
        book(world, organisation_id=world.other_organisation)


def test_paying_confirms_gives_a_code_and_fills_the_ledger(
    world: World, gateway: FakeGateway
) -> None:
    booking = book(world)
    payment = pay(gateway, booking)
    assert payment.state == PaymentState.PAID
    assert get_view(booking.id).booking.state == BookingState.CONFIRMED
    balances = sum_ledger(site_id=world.site_id)
    assert balances.charged_cents == 2500
    assert balances.department_cents == 0
    assert balances.college_cents + balances.provider_cents == 2500
    at_the_door = list_grants(booking.id, tuesday(18))
    assert [len(grant.code or "") for grant in at_the_door] == [6]
    story = db.session.scalars(sa.select(BookingEvent.to_state).order_by(BookingEvent.id)).all()
    assert story == [BookingState.HELD, BookingState.CONFIRMED]


def test_asking_again_changes_nothing(world: World, gateway: FakeGateway) -> None:
    booking = book(world)
    payment_id = pay(gateway, booking).id
    before = db.session.scalar(sa.select(sa.func.count(LedgerEntry.id)))
    assert checkout.check_payment(payment_id=payment_id, now=NOW) == "already settled"
    assert db.session.scalar(sa.select(sa.func.count(LedgerEntry.id))) == before


def test_no_codes_before_confirmation(world: World) -> None:
    assert list_grants(book(world).id, NOW) == []


def test_an_unpaid_hold_expires_and_frees_the_slot(world: World) -> None:
    booking = book(world)
    late = NOW + timedelta(minutes=10)
    with transaction():
        assert not service.expire_booking(booking_id=booking.id, now=late - timedelta(seconds=1))
        assert service.expire_booking(booking_id=booking.id, now=late)
    assert get_view(booking.id).booking.state == BookingState.EXPIRED
    assert active(booking) == [False, False]
    assert find_latest_payment(booking.id).state == PaymentState.EXPIRED


def test_an_overdue_hold_gives_way_at_once_even_if_no_job_ran(world: World) -> None:
    first = book(world)
    second = book(
        world,
        world.half_a,
        now=NOW + timedelta(minutes=11),
        actor=world.other_member,
        organisation_id=world.other_organisation,
    )
    assert second.state == BookingState.HELD
    assert get_view(first.id).booking.state == BookingState.EXPIRED


def late_payment(world: World, gateway: FakeGateway, *, taken: bool) -> tuple[Booking, Payment]:
    """Pay a hold after its end, with or without somebody else in the slot."""
    booking = book(world)
    checkout.open_checkout(booking_id=booking.id, success_url="x", cancel_url="x", now=NOW)
    payment_id = find_latest_payment(booking.id).id
    later = NOW + timedelta(minutes=12)
    with transaction():
        service.expire_booking(booking_id=booking.id, now=later)
    if taken:
        book(
            world,
            world.half_a,
            now=later,
            actor=world.other_member,
            organisation_id=world.other_organisation,
        )
    gateway.pay(db.session.get(Payment, payment_id).session_id)
    checkout.check_payment(payment_id=payment_id, now=later)
    return get_view(booking.id).booking, db.session.get(Payment, payment_id)


def test_a_late_payment_wins_the_slot_back_when_it_is_free(
    world: World, gateway: FakeGateway
) -> None:
    booking, payment = late_payment(world, gateway, taken=False)
    assert (booking.state, payment.state) == (BookingState.CONFIRMED, PaymentState.PAID)
    assert active(booking) == [True, True]


def test_a_late_payment_is_refunded_when_the_slot_is_taken(
    world: World, gateway: FakeGateway
) -> None:
    booking, payment = late_payment(world, gateway, taken=True)
    assert (booking.state, payment.state) == (BookingState.EXPIRED, PaymentState.REFUNDING)
    [refund] = list_refunds(booking.id)
    refund_id = refund.id
    checkout.send_refund(refund_id=refund_id, now=NOW)
    checkout.send_refund(refund_id=refund_id, now=NOW)
    assert db.session.get(Payment, payment.id).state == PaymentState.REFUNDED
    assert sum_ledger(payment_id=payment.id).charged_cents == 0
    subjects = db.session.scalars(sa.select(OutboxMessage.subject)).all()
    assert any("trop tard" in subject for subject in subjects)
    assert any("Remboursement" in subject for subject in subjects)


def test_cancelling_refunds_frees_and_revokes(world: World, gateway: FakeGateway) -> None:
    booking = book(world)
    pay(gateway, booking)
    with transaction():
        _, refund = cancel_booking(
            booking_id=booking.id, actor=get_user(world.member), reason="pluie", now=NOW
        )
    assert refund == 2500
    assert active(booking) == [False, False]
    assert {grant.state for grant in list_grants(booking.id, NOW)} == {"revoked"}
    assert book(world).state == BookingState.HELD


def test_what_has_begun_is_no_longer_cancelled(world: World, gateway: FakeGateway) -> None:
    booking = book(world)
    pay(gateway, booking)
    with pytest.raises(DomainError, match="commencé"), transaction():
        cancel_booking(
            booking_id=booking.id, actor=get_user(world.member), reason="", now=tuesday(18)
        )


@pytest.mark.parametrize("who", ["other_member", "outsider"])
def test_others_bookings_do_not_exist(world: World, who: str) -> None:
    booking = book(world)
    with pytest.raises(NotFound), transaction():
        cancel_booking(
            booking_id=booking.id, actor=get_user(getattr(world, who)), reason="", now=NOW
        )


def test_a_request_holds_its_slot_until_the_college_answers(world: World) -> None:
    booking = book(world, world.free_room)
    assert booking.state == BookingState.REQUESTED
    with pytest.raises(NotAllowed), transaction():
        service.decide_booking(
            booking_id=booking.id,
            actor=get_user(world.member),
            accept=True,
            reason="",
            now=NOW,
        )
    with transaction():
        service.decide_booking(
            booking_id=booking.id, actor=get_user(world.manager), accept=True, reason="", now=NOW
        )
    view = get_view(booking.id)
    assert view.booking.state == BookingState.CONFIRMED
    assert view.booking.price_cents == 0
    assert view.booking.full_value_cents == 4000


def test_a_refusal_needs_a_reason(world: World) -> None:
    booking = book(world, world.free_room)
    manager = get_user(world.manager)
    with pytest.raises(DomainError, match="raison"), transaction():
        service.decide_booking(
            booking_id=booking.id, actor=manager, accept=False, reason=" ", now=NOW
        )
    with transaction():
        service.decide_booking(
            booking_id=booking.id, actor=manager, accept=False, reason="Brevet", now=NOW
        )
    assert get_view(booking.id).booking.state == BookingState.REFUSED
    assert active(booking) == [False]


def test_an_idempotency_key_books_once(world: World) -> None:
    first = book(world, idempotency_key="k1")
    assert book(world, idempotency_key="k1").id == first.id
    with pytest.raises(DomainError, match="idempotence"):
        book(world, world.half_a, idempotency_key="k1")


def test_money_of_another_amount_never_confirms(world: World, gateway: FakeGateway) -> None:
    booking = book(world)
    checkout.open_checkout(booking_id=booking.id, success_url="x", cancel_url="x", now=NOW)
    payment = find_latest_payment(booking.id)
    with transaction():
        db.session.execute(sa.update(Payment).values(amount_cents=9999))
    gateway.pay(payment.session_id)
    assert checkout.check_payment(payment_id=payment.id, now=NOW) == "amount mismatch"
    assert get_view(booking.id).booking.state == BookingState.HELD


def test_the_provider_down_keeps_the_hold(world: World, gateway: FakeGateway) -> None:
    booking = book(world)
    gateway.unavailable = True
    with pytest.raises(checkout.ProviderDown):
        checkout.open_checkout(booking_id=booking.id, success_url="x", cancel_url="x", now=NOW)
    gateway.unavailable = False
    assert checkout.open_checkout(booking_id=booking.id, success_url="x", cancel_url="x", now=NOW)


def test_the_college_is_told_of_a_request_and_only_then(world: World) -> None:
    book(world, world.free_room)
    to = db.session.scalars(sa.select(OutboxMessage.recipient)).all()
    assert sorted(to) == sorted([get_user(world.member).email, get_user(world.manager).email])
    before = len(to)
    book(world)
    assert len(db.session.scalars(sa.select(OutboxMessage.id)).all()) == before


def test_cancelling_twice_says_so(world: World) -> None:
    booking = book(world)
    for sentence in (None, "déjà annulée"):
        if sentence is None:
            with transaction():
                cancel_booking(
                    booking_id=booking.id, actor=get_user(world.member), reason="", now=NOW
                )
        else:
            with pytest.raises(DomainError, match=sentence), transaction():
                cancel_booking(
                    booking_id=booking.id, actor=get_user(world.member), reason="", now=NOW
                )


def test_paying_twice_is_told_calmly(world: World, gateway: FakeGateway) -> None:
    booking = book(world)
    pay(gateway, booking)
    with pytest.raises(checkout.AlreadyPaid):
        checkout.open_checkout(booking_id=booking.id, success_url="x", cancel_url="x", now=NOW)


def test_a_key_does_not_serve_two_requests(world: World) -> None:
    book(world, idempotency_key="k2")
    with pytest.raises(DomainError, match="idempotence"):
        book(world, idempotency_key="k2", headcount=3)
