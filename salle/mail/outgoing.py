"""The mailer of this installation, chosen once by the settings."""

from __future__ import annotations

from flask import current_app

from salle.adapters.mailer import Mailer, OutgoingMail, build_mailer
from salle.installation import get_sealer
from salle.mail.models import OutboxMessage

KEY = "mailer"


def get_mailer() -> Mailer:
    """The mailer to call, never inside a transaction; tests put theirs in its place."""
    extensions = current_app.extensions
    if KEY not in extensions:
        extensions[KEY] = build_mailer(current_app.config["SMTP_URL"])
    mailer: Mailer = extensions[KEY]
    return mailer


def open_text(message: OutboxMessage) -> str:
    """The text in clear; ValueError when the key is lost."""
    return get_sealer().open(message.body_encrypted, context=str(message.id))


def to_outgoing(message: OutboxMessage) -> OutgoingMail:
    """The message as the mailer takes it."""
    return OutgoingMail(
        key=str(message.id),
        sender=current_app.config["MAIL_FROM"],
        to=message.recipient,
        subject=message.subject,
        text=open_text(message),
        date=message.created_at,
    )
