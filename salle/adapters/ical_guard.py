"""A first look at an iCalendar text: what could never be a timetable is refused at once.

What is left is reduced to the lines that say when a room is taken: no description, guest,
alarm or attachment goes further. Everything here takes a time proportional to the size.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from math import prod

from salle.kernel.errors import Invalid

MAX_BYTES = 5_000_000
MAX_EVENTS = 20_000
MAX_RDATES = 10_000
MAX_EXDATES = 20_000
MAX_LINE = 200_000  # characters of one unfolded line that counts
MAX_DEPTH = 8
MAX_NAME = 100
MAX_NAME_PARTS = 50  # a name may be folded too
MAX_PARTS = 60  # values of one BY… part of a rule
MAX_A_DAY = 48  # BYHOUR × BYMINUTE × BYSECOND
MAX_STEPS = 200_000  # days that the rules of the file make the reader go through

LINE = "X-SALLE-LINE"
_BREAK = re.compile(r"\r\n?|\n")
_NAME = re.compile(r"\s*([A-Za-z0-9-]+)\s*[;:]")
_PATH = re.compile(r"VCALENDAR(/VEVENT|/VTIMEZONE(/STANDARD|/DAYLIGHT)?)?")
_KEPT = frozenset(
    {
        "BEGIN", "END", "VERSION", "PRODID", "CALSCALE", "X-WR-TIMEZONE",
        "UID", "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID",
        "SEQUENCE", "STATUS", "TRANSP", "SUMMARY",
        "TZID", "TZOFFSETFROM", "TZOFFSETTO", "TZNAME", "X-LIC-LOCATION",
    }
)  # fmt: skip
# What a day costs beside one of a daily rule: the others look at many days at once.
_WEIGHT = {"DAILY": 1.0, "WEEKLY": 0.5, "MONTHLY": 0.1, "YEARLY": 0.1}


class BadCalendar(Invalid):
    """The file is not an iCalendar file, or not one that can be laid out."""

    code = "bad_calendar"
    message = "Ce fichier n’est pas un calendrier iCalendar (.ics)."


@dataclass
class _Look:
    """What has been counted so far."""

    last: date
    path: list[str] = field(default_factory=list)
    events: int = 0
    rdates: int = 0
    exdates: int = 0
    steps: float = 0
    calendars: int = 0
    started: date | None = None
    rules: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Reduced:
    """The lines that count, unfolded, each event with the number of its first line.

    `steps`: about how many days its rules make the reader go through.
    """

    text: str
    steps: int


def reduce_calendar(content: bytes, *, last: date) -> Reduced:
    """What is left of a calendar after a first look.

    `last`: no later day will be asked for. Raises BadCalendar.
    """
    look = _Look(last=last)
    kept = list(_lines(_text(content), look))
    if not look.calendars:
        raise BadCalendar
    if look.path:
        raise BadCalendar("Ce calendrier est coupé : sa fin manque.")
    return Reduced("\r\n".join(kept) + "\r\n", int(look.steps))


def _text(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise BadCalendar(f"Ce calendrier dépasse {MAX_BYTES // 1_000_000} Mo.")
    if b"\0" in content:
        raise BadCalendar
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _unfolded(text: str) -> Iterator[tuple[int, str, str]]:
    """(number of its first line, name, whole line) of each line whose name is kept."""
    first, parts = 0, [""]
    for number, line in enumerate(_BREAK.split(text), start=1):
        if line[:1] in {" ", "\t"}:
            parts.append(line[1:])
        elif line:  # an empty line is nothing, not even the end of a folded one
            yield from _whole(first, parts)
            first, parts = number, [line]
    yield from _whole(first, parts)


def _whole(first: int, parts: list[str]) -> Iterator[tuple[int, str, str]]:
    found = _NAME.match("".join(parts[:MAX_NAME_PARTS])[:MAX_NAME])
    name = found[1].upper() if found else ""
    if name not in _KEPT:
        return
    if sum(map(len, parts)) > MAX_LINE:
        raise BadCalendar(f"Ligne {first} : cette ligne est démesurée.")
    yield first, name, "".join(parts)


def _lines(text: str, look: _Look) -> Iterator[str]:
    for number, name, line in _unfolded(text):
        value = line.partition(":")[2].strip().upper()
        if name == "BEGIN":
            yield from _begin(number, value, look)
        elif not look.path:
            raise BadCalendar
        elif name == "END":
            yield from _end(look)
        elif _counts(look):
            _count(name, value, look)
            yield line


def _counts(look: _Look) -> bool:
    return _PATH.fullmatch("/".join(look.path)) is not None


def _begin(number: int, value: str, look: _Look) -> Iterator[str]:
    if not look.path and value != "VCALENDAR":
        raise BadCalendar
    look.path.append(value)
    if len(look.path) > MAX_DEPTH:
        raise BadCalendar("Ce calendrier est mal formé : trop de parties emboîtées.")
    look.calendars += value == "VCALENDAR"
    if not _counts(look):
        return
    yield f"BEGIN:{value}"
    look.started, look.rules = None, []
    if value == "VEVENT":
        look.events += 1
        if look.events > MAX_EVENTS:
            raise BadCalendar(f"Ce calendrier a plus de {MAX_EVENTS} événements.")
        yield f"{LINE}:{number}"


def _end(look: _Look) -> Iterator[str]:
    """Whatever name it bears, it ends the part that is open: some programs misspell it."""
    if _counts(look):
        yield f"END:{look.path[-1]}"
        _weigh(look)
    look.path.pop()


def _count(name: str, value: str, look: _Look) -> None:
    if name == "RDATE":
        look.rdates += value.count(",") + 1
    elif name == "EXDATE":
        look.exdates += value.count(",") + 1
    elif name == "DTSTART":
        look.started = _day(value)
    elif name == "RRULE":
        look.rules.append(_rule(value))
    if look.rdates > MAX_RDATES or look.exdates > MAX_EXDATES:
        raise BadCalendar(f"Ce calendrier énumère plus de {MAX_RDATES} dates.")


def _rule(value: str) -> dict[str, str]:
    """The parts of a rule, if none of them is out of proportion."""
    rule = {}
    for part in value.split(";"):
        key, _, text = part.partition("=")
        rule[key.strip()] = text.strip()
    if rule.get("FREQ") in {"SECONDLY", "MINUTELY", "HOURLY"}:
        raise BadCalendar("Ce calendrier répète un événement plus d’une fois par jour.")
    many = {key: text.count(",") + 1 for key, text in rule.items() if key.startswith("BY")}
    times = prod(many.get(key, 1) for key in ("BYHOUR", "BYMINUTE", "BYSECOND"))
    if times > MAX_A_DAY or any(number > MAX_PARTS for number in many.values()):
        raise BadCalendar("Ce calendrier a une règle de répétition démesurée.")
    return rule


def _weigh(look: _Look) -> None:
    """Add the days that the rules of this part make the reader go through."""
    for rule in look.rules:
        start = look.started or look.last
        end = min(_day(rule.get("UNTIL", "")) or look.last, look.last)
        interval = max(1, int(rule["INTERVAL"])) if _is_number(rule.get("INTERVAL")) else 1
        days = max(0, (end - start).days)
        look.steps += days / interval * _WEIGHT.get(rule.get("FREQ", ""), 1.0)
    look.rules = []
    if look.steps > MAX_STEPS:
        raise BadCalendar(
            "Ce calendrier répète trop d’événements depuis trop longtemps : exportez "
            "seulement l’année scolaire."
        )


def _is_number(text: str | None) -> bool:
    return text is not None and text.isascii() and text.isdigit() and len(text) < 10


def _day(value: str) -> date | None:
    """The day of « 20261005T080000 », None when it cannot be read."""
    digits = value[:8]
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None
