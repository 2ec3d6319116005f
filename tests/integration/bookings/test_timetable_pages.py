"""Pages of the collège: the timetable of each room, and what falls on bookings."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from salle.accounts.models import User
from salle.accounts.rules import Role
from salle.adapters.remote_calendar import NotFetched
from salle.audit.models import AuditEvent
from salle.bookings import proposals
from salle.bookings.models import Booking
from salle.db import db, transaction
from salle.kernel.clock import utcnow
from salle.kernel.errors import Conflict, NotFound
from salle.mail.models import OutboxMessage
from salle.mail.outgoing import open_text
from salle.venues import feeds
from salle.venues.models import Room, Site
from salle.venues.timetable_models import TimetableCollision, TimetableFeed
from tests.factories import (
    at,
    give_role,
    make_booking,
    make_member,
    make_organisation,
    make_room,
    make_user,
)
from tests.support.html import Page
from tests.support.queries import statements
from tests.support.rooms import DAY, make_open_room
from tests.support.sign_in import sign_in
from tests.support.timetables import URL, FakeFetcher, calendar, fetching, lessons_of, take

LESSON = (at(DAY, 14), at(DAY, 16))
SECRET = "secret-42"


@pytest.fixture
def room(session: None) -> Room:
    return make_open_room()


@pytest.fixture
def manager(room: Room) -> User:
    return staff(room, Role.COLLEGE_MANAGER)


def staff(room: Room, role: Role) -> User:
    user = make_user()
    give_role(user, role, site=db.session.get_one(Site, room.site_id))
    return user


@pytest.fixture
def desk(client: FlaskClient, manager: User) -> FlaskClient:
    return sign_in(client, manager.id)


@pytest.fixture
def fetcher(app: Flask) -> Iterator[FakeFetcher]:
    with fetching(app, FakeFetcher(answer=calendar(LESSON))) as fake:
        yield fake


def path(room: Room, action: str = "") -> str:
    return f"/college/emplois-du-temps/{room.id}{action}"


def send(desk: FlaskClient, room: Room, action: str, **values: Any) -> Any:
    """Post one of the forms of the room's page, as a browser does."""
    page = Page.of(desk.get(path(room)))
    form = page.form(f'main form[action$="{action}"]')
    # Encoded here: the test client would leave the temporary file of a big one open.
    boundary, body = encode_multipart({**form, **values})
    return desk.post(
        path(room, action), data=body, content_type=f"multipart/form-data; boundary={boundary}"
    )


def send_file(desk: FlaskClient, room: Room, content: bytes, **values: str) -> Any:
    file = FileStorage(io.BytesIO(content), filename="edt.ics")
    return send(desk, room, "/fichier", fichier=file, **values)


def after(desk: FlaskClient, response: Any) -> Page:
    assert response.status_code == 303
    return Page.of(desk.get(response.location))


def flashes(page: Page) -> str:
    return " ".join(page.texts(".c-flashes"))


def booked(room: Room) -> Booking:
    organisation = make_organisation(name="Les Volants")
    user = db.session.get_one(User, make_member(organisation=organisation).user_id)
    return make_booking(
        room=room,
        organisation=organisation,
        user=user,
        starts_at=at(DAY, 15),
        ends_at=at(DAY, 17),
    )


def collision() -> TimetableCollision:
    return db.session.scalars(
        sa.select(TimetableCollision).execution_options(populate_existing=True)
    ).one()


def test_a_room_without_a_timetable_says_so(desk: FlaskClient, room: Room) -> None:
    listed = Page.of(desk.get("/college/emplois-du-temps"))
    assert "Gymnase des Tilleuls" in listed.text
    assert "à donner" in listed.text
    page = Page.of(desk.get(path(room)))
    assert page.h1 == "Emploi du temps : Gymnase des Tilleuls"
    assert "aucune heure de cours n’y est connue" in page.text


def test_a_file_becomes_the_timetable(desk: FlaskClient, room: Room, manager: User) -> None:
    page = after(desk, send_file(desk, room, calendar(LESSON)))
    assert "Emploi du temps à jour." in flashes(page)
    assert "edt.ics" in page.text
    assert "Tout a été compris." in page.text
    assert lessons_of(room) == [LESSON]
    event = db.session.scalars(sa.select(AuditEvent)).one()
    assert (event.action, event.actor_id) == ("timetable.replaced", manager.id)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"bonjour", "Ce fichier n’est pas un calendrier iCalendar (.ics)."),
        (calendar(), "Ce calendrier ne contient aucun cours"),
        (
            calendar(LESSON).replace(b"END:VEVENT", b"RRULE:FREQ=SECONDLY\nEND:VEVENT"),
            "Ce calendrier répète un événement plus d’une fois par jour.",
        ),
        (b"x" * 5_000_001, "Ce calendrier dépasse 5 Mo."),
    ],
)
def test_a_bad_file_is_refused_at_once_beside_its_field_and_changes_nothing(
    desk: FlaskClient, room: Room, content: bytes, sentence: str
) -> None:
    take(room, calendar(LESSON), utcnow())
    before = time.process_time()
    page = Page.of(send_file(desk, room, content), status=422)
    assert time.process_time() - before < 1
    assert page.errors()[0].startswith(sentence)
    assert lessons_of(room) == [LESSON]


def test_an_empty_calendar_is_taken_when_that_is_meant(desk: FlaskClient, room: Room) -> None:
    take(room, calendar(LESSON), utcnow())
    after(desk, send_file(desk, room, calendar(), vider="1"))
    assert lessons_of(room) == []


def test_a_file_much_too_big_is_refused_before_it_is_read(desk: FlaskClient, room: Room) -> None:
    assert send_file(desk, room, b"x" * 6_000_000).status_code == 413


def test_lines_that_cannot_be_read_are_listed(desk: FlaskClient, room: Room) -> None:
    broken = calendar(LESSON).replace(b"END:VEVENT", b"RRULE:FREQ=BOGUS\nEND:VEVENT")
    page = after(desk, send_file(desk, room, broken))
    assert "Rien n’a été changé" in flashes(page)
    (row,) = page.texts("tbody tr")
    assert row.startswith("4 refusé ")


def test_an_address_is_given_read_again_and_removed(
    desk: FlaskClient, room: Room, fetcher: FakeFetcher
) -> None:
    page = after(desk, send(desk, room, "/adresse", adresse=URL))
    assert lessons_of(room) == [LESSON]
    assert "agenda.example" in page.text
    assert SECRET not in str(page.soup)
    fetcher.answer = None
    page = after(desk, send(desk, room, "/actualiser"))
    assert "Rien n’a changé" in flashes(page)
    fetcher.answer = NotFetched("Le serveur de cette adresse ne répond pas.")
    page = after(desk, send(desk, room, "/actualiser"))
    assert "Les cours déjà connus restent." in flashes(page)
    assert "Le serveur de cette adresse ne répond pas." in page.text
    assert "adresse en panne" in Page.of(desk.get("/college/emplois-du-temps")).text
    page = after(desk, send(desk, room, "/adresse/retirer"))
    assert "agenda.example/" not in page.text
    assert lessons_of(room) == [LESSON]
    assert feeds.find_feed(room.id) is None


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("", "Indiquez l’adresse du calendrier."),
        ("http://agenda.example/", "L’adresse doit commencer par https:// (ou webcal://)."),
        ("https://127.0.0.1/", "Cette adresse mène à un réseau privé ou réservé"),
        ("https://[::ffff:10.0.0.1]/", "Cette adresse mène à un réseau privé ou réservé"),
        ("https://2130706433/", "Cette adresse n’est pas valable."),
        ("https://169.254.169.254/latest", "Cette adresse mène à un réseau privé ou réservé"),
    ],
)
def test_an_address_that_must_not_be_read_is_refused_beside_its_field(
    desk: FlaskClient, room: Room, address: str, sentence: str
) -> None:
    """The real adapter: nothing is connected to (this test could reach this machine)."""
    page = Page.of(send(desk, room, "/adresse", adresse=address), status=422)
    assert page.errors()[0].startswith(sentence)
    assert db.session.scalars(sa.select(TimetableFeed)).all() == []


@pytest.mark.parametrize("role", [Role.CARETAKER, Role.ACCOUNTANT])
def test_only_who_manages_timetables_sees_them(client: FlaskClient, room: Room, role: Role) -> None:
    desk = sign_in(client, staff(room, role).id)
    assert desk.get("/college/emplois-du-temps").status_code == 403
    assert desk.get("/college/conflits").status_code == 200


def test_another_college_does_not_exist(desk: FlaskClient, room: Room) -> None:
    other = make_room()
    assert desk.get(path(other)).status_code == 404
    token = Page.of(desk.get(path(room))).form('main form[action$="/fichier"]')["csrf_token"]
    for action in ("/fichier", "/adresse", "/adresse/retirer", "/actualiser"):
        assert desk.post(path(other, action), data={"csrf_token": token}).status_code == 404


def test_what_falls_on_a_booking_is_listed_with_three_slots_instead(
    desk: FlaskClient, room: Room
) -> None:
    booking = booked(room)
    page = after(desk, send_file(desk, room, calendar(LESSON)))
    assert "1 cours tombe sur une réservation" in flashes(page)
    assert page.texts("tbody tr")[0].startswith("4 conflit cours « EPS 6e A »")
    page = Page.of(desk.get(page.link("Voir et proposer d’autres créneaux")))
    assert page.h1 == "1 cours tombe sur une réservation"
    assert "Les Volants" in page.text
    assert "EPS 6e A" in page.text
    assert booking.reference in page.text
    assert len(page.all("main section ul li a")) == 3


def test_the_association_gets_the_three_slots_once(
    desk: FlaskClient, room: Room, manager: User
) -> None:
    booking = booked(room)
    take(room, calendar(LESSON), utcnow())
    page = Page.of(desk.get("/college/conflits"))
    form = page.form("main form")
    action = str(page.one("main form")["action"])
    page = after(desk, desk.post(action, data=form))
    assert "Message envoyé à l’association, avec 3 créneaux à la place." in flashes(page)
    assert "ont été proposés à l’association le" in page.text
    assert page.all("main form") == []
    (mail,) = db.session.scalars(sa.select(OutboxMessage)).all()
    assert mail.subject == f"Un cours tombe sur votre créneau – {room.name}, {booking.reference}"
    assert mail.recipient == db.session.get_one(User, booking.created_by_id).email
    body = open_text(mail)
    assert body.count("/salles/") == 3
    assert "Votre réservation reste valable" in body
    page = after(desk, desk.post(action, data=form))
    assert "déjà été proposés" in flashes(page)
    assert db.session.scalar(sa.select(sa.func.count(OutboxMessage.id))) == 1
    event = db.session.scalars(
        sa.select(AuditEvent).where(AuditEvent.action == "booking.slots_proposed")
    ).one()
    assert (event.actor_id, event.details) == (manager.id, {"slots": 3})


def test_who_does_not_decide_there_cannot_propose(room: Room) -> None:
    booked(room)
    take(room, calendar(LESSON), utcnow())
    for person in (
        staff(room, Role.CARETAKER),
        staff(make_room(), Role.COLLEGE_MANAGER),
        make_user(),
    ):
        with pytest.raises(NotFound), transaction():
            proposals.propose(collision_id=collision().id, actor=person, now=utcnow())


def test_nothing_is_proposed_when_nothing_is_free(room: Room, manager: User) -> None:
    booked(room)
    take(room, calendar(LESSON), utcnow())
    db.session.execute(sa.text("DELETE FROM opening_window"))
    with pytest.raises(Conflict, match="appelez l’association"), transaction():
        proposals.propose(collision_id=collision().id, actor=manager, now=utcnow())


def test_a_collision_that_has_ended_cannot_be_acted_upon(room: Room, manager: User) -> None:
    booked(room)
    take(room, calendar(LESSON), utcnow())
    gone = collision().id
    take(room, calendar((at(DAY, 9), at(DAY, 10))), utcnow())
    with pytest.raises(NotFound), transaction():
        proposals.propose(collision_id=gone, actor=manager, now=utcnow())


def test_the_list_of_rooms_costs_the_same_for_one_or_twenty(desk: FlaskClient, room: Room) -> None:
    site = db.session.get_one(Site, room.site_id)

    def cost() -> int:
        with statements() as sent:
            Page.of(desk.get("/college/emplois-du-temps"))
        return len(sent)

    take(room, calendar(LESSON), utcnow())
    one = cost()
    for _ in range(20):
        take(make_room(site=site, windows=False), calendar(LESSON), utcnow())
    assert cost() == one


def test_the_message_is_this_one(room: Room, manager: User) -> None:
    booking = booked(room)
    take(room, calendar(LESSON), utcnow())
    now: datetime = collision().found_at + timedelta(hours=1)
    with transaction():
        proposals.propose(collision_id=collision().id, actor=manager, now=now)
    body = open_text(db.session.scalars(sa.select(OutboxMessage)).one())
    lines = [line.replace("\u00a0", " ") for line in body.splitlines() if line.strip()]
    assert lines[0] == "Bonjour,"
    assert lines[1].startswith(
        "Le collège a un cours mardi 1er décembre 2026, 14 h – 16 h, et votre réservation"
    )
    assert lines[2].startswith("Gymnase des Tilleuls, ")
    assert lines[3].startswith("http")
    assert f"?jour={DAY.isoformat()}&de=" in lines[3] or "?jour=" in lines[3]
    assert any(booking.reference in line for line in lines)
    assert lines[-2] == "La salle sur demande"
