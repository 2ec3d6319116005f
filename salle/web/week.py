"""The view-model of the week strip: seven days, and what each part of their hours is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from salle.kernel.clock import PARIS, day_start, to_wall
from salle.kernel.enums import LabelledEnum
from salle.kernel.words import date_fr, heures, weekday

QUARTER = 15
HOUR = 60
DAY = 24 * HOUR
MAX_HOURS = 36  # the style sheet hours.css knows this many
DEFAULT_HOURS = (17, 22)
# Heights below which a lit window shows fewer words, in rem; see --quarter in week.css.
WHOLE_REM, SHORT_REM = 4.0, 1.2


class SlotState(LabelledEnum):
    """What a stretch of time is; the value is also the class of its pattern."""

    FREE = "free", "libre"
    BUSY = "busy", "occupé"
    SCHOOL = "school", "collège"
    CLOSED = "closed", "fermé"
    PENDING = "pending", "en attente"


@dataclass(frozen=True, kw_only=True)
class WeekSlot:
    """Part of one day; minutes are counted on the wall clock from that day's midnight."""

    state: SlotState
    start: int
    end: int
    href: str | None = None


@dataclass(frozen=True, kw_only=True)
class WeekDay:
    """One lane. `wanted` = the hours asked for, framed over the lane."""

    day: date
    slots: tuple[WeekSlot, ...] = ()
    wanted: tuple[int, int] | None = None

    def in_state(self, *states: SlotState) -> list[WeekSlot]:
        return [slot for slot in self.slots if slot.state in states]

    @property
    def free(self) -> list[WeekSlot]:
        return self.in_state(SlotState.FREE)

    @property
    def taken(self) -> list[WeekSlot]:
        return [slot for slot in self.slots if slot.state is not SlotState.FREE]


@dataclass(frozen=True, kw_only=True)
class Week:
    """Seven days and the hours shown, `first_hour` to `last_hour` (which may pass 24)."""

    days: tuple[WeekDay, ...]
    first_hour: int = field(default=DEFAULT_HOURS[0])
    last_hour: int = field(default=DEFAULT_HOURS[1])

    @property
    def hours(self) -> int:
        return self.last_hour - self.first_hour

    @property
    def has_free(self) -> bool:
        return any(day.free for day in self.days)

    @property
    def summary(self) -> str:
        """The free hours in one sentence: what the small strip says to those who cannot see it."""
        parts = [
            f"{weekday(day.day)} {' et '.join(heures(slot.start, slot.end) for slot in day.free)}"
            for day in self.days
            if day.free
        ]
        opening = f"Semaine du {date_fr(self.days[0].day, year=False)}\u00a0: "
        return f"{opening}{'libre ' + ', '.join(parts) if parts else 'rien de libre'}."

    def quarter(self, minutes: int) -> int:
        """The grid line (from 1) nearest to that time, kept inside the strip."""
        line = 1 + round((minutes - self.first_hour * HOUR) / QUARTER)
        return min(max(line, 1), 1 + self.hours * 4)

    def lines(self, start: int, end: int) -> tuple[int, int]:
        """First and last grid lines of a stretch; at least one quarter high."""
        first = min(self.quarter(start), self.hours * 4)
        return first, max(self.quarter(end), first + 1)

    def words(self, slot: WeekSlot) -> str:
        """How much fits in the large strip: `whole`, `short` or `none`."""
        first, last = self.lines(slot.start, slot.end)
        height = (last - first) * min(1.25, 34 / (self.hours * 4))
        if height >= WHOLE_REM:
            return "whole"
        return "short" if height >= SHORT_REM else "none"

    def step(self, *, small: bool = False) -> int:
        """Hours between two marks of the axis."""
        for most, step in ((6, 1), (12, 2), (18, 3)):
            if self.hours <= most:
                return step * 2 if small else step
        return 6 if small else 4

    def marks(self, *, small: bool = False) -> list[int]:
        """Minutes of the marks of the axis."""
        step = self.step(small=small)
        return [hour * HOUR for hour in range(self.first_hour, self.last_hour + 1, step)]


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A stretch of real time (aware, half-open) and its state, before it is cut into days."""

    start: datetime
    end: datetime
    state: SlotState
    href: str | None = None


def build_week(
    *,
    monday: date,
    pieces: Iterable[Piece],
    wanted: tuple[datetime, datetime] | None = None,
    hours: tuple[int, int] | None = None,
    zone: str = PARIS,
) -> Week:
    """Cut pieces at local midnights, fill what is left with « fermé », choose the hours shown.

    Pieces must not overlap. `hours` forces the hours shown; by default they run from the first
    to the last hour at which something other than « fermé » happens in the week. A closed piece
    is not needed: what no piece covers is closed.
    """
    cut: list[list[WeekSlot]] = [[] for _ in range(7)]
    for piece in sorted(pieces, key=lambda one: one.start):
        if piece.state is SlotState.CLOSED:
            continue
        for index in range(7):
            part = _minutes_in_day(piece.start, piece.end, monday + timedelta(days=index), zone)
            if part:
                start, end = part
                cut[index].append(
                    WeekSlot(state=piece.state, start=start, end=end, href=piece.href)
                )
    first, last = hours or _hours_shown(cut)
    days = []
    for index, slots in enumerate(cut):
        day = monday + timedelta(days=index)
        days.append(
            WeekDay(
                day=day,
                slots=_filled(slots, first * HOUR, last * HOUR),
                wanted=_minutes_in_day(*wanted, day, zone) if wanted else None,
            )
        )
    return Week(days=tuple(days), first_hour=first, last_hour=last)


def _minutes_in_day(start: datetime, end: datetime, day: date, zone: str) -> tuple[int, int] | None:
    midnight, next_midnight = day_start(day, zone), day_start(day + timedelta(days=1), zone)
    if start >= next_midnight or end <= midnight or start >= end:
        return None
    first = 0 if start <= midnight else _minute(start, zone)
    last = DAY if end >= next_midnight else _minute(end, zone)
    return (first, last) if first < last else None


def _minute(instant: datetime, zone: str) -> int:
    wall = to_wall(instant, zone)
    return wall.hour * HOUR + wall.minute


def _hours_shown(days: Sequence[Sequence[WeekSlot]]) -> tuple[int, int]:
    starts = [slot.start for slots in days for slot in slots]
    ends = [slot.end for slots in days for slot in slots]
    if not starts:
        return DEFAULT_HOURS
    first, last = min(starts) // HOUR, -(-max(ends) // HOUR)
    while last - first < 4:
        if last < 24:
            last += 1
        else:
            first -= 1
    return first, last


def _filled(slots: Sequence[WeekSlot], first: int, last: int) -> tuple[WeekSlot, ...]:
    """The slots clipped to first..last, joined when alike, with « fermé » in between."""
    result: list[WeekSlot] = []
    cursor = first
    for slot in slots:
        start, end = max(slot.start, cursor), min(slot.end, last)
        if start >= end:
            continue
        if start > cursor:
            result.append(WeekSlot(state=SlotState.CLOSED, start=cursor, end=start))
        before = result[-1] if result else None
        if before and (before.state, before.href, before.end) == (slot.state, slot.href, start):
            result[-1] = WeekSlot(state=slot.state, start=before.start, end=end, href=slot.href)
        else:
            result.append(WeekSlot(state=slot.state, start=start, end=end, href=slot.href))
        cursor = end
    if cursor < last:
        result.append(WeekSlot(state=SlotState.CLOSED, start=cursor, end=last))
    return tuple(result)
