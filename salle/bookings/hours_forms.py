"""Forms of opening hours: shape only; each gives the rules that it means."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import wtforms
from flask_wtf.file import FileField, FileRequired
from wtforms import StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined] # stubs are late
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from salle.bookings.forms import FrenchForm
from salle.kernel.errors import Invalid
from salle.kernel.words import WEEKDAYS
from salle.venues.hours import Hours
from salle.venues.imports.hours import closing_minutes, read_minutes
from salle.venues.rules import MAX_REASON, Period

SITE = "site"
WHOLE_DAY = (0, 24 * 60)
WEEKLY = [p for p in Period if p not in {Period.OPEN, Period.CLOSED}]


class SelectField(wtforms.SelectField):
    """A list whose refusal is a French sentence (the components look at the class's name)."""

    def pre_validate(self, form: Any) -> None:
        with _said("Choisissez une des réponses proposées."):
            super().pre_validate(form)


class SelectMultipleField(wtforms.SelectMultipleField):
    """The same, for several answers."""

    def pre_validate(self, form: Any) -> None:
        with _said("Choisissez parmi les réponses proposées."):
            super().pre_validate(form)


class DateField(wtforms.DateField):
    """A day."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        with _said("Indiquez un jour, comme 2027-01-12."):
            super().process_formdata(valuelist)


@contextmanager
def _said(sentence: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:  # ValidationError is one
        raise ValidationError(sentence) from error


def _check_clock(text: str | None, *, last: bool) -> None:
    try:
        read_minutes((text or "").strip(), last=last)
    except Invalid as error:
        raise ValidationError(error.message[:1].upper() + error.message[1:] + ".") from error


class HoursForm(FrenchForm):
    """What both forms ask: whose hours, which hours, between which days."""

    pour = SelectField("Pour")
    debut = StringField("De", description="Exemple\u00a0: 18:00.")
    fin = StringField(
        "À", description="Minuit s’écrit 24:00. Une fin avant le début est le lendemain."
    )

    def set_rooms(self, rooms: list[tuple[str, str]]) -> None:
        """The rooms of the site: id and name."""
        self.pour.choices = [SelectChoice(SITE, "Tout le collège")] + [
            SelectChoice(id_, name) for id_, name in rooms
        ]

    def validate_debut(self, field: Any) -> None:
        _check_clock(field.data, last=False)

    def validate_fin(self, field: Any) -> None:
        _check_clock(field.data, last=True)

    def minutes(self) -> tuple[int, int]:
        """The hours typed, once validate() has said yes."""
        opens = read_minutes((self.debut.data or "").strip())
        return opens, closing_minutes(opens, read_minutes((self.fin.data or "").strip(), last=True))


class WeeklyForm(HoursForm):
    """Hours that come back every week of a period."""

    debut = StringField(
        "De",
        description="Exemple\u00a0: 18:00.",
        validators=[InputRequired("Indiquez une heure, comme 18:00.")],
    )
    fin = StringField(
        "À",
        description="Minuit s’écrit 24:00. Une fin avant le début est le lendemain.",
        validators=[InputRequired("Indiquez une heure, comme 22:00.")],
    )
    periode = SelectField("Période", choices=[SelectChoice(p.value, p.label) for p in WEEKLY])
    jours = SelectMultipleField(
        "Jours",
        description="Aucun coché\u00a0: tous les jours.",
        choices=[SelectChoice(str(n), day) for n, day in enumerate(WEEKDAYS, start=1)],
    )
    du = DateField("À partir du", validators=[Optional()])
    au = DateField("Jusqu’au", validators=[Optional()])

    def validate_au(self, field: Any) -> None:
        _check_order(self.du.data, field.data)

    def hours(self) -> list[Hours]:
        opens, closes = self.minutes()
        days: list[int | None] = [int(day) for day in dict.fromkeys(self.jours.data or ())]
        return [
            Hours(
                period=Period(self.periode.data),
                opens=opens,
                closes=closes,
                weekday=day,
                first=self.du.data,
                last=self.au.data,
            )
            for day in days or [None]
        ]


class OnceForm(HoursForm):
    """An opening or a closure between two days."""

    sens = SelectField(
        "Quoi",
        choices=[
            SelectChoice(Period.CLOSED.value, "Fermer"),
            SelectChoice(Period.OPEN.value, "Ouvrir en plus"),
        ],
    )
    du = DateField("Le", validators=[InputRequired("Indiquez un jour.")])
    au = DateField("Jusqu’au", description="Rien pour un seul jour.", validators=[Optional()])
    motif = StringField(
        "Pourquoi",
        description="Exemple\u00a0: brevet, élections, travaux, pont.",
        validators=[
            Optional(),
            Length(max=MAX_REASON, message=f"{MAX_REASON} caractères au plus."),
        ],
    )

    def validate_debut(self, field: Any) -> None:
        if not self._whole_day():
            super().validate_debut(field)

    def validate_fin(self, field: Any) -> None:
        if not self._whole_day():
            super().validate_fin(field)

    def validate_au(self, field: Any) -> None:
        _check_order(self.du.data, field.data)

    def hours(self) -> list[Hours]:
        opens, closes = WHOLE_DAY if self._whole_day() else self.minutes()
        return [
            Hours(
                period=Period(self.sens.data),
                opens=opens,
                closes=closes,
                first=self.du.data,
                last=self.au.data or self.du.data,
                reason=" ".join((self.motif.data or "").split()),
            )
        ]

    def _whole_day(self) -> bool:
        empty = not (self.debut.data or "").strip() and not (self.fin.data or "").strip()
        return empty and self.sens.data == Period.CLOSED.value


class HoursFileForm(FrenchForm):
    """The file of « salle import horaires »."""

    fichier = FileField("Fichier CSV", validators=[FileRequired("Choisissez un fichier.")])


def _check_order(first: date | None, last: date | None) -> None:
    if first and last and last < first:
        raise ValidationError("Ce jour vient avant le premier.")
