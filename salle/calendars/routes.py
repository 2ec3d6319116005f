"""Addresses of the calendars: public ones by room and by site."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, Response, request

from salle.calendars import feeds, queries, service
from salle.calendars.queries import Version
from salle.calendars.rules import Window, window
from salle.calendars.writer import MEDIA_TYPE
from salle.db import read_only, transaction
from salle.installation import public_url
from salle.kernel.clock import utcnow
from salle.web.access import public, writes_on_get

blueprint = Blueprint("calendars", __name__)

# Anybody may keep a copy, and asks each time whether it is still good: a cheap answer.
PUBLIC_COPY = "public, no-cache"


@blueprint.get("/calendriers/salles/<slug>.ics")
@public
@writes_on_get
def room(slug: str) -> Response:
    """When a room is taken, without any name."""
    now = utcnow()
    read_only()
    return _public(
        now,
        lambda covered: queries.get_room_version(slug, covered),
        lambda covered: _room(slug, covered),
    )


@blueprint.get("/calendriers/sites/<uai>.ics")
@public
@writes_on_get
def site(uai: str) -> Response:
    """When each published room of a site is taken, without any name."""
    now = utcnow()
    read_only()
    return _public(
        now,
        lambda covered: queries.get_site_version(uai, covered),
        lambda covered: _site(uai, covered),
    )


def _room(slug: str, covered: Window) -> tuple[Version, str]:
    version, (busy,) = queries.get_room_calendar(slug, covered)
    return version, feeds.room_calendar(busy, covered, public_url(f"/salles/{slug}"))


def _site(uai: str, covered: Window) -> tuple[Version, str]:
    version, rooms = queries.get_site_calendar(uai, covered)
    return version, feeds.site_calendar(rooms, covered, public_url("/salles"))


def _public(
    now: datetime,
    get_version: Callable[[Window], Version],
    build: Callable[[Window], tuple[Version, str]],
) -> Response:
    covered = window(now)
    if request.if_none_match or request.if_modified_since:
        version = get_version(covered)
        if _is_known(version):
            return _dated(Response(status=304), version, None, PUBLIC_COPY)
    version, body = build(covered)
    changed_at = version.changed_at or _note(version, now)
    return _dated(Response(body, content_type=MEDIA_TYPE), version, changed_at, PUBLIC_COPY)


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
