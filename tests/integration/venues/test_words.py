"""Free text: accents, typos, small words; what is found, in which order, and what is not."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from salle.db import db
from salle.kernel.clock import utcnow
from salle.venues.models import RoomWords
from salle.venues.rules import RoomKind
from salle.venues.search import Criteria, search_rooms
from salle.venues.words import fold_words, read_words
from tests.factories import NOW, RENNES, make_room, make_site

FRENCH = [
    "Collège Saint-Exupéry",
    "L’Hermitage",
    "Gymnase n° 2 (côté cour)",
    "Cœur d’Ille-et-Vilaine",
    "Noël, Pâques & été : ÀÉÈÊËÎÏÔÖÙÛÜŸÇŒÆ",
    "  vidéo-projecteur\t4K  ",
    "àâäáãåçèéêëìíîïñòóôöõùúûüýÿœæ",
    "",
]


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize("text", FRENCH)
def test_python_and_sql_fold_alike(text: str) -> None:
    assert db.session.scalar(sa.text("SELECT fold_words(:text)"), {"text": text}) == fold_words(
        text
    )


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("Gymnase des Tilleuls", ["gymnase", "tilleuls"]),
        ("la salle à Rennes", ["rennes"]),
        ("salle A", ["a"]),
        ("l’Hermitage", ["hermitage"]),
        ("salle de la", ["salle", "de", "la"]),  # nothing else was said
        ("%_!'\\", []),
        ("\u00bd\u200b", ["1", "2"]),
        (" ".join(["mot"] * 30), ["mot"] * 8),
        ("x" * 500, ["x" * 40]),
    ],
)
def test_words_that_say_something(typed: str, words: list[str]) -> None:
    assert read_words(typed) == words


@pytest.fixture
def rooms(session: None) -> None:
    tilleuls = make_site(name="Collège des Tilleuls", commune="Rennes")
    mimosas = make_site(name="Collège Les Mimosas", commune="Cesson-Sévigné")
    make_room(site=tilleuls, name="Gymnase des Tilleuls", equipment=["badminton", "vestiaires"])
    make_room(site=tilleuls, name="Foyer", kind=RoomKind.MULTIPURPOSE)
    make_room(
        site=mimosas,
        name="Auditorium",
        kind=RoomKind.AUDITORIUM,
        equipment=["vidéoprojecteur", "sonorisation"],
        description="Cent places assises pour le théâtre, dans un bâtiment neuf.",
    )
    make_room(site=mimosas, name="Bibliothèque", kind=RoomKind.MEETING)
    make_room(site=mimosas, name="Halle A", kind=RoomKind.GYMNASIUM, equipment=["basket"])


def found(typed: str) -> list[str]:
    rooms, total = search_rooms(Criteria(q=typed), now=NOW)
    assert total == len(rooms)
    return sorted(room.name for room in rooms)


TILLEULS = ["Gymnase des Tilleuls"]


@pytest.mark.usefixtures("rooms")
@pytest.mark.parametrize(
    ("typed", "names"),
    [
        # as it is
        ("gymnase des tilleuls", TILLEULS),
        ("tilleuls GYMNASE", TILLEULS),
        ("gymnase de Tilleul", TILLEULS),
        # one typo or two
        ("gymnse tileuls", TILLEULS),
        ("gimnase tilleuls", TILLEULS),
        ("gymanse tilleuls", TILLEULS),
        ("gymnaze tileul", TILLEULS),
        ("gymnases tilleulls", TILLEULS),
        ("gymase tilleul", TILLEULS),
        ("badmington", TILLEULS),
        ("badmiton", TILLEULS),
        ("vestiare", TILLEULS),
        ("auditoruim", ["Auditorium"]),
        ("aditorium", ["Auditorium"]),
        ("auditoriums", ["Auditorium"]),
        ("videoprojecteurs", ["Auditorium"]),
        ("vidéo projecteur", ["Auditorium"]),
        ("sonorization", ["Auditorium"]),
        ("theatre", ["Auditorium"]),
        ("cesson sevigné auditorium", ["Auditorium"]),
        ("biblioteque", ["Bibliothèque"]),
        ("bibliothéque", ["Bibliothèque"]),
        ("foier", ["Foyer"]),
        ("foyé", ["Foyer"]),
        ("mimozas gymnase", ["Halle A"]),
        ("collége mimosa", ["Auditorium", "Bibliothèque", "Halle A"]),
        ("renne", ["Foyer", "Gymnase des Tilleuls"]),
        # the kind, whatever the name
        ("gymnase", ["Gymnase des Tilleuls", "Halle A"]),
        ("gymnse", ["Gymnase des Tilleuls", "Halle A"]),
        ("salle polyvalente", ["Foyer"]),
        ("salle polivalente", ["Foyer"]),
        ("salle de réunion", ["Bibliothèque"]),
        ("halle a", ["Halle A"]),
        # nothing alike
        ("piscine", []),
        ("danse", []),  # « dans » is no typo of it
        ("dojo", []),
        ("rien de tel", []),
        ("gymnase piscine", []),
        ("100%", []),
        ("%", []),
        ("'; DROP TABLE room; --", []),
    ],
)
def test_typos_are_forgiven(typed: str, names: list[str]) -> None:
    assert found(typed) == names


@pytest.mark.usefixtures("session")
def test_likeness_comes_before_distance_price_and_name() -> None:
    near, far = make_site(lat=48.118), make_site(lat=48.16)
    make_room(site=near, name="Théatre")  # one letter off, and nearer
    make_room(site=far, name="Théâtres", hourly_cents=900)
    make_room(site=far, name="Grand théâtre", hourly_cents=100)
    make_room(site=far, name="Petit théâtre", hourly_cents=100)
    make_room(site=near, name="Salle Z", description="Sert aussi de théâtres.")
    criteria = Criteria(q="theatres", lat=RENNES[0], lon=RENNES[1])
    rooms, _ = search_rooms(criteria, now=NOW)
    expected = ["Théâtres", "Théatre", "Grand théâtre", "Petit théâtre", "Salle Z"]
    assert [room.name for room in rooms] == expected
    pages = [search_rooms(criteria, now=NOW, limit=2, offset=n)[0] for n in (0, 2, 4)]
    assert [room.name for page in pages for room in page] == expected


@pytest.mark.usefixtures("session")
def test_words_follow_the_room_and_its_site() -> None:
    room = make_room(site=make_site(name="Collège A", commune="Bruz"), name="Foyer", slug="s-1")
    assert found("foyer bruz") == ["Foyer"]
    room.name, room.equipment = "Rotonde", ["piano à queue"]
    db.session.flush()
    assert (found("foyer"), found("piano rotonde")) == ([], ["Rotonde"])
    room.site.commune = "Betton"
    db.session.flush()
    assert (found("bruz"), found("betton")) == ([], ["Rotonde"])
    db.session.execute(sa.text("DELETE FROM room_space"))
    db.session.execute(sa.text("DELETE FROM tariff"))
    db.session.execute(sa.text("DELETE FROM room"))
    assert db.session.scalar(sa.select(sa.func.count()).select_from(RoomWords)) == 0


@pytest.mark.usefixtures("session")
def test_details_of_accessibility_are_asked_one_by_one() -> None:
    make_room(name="Tout", accessible=True, hearing_loop=True, accessible_toilets=True)
    make_room(name="Rampe", accessible=True)
    for asked, names in (
        ({"accessible": True}, ["Rampe", "Tout"]),
        ({"hearing_loop": True}, ["Tout"]),
        ({"accessible_toilets": True, "accessible": True}, ["Tout"]),
    ):
        rooms, _ = search_rooms(Criteria(**asked), now=utcnow())
        assert sorted(room.name for room in rooms) == names


@pytest.mark.usefixtures("session")
def test_the_index_can_serve_a_search_of_the_whole_country() -> None:
    db.session.execute(sa.text("SET LOCAL enable_seqscan = off"))
    plan = "\n".join(
        db.session.scalars(
            sa.text(
                "EXPLAIN SELECT room_id FROM room_words w WHERE w.names LIKE '%tilleuls%'"
                " OR w.names ~ ' (t[a-z0-9]illeuls|tileuls) ' OR w.description LIKE '%tilleuls%'"
                " OR 'tilleuls' <<% w.names"
            )
        )
    )
    assert "ix_room_words_trigrams" in plan, plan
