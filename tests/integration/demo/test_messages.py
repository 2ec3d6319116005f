"""The mailbox of the demonstration."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from salle.db import db
from salle.mail.message import Message
from salle.mail.models import OutboxMessage
from salle.mail.service import queue_mail
from tests.support.html import Page
from tests.support.world import NOW


def write(subject: str, minutes: int = 0) -> None:
    queue_mail(
        Message(to="a@essai.example", subject=subject, template="layouts/mail.txt"),
        now=NOW + timedelta(minutes=minutes),
    )


def test_empty_mailbox_says_what_would_come(client: FlaskClient) -> None:
    page = Page.of(client.get("/demo/messages"))
    assert page.h1 == "Messages de la démonstration"
    assert "Aucun message pour l’instant" in page.text
    assert client.get("/demo/messages.json").json == {"items": []}


def test_messages_are_readable_newest_first(client: FlaskClient) -> None:
    write("Premier <b>", 0)
    write("Second", 5)
    page = Page.of(client.get("/demo/messages"))
    assert page.texts("article h2") == ["Second", "Premier <b>"]
    assert "a@essai.example" in page.text
    assert page.all('a[href="http://127.0.0.1:8000"]')


def test_json_has_the_keys_of_the_contract(client: FlaskClient) -> None:
    write("Premier", 0)
    write("Second", 5)
    items = (client.get("/demo/messages.json").json or {})["items"]
    assert [item["subject"] for item in items] == ["Second", "Premier"]
    first = items[1]
    assert set(first) >= {"id", "channel", "to", "subject", "text", "created_at"}
    assert (first["channel"], first["to"]) == ("email", "a@essai.example")
    assert first["created_at"] == "2027-01-11T10:00:00+01:00"
    assert first["text"].startswith("Bonjour,\n")


@pytest.mark.parametrize("address", ["/demo/messages", "/demo/messages.json"])
def test_message_sealed_by_a_lost_key_does_not_hide_the_others(
    client: FlaskClient, address: str
) -> None:
    write("Perdu")
    db.session.execute(sa.update(OutboxMessage).values(body_encrypted=b"from another key"))
    write("Bon")
    answer = client.get(address)
    assert answer.status_code == 200
    assert "Illisible" in answer.get_data(as_text=True)
