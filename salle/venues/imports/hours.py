"""`salle import horaires`: the opening rules of rooms and sites, replaced all at once."""

from __future__ import annotations

import csv
import io
import re
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import sqlalchemy as sa

from salle.db import db
from salle.kernel.errors import DomainError, Invalid
from salle.kernel.french import compact, fold, is_uai
from salle.venues.hours import MAX_RULES, Changes, Hours, Steps, Target, hours_of, replace_rules
from salle.venues.imports.runs import Outcome, Report
from salle.venues.imports.tables import Row, UnusableFile, open_table, read_table
from salle.venues.models import OpeningRule, Room, Site
from salle.venues.rules import MAX_REASON, Period

COLUMNS = ("salle", "periode", "jour", "debut", "fin", "du", "au")
OPTIONAL = ("motif",)
WEEKDAYS = {"lu": 1, "ma": 2, "me": 3, "je": 4, "ve": 5, "sa": 6, "di": 7}
WHOLE_DAY = (0, 24 * 60)
SITE = "site:"
_PERIODS = {fold(period.value): period for period in Period}
_CLOCK = re.compile(r"([0-9]{1,2})\s?[:hH]\s?([0-9]{2})?(?::00)?")
_FRENCH_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file: `name` is a room's slug or « site:UAI »."""

    number: int
    name: str
    hours: tuple[Hours, ...]


def open_hours(path: Path) -> list[Row]:
    """The lines of a file of opening rules."""
    return _some(open_table(path, required=COLUMNS, optional=OPTIONAL))


def read_hours(content: bytes, at_most: int) -> list[Row]:
    """The same, from the bytes of a file that was sent."""
    if len(content) > at_most:
        raise UnusableFile(f"Le fichier dépasse {at_most // 1_000_000} Mo.")
    if not content.strip():
        raise UnusableFile("Le fichier est vide.")
    return _some(read_table(content, required=COLUMNS, optional=OPTIONAL))


def parse_hours(rows: Iterable[Row], report: Report) -> list[Line]:
    """Every line that can be understood; the others are rejected in the report."""
    lines = []
    for row in rows:
        try:
            lines.append(parse_line(row))
        except DomainError as error:
            report.reject(row.line, error.message)
    return lines


def apply_hours(
    lines: Sequence[Line],
    report: Report,
    *,
    now: datetime,
    actor_id: uuid.UUID | None = None,
    site_id: uuid.UUID | None = None,
    steps: Steps = iter,
) -> None:
    """The file replaces all rules of the rooms and sites that it names, or does nothing.

    Nothing is applied when a line was rejected, here or before. `site_id`: only that site and
    its rooms may be named.
    """
    targets = _find_targets({line.name for line in lines}, site_id)
    wanted: dict[Target, list[Hours]] = defaultdict(list)
    for line in lines:
        target = targets.get(line.name) or _unknown(line.name, site_id)
        if isinstance(target, str):
            report.reject(line.number, target)
            continue
        wanted[target] += line.hours
        if len(wanted[target]) > MAX_RULES:
            report.reject(line.number, f"plus de {MAX_RULES} règles pour « {line.name} »")
    if report.rejects:
        return
    changes = replace_rules(wanted, actor_id=actor_id, now=now, steps=steps)
    report.removed = changes.removed
    for line in lines:
        target = targets[line.name]
        if isinstance(target, Target):
            report.count(_outcome(changes, target, line.hours))


def parse_line(row: Row) -> Line:
    """The rules of that line, one for each of its weekdays."""
    if row.problem:
        raise Invalid(row.problem)
    period = _PERIODS.get(fold(row["periode"]))
    if period is None:
        known = ", ".join(_PERIODS)
        raise Invalid(f"période inconnue « {row['periode'][:40]} » ; périodes possibles : {known}")
    opens, closes = _hours(period, row["debut"], row["fin"])
    first, last = _day(row["du"], "du"), _day(row["au"], "au")
    if first and last and last < first:
        raise Invalid("la date « au » vient avant la date « du »")
    if len(row["motif"]) > MAX_REASON:
        raise Invalid(f"motif : {MAX_REASON} caractères au plus")
    return Line(
        number=row.line,
        name=_name(row["salle"]),
        hours=tuple(
            Hours(
                period=period,
                opens=opens,
                closes=closes,
                weekday=weekday,
                first=first,
                last=last,
                reason=row["motif"],
            )
            for weekday in _weekdays(row["jour"])
        ),
    )


def read_minutes(text: str, *, last: bool = False) -> int:
    """Minutes after midnight of « 18:00 », « 18h30 », « 18 h » (and « 24:00 » when `last`)."""
    match = _CLOCK.fullmatch(text)
    if match is None or (match[2] is None and ":" in text):
        raise Invalid(f"heure illisible « {text[:40]} » : écrivez par exemple 18:00")
    hour, minute = int(match[1]), int(match[2] or 0)
    minutes = hour * 60 + minute
    if minute > 59 or minutes > (24 * 60 if last else 24 * 60 - 1):
        bound = "24:00" if last else "23:59"
        raise Invalid(f"heure impossible « {text[:40]} » : de 00:00 à {bound}")
    return minutes


def closing_minutes(opens: int, end: int) -> int:
    """An end at or before the start is on the day after."""
    return end if end > opens else end + 24 * 60


def write_hours(site: Site, rooms: Iterable[Room], rules: Iterable[OpeningRule]) -> str:
    """These rules as a file: read again, it changes nothing."""
    names: dict[uuid.UUID | None, str] = {room.id: room.slug for room in rooms}
    names[None] = SITE + site.uai
    days = {number: word for word, number in WEEKDAYS.items()}
    grouped: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for rule in rules:
        hours = hours_of(rule)
        end = hours.closes - 24 * 60 if hours.closes > 24 * 60 else hours.closes
        key = (
            names[rule.room_id],
            hours.period.value,
            _written(hours.opens),
            _written(end),
            hours.first.isoformat() if hours.first else "",
            hours.last.isoformat() if hours.last else "",
            # A spreadsheet takes « = » for a formula; the space is left out when read again.
            f" {hours.reason}" if hours.reason[:1] in set("=+-@") else hours.reason,
        )
        grouped[(*key, "" if hours.weekday else "all")].add(hours.weekday or 0)
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow([*COLUMNS, *OPTIONAL])
    for (name, period, start, finish, first, last, reason, _), weekdays in grouped.items():
        day = "+".join(days[number] for number in sorted(weekdays) if number)
        writer.writerow([name, period, day, start, finish, first, last, reason])
    return "\ufeff" + text.getvalue()


def _written(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _some(rows: list[Row]) -> list[Row]:
    if not rows:
        raise UnusableFile("Le fichier ne contient aucune règle : rien n’a été changé.")
    return rows


def _name(text: str) -> str:
    if fold(text).startswith(SITE):
        uai = compact(text[len(SITE) :])
        if not is_uai(uai):
            raise Invalid(f"code UAI invalide : « {uai[:40]} »")
        return SITE + uai
    if not text:
        raise Invalid("la colonne « salle » est vide : l’identifiant d’une salle, ou site:UAI")
    if not re.fullmatch(r"[a-z0-9-]{1,80}", text):
        raise Invalid(
            f"« {text[:80]} » ne désigne ni une salle (son identifiant) ni un collège (site:UAI)"
        )
    return text


def _weekdays(text: str) -> Sequence[int | None]:
    if not text:
        return [None]
    words = [fold(word).strip() for word in text.split("+")]
    unknown = [word for word in words if word not in WEEKDAYS]
    if unknown:
        raise Invalid(
            f"jour inconnu « {unknown[0][:40]} » ; jours possibles : {', '.join(WEEKDAYS)}, "
            "joints par « + », ou rien pour tous les jours"
        )
    return sorted({WEEKDAYS[word] for word in words})


def _hours(period: Period, start: str, end: str) -> tuple[int, int]:
    if not start and not end:
        if period is Period.CLOSED:
            return WHOLE_DAY
        raise Invalid(
            "heures absentes : seule une fermeture (« ferme ») peut ne pas en avoir ; "
            "pour une journée entière, écrivez 00:00 et 24:00"
        )
    if not start or not end:
        raise Invalid("il manque une heure : donnez le début et la fin")
    opens = read_minutes(start)
    return opens, closing_minutes(opens, read_minutes(end, last=True))


def _day(text: str, column: str) -> date | None:
    """2026-10-25 or 25/10/2026; None when empty."""
    if not text:
        return None
    try:
        if match := _FRENCH_DATE.fullmatch(text):
            return date(int(match[3]), int(match[2]), int(match[1]))
        if _ISO_DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Invalid(
        f"date « {column} » illisible « {text[:40]} » : écrivez par exemple 2026-10-25 "
        "ou 25/10/2026"
    )


def _find_targets(names: Collection[str], site_id: uuid.UUID | None) -> dict[str, Target | str]:
    """Whose rules each name means, or why it cannot be told."""
    uais = {name.removeprefix(SITE): name for name in names if name.startswith(SITE)}
    sites = sa.select(Site.uai, Site.id).where(Site.uai.in_(uais))
    rooms = (
        sa.select(Room.slug, Room.site_id, Room.id)
        .where(Room.slug.in_([name for name in names if not name.startswith(SITE)]))
        .order_by(Room.slug)
    )
    if site_id is not None:
        sites, rooms = sites.where(Site.id == site_id), rooms.where(Room.site_id == site_id)
    found: dict[str, Target | str] = {
        uais[uai]: Target(found_id) for uai, found_id in db.session.execute(sites)
    }
    for slug, owner, room_id in db.session.execute(rooms):
        found[slug] = Target(owner, room_id)
    return found


def _unknown(name: str, site_id: uuid.UUID | None) -> str:
    if site_id is not None:
        return f"« {name} » ne désigne ni ce collège ni une de ses salles"
    if name.startswith(SITE):
        return f"aucun collège n’a pour code UAI {name.removeprefix(SITE)} : importez l’annuaire"
    return f"aucune salle n’a pour identifiant « {name} »"


def _outcome(changes: Changes, target: Target, hours: Iterable[Hours]) -> Outcome:
    given = {(target, one) for one in hours}
    if given & changes.added:
        return Outcome.CREATED
    return Outcome.UPDATED if given & changes.updated else Outcome.UNCHANGED
