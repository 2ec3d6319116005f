"""Changing what a room or a site asks of bookings; every change keeps the value it replaces.

The caller has checked that the person may manage the site, and runs in a transaction().
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from salle.accounts.models import User
from salle.audit.models import AuditEvent
from salle.audit.service import record
from salle.db import db
from salle.kernel.errors import Invalid
from salle.kernel.words import duree, pluriel
from salle.venues.asking import MINUTES_OF_DAY, hour_words
from salle.venues.buffers import ShortPause, change_buffer, list_short_pauses
from salle.venues.models import Room, Site
from salle.venues.queries import list_space_buffers

MINUTE = timedelta(minutes=1)
KEPT_CHANGES = 10
LARGEST_BUFFER = 240
EARLIEST_HOUR, LATEST_HOUR = 360, 1740  # 6 h, and 5 h in the night that follows


@dataclass(frozen=True, kw_only=True)
class RoomSettings:
    """The rules of a room; durations in minutes. `buffer_minutes` is that of its spaces."""

    step_minutes: int
    min_minutes: int
    max_minutes: int
    notice_minutes: int
    horizon_days: int
    latest_minute: int | None
    capacity: int
    buffer_minutes: int


LABELS: dict[str, str] = {
    "step_minutes": "pas des heures",
    "min_minutes": "durée minimale",
    "max_minutes": "durée maximale",
    "notice_minutes": "délai",
    "horizon_days": "réservation à l’avance",
    "latest_minute": "rendue au plus tard",
    "capacity": "capacité",
    "buffer_minutes": "battement",
    "max_people": "personnes dans le bâtiment",
}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change of the past: name of the rule → its value before, then after."""

    id: int
    at: datetime
    name: str | None
    values: Mapping[str, tuple[int | None, int | None]]

    @property
    def words(self) -> list[str]:
        """« durée maximale : 12 h, puis 2 h »."""
        return [
            f"{LABELS[rule]}\u00a0: {value_words(rule, before)}, puis {value_words(rule, after)}"
            for rule, (before, after) in self.values.items()
            if rule in LABELS
        ]


def value_words(rule: str, value: int | None) -> str:
    """The value of a rule as a person reads it."""
    if value is None:
        return "sans limite"
    if rule == "latest_minute":
        return hour_words(value)
    if rule == "horizon_days":
        return pluriel(value, "jour")
    if rule in {"capacity", "max_people"}:
        return pluriel(value, "personne")
    return duree(value) if value else "aucun"


def room_settings(room: Room) -> RoomSettings:
    """The present rules of a room; its pause is the largest of its spaces'."""
    pauses = list_space_buffers(room.id).values()
    return RoomSettings(
        step_minutes=room.step_minutes,
        min_minutes=room.min_minutes,
        max_minutes=room.max_minutes,
        notice_minutes=room.notice_minutes,
        horizon_days=room.horizon_days,
        latest_minute=room.latest_minute,
        capacity=room.capacity,
        buffer_minutes=max(pauses, default=timedelta(0)) // MINUTE,
    )


def check_room_settings(settings: RoomSettings, site: Site) -> None:
    """Every value within its bounds, and together possible. Raises Invalid, by field."""
    wrong: dict[str, str] = {}
    for right, name, sentence in _bounds(settings, site.max_people):
        if not right:
            wrong.setdefault(name, sentence)
    if wrong:
        raise Invalid("Des règles sont à revoir.", errors=wrong)


def _bounds(settings: RoomSettings, max_people: int | None) -> list[tuple[bool, str, str]]:
    """(what must hold, the field it is about, what to say when it does not)."""
    step, shortest, longest = settings.step_minutes, settings.min_minutes, settings.max_minutes
    round_step = 5 <= step <= 240 and MINUTES_OF_DAY % step == 0
    latest = settings.latest_minute
    return [
        (
            round_step,
            "step_minutes",
            "De 5 min à 4 h, et un nombre rond de pas par jour (15 min, 30 min, 1 h…).",
        ),
        (
            not round_step or shortest % step == longest % step == 0,
            "step_minutes",
            "Les durées doivent tomber juste sur ce pas.",
        ),
        (5 <= shortest <= MINUTES_OF_DAY, "min_minutes", "De 5 min à 24 h."),
        (5 <= longest <= MINUTES_OF_DAY, "max_minutes", "De 5 min à 24 h."),
        (shortest <= longest, "max_minutes", f"Au moins la durée minimale, {duree(shortest)}."),
        (1 <= settings.horizon_days <= 730, "horizon_days", "De 1 à 730 jours."),
        (
            0 <= settings.notice_minutes <= settings.horizon_days * MINUTES_OF_DAY,
            "notice_minutes",
            "Moins long que la réservation à l’avance permise.",
        ),
        (
            latest is None or EARLIEST_HOUR <= latest <= LATEST_HOUR,
            "latest_minute",
            "De 6 h à 5 h du matin, ou rien.",
        ),
        (1 <= settings.capacity <= 9999, "capacity", "De 1 à 9 999 personnes."),
        (
            max_people is None or settings.capacity <= max_people,
            "capacity",
            f"Le bâtiment entier accueille {max_people} personnes au plus.",
        ),
        (0 <= settings.buffer_minutes <= LARGEST_BUFFER, "buffer_minutes", "De 0 min à 4 h."),
    ]


def change_room(
    *, room: Room, settings: RoomSettings, actor: User, now: datetime
) -> list[ShortPause]:
    """Give the room these rules; uses already agreed stay. Returns those too close for the pause.

    The pause is that of the spaces: it changes for every room that shares them. Raises Invalid.
    """
    check_room_settings(settings, room.site)
    room_id, site_id = room.id, room.site_id
    before, after = asdict(room_settings(room)), asdict(settings)
    changes = {rule: [before[rule], after[rule]] for rule in after if before[rule] != after[rule]}
    if not changes:
        return []
    spaces = list(list_space_buffers(room_id))
    if "buffer_minutes" in changes:
        change_buffer(spaces, settings.buffer_minutes * MINUTE, now=now)
    columns = {rule: value for rule, value in after.items() if rule != "buffer_minutes"}
    db.session.execute(sa.update(Room).where(Room.id == room_id).values(columns))
    record(
        "room.rules_changed",
        object_type="room",
        object_id=room_id,
        actor_id=actor.id,
        at=now,
        site_id=str(site_id),
        changes=changes,
    )
    return list_short_pauses(spaces, now=now)


def check_max_people(max_people: int | None) -> None:
    """A number of people that a building may take, or none. Raises Invalid."""
    if max_people is not None and not 1 <= max_people <= 99_999:
        raise Invalid("Une valeur est à revoir.", errors={"max_people": "De 1 à 99 999 personnes."})


def change_site(*, site: Site, max_people: int | None, actor: User, now: datetime) -> None:
    """How many people the building takes at once; None = no such rule. Raises Invalid."""
    check_max_people(max_people)
    locked = db.session.scalars(
        sa.select(Site)
        .where(Site.id == site.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    if locked.max_people == max_people:
        return
    record(
        "site.rules_changed",
        object_type="site",
        object_id=site.id,
        actor_id=actor.id,
        at=now,
        changes={"max_people": [locked.max_people, max_people]},
    )
    locked.max_people = max_people
    db.session.flush()


def list_changes(object_type: str, object_id: uuid.UUID) -> list[Change]:
    """The last changes of the rules of a room or a site, latest first."""
    rows = db.session.execute(
        sa.select(AuditEvent, User.name)
        .outerjoin(User, User.id == AuditEvent.actor_id)
        .where(
            AuditEvent.object_type == object_type,
            AuditEvent.object_id == str(object_id),
            AuditEvent.action == f"{object_type}.rules_changed",
        )
        .order_by(AuditEvent.id.desc())
        .limit(KEPT_CHANGES)
    )
    return [
        Change(
            id=event.id,
            at=event.at,
            name=name,
            values={rule: (pair[0], pair[1]) for rule, pair in event.details["changes"].items()},
        )
        for event, name in rows
    ]
