"""The search form and the choice of hours on a room's page: shape only, in French."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Form, SelectField, SelectMultipleField, StringField
from wtforms.validators import ValidationError

from salle.kernel.clock import PARIS, from_wall, to_wall
from salle.kernel.words import duree, heure_fr, heures
from salle.venues.moments import DURATIONS, RANGES, Moment
from salle.venues.rules import RoomKind

LATEST_FOR_TODAY = 17  # after that hour, tomorrow is proposed
FURTHEST = timedelta(days=730)
RADII = ("5", "10", "20", "50")
FORBIDDEN = "Cette réponse contient un caractère interdit. Tapez-la de nouveau."
KEPT = 200  # longest text shown again in a field
EQUIPMENT = (
    ("badminton", "badminton"),
    ("basket", "basket"),
    ("vestiaires", "vestiaires"),
    ("douches", "douches"),
    ("sonorisation", "sonorisation"),
    ("vidéoprojecteur", "vidéoprojecteur"),
    ("tables", "tables"),
)
MOMENT_CHOICES = [
    ("", "à des heures précises"),
    *((m.value, f"{m.label} ({heures(*RANGES[m])})") for m in Moment),
]
DURATION_CHOICES = [(str(minutes), duree(minutes)) for minutes in DURATIONS]
_CLOCK = re.compile(r"^([01]?\d|2[0-4])[:hH]([0-5]\d)?$", re.ASCII)
_HEADCOUNT = re.compile(r"0*[1-9]\d{0,3}", re.ASCII)
MOST_EQUIPMENT = 20


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A civil day and minutes of that day; the end may be midnight (1440)."""

    day: date
    start: int
    end: int

    def instants(self, zone: str) -> tuple[datetime, datetime]:
        """The two instants, half-open."""
        midnight = datetime(self.day.year, self.day.month, self.day.day)  # noqa: DTZ001 wall time
        return (
            from_wall(midnight + timedelta(minutes=self.start), zone),
            from_wall(midnight + timedelta(minutes=self.end), zone),
        )


def clock_choices(*chosen: str | None) -> list[tuple[str, str]]:
    """Every half hour from 0 h to midnight, and what was typed when it is none of these."""
    values, odd = {clock(n) for n in range(0, 24 * 60 + 1, 30)}, []
    for value in filter(None, chosen):
        try:
            values.add(clock(_minutes(value)))
        except ValidationError:
            odd.append((value, value))
    return odd + [(value, heure_fr(_minutes(value))) for value in sorted(values)]


def clock(minutes: int) -> str:
    """1110 → « 18:30 », the value of a field."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _minutes(text: str) -> int:
    match = _CLOCK.match(text.strip())
    if match is None:
        raise ValidationError("Indiquez une heure, comme 18:30.")
    minutes = int(match[1]) * 60 + int(match[2] or 0)
    if minutes > 24 * 60:
        raise ValidationError("Une journée finit à 24:00.")
    return minutes


def _unseen(texts: list[str]) -> bool:
    """Whether a text holds control characters, as the API refuses them."""
    return any(ord(c) < 32 and c not in "\n\r\t" for text in texts for c in text)


def clean(text: str | None) -> str:
    """Without characters that cannot be seen, and never so long that a page drowns in it."""
    seen = (" " if c.isspace() else c for c in (text or "") if c.isspace() or c.isprintable())
    return "".join(seen).strip()[:KEPT]


class SlotForm(Form):
    """A day and two hours; `slot` is what they mean once the form is valid."""

    jour = StringField("Jour", filters=[clean])
    de = StringField("De", filters=[clean])
    a = StringField("À", filters=[clean])

    def __init__(self, arguments: MultiDict[str, str], now: datetime, zone: str = PARIS) -> None:
        self.now, self.zone = now, zone
        self.day: date | None = None
        self.start: int | None = None
        self.end: int | None = None
        super().__init__(arguments)

    @property
    def today(self) -> date:
        return to_wall(self.now, self.zone).date()

    def error(self, name: str) -> str | None:
        """What is wrong with that answer, in one sentence."""
        errors = self[name].errors
        return str(errors[0]) if errors else None

    @property
    def slot(self) -> Slot | None:
        if self.day is None or self.start is None or self.end is None:
            return None
        return Slot(day=self.day, start=self.start, end=self.end)

    def validate_jour(self, field: Any) -> None:
        try:
            day = date.fromisoformat(field.data)
        except ValueError as error:
            raise ValidationError("Indiquez un jour, comme 2027-01-12.") from error
        if day < self.today:
            raise ValidationError("Ce jour est passé. Choisissez une date à venir.")
        if day > self.today + FURTHEST:
            raise ValidationError("Les horaires ne sont connus que pour les deux ans à venir.")
        self.day, field.data = day, day.isoformat()

    def validate_de(self, field: Any) -> None:
        self.start = _minutes(field.data)
        field.data = clock(self.start)
        if self.start == 24 * 60:
            raise ValidationError("Le début vient avant minuit.")

    def validate_a(self, field: Any) -> None:
        end = _minutes(field.data)
        if self.start is not None and end <= self.start:
            raise ValidationError("La fin doit venir après le début.")
        self.end, field.data = end, clock(end)
        if (sentence := self.impossible()) is not None:
            raise ValidationError(sentence)

    def impossible(self) -> str | None:
        """Why that slot cannot be had on the clock of the zone, whatever the room."""
        if self.slot is None:
            return None
        starts_at, ends_at = self.slot.instants(self.zone)
        if starts_at >= ends_at:
            return "Cette nuit-là les montres avancent : ces heures n’existent pas."
        if starts_at < self.now:
            return "Cette heure est passée. Choisissez une heure à venir."
        return None


class SearchForm(SlotForm):
    """Everything that can be asked of the search page, in its address.

    With `moment`, `slot` is that part of the day and `lasting` how long the use is; the two hours
    are left aside.
    """

    NAMES = (
        *("jour", "moment", "duree", "de", "a", "kind", "ou", "rayon", "combien", "q", "prix"),
        *("equipement", "accessible", "boucle", "sanitaires"),
    )

    moment = SelectField("Horaire", validate_choice=False)
    duree = SelectField("Durée", validate_choice=False)
    kind = SelectField("Type de salle", validate_choice=False)
    ou = StringField("Près de", filters=[clean])
    rayon = SelectField("Distance", validate_choice=False)
    combien = StringField("Combien serez-vous ?", filters=[clean])
    q = StringField("Mots", filters=[clean])
    prix = StringField("Prix le plus haut", filters=[clean])
    equipement = SelectMultipleField("Équipement", validate_choice=False)
    accessible = BooleanField("Accessible en fauteuil roulant")
    boucle = BooleanField("Boucle magnétique")
    sanitaires = BooleanField("Sanitaires accessibles")

    def __init__(self, arguments: MultiDict[str, str], now: datetime) -> None:
        values = _with_defaults(arguments, now)
        super().__init__(values, now)
        self.headcount = 0
        self.max_price_cents: int | None = None
        self.lasting: timedelta | None = None
        self.unanswered = False  # the service of addresses was no help
        self.forbidden = {name for name in self.NAMES if _unseen(values.getlist(name))}
        self.window = RANGES.get(self.moment.data)

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether every answer is understood; characters that cannot be seen are not."""
        valid = super().validate(extra_validators)
        for name in self.forbidden:
            self[name].errors = [FORBIDDEN]
        return valid and not self.forbidden

    def validate_de(self, field: Any) -> None:
        if self.window is None:
            super().validate_de(field)

    def validate_a(self, field: Any) -> None:
        if self.window is None:
            super().validate_a(field)

    def validate_moment(self, field: Any) -> None:
        if field.data and self.window is None:
            raise ValidationError("Choisissez un des moments proposés.")

    def validate_duree(self, field: Any) -> None:
        if self.window is None:
            return
        if field.data not in {str(minutes) for minutes in DURATIONS}:
            raise ValidationError("Choisissez une des durées proposées.")
        self.lasting = timedelta(minutes=int(field.data))
        self.start, self.end = self.window
        if self.lasting > timedelta(minutes=self.end - self.start):
            raise ValidationError("C’est plus long que ce moment de la journée.")
        if (sentence := self.impossible()) is not None:
            raise ValidationError(sentence)

    def instants(self) -> tuple[datetime, datetime] | None:
        """The slot, or what is still to come of the part of the day."""
        if self.slot is None:
            return None
        starts_at, ends_at = self.slot.instants(self.zone)
        return (starts_at if self.lasting is None else max(starts_at, self.now), ends_at)

    def impossible(self) -> str | None:
        if self.lasting is None or self.slot is None:
            return super().impossible()
        _, ends_at = self.slot.instants(self.zone)
        if ends_at - self.now < self.lasting:
            return "Il ne reste plus assez de temps à ce moment-là. Choisissez un autre jour."
        return None

    def validate_kind(self, field: Any) -> None:
        if field.data and field.data not in set(RoomKind):
            raise ValidationError("Ce type de salle n’existe pas.")

    def validate_rayon(self, field: Any) -> None:
        if field.data not in RADII:
            raise ValidationError("Choisissez une des distances proposées.")

    def validate_combien(self, field: Any) -> None:
        text = field.data
        if text and not _HEADCOUNT.fullmatch(text):
            raise ValidationError("Indiquez un nombre de personnes, de 1 à 9 999.")
        self.headcount = int(text or 0)

    def validate_equipement(self, field: Any) -> None:
        if len(field.data or ()) > MOST_EQUIPMENT:
            raise ValidationError(f"Choisissez {MOST_EQUIPMENT} équipements au plus.")

    def validate_prix(self, field: Any) -> None:
        text = field.data.replace(",", ".").removesuffix("€").strip()
        if not text:
            return
        if not re.fullmatch(r"\d{1,5}(\.\d{1,2})?", text, re.ASCII):
            raise ValidationError("Indiquez un prix en euros, comme 25 ou 12,50.")
        euros, _, cents = text.partition(".")
        self.max_price_cents = int(euros) * 100 + int(cents.ljust(2, "0") or 0)


def asks_nothing(arguments: MultiDict[str, str]) -> bool:
    """Whether the address holds no answer at all: the plain link « Trouver une salle »."""
    names = (*SearchForm.NAMES, "near")
    return not any(value.strip() for name in names for value in arguments.getlist(name))


def default_day(now: datetime) -> date:
    """This evening while there is time, tomorrow after that."""
    wall = to_wall(now)
    return wall.date() + timedelta(days=wall.hour >= LATEST_FOR_TODAY)


def _with_defaults(arguments: MultiDict[str, str], now: datetime) -> MultiDict[str, str]:
    """What most people want, unless asked otherwise; `near` is another name of the place."""
    usual = {"de": "18:00", "a": "20:00", "duree": "120", "rayon": "20"}
    values: MultiDict[str, str] = MultiDict({"jour": default_day(now).isoformat(), **usual})
    for name in arguments:
        given = arguments.getlist(name)
        if any(given):
            values.setlist("ou" if name == "near" else name, given)
    return values
