"""Dating calendars; making, renewing and revoking secret addresses."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa

from salle.accounts.models import User
from salle.audit.service import record
from salle.calendars.addresses import find_live_address, list_offers, lock_live_address
from salle.calendars.models import CalendarAddress
from salle.calendars.queries import Version
from salle.calendars.rules import READ_GRAIN, AddressKind
from salle.db import db, register_constraints
from salle.installation import get_sealer
from salle.kernel.errors import Conflict, DomainError, NotFound
from salle.kernel.ids import hash_token, new_token

# A second is the grain of Last-Modified: two versions never share one.
_NOTE_VERSION = sa.text("""
INSERT INTO calendar_state AS s (calendar, version, changed_at)
VALUES (:calendar, :version, date_trunc('second', CAST(:now AS timestamptz)))
ON CONFLICT (calendar) DO UPDATE
   SET version = excluded.version,
       changed_at = greatest(excluded.changed_at, s.changed_at + interval '1 second')
 WHERE s.version <> excluded.version
""")


def note_version(*, version: Version, now: datetime) -> datetime:
    """Since when the calendar has been in that version, as far as anybody has read it."""
    db.session.execute(
        _NOTE_VERSION, {"calendar": version.calendar, "version": version.digest, "now": now}
    )
    changed_at = db.session.scalar(
        sa.text("SELECT changed_at FROM calendar_state WHERE calendar = :calendar"),
        {"calendar": version.calendar},
    )
    assert isinstance(changed_at, datetime)  # noqa: S101 just written, never deleted
    return changed_at


class AddressExists(Conflict):
    """Two requests for the same address at once: one of them made it."""

    message = "Cette adresse vient d’être créée. Rechargez la page pour la voir."


def _address_exists() -> DomainError:
    return AddressExists()


register_constraints({"uq_calendar_address_live": _address_exists})


def create_address(
    *, kind: AddressKind, subject_id: uuid.UUID | None, actor: User, now: datetime
) -> CalendarAddress:
    """The actor's live address for that calendar, made if there is none yet.

    NotFound when the actor has no right to the calendar; AddressExists when another request
    makes it meanwhile.
    """
    if (kind, subject_id) not in {(offer.kind, offer.subject_id) for offer in list_offers(actor)}:
        raise NotFound
    known = find_live_address(actor.id, kind, subject_id)
    return known or _make(kind, subject_id, actor, now, "calendar.address_created")


def renew_address(*, address_id: uuid.UUID, actor: User, now: datetime) -> CalendarAddress:
    """Another address for the same calendar; the former one opens nothing any more."""
    former = _revoke(address_id, actor, now)
    subject_id = former.organisation_id or former.site_id
    if (former.kind, subject_id) not in {(o.kind, o.subject_id) for o in list_offers(actor)}:
        raise NotFound
    return _make(former.kind, subject_id, actor, now, "calendar.address_renewed")


def revoke_address(*, address_id: uuid.UUID, actor: User, now: datetime) -> None:
    """The address opens nothing any more. Its owner may always, even without the right."""
    _revoke(address_id, actor, now)
    record(
        "calendar.address_revoked",
        object_type="calendar_address",
        object_id=address_id,
        actor_id=actor.id,
        at=now,
    )


def _revoke(address_id: uuid.UUID, actor: User, now: datetime) -> CalendarAddress:
    """Lock first: of two renewals at once the second finds nothing live."""
    address = lock_live_address(address_id, actor.id)
    address.revoked_at = now
    db.session.flush()
    return address


def _make(
    kind: AddressKind, subject_id: uuid.UUID | None, actor: User, now: datetime, action: str
) -> CalendarAddress:
    address_id, token = uuid.uuid4(), new_token()
    address = CalendarAddress(
        id=address_id,
        user_id=actor.id,
        kind=kind,
        organisation_id=subject_id if kind == AddressKind.ORGANISATION else None,
        site_id=subject_id if kind == AddressKind.SITE else None,
        token_hash=hash_token(token),
        token_sealed=get_sealer().seal(token, context=sealing_context(address_id)),
        created_at=now,
    )
    db.session.add(address)
    db.session.flush()
    record(
        action,
        object_type="calendar_address",
        object_id=address_id,
        actor_id=actor.id,
        at=now,
        kind=kind.value,
    )
    return address


def open_token(address: CalendarAddress) -> str:
    """The token of an address, for its owner's eyes."""
    return get_sealer().open(address.token_sealed, context=sealing_context(address.id))


def sealing_context(address_id: uuid.UUID) -> str:
    return f"calendar_address:{address_id}"


def note_read(*, address_id: uuid.UUID, now: datetime) -> None:
    """The address was read now (written once a minute at most: READ_GRAIN)."""
    db.session.execute(
        sa.update(CalendarAddress)
        .where(
            CalendarAddress.id == address_id,
            sa.or_(
                CalendarAddress.last_read_at.is_(None),
                CalendarAddress.last_read_at <= now - READ_GRAIN,
            ),
        )
        .values(last_read_at=now)
    )
