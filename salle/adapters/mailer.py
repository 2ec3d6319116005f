"""Delivering an e-mail: SMTP, or nowhere when the outbox itself is the mailbox."""

from __future__ import annotations

import smtplib
from dataclasses import dataclass, field
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Protocol
from urllib.parse import unquote, urlsplit

TIMEOUT = 10.0
SCHEMES = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


class DeliveryError(Exception):
    """It did not leave, trying again may help. The text holds no address."""


class DeliveryRefused(DeliveryError):
    """It did not leave, and never will."""


@dataclass(frozen=True, kw_only=True)
class OutgoingMail:
    """A message ready to leave. `key` is the same each time one message is tried again."""

    key: str
    sender: str
    to: str
    subject: str
    text: str
    date: datetime


class Mailer(Protocol):
    """Delivers one message, or raises DeliveryError."""

    def deliver(self, mail: OutgoingMail) -> None: ...


def build_mailer(smtp_url: str | None) -> Mailer:
    """The mailer of an SMTP_URL (smtp, smtp+starttls, smtps); none = outbox only."""
    return SmtpMailer.from_url(smtp_url) if smtp_url else OutboxOnlyMailer()


class OutboxOnlyMailer:
    """Nothing leaves this machine: the message stays readable in the outbox."""

    def deliver(self, mail: OutgoingMail) -> None:
        """Delivered by being in the outbox."""


@dataclass
class FakeMailer:
    """For tests: keeps what is delivered, fails as many times as told."""

    delivered: list[OutgoingMail] = field(default_factory=list)
    failures: list[DeliveryError] = field(default_factory=list)

    def deliver(self, mail: OutgoingMail) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.delivered.append(mail)


@dataclass(frozen=True, kw_only=True)
class SmtpMailer:
    """One connection a message: few messages, no state to lose."""

    scheme: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)

    @classmethod
    def from_url(cls, url: str) -> SmtpMailer:
        """Read `smtps://user:password@host:port`; ValueError on another shape."""
        parts = urlsplit(url)
        if parts.scheme not in SCHEMES or not parts.hostname:
            raise ValueError("SMTP_URL : smtp://, smtp+starttls:// ou smtps:// est attendu")
        return cls(
            scheme=parts.scheme,
            host=parts.hostname,
            port=parts.port or SCHEMES[parts.scheme],
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )

    def deliver(self, mail: OutgoingMail) -> None:
        """Hand the message to the server."""
        content = write_mail(mail).as_bytes(policy=policy.SMTP)
        try:
            with self._connect() as server:
                server.sendmail(parseaddr(mail.sender)[1], [mail.to], content)
        except smtplib.SMTPRecipientsRefused as error:
            code = max((code for code, _ in error.recipients.values()), default=550)
            raise _failure(code) from None
        except smtplib.SMTPResponseException as error:
            raise _failure(error.smtp_code) from None
        except (smtplib.SMTPException, OSError) as error:
            raise DeliveryError(type(error).__name__) from None

    def _connect(self) -> smtplib.SMTP:
        kind = smtplib.SMTP_SSL if self.scheme == "smtps" else smtplib.SMTP
        server = kind(self.host, self.port, timeout=TIMEOUT)
        try:
            if self.scheme == "smtp+starttls":
                server.starttls()
            if self.user:
                server.login(self.user, self.password)
        except BaseException:
            server.close()
            raise
        return server


def _failure(code: int) -> DeliveryError:
    """5xx answers are final, except those about ourselves (authentication, 53x)."""
    final = 500 <= code < 600 and not 530 <= code <= 539
    return (DeliveryRefused if final else DeliveryError)(f"SMTP {code}")


def write_mail(mail: OutgoingMail) -> EmailMessage:
    """The message as it travels; DeliveryRefused when an address cannot be one."""
    message = EmailMessage(policy=policy.SMTP)
    try:
        message["From"] = mail.sender
        message["To"] = mail.to
        message["Subject"] = mail.subject
    except (ValueError, IndexError) as error:
        raise DeliveryRefused(type(error).__name__) from None
    if parseaddr(mail.to)[1] != mail.to or "@" not in mail.to or not mail.to.isascii():
        raise DeliveryRefused("address")
    message["Date"] = format_datetime(mail.date)
    # Tried again after a crash at the worst moment, it can be told from another message.
    message["Message-ID"] = f"<{mail.key}@{parseaddr(mail.sender)[1].partition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text, charset="utf-8", cte="quoted-printable")
    return message
