"""People in a building and hours of an organisation: who counts, who does not, what is said."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from salle.adapters.stripe_gateway import FakeGateway
from salle.bookings import checkout
from salle.bookings.cancellation import cancel_booking
from salle.bookings.creation import create_booking
from salle.bookings.limits import review_limits
from salle.bookings.models import Booking
from salle.bookings.offers import Request
from salle.bookings.queries import get_view
from salle.bookings.quotas import Quota, QuotaPeriod
from salle.bookings.rules import BookingState
from salle.bookings.service import expire_booking
from salle.db import db, transaction, translate
from salle.kernel.errors import DomainError
from salle.organisations.models import Organisation
from salle.payments.models import Payment
from salle.payments.queries import find_latest_payment
from salle.payments.rules import PaymentState
from salle.venues.asking import ENDS_IN_TIME, Refused, check_times, room_rules
from salle.venues.availability import Interval, alternatives
from salle.venues.models import Room, Site
from salle.venues.queries import get_room
from tests.support.world import NOW, World, build_world, get_user, tuesday


@pytest.fixture
def world(session: None) -> World:
    return build_world()


def book(
    world: World,
    room: uuid.UUID,
    start: datetime,
    end: datetime,
    *,
    people: int = 10,
    other: bool = False,
) -> Booking:
    return create_booking(
        request=Request(
            room_id=room,
            organisation_id=world.other_organisation if other else world.organisation,
            starts_at=start,
            ends_at=end,
            purpose="Essai",
            headcount=people,
        ),
        actor=get_user(world.other_member if other else world.member),
        now=NOW,
    )


def refused(code: str, *args: object, **values: object) -> str:
    with pytest.raises(DomainError) as error:
        book(*args, **values)  # type: ignore[arg-type]
    assert error.value.code == code
    return error.value.message.replace("\u00a0", " ").replace("\u202f", " ")


def allow(world: World, people: int) -> None:
    db.session.get_one(Site, world.site_id).max_people = people
    db.session.flush()


def set_quota(
    world: World,
    hours: int,
    *,
    period: QuotaPeriod = QuotaPeriod.MONTH,
    whole: bool = False,
    organisation: uuid.UUID | None = None,
) -> Quota:
    quota = Quota(
        territory_id=world.territory_id,
        site_id=None if whole else world.site_id,
        organisation_id=organisation,
        period=period,
        hours=hours,
    )
    db.session.add(quota)
    db.session.flush()
    return quota


def test_the_building_counts_all_its_rooms(world: World) -> None:
    allow(world, 100)
    book(world, world.half_a, tuesday(18), tuesday(20), people=60)
    book(world, world.free_room, tuesday(18), tuesday(20), people=30, other=True)
    said = refused(
        "too_many_people", world, world.half_b, tuesday(19), tuesday(21), people=11, other=True
    )
    assert said.startswith("Le collège des Essais accueille 100 personnes au plus")
    assert "90 y sont déjà attendues mardi 12 janvier 2027, 19 h – 21 h" in said
    assert "vous en annoncez 11. Venez à 10 au plus, ou choisissez un autre créneau." in said
    book(world, world.half_b, tuesday(19), tuesday(21), people=10, other=True)


def test_a_whole_room_of_two_spaces_counts_once(world: World) -> None:
    allow(world, 100)
    book(world, world.whole, tuesday(18), tuesday(20), people=60)
    book(world, world.free_room, tuesday(18), tuesday(20), people=40, other=True)


def test_people_who_have_left_or_cancelled_do_not_count(world: World) -> None:
    allow(world, 60)
    first = book(world, world.half_a, tuesday(18), tuesday(20), people=60)
    book(world, world.half_b, tuesday(20), tuesday(21), people=60)
    refused("too_many_people", world, world.half_b, tuesday(18), tuesday(19), people=1)
    cancel_booking(booking_id=first.id, actor=get_user(world.member), reason="", now=NOW)
    book(world, world.half_b, tuesday(18), tuesday(19), people=60)


def test_the_dates_of_one_series_count_together(world: World) -> None:
    allow(world, 80)
    book(world, world.half_a, tuesday(18, week=1), tuesday(20, week=1), people=60)
    room = get_room(world.half_b)
    set_quota(world, 7)
    slots = [Interval(tuesday(18, week=week), tuesday(20, week=week)) for week in range(4)]
    found = review_limits(room=room, organisation_id=world.organisation, headcount=30, slots=slots)
    # 12, 19, 26 January and 2 February; the first booking has 2 of the 7 hours of January.
    codes = [error and error.code for error in found]
    assert codes == [None, "too_many_people", None, None]
    set_quota(world, 5, organisation=world.organisation)
    found = review_limits(room=room, organisation_id=world.organisation, headcount=10, slots=slots)
    assert [error and error.code for error in found] == [None, "quota_exceeded"] + [
        "quota_exceeded",
        None,
    ]


def test_a_quota_counts_held_requested_and_confirmed_dates(world: World) -> None:
    set_quota(world, 5)
    book(world, world.half_a, tuesday(18), tuesday(20))  # held
    book(world, world.free_room, tuesday(18, week=1), tuesday(20, week=1))  # requested
    said = refused("quota_exceeded", world, world.half_a, tuesday(18, week=2), tuesday(20, week=2))
    assert said.startswith(
        "Le collège des Essais accorde 5 h par mois à chaque association, dans ses salles."
    )
    assert "Vous en avez déjà pris 4 h en janvier 2027" in said
    assert "Il vous reste 1 h : raccourcissez votre créneau" in said
    assert "après le dimanche 31 janvier 2027" in said
    book(world, world.half_a, tuesday(18, week=2), tuesday(19, week=2))
    book(world, world.half_a, tuesday(18, week=3), tuesday(20, week=3))  # February


def test_a_quota_is_each_association_s_own(world: World) -> None:
    set_quota(world, 2)
    book(world, world.half_a, tuesday(18), tuesday(20))
    refused("quota_exceeded", world, world.half_b, tuesday(18), tuesday(20))
    book(world, world.half_b, tuesday(18), tuesday(20), other=True)


def test_a_named_quota_replaces_the_default_one(world: World) -> None:
    set_quota(world, 1)
    set_quota(world, 4, organisation=world.organisation)
    book(world, world.half_a, tuesday(18), tuesday(20))
    refused("quota_exceeded", world, world.half_b, tuesday(18), tuesday(20), other=True)


def test_site_and_territory_quotas_hold_together(world: World) -> None:
    set_quota(world, 40)
    set_quota(world, 3, whole=True, period=QuotaPeriod.WEEK)
    book(world, world.half_a, tuesday(18), tuesday(20))
    said = refused("quota_exceeded", world, world.half_b, tuesday(18), tuesday(20))
    assert said.startswith("Fiction accorde 3 h par semaine")
    book(world, world.half_b, tuesday(18, week=1), tuesday(20, week=1))


def test_cancelled_hours_come_back(world: World) -> None:
    set_quota(world, 2, period=QuotaPeriod.SCHOOL_YEAR)
    first = book(world, world.half_a, tuesday(18), tuesday(20))
    refused("quota_exceeded", world, world.half_b, tuesday(18), tuesday(20))
    cancel_booking(booking_id=first.id, actor=get_user(world.member), reason="", now=NOW)
    book(world, world.half_b, tuesday(18), tuesday(20))


def test_an_overdue_hold_in_the_way_is_not_counted(world: World) -> None:
    set_quota(world, 2)
    book(world, world.half_a, tuesday(18), tuesday(20))
    later = NOW + timedelta(minutes=11)
    create_booking(
        request=Request(
            room_id=world.half_a,
            organisation_id=world.organisation,
            starts_at=tuesday(18),
            ends_at=tuesday(20),
            purpose="De nouveau",
            headcount=3,
        ),
        actor=get_user(world.member),
        now=later,
    )


def test_the_same_quota_cannot_be_written_twice(world: World) -> None:
    set_quota(world, 2)
    with pytest.raises(IntegrityError) as error, db.session.begin_nested():
        set_quota(world, 3)
    known = translate(error.value)
    assert known is not None
    assert "existe déjà" in known.message


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE quota SET hours = -1", "ck_quota_hours"),
        ("UPDATE quota SET period = 'day'", "ck_quota_period"),
        ("UPDATE site SET max_people = 0", "ck_site_max_people"),
        ("UPDATE room SET latest_minute = 359", "ck_room_latest_minute"),
        ("UPDATE room SET latest_minute = 1741", "ck_room_latest_minute"),
    ],
)
def test_the_database_refuses_impossible_rules(
    world: World, statement: str, constraint: str
) -> None:
    set_quota(world, 2)
    with pytest.raises(IntegrityError, match=constraint), db.session.begin_nested():
        db.session.execute(sa.text(statement))


def test_the_latest_hour_of_a_room_refuses(world: World) -> None:
    db.session.get_one(Room, world.half_a).latest_minute = 20 * 60
    db.session.flush()
    said = refused("too_late", world, world.half_a, tuesday(19), tuesday(21))
    assert said == (
        "Le collège des Essais demande que cette salle soit rendue à 20 h au plus tard. "
        "Choisissez un créneau qui finit à 20 h ou avant."
    )


def test_an_insurance_refusal_says_until_when(world: World) -> None:

    db.session.get_one(Organisation, world.organisation).insured_until = date(2027, 1, 11)
    db.session.flush()
    said = refused("insurance_missing", world, world.half_a, tuesday(19), tuesday(21))
    assert "mardi 12 janvier 2027" in said
    assert "s’arrête le lundi 11 janvier 2027" in said


def test_the_latest_hour_in_sql_is_that_in_python(world: World) -> None:
    """Searches filter in SQL; bookings check in Python: one rule."""

    statement = sa.text(
        f"SELECT {ENDS_IN_TIME} FROM room r JOIN site s ON s.id = r.site_id WHERE r.id = :room"
    )
    dice = random.Random(22)
    room = get_room(world.half_a)
    room.step_minutes, room.min_minutes, room.max_minutes = 5, 5, 1440
    # Around the two nights of a clock change, and any other.
    for first in (datetime(2027, 3, 27, tzinfo=UTC), datetime(2027, 10, 30, tzinfo=UTC), NOW):
        for _ in range(60):
            room.latest_minute = dice.choice([None, *range(360, 1741, 15)])
            db.session.flush()
            start = first + timedelta(minutes=15 * dice.randrange(1, 4 * 48))
            end = start + timedelta(minutes=15 * dice.randrange(1, 96))
            try:
                check_times(room_rules(room), start, end, min(NOW, start))
                said: bool | None = True
            except Refused as error:
                said = False if error.code == "too_late" else None
            row = db.session.scalar(statement, {"room": room.id, "start": start, "end": end})
            assert row is said, (room.latest_minute, start, end)


def test_no_other_hours_are_proposed_past_the_latest_one(world: World) -> None:
    book(world, world.half_a, tuesday(18), tuesday(19))
    room = get_room(world.half_a)
    asked = (room, tuesday(18), tuesday(20), NOW)
    assert alternatives(*asked)
    for one in (world.half_a, world.half_b, world.free_room):
        db.session.get_one(Room, one).latest_minute = 19 * 60
    db.session.flush()
    assert alternatives(*asked) == []


def test_a_late_payment_is_refunded_when_the_building_has_filled(
    world: World, gateway: FakeGateway
) -> None:
    with transaction():
        first = book(world, world.half_a, tuesday(18), tuesday(20), people=60)
    checkout.open_checkout(booking_id=first.id, success_url="x", cancel_url="x", now=NOW)
    payment = find_latest_payment(first.id)
    assert payment is not None
    payment_id, later = payment.id, NOW + timedelta(minutes=12)
    with transaction():
        expire_booking(booking_id=first.id, now=later)
        allow(world, 100)
        book(world, world.half_b, tuesday(18), tuesday(20), people=50, other=True)
    session_id = db.session.get_one(Payment, payment_id).session_id
    assert session_id is not None
    gateway.pay(session_id)
    checkout.check_payment(payment_id=payment_id, now=later)
    assert get_view(first.id).booking.state == BookingState.EXPIRED
    assert db.session.get_one(Payment, payment_id).state == PaymentState.REFUNDING


def test_hours_count_on_the_civil_day_of_their_own_site(world: World) -> None:
    """A use late on 31 January there is of January, although it is February in UTC and Paris."""
    set_quota(world, 2)
    db.session.get_one(Site, world.site_id).time_zone = "America/Guadeloupe"
    db.session.flush()
    night = datetime(2027, 2, 1, 2, tzinfo=UTC)  # 22 h on 31 January there
    slots = [Interval(night, night + timedelta(hours=2))] * 2
    room = get_room(world.half_a)
    found = review_limits(room=room, organisation_id=world.organisation, headcount=1, slots=slots)
    assert [error and error.code for error in found] == [None, "quota_exceeded"]
    assert found[1] is not None
    assert "en janvier 2027" in found[1].message
