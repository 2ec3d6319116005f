"""A room's page, and the rooms of tonight on the home page."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from salle.bookings.rules import BookingState
from salle.venues.models import Room
from salle.venues.rules import OccupationKind, RoomKind
from salle.venues.tonight import list_tonight
from tests.factories import at, make_booking, make_organisation, make_room, make_user, occupy
from tests.support.html import Page
from tests.support.rooms import DAY, make_open_room, spring_forward


@pytest.fixture
def room(session: None) -> Room:
    """A room open from 8 h to 22 h."""
    return make_open_room()


def test_room_page_shows_free_slots_and_books_the_first(client: FlaskClient, room: Room) -> None:
    occupy(room, at(DAY, 12), at(DAY, 17), kind=OccupationKind.SCHOOL)
    occupy(room, at(DAY, 18), at(DAY, 20))
    page = Page.of(client.get(f"/salles/{room.slug}?jour={DAY}&de=20:00&a=22:00"))
    assert page.h1 == "Gymnase des Tilleuls"
    hours = [text for text in page.texts(".c-slot__when") if str(DAY.day) in text]
    assert [text[-11:] for text in hours][-3:] == [" 8 h – 12 h", "17 h – 18 h", "20 h – 22 h"]
    assert "25,00 €" in page.text
    assert "tarif association (délibération" in page.text
    answer = client.get(f"/salles/{room.slug}?jour={DAY}&de=20:00&a=22:00&reserver=1")
    assert answer.status_code == 303
    assert urlsplit(answer.location).path == f"/salles/{room.slug}/reserver"


@pytest.mark.parametrize(
    ("de", "a", "sentence"),
    [
        ("18:00", "20:00", "Ce créneau est déjà pris"),
        ("12:00", "13:00", "se sert de cette salle pour ses cours"),
        ("21:00", "23:00", "Choisissez un créneau qui y tienne"),
    ],
)
def test_room_page_explains_a_refusal(
    client: FlaskClient, room: Room, de: str, a: str, sentence: str
) -> None:
    occupy(room, at(DAY, 12), at(DAY, 17), kind=OccupationKind.SCHOOL)
    occupy(room, at(DAY, 18), at(DAY, 20))
    query = {"jour": DAY.isoformat(), "de": de, "a": a, "reserver": "1"}
    page = Page.of(client.get(f"/salles/{room.slug}", query_string=query))
    assert sentence in page.text
    assert "Ce qui est libre" in page.text
    assert page.form("#reserver")["de"] == de


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"jour": "2020-01-01", "de": "18:00", "a": "20:00"}, "Ce jour est passé"),
        ({"jour": DAY.isoformat(), "de": "20:00", "a": "18:00"}, "La fin doit venir après"),
        ({"jour": "x\x00", "de": "18:00", "a": "20:00"}, "Indiquez un jour"),
        ({"jour": DAY.isoformat()}, "Indiquez une heure"),
    ],
)
def test_room_page_explains_bad_hours(
    client: FlaskClient, room: Room, query: dict[str, str], sentence: str
) -> None:
    answer = client.get(f"/salles/{room.slug}", query_string={**query, "reserver": "1"})
    page = Page.of(answer, status=422)
    assert any(sentence in error for error in page.errors())


def test_room_page_without_tariff_or_opening(client: FlaskClient, session: None) -> None:
    room = make_room(windows=False, hourly_cents=None)
    page = Page.of(client.get(f"/salles/{room.slug}"))
    assert "Rien de libre" in page.text
    assert "Tarif non voté" in page.text
    query = f"jour={DAY}&de=18:00&a=20:00&reserver=1"
    page = Page.of(client.get(f"/salles/{room.slug}?{query}"))
    assert "n’ouvre pas cette salle" in page.text
    assert "pas encore voté de tarif" in page.text


def test_week_tells_what_takes_the_room_and_never_who(client: FlaskClient, room: Room) -> None:
    occupy(room, at(DAY, 8), at(DAY, 10), kind=OccupationKind.SCHOOL)
    organisation, user = make_organisation(name="Les Discrets"), make_user(name="Yaël Secret")
    for hours, state in (((12, 14), BookingState.CONFIRMED), ((16, 17), BookingState.HELD)):
        starts_at, ends_at = (at(DAY, hour) for hour in hours)
        make_booking(
            room=room, organisation=organisation, user=user, state=state,
            starts_at=starts_at, ends_at=ends_at,
        )  # fmt: skip
    occupy(room, at(DAY, 14), at(DAY, 15), kind=OccupationKind.BLOCK)
    page = Page.of(client.get(f"/salles/{room.slug}?semaine={DAY}"))
    [row] = [
        [" ".join(cell.text.split()) for cell in line.select("th, td")]
        for line in page.all(".c-table tbody tr")
        if line.th is not None and line.th.text.endswith(f" {DAY.day}")
    ]
    assert row[1] == "10 h – 12 h, 15 h – 16 h, 17 h – 22 h"
    assert row[2] == "8 h – 10 h collège, 12 h – 15 h occupé, 16 h – 17 h en attente"
    for secret in ("Discrets", "Secret", "Entraînement"):
        assert secret not in str(page.soup)


def test_room_page_tells_how_to_reach_the_site(client: FlaskClient, room: Room) -> None:
    room.site.phone, room.site.email = "02 99 00 00 00", "tilleuls@essai.example"
    page = Page.of(client.get(f"/salles/{room.slug}"))
    assert "02 99 00 00 00" in page.text
    assert "tilleuls@essai.example" in page.text


def evening(monkeypatch: pytest.MonkeyPatch, hour: float) -> None:
    monkeypatch.setattr("salle.venues.tonight.utcnow", lambda: at(DAY, hour))


def test_home_page_shows_four_rooms_free_tonight(
    client: FlaskClient, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    evening(monkeypatch, 16)
    others = [make_room(site=room.site, name=f"Salle {n}", windows=False) for n in range(5)]
    occupy(room, at(DAY, 18), at(DAY, 22))
    occupy(others[0], at(DAY, 20), at(DAY, 22))
    with client.application.test_request_context():
        shown = list_tonight()
    assert [window.name for window in shown] == ["Salle 0", "Salle 1", "Salle 2", "Salle 3"]
    hours = [" ".join(window.hours.split()) for window in shown]
    assert hours == ["18 h – 20 h", *["18 h – 22 h"] * 3]
    page = Page.of(client.get("/"))
    assert "Salle 3" in page.text
    assert room.name not in page.text
    assert client.get(str(shown[0].href)).status_code == 200


@pytest.mark.parametrize(("hour", "hours"), [(19.25, ["19 h 30 – 22 h"]), (21.5, []), (23.5, [])])
def test_tonight_is_what_is_left_of_the_evening(
    client: FlaskClient, room: Room, monkeypatch: pytest.MonkeyPatch, hour: float, hours: list[str]
) -> None:
    evening(monkeypatch, hour)
    with client.application.test_request_context():
        shown = list_tonight()
    assert [" ".join(window.hours.split()) for window in shown] == hours


def test_weeks_follow_each_other_and_never_the_past(client: FlaskClient, room: Room) -> None:
    page = Page.of(client.get(f"/salles/{room.slug}"))
    assert page.all("a[rel=prev]") == []
    following = Page.of(client.get(str(page.one("a[rel=next]")["href"])))
    assert following.all("a[rel=prev]")
    for week in ("2020-01-01", "9999-12-31", "x", "\x00"):
        Page.of(client.get(f"/salles/{room.slug}", query_string={"semaine": week}))


def test_hours_that_do_not_exist_are_refused(client: FlaskClient, room: Room) -> None:
    query = {"jour": spring_forward().isoformat(), "de": "02:30", "a": "03:00"}
    page = Page.of(client.get(f"/salles/{room.slug}", query_string=query), status=422)
    assert "les montres avancent" in page.errors()[0]


@pytest.mark.parametrize("slug", ["inconnue", "A", "%00", "x" * 5000, "é", "..", "a%20b"])
def test_unknown_room_is_not_found(client: FlaskClient, room: Room, slug: str) -> None:
    assert client.get(f"/salles/{slug}").status_code == 404


def test_unpublished_room_is_hidden(client: FlaskClient, room: Room) -> None:
    room.published_at = None
    assert client.get(f"/salles/{room.slug}").status_code == 404
    assert room.name not in Page.of(client.get("/salles")).text


def test_rooms_of_the_same_site_are_proposed(client: FlaskClient, room: Room) -> None:
    other = make_room(site=room.site, name="Dojo", kind=RoomKind.DOJO)
    page = Page.of(client.get(f"/salles/{room.slug}"))
    assert page.link("Dojo") == f"/salles/{other.slug}"
