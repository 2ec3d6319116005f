"""The search page and a room's page: what they show, what they refuse, what would work."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from salle.kernel.clock import to_wall, utcnow
from salle.venues.models import Room
from salle.venues.rules import BookingMode, OccupationKind, RoomKind
from tests.factories import at, make_room, make_site, make_windows, occupy
from tests.support.html import Page

TODAY = to_wall(utcnow()).date()
DAY = TODAY + timedelta(days=7)
TILLEULS = {"name": "Collège des Tilleuls", "commune": "Rennes", "insee_code": "35238"}


@pytest.fixture
def room(session: None) -> Room:
    """A room open from 8 h to 22 h."""
    room = make_room(site=make_site(**TILLEULS), name="Gymnase des Tilleuls", windows=False)
    open_rooms(room)
    return room


def open_rooms(*rooms: Room, **hours: Any) -> None:
    for room in rooms:
        make_windows(room.schedule_id, first=TODAY - timedelta(days=1), days=60, **hours)


def search(client: FlaskClient, status: int = 200, **query: Any) -> Page:
    asked = {"jour": DAY.isoformat(), "de": "18:00", "a": "20:00", **query}
    return Page.of(client.get("/salles", query_string=asked), status=status)


def cards(page: Page) -> list[tuple[str, str]]:
    """(name, state) of each card, in order."""
    return list(zip(page.texts(".c-card__title"), page.texts(".c-card .c-tag"), strict=True))


def test_search_shows_free_rooms_then_the_others(client: FlaskClient, room: Room) -> None:
    site = make_site(commune="Bruz", insee_code="35047", lat=48.02, lon=-1.75)
    full = make_room(site=site, name="Petit gymnase", windows=False)
    open_rooms(full)
    occupy(full, at(DAY, 19), at(DAY, 21))
    make_room(site=make_site(commune="Betton", lat=48.18), name="Grand gymnase", windows=False)
    page = search(client, ou="rennes")
    assert page.h1.startswith("1 salle libre près de Rennes, ")
    assert cards(page) == [
        ("Gymnase des Tilleuls", "libre"),
        ("Grand gymnase", "fermé à ces heures"),
        ("Petit gymnase", "complet à ces heures"),
    ]
    assert "25,00 € pour 2 h" in page.text
    assert "Prochain créneau libre : " in page.text


def test_card_leads_to_the_booking_of_that_slot(client: FlaskClient, room: Room) -> None:
    href = search(client).one(".c-card .c-button")["href"]
    parts = urlsplit(str(href))
    assert parts.path == f"/salles/{room.slug}/reserver"
    times = parse_qs(parts.query)
    assert times == {
        "debut": [to_wall(at(DAY, 18)).isoformat()],
        "fin": [to_wall(at(DAY, 20)).isoformat()],
    }


def test_room_on_approval_is_asked_for(client: FlaskClient, room: Room) -> None:
    room.booking_mode = BookingMode.APPROVAL
    page = search(client)
    assert cards(page) == [("Gymnase des Tilleuls", "libre, sur accord")]
    assert "Demander ce créneau" in page.text


def test_defaults_are_an_evening_to_come(client: FlaskClient, room: Room) -> None:
    page = Page.of(client.get("/salles"))
    form = page.form("#recherche form")
    assert (form["de"], form["a"], form["rayon"]) == ("18:00", "20:00", "20")
    assert date.fromisoformat(form["jour"]) >= TODAY


def test_nothing_free_says_what_would_work(client: FlaskClient, room: Room) -> None:
    occupy(room, at(DAY, 8), at(DAY, 22))
    far = make_room(site=make_site(lat=48.45, commune="Combourg"), windows=False)
    open_rooms(far)
    page = search(client, ou="Rennes")
    assert page.h1.startswith("Aucune salle libre près de Rennes")
    assert "complètes ou fermées" in page.text
    assert "Jusqu’à 50 km : 1 salle libre" in page.text
    tomorrow = [link for link in page.all(".c-empty a") if "aux mêmes heures" in link.text]
    followed = Page.of(client.get(str(tomorrow[0]["href"])))
    assert followed.h1.startswith("1 salle libre près de Rennes")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("rennes", "Rennes"),
        ("RENNES", "Rennes"),
        ("35000", "Rennes"),
        ("renn", "Rennes"),
        ("tilleuls", "Collège des Tilleuls (Rennes)"),
        ("College des Tilleuls", "Collège des Tilleuls (Rennes)"),
        ("48.11,-1.67", "vous"),
    ],
)
def test_place_is_understood(client: FlaskClient, room: Room, typed: str, expected: str) -> None:
    make_site(commune="Cesson-Sévigné", postcode="35510", insee_code="35051")
    page = search(client, ou=typed)
    assert page.h1.startswith(f"1 salle libre près de {expected}, ")


def test_accents_and_hyphens_do_not_matter(client: FlaskClient, room: Room) -> None:
    make_site(commune="Cesson-Sévigné", postcode="35510", insee_code="35051")
    assert "près de Cesson-Sévigné" in search(client, ou="cesson sevigne").h1


def test_near_is_another_name_of_the_place(client: FlaskClient, room: Room) -> None:
    assert search(client, near="48.11,-1.67").h1.startswith("1 salle libre près de vous")


def test_ambiguous_place_gives_the_choice(client: FlaskClient, room: Room) -> None:
    make_site(commune="Saint-Malo", insee_code="35288", postcode="35400")
    make_site(commune="Saint-Grégoire", insee_code="35278", postcode="35760")
    page = search(client, status=422, ou="st")
    assert page.errors() == ["Plusieurs lieux répondent à « st ». Choisissez le bon."]
    choice = page.link("Saint-Malo")
    assert "Saint-Malo" in Page.of(client.get(choice)).h1
    assert page.form("#recherche form")["ou"] == "st"


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"ou": "Atlantide"}, "Aucun collège connu"),
        ({"near": "abc"}, "Aucun collège connu"),
        ({"near": "999,999"}, "Aucun collège connu"),
        ({"jour": "2020-01-01"}, "Ce jour est passé"),
        ({"jour": "9999-12-31"}, "deux ans"),
        ({"jour": "demain"}, "Indiquez un jour"),
        ({"de": "20:00", "a": "18:00"}, "La fin doit venir après le début"),
        ({"de": "18:00", "a": "18:00"}, "La fin doit venir après le début"),
        ({"de": "huit heures"}, "Indiquez une heure"),
        ({"de": "24:00"}, "Le début vient avant minuit"),
        ({"a": "24:30"}, "Une journée finit à 24:00"),
        ({"combien": "0"}, "de 1 à 9 999"),
        ({"combien": "10000"}, "de 1 à 9 999"),
        ({"combien": "-3"}, "de 1 à 9 999"),
        ({"combien": "²"}, "de 1 à 9 999"),
        ({"prix": "cher"}, "Indiquez un prix"),
        ({"kind": "piscine"}, "n’existe pas"),
        ({"rayon": "1000"}, "distances proposées"),
    ],
)
def test_bad_answers_are_explained_and_kept(
    client: FlaskClient, room: Room, query: dict[str, str], sentence: str
) -> None:
    page = search(client, status=422, **{"q": "gymnase", **query})
    assert any(sentence in error for error in page.errors()), page.errors()
    assert page.form("#recherche form")["q"] == "gymnase"
    assert page.all(".c-card") == []


@pytest.mark.parametrize(
    "query",
    [
        {"q": "\x00"},
        {"q": "x" * 1_000_000},
        {"ou": "\x00rennes\x00"},
        {"equipement": "\x00"},
        {"page": "abc"},
        {"page": "-1"},
        {"page": "999999999999"},
        {"q": "100%_!'\\"},
        {"kind": ""},
        {"inconnu": "1"},
        {"prix": "12,50"},
        {"equipement": ["basket", "vestiaires"]},
        {"accessible": "1"},
    ],
)
def test_odd_queries_never_break(client: FlaskClient, room: Room, query: dict[str, Any]) -> None:
    search(client, **query)


def test_huge_place_is_cut_in_the_page(client: FlaskClient, room: Room) -> None:
    page = search(client, status=422, ou="z" * 1_000_000)
    assert len(str(page.soup)) < 100_000


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"kind": "dojo"}, []),
        ({"kind": "gymnasium"}, ["Gymnase des Tilleuls"]),
        ({"combien": "81"}, []),
        ({"combien": "80"}, ["Gymnase des Tilleuls"]),
        ({"prix": "24,99"}, []),
        ({"prix": "25"}, ["Gymnase des Tilleuls"]),
        ({"q": "tilleuls GYMNASE"}, ["Gymnase des Tilleuls"]),
        ({"q": "collège"}, ["Gymnase des Tilleuls"]),
        ({"q": "piscine"}, []),
        ({"equipement": "VESTIAIRES"}, ["Gymnase des Tilleuls"]),
        ({"equipement": "basket"}, []),
        ({"accessible": "1"}, []),
    ],
)
def test_filters(client: FlaskClient, room: Room, query: dict[str, str], found: list[str]) -> None:
    room.equipment = ["vestiaires et douches"]
    assert [name for name, _ in cards(search(client, **query))] == found


def test_pages_of_results(client: FlaskClient, session: None) -> None:
    site = make_site(commune="Rennes")
    rooms = [make_room(site=site, name=f"Salle {n:02d}", windows=False) for n in range(12)]
    open_rooms(rooms[0])
    first = search(client, ou="Rennes")
    assert first.h1.startswith("12 salles libres")
    assert len(cards(first)) == 10
    second = Page.of(client.get(first.link("Page suivante")))
    assert [name for name, _ in cards(second)] == ["Salle 10", "Salle 11"]
    assert "11 à 12 sur 12" in second.text


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


def test_weeks_follow_each_other_and_never_the_past(client: FlaskClient, room: Room) -> None:
    page = Page.of(client.get(f"/salles/{room.slug}"))
    assert page.all("a[rel=prev]") == []
    following = Page.of(client.get(str(page.one("a[rel=next]")["href"])))
    assert following.all("a[rel=prev]")
    for week in ("2020-01-01", "9999-12-31", "x", "\x00"):
        Page.of(client.get(f"/salles/{room.slug}", query_string={"semaine": week}))


@pytest.mark.parametrize("slug", ["inconnue", "A", "%00", "x" * 5000, "é", "..", "a%20b"])
def test_unknown_room_is_not_found(client: FlaskClient, room: Room, slug: str) -> None:
    assert client.get(f"/salles/{slug}").status_code == 404


def test_unpublished_room_is_hidden(client: FlaskClient, room: Room) -> None:
    room.published_at = None
    assert client.get(f"/salles/{room.slug}").status_code == 404
    assert cards(search(client)) == []


def test_rooms_of_the_same_site_are_proposed(client: FlaskClient, room: Room) -> None:
    other = make_room(site=room.site, name="Dojo", kind=RoomKind.DOJO)
    page = Page.of(client.get(f"/salles/{room.slug}"))
    assert page.link("Dojo") == f"/salles/{other.slug}"
