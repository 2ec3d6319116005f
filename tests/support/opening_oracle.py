"""When a room is free, read naively from docs/opening-hours.md, one minute at a time.

Knows nothing of the product's code: texts of the files in, minutes out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
WEEKDAYS = ("lu", "ma", "me", "je", "ve", "sa", "di")
NAMES = {
    "Vacances de la Toussaint": "toussaint",
    "Vacances de Noël": "noel",
    "Vacances d'Hiver": "hiver",
    "Vacances de Printemps": "printemps",
    "Début des Vacances d'Été": "ete",
    "Pont de l'Ascension": "vacances",
}


@dataclass(frozen=True)
class Line:
    """One line of a file of hours, as it is written."""

    salle: str
    periode: str
    jour: str
    debut: str
    fin: str
    du: str
    au: str

    def text(self) -> str:
        return ";".join(vars(self).values())

    def valid(self, day: date) -> bool:
        return (self.du or "0000") <= day.isoformat() <= (self.au or "9999")

    def minutes(self, day: date) -> set[int]:
        """Minutes after midnight of that day, beyond 1440 on the next one."""
        if self.jour and WEEKDAYS[day.weekday()] not in self.jour.split("+"):
            return set()
        if not self.debut:
            return set(range(1440))
        start, end = (int(t[:2]) * 60 + int(t[3:]) for t in (self.debut, self.fin))
        return set(range(start, end if end > start else end + 1440))


@dataclass(frozen=True)
class Vacation:
    """One line of the school calendar: the day lessons end, the day they start again."""

    label: str
    starts: date
    ends: date

    def holds(self, day: date) -> bool:
        if self.ends > self.starts:
            return self.starts <= day < self.ends
        if NAMES[self.label] == "ete":
            year = self.starts.year + (self.starts.month >= 9)
            return self.starts <= day <= date(year, 8, 31)
        return day == self.starts


@dataclass
class Place:
    """A site, what is known of its calendar, and the rules of each name."""

    zone: str
    region: str | None
    vacations: Sequence[Vacation]
    rules: dict[str, list[Line]] = field(default_factory=dict)

    def take_file(self, lines: Iterable[Line]) -> None:
        """The file replaces all rules of what it names."""
        lines = list(lines)
        for name in {line.salle for line in lines}:
            self.rules[name] = [line for line in lines if line.salle == name]

    def periods(self, day: date) -> list[str]:
        known = {_school_year(vacation.starts) for vacation in self.vacations}
        if _school_year(day) not in known:
            return []
        if day in holidays.France(subdiv=self.region, years=day.year):
            return ["ferie"]
        for vacation in self.vacations:
            if vacation.holds(day):
                return [NAMES[vacation.label], "vacances"]
        return ["scolaire"]

    def opened(self, day: date, room: str) -> set[int]:
        """Minutes of the windows of that day, closures apart."""
        periods = self.periods(day)
        if not periods:
            return set()
        found: set[int] = set()
        for period in periods:
            chosen = self._valid(room, period, day) or self._valid("site", period, day)
            if chosen:
                for line in chosen:
                    found |= line.minutes(day)
                break
        for line in self._valid(room, "ouvert", day) + self._valid("site", "ouvert", day):
            found |= line.minutes(day)
        return found

    def closed(self, day: date, room: str) -> set[int]:
        found: set[int] = set()
        for line in self._valid(room, "ferme", day) + self._valid("site", "ferme", day):
            found |= line.minutes(day)
        return found

    def _valid(self, name: str, period: str, day: date) -> list[Line]:
        key = next((n for n in self.rules if n.startswith("site:")), "") if name == "site" else name
        return [one for one in self.rules.get(key, []) if one.periode == period and one.valid(day)]

    def open_minutes(self, room: str, first: date, last: date) -> Iterator[datetime]:
        """Instants of the civil days first..last at which the wall clock reads an open minute."""
        days = [first + n * DAY for n in range(-1, (last - first).days + 2)]
        opened = {day: self.opened(day, room) for day in days}
        closed = {day: self.closed(day, room) for day in days}
        for instant in instants(self.zone, first, last):
            wall = instant.astimezone(ZoneInfo(self.zone))
            today, minute = wall.date(), wall.hour * 60 + wall.minute
            before = today - DAY
            if (minute in opened[today] or minute + 1440 in opened[before]) and not (
                minute in closed[today] or minute + 1440 in closed[before]
            ):
                yield instant


def instants(zone: str, first: date, last: date) -> Iterator[datetime]:
    """Every minute of these civil days, in UTC."""
    instant = datetime(first.year, first.month, first.day, tzinfo=UTC) - DAY
    while True:
        day = instant.astimezone(ZoneInfo(zone)).date()
        if day > last:
            return
        if day >= first:
            yield instant
        instant += MINUTE


@dataclass(frozen=True)
class Use:
    """A space taken: half-open instants."""

    space: str
    starts: datetime
    ends: datetime


def free_minutes(
    place: Place,
    room: str,
    spaces: Mapping[str, timedelta],
    uses: Iterable[Use],
    first: date,
    last: date,
) -> set[datetime]:
    """Open minutes that nothing takes; each space keeps its pause before and after a use."""
    taken: set[datetime] = set()
    low = datetime(first.year, first.month, first.day, tzinfo=UTC) - 2 * DAY
    high = datetime(last.year, last.month, last.day, tzinfo=UTC) + 3 * DAY
    for use in uses:
        if use.space in spaces:
            minute = max(low, use.starts - spaces[use.space])
            while minute < min(high, use.ends + spaces[use.space]):
                taken.add(minute)
                minute += MINUTE
    return set(place.open_minutes(room, first, last)) - taken


def _school_year(day: date) -> int:
    return day.year if day.month >= 9 else day.year - 1
