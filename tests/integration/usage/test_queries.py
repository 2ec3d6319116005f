"""Hours opened and reused, associations and money, on real rows."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from salle.bookings.rules import DateState
from salle.db import db
from salle.kernel.clock import from_wall
from salle.kernel.errors import Invalid, NotFound
from salle.organisations.models import Organisation, OrganisationKind
from salle.usage.queries import Usage, get_site, list_evenings, measure, site_periods
from salle.usage.rules import Days
from salle.venues.models import OpeningWindow, Room, RoomSpace, Schedule, Site, Space
from salle.venues.rules import OccupationKind
from tests.support.world import NOW, World, build_world, tuesday

Book = Callable[..., Any]
HOUR = 3600
WEEK = Days(first=date(2027, 1, 11), last=date(2027, 1, 17))
TUESDAY = Days(first=date(2027, 1, 12), last=date(2027, 1, 12))


def usages(
    world: World, days: Days = WEEK, *, now: datetime = NOW, links: Iterable[Any] | None = None
) -> list[Usage]:
    db.session.expire_all()
    site = db.session.get(Site, world.site_id)
    return measure(site_periods(links or [(site, None, None)], days), now)


def total(world: World, days: Days = WEEK, *, now: datetime = NOW) -> Usage:
    return usages(world, days, now=now)[0]


def open_window(world: World, day: date, start: datetime, end: datetime) -> None:
    room = db.session.get(Room, world.whole)
    assert room is not None
    db.session.add(
        OpeningWindow(schedule_id=room.schedule_id, day=day, starts_at=start, ends_at=end)
    )
    db.session.flush()


def close_all(world: World) -> None:
    db.session.execute(sa.delete(OpeningWindow))


# Opened.


def test_opened_when_a_room_and_its_halves_are_open_then_counts_each_space_once(
    world: World,
) -> None:
    found = total(world)
    assert found.spaces == 3  # two halves and the foyer; four rooms
    assert found.opened == 3 * 5 * 7 * HOUR


def test_opened_when_only_the_whole_room_is_published_then_its_spaces_are_open(
    world: World,
) -> None:
    hidden = [world.half_a, world.half_b, world.free_room]
    db.session.execute(sa.update(Room).where(Room.id.in_(hidden)).values(published_at=None))
    assert total(world).opened == 2 * 5 * 7 * HOUR


def test_opened_when_nothing_is_published_then_nothing_is_open(world: World) -> None:
    db.session.execute(sa.update(Room).values(published_at=None))
    assert total(world).opened == 0


def test_opened_when_windows_overlap_then_counts_the_hour_once(world: World) -> None:
    open_window(world, date(2027, 1, 12), tuesday(18), tuesday(23))
    assert total(world, TUESDAY).opened == 3 * 6 * HOUR


@pytest.mark.parametrize("kind", [OccupationKind.SCHOOL, OccupationKind.BLOCK])
def test_opened_when_the_school_uses_or_blocks_a_space_then_takes_it_off(
    world: World, occupy: Book, kind: OccupationKind
) -> None:
    occupy(world.spaces[0], tuesday(14), tuesday(19), kind)  # opening is at 17 h
    assert total(world, TUESDAY).opened == (3 * 5 - 2) * HOUR


def test_opened_when_a_booking_takes_a_space_then_it_stays_open_time(
    world: World, book: Book
) -> None:
    book(world.whole, tuesday(18), tuesday(20))
    assert total(world, TUESDAY).opened == 3 * 5 * HOUR


def test_opened_when_a_window_passes_midnight_then_is_clipped_to_the_day(world: World) -> None:
    close_all(world)
    open_window(world, date(2027, 1, 12), tuesday(20), tuesday(20) + timedelta(hours=8))
    assert total(world, TUESDAY).opened == 3 * 4 * HOUR
    next_day = Days(first=date(2027, 1, 13), last=date(2027, 1, 13))
    assert total(world, next_day).opened == 3 * 4 * HOUR


def test_opened_when_the_hours_of_that_time_are_dropped_then_is_unknown(world: World) -> None:
    before = Days(first=date(2026, 8, 31), last=date(2027, 1, 17))
    found = total(world, before)
    assert (found.opened, found.opened_past) == (None, None)
    assert found.reused == 0


# Reused.


def test_reused_when_the_whole_is_booked_then_counts_each_of_its_spaces(
    world: World, book: Book
) -> None:
    book(world.whole, tuesday(18), tuesday(20))
    found = total(world)
    assert (found.reused, found.booked) == (4 * HOUR, 2 * HOUR)
    assert (found.bookings, found.dates) == (1, 1)


def test_reused_when_a_half_is_booked_then_counts_that_space(world: World, book: Book) -> None:
    book(world.half_a, tuesday(18), tuesday(20))
    found = total(world)
    assert (found.reused, found.booked) == (2 * HOUR, 2 * HOUR)


@pytest.mark.parametrize("state", sorted(set(DateState) - {DateState.CONFIRMED}))
def test_reused_when_not_confirmed_then_does_not_count(
    world: World, book: Book, state: DateState
) -> None:
    book(world.whole, tuesday(18), tuesday(20), state=state)
    found = total(world)
    assert (found.reused, found.booked, found.bookings, found.associations) == (0, 0, 0, 0)


def test_reused_when_a_booking_crosses_the_end_of_the_period_then_is_clipped(
    world: World, book: Book
) -> None:
    book(world.half_a, tuesday(22), tuesday(22) + timedelta(hours=4))  # until 2 h on Wednesday
    assert total(world, TUESDAY).reused == 2 * HOUR
    wednesday = Days(first=date(2027, 1, 13), last=date(2027, 1, 13))
    assert total(world, wednesday).reused == 2 * HOUR
    assert total(world, wednesday).booked == 2 * HOUR
    both = Days(first=TUESDAY.first, last=wednesday.last)
    assert (total(world, both).reused, total(world, both).dates) == (4 * HOUR, 1)
    before = Days(first=date(2027, 1, 11), last=date(2027, 1, 11))
    assert total(world, before).bookings == 0


def test_reused_when_it_ends_at_midnight_then_the_next_day_has_nothing(
    world: World, book: Book
) -> None:
    book(world.half_a, tuesday(22), tuesday(22) + timedelta(hours=2))
    wednesday = Days(first=date(2027, 1, 13), last=date(2027, 1, 13))
    assert (total(world, wednesday).reused, total(world, wednesday).dates) == (0, 0)


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2027, 3, 28), 5), (date(2027, 10, 31), 7), (date(2027, 1, 12), 6)]
)
def test_hours_when_clocks_change_at_night_then_are_elapsed_hours(
    world: World, book: Book, day: date, hours: int
) -> None:
    close_all(world)
    start = from_wall(datetime(day.year, day.month, day.day, 0))  # noqa: DTZ001
    end = from_wall(datetime(day.year, day.month, day.day, 6))  # noqa: DTZ001
    open_window(world, day, start, end)
    book(world.half_a, start, end)
    found = total(world, Days(first=day, last=day))
    assert (found.opened, found.reused) == (3 * hours * HOUR, hours * HOUR)


def test_hours_when_now_is_in_the_middle_then_are_split(world: World, book: Book) -> None:
    book(world.whole, tuesday(18), tuesday(20))
    found = total(world, TUESDAY, now=tuesday(18, 30))
    assert (found.reused, found.reused_past) == (4 * HOUR, HOUR)
    assert (found.opened, found.opened_past) == (15 * HOUR, 3 * HOUR + HOUR + HOUR // 2)
    assert total(world, TUESDAY, now=NOW).reused_past == 0
    assert total(world, TUESDAY, now=tuesday(23)).reused_past == 4 * HOUR


# Associations.


def test_associations_when_one_comes_twice_then_is_counted_once(world: World, book: Book) -> None:
    book(world.half_a, tuesday(18), tuesday(19))
    book(world.half_a, tuesday(19), tuesday(20))
    book(world.half_b, tuesday(18), tuesday(19), organisation=world.other_organisation)
    found = total(world, now=tuesday(18, 30))
    assert (found.bookings, found.associations, found.associations_past) == (3, 2, 2)
    assert total(world, now=NOW).associations_past == 0


def test_associations_when_a_company_books_then_its_hours_count_but_not_itself(
    world: World, book: Book
) -> None:
    db.session.execute(
        sa.update(Organisation)
        .where(Organisation.id == world.organisation)
        .values(kind=OrganisationKind.COMPANY)
    )
    book(world.half_a, tuesday(18), tuesday(19))
    found = total(world)
    assert (found.reused, found.associations) == (HOUR, 0)


# Money.


def test_money_when_paid_then_goes_to_the_college_and_nothing_to_the_department(
    world: World, book: Book, pay: Book
) -> None:
    pay(book(world.half_a, tuesday(18), tuesday(20)), NOW + timedelta(hours=1))
    found = total(world)
    assert (found.paid_cents, found.refunded_cents) == (2500, 0)
    assert (found.college_cents, found.provider_cents) == (2440, 60)
    assert (found.department_cents, found.payments) == (0, 1)


def test_money_when_refunded_then_the_college_gives_it_back_and_bears_the_fee(
    world: World, book: Book, pay: Book
) -> None:
    booking = book(world.half_a, tuesday(18), tuesday(20), state=DateState.CANCELLED)
    pay(booking, NOW + timedelta(hours=1), refunded_at=NOW + timedelta(hours=2))
    found = total(world)
    assert (found.paid_cents, found.refunded_cents) == (2500, 2500)
    assert (found.college_cents, found.provider_cents, found.department_cents) == (-60, 60, 0)
    assert found.payments == 1
    assert found.reused == 0


def test_money_when_a_commission_was_taken_then_it_shows(
    world: World, book: Book, pay: Book
) -> None:
    pay(book(world.half_a, tuesday(18), tuesday(20)), NOW, fee=None, commission=100)
    found = total(world)
    assert (found.college_cents, found.department_cents) == (2400, 100)


def test_money_when_written_outside_the_period_then_is_not_counted(
    world: World, book: Book, pay: Book
) -> None:
    midnight = datetime(2027, 1, 17, 23, tzinfo=UTC)  # of Paris, the period's end
    pay(book(world.half_a, tuesday(18), tuesday(20)), midnight)
    assert (total(world).paid_cents, total(world).payments) == (0, 0)
    later = Days(first=date(2027, 1, 18), last=date(2027, 1, 18))
    assert total(world, later).paid_cents == 2500


# Scope.


def test_measure_when_there_are_several_sites_then_total_comes_first_and_adds_up(
    world: World, book: Book, pay: Book
) -> None:
    other = build_world()
    booking = book(world.half_a, tuesday(18), tuesday(20))
    pay(booking, NOW)
    book(other.whole, tuesday(18), tuesday(20))  # by the same association
    first, second = (db.session.get(Site, w.site_id) for w in (world, other))
    found = usages(world, links=[(first, None, None), (second, None, None)])
    assert [usage.site for usage in found] == [None, first, second]
    assert [usage.reused for usage in found] == [6 * HOUR, 2 * HOUR, 4 * HOUR]
    assert [usage.booked for usage in found] == [4 * HOUR, 2 * HOUR, 2 * HOUR]
    assert [usage.associations for usage in found] == [1, 1, 1]
    assert [usage.paid_cents for usage in found] == [2500, 2500, 0]
    assert [usage.opened for usage in found] == [210 * HOUR, 105 * HOUR, 105 * HOUR]


def test_measure_when_a_site_is_not_asked_for_then_is_left_out(world: World, book: Book) -> None:
    other = build_world()
    book(other.whole, tuesday(18), tuesday(20))
    assert total(world).reused == 0


def test_measure_when_there_is_no_site_then_everything_is_zero(session: None) -> None:
    (only,) = measure([], NOW)
    assert (only.opened, only.reused, only.paid_cents, only.department_cents) == (0, 0, 0, 0)


def test_site_periods_when_linked_later_or_closed_then_are_clipped(world: World) -> None:
    site = db.session.get(Site, world.site_id)
    assert site is not None
    linked = usages(world, links=[(site, date(2027, 1, 16), date(2027, 1, 17))])
    assert linked[0].opened == 3 * 5 * HOUR
    assert site_periods([(site, date(2027, 2, 1), None)], WEEK) == []
    site.closed_on = date(2027, 1, 12)
    db.session.flush()
    assert total(world).opened == 3 * 5 * HOUR


def test_period_when_the_site_lives_in_another_zone_then_its_days_are_meant(
    world: World, book: Book
) -> None:
    site = db.session.get(Site, world.site_id)
    assert site is not None
    site.time_zone = "Indian/Reunion"
    db.session.flush()
    # 20 h UTC on Tuesday is midnight there: half of it belongs to Wednesday.
    book(world.half_a, tuesday(20), tuesday(22))
    assert total(world, TUESDAY).reused == HOUR


# Evenings.


def test_evenings_when_open_and_booked_then_are_cut_to_17_22_by_month_and_weekday(
    world: World, book: Book
) -> None:
    close_all(world)
    open_window(world, date(2027, 1, 12), tuesday(8), tuesday(8) + timedelta(hours=24))
    book(world.whole, tuesday(15), tuesday(19))
    site = db.session.get(Site, world.site_id)
    found = list_evenings(site_periods([(site, None, None)], WEEK), NOW)  # type: ignore[list-item]
    assert found == [(date(2027, 1, 1), 2, 3 * 5 * HOUR, 2 * 2 * HOUR)]


# Sites.


def test_get_site_when_uai_or_id_then_finds_it(world: World) -> None:
    site = db.session.get(Site, world.site_id)
    assert site is not None
    assert get_site(site.uai.lower()).id == get_site(str(site.id)).id == site.id


def test_get_site_when_malformed_or_unknown_then_says_so(session: None) -> None:
    with pytest.raises(Invalid):
        get_site("collège")
    with pytest.raises(NotFound):
        get_site(str(uuid.uuid4()))


def test_opened_when_rooms_sharing_a_space_have_other_hours_then_takes_the_union(
    world: World,
) -> None:
    """The foyer is open from 17 h to 22 h; a second room on it opens from 15 h to 18 h."""
    foyer = db.session.scalar(sa.select(Space).where(Space.name == "Foyer"))
    room = db.session.get(Room, world.half_b)
    assert foyer is not None
    assert room is not None
    schedule = Schedule(id=uuid.uuid4(), site_id=world.site_id, for_room=True)
    db.session.add(schedule)
    db.session.flush()
    room.schedule_id = schedule.id
    db.session.execute(
        sa.update(RoomSpace).where(RoomSpace.room_id == room.id).values(space_id=foyer.id)
    )
    db.session.add(
        OpeningWindow(
            schedule_id=schedule.id, day=TUESDAY.first, starts_at=tuesday(15), ends_at=tuesday(18)
        )
    )
    db.session.flush()
    assert total(world, TUESDAY).opened == (5 + 5 + 7) * HOUR
