"""Opening rules laid out as intervals of UTC: pure (docs/opening-hours.md)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from salle.kernel.clock import zone
from salle.kernel.spans import Span, subtract
from salle.venues.rules import Period

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
LONGEST = timedelta(hours=24)  # a longer window is cut in rows of this length
ALWAYS = (Period.OPEN, Period.CLOSED)

Piece = Span


@dataclass(frozen=True, slots=True)
class Rule:
    """One opening rule: minutes of the civil day, `closes` may pass midnight (1440).

    `first` and `last` are civil days, both included; None = no bound.
    """

    period: Period
    opens: int
    closes: int
    weekday: int | None = None
    of_room: bool = False
    first: date | None = None
    last: date | None = None

    def valid_on(self, day: date) -> bool:
        """Whether the rule holds on that civil day, whatever its weekday."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    def matches(self, day: date) -> bool:
        """Whether the rule gives hours on that weekday."""
        return self.weekday is None or self.weekday == day.isoweekday()


@dataclass(frozen=True, slots=True)
class Window:
    """An open interval, half-open, of the civil day on which it starts."""

    day: date
    starts_at: datetime
    ends_at: datetime


class Rules:
    """The rules of one schedule: those of its site and, for a room's own, of that room."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._by_period: dict[Period, list[Rule]] = {}
        for rule in rules:
            self._by_period.setdefault(rule.period, []).append(rule)

    def opening(self, day: date, periods: tuple[Period, ...]) -> list[Rule]:
        """Rules that open that day: of the first period that has any, then `ouvert` ones.

        For each period in turn the room's rules, or else its site's: having rules valid on
        that day is enough, even if none of them has that weekday (it is then closed).
        """
        chosen: list[Rule] = []
        for period in periods:
            valid = self._valid(period, day)
            chosen = [rule for rule in valid if rule.of_room] or valid
            if chosen:
                break
        return [rule for rule in chosen + self._valid(Period.OPEN, day) if rule.matches(day)]

    def closing(self, day: date) -> list[Rule]:
        """The `ferme` rules of that day, of the site and of the room alike."""
        return [rule for rule in self._valid(Period.CLOSED, day) if rule.matches(day)]

    def _valid(self, period: Period, day: date) -> list[Rule]:
        return [rule for rule in self._by_period.get(period, ()) if rule.valid_on(day)]


def materialise(
    rules: Iterable[Rule],
    days: Mapping[date, tuple[Period, ...]],
    *,
    zone_name: str,
) -> list[Window]:
    """The open windows of these days, in order, never overlapping, at most 24 h each.

    A `ferme` rule removes instants: it also cuts the end of the evening before.
    """
    known = Rules(rules)
    windows: list[Window] = []
    before: list[Piece] = []  # of earlier days: two pieces apart on the night of a clock change
    for day in sorted(days):
        opened = _pieces(day, known.opening(day, days[day]), zone_name)
        if not opened:
            continue
        cuts = [
            piece
            for near in (day - DAY, day, day + DAY)
            for piece in _pieces(near, known.closing(near), zone_name)
        ]
        before = [piece for piece in before if piece[1] > min(opened)[0]]
        fresh = subtract(opened, cuts + before)
        windows += [Window(day, *piece) for start, end in fresh for piece in _cut(start, end)]
        before += fresh
    return sorted(windows, key=lambda window: window.starts_at)


def wall_pieces(day: date, opens: int, closes: int, zone_name: str) -> list[Piece]:
    """The instants whose wall clock reads between these minutes of the day: 0 to 2 pieces.

    One piece, except on the night of a clock change.
    """
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)  # wall time, offset added below
    start, end = midnight + opens * MINUTE, midnight + closes * MINUTE
    changes, offsets = _offsets(zone_name, day.year)
    first = bisect_right(changes, start - DAY)
    last = bisect_right(changes, end + DAY)
    pieces = []
    for index in range(first, last + 1):
        low, high = start - offsets[index], end - offsets[index]
        if index > 0:
            low = max(low, changes[index - 1])
        if index < len(changes):
            high = min(high, changes[index])
        if low < high:
            pieces.append((low, high))
    return pieces


@lru_cache(maxsize=256)
def _offsets(zone_name: str, year: int) -> tuple[list[datetime], list[timedelta]]:
    """Instants at which the zone's offset changes around a year, and the offsets between.

    `offsets[i]` holds before `changes[i]`, the last one after them all.
    """
    info = zone(zone_name)

    def offset(instant: datetime) -> timedelta:
        return instant.astimezone(info).utcoffset() or timedelta()

    now = datetime(year - 1, 12, 1, tzinfo=UTC)
    changes: list[datetime] = []
    offsets = [offset(now)]
    while now < datetime(year + 1, 2, 1, tzinfo=UTC):
        after = now + DAY
        if offset(after) != offset(now):
            low, high = now, after
            while high - low > MINUTE:
                middle = low + (high - low) // 2 // MINUTE * MINUTE
                low, high = (middle, high) if offset(middle) == offset(now) else (low, middle)
            changes.append(high)
            offsets.append(offset(after))
        now = after
    return changes, offsets


def _pieces(day: date, rules: Iterable[Rule], zone_name: str) -> list[Piece]:
    return [
        piece for rule in rules for piece in wall_pieces(day, rule.opens, rule.closes, zone_name)
    ]


def _cut(start: datetime, end: datetime) -> Iterator[Piece]:
    while start < end:
        stop = min(end, start + LONGEST)
        yield start, stop
        start = stop
