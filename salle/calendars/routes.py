"""Addresses of the calendars: public, secret, and the file of one booking."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, Response, request

from salle.bookings.permissions import can_see
from salle.bookings.queries import get_view
from salle.calendars import feeds, private, private_feeds, queries, service
from salle.calendars.queries import Version
from salle.calendars.rules import READ_GRAIN, Window, window
from salle.calendars.writer import MEDIA_TYPE
from salle.db import read_only, transaction
from salle.installation import public_url
from salle.kernel.clock import utcnow
from salle.kernel.errors import NotFound
from salle.web.access import get_actor, public, signed_in, writes_on_get

blueprint = Blueprint("calendars", __name__)

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
# Anybody may keep a copy, and asks each time whether it is still good: a cheap answer.
PUBLIC_COPY = "public, no-cache"
PRIVATE_COPY = "private, no-cache"


@blueprint.get("/calendriers/salles/<slug>.ics")
@public
@writes_on_get
def room(slug: str) -> Response:
    """When a room is taken, without any name."""
    now = utcnow()
    read_only()
    return _answer(
        now,
        lambda covered: queries.get_room_version(slug, covered),
        lambda covered: _room(slug, covered),
        PUBLIC_COPY,
    )


@blueprint.get("/calendriers/sites/<uai>.ics")
@public
@writes_on_get
def site(uai: str) -> Response:
    """When each published room of a site is taken, without any name."""
    now = utcnow()
    read_only()
    return _answer(
        now,
        lambda covered: queries.get_site_version(uai, covered),
        lambda covered: _site(uai, covered),
        PUBLIC_COPY,
    )


@blueprint.get("/calendriers/prive/<token>.ics")
@public
@writes_on_get
def secret(token: str) -> Response:
    """The calendar behind a secret address; without the right any more, as if it did not exist."""
    if not _TOKEN.fullmatch(token):
        raise NotFound
    now = utcnow()
    read_only()
    reader = private.get_reader(token)
    response = _answer(
        now,
        lambda covered: private.get_private_version(reader, covered),
        lambda covered: _secret(reader, covered),
        PRIVATE_COPY,
    )
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "no-referrer"
    if reader.last_read_at is None or now - reader.last_read_at >= READ_GRAIN:
        with transaction():
            service.note_read(address_id=reader.address_id, now=now)
    return response


@blueprint.get("/reservations/<uuid:booking_id>/calendrier.ics")
@signed_in
def booking(booking_id: uuid.UUID) -> Response:
    """The confirmed dates of one booking, to add to a calendar; they do not follow changes."""
    view = get_view(booking_id)
    if not can_see(get_actor(), view):
        raise NotFound
    covered = window(utcnow())
    uses = private.list_booking_uses(booking_id, covered)
    if not uses:
        raise NotFound("Cette réservation n’a pas de date confirmée.")
    body = private_feeds.whole(
        f"Réservation {view.booking.reference}",
        (private_feeds.member_event(use, _link) for use in uses),
        [use.time_zone for use in uses],
        covered,
    )
    response = Response(body, content_type=MEDIA_TYPE)
    response.headers["Content-Disposition"] = (
        f'attachment; filename="reservation-{view.booking.reference}.ics"'
    )
    return response


def _room(slug: str, covered: Window) -> tuple[Version, str]:
    version, (busy,) = queries.get_room_calendar(slug, covered)
    return version, feeds.room_calendar(busy, covered, public_url(f"/salles/{slug}"))


def _site(uai: str, covered: Window) -> tuple[Version, str]:
    version, rooms = queries.get_site_calendar(uai, covered)
    return version, feeds.site_calendar(rooms, covered, public_url("/salles"))


def _secret(reader: private.Reader, covered: Window) -> tuple[Version, str]:
    version, uses = private.get_private_calendar(reader, covered)
    return version, private_feeds.private_calendar(reader.kind, reader.title, uses, covered, _link)


def _link(booking_id: str) -> str:
    return public_url(f"/reservations/{booking_id}")


def _answer(
    now: datetime,
    get_version: Callable[[Window], Version],
    build: Callable[[Window], tuple[Version, str]],
    copies: str,
) -> Response:
    """The calendar, or 304 from its version alone when the client has it already."""
    covered = window(now)
    if request.if_none_match or request.if_modified_since:
        version = get_version(covered)
        if _is_known(version):
            return _dated(Response(status=304), version, None, copies)
    version, body = build(covered)
    changed_at = version.changed_at or _note(version, now)
    return _dated(Response(body, content_type=MEDIA_TYPE), version, changed_at, copies)


def _note(version: Version, now: datetime) -> datetime:
    with transaction():  # one statement writes: a connection that commits by itself will do
        return service.note_version(version=version, now=now)


def _is_known(version: Version) -> bool:
    """Whether the client's copy is of this version (RFC 9110 §13.2.2: the tag wins)."""
    if request.if_none_match:
        return request.if_none_match.contains_weak(version.digest)
    since = request.if_modified_since
    return since is not None and version.changed_at is not None and version.changed_at <= since


def _dated(
    response: Response, version: Version, changed_at: datetime | None, copies: str
) -> Response:
    response.set_etag(version.digest)
    response.last_modified = changed_at
    response.headers["Cache-Control"] = copies
    return response
