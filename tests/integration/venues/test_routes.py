"""The search page: what it shows, what it refuses, what would work."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from salle.kernel.clock import to_wall
from salle.venues.models import Room
from salle.venues.rules import BookingMode
from tests.factories import at, make_room, make_site, occupy
from tests.support.html import Page
from tests.support.rooms import DAY, TODAY, make_open_room, open_rooms, spring_forward


@pytest.fixture
def room(session: None) -> Room:
    """A room open from 8 h to 22 h."""
    return make_open_room()


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


def test_no_question_lists_every_room_by_name(client: FlaskClient, room: Room) -> None:
    cheap = make_room(site=make_site(commune="Bruz"), name="Salle Z", windows=False, hourly_cents=0)
    open_rooms(cheap)
    make_room(site=make_site(), name="Atelier", windows=False)
    for number in range(7):
        occupy(room, at(TODAY + timedelta(days=number)), at(TODAY + timedelta(days=number), 22))
    occupy(room, at(DAY), at(DAY, 18))
    page = Page.of(client.get("/salles?ou=&kind="))
    assert page.h1 == "Trouver une salle parmi 3"
    names = [name for name, _ in cards(page)]
    assert names == ["Atelier", "Gymnase des Tilleuls", "Salle Z"]
    assert cards(page)[0][1] == "rien de libre"
    text = page.texts(".c-card")[1]
    assert "Prochain créneau libre : " in text
    assert "18 h – 22 h" in text
    assert "12,50 € de l’heure" in text
    chosen = Page.of(client.get(str(page.all(".c-card .c-button")[1]["href"])))
    assert chosen.form("#reserver") == {"jour": DAY.isoformat(), "de": "18:00", "a": "20:00"}


def test_list_of_every_room_has_pages(client: FlaskClient, session: None) -> None:
    site = make_site()
    for number in range(11):
        make_room(site=site, name=f"Salle {number:02d}", hourly_cents=1000 - number)
    first = Page.of(client.get("/salles"))
    assert [name for name, _ in cards(first)] == [f"Salle {n:02d}" for n in range(10)]
    second = Page.of(client.get(first.link("Page suivante")))
    assert [name for name, _ in cards(second)] == ["Salle 10"]


def test_nothing_free_proposes_other_hours(client: FlaskClient, room: Room) -> None:
    occupy(room, at(DAY, 18.5), at(DAY, 20))
    page = search(client)
    links = [link for link in page.all(".c-empty a") if "Le même jour" in link.text]
    words = [" ".join(link.text.split()) for link in links]
    assert words == [
        "Le même jour, 15 h – 17 h : 1 salle libre",
        "Le même jour, 16 h – 18 h : 1 salle libre",
        "Le même jour, 20 h – 22 h : 1 salle libre",
    ]
    assert Page.of(client.get(str(links[0]["href"]))).h1.startswith("1 salle libre")


def test_nothing_free_says_what_would_work(client: FlaskClient, room: Room) -> None:
    occupy(room, at(DAY, 8), at(DAY, 22))
    far = make_room(site=make_site(lat=48.45, commune="Combourg"), windows=False)
    open_rooms(far)
    page = search(client, ou="Rennes")
    assert page.h1.startswith("Aucune salle libre près de Rennes")
    assert "1 salle correspond" in page.text
    assert "mais complète ou fermée à ces heures" in page.text
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


def test_unknown_place_proposes_known_ones(client: FlaskClient, room: Room) -> None:
    make_site(commune="Bruz", insee_code="35047", postcode="35170")
    page = search(client, status=422, ou="Reims")
    assert page.texts("[aria-label='Lieux possibles'] a") == ["Rennes", "Bruz"]
    assert page.form("#recherche form")["ou"] == "Reims"
    assert Page.of(client.get(page.link("Rennes"))).h1.startswith("1 salle libre près de Rennes")


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
    ("typed", "shown"), [("18h", "18:00"), ("9:15", "09:15"), ("18H30", "18:30"), ("tôt", "tôt")]
)
def test_hours_typed_in_the_address_stay_in_the_form(
    client: FlaskClient, room: Room, typed: str, shown: str
) -> None:
    page = search(client, status=422 if typed == "tôt" else 200, de=typed)
    assert page.form("#recherche form")["de"] == shown


def test_hours_that_do_not_exist_are_refused(client: FlaskClient, room: Room) -> None:
    query = {"jour": spring_forward().isoformat(), "de": "02:30", "a": "03:00"}
    assert "les montres avancent" in search(client, status=422, **query).errors()[0]
    eve = spring_forward() - timedelta(days=1)
    search(client, jour=eve.isoformat(), de="02:30", a="03:00")


def test_hours_are_those_of_the_place(client: FlaskClient, session: None) -> None:
    site = make_site(
        commune="Saint-Denis", lat=-20.88, lon=55.45, time_zone="Indian/Reunion", insee_code="97411"
    )
    far = make_room(site=site, windows=False)
    open_rooms(far, zone="Indian/Reunion")
    href = search(client, ou="Saint-Denis", de="20:00", a="22:00").one(".c-card .c-button")["href"]
    times = parse_qs(urlsplit(str(href)).query)
    assert times["debut"] == [f"{DAY}T20:00:00+04:00"]


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
        ({"combien": "00000000110000"}, "de 1 à 9 999"),
        ({"combien": "9" * 5000}, "de 1 à 9 999"),
        ({"equipement": ["x"] * 21}, "20 équipements au plus"),
        ({"prix": "cher"}, "Indiquez un prix"),
        ({"kind": "piscine"}, "n’existe pas"),
        ({"rayon": "1000"}, "distances proposées"),
        ({"moment": "nuit"}, "moments proposés"),
        ({"moment": "soir", "duree": "7"}, "durées proposées"),
        ({"moment": "matin", "duree": "480"}, "plus long que ce moment"),
        ({"kind": "\x00"}, "caractère interdit"),
        ({"ou": "\x00rennes\x00"}, "caractère interdit"),
        ({"near": "\x0048.11,-1.67"}, "caractère interdit"),
        ({"equipement": ["basket", "\x01"]}, "caractère interdit"),
        ({"jour": "\x1f2027-01-12"}, "caractère interdit"),
    ],
)
def test_bad_answers_are_explained_and_kept(
    client: FlaskClient, room: Room, query: dict[str, Any], sentence: str
) -> None:
    page = search(client, status=422, **{"q": "gymnase", **query})
    assert any(sentence in error for error in page.errors()), page.errors()
    assert page.form("#recherche form")["q"] == "gymnase"
    assert page.all(".c-card") == []


@pytest.mark.parametrize(
    "query",
    [
        {"q": "x" * 1_000_000},
        {"page": "abc"},
        {"page": "-1"},
        {"page": "999999999999"},
        {"page": "999"},
        {"page": "000001" + "9" * 30},
        {"page": "1" * 5000},
        {"q": "\ufffe\u202e"},
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
