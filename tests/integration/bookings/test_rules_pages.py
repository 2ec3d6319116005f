"""Forms of rules and quotas: who may use them, what they refuse, what they keep of the past."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from salle.accounts.models import User
from salle.accounts.rules import Role
from salle.audit.models import AuditEvent
from salle.bookings.quotas import Quota, QuotaPeriod
from salle.bookings.rules_forms import read_duration, read_latest, write_latest
from salle.db import db
from salle.kernel.clock import utcnow
from salle.territories.models import Territory
from salle.venues.models import Room, Site, Space
from tests.factories import (
    give_role,
    make_booking,
    make_organisation,
    make_room,
    make_site,
    make_space,
    make_user,
    occupy,
)
from tests.support.html import Page
from tests.support.sign_in import sign_in

GOOD = {
    "step_minutes": "30 min",
    "min_minutes": "1 h",
    "max_minutes": "2 h",
    "notice_minutes": "2 jours",
    "horizon_days": "90",
    "latest_minute": "22:00",
    "capacity": "80",
    "buffer_minutes": "15",
}


@pytest.fixture(autouse=True)
def no_csrf(app: Flask) -> Any:
    app.config["WTF_CSRF_ENABLED"] = False
    yield
    app.config["WTF_CSRF_ENABLED"] = True


@pytest.fixture
def room(session: None) -> Room:
    site = make_site(name="Collège des Tilleuls")
    return make_room(site=site, name="Gymnase", spaces=[make_space(site=site)])


@pytest.fixture
def manager(room: Room) -> User:
    user = make_user(name="Camille Gérante")
    give_role(user, Role.COLLEGE_MANAGER, site=room.site)
    return user


def path(room: Room) -> str:
    return f"/college/salles/{room.slug}/regles"


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("1 h 30", 90),
        ("1 h\u00a030", 90),
        ("1:30", 90),
        ("2h", 120),
        ("45 min", 45),
        ("90", 90),
        ("2 jours", 2880),
        ("1 j", 1440),
        ("0", 0),
        ("", None),
        ("longtemps", None),
        ("-3 h", None),
        ("1,5 h", None),
    ],
)
def test_a_duration_is_read_as_people_write_it(text: str, minutes: int | None) -> None:
    assert read_duration(text) == minutes


@pytest.mark.parametrize(
    ("text", "minutes", "shown"),
    [
        ("22:00", 1320, "22:00"),
        ("22 h 30", 1350, "22:30"),
        ("minuit", None, ""),
        ("24:00", 1440, "24:00"),
        ("00:00", 1440, "24:00"),
        ("1 h", 1500, "01:00"),
        ("5:00", 1740, "05:00"),
        ("25:00", None, ""),
        ("22:75", None, ""),
    ],
)
def test_a_latest_hour_may_be_of_the_night(text: str, minutes: int | None, shown: str) -> None:
    assert read_latest(text) == minutes
    assert write_latest(minutes) == shown


def test_rules_are_saved_told_and_can_be_taken_back(
    client: FlaskClient, room: Room, manager: User
) -> None:
    signed = sign_in(client, manager.id)
    assert signed.post(path(room), data=GOOD).status_code == 303
    db.session.expire_all()
    changed = db.session.get_one(Room, room.id)
    assert (changed.max_minutes, changed.latest_minute, changed.notice_minutes) == (120, 1320, 2880)
    assert db.session.scalars(sa.select(Space.buffer)).all() == [timedelta(minutes=15)]
    event = db.session.scalars(
        sa.select(AuditEvent).where(AuditEvent.action == "room.rules_changed")
    ).one()
    assert event.details["changes"]["max_minutes"] == [720, 120]
    assert "capacity" not in event.details["changes"]

    page = Page.of(signed.get(path(room)))
    assert "Camille Gérante" in page.text
    assert "durée maximale : 12 h, puis 2 h" in page.text
    assert "rendue au plus tard : sans limite, puis 22 h" in page.text

    back = Page.of(signed.get(f"{path(room)}?reprendre={event.id}"))
    assert "Rien n’est encore enregistré" in back.text
    assert back.one("#max_minutes")["value"].replace("\u00a0", " ") == "12 h"
    typed = {name: back.one(f"#{name}")["value"] for name in GOOD}
    assert signed.post(path(room), data=typed).status_code == 303
    db.session.expire_all()
    restored = db.session.get_one(Room, room.id)
    assert (restored.max_minutes, restored.latest_minute) == (720, None)


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"max_minutes": "30 min"}, "max_minutes", "durée minimale"),
        ({"step_minutes": "50 min"}, "step_minutes", "nombre rond"),
        ({"step_minutes": "45 min"}, "step_minutes", "tomber juste"),
        ({"min_minutes": "0"}, "min_minutes", "De 5 min"),
        ({"max_minutes": "25 h"}, "max_minutes", "24 h"),
        ({"horizon_days": "731"}, "horizon_days", "730"),
        ({"horizon_days": "bientôt"}, "horizon_days", ""),
        ({"notice_minutes": "91 jours"}, "notice_minutes", "à l’avance"),
        ({"latest_minute": "5:30"}, "latest_minute", "De 6 h"),
        ({"latest_minute": "tard"}, "latest_minute", "22:00"),
        ({"capacity": "0"}, "capacity", "De 1"),
        ({"capacity": "99999999999999999999"}, "capacity", "De 1"),
        ({"buffer_minutes": "5 h"}, "buffer_minutes", "4 h"),
        ({"buffer_minutes": ""}, "buffer_minutes", "durée"),
    ],
)
def test_wrong_rules_are_refused_beside_their_field(
    client: FlaskClient, room: Room, manager: User, values: dict[str, str], field: str, words: str
) -> None:
    answer = sign_in(client, manager.id).post(path(room), data={**GOOD, **values})
    page = Page.of(answer, status=422)
    assert words in page.one(f"#{field}-erreur").get_text().replace("\u00a0", " ")
    db.session.expire_all()
    assert db.session.get_one(Room, room.id).max_minutes == 720


def test_a_room_takes_no_more_people_than_its_building(
    client: FlaskClient, room: Room, manager: User
) -> None:
    room.site.max_people = 60
    db.session.flush()
    answer = sign_in(client, manager.id).post(path(room), data=GOOD)
    assert "60 personnes" in Page.of(answer, status=422).one("#capacity-erreur").get_text()


def test_uses_too_close_for_the_pause_are_listed(
    client: FlaskClient, room: Room, manager: User
) -> None:
    start = utcnow().replace(minute=0, second=0, microsecond=0) + timedelta(days=2)
    make_booking(
        room=room,
        organisation=make_organisation(),
        user=make_user(),
        starts_at=start,
        ends_at=start + timedelta(hours=1),
    )
    occupy(room, start + timedelta(hours=1), start + timedelta(hours=2))
    signed = sign_in(client, manager.id)
    signed.post(path(room), data=GOOD)
    page = Page.of(signed.get(path(room)))
    assert "Trop proches pour le battement" in page.text
    assert "pour un battement de 15 min" in page.text


def test_nobody_else_changes_rules(client: FlaskClient, room: Room, manager: User) -> None:
    caretaker, other = make_user(), make_user()
    give_role(caretaker, Role.CARETAKER, site=room.site)
    give_role(other, Role.COLLEGE_MANAGER, site=make_site())
    assert sign_in(client, caretaker.id).post(path(room), data=GOOD).status_code == 403
    assert sign_in(client, other.id).post(path(room), data=GOOD).status_code == 404
    uai = room.site.uai
    for address in ("regles", "quotas"):
        answer = client.post(f"/college/etablissements/{uai}/{address}", data={"max_people": "1"})
        assert answer.status_code == 404


def test_people_in_the_building_are_set_and_taken_back(
    client: FlaskClient, room: Room, manager: User
) -> None:
    signed, here = sign_in(client, manager.id), f"/college/etablissements/{room.site.uai}/regles"
    assert signed.post(here, data={"max_people": "300"}).status_code == 303
    assert signed.post(here, data={"max_people": ""}).status_code == 303
    db.session.expire_all()
    assert db.session.get_one(Site, room.site_id).max_people is None
    page = Page.of(signed.get(here))
    assert "personnes dans le bâtiment : 300 personnes, puis sans limite" in page.text
    wrong = signed.post(here, data={"max_people": "0"})
    assert "De 1 à" in Page.of(wrong, status=422).one("#max_people-erreur").get_text()


def test_quotas_of_a_site_are_set_changed_and_removed(
    client: FlaskClient, room: Room, manager: User
) -> None:
    territory = db.session.get_one(Territory, room.territory_id)
    named = make_organisation(territory=territory, name="Les Volants")
    signed, base = sign_in(client, manager.id), f"/college/etablissements/{room.site.uai}"
    for hours in ("10", "12"):
        data = {"organisation": "toutes", "period": "month", "hours": hours}
        assert signed.post(f"{base}/quotas", data=data).status_code == 303
    data = {"organisation": str(named.id), "period": "month", "hours": "20"}
    signed.post(f"{base}/quotas", data=data)
    assert sorted(db.session.scalars(sa.select(Quota.hours))) == [12, 20]
    page = Page.of(signed.get(f"{base}/regles"))
    assert "Il était de 10 h." in page.text
    assert "Les Volants 20 h par mois" in page.text
    quota = db.session.scalars(sa.select(Quota).where(Quota.hours == 12)).one()
    signed.post(f"{base}/quotas", data={"retirer": str(quota.id)})
    assert "il était de 12 h par mois" in Page.of(signed.get(f"{base}/regles")).text
    for wrong in (
        {"organisation": "toutes", "period": "month", "hours": "10000"},
        {"organisation": "toutes", "period": "month", "hours": "-1"},
        {"organisation": "toutes", "period": "month", "hours": "dix"},
    ):
        page = Page.of(signed.post(f"{base}/quotas", data=wrong), status=422)
        assert page.all("#hours-erreur")
    for wrong in ({"organisation": "autre", "period": "month", "hours": "1"},
                  {"organisation": "toutes", "period": "day", "hours": "1"}):  # fmt: skip
        assert signed.post(f"{base}/quotas", data=wrong).status_code == 422
    assert db.session.scalars(sa.select(Quota.hours)).all() == [20]


def test_the_territory_s_quotas_are_its_administrator_s(
    client: FlaskClient, room: Room, manager: User
) -> None:
    territory = db.session.get_one(Territory, room.territory_id)
    here, uai = f"/territoires/{territory.slug}/quotas", room.site.uai
    data = {"organisation": "toutes", "period": "week", "hours": "6"}
    assert sign_in(client, manager.id).post(here, data=data).status_code == 404
    administrator = make_user()
    give_role(administrator, Role.TERRITORY_ADMIN, territory=territory)
    signed = sign_in(client, administrator.id)
    assert signed.post(here, data=data).status_code == 303
    quota = db.session.scalars(sa.select(Quota)).one()
    assert (quota.site_id, quota.period, quota.hours) == (None, QuotaPeriod.WEEK, 6)
    Page.of(signed.get(here))
    # A site's page cannot remove it.
    site = f"/college/etablissements/{uai}/quotas"
    assert signed.post(site, data={"retirer": str(quota.id)}).status_code == 404
    assert signed.post(here, data={"retirer": "x"}).status_code == 404
    assert signed.post(here, data={"retirer": str(quota.id)}).status_code == 303
    assert db.session.scalars(sa.select(Quota)).all() == []
