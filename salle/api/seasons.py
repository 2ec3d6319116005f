"""The season search in JSON: `GET /rooms` with `weekly_until`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from salle.api.core import InvalidField, iso, read_instant
from salle.kernel.clock import local_day
from salle.venues.criteria import Criteria
from salle.venues.season import Season, SeasonPage, Served, search_season
from salle.venues.series import MAX_LENGTH
from salle.venues.shortfalls import Missing, explain_missing

DEFAULT_COVERAGE = 0.5


def is_season(data: dict[str, Any]) -> bool:
    """Whether several dates are asked, or one that need not be free (`min_coverage` below 1)."""
    if data.get("weekly_until") is not None:
        return True
    partial = data.get("min_coverage") is not None and data["min_coverage"] < 1
    return partial and bool(data.get("start")) and not data["unavailable"]


def read_season(data: dict[str, Any]) -> Season:
    """What is asked for every week; hours without an offset are those of each site's clock."""
    if any(data.get(name) for name in ("window_start", "window_end", "duration_minutes")):
        raise InvalidField(
            "weekly_until", "Une saison se cherche à heures fixes : donnez le début et la fin."
        )
    if data["unavailable"]:
        raise InvalidField(
            "unavailable", "Dans une saison, les dates manquées sont dites : ôtez ce paramètre."
        )
    if not data.get("start") or not data.get("end"):
        raise InvalidField(
            "end" if data.get("start") else "start",
            "Donnez le début et la fin de la première date.",
        )
    start, end = (_instant(data[name], name) for name in ("start", "end"))
    if (start.tzinfo is None) != (end.tzinfo is None):
        raise InvalidField("end", "Donnez les deux heures avec leur décalage, ou aucune des deux.")
    if end <= start:
        raise InvalidField("end", "La fin doit venir après le début.")
    if end - start > MAX_LENGTH:
        raise InvalidField("end", "Un créneau dure 24 heures au plus.")
    coverage = data.get("min_coverage")
    return Season(
        start=start,
        end=end,
        until=data.get("weekly_until") or (local_day(start) if start.tzinfo else start.date()),
        weekdays=frozenset(data["weekdays"]),
        skip_school_holidays=data.get("skip_school_holidays", False),
        min_coverage=DEFAULT_COVERAGE if coverage is None else coverage,
    )


def _instant(text: str, field: str) -> datetime:
    """Aware when the text has an offset, else as it is written."""
    instant = read_instant(text, "UTC", field=field)
    try:
        written = datetime.fromisoformat(text)
    except ValueError:  # pragma: no cover - read_instant has just read it
        return instant
    if not 2000 <= written.year <= 2200:
        raise InvalidField(field, "Un jour entre 2000 et 2200.")
    return written if written.tzinfo is None else instant


def find_season(
    criteria: Criteria, season: Season, *, now: datetime, limit: int, offset: int
) -> tuple[SeasonPage, dict[Any, list[Missing]]]:
    """The rooms of a page, and why they miss some dates; InvalidField when all is past."""
    found = search_season(criteria, season, now=now, limit=limit, offset=offset)
    last = datetime(season.until.year, season.until.month, season.until.day, tzinfo=UTC)
    if found.wanted and not any(found.wanted.values()) and last + timedelta(days=2) < now:
        error = InvalidField("weekly_until", "Ces dates sont passées : cherchez des dates à venir.")
        error.code = "in_the_past"
        raise error
    return found, explain_missing(found.rooms, criteria, now=now)


def coverage(one: Served, missing: list[Missing]) -> dict[str, Any]:
    """How many of the dates wanted the room serves, and what is said of the others."""
    zone = one.found.time_zone
    return {
        "wanted": len(one.wanted),
        "free": one.free,
        "missing": [
            {
                "start": iso(date.slot.start, zone),
                "end": iso(date.slot.end, zone),
                "reason": date.reason.code,
                "detail": date.reason.message,
                "alternatives": [
                    {
                        "room_id": fix.room_id,
                        "room_slug": fix.room_slug,
                        "room_name": fix.room_name,
                        "site_name": fix.site_name or one.found.site_name,
                        "start": iso(fix.start, zone),
                        "end": iso(fix.end, zone),
                    }
                    for fix in date.fixes
                ],
            }
            for date in missing
        ],
    }
