"""Delivering the outbox.

A message is claimed in one transaction, delivered outside any, and noted as sent in another:
between the two a killed worker leaves it waiting, and it is tried again under the same
Message-ID.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from salle.adapters.mailer import DeliveryError, DeliveryRefused, OutgoingMail
from salle.db import db, transaction
from salle.jobs import handler
from salle.kernel.clock import utcnow
from salle.mail.models import MessageState
from salle.mail.outgoing import get_mailer, to_outgoing
from salle.mail.queries import list_waiting, lock_message
from salle.mail.service import enqueue_sending

MAX_ATTEMPTS = 6
SWEEP_AFTER = timedelta(minutes=1)


@handler("mail.send")
def send(message_id: str) -> None:
    """Deliver one message. DeliveryError comes out when trying again may help."""
    number = uuid.UUID(message_id)
    mail = _claim(number)
    if mail is None:
        return
    try:
        get_mailer().deliver(mail)
    except DeliveryError as error:
        if _note_failure(number, error):
            return
        raise
    with transaction():
        message = lock_message(number)
        if message is not None and message.state == MessageState.WAITING:
            message.state = MessageState.SENT
            message.sent_at = utcnow()
            message.last_error = None


def _claim(number: uuid.UUID) -> OutgoingMail | None:
    with transaction():
        message = lock_message(number)
        if message is None or message.state != MessageState.WAITING:
            return None
        message.attempts += 1
        try:
            return to_outgoing(message)
        except ValueError:  # sealed by a key that is no longer there
            message.state = MessageState.FAILED
            message.last_error = "sealed by a lost key"
            return None


def _note_failure(number: uuid.UUID, error: DeliveryError) -> bool:
    """Write the failure down; True when it is the last."""
    with transaction():
        message = lock_message(number)
        if message is None or message.state != MessageState.WAITING:
            return True
        message.last_error = str(error)
        if isinstance(error, DeliveryRefused) or message.attempts >= MAX_ATTEMPTS:
            message.state = MessageState.FAILED
            return True
    return False


@handler("mail.send_waiting")
def send_waiting() -> None:
    """The minute's sweep: messages that wait although nothing is about to send them."""
    waiting = list_waiting(utcnow() - SWEEP_AFTER)
    db.session.rollback()
    for message_id in waiting:
        with transaction():
            enqueue_sending(message_id)
