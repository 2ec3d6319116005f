"""Changing opening rules: some of them, or all those of a room or a site at once.

Each change locks the sites, writes the rules, lays their windows out again and leaves an audit
event, all in the caller's transaction: the next search sees the whole of it or nothing.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range

from salle.audit.service import record
from salle.db import db, register_constraints
from salle.kernel.clock import local_day
from salle.kernel.errors import Conflict, DomainError, Invalid, NotFound
from salle.venues.models import OpeningRule, Room, Schedule, Site
from salle.venues.openings import (
    ensure_room_schedule,
    ensure_site_schedule,
    rebuild_windows,
    share_site_schedule,
)
from salle.venues.rules import MAX_REASON, Period

MAX_RULES = 2_000  # of one room or one site
CHUNK = 20  # schedules laid out between two steps of a progress bar


def _same_rule() -> DomainError:
    return Conflict("Cette règle existe déjà.")


register_constraints({"uq_opening_rule_same": _same_rule})

Steps = Callable[[Sequence[list[uuid.UUID]]], Iterable[list[uuid.UUID]]]


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """Whose rules: a site's own, or those of one of its rooms."""

    site_id: uuid.UUID
    room_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """One opening rule as people give it: civil days both included, None = no bound.

    Two that differ by their reason only are the same rule.
    """

    period: Period
    opens: int
    closes: int
    weekday: int | None = None
    first: date | None = None
    last: date | None = None
    reason: str = field(default="", compare=False)

    @property
    def valid(self) -> Range[date]:
        """The same civil days, half-open."""
        if self.last is None or self.last == date.max:
            return Range(self.first, None)
        return Range(self.first, self.last + timedelta(days=1))


@dataclass(kw_only=True)
class Changes:
    """What became of the rules."""

    added: set[tuple[Target, Hours]] = field(default_factory=set)
    updated: set[tuple[Target, Hours]] = field(default_factory=set)
    removed: int = 0


def hours_of(rule: OpeningRule) -> Hours:
    """A stored rule as people give it."""
    upper: date | None = rule.valid.upper
    return Hours(
        period=rule.period,
        opens=rule.opens,
        closes=rule.closes,
        weekday=rule.weekday,
        first=rule.valid.lower,
        last=upper - timedelta(days=1) if upper else None,
        reason=rule.reason,
    )


def list_rules(site_id: uuid.UUID) -> Sequence[OpeningRule]:
    """Every rule of the site and of its rooms; the site's first, in the order of their ids."""
    return db.session.scalars(
        sa.select(OpeningRule)
        .where(OpeningRule.site_id == site_id)
        .order_by(OpeningRule.room_id.nulls_first(), OpeningRule.id)
    ).all()


def lock_sites(site_ids: Iterable[uuid.UUID]) -> None:
    """One change of the rules of a site at a time; in order of their ids, first of all locks."""
    db.session.execute(
        sa.select(Site.id)
        .where(Site.id.in_(set(site_ids)))
        .order_by(Site.id)
        .with_for_update(key_share=True)
    )


def replace_rules(
    wanted: Mapping[Target, Collection[Hours]],
    *,
    actor_id: uuid.UUID | None,
    now: datetime,
    steps: Steps = iter,
) -> Changes:
    """Give each of these targets exactly these rules; rules that were there already stay.

    The caller has checked that it may. `steps` may show how the layout goes on.
    """
    lock_sites(target.site_id for target in wanted)
    stored = _stored(wanted)
    changes, changed = Changes(), set()
    for target, hours in wanted.items():
        kept = {hours_of(rule): rule for rule in stored[target]}
        given = {one: one for one in hours}
        fresh, gone = given.keys() - kept.keys(), kept.keys() - given.keys()
        for one in given.keys() & kept.keys():
            if kept[one].reason != given[one].reason:
                kept[one].reason = given[one].reason
                changes.updated.add((target, one))
        if not fresh and not gone:
            continue
        _check_count(len(given))
        for one in gone:
            db.session.delete(kept[one])
        db.session.flush()
        db.session.add_all(_row(target, one) for one in fresh)
        changes.added |= {(target, one) for one in fresh}
        changes.removed += len(gone)
        changed.add(target)
        _record("hours.replaced", target, actor_id, now, added=len(fresh), removed=len(gone))
    _lay_out(changed, now, steps)
    return changes


def add_rules(
    target: Target, hours: Collection[Hours], *, actor_id: uuid.UUID, now: datetime
) -> int:
    """Add these rules to the target's; how many were new. The caller has checked the right."""
    lock_sites([target.site_id])
    known = {hours_of(rule) for rule in _stored([target])[target]}
    fresh = list(dict.fromkeys(one for one in hours if one not in known))
    _check_count(len(known) + len(fresh))
    for one in fresh:
        db.session.add(_row(target, one))
        _record("hours.added", target, actor_id, now, **_told(one))
    if fresh:
        _lay_out({target}, now)
    return len(fresh)


def remove_rules(
    site_id: uuid.UUID, rule_ids: Collection[uuid.UUID], *, actor_id: uuid.UUID, now: datetime
) -> int:
    """Remove these rules of the site and its rooms; NotFound when one is of another site."""
    lock_sites([site_id])
    rules = db.session.scalars(
        sa.select(OpeningRule)
        .where(OpeningRule.id.in_(set(rule_ids)), OpeningRule.site_id == site_id)
        .order_by(OpeningRule.id)
    ).all()
    if len(rules) != len(set(rule_ids)):
        raise NotFound("Cette règle n’existe plus : quelqu’un l’a déjà retirée.")
    targets = set()
    for rule in rules:
        target = Target(site_id, rule.room_id)
        _record("hours.removed", target, actor_id, now, **_told(hours_of(rule)))
        db.session.delete(rule)
        targets.add(target)
    _lay_out(targets, now)
    return len(rules)


def change_site_rules(site_id: uuid.UUID, hours: Collection[Hours], *, now: datetime) -> int:
    """Replace the rules of one site and lay out all its schedules: the change to be measured."""
    changes = replace_rules({Target(site_id): hours}, actor_id=None, now=now)
    return len(changes.added) + changes.removed


def _stored(targets: Collection[Target]) -> dict[Target, list[OpeningRule]]:
    found: dict[Target, list[OpeningRule]] = defaultdict(list)
    sites = {target.site_id for target in targets}
    for rule in db.session.scalars(sa.select(OpeningRule).where(OpeningRule.site_id.in_(sites))):
        found[Target(rule.site_id, rule.room_id)].append(rule)
    return found


def _row(target: Target, hours: Hours) -> OpeningRule:
    return OpeningRule(
        site_id=target.site_id,
        room_id=target.room_id,
        period=hours.period,
        weekday=hours.weekday,
        opens=hours.opens,
        closes=hours.closes,
        valid=hours.valid,
        reason=hours.reason[:MAX_REASON],
    )


def _lay_out(targets: Collection[Target], now: datetime, steps: Steps = iter) -> None:
    """Rooms with rules of their own get their own schedule, the others share their site's."""
    db.session.flush()
    schedules: set[uuid.UUID] = set()
    for target in targets:
        if target.room_id is None:
            ensure_site_schedule(db.session.get_one(Site, target.site_id))
            schedules.update(
                db.session.scalars(sa.select(Schedule.id).filter_by(site_id=target.site_id))
            )
    for target in sorted(targets, key=lambda one: (one.site_id, str(one.room_id))):
        if target.room_id is None:
            continue
        room = db.session.get_one(Room, target.room_id)
        own = sa.select(sa.exists().where(OpeningRule.room_id == room.id))
        if db.session.scalar(own):
            schedules.add(ensure_room_schedule(room).id)
        else:
            share_site_schedule(room)
    ids = sorted(schedules)
    for chunk in steps([ids[at : at + CHUNK] for at in range(0, len(ids), CHUNK)]):
        rebuild_windows(chunk, today=local_day(now))


def _check_count(number: int) -> None:
    if number > MAX_RULES:
        raise Invalid(f"{MAX_RULES} règles au plus pour une salle ou un collège")


def _told(hours: Hours) -> dict[str, object]:
    return {
        "period": hours.period.value,
        "weekday": hours.weekday,
        "opens": hours.opens,
        "closes": hours.closes,
        "first": hours.first.isoformat() if hours.first else None,
        "last": hours.last.isoformat() if hours.last else None,
    }


def _record(
    action: str, target: Target, actor_id: uuid.UUID | None, now: datetime, **details: object
) -> None:
    record(
        action,
        object_type="room" if target.room_id else "site",
        object_id=target.room_id or target.site_id,
        actor_id=actor_id,
        at=now,
        **details,
    )
