"""The only reader of the computer's clock, and conversions between UTC and wall time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

PARIS = "Europe/Paris"
FIRST_YEAR, LAST_YEAR = 2000, 2200  # what people may ask about


class TooLate(ValueError):
    """A day so far away that nobody means it."""


def utcnow() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """The IANA time zone of that name; ValueError if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(f"unknown time zone {name!r}") from error


def to_wall(instant: datetime, zone_name: str = PARIS) -> datetime:
    """The same instant read on a clock of that zone (aware)."""
    return instant.astimezone(zone(zone_name))


def local_day(instant: datetime, zone_name: str = PARIS) -> date:
    """The civil day of that zone in which the instant falls."""
    return to_wall(instant, zone_name).date()


def from_wall(wall: datetime, zone_name: str = PARIS) -> datetime:
    """The UTC instant of a wall-clock reading.

    An aware reading keeps its own offset. A naive one is read in the zone: the first of the
    two instants in the hour that happens twice, and an hour that does not exist is carried
    over by the length of the change (as RFC 5545 §3.3.5 does).
    """
    if wall.tzinfo is None:
        wall = wall.replace(tzinfo=zone(zone_name))
    return wall.astimezone(UTC)


def is_shown(wall: datetime, zone_name: str = PARIS) -> bool:
    """Whether a naive reading exists on that clock: the spring change skips an hour."""
    return to_wall(from_wall(wall, zone_name), zone_name).replace(tzinfo=None) == wall


def read_wall(text: str, zone_name: str = PARIS) -> datetime:
    """The UTC instant of an ISO 8601 text; without an offset it is read on that clock.

    Raises ValueError for what cannot be read, or is skipped by the spring change; TooLate for
    a day after 2200.
    """
    wall = datetime.fromisoformat(text)
    if wall.year > LAST_YEAR:
        raise TooLate(text)
    if wall.tzinfo is None and not is_shown(wall, zone_name):
        raise ValueError("this hour does not exist that day")
    return from_wall(wall, zone_name)


def day_start(day: date, zone_name: str = PARIS) -> datetime:
    """The UTC instant at which the civil day begins in that zone."""
    return from_wall(datetime(day.year, day.month, day.day), zone_name)  # noqa: DTZ001 wall time


def day_span(first: date, last: date, zone_name: str = PARIS) -> tuple[datetime, datetime]:
    """The UTC instants that bound the civil days first..last, both included, half-open."""
    return day_start(first, zone_name), day_start(last + timedelta(days=1), zone_name)
