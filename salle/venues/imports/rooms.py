"""`salle import salles`: rooms in bulk, with the places that they occupy and their price."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from salle.db import db
from salle.kernel.errors import Invalid
from salle.kernel.french import compact, fold, is_uai, slugify
from salle.venues.imports.runs import Outcome, Report
from salle.venues.imports.tables import Row, open_table
from salle.venues.models import Room, RoomSpace, Schedule, Site, Space
from salle.venues.occupations import Occupation, lock_spaces
from salle.venues.openings import ensure_site_schedule
from salle.venues.rules import RoomKind

COLUMNS = ("uai", "salle", "nom", "type", "capacite", "parties", "tarif_horaire_centimes")
# May be absent; an empty cell changes nothing.
DETAILS = ("equipement", "accessible", "boucle_magnetique", "sanitaires_accessibles")
_FLAGS = {
    "accessible": "accessible",
    "boucle_magnetique": "hearing_loop",
    "sanitaires_accessibles": "accessible_toilets",
}
_YES_NO = {"oui": True, "non": False, "1": True, "0": False}
MAX_CENTS = 1_000_000
MAX_TOOLS = 30
MAX_NAME = 120
_KINDS = {slugify(word): kind for kind in RoomKind for word in (kind.value, kind.label)}

SetPrice = Callable[[uuid.UUID, int], bool]
HasPrice = Callable[[uuid.UUID], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomFacts:
    """One line of the file. No price or no part = the room is kept, but not published."""

    line: int
    uai: str
    slug: str
    name: str
    kind: RoomKind
    capacity: int
    parts: tuple[str, ...]
    hourly_cents: int | None
    details: dict[str, object] = field(default_factory=dict)


def open_rooms(path: Path) -> list[Row]:
    """The lines of a file of rooms."""
    return open_table(path, required=COLUMNS, optional=DETAILS)


@dataclass
class RoomsImport:
    """Rooms are created or brought up to date, by slug; none is ever removed.

    `set_price(room id, cents)` keeps the tariff (it belongs to payments, above venues) and
    says whether it changed.
    """

    now: datetime
    report: Report
    set_price: SetPrice
    has_price: HasPrice
    lines: dict[tuple[str, str], int] = field(default_factory=dict)

    def parse(self, row: Row) -> RoomFacts:
        """The room of that line."""
        if row.problem:
            raise Invalid(row.problem)
        uai, slug = compact(row["uai"]), row["salle"]
        if not is_uai(uai):
            raise Invalid(f"code UAI invalide : « {uai[:40]} »")
        if not re.fullmatch(r"[a-z0-9-]{1,80}", slug):
            raise Invalid(
                f"identifiant de salle « {slug[:80]} » : 1 à 80 lettres minuscules sans accent, "
                "chiffres ou tirets"
            )
        facts = RoomFacts(
            line=row.line,
            uai=uai,
            slug=slug,
            name=_name(row["nom"], "nom"),
            kind=_kind(row["type"]),
            capacity=_number(row["capacite"], "capacité", 1, 9999),
            parts=_parts(row["parties"]),
            hourly_cents=_price(row["tarif_horaire_centimes"]),
            details=_details(row),
        )
        first = self.lines.setdefault((uai, slug), row.line)
        if first != row.line:
            raise Invalid(f"la salle « {slug} » est déjà donnée ligne {first}")
        return facts

    def store(self, facts: RoomFacts) -> Outcome:
        """Create the room or bring it up to date; publish it when it is complete."""
        site = db.session.scalar(sa.select(Site).where(Site.uai == facts.uai))
        if site is None:
            raise Invalid(f"aucun collège n’a pour code UAI {facts.uai} : importez l’annuaire")
        if site.closed_on is not None:
            raise Invalid(f"le collège {facts.uai} est fermé")
        room = self._find(site, facts.slug)
        outcome = Outcome.CREATED
        if room is None:
            room = self._create(site, facts)
            changed = True
        else:
            outcome = Outcome.UNCHANGED
            changed = self._refresh(room, facts)
        changed |= self._place(room, site, facts.parts)
        if facts.hourly_cents is not None:
            changed |= self.set_price(room.id, facts.hourly_cents)
        changed |= self._publish(room, facts)
        db.session.flush()
        return Outcome.UPDATED if changed and outcome is Outcome.UNCHANGED else outcome

    def _find(self, site: Site, slug: str) -> Room | None:
        room = db.session.scalar(sa.select(Room).where(Room.slug == slug))
        if room is not None and room.site_id != site.id:
            raise Invalid(
                f"« {slug} » est déjà l’adresse d’une salle d’un autre collège : choisissez-en une "
                "autre"
            )
        return room

    def _create(self, site: Site, facts: RoomFacts) -> Room:
        room = Room(
            site_id=site.id,
            territory_id=site.territory_id,
            schedule_id=ensure_site_schedule(site).id,
            slug=facts.slug,
            name=facts.name,
            kind=facts.kind,
            capacity=facts.capacity,
            **facts.details,
        )
        db.session.add(room)
        db.session.flush()
        return room

    def _refresh(self, room: Room, facts: RoomFacts) -> bool:
        given = {"name": facts.name, "kind": facts.kind, "capacity": facts.capacity}
        changed = False
        for name, value in {**given, **facts.details}.items():
            if getattr(room, name) != value:
                setattr(room, name, value)
                changed = True
        return changed

    def _place(self, room: Room, site: Site, parts: tuple[str, ...]) -> bool:
        """Make the room occupy exactly these spaces; refused while somebody relies on others."""
        spaces = _spaces(site, parts)
        current = set(
            db.session.scalars(sa.select(RoomSpace.space_id).where(RoomSpace.room_id == room.id))
        )
        wanted = {space.id for space in spaces}
        if wanted == current:
            return False
        if current:
            _check_unused(room, current | wanted, self.now)
        db.session.execute(
            sa.delete(RoomSpace)
            .where(RoomSpace.room_id == room.id)
            .where(RoomSpace.space_id.in_(current - wanted))
        )
        db.session.add_all(
            RoomSpace(room_id=room.id, space_id=space.id, buffer=space.buffer)
            for space in spaces
            if space.id not in current
        )
        db.session.flush()
        return True

    def _publish(self, room: Room, facts: RoomFacts) -> bool:
        has_hours = sa.select(sa.exists().where(Schedule.id == room.schedule_id))
        lacks = [
            word
            for word, present in (
                ("ses parties", bool(facts.parts)),
                ("son tarif", self.has_price(room.id)),
                ("ses horaires", bool(db.session.scalar(has_hours))),
            )
            if not present
        ]
        if lacks:
            self.report.warn(facts.line, f"« {facts.slug} » non publiée, sans {', '.join(lacks)}")
        published = None if lacks else (room.published_at or self.now)
        changed = published != room.published_at
        room.published_at = published
        return changed


def _spaces(site: Site, parts: tuple[str, ...]) -> Sequence[Space]:
    """The spaces of that name in the site (accents and case aside), made when new."""
    known = {
        fold(space.name): space
        for space in db.session.scalars(sa.select(Space).where(Space.site_id == site.id))
    }
    for name in parts:
        if fold(name) not in known:
            space = Space(site_id=site.id, name=name, buffer=timedelta())
            db.session.add(space)
            known[fold(name)] = space
    db.session.flush()
    return [known[fold(name)] for name in parts]


def _check_unused(room: Room, spaces: set[uuid.UUID], now: datetime) -> None:
    """Nobody may be double-booked because a room changes places under a booking."""
    lock_spaces(spaces)
    used = sa.select(
        sa.exists()
        .where(Occupation.space_id.in_(spaces), Occupation.active, Occupation.frees_at > now)
        .where(Occupation.booking_date_id.is_not(None) | Occupation.timetable_id.is_not(None))
    )
    if db.session.scalar(used):
        raise Invalid(
            f"les parties de « {room.slug} » ne peuvent pas changer : "
            "des réservations ou des cours à venir les occupent"
        )


def _name(text: str, what: str) -> str:
    text = " ".join(text.split())
    if not 1 <= len(text) <= MAX_NAME:
        raise Invalid(f"{what} : 1 à {MAX_NAME} caractères")
    return text


def _kind(text: str) -> RoomKind:
    kind = _KINDS.get(slugify(text))
    if kind is None:
        known = ", ".join(f"« {kind.label} »" for kind in RoomKind)
        raise Invalid(f"type inconnu « {text[:60]} » ; types possibles : {known}")
    return kind


def _parts(text: str) -> tuple[str, ...]:
    names = [_name(part, "partie") for part in text.split("|") if part.strip()]
    return tuple({fold(name): name for name in reversed(names)}.values())[::-1]


def _details(row: Row) -> dict[str, object]:
    """Equipment and accessibility, as columns of the room; only what the line says."""
    found: dict[str, object] = {}
    if row["equipement"]:
        tools = [_name(tool, "équipement") for tool in row["equipement"].split("|") if tool.strip()]
        if len(tools) > MAX_TOOLS:
            raise Invalid(f"équipement : {MAX_TOOLS} au plus")
        found["equipment"] = list(dict.fromkeys(tools))
    for column, name in _FLAGS.items():
        text = row[column]
        if text and fold(text) not in _YES_NO:
            raise Invalid(f"{column} « {text[:40]} » : oui ou non")
        if text:
            found[name] = _YES_NO[fold(text)]
    return found


def _price(text: str) -> int | None:
    return _number(text, "tarif horaire en centimes", 0, MAX_CENTS) if text else None


def _number(text: str, what: str, least: int, most: int) -> int:
    digits = compact(text) if re.fullmatch(r"[\d\s\u00a0\u202f]+", text) else ""
    if not digits.isascii() or not 1 <= len(digits) <= 9 or not least <= int(digits) <= most:
        raise Invalid(f"{what} « {text[:40]} » : un nombre entier de {least} à {most}")
    return int(digits)
