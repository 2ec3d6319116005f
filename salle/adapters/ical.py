"""Reading an iCalendar file: what it occupies, as UTC intervals. Knows no model.

The file comes from outside, so its repetitions are laid out in a child process with little
time and memory, after a static look that refuses what could never be a timetable.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import icalendar
import recurring_ical_events

from salle.adapters.ical_guard import LINE, MAX_BYTES, BadCalendar, Reduced, reduce_calendar
from salle.kernel.clock import from_wall

__all__ = ["MAX_BYTES", "BadCalendar", "Lesson", "Reading", "read_calendar"]

MAX_LESSONS = 10_000
# Time for any file, and more in proportion to its size and to the days its rules go through:
# a small file that takes long (a rule that never matches) is soon given up.
CPU_SECONDS = 1.0
CPU_SECONDS_PER_MEGABYTE = 5.0
CPU_SECONDS_PER_STEP = 4e-5
MOST_FOR_STEPS = 4.0
WALL_FACTOR = 5
MEMORY_BYTES = 600_000_000  # beyond what the process already has

_DAY = timedelta(days=1)
_REPEATS = ("RRULE", "RDATE", "EXDATE", "RECURRENCE-ID")
# What the two libraries raise on what they cannot read.
_MALFORMED = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, AssertionError)


@dataclass(frozen=True, slots=True, order=True)
class Lesson:
    """One use, half-open in UTC, and the line of the file where its event begins."""

    starts_at: datetime
    ends_at: datetime
    line: int
    title: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What the file holds: its uses in order, and remarks (line, French sentence).

    `kept` is a calendar too: the lines that say when the room is taken, and no others.
    """

    lessons: list[Lesson]
    rejects: list[tuple[int, str]]
    warnings: list[tuple[int, str]]
    kept: bytes


def read_calendar(content: bytes, *, zone_name: str, first: datetime, last: datetime) -> Reading:
    """The uses of the file that touch [first, last); BadCalendar when it must be refused.

    Floating and all-day times are read in `zone_name`. Cancelled events and those marked
    transparent occupy nothing.
    """
    reduced = reduce_calendar(content, last=last.date() + _DAY)
    raw = _in_child(lambda: _expand(reduced.text, zone_name, first, last), _patience(reduced))
    return Reading(
        lessons=sorted(
            Lesson(datetime.fromisoformat(start), datetime.fromisoformat(end), line, title)
            for start, end, line, title in raw["lessons"]
        ),
        rejects=[(line, reason) for line, reason in raw["rejects"]],
        warnings=[(line, reason) for line, reason in raw["warnings"]],
        kept=reduced.text.encode(),
    )


def _patience(reduced: Reduced) -> float:
    for_size = CPU_SECONDS_PER_MEGABYTE * len(reduced.text) / 1_000_000
    return CPU_SECONDS + for_size + min(CPU_SECONDS_PER_STEP * reduced.steps, MOST_FOR_STEPS)


def _in_child(work: Callable[[], dict[str, Any]], seconds: float) -> dict[str, Any]:
    """Run in a forked child with little CPU and memory: it may die, we do not."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - its coverage dies with it
        os.close(reading)
        _child(work, writing, seconds)
    os.close(writing)
    try:
        answer = _read_all(reading, seconds * WALL_FACTOR)
    finally:
        os.close(reading)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    if not answer:
        raise BadCalendar("Ce calendrier est trop lourd à lire : il a été refusé.")
    result: dict[str, Any] = json.loads(answer)
    if "refused" in result:
        raise BadCalendar(result["refused"])
    return result


def _child(  # pragma: no cover
    work: Callable[[], dict[str, Any]], writing: int, seconds: float
) -> None:
    status = 1
    try:
        # Finer than RLIMIT_CPU, which counts whole seconds; both end the process.
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, seconds)
        whole = int(seconds) + 2
        resource.setrlimit(resource.RLIMIT_CPU, (whole, whole))
        with open("/proc/self/statm", encoding="ascii") as statm:
            size = int(statm.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY_BYTES, size + MEMORY_BYTES))
        warnings.simplefilter("ignore")  # of the libraries, about the file
        try:
            result = work()
        except BadCalendar as error:
            result = {"refused": error.message}
        except _MALFORMED:
            result = {"refused": "Ce calendrier est mal formé : il ne peut pas être lu."}
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(json.dumps(result).encode())
        status = 0
    finally:
        os._exit(status)


def _read_all(reading: int, patience: float) -> bytes:
    """Everything the child writes, or nothing if it takes too long or dies half-way."""
    chunks: list[bytes] = []
    limit = time.monotonic() + patience
    while True:
        ready, _, _ = select.select([reading], [], [], max(0.0, limit - time.monotonic()))
        if not ready:
            return b""
        chunk = os.read(reading, 1 << 20)
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)


def _expand(text: str, zone_name: str, first: datetime, last: datetime) -> dict[str, Any]:
    """Every occurrence between the bounds (runs in the child)."""
    lessons: list[tuple[str, str, int, str]] = []
    rejects: list[tuple[int, str]] = []
    warnings: list[tuple[int, str]] = []
    for calendar in icalendar.Calendar.from_ical(text, multiple=True):
        if calendar.name != "VCALENDAR":
            raise BadCalendar
        rejects += _take_out_broken(calendar)
        warnings += _unknown_zones(calendar, zone_name)
        warnings += _without_end(calendar) + _swapped(calendar, zone_name)
        _keep_utc(calendar)
        query = recurring_ical_events.of(calendar)
        # A day more on each side: floating times have no offset yet.
        for event in query.between(first - _DAY, last + _DAY):
            if _is_free(event):
                continue
            start, end = _bounds(event, zone_name)
            if start < end and start < last and end > first:
                title = str(event.get("SUMMARY", ""))[:200]
                lessons.append((start.isoformat(), end.isoformat(), _line(event), title))
    if len(lessons) > MAX_LESSONS:
        raise BadCalendar(f"Ce calendrier donne plus de {MAX_LESSONS} cours.")
    return {"lessons": lessons, "rejects": rejects, "warnings": warnings}


def _take_out_broken(calendar: Any) -> list[tuple[int, str]]:
    """Remove the events that cannot be laid out; the line of each and why."""
    rejects = []
    for event in calendar.walk("VEVENT"):
        reason = _problem(event)
        if reason is not None:
            calendar.subcomponents.remove(event)
            rejects.append((_line(event), reason))
    return rejects


def _problem(event: Any) -> str | None:
    names = ("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID")
    broken = {name.upper() for name, _ in event.errors if name} & set(names)
    if broken:
        return f"{', '.join(sorted(broken))} illisible"
    if not hasattr(event.get("DTSTART"), "dt"):
        return "DTSTART absent ou donné plusieurs fois"
    try:
        start, _ = _bounds(event, "UTC")
        if any(name in event for name in _REPEATS):
            alone = icalendar.Calendar()
            alone.add_component(event)
            recurring_ical_events.of(alone).between(start - _DAY, start + _DAY)
    except _MALFORMED:
        return "fin, durée ou répétition illisible"
    return None


def _keep_utc(calendar: Any) -> None:
    """Leave UTC times as they are where nothing repeats in UTC.

    X-WR-TIMEZONE says on which clock a UTC time repeats; the library turns all times to it, and
    loses which of the two hours is meant when the clocks go back.
    """
    repeats = any(
        getattr(getattr(event["DTSTART"].dt, "tzinfo", None), "key", None) == "UTC"
        for event in calendar.walk("VEVENT")
        if any(name in event for name in _REPEATS)
    )
    if not repeats:
        calendar.pop("X-WR-TIMEZONE", None)


def _unknown_zones(calendar: Any, zone_name: str) -> list[tuple[int, str]]:
    """Times whose zone is unknown come out without one, silently: say so."""
    warnings = []
    for event in calendar.walk("VEVENT"):
        start = event["DTSTART"]
        zone = start.params.get("TZID")
        if zone and isinstance(start.dt, datetime) and start.dt.tzinfo is None:
            text = f"fuseau horaire inconnu « {zone[:60]} » : lu à l’heure de {zone_name}"
            warnings.append((_line(event), text))
    return warnings


def _without_end(calendar: Any) -> list[tuple[int, str]]:
    """A start without an end lasts no time (RFC 5545 §3.6.1): it occupies nothing, say so."""
    return [
        (_line(event), "ni fin ni durée : cet événement n’occupe rien")
        for event in calendar.walk("VEVENT")
        if isinstance(event["DTSTART"].dt, datetime)
        and "DTEND" not in event
        and "DURATION" not in event
        and not _is_free(event)
    ]


def _swapped(calendar: Any, zone_name: str) -> list[tuple[int, str]]:
    """An end before the start: both are read the other way round, as the library does."""
    bounds = [(event, *_bounds(event, zone_name)) for event in calendar.walk("VEVENT")]
    text = "la fin précède le début : les deux sont lus dans l’autre sens"
    return [(_line(event), text) for event, start, end in bounds if end < start]


def _line(event: Any) -> int:
    return int(event.get(LINE, 0))


def _is_free(event: Any) -> bool:
    return (
        str(event.get("STATUS", "")).upper() == "CANCELLED"
        or str(event.get("TRANSP", "")).upper() == "TRANSPARENT"
    )


def _bounds(event: Any, zone_name: str) -> tuple[datetime, datetime]:
    start = event["DTSTART"].dt
    if "DTEND" in event:
        end = event["DTEND"].dt
    elif "DURATION" in event:
        end = start + event["DURATION"].dt
    else:
        end = start if isinstance(start, datetime) else start + timedelta(days=1)
    return _instant(start, zone_name), _instant(end, zone_name)


def _instant(moment: date, zone_name: str) -> datetime:
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001 wall time
    return from_wall(moment, zone_name)
