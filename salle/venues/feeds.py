"""Timetables read again and again at an address: given, refreshed, removed.

The kept version is never lost: a failure is only written down, in French, with its time.
"""

from __future__ import annotations

import secrets
import uuid
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import sqlalchemy as sa

from salle.adapters.ical import BadCalendar
from salle.adapters.remote_calendar import Fetched, NotFetched, clean_address
from salle.audit.service import record
from salle.db import db, transaction
from salle.installation import get_fetcher, get_sealer
from salle.kernel.clock import local_day
from salle.kernel.errors import Conflict, DomainError
from salle.venues.imports.runs import Report
from salle.venues.imports.timetable import (
    Source,
    find_zone,
    keep_reading,
    laid_until,
    read_content,
    store_reading,
)
from salle.venues.models import Room, Site, Timetable
from salle.venues.occupations import lock_spaces
from salle.venues.openings import horizon
from salle.venues.queries import list_space_ids
from salle.venues.timetable_models import TimetableFeed
from salle.venues.timetables import replace_timetable

EVERY = timedelta(hours=4)
AFTER_FAILURE = timedelta(hours=1)
AT_MOST = timedelta(days=1)
BATCH = 100


class FeedChanged(Conflict):
    """The address was changed, removed or read by somebody else while it was being read."""

    message = "L’adresse a changé pendant la lecture : rien n’a été modifié. Rechargez la page."


class _Unreadable(BadCalendar):
    """One event cannot be read; the reading with its lines is kept already."""


@dataclass(frozen=True, kw_only=True)
class _Facts:
    """What is needed to read an address, outside any transaction."""

    feed_id: uuid.UUID
    room_id: uuid.UUID
    url: str
    host: str
    etag: str | None
    last_modified: str | None
    succeeded_at: datetime | None
    zone_name: str


def find_feed(room_id: uuid.UUID) -> TimetableFeed | None:
    """The address of the room's timetable, or None."""
    return db.session.scalar(sa.select(TimetableFeed).where(TimetableFeed.room_id == room_id))


def subscribe(*, room_id: uuid.UUID, url: str, actor_id: uuid.UUID | None, now: datetime) -> Report:
    """Read this address; if its calendar can be taken, it is the room's from now on.

    Raises NotFetched and BadCalendar; then nothing has changed. Call it outside a transaction.
    """
    url = clean_address(url, schemes=get_fetcher().schemes)
    host = urlsplit(url).hostname or ""
    with transaction():
        zone_name = find_zone(room_id)
    fetched = get_fetcher().fetch(url)
    reading = read_content(fetched.content or b"", zone_name=zone_name, now=now)
    with transaction():
        report = store_reading(
            room_id=room_id,
            zone_name=zone_name,
            content=fetched.content or b"",
            reading=reading,
            source=Source(name=host, actor_id=actor_id),
            now=now,
        )
        if reading.rejects:
            return report
        _forget(room_id)
        feed = TimetableFeed(
            id=uuid.uuid4(), room_id=room_id, host=host, created_at=now, succeeded_at=now,
            next_at=_later(now, EVERY), etag=fetched.etag, last_modified=fetched.last_modified,
        )  # fmt: skip
        feed.address_sealed = get_sealer().seal(url, context=str(feed.id))
        db.session.add(feed)
        _record("timetable.address_given", room_id, actor_id, now, host=host)
    return report


def unsubscribe(*, room_id: uuid.UUID, actor_id: uuid.UUID | None, now: datetime) -> None:
    """Forget the address; the version that was read stays. Run it inside transaction()."""
    if _forget(room_id):
        _record("timetable.address_removed", room_id, actor_id, now)


def refresh(
    *, room_id: uuid.UUID, now: datetime, actor_id: uuid.UUID | None = None
) -> Report | None:
    """Read the room's address again; None when nothing has changed or there is no address.

    A failure is kept beside the version that stays, and raised (NotFetched, BadCalendar,
    FeedChanged). Call it outside a transaction; it may run any number of times.
    """
    with transaction():
        facts = _facts(room_id)
    if facts is None:
        return None
    try:
        fetched = get_fetcher().fetch(facts.url, etag=facts.etag, last_modified=facts.last_modified)
        return _take(facts, fetched, Source(name=facts.host, actor_id=actor_id), now)
    except (NotFetched, BadCalendar) as error:
        with transaction():
            _fail(facts, error, now)
        raise


def list_due(now: datetime) -> Sequence[uuid.UUID]:
    """Rooms whose address should be read now, the longest waiting first."""
    return db.session.scalars(
        sa.select(TimetableFeed.room_id)
        .where(TimetableFeed.next_at <= now)
        .order_by(TimetableFeed.next_at, TimetableFeed.id)
        .limit(BATCH)
    ).all()


def list_to_extend(now: datetime) -> Sequence[uuid.UUID]:
    """Rooms whose lessons do not reach beyond the opening windows any more."""
    end = horizon(local_day(now))[1] + timedelta(days=2)
    return db.session.scalars(
        sa.select(Timetable.room_id)
        .where(Timetable.laid_until < end)
        .order_by(Timetable.laid_until, Timetable.id)
        .limit(BATCH)
    ).all()


def extend(*, room_id: uuid.UUID, now: datetime) -> None:
    """Lay the kept lessons out further, as the days go by. Call it outside a transaction."""
    with transaction():
        zone_name = find_zone(room_id)
        row = db.session.execute(
            sa.select(Timetable.kept, Timetable.digest, Timetable.file_name).where(
                Timetable.room_id == room_id, Timetable.kept.is_not(None)
            )
        ).first()
    kept, digest, file_name = row or (None, "", "")
    if kept is None:
        return
    reading = read_content(zlib.decompress(kept), zone_name=zone_name, now=now)
    with transaction():
        lock_spaces(list_space_ids(room_id))
        same = db.session.scalar(
            sa.select(Timetable.id).where(Timetable.room_id == room_id, Timetable.digest == digest)
        )
        if same is None:  # a newer version is laid out already
            return
        replace_timetable(
            room=db.session.get_one(Room, room_id), zone_name=zone_name,
            lessons=reading.lessons, file_name=file_name, content=None, now=now, kept=kept,
            laid_until=laid_until(zone_name, now),
        )  # fmt: skip


def _take(facts: _Facts, fetched: Fetched, source: Source, now: datetime) -> Report | None:
    if fetched.content is None:
        with transaction():
            _succeed(facts, fetched, now)
        return None
    reading = read_content(fetched.content, zone_name=facts.zone_name, now=now)
    with transaction():
        report = store_reading(
            room_id=facts.room_id,
            zone_name=facts.zone_name,
            content=fetched.content,
            reading=reading,
            source=source,
            now=now,
        )
        if not reading.rejects:
            _succeed(facts, fetched, now)
            return report
    raise _Unreadable(str(report.rejects[0]))


def _facts(room_id: uuid.UUID) -> _Facts | None:
    row = db.session.execute(
        sa.select(TimetableFeed, Site.time_zone)
        .join(Room, Room.id == TimetableFeed.room_id)
        .join(Site, Site.id == Room.site_id)
        .where(TimetableFeed.room_id == room_id)
    ).first()
    if row is None:
        return None
    feed = row[0]
    return _Facts(
        feed_id=feed.id,
        room_id=room_id,
        url=get_sealer().open(feed.address_sealed, context=str(feed.id)),
        host=feed.host,
        etag=feed.etag,
        last_modified=feed.last_modified,
        succeeded_at=feed.succeeded_at,
        zone_name=row[1],
    )


def _lock(facts: _Facts) -> TimetableFeed:
    """The feed as it was when it was read; FeedChanged. The spaces are locked before it."""
    feed = db.session.scalar(
        sa.select(TimetableFeed)
        .where(
            TimetableFeed.id == facts.feed_id,
            TimetableFeed.succeeded_at.is_not_distinct_from(facts.succeeded_at),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if feed is None:
        raise FeedChanged
    return feed


def _succeed(facts: _Facts, fetched: Fetched, now: datetime) -> None:
    feed = _lock(facts)
    if fetched.content is not None:
        feed.etag, feed.last_modified = fetched.etag, fetched.last_modified
    feed.succeeded_at, feed.failures, feed.next_at = now, 0, _later(now, EVERY)
    db.session.flush()


def _fail(facts: _Facts, error: DomainError, now: datetime) -> None:
    feed = db.session.get(TimetableFeed, facts.feed_id, with_for_update=True)
    if feed is None:
        return
    feed.failed_at, feed.failure, feed.failures = now, error.message, feed.failures + 1
    wait = min(AFTER_FAILURE * 2 ** min(feed.failures - 1, 5), AT_MOST)
    feed.next_at = _later(now, wait)
    if isinstance(error, BadCalendar) and not isinstance(error, _Unreadable):
        keep_reading(facts.room_id, Source(name=facts.host), now, Report(), problem=error.message)


def _forget(room_id: uuid.UUID) -> bool:
    gone = db.session.execute(
        sa.delete(TimetableFeed).where(TimetableFeed.room_id == room_id).returning(TimetableFeed.id)
    ).first()
    return gone is not None


def _later(now: datetime, wait: timedelta) -> datetime:
    """After that time, one eighth more or less: addresses are not all read at once."""
    eighth = int(wait.total_seconds() / 8)
    return now + wait + timedelta(seconds=secrets.randbelow(2 * eighth + 1) - eighth)


def _record(
    action: str, room_id: uuid.UUID, actor_id: uuid.UUID | None, now: datetime, **details: str
) -> None:
    record(action, object_type="room", object_id=room_id, actor_id=actor_id, at=now, **details)
