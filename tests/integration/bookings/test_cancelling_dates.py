"""Cancelling some dates of a series: free at once, their money back, the others stand."""

from __future__ import annotations

import uuid
from datetime import date

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from salle.adapters.stripe_gateway import FakeGateway
from salle.bookings import checkout
from salle.bookings.cancellation import cancel_booking
from salle.bookings.creation import create_booking
from salle.bookings.models import BookingDate
from salle.bookings.offers import Request
from salle.bookings.queries import BookingView, get_view
from salle.bookings.rules import BookingState, DateState
from salle.db import db, transaction
from salle.doors.queries import list_grants
from salle.doors.rules import GrantState
from salle.kernel.errors import DomainError
from salle.mail.models import OutboxMessage
from salle.payments.models import Payment
from salle.payments.queries import find_latest_payment, list_refunds, sum_ledger
from salle.payments.rules import PaymentState
from salle.payments.service import request_refund
from salle.venues.occupations import Occupation
from tests.support.html import Page
from tests.support.sign_in import sign_in
from tests.support.world import NOW, World, build_world, get_user, tuesday


@pytest.fixture
def world(session: None) -> World:
    return build_world()


def book(world: World, room: uuid.UUID) -> uuid.UUID:
    """Five Tuesdays, from 18 h to 20 h."""
    request = Request(
        room_id=room,
        organisation_id=world.organisation,
        starts_at=tuesday(18),
        ends_at=tuesday(20),
        purpose="Badminton",
        headcount=20,
        weekly_until=date(2027, 2, 9),
    )
    with transaction():
        return create_booking(request=request, actor=get_user(world.member), now=NOW).id


def pay(gateway: FakeGateway, booking_id: uuid.UUID) -> None:
    checkout.open_checkout(booking_id=booking_id, success_url="x", cancel_url="x", now=NOW)
    payment = find_latest_payment(booking_id)
    payment_id, session_id = payment.id, payment.session_id
    gateway.pay(session_id)
    checkout.check_payment(payment_id=payment_id, now=NOW)


@pytest.fixture
def paid(world: World, gateway: FakeGateway) -> uuid.UUID:
    """A confirmed series of five dates at 25 € each."""
    booking_id = book(world, world.whole)
    pay(gateway, booking_id)
    return booking_id


def cancel(world: World, booking_id: uuid.UUID, *weeks: int, now=NOW) -> int:
    dates = get_view(booking_id).booking.dates
    with transaction():
        _, refund = cancel_booking(
            booking_id=booking_id,
            actor=get_user(world.member),
            reason="travaux",
            now=now,
            date_ids=[dates[week].id for week in weeks] if weeks else None,
        )
    return refund


def states(booking_id: uuid.UUID) -> list[str]:
    return [date_.state.value for date_ in get_view(booking_id).booking.dates]


def taken(view: BookingView) -> set[uuid.UUID]:
    """Dates that still occupy something."""
    ids = [date_.id for date_ in view.booking.dates]
    return set(
        db.session.scalars(
            sa.select(Occupation.booking_date_id).where(
                Occupation.active, Occupation.booking_date_id.in_(ids)
            )
        )
    )


def give_back(booking_id: uuid.UUID) -> None:
    for refund_id in [refund.id for refund in list_refunds(booking_id)]:
        checkout.send_refund(refund_id=refund_id, now=NOW)
        checkout.send_refund(refund_id=refund_id, now=NOW)


def test_two_dates_of_five_are_freed_and_paid_back(world: World, paid: uuid.UUID) -> None:
    assert cancel(world, paid, 1, 3) == 5000
    view = get_view(paid)
    assert view.booking.state == BookingState.CONFIRMED
    assert states(paid) == ["confirmed", "cancelled", "confirmed", "cancelled", "confirmed"]
    assert taken(view) == {date_.id for date_ in view.active}
    gone = {date_.id for date_ in view.dropped}
    assert len(gone) == 2
    assert {
        grant.date_id for grant in list_grants(paid, NOW) if grant.state == GrantState.REVOKED
    } == gone
    give_back(paid)
    payment = find_latest_payment(paid)
    assert (payment.state, payment.refund_cents) == (PaymentState.PAID, 5000)
    assert sum_ledger(payment_id=payment.id).charged_cents == 12500 - 5000
    assert sum_ledger(payment_id=payment.id).department_cents == 0


def test_the_receipt_says_what_was_paid_and_what_came_back(
    client: FlaskClient, world: World, paid: uuid.UUID
) -> None:
    sign_in(client, world.member)
    for weeks, left in (((1,), "100,00 €"), ((), "0,00 €")):
        cancel(world, paid, *weeks)
        give_back(paid)
        receipt = Page.of(client.get(f"/reservations/{paid}")).text
        assert "125,00 €" in receipt
        assert f"Reste payé au collège {left}" in receipt
        assert "À payer au collège" not in receipt


def test_the_last_dates_cancel_the_booking_and_give_back_the_rest(
    world: World, paid: uuid.UUID
) -> None:
    cancel(world, paid, 0, 1)
    assert cancel(world, paid) == 7500
    give_back(paid)
    payment = find_latest_payment(paid)
    assert get_view(paid).booking.state == BookingState.CANCELLED
    assert (payment.state, payment.refund_cents) == (PaymentState.REFUNDED, 12500)
    assert sum_ledger(payment_id=payment.id).charged_cents == 0
    assert taken(get_view(paid)) == set()


def test_what_has_begun_stays_and_the_rest_goes(world: World, paid: uuid.UUID) -> None:
    after_the_first = tuesday(19)
    with pytest.raises(DomainError, match="déjà commencé"):
        cancel(world, paid, 0, now=after_the_first)
    assert cancel(world, paid, now=after_the_first) == 4 * 2500
    assert states(paid) == ["confirmed"] + 4 * ["cancelled"]
    assert get_view(paid).booking.state == BookingState.CONFIRMED


def test_a_date_is_not_cancelled_twice(world: World, paid: uuid.UUID) -> None:
    cancel(world, paid, 2)
    with pytest.raises(DomainError, match="plus réservée"):
        cancel(world, paid, 2)
    assert find_latest_payment(paid).refund_cents == 2500


def test_dates_of_another_booking_are_unknown(world: World, paid: uuid.UUID) -> None:
    with pytest.raises(DomainError, match="not_found"), transaction():
        cancel_booking(
            booking_id=paid,
            actor=get_user(world.member),
            reason="",
            now=NOW,
            date_ids=[uuid.uuid4()],
        )


def test_what_waits_for_its_payment_goes_whole_or_not_at_all(world: World) -> None:
    booking_id = book(world, world.whole)
    with pytest.raises(DomainError, match="attend son paiement"):
        cancel(world, booking_id, 1)
    assert states(booking_id) == 5 * ["held"]


def test_a_request_costs_less_without_a_date(world: World) -> None:
    booking_id = book(world, world.free_room)
    before = get_view(booking_id).booking.full_value_cents
    assert cancel(world, booking_id, 4) == 0
    assert get_view(booking_id).booking.full_value_cents == before * 4 // 5


def test_no_more_is_given_back_than_was_paid(world: World, paid: uuid.UUID) -> None:
    payment = find_latest_payment(paid)
    with pytest.raises(DomainError, match="dépasse"), transaction():
        request_refund(payment=payment, amount_cents=12501, now=NOW)
    assert db.session.get(Payment, payment.id).refund_cents == 0


def test_the_message_says_what_goes_and_what_stays(world: World, paid: uuid.UUID) -> None:
    cancel(world, paid, 1)
    subjects = db.session.scalars(sa.select(OutboxMessage.subject)).all()
    assert any("Dates annulées" in subject for subject in subjects)


def test_the_page_shows_the_refund_before(
    client: FlaskClient, world: World, paid: uuid.UUID
) -> None:
    sign_in(client, world.member)
    first = Page.of(client.get(f"/reservations/{paid}/annuler"))
    assert "Quelles dates annuler" in first.h1
    ids = [str(date_.id) for date_ in get_view(paid).booking.dates]
    query = f"dates={ids[1]}&dates={ids[2]}"
    second = Page.of(client.get(f"/reservations/{paid}/annuler?{query}"))
    assert "Annuler 2 dates" in second.h1
    assert "Remboursement : 50,00 €" in second.text
    token = second.form("main form[method=post]")["csrf_token"]
    answer = client.post(
        f"/reservations/{paid}/annuler",
        data={"csrf_token": token, "dates": ids[1:3], "reason": ""},
    )
    assert answer.status_code == 303
    assert states(paid).count("cancelled") == 2
    shown = Page.of(client.get(f"/reservations/{paid}"))
    assert "2 dates annulées" in shown.text
    assert "Remboursement demandé : 50,00 €" in shown.text


def test_a_wish_is_never_cancelled(world: World, paid: uuid.UUID) -> None:
    with transaction():
        db.session.execute(
            sa.update(BookingDate)
            .where(BookingDate.id == get_view(paid).booking.dates[4].id)
            .values(
                state=DateState.SKIPPED,
                reason="closed",
                explanation="essai",
                price_cents=0,
                full_value_cents=0,
            )  # fmt: skip
        )
    with pytest.raises(DomainError, match="plus réservée"):
        cancel(world, paid, 4)
