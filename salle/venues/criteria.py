"""What a search asks, and the SQL conditions for it: the same for one slot and for a season.

`s` is the site, `r` the room. Instants are UTC, half-open.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from salle.venues.geography import box_around
from salle.venues.rules import RoomKind
from salle.venues.words import fold_words, word_conditions

DISTANCE = "distance_km(:lat, :lon, s.lat, s.lon)"
# Hourly price × minutes, rounded half up to a cent as kernel.money.share does.
PRICE = """(
      SELECT (2::bigint * t.hourly_cents * CAST(:minutes AS int) + 60) / 120
        FROM tariff t
       WHERE t.room_id = {room} AND t.audience IN ('association', 'everyone')
         AND t.valid @> CAST(CAST(:priced_at AS timestamptz) AT TIME ZONE {zone} AS date)
       ORDER BY t.audience, t.id LIMIT 1)"""


@dataclass(frozen=True, kw_only=True)
class Criteria:
    """What is asked; everything may be left out.

    `lasting`: not the whole of starts_at..ends_at, but any free piece of it of that length.
    `unavailable` turns the question round: the rooms that are not free then.
    `bookable`: only rooms whose length, notice and horizon allow the slot (a page that offers
    to book must; the API's search is about idle time alone).
    `by_name`: in the order of names, wherever they are.
    """

    lat: float | None = None
    lon: float | None = None
    radius_km: float = 20.0
    commune: str | None = None
    uai: str | None = None
    kind: RoomKind | None = None
    min_capacity: int = 0
    equipment: tuple[str, ...] = ()
    accessible: bool = False
    hearing_loop: bool = False
    accessible_toilets: bool = False
    max_price_cents: int | None = None
    q: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    lasting: timedelta | None = None
    unavailable: bool = False
    bookable: bool = False
    by_name: bool = False

    @property
    def has_slot(self) -> bool:
        return self.starts_at is not None and self.ends_at is not None

    @property
    def has_place(self) -> bool:
        return self.lat is not None and self.lon is not None


def site_conditions(criteria: Criteria) -> tuple[list[str], dict[str, Any]]:
    """Where: conditions on `s` and their parameters."""
    conditions = ["(s.closed_on IS NULL OR s.closed_on > current_date)"]
    parameters: dict[str, Any] = {}
    if criteria.lat is not None and criteria.lon is not None:
        parameters |= box_around(criteria.lat, criteria.lon, criteria.radius_km)
        parameters |= {"lat": criteria.lat, "lon": criteria.lon, "radius": criteria.radius_km}
        conditions += [
            "s.lat BETWEEN :south AND :north",
            "s.lon BETWEEN :west AND :east",
            f"{DISTANCE} <= :radius",
        ]
    for name, column, value in (
        ("commune", "s.insee_code", criteria.commune),
        ("uai", "s.uai", criteria.uai),
    ):
        if value is not None:
            conditions.append(f"{column} = :{name}")
            parameters[name] = value
    return conditions, parameters


def room_conditions(criteria: Criteria) -> tuple[list[str], dict[str, Any]]:
    """Where and which: conditions on `s` and `r`; times and price are the caller's."""
    conditions, parameters = site_conditions(criteria)
    conditions.append("r.published_at IS NOT NULL")
    for name, column, value in (
        ("kind", "r.kind =", criteria.kind.value if criteria.kind else None),
        ("capacity", "r.capacity >=", criteria.min_capacity or None),
    ):
        if value is not None:
            conditions.append(f"{column} :{name}")
            parameters[name] = value
    for column, asked in (
        ("r.accessible", criteria.accessible),
        ("r.hearing_loop", criteria.hearing_loop),
        ("r.accessible_toilets", criteria.accessible_toilets),
    ):
        if asked:
            conditions.append(column)
    for number, tool in enumerate(criteria.equipment):
        if folded := fold_words(tool):
            conditions.append(
                "EXISTS (SELECT FROM room_words w"
                f" WHERE w.room_id = r.id AND w.equipment LIKE :tool{number})"
            )
            parameters[f"tool{number}"] = f"%{folded}%"
        else:
            conditions.append("false")
    if criteria.q and criteria.q.strip():
        words = word_conditions(criteria.q)
        conditions.append(f"r.id IN (SELECT w.room_id FROM room_words w WHERE {words.where})")  # noqa: S608 parameters only
        parameters |= words.parameters
    return conditions, parameters


def price_condition(criteria: Criteria) -> tuple[list[str], dict[str, Any]]:
    """At most that price, of `:minutes` at `:priced_at`."""
    if criteria.max_price_cents is None:
        return [], {}
    price = PRICE.format(room="r.id", zone="s.time_zone")
    return [f"{price} <= :max_price"], {"max_price": criteria.max_price_cents}


def likeness(criteria: Criteria) -> str:
    """SQL: how well the room's words answer `q`, from 0 to 1 (parameters of room_conditions)."""
    words = word_conditions(criteria.q or "")
    return f"(SELECT {words.likeness} FROM room_words w WHERE w.room_id = r.id)"  # noqa: S608 parameters only
