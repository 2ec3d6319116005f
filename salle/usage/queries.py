"""Hours opened, hours reused and money of some sites over a period: aggregates only.

The unit of opened and reused hours is the same: one elementary space for one hour
(« heure-salle »). A gymnase of two halves, open or booked as a whole for one hour, makes 2.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from salle.db import db
from salle.kernel.clock import local_day
from salle.kernel.errors import Invalid, NotFound
from salle.kernel.french import is_uai
from salle.usage.rules import COUNTED_STATES, Days
from salle.venues.models import Site
from salle.venues.openings import horizon

EVENING = (17, 22)


@dataclass(frozen=True, kw_only=True)
class SitePeriod:
    """A site, and the instants between which it counts."""

    site: Site
    days: Days
    start: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What the sites were used for. `site` None = all of them together; seconds are elapsed.

    Opened seconds are None when the opening hours of that time are no longer kept.
    """

    site: Site | None
    spaces: int
    opened: int | None
    opened_past: int | None
    reused: int
    reused_past: int
    booked: int
    bookings: int
    dates: int
    associations: int
    associations_past: int
    paid_cents: int
    refunded_cents: int
    college_cents: int
    provider_cents: int
    department_cents: int
    payments: int


def list_sites() -> Sequence[Site]:
    """Every site, by name."""
    return db.session.scalars(sa.select(Site).order_by(Site.name, Site.id)).all()


def get_site(reference: str) -> Site:
    """The site of that UAI or id; Invalid when it is neither, NotFound when unknown."""
    text = reference.strip()
    if is_uai(text.upper()):
        query = sa.select(Site).where(Site.uai == text.upper())
    else:
        try:
            query = sa.select(Site).where(Site.id == uuid.UUID(text))
        except ValueError as error:
            sentence = (
                "Indiquez le code UAI de l’établissement, comme 0350001L, ou son identifiant."
            )
            raise Invalid(sentence, errors={"site": sentence}) from error
    site = db.session.scalar(query)
    if site is None:
        raise NotFound("Aucun établissement ne porte ce code.")
    return site


def site_periods(
    links: Iterable[tuple[Site, date | None, date | None]], days: Days
) -> list[SitePeriod]:
    """Each site with the part of `days` in which it counts, before the day it closed."""
    found: list[SitePeriod] = []
    for site, from_day, to_day in links:
        ends = [day for day in (to_day, site.closed_on) if day is not None]
        kept = days.clipped(from_day, min(ends, default=None))
        if kept is not None:
            start, end = kept.span(site.time_zone)
            found.append(SitePeriod(site=site, days=kept, start=start, end=end))
    return found


# scope: the sites and their instants. net: per space, when some published room that uses it
# is open, minus lessons and blocks. used: the spaces taken by dates that count, clipped.
_SCOPE = """
WITH scope AS (
  SELECT * FROM unnest(CAST(:sites AS uuid[]), CAST(:starts AS timestamptz[]),
                       CAST(:ends AS timestamptz[]), CAST(:zones AS text[]))
           AS s (site_id, starts_at, ends_at, zone)
), opened AS (
  SELECT c.site_id, c.starts_at, c.ends_at, c.zone, p.id AS space_id,
         range_agg(tstzrange(greatest(w.starts_at, c.starts_at), least(w.ends_at, c.ends_at)))
           AS open
    FROM scope c
    JOIN space p ON p.site_id = c.site_id
    JOIN room_space rs ON rs.space_id = p.id
    JOIN room r ON r.id = rs.room_id AND r.published_at <= :now
    JOIN opening_window w ON w.schedule_id = r.schedule_id
     AND w.utc_day BETWEEN (c.starts_at AT TIME ZONE 'UTC')::date - 2
                       AND (c.ends_at AT TIME ZONE 'UTC')::date
     AND w.starts_at < c.ends_at AND w.ends_at > c.starts_at
   GROUP BY c.site_id, c.starts_at, c.ends_at, c.zone, p.id
), net AS (
  SELECT o.site_id, o.zone, o.space_id, lower(span) AS starts_at, upper(span) AS ends_at
    FROM opened o
    LEFT JOIN LATERAL (
      SELECT range_agg(tstzrange(x.starts_at, x.ends_at)) AS taken
        FROM occupation x
       WHERE x.space_id = o.space_id AND x.active AND x.kind IN ('school', 'block')
         AND x.starts_at < o.ends_at AND x.ends_at > o.starts_at
    ) t ON true
   CROSS JOIN LATERAL unnest(o.open - coalesce(t.taken, '{}')) AS span
), used AS (
  SELECT c.site_id, c.zone, b.id AS booking_id, b.organisation_id, d.id AS date_id,
         x.space_id, d.starts_at AS date_starts_at,
         greatest(x.starts_at, c.starts_at) AS starts_at, least(x.ends_at, c.ends_at) AS ends_at
    FROM scope c
    JOIN room r ON r.site_id = c.site_id
    JOIN booking b ON b.room_id = r.id
    JOIN booking_date d ON d.booking_id = b.id AND d.state = ANY (CAST(:counted AS text[]))
    JOIN occupation x ON x.booking_date_id = d.id AND x.active
     AND x.starts_at < c.ends_at AND x.ends_at > c.starts_at
)
"""

_OPENED = f"""{_SCOPE}
SELECT site_id, count(DISTINCT space_id) AS spaces,
       sum(extract(epoch FROM ends_at - starts_at))::bigint AS opened,
       coalesce(sum(extract(epoch FROM least(ends_at, :now) - starts_at))
         FILTER (WHERE starts_at < :now), 0)::bigint AS opened_past
  FROM net GROUP BY GROUPING SETS ((site_id), ())
"""  # noqa: S608 only our own text

_REUSED = f"""{_SCOPE}, dates AS (
  SELECT site_id, date_id, min(starts_at) AS starts_at, max(ends_at) AS ends_at
    FROM used GROUP BY site_id, date_id
)
SELECT u.site_id,
       coalesce(sum(extract(epoch FROM ends_at - starts_at)), 0)::bigint AS reused,
       coalesce(sum(extract(epoch FROM least(ends_at, :now) - starts_at))
         FILTER (WHERE starts_at < :now), 0)::bigint AS reused_past,
       (SELECT coalesce(sum(extract(epoch FROM d.ends_at - d.starts_at)), 0)::bigint
          FROM dates d WHERE u.site_id IS NULL OR d.site_id = u.site_id) AS booked,
       count(DISTINCT booking_id) AS bookings,
       count(DISTINCT date_id) AS dates,
       count(DISTINCT g.id) AS associations,
       count(DISTINCT g.id) FILTER (WHERE u.starts_at < :now) AS associations_past
  FROM used u
  LEFT JOIN organisation g ON g.id = u.organisation_id AND g.kind = 'association'
 GROUP BY GROUPING SETS ((u.site_id), ())
"""  # noqa: S608 only our own text

_MONEY = """
WITH scope AS (
  SELECT * FROM unnest(CAST(:sites AS uuid[]), CAST(:starts AS timestamptz[]),
                       CAST(:ends AS timestamptz[])) AS s (site_id, starts_at, ends_at)
)
SELECT e.site_id,
       coalesce(-sum(amount_cents) FILTER (WHERE account = 'requester' AND kind <> 'refund'), 0)
         AS paid_cents,
       coalesce(sum(amount_cents) FILTER (WHERE account = 'requester' AND kind = 'refund'), 0)
         AS refunded_cents,
       coalesce(sum(amount_cents) FILTER (WHERE account = 'college'), 0) AS college_cents,
       coalesce(sum(amount_cents) FILTER (WHERE account = 'provider'), 0) AS provider_cents,
       coalesce(sum(amount_cents) FILTER (WHERE account = 'department'), 0) AS department_cents,
       count(DISTINCT payment_id) AS payments
  FROM ledger_entry e
  JOIN scope c ON c.site_id = e.site_id
   AND e.occurred_at >= c.starts_at AND e.occurred_at < c.ends_at
 GROUP BY GROUPING SETS ((e.site_id), ())
"""

_EVENINGS = f"""{_SCOPE}, slices AS (
  SELECT 'opened' AS what, zone, starts_at, ends_at FROM net
  UNION ALL SELECT 'reused', zone, starts_at, ends_at FROM used
), evenings AS (
  SELECT s.what, day, s.starts_at, s.ends_at,
         (day + make_interval(hours => :first_hour)) AT TIME ZONE s.zone AS evening_start,
         (day + make_interval(hours => :last_hour)) AT TIME ZONE s.zone AS evening_end
    FROM slices s
   CROSS JOIN LATERAL generate_series(date_trunc('day', s.starts_at AT TIME ZONE s.zone),
                                      s.ends_at AT TIME ZONE s.zone, interval '1 day') AS day
)
SELECT date_trunc('month', day)::date AS month, extract(isodow FROM day)::int AS weekday,
       coalesce(sum(seconds) FILTER (WHERE what = 'opened'), 0)::bigint AS opened,
       coalesce(sum(seconds) FILTER (WHERE what = 'reused'), 0)::bigint AS reused
  FROM (SELECT what, day, extract(epoch FROM least(ends_at, evening_end)
                                           - greatest(starts_at, evening_start)) AS seconds
          FROM evenings WHERE starts_at < evening_end AND ends_at > evening_start) AS e
 GROUP BY 1, 2 ORDER BY 1, 2
"""  # noqa: S608 only our own text


def _arguments(scope: Sequence[SitePeriod], now: datetime) -> dict[str, Any]:
    return {
        "sites": [item.site.id for item in scope],
        "starts": [item.start for item in scope],
        "ends": [item.end for item in scope],
        "zones": [item.site.time_zone for item in scope],
        "counted": sorted(COUNTED_STATES),
        "now": now,
    }


def _by_site(sql: str, arguments: dict[str, Any]) -> dict[uuid.UUID | None, dict[str, Any]]:
    rows = db.session.execute(sa.text(sql), arguments).mappings()
    return {row["site_id"]: dict(row) for row in rows}


def measure(scope: Sequence[SitePeriod], now: datetime) -> list[Usage]:
    """What these sites were used for: the total first, then each site in the order given."""
    arguments = _arguments(scope, now)
    opened = _by_site(_OPENED, arguments)
    reused = _by_site(_REUSED, arguments)
    money = _by_site(_MONEY, arguments)
    unknown = _not_kept(scope, now)
    sites: list[Site | None] = [None, *(item.site for item in scope)]
    return [_usage(site, opened, reused, money, unknown) for site in sites]


def _not_kept(scope: Sequence[SitePeriod], now: datetime) -> set[uuid.UUID | None]:
    """Sites whose opening hours of that time are dropped already; None = so is the total."""
    unknown: set[uuid.UUID | None] = {
        item.site.id
        for item in scope
        if item.days.first < horizon(local_day(now, item.site.time_zone))[0]
    }
    return unknown | {None} if unknown else unknown


def _usage(
    site: Site | None,
    opened: dict[uuid.UUID | None, dict[str, Any]],
    reused: dict[uuid.UUID | None, dict[str, Any]],
    money: dict[uuid.UUID | None, dict[str, Any]],
    unknown: set[uuid.UUID | None],
) -> Usage:
    key = site.id if site is not None else None
    numbers = {**opened.get(key, {}), **reused.get(key, {}), **money.get(key, {})}
    values = {
        name: int(numbers.get(name) or 0)
        for name in Usage.__dataclass_fields__
        if name not in {"site", "opened", "opened_past"}
    }
    kept = key not in unknown
    return Usage(
        site=site,
        opened=int(numbers.get("opened") or 0) if kept else None,
        opened_past=int(numbers.get("opened_past") or 0) if kept else None,
        **values,
    )


def list_evenings(scope: Sequence[SitePeriod], now: datetime) -> list[tuple[date, int, int, int]]:
    """(month, ISO weekday, opened seconds, reused seconds) between 17 h and 22 h, wall time."""
    hours = {"first_hour": EVENING[0], "last_hour": EVENING[1]}
    rows = db.session.execute(sa.text(_EVENINGS), {**_arguments(scope, now), **hours})
    return [(row.month, row.weekday, row.opened, row.reused) for row in rows]
