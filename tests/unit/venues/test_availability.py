"""The pure parts: days to look at, forms, places' words, boxes."""

from __future__ import annotations

import math
import random
from datetime import UTC, date, datetime, timedelta

import pytest
from werkzeug.datastructures import MultiDict

from salle.kernel.clock import day_span
from salle.venues.availability import utc_days
from salle.venues.cards import monday_of, price_words
from salle.venues.forms import SearchForm, SlotForm, clock_choices, default_day
from salle.venues.geography import box_around

NOW = datetime(2027, 1, 12, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        ("2027-01-12T17:00", "2027-01-12T19:00", date(2027, 1, 11), date(2027, 1, 12)),
        # 29 hours back: the longest row may have begun two UTC days before.
        ("2027-01-12T04:00", "2027-01-12T06:00", date(2027, 1, 10), date(2027, 1, 12)),
        # 4 hours forward: the largest buffer is kept before a use of the next day.
        ("2027-01-12T17:00", "2027-01-12T20:00", date(2027, 1, 11), date(2027, 1, 13)),
    ],
)
def test_utc_days_look_far_enough(start: str, end: str, first: date, last: date) -> None:
    low, high = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (start, end))
    days = utc_days(low, high)
    assert (days[0], days[-1]) == (first, last)
    assert days == [first + timedelta(days=n) for n in range((last - first).days + 1)]


@pytest.mark.parametrize("seed", range(50))
def test_utc_days_hold_every_row_that_may_touch(seed: int) -> None:
    chance = random.Random(seed)
    start = NOW + timedelta(minutes=chance.randrange(-100_000, 100_000))
    end = start + timedelta(minutes=chance.randrange(1, 3000))
    days = set(utc_days(start, end))
    for _ in range(50):
        row = start + timedelta(minutes=chance.randrange(-2500, 4000))
        frees = row + timedelta(minutes=chance.randrange(1, 29 * 60 + 1))
        buffer = timedelta(minutes=chance.randrange(0, 241))
        if row - buffer < end and start < frees:
            assert row.date() in days


def test_utc_days_stay_inside_the_calendar() -> None:
    assert utc_days(datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC))
    assert utc_days(datetime.max.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)) == []


def form(**values: str) -> SearchForm:
    return SearchForm(MultiDict(values), NOW)


def test_form_with_nothing_asks_for_this_evening() -> None:
    asked = form()
    assert asked.validate(), asked.errors
    assert asked.slot is not None
    assert asked.slot.instants("Europe/Paris") == (
        datetime(2027, 1, 12, 17, tzinfo=UTC),
        datetime(2027, 1, 12, 19, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("hour", "expected"), [(15, date(2027, 1, 12)), (16, date(2027, 1, 13))]
)  # UTC; 17 h in Paris
def test_default_day_is_tomorrow_once_it_is_late(hour: int, expected: date) -> None:
    assert default_day(NOW.replace(hour=hour)) == expected


@pytest.mark.parametrize(
    ("text", "minutes"), [("18:30", 1110), ("8:05", 485), ("18h", 1080), ("18h30", 1110)]
)
def test_hours_are_read_as_people_write_them(text: str, minutes: int) -> None:
    asked = form(jour="2027-01-13", de=text, a="24:00")
    assert asked.validate(), asked.errors
    assert asked.start == minutes


@pytest.mark.parametrize(
    ("text", "cents"), [("25", 2500), ("12,5", 1250), ("12.50 €", 1250), ("0", 0), ("", None)]
)
def test_prices_are_read_to_the_cent(text: str, cents: int | None) -> None:
    asked = form(prix=text)
    assert asked.validate(), asked.errors
    assert asked.max_price_cents == cents


def test_hour_that_is_over_today_is_refused() -> None:
    asked = form(jour="2027-01-12", de="08:00", a="11:00")
    assert not asked.validate()
    assert "passée" in str(asked.errors["a"])


def test_slot_follows_the_clock_of_the_site() -> None:
    values = {"jour": "2027-03-28", "de": "01:00", "a": "04:00"}
    asked = SlotForm(MultiDict(values), NOW, "Europe/Paris")
    assert asked.validate(), asked.errors
    assert asked.slot is not None
    start, end = asked.slot.instants("Europe/Paris")
    assert end - start == timedelta(hours=2)  # the hour that does not exist


def test_choices_of_hours_keep_what_was_typed() -> None:
    assert len(clock_choices()) == 49
    assert ("18:15", "18\u00a0h\u00a015") in clock_choices("18:15")
    assert clock_choices("24:30", None) == [("24:30", "24:30"), *clock_choices()]


@pytest.mark.parametrize("lat", [-80.0, -20.9, 0.0, 48.1, 60.0, 89.9])
@pytest.mark.parametrize("km", [0.1, 20.0, 200.0])
def test_box_holds_every_point_of_the_circle(lat: float, km: float) -> None:
    box = box_around(lat, 2.0, km)
    for step in range(72):
        angle = math.radians(step * 5)
        point = lat + km / 111.3 * math.cos(angle)
        if abs(point) > 85:
            continue
        across = km / (111.3 * math.cos(math.radians(point))) * math.sin(angle)
        assert box["south"] <= point <= box["north"]
        assert box["west"] <= 2.0 + across <= box["east"]


def test_week_begins_on_monday() -> None:
    assert monday_of(date(2027, 1, 17)) == date(2027, 1, 11)
    start, end = day_span(date(2027, 3, 22), date(2027, 3, 28))
    assert end - start == timedelta(days=7, hours=-1)


@pytest.mark.parametrize(
    ("cents", "words"),
    [
        (None, ("Tarif non voté", "")),
        (0, ("Gratuit", "pour les associations")),
        (2500, ("25,00\u00a0€", "pour 2\u00a0h")),
    ],
)
def test_price_in_words(cents: int | None, words: tuple[str, str]) -> None:
    assert price_words(cents, timedelta(hours=2)) == words
