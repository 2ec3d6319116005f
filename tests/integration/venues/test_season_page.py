"""The page of a season: rooms × dates, reasons, ways out, spreadsheet."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from salle.db import db
from salle.venues.models import Room, SchoolHoliday
from salle.venues.rules import OccupationKind, Period
from salle.venues.season_form import end_of_year
from tests.factories import at, make_room, make_site, occupy
from tests.support.html import Page
from tests.support.queries import statements
from tests.support.rooms import DAY, make_open_room, open_rooms

pytestmark = pytest.mark.usefixtures("session")
WEEKS = [DAY + timedelta(weeks=n) for n in range(5)]
WEEKDAY = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")[DAY.weekday()]


def asked(**values: Any) -> dict[str, Any]:
    return {
        "jours": str(DAY.isoweekday()),
        "de": "18:00",
        "a": "20:00",
        "jour": DAY.isoformat(),
        "jusqu_au": WEEKS[-1].isoformat(),
        "ou": "Rennes",
        **values,
    }


def open_page(client: FlaskClient, *, status: int = 200, **values: Any) -> Page:
    return Page.of(client.get("/salles/saison", query_string=asked(**values)), status=status)


@pytest.fixture
def room() -> Room:
    return make_open_room()


def test_the_bare_address_shows_a_form_and_no_error(client: FlaskClient, room: Room) -> None:
    page = Page.of(client.get("/salles/saison"))
    assert page.h1 == "Toute une saison"
    assert [box["value"] for box in page.all("[name=jours][checked]")] == ["2"]
    assert page.all("[name=hors_vacances][checked]")
    assert not page.all("table")


def test_each_room_says_how_many_dates_it_serves(client: FlaskClient, room: Room) -> None:
    occupy(room, at(WEEKS[1], 18), at(WEEKS[1], 19))
    page = open_page(client)
    assert page.h1.startswith(f"1 salle pour vos {WEEKDAY}s")
    assert "4 dates sur 5" in page.text
    cells = page.texts("table tbody td")
    assert [cell.replace("1", "").strip(" ,") for cell in cells] == [
        "libre",
        "occupé, cas",
        "libre",
        "libre",
        "libre",
    ]


def test_a_missing_date_has_its_reason_and_links_to_what_works(
    client: FlaskClient, room: Room
) -> None:
    sibling = make_room(site=room.site, name="Moitié sud")
    occupy(room, at(WEEKS[1], 17), at(WEEKS[1], 18.5), kind=OccupationKind.SCHOOL)
    page = open_page(client)
    assert "se sert de cette salle pour ses cours" in page.text
    ways = [link for link in page.all("details a.c-link") if "debut=" in link["href"]]
    assert [room.slug in ways[0]["href"], sibling.slug in ways[1]["href"]] == [True, True]
    assert f"debut={WEEKS[1]}T18:30" in str(ways[0]["href"]).replace("%3A", ":")


def test_a_series_can_be_booked_from_its_row(client: FlaskClient, room: Room) -> None:
    page = open_page(client, hors_vacances="1")
    href = page.link(f"Réserver ces 5 {WEEKDAY}s : {room.name}").replace("%3A", ":")
    assert href.startswith(f"/salles/{room.slug}/reserver?debut={DAY}T18:00:00")
    assert f"jusqu_au={WEEKS[-1]}" in href
    assert "hors_vacances=1" in href


def test_a_room_without_a_price_offers_no_booking(client: FlaskClient) -> None:
    room = make_room(site=make_site(commune="Rennes"), hourly_cents=None, windows=False)
    open_rooms(room)
    assert "Réserver ces" not in open_page(client).text


def test_several_weekdays_have_a_series_each(client: FlaskClient, room: Room) -> None:
    other = DAY + timedelta(days=2)
    page = open_page(client, jours=[str(DAY.isoweekday()), str(other.isoweekday())])
    assert len(page.all("a[href*='jusqu_au='].c-button")) == 2
    assert "9 dates sur 9" in page.text


def test_school_holidays_are_a_break_in_the_table(client: FlaskClient, room: Room) -> None:
    db.session.add(
        SchoolHoliday(
            calendar=room.site.calendar,
            school_year="2026-2027",
            label="Vacances d’essai",
            period=Period.HOLIDAYS,
            first_day=WEEKS[2],
            last_day=WEEKS[2],
            source="essai",
        )
    )
    db.session.flush()
    page = open_page(client, hors_vacances="1")
    assert "4 dates sur 4" in page.text
    assert len(page.all("tbody td.is-after")) == 1
    assert "5 dates sur 5" in open_page(client).text


def test_nothing_good_enough_proposes_to_ask_for_less(client: FlaskClient, room: Room) -> None:
    for day in WEEKS[:3]:
        occupy(room, at(day, 8), at(day, 22))
    page = open_page(client)
    assert "Aucune salle ne sert assez de dates" in page.text
    assert "part=0.25" in page.link("Les salles qui servent au moins un quart des dates")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"jours": "8"}, "jours"),
        ({"de": "20:00", "a": "18:00"}, "a"),
        ({"jusqu_au": "demain"}, "jusqu_au"),
        ({"jusqu_au": (DAY - timedelta(days=1)).isoformat()}, "jusqu_au"),
        ({"jusqu_au": (DAY + timedelta(weeks=61)).isoformat()}, "jusqu_au"),
        ({"jour": "2020-01-01"}, "jour"),
        ({"part": "2"}, "part"),
        ({"ou": "Nulle-Part"}, "ou"),
        ({"rayon": "7"}, "rayon"),
    ],
)
def test_an_answer_to_review_is_said_on_its_field(
    client: FlaskClient, room: Room, changes: dict[str, str], field: str
) -> None:
    page = open_page(client, status=422, **changes)
    assert page.all(f"#{field}-erreur")


@pytest.mark.parametrize("text", ["9999-12-31", "0001-01-01", "\x00", "x" * 500])
@pytest.mark.parametrize("name", ["jour", "jusqu_au", "jours", "de", "part", "ou", "rayon"])
def test_odd_answers_never_break_the_page(
    client: FlaskClient, room: Room, name: str, text: str
) -> None:
    answer = client.get("/salles/saison", query_string=asked(**{name: text}))
    assert answer.status_code in {200, 422}


def test_the_spreadsheet_holds_the_matrix_in_words(client: FlaskClient, room: Room) -> None:
    room.name = "=2+2"
    occupy(room, at(WEEKS[1], 18), at(WEEKS[1], 19))
    answer = client.get("/salles/saison.csv", query_string=asked())
    assert answer.mimetype == "text/csv"
    head, line = csv.reader(io.StringIO(answer.get_data(as_text=True)[1:]), delimiter=";")
    assert head[-5:] == [day.isoformat() for day in WEEKS]
    assert line[0] == "'=2+2"
    assert line[-7:] == ["4", "5", "libre", "occupé", "libre", "libre", "libre"]
    assert client.get("/salles/saison.csv").status_code == 422


def test_pages_follow_each_other(client: FlaskClient, room: Room) -> None:
    for _ in range(12):
        make_room(site=room.site)
    first = open_page(client)
    assert "1 à 10 sur 13" in first.text
    second = Page.of(client.get(first.link("Page suivante")))
    assert "11 à 13 sur 13" in second.text


def test_the_number_of_statements_does_not_grow_with_the_rooms(
    client: FlaskClient, room: Room
) -> None:
    counts = []
    for number in (1, 6):
        for _ in range(number):
            more = make_room(site=make_site(commune="Rennes"), windows=False)
            open_rooms(more)
            occupy(more, at(DAY, 18), at(DAY, 19), kind=OccupationKind.SCHOOL)
        with statements() as sent:
            open_page(client, hors_vacances="1")
        counts.append(len(sent))
    assert counts[0] == counts[1]


def test_the_search_and_the_home_page_lead_here(client: FlaskClient, room: Room) -> None:
    assert Page.of(client.get("/")).link("Toutes les semaines ? Cherchez pour une saison")
    search = Page.of(client.get("/salles", query_string={"jour": DAY.isoformat(), "ou": "Rennes"}))
    href = search.link("Toute la saison")
    assert f"jour={DAY}" in href
    page = Page.of(client.get(href))
    assert f"vos {WEEKDAY}s" in page.h1
    assert page.link("Une seule date").startswith("/salles?")


def test_a_season_ends_in_june() -> None:
    assert end_of_year(date(2026, 11, 24)) == date(2027, 6, 30)
    assert end_of_year(date(2027, 6, 1)) == date(2028, 6, 30)
