"""A message is written with what causes it, sealed, and delivered once."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from salle.adapters.mailer import DeliveryError, DeliveryRefused, FakeMailer
from salle.db import db, transaction
from salle.kernel.clock import utcnow
from salle.mail import jobs
from salle.mail.message import Message
from salle.mail.models import MessageState, OutboxMessage
from salle.mail.outgoing import KEY, open_text
from salle.mail.service import queue_mail
from tests.support.jobs import queued_jobs, run_pending_jobs
from tests.support.world import NOW

HELLO = Message(to="a@essai.example", subject="Bonjour", template="layouts/mail.txt")


@pytest.fixture
def mailer(app: Flask) -> Iterator[FakeMailer]:
    before = app.extensions.get(KEY)
    fake = app.extensions[KEY] = FakeMailer()
    yield fake
    del app.extensions[KEY]
    if before is not None:
        app.extensions[KEY] = before


def messages() -> list[OutboxMessage]:
    db.session.expire_all()
    return list(db.session.scalars(sa.select(OutboxMessage)))


def test_message_is_written_with_its_job(session: None) -> None:
    message_id = queue_mail(HELLO, now=NOW)
    (message,) = messages()
    assert (message.id, message.state, message.created_at) == (
        message_id,
        MessageState.WAITING,
        NOW,
    )
    assert queued_jobs() == [("mail.send", {"message_id": str(message_id)})]


def test_text_is_sealed_for_its_own_row(session: None) -> None:
    queue_mail(HELLO, now=NOW)
    (message,) = messages()
    assert b"Bonjour" not in message.body_encrypted
    assert open_text(message) == (
        "Bonjour,\n\nÀ bientôt,\nLa salle sur demande\nhttp://127.0.0.1:8000\n"
    )


def test_rolled_back_cause_leaves_no_message(fresh_app: Flask) -> None:
    with fresh_app.app_context():
        with transaction():
            queue_mail(HELLO, now=NOW)
            db.session.rollback()
        assert (messages(), queued_jobs()) == ([], [])


def test_same_dedupe_key_writes_one_message(session: None) -> None:
    assert queue_mail(HELLO, dedupe_key="once", now=NOW) is not None
    assert queue_mail(HELLO, dedupe_key="once", now=NOW) is None
    assert queue_mail(HELLO, dedupe_key="twice", now=NOW) is not None
    assert len(messages()) == len(queued_jobs()) == 2


def test_line_breaks_cannot_become_headers(session: None) -> None:
    queue_mail(
        Message(
            to="a@essai.example\r\nBcc: b@essai.example",
            subject="Salle\nBcc: c@essai.example\x00",
            template="layouts/mail.txt",
        ),
        now=NOW,
    )
    (message,) = messages()
    assert message.subject == "Salle Bcc: c@essai.example"
    assert "\n" not in message.recipient + message.subject


def test_sending_delivers_and_notes_it(app: Flask, session: None, mailer: FakeMailer) -> None:
    message_id = queue_mail(HELLO, now=NOW)
    assert run_pending_jobs(app) == ["mail.send"]
    (mail,) = mailer.delivered
    assert (mail.key, mail.to, mail.subject, mail.date) == (
        str(message_id),
        "a@essai.example",
        "Bonjour",
        NOW,
    )
    (message,) = messages()
    assert (message.state, message.attempts) == (MessageState.SENT, 1)
    assert message.sent_at is not None


def test_sending_again_delivers_nothing_more(session: None, mailer: FakeMailer) -> None:
    message_id = str(queue_mail(HELLO, now=NOW))
    for _ in range(3):
        jobs.send(message_id=message_id)
    assert len(mailer.delivered) == 1
    jobs.send(message_id=str(uuid.uuid4()))  # erased meanwhile


def test_failure_is_noted_and_the_next_try_delivers(session: None, mailer: FakeMailer) -> None:
    message_id = str(queue_mail(HELLO, now=NOW))
    mailer.failures = [DeliveryError("SMTP 451")]
    with pytest.raises(DeliveryError):
        jobs.send(message_id=message_id)
    (message,) = messages()
    assert (message.state, message.last_error) == (MessageState.WAITING, "SMTP 451")
    jobs.send(message_id=message_id)
    (message,) = messages()
    assert (message.state, message.attempts, message.last_error) == (MessageState.SENT, 2, None)


def test_message_that_never_leaves_is_left_as_failed(session: None, mailer: FakeMailer) -> None:
    message_id = str(queue_mail(HELLO, now=NOW))
    mailer.failures = [DeliveryError("SMTP 451") for _ in range(jobs.MAX_ATTEMPTS)]
    for _ in range(jobs.MAX_ATTEMPTS - 1):
        with pytest.raises(DeliveryError):
            jobs.send(message_id=message_id)
    jobs.send(message_id=message_id)
    (message,) = messages()
    assert (message.state, message.attempts) == (MessageState.FAILED, jobs.MAX_ATTEMPTS)
    jobs.send(message_id=message_id)
    assert mailer.delivered == []


def test_refused_message_is_not_tried_again(session: None, mailer: FakeMailer) -> None:
    message_id = str(queue_mail(HELLO, now=NOW))
    mailer.failures = [DeliveryRefused("SMTP 550")]
    jobs.send(message_id=message_id)
    assert messages()[0].state == MessageState.FAILED


def test_message_sealed_by_a_lost_key_is_left_as_failed(session: None, mailer: FakeMailer) -> None:
    message_id = str(queue_mail(HELLO, now=NOW))
    messages()[0].body_encrypted = b"from another key"
    db.session.flush()
    jobs.send(message_id=message_id)
    assert messages()[0].state == MessageState.FAILED


def test_sweep_queues_only_what_nothing_is_about_to_send(session: None) -> None:
    old, recent = utcnow() - timedelta(minutes=5), utcnow()
    with transaction():
        lost = queue_mail(HELLO, now=old)
        queue_mail(HELLO, now=recent)
        db.session.execute(sa.text("DELETE FROM procrastinate_jobs"))
        waiting = queue_mail(HELLO, now=old)
    for _ in range(2):
        jobs.send_waiting()
    assert [arguments["message_id"] for _, arguments in queued_jobs()] == [
        str(waiting),
        str(lost),
    ]


@pytest.mark.concurrency
def test_same_dedupe_key_at_once_writes_one_message(fresh_app: Flask) -> None:
    barrier = threading.Barrier(6)

    def write(_number: int) -> bool:
        with fresh_app.app_context(), transaction():
            db.session.connection()
            barrier.wait(timeout=20)
            return queue_mail(HELLO, dedupe_key="once", now=NOW) is not None

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(write, range(6), timeout=60)) == 1
    with fresh_app.app_context():
        assert len(messages()) == 1
