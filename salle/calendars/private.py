"""Reading private calendars: who may read by which address, and the uses each one shows.

The right is asked of the database at each read: somebody who left, or lost the role, reads
nothing. Door codes are never selected here.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from salle.accounts.rules import PERMISSIONS, Permission
from salle.calendars.queries import Version, make_digest
from salle.calendars.rules import MAX_EVENTS, AddressKind, Window
from salle.db import db
from salle.kernel.errors import NotFound
from salle.kernel.ids import hash_token


@dataclass(frozen=True, kw_only=True)
class Reader:
    """A live address whose owner still has the right: what it opens, and when it was read."""

    address_id: uuid.UUID
    kind: AddressKind
    organisation_id: uuid.UUID | None
    site_ids: list[uuid.UUID]
    title: str
    last_read_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Use:
    """One confirmed date of a booking, with what its calendars may say. Seconds since 1970."""

    date_id: str
    starts: int
    ends: int
    confirmed: int
    booking_id: str
    reference: str
    room_id: str
    room: str
    site: str
    address: str
    time_zone: str
    organisation: str
    purpose: str
    headcount: int
    doors: list[str]


_READER = sa.text("""
SELECT a.id, a.kind, a.organisation_id, a.last_read_at,
       o.name AS organisation, t.name AS site, u.name AS person,
       EXISTS (SELECT FROM membership m WHERE m.user_id = a.user_id
                 AND m.organisation_id = a.organisation_id AND m.ended_at IS NULL) AS is_member,
       ARRAY(SELECT DISTINCT s.id FROM role_assignment r
               JOIN site s ON s.id = r.site_id
                           OR (a.kind = 'site' AND s.territory_id = r.territory_id)
              WHERE r.user_id = a.user_id AND (a.site_id IS NULL OR s.id = a.site_id)
                AND r.role = ANY (CASE a.kind WHEN 'site' THEN CAST(:staff AS text[])
                                              ELSE CAST(:keepers AS text[]) END)
              ORDER BY s.id) AS site_ids
  FROM calendar_address a
  JOIN user_account u ON u.id = a.user_id AND u.closed_at IS NULL
  LEFT JOIN organisation o ON o.id = a.organisation_id
  LEFT JOIN site t ON t.id = a.site_id
 WHERE a.token_hash = :hash AND a.revoked_at IS NULL
""")


def _roles(permission: Permission) -> list[str]:
    return [role.value for role, allowed in PERMISSIONS.items() if permission in allowed]


def get_reader(token: str) -> Reader:
    """What an address opens now; NotFound when unknown, revoked, or when the right has ended."""
    arguments = {
        "hash": hash_token(token),
        "staff": _roles(Permission.SEE_SITE_BOOKINGS),
        "keepers": _roles(Permission.SEE_DOOR_CODES),
    }
    row = db.session.execute(_READER, arguments).first()
    if row is None:
        raise NotFound
    kind = AddressKind(row.kind)
    if not (row.is_member if kind == AddressKind.ORGANISATION else row.site_ids):
        raise NotFound
    titles = {
        AddressKind.ORGANISATION: f"Réservations, {row.organisation}",
        AddressKind.SITE: f"Réservations, {row.site}",
        AddressKind.CARETAKER: "Ouvertures et fermetures",
    }
    return Reader(
        address_id=row.id,
        kind=kind,
        organisation_id=row.organisation_id,
        site_ids=[] if kind == AddressKind.ORGANISATION else list(row.site_ids),
        title=titles[kind],
        last_read_at=row.last_read_at,
    )


# One line of JSON a use; the version is the hash of the lines, here and in PostgreSQL alike.
_LINES = """
WITH uses AS (
  SELECT d.id, d.starts_at, json_build_object(
           'date_id', d.id, 'starts', date_part('epoch', d.starts_at)::bigint,
           'ends', date_part('epoch', d.ends_at)::bigint,
           'confirmed', date_part('epoch', b.confirmed_at)::bigint,
           'booking_id', b.id, 'reference', b.reference, 'room_id', r.id, 'room', r.name,
           'site', s.name, 'time_zone', s.time_zone,
           'address', concat_ws(', ', nullif(s.address, ''),
                                concat_ws(' ', nullif(s.postcode, ''), s.commune)),
           'organisation', o.name, 'purpose', b.purpose, 'headcount', b.headcount,
           'doors', ARRAY(SELECT concat_ws('. ', p.name, nullif(p.directions, ''))
                            FROM room_door rd JOIN door p ON p.id = rd.door_id
                           WHERE rd.room_id = r.id ORDER BY p.name, p.id))::text AS line
    FROM booking_date d
    JOIN booking b ON b.id = d.booking_id
    JOIN room r ON r.id = b.room_id
    JOIN site s ON s.id = r.site_id
    JOIN organisation o ON o.id = b.organisation_id
   WHERE {condition} AND d.state = 'confirmed' AND b.state = 'confirmed'
   ORDER BY d.ends_at <= :recent, d.starts_at, d.id LIMIT :most
), joined AS (
  SELECT coalesce(string_agg(u.line, E'\\n' ORDER BY u.starts_at, u.id), '') AS lines FROM uses u
)
SELECT {shown}, c.version, c.changed_at
  FROM joined j LEFT JOIN calendar_state c ON c.calendar = :calendar
"""
_COVERED = " AND d.starts_at >= :since AND d.starts_at < :until"
_CONDITIONS = {
    AddressKind.ORGANISATION: "b.organisation_id = :organisation" + _COVERED,
    AddressKind.SITE: "r.site_id = ANY (:sites)" + _COVERED,
    AddressKind.CARETAKER: "r.site_id = ANY (:sites)" + _COVERED,
}
_WHOLE = {
    kind: sa.text(_LINES.format(condition=condition, shown="j.lines"))
    for kind, condition in _CONDITIONS.items()
}
_VERSION = {
    kind: sa.text(
        _LINES.format(
            condition=condition,
            shown="encode(sha256(convert_to(j.lines, 'UTF8')), 'hex') AS digest",
        )
    )
    for kind, condition in _CONDITIONS.items()
}
_BOOKING = sa.text(_LINES.format(condition="b.id = :booking", shown="j.lines"))


def get_private_version(reader: Reader, covered: Window) -> Version:
    """The version of what the address shows, alone."""
    row = db.session.execute(_VERSION[reader.kind], _arguments(reader, covered)).one()
    return _version(reader, row, row.digest, covered)


def get_private_calendar(reader: Reader, covered: Window) -> tuple[Version, list[Use]]:
    """The confirmed uses that the address shows, in order."""
    row = db.session.execute(_WHOLE[reader.kind], _arguments(reader, covered)).one()
    digest = hashlib.sha256(row.lines.encode()).hexdigest()
    return _version(reader, row, digest, covered), _uses(row.lines)


def list_booking_uses(booking_id: uuid.UUID, covered: Window) -> list[Use]:
    """The confirmed dates of one booking, in order."""
    arguments = {
        "booking": booking_id,
        "calendar": "",
        "recent": covered.recent,
        "most": MAX_EVENTS,
    }
    return _uses(db.session.execute(_BOOKING, arguments).one().lines)


def _arguments(reader: Reader, covered: Window) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "calendar": f"address:{reader.address_id}",
        "recent": covered.recent,
        "since": covered.since,
        "until": covered.until,
        "most": MAX_EVENTS,
    }
    if reader.kind == AddressKind.ORGANISATION:
        return {**asked, "organisation": reader.organisation_id}
    return {**asked, "sites": reader.site_ids}


def _version(reader: Reader, row: sa.Row[Any], content: str, covered: Window) -> Version:
    digest = make_digest(f"{reader.kind} {reader.title} {content}", covered)
    return Version(
        calendar=f"address:{reader.address_id}",
        digest=digest,
        changed_at=row.changed_at if row.version == digest else None,
    )


def _uses(lines: str) -> list[Use]:
    return [Use(**orjson.loads(one)) for one in lines.split("\n")] if lines else []
