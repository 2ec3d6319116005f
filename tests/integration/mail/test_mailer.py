"""SMTP: what travels, and what is made of the server's refusals."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest

from salle.adapters.mailer import (
    DeliveryError,
    DeliveryRefused,
    OutboxOnlyMailer,
    OutgoingMail,
    SmtpMailer,
    build_mailer,
    write_mail,
)
from tests.support.smtp import smtp_server

MAIL = OutgoingMail(
    key="b0c3",
    sender="La salle sur demande <bonjour@essai.example>",
    to="tresoriere@essai.example",
    subject="C’est réservé – gymnase des Tilleuls",
    text="Bonjour,\n\nVotre code\u00a0: 482719\n.\n" + "long " * 400 + "\n",
    date=datetime(2027, 1, 12, 9, 0, tzinfo=UTC),
)


def test_message_travels_whole() -> None:
    with smtp_server() as box:
        build_mailer(f"smtp://127.0.0.1:{box.port}").deliver(MAIL)
    (raw,) = box.messages
    assert max(len(line) for line in raw.splitlines()) < 998
    # The server of the tests does not undo the doubling of leading dots.
    got = message_from_bytes(raw.replace(b"\r\n..", b"\r\n."), policy=policy.default)
    assert got["Subject"] == MAIL.subject
    assert got["From"] == MAIL.sender
    assert got["To"] == MAIL.to
    assert got["Message-ID"] == "<b0c3@essai.example>"
    assert got["Date"] == "Tue, 12 Jan 2027 09:00:00 +0000"
    assert got["Auto-Submitted"] == "auto-generated"
    assert got.get_content().replace("\r\n", "\n") == MAIL.text


@pytest.mark.parametrize(
    ("command", "reply", "error"),
    [
        ("RCPT", "550 no such person", DeliveryRefused),
        ("RCPT", "451 greylisted", DeliveryError),
        ("MAIL", "530 authentication required", DeliveryError),
        ("DATA", "554 no", DeliveryRefused),
    ],
)
def test_refusals_are_final_or_not(command: str, reply: str, error: type[DeliveryError]) -> None:
    with smtp_server() as box:
        box.answers[command] = reply
        mailer = build_mailer(f"smtp://127.0.0.1:{box.port}")
        with pytest.raises(DeliveryError) as caught:
            mailer.deliver(MAIL)
    assert type(caught.value) is error
    assert str(caught.value) == f"SMTP {reply[:3]}"  # nobody's address


def test_server_that_is_away_may_come_back() -> None:
    with smtp_server() as box:
        port = box.port
    with pytest.raises(DeliveryError) as caught:
        build_mailer(f"smtp://127.0.0.1:{port}").deliver(MAIL)
    assert not isinstance(caught.value, DeliveryRefused)


@pytest.mark.parametrize("to", ["", "personne", "a@b.example, c@d.example", "é@essai.example"])
def test_what_is_no_address_is_refused(to: str) -> None:
    with pytest.raises(DeliveryRefused):
        write_mail(replace(MAIL, to=to))


def test_address_of_the_server_is_read() -> None:
    mailer = build_mailer("smtps://moi%40essai.example:p%3Aw@smtp.essai.example")
    assert mailer == SmtpMailer(
        scheme="smtps",
        host="smtp.essai.example",
        port=465,
        user="moi@essai.example",
        password="p:w",
    )
    assert "p:w" not in repr(mailer)
    assert isinstance(build_mailer(None), OutboxOnlyMailer)
    with pytest.raises(ValueError, match="SMTP_URL"):
        build_mailer("https://essai.example")
