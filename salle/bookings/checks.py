"""The rules of a booking request, pure: each refusal says which rule, whose, and what works."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from salle.bookings.rules import MAX_PURPOSE
from salle.kernel.clock import to_wall
from salle.kernel.errors import DomainError, Invalid
from salle.payments.pricing import format_duration

MINUTE = timedelta(minutes=1)


class Refused(Invalid):
    """A rule of the room or of the owner refuses the request."""


@dataclass(frozen=True, kw_only=True)
class RoomRules:
    """What a room asks of any request; durations in minutes."""

    time_zone: str
    capacity: int
    step_minutes: int
    min_minutes: int
    max_minutes: int
    notice_minutes: int
    horizon_days: int


def check_times(rules: RoomRules, starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    """Order, past, granularity, duration, notice and horizon. Raises Refused."""
    if ends_at <= starts_at:
        raise Refused("La fin doit venir après le début.", errors={"end": "Après le début."})
    if starts_at < now:
        raise Refused(
            "Ce créneau a déjà commencé. Choisissez une heure à venir.", code="in_the_past"
        )
    minutes = (ends_at - starts_at) // MINUTE
    for error in (
        _step(rules, starts_at, ends_at),
        _length(rules, minutes),
        _delay(rules, starts_at, now),
    ):
        if error is not None:
            raise error


def check_people(rules: RoomRules, headcount: int) -> None:
    """Between one person and the room's capacity (fire safety). Raises Refused."""
    if headcount < 1:
        raise Refused(
            "Indiquez combien vous serez : au moins une personne.",
            errors={"headcount": "Au moins une personne."},
        )
    if headcount > rules.capacity:
        raise Refused(
            f"La salle accueille {rules.capacity} personnes au plus : c’est la règle de sécurité "
            f"incendie du bâtiment. Vous en annoncez {headcount} : cherchez une salle plus grande.",
            code="too_many_people",
            errors={"headcount": f"{rules.capacity} personnes au plus."},
        )


def check_purpose(purpose: str) -> None:
    """A short description of what will be done. Raises Refused."""
    if not 1 <= len(purpose.strip()) <= MAX_PURPOSE or "\x00" in purpose:
        raise Refused(
            f"Dites en quelques mots ce que vous ferez ({MAX_PURPOSE} caractères au plus).",
            errors={"purpose": "Une phrase suffit."},
        )


def check_insurance(insured_until: date | None, day: date) -> None:
    """The liability insurance must cover the day of use, not the day of the request."""
    if insured_until is None or insured_until < day:
        raise Refused(
            "L’assurance de votre association doit couvrir le jour de l’utilisation. "
            "Envoyez l’attestation à jour au collège.",
            code="insurance_missing",
        )


def _step(rules: RoomRules, starts_at: datetime, ends_at: datetime) -> DomainError | None:
    for instant in (starts_at, ends_at):
        wall = to_wall(instant, rules.time_zone)
        if (wall.hour * 60 + wall.minute) % rules.step_minutes or wall.second or wall.microsecond:
            return Refused(
                f"Les heures vont de {rules.step_minutes} en {rules.step_minutes} minutes "
                "dans cette salle. Choisissez une heure ronde.",
                errors={"start": f"De {rules.step_minutes} en {rules.step_minutes} minutes."},
            )
    return None


def _length(rules: RoomRules, minutes: int) -> DomainError | None:
    if minutes < rules.min_minutes:
        return Refused(
            f"Le collège loue cette salle {format_duration(rules.min_minutes)} au moins. "
            "Allongez votre créneau.",
            code="too_short",
        )
    if minutes > rules.max_minutes:
        return Refused(
            f"Le collège loue cette salle {format_duration(rules.max_minutes)} au plus. "
            "Raccourcissez votre créneau.",
            code="too_long",
        )
    return None


def _delay(rules: RoomRules, starts_at: datetime, now: datetime) -> DomainError | None:
    if starts_at < now + rules.notice_minutes * MINUTE:
        return Refused(
            f"Le collège demande {format_duration(rules.notice_minutes)} de délai. "
            "Choisissez un créneau plus tard.",
            code="too_soon",
        )
    if starts_at > now + timedelta(days=rules.horizon_days):
        return Refused(
            f"Le collège ouvre les réservations {rules.horizon_days} jours à l’avance. "
            "Choisissez une date plus proche.",
            code="too_far",
        )
    return None
