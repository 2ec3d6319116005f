"""The answer to a season as people read it: rooms × dates, and what to do about missing ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from flask import url_for

from salle.kernel.clock import local_day, to_wall
from salle.kernel.words import SHORT_MONTHS, WEEKDAYS, date_fr, distance_km, heures, pluriel
from salle.venues.cards import booking_href, price_words
from salle.venues.criteria import Criteria
from salle.venues.fixes import Fix
from salle.venues.free import Interval
from salle.venues.season import Season, SeasonPage, Served, search_season
from salle.venues.shortfalls import Missing, explain_missing

PER_PAGE = 10
WEEK = timedelta(weeks=1)
# What a pane shows, and its words.
FREE = ("free", "libre")
UNWANTED = ("none", "pas demandé")
STATES = {
    "school_use": ("school", "le collège s’en sert"),
    "slot_taken": ("busy", "occupé"),
    "closed": ("closed", "fermé"),
    "outside_opening": ("closed", "hors des heures d’ouverture"),
    "too_soon": ("closed", "trop tôt pour réserver"),
    "too_far": ("closed", "pas encore réservable"),
}


@dataclass(frozen=True, kw_only=True)
class Column:
    """One date; `after_break`: the week before it is not wanted (school holidays)."""

    day: date
    after_break: bool

    @property
    def weekday(self) -> str:
        return WEEKDAYS[self.day.weekday()][:2]


@dataclass(frozen=True, kw_only=True)
class Month:
    """A heading above unbroken columns."""

    label: str
    width: int
    after_break: bool


@dataclass(frozen=True, kw_only=True)
class Cell:
    state: str
    words: str
    after_break: bool
    number: int | None = None


@dataclass(frozen=True, kw_only=True)
class Way:
    """Something that would work, and the page that books it."""

    words: str
    where: str
    href: str


@dataclass(frozen=True, kw_only=True)
class Gap:
    """A date that fails: its number in the matrix, why, and what would work."""

    number: int
    day: date
    hours: str
    state: str
    words: str
    why: str
    ways: tuple[Way, ...]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A room of the matrix."""

    slug: str
    name: str
    site: str
    commune: str
    distance: str
    price: str
    free: int
    wanted: int
    href: str
    books: tuple[tuple[str, str], ...]
    cells: tuple[Cell, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, kw_only=True)
class SeasonResults:
    """One page of the answer."""

    columns: tuple[Column, ...]
    months: tuple[Month, ...]
    rows: tuple[Row, ...]
    total: int
    reach: int
    dates: int
    page: int

    @property
    def has_next(self) -> bool:
        return self.page * PER_PAGE < self.total

    @property
    def several_weekdays(self) -> bool:
        return len({column.day.weekday() for column in self.columns}) > 1

    @property
    def span(self) -> str:
        """« 11 à 20 sur 34 »."""
        first = (self.page - 1) * PER_PAGE + 1
        return f"{first} à {first + len(self.rows) - 1} sur {self.total}"


def find_season_results(
    criteria: Criteria,
    season: Season,
    *,
    now: datetime,
    page: int = 1,
    limit: int = PER_PAGE,
) -> SeasonResults:
    """The matrix of a page of rooms; a fixed number of statements."""
    found = search_season(criteria, season, now=now, limit=limit, offset=(page - 1) * PER_PAGE)
    missing = explain_missing(found.rooms, criteria, now=now)
    columns = _columns(found)
    return SeasonResults(
        columns=columns,
        months=_months(columns),
        rows=tuple(
            _row(one, missing.get(one.found.room_id, []), columns, season) for one in found.rooms
        ),
        total=found.total,
        reach=found.reach,
        dates=max((len(slots) for slots in found.wanted.values()), default=0),
        page=page,
    )


def _columns(found: SeasonPage) -> tuple[Column, ...]:
    days = sorted(
        {local_day(slot.start, zone) for (_, zone), slots in found.wanted.items() for slot in slots}
    )
    pairs = zip([None, *days], days, strict=False)
    return tuple(
        Column(day=day, after_break=before is not None and day - before > WEEK)
        for before, day in pairs
    )


def _months(columns: Sequence[Column]) -> tuple[Month, ...]:
    """One heading a month, two when a break cuts it."""
    part, parts = 0, []
    for column in columns:
        part += column.after_break
        parts.append((part, column.day.year, column.day.month))
    months: list[Month] = []
    last = 0
    for (number, year, month), same in groupby(parts):
        label = SHORT_MONTHS[month - 1]
        if not months or month == 1:
            label += f"\u00a0{year}"
        months.append(Month(label=label, width=len(list(same)), after_break=number != last))
        last = number
    return tuple(months)


def _row(one: Served, missing: Sequence[Missing], columns: Sequence[Column], season: Season) -> Row:
    room, zone = one.found, one.found.time_zone
    wanted = {local_day(slot.start, zone) for slot in one.wanted}
    gaps = tuple(_gap(number, date_, one) for number, date_ in enumerate(missing, 1))
    by_day = {gap.day: gap for gap in gaps}
    cells = []
    for column in columns:
        gap = by_day.get(column.day)
        state, words = FREE if column.day in wanted else UNWANTED
        if gap is not None:
            state, words = gap.state, gap.words
        cells.append(
            Cell(
                state=state,
                words=words,
                after_break=column.after_break,
                number=gap.number if gap else None,
            )
        )
    first = one.wanted[0]
    price, length = price_words(room.price_cents, first.length)
    if room.price_cents:
        length = "par date"
    return Row(
        slug=room.slug,
        name=room.name,
        site=room.site_name,
        commune=room.commune,
        distance="" if room.distance_km is None else distance_km(room.distance_km),
        price=f"{price} {length}".strip(),
        free=one.free,
        wanted=len(one.wanted),
        href=url_for("rooms.show", slug=room.slug),
        books=tuple(_books(one, season)) if room.price_cents is not None and one.free else (),
        cells=tuple(cells),
        gaps=gaps,
    )


def _books(one: Served, season: Season) -> list[tuple[str, str]]:
    """One series a weekday: « Réserver ces 26 mardis »."""
    zone = one.found.time_zone
    by_weekday: dict[int, list[Interval]] = {}
    for slot in one.wanted:
        by_weekday.setdefault(local_day(slot.start, zone).weekday(), []).append(slot)
    missing = set(one.missing)
    links = []
    for weekday, slots in sorted(by_weekday.items()):
        free = [slot for slot in slots if slot not in missing]
        if free:
            words = pluriel(len(free), WEEKDAYS[weekday])
            label = f"Réserver ces {words}" if len(free) > 1 else f"Réserver ce {WEEKDAYS[weekday]}"
            links.append((label, _series_href(one, slots[0], season)))
    return links


def _series_href(one: Served, first: Interval, season: Season) -> str:
    zone = one.found.time_zone
    start, end = (to_wall(instant, zone).isoformat() for instant in (first.start, first.end))
    more: dict[str, Any] = {"hors_vacances": "1"} if season.skip_school_holidays else {}
    return url_for(
        "bookings.new",
        slug=one.found.slug,
        debut=start,
        fin=end,
        jusqu_au=season.until.isoformat(),
        **more,
    )


def _gap(number: int, date_: Missing, one: Served) -> Gap:
    zone = one.found.time_zone
    state, words = STATES.get(date_.reason.code, ("closed", "pas réservable"))
    return Gap(
        number=number,
        day=local_day(date_.slot.start, zone),
        hours=heures(date_.slot.start, date_.slot.end, zone),
        state=state,
        words=words,
        why=date_.reason.message,
        ways=tuple(_way(fix, one) for fix in date_.fixes),
    )


def _way(fix: Fix, one: Served) -> Way:
    zone = one.found.time_zone
    name, where = fix.room_name, "dans le même collège"
    if fix.room_id == one.found.room_id:
        name, where = "Même salle", ""
    elif fix.site_name is not None:
        where = fix.site_name
        if fix.distance_km is not None:
            where += f", à {distance_km(fix.distance_km)}"
    return Way(
        words=f"{name}, {heures(fix.start, fix.end, zone)}",
        where=where,
        href=booking_href(fix.room_slug, fix.start, fix.end, zone),
    )


def weekdays_words(weekdays: frozenset[int]) -> str:
    """« chaque mardi et chaque jeudi », « tous les jours »."""
    if len(weekdays) == len(WEEKDAYS):
        return "tous les jours"
    names = [f"chaque {WEEKDAYS[number - 1]}" for number in sorted(weekdays)]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} et {names[-1]}"


def season_title(results: SeasonResults, season: Season) -> str:
    """« 12 salles pour vos mardis, jusqu'au 29 juin 2027 »."""
    days = sorted(season.weekdays)
    yours = f"vos {WEEKDAYS[days[0] - 1]}s" if len(days) == 1 else "votre saison"
    rooms = pluriel(results.total, "salle") if results.total else "Aucune salle"
    return f"{rooms} pour {yours}, jusqu’au {date_fr(season.until).split(' ', 1)[1]}"


def table_rows(results: SeasonResults) -> list[list[str]]:
    """The matrix as lines of a spreadsheet, words in every cell."""
    head = ["Salle", "Collège", "Commune", "Distance", "Prix", "Dates libres", "Dates demandées"]
    lines = [[*head, *(column.day.isoformat() for column in results.columns)]]
    for row in results.rows:
        lines.append(
            [
                *(_safe(text) for text in (row.name, row.site, row.commune)),
                row.distance,
                row.price,
                str(row.free),
                str(row.wanted),
                *(cell.words for cell in row.cells),
            ]
        )
    return lines


def _safe(text: str) -> str:
    """No spreadsheet takes a name for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
