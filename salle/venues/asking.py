"""What a room asks of any slot: order, past, steps, length, notice, horizon, latest hour. Pure.

Pages use it before anybody signs in, bookings when they are made: one rule, one sentence. Each
refusal says which rule, who set it, and what would work.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from salle.kernel.clock import to_wall
from salle.kernel.errors import DomainError, Invalid
from salle.kernel.words import date_fr, duree, heure_fr, periode
from salle.venues.models import Room, Site

MINUTE = timedelta(minutes=1)
MINUTES_OF_DAY = 24 * 60
# An evening belongs to the civil day on which it starts: it lasts until this hour of the next.
NIGHT_ENDS = 5 * 60


def ends_in_time(start: str, end: str) -> str:
    """The same rule as _latest() in SQL, for aliases `r` (room) and `s` (site) and two instants."""
    return f"""(r.latest_minute IS NULL OR r.latest_minute >= extract(epoch FROM
  ({end} AT TIME ZONE s.time_zone) - date_trunc('day', ({start} AT TIME ZONE s.time_zone)
  - interval '{NIGHT_ENDS} minutes')) / 60)"""


ENDS_IN_TIME = ends_in_time("CAST(:start AS timestamptz)", "CAST(:end AS timestamptz)")


class Refused(Invalid):
    """A rule of the room or of the owner refuses the request."""


@dataclass(frozen=True, kw_only=True)
class RoomRules:
    """What a room asks of any request; durations in minutes. `set_by` begins a sentence."""

    time_zone: str
    capacity: int
    step_minutes: int
    min_minutes: int
    max_minutes: int
    notice_minutes: int
    horizon_days: int
    latest_minute: int | None = None
    set_by: str = "Le collège"


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
        latest_minute=room.latest_minute,
        set_by=set_by(room.site),
    )


def set_by(site: Site) -> str:
    """« Le collège des Tilleuls » : whose rule it is, at the beginning of a sentence."""
    return with_article(site.name)


def with_article(name: str) -> str:
    """A collège or a département with its article; any other name as it is."""
    first = name[:1].upper() + name[1:]
    if first.startswith("Collège"):
        return f"Le {name[:1].lower()}{name[1:]}"
    return f"Le {first}" if first.startswith("Département") else first


def next_step(instant: datetime, room: Room) -> datetime:
    """The next instant at which a use of the room may start, on the wall clock."""
    return instant + -_since_midnight(instant, room.site.time_zone) % (room.step_minutes * MINUTE)


def latest_end(starts_at: datetime, latest_minute: int, zone: str) -> datetime:
    """The wall-clock reading (naive) by which a use that starts then must have ended."""
    wall = to_wall(starts_at, zone).replace(tzinfo=None)
    evening = (wall - NIGHT_ENDS * MINUTE).replace(hour=0, minute=0, second=0, microsecond=0)
    return evening + latest_minute * MINUTE


def earliest(room: Room, now: datetime) -> datetime:
    """The first instant at which a use may begin: the room's notice is over."""
    return now + room.notice_minutes * MINUTE


def end_minute(starts_at: datetime, ends_at: datetime, zone: str) -> int:
    """When a use ends, in minutes of the evening it belongs to; a part of one counts whole."""
    wall = to_wall(ends_at, zone).replace(tzinfo=None)
    return -((latest_end(starts_at, 0, zone) - wall) // MINUTE)


def check_times(rules: RoomRules, starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    """Order, past, granularity, duration, notice, horizon and latest hour. Raises Refused."""
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
        _latest(rules, starts_at, ends_at),
    ):
        if error is not None:
            raise error


def _since_midnight(instant: datetime, zone: str) -> timedelta:
    wall = to_wall(instant, zone)
    return timedelta(
        hours=wall.hour,
        minutes=wall.minute,
        seconds=wall.second,
        microseconds=wall.microsecond,
    )


def _step(rules: RoomRules, starts_at: datetime, ends_at: datetime) -> DomainError | None:
    step, zone = rules.step_minutes * MINUTE, rules.time_zone
    if not any(_since_midnight(instant, zone) % step for instant in (starts_at, ends_at)):
        return None
    start = starts_at - _since_midnight(starts_at, zone) % step
    end = ends_at + -_since_midnight(ends_at, zone) % step
    return Refused(
        f"{rules.set_by} loue cette salle de {rules.step_minutes} en {rules.step_minutes} minutes. "
        f"Choisissez par exemple\u00a0: {periode(start, end, zone, year=False)}.",
        errors={"start": f"De {rules.step_minutes} en {rules.step_minutes} minutes."},
    )


def _length(rules: RoomRules, minutes: int) -> DomainError | None:
    if minutes < rules.min_minutes:
        return Refused(
            f"{rules.set_by} loue cette salle {duree(rules.min_minutes)} au moins. "
            f"Allongez votre créneau de {duree(rules.min_minutes - minutes)}.",
            code="too_short",
        )
    if minutes > rules.max_minutes:
        return Refused(
            f"{rules.set_by} loue cette salle {duree(rules.max_minutes)} au plus. "
            f"Raccourcissez votre créneau de {duree(minutes - rules.max_minutes)}.",
            code="too_long",
        )
    return None


def _delay(rules: RoomRules, starts_at: datetime, now: datetime) -> DomainError | None:
    zone = rules.time_zone
    earliest = now + rules.notice_minutes * MINUTE
    if starts_at < earliest:
        first = earliest + -_since_midnight(earliest, zone) % (rules.step_minutes * MINUTE)
        return Refused(
            f"{rules.set_by} demande {duree(rules.notice_minutes)} de délai pour cette salle. "
            f"Choisissez un créneau à partir du {date_fr(first, zone, year=False)}, "
            f"{heure_fr(first, zone)}.",
            code="too_soon",
        )
    last = now + timedelta(days=rules.horizon_days)
    if starts_at > last:
        return Refused(
            f"{rules.set_by} ouvre les réservations de cette salle {rules.horizon_days} jours "
            f"à l’avance. Choisissez une date jusqu’au {date_fr(last, zone)}.",
            code="too_far",
        )
    return None


def _latest(rules: RoomRules, starts_at: datetime, ends_at: datetime) -> DomainError | None:
    if rules.latest_minute is None:
        return None
    latest = latest_end(starts_at, rules.latest_minute, rules.time_zone)
    if to_wall(ends_at, rules.time_zone).replace(tzinfo=None) <= latest:
        return None
    hour = hour_words(rules.latest_minute)
    return Refused(
        f"{rules.set_by} demande que cette salle soit rendue à {hour} au plus tard. "
        f"Choisissez un créneau qui finit à {hour} ou avant.",
        code="too_late",
        errors={"end": f"{hour[:1].upper()}{hour[1:]} au plus tard."},
    )


def hour_words(minute: int) -> str:
    """« 22 h », « minuit », « 1 h du matin »: a latest hour, which may pass midnight."""
    words = heure_fr(minute)
    return f"{words} du matin" if minute > MINUTES_OF_DAY else words
