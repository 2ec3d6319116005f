"""Reading what a calendar shows, and its version alone, by the same statement.

Public calendars read only when a room is taken: no name, purpose or reference leaves the
database. Two uses of the same hours (two halves of a gymnase) are one.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from salle.calendars.rules import MAX_EVENTS, Window
from salle.db import db
from salle.kernel.errors import NotFound


@dataclass(frozen=True, kw_only=True)
class Version:
    """What a calendar says, in short; since when, if that version has been seen before."""

    calendar: str
    digest: str
    changed_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Busy:
    """A published room and the uses that take it: seconds since 1970, [start, end, start, …]."""

    room_id: uuid.UUID
    slug: str
    room: str
    site: str
    uai: str
    address: str
    time_zone: str
    uses: list[int]


_ROOMS = """
WITH rooms AS MATERIALIZED (
  SELECT r.id, r.slug, r.name AS room, s.id AS site_id, s.name AS site, s.uai, s.time_zone,
         concat_ws(', ', nullif(s.address, ''), concat_ws(' ', nullif(s.postcode, ''), s.commune))
           AS address
    FROM room r JOIN site s ON s.id = r.site_id
   WHERE {condition} AND r.published_at IS NOT NULL
     AND (s.closed_on IS NULL OR s.closed_on > current_date)
   ORDER BY r.id {limit}
), busy AS (
  SELECT r.*, u.uses,
         encode(sha256(convert_to(
           concat_ws(E'\\n', r.id, r.slug, r.room, r.site, r.uai, r.time_zone, r.address, u.uses),
           'UTF8')), 'hex') AS digest
    FROM rooms r CROSS JOIN LATERAL (
      SELECT string_agg(k.starts || ' ' || k.ends, ' ' ORDER BY k.starts, k.ends) AS uses
        FROM (
          SELECT date_part('epoch', o.starts_at)::bigint AS starts,
                 date_part('epoch', o.ends_at)::bigint AS ends
            FROM room_space rs
            JOIN occupation o ON o.space_id = rs.space_id AND o.active
           WHERE rs.room_id = r.id
             AND o.utc_day BETWEEN CAST(:first AS date) AND CAST(:last AS date)
             AND o.starts_at >= :since
           GROUP BY o.starts_at, o.ends_at
           ORDER BY o.ends_at <= :recent, o.starts_at, o.ends_at
           LIMIT (SELECT :most / count(*) FROM rooms)
        ) k
    ) u
)
"""
_ONE_ROOM = {"condition": "r.slug = :key", "limit": "LIMIT 1"}
_ALL_ROOMS = {"condition": "s.uai = :key", "limit": ""}
_WHOLE = """
SELECT b.*, c.version, c.changed_at FROM busy b
  LEFT JOIN calendar_state c ON c.calendar = {calendar}
 ORDER BY b.room, b.id
"""
_VERSION = """
SELECT v.calendar, v.digests, c.version, c.changed_at FROM (
  SELECT min({calendar}) AS calendar, string_agg(b.digest, '' ORDER BY b.room, b.id) AS digests
    FROM busy b
) v LEFT JOIN calendar_state c ON c.calendar = v.calendar
"""
_ROOM_KEY, _SITE_KEY = "'room:' || b.id", "'site:' || b.site_id"

_ROOM = sa.text(_ROOMS.format(**_ONE_ROOM) + _WHOLE.format(calendar=_ROOM_KEY))
_ROOM_VERSION = sa.text(_ROOMS.format(**_ONE_ROOM) + _VERSION.format(calendar=_ROOM_KEY))
_SITE = sa.text(_ROOMS.format(**_ALL_ROOMS) + _WHOLE.format(calendar=_SITE_KEY))
_SITE_VERSION = sa.text(_ROOMS.format(**_ALL_ROOMS) + _VERSION.format(calendar=_SITE_KEY))


def get_room_calendar(slug: str, covered: Window) -> tuple[Version, list[Busy]]:
    """What takes a published room; NotFound."""
    rows = db.session.execute(_ROOM, _arguments(slug, covered)).all()
    return _whole(rows, covered, "room", "id")


def get_site_calendar(uai: str, covered: Window) -> tuple[Version, list[Busy]]:
    """What takes the published rooms of a site, by name; NotFound when it has none."""
    rows = db.session.execute(_SITE, _arguments(uai, covered)).all()
    return _whole(rows, covered, "site", "site_id")


def get_room_version(slug: str, covered: Window) -> Version:
    """The version of that calendar alone; NotFound."""
    return _version(db.session.execute(_ROOM_VERSION, _arguments(slug, covered)).one(), covered)


def get_site_version(uai: str, covered: Window) -> Version:
    """The version of that calendar alone; NotFound."""
    return _version(db.session.execute(_SITE_VERSION, _arguments(uai, covered)).one(), covered)


def _arguments(key: str, covered: Window) -> dict[str, Any]:
    return {
        "key": key,
        "since": covered.since,
        "first": covered.since.date(),
        "last": covered.until.date(),
        "recent": covered.recent,
        "most": MAX_EVENTS,
    }


def _whole(
    rows: Sequence[sa.Row[Any]], covered: Window, kind: str, identity: str
) -> tuple[Version, list[Busy]]:
    if not rows:
        raise NotFound
    digest = make_digest("".join(row.digest for row in rows), covered)
    version = Version(
        calendar=f"{kind}:{getattr(rows[0], identity)}",
        digest=digest,
        changed_at=rows[0].changed_at if rows[0].version == digest else None,
    )
    return version, [
        Busy(
            room_id=row.id,
            slug=row.slug,
            room=row.room,
            site=row.site,
            uai=row.uai,
            address=row.address,
            time_zone=row.time_zone,
            uses=list(map(int, row.uses.split())) if row.uses else [],
        )
        for row in rows
    ]


def _version(row: sa.Row[Any], covered: Window) -> Version:
    if row.calendar is None:
        raise NotFound
    digest = make_digest(row.digests, covered)
    return Version(
        calendar=row.calendar,
        digest=digest,
        changed_at=row.changed_at if row.version == digest else None,
    )


FORMAT = "1"  # to be raised when the writing changes: every subscriber reads again


def make_digest(content: str, covered: Window) -> str:
    """The version of a calendar: what it shows, how it is written, and its date stamp."""
    whole = f"{FORMAT} {covered.stamped:%Y} {covered.first_day:%Y} {content}"
    return hashlib.sha256(whole.encode()).hexdigest()[:32]
