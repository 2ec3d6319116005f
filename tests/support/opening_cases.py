"""Random collèges for the oracle: calendar, files of hours, lessons, bookings, blocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from salle.venues.rules import SchoolCalendar
from tests.support.opening_oracle import DAY, NAMES, WEEKDAYS, Line, Use, Vacation

PERIODS = [*dict.fromkeys(NAMES.values()), "scolaire", "ferie", "ouvert", "ferme"]
# Département of the UAI, its clock, its public holidays, its calendar, days worth a look.
PARIS_DAYS = [
    *(date(2026, 10, 25), date(2026, 10, 25), date(2027, 3, 28), date(2027, 3, 28)),
    *(date(2026, 11, 11), date(2026, 12, 25), date(2027, 1, 1), date(2027, 5, 17)),
    *(date(2026, 11, 18), date(2027, 2, 9), date(2027, 8, 31), date(2026, 9, 3)),
]
PLACES = [
    (35, "Europe/Paris", None, SchoolCalendar.ZONE_B, PARIS_DAYS),
    (35, "Europe/Paris", None, SchoolCalendar.ZONE_B, PARIS_DAYS),
    (67, "Europe/Paris", "6AE", SchoolCalendar.ZONE_B, [date(2027, 3, 26), date(2026, 12, 26)]),
    (57, "Europe/Paris", "57", SchoolCalendar.ZONE_B, [date(2027, 3, 27), date(2026, 12, 26)]),
    (974, "Indian/Reunion", "974", SchoolCalendar.REUNION, [date(2026, 12, 20)]),
    (
        *(975, "America/Miquelon", "PM", SchoolCalendar.SAINT_PIERRE),
        [date(2026, 11, 1), date(2027, 3, 14)],
    ),
]
BUFFERS = [0, 0, 15, 30, 75]
HOURS = st.one_of(st.sampled_from([0, 60, 120, 150, 180, 1080]), st.integers(0, 1439))
ENDS = st.one_of(st.sampled_from([0, 120, 150, 180, 1320, 1440]), st.integers(0, 1440))


@dataclass(frozen=True)
class Event:
    """One event of a timetable: a wall reading, how it is written, its repetitions."""

    wall: datetime
    minutes: int
    kind: str  # zoned, floating, utc, day, transparent, cancelled
    weeks: int
    skipped: int | None

    def text(self, zone: str, number: int) -> str:
        start, end = self.wall, self.wall + timedelta(minutes=self.minutes)
        if self.kind == "utc":
            start, end = (t.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) for t in (start, end))
        prefix, suffix = f";TZID={zone}" if self.kind == "zoned" else "", ""
        form = "%Y%m%dT%H%M%S"
        if self.kind == "utc":
            suffix = "Z"
        if self.kind == "day":
            prefix, form, end = ";VALUE=DATE", "%Y%m%d", start + DAY
        lines = [
            *("BEGIN:VEVENT", f"UID:{number}@exemple.invalid", "DTSTAMP:20260901T000000Z"),
            f"DTSTART{prefix}:{start.strftime(form)}{suffix}",
            f"DTEND{prefix}:{end.strftime(form)}{suffix}",
        ]
        if self.repeats:
            lines.append(f"RRULE:FREQ=WEEKLY;COUNT={self.weeks}")
            if self.skipped is not None:
                gone = start + self.skipped * 7 * DAY
                lines.append(f"EXDATE{prefix}:{gone.strftime(form)}{suffix}")
        lines += {"transparent": ["TRANSP:TRANSPARENT"], "cancelled": ["STATUS:CANCELLED"]}.get(
            self.kind, []
        )
        return "\r\n".join([*lines, "END:VEVENT", ""])

    @property
    def repeats(self) -> bool:
        return self.weeks > 1 and self.kind != "utc"

    def taken(self, zone: str) -> list[tuple[datetime, datetime]]:
        if self.kind in {"transparent", "cancelled"}:
            return []
        found = []
        for week in range(self.weeks if self.repeats else 1):
            if self.repeats and week == self.skipped:
                continue
            start = self.wall + week * 7 * DAY
            end = start + (DAY if self.kind == "day" else timedelta(minutes=self.minutes))
            found.append(
                tuple(t.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) for t in (start, end))
            )
        return found  # type: ignore[return-value]


@dataclass(frozen=True)
class Case:
    """Everything that one try is made of."""

    department: int
    zone: str
    region: str | None
    calendar: SchoolCalendar
    middle: date
    vacations: list[Vacation]
    files: list[list[Line]]
    buffers: tuple[int, int]
    lessons: dict[str, list[Event]]
    takes: list[tuple[str, str, datetime, datetime]]  # room, how, from, to

    @property
    def first(self) -> date:
        return self.middle - DAY

    @property
    def last(self) -> date:
        return self.middle + DAY

    def lesson_uses(self, rooms: dict[str, str]) -> list[Use]:
        """What the lessons take: each space (a letter) of the room that has them."""
        return [
            Use(space, *piece)
            for room, events in self.lessons.items()
            for event in events
            for piece in event.taken(self.zone)
            for space in rooms[room]
        ]


def clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


@st.composite
def lines_near(draw: st.DrawFn, names: list[str], middle: date) -> list[Line]:
    """One to seven lines, most of them about periods of all kinds around that day."""
    near = st.one_of(st.just(""), st.integers(-2, 2).map(lambda n: (middle + n * DAY).isoformat()))
    weekdays = st.one_of(
        st.just(""), st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=4).map("+".join)
    )
    found = []
    for _ in range(draw(st.integers(1, 7))):
        period = draw(st.sampled_from([*PERIODS, "scolaire", "ferie", "ouvert", "ferme"]))
        start, end = clock(draw(HOURS)), clock(draw(ENDS))
        if period == "ferme" and draw(st.booleans()):
            start = end = ""
        first, last = draw(near), draw(near)
        if first and last and last < first:
            first, last = last, first
        found.append(
            Line(draw(st.sampled_from(names)), period, draw(weekdays), start, end, first, last)
        )
    return found


@st.composite
def vacations_near(draw: st.DrawFn, middle: date) -> list[Vacation]:
    """Holidays that do not overlap, of the school year of that day; none = nothing is known."""
    if draw(st.integers(0, 11)) == 0:
        return []
    year = middle.year if middle.month >= 9 else middle.year - 1
    first, last = date(year, 9, 1), date(year + 1, 8, 31)
    found = [Vacation("Vacances d'Hiver", date(year + 1, 2, 16), date(year + 1, 2, 17))]
    day = max(first, middle - draw(st.integers(0, 5)) * DAY)
    labels = draw(st.permutations(["Vacances de la Toussaint", "Vacances de Noël",
                                   "Vacances de Printemps", "Pont de l'Ascension"]))  # fmt: skip
    for label in labels[: draw(st.integers(0, 2))]:
        length = draw(st.integers(0, 3))
        if day + length * DAY > last:
            break
        found.append(Vacation(label, day, day + length * DAY))
        day += (max(length, 1) + draw(st.integers(0, 2))) * DAY
    if draw(st.integers(0, 4)) == 0 and day <= last and (day.year, day.month) >= (year + 1, 3):
        found.append(Vacation("Début des Vacances d'Été", day, day))
    return found


@st.composite
def events_near(draw: st.DrawFn, middle: date) -> list[Event]:
    """Lessons outside the hour that clocks change."""
    found = []
    for _ in range(draw(st.integers(0, 3))):
        kind = draw(
            st.sampled_from(
                ["zoned", "zoned", "floating", "utc", "day", "transparent", "cancelled"]
            )
        )
        day = middle + draw(st.integers(-2, 1)) * DAY
        weeks = draw(st.integers(1, 3))
        day -= draw(st.integers(0, 1)) * 7 * DAY
        hour = 0 if kind == "day" else draw(st.integers(4, 21))
        minute = 0 if kind == "day" else draw(st.sampled_from([0, 7, 30]))
        found.append(
            Event(
                wall=datetime(day.year, day.month, day.day, hour, minute),  # noqa: DTZ001 wall time
                minutes=draw(st.sampled_from([30, 55, 60, 120])),
                kind=kind,
                weeks=weeks,
                skipped=draw(st.one_of(st.none(), st.integers(1, weeks - 1)))
                if weeks > 1
                else None,
            )
        )
    return found


@st.composite
def cases(draw: st.DrawFn, *, rooms: list[str], site: str = "site") -> Case:
    """A collège of two rooms; in its files « site » stands for site:UAI."""
    department, zone, region, calendar, days = draw(st.sampled_from(PLACES))
    middle = draw(st.sampled_from(days))
    names = [site, site, *rooms]
    start = datetime(middle.year, middle.month, middle.day, tzinfo=UTC) - DAY
    takes = []
    for _ in range(draw(st.integers(0, 4))):
        at = start + timedelta(minutes=draw(st.integers(0, 3 * 1440)))
        how = draw(st.sampled_from(["confirmed", "held", "cancelled", "block"]))
        length = timedelta(minutes=draw(st.integers(1, 300)))
        takes.append((draw(st.sampled_from(rooms)), how, at, at + length))
    return Case(
        department=department,
        zone=zone,
        region=region,
        calendar=calendar,
        middle=middle,
        vacations=draw(vacations_near(middle)),
        files=[draw(lines_near(names, middle)) for _ in range(draw(st.integers(1, 2)))],
        buffers=(draw(st.sampled_from(BUFFERS)), draw(st.sampled_from(BUFFERS))),
        lessons={room: draw(st.one_of(st.just([]), events_near(middle))) for room in rooms},
        takes=takes,
    )
