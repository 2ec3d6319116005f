"""The school year of the fictional collèges: holidays, lessons, opening windows."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date

import sqlalchemy as sa

from salle.db import db
from salle.demo.places import SITES
from salle.demo.rows import key
from salle.venues.models import OpeningWindow, Schedule, Site
from salle.venues.openings import horizon, rebuild_windows, site_days

PROBE_ROOM = "salle-essai"  # open every day whose calendar is known


def extend_windows(today: date) -> int:
    """Lay the opening rules out when some are not, or when the horizon has moved since."""
    site = db.session.get_one(Site, key("site", 1))
    last_known = max(site_days(site, *horizon(today)), default=None)
    last_open = db.session.scalar(
        sa.select(sa.func.max(OpeningWindow.day)).where(
            OpeningWindow.schedule_id == key("schedule", PROBE_ROOM)
        )
    )
    late = last_known is not None and (last_open is None or last_open < last_known)
    return rebuild_windows(_schedules() if late else _schedules(empty=True), today=today)


def _schedules(*, empty: bool = False) -> Iterable[uuid.UUID]:
    sites = [key("site", site.number) for site in SITES]
    query = sa.select(Schedule.id).where(Schedule.site_id.in_(sites))
    if empty:
        laid_out = sa.select(OpeningWindow.schedule_id).distinct()
        query = query.where(Schedule.id.not_in(laid_out))
    return db.session.scalars(query)
