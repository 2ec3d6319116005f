"""Weekly series: one transaction, refused dates kept as wishes, one price, one payment."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from salle.bookings import emails
from salle.bookings.cancellation import cancel_booking
from salle.bookings.creation import Created, create_booking
from salle.bookings.models import Booking, BookingDate
from salle.bookings.offers import Request
from salle.bookings.queries import get_view, list_for_user
from salle.bookings.rules import BookingState, DateState
from salle.bookings.service import decide_booking
from salle.db import db, transaction
from salle.doors.queries import list_grants
from salle.kernel.errors import DomainError
from salle.mail.models import OutboxMessage
from salle.mail.rendering import render_text
from salle.payments.models import Payment
from salle.venues.models import OpeningWindow, SchoolHoliday
from salle.venues.occupations import Occupation
from salle.venues.rules import Period, SchoolCalendar
from tests.support.html import Page
from tests.support.queries import statements
from tests.support.sign_in import bearer, sign_in
from tests.support.world import NOW, World, build_world, get_user, tuesday

LAST = date(2027, 2, 9)  # five Tuesdays: 12, 19, 26 January, 2 and 9 February


@pytest.fixture
def world(session: None) -> World:
    return build_world()


def book(world: World, room: uuid.UUID | None = None, **changes: Any) -> Created:
    actor = changes.pop("actor", world.member)
    facts = {
        "room_id": room or world.whole,
        "organisation_id": world.organisation,
        "starts_at": tuesday(18),
        "ends_at": tuesday(20),
        "purpose": "Badminton",
        "headcount": 20,
        "weekly_until": LAST,
    } | changes
    with transaction():
        return create_booking(request=Request(**facts), actor=get_user(actor), now=NOW)


def by_another(world: World, room: uuid.UUID, week: int) -> None:
    """Another association takes one of these Tuesdays."""
    book(
        world,
        room,
        actor=world.other_member,
        organisation_id=world.other_organisation,
        starts_at=tuesday(18, week=week),
        ends_at=tuesday(20, week=week),
        weekly_until=None,
    )


def taken(booking_id: uuid.UUID) -> int:
    return db.session.scalar(
        sa.select(sa.func.count(Occupation.id))
        .join(BookingDate, BookingDate.id == Occupation.booking_date_id)
        .where(BookingDate.booking_id == booking_id, Occupation.active)
    )


def test_a_series_takes_every_date_with_one_price_and_one_payment(world: World) -> None:
    made = book(world)
    view = get_view(made.id)
    assert [d.starts_at for d in view.dates] == [tuesday(18, week=n) for n in range(5)]
    assert view.booking.price_cents == 5 * 2500 == sum(d.price_cents for d in view.dates)
    assert view.booking.price_rule.startswith("5 dates de 2\u00a0h")
    assert taken(made.id) == 5 * 2
    assert db.session.scalars(sa.select(Payment.amount_cents)).all() == [12500]


def test_hours_stay_the_same_on_the_wall_clock_when_clocks_change(world: World) -> None:
    schedule = db.session.scalars(sa.select(OpeningWindow.schedule_id).limit(1)).one()
    db.session.add_all(
        OpeningWindow(
            schedule_id=schedule,
            day=start.date(),
            starts_at=start,
            ends_at=start + timedelta(hours=4),
        )
        for day, opens in ((23, 17), (30, 16))
        for start in (datetime(2027, 3, day, opens, tzinfo=UTC),)
    )
    made = book(
        world,
        starts_at=datetime(2027, 3, 23, 18, tzinfo=UTC),  # 19 h in Paris, in winter
        ends_at=datetime(2027, 3, 23, 19, tzinfo=UTC),
        weekly_until=date(2027, 3, 30),
    )
    assert [d.starts_at.hour for d in get_view(made.id).dates] == [18, 17]


def test_one_taken_date_refuses_all_and_leaves_nothing(world: World) -> None:
    by_another(world, world.half_a, 2)
    with pytest.raises(DomainError, match="Une date sur 5") as refused:
        book(world)
    assert refused.value.code == "slot_taken"
    [date_] = refused.value.extra["dates"]
    assert date_["start"] == tuesday(18, week=2)
    assert db.session.scalar(sa.select(sa.func.count(Booking.id))) == 1


def test_refused_dates_stay_as_wishes_when_asked(world: World) -> None:
    by_another(world, world.half_a, 2)
    made = book(world, skip_refused=True)
    view = get_view(made.id)
    [wish] = view.wishes
    assert (wish.starts_at, wish.state, wish.reason) == (
        tuesday(18, week=2),
        DateState.SKIPPED,
        "slot_taken",
    )
    assert "déjà pris" in (wish.explanation or "")
    assert view.booking.price_cents == 4 * 2500
    assert taken(made.id) == 4 * 2


def test_a_series_of_which_nothing_can_be_had_is_refused(world: World) -> None:
    for week in range(5):
        by_another(world, world.half_a, week)
    with pytest.raises(DomainError, match="5 dates sur 5"):
        book(world, skip_refused=True)


def test_school_holidays_are_left_out_on_demand(world: World) -> None:
    db.session.add(
        SchoolHoliday(
            calendar=SchoolCalendar.ZONE_B,
            school_year="2026-2027",
            label="Fiction",
            period=Period.WINTER,
            first_day=date(2027, 1, 18),
            last_day=date(2027, 1, 31),
            source="fiction",
        )  # fmt: skip
    )
    view = get_view(book(world, skip_school_holidays=True).id)
    assert [d.starts_at.day for d in view.booking.dates] == [12, 2, 9]
    with pytest.raises(DomainError, match="vacances"):
        book(
            world,
            starts_at=tuesday(18, week=1),
            ends_at=tuesday(20, week=1),
            weekly_until=date(2027, 1, 26),
            skip_school_holidays=True,
        )


def test_wishes_follow_neither_confirmation_nor_cancellation(world: World) -> None:
    by_another(world, world.free_room, 1)
    made = book(world, world.free_room, skip_refused=True)
    assert made.booking.state == BookingState.REQUESTED
    with transaction():
        cancel_booking(booking_id=made.id, actor=get_user(world.member), reason="", now=NOW)
    states = [d.state for d in get_view(made.id).booking.dates]
    assert states.count(DateState.SKIPPED) == 1
    assert states.count(DateState.CANCELLED) == 4
    assert taken(made.id) == 0


def test_the_message_lists_the_dates_and_the_wishes(world: World) -> None:
    by_another(world, world.free_room, 1)
    book(world, world.free_room, skip_refused=True)
    [view] = list_for_user(world.member)[0]
    text = render_text(emails.requested(view))
    assert text.count("18") >= 4
    assert "mardi 2 février 2027" in text.replace("\u00a0", " ")
    assert "Non obtenues" in text
    assert db.session.scalar(sa.select(sa.func.count(OutboxMessage.id))) >= 2


def test_a_series_asked_twice_with_a_key_is_made_once(world: World) -> None:
    first = book(world, idempotency_key="series")
    again = book(world, idempotency_key="series")
    assert (again.id, again.known) == (first.id, True)
    with pytest.raises(DomainError, match="idempotence"):
        book(world, idempotency_key="series", weekly_until=LAST - timedelta(days=7))


def test_the_number_of_statements_does_not_grow_with_the_dates(world: World) -> None:
    by_another(world, world.free_room, 5)  # whatever is only done once
    book(world, world.free_room)
    counts = []
    for until in (None, LAST):
        start = tuesday(18) if until else tuesday(20, week=5)
        with statements() as sent:
            book(world, starts_at=start, ends_at=start + timedelta(hours=1), weekly_until=until)
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 13, counts


def test_the_database_refuses_a_wish_without_a_reason_or_with_a_price(world: World) -> None:
    made = book(world)
    for values in ({"reason": None}, {"full_value_cents": 100, "reason": "closed"}):
        change = sa.update(BookingDate).where(BookingDate.booking_id == made.id)
        broken = pytest.raises(sa.exc.IntegrityError, match="ck_booking_date_skipped")
        with broken, db.session.begin_nested():
            db.session.execute(change.values(state="skipped", price_cents=0, **values))


def test_the_api_books_and_quotes_a_series(client: FlaskClient, world: World) -> None:
    headers = bearer(world.member)
    body = {
        "room_id": str(world.half_a),
        "start": "2027-01-12T18:00",
        "end": "2027-01-12T20:00",
        "weekly_until": "2027-02-09",
    }
    by_another(world, world.half_a, 3)
    quote = client.post("/api/v1/quotes", json=body).json
    assert [d["available"] for d in quote["dates"]] == [True, True, True, False, True]
    assert quote["dates"][3]["reason"] == "slot_taken"
    assert quote["price_cents"] == 4 * 2500
    asked = body | {
        "organisation_id": str(world.organisation), "purpose": "Judo", "headcount": 4
    }  # fmt: skip
    refused = client.post("/api/v1/bookings", json=asked, headers=headers)
    assert (refused.status_code, refused.json["code"]) == (409, "slot_taken")
    assert [d["start"] for d in refused.json["dates"]] == ["2027-02-02T18:00:00+01:00"]
    made = client.post("/api/v1/bookings", json=asked | {"on_conflict": "skip"}, headers=headers)
    assert made.status_code == 201
    assert [d["state"] for d in made.json["dates"]].count("skipped") == 1
    assert made.json["dates"][3]["reason"] == "slot_taken"
    assert made.json["price_cents"] == 4 * 2500


def test_the_page_shows_what_can_be_had_then_books_it(client: FlaskClient, world: World) -> None:
    by_another(world, world.half_a, 3)
    sign_in(client, world.member)
    query = "debut=2027-01-12T18:00&fin=2027-01-12T20:00&jusqu_au=2027-02-09"
    page = Page.of(client.get(f"/salles/gymnase-a/reserver?{query}"))
    assert "4 dates libres" in page.text
    assert "100,00 €" in page.text  # four times two hours
    form = page.form("main form[method=post]") | {
        "purpose": "Judo", "headcount": "4", "rules": "y",
    }  # fmt: skip
    answer = client.post("/salles/gymnase-a/reserver", data=form)
    assert answer.status_code == 303
    shown = Page.of(client.get(answer.location))
    assert "4 dates, 18 h – 20 h, à partir du" in shown.h1
    assert "1 date souhaitée, non obtenue" in shown.text


def test_confirming_a_series_takes_no_more_statements_than_one_date(world: World) -> None:
    counts = []
    for until in (None, LAST):
        start = tuesday(18) if until else tuesday(18, week=5)
        end = start + timedelta(hours=2)
        made = book(world, world.free_room, starts_at=start, ends_at=end, weekly_until=until)
        manager = get_user(world.manager)
        with statements() as sent, transaction():
            decide_booking(booking_id=made.id, actor=manager, accept=True, reason="", now=NOW)
        counts.append(len(sent))
    assert counts[1] <= counts[0], counts
    grants = list_grants(made.id, NOW)
    assert len({grant.date_id for grant in grants}) == 5
