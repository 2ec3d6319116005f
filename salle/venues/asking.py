"""What a room asks of any slot: order, past, steps, length, notice, horizon. Pure.

Pages use it before anybody signs in, bookings when they are made: one rule, one sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from salle.kernel.clock import to_wall
from salle.kernel.errors import DomainError, Invalid
from salle.kernel.words import duree
from salle.venues.models import Room

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


def room_rules(room: Room) -> RoomRules:
    """The rules of a room whose site is loaded, as plain values."""
    return RoomRules(
        time_zone=room.site.time_zone,
        capacity=room.capacity,
        step_minutes=room.step_minutes,
        min_minutes=room.min_minutes,
        max_minutes=room.max_minutes,
        notice_minutes=room.notice_minutes,
        horizon_days=room.horizon_days,
    )


def next_step(instant: datetime, room: Room) -> datetime:
    """The next instant at which a use of the room may start, on the wall clock."""
    wall = to_wall(instant, room.site.time_zone)
    since = timedelta(hours=wall.hour, minutes=wall.minute, seconds=wall.second)
    since += timedelta(microseconds=wall.microsecond)
    return instant + -since % (room.step_minutes * MINUTE)


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
            f"Le collège loue cette salle {duree(rules.min_minutes)} au moins. "
            "Allongez votre créneau.",
            code="too_short",
        )
    if minutes > rules.max_minutes:
        return Refused(
            f"Le collège loue cette salle {duree(rules.max_minutes)} au plus. "
            "Raccourcissez votre créneau.",
            code="too_long",
        )
    return None


def _delay(rules: RoomRules, starts_at: datetime, now: datetime) -> DomainError | None:
    if starts_at < now + rules.notice_minutes * MINUTE:
        return Refused(
            f"Le collège demande {duree(rules.notice_minutes)} de délai. "
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
